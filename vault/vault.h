/* vault/vault.h: subjects, sealed; opened only by core/ after a decision (I-2, I-4).
 *
 * Two files: vault.db (subjects, sealed state, sealed categories, blind indexes, consent ledger; core/
 * keeps its own tables in it too) and keys.db (wrapped data and evidence keys), never in one
 * transaction (S-2). Creation commits keys.db first; keys without a subject are collected at start
 * (vault_collect).
 * The state record is opaque here (1024 bytes of policy/subject_state.h): the siblings meet in core/.
 *
 * V-1  A subject id never leaves core/ and vault/; outside stands a pseudonym.
 * V-2  What is cached is sealed; plaintext exists only in a request's arena.
 * V-3  A category's key opens that category of that subject and nothing else.
 * V-4  The state names the version of each category and the count and head of the consent ledger;
 *      rows that do not match are refused (VELUM_E_TAMPERED), not repaired.
 * V-5  A consent, once changed, does not come back with older rows: each such change moves the
 *      subject to its next generation, which keys.db knows and old copies of vault.db do not.
 * V-6  What is being destroyed is unreadable from the first step on, and every step can be repeated;
 *      nothing is reported destroyed before its key is gone from keys.db, file and WAL (I-6).
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
    bool is_restoring;    /* vault.db is older than keys.db, by intent (vault_restored_*) */
} vault_options;

/* The vault's part of the schema of vault.db by step: statements ended by NULL. */
extern const char *const vault_schema_1[];
extern const char *const vault_schema_2[];
extern const char *const vault_schema_3[];
/* The steps of keys.db, whose count is the schema that this version writes. */
const store_step *vault_keys_steps(uint32_t *out_count);

/* Opens keys.db. vault_db must be migrated already. */
velum_status vault_create_or_open(const vault_options *options, vault **out,
                                  velum_error *err) VELUM_WARN_UNUSED;
/* At start, before anybody is let in: takes back in keys.db what vault.db never committed, keys without
 * a subject among it. The caller has made sure that vault.db is no older copy than the log: what such a
 * one lacks would be destroyed for ever. */
velum_status vault_collect(vault *self, velum_error *err) VELUM_WARN_UNUSED;
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
/* The record that stays of the person whom several records are of (docs/merging.md); NULL: it stands for
 * itself. Borrowed. */
const subject_id *sealed_subject_person(const sealed_subject *held);
/* How often the state was sealed, from 1: it grows with every change of the subject. */
uint32_t sealed_subject_version(const sealed_subject *held);

/* The subject of an identifier in this connection's snapshot: VELUM_E_NOTFOUND. */
velum_status vault_find(vault *self, store_conn *conn, const identifier *value,
                        subject_id *out) VELUM_WARN_UNUSED;

/* The next live customer in the order of ids, from the one of zeros on; VELUM_END behind the last. Several
 * records of one person are come by as the one that stays. */
velum_status vault_customer_after(store_conn *conn, const subject_id *after, subject_id *out,
                                  bool *out_of_several) VELUM_WARN_UNUSED;

/* States alone, without categories, of at most `limit` live subjects behind `after` in the order of ids,
 * in one snapshot as vault_load reads it; `visit` takes the row over. What it gives that is not VELUM_OK
 * ends the walk; VELUM_END is no failure. A row that is damaged comes as `status` with no row. */
typedef velum_status (*state_visitor)(void *context, const subject_id *id, velum_status status,
                                      sealed_subject *row);
typedef struct state_walk {
    subject_id after;
    uint32_t limit;
    uint64_t seq;
    state_visitor visit;
    void *context;
} state_walk;
velum_status vault_states_after(vault *self, store_conn *conn,
                                const state_walk *walk) VELUM_WARN_UNUSED;
/* The same of one subject; never cached. As vault_load. */
velum_status vault_load_state(vault *self, store_conn *conn, const subject_id *id, uint64_t seq,
                              sealed_subject **out) VELUM_WARN_UNUSED;

