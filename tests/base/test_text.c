/* Text, UTF-8 at its edges, hex, and base64 that has one spelling. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void texts_compare_by_bytes(void **state)
{
    assert_true(text_equal(TEXT_LITERAL("ab"), text_of("ab")));
    assert_true(text_equal(TEXT_EMPTY, (text){NULL, 0}));
    assert_false(text_equal(TEXT_LITERAL("ab"), TEXT_LITERAL("abc")));
    assert_true(text_equal_literal(text_of(NULL), ""));
    assert_true(text_starts_with(TEXT_LITERAL("abc"), "ab"));
    assert_true(text_starts_with(TEXT_LITERAL("abc"), ""));
    assert_false(text_starts_with(TEXT_LITERAL("a"), "ab"));
    assert_true(text_compare(TEXT_LITERAL("ab"), TEXT_LITERAL("abc")) < 0);
    assert_true(text_compare(TEXT_LITERAL("b"), TEXT_LITERAL("abc")) > 0);
    assert_true(text_compare(TEXT_LITERAL("\xff"), TEXT_LITERAL("a")) > 0);
    assert_int_equal(text_compare(TEXT_EMPTY, (text){NULL, 0}), 0);
    assert_true(text_equal(TEXT_LITERAL("a\0b"), (text){"a\0b", 3}));
    assert_false(text_equal(TEXT_LITERAL("a\0b"), TEXT_LITERAL("a\0c")));
}

static void bytes_are_found(void **state)
{
    assert_int_equal(text_find_byte(TEXT_LITERAL("a=b=c"), '='), 1);
    assert_int_equal(text_find_byte(TEXT_LITERAL("abc"), '='), 3);
    assert_int_equal(text_find_byte((text){NULL, 0}, '='), 0);
}

static void check_split(const char *whole, const char *const *parts, size_t count)
{
    text rest = text_of(whole);
    text part = TEXT_EMPTY;

    for (size_t i = 0; i < count; i++) {
        assert_true(text_split(&rest, ',', &part));
        assert_true(text_equal_literal(part, parts[i]));
    }
    assert_false(text_split(&rest, ',', &part));
}

static void splitting_yields_every_part(void **state)
{
    check_split("a,bc,d", (const char *const[]){"a", "bc", "d"}, 3);
    check_split("", (const char *const[]){""}, 1);
    check_split(",", (const char *const[]){"", ""}, 2);
    check_split("a,,b,", (const char *const[]){"a", "", "b", ""}, 4);
}

static void decimals_have_one_spelling(void **state)
{
    static const char *const refused[] = {"",
                                          "00",
                                          "01",
                                          "+1",
                                          "-1",
                                          " 1",
                                          "1 ",
                                          "0x1",
                                          "1_000",
                                          "18446744073709551616",
                                          "99999999999999999999",
                                          "184467440737095516150"};
    uint64_t value = 7;

    assert_true(text_parse_u64(TEXT_LITERAL("0"), &value));
    assert_true(value == 0);
    assert_true(text_parse_u64(TEXT_LITERAL("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        value = 7;
        assert_false(text_parse_u64(text_of(refused[i]), &value));
        assert_true(value == 7);
    }
}

/* RFC 3629 §4 and the well-known ways to break it. */
static void broken_utf8_is_refused(void **state)
{
    static const char *const broken[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xdf\xc0",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe1\x80",
        "\xe1\x80\x41",
        "\xe1\x41\x80",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
        "ok\xe2\x82",
        "\xf0\x9f\x92\x41",
    };

    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_false(utf8_is_valid(text_of(broken[i])));
        assert_false(utf8_is_printable(text_of(broken[i])));
    }
    assert_false(utf8_is_valid(TEXT_LITERAL("a\0b")));
    /* What would complete a sequence stands behind the end of the text. */
    assert_false(utf8_is_valid((text){"\xc3\xa9", 1}));
    assert_false(utf8_is_valid((text){"\xe2\x82\xac", 2}));
    assert_false(utf8_is_valid((text){"\xf0\x9f\x98\x80", 3}));
}

static void whole_utf8_is_accepted(void **state)
{
    assert_true(utf8_is_valid(TEXT_EMPTY));
    assert_true(utf8_is_valid((text){NULL, 0}));
    assert_true(
        utf8_is_valid(TEXT_LITERAL("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf")));
    assert_true(utf8_is_printable(TEXT_LITERAL("\xe5\xbc\xa0\xe4\xbc\x9f Zo\xc3\xab")));
    assert_int_equal(utf8_count(TEXT_LITERAL("\xe5\xbc\xa0\xe4\xbc\x9f Zo\xc3\xab")), 6);
}

