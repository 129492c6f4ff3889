/* store/copy.c: a copy of a database, and the proof that it is one.
 *
 * Pages go through SQLite's backup, which both reads them below the WAL's newest frames and seals them
 * anew under the copy's own salt: byte by byte the two files differ, page by page they are the same.
 * VACUUM INTO would attach the copy, which no connection can (S-5).
 */
#include "store/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"

#define PAGES_A_STEP 256
#define STEPS_A_QUESTION 100000 /* of SQLite's machine: some ms */
#define TABLES_MAX 256          /* of a database of ours */

/* conn_free by the name that VELUM_AUTO looks for. */
static void store_conn_free(store_conn *conn)
{
    conn_free(conn);
}
VELUM_DEFINE_AUTO(store_conn);

/* --- copying ------------------------------------------------------------------------------------ */

static velum_status fault_status(void)
{
    switch (fault_at(FAULT_SQL)) {
    case 0:
        return VELUM_OK;
    case ENOSPC:
        return VELUM_E_NOSPACE;
    default:
        return VELUM_E_IO;
    }
}

static bool is_stopped(const store_copy_options *options)
{
    return options->goes_on != NULL && !options->goes_on(options->context);
}

static velum_status copy_pages(sqlite3_backup *backup, store_conn *to,
                               const store_copy_options *options)
{
    int code = SQLITE_OK;

    while (code == SQLITE_OK) { /* each turn takes pages; none changes in the view of `from` */
        VELUM_TRY(fault_status());
        if (is_stopped(options)) {
            return VELUM_E_UNAVAILABLE;
        }
        code = sqlite3_backup_step(backup, PAGES_A_STEP);
        if (options->progress != NULL && (code == SQLITE_OK || code == SQLITE_DONE)) {
            const uint64_t pages = (uint64_t)sqlite3_backup_pagecount(backup);
            const uint64_t left = (uint64_t)sqlite3_backup_remaining(backup);
            options->progress(options->context, pages - left, pages);
        }
    }
    return code == SQLITE_DONE ? VELUM_OK : driver_status(code, to->db);
}

static velum_status copy_into(store_conn *from, const conn_options *opening,
                              const store_copy_options *options)
{
    VELUM_AUTO(store_conn) *to = NULL;

    VELUM_TRY(conn_open(opening, &to));
    sqlite3_backup *const backup = sqlite3_backup_init(to->db, "main", from->db, "main");
    if (backup == NULL) {
        return driver_status(sqlite3_errcode(to->db), to->db);
    }
    const velum_status status = copy_pages(backup, to, options);
    const int finished = sqlite3_backup_finish(backup);
    return status < 0 ? status : driver_status(finished, to->db);
}

/* --- checking ----------------------------------------------------------------------------------- */

static void finalize(sqlite3_stmt **held)
{
    (void)sqlite3_finalize(*held);
}
#define AUTO_SQLITE_STMT __attribute__((cleanup(finalize))) sqlite3_stmt

/* One row with "ok" is what a sound database answers; `silence` is as good where nothing is. */
static velum_status check_answers(store_conn *conn, const char *sql, bool silence)
{
    AUTO_SQLITE_STMT *stmt = NULL;

    VELUM_TRY(fault_status());
    VELUM_TRY(driver_status(sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL), conn->db));
    const int code = sqlite3_step(stmt);
    if (code == SQLITE_DONE) {
        return silence ? VELUM_OK : VELUM_E_CORRUPT;
    }
    if (code != SQLITE_ROW) {
        return driver_status(code, conn->db);
    }
    const char *const answer = (const char *)sqlite3_column_text(stmt, 0);
    return answer != NULL && strcmp(answer, "ok") == 0 ? VELUM_OK : VELUM_E_CORRUPT;
}

/* The one text of SQL that is not constant: a table has no parameter. Its name comes from the schema,
 * which is ours, and SQLite itself quotes it. */
static velum_status count_rows(store_conn *conn, const char *table, int64_t *out)
{
    AUTO_SQLITE_STMT *stmt = NULL;
    char *const sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", table);

    if (sql == NULL) {
        return VELUM_E_NOMEM;
    }
    const int prepared = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    sqlite3_free(sql);
    VELUM_TRY(driver_status(prepared, conn->db));
    VELUM_TRY(fault_status());
    const int code = sqlite3_step(stmt);
    if (code != SQLITE_ROW) {
        return driver_status(code, conn->db);
    }
    *out = sqlite3_column_int64(stmt, 0);
    return VELUM_OK;
}

static const char tables_sql[] =
    "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";

