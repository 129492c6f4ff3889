/* One encrypted file: opening it (S-1), values in and out, statements, transactions (S-4, S-5). */
#include "tests/store/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

#define CANARY "canary-9f3a-do-not-write-me"

static velum_status open_with(const fixture *self, const char *folder, const uint8_t *key,
                              bool create, velum_error *err)
{
    store_options options = fixture_options(self);
    store *opened = NULL;

    options.folder = folder == NULL ? self->folder : folder;
    options.key = key;
    options.create = create;
    const velum_status status = store_open(&options, &opened, err);
    assert_true((status == VELUM_OK) == (opened != NULL));
    store_free(opened);
    return status;
}

static void values_come_back_as_they_went(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);
    store_stmt *stmt = NULL;
    const uint8_t bytes[] = {0, 255, 0, 1};

    assert_ok(conn_run(conn, "CREATE TABLE v (i INTEGER, j INTEGER, t TEXT, u TEXT, b BLOB, c BLOB,"
                             " n TEXT) STRICT"));
    assert_ok(conn_statement(conn, "INSERT INTO v VALUES ($1, $2, $3, $4, $5, $6, $7)", &stmt));
    assert_ok(stmt_bind_integer(stmt, 1, INT64_MIN));
    assert_ok(stmt_bind_integer(stmt, 2, INT64_MAX));
    assert_ok(stmt_bind_text(stmt, 3, text_of("张伟 é")));
    assert_ok(stmt_bind_text(stmt, 4, (text){NULL, 0}));
    assert_ok(stmt_bind_blob(stmt, 5, bytes, sizeof bytes));
    assert_ok(stmt_bind_blob(stmt, 6, NULL, 0));
    assert_ok(stmt_bind_null(stmt, 7));
    assert_ok(stmt_execute(stmt));
    assert_int_equal(conn_changes(conn), 1);

    assert_ok(conn_statement(conn, "SELECT i, j, t, u, b, c, n FROM v", &stmt));
    assert_ok(stmt_step(stmt));
    assert_true(stmt_integer(stmt, 0) == INT64_MIN);
    assert_true(stmt_integer(stmt, 1) == INT64_MAX);
    assert_true(text_equal_literal(stmt_text(stmt, 2), "张伟 é"));
    assert_false(stmt_is_null(stmt, 3));
    assert_int_equal(stmt_text(stmt, 3).size, 0);
    assert_int_equal(stmt_blob(stmt, 4).size, sizeof bytes);
    assert_memory_equal(stmt_blob(stmt, 4).data, bytes, sizeof bytes);
    assert_false(stmt_is_null(stmt, 5));
    assert_int_equal(stmt_blob(stmt, 5).size, 0);
    assert_true(stmt_is_null(stmt, 6));
    assert_int_equal(stmt_text(stmt, 6).size, 0);
    assert_int_equal(stmt_step(stmt), VELUM_END);
}

static void a_large_value_comes_back(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);
    const size_t size = (size_t)3 << 20;
    VELUM_AUTO_MEM uint8_t *bytes = mem_alloc(size);
    store_stmt *stmt = NULL;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 31 + i / 4096);
    }
    assert_ok(conn_run(conn, "CREATE TABLE v (b BLOB) STRICT"));
    assert_ok(conn_statement(conn, "INSERT INTO v VALUES ($1)", &stmt));
    assert_ok(stmt_bind_blob(stmt, 1, bytes, size));
    assert_ok(stmt_execute(stmt));
    assert_ok(conn_statement(conn, "SELECT b FROM v", &stmt));
    assert_ok(stmt_step(stmt));
    assert_int_equal(stmt_blob(stmt, 0).size, size);
    assert_memory_equal(stmt_blob(stmt, 0).data, bytes, size);
}

