/* audit/journal_state.h: what a journal is made of; shared by journal.c, journal_room.c and
 * journal_recovery.c, and by nobody else.
 */
#ifndef AUDIT_JOURNAL_STATE_H
#define AUDIT_JOURNAL_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit/chain.h"
#include "audit/journal.h"
#include "base/secret.h"

/* Where the next batch goes and what it follows. The appender's own. */
typedef struct journal_position {
    tree_frontier tree; /* its size is the next index */
    tree_hash root;     /* of the tree as it is */
    uint8_t prev[SHA256_BYTES];
    uint64_t outbox_seq;
    uint64_t tail_first;
    uint64_t offset; /* a multiple of TAIL_ALIGN */
    int fd;
} journal_position;

/* Disk room of the current and the next tail file, and who has a claim on it. */
typedef struct journal_room {
    pthread_mutex_t lock; /* guards all of this */
    int fd;               /* the current file; the appender's position has the same */
    uint64_t first;
    uint64_t used;   /* leaves in it */
    uint64_t offset; /* bytes in it */
    uint64_t bytes;  /* bytes that are reserved on disk */
    int next_fd;     /* −1 until the next file is prepared */
    uint64_t next_bytes;
    uint64_t reserved;       /* leaves that reservations claim */
    uint64_t inflight;       /* leaves being appended now */
    uint64_t inflight_bytes; /* what they take when they share this file */
    bool abandoned;          /* J-3 is owed: [offset, abandoned_end) … */
    uint64_t abandoned_end;
    bool abandoned_files; /* … and the later files, which the batch had rolled into */
} journal_room;

struct journal {
    int dir_fd;
    uint64_t leaves_per_tail; /* a power of two */
    note_key key;
    char key_text[NOTE_KEY_TEXT_BYTES];
    uint8_t origin_id[LEAF_ORIGIN_ID_BYTES];
    secret_arena *arena;
    uint8_t *seed; /* in the arena */

    journal_position at;
    uint8_t *batch; /* where batches are put together */
    size_t batch_capacity;
    atomic_bool failed; /* J-5 */

    journal_room room;

    pthread_mutex_t head_lock; /* guards durable */
    checkpoint durable;
    _Atomic uint64_t size;
    uint64_t signed_size; /* the checkpointer's own (J-4) */
};

/* ---- journal_room.c -------------------------------------------------------------------------- */

void room_init(journal_room *room);
void room_clear(journal_room *room);
/* Makes the file of `at` the current one; creates and reserves it when `at->fd` is −1. */
velum_status room_adopt(journal *self, journal_position *at);
/* Pays what J-3 owes, then makes room for a batch, `reserved` of it out of reservations. */
velum_status room_begin(journal *self, uint32_t leaves, uint64_t bytes, uint32_t reserved);
/* The next file becomes the current one; the old descriptor stays open, the caller's to close. */
velum_status room_roll(journal *self, journal_position *at);
/* The batch is durable at the new position. */
void room_commit(journal *self, const journal_position *at);
/* The batch is not: back to `saved`, with everything behind it up to `written_end` abandoned. */
void room_abort(journal *self, const journal_position *saved, uint64_t written_end,
                uint32_t reserved);
/* Zeros over [from, end), synced. */
velum_status room_zero(int fd, uint64_t from, uint64_t end);

/* ---- journal_recovery.c ---------------------------------------------------------------------- */

/* Reads the folder, judges it, mends a torn end, and sets `at` and the room. */
velum_status journal_recover(journal *self, const checkpoint *head, uint64_t signed_size,
                             journal_recovery *report, velum_error *err);

#endif
