/* A letter is what RFC 5322, 2045 and 2047 say, and nothing in a message becomes a header of its own. */
#include "courier/letter.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_NS (INT64_C(1795262400) * NS_PER_SECOND)

static const message usual = {
    .id = {"0123abcd", 8},
    .to = {"wang@example.cn", 15},
    .sender = {"优选商店", 12},
    .subject = {"好久不见", 12},
    .body = {"您好\n回T退订", 17},
    .language = {"zh", 2},
};

static char *letter_of(const message *message, velum_status expected)
{
    buffer out;
    uint8_t *bytes = NULL;
    size_t size = 0;

    buffer_init(&out, LETTER_BYTES_MAX);
    assert_int_equal(letter_write(message, "shop@example.com", NOW_NS, &out), expected);
    if (expected != VELUM_OK) {
        assert_int_equal(out.size, 0);
        buffer_clear(&out);
        return NULL;
    }
    assert_int_equal(buffer_take(&out, &bytes, &size), VELUM_OK);
    return (char *)bytes;
}

static void a_letter_has_its_headers_and_a_body_in_base64(void **state)
{
    char *const letter = letter_of(&usual, VELUM_OK);

    assert_string_equal(letter, "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n"
                                "From: =?UTF-8?B?5LyY6YCJ5ZWG5bqX?=\r\n <shop@example.com>\r\n"
                                "To: <wang@example.cn>\r\n"
                                "Message-ID: <0123abcd@example.com>\r\n"
                                "Subject: =?UTF-8?B?5aW95LmF5LiN6KeB?=\r\n"
                                "Auto-Submitted: auto-generated\r\n"
                                "MIME-Version: 1.0\r\n"
                                "Content-Type: text/plain; charset=utf-8\r\n"
                                "Content-Transfer-Encoding: base64\r\n"
                                "Content-Language: zh\r\n"
                                "\r\n"
                                "5oKo5aW9DQrlm55U6YCA6K6i\r\n");
    mem_free(letter);
}

/* RFC 2047 §2, RFC 5322 §2.1.1 */
static void no_line_is_long_and_no_character_is_broken(void **state)
{
    char subject[3001];
    message long_one = usual;

    for (size_t i = 0; i < 3000; i += 3) {
        memcpy(subject + i, "见", 3);
    }
    long_one.subject = (text){subject, 3000};
    long_one.body = (text){subject, 3000};
    char *const letter = letter_of(&long_one, VELUM_OK);
    size_t words = 0;
    for (char *line = letter; *line != '\0';) {
        char *const end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_in_range(end - line, 0, 76);
        words += memcmp(line, " =?UTF-8?B?", 11) == 0;
        line = end + 2;
    }
    assert_in_range(words, 80, 90);
    mem_free(letter);
}

static void what_could_end_a_header_is_refused(void **state)
{
    static const char *const addresses[] = {
        "",
        "wang",
        "@example.cn",
        "wang@",
        "a@b@c",
        "a b@c.cn",
        "a@b.cn\r\nBcc: x@y.cn",
        "a@b.cn>",
        "<a@b.cn",
        "a,b@c.cn",
        "\"a\"@b.cn",
        "王@example.cn",
    };
    message bad;

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        bad = usual;
        bad.to = text_of(addresses[i]);
        letter_of(&bad, VELUM_E_INVALID);
    }
    bad = usual;
    bad.subject = TEXT_LITERAL("x\r\nBcc: x@y.cn");
    letter_of(&bad, VELUM_E_INVALID);
    bad = usual;
    bad.sender = TEXT_LITERAL("x\ny");
    letter_of(&bad, VELUM_E_INVALID);
    bad = usual;
    bad.id = TEXT_LITERAL("x>\r\n");
    letter_of(&bad, VELUM_E_INVALID);
    bad = usual;
    bad.body = TEXT_LITERAL("\xff");
    letter_of(&bad, VELUM_E_INVALID);
}

static void a_language_that_is_none_is_left_out(void **state)
{
    message odd = usual;

    odd.language = TEXT_LITERAL("zh\r\nX: y");
    char *const letter = letter_of(&odd, VELUM_OK);
    assert_null(strstr(letter, "Content-Language"));
    assert_null(strstr(letter, "X: y"));
    mem_free(letter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_has_its_headers_and_a_body_in_base64),
        cmocka_unit_test(no_line_is_long_and_no_character_is_broken),
        cmocka_unit_test(what_could_end_a_header_is_refused),
        cmocka_unit_test(a_language_that_is_none_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
