/* cli/cmd_policy_list.c: velum policy list */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/policy_changes.h"
#include "cli/say.h"

#include <stdio.h>

#define LINES_BYTES_MAX ((size_t)4 << 20)

static const table_column columns[] = {
    {"POLICY", false}, {"STATE", false}, {"NAME", false},   {"BY", false},
    {"FROM", false},   {"UNTIL", false}, {"AGREED", false}, {"NOTE", false},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void add_time(table *table, text time)
{
    table_add(table, (text){time.data, time.size < 10 ? time.size : 10}, COLOUR_NONE);
}

/* "an, bo of 2" */
static void add_agreed(table *table, const json_value *row)
{
    const json_value *const agreed = json_member(row, "agreed");
    const json_value *const needed = json_member(row, "needed");
    VELUM_AUTO_BUFFER cell = {0};

    buffer_init(&cell, 2048);
    for (size_t i = 0; agreed != NULL && i < json_count(agreed); i++) {
        const text name = json_text(json_at(agreed, i));
        buffer_append_text(&cell, i == 0 ? "" : ", ");
        buffer_append(&cell, name.data, name.size);
    }
    if (needed != NULL) {
        buffer_append_format(&cell, "%sof %lld", cell.size == 0 ? "0 " : " ",
                             (long long)json_integer(needed));
    }
    table_add(table, (text){(const char *)cell.data, cell.size}, COLOUR_NONE);
}

static text state_of(const json_value *row, const char *usual, char shown[40])
{
    const json_value *const shadow = json_member(row, "shadow");
    const text state = approval_text(row, "state");

    (void)snprintf(shown, 40, "%.*s%s", state.size == 0 ? (int)strlen(usual) : (int)state.size,
                   state.size == 0 ? usual : state.data,
                   shadow != NULL && json_bool(shadow) ? ", shadow" : "");
    return text_of(shown);
}

static void add_row(table *table, const json_value *row, const char *usual)
{
    const text hash = approval_text(row, "policy");
    const text activates = approval_text(row, "activates");
    const text since = approval_text(row, "since");
    char state[40];

    table_add(table,
              (text){hash.data, hash.size < POLICY_SHORT_DIGITS ? hash.size : POLICY_SHORT_DIGITS},
              COLOUR_NONE);
    table_add(table, state_of(row, usual, state),
              strcmp(usual, "active") == 0 ? COLOUR_GOOD : COLOUR_NONE);
    table_add(table, approval_text(row, "name"), COLOUR_NONE);
    table_add(table, approval_text(row, "by"), COLOUR_NONE);
    add_time(table, since.size > 0 ? since : activates);
    add_time(table, approval_text(row, "until"));
    add_agreed(table, row);
    table_add(table, approval_text(row, "note"), COLOUR_NONE);
}

static void add_rows(table *table, const json_value *rows, const char *usual)
{
    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        add_row(table, json_at(rows, i), usual);
    }
}

static velum_status show(const json *list)
{
    const json_value *const root = json_root(list);
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines = {0};

    table_init(&table, columns, COLUMNS);
    buffer_init(&lines, LINES_BYTES_MAX);
    table.hides_empty = true;
    add_rows(&table, json_member(root, "proposed"), "proposed");
    if (json_member(root, "active") != NULL) {
        add_row(&table, json_member(root, "active"), "active");
    }
    add_rows(&table, json_member(root, "earlier"), "earlier");
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_titles(&table, &lines);
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *list = NULL;
    const session_request request = {.verb = VELUM_VERB_POLICY_LIST};

    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &list, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return show(list) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_policy_list = {
    .group = "policy",
    .name = "list",
    .arguments = "",
    .has_data = true,
    .activity = "administration",
    .summary = "Policies: proposed, scheduled, in shadow, in force and earlier",
    .detail = "",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run,
};
