/* Arenas: slices, marks, the wipe, the guards, and what a child gets to see. */
#include "base/fault.h"
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/base/scratch.h"

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void capacity_is_whole_pages(void **state)
{
    static const size_t asked[] = {0, 1, 4096, 4097, 100000};

    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        VELUM_AUTO(secret_arena) *arena = NULL;
        assert_int_equal(secret_arena_create(asked[i], &arena), VELUM_OK);
        assert_true(secret_arena_capacity(arena) >= asked[i]);
        assert_int_equal(secret_arena_capacity(arena) % page_bytes(), 0);
        assert_int_equal(secret_arena_mark(arena), 0);
    }
    secret_arena_free(NULL);
}

static void an_arena_has_a_ceiling(void **state)
{
    secret_arena *arena = NULL;

    assert_int_equal(secret_arena_create(((size_t)1 << 30) + 1, &arena), VELUM_E_LIMIT);
    assert_null(arena);
    assert_int_equal(secret_arena_create(SIZE_MAX, &arena), VELUM_E_LIMIT);
}

static void slices_are_zeroed_aligned_and_apart(void **state)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    void *first = NULL;
    void *second = NULL;

    assert_int_equal(secret_arena_create(100, &arena), VELUM_OK);
    assert_int_equal(secret_arena_slice(arena, 5, &first), VELUM_OK);
    assert_int_equal(secret_arena_slice(arena, 32, &second), VELUM_OK);
    assert_int_equal((uintptr_t)first % 16, 0);
    assert_int_equal((uintptr_t)second % 16, 0);
    assert_true((uint8_t *)second - (uint8_t *)first >= 5);
    assert_true(is_zero(second, 32));
    assert_int_equal(secret_arena_mark(arena), 48);
}

static void a_full_arena_says_limit(void **state)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    void *slice = NULL;

    assert_int_equal(secret_arena_create(1, &arena), VELUM_OK);
    const size_t capacity = secret_arena_capacity(arena);
    assert_int_equal(secret_arena_slice(arena, capacity + 1, &slice), VELUM_E_LIMIT);
    assert_null(slice);
    assert_int_equal(secret_arena_slice(arena, SIZE_MAX, &slice), VELUM_E_LIMIT);
    assert_int_equal(secret_arena_slice(arena, capacity - 1, &slice), VELUM_OK);
    assert_int_equal(secret_arena_slice(arena, SIZE_MAX, &slice), VELUM_E_LIMIT);
    assert_int_equal(secret_arena_slice(arena, 1, &slice), VELUM_E_LIMIT);
    assert_int_equal(secret_arena_mark(arena), capacity);
    secret_arena_reset(arena);
    assert_int_equal(secret_arena_slice(arena, capacity, &slice), VELUM_OK);
}

static void rewinding_wipes_above_the_mark_only(void **state)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    void *kept = NULL;
    void *gone = NULL;

    assert_int_equal(secret_arena_create(8192, &arena), VELUM_OK);
    assert_int_equal(secret_arena_slice(arena, 64, &kept), VELUM_OK);
    memset(kept, 0x5a, 64);
    const size_t mark = secret_arena_mark(arena);
    assert_int_equal(secret_arena_slice(arena, 7000, &gone), VELUM_OK);
    memset(gone, 0x6b, 7000);
    secret_arena_rewind(arena, mark);
    assert_true(is_zero(gone, 7000)); /* still mapped, so a test may look */
    assert_int_equal(((uint8_t *)kept)[63], 0x5a);
    secret_arena_reset(arena);
    assert_true(is_zero(kept, 64));
    assert_int_equal(secret_arena_mark(arena), 0);
}

typedef struct touch {
    volatile uint8_t *at;
} touch;

static void write_a_byte(void *context)
{
    *((touch *)context)->at = 1;
}

static void guards_stop_a_touch_outside(void **state)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    void *slice = NULL;

    assert_int_equal(secret_arena_create(1, &arena), VELUM_OK);
    const size_t capacity = secret_arena_capacity(arena);
    assert_int_equal(secret_arena_slice(arena, capacity, &slice), VELUM_OK);
    uint8_t *const base = slice;
    assert_true(child_survived(child_run(write_a_byte, &(touch){base})));
    assert_true(child_survived(child_run(write_a_byte, &(touch){base + capacity - 1})));
    assert_false(child_survived(child_run(write_a_byte, &(touch){base - 1})));
    assert_false(child_survived(child_run(write_a_byte, &(touch){base - page_bytes()})));
    assert_false(child_survived(child_run(write_a_byte, &(touch){base + capacity})));
    assert_false(
        child_survived(child_run(write_a_byte, &(touch){base + capacity + page_bytes() - 1})));
}

static void exit_1_unless_zero(void *context)
{
    if (!is_zero(context, 64)) {
        _exit(1);
    }
}

static void a_child_gets_zeros(void **state)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    void *slice = NULL;

    assert_int_equal(secret_arena_create(64, &arena), VELUM_OK);
    assert_int_equal(secret_arena_slice(arena, 64, &slice), VELUM_OK);
    memset(slice, 0x33, 64);
    assert_true(child_survived(child_run(exit_1_unless_zero, slice)));
    assert_int_equal(((uint8_t *)slice)[0], 0x33);
}

/* Looks the arena's mapping up in smaps and asks for two letters of its VmFlags line. */
static bool mapping_has_flag(const void *address, const char *flag)
{
    FILE *const smaps = fopen("/proc/self/smaps", "re");
    char line[512];
    bool inside = false;
    bool found = false;

    while (smaps != NULL && fgets(line, sizeof(line), smaps) != NULL) {
        unsigned long low = 0;
        unsigned long high = 0;
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2) {
            inside = (uintptr_t)address >= low && (uintptr_t)address < high;
        }
        if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, flag) != NULL;
        }
    }
    if (smaps != NULL) {
        fclose(smaps);
    }
    return found;
}

static void pages_are_locked_and_in_no_core_dump(void **state)
{
    VELUM_AUTO(secret_arena) *arena = NULL;
    void *slice = NULL;

    assert_int_equal(secret_arena_create(64, &arena), VELUM_OK);
    assert_int_equal(secret_arena_slice(arena, 64, &slice), VELUM_OK);
    if (!mapping_has_flag(slice, " rd")) {
        skip(); /* this kernel does not tell flags */
    }
    assert_true(mapping_has_flag(slice, " dd"));
    assert_true(mapping_has_flag(slice, " wf"));
    if (!IS_SANITIZED) {
        assert_int_equal(mapping_has_flag(slice, " lo"), secret_arena_is_locked(arena));
    }
}

static void without_memory_there_is_no_arena(void **state)
{
    secret_arena *arena = NULL;

    fault_plan("alloc:1:enospc");
    assert_int_equal(secret_arena_create(64, &arena), VELUM_E_NOMEM);
    fault_plan(NULL);
    assert_null(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capacity_is_whole_pages),
        cmocka_unit_test(an_arena_has_a_ceiling),
        cmocka_unit_test(slices_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_full_arena_says_limit),
        cmocka_unit_test(rewinding_wipes_above_the_mark_only),
        cmocka_unit_test(guards_stop_a_touch_outside),
        cmocka_unit_test(a_child_gets_zeros),
        cmocka_unit_test(pages_are_locked_and_in_no_core_dump),
        cmocka_unit_test(without_memory_there_is_no_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
