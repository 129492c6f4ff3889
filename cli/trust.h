/* cli/trust.h: what the officer trusts of a log, kept outside of the folder that is judged.
 *
 * $XDG_CONFIG_HOME/velum/trust/<origin>, else ~/.config/velum/trust/<origin>: the verifier key in one
 * line, then the last checkpoint seen, verbatim, or nothing. In the file's name every byte but
 * letters, digits, '.', '_' and '-' stands as %XX, also a '.' at the beginning.
 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "base/buffer.h"
#include "base/text.h"

#define TRUST_KEY_BYTES 512
#define TRUST_CHECKPOINT_BYTES 1024
#define TRUST_NAME_BYTES 256

typedef struct trust {
    char key[TRUST_KEY_BYTES];
    char checkpoint[TRUST_CHECKPOINT_BYTES]; /* "": none seen yet */
} trust;

/* The origin of a verifier key: what stands before its first '+'. */
text trust_origin(text verifier_key);
/* The name of an origin's file; VELUM_E_LIMIT for a longer one, VELUM_E_INVALID for none. */
velum_status trust_name(text origin, char out[TRUST_NAME_BYTES]) VELUM_WARN_UNUSED;
/* Splits a file's contents. VELUM_E_CORRUPT when it is none. */
velum_status trust_parse(text contents, trust *out) VELUM_WARN_UNUSED;

/* VELUM_E_NOTFOUND where nothing is trusted yet, or there is no home. */
velum_status trust_read(text origin, trust *out) VELUM_WARN_UNUSED;
/* Makes the folders (0700) and replaces the file (0600). */
velum_status trust_write(text origin, const trust *trust) VELUM_WARN_UNUSED;
/* That of a new log: its key and the first checkpoint of the data folder. What fails is told to the person,
 * with what it means. */
void trust_begin(const char *folder, text verifier_key);

#endif
