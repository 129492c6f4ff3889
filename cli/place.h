/* cli/place.h: which data folder is meant, and what lies in it. */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include "base/buffer.h"
#include "cli/command.h"

#define PLACE_BYTES_MAX 4096
#define PLACE_AUDIT "audit"

/* --data, else $VELUM_DATA, else the current folder if it is one, else what this machine's velum.yaml
 * says; VELUM_E_NOTFOUND else, which has been said. Borrowed from the environment or the arguments. */
velum_status place_find(const invocation *invocation, const char **out) VELUM_WARN_UNUSED;

/* Whether a folder holds a vault and its log. */
bool place_is_data_folder(const char *path);
/* Whether a folder has a folder of that name in it. */
bool place_has_folder(const char *path, const char *name);
/* "a/b"; VELUM_E_LIMIT when it does not fit. */
velum_status place_join(const char *folder, const char *name,
                        char out[PLACE_BYTES_MAX]) VELUM_WARN_UNUSED;
/* The data folder whose log `path` is, as "path/.."; VELUM_E_NOTFOUND when it is a log by itself. */
velum_status place_above(const char *path, char out[PLACE_BYTES_MAX]) VELUM_WARN_UNUSED;
/* A whole file, at most the buffer's ceiling. */
velum_status place_read(const char *folder, const char *name, buffer *out) VELUM_WARN_UNUSED;

/* The same by a path as it was typed; links are followed. */
velum_status place_read_path(const char *path, buffer *out) VELUM_WARN_UNUSED;

#endif
