/* What decide says, case by case, beside the law that asks for it. */
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

static uint32_t category_bit(const char *name)
{
    return 1U << bundle_find(policy, REGISTRY_CATEGORY, text_of(name));
}

/* The read that the benchmark makes: nine fields in four categories, released from two. */
static void care_sees_three_clear_three_masked_from_two_categories(void **state)
{
    const subject_state adult = adult_state(policy);
    const decide_request request = care_request(policy, &adult);
    const verdict out = decided(&request);

    assert_true(out.allowed);
    assert_int_equal(out.decision, 2);
    assert_int_equal(out.reason, REASON_NONE);
    assert_true(out.clear == field_set(policy, "name,city,member_level"));
    assert_true(out.masked == field_set(policy, "mobile,email,birthday"));
    assert_true(out.hidden == field_set(policy, "id_card,bank_card,address"));
    assert_int_equal(out.categories, category_bit("profile") | category_bit("contact"));
    assert_int_equal(1U << (out.rule - 1), role_bit(policy, "customer_service"));
    assert_int_equal(out.purpose, bundle_find(policy, REGISTRY_PURPOSE, text_of("customer-care")));
    assert_null(out.consent); /* contract: PIPL 13(2) asks for none */
    assert_int_equal(out.age_class, AGE_ADULT);
}

static void only_what_is_asked_is_given(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = care_request(policy, &adult);

    request.all_fields = false;
    request.fields = field_set(policy, "city");
    verdict out = decided(&request);
    assert_int_equal(out.decision, 1);
    assert_true(out.clear == request.fields);
    assert_true((out.masked | out.hidden) == 0);
    assert_int_equal(out.categories, category_bit("profile"));

    request.fields = field_set(policy, "mobile");
    out = decided(&request);
    assert_int_equal(out.decision, 2);
    assert_int_equal(out.categories, category_bit("contact"));
}

/* GDPR 5(1)(b), (c): an activity's fields bound what any role sees under it. */
static void an_activity_bounds_its_roles(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "analytics", "dpo");
    verdict out = decided(&request);

    assert_true(out.allowed);
    assert_true((out.clear | out.masked) == field_set(policy, "birthday,city,member_level"));
    request.all_fields = false;
    request.fields = field_set(policy, "name,city");
    out = decided(&request);
    assert_true(out.clear == field_set(policy, "city"));
    assert_true(out.hidden == field_set(policy, "name"));
}

/* PIPL 51: role by field. */
static void the_clearest_cell_counts(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "customer-care", "delivery");
    request.roles |= role_bit(policy, "customer_service");
    const verdict out = decided(&request);

    assert_true(out.clear == field_set(policy, "name,mobile,address,city,member_level"));
    assert_true(out.masked == field_set(policy, "email,birthday"));
    assert_int_equal(1U << (out.rule - 1),
                     role_bit(policy, "delivery")); /* gave most in the clear */
}

/* GDPR 5(1)(b), 6, 25(2): nothing by default. */
static void what_cannot_be_judged_is_denied(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = care_request(policy, &adult);

    request.activity = BUNDLE_NONE;
    assert_denied(&request, REASON_UNKNOWN_ACTIVITY);
    assert_int_equal(decided(&request).purpose, BUNDLE_NONE);
    request.activity = policy->activity_count;
    assert_denied(&request, REASON_UNKNOWN_ACTIVITY);
    request = care_request(policy, &adult);
    request.bundle = NULL;
    assert_denied(&request, REASON_UNKNOWN_ACTIVITY);
    request = care_request(policy, &adult);
    request.activity_is_held = false; /* I-7 */
    assert_denied(&request, REASON_ACTIVITY_NOT_REGISTERED);
    request = care_request(policy, &adult);
    request.actor = 0;
    assert_denied(&request, REASON_ACTOR_KIND);
    request.actor = ACTOR_HUMAN | ACTOR_SERVICE;
    assert_denied(&request, REASON_ACTOR_KIND);
    request.actor = ACTOR_CUSTOMER;
    assert_denied(&request, REASON_ACTOR_KIND);
    request = care_request(policy, &adult);
    request.action = ACTION_UPDATE;
    assert_denied(&request, REASON_ACTION_NOT_ALLOWED);
    request.action = ACTION_READ | ACTION_LOOKUP;
    assert_denied(&request, REASON_ACTION_NOT_ALLOWED);
    request.action = 0;
    assert_denied(&request, REASON_ACTION_NOT_ALLOWED);
    request = care_request(policy, &adult);
    request.unknown_fields = 1; /* I-3 */
    assert_denied(&request, REASON_UNKNOWN_FIELD);
    request = care_request(policy, &adult);
    request.all_fields = false;
    request.fields = UINT64_C(1) << 9;
    assert_denied(&request, REASON_UNKNOWN_FIELD);
    request.fields = 0;
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
    request.fields = field_set(policy, "id_card,address");
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
}

