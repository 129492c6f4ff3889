/* cbor.c: deterministic CBOR, so that what was hashed can be made again (RFC 8949 §4.2.1).
 *
 * A head is one byte, three bits of major type and five of argument, with 0, 1, 2, 4 or 8 bytes of
 * argument behind it. For each item there is one form, the shortest; the reader refuses the others.
 * Nesting is walked with a stack of fixed size, never by recursion.
 */
#include "base/cbor.h"

#include <assert.h>

enum {
    MAJOR_UNSIGNED = 0,
    MAJOR_NEGATIVE = 1,
    MAJOR_BYTES = 2,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    MAJOR_MAP = 5,
    MAJOR_TAG = 6,
    MAJOR_SIMPLE = 7
};

#define ARGUMENT_INLINE_MAX 23
#define ARGUMENT_1_BYTE 24
#define ARGUMENT_8_BYTES 27
#define SIMPLE_FALSE 20
#define SIMPLE_TRUE 21
#define SIMPLE_NULL 22

/* A container that is open while items are walked. */
typedef struct open_container {
    uint64_t items_left; /* a pair of a map counts two; cannot overflow, see read_count */
    uint64_t key_last;
    bool is_map;
    bool has_key_last;
} open_container;

static void write_head(buffer *out, uint8_t major, uint64_t argument);
static velum_status read_item(const cbor_reader *reader, size_t *offset, cbor_item *out);
static velum_status walk_item(const cbor_reader *reader, size_t *offset);

void cbor_write_unsigned(buffer *out, uint64_t value)
{
    write_head(out, MAJOR_UNSIGNED, value);
}

void cbor_write_integer(buffer *out, int64_t value)
{
    if (value >= 0) {
        write_head(out, MAJOR_UNSIGNED, (uint64_t)value);
        return;
    }
    write_head(out, MAJOR_NEGATIVE, ~(uint64_t)value); /* −1−value */
}

void cbor_write_bytes(buffer *out, const void *data, size_t size)
{
    write_head(out, MAJOR_BYTES, size);
    buffer_append(out, data, size);
}

void cbor_write_text(buffer *out, text value)
{
    if (!utf8_is_valid(value)) {
        if (out->status == VELUM_OK) {
            out->status = VELUM_E_INVALID;
        }
        return;
    }
    write_head(out, MAJOR_TEXT, value.size);
    buffer_append(out, value.data, value.size);
}

void cbor_write_array(buffer *out, uint64_t count)
{
    write_head(out, MAJOR_ARRAY, count);
}

void cbor_write_map(buffer *out, uint64_t count)
{
    write_head(out, MAJOR_MAP, count);
}

