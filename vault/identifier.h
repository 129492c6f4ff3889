/* vault/identifier.h: the normal form of an identifier, and its blind index.
 *
 * Normal forms decide who is the same person and cannot change without re-indexing, so the form's
 * number is part of the index key. `mobile`: E.164 (+86 when no country); `email`: ASCII, trimmed,
 * lower-cased; `id_card`: 18 characters with X, 15-digit ones lengthened, checksum and date checked;
 * `ext:<system>`: 1–128 bytes of UTF-8 as they come. The index is the full-width keyed BLAKE2b-256,
 * since one value must mean one subject; what that leaks: equality, to who holds the key.
 */
#ifndef VAULT_IDENTIFIER_H
#define VAULT_IDENTIFIER_H

#include "vault/keyring.h"

#define IDENTIFIER_VALUE_BYTES_MAX 256
#define IDENTIFIER_HASH_BYTES 32

typedef struct identifier {
    text type;                              /* "mobile", "email", "id_card", "ext:cj" */
    char value[IDENTIFIER_VALUE_BYTES_MAX]; /* normal form */
    size_t value_size;
    uint32_t form; /* number of the normal form */
    bool has_hash; /* identifier_keep_hash was asked for */
    uint8_t hash[IDENTIFIER_HASH_BYTES];
} identifier;

/* VELUM_E_INVALID for an unknown type or a value that has no normal form. `type` is borrowed. */
velum_status identifier_normalise(text type, text value, identifier *out) VELUM_WARN_UNUSED;
void identifier_wipe(identifier *self);
/* The index key is derived here each time, unless the hash is kept beside the value. */
void identifier_hash(const keyring *keys, const identifier *self,
                     uint8_t out[IDENTIFIER_HASH_BYTES]);
/* Keeps the hash for whoever asks next; the value must not change any more. */
void identifier_keep_hash(const keyring *keys, identifier *self);
/* Known types: exact names and the prefix "ext:" with 1–32 characters of [a-z0-9_-]. */
bool identifier_type_is_known(text type);

#endif
