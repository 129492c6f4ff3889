/* cli/cmd_policy_apply.c: velum policy apply DIR */
#include "cli/commands.h"

#include "cli/policy_changes.h"
#include "cli/say.h"

#include <stdio.h>

static void report(const json *answer)
{
    const json_value *hash = json_member(json_root(answer), "policy");
    const json_value *changed = json_member(json_root(answer), "changed");
    const bool is_same =
        changed != NULL && json_kind_of(changed) == JSON_BOOL && !json_bool(changed);
    const text shown = hash == NULL ? TEXT_EMPTY : json_text(hash);

    say(is_same ? "this policy was in force already" : "the policy is in force");
    (void)printf("%.*s\n", (int)shown.size, shown.data);
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_PACKED bundle = {0};

    if (policy_pack_folder(invocation->arguments[0], &bundle) < 0) {
        return EXIT_REFUSED;
    }
    const session_request request = {.verb = VELUM_VERB_POLICY_APPLY,
                                     .body = {bundle.data, bundle.size}};
    if (session_open(invocation, &client) < 0 || session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    report(answer);
    return EXIT_DONE;
}

const command command_policy_apply = {
    .group = "policy",
    .name = "apply",
    .arguments = "DIR",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "Put a policy folder in force",
    .detail = "Compiles the folder first and applies nothing when there is an error. From the\n"
              "answer on, every decision rests on the new policy; the log names its hash,\n"
              "which is printed.",
    .run = run,
};
