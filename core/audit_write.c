/* core/audit_write.c: names for the numbers of an entry. */
#include "core/audit_write.h"

#include "core/approvals.h"
#include "core/backup.h"
#include "core/hook.h"
#include "core/requests.h"
#include "core/restore.h"
#include "core/work.h"
#include "core/verbs.h"

#define LEAF_AUTH_CUSTOMER 3 /* as in leaves */
#define LEAF_AUTH_OURSELVES 4

/* --- members ------------------------------------------------------------------------------------ */

void audit_member_name(const world *world, json_writer *out, const char *member, uint32_t kind,
                       uint32_t number)
{
    const char *name = number == 0 ? NULL : world_name(world, kind, number);

    if (name != NULL) {
        json_member_string(out, member, name);
    } else if (number != 0) {
        json_member_integer(out, member, number);
    }
}

void audit_member_hex(json_writer *out, const char *member, const uint8_t *bytes, size_t size)
{
    static const uint8_t none[SHA256_BYTES] = {0};
    char hex[2 * SHA256_BYTES + 1];

    if (memcmp(bytes, none, size) != 0) {
        hex_encode(bytes, size, hex);
        json_member_string(out, member, hex);
    }
}

static void write_names(const world *world, json_writer *out, uint32_t kind,
                        const uint32_t *numbers, uint32_t count)
{
    json_begin_array(out);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = world_name(world, kind, numbers[i]);
        json_write_text(out, text_of(name == NULL ? "?" : name));
    }
    json_end_array(out);
}

void audit_member_fields(const world *world, json_writer *out, const char *member,
                         const uint32_t *fields, uint32_t count)
{
    if (count > 0) {
        json_name(out, member);
        write_names(world, out, REGISTRY_FIELD, fields, count);
    }
}

void audit_member_roles(const world *world, json_writer *out, const audit_entry *entry)
{
    if (entry->role_count > 0) {
        json_name(out, "roles");
        write_names(world, out, REGISTRY_ROLE, entry->roles, entry->role_count);
    }
}

void audit_member_masked(const world *world, json_writer *out, const audit_entry *entry)
{
    uint32_t fields[ENTRY_FIELDS_MAX];

    for (uint32_t i = 0; i < entry->mask_count; i++) {
        fields[i] = entry->masks[i].field;
    }
    audit_member_fields(world, out, "masked", fields, entry->mask_count);
}

const credential *audit_credential(const world *world, const uint8_t token[ENTRY_TOKEN_BYTES])
{
    for (uint32_t i = 0; i < world->credential_count; i++) {
        if (memcmp(world->credentials[i].actor_token, token, ENTRY_TOKEN_BYTES) == 0) {
            return &world->credentials[i];
        }
    }
    return NULL;
}

void audit_member_actor(const world *world, json_writer *out, const audit_entry *entry)
{
    audit_member_hex(out, "actor_token", entry->actor_token, ENTRY_TOKEN_BYTES);
    if (entry->auth_method == LEAF_AUTH_CUSTOMER) {
        json_member_string(out, "actor", "customer");
        return;
    }
    if (entry->auth_method == LEAF_AUTH_OURSELVES) {
        json_member_string(out, "actor", "velum");
        return;
    }
    const credential *credential = audit_credential(world, entry->actor_token);
    if (credential != NULL) {
        json_member_string(out, "actor", credential->name);
    }
}

void audit_member_consent(json_writer *out, const audit_entry *entry)
{
    if (entry->consent_version == 0) {
        return;
    }
    audit_member_hex(out, "consent", entry->consent_id, sizeof(entry->consent_id));
    json_member_integer(out, "consent_version", entry->consent_version);
    json_member_string(out, "consent_state", consent_state_name(entry->consent_state));
    audit_member_hex(out, "notice", entry->notice_hash, sizeof(entry->notice_hash));
}

uint64_t audit_input(const audit_entry *entry, uint32_t key)
{
    for (uint32_t i = 0; i < entry->input_count; i++) {
        if (entry->inputs[i].key == key) {
            return entry->inputs[i].value;
        }
    }
    return 0;
}

/* --- inputs ------------------------------------------------------------------------------------- */

