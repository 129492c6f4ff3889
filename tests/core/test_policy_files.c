/* Reading a policy folder: what belongs there, and nothing else. */
#include "core/policy_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"

#include <velum/admin.h>

typedef struct policy_folder {
    char path[256];
    int fd;
    uint32_t errors;
    char file[256]; /* of the last finding */
} policy_folder;

static void put(const policy_folder *self, const char *name, const char *bytes, size_t size)
{
    const int fd = openat(self->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

static void put_text(const policy_folder *self, const char *name, const char *bytes)
{
    put(self, name, bytes, strlen(bytes));
}

static int set_up(void **state)
{
    const char *const base = getenv("TMPDIR");
    policy_folder *const self = calloc(1, sizeof *self);

    snprintf(self->path, sizeof self->path, "%s/policy-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(self->path));
    self->fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(self->fd >= 0);
    assert_int_equal(mkdirat(self->fd, "notices", 0700), 0);
    put_text(self, "policy.yaml", "velum-policy: 1\n");
    put_text(self, "notices/b.zh.md", "乙\n");
    put_text(self, "notices/a.en.md", "A\n");
    *state = self;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return remove(path);
}

static int tear_down(void **state)
{
    policy_folder *const self = *state;

    close(self->fd);
    nftw(self->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(self);
    return 0;
}

static void note(void *context, bool is_error, const char *file, uint32_t line, const char *message)
{
    policy_folder *const self = context;

    assert_true(is_error);
    assert_int_equal(line, 0);
    assert_true(message[0] != '\0');
    assert_true(utf8_is_printable(text_of(file)));
    self->errors++;
    snprintf(self->file, sizeof self->file, "%s", file);
}

static velum_status read_it(policy_folder *self, policy_files *out, velum_error *err)
{
    self->errors = 0;
    return policy_files_read(self->path, note, self, out, err);
}

static void files_come_in_the_order_of_their_names(void **state)
{
    policy_folder *const self = *state;
    VELUM_AUTO_POLICY_FILES files = {.count = 0};

    assert_int_equal(read_it(self, &files, NULL), VELUM_OK);
    assert_int_equal(files.count, 3);
    assert_true(text_equal_literal(files.files[0].name, "notices/a.en.md"));
    assert_true(text_equal_literal(files.files[1].name, "notices/b.zh.md"));
    assert_true(text_equal_literal(files.files[1].bytes, "乙\n"));
    assert_true(text_equal_literal(files.files[2].name, "policy.yaml"));
    assert_true(text_equal_literal(files.files[2].bytes, "velum-policy: 1\n"));
    assert_int_equal(self->errors, 0);
}

static void assert_refused(policy_folder *self, const char *file)
{
    policy_files files;
    velum_error err = {.status = VELUM_OK};

    assert_int_equal(read_it(self, &files, &err), VELUM_E_INVALID);
    assert_int_equal(err.status, VELUM_E_INVALID);
    assert_int_equal(self->errors, 1);
    assert_string_equal(self->file, file);
    assert_int_equal(files.count, 0);
}

static void another_file_is_an_error(void **state)
{
    static const char *const NAMES[] = {
        "README",           "policy.yml",  ".policy.yaml.swp", "notices/a.txt",
        "notices/.a.en.md", "notices/.md", "Policy.yaml",      "notices/a.en.md~",
    };
    policy_folder *const self = *state;

    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        put_text(self, NAMES[i], "x");
        assert_refused(self, NAMES[i]);
        assert_int_equal(unlinkat(self->fd, NAMES[i], 0), 0);
    }
}

/* A folder may bring the law that it stands under; nothing else lies beside it. */
static void packs_are_files_of_a_policy(void **state)
{
    static const char *const NAMES[] = {"packs/a.en.md", "packs/.a.yaml", "packs/.yaml",
                                        "packs/a.yml"};
    policy_folder *const self = *state;
    VELUM_AUTO_POLICY_FILES files = {.count = 0};

    assert_int_equal(mkdirat(self->fd, "packs", 0700), 0);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        put_text(self, NAMES[i], "x");
        assert_refused(self, NAMES[i]);
        assert_int_equal(unlinkat(self->fd, NAMES[i], 0), 0);
    }
    assert_int_equal(symlinkat("../policy.yaml", self->fd, "packs/b.yaml"), 0);
    assert_refused(self, "packs/b.yaml");
    assert_int_equal(unlinkat(self->fd, "packs/b.yaml", 0), 0);
    put_text(self, "packs/cn-pipl.yaml", "velum-pack: 1\n");
    assert_int_equal(read_it(self, &files, NULL), VELUM_OK);
    assert_int_equal(files.count, 4);
    assert_true(text_equal_literal(files.files[2].name, "packs/cn-pipl.yaml"));
    assert_true(text_equal_literal(files.files[2].bytes, "velum-pack: 1\n"));
}

static void modules_are_files_of_a_policy(void **state)
{
    static const char *const NAMES[] = {"modules/README", "modules/.a.yaml", "modules/.yaml",
                                        "modules/a.yml"};
    policy_folder *const self = *state;
    VELUM_AUTO_POLICY_FILES files = {.count = 0};

    assert_int_equal(mkdirat(self->fd, "modules", 0700), 0);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        put_text(self, NAMES[i], "x");
        assert_refused(self, NAMES[i]);
        assert_int_equal(unlinkat(self->fd, NAMES[i], 0), 0);
    }
    put_text(self, "modules/orders.yaml", "velum-module: 1\n");
    assert_int_equal(read_it(self, &files, NULL), VELUM_OK);
    assert_int_equal(files.count, 4);
    assert_true(text_equal_literal(files.files[0].name, "modules/orders.yaml"));
    assert_true(text_equal_literal(files.files[0].bytes, "velum-module: 1\n"));
}

static void links_and_folders_are_refused(void **state)
{
    policy_folder *const self = *state;

    assert_int_equal(symlinkat("a.en.md", self->fd, "notices/c.en.md"), 0);
    assert_refused(self, "notices/c.en.md");
    assert_int_equal(unlinkat(self->fd, "notices/c.en.md", 0), 0);
    assert_int_equal(mkdirat(self->fd, "notices/d.en.md", 0700), 0);
    assert_refused(self, "notices/d.en.md");
    assert_int_equal(unlinkat(self->fd, "notices/d.en.md", AT_REMOVEDIR), 0);
    assert_int_equal(mkfifoat(self->fd, "notices/e.en.md", 0600), 0); /* opening would wait */
    assert_refused(self, "notices/e.en.md");
    assert_int_equal(unlinkat(self->fd, "notices/e.en.md", 0), 0);
    assert_int_equal(renameat(self->fd, "policy.yaml", self->fd, "notices/p.en.md"), 0);
    assert_int_equal(symlinkat("notices/p.en.md", self->fd, "policy.yaml"), 0);
    assert_refused(self, "policy.yaml");
}

static void the_folder_of_notices_may_not_be_a_link(void **state)
{
    policy_folder *const self = *state;
    char elsewhere[300];

    snprintf(elsewhere, sizeof elsewhere, "%s.notices", self->path);
    assert_int_equal(renameat(self->fd, "notices", AT_FDCWD, elsewhere), 0);
    assert_int_equal(symlinkat(elsewhere, self->fd, "notices"), 0);
    assert_refused(self, "notices");
    assert_int_equal(unlinkat(self->fd, "notices", 0), 0);
    assert_int_equal(renameat(AT_FDCWD, elsewhere, self->fd, "notices"), 0);
}

static void a_name_that_cannot_be_shown_is_not_shown(void **state)
{
    policy_folder *const self = *state;

    put_text(self, "\033[2Jx", "x");
    assert_refused(self, "(a name that cannot be shown)");
}

static void every_finding_is_told(void **state)
{
    policy_folder *const self = *state;
    policy_files files;

    put_text(self, "one", "x");
    put_text(self, "two", "x");
    put_text(self, "notices/three", "x");
    assert_int_equal(read_it(self, &files, NULL), VELUM_E_INVALID);
    assert_int_equal(self->errors, 3);
}

static void sizes_and_numbers_have_a_limit(void **state)
{
    policy_folder *const self = *state;
    policy_files files;
    velum_error err = {.status = VELUM_OK};
    char *const large = calloc(1, BUNDLE_BYTES_MAX);
    char name[64];

    memset(large, ' ', BUNDLE_BYTES_MAX);
    put(self, "notices/large.en.md", large, BUNDLE_BYTES_MAX);
    free(large);
    assert_int_equal(read_it(self, &files, &err), VELUM_E_LIMIT);
    assert_int_equal(err.status, VELUM_E_LIMIT);
    assert_int_equal(unlinkat(self->fd, "notices/large.en.md", 0), 0);
    for (int i = 0; i < POLICY_FILES_MAX - 1; i++) {
        snprintf(name, sizeof name, "notices/n%d.en.md", i);
        put_text(self, name, "x");
    }
    assert_int_equal(read_it(self, &files, NULL), VELUM_E_LIMIT);
}

static void a_folder_that_is_not_there_is_not_found(void **state)
{
    const char *const path = "/nowhere/at/all";
    policy_files files;
    velum_error err = {.status = VELUM_OK};
    char hash[65];

    assert_int_equal(policy_files_read(path, NULL, NULL, &files, &err), VELUM_E_NOTFOUND);
    assert_null(strstr(err.text, "nowhere"));
    assert_int_equal(velum_policy_check((velum_string){path, strlen(path)}, NULL, NULL, hash, NULL),
                     VELUM_E_NOTFOUND);
    assert_int_equal(velum_policy_check((velum_string){"a\0b", 3}, NULL, NULL, hash, NULL),
                     VELUM_E_INVALID);
    assert_int_equal(velum_policy_check((velum_string){NULL, 0}, NULL, NULL, hash, NULL),
                     VELUM_E_INVALID);
}

static void the_sample_policy_passes_its_check(void **state)
{
    const char *const top = getenv("VELUM_TOP");
    char path[512];
    char hash[65] = "";

    snprintf(path, sizeof path, "%s/policy/sample", top == NULL ? "." : top);
    assert_int_equal(velum_policy_check((velum_string){path, strlen(path)}, NULL, NULL, hash, NULL),
                     VELUM_OK);
    assert_int_equal(strlen(hash), 64);
}

static void a_pack_holds_the_files_as_they_are(void **state)
{
    policy_folder *const self = *state;
    VELUM_AUTO(json) *document = NULL;
    char *packed = NULL;
    size_t size = 0;

    assert_int_equal(
        velum_policy_pack((velum_string){self->path, strlen(self->path)}, &packed, &size, NULL),
        VELUM_OK);
    assert_int_equal(json_parse((text){packed, size}, size, &document, NULL), VELUM_OK);
    const json_value *const files = json_member(json_root(document), "files");
    assert_int_equal(json_count(json_root(document)), 1);
    assert_int_equal(json_count(files), 3);
    assert_true(text_equal_literal(json_text(json_member(files, "notices/b.zh.md")), "乙\n"));
    velum_body_free(packed);
}

static void a_pack_is_text(void **state)
{
    policy_folder *const self = *state;
    char *packed = NULL;
    size_t size = 0;
    velum_error err = {.status = VELUM_OK};

    put(self, "notices/a.en.md", "a\xff", 2);
    assert_int_equal(
        velum_policy_pack((velum_string){self->path, strlen(self->path)}, &packed, &size, &err),
        VELUM_E_INVALID);
    assert_null(packed);
    assert_non_null(strstr(err.text, "UTF-8"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_come_in_the_order_of_their_names),
        TEST(another_file_is_an_error),
        TEST(packs_are_files_of_a_policy),
        TEST(modules_are_files_of_a_policy),
        TEST(links_and_folders_are_refused),
        TEST(the_folder_of_notices_may_not_be_a_link),
        TEST(a_name_that_cannot_be_shown_is_not_shown),
        TEST(every_finding_is_told),
        TEST(sizes_and_numbers_have_a_limit),
        TEST(a_folder_that_is_not_there_is_not_found),
        TEST(the_sample_policy_passes_its_check),
        TEST(a_pack_holds_the_files_as_they_are),
        TEST(a_pack_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
