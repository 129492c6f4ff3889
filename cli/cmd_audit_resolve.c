/* cli/cmd_audit_resolve.c: velum audit resolve TOKEN */
#include "cli/commands.h"

#include "cli/paged_call.h"
#include "cli/show.h"

#define TOKEN_DIGITS 32

typedef struct resolving {
    const invocation *invocation;
} resolving;

static void write_question(const void *context, json_writer *json)
{
    static const char *const options[] = {"month", "domain"};
    const resolving *const self = context;

    json_member_string(json, "token", self->invocation->arguments[0]);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (invocation_has(self->invocation, options[i])) {
            json_member_string(json, options[i], invocation_value(self->invocation, options[i]));
        }
    }
}

static velum_status show_found(const resolving *self, const json_value *answer)
{
    if (!invocation_has(self->invocation, "json")) {
        return show_pairs(answer);
    }
    VELUM_AUTO_BUFFER line = {0};
    json_writer json;
    buffer_init(&line, 65536);
    json_writer_init(&json, &line);
    json_write_value(&json, answer);
    VELUM_TRY(buffer_status(&line));
    return show_json((text){(const char *)line.data, line.size});
}

/* A stretch without a find has only `next`. */
static velum_status show_stretch(void *context, const json_value *answer, uint64_t *out_count)
{
    const resolving *const self = context;

    *out_count = 0;
    if (json_member(answer, "actor") == NULL && json_member(answer, "subject") == NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(show_found(self, answer));
    return VELUM_END;
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    uint8_t token[TOKEN_DIGITS / 2];
    resolving self = {.invocation = invocation};
    paged_call call = {.verb = VELUM_VERB_AUDIT_RESOLVE,
                       .write = write_question,
                       .show = show_stretch,
                       .context = &self,
                       .what = "customers looked at",
                       .left = UINT64_MAX};

    if (hex_decode(text_of(invocation->arguments[0]), token, sizeof(token)) < 0) {
        return command_wrong(invocation->command, "a token has 32 hex digits");
    }
    if (session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    call.client = client;
    return paged_call_run(&call) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_audit_resolve = {
    .group = "audit",
    .name = "resolve",
    .arguments = "TOKEN",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "token-resolution",
    .summary = "Whom a token of the log stands for",
    .detail = "Without --month the token is an employee's or a system's, and their name is\n"
              "told. With --month it is a customer's of that month, and their reference is\n"
              "told, in your domain or in --domain. All customers are tried, which takes a\n"
              "while. Each call is an entry of the log.",
    .options = {{"month", "YYYYMM", "a customer's token of this month"},
                {"domain", "D", "in which the customer is named"},
                {"json", NULL, "the answer as JSON"}},
    .run = run,
};
