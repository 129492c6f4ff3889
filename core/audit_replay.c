/* core/audit_replay.c: a decision made again from what its leaf holds. */
#include "core/audit_replay.h"

#include "core/audit_write.h"
#include "core/problem.h"

#define INPUT_AGE 1 /* as in leaves (docs/formats/leaf.md) */
#define INPUT_CONSENT 2
#define INPUT_BEHIND 3
#define INPUT_STATUS 4
#define LEAF_AUTH_CUSTOMER 3
#define LEAF_AUTH_OURSELVES 4
#define DAYS_FAR 4000

/* What decide is asked again, and the state that it points at. */
typedef struct replayed {
    decide_request request;
    subject_state state;
} replayed;

const char *audit_replay_name(uint32_t result)
{
    static const char *const names[] = {
        [REPLAY_SAME] = "same",           [REPLAY_DIFFERENT] = "different",
        [REPLAY_BESIDE] = "beside",       [REPLAY_NO_DECISION] = "no-decision",
        [REPLAY_NO_POLICY] = "no-policy",
    };

    return result < sizeof(names) / sizeof(names[0]) ? names[result] : NULL;
}

velum_status audit_number_bundle(const world *world, bundle *bundle)
{
    char scratch[128];
    text name;

    for (uint32_t kind = 1; kind < REGISTRY_KINDS; kind++) {
        for (uint32_t i = 0; bundle_name_at(bundle, kind, i, scratch, &name); i++) {
            const uint16_t number = world_number(world, kind, name);
            if (number == 0) {
                return VELUM_E_CORRUPT;
            }
            bundle_set_number(bundle, kind, i, number);
        }
    }
    bundle->jurisdiction_number = bundle->packs[0].number;
    return VELUM_OK;
}

uint64_t audit_field_bits(const bundle *bundle, const uint32_t *numbers, uint32_t count)
{
    uint64_t bits = 0;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t index = bundle_find_number(bundle, REGISTRY_FIELD, (uint16_t)numbers[i]);
        bits |= index == BUNDLE_NONE ? 0 : UINT64_C(1) << index;
    }
    return bits;
}

/* --- the request -------------------------------------------------------------------------------- */

/* A REASON_* by the number that the registry gave its name. */
uint32_t audit_reason(const world *world, const audit_entry *entry)
{
    for (uint32_t reason = 1; reason < PROBLEM_END; reason++) {
        if (entry->refusal != 0 && world->reasons[reason] == entry->refusal) {
            return reason;
        }
    }
    return REASON_NONE;
}

static uint32_t roles_of(const bundle *bundle, const audit_entry *entry)
{
    uint32_t roles = 0;

    for (uint32_t i = 0; i < entry->role_count; i++) {
        const uint32_t index = bundle_find_number(bundle, REGISTRY_ROLE, (uint16_t)entry->roles[i]);
        roles |= index == BUNDLE_NONE ? 0 : 1U << index;
    }
    return roles;
}

/* Of a credential that is gone: a kind that the activity takes, unless the refusal says otherwise. */
static uint32_t kind_of(const world *world, const bundle *bundle, const audit_entry *entry,
                        uint32_t activity)
{
    const credential *credential = audit_credential(world, entry->actor_token);

    if (entry->auth_method == LEAF_AUTH_CUSTOMER) {
        return ACTOR_CUSTOMER;
    }
    if (credential != NULL || activity == BUNDLE_NONE) {
        return credential == NULL ? ACTOR_SERVICE : credential->kind;
    }
    const uint32_t kinds = bundle->activities[activity].actors & (ACTOR_SERVICE | ACTOR_HUMAN);
    return (kinds & ACTOR_SERVICE) != 0 ? ACTOR_SERVICE : ACTOR_HUMAN;
}

static uint32_t action_of(const world *world, const audit_entry *entry)
{
    for (uint32_t i = 0; i < ACTION_COUNT; i++) {
        if (entry->action != 0 && world->actions[i] == entry->action) {
            return 1U << i;
        }
    }
    return 0;
}

static uint32_t reason_code_of(const bundle *bundle, const audit_entry *entry)
{
    const uint32_t index =
        bundle_find_number(bundle, REGISTRY_REASON_CODE, (uint16_t)entry->reason_code);

    return index == BUNDLE_NONE ? 0 : index + 1;
}

/* --- the state ---------------------------------------------------------------------------------- */

