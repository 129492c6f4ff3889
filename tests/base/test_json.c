/* test_json.c: what the JSON reader refuses, and that writing and reading are inverse. */
#include "base/fault.h"
#include "base/json.h"
#include "base/random.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)1 << 20)
#define PROPERTY_ROUNDS 300

static velum_status status_of(text source)
{
    VELUM_AUTO(json) *doc = NULL;
    velum_error err;
    const velum_status status = json_parse(source, BYTES_MAX, &doc, &err);

    assert_true((status == VELUM_OK) == (doc != NULL));
    return status;
}

static void assert_refused(const char *source)
{
    if (status_of(text_of(source)) != VELUM_E_INVALID) {
        fail_msg("not refused: %s", source);
    }
}

static json *parsed(const char *source)
{
    json *doc = NULL;
    assert_int_equal(json_parse(text_of(source), BYTES_MAX, &doc, NULL), VELUM_OK);
    return doc;
}

/* Parses, copies with json_write_value, and compares. */
static void assert_copied(const char *source, const char *expected)
{
    VELUM_AUTO(json) *doc = parsed(source);
    VELUM_AUTO_BUFFER out;
    json_writer writer;

    buffer_init(&out, BYTES_MAX);
    json_writer_init(&writer, &out);
    json_write_value(&writer, json_root(doc));
    assert_int_equal(buffer_status(&out), VELUM_OK);
    assert_int_equal(out.size, strlen(expected));
    assert_memory_equal(out.data, expected, out.size);
}

static void test_reads_every_kind(void **state)
{
    VELUM_AUTO(json) *doc =
        parsed("{\"t\":\"a\\u00e9\\n\",\"i\":-7,\"r\":1.5,\"y\":true,\"n\":false,"
               "\"z\":null,\"a\":[1,2,3],\"o\":{}}");
    const json_value *const root = json_root(doc);

    assert_int_equal(json_kind_of(root), JSON_OBJECT);
    assert_int_equal(json_count(root), 8);
    assert_true(text_equal_literal(json_text(json_member(root, "t")), "a\xc3\xa9\n"));
    assert_int_equal(json_integer(json_member(root, "i")), -7);
    assert_true(json_real(json_member(root, "r")) == 1.5);
    assert_int_equal(json_kind_of(json_member(root, "y")), JSON_BOOL);
    assert_true(json_bool(json_member(root, "y")));
    assert_false(json_bool(json_member(root, "n")));
    assert_int_equal(json_kind_of(json_member(root, "z")), JSON_NULL);
    assert_int_equal(json_count(json_member(root, "a")), 3);
    assert_int_equal(json_integer(json_at(json_member(root, "a"), 2)), 3);
    assert_null(json_at(json_member(root, "a"), 3));
    assert_int_equal(json_count(json_member(root, "o")), 0);
    assert_null(json_member(root, "absent"));
}

static void test_another_kind_answers_empty(void **state)
{
    VELUM_AUTO(json) *doc = parsed("[1,\"x\"]");
    const json_value *const number = json_at(json_root(doc), 0);
    const json_value *const word = json_at(json_root(doc), 1);

    assert_int_equal(json_text(number).size, 0);
    assert_int_equal(json_count(number), 0);
    assert_null(json_member(number, "x"));
    assert_null(json_at(word, 0));
    assert_int_equal(json_integer(word), 0);
    assert_true(json_real(word) == 0.0);
    assert_false(json_bool(word));
}

static void test_members_come_in_source_order(void **state)
{
    VELUM_AUTO(json) *doc = parsed("{\"zeta\":1,\"alpha\":2,\"mid\":3}");
    static const char *const names[] = {"zeta", "alpha", "mid"};
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name = TEXT_EMPTY;

    for (int64_t i = 0; i < 3; i++) {
        assert_true(json_next(json_root(doc), &iterator, &name, &value));
        assert_true(text_equal_literal(name, names[i]));
        assert_int_equal(json_integer(value), i + 1);
    }
    assert_false(json_next(json_root(doc), &iterator, &name, &value));
}

static void test_refuses_what_is_not_json(void **state)
{
    static const char *const sources[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "[1 2]",
        "[01]",
        "[+1]",
        "[.5]",
        "[1.]",
        "[nan]",
        "[Infinity]",
        "['a']",
        "[\"a]",
        "[\"\\x\"]",
        "[\"\t\"]",
        "[] []",
        "[1]x",
        "// c\n[]",
        "]",
        "}{",
        "\xef\xbb\xbf[]",
        "tru",
        "[\"\\u12\"]",
        "[\"a\nb\"]",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        assert_refused(sources[i]);
    }
}

