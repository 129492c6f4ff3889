/* differ_purposes.c: purposes, categories, fields and masks of two bundles. */
#include "policy/differ.h"
#include "policy/mask.h"
#include "policy/subject_state.h"

static text basis_text(uint32_t basis)
{
    return text_of(basis_name(basis));
}

static text grade_text(uint32_t grade)
{
    return grade == 0 ? TEXT_EMPTY : text_of(consent_grade_name(grade));
}

/* A consent that never ends lasts longest. */
static void compare_consent_days(differ *self, uint32_t before, uint32_t after)
{
    if (before == after) {
        return;
    }
    const bool is_longer = before != 0 && (after == 0 || after > before);
    differ_tell(self, is_longer, "consent-days from %u to %u%s", before, after,
                after == 0 ? " (without end)" : "");
}

static void compare_asking(differ *self, const bundle_purpose *old, const bundle_purpose *new)
{
    const jurisdiction_pack *const was = bundle_pack(self->before, 0);
    const jurisdiction_pack *const is = bundle_pack(self->after, 0);

    differ_number(self, "ask days", old->ask_days != 0 ? old->ask_days : was->ask_again_days,
                  new->ask_days != 0 ? new->ask_days : is->ask_again_days, LESS_WIDENS);
    differ_number(self, "ask max", old->ask_max != 0 ? old->ask_max : was->ask_max,
                  new->ask_max != 0 ? new->ask_max : is->ask_max, MORE_WIDENS);
}

/* Consents of an earlier version serve again when the version goes back (PIPL 14). */
void differ_purpose(differ *self, uint32_t before, uint32_t after)
{
    const bundle_purpose *const old = &self->before->purposes[before];
    const bundle_purpose *const new = &self->after->purposes[after];
    const bool on_consent = old->basis == BASIS_CONSENT && new->basis == BASIS_CONSENT;

    differ_text(self, old->basis == BASIS_CONSENT, "basis", basis_text(old->basis),
                basis_text(new->basis));
    differ_number(self, "version", old->version, new->version,
                  on_consent ? LESS_WIDENS : NEVER_WIDENS);
    differ_flag(self, "marketing", old->marketing, new->marketing, LESS_WIDENS);
    if (on_consent) {
        compare_consent_days(self, old->consent_days, new->consent_days);
        differ_text(self, !consent_grade_serves(new->grade_min, old->grade_min), "min-grade",
                    grade_text(old->grade_min), grade_text(new->grade_min));
        compare_asking(self, old, new);
        differ_flag(self, "separate", old->separate, new->separate, LESS_WIDENS);
    }
    if (old->risks != new->risks) {
        differ_tell(self, false, "risks are others");
    }
    differ_text(self, false, "assessment", old->assessment, new->assessment);
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

void differ_category(differ *self, uint32_t before, uint32_t after)
{
    const bundle_category *const old = &self->before->categories[before];
    const bundle_category *const new = &self->after->categories[after];

    differ_number(self, "retention days", old->retain_days, new->retain_days, MORE_WIDENS);
    differ_text(self, false, "retention law", old->retain_law, new->retain_law);
    if (old->retain_basis != new->retain_basis && old->retain_days != 0 && new->retain_days != 0) {
        differ_text(self, false, "retention basis", basis_text(old->retain_basis),
                    basis_text(new->retain_basis));
    }
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

void differ_traits(differ *self, const field_look *old, const field_look *new)
{
    const bundle_mask *const was = &self->before->masks[old->mask];
    const bundle_mask *const is = &self->after->masks[new->mask];

    differ_text(self, false, "type", text_of(field_type_name(old->type)),
                text_of(field_type_name(new->type)));
    differ_text(self, new->class < old->class, "class", text_of(class_name(old->class)),
                text_of(class_name(new->class)));
    differ_text(self, is->profile != MASK_ALL, "mask", was->name, is->name);
}

void differ_field(differ *self, uint32_t before, uint32_t after)
{
    const bundle_field *const old = &self->before->fields[before];
    const bundle_field *const new = &self->after->fields[after];
    const field_look was = {old->type, old->class, old->mask};
    const field_look is = {new->type, new->class, new->mask};

    differ_text(self, false, "category", self->before->categories[old->category].name,
                self->after->categories[new->category].name);
    differ_traits(self, &was, &is);
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

/* A fixed length hides how long the value is. */
void differ_mask(differ *self, uint32_t before, uint32_t after)
{
    const bundle_mask *const old = &self->before->masks[before];
    const bundle_mask *const new = &self->after->masks[after];

    differ_text(self, new->profile != MASK_ALL, "profile", text_of(mask_profile_name(old->profile)),
                text_of(mask_profile_name(new->profile)));
    differ_number(self, "keep-first", old->keep_first, new->keep_first, MORE_WIDENS);
    differ_number(self, "keep-last", old->keep_last, new->keep_last, MORE_WIDENS);
    if (old->fixed_length != new->fixed_length) {
        differ_tell(self, new->fixed_length == 0, "fixed-length from %u to %u", old->fixed_length,
                    new->fixed_length);
    }
    if (old->character != new->character) {
        differ_tell(self, false, "character is another");
    }
}
