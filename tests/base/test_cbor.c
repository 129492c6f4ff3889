/* test_cbor.c: the vectors of RFC 8949 appendix A that apply, and every form that is not canonical. */
#include "base/cbor.h"
#include "base/fault.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define BYTES_MAX 65536
#define PROPERTY_ROUNDS 500

typedef struct bytes {
    uint8_t data[512];
    size_t size;
} bytes;

static bytes unhex(const char *hex)
{
    bytes out = {.size = strlen(hex) / 2};
    assert_true(out.size <= sizeof(out.data));
    assert_int_equal(hex_decode(text_of(hex), out.data, out.size), VELUM_OK);
    return out;
}

static velum_status check_hex(const char *hex)
{
    const bytes source = unhex(hex);
    return cbor_check(source.data, source.size);
}

static void assert_refused(const char *hex)
{
    if (check_hex(hex) != VELUM_E_INVALID) {
        fail_msg("not refused: %s", hex);
    }
}

static void assert_written(const buffer *out, const char *hex)
{
    const bytes expected = unhex(hex);
    assert_int_equal(buffer_status(out), VELUM_OK);
    assert_int_equal(out->size, expected.size);
    assert_memory_equal(out->data, expected.data, expected.size);
    assert_int_equal(cbor_check(out->data, out->size), VELUM_OK);
}

