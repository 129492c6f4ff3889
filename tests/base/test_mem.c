/* The heap's door: zeroed, sized, wiped, failing on demand. */
#include "base/fault.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/base/scratch.h"

static bool is_filled(const void *data, size_t size, uint8_t byte)
{
    const uint8_t *const bytes = data;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != byte) {
            return false;
        }
    }
    return true;
}

static void blocks_are_zeroed_and_aligned(void **state)
{
    for (size_t bytes = 0; bytes < 5000; bytes += 97) {
        uint8_t *const block = mem_alloc(bytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        assert_true(is_filled(block, bytes, 0));
        memset(block, 0xa5, bytes);
        mem_free(block);
    }
    mem_free(NULL);
}

static void resize_keeps_the_front_and_zeroes_the_rest(void **state)
{
    uint8_t *block = mem_resize(NULL, 10);

    assert_non_null(block);
    memset(block, 0x11, 10);
    block = mem_resize(block, 1000);
    assert_non_null(block);
    assert_true(is_filled(block, 10, 0x11));
    assert_true(is_filled(block + 10, 990, 0));
    block = mem_resize(block, 4);
    assert_non_null(block);
    assert_true(is_filled(block, 4, 0x11));
    mem_free(block);
}

static void sizes_have_a_ceiling(void **state)
{
    assert_null(mem_alloc(MEM_BLOCK_BYTES_MAX + 1));
    assert_null(mem_alloc(SIZE_MAX));
    assert_null(mem_alloc_array(SIZE_MAX / 2, 3));
    assert_null(mem_alloc_array((size_t)1 << 33, (size_t)1 << 33));
    assert_null(mem_copy_text("x", SIZE_MAX));
    void *const block = mem_alloc_array(3, 7);
    assert_non_null(block);
    assert_null(mem_resize(block, MEM_BLOCK_BYTES_MAX + 1)); /* the block is as it was */
    mem_free(block);
}

static void texts_are_copied_with_a_nul(void **state)
{
    char *const copy = mem_copy_text("abcdef", 3);
    char *const empty = mem_copy_text(NULL, 0);

    assert_string_equal(copy, "abc");
    assert_string_equal(empty, "");
    mem_free(copy);
    mem_free(empty);
}

/* Looks where it may not, at what a freed block left behind; the allocator keeps its own links in
 * the first bytes. */
static void a_freed_block_keeps_nothing(void **state)
{
    if (IS_SANITIZED) {
        skip();
    }
    uint8_t *const block = mem_alloc(512);
    const volatile uint8_t *volatile left = block;

    assert_non_null(block);
    memset(block, 0xc7, 512);
    mem_free(block);
    for (size_t i = 0; i < 512; i++) {
        assert_int_not_equal(left[i], 0xc7);
    }
}

static void free_foreign(void *context)
{
    uint64_t foreign[8] = {0};

    mem_free(foreign + 4);
}

static void a_foreign_pointer_is_caught(void **state)
{
    assert_false(child_survived(child_run(free_foreign, NULL)));
}

static void wipe_overwrites(void **state)
{
    uint8_t bytes[40];

    memset(bytes, 0xff, sizeof(bytes));
    mem_wipe(bytes + 1, 38);
    assert_int_equal(bytes[0], 0xff);
    assert_true(is_filled(bytes + 1, 38, 0));
    assert_int_equal(bytes[39], 0xff);
    mem_wipe(NULL, 0);
}

static void equality_sees_every_bit(void **state)
{
    uint8_t a[33] = {0};
    uint8_t b[33] = {0};

    assert_true(mem_equal_secret(a, b, sizeof(a)));
    for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(mem_equal_secret(a, b, sizeof(a)));
        assert_true(mem_equal_secret(a, b, bit / 8));
        b[bit / 8] = 0;
    }
    assert_true(mem_equal_secret(NULL, NULL, 0));
}

static void sizes_are_checked(void **state)
{
    size_t out = 5;

    assert_true(size_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    out = 5;
    assert_false(size_add(SIZE_MAX, 1, &out));
    assert_false(size_multiply(SIZE_MAX / 2 + 1, 2, &out));
    assert_int_equal(out, 5);
    assert_true(size_multiply(SIZE_MAX, 0, &out));
    assert_int_equal(out, 0);
}

typedef struct thing {
    int number;
} thing;

static int things_freed;

static void thing_free(thing *self)
{
    things_freed += self != NULL;
    mem_free(self);
}
VELUM_DEFINE_AUTO(thing);

static thing *make_and_take(void)
{
    VELUM_AUTO(thing) *made = mem_alloc(sizeof(thing));
    VELUM_AUTO(thing) *dropped = mem_alloc(sizeof(thing));
    VELUM_AUTO_MEM char *note = mem_copy_text("note", 4);

    assert_non_null(dropped);
    assert_non_null(note);
    return thing_take(&made);
}

static void auto_releases_what_was_not_taken(void **state)
{
    thing *const taken = make_and_take();

    assert_non_null(taken);
    assert_int_equal(things_freed, 1);
    thing_free(taken);
}

static void the_planned_allocation_fails(void **state)
{
    fault_plan("alloc:2:enospc");
    void *const first = mem_alloc(1);
    void *const second = mem_alloc(1);
    void *const third = mem_alloc(1);
    assert_int_equal(fault_count(FAULT_ALLOC), 3);
    fault_plan(NULL);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    mem_free(first);
    mem_free(third);
}

static void a_failed_resize_keeps_the_block(void **state)
{
    uint8_t *const block = mem_alloc(8);

    assert_non_null(block);
    memset(block, 3, 8);
    fault_plan("alloc:1+:enospc");
    assert_null(mem_resize(block, 100));
    assert_null(mem_copy_text("x", 1));
    fault_plan(NULL);
    assert_true(is_filled(block, 8, 3));
    mem_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_and_aligned),
        cmocka_unit_test(resize_keeps_the_front_and_zeroes_the_rest),
        cmocka_unit_test(sizes_have_a_ceiling),
        cmocka_unit_test(texts_are_copied_with_a_nul),
        cmocka_unit_test(a_freed_block_keeps_nothing),
        cmocka_unit_test(a_foreign_pointer_is_caught),
        cmocka_unit_test(wipe_overwrites),
        cmocka_unit_test(equality_sees_every_bit),
        cmocka_unit_test(sizes_are_checked),
        cmocka_unit_test(auto_releases_what_was_not_taken),
        cmocka_unit_test(the_planned_allocation_fails),
        cmocka_unit_test(a_failed_resize_keeps_the_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
