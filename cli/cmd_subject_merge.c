/* cli/cmd_subject_merge.c: velum subject merge REF WITH, velum subject unmerge REF */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/say.h"
#include "cli/session.h"

#include <stdio.h>

#define BODY_BYTES_MAX 1024

typedef struct act {
    uint32_t verb;
    const char *with; /* NULL: none */
    const char *counted;
} act;

static velum_status write_body(const act *act, const char *approval, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    if (act->with != NULL) {
        json_member_string(&json, "with", act->with);
    }
    if (approval != NULL) {
        json_member_string(&json, "approval", approval);
    }
    json_end_object(&json);
    if (buffer_status(out) < 0) {
        say("what was typed is no text that can be sent");
    }
    return buffer_status(out);
}

/* What others are asked to agree to. */
static int ask_others(const invocation *invocation, velum_client *client, const act *act)
{
    VELUM_AUTO_BUFFER body = {0};
    json_writer json;

    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&json, &body);
    json_begin_object(&json);
    json_member_string(&json, "kind", act->with != NULL ? "link" : "unmerge");
    json_member_string(&json, "subject", invocation->arguments[0]);
    if (act->with != NULL) {
        json_name(&json, "refs");
        json_begin_array(&json);
        json_write_text(&json, text_of(act->with));
        json_end_array(&json);
    }
    json_end_object(&json);
    return approval_ask_others(client, invocation_value(invocation, "activity"), &body);
}

/* The reference that counts afterwards stands alone on stdout. */
static int run(const invocation *invocation, const act *act)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};

    if (!invocation_has(invocation, "activity")) {
        return command_wrong(invocation->command,
                             "--activity is needed: one that may update customers");
    }
    buffer_init(&body, BODY_BYTES_MAX);
    if (write_body(act, invocation_value(invocation, "approval"), &body) < 0 ||
        session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "ask")) {
        return ask_others(invocation, client, act);
    }
    const session_request request = {.verb = act->verb,
                                     .activity = invocation_value(invocation, "activity"),
                                     .ref = invocation->arguments[0],
                                     .body = {(const char *)body.data, body.size}};
    if (session_ask_json(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    const json_value *const root = json_root(answer);
    const json_value *const count = json_member(root, act->counted);
    const text ref = json_text(json_member(root, "subject"));
    say("%s: %lld", act->counted, (long long)(count == NULL ? 0 : json_integer(count)));
    (void)printf("%.*s\n", (int)ref.size, ref.data);
    return EXIT_DONE;
}

static int run_merge(const invocation *invocation)
{
    const act act = {VELUM_VERB_SUBJECT_MERGE, invocation->arguments[1], "merged"};

    return run(invocation, &act);
}

static int run_unmerge(const invocation *invocation)
{
    const act act = {VELUM_VERB_SUBJECT_UNMERGE, NULL, "unmerged"};

    return run(invocation, &act);
}

const command command_subject_merge = {
    .group = "subject",
    .name = "merge",
    .arguments = "REF WITH",
    .arguments_min = 2,
    .arguments_max = 2,
    .has_data = true,
    .summary = "Two records are one customer: the stricter of both counts",
    .detail = "REF stays, WITH joins it; no data moves. What one of them forbids is forbidden\n"
              "to both until the customer says otherwise, and erasing one erases both. Prints\n"
              "the reference that stays. Where the policy wants others to agree, --ask comes\n"
              "first. The gate runs it under the activity that --activity names.",
    .options = {{"activity", "NAME", "the activity under which it is done"},
                {"ask", NULL, "ask others to agree to this; prints the approval"},
                {"approval", "ID", "of others, where they must agree"}},
    .run = run_merge,
};

const command command_subject_unmerge = {
    .group = "subject",
    .name = "unmerge",
    .arguments = "REF",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .summary = "They are not one after all: each counts by itself again",
    .detail = "The last two part, and all where REF is the one that stayed. Where the policy\n"
              "wants others to agree, --ask comes first. The gate runs it under the activity\n"
              "that --activity names.",
    .options = {{"activity", "NAME", "the activity under which it is done"},
                {"ask", NULL, "ask others to agree to this; prints the approval"},
                {"approval", "ID", "of others, where they must agree"}},
    .run = run_unmerge,
};
