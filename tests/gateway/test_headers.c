/* Header fields: each read in one way only (RFC 9112 §6, §11.2; RFC 6750 §2.1). */
#include "gateway/headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static headers with(const char *name, const char *value)
{
    headers fields = {0};
    headers_add(&fields, text_of(name), text_of(value));
    return fields;
}

static void add(headers *fields, const char *name, const char *value)
{
    headers_add(fields, text_of(name), text_of(value));
}

static void bearer_tokens_are_taken(void **state)
{
    static const char *const good[] = {"Bearer abc", "bearer abc", "BEARER   abc", "Bearer abc "};
    text token = TEXT_EMPTY;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const headers fields = with("authorization", good[i]);
        assert_true(headers_bearer(&fields, &token));
        assert_true(text_equal_literal(token, "abc"));
    }
    const headers all = with("Authorization", "Bearer aZ09-._~+/=");
    assert_true(headers_bearer(&all, &token));
}

static void other_credentials_are_not(void **state)
{
    static const char *const bad[] = {
        "",           "Bearer",     "Bearer ",      "Bearer  ",        "Basic abc", "Bearerabc",
        "Bearer a b", "Bearer a,b", "Bearer \"a\"", "Bearer \xc3\xa9", "abc",       "Token abc"};
    const headers none = {0};
    text token = TEXT_EMPTY;

    assert_false(headers_bearer(&none, &token));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const headers fields = with("Authorization", bad[i]);
        assert_false(headers_bearer(&fields, &token));
    }
}

static void a_token_has_a_longest_length(void **state)
{
    char value[CREDENTIAL_BYTES_MAX + 16];
    text token = TEXT_EMPTY;

    for (size_t extra = 0; extra < 2; extra++) {
        memset(value, 0, sizeof(value));
        memcpy(value, "Bearer ", 7);
        memset(value + 7, 'a', CREDENTIAL_BYTES_MAX + extra);
        const headers fields = with("Authorization", value);
        assert_int_equal(headers_bearer(&fields, &token), extra == 0);
    }
}

static void framing_is_sound_or_refused(void **state)
{
    static const struct {
        const char *coding;
        const char *length;
        bool is_sound;
        uint64_t bytes;
    } cases[] = {
        {NULL, NULL, true, 0},
        {NULL, "0", true, 0},
        {NULL, "17", true, 17},
        {"chunked", NULL, true, UINT64_MAX},
        {"Chunked", NULL, true, UINT64_MAX},
        {"chunked", "17", false, 0},
        {"gzip, chunked", NULL, false, 0},
        {"identity", NULL, false, 0},
        {"", NULL, false, 0},
        {NULL, "", false, 0},
        {NULL, "+1", false, 0},
        {NULL, "-1", false, 0},
        {NULL, "1, 1", false, 0},
        {NULL, "0x10", false, 0},
        {NULL, "01", false, 0},
        {NULL, "18446744073709551616", false, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        headers fields = {0};
        if (cases[i].coding != NULL) {
            add(&fields, "transfer-encoding", cases[i].coding);
        }
        if (cases[i].length != NULL) {
            add(&fields, "CONTENT-LENGTH", cases[i].length);
        }
        assert_int_equal(headers_framing_is_sound(&fields), cases[i].is_sound);
        if (cases[i].is_sound) {
            assert_true(headers_body_bytes(&fields) == cases[i].bytes);
        }
    }
}

static void a_repeated_field_is_refused(void **state)
{
    static const char *const names[] = {"Authorization",     "Content-Type", "Content-Length",
                                        "Transfer-Encoding", "X-Request-Id", "Content-Encoding"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        headers fields = with(names[i], "1");
        assert_false(fields.is_repeated);
        add(&fields, names[i], "1");
        assert_true(fields.is_repeated);
        assert_false(headers_framing_is_sound(&fields));
    }
    headers others = with("Accept", "a");
    add(&others, "accept", "b");
    add(&others, "X-Request-Id2", "b");
    assert_true(headers_framing_is_sound(&others));
    assert_int_equal(others.seen, 0);
}

static void only_json_is_json(void **state)
{
    static const char *const good[] = {"application/json", "Application/JSON",
                                       "application/json; charset=utf-8",
                                       "application/json;charset=\"UTF-8\"", "application/json "};
    static const char *const bad[] = {"",
                                      "text/json",
                                      "application/jsonx",
                                      "application/json;",
                                      "application/json; charset=utf-16",
                                      "application/ld+json",
                                      "application/json, text/plain",
                                      "application"};
    const headers none = {0};

    assert_false(headers_is_json(&none));
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const headers fields = with("Content-Type", good[i]);
        assert_true(headers_is_json(&fields));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const headers fields = with("Content-Type", bad[i]);
        assert_false(headers_is_json(&fields));
    }
    headers packed = with("Content-Type", "application/json");
    add(&packed, "Content-Encoding", "gzip");
    assert_false(headers_is_json(&packed));
}

static void request_ids_are_short_and_visible(void **state)
{
    char longest[CALLER_ID_BYTES_MAX + 2] = {0};
    const headers none = {0};

    assert_true(headers_request_id_is_sound(&none));
    memset(longest, 'i', CALLER_ID_BYTES_MAX);
    const headers fits = with("X-Request-Id", longest);
    assert_true(headers_request_id_is_sound(&fits));
    longest[CALLER_ID_BYTES_MAX] = 'i';
    const headers over = with("X-Request-Id", longest);
    const headers blank = with("X-Request-Id", "a b");
    const headers empty = with("X-Request-Id", "");
    const headers high = with("X-Request-Id", "\xc3\xa9");
    assert_false(headers_request_id_is_sound(&over));
    assert_false(headers_request_id_is_sound(&blank));
    assert_false(headers_request_id_is_sound(&empty));
    assert_false(headers_request_id_is_sound(&high));
}

/* RFC 9110 §13.1.1: a condition that says nothing is a mistake, not a leave to write. */
static void if_match_says_something(void **state)
{
    const headers none = {0};
    const headers tag = with("If-Match", "\"3\"");
    const headers any = with("if-match", "*");
    const headers empty = with("If-Match", "");
    const headers blanks = with("If-Match", " \t ");

    assert_true(headers_if_match_is_sound(&none));
    assert_true(headers_if_match_is_sound(&tag));
    assert_true(headers_if_match_is_sound(&any));
    assert_false(headers_if_match_is_sound(&empty));
    assert_false(headers_if_match_is_sound(&blanks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bearer_tokens_are_taken),
        cmocka_unit_test(other_credentials_are_not),
        cmocka_unit_test(a_token_has_a_longest_length),
        cmocka_unit_test(framing_is_sound_or_refused),
        cmocka_unit_test(a_repeated_field_is_refused),
        cmocka_unit_test(only_json_is_json),
        cmocka_unit_test(request_ids_are_short_and_visible),
        cmocka_unit_test(if_match_says_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
