/* compile_header.c: what stands at the top of policy.yaml: whose policy, which law, which
 * identifiers and attributes. */
#include "policy/compiler.h"

static const key_rule header_rules[] = {
    {"velum-policy", YAML_SCALAR, true}, {"name", YAML_SCALAR, true},
    {"jurisdiction", YAML_SCALAR, true}, {"birthday", YAML_SCALAR, false},
    {"identifiers", YAML_LIST, false},   {"attributes", YAML_LIST, false},
    {"masks", YAML_MAP, false},          {"categories", YAML_MAP, false},
    {"purposes", YAML_MAP, true},        {"activities", YAML_MAP, true},
    {"roles", YAML_MAP, true},           {NULL, YAML_SCALAR, false},
};

/* The offset is that of the day on which ages are counted, 1 more so that 0 can mean unknown. */
static const word_value jurisdictions[] = {
    {"cn-pipl", 8 * 3600 + 1}, {"eu-gdpr", 1}, {"us-ca", 1}, {NULL, 0}};

static void read_name(compiler *self)
{
    const yaml_node *const node = member_of(self->root, "name", YAML_SCALAR);

    if (node == NULL) {
        return;
    }
    const text name = yaml_text(node);
    if (name.size == 0 || name.size > COMPILER_TITLE_BYTES_MAX || !utf8_is_printable(name)) {
        tell_error(self, yaml_line(node), "name is one line of 1-%u bytes",
                   COMPILER_TITLE_BYTES_MAX);
        return;
    }
    self->out->name = name;
}

static void read_jurisdiction(compiler *self)
{
    const yaml_node *const node = member_of(self->root, "jurisdiction", YAML_SCALAR);
    const uint32_t offset = read_word(self, node, jurisdictions, "jurisdiction");

    if (offset == 0) {
        return;
    }
    self->out->jurisdiction = yaml_text(node);
    self->out->packs[0].name = self->out->jurisdiction;
    self->out->pack_count = 1;
    self->out->day_offset_s = (int32_t)offset - 1;
}

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
    read_name(self);
    read_jurisdiction(self);

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
