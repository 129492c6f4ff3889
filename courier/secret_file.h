/* courier/secret_file.h: one line of a file that only we may read: a token, a password, a secret. */
#ifndef COURIER_SECRET_FILE_H
#define COURIER_SECRET_FILE_H

#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"

#include <unistd.h>

/* The line without its end, printable, not empty, with a NUL behind it. The file is ours or root's;
 * others may not read it, its group not write it (a credential of systemd shows its ACL as the group's).
 * VELUM_E_NOTFOUND, VELUM_E_DENIED, VELUM_E_INVALID; `err` never holds the path. */
velum_status secret_file_read(const char *path, char *out, size_t out_bytes, size_t *out_size,
                              velum_error *err) VELUM_WARN_UNUSED;

#endif
