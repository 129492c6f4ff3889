/* cli/cmd_consent_import.c: velum consent import FILE [--map MAP.yaml] [--notice FILE.md] … */
#include "cli/commands.h"

#include "cli/consent_rows.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/show.h"

#define ACTIVITY "consent-capture"
#define NOTICE_BYTES_MAX ((size_t)256 << 10)
#define MEMBERS_BYTES_MAX ((size_t)600 << 10) /* a notice with every byte escaped, at most */
#define REPORT_BYTES_MAX 1024
#define VERSION_MAX 65535

/* --- what every call says ------------------------------------------------------------------------ */

static velum_status write_notice(const invocation *invocation, uint64_t version, json_writer *json)
{
    const char *const path = invocation_value(invocation, "notice");
    VELUM_AUTO_BUFFER body = {0};

    if (path == NULL) {
        return VELUM_OK;
    }
    buffer_init(&body, NOTICE_BYTES_MAX);
    const velum_status status = place_read_path(path, &body);
    if (status < 0) {
        session_say_error("the notice cannot be read", status, NULL);
        return status;
    }
    json_name(json, "notice");
    json_begin_object(json);
    json_member_string(json, "language", invocation_value(invocation, "language"));
    json_member_integer(json, "version", (int64_t)version);
    json_member_text(json, "text", (text){(const char *)body.data, body.size});
    json_end_object(json);
    return VELUM_OK;
}

/* Members of an object, without its braces. */
static velum_status write_members(const invocation *invocation, uint64_t version, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_integer(&json, "version", (int64_t)version);
    json_member_bool(&json, "dry_run", invocation_has(invocation, "dry-run"));
    VELUM_TRY(write_notice(invocation, version, &json));
    json_end_object(&json);
    const velum_status status = buffer_status(out);
    if (status < 0) {
        session_say_error("the notice is no text that can be sent", status, NULL);
    }
    return status;
}

static text without_braces(const buffer *object)
{
    return (text){(const char *)object->data + 1, object->size - 2};
}

/* --- the report ---------------------------------------------------------------------------------- */

static velum_status show_counts_json(const import_counts *counts, bool is_rehearsal)
{
    VELUM_AUTO_BUFFER out = {0};
    json_writer json;

    buffer_init(&out, REPORT_BYTES_MAX);
    json_writer_init(&json, &out);
    json_begin_object(&json);
    json_member_bool(&json, "dry_run", is_rehearsal);
    json_member_integer(&json, "recorded", (int64_t)counts->changed);
    json_member_integer(&json, "same", (int64_t)counts->same);
    json_member_integer(&json, "rejected", (int64_t)counts->rejected);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&out));
    return show_json((text){(const char *)out.data, out.size});
}

static velum_status show_counts(const import_counts *counts, bool is_rehearsal)
{
    const char *const names[] = {is_rehearsal ? "would be recorded" : "recorded", "same",
                                 "rejected"};
    const uint64_t values[] = {counts->changed, counts->same, counts->rejected};
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, REPORT_BYTES_MAX);
    for (size_t i = 0; i < 3; i++) {
        char number[SHOW_NUMBER_BYTES];
        show_number(values[i], number);
        buffer_append_format(&out, "%s%s %s", i == 0 ? "" : ", ", number, names[i]);
    }
    buffer_append_byte(&out, '\n');
    VELUM_TRY(buffer_status(&out));
    return show_bytes(out.data, out.size);
}

static int report(const invocation *invocation, const import_summary *summary)
{
    const bool is_rehearsal = invocation_has(invocation, "dry-run");
    const velum_status shown = invocation_has(invocation, "json")
                                   ? show_counts_json(&summary->counts, is_rehearsal)
                                   : show_counts(&summary->counts, is_rehearsal);

    if (summary->counts.rejected > 0) {
        say("rejected rows stand in FILE.rejected.csv beside the file, by line and reason");
    }
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

/* --- the command --------------------------------------------------------------------------------- */

/* What is written into a map of ours as it is. */
static bool is_name(const char *value)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

    return value == NULL || (value[0] != '\0' && value[strspn(value, known)] == '\0');
}

static int check(const invocation *invocation)
{
    const bool has_map = invocation_has(invocation, "map");

    if (has_map &&
        (invocation_has(invocation, "purpose") || invocation_has(invocation, "source"))) {
        return command_wrong(invocation->command, "the map says purpose and source");
    }
    if (!is_name(invocation_value(invocation, "purpose")) ||
        !is_name(invocation_value(invocation, "source"))) {
        return command_wrong(invocation->command, "purpose and source are names of a-z 0-9 - _");
    }
    if (invocation_has(invocation, "notice") != invocation_has(invocation, "language")) {
        return command_wrong(invocation->command, "--notice and --language go together");
    }
    return EXIT_DONE;
}

static int run(const invocation *invocation)
{
    consent_defaults defaults = {invocation_value(invocation, "purpose"),
                                 invocation_value(invocation, "source")};
    uint64_t version = 1;
    import_summary summary = {.rejected_here = 0};
    VELUM_AUTO_BUFFER members = {0};

    buffer_init(&members, MEMBERS_BYTES_MAX);
    if (check(invocation) != EXIT_DONE ||
        !invocation_number(invocation, "version", VERSION_MAX, &version)) {
        return EXIT_USAGE;
    }
    if (write_members(invocation, version, &members) < 0) {
        return EXIT_REFUSED;
    }
    const import_kind kind = {.verb = VELUM_VERB_CONSENT_IMPORT,
                              .members = without_braces(&members),
                              .fields = consent_row_fields,
                              .write_row = consent_row_write,
                              .make_map = consent_map_make,
                              .context = &defaults};
    const import_paths paths = {.file = invocation->arguments[0],
                                .map = invocation_value(invocation, "map"),
                                .kind = &kind};
    if (import_run(&paths, invocation, &summary) < 0) {
        return EXIT_REFUSED;
    }
    return report(invocation, &summary);
}

const command command_consent_import = {
    .group = "consent",
    .name = "import",
    .arguments = "FILE",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = ACTIVITY,
    .summary = "Take consents from before, of customers who are known",
    .detail = "The file's columns are type, value, purpose, state, given and evidence, or a map\n"
              "names them. A consent that was given needs its time and the notice that was\n"
              "shown then. Nobody is made, and nothing that a customer said since is undone.\n"
              "Rows that stay out stand in FILE.rejected.csv by line and reason; the end is 0\n"
              "even then, so look at the counts. --dry-run tries every row and keeps none.",
    .options = {{"map", "MAP.yaml", "columns to fields (docs/cli.md)"},
                {"purpose", "PURPOSE", "of all rows, where no column says it"},
                {"notice", "FILE.md", "the text that was shown then"},
                {"language", "LANG", "of that notice, such as zh"},
                {"version", "N", "of the purpose that it was given for (1)"},
                {"source", "S", "where the file comes from (consents)"},
                {"dry-run", NULL, "only say what would come of it"},
                {"json", NULL, "the counts as JSON"}},
    .run = run,
};