/* Several records that are one person. Nothing of them moves or is copied: each says which one stays, which
 * says so of itself, and since when. vault/person.c */
#define VAULT_PERSON_MAX 8 /* records */
typedef struct person_member {
    subject_id id;
    uint32_t status;
    int64_t joined_ns;
} person_member;
typedef struct person_members {
    person_member items[VAULT_PERSON_MAX];
    uint32_t count;
} person_members;
/* Of the person that `person` stays of, in the order in which they joined. VELUM_E_CORRUPT beyond
 * VAULT_PERSON_MAX. */
velum_status vault_person_members(store_conn *conn, const subject_id *person,
                                  person_members *out) VELUM_WARN_UNUSED;
/* Writer's connection, in a transaction. `person` NULL: it stands for itself again. VELUM_E_NOTFOUND. */
velum_status vault_person_put(store_conn *conn, const subject_id *subject, const subject_id *person,
                              int64_t joined_ns) VELUM_WARN_UNUSED;

/* From the cache: true with a reference, when the cached row's seq is at least `seq_min`. */
bool vault_cached(vault *self, const subject_id *id, uint64_t seq_min, sealed_subject **out);

/* From the files: `conn` is a connection to vault.db inside a transaction whose snapshot has outbox
 * seq `seq`; keys.db is read through the vault's own pool (for the writer's connection: through the
 * writer of keys.db, which sees what is not committed yet). Puts the row into the cache when
 * `cacheable` (never from the writer's uncommitted view). VELUM_E_NOTFOUND; VELUM_E_CORRUPT for a
 * live subject without keys; VELUM_E_TAMPERED for rows of an earlier generation or data key (V-5),
 * VELUM_E_STALE where the snapshot is so old that it cannot be told: read anew. A live row whose data
 * key is destroyed loads as erased. */
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

/* What a batch puts into keys.db: new subjects, moves of generations, next and retained keys. Commit it
 * BEFORE vault.db commits, whether the batch has any or not: the fate of the batch before is settled
 * first. Roll it back when anything of the batch fails, the commit of vault.db included: what keys.db
 * has committed alone is then taken back. */
velum_status vault_keys_commit(vault *self) VELUM_WARN_UNUSED;
/* vault.db's COMMIT that followed is done: what keys.db committed for it stays (G-2). Where its outcome
 * is not known, do not call it: the next commit then looks. */
void vault_keys_followed(vault *self);
void vault_keys_rollback(vault *self);

/* A new subject: random id and keys, the state sealed. The opened form can be used for the calls
 * below. A savepoint rolled back leaves an orphan key, collected at start. */
velum_status vault_create(vault *self, store_conn *conn, const uint8_t state[VAULT_STATE_BYTES],
                          secret_arena *arena, const opened_subject **out) VELUM_WARN_UNUSED;
/* VELUM_E_EXISTS when the value has a subject already. */
velum_status vault_attach(vault *self, store_conn *conn, const subject_id *id,
                          const identifier *value) VELUM_WARN_UNUSED;
/* Takes the identifier away from the subject (a number that was given to somebody else).
 * VELUM_E_NOTFOUND when it is not that subject's. */
velum_status vault_detach(vault *self, store_conn *conn, const subject_id *id,
                          const identifier *value) VELUM_WARN_UNUSED;
/* --- the search index: fields by which customers are searched, blind and not unique ------------------- */

#define VAULT_SEARCH_TERMS_MAX 8
#define VAULT_SEARCH_SCAN_MAX \
    20000 /* customers with the rarest value that a search looks through */
#define VAULT_FOUND_MAX 6

typedef struct search_term {
    uint16_t field;    /* registry numbers */
    uint16_t category; /* of the field: its rows go with it */
    text value;        /* as it came; empty: none */
} search_term;

/* Whether a value has no normal form: ASCII letters in lower case, without blanks and tabs at both ends,
 * everything else as it is. */
