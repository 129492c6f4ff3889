/* core/approvals.h: others agree before something happens; what they agreed to is exactly one thing.
 *
 * An approval is asked for by somebody who could do the thing but for it, for one scope. Enough other
 * people agree, each once, before it ends; then it can be used once, by who asked, and its use is a
 * write in the same transaction as what it allowed.
 *
 * P-1  Who asked never agrees, not under another credential of the same uid either.
 * P-2  The scope is compared as a hash over everything that was asked: nothing wider, nothing else.
 * P-3  Used, denied, expired: each is final.
 * P-4  A broken glass is an approval that was used before anybody agreed, and stays open until
 *      somebody else has looked at it.
 * P-5  What the policy of today would not call agreed serves nobody: more people are wanted by now, or
 *      who agreed was revoked or lost the role. It is asked for anew.
 */
#ifndef CORE_APPROVALS_H
#define CORE_APPROVALS_H

#include "core/passage.h"

#define APPROVAL_ASKED 1 /* states; for ever */
#define APPROVAL_AGREED 2
#define APPROVAL_REFUSED 3
#define APPROVAL_USED_UP 4
#define APPROVAL_ENDED 5
#define APPROVAL_TO_REVIEW 6 /* a broken glass */
#define APPROVAL_REVIEWED 7
const char *approval_state_name(uint32_t state);

/* Everything that an approval is bound to; absent members are zero. Hashed with the actor's token. */
typedef struct approval_scope {
    uint32_t kind;     /* APPROVAL_* of policy/bundle.h */
    uint16_t activity; /* registry numbers */
    uint32_t action;
    subject_id subject;
    uint64_t fields;  /* bits of the active bundle; hashed as registry numbers, ascending */
    uint8_t what[32]; /* a bundle's hash, a request's id … */
} approval_scope;

/* How many must agree under the active bundle; 0: none. APPROVAL_MINOR is never 0. */
uint32_t approvals_needed(const bundle *bundle, uint32_t kind);

/* Looks whether the approval `id` (32 hex digits) serves this passage's actor for this scope now.
 * VELUM_OK, or the refusal (REASON_APPROVAL_*). Changes nothing. */
velum_status approval_check(passage *passage, text id,
                            const approval_scope *scope) VELUM_WARN_UNUSED;
/* The same and uses it up. Only in a write; `related` of the entry becomes the event that made it
 * agreed. */
velum_status approval_use(passage *passage, text id, const approval_scope *scope) VELUM_WARN_UNUSED;
/* Asks on behalf of the passage's actor; `*out_id` is new. With needed 0: REASON_CONFLICT. */
velum_status approval_ask(passage *passage, const approval_scope *scope,
                          uint8_t out_id[16]) VELUM_WARN_UNUSED;
/* A glass was broken for this scope: it is used already and waits to be looked at (P-4). */
velum_status approval_break_glass(passage *passage, const approval_scope *scope,
                                  uint8_t out_id[16]) VELUM_WARN_UNUSED;

#endif
