/* An upgrade of a folder of schema 1: what it does, and what it refuses. */
#include "tests/core/upgrade_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* --- what it does ------------------------------------------------------------------------------- */

static void looking_changes_nothing(void **state)
{
    place *const self = *state;
    const velum_upgrade_report report = upgrade_report(self);

    assert_true(report.is_needed);
    assert_false(report.is_unfinished || report.is_live);
    assert_int_equal(report.vault_schema, 1);
    assert_int_equal(report.vault_schema_new, SCHEMA_VERSION);
    assert_int_equal(report.keys_schema, 1);
    assert_true(report.vault_bytes > 65536 && report.keys_bytes > 4096);
    assert_true(report.needed_bytes > report.vault_bytes);
    assert_true(report.free_bytes > 0);
    assert_int_equal(upgrade_report(self).vault_schema, 1);
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
    assert_int_equal(upgrade_apply_to(self, self->kit, &result, &err), VELUM_OK);
    assert_int_equal(strncmp(result.backup, self->kit, strlen(self->kit)), 0);
    assert_int_equal(count_names(result.backup, "", ""), 4 + 2); /* with . and .. */
    assert_int_equal(count_names(result.backup, "keys", ""), 0);
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
    upgrade_begin_again(self);
    assert_int_equal(rename(text_f(self, "%s/vault.db", result.backup),
                            text_f(self, "%s/vault.db", self->folder)),
                     0);
    assert_int_equal(upgrade_report(self).vault_schema, 1);
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
    assert_true(upgrade_report(self).is_live);
    assert_int_equal(upgrade_apply_to(self, NULL, &result, &err), VELUM_E_LOCKED);
    assert_non_null(strstr(err.text, "velumd"));
    assert_int_equal(upgrade_report(self).vault_schema, 1);
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
    assert_true(upgrade_apply_to(self, "/nowhere", &result, &err) < 0);
    assert_non_null(strstr(err.text, "backup"));
    assert_int_equal(upgrade_report(self).vault_schema, 1);
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
    assert_int_equal(upgrade_apply_to(self, NULL, &result, &err), VELUM_E_TAMPERED);
    assert_non_null(strstr(err.text, "nothing was changed"));
    assert_int_equal(upgrade_report(self).vault_schema, 1);
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
}

static void a_damaged_database_stops_it(void **state)
{
    place *const self = *state;
    velum_upgrade_result result;
    velum_error err = {.text = ""};

    flip_byte(text_f(self, "%s/vault.db", self->folder), 12L * 4096 + 77);
    assert_true(upgrade_apply_to(self, NULL, &result, &err) < 0);
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
    assert_int_equal(upgrade_report(self).vault_schema, 1);
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
    assert_int_equal(upgrade_apply_to(self, NULL, &result, &err), VELUM_E_NEWER);
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
    copy_folder(upgrade_golden(self, "data/keys.db"),
                text_f(self, "%s/" UPGRADE_KEYS_COPY, self->folder)); /* one file */
    assert_int_equal(place_try_open(self, &err), VELUM_E_OLDER);
    assert_non_null(strstr(err.text, "did not end"));
    const velum_upgrade_report report = upgrade_report(self);
    assert_true(report.is_needed && report.is_unfinished);
    assert_upgraded(self, &result);
    assert_int_equal(result.steps, 0);
    assert_whole(self);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, upgrade_set_up, place_tear_down)
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
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