/* RFC 8259 §4: names should be unique; here they must be. */
static void test_refuses_duplicate_names(void **state)
{
    assert_refused("{\"a\":1,\"a\":1}");
    assert_refused("{\"a\":1,\"\\u0061\":2}");
    assert_refused("[{\"o\":{\"k\":null,\"b\":1,\"k\":null}}]");
}

static void test_refuses_nul(void **state)
{
    assert_refused("[\"a\\u0000b\"]");
    assert_refused("{\"a\\u0000b\":1}");
    assert_int_equal(status_of((text){"[\"a\0b\"]", 7}), VELUM_E_INVALID);
    assert_int_equal(status_of((text){"[1]\0", 4}), VELUM_E_INVALID);
    assert_int_equal(status_of((text){"\0", 1}), VELUM_E_INVALID);
    assert_int_equal(status_of((text){"[92\0]", 5}), VELUM_E_INVALID); /* jansson reads 92 */
}

/* RFC 3629 §3 and §4. */
static void test_refuses_bad_utf8(void **state)
{
    assert_refused("[\"\x80\"]");
    assert_refused("[\"\xc3\"]");
    assert_refused("[\"\xc0\x80\"]");
    assert_refused("[\"\xe0\x80\xaf\"]");
    assert_refused("[\"\xed\xa0\x80\"]");
    assert_refused("[\"\xf4\x90\x80\x80\"]");
    assert_refused("[\"\xff\"]");
    assert_refused("{\"\xfe\":1}");
    assert_refused("[\"\\ud800\"]");
    assert_refused("[\"\\udc00\\ud800\"]");
    assert_int_equal(status_of(text_of("[\"\\ud83d\\ude00\"]")), VELUM_OK);
}

static void test_numbers_at_their_ends(void **state)
{
    VELUM_AUTO(json) *doc = parsed("[9223372036854775807,-9223372036854775808,1e308,-0.0,1E2]");
    const json_value *const root = json_root(doc);

    assert_true(json_integer(json_at(root, 0)) == INT64_MAX);
    assert_true(json_integer(json_at(root, 1)) == INT64_MIN);
    assert_true(json_real(json_at(root, 2)) == 1e308);
    assert_int_equal(json_kind_of(json_at(root, 4)), JSON_REAL);
    assert_refused("[9223372036854775808]");
    assert_refused("[-9223372036854775809]");
    assert_refused("[123456789012345678901234567890]");
    assert_refused("[1e309]");
    assert_refused("[-1e999999999]");
}

static void append_repeated(buffer *out, const char *part, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        buffer_append_text(out, part);
    }
}

static velum_status status_at_depth(const char *open, const char *close, size_t depth)
{
    VELUM_AUTO_BUFFER source;

    buffer_init(&source, BYTES_MAX);
    append_repeated(&source, open, depth);
    buffer_append_text(&source, "1");
    append_repeated(&source, close, depth);
    assert_int_equal(buffer_status(&source), VELUM_OK);
    return status_of((text){(const char *)source.data, source.size});
}

static void test_depth_has_a_ceiling(void **state)
{
    assert_int_equal(status_at_depth("[", "]", JSON_DEPTH_MAX), VELUM_OK);
    assert_int_equal(status_at_depth("[", "]", JSON_DEPTH_MAX + 1), VELUM_E_LIMIT);
    assert_int_equal(status_at_depth("{\"a\":", "}", JSON_DEPTH_MAX), VELUM_OK);
    assert_int_equal(status_at_depth("{\"a\":", "}", JSON_DEPTH_MAX + 1), VELUM_E_LIMIT);
    assert_int_equal(status_at_depth("[", "", 300000), VELUM_E_LIMIT);
    /* Brackets in strings do not count, not even behind an escaped quote. */
    assert_int_equal(status_of(text_of("[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[\\\\\"]")), VELUM_OK);
    assert_int_equal(status_of(text_of("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]")),
                     VELUM_OK);
}

static void test_bytes_have_a_ceiling(void **state)
{
    VELUM_AUTO(json) *doc = NULL;

    assert_int_equal(json_parse(text_of("[1,2]"), 4, &doc, NULL), VELUM_E_LIMIT);
    assert_null(doc);
    assert_int_equal(json_parse(text_of("[1,2]"), 5, &doc, NULL), VELUM_OK);
}

