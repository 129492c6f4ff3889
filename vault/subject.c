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

    buffer_init(&sealed, STATE_SEALED_BYTES);
    VELUM_TRY(opened_seal_state(opened, &self->random, opened->state, 1, &sealed));
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

/* The version as this transaction shows it, which may be ahead of what was opened. */
static velum_status read_state_version(store_conn *conn, const subject_id *id, uint32_t *out)
{
    static const char sql[] = "SELECT state_version FROM subject WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    return column_u32(stmt, 0, 1, out);
}

velum_status vault_put_state(vault *self, store_conn *conn, const opened_subject *opened,
                             const uint8_t state[VAULT_STATE_BYTES])
{
    static const char sql[] = "UPDATE subject SET state_version = $2, state = $3"
                              " WHERE subject = $1";
    VELUM_AUTO_BUFFER sealed;
    VELUM_AUTO_STMT *stmt = NULL;
    uint32_t version = 0;

    buffer_init(&sealed, STATE_SEALED_BYTES);
    VELUM_TRY(read_state_version(conn, &opened->id, &version));
    if (version == UINT32_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(opened_seal_state(opened, &self->random, state, version + 1, &sealed));
    VELUM_TRY(statement_for(conn, sql, &opened->id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, version + 1));
    VELUM_TRY(stmt_bind_blob(stmt, 3, sealed.data, sealed.size));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}
