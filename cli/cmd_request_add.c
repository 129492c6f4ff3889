/* cli/cmd_request_add.c: velum request add: a letter, or somebody at the counter
 *
 * An identifier is asked for at the terminal: on a command line others on the machine would see it.
 */
#include "cli/commands.h"

#include "cli/place.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/terminal.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define DETAILS_BYTES_MAX 4096
#define BODY_BYTES_MAX 32768
#define LINE_BYTES_MAX 300

/* --- the identifier ----------------------------------------------------------------------------------- */

/* One line without its end; false at the end of the input or when it is too long. */
static bool read_line(char out[LINE_BYTES_MAX])
{
    if (fgets(out, LINE_BYTES_MAX, stdin) == NULL) {
        return false;
    }
    const size_t size = strcspn(out, "\r\n");
    const bool is_whole = out[size] != '\0';
    out[size] = '\0';
    return is_whole && size > 0;
}

/* At a terminal the value is not shown. */
static bool read_unseen(char out[LINE_BYTES_MAX])
{
    struct termios before;

    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return read_line(out);
    }
    struct termios unseen = before;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    const bool is_read = read_line(out);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputs("\n", stderr);
    return is_read;
}

static velum_status write_identifier(json_writer *json)
{
    char type[LINE_BYTES_MAX];
    char value[LINE_BYTES_MAX];

    (void)setvbuf(stdin, NULL, _IONBF, 0); /* no copy of the value stays in stdio */
    (void)fputs("Type (mobile, email, id_card, ext:NAME): ", stderr);
    if (!read_line(type)) {
        say("no type was given");
        return VELUM_E_INVALID;
    }
    (void)fputs("Value (not shown): ", stderr);
    if (!read_unseen(value)) {
        say("no value was given");
        return VELUM_E_INVALID;
    }
    json_name(json, "identifier");
    json_begin_object(json);
    json_member_string(json, "type", type);
    json_member_string(json, "value", value);
    json_end_object(json);
    mem_wipe(value, sizeof(value));
    return VELUM_OK;
}

/* --- the rest ----------------------------------------------------------------------------------------- */

static void write_list(const invocation *invocation, const char *option, const char *member,
                       json_writer *json)
{
    text rest = text_of(invocation_value(invocation, option));
    text name;

    if (rest.size == 0) {
        return;
    }
    json_name(json, member);
    json_begin_array(json);
    while (text_split(&rest, ',', &name)) {
        json_write_text(json, name);
    }
    json_end_array(json);
}

static velum_status write_details(const invocation *invocation, json_writer *json)
{
    VELUM_AUTO_BUFFER details = {0};
    const char *const path = invocation_value(invocation, "details-file");

    if (path == NULL) {
        return VELUM_OK;
    }
    buffer_init(&details, DETAILS_BYTES_MAX);
    const velum_status status = place_read_path(path, &details);
    if (status < 0) {
        say(status == VELUM_E_LIMIT ? "the file has more than 4096 bytes"
                                    : "the file cannot be read");
        return status;
    }
    json_member_text(json, "details", (text){(const char *)details.data, details.size});
    return VELUM_OK;
}

static velum_status write_person(const invocation *invocation, json_writer *json)
{
    if (invocation_has(invocation, "identifier-prompt")) {
        return write_identifier(json);
    }
    json_member_string(json, "subject", invocation->arguments[0]);
    return VELUM_OK;
}

static velum_status write_body(const invocation *invocation, buffer *out)
{
    const char *const received = invocation_value(invocation, "received");
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "right", invocation_value(invocation, "right"));
    VELUM_TRY(write_person(invocation, &json));
    if (received != NULL) {
        json_member_string(&json, "received", received);
    }
    write_list(invocation, "category", "categories", &json);
    write_list(invocation, "jurisdiction", "jurisdictions", &json);
    VELUM_TRY(write_details(invocation, &json));
    json_end_object(&json);
    if (buffer_status(out) < 0) {
        say("what was typed is no text that can be sent");
    }
    return buffer_status(out);
}

static velum_status show_added(const velum_answer *answer)
{
    VELUM_AUTO(json) *added = NULL;

    VELUM_TRY(json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &added, NULL));
    const json_value *const id = json_member(json_root(added), "request");
    const json_value *const state = json_member(json_root(added), "state");
    const json_value *const joined = json_member(json_root(added), "joined");
    if (id == NULL || state == NULL) {
        return VELUM_E_INVALID;
    }
    say("%.*s%s", (int)(json_text(state).size < 64 ? json_text(state).size : 64),
        json_text(state).data,
        joined != NULL && json_bool(joined) ? ": joined with the one that is open already" : "");
    return show_json(json_text(id));
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};

    if (!invocation_has(invocation, "right")) {
        return command_wrong(invocation->command, "--right says what is asked");
    }
    if (invocation_has(invocation, "identifier-prompt") == (invocation->argument_count == 1)) {
        return command_wrong(invocation->command, "say REF or --identifier-prompt");
    }
    buffer_init(&body, BODY_BYTES_MAX);
    if (write_body(invocation, &body) < 0) {
        return EXIT_REFUSED;
    }
    const session_request request = {.verb = VELUM_VERB_REQUEST_CREATE,
                                     .activity = invocation->command->activity,
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json")) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return show_added(answer) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_request_add = {
    .group = "request",
    .name = "add",
    .arguments = "[REF]",
    .arguments_min = 0,
    .arguments_max = 1,
    .has_data = true,
    .activity = "request-intake",
    .summary = "Take in a request that came by letter or over the counter",
    .detail = "The clock starts when it was received, up to 90 days back. Whoever takes it in\n"
              "does not decide it. Somebody who is not stored is named by an identifier, which\n"
              "is asked for. The request's id stands alone on stdout.",
    .options = {{"right", "R", "access, correct, delete, object-marketing …"},
                {"identifier-prompt", NULL, "ask for an identifier instead of REF"},
                {"received", "TIME", "when it arrived, such as 2026-11-02T09:00:00Z"},
                {"category", "C[,C]", "of a deletion: only these"},
                {"jurisdiction", "J[,J]", "under which law the person asks"},
                {"details-file", "FILE", "what the person wrote"},
                {"json", NULL, "the answer as JSON"}},
    .run = run,
};
