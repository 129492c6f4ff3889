/* compile_tables.c: the section `tables` of a module: what rows it may keep, and what erasure does with
 * them.
 *
 * The rows of a module that end in the same way are sealed under one category, `<module>.<way>`, which
 * counts against those that the state record holds (P-4).
 */
#include "policy/compiler.h"

#include <stdio.h>

#define TABLE_NAME_BYTES_MAX 32

static const key_rule table_rules[] = {
    {"title", YAML_MAP, true, false},         {"of", YAML_SCALAR, false, false},
    {"immutable", YAML_SCALAR, false, false}, {"at", YAML_SCALAR, false, false},
    {"on-erasure", YAML_MAP, true, true},     {"fields", YAML_MAP, true, false},
    {NULL, YAML_SCALAR, false, false},
};

static const key_rule field_rules[] = {
    {"title", YAML_MAP, true, false},         {"type", YAML_SCALAR, false, false},
    {"class", YAML_SCALAR, false, false},     {"mask", YAML_SCALAR, false, false},
    {"index", YAML_SCALAR, false, false},     {"required", YAML_SCALAR, false, false},
    {"dimension", YAML_SCALAR, false, false}, {"measure", YAML_SCALAR, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const key_rule way_rules[] = {{"retain", YAML_MAP, true, false},
                                     {NULL, YAML_SCALAR, false, false}};

static const word_value types[] = {
    {"text", FIELD_TEXT},
    {"date", FIELD_DATE},
    {"number", FIELD_NUMBER},
    {"integer", FIELD_INTEGER},
    {"time", FIELD_TIME},
    {"boolean", FIELD_BOOLEAN},
    {NULL, 0},
};

static const word_value ways[] = {{"erase", ROWS_ERASE}, {"anonymise", ROWS_ANONYMISE}, {NULL, 0}};

/* Segments of paths that would be taken for a table, or a table for them (docs/api.md). */
static const char *const reserved[] = {"read",   "consents", "retained",  "rows",     "requests",
                                       "lookup", "search",   "bulk-read", "messages", NULL};

/* --- Names ------------------------------------------------------------------------------------------ */

static bool table_name_is_valid(text name)
{
    return name_is_valid(name) && name.size <= TABLE_NAME_BYTES_MAX &&
           text_find_byte(name, '-') == name.size;
}

static bool is_reserved(text name)
{
    for (size_t i = 0; reserved[i] != NULL; i++) {
        if (text_equal_literal(name, reserved[i])) {
            return true;
        }
    }
    return false;
}

/* Whether the table may be added under this name. */
static bool check_table(compiler *self, const section_entry *entry)
{
    if (!table_name_is_valid(entry->name)) {
        tell_error(self, entry->line,
                   "%s: a table's name has 1-%u characters, a lower-case letter, then lower-case "
                   "letters, digits or _",
                   entry->who, TABLE_NAME_BYTES_MAX);
        return false;
    }
    if (is_reserved(entry->name)) {
        tell_error(self, entry->line,
                   "%s: the name stands for something else in paths; choose "
                   "another",
                   entry->who);
        return false;
    }
    if (bundle_find(self->out, REGISTRY_RESOURCE, entry->name) != BUNDLE_NONE) {
        tell_error(self, entry->line, "%s is in another module already; choose another name",
                   entry->who);
        return false;
    }
    if (self->out->resource_count == BUNDLE_RESOURCES_MAX) {
        tell_error(self, entry->line, "%s is more than the %u tables that a policy may have",
                   entry->who, BUNDLE_RESOURCES_MAX);
        return false;
    }
    return true;
}

/* --- Fields ----------------------------------------------------------------------------------------- */

static bool can_be_dimension(uint32_t type)
{
    return type == FIELD_TEXT || type == FIELD_BOOLEAN || type == FIELD_DATE || type == FIELD_TIME;
}

static void check_uses(compiler *self, const resource_field *field, const section_entry *entry)
{
    if (field->is_measure && field->type != 0 && field->type != FIELD_INTEGER) {
        tell_error(self, entry->line, "%s: a measure is of type integer", entry->who);
    }
    if (field->is_dimension && field->type != 0 && !can_be_dimension(field->type)) {
        tell_error(self, entry->line, "%s: a dimension is of type text, boolean, date or time",
                   entry->who);
    }
}

static void compile_column(compiler *self, bundle_resource *resource, const section_entry *entry)
{
    const yaml_node *const map = entry->value;

    check_keys(self, map, field_rules, entry->who);
    const field_traits traits = read_traits(self, entry, types);
    resource_field *const field = &resource->fields[resource->field_count++];
    *field = (resource_field){
        .name = entry->name,
        .full_name = keep_name(self, "%.*s.%.*s", (int)resource->name.size, resource->name.data,
                               (int)entry->name.size, entry->name.data),
        .title_zh = traits.titles[0],
        .title_en = traits.titles[1],
        .type = traits.type,
        .class = traits.class,
        .mask = traits.mask,
        .is_required = read_boolean(self, map, "required", entry->who),
        .is_indexed = read_boolean(self, map, "index", entry->who),
        .is_dimension = read_boolean(self, map, "dimension", entry->who),
        .is_measure = read_boolean(self, map, "measure", entry->who),
    };
    check_uses(self, field, entry);
}

static void compile_columns(compiler *self, bundle_resource *resource, const section_entry *table)
{
    const yaml_node *const section = member_of(table->value, "fields", YAML_MAP);
    const size_t count = bounded_count(self, section, RESOURCE_FIELDS_MAX, "fields of a table");

    if (section != NULL && count == 0) {
        tell_error(self, yaml_line(section), "%s has no field; add one", table->who);
    }
    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        if (read_entry(self, section, i, "field", &entry)) {
            (void)snprintf(entry.who, sizeof(entry.who), "field %s.%s", quote(resource->name).text,
                           quote(entry.name).text);
            compile_column(self, resource, &entry);
        }
    }
}

/* A law's term counts from a day that the row tells. */
static void read_at(compiler *self, const section_entry *table, bundle_resource *resource)
{
    const yaml_node *const node = member_of(table->value, "at", YAML_SCALAR);

    resource->at_field = BUNDLE_NONE;
    if (node == NULL) {
        return;
    }
    const uint32_t field = resource_find(resource, yaml_text(node));
    const uint32_t type = field == BUNDLE_NONE ? 0 : resource->fields[field].type;
    if (type != FIELD_TIME && type != FIELD_DATE) {
        tell_error(self, yaml_line(node), "%s: at names a field of the table of type date or time",
                   table->who);
        return;
    }
    resource->at_field = field;
}

/* --- Erasure ---------------------------------------------------------------------------------------- */

static bool same_term(const bundle_category *a, const bundle_category *b)
{
    return a->retain_days == b->retain_days && a->retain_basis == b->retain_basis &&
           text_equal(a->retain_law, b->retain_law);
}

static uint32_t category_of(const bundle *policy, uint32_t module, uint32_t way)
{
    for (uint32_t i = 0; i < policy->category_count; i++) {
        if (policy->categories[i].module == module + 1 && policy->categories[i].rows == way) {
            return i;
        }
    }
    return BUNDLE_NONE;
}

/* The category of the module's rows that end so; `term` holds what a law says of them. */
static uint32_t category_for(compiler *self, uint32_t module, const bundle_category *term,
                             const section_entry *table)
{
    bundle *const out = self->out;
    const bundle_module *const owner = &out->modules[module];
    const uint32_t known = category_of(out, module, term->rows);

    if (known != BUNDLE_NONE) {
        if (!same_term(&out->categories[known], term)) {
            tell_error(self, table->line,
                       "%s is retained for other days, basis or law than another table of the "
                       "module; say the same in all",
                       table->who);
        }
        return known;
    }
    if (out->category_count == BUNDLE_CATEGORIES_MAX) {
        tell_error(self, table->line,
                   "%s needs one more category of its own than the %u that a policy may have",
                   table->who, BUNDLE_CATEGORIES_MAX); /* P-4 */
        return 0;
    }
    out->categories[out->category_count] = *term;
    out->categories[out->category_count].module = module + 1;
    out->categories[out->category_count].title_zh = owner->title_zh;
    out->categories[out->category_count].title_en = owner->title_en;
    out->categories[out->category_count].name = keep_name(
        self, "%.*s.%s", (int)owner->name.size, owner->name.data, rows_way_name(term->rows));
    return out->category_count++;
}

static uint32_t read_way(compiler *self, const section_entry *table, bundle_category *term)
{
    const yaml_node *const node = yaml_member(table->value, "on-erasure");

    if (node == NULL || yaml_kind_of(node) == YAML_LIST) {
        return 0; /* told */
    }
    if (yaml_kind_of(node) == YAML_SCALAR) {
        return read_word(self, node, ways, "on-erasure");
    }
    const yaml_node *const retain = member_of(node, "retain", YAML_MAP);
    check_keys(self, node, way_rules, "on-erasure");
    if (retain == NULL) {
        return 0;
    }
    read_retention(self, retain, table->who, term);
    return ROWS_RETAIN;
}

/* --- Tables ----------------------------------------------------------------------------------------- */

static void compile_table(compiler *self, uint32_t module, const section_entry *entry)
{
    const uint32_t index = self->out->resource_count;
    bundle_resource *const resource = &self->out->resources[index];
    bundle_category term = {.rows = 0};
    text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};

    check_keys(self, entry->value, table_rules, entry->who);
    read_title(self, entry->value, titles, entry->who);
    *resource = (bundle_resource){
        .name = entry->name,
        .title_zh = titles[0],
        .title_en = titles[1],
        .module = module,
        .parent = BUNDLE_NONE,
        .erasure = read_way(self, entry, &term),
        .is_immutable = read_boolean(self, entry->value, "immutable", entry->who),
    };
    term.rows = resource->erasure;
    resource->category = term.rows == 0 ? 0 : category_for(self, module, &term, entry);
    compile_columns(self, resource, entry);
    read_at(self, entry, resource);
    self->resource_lines[index] = entry->line;
    self->out->resource_count++;
}

