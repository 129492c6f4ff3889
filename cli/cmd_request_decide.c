/* cli/cmd_request_decide.c: velum request verify, approve, deny, extend, fulfil, answer, task
 *
 * Each looks at the request first and names the version that it saw, so that of two people who decide
 * at once the second is told.
 */
#include "cli/commands.h"

#include "cli/cmd_request_rows.h"
#include "cli/place.h"
#include "cli/say.h"

#define WORDS_BYTES_MAX 4096
#define BODY_BYTES_MAX 32768

/* What a command adds to {act, version}. */
typedef struct decision {
    const invocation *invocation;
    const char *act;
    const char *text_option; /* names a file whose text is the member below; NULL: none */
    const char *text_member;
    const char *members[3][2]; /* option or argument's value, by member; NULL ends it */
} decision;

/* Line ends at the end are the editor's. */
static velum_status read_words(const char *path, buffer *out)
{
    const velum_status status = place_read_path(path, out);

    if (status < 0) {
        say(status == VELUM_E_LIMIT ? "the file has more than 4096 bytes"
                                    : "the file cannot be read");
        return status;
    }
    while (out->size > 0 &&
           (out->data[out->size - 1] == '\n' || out->data[out->size - 1] == '\r')) {
        out->size--;
    }
    if (out->size == 0) {
        say("the file is empty");
        return VELUM_E_INVALID;
    }
    return VELUM_OK;
}

static velum_status write_words(const decision *self, json_writer *json)
{
    VELUM_AUTO_BUFFER words = {0};
    const char *const path =
        self->text_option == NULL ? NULL : invocation_value(self->invocation, self->text_option);

    if (path == NULL) {
        return VELUM_OK;
    }
    buffer_init(&words, WORDS_BYTES_MAX);
    VELUM_TRY(read_words(path, &words));
    json_member_text(json, self->text_member, (text){(const char *)words.data, words.size});
    return VELUM_OK;
}

static velum_status write_body(const decision *self, int64_t version, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "act", self->act);
    json_member_integer(&json, "version", version);
    for (size_t i = 0; i < 3 && self->members[i][0] != NULL; i++) {
        if (self->members[i][1] != NULL) {
            json_member_string(&json, self->members[i][0], self->members[i][1]);
        }
    }
    VELUM_TRY(write_words(self, &json));
    json_end_object(&json);
    if (buffer_status(out) < 0) {
        say("what was typed is no text that can be sent");
    }
    return buffer_status(out);
}

static velum_status read_version(velum_client *client, const char *id, int64_t *out)
{
    VELUM_AUTO(json) *shown = NULL;
    const session_request request = {.verb = VELUM_VERB_REQUEST_SHOW, .ref = id};

    VELUM_TRY(session_ask_json(client, &request, &shown));
    const json_value *const version = json_member(json_root(shown), "version");
    *out = version == NULL ? 0 : json_integer(version);
    return VELUM_OK;
}

static void say_outcome(const json *answer)
{
    const json_value *const state = json_member(json_root(answer), "state");
    const json_value *const until = json_member(json_root(answer), "cool_down_until");
    const text word = state == NULL ? TEXT_EMPTY : json_text(state);

    if (until != NULL && json_text(until).size >= 10) {
        say("%.*s: can be cancelled until %.10s", (int)word.size, word.data, json_text(until).data);
        return;
    }
    say("%.*s", (int)(word.size < 64 ? word.size : 64), word.data);
}

static velum_status decide(const decision *self, velum_client *client)
{
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    char id[REQUEST_ID_DIGITS + 1];
    int64_t version = 0;

    buffer_init(&body, BODY_BYTES_MAX);
    VELUM_TRY(request_find_id(client, self->invocation->arguments[0], id));
    VELUM_TRY(read_version(client, id, &version));
    VELUM_TRY(write_body(self, version, &body));
    const session_request request = {
        .verb = VELUM_VERB_REQUEST_DECIDE, .ref = id, .body = {(const char *)body.data, body.size}};
    VELUM_TRY(session_ask_json(client, &request, &answer));
    say_outcome(answer);
    return VELUM_OK;
}

