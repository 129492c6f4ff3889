/* cli/cmd_approval.c: velum approval list and show */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/policy_changes.h"
#include "cli/say.h"

#include <stdio.h>

#define LINES_BYTES_MAX ((size_t)16 << 20)

/* --- list ----------------------------------------------------------------------------------------- */

static const table_column columns[] = {
    {"ID", false},    {"KIND", false},  {"STATE", false}, {"ASKED BY", false},
    {"ASKED", false}, {"AGREED", true}, {"FOR", false},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static colour colour_of(text state)
{
    if (text_equal_literal(state, "agreed") || text_equal_literal(state, "reviewed")) {
        return COLOUR_GOOD;
    }
    if (text_equal_literal(state, "to-review") || text_equal_literal(state, "asked")) {
        return COLOUR_DOUBT;
    }
    return text_equal_literal(state, "refused") ? COLOUR_BAD : COLOUR_NONE;
}

static int64_t number_of(const json_value *object, const char *name)
{
    const json_value *value = json_member(object, name);

    return value == NULL ? 0 : json_integer(value);
}

static text first_digits(text hex)
{
    return (text){hex.data, hex.size < APPROVAL_SHORT_DIGITS ? hex.size : APPROVAL_SHORT_DIGITS};
}

static void add_row(table *table, const json_value *row)
{
    const text state = approval_text(row, "state");
    const text asked = approval_text(row, "asked");
    const text subject = approval_text(row, "subject");
    const text id = approval_text(row, "id");
    char agreed[32];

    (void)snprintf(agreed, sizeof(agreed), "%lld/%lld", (long long)number_of(row, "agreed"),
                   (long long)number_of(row, "needed"));
    table_add(table, first_digits(id), COLOUR_NONE);
    table_add(table, approval_text(row, "kind"), COLOUR_NONE);
    table_add(table, state, colour_of(state));
    table_add(table, approval_text(row, "asked_by"), COLOUR_NONE);
    table_add(table, (text){asked.data, asked.size < 10 ? asked.size : 10}, COLOUR_NONE);
    table_add(table, text_of(agreed), COLOUR_NONE);
    table_add(table, subject.size > 0 ? subject : first_digits(approval_text(row, "what")),
              COLOUR_NONE);
}

/* Every page's rows, in the table or as members of one array. */
typedef struct listing {
    table table;
    buffer lines;
    json_writer json;
    bool is_json;
} listing;

static void listing_clear(listing *self)
{
    table_clear(&self->table);
    buffer_clear(&self->lines);
}

static velum_status take_pages(velum_client *client, const approval_wish *wish, listing *self)
{
    int64_t from = 0;

    do {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(approval_fetch(client, wish, from, &page, &from));
        const json_value *const rows = json_member(json_root(page), "approvals");
        for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
            if (self->is_json) {
                json_write_value(&self->json, json_at(rows, i));
            } else {
                add_row(&self->table, json_at(rows, i));
            }
        }
    } while (from != 0);
    return VELUM_OK;
}

static velum_status show_listing(listing *self)
{
    if (self->is_json) {
        json_end_array(&self->json);
        json_end_object(&self->json);
        buffer_append_byte(&self->lines, '\n');
    } else if (table_row_count(&self->table) == 0) {
        say("there are no such approvals");
    } else {
        VELUM_TRY(table_status(&self->table));
        table_layout(&self->table, terminal_columns());
        table_write_titles(&self->table, &self->lines);
        table_write_rows(&self->table, &self->lines);
    }
    VELUM_TRY(buffer_status(&self->lines));
    return show_bytes(self->lines.data, self->lines.size);
}

static int run_list(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    __attribute__((cleanup(listing_clear)))
    listing all = {.is_json = invocation_has(invocation, "json")};
    const approval_wish wish = {
        .activity = approval_activity(invocation),
        .state = invocation_has(invocation, "to-review") ? "to-review"
                                                         : invocation_value(invocation, "state"),
        .kind = invocation_value(invocation, "kind"),
    };

    table_init(&all.table, columns, COLUMNS);
    all.table.hides_empty = true;
    buffer_init(&all.lines, LINES_BYTES_MAX);
    json_writer_init(&all.json, &all.lines);
    if (all.is_json) {
        json_begin_object(&all.json);
        json_name(&all.json, "approvals");
        json_begin_array(&all.json);
    }
    if (session_open(invocation, &client) < 0 || take_pages(client, &wish, &all) < 0 ||
        show_listing(&all) < 0) {
        return EXIT_REFUSED;
    }
    return EXIT_DONE;
}

/* --- show ----------------------------------------------------------------------------------------- */

static int run_show(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *approval = NULL;
    const char *const activity = approval_activity(invocation);
    char id[APPROVAL_ID_DIGITS + 1];

    if (session_open(invocation, &client) < 0 ||
        approval_find_id(client, activity, invocation->arguments[0], id) < 0) {
        return EXIT_REFUSED;
    }
    const session_request request = {
        .verb = VELUM_VERB_APPROVAL_GET, .activity = activity, .ref = id};
    if (session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &approval, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    const json_value *const changes = json_member(json_root(approval), "changes");
    if (policy_show_but_changes(json_root(approval)) < 0) {
        return EXIT_REFUSED;
    }
    if (changes != NULL && (show_bytes("\n", 1) < 0 || policy_show_changes(changes) < 0)) {
        return EXIT_REFUSED;
    }
    return EXIT_DONE;
}

const command command_approval_list = {
    .group = "approval",
    .name = "list",
    .arguments = "",
    .has_data = true,
    .activity = APPROVAL_ACTIVITY,
    .summary = "What others are asked to agree to",
    .detail = "What waits for a review stands first: an access that broke the glass. Who asked\n"
              "something sees their own with --activity, naming the one under which it was asked.",
    .options = {{"state", "STATE", "asked, agreed, refused, used, to-review, reviewed …"},
                {"to-review", NULL, "accesses that broke the glass"},
                {"kind", "KIND", "minor, erasure, request, policy, break-glass …"},
                {"activity", "NAME", "the activity to ask under (approvals)"},
                {"json", NULL, "the answer as JSON"}},
    .run = run_list,
};

const command command_approval_show = {
    .group = "approval",
    .name = "show",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = APPROVAL_ACTIVITY,
    .summary = "One approval: who asked, for what, who agreed",
    .detail = "ID may be the first digits of one. Of a policy it shows what would change.",
    .options = {{"activity", "NAME", "the activity to ask under (approvals)"},
                {"json", NULL, "the answer as JSON"}},
    .run = run_show,
};
