/* core/verbs.c: the table of verbs, the same for the ABI, HTTP and the socket. */
#include "core/verbs.h"

#include "core/locate.h"

#define BODY PENDING_BODY_BYTES_MAX
#define BODY_PEOPLE PENDING_BODY_BYTES_MAX_PEOPLE

static const verb VERBS[] = {
    {.number = VELUM_VERB_UPSERT,
     .name = "upsert",
     .entry_type = ENTRY_UPSERT,
     .action = ACTION_CREATE,
     .is_write = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .leaves_max = 1,
     .locate = upsert_locate,
     .open = upsert_apply},
    {.number = VELUM_VERB_LOOKUP,
     .name = "lookup",
     .entry_type = ENTRY_LOOKUP,
     .action = ACTION_LOOKUP,
     .has_body = true,
     .body_bytes_max = BODY,
     .locate = locate_by_body_identifier,
     .mask = lookup_mask},
    {.number = VELUM_VERB_READ,
     .name = "read",
     .entry_type = ENTRY_READ,
     .action = ACTION_READ,
     .locate = locate_by_ref,
     .open = read_open,
     .mask = read_mask},
    {.number = VELUM_VERB_CONSENT_LIST,
     .name = "consent-list",
     .entry_type = ENTRY_CONSENT_READ,
     .action = ACTION_CONSENT_READ,
     .locate = consents_locate,
     .mask = consents_list},
    {.number = VELUM_VERB_CONSENT_PUT,
     .name = "consent-put",
     .entry_type = ENTRY_CONSENT,
     .action = ACTION_CONSENT_WRITE,
     .is_write = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .leaves_max = 1,
     .locate = locate_by_ref,
     .open = consents_apply},
    {.number = VELUM_VERB_ME_READ,
     .name = "me",
     .entry_type = ENTRY_READ,
     .action = ACTION_READ,
     .is_customer = true,
     .locate = locate_own,
     .open = read_open,
     .mask = read_mask},
    {.number = VELUM_VERB_ME_CONSENT_LIST,
     .name = "me-consent-list",
     .entry_type = ENTRY_CONSENT_READ,
     .action = ACTION_CONSENT_READ,
     .is_customer = true,
     .locate = consents_locate_own,
     .mask = consents_list},
    {.number = VELUM_VERB_ME_CONSENT_PUT,
     .name = "me-consent-put",
     .entry_type = ENTRY_CONSENT,
     .action = ACTION_CONSENT_WRITE,
     .is_write = true,
     .is_customer = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .leaves_max = 1,
     .locate = locate_own,
     .open = consents_apply},
    {.number = VELUM_VERB_CREDENTIAL_ADD,
     .name = "credential-add",
     .entry_type = ENTRY_CREDENTIAL,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .leaves_max = 2,
     .activity = "administration",
     .open = credential_add_apply},
    {.number = VELUM_VERB_CREDENTIAL_LIST,
     .name = "credential-list",
     .entry_type = ENTRY_CREDENTIAL,
     .action = ACTION_ADMINISTER,
     .is_people = true,
     .activity = "administration",
     .mask = credential_list_mask},
    {.number = VELUM_VERB_CREDENTIAL_REVOKE,
     .name = "credential-revoke",
     .entry_type = ENTRY_CREDENTIAL,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .leaves_max = 1,
     .activity = "administration",
     .open = credential_revoke_apply},
    {.number = VELUM_VERB_CREDENTIAL_CUSTOMER,
     .name = "credential-customer",
     .entry_type = ENTRY_CREDENTIAL,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .leaves_max = 1,
     .activity = "administration",
     .locate = locate_by_ref,
     .open = credential_customer_apply},
    {.number = VELUM_VERB_POLICY_APPLY,
     .name = "policy-apply",
     .entry_type = ENTRY_POLICY,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY_PEOPLE,
     .leaves_max = 900,
     .activity = "administration",
     .open = policy_apply},
    {.number = VELUM_VERB_POLICY_SHOW,
     .name = "policy-show",
     .entry_type = ENTRY_CONFIGURATION,
     .action = ACTION_ADMINISTER,
     .is_people = true,
     .activity = "administration",
     .mask = policy_show},
    {.number = VELUM_VERB_CLOCK_ACCEPT,
     .name = "clock-accept",
     .entry_type = ENTRY_CLOCK,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .leaves_max = 1,
     .activity = "administration",
     .open = clock_accept_apply},
    {.number = VELUM_VERB_AUDIT_LOG,
     .name = "audit-log",
     .entry_type = ENTRY_LOG_READ,
     .action = ACTION_AUDIT,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .activity = "audit",
     .locate = locate_by_optional_ref,
     .mask = audit_log_mask},
    {.number = VELUM_VERB_AUDIT_VERIFIED,
     .name = "audit-verified",
     .entry_type = ENTRY_VERIFICATION,
     .action = ACTION_AUDIT,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .leaves_max = 1,
     .activity = "audit",
     .open = audit_verified_apply},
    {.number = VELUM_VERB_AUDIT_PROVE,
     .name = "audit-prove",
     .entry_type = ENTRY_LOG_READ,
     .action = ACTION_AUDIT,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .activity = "audit",
     .mask = audit_prove_mask},
    {.number = VELUM_VERB_IMPORT,
     .name = "import",
     .entry_type = ENTRY_IMPORT,
     .action = ACTION_IMPORT,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY_PEOPLE,
     .leaves_max = 2,
     .activity = "import",
     .open = import_apply},
    {.number = VELUM_VERB_IMPORT_END,
     .name = "import-end",
     .entry_type = ENTRY_IMPORT,
     .action = ACTION_IMPORT,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = BODY,
     .leaves_max = 1,
     .activity = "import",
     .open = import_end},
    {.number = VELUM_VERB_STATUS,
     .name = "status",
     .entry_type = ENTRY_CONFIGURATION,
     .action = ACTION_ADMINISTER,
     .is_people = true,
     .activity = "administration",
     .mask = status_mask},
};

