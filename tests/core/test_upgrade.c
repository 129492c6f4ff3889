/* An upgrade of a folder of schema 1: refused where it must be, whole wherever it is cut short. */
#include "tests/core/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dirent.h>

#include "base/fault.h"
#include "base/file.h"
#include "core/schema.h"
#include "core/upgrade.h"
#include "core/verbs.h"

#define POINTS_MAX 20000
#define EACH_PLACE 120
#define EXPECTED_BYTES_MAX 8192

typedef struct telling {
    unsigned calls;
    const char *last;
    uint64_t done;
    uint64_t total;
} telling;

static void hear(void *context, const char *what, uint64_t done, uint64_t total)
{
    telling *const self = context;

    assert_true(done <= total);
    *self = (telling){self->calls + 1, what, done, total};
}

/* --- the folder --------------------------------------------------------------------------------- */

static const char *golden(place *self, const char *name)
{
    const char *const top = getenv("VELUM_TOP");

    return text_f(self, "%s/tests/golden/folder-v1/%s", top == NULL ? "." : top, name);
}

static void make_old(place *self)
{
    copy_folder(golden(self, "data"), self->folder);
}

static int set_up(void **state)
{
    if (place_set_up_empty(state) != 0) {
        return -1;
    }
    make_old(*state);
    return 0;
}

static velum_status apply_to(place *self, const char *backup, velum_upgrade_result *result,
                             velum_error *err)
{
    telling heard = {.calls = 0};
    const velum_upgrade_options options = {
        .size = sizeof options,
        .folder = {self->folder, strlen(self->folder)},
        .backup = {backup, backup == NULL ? 0 : strlen(backup)},
        .progress = hear,
        .context = &heard,
    };

    *result = (velum_upgrade_result){.size = sizeof *result};
    const velum_status status = velum_upgrade_apply(&options, result, err);
    assert_true(status < 0 || result->steps == 0 ||
                (strcmp(heard.last, "opening the folder") == 0 && heard.done == heard.total));
    return status;
}

static velum_upgrade_report report_of(place *self)
{
    velum_upgrade_report report = {.size = sizeof report};
    velum_error err = {.text = ""};

    if (velum_upgrade_check((velum_string){self->folder, strlen(self->folder)}, &report, &err) !=
        VELUM_OK) {
        fail_msg("velum_upgrade_check: %s", err.text);
    }
    return report;
}

static void assert_upgraded(place *self, velum_upgrade_result *result)
{
    velum_error err = {.text = ""};

    if (apply_to(self, NULL, result, &err) != VELUM_OK) {
        fail_msg("velum_upgrade_apply: %s", err.text);
    }
}

static bool has_file(place *self, const char *name)
{
    return access(text_f(self, "%s/%s", self->folder, name), F_OK) == 0;
}

/* How many names in a folder begin and end so. */
static unsigned count_names(const char *folder, const char *start, const char *end)
{
    unsigned count = 0;
    DIR *const entries = opendir(folder);

    assert_non_null(entries);
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const size_t size = strlen(entry->d_name);
        const size_t tail = strlen(end);
        count += strncmp(entry->d_name, start, strlen(start)) == 0 && size >= tail &&
                 strcmp(entry->d_name + size - tail, end) == 0;
    }
    closedir(entries);
    return count;
}

typedef struct leaves {
    unsigned schemas[SCHEMA_VERSION + 1];
    unsigned keys;
} leaves;

static void count_leaf(void *context, uint64_t index, const audit_entry *entry)
{
    leaves *const self = context;

    if (entry->type != ENTRY_SCHEMA) {
        return;
    }
    const uint64_t version = input_of(entry, INPUT_SCHEMA);
    assert_true(version <= SCHEMA_VERSION);
    self->schemas[version]++;
    self->keys += input_of(entry, INPUT_KEYS_SCHEMA) != 0;
}

