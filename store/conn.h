/* store/conn.h: a connection and its statements, inside store/. The public half is store.h.
 *
 * S-4  When the engine gave a transaction up by itself (full disk, failed write, no memory), the
 *      connection answers that first failure until conn_rollback. Otherwise what follows would be
 *      committed statement by statement.
 * S-5  No connection can reach a second file: nothing can be attached (this is what holds S-2).
 */
#ifndef STORE_CONN_H
#define STORE_CONN_H

#include "store/sqlcipher.h"
#include "store/store.h"

#define CONN_BUCKETS 128u
#define CONN_STATEMENTS_MAX 2048u
#define STMT_PARAMETERS_MAX 64
#define PATH_BYTES_MAX 512 /* SQLite's own limit, "-journal" included */

typedef enum conn_role {
    CONN_WRITER,       /* the one that changes rows */
    CONN_READER,       /* opened read-only */
    CONN_CHECKPOINTER, /* moves the WAL into the file, never changes a row */
    CONN_COPY,         /* takes pages into a new file, without a WAL */
} conn_role;

typedef struct conn_options {
    const char *path;
    text key_literal; /* x'…' of the raw key */
    conn_role role;
    uint32_t busy_timeout_ms;
} conn_options;

struct store_conn {
    sqlite3 *db;
    conn_role role;
    bool in_transaction;
    velum_status broken; /* S-4: why the transaction cannot go on; VELUM_OK while it can */
    store_stmt *buckets[CONN_BUCKETS];
    uint32_t statement_count;
};

struct store_stmt {
    store_conn *conn;
    store_stmt *next; /* in its bucket */
    const char *sql;  /* the literal; its address is the key of the cache */
    sqlite3_stmt *handle;
    bool used; /* bound or stepped since the last reset */
    /* parameters[n] is SQLite's index of $n: it numbers by first appearance. */
    int parameters[STMT_PARAMETERS_MAX + 1];
};

/* VELUM_E_UNSUPPORTED by S-1, VELUM_E_CRYPTO for a wrong key or a file that is not ours. */
velum_status conn_open(const conn_options *options, store_conn **out) VELUM_WARN_UNUSED;
void conn_free(store_conn *conn);

/* Ends what is left: an open transaction, half-read statements. */
void conn_settle(store_conn *conn);

/* VELUM_OK, or the failure that broke the transaction (S-4). */
velum_status conn_check(const store_conn *conn) VELUM_WARN_UNUSED;
/* Translates a result code and notices a transaction that the engine gave up (S-4). */
velum_status conn_result(store_conn *conn, int code) VELUM_WARN_UNUSED;

/* The path of a file below a folder that exists, made absolute; VELUM_E_NOTFOUND, VELUM_E_LIMIT. */
velum_status path_join(const char *folder, const char *name,
                       char out[PATH_BYTES_MAX]) VELUM_WARN_UNUSED;
/* A new file of ours, mode 0600: SQLite would make it readable to others. */
velum_status file_make(int dir_fd, const char *name) VELUM_WARN_UNUSED;
/* How a store opens its writer, and its readers; borrowed. */
const conn_options *store_writer_options(const store *self);
const conn_options *store_reader_options(const store *self);

velum_status stmt_prepare(store_conn *conn, const char *sql, store_stmt **out) VELUM_WARN_UNUSED;
void stmt_free(store_stmt *stmt);

#endif
