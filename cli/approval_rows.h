/* cli/approval_rows.h: approvals fetched from the gate, found by the first digits of an id. */
#ifndef CLI_APPROVAL_ROWS_H
#define CLI_APPROVAL_ROWS_H

#include "cli/session.h"
#include "cli/show.h"

#define APPROVAL_ID_DIGITS 32
#define APPROVAL_SHORT_DIGITS 8 /* of an id, as tables show it and commands take it */
#define APPROVAL_ACTIVITY "approvals"

/* Which; NULL: any. */
typedef struct approval_wish {
    const char *activity; /* under which it is asked */
    const char *state;
    const char *kind;
} approval_wish;

/* The activity named with --activity, else that of approvers. */
const char *approval_activity(const invocation *invocation);

/* One page from `from`; its objects in `approvals`. `*out_next` is 0 at the end. */
velum_status approval_fetch(velum_client *client, const approval_wish *wish, int64_t from,
                            json **out, int64_t *out_next) VELUM_WARN_UNUSED;

/* The whole id of what was typed: 32 hex digits, or at least 4 that only one approval begins with. What
 * is wrong has been said. */
velum_status approval_find_id(velum_client *client, const char *activity, const char *typed,
                              char out[APPROVAL_ID_DIGITS + 1]) VELUM_WARN_UNUSED;

velum_status approval_get(velum_client *client, const char *activity, const char *id,
                          json **out) VELUM_WARN_UNUSED;
/* `decision`: agree, refuse, reviewed. */
velum_status approval_decide(velum_client *client, const char *activity, const char *id,
                             const char *decision, json **out) VELUM_WARN_UNUSED;

/* Asks others to agree to `body` under the activity; the approval's id stands alone on stdout. Returns the
 * exit code of a command. */
int approval_ask_others(velum_client *client, const char *activity,
                        const buffer *body) VELUM_WARN_UNUSED;

/* A text member; empty when there is none. */
text approval_text(const json_value *object, const char *name);

#endif