bool vault_search_is_empty(text value);
/* Whether two values have the same normal form; false for empty ones. In constant time. */
bool vault_search_equal(text a, text b);
/* The field's value in place of the one before; an empty one only goes. */
velum_status vault_search_put(vault *self, store_conn *conn, const subject_id *id,
                              const search_term *term) VELUM_WARN_UNUSED;
/* The same of a subject that has no row of the field, or this one. */
velum_status vault_search_add(vault *self, store_conn *conn, const subject_id *id,
                              const search_term *term) VELUM_WARN_UNUSED;
typedef struct vault_found {
    subject_id subjects[VAULT_FOUND_MAX];
    uint32_t count;
} vault_found;
/* The first VAULT_FOUND_MAX subjects whose rows have all of 2 to VAULT_SEARCH_TERMS_MAX terms; a hash is
 * no proof, so the caller compares values. VELUM_E_LIMIT when each of the values is that of more than
 * VAULT_SEARCH_SCAN_MAX subjects. Any connection in a transaction. */
velum_status vault_search_find(vault *self, store_conn *conn, const search_term *terms,
                               uint32_t count, vault_found *out) VELUM_WARN_UNUSED;

/* --- writing, on ---------------------------------------------------------------------------------- */

/* Seals and stores the state; its version grows by one. */
velum_status vault_put_state(vault *self, store_conn *conn, const opened_subject *opened,
                             const uint8_t state[VAULT_STATE_BYTES]) VELUM_WARN_UNUSED;
/* The same, and no state sealed before opens again once this transaction has committed (V-5): the
 * subject's generation grows, here and, with `seq`, in keys.db. `seq` is an outbox seq that the
 * transaction commits to meta `outbox_seq` or above it: by it a start knows whether vault.db
 * followed. May be called several times in one transaction, for one subject too. */
velum_status vault_put_state_final(vault *self, store_conn *conn, const opened_subject *opened,
                                   const uint8_t state[VAULT_STATE_BYTES],
                                   uint64_t seq) VELUM_WARN_UNUSED;
/* What of keys.db a rolled back savepoint takes with it: mark before, rewind after. */
typedef struct vault_mark {
    uint32_t pending;
} vault_mark;
vault_mark vault_savepoint(const vault *self);
void vault_savepoint_rollback(vault *self, const vault_mark *mark);
/* The same with the rows of keys.db, whose transaction it begins: nothing is left there, not even what a
 * start would collect. The mark is of vault_savepoint. Each ends with release or rollback. */
velum_status vault_keys_savepoint(vault *self) VELUM_WARN_UNUSED;
velum_status vault_keys_savepoint_release(vault *self) VELUM_WARN_UNUSED;
void vault_keys_savepoint_rollback(vault *self, const vault_mark *mark);
/* Rows of keys.db that were changed since it was opened; see conn_total_changes. */
int64_t vault_keys_changes(const vault *self);
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
    uint8_t actor_token[16];    /* who recorded it */
    uint8_t assisted_token[16]; /* the person of the house who assisted; zeros: nobody */
    uint8_t evidence[32]; /* SHA-256 of what proves it outside (a form, a recording); zeros: none */
    int64_t at_ns;        /* recorded */
    int64_t given_ns;     /* given or withdrawn, where that was earlier; else at_ns */
    int64_t expires_ns;   /* 0: does not */
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

/* --- evidence: sealed under the evidence key, which outlives the data (docs/formats/sealed.md) ------ */

/* Only the evidence key, of a subject in any status: audit token and the two functions below work,
 * everything else needs vault_open. VELUM_E_NOTFOUND when that key is gone, too. `conn` in a
 * transaction. */
velum_status vault_open_evidence(vault *self, store_conn *conn, const subject_id *id,
                                 secret_arena *arena, const opened_subject **out) VELUM_WARN_UNUSED;
