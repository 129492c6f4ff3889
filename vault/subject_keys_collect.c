/* vault/subject_keys_collect.c: at start, keys.db is brought to what vault.db committed.
 *
 * keys.db commits before vault.db, so a crash between the two leaves in keys.db what nobody needs: new
 * keys, a generation, a next data key, a key for a retained category. Each is marked, and exactly the
 * marked ones are compared with vault.db. A sweep over all keys would cost a page read a subject, and
 * would destroy every key of a folder whose vault.db was put back from an older copy.
 */
#include "vault/internal.h"

#include "base/status.h"

#include <assert.h>

#define COLLECT_BATCH 256

/* A marked row: `number` is what its table says beside the subject. */
typedef struct marked {
    subject_id id;
    int64_t number;
    int64_t seq;
} marked;

typedef struct marked_batch {
    marked rows[COLLECT_BATCH];
    uint32_t count;
    subject_id after; /* the last one read; zeros, which is nobody's id, before the first */
} marked_batch;

/* What one kind of mark is: how its rows are listed, and what is done with
 * one. */
typedef struct mark_kind {
    const char *list_sql; /* subject, number, seq; of subjects behind $1 */
    velum_status (*judge)(store_conn *keys, store_conn *vault_conn, const marked *row);
} mark_kind;

/* The next rows behind those that `out` holds; none at first. */
static velum_status read_batch(store_conn *keys, const char *sql, marked_batch *out)
{
    VELUM_AUTO_STMT *stmt = NULL;

    static_assert(COLLECT_BATCH == 256, "the statements say so too");
    VELUM_TRY(conn_statement(keys, sql, &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, out->after.bytes, SUBJECT_ID_BYTES));
    out->count = 0;
    while (out->count < COLLECT_BATCH) {
        marked *const row = &out->rows[out->count];
        const velum_status status = stmt_step(stmt);
        VELUM_TRY(status);
        if (status == VELUM_END) {
            return VELUM_OK;
        }
        VELUM_TRY(column_bytes(stmt, 0, row->id.bytes, SUBJECT_ID_BYTES));
        row->number = stmt_integer(stmt, 1);
        row->seq = stmt_integer(stmt, 2);
        out->after = row->id;
        out->count++;
    }
    return VELUM_OK;
}

/* --- the kinds --------------------------------------------------------------------------------------- */

static velum_status judge_new(store_conn *keys, store_conn *vault_conn, const marked *row)
{
    static const char unmark_sql[] = "DELETE FROM subject_new WHERE subject = $1";
    subject_row found;

    const velum_status status = subject_row_read(vault_conn, &row->id, &found);
    if (status == VELUM_E_NOTFOUND) {
        VELUM_TRY(subject_keys_drop(keys, &row->id));
    } else {
        VELUM_TRY(status);
    }
    return execute_for(keys, unmark_sql, &row->id);
}

/* The move holds when vault.db has committed the outbox seq that belongs to it (V-5). */
static velum_status judge_move(store_conn *keys, store_conn *vault_conn, const marked *row)
{
    static const char back_sql[] = "UPDATE subject_key SET generation = $2 WHERE subject = $1";
    static const char unmark_sql[] = "DELETE FROM subject_move WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    uint64_t seq = 0;

    VELUM_TRY(vault_outbox_seq(vault_conn, &seq));
    if (seq < (uint64_t)row->seq) {
        VELUM_TRY(statement_for(keys, back_sql, &row->id, &stmt));
        VELUM_TRY(stmt_bind_integer(stmt, 2, row->number));
        VELUM_TRY(stmt_execute(stmt));
    }
    return execute_for(keys, unmark_sql, &row->id);
}

/* A next data key stays while vault.db is sealed under it: step 2 of the destruction takes it. `number`
 * is its slot, `seq` the version of the key before it. */
static velum_status judge_next(store_conn *keys, store_conn *vault_conn, const marked *row)
{
    subject_row found = {.key_version = 0};

    const velum_status status = subject_row_read(vault_conn, &row->id, &found);
    if (status != VELUM_E_NOTFOUND) {
        VELUM_TRY(status);
    }
    if ((int64_t)found.key_version > row->seq) {
        return VELUM_OK;
    }
    return subject_keys_next_drop(keys, &row->id, row->number);
}

/* `number` is the category. */
static velum_status judge_retained(store_conn *keys, store_conn *vault_conn, const marked *row)
{
    static const char sql[] = "SELECT 1 FROM retained WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(vault_conn, sql, &row->id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->number));
    const velum_status status = stmt_step(stmt);
    VELUM_TRY(status);
    return status == VELUM_END ? retained_key_drop(keys, &row->id, (uint16_t)row->number)
                               : retained_key_unmark(keys, &row->id, (uint16_t)row->number);
}

static const mark_kind kinds[] = {
    {"SELECT subject, 0, 0 FROM subject_new WHERE subject > $1 ORDER BY subject LIMIT 256",
     judge_new},
    {"SELECT subject, generation_before, seq FROM subject_move WHERE subject > $1"
     " ORDER BY subject LIMIT 256",
     judge_move},
    {"SELECT n.subject, n.slot, k.key_version FROM next_key n"
     " JOIN subject_key k ON k.subject = n.subject WHERE n.subject > $1"
     " ORDER BY n.subject LIMIT 256",
     judge_next},
    /* a subject has several, and a batch may end among them */
    {"SELECT subject, category, 0 FROM retained_new WHERE subject >= $1"
     " ORDER BY subject LIMIT 256",
     judge_retained},
};

/* --- judging ----------------------------------------------------------------------------------------- */

static velum_status judge_all(const mark_kind *kind, store_conn *keys, store_conn *vault_conn,
                              marked_batch *batch)
{
    VELUM_TRY(read_batch(keys, kind->list_sql, batch));
    for (uint32_t i = 0; i < batch->count; i++) {
        VELUM_TRY(kind->judge(keys, vault_conn, &batch->rows[i]));
    }
    return VELUM_OK;
}

/* One transaction on keys.db; vault.db is only read (S-2). */
static velum_status collect_batch(const mark_kind *kind, store_conn *keys, store_conn *vault_conn,
                                  marked_batch *batch)
{
    VELUM_TRY(conn_begin(keys));
    velum_status status = judge_all(kind, keys, vault_conn, batch);
    if (status >= 0) {
        status = conn_commit(keys);
    }
    if (status < 0) {
        conn_rollback(keys);
    }
    return status;
}

static velum_status collect_kind(const mark_kind *kind, store_conn *keys, store_conn *vault_conn)
{
    VELUM_AUTO_MEM marked_batch *batch = mem_alloc(sizeof(*batch));

    if (batch == NULL) {
        return VELUM_E_NOMEM;
    }
    do {
        VELUM_TRY(collect_batch(kind, keys, vault_conn, batch));
    } while (batch->count == COLLECT_BATCH);
    return VELUM_OK;
}

velum_status subject_keys_collect(vault *self)
{
    store_conn *const keys = store_writer(self->keys_db);
    store_conn *vault_conn = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(store_reader_acquire(self->vault_db, KEYS_WAIT_MS, &vault_conn));
    for (size_t i = 0; status >= 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        status = collect_kind(&kinds[i], keys, vault_conn);
    }
    store_reader_release(self->vault_db, vault_conn);
    return status;
}
