/* compile_messages.c: the section `messages` of a module: what may be said to customers, and by which
 * channel.
 *
 * A placeholder is {{sender}}, {{opt_out}} or a field of the customer's; anything else does not compile,
 * so that no message leaves with a hole in it.
 */
#include "policy/compiler.h"

#define TEXT_BYTES_MAX 4096
#define LANGUAGE_BYTES_MAX 3

static const key_rule message_rules[] = {
    {"channel", YAML_SCALAR, true, false},
    {"subject", YAML_MAP, false, false},
    {"text", YAML_MAP, true, false},
    {NULL, YAML_SCALAR, false, false},
};

/* One message while it is read. */
typedef struct message {
    const section_entry *entry;
    const yaml_node *subjects; /* or NULL */
    uint32_t module;
    uint32_t channel;
} message;

/* --- Placeholders ------------------------------------------------------------------------------------- */

/* What a text holds. */
typedef struct holes {
    uint64_t fields;
    bool has_sender;
    bool has_opt_out;
} holes;

static void take_placeholder(compiler *self, text name, uint32_t line, const char *who, holes *out)
{
    if (text_equal_literal(name, "sender")) {
        out->has_sender = true;
        return;
    }
    if (text_equal_literal(name, "opt_out")) {
        out->has_opt_out = true;
        return;
    }
    const uint32_t field = bundle_find(self->out, REGISTRY_FIELD, name);
    if (field == BUNDLE_NONE) {
        tell_error(self, line,
                   "%s has the placeholder {{%s}}; there are {{sender}}, {{opt_out}} and the "
                   "fields of categories",
                   who, quote(name).text);
        return;
    }
    out->fields |= UINT64_C(1) << field;
}

static bool is_at(text all, size_t at, char twice)
{
    return at + 1 < all.size && all.data[at] == twice && all.data[at + 1] == twice;
}

/* The offset of the closing braces from `at`, or all.size. */
static size_t close_of(text all, size_t at)
{
    while (at < all.size && !is_at(all, at, '}') && !is_at(all, at, '{')) {
        at++;
    }
    return is_at(all, at, '}') ? at : all.size;
}

static void find_placeholders(compiler *self, text all, uint32_t line, const char *who, holes *out)
{
    size_t at = 0;

    while (at < all.size) {
        if (!is_at(all, at, '{') && !is_at(all, at, '}')) {
            at++;
            continue;
        }
        const size_t begin = at + 2;
        const size_t end = is_at(all, at, '{') ? close_of(all, begin) : all.size;
        if (end == all.size) {
            tell_error(self, line, "%s: {{ and }} stand in pairs around one name", who);
            return;
        }
        take_placeholder(self, (text){all.data + begin, end - begin}, line, who, out);
        at = end + 2;
    }
}

/* --- Texts -------------------------------------------------------------------------------------------- */

/* Printable but for line feeds. */
static bool text_is_fit(text body)
{
    text rest = body;
    text line;

    if (body.size == 0 || body.size > TEXT_BYTES_MAX) {
        return false;
    }
    while (text_split(&rest, '\n', &line)) {
        if (!utf8_is_printable(line)) {
            return false;
        }
    }
    return true;
}

static bool language_is_valid(text language)
{
    return name_is_valid(language) && language.size >= 2 && language.size <= LANGUAGE_BYTES_MAX &&
           text_find_byte(language, '-') == language.size &&
           text_find_byte(language, '_') == language.size;
}

/* A subject that a message has is there in each of its languages. */
static text subject_in(compiler *self, const message *message, text language)
{
    for (size_t i = 0; message->subjects != NULL && i < yaml_count(message->subjects); i++) {
        const yaml_node *const node = yaml_at(message->subjects, i);
        if (text_equal(yaml_name_at(message->subjects, i), language)) {
            return yaml_kind_of(node) == YAML_SCALAR ? read_line(self, node, "subject")
                                                     : TEXT_EMPTY;
        }
    }
    if (message->subjects != NULL) {
        tell_error(self, yaml_line(message->subjects), "%s has no subject in %s",
                   message->entry->who, quote(language).text);
    }
    return TEXT_EMPTY;
}

