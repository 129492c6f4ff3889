/* Steps of the schema: forward only, old or new, never between. */
#include "tests/store/fixture.h"

#include <stdio.h>

#include "base/fault.h"

static const char *const first[] = {
    "CREATE TABLE a (x INTEGER PRIMARY KEY) STRICT",
    "INSERT INTO a VALUES (1)",
    "CREATE INDEX a_x ON a (x)",
    NULL,
};
static const char *const second[] = {
    "CREATE TABLE b (y INTEGER PRIMARY KEY) STRICT",
    "INSERT INTO b SELECT x + 1 FROM a",
    "DROP INDEX a_x",
    NULL,
};
static const char *const broken[] = {
    "CREATE TABLE c (z INTEGER) STRICT",
    "INSERT INTO nowhere VALUES (1)",
    NULL,
};
static const store_step steps[] = {{first}, {second}, {broken}};

#define TABLES \
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version'"

static void steps_are_taken_once(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    uint32_t from = 9;

    assert_ok(store_migrate(db, steps, 0, &from, NULL));
    assert_int_equal(from, 0);
    assert_ok(store_migrate(db, steps, 1, &from, NULL));
    assert_int_equal(from, 0);
    assert_int_equal(fixture_number(store_writer(db), "SELECT version FROM schema_version"), 1);
    assert_ok(store_migrate(db, steps, 2, &from, NULL));
    assert_int_equal(from, 1);
    assert_ok(store_migrate(db, steps, 2, &from, NULL));
    assert_int_equal(from, 2);
    assert_int_equal(fixture_number(store_writer(db), "SELECT version FROM schema_version"), 2);
    assert_int_equal(fixture_number(store_writer(db), "SELECT sum(y) FROM b"), 2);
}

static void a_newer_schema_is_refused(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    velum_error err = {0};
    uint32_t from = 9;

    assert_ok(store_migrate(db, steps, 2, &from, &err));
    assert_int_equal(store_migrate(db, steps, 1, &from, &err), VELUM_E_NEWER);
    assert_int_equal(err.status, VELUM_E_NEWER);
    assert_non_null(strstr(err.text, "version 2"));
    assert_int_equal(fixture_number(store_writer(db), "SELECT version FROM schema_version"), 2);
}

static void a_step_that_fails_leaves_the_one_before(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    velum_error err = {0};
    uint32_t from = 9;

    assert_true(store_migrate(db, steps, 3, &from, &err) < 0);
    assert_non_null(strstr(err.text, "step 3"));
    assert_int_equal(fixture_number(store_writer(db), "SELECT version FROM schema_version"), 2);
    assert_int_equal(fixture_number(store_writer(db), TABLES), 2);
}

static void a_version_that_cannot_be_is_corrupt(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    uint32_t from = 9;

    assert_ok(store_migrate(db, steps, 1, &from, NULL));
    assert_ok(conn_run(store_writer(db), "UPDATE schema_version SET version = -1"));
    assert_int_equal(store_migrate(db, steps, 1, &from, NULL), VELUM_E_CORRUPT);
    assert_ok(conn_run(store_writer(db), "DELETE FROM schema_version"));
    assert_int_equal(store_migrate(db, steps, 1, &from, NULL), VELUM_E_CORRUPT);
}

static void a_version_is_required_exactly(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    velum_error err = {0};
    uint32_t from = 9;

    assert_ok(store_schema_version(db, &from));
    assert_int_equal(from, 0);
    assert_int_equal(store_schema_require(db, 1, "it", &err), VELUM_E_CORRUPT);
    assert_ok(store_migrate(db, steps, 1, &from, NULL));
    assert_ok(store_schema_require(db, 1, "it", &err));
    assert_int_equal(store_schema_require(db, 2, "it", &err), VELUM_E_OLDER);
    assert_string_equal(err.text,
                        "it is of schema 1, this Velum writes 2: run velum upgrade --check"
                        " DIR, then --apply");
    assert_ok(store_migrate(db, steps, 2, &from, NULL));
    assert_int_equal(store_schema_require(db, 1, "it", &err), VELUM_E_NEWER);
    assert_non_null(strstr(err.text, "schema 2"));
    assert_ok(store_schema_version(db, &from));
    assert_int_equal(from, 2);
}

