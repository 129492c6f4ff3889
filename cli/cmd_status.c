/* cli/cmd_status.c: velum status */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

/* What to do where the gate is not ready, by its reason (velum_gate_health). */
static const char *const remedies[][2] = {
    {"no-policy", "`velum policy apply DIR` puts a policy in force."},
    {"clock-behind", "Set the machine's clock; when it is right, `velum clock accept`."},
    {"journal-unwritable", "Is the disk full, or the audit folder not writable?"},
};

static void say_remedy(const json_value *status)
{
    const json_value *reason = json_member(status, "reason");

    for (size_t i = 0; reason != NULL && i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        if (text_equal_literal(json_text(reason), remedies[i][0])) {
            say_more("%s", remedies[i][1]);
        }
    }
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *status = NULL;
    const session_request request = {.verb = VELUM_VERB_STATUS};

    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &status, NULL) < 0) {
        say("the gate's answer cannot be read");
        return EXIT_REFUSED;
    }
    const json_value *ready = json_member(json_root(status), "ready");
    const bool is_ready = ready == NULL || json_kind_of(ready) != JSON_BOOL || json_bool(ready);
    const velum_status shown = invocation_has(invocation, "json") ? show_json(session_body(answer))
                                                                  : show_pairs(json_root(status));
    if (!invocation_has(invocation, "json")) {
        say_more(velum_client_is_remote(client) ? "velumd holds this folder."
                                                : "No velumd holds this folder.");
    }
    if (!is_ready) {
        say_remedy(json_root(status));
    }
    return shown == VELUM_OK && is_ready ? EXIT_DONE : EXIT_REFUSED;
}

const command command_status = {
    .name = "status",
    .arguments = "",
    .has_data = true,
    .activity = "administration",
    .summary = "Whether the gate is ready, and how much it holds",
    .detail = "Ends with 1 when the gate is not ready.",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run,
};
