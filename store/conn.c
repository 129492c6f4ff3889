/* store/conn.c: one connection to one encrypted file: opening, transactions, cached statements. */
#include "store/conn.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define VALUE_BYTES_MAX (64 * 1024 * 1024)
#define PLAIN_HEADER "SQLite format 3"

/* A core thread moves the WAL into the file (store_checkpoint_passive), so that no commit waits for
 * it. SQLite's own checkpoint stays as a backstop at 16,384 pages, 64 MiB: should that thread
 * stall, the WAL does not fill the disk. A WAL that once grew is cut when it is begun anew. */
static const char *const pragmas_all[] = {
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
    "PRAGMA cell_size_check = ON",
    "PRAGMA wal_autocheckpoint = 16384",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -4096", /* KiB */
    NULL,
};

/* A chunk of an import touches some 3,000 pages, since ids and hashes come in no order. What does not
 * fit is sealed and written more than once in one transaction, and opened again for the next. */
#define WRITER_CACHE "PRAGMA cache_size = -32768" /* KiB */

static const struct {
    int option;
    int value;
} switches[] = {
    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_DQS_DML, 0},
    {SQLITE_DBCONFIG_DQS_DDL, 0},
    {SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0},
    {SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0},
};

/* Runs one statement while the connection is made; its first column goes to `out` when given. It is
 * stepped to its end: a PRAGMA that writes answers first and commits after. */
static velum_status setting(sqlite3 *db, const char *sql, char *out, size_t out_size)
{
    sqlite3_stmt *stmt = NULL;

    int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *const value = (const char *)sqlite3_column_text(stmt, 0);
        if (out != NULL) {
            (void)snprintf(out, out_size, "%s", value == NULL ? "" : value);
        }
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(stmt);
    return driver_status(code, db);
}

/* S-1: the file must not be a plain database, which nothing of ours ever wrote. Read through
 * SQLite's own descriptor: closing another one would drop its locks (POSIX). */
static velum_status check_header(sqlite3 *db)
{
    char header[sizeof PLAIN_HEADER - 1] = {0};
    sqlite3_file *file = NULL;

    VELUM_TRY(
        driver_status(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file), db));
    if (file == NULL || file->pMethods == NULL) {
        return VELUM_E_UNSUPPORTED;
    }
    const int code = file->pMethods->xRead(file, header, (int)sizeof header, 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) {
        return VELUM_E_IO;
    }
    const bool plain = memcmp(header, PLAIN_HEADER, sizeof header) == 0;
    return plain ? VELUM_E_UNSUPPORTED : VELUM_OK;
}

/* S-1: the library says that it encrypts this connection. */
static velum_status check_cipher(sqlite3 *db)
{
    char answer[64] = "";

    VELUM_TRY(setting(db, "PRAGMA cipher_version", answer, sizeof answer));
    if (answer[0] == '\0') {
        return VELUM_E_UNSUPPORTED;
    }
    answer[0] = '\0';
    VELUM_TRY(setting(db, "PRAGMA cipher_status", answer, sizeof answer));
    return strcmp(answer, "1") == 0 ? VELUM_OK : VELUM_E_UNSUPPORTED;
}

static velum_status apply_settings(sqlite3 *db)
{
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        const int code = sqlite3_db_config(db, switches[i].option, switches[i].value, NULL);
        VELUM_TRY(driver_status(code, db));
    }
    for (size_t i = 0; pragmas_all[i] != NULL; i++) {
        VELUM_TRY(setting(db, pragmas_all[i], NULL, 0));
    }
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0); /* S-5 */
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
    return VELUM_OK;
}

/* The first read tells whether the key fits. */
static velum_status check_key(sqlite3 *db)
{
    const velum_status status = setting(db, "SELECT count(*) FROM sqlite_schema", NULL, 0);

    return status == VELUM_E_CORRUPT ? VELUM_E_CRYPTO : status;
}

static velum_status enter_role(sqlite3 *db, conn_role role)
{
    char mode[16] = "";

    if (role == CONN_READER) {
        return setting(db, "PRAGMA query_only = ON", NULL, 0);
    }
    if (role == CONN_COPY) { /* a copy that is cut short is thrown away */
        return setting(db, "PRAGMA journal_mode = MEMORY", NULL, 0);
    }
    VELUM_TRY(setting(db, "PRAGMA journal_mode = WAL", mode, sizeof mode));
    if (strcmp(mode, "wal") != 0) {
        return VELUM_E_UNSUPPORTED; /* a file system without shared memory */
    }
    return role == CONN_WRITER ? setting(db, WRITER_CACHE, NULL, 0) : VELUM_OK;
}

/* The key goes in by sqlite3_key_v2, which is what `PRAGMA key` calls, but leaves no copy in the
 * text of a statement; and a plain SQLite in our place has no such function (S-1). */
static velum_status prepare_connection(sqlite3 *db, const conn_options *options)
{
    VELUM_TRY(driver_status(sqlite3_busy_timeout(db, (int)options->busy_timeout_ms), db));
    VELUM_TRY(check_header(db));
    const int code =
        sqlite3_key_v2(db, "main", options->key_literal.data, (int)options->key_literal.size);
    VELUM_TRY(driver_status(code, db));
    VELUM_TRY(check_cipher(db));
    VELUM_TRY(check_key(db));
    VELUM_TRY(apply_settings(db));
    VELUM_TRY(enter_role(db, options->role));
    return check_header(db); /* S-1, now that the first page is written */
}