/* An act on many decides by itself that it may be; each of the many is decided on besides. */
static void an_act_on_many_names_nobody(void **state)
{
    decide_request request = as(NULL, "consent-capture", NULL);

    request.action = ACTION_CONSENT_WRITE;
    request.fields = 0;
    request.all_fields = false;
    request.subject_status = 0;
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
    request.is_of_many = true;
    assert_true(decided(&request).allowed);
    request.activity_is_held = false;
    assert_denied(&request, REASON_ACTIVITY_NOT_REGISTERED);
    request.activity_is_held = true;
    request.subject_status = SUBJECT_ERASED;
    assert_denied(&request, REASON_SUBJECT_ERASED);
    /* Nothing of anybody is read by it (I-4), and no consent stands in for those of many. */
    request = as(NULL, "customer-care", "customer_service");
    request.subject_status = 0;
    request.is_of_many = true;
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
    request = as(NULL, "direct-marketing", "marketing");
    request.subject_status = 0;
    request.is_of_many = true;
    assert_denied(&request, REASON_CONSENT_MISSING);
}

/* I-6 */
static void who_is_not_there_is_not_read(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = care_request(policy, &adult);

    request.subject_status = SUBJECT_ERASING;
    assert_denied(&request, REASON_SUBJECT_ERASED);
    request.subject_status = SUBJECT_ERASED;
    assert_denied(&request, REASON_SUBJECT_ERASED);
    request.subject_status = 0;
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
    request.subject_status = 4;
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
    request.subject_status = SUBJECT_LIVE;
    request.state = NULL;
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
    request.action = ACTION_LOOKUP;
    assert_denied(&request, REASON_UNKNOWN_SUBJECT);
}

typedef struct consent_case {
    uint8_t state;
    uint32_t reason;
} consent_case;

/* PIPL 13, 14, 15; DPV 2.3: only given and renewed are valid for processing.
 * PIPL 16: a no touches no purpose that rests on something else. */
static void only_a_standing_consent_serves(void **state)
{
    static const consent_case cases[] = {
        {CONSENT_UNKNOWN, REASON_CONSENT_MISSING},
        {CONSENT_REQUESTED, REASON_CONSENT_MISSING},
        {CONSENT_DEFERRED, REASON_CONSENT_MISSING},
        {CONSENT_REFUSED, REASON_CONSENT_MISSING},
        {CONSENT_GIVEN, REASON_NONE},
        {CONSENT_RENEWED, REASON_NONE},
        {CONSENT_WITHDRAWN, REASON_CONSENT_WITHDRAWN}, /* PIPL 15 */
        {CONSENT_EXPIRED, REASON_CONSENT_EXPIRED},
        {CONSENT_REVOKED, REASON_CONSENT_WITHDRAWN},
        {CONSENT_INVALIDATED, REASON_CONSENT_MISSING},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        subject_state adult = adult_state(policy);
        const decide_request request = as(&adult, "direct-marketing", "marketing");
        consent_to(&adult, policy, "direct-marketing", cases[i].state);
        const verdict out = decided(&request);
        assert_int_equal(out.reason, cases[i].reason);
        assert_int_equal(out.allowed, cases[i].reason == REASON_NONE);
        assert_int_equal(out.consent_state, cases[i].state);
        assert_ptr_equal(out.consent, subject_state_consent(&adult, out.consent->purpose));
        /* a contract needs none: PIPL 13(2) */
        const decide_request care = care_request(policy, &adult);
        assert_true(decided(&care).allowed);
    }
}

