/* compile_categories.c: the section `categories`: which fields there are, and what is sealed
 * together. */
#include "policy/compiler.h"
#include "policy/mask.h"

#include <stdio.h>

static const key_rule field_rules[] = {
    {"title", YAML_MAP, true, false},     {"type", YAML_SCALAR, false, false},
    {"class", YAML_SCALAR, false, false}, {"mask", YAML_SCALAR, false, false},
    {NULL, YAML_SCALAR, false, false},
};

static const word_value types[] = {
    {"text", FIELD_TEXT}, {"date", FIELD_DATE}, {"number", FIELD_NUMBER}, {NULL, 0}};

static const word_value classes[] = {{"public", CLASS_PUBLIC},
                                     {"personal", CLASS_PERSONAL},
                                     {"sensitive", CLASS_SENSITIVE},
                                     {NULL, 0}};

static uint32_t read_type(compiler *self, const yaml_node *map)
{
    const yaml_node *const node = member_of(map, "type", YAML_SCALAR);

    return node == NULL ? FIELD_TEXT : read_word(self, node, types, "type");
}

/* What is not classified is treated as the most sensitive (style, rule 19). */
static uint32_t read_class(compiler *self, const yaml_node *map, const char *who, uint32_t line)
{
    const yaml_node *const node = member_of(map, "class", YAML_SCALAR);

    if (node != NULL) {
        return read_word(self, node, classes, "class");
    }
    tell_warning(self, line, "%s has no class and is treated as sensitive; classify it", who);
    return CLASS_SENSITIVE;
}

static uint32_t read_mask(compiler *self, const yaml_node *map, uint32_t type, const char *who)
{
    const yaml_node *const node = member_of(map, "mask", YAML_SCALAR);
    const text name = node == NULL ? TEXT_LITERAL("all") : yaml_text(node);
    const uint32_t line = yaml_line(node == NULL ? map : node);
    const uint32_t mask = mask_named(self, name, line, who);

    if (mask == BUNDLE_NONE || type == 0) {
        return 0;
    }
    const uint32_t profile = self->out->masks[mask].profile;
    if ((mask_profile_of(profile)->types & 1U << type) == 0) {
        tell_error(self, line, "%s: the profile %s does not fit the field's type", who,
                   mask_profile_name(profile));
    }
    return mask;
}

static void compile_field(compiler *self, uint32_t category, text name, const yaml_node *map,
                          uint32_t line)
{
    bundle *const out = self->out;
    char who[96];

    if (!check_name(self, name, line, "field")) {
        return;
    }
    (void)snprintf(who, sizeof(who), "field %s", quote(name).text);
    if (!is_map(self, map, line, who)) {
        return;
    }
    if (bundle_find(out, REGISTRY_FIELD, name) != BUNDLE_NONE) {
        tell_error(self, line, "%s is in another category already; choose another name", who);
        return;
    }
    if (out->field_count == BUNDLE_FIELDS_MAX) {
        tell_error(self, line, "%s is more than the %u fields that a policy may have", who,
                   BUNDLE_FIELDS_MAX);
        return;
    }
    check_keys(self, map, field_rules, who);
    text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};
    read_title(self, map, titles, who);
    const uint32_t type = read_type(self, map);
    self->field_lines[out->field_count] = line;
    out->fields[out->field_count] = (bundle_field){
        .name = name,
        .title_zh = titles[0],
        .title_en = titles[1],
        .category = category,
        .type = type,
        .class = read_class(self, map, who, line),
        .mask = read_mask(self, map, type, who),
    };
    out->field_count++;
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
        compile_field(self, category, yaml_name_at(map, i), yaml_at(map, i),
                      yaml_name_line_at(map, i));
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
