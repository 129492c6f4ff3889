/* compile_activities.c: the section `activities`: what a credential can be registered for (I-7). */
#include "policy/compiler.h"

static const key_rule activity_rules[] = {
    {"title", YAML_MAP, true, false},
    {"purpose", YAML_SCALAR, true, false},
    {"actions", YAML_LIST, true, false},
    {"actors", YAML_LIST, true, false},
    {"fields", YAML_LIST, false, true},
    {"resources", YAML_MAP, false, false},
    {"knows-existence", YAML_SCALAR, false, false},
    {"recipient", YAML_SCALAR, false, false},
    {"visible", YAML_MAP, false, true},
    {"reason-codes", YAML_LIST, false, false},
    {"break-glass", YAML_LIST, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const key_rule visible_rules[] = {{"delayed", YAML_SCALAR, false, false},
                                         {"never", YAML_SCALAR, false, false},
                                         {NULL, YAML_SCALAR, false, false}};
static const word_value visibilities[] = {
    {"full", VISIBLE_FULL}, {"role", VISIBLE_ROLE}, {NULL, 0}};

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
    {"rows-read", ACTION_ROWS_READ},
    {"rows-write", ACTION_ROWS_WRITE},
    {"counts", ACTION_COUNTS},
    {"filter", ACTION_FILTER},
    {"search", ACTION_SEARCH},
    {"list", ACTION_LIST},
    {"bulk-read", ACTION_BULK_READ},
    {"send", ACTION_SEND},
    {"module", ACTION_MODULE},
    {"deliver", ACTION_DELIVER},
    {"acknowledge", ACTION_ACKNOWLEDGE},
    {NULL, 0},
};

static const word_value actors[] = {
    {"service", ACTOR_SERVICE}, {"human", ACTOR_HUMAN}, {"customer", ACTOR_CUSTOMER}, {NULL, 0}};

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

static bool reason_is_valid(text reason)
{
    for (size_t i = 0; i < reason.size; i++) {
        const char c = reason.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
            return false;
        }
    }
    return reason.size > 0 && reason.size <= COMPILER_NAME_BYTES_MAX;
}

static void read_visible_map(compiler *self, const yaml_node *map, const char *who,
                             bundle_activity *activity)
{
    static const uint32_t days[2] = {1, 3650};
    const yaml_node *const delayed = member_of(map, "delayed", YAML_SCALAR);
    const text never = scalar_of(map, "never");

    check_keys(self, map, visible_rules, who);
    if (yaml_count(map) != 1) {
        tell_error(self, yaml_line(map),
                   "%s: visible is full, role, {delayed: <days>} or {never: <reason>}", who);
        return;
    }
    if (delayed != NULL) {
        activity->visible = VISIBLE_DELAYED;
        activity->visible_days = read_number(self, delayed, days, "delayed");
        return;
    }
    activity->visible = VISIBLE_NEVER;
    activity->visible_reason = never;
    if (!reason_is_valid(never)) {
        tell_error(self, yaml_line(map),
                   "%s: never names the reason that is shown, 1-63 of a-z, 0-9 and -", who);
    }
}

static void read_visible(compiler *self, const yaml_node *map, const char *who,
                         bundle_activity *activity)
{
    const yaml_node *const node = yaml_member(map, "visible");

    activity->visible = VISIBLE_FULL;
    if (node != NULL && yaml_kind_of(node) == YAML_MAP) {
        read_visible_map(self, node, who, activity);
    }
    if (node != NULL && yaml_kind_of(node) == YAML_SCALAR) {
        activity->visible = read_word(self, node, visibilities, "visible");
    }
}

static void read_reason_codes(compiler *self, const yaml_node *map, const char *who,
                              bundle_activity *activity)
{
    const yaml_node *const glass = member_of(map, "break-glass", YAML_LIST);

    activity->reason_codes =
        read_named_set(self, member_of(map, "reason-codes", YAML_LIST), REGISTRY_REASON_CODE, who);
    activity->break_glass = read_named_set(self, glass, REGISTRY_REASON_CODE, who);
    if ((activity->break_glass & ~activity->reason_codes) != 0) {
        tell_error(self, yaml_line(glass),
                   "%s: break-glass names a reason code that is not in its reason-codes", who);
    }
}

static void read_activity(compiler *self, const yaml_node *map, const char *who,
                          bundle_activity *activity)
{
    const yaml_node *const fields = yaml_member(map, "fields");
    const uint64_t all = all_fields(self->out);
    text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};

    check_keys(self, map, activity_rules, who);
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
    read_resources(self, member_of(map, "resources", YAML_MAP), who, activity->resources);
    activity->knows_existence = read_boolean(self, map, "knows-existence", who);
    read_recipient(self, map, activity);
    read_visible(self, map, who, activity);
    read_reason_codes(self, map, who, activity);
}

static void compile_activity(compiler *self, const section_entry *entry)
{
    bundle_activity activity = {.name = entry->name};

    read_activity(self, entry->value, entry->who, &activity);
    if (activity.purpose == BUNDLE_NONE) {
        return; /* told: nothing more can be said of it */
    }
    check_activity_rules(self, &activity, entry->line);
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
        section_entry entry;
        if (read_entry(self, section, i, "activity", &entry)) {
            compile_activity(self, &entry);
        }
    }
    check_needed(self, "audit", ACTION_AUDIT);
    check_needed(self, "administration", ACTION_ADMINISTER);
}
