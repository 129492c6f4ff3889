/* vault/sealed.c: header ‖ nonce ‖ ciphertext and tag, bound to its place by the AAD.
 *
 * The whole header stands in the AAD together with subject, category and record version, so that a
 * record which is moved to another subject, category, version, tenant or key does not open (V-3).
 * Format: docs/formats/sealed.md.
 */
#include "vault/sealed.h"

#include <assert.h>
#include <string.h>

#define SEALED_FORMAT 1
#define SUITE_XCHACHA20_POLY1305 1

#define SUBJECT_BYTES 16
#define AAD_BYTES (SEALED_HEADER_BYTES + 4 + SUBJECT_BYTES + 4 + 2 + 4 + 4)

static_assert(SEALED_OVERHEAD_BYTES == 50, "docs/formats/sealed.md says so");
static_assert(AAD_BYTES == 44, "docs/formats/sealed.md says so");

static void write_header(const sealed_place *place, uint8_t out[SEALED_HEADER_BYTES])
{
    out[0] = SEALED_FORMAT;
    out[1] = SUITE_XCHACHA20_POLY1305;
    bytes_write_u32be(out + 2, place->tenant);
    bytes_write_u32be(out + 6, place->key_version);
}

static void write_aad(const sealed_place *place, uint8_t out[AAD_BYTES])
{
    uint8_t *at = out;

    write_header(place, at);
    at += SEALED_HEADER_BYTES;
    bytes_write_u32be(at, SUBJECT_BYTES);
    memcpy(at + 4, place->subject, SUBJECT_BYTES);
    at += 4 + SUBJECT_BYTES;
    bytes_write_u32be(at, 2);
    bytes_write_u16be(at + 4, place->category);
    at += 4 + 2;
    bytes_write_u32be(at, 4);
    bytes_write_u32be(at + 4, place->version);
    assert(at + 8 == out + AAD_BYTES);
}

velum_status sealed_write(const uint8_t key[KEY_BYTES], const velum_random *random,
                          const sealed_place *place, crypto_part plain, buffer *out)
{
    uint8_t aad[AAD_BYTES];
    size_t sealed_size = 0;

    if (!size_add(plain.size, SEALED_OVERHEAD_BYTES, &sealed_size)) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(buffer_reserve(out, sealed_size));
    write_aad(place, aad);
    uint8_t *const header = out->data + out->size;
    uint8_t *const nonce = header + SEALED_HEADER_BYTES;
    memcpy(header, aad, SEALED_HEADER_BYTES);
    random_fill(random, nonce, AEAD_NONCE_BYTES);
    aead_seal(key, nonce, (crypto_part){aad, sizeof(aad)}, plain, nonce + AEAD_NONCE_BYTES);
    out->size += sealed_size;
    return VELUM_OK;
}

/* A later format or suite says so; any other difference in the header is a record out of place. */
static velum_status check_header(const uint8_t *found, const uint8_t *expected)
{
    if (found[0] > SEALED_FORMAT) {
        return VELUM_E_NEWER;
    }
    if (found[0] == SEALED_FORMAT && found[1] > SUITE_XCHACHA20_POLY1305) {
        return VELUM_E_NEWER;
    }
    return memcmp(found, expected, SEALED_HEADER_BYTES) == 0 ? VELUM_OK : VELUM_E_CRYPTO;
}

velum_status sealed_open(const uint8_t key[KEY_BYTES], const sealed_place *place,
                         crypto_part sealed, uint8_t *out)
{
    const uint8_t *const bytes = sealed.data;
    uint8_t aad[AAD_BYTES];

    if (sealed.size < SEALED_OVERHEAD_BYTES) {
        return VELUM_E_CRYPTO;
    }
    write_aad(place, aad);
    VELUM_TRY(check_header(bytes, aad));
    const crypto_part ciphertext = {bytes + SEALED_HEADER_BYTES + AEAD_NONCE_BYTES,
                                    sealed.size - SEALED_HEADER_BYTES - AEAD_NONCE_BYTES};
    return aead_open(key, bytes + SEALED_HEADER_BYTES, (crypto_part){aad, sizeof(aad)}, ciphertext,
                     out);
}
