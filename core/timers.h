/* core/timers.h: what is due at a time: rows, so that no crash forgets them.
 *
 * A timer is (time, kind, 16 bytes that say of what). It is set and dropped inside the transaction
 * that makes it necessary, and runs on the writer thread under a savepoint of its own, as an act of
 * the gate with a leaf: what it does and its disappearance commit together. Times are judged by the
 * later of clock and newest recorded time; while the clock is behind, no timer runs (I-3).
 *
 * T-1  A timer that has run is gone, or stands at a later time: it never runs twice for one effect.
 * T-2  A timer that fails is tried again after a minute and holds up no other.
 */
#ifndef CORE_TIMERS_H
#define CORE_TIMERS_H

#include "core/passage.h"

/* Kinds; numbers are for ever. */
#define TIMER_POLICY 1      /* a scheduled activation; of: first 16 bytes of the bundle's hash */
#define TIMER_REQUEST 2     /* the next moment of a request; of: its id */
#define TIMER_APPROVAL 3    /* its end; of: its id */
#define TIMER_RETAINED 4    /* the first retained category of a subject ends; of: subject id */
#define TIMER_EVIDENCE 5    /* the evidence of an erased subject ends; of: subject id */
#define TIMER_SUPPRESSION 6 /* ended suppressions are swept; of: zeros */
#define TIMER_RETENTION 7   /* purpose met or consent gone: proactive deletion; of: subject id */
#define TIMER_MODULE 8      /* a module's own; of: core/work.h */
#define TIMER_MESSAGE 9 /* a message whose courier did not come back, or that waits; of: its id */
#define TIMER_HOOK 11 /* a webhook is tried again; of: its id, or zeros: what waits too long goes */
#define TIMER_KINDS 12 /* array size */

typedef struct timer {
    int64_t at_ns;
    uint32_t kind;
    uint8_t of[16];
} timer;

/* One timer a (kind, of): setting it again moves it. Writer's connection, in a transaction; the gate
 * wakes after COMMIT. */
velum_status timer_set(write_batch *batch, const timer *timer) VELUM_WARN_UNUSED;
/* The same, but one that stands already stays as it is. */
velum_status timer_set_once(write_batch *batch, const timer *timer) VELUM_WARN_UNUSED;
velum_status timer_drop(write_batch *batch, uint32_t kind, const uint8_t of[16]) VELUM_WARN_UNUSED;

/* What runs when it is due: inside the timer's own savepoint; the timer's row is gone already. The
 * passage is the gate's own (actor: ourselves; activity: `administration` where the bundle has it);
 * the handler locates what it needs, fills passage->entry and may set another timer. A negative
 * status rolls it all back (T-2); the leaf is written by the caller, with the handler's entry type;
 * with passage->entry.type left 0 nothing happened and there is no leaf. */
typedef velum_status (*timer_function)(passage *passage, const timer *timer);

/* The verb of the steward (core/steward.h): runs what is due, at most TIMERS_AT_ONCE. */
#define TIMERS_AT_ONCE 64
velum_status timers_apply(passage *passage) VELUM_WARN_UNUSED;
/* The earliest time, INT64_MAX when there is none. */
velum_status timers_next(store_conn *conn, int64_t *out_ns) VELUM_WARN_UNUSED;

/* The handlers, one a kind, each in its own file. */
velum_status policy_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status request_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status approval_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status retained_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status evidence_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status suppression_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status retention_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status module_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status message_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;
velum_status hook_timer(passage *passage, const timer *timer) VELUM_WARN_UNUSED;

#endif
