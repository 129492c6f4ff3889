/* core/policy_store.h: bundles as they lie in vault.db, and those that are not in force yet
 * (docs/formats/approval.md, "proposal").
 *
 * A bundle's text is kept by its hash for ever; what is read back is compiled and must have that
 * hash again.
 */
#ifndef CORE_POLICY_STORE_H
#define CORE_POLICY_STORE_H

#include "core/passage.h"

#define STORED_FILES_MAX 256
#define PROPOSAL_NOTE_BYTES_MAX 500

/* Owns names and bytes. */
typedef struct stored_files {
    bundle_file files[STORED_FILES_MAX];
    size_t count;
} stored_files;
void stored_files_clear(stored_files *self);
#define VELUM_AUTO_STORED_FILES __attribute__((cleanup(stored_files_clear))) stored_files

/* The files of a bundle; count 0 when there is none of that hash. */
velum_status policy_files_of(store_conn *conn, const uint8_t hash[SHA256_BYTES],
                             stored_files *out) VELUM_WARN_UNUSED;
/* Compiled, without numbers. VELUM_E_NOTFOUND; VELUM_E_INVALID with its first error when this version
 * does not take it any more; VELUM_E_TAMPERED when the text is not the one of that hash. */
velum_status policy_bundle_of(store_conn *conn, const uint8_t hash[SHA256_BYTES], bundle **out,
                              velum_error *err) VELUM_WARN_UNUSED;
/* Text, names and notices of a bundle, for ever; not in force by that. */
velum_status policy_keep(write_batch *batch, const bundle *bundle, const bundle_file *files,
                         size_t count) VELUM_WARN_UNUSED;
/* It is in force from this transaction on. */
velum_status policy_put_in_force(store_conn *conn, const uint8_t hash[SHA256_BYTES],
                                 int64_t at_ns) VELUM_WARN_UNUSED;
/* The newest bundle that was in force and is not `but`; VELUM_E_NOTFOUND. */
velum_status policy_last_but(store_conn *conn, const uint8_t but[SHA256_BYTES],
                             uint8_t out[SHA256_BYTES]) VELUM_WARN_UNUSED;
velum_status policy_was_in_force(store_conn *conn, const uint8_t hash[SHA256_BYTES],
                                 bool *out) VELUM_WARN_UNUSED;
/* Notices of bundles that came into force before notices were kept (schema step 2); `*out_kept`:
 * there were some. */
velum_status policy_keep_old_notices(write_batch *batch, bool *out_kept) VELUM_WARN_UNUSED;

#define PROPOSAL_PROPOSED 1
#define PROPOSAL_SCHEDULED 2
#define PROPOSAL_IN_FORCE 3 /* or was */
#define PROPOSAL_FAILED 4   /* could not come into force when it was due */
const char *proposal_state_name(uint32_t state);

typedef struct proposal {
    uint8_t hash[SHA256_BYTES];
    char name[257]; /* of the policy, shortened */
    char by[CREDENTIAL_NAME_BYTES_MAX + 1];
    int64_t at_ns;
    char note[PROPOSAL_NOTE_BYTES_MAX + 1];
    uint32_t state;
    bool has_approval;
    uint8_t approval[16];
    bool is_approved; /* and the approval used up */
    int64_t activate_at_ns;
    bool shadow;
} proposal;

/* VELUM_E_NOTFOUND. */
velum_status proposal_load(store_conn *conn, const uint8_t hash[SHA256_BYTES],
                           proposal *out) VELUM_WARN_UNUSED;
/* The scheduled one whose hash begins so; VELUM_E_NOTFOUND. */
velum_status proposal_load_scheduled(store_conn *conn, const uint8_t hash_begin[16],
                                     proposal *out) VELUM_WARN_UNUSED;
/* The one in shadow; VELUM_E_NOTFOUND. */
velum_status proposal_load_shadow(store_conn *conn, proposal *out) VELUM_WARN_UNUSED;
/* Inserts or replaces. */
velum_status proposal_save(store_conn *conn, const proposal *row) VELUM_WARN_UNUSED;
/* None is decided beside the active one any more. */
velum_status proposal_end_shadow(store_conn *conn) VELUM_WARN_UNUSED;
/* Those that are not in force, newest first. */
typedef velum_status (*proposal_visit)(void *context, const proposal *row);
velum_status proposal_each(store_conn *conn, proposal_visit visit, void *context) VELUM_WARN_UNUSED;
#define PROPOSALS_MAX 100 /* shown */

/* "policy", "name", "note" and "changes" against the active bundle, into an open object. */
velum_status policy_write_proposal(passage *passage, const uint8_t hash[SHA256_BYTES],
                                   json_writer *out) VELUM_WARN_UNUSED;
/* "changes":[…] alone. */
velum_status policy_write_changes(const bundle *before, const bundle *after,
                                  json_writer *out) VELUM_WARN_UNUSED;

#endif
