/* compile_cells.c: sets of fields by their names: "mobile" of a person, "orders.amount" and "orders.*"
 * of a module's table. */
#include "policy/compiler.h"

static uint64_t bits_below(uint32_t count)
{
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

uint64_t resource_all(const bundle_resource *resource)
{
    return bits_below(resource->field_count);
}

static uint64_t field_bit(compiler *self, const yaml_node *node, const char *who)
{
    const uint32_t index = bundle_find(self->out, REGISTRY_FIELD, yaml_text(node));

    if (index == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s names the field %s, which no category has", who,
                   quote(yaml_text(node)).text);
        return 0;
    }
    return UINT64_C(1) << index;
}

static void add_bits(compiler *self, const yaml_node *name, uint64_t bits, const char *who,
                     uint64_t *set)
{
    if ((*set & bits) != 0) {
        tell_error(self, yaml_line(name), "%s names the field %s twice; remove one", who,
                   quote(yaml_text(name)).text);
    }
    *set |= bits;
}

/* Whether it is the word `all`, where that is allowed; tells what may stand there where it is not. */
static bool is_all(compiler *self, const yaml_node *node, bool allowed, const char *who)
{
    if (allowed && yaml_kind_of(node) == YAML_SCALAR &&
        text_equal_literal(yaml_text(node), "all")) {
        return true;
    }
    tell_error(self, yaml_line(node), "%s: fields are a list of names%s", who,
               allowed ? ", or all" : "");
    return false;
}

uint64_t read_fields(compiler *self, const yaml_node *node, const uint64_t *all, const char *who)
{
    uint64_t fields = 0;

    if (node == NULL) {
        return 0;
    }
    if (yaml_kind_of(node) != YAML_LIST) {
        return is_all(self, node, all != NULL, who) ? *all : 0;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const yaml_node *const name = scalar_at(self, node, i, who);
        if (name != NULL) {
            add_bits(self, name, field_bit(self, name, who), who, &fields);
        }
    }
    return fields;
}

/* --- Tables -------------------------------------------------------------------------------------- */

static uint64_t column_bit(compiler *self, const bundle_resource *resource, text column,
                           const yaml_node *node, const char *who)
{
    const uint32_t index = resource_find(resource, column);

    if (index == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s names %s, but the table %s has no such field", who,
                   quote(yaml_text(node)).text, quote(resource->name).text);
        return 0;
    }
    return UINT64_C(1) << index;
}

uint64_t read_columns(compiler *self, const bundle_resource *resource, const yaml_node *node,
                      const char *who)
{
    uint64_t columns = 0;

    if (yaml_kind_of(node) != YAML_LIST) {
        return is_all(self, node, true, who) ? resource_all(resource) : 0;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const yaml_node *const name = scalar_at(self, node, i, who);
        if (name != NULL) {
            const uint64_t bit = column_bit(self, resource, yaml_text(name), name, who);
            add_bits(self, name, bit, who, &columns);
        }
    }
    if (columns == 0 && yaml_count(node) == 0) {
        tell_error(self, yaml_line(node), "%s: the list is empty; name at least one", who);
    }
    return columns;
}

void read_resources(compiler *self, const yaml_node *map, const char *who,
                    uint64_t out[BUNDLE_RESOURCES_MAX])
{
    const size_t count = bounded_count(self, map, BUNDLE_RESOURCES_MAX, "resources");

    for (size_t i = 0; i < count; i++) {
        const text name = yaml_name_at(map, i);
        const uint32_t index = bundle_find(self->out, REGISTRY_RESOURCE, name);
        if (index == BUNDLE_NONE) {
            tell_error(self, yaml_name_line_at(map, i),
                       "%s names the table %s, which no module has", who, quote(name).text);
            continue;
        }
        out[index] = read_columns(self, &self->out->resources[index], yaml_at(map, i), who);
    }
}

/* --- Both, in the lists of a role ------------------------------------------------------------------ */

/* "orders.amount" and "orders.*" */
static void read_cell(compiler *self, const yaml_node *node, size_t dot, const char *who,
                      cell_set *out)
{
    const text whole = yaml_text(node);
    const text table = {whole.data, dot};
    const text column = {whole.data + dot + 1, whole.size - dot - 1};
    const uint32_t index = bundle_find(self->out, REGISTRY_RESOURCE, table);

    if (index == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s names %s, but no module has the table %s", who,
                   quote(whole).text, quote(table).text);
        return;
    }
    const bundle_resource *const resource = &self->out->resources[index];
    const uint64_t bits = text_equal_literal(column, "*")
                              ? resource_all(resource)
                              : column_bit(self, resource, column, node, who);
    add_bits(self, node, bits, who, &out->resources[index]);
}

cell_set read_cell_set(compiler *self, const yaml_node *list, const char *who)
{
    cell_set out = {.fields = 0};

    for (size_t i = 0; list != NULL && i < yaml_count(list); i++) {
        const yaml_node *const node = scalar_at(self, list, i, who);
        const text name = node == NULL ? TEXT_EMPTY : yaml_text(node);
        const size_t dot = text_find_byte(name, '.');
        if (node != NULL && dot < name.size) {
            read_cell(self, node, dot, who, &out);
        } else if (node != NULL) {
            add_bits(self, node, field_bit(self, node, who), who, &out.fields);
        }
    }
    return out;
}