/* Places: PLACE_REQUEST …; `version` stands in the AAD. With `opened` NULL the row belongs to nobody
 * in the vault and is sealed under the folder's own evidence key, with `owner` (16 bytes) in the AAD;
 * else `owner` is NULL. `out` is appended to. */
velum_status vault_seal_evidence(const vault *self, const opened_subject *opened,
                                 const uint8_t *owner, uint16_t place, uint32_t version,
                                 crypto_part plain, buffer *out) VELUM_WARN_UNUSED;
/* `out` gets sealed.size − SEALED_OVERHEAD_BYTES bytes. VELUM_E_CRYPTO. */
velum_status vault_unseal_evidence(const vault *self, const opened_subject *opened,
                                   const uint8_t *owner, uint16_t place, uint32_t version,
                                   crypto_part sealed, uint8_t *out) VELUM_WARN_UNUSED;

/* --- destruction (I-6, V-6) --------------------------------------------------------------------------
 * Three steps, each its own transaction, never two files in one (S-2):
 *   1 vault_destroy_*: inside core's transaction on vault.db. What goes is unreadable from the COMMIT
 *     on; a row of `destruction` remembers it. Keys that come anew are committed by vault_keys_commit.
 *   2 vault_destroy_keys: the old keys leave keys.db, then a truncating checkpoint with readers
 *     drained. May be repeated.
 *   3 vault_destruction_finish: inside a transaction on vault.db: rows and indexes go, and so does the
 *     row of `destruction`. core/ writes the OUTCOME leaf in the same transaction.
 * A crash anywhere leaves rows of `destruction`, which core/ takes up at start, steps 2 and 3. */
#define DESTROY_DATA 1 /* the person: data key, categories, indexes, state */
#define DESTROY_CATEGORIES \
    2 /* some categories: the data key is replaced, the others are re-wrapped */
#define DESTROY_RETAINED 3 /* what a law kept, when its term has ended */
#define DESTROY_EVIDENCE 4 /* evidence key, ledger and whatever is sealed under it: the last step */

/* A category that a law keeps: re-sealed under a random key of its own, which lies in keys.db. */
typedef struct retained_category {
    uint16_t category;
    uint16_t basis;   /* registry number */
    uint32_t version; /* of the record, named by the state */
    int64_t until_ns;
} retained_category;

typedef struct destruction_plan {
    uint8_t event_id[16];   /* of the INTENT leaf */
    uint8_t request_id[16]; /* zeros: none */
    int64_t at_ns;
    const retained_category *retained; /* of DESTROY_DATA: kept apart before the data goes */
    uint32_t retained_count;
    int64_t evidence_until_ns; /* of DESTROY_DATA */
    /* Of DESTROY_DATA: what core/ wants to know of the subject afterwards (head and count of the
     * ledger, jurisdiction …), sealed as PLACE_ERASED; at most 256 bytes. */
    crypto_part memory;
} destruction_plan;

/* Step 1. The subject becomes ERASING. VELUM_E_BUSY when a destruction of it is under way. The state
 * must have been opened in this transaction's view. */
velum_status vault_destroy_data(vault *self, store_conn *conn, const opened_subject *opened,
                                const destruction_plan *plan) VELUM_WARN_UNUSED;
/* Step 1 of some: `state` is the state without them, sealed under the new data key at once. The
 * subject stays live. `seq` as in vault_put_state_final. */
typedef struct destroyed_categories {
    const uint16_t *categories;
    uint32_t count;
    const uint8_t *state; /* VAULT_STATE_BYTES */
    uint64_t seq;
} destroyed_categories;
velum_status vault_destroy_categories(vault *self, store_conn *conn, const opened_subject *opened,
                                      const destruction_plan *plan,
                                      const destroyed_categories *what) VELUM_WARN_UNUSED;
/* Step 1 of one retained category, and of the evidence of a subject that is ERASED and has nothing
 * retained any more (else VELUM_E_BUSY). VELUM_E_NOTFOUND. */