static void parameters_go_by_their_number(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_stmt *stmt = NULL;

    assert_ok(conn_statement(store_writer(db), "SELECT $2, $1, $2", &stmt));
    assert_ok(stmt_bind_integer(stmt, 1, 11));
    assert_ok(stmt_bind_integer(stmt, 2, 22));
    assert_ok(stmt_step(stmt));
    assert_int_equal(stmt_integer(stmt, 0), 22);
    assert_int_equal(stmt_integer(stmt, 1), 11);
    assert_int_equal(stmt_integer(stmt, 2), 22);
    stmt_reset(stmt);
    assert_int_equal(stmt_bind_integer(stmt, 3, 1), VELUM_E_INTERNAL);
    assert_int_equal(stmt_bind_integer(stmt, 0, 1), VELUM_E_INTERNAL);
    assert_int_equal(stmt_bind_integer(stmt, 1000, 1), VELUM_E_INTERNAL);
    assert_int_equal(conn_statement(store_writer(db), "SELECT ?", &stmt), VELUM_E_INTERNAL);
    assert_int_equal(conn_statement(store_writer(db), "SELECT :name", &stmt), VELUM_E_INTERNAL);
    assert_int_equal(conn_statement(store_writer(db), "SELECT FROM", &stmt), VELUM_E_INTERNAL);
}

static void a_statement_is_prepared_once_and_comes_without_bindings(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    static const char sql[] = "SELECT $1";
    store_stmt *first = NULL;
    store_stmt *second = NULL;

    assert_ok(conn_statement(store_writer(db), sql, &first));
    assert_ok(stmt_bind_integer(first, 1, 5));
    assert_ok(stmt_step(first));
    assert_ok(conn_statement(store_writer(db), sql, &second));
    assert_ptr_equal(first, second);
    assert_ok(stmt_step(second));
    assert_true(stmt_is_null(second, 0));
    stmt_reset(second);
    stmt_reset(second);
}

static void conflicts_have_their_own_status(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE p (a INTEGER PRIMARY KEY, b TEXT UNIQUE,"
                             " c INTEGER CHECK (c > 0)) STRICT;"
                             "CREATE TABLE q (a BLOB PRIMARY KEY, p INTEGER REFERENCES p (a))"
                             " STRICT, WITHOUT ROWID;"));
    assert_ok(conn_run(conn, "INSERT INTO p VALUES (1, 'x', 1)"));
    assert_ok(conn_run(conn, "INSERT INTO q VALUES (x'01', 1)"));
    assert_int_equal(conn_run(conn, "INSERT INTO p VALUES (1, 'y', 1)"), VELUM_E_EXISTS);
    assert_int_equal(conn_run(conn, "INSERT INTO p VALUES (2, 'x', 1)"), VELUM_E_EXISTS);
    assert_int_equal(conn_run(conn, "INSERT INTO q VALUES (x'01', 1)"), VELUM_E_EXISTS);
    assert_int_equal(conn_run(conn, "INSERT INTO p VALUES (2, 'y', 0)"), VELUM_E_INVALID);
    assert_int_equal(conn_run(conn, "INSERT INTO q VALUES (x'02', 9)"), VELUM_E_INVALID);
    assert_int_equal(conn_run(conn, "DELETE FROM p"), VELUM_E_INVALID);
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM p"), 1);
}

static void transactions_keep_all_or_nothing(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT"));
    assert_ok(conn_begin(conn));
    assert_ok(conn_run(conn, "INSERT INTO t VALUES (1)"));
    assert_ok(conn_savepoint(conn));
    assert_ok(conn_run(conn, "INSERT INTO t VALUES (2)"));
    assert_ok(conn_savepoint(conn));
    assert_ok(conn_run(conn, "INSERT INTO t VALUES (3)"));
    conn_savepoint_rollback(conn);
    assert_ok(conn_savepoint_release(conn));
    assert_ok(conn_savepoint(conn));
    assert_ok(conn_run(conn, "INSERT INTO t VALUES (4)"));
    conn_savepoint_rollback(conn);
    assert_ok(conn_commit(conn));
    assert_int_equal(fixture_number(conn, "SELECT sum(a) FROM t"), 3);

    assert_ok(conn_begin(conn));
    assert_ok(conn_run(conn, "DELETE FROM t"));
    conn_rollback(conn);
    conn_rollback(conn);
    assert_int_equal(fixture_number(conn, "SELECT sum(a) FROM t"), 3);
}

