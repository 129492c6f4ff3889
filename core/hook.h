/* core/hook.h: webhooks: who outside is told what happened to a pseudonym.
 *
 *   waiting ── taken (INTENT) ── sent (OUTCOME; the row goes)
 *      └──── failed, unknown (OUTCOME) ────┘ … after HOOK_ATTEMPTS_MAX: given up
 *
 * K-1  A row is made in the transaction in which the thing happens (core/happening.h); what is told is
 *      made from it when it goes out: a pseudonym of the hook's domain and names, no value (I-5, I-10).
 * K-2  Each taking is an INTENT leaf and each answer an OUTCOME leaf that names it; a courier that does
 *      not come back within HOOK_LEASE_NS is an OUTCOME, too: unknown (M-4).
 * K-3  At least once: what failed or is unknown is told again under the same id, by which the receiver
 *      knows what it has. Nothing is told in a promised order.
 * K-4  A hook's secret is derived from the folder's token key, the hook's name and, from the second on,
 *      which one the policy says: nothing is stored, and the courier never has it. While a second or
 *      later one is in force, the one before it signs, too, so that a receiver can change over.
 * K-5  Of somebody erased nothing waits but the news of it and the tasks of recipients (I-6).
 * K-6  Where many wait for one hook and few for another, each is given its share, and who is first
 *      changes from call to call.
 * K-7  What nobody came for in HOOK_KEPT_NS goes, with one leaf that says how many: a folder without a
 *      courier does not grow for ever.
 *
 * The payload and the signature are those of the Standard Webhooks specification, version 1.0.0.
 */
#ifndef CORE_HOOK_H
#define CORE_HOOK_H

#include "core/passage.h"

#define HOOK_ID_BYTES 16
#define HOOK_LEASE_NS (120 * NS_PER_SECOND)
#define HOOK_ATTEMPTS_MAX 13                  /* with the waits between them about three days */
#define HOOK_NEXT_MAX 50                      /* at once */
#define HOOK_HOOKS_MAX (2 * BUNDLE_HOOKS_MAX) /* with those that the policy has no more */
#define HOOK_NAME_BYTES 63                    /* of a name of the policy */
#define HOOK_DETAIL_BYTES 129
#define HOOK_EVENT_NAME_BYTES 32

#define HOOK_WAITING 1 /* states; for ever */
#define HOOK_TAKEN 2
#define HOOK_GIVEN_UP 3 /* kept HOOK_KEPT_NS to be seen */
#define HOOK_KEPT_NS (30 * 86400 * NS_PER_SECOND)

#define HOOK_OUTCOME_SENT 1 /* INPUT_HOOK_OUTCOME; for ever */
#define HOOK_OUTCOME_FAILED 2
#define HOOK_OUTCOME_UNKNOWN 3

typedef struct hook_row {
    uint8_t id[HOOK_ID_BYTES];
    uint16_t hook;  /* registry number */
    uint32_t event; /* index of the HOOK_* bit */
    subject_id subject;
    uint16_t domain; /* registry number */
    char detail[HOOK_DETAIL_BYTES];
    uint8_t related[16]; /* the task; zeros: nothing */
    int64_t by_ns;       /* when the task is to be acknowledged; 0: never */
    uint32_t state;
    int64_t at_ns;  /* when it happened */
    int64_t due_ns; /* when it is to go, is taken back, or is forgotten, by state */
    uint32_t attempts;
    uint32_t status;    /* HTTP, of the last attempt; 0: none came */
    uint8_t intent[16]; /* leaf of the last taking; zeros: never taken */
} hook_row;

/* "consent.changed" of an index; NULL for an unknown one. */
const char *hook_event_name(uint32_t event);
const char *hook_state_name(uint32_t state); /* "given-up" */
/* Of INPUT_EVENT, which counts from 1, and of INPUT_HOOK_OUTCOME: "sent". */
const char *hook_event_shown(uint32_t number);
const char *hook_outcome_name(uint32_t outcome);

