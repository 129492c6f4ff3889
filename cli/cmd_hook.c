/* cli/cmd_hook.c: velum hook list, velum hook secret NAME */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define ACTIVITY "administration"
#define NAME_BYTES_MAX 64

static const show_column columns[] = {
    {"HOOK", "hook", SHOW_PLAIN},        {"EVENT", "event", SHOW_PLAIN},
    {"STATE", "state", SHOW_STATE},      {"ATTEMPTS", "attempts", SHOW_NUMBER},
    {"ANSWERED", "status", SHOW_NUMBER}, {"SINCE", "at", SHOW_TIME},
    {"NEXT", "due", SHOW_TIME},          {"ID", "id", SHOW_PLAIN},
};

static int run_list(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *list = NULL;
    const session_request request = {.verb = VELUM_VERB_HOOK_LIST};

    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &list, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    const velum_status shown =
        show_rows(json_member(json_root(list), "hooks"), columns,
                  sizeof(columns) / sizeof(columns[0]), "no webhook waits and none failed");
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run_secret(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    json_writer out;
    const text name = text_of(invocation->arguments[0]);

    if (name.size == 0 || name.size > NAME_BYTES_MAX || !utf8_is_printable(name)) {
        return command_wrong(invocation->command, "NAME is that of a hook of the policy");
    }
    buffer_init(&body, 4 * NAME_BYTES_MAX);
    json_writer_init(&out, &body);
    json_begin_object(&out);
    json_member_text(&out, "hook", name);
    json_end_object(&out);
    const session_request request = {.verb = VELUM_VERB_HOOK_SECRET,
                                     .body = {(const char *)body.data, body.size}};
    if (buffer_status(&body) < 0 || session_open(invocation, &client) < 0 ||
        session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *const shown = json_member(json_root(answer), "secret");
    const text secret = shown == NULL ? TEXT_EMPTY : json_text(shown);
    return show_bytes(secret.data, secret.size) < 0 || show_bytes("\n", 1) < 0 ? EXIT_REFUSED
                                                                               : EXIT_DONE;
}

const command command_hook_list = {
    .group = "hook",
    .name = "list",
    .arguments = "",
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Webhooks that wait, are under way, or were given up",
    .detail = "A webhook that fails is tried again for about three days, later each time.\n"
              "What was given up is shown for 30 days; NEXT is then when it is forgotten.",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run_list,
};

const command command_hook_secret = {
    .group = "hook",
    .name = "secret",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "The secret by which a receiver knows the gate's webhooks",
    .detail = "Printed as whsec_…, which libraries for Standard Webhooks take. It is made\n"
              "from the folder's keys and the hook's name, and stands nowhere; the log\n"
              "records who saw it. A hook of another name has another secret.",
    .run = run_secret,
};
