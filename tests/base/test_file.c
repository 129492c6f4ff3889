/* Files: told errors, whole reads and writes, replacement that a crash cannot halve, locks. */
#include "base/fault.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/base/scratch.h"

static int make_scratch(void **state)
{
    static scratch folder;

    folder = scratch_create();
    *state = &folder;
    return 0;
}

static int remove_scratch(void **state)
{
    fault_plan(NULL);
    scratch_remove(*state);
    return 0;
}

static int folder_of(void **state)
{
    return ((const scratch *)*state)->fd;
}

static int create(int dir_fd, const char *name)
{
    int fd = -1;

    assert_int_equal(file_open(dir_fd, name, O_RDWR | O_CREAT, &fd), VELUM_OK);
    return fd;
}

static void assert_content(int dir_fd, const char *name, const char *wanted)
{
    VELUM_AUTO_BUFFER content;

    buffer_init(&content, 10000);
    assert_int_equal(file_read(dir_fd, name, &content), VELUM_OK);
    assert_int_equal(content.size, strlen(wanted));
    assert_true(content.size == 0 || memcmp(content.data, wanted, content.size) == 0);
}

static void folders_are_private_and_made_once(void **state)
{
    VELUM_AUTO_FD made = -1;
    VELUM_AUTO_FD again = -1;
    struct stat about;

    assert_int_equal(directory_create(folder_of(state), "sub", &made), VELUM_OK);
    assert_int_equal(fstat(made, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    assert_int_equal(directory_create(folder_of(state), "sub", &again), VELUM_E_EXISTS);
    assert_int_equal(again, -1);
    assert_int_equal(directory_create(folder_of(state), "no/sub", &again), VELUM_E_NOTFOUND);
    assert_int_equal(directory_sync(made), VELUM_OK);
}

static void folders_are_opened_by_path(void **state)
{
    VELUM_AUTO_FD fd = -1;
    char path[SCRATCH_PATH_BYTES + 8];
    const scratch *const folder = *state;

    assert_int_equal(directory_open(folder->path, &fd), VELUM_OK);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    file_close(&fd);
    assert_int_equal(fd, -1);
    snprintf(path, sizeof(path), "%s/none", folder->path);
    assert_int_equal(directory_open(path, &fd), VELUM_E_NOTFOUND);
    close(create(folder->fd, "none"));
    assert_int_equal(directory_open(path, &fd), VELUM_E_IO);
    assert_int_equal(errno, ENOTDIR);
}

static void files_are_private_and_links_not_followed(void **state)
{
    VELUM_AUTO_FD fd = create(folder_of(state), "file");
    VELUM_AUTO_FD other = -1;
    struct stat about;

    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(symlinkat("file", folder_of(state), "link"), 0);
    assert_int_equal(file_open(folder_of(state), "link", O_RDONLY, &other), VELUM_E_IO);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(other, -1);
    assert_int_equal(file_open(folder_of(state), "none", O_RDONLY, &other), VELUM_E_NOTFOUND);
    assert_int_equal(file_open(folder_of(state), "file", O_RDWR | O_CREAT | O_EXCL, &other),
                     VELUM_E_EXISTS);
}

static void what_is_written_is_read(void **state)
{
    VELUM_AUTO_FD fd = create(folder_of(state), "file");
    char out[8] = "";
    uint64_t bytes = 0;

    assert_int_equal(file_write_at(fd, 5, "world", 5), VELUM_OK);
    assert_int_equal(file_write_at(fd, 0, "hello", 5), VELUM_OK);
    assert_int_equal(file_write_at(fd, 3, NULL, 0), VELUM_OK);
    assert_int_equal(file_size(fd, &bytes), VELUM_OK);
    assert_true(bytes == 10);
    assert_int_equal(file_read_at(fd, 3, out, 4), VELUM_OK);
    assert_string_equal(out, "lowo");
    assert_int_equal(file_read_at(fd, 6, out, 5), VELUM_E_TRUNCATED);
    assert_int_equal(file_read_at(fd, 10, out, 0), VELUM_OK);
    assert_int_equal(file_sync(fd), VELUM_OK);
}

static void offsets_have_a_limit(void **state)
{
    VELUM_AUTO_FD fd = create(folder_of(state), "file");
    char out[2] = "";

    assert_int_equal(file_read_at(fd, UINT64_MAX, out, 1), VELUM_E_LIMIT);
    assert_int_equal(file_read_at(fd, INT64_MAX, out, 1), VELUM_E_LIMIT);
    assert_int_equal(file_write_at(fd, INT64_MAX, out, 2), VELUM_E_LIMIT);
    assert_int_equal(file_reserve(fd, UINT64_MAX), VELUM_E_LIMIT);
}

static void reserving_lengthens_with_zeros(void **state)
{
    VELUM_AUTO_FD fd = create(folder_of(state), "file");
    uint8_t page[4096];
    uint64_t bytes = 0;
    struct stat about;

    assert_int_equal(file_write_at(fd, 0, "x", 1), VELUM_OK);
    assert_int_equal(file_reserve(fd, 0), VELUM_OK);
    assert_int_equal(file_reserve(fd, 100000), VELUM_OK);
    assert_int_equal(file_size(fd, &bytes), VELUM_OK);
    assert_true(bytes == 100000);
    assert_int_equal(fstat(fd, &about), 0);
    assert_true(about.st_blocks * 512 >= 100000);
    assert_int_equal(file_read_at(fd, 0, page, sizeof(page)), VELUM_OK);
    assert_int_equal(page[0], 'x');
    for (size_t i = 1; i < sizeof(page); i++) {
        assert_int_equal(page[i], 0);
    }
    assert_int_equal(file_reserve(fd, 10), VELUM_OK); /* never shortens */
    assert_int_equal(file_size(fd, &bytes), VELUM_OK);
    assert_true(bytes == 100000);
}

/* Sizes around the steps of reading, with a ceiling that just fits and one that just does not. */
static void whole_files_meet_the_ceiling(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 4095, 4096, 4097, 20000};
    static const uint8_t zeros[20000];

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        VELUM_AUTO_BUFFER fits;
        VELUM_AUTO_BUFFER short_by_one;
        assert_int_equal(file_replace(folder_of(state), "file", zeros, sizes[i]), VELUM_OK);
        buffer_init(&fits, sizes[i]);
        assert_int_equal(file_read(folder_of(state), "file", &fits), VELUM_OK);
        assert_int_equal(fits.size, sizes[i]);
        if (sizes[i] > 0) {
            buffer_init(&short_by_one, sizes[i] - 1);
            assert_int_equal(file_read(folder_of(state), "file", &short_by_one), VELUM_E_LIMIT);
            assert_int_equal(short_by_one.size, 0);
        } else {
            buffer_init(&short_by_one, 0);
        }
    }
}

