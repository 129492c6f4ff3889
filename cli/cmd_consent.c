/* cli/cmd_consent.c: velum consent list|give|withdraw */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define ACTIVITY "consent-capture"
#define BODY_BYTES_MAX 4096

static int run_list(const invocation *invocation)
{
    static const show_column columns[] = {
        {"PURPOSE", "purpose", SHOW_PLAIN},  {"STATE", "state", SHOW_STATE},
        {"VERSION", "version", SHOW_NUMBER}, {"CURRENT", "current", SHOW_PLAIN},
        {"SINCE", "at", SHOW_TIME},          {"EXPIRES", "expires", SHOW_TIME},
        {"GRADE", "grade", SHOW_PLAIN},
    };
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *consents = NULL;
    const session_request request = {
        .verb = VELUM_VERB_CONSENT_LIST, .activity = ACTIVITY, .ref = invocation->arguments[0]};

    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &consents, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    const velum_status shown =
        show_rows(json_member(json_root(consents), "consents"), columns,
                  sizeof(columns) / sizeof(columns[0]), "No consent is recorded.");
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* The body of a change; false when a value is no text that can be sent, which has been said. */
static bool write_body(const invocation *invocation, const char *state, buffer *out)
{
    const char *language = invocation_value(invocation, "language");
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "purpose", invocation_value(invocation, "purpose"));
    json_member_string(&json, "state", state);
    if (language != NULL) {
        json_member_string(&json, "language", language);
    }
    json_end_object(&json);
    if (buffer_status(out) < 0) {
        (void)command_wrong(invocation->command, "purpose and language are short names");
        return false;
    }
    return true;
}

static int put(const invocation *invocation, const char *state)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER body;

    buffer_init(&body, BODY_BYTES_MAX);
    if (!invocation_has(invocation, "purpose")) {
        return command_wrong(invocation->command, "for which purpose? Name it with --purpose");
    }
    if (!write_body(invocation, state, &body)) {
        return EXIT_USAGE;
    }
    const session_request request = {.verb = VELUM_VERB_CONSENT_PUT,
                                     .activity = ACTIVITY,
                                     .ref = invocation->arguments[0],
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    say("recorded: the consent is %s", state);
    return EXIT_DONE;
}

static int run_give(const invocation *invocation)
{
    return put(invocation, "given");
}

static int run_withdraw(const invocation *invocation)
{
    return put(invocation, "withdrawn");
}

const command command_consent_list = {
    .group = "consent",
    .name = "list",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "The consents of a customer",
    .detail = "REF is the customer's reference in your domain, or DOMAIN:REF.",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run_list,
};

const command command_consent_give = {
    .group = "consent",
    .name = "give",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Record that a customer consents to a purpose",
    .detail = "The consent is recorded for the purpose's present version and notice.",
    .options = {{"purpose", "PURPOSE", "for what; `velum policy show` lists them"},
                {"language", "LANG", "of the notice that was shown, such as zh"}},
    .run = run_give,
};

const command command_consent_withdraw = {
    .group = "consent",
    .name = "withdraw",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Record that a customer withdraws a consent",
    .detail = "From the answer on, nothing that rests on the consent is disclosed.",
    .options = {{"purpose", "PURPOSE", "for what; `velum policy show` lists them"},
                {"language", "LANG", "of the notice that was shown, such as zh"}},
    .run = run_withdraw,
};
