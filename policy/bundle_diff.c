/* bundle_diff.c: what changes from one bundle to the next, a line each, for those who approve it.
 *
 * Things are matched by name. A table says in which order the kinds come, whether a new thing of the
 * kind widens, and what compares two of them.
 */
#include "policy/differ.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES 512

/* --- Telling ------------------------------------------------------------------------------------ */

void differ_tell(differ *self, bool widens, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    char line[MESSAGE_BYTES + sizeof(self->who) + 2];
    va_list arguments;

    if (self->status < 0) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    (void)snprintf(line, sizeof(line), "%s: %s", self->who, message);
    self->status = self->tell(self->context, widens, self->section, line);
}

/* "<who> is new" */
static void tell_whole(differ *self, bool widens, const char *what)
{
    char line[MESSAGE_BYTES];

    if (self->status < 0) {
        return;
    }
    (void)snprintf(line, sizeof(line), "%s %s", self->who, what);
    self->status = self->tell(self->context, widens, self->section, line);
}

void differ_number(differ *self, const char *what, uint32_t before, uint32_t after,
                   number_sense sense)
{
    if (before != after) {
        differ_tell(self, sense != NEVER_WIDENS && (after > before) == (sense == MORE_WIDENS),
                    "%s from %u to %u", what, before, after);
    }
}

static text shown(text value)
{
    return value.size == 0 ? TEXT_LITERAL("none") : value;
}

void differ_text(differ *self, bool widens, const char *what, text before, text after)
{
    const text old = shown(before);
    const text new = shown(after);

    if (!text_equal(before, after)) {
        differ_tell(self, widens, "%s from %.*s to %.*s", what, (int)old.size, old.data,
                    (int)new.size, new.data);
    }
}

void differ_flag(differ *self, const char *what, bool before, bool after, number_sense sense)
{
    if (before != after) {
        differ_tell(self, sense != NEVER_WIDENS && after == (sense == MORE_WIDENS), "%s %s, was %s",
                    what, after ? "yes" : "no", before ? "yes" : "no");
    }
}

static text name_of(const bundle *self, uint32_t kind, uint32_t index)
{
    char scratch[128]; /* for notices only, which are not asked for here */
    text name = TEXT_EMPTY;

    return bundle_name_at(self, kind, index, scratch, &name) ? name : TEXT_EMPTY;
}

uint64_t differ_translate(const differ *self, uint32_t kind, uint64_t before)
{
    uint64_t out = 0;

    for (uint64_t rest = before; rest != 0; rest &= rest - 1) {
        const text name = name_of(self->before, kind, (uint32_t)__builtin_ctzll(rest));
        const uint32_t index = bundle_find(self->after, kind, name);
        out |= index == BUNDLE_NONE ? 0 : UINT64_C(1) << index;
    }
    return out;
}

void differ_set(differ *self, uint32_t kind, const char *what, uint64_t before, uint64_t after)
{
    const uint64_t kept = differ_translate(self, kind, before) & after;

    for (uint64_t rest = before; rest != 0; rest &= rest - 1) {
        const text name = name_of(self->before, kind, (uint32_t)__builtin_ctzll(rest));
        const uint32_t index = bundle_find(self->after, kind, name);
        if (index == BUNDLE_NONE || (after >> index & 1) == 0) {
            differ_tell(self, false, "%s %.*s is gone", what, (int)name.size, name.data);
        }
    }
    for (uint64_t rest = after & ~kept; rest != 0; rest &= rest - 1) {
        const text name = name_of(self->after, kind, (uint32_t)__builtin_ctzll(rest));
        differ_tell(self, true, "%s %.*s is new", what, (int)name.size, name.data);
    }
}

void differ_bits(differ *self, const char *what, uint32_t before, uint32_t after,
                 const char *(*word)(uint32_t bit))
{
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        if (((before ^ after) & bit) != 0) {
            differ_tell(self, (after & bit) != 0, "%s %s is %s", what, word(bit),
                        (after & bit) != 0 ? "new" : "gone");
        }
    }
}

