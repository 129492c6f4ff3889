/* differ_modules.c: what two bundles let modules keep, count and say, how messages leave, and who is told
 * of what happens. */
#include "policy/differ.h"

#include <stdio.h>

#define DAY_MINUTES 1440

/* What follows is of a field of the table. */
static void name_field(differ *self, const resource_field *field)
{
    (void)snprintf(self->who, sizeof(self->who), "field %.*s", (int)field->full_name.size,
                   field->full_name.data);
}

static const char *event_word(uint32_t event)
{
    switch (event) {
    case HOOK_SUBJECT_ERASED:
        return "subject.erased";
    case HOOK_SUBJECT_MERGED:
        return "subject.merged";
    case HOOK_SUBJECT_UNMERGED:
        return "subject.unmerged";
    case HOOK_CONSENT_CHANGED:
        return "consent.changed";
    case HOOK_RESTRICTION_CHANGED:
        return "restriction.changed";
    default:
        return "task.created";
    }
}

/* --- Sections of policy.yaml ------------------------------------------------------------------------ */

void differ_searchable(differ *self)
{
    (void)snprintf(self->who, sizeof(self->who), "searchable");
    differ_set(self, REGISTRY_FIELD, "field", self->before->searchable, self->after->searchable);
}

static bool is_quiet(const bundle_channel *channel, uint32_t minute)
{
    const uint32_t from = channel->quiet_from;
    const uint32_t until = channel->quiet_until;

    return from <= until ? minute >= from && minute < until : minute >= from || minute < until;
}

/* A minute that was quiet and is no more lets somebody be written to. */
static void compare_quiet(differ *self, const bundle_channel *old, const bundle_channel *new)
{
    bool is_looser = false;

    if (old->quiet_from == new->quiet_from && old->quiet_until == new->quiet_until) {
        return;
    }
    for (uint32_t minute = 0; minute < DAY_MINUTES; minute++) {
        is_looser = is_looser || (is_quiet(old, minute) && !is_quiet(new, minute));
    }
    differ_tell(self, is_looser, "quiet from %02u:%02u-%02u:%02u to %02u:%02u-%02u:%02u",
                old->quiet_from / 60, old->quiet_from % 60, old->quiet_until / 60,
                old->quiet_until % 60, new->quiet_from / 60, new->quiet_from % 60,
                new->quiet_until / 60, new->quiet_until % 60);
}

/* No cap is the loosest; of two, more messages or fewer days let more through. */
static void compare_cap(differ *self, const bundle_channel *old, const bundle_channel *new)
{
    if (old->cap_count == new->cap_count && old->cap_days == new->cap_days) {
        return;
    }
    const bool is_more = new->cap_count > old->cap_count || new->cap_days < old->cap_days;
    const bool is_looser = old->cap_count != 0 && (new->cap_count == 0 || is_more);
    differ_tell(self, is_looser, "cap from %u messages in %u days to %u in %u", old->cap_count,
                old->cap_days, new->cap_count, new->cap_days);
}

void differ_channel(differ *self, uint32_t before, uint32_t after)
{
    const bundle_channel *const old = &self->before->channels[before];
    const bundle_channel *const new = &self->after->channels[after];

    differ_text(self, true, "field", self->before->fields[old->field].name,
                self->after->fields[new->field].name);
    differ_text(self, false, "sender", old->sender, new->sender);
    differ_text(self, false, "opt-out", old->opt_out_zh, new->opt_out_zh);
    differ_text(self, false, "opt-out", old->opt_out_en, new->opt_out_en);
    compare_quiet(self, old, new);
    compare_cap(self, old, new);
}

void differ_hook(differ *self, uint32_t before, uint32_t after)
{
    const bundle_hook *const old = &self->before->hooks[before];
    const bundle_hook *const new = &self->after->hooks[after];

    differ_text(self, true, "domain", old->domain, new->domain);
    differ_bits(self, "event", old->events, new->events, event_word);
    differ_number(self, "secret", old->secret, new->secret, NEVER_WIDENS);
}

/* --- Modules ---------------------------------------------------------------------------------------- */