/* What changed nothing costs neither a write nor a sync, and says so by its count of changed rows. */
static void a_transaction_without_a_change_writes_nothing(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE t (n INTEGER) STRICT; INSERT INTO t VALUES (1)"));
    const int64_t changed = conn_total_changes(conn);
    fault_plan(NULL);
    assert_ok(conn_begin(conn));
    assert_ok(conn_savepoint(conn));
    assert_ok(conn_run(conn, "UPDATE t SET n = 2 WHERE n = 3"));
    assert_ok(conn_savepoint_release(conn));
    assert_ok(conn_commit(conn));
    assert_true(conn_total_changes(conn) == changed);
    assert_int_equal(fault_count(FAULT_WRITE), 0);
    assert_int_equal(fault_count(FAULT_SYNC), 0);
    assert_ok(conn_begin(conn));
    assert_ok(conn_savepoint(conn));
    assert_ok(conn_run(conn, "UPDATE t SET n = 2"));
    conn_savepoint_rollback(conn);
    assert_ok(conn_commit(conn));
    assert_true(conn_total_changes(conn) == changed + 1); /* taken back, and still counted */
}

static void a_failed_commit_rolls_back(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE p (a INTEGER PRIMARY KEY) STRICT;"
                             "CREATE TABLE q (p INTEGER REFERENCES p (a)"
                             " DEFERRABLE INITIALLY DEFERRED) STRICT"));
    assert_ok(conn_begin(conn));
    assert_ok(conn_run(conn, "INSERT INTO q VALUES (1)"));
    assert_int_equal(conn_commit(conn), VELUM_E_INVALID);
    assert_ok(conn_begin(conn));
    assert_ok(conn_commit(conn));
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM q"), 0);
}

/* S-4 */
static void after_a_rollback_by_the_engine_nothing_runs(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT"));
    assert_ok(conn_begin(conn));
    assert_ok(conn_run(conn, "INSERT INTO t VALUES (1)"));
    assert_ok(conn_savepoint(conn));
    assert_int_equal(conn_run(conn, "INSERT OR ROLLBACK INTO t VALUES (1)"), VELUM_E_EXISTS);
    assert_int_equal(conn_run(conn, "INSERT INTO t VALUES (2)"), VELUM_E_EXISTS);
    conn_savepoint_rollback(conn);
    assert_int_equal(conn_savepoint(conn), VELUM_E_EXISTS);
    assert_int_equal(conn_commit(conn), VELUM_E_EXISTS);
    assert_ok(conn_begin(conn));
    assert_ok(conn_run(conn, "INSERT INTO t VALUES (3)"));
    assert_ok(conn_commit(conn));
    assert_int_equal(fixture_number(conn, "SELECT sum(a) FROM t"), 3);
}

/* S-4, as a full disk does it: a transaction larger than the cache is written before COMMIT. */
static void a_full_disk_inside_a_transaction_leaves_nothing(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);
    velum_status status = VELUM_OK;

    assert_ok(conn_run(conn, "CREATE TABLE t (b BLOB) STRICT"));
    assert_ok(conn_begin(conn));
    fault_plan("write:20+:enospc");
    for (int i = 0; i < 100000 && status == VELUM_OK; i++) {
        status = conn_run(conn, "INSERT INTO t VALUES (zeroblob(50000))");
    }
    fault_plan(NULL);
    assert_int_equal(status, VELUM_E_NOSPACE);
    assert_int_equal(conn_run(conn, "INSERT INTO t VALUES (x'01')"), VELUM_E_NOSPACE);
    assert_int_equal(conn_commit(conn), VELUM_E_NOSPACE);
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM t"), 0);
    assert_ok(conn_run(conn, "INSERT INTO t VALUES (x'01')"));
}

