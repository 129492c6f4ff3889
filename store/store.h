/* store/store.h: one encrypted database file behind a seam.
 *
 * SQLCipher 4 is the first driver: raw 256-bit key, WAL, synchronous=FULL, one writer connection,
 * readers from a bounded pool. A second driver (PostgreSQL) fits behind the same functions, so DML
 * is constant text that both engines accept, with parameters $1, $2 … in any order, and DDL lives
 * in a driver's migration files.
 *
 * S-1  At open the library must show a non-empty cipher_version and the file must not begin with
 *      "SQLite format 3": another library in our place is refused, not trusted.
 * S-2  One transaction never spans two files.
 * S-3  A connection is used by one thread at a time.
 * S-4  When the engine gave a transaction up by itself, nothing runs until it is rolled back.
 * S-5  No connection can reach a second file: nothing can be attached.
 *
 * Faults: every statement step passes base/fault.h (FAULT_SQL); file writes and syncs of SQLite do
 * so through a thin VFS in test builds (FAULT_WRITE, FAULT_SYNC), so that a full disk and a failing
 * sync can be run.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/crypto.h"
#include "base/text.h"

typedef struct store store;           /* one database file; any thread */
typedef struct store_conn store_conn; /* one connection; one thread at a time (S-3) */
typedef struct store_stmt store_stmt; /* a prepared statement, borrowed from its connection */

typedef struct store_options {
    const char *folder;   /* path of the data folder, at most about 490 bytes once resolved */
    const char *name;     /* "vault.db" */
    const uint8_t *key;   /* KEY_BYTES */
    uint32_t readers_max; /* 1–64 */
    uint32_t busy_timeout_ms;
    bool create; /* make it when it is not there; without, VELUM_E_NOTFOUND */
} store_options;

/* VELUM_E_CRYPTO for a wrong key or a file that is no database of ours, VELUM_E_UNSUPPORTED when
 * S-1 does not hold, VELUM_E_LIMIT when the resolved path of the file is over 500 bytes (SQLite's
 * limit). The key is copied into a secret arena. */
velum_status store_open(const store_options *options, store **out,
                        velum_error *err) VELUM_WARN_UNUSED;
/* All readers must have been released. Checkpoints the WAL. NULL is allowed. */
void store_free(store *self);
VELUM_DEFINE_AUTO(store);

/* The one writer connection, borrowed; the caller guarantees a single thread. */
store_conn *store_writer(store *self);

/* A reader from the pool, waiting at most `wait_ms`; VELUM_E_BUSY when none came free. */
velum_status store_reader_acquire(store *self, uint32_t wait_ms,
                                  store_conn **out) VELUM_WARN_UNUSED;
/* Ends a transaction that is still open. NULL is allowed. */
void store_reader_release(store *self, store_conn *conn);

/* Transactions. A writer begins IMMEDIATE; a reader's begin pins one snapshot at its first read.
 * Half-read statements end with the transaction. A commit that fails has rolled back; when its sync
 * failed, the change may still come back after a crash, whole (I-1: "unknown"). After a failure for
 * which the engine rolled back by itself, calls repeat that failure until conn_rollback (S-4). */
velum_status conn_begin(store_conn *conn) VELUM_WARN_UNUSED;
velum_status conn_commit(store_conn *conn) VELUM_WARN_UNUSED;
void conn_rollback(store_conn *conn);
/* Savepoints nest in a transaction; one name, used as a stack. */
velum_status conn_savepoint(store_conn *conn) VELUM_WARN_UNUSED;
velum_status conn_savepoint_release(store_conn *conn) VELUM_WARN_UNUSED;
void conn_savepoint_rollback(store_conn *conn);

/* One or more statements of constant SQL without parameters or rows, such as DDL; no PRAGMA. */
velum_status conn_run(store_conn *conn, const char *sql) VELUM_WARN_UNUSED;

/* The prepared statement for a constant SQL text, reset and without bindings. Statements are cached
 * per connection by the address of `sql`, which must be a literal. */
velum_status conn_statement(store_conn *conn, const char *sql, store_stmt **out) VELUM_WARN_UNUSED;
/* Parameters by number: 1 is $1, at most $64. Values are copied. */
velum_status stmt_bind_integer(store_stmt *stmt, int number, int64_t value) VELUM_WARN_UNUSED;
velum_status stmt_bind_text(store_stmt *stmt, int number, text value) VELUM_WARN_UNUSED;
velum_status stmt_bind_blob(store_stmt *stmt, int number, const void *data,
                            size_t size) VELUM_WARN_UNUSED;