/* Files of /proc say size 0 and have content; the ceiling holds for them too. */
static void a_file_may_be_longer_than_it_says(void **state)
{
    VELUM_AUTO_FD proc = -1;
    VELUM_AUTO_BUFFER wide;
    VELUM_AUTO_BUFFER narrow;

    assert_int_equal(directory_open("/proc/self", &proc), VELUM_OK);
    buffer_init(&wide, 100000);
    assert_int_equal(file_read(proc, "status", &wide), VELUM_OK);
    assert_true(wide.size > 100);
    buffer_init(&narrow, 100);
    buffer_append_text(&narrow, "kept");
    assert_int_equal(file_read(proc, "status", &narrow), VELUM_E_LIMIT);
    assert_int_equal(narrow.size, 4);
    assert_int_equal(file_read(proc, "no-such-file", &wide), VELUM_E_NOTFOUND);
}

static void replacing_leaves_one_file(void **state)
{
    assert_int_equal(file_replace(folder_of(state), "file", "old", 3), VELUM_OK);
    assert_content(folder_of(state), "file", "old");
    assert_int_equal(file_replace(folder_of(state), "file", "newer", 5), VELUM_OK);
    assert_content(folder_of(state), "file", "newer");
    assert_int_equal(file_replace(folder_of(state), "file", NULL, 0), VELUM_OK);
    assert_content(folder_of(state), "file", "");
    assert_int_equal(scratch_count(*state), 1);
}