static void controls_are_not_printable(void **state)
{
    static const char *const controls[] = {"\t", "\n", "\x1f", "\x7f", "\xc2\x80", "\xc2\x9f"};

    for (size_t i = 0; i < COUNT_OF(controls); i++) {
        assert_true(utf8_is_valid(text_of(controls[i])));
        assert_false(utf8_is_printable(text_of(controls[i])));
    }
    assert_true(utf8_is_printable(TEXT_LITERAL(" ~\xc2\xa0")));
}

/* Every code point there is survives writing and reading. */
static void every_code_point_round_trips(void **state)
{
    for (uint32_t wanted = 1; wanted <= 0x10ffff; wanted++) {
        char bytes[4];
        size_t offset = 0;
        uint32_t got = 0;
        if (wanted == 0xd800) {
            wanted = 0xe000;
        }
        const text written = {bytes, utf8_write(wanted, bytes)};
        assert_true(utf8_is_valid(written));
        assert_true(utf8_next(written, &offset, &got));
        assert_int_equal(got, wanted);
        assert_int_equal(offset, written.size);
        assert_false(utf8_next(written, &offset, &got));
    }
}

/* Of all sequences of up to three bytes, exactly those are valid that a code point spells. */
static void short_sequences_are_counted(void **state)
{
    size_t two = 0;
    size_t three = 0;

    for (unsigned bytes = 0; bytes < 1u << 24; bytes++) {
        const char sequence[] = {(char)(bytes >> 16), (char)(bytes >> 8), (char)bytes};
        const bool lead_three = (uint8_t)sequence[0] >= 0xe0;
        if ((uint8_t)sequence[0] < 0xc0) {
            bytes |= 0xffff;
            continue;
        }
        if (lead_three) {
            three += utf8_is_valid((text){sequence, 3});
        } else if (sequence[2] == 0) {
            two += utf8_is_valid((text){sequence, 2});
        }
    }
    assert_int_equal(two, 0x800 - 0x80);
    assert_int_equal(three, 0x10000 - 0x800 - 0x800);
}

static void ascii_is_told(void **state)
{
    assert_true(text_is_ascii(TEXT_LITERAL("abc\x7f")));
    assert_true(text_is_ascii(TEXT_EMPTY));
    assert_false(text_is_ascii(TEXT_LITERAL("abc\x80")));
}

static void hex_round_trips(void **state)
{
    uint8_t bytes[256];
    uint8_t again[256];
    char hex[513];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    hex_encode(bytes, sizeof(bytes), hex);
    assert_int_equal(strlen(hex), 512);
    assert_memory_equal(hex + 510, "ff", 3);
    assert_int_equal(hex_decode(text_of(hex), again, sizeof(again)), VELUM_OK);
    assert_memory_equal(bytes, again, sizeof(bytes));
    assert_int_equal(hex_decode(TEXT_LITERAL("aBCd"), again, 2), VELUM_OK);
    assert_memory_equal(again, "\xab\xcd", 2);
}

static void broken_hex_is_refused(void **state)
{
    uint8_t out[4];

    assert_int_equal(hex_decode(TEXT_LITERAL("abc"), out, 1), VELUM_E_INVALID);
    assert_int_equal(hex_decode(TEXT_LITERAL("abcd"), out, 1), VELUM_E_INVALID);
    assert_int_equal(hex_decode(TEXT_LITERAL("abcd"), out, 3), VELUM_E_INVALID);
    assert_int_equal(hex_decode(TEXT_LITERAL("0g"), out, 1), VELUM_E_INVALID);
    assert_int_equal(hex_decode(TEXT_LITERAL(" 1"), out, 1), VELUM_E_INVALID);
    assert_int_equal(hex_decode(TEXT_LITERAL("\xb1"
                                             "1"),
                                out, 1),
                     VELUM_E_INVALID);
    assert_int_equal(hex_decode(TEXT_EMPTY, out, 0), VELUM_OK);
}

