/* audit/journal.h: the one that appends.
 *
 * A journal owns the folder of the log while a gate is open: `origin`, `checkpoint`, `tail-<first>`.
 * It assigns index and `prev`, writes whole batches into preallocated tail files, and makes them
 * durable with one fdatasync a batch. Only the appender thread calls journal_append; the writer
 * thread reserves room before it begins a transaction; anybody may ask for size and root.
 *
 * J-1  A leaf is acknowledged only after the fdatasync that covers it.
 * J-2  A batch is written only after its predecessor is durable.
 * J-3  What a rewind or recovery abandons is zeros, synced, before the next batch.
 * J-4  No checkpoint is signed for a size below one that was signed before.
 * J-5  After a failed fdatasync nothing is appended until a restart has re-verified the tail.
 * Format: docs/formats/tail.md, docs/formats/checkpoint.md.
 */
#ifndef AUDIT_JOURNAL_H
#define AUDIT_JOURNAL_H

#include "audit/entry.h"
#include "base/clock.h"
#include "base/crypto.h"

#define JOURNAL_BATCH_LEAVES_MAX 1024
#define JOURNAL_TAIL_LEAVES 65536

typedef struct journal journal;

/* Makes `origin` and the first, empty, signed checkpoint in the empty folder `dir_fd`. `origin` is
 * a key name by C2SP signed-note (no blank, no plus), at most 128 bytes. `seed` is the note key. */
velum_status journal_create(int dir_fd, text origin,
                            const uint8_t seed[ED25519_SEED_BYTES]) VELUM_WARN_UNUSED;

typedef struct journal_options {
    int dir_fd;               /* borrowed while the journal lives */
    const uint8_t *seed;      /* ED25519_SEED_BYTES; copied into a locked arena of the journal */
    uint64_t signed_size;     /* the size that vault.db remembers as last signed; 0 at first */
    uint64_t leaves_per_tail; /* 0: JOURNAL_TAIL_LEAVES; tests use fewer, a power of two */
} journal_options;

/* What opening found. */
typedef struct journal_recovery {
    uint64_t size;       /* whole, sound leaves */
    uint64_t outbox_seq; /* highest outbox seq that the log holds */
    int64_t newest_ns;   /* newest time in a leaf, 0 when empty */
    bool torn;           /* a last batch was dropped: the caller appends a recovery leaf */
    uint64_t torn_bytes;
} journal_recovery;

/* Verifies every batch of the last tail file and the roots of closed ones, drops a torn last batch
 * (J-3) and is ready to append. VELUM_E_TAMPERED with the index in `err` when an invalid batch is
 * followed by a valid one or the tail contradicts the checkpoint; VELUM_E_TRUNCATED when there is
 * less than was signed. */
velum_status journal_open(const journal_options *options, journal **out, journal_recovery *report,
                          velum_error *err) VELUM_WARN_UNUSED;
/* Signs nothing; call journal_checkpoint before for a clean stop. NULL is allowed. */
void journal_free(journal *self);
VELUM_DEFINE_AUTO(journal);

/* Sets room aside in the preallocated tail for `leaves` bodies that a later append will bring:
 * VELUM_E_NOSPACE when the disk has none. Any thread. The reservation is consumed by the append
 * that says so, or given back. */
velum_status journal_reserve(journal *self, uint32_t leaves) VELUM_WARN_UNUSED;
void journal_unreserve(journal *self, uint32_t leaves);

typedef struct journal_body {
    const uint8_t *data;
    size_t size;
} journal_body;

/* Appends one batch and makes it durable (J-1): VELUM_OK sets the first index. `reserved` of the
 * bodies came with a reservation, which is used up when this succeeds; the others must not eat into
 * what is reserved. Bodies are what entry_encode made. `outbox_seq` is the highest seq of this batch
 * or what it was before: exactly that, since verify recomputes it from the leaves.
 * VELUM_E_NOSPACE or VELUM_E_IO: nothing was appended, try again later. VELUM_E_UNAVAILABLE: an
 * fdatasync failed, now or before (J-5); the leaves may be found after a restart. */
velum_status journal_append(journal *self, const journal_body *bodies, uint32_t count,
                            uint32_t reserved, uint64_t outbox_seq,
                            uint64_t *out_first_index) VELUM_WARN_UNUSED;

/* Leaves that are durable. Any thread. */
uint64_t journal_size(const journal *self);

/* Calls back with the size about to be signed; anything but VELUM_OK withholds the signature. The
 * caller stores it by compare-and-swap in vault.db (spec: fdatasync, persist, sign, publish). */
typedef velum_status (*journal_persist)(void *context, uint64_t size);

/* Signs and publishes a checkpoint of what is durable; nothing to do when it has been signed. One
 * thread at a time (the checkpointer, or the one that stops the gate). */
velum_status journal_checkpoint(journal *self, journal_persist persist,
                                void *context) VELUM_WARN_UNUSED;

/* The verifier key, NUL-terminated, borrowed; and the origin. */
const char *journal_verifier_key(const journal *self);
const char *journal_origin(const journal *self);

#endif
