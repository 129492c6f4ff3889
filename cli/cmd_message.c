/* cli/cmd_message.c: velum message list and show */
#include "cli/commands.h"

#include "cli/listing.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define ACTIVITY "audit"
#define BODY_BYTES_MAX 1024
#define ID_DIGITS 32
#define SHORT_DIGITS 8 /* of an id, as the table shows it */
#define TYPED_DIGITS_MIN 4
#define PAGES_SEARCHED 50 /* for an id that was typed in part */

typedef struct message_wish {
    const char *state; /* NULL: any */
    const char *reason;
    const char *module;
} message_wish;

static text text_in(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

/* --- pages ---------------------------------------------------------------------------------------- */

static velum_status write_wish(const message_wish *wish, int64_t from, buffer *out)
{
    const char *const names[] = {"state", "reason", "module"};
    const char *const values[] = {wish->state, wish->reason, wish->module};
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (values[i] != NULL) {
            json_member_string(&json, names[i], values[i]);
        }
    }
    if (from != 0) {
        json_member_integer(&json, "from", from);
    }
    json_end_object(&json);
    return buffer_status(out);
}

/* One page; `*from` becomes where the next begins, 0 at the end. */
static velum_status fetch(velum_client *client, const message_wish *wish, int64_t *from, json **out)
{
    VELUM_AUTO_BUFFER body = {0};

    buffer_init(&body, BODY_BYTES_MAX);
    if (write_wish(wish, *from, &body) < 0) {
        say("states, reasons and modules are short names");
        return VELUM_E_INVALID;
    }
    const session_request request = {.verb = VELUM_VERB_MESSAGE_LIST,
                                     .activity = ACTIVITY,
                                     .body = {(const char *)body.data, body.size}};
    VELUM_TRY(session_ask_json(client, &request, out));
    const json_value *const next = json_member(json_root(*out), "next");
    *from = next == NULL ? 0 : json_integer(next);
    return VELUM_OK;
}

/* --- list ----------------------------------------------------------------------------------------- */

static const table_column columns[] = {
    {"ID", false},       {"STATE", false}, {"REASON", false},
    {"TEMPLATE", false}, {"ASKED", false}, {"CUSTOMER", false},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static colour colour_of(text state)
{
    if (text_equal_literal(state, "sent")) {
        return COLOUR_GOOD;
    }
    if (text_equal_literal(state, "unknown") || text_equal_literal(state, "taken")) {
        return COLOUR_DOUBT;
    }
    return text_equal_literal(state, "failed") ? COLOUR_BAD : COLOUR_NONE;
}

static text at_most(text words, size_t size)
{
    return (text){words.data, words.size < size ? words.size : size};
}

static void add_row(table *table, const json_value *row)
{
    const text state = text_in(row, "state");

    table_add(table, at_most(text_in(row, "id"), SHORT_DIGITS), COLOUR_NONE);
    table_add(table, state, colour_of(state));
    table_add(table, text_in(row, "reason"), COLOUR_NONE);
    table_add(table, text_in(row, "template"), COLOUR_NONE);
    table_add(table, at_most(text_in(row, "asked"), 10), COLOUR_NONE);
    table_add(table, text_in(row, "ref"), COLOUR_NONE);
}

static velum_status take_pages(velum_client *client, const message_wish *wish, listing *all)
{
    int64_t from = 0;

    do {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(fetch(client, wish, &from, &page));
        listing_take(all, page, add_row);
    } while (from != 0);
    return VELUM_OK;
}

static int run_list(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO_LISTING all = {.is_json = false};
    const message_wish wish = {
        .state = invocation_value(invocation, "state"),
        .reason = invocation_value(invocation, "reason"),
        .module = invocation_value(invocation, "module"),
    };

    listing_begin(&all, invocation, "messages", columns, COLUMNS);
    if (session_open(invocation, &client) < 0 || take_pages(client, &wish, &all) < 0 ||
        listing_show(&all, "there are no such messages") < 0) {
        return EXIT_REFUSED;
    }
    return EXIT_DONE;
}

/* --- show ----------------------------------------------------------------------------------------- */

static bool is_hex(text typed)
{
    for (size_t i = 0; i < typed.size; i++) {
        if (memchr("0123456789abcdef", typed.data[i], 16) == NULL) {
            return false;
        }
    }
    return typed.size >= TYPED_DIGITS_MIN && typed.size <= ID_DIGITS;
}

static uint32_t match_page(const json *page, text typed, char out[ID_DIGITS + 1])
{
    const json_value *const rows = json_member(json_root(page), "messages");
    uint32_t found = 0;

    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        const text id = text_in(json_at(rows, i), "id");
        if (id.size == ID_DIGITS && memcmp(id.data, typed.data, typed.size) == 0) {
            memcpy(out, id.data, ID_DIGITS);
            found++;
        }
    }
    return found;
}

/* The whole id of what was typed. What is wrong has been said. */
static velum_status find_id(velum_client *client, const char *typed, char out[ID_DIGITS + 1])
{
    static const message_wish all = {.state = NULL};
    const text digits = text_of(typed);
    uint32_t found = 0;
    int64_t from = 0;

    if (!is_hex(digits)) {
        say("an id is 32 hex digits, or the first of them: `velum message list` shows 8");
        return VELUM_E_INVALID;
    }
    memset(out, 0, ID_DIGITS + 1);
    if (digits.size == ID_DIGITS) {
        memcpy(out, digits.data, ID_DIGITS);
        return VELUM_OK;
    }
    for (uint32_t page_count = 0; page_count < PAGES_SEARCHED; page_count++) {
        VELUM_AUTO(json) *page = NULL;
        VELUM_TRY(fetch(client, &all, &from, &page));
        found += match_page(page, digits, out);
        if (from == 0) {
            break;
        }
    }
    if (found != 1) {
        say(found == 0 ? "none of the newest messages has an id that begins so"
                       : "more than one message has an id that begins so: type more of it");
        return VELUM_E_NOTFOUND;
    }
    return VELUM_OK;
}

static int run_show(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *message = NULL;
    char id[ID_DIGITS + 1];

    if (session_open(invocation, &client) < 0 ||
        find_id(client, invocation->arguments[0], id) < 0) {
        return EXIT_REFUSED;
    }
    const session_request request = {
        .verb = VELUM_VERB_MESSAGE_GET, .activity = ACTIVITY, .ref = id};
    if (session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &message, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return show_pairs(json_root(message)) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_message_list = {
    .group = "message",
    .name = "list",
    .arguments = "",
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Messages to customers: who got one, who did not, and why",
    .detail = "Newest first. What was skipped says why, such as a consent that is missing.\n"
              "Neither an address nor a text: a message has both only while it is handed out.",
    .options = {{"state", "STATE", "queued, taken, sent, failed, unknown, skipped"},
                {"reason", "REASON", "consent-missing, cap-reached, no-address …"},
                {"module", "MODULE", "of this module alone"},
                {"json", NULL, "the answer as JSON"}},
    .run = run_list,
};

const command command_message_show = {
    .group = "message",
    .name = "show",
    .arguments = "ID",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "One message: its state, its purpose, and why it was skipped",
    .detail = "ID may be the first digits of one.",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run_show,
};
