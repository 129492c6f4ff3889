/* cli/policy_changes.c: differences of policies, as tables and pairs. */
#include "cli/policy_changes.h"

#include "cli/say.h"

#define LINES_BYTES_MAX ((size_t)4 << 20)
#define TYPED_DIGITS_MIN 6

/* --- shown ---------------------------------------------------------------------------------------- */

static text member_text(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

velum_status policy_show_changes(const json_value *changes)
{
    static const table_column columns[] = {
        {"SECTION", false}, {"WIDENS", false}, {"CHANGE", false}};
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines = {0};

    table_init(&table, columns, sizeof(columns) / sizeof(columns[0]));
    buffer_init(&lines, LINES_BYTES_MAX);
    for (size_t i = 0; i < json_count(changes); i++) {
        const json_value *const change = json_at(changes, i);
        const json_value *const widens = json_member(change, "widens");
        const bool is_wider = widens != NULL && json_bool(widens);
        table_add(&table, member_text(change, "section"), COLOUR_NONE);
        table_add(&table, is_wider ? TEXT_LITERAL("yes") : TEXT_EMPTY, COLOUR_DOUBT);
        table_add(&table, member_text(change, "text"), COLOUR_NONE);
    }
    if (table_row_count(&table) == 0) {
        say("nothing that is decided changes");
        return VELUM_OK;
    }
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_titles(&table, &lines);
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

velum_status policy_show_but_changes(const json_value *object)
{
    VELUM_AUTO_BUFFER copy = {0};
    VELUM_AUTO(json) *rest = NULL;
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    json_writer json;
    text name;

    buffer_init(&copy, LINES_BYTES_MAX);
    json_writer_init(&json, &copy);
    json_begin_object(&json);
    while (json_next(object, &iterator, &name, &value)) {
        if (!text_equal_literal(name, "changes")) {
            json_name_text(&json, name);
            json_write_value(&json, value);
        }
    }
    json_end_object(&json);
    VELUM_TRY(buffer_status(&copy));
    VELUM_TRY(json_parse((text){(const char *)copy.data, copy.size}, LINES_BYTES_MAX, &rest, NULL));
    return show_pairs(json_root(rest));
}

/* --- by hash -------------------------------------------------------------------------------------- */

static bool is_hex(text typed)
{
    for (size_t i = 0; i < typed.size; i++) {
        if (strchr("0123456789abcdef", typed.data[i]) == NULL) {
            return false;
        }
    }
    return typed.size >= TYPED_DIGITS_MIN && typed.size <= POLICY_HASH_DIGITS;
}

typedef struct search {
    text typed;
    char *out;
    bool is_found;
    bool is_doubtful;
} search;

static void look_at(search *self, const json_value *row)
{
    const text hash = member_text(row, "policy");

    if (hash.size != POLICY_HASH_DIGITS ||
        memcmp(hash.data, self->typed.data, self->typed.size) != 0) {
        return;
    }
    self->is_doubtful = self->is_doubtful ||
                        (self->is_found && memcmp(self->out, hash.data, POLICY_HASH_DIGITS) != 0);
    self->is_found = true;
    memcpy(self->out, hash.data, POLICY_HASH_DIGITS);
    self->out[POLICY_HASH_DIGITS] = '\0';
}

static void look_in(search *self, const json_value *rows)
{
    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        look_at(self, json_at(rows, i));
    }
}

velum_status policy_find_hash(velum_client *client, const char *typed,
                              char out[POLICY_HASH_DIGITS + 1])
{
    search wanted = {.typed = text_of(typed), .out = out};
    VELUM_AUTO(json) *list = NULL;
    const session_request request = {.verb = VELUM_VERB_POLICY_LIST};

    if (!is_hex(wanted.typed)) {
        say("a policy is named by its hash, or the first digits: `velum policy list` shows 12");
        return VELUM_E_INVALID;
    }
    if (wanted.typed.size == POLICY_HASH_DIGITS) {
        memcpy(out, typed, POLICY_HASH_DIGITS + 1);
        return VELUM_OK;
    }
    VELUM_TRY(session_ask_json(client, &request, &list));
    const json_value *const root = json_root(list);
    look_in(&wanted, json_member(root, "proposed"));
    look_in(&wanted, json_member(root, "earlier"));
    if (json_member(root, "active") != NULL) {
        look_at(&wanted, json_member(root, "active"));
    }
    if (!wanted.is_found || wanted.is_doubtful) {
        say(wanted.is_found ? "more than one policy has a hash that begins so: type more of it"
                            : "no policy has a hash that begins so");
        return VELUM_E_NOTFOUND;
    }
    return VELUM_OK;
}

velum_status policy_fetch_files(velum_client *client, const char *hash, velum_answer **out)
{
    const session_request request = {.verb = VELUM_VERB_POLICY_FILES, .ref = hash};

    return session_ask(client, &request, out);
}

/* --- folders -------------------------------------------------------------------------------------- */

void policy_packed_clear(policy_packed *self)
{
    velum_body_free(self->data);
    self->data = NULL;
}

static void say_finding(void *context, bool is_error, const char *file, uint32_t line,
                        const char *message)
{
    (void)context;
    if (is_error) {
        say_more("%s:%u: %s", file, line, message);
    }
}

velum_status policy_pack_folder(const char *folder, policy_packed *out)
{
    const velum_string path = string_of(text_of(folder));
    velum_error err = {0};
    char hash[POLICY_HASH_DIGITS + 1];

    velum_status status = velum_policy_check(path, say_finding, NULL, hash, &err);
    if (status < 0) {
        session_say_error("the policy does not compile", status, &err);
        say_more("`velum policy check` tells every finding.");
        return status;
    }
    status = velum_policy_pack(path, &out->data, &out->size, &err);
    if (status < 0) {
        session_say_error("the policy folder cannot be read", status, &err);
    }
    return status;
}
