/* vault/keyring.h: root secret → key-encryption key → every long-lived key of the folder.
 *
 * The file DIR/keyring holds, sealed under a key derived from the root secret: a random
 * key-encryption key (version 1), the random keys of vault.db and keys.db, the note key of the log,
 * and random masters from which index keys, domain keys and token keys are derived by label. Without
 * the root secret it is noise. Opened keys live in a locked arena of the keyring; after opening it is
 * immutable and any thread may use it.
 * Format: docs/formats/keyring.md.
 */
#ifndef VAULT_KEYRING_H
#define VAULT_KEYRING_H

#include "base/crypto.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"

typedef struct keyring keyring;

/* Where a root secret was found. */
#define ROOT_FROM_CREDENTIALS 1 /* $CREDENTIALS_DIRECTORY/velum-root */
#define ROOT_FROM_FILE 2        /* $VELUM_ROOT_FILE */
#define ROOT_FROM_FOLDER 3      /* DIR/root.key: samples only; warn at each start */
#define ROOT_FROM_CONFIG 4      /* where the configuration says */

/* Seeks the root secret in that order: a file of 64 hex digits and a line end, or 32 raw bytes, of
 * ourselves or root, readable by its owner alone (else VELUM_E_DENIED). A credential may be readable
 * by its group, since systemd's ACL shows as that. VELUM_E_NOTFOUND with the places in `err`; also
 * when $VELUM_ROOT_FILE names no file: a wrong name does not fall back to a sample's key. */
velum_status root_secret_find(int dir_fd, uint8_t out[KEY_BYTES], uint32_t *out_source,
                              velum_error *err) VELUM_WARN_UNUSED;
/* What a configuration says besides: sought after $VELUM_ROOT_FILE. NULL: nothing. A place that is
 * named but empty is an error here, too. */
typedef struct root_names {
    const char *file;
    const char *credential; /* a name in $CREDENTIALS_DIRECTORY */
} root_names;
velum_status root_secret_seek(int dir_fd, const root_names *named, uint8_t out[KEY_BYTES],
                              uint32_t *out_source, velum_error *err) VELUM_WARN_UNUSED;
/* Whether a file holds what would be taken as a root secret; it is wiped again at once. */
velum_status root_secret_test(const char *file, velum_error *err) VELUM_WARN_UNUSED;
/* What one file holds; VELUM_E_NOTFOUND when it is not there. */
velum_status root_secret_read(int dir_fd, const char *name, uint8_t out[KEY_BYTES],
                              velum_error *err) VELUM_WARN_UNUSED;
/* Writes it as 64 hex digits, mode 0600, refusing to overwrite. */
velum_status root_secret_write(int dir_fd, const char *name,
                               const uint8_t root[KEY_BYTES]) VELUM_WARN_UNUSED;

/* Makes DIR/keyring. `tenant` is 1 for now. */
velum_status keyring_create(int dir_fd, const uint8_t root[KEY_BYTES], uint32_t tenant,
                            const velum_random *random) VELUM_WARN_UNUSED;
/* VELUM_E_CRYPTO for a wrong root, VELUM_E_NEWER for a later format. */
velum_status keyring_open(int dir_fd, const uint8_t root[KEY_BYTES], keyring **out,
                          velum_error *err) VELUM_WARN_UNUSED;
void keyring_free(keyring *self);
VELUM_DEFINE_AUTO(keyring);

/* Seals the same keys under another root secret, one root version on, and replaces the file atomically;
 * what stood in the old one is overwritten with zeros where the file system writes in place. After a
 * failure the old file stands, or the new one, whole. `self` stays as it is: open anew. */
velum_status keyring_reseal(const keyring *self, int dir_fd, const uint8_t root[KEY_BYTES],
                            const velum_random *random) VELUM_WARN_UNUSED;

uint32_t keyring_tenant(const keyring *self);
uint32_t keyring_key_version(const keyring *self);
/* How often the root secret was replaced. */
uint32_t keyring_root_version(const keyring *self);
const uint8_t *keyring_vault_db_key(const keyring *self);
const uint8_t *keyring_keys_db_key(const keyring *self);
const uint8_t *keyring_note_seed(const keyring *self);

/* Keys by derivation; `out` should be a slice of a secret arena. */
void keyring_index_key(const keyring *self, text identifier_type, uint32_t form,
                       uint8_t out[KEY_BYTES]);
/* For HMACs of employees, callers' ids, credentials and the changed_at slots: one key a use. */
void keyring_token_key(const keyring *self, const char *use, uint8_t out[KEY_BYTES]);
/* The permutation of a pseudonym domain by its registry number; made on first use, kept, borrowed. */
velum_status keyring_domain(keyring *self, uint16_t domain,
                            const aes_block **out) VELUM_WARN_UNUSED;

/* Wraps a random key of a subject. `kind` and `subject` stand in the AAD, so that a wrapped key
 * serves only its place. */
#define WRAPPED_KEY_BYTES 88 /* header 10, zero 6, nonce 24, key 32, tag 16 */
#define KEY_KIND_DATA 1
#define KEY_KIND_EVIDENCE 2
#define KEY_KIND_RETAINED 3
void keyring_wrap(const keyring *self, const velum_random *random, uint32_t kind,
                  const uint8_t subject[16], const uint8_t key[KEY_BYTES],
                  uint8_t out[WRAPPED_KEY_BYTES]);
velum_status keyring_unwrap(const keyring *self, uint32_t kind, const uint8_t subject[16],
                            const uint8_t wrapped[WRAPPED_KEY_BYTES],
                            uint8_t out[KEY_BYTES]) VELUM_WARN_UNUSED;

#endif
