/* cli/cmd_audit_log.c: velum audit log */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define PAGE_ENTRIES 200
#define BODY_BYTES_MAX 256
#define WHAT_BYTES_MAX 16000
#define LINES_BYTES_MAX ((size_t)64 << 20)

static const show_column columns[] = {
    {"INDEX", "index", SHOW_PLAIN},       {"TIME", "at", SHOW_TIME},
    {"TYPE", "type", SHOW_PLAIN},         {"WHO", "actor", SHOW_PLAIN},
    {"ACTIVITY", "activity", SHOW_PLAIN},
};
#define MEMBER_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define ALL_COLUMNS (MEMBER_COLUMNS + 2) /* RESULT and WHAT are put together */

/* A long list, shown page by page under one row of titles. */
typedef struct listing {
    velum_client *client;
    const invocation *invocation;
    uint64_t from;
    bool has_from;
    uint64_t left; /* entries that may still be shown */
    uint64_t shown;
    bool is_json;
    table table;
    table_column titles[TABLE_COLUMNS_MAX];
} listing;

static void write_request(const listing *self, buffer *out)
{
    const uint64_t limit = self->left < PAGE_ENTRIES ? self->left : PAGE_ENTRIES;
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    if (invocation_has(self->invocation, "denied")) {
        json_member_bool(&json, "denied", true);
    }
    if (self->has_from) {
        json_member_integer(&json, "from", (int64_t)self->from);
    }
    json_member_integer(&json, "limit", (int64_t)limit);
    json_end_object(&json);
}