/* I-5: an error line holds nothing of the source. */
static void test_error_has_place_and_no_text(void **state)
{
    json *doc = NULL;
    velum_error err;

    assert_int_equal(json_parse(text_of("{\n  \"a\": canary}"), BYTES_MAX, &doc, &err),
                     VELUM_E_INVALID);
    assert_int_equal(err.status, VELUM_E_INVALID);
    assert_non_null(strstr(err.text, "line 2, column "));
    assert_null(strstr(err.text, "canary"));
    assert_int_equal(json_parse(text_of("{\"canary\":1,\"canary\":1}"), BYTES_MAX, &doc, &err),
                     VELUM_E_INVALID);
    assert_non_null(strstr(err.text, "line 1, column "));
    assert_null(strstr(err.text, "canary"));
    assert_int_equal(json_parse(text_of("\n\n [[[[[[[[[[[[[[[[["), BYTES_MAX, &doc, &err),
                     VELUM_E_LIMIT);
    assert_non_null(strstr(err.text, "line 3, column 18"));
}

static void write_sample(json_writer *writer)
{
    json_begin_object(writer);
    json_member_string(writer, "quote", "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f");
    json_member_integer(writer, "least", INT64_MIN);
    json_member_bool(writer, "yes", true);
    json_name(writer, "list");
    json_begin_array(writer);
    json_write_null(writer);
    json_write_unsigned(writer, UINT64_MAX);
    json_write_raw(writer, TEXT_LITERAL("{\"raw\":1}"));
    json_begin_array(writer);
    json_end_array(writer);
    json_write_bool(writer, false);
    json_end_array(writer);
    json_member_text(writer, "text", TEXT_LITERAL("\xe4\xb8\xad"));
    json_end_object(writer);
}

static void test_writes_by_rfc_8259(void **state)
{
    static const char expected[] =
        "{\"quote\":\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\","
        "\"least\":-9223372036854775808,\"yes\":true,"
        "\"list\":[null,18446744073709551615,{\"raw\":1},[],false],\"text\":\"\xe4\xb8\xad\"}";
    VELUM_AUTO_BUFFER out;
    json_writer writer;

    buffer_init(&out, BYTES_MAX);
    json_writer_init(&writer, &out);
    write_sample(&writer);
    assert_int_equal(buffer_status(&out), VELUM_OK);
    assert_int_equal(out.size, sizeof(expected) - 1);
    assert_memory_equal(out.data, expected, out.size);
}

/* What would drive or mislead a terminal is escaped, and nothing beside it; it reads as it was. */
static void test_nothing_drives_a_terminal(void **state)
{
    static const char typed[] =
        "\xc2\x80\xc2\x9b\xc2\x9f\u061c\u200e\u200f\u2028\u202e\u2066\u2069";
    static const char beside[] = "\u00a0\u061b\u061d\u200d\u2010\u2027\u202f\u2065\u206a中é";
    VELUM_AUTO(json) *back = NULL;
    VELUM_AUTO_BUFFER out;
    json_writer writer;

    buffer_init(&out, BYTES_MAX);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_member_string(&writer, "typed", typed);
    json_member_string(&writer, "beside", beside);
    json_end_object(&writer);
    buffer_append_byte(&out, 0);
    assert_int_equal(buffer_status(&out), VELUM_OK);
    assert_non_null(
        strstr((const char *)out.data,
               "\"\\u0080\\u009b\\u009f\\u061c\\u200e\\u200f\\u2028\\u202e\\u2066\\u2069\""));
    assert_non_null(strstr((const char *)out.data, beside));
    const text body = {(const char *)out.data, out.size - 1};
    assert_int_equal(json_parse(body, BYTES_MAX, &back, NULL), VELUM_OK);
    assert_true(text_equal(json_text(json_member(json_root(back), "typed")), text_of(typed)));
}

static void test_writer_latches(void **state)
{
    VELUM_AUTO_BUFFER out;
    json_writer writer;

    buffer_init(&out, 8);
    json_writer_init(&writer, &out);
    json_write_text(&writer, TEXT_LITERAL("longer than eight"));
    assert_int_equal(buffer_status(&out), VELUM_E_LIMIT);

    buffer_reset(&out);
    json_writer_init(&writer, &out);
    json_write_text(&writer, TEXT_LITERAL("\xff"));
    assert_int_equal(buffer_status(&out), VELUM_E_INVALID);

    buffer_reset(&out);
    json_writer_init(&writer, &out);
    json_write_text(&writer, (text){"a\0", 2});
    assert_int_equal(buffer_status(&out), VELUM_E_INVALID);

    buffer_reset(&out);
    json_writer_init(&writer, &out);
    json_end_array(&writer);
    assert_int_equal(buffer_status(&out), VELUM_E_INTERNAL);
}

