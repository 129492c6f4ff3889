/* compile_roles.c: the section `roles`: roles × fields, and where a role counts. */
#include "policy/compiler.h"

#include <stdio.h>

#define VALUES_MAX 8
#define VALUE_BYTES_MAX 128

static const key_rule role_rules[] = {
    {"staff", YAML_SCALAR, true, false}, {"clear", YAML_LIST, false, false},
    {"mask", YAML_LIST, false, false},   {"hide", YAML_LIST, false, false},
    {"where", YAML_MAP, false, false},   {NULL, YAML_SCALAR, false, false},
};

static void tell_contradiction(compiler *self, text name, const char *who, uint32_t line)
{
    tell_error(self, line, "%s has the field %s in two of clear, mask and hide; keep one", who,
               quote(name).text);
}

static uint64_t in_two(uint64_t clear, uint64_t mask, uint64_t hide)
{
    return (clear & mask) | (clear & hide) | (mask & hide);
}

/* A cell holds one of clear, mask and hide; a contradiction is not resolved by guessing. */
static void check_cells(compiler *self, const cell_set cells[3], const char *who, uint32_t line)
{
    uint64_t rest = in_two(cells[0].fields, cells[1].fields, cells[2].fields);

    for (; rest != 0; rest &= rest - 1) {
        tell_contradiction(self, self->out->fields[__builtin_ctzll(rest)].name, who, line);
    }
    for (uint32_t i = 0; i < self->out->resource_count; i++) {
        rest = in_two(cells[0].resources[i], cells[1].resources[i], cells[2].resources[i]);
        for (; rest != 0; rest &= rest - 1) {
            const bundle_resource *const resource = &self->out->resources[i];
            tell_contradiction(self, resource->fields[__builtin_ctzll(rest)].full_name, who, line);
        }
    }
}

static void read_cells(compiler *self, const yaml_node *map, const char *who, uint32_t line,
                       bundle_role *role)
{
    static const char *const names[3] = {"clear", "mask", "hide"};
    cell_set cells[3];

    for (size_t i = 0; i < 3; i++) {
        cells[i] = read_cell_set(self, member_of(map, names[i], YAML_LIST), who);
    }
    check_cells(self, cells, who, line);
    role->clear = cells[0].fields;
    role->mask = cells[1].fields; /* P-2: what is in neither is hidden */
    memcpy(role->resource_clear, cells[0].resources, sizeof(role->resource_clear));
    memcpy(role->resource_mask, cells[1].resources, sizeof(role->resource_mask));
}

static void read_values(compiler *self, const yaml_node *list, const char *who,
                        bundle_condition *condition)
{
    const size_t count = bounded_count(self, list, VALUES_MAX, "values of a condition");

    if (count == 0) {
        tell_error(self, yaml_line(list), "%s: a condition without values never holds; name one",
                   who);
    }
    for (size_t i = 0; i < count; i++) {
        const yaml_node *const node = yaml_at(list, i);
        const text value = yaml_kind_of(node) == YAML_SCALAR ? yaml_text(node) : TEXT_EMPTY;
        if (value.size == 0 || value.size > VALUE_BYTES_MAX || !utf8_is_printable(value)) {
            tell_error(self, yaml_line(node), "%s: a value is one line of 1-%u bytes", who,
                       VALUE_BYTES_MAX);
            continue;
        }
        condition->values[condition->value_count++] = attribute_value_hash(value);
    }
}

static void compile_condition(compiler *self, text name, const yaml_node *node, const char *who,
                              bundle_role *role)
{
    bundle_condition condition = {
        .attribute = bundle_find(self->out, REGISTRY_ATTRIBUTE, name),
    };

    if (condition.attribute == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s: the attribute %s is not declared in attributes", who,
                   quote(name).text);
        return;
    }
    if (yaml_kind_of(node) == YAML_LIST) {
        read_values(self, node, who, &condition);
        role->conditions[role->condition_count++] = condition;
        return;
    }
    if (yaml_kind_of(node) == YAML_MAP || !text_equal_literal(yaml_text(node), "same-as-actor")) {
        tell_error(self, yaml_line(node),
                   "%s: a condition is same-as-actor or a list of values, such as [s01, s02]", who);
        return;
    }
    condition.same_as_actor = true;
    role->conditions[role->condition_count++] = condition;
}

static void compile_role(compiler *self, text name, const yaml_node *map, uint32_t line)
{
    bundle_role *const role = &self->out->roles[self->out->role_count];
    char who[96];

    if (!check_name(self, name, line, "role")) {
        return;
    }
    (void)snprintf(who, sizeof(who), "role %s", quote(name).text);
    if (!is_map(self, map, line, who)) {
        return;
    }
    check_keys(self, map, role_rules, who);
    *role = (bundle_role){.name = name, .staff = read_boolean(self, map, "staff", who)};
    read_cells(self, map, who, line, role);

    const yaml_node *const where = member_of(map, "where", YAML_MAP);
    const size_t count = bounded_count(self, where, BUNDLE_CONDITIONS_MAX, "conditions of a role");
    for (size_t i = 0; i < count; i++) {
        compile_condition(self, yaml_name_at(where, i), yaml_at(where, i), who, role);
    }
    self->out->role_count++;
}

void compile_roles(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "roles", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_ROLES_MAX, "roles");

    for (size_t i = 0; i < count; i++) {
        compile_role(self, yaml_name_at(section, i), yaml_at(section, i),
                     yaml_name_line_at(section, i));
    }
}
