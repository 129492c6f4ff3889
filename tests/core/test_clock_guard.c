/* The newest recorded time, and what is judged by which of the two times (I-3). */
#include "core/clock_guard.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define T0 (INT64_C(1795262400) * NS_PER_SECOND)

static int64_t now_ns;

static int64_t read_now(void *context)
{
    return now_ns;
}

static const velum_clock hand = {.wall_ns = read_now, .monotonic_ns = read_now};

static clock_reading read_at(const clock_guard *self, int64_t at_ns)
{
    now_ns = at_ns;
    return clock_guard_read(self, &hand);
}

static void earlier_and_later_are_told_apart(void **state)
{
    clock_guard guard;

    clock_guard_init(&guard, T0);
    const clock_reading ahead = read_at(&guard, T0 + NS_PER_SECOND);
    assert_true(ahead.earlier_ns == T0 && ahead.later_ns == T0 + NS_PER_SECOND);
    assert_true(ahead.now_ns == T0 + NS_PER_SECOND);
    assert_false(ahead.behind);
    const clock_reading back = read_at(&guard, T0 - NS_PER_SECOND);
    assert_true(back.earlier_ns == T0 - NS_PER_SECOND && back.later_ns == T0);
    assert_false(back.behind);
}

static void more_than_five_seconds_is_behind(void **state)
{
    clock_guard guard;

    clock_guard_init(&guard, T0);
    assert_false(read_at(&guard, T0 - CLOCK_GUARD_TOLERANCE_NS).behind);
    assert_true(read_at(&guard, T0 - CLOCK_GUARD_TOLERANCE_NS - 1).behind);
    clock_guard_note(&guard, T0 - 60 * NS_PER_SECOND); /* an older leaf lowers nothing */
    assert_true(read_at(&guard, T0 - 60 * NS_PER_SECOND).behind);
    clock_guard_note(&guard, T0 + 60 * NS_PER_SECOND);
    assert_true(read_at(&guard, T0 + 54 * NS_PER_SECOND).behind);
    assert_false(read_at(&guard, T0 + 60 * NS_PER_SECOND).behind);
}

static void an_empty_log_judges_by_the_clock_alone(void **state)
{
    clock_guard guard;

    clock_guard_init(&guard, 0);
    const clock_reading first = read_at(&guard, T0);
    assert_true(first.earlier_ns == T0 && first.later_ns == T0);
    assert_false(first.behind);
}

static void an_episode_is_told_once(void **state)
{
    clock_guard guard;

    clock_guard_init(&guard, T0);
    assert_false(clock_guard_tell(&guard, false));
    assert_true(clock_guard_tell(&guard, true));
    assert_false(clock_guard_tell(&guard, true));
    clock_guard_retry(&guard); /* its leaf could not be queued */
    assert_true(clock_guard_tell(&guard, true));
    assert_false(clock_guard_tell(&guard, false));
    assert_true(clock_guard_tell(&guard, true));
}

static void an_officers_word_ends_it(void **state)
{
    clock_guard guard;

    clock_guard_init(&guard, T0);
    assert_true(read_at(&guard, T0 - 1000 * NS_PER_SECOND).behind);
    clock_guard_accept(&guard, T0 - 1000 * NS_PER_SECOND);
    assert_false(read_at(&guard, T0 - 1000 * NS_PER_SECOND).behind);
    assert_true(read_at(&guard, T0 - 1006 * NS_PER_SECOND).behind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(earlier_and_later_are_told_apart),
        cmocka_unit_test(more_than_five_seconds_is_behind),
        cmocka_unit_test(an_empty_log_judges_by_the_clock_alone),
        cmocka_unit_test(an_episode_is_told_once),
        cmocka_unit_test(an_officers_word_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
