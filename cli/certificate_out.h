/* cli/certificate_out.h: waiting for the certificate of an erasure, and writing it down. */
#ifndef CLI_CERTIFICATE_OUT_H
#define CLI_CERTIFICATE_OUT_H

#include "cli/session.h"

#define CERTIFICATE_ID_BYTES 33

/* Asks until the certificate is there or a minute is over: VELUM_E_BUSY then, which has been said, as
 * everything else that goes wrong. */
velum_status certificate_await(velum_client *client, const char *id,
                               velum_answer **out) VELUM_WARN_UNUSED;
/* To a new file, mode 0600, never through a link; to stdout when `path` is NULL. What goes wrong has
 * been said. */
velum_status certificate_write_out(const char *path, text file) VELUM_WARN_UNUSED;

#endif