/* core/hook.c: rows. VELUM_E_NOTFOUND. */
velum_status hook_load(store_conn *conn, const uint8_t id[HOOK_ID_BYTES],
                       hook_row *out) VELUM_WARN_UNUSED;
/* Whether it is told of somebody who is not there any more (K-5); `event`: an index. */
bool hook_outlives_subject(uint32_t event);
/* Of erasures_finish, in its transaction (K-5). */
velum_status hook_finish_erasure(store_conn *conn, const subject_id *subject) VELUM_WARN_UNUSED;
/* The end of the evidence: the news goes, too. */
velum_status hook_finish_evidence(store_conn *conn, const subject_id *subject) VELUM_WARN_UNUSED;
/* State, due, attempts, status and intent. */
velum_status hook_store(store_conn *conn, const hook_row *row) VELUM_WARN_UNUSED;
velum_status hook_delete(store_conn *conn, const uint8_t id[HOOK_ID_BYTES]) VELUM_WARN_UNUSED;
/* Given up first, then what is taken, then what waits; of each hook the latest due first. A negative
 * status of `visit` ends it. */
typedef velum_status (*hook_visit)(void *context, const hook_row *row);
velum_status hook_each(store_conn *conn, uint32_t limit, hook_visit visit,
                       void *context) VELUM_WARN_UNUSED;

/* core/hook_due.c: ids of what waits and is due, of each hook the longest due first. */
typedef struct hook_query {
    const uint16_t *hooks; /* registry numbers */
    uint32_t hook_count;
    uint32_t turn; /* which is asked first */
    int64_t now_ns;
    uint32_t limit; /* at most HOOK_NEXT_MAX */
} hook_query;
typedef struct hook_ids {
    uint8_t of[HOOK_NEXT_MAX][HOOK_ID_BYTES];
    uint32_t count;
} hook_ids;
velum_status hook_due(store_conn *conn, const hook_query *query, hook_ids *out) VELUM_WARN_UNUSED;
/* The hooks for which anything waits, those that the policy has no more included. */
velum_status hook_waiting(store_conn *conn, uint16_t *out, uint32_t max,
                          uint32_t *out_count) VELUM_WARN_UNUSED;
/* K-7: a timer of the kind TIMER_HOOK, of nothing. */
velum_status hook_plan_sweep(write_batch *batch, int64_t at_ns) VELUM_WARN_UNUSED;
bool hook_is_sweep(const uint8_t of[HOOK_ID_BYTES]);
velum_status hook_sweep(passage *passage) VELUM_WARN_UNUSED;

/* How long the attempt after `attempts` waits: 5 s, four times as long each time, at most 12 h. */
int64_t hook_wait_ns(uint32_t attempts);

/* core/hook_payload.c: the exact bytes that are sent, appended. */
velum_status hook_payload(passage *passage, const hook_row *row, buffer *out) VELUM_WARN_UNUSED;
/* 32 bytes of the hook's secret, from 1 on; to be wiped. */
void hook_secret(const keyring *keys, text name, uint32_t which, uint8_t out[KEY_BYTES]);
/* "v1,<base64>" over ID.SECONDS.BODY. */
#define HOOK_SIGNATURE_BYTES 48
void hook_sign(const uint8_t secret[KEY_BYTES], text id, int64_t seconds, text body,
               char out[HOOK_SIGNATURE_BYTES]);
/* By the secret in force, and behind a blank by the one before it, where there is one. */
#define HOOK_SIGNATURES_BYTES (2 * HOOK_SIGNATURE_BYTES)
typedef struct hook_signed {
    text id;
    int64_t seconds;
    text body;
} hook_signed;
void hook_sign_all(const keyring *keys, const bundle_hook *hook, const hook_signed *what,
                   char out[HOOK_SIGNATURES_BYTES]);

#endif