velum_status vault_destroy_retained(vault *self, store_conn *conn, const subject_id *id,
                                    uint16_t category,
                                    const destruction_plan *plan) VELUM_WARN_UNUSED;
velum_status vault_destroy_evidence(vault *self, store_conn *conn, const subject_id *id,
                                    const destruction_plan *plan) VELUM_WARN_UNUSED;

typedef struct destruction {
    int64_t n; /* from 1, in the order of beginning */
    subject_id subject;
    uint32_t kind;     /* DESTROY_* */
    uint16_t category; /* of DESTROY_RETAINED */
    uint8_t event_id[16];
    uint8_t request_id[16];
    int64_t at_ns;
} destruction;
/* The first one after `after`, from 0. VELUM_END when there is none. */
velum_status vault_destruction_next(store_conn *conn, int64_t after,
                                    destruction *out) VELUM_WARN_UNUSED;
/* Step 2, on the writer thread, outside transactions. VELUM_E_BUSY when readers did not leave within
 * `wait_ms`: the keys are gone from the file, not surely from the WAL; repeat. */
velum_status vault_destroy_keys(vault *self, const destruction *list, uint32_t count,
                                uint32_t wait_ms) VELUM_WARN_UNUSED;
/* What went and what stays, for the certificate. */
typedef struct destruction_report {
    uint16_t categories[VAULT_CATEGORIES_MAX]; /* destroyed */
    uint32_t category_count;
    uint32_t index_rows;
    retained_category retained[VAULT_CATEGORIES_MAX];
    uint32_t retained_count;
    int64_t evidence_until_ns;
} destruction_report;
/* Step 3. VELUM_E_CORRUPT when the keys are still there. After DESTROY_DATA the subject is ERASED;
 * after DESTROY_EVIDENCE nothing of it is left. */
velum_status vault_destruction_finish(vault *self, store_conn *conn, const destruction *what,
                                      destruction_report *out) VELUM_WARN_UNUSED;

/* What was put aside with DESTROY_DATA, into `out` (256 bytes at least). VELUM_E_NOTFOUND. */
velum_status vault_erased_memory(vault *self, store_conn *conn, const opened_subject *evidence,
                                 uint8_t out[256], size_t *out_size) VELUM_WARN_UNUSED;

/* Retained categories of a subject, ascending; opened only for the activity `legal-retention`. */
velum_status vault_retained_list(store_conn *conn, const subject_id *id,
                                 retained_category out[VAULT_CATEGORIES_MAX],
                                 uint32_t *out_count) VELUM_WARN_UNUSED;
velum_status vault_retained_open(vault *self, store_conn *conn, const subject_id *id,
                                 uint16_t category, secret_arena *arena,
                                 record **out) VELUM_WARN_UNUSED;

/* --- rows of modules' tables: rows.c (docs/formats/rows.md) ------------------------------------------- */

#define ROWS_KEY_FIELD 65535 /* the single field of a module's category: the rows key */
#define ROW_KEY_FIELD 65535  /* in the record of a row: the text of its key */
#define SEALED_ROW_BYTES_MAX (VAULT_RECORD_BYTES_MAX + SEALED_OVERHEAD_BYTES)

/* The record of a module's category with a new random key, which lies in the arena. */
velum_status vault_rows_key_make(const vault *self, secret_arena *arena,
                                 record *out) VELUM_WARN_UNUSED;
/* VELUM_E_CORRUPT when the record is none of such a category. */
velum_status vault_rows_key_take(const record *from, uint8_t out[KEY_BYTES]) VELUM_WARN_UNUSED;

/* What a sealed row is bound to. */
typedef struct row_seat {
    const uint8_t *rows_key; /* KEY_BYTES; NULL: of a row that belongs to nobody, the folder's */
    const uint8_t *subject;  /* 16 bytes: the customer's id, or random ones of the row's own */
    int64_t n;
    uint16_t table;   /* registry number */
    uint32_t version; /* from 1, one more with each change */
} row_seat;
/* `out` is appended to and has room for SEALED_ROW_BYTES_MAX; the plaintext is encoded in the arena. */
velum_status vault_row_seal(const vault *self, secret_arena *arena, const row_seat *seat,
                            const record *what, buffer *out) VELUM_WARN_UNUSED;
