/* courier/courier_config_parse.c: courier.yaml, read strictly. Which place takes which key is a table. */
#include "courier/config.h"

#include "base/yaml.h"
#include "courier/letter.h"

#include <stddef.h>

#define TIMEOUT_MS_MIN 100

/* Told what is wrong, and counting it. */
typedef struct reading {
    courier_config_finding finding;
    void *context;
    uint32_t findings;
    courier_config *out;
} reading;

static void wrong(reading *self, uint32_t line, const char *message)
{
    self->findings++;
    if (self->finding != NULL) {
        self->finding(self->context, line, message);
    }
}

/* --- the keys of a place ------------------------------------------------------------------------- */

#define OF_FOLDER (1U << PLACE_FOLDER)
#define OF_SMTP (1U << PLACE_SMTP)
#define OF_WEBHOOK (1U << PLACE_WEBHOOK)
#define OF_HOOK (1U << PLACE_HOOK)

typedef bool (*key_fits)(text value);

typedef struct place_key {
    const char *name;
    uint32_t kinds;  /* that take it */
    uint32_t needed; /* that cannot do without */
    size_t offset;
    size_t bytes;
    key_fits fits;
    const char *wanted;
} place_key;

static bool is_path(text value)
{
    return value.size > 0 && value.data[0] == '/' && utf8_is_printable(value);
}

static bool is_url(text value)
{
    url parsed;

    return url_parse(value, &parsed) == VELUM_OK;
}

static bool is_printable(text value)
{
    return value.size > 0 && utf8_is_printable(value);
}

#define PLACE_TEXT(member) offsetof(place, member), sizeof(((place *)NULL)->member)

static const place_key KEYS[] = {
    {"path", OF_FOLDER, OF_FOLDER, PLACE_TEXT(path), is_path,
     "path takes an absolute path of at most 490 bytes"},
    {"url", OF_SMTP | OF_WEBHOOK | OF_HOOK, OF_SMTP | OF_WEBHOOK | OF_HOOK, PLACE_TEXT(source),
     is_url, "url takes https://HOST[:PORT][/PATH], or smtps:// or smtp://HOST[:PORT]"},
    {"from", OF_SMTP, OF_SMTP, PLACE_TEXT(from), letter_is_address,
     "from takes the address of the sender"},
    {"username", OF_SMTP, 0, PLACE_TEXT(username), is_printable, "username takes a name"},
    {"password-file", OF_SMTP, 0, PLACE_TEXT(secret_file), is_path,
     "password-file takes an absolute path of at most 490 bytes"},
    {"secret-file", OF_WEBHOOK, OF_WEBHOOK, PLACE_TEXT(secret_file), is_path,
     "secret-file takes an absolute path of at most 490 bytes"},
    {"ca-file", OF_SMTP | OF_WEBHOOK | OF_HOOK, 0, PLACE_TEXT(ca_file), is_path,
     "ca-file takes an absolute path of at most 490 bytes"},
};
#define KEY_COUNT (sizeof(KEYS) / sizeof(KEYS[0]))

static const place_key *find_key(text name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (text_equal_literal(name, KEYS[i].name)) {
            return &KEYS[i];
        }
    }
    return NULL;
}

/* "true" or "false". */
static void take_flag(reading *self, const yaml_node *node, const char *wanted, bool *out)
{
    const text value = yaml_text(node);

    if (yaml_kind_of(node) != YAML_SCALAR ||
        (!text_equal_literal(value, "true") && !text_equal_literal(value, "false"))) {
        wrong(self, yaml_line(node), wanted);
        return;
    }
    *out = text_equal_literal(value, "true");
}

static void take_key(reading *self, const yaml_node *node, const place_key *key, place *out)
{
    const text value = yaml_text(node);

    if (yaml_kind_of(node) != YAML_SCALAR || value.size >= key->bytes || !key->fits(value)) {
        wrong(self, yaml_line(node), key->wanted);
        return;
    }
    memcpy((char *)out + key->offset, value.data, value.size);
}

static void take_member(reading *self, const yaml_node *map, size_t index, place *out)
{
    const text name = yaml_name_at(map, index);
    const yaml_node *const value = yaml_at(map, index);
    const place_key *const key = find_key(name);

    if (text_equal_literal(name, "driver") && out->kind != PLACE_HOOK) {
        return; /* read already */
    }
    if (text_equal_literal(name, "plain") && out->kind != PLACE_FOLDER) {
        take_flag(self, value, "plain takes true or false", &out->is_plain);
        return;
    }
    if (key == NULL || (key->kinds & 1U << out->kind) == 0) {
        wrong(self, yaml_name_line_at(map, index), "unknown key, or one of another driver");
        return;
    }
    take_key(self, value, key, out);
}

