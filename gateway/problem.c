/* gateway/problem.c: the names of the gateway's own refusals. */
#include "gateway/problem.h"

#include <assert.h>

static const char *const names[PROBLEM_COUNT] = {
    [PROBLEM_NONE] = "",
    [PROBLEM_MALFORMED] = "malformed-request",
    [PROBLEM_UNAUTHENTICATED] = "unauthenticated",
    [PROBLEM_UNKNOWN_PATH] = "unknown-path",
    [PROBLEM_METHOD_NOT_ALLOWED] = "method-not-allowed",
    [PROBLEM_PAYLOAD_TOO_LARGE] = "payload-too-large",
    [PROBLEM_URI_TOO_LONG] = "uri-too-long",
    [PROBLEM_UNSUPPORTED_MEDIA_TYPE] = "unsupported-media-type",
    [PROBLEM_HEADER_TOO_LARGE] = "header-too-large",
    [PROBLEM_UNAVAILABLE] = "unavailable",
};

const char *problem_name(problem self)
{
    assert(self < PROBLEM_COUNT);
    return names[self];
}
