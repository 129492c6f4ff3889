/* core/policy_change.h: how a bundle comes into force, shared by the verbs that bring one there. */
#ifndef CORE_POLICY_CHANGE_H
#define CORE_POLICY_CHANGE_H

#include "core/policy_store.h"

/* The files of a body's `files`; borrowed from it. */
typedef struct given_files {
    bundle_file files[STORED_FILES_MAX];
    size_t count;
} given_files;

/* Reads and compiles; a finding is the refusal's hint. */
velum_status policy_compile_given(passage *passage, given_files *out_files,
                                  bundle **out) VELUM_WARN_UNUSED;
/* I-7 holds for every credential under the new policy too; else REASON_CONFLICT. */
velum_status policy_check_credentials(passage *passage, const bundle *bundle) VELUM_WARN_UNUSED;
/* A kept bundle is in force after this transaction: checks, rows, the next world, the leaf's hash. */
velum_status policy_bring_into_force(passage *passage, const bundle *bundle,
                                     proposal *row) VELUM_WARN_UNUSED;
/* A row for this bundle by this actor, as it was or new; it is not saved. */
velum_status policy_proposal_of(passage *passage, const bundle *bundle,
                                proposal *out) VELUM_WARN_UNUSED;
bool policy_is_active(const passage *passage, const uint8_t hash[SHA256_BYTES]);

#endif
