/* core/verbs.h: what the verbs do on the way; one file a noun. The table is core/verbs.c. */
#ifndef CORE_VERBS_H
#define CORE_VERBS_H

#include "core/passage.h"

/* core/read.c */
velum_status read_open(passage *passage) VELUM_WARN_UNUSED;
velum_status read_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/lookup.c */
velum_status lookup_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/upsert.c */
velum_status upsert_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status upsert_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/consents.c */
velum_status consents_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status consents_locate_own(passage *passage) VELUM_WARN_UNUSED;
velum_status consents_list(passage *passage) VELUM_WARN_UNUSED;
velum_status consents_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/import.c */
velum_status import_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status import_end(passage *passage) VELUM_WARN_UNUSED;
/* core/administer.c */
velum_status credential_add_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status credential_list_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status credential_revoke_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status credential_customer_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status clock_accept_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status status_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/policy_verbs.c */
velum_status policy_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status policy_show(passage *passage) VELUM_WARN_UNUSED;
/* Stores a bundle and makes it the one in force, in the batch's transaction. */
velum_status policy_install(write_batch *batch, const bundle *bundle, const bundle_file *files,
                            size_t count) VELUM_WARN_UNUSED;
/* core/audit_verbs.c */
velum_status audit_log_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status audit_verified_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status audit_prove_mask(passage *passage) VELUM_WARN_UNUSED;

/* What several verbs write: {"subject":REF into an open object; nothing when there is no subject. */
velum_status reply_subject(passage *passage, json_writer *out) VELUM_WARN_UNUSED;
/* "decision":{…} into an open object. */
void reply_decision(passage *passage, json_writer *out);
/* A discrete value for the leaf (keys in docs/formats/leaf.md). */
void entry_push(audit_entry *entry, uint32_t key, uint64_t value);
#define INPUT_UNATTACHED 11 /* identifiers of an upsert that were not attached */
#define INPUT_RESULT 12     /* RESULT_* */
#define INPUT_PURPOSE 13    /* registry number of the purpose whose consent was recorded */
#define INPUT_OPERATION 14  /* OPERATION_* */
#define INPUT_SAME 15       /* rows of an import */
#define INPUT_CHANGED 16
#define INPUT_NEW 17
#define INPUT_REJECTED 18
#define RESULT_SAME 1
#define RESULT_CHANGED 2
#define RESULT_NEW 3
#define OPERATION_ADD 1
#define OPERATION_LIST 2
#define OPERATION_REVOKE 3
#define OPERATION_CUSTOMER_TOKEN 4
#define OPERATION_ACCEPT 5
#define OPERATION_SHOW 6
#define OPERATION_STATUS 7
#define OPERATION_PROVE 8

#endif
