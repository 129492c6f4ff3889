/* compile_counts.c: the section `counts` of a module: which aggregates may leave. The catalogue is fixed,
 * so that no question can be chosen to tell two answers apart. */
#include "policy/compiler.h"

#define SMALL_DEFAULT 10
#define DOMINANCE_DEFAULT 50

static const key_rule count_rules[] = {
    {"title", YAML_MAP, true, false},  {"table", YAML_SCALAR, true, false},
    {"by", YAML_LIST, true, false},    {"sum", YAML_SCALAR, false, false},
    {"k", YAML_SCALAR, false, false},  {"dominance", YAML_SCALAR, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const key_rule month_rules[] = {{"month", YAML_SCALAR, true, false},
                                       {NULL, YAML_SCALAR, false, false}};

static bool is_of_days(uint32_t type)
{
    return type == FIELD_DATE || type == FIELD_TIME;
}

/* Whether rows can be counted by the field, by month or not; tells when not. */
static bool check_dimension(compiler *self, const bundle_count *count, uint32_t field,
                            bool by_month, const yaml_node *node)
{
    const resource_field *const found = &self->out->resources[count->resource].fields[field];
    const quoted name = quote(found->full_name);

    if (!found->is_dimension) {
        tell_error(self, yaml_line(node), "by names %s, which is no dimension", name.text);
        return false;
    }
    if (is_of_days(found->type) != by_month) {
        tell_error(self, yaml_line(node),
                   "by: dates and times are counted by month, such as {month: ordered_at}, and "
                   "nothing else is");
        return false;
    }
    for (uint32_t i = 0; i < count->dimension_count; i++) {
        if (count->dimensions[i] == field) {
            tell_error(self, yaml_line(node), "by names %s twice; remove one", name.text);
            return false;
        }
    }
    return true;
}

static void read_dimension(compiler *self, const yaml_node *node, bundle_count *count)
{
    const bool by_month = yaml_kind_of(node) == YAML_MAP;
    const yaml_node *name = node;

    if (by_month) {
        check_keys(self, node, month_rules, "by");
        name = member_of(node, "month", YAML_SCALAR);
    }
    if (name == NULL || yaml_kind_of(name) != YAML_SCALAR) {
        if (!by_month) {
            tell_error(self, yaml_line(node),
                       "by holds names, and maps such as {month: ordered_at}");
        }
        return;
    }
    const uint32_t field = resource_find(&self->out->resources[count->resource], yaml_text(name));
    if (field == BUNDLE_NONE) {
        tell_error(self, yaml_line(name), "by names %s, which the table has not",
                   quote(yaml_text(name)).text);
        return;
    }
    if (check_dimension(self, count, field, by_month, name)) {
        count->by_month[count->dimension_count] = by_month;
        count->dimensions[count->dimension_count++] = field;
    }
}

static void read_dimensions(compiler *self, const yaml_node *map, bundle_count *count)
{
    const yaml_node *const list = member_of(map, "by", YAML_LIST);
    const size_t wanted = bounded_count(self, list, COUNT_DIMENSIONS_MAX, "dimensions of a count");

    if (list != NULL && wanted == 0) {
        tell_error(self, yaml_line(list), "by: the list is empty; name at least one");
    }
    for (size_t i = 0; i < wanted; i++) {
        read_dimension(self, yaml_at(list, i), count);
    }
}

static uint32_t read_measure(compiler *self, const yaml_node *map, uint32_t resource)
{
    const yaml_node *const node = member_of(map, "sum", YAML_SCALAR);

    if (node == NULL) {
        return BUNDLE_NONE;
    }
    const bundle_resource *const table = &self->out->resources[resource];
    const uint32_t field = resource_find(table, yaml_text(node));
    if (field == BUNDLE_NONE || !table->fields[field].is_measure) {
        tell_error(self, yaml_line(node), "sum names %s, which is no measure of the table",
                   quote(yaml_text(node)).text);
        return BUNDLE_NONE;
    }
    return field;
}

static uint32_t read_table(compiler *self, const yaml_node *map, const char *who)
{
    const yaml_node *const node = member_of(map, "table", YAML_SCALAR);

    if (node == NULL) {
        return BUNDLE_NONE;
    }
    const uint32_t resource = bundle_find(self->out, REGISTRY_RESOURCE, yaml_text(node));
    if (resource == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s names the table %s, which no module has", who,
                   quote(yaml_text(node)).text);
    }
    return resource;
}

static void compile_count(compiler *self, uint32_t module, const section_entry *entry)
{
    static const uint32_t small[2] = {5, 1000};
    static const uint32_t percent[2] = {1, 100};
    const yaml_node *const map = entry->value;
    const yaml_node *const k = member_of(map, "k", YAML_SCALAR);
    const yaml_node *const dominance = member_of(map, "dominance", YAML_SCALAR);
    text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};

    check_keys(self, map, count_rules, entry->who);
    read_title(self, map, titles, entry->who);
    bundle_count count = {
        .name = entry->name,
        .title_zh = titles[0],
        .title_en = titles[1],
        .module = module,
        .resource = read_table(self, map, entry->who),
        .k = k == NULL ? SMALL_DEFAULT : read_number(self, k, small, "k"),
        .dominance_percent = dominance == NULL ? DOMINANCE_DEFAULT
                                               : read_number(self, dominance, percent, "dominance"),
    };
    if (count.resource == BUNDLE_NONE) {
        return; /* told */
    }
    count.measure = read_measure(self, map, count.resource);
    read_dimensions(self, map, &count);
    self->out->counts[self->out->count_count++] = count;
}

/* Whether the count may be added under this name. */
static bool check_count(compiler *self, const section_entry *entry)
{
    if (bundle_find(self->out, REGISTRY_COUNT, entry->name) != BUNDLE_NONE) {
        tell_error(self, entry->line, "%s is in another module already; choose another name",
                   entry->who);
        return false;
    }
    if (self->out->count_count == BUNDLE_COUNTS_MAX) {
        tell_error(self, entry->line, "%s is more than the %u counts that a policy may have",
                   entry->who, BUNDLE_COUNTS_MAX);
        return false;
    }
    return true;
}

static void compile_counts_of(compiler *self, uint32_t module, const yaml_node *root)
{
    const yaml_node *const section = member_of(root, "counts", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_COUNTS_MAX, "counts");

    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        if (read_entry(self, section, i, "count", &entry) && check_count(self, &entry)) {
            compile_count(self, module, &entry);
        }
    }
}

void compile_counts(compiler *self)
{
    for (uint32_t i = 0; i < self->out->module_count; i++) {
        module_page page;
        const yaml_node *const root = module_open(self, i, &page);
        if (root != NULL) {
            compile_counts_of(self, i, root);
        }
        module_close(self, &page);
    }
}
