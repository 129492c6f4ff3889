/* vault/vault.h: subjects, sealed; opened only by core/ after a decision (I-2, I-4).
 *
 * Two files: vault.db (subjects, sealed state, sealed categories, blind indexes, consent ledger; core/
 * keeps its own tables in it too) and keys.db (wrapped data and evidence keys), never in one
 * transaction (S-2). Creation commits keys.db first; keys without a subject are collected at start.
 * The state record is opaque here (1024 bytes of policy/subject_state.h): the siblings meet in core/.
 *
 * V-1  A subject id never leaves core/ and vault/; outside stands a pseudonym.
 * V-2  What is cached is sealed; plaintext exists only in a request's arena.
 * V-3  A category's key opens that category of that subject and nothing else.
 * V-4  The state names the version of each category and the count and head of the consent ledger;
 *      rows that do not match are refused (VELUM_E_TAMPERED), not repaired.
 *
 * Reading (any thread): vault_cached or vault_load → sealed_subject → vault_open → opened_subject.
 * Writing: writer thread only, inside core's transaction on vault.db.
 * Formats: docs/formats/vault.md, docs/formats/sealed.md.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/secret.h"
#include "store/store.h"
#include "vault/identifier.h"
#include "vault/pseudonym.h"
#include "vault/sealed.h"

#define VAULT_STATE_BYTES 1024
#define VAULT_CATEGORIES_MAX 16
#define VAULT_RECORD_FIELDS_MAX 64
#define VAULT_RECORD_BYTES_MAX 65536 /* one category, encoded */
#define VAULT_FIELD_BYTES_MAX 2048

#define VAULT_SUBJECT_LIVE 1 /* the same numbers as policy's SUBJECT_* */
#define VAULT_SUBJECT_ERASING 2
#define VAULT_SUBJECT_ERASED 3

typedef struct vault vault;

typedef struct vault_options {
    const char *folder;
    keyring *keys;   /* borrowed while the vault lives */
    store *vault_db; /* borrowed; opened and migrated by core (vault_schema_* below) */
    velum_random random;
    uint32_t readers_max; /* of keys.db */
    size_t cache_bytes;   /* ceiling of the sealed-row cache; 0: none */
    bool create;          /* make keys.db */
} vault_options;

/* The vault's part of the schema of vault.db, step 1: statements ended by NULL. */
extern const char *const vault_schema_1[];

/* Opens keys.db and collects keys that have no subject. vault_db must be migrated already. */
velum_status vault_create_or_open(const vault_options *options, vault **out,
                                  velum_error *err) VELUM_WARN_UNUSED;
void vault_free(vault *self);
VELUM_DEFINE_AUTO(vault);

/* --- reading ---------------------------------------------------------------------------------- */

/* All sealed rows of one subject as one snapshot showed them. Immutable, counted, any thread. */
typedef struct sealed_subject sealed_subject;
void sealed_subject_free(sealed_subject *held); /* gives one reference back; NULL is allowed */
VELUM_DEFINE_AUTO(sealed_subject);
uint64_t sealed_subject_seq(const sealed_subject *held); /* outbox seq of its snapshot */
uint32_t sealed_subject_status(const sealed_subject *held);
const subject_id *sealed_subject_id(const sealed_subject *held);

/* The subject of an identifier in this connection's snapshot: VELUM_E_NOTFOUND. */
velum_status vault_find(vault *self, store_conn *conn, const identifier *value,
                        subject_id *out) VELUM_WARN_UNUSED;

/* From the cache: true with a reference, when the cached row's seq is at least `seq_min`. */
bool vault_cached(vault *self, const subject_id *id, uint64_t seq_min, sealed_subject **out);

/* From the files: `conn` is a connection to vault.db inside a transaction whose snapshot has outbox
 * seq `seq`; keys.db is read through the vault's own pool (for the writer's connection: through the
 * writer of keys.db, which sees what is not committed yet). Puts the row into the cache when
 * `cacheable` (never from the writer's uncommitted view). VELUM_E_NOTFOUND; VELUM_E_CORRUPT for a
 * live subject without keys. */
velum_status vault_load(vault *self, store_conn *conn, const subject_id *id, uint64_t seq,
                        bool cacheable, sealed_subject **out) VELUM_WARN_UNUSED;

/* Keys and state of a subject, in `arena`; lives until the arena is reset, and `sealed` must be held
 * as long. VELUM_E_NOTFOUND for a subject that is not live (I-6), VELUM_E_CRYPTO. */
typedef struct opened_subject opened_subject;
velum_status vault_open(vault *self, const sealed_subject *sealed, secret_arena *arena,
                        const opened_subject **out) VELUM_WARN_UNUSED;
/* The 1024 bytes of plaintext state, in the arena. */
const uint8_t *opened_state(const opened_subject *opened);
const subject_id *opened_id(const opened_subject *opened);
/* Whether the ledger has as many rows as the state says (V-4); the caller refuses when not. */
bool opened_ledger_matches(const opened_subject *opened, uint32_t ledger_count);
/* First 16 bytes of HMAC-SHA-256(evidence key, "audit" ‖ tenant u32be ‖ month u32be). */
void opened_audit_token(const opened_subject *opened, uint32_t month, uint8_t out[16]);

