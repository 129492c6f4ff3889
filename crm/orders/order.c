#include "crm/orders/order.h"

#include "base/clock.h"
#include "base/json.h"
#include "crm/orders/cents.h"

#include <stdio.h>

#define KEY_BYTES_MAX 128

typedef struct writing {
    const order_of *of;
    json_writer json;
    const char *reason;
} writing;

static velum_status reject(writing *self, const char *reason)
{
    self->reason = reason;
    return VELUM_E_INVALID;
}

/* --- values ------------------------------------------------------------------------------------- */

static velum_status number_of(writing *self, const orders_field *field, text value, int64_t *out)
{
    const velum_status status =
        field->as == AS_CENTS ? cents_parse(value, out) : whole_parse(value, out);

    return status < 0 ? reject(self, field->as == AS_CENTS ? "no-amount" : "no-whole-number")
                      : VELUM_OK;
}

/* RFC 3339 in UTC, in whole seconds. */
static velum_status write_time(writing *self, const orders_field *field, text value)
{
    char joined[64];
    char shown[TIME_TEXT_BYTES];
    int64_t at_ns = 0;

    const int size = snprintf(joined, sizeof(joined), "%.*s%.*s", (int)value.size, value.data,
                              (int)field->offset.size, field->offset.data);
    if (size < 0 || (size_t)size >= sizeof(joined)) {
        return reject(self, "no-time");
    }
    if (size > 10 && joined[10] == ' ') {
        joined[10] = 'T';
    }
    if (time_parse(text_of(joined), &at_ns) < 0) {
        return reject(self, "no-time");
    }
    time_format(at_ns, shown);
    shown[19] = 'Z';
    json_write_text(&self->json, (text){shown, 20});
    return VELUM_OK;
}

static velum_status write_value(writing *self, const orders_field *field, const item *item)
{
    const text value = items_value(self->of->items, item, field->column.slot);
    int64_t number = 0;

    if (field->as == AS_TIME) {
        return write_time(self, field, value);
    }
    if (field->as == AS_TEXT) {
        if (!utf8_is_printable(value)) {
            return reject(self, "not-printable");
        }
        json_write_text(&self->json, value);
        return VELUM_OK;
    }
    VELUM_TRY(number_of(self, field, value, &number));
    json_write_integer(&self->json, number);
    return VELUM_OK;
}

static velum_status write_sum(writing *self, const orders_field *field)
{
    const order_of *const of = self->of;
    const orders_field *const summed = &of->map->lines.fields[field->sum];
    int64_t sum = 0;

    for (size_t i = of->first; i < of->end; i++) {
        int64_t number = 0;
        const text value = items_value(of->items, items_at(of->items, i), summed->column.slot);
        VELUM_TRY(number_of(self, summed, value, &number));
        if (__builtin_add_overflow(sum, number, &sum)) {
            return reject(self, "no-amount");
        }
    }
    json_write_integer(&self->json, sum);
    return VELUM_OK;
}

/* A value that the file does not have is left out. */
static velum_status write_fields(writing *self, const orders_table *table, const item *item)
{
    json_name(&self->json, "fields");
    json_begin_object(&self->json);
    for (uint32_t i = 0; i < table->field_count; i++) {
        const orders_field *const field = &table->fields[i];
        if (field->from == FROM_COLUMN &&
            items_value(self->of->items, item, field->column.slot).size == 0) {
            continue;
        }
        json_name_text(&self->json, field->name);
        if (field->from == FROM_VALUE) {
            json_write_text(&self->json, field->value);
        } else {
            VELUM_TRY(field->from == FROM_SUM ? write_sum(self, field)
                                              : write_value(self, field, item));
        }
    }
    json_end_object(&self->json);
    return VELUM_OK;
}

/* --- lines -------------------------------------------------------------------------------------- */

/* How many lines of the order before this one have its key. */
static size_t repeats_of(const order_of *of, size_t at)
{
    const uint32_t slot = of->map->lines.key.slot;
    const text key = items_value(of->items, items_at(of->items, at), slot);
    size_t count = 0;

    for (size_t i = of->first; i < at; i++) {
        count += text_equal(key, items_value(of->items, items_at(of->items, i), slot)) ? 1 : 0;
    }
    return count;
}

