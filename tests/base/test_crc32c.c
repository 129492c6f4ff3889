/* CRC-32C against RFC 3720 and against itself: processor, table, and cuts agree. */
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const void *data, size_t size, uint32_t wanted)
{
    assert_int_equal(crc32c(0, data, size), wanted);
    assert_int_equal(crc32c_by_table(0, data, size), wanted);
}

/* RFC 3720 appendix B.4, and the usual check value. */
static void published_values(void **state)
{
    uint8_t bytes[32] = {0};

    check("123456789", 9, 0xe3069283);
    check(NULL, 0, 0);
    check(bytes, sizeof(bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof(bytes));
    check(bytes, sizeof(bytes), 0x62a8ab43);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    check(bytes, sizeof(bytes), 0x46dd794e);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(31 - i);
    }
    check(bytes, sizeof(bytes), 0x113fdb5c);
}

/* Each size and each alignment, whole and in two pieces. */
static void processor_and_table_agree(void **state)
{
    uint8_t bytes[80];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t from = 0; from < 9; from++) {
        for (size_t size = 0; from + size <= sizeof(bytes); size++) {
            const uint32_t whole = crc32c(0, bytes + from, size);
            const size_t cut = size / 3;
            assert_int_equal(crc32c_by_table(0, bytes + from, size), whole);
            assert_int_equal(crc32c(crc32c(0, bytes + from, cut), bytes + from + cut, size - cut),
                             whole);
        }
    }
}

static void every_flipped_bit_shows(void **state)
{
    uint8_t bytes[64] = {1, 2, 3};
    const uint32_t before = crc32c(0, bytes, sizeof(bytes));

    for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(crc32c(0, bytes, sizeof(bytes)), before);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values),
        cmocka_unit_test(processor_and_table_agree),
        cmocka_unit_test(every_flipped_bit_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
