/* The one table of refusals: complete, unambiguous, and silent about customers where it must be. */
#include "core/problem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void every_reason_has_its_row(void **state)
{
    for (uint32_t reason = 1; reason < REASON_COUNT; reason++) {
        if (problem_name(reason) == NULL) {
            fail_msg("reason %u has no row", reason);
        }
    }
    for (uint32_t problem = PROBLEM_FIRST_OWN; problem < PROBLEM_END; problem++) {
        assert_non_null(problem_name(problem));
    }
    assert_null(problem_name(PROBLEM_NONE));
    assert_null(problem_name(REASON_COUNT));
    assert_null(problem_name(PROBLEM_END));
    assert_int_equal(problem_status(PROBLEM_NONE), 200);
}

static void names_are_unique_and_rows_sensible(void **state)
{
    for (uint32_t a = 1; a < PROBLEM_END; a++) {
        const char *const name = problem_name(a);
        if (name == NULL) {
            continue;
        }
        const int32_t status = problem_status(a);
        assert_true(status >= 400 && status <= 503);
        assert_true(problem_title(a)[0] != '\0');
        assert_int_equal(problem_retry_after_s(a) != 0, status == 429 || status == 503);
        for (const char *c = name; *c != '\0'; c++) {
            assert_true((*c >= 'a' && *c <= 'z') || *c == '-');
        }
        for (uint32_t b = a + 1; b < PROBLEM_END; b++) {
            if (problem_name(b) != NULL && strcmp(name, problem_name(b)) == 0) {
                fail_msg("%u and %u are both %s", a, b, name);
            }
        }
    }
}

/* What `decide` finds only after it found a customer says that there is one. */
static void reasons_found_behind_the_customer_speak(void **state)
{
    static const uint32_t speaking[] = {
        REASON_CONSENT_MISSING,
        REASON_CONSENT_WITHDRAWN,
        REASON_CONSENT_OUTDATED,
        REASON_CONSENT_EXPIRED,
        REASON_GUARDIAN_CONSENT_REQUIRED,
        REASON_APPROVAL_REQUIRED,
        REASON_NO_ROLE_APPLIES,
        REASON_PROCESSING_RESTRICTED,
        REASON_MARKETING_OBJECTION,
        REASON_UNKNOWN_SUBJECT,
        REASON_SUBJECT_ERASED,
        REASON_NO_FIELD_ALLOWED,
    };
    static const uint32_t silent[] = {
        REASON_ACTIVITY_NOT_REGISTERED,
        REASON_ACTION_NOT_ALLOWED,
        REASON_CLOCK_BEHIND,
        REASON_UNKNOWN_FIELD,
        REASON_ACTOR_KIND,
        REASON_UNKNOWN_ACTIVITY,
        REASON_CREDENTIAL_REVOKED,
        REASON_CREDENTIAL_EXPIRED,
        PROBLEM_NOT_FOUND,
        PROBLEM_MALFORMED,
        PROBLEM_RATE_LIMITED,
        PROBLEM_UNAVAILABLE,
    };

    for (size_t i = 0; i < sizeof speaking / sizeof speaking[0]; i++) {
        if (!problem_speaks_of_subject(speaking[i])) {
            fail_msg("%s is told to everybody", problem_name(speaking[i]));
        }
    }
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        if (problem_speaks_of_subject(silent[i])) {
            fail_msg("%s is kept from those it concerns", problem_name(silent[i]));
        }
    }
}

static void only_our_own_are_found_by_name(void **state)
{
    assert_int_equal(problem_find(TEXT_LITERAL("unauthenticated")), PROBLEM_UNAUTHENTICATED);
    assert_int_equal(problem_find(TEXT_LITERAL("not-found")), PROBLEM_NOT_FOUND);
    assert_int_equal(problem_find(TEXT_LITERAL("consent-missing")), PROBLEM_NONE);
    assert_int_equal(problem_find(TEXT_LITERAL("")), PROBLEM_NONE);
}

/* A failure is never an answer: every status has a problem, none of them 200. */
static void every_failure_is_a_problem(void **state)
{
    for (int32_t status = -100; status < 0; status++) {
        const uint32_t problem = problem_of_status(status);
        assert_non_null(problem_name(problem));
    }
    assert_int_equal(problem_of_status(VELUM_E_TAMPERED), PROBLEM_DATA_DAMAGED);
    assert_int_equal(problem_of_status(VELUM_E_NOMEM), PROBLEM_UNAVAILABLE);
    assert_int_equal(problem_of_status(VELUM_E_INTERNAL), PROBLEM_INTERNAL);
}

static void the_document_is_json_of_rfc_9457(void **state)
{
    VELUM_AUTO(json) *document = NULL;
    VELUM_AUTO_BUFFER out;
    const uint8_t id[16] = {0xab, 0xcd};
    const problem_detail detail = {
        .event_id = id, .purpose = TEXT_LITERAL("a \"purpose\""), .line = 3, .hint = "why"};

    buffer_init(&out, 4096);
    problem_write(REASON_CONSENT_MISSING, &detail, &out);
    assert_int_equal(json_parse((text){(const char *)out.data, out.size}, 4096, &document, NULL),
                     VELUM_OK);
    const json_value *root = json_root(document);
    assert_true(text_equal_literal(json_text(json_member(root, "type")),
                                   "urn:velum:problem:consent-missing"));
    assert_int_equal(json_integer(json_member(root, "status")), 403);
    assert_true(text_equal_literal(json_text(json_member(root, "purpose")), "a \"purpose\""));
    assert_true(text_equal_literal(json_text(json_member(root, "decision")),
                                   "abcd0000000000000000000000000000"));
    assert_int_equal(json_integer(json_member(root, "line")), 3);
    assert_true(text_equal_literal(json_text(json_member(root, "detail")), "why"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_its_row),
        cmocka_unit_test(names_are_unique_and_rows_sensible),
        cmocka_unit_test(reasons_found_behind_the_customer_speak),
        cmocka_unit_test(only_our_own_are_found_by_name),
        cmocka_unit_test(every_failure_is_a_problem),
        cmocka_unit_test(the_document_is_json_of_rfc_9457),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