static velum_status show_page_json(listing *self, const json_value *entries)
{
    VELUM_AUTO_BUFFER lines;

    buffer_init(&lines, LINES_BYTES_MAX);
    for (size_t i = 0; i < json_count(entries); i++) {
        json_writer json;
        buffer_append_text(&lines, self->shown + i == 0 ? "\n" : ",\n");
        json_writer_init(&json, &lines);
        json_write_value(&json, json_at(entries, i));
    }
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static bool list_has(const json_value *list, text name)
{
    for (size_t i = 0; list != NULL && i < json_count(list); i++) {
        if (text_equal(json_text(json_at(list, i)), name)) {
            return true;
        }
    }
    return false;
}

/* The fields that were disclosed; a star says masked. */
static void append_fields(const json_value *entry, const json_value *released, buffer *out)
{
    const json_value *masked = json_member(entry, "masked");

    for (size_t i = 0; i < json_count(released); i++) {
        const text name = json_text(json_at(released, i));
        buffer_append_text(out, i == 0 ? "" : ", ");
        buffer_append(out, name.data, name.size);
        buffer_append_text(out, list_has(masked, name) ? "*" : "");
    }
}

/* What an act without disclosure was about. */
static void append_act(const json_value *entry, buffer *out)
{
    static const char *const names[] = {
        "stage", "consent_purpose", "consent_state", "registers", "result",    "size",
        "new",   "changed",         "same",          "rejected",  "torn_bytes"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const json_value *value = json_member(entry, names[i]);
        if (value == NULL) {
            continue;
        }
        buffer_append_text(out, out->size == 0 ? "" : " ");
        if (json_kind_of(value) == JSON_INTEGER) {
            buffer_append_format(out, "%s %lld", names[i], (long long)json_integer(value));
        } else {
            buffer_append(out, json_text(value).data, json_text(value).size);
        }
    }
}

/* "allow", or "deny" with its reason. */
static void add_result(table *table, const json_value *entry)
{
    const json_value *decision = json_member(entry, "decision");
    const json_value *reason = json_member(entry, "reason");
    const text word = decision == NULL ? TEXT_EMPTY : json_text(decision);
    const text why = reason == NULL ? TEXT_EMPTY : json_text(reason);
    char shown[160];

    (void)snprintf(shown, sizeof(shown), "%.*s%s%.*s", (int)(word.size < 16 ? word.size : 16),
                   word.data, why.size == 0 ? "" : ": ", (int)(why.size < 128 ? why.size : 128),
                   why.data);
    table_add(table, text_of(shown), show_colour(SHOW_DECISION, word));
}

static void add_entry(table *table, const json_value *entry)
{
    VELUM_AUTO_BUFFER what;
    const json_value *released = json_member(entry, "released");

    buffer_init(&what, WHAT_BYTES_MAX);
    if (released != NULL) {
        append_fields(entry, released, &what);
    } else {
        append_act(entry, &what);
    }
    show_add_row(table, entry, columns, MEMBER_COLUMNS);
    add_result(table, entry);
    table_add(table, what.size == 0 ? TEXT_EMPTY : (text){(const char *)what.data, what.size},
              COLOUR_NONE);
}

static velum_status show_page_table(listing *self, const json_value *entries)
{
    VELUM_AUTO_BUFFER lines;

    buffer_init(&lines, LINES_BYTES_MAX);
    table_empty(&self->table);
    for (size_t i = 0; i < json_count(entries); i++) {
        add_entry(&self->table, json_at(entries, i));
    }
    VELUM_TRY(table_status(&self->table));
    if (self->shown == 0 && json_count(entries) > 0) {
        table_layout(&self->table, terminal_columns());
        table_write_titles(&self->table, &lines);
    }
    table_write_rows(&self->table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

/* Fetches and shows the next page; VELUM_END after the last. */
static velum_status next_page(listing *self)
{
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body;

    buffer_init(&body, BODY_BYTES_MAX);
    write_request(self, &body);
    const session_request request = {.verb = VELUM_VERB_AUDIT_LOG,
                                     .ref = invocation_value(self->invocation, "subject"),
                                     .body = {(const char *)body.data, body.size}};
    VELUM_TRY(session_ask_json(self->client, &request, &answer));
    const json_value *entries = json_member(json_root(answer), "entries");
    const json_value *next = json_member(json_root(answer), "next");
    const size_t count = entries == NULL ? 0 : json_count(entries);
    if (count > 0) {
        VELUM_TRY(self->is_json ? show_page_json(self, entries) : show_page_table(self, entries));
    }
    self->shown += count;
    self->left -= count < self->left ? count : self->left;
    if (next == NULL || json_kind_of(next) != JSON_INTEGER || self->left == 0) {
        return VELUM_END;
    }
    const uint64_t from = (uint64_t)json_integer(next);
    if (self->has_from && from <= self->from) {
        return VELUM_END; /* an answer that does not move on would never end */
    }
    self->from = from;
    self->has_from = true;
    return VELUM_OK;
}

static velum_status show_all(listing *self)
{
    velum_status status = VELUM_OK;

    if (self->is_json) {
        VELUM_TRY(show_bytes("{\"entries\":[", 12));
    }
    while (status == VELUM_OK) {
        status = next_page(self);
    }
    if (self->is_json) {
        VELUM_TRY(show_bytes("]}\n", 3));
    }
    if (status == VELUM_END && self->shown == 0 && !self->is_json) {
        say_more("No entry matches.");
    }
    return status;
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    listing listing = {.invocation = invocation,
                       .left = UINT64_MAX,
                       .is_json = invocation_has(invocation, "json"),
                       .has_from = invocation_has(invocation, "from")};

    if (!invocation_number(invocation, "limit", INT64_MAX, &listing.left) ||
        !invocation_number(invocation, "from", INT64_MAX, &listing.from)) {
        return EXIT_USAGE;
    }
    if (listing.left == 0) {
        return command_wrong(invocation->command, "--limit is at least 1");
    }
    if (session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    listing.client = client;
    show_titles(columns, MEMBER_COLUMNS, listing.titles);
    listing.titles[MEMBER_COLUMNS] = (table_column){"RESULT", false};
    listing.titles[MEMBER_COLUMNS + 1] = (table_column){"WHAT", false};
    table_init(&listing.table, listing.titles, ALL_COLUMNS);
    const velum_status status = show_all(&listing);
    table_clear(&listing.table);
    return status < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_audit_log = {
    .group = "audit",
    .name = "log",
    .arguments = "",
    .has_data = true,
    .activity = "audit",
    .summary = "What was done: who looked, at what, why, and who was refused",
    .detail = "Oldest first. Reading the log is itself an entry. Customers appear as\n"
              "pseudonymous tokens; --subject finds the entries of one customer, REF or\n"
              "DOMAIN:REF. WHAT names the fields that were disclosed; * says that one was\n"
              "masked.",
    .options = {{"subject", "REF", "entries of this customer"},
                {"denied", NULL, "refusals only"},
                {"from", "INDEX", "entries from this one on"},
                {"limit", "N", "at most so many"},
                {"json", NULL, "entries as JSON, one a line"}},
    .run = run,
};
