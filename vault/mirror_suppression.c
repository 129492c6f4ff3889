/* vault/mirror_suppression.c: who must not come back stands in the place, too.
 *
 * An older vault.db does not know whom an erasure after it has suppressed, and the identifiers themselves
 * are gone with the key (index_fold.c). So a place has the entries as they are today, in the table
 * `suppressed` of its keys.db (M-1, M-2).
 */
#include "vault/internal.h"

#define HASH_BYTES 32
#define TOGETHER 256

typedef struct entry_row {
    uint8_t hash[HASH_BYTES];
    suppression entry;
    bool is_there;
} entry_row;

static velum_status read_values(store_stmt *stmt, int first, suppression *out)
{
    uint32_t basis = 0;

    VELUM_TRY(column_u32(stmt, first, 0, &out->scope));
    VELUM_TRY(column_u32(stmt, first + 1, 0, &out->reason));
    VELUM_TRY(column_u32(stmt, first + 2, 0, &basis));
    out->basis = (uint16_t)basis;
    out->at_ns = stmt_integer(stmt, first + 3);
    out->expires_ns = stmt_integer(stmt, first + 4);
    return VELUM_OK;
}

static velum_status statement_by_hash(store_conn *conn, const char *sql, const entry_row *row,
                                      store_stmt **out)
{
    VELUM_TRY(conn_statement(conn, sql, out));
    return stmt_bind_blob(*out, 1, row->hash, sizeof(row->hash));
}

static velum_status bind_values(store_stmt *stmt, const suppression *entry)
{
    VELUM_TRY(stmt_bind_integer(stmt, 2, entry->scope));
    VELUM_TRY(stmt_bind_integer(stmt, 3, entry->reason));
    VELUM_TRY(stmt_bind_integer(stmt, 4, entry->basis));
    VELUM_TRY(stmt_bind_integer(stmt, 5, entry->at_ns));
    return stmt_bind_integer(stmt, 6, entry->expires_ns);
}

/* --- into the place -------------------------------------------------------------------------------------- */

static velum_status put(store_conn *place, const entry_row *row)
{
    static const char drop_sql[] = "DELETE FROM suppressed WHERE hash = $1";
    static const char put_sql[] =
        "INSERT INTO suppressed (hash, scope, reason, basis, at_ns, expires_ns)"
        " VALUES ($1, $2, $3, $4, $5, $6)";
    VELUM_AUTO_STMT *drop = NULL;
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_by_hash(place, drop_sql, row, &drop));
    VELUM_TRY(stmt_execute(drop));
    if (!row->is_there) {
        return VELUM_OK;
    }
    VELUM_TRY(statement_by_hash(place, put_sql, row, &stmt));
    VELUM_TRY(bind_values(stmt, &row->entry));
    return stmt_execute(stmt);
}

/* The entry as vault.db has it now, whatever it was when it became due. */
static velum_status read_entry(store_conn *rows, entry_row *row)
{
    static const char sql[] = "SELECT scope, reason, basis, at_ns, expires_ns FROM suppression"
                              " WHERE hash = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_by_hash(rows, sql, row, &stmt));
    const velum_status status = stmt_step(stmt);
    VELUM_TRY(status);
    row->is_there = status == VELUM_OK;
    return row->is_there ? read_values(stmt, 0, &row->entry) : VELUM_OK;
}

static velum_status push_due(store_conn *rows, store_conn *place, uint64_t *pushed,
                             uint32_t *out_count)
{
    static const char sql[] =
        "SELECT n, hash FROM suppression_due WHERE n > $1 ORDER BY n LIMIT 256";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    *out_count = 0;
    VELUM_TRY(conn_statement(rows, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)*pushed));
    while (*out_count < TOGETHER && (status = stmt_step(stmt)) == VELUM_OK) {
        entry_row row = {.is_there = false};
        VELUM_TRY(column_bytes(stmt, 1, row.hash, sizeof(row.hash)));
        VELUM_TRY(read_entry(rows, &row));
        VELUM_TRY(put(place, &row));
        *pushed = (uint64_t)stmt_integer(stmt, 0);
        (*out_count)++;
    }
    return status < 0 ? status : VELUM_OK;
}

