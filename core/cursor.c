/* core/cursor.c: a subject id that leaves sealed. */
#include "core/cursor.h"

#include <assert.h>

#define CURSOR_BYTES (AEAD_NONCE_BYTES + SUBJECT_ID_BYTES + AEAD_TAG_BYTES)

static_assert(2 * CURSOR_BYTES + 1 == CURSOR_TEXT_BYTES, "hex of all of it");

/* What it serves for, as associated data. */
static void bind(const passage *passage, crypto_part query, uint8_t out[SHA256_BYTES])
{
    const uint32_t place[2] = {passage->verb->number, passage->activity};
    const crypto_part parts[] = {
        {passage->actor.token, ENTRY_TOKEN_BYTES}, {place, sizeof(place)}, query};

    sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), out);
}

void cursor_write(passage *passage, crypto_part query, const subject_id *after,
                  char out[CURSOR_TEXT_BYTES])
{
    uint8_t sealed[CURSOR_BYTES];
    uint8_t bound[SHA256_BYTES];
    uint8_t key[KEY_BYTES];

    bind(passage, query, bound);
    random_fill(&passage->gate->random, sealed, AEAD_NONCE_BYTES);
    keyring_token_key(passage->gate->keys, "cursor", key);
    aead_seal(key, sealed, (crypto_part){bound, sizeof(bound)},
              (crypto_part){after->bytes, SUBJECT_ID_BYTES}, sealed + AEAD_NONCE_BYTES);
    mem_wipe(key, sizeof(key));
    hex_encode(sealed, sizeof(sealed), out);
}

velum_status cursor_read(passage *passage, crypto_part query, text cursor, subject_id *out)
{
    static const char hint[] = "`from` is what `next` of the same query said.";
    uint8_t sealed[CURSOR_BYTES];
    uint8_t bound[SHA256_BYTES];
    uint8_t key[KEY_BYTES];

    *out = (subject_id){{0}};
    if (cursor.size == 0) {
        return VELUM_OK;
    }
    if (hex_decode(cursor, sealed, sizeof(sealed)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, hint);
    }
    bind(passage, query, bound);
    keyring_token_key(passage->gate->keys, "cursor", key);
    const velum_status status = aead_open(
        key, sealed, (crypto_part){bound, sizeof(bound)},
        (crypto_part){sealed + AEAD_NONCE_BYTES, SUBJECT_ID_BYTES + AEAD_TAG_BYTES}, out->bytes);
    mem_wipe(key, sizeof(key));
    return status == VELUM_OK ? VELUM_OK : refuse_hint(passage, PROBLEM_MALFORMED, hint);
}
