/* core/verbs.h: what the verbs do on the way; one file a noun. The table is core/verbs.c. */
#ifndef CORE_VERBS_H
#define CORE_VERBS_H

#include "core/passage.h"

/* The verbs of one noun; verb_find asks each table. */
typedef struct verb_table {
    const verb *verbs;
    size_t count;
} verb_table;
extern const verb_table verbs_tasks;    /* core/verbs_tasks.c */
extern const verb_table verbs_work;     /* core/verbs_work.c */
extern const verb_table verbs_hooks;    /* core/verbs_hooks.c */
extern const verb_table verbs_messages; /* core/verbs_messages.c */
extern const verb_table verbs_many;     /* core/verbs_many.c */
extern const verb_table verbs_rows;     /* core/verbs_rows.c */
extern const verb_table verbs_counts;   /* core/verbs_counts.c */
extern const verb_table verbs_backup;   /* core/verbs_backup.c */

/* core/read.c */
velum_status read_open(passage *passage) VELUM_WARN_UNUSED;
velum_status read_mask(passage *passage) VELUM_WARN_UNUSED;
/* Every field of an opened category that the verdict does not release is wiped (I-4). */
void read_wipe_others(const passage *passage, uint32_t category, record *record);
/* One allowed field of an opened record, clear or masked, into an open object; nothing when there is
 * no value. The passage remembers what was released. */
velum_status read_write_field(passage *passage, uint32_t index, json_writer *out) VELUM_WARN_UNUSED;
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
/* core/audit_log.c, core/audit_prove.c */
velum_status audit_log_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status audit_verified_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status audit_prove_mask(passage *passage) VELUM_WARN_UNUSED;

/* core/merge.c */
velum_status merge_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status unmerge_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/patch.c, core/read_with.c, core/me.c, core/me_accesses.c, core/me_proof.c */
velum_status patch_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status patch_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status read_with_check_approval(passage *passage) VELUM_WARN_UNUSED;
velum_status read_with_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status read_with_open(passage *passage) VELUM_WARN_UNUSED;
velum_status me_read_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status me_read_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status me_accesses_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status me_proof_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/consent_import.c */
velum_status consent_import_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/consent_report.c */
velum_status consent_report_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/request_intake.c: for services and customers; core/request_decide.c: for officers */
velum_status request_create_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status request_create_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status request_get_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status request_get_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status request_certificate_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status request_cancel_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status me_request_list_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status me_request_create_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status me_request_cancel_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status request_list_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status request_show_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status request_decide_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/approval_verbs.c */
velum_status approval_ask_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status approval_ask_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status approval_get_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status approval_get_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status approval_list_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status approval_list_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/approval_decide.c */
velum_status approval_decide_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/erasure_verbs.c, core/retained.c */
velum_status subject_erase_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status subject_hold_apply(passage *passage) VELUM_WARN_UNUSED;        /* core/hold.c */
velum_status subject_restriction_apply(passage *passage) VELUM_WARN_UNUSED; /* core/restriction.c */
velum_status subject_erase_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status certificate_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status retained_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status retained_open(passage *passage) VELUM_WARN_UNUSED;
velum_status retained_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/policy_change.c */
velum_status policy_propose_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status policy_activate_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status policy_rollback_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status policy_list_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status policy_files_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/counts.c */
velum_status counts_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status counts_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/credential_rotate.c */
velum_status credential_rotate_apply(passage *passage) VELUM_WARN_UNUSED;
/* The world behind a change of credentials, for the batch. */
velum_status credential_load_next_world(passage *passage) VELUM_WARN_UNUSED;
/* core/audit_who_saw.c, core/audit_explain.c, core/audit_resolve.c */
velum_status who_saw_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status who_saw_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status explain_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status resolve_mask(passage *passage) VELUM_WARN_UNUSED;

/* core/task.c */
velum_status task_ack_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status task_ack_apply(passage *passage) VELUM_WARN_UNUSED;

/* core/work_verbs.c, core/work_next.c, core/work_timer.c */
velum_status module_open_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status module_next_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status module_reply_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status module_timer_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/hook_deliver.c, core/hook_show.c */
velum_status hook_next_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status hook_done_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status hook_list_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status hook_secret_mask(passage *passage) VELUM_WARN_UNUSED;
/* core/filter.c, core/search.c, core/subject_list.c, core/bulk_read.c: of many customers */
velum_status filter_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status search_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status search_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status subject_list_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status bulk_read_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status bulk_read_apply(passage *passage) VELUM_WARN_UNUSED;
/* core/rows_put.c, core/rows_read.c */
velum_status row_put_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status row_put_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status row_read_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status row_read_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status row_scan_locate(passage *passage) VELUM_WARN_UNUSED; /* core/rows_scan.c */
velum_status row_scan_mask(passage *passage) VELUM_WARN_UNUSED;
velum_status row_import_locate(passage *passage) VELUM_WARN_UNUSED; /* core/rows_import.c */
velum_status row_import_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status row_delete_locate(passage *passage) VELUM_WARN_UNUSED;
velum_status row_delete_apply(passage *passage) VELUM_WARN_UNUSED;

/* core/backup.c */
velum_status backup_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status backup_status_apply(passage *passage) VELUM_WARN_UNUSED;
velum_status backup_forget_apply(passage *passage) VELUM_WARN_UNUSED;

