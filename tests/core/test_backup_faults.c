/* A backup or a restore that is cut short: whole, or not there, wherever it was killed or failed (B-4, B-7). */
#include "tests/core/backup_support.h"
#include "tests/core/erasure_support.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define POINTS_MAX 20000
#define DENSE 150 /* places of which each is taken; behind them every 25th */
#define POLLS_MAX 400
#define POLL_US 10000

typedef struct scene {
    const char *shop;
    const char *desk;
    const char *ref;
    const char *gone;
} scene;

/* Two customers and a backup; the report of the gate is of none yet. */
static scene backed(place *self)
{
    scene made = {.shop = shop_token(self), .desk = desk_token(self)};

    made.ref = person(self, made.shop, MOBILE, full_profile);
    made.gone = person(self, made.shop, "13800000002", full_profile);
    consent(self, made.desk, made.ref, "direct-marketing", "given");
    backed_up(self);
    place_reopen(self);
    return made;
}

/* Then a withdrawal and an erasure, of which the place is told. The gate is closed. */
static void lose(place *self, const scene *scene)
{
    consent(self, scene->desk, scene->ref, "direct-marketing", "withdrawn");
    assert_done(erase(self, scene->gone, "{}"));
    await_followed(self);
    place_close(self);
}

static scene lost(place *self)
{
    const scene made = backed(self);

    lose(self, &made);
    return made;
}

static void assert_not_there(place *self)
{
    assert_false(path_is_there(new_folder(self)));
    assert_false(path_is_there(text_f(self, "%s.part", new_folder(self))));
}

static void assert_restored(place *self, const scene *scene)
{
    char folder[sizeof self->folder];
    char key[sizeof self->verifier_key];

    memcpy(folder, self->folder, sizeof folder);
    memcpy(key, self->verifier_key, sizeof key);
    snprintf(self->folder, sizeof self->folder, "%s", new_folder(self));
    place_open(self);
    snprintf(self->verifier_key, sizeof self->verifier_key, "%s",
             journal_verifier_key(self->gate->journal));
    assert_done(read_as(self, scene->shop, scene->ref));
    assert_refused(read_as(self, scene->shop, scene->gone), 410, "subject-erased");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 2);
    assert_log_sound(self);
    place_close(self);
    memcpy(self->folder, folder, sizeof folder);
    memcpy(self->verifier_key, key, sizeof key);
    remove_folder(new_folder(self));
}

static velum_status try_restore(place *self, velum_error *err)
{
    velum_restore_result result;

    return restore_of(self, NULL, NULL, &result, err);
}

/* --- restoring ---------------------------------------------------------------------------------- */

static velum_status restore_once(place *self)
{
    return try_restore(self, NULL);
}

static void kill_everywhere(place *self, const char *kind, unsigned stride, unsigned at_least)
{
    static const doomed restoring = {NULL, restore_once};
    const scene scene = lost(self);
    unsigned struck = 0;

    for (unsigned n = 1; killed_at(self, &restoring, kind, n);
         n += n < DENSE ? stride : 4 * stride) {
        if (path_is_there(new_folder(self))) {
            assert_restored(self, &scene); /* it had its name, and so was whole */
        }
        assert_true(try_restore(self, NULL) == VELUM_OK);
        assert_restored(self, &scene);
        struck++;
        assert_true(n < POINTS_MAX);
    }
    assert_restored(self, &scene);
    assert_not_there(self);
    assert_true(struck > at_least);
}

static void killed_at_a_sync_nothing_is_half(void **state)
{
    kill_everywhere(*state, "sync", 5, 4);
}

static void killed_at_a_rename_nothing_is_half(void **state)
{
    kill_everywhere(*state, "rename", 1, 3);
}

static void killed_at_a_write_nothing_is_half(void **state)
{
    kill_everywhere(*state, "write", 37, 5);
}

static void killed_at_a_statement_nothing_is_half(void **state)
{
    kill_everywhere(*state, "sql", 61, 5);
}

/* A disk that is full, or fails: said, and nothing left. */
static void fail_everywhere(place *self, const char *kind, unsigned stride)
{
    const scene scene = lost(self);
    velum_status status = VELUM_E_IO;
    unsigned struck = 0;

    for (unsigned n = 1; status < 0; n += stride) {
        velum_error err = {.text = ""};
        fault_plan(text_f(self, "%s:%u:%s", kind, n, n % 2 == 0 ? "enospc" : "eio"));
        status = try_restore(self, &err);
        fault_plan(NULL);
        assert_true(status == VELUM_OK || err.text[0] != '\0');
        assert_true(n < POINTS_MAX);
        if (status < 0) {
            assert_not_there(self);
            struck++;
        }
        if (path_is_there(new_folder(self))) {
            assert_restored(self, &scene);
        }
    }
    assert_true(struck > 3);
}

static void failing_at_a_write_nothing_is_left(void **state)
{
    fail_everywhere(*state, "write", 43);
}

static void failing_at_a_sync_nothing_is_left(void **state)
{
    fail_everywhere(*state, "sync", 5);
}

static void failing_at_a_statement_nothing_is_left(void **state)
{
    fail_everywhere(*state, "sql", 83);
}

static void failing_at_a_rename_nothing_is_left(void **state)
{
    fail_everywhere(*state, "rename", 1);
}

static void without_memory_nothing_is_left(void **state)
{
    fail_everywhere(*state, "alloc", 211);
}

/* --- backing up --------------------------------------------------------------------------------- */

static int copies(place *self)
{
    int found = 0;
    DIR *const entries = opendir(line_folder(self));
    const struct dirent *entry = NULL;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        found += backup_name_is_valid(entry->d_name) ? 1 : 0;
    }
    closedir(entries);
    return found;
}

