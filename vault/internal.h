/* vault/internal.h: what the files of the vault share, and nobody else sees.
 *
 * Records of a subject are sealed under keys of that subject, whose version is 1 until a data key is
 * replaced; the key-encryption key has its own version, in the wrapped keys.
 */
#ifndef VAULT_INTERNAL_H
#define VAULT_INTERNAL_H

#include "vault/vault.h"

#include <pthread.h>
#include <stdatomic.h>

#define SUBJECT_KEY_VERSION 1 /* of what is not sealed under keys that come from the data key */
#define INDEX_KEY_VERSION 1
#define INDEX_SUITE 1 /* keyed BLAKE2b-256 */
#define CATEGORY_NUMBER_MAX 0xFEFF
#define COMMITMENT_BYTES 16
#define STATE_SEALED_BYTES (VAULT_STATE_BYTES + SEALED_OVERHEAD_BYTES)
#define CATEGORY_KEY_BYTES (KEY_BYTES + SEALED_OVERHEAD_BYTES + COMMITMENT_BYTES)
#define CATEGORY_SEALED_BYTES_MAX (VAULT_RECORD_BYTES_MAX + SEALED_OVERHEAD_BYTES)
#define KEYS_WAIT_MS 2000

typedef struct cache cache;
typedef struct key_row key_row;

/* --- generations: generation.c ---------------------------------------------------------------------- */

/* A subject's step from one generation to the next, and the outbox seq with which vault.db commits it. */
typedef struct generation_move {
    subject_id subject;
    uint32_t before;
    uint32_t generation;
    uint64_t seq;
} generation_move;

typedef struct move_list {
    generation_move *moves;
    uint32_t count;
    uint32_t capacity;
} move_list;

/* The last moves of this process, for readers whose snapshot of vault.db is older than keys.db. */
#define RECENT_MOVES 2048
typedef struct recent_moves {
    pthread_mutex_t lock;
    generation_move ring[RECENT_MOVES];
    uint64_t written;
    uint64_t forgotten_seq; /* highest seq that was overwritten */
    uint64_t taken_back;    /* how often keys.db took moves back */
} recent_moves;

struct vault {
    keyring *keys;
    store *vault_db;
    const store_conn *vault_writer; /* its view may be uncommitted, and so may the keys of it */
    store *keys_db;
    cache *cache; /* NULL: none */
    velum_random random;
    bool is_restoring;         /* older rows open, and nobody but the restore asks (restored.c) */
    _Atomic(bool) has_mirrors; /* places follow keys.db; written by the writer thread */
    /* Of the writer thread alone: */
    bool keys_begun;
    bool keys_unsure;    /* a commit of keys.db failed: a crash may still bring it back */
    bool moves_stand;    /* in keys.db, until its next transaction or the end */
    move_list pending;   /* of the transaction that is open on vault.db */
    move_list committed; /* in keys.db; whether vault.db followed is asked when it matters */
    /* Of all threads: */
    recent_moves recent;
};

/* Notes a move of the open transaction; VELUM_E_LIMIT. */
velum_status generation_note(vault *self, const generation_move *move) VELUM_WARN_UNUSED;
/* Whether a row may be read whose generation is not the one that keys.db knows: VELUM_OK,
 * VELUM_E_STALE for a snapshot that is too old to tell, VELUM_E_TAMPERED. */
velum_status generation_check(vault *self, const store_conn *conn, const sealed_subject *row,
                              const key_row *keys) VELUM_WARN_UNUSED;
/* For key_row.moment, asked before keys.db is read. */
uint64_t generation_moment(vault *self);
/* Whether a snapshot with outbox seq `seq` is older than a move of the subject by this process. */
bool generation_is_behind(vault *self, const subject_id *id, uint64_t seq);
/* Writes down whether the moves in keys.db hold, as far as it can be done now. */
void generation_settle(vault *self);
void generation_clear(vault *self);
/* The highest outbox seq that this view of vault.db shows (core/'s table `meta`), 0 for none. */
velum_status vault_outbox_seq(store_conn *conn, uint64_t *out) VELUM_WARN_UNUSED;

/* --- keys.db: key_slot.c, subject_keys.c, subject_keys_collect.c ------------------------------------ */

/* A place for wrapped keys that never moves within the file: rows are appended, overwritten where they
 * lie and used again, never deleted (docs/formats/vault.md, "Slots"). */
