/* core/rows_value.c: values of rows in their one form, and the numbers by which they are found.
 *
 * What a caller sent is never repeated in a refusal (I-5). Format: docs/formats/rows.md.
 */
#include "core/rows_part.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_BYTES_MAX 64
#define DAY_NS (86400 * NS_PER_SECOND)
#define SECONDS_TEXT_BYTES 19 /* "2026-11-30T15:59:03" */

/* --- the one form ------------------------------------------------------------------------------- */

static velum_status keep(passage *passage, const char *bytes, size_t size, text *out)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, size + 1, &slice));
    memcpy(slice, bytes, size);
    *out = (text){slice, size};
    return VELUM_OK;
}

static velum_status keep_integer(passage *passage, int64_t value, text *out)
{
    char digits[24];
    const int size = snprintf(digits, sizeof(digits), "%" PRId64, value);

    return keep(passage, digits, (size_t)size, out);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* An optional minus, digits, and where `fraction` says so a point with digits behind it. */
static bool is_decimal(text value, bool fraction)
{
    size_t at = value.size > 0 && value.data[0] == '-' ? 1 : 0;
    const size_t whole = at;

    while (at < value.size && is_digit(value.data[at])) {
        at++;
    }
    if (at == whole || at == value.size || !fraction || value.data[at] != '.') {
        return at > whole && at == value.size;
    }
    const size_t point = at++;
    while (at < value.size && is_digit(value.data[at])) {
        at++;
    }
    return at == value.size && at > point + 1;
}

static velum_status take_integer(passage *passage, text value, text *out)
{
    char digits[24] = {0};

    if (value.size >= sizeof(digits) || !is_decimal(value, false)) {
        return VELUM_E_INVALID;
    }
    memcpy(digits, value.data, value.size);
    errno = 0;
    const long long number = strtoll(digits, NULL, 10);
    if (errno != 0) {
        return VELUM_E_INVALID;
    }
    return keep_integer(passage, number, out);
}

/* Without zeros in front, zeros behind the fraction's last digit, and a minus of zero. */
static velum_status take_number(passage *passage, text value, text *out)
{
    char form[NUMBER_BYTES_MAX + 1];
    size_t size = 0;
    size_t at = 0;

    if (value.size > NUMBER_BYTES_MAX || !is_decimal(value, true)) {
        return VELUM_E_INVALID;
    }
    const bool is_negative = value.data[0] == '-';
    at += is_negative ? 1 : 0;
    while (at + 1 < value.size && value.data[at] == '0' && value.data[at + 1] != '.') {
        at++;
    }
    size_t end = value.size;
    if (text_find_byte(value, '.') < value.size) {
        while (value.data[end - 1] == '0') {
            end--;
        }
        end -= value.data[end - 1] == '.' ? 1 : 0;
    }
    const bool is_zero = end == at + 1 && value.data[at] == '0';
    if (is_negative && !is_zero) {
        form[size++] = '-';
    }
    memcpy(form + size, value.data + at, end - at);
    return keep(passage, form, size + end - at, out);
}

static velum_status take_date(passage *passage, text value, text *out)
{
    civil_date date;

    (void)passage;
    if (civil_date_parse(value, &date) < 0) {
        return VELUM_E_INVALID;
    }
    *out = value;
    return VELUM_OK;
}

/* Any offset and fraction is read; whole seconds of UTC are kept. */
static velum_status take_time(passage *passage, text value, text *out)
{
    char form[TIME_TEXT_BYTES];
    int64_t at_ns = 0;

    if (time_parse(value, &at_ns) < 0) {
        return VELUM_E_INVALID;
    }
    time_format(at_ns, form);
    form[SECONDS_TEXT_BYTES] = 'Z';
    return keep(passage, form, SECONDS_TEXT_BYTES + 1, out);
}

static velum_status take_boolean(passage *passage, text value, text *out)
{
    (void)passage;
    *out = value;
    return text_equal_literal(value, "true") || text_equal_literal(value, "false")
               ? VELUM_OK
               : VELUM_E_INVALID;
}

static velum_status take_text(passage *passage, text value, text *out)
{
    (void)passage;
    *out = value;
    return value.size <= VAULT_FIELD_BYTES_MAX && utf8_is_valid(value) ? VELUM_OK : VELUM_E_INVALID;
}

/* VELUM_E_INVALID: no value of that type. */
typedef velum_status (*take_function)(passage *passage, text value, text *out);

static const take_function takers[] = {
    [FIELD_TEXT] = take_text,       [FIELD_DATE] = take_date, [FIELD_NUMBER] = take_number,
    [FIELD_INTEGER] = take_integer, [FIELD_TIME] = take_time, [FIELD_BOOLEAN] = take_boolean,
};

velum_status row_value_take(passage *passage, const resource_field *field, const json_value *value,
                            text *out)
{
    const json_kind kind = json_kind_of(value);
    velum_status status = VELUM_E_INVALID;

    if (kind == JSON_NULL) {
        *out = (text){NULL, 0};
        return VELUM_OK;
    }
    if (kind == JSON_INTEGER && (field->type == FIELD_INTEGER || field->type == FIELD_NUMBER)) {
        return keep_integer(passage, json_integer(value), out);
    }
    if (kind == JSON_BOOL && field->type == FIELD_BOOLEAN) {
        *out = json_bool(value) ? TEXT_LITERAL("true") : TEXT_LITERAL("false");
        return VELUM_OK;
    }
    if (kind == JSON_TEXT) {
        status = takers[field->type](passage, json_text(value), out);
    }
    return status == VELUM_E_INVALID
               ? refuse_hint(passage, REASON_INVALID_VALUE, "A value does not fit its field.")
               : status;
}

/* --- numbers ------------------------------------------------------------------------------------ */

int64_t row_value_time(const resource_field *field, text value)
{
    civil_date date = {.year = 1970, .month = 1, .day = 1};
    int64_t at_ns = 0;

    if (field->type == FIELD_TIME) {
        return time_parse(value, &at_ns) == VELUM_OK ? at_ns : 0;
    }
    if (civil_date_parse(value, &date) < 0) {
        return 0;
    }
    const int64_t days = civil_date_to_days(date);
    if (days > INT64_MAX / DAY_NS) {
        return INT64_MAX;
    }
    return days < INT64_MIN / DAY_NS ? INT64_MIN : days * DAY_NS;
}

/* The order of doubles as that of their bits. */
static int64_t order_of(double number)
{
    int64_t bits = 0;

    memcpy(&bits, &number, sizeof(bits));
    return bits < 0 ? (int64_t)((uint64_t)bits ^ INT64_MAX) : bits;
}

/* Whatever the host's locale writes for a point: the order stands in the database. */
static double real_of(const char *digits)
{
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc's own; never fails */
    const double real = strtod_l(digits, NULL, plain);

    freelocale(plain);
    return real;
}

static int64_t number_order(text value)
{
    char digits[NUMBER_BYTES_MAX + 1] = {0};

    memcpy(digits, value.data, value.size < NUMBER_BYTES_MAX ? value.size : NUMBER_BYTES_MAX);
    const int64_t order = order_of(real_of(digits));
    mem_wipe(digits, sizeof(digits));
    return order;
}

static int64_t integer_of(text value)
{
    char digits[24] = {0};

    memcpy(digits, value.data, value.size < sizeof(digits) ? value.size : sizeof(digits) - 1);
    const int64_t number = strtoll(digits, NULL, 10);
    mem_wipe(digits, sizeof(digits));
    return number;
}

static int64_t text_hash(const passage *passage, uint16_t number, text value)
{
    uint8_t token_key[KEY_BYTES];
    uint8_t hash[ROW_HASH_BYTES];
    uint8_t field[2];

    bytes_write_u16be(field, number);
    keyring_token_key(passage->gate->keys, "row text", token_key);
    blake2b_keyed(token_key, (crypto_part[]){{field, 2}, {value.data, value.size}}, 2, hash,
                  sizeof(hash));
    mem_wipe(token_key, sizeof(token_key));
    return (int64_t)bytes_read_u64be(hash);
}

int64_t row_cell_value(const passage *passage, const resource_field *field, text value)
{
    civil_date date = {.year = 1970, .month = 1, .day = 1};

    switch (field->type) {
    case FIELD_INTEGER:
        return integer_of(value);
    case FIELD_NUMBER:
        return number_order(value);
    case FIELD_BOOLEAN:
        return text_equal_literal(value, "true") ? 1 : 0;
    case FIELD_DATE:
        return civil_date_parse(value, &date) == VELUM_OK ? civil_date_to_days(date) : 0;
    case FIELD_TIME:
        return row_value_time(field, value);
    default:
        return text_hash(passage, field->number, value);
    }
}

/* --- cells -------------------------------------------------------------------------------------- */

static velum_status put_cell(passage *passage, const resource_field *field, int64_t n, text value)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        passage->conn, "INSERT INTO module_cell (field, value, n) VALUES ($1, $2, $3)", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, field->number));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row_cell_value(passage, field, value)));
    VELUM_TRY(stmt_bind_integer(stmt, 3, n));
    return stmt_execute(stmt);
}

velum_status row_cells_put(passage *passage, const bundle_resource *resource, int64_t n,
                           const record *record)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(passage->conn, "DELETE FROM module_cell WHERE n = $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, n));
    VELUM_TRY(stmt_execute(stmt));
    for (uint32_t i = 0; i < resource->field_count; i++) {
        const resource_field *const field = &resource->fields[i];
        const text *const value = field->is_indexed ? record_find(record, field->number) : NULL;
        if (value != NULL) {
            VELUM_TRY(put_cell(passage, field, n, *value));
        }
    }
    return VELUM_OK;
}
