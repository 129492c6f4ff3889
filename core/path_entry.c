/* core/path_entry.c: what the log's entry says of a passage: everything but values (I-1, I-5). */
#include "core/path.h"

/* One field, asked or released; what does not fit any more was refused before (core/rows.h). */
static void fill_field(const passage *passage, uint32_t index, uint16_t number, uint32_t mask,
                       audit_entry *entry)
{
    if ((passage->released >> index & 1) != 0 && entry->released_count < ENTRY_FIELDS_MAX) {
        entry->released[entry->released_count++] = number;
    }
    if ((passage->released_masked >> index & 1) != 0 && entry->mask_count < ENTRY_FIELDS_MAX) {
        entry->masks[entry->mask_count++] =
            (entry_mask){number, passage->world->bundle->masks[mask].number};
    }
}

static uint64_t asked_of(const passage *passage, const uint64_t *all)
{
    return passage->asked_all && all != NULL ? *all : passage->asked;
}

static void fill_table(const passage *passage, const bundle_activity *activity, audit_entry *entry)
{
    const bundle *bundle = passage->world->bundle;
    const uint32_t index = passage->resource - 1;

    if (index >= bundle->resource_count) {
        return; /* a table that the policy does not know */
    }
    const bundle_resource *const table = &bundle->resources[index];
    const uint64_t asked = asked_of(passage, activity == NULL ? NULL : &activity->resources[index]);
    entry->resource = table->number;
    for (uint32_t i = 0; i < table->field_count; i++) {
        const resource_field *const field = &table->fields[i];
        if ((asked >> i & 1) != 0 && entry->asked_count < ENTRY_FIELDS_MAX) {
            entry->asked[entry->asked_count++] = field->number;
        }
        fill_field(passage, i, field->number, field->mask, entry);
    }
}

static void fill_fields(const passage *passage, audit_entry *entry)
{
    const bundle *bundle = passage->world->bundle;
    const bundle_activity *const activity =
        passage->activity == BUNDLE_NONE ? NULL : &bundle->activities[passage->activity];

    entry->unknown_field_count = passage->unknown_fields;
    if (passage->resource != 0) {
        fill_table(passage, activity, entry);
        return;
    }
    const uint64_t asked = asked_of(passage, activity == NULL ? NULL : &activity->fields);
    for (uint32_t i = 0; i < bundle->field_count; i++) {
        const bundle_field *field = &bundle->fields[i];
        if ((asked >> i & 1) != 0 && entry->asked_count < ENTRY_FIELDS_MAX) {
            entry->asked[entry->asked_count++] = field->number;
        }
        fill_field(passage, i, field->number, field->mask, entry);
    }
}

static void fill_who(const passage *passage, audit_entry *entry)
{
    const actor *actor = &passage->actor;
    const bundle *bundle = passage->world->bundle;

    memcpy(entry->actor_token, actor->token, ENTRY_TOKEN_BYTES);
    entry->client = passage->request == NULL ? CLIENT_OURSELVES : passage->request->client;
    entry->auth_method = actor->auth_method;
    for (uint32_t i = 0; i < bundle->role_count && entry->role_count < ENTRY_ROLES_MAX; i++) {
        if ((actor->roles >> i & 1) != 0) {
            entry->roles[entry->role_count++] = bundle->roles[i].number;
        }
    }
}

static void fill_why(const passage *passage, audit_entry *entry)
{
    const bundle *bundle = passage->world->bundle;

    static const uint8_t none[SHA256_BYTES] = {0};

    if (memcmp(entry->policy_hash, none, sizeof(none)) == 0) { /* else: of a new bundle */
        memcpy(entry->policy_hash, bundle->hash, sizeof(entry->policy_hash));
    }
    entry->jurisdiction = bundle->jurisdiction_number;
    if (passage->activity == BUNDLE_NONE) {
        return;
    }
    const bundle_activity *activity = &bundle->activities[passage->activity];
    const bundle_purpose *purpose = &bundle->purposes[activity->purpose];
    entry->activity = activity->number;
    entry->purpose = purpose->number;
    entry->legal_basis = passage->world->bases[purpose->basis];
    if (activity->recipient_index != BUNDLE_NONE) {
        entry->recipient = bundle->recipients[activity->recipient_index].number;
    }
}

