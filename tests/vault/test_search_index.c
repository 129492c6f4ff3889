/* The search index: exact normal forms, the rarest value first, gone with field, category and person;
 * and walks over states. */
#include "tests/vault/fixture.h"

#include <assert.h>
#include <string.h>

#define NAME 11
#define CITY 12
#define LEVEL 13
#define CATEGORY 5

static search_term term_of(uint16_t field, const char *value)
{
    return (search_term){.field = field, .category = CATEGORY, .value = text_of(value)};
}

static void put(fixture *self, const subject_id *id, uint16_t field, const char *value)
{
    const search_term term = term_of(field, value);

    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(vault_search_put(self->vault, fixture_writer(self), id, &term));
    assert_ok(fixture_commit(self));
}

static velum_status find(fixture *self, const search_term *terms, uint32_t count, vault_found *out)
{
    store_conn *conn = NULL;

    assert_ok(store_reader_acquire(self->vault_db, 100, &conn));
    assert_ok(conn_begin(conn));
    const velum_status status = vault_search_find(self->vault, conn, terms, count, out);
    store_reader_release(self->vault_db, conn);
    return status;
}

static uint32_t found(fixture *self, const char *name, const char *city)
{
    const search_term terms[] = {term_of(NAME, name), term_of(CITY, city)};
    vault_found out;

    assert_ok(find(self, terms, 2, &out));
    return out.count;
}

static int64_t rows(fixture *self)
{
    return fixture_number(fixture_writer(self), "SELECT count(*) FROM search_index", NULL);
}

static void a_value_is_found_in_its_normal_form(void **state)
{
    fixture *const self = *state;
    const subject_id one = fixture_subject(self, 1);
    const subject_id two = fixture_subject(self, 2);

    put(self, &one, NAME, "  Zoe QUILL\t");
    put(self, &one, CITY, "常州");
    put(self, &two, NAME, "zoe quill");
    put(self, &two, CITY, "上海");
    assert_int_equal(found(self, "ZOE quill", "常州"), 1);
    assert_int_equal(found(self, "Zoe  Quill", "常州"), 0); /* blanks inside count */
    assert_int_equal(found(self, "Zoe", "常州"), 0);
    put(self, &two, CITY, "常州");
    assert_int_equal(found(self, "zoe quill", "常州"), 2);
    put(self, &two, NAME, "");
    assert_int_equal(found(self, "zoe quill", "常州"), 1);
    assert_int_equal(rows(self), 3);
}

/* Each field has its own key: the same value in another field is another hash. */
static void a_field_has_its_own_key(void **state)
{
    fixture *const self = *state;
    const subject_id one = fixture_subject(self, 1);

    put(self, &one, NAME, "same");
    put(self, &one, CITY, "same");
    assert_int_equal(
        fixture_number(fixture_writer(self), "SELECT count(DISTINCT hash) FROM search_index", NULL),
        2);
}

static void a_third_value_narrows(void **state)
{
    fixture *const self = *state;
    vault_found out;

    for (uint8_t i = 0; i < 9; i++) {
        const subject_id id = fixture_subject(self, i);
        put(self, &id, NAME, "an");
        put(self, &id, CITY, "here");
        put(self, &id, LEVEL, i == 7 ? "gold" : "silver");
    }
    const search_term terms[] = {term_of(NAME, "an"), term_of(CITY, "here"),
                                 term_of(LEVEL, "gold")};
    assert_ok(find(self, terms, 3, &out));
    assert_int_equal(out.count, 1);
    assert_ok(find(self, terms, 2, &out));
    assert_int_equal(out.count, VAULT_FOUND_MAX);
    assert_int_equal(find(self, terms, 1, &out), VELUM_E_INVALID);
}

static_assert(VAULT_SEARCH_SCAN_MAX == 20000, "as the statements below have it");

/* A bound on the work: values that are all too common are refused. */
static void common_values_are_refused(void **state)
{
    fixture *const self = *state;
    const subject_id one = fixture_subject(self, 1);
    const search_term terms[] = {term_of(NAME, "an"), term_of(CITY, "here")};
    vault_found out;

    put(self, &one, NAME, "an");
    put(self, &one, CITY, "here");
    fixture_run(fixture_writer(self),
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
                " INSERT INTO search_index (field, hash, subject, category) SELECT s.field, s.hash,"
                " randomblob(16), 5 FROM search_index s, n WHERE s.field = 11",
                NULL);
    assert_ok(find(self, terms, 2, &out)); /* the city is rare */
    assert_int_equal(out.count, 1);
    fixture_run(fixture_writer(self),
                "INSERT INTO search_index (field, hash, subject, category) SELECT 12, (SELECT hash"
                " FROM search_index WHERE field = 12), randomblob(16), 5 FROM search_index WHERE"
                " field = 11 LIMIT 20000",
                NULL);
    assert_int_equal(find(self, terms, 2, &out), VELUM_E_LIMIT);
}

static void a_category_takes_its_rows(void **state)
{
    fixture *const self = *state;
    const subject_id one = fixture_subject(self, 1);
    const search_term other = {.field = LEVEL, .category = 9, .value = text_of("x")};

    put(self, &one, NAME, "a");
    put(self, &one, CITY, "b");
    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(vault_search_put(self->vault, fixture_writer(self), &one, &other));
    assert_ok(search_index_drop_category(fixture_writer(self), &one, CATEGORY));
    assert_ok(fixture_commit(self));
    assert_int_equal(rows(self), 1);
}