static void check_needed(reading *self, const place *place)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const bool is_empty = ((const char *)place + KEYS[i].offset)[0] == '\0';
        if ((KEYS[i].needed & 1U << place->kind) != 0 && is_empty) {
            wrong(self, place->line, KEYS[i].wanted);
        }
    }
    if ((place->username[0] == '\0') != (place->secret_file[0] == '\0') &&
        place->kind == PLACE_SMTP) {
        wrong(self, place->line, "username and password-file come together");
    }
    if (place->is_plain && place->username[0] != '\0') {
        wrong(self, place->line, "a password goes over TLS only: not with plain: true");
    }
}

/* --- places -------------------------------------------------------------------------------------- */

static bool is_name(text value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

    for (size_t i = 0; i < value.size; i++) {
        if (memchr(letters, value.data[i], sizeof(letters) - 1) == NULL) {
            return false;
        }
    }
    return value.size > 0 && value.size < CONFIG_NAME_BYTES;
}

static bool take_driver(const yaml_node *map, place *out)
{
    static const char *const names[] = {
        [PLACE_FOLDER] = "folder", [PLACE_SMTP] = "smtp", [PLACE_WEBHOOK] = "webhook"};
    const yaml_node *const driver = yaml_member(map, "driver");

    for (uint32_t i = 0; driver != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal_literal(yaml_text(driver), names[i])) {
            out->kind = (place_kind)i;
            return true;
        }
    }
    return false;
}

/* One of `channels`, or of `hooks` (kind HOOK already). */
static void take_place(reading *self, const yaml_node *map, size_t index, place *out)
{
    const text name = yaml_name_at(map, index);
    const yaml_node *const value = yaml_at(map, index);

    out->line = yaml_name_line_at(map, index);
    if (!is_name(name) && !(text_equal_literal(name, "*") && out->kind != PLACE_HOOK)) {
        wrong(self, out->line, "a name is 1 to 32 of a-z 0-9 _ -; of a channel also \"*\"");
        return;
    }
    memcpy(out->name, name.data, name.size);
    if (yaml_kind_of(value) != YAML_MAP) {
        wrong(self, yaml_line(value), "a channel or hook is a map");
        return;
    }
    if (out->kind != PLACE_HOOK && !take_driver(value, out)) {
        wrong(self, out->line, "driver takes folder, smtp or webhook");
        return;
    }
    for (size_t i = 0; i < yaml_count(value); i++) {
        take_member(self, value, i, out);
    }
    check_needed(self, out);
}

typedef struct place_list {
    place *places;
    uint32_t *count;
    uint32_t most;
    place_kind kind;
} place_list;

static void take_places(reading *self, const yaml_node *node, const place_list *list)
{
    if (yaml_kind_of(node) != YAML_MAP) {
        wrong(self, yaml_line(node), "channels and hooks are maps of names");
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        if (*list->count == list->most) {
            wrong(self, yaml_name_line_at(node, i), "at most 16 channels and 16 hooks");
            return;
        }
        place *const out = &list->places[(*list->count)++];
        out->kind = list->kind;
        take_place(self, node, i, out);
    }
}

/* --- who may be talked to ------------------------------------------------------------------------ */

static const char host_words[] = "a host is HOST or HOST:PORT, or {host: HOST:PORT, private: true}";

static void take_host(reading *self, const yaml_node *node, allowed *out)
{
    if (yaml_kind_of(node) != YAML_SCALAR ||
        url_parse_host(yaml_text(node), out->host, &out->port) < 0) {
        wrong(self, yaml_line(node), host_words);
    }
}

static void take_allowed(reading *self, const yaml_node *node, allowed *out)
{
    if (yaml_kind_of(node) != YAML_MAP) {
        take_host(self, node, out);
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        const text name = yaml_name_at(node, i);
        if (text_equal_literal(name, "host")) {
            take_host(self, yaml_at(node, i), out);
        } else if (text_equal_literal(name, "private")) {
            take_flag(self, yaml_at(node, i), "private takes true or false", &out->is_private);
        } else {
            wrong(self, yaml_name_line_at(node, i), "unknown key: a host has host and private");
        }
    }
    if (out->host[0] == '\0' || (out->is_private && out->port == 0)) {
        wrong(self, yaml_line(node), "a private host is named with its port");
    }
}

static void take_list(reading *self, const yaml_node *node)
{
    courier_config *const config = self->out;

    if (yaml_kind_of(node) != YAML_LIST || yaml_count(node) > CONFIG_ALLOWED_MAX) {
        wrong(self, yaml_line(node), "allow is a list of at most 64 hosts");
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        take_allowed(self, yaml_at(node, i), &config->allowed[config->allowed_count++]);
    }
}

/* --- the whole ----------------------------------------------------------------------------------- */

static void take_milliseconds(reading *self, const yaml_node *node, uint32_t most, uint32_t *out)
{
    uint64_t value = 0;

    if (yaml_kind_of(node) != YAML_SCALAR || !text_parse_u64(yaml_text(node), &value) ||
        value < TIMEOUT_MS_MIN || value > most) {
        wrong(self, yaml_line(node),
              "connect-timeout-ms and timeout-ms take a whole number from 100 to 30000");
        return;
    }
    *out = (uint32_t)value;
}

