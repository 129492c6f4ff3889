/* compile_activities.c: the section `activities`: what a credential can be registered for (I-7). */
#include "policy/compiler.h"

#include <stdio.h>

#define ALONE_ACTIONS (ACTION_AUDIT | ACTION_ADMINISTER)
#define CUSTOMER_ACTIONS \
    (ACTION_READ | ACTION_CONSENT_READ | ACTION_CONSENT_WRITE | ACTION_REQUEST | ACTION_ACCESS_LOG)
#define FIELD_ACTIONS \
    (ACTION_CREATE | ACTION_READ | ACTION_UPDATE | ACTION_IMPORT | ACTION_RETAINED_READ)

static const key_rule activity_rules[] = {
    {"title", YAML_MAP, true},         {"purpose", YAML_SCALAR, true},
    {"actions", YAML_LIST, true},      {"actors", YAML_LIST, true},
    {"fields", YAML_LIST, false},      {"knows-existence", YAML_SCALAR, false},
    {"recipient", YAML_SCALAR, false}, {NULL, YAML_SCALAR, false},
};
/* The same where `fields` is the word all. */
static const key_rule activity_rules_all[] = {
    {"title", YAML_MAP, true},         {"purpose", YAML_SCALAR, true},
    {"actions", YAML_LIST, true},      {"actors", YAML_LIST, true},
    {"fields", YAML_SCALAR, false},    {"knows-existence", YAML_SCALAR, false},
    {"recipient", YAML_SCALAR, false}, {NULL, YAML_SCALAR, false},
};

static const word_value actions[] = {
    {"create", ACTION_CREATE},
    {"lookup", ACTION_LOOKUP},
    {"read", ACTION_READ},
    {"update", ACTION_UPDATE},
    {"consent-read", ACTION_CONSENT_READ},
    {"consent-write", ACTION_CONSENT_WRITE},
    {"audit", ACTION_AUDIT},
    {"administer", ACTION_ADMINISTER},
    {"import", ACTION_IMPORT},
    {"request", ACTION_REQUEST},
    {"request-decide", ACTION_REQUEST_DECIDE},
    {"erase", ACTION_ERASE},
    {"approve", ACTION_APPROVE},
    {"access-log", ACTION_ACCESS_LOG},
    {"resolve", ACTION_RESOLVE},
    {"retained-read", ACTION_RETAINED_READ},
    {NULL, 0},
};

static const word_value actors[] = {
    {"service", ACTOR_SERVICE}, {"human", ACTOR_HUMAN}, {"customer", ACTOR_CUSTOMER}, {NULL, 0}};

/* What may not go together, each with the sentence that says why. */
typedef struct activity_rule {
    bool (*is_broken)(const bundle *policy, const bundle_activity *activity);
    const char *what;
} activity_rule;

static bool has(const bundle_activity *activity, uint32_t any_of)
{
    return (activity->actions & any_of) != 0;
}

static bool on_consent(const bundle *policy, const bundle_activity *activity)
{
    return policy->purposes[activity->purpose].basis == BASIS_CONSENT;
}

static bool records_own_consent(const bundle *policy, const bundle_activity *activity)
{
    return on_consent(policy, activity) && has(activity, ACTION_CONSENT_WRITE);
}

static bool creates_on_consent(const bundle *policy, const bundle_activity *activity)
{
    return on_consent(policy, activity) && has(activity, ACTION_CREATE | ACTION_IMPORT);
}

static bool mixes_alone_actions(const bundle *policy, const bundle_activity *activity)
{
    const uint32_t alone = activity->actions & ALONE_ACTIONS;

    (void)policy;
    return alone != 0 && (activity->actions != alone || alone == ALONE_ACTIONS);
}

static bool alone_has_fields(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, ALONE_ACTIONS) && activity->fields != 0;
}

static bool customer_does_too_much(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return (activity->actors & ACTOR_CUSTOMER) != 0 && has(activity, ~CUSTOMER_ACTIONS);
}

static bool reads_nothing(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, ACTION_READ) && activity->fields == 0;
}

static bool fields_without_use(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return !has(activity, FIELD_ACTIONS | ALONE_ACTIONS) && activity->fields != 0;
}

static const activity_rule rules[] = {
    {records_own_consent, /* P-3, I-7 */
     "rests on consent and has consent-write; nobody may record the consent they live on"},
    {creates_on_consent,
     "rests on consent and has create or import; who is not there has not consented"},
    {mixes_alone_actions, "has audit or administer, which stand alone; remove the other actions"},
    {alone_has_fields, "has audit or administer, which know no fields; remove fields"},
    {customer_does_too_much,
     "is for customers, who may only read, consent-read, consent-write, request and access-log"},
    {reads_nothing, "reads but has no fields; name them or write fields: all"},
    {fields_without_use, "has fields but no action that uses them; remove fields"},
};