velum_status conn_open(const conn_options *options, store_conn **out)
{
    const int access = options->role == CONN_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    const int flags =
        access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    store_conn *conn = mem_alloc(sizeof *conn);

    *out = NULL;
    if (conn == NULL) {
        return VELUM_E_NOMEM;
    }
    conn->role = options->role;
    velum_status status =
        driver_status(sqlite3_open_v2(options->path, &conn->db, flags, DRIVER_VFS), conn->db);
    if (status == VELUM_OK) {
        status = prepare_connection(conn->db, options);
    }
    if (status < 0) {
        conn_free(conn);
        return status;
    }
    *out = conn;
    return VELUM_OK;
}

void conn_free(store_conn *conn)
{
    if (conn == NULL) {
        return;
    }
    for (uint32_t i = 0; i < CONN_BUCKETS; i++) {
        while (conn->buckets[i] != NULL) {
            store_stmt *const stmt = conn->buckets[i];
            conn->buckets[i] = stmt->next;
            stmt_free(stmt);
        }
    }
    (void)sqlite3_close(conn->db); /* rolls back what is open */
    mem_free(conn);
}

static void reset_statements(store_conn *conn)
{
    for (uint32_t i = 0; i < CONN_BUCKETS; i++) {
        for (store_stmt *stmt = conn->buckets[i]; stmt != NULL; stmt = stmt->next) {
            stmt_reset(stmt);
        }
    }
}

void conn_settle(store_conn *conn)
{
    conn_rollback(conn);
    reset_statements(conn);
}

velum_status conn_check(const store_conn *conn)
{
    return conn->in_transaction ? conn->broken : VELUM_OK;
}

velum_status conn_result(store_conn *conn, int code)
{
    const velum_status status = driver_status(code, conn->db);

    if (status < 0 && conn->in_transaction && sqlite3_get_autocommit(conn->db) &&
        conn->broken == VELUM_OK) {
        conn->broken = status; /* S-4 */
    }
    return status;
}

static velum_status run_cached(store_conn *conn, const char *sql)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    return stmt_execute(stmt);
}

velum_status conn_begin(store_conn *conn)
{
    if (conn->in_transaction) {
        return conn->broken < 0 ? conn->broken : VELUM_E_INTERNAL;
    }
    reset_statements(conn); /* a half-read statement would hold an older snapshot */
    VELUM_TRY(run_cached(conn, conn->role == CONN_READER ? "BEGIN" : "BEGIN IMMEDIATE"));
    conn->in_transaction = true;
    conn->broken = VELUM_OK;
    return VELUM_OK;
}

velum_status conn_commit(store_conn *conn)
{
    assert(conn->in_transaction);
    reset_statements(conn);
    const velum_status status = run_cached(conn, "COMMIT");
    if (status < 0) {
        conn_rollback(conn);
        return status;
    }
    conn->in_transaction = false;
    return VELUM_OK;
}

void conn_rollback(store_conn *conn)
{
    if (!conn->in_transaction) {
        return;
    }
    reset_statements(conn);
    if (!sqlite3_get_autocommit(conn->db)) {
        (void)sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
    }
    /* A rollback that fails leaves the connection as it is, answering a failure (S-4). */
    const bool ended = sqlite3_get_autocommit(conn->db) != 0;
    conn->in_transaction = !ended;
    conn->broken = ended ? VELUM_OK : VELUM_E_IO;
}

velum_status conn_savepoint(store_conn *conn)
{
    assert(conn->in_transaction);
    return run_cached(conn, "SAVEPOINT velum");
}

velum_status conn_savepoint_release(store_conn *conn)
{
    assert(conn->in_transaction);
    return run_cached(conn, "RELEASE velum");
}

void conn_savepoint_rollback(store_conn *conn)
{
    assert(conn->in_transaction);
    if (conn_check(conn) < 0) {
        return; /* the whole transaction is gone already (S-4) */
    }
    const int code = sqlite3_exec(conn->db, "ROLLBACK TO velum; RELEASE velum", NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        conn->broken = VELUM_E_IO; /* what was to be undone may stand: nothing may be committed */
    }
}

velum_status conn_run(store_conn *conn, const char *sql)
{
    /* The text may hold several statements; each turn takes one off its front. */
    while (*sql != '\0') {
        store_stmt stmt = {.conn = conn, .sql = sql};
        const char *rest = NULL;
        VELUM_TRY(conn_check(conn));
        VELUM_TRY(conn_result(conn, sqlite3_prepare_v2(conn->db, sql, -1, &stmt.handle, &rest)));
        sql = rest;
        if (stmt.handle == NULL) {
            continue; /* blanks or a comment at the end */
        }
        const velum_status status = stmt_execute(&stmt);
        (void)sqlite3_finalize(stmt.handle);
        VELUM_TRY(status);
    }
    return VELUM_OK;
}

static store_stmt **bucket_of(store_conn *conn, const char *sql)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15);

    return &conn->buckets[(mixed >> 32) % CONN_BUCKETS];
}

velum_status conn_statement(store_conn *conn, const char *sql, store_stmt **out)
{
    store_stmt **const bucket = bucket_of(conn, sql);
    store_stmt *stmt = *bucket;

    *out = NULL;
    while (stmt != NULL && stmt->sql != sql) {
        stmt = stmt->next;
    }
    if (stmt == NULL) {
        if (conn->statement_count == CONN_STATEMENTS_MAX) {
            return VELUM_E_LIMIT;
        }
        VELUM_TRY(stmt_prepare(conn, sql, &stmt));
        stmt->next = *bucket;
        *bucket = stmt;
        conn->statement_count++;
    }
    assert(strcmp(sqlite3_sql(stmt->handle), sql) == 0); /* an address stands for one text */
    stmt_reset(stmt);
    *out = stmt;
    return VELUM_OK;
}

int64_t conn_changes(store_conn *conn)
{
    return sqlite3_changes64(conn->db);
}

int64_t conn_total_changes(store_conn *conn)
{
    return sqlite3_total_changes64(conn->db);
}
