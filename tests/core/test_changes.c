/* Slots that only rise, the same for the same subject, spread by a key. */
#include "core/changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 4
#define RAISES 20000

static changes one;
static changes other;

static int set_up(void **state)
{
    const uint8_t key[KEY_BYTES] = {1};
    const uint8_t key_of_other[KEY_BYTES] = {2};

    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    return crypto_init() == VELUM_OK && changes_init(&one, key) == VELUM_OK &&
                   changes_init(&other, key_of_other) == VELUM_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    changes_clear(&one);
    changes_clear(&other);
    return 0;
}

static void a_subject_has_one_slot(void **state)
{
    uint32_t same = 0;
    uint32_t seen[16] = {0};

    for (uint32_t i = 0; i < 1000; i++) {
        subject_id id = {{(uint8_t)i, (uint8_t)(i >> 8)}};
        const uint32_t slot = changes_slot(&one, &id);
        assert_true(slot < CHANGES_SLOTS);
        assert_int_equal(slot, changes_slot(&one, &id));
        same += slot == changes_slot(&other, &id) ? 1 : 0;
        seen[slot / (CHANGES_SLOTS / 16)]++;
    }
    assert_true(same < 10); /* another key, other slots */
    for (int i = 0; i < 16; i++) {
        assert_true(seen[i] > 20);
    }
}

static void a_slot_never_falls(void **state)
{
    assert_int_equal(changes_seq(&one, 3), 0);
    changes_raise(&one, 3, 7);
    changes_raise(&one, 3, 5);
    assert_int_equal(changes_seq(&one, 3), 7);
    changes_raise(&one, 3, UINT64_C(1) << 40);
    assert_true(changes_seq(&one, 3) == UINT64_C(1) << 40);
    assert_int_equal(changes_seq(&one, 2), 0);
    assert_int_equal(changes_seq(&one, 4), 0);
}

static void *raise_many(void *context)
{
    const uint64_t mine = *(const uint64_t *)context;

    for (uint64_t i = 0; i < RAISES; i++) {
        changes_raise(&one, (uint32_t)(i % 8), i * THREADS + mine);
    }
    return NULL;
}

static void threads_leave_the_highest(void **state)
{
    pthread_t threads[THREADS];
    uint64_t mine[THREADS];

    for (uint64_t i = 0; i < THREADS; i++) {
        mine[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, raise_many, &mine[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (uint32_t slot = 0; slot < 8; slot++) {
        assert_int_equal(changes_seq(&one, slot), (RAISES - 8 + slot) * THREADS + THREADS - 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_subject_has_one_slot),
        TEST(a_slot_never_falls),
        TEST(threads_leave_the_highest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
