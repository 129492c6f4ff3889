/* Backups: whole or not there, and keys in the place that follow every erasure (B-1 to B-4; I-6). */
#include "tests/core/backup_support.h"
#include "tests/core/erasure_support.h"

#include "core/verbs.h"
#include "vault/internal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLLS_MAX 1200
#define POLL_US 25000

static int64_t count_in(place *self, const char *folder, const char *sql)
{
    return count_in_file(folder, MIRROR_FILE, keyring_keys_db_key(self->gate->keys), sql);
}

static int64_t count_in_place(place *self, const char *sql)
{
    return count_in(self, backup_folder(self), sql);
}

static int64_t data_keys_in_place(place *self)
{
    return count_in_place(
        self,
        "SELECT count(*) FROM subject_key JOIN key_slot USING (slot) WHERE first <> zeroblob(88)");
}

/* The same, and as many keys of any kind are there as in the folder. */
static int64_t keys_in_place(place *self)
{
    static const char any[] = "SELECT count(*) FROM key_slot WHERE first <> zeroblob(88)";

    assert_int_equal(count_in_place(self, any), count_in(self, self->folder, any));
    return data_keys_in_place(self);
}

static int copies(place *self, bool is_part)
{
    int found = 0;
    DIR *const entries = opendir(line_folder(self));
    const struct dirent *entry = NULL;

    assert_non_null(entries);
    while ((entry = readdir(entries)) != NULL) {
        const bool starts = strncmp(entry->d_name, BACKUP_NAME_START, 6) == 0;
        found += starts && (strstr(entry->d_name, BACKUP_PART) != NULL) == is_part ? 1 : 0;
    }
    closedir(entries);
    return found;
}

static bool is_erased(place *self)
{
    return sql_count(self, "SELECT count(*) FROM subject WHERE status = 3") == 1;
}

static void await_erased(place *self)
{
    for (int i = 0; i < POLLS_MAX && !is_erased(self); i++) {
        usleep(POLL_US);
    }
    assert_true(is_erased(self));
}

/* --- making one --------------------------------------------------------------------------------- */

static void a_backup_is_whole_and_recorded(void **state)
{
    place *const self = *state;
    audit_entry entry;

    person(self, shop_token(self), MOBILE, full_profile);
    backed_up(self);
    assert_int_equal(copies(self, false), 1);
    assert_int_equal(copies(self, true), 0);
    assert_int_equal(keys_in_place(self), 1);
    assert_true(path_is_there(text_f(self, "%s/keyring", backup_folder(self))));
    assert_true(path_is_there(text_f(self, "%s/audit/checkpoint", line_folder(self))));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_BACKUP);
    assert_int_equal(entry.stage, ENTRY_OUTCOME);
    assert_int_equal(input_of(&entry, INPUT_BACKUP), BACKUP_DONE);
    assert_log_sound(self);
}

static void its_end_is_told_after_a_crash(void **state)
{
    place *const self = *state;
    audit_entry entry;

    sql_run(self, "INSERT OR REPLACE INTO meta (name, value) VALUES ('backup_first', 77)");
    place_reopen(self);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_BACKUP);
    assert_int_equal(input_of(&entry, INPUT_BACKUP), BACKUP_UNKNOWN);
    assert_int_equal(bytes_read_u64be(entry.related), 77);
    const uint64_t size = log_size(self);
    place_reopen(self);
    assert_int_equal(log_size(self), size); /* once */
}

static void refused(place *self, const char *body)
{
    forget_refusals(self);
    assert_refused(ask(self, (question){VELUM_VERB_BACKUP, .body = body}), 422, "invalid-value");
}

static void places_that_are_none_are_refused(void **state)
{
    place *const self = *state;
    char longest[MIRROR_PLACE_BYTES + 1];

    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[MIRROR_PLACE_BYTES] = '\0';
    refused(self, "{\"to\":\"backups\"}");
    refused(self, "{\"to\":\"/\"}");
    refused(self, "{\"to\":\"/tmp/a\\nb\"}");
    refused(self, text_f(self, "{\"to\":\"%s\"}", longest));
    refused(self, "{\"to\":\"/tmp/a\",\"keep\":0}");
    assert_refused(ask(self, (question){VELUM_VERB_BACKUP, .body = "{}"}), 400,
                   "malformed-request");
    forget_refusals(self);
    assert_refused(
        ask(self, (question){VELUM_VERB_BACKUP_FORGET, .body = "{\"place\":\"/tmp/x\"}"}), 422,
        "invalid-value");
    assert_refused(
        ask(self, (question){VELUM_VERB_BACKUP, shop_token(self), .body = "{\"to\":\"/tmp/a\"}"}),
        403, "activity-not-registered");
    assert_null(value_at(backup_status(self), "places/0"));
}