static void check_rules(compiler *self, const bundle_activity *activity, uint32_t line)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].is_broken(self->out, activity)) {
            tell_error(self, line, "activity %s %s", quote(activity->name).text, rules[i].what);
        }
    }
}

static uint32_t read_purpose(compiler *self, const yaml_node *map, const char *who)
{
    const yaml_node *const node = member_of(map, "purpose", YAML_SCALAR);

    if (node == NULL) {
        return BUNDLE_NONE;
    }
    const uint32_t purpose = bundle_find(self->out, REGISTRY_PURPOSE, yaml_text(node));
    if (purpose == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s names the purpose %s, which does not exist", who,
                   quote(yaml_text(node)).text);
    }
    return purpose;
}

/* Recipients are a list of their own, since a leaf names them by number. */
static void read_recipient(compiler *self, const yaml_node *map, bundle_activity *activity)
{
    const yaml_node *const node = member_of(map, "recipient", YAML_SCALAR);
    bundle *const out = self->out;

    activity->recipient = TEXT_EMPTY;
    activity->recipient_index = BUNDLE_NONE;
    if (node == NULL || !check_name(self, yaml_text(node), yaml_line(node), "recipient")) {
        return;
    }
    activity->recipient = yaml_text(node);
    activity->recipient_index = bundle_find(out, REGISTRY_RECIPIENT, activity->recipient);
    if (activity->recipient_index == BUNDLE_NONE) {
        activity->recipient_index = out->recipient_count++; /* at most one an activity */
        out->recipients[activity->recipient_index] =
            (bundle_recipient){.name = activity->recipient};
    }
}

static uint64_t all_fields(const bundle *policy)
{
    return policy->field_count == 64 ? UINT64_MAX : (UINT64_C(1) << policy->field_count) - 1;
}

static void read_activity(compiler *self, const yaml_node *map, const char *who,
                          bundle_activity *activity)
{
    const yaml_node *const fields = yaml_member(map, "fields");
    const bool is_word = fields != NULL && yaml_kind_of(fields) == YAML_SCALAR;
    const uint64_t all = all_fields(self->out);
    text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};

    check_keys(self, map, is_word ? activity_rules_all : activity_rules, who);
    read_title(self, map, titles, who);
    activity->title_zh = titles[0];
    activity->title_en = titles[1];
    activity->purpose = read_purpose(self, map, who);
    activity->actions =
        read_word_set(self, member_of(map, "actions", YAML_LIST), actions, "actions");
    activity->actors = read_word_set(self, member_of(map, "actors", YAML_LIST), actors, "actors");
    if (fields != NULL && yaml_kind_of(fields) != YAML_MAP) {
        activity->fields = read_fields(self, fields, &all, who);
    }
    activity->knows_existence = read_boolean(self, map, "knows-existence", who);
    read_recipient(self, map, activity);
}

static void compile_activity(compiler *self, text name, const yaml_node *map, uint32_t line)
{
    bundle_activity activity = {.name = name};
    char who[96];

    if (!check_name(self, name, line, "activity")) {
        return;
    }
    (void)snprintf(who, sizeof(who), "activity %s", quote(name).text);
    if (!is_map(self, map, line, who)) {
        return;
    }
    read_activity(self, map, who, &activity);
    if (activity.purpose == BUNDLE_NONE) {
        return; /* told: nothing more can be said of it */
    }
    check_rules(self, &activity, line);
    self->out->activities[self->out->activity_count++] = activity;
}

/* Without these two nobody could look at the log, or apply the next policy. */
static void check_needed(compiler *self, const char *name, uint32_t action)
{
    const uint32_t index = bundle_find(self->out, REGISTRY_ACTIVITY, text_of(name));

    if (index == BUNDLE_NONE || self->out->activities[index].actions != action) {
        tell_error(self, yaml_line(self->root),
                   "every policy has an activity %s with actions: [%s]", name, action_name(action));
    }
}

void compile_activities(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "activities", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_ACTIVITIES_MAX, "activities");

    for (size_t i = 0; i < count; i++) {
        compile_activity(self, yaml_name_at(section, i), yaml_at(section, i),
                         yaml_name_line_at(section, i));
    }
    check_needed(self, "audit", ACTION_AUDIT);
    check_needed(self, "administration", ACTION_ADMINISTER);
}
