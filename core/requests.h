/* core/requests.h: a person's requests: what the law lets them ask, and until when it is answered.
 *
 *   open → in_progress[/need_user_verification] → fulfilled | denied{reason} | revoked | expired
 *
 * R-1  Every change of state is a leaf, in the transaction that makes it.
 * R-2  The clock starts at receipt (CCPA §7021); the bundle in force at receipt answers.
 * R-3  A denial has a reason, an extension details; deadlines come from the packs, never from code.
 * R-4  Duplicates are joined: the second one answers with the first one's id.
 * R-5  A processor that fails pauses the request, is named, and is tried again; nothing is dropped.
 * R-6  Nobody verifies, approves or denies their own request, and two people deciding one request at
 *      once cannot both: each decision names the version of the request that it saw.
 * Format of the sealed row: docs/formats/request.md.
 */
#ifndef CORE_REQUESTS_H
#define CORE_REQUESTS_H

#include "core/consents.h"

/* Of one act: its own, the consents that it withdraws, the beginning of an erasure. */
#define REQUEST_LEAVES_MAX (CONSENT_LEAVES_MAX + 2)

/* Rights; numbers are for ever (spec/requests, PIPL 44–50, GDPR 15–22, CCPA). */
#define RIGHT_ACCESS 1 /* categories and specifics */
#define RIGHT_ACCESS_CATEGORIES 2
#define RIGHT_PORTABILITY 3
#define RIGHT_CORRECT 4
#define RIGHT_DELETE 5 /* all, or the categories named */
#define RIGHT_RESTRICT 6
#define RIGHT_OBJECT_MARKETING 7
#define RIGHT_OBJECT_AUTOMATION 8
#define RIGHT_WITHDRAW 9 /* all consents */
#define RIGHT_EXPLAIN 10 /* a decision */
#define RIGHT_OPT_OUT 11 /* of sale or sharing */
#define RIGHT_CLOSE_ACCOUNT 12
#define RIGHT_NEXT_OF_KIN 13
#define RIGHT_NOT_ME 14 /* "this is not me": a reissued number is unlinked and frozen */
#define RIGHT_COUNT 15
const char *right_name(uint32_t right); /* "delete"; NULL for an unknown number */

#define REQUEST_OPEN 1 /* states; for ever */
#define REQUEST_IN_PROGRESS 2
#define REQUEST_NEED_VERIFICATION 3
#define REQUEST_COOL_DOWN 4 /* approved; a deletion the customer can still cancel */
#define REQUEST_PAUSED 5    /* a processor fails */
#define REQUEST_FULFILLED 6
#define REQUEST_DENIED 7
#define REQUEST_REVOKED 8
#define REQUEST_EXPIRED 9
#define REQUEST_STATE_COUNT 10
const char *request_state_name(uint32_t state);

#define DENIAL_SUSPECTED_FRAUD 1 /* why a request was denied; for ever */
#define DENIAL_UNVERIFIED 2
#define DENIAL_NO_MATCH 3
#define DENIAL_NOT_COVERED 4
#define DENIAL_OUTSIDE_JURISDICTION 5
#define DENIAL_TOO_MANY 6
#define DENIAL_OTHER 7
#define DENIAL_COUNT 8
const char *request_denial_name(uint32_t denial); /* "no_match" */

#define REQUEST_ACT_RECEIVE 1 /* INPUT_REQUEST_ACT of leaves; for ever */
#define REQUEST_ACT_JOIN 2
#define REQUEST_ACT_VERIFY 3
#define REQUEST_ACT_APPROVE 4
#define REQUEST_ACT_DENY 5
#define REQUEST_ACT_EXTEND 6
#define REQUEST_ACT_FULFIL 7
#define REQUEST_ACT_TASK 8
#define REQUEST_ACT_ANSWER 9
#define REQUEST_ACT_CANCEL 10
#define REQUEST_ACT_SHOW 11
#define REQUEST_ACT_LIST 12
#define REQUEST_ACT_EXPIRE 13 /* by the timer from here */
#define REQUEST_ACT_OVERDUE 14
#define REQUEST_ACT_UNCONFIRMED 15 /* receipt was not confirmed in time */
#define REQUEST_ACT_BEGIN 16       /* the cool-down is over */
#define REQUEST_ACT_RETRY 17       /* a failed processor is asked again */
#define REQUEST_ACT_ERASED 18
#define REQUEST_ACT_FORGET 19 /* its own term is over */
#define REQUEST_ACT_COUNT 20
const char *request_act_name(uint32_t act); /* "verify" */

/* Called by erasures_finish, inside its transaction: the erasure that the request began is done;
 * `request_id` zeros are ignored. */
velum_status request_erased(write_batch *batch, const uint8_t request_id[16],
                            const uint8_t certificate_id[16]) VELUM_WARN_UNUSED;

#endif