/* Whether the table has the field of that name in the set. */
static bool has_column(const bundle_resource *in, uint64_t set, text name)
{
    const uint32_t index = in == NULL ? BUNDLE_NONE : resource_find(in, name);

    return index != BUNDLE_NONE && (set >> index & 1) != 0;
}

void differ_columns(differ *self, const char *what, const bundle_resource *old, uint64_t before,
                    const bundle_resource *new, uint64_t after)
{
    for (uint64_t rest = before; rest != 0; rest &= rest - 1) {
        const resource_field *const field = &old->fields[__builtin_ctzll(rest)];
        if (!has_column(new, after, field->name)) {
            differ_tell(self, false, "%s %.*s is gone", what, (int)field->full_name.size,
                        field->full_name.data);
        }
    }
    for (uint64_t rest = after; rest != 0; rest &= rest - 1) {
        const resource_field *const field = &new->fields[__builtin_ctzll(rest)];
        if (!has_column(old, before, field->name)) {
            differ_tell(self, true, "%s %.*s is new", what, (int)field->full_name.size,
                        field->full_name.data);
        }
    }
}

/* --- What a bundle has one of ------------------------------------------------------------------- */

static text field_name(const bundle *self, uint32_t field)
{
    return field == BUNDLE_NONE ? TEXT_EMPTY : self->fields[field].name;
}

static bool same_identifiers(const bundle *a, const bundle *b)
{
    bool same = a->identifier_count == b->identifier_count;

    for (uint32_t i = 0; same && i < a->identifier_count; i++) {
        same = text_equal(a->identifiers[i].type, b->identifiers[i].type);
    }
    return same;
}

/* Without a birthday everybody counts as adult; another law judges ages and terms otherwise. */
static void compare_header(differ *self)
{
    const text born = field_name(self->before, self->before->birthday_field);

    self->section = "policy";
    (void)snprintf(self->who, sizeof(self->who), "the policy");
    differ_text(self, false, "name", self->before->name, self->after->name);
    differ_text(self, true, "jurisdiction", self->before->jurisdiction, self->after->jurisdiction);
    differ_text(self, born.size > 0, "birthday", born,
                field_name(self->after, self->after->birthday_field));
    if (!same_identifiers(self->before, self->after)) {
        differ_tell(self, false, "identifiers, or their order, are others");
    }
}

static const bundle_notice *same_notice(const bundle *in, const bundle_notice *notice)
{
    for (uint32_t i = 0; i < in->notice_count; i++) {
        if (text_equal(in->notices[i].id, notice->id) &&
            text_equal(in->notices[i].language, notice->language)) {
            return &in->notices[i];
        }
    }
    return NULL;
}

static void name_notice(differ *self, const bundle_notice *notice)
{
    (void)snprintf(self->who, sizeof(self->who), "notice %.*s in %.*s", (int)notice->id.size,
                   notice->id.data, (int)notice->language.size, notice->language.data);
}

static void compare_notices(differ *self)
{
    self->section = "notices";
    for (uint32_t i = 0; i < self->before->notice_count; i++) {
        name_notice(self, &self->before->notices[i]);
        if (same_notice(self->after, &self->before->notices[i]) == NULL) {
            tell_whole(self, false, "is gone");
        }
    }
    for (uint32_t i = 0; i < self->after->notice_count; i++) {
        const bundle_notice *const notice = &self->after->notices[i];
        const bundle_notice *const old = same_notice(self->before, notice);
        name_notice(self, notice);
        if (old == NULL) {
            tell_whole(self, false, "is new");
            continue;
        }
        differ_number(self, "version", old->version, notice->version, NEVER_WIDENS);
        if (memcmp(old->hash, notice->hash, SHA256_BYTES) != 0) {
            tell_whole(self, false, "has another text");
        }
    }
}

/* --- Things with names -------------------------------------------------------------------------- */

/* An attribute is its name. */
static void differ_nothing(differ *self, uint32_t before, uint32_t after)
{
    (void)self;
    (void)before;
    (void)after;
}

