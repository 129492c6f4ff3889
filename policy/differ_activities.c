/* differ_activities.c: activities and roles of two bundles. */
#include "policy/differ.h"

static const char *actor_word(uint32_t actor)
{
    switch (actor) {
    case ACTOR_SERVICE:
        return "service";
    case ACTOR_HUMAN:
        return "human";
    default:
        return "customer";
    }
}

/* Whether the person concerned sees less of it, or later. */
static bool is_seen_less(const bundle_activity *old, const bundle_activity *new)
{
    return new->visible > old->visible ||
           (new->visible == old->visible &&new->visible_days > old->visible_days);
}

static void compare_visibility(differ *self, const bundle_activity *old, const bundle_activity *new)
{
    static const char *const words[] = {"", "full", "role", "delayed", "never"};

    if (old->visible != new->visible) {
        differ_tell(self, is_seen_less(old, new), "visible %s, was %s", words[new->visible],
                    words[old->visible]);
    }
    if (old->visible == new->visible) {
        differ_number(self, "visible after days", old->visible_days, new->visible_days,
                      MORE_WIDENS);
        differ_text(self, false, "visible reason", old->visible_reason, new->visible_reason);
    }
}

/* The first code that is asked for narrows; each further one is one more way in. */
static void compare_reason_codes(differ *self, const bundle_activity *old,
                                 const bundle_activity *new)
{
    if (old->reason_codes == 0 && new->reason_codes != 0) {
        differ_tell(self, false, "asks for a reason code");
    } else if (old->reason_codes != 0 && new->reason_codes == 0) {
        differ_tell(self, true, "asks for no reason code any more");
    } else {
        differ_set(self, REGISTRY_REASON_CODE, "reason code", old->reason_codes, new->reason_codes);
    }
    differ_set(self, REGISTRY_REASON_CODE, "break-glass", old->break_glass, new->break_glass);
}

static const bundle_resource *same_resource(const bundle *in, const bundle_resource *resource,
                                            uint32_t *out_index)
{
    *out_index = bundle_find(in, REGISTRY_RESOURCE, resource->name);
    return *out_index == BUNDLE_NONE ? NULL : &in->resources[*out_index];
}

/* Tables that either bundle has, each once. */
static void compare_resources(differ *self, const bundle_activity *old, const bundle_activity *new)
{
    uint32_t other = 0;

    for (uint32_t i = 0; i < self->before->resource_count; i++) {
        const bundle_resource *const was = &self->before->resources[i];
        const bundle_resource *const is = same_resource(self->after, was, &other);
        differ_columns(self, "field", was, old->resources[i], is,
                       is == NULL ? 0 : new->resources[other]);
    }
    for (uint32_t i = 0; i < self->after->resource_count; i++) {
        const bundle_resource *const is = &self->after->resources[i];
        if (same_resource(self->before, is, &other) == NULL) {
            differ_columns(self, "field", NULL, 0, is, new->resources[i]);
        }
    }
}

