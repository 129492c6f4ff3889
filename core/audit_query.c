/* core/audit_query.c: the filters of `velum audit log`. */
#include "core/audit_query.h"

#include "core/parse.h"
#include "core/verbs.h"

#define TYPES_END 64 /* above every ENTRY_* */
#define ACTOR_CUSTOMERS "customer"
#define ACTOR_OURSELVES "velum"
#define LEAF_AUTH_CUSTOMER 3 /* as in leaves */
#define LEAF_AUTH_OURSELVES 4

/* --- reading ------------------------------------------------------------------------------------ */

static velum_status parse_flag(passage *passage, const char *name, bool *out)
{
    const json_value *value = json_member(json_root(passage->body), name);

    *out = value != NULL && json_kind_of(value) == JSON_BOOL && json_bool(value);
    return value == NULL || json_kind_of(value) == JSON_BOOL
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED, "A member has the wrong type.");
}

/* A name of the registry; every name that a policy ever had is in it. */
static velum_status parse_registered(passage *passage, const char *member, uint32_t kind,
                                     const char *hint, uint32_t *out)
{
    text name;

    *out = 0;
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), member, &name));
    if (name.size == 0) {
        return VELUM_OK;
    }
    *out = world_number(passage->world, kind, name);
    return *out != 0 ? VELUM_OK : refuse_hint(passage, REASON_INVALID_VALUE, hint);
}

static velum_status parse_names(passage *passage, audit_query *out)
{
    VELUM_TRY(parse_registered(passage, "activity", REGISTRY_ACTIVITY, "There is no such activity.",
                               &out->activity));
    VELUM_TRY(parse_registered(passage, "purpose", REGISTRY_PURPOSE, "There is no such purpose.",
                               &out->purpose));
    return parse_registered(passage, "field", REGISTRY_FIELD, "There is no such field.",
                            &out->field);
}

static velum_status parse_reason(passage *passage, audit_query *out)
{
    text name;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "reason", &name));
    out->reason = world_number(passage->world, REGISTRY_REASON, name);
    out->reason_code = world_number(passage->world, REGISTRY_REASON_CODE, name);
    return name.size == 0 || out->reason != 0 || out->reason_code != 0
               ? VELUM_OK
               : refuse_hint(passage, REASON_INVALID_VALUE, "There is no such reason.");
}

/* The number of a word among those that `name_of` gives. */
static velum_status parse_word(passage *passage, const char *member,
                               const char *(*name_of)(uint32_t number), const char *hint,
                               uint32_t *out)
{
    text word;

    *out = 0;
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), member, &word));
    for (uint32_t number = 1; word.size > 0 && number < TYPES_END; number++) {
        const char *const name = name_of(number);
        if (name != NULL && text_equal_literal(word, name)) {
            *out = number;
            return VELUM_OK;
        }
    }
    return word.size == 0 ? VELUM_OK : refuse_hint(passage, REASON_INVALID_VALUE, hint);
}

static velum_status parse_decision(passage *passage, audit_query *out)
{
    bool denied = false;

    VELUM_TRY(parse_word(passage, "decision", entry_decision_name,
                         "A decision is allow, partial or deny.", &out->decision));
    VELUM_TRY(parse_flag(passage, "denied", &denied));
    if (denied && out->decision != 0 && out->decision != ENTRY_DENY) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "`denied` contradicts `decision`.");
    }
    out->decision = denied ? ENTRY_DENY : out->decision;
    return VELUM_OK;
}

static velum_status parse_actor(passage *passage, audit_query *out)
{
    text name;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "actor", &name));
    if (name.size == 0) {
        return VELUM_OK;
    }
    const credential *credential = world_credential_by_name(passage->world, name);
    if (credential != NULL) {
        out->has_actor = true;
        memcpy(out->actor, credential->actor_token, sizeof(out->actor));
        return VELUM_OK;
    }
    out->auth_method = text_equal_literal(name, ACTOR_CUSTOMERS)   ? LEAF_AUTH_CUSTOMER
                       : text_equal_literal(name, ACTOR_OURSELVES) ? LEAF_AUTH_OURSELVES
                                                                   : 0;
    return out->auth_method != 0
               ? VELUM_OK
               : refuse_hint(passage, REASON_INVALID_VALUE, "There is no credential of that name.");
}

