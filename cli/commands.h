/* cli/commands.h: each command's constant, defined in the file of its name. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const command command_init;
extern const command command_upgrade;
extern const command command_backup;
extern const command command_restore;
extern const command command_key_rotate;
extern const command command_config_check;
extern const command command_config_show;
extern const command command_status;
extern const command command_credential_add;
extern const command command_credential_list;
extern const command command_credential_revoke;
extern const command command_credential_customer;
extern const command command_credential_rotate;
extern const command command_sample;
extern const command command_import;
extern const command command_consent_list;
extern const command command_consent_give;
extern const command command_consent_withdraw;
extern const command command_consent_import;
extern const command command_consent_report;
extern const command command_audit_log;
extern const command command_audit_verify;
extern const command command_audit_prove;
extern const command command_audit_who_saw;
extern const command command_audit_explain;
extern const command command_audit_resolve;
extern const command command_policy_show;
extern const command command_policy_check;
extern const command command_policy_apply;
extern const command command_policy_propose;
extern const command command_policy_approve;
extern const command command_policy_activate;
extern const command command_policy_rollback;
extern const command command_policy_list;
extern const command command_policy_diff;
extern const command command_policy_files;
extern const command command_policy_shadow;
extern const command command_approval_ask;
extern const command command_approval_list;
extern const command command_approval_show;
extern const command command_approval_agree;
extern const command command_approval_refuse;
extern const command command_approval_review;
extern const command command_subject_erase;
extern const command command_subject_retained;
extern const command command_subject_hold;
extern const command command_subject_release;
extern const command command_subject_unrestrict;
extern const command command_subject_merge;
extern const command command_subject_unmerge;
extern const command command_certificate_get;
extern const command command_certificate_verify;
extern const command command_request_list;
extern const command command_request_show;
extern const command command_request_watch;
extern const command command_request_add;
extern const command command_request_verify;
extern const command command_request_approve;
extern const command command_request_deny;
extern const command command_request_extend;
extern const command command_request_fulfil;
extern const command command_request_answer;
extern const command command_request_task;
extern const command command_hook_list;
extern const command command_hook_secret;
extern const command command_message_list;
extern const command command_message_show;
extern const command command_clock_accept;
extern const command command_help;

#endif
