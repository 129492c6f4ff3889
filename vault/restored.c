/* vault/restored.c: an older vault.db beside newer keys, while a folder is being restored (docs/backup.md).
 *
 * Elsewhere such a row is refused (V-5, V-6). Here it is told what the keys say of each live subject, and
 * the caller makes it good before anybody is let in: with vault_options.is_restoring a row of an earlier
 * generation opens, and the next state is sealed above all that keys.db has ever seen.
 */
#include "vault/internal.h"

#define ORPHANS_AT_ONCE 256

/* --- before the vault is opened ------------------------------------------------------------------------ */

velum_status vault_restored_keys(store *keys_db)
{
    /* the copy has no places yet; whether moves hold is not for this vault.db to say (G-1) */
    static const char *const statements[] = {"DELETE FROM mirror", "DELETE FROM mirror_due",
                                             "DELETE FROM subject_move"};
    store_conn *const keys = store_writer(keys_db);
    velum_status status = conn_begin(keys);

    for (size_t i = 0; status >= 0 && i < sizeof(statements) / sizeof(statements[0]); i++) {
        VELUM_AUTO_STMT *stmt = NULL;
        status = conn_statement(keys, statements[i], &stmt);
        status = status < 0 ? status : stmt_execute(stmt);
    }
    if (status >= 0) {
        status = conn_commit(keys);
    }
    if (status < 0) {
        conn_rollback(keys);
    }
    return status;
}

/* --- what the keys say of live subjects ------------------------------------------------------------------ */

static velum_status judge(store_conn *keys, restored_row *row, uint32_t generation,
                          uint32_t key_version)
{
    key_row found = {.slot = 0};
    const velum_status status = key_row_read(keys, &row->subject, &found);

    if (status == VELUM_E_NOTFOUND) {
        row->found = RESTORED_NO_KEYS;
        return VELUM_OK;
    }
    VELUM_TRY(status);
    if (key_slot_is_empty(found.keys.data)) {
        row->found = RESTORED_NO_DATA_KEY;
        return VELUM_OK;
    }
    row->found = found.key_version > key_version ? RESTORED_KEY_REPLACED : RESTORED_OPENS;
    row->moves = found.generation > generation ? found.generation - generation : 0;
    return VELUM_OK;
}

velum_status vault_restored_after(vault *self, store_conn *conn, const subject_id *after,
                                  restored_rows *out)
{
    static const char sql[] = "SELECT subject, generation, key_version FROM subject"
                              " WHERE subject > $1 AND status = 1 ORDER BY subject LIMIT 32";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    out->count = 0;
    VELUM_TRY(statement_for(conn, sql, after, &stmt));
    while (out->count < VAULT_RESTORED_ROWS && (status = stmt_step(stmt)) == VELUM_OK) {
        restored_row *const row = &out->items[out->count];
        uint32_t generation = 0;
        uint32_t key_version = 0;
        *row = (restored_row){.moves = 0};
        VELUM_TRY(column_bytes(stmt, 0, row->subject.bytes, SUBJECT_ID_BYTES));
        VELUM_TRY(column_u32(stmt, 1, 0, &generation));
        VELUM_TRY(column_u32(stmt, 2, 1, &key_version));
        VELUM_TRY(judge(store_writer(self->keys_db), row, generation, key_version));
        out->count++;
    }
    return status < 0 ? status : VELUM_OK;
}

/* --- who is not there ------------------------------------------------------------------------------------ */

velum_status vault_restored_forget(store_conn *conn, const subject_id *id)
{
    static const char *const statements[] = {"DELETE FROM category WHERE subject = $1",
                                             "DELETE FROM blind_index WHERE subject = $1",
                                             "DELETE FROM search_index WHERE subject = $1",
                                             "DELETE FROM consent_event WHERE subject = $1",
                                             "DELETE FROM retained WHERE subject = $1",
                                             "DELETE FROM erased WHERE subject = $1",
                                             "DELETE FROM destruction WHERE subject = $1",
                                             "DELETE FROM subject WHERE subject = $1"};

    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        VELUM_TRY(execute_for(conn, statements[i], id));
    }
    return VELUM_OK;
}

typedef struct orphan_batch {
    subject_id items[ORPHANS_AT_ONCE];
    uint32_t count;
    subject_id after;
} orphan_batch;

/* Keys behind `after`; those whose subject vault.db has are passed over. */
static velum_status read_orphans(store_conn *keys, store_conn *vault_conn, orphan_batch *out,
                                 uint32_t *out_read)
{
    static const char sql[] =
        "SELECT subject FROM subject_key WHERE subject > $1 ORDER BY subject LIMIT 256";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    out->count = 0;
    *out_read = 0;
    VELUM_TRY(statement_for(keys, sql, &out->after, &stmt));
    while (*out_read < ORPHANS_AT_ONCE && (status = stmt_step(stmt)) == VELUM_OK) {
        subject_row row;
        VELUM_TRY(column_bytes(stmt, 0, out->after.bytes, SUBJECT_ID_BYTES));
        (*out_read)++;
        const velum_status found = subject_row_read(vault_conn, &out->after, &row);
        if (found == VELUM_E_NOTFOUND) {
            out->items[out->count++] = out->after;
        } else {
            VELUM_TRY(found);
        }
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status drop_orphans(store_conn *keys, const orphan_batch *batch)
{
    VELUM_TRY(conn_begin(keys));
    velum_status status = VELUM_OK;
    for (uint32_t i = 0; status >= 0 && i < batch->count; i++) {
        status = keys_drop_whole(keys, &batch->items[i]);
    }
    if (status >= 0) {
        status = conn_commit(keys);
    }
    if (status < 0) {
        conn_rollback(keys);
    }
    return status;
}

velum_status vault_restored_orphans(store *keys_db, store *vault_db, uint64_t *out_count)
{
    store_conn *const keys = store_writer(keys_db);
    VELUM_AUTO_MEM orphan_batch *batch = mem_alloc(sizeof(*batch));
    uint32_t count_read = 0;

    *out_count = 0;
    if (batch == NULL) {
        return VELUM_E_NOMEM;
    }
    do {
        VELUM_TRY(read_orphans(keys, store_writer(vault_db), batch, &count_read));
        if (batch->count > 0) {
            VELUM_TRY(drop_orphans(keys, batch));
        }
        *out_count += batch->count;
    } while (count_read == ORPHANS_AT_ONCE);
    return VELUM_OK;
}