static void equal_is_the_normal_form(void **state)
{
    char longest[VAULT_FIELD_BYTES_MAX + 1];

    memset(longest, 'x', sizeof longest);
    assert_true(vault_search_equal(text_of(" A\t"), text_of("a")));
    assert_false(vault_search_equal(text_of("a"), text_of("b")));
    assert_false(vault_search_equal(text_of(""), text_of("")));
    assert_false(vault_search_equal(text_of(" "), text_of("\t")));
    assert_false(vault_search_equal(text_of("É"), text_of("é"))); /* Unicode as it is */
    assert_true(vault_search_is_empty((text){longest, sizeof longest}));
    assert_false(vault_search_is_empty((text){longest, VAULT_FIELD_BYTES_MAX}));
}

/* --- walks ------------------------------------------------------------------------------------- */

typedef struct visits {
    fixture *fixture;
    subject_id last;
    uint32_t count;
    uint32_t damaged;
    uint32_t stop_at;
} visits;

static velum_status visit(void *context, const subject_id *id, velum_status status,
                          sealed_subject *row)
{
    visits *const self = context;
    const opened_subject *opened = NULL;

    assert_true(self->count == 0 || memcmp(self->last.bytes, id->bytes, SUBJECT_ID_BYTES) < 0);
    self->last = *id;
    self->count++;
    self->damaged += status < 0 ? 1 : 0;
    if (row != NULL) {
        assert_ok(vault_open(self->fixture->vault, row, self->fixture->arena, &opened));
        assert_memory_equal(opened_id(opened)->bytes, id->bytes, SUBJECT_ID_BYTES);
    }
    sealed_subject_free(row);
    return self->count == self->stop_at ? VELUM_END : VELUM_OK;
}

static visits walk(fixture *self, subject_id after, uint32_t limit, uint32_t stop_at)
{
    visits seen = {.fixture = self, .stop_at = stop_at};
    const state_walk walk = {
        .after = after, .limit = limit, .seq = 1, .visit = visit, .context = &seen};
    store_conn *conn = NULL;

    assert_ok(store_reader_acquire(self->vault_db, 100, &conn));
    assert_ok(conn_begin(conn));
    assert_ok(vault_states_after(self->vault, conn, &walk));
    store_reader_release(self->vault_db, conn);
    return seen;
}

static void a_walk_sees_everybody_once(void **state)
{
    fixture *const self = *state;
    const subject_id first = {{0}};
    uint32_t count = 0;
    subject_id after = first;

    for (uint8_t i = 0; i < 20; i++) {
        (void)fixture_subject(self, i);
    }
    assert_int_equal(walk(self, first, 100, 0).count, 20);
    assert_int_equal(walk(self, first, 7, 0).count, 7);
    assert_int_equal(walk(self, first, 100, 5).count, 5);
    for (uint32_t got = 6; got == 6;) {
        const visits seen = walk(self, after, 6, 0);
        got = seen.count;
        count += got;
        after = seen.last;
    }
    assert_int_equal(count, 20);
    assert_int_equal(walk(self, after, 100, 0).count, 0);
}

/* Somebody whose keys are not there is told as damaged; the walk goes on. */
static void a_walk_goes_on_behind_damage(void **state)
{
    fixture *const self = *state;
    const subject_id first = {{0}};

    for (uint8_t i = 0; i < 5; i++) {
        const subject_id id = fixture_subject(self, i);
        if (i == 2) {
            fixture_run(store_writer(self->vault->keys_db),
                        "DELETE FROM subject_key WHERE subject = $1", &id);
        }
    }
    const visits seen = walk(self, first, 100, 0);
    assert_int_equal(seen.count, 5);
    assert_int_equal(seen.damaged, 1);
}

static void a_state_alone_opens_no_category(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 7);
    const subject_id nobody = {{9}};
    VELUM_AUTO(sealed_subject) *row = NULL;
    sealed_subject *none = NULL;
    store_conn *conn = NULL;

    subject_put_text(self, &id, CATEGORY, 1, "CANARY");
    assert_ok(store_reader_acquire(self->vault_db, 100, &conn));
    assert_ok(conn_begin(conn));
    assert_ok(vault_load_state(self->vault, conn, &id, 1, &row));
    assert_int_equal(vault_load_state(self->vault, conn, &nobody, 1, &none), VELUM_E_NOTFOUND);
    store_reader_release(self->vault_db, conn);
    record *record = NULL;
    const opened_subject *const opened = fixture_opened(self, row);
    assert_int_equal(vault_open_category(opened, CATEGORY, 1, &record), VELUM_E_TAMPERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_value_is_found_in_its_normal_form, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_field_has_its_own_key, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_third_value_narrows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(common_values_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_category_takes_its_rows, fixture_setup, fixture_teardown),
        cmocka_unit_test(equal_is_the_normal_form),
        cmocka_unit_test_setup_teardown(a_walk_sees_everybody_once, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_walk_goes_on_behind_damage, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_state_alone_opens_no_category, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
