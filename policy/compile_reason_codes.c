/* compile_reason_codes.c: the section `reason-codes`: what somebody can say who is asked why they look. */
#include "policy/compiler.h"

void compile_reason_codes(compiler *self)
{
    const yaml_node *const section = member_of(self->root, "reason-codes", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_REASON_CODES_MAX, "reason-codes");

    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        text titles[2] = {TEXT_EMPTY, TEXT_EMPTY};
        if (!read_entry(self, section, i, "reason code", &entry)) {
            continue;
        }
        read_title_of(self, entry.value, titles, entry.who);
        self->reason_code_lines[self->out->reason_code_count] = entry.line;
        self->out->reason_codes[self->out->reason_code_count++] =
            (bundle_reason_code){.name = entry.name, .title_zh = titles[0], .title_en = titles[1]};
    }
}
