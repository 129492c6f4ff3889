/* How old somebody is by their law, whose consent serves, and on which evidence. */
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

typedef struct age_case {
    const char *birthday;
    const char *now;
    uint32_t in_china;
    uint32_t elsewhere;
} age_case;

/* The 14th birthday begins at midnight in UTC+8, eight hours before that day in UTC; who was born on
 * 29 February turns on 1 March. */
static const age_case ages[] = {
    {"2012-11-22", "2026-11-21T15:59:59.999Z", AGE_UNDER_14, AGE_UNDER_14},
    {"2012-11-22", "2026-11-21T16:00:00.000Z", AGE_14_TO_17, AGE_UNDER_14},
    {"2012-11-22", "2026-11-22T00:00:00.000Z", AGE_14_TO_17, AGE_14_TO_17},
    {"2008-11-22", "2026-11-21T15:59:59.999Z", AGE_14_TO_17, AGE_14_TO_17},
    {"2008-11-22", "2026-11-21T16:00:00.000Z", AGE_ADULT, AGE_14_TO_17},
    {"2012-02-29", "2026-02-28T15:59:59.999Z", AGE_UNDER_14, AGE_UNDER_14},
    {"2012-02-29", "2026-02-28T16:00:00.000Z", AGE_14_TO_17, AGE_UNDER_14},
    {"2012-02-29", "2026-03-01T00:00:00.000Z", AGE_14_TO_17, AGE_14_TO_17},
    {"2008-02-29", "2026-02-28T16:00:00.000Z", AGE_ADULT, AGE_14_TO_17},
    {"2030-01-01", "2026-03-01T00:00:00.000Z", AGE_UNDER_14, AGE_UNDER_14},
    {"1950-01-01", "1963-12-31T15:59:59.999Z", AGE_UNDER_14, AGE_UNDER_14},
    {"1950-01-01", "1963-12-31T16:00:00.000Z", AGE_14_TO_17, AGE_UNDER_14},
};

static void ages_turn_at_midnight_of_their_law(void **state)
{
    bundle european = *policy;
    european.day_offset_s = 0;

    for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        subject_state self;
        int64_t now_ns = 0;

        subject_state_init(&self);
        born(&self, ages[i].birthday);
        assert_int_equal(time_parse(text_of(ages[i].now), &now_ns), VELUM_OK);
        assert_int_equal(age_class(policy, &self, now_ns), ages[i].in_china);
        assert_int_equal(age_class(&european, &self, now_ns), ages[i].elsewhere);
        self.jurisdiction = policy->jurisdiction_number;
        assert_int_equal(age_class(policy, &self, now_ns), ages[i].in_china);
        self.jurisdiction =
            (uint16_t)(policy->jurisdiction_number + 1); /* unknown: the later day */
        assert_int_equal(age_class(policy, &self, now_ns), ages[i].elsewhere);
    }
    assert_int_equal(age_class(policy, NULL, NOW_NS), AGE_UNKNOWN);
}

static void weak_evidence_does_not_serve(void **state)
{
    static const uint8_t strongest_first[] = {GRADE_SELF_VERIFIED, GRADE_SELF, GRADE_ASSISTED,
                                              GRADE_IMPORTED};
    subject_state adult = adult_state(policy);
    bundle asking = *policy;
    decide_request request = as(&adult, "direct-marketing", "marketing");
    bundle_purpose *const purpose = &asking.purposes[asking.activities[request.activity].purpose];

    request.bundle = &asking;
    for (size_t needed = 0; needed < 4; needed++) {
        purpose->grade_min = strongest_first[needed];
        for (size_t held = 0; held < 4; held++) {
            for (uint32_t i = 0; i < adult.consent_count; i++) {
                adult.consents[i].grade = strongest_first[held];
            }
            if (held <= needed) {
                assert_true(decided(&request).allowed);
            } else {
                assert_denied(&request, REASON_CONSENT_GRADE);
            }
        }
    }
    for (uint32_t i = 0; i < adult.consent_count; i++) {
        adult.consents[i].grade = 0;
    }
    assert_denied(&request, REASON_CONSENT_GRADE);
    purpose->grade_min = 0;
    assert_true(decided(&request).allowed);
}

typedef struct consent_age_case {
    uint16_t jurisdiction; /* 0 and 1 cn-pipl, 2 eu-gdpr, 3 us-ca, 9 none of the policy's */
    const char *birthday;
    bool serves; /* on 2026-11-21, 12:00 UTC */
} consent_age_case;

