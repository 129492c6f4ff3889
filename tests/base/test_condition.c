/* Waiting with an end. */
#include "base/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_deadline_lies_ahead_and_is_well_formed(void **state)
{
    for (uint32_t ms = 0; ms <= 3000; ms += 333) {
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        const struct timespec moment = condition_deadline(ms);
        const long long ahead_ns =
            (long long)(moment.tv_sec - now.tv_sec) * 1000000000LL + (moment.tv_nsec - now.tv_nsec);
        assert_true(ahead_ns >= ms * 1000000LL);
        assert_in_range(moment.tv_nsec, 0, 999999999);
    }
}

static void a_wait_that_nobody_ends_ends_by_itself(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    const struct timespec past = condition_deadline(0);

    condition_init(&condition);
    (void)pthread_mutex_lock(&lock);
    assert_false(condition_wait_until(&condition, &lock, &past));
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_cond_destroy(&condition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_lies_ahead_and_is_well_formed),
        cmocka_unit_test(a_wait_that_nobody_ends_ends_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