static void no_consent_is_no_consent(void **state)
{
    subject_state adult;

    subject_state_init(&adult);
    const decide_request request = as(&adult, "direct-marketing", "marketing");
    assert_denied(&request, REASON_CONSENT_MISSING);
    assert_int_equal(decided(&request).consent_state, CONSENT_UNKNOWN);

    /* A purpose without registry number matches no stored consent, not even one of number 0. */
    bundle unnumbered = *policy;
    const uint32_t offers = bundle_find(policy, REGISTRY_PURPOSE, text_of("direct-marketing"));
    unnumbered.purposes[offers].number = 0;
    subject_state given = adult_state(policy);
    decide_request other = as(&given, "direct-marketing", "marketing");
    other.bundle = &unnumbered;
    assert_denied(&other, REASON_CONSENT_MISSING);
}

/* A consent to one purpose is none to another. */
static void a_consent_serves_its_own_purpose(void **state)
{
    subject_state adult;

    subject_state_init(&adult);
    consent_to(&adult, policy, "analytics", CONSENT_GIVEN);
    const decide_request marketing = as(&adult, "direct-marketing", "marketing");
    const decide_request analytics = as(&adult, "analytics", "analyst");
    assert_denied(&marketing, REASON_CONSENT_MISSING);
    assert_true(decided(&analytics).allowed);
}

/* PIPL 14; NDR 22: a changed purpose needs a fresh consent, and an old policy does not use a newer
 * one. */
static void a_consent_serves_its_own_version(void **state)
{
    const subject_state adult = adult_state(policy);
    const uint32_t offers = bundle_find(policy, REGISTRY_PURPOSE, text_of("direct-marketing"));
    bundle changed = *policy;
    decide_request request = as(&adult, "direct-marketing", "marketing");

    request.bundle = &changed;
    assert_true(decided(&request).allowed);
    changed.purposes[offers].version = 2;
    assert_denied(&request, REASON_CONSENT_OUTDATED);
    changed.purposes[offers].version = 0;
    assert_denied(&request, REASON_CONSENT_OUTDATED);
}

static void a_consent_ends_at_its_second(void **state)
{
    subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "direct-marketing", "marketing");

    request.now_ns = (int64_t)(NOW_S + 86400) * NS_PER_SECOND - 1;
    assert_true(decided(&request).allowed);
    request.now_ns += 1;
    assert_denied(&request, REASON_CONSENT_EXPIRED);
    for (uint32_t i = 0; i < adult.consent_count; i++) {
        adult.consents[i].expires_s = 0;
    }
    request.now_ns = INT64_MAX;
    assert_true(decided(&request).allowed);
}

/* I-3: an expiry that a stepped clock cannot judge. What rests on a contract goes on. */
static void a_clock_that_is_behind_denies_consents(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request marketing = as(&adult, "direct-marketing", "marketing");
    decide_request care = care_request(policy, &adult);

    marketing.clock_behind = true;
    care.clock_behind = true;
    assert_denied(&marketing, REASON_CLOCK_BEHIND);
    assert_true(decided(&care).allowed);
}

/* GDPR 18, PIPL 44: storage only. The customer's own look and the keeping of consents go on. */
static void a_restriction_leaves_storage_only(void **state)
{
    subject_state adult = adult_state(policy);
    adult.restrictions = RESTRICTION_PROCESSING;
    decide_request care = care_request(policy, &adult);
    decide_request order = as(&adult, "order-fulfilment", "customer_service");
    decide_request capture = as(&adult, "consent-capture", "customer_service");
    decide_request own = as(&adult, "self-service", "customer");

    assert_denied(&care, REASON_PROCESSING_RESTRICTED);
    order.action = ACTION_UPDATE;
    assert_denied(&order, REASON_PROCESSING_RESTRICTED);
    order.action = ACTION_CREATE;
    assert_denied(&order, REASON_PROCESSING_RESTRICTED);
    capture.action = ACTION_CONSENT_WRITE;
    assert_true(decided(&capture).allowed);
    capture.action = ACTION_LOOKUP;
    assert_true(decided(&capture).allowed);
    own.actor = ACTOR_CUSTOMER;
    assert_true(decided(&own).allowed);
    own.action = ACTION_CONSENT_WRITE; /* withdrawing is always possible: PIPL 15 */
    assert_true(decided(&own).allowed);
}

