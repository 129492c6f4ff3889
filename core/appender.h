/* core/appender.h: the one thread that gives leaves their place in the log.
 *
 * Reads bring a body each and wait; writes bring bodies that already stand committed in the outbox.
 * All that arrived during the last fdatasync is the next batch; there is no timer.
 *
 * A-1  A read is appended only after the write whose seq its snapshot showed, and after the one
 *      that made its world: whoever reads the log has met the policy and the credential before.
 * A-2  A read whose subject's slot or whose world is newer than its decision is sent back (I-9).
 * A-3  A read's answer leaves only after its leaf is durable; when it cannot be, the answer is
 *      replaced by "unavailable" (I-1).
 * A-4  A write's body is never dropped: it waits, and the outbox has it for the next start.
 */
#ifndef CORE_APPENDER_H
#define CORE_APPENDER_H

#include "base/status.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <velum/velum.h>

struct velum_pending;
struct appender_batch;

/* One body of a committed write, in the order of seqs. */
typedef struct outbox_body {
    struct outbox_body *next;
    uint64_t seq;
    size_t size;
    uint8_t data[];
} outbox_body;

/* A list of them, first to last. */
typedef struct outbox_list {
    outbox_body *first;
    outbox_body *last;
    uint32_t count;
} outbox_list;

void outbox_list_push(outbox_list *self, outbox_body *body);
/* Appends all of `more`, which is empty afterwards. */
void outbox_list_join(outbox_list *self, outbox_list *more);
void outbox_list_clear(outbox_list *self);
/* Encodes an entry as the next body; `seq` is 0 for that of a read. */
struct audit_entry;
velum_status outbox_list_encode(outbox_list *self, const struct audit_entry *entry,
                                uint64_t seq) VELUM_WARN_UNUSED;

typedef struct appender {
    velum_gate *gate;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;               /* something to do */
    pthread_cond_t advanced;           /* appended_seq moved, or nothing is left */
    bool is_idle;                      /* waits with nothing taken; under lock */
    struct velum_pending *reads_first; /* arrived; under lock */
    struct velum_pending *reads_last;
    outbox_list writes; /* arrived; under lock */
    atomic_bool stop;
    atomic_uint_fast64_t appended_seq; /* highest outbox seq in the log */
    atomic_bool failing;               /* the journal did not take the last batch */
    /* the thread's own */
    struct appender_batch *work;      /* allocated before it, which could not report a failure */
    outbox_list backlog;              /* taken, not yet in the log */
    struct velum_pending *held_first; /* reads that wait for a write */
} appender;

velum_status appender_start(appender *self, velum_gate *gate,
                            uint64_t appended_seq) VELUM_WARN_UNUSED;
/* Empties its queues as far as the journal lets it, then joins. */
void appender_stop(appender *self);
/* Takes a hold of the read. Any worker. */
void appender_queue_read(appender *self, struct velum_pending *read);
/* Takes the bodies over. Writer thread, after COMMIT and after changes were raised. */
void appender_queue_writes(appender *self, outbox_list *writes);
/* Waits until the log holds `seq`; VELUM_E_UNAVAILABLE after timeout_ms, or at once when the gate
 * stops while the journal takes nothing. */
velum_status appender_wait(appender *self, uint64_t seq, uint32_t timeout_ms) VELUM_WARN_UNUSED;
/* The same until nothing is left to append: leaves of reads and of our own have no seq to wait for. */
velum_status appender_drain(appender *self, uint32_t timeout_ms) VELUM_WARN_UNUSED;

#endif
