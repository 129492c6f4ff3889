/* cli/cmd_policy_show.c: velum policy show */
#include "cli/commands.h"

#include "cli/session.h"
#include "cli/show.h"

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *policy = NULL;
    const session_request request = {.verb = VELUM_VERB_POLICY_SHOW};

    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &policy, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return show_pairs(json_root(policy)) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_policy_show = {
    .group = "policy",
    .name = "show",
    .arguments = "",
    .has_data = true,
    .activity = "administration",
    .summary = "The policy in force: its hash, activities, purposes and roles",
    .detail = "",
    .options = {{"json", NULL, "the answer as JSON"}},
    .run = run,
};