/* RFC 4648 §10. */
static void base64_vectors(void **state)
{
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const padded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                         "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        char encoded[16];
        uint8_t decoded[8];
        size_t size = 99;
        base64_encode((const uint8_t *)plain[i], i, encoded);
        assert_string_equal(encoded, padded[i]);
        assert_int_equal(strlen(encoded), BASE64_SIZE(i));
        assert_int_equal(base64_decode(text_of(encoded), decoded, i, &size), VELUM_OK);
        assert_int_equal(size, i);
        assert_memory_equal(decoded, plain[i], i);
        base64url_encode((const uint8_t *)plain[i], i, encoded);
        assert_int_equal(strlen(encoded), BASE64URL_SIZE(i));
        assert_memory_equal(encoded, padded[i], BASE64URL_SIZE(i));
        assert_int_equal(base64url_decode(text_of(encoded), decoded, i, &size), VELUM_OK);
        assert_int_equal(size, i);
    }
}

static void the_alphabets_differ_in_two_digits(void **state)
{
    static const uint8_t bytes[] = {0xfb, 0xef, 0xff};
    char encoded[8];
    uint8_t out[4];
    size_t size = 0;

    base64_encode(bytes, 3, encoded);
    assert_string_equal(encoded, "++//");
    assert_int_equal(base64url_decode(text_of(encoded), out, 4, &size), VELUM_E_INVALID);
    base64url_encode(bytes, 3, encoded);
    assert_string_equal(encoded, "--__");
    assert_int_equal(base64_decode(text_of(encoded), out, 4, &size), VELUM_E_INVALID);
}

static void base64_has_one_spelling(void **state)
{
    static const char *const refused[] = {
        "Z",      "Zg",    "Zg=",  "Zh==",     "Zm9=", "Z===",  "====",     "Zg==Zg==",
        "Zm9v\n", " Zm9v", "Zm=v", "Zm9v====", "=",    "Zg== ", "Zm9vYg=a", "Zm\x80v"};
    static const char *const refused_url[] = {"Z", "Zg==", "Zh", "Zm9", "Zm9vY", "Zm 9", "Zm8="};
    uint8_t out[16];
    size_t size = 5;

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(base64_decode(text_of(refused[i]), out, 16, &size), VELUM_E_INVALID);
        assert_int_equal(size, 0);
    }
    for (size_t i = 0; i < COUNT_OF(refused_url); i++) {
        assert_int_equal(base64url_decode(text_of(refused_url[i]), out, 16, &size),
                         VELUM_E_INVALID);
    }
    assert_int_equal(base64_decode(TEXT_LITERAL("Zm9v"), out, 2, &size), VELUM_E_LIMIT);
}

/* Whatever decodes, encodes to itself: 3-character strings over the whole byte range near digits. */
static void what_decodes_is_canonical(void **state)
{
    char spelled[4] = "AA";
    size_t accepted = 0;

    for (unsigned pair = 0; pair < 1u << 16; pair++) {
        uint8_t out[4];
        char again[8];
        size_t size = 0;
        spelled[0] = (char)(pair >> 8);
        spelled[1] = (char)pair;
        if (base64url_decode((text){spelled, 2}, out, sizeof(out), &size) != VELUM_OK) {
            continue;
        }
        accepted++;
        base64url_encode(out, size, again);
        assert_memory_equal(again, spelled, 2);
    }
    assert_int_equal(accepted, 256);
}

static void names_begin_with_a_letter(void **state)
{
    static const char *const names[] = {"a", "shop", "a-b_c", "z9"};
    static const char *const others[] = {"", "A", "9a", "-a", "a.b", "a b", "caf\xc3\xa9", "abcde"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(text_is_name(text_of(names[i]), 5, "-_"));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(text_is_name(text_of(others[i]), 4, "-_"));
    }
    assert_true(text_is_name(TEXT_LITERAL("a.b"), 3, "."));
    assert_false(text_is_name((text){"a\0b", 3}, 3, "-_"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_compare_by_bytes),
        cmocka_unit_test(bytes_are_found),
        cmocka_unit_test(splitting_yields_every_part),
        cmocka_unit_test(names_begin_with_a_letter),
        cmocka_unit_test(decimals_have_one_spelling),
        cmocka_unit_test(broken_utf8_is_refused),
        cmocka_unit_test(whole_utf8_is_accepted),
        cmocka_unit_test(controls_are_not_printable),
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(short_sequences_are_counted),
        cmocka_unit_test(ascii_is_told),
        cmocka_unit_test(hex_round_trips),
        cmocka_unit_test(broken_hex_is_refused),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(the_alphabets_differ_in_two_digits),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(what_decodes_is_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
