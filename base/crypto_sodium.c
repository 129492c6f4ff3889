/* base/crypto_sodium.c: the only file that includes libsodium.
 *
 * Thin on purpose: sizes are held together by static asserts, and what passed through the stack is
 * wiped before a function returns. Ed25519 keys are kept as seeds; the expanded key of libsodium
 * exists only while a signature is made.
 */
#include "base/crypto.h"

#include "base/buffer.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "AEAD key");
static_assert(AEAD_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "AEAD nonce");
static_assert(AEAD_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "AEAD tag");
static_assert(ED25519_SEED_BYTES == crypto_sign_SEEDBYTES, "Ed25519 seed");
static_assert(ED25519_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
static_assert(ED25519_SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519 signature");

velum_status crypto_init_sodium(void)
{
    return sodium_init() < 0 ? VELUM_E_CRYPTO : VELUM_OK; /* 1: was initialised before */
}

void blake2b(crypto_part key, const crypto_part *parts, size_t count, uint8_t *out, size_t out_size)
{
    crypto_generichash_state state;

    assert(out_size >= crypto_generichash_BYTES_MIN && out_size <= crypto_generichash_BYTES_MAX);
    assert(key.size <= crypto_generichash_KEYBYTES_MAX);
    (void)crypto_generichash_init(&state, key.data, key.size, out_size);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            (void)crypto_generichash_update(&state, parts[i].data, parts[i].size);
        }
    }
    (void)crypto_generichash_final(&state, out, out_size);
    mem_wipe(&state, sizeof(state));
}

void blake2b_keyed(const uint8_t key[KEY_BYTES], const crypto_part *parts, size_t count,
                   uint8_t *out, size_t out_size)
{
    blake2b((crypto_part){key, KEY_BYTES}, parts, count, out, out_size);
}

void key_derive(const uint8_t parent[KEY_BYTES], const char *label, const void *context,
                size_t context_size, uint8_t out[KEY_BYTES])
{
    const size_t label_size = strlen(label);
    uint8_t label_prefix[4];
    uint8_t context_prefix[4];

    assert(label_size <= UINT32_MAX && context_size <= UINT32_MAX);
    bytes_write_u32be(label_prefix, (uint32_t)label_size);
    bytes_write_u32be(context_prefix, (uint32_t)context_size);
    const crypto_part parts[] = {{label_prefix, sizeof(label_prefix)},
                                 {label, label_size},
                                 {context_prefix, sizeof(context_prefix)},
                                 {context, context_size}};
    blake2b_keyed(parent, parts, sizeof(parts) / sizeof(parts[0]), out, KEY_BYTES);
}

void aead_seal(const uint8_t key[KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], crypto_part aad,
               crypto_part plain, uint8_t *out)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.size, aad.data,
                                                     aad.size, NULL, nonce, key);
}

velum_status aead_open(const uint8_t key[KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES],
                       crypto_part aad, crypto_part sealed, uint8_t *out)
{
    if (sealed.size < AEAD_TAG_BYTES) {
        return VELUM_E_CRYPTO;
    }
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.size,
                                                   aad.data, aad.size, nonce, key) != 0) {
        mem_wipe(out, sealed.size - AEAD_TAG_BYTES);
        return VELUM_E_CRYPTO;
    }
    return VELUM_OK;
}

void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t out[ED25519_PUBLIC_BYTES])
{
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(out, expanded, seed);
    mem_wipe(expanded, sizeof(expanded));
}

void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const void *message, size_t size,
                  uint8_t out[ED25519_SIGNATURE_BYTES])
{
    uint8_t public_key[ED25519_PUBLIC_BYTES];
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(public_key, expanded, seed);
    (void)crypto_sign_detached(out, NULL, message, size, expanded);
    mem_wipe(expanded, sizeof(expanded));
}

bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_BYTES], const void *message,
                    size_t size, const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, message, size, public_key) == 0;
}
