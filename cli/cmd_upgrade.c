/* cli/cmd_upgrade.c: velum upgrade --check|--apply [DIR] */
#include "cli/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/machine.h"
#include "cli/place.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/show.h"

#define EXIT_NEEDED 10 /* of --check */
#define ANSWER_BYTES_MAX 4096
#define MIB ((uint64_t)1 << 20)

/* --- looking ------------------------------------------------------------------------------------ */

static velum_status show_report_json(const velum_upgrade_report *report)
{
    VELUM_AUTO_BUFFER bytes = {0};
    json_writer json;

    buffer_init(&bytes, ANSWER_BYTES_MAX);
    json_writer_init(&json, &bytes);
    json_begin_object(&json);
    json_member_bool(&json, "needed", report->is_needed);
    json_member_bool(&json, "unfinished", report->is_unfinished);
    json_member_bool(&json, "live", report->is_live);
    json_member_integer(&json, "vault_schema", report->vault_schema);
    json_member_integer(&json, "vault_schema_new", report->vault_schema_new);
    json_member_integer(&json, "keys_schema", report->keys_schema);
    json_member_integer(&json, "keys_schema_new", report->keys_schema_new);
    json_member_integer(&json, "vault_bytes", (int64_t)report->vault_bytes);
    json_member_integer(&json, "keys_bytes", (int64_t)report->keys_bytes);
    json_member_integer(&json, "needed_bytes", (int64_t)report->needed_bytes);
    json_member_integer(&json, "free_bytes", (int64_t)report->free_bytes);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&bytes));
    return show_json((text){(const char *)bytes.data, bytes.size});
}

static void print_database(const char *name, uint32_t from, uint32_t to, uint64_t bytes)
{
    (void)printf("%s  schema %u", name, from);
    if (from < to) {
        (void)printf(" -> %u, %u step%s", to, to - from, to - from == 1 ? "" : "s");
    }
    (void)printf("  (%" PRIu64 " MiB)\n", bytes / MIB + 1);
}

static void print_report(const velum_upgrade_report *report)
{
    print_database("vault.db", report->vault_schema, report->vault_schema_new, report->vault_bytes);
    print_database("keys.db ", report->keys_schema, report->keys_schema_new, report->keys_bytes);
    if (!report->is_needed) {
        say("nothing is to be done");
        return;
    }
    (void)printf("room      %" PRIu64 " MiB needed, %" PRIu64 " MiB free\n",
                 report->needed_bytes / MIB + 1, report->free_bytes / MIB);
    if (report->is_unfinished) {
        say("an upgrade did not end; `velum upgrade --apply` completes it");
    } else {
        say("the folder is to be upgraded: `velum upgrade --apply` makes a backup and does it");
    }
    if (report->free_bytes < report->needed_bytes) {
        say_more("There is not room enough: make some, or name another disk with --backup DIR.");
    }
    if (report->is_live) {
        say_more("A program works in the folder: stop velumd before.");
    }
}

static int check(const char *folder, bool is_json)
{
    velum_upgrade_report report = {.size = sizeof(report)};
    velum_error err = {0};

    machine_point_to_root(folder);
    const velum_status status = velum_upgrade_check(string_of(text_of(folder)), &report, &err);
    if (status < 0) {
        session_say_error("the folder cannot be looked at", status, &err);
        return EXIT_REFUSED;
    }
    if (!is_json) {
        print_report(&report);
    } else if (show_report_json(&report) < 0) {
        return EXIT_REFUSED;
    }
    return report.is_needed ? EXIT_NEEDED : EXIT_DONE;
}

/* --- doing -------------------------------------------------------------------------------------- */

/* What is under way, since when. */
typedef struct phase {
    const char *what;
    int64_t begun_ns;
    progress shown;
} phase;

static int64_t now_ns(void)
{
    const velum_clock clock = clock_system();

    return clock_monotonic_ns(&clock);
}