/* The consent that the decision rested on, with the notice that was shown then. */
static void fill_consent(const passage *passage, audit_entry *entry)
{
    const state_consent *consent = passage->verdict.consent;

    if (entry->consent_version != 0) {
        return; /* the verb recorded one itself */
    }
    entry->consent_state = passage->verdict.consent_state;
    if (consent == NULL) {
        return;
    }
    memcpy(entry->consent_id, consent->id, sizeof(entry->consent_id));
    entry->consent_version = consent->version;
    const uint8_t *const hash = world_notice_hash(passage->world, consent->notice);
    if (hash != NULL) {
        memcpy(entry->notice_hash, hash, sizeof(entry->notice_hash));
    }
}

static void push_input(audit_entry *entry, uint32_t key, uint64_t value)
{
    if (value != 0 && entry->input_count < ENTRY_INPUTS_MAX) {
        entry->inputs[entry->input_count++] = (entry_input){key, value};
    }
}

/* What `decide` used, so that the past can be replayed (docs/formats/leaf.md). */
static void fill_decision(const passage *passage, audit_entry *entry)
{
    const verdict *verdict = &passage->verdict;

    push_input(entry, 1, verdict->age_class);
    push_input(entry, 2, verdict->consent_state);
    push_input(entry, 3, passage->clock.behind ? 1 : 0);
    push_input(entry, 4,
               passage->has_subject && passage->sealed != NULL
                   ? sealed_subject_status(passage->sealed)
                   : 0);
    entry->rule = verdict->rule;
    entry->obligations = verdict->obligations;
    if (passage->reason_code != 0) {
        entry->reason_code = passage->world->bundle->reason_codes[passage->reason_code - 1].number;
    }
    entry->action = passage->world->actions[__builtin_ctz(passage->action)];
    entry->intended_status = (uint32_t)problem_status(passage->problem);
    if (passage->problem != PROBLEM_NONE) {
        entry->decision = ENTRY_DENY;
        entry->refusal = passage->world->reasons[passage->problem];
        return;
    }
    entry->decision = verdict->decision == ENTRY_PARTIAL ? ENTRY_PARTIAL : ENTRY_ALLOW;
}

static void fill_trace(const passage *passage, audit_entry *entry)
{
    uint8_t key[KEY_BYTES];
    uint8_t mac[SHA256_BYTES];
    const velum_pending *request = passage->request;

    if (request == NULL) {
        return;
    }
    memcpy(entry->request_id, request->ids[0], sizeof(entry->request_id));
    if (request->caller_id.size == 0) {
        return;
    }
    keyring_token_key(passage->gate->keys, "caller id", key);
    hmac_sha256(key, &(crypto_part){request->caller_id.data, request->caller_id.size}, 1, mac);
    memcpy(entry->caller_id_mac, mac, sizeof(entry->caller_id_mac));
    mem_wipe(key, sizeof(key));
}

void path_fill_entry(passage *passage, audit_entry *entry)
{
    velum_gate *const gate = passage->gate;

    entry->type = entry->type != 0 ? entry->type : passage->verb->entry_type;
    entry->stage = entry->stage == 0 ? ENTRY_SINGLE : entry->stage;
    entry->at_ns = passage->clock.now_ns;
    entry->node = 1;
    memcpy(entry->boot_id, gate->boot_id, sizeof(entry->boot_id));
    entry->tenant = keyring_tenant(gate->keys);
    entry->domain = passage->domain;
    if (passage->opened != NULL) {
        entry->token_epoch = time_month(passage->clock.now_ns);
        opened_audit_token(passage->opened, entry->token_epoch, entry->subject_token);
    }
    if (passage->actor.auth_method == 3) {
        memcpy(passage->actor.token, entry->subject_token, ENTRY_TOKEN_BYTES);
    }
    fill_who(passage, entry);
    fill_why(passage, entry);
    fill_consent(passage, entry);
    fill_fields(passage, entry);
    fill_decision(passage, entry);
    fill_trace(passage, entry);
}
