/* compile_masks.c: the section `masks`, and masks that a field takes by the name of a profile. */
#include "policy/compiler.h"
#include "policy/mask.h"

#include <stdio.h>

static const key_rule mask_rules[] = {
    {"profile", YAML_SCALAR, true, false},    {"keep-first", YAML_SCALAR, false, false},
    {"keep-last", YAML_SCALAR, false, false}, {"fixed-length", YAML_SCALAR, false, false},
    {"character", YAML_SCALAR, false, false}, {NULL, YAML_SCALAR, false, false},
};

static uint32_t profile_named(text name)
{
    for (uint32_t i = 1; i < MASK_PROFILES; i++) {
        if (text_equal_literal(name, mask_profile_name(i))) {
            return i;
        }
    }
    return 0;
}

static bundle_mask own_mask(text name, uint32_t profile)
{
    const mask_profile *const own = mask_profile_of(profile);

    return (bundle_mask){
        .name = name,
        .profile = profile,
        .keep_first = own->keep_first,
        .keep_last = own->keep_last,
        .fixed_length = own->fixed_length,
        .character = '*',
    };
}

/* A number of a mask; its own where the policy has none, and only where the profile takes one. */
static void read_parameter(compiler *self, const yaml_node *map, const char *name, uint32_t max,
                           uint32_t *in_out)
{
    const yaml_node *const node = member_of(map, name, YAML_SCALAR);
    const uint32_t range[2] = {0, max};

    if (node == NULL) {
        return;
    }
    if (max == 0) {
        tell_error(self, yaml_line(node), "this profile takes no %s; remove it", name);
        return;
    }
    *in_out = read_number(self, node, range, name);
}

/* A digit would make a masked number look like another number. */
static void read_character(compiler *self, const yaml_node *map, uint32_t *in_out)
{
    const yaml_node *const node = member_of(map, "character", YAML_SCALAR);
    size_t offset = 0;
    uint32_t code_point = 0;

    if (node == NULL) {
        return;
    }
    const text found = yaml_text(node);
    const bool is_one =
        utf8_is_printable(found) && utf8_next(found, &offset, &code_point) && offset == found.size;
    if (!is_one || code_point <= ' ' || (code_point >= '0' && code_point <= '9')) {
        tell_error(self, yaml_line(node), "character is one visible character, and not a digit");
        return;
    }
    *in_out = code_point;
}

static void compile_mask(compiler *self, text name, const yaml_node *map, uint32_t line)
{
    char who[96];

    if (!check_name(self, name, line, "mask")) {
        return;
    }
    (void)snprintf(who, sizeof(who), "mask %s", quote(name).text);
    if (profile_named(name) != 0) {
        tell_error(self, line, "%s has the name of a profile; choose another", who);
        return;
    }
    if (!is_map(self, map, line, who)) {
        return;
    }
    check_keys(self, map, mask_rules, who);
    const text wanted = scalar_of(map, "profile");
    const uint32_t profile = profile_named(wanted);
    if (profile == 0) {
        tell_error(self, line, "%s: there is no profile %s; see docs/formats/policy.md", who,
                   quote(wanted).text);
        return;
    }
    bundle_mask *const mask = &self->out->masks[self->out->mask_count++];
    const mask_profile *const own = mask_profile_of(profile);
    *mask = own_mask(name, profile);
    read_parameter(self, map, "keep-first", own->keep_first_max, &mask->keep_first);
    read_parameter(self, map, "keep-last", own->keep_last_max, &mask->keep_last);
    read_parameter(self, map, "fixed-length", own->fixed_length_max, &mask->fixed_length);
    read_character(self, map, &mask->character);
}

void compile_masks(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "masks", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_MASKS_MAX, "masks");

    for (size_t i = 0; i < count; i++) {
        compile_mask(self, yaml_name_at(section, i), yaml_at(section, i),
                     yaml_name_line_at(section, i));
    }
}

uint32_t mask_named(compiler *self, text name, uint32_t line, const char *who)
{
    const uint32_t known = bundle_find(self->out, REGISTRY_MASK, name);
    const uint32_t profile = profile_named(name);

    if (known != BUNDLE_NONE) {
        return known;
    }
    if (profile == 0) {
        tell_error(self, line, "%s: there is no mask and no profile %s", who, quote(name).text);
        return BUNDLE_NONE;
    }
    if (self->out->mask_count == BUNDLE_MASKS_MAX) {
        tell_error(self, line, "%s: the mask %s would be more than the %u a policy may use", who,
                   quote(name).text, BUNDLE_MASKS_MAX);
        return BUNDLE_NONE;
    }
    /* The name of the profile lives as long as the program. */
    const uint32_t index = self->out->mask_count++;
    self->out->masks[index] = own_mask(text_of(mask_profile_name(profile)), profile);
    return index;
}
