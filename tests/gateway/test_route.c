/* Targets: what is meant is found, and what could be meant in two ways is refused. */
#include "gateway/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <velum/velum.h>

#include <cmocka.h>

static char target[TARGET_BYTES_MAX + 1];
static route_match match;

static refusal find(const char *method, const char *wanted)
{
    (void)snprintf(target, sizeof(target), "%s", wanted);
    return route_find(method, target, strlen(target), &match);
}

static void assert_text(text given, const char *wanted)
{
    assert_int_equal(given.size, strlen(wanted));
    assert_memory_equal(given.data, wanted, given.size);
}

static void every_route_is_found(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        uint32_t verb;
        uint32_t kind;
    } cases[] = {
        {"GET", "/healthz", 0, ROUTE_ALIVE},
        {"HEAD", "/healthz", 0, ROUTE_ALIVE},
        {"GET", "/readyz", 0, ROUTE_READY},
        {"POST", "/v1/subjects?activity=a", VELUM_VERB_UPSERT, ROUTE_CALL},
        {"POST", "/v1/subjects", VELUM_VERB_UPSERT, ROUTE_CALL},
        {"POST", "/v1/subjects/lookup?activity=a", VELUM_VERB_LOOKUP, ROUTE_CALL},
        {"GET", "/v1/subjects/r?activity=a&fields=f", VELUM_VERB_READ, ROUTE_CALL},
        {"GET", "/v1/subjects/lookups", VELUM_VERB_READ, ROUTE_CALL},
        {"GET", "/v1/subjects/r/consents", VELUM_VERB_CONSENT_LIST, ROUTE_CALL},
        {"POST", "/v1/subjects/r/consents", VELUM_VERB_CONSENT_PUT, ROUTE_CALL},
        {"GET", "/v1/me", VELUM_VERB_ME_READ, ROUTE_CALL},
        {"GET", "/v1/me?", VELUM_VERB_ME_READ, ROUTE_CALL},
        {"GET", "/v1/me/consents", VELUM_VERB_ME_CONSENT_LIST, ROUTE_CALL},
        {"POST", "/v1/me/consents", VELUM_VERB_ME_CONSENT_PUT, ROUTE_CALL},
        {"PATCH", "/v1/subjects/r?activity=a", VELUM_VERB_PATCH, ROUTE_CALL},
        {"POST", "/v1/subjects/r/read", VELUM_VERB_READ_WITH, ROUTE_CALL},
        {"GET", "/v1/subjects/r/retained?activity=a", VELUM_VERB_RETAINED_READ, ROUTE_CALL},
        {"GET", "/v1/subjects/r/orders?from=A", VELUM_VERB_ROW_READ, ROUTE_CALL},
        {"POST", "/v1/subjects/r/orders?activity=a", VELUM_VERB_ROW_PUT, ROUTE_CALL},
        {"POST", "/v1/subjects/r/orders/read", VELUM_VERB_ROW_READ, ROUTE_CALL},
        {"POST", "/v1/subjects/r/orders/delete?activity=a", VELUM_VERB_ROW_DELETE, ROUTE_CALL},
        {"POST", "/v1/rows/orders/scan?activity=a", VELUM_VERB_ROW_SCAN, ROUTE_CALL},
        {"POST", "/v1/rows/orders/import", VELUM_VERB_ROW_IMPORT, ROUTE_CALL},
        {"POST", "/v1/requests?activity=a", VELUM_VERB_REQUEST_CREATE, ROUTE_CALL},
        {"GET", "/v1/requests/i", VELUM_VERB_REQUEST_GET, ROUTE_CALL},
        {"GET", "/v1/requests/i/certificate", VELUM_VERB_REQUEST_CERTIFICATE, ROUTE_CALL},
        {"POST", "/v1/requests/i/cancel", VELUM_VERB_REQUEST_CANCEL, ROUTE_CALL},
        {"GET", "/v1/approvals", VELUM_VERB_APPROVAL_LIST, ROUTE_CALL},
        {"POST", "/v1/approvals", VELUM_VERB_APPROVAL_ASK, ROUTE_CALL},
        {"GET", "/v1/approvals/i", VELUM_VERB_APPROVAL_GET, ROUTE_CALL},
        {"POST", "/v1/approvals/i", VELUM_VERB_APPROVAL_DECIDE, ROUTE_CALL},
        {"GET", "/v1/me/accesses?from=3&limit=10", VELUM_VERB_ME_ACCESSES, ROUTE_CALL},
        {"GET", "/v1/me/proof/12", VELUM_VERB_ME_PROOF, ROUTE_CALL},
        {"GET", "/v1/me/requests", VELUM_VERB_ME_REQUEST_LIST, ROUTE_CALL},
        {"POST", "/v1/me/requests", VELUM_VERB_ME_REQUEST_CREATE, ROUTE_CALL},
        {"POST", "/v1/me/requests/i/cancel", VELUM_VERB_ME_REQUEST_CANCEL, ROUTE_CALL},
        {"GET", "http://velum.example:8080/v1/me", VELUM_VERB_ME_READ, ROUTE_CALL},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(find(cases[i].method, cases[i].target), REFUSAL_NONE);
        assert_int_equal(match.route->verb, cases[i].verb);
        assert_int_equal(match.route->kind, cases[i].kind);
        assert_null(match.allow);
    }
}

