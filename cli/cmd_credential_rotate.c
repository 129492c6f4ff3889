/* cli/cmd_credential_rotate.c: velum credential rotate NAME */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define BODY_BYTES_MAX 4096
#define OVERLAP_HOURS_MAX 168

static void write_body(const invocation *invocation, uint64_t hours, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "name", invocation->arguments[0]);
    if (invocation_has(invocation, "overlap")) {
        json_member_integer(&json, "overlap_hours", (int64_t)hours);
    }
    json_end_object(&json);
}

static int show_token(const json *answer)
{
    const json_value *token = json_member(json_root(answer), "token");
    const json_value *until = json_member(json_root(answer), "old_until");
    const text end = until == NULL ? TEXT_EMPTY : json_text(until);

    if (token == NULL || show_json(json_text(token)) < 0) {
        return EXIT_REFUSED;
    }
    say("rotated. The token is shown this once; the old one serves until %.*s",
        (int)(end.size < 40 ? end.size : 40), end.data);
    return EXIT_DONE;
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    uint64_t hours = 0;

    buffer_init(&body, BODY_BYTES_MAX);
    if (!invocation_number(invocation, "overlap", OVERLAP_HOURS_MAX, &hours)) {
        return EXIT_USAGE;
    }
    write_body(invocation, hours, &body);
    if (buffer_status(&body) < 0) {
        return command_wrong(invocation->command, "a name is 1-64 of a-z 0-9 . _ -");
    }
    const session_request request = {.verb = VELUM_VERB_CREDENTIAL_ROTATE,
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    return show_token(answer);
}

const command command_credential_rotate = {
    .group = "credential",
    .name = "rotate",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "Give a credential a new token",
    .detail = "The old token serves a while longer, so that the service can be changed over.\n"
              "Rotating again before that ends the older one at once; revoking ends both. The\n"
              "new token stands alone on stdout.",
    .options = {{"overlap", "HOURS", "how long the old one serves: 0 to 168, else 24"}},
    .run = run,
};
