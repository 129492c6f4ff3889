/* base/crypto.h: the primitives, and nothing about what they protect.
 *
 * OpenSSL gives SHA-256, HMAC-SHA-256 and AES-256 of one block (base/crypto_openssl.c); libsodium
 * gives XChaCha20-Poly1305, keyed BLAKE2b and Ed25519 (base/crypto_sodium.c). All functions are
 * thread-safe after crypto_init. None keeps a copy of a key, except the opened contexts below.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "base/mem.h"

#define SHA256_BYTES 32
#define KEY_BYTES 32
#define AEAD_NONCE_BYTES 24
#define AEAD_TAG_BYTES 16
#define ED25519_SEED_BYTES 32
#define ED25519_PUBLIC_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* Once a process, before anything else of OpenSSL or SQLCipher: tells OpenSSL not to load the
 * host's configuration, which could map a foreign provider into us. Safe to repeat, from any thread. */
velum_status crypto_init(void) VELUM_WARN_UNUSED;
/* The half of crypto_init that concerns libsodium; crypto_init calls it. */
velum_status crypto_init_sodium(void) VELUM_WARN_UNUSED;

/* One piece of a message that is hashed in parts. */
typedef struct crypto_part {
    const void *data;
    size_t size;
} crypto_part;

/* FIPS 180-4. */
void sha256(const void *data, size_t size, uint8_t out[SHA256_BYTES]);
void sha256_parts(const crypto_part *parts, size_t count, uint8_t out[SHA256_BYTES]);

/* A running SHA-256 for large inputs. */
typedef struct sha256_stream sha256_stream;
velum_status sha256_stream_create(sha256_stream **out) VELUM_WARN_UNUSED;
void sha256_stream_update(sha256_stream *stream, const void *data, size_t size);
void sha256_stream_finish(sha256_stream *stream, uint8_t out[SHA256_BYTES]); /* and starts anew */
void sha256_stream_free(sha256_stream *stream);
VELUM_DEFINE_AUTO(sha256_stream);

/* RFC 2104 with SHA-256. */
void hmac_sha256(const uint8_t key[KEY_BYTES], const crypto_part *parts, size_t count,
                 uint8_t out[SHA256_BYTES]);

/* Keyed BLAKE2b (RFC 7693), `out_size` 16–64. The pieces are hashed one after another as they are:
 * callers prefix lengths where a boundary matters. */
void blake2b_keyed(const uint8_t key[KEY_BYTES], const crypto_part *parts, size_t count,
                   uint8_t *out, size_t out_size);

/* BLAKE2b with a key of any size the RFC allows (0–64, 0 for none); ours are for blake2b_keyed. */
void blake2b(crypto_part key, const crypto_part *parts, size_t count, uint8_t *out,
             size_t out_size);

/* A key for one use: BLAKE2b-256 keyed with `parent` over a label and a context, each prefixed by
 * its length (u32be). `label` is a constant of ours such as "velum state 1". */
void key_derive(const uint8_t parent[KEY_BYTES], const char *label, const void *context,
                size_t context_size, uint8_t out[KEY_BYTES]);

/* XChaCha20-Poly1305 (IETF construction, draft-irtf-cfrg-xchacha). `out` gets size + AEAD_TAG_BYTES
 * bytes; it may not overlap `plain`. */
void aead_seal(const uint8_t key[KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES], crypto_part aad,
               crypto_part plain, uint8_t *out);
/* `sealed` includes the tag. VELUM_E_CRYPTO when it does not hold; `out` is then wiped. */
velum_status aead_open(const uint8_t key[KEY_BYTES], const uint8_t nonce[AEAD_NONCE_BYTES],
                       crypto_part aad, crypto_part sealed, uint8_t *out) VELUM_WARN_UNUSED;

/* AES-256 of one block, forward and back (FIPS 197), for pseudonyms. Expanded once per key. A
 * context is immutable and may be used by many threads. */
typedef struct aes_block aes_block;
velum_status aes_block_create(const uint8_t key[KEY_BYTES], aes_block **out) VELUM_WARN_UNUSED;
void aes_block_free(aes_block *self);
VELUM_DEFINE_AUTO(aes_block);
void aes_block_encrypt(const aes_block *self, const uint8_t in[16], uint8_t out[16]);
void aes_block_decrypt(const aes_block *self, const uint8_t in[16], uint8_t out[16]);

/* Ed25519 (RFC 8032), pure. */
void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t out[ED25519_PUBLIC_BYTES]);
void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const void *message, size_t size,
                  uint8_t out[ED25519_SIGNATURE_BYTES]);
bool ed25519_verify(const uint8_t public_key[ED25519_PUBLIC_BYTES], const void *message,
                    size_t size, const uint8_t signature[ED25519_SIGNATURE_BYTES]);

/* CRC-32C (Castagnoli), against accidents only. `seed` is 0 to begin, then the sum so far. */
uint32_t crc32c(uint32_t seed, const void *data, size_t size);
/* The same without the processor's instruction, so that a test can compare the two. */
uint32_t crc32c_by_table(uint32_t seed, const void *data, size_t size);

#endif
