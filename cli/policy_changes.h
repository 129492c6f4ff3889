/* cli/policy_changes.h: policies by the first digits of their hash, and what changes between two. */
#ifndef CLI_POLICY_CHANGES_H
#define CLI_POLICY_CHANGES_H

#include "cli/session.h"
#include "cli/show.h"

#define POLICY_HASH_DIGITS 64
#define POLICY_SHORT_DIGITS 12

/* A table of {section, widens, text}; "nothing changes" on stderr when there are none. */
velum_status policy_show_changes(const json_value *changes) VELUM_WARN_UNUSED;
/* The other members of an object, as pairs. */
velum_status policy_show_but_changes(const json_value *object) VELUM_WARN_UNUSED;

/* The whole hash of what was typed: 64 hex digits, or at least 6 that only one policy begins with, among
 * those that the gate lists. What is wrong has been said. */
velum_status policy_find_hash(velum_client *client, const char *typed,
                              char out[POLICY_HASH_DIGITS + 1]) VELUM_WARN_UNUSED;
/* Its text, as VELUM_VERB_POLICY_FILES answers. */
velum_status policy_fetch_files(velum_client *client, const char *hash,
                                velum_answer **out) VELUM_WARN_UNUSED;

/* A packed folder, freed by its maker's function. */
typedef struct policy_packed {
    char *data;
    size_t size;
} policy_packed;
void policy_packed_clear(policy_packed *self);
#define VELUM_AUTO_PACKED __attribute__((cleanup(policy_packed_clear))) policy_packed
/* Compiles the folder and packs it; findings have been said. */
velum_status policy_pack_folder(const char *folder, policy_packed *out) VELUM_WARN_UNUSED;

#endif
