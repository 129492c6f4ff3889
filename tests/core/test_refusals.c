/* The same refusal within a second is counted and told at the next record. */
#include "core/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SETS (REFUSALS_SLOTS / REFUSALS_WAYS)

static atomic_uint_fast64_t forgotten;

static int set_up(void **state)
{
    static refusals table;

    atomic_store(&forgotten, 0);
    memset(&table, 0, sizeof table);
    *state = &table;
    return refusals_init(&table, &forgotten) == VELUM_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    refusals_clear(*state);
    refusals_clear(*state); /* twice is harmless */
    return 0;
}

/* A key of the set, different for every `which`. */
static bool admit(refusals *self, uint32_t set, uint8_t which, int64_t at_ns, uint64_t *out)
{
    uint8_t key[16] = {(uint8_t)(set >> 8), (uint8_t)set, which, 0x55};

    return refusals_admit(self, key, at_ns, out);
}

static void one_a_second_is_recorded(void **state)
{
    refusals *const self = *state;
    const int64_t start = 77 * NS_PER_SECOND;
    uint64_t repeated = 9;

    assert_true(admit(self, 5, 1, start, &repeated));
    assert_int_equal(repeated, 0);
    for (int i = 1; i <= 4; i++) {
        assert_false(admit(self, 5, 1, start + i * (NS_PER_SECOND / 5), &repeated));
    }
    assert_false(admit(self, 5, 1, start + NS_PER_SECOND - 1, &repeated));
    assert_true(admit(self, 5, 1, start + NS_PER_SECOND, &repeated));
    assert_int_equal(repeated, 5);
    assert_false(admit(self, 5, 1, start + NS_PER_SECOND + 1, &repeated));
    assert_true(admit(self, 5, 1, start + 3 * NS_PER_SECOND, &repeated));
    assert_int_equal(repeated, 1);
    assert_true(admit(self, 5, 1, start + 5 * NS_PER_SECOND, &repeated));
    assert_int_equal(repeated, 0);
}

static void others_are_not_held_back(void **state)
{
    refusals *const self = *state;
    uint64_t repeated = 0;

    for (uint32_t set = 0; set < SETS; set++) {
        assert_true(admit(self, set, 1, NS_PER_SECOND, &repeated));
    }
    for (uint32_t set = 0; set < SETS; set++) {
        assert_false(admit(self, set, 1, NS_PER_SECOND, &repeated));
        assert_true(admit(self, set, 2, NS_PER_SECOND, &repeated));
    }
}

/* The fifth of a set takes the oldest one's place; what was counted there is not lost. */
static void a_full_set_gives_up_its_oldest(void **state)
{
    refusals *const self = *state;
    const int64_t start = 100 * NS_PER_SECOND;
    uint64_t repeated = 0;

    for (uint8_t i = 0; i < REFUSALS_WAYS; i++) {
        assert_true(admit(self, 7, i, start + i, &repeated));
    }
    assert_false(admit(self, 7, 0, start + 10, &repeated));
    assert_false(admit(self, 7, 0, start + 11, &repeated));
    assert_true(admit(self, 7, 9, start + 20, &repeated));
    assert_int_equal(atomic_load(&forgotten), 2);
    assert_false(admit(self, 7, 1, start + 21, &repeated));
    assert_true(admit(self, 7, 0, start + 22, &repeated));
    assert_int_equal(repeated, 0);
    assert_int_equal(atomic_load(&forgotten), 3); /* the one of key 1, the oldest then */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_a_second_is_recorded),
        TEST(others_are_not_held_back),
        TEST(a_full_set_gives_up_its_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
