/* cli/cmd_consent_report.c: velum consent report --min-grade G [--purpose P] */
#include "cli/commands.h"

#include "cli/session.h"
#include "cli/show.h"

#define ACTIVITY "consent-capture"
#define BODY_BYTES_MAX 4096

static velum_status write_body(const invocation *invocation, buffer *out)
{
    const char *const purpose = invocation_value(invocation, "purpose");
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "min_grade", invocation_value(invocation, "min-grade"));
    if (purpose != NULL) {
        json_member_string(&json, "purpose", purpose);
    }
    json_end_object(&json);
    return buffer_status(out);
}

static int run(const invocation *invocation)
{
    static const show_column columns[] = {{"PURPOSE", "purpose", SHOW_PLAIN},
                                          {"WOULD LOSE IT", "lost", SHOW_PLAIN}};
    VELUM_AUTO(velum_client) *client = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *counts = NULL;
    VELUM_AUTO_BUFFER body = {0};

    buffer_init(&body, BODY_BYTES_MAX);
    if (!invocation_has(invocation, "min-grade")) {
        return command_wrong(invocation->command, "at which minimum? Name it with --min-grade");
    }
    if (write_body(invocation, &body) < 0) {
        return command_wrong(invocation->command, "grade and purpose are short names");
    }
    const session_request request = {.verb = VELUM_VERB_CONSENT_REPORT,
                                     .body = {(const char *)body.data, body.size}};
    if (session_open(invocation, &client) < 0 || session_ask(client, &request, &answer) < 0) {
        return EXIT_REFUSED;
    }
    if (invocation_has(invocation, "json") ||
        json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &counts, NULL) < 0) {
        return show_json(session_body(answer)) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return show_rows(json_member(json_root(counts), "purposes"), columns, 2,
                     "No purpose lives on a consent.") < 0
               ? EXIT_REFUSED
               : EXIT_DONE;
}

const command command_consent_report = {
    .group = "consent",
    .name = "report",
    .arguments = "",
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "How many would lose a purpose at a stricter minimum of evidence",
    .detail = "Before a policy raises min-grade: self-verified, self, assisted or imported,\n"
              "strongest first. Only counts are told, and fewer than five as <5.",
    .options = {{"min-grade", "GRADE", "the minimum to try"},
                {"purpose", "PURPOSE", "only this one"},
                {"json", NULL, "the answer as JSON"}},
    .run = run,
};
