/* core/policy_files.h: the files of a policy folder, in memory.
 *
 * A policy folder holds policy.yaml, notices/<id>.<language>.md and packs/<name>.yaml, regular files
 * and nothing else: what would be passed over silently is an error, so that nobody believes it to be
 * in force.
 */
#ifndef CORE_POLICY_FILES_H
#define CORE_POLICY_FILES_H

#include "base/buffer.h"
#include "policy/bundle.h"

#define POLICY_FILES_MAX (1 + BUNDLE_NOTICES_MAX + BUNDLE_PACKS_MAX + BUNDLE_MODULES_MAX)

/* Owns names and bytes; ordered by name. */
typedef struct policy_files {
    bundle_file files[POLICY_FILES_MAX];
    size_t count;
} policy_files;

/* Reads the folder at `path` (NUL-terminated). VELUM_E_INVALID when something does not belong
 * there, each told to `finding` unless NULL; VELUM_E_LIMIT above BUNDLE_BYTES_MAX or
 * POLICY_FILES_MAX; VELUM_E_NOTFOUND, VELUM_E_IO, VELUM_E_NOMEM. Nothing to clear when it fails. */
velum_status policy_files_read(const char *path, bundle_finding finding, void *context,
                               policy_files *out, velum_error *err) VELUM_WARN_UNUSED;
void policy_files_clear(policy_files *self);
#define VELUM_AUTO_POLICY_FILES __attribute__((cleanup(policy_files_clear))) policy_files

/* Writes the body of VELUM_VERB_POLICY_APPLY: {"files":{name: text, …}}. */
velum_status policy_files_write(const policy_files *self, buffer *out) VELUM_WARN_UNUSED;

#endif