static void take_section(reading *self, const yaml_node *root, size_t index)
{
    courier_config *const out = self->out;
    const text name = yaml_name_at(root, index);
    const yaml_node *const value = yaml_at(root, index);

    if (text_equal_literal(name, "velum-courier")) {
        if (!text_equal_literal(yaml_text(value), "1")) {
            wrong(self, yaml_line(value), "velum-courier is 1 in this version of Velum");
        }
    } else if (text_equal_literal(name, "channels")) {
        take_places(
            self, value,
            &(place_list){out->channels, &out->channel_count, CONFIG_CHANNELS_MAX, PLACE_FOLDER});
    } else if (text_equal_literal(name, "hooks")) {
        take_places(self, value,
                    &(place_list){out->hooks, &out->hook_count, CONFIG_HOOKS_MAX, PLACE_HOOK});
    } else if (text_equal_literal(name, "allow")) {
        take_list(self, value);
    } else if (text_equal_literal(name, "connect-timeout-ms")) {
        take_milliseconds(self, value, CONFIG_TOTAL_MS, &out->connect_ms);
    } else if (text_equal_literal(name, "timeout-ms")) {
        take_milliseconds(self, value, CONFIG_TOTAL_MS, &out->total_ms);
    } else {
        wrong(self, yaml_name_line_at(root, index), "unknown key");
    }
}

/* The entry that allows the place's host: the one with its port before one without. */
static const allowed *find_allowed(const courier_config *config, const url *url)
{
    const allowed *found = NULL;

    for (uint32_t i = 0; i < config->allowed_count; i++) {
        const allowed *const entry = &config->allowed[i];
        if (strcmp(entry->host, url->host) != 0 || (entry->port != 0 && entry->port != url->port)) {
            continue;
        }
        found = found == NULL || entry->port != 0 ? entry : found;
    }
    return found;
}

static void check_scheme(reading *self, const place *place)
{
    const url_scheme scheme = place->url.scheme;
    const bool is_mail = scheme == URL_SMTP || scheme == URL_SMTPS;

    if (is_mail != (place->kind == PLACE_SMTP)) {
        wrong(self, place->line,
              "smtp goes to smtps:// or smtp://, webhooks and hooks to https://");
    } else if (scheme == URL_HTTP && !place->is_plain) {
        wrong(self, place->line, "http:// is for loopback alone, with plain: true");
    } else if (place->is_plain && scheme != URL_HTTP && scheme != URL_SMTP) {
        wrong(self, place->line, "plain: true goes with http:// or smtp:// to loopback");
    }
}

static void check_target(reading *self, place *place)
{
    if (place->kind == PLACE_FOLDER ||
        url_parse(text_of(place->source), &place->url) < 0) { /* told already */
        return;
    }
    check_scheme(self, place);
    const allowed *const entry = find_allowed(self->out, &place->url);
    if (entry == NULL) {
        wrong(self, place->line, "the host of this url does not stand under allow");
        return;
    }
    place->is_private = entry->is_private;
    if (place->is_plain && !place->is_private) {
        wrong(self, place->line, "plain: true needs {host: HOST:PORT, private: true} under allow");
    }
}

/* The line that base/yaml names in "line N, column M: why". */
static void tell_yaml(reading *self, const velum_error *err)
{
    uint64_t line = 0;
    text rest = text_of(err->text);
    text number;

    if (text_starts_with(rest, "line ")) {
        rest = (text){rest.data + 5, rest.size - 5};
        (void)text_split(&rest, ',', &number);
        (void)text_parse_u64(number, &line);
    }
    wrong(self, (uint32_t)line,
          "this is not the YAML that is taken here: UTF-8, one document, no key twice, no anchors, "
          "tags or merges");
}

velum_status courier_config_parse(text source, courier_config_finding finding, void *context,
                                  courier_config *out)
{
    VELUM_AUTO(yaml) *document = NULL;
    reading self = {.finding = finding, .context = context, .out = out};
    velum_error err = {0};

    out->connect_ms = CONFIG_CONNECT_MS;
    out->total_ms = CONFIG_TOTAL_MS;
    const velum_status status = yaml_parse(source, CONFIG_FILE_BYTES_MAX, &document, &err);
    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status < 0) {
        tell_yaml(&self, &err);
        return VELUM_E_INVALID;
    }
    const yaml_node *const root = yaml_root(document);
    if (root == NULL || yaml_kind_of(root) != YAML_MAP ||
        yaml_member(root, "velum-courier") == NULL) {
        wrong(&self, 1, "the file begins with velum-courier: 1");
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < yaml_count(root); i++) {
        take_section(&self, root, i);
    }
    for (uint32_t i = 0; i < out->channel_count; i++) {
        check_target(&self, &out->channels[i]);
    }
    for (uint32_t i = 0; i < out->hook_count; i++) {
        check_target(&self, &out->hooks[i]);
    }
    return self.findings == 0 ? VELUM_OK : VELUM_E_INVALID;
}