/* core/reply.c: what several verbs write: {"subject":REF into an open object; nothing when there is no subject. */
velum_status reply_subject(passage *passage, json_writer *out) VELUM_WARN_UNUSED;
/* A list of fields by name, into an open object. */
void reply_fields(const passage *passage, const char *name, uint64_t fields, json_writer *out);
/* "version": of the subject, for If-Match, into an open object and beside the answer (ETag). */
void reply_version(passage *passage, uint32_t version, json_writer *out);
/* "decision":{…} into an open object, and "break_glass":{"review":ID} where a glass was broken. */
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
#define INPUT_BREAK_GLASS 19     /* 1: the glass was broken */
#define INPUT_APPROVAL_KIND 20   /* APPROVAL_* */
#define INPUT_APPROVAL_STATE 21  /* APPROVAL_* of core/approvals.h, after the act */
#define INPUT_RIGHT 22           /* RIGHT_* */
#define INPUT_REQUEST_STATE 23   /* REQUEST_*, after the act */
#define INPUT_REQUEST_ACT 24     /* REQUEST_ACT_* of core/request_decide.c */
#define INPUT_DENIAL 25          /* DENIAL_*: why a request was denied */
#define INPUT_DESTROYED 26       /* categories destroyed */
#define INPUT_RETAINED 27        /* categories kept by a law */
#define INPUT_DESTRUCTION 28     /* DESTROY_* */
#define INPUT_SHADOW_DECISION 29 /* under the bundle in shadow: 1 allow, 2 partial, 3 deny */
#define INPUT_SHADOW_REASON 30   /* registry number of its reason */
#define INPUT_SHADOW_FIELDS 31   /* fields that it would treat otherwise */
#define INPUT_DUE 32             /* UTC seconds: a deadline, a scheduled activation */
#define INPUT_GRADE 33           /* GRADE_* of a consent that was recorded */
#define INPUT_PROCESSOR 34       /* registry number of a recipient */
#define INPUT_AGE_LIMIT 35       /* years; below it a guardian consents, where that decided */
#define INPUT_SCHEMA 36          /* step of the schema of vault.db that was reached */
#define INPUT_KEYS_SCHEMA 37     /* the same of keys.db */
#define INPUT_SIGN_UP 38         /* 1: the customer came (back) by a sign-up of their own */
#define INPUT_REHEARSAL 39       /* 1: nothing was changed, it was only tried */
#define INPUT_MESSAGE_STATE 40   /* MESSAGE_* of core/message_row.h, after the act */
#define INPUT_CHANNEL 41         /* registry number */
#define INPUT_TEMPLATE 42        /* registry number */
#define INPUT_MODULE 43          /* registry number */
#define INPUT_WORK 44            /* WORK_* of core/work.h */
#define INPUT_ALLOWED 45         /* of many: how many were allowed */
#define INPUT_REFUSED 46         /* of many: how many were not */
#define INPUT_HOOK 47            /* registry number */
#define INPUT_EVENT 48           /* 1 + index of the HOOK_* bit */
#define INPUT_AGGREGATE 49       /* registry number of a declared aggregate */
#define INPUT_SUPPRESSED 50      /* its cells that were not told */
#define INPUT_CRITERIA 51        /* of a search: how many were given */
#define INPUT_ACTIVITY 52        /* registry number of the activity that was asked about */
#define INPUT_WORK_GIVEN 65      /* how much work a module was given */
#define INPUT_WORK_DROPPED 66    /* how much was given too often and is dropped */
#define INPUT_HOOK_OUTCOME 75    /* HOOK_OUTCOME_* of core/hook.h */
#define INPUT_HTTP_STATUS 76     /* what the receiver of a webhook answered */
#define INPUT_ATTEMPT 77         /* of a webhook, from 1 */
#define INPUT_OUTCOME 70         /* MESSAGE_* that the courier reported, or that its silence is */
#define INPUT_ROOT_VERSION 90    /* how often the root secret was replaced, this time included */
#define INPUT_BACKUP 91          /* BACKUP_* of core/backup.h: how it ended */
#define INPUT_LOG_SIZE 92        /* entries of the log that this one goes on from */
#define INPUT_RESTORED 93        /* RESTORED_* of core/restore.h: what was made good */
#define INPUT_RESTRICTIONS 94    /* RESTRICTION_* bits that were lifted */
#define INPUT_COUNTED 85         /* 1: an aggregate was counted anew */
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
#define OPERATION_ROTATE 9
#define OPERATION_PROPOSE 10
#define OPERATION_ACTIVATE 11
#define OPERATION_SCHEDULE 12
#define OPERATION_ROLLBACK 13
#define OPERATION_ASK 14
#define OPERATION_AGREE 15
#define OPERATION_REFUSE 16
#define OPERATION_USE 17
#define OPERATION_END 18
#define OPERATION_REVIEW 19
#define OPERATION_WHO_SAW 20
#define OPERATION_EXPLAIN 21
#define OPERATION_RESOLVE 22
#define OPERATION_HOLD 23
#define OPERATION_RELEASE 24
#define OPERATION_MERGE 25
#define OPERATION_UNMERGE 26
#define OPERATION_BACKUP 27
#define OPERATION_FORGET 28 /* a place that keys are not brought to any more */
#define OPERATION_LIFT 29
#define OPERATION_ROW_DELETE 60
#define OPERATION_WORK_TAKE 65 /* a module's work: core/work.h */
#define OPERATION_WORK_DONE 66
#define OPERATION_WORK_AGAIN 67
#define OPERATION_WORK_DROPPED 68
#define OPERATION_TIMER_SET 69
#define OPERATION_OPT_OUT 70
#define OPERATION_HOOK_SECRET 75

#endif