void differ_activity(differ *self, uint32_t before, uint32_t after)
{
    const bundle_activity *const old = &self->before->activities[before];
    const bundle_activity *const new = &self->after->activities[after];

    differ_text(self, true, "purpose", self->before->purposes[old->purpose].name,
                self->after->purposes[new->purpose].name);
    differ_bits(self, "action", old->actions, new->actions, action_name);
    differ_bits(self, "actor", old->actors, new->actors, actor_word);
    differ_set(self, REGISTRY_FIELD, "field", old->fields, new->fields);
    compare_resources(self, old, new);
    differ_flag(self, "knows-existence", old->knows_existence, new->knows_existence, MORE_WIDENS);
    differ_text(self, new->recipient.size > 0, "recipient", old->recipient, new->recipient);
    compare_visibility(self, old, new);
    compare_reason_codes(self, old, new);
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

/* --- Roles -------------------------------------------------------------------------------------- */

static uint32_t cell_of(uint64_t clear, uint64_t mask, uint32_t field)
{
    return (clear >> field & 1) != 0 ? 2 : (uint32_t)(mask >> field & 1);
}

static void tell_cell(differ *self, text name, uint32_t was, uint32_t is)
{
    static const char *const words[] = {"hidden", "masked", "clear"};

    if (was != is) {
        differ_tell(self, is > was, "field %.*s %s, was %s", (int)name.size, name.data, words[is],
                    words[was]);
    }
}

/* A field that is gone cannot be seen; one that is new was hidden before. */
static void compare_cells(differ *self, const bundle_role *old, const bundle_role *new)
{
    const uint64_t clear = differ_translate(self, REGISTRY_FIELD, old->clear);
    const uint64_t mask = differ_translate(self, REGISTRY_FIELD, old->mask);

    for (uint32_t i = 0; i < self->after->field_count; i++) {
        tell_cell(self, self->after->fields[i].name, cell_of(clear, mask, i),
                  cell_of(new->clear, new->mask, i));
    }
}

static void compare_table_cells(differ *self, const bundle_role *old, const bundle_role *new,
                                uint32_t resource)
{
    const bundle_resource *const is = &self->after->resources[resource];
    uint32_t before = 0;
    const bundle_resource *const was = same_resource(self->before, is, &before);

    for (uint32_t i = 0; i < is->field_count; i++) {
        const uint32_t column = was == NULL ? BUNDLE_NONE : resource_find(was, is->fields[i].name);
        const uint32_t cell = column == BUNDLE_NONE ? 0
                                                    : cell_of(old->resource_clear[before],
                                                              old->resource_mask[before], column);
        tell_cell(self, is->fields[i].full_name, cell,
                  cell_of(new->resource_clear[resource], new->resource_mask[resource], i));
    }
}

static const bundle_condition *condition_on(const bundle *policy, const bundle_role *role,
                                            text attribute)
{
    for (uint32_t i = 0; i < role->condition_count; i++) {
        const uint32_t index = role->conditions[i].attribute;
        if (text_equal(policy->attributes[index].name, attribute)) {
            return &role->conditions[i];
        }
    }
    return NULL;
}

/* Whether every value of `some` is one of `all`. */
static bool values_are_among(const bundle_condition *some, const bundle_condition *all)
{
    for (uint32_t i = 0; i < some->value_count; i++) {
        bool is_there = false;
        for (uint32_t k = 0; k < all->value_count; k++) {
            is_there = is_there || all->values[k] == some->values[i];
        }
        if (!is_there) {
            return false;
        }
    }
    return true;
}

static void compare_condition(differ *self, text name, const bundle_condition *old,
                              const bundle_condition *new)
{
    const bool same_kind = old->same_as_actor == new->same_as_actor;
    const bool narrower = same_kind && values_are_among(new, old);

    if (!narrower || !values_are_among(old, new)) {
        differ_tell(self, !narrower, "the condition on %.*s is another", (int)name.size, name.data);
    }
}

static void compare_conditions(differ *self, const bundle_role *old, const bundle_role *new)
{
    for (uint32_t i = 0; i < old->condition_count; i++) {
        const text name = self->before->attributes[old->conditions[i].attribute].name;
        const bundle_condition *const now = condition_on(self->after, new, name);
        if (now == NULL) {
            differ_tell(self, true, "the condition on %.*s is gone", (int)name.size, name.data);
            continue;
        }
        compare_condition(self, name, &old->conditions[i], now);
    }
    for (uint32_t i = 0; i < new->condition_count; i++) {
        const text name = self->after->attributes[new->conditions[i].attribute].name;
        if (condition_on(self->before, old, name) == NULL) {
            differ_tell(self, false, "the condition on %.*s is new", (int)name.size, name.data);
        }
    }
}

/* Who is no staff needs no approval for children (Minors Regulation 34-37). */
void differ_role(differ *self, uint32_t before, uint32_t after)
{
    const bundle_role *const old = &self->before->roles[before];
    const bundle_role *const new = &self->after->roles[after];

    differ_flag(self, "staff", old->staff, new->staff, LESS_WIDENS);
    compare_cells(self, old, new);
    for (uint32_t i = 0; i < self->after->resource_count; i++) {
        compare_table_cells(self, old, new, i);
    }
    compare_conditions(self, old, new);
}
