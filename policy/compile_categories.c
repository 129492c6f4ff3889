/* compile_categories.c: the section `categories`: which fields there are, and what is sealed
 * together. */
#include "policy/compiler.h"

#include <stdio.h>

static const key_rule field_rules[] = {
    {"title", YAML_MAP, true, false},     {"type", YAML_SCALAR, false, false},
    {"class", YAML_SCALAR, false, false}, {"mask", YAML_SCALAR, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const word_value types[] = {
    {"text", FIELD_TEXT}, {"date", FIELD_DATE}, {"number", FIELD_NUMBER}, {NULL, 0}};

static void compile_field(compiler *self, uint32_t category, const section_entry *entry)
{
    bundle *const out = self->out;

    if (bundle_find(out, REGISTRY_FIELD, entry->name) != BUNDLE_NONE) {
        tell_error(self, entry->line, "%s is in another category already; choose another name",
                   entry->who);
        return;
    }
    if (out->field_count == BUNDLE_FIELDS_MAX) {
        tell_error(self, entry->line, "%s is more than the %u fields that a policy may have",
                   entry->who, BUNDLE_FIELDS_MAX);
        return;
    }
    check_keys(self, entry->value, field_rules, entry->who);
    const field_traits traits = read_traits(self, entry, types);
    self->field_lines[out->field_count] = entry->line;
    out->fields[out->field_count++] = (bundle_field){
        .name = entry->name,
        .title_zh = traits.titles[0],
        .title_en = traits.titles[1],
        .category = category,
        .type = traits.type,
        .class = traits.class,
        .mask = traits.mask,
    };
}

static void compile_category(compiler *self, text name, const yaml_node *map, uint32_t line)
{
    char who[96];

    if (!check_name(self, name, line, "category")) {
        return;
    }
    (void)snprintf(who, sizeof(who), "category %s", quote(name).text);
    if (!is_map(self, map, line, who)) {
        return;
    }
    if (yaml_count(map) == 0) {
        tell_error(self, line, "%s has no field; add one or remove it", who);
    }
    const uint32_t category = self->out->category_count++;
    self->out->categories[category] =
        (bundle_category){.name = name, .title_zh = name, .title_en = name};
    for (size_t i = 0; i < yaml_count(map); i++) {
        section_entry entry;
        if (read_entry(self, map, i, "field", &entry)) {
            compile_field(self, category, &entry);
        }
    }
}

/* Ages are known from one field, which has to hold dates. */
static void compile_birthday(compiler *self)
{
    const yaml_node *const node = member_of(self->root, "birthday", YAML_SCALAR);

    if (node == NULL) {
        return;
    }
    const uint32_t field = bundle_find(self->out, REGISTRY_FIELD, yaml_text(node));
    if (field == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "birthday names the field %s, which no category has",
                   quote(yaml_text(node)).text);
        return;
    }
    if (self->out->fields[field].type != FIELD_DATE) {
        tell_error(self, yaml_line(node), "birthday names the field %s, which is not of type date",
                   quote(yaml_text(node)).text);
        return;
    }
    self->out->birthday_field = field;
}

static void compile_titles(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "category-titles", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_CATEGORIES_MAX, "category-titles");

    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        if (!read_entry(self, section, i, "title of", &entry)) {
            continue;
        }
        const uint32_t index = bundle_find(self->out, REGISTRY_CATEGORY, entry.name);
        if (index == BUNDLE_NONE) {
            tell_error(self, entry.line, "%s: there is no such category", entry.who);
            continue;
        }
        bundle_category *const category = &self->out->categories[index];
        text titles[2] = {category->title_zh, category->title_en};
        read_title_of(self, entry.value, titles, entry.who);
        category->title_zh = titles[0];
        category->title_en = titles[1];
    }
}

void compile_categories(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "categories", YAML_MAP);
    const size_t count =
        bounded_count(self, section, BUNDLE_CATEGORIES_MAX, "categories"); /* P-4 */

    for (size_t i = 0; i < count; i++) {
        compile_category(self, yaml_name_at(section, i), yaml_at(section, i),
                         yaml_name_line_at(section, i));
    }
    compile_titles(self);
    compile_birthday(self);
}
