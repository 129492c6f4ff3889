#include "tests/audit/vectors.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"

#define VECTOR_BYTES_MAX ((size_t)1 << 24)

char *vectors_read(const char *name, size_t *out_size)
{
    const char *const shared = getenv("VELUM_SHARED");
    uint8_t *data = NULL;
    buffer held;
    int dir = -1;

    if (shared == NULL) {
        skip();
    }
    assert_int_equal(directory_open(shared, &dir), VELUM_OK);
    buffer_init(&held, VECTOR_BYTES_MAX);
    assert_int_equal(file_read(dir, name, &held), VELUM_OK);
    assert_int_equal(buffer_take(&held, &data, out_size), VELUM_OK);
    file_close(&dir);
    return (char *)data;
}

/* Our JSON has 63-bit numbers: a longer one behind a colon becomes a string. */
static void quote_long_numbers(text line, buffer *out)
{
    size_t at = 0;

    while (at < line.size) {
        size_t digits = 0;
        while (at + digits < line.size && line.data[at + digits] >= '0' &&
               line.data[at + digits] <= '9') {
            digits++;
        }
        const bool quoted = digits >= 19 && at > 0 && line.data[at - 1] == ':';
        const size_t step = digits > 0 ? digits : 1;
        buffer_append_text(out, quoted ? "\"" : "");
        buffer_append(out, line.data + at, step);
        buffer_append_text(out, quoted ? "\"" : "");
        at += step;
    }
    assert_int_equal(buffer_status(out), VELUM_OK);
}

size_t vectors_each_line(const char *name, void (*each)(const json_value *line))
{
    size_t size = 0;
    size_t count = 0;
    char *const data = vectors_read(name, &size);
    text rest = {data, size};
    text line;

    while (text_split(&rest, '\n', &line)) {
        json *parsed = NULL;
        velum_error err;
        VELUM_AUTO_BUFFER edited = {0};
        buffer_init(&edited, VECTOR_BYTES_MAX);
        if (line.size == 0) {
            continue;
        }
        quote_long_numbers(line, &edited);
        line = (text){(const char *)edited.data, edited.size};
        assert_int_equal(json_parse(line, VECTOR_BYTES_MAX, &parsed, &err), VELUM_OK);
        each(json_root(parsed));
        json_free(parsed);
        count++;
    }
    mem_free(data);
    return count;
}
