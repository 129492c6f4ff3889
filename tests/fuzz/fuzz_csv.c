/* fuzz_csv.c: rows of any bytes stay in their limits, and good rows come back when written. */
#include "base/csv.h"
#include "base/file.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WRITTEN_BYTES_MAX ((size_t)8 << 20)

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static csv *open_reader(const void *data, size_t size, int *out_fd)
{
    csv *reader = NULL;

    *out_fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(*out_fd >= 0);
    require(file_write_at(*out_fd, 0, data, size) == VELUM_OK);
    require(csv_open(*out_fd, &reader) == VELUM_OK);
    return reader;
}

static void check_row(const text *fields, size_t count)
{
    size_t bytes = 0;

    require(fields != NULL && count >= 1 && count <= CSV_FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
        require(fields[i].size <= CSV_FIELD_BYTES_MAX);
        require(utf8_is_valid(fields[i]));
        bytes += fields[i].size;
    }
    require(bytes <= CSV_ROW_BYTES_MAX);
}

/* Reads all of `data` and appends every good row to `out`. Each call moves on, or ends. */
static void read_and_write(const void *data, size_t size, buffer *out)
{
    VELUM_AUTO_FD fd = -1;
    VELUM_AUTO(csv) *reader = open_reader(data, size, &fd);
    uint64_t line_last = 0;

    for (;;) {
        const text *fields = NULL;
        const char *reason = NULL;
        size_t count = 0;
        uint64_t line = 0;
        const velum_status status = csv_next(reader, &fields, &count, &line, &reason);
        if (status == VELUM_END) {
            break;
        }
        require(line > line_last);
        line_last = line;
        require((status == VELUM_OK) == (reason == NULL));
        if (status != VELUM_OK) {
            require(status == VELUM_E_INVALID || status == VELUM_E_LIMIT);
            continue;
        }
        check_row(fields, count);
        for (size_t i = 0; i < count; i++) {
            csv_append_field(out, fields[i], i + 1 == count);
        }
    }
    require(csv_offset(reader) == size);
}

/* The first writing may guard fields with apostrophes; from then on nothing changes. A first line
 * of ours keeps a byte order mark inside the data from being taken for one of the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VELUM_AUTO_BUFFER first;
    VELUM_AUTO_BUFFER second;

    buffer_init(&first, WRITTEN_BYTES_MAX);
    buffer_init(&second, WRITTEN_BYTES_MAX);
    csv_append_field(&first, TEXT_LITERAL("x"), true);
    read_and_write(data, size, &first);
    require(buffer_status(&first) == VELUM_OK);
    read_and_write(first.data, first.size, &second);
    require(buffer_status(&second) == VELUM_OK);
    require(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
    return 0;
}
