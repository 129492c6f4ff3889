/* cli/cmd_sample.c: velum sample --csv DIR */
#include "cli/commands.h"

#include "base/json.h"
#include "cli/sample_files.h"
#include "cli/say.h"
#include "cli/show.h"

#define CUSTOMERS_DEFAULT 1000
#define CUSTOMERS_MIN 70 /* so that every mistake has its line */
#define CUSTOMERS_MAX 1000000
#define SEED_DEFAULT 20260202 /* other people than those of `velum init --sample` */
#define REPORT_BYTES_MAX 512

static velum_status show_report(const sample_files_report *report, bool as_json)
{
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, REPORT_BYTES_MAX);
    if (as_json) {
        json_writer json;
        json_writer_init(&json, &out);
        json_begin_object(&json);
        json_member_integer(&json, "rows", report->rows);
        json_member_integer(&json, "planted", report->planted);
        json_member_integer(&json, "rejected", report->rejected);
        json_end_object(&json);
        VELUM_TRY(buffer_status(&out));
        return show_json((text){(const char *)out.data, out.size});
    }
    buffer_append_format(&out,
                         "%u rows, %u of them with a mistake, of which an import leaves out %u\n",
                         report->rows, report->planted, report->rejected);
    VELUM_TRY(buffer_status(&out));
    return show_bytes(out.data, out.size);
}

static int run(const invocation *invocation)
{
    const char *const folder = invocation_value(invocation, "csv");
    uint64_t customers = CUSTOMERS_DEFAULT;
    uint64_t seed = SEED_DEFAULT;
    sample_files_report report = {0};

    if (folder == NULL) {
        return command_wrong(invocation->command, "--csv DIR is needed: where the files go");
    }
    if (!invocation_number(invocation, "customers", CUSTOMERS_MAX, &customers) ||
        !invocation_number(invocation, "seed", UINT64_MAX, &seed)) {
        return EXIT_USAGE;
    }
    if (customers < CUSTOMERS_MIN) {
        return command_wrong(invocation->command, "--customers is at least %u", CUSTOMERS_MIN);
    }
    if (sample_files_write(folder, seed, (uint32_t)customers, &report) < 0) {
        return EXIT_REFUSED;
    }
    const velum_status shown = show_report(&report, invocation_has(invocation, "json"));
    say("planted.csv says which mistake stands on which line; then, in a folder of your own:");
    say_more("velum --data DATA import customers.csv --map customers.yaml");
    return shown < 0 ? EXIT_REFUSED : EXIT_DONE;
}

const command command_sample = {
    .name = "sample",
    .arguments = "",
    .summary = "Write files to try an import with, mistakes included",
    .detail = "The people are invented. The mistakes are those that real files have, and each\n"
              "has its line in planted.csv with what an import makes of it. The same seed and\n"
              "number give the same files.",
    .options = {{"csv", "DIR", "where the files go; made when it is not there"},
                {"customers", "N", "how many (1000, at least 70)"},
                {"seed", "N", "which people (20260202)"},
                {"json", NULL, "the counts as JSON"}},
    .run = run,
};