/* Rows of a child hang on rows of a table that hangs on none itself. */
static void find_parent(compiler *self, const yaml_node *section, bundle_resource *resource)
{
    for (size_t i = 0; i < yaml_count(section); i++) {
        const yaml_node *const map = yaml_at(section, i);
        const yaml_node *const of =
            yaml_kind_of(map) == YAML_MAP ? member_of(map, "of", YAML_SCALAR) : NULL;
        if (of == NULL || !text_equal(yaml_name_at(section, i), resource->name)) {
            continue;
        }
        const uint32_t parent = bundle_find(self->out, REGISTRY_RESOURCE, yaml_text(of));
        const bundle_resource *const found =
            parent == BUNDLE_NONE ? NULL : &self->out->resources[parent];
        if (found == NULL || found == resource || found->module != resource->module) {
            tell_error(self, yaml_line(of), "table %s: of names another table of the same module",
                       quote(resource->name).text);
            continue;
        }
        resource->parent = parent;
    }
}

static void check_depth(compiler *self, uint32_t first)
{
    for (uint32_t i = first; i < self->out->resource_count; i++) {
        const bundle_resource *const resource = &self->out->resources[i];
        if (resource->parent != BUNDLE_NONE &&
            self->out->resources[resource->parent].parent != BUNDLE_NONE) {
            tell_error(self, self->resource_lines[i],
                       "table %s hangs on a table that hangs on another; one step is allowed",
                       quote(resource->name).text);
        }
    }
}

