/* cli/cmd_policy_apply.c: velum policy apply DIR */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/say.h"
#include "cli/session.h"

/* The packed folder, freed by its maker's function. */
typedef struct packed {
    char *data;
    size_t size;
} packed;

static void packed_clear(packed *self)
{
    velum_body_free(self->data);
}

static void say_finding(void *context, bool is_error, const char *file, uint32_t line,
                        const char *message)
{
    (void)context;
    if (is_error) {
        say_more("%s:%u: %s", file, line, message);
    }
}

static bool compiles(velum_string folder)
{
    velum_error err = {0};
    char hash[65];
    const velum_status status = velum_policy_check(folder, say_finding, NULL, hash, &err);

    if (status < 0) {
        session_say_error("the policy was not applied", status, &err);
        say_more("`velum policy check` tells every finding.");
    }
    return status == VELUM_OK;
}

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
    __attribute__((cleanup(packed_clear))) packed bundle = {0};
    const velum_string folder = string_of(text_of(invocation->arguments[0]));
    velum_error err = {0};

    if (!compiles(folder)) {
        return EXIT_REFUSED;
    }
    const velum_status status = velum_policy_pack(folder, &bundle.data, &bundle.size, &err);
    if (status < 0) {
        session_say_error("the policy folder cannot be read", status, &err);
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
