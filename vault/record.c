/* vault/record.c: the fields of one category, in memory and as deterministic CBOR.
 *
 *   R-1  Numbers ascend strictly and are not 0; there are at most VAULT_RECORD_FIELDS_MAX.
 *   R-2  Every value is UTF-8 of at most VAULT_FIELD_BYTES_MAX bytes.
 * Format: docs/formats/sealed.md, "Category record".
 */
#include "vault/internal.h"

#include "base/cbor.h"

#include <assert.h>

#define NUMBER_BYTES_MAX 3 /* CBOR head of a u16 */
#define LENGTH_BYTES_MAX 3 /* CBOR head of a text up to 2048 bytes */
#define COUNT_BYTES_MAX 2  /* CBOR head of a map up to 64 */

/* Index of the field, or of the first one behind its place. */
static uint32_t position_of(const record *self, uint16_t number)
{
    uint32_t i = 0;

    while (i < self->count && self->fields[i].number < number) {
        i++;
    }
    return i;
}

static bool stands_at(const record *self, uint32_t position, uint16_t number)
{
    return position < self->count && self->fields[position].number == number;
}

const text *record_find(const record *self, uint16_t number)
{
    const uint32_t i = position_of(self, number);

    return stands_at(self, i, number) ? &self->fields[i].value : NULL;
}

static void remove_at(record *self, uint32_t position)
{
    self->count--;
    memmove(&self->fields[position], &self->fields[position + 1],
            (self->count - position) * sizeof(self->fields[0]));
    self->fields[self->count] = (record_field){.number = 0};
}

static velum_status insert_at(record *self, uint32_t position, record_field field)
{
    if (self->count == VAULT_RECORD_FIELDS_MAX) {
        return VELUM_E_LIMIT;
    }
    memmove(&self->fields[position + 1], &self->fields[position],
            (self->count - position) * sizeof(self->fields[0]));
    self->fields[position] = field;
    self->count++;
    return VELUM_OK;
}

static velum_status check_value(text value)
{
    if (value.size > VAULT_FIELD_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    return utf8_is_valid(value) ? VELUM_OK : VELUM_E_INVALID;
}

velum_status record_put(record *self, uint16_t number, text value)
{
    const uint32_t i = position_of(self, number);

    if (value.data == NULL) {
        if (stands_at(self, i, number)) {
            remove_at(self, i);
        }
        return VELUM_OK;
    }
    if (number == 0) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(check_value(value));
    if (!stands_at(self, i, number)) {
        return insert_at(self, i, (record_field){number, value});
    }
    self->fields[i].value = value;
    return VELUM_OK;
}

void record_wipe_field(record *self, uint16_t number)
{
    const uint32_t i = position_of(self, number);

    if (!stands_at(self, i, number)) {
        return;
    }
    const text value = self->fields[i].value;
    mem_wipe((char *)(uintptr_t)value.data, value.size); /* the arena is ours to write */
    remove_at(self, i);
}

velum_status record_size_max(const record *self, size_t *out)
{
    size_t size = COUNT_BYTES_MAX;
    uint16_t previous = 0;

    if (self->count > VAULT_RECORD_FIELDS_MAX) {
        return VELUM_E_LIMIT;
    }
    for (uint32_t i = 0; i < self->count; i++) {
        const record_field *const field = &self->fields[i];
        if (field->number <= previous) {
            return VELUM_E_INVALID; /* */
        }
        VELUM_TRY(check_value(field->value)); /* */
        previous = field->number;
        size += NUMBER_BYTES_MAX + LENGTH_BYTES_MAX + field->value.size;
    }
    if (size > VAULT_RECORD_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    *out = size;
    return VELUM_OK;
}

velum_status record_encode(const record *self, buffer *out)
{
    cbor_write_map(out, self->count);
    for (uint32_t i = 0; i < self->count; i++) {
        cbor_write_unsigned(out, self->fields[i].number);
        cbor_write_text(out, self->fields[i].value);
    }
    return buffer_status(out);
}

static velum_status next_of_kind(cbor_reader *reader, cbor_kind kind, cbor_item *out)
{
    if (cbor_next(reader, out) != VELUM_OK || out->kind != kind) {
        return VELUM_E_CORRUPT;
    }
    return VELUM_OK;
}

static velum_status decode_field(cbor_reader *reader, uint16_t previous, record_field *out)
{
    cbor_item item = {.kind = CBOR_NULL};

    VELUM_TRY(next_of_kind(reader, CBOR_UNSIGNED, &item));
    if (item.number <= previous || item.number > UINT16_MAX) {
        return VELUM_E_CORRUPT; /* */
    }
    out->number = (uint16_t)item.number;
    VELUM_TRY(next_of_kind(reader, CBOR_TEXT, &item));
    if (item.size > VAULT_FIELD_BYTES_MAX) {
        return VELUM_E_CORRUPT; /* */
    }
    out->value = (text){(const char *)item.data, item.size};
    return VELUM_OK;
}

velum_status record_decode(const uint8_t *data, size_t size, record *out)
{
    cbor_reader reader = {.data = data, .size = size};
    cbor_item map = {.kind = CBOR_NULL};
    uint16_t previous = 0;

    out->count = 0;
    if (size > VAULT_RECORD_BYTES_MAX) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(next_of_kind(&reader, CBOR_MAP, &map));
    if (map.number > VAULT_RECORD_FIELDS_MAX) {
        return VELUM_E_CORRUPT;
    }
    for (uint32_t i = 0; i < (uint32_t)map.number; i++) {
        VELUM_TRY(decode_field(&reader, previous, &out->fields[i]));
        previous = out->fields[i].number;
    }
    if (reader.offset != size) {
        return VELUM_E_CORRUPT;
    }
    out->count = (uint32_t)map.number;
    return VELUM_OK;
}
