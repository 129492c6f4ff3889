/* store/sqlcipher.c: starting the library, and what its result codes mean. */
#include "store/sqlcipher.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "store/store.h"

static pthread_once_t started = PTHREAD_ONCE_INIT;
static velum_status start_status = VELUM_E_INTERNAL;
static char cipher_version[64];

static velum_status configure(void)
{
    /* S-1: asked before anything of the library runs, so that a foreign one is not configured. */
    if (!sqlite3_compileoption_used("HAS_CODEC") || sqlite3_threadsafe() == 0) {
        return VELUM_E_UNSUPPORTED;
    }
    VELUM_TRY(driver_memory_install());
    const bool configured =
        sqlite3_config(SQLITE_CONFIG_MULTITHREAD) == SQLITE_OK &&
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK &&
        /* A folder may be called "file:…". */
        sqlite3_config(SQLITE_CONFIG_URI, 0) == SQLITE_OK &&
        sqlite3_config(SQLITE_CONFIG_MMAP_SIZE, (sqlite3_int64)0, (sqlite3_int64)0) == SQLITE_OK;
    if (!configured) {
        return VELUM_E_UNSUPPORTED;
    }
    return driver_status(sqlite3_initialize(), NULL);
}

/* The first column of the first row as text, cut to `size`. */
static void read_text(sqlite3 *db, const char *sql, char *out, size_t size)
{
    sqlite3_stmt *stmt = NULL;

    out[0] = '\0';
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0) != NULL) {
        (void)snprintf(out, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
}

static velum_status silence_and_check(void)
{
    sqlite3 *db = NULL;
    char ignored[8];

    int code = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        /* The logger writes to stderr by default; a library never prints (style 14, I-5). */
        read_text(db, "PRAGMA cipher_log_level = NONE", ignored, sizeof ignored);
        read_text(db, "PRAGMA cipher_log = off", ignored, sizeof ignored);
        read_text(db, "PRAGMA cipher_version", cipher_version, sizeof cipher_version);
    }
    sqlite3_close(db);
    VELUM_TRY(driver_status(code, NULL));
    return cipher_version[0] == '\0' ? VELUM_E_UNSUPPORTED : VELUM_OK; /* S-1 */
}

static velum_status start(void)
{
    VELUM_TRY(crypto_init());
    VELUM_TRY(configure());
    VELUM_TRY(fault_vfs_install());
    return silence_and_check();
}

static void start_once(void)
{
    start_status = start();
}

velum_status driver_start(void)
{
    if (pthread_once(&started, start_once) != 0) {
        return VELUM_E_INTERNAL;
    }
    return start_status;
}

const char *store_cipher_version(void)
{
    return driver_start() == VELUM_OK ? cipher_version : "";
}

/* Extended codes come before the primary codes that they refine; the first match counts. */
static const struct {
    int code;
    velum_status status;
} meanings[] = {
    {SQLITE_OK, VELUM_OK},
    {SQLITE_ROW, VELUM_OK},
    {SQLITE_DONE, VELUM_OK},
    {SQLITE_CONSTRAINT_UNIQUE, VELUM_E_EXISTS},
    {SQLITE_CONSTRAINT_PRIMARYKEY, VELUM_E_EXISTS},
    {SQLITE_CONSTRAINT_ROWID, VELUM_E_EXISTS},
    {SQLITE_IOERR_NOMEM, VELUM_E_NOMEM},
    {SQLITE_IOERR_CORRUPTFS, VELUM_E_CORRUPT},
    {SQLITE_CONSTRAINT, VELUM_E_INVALID},
    {SQLITE_FULL, VELUM_E_NOSPACE},
    {SQLITE_NOMEM, VELUM_E_NOMEM},
    {SQLITE_TOOBIG, VELUM_E_LIMIT},
    {SQLITE_BUSY, VELUM_E_BUSY},
    {SQLITE_LOCKED, VELUM_E_BUSY},
    {SQLITE_CORRUPT, VELUM_E_CORRUPT},
    {SQLITE_NOTADB, VELUM_E_CORRUPT},
    {SQLITE_IOERR, VELUM_E_IO},
    {SQLITE_CANTOPEN, VELUM_E_IO},
    {SQLITE_PERM, VELUM_E_IO},
    {SQLITE_READONLY, VELUM_E_IO},
    {SQLITE_PROTOCOL, VELUM_E_IO},
    {SQLITE_NOLFS, VELUM_E_LIMIT},
};

static bool is_out_of_space(int code, sqlite3 *db)
{
    if ((code & 0xff) != SQLITE_IOERR || db == NULL) {
        return false;
    }
    const int os_errno = sqlite3_system_errno(db);
    return os_errno == ENOSPC || os_errno == EDQUOT;
}

velum_status driver_status(int code, sqlite3 *db)
{
    if (is_out_of_space(code, db)) {
        return VELUM_E_NOSPACE;
    }
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const int refined = meanings[i].code > 0xff ? code : code & 0xff;
        if (meanings[i].code == refined) {
            return meanings[i].status;
        }
    }
    return VELUM_E_INTERNAL;
}
