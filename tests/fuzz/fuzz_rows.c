/* fuzz_rows.c: values of rows: what is taken is in its one form, which taken again is itself, and the
 * number by which it is found keeps the order. The first byte is the type. */
#include "core/rows_part.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The text as a JSON value; NULL when it is none. */
static json *json_of(text value)
{
    VELUM_AUTO_BUFFER source = {0};
    json_writer out;
    json *made = NULL;

    buffer_init(&source, 1 << 20);
    json_writer_init(&out, &source);
    json_write_text(&out, value);
    if (buffer_status(&source) < 0 ||
        json_parse((text){(const char *)source.data, source.size}, 1 << 20, &made, NULL) < 0) {
        return NULL;
    }
    return made;
}

/* An instant or number that is one more is found behind. */
static void check_order(passage *passage, const resource_field *field, text form)
{
    static const char *const least[] = {
        [FIELD_DATE] = "0001-01-01",
        [FIELD_NUMBER] = "-99999999999999999999999999999999999999999999999999999999999999",
        [FIELD_INTEGER] = "-9223372036854775808",
        [FIELD_TIME] = "1677-09-22T00:00:00Z",
        [FIELD_BOOLEAN] = "false",
    };

    if (field->type != FIELD_TEXT) { /* whose number is a keyed hash */
        require(row_cell_value(passage, field, text_of(least[field->type])) <=
                row_cell_value(passage, field, form));
    }
}

static void take(passage *passage, const resource_field *field, text given)
{
    VELUM_AUTO(json) *first = json_of(given);
    text form = TEXT_EMPTY;
    text again = TEXT_EMPTY;

    if (first == NULL || row_value_take(passage, field, json_root(first), &form) < 0) {
        return;
    }
    require(form.size <= VAULT_FIELD_BYTES_MAX && utf8_is_valid(form));
    VELUM_AUTO(json) *second = json_of(form);
    require(second != NULL);
    require(row_value_take(passage, field, json_root(second), &again) == VELUM_OK);
    require(text_equal(form, again));
    check_order(passage, field, form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static secret_arena *arena = NULL;

    if (arena == NULL && secret_arena_create(1 << 16, &arena) < 0) {
        return 0;
    }
    if (size < 1) {
        return 0;
    }
    passage passage = {.arena = arena};
    const resource_field field = {.type = FIELD_TEXT + data[0] % FIELD_BOOLEAN, .number = 1};
    take(&passage, &field, (text){(const char *)data + 1, size - 1});
    secret_arena_reset(arena);
    return 0;
}
