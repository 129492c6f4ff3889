/* cli/cmd_approval.c: velum approval list and show */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/listing.h"
#include "cli/policy_changes.h"
#include "cli/say.h"

#include <stdio.h>

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

static velum_status take_pages(velum_client *client, const approval_wish *wish, listing *all)
{
    int64_t from = 0;

    do {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(approval_fetch(client, wish, from, &page, &from));
        listing_take(all, page, add_row);
    } while (from != 0);
    return VELUM_OK;
}

static int run_list(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO_LISTING all = {.is_json = false};
    const approval_wish wish = {
        .activity = approval_activity(invocation),
        .state = invocation_has(invocation, "to-review") ? "to-review"
                                                         : invocation_value(invocation, "state"),
        .kind = invocation_value(invocation, "kind"),
    };

    listing_begin(&all, invocation, "approvals", columns, COLUMNS);
    if (session_open(invocation, &client) < 0 || take_pages(client, &wish, &all) < 0 ||
        listing_show(&all, "there are no such approvals") < 0) {
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
              "something sees their own with --activity, naming the one under which it was\n"
              "asked.",
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
