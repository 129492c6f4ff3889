/* Buffers: what is appended comes out, and nothing passes the ceiling. */
#include "base/buffer.h"
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void appends_come_out_in_order(void **state)
{
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, 1000);
    buffer_append(&out, "ab", 2);
    buffer_append(&out, NULL, 0);
    buffer_append_text(&out, "cd");
    buffer_append_text(&out, "");
    buffer_append_byte(&out, 'e');
    buffer_append_format(&out, "%d-%s", 12, "x");
    buffer_append_format(&out, "%s", "");
    buffer_append_u64_decimal(&out, 0);
    buffer_append_u64_decimal(&out, UINT64_MAX);
    assert_int_equal(buffer_status(&out), VELUM_OK);
    assert_int_equal(out.size, strlen("abcde12-x018446744073709551615"));
    assert_memory_equal(out.data, "abcde12-x018446744073709551615", out.size);
}

static void numbers_are_big_endian(void **state)
{
    static const uint8_t wanted[] = {0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 0xfe,
                                     0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, sizeof(wanted));
    buffer_append_u16be(&out, 0x1234);
    buffer_append_u32be(&out, 0x89abcdef);
    buffer_append_u64be(&out, UINT64_C(0xfedcba9876543210));
    assert_int_equal(buffer_status(&out), VELUM_OK);
    assert_memory_equal(out.data, wanted, sizeof(wanted));
    assert_int_equal(bytes_read_u16be(wanted), 0x1234);
    assert_int_equal(bytes_read_u32be(wanted + 2), 0x89abcdef);
    assert_true(bytes_read_u64be(wanted + 6) == UINT64_C(0xfedcba9876543210));
}

/* At each ceiling exactly as many bytes fit, however they come, and the one after latches. */
static void the_ceiling_holds_exactly(void **state)
{
    for (size_t ceiling = 0; ceiling < 300; ceiling++) {
        VELUM_AUTO_BUFFER out;
        buffer_init(&out, ceiling);
        for (size_t i = 0; i < ceiling; i++) {
            buffer_append_byte(&out, (uint8_t)i);
        }
        assert_int_equal(buffer_status(&out), VELUM_OK);
        assert_int_equal(out.size, ceiling);
        assert_true(out.capacity <= ceiling);
        buffer_append_format(&out, "%c", 'x');
        assert_int_equal(buffer_status(&out), VELUM_E_LIMIT);
        assert_int_equal(out.size, ceiling);
    }
}

static void a_failure_latches(void **state)
{
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, 4);
    buffer_append_text(&out, "12345");
    buffer_append_text(&out, "1");
    assert_int_equal(buffer_status(&out), VELUM_E_LIMIT);
    assert_int_equal(out.size, 0);
    assert_int_equal(buffer_reserve(&out, 1), VELUM_E_LIMIT);
    buffer_reset(&out);
    buffer_append_text(&out, "1234");
    assert_int_equal(buffer_status(&out), VELUM_OK);
    assert_int_equal(buffer_reserve(&out, SIZE_MAX), VELUM_E_LIMIT);
}

static void a_ceiling_above_the_largest_block_is_lowered(void **state)
{
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, SIZE_MAX);
    assert_int_equal(buffer_reserve(&out, MEM_BLOCK_BYTES_MAX), VELUM_E_LIMIT);
}

static void reserving_moves_nothing_later(void **state)
{
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, 10000);
    assert_int_equal(buffer_reserve(&out, 5000), VELUM_OK);
    const uint8_t *const data = out.data;
    for (int i = 0; i < 1250; i++) {
        buffer_append_u32be(&out, 7);
    }
    assert_ptr_equal(out.data, data);
}

static void reset_wipes(void **state)
{
    VELUM_AUTO_BUFFER out;

    buffer_init(&out, 100);
    buffer_append_text(&out, "secret");
    const uint8_t *const data = out.data;
    buffer_reset(&out);
    assert_int_equal(out.size, 0);
    assert_memory_equal(data, "\0\0\0\0\0\0", 6);
}

static void taking_hands_over_with_a_nul(void **state)
{
    VELUM_AUTO_BUFFER out;
    uint8_t *bytes = NULL;
    size_t size = 9;

    buffer_init(&out, 5);
    assert_int_equal(buffer_take(&out, &bytes, &size), VELUM_OK);
    assert_int_equal(size, 0);
    assert_string_equal((char *)bytes, "");
    mem_free(bytes);
    buffer_append_text(&out, "12345");
    assert_int_equal(buffer_take(&out, &bytes, &size), VELUM_OK);
    assert_int_equal(size, 5);
    assert_string_equal((char *)bytes, "12345");
    mem_free(bytes);
    assert_int_equal(out.size, 0);
    assert_int_equal(out.bytes_max, 5);
    buffer_append_text(&out, "123456");
    assert_int_equal(buffer_take(&out, &bytes, &size), VELUM_E_LIMIT);
    assert_null(bytes);
}

/* Grows through several blocks while each allocation fails once. */
static void every_allocation_may_fail(void **state)
{
    unsigned failures = 0;

    for (unsigned number = 1; number < 20; number++) {
        char plan[32];
        VELUM_AUTO_BUFFER out;
        snprintf(plan, sizeof(plan), "alloc:%u:enospc", number);
        buffer_init(&out, 5000);
        fault_plan(plan);
        for (int i = 0; i < 500; i++) {
            buffer_append_u64be(&out, 1);
        }
        fault_plan(NULL);
        failures += buffer_status(&out) == VELUM_E_NOMEM;
        assert_true(buffer_status(&out) == VELUM_E_NOMEM || out.size == 4000);
        assert_int_equal(out.size % 8, 0);
    }
    assert_in_range(failures, 3, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_come_out_in_order),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(the_ceiling_holds_exactly),
        cmocka_unit_test(a_failure_latches),
        cmocka_unit_test(a_ceiling_above_the_largest_block_is_lowered),
        cmocka_unit_test(reserving_moves_nothing_later),
        cmocka_unit_test(reset_wipes),
        cmocka_unit_test(taking_hands_over_with_a_nul),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
