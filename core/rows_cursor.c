/* core/rows_cursor.c: where a page of rows ended, sealed: it tells its holder nothing of a row that was
 * not shown. Format: docs/formats/rows.md. */
#include "core/rows_part.h"

#include <assert.h>

#define PLAIN_BYTES 16
#define CURSOR_BYTES (AEAD_NONCE_BYTES + PLAIN_BYTES + AEAD_TAG_BYTES)
#define CURSOR_TEXT_BYTES BASE64URL_SIZE(CURSOR_BYTES)

static_assert(CURSOR_TEXT_BYTES + 1 == ROWS_CURSOR_BYTES, "docs/formats/rows.md says so");

static void cursor_key(const passage *passage, uint8_t out[KEY_BYTES])
{
    uint8_t token_key[KEY_BYTES];

    keyring_token_key(passage->gate->keys, "row cursor", token_key);
    key_derive(token_key, "velum row cursor 1", NULL, 0, out);
    mem_wipe(token_key, sizeof(token_key));
}

static void cursor_place(const rows_cursor *cursor, uint8_t out[4])
{
    bytes_write_u16be(out, cursor->table);
    bytes_write_u16be(out + 2, cursor->field);
}

void rows_cursor_write(const passage *passage, const rows_cursor *cursor,
                       char out[ROWS_CURSOR_BYTES])
{
    uint8_t sealed[CURSOR_BYTES];
    uint8_t plain[PLAIN_BYTES];
    uint8_t place[4];
    uint8_t key[KEY_BYTES];

    bytes_write_u64be(plain, (uint64_t)cursor->value);
    bytes_write_u64be(plain + 8, (uint64_t)cursor->n);
    cursor_place(cursor, place);
    cursor_key(passage, key);
    random_fill(&passage->gate->random, sealed, AEAD_NONCE_BYTES);
    aead_seal(key, sealed, (crypto_part){place, sizeof(place)}, (crypto_part){plain, sizeof(plain)},
              sealed + AEAD_NONCE_BYTES);
    base64url_encode(sealed, sizeof(sealed), out);
    mem_wipe(key, sizeof(key));
    mem_wipe(plain, sizeof(plain));
}

velum_status rows_cursor_read(passage *passage, text given, rows_cursor *io)
{
    uint8_t sealed[CURSOR_BYTES];
    uint8_t plain[PLAIN_BYTES];
    uint8_t place[4];
    uint8_t key[KEY_BYTES];
    size_t size = 0;

    velum_status status = base64url_decode(given, sealed, sizeof(sealed), &size);
    if (status == VELUM_OK && size == sizeof(sealed)) {
        cursor_place(io, place);
        cursor_key(passage, key);
        status =
            aead_open(key, sealed, (crypto_part){place, sizeof(place)},
                      (crypto_part){sealed + AEAD_NONCE_BYTES, size - AEAD_NONCE_BYTES}, plain);
        mem_wipe(key, sizeof(key));
    }
    if (status < 0 || size != sizeof(sealed)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`from` is no cursor of this question.");
    }
    io->value = (int64_t)bytes_read_u64be(plain);
    io->n = (int64_t)bytes_read_u64be(plain + 8);
    mem_wipe(plain, sizeof(plain));
    return VELUM_OK;
}