static void parts_are_decoded(void **state)
{
    assert_int_equal(find("GET", "/v1/subjects/a%2Fb%C3%A9?fields=email%2cphone&activity=care+1"),
                     REFUSAL_NONE);
    assert_text(match.ref, "a/b\xc3\xa9");
    assert_text(match.fields, "email,phone");
    assert_text(match.activity, "care+1"); /* a plus is a plus */
    assert_int_equal(find("GET", "/v1/subjects/r?activity=a=b"), REFUSAL_NONE);
    assert_text(match.activity, "a=b");
    assert_text(match.fields, "");
}

static void parameters_become_members(void **state)
{
    assert_int_equal(find("GET", "/v1/me/accesses?limit=7&from=12"), REFUSAL_NONE);
    assert_int_equal(match.member_count, 2);
    assert_text(match.members[0].name, "limit");
    assert_text(match.members[0].value, "7");
    assert_true(match.members[0].is_number);
    assert_text(match.members[1].name, "from");
    assert_int_equal(find("GET", "/v1/me?category=contact%2Cprofile"), REFUSAL_NONE);
    assert_int_equal(match.member_count, 1);
    assert_text(match.members[0].value, "contact,profile");
    assert_false(match.members[0].is_number);
    assert_int_equal(find("GET", "/v1/approvals?kind=minor&from=50&limit=9&state=asked&activity=a"),
                     REFUSAL_NONE);
    assert_int_equal(match.member_count, 4);
    assert_text(match.members[0].name, "kind");
    assert_text(match.members[0].value, "minor");
    assert_false(match.members[0].is_number);
    assert_text(match.members[1].name, "from");
    assert_true(match.members[1].is_number);
    assert_text(match.members[2].name, "limit");
    assert_true(match.members[2].is_number);
    assert_text(match.members[3].value, "asked");
    assert_text(match.activity, "a");
    assert_int_equal(find("GET", "/v1/approvals?from=1&from=2"), REFUSAL_MALFORMED);
    assert_int_equal(find("GET", "/v1/approvals/i?kind=minor"), REFUSAL_MALFORMED);
    assert_int_equal(find("GET", "/v1/me"), REFUSAL_NONE);
    assert_int_equal(match.member_count, 0);
    assert_int_equal(find("GET", "/v1/me?category=a&category=b"), REFUSAL_MALFORMED);
    assert_int_equal(find("GET", "/v1/me/accesses?%23from=1"), REFUSAL_MALFORMED);
    assert_int_equal(find("GET", "/v1/me/accesses?=1"), REFUSAL_MALFORMED);
    assert_int_equal(find("GET", "/v1/me/consents?category=a"), REFUSAL_MALFORMED);
}

