/* An upgrade that is cut short: whole by the next run, wherever it was killed or failed. */
#include "tests/core/upgrade_support.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"

#define POINTS_MAX 20000
#define EACH_PLACE 120

static velum_status upgrade_once(place *self)
{
    velum_upgrade_result result = {.size = sizeof result};
    const velum_upgrade_options options = {.size = sizeof options,
                                           .folder = {self->folder, strlen(self->folder)}};

    return velum_upgrade_apply(&options, &result, NULL);
}

/* The first places, where the copies and steps are, by the stride; then every fifteenth of an opening. */
static void kill_everywhere(place *self, const char *kind, unsigned stride, unsigned at_least)
{
    static const doomed upgrading = {NULL, upgrade_once};
    velum_upgrade_result result;
    unsigned struck = 0;

    for (unsigned n = 1; killed_at(self, &upgrading, kind, n); n += n < EACH_PLACE ? stride : 15) {
        assert_upgraded(self, &result);
        assert_whole(self);
        upgrade_begin_again(self);
        struck++;
        assert_true(n < POINTS_MAX);
    }
    assert_whole(self);
    assert_true(struck > at_least);
}

static void killed_at_a_sync_it_is_completed(void **state)
{
    kill_everywhere(*state, "sync", 1, 5);
}

static void killed_at_a_rename_it_is_completed(void **state)
{
    kill_everywhere(*state, "rename", 1, 3);
}

static void killed_at_a_write_it_is_completed(void **state)
{
    kill_everywhere(*state, "write", 1, 50);
}

static void killed_at_a_statement_it_is_completed(void **state)
{
    kill_everywhere(*state, "sql", 2, 40);
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
        status = upgrade_apply_to(self, NULL, &result, &err);
        fault_plan(NULL);
        assert_true(status == VELUM_OK || err.text[0] != '\0');
        assert_true(n < POINTS_MAX);
        if (status < 0) {
            assert_int_equal(result.keys_copy_kept, upgrade_has_file(self, UPGRADE_KEYS_COPY));
            assert_upgraded(self, &result);
            struck++;
        }
        assert_whole(self);
        upgrade_begin_again(self);
    }
    assert_true(struck > 3);
}

static void failing_at_a_write_it_is_completed(void **state)
{
    fail_everywhere(*state, "write", 9);
}

static void failing_at_a_sync_it_is_completed(void **state)
{
    fail_everywhere(*state, "sync", 3);
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
    assert_int_equal(upgrade_apply_to(self, NULL, &result, &err), VELUM_E_NOSPACE);
    fault_plan(NULL);
    assert_non_null(strstr(err.text, "nothing was changed"));
    assert_string_equal(result.backup, "");
    assert_int_equal(count_names(self->folder, "backup-", ""), 0);
    assert_int_equal(upgrade_report(self).vault_schema, 1);
    assert_upgraded(self, &result);
    assert_whole(self);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, upgrade_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        ROW(killed_at_a_sync_it_is_completed),       ROW(killed_at_a_rename_it_is_completed),
        ROW(killed_at_a_write_it_is_completed),      ROW(killed_at_a_statement_it_is_completed),
        ROW(failing_at_a_write_it_is_completed),     ROW(failing_at_a_sync_it_is_completed),
        ROW(failing_at_a_statement_it_is_completed), ROW(a_full_disk_changes_nothing),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
