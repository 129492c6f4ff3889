/* core/problem.h: every way to say no, and what it looks like from outside.
 *
 * Numbers below PROBLEM_FIRST_OWN are the REASON_* of policy/decide.h; the rest are ours. One table
 * gives name, HTTP status, title and whether it can be recorded (docs/api.md repeats it).
 */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

#include "base/json.h"
#include "policy/decide.h"

#define PROBLEM_NONE 0
#define PROBLEM_FIRST_OWN 100
#define PROBLEM_UNAUTHENTICATED 100
#define PROBLEM_MALFORMED 101
#define PROBLEM_UNKNOWN_PATH 102
#define PROBLEM_METHOD 103
#define PROBLEM_TOO_LARGE 104
#define PROBLEM_URI_TOO_LONG 105
#define PROBLEM_MEDIA_TYPE 106
#define PROBLEM_HEADER_TOO_LARGE 107
#define PROBLEM_RATE_LIMITED 108
#define PROBLEM_UNAVAILABLE 109
#define PROBLEM_INTERNAL 110
#define PROBLEM_NOT_FOUND 111 /* unknown and hidden alike */
#define PROBLEM_DATA_DAMAGED 112
#define PROBLEM_ACTIVITY_NEEDED 113 /* the credential holds several and none was named */
#define PROBLEM_END 114

/* "consent-missing"; NULL for an unknown number. */
const char *problem_name(uint32_t problem);
int32_t problem_status(uint32_t problem);
const char *problem_title(uint32_t problem);
int32_t problem_retry_after_s(uint32_t problem);
/* PROBLEM_NONE for an unknown name. */
uint32_t problem_find(text name);

/* The problem as which a failure of ours appears; PROBLEM_INTERNAL for the unforeseen. */
uint32_t problem_of_status(velum_status status);

/* Whether a refusal for this reason says that the customer exists, so that only an activity that may
 * know it is told (the path's *release*). */
bool problem_speaks_of_subject(uint32_t problem);

/* What a problem may say beside its name. */
typedef struct problem_detail {
    const uint8_t *event_id; /* of the leaf; NULL when there is none */
    text purpose;            /* a name of the policy; empty: none */
    int64_t line;            /* of a malformed body; 0: none */
    const char *hint;        /* a constant of ours; NULL: none */
} problem_detail;

/* Writes the RFC 9457 document. */
void problem_write(uint32_t problem, const problem_detail *detail, buffer *out);

#endif
