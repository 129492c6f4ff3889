/* base/crypto_openssl.c: the only file that includes OpenSSL.
 *
 * SHA-256 stands on the hot path (each leaf of the log, each node of its tree), mostly over 65
 * bytes. OpenSSL's EVP interface costs more there than the hash itself, and its contexts are heap
 * objects of OpenSSL's own. So this file uses the low-level calls: they work on a plain struct, keep
 * nothing, and reach the same assembly (SHA extensions where the processor has them). They are
 * marked deprecated in OpenSSL 3.0 in favour of EVP and remain present throughout version 3.
 *
 * For AES of one block the low-level call also gives what EVP cannot: a key schedule that is
 * immutable, so that threads share it without a lock. Its assembly reads a compact, prefetched
 * table, not AES instructions; it is not promised to be free of cache timing.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the low-level calls, for the reason above */

#include "base/crypto.h"

#include <assert.h>
#include <openssl/aes.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#define SHA256_BLOCK_BYTES 64

static_assert(SHA256_BYTES == SHA256_DIGEST_LENGTH, "one size of digest");
static_assert(SHA256_BLOCK_BYTES == SHA256_CBLOCK, "one size of block");

velum_status crypto_init(void)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return VELUM_E_CRYPTO;
    }
    return crypto_init_sodium();
}

/* The low-level calls cannot fail: they return 1 always. */
static void state_update(SHA256_CTX *state, const void *data, size_t size)
{
    if (size > 0) {
        (void)SHA256_Update(state, data, size);
    }
}

static void state_update_parts(SHA256_CTX *state, const crypto_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        state_update(state, parts[i].data, parts[i].size);
    }
}

void sha256(const void *data, size_t size, uint8_t out[SHA256_BYTES])
{
    const crypto_part part = {data, size};

    sha256_parts(&part, 1, out);
}

void sha256_parts(const crypto_part *parts, size_t count, uint8_t out[SHA256_BYTES])
{
    SHA256_CTX state;

    (void)SHA256_Init(&state);
    state_update_parts(&state, parts, count);
    (void)SHA256_Final(out, &state);
    mem_wipe(&state, sizeof(state));
}

struct sha256_stream {
    SHA256_CTX state;
};

velum_status sha256_stream_create(sha256_stream **out)
{
    *out = NULL;
    sha256_stream *const stream = mem_alloc(sizeof(*stream));
    if (stream == NULL) {
        return VELUM_E_NOMEM;
    }
    (void)SHA256_Init(&stream->state);
    *out = stream;
    return VELUM_OK;
}

void sha256_stream_update(sha256_stream *stream, const void *data, size_t size)
{
    state_update(&stream->state, data, size);
}

void sha256_stream_finish(sha256_stream *stream, uint8_t out[SHA256_BYTES])
{
    (void)SHA256_Final(out, &stream->state);
    mem_wipe(&stream->state, sizeof(stream->state));
    (void)SHA256_Init(&stream->state);
}

void sha256_stream_free(sha256_stream *stream)
{
    mem_free(stream);
}

/* Starts a hash with the key, padded with zeros to a block and masked (RFC 2104 §2). */
static void hmac_start(SHA256_CTX *state, const uint8_t key[KEY_BYTES], uint8_t mask)
{
    uint8_t block[SHA256_BLOCK_BYTES];

    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = i < KEY_BYTES ? key[i] ^ mask : mask;
    }
    (void)SHA256_Init(state);
    state_update(state, block, sizeof(block));
    mem_wipe(block, sizeof(block));
}

void hmac_sha256(const uint8_t key[KEY_BYTES], const crypto_part *parts, size_t count,
                 uint8_t out[SHA256_BYTES])
{
    SHA256_CTX state;
    uint8_t inner[SHA256_BYTES];

    hmac_start(&state, key, 0x36);
    state_update_parts(&state, parts, count);
    (void)SHA256_Final(inner, &state);
    hmac_start(&state, key, 0x5c);
    state_update(&state, inner, sizeof(inner));
    (void)SHA256_Final(out, &state);
    mem_wipe(&state, sizeof(state));
    mem_wipe(inner, sizeof(inner));
}

struct aes_block {
    AES_KEY forward;
    AES_KEY back;
};

velum_status aes_block_create(const uint8_t key[KEY_BYTES], aes_block **out)
{
    *out = NULL;
    VELUM_AUTO(aes_block) *self = mem_alloc(sizeof(*self));
    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    if (AES_set_encrypt_key(key, KEY_BYTES * 8, &self->forward) != 0 ||
        AES_set_decrypt_key(key, KEY_BYTES * 8, &self->back) != 0) {
        return VELUM_E_CRYPTO;
    }
    *out = aes_block_take(&self);
    return VELUM_OK;
}

void aes_block_free(aes_block *self)
{
    mem_free(self);
}

void aes_block_encrypt(const aes_block *self, const uint8_t in[16], uint8_t out[16])
{
    AES_encrypt(in, out, &self->forward);
}

void aes_block_decrypt(const aes_block *self, const uint8_t in[16], uint8_t out[16])
{
    AES_decrypt(in, out, &self->back);
}
