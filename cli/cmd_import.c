/* cli/cmd_import.c: velum import FILE --map MAP.yaml [--refs-out FILE] */
#include "cli/commands.h"

#include "cli/import_run.h"
#include "cli/say.h"
#include "cli/show.h"

#define REPORT_BYTES_MAX 1024

static velum_status show_counts_json(const import_counts *counts)
{
    VELUM_AUTO_BUFFER out;
    json_writer json;

    buffer_init(&out, REPORT_BYTES_MAX);
    json_writer_init(&json, &out);
    json_begin_object(&json);
    json_member_integer(&json, "new", (int64_t)counts->new_ones);
    json_member_integer(&json, "changed", (int64_t)counts->changed);
    json_member_integer(&json, "same", (int64_t)counts->same);
    json_member_integer(&json, "rejected", (int64_t)counts->rejected);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&out));
    return show_json((text){(const char *)out.data, out.size});
}

static velum_status show_counts(const import_counts *counts)
{
    static const char *const names[] = {"new", "changed", "same", "rejected"};
    const uint64_t values[] = {counts->new_ones, counts->changed, counts->same, counts->rejected};
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, REPORT_BYTES_MAX);
    for (size_t i = 0; i < 4; i++) {
        char number[SHOW_NUMBER_BYTES];
        show_number(values[i], number);
        buffer_append_format(&out, "%s%s %s", i == 0 ? "" : ", ", number, names[i]);
    }
    buffer_append_byte(&out, '\n');
    VELUM_TRY(buffer_status(&out));
    return show_bytes(out.data, out.size);
}

static int run(const invocation *invocation)
{
    const import_paths paths = {.file = invocation->arguments[0],
                                .map = invocation_value(invocation, "map"),
                                .refs = invocation_value(invocation, "refs-out"),
                                .domain = invocation_value(invocation, "domain")};
    import_summary summary = {.rejected_here = 0};

    if (paths.map == NULL) {
        return command_wrong(invocation->command, "--map is needed: how columns become fields");
    }
    if (import_run(&paths, invocation, &summary) < 0) {
        return EXIT_REFUSED;
    }
    const velum_status shown = invocation_has(invocation, "json")
                                   ? show_counts_json(&summary.counts)
                                   : show_counts(&summary.counts);
    if (summary.counts.rejected > 0) {
        say("rejected rows stand in FILE.rejected.csv beside the file, by line and reason");
    }
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_import = {
    .name = "import",
    .arguments = "FILE",
    .arguments_min = 1,
    .arguments_max = 1,
    .has_data = true,
    .activity = "import",
    .summary = "Take customers from a CSV file",
    .detail = "The map says which columns are identifiers and fields. The same file again\n"
              "changes nothing. A row that cannot go in is written to FILE.rejected.csv, by\n"
              "line and reason only, and the rest goes in; the end is 0 even then, so look at\n"
              "the counts.",
    .options = {{"map", "MAP.yaml", "columns to identifiers and fields (docs/cli.md)"},
                {"refs-out", "FILE", "write each row's key and reference, a new file"},
                {"domain", "D", "whose references those are, when you see several"},
                {"json", NULL, "the counts as JSON"}},
    .run = run,
};
