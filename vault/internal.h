/* vault/internal.h: what the files of the vault share, and nobody else sees.
 *
 * Records of a subject are sealed under keys of that subject, whose version is 1 until a data key is
 * replaced; the key-encryption key has its own version, in the wrapped keys.
 */
#ifndef VAULT_INTERNAL_H
#define VAULT_INTERNAL_H

#include "vault/vault.h"

#include <stdatomic.h>

#define SUBJECT_KEY_VERSION 1
#define INDEX_KEY_VERSION 1
#define INDEX_SUITE 1 /* keyed BLAKE2b-256 */
#define CATEGORY_NUMBER_MAX 0xFEFF
#define COMMITMENT_BYTES 16
#define STATE_SEALED_BYTES (VAULT_STATE_BYTES + SEALED_OVERHEAD_BYTES)
#define CATEGORY_KEY_BYTES (KEY_BYTES + SEALED_OVERHEAD_BYTES + COMMITMENT_BYTES)
#define CATEGORY_SEALED_BYTES_MAX (VAULT_RECORD_BYTES_MAX + SEALED_OVERHEAD_BYTES)
#define KEYS_WAIT_MS 2000

typedef struct cache cache;

struct vault {
    keyring *keys;
    store *vault_db;
    const store_conn *vault_writer; /* its view may be uncommitted, and so may the keys of it */
    store *keys_db;
    cache *cache; /* NULL: none */
    velum_random random;
    bool keys_begun; /* writer thread only */
};

/* --- keys.db: subject_keys.c ---------------------------------------------------------------------- */

/* Both keys of a subject, wrapped. */
typedef struct subject_keys {
    uint8_t data[WRAPPED_KEY_BYTES];
    uint8_t evidence[WRAPPED_KEY_BYTES];
} subject_keys;

velum_status subject_keys_open(vault *self, const vault_options *options,
                               velum_error *err) VELUM_WARN_UNUSED;
/* VELUM_E_CORRUPT when there is no row. `conn` tells whose view is asked for. */
velum_status subject_keys_read(vault *self, const store_conn *conn, const subject_id *id,
                               subject_keys *out) VELUM_WARN_UNUSED;
/* Begins the transaction on keys.db where none is open. */
velum_status subject_keys_insert(vault *self, const subject_id *id,
                                 const subject_keys *keys) VELUM_WARN_UNUSED;
/* Deletes the new keys whose subject was never committed. */
velum_status subject_keys_collect(vault *self) VELUM_WARN_UNUSED;

/* --- sealed rows: sealed_subject.c ------------------------------------------------------------------ */

typedef struct sealed_category {
    size_t offset; /* in the bytes behind the categories */
    uint32_t size;
    uint32_t version;
    uint16_t number;
    /* The one thing that changes in a shared row: its bytes were seen to hold the commitment. */
    _Atomic(bool) commitment_holds;
    uint8_t wrapped_key[CATEGORY_KEY_BYTES];
} sealed_category;

/* One block: this, `category_count` categories, the sealed bytes of each. */
struct sealed_subject {
    _Atomic(uint32_t) references;
    bool used; /* since the cache last looked; with the three pointers, under its shard's lock */
    subject_id id;
    sealed_subject *bucket_next; /* a look-up touches no more than this first line of memory */
    uint64_t seq;
    sealed_subject *older;
    sealed_subject *newer;
    size_t block_bytes;
    size_t sealed_bytes;
    uint32_t status;
    uint32_t state_version;
    uint32_t ledger_count;
    uint32_t category_count;
    subject_keys keys; /* of a live subject; zeros else */
    uint8_t state[STATE_SEALED_BYTES];
    sealed_category categories[];
};

sealed_subject *sealed_subject_hold(sealed_subject *held);
const sealed_category *sealed_subject_category(const sealed_subject *held, uint16_t number);
crypto_part sealed_category_bytes(const sealed_subject *held, const sealed_category *category);

/* --- the cache: cache.c -------------------------------------------------------------------------------- */

velum_status cache_create(size_t bytes_max, const velum_random *random,
                          cache **out) VELUM_WARN_UNUSED;
