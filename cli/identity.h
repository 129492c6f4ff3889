/* cli/identity.h: as whom a command asks: the person of this process's uid, or the holder of a token.
 *
 * A token is read from the file that $VELUM_TOKEN_FILE names, never from an argument or the
 * environment itself, where others on the machine would see it (I-5).
 */
#ifndef CLI_IDENTITY_H
#define CLI_IDENTITY_H

#include "base/text.h"

#include <velum/velum.h>

#define IDENTITY_TOKEN_BYTES_MAX 4096

typedef struct identity {
    char token[IDENTITY_TOKEN_BYTES_MAX];
    size_t size; /* 0: the uid speaks */
} identity;

/* What cannot be read has been said. Wipe it when the call is over. */
velum_status identity_read(identity *out) VELUM_WARN_UNUSED;
void identity_wipe(identity *self);
#define VELUM_AUTO_IDENTITY __attribute__((cleanup(identity_wipe))) identity

#endif
