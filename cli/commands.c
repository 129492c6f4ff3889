/* cli/commands.c: the list of all commands, and the help that is read from it. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/say.h"

const command *const commands[] = {
    &command_init,
    &command_upgrade,
    &command_backup,
    &command_restore,
    &command_key_rotate,
    &command_config_check,
    &command_config_show,
    &command_status,
    &command_credential_add,
    &command_credential_list,
    &command_credential_revoke,
    &command_credential_customer,
    &command_credential_rotate,
    &command_sample,
    &command_import,
    &command_consent_list,
    &command_consent_give,
    &command_consent_withdraw,
    &command_consent_import,
    &command_consent_report,
    &command_audit_log,
    &command_audit_verify,
    &command_audit_prove,
    &command_audit_who_saw,
    &command_audit_explain,
    &command_audit_resolve,
    &command_policy_show,
    &command_policy_check,
    &command_policy_apply,
    &command_policy_propose,
    &command_policy_approve,
    &command_policy_activate,
    &command_policy_rollback,
    &command_policy_list,
    &command_policy_diff,
    &command_policy_files,
    &command_policy_shadow,
    &command_approval_ask,
    &command_approval_list,
    &command_approval_show,
    &command_approval_agree,
    &command_approval_refuse,
    &command_approval_review,
    &command_subject_erase,
    &command_subject_retained,
    &command_subject_hold,
    &command_subject_release,
    &command_subject_unrestrict,
    &command_subject_merge,
    &command_subject_unmerge,
    &command_certificate_get,
    &command_certificate_verify,
    &command_request_list,
    &command_request_show,
    &command_request_watch,
    &command_request_add,
    &command_request_verify,
    &command_request_approve,
    &command_request_deny,
    &command_request_extend,
    &command_request_fulfil,
    &command_request_answer,
    &command_request_task,
    &command_hook_list,
    &command_hook_secret,
    &command_message_list,
    &command_message_show,
    &command_clock_accept,
    &command_help,
    NULL,
};

static bool is_same(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

const command *command_find(const char *group, const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (is_same(commands[i]->group, group) && is_same(commands[i]->name, name)) {
            return commands[i];
        }
    }
    return NULL;
}

bool command_is_group(const char *word)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (commands[i]->group != NULL && is_same(commands[i]->group, word)) {
            return true;
        }
    }
    return false;
}

static void print_name(FILE *out, const command *command)
{
    (void)fprintf(out, "velum %s%s%s", command->group == NULL ? "" : command->group,
                  command->group == NULL ? "" : " ", command->name);
}

void command_print_list(const char *group, bool is_error)
{
    FILE *out = is_error ? stderr : stdout;

    (void)fputs("Usage: velum [--data DIR] COMMAND …\n\n", out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        const command *command = commands[i];
        if (group != NULL && !is_same(group, command->group)) {
            continue;
        }
        char name[64];
        (void)snprintf(name, sizeof(name), "%s%s%s", command->group == NULL ? "" : command->group,
                       command->group == NULL ? "" : " ", command->name);
        (void)fprintf(out, "  %-20s %s\n", name, command->summary);
    }
    (void)fputs(
        "\nThe data folder is --data DIR, else $VELUM_DATA, else the current folder if it is one.\n"
        "`velum help COMMAND` says more; `velum --version` names the version.\n",
        out);
}

/* Name and value of an option, as it is typed. */
static void option_label(const command_option *option, char *out, size_t size)
{
    (void)snprintf(out, size, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
                   option->value == NULL ? "" : option->value);
}

static void print_options(const command *command)
{
    static const command_option data = {"data", "DIR", "the data folder"};
    static const command_option help = {"help", NULL, "this text"};
    char label[64];

    (void)fputs("\nOptions:\n", stdout);
    for (size_t i = 0; command->options[i].name != NULL; i++) {
        option_label(&command->options[i], label, sizeof(label));
        (void)printf("  %-22s %s\n", label, command->options[i].help);
    }
    if (command->has_data) {
        option_label(&data, label, sizeof(label));
        (void)printf("  %-22s %s\n", label, data.help);
    }
    option_label(&help, label, sizeof(label));
    (void)printf("  %-22s %s\n", label, help.help);
}

void command_print_help(const command *command)
{
    (void)fputs("Usage: ", stdout);
    print_name(stdout, command);
    if (command->arguments[0] != '\0') {
        (void)printf(" %s", command->arguments);
    }
    (void)printf("%s\n\n%s.\n", command->options[0].name == NULL ? "" : " [OPTIONS]",
                 command->summary);
    if (command->detail[0] != '\0') {
        (void)printf("\n%s\n", command->detail);
    }
    if (command->activity != NULL) {
        (void)printf("\nThe gate runs it under the activity `%s`.\n", command->activity);
    }
    print_options(command);
}