void cache_free(cache *self);
VELUM_DEFINE_AUTO(cache);
/* A reference to the row when its seq is at least `seq_min`, else NULL. */
sealed_subject *cache_find(cache *self, const subject_id *id, uint64_t seq_min);
/* Takes a reference of its own; an older row of the subject is replaced, a newer one stays. */
void cache_put(cache *self, sealed_subject *sealed);
uint64_t cache_bytes(cache *self);

/* --- opened subjects: opened_subject.c ------------------------------------------------------------------ */

struct opened_subject {
    subject_id id;
    uint32_t tenant;
    const sealed_subject *sealed; /* NULL: just created */
    secret_arena *arena;
    uint8_t state_key[KEY_BYTES];
    uint8_t category_wrapping_key[KEY_BYTES];
    uint8_t evidence_key[KEY_BYTES];
    uint8_t state[VAULT_STATE_BYTES];
};

sealed_place opened_place(const opened_subject *opened, uint16_t category, uint32_t version);
/* Fills the derived keys from a data key, which stays the caller's to wipe. */
void opened_derive(opened_subject *opened, const uint8_t data_key[KEY_BYTES]);
void opened_consent_key(const opened_subject *opened, uint8_t out[KEY_BYTES]);
/* Seals a state into `out`, which must be empty. */
velum_status opened_seal_state(const opened_subject *opened, const velum_random *random,
                               const uint8_t state[VAULT_STATE_BYTES], uint32_t version,
                               buffer *out) VELUM_WARN_UNUSED;

/* --- category keys: category.c ---------------------------------------------------------------------------- */

velum_status category_key_open(const opened_subject *opened, uint16_t category, crypto_part wrapped,
                               uint8_t out[KEY_BYTES]) VELUM_WARN_UNUSED;

/* --- records and events: record.c, consent_event.c -------------------------------------------------------- */

/* Encoded size of a valid record, or VELUM_E_INVALID, VELUM_E_LIMIT. An upper bound. */
velum_status record_size_max(const record *self, size_t *out) VELUM_WARN_UNUSED;
velum_status record_encode(const record *self, buffer *out) VELUM_WARN_UNUSED;
/* The texts borrow from `data`. VELUM_E_CORRUPT for anything that record_encode does not write. */
velum_status record_decode(const uint8_t *data, size_t size, record *out) VELUM_WARN_UNUSED;

#define CONSENT_EVENT_BYTES 110
velum_status consent_event_encode(const consent_event *event,
                                  uint8_t out[CONSENT_EVENT_BYTES]) VELUM_WARN_UNUSED;
velum_status consent_event_decode(const uint8_t bytes[CONSENT_EVENT_BYTES],
                                  consent_event *out) VELUM_WARN_UNUSED;

/* --- statements ---------------------------------------------------------------------------------------------- */

static inline void store_stmt_auto(store_stmt **held)
{
    if (*held != NULL) {
        stmt_reset(*held);
    }
}
/* Borrowed from its connection and reset on every path, so that no half-read statement pins a
 * snapshot and no binding stays behind. */
#define VELUM_AUTO_STMT __attribute__((cleanup(store_stmt_auto))) store_stmt

/* Prepares and binds the subject id as $1. */
static inline velum_status statement_for(store_conn *conn, const char *sql, const subject_id *id,
                                         store_stmt **out)
{
    VELUM_TRY(conn_statement(conn, sql, out));
    return stmt_bind_blob(*out, 1, id->bytes, SUBJECT_ID_BYTES);
}

/* A column that must hold a number from `min` to UINT32_MAX. */
static inline velum_status column_u32(store_stmt *stmt, int column, uint32_t min, uint32_t *out)
{
    const int64_t value = stmt_integer(stmt, column);

    if (value < (int64_t)min || value > UINT32_MAX) {
        return VELUM_E_CORRUPT;
    }
    *out = (uint32_t)value;
    return VELUM_OK;
}

/* A column that must hold a blob of exactly `size` bytes. */
static inline velum_status column_bytes(store_stmt *stmt, int column, void *out, size_t size)
{
    const crypto_part blob = stmt_blob(stmt, column);

    if (blob.size != size) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out, blob.data, size);
    return VELUM_OK;
}

/* Steps a query that must have a row: VELUM_END becomes `missing`. */
static inline velum_status step_row(store_stmt *stmt, velum_status missing)
{
    const velum_status status = stmt_step(stmt);

    return status == VELUM_END ? missing : status;
}

#endif