static void tell(void *context, const char *what, uint64_t done, uint64_t total)
{
    phase *const self = context;

    if (self->what != what) {
        self->what = what;
        self->begun_ns = now_ns();
        progress_begin(&self->shown, what);
    }
    progress_show(&self->shown, done, done, total);
    if (done >= total) {
        progress_end(&self->shown);
        say("%s: %llu of %llu, %.1f s", what, (unsigned long long)done, (unsigned long long)total,
            (double)(now_ns() - self->begun_ns) / (double)NS_PER_SECOND);
    }
}

static void say_failure(velum_status status, const velum_upgrade_result *result,
                        const velum_error *err)
{
    session_say_error("the upgrade did not end", status, err);
    if (result->backup[0] != '\0') {
        say_more("The backup made before it: %s", result->backup);
    }
    if (result->keys_copy_kept) {
        say_more("keys.db.upgrade in the data folder is kept: a copy of keys.db, which the next");
        say_more("`velum upgrade --apply` destroys at its end.");
    }
}

static velum_status show_result(const velum_upgrade_result *result, bool is_json)
{
    VELUM_AUTO_BUFFER bytes = {0};
    json_writer json;

    if (!is_json) {
        return result->backup[0] == '\0' ? VELUM_OK : show_json(text_of(result->backup));
    }
    buffer_init(&bytes, ANSWER_BYTES_MAX);
    json_writer_init(&json, &bytes);
    json_begin_object(&json);
    json_member_integer(&json, "steps", result->steps);
    if (result->backup[0] != '\0') {
        json_member_string(&json, "backup", result->backup);
    }
    json_end_object(&json);
    VELUM_TRY(buffer_status(&bytes));
    return show_json((text){(const char *)bytes.data, bytes.size});
}

static int apply(const char *folder, const char *backup, bool is_json)
{
    velum_upgrade_result result = {.size = sizeof(result)};
    velum_error err = {0};
    phase phase = {.what = NULL};
    const velum_upgrade_options options = {.size = sizeof(options),
                                           .folder = string_of(text_of(folder)),
                                           .backup = string_of(text_of(backup)),
                                           .progress = tell,
                                           .context = &phase};

    machine_point_to_root(folder);
    const velum_status status = velum_upgrade_apply(&options, &result, &err);
    if (status < 0) {
        say_failure(status, &result, &err);
        return EXIT_REFUSED;
    }
    if (result.steps > 0) {
        say("the folder is upgraded, %u step%s; the line on stdout is its backup", result.steps,
            result.steps == 1 ? "" : "s");
        say_more("Keep the backup until the service has run for a while, then remove it.");
    } else {
        say("no step was to be taken");
    }
    return show_result(&result, is_json) < 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int run(const invocation *invocation)
{
    const bool is_check = invocation_has(invocation, "check");
    const char *folder = invocation->arguments[0];

    if (is_check == invocation_has(invocation, "apply")) {
        return command_wrong(invocation->command, "it takes --check or --apply");
    }
    if (is_check && invocation_has(invocation, "backup")) {
        return command_wrong(invocation->command, "--backup goes with --apply");
    }
    if (folder == NULL && place_find(invocation, &folder) < 0) {
        return EXIT_REFUSED;
    }
    return is_check ? check(folder, invocation_has(invocation, "json"))
                    : apply(folder, invocation_value(invocation, "backup"),
                            invocation_has(invocation, "json"));
}

const command command_upgrade = {
    .name = "upgrade",
    .arguments = "[DIR]",
    .arguments_max = 1,
    .has_data = true,
    .summary = "Bring a data folder of an earlier version to this one",
    .detail = "--check changes nothing: schemas, sizes, the room needed. It ends with 0 when\n"
              "nothing is to be done, with 10 when an upgrade is needed.\n"
              "--apply needs velumd stopped. It verifies the log, makes a checked backup (never\n"
              "of keys) and takes the steps, each with its leaf in the log. Killed anywhere,\n"
              "the next --apply goes on.",
    .options = {{"check", NULL, "say what would be done"},
                {"apply", NULL, "do it"},
                {"backup", "DIR2", "a folder for the backup (else the data folder)"},
                {"json", NULL, "the result as JSON"}},
    .run = run,
};
