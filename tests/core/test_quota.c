/* 30 in any minute, 500 in any day, for each who searches. */
#include "core/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t ANN[ENTRY_TOKEN_BYTES] = {1};
static const uint8_t BOB[ENTRY_TOKEN_BYTES] = {2};

static int set_up(void **state)
{
    *state = malloc(sizeof(quota));
    quota_init(*state);
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    quota_clear(*state);
    free(*state);
    return 0;
}

static void a_minute_slides(void **state)
{
    quota *const self = *state;
    int64_t now_ns = NS_PER_SECOND;

    for (uint32_t i = 0; i < QUOTA_A_MINUTE; i++) {
        assert_true(quota_take(self, ANN, now_ns + i * NS_PER_SECOND));
    }
    now_ns += 59 * NS_PER_SECOND;
    assert_false(quota_take(self, ANN, now_ns));
    assert_true(quota_take(self, BOB, now_ns));
    assert_true(quota_take(self, ANN, now_ns + NS_PER_SECOND)); /* the first one is a minute old */
    assert_false(quota_take(self, ANN, now_ns + NS_PER_SECOND));
}

static void a_day_slides(void **state)
{
    quota *const self = *state;
    const int64_t gap_ns = 3 * NS_PER_SECOND; /* 20 a minute */
    int64_t now_ns = NS_PER_SECOND;

    for (uint32_t i = 0; i < QUOTA_A_DAY; i++, now_ns += gap_ns) {
        assert_true(quota_take(self, ANN, now_ns));
    }
    assert_false(quota_take(self, ANN, now_ns + 3600 * NS_PER_SECOND));
    assert_true(quota_take(self, ANN, 86401 * NS_PER_SECOND));
    assert_false(quota_take(self, ANN, 86402 * NS_PER_SECOND));
}

/* I-3: who comes on top of all that can be counted has no share, until one has rested for a day. */
static void who_cannot_be_counted_is_refused(void **state)
{
    quota *const self = *state;
    uint8_t token[ENTRY_TOKEN_BYTES] = {0};

    for (uint32_t i = 0; i < QUOTA_CREDENTIALS_MAX; i++) {
        memcpy(token, &i, sizeof i);
        assert_true(quota_take(self, token, NS_PER_SECOND));
    }
    memset(token, 0xff, sizeof token);
    assert_false(quota_take(self, token, 2 * NS_PER_SECOND));
    assert_true(quota_take(self, token, 86402 * NS_PER_SECOND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_minute_slides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_day_slides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_cannot_be_counted_is_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
