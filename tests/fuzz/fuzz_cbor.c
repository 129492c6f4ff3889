/* fuzz_cbor.c: bytes that pass cbor_check are the bytes that the writer makes of their items. */
#include "base/cbor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void write_item(buffer *out, const cbor_item *item)
{
    switch (item->kind) {
    case CBOR_UNSIGNED:
        cbor_write_unsigned(out, item->number);
        return;
    case CBOR_NEGATIVE:
        cbor_write_integer(out, -1 - (int64_t)item->number);
        return;
    case CBOR_BYTES:
        cbor_write_bytes(out, item->data, item->size);
        return;
    case CBOR_TEXT:
        cbor_write_text(out, (text){(const char *)item->data, item->size});
        return;
    case CBOR_ARRAY:
        cbor_write_array(out, item->number);
        return;
    case CBOR_MAP:
        cbor_write_map(out, item->number);
        return;
    case CBOR_BOOL:
        cbor_write_bool(out, item->number == 1);
        return;
    case CBOR_NULL:
        cbor_write_null(out);
        return;
    }
}

/* Reads as many items as there are and writes them again; what was read is written the same. */
static velum_status write_again(const uint8_t *data, size_t size)
{
    cbor_reader reader = {.data = data, .size = size};
    VELUM_AUTO_BUFFER out;
    velum_status status = VELUM_OK;
    cbor_item item;

    buffer_init(&out, size + 16);
    while ((status = cbor_next(&reader, &item)) == VELUM_OK) {
        write_item(&out, &item);
    }
    require(status == VELUM_END || status == VELUM_E_INVALID);
    require(buffer_status(&out) == VELUM_OK);
    require(out.size == reader.offset);
    require(out.size == 0 || memcmp(out.data, data, out.size) == 0);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const velum_status status = cbor_check(data, size);
    const velum_status read = write_again(data, size);
    cbor_reader reader = {.data = data, .size = size};
    const velum_status skipped = cbor_skip(&reader);

    require(status == VELUM_OK || status == VELUM_E_INVALID || status == VELUM_E_LIMIT);
    if (status == VELUM_OK) {
        require(read == VELUM_END && skipped == VELUM_OK && reader.offset == size);
    }
    if (skipped < 0) {
        require(reader.offset == 0 && status == skipped);
    }
    return 0;
}
