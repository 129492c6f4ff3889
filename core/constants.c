/* core/constants.c: the public constants as functions, for hosts without a C preprocessor. */
#include "base/status.h"

#include <string.h>
#include <velum/velum.h>

typedef struct constant {
    const char *name;
    int32_t value;
} constant;

#define CONSTANT(name)         \
    {                          \
#name, (int32_t)(name) \
    }

static const constant CONSTANTS[] = {
    CONSTANT(VELUM_OK),
    CONSTANT(VELUM_PENDING),
    CONSTANT(VELUM_END),
    CONSTANT(VELUM_E_INVALID),
    CONSTANT(VELUM_E_NOMEM),
    CONSTANT(VELUM_E_IO),
    CONSTANT(VELUM_E_NOSPACE),
    CONSTANT(VELUM_E_LIMIT),
    CONSTANT(VELUM_E_NOTFOUND),
    CONSTANT(VELUM_E_EXISTS),
    CONSTANT(VELUM_E_CORRUPT),
    CONSTANT(VELUM_E_TAMPERED),
    CONSTANT(VELUM_E_TRUNCATED),
    CONSTANT(VELUM_E_NEWER),
    CONSTANT(VELUM_E_CRYPTO),
    CONSTANT(VELUM_E_DENIED),
    CONSTANT(VELUM_E_UNAUTHENTICATED),
    CONSTANT(VELUM_E_UNAVAILABLE),
    CONSTANT(VELUM_E_BUSY),
    CONSTANT(VELUM_E_LOCKED),
    CONSTANT(VELUM_E_FORKED),
    CONSTANT(VELUM_E_STALE),
    CONSTANT(VELUM_E_UNSUPPORTED),
    CONSTANT(VELUM_E_INTERNAL),
    CONSTANT(VELUM_ERROR_TEXT_BYTES),
    CONSTANT(VELUM_VERSION_MAJOR),
    CONSTANT(VELUM_VERSION_MINOR),
    CONSTANT(VELUM_VERSION_PATCH),
    CONSTANT(VELUM_VERB_UPSERT),
    CONSTANT(VELUM_VERB_LOOKUP),
    CONSTANT(VELUM_VERB_READ),
    CONSTANT(VELUM_VERB_CONSENT_LIST),
    CONSTANT(VELUM_VERB_CONSENT_PUT),
    CONSTANT(VELUM_VERB_ME_READ),
    CONSTANT(VELUM_VERB_ME_CONSENT_LIST),
    CONSTANT(VELUM_VERB_ME_CONSENT_PUT),
    CONSTANT(VELUM_AUTH_TOKEN),
    CONSTANT(VELUM_AUTH_SELF),
};

#define NUMBER_AS_TEXT(number) #number
#define AS_TEXT(number) NUMBER_AS_TEXT(number)

int32_t velum_constant(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(CONSTANTS) / sizeof(CONSTANTS[0]); i++) {
        if (strcmp(name, CONSTANTS[i].name) == 0) {
            return CONSTANTS[i].value;
        }
    }
    return INT32_MIN;
}

const char *velum_version(void)
{
    return AS_TEXT(VELUM_VERSION_MAJOR) "." AS_TEXT(VELUM_VERSION_MINOR) "." AS_TEXT(
        VELUM_VERSION_PATCH);
}

const char *velum_status_name(velum_status status)
{
    return status_name(status);
}

const char *velum_status_text(velum_status status)
{
    return status_text(status);
}