/* GDPR 21(2)–(3): the objection overrides the consent; PIPL 24: it reaches marketing, not the order. */
static void an_objection_overrides_consent(void **state)
{
    subject_state adult = adult_state(policy);
    adult.restrictions = RESTRICTION_MARKETING;
    const decide_request marketing = as(&adult, "direct-marketing", "marketing");
    const decide_request order = as(&adult, "order-fulfilment", "customer_service");
    const decide_request analytics = as(&adult, "analytics", "analyst");

    assert_denied(&marketing, REASON_MARKETING_OBJECTION);
    assert_true(decided(&order).allowed);
    assert_true(decided(&analytics).allowed);
}

/* PIPL 31: a child's own consent does not serve. Minors Regulation 34–37: staff need an approval.
 * The child, or the parent, sees what is held; a carrier's system delivers. */
static void children_are_protected(void **state)
{
    subject_state child = adult_state(policy);
    born(&child, "2015-06-01");
    const decide_request marketing = as(&child, "direct-marketing", "marketing");
    decide_request care = care_request(policy, &child);
    decide_request order = as(&child, "order-fulfilment", "delivery");
    decide_request own = as(&child, "self-service", "customer");

    assert_denied(&marketing, REASON_GUARDIAN_CONSENT_REQUIRED);
    assert_denied(&care, REASON_APPROVAL_REQUIRED);
    assert_int_equal(decided(&care).age_class, AGE_UNDER_14);
    care.action = ACTION_LOOKUP;
    assert_true(decided(&care).allowed);
    order.actor = ACTOR_SERVICE;
    assert_true(decided(&order).allowed);
    order.roles |= role_bit(policy, "dpo"); /* the staff role adds nothing */
    assert_true(decided(&order).clear == field_set(policy, "name,mobile,address,city"));
    assert_true(decided(&order).masked == 0);
    own.actor = ACTOR_CUSTOMER;
    assert_true(decided(&own).allowed);
}

static void no_birthday_counts_as_adult(void **state)
{
    subject_state adult = adult_state(policy);
    subject_state_put_birthday(&adult, NULL);
    const decide_request care = care_request(policy, &adult);
    const decide_request marketing = as(&adult, "direct-marketing", "marketing");

    assert_true(decided(&care).allowed);
    assert_int_equal(decided(&care).age_class, AGE_UNKNOWN);
    assert_true(decided(&marketing).allowed);
}

/* A role counts only where the subject's attribute is the actor's. */
static void a_store_guide_sees_the_own_store(void **state)
{
    subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "customer-care", "store_guide");
    const uint32_t store = bundle_find(policy, REGISTRY_ATTRIBUTE, text_of("store"));
    const uint16_t number = policy->attributes[store].number;

    verdict out = decided(&request);
    assert_true(out.allowed);
    assert_true(out.clear == field_set(policy, "name,member_level"));
    request.actor_attributes[store] = attribute_value_hash(TEXT_LITERAL("s02"));
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    request.action = ACTION_LOOKUP;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    request.action = ACTION_READ;
    request.actor_attributes[store] = 0;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    assert_int_equal(subject_state_put_attribute(&adult, number, 0), VELUM_OK);
    assert_denied(&request, REASON_NO_ROLE_APPLIES); /* both lack it: no (I-3) */
    request.actor_attributes[store] = attribute_value_hash(TEXT_LITERAL("s01"));
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    request.roles |= role_bit(policy, "analyst");
    assert_true(decided(&request).clear == field_set(policy, "city,member_level"));
}

static void a_list_of_values_is_a_condition(void **state)
{
    subject_state adult = adult_state(policy);
    bundle listed = *policy;
    const uint32_t guide = bundle_find(policy, REGISTRY_ROLE, text_of("store_guide"));
    decide_request request = as(&adult, "customer-care", "store_guide");

    request.bundle = &listed;
    listed.roles[guide].conditions[0] = (bundle_condition){
        .attribute = bundle_find(policy, REGISTRY_ATTRIBUTE, text_of("region")),
        .values = {attribute_value_hash(TEXT_LITERAL("north")),
                   attribute_value_hash(TEXT_LITERAL("s01"))},
        .value_count = 2,
    };
    assert_true(decided(&request).allowed);
    listed.roles[guide].conditions[0].value_count = 1;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
}