static void what_changes_and_returns_rows_needs_a_transaction(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *const conn = store_writer(db);
    store_stmt *stmt = NULL;

    assert_ok(conn_run(conn, "CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT"));
    assert_ok(conn_statement(conn, "INSERT INTO t VALUES (7) RETURNING a", &stmt));
    assert_int_equal(stmt_step(stmt), VELUM_E_INTERNAL);
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM t"), 0);
    assert_ok(conn_begin(conn));
    assert_ok(stmt_step(stmt));
    assert_int_equal(stmt_integer(stmt, 0), 7);
    assert_int_equal(stmt_step(stmt), VELUM_END);
    assert_ok(conn_commit(conn));
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM t"), 1);
}

/* S-2, S-5 */
static void nothing_can_be_attached(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);

    assert_true(conn_run(store_writer(db), "ATTACH ':memory:' AS other") < 0);
    assert_true(conn_run(store_writer(db), "ATTACH 'other.db' AS other KEY ''") < 0);
}

static void settings_are_in_force(void **state)
{
    VELUM_AUTO(store) *db = fixture_open(*state);
    store_conn *reader = NULL;

    assert_ok(store_reader_acquire(db, 0, &reader));
    store_conn *const both[] = {store_writer(db), reader};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fixture_number(both[i], "PRAGMA synchronous"), 2);
        assert_int_equal(fixture_number(both[i], "PRAGMA foreign_keys"), 1);
        assert_int_equal(fixture_number(both[i], "PRAGMA secure_delete"), 1);
        assert_int_equal(fixture_number(both[i], "PRAGMA temp_store"), 2);
        assert_int_equal(fixture_number(both[i], "PRAGMA trusted_schema"), 0);
        assert_int_equal(fixture_number(both[i], "PRAGMA cell_size_check"), 1);
        assert_int_equal(fixture_number(both[i], "PRAGMA cipher_status"), 1);
    }
    assert_true(conn_run(reader, "CREATE TABLE t (a INTEGER) STRICT") < 0);
    assert_true(conn_run(reader, "PRAGMA query_only = OFF; CREATE TABLE t (a INTEGER)") < 0);
    store_reader_release(db, reader);
}

static void the_file_says_nothing(void **state)
{
    const fixture *const self = *state;
    static const char *const names[] = {"vault.db", "vault.db-wal", "vault.db-shm"};
    VELUM_AUTO(store) *db = fixture_open(self);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE canary_table (a TEXT) STRICT"));
    assert_ok(conn_run(conn, "INSERT INTO canary_table VALUES ('" CANARY "')"));
    assert_ok(store_checkpoint_passive(db));
    assert_ok(conn_run(conn, "INSERT INTO canary_table VALUES ('" CANARY "')"));
    for (size_t i = 0; i < 3; i++) {
        VELUM_AUTO_BUFFER bytes;
        buffer_init(&bytes, FIXTURE_FILE_BYTES_MAX);
        fixture_read(self, names[i], false, &bytes);
        assert_true(bytes.size > 4096);
        assert_false(bytes_contain(&bytes, CANARY));
        assert_false(bytes_contain(&bytes, "canary_table"));
        assert_false(bytes_contain(&bytes, "SQLite format 3"));
    }
    /* The same look finds it once the pages are decrypted. */
    VELUM_AUTO_BUFFER plain;
    buffer_init(&plain, FIXTURE_FILE_BYTES_MAX);
    fixture_decrypt_pages(self, &plain);
    assert_true(bytes_contain(&plain, CANARY));
    buffer_reset(&plain);
    fixture_decrypt_wal(self, &plain);
    assert_true(bytes_contain(&plain, CANARY));
}

