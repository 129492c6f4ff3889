/* gateway/problem.h: the refusals that the gateway gives by itself, before a request reaches core.
 *
 * Their names are those of core's table of problems (docs/api.md). None of them carries a decision
 * about a subject, so core counts them and records nothing (I-1).
 */
#ifndef GATEWAY_PROBLEM_H
#define GATEWAY_PROBLEM_H

#include <stdint.h>

typedef enum problem {
    PROBLEM_NONE,
    PROBLEM_MALFORMED,
    PROBLEM_UNAUTHENTICATED,
    PROBLEM_UNKNOWN_PATH,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_PAYLOAD_TOO_LARGE,
    PROBLEM_URI_TOO_LONG,
    PROBLEM_UNSUPPORTED_MEDIA_TYPE,
    PROBLEM_HEADER_TOO_LARGE,
    PROBLEM_UNAVAILABLE,
    PROBLEM_COUNT
} problem;

/* "malformed-request" and so on; "" for PROBLEM_NONE. Static. */
const char *problem_name(problem self);

#endif