/* RFC 8949 appendix A. */
static void test_integers(void **state)
{
    static const struct {
        int64_t value;
        const char *hex;
    } vectors[] = {
        {0, "00"},
        {1, "01"},
        {10, "0a"},
        {23, "17"},
        {24, "1818"},
        {25, "1819"},
        {100, "1864"},
        {1000, "1903e8"},
        {1000000, "1a000f4240"},
        {1000000000000, "1b000000e8d4a51000"},
        {-1, "20"},
        {-10, "29"},
        {-100, "3863"},
        {-1000, "3903e7"},
        /* and the ends */
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {4294967295, "1affffffff"},
        {4294967296, "1b0000000100000000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        VELUM_AUTO_BUFFER out;
        buffer_init(&out, BYTES_MAX);
        cbor_write_integer(&out, vectors[i].value);
        assert_written(&out, vectors[i].hex);
    }
}

static void test_unsigned_end(void **state)
{
    VELUM_AUTO_BUFFER out;
    buffer_init(&out, BYTES_MAX);
    cbor_write_unsigned(&out, UINT64_MAX);
    assert_written(&out, "1bffffffffffffffff");
}

static void write_strings(buffer *out)
{
    cbor_write_array(out, 8);
    cbor_write_bytes(out, NULL, 0);
    cbor_write_bytes(out, "\x01\x02\x03\x04", 4);
    cbor_write_text(out, TEXT_EMPTY);
    cbor_write_text(out, TEXT_LITERAL("IETF"));
    cbor_write_text(out, TEXT_LITERAL("\"\\"));
    cbor_write_text(out, TEXT_LITERAL("\xc3\xbc"));
    cbor_write_text(out, TEXT_LITERAL("\xe6\xb0\xb4"));
    cbor_write_text(out, TEXT_LITERAL("\xf0\x90\x85\x91"));
}

/* RFC 8949 appendix A. */
static void test_strings(void **state)
{
    VELUM_AUTO_BUFFER out;
    buffer_init(&out, BYTES_MAX);
    write_strings(&out);
    assert_written(&out, "88"
                         "40"
                         "4401020304"
                         "60"
                         "6449455446"
                         "62225c"
                         "62c3bc"
                         "63e6b0b4"
                         "64f0908591");
}

/* RFC 8949 appendix A: [1, [2, 3], [4, 5]], {1: 2, 3: 4}, false, true, null and empty ones. */
static void test_containers(void **state)
{
    VELUM_AUTO_BUFFER out;
    buffer_init(&out, BYTES_MAX);
    cbor_write_array(&out, 3);
    cbor_write_unsigned(&out, 1);
    for (uint64_t i = 2; i <= 4; i += 2) {
        cbor_write_array(&out, 2);
        cbor_write_unsigned(&out, i);
        cbor_write_unsigned(&out, i + 1);
    }
    assert_written(&out, "8301820203820405");

    buffer_reset(&out);
    cbor_write_map(&out, 2);
    for (uint64_t i = 1; i <= 4; i++) {
        cbor_write_unsigned(&out, i);
    }
    assert_written(&out, "a201020304");

    buffer_reset(&out);
    cbor_write_array(&out, 5);
    cbor_write_bool(&out, false);
    cbor_write_bool(&out, true);
    cbor_write_null(&out);
    cbor_write_array(&out, 0);
    cbor_write_map(&out, 0);
    assert_written(&out, "85f4f5f680a0");
}

/* RFC 8949 appendix A: [1, 2, …, 25] needs a count of two bytes. */
static void test_long_array(void **state)
{
    assert_int_equal(check_hex("98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
                     VELUM_OK);
}

static void test_longer_forms_refused(void **state)
{
    static const char *const sources[] = {
        "1800",
        "1817",
        "190000",
        "1900ff",
        "1a00000000",
        "1a0000ffff",
        "1b0000000000000000",
        "1b00000000ffffffff",
        "3800",
        "3900ff",
        "5800",
        "580161",
        "780161",
        "98018001",
        "9800",
        "b800",
        "b900010000",
        "f814",
        "f815",
        "f816",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_refused(sources[i]);
    }
}

/* Floats, undefined, simple values, tags, indefinite lengths and reserved heads of RFC 8949. */
static void test_kinds_outside_refused(void **state)
{
    static const char *const sources[] = {
        "f90000",
        "f93c00",
        "fa47c35000",
        "fb3ff199999999999a",
        "f97e00",
        "f7",
        "f0",
        "f8ff",
        "e0",
        "c074323031332d30332d32315432303a30343a30305a",
        "c11a514b67b0",
        "d74401020304",
        "c249010000000000000000",
        "5f42010243030405ff",
        "7f657374726561646d696e67ff",
        "9fff",
        "9f018202039f0405ffff",
        "bf61610161629f0203ffff",
        "ff",
        "1c",
        "1d",
        "1e",
        "1f",
        "3c",
        "5c",
        "7d",
        "9e",
        "bc",
        "fc",
        "3bffffffffffffffff",
        "3b8000000000000000",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_refused(sources[i]);
    }
}

static void test_keys_ascend(void **state)
{
    assert_int_equal(check_hex("a3000017001818f6"), VELUM_OK);
    assert_refused("a203040102");                                /* descending */
    assert_refused("a201020103");                                /* twice */
    assert_refused("a3000018180017f6");                          /* 24 before 23 */
    assert_refused("a2616101616202");                            /* text keys */
    assert_refused("a12000");                                    /* a negative key */
    assert_refused("81a203040102");                              /* inside */
    assert_refused("a18000");                                    /* an array as key */
    assert_int_equal(check_hex("a201a2010202030200"), VELUM_OK); /* each map by itself */
}

static void test_truncation_and_tail_refused(void **state)
{
    static const char *const sources[] = {
        "",
        "18",
        "1900",
        "1a000000",
        "1b00000000000000",
        "41",
        "6261",
        "81",
        "8201",
        "a1",
        "a101",
        "a20102",
        "0000",
        "f6f6",
        "80f6",
        "9affffffff",
        "bb7fffffffffffffff",
        "bbffffffffffffffff",
        "9bffffffffffffffff",
        "5bffffffffffffffff",
        "7b7fffffffffffffff61",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_refused(sources[i]);
    }
}

static void test_bad_text_refused(void **state)
{
    assert_refused("61ff");
    assert_refused("61c3");
    assert_refused("62c080");
    assert_refused("63eda080");
    assert_refused("6100");
    assert_int_equal(check_hex("4100"), VELUM_OK);

    VELUM_AUTO_BUFFER out;
    buffer_init(&out, BYTES_MAX);
    cbor_write_text(&out, TEXT_LITERAL("\xff"));
    assert_int_equal(buffer_status(&out), VELUM_E_INVALID);
}

static void test_depth_has_a_ceiling(void **state)
{
    assert_int_equal(check_hex("8181818181818180"), VELUM_OK);
    assert_int_equal(check_hex("818181818181818180"), VELUM_E_LIMIT);
    assert_int_equal(check_hex("a100a100a100a100a100a100a100a0"), VELUM_OK);
    assert_int_equal(check_hex("a100a100a100a100a100a100a100a100a0"), VELUM_E_LIMIT);
    /* Containers beside each other are not levels. */
    assert_int_equal(check_hex("8c808080808080808080808080"), VELUM_OK);
}

static void test_reader_steps_and_skips(void **state)
{
    const bytes source = unhex("820a6161a10182f62017");
    cbor_reader reader = {.data = source.data, .size = source.size};
    cbor_item item;

    assert_int_equal(cbor_next(&reader, &item), VELUM_OK);
    assert_int_equal(item.kind, CBOR_ARRAY);
    assert_int_equal(item.number, 2);
    assert_int_equal(cbor_skip(&reader), VELUM_OK);
    assert_int_equal(cbor_next(&reader, &item), VELUM_OK);
    assert_int_equal(item.kind, CBOR_TEXT);
    assert_int_equal(item.size, 1);
    assert_int_equal(item.data[0], 'a');
    assert_int_equal(cbor_skip(&reader), VELUM_OK);
    assert_int_equal(reader.offset, source.size - 1);
    assert_int_equal(cbor_next(&reader, &item), VELUM_OK);
    assert_int_equal(item.kind, CBOR_UNSIGNED);
    assert_int_equal(item.number, 23);
    assert_int_equal(cbor_next(&reader, &item), VELUM_END);
    assert_int_equal(cbor_skip(&reader), VELUM_END);
}

static void test_failing_reader_stays(void **state)
{
    const bytes source = unhex("82018201");
    cbor_reader reader = {.data = source.data, .size = source.size};
    cbor_item item;

    assert_int_equal(cbor_skip(&reader), VELUM_E_INVALID);
    assert_int_equal(reader.offset, 0);
    reader.size = 3;
    reader.offset = 2;
    assert_int_equal(cbor_next(&reader, &item), VELUM_E_INVALID);
    assert_int_equal(reader.offset, 2);
}

static void write_random_item(const velum_random *random, buffer *out, uint64_t *items_left)
{
    uint8_t data[300];
    uint64_t number = 0;

    random_fill(random, &number, sizeof(number));
    number >>= random_below(random, 64);
    random_fill(random, data, sizeof(data));
    switch (random_below(random, 7)) {
    case 0:
        cbor_write_unsigned(out, number);
        return;
    case 1:
        cbor_write_integer(out, (int64_t)number);
        return;
    case 2:
        cbor_write_bytes(out, data, random_below(random, sizeof(data)));
        return;
    case 3:
        cbor_write_text(out, TEXT_LITERAL("na\xc3\xafve text, longer than the inline count of 23"));
        return;
    case 4:
        cbor_write_bool(out, number % 2 == 1);
        return;
    case 5:
        cbor_write_array(out, 2); /* two scalars follow */
        cbor_write_null(out);
        cbor_write_unsigned(out, number);
        return;
    default:
        cbor_write_map(out, 2);
        cbor_write_unsigned(out, number / 2);
        cbor_write_null(out);
        cbor_write_unsigned(out, number / 2 + 1);
        *items_left += 1; /* the value of the second key is the next item */
    }
}

static void write_item_again(buffer *out, const cbor_item *item)
{
    switch (item->kind) {
    case CBOR_UNSIGNED:
        cbor_write_unsigned(out, item->number);
        return;
    case CBOR_NEGATIVE:
        cbor_write_integer(out, -1 - (int64_t)item->number);
        return;
    case CBOR_BYTES:
        cbor_write_bytes(out, item->data, item->size);
        return;
    case CBOR_TEXT:
        cbor_write_text(out, (text){(const char *)item->data, item->size});
        return;
    case CBOR_ARRAY:
        cbor_write_array(out, item->number);
        return;
    case CBOR_MAP:
        cbor_write_map(out, item->number);
        return;
    case CBOR_BOOL:
        cbor_write_bool(out, item->number == 1);
        return;
    case CBOR_NULL:
        cbor_write_null(out);
        return;
    }
}

static bool write_again(const buffer *source, buffer *out)
{
    cbor_reader reader = {.data = source->data, .size = source->size};
    cbor_item item;
    velum_status status = VELUM_OK;

    while ((status = cbor_next(&reader, &item)) == VELUM_OK) {
        write_item_again(out, &item);
    }
    return status == VELUM_END && buffer_status(out) == VELUM_OK;
}

/* A map whose last value is a map again goes deeper; that may pass the ceiling. */
static bool round_trip_holds(const velum_random *random)
{
    VELUM_AUTO_BUFFER first;
    VELUM_AUTO_BUFFER second;
    uint64_t items_left = 20;

    buffer_init(&first, BYTES_MAX);
    buffer_init(&second, BYTES_MAX);
    cbor_write_array(&first, items_left);
    for (; items_left > 0; items_left--) {
        write_random_item(random, &first, &items_left);
    }
    const velum_status status = cbor_check(first.data, first.size);
    return (status == VELUM_OK || status == VELUM_E_LIMIT) && write_again(&first, &second) &&
           first.size == second.size && memcmp(first.data, second.data, first.size) == 0;
}

static void test_property_write_read_write(void **state)
{
    const char *const wanted = getenv("VELUM_TEST_SEED");
    const uint64_t seed = wanted != NULL ? strtoull(wanted, NULL, 10) : (uint64_t)time(NULL);
    random_seeded source;
    const velum_random random = random_from_seed(&source, seed);

    for (size_t i = 0; i < PROPERTY_ROUNDS; i++) {
        if (!round_trip_holds(&random)) {
            fail_msg("round %zu with VELUM_TEST_SEED=%llu", i, (unsigned long long)seed);
        }
    }
}

static void test_writer_without_memory(void **state)
{
    VELUM_AUTO_BUFFER out;
    buffer_init(&out, BYTES_MAX);
    fault_plan("alloc:1:enospc");
    write_strings(&out);
    fault_plan(NULL);
    assert_int_equal(buffer_status(&out), VELUM_E_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_unsigned_end),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_long_array),
        cmocka_unit_test(test_longer_forms_refused),
        cmocka_unit_test(test_kinds_outside_refused),
        cmocka_unit_test(test_keys_ascend),
        cmocka_unit_test(test_truncation_and_tail_refused),
        cmocka_unit_test(test_bad_text_refused),
        cmocka_unit_test(test_depth_has_a_ceiling),
        cmocka_unit_test(test_reader_steps_and_skips),
        cmocka_unit_test(test_failing_reader_stays),
        cmocka_unit_test(test_property_write_read_write),
        cmocka_unit_test(test_writer_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
