/* cli/cmd_policy_activate.c: velum policy activate and rollback */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/moment.h"
#include "cli/policy_changes.h"
#include "cli/say.h"

#include <stdio.h>

#define BODY_BYTES_MAX 512

static int show_state(const json *answer)
{
    const json_value *const root = json_root(answer);
    const text hash = approval_text(root, "policy");
    const text state = approval_text(root, "state");
    const text activates = approval_text(root, "activates");

    (void)printf("%.*s\n", (int)hash.size, hash.data);
    if (text_equal_literal(state, "in-force")) {
        say("the policy is in force");
    } else if (text_equal_literal(state, "scheduled")) {
        say("the policy will be in force from %.*s on", (int)activates.size, activates.data);
    } else {
        say("proposed; others must agree first: velum policy approve, then the same again");
    }
    return EXIT_DONE;
}

static velum_status ask(velum_client *client, uint32_t verb, const buffer *body, json **out)
{
    const session_request request = {.verb = verb, .body = {(const char *)body->data, body->size}};

    return session_ask_json(client, &request, out);
}

static int run_activate(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    char hash[POLICY_HASH_DIGITS + 1];
    char at[TIME_TEXT_BYTES];
    json_writer json;

    if (!moment_read(invocation, "at", at)) {
        return EXIT_USAGE;
    }
    if (session_open(invocation, &client) < 0 ||
        policy_find_hash(client, invocation->arguments[0], hash) < 0) {
        return EXIT_REFUSED;
    }
    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    json_member_string(&json, "policy", hash);
    if (at[0] != '\0') {
        json_member_string(&json, "at", at);
    }
    json_end_object(&json);
    if (buffer_status(&body) < 0 || ask(client, VELUM_VERB_POLICY_ACTIVATE, &body, &answer) < 0) {
        return EXIT_REFUSED;
    }
    return show_state(answer);
}

static int run_rollback(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    char hash[POLICY_HASH_DIGITS + 1];
    json_writer json;

    if (session_open(invocation, &client) < 0 ||
        (invocation->argument_count > 0 &&
         policy_find_hash(client, invocation->arguments[0], hash) < 0)) {
        return EXIT_REFUSED;
    }
    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    if (invocation->argument_count > 0) {
        json_member_string(&json, "to", hash);
    }
    json_end_object(&json);
    if (buffer_status(&body) < 0 || ask(client, VELUM_VERB_POLICY_ROLLBACK, &body, &answer) < 0) {
        return EXIT_REFUSED;
    }
    return show_state(answer);
}

const command command_policy_activate = {
    .group = "policy",
    .name = "activate",
    .arguments = "HASH",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "Put a proposed policy in force, now or at a time",
    .detail = "By who proposed it, once enough others have agreed; their agreement is used up\n"
              "by that. HASH may be the first digits of it. TIME is YYYY-MM-DD or RFC 3339,\n"
              "within a year.",
    .options = {{"at", "TIME", "not before this time"}},
    .run = run_activate,
};

const command command_policy_rollback = {
    .group = "policy",
    .name = "rollback",
    .arguments = "[HASH]",
    .arguments_min = 0,
    .arguments_max = 1,
    .has_data = true,
    .activity = "administration",
    .summary = "Put an earlier policy in force again",
    .detail = "Without HASH the one before. Where others must agree to a policy they must agree\n"
              "to this, too: the first call proposes it, the next one, after they have, puts it\n"
              "in force.",
    .run = run_rollback,
};