/* Days of change around the day of the entry, far enough for every time zone. */
static void make_age(subject_state *state, uint32_t age, int64_t at_ns)
{
    const int32_t today = (int32_t)(at_ns / (86400 * NS_PER_SECOND));

    if (age == AGE_UNKNOWN) {
        return;
    }
    state->turns_14_day = age == AGE_UNDER_14 ? today + DAYS_FAR : today - DAYS_FAR;
    state->turns_18_day = age == AGE_ADULT ? today - DAYS_FAR : today + DAYS_FAR;
}

static velum_status make_consent(const audit_entry *entry, uint32_t reason, subject_state *state)
{
    const uint32_t found = (uint32_t)audit_input(entry, INPUT_CONSENT);
    state_consent consent = {.purpose = (uint16_t)entry->purpose,
                             .version = (uint16_t)entry->consent_version,
                             .state = (uint8_t)found,
                             .grade = reason == REASON_CONSENT_GRADE ? GRADE_IMPORTED
                                                                     : GRADE_SELF_VERIFIED,
                             .notice = 1};

    if (found == CONSENT_UNKNOWN || entry->consent_version == 0) {
        return VELUM_OK;
    }
    consent.expires_s = reason == REASON_CONSENT_EXPIRED && found != CONSENT_EXPIRED ? 1 : 0;
    return subject_state_put_consent(state, &consent);
}

static velum_status make_state(const audit_entry *entry, uint32_t reason, subject_state *state)
{
    subject_state_init(state);
    make_age(state, (uint32_t)audit_input(entry, INPUT_AGE), entry->at_ns);
    if (reason == REASON_PROCESSING_RESTRICTED) {
        state->restrictions |= RESTRICTION_PROCESSING;
    }
    if (reason == REASON_MARKETING_OBJECTION) {
        state->restrictions |= RESTRICTION_MARKETING;
    }
    return make_consent(entry, reason, state);
}

/* The attributes that let the conditions of some roles hold. False when two of them want different
 * values: then they never held at once. */
static bool satisfy(replayed *self, const bundle_role *role)
{
    for (uint32_t i = 0; i < role->condition_count; i++) {
        const bundle_condition *condition = &role->conditions[i];
        const uint16_t number = self->request.bundle->attributes[condition->attribute].number;
        const uint64_t value = condition->same_as_actor ? 1 : condition->values[0];
        if (subject_state_put_attribute(&self->state, number, value) < 0) {
            return false;
        }
        if (condition->same_as_actor) {
            self->request.actor_attributes[condition->attribute] = value;
        }
    }
    return true;
}

/* --- comparing ---------------------------------------------------------------------------------- */

/* What stands in the leaf as released clear, or masked, is a part of what the verdict gives: a record
 * need not have every field. */
static uint64_t fields_that_differ(const bundle *bundle, const audit_entry *entry,
                                   const verdict *found)
{
    uint32_t numbers[ENTRY_FIELDS_MAX];

    for (uint32_t i = 0; i < entry->mask_count; i++) {
        numbers[i] = entry->masks[i].field;
    }
    const uint64_t masked = audit_field_bits(bundle, numbers, entry->mask_count);
    const uint64_t released = audit_field_bits(bundle, entry->released, entry->released_count);
    if (entry->type != ENTRY_READ) {
        return 0; /* a write has no fields in its verdict */
    }
    return (released & ~masked & ~found->clear) | (masked & ~found->masked);
}

/* Reasons that `decide` knows; all others were found behind or before it. */
static bool is_of_policy(uint32_t reason)
{
    return reason <= REASON_ACTOR_KIND || reason == REASON_UNKNOWN_ACTIVITY ||
           reason == REASON_REASON_CODE_NEEDED || reason == REASON_CONSENT_GRADE ||
           reason == REASON_UNKNOWN_RESOURCE;
}

static uint32_t compare(const bundle *bundle, const audit_entry *entry, uint32_t reason,
                        audit_replay *out)
{
    const bool denied = entry->decision == ENTRY_DENY;

    out->fields = 0;
    if (denied && !is_of_policy(reason)) {
        return REPLAY_BESIDE;
    }
    if (denied) {
        return !out->found.allowed && out->found.reason == reason ? REPLAY_SAME : REPLAY_DIFFERENT;
    }
    out->fields = fields_that_differ(bundle, entry, &out->found);
    return out->found.allowed && out->fields == 0 && out->found.decision == entry->decision
               ? REPLAY_SAME
               : REPLAY_DIFFERENT;
}

