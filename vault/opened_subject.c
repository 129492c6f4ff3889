/* vault/opened_subject.c: keys and state of one subject, opened into a request's arena.
 *
 * The data key stays in the arena, since a change of consent derives the next state key from it (V-5); the
 * evidence key is opened too, since every read needs its audit token. The primitives leave copies on the stack
 * for the length of a call; nothing of it reaches the heap (V-2).
 */
#include "vault/internal.h"

#include <assert.h>

const subject_id *opened_id(const opened_subject *opened)
{
    return &opened->id;
}

const uint8_t *opened_state(const opened_subject *opened)
{
    return opened->state;
}

bool opened_ledger_matches(const opened_subject *opened, uint32_t ledger_count)
{
    const uint32_t rows = opened->sealed == NULL ? 0 : opened->sealed->ledger_count;

    return rows == ledger_count;
}

void opened_audit_token(const opened_subject *opened, uint32_t month, uint8_t out[16])
{
    uint8_t numbers[8];
    uint8_t code[SHA256_BYTES];

    bytes_write_u32be(numbers, opened->tenant);
    bytes_write_u32be(numbers + 4, month);
    const crypto_part parts[] = {{"audit", 5}, {numbers, sizeof(numbers)}};
    hmac_sha256(opened->evidence_key, parts, 2, code);
    memcpy(out, code, 16);
}

sealed_place opened_place(const opened_subject *opened, uint16_t category, uint32_t version)
{
    return (sealed_place){.subject = opened->id.bytes,
                          .tenant = opened->tenant,
                          .key_version = SUBJECT_KEY_VERSION,
                          .category = category,
                          .version = version};
}

sealed_place opened_data_place(const opened_subject *opened, uint16_t category, uint32_t version)
{
    sealed_place place = opened_place(opened, category, version);

    place.key_version = opened->key_version;
    return place;
}

/* Generation 0 is that of folders from before there were generations: without a context. */
static void derive_state_key(const opened_subject *opened, uint32_t generation,
                             uint8_t out[KEY_BYTES])
{
    uint8_t context[4];

    bytes_write_u32be(context, generation);
    key_derive(opened->data_key, "velum state 1", context, generation == 0 ? 0 : sizeof(context),
               out);
}

void opened_derive(opened_subject *opened, const uint8_t data_key[KEY_BYTES])
{
    memcpy(opened->data_key, data_key, KEY_BYTES);
    derive_state_key(opened, opened->generation, opened->state_key);
    key_derive(data_key, "velum category 1", NULL, 0, opened->category_wrapping_key);
}

void opened_consent_key(const opened_subject *opened, uint8_t out[KEY_BYTES])
{
    key_derive(opened->evidence_key, "velum consent 1", NULL, 0, out);
}

velum_status opened_seal_state(const opened_subject *opened, const velum_random *random,
                               const state_seat *seat, const uint8_t state[VAULT_STATE_BYTES],
                               buffer *out)
{
    const sealed_place place = opened_data_place(opened, PLACE_STATE, seat->version);
    uint8_t key[KEY_BYTES];

    derive_state_key(opened, seat->generation, key);
    const velum_status status =
        sealed_write(key, random, &place, (crypto_part){state, VAULT_STATE_BYTES}, out);
    mem_wipe(key, sizeof(key));
    return status;
}

static velum_status unwrap_keys(const keyring *keys, const sealed_subject *sealed,
                                opened_subject *into)
{
    uint8_t data_key[KEY_BYTES];
    const uint8_t *const id = sealed->id.bytes;

    const velum_status status =
        keyring_unwrap(keys, KEY_KIND_DATA, id, sealed->keys.data, data_key);
    if (status == VELUM_OK) {
        opened_derive(into, data_key);
    }
    mem_wipe(data_key, sizeof(data_key));
    VELUM_TRY(status);
    return keyring_unwrap(keys, KEY_KIND_EVIDENCE, id, sealed->keys.evidence, into->evidence_key);
}

static velum_status open_into(const vault *self, const sealed_subject *sealed, opened_subject *into)
{
    into->id = sealed->id;
    into->tenant = keyring_tenant(self->keys);
    into->sealed = sealed;
    into->generation = sealed->generation;
    into->key_version = sealed->key_version;
    VELUM_TRY(unwrap_keys(self->keys, sealed, into));
    const sealed_place place = opened_data_place(into, PLACE_STATE, sealed->state_version);
    return sealed_open(into->state_key, &place, (crypto_part){sealed->state, STATE_SEALED_BYTES},
                       into->state);
}

velum_status vault_open(vault *self, const sealed_subject *sealed, secret_arena *arena,
                        const opened_subject **out)
{
    const size_t mark = secret_arena_mark(arena);
    void *slice = NULL;

    *out = NULL;
    if (sealed->status != VAULT_SUBJECT_LIVE) {
        return VELUM_E_NOTFOUND; /* unreadable from `erasing` on (I-6) */
    }
    VELUM_TRY(secret_arena_slice(arena, sizeof(opened_subject), &slice));
    opened_subject *const opened = slice;
    opened->arena = arena;
    const velum_status status = open_into(self, sealed, opened);
    if (status < 0) {
        secret_arena_rewind(arena, mark);
        return status;
    }
    *out = opened;
    return VELUM_OK;
}
