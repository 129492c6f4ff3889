/* cli/cmd_credential.c: velum credential list|revoke|customer */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define BODY_BYTES_MAX 4096

static int run_list(const invocation *invocation)
{
    static const show_column columns[] = {
        {"NAME", "name", SHOW_PLAIN},
        {"KIND", "kind", SHOW_PLAIN},
        {"STATE", "", SHOW_LIFE},
        {"DOMAIN", "domain", SHOW_PLAIN},
        {"ROLES", "roles", SHOW_PLAIN},
        {"ACTIVITIES", "activities", SHOW_PLAIN},
        {"STORE", "store_bound", SHOW_FLAG},
        {"UID", "uid", SHOW_PLAIN},
        {"EXPIRES", "expires", SHOW_TIME},
    };
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *list = NULL;
    const session_request request = {.verb = VELUM_VERB_CREDENTIAL_LIST};

    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &list, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    const velum_status shown =
        show_rows(json_member(json_root(list), "credentials"), columns,
                  sizeof(columns) / sizeof(columns[0]), "There are no credentials.");
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run_revoke(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER body;
    json_writer json;

    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    json_member_string(&json, "name", invocation->arguments[0]);
    json_end_object(&json);
    if (buffer_status(&body) < 0) {
        return command_wrong(invocation->command, "a name is 1-64 of a-z 0-9 . _ -");
    }
    const session_request request = {.verb = VELUM_VERB_CREDENTIAL_REVOKE,
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    say("revoked: its token opens nothing from now on");
    return EXIT_DONE;
}

static int run_customer(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    const session_request request = {.verb = VELUM_VERB_CREDENTIAL_CUSTOMER,
                                     .ref = invocation->arguments[0]};

    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *token = json_member(json_root(answer), "token");
    const json_value *expires = json_member(json_root(answer), "expires");
    if (token == NULL || show_json(json_text(token)) < 0) {
        return EXIT_REFUSED;
    }
    const text until = expires == NULL ? TEXT_EMPTY : json_text(expires);
    say("a token of this one customer%s%.*s", until.size == 0 ? "" : ", until ",
        (int)(until.size < 40 ? until.size : 40), until.data);
    return EXIT_DONE;
}

const command command_credential_list = {
    .group = "credential",
    .name = "list",
    .arguments = "",
    .has_data = true,
    .activity = "administration",
    .summary = "Who may come, for what",
    .detail = "",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run_list,
};

const command command_credential_revoke = {
    .group = "credential",
    .name = "revoke",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "Take a credential back, for good",
    .detail = "Its name stays taken, so that the log keeps its meaning.",
    .run = run_revoke,
};

const command command_credential_customer = {
    .group = "credential",
    .name = "customer",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "A token of one customer, for 15 minutes",
    .detail = "For the customer's own page: it reads what is held of this one customer and\n"
              "changes their consents. The token stands alone on stdout. REF may be\n"
              "DOMAIN:REF.",
    .run = run_customer,
};
