/* compile_erasure.c: how somebody is erased, what a law keeps of them, and how old the proof of who asks
 * may be. */
#include "policy/compiler.h"

#define COOL_DOWN_DAYS 7
#define SUPPRESSION_DAYS 3650
#define VERIFICATION_HOURS 24

static const key_rule erasure_rules[] = {
    {"cool-down-days", YAML_SCALAR, false, false},
    {"on-return", YAML_SCALAR, false, false},
    {"suppression-days", YAML_SCALAR, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const key_rule retention_rules[] = {
    {"days", YAML_SCALAR, true, false},
    {"basis", YAML_SCALAR, true, false},
    {"law", YAML_SCALAR, true, false},
    {NULL, YAML_SCALAR, false, false},
};

static const word_value returns[] = {
    {"reject", RETURN_REJECT},
    {"accept-no-marketing", RETURN_NO_MARKETING},
    {"accept-after-new-consent", RETURN_NEW_CONSENT},
    {NULL, 0},
};

/* What outlives an erasure rests on none of consent and contract, which end with it (PIPL 47, GDPR
 * 17(3)). */
static const word_value bases[] = {
    {"legal_obligation", BASIS_LEGAL_OBLIGATION},
    {"public_interest", BASIS_PUBLIC_INTEREST},
    {"legitimate_interest", BASIS_LEGITIMATE_INTEREST},
    {NULL, 0},
};

static uint32_t number_or(compiler *self, const yaml_node *map, const char *name,
                          const uint32_t range[2], uint32_t otherwise)
{
    const yaml_node *const node = map == NULL ? NULL : member_of(map, name, YAML_SCALAR);

    return node == NULL ? otherwise : read_number(self, node, range, name);
}

void compile_erasure(compiler *self)
{
    static const uint32_t cool_down[2] = {0, 30};
    static const uint32_t suppression[2] = {1, 36500};
    static const uint32_t hours[2] = {1, 720};
    const yaml_node *const map = member_of(self->root, "erasure", YAML_MAP);
    const yaml_node *const on_return =
        map == NULL ? NULL : member_of(map, "on-return", YAML_SCALAR);

    if (map != NULL) {
        check_keys(self, map, erasure_rules, "erasure");
    }
    self->out->erasure = (bundle_erasure){
        .cool_down_days = number_or(self, map, "cool-down-days", cool_down, COOL_DOWN_DAYS),
        .on_return = on_return == NULL ? RETURN_NEW_CONSENT
                                       : read_word(self, on_return, returns, "on-return"),
        .suppression_days = number_or(self, map, "suppression-days", suppression, SUPPRESSION_DAYS),
    };
    self->out->verification_hours =
        number_or(self, self->root, "verification-hours", hours, VERIFICATION_HOURS);
}

static bundle_category *category_of(compiler *self, const section_entry *entry)
{
    const uint32_t index = bundle_find(self->out, REGISTRY_CATEGORY, entry->name);

    if (index == BUNDLE_NONE) {
        tell_error(self, entry->line, "%s: there is no such category", entry->who);
        return NULL;
    }
    return &self->out->categories[index];
}

void read_retention(compiler *self, const yaml_node *map, const char *who, bundle_category *out)
{
    static const uint32_t days[2] = {1, 36500};

    check_keys(self, map, retention_rules, who);
    out->retain_days = read_number(self, member_of(map, "days", YAML_SCALAR), days, "days");
    out->retain_basis = read_word(self, member_of(map, "basis", YAML_SCALAR), bases, who);
    out->retain_law = read_line(self, member_of(map, "law", YAML_SCALAR), "law");
}

void compile_retention(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "retention", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_CATEGORIES_MAX, "retention");

    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        bundle_category *const category =
            read_entry(self, section, i, "retention of", &entry) ? category_of(self, &entry) : NULL;
        if (category == NULL) {
            continue;
        }
        read_retention(self, entry.value, entry.who, category);
    }
}
