/* vault/subject.c: the row of a subject: its birth and its state. */
#include "vault/internal.h"

/* Random keys: derived and kept in `opened`, wrapped into `out`. */
static void make_keys(const vault *self, opened_subject *opened, subject_keys *out)
{
    uint8_t data_key[KEY_BYTES];
    const uint8_t *const id = opened->id.bytes;

    random_fill(&self->random, data_key, sizeof(data_key));
    random_fill(&self->random, opened->evidence_key, sizeof(opened->evidence_key));
    opened_derive(opened, data_key);
    keyring_wrap(self->keys, &self->random, KEY_KIND_DATA, id, data_key, out->data);
    keyring_wrap(self->keys, &self->random, KEY_KIND_EVIDENCE, id, opened->evidence_key,
                 out->evidence);
    mem_wipe(data_key, sizeof(data_key));
}

static velum_status insert_subject(const vault *self, store_conn *conn,
                                   const opened_subject *opened)
{
    static const char sql[] = "INSERT INTO subject (subject, status, state_version, state)"
                              " VALUES ($1, $2, $3, $4)";
    VELUM_AUTO_BUFFER sealed;
    VELUM_AUTO_STMT *stmt = NULL;
    const state_seat seat = {.version = 1, .generation = 0};

    buffer_init(&sealed, STATE_SEALED_BYTES);
    VELUM_TRY(opened_seal_state(opened, &self->random, &seat, opened->state, &sealed));
    VELUM_TRY(statement_for(conn, sql, &opened->id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, VAULT_SUBJECT_LIVE));
    VELUM_TRY(stmt_bind_integer(stmt, 3, 1));
    VELUM_TRY(stmt_bind_blob(stmt, 4, sealed.data, sealed.size));
    return stmt_execute(stmt);
}

static velum_status create_into(vault *self, store_conn *conn, opened_subject *opened)
{
    subject_keys keys;

    opened->tenant = keyring_tenant(self->keys);
    opened->key_version = SUBJECT_KEY_VERSION;
    opened->is_new = true;
    random_fill(&self->random, opened->id.bytes, SUBJECT_ID_BYTES);
    make_keys(self, opened, &keys);
    VELUM_TRY(subject_keys_insert(self, &opened->id, &keys));
    return insert_subject(self, conn, opened);
}

velum_status vault_create(vault *self, store_conn *conn, const uint8_t state[VAULT_STATE_BYTES],
                          secret_arena *arena, const opened_subject **out)
{
    const size_t mark = secret_arena_mark(arena);
    void *slice = NULL;

    *out = NULL;
    VELUM_TRY(secret_arena_slice(arena, sizeof(opened_subject), &slice));
    opened_subject *const opened = slice;
    opened->arena = arena;
    memcpy(opened->state, state, VAULT_STATE_BYTES);
    const velum_status status = create_into(self, conn, opened);
    if (status < 0) {
        secret_arena_rewind(arena, mark);
        return status;
    }
    *out = opened;
    return VELUM_OK;
}

/* --- the state -------------------------------------------------------------------------------------- */

velum_status subject_row_read(store_conn *conn, const subject_id *id, subject_row *out)
{
    static const char sql[] = "SELECT status, state_version, generation, key_version FROM subject"
                              " WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    VELUM_TRY(column_u32(stmt, 0, VAULT_SUBJECT_LIVE, &out->status));
    VELUM_TRY(column_u32(stmt, 1, 1, &out->state_version));
    VELUM_TRY(column_u32(stmt, 2, 0, &out->generation));
    return column_u32(stmt, 3, 1, &out->key_version);
}

velum_status subject_store_state(const vault *self, store_conn *conn, const opened_subject *opened,
                                 const subject_row *row, const uint8_t state[VAULT_STATE_BYTES])
{
    static const char sql[] = "UPDATE subject SET state_version = $2, generation = $3,"
                              " key_version = $4, state = $5 WHERE subject = $1";
    VELUM_AUTO_BUFFER sealed;
    VELUM_AUTO_STMT *stmt = NULL;

    buffer_init(&sealed, STATE_SEALED_BYTES);
    if (row->state_version == UINT32_MAX) {
        return VELUM_E_LIMIT;
    }
    const state_seat seat = {row->state_version + 1, row->generation};
    VELUM_TRY(opened_seal_state(opened, &self->random, &seat, state, &sealed));
    VELUM_TRY(statement_for(conn, sql, &opened->id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, seat.version));
    VELUM_TRY(stmt_bind_integer(stmt, 3, seat.generation));
    VELUM_TRY(stmt_bind_integer(stmt, 4, opened->key_version));
    VELUM_TRY(stmt_bind_blob(stmt, 5, sealed.data, sealed.size));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

/* The numbers as this transaction shows them, which may be ahead of what was opened; under another
 * data key than the one that was opened nothing may be sealed. */
static velum_status row_of(store_conn *conn, const opened_subject *opened, subject_row *out)
{
    VELUM_TRY(subject_row_read(conn, &opened->id, out));
    return out->key_version == opened->key_version ? VELUM_OK : VELUM_E_STALE;
}

velum_status vault_put_state(vault *self, store_conn *conn, const opened_subject *opened,
                             const uint8_t state[VAULT_STATE_BYTES])
{
    subject_row row;

    VELUM_TRY(row_of(conn, opened, &row));
    return subject_store_state(self, conn, opened, &row, state);
}

/* While restoring: the generations between are those of rows that are lost, and of older copies. */
static velum_status raise_restored(vault *self, const store_conn *conn,
                                   const opened_subject *opened, subject_row *row)
{
    key_row keys = {.slot = 0};

    if (!self->is_restoring) {
        return VELUM_OK;
    }
    VELUM_TRY(subject_keys_read(self, conn, &opened->id, &keys));
    row->generation = keys.generation > row->generation ? keys.generation : row->generation;
    return VELUM_OK;
}

velum_status vault_put_state_final(vault *self, store_conn *conn, const opened_subject *opened,
                                   const uint8_t state[VAULT_STATE_BYTES], uint64_t seq)
{
    subject_row row;

    VELUM_TRY(row_of(conn, opened, &row));
    VELUM_TRY(raise_restored(self, conn, opened, &row));
    if (row.generation == UINT32_MAX) {
        return VELUM_E_LIMIT;
    }
    const generation_move move = {opened->id, row.generation, row.generation + 1, seq};
    row.generation = move.generation;
    VELUM_TRY(subject_store_state(self, conn, opened, &row, state));
    return generation_note(self, &move);
}