static void a_leftover_does_not_matter(void **state)
{
    VELUM_AUTO_FD leftover = create(folder_of(state), "file.tmp");

    assert_int_equal(file_write_at(leftover, 0, "a longer leftover", 17), VELUM_OK);
    assert_int_equal(file_replace(folder_of(state), "file", "new", 3), VELUM_OK);
    assert_content(folder_of(state), "file", "new");
    assert_int_equal(scratch_count(*state), 1);
}

static void a_name_has_a_limit(void **state)
{
    char name[256];

    memset(name, 'n', sizeof(name) - 1);
    name[255] = '\0';
    assert_int_equal(file_replace(folder_of(state), name, "x", 1), VELUM_E_LIMIT);
    name[251] = '\0';
    assert_int_equal(file_replace(folder_of(state), name, "x", 1), VELUM_OK);
}

/* The numbered places of one replacement, and whether the new content stands after a failure. */
static const struct {
    const char *place;
    bool is_replaced;
} places[] = {{"write:1", false}, {"sync:1", false}, {"rename:1", false}, {"sync:2", true}};

#define PLACE_COUNT (sizeof(places) / sizeof(places[0]))

static void a_failed_replacement_keeps_the_old(void **state)
{
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        char plan[32];
        assert_int_equal(file_replace(folder_of(state), "file", "old", 3), VELUM_OK);
        snprintf(plan, sizeof(plan), "%s:enospc", places[i].place);
        fault_plan(plan);
        assert_int_equal(file_replace(folder_of(state), "file", "new", 3), VELUM_E_NOSPACE);
        assert_int_equal(errno, ENOSPC);
        fault_plan(NULL);
        assert_content(folder_of(state), "file", places[i].is_replaced ? "new" : "old");
        assert_int_equal(scratch_count(*state), 1);
    }
}

typedef struct replacement {
    int dir_fd;
    char plan[32];
} replacement;

static void replace_by_plan(void *context)
{
    const replacement *const one = context;

    fault_plan(one->plan);
    if (file_replace(one->dir_fd, "file", "new", 3) < 0) {
        _exit(1);
    }
}

static void a_killed_replacement_is_old_or_new(void **state)
{
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        replacement one = {.dir_fd = folder_of(state)};
        assert_int_equal(file_replace(one.dir_fd, "file", "old", 3), VELUM_OK);
        snprintf(one.plan, sizeof(one.plan), "%s:kill", places[i].place);
        assert_true(WIFSIGNALED(child_run(replace_by_plan, &one)));
        assert_content(one.dir_fd, "file", places[i].is_replaced ? "new" : "old");
    }
    assert_int_equal(file_replace(folder_of(state), "file", "last", 4), VELUM_OK);
    assert_int_equal(scratch_count(*state), 1);
}

static void planned_faults_reach_each_call(void **state)
{
    VELUM_AUTO_FD fd = create(folder_of(state), "file");
    uint64_t bytes = 9;

    fault_plan("write:1+:eio");
    assert_int_equal(file_write_at(fd, 0, "x", 1), VELUM_E_IO);
    assert_int_equal(errno, EIO);
    assert_int_equal(file_reserve(fd, 4096), VELUM_E_IO);
    fault_plan("sync:1+:eio");
    assert_int_equal(file_sync(fd), VELUM_E_IO);
    assert_int_equal(directory_sync(folder_of(state)), VELUM_E_IO);
    fault_plan("alloc:1:enospc");
    VELUM_AUTO_BUFFER content;
    buffer_init(&content, 10);
    assert_int_equal(file_read(folder_of(state), "file", &content), VELUM_E_NOMEM);
    fault_plan(NULL);
    assert_int_equal(file_size(fd, &bytes), VELUM_OK);
    assert_true(bytes == 0);
}

static void closing_keeps_errno(void **state)
{
    int none = -1;
    int fd = create(folder_of(state), "file");

    errno = ENOSPC;
    file_close(&none);
    file_close(&fd);
    assert_int_equal(errno, ENOSPC);
    file_close(&fd);
    assert_int_equal(fd, -1);
}