/* What cannot be written to is not waited for. */
static void failed(place *self, const char *why)
{
    const reply *const status = back_up(self);

    assert_text_at(status, "state", "failed");
    if (strstr(text_at(status, "reason"), why) == NULL) {
        fail_msg("%s", status->body);
    }
    assert_null(value_at(status, "places/0"));
}

static void a_place_that_cannot_be_written_to_is_told(void **state)
{
    place *const self = *state;
    const char *const folder = backup_folder(self);

    assert_int_equal(mkdir(folder, 0755), 0);
    failed(self, "mode 0700");
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(symlink("nowhere/at/all", folder), 0);
    failed(self, "not there");
    assert_int_equal(unlink(folder), 0);
    assert_int_equal(symlink(self->folder, folder), 0);
    failed(self, "data folder");
    assert_int_equal(unlink(folder), 0);
    backed_up(self);
}

/* How often it was asked, and since when keys may not be brought any more. */
typedef struct asked {
    unsigned times;
    unsigned may_follow;
    unsigned stops_at; /* 0: never */
} asked;

static bool asked_to_go_on(void *context, bool may_follow)
{
    asked *const self = context;

    self->times++;
    if (may_follow) {
        assert_int_equal(self->may_follow, self->times - 1); /* never again once it may not */
        self->may_follow++;
    }
    return self->times != self->stops_at;
}

static void tell_nobody(void *context, const char *what, uint64_t done, uint64_t total)
{
    (void)context;
    assert_non_null(what);
    assert_true(total == 0 || done <= total);
}

/* Whoever closes the gate does not wait for it, and no certificate either until keys are copied. */
static void it_is_given_up_wherever_it_is(void **state)
{
    place *const self = *state;
    backup_job job = {.keep = 7};
    velum_status status = VELUM_E_UNAVAILABLE;
    backup_made made;
    asked asked = {.stops_at = 0};

    person(self, shop_token(self), MOBILE, full_profile);
    backed_up(self);
    snprintf(job.place, sizeof job.place, "%s", backup_folder(self));
    snprintf(job.name, sizeof job.name, "vault-20991231T235959Z.db");
    for (unsigned n = 1; status == VELUM_E_UNAVAILABLE; n++) {
        asked.times = asked.may_follow = 0;
        asked.stops_at = n;
        status = backup_make(self->gate, &job,
                             &(backup_progress){tell_nobody, asked_to_go_on, &asked}, &made);
        assert_true(status == VELUM_OK || strcmp(made.reason, "it was stopped") == 0);
        assert_int_equal(copies(self, false), status == VELUM_OK ? 2 : 1);
    }
    assert_int_equal(status, VELUM_OK);
    assert_true(asked.may_follow >= 2); /* copied, folded */
    assert_true(asked.times > asked.may_follow);
    assert_int_equal(copies(self, true), 0);
}

/* --- keys that follow --------------------------------------------------------------------------- */

static void a_key_that_is_destroyed_is_destroyed_there(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    person(self, shop, "13800000002", full_profile);
    backed_up(self);
    assert_int_equal(keys_in_place(self), 2);
    assert_done(erase(self, ref, "{}"));
    await_erased(self);
    await_followed(self);
    assert_int_equal(keys_in_place(self), 1);
    assert_log_sound(self);
}

/* Some categories: the key that opened them goes there, too, and the next one comes. */
static void a_key_that_is_replaced_is_replaced_there(void **state)
{
    place *const self = *state;
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);

    backed_up(self);
    assert_done(erase(self, ref, "{\"categories\":[\"contact\"]}"));
    await_nothing_begun(self);
    await_followed(self);
    assert_int_equal(keys_in_place(self), 1);
    assert_int_equal(count_in_place(self, "SELECT max(key_version) FROM subject_key"), 2);
    assert_int_equal(count_in_place(self, "SELECT count(*) FROM next_key"), 0);
}

static void a_generation_moves_there(void **state)
{
    place *const self = *state;
    const char *const desk = desk_token(self);
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);

    backed_up(self);
    const int64_t before = count_in_place(self, "SELECT max(generation) FROM subject_key");
    consent(self, desk, ref, "direct-marketing", "given");
    consent(self, desk, ref, "direct-marketing", "withdrawn");
    await_followed(self);
    assert_int_equal(count_in_place(self, "SELECT max(generation) FROM subject_key"), before + 2);
}

