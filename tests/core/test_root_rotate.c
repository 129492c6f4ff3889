/* A folder under a new root secret: what others keep stays good, the old secret opens nothing, and a run
 * that is cut short anywhere leaves a folder that one of the two opens. */
#include "tests/core/support.h"

#include "base/fault.h"
#include "core/verbs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTS_MAX 20000
#define POINTS_ALL 30 /* of an opening, the rest by a stride */

static velum_string string_of(const char *terminated)
{
    return (velum_string){terminated, strlen(terminated)};
}

static velum_status rotate_to(place *self, const char *file, velum_root_rotation *result,
                              velum_error *err)
{
    const velum_root_rotate_options options = {
        .size = sizeof options, .folder = string_of(self->folder), .file = string_of(file)};

    *result = (velum_root_rotation){.size = sizeof *result};
    return velum_root_rotate(&options, result, err);
}

static const char *new_root(place *self)
{
    return text_f(self, "%s/new-root", self->parent);
}

static void rotate(place *self, const char *file, uint32_t version)
{
    velum_root_rotation result;
    velum_error err = {.text = ""};

    if (rotate_to(self, file, &result, &err) != VELUM_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(result.version, version);
}

static velum_status open_under(place *self, const char *file)
{
    velum_error err = {.text = ""};

    setenv("VELUM_ROOT_FILE", file, 1);
    const velum_status status = place_try_open(self, &err);
    assert_true(status == VELUM_OK || err.text[0] != '\0');
    return status;
}

typedef struct told {
    uint32_t count;
    uint64_t version; /* of the newest */
} told;

static void count_leaf(void *context, uint64_t index, const audit_entry *entry)
{
    told *const self = context;

    if (entry->type == ENTRY_KEYS) {
        self->count++;
        self->version = input_of(entry, INPUT_ROOT_VERSION);
    }
}

static told told_of(place *self)
{
    told found = {.count = 0};

    log_sync(self);
    log_visit(self, count_leaf, &found);
    return found;
}

/* --- what stays, what goes --------------------------------------------------------------------------- */

/* I-10: references of every domain; the verifier key of whoever audits. */
static void references_and_the_log_stay(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    place_close(self);
    for (uint32_t version = 1; version <= 3; version++) {
        const char *const file = text_f(self, "%s/root-%u", self->parent, version);
        rotate(self, file, version);
        assert_int_equal(open_under(self, file), VELUM_OK);
        assert_string_equal(person(self, shop, "13800000001", full_profile), ref);
        assert_text_at(
            assert_done(ask(self, (question){VELUM_VERB_READ, .token = care, .ref = ref})),
            "fields/name", "王小明");
        const told found = told_of(self);
        assert_int_equal(found.count, version);
        assert_int_equal(found.version, version);
        assert_log_sound(self); /* by the key that init gave */
        place_close(self);
    }
}

static void the_old_secret_opens_nothing(void **state)
{
    place *const self = *state;
    const char *const old = text_f(self, "%s/velum-root", self->kit);

    place_close(self);
    rotate(self, new_root(self), 1);
    assert_int_equal(open_under(self, old), VELUM_E_CRYPTO);
    assert_int_equal(open_under(self, new_root(self)), VELUM_OK);
}

static bool has_file(place *self, const char *name)
{
    return access(text_f(self, "%s/%s", self->folder, name), F_OK) == 0;
}

/* RR-3 */
static void a_samples_key_goes(void **state)
{
    place *const self = *state;
    velum_root_rotation result;

    place_close(self);
    assert_true(has_file(self, "root.key"));
    assert_int_equal(rotate_to(self, new_root(self), &result, NULL), VELUM_OK);
    assert_true(result.sample_key_gone);
    assert_false(has_file(self, "root.key"));
    assert_int_equal(place_try_open(self, NULL), VELUM_E_NOTFOUND);
    assert_int_equal(open_under(self, new_root(self)), VELUM_OK);
}

static void write_secret(const char *path, const char *content, mode_t mode)
{
    FILE *const file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_secret_may_be_brought(void **state)
{
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    place *const self = *state;
    velum_root_rotation result;

    place_close(self);
    write_secret(new_root(self), hex, 0600);
    rotate(self, new_root(self), 1);
    assert_int_equal(rotate_to(self, new_root(self), &result, NULL), VELUM_OK);
    assert_true(result.was_done);
    assert_int_equal(result.version, 1);
    assert_int_equal(open_under(self, new_root(self)), VELUM_OK);
    assert_int_equal(told_of(self).count, 1);
}

/* --- bad input --------------------------------------------------------------------------------------- */

static void assert_not_rotated(place *self, const char *file, velum_status expected)
{
    velum_root_rotation result;
    velum_error err = {.text = ""};

    assert_int_equal(rotate_to(self, file, &result, &err), expected);
    assert_int_equal(err.status, expected);
    assert_true(strlen(err.text) > 10);
}

static void what_is_no_place_is_refused(void **state)
{
    place *const self = *state;
    const char *const old = text_f(self, "%s/velum-root", self->kit);
    const char *const wrong = text_f(self, "%s/wrong", self->parent);
    const char *const open = text_f(self, "%s/open", self->parent);

    assert_not_rotated(self, new_root(self), VELUM_E_LOCKED);
    assert_int_equal(access(new_root(self), F_OK), -1);
    place_close(self);
    assert_not_rotated(self, text_f(self, "%s/root", self->folder), VELUM_E_INVALID);
    assert_not_rotated(self, text_f(self, "%s/audit/root", self->folder), VELUM_E_INVALID);
    assert_not_rotated(self, text_f(self, "%s/../data/root", self->folder), VELUM_E_INVALID);
    assert_not_rotated(self, "", VELUM_E_INVALID);
    assert_not_rotated(self, text_f(self, "%s/", self->parent), VELUM_E_INVALID);
    assert_not_rotated(self, text_f(self, "%s/none/root", self->parent), VELUM_E_NOTFOUND);
    write_secret(wrong, "no secret", 0600);
    assert_not_rotated(self, wrong, VELUM_E_INVALID);
    write_secret(open, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0644);
    assert_not_rotated(self, open, VELUM_E_DENIED);
    setenv("VELUM_ROOT_FILE", wrong, 1);
    assert_not_rotated(self, new_root(self), VELUM_E_INVALID);
    assert_int_equal(access(new_root(self), F_OK), -1);
    assert_int_equal(open_under(self, old), VELUM_OK);
    assert_int_equal(told_of(self).count, 0);
}

/* --- cut short --------------------------------------------------------------------------------------- */

#ifdef VELUM_TEST_SEAMS

static void begin_again(place *self, const char *kept)
{
    remove_folder(self->folder);
    copy_folder(kept, self->folder);
    (void)unlink(new_root(self));
    setenv("VELUM_ROOT_FILE", text_f(self, "%s/velum-root", self->kit), 1);
}

/* RR-1: one of the two, and not both. */
static void assert_one_opens(place *self, const char *old)
{
    const velum_status by_old = open_under(self, old);

    if (by_old == VELUM_OK) {
        place_close(self);
        return;
    }
    assert_int_equal(by_old, VELUM_E_CRYPTO);
    assert_int_equal(open_under(self, new_root(self)), VELUM_OK);
    place_close(self);
}

/* The same file again ends it, and one leaf tells of it (RR-2). */
static void assert_ended(place *self, const char *old)
{
    velum_root_rotation result;

    if (open_under(self, old) == VELUM_OK) {
        place_close(self);
    } /* else it is sought where it is not any more, and the new one is tried first */
    assert_int_equal(rotate_to(self, new_root(self), &result, NULL), VELUM_OK);
    assert_int_equal(result.version, 1);
    assert_int_equal(open_under(self, old), VELUM_E_CRYPTO);
    assert_int_equal(open_under(self, new_root(self)), VELUM_OK);
    assert_int_equal(told_of(self).count, 1);
    assert_log_sound(self);
    place_close(self);
}

static velum_status rotate_once(place *self)
{
    velum_root_rotation result;

    return rotate_to(self, new_root(self), &result, NULL);
}

static void kill_everywhere(place *self, const char *kind, unsigned stride, int at_least)
{
    static const doomed rotating = {NULL, rotate_once};
    const char *const kept = text_f(self, "%s/kept", self->parent);
    const char *const old = text_f(self, "%s/velum-root", self->kit);
    int struck = 0;

    place_close(self);
    copy_folder(self->folder, kept);
    for (unsigned n = 1; killed_at(self, &rotating, kind, n); n += n < POINTS_ALL ? 1 : stride) {
        assert_one_opens(self, old);
        assert_ended(self, old);
        begin_again(self, kept);
        struck++;
        assert_true(n < POINTS_MAX);
    }
    assert_true(struck >= at_least);
    remove_folder(kept);
}

static void killed_at_a_rename(void **state)
{
    kill_everywhere(*state, "rename", 1, 1);
}

static void killed_at_a_sync(void **state)
{
    kill_everywhere(*state, "sync", 1, 5);
}

static void killed_at_a_write(void **state)
{
    kill_everywhere(*state, "write", 1, 10);
}

static void killed_at_a_statement(void **state)
{
    kill_everywhere(*state, "sql", 41, 10);
}

static void fail_everywhere(place *self, const char *kind, unsigned stride, int at_least)
{
    const char *const kept = text_f(self, "%s/kept", self->parent);
    const char *const old = text_f(self, "%s/velum-root", self->kit);
    velum_root_rotation result;
    velum_status status = VELUM_E_IO;
    int struck = 0;

    place_close(self);
    copy_folder(self->folder, kept);
    for (unsigned n = 1; status < 0; n += n < POINTS_ALL ? 1 : stride) {
        velum_error err = {.text = ""};
        fault_plan(text_f(self, "%s:%u:%s", kind, n, n % 2 == 0 ? "enospc" : "eio"));
        status = rotate_to(self, new_root(self), &result, &err);
        fault_plan(NULL);
        assert_true(status == VELUM_OK || err.text[0] != '\0');
        assert_one_opens(self, old);
        assert_ended(self, old);
        begin_again(self, kept);
        struck += status < 0;
        assert_true(n < POINTS_MAX);
    }
    assert_true(struck >= at_least);
    remove_folder(kept);
}

static void a_disk_that_fails(void **state)
{
    fail_everywhere(*state, "sync", 1, 3);
}

static void no_memory(void **state)
{
    fail_everywhere(*state, "alloc", 61, 10);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(references_and_the_log_stay, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(the_old_secret_opens_nothing, place_set_up_kit,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_samples_key_goes, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(a_secret_may_be_brought, place_set_up_kit, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_place_is_refused, place_set_up_kit,
                                        place_tear_down),
#ifdef VELUM_TEST_SEAMS
        cmocka_unit_test_setup_teardown(killed_at_a_rename, place_set_up_kit, place_tear_down),
        cmocka_unit_test_setup_teardown(killed_at_a_sync, place_set_up_kit, place_tear_down),
        cmocka_unit_test_setup_teardown(killed_at_a_write, place_set_up_kit, place_tear_down),
        cmocka_unit_test_setup_teardown(killed_at_a_statement, place_set_up_kit, place_tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_fails, place_set_up_kit, place_tear_down),
        cmocka_unit_test_setup_teardown(no_memory, place_set_up_kit, place_tear_down),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
