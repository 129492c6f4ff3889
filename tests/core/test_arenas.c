/* Arenas lent one at a time, wiped behind each loan. */
#include "core/arenas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/fault.h"

#define BYTES ((size_t)16 << 10)
#define COUNT 2
#define THREADS 6
#define LOANS 2000

static arenas lent;

static int set_up(void **state)
{
    memset(&lent, 0, sizeof lent);
    return crypto_init() == VELUM_OK && arenas_init(&lent, COUNT, BYTES) == VELUM_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    arenas_clear(&lent);
    arenas_clear(&lent); /* twice is harmless */
    return 0;
}

static void what_is_given_back_is_empty(void **state)
{
    void *slice = NULL;
    secret_arena *const one = arenas_take(&lent);
    secret_arena *const two = arenas_take(&lent);

    assert_ptr_not_equal(one, two);
    assert_int_equal(secret_arena_slice(one, 4096, &slice), VELUM_OK);
    memset(slice, 0x5a, 4096);
    arenas_give(&lent, one);
    secret_arena *const again = arenas_take(&lent);
    assert_ptr_equal(again, one);
    void *fresh = NULL;
    assert_int_equal(secret_arena_slice(again, 4096, &fresh), VELUM_OK);
    assert_ptr_equal(fresh, slice);
    for (int i = 0; i < 4096; i++) {
        assert_int_equal(((const uint8_t *)fresh)[i], 0);
    }
    arenas_give(&lent, again);
    arenas_give(&lent, two);
}

static atomic_int out_now;
static atomic_int most_out;

static void *borrow_often(void *context)
{
    for (int i = 0; i < LOANS; i++) {
        secret_arena *const mine = arenas_take(&lent);
        const int out = atomic_fetch_add(&out_now, 1) + 1;
        int seen = atomic_load(&most_out);
        while (seen < out && !atomic_compare_exchange_weak(&most_out, &seen, out)) {
        }
        void *slice = NULL;
        if (secret_arena_slice(mine, 64, &slice) == VELUM_OK) {
            memset(slice, i, 64);
        }
        atomic_fetch_sub(&out_now, 1);
        arenas_give(&lent, mine);
    }
    return NULL;
}

static void no_more_are_out_than_there_are(void **state)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, borrow_often, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(atomic_load(&most_out) <= COUNT);
    assert_int_equal(lent.idle_count, COUNT);
}

/* Whichever allocation fails, nothing leaks and nothing is lent. */
static void a_failed_start_leaves_nothing(void **state)
{
#ifdef VELUM_TEST_SEAMS
    bool done = false;

    for (int n = 1; n < 100 && !done; n++) {
        arenas made;
        char plan[32];
        snprintf(plan, sizeof plan, "alloc:%d:eio", n);
        fault_plan(plan);
        done = arenas_init(&made, COUNT, BYTES) == VELUM_OK;
        fault_plan(NULL);
        arenas_clear(&made);
    }
    assert_true(done);
#endif
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_given_back_is_empty),
        TEST(no_more_are_out_than_there_are),
        TEST(a_failed_start_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