const verb *verb_find(uint32_t number)
{
    for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
        if (VERBS[i].number == number) {
            return &VERBS[i];
        }
    }
    return NULL;
}

void entry_push(audit_entry *entry, uint32_t key, uint64_t value)
{
    if (entry->input_count < ENTRY_INPUTS_MAX) {
        entry->inputs[entry->input_count++] = (entry_input){key, value};
    }
}

velum_status reply_subject(passage *passage, json_writer *out)
{
    char ref[PSEUDONYM_TEXT_BYTES];

    if (!passage->has_subject) {
        return VELUM_OK;
    }
    VELUM_TRY(locate_format_ref(passage, ref));
    json_member_string(out, "subject", ref);
    return VELUM_OK;
}

static void reply_consent(const passage *passage, json_writer *out)
{
    const state_consent *consent = passage->verdict.consent;
    char id[33];

    if (consent == NULL) {
        return;
    }
    hex_encode(consent->id, sizeof(consent->id), id);
    json_name(out, "consent");
    json_begin_object(out);
    json_member_string(out, "id", id);
    json_member_integer(out, "version", consent->version);
    json_member_string(out, "state", consent_state_name(consent->state));
    json_end_object(out);
}

void reply_decision(passage *passage, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;
    const bundle_activity *activity = &bundle->activities[passage->activity];
    const bundle_purpose *purpose = &bundle->purposes[activity->purpose];
    char id[33];
    char hash[65];

    hex_encode(passage->entry.event_id, sizeof(passage->entry.event_id), id);
    hex_encode(bundle->hash, sizeof(bundle->hash), hash);
    json_name(out, "decision");
    json_begin_object(out);
    json_member_string(out, "id", id);
    json_member_string(out, "policy", hash);
    json_member_text(out, "activity", activity->name);
    json_member_text(out, "purpose", purpose->name);
    json_member_string(out, "basis", basis_name(purpose->basis));
    reply_consent(passage, out);
    json_end_object(out);
}
