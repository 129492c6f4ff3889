/* compile_activity_rules.c: what may not go together in an activity (I-7). */
#include "policy/compiler.h"

#define FIELDLESS_ACTIONS (ACTION_AUDIT | ACTION_ADMINISTER)
#define ALONE_ACTIONS (FIELDLESS_ACTIONS | ACTION_APPROVE | ACTION_RESOLVE | ACTION_RETAINED_READ)
#define CUSTOMER_ACTIONS \
    (ACTION_READ | ACTION_CONSENT_READ | ACTION_CONSENT_WRITE | ACTION_REQUEST | ACTION_ACCESS_LOG)
#define HUMAN_ACTIONS \
    (ACTION_APPROVE | ACTION_RESOLVE | ACTION_REQUEST_DECIDE | ACTION_ERASE | ACTION_RETAINED_READ)
#define FIELD_ACTIONS \
    (ACTION_CREATE | ACTION_READ | ACTION_UPDATE | ACTION_IMPORT | ACTION_RETAINED_READ)
#define SHOWING_ACTIONS (ACTION_READ | ACTION_RETAINED_READ)

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
    return alone != 0 && (activity->actions & (activity->actions - 1)) != 0;
}

static bool alone_has_fields(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, FIELDLESS_ACTIONS) && activity->fields != 0;
}

static bool customer_does_too_much(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return (activity->actors & ACTOR_CUSTOMER) != 0 && has(activity, ~CUSTOMER_ACTIONS);
}

static bool reads_nothing(const bundle *policy, const bundle_activity *activity)
{
    (void)policy;
    return has(activity, SHOWING_ACTIONS) && activity->fields == 0;
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
    return activity->break_glass != 0 && !has(activity, ACTION_READ);
}

static const activity_rule rules[] = {
    {records_own_consent, /* P-3, I-7 */
     "rests on consent and has consent-write; nobody may record the consent they live on"},
    {creates_on_consent,
     "rests on consent and has create or import; who is not there has not consented"},
    {mixes_alone_actions,
     "has audit, administer, approve, resolve or retained-read, which stand alone; remove the "
     "other actions"},
    {alone_has_fields, "has audit or administer, which know no fields; remove fields"},
    {customer_does_too_much,
     "is for customers, who may only read, consent-read, consent-write, request and access-log"},
    {leaves_it_to_machines,
     "has approve, resolve, request-decide, erase or retained-read, which are for humans only"},
    {shows_others_who_looked, "has access-log, which is for customers only"},
    {reads_nothing, "reads but has no fields; name them or write fields: all"},
    {fields_without_use, "has fields but no action that uses them; remove fields"},
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