/* Every table of `from` has as many rows in `to`. */
static velum_status compare_tables(store_conn *from, store_conn *to)
{
    AUTO_SQLITE_STMT *tables = NULL;
    int code = SQLITE_ROW;

    VELUM_TRY(driver_status(sqlite3_prepare_v2(from->db, tables_sql, -1, &tables, NULL), from->db));
    for (uint32_t i = 0; i < TABLES_MAX; i++) {
        int64_t here = 0;
        int64_t there = -1;
        code = sqlite3_step(tables);
        if (code != SQLITE_ROW) {
            return driver_status(code, from->db);
        }
        const char *const table = (const char *)sqlite3_column_text(tables, 0);
        if (table == NULL) {
            return VELUM_E_NOMEM;
        }
        VELUM_TRY(count_rows(from, table, &here));
        VELUM_TRY(count_rows(to, table, &there));
        if (here != there) {
            return VELUM_E_CORRUPT;
        }
    }
    return VELUM_E_LIMIT;
}

/* With that, no table of the copy is one that `from` has not. */
static velum_status compare_count_of_tables(store_conn *from, store_conn *copy)
{
    int64_t here = 0;
    int64_t there = -1;

    VELUM_TRY(count_rows(from, "sqlite_schema", &here));
    VELUM_TRY(count_rows(copy, "sqlite_schema", &there));
    return here == there ? VELUM_OK : VELUM_E_CORRUPT;
}

/* Called by SQLite now and then within a statement: anything but 0 interrupts it. */
static int ask_to_go_on(void *context)
{
    return is_stopped(context) ? 1 : 0;
}

/* As anybody opens a database: a copy that does not open is none. */
static velum_status check_copy(store_conn *from, store_conn *copy)
{
    VELUM_TRY(check_answers(copy, "PRAGMA cipher_integrity_check", true));
    VELUM_TRY(check_answers(copy, "PRAGMA integrity_check", false));
    VELUM_TRY(compare_count_of_tables(from, copy));
    return compare_tables(from, copy);
}

static velum_status verify(store_conn *from, const conn_options *opening,
                           const store_copy_options *options)
{
    VELUM_AUTO(store_conn) *copy = NULL;

    VELUM_TRY(conn_open(opening, &copy));
    sqlite3_progress_handler(copy->db, STEPS_A_QUESTION, ask_to_go_on,
                             (void *)(uintptr_t)options); /* which is only read */
    const velum_status status = check_copy(from, copy);
    const bool was_stopped = sqlite3_errcode(copy->db) == SQLITE_INTERRUPT;
    return status < 0 && was_stopped ? VELUM_E_UNAVAILABLE : status;
}

/* --- the whole ---------------------------------------------------------------------------------- */

static velum_status copy_and_verify(const store *self, store_conn *from, int dir_fd,
                                    const store_copy_options *options)
{
    char path[PATH_BYTES_MAX];
    conn_options opening = *store_writer_options(self);

    VELUM_TRY(path_join(options->folder, options->name, path));
    opening.path = path;
    opening.role = CONN_COPY;
    VELUM_TRY(copy_into(from, &opening, options));
    opening.role = CONN_WRITER;
    VELUM_TRY(verify(from, &opening, options));
    return directory_sync(dir_fd);
}

/* A view is pinned by its first read, and then held against every other connection. */
static velum_status begin_view(store_conn *reader)
{
    int64_t tables = 0;

    VELUM_TRY(conn_begin(reader));
    return count_rows(reader, "sqlite_schema", &tables);
}

/* On a connection of its own: minutes of it would be missed in the pool. */
static velum_status copy_online(const store *self, int dir_fd, const store_copy_options *options)
{
    VELUM_AUTO(store_conn) *reader = NULL;

    VELUM_TRY(conn_open(store_reader_options(self), &reader));
    VELUM_TRY(begin_view(reader));
    return copy_and_verify(self, reader, dir_fd, options);
}

/* A copy of keys is overwritten as well: what it held is destroyed elsewhere one day. */
static void overwrite_copy(int dir_fd, const char *name)
{
    const velum_status status = file_destroy(dir_fd, name);

    (void)status; /* it is unlinked all the same */
}

static void remove_copy(int dir_fd, const char *name)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    char beside[PATH_BYTES_MAX];

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const int size = snprintf(beside, sizeof beside, "%s%s", name, endings[i]);
        if (size > 0 && (size_t)size < sizeof beside) {
            (void)unlinkat(dir_fd, beside, 0);
        }
    }
}

velum_status store_copy(store *self, const store_copy_options *options)
{
    VELUM_AUTO_FD dir_fd = -1;

    if (!options->online) {
        assert(!store_writer(self)->in_transaction);
        conn_settle(store_writer(self));
    }
    VELUM_TRY(directory_open(options->folder, &dir_fd));
    velum_status status = file_make(dir_fd, options->name);
    if (status == VELUM_E_EXISTS) {
        return status; /* somebody's file, which stays */
    }
    if (status == VELUM_OK) {
        status = options->online ? copy_online(self, dir_fd, options)
                                 : copy_and_verify(self, store_writer(self), dir_fd, options);
    }
    if (status < 0) {
        const int os_errno = errno;
        if (options->holds_keys) {
            overwrite_copy(dir_fd, options->name);
        }
        remove_copy(dir_fd, options->name);
        errno = os_errno;
    }
    return status;
}
