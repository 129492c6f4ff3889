/* tests/vault/test_rows.c: a sealed row opens in its seat and nowhere else. */
#include "tests/vault/fixture.h"

#include <string.h>

#define TABLE 7
#define FIELD 3

static const uint8_t owner[SUBJECT_ID_BYTES] = {1, 2, 3};
static const uint8_t other[SUBJECT_ID_BYTES] = {1, 2, 4};
static const uint8_t key[KEY_BYTES] = {9};
static const uint8_t other_key[KEY_BYTES] = {8};

static row_seat seat_of_row(void)
{
    return (row_seat){.rows_key = key, .subject = owner, .n = 5, .table = TABLE, .version = 1};
}

static void seal_row(fixture *self, const row_seat *seat, buffer *out)
{
    record what = {.count = 0};

    buffer_init(out, SEALED_ROW_BYTES_MAX);
    assert_int_equal(record_put(&what, FIELD, TEXT_LITERAL("a value")), VELUM_OK);
    assert_int_equal(record_put(&what, ROW_KEY_FIELD, TEXT_LITERAL("A-1")), VELUM_OK);
    assert_int_equal(vault_row_seal(self->vault, self->arena, seat, &what, out), VELUM_OK);
}

static velum_status open_row(fixture *self, const row_seat *seat, const buffer *sealed)
{
    record *out = NULL;

    const velum_status status = vault_row_open(self->vault, self->arena, seat,
                                               (crypto_part){sealed->data, sealed->size}, &out);
    assert_int_equal(out == NULL, status < 0);
    return status;
}

static void a_row_comes_back(void **state)
{
    fixture *const self = *state;
    const row_seat seat = seat_of_row();
    VELUM_AUTO_BUFFER sealed;
    record *out = NULL;

    seal_row(self, &seat, &sealed);
    assert_null(memmem(sealed.data, sealed.size, "a value", 7));
    assert_null(memmem(sealed.data, sealed.size, "A-1", 3));
    assert_int_equal(vault_row_open(self->vault, self->arena, &seat,
                                    (crypto_part){sealed.data, sealed.size}, &out),
                     VELUM_OK);
    assert_true(text_equal_literal(*record_find(out, FIELD), "a value"));
    assert_true(text_equal_literal(*record_find(out, ROW_KEY_FIELD), "A-1"));
}

static void another_seat_does_not_open_it(void **state)
{
    fixture *const self = *state;
    const row_seat seat = seat_of_row();
    row_seat seats[6];
    VELUM_AUTO_BUFFER sealed;

    seal_row(self, &seat, &sealed);
    for (size_t i = 0; i < COUNT_OF(seats); i++) {
        seats[i] = seat;
    }
    seats[0].rows_key = other_key;
    seats[1].subject = other;
    seats[2].n = 6;
    seats[3].table = TABLE + 1;
    seats[4].version = 2;
    seats[5].rows_key = NULL;
    for (size_t i = 0; i < COUNT_OF(seats); i++) {
        assert_int_equal(open_row(self, &seats[i], &sealed), VELUM_E_CRYPTO);
    }
    assert_int_equal(open_row(self, &seat, &sealed), VELUM_OK);
}

static void a_changed_row_does_not_open(void **state)
{
    fixture *const self = *state;
    const row_seat seat = seat_of_row();
    VELUM_AUTO_BUFFER sealed;

    seal_row(self, &seat, &sealed);
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 1;
        assert_true(open_row(self, &seat, &sealed) < 0);
        sealed.data[i] ^= 1;
    }
    for (size_t size = 0; size < sealed.size; size++) {
        const buffer cut = {.data = sealed.data, .size = size};
        assert_true(open_row(self, &seat, &cut) < 0);
    }
    assert_int_equal(open_row(self, &seat, &sealed), VELUM_OK);
}

static void nobodys_row_is_the_folders(void **state)
{
    fixture *const self = *state;
    row_seat seat = seat_of_row();
    VELUM_AUTO_BUFFER sealed;

    seat.rows_key = NULL;
    seat.n = -17;
    seal_row(self, &seat, &sealed);
    assert_int_equal(open_row(self, &seat, &sealed), VELUM_OK);
    seat.subject = other;
    assert_int_equal(open_row(self, &seat, &sealed), VELUM_E_CRYPTO);
}

static void a_rows_key_lies_in_a_record(void **state)
{
    fixture *const self = *state;
    uint8_t first[KEY_BYTES];
    uint8_t second[KEY_BYTES];
    record made;

    assert_int_equal(vault_rows_key_make(self->vault, self->arena, &made), VELUM_OK);
    assert_int_equal(made.count, 1);
    assert_int_equal(vault_rows_key_take(&made, first), VELUM_OK);
    assert_int_equal(vault_rows_key_make(self->vault, self->arena, &made), VELUM_OK);
    assert_int_equal(vault_rows_key_take(&made, second), VELUM_OK);
    assert_memory_not_equal(first, second, KEY_BYTES);
    made.count = 0;
    assert_int_equal(vault_rows_key_take(&made, first), VELUM_E_CORRUPT);
    assert_int_equal(record_put(&made, ROWS_KEY_FIELD, TEXT_LITERAL("short")), VELUM_OK);
    assert_int_equal(vault_rows_key_take(&made, first), VELUM_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(a_row_comes_back),
        TEST(another_seat_does_not_open_it),
        TEST(a_changed_row_does_not_open),
        TEST(nobodys_row_is_the_folders),
        TEST(a_rows_key_lies_in_a_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
