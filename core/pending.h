/* core/pending.h: one request under way, from submit to its answer.
 *
 * Whoever may still touch it holds it: the caller (until velum_pending_free), the queue it waits in,
 * the watchdog's list. Its state moves by compare-and-swap, so that exactly one of appender, writer
 * and watchdog wakes the caller:
 *
 *   RUNNING → WAITING          the worker queued it
 *   WAITING → READY            the entry is durable: `answer` may leave (I-1)
 *   WAITING → AGAIN            decided in an older world: run the path once more
 *   WAITING → EXPIRED          the watchdog's limit; the leaf stays, the answer does not (I-1)
 *   AGAIN   → RUNNING          velum_pending_take runs it on the caller's worker
 *   any     → ABANDONED        the caller is gone
 */
#ifndef CORE_PENDING_H
#define CORE_PENDING_H

#include "core/answer.h"
#include "core/appender.h"
#include "vault/pseudonym.h"

#include <stdatomic.h>

#define PENDING_RUNNING 0
#define PENDING_WAITING 1
#define PENDING_READY 2
#define PENDING_AGAIN 3
#define PENDING_EXPIRED 4
#define PENDING_ABANDONED 5

#define PENDING_ATTEMPTS_MAX 3
#define PENDING_BODY_BYTES_MAX ((size_t)64 << 10)
#define PENDING_BODY_BYTES_MAX_PEOPLE ((size_t)1 << 20) /* people at the command line */
#define PENDING_STRING_BYTES_MAX 4096

#define CLIENT_HTTP 1 /* as in leaves */
#define CLIENT_SOCKET 2
#define CLIENT_IN_PROCESS 3
#define CLIENT_OURSELVES 4
#define AUTH_OURSELVES 4u /* beside VELUM_AUTH_*; never from outside */

#define PENDING_PEOPLE_TIMEOUT_MS 600000 /* people at the command line may ask for long lists */

struct verb;

/* What a read leaves in the log, on its way to the appender: one leaf, or some that name many. They
 * stand together, and the answer leaves after all of them. */
typedef struct pending_leaf {
    outbox_list bodies;
    uint64_t seq;    /* outbox seq of the snapshot that the decision stood on */
    uint64_t behind; /* the seq behind which it stands in the log: that, or the world's if later */
    uint64_t epoch;  /* of its world */
    uint32_t slot;   /* of its subject in changes */
    bool has_slot;   /* what was found of it, and what was found damaged, is judged by the slot */
    bool is_own;     /* of the gate itself: never stale */
    uint32_t *slots; /* of everybody who is named besides; owned */
    uint32_t slot_count;
} pending_leaf;

struct velum_pending {
    atomic_int holds;
    atomic_int state;
    velum_gate *gate;
    velum_ready ready;
    void *context;
    const struct verb *verb;
    uint32_t auth;
    uint32_t uid; /* of VELUM_AUTH_SELF */
    uint32_t client;
    text credential; /* all point into `strings` */
    text activity;
    text ref;
    text fields;
    text body;
    text caller_id;
    text if_match;
    char *strings;
    uint32_t attempts;
    bool refusal_is_admitted; /* to the record, on an earlier attempt */
    uint64_t refusal_repeated;
    uint8_t refusal_key[16]; /* to take it back when the record fails */
    uint8_t ids[2][16];      /* our request id; the event id of the first attempt's leaf */
    velum_answer *answer;    /* owned; leaves only when READY */
    pending_leaf leaf;
    int64_t deadline_ns;              /* monotonic */
    struct velum_pending *queue_next; /* in the writer's or appender's queue */
    struct velum_pending *watch_next; /* in the watchdog's list */
    struct velum_pending *watch_previous;
};

/* A copy of the request, held once by the caller. */
velum_status pending_create(velum_gate *gate, const velum_request *request, velum_pending **out,
                            velum_error *err) VELUM_WARN_UNUSED;
/* An act of the gate itself: a verb that is ours. */
velum_status pending_create_own(velum_gate *gate, uint32_t verb,
                                velum_pending **out) VELUM_WARN_UNUSED;
/* Drops what an attempt left. */
void pending_leaf_clear(pending_leaf *self);
void pending_hold(velum_pending *self);
void pending_release(velum_pending *self);

/* Starts or runs again on this thread; VELUM_OK: settled, VELUM_PENDING: `ready` will be called. */
velum_status pending_start(velum_pending *self) VELUM_WARN_UNUSED;
/* The answer becomes "unavailable", and a refusal that it was is forgotten: it has no record. */
void pending_withhold(velum_pending *self);
/* Leaves WAITING for `state` and wakes the caller; false when somebody else did. */
bool pending_settle(velum_pending *self, int state);
/* The synchronous call for our own threads: runs to the answer. */
velum_status pending_wait(velum_pending *self, velum_answer **out) VELUM_WARN_UNUSED;

/* As velum_gate_call, on behalf of a peer at the socket. */
typedef struct peer {
    uint32_t client;
    uint32_t uid;
} peer;
velum_status gate_call_as(velum_gate *gate, const velum_request *request, const peer *peer,
                          velum_answer **out, velum_error *err) VELUM_WARN_UNUSED;

#endif