static velum_status parse_store(passage *passage, audit_query *out)
{
    text name;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "store", &name));
    if (name.size == 0) {
        return VELUM_OK;
    }
    out->store = attribute_value_hash(name);
    for (uint32_t i = 0; i < passage->world->credential_count; i++) {
        if (passage->world->credentials[i].store == out->store) {
            return VELUM_OK;
        }
    }
    return refuse_hint(passage, REASON_INVALID_VALUE, "No credential is bound to such a store.");
}

velum_status audit_query_parse(passage *passage, audit_query *out)
{
    *out = (audit_query){.world = passage->world};
    VELUM_TRY(parse_flag(passage, "break_glass", &out->break_glass));
    VELUM_TRY(parse_flag(passage, "shadow", &out->shadow));
    VELUM_TRY(parse_word(passage, "type", entry_type_name, "There is no such type of entry.",
                         &out->type));
    VELUM_TRY(parse_decision(passage, out));
    VELUM_TRY(parse_names(passage, out));
    VELUM_TRY(parse_reason(passage, out));
    VELUM_TRY(parse_actor(passage, out));
    return parse_store(passage, out);
}

/* --- matching ----------------------------------------------------------------------------------- */

static bool is_asked(uint32_t wanted, uint32_t found)
{
    return wanted == 0 || wanted == found;
}

static bool list_has(const uint32_t *numbers, uint32_t count, uint32_t wanted)
{
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] == wanted) {
            return true;
        }
    }
    return false;
}

static bool has_input(const audit_entry *entry, uint32_t key)
{
    for (uint32_t i = 0; i < entry->input_count; i++) {
        if (entry->inputs[i].key == key) {
            return true;
        }
    }
    return false;
}

static bool field_fits(const audit_query *self, const audit_entry *entry)
{
    return self->field == 0 || list_has(entry->asked, entry->asked_count, self->field) ||
           list_has(entry->released, entry->released_count, self->field);
}

static bool reason_fits(const audit_query *self, const audit_entry *entry)
{
    if (self->reason == 0 && self->reason_code == 0) {
        return true;
    }
    return (self->reason != 0 && entry->refusal == self->reason) ||
           (self->reason_code != 0 && entry->reason_code == self->reason_code);
}

static bool actor_fits(const audit_query *self, const audit_entry *entry)
{
    if (self->auth_method != 0) {
        return entry->auth_method == self->auth_method;
    }
    return !self->has_actor || memcmp(entry->actor_token, self->actor, ENTRY_TOKEN_BYTES) == 0;
}

static bool store_fits(const audit_query *self, const audit_entry *entry)
{
    if (self->store == 0) {
        return true;
    }
    for (uint32_t i = 0; i < self->world->credential_count; i++) {
        const credential *credential = &self->world->credentials[i];
        if (credential->store == self->store &&
            memcmp(credential->actor_token, entry->actor_token, ENTRY_TOKEN_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

bool audit_query_matches(const audit_query *self, const audit_entry *entry)
{
    return is_asked(self->type, entry->type) && is_asked(self->decision, entry->decision) &&
           is_asked(self->activity, entry->activity) && is_asked(self->purpose, entry->purpose) &&
           (!self->break_glass || has_input(entry, INPUT_BREAK_GLASS)) &&
           (!self->shadow || has_input(entry, INPUT_SHADOW_DECISION)) && reason_fits(self, entry) &&
           actor_fits(self, entry) && field_fits(self, entry) && store_fits(self, entry);
}