static velum_status add_row(void *context, store_conn *conn)
{
    VELUM_TRY(conn_run(conn, "INSERT INTO a VALUES (77)"));
    return *(velum_status *)context;
}

static void a_step_and_what_belongs_to_it_are_one(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    velum_status answer = VELUM_E_NOSPACE;
    uint32_t from = 9;

    assert_int_equal(store_step_take(db, &steps[1], 2, NULL, NULL), VELUM_E_INVALID);
    assert_ok(store_migrate(db, steps, 1, &from, NULL));
    assert_int_equal(store_step_take(db, &steps[1], 2, add_row, &answer), VELUM_E_NOSPACE);
    assert_ok(store_schema_version(db, &from));
    assert_int_equal(from, 1);
    assert_int_equal(fixture_number(store_writer(db), "SELECT count(*) FROM a"), 1);
    answer = VELUM_OK;
    assert_ok(store_step_take(db, &steps[1], 2, add_row, &answer));
    assert_ok(store_schema_version(db, &from));
    assert_int_equal(from, 2);
    assert_int_equal(fixture_number(store_writer(db), "SELECT max(x) FROM a"), 77);
    assert_int_equal(store_step_take(db, &steps[1], 2, NULL, NULL), VELUM_E_INVALID);
}

/* The version and the tables that belong to it, as one number. */
static int64_t where_it_stands(store *db)
{
    store_conn *const conn = store_writer(db);
    const int64_t tables = fixture_number(conn, TABLES);

    if (fixture_number(conn, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'") ==
        0) {
        assert_int_equal(tables, 0);
        return 0;
    }
    const int64_t version = fixture_number(conn, "SELECT version FROM schema_version");
    assert_int_equal(tables, version);
    if (version == 2) {
        assert_int_equal(fixture_number(conn, "SELECT sum(y) FROM b"), 2);
    }
    return version;
}

static void interrupt_at(const fixture *self, const char *kind, unsigned n, bool *out_struck)
{
    char plan[64];
    uint32_t from = 9;
    store *db = fixture_open(self);

    snprintf(plan, sizeof plan, "%s:%u:%s", kind, n, n % 2 == 0 ? "enospc" : "eio");
    fault_plan(plan);
    const velum_status status = store_migrate(db, steps, 2, &from, NULL);
    fault_plan(NULL);
    *out_struck = status < 0;
    if (status < 0) {
        assert_true(status == (n % 2 == 0 ? VELUM_E_NOSPACE : VELUM_E_IO));
        assert_true(where_it_stands(db) < 2);
    }
    store_free(db);

    db = fixture_open(self);
    (void)where_it_stands(db);
    assert_ok(store_migrate(db, steps, 2, &from, NULL));
    assert_int_equal(where_it_stands(db), 2);
    store_free(db);
}

static void interrupt_everywhere(void **state, const char *kind, unsigned at_least)
{
    unsigned n = 1;

    for (bool struck = true; struck; n++) {
        void *fresh = NULL;
        assert_int_equal(fixture_setup(&fresh), 0);
        interrupt_at(fresh, kind, n, &struck);
        fixture_teardown(&fresh);
        assert_true(n < 1000);
    }
    assert_true(n > at_least); /* it did strike */
}

static void interrupted_at_a_statement_it_is_old_or_new(void **state)
{
    interrupt_everywhere(state, "sql", 10);
}

static void interrupted_at_a_write_it_is_old_or_new(void **state)
{
    interrupt_everywhere(state, "write", 3);
}

static void interrupted_at_a_sync_it_is_old_or_new(void **state)
{
    interrupt_everywhere(state, "sync", 2);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(steps_are_taken_once),
        ROW(a_newer_schema_is_refused),
        ROW(a_step_that_fails_leaves_the_one_before),
        ROW(a_version_that_cannot_be_is_corrupt),
        ROW(a_version_is_required_exactly),
        ROW(a_step_and_what_belongs_to_it_are_one),
        ROW(interrupted_at_a_statement_it_is_old_or_new),
        ROW(interrupted_at_a_write_it_is_old_or_new),
        ROW(interrupted_at_a_sync_it_is_old_or_new),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