void differ_module(differ *self, uint32_t before, uint32_t after)
{
    const bundle_module *const old = &self->before->modules[before];
    const bundle_module *const new = &self->after->modules[after];

    differ_text(self, true, "domain", old->domain, new->domain);
    differ_bits(self, "event", old->events, new->events, event_word);
    differ_set(self, REGISTRY_RESOURCE, "watched table", old->watches, new->watches);
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

static text parent_of(const bundle *policy, const bundle_resource *resource)
{
    return resource->parent == BUNDLE_NONE ? TEXT_EMPTY : policy->resources[resource->parent].name;
}

static text name_at(const bundle_resource *resource, uint32_t field)
{
    return field == BUNDLE_NONE ? TEXT_EMPTY : resource->fields[field].name;
}

static void compare_column(differ *self, const resource_field *old, const resource_field *new)
{
    const field_look was = {old->type, old->class, old->mask};
    const field_look is = {new->type, new->class, new->mask};

    differ_traits(self, &was, &is);
    differ_flag(self, "required", old->is_required, new->is_required, NEVER_WIDENS);
    differ_flag(self, "index", old->is_indexed, new->is_indexed, MORE_WIDENS);
    differ_flag(self, "dimension", old->is_dimension, new->is_dimension, MORE_WIDENS);
    differ_flag(self, "measure", old->is_measure, new->is_measure, MORE_WIDENS);
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

static uint64_t all_of(const bundle_resource *resource)
{
    return (UINT64_C(1) << resource->field_count) - 1;
}

/* A new field is more that may be kept of somebody. */
static void compare_columns(differ *self, const bundle_resource *old, const bundle_resource *new)
{
    differ_columns(self, "field", old, all_of(old), new, all_of(new));
    for (uint32_t i = 0; i < new->field_count; i++) {
        const uint32_t was = resource_find(old, new->fields[i].name);
        if (was != BUNDLE_NONE) {
            name_field(self, &new->fields[i]);
            compare_column(self, &old->fields[was], &new->fields[i]);
        }
    }
}

/* What is kept after an erasure is more than what goes; ROWS_* ascend in it. */
void differ_table(differ *self, uint32_t before, uint32_t after)
{
    const bundle_resource *const old = &self->before->resources[before];
    const bundle_resource *const new = &self->after->resources[after];

    differ_text(self, true, "module", self->before->modules[old->module].name,
                self->after->modules[new->module].name);
    differ_text(self, false, "of", parent_of(self->before, old), parent_of(self->after, new));
    differ_text(self, new->erasure > old->erasure, "on-erasure",
                text_of(rows_way_name(old->erasure)), text_of(rows_way_name(new->erasure)));
    differ_flag(self, "immutable", old->is_immutable, new->is_immutable, LESS_WIDENS);
    differ_text(self, true, "at", name_at(old, old->at_field), name_at(new, new->at_field));
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
    compare_columns(self, old, new);
}

/* --- Counts ----------------------------------------------------------------------------------------- */

static bool counts_by(const bundle *policy, const bundle_count *count, text name, bool by_month)
{
    const bundle_resource *const resource = &policy->resources[count->resource];

    for (uint32_t i = 0; i < count->dimension_count; i++) {
        if (text_equal(resource->fields[count->dimensions[i]].name, name) &&
            count->by_month[i] == by_month) {
            return true;
        }
    }
    return false;
}

/* Any other cut of the same rows can be told apart from the one before. */
static void compare_dimensions(differ *self, const bundle_count *old, const bundle_count *new)
{
    const bundle_resource *const was = &self->before->resources[old->resource];
    const bundle_resource *const is = &self->after->resources[new->resource];

    for (uint32_t i = 0; i < old->dimension_count; i++) {
        const text name = was->fields[old->dimensions[i]].name;
        if (!counts_by(self->after, new, name, old->by_month[i])) {
            differ_tell(self, true, "by %.*s is gone", (int)name.size, name.data);
        }
    }
    for (uint32_t i = 0; i < new->dimension_count; i++) {
        const text name = is->fields[new->dimensions[i]].name;
        if (!counts_by(self->before, old, name, new->by_month[i])) {
            differ_tell(self, true, "by %.*s is new", (int)name.size, name.data);
        }
    }
}

static text measure_of(const bundle *policy, const bundle_count *count)
{
    return name_at(&policy->resources[count->resource], count->measure);
}

void differ_count(differ *self, uint32_t before, uint32_t after)
{
    const bundle_count *const old = &self->before->counts[before];
    const bundle_count *const new = &self->after->counts[after];

    differ_text(self, true, "module", self->before->modules[old->module].name,
                self->after->modules[new->module].name);
    differ_text(self, true, "table", self->before->resources[old->resource].name,
                self->after->resources[new->resource].name);
    compare_dimensions(self, old, new);
    differ_text(self, new->measure != BUNDLE_NONE, "sum", measure_of(self->before, old),
                measure_of(self->after, new));
    differ_number(self, "k", old->k, new->k, LESS_WIDENS);
    differ_number(self, "dominance", old->dominance_percent, new->dominance_percent, MORE_WIDENS);
    differ_text(self, false, "title", old->title_en, new->title_en);
    differ_text(self, false, "title", old->title_zh, new->title_zh);
}

/* --- Messages --------------------------------------------------------------------------------------- */

void differ_template(differ *self, uint32_t before, uint32_t after)
{
    const bundle_template *const old = &self->before->templates[before];
    const bundle_template *const new = &self->after->templates[after];

    differ_text(self, true, "module", self->before->modules[old->module].name,
                self->after->modules[new->module].name);
    differ_text(self, true, "channel", self->before->channels[old->channel].name,
                self->after->channels[new->channel].name);
    differ_set(self, REGISTRY_FIELD, "field", old->fields, new->fields);
    if (!text_equal(old->subject, new->subject)) {
        differ_tell(self, false, "has another subject");
    }
    if (!text_equal(old->body, new->body)) {
        differ_tell(self, false, "has another text");
    }
}
