/* What decide says where people watch each other: reason codes, approvals, glass that is broken, requests,
 * and what a law keeps. */
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bundle *policy;

static decide_request as(const subject_state *state, const char *activity, const char *role)
{
    decide_request request = care_request(policy, state);

    request.activity = activity_named(policy, activity);
    request.roles = role == NULL ? 0 : role_bit(policy, role);
    return request;
}

static uint32_t code(const char *name)
{
    const uint32_t index = bundle_find(policy, REGISTRY_REASON_CODE, text_of(name));

    assert_true(index != BUNDLE_NONE);
    return index + 1;
}

/* Asked before anything of the subject is looked at, so that the answer says nothing of anybody. */
static void an_activity_may_ask_why(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "urgent-care", "customer_service");

    assert_denied(&request, REASON_REASON_CODE_NEEDED);
    request.action = ACTION_LOOKUP;
    assert_denied(&request, REASON_REASON_CODE_NEEDED);
    request.subject_status = 0;
    request.state = NULL;
    assert_denied(&request, REASON_REASON_CODE_NEEDED);
    request.reason_code = policy->reason_code_count + 1;
    assert_denied(&request, REASON_REASON_CODE_NEEDED);
    request.reason_code = UINT32_MAX;
    assert_denied(&request, REASON_REASON_CODE_NEEDED);
    request.reason_code = code("customer-request");
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
    request = as(&adult, "urgent-care", "customer_service");
    request.reason_code = code("customer-request");
    assert_true(decided(&request).allowed);
    assert_int_equal(decided(&request).obligations, OBLIGATION_REASON_CODE);
    request = care_request(policy, &adult); /* asks nothing, and a code does no harm */
    request.reason_code = code("safety");
    assert_int_equal(decided(&request).obligations, 0);
}

/* Minors Regulation 34-37: with approval staff see a child's record, and the approval is used up. */
static void an_approval_opens_a_childs_record(void **state)
{
    subject_state child = adult_state(policy);
    decide_request care = care_request(policy, &child);

    born(&child, "2015-01-01");
    assert_denied(&care, REASON_APPROVAL_REQUIRED);
    care.is_approved = true;
    verdict out = decided(&care);
    assert_true(out.allowed);
    assert_int_equal(out.obligations, OBLIGATION_APPROVAL);
    assert_true(out.clear == field_set(policy, "name,city,member_level"));
    care.roles = role_bit(policy, "delivery"); /* no person looks: nothing to use up */
    out = decided(&care);
    assert_true(out.allowed);
    assert_int_equal(out.obligations, 0);
    born(&child, "1990-01-01");
    care.roles = role_bit(policy, "customer_service");
    assert_int_equal(decided(&care).obligations, 0);
    born(&child, "2015-01-01"); /* an approval of staff is no guardian's consent */
    decide_request offers = as(&child, "direct-marketing", "marketing");
    offers.is_approved = true;
    assert_denied(&offers, REASON_GUARDIAN_CONSENT_REQUIRED);
}

static void a_broken_glass_is_told(void **state)
{
    subject_state child = adult_state(policy);
    decide_request request = as(&child, "urgent-care", "customer_service");

    born(&child, "2015-01-01");
    request.reason_code = code("customer-request"); /* can wait */
    assert_denied(&request, REASON_APPROVAL_REQUIRED);
    request.reason_code = code("product-recall");
    verdict out = decided(&request);
    assert_true(out.allowed);
    assert_int_equal(out.obligations, OBLIGATION_NOTIFY | OBLIGATION_REASON_CODE);
    request.is_approved = true;
    out = decided(&request);
    assert_int_equal(out.obligations, OBLIGATION_APPROVAL | OBLIGATION_REASON_CODE);
    request = care_request(policy, &child); /* the same code where no glass is */
    request.reason_code = code("product-recall");
    assert_denied(&request, REASON_APPROVAL_REQUIRED);
    born(&child, "1990-01-01");
    request = as(&child, "urgent-care", "customer_service");
    request.reason_code = code("product-recall");
    assert_int_equal(decided(&request).obligations, OBLIGATION_REASON_CODE);
}

static void requests_come_from_known_and_unknown(void **state)
{
    subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "request-intake", NULL);

    request.actor = ACTOR_SERVICE;
    request.action = ACTION_REQUEST;
    request.all_fields = false;
    assert_true(decided(&request).allowed);
    adult.restrictions = RESTRICTION_PROCESSING | RESTRICTION_MARKETING; /* rights go on */
    assert_true(decided(&request).allowed);
    request.subject_status = SUBJECT_ERASED;
    assert_denied(&request, REASON_SUBJECT_ERASED);
    request.subject_status = SUBJECT_ERASING;
    assert_denied(&request, REASON_SUBJECT_ERASED);
    request.subject_status = 0;
    request.state = NULL;
    assert_true(decided(&request).allowed);
    request = as(&adult, "self-service", NULL);
    request.actor = ACTOR_CUSTOMER;
    request.action = ACTION_ACCESS_LOG;
    assert_true(decided(&request).allowed);
    request.subject_status = SUBJECT_ERASED;
    assert_denied(&request, REASON_SUBJECT_ERASED);
    request = as(&adult, "requests", "dpo");
    request.action = ACTION_ERASE;
    assert_true(decided(&request).allowed);
    request.subject_status = 0;
    request.state = NULL;
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
}

/* PIPL 47: storage and protection only. The state of somebody erased is gone, so nothing that depends
 * on it can help. */
static void what_a_law_keeps_is_read_by_role(void **state)
{
    decide_request request = as(NULL, "legal-retention", "dpo");

    request.action = ACTION_RETAINED_READ;
    request.subject_status = SUBJECT_ERASED;
    const verdict out = decided(&request);
    assert_true(out.allowed);
    assert_int_equal(out.decision, 2);
    assert_true(out.masked == field_set(policy, "mobile,email,birthday,id_card,bank_card,address"));
    assert_int_equal(out.categories, 0xf);
    request.roles = 0;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    request.roles = role_bit(policy, "store_guide"); /* where: store */
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    request.roles |= role_bit(policy, "analyst");
    assert_true(decided(&request).clear == field_set(policy, "city,member_level"));
    request.all_fields = false;
    request.fields = field_set(policy, "address");
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
    request.actor = ACTOR_SERVICE;
    assert_denied(&request, REASON_ACTOR_KIND);
}

static int start(void **state)
{
    if (crypto_init() != VELUM_OK) {
        return -1;
    }
    policy = sample_bundle();
    return 0;
}

static int stop(void **state)
{
    bundle_free(policy);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_activity_may_ask_why),
        cmocka_unit_test(an_approval_opens_a_childs_record),
        cmocka_unit_test(a_broken_glass_is_told),
        cmocka_unit_test(requests_come_from_known_and_unknown),
        cmocka_unit_test(what_a_law_keeps_is_read_by_role),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