/* PIPL 31: 14. GDPR 8: 16. Civil Code 1798.120(c): 13. Unknown: the highest. */
static const consent_age_case consent_ages[] = {
    {0, "2012-11-21", true},  {0, "2012-11-22", false}, {1, "2012-11-21", true},
    {1, "2012-11-22", false}, {2, "2010-11-21", true},  {2, "2010-11-22", false},
    {2, "2012-11-21", false}, {2, "2015-01-01", false}, {3, "2013-11-21", true},
    {3, "2013-11-22", false}, {9, "2010-11-21", true},  {9, "2010-11-22", false},
    {9, "1990-01-01", true},  {2, NULL, true},          {3, "2030-01-01", false},
};

/* PIPL 31, GDPR 8 */
static void own_consent_begins_at_the_laws_age(void **state)
{
    for (size_t i = 0; i < sizeof(consent_ages) / sizeof(consent_ages[0]); i++) {
        const consent_age_case *const now = &consent_ages[i];
        subject_state person = adult_state(policy);
        decide_request request = as(&person, "direct-marketing", "delivery");

        subject_state_put_birthday(&person, NULL);
        if (now->birthday != NULL) {
            born(&person, now->birthday);
        }
        person.jurisdiction = now->jurisdiction;
        const verdict out = decided(&request);
        if (out.allowed != now->serves) {
            fail_msg("jurisdiction %u, born %s", now->jurisdiction, now->birthday);
        }
        assert_int_equal(out.reason, now->serves ? REASON_NONE : REASON_GUARDIAN_CONSENT_REQUIRED);
        request = as(&person, "order-fulfilment", "delivery"); /* rests on a contract */
        assert_true(decided(&request).allowed);
    }
}

/* The 29th of February: a derived birthday is never early. Local midnight decides, west of UTC too. */
static void birthdays_are_derived_by_calendar_years(void **state)
{
    static const struct {
        uint16_t jurisdiction;
        const char *birthday;
        const char *last; /* moment below the age */
        const char *first;
    } cases[] = {
        {2, "2012-02-29", "2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00Z"},
        {2, "2012-03-01", "2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00Z"},
        {2, "2011-02-28", "2027-02-27T23:59:59.999Z", "2027-02-28T00:00:00Z"},
        {2, "2012-12-31", "2028-12-30T23:59:59.999Z", "2028-12-31T00:00:00Z"},
        {1, "2012-02-29", "2026-02-28T15:59:59.999Z", "2026-02-28T16:00:00Z"},
        {3, "2012-02-29", "2025-03-01T07:59:59.999Z", "2025-03-01T08:00:00Z"},
        {3, "2013-06-01", "2026-06-01T07:59:59.999Z", "2026-06-01T08:00:00Z"},
        {9, "2012-06-01", "2028-06-01T07:59:59.999Z", "2028-06-01T08:00:00Z"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        subject_state person;
        int64_t last = 0;
        int64_t first = 0;

        subject_state_init(&person);
        born(&person, cases[i].birthday);
        person.jurisdiction = cases[i].jurisdiction;
        assert_int_equal(time_parse(text_of(cases[i].last), &last), VELUM_OK);
        assert_int_equal(time_parse(text_of(cases[i].first), &first), VELUM_OK);
        if (!is_below_consent_age(policy, &person, last) ||
            is_below_consent_age(policy, &person, first)) {
            fail_msg("case %zu, born %s", i, cases[i].birthday);
        }
    }
    assert_false(is_below_consent_age(policy, NULL, NOW_NS));
}

/* GDPR 8(1): by member state, where the policy knows the country. */
static void a_country_has_its_own_age(void **state)
{
    static const struct {
        const char *country;
        uint32_t age;
    } cases[] = {{"DE", 16}, {"FR", 15}, {"AT", 14}, {"BE", 13}, {"XX", 16}, {"de", 16}};
    bundle local = *policy;
    subject_state person = adult_state(policy);

    person.jurisdiction = 2;
    assert_int_equal(consent_age(policy, &person), 16);
    local.attributes[0].name = TEXT_LITERAL("country");
    assert_int_equal(consent_age(&local, &person), 16); /* the attribute says s01 */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            subject_state_put_attribute(&person, local.attributes[0].number,
                                        attribute_value_hash(text_of(cases[i].country))),
            VELUM_OK);
        assert_int_equal(consent_age(&local, &person), cases[i].age);
        person.jurisdiction = 0;
        assert_int_equal(consent_age(&local, &person), 14); /* a law without countries */
        person.jurisdiction = 2;
    }
    local.pack_count = 0;
    assert_int_equal(consent_age(&local, &person), 18); /* I-3 */
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
        cmocka_unit_test(ages_turn_at_midnight_of_their_law),
        cmocka_unit_test(weak_evidence_does_not_serve),
        cmocka_unit_test(own_consent_begins_at_the_laws_age),
        cmocka_unit_test(birthdays_are_derived_by_calendar_years),
        cmocka_unit_test(a_country_has_its_own_age),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
