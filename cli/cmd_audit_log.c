/* cli/cmd_audit_log.c: velum audit log */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/moment.h"
#include "cli/paged_call.h"
#include "cli/say.h"
#include "cli/show.h"

#define PAGE_ENTRIES 200
#define WHAT_BYTES_MAX 16000
#define LINES_BYTES_MAX ((size_t)64 << 20)

static const show_column columns[] = {
    {"INDEX", "index", SHOW_PLAIN},       {"TIME", "at", SHOW_TIME},
    {"TYPE", "type", SHOW_PLAIN},         {"WHO", "actor", SHOW_PLAIN},
    {"ACTIVITY", "activity", SHOW_PLAIN},
};
#define MEMBER_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define ALL_COLUMNS (MEMBER_COLUMNS + 2) /* RESULT and WHAT are put together */

/* Options that are members of the question as they are typed. */
static const struct {
    const char *option;
    const char *member;
} filters[] = {{"actor", "actor"}, {"activity", "activity"}, {"purpose", "purpose"},
               {"field", "field"}, {"decision", "decision"}, {"reason", "reason"},
               {"store", "store"}, {"type", "type"}};

/* A long list, shown page by page under one row of titles. */
typedef struct listing {
    const invocation *invocation;
    char since[TIME_TEXT_BYTES];
    char until[TIME_TEXT_BYTES];
    uint64_t shown;
    bool is_json;
    table table;
    table_column titles[TABLE_COLUMNS_MAX];
} listing;

static void write_question(const void *context, json_writer *json)
{
    const listing *const self = context;

    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        if (invocation_has(self->invocation, filters[i].option)) {
            json_member_string(json, filters[i].member,
                               invocation_value(self->invocation, filters[i].option));
        }
    }
    if (invocation_has(self->invocation, "denied")) {
        json_member_bool(json, "denied", true);
    }
    if (invocation_has(self->invocation, "break-glass")) {
        json_member_bool(json, "break_glass", true);
    }
    if (invocation_has(self->invocation, "shadow")) {
        json_member_bool(json, "shadow", true);
    }
    if (self->since[0] != '\0') {
        json_member_string(json, "since", self->since);
    }
    if (self->until[0] != '\0') {
        json_member_string(json, "until", self->until);
    }
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
        "stage",  "operation",       "approval_kind", "request_act", "right",     "request_state",
        "denial", "consent_purpose", "consent_state", "registers",   "result",    "size",
        "new",    "changed",         "same",          "rejected",    "torn_bytes"};

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

static velum_status show_page(void *context, const json_value *answer, uint64_t *out_count)
{
    listing *const self = context;
    const json_value *entries = json_member(answer, "entries");
    const size_t count = entries == NULL ? 0 : json_count(entries);

    if (count > 0) {
        VELUM_TRY(self->is_json ? show_page_json(self, entries) : show_page_table(self, entries));
    }
    self->shown += count;
    *out_count = count;
    return VELUM_OK;
}

static velum_status show_all(listing *self, paged_call *call)
{
    if (self->is_json) {
        VELUM_TRY(show_bytes("{\"entries\":[", 12));
    }
    const velum_status status = paged_call_run(call);
    if (self->is_json) {
        VELUM_TRY(show_bytes("]}\n", 3));
    }
    if (status == VELUM_OK && self->shown == 0 && !self->is_json) {
        say_more("No entry matches.");
    }
    return status;
}

static velum_status list(listing *self, paged_call *call)
{
    show_titles(columns, MEMBER_COLUMNS, self->titles);
    self->titles[MEMBER_COLUMNS] = (table_column){"RESULT", false};
    self->titles[MEMBER_COLUMNS + 1] = (table_column){"WHAT", false};
    table_init(&self->table, self->titles, ALL_COLUMNS);
    const velum_status status = show_all(self, call);
    table_clear(&self->table);
    return status;
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    listing listing = {.invocation = invocation, .is_json = invocation_has(invocation, "json")};
    paged_call call = {.verb = VELUM_VERB_AUDIT_LOG,
                       .ref = invocation_value(invocation, "subject"),
                       .write = write_question,
                       .show = show_page,
                       .context = &listing,
                       .what = "entries looked at",
                       .left = UINT64_MAX,
                       .page_most = PAGE_ENTRIES};

    if (!invocation_number(invocation, "limit", INT64_MAX, &call.left) ||
        !invocation_number(invocation, "from", INT64_MAX, &call.from) ||
        !moment_read(invocation, "since", listing.since) ||
        !moment_read(invocation, "until", listing.until)) {
        return EXIT_USAGE;
    }
    if (call.left == 0) {
        return command_wrong(invocation->command, "--limit is at least 1");
    }
    if (session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    call.client = client;
    return list(&listing, &call) < 0 ? EXIT_REFUSED : EXIT_DONE;
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
              "masked. All filters that are given must hold. T is YYYY-MM-DD or RFC 3339.",
    .options = {{"subject", "REF", "entries of this customer, also of an erased one"},
                {"actor", "NAME", "by this credential; customer, velum"},
                {"activity", "A", "under this activity"},
                {"purpose", "P", "for this purpose"},
                {"field", "F", "that asked for or gave this field"},
                {"type", "TYPE", "read, consent, import …"},
                {"decision", "D", "allow, partial or deny"},
                {"denied", NULL, "refusals only"},
                {"reason", "R", "of a refusal, or the code that was given"},
                {"store", "S", "by whoever is bound to this store"},
                {"since", "T", "from this time on"},
                {"until", "T", "before this time"},
                {"break-glass", NULL, "where a glass was broken"},
                {"shadow", NULL, "that the policy in shadow would decide otherwise"},
                {"from", "INDEX", "entries from this one on"},
                {"limit", "N", "at most so many"},
                {"json", NULL, "entries as JSON, one a line"}},
    .run = run,
};