/* Until the keeper has nothing to do; whether it was done. */
static bool was_done(place *self)
{
    keeper_report report = keeper_look(&self->gate->keeper);

    for (int i = 0; i < POLLS_MAX && report.state == BACKUP_RUNNING; i++) {
        usleep(POLL_US);
        report = keeper_look(&self->gate->keeper);
    }
    assert_int_not_equal(report.state, BACKUP_RUNNING);
    return report.state == BACKUP_DONE;
}

/* One under the nth fault; whether it was hit. What stands in the place can be restored. */
static bool back_up_under(place *self, const char *kind, unsigned n)
{
    const reply *answer = NULL;
    const int before = copies(self);
    const question asked = {VELUM_VERB_BACKUP, .body = text_f(self, "{\"to\":\"%s\",\"keep\":1000}",
                                                              backup_folder(self))};

    place_set_clock(self, PLACE_EPOCH_NS + (int64_t)n * 10 * NS_PER_SECOND);
    fault_plan(text_f(self, "%s:%u:%s", kind, n, n % 2 == 0 ? "enospc" : "eio"));
    (void)try_ask(self, &asked, &answer);
    const bool done = was_done(self);
    const bool hit = fault_count(fault_kind_of(kind)) >= n;
    fault_plan(NULL);
    place_reopen(self); /* which the log wants after a sync that failed */
    if (copies(self) != before && copies(self) != before + 1) {
        fail_msg("%s %u: %d copies, there were %d", kind, n, copies(self), before);
    }
    if (done && copies(self) != before + 1) {
        fail_msg("%s %u: done, and %d copies after %d", kind, n, copies(self), before);
    }
    return hit;
}

/* What stands in the place can be restored, and is told what comes later. */
static void assert_restorable(place *self, const scene *scene)
{
    lose(self, scene);
    assert_true(try_restore(self, NULL) == VELUM_OK);
    assert_restored(self, scene);
}

static void fail_backups(place *self, const char *kind, unsigned stride)
{
    const scene scene = backed(self);
    unsigned struck = 0;

    for (unsigned n = 1; back_up_under(self, kind, n); n += stride) {
        struck++;
        assert_true(n < POINTS_MAX);
    }
    assert_true(struck > 2);
    assert_restorable(self, &scene);
}

static void a_backup_is_whole_or_none_under_sql_faults(void **state)
{
    fail_backups(*state, "sql", 29);
}

static void a_backup_is_whole_or_none_under_write_faults(void **state)
{
    fail_backups(*state, "write", 31);
}

static void a_backup_is_whole_or_none_under_sync_faults(void **state)
{
    fail_backups(*state, "sync", 3);
}

static void a_backup_is_whole_or_none_under_rename_faults(void **state)
{
    fail_backups(*state, "rename", 1);
}

static velum_status back_up_once(place *self)
{
    const question asked = {VELUM_VERB_BACKUP,
                            .body = text_f(self, "{\"to\":\"%s\"}", backup_folder(self))};
    const reply *answer = NULL;
    const velum_status status = try_ask(self, &asked, &answer);

    (void)was_done(self);
    place_close(self);
    return status;
}

/* Wherever it is killed: keys there follow, and the log tells that nobody saw the end. */
static void kill_backups(place *self, const char *kind, unsigned stride)
{
    static const doomed backing_up = {place_open, back_up_once};
    const scene scene = backed(self);
    unsigned struck = 0;

    place_close(self);
    for (unsigned n = 1; killed_at(self, &backing_up, kind, n); n += stride) {
        place_open(self);
        assert_text_at(backup_status(self), "state", "none");
        assert_int_equal(integer_at(backup_status(self), "places/0/behind"), 0);
        assert_log_sound(self);
        place_close(self);
        struck++;
        assert_true(n < POINTS_MAX);
    }
    assert_true(struck > 2);
    place_open(self);
    assert_restorable(self, &scene);
}

static void a_backup_that_is_killed_at_a_sync_harms_nothing(void **state)
{
    kill_backups(*state, "sync", 3);
}

static void a_backup_that_is_killed_at_a_rename_harms_nothing(void **state)
{
    kill_backups(*state, "rename", 1);
}

static void a_backup_that_is_killed_at_a_write_harms_nothing(void **state)
{
    kill_backups(*state, "write", 41);
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, backup_set_up, place_tear_down)
#define WITH_CLOCK(test) cmocka_unit_test_setup_teardown(test, backup_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        IN_PLACE(killed_at_a_sync_nothing_is_half),
        IN_PLACE(killed_at_a_rename_nothing_is_half),
        IN_PLACE(killed_at_a_write_nothing_is_half),
        IN_PLACE(killed_at_a_statement_nothing_is_half),
        IN_PLACE(failing_at_a_write_nothing_is_left),
        IN_PLACE(failing_at_a_sync_nothing_is_left),
        IN_PLACE(failing_at_a_statement_nothing_is_left),
        IN_PLACE(failing_at_a_rename_nothing_is_left),
        IN_PLACE(without_memory_nothing_is_left),
        IN_PLACE(a_backup_that_is_killed_at_a_sync_harms_nothing),
        IN_PLACE(a_backup_that_is_killed_at_a_rename_harms_nothing),
        IN_PLACE(a_backup_that_is_killed_at_a_write_harms_nothing),
        WITH_CLOCK(a_backup_is_whole_or_none_under_sql_faults),
        WITH_CLOCK(a_backup_is_whole_or_none_under_write_faults),
        WITH_CLOCK(a_backup_is_whole_or_none_under_sync_faults),
        WITH_CLOCK(a_backup_is_whole_or_none_under_rename_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
