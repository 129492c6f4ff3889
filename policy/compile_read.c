/* compile_read.c: reading maps, names, words and numbers of policy.yaml, strictly (P-1). */
#include "policy/compiler.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define KEPT_BYTES_MAX 128 /* a table, a dot and a field */

static const char *kind_word(yaml_kind kind)
{
    static const char *const words[] = {
        [YAML_SCALAR] = "a plain value", [YAML_LIST] = "a list", [YAML_MAP] = "a map"};

    return words[kind];
}

static const key_rule *rule_of(const key_rule *rules, text key)
{
    for (const key_rule *rule = rules; rule->name != NULL; rule++) {
        if (text_equal_literal(key, rule->name)) {
            return rule;
        }
    }
    return NULL;
}

/* "title, basis, version", for the message that says what may stand there. */
static void list_keys(const key_rule *rules, char *out, size_t out_max)
{
    size_t size = 0;

    for (const key_rule *rule = rules; rule->name != NULL && size < out_max; rule++) {
        const int written =
            snprintf(out + size, out_max - size, "%s%s", size == 0 ? "" : ", ", rule->name);
        size += written > 0 ? (size_t)written : 0;
    }
}

static void check_known_keys(compiler *self, const yaml_node *map, const key_rule *rules,
                             const char *who)
{
    for (size_t i = 0; i < yaml_count(map); i++) {
        const text key = yaml_name_at(map, i);
        const uint32_t line = yaml_name_line_at(map, i);
        const key_rule *const rule = rule_of(rules, key);
        char known[320];

        if (rule == NULL) {
            list_keys(rules, known, sizeof(known));
            tell_error(self, line, "%s has the unknown key %s; it may have: %s", who,
                       quote(key).text, known);
            continue;
        }
        const yaml_kind kind = yaml_kind_of(yaml_at(map, i));
        if (kind != rule->kind && !(rule->or_scalar && kind == YAML_SCALAR)) {
            tell_error(self, line, "%s: %s has to be %s", who, rule->name, kind_word(rule->kind));
        }
    }
}

void check_keys(compiler *self, const yaml_node *map, const key_rule *rules, const char *who)
{
    check_known_keys(self, map, rules, who);
    for (const key_rule *rule = rules; rule->name != NULL; rule++) {
        if (rule->is_required && yaml_member(map, rule->name) == NULL) {
            tell_error(self, yaml_line(map), "%s lacks the key %s; add it", who, rule->name);
        }
    }
}

const yaml_node *member_of(const yaml_node *map, const char *name, yaml_kind kind)
{
    const yaml_node *const node = yaml_member(map, name);

    return node != NULL && yaml_kind_of(node) == kind ? node : NULL;
}

text scalar_of(const yaml_node *map, const char *name)
{
    const yaml_node *const node = member_of(map, name, YAML_SCALAR);

    return node == NULL ? TEXT_EMPTY : yaml_text(node);
}

bool is_map(compiler *self, const yaml_node *node, uint32_t line, const char *who)
{
    if (yaml_kind_of(node) == YAML_MAP) {
        return true;
    }
    tell_error(self, line, "%s has to be a map of keys and values", who);
    return false;
}

bool file_stem(text file, const char *folder, text *out)
{
    static const text suffix = {".yaml", sizeof(".yaml") - 1};
    const size_t before = strlen(folder);

    if (!text_starts_with(file, folder) || file.size < before + suffix.size ||
        memcmp(file.data + file.size - suffix.size, suffix.data, suffix.size) != 0) {
        return false;
    }
    *out = (text){file.data + before, file.size - before - suffix.size};
    return true;
}

bool name_is_valid(text name)
{
    return text_is_name(name, COMPILER_NAME_BYTES_MAX, "-_");
}

bool check_name(compiler *self, text name, uint32_t line, const char *kind)
{
    if (name_is_valid(name)) {
        return true;
    }
    tell_error(self, line,
               "%s %s: a name has 1-63 characters, a lower-case letter, then lower-case letters, "
               "digits, - or _",
               kind, quote(name).text);
    return false;
}

size_t bounded_count(compiler *self, const yaml_node *section, size_t max, const char *what)
{
    const size_t count = section == NULL ? 0 : yaml_count(section);

    if (count <= max) {
        return count;
    }
    tell_error(self, yaml_line(section), "there are %zu %s; a policy has at most %zu", count, what,
               max);
    return max;
}

text keep_name(compiler *self, const char *format, ...)
{
    bundle_source *const source = self->out->source;
    char name[KEPT_BYTES_MAX];
    va_list arguments;

    va_start(arguments, format);
    const int size = vsnprintf(name, sizeof(name), format, arguments);
    va_end(arguments);
    assert(size > 0 && size < (int)sizeof(name) && source->kept_count < NAMES_KEPT_MAX);
    char *const copy = mem_copy_text(name, (size_t)size);
    if (copy == NULL) {
        self->is_out_of_memory = true;
        return TEXT_EMPTY;
    }
    source->kept[source->kept_count++] = copy;
    return (text){copy, (size_t)size};
}

bool read_boolean(compiler *self, const yaml_node *map, const char *name, const char *who)
{
    const yaml_node *const node = member_of(map, name, YAML_SCALAR);

    if (node == NULL) {
        return false;
    }
    if (!text_equal_literal(yaml_text(node), "true") &&
        !text_equal_literal(yaml_text(node), "false")) {
        tell_error(self, yaml_line(node), "%s: %s is either true or false", who, name);
    }
    return text_equal_literal(yaml_text(node), "true");
}

