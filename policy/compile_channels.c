/* compile_channels.c: the sections `channels`, `hooks` and `searchable`: how messages leave, who is told
 * of what happens, and by what customers are looked for. */
#include "policy/compiler.h"

#include <stdio.h>

#define DAY_MINUTES 1440
#define CLOCK_BYTES 5 /* 21:00 */

static const key_rule channel_rules[] = {
    {"field", YAML_SCALAR, true, false}, {"sender", YAML_SCALAR, true, false},
    {"opt-out", YAML_MAP, true, false},  {"quiet", YAML_SCALAR, false, false},
    {"cap", YAML_MAP, false, false},     {NULL, YAML_SCALAR, false, false},
};

static const key_rule cap_rules[] = {{"messages", YAML_SCALAR, true, false},
                                     {"days", YAML_SCALAR, true, false},
                                     {NULL, YAML_SCALAR, false, false}};

static const key_rule hook_rules[] = {{"domain", YAML_SCALAR, true, false},
                                      {"events", YAML_LIST, true, false},
                                      {"secret", YAML_SCALAR, false, false},
                                      {NULL, YAML_SCALAR, false, false}};

static const word_value events[] = {
    {"subject.erased", HOOK_SUBJECT_ERASED},
    {"subject.merged", HOOK_SUBJECT_MERGED},
    {"subject.unmerged", HOOK_SUBJECT_UNMERGED},
    {"consent.changed", HOOK_CONSENT_CHANGED},
    {"restriction.changed", HOOK_RESTRICTION_CHANGED},
    {"task.created", HOOK_TASK_CREATED},
    {NULL, 0},
};

uint32_t read_events(compiler *self, const yaml_node *map)
{
    return read_word_set(self, member_of(map, "events", YAML_LIST), events, "events");
}

/* --- Channels --------------------------------------------------------------------------------------- */

static uint32_t read_address(compiler *self, const yaml_node *map, const char *who)
{
    const yaml_node *const node = member_of(map, "field", YAML_SCALAR);
    const uint32_t field =
        node == NULL ? 0 : bundle_find(self->out, REGISTRY_FIELD, yaml_text(node));

    if (field == BUNDLE_NONE) {
        tell_error(self, yaml_line(node), "%s names the field %s, which no category has", who,
                   quote(yaml_text(node)).text);
        return 0;
    }
    return field;
}

/* "21:00" to 1260; DAY_MINUTES when it is none. */
static uint32_t minute_of(text clock)
{
    uint32_t digits[4] = {0};
    static const size_t places[4] = {0, 1, 3, 4};

    if (clock.size != CLOCK_BYTES || clock.data[2] != ':') {
        return DAY_MINUTES;
    }
    for (size_t i = 0; i < 4; i++) {
        const char c = clock.data[places[i]];
        if (c < '0' || c > '9') {
            return DAY_MINUTES;
        }
        digits[i] = (uint32_t)(c - '0');
    }
    const uint32_t hour = digits[0] * 10 + digits[1];
    const uint32_t minute = digits[2] * 10 + digits[3];
    return hour < 24 && minute < 60 ? hour * 60 + minute : DAY_MINUTES;
}

static void read_quiet(compiler *self, const yaml_node *map, const char *who, bundle_channel *out)
{
    const yaml_node *const node = member_of(map, "quiet", YAML_SCALAR);
    text rest = node == NULL ? TEXT_EMPTY : yaml_text(node);
    text from = TEXT_EMPTY;

    if (node == NULL) {
        return;
    }
    const bool has_both = text_split(&rest, '-', &from) && rest.data != NULL;
    const uint32_t first = minute_of(from);
    const uint32_t last = has_both ? minute_of(rest) : DAY_MINUTES;
    if (first == DAY_MINUTES || last == DAY_MINUTES || first == last) {
        tell_error(self, yaml_line(node),
                   "%s: quiet is two different times of the day, such as \"21:00-09:00\"", who);
        return;
    }
    out->quiet_from = first;
    out->quiet_until = last;
}

static void read_cap(compiler *self, const yaml_node *map, const char *who, bundle_channel *out)
{
    static const uint32_t counts[2] = {1, 1000};
    static const uint32_t days[2] = {1, 366};
    const yaml_node *const cap = member_of(map, "cap", YAML_MAP);

    if (cap == NULL) {
        return;
    }
    check_keys(self, cap, cap_rules, who);
    out->cap_count = read_number(self, member_of(cap, "messages", YAML_SCALAR), counts, "messages");
    out->cap_days = read_number(self, member_of(cap, "days", YAML_SCALAR), days, "days");
}

static void compile_channel(compiler *self, const section_entry *entry)
{
    const yaml_node *const map = entry->value;
    const yaml_node *const opt_out = member_of(map, "opt-out", YAML_MAP);
    bundle_channel channel = {.name = entry->name};
    text words[2] = {TEXT_EMPTY, TEXT_EMPTY};

    check_keys(self, map, channel_rules, entry->who);
    channel.field = read_address(self, map, entry->who);
    channel.sender = read_line(self, member_of(map, "sender", YAML_SCALAR), "sender");
    if (opt_out != NULL) {
        read_title_of(self, opt_out, words, entry->who);
    }
    channel.opt_out_zh = words[0];
    channel.opt_out_en = words[1];
    read_quiet(self, map, entry->who, &channel);
    read_cap(self, map, entry->who, &channel);
    self->out->channels[self->out->channel_count++] = channel;
}

/* --- Hooks ------------------------------------------------------------------------------------------ */

static void compile_hook(compiler *self, const section_entry *entry)
{
    static const uint32_t secrets[2] = {1, 1000};
    const yaml_node *const domain = member_of(entry->value, "domain", YAML_SCALAR);

    check_keys(self, entry->value, hook_rules, entry->who);
    if (domain != NULL) {
        (void)check_name(self, yaml_text(domain), yaml_line(domain), "domain");
    }
    self->out->hooks[self->out->hook_count++] =
        (bundle_hook){.name = entry->name,
                      .domain = scalar_of(entry->value, "domain"),
                      .events = read_events(self, entry->value),
                      .secret = read_number(self, member_of(entry->value, "secret", YAML_SCALAR),
                                            secrets, "secret")};
}

void compile_channels(compiler *self)
{
    const yaml_node *const channels = member_of(self->root, "channels", YAML_MAP);
    const yaml_node *const hooks = member_of(self->root, "hooks", YAML_MAP);
    const size_t channel_count = bounded_count(self, channels, BUNDLE_CHANNELS_MAX, "channels");
    const size_t hook_count = bounded_count(self, hooks, BUNDLE_HOOKS_MAX, "hooks");
    section_entry entry;

    for (size_t i = 0; i < channel_count; i++) {
        if (read_entry(self, channels, i, "channel", &entry)) {
            compile_channel(self, &entry);
        }
    }
    for (size_t i = 0; i < hook_count; i++) {
        if (read_entry(self, hooks, i, "hook", &entry)) {
            compile_hook(self, &entry);
        }
    }
    self->out->searchable =
        read_fields(self, member_of(self->root, "searchable", YAML_LIST), NULL, "searchable");
}
