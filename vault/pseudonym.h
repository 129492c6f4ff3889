/* vault/pseudonym.h: the name of a subject in one domain (I-10).
 *
 * The image of the 16-byte internal id under AES-256 with the domain's key, as 26 characters of
 * Crockford base32 (spare bits zero) and a check character: Σ αⁱ·dᵢ over GF(32) with x⁵+x²+1, α = x,
 * i = 1…26 from the left, so that every single error and every swap of two is caught.
 * Format: docs/formats/pseudonym.md.
 */
#ifndef VAULT_PSEUDONYM_H
#define VAULT_PSEUDONYM_H

#include "base/crypto.h"
#include "base/text.h"

#define SUBJECT_ID_BYTES 16
#define PSEUDONYM_CHARS 27
#define PSEUDONYM_TEXT_BYTES (PSEUDONYM_CHARS + 1)

typedef struct subject_id {
    uint8_t bytes[SUBJECT_ID_BYTES];
} subject_id;

void pseudonym_format(const aes_block *domain, const subject_id *subject,
                      char out[PSEUDONYM_TEXT_BYTES]);
/* Lower case, I, L and O are accepted. VELUM_E_INVALID when it cannot be one. */
velum_status pseudonym_parse(const aes_block *domain, text pseudonym,
                             subject_id *out) VELUM_WARN_UNUSED;
/* Whether it is well formed with a right check character, without any key. */
bool pseudonym_is_well_formed(text pseudonym);

#endif