/* Each entry that `sql` finds, in the order of read_values and then its hash, by `carry` into `to`. */
static velum_status carry_all(store_conn *from, const char *sql, store_conn *to,
                              velum_status (*carry)(store_conn *to, const entry_row *row))
{
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(from, sql, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        entry_row row = {.is_there = true};
        VELUM_TRY(read_values(stmt, 0, &row.entry));
        VELUM_TRY(column_bytes(stmt, 5, row.hash, sizeof(row.hash)));
        VELUM_TRY(carry(to, &row));
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status copy_all(store_conn *rows, store_conn *place)
{
    static const char sql[] =
        "SELECT scope, reason, basis, at_ns, expires_ns, hash FROM suppression ORDER BY hash";

    return carry_all(rows, sql, place, put);
}

/* A view of vault.db and a transaction of the place. */
typedef struct both {
    store_conn *rows;
    store_conn *place;
} both;

static velum_status begin_both(vault *self, store *place, both *out)
{
    *out = (both){.place = store_writer(place)};
    VELUM_TRY(store_reader_acquire(self->vault_db, KEYS_WAIT_MS, &out->rows));
    velum_status status = conn_begin(out->rows);
    if (status == VELUM_OK) {
        status = conn_begin(out->place);
    }
    if (status < 0) {
        store_reader_release(self->vault_db, out->rows);
    }
    return status;
}

static velum_status end_both(vault *self, const both *held, velum_status status)
{
    store_reader_release(self->vault_db, held->rows);
    if (status >= 0) {
        status = conn_commit(held->place);
    }
    if (status < 0) {
        conn_rollback(held->place);
    }
    return status;
}

velum_status mirror_push_suppression(vault *self, store *place, uint64_t *pushed)
{
    uint32_t count = 0;

    do {
        both held;
        uint64_t reached = *pushed;
        VELUM_TRY(begin_both(self, place, &held));
        VELUM_TRY(end_both(self, &held, push_due(held.rows, held.place, &reached, &count)));
        *pushed = reached;
    } while (count == TOGETHER);
    return VELUM_OK;
}

velum_status mirror_copy_suppression(vault *self, store *place)
{
    both held;

    VELUM_TRY(begin_both(self, place, &held));
    return end_both(self, &held, copy_all(held.rows, held.place));
}

/* --- out of it -------------------------------------------------------------------------------------------- */

static velum_status insert_entry(store_conn *conn, const entry_row *row)
{
    static const char sql[] =
        "INSERT INTO suppression (hash, scope, reason, basis, at_ns, expires_ns)"
        " VALUES ($1, $2, $3, $4, $5, $6)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_by_hash(conn, sql, row, &stmt));
    VELUM_TRY(bind_values(stmt, &row->entry));
    return stmt_execute(stmt);
}

static velum_status take_all(store_conn *keys, store_conn *conn)
{
    static const char sql[] =
        "SELECT scope, reason, basis, at_ns, expires_ns, hash FROM suppressed ORDER BY hash";

    return carry_all(keys, sql, conn, insert_entry);
}

velum_status vault_restored_suppression(store *vault_db, store *keys_db)
{
    static const char all_sql[] = "DELETE FROM suppression";
    static const char due_sql[] = "DELETE FROM suppression_due";
    static const char place_sql[] = "DELETE FROM suppressed";
    store_conn *const conn = store_writer(vault_db);
    VELUM_AUTO_STMT *all = NULL;
    VELUM_AUTO_STMT *due = NULL;
    VELUM_AUTO_STMT *place = NULL;

    VELUM_TRY(conn_statement(conn, all_sql, &all));
    VELUM_TRY(conn_statement(conn, due_sql, &due));
    VELUM_TRY(conn_begin(conn));
    velum_status status = stmt_execute(all);
    status = status < 0 ? status : stmt_execute(due);
    status = status < 0 ? status : take_all(store_writer(keys_db), conn);
    status = status < 0 ? status : conn_commit(conn);
    if (status < 0) {
        conn_rollback(conn);
        return status;
    }
    VELUM_TRY(conn_statement(store_writer(keys_db), place_sql, &place));
    return stmt_execute(place); /* which only a place has */
}