static int run(const decision *self)
{
    VELUM_AUTO(velum_client) *client = NULL;

    if (session_open(self->invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    return decide(self, client) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run_verify(const invocation *invocation)
{
    const char *const method = invocation_value(invocation, "method");
    const decision made = {invocation, "verify", .members = {{"method", method}}};

    if (method == NULL) {
        return command_wrong(invocation->command, "--method says how the person was verified");
    }
    return run(&made);
}

static int run_approve(const invocation *invocation)
{
    const decision made = {invocation, "approve",
                           .members = {{"approval", invocation_value(invocation, "approval")}}};

    return run(&made);
}

static int run_deny(const invocation *invocation)
{
    const char *const reason = invocation_value(invocation, "reason");
    const decision made = {invocation, "deny", "note-file", "note", {{"reason", reason}}};

    if (reason == NULL) {
        return command_wrong(invocation->command, "a refusal needs a --reason");
    }
    return run(&made);
}

static int run_extend(const invocation *invocation)
{
    const decision made = {invocation, "extend", "details-file", "details", {{NULL}}};

    if (!invocation_has(invocation, "details-file")) {
        return command_wrong(invocation->command, "an extension needs --details-file");
    }
    return run(&made);
}

static int run_fulfil(const invocation *invocation)
{
    const decision made = {invocation, "fulfil", "note-file", "note", {{NULL}}};

    return run(&made);
}

static int run_answer(const invocation *invocation)
{
    const decision made = {invocation, "answer", "note-file", "note", {{NULL}}};

    if (!invocation_has(invocation, "note-file")) {
        return command_wrong(invocation->command, "an answer needs --note-file");
    }
    return run(&made);
}

static int run_task(const invocation *invocation)
{
    const decision made = {invocation, "task",
                           .members = {{"processor", invocation->arguments[1]},
                                       {"state", invocation->arguments[2]},
                                       {"error", invocation_value(invocation, "error")}}};

    return run(&made);
}

#define DECISION_COMMAND(action)                                                 \
    .group = "request", .name = (action), .arguments = "ID", .arguments_min = 1, \
    .arguments_max = 1, .has_data = true, .activity = "requests"

const command command_request_verify = {
    DECISION_COMMAND("verify"),
    .summary = "The person who asks was verified",
    .detail = "What needs no officer (restrict, withdraw …) is done at once. A one-time code\n"
              "proves a number, not a person.",
    .options = {{"method", "M", "document, in-store-id, account, second-fact, video …"}},
    .run = run_verify,
};

const command command_request_approve = {
    DECISION_COMMAND("approve"),
    .summary = "Agree to a request; a deletion begins when its cool-down is over",
    .detail = "Until then the customer can cancel it. Recipients are asked to follow.",
    .options = {{"approval", "ID", "the approval, where others must agree"}},
    .run = run_approve,
};

const command command_request_deny = {
    DECISION_COMMAND("deny"),
    .summary = "Refuse a request, with a reason",
    .detail = "Reasons: suspected_fraud, insuf_verification, no_match, claim_not_covered,\n"
              "outside_jurisdiction, too_many_requests, other. The person reads the note.",
    .options = {{"reason", "R", "why"}, {"note-file", "FILE", "what the person is told"}},
    .run = run_deny,
};

const command command_request_extend = {
    DECISION_COMMAND("extend"),
    .summary = "Take more time, once, and say why",
    .detail = "Only within the term of the law, and never beyond its limit.",
    .options = {{"details-file", "FILE", "what the person is told"}},
    .run = run_extend,
};

const command command_request_fulfil = {
    DECISION_COMMAND("fulfil"),
    .summary = "What was asked is done",
    .detail = "For access, copies, corrections, explanations. Deletions and restrictions are\n"
              "fulfilled by what they do.",
    .options = {{"note-file", "FILE", "what the person is told"}},
    .run = run_fulfil,
};

const command command_request_answer = {
    DECISION_COMMAND("answer"),
    .summary = "Write to the person; receipt is confirmed by it",
    .detail = "",
    .options = {{"note-file", "FILE", "what the person is told"}},
    .run = run_answer,
};

const command command_request_task = {
    .group = "request",
    .name = "task",
    .arguments = "ID PROCESSOR done|failed",
    .arguments_min = 3,
    .arguments_max = 3,
    .has_data = true,
    .activity = "requests",
    .summary = "What a recipient answered to a request",
    .detail = "A failure pauses the request and is tried again later, until it is done.",
    .options = {{"error", "E", "unreachable, timeout, refused, unknown-person or other"}},
    .run = run_task,
};