/* One field of a record: its registry number and its value, in the arena. */
typedef struct record_field {
    uint16_t number;
    text value;
} record_field;

typedef struct record {
    record_field fields[VAULT_RECORD_FIELDS_MAX]; /* ascending numbers */
    uint32_t count;
} record;

/* Opens one category at the version that the state names. VELUM_E_NOTFOUND when the state names none
 * (version 0) and there is none, VELUM_E_TAMPERED when row and state differ, so also for a missing
 * row (V-4). After vault_create there is nothing to open until vault_load: VELUM_E_NOTFOUND. `out`
 * and its texts live in the arena. */
velum_status vault_open_category(const opened_subject *opened, uint16_t category, uint32_t version,
                                 record **out) VELUM_WARN_UNUSED;
/* NULL when the record has no such field. */
const text *record_find(const record *self, uint16_t number);
/* Puts or (value.data NULL) removes a field, keeping the order; values are borrowed. */
velum_status record_put(record *self, uint16_t number, text value) VELUM_WARN_UNUSED;
/* Wipes the value of a field in place (its bytes lie in the arena) and removes it (I-4). */
void record_wipe_field(record *self, uint16_t number);

/* --- writing: the writer thread, inside a transaction on vault.db -------------------------------- */

/* Begins the keys.db transaction when the first subject of a batch is created; commit it BEFORE
 * vault.db commits, or roll it back. Both do nothing when none was begun. */
velum_status vault_keys_commit(vault *self) VELUM_WARN_UNUSED;
void vault_keys_rollback(vault *self);

/* A new subject: random id and keys, the state sealed. The opened form can be used for the calls
 * below. A savepoint rolled back leaves an orphan key, collected at start. */
velum_status vault_create(vault *self, store_conn *conn, const uint8_t state[VAULT_STATE_BYTES],
                          secret_arena *arena, const opened_subject **out) VELUM_WARN_UNUSED;
/* VELUM_E_EXISTS when the value has a subject already. */
velum_status vault_attach(vault *self, store_conn *conn, const subject_id *id,
                          const identifier *value) VELUM_WARN_UNUSED;
/* Seals and stores the state; its version grows by one. */
velum_status vault_put_state(vault *self, store_conn *conn, const opened_subject *opened,
                             const uint8_t state[VAULT_STATE_BYTES]) VELUM_WARN_UNUSED;
/* A category's new contents. */
typedef struct record_place {
    uint16_t category;
    uint32_t version;
    const record *record;
} record_place;

/* Seals and stores a category at `version` (1 for the first: makes its random key; then one more
 * than the row has, else VELUM_E_TAMPERED). The caller puts the same version into the state.
 * VELUM_E_LIMIT for more than VAULT_CATEGORIES_MAX. The plaintext is encoded in the arena. */
velum_status vault_put_category(vault *self, store_conn *conn, const opened_subject *opened,
                                const record_place *place) VELUM_WARN_UNUSED;

/* --- the consent ledger ------------------------------------------------------------------------- */

/* One event; sealed under the evidence key, chained: head' = SHA-256(head ‖ sealed bytes). */
typedef struct consent_event {
    uint8_t id[16];
    uint32_t n;       /* from 1 */
    uint16_t purpose; /* registry numbers */
    uint16_t version;
    uint16_t notice;
    uint8_t notice_hash[SHA256_BYTES];
    char language[12]; /* NUL-terminated: "zh", "en" */
    uint8_t state;     /* CONSENT_* of policy */
    uint8_t grade;
    uint8_t channel;   /* 1 http, 2 command line, 3 customer */
    uint16_t activity; /* under which it was recorded */
    uint16_t jurisdiction;
    uint8_t actor_token[16];
    int64_t at_ns;
    int64_t expires_ns; /* 0: does not */
} consent_event;

/* Appends event n = count + 1 (VELUM_E_TAMPERED when the rows are not 1 … n − 1); `head` is replaced
 * by the new head. */
velum_status vault_ledger_append(vault *self, store_conn *conn, const opened_subject *opened,
                                 const consent_event *event,
                                 uint8_t head[SHA256_BYTES]) VELUM_WARN_UNUSED;

/* What the state says of the end of the ledger. */
typedef struct consent_ledger_end {
    uint8_t head[SHA256_BYTES];
    uint32_t count;
} consent_ledger_end;

/* Reads all events in order, after checking the whole chain against its end (V-4). Inside a
 * transaction. A negative status of `visit` ends it and is returned. */
typedef velum_status (*consent_visitor)(void *context, const consent_event *event);
velum_status vault_ledger_read(store_conn *conn, const opened_subject *opened,
                               const consent_ledger_end *end, consent_visitor visit,
                               void *context) VELUM_WARN_UNUSED;

/* Counts, for /metrics and `velum` status. */
uint64_t vault_cache_bytes(const vault *self);

#endif
