/* vault/sealed.h: one sealed record: header, nonce, ciphertext.
 *
 * Header: format version u8, suite u8 (1 = XChaCha20-Poly1305), tenant u32be, key version u32be.
 * AAD: header ‖ then, each prefixed by its length (u32be), subject, category number (u16be) and
 * record version (u32be), so that no record can be moved to another place or time.
 * Format: docs/formats/sealed.md.
 */
#ifndef VAULT_SEALED_H
#define VAULT_SEALED_H

#include "base/buffer.h"
#include "base/crypto.h"
#include "base/random.h"

#define SEALED_HEADER_BYTES 10
#define SEALED_OVERHEAD_BYTES (SEALED_HEADER_BYTES + AEAD_NONCE_BYTES + AEAD_TAG_BYTES)

/* Places of records: category registry numbers are 1–65279; these are ours. */
#define PLACE_STATE 0xFF00
#define PLACE_CATEGORY_KEY 0xFF01
#define PLACE_CONSENT_EVENT 0xFF02
#define PLACE_REQUEST 0xFF04    /* a person's request; 0xFF03 is the keyring's body */
#define PLACE_ERASED 0xFF05     /* what is remembered of somebody erased */
#define PLACE_DETAIL 0xFF06     /* sealed detail of a leaf */
#define PLACE_ROW 0xFF07        /* a row of a module's table */
#define PLACE_INDEX_FOLD 0xFF08 /* a subject's rows of the indexes, in a backup */

typedef struct sealed_place {
    const uint8_t *subject; /* 16 bytes */
    uint32_t tenant;
    uint32_t key_version;
    uint16_t category;
    uint32_t version;
} sealed_place;

velum_status sealed_write(const uint8_t key[KEY_BYTES], const velum_random *random,
                          const sealed_place *place, crypto_part plain,
                          buffer *out) VELUM_WARN_UNUSED;
/* `out` gets sealed.size − SEALED_OVERHEAD_BYTES bytes. VELUM_E_CRYPTO, VELUM_E_NEWER. */
velum_status sealed_open(const uint8_t key[KEY_BYTES], const sealed_place *place,
                         crypto_part sealed, uint8_t *out) VELUM_WARN_UNUSED;

#endif
