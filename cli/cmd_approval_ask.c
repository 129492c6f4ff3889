/* cli/cmd_approval_ask.c: velum approval ask */
#include "cli/commands.h"

#include "cli/approval_rows.h"
#include "cli/say.h"

#define BODY_BYTES_MAX 8192

static void write_option(const invocation *invocation, const char *option, const char *member,
                         json_writer *json)
{
    const char *const value = invocation_value(invocation, option);

    if (value != NULL) {
        json_member_string(json, member, value);
    }
}

static void write_fields(const invocation *invocation, json_writer *json)
{
    const char *const given = invocation_value(invocation, "fields");
    text rest = given == NULL ? TEXT_EMPTY : text_of(given);
    text name = TEXT_EMPTY;

    if (given == NULL) {
        return;
    }
    json_name(json, "fields");
    json_begin_array(json);
    while (rest.size > 0 && text_split(&rest, ',', &name)) {
        json_write_text(json, name);
    }
    json_end_array(json);
}

static void write_body(const invocation *invocation, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    write_option(invocation, "kind", "kind", &json);
    write_option(invocation, "subject", "subject", &json);
    write_fields(invocation, &json);
    write_option(invocation, "what", "what", &json);
    write_option(invocation, "reason", "reason_code", &json);
    json_end_object(&json);
}

static int run(const invocation *invocation)
{
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO_BUFFER body = {0};

    if (!invocation_has(invocation, "kind") || !invocation_has(invocation, "activity")) {
        return command_wrong(invocation->command,
                             "--kind is needed, and --activity: the one in which it is to be done");
    }
    buffer_init(&body, BODY_BYTES_MAX);
    write_body(invocation, &body);
    if (session_open(invocation, &client) < 0) {
        return EXIT_REFUSED;
    }
    return approval_ask_others(client, invocation_value(invocation, "activity"), &body);
}

const command command_approval_ask = {
    .group = "approval",
    .name = "ask",
    .arguments = "",
    .has_data = true,
    .summary = "Ask others to agree to exactly one thing",
    .detail = "By who could do it but for their word: the same customer, fields and activity\n"
              "are named again when it is done. Prints the approval's id. The gate runs it\n"
              "under the activity that --activity names.",
    .options = {{"kind", "KIND", "minor, bulk, link, unmerge, erasure, request or policy"},
                {"activity", "NAME", "the activity in which it is to be done"},
                {"subject", "REF", "the customer it is about"},
                {"fields", "F[,F]", "what is to be seen; all of the activity's when left out"},
                {"what", "HEX", "the id of a request, the hash of a policy"},
                {"reason", "CODE", "the reason code, where the policy asks for one"}},
    .run = run,
};