/* A thing of the kind, or, with kind 0, a part that is compared as a whole. */
typedef struct diff_section {
    const char *section;
    const char *word;
    uint32_t kind;
    bool new_widens;
    void (*compare)(differ *self, uint32_t before, uint32_t after);
    void (*whole)(differ *self);
} diff_section;

static void differ_reason_code(differ *self, uint32_t before, uint32_t after)
{
    const bundle_reason_code *const old = &self->before->reason_codes[before];
    const bundle_reason_code *const new = &self->after->reason_codes[after];

    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

/* In the order of the sections of docs/formats/policy.md. */
static const diff_section sections[] = {
    {"policy", NULL, 0, false, NULL, compare_header},
    {"attributes", "attribute", REGISTRY_ATTRIBUTE, false, differ_nothing, NULL},
    {"reason-codes", "reason code", REGISTRY_REASON_CODE, false, differ_reason_code, NULL},
    {"purposes", "purpose", REGISTRY_PURPOSE, false, differ_purpose, NULL},
    {"notices", NULL, 0, false, NULL, compare_notices},
    {"categories", "category", REGISTRY_CATEGORY, false, differ_category, NULL},
    {"fields", "field", REGISTRY_FIELD, false, differ_field, NULL},
    {"masks", "mask", REGISTRY_MASK, false, differ_mask, NULL},
    {"activities", "activity", REGISTRY_ACTIVITY, true, differ_activity, NULL},
    {"roles", "role", REGISTRY_ROLE, true, differ_role, NULL},
    {"approvals", NULL, 0, false, NULL, differ_approvals},
    {"erasure", NULL, 0, false, NULL, differ_erasure},
    {"packs", "pack", REGISTRY_JURISDICTION, false, differ_pack, NULL},
    {"searchable", NULL, 0, false, NULL, differ_searchable},
    {"channels", "channel", REGISTRY_CHANNEL, true, differ_channel, NULL},
    {"hooks", "hook", REGISTRY_HOOK, true, differ_hook, NULL},
    {"modules", "module", REGISTRY_MODULE, true, differ_module, NULL},
    {"tables", "table", REGISTRY_RESOURCE, true, differ_table, NULL},
    {"counts", "count", REGISTRY_COUNT, true, differ_count, NULL},
    {"messages", "message", REGISTRY_TEMPLATE, true, differ_template, NULL},
};

static void name_thing(differ *self, const char *word, text name)
{
    (void)snprintf(self->who, sizeof(self->who), "%s %.*s", word, (int)name.size, name.data);
}

/* Fields of tables, which have names of the same kind, are compared with their tables. */
static bool is_in_section(const bundle *of, const diff_section *section, uint32_t index)
{
    return section->kind != REGISTRY_FIELD || index < of->field_count;
}

static void compare_things(differ *self, const diff_section *section)
{
    char scratch[128];
    text name;

    for (uint32_t i = 0; is_in_section(self->before, section, i) &&
                         bundle_name_at(self->before, section->kind, i, scratch, &name);
         i++) {
        if (bundle_find(self->after, section->kind, name) == BUNDLE_NONE) {
            name_thing(self, section->word, name);
            tell_whole(self, false, "is gone");
        }
    }
    for (uint32_t i = 0; is_in_section(self->after, section, i) &&
                         bundle_name_at(self->after, section->kind, i, scratch, &name);
         i++) {
        const uint32_t old = bundle_find(self->before, section->kind, name);
        name_thing(self, section->word, name);
        if (old == BUNDLE_NONE) {
            tell_whole(self, section->new_widens, "is new");
            continue;
        }
        section->compare(self, old, i);
    }
}

velum_status bundle_diff(const bundle *before, const bundle *after, bundle_change tell,
                         void *context)
{
    differ self = {.before = before, .after = after, .tell = tell, .context = context};

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]) && self.status >= 0; i++) {
        self.section = sections[i].section;
        if (sections[i].kind == 0) {
            sections[i].whole(&self);
        } else {
            compare_things(&self, &sections[i]);
        }
    }
    return self.status < 0 ? self.status : VELUM_OK;
}