static const char *operation_name(uint32_t operation)
{
    static const char *const names[] = {
        [OPERATION_ADD] = "add",
        [OPERATION_LIST] = "list",
        [OPERATION_REVOKE] = "revoke",
        [OPERATION_CUSTOMER_TOKEN] = "customer-token",
        [OPERATION_ACCEPT] = "accept",
        [OPERATION_SHOW] = "show",
        [OPERATION_STATUS] = "status",
        [OPERATION_PROVE] = "prove",
        [OPERATION_ROTATE] = "rotate",
        [OPERATION_PROPOSE] = "propose",
        [OPERATION_ACTIVATE] = "activate",
        [OPERATION_SCHEDULE] = "schedule",
        [OPERATION_ROLLBACK] = "rollback",
        [OPERATION_ASK] = "ask",
        [OPERATION_AGREE] = "agree",
        [OPERATION_REFUSE] = "refuse",
        [OPERATION_USE] = "use",
        [OPERATION_END] = "end",
        [OPERATION_REVIEW] = "review",
        [OPERATION_WHO_SAW] = "who-saw",
        [OPERATION_EXPLAIN] = "explain",
        [OPERATION_RESOLVE] = "resolve",
        [OPERATION_HOLD] = "hold",
        [OPERATION_RELEASE] = "release",
        [OPERATION_MERGE] = "merge",
        [OPERATION_UNMERGE] = "unmerge",
        [OPERATION_BACKUP] = "backup",
        [OPERATION_FORGET] = "forget",
        [OPERATION_LIFT] = "lift",
        [OPERATION_WORK_TAKE] = "take",
        [OPERATION_WORK_DONE] = "done",
        [OPERATION_WORK_AGAIN] = "again",
        [OPERATION_WORK_DROPPED] = "dropped",
        [OPERATION_TIMER_SET] = "timer",
        [OPERATION_ROW_DELETE] = "delete",
        [OPERATION_OPT_OUT] = "opt-out",
        [OPERATION_HOOK_SECRET] = "hook-secret",
    };

    return operation < sizeof(names) / sizeof(names[0]) ? names[operation] : NULL;
}

static const char *work_kind_name(uint32_t kind)
{
    return kind == WORK_TIMER ? "timer" : kind == WORK_EVENT ? "event" : NULL;
}

/* How the value of an input is shown: by a name of ours, of the registry, as a time, or as it is. */
typedef struct shown_input {
    uint32_t key;
    const char *member;
    const char *(*name_of)(uint32_t number);
    uint32_t registry; /* REGISTRY_*; 0: none */
    bool is_time;      /* UTC seconds */
} shown_input;

static const shown_input SHOWN[] = {
    {7, "torn_bytes", NULL, 0, false},
    {8, "size", NULL, 0, false},
    {9, "result", NULL, 0, false},
    {10, "count", NULL, 0, false},
    {INPUT_UNATTACHED, "unattached", NULL, 0, false},
    {INPUT_PURPOSE, "consent_purpose", NULL, REGISTRY_PURPOSE, false},
    {INPUT_OPERATION, "operation", operation_name, 0, false},
    {INPUT_SAME, "same", NULL, 0, false},
    {INPUT_CHANGED, "changed", NULL, 0, false},
    {INPUT_NEW, "new", NULL, 0, false},
    {INPUT_REJECTED, "rejected", NULL, 0, false},
    {INPUT_BREAK_GLASS, "break_glass", NULL, 0, false},
    {INPUT_APPROVAL_KIND, "approval_kind", approval_kind_name, 0, false},
    {INPUT_APPROVAL_STATE, "approval_state", approval_state_name, 0, false},
    {INPUT_RIGHT, "right", right_name, 0, false},
    {INPUT_REQUEST_STATE, "request_state", request_state_name, 0, false},
    {INPUT_REQUEST_ACT, "request_act", request_act_name, 0, false},
    {INPUT_DENIAL, "denial", request_denial_name, 0, false},
    {INPUT_DESTROYED, "destroyed", NULL, 0, false},
    {INPUT_RETAINED, "retained", NULL, 0, false},
    {INPUT_SHADOW_DECISION, "shadow_decision", entry_decision_name, 0, false},
    {INPUT_SHADOW_REASON, "shadow_reason", NULL, REGISTRY_REASON, false},
    {INPUT_SHADOW_FIELDS, "shadow_fields", NULL, 0, false},
    {INPUT_DUE, "due", NULL, 0, true},
    {INPUT_GRADE, "grade", consent_grade_name, 0, false},
    {INPUT_PROCESSOR, "processor", NULL, REGISTRY_RECIPIENT, false},
    {INPUT_AGE_LIMIT, "age_limit", NULL, 0, false},
    {INPUT_SCHEMA, "schema", NULL, 0, false},
    {INPUT_KEYS_SCHEMA, "keys_schema", NULL, 0, false},
    {INPUT_ROOT_VERSION, "root_version", NULL, 0, false},
    {INPUT_BACKUP, "backup", backup_state_name, 0, false},
    {INPUT_LOG_SIZE, "log_size", NULL, 0, false},
    {INPUT_RESTORED, "restored", restored_name, 0, false},
    {INPUT_RESTRICTIONS, "restrictions", NULL, 0, false},
    {INPUT_SIGN_UP, "sign_up", NULL, 0, false},
    {INPUT_REHEARSAL, "rehearsal", NULL, 0, false},
    {INPUT_ALLOWED, "allowed", NULL, 0, false},
    {INPUT_REFUSED, "refused", NULL, 0, false},
    {INPUT_CRITERIA, "criteria", NULL, 0, false},
    {INPUT_ACTIVITY, "asked_about", NULL, REGISTRY_ACTIVITY, false},
    {INPUT_AGGREGATE, "aggregate", NULL, REGISTRY_COUNT, false},
    {INPUT_SUPPRESSED, "suppressed", NULL, 0, false},
    {INPUT_COUNTED, "counted", NULL, 0, false},
    {INPUT_MODULE, "module", NULL, REGISTRY_MODULE, false},
    {INPUT_WORK, "work", work_kind_name, 0, false},
    {INPUT_WORK_GIVEN, "work_given", NULL, 0, false},
    {INPUT_WORK_DROPPED, "work_dropped", NULL, 0, false},
    {INPUT_HOOK, "hook", NULL, REGISTRY_HOOK, false},
    {INPUT_EVENT, "event", hook_event_shown, 0, false},
    {INPUT_HOOK_OUTCOME, "outcome", hook_outcome_name, 0, false},
    {INPUT_HTTP_STATUS, "http_status", NULL, 0, false},
    {INPUT_ATTEMPT, "attempt", NULL, 0, false},
};