/* `out` and its texts live in the arena. VELUM_E_CRYPTO for a row of another place, VELUM_E_CORRUPT. */
velum_status vault_row_open(const vault *self, secret_arena *arena, const row_seat *seat,
                            crypto_part sealed, record **out) VELUM_WARN_UNUSED;

/* --- suppression: who must not come back, or not be reached ---------------------------------------------
 * Keyed by a hash of its own over the blind index's hash, so that it outlives the index row. */
#define SUPPRESS_RETURN (1U << 0)    /* was erased: the policy's on_return applies */
#define SUPPRESS_MARKETING (1U << 1) /* objected, or was never stored and objects */
#define SUPPRESS_IDENTITY \
    (1U << 2) /* "this is not me": nobody may be found by it until it is given anew */

typedef struct suppression {
    uint32_t scope;  /* SUPPRESS_* bits */
    uint32_t reason; /* of core/: right of the request, or 0 */
    uint16_t basis;  /* registry number of the legal basis */
    int64_t at_ns;
    int64_t expires_ns; /* 0: does not */
} suppression;
/* Adds the scope and keeps the later end. */
velum_status vault_suppress(vault *self, store_conn *conn, const identifier *value,
                            const suppression *entry) VELUM_WARN_UNUSED;
/* The same for every identifier that the subject has now. */
velum_status vault_suppress_subject(vault *self, store_conn *conn, const subject_id *id,
                                    const suppression *entry,
                                    uint32_t *out_count) VELUM_WARN_UNUSED;
/* VELUM_E_NOTFOUND when there is none or it has ended. Any connection in a transaction. */
velum_status vault_suppression_find(vault *self, store_conn *conn, const identifier *value,
                                    int64_t now_ns, suppression *out) VELUM_WARN_UNUSED;
/* Takes scope bits away; the row goes with the last. */
velum_status vault_suppression_lift(vault *self, store_conn *conn, const identifier *value,
                                    uint32_t scope) VELUM_WARN_UNUSED;
/* Deletes at most `limit` ended rows. */
velum_status vault_suppression_expire(store_conn *conn, int64_t now_ns, uint32_t limit,
                                      uint32_t *out_count) VELUM_WARN_UNUSED;

/* --- places that follow keys.db: mirror.c (docs/backup.md) -------------------------------------------
 * A place holds a copy of keys.db that never falls behind for long and has no history (I-6, B-1). Adding,
 * forgetting and raising: the writer thread, outside transactions; the rest: any one thread. */
#define VAULT_MIRRORS_MAX 4
#define MIRROR_PLACE_BYTES 400 /* path of a folder, with NUL */
#define MIRROR_FILE "keys.db"
typedef struct key_mirror {
    char place[MIRROR_PLACE_BYTES];
    uint64_t pushed;     /* the last change of keys that it has */
    uint64_t suppressed; /* the same of who must not come back */
    uint64_t behind;     /* changes that it lacks */
    bool follows;        /* false: it has no copy yet */
    int64_t last_ns;     /* when it last had everything; 0: never */
} key_mirror;
typedef struct key_mirrors {
    key_mirror items[VAULT_MIRRORS_MAX];
    uint32_t count;
} key_mirrors;
velum_status vault_mirrors(vault *self, key_mirrors *out) VELUM_WARN_UNUSED;
/* From now on the place is waited for (M-3); fine for a known one. VELUM_E_LIMIT, VELUM_E_INVALID. */
velum_status vault_mirror_add(vault *self, text place) VELUM_WARN_UNUSED;
/* VELUM_E_NOTFOUND. What lies in the place is the caller's to destroy. */
velum_status vault_mirror_forget(vault *self, text place) VELUM_WARN_UNUSED;
typedef struct mirror_advance {
    text place;
    uint64_t pushed;
    uint64_t suppressed;
    int64_t at_ns;
} mirror_advance;
/* The place has everything up to these. VELUM_E_NOTFOUND. */
velum_status vault_mirror_raise(vault *self, const mirror_advance *to) VELUM_WARN_UNUSED;
/* Brings to the place, opened by the caller with the key of keys.db, what it lacks behind `pushed` and
 * `suppressed` of `at`, which move when all of it is durable there. */