/* The table that was decided on, and what of it was asked; fields of tables that hang on it had decisions
 * of their own. */
static void take_table(decide_request *request, const audit_entry *entry)
{
    const uint32_t index =
        bundle_find_number(request->bundle, REGISTRY_RESOURCE, (uint16_t)entry->resource);

    if (entry->resource == 0) {
        return;
    }
    request->resource = index == BUNDLE_NONE ? BUNDLE_NONE : index + 1;
    request->fields = 0;
    for (uint32_t i = 0; i < entry->asked_count && index != BUNDLE_NONE; i++) {
        const uint32_t field =
            resource_find_number(&request->bundle->resources[index], (uint16_t)entry->asked[i]);
        request->fields |= field == BUNDLE_NONE ? 0 : UINT64_C(1) << field;
    }
    request->is_of_many = entry->token_epoch == 0; /* a scan, an import: nobody's decision */
}

/* --- once more ---------------------------------------------------------------------------------- */

static void decide_again(const replayed *self, const audit_entry *entry, uint32_t reason,
                         audit_replay *out)
{
    decide(&self->request, &out->found);
    out->found.consent = NULL; /* it lived in the made-up state */
    out->result = compare(self->request.bundle, entry, reason, out);
}

/* First with the conditions of the rule that matched, then with those of all the actor's roles. */
static void decide_with_conditions(replayed *self, const audit_entry *entry, uint32_t reason,
                                   audit_replay *out)
{
    const bundle *const bundle = self->request.bundle;

    if (entry->rule > 0 && entry->rule <= bundle->role_count &&
        bundle->roles[entry->rule - 1].condition_count > 0) {
        out->assumed = satisfy(self, &bundle->roles[entry->rule - 1]);
    }
    decide_again(self, entry, reason, out);
    if (out->result != REPLAY_DIFFERENT) {
        return;
    }
    const audit_replay first = *out;
    for (uint32_t i = 0; i < bundle->role_count; i++) {
        if ((self->request.roles >> i & 1) != 0 && bundle->roles[i].condition_count > 0) {
            out->assumed = satisfy(self, &bundle->roles[i]) || out->assumed;
        }
    }
    decide_again(self, entry, reason, out);
    if (out->result == REPLAY_DIFFERENT) {
        *out = first;
    }
}

static bool is_a_decision(const audit_entry *entry)
{
    return entry->decision != 0 && entry->auth_method != 0 &&
           entry->auth_method != LEAF_AUTH_OURSELVES && entry->type != ENTRY_IMPORT &&
           entry->subject_count == 0 && entry->action != 0;
}

void audit_replay_run(const world *world, const bundle *bundle, const audit_entry *entry,
                      audit_replay *out)
{
    replayed self = {.request = {.bundle = bundle}};

    *out = (audit_replay){.result = REPLAY_NO_DECISION};
    if (!is_a_decision(entry)) {
        return;
    }
    out->result = REPLAY_NO_POLICY;
    if (bundle == NULL) {
        return;
    }
    const uint32_t reason = audit_reason(world, entry);
    decide_request *const request = &self.request;
    request->activity = bundle_find_number(bundle, REGISTRY_ACTIVITY, (uint16_t)entry->activity);
    request->activity_is_held = reason != REASON_ACTIVITY_NOT_REGISTERED;
    request->actor = kind_of(world, bundle, entry, request->activity);
    request->roles = roles_of(bundle, entry);
    request->action = action_of(world, entry);
    request->fields = audit_field_bits(bundle, entry->asked, entry->asked_count);
    take_table(request, entry);
    request->unknown_fields = entry->unknown_field_count;
    request->now_ns = entry->at_ns;
    request->clock_behind = audit_input(entry, INPUT_BEHIND) != 0;
    request->reason_code = reason_code_of(bundle, entry);
    request->is_approved = (entry->obligations & OBLIGATION_APPROVAL) != 0 ||
                           entry->type == ENTRY_APPROVAL; /* an asking is decided as if granted */
    request->subject_status = (uint32_t)audit_input(entry, INPUT_STATUS);
    if (make_state(entry, reason, &self.state) < 0) {
        return;
    }
    request->state = request->subject_status == SUBJECT_LIVE ? &self.state : NULL;
    decide_with_conditions(&self, entry, reason, out);
}
