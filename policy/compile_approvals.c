/* compile_approvals.c: the section `approvals`: what needs others to agree, and how many. */
#include "policy/compiler.h"

#define NEEDED_MAX 5
#define VALID_HOURS_MAX 720
#define VALID_HOURS 24

static const key_rule approval_rules[] = {
    {"needed", YAML_SCALAR, true, false},
    {"roles", YAML_LIST, false, false},
    {"valid-hours", YAML_SCALAR, false, false},
    {NULL, YAML_SCALAR, false, false},
};

/* Minors Regulation 34–37: staff see a child's record with approval only. A glass that was broken and
 * that nobody has to look at would be no glass. */
static bool is_never_free(uint32_t kind)
{
    return kind == APPROVAL_MINOR || kind == APPROVAL_BREAK_GLASS;
}

static uint32_t kind_named(text name)
{
    for (uint32_t kind = 1; kind < APPROVAL_KINDS; kind++) {
        if (text_equal_literal(name, approval_kind_name(kind))) {
            return kind;
        }
    }
    return 0;
}

static bool somebody_approves(const bundle *policy)
{
    for (uint32_t i = 0; i < policy->activity_count; i++) {
        if ((policy->activities[i].actions & ACTION_APPROVE) != 0) {
            return true;
        }
    }
    return false;
}

static void compile_approval(compiler *self, const section_entry *entry)
{
    static const uint32_t hours[2] = {1, VALID_HOURS_MAX};
    const uint32_t kind = kind_named(entry->name);

    if (kind == 0) {
        tell_error(self, entry->line,
                   "%s is unknown; choose from: minor, bulk, link, unmerge, policy, erasure, "
                   "request, break-glass",
                   entry->who);
        return;
    }
    const uint32_t needed[2] = {is_never_free(kind) ? 1 : 0, NEEDED_MAX};
    const yaml_node *const valid = member_of(entry->value, "valid-hours", YAML_SCALAR);
    check_keys(self, entry->value, approval_rules, entry->who);
    bundle_approval *const approval = &self->out->approvals[kind];
    approval->needed =
        read_number(self, member_of(entry->value, "needed", YAML_SCALAR), needed, "needed");
    approval->roles = read_named_set(self, member_of(entry->value, "roles", YAML_LIST),
                                     REGISTRY_ROLE, entry->who);
    approval->valid_hours =
        valid == NULL ? VALID_HOURS : read_number(self, valid, hours, "valid-hours");
    if (approval->needed > 0 && !somebody_approves(self->out)) {
        tell_warning(self, entry->line, "%s: no activity has the action approve", entry->who);
    }
}

void compile_approvals(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "approvals", YAML_MAP);
    const size_t count = bounded_count(self, section, APPROVAL_KINDS - 1, "approvals");

    for (uint32_t kind = 1; kind < APPROVAL_KINDS; kind++) {
        self->out->approvals[kind] =
            (bundle_approval){.needed = is_never_free(kind) ? 1 : 0, .valid_hours = VALID_HOURS};
    }
    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        if (read_entry(self, section, i, "approval", &entry)) {
            compile_approval(self, &entry);
        }
    }
}
