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

#include "core/passage.h"

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
const char *request_state_name(uint32_t state);

/* Called by erasures_finish, inside its transaction: the erasure that the request began is done;
 * `request_id` zeros are ignored. */
velum_status request_erased(write_batch *batch, const uint8_t request_id[16],
                            const uint8_t certificate_id[16]) VELUM_WARN_UNUSED;

#endif