velum_status stmt_bind_null(store_stmt *stmt, int number) VELUM_WARN_UNUSED;
/* VELUM_OK: a row stands; VELUM_END: done (and reset). VELUM_E_EXISTS for a uniqueness conflict,
 * VELUM_E_INVALID for any other constraint, VELUM_E_NOSPACE, VELUM_E_IO, VELUM_E_CORRUPT,
 * VELUM_E_BUSY, VELUM_E_NOMEM. What changes rows and returns some (RETURNING) needs a
 * transaction. */
velum_status stmt_step(store_stmt *stmt) VELUM_WARN_UNUSED;
/* Steps a statement that returns no row; VELUM_OK when done. */
velum_status stmt_execute(store_stmt *stmt) VELUM_WARN_UNUSED;
/* Columns from 0; text and blob are borrowed until the next step or reset. */
int64_t stmt_integer(store_stmt *stmt, int column);
text stmt_text(store_stmt *stmt, int column);
crypto_part stmt_blob(store_stmt *stmt, int column);
bool stmt_is_null(store_stmt *stmt, int column);
/* Frees what a half-read statement holds; safe to repeat. Bindings are cleared (they may be
 * personal data). */
void stmt_reset(store_stmt *stmt);
/* Rows that the last INSERT, UPDATE or DELETE changed. */
int64_t conn_changes(store_conn *conn);
/* Rows changed on this connection since it was opened, those of savepoints taken back among them: the
 * same number before and after says that nothing was changed. DDL does not count. */
int64_t conn_total_changes(store_conn *conn);

/* A truncating WAL checkpoint with readers drained by a bounded wait; VELUM_E_BUSY when they do not
 * leave (spec: a deleted row stays readable in the WAL). Writer thread only. */
velum_status store_checkpoint(store *self, uint32_t wait_ms) VELUM_WARN_UNUSED;

/* Moves what no reader still needs from the WAL into the file, on a connection of its own, waiting
 * for nobody. Any thread; meant for the checkpointer, which calls it every second or so. Without
 * it the writer's commit does so itself when the WAL reaches 64 MiB. */
velum_status store_checkpoint_passive(store *self) VELUM_WARN_UNUSED;

/* Schema: steps 1…count, each a list of statements ended by NULL, run in one transaction each. The
 * version stands in table `schema_version`. A newer schema than `count` is VELUM_E_NEWER with the
 * version in `err`. On success `*out_from` is the version that was found (0 for a new file), so
 * that steps *out_from + 1 … count were done (for a leaf each). Writer thread only. */
typedef struct store_step {
    const char *const *statements;
} store_step;
velum_status store_migrate(store *self, const store_step *steps, uint32_t count, uint32_t *out_from,
                           velum_error *err) VELUM_WARN_UNUSED;

/* The version of the schema that the file has, 0 for a file without any. Changes nothing. Writer
 * thread only, as what follows. */
velum_status store_schema_version(store *self, uint32_t *out) VELUM_WARN_UNUSED;
/* VELUM_OK when the schema is `version`. VELUM_E_OLDER and VELUM_E_NEWER else, with both versions and
 * what to do in `err`, where the file is called `what`; VELUM_E_CORRUPT for a file without a schema. */
velum_status store_schema_require(store *self, uint32_t version, const char *what,
                                  velum_error *err) VELUM_WARN_UNUSED;
/* Takes the step to `version` from the one before it, in one transaction with what `inside` does
 * (unless NULL). VELUM_E_INVALID when the file is not at the version before. */
typedef velum_status (*store_inside)(void *context, store_conn *conn);
velum_status store_step_take(store *self, const store_step *step, uint32_t version,
                             store_inside inside, void *context) VELUM_WARN_UNUSED;

/* Copies what is committed, page by page, into a new file with the same key, durable when it comes
 * back; then opens the copy, checks the seal of every page and the order of every tree, and counts the
 * rows of each table in both. VELUM_E_EXISTS when there is such a file, VELUM_E_NOSPACE, VELUM_E_IO,
 * VELUM_E_CORRUPT when a check fails. What fails leaves no file. Writer thread only, no transaction; with
 * `online` any thread, in a snapshot that is held until the copy is checked: the WAL grows as long. */
typedef struct store_copy_options {
    const char *folder; /* of the copy */
    const char *name;
    void (*progress)(void *context, uint64_t pages_done, uint64_t pages); /* or NULL */
    void *context;
    bool online;     /* others go on writing */
    bool holds_keys; /* what fails is overwritten, too */
    /* Asked now and then, also while the copy is checked; false: VELUM_E_UNAVAILABLE. Or NULL. */
    bool (*goes_on)(void *context);
} store_copy_options;
velum_status store_copy(store *self, const store_copy_options *options) VELUM_WARN_UNUSED;

/* "4.14.0 community" – what S-1 saw, for `velum --version`. */
const char *store_cipher_version(void);

#endif
