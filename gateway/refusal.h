/* gateway/refusal.h: the refusals that the gateway gives by itself, before a request reaches core.
 *
 * Their names are those of core's table of problems (docs/api.md). None of them carries a decision
 * about a subject, so core counts them and records nothing (I-1).
 */
#ifndef GATEWAY_REFUSAL_H
#define GATEWAY_REFUSAL_H

#include <stdint.h>

typedef enum refusal {
    REFUSAL_NONE,
    REFUSAL_MALFORMED,
    REFUSAL_UNAUTHENTICATED,
    REFUSAL_UNKNOWN_PATH,
    REFUSAL_METHOD_NOT_ALLOWED,
    REFUSAL_PAYLOAD_TOO_LARGE,
    REFUSAL_URI_TOO_LONG,
    REFUSAL_UNSUPPORTED_MEDIA_TYPE,
    REFUSAL_HEADER_TOO_LARGE,
    REFUSAL_UNAVAILABLE,
    REFUSAL_COUNT
} refusal;

/* "malformed-request" and so on; "" for REFUSAL_NONE. Static. */
const char *refusal_name(refusal self);

#endif
