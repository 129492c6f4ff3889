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

/* A cell holds one of clear, mask and hide; a contradiction is not resolved by guessing. */
static void check_cells(compiler *self, const uint64_t cells[3], const char *who, uint32_t line)
{
    const uint64_t twice = (cells[0] & cells[1]) | (cells[0] & cells[2]) | (cells[1] & cells[2]);

    for (uint64_t rest = twice; rest != 0; rest &= rest - 1) {
        const bundle_field *const field = &self->out->fields[__builtin_ctzll(rest)];
        tell_error(self, line, "%s has the field %s in two of clear, mask and hide; keep one", who,
                   quote(field->name).text);
    }
}

static void read_cells(compiler *self, const yaml_node *map, const char *who, uint32_t line,
                       bundle_role *role)
{
    static const char *const names[3] = {"clear", "mask", "hide"};
    uint64_t cells[3] = {0};

    for (size_t i = 0; i < 3; i++) {
        cells[i] = read_fields(self, member_of(map, names[i], YAML_LIST), NULL, who);
    }
    check_cells(self, cells, who, line);
    role->clear = cells[0];
    role->mask = cells[1]; /* P-2: what is in neither is hidden */
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
