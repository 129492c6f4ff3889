/* cli/cmd_config_check.c: velum config check [FILE] */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/config_place.h"
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

static void add(void *context, bool is_error, uint32_t line, const char *message)
{
    findings *const self = context;

    self->errors += is_error;
    self->warnings += !is_error;
    if (!self->is_json) {
        buffer_append_format(&self->bytes, "%u: %s%s%s: %s\n", line,
                             colour_begin(is_error ? COLOUR_BAD : COLOUR_DOUBT),
                             is_error ? "error" : "warning", colour_end(COLOUR_BAD), message);
        return;
    }
    json_begin_object(&self->json);
    json_member_string(&self->json, "kind", is_error ? "error" : "warning");
    json_member_integer(&self->json, "line", line);
    json_member_string(&self->json, "message", message);
    json_end_object(&self->json);
}

static void begin(findings *self)
{
    buffer_init(&self->bytes, FINDINGS_BYTES_MAX);
    json_writer_init(&self->json, &self->bytes);
    if (self->is_json) {
        json_begin_object(&self->json);
        json_name(&self->json, "findings");
        json_begin_array(&self->json);
    }
}

static velum_status end(findings *self)
{
    if (self->is_json) {
        json_end_array(&self->json);
        json_end_object(&self->json);
        buffer_append_byte(&self->bytes, '\n');
    }
    VELUM_TRY(buffer_status(&self->bytes));
    return show_bytes(self->bytes.data, self->bytes.size);
}

static int judge(const char *file, bool is_json)
{
    findings found = {.is_json = is_json};
    velum_error err = {0};

    begin(&found);
    const velum_status status = velum_config_check(file, add, &found, &err);
    const velum_status shown = end(&found);
    buffer_clear(&found.bytes);
    if (status < 0 && found.errors == 0) {
        session_say_error("the configuration cannot be read", status, &err);
        return EXIT_REFUSED;
    }
    say("%u error%s, %u warning%s", found.errors, found.errors == 1 ? "" : "s", found.warnings,
        found.warnings == 1 ? "" : "s");
    return status == VELUM_OK && shown == VELUM_OK ? EXIT_DONE : EXIT_REFUSED;
}

static int run(const invocation *invocation)
{
    char found[VELUM_CONFIG_PATH_BYTES];
    const char *file = invocation->arguments[0];

    if (file == NULL && config_place_find(invocation, found) < 0) {
        return EXIT_REFUSED;
    }
    return judge(file == NULL ? found : file, invocation_has(invocation, "json"));
}

const command command_config_check = {
    .group = "config",
    .name = "check",
    .arguments = "[FILE]",
    .arguments_max = 1,
    .has_data = true,
    .summary = "Judge a configuration file, and tell every finding with its line",
    .detail = "Without FILE the one that velumd would read: $VELUM_CONFIG, velum.yaml of the\n"
              "data folder, /etc/velum/velum.yaml. Ends with 1 when a finding is an error. Of\n"
              "the root secret it is looked at who may read it, never shown what it is.",
    .options = {{"json", NULL, "findings as JSON"}},
    .run = run,
};