typedef struct key_slot {
    uint8_t first[WRAPPED_KEY_BYTES];
    uint8_t second[WRAPPED_KEY_BYTES];
} key_slot;

velum_status key_slot_take(store_conn *keys, const key_slot *contents,
                           int64_t *out) VELUM_WARN_UNUSED;
/* Overwrites the first key where it lies. VELUM_E_CORRUPT when there is no such slot. */
velum_status key_slot_replace_first(store_conn *keys, int64_t slot,
                                    const uint8_t wrapped[WRAPPED_KEY_BYTES]) VELUM_WARN_UNUSED;
velum_status key_slot_destroy_first(store_conn *keys, int64_t slot) VELUM_WARN_UNUSED;
/* Overwrites both keys; the slot may be taken again. */
velum_status key_slot_free(store_conn *keys, int64_t slot) VELUM_WARN_UNUSED;
/* Whether zeros stand in the place of a wrapped key. */
bool key_slot_is_empty(const uint8_t wrapped[WRAPPED_KEY_BYTES]);

/* Both keys of a subject, wrapped. */
typedef struct subject_keys {
    uint8_t data[WRAPPED_KEY_BYTES]; /* zeros: destroyed */
    uint8_t evidence[WRAPPED_KEY_BYTES];
} subject_keys;

/* A row of keys.db. */
struct key_row {
    subject_keys keys;
    uint8_t next_data[WRAPPED_KEY_BYTES];
    int64_t slot;
    int64_t next_slot; /* 0: none */
    uint32_t kek_version;
    uint32_t generation;
    uint32_t key_version;
    uint64_t moment; /* before it was read; 0: of the writer alone */
};

velum_status subject_keys_open(vault *self, const vault_options *options,
                               velum_error *err) VELUM_WARN_UNUSED;
/* VELUM_E_NOTFOUND when there is no row. `conn` tells whose view is asked for. Without the next data
 * key, for which hardly any read asks. */
velum_status subject_keys_read(vault *self, const store_conn *conn, const subject_id *id,
                               key_row *out) VELUM_WARN_UNUSED;
velum_status subject_keys_read_whole(vault *self, const store_conn *conn, const subject_id *id,
                                     key_row *out) VELUM_WARN_UNUSED;
/* The same of many in one view of keys.db, for walks: a reader in a transaction, and the moment before it
 * began. Not for the writer's view of vault.db. */
typedef struct key_view {
    store_conn *reader;
    uint64_t moment;
} key_view;
velum_status key_view_open(vault *self, key_view *out) VELUM_WARN_UNUSED;
void key_view_close(vault *self, key_view *view);
velum_status key_view_read(const key_view *view, const subject_id *id,
                           key_row *out) VELUM_WARN_UNUSED;
/* With the next data key, on a connection to any file of the form of keys.db. */
velum_status key_row_read(store_conn *keys, const subject_id *id, key_row *out) VELUM_WARN_UNUSED;
/* Begins the transaction on keys.db where none is open. */
velum_status subject_keys_begin(vault *self) VELUM_WARN_UNUSED;
/* The same, and puts the keys there; what is rolled back in vault.db alone is collected at start. */
velum_status subject_keys_insert(vault *self, const subject_id *id,
                                 const subject_keys *keys) VELUM_WARN_UNUSED;
/* Takes keys of a subject away, whole: row and slots. Fine when there is none. */
velum_status subject_keys_drop(store_conn *keys, const subject_id *id) VELUM_WARN_UNUSED;
velum_status subject_keys_next_drop(store_conn *keys, const subject_id *id,
                                    int64_t slot) VELUM_WARN_UNUSED;
/* Takes back what keys.db was given for transactions that vault.db never committed. */
velum_status subject_keys_collect(vault *self) VELUM_WARN_UNUSED;

/* --- places that follow keys.db: mirror.c, mirror_push.c ------------------------------------------------------------ */

/* Whether there are any; when the file is opened and after each change. */
velum_status mirrors_load(vault *self) VELUM_WARN_UNUSED;
/* In the open transaction of keys.db: places lack something of this subject from now on (M-1). */
velum_status mirror_note(const vault *self, const subject_id *id) VELUM_WARN_UNUSED;
/* The numbers up to which a copy that begins now will have everything. */
velum_status mirror_due_end(store_conn *keys, uint64_t *out) VELUM_WARN_UNUSED;
velum_status mirror_suppression_end(store_conn *conn, uint64_t *out) VELUM_WARN_UNUSED;
/* mirror_suppression.c: what is due of it behind `*pushed`, and all of it. */
velum_status mirror_push_suppression(vault *self, store *place, uint64_t *pushed) VELUM_WARN_UNUSED;
velum_status mirror_copy_suppression(vault *self, store *place) VELUM_WARN_UNUSED;
/* All keys of a subject, retained ones among them, from a file of the form of keys.db; fine when there are
 * none. */
