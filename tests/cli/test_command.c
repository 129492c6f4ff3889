/* test_command.c: how words become an invocation, and that the table of commands holds together. */
#include "cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int run_nothing(const invocation *invocation)
{
    return EXIT_DONE;
}

static const command sample = {
    .name = "sample",
    .arguments = "A [B]",
    .arguments_min = 1,
    .arguments_max = 2,
    .has_data = true,
    .summary = "A command for tests",
    .detail = "",
    .options = {{"name", "N", "a value"}, {"flag", NULL, "a flag"}},
    .run = run_nothing,
};

/* `words` ends with NULL. */
static command_parsed parse(invocation *out, const char *const *words)
{
    int count = 0;

    while (words[count] != NULL) {
        count++;
    }
    return command_parse(&sample, count, (char **)words, out);
}

#define PARSE(out, ...) parse(out, (const char *[]){__VA_ARGS__, NULL})

static void options_stand_anywhere(void **state)
{
    invocation got = {0};

    assert_int_equal(PARSE(&got, "one", "--name", "x", "--data=d", "two", "--flag"), COMMAND_RUN);
    assert_int_equal(got.argument_count, 2);
    assert_string_equal(got.arguments[1], "two");
    assert_string_equal(got.data, "d");
    assert_string_equal(invocation_value(&got, "name"), "x");
    assert_true(invocation_has(&got, "flag"));
    assert_false(invocation_has(&got, "other"));
}

static void two_dashes_end_the_options(void **state)
{
    invocation got = {0};

    assert_int_equal(PARSE(&got, "--", "--name", "-x"), COMMAND_RUN);
    assert_string_equal(got.arguments[0], "--name");
    assert_string_equal(got.arguments[1], "-x");
}

static void wrong_calls_are_refused(void **state)
{
    invocation a = {0};
    invocation b = {0};
    invocation c = {0};
    invocation d = {0};
    invocation e = {0};
    invocation f = {0};
    invocation g = {0};

    assert_int_equal(PARSE(&a, "--flag"), COMMAND_WRONG);
    assert_int_equal(PARSE(&b, "x", "y", "z"), COMMAND_WRONG);
    assert_int_equal(PARSE(&c, "x", "--name"), COMMAND_WRONG);
    assert_int_equal(PARSE(&d, "x", "--flag=1"), COMMAND_WRONG);
    assert_int_equal(PARSE(&e, "x", "--flag", "--flag"), COMMAND_WRONG);
    assert_int_equal(PARSE(&f, "x", "--other"), COMMAND_WRONG);
    assert_int_equal(PARSE(&g, "x", "-f"), COMMAND_WRONG);
}

static void help_is_asked_for(void **state)
{
    invocation got = {0};

    assert_int_equal(PARSE(&got, "x", "--help"), COMMAND_HELP);
    assert_int_equal(PARSE(&got, "-h"), COMMAND_HELP);
}

static void numbers_have_a_range(void **state)
{
    invocation got = {0};
    invocation wrong = {0};
    uint64_t number = 7;

    assert_int_equal(PARSE(&got, "x", "--name", "41"), COMMAND_RUN);
    assert_true(invocation_number(&got, "name", 41, &number));
    assert_int_equal(number, 41);
    assert_false(invocation_number(&got, "name", 40, &number));
    assert_int_equal(PARSE(&wrong, "x", "--name", "-1"), COMMAND_RUN);
    assert_false(invocation_number(&wrong, "name", 40, &number));
    assert_int_equal(number, 41);
}

static void every_command_is_whole(void **state)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        const command *command = commands[i];
        assert_non_null(command->run);
        assert_non_null(command->detail);
        assert_ptr_equal(command_find(command->group, command->name), command);
        assert_true(strlen(command->summary) <= 70);
        assert_true(command->arguments_min <= command->arguments_max);
        assert_true(command->arguments_max <= COMMAND_ARGUMENTS_MAX);
        for (size_t j = 0; command->options[j].name != NULL; j++) {
            assert_true(j < COMMAND_OPTIONS_MAX);
            assert_true(strlen(command->options[j].help) <= 55);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),  cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(wrong_calls_are_refused), cmocka_unit_test(help_is_asked_for),
        cmocka_unit_test(numbers_have_a_range),    cmocka_unit_test(every_command_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