static void test_writer_depth_has_a_ceiling(void **state)
{
    VELUM_AUTO_BUFFER out;
    json_writer writer;

    buffer_init(&out, BYTES_MAX);
    json_writer_init(&writer, &out);
    for (size_t i = 0; i < 1000; i++) {
        json_begin_array(&writer);
    }
    assert_int_equal(buffer_status(&out), VELUM_E_LIMIT);
}

static void test_copies_a_value(void **state)
{
    assert_copied("null", "null");
    assert_copied(" [ ] ", "[]");
    assert_copied("{\"a\":[{},[],{\"b\":[[]]}],\"c\":{}}", "{\"a\":[{},[],{\"b\":[[]]}],\"c\":{}}");
    assert_copied("[1.0,0.1,1e300,-2.5e-7,100.0]", "[1.0,0.1,1e+300,-2.5e-07,100.0]");
    assert_copied("[-0.0]", "[-0.0]");
    assert_copied("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
}

/* Random text: ASCII, what needs escapes, two, three and four bytes. */
static void append_random_text(const velum_random *random, buffer *out)
{
    const uint32_t count = random_below(random, 12);
    for (uint32_t i = 0; i < count; i++) {
        static const uint32_t limits[] = {0x20, 0x80, 0x800, 0xd800, 0x110000};
        const uint32_t limit = limits[random_below(random, 5)];
        uint32_t point = 1 + random_below(random, limit - 1);
        char bytes[4];
        if (point >= 0xd800 && point < 0xe000) {
            point = 0xfffd;
        }
        buffer_append(out, bytes, utf8_write(point, bytes));
    }
}

static void write_random_text(const velum_random *random, json_writer *writer, bool is_name,
                              uint32_t n)
{
    VELUM_AUTO_BUFFER value;

    buffer_init(&value, 4096);
    append_random_text(random, &value);
    if (is_name) {
        buffer_append_u64_decimal(&value, n); /* names are unique */
    }
    const text written = {(const char *)value.data, value.size};
    if (is_name) {
        json_name_text(writer, written);
    } else {
        json_write_text(writer, value.size == 0 ? TEXT_EMPTY : written);
    }
}

static double random_real(const velum_random *random)
{
    uint64_t bits = 0;
    double value = 0.0;

    random_fill(random, &bits, sizeof(bits));
    memcpy(&value, &bits, sizeof(value));
    return value >= -DBL_MAX && value <= DBL_MAX ? value : 0.5;
}

static void write_random_scalar(const velum_random *random, json_writer *writer)
{
    char digits[40];
    int64_t number = 0;

    switch (random_below(random, 5)) {
    case 0:
        json_write_null(writer);
        return;
    case 1:
        json_write_bool(writer, random_below(random, 2) == 1);
        return;
    case 2:
        random_fill(random, &number, sizeof(number));
        json_write_integer(writer, number >> random_below(random, 64));
        return;
    case 3:
        (void)snprintf(digits, sizeof(digits), "%.17e", random_real(random));
        json_write_raw(writer, text_of(digits));
        return;
    default:
        write_random_text(random, writer, false, 0);
    }
}

/* A random tree, written without recursion: each step opens, closes or writes a scalar. */
static void write_random_tree(const velum_random *random, json_writer *writer)
{
    bool is_object[JSON_DEPTH_MAX + 1] = {false};
    uint32_t depth = 1;

    json_begin_array(writer);
    for (uint32_t step = 0; step < 60; step++) {
        const uint32_t choice = random_below(random, 6);
        if (choice == 0 && depth > 1) {
            is_object[depth] ? json_end_object(writer) : json_end_array(writer);
            depth--;
            continue;
        }
        if (is_object[depth]) {
            write_random_text(random, writer, true, step);
        }
        if (choice <= 2 && depth < JSON_DEPTH_MAX) {
            is_object[++depth] = choice == 1;
            is_object[depth] ? json_begin_object(writer) : json_begin_array(writer);
            continue;
        }
        write_random_scalar(random, writer);
    }
    for (; depth > 0; depth--) {
        is_object[depth] ? json_end_object(writer) : json_end_array(writer);
    }
}

static bool copy_of(const buffer *source, buffer *out)
{
    VELUM_AUTO(json) *doc = NULL;
    json_writer writer;

    if (json_parse((text){(const char *)source->data, source->size}, BYTES_MAX, &doc, NULL) < 0) {
        return false;
    }
    json_writer_init(&writer, out);
    json_write_value(&writer, json_root(doc));
    return buffer_status(out) == VELUM_OK;
}

/* Reals may be spelled otherwise the first time; the copy of a copy is the same bytes. */
static bool round_trip_holds(const velum_random *random)
{
    VELUM_AUTO_BUFFER first;
    VELUM_AUTO_BUFFER second;
    VELUM_AUTO_BUFFER third;
    json_writer writer;

    buffer_init(&first, BYTES_MAX);
    buffer_init(&second, BYTES_MAX);
    buffer_init(&third, BYTES_MAX);
    json_writer_init(&writer, &first);
    write_random_tree(random, &writer);
    return buffer_status(&first) == VELUM_OK && copy_of(&first, &second) &&
           copy_of(&second, &third) && second.size == third.size &&
           memcmp(second.data, third.data, third.size) == 0;
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

/* Every real read back is the very same double. */
static void test_property_reals(void **state)
{
    random_seeded source;
    const uint64_t seed = (uint64_t)time(NULL);
    const velum_random random = random_from_seed(&source, seed);

    for (size_t i = 0; i < PROPERTY_ROUNDS; i++) {
        const double value = random_real(&random);
        char digits[40];
        (void)snprintf(digits, sizeof(digits), "%.17e", value);
        VELUM_AUTO(json) *doc = parsed(digits);
        VELUM_AUTO_BUFFER out;
        json_writer writer;
        buffer_init(&out, 64);
        json_writer_init(&writer, &out);
        json_write_value(&writer, json_root(doc));
        buffer_append_byte(&out, 0);
        assert_int_equal(buffer_status(&out), VELUM_OK);
        if (strtod((const char *)out.data, NULL) != value) {
            fail_msg("round %zu with seed %llu: %s", i, (unsigned long long)seed, digits);
        }
    }
}

/* The Nth allocation fails, for every N; the leak checker of the asan build watches. The long text
 * is there because jansson drops a byte of it when its buffer cannot grow, and calls that success. */
static void test_every_allocation_may_fail(void **state)
{
    static const char source[] =
        "{\"a\":[1,2.5,\"three and some more text\",{\"k\":null}],\"b\":true,"
        "\"c\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}";
    velum_status status = VELUM_E_NOMEM;
    unsigned failed = 0;

    for (unsigned n = 1; status != VELUM_OK && n < 1000; n++) {
        VELUM_AUTO(json) *doc = NULL;
        velum_error err;
        char plan[32];
        (void)snprintf(plan, sizeof(plan), "alloc:%u:enospc", n);
        fault_plan(plan);
        status = json_parse(text_of(source), BYTES_MAX, &doc, &err);
        fault_plan(NULL);
        assert_true(status == VELUM_OK || status == VELUM_E_NOMEM);
        failed += status == VELUM_E_NOMEM;
    }
    assert_int_equal(status, VELUM_OK);
    assert_true(failed > 30);
}

static void test_writer_without_memory(void **state)
{
    VELUM_AUTO_BUFFER out;
    json_writer writer;

    buffer_init(&out, BYTES_MAX);
    json_writer_init(&writer, &out);
    fault_plan("alloc:1+:enospc");
    write_sample(&writer);
    fault_plan(NULL);
    assert_int_equal(buffer_status(&out), VELUM_E_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_every_kind),
        cmocka_unit_test(test_another_kind_answers_empty),
        cmocka_unit_test(test_members_come_in_source_order),
        cmocka_unit_test(test_refuses_what_is_not_json),
        cmocka_unit_test(test_refuses_duplicate_names),
        cmocka_unit_test(test_refuses_nul),
        cmocka_unit_test(test_refuses_bad_utf8),
        cmocka_unit_test(test_numbers_at_their_ends),
        cmocka_unit_test(test_depth_has_a_ceiling),
        cmocka_unit_test(test_bytes_have_a_ceiling),
        cmocka_unit_test(test_error_has_place_and_no_text),
        cmocka_unit_test(test_writes_by_rfc_8259),
        cmocka_unit_test(test_nothing_drives_a_terminal),
        cmocka_unit_test(test_writer_latches),
        cmocka_unit_test(test_writer_depth_has_a_ceiling),
        cmocka_unit_test(test_copies_a_value),
        cmocka_unit_test(test_property_write_read_write),
        cmocka_unit_test(test_property_reals),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_writer_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
