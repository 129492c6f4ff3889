/* The indexes of a copy: gone, sealed with their subjects, and made anew of those whose key is there (I-6). */
#include "tests/vault/destroyer.h"

#include <string.h>

#define PEOPLE 300 /* more than are folded together */
#define COPY "copy.db"

static void tell_nobody(void *context, uint64_t done, uint64_t total)
{
    uint64_t *const told = context;

    (void)total;
    *told = done;
}

static store *open_copy(fixture *self)
{
    const store_options options = {.folder = self->folder,
                                   .name = COPY,
                                   .key = keyring_vault_db_key(self->keys),
                                   .readers_max = 1,
                                   .busy_timeout_ms = 500};
    store *copy = NULL;

    assert_ok(store_open(&options, &copy, NULL));
    return copy;
}

static store *copy_of(fixture *self)
{
    const store_copy_options options = {.folder = self->folder, .name = COPY, .online = true};

    assert_ok(store_copy(self->vault_db, &options));
    return open_copy(self);
}

static void fold(fixture *self, store *copy)
{
    uint64_t told = 0;
    const fold_progress progress = {.tell = tell_nobody, .context = &told};

    assert_ok(vault_index_fold(self->vault, copy, &progress));
    assert_true(told > 0);
}

static velum_status unfold(fixture *self, store *copy)
{
    uint64_t told = 0;
    const fold_progress progress = {.tell = tell_nobody, .context = &told};

    return vault_index_unfold(self->keys, copy, self->vault->keys_db, &progress);
}

#define COUNT_ROWS(copy, table) \
    fixture_number(store_writer(copy), "SELECT count(*) FROM " table, NULL)

static void search_put(fixture *self, const subject_id *id, const char *value)
{
    const search_term term = {.field = 11, .category = 5, .value = text_of(value)};

    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(vault_search_put(self->vault, fixture_writer(self), id, &term));
    assert_ok(fixture_commit(self));
}

/* Whether both have the same rows, whatever their order. */
static void assert_same_indexes(fixture *self, store *copy)
{
    static const char blind[] =
        "SELECT sum(unicode(substr(hex(hash), 1, 1)) * length(type_and_form) +"
        " unicode(substr(hex(subject), 3, 1)) + key_version + suite + tenant)"
        " FROM blind_index";
    static const char search[] = "SELECT sum(unicode(substr(hex(hash), 1, 1)) * field + category +"
                                 " unicode(substr(hex(subject), 3, 1))) FROM search_index";

    assert_int_equal(fixture_number(store_writer(copy), blind, NULL),
                     fixture_number(fixture_writer(self), blind, NULL));
    assert_int_equal(fixture_number(store_writer(copy), search, NULL),
                     fixture_number(fixture_writer(self), search, NULL));
}

static void folded_and_unfolded_they_are_the_same(void **state)
{
    fixture *const self = *state;
    subject_id id;

    for (uint32_t i = 0; i < PEOPLE; i++) {
        assert_ok(person_create(self, i, &id));
        search_put(self, &id, i % 2 == 0 ? "even" : "odd");
    }
    (void)fixture_subject(self, 9); /* who has none */
    VELUM_AUTO(store) *copy = copy_of(self);
    fold(self, copy);
    assert_int_equal(COUNT_ROWS(copy, "blind_index"), 0);
    assert_int_equal(COUNT_ROWS(copy, "search_index"), 0);
    assert_int_equal(COUNT_ROWS(copy, "index_fold"), PEOPLE);
    assert_ok(unfold(self, copy));
    assert_int_equal(COUNT_ROWS(copy, "blind_index"), 2 * PEOPLE);
    assert_int_equal(COUNT_ROWS(copy, "search_index"), PEOPLE);
    assert_same_indexes(self, copy);
    assert_int_equal(COUNT_ROWS(copy, "sqlite_schema WHERE name = 'index_fold'"), 0);
}

/* I-6: with the key goes what told of them, in every copy that was ever made. */
static void of_somebody_erased_nothing_unfolds(void **state)
{
    fixture *const self = *state;
    destruction_report report;
    subject_id ids[2];

    assert_ok(person_create(self, 1, &ids[0]));
    assert_ok(person_create(self, 2, &ids[1]));
    VELUM_AUTO(store) *copy = copy_of(self);
    fold(self, copy);
    assert_ok(person_destroy_data(self, &ids[0]));
    assert_ok(destructions_finish(self, &report));
    assert_ok(unfold(self, copy));
    assert_int_equal(COUNT_ROWS(copy, "blind_index"), 2);
    assert_int_equal(fixture_number(store_writer(copy),
                                    "SELECT count(*) FROM blind_index WHERE subject = $1", &ids[0]),
                     0);
}