static void a_person_acts_in_a_role(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "consent-capture", NULL);

    request.action = ACTION_CONSENT_WRITE;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    request.actor = ACTOR_SERVICE;
    assert_true(decided(&request).allowed);
    request = care_request(policy, &adult);
    request.roles = 0;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
    request.actor = ACTOR_SERVICE;
    assert_denied(&request, REASON_NO_ROLE_APPLIES);
}

/* PIPL 45, GDPR 15 */
static void a_customer_sees_all_that_is_held(void **state)
{
    const subject_state adult = adult_state(policy);
    decide_request request = as(&adult, "self-service", "customer");

    assert_denied(&request, REASON_ACTOR_KIND);
    request.actor = ACTOR_CUSTOMER;
    const verdict out = decided(&request);
    assert_int_equal(out.decision, 1);
    assert_true(out.clear == 0x1ff);
    assert_int_equal(out.categories, 0xf);
}

static void writes_are_whole_or_not_at_all(void **state)
{
    const subject_state adult = adult_state(policy);
    bundle narrow = *policy;
    decide_request request = as(&adult, "order-fulfilment", "delivery");

    request.bundle = &narrow;
    request.action = ACTION_UPDATE;
    request.all_fields = false;
    request.fields = field_set(policy, "mobile,address");
    verdict out = decided(&request);
    assert_true(out.allowed);
    assert_int_equal(out.decision, 1);
    assert_true((out.clear | out.masked | out.hidden) == 0);
    assert_int_equal(out.categories, category_bit("contact") | category_bit("location"));
    narrow.activities[request.activity].fields = field_set(policy, "mobile");
    assert_denied(&request, REASON_NO_FIELD_ALLOWED);
    request.bundle = policy;
    request.action = ACTION_CREATE;
    request.subject_status = 0;
    request.state = NULL;
    assert_true(decided(&request).allowed);
    request.unknown_fields = 1;
    assert_denied(&request, REASON_UNKNOWN_FIELD);
}

static void acts_without_a_subject(void **state)
{
    decide_request request = as(NULL, "audit", NULL);

    request.action = ACTION_AUDIT;
    request.subject_status = SUBJECT_ERASED; /* the log of an erased customer stays readable */
    assert_true(decided(&request).allowed);
    request = as(NULL, "administration", NULL);
    request.action = ACTION_ADMINISTER;
    request.subject_status = 0;
    request.clock_behind = true; /* or nobody could accept the clock */
    assert_true(decided(&request).allowed);
    request = as(NULL, "import", NULL);
    request.action = ACTION_IMPORT;
    request.subject_status = 0;
    assert_true(decided(&request).allowed);
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
        cmocka_unit_test(care_sees_three_clear_three_masked_from_two_categories),
        cmocka_unit_test(only_what_is_asked_is_given),
        cmocka_unit_test(an_activity_bounds_its_roles),
        cmocka_unit_test(the_clearest_cell_counts),
        cmocka_unit_test(what_cannot_be_judged_is_denied),
        cmocka_unit_test(who_is_not_there_is_not_read),
        cmocka_unit_test(only_a_standing_consent_serves),
        cmocka_unit_test(no_consent_is_no_consent),
        cmocka_unit_test(a_consent_serves_its_own_purpose),
        cmocka_unit_test(a_consent_serves_its_own_version),
        cmocka_unit_test(a_consent_ends_at_its_second),
        cmocka_unit_test(a_clock_that_is_behind_denies_consents),
        cmocka_unit_test(a_restriction_leaves_storage_only),
        cmocka_unit_test(an_objection_overrides_consent),
        cmocka_unit_test(children_are_protected),
        cmocka_unit_test(no_birthday_counts_as_adult),
        cmocka_unit_test(a_store_guide_sees_the_own_store),
        cmocka_unit_test(a_list_of_values_is_a_condition),
        cmocka_unit_test(a_person_acts_in_a_role),
        cmocka_unit_test(a_customer_sees_all_that_is_held),
        cmocka_unit_test(writes_are_whole_or_not_at_all),
        cmocka_unit_test(acts_without_a_subject),
        cmocka_unit_test(an_act_on_many_names_nobody),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