/* What a law keeps is read by the rows that hang on nothing: a child of one that went would be kept, and
 * nobody could be shown it. */
static void check_kept_children(compiler *self, uint32_t first)
{
    for (uint32_t i = first; i < self->out->resource_count; i++) {
        const bundle_resource *const resource = &self->out->resources[i];
        if (resource->parent != BUNDLE_NONE && resource->erasure == ROWS_RETAIN &&
            self->out->resources[resource->parent].erasure != ROWS_RETAIN) {
            tell_error(self, self->resource_lines[i],
                       "table %s is retained, and the one it hangs on is not",
                       quote(resource->name).text);
        }
    }
}

static void compile_tables_of(compiler *self, uint32_t module, const yaml_node *root)
{
    const yaml_node *const section = member_of(root, "tables", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_RESOURCES_MAX, "tables");
    const uint32_t first = self->out->resource_count;

    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        if (read_entry(self, section, i, "table", &entry) && check_table(self, &entry)) {
            compile_table(self, module, &entry);
        }
    }
    for (uint32_t i = first; i < self->out->resource_count; i++) {
        find_parent(self, section, &self->out->resources[i]);
    }
    check_depth(self, first);
    check_kept_children(self, first);
}

void compile_tables(compiler *self)
{
    for (uint32_t i = 0; i < self->out->module_count; i++) {
        module_page page;
        const yaml_node *const root = module_open(self, i, &page);
        if (root != NULL) {
            compile_tables_of(self, i, root);
        }
        module_close(self, &page);
    }
}
