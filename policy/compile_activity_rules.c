/* compile_activity_rules.c: what may not go together in an activity (I-7). */
#include "policy/compiler.h"

#define FIELDLESS_ACTIONS (ACTION_AUDIT | ACTION_ADMINISTER | ACTION_DELIVER | ACTION_ACKNOWLEDGE)
#define ALONE_ACTIONS (FIELDLESS_ACTIONS | ACTION_APPROVE | ACTION_RESOLVE | ACTION_RETAINED_READ)
#define CUSTOMER_ACTIONS                                                         \
    (ACTION_READ | ACTION_CONSENT_READ | ACTION_CONSENT_WRITE | ACTION_REQUEST | \
     ACTION_ACCESS_LOG | ACTION_ROWS_READ)
#define HUMAN_ACTIONS \
    (ACTION_APPROVE | ACTION_RESOLVE | ACTION_REQUEST_DECIDE | ACTION_ERASE | ACTION_RETAINED_READ)
/* What uses fields of people, what of them cannot do without, and the same of tables. */
#define FIELD_ACTIONS                                                                     \
    (ACTION_CREATE | ACTION_READ | ACTION_UPDATE | ACTION_IMPORT | ACTION_RETAINED_READ | \
     ACTION_FILTER | ACTION_SEARCH | ACTION_BULK_READ | ACTION_SEND)
#define SHOWING_ACTIONS (ACTION_READ | ACTION_SEARCH | ACTION_BULK_READ)
#define ROW_ACTIONS (ACTION_ROWS_READ | ACTION_ROWS_WRITE | ACTION_COUNTS)
#define RESOURCE_ACTIONS (ROW_ACTIONS | ACTION_RETAINED_READ)
/* Looks at somebody live, for whom a glass may be broken. */
#define LOOKING_ACTIONS (SHOWING_ACTIONS | ACTION_ROWS_READ)

/* What may not go together, each with the sentence that says why. */
typedef struct activity_rule {
    bool (*is_broken)(const bundle *policy, const bundle_activity *activity);
    const char *what;
} activity_rule;

static bool has(const bundle_activity *activity, uint32_t any_of)
{
    return (activity->actions & any_of) != 0;
}

static bool has_resources(const bundle_activity *activity)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < BUNDLE_RESOURCES_MAX; i++) {
        any |= activity->resources[i];
    }
    return any != 0;
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
    return alone != 0 && (activity->actions & (activity->actions - 1)) != 0;
}

static bool alone_has_fields(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, FIELDLESS_ACTIONS) && (activity->fields != 0 || has_resources(activity));
}

static bool customer_does_too_much(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return (activity->actors & ACTOR_CUSTOMER) != 0 && has(activity, ~CUSTOMER_ACTIONS);
}

static bool reads_nothing(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    const bool has_none = activity->fields == 0;

    return (has(activity, SHOWING_ACTIONS) && has_none) ||
           (has(activity, ACTION_RETAINED_READ) && has_none && !has_resources(activity));
}

static bool rows_of_nothing(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, ROW_ACTIONS) && !has_resources(activity);
}

static bool resources_without_use(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return !has(activity, RESOURCE_ACTIONS | FIELDLESS_ACTIONS) && has_resources(activity);
}

static bool fields_without_use(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return !has(activity, FIELD_ACTIONS | FIELDLESS_ACTIONS) && activity->fields != 0;
}

/* A decision about somebody's data is a person's. */
static bool leaves_it_to_machines(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, HUMAN_ACTIONS) && (activity->actors & ~ACTOR_HUMAN) != 0;
}

static bool shows_others_who_looked(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, ACTION_ACCESS_LOG) && (activity->actors & ~ACTOR_CUSTOMER) != 0;
}

static bool breaks_glass_without_reading(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return activity->break_glass != 0 && !has(activity, LOOKING_ACTIONS);
}

static const activity_rule rules[] = {
    {records_own_consent, /* P-3, I-7 */
     "rests on consent and has consent-write; nobody may record the consent they live on"},
    {creates_on_consent,
     "rests on consent and has create or import; who is not there has not consented"},
    {mixes_alone_actions,
     "has audit, administer, approve, resolve, retained-read, deliver or acknowledge, which stand "
     "alone; remove the other actions"},
    {alone_has_fields,
     "has audit, administer, deliver or acknowledge, which know no fields; remove fields and "
     "resources"},
    {customer_does_too_much,
     "is for customers, who may only read, rows-read, consent-read, consent-write, request and "
     "access-log"},
    {leaves_it_to_machines,
     "has approve, resolve, request-decide, erase or retained-read, which are for humans only"},
    {shows_others_who_looked, "has access-log, which is for customers only"},
    {reads_nothing, "reads but has no fields; name them or write fields: all"},
    {fields_without_use, "has fields but no action that uses them; remove fields"},
    {rows_of_nothing, "has rows-read, rows-write or counts but no resources; name the tables"},
    {resources_without_use, "has resources but no action that uses them; remove resources"},
    {breaks_glass_without_reading, "has break-glass but does not read; remove break-glass"},
};

void check_activity_rules(compiler *self, const bundle_activity *activity, uint32_t line)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].is_broken(self->out, activity)) {
            tell_error(self, line, "activity %s %s", quote(activity->name).text, rules[i].what);
        }
    }
}