static void write_input(const world *world, json_writer *out, const shown_input *shown,
                        uint64_t value)
{
    char at[TIME_TEXT_BYTES];

    if (shown->registry != 0) {
        audit_member_name(world, out, shown->member, shown->registry, (uint32_t)value);
        return;
    }
    if (shown->is_time && value < INT64_MAX / NS_PER_SECOND) {
        time_format((int64_t)value * NS_PER_SECOND, at);
        json_member_string(out, shown->member, at);
        return;
    }
    const char *const name = shown->name_of == NULL ? NULL : shown->name_of((uint32_t)value);
    if (name != NULL) {
        json_member_string(out, shown->member, name);
        return;
    }
    json_member_integer(out, shown->member, (int64_t)value);
}

void audit_members_of_inputs(const world *world, json_writer *out, const audit_entry *entry)
{
    for (uint32_t i = 0; i < entry->input_count; i++) {
        for (size_t s = 0; s < sizeof(SHOWN) / sizeof(SHOWN[0]); s++) {
            if (SHOWN[s].key == entry->inputs[i].key) {
                write_input(world, out, &SHOWN[s], entry->inputs[i].value);
            }
        }
    }
    if (entry->registry_number != 0) {
        json_member_string(out, "registers", entry->registry_name);
        json_member_integer(out, "number", entry->registry_number);
    }
    if (entry->record_count > 0) {
        json_member_integer(out, "records", (int64_t)entry->record_count);
    }
}

/* --- the entry ---------------------------------------------------------------------------------- */

void audit_members_of_place(json_writer *out, uint64_t index, const audit_entry *entry)
{
    const char *type = entry_type_name(entry->type);
    const char *stage = entry_stage_name(entry->stage);
    char at[TIME_TEXT_BYTES];

    time_format(entry->at_ns, at);
    json_member_integer(out, "index", (int64_t)index);
    audit_member_hex(out, "id", entry->event_id, sizeof(entry->event_id));
    json_member_string(out, "at", at);
    json_member_string(out, "type", type == NULL ? "?" : type);
    if (entry->stage != ENTRY_SINGLE && stage != NULL) {
        json_member_string(out, "stage", stage);
    }
}

static void members_of_decision(const world *world, json_writer *out, const audit_entry *entry)
{
    const char *decision = entry_decision_name(entry->decision);

    json_member_string(out, "decision", decision == NULL ? "" : decision);
    audit_member_name(world, out, "reason", REGISTRY_REASON, entry->refusal);
    audit_member_name(world, out, "reason_code", REGISTRY_REASON_CODE, entry->reason_code);
    audit_member_name(world, out, "activity", REGISTRY_ACTIVITY, entry->activity);
    audit_member_name(world, out, "purpose", REGISTRY_PURPOSE, entry->purpose);
    audit_member_name(world, out, "basis", REGISTRY_BASIS, entry->legal_basis);
    audit_member_name(world, out, "action", REGISTRY_ACTION, entry->action);
    audit_member_name(world, out, "domain", REGISTRY_DOMAIN, entry->domain);
    audit_member_name(world, out, "recipient", REGISTRY_RECIPIENT, entry->recipient);
    audit_member_fields(world, out, "asked", entry->asked, entry->asked_count);
    audit_member_fields(world, out, "released", entry->released, entry->released_count);
    audit_member_masked(world, out, entry);
    if (entry->repeated > 0) {
        json_member_integer(out, "repeated", (int64_t)entry->repeated);
    }
    audit_member_consent(out, entry);
}

void audit_write_entry(const world *world, uint64_t index, const audit_entry *entry,
                       json_writer *out)
{
    json_begin_object(out);
    audit_members_of_place(out, index, entry);
    audit_member_actor(world, out, entry);
    audit_member_hex(out, "user_token", entry->user_token, ENTRY_TOKEN_BYTES);
    audit_member_hex(out, "subject_token", entry->subject_token, ENTRY_TOKEN_BYTES);
    members_of_decision(world, out, entry);
    audit_members_of_inputs(world, out, entry);
    audit_member_hex(out, "related", entry->related, sizeof(entry->related));
    audit_member_hex(out, "policy", entry->policy_hash, sizeof(entry->policy_hash));
    json_end_object(out);
}