static void erased_before_it_is_folded_it_is_not(void **state)
{
    fixture *const self = *state;
    destruction_report report;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    VELUM_AUTO(store) *copy = copy_of(self);
    assert_ok(person_destroy_data(self, &id));
    assert_ok(destructions_finish(self, &report));
    fold(self, copy);
    assert_int_equal(COUNT_ROWS(copy, "index_fold"), 0);
    assert_int_equal(COUNT_ROWS(copy, "blind_index"), 0);
}

/* A category was erased: another data key. Folded between the steps it is sealed under the next one. */
static void under_the_key_that_its_row_is_sealed_under(void **state)
{
    fixture *const self = *state;
    const uint16_t some[] = {5};
    destruction_report report;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_ok(person_destroy_categories(self, &id, some, 1));
    VELUM_AUTO(store) *copy = copy_of(self);
    fold(self, copy);
    assert_int_equal(fixture_number(store_writer(copy), "SELECT key_version FROM index_fold", NULL),
                     2);
    assert_ok(destructions_finish(self, &report));
    assert_ok(unfold(self, copy));
    assert_int_equal(COUNT_ROWS(copy, "blind_index"), 2);
}

static void a_fold_of_another_does_not_open(void **state)
{
    fixture *const self = *state;
    subject_id ids[2];

    assert_ok(person_create(self, 1, &ids[0]));
    assert_ok(person_create(self, 2, &ids[1]));
    VELUM_AUTO(store) *copy = copy_of(self);
    fold(self, copy);
    fixture_run(store_writer(copy),
                "UPDATE index_fold SET sealed = (SELECT sealed FROM index_fold AS o"
                " WHERE o.subject <> $1) WHERE subject = $1",
                &ids[0]);
    assert_int_equal(unfold(self, copy), VELUM_E_CRYPTO);
    assert_int_equal(COUNT_ROWS(copy, "blind_index"), 0); /* not by half */
}

static bool does_not(void *context)
{
    (void)context;
    return false;
}

static void whoever_closes_does_not_wait(void **state)
{
    fixture *const self = *state;
    uint64_t told = 0;
    const fold_progress progress = {.tell = tell_nobody, .goes_on = does_not, .context = &told};
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    VELUM_AUTO(store) *copy = copy_of(self);
    assert_int_equal(vault_index_fold(self->vault, copy, &progress), VELUM_E_UNAVAILABLE);
}

/* Bytes that folding does not write are refused, wherever they end. */
static void what_is_cut_short_is_refused(void **state)
{
    uint8_t rows[1 + 1 + 8 + 4 + 32 + 1 + 2 + 2 + 8] = {1,   8,   'm', 'o', 'b',
                                                        'i', 'l', 'e', '/', '1'};
    const size_t first = sizeof rows - 13;
    fold_entry entry;

    (void)state;
    rows[first] = 2;
    for (size_t size = 0; size <= sizeof rows; size++) {
        fold_reader reader = {rows, size};
        velum_status status = VELUM_OK;
        uint32_t read = 0;
        while ((status = index_fold_next(&reader, &entry)) == VELUM_OK) {
            read++;
        }
        const bool is_whole = size == 0 || size == first || size == sizeof rows;
        assert_int_equal(status, is_whole ? VELUM_END : VELUM_E_CORRUPT);
        assert_int_equal(read, size < first ? 0 : size < sizeof rows ? 1 : 2);
    }
    rows[0] = 3;
    assert_int_equal(index_fold_next(&(fold_reader){rows, sizeof rows}, &entry), VELUM_E_CORRUPT);
    rows[0] = 1;
    rows[1] = 0;
    assert_int_equal(index_fold_next(&(fold_reader){rows, sizeof rows}, &entry), VELUM_E_CORRUPT);
}

int main(void)
{
#define IN_VAULT(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        IN_VAULT(folded_and_unfolded_they_are_the_same),
        IN_VAULT(of_somebody_erased_nothing_unfolds),
        IN_VAULT(erased_before_it_is_folded_it_is_not),
        IN_VAULT(under_the_key_that_its_row_is_sealed_under),
        IN_VAULT(a_fold_of_another_does_not_open),
        IN_VAULT(whoever_closes_does_not_wait),
        cmocka_unit_test(what_is_cut_short_is_refused),
    };

    return cmocka_run_group_tests_name("index fold", tests, NULL, NULL);
}
