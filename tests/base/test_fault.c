/* The plan of failures: counted, by kind, once or from then on, from a test or the environment. */
#include "base/fault.h"
#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/base/scratch.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void only_the_nth_of_its_kind_fails(void **state)
{
    fault_plan("write:3:enospc");
    for (int number = 1; number <= 5; number++) {
        assert_int_equal(fault_at(FAULT_SYNC), 0);
        assert_int_equal(fault_at(FAULT_WRITE), number == 3 ? ENOSPC : 0);
    }
    assert_int_equal(fault_count(FAULT_WRITE), 5);
    assert_int_equal(fault_count(FAULT_SYNC), 5);
    assert_int_equal(fault_count(FAULT_RENAME), 0);
    fault_plan(NULL);
    assert_int_equal(fault_count(FAULT_WRITE), 0);
}

static void all_from_the_nth_fail(void **state)
{
    fault_plan("sql:2+:eio");
    assert_int_equal(fault_at(FAULT_SQL), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fault_at(FAULT_SQL), EIO);
    }
    fault_plan(NULL);
    assert_int_equal(fault_at(FAULT_SQL), 0);
}

static void every_kind_has_a_name(void **state)
{
    static const char *const plans[] = {"alloc:1:eio", "write:1:eio", "sync:1:eio", "rename:1:eio",
                                        "sql:1:eio"};

    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        fault_plan(plans[i]);
        assert_int_equal(fault_at((fault_kind)i), EIO);
        assert_int_equal(fault_at((fault_kind)i), 0);
    }
    fault_plan(NULL);
}

static void plan_and_pass(void *context)
{
    fault_plan(context);
    (void)fault_at(FAULT_SYNC);
}

/* The wait status of a child that acts on a plan. */
static int child_with(void (*act)(void *context), const char *plan)
{
    char copy[64];

    snprintf(copy, sizeof(copy), "%s", plan);
    return child_run(act, copy);
}

static void kill_ends_the_process(void **state)
{
    const int ended = child_with(plan_and_pass, "sync:1:kill");

    assert_true(WIFSIGNALED(ended));
    assert_int_equal(WTERMSIG(ended), SIGKILL);
}

static void a_plan_that_says_nothing_aborts(void **state)
{
    static const char *const broken[] = {
        "",           "sync",    "sync:1",     "sync:0:eio",  "sink:1:eio", "sync:1:boom",
        "sync:x:eio", "sync:1:", "sync:1+eio", "sync:1:none", ":1:eio",     "sync:1++:eio"};

    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_false(child_survived(child_with(plan_and_pass, broken[i])));
    }
    assert_true(child_survived(child_with(plan_and_pass, "sync:2:kill")));
}

/* This program again, with the plan in its environment; see main. */
static void run_planned(void *context)
{
    setenv("VELUM_TEST_FAULT", context, 1);
    execl("/proc/self/exe", "test_fault", "planned", NULL);
    _exit(99);
}

static void the_environment_brings_a_plan(void **state)
{
    assert_int_equal(WEXITSTATUS(child_with(run_planned, "alloc:2:enospc")), 42);
    assert_int_equal(WEXITSTATUS(child_with(run_planned, "alloc:3:enospc")), 43);
    assert_int_equal(WEXITSTATUS(child_with(run_planned, "")), 43);
    assert_false(child_survived(child_with(run_planned, "alloc:what:ever")));
    assert_true(WIFSIGNALED(child_with(run_planned, "alloc:1:kill")));
}

/* 42 when the second allocation fails. */
static int planned_main(void)
{
    void *const first = mem_alloc(1);
    void *const second = mem_alloc(1);
    const int code = first != NULL && second == NULL ? 42 : 43;

    mem_free(first);
    mem_free(second);
    return code;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "planned") == 0) {
        return planned_main();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_nth_of_its_kind_fails),
        cmocka_unit_test(all_from_the_nth_fail),
        cmocka_unit_test(every_kind_has_a_name),
        cmocka_unit_test(kill_ends_the_process),
        cmocka_unit_test(a_plan_that_says_nothing_aborts),
        cmocka_unit_test(the_environment_brings_a_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
