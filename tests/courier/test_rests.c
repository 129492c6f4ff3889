/* Receivers that do not answer are left alone for a while, and tried again. */
#include "courier/rests.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void fail_times(rests *self, uint32_t times, int64_t now_ns)
{
    for (uint32_t i = 0; i < times; i++) {
        rests_note(self, 1, false, now_ns);
    }
}

static int64_t rest_ms(const rests *self)
{
    return self->of[1].until_ns / NS_PER_MS;
}

static void some_failures_are_no_rest(void **state)
{
    rests rests = {.of = {{0}}};

    fail_times(&rests, RESTS_FAILURES - 1, 0);
    assert_false(rests_now(&rests, 1, 0));
    rests_note(&rests, 1, true, 0);
    fail_times(&rests, RESTS_FAILURES - 1, 0);
    assert_false(rests_now(&rests, 1, 0));
    fail_times(&rests, 1, 0);
    assert_true(rests_now(&rests, 1, 0));
    assert_false(rests_now(&rests, 0, 0));
    assert_false(rests_now(&rests, 2, 0));
}

static void a_rest_ends_and_grows(void **state)
{
    rests rests = {.of = {{0}}};

    fail_times(&rests, RESTS_FAILURES, 0);
    assert_int_equal(rest_ms(&rests), RESTS_FIRST_MS);
    assert_true(rests_now(&rests, 1, RESTS_FIRST_MS * NS_PER_MS - 1));
    assert_false(rests_now(&rests, 1, RESTS_FIRST_MS * NS_PER_MS));
    fail_times(&rests, 1, 0);
    assert_int_equal(rest_ms(&rests), 2 * RESTS_FIRST_MS);
    fail_times(&rests, 1000000, 0);
    assert_int_equal(rest_ms(&rests), RESTS_MOST_MS);
    rests_note(&rests, 1, true, 0);
    assert_false(rests_now(&rests, 1, 0));
    fail_times(&rests, RESTS_FAILURES, 7 * NS_PER_MS);
    assert_int_equal(rest_ms(&rests), RESTS_FIRST_MS + 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_failures_are_no_rest),
        cmocka_unit_test(a_rest_ends_and_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