void cbor_write_bool(buffer *out, bool value)
{
    write_head(out, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void cbor_write_null(buffer *out)
{
    write_head(out, MAJOR_SIMPLE, SIMPLE_NULL);
}

velum_status cbor_next(cbor_reader *reader, cbor_item *out)
{
    assert(reader->offset <= reader->size);
    if (reader->offset == reader->size) {
        return VELUM_END;
    }
    size_t offset = reader->offset;
    cbor_item item = {.kind = CBOR_NULL};
    VELUM_TRY(read_item(reader, &offset, &item));
    reader->offset = offset;
    *out = item;
    return VELUM_OK;
}

velum_status cbor_skip(cbor_reader *reader)
{
    assert(reader->offset <= reader->size);
    if (reader->offset == reader->size) {
        return VELUM_END;
    }
    size_t offset = reader->offset;
    VELUM_TRY(walk_item(reader, &offset));
    reader->offset = offset;
    return VELUM_OK;
}

velum_status cbor_check(const uint8_t *data, size_t size)
{
    cbor_reader reader = {.data = data, .size = size};
    const velum_status status = cbor_skip(&reader);

    VELUM_TRY(status);
    if (status == VELUM_END || reader.offset != size) {
        return VELUM_E_INVALID;
    }
    return VELUM_OK;
}

/* RFC 8949 §3 and §4.2.1: the shortest argument that holds the value. */
static void write_head(buffer *out, uint8_t major, uint64_t argument)
{
    const uint8_t type = (uint8_t)(major << 5);

    if (argument <= ARGUMENT_INLINE_MAX) {
        buffer_append_byte(out, (uint8_t)(type | argument));
    } else if (argument <= UINT8_MAX) {
        buffer_append_byte(out, type | 24);
        buffer_append_byte(out, (uint8_t)argument);
    } else if (argument <= UINT16_MAX) {
        buffer_append_byte(out, type | 25);
        buffer_append_u16be(out, (uint16_t)argument);
    } else if (argument <= UINT32_MAX) {
        buffer_append_byte(out, type | 26);
        buffer_append_u32be(out, (uint32_t)argument);
    } else {
        buffer_append_byte(out, type | 27);
        buffer_append_u64be(out, argument);
    }
}

/* The argument of the head at `*offset`, which must be the shortest for its value. */
static velum_status read_argument(const cbor_reader *reader, size_t *offset, uint64_t *out)
{
    /* The least value that needs 1, 2, 4 and 8 bytes. */
    static const uint64_t needs_min[] = {24, 0x100, 0x10000, UINT64_C(0x100000000)};
    const uint8_t info = reader->data[*offset] & 0x1f;

    *offset += 1;
    if (info <= ARGUMENT_INLINE_MAX) {
        *out = info;
        return VELUM_OK;
    }
    if (info > ARGUMENT_8_BYTES) {
        return VELUM_E_INVALID; /* reserved, or an indefinite length */
    }
    const size_t bytes = (size_t)1 << (info - ARGUMENT_1_BYTE);
    if (reader->size - *offset < bytes) {
        return VELUM_E_INVALID;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | reader->data[*offset + i];
    }
    if (value < needs_min[info - ARGUMENT_1_BYTE]) {
        return VELUM_E_INVALID;
    }
    *offset += bytes;
    *out = value;
    return VELUM_OK;
}

static velum_status read_string(const cbor_reader *reader, size_t *offset, cbor_item *item)
{
    if (item->number > reader->size - *offset) {
        return VELUM_E_INVALID;
    }
    item->data = reader->data + *offset;
    item->size = (size_t)item->number;
    item->number = 0;
    *offset += item->size;
    if (item->kind == CBOR_TEXT && !utf8_is_valid((text){(const char *)item->data, item->size})) {
        return VELUM_E_INVALID;
    }
    return VELUM_OK;
}

/* Each item inside takes a byte at least, so a count beyond the bytes left is a lie. */
static velum_status read_count(const cbor_reader *reader, size_t offset, const cbor_item *item)
{
    const size_t left = reader->size - offset;
    const size_t items_max = item->kind == CBOR_MAP ? left / 2 : left;

    return item->number <= items_max ? VELUM_OK : VELUM_E_INVALID;
}

static velum_status read_simple(uint64_t argument, cbor_item *item)
{
    if (argument == SIMPLE_NULL) {
        *item = (cbor_item){.kind = CBOR_NULL};
        return VELUM_OK;
    }
    if (argument == SIMPLE_FALSE || argument == SIMPLE_TRUE) {
        *item = (cbor_item){.kind = CBOR_BOOL, .number = argument == SIMPLE_TRUE};
        return VELUM_OK;
    }
    return VELUM_E_INVALID; /* undefined, other simple values, floats */
}

/* One head, with the bytes of a string. `*offset` is below the reader's size. */
static velum_status read_item(const cbor_reader *reader, size_t *offset, cbor_item *out)
{
    static const cbor_kind kinds[] = {
        [MAJOR_UNSIGNED] = CBOR_UNSIGNED, [MAJOR_NEGATIVE] = CBOR_NEGATIVE,
        [MAJOR_BYTES] = CBOR_BYTES,       [MAJOR_TEXT] = CBOR_TEXT,
        [MAJOR_ARRAY] = CBOR_ARRAY,       [MAJOR_MAP] = CBOR_MAP,
    };
    const uint8_t major = reader->data[*offset] >> 5;
    uint64_t argument = 0;

    if (major == MAJOR_TAG) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(read_argument(reader, offset, &argument));
    if (major == MAJOR_SIMPLE) {
        return read_simple(argument, out);
    }
    *out = (cbor_item){.kind = kinds[major], .number = argument};
    switch (out->kind) {
    case CBOR_NEGATIVE:
        return argument <= INT64_MAX ? VELUM_OK : VELUM_E_INVALID;
    case CBOR_BYTES:
    case CBOR_TEXT:
        return read_string(reader, offset, out);
    case CBOR_ARRAY:
    case CBOR_MAP:
        return read_count(reader, *offset, out);
    default:
        return VELUM_OK;
    }
}

/* RFC 8949 §4.2.1: keys ascend, which for unsigned integers is the order of their bytes. */
static velum_status check_key(open_container *map, const cbor_item *key)
{
    if (key->kind != CBOR_UNSIGNED || (map->has_key_last && key->number <= map->key_last)) {
        return VELUM_E_INVALID;
    }
    map->has_key_last = true;
    map->key_last = key->number;
    return VELUM_OK;
}

static velum_status count_item(open_container *container, const cbor_item *item)
{
    if (container->is_map && container->items_left % 2 == 0) {
        VELUM_TRY(check_key(container, item));
    }
    container->items_left--;
    return VELUM_OK;
}

static bool is_container(const cbor_item *item)
{
    return item->kind == CBOR_ARRAY || item->kind == CBOR_MAP;
}

/* Moves `*offset` behind one whole item. Each turn reads a byte at least, so it ends. */
static velum_status walk_item(const cbor_reader *reader, size_t *offset)
{
    open_container open[CBOR_DEPTH_MAX];
    size_t depth = 0;

    do {
        cbor_item item = {.kind = CBOR_NULL};
        if (*offset == reader->size) {
            return VELUM_E_INVALID;
        }
        VELUM_TRY(read_item(reader, offset, &item));
        if (depth > 0) {
            VELUM_TRY(count_item(&open[depth - 1], &item));
        }
        if (is_container(&item)) {
            if (depth == CBOR_DEPTH_MAX) {
                return VELUM_E_LIMIT;
            }
            const bool is_map = item.kind == CBOR_MAP;
            open[depth++] = (open_container){.items_left = is_map ? item.number * 2 : item.number,
                                             .is_map = is_map};
        }
        while (depth > 0 && open[depth - 1].items_left == 0) {
            depth--;
        }
    } while (depth > 0);
    return VELUM_OK;
}