static void files_are_the_owners_alone(void **state)
{
    const fixture *const self = *state;
    static const char *const names[] = {"vault.db", "vault.db-wal", "vault.db-shm"};
    const mode_t old = umask(0);
    VELUM_AUTO(store) *db = fixture_open(self);

    assert_ok(conn_run(store_writer(db), "CREATE TABLE t (a INTEGER) STRICT"));
    for (size_t i = 0; i < 3; i++) {
        char path[FIXTURE_PATH_BYTES + 64];
        struct stat info;
        snprintf(path, sizeof path, "%s/%s", self->folder, names[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    umask(old);
}

static void what_is_not_ours_is_refused(void **state)
{
    const fixture *const self = *state;
    uint8_t wrong[KEY_BYTES] = {0};
    uint8_t noise[3 * 4096];
    velum_error err = {0};

    assert_int_equal(open_with(self, NULL, fixture_key, false, &err), VELUM_E_NOTFOUND);
    assert_int_equal(open_with(self, "/nowhere/at/all", fixture_key, true, &err), VELUM_E_NOTFOUND);
    assert_ok(open_with(self, NULL, fixture_key, true, &err));
    assert_ok(open_with(self, NULL, fixture_key, false, &err));
    assert_int_equal(open_with(self, NULL, wrong, true, &err), VELUM_E_CRYPTO);
    assert_int_equal(err.status, VELUM_E_CRYPTO);
    assert_true(strlen(err.text) > 0);

    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    fixture_write(self, "vault.db", noise, sizeof noise);
    assert_int_equal(open_with(self, NULL, fixture_key, true, &err), VELUM_E_CRYPTO);
    fixture_write(self, "vault.db", noise, 10);
    assert_int_equal(open_with(self, NULL, fixture_key, true, &err), VELUM_E_CRYPTO);
    fixture_write(self, "vault.db", "", 0);
    assert_int_equal(open_with(self, NULL, fixture_key, false, &err), VELUM_E_NOTFOUND);
}

/* S-1 */
static void a_plain_database_is_refused_and_left_alone(void **state)
{
    const fixture *const self = *state;
    uint8_t plain[4096] = "SQLite format 3";
    VELUM_AUTO_BUFFER after;
    velum_error err = {0};

    fixture_write(self, "vault.db", plain, sizeof plain);
    assert_int_equal(open_with(self, NULL, fixture_key, true, &err), VELUM_E_UNSUPPORTED);
    buffer_init(&after, sizeof plain);
    fixture_read(self, "vault.db", false, &after);
    assert_int_equal(after.size, sizeof plain);
    assert_memory_equal(after.data, plain, sizeof plain);
    assert_non_null(strstr(store_cipher_version(), "4."));
}

static void a_link_in_place_of_the_file_is_refused(void **state)
{
    const fixture *const self = *state;
    char path[FIXTURE_PATH_BYTES + 64];
    velum_error err = {0};

    snprintf(path, sizeof path, "%s/vault.db", self->folder);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_true(open_with(self, NULL, fixture_key, true, &err) < 0);
}

static void a_changed_page_is_noticed(void **state)
{
    const fixture *const self = *state;
    VELUM_AUTO_BUFFER bytes;
    store *db = fixture_open(self);
    store_stmt *stmt = NULL;

    assert_ok(conn_run(store_writer(db), "CREATE TABLE t (a TEXT) STRICT;"
                                         "INSERT INTO t VALUES (hex(zeroblob(20000)))"));
    store_free(db);
    buffer_init(&bytes, FIXTURE_FILE_BYTES_MAX);
    fixture_read(self, "vault.db", false, &bytes);
    bytes.data[3 * 4096 + 100] ^= 1;
    fixture_write(self, "vault.db", bytes.data, bytes.size);
    db = fixture_open(self);
    assert_ok(conn_statement(store_writer(db), "SELECT a FROM t", &stmt));
    const velum_status status = stmt_step(stmt);
    assert_int_equal(status, VELUM_E_CORRUPT);
    store_free(db);
}

static void the_library_prints_nothing(void **state)
{
    const fixture *const self = *state;
    const uint8_t wrong[KEY_BYTES] = {0};
    velum_error err = {0};
    char path[FIXTURE_PATH_BYTES + 64];

    assert_ok(open_with(self, NULL, fixture_key, true, &err));
    snprintf(path, sizeof path, "%s/stderr", self->folder);
    fflush(stderr);
    const int saved = dup(2);
    const int captured = open(path, O_RDWR | O_CREAT, 0600);
    dup2(captured, 2);
    const velum_status status = open_with(self, NULL, wrong, true, &err);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    close(captured);
    assert_int_equal(status, VELUM_E_CRYPTO);
    assert_int_equal(fixture_size(self, "stderr"), 0);
}

/* Folders nested until the path has `size` characters. */
static void nest(const fixture *self, size_t size, char out[FIXTURE_PATH_BYTES])
{
    size_t length = (size_t)snprintf(out, FIXTURE_PATH_BYTES, "%s", self->folder);

    while (length < size) {
        const size_t part = size - length - 1 > 200 ? 200 : size - length - 1;
        out[length] = '/';
        memset(out + length + 1, 'd', part);
        length += 1 + part;
        out[length] = '\0';
        assert_int_equal(mkdir(out, 0700), 0);
    }
}

static void long_folders_work_up_to_the_limit(void **state)
{
    const fixture *const self = *state;
    char path[FIXTURE_PATH_BYTES];
    velum_error err = {0};

    nest(self, 490, path);
    assert_ok(open_with(self, path, fixture_key, true, &err));
    strcat(path, "/0123456789");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_with(self, path, fixture_key, true, &err), VELUM_E_LIMIT);
}

static void odd_folder_names_are_only_names(void **state)
{
    const fixture *const self = *state;
    char path[FIXTURE_PATH_BYTES + 64];
    velum_error err = {0};

    snprintf(path, sizeof path, "%s/file:a?mode=memory#%%20 'x", self->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_ok(open_with(self, path, fixture_key, true, &err));
    strcat(path, "/vault.db");
    assert_int_equal(access(path, F_OK), 0);
}

static void a_relative_folder_survives_a_change_of_directory(void **state)
{
    const fixture *const self = *state;
    store_options options = fixture_options(self);
    VELUM_AUTO(store) *db = NULL;
    store_conn *reader = NULL;
    const int before = open(".", O_RDONLY | O_DIRECTORY);

    assert_int_equal(chdir(self->folder), 0);
    assert_int_equal(mkdir("file:relative", 0700), 0);
    options.folder = "file:relative";
    assert_ok(store_open(&options, &db, NULL));
    assert_int_equal(chdir("/"), 0);
    assert_ok(store_reader_acquire(db, 0, &reader));
    store_reader_release(db, reader);
    assert_int_equal(fchdir(before), 0);
    close(before);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(values_come_back_as_they_went),
        ROW(a_large_value_comes_back),
        ROW(parameters_go_by_their_number),
        ROW(a_statement_is_prepared_once_and_comes_without_bindings),
        ROW(conflicts_have_their_own_status),
        ROW(transactions_keep_all_or_nothing),
        ROW(a_transaction_without_a_change_writes_nothing),
        ROW(a_failed_commit_rolls_back),
        ROW(after_a_rollback_by_the_engine_nothing_runs),
        ROW(a_full_disk_inside_a_transaction_leaves_nothing),
        ROW(what_changes_and_returns_rows_needs_a_transaction),
        ROW(nothing_can_be_attached),
        ROW(settings_are_in_force),
        ROW(the_file_says_nothing),
        ROW(files_are_the_owners_alone),
        ROW(what_is_not_ours_is_refused),
        ROW(a_plain_database_is_refused_and_left_alone),
        ROW(a_link_in_place_of_the_file_is_refused),
        ROW(a_changed_page_is_noticed),
        ROW(the_library_prints_nothing),
        ROW(long_folders_work_up_to_the_limit),
        ROW(odd_folder_names_are_only_names),
        ROW(a_relative_folder_survives_a_change_of_directory),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