/* Whether the language may be added; tells when not. */
static bool check_text(compiler *self, const message *message, size_t index, const yaml_node *texts)
{
    const text language = yaml_name_at(texts, index);
    const yaml_node *const node = yaml_at(texts, index);
    const uint32_t line = yaml_name_line_at(texts, index);

    if (!language_is_valid(language)) {
        tell_error(self, line, "%s: a language has two or three lower-case letters, such as zh",
                   message->entry->who);
        return false;
    }
    if (yaml_kind_of(node) != YAML_SCALAR || !text_is_fit(yaml_text(node))) {
        tell_error(self, line, "%s: a text has 1-%u bytes", message->entry->who, TEXT_BYTES_MAX);
        return false;
    }
    if (self->out->template_count == BUNDLE_TEMPLATES_MAX) {
        tell_error(self, line,
                   "%s is more than the %u messages that a policy may have, in all "
                   "languages",
                   message->entry->who, BUNDLE_TEMPLATES_MAX);
        return false;
    }
    return true;
}

static void compile_text(compiler *self, const message *message, text language, text body,
                         uint32_t line)
{
    const text id = message->entry->name;
    bundle_template template = {
        .name =
            keep_name(self, "%.*s.%.*s", (int)id.size, id.data, (int)language.size, language.data),
        .id = id,
        .language = language,
        .module = message->module,
        .channel = message->channel,
        .subject = subject_in(self, message, language),
        .body = body,
    };
    holes found = {.fields = 0};

    find_placeholders(self, template.body, line, message->entry->who, &found);
    holes in_subject = {.fields = 0};
    find_placeholders(self, template.subject, line, message->entry->who, &in_subject);
    template.fields = found.fields | in_subject.fields;
    if (self->has_marketing && (!found.has_sender || !found.has_opt_out)) {
        tell_error(self, line,
                   "%s: marketing says who writes and how to say no; add {{sender}} and "
                   "{{opt_out}} (Advertising Law 43)",
                   message->entry->who);
    }
    self->out->templates[self->out->template_count++] = template;
}

/* --- Messages ----------------------------------------------------------------------------------------- */

static bool is_there(const bundle *policy, text id)
{
    for (uint32_t i = 0; i < policy->template_count; i++) {
        if (text_equal(policy->templates[i].id, id)) {
            return true;
        }
    }
    return false;
}

static void compile_message(compiler *self, uint32_t module, const section_entry *entry)
{
    const yaml_node *const channel = member_of(entry->value, "channel", YAML_SCALAR);
    const yaml_node *const texts = member_of(entry->value, "text", YAML_MAP);
    message message = {
        .entry = entry, .subjects = member_of(entry->value, "subject", YAML_MAP), .module = module};

    check_keys(self, entry->value, message_rules, entry->who);
    if (channel == NULL || texts == NULL) {
        return; /* told */
    }
    message.channel = bundle_find(self->out, REGISTRY_CHANNEL, yaml_text(channel));
    if (message.channel == BUNDLE_NONE) {
        tell_error(self, yaml_line(channel), "%s names the channel %s, which is not in channels",
                   entry->who, quote(yaml_text(channel)).text);
        return;
    }
    if (yaml_count(texts) == 0) {
        tell_error(self, yaml_line(texts), "%s has no text; write one", entry->who);
    }
    for (size_t i = 0; i < yaml_count(texts); i++) {
        if (check_text(self, &message, i, texts)) {
            compile_text(self, &message, yaml_name_at(texts, i), yaml_text(yaml_at(texts, i)),
                         yaml_name_line_at(texts, i));
        }
    }
}

static void compile_messages_of(compiler *self, uint32_t module, const yaml_node *root)
{
    const yaml_node *const section = member_of(root, "messages", YAML_MAP);
    const size_t count = bounded_count(self, section, BUNDLE_TEMPLATES_MAX, "messages");

    for (size_t i = 0; i < count; i++) {
        section_entry entry;
        if (!read_entry(self, section, i, "message", &entry)) {
            continue;
        }
        if (is_there(self->out, entry.name)) {
            tell_error(self, entry.line, "%s is in another module already; choose another name",
                       entry.who);
            continue;
        }
        compile_message(self, module, &entry);
    }
}

/* Which message an activity will send is known when it does; so one that markets binds them all. */
static bool somebody_markets(const bundle *policy)
{
    for (uint32_t i = 0; i < policy->activity_count; i++) {
        const bundle_activity *const activity = &policy->activities[i];
        if ((activity->actions & ACTION_SEND) != 0 &&
            policy->purposes[activity->purpose].marketing) {
            return true;
        }
    }
    return false;
}

void compile_messages(compiler *self)
{
    self->has_marketing = somebody_markets(self->out);
    for (uint32_t i = 0; i < self->out->module_count; i++) {
        module_page page;
        const yaml_node *const root = module_open(self, i, &page);
        if (root != NULL) {
            compile_messages_of(self, i, root);
        }
        module_close(self, &page);
    }
}
