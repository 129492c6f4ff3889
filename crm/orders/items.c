#include "crm/orders/items.h"

#include "base/csv.h"

#include <stdlib.h>

#define BYTES_MAX ((size_t)1 << 30)
#define SLOT_KEY 0 /* orders_map_bind gives it to the order's key */

struct items {
    buffer bytes; /* of each item, slot by slot: u16be size, bytes */
    buffer rows;  /* item */
    uint32_t slot_count;
};

/* --- looking ------------------------------------------------------------------------------------ */

size_t items_count(const items *self)
{
    return self->rows.size / sizeof(item);
}

const item *items_at(const items *self, size_t index)
{
    return (const item *)(const void *)self->rows.data + index;
}

text items_value(const items *self, const item *item, uint32_t slot)
{
    const uint8_t *at = self->bytes.data + item->offset;

    for (uint32_t i = 0; i < slot; i++) {
        at += 2 + bytes_read_u16be(at);
    }
    return (text){(const char *)at + 2, bytes_read_u16be(at)};
}

size_t items_end_of_order(const items *self, size_t first)
{
    const text key = items_value(self, items_at(self, first), SLOT_KEY);
    size_t end = first + 1;

    while (end < items_count(self) &&
           text_equal(key, items_value(self, items_at(self, end), SLOT_KEY))) {
        end++;
    }
    return end;
}

/* --- reading ------------------------------------------------------------------------------------ */

static text trim(text value)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = (text){value.data + 1, value.size - 1};
    }
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t')) {
        value.size--;
    }
    return value;
}

static const char *flaw_of(const orders_map *map, const text *fields, size_t count)
{
    if (count != map->column_count) {
        return "wrong-number-of-fields";
    }
    for (uint32_t i = 0; i < map->slot_count; i++) {
        if (fields[map->columns[i]].size > ITEM_VALUE_BYTES_MAX) {
            return "field-too-long";
        }
    }
    return trim(fields[map->columns[SLOT_KEY]]).size == 0 ? "no-key" : NULL;
}

static velum_status add(items *self, const orders_map *map, const text *fields, uint64_t line)
{
    const item made = {.line = line, .offset = self->bytes.size};

    if (items_count(self) == ITEMS_MAX) {
        return VELUM_E_LIMIT;
    }
    for (uint32_t i = 0; i < map->slot_count; i++) {
        const text value = trim(fields[map->columns[i]]);
        buffer_append_u16be(&self->bytes, (uint16_t)value.size);
        buffer_append(&self->bytes, value.data, value.size);
    }
    buffer_append(&self->rows, &made, sizeof(made));
    VELUM_TRY(buffer_status(&self->bytes));
    return buffer_status(&self->rows);
}

static velum_status read_rows(items *self, csv *file, const orders_map *map, rejects *rejects)
{
    for (;;) { /* to the end of the file, at most ITEMS_MAX rows */
        const text *fields = NULL;
        size_t count = 0;
        uint64_t line = 0;
        const char *reason = NULL;
        const velum_status status = csv_next(file, &fields, &count, &line, &reason);
        if (status == VELUM_END) {
            return VELUM_OK;
        }
        if (status != VELUM_OK && reason == NULL) {
            return status;
        }
        reason = reason != NULL ? reason : flaw_of(map, fields, count);
        if (reason != NULL) {
            VELUM_TRY(rejects_add(rejects, line, text_of(reason)));
            continue;
        }
        VELUM_TRY(add(self, map, fields, line));
    }
}

static velum_status read_header(csv *file, orders_map *map, velum_error *err)
{
    const text *fields = NULL;
    size_t count = 0;
    uint64_t line = 0;
    const char *reason = NULL;

    if (csv_next(file, &fields, &count, &line, &reason) != VELUM_OK) {
        return error_set(err, VELUM_E_INVALID, "the file has no first row with names of columns");
    }
    return orders_map_bind(map, fields, count, err);
}

static int by_order(const void *a, const void *b, void *context)
{
    const items *const self = context;
    const item *const left = a;
    const item *const right = b;
    const int order =
        text_compare(items_value(self, left, SLOT_KEY), items_value(self, right, SLOT_KEY));

    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

velum_status items_read(int fd, orders_map *map, rejects *rejects, items **out, velum_error *err)
{
    VELUM_AUTO(csv) *file = NULL;
    VELUM_AUTO(items) *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    buffer_init(&self->bytes, BYTES_MAX);
    buffer_init(&self->rows, ITEMS_MAX * sizeof(item));
    VELUM_TRY(csv_open(fd, &file));
    VELUM_TRY(read_header(file, map, err));
    const velum_status status = read_rows(self, file, map, rejects);
    if (status < 0) {
        return error_set(err, status, "the file could not be read to its end: %s",
                         status_text(status));
    }
    if (items_count(self) > 0) {
        qsort_r(self->rows.data, items_count(self), sizeof(item), by_order, self);
    }
    *out = items_take(&self);
    return VELUM_OK;
}

void items_free(items *self)
{
    if (self != NULL) {
        buffer_clear(&self->bytes);
        buffer_clear(&self->rows);
        mem_free(self);
    }
}
