/* A copy is the same database under the same key, durable and checked, or it is not there. */
#include "tests/store/fixture.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/fault.h"

#define ROWS 2000
#define CANARY "canary-77aa-in-a-copy"

static store *open_filled(const fixture *self)
{
    store *const db = fixture_open(self);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT;"
                             "CREATE TABLE \"a \"\" b\" (x INTEGER) STRICT;"
                             "INSERT INTO \"a \"\" b\" VALUES (1), (2);"
                             "CREATE INDEX t_b ON t (b)"));
    assert_ok(conn_begin(conn));
    assert_ok(conn_run(conn,
                       "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
                       " FROM n WHERE i < 2000) SELECT i, '" CANARY "' || i FROM n"));
    assert_ok(conn_commit(conn)); /* most of it stands in the WAL */
    return db;
}

static store_copy_options copy_options(const fixture *self)
{
    return (store_copy_options){.folder = self->folder, .name = "copy.db"};
}

static store *open_copy(const fixture *self)
{
    store_options options = fixture_options(self);
    velum_error err = {0};
    store *out = NULL;

    options.name = "copy.db";
    options.create = false;
    if (store_open(&options, &out, &err) != VELUM_OK) {
        fail_msg("the copy does not open: %s", err.text);
    }
    return out;
}

static void a_copy_holds_what_is_committed(void **state)
{
    const fixture *const self = *state;
    VELUM_AUTO(store) *db = open_filled(self);
    const store_copy_options options = copy_options(self);
    VELUM_AUTO_BUFFER bytes = {0};

    assert_ok(store_copy(db, &options));
    assert_int_equal(fixture_size(self, "copy.db-wal"), -1);
    assert_int_equal(fixture_size(self, "copy.db-journal"), -1);
    VELUM_AUTO(store) *copy = open_copy(self);
    assert_int_equal(fixture_number(store_writer(copy), "SELECT count(*) FROM t"), ROWS);
    assert_int_equal(fixture_number(store_writer(copy), "SELECT sum(x) FROM \"a \"\" b\""), 3);
    assert_int_equal(fixture_number(store_writer(db), "SELECT count(*) FROM t"), ROWS);
    buffer_init(&bytes, FIXTURE_FILE_BYTES_MAX);
    fixture_read(self, "copy.db", false, &bytes);
    assert_false(bytes_contain(&bytes, "canary-77aa")); /* it is sealed, too */
    assert_false(bytes_contain(&bytes, "SQLite format 3"));
}

static void a_copy_is_its_owners_alone(void **state)
{
    const fixture *const self = *state;
    VELUM_AUTO(store) *db = open_filled(self);
    const store_copy_options options = copy_options(self);
    char path[FIXTURE_PATH_BYTES + 16];
    struct stat info;

    assert_ok(store_copy(db, &options));
    snprintf(path, sizeof path, "%s/copy.db", self->folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void no_file_is_written_over(void **state)
{
    const fixture *const self = *state;
    VELUM_AUTO(store) *db = open_filled(self);
    const store_copy_options options = copy_options(self);

    fixture_write(self, "copy.db", "mine", 4);
    assert_int_equal(store_copy(db, &options), VELUM_E_EXISTS);
    assert_int_equal(fixture_size(self, "copy.db"), 4);
}

typedef struct seen {
    uint64_t last;
    uint64_t pages;
} seen;

static void see(void *context, uint64_t done, uint64_t pages)
{
    seen *const self = context;

    assert_true(done > self->last && done <= pages);
    *self = (seen){done, pages};
}

static void progress_ends_with_all_pages(void **state)
{
    const fixture *const self = *state;
    VELUM_AUTO(store) *db = open_filled(self);
    seen found = {0};
    store_copy_options options = copy_options(self);

    options.progress = see;
    options.context = &found;
    assert_ok(store_copy(db, &options));
    assert_true(found.pages > 10);
    assert_int_equal(found.last, found.pages);
}

/* A page whose seal is broken is not carried over in silence. */
static void a_damaged_source_is_not_copied(void **state)
{
    const fixture *const self = *state;
    const store_copy_options options = copy_options(self);
    VELUM_AUTO_BUFFER bytes = {0};

    store_free(open_filled(self));
    buffer_init(&bytes, FIXTURE_FILE_BYTES_MAX);
    fixture_read(self, "vault.db", false, &bytes);
    assert_true(bytes.size > 20 * 4096);
    bytes.data[15 * 4096 + 100] ^= 1;
    fixture_write(self, "vault.db", bytes.data, bytes.size);
    VELUM_AUTO(store) *db = fixture_open(self);
    assert_true(store_copy(db, &options) < 0);
    assert_int_equal(fixture_size(self, "copy.db"), -1);
}

static void fail_everywhere(void **state, const char *kind, unsigned at_least)
{
    const fixture *const self = *state;
    VELUM_AUTO(store) *db = open_filled(self);
    const store_copy_options options = copy_options(self);
    velum_status status = VELUM_E_IO;
    unsigned n = 1;

    for (; status < 0; n++) {
        char plan[64];
        snprintf(plan, sizeof plan, "%s:%u:%s", kind, n, n % 2 == 0 ? "enospc" : "eio");
        fault_plan(plan);
        status = store_copy(db, &options);
        fault_plan(NULL);
        if (status < 0) {
            assert_int_equal(status, n % 2 == 0 ? VELUM_E_NOSPACE : VELUM_E_IO);
            assert_int_equal(fixture_size(self, "copy.db"), -1);
        }
        assert_true(n < 2000);
    }
    assert_true(n > at_least);
    VELUM_AUTO(store) *copy = open_copy(self);
    assert_int_equal(fixture_number(store_writer(copy), "SELECT count(*) FROM t"), ROWS);
}

static void a_statement_that_fails_leaves_nothing(void **state)
{
    fail_everywhere(state, "sql", 5);
}

static void a_write_that_fails_leaves_nothing(void **state)
{
    fail_everywhere(state, "write", 20);
}

static void a_sync_that_fails_leaves_nothing(void **state)
{
    fail_everywhere(state, "sync", 2);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(a_copy_holds_what_is_committed),    ROW(a_copy_is_its_owners_alone),
        ROW(no_file_is_written_over),           ROW(progress_ends_with_all_pages),
        ROW(a_damaged_source_is_not_copied),    ROW(a_statement_that_fails_leaves_nothing),
        ROW(a_write_that_fails_leaves_nothing), ROW(a_sync_that_fails_leaves_nothing),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