velum_status keys_drop_whole(store_conn *keys, const subject_id *id) VELUM_WARN_UNUSED;
/* VELUM_E_BUSY while one lacks something of the subject (M-3). */
velum_status mirrors_have(const vault *self, const subject_id *id) VELUM_WARN_UNUSED;

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
    uint32_t generation;
    uint32_t key_version;
    uint32_t ledger_count;
    uint32_t category_count;
    bool has_person; /* one of several records of one person */
    subject_id person;
    subject_keys keys; /* of a live subject, the data key by key_version; zeros else */
    uint8_t state[STATE_SEALED_BYTES];
    sealed_category categories[];
};

/* A block without categories, and the columns of a subject's row from `first` on: status, version of the
 * state, state, generation, key version, count of the ledger, person. */
velum_status sealed_subject_new(const subject_id *id, sealed_subject **out) VELUM_WARN_UNUSED;
velum_status sealed_subject_read(store_stmt *stmt, int first,
                                 sealed_subject *into) VELUM_WARN_UNUSED;
/* The keys of a live row, where keys.db agrees that it is the true one (V-5, V-6); in `view`, or, where
 * that is NULL, in one of its own. */
velum_status sealed_subject_find_keys(vault *self, const store_conn *conn, const key_view *view,
                                      sealed_subject *row) VELUM_WARN_UNUSED;
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
void cache_drop(cache *self, const subject_id *id);
uint64_t cache_bytes(cache *self);

/* --- opened subjects: opened_subject.c ------------------------------------------------------------------ */

struct opened_subject {
    subject_id id;
    uint32_t tenant;
    uint32_t generation;
    uint32_t key_version;
    bool is_new;                  /* created in the open transaction */
    const sealed_subject *sealed; /* NULL: just created, or opened for evidence alone */
    secret_arena *arena;
    uint8_t data_key[KEY_BYTES]; /* the next generation's state key comes from it */
    uint8_t state_key[KEY_BYTES];
    uint8_t category_wrapping_key[KEY_BYTES];
    uint8_t evidence_key[KEY_BYTES];
    uint8_t state[VAULT_STATE_BYTES];
};

/* Which state it is: with the key version of `opened` all that its key and place are made of. */
typedef struct state_seat {
    uint32_t version;
    uint32_t generation;
} state_seat;

/* Of records under keys that come from the data key, and of all others. */
sealed_place opened_data_place(const opened_subject *opened, uint16_t category, uint32_t version);
sealed_place opened_place(const opened_subject *opened, uint16_t category, uint32_t version);
/* Takes a copy of the data key and fills what is derived from it, for opened->generation. */
void opened_derive(opened_subject *opened, const uint8_t data_key[KEY_BYTES]);
void opened_consent_key(const opened_subject *opened, uint8_t out[KEY_BYTES]);
/* Seals a state into `out`, which must be empty. */
velum_status opened_seal_state(const opened_subject *opened, const velum_random *random,
                               const state_seat *seat, const uint8_t state[VAULT_STATE_BYTES],
                               buffer *out) VELUM_WARN_UNUSED;

/* --- rows of subjects: subject.c -------------------------------------------------------------------------- */

/* The numbers of a subject's row as a transaction shows them. */
typedef struct subject_row {
    uint32_t status;
    uint32_t state_version;
    uint32_t generation;
    uint32_t key_version;
} subject_row;

velum_status subject_row_read(store_conn *conn, const subject_id *id,
                              subject_row *out) VELUM_WARN_UNUSED;
/* Seals the state under the data key of `opened` at the generation and one above the version of
 * `row`, and stores it with opened->key_version. */
velum_status subject_store_state(const vault *self, store_conn *conn, const opened_subject *opened,
                                 const subject_row *row,
                                 const uint8_t state[VAULT_STATE_BYTES]) VELUM_WARN_UNUSED;

/* --- blind indexes: vault.c ---------------------------------------------------------------------------- */