/* Takes the lock through an open of its own, says so, and holds it until told. */
static void hold_lock(int dir_fd, int say_fd, int hear_fd)
{
    int fd = -1;
    char byte = 'k';

    if (file_open(dir_fd, "lock", O_RDWR, &fd) < 0 || file_lock(fd) < 0) {
        byte = 'x';
    }
    if (write(say_fd, &byte, 1) != 1 || read(hear_fd, &byte, 1) != 1) {
        _exit(1);
    }
    _exit(0);
}

static void a_lock_is_held_by_one_process(void **state)
{
    VELUM_AUTO_FD fd = create(folder_of(state), "lock");
    int from_child[2];
    int to_child[2];
    char byte = 0;
    bool held = true;

    assert_int_equal(file_lock_is_held(fd, &held), VELUM_OK);
    assert_false(held);
    assert_int_equal(pipe(from_child), 0);
    assert_int_equal(pipe(to_child), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hold_lock(folder_of(state), from_child[1], to_child[0]);
    }
    assert_int_equal(read(from_child[0], &byte, 1), 1);
    assert_int_equal(byte, 'k');
    assert_int_equal(file_lock(fd), VELUM_E_LOCKED);
    assert_int_equal(file_lock_is_held(fd, &held), VELUM_OK);
    assert_true(held);
    assert_int_equal(write(to_child[1], "q", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(file_lock_is_held(fd, &held), VELUM_OK);
    assert_false(held);
    assert_int_equal(file_lock(fd), VELUM_OK);
    close(from_child[0]);
    close(from_child[1]);
    close(to_child[0]);
    close(to_child[1]);
}

/* The lock belongs to the open file, so that closing another open of it does not drop it. */
static void a_lock_belongs_to_an_open(void **state)
{
    VELUM_AUTO_FD first = create(folder_of(state), "lock");
    VELUM_AUTO_FD second = create(folder_of(state), "lock");
    bool held = false;

    assert_int_equal(file_lock(first), VELUM_OK);
    assert_int_equal(file_lock(first), VELUM_OK);
    assert_int_equal(file_lock(second), VELUM_E_LOCKED);
    file_close(&second);
    second = create(folder_of(state), "lock");
    assert_int_equal(file_lock_is_held(second, &held), VELUM_OK);
    assert_true(held);
    file_close(&first);
    assert_int_equal(file_lock(second), VELUM_OK);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

static void what_is_destroyed_was_overwritten(void **state)
{
    static char big[200000];
    static char seen[sizeof big];
    scratch self = scratch_create();
    int fd = -1;

    memset(big, 'x', sizeof big);
    assert_int_equal(file_destroy(self.fd, "secret"), VELUM_E_NOTFOUND);
    assert_int_equal(file_replace(self.fd, "secret", big, sizeof big), VELUM_OK);
    assert_int_equal(file_open(self.fd, "secret", O_RDONLY, &fd), VELUM_OK);
    assert_int_equal(file_destroy(self.fd, "secret"), VELUM_OK);
    assert_int_equal(scratch_count(&self), 0);
    assert_int_equal(file_read_at(fd, 0, seen, sizeof seen), VELUM_OK);
    memset(big, 0, sizeof big);
    assert_memory_equal(seen, big, sizeof big);
    file_close(&fd);
    scratch_remove(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_destroyed_was_overwritten),
        WITH_FOLDER(folders_are_private_and_made_once),
        WITH_FOLDER(folders_are_opened_by_path),
        WITH_FOLDER(files_are_private_and_links_not_followed),
        WITH_FOLDER(what_is_written_is_read),
        WITH_FOLDER(offsets_have_a_limit),
        WITH_FOLDER(reserving_lengthens_with_zeros),
        WITH_FOLDER(whole_files_meet_the_ceiling),
        WITH_FOLDER(a_file_may_be_longer_than_it_says),
        WITH_FOLDER(replacing_leaves_one_file),
        WITH_FOLDER(a_leftover_does_not_matter),
        WITH_FOLDER(a_name_has_a_limit),
        WITH_FOLDER(a_failed_replacement_keeps_the_old),
        WITH_FOLDER(a_killed_replacement_is_old_or_new),
        WITH_FOLDER(planned_faults_reach_each_call),
        WITH_FOLDER(closing_keeps_errno),
        WITH_FOLDER(a_lock_is_held_by_one_process),
        WITH_FOLDER(a_lock_belongs_to_an_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