velum_status vault_mirror_push(vault *self, store *place, key_mirror *at) VELUM_WARN_UNUSED;
/* A copy of the whole of keys.db while it is written to (store_copy with `online`), and of who must not come
 * back; `out` is how far it has come. */
velum_status vault_mirror_copy(vault *self, const store_copy_options *to,
                               key_mirror *out) VELUM_WARN_UNUSED;

/* --- the indexes of a backup: index_fold.c ------------------------------------------------------------
 * A copy of vault.db has no blind index and no search index: the rows of each subject are sealed with it
 * (I-6). */
typedef struct fold_progress {
    void (*tell)(void *context, uint64_t done, uint64_t total); /* subjects; total 0: not known */
    bool (*goes_on)(void *context); /* asked now and then; false: VELUM_E_UNAVAILABLE. Or NULL */
    void *context;
} fold_progress;
/* In a copy that nobody else has open. Any one thread. */
velum_status vault_index_fold(vault *self, store *copy,
                              const fold_progress *progress) VELUM_WARN_UNUSED;
/* Makes the indexes of such a copy anew, of those whose data key is there. */
velum_status vault_index_unfold(const keyring *keys, store *vault_db, store *keys_db,
                                const fold_progress *progress) VELUM_WARN_UNUSED;

/* --- an older vault.db beside newer keys: restored.c ---------------------------------------------------
 * While a folder is being restored, and nobody is let in: rows of an earlier generation open, and a state
 * that is sealed anew gets a generation above all that keys.db has seen of its subject. */
#define VAULT_RESTORED_ROWS 32
#define RESTORED_OPENS 0
#define RESTORED_NO_KEYS 1     /* the evidence's term has ended since */
#define RESTORED_NO_DATA_KEY 2 /* erased since */
#define RESTORED_KEY_REPLACED \
    3 /* a category was erased since: this row is sealed under the key before */
typedef struct restored_row {
    subject_id subject;
    uint32_t found; /* RESTORED_* */
    uint32_t moves; /* generations since */
} restored_row;
typedef struct restored_rows {
    restored_row items[VAULT_RESTORED_ROWS];
    uint32_t count;
} restored_rows;
/* Of a copy of keys.db, before the vault is opened: forgets the places and what was under way. */
velum_status vault_restored_keys(store *keys_db) VELUM_WARN_UNUSED;
/* Takes from such a copy who must not come back, in place of what the older vault.db says; before places are
 * forgotten or not, once. */
velum_status vault_restored_suppression(store *vault_db, store *keys_db) VELUM_WARN_UNUSED;
/* Drops keys whose subject vault.db does not have: of whom came after it was copied. */
velum_status vault_restored_orphans(store *keys_db, store *vault_db,
                                    uint64_t *out_count) VELUM_WARN_UNUSED;
/* The next live subjects in the order of ids; fewer than VAULT_RESTORED_ROWS: the last. `conn` is the
 * writer's. */
velum_status vault_restored_after(vault *self, store_conn *conn, const subject_id *after,
                                  restored_rows *out) VELUM_WARN_UNUSED;
/* Every row that the vault has of a subject without keys. */
velum_status vault_restored_forget(store_conn *conn, const subject_id *id) VELUM_WARN_UNUSED;

/* Counts, for /metrics and `velum` status. */
uint64_t vault_cache_bytes(const vault *self);

#endif
