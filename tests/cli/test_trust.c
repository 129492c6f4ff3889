/* test_trust.c: names of trust files, their contents, and that they come back. */
#include "cli/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void names_are_escaped(void **state)
{
    static const char *const cases[][2] = {
        {"velum/1/0a6c", "velum%2F1%2F0a6c"},
        {"example.org/log-1", "example.org%2Flog-1"},
        {".", "%2E"},
        {"..", "%2E."},
        {"a%b", "a%25b"},
        {"日", "%E6%97%A5"},
    };
    char name[TRUST_NAME_BYTES];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(trust_name(text_of(cases[i][0]), name), VELUM_OK);
        assert_string_equal(name, cases[i][1]);
    }
    assert_int_equal(trust_name(TEXT_EMPTY, name), VELUM_E_INVALID);
}

static void a_name_is_never_too_long(void **state)
{
    char origin[129];
    char name[TRUST_NAME_BYTES];

    memset(origin, '/', sizeof(origin));
    assert_int_equal(trust_name((text){origin, 128}, name), VELUM_E_LIMIT);
    memset(origin, 'a', sizeof(origin));
    assert_int_equal(trust_name((text){origin, 128}, name), VELUM_OK);
}

static void contents_are_parsed(void **state)
{
    trust trust;

    assert_int_equal(trust_parse(text_of("key+1+2\norigin\n0\nroot\n\n— x y\n"), &trust), VELUM_OK);
    assert_string_equal(trust.key, "key+1+2");
    assert_string_equal(trust.checkpoint, "origin\n0\nroot\n\n— x y\n");
    assert_int_equal(trust_parse(text_of("key+1+2\n"), &trust), VELUM_OK);
    assert_string_equal(trust.checkpoint, "");
    assert_int_equal(trust_parse(text_of(""), &trust), VELUM_E_CORRUPT);
    assert_int_equal(trust_parse(text_of("\nx"), &trust), VELUM_E_CORRUPT);
    assert_int_equal(trust_parse(text_of("no line end"), &trust), VELUM_E_CORRUPT);
    assert_int_equal(trust_parse((text){"a\n\0b", 4}, &trust), VELUM_E_CORRUPT);
}

static void the_origin_of_a_key(void **state)
{
    assert_true(text_equal_literal(trust_origin(text_of("a/b+12345678+AbCd")), "a/b"));
    assert_true(text_equal_literal(trust_origin(text_of("none")), "none"));
}

static void what_is_written_comes_back(void **state)
{
    char folder[] = "/tmp/velum-trust.XXXXXX";
    char file[256];
    struct stat found;
    const trust written = {.key = "a/b+1+2", .checkpoint = "a/b\n0\nroot\n"};
    trust read = {.key = ""};

    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    assert_int_equal(trust_read(text_of("a/b"), &read), VELUM_E_NOTFOUND);
    assert_int_equal(trust_write(text_of("a/b"), &written), VELUM_OK);
    assert_int_equal(trust_write(text_of("a/b"), &written), VELUM_OK);
    assert_int_equal(trust_read(text_of("a/b"), &read), VELUM_OK);
    assert_string_equal(read.key, written.key);
    assert_string_equal(read.checkpoint, written.checkpoint);

    (void)snprintf(file, sizeof(file), "%s/velum/trust/a%%2Fb", folder);
    assert_int_equal(stat(file, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(unlink(file), 0);
    *strrchr(file, '/') = '\0';
    assert_int_equal(stat(file, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    assert_int_equal(rmdir(file), 0);
    *strrchr(file, '/') = '\0';
    assert_int_equal(rmdir(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void without_a_home_nothing_is_trusted(void **state)
{
    trust read;

    assert_int_equal(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(trust_read(text_of("a"), &read), VELUM_E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(a_name_is_never_too_long),
        cmocka_unit_test(contents_are_parsed),
        cmocka_unit_test(the_origin_of_a_key),
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(without_a_home_nothing_is_trusted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
