/* crm/token.h: the credential of the process, from a file that is nobody else's to read. */
#ifndef CRM_TOKEN_H
#define CRM_TOKEN_H

#include "base/text.h"

#define TOKEN_BYTES_MAX 256

typedef struct token {
    char bytes[TOKEN_BYTES_MAX];
    size_t size; /* 0: the process's uid speaks */
} token;

/* Without a path: none. What is wrong has been said. Wipe it with mem_wipe. */
velum_status token_read(const char *path, token *out) VELUM_WARN_UNUSED;

#endif
