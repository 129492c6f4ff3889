/* fuzz_json.c: what the reader takes, the writer writes and the reader takes again as the same. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 65536

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Every text and name is UTF-8 without NUL, though escapes may have made it. */
static void check_texts(const json_value *value)
{
    json_iterator iterator = {NULL};
    const json_value *inside = NULL;
    text name = TEXT_EMPTY;

    require(utf8_is_valid(json_text(value)));
    if (json_kind_of(value) != JSON_OBJECT) {
        return;
    }
    while (json_next(value, &iterator, &name, &inside)) {
        require(utf8_is_valid(name));
        require(utf8_is_valid(json_text(inside)));
    }
}

/* The copy is larger than the source at most by what a number grows. */
static void copy(const json *doc, buffer *out)
{
    json_writer writer;

    buffer_init(out, 16 * BYTES_MAX);
    json_writer_init(&writer, out);
    json_write_value(&writer, json_root(doc));
    require(buffer_status(out) == VELUM_OK);
    require(writer.depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VELUM_AUTO(json) *doc = NULL;
    VELUM_AUTO(json) *again = NULL;
    VELUM_AUTO_BUFFER first = {0};
    VELUM_AUTO_BUFFER second = {0};
    velum_error err = {.status = VELUM_OK};
    const text source = {(const char *)data, size};
    const velum_status status = json_parse(source, BYTES_MAX, &doc, &err);

    if (status != VELUM_OK) {
        require(doc == NULL && err.status == status);
        require(status == VELUM_E_INVALID || status == VELUM_E_LIMIT);
        return 0;
    }
    require(utf8_is_valid(source));
    check_texts(json_root(doc));
    copy(doc, &first);
    require(json_parse((text){(const char *)first.data, first.size}, 16 * BYTES_MAX, &again,
                       NULL) == VELUM_OK);
    copy(again, &second);
    require(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    return 0;
}