/* The same file gives the same keys, so that loading it again changes nothing. */
static velum_status write_line_key(writing *self, size_t at)
{
    const order_of *const of = self->of;
    const text key = items_value(of->items, items_at(of->items, at), of->map->lines.key.slot);
    const size_t repeats = repeats_of(of, at);
    char joined[KEY_BYTES_MAX + 1];

    int size = snprintf(joined, sizeof(joined), "%.*s", (int)key.size, key.data);
    if (repeats > 0 && size > 0 && (size_t)size < sizeof(joined)) {
        size = snprintf(joined, sizeof(joined), "%.*s.%zu", (int)key.size, key.data, repeats + 1);
    }
    if (key.size == 0 || size < 0 || (size_t)size >= sizeof(joined) ||
        text_find_byte(key, '/') != key.size) {
        return reject(self, "no-key");
    }
    json_member_string(&self->json, "key", joined);
    return VELUM_OK;
}

static velum_status write_lines(writing *self)
{
    const order_of *const of = self->of;

    json_name(&self->json, "rows");
    json_begin_object(&self->json);
    json_name_text(&self->json, of->map->lines.name);
    json_begin_array(&self->json);
    for (size_t i = of->first; i < of->end; i++) {
        json_begin_object(&self->json);
        VELUM_TRY(write_line_key(self, i));
        VELUM_TRY(write_fields(self, &of->map->lines, items_at(of->items, i)));
        json_end_object(&self->json);
    }
    json_end_array(&self->json);
    json_end_object(&self->json);
    return VELUM_OK;
}

/* --- the order ---------------------------------------------------------------------------------- */

static velum_status write_head(writing *self, const item *item)
{
    const orders_map *const map = self->of->map;
    const text key = items_value(self->of->items, item, map->orders.key.slot);
    const text customer = items_value(self->of->items, item, map->customer.slot);

    if (customer.size == 0) {
        return reject(self, "no-customer");
    }
    if (key.size > KEY_BYTES_MAX) {
        return reject(self, "no-key");
    }
    json_member_integer(&self->json, "line", (int64_t)item->line);
    json_name(&self->json, "identifier");
    json_begin_object(&self->json);
    json_member_text(&self->json, "type", map->customer_type);
    json_member_text(&self->json, "value", customer);
    json_end_object(&self->json);
    json_member_text(&self->json, "key", key);
    return VELUM_OK;
}

/* Two customers in one order is a mistake of the file, not a choice of ours. */
static velum_status check_customer(writing *self, const item *item)
{
    const order_of *const of = self->of;
    const uint32_t slot = of->map->customer.slot;
    const text customer = items_value(of->items, item, slot);

    for (size_t i = of->first + 1; i < of->end; i++) {
        if (!text_equal(customer, items_value(of->items, items_at(of->items, i), slot))) {
            return reject(self, "several-customers");
        }
    }
    return VELUM_OK;
}

static velum_status write_all(writing *self)
{
    const order_of *const of = self->of;
    const item *const item = items_at(of->items, of->first);

    if (of->end - of->first + 1 > ORDER_ROWS_MAX) {
        return reject(self, "too-many-lines");
    }
    VELUM_TRY(check_customer(self, item));
    json_begin_object(&self->json);
    VELUM_TRY(write_head(self, item));
    VELUM_TRY(write_fields(self, &of->map->orders, item));
    VELUM_TRY(write_lines(self));
    json_end_object(&self->json);
    return VELUM_OK;
}

velum_status order_write(const order_of *of, buffer *out, const char **out_reason)
{
    writing self = {.of = of};

    json_writer_init(&self.json, out);
    velum_status status = write_all(&self);
    if (status == VELUM_OK) {
        status = buffer_status(out);
        self.reason = status == VELUM_E_LIMIT     ? "order-too-large"
                      : status == VELUM_E_INVALID ? "not-printable"
                                                  : NULL;
        status = self.reason != NULL ? VELUM_E_INVALID : status;
    }
    *out_reason = self.reason;
    return status;
}
