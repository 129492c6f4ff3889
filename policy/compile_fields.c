/* compile_fields.c: what a field is, of a person's record or of a module's table: title, type, class
 * and mask. */
#include "policy/compiler.h"
#include "policy/mask.h"

static const word_value classes[] = {{"public", CLASS_PUBLIC},
                                     {"personal", CLASS_PERSONAL},
                                     {"sensitive", CLASS_SENSITIVE},
                                     {NULL, 0}};

static uint32_t read_type(compiler *self, const yaml_node *map, const word_value *types)
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

field_traits read_traits(compiler *self, const section_entry *entry, const word_value *types)
{
    const uint32_t type = read_type(self, entry->value, types);
    field_traits out = {
        .titles = {TEXT_EMPTY, TEXT_EMPTY},
        .type = type,
        .class = read_class(self, entry->value, entry->who, entry->line),
        .mask = read_mask(self, entry->value, type, entry->who),
    };

    read_title(self, entry->value, out.titles, entry->who);
    return out;
}