/* B-2: unreadable at once, certified when the key is gone everywhere. Others are served meanwhile. */
static void a_certificate_waits_for_the_place(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    const char *const away = text_f(self, "%s/away", self->parent);

    backed_up(self);
    assert_int_equal(rename(backup_folder(self), away), 0);
    const reply *const erased = assert_done(erase(self, ref, "{}"));
    const char *const id = text_f(self, "%s", text_at(erased, "certificate"));
    assert_refused(read_as(self, shop, ref), 410, "subject-erased");
    for (int i = 0; i < 3; i++) { /* repeating makes nothing more of it */
        atomic_store(&self->gate->writer.erasures_left, true);
        person(self, shop, text_f(self, "1390000000%d", i), full_profile);
        usleep(4 * POLL_US);
    }
    assert_false(is_erased(self));
    assert_text_at(ask(self, (question){VELUM_VERB_CERTIFICATE, .ref = id}), "state", "erasing");
    /* the key, and who must not come back */
    assert_int_equal(integer_at(backup_status(self), "places/0/behind"), 2);
    place_reopen(self); /* nor does a start forget it */
    assert_false(is_erased(self));
    assert_int_equal(rename(away, backup_folder(self)), 0);
    await_erased(self);
    await_followed(self);
    assert_int_equal(data_keys_in_place(self), 0);
    assert_log_sound(self);
}

/* An empty folder where the disk is not mounted is not the place. */
static void an_empty_mount_point_is_not_the_place(void **state)
{
    place *const self = *state;
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);
    const char *const away = text_f(self, "%s/away", self->parent);

    backed_up(self);
    assert_int_equal(rename(backup_folder(self), away), 0);
    assert_int_equal(mkdir(backup_folder(self), 0700), 0);
    assert_done(erase(self, ref, "{}"));
    place_reopen(self); /* which has tried it once more */
    assert_false(is_erased(self));
    assert_int_equal(rmdir(backup_folder(self)), 0); /* and left nothing there */
    assert_int_equal(rename(away, backup_folder(self)), 0);
    await_erased(self);
}

static void a_place_that_is_let_go_is_not_waited_for(void **state)
{
    place *const self = *state;
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);
    const char *const body = text_f(self, "{\"place\":\"%s\"}", backup_folder(self));

    backed_up(self);
    assert_int_equal(rename(backup_folder(self), text_f(self, "%s/away", self->parent)), 0);
    assert_done(erase(self, ref, "{}"));
    assert_done(ask(self, (question){VELUM_VERB_BACKUP_FORGET, .body = body}));
    await_erased(self);
    assert_null(value_at(backup_status(self), "places/0"));
    assert_int_equal(rename(text_f(self, "%s/away", self->parent), backup_folder(self)), 0);
    backed_up(self);
    assert_done(ask(self, (question){VELUM_VERB_BACKUP_FORGET, .body = body}));
    for (int i = 0; i < POLLS_MAX && value_at(backup_status(self), "places/0") != NULL; i++) {
        usleep(POLL_US);
    }
    assert_false(path_is_there(text_f(self, "%s/keys.db", backup_folder(self))));
}

/* Two data folders would overwrite each other's keys. */
static void a_place_of_another_folder_is_refused(void **state)
{
    place *const self = *state;
    char first[sizeof self->folder];

    backed_up(self);
    place_close(self);
    memcpy(first, self->folder, sizeof first);
    snprintf(self->folder, sizeof self->folder, "%s/other", self->parent);
    velum_error err = {.text = ""};
    assert_int_equal(unsetenv("VELUM_ROOT_FILE"), 0);
    assert_int_equal(place_init(self, true, &err), VELUM_OK);
    place_open(self);
    failed(self, "another data folder");
    place_close(self);
    memcpy(self->folder, first, sizeof first);
    place_open(self);
    backed_up(self);
}

static void older_copies_go(void **state)
{
    place *const self = *state;
    const char *const body = text_f(self, "{\"to\":\"%s\",\"keep\":2}", backup_folder(self));

    for (int i = 0; i < 4; i++) {
        place_set_clock(self, PLACE_EPOCH_NS + (i + 1) * DAY_NS);
        assert_done(ask(self, (question){VELUM_VERB_BACKUP, .body = body}));
        for (int n = 0; n < POLLS_MAX; n++) {
            if (strcmp(text_at(backup_status(self), "state"), "running") != 0) {
                break;
            }
            usleep(POLL_US);
        }
        assert_text_at(backup_status(self), "state", "done");
        assert_int_equal(copies(self, false), i < 2 ? i + 1 : 2);
    }
}

int main(void)
{
#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, backup_set_up, place_tear_down)
#define WITH_CLOCK(test) cmocka_unit_test_setup_teardown(test, backup_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_backup_is_whole_and_recorded),
        IN_PLACE(its_end_is_told_after_a_crash),
        IN_PLACE(places_that_are_none_are_refused),
        IN_PLACE(a_place_that_cannot_be_written_to_is_told),
        IN_PLACE(it_is_given_up_wherever_it_is),
        IN_PLACE(a_key_that_is_destroyed_is_destroyed_there),
        IN_PLACE(a_key_that_is_replaced_is_replaced_there),
        IN_PLACE(a_generation_moves_there),
        IN_PLACE(a_certificate_waits_for_the_place),
        IN_PLACE(an_empty_mount_point_is_not_the_place),
        IN_PLACE(a_place_that_is_let_go_is_not_waited_for),
        IN_PLACE(a_place_of_another_folder_is_refused),
        WITH_CLOCK(older_copies_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
