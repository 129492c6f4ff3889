/* Chance: the seeded stream is fixed for ever, and bounds are met without favour. */
#include "base/crypto.h"
#include "base/random.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* BLAKE2b-512 keyed with the seed over counter 0, computed by another implementation. Samples and
 * golden files depend on it. */
static void the_seeded_stream_is_fixed(void **state)
{
    random_seeded seeded;
    const velum_random random = random_from_seed(&seeded, 7);
    uint8_t out[32];
    char hex[65];

    random_fill(&random, out, sizeof(out));
    hex_encode(out, sizeof(out), hex);
    assert_string_equal(hex, "d7b9568fc10c4000703058c465f76e340fac8b88fe2ab3ed99ece92d1e07d23c");
}

static void the_stream_does_not_depend_on_the_pieces(void **state)
{
    random_seeded whole_state;
    random_seeded pieces_state;
    const velum_random whole = random_from_seed(&whole_state, UINT64_MAX);
    const velum_random pieces = random_from_seed(&pieces_state, UINT64_MAX);
    uint8_t a[1000];
    uint8_t b[1000];
    size_t offset = 0;

    random_fill(&whole, a, sizeof(a));
    for (size_t size = 0; offset + size <= sizeof(b); size++) {
        random_fill(&pieces, b + offset, size);
        offset += size;
    }
    assert_memory_equal(a, b, offset);
}

static void seeds_differ(void **state)
{
    random_seeded one_state;
    random_seeded two_state;
    const velum_random one = random_from_seed(&one_state, 1);
    const velum_random two = random_from_seed(&two_state, 2);
    uint8_t a[16];
    uint8_t b[16];

    random_fill(&one, a, sizeof(a));
    random_fill(&two, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void the_system_gives_new_bytes(void **state)
{
    const velum_random random = random_system();
    uint8_t a[700] = {0};
    uint8_t b[700] = {0};

    random_fill(&random, a, sizeof(a));
    random_fill(&random, b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 668, b + 668, 32); /* to the very end */
    random_fill(&random, NULL, 0);
}

static void bounds_are_met_and_evenly(void **state)
{
    random_seeded seeded;
    const velum_random random = random_from_seed(&seeded, 99);
    unsigned counts[7] = {0};

    for (int i = 0; i < 70000; i++) {
        const uint32_t drawn = random_below(&random, 7);
        assert_true(drawn < 7);
        counts[drawn]++;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(counts[i], 9600, 10400);
    }
    assert_int_equal(random_below(&random, 1), 0);
    assert_true(random_below(&random, UINT32_MAX) < UINT32_MAX);
}

/* A source that says first what must be refused, then what may be taken. */
static void fill_from_script(void *context, void *out, size_t size)
{
    const uint32_t **const script = context;

    assert_int_equal(size, sizeof(uint32_t));
    memcpy(out, (*script)++, sizeof(uint32_t));
}

static void a_favoured_draw_is_repeated(void **state)
{
    /* 2^32 mod 3 is 1: only the draw 0 would favour a result. */
    static const uint32_t draws[] = {0, 0, 5, 1};
    const uint32_t *script = draws;
    const velum_random random = {fill_from_script, &script};

    assert_int_equal(random_below(&random, 3), 2);
    assert_ptr_equal(script, draws + 3);
    assert_int_equal(random_below(&random, 3), 1);
}

int main(void)
{
    if (crypto_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seeded_stream_is_fixed),
        cmocka_unit_test(the_stream_does_not_depend_on_the_pieces),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(the_system_gives_new_bytes),
        cmocka_unit_test(bounds_are_met_and_evenly),
        cmocka_unit_test(a_favoured_draw_is_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