static const char *expected(place *self, const char *name)
{
    VELUM_AUTO_FD fd = -1;
    VELUM_AUTO_BUFFER bytes = {0};
    VELUM_AUTO(json) *document = NULL;

    assert_int_equal(directory_open(golden(self, ""), &fd), VELUM_OK);
    buffer_init(&bytes, EXPECTED_BYTES_MAX);
    assert_int_equal(file_read(fd, "expected.json", &bytes), VELUM_OK);
    const text source = {(const char *)bytes.data, bytes.size};
    assert_int_equal(json_parse(source, EXPECTED_BYTES_MAX, &document, NULL), VELUM_OK);
    const text value = json_text(json_member(json_root(document), name));
    return text_f(self, "%.*s", (int)value.size, value.data);
}

/* Of the newest schema, sound, readable, each step with one leaf, no copy of keys, no half backup. */
static void assert_whole(place *self)
{
    leaves found = {.keys = 0};
    uint32_t keys_schema = 0;

    (void)vault_keys_steps(&keys_schema);
    assert_false(has_file(self, UPGRADE_KEYS_COPY));
    assert_int_equal(count_names(self->folder, UPGRADE_KEYS_COPY, ""), 0);
    assert_int_equal(count_names(self->folder, "backup-", ".part"), 0);
    assert_false(report_of(self).is_needed);
    snprintf(self->verifier_key, sizeof self->verifier_key, "%s", expected(self, "verifier_key"));
    place_open(self);
    const reply *seen =
        assert_done(ask(self, (question){VELUM_VERB_READ, .token = expected(self, "care"),
                                         .ref = expected(self, "adult")}));
    assert_text_at(seen, "fields/name", "王小明");
    log_sync(self);
    log_visit(self, count_leaf, &found);
    for (uint32_t version = 2; version <= SCHEMA_VERSION; version++) {
        assert_int_equal(found.schemas[version], 1);
    }
    assert_int_equal(found.keys, keys_schema > 1 ? 1 : 0);
    place_close(self);
    assert_log_sound(self);
}

static void begin_again(place *self)
{
    place_forget(self);
    remove_folder(self->folder);
    make_old(self);
}

/* --- what it does ------------------------------------------------------------------------------- */

static void looking_changes_nothing(void **state)
{
    place *const self = *state;
    const velum_upgrade_report report = report_of(self);

    assert_true(report.is_needed);
    assert_false(report.is_unfinished || report.is_live);
    assert_int_equal(report.vault_schema, 1);
    assert_int_equal(report.vault_schema_new, SCHEMA_VERSION);
    assert_int_equal(report.keys_schema, 1);
    assert_true(report.vault_bytes > 65536 && report.keys_bytes > 4096);
    assert_true(report.needed_bytes > report.vault_bytes);
    assert_true(report.free_bytes > 0);
    assert_int_equal(report_of(self).vault_schema, 1);
    assert_int_equal(place_try_open(self, NULL), VELUM_E_OLDER);
}

