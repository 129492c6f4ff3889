/* core/work.h: what modules have to do: timers that came due, and what happened to customers.
 *
 * A work is a row until its module has answered `done`. A module takes it under a lease: while that
 * runs nobody else is given it, and when it has run out it is due again. So a work is given at least
 * once, and what a module does about it may be repeated.
 *
 * WK-1  A work stands in the transaction of what made it: nothing is told that did not happen, nothing
 *       that happened is forgotten.
 * WK-2  Whoever answers names the lease under which it was given; another lease answers nothing.
 * WK-3  A module is told pseudonyms of its own domain, and a leaf names everybody it was told (I-1,
 *       I-10).
 * WK-4  Of somebody erased there is no work but the news of it, which goes once it was answered (I-6).
 * WK-5  A work that was given WORK_ATTEMPTS_MAX times is dropped, and a leaf says so.
 *
 * Rows: docs/formats/vault.md. Modules count by registry number, so a policy may change meanwhile.
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include "core/passage.h"

#define WORK_TIMER 1 /* kinds; for ever */
#define WORK_EVENT 2

#define WORK_NAME_BYTES_MAX 160 /* of an event: its name, and ':' with the table's or purpose's */
#define WORK_TIMER_NAME_BYTES_MAX 64
#define WORK_AT_ONCE_MAX 64
#define WORK_LEASE_MS INT64_C(60000)
#define WORK_ATTEMPTS_MAX 20
#define WORK_TIMERS_MAX 16 /* of one module and customer */
#define WORK_AGAIN_MS_MIN INT64_C(1000)
#define WORK_AGAIN_MS_MAX (INT64_C(7) * 86400 * 1000)
#define WORK_ERASED "subject.erased"

typedef struct work {
    int64_t n;
    uint32_t module; /* registry number */
    uint32_t kind;   /* WORK_* */
    subject_id subject;
    int64_t at_ns;  /* of what happened; of a timer: for when it was set */
    int64_t due_ns; /* when it is to be given */
    int64_t lease;  /* under which it was given last; 0: none stands */
    uint32_t attempts;
    char name[WORK_NAME_BYTES_MAX + 1];
} work;

/* Whether it is the news that its customer was erased. */
bool work_is_of_erased(const work *self);

/* Rows. Writer's connection, in a transaction. */
velum_status work_add(write_batch *batch, const work *made) VELUM_WARN_UNUSED;
/* VELUM_E_NOTFOUND when the module has no such work. */
velum_status work_find(store_conn *conn, uint32_t module, int64_t n, work *out) VELUM_WARN_UNUSED;
/* Those due by `now_ns`, longest due first, at most `max`. */
velum_status work_due(store_conn *conn, uint32_t module, int64_t now_ns, uint32_t max, work *out,
                      uint32_t *out_count) VELUM_WARN_UNUSED;
/* When the next one is due; INT64_MAX when there is none. */
velum_status work_next_due(store_conn *conn, uint32_t module, int64_t *out_ns) VELUM_WARN_UNUSED;
/* Stores due time, lease and attempts. */
velum_status work_put(store_conn *conn, const work *self) VELUM_WARN_UNUSED;
velum_status work_drop(store_conn *conn, int64_t n) VELUM_WARN_UNUSED;

/* The last step of an erasure: every work and timer of the subject goes, but for the news of it. */
velum_status work_finish_erasure(store_conn *conn, const subject_id *subject) VELUM_WARN_UNUSED;

/* The end of its evidence: nobody could say any more of whom the news would be. */
velum_status work_finish_evidence(store_conn *conn, const subject_id *subject) VELUM_WARN_UNUSED;

/* The module that the body names, when it is of the caller's domain; and that domain as the passage's.
 * Refuses REASON_UNKNOWN_RESOURCE, REASON_UNKNOWN_DOMAIN. */
velum_status work_module(passage *passage, const bundle_module **out) VELUM_WARN_UNUSED;
/* The token of a work's customer in the passage's entry, as far as there still is one. */
velum_status work_name_subject(passage *passage, const work *self,
                               uint8_t out[ENTRY_TOKEN_BYTES]) VELUM_WARN_UNUSED;

#endif
