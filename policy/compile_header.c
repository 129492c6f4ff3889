/* compile_header.c: what stands at the top of policy.yaml: whose policy, which identifiers and
 * attributes. Which law: compile_packs.c. */
#include "policy/compiler.h"

static const key_rule header_rules[] = {
    {"velum-policy", YAML_SCALAR, true, false},
    {"name", YAML_SCALAR, true, false},
    {"jurisdiction", YAML_SCALAR, true, false},
    {"packs", YAML_LIST, false, false},
    {"birthday", YAML_SCALAR, false, false},
    {"identifiers", YAML_LIST, false, false},
    {"attributes", YAML_LIST, false, false},
    {"reason-codes", YAML_MAP, false, false},
    {"approvals", YAML_MAP, false, false},
    {"erasure", YAML_MAP, false, false},
    {"verification-hours", YAML_SCALAR, false, false},
    {"masks", YAML_MAP, false, false},
    {"categories", YAML_MAP, false, false},
    {"category-titles", YAML_MAP, false, false},
    {"retention", YAML_MAP, false, false},
    {"searchable", YAML_LIST, false, false},
    {"channels", YAML_MAP, false, false},
    {"hooks", YAML_MAP, false, false},
    {"purposes", YAML_MAP, true, false},
    {"activities", YAML_MAP, true, false},
    {"roles", YAML_MAP, true, false},
    {NULL, YAML_SCALAR, false, false},
};

static bool identifier_is_known(text type)
{
    if (text_starts_with(type, "ext:")) {
        const text system = {type.data + 4, type.size - 4};
        return text_equal_literal(system, "*") || name_is_valid(system);
    }
    return text_equal_literal(type, "mobile") || text_equal_literal(type, "email") ||
           text_equal_literal(type, "id_card");
}

static void read_identifier(compiler *self, const yaml_node *node)
{
    const bool is_scalar = yaml_kind_of(node) == YAML_SCALAR;
    const text type = is_scalar ? yaml_text(node) : TEXT_EMPTY;

    if (!identifier_is_known(type)) {
        tell_error(self, yaml_line(node),
                   "identifier %s is unknown; choose from: mobile, email, id_card, ext:<system>, "
                   "ext:*",
                   quote(type).text);
        return;
    }
    if (bundle_find(self->out, REGISTRY_IDENTIFIER, type) != BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "identifier %s stands there twice; remove one",
                   quote(type).text);
        return;
    }
    self->out->identifiers[self->out->identifier_count++] = (bundle_identifier){.type = type};
}

static void read_attribute(compiler *self, const yaml_node *node)
{
    const bool is_scalar = yaml_kind_of(node) == YAML_SCALAR;
    const text name = is_scalar ? yaml_text(node) : TEXT_EMPTY;

    if (!check_name(self, name, yaml_line(node), "attribute")) {
        return;
    }
    if (bundle_find(self->out, REGISTRY_ATTRIBUTE, name) != BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "attribute %s stands there twice; remove one",
                   quote(name).text);
        return;
    }
    self->out->attributes[self->out->attribute_count++] = (bundle_attribute){.name = name};
}

void compile_header(compiler *self)
{
    check_keys(self, self->root, header_rules, "the policy");
    if (!text_equal_literal(scalar_of(self->root, "velum-policy"), "1")) {
        tell_error(self, yaml_line(self->root),
                   "this version reads velum-policy: 1 only; write that as the first line");
    }
    self->out->name = read_line(self, member_of(self->root, "name", YAML_SCALAR), "name");

    const yaml_node *const identifiers = member_of(self->root, "identifiers", YAML_LIST);
    const size_t identifier_count =
        bounded_count(self, identifiers, BUNDLE_IDENTIFIERS_MAX, "identifiers");
    for (size_t i = 0; i < identifier_count; i++) {
        read_identifier(self, yaml_at(identifiers, i));
    }
    const yaml_node *const attributes = member_of(self->root, "attributes", YAML_LIST);
    const size_t attribute_count =
        bounded_count(self, attributes, BUNDLE_ATTRIBUTES_MAX, "attributes"); /* P-4 */
    for (size_t i = 0; i < attribute_count; i++) {
        read_attribute(self, yaml_at(attributes, i));
    }
}
