/* cli/cmd_policy_check.c: velum policy check DIR */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/terminal.h"

#define FINDINGS_BYTES_MAX ((size_t)1 << 20)

/* Where findings go while they are told. */
typedef struct findings {
    uint32_t errors;
    uint32_t warnings;
    bool is_json;
    buffer bytes;
    json_writer json;
} findings;

static void add_json(findings *self, bool is_error, const char *file, uint32_t line,
                     const char *message)
{
    json_begin_object(&self->json);
    json_member_string(&self->json, "kind", is_error ? "error" : "warning");
    json_member_string(&self->json, "file", file);
    json_member_integer(&self->json, "line", line);
    json_member_string(&self->json, "message", message);
    json_end_object(&self->json);
}

static void add(void *context, bool is_error, const char *file, uint32_t line, const char *message)
{
    findings *self = context;

    self->errors += is_error;
    self->warnings += !is_error;
    if (self->is_json) {
        add_json(self, is_error, file, line, message);
        return;
    }
    buffer_append_format(&self->bytes, "%s:%u: ", file, line);
    buffer_append_text(&self->bytes, colour_begin(is_error ? COLOUR_BAD : COLOUR_DOUBT));
    buffer_append_text(&self->bytes, is_error ? "error" : "warning");
    buffer_append_text(&self->bytes, colour_end(COLOUR_BAD));
    buffer_append_format(&self->bytes, ": %s\n", message);
}

static velum_status show(findings *self, const char *hash)
{
    if (self->is_json) {
        json_end_array(&self->json);
        if (hash[0] != '\0') {
            json_member_string(&self->json, "policy", hash);
        }
        json_end_object(&self->json);
        buffer_append_byte(&self->bytes, '\n');
    }
    VELUM_TRY(buffer_status(&self->bytes));
    return show_bytes(self->bytes.data, self->bytes.size);
}

static void begin_json(findings *self)
{
    json_begin_object(&self->json);
    json_name(&self->json, "findings");
    json_begin_array(&self->json);
}

static int run(const invocation *invocation)
{
    findings found = {.is_json = invocation_has(invocation, "json")};
    velum_error err = {0};
    char hash[65] = "";

    buffer_init(&found.bytes, FINDINGS_BYTES_MAX);
    json_writer_init(&found.json, &found.bytes);
    if (found.is_json) {
        begin_json(&found);
    }
    const velum_status status =
        velum_policy_check(string_of(text_of(invocation->arguments[0])), add, &found, hash, &err);
    const velum_status shown = show(&found, status == VELUM_OK ? hash : "");
    buffer_clear(&found.bytes);
    if (shown < 0) {
        return EXIT_REFUSED;
    }
    if (status < 0 && found.errors == 0) {
        session_say_error("the policy folder cannot be read", status, &err);
        return EXIT_REFUSED;
    }
    say("%u error%s, %u warning%s", found.errors, found.errors == 1 ? "" : "s", found.warnings,
        found.warnings == 1 ? "" : "s");
    if (status == VELUM_OK && !found.is_json) {
        (void)printf("%s\n", hash);
    }
    return status == VELUM_OK && found.errors == 0 ? EXIT_DONE : EXIT_REFUSED;
}

const command command_policy_check = {
    .group = "policy",
    .name = "check",
    .arguments = "DIR",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Compile a policy folder and tell every finding, without applying it",
    .detail = "Needs no data folder. Prints FILE:LINE: error|warning: … for each finding, and\n"
              "the policy's hash when there is no error. Ends with 1 when there is one.",
    .options = {{"json", NULL, "findings as JSON"}},
    .run = run,
};