static void an_upgraded_folder_is_whole(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    struct stat info;

    assert_upgraded(self, &result);
    assert_true(result.steps >= SCHEMA_VERSION - 1);
    assert_false(result.keys_copy_kept);
    assert_whole(self);
    assert_int_equal(stat(result.backup, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_upgraded(self, &result); /* nothing is left to do */
    assert_int_equal(result.steps, 0);
    assert_string_equal(result.backup, "");
}

/* Put back, the backup is the folder as it was. Keys are never in it (I-6). */
static void the_backup_is_the_folder_before(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_error err = {.text = ""};

    mkdir(self->kit, 0700);
    assert_int_equal(apply_to(self, self->kit, &result, &err), VELUM_OK);
    assert_int_equal(strncmp(result.backup, self->kit, strlen(self->kit)), 0);
    assert_int_equal(count_names(result.backup, "", ""), 4 + 2); /* with . and .. */
    assert_int_equal(count_names(result.backup, "keys", ""), 0);
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
    begin_again(self);
    assert_int_equal(rename(text_f(self, "%s/vault.db", result.backup),
                            text_f(self, "%s/vault.db", self->folder)),
                     0);
    assert_int_equal(report_of(self).vault_schema, 1);
    assert_upgraded(self, &result);
    assert_whole(self);
}

/* --- what it refuses ---------------------------------------------------------------------------- */

static void a_folder_that_is_held_is_left_alone(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_error err = {.text = ""};
    VELUM_AUTO_FD fd = open(text_f(self, "%s/lock", self->folder), O_RDWR | O_CLOEXEC);

    assert_int_equal(file_lock(fd), VELUM_OK);
    assert_true(report_of(self).is_live);
    assert_int_equal(apply_to(self, NULL, &result, &err), VELUM_E_LOCKED);
    assert_non_null(strstr(err.text, "velumd"));
    assert_int_equal(report_of(self).vault_schema, 1);
}

static void places_that_are_none(void **state)
{
    place *const self = *state;
    velum_upgrade_report report = {.size = sizeof report};
    velum_upgrade_result result;
    velum_error err = {.text = ""};

    assert_int_equal(velum_upgrade_check((velum_string){"/nowhere", 8}, &report, &err),
                     VELUM_E_NOTFOUND);
    assert_int_equal(velum_upgrade_check((velum_string){"/tmp", 4}, &report, &err),
                     VELUM_E_NOTFOUND);
    assert_int_equal(velum_upgrade_check((velum_string){NULL, 0}, &report, &err), VELUM_E_INVALID);
    report.size = 1;
    assert_int_equal(velum_upgrade_check((velum_string){"/tmp", 4}, &report, &err),
                     VELUM_E_INVALID);
    assert_true(apply_to(self, "/nowhere", &result, &err) < 0);
    assert_non_null(strstr(err.text, "backup"));
    assert_int_equal(report_of(self).vault_schema, 1);
}

static void flip_byte(const char *path, long offset)
{
    FILE *const file = fopen(path, "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

static void a_log_that_does_not_verify_stops_it(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_error err = {.text = ""};

    flip_byte(text_f(self, "%s/audit/tail-00000000000000000000", self->folder), 600);
    assert_int_equal(apply_to(self, NULL, &result, &err), VELUM_E_TAMPERED);
    assert_non_null(strstr(err.text, "nothing was changed"));
    assert_int_equal(report_of(self).vault_schema, 1);
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
}

static void a_damaged_database_stops_it(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_error err = {.text = ""};

    flip_byte(text_f(self, "%s/vault.db", self->folder), 12L * 4096 + 77);
    assert_true(apply_to(self, NULL, &result, &err) < 0);
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
    assert_int_equal(report_of(self).vault_schema, 1);
}

static void a_newer_folder_is_refused(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_upgrade_report report = {.size = sizeof report};
    velum_error err = {.text = ""};

    assert_upgraded(self, &result);
    place_open(self);
    sql_run(self, "UPDATE schema_version SET version = 9000");
    place_close(self);
    assert_int_equal(place_try_open(self, &err), VELUM_E_NEWER);
    assert_non_null(strstr(err.text, "9000"));
    assert_int_equal(apply_to(self, NULL, &result, &err), VELUM_E_NEWER);
    assert_int_equal(
        velum_upgrade_check((velum_string){self->folder, strlen(self->folder)}, &report, &err),
        VELUM_E_NEWER);
}

/* I-6: who is erased while a copy of keys.db lies there would not be erased. */
static void no_gate_opens_beside_a_copy_of_keys(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_error err = {.text = ""};

    assert_upgraded(self, &result);
    copy_folder(golden(self, "data/keys.db"),
                text_f(self, "%s/" UPGRADE_KEYS_COPY, self->folder)); /* one file */
    assert_int_equal(place_try_open(self, &err), VELUM_E_OLDER);
    assert_non_null(strstr(err.text, "did not end"));
    const velum_upgrade_report report = report_of(self);
    assert_true(report.is_needed && report.is_unfinished);
    assert_upgraded(self, &result);
    assert_int_equal(result.steps, 0);
    assert_whole(self);
}

/* --- cut short ---------------------------------------------------------------------------------- */

/* Upgrades in a child that kills itself at the nth place; false when it came to its end. */
static bool kill_at(place *self, const char *kind, unsigned n)
{
    int ended = 0;
    const char *const plan = text_f(self, "%s:%u:kill", kind, n);
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        velum_upgrade_result result = {.size = sizeof result};
        const velum_upgrade_options options = {.size = sizeof options,
                                               .folder = {self->folder, strlen(self->folder)}};
        fault_plan(plan);
        _exit(velum_upgrade_apply(&options, &result, NULL) == VELUM_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (WIFSIGNALED(ended)) {
        assert_int_equal(WTERMSIG(ended), SIGKILL);
        return true;
    }
    assert_int_equal(WEXITSTATUS(ended), 0);
    return false;
}

/* Each of the first places, where the copies and steps are; then every fifteenth of an opening's. */
static void kill_everywhere(place *self, const char *kind, unsigned at_least)
{
    velum_upgrade_result result;
    unsigned struck = 0;

    for (unsigned n = 1; kill_at(self, kind, n); n += n < EACH_PLACE ? 1 : 15) {
        assert_upgraded(self, &result);
        assert_whole(self);
        begin_again(self);
        struck++;
        assert_true(n < POINTS_MAX);
    }
    assert_whole(self);
    assert_true(struck > at_least);
}

static void killed_at_a_sync_it_is_completed(void **state)
{
    kill_everywhere(*state, "sync", 5);
}

static void killed_at_a_rename_it_is_completed(void **state)
{
    kill_everywhere(*state, "rename", 3);
}

static void killed_at_a_write_it_is_completed(void **state)
{
    kill_everywhere(*state, "write", 50);
}

static void killed_at_a_statement_it_is_completed(void **state)
{
    kill_everywhere(*state, "sql", 50);
}

/* A disk that is full, or fails: said, and nothing lost. */
static void fail_everywhere(place *self, const char *kind, unsigned stride)
{
    velum_upgrade_result result;
    velum_status status = VELUM_E_IO;
    unsigned struck = 0;

    for (unsigned n = 1; status < 0; n += stride) {
        velum_error err = {.text = ""};
        fault_plan(text_f(self, "%s:%u:%s", kind, n, n % 2 == 0 ? "enospc" : "eio"));
        status = apply_to(self, NULL, &result, &err);
        fault_plan(NULL);
        assert_true(status == VELUM_OK || err.text[0] != '\0');
        assert_true(n < POINTS_MAX);
        if (status < 0) {
            assert_int_equal(result.keys_copy_kept, has_file(self, UPGRADE_KEYS_COPY));
            assert_upgraded(self, &result);
            struck++;
        }
        assert_whole(self);
        begin_again(self);
    }
    assert_true(struck > 3);
}

static void failing_at_a_write_it_is_completed(void **state)
{
    fail_everywhere(*state, "write", 9);
}

static void failing_at_a_sync_it_is_completed(void **state)
{
    fail_everywhere(*state, "sync", 1);
}

static void failing_at_a_statement_it_is_completed(void **state)
{
    fail_everywhere(*state, "sql", 25);
}

static void a_full_disk_changes_nothing(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_error err = {.text = ""};

    fault_plan("write:1+:enospc");
    assert_int_equal(apply_to(self, NULL, &result, &err), VELUM_E_NOSPACE);
    fault_plan(NULL);
    assert_non_null(strstr(err.text, "nothing was changed"));
    assert_string_equal(result.backup, "");
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
    assert_int_equal(report_of(self).vault_schema, 1);
    assert_upgraded(self, &result);
    assert_whole(self);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        ROW(looking_changes_nothing),
        ROW(an_upgraded_folder_is_whole),
        ROW(the_backup_is_the_folder_before),
        ROW(a_folder_that_is_held_is_left_alone),
        ROW(places_that_are_none),
        ROW(a_log_that_does_not_verify_stops_it),
        ROW(a_damaged_database_stops_it),
        ROW(a_newer_folder_is_refused),
        ROW(no_gate_opens_beside_a_copy_of_keys),
        ROW(killed_at_a_sync_it_is_completed),
        ROW(killed_at_a_rename_it_is_completed),
        ROW(killed_at_a_write_it_is_completed),
        ROW(killed_at_a_statement_it_is_completed),
        ROW(failing_at_a_write_it_is_completed),
        ROW(failing_at_a_sync_it_is_completed),
        ROW(failing_at_a_statement_it_is_completed),
        ROW(a_full_disk_changes_nothing),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