uint32_t read_number(compiler *self, const yaml_node *scalar, const uint32_t range[2],
                     const char *what)
{
    uint64_t value = 0;

    if (scalar == NULL) {
        return range[0];
    }
    if (!text_parse_u64(yaml_text(scalar), &value) || value < range[0] || value > range[1]) {
        tell_error(self, yaml_line(scalar), "%s has to be a whole number from %u to %u", what,
                   range[0], range[1]);
        return range[0];
    }
    return (uint32_t)value;
}

static void tell_words(compiler *self, const yaml_node *scalar, const word_value *words,
                       const char *what)
{
    char known[384] = ""; /* the actions are the longest */
    size_t size = 0;

    for (const word_value *word = words; word->word != NULL && size < sizeof(known); word++) {
        const int written =
            snprintf(known + size, sizeof(known) - size, "%s%s", size == 0 ? "" : ", ", word->word);
        size += written > 0 ? (size_t)written : 0;
    }
    tell_error(self, yaml_line(scalar), "%s: %s is unknown; choose from: %s", what,
               quote(yaml_text(scalar)).text, known);
}

uint32_t read_word(compiler *self, const yaml_node *scalar, const word_value *words,
                   const char *what)
{
    if (scalar == NULL) {
        return 0;
    }
    for (const word_value *word = words; word->word != NULL; word++) {
        if (text_equal_literal(yaml_text(scalar), word->word)) {
            return word->value;
        }
    }
    tell_words(self, scalar, words, what);
    return 0;
}

const yaml_node *scalar_at(compiler *self, const yaml_node *list, size_t index, const char *what)
{
    const yaml_node *const node = yaml_at(list, index);

    if (yaml_kind_of(node) == YAML_SCALAR) {
        return node;
    }
    tell_error(self, yaml_line(node), "%s: the list holds plain names only", what);
    return NULL;
}

uint32_t read_word_set(compiler *self, const yaml_node *list, const word_value *words,
                       const char *what)
{
    uint32_t set = 0;

    for (size_t i = 0; list != NULL && i < yaml_count(list); i++) {
        const yaml_node *const node = scalar_at(self, list, i, what);
        const uint32_t bit = read_word(self, node, words, what);
        if ((set & bit) != 0) {
            tell_error(self, yaml_line(node), "%s: %s stands there twice; remove one", what,
                       quote(yaml_text(node)).text);
        }
        set |= bit;
    }
    if (list != NULL && yaml_count(list) == 0) {
        tell_error(self, yaml_line(list), "%s: the list is empty; name at least one", what);
    }
    return set;
}

text read_line(compiler *self, const yaml_node *scalar, const char *what)
{
    if (scalar == NULL) {
        return TEXT_EMPTY;
    }
    const text found = yaml_text(scalar);
    if (found.size == 0 || found.size > COMPILER_TITLE_BYTES_MAX || !utf8_is_printable(found)) {
        tell_error(self, yaml_line(scalar), "%s is one line of 1-%u bytes", what,
                   COMPILER_TITLE_BYTES_MAX);
        return TEXT_EMPTY;
    }
    return found;
}

void read_title_of(compiler *self, const yaml_node *title, text out_titles[2], const char *who)
{
    static const key_rule rules[] = {{"zh", YAML_SCALAR, true, false},
                                     {"en", YAML_SCALAR, true, false},
                                     {NULL, YAML_SCALAR, false, false}};

    check_keys(self, title, rules, who);
    for (size_t i = 0; i < 2; i++) {
        const text found = scalar_of(title, rules[i].name);
        if (member_of(title, rules[i].name, YAML_SCALAR) == NULL) {
            continue; /* told above */
        }
        if (found.size == 0 || found.size > COMPILER_TITLE_BYTES_MAX || !utf8_is_printable(found)) {
            tell_error(self, yaml_line(title), "%s: a title is one line of 1-%u bytes in %s", who,
                       COMPILER_TITLE_BYTES_MAX, rules[i].name);
            continue;
        }
        out_titles[i] = found;
    }
}

void read_title(compiler *self, const yaml_node *map, text out_titles[2], const char *who)
{
    const yaml_node *const title = member_of(map, "title", YAML_MAP);

    if (title != NULL) {
        read_title_of(self, title, out_titles, who);
    }
}

bool read_entry(compiler *self, const yaml_node *section, size_t index, const char *kind,
                section_entry *out)
{
    *out = (section_entry){
        .name = yaml_name_at(section, index),
        .value = yaml_at(section, index),
        .line = yaml_name_line_at(section, index),
    };
    if (!check_name(self, out->name, out->line, kind)) {
        return false;
    }
    (void)snprintf(out->who, sizeof(out->who), "%s %s", kind, quote(out->name).text);
    return is_map(self, out->value, out->line, out->who);
}

uint32_t read_named_set(compiler *self, const yaml_node *list, uint32_t kind, const char *who)
{
    uint32_t set = 0;

    if (list != NULL && yaml_count(list) == 0) {
        tell_error(self, yaml_line(list), "%s: the list is empty; name at least one", who);
    }
    for (size_t i = 0; list != NULL && i < yaml_count(list); i++) {
        const yaml_node *const node = scalar_at(self, list, i, who);
        const uint32_t index =
            node == NULL ? BUNDLE_NONE : bundle_find(self->out, kind, yaml_text(node));
        if (node != NULL && index == BUNDLE_NONE) {
            tell_error(self, yaml_line(node), "%s names %s, which does not exist", who,
                       quote(yaml_text(node)).text);
        }
        if (index == BUNDLE_NONE) {
            continue;
        }
        if ((set & 1U << index) != 0) {
            tell_error(self, yaml_line(node), "%s: %s stands there twice; remove one", who,
                       quote(yaml_text(node)).text);
        }
        set |= 1U << index;
    }
    return set;
}