static void a_table_of_the_path_becomes_a_member(void **state)
{
    assert_int_equal(find("GET", "/v1/subjects/r/order%73?from=A-1&limit=2"), REFUSAL_NONE);
    assert_text(match.ref, "r");
    assert_int_equal(match.member_count, 3);
    assert_text(match.members[0].name, "table");
    assert_text(match.members[0].value, "orders");
    assert_text(match.members[1].value, "A-1");
    assert_int_equal(find("POST", "/v1/subjects/r/orders"), REFUSAL_NONE);
    assert_int_equal(match.member_count, 1);
    assert_int_equal(find("POST", "/v1/rows/orders/import"), REFUSAL_NONE);
    assert_text(match.ref, "");
    assert_text(match.members[0].value, "orders");
    assert_int_equal(find("GET", "/v1/subjects/r/orders?table=x"), REFUSAL_MALFORMED);
    assert_int_equal(find("GET", "/v1/subjects/r/%00?from=x"), REFUSAL_MALFORMED);
    /* a literal segment wins */
    assert_int_equal(find("GET", "/v1/subjects/r/consents"), REFUSAL_NONE);
    assert_int_equal(match.route->verb, VELUM_VERB_CONSENT_LIST);
    assert_int_equal(find("DELETE", "/v1/subjects/r/consents"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_int_equal(find("PUT", "/v1/subjects/r/orders"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_string_equal(match.allow, "GET, POST");
}

/* I-5: an order's number or a value that is looked for stands in no URL. */
static void no_key_and_no_value_is_in_a_target(void **state)
{
    (void)state;
    assert_int_equal(find("GET", "/v1/subjects/r/orders?key=A"), REFUSAL_MALFORMED);
    assert_int_equal(find("DELETE", "/v1/subjects/r/orders?key=A"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_int_equal(find("POST", "/v1/subjects/r/orders/delete?key=A"), REFUSAL_MALFORMED);
    assert_int_equal(find("GET", "/v1/rows/orders?field=f&min=1"), REFUSAL_UNKNOWN_PATH);
    assert_int_equal(find("POST", "/v1/rows/orders/scan?min=1"), REFUSAL_MALFORMED);
}

static void unknown_paths_are_unknown(void **state)
{
    static const char *const paths[] = {
        "/",
        "//",
        "/v1",
        "/v1/",
        "/v1/subjects/",
        "/v1/subjects//consents",
        "/v1/subjects/a/",
        "/v1/subjects/a/consents/",
        "/v1/subjects/a/b/c",
        "/v1/rows",
        "/v1/rows/",
        "/v1/rows//import",
        "/V1/me",
        "/v1/me/",
        "/v1/%6de",
        "/healthz/",
        "/v1/../v1/me",
        "/v1/subjects/a/consents/x?activity=1",
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(find("GET", paths[i]), REFUSAL_UNKNOWN_PATH);
    }
}

static void wrong_methods_name_the_right_ones(void **state)
{
    assert_int_equal(find("DELETE", "/v1/me"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_string_equal(match.allow, "GET");
    assert_int_equal(find("GET", "/v1/subjects/lookup"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_string_equal(match.allow, "POST");
    assert_int_equal(find("OPTIONS", "/v1/subjects/x/consents"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_string_equal(match.allow, "GET, POST");
    assert_int_equal(find("HEAD", "/v1/me"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_int_equal(find("get", "/v1/me"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_int_equal(find("", "/v1/me"), REFUSAL_METHOD_NOT_ALLOWED);
    assert_null(match.route);
}

static void doubtful_targets_are_refused(void **state)
{
    static const char *const targets[] = {
        "",
        "*",
        "v1/me",
        "https://h/v1/me",
        "http://",
        "http://host",
        "/v1/subjects/%",
        "/v1/subjects/%4",
        "/v1/subjects/%zz",
        "/v1/subjects/%00",
        "/v1/subjects/a%0Ab",
        "/v1/subjects/%ff",
        "/v1/subjects/%c0%af",
        "/v1/subjects/a b",
        "/v1/subjects/\x7f",
        "/v1/subjects/\xc3\xa9",
        "/v1/subjects/a#b",
        "/v1/subjects/a\tb",
        "/v1/subjects/a?x=1",
        "/v1/subjects/a?activity",
        "/v1/subjects/a?activity=",
        "/v1/subjects/a?=1",
        "/v1/subjects/a?&",
        "/v1/subjects/a?activity=1&",
        "/v1/subjects/a?&activity=1",
        "/v1/subjects/a?activity=1&&fields=b",
        "/v1/subjects/a?activity=1&activity=1",
        "/v1/subjects/a?activity=1&activity=2",
        "/v1/subjects/a?Activity=1",
        "/v1/subjects/a?activit%79=1",
        "/v1/subjects/a?activity=%",
        "/v1/subjects/a?activity=%00",
        "/v1/subjects/a?activity=1;fields=2&x=1",
        "/v1/me?activity=a",
        "/v1/me/consents?fields=a",
        "/healthz?x",
        "/readyz?activity=1",
        "/v1/subjects/a/consents?fields=a",
    };

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        assert_int_equal(find("GET", targets[i]), REFUSAL_MALFORMED);
    }
    assert_int_equal(find("POST", "/v1/subjects?fields=a"), REFUSAL_MALFORMED);
}

/* Every byte after '%', in each place, either decodes to itself or is refused. */
static void all_escapes_decode_or_refuse(void **state)
{
    for (unsigned value = 0; value < 256; value++) {
        char escape[16];
        (void)snprintf(escape, sizeof(escape), "a%%%02xb", value);
        size_t size = strlen(escape);
        const bool decoded = percent_decode(escape, &size);
        assert_int_equal(decoded, value >= 0x20 && value < 0x7f);
        if (decoded) {
            assert_int_equal(size, 3);
            assert_int_equal((unsigned char)escape[1], value);
        }
    }
}

static void the_longest_target_is_read(void **state)
{
    char longest[TARGET_BYTES_MAX + 1];

    memset(longest, 'r', TARGET_BYTES_MAX);
    longest[TARGET_BYTES_MAX] = '\0';
    memcpy(longest, "/v1/subjects/", 13);
    assert_int_equal(find("GET", longest), REFUSAL_NONE);
    assert_int_equal(match.ref.size, TARGET_BYTES_MAX - 13);
}

static void every_refusal_has_a_name(void **state)
{
    assert_string_equal(refusal_name(REFUSAL_NONE), "");
    for (unsigned i = 1; i < REFUSAL_COUNT; i++) {
        assert_true(strlen(refusal_name((refusal)i)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_found),
        cmocka_unit_test(parts_are_decoded),
        cmocka_unit_test(parameters_become_members),
        cmocka_unit_test(a_table_of_the_path_becomes_a_member),
        cmocka_unit_test(no_key_and_no_value_is_in_a_target),
        cmocka_unit_test(unknown_paths_are_unknown),
        cmocka_unit_test(wrong_methods_name_the_right_ones),
        cmocka_unit_test(doubtful_targets_are_refused),
        cmocka_unit_test(all_escapes_decode_or_refuse),
        cmocka_unit_test(the_longest_target_is_read),
        cmocka_unit_test(every_refusal_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
