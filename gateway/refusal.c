/* gateway/refusal.c: the names of the gateway's own refusals. */
#include "gateway/refusal.h"

#include <assert.h>

static const char *const names[REFUSAL_COUNT] = {
    [REFUSAL_NONE] = "",
    [REFUSAL_MALFORMED] = "malformed-request",
    [REFUSAL_UNAUTHENTICATED] = "unauthenticated",
    [REFUSAL_UNKNOWN_PATH] = "unknown-path",
    [REFUSAL_METHOD_NOT_ALLOWED] = "method-not-allowed",
    [REFUSAL_PAYLOAD_TOO_LARGE] = "payload-too-large",
    [REFUSAL_URI_TOO_LONG] = "uri-too-long",
    [REFUSAL_UNSUPPORTED_MEDIA_TYPE] = "unsupported-media-type",
    [REFUSAL_HEADER_TOO_LARGE] = "header-too-large",
    [REFUSAL_UNAVAILABLE] = "unavailable",
};

const char *refusal_name(refusal self)
{
    assert(self < REFUSAL_COUNT);
    return names[self];
}