#define TYPE_AND_FORM_BYTES 64
/* "mobile/1": what stands in the index beside the hash. */
velum_status index_type_and_form(const identifier *value, char out[TYPE_AND_FORM_BYTES],
                                 text *out_text) VELUM_WARN_UNUSED;

/* Rows of the search index that came from fields of one category: search_index.c. */
velum_status search_index_drop_category(store_conn *conn, const subject_id *id,
                                        uint16_t category) VELUM_WARN_UNUSED;

/* What is left of a fold's rows. */
typedef struct fold_reader {
    const uint8_t *at;
    size_t left;
} fold_reader;
/* One of them; texts and bytes are borrowed from the fold. */
typedef struct fold_entry {
    bool is_identifier; /* else of the search index */
    text type_and_form;
    uint32_t key_version;
    uint16_t field;
    uint16_t category;
    crypto_part hash;
} fold_entry;
/* VELUM_END behind the last; VELUM_E_CORRUPT for anything that folding does not write. */
velum_status index_fold_next(fold_reader *self, fold_entry *out) VELUM_WARN_UNUSED;

/* --- category keys: category.c ---------------------------------------------------------------------------- */

velum_status category_key_open(const opened_subject *opened, uint16_t category, crypto_part wrapped,
                               uint8_t out[KEY_BYTES]) VELUM_WARN_UNUSED;

/* The category's row as the transaction shows it, opened into the arena: VELUM_E_NOTFOUND,
 * VELUM_E_TAMPERED when it has another version. */
velum_status category_open_row(store_conn *conn, const opened_subject *opened, uint16_t category,
                               uint32_t version, crypto_part *out) VELUM_WARN_UNUSED;
/* The same subject under its data key and under the next one. */
typedef struct category_pair {
    const opened_subject *from;
    const opened_subject *to;
} category_pair;
/* Wraps the category's key under the next data key. */
velum_status category_rewrap(const vault *self, store_conn *conn, const category_pair *pair,
                             uint16_t category) VELUM_WARN_UNUSED;

/* --- destruction: destruction.c, destruction_categories.c, retained.c ---------------------------------------- */

typedef struct destruction_start {
    const subject_id *subject;
    uint32_t kind;
    uint16_t category;      /* of DESTROY_RETAINED */
    crypto_part categories; /* of DESTROY_CATEGORIES: u16be each */
} destruction_start;
/* Notes it in `destruction`: VELUM_E_BUSY. */
velum_status destruction_begin(store_conn *conn, const destruction_start *start,
                               const destruction_plan *plan) VELUM_WARN_UNUSED;

/* Seals a category anew under a key of its own. */
velum_status retained_keep(vault *self, store_conn *conn, const opened_subject *opened,
                           const retained_category *what) VELUM_WARN_UNUSED;
/* In keys.db: takes key and mark away, or the mark alone; fine when there is none. */
velum_status retained_key_drop(store_conn *keys, const subject_id *id,
                               uint16_t category) VELUM_WARN_UNUSED;
velum_status retained_key_unmark(store_conn *keys, const subject_id *id,
                                 uint16_t category) VELUM_WARN_UNUSED;
/* VELUM_E_CORRUPT when the key is still there. */
velum_status retained_key_is_gone(vault *self, const subject_id *id,
                                  uint16_t category) VELUM_WARN_UNUSED;

/* --- records and events: record.c, consent_event.c -------------------------------------------------------- */

/* Encoded size of a valid record, or VELUM_E_INVALID, VELUM_E_LIMIT. An upper bound. */
velum_status record_size_max(const record *self, size_t *out) VELUM_WARN_UNUSED;
velum_status record_encode(const record *self, buffer *out) VELUM_WARN_UNUSED;
/* The texts borrow from `data`. VELUM_E_CORRUPT for anything that record_encode does not write. */
velum_status record_decode(const uint8_t *data, size_t size, record *out) VELUM_WARN_UNUSED;

#define CONSENT_EVENT_BYTES 166   /* format 2 */
#define CONSENT_EVENT_BYTES_1 110 /* format 1, which is read only */
velum_status consent_event_encode(const consent_event *event,
                                  uint8_t out[CONSENT_EVENT_BYTES]) VELUM_WARN_UNUSED;
/* `size` is that of the format, else VELUM_E_CORRUPT. */
velum_status consent_event_decode(const uint8_t *bytes, size_t size,
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

/* Runs a statement whose one parameter is the subject. */
static inline velum_status execute_for(store_conn *conn, const char *sql, const subject_id *id)
{
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    return stmt_execute(stmt);
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
