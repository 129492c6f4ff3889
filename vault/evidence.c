/* vault/evidence.c: what is sealed under the evidence key of a subject, which outlives the data.
 *
 * What belongs to nobody in the vault (a request of somebody who was never a customer) is sealed under
 * the folder's own evidence key; its owner's 16 bytes stand where a subject's id would.
 * Format: docs/formats/sealed.md, "Places and keys".
 */
#include "vault/internal.h"

#include <assert.h>

static velum_status is_under_destruction(store_conn *conn, const subject_id *id, bool *out)
{
    static const char sql[] = "SELECT 1 FROM destruction WHERE subject = $1 AND kind = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, DESTROY_EVIDENCE));
    const velum_status status = stmt_step(stmt);
    VELUM_TRY(status);
    *out = status != VELUM_END;
    return VELUM_OK;
}

static velum_status open_into(vault *self, store_conn *conn, opened_subject *into)
{
    key_row row = {.slot = 0};
    bool is_ending = false;

    VELUM_TRY(is_under_destruction(conn, &into->id, &is_ending));
    if (is_ending) {
        return VELUM_E_NOTFOUND; /* from step 1 on (V-6) */
    }
    VELUM_TRY(subject_keys_read(self, conn, &into->id, &row));
    into->tenant = keyring_tenant(self->keys);
    return keyring_unwrap(self->keys, KEY_KIND_EVIDENCE, into->id.bytes, row.keys.evidence,
                          into->evidence_key);
}

velum_status vault_open_evidence(vault *self, store_conn *conn, const subject_id *id,
                                 secret_arena *arena, const opened_subject **out)
{
    const size_t mark = secret_arena_mark(arena);
    void *slice = NULL;

    *out = NULL;
    VELUM_TRY(secret_arena_slice(arena, sizeof(opened_subject), &slice));
    opened_subject *const opened = slice;
    opened->id = *id;
    opened->arena = arena;
    const velum_status status = open_into(self, conn, opened);
    if (status < 0) {
        secret_arena_rewind(arena, mark);
        return status;
    }
    *out = opened;
    return VELUM_OK;
}

/* The key of a record, and the place that it is bound to. */
typedef struct evidence_seal {
    uint8_t key[KEY_BYTES];
    sealed_place place;
} evidence_seal;

static void make_seal(const vault *self, const opened_subject *opened, const uint8_t *owner,
                      const sealed_place *at, evidence_seal *out)
{
    uint8_t folder_key[KEY_BYTES];

    assert((opened == NULL) != (owner == NULL));
    out->place = *at;
    out->place.subject = opened == NULL ? owner : opened->id.bytes;
    out->place.tenant = keyring_tenant(self->keys);
    out->place.key_version = SUBJECT_KEY_VERSION;
    if (opened != NULL) {
        key_derive(opened->evidence_key, "velum evidence 1", NULL, 0, out->key);
        return;
    }
    keyring_token_key(self->keys, "evidence", folder_key);
    key_derive(folder_key, "velum evidence 1", NULL, 0, out->key);
    mem_wipe(folder_key, sizeof(folder_key));
}

velum_status vault_seal_evidence(const vault *self, const opened_subject *opened,
                                 const uint8_t *owner, uint16_t place, uint32_t version,
                                 crypto_part plain, buffer *out)
{
    evidence_seal seal;

    make_seal(self, opened, owner, &(sealed_place){.category = place, .version = version}, &seal);
    const velum_status status = sealed_write(seal.key, &self->random, &seal.place, plain, out);
    mem_wipe(&seal, sizeof(seal));
    return status;
}

velum_status vault_unseal_evidence(const vault *self, const opened_subject *opened,
                                   const uint8_t *owner, uint16_t place, uint32_t version,
                                   crypto_part sealed, uint8_t *out)
{
    evidence_seal seal;

    make_seal(self, opened, owner, &(sealed_place){.category = place, .version = version}, &seal);
    const velum_status status = sealed_open(seal.key, &seal.place, sealed, out);
    mem_wipe(&seal, sizeof(seal));
    return status;
}
