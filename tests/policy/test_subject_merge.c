/* What two records of one person allow together: never more than both did, until the person says so. */
#include "policy/subject_state.h"

#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define JOINED_S 1000
#define ROUNDS 200000
#define PURPOSES 4

static uint64_t chance = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (uint32_t)(chance >> 32) % below;
}

static state_consent consent_of(uint16_t purpose, uint8_t state, uint32_t at_s)
{
    return (state_consent){
        .purpose = purpose, .version = 1, .state = state, .grade = GRADE_SELF, .at_s = at_s};
}

static subject_state state_with(state_consent consent)
{
    subject_state made;

    subject_state_init(&made);
    assert_int_equal(subject_state_put_consent(&made, &consent), VELUM_OK);
    return made;
}

static void merge(subject_state *into, const subject_state *other)
{
    assert_int_equal(subject_state_merge(into, other, JOINED_S), VELUM_OK);
}

static bool allows(const state_consent *consent)
{
    return consent != NULL &&
           (consent->state == CONSENT_GIVEN || consent->state == CONSENT_RENEWED);
}

static bool denies(const state_consent *consent)
{
    return consent != NULL && !allows(consent) && consent->state > CONSENT_DEFERRED;
}

/* --- cases ------------------------------------------------------------------------------------- */

static void one_that_was_never_asked_takes_the_consent_away(void **unused)
{
    subject_state one = state_with(consent_of(7, CONSENT_GIVEN, 10));
    subject_state other;

    subject_state_init(&other);
    merge(&one, &other);
    assert_null(subject_state_consent(&one, 7));
    one = state_with(consent_of(7, CONSENT_GIVEN, 10));
    merge(&other, &one);
    assert_null(subject_state_consent(&other, 7));
}

static void a_no_stays_a_no(void **unused)
{
    subject_state one = state_with(consent_of(7, CONSENT_GIVEN, 900));
    const subject_state other = state_with(consent_of(7, CONSENT_WITHDRAWN, 10));

    merge(&one, &other); /* though the yes is younger */
    assert_int_equal(subject_state_consent(&one, 7)->state, CONSENT_WITHDRAWN);
    subject_state none;
    subject_state_init(&none);
    merge(&none, &other);
    assert_int_equal(subject_state_consent(&none, 7)->state, CONSENT_WITHDRAWN);
}

static void of_two_yes_the_weaker_counts(void **unused)
{
    state_consent first = consent_of(7, CONSENT_GIVEN, 10);
    state_consent second = consent_of(7, CONSENT_RENEWED, 20);

    first.version = 2;
    first.expires_s = 5000;
    first.grade = GRADE_SELF_VERIFIED;
    second.expires_s = 4000;
    second.grade = GRADE_IMPORTED;
    subject_state one = state_with(first);
    const subject_state other = state_with(second);
    merge(&one, &other);
    const state_consent *const found = subject_state_consent(&one, 7);
    assert_int_equal(found->version, 1);
    assert_int_equal(found->expires_s, 4000);
    assert_int_equal(found->grade, GRADE_IMPORTED);
    second.expires_s = 0; /* does not end */
    const subject_state endless = state_with(second);
    one = state_with(first);
    merge(&one, &endless);
    assert_int_equal(subject_state_consent(&one, 7)->expires_s, 5000);
}

static void what_was_said_since_counts_the_newest(void **unused)
{
    subject_state one = state_with(consent_of(7, CONSENT_GIVEN, JOINED_S + 1));
    const subject_state old = state_with(consent_of(7, CONSENT_WITHDRAWN, JOINED_S));
    const subject_state newer = state_with(consent_of(7, CONSENT_WITHDRAWN, JOINED_S + 2));

    merge(&one, &old);
    assert_int_equal(subject_state_consent(&one, 7)->state, CONSENT_GIVEN);
    merge(&one, &newer);
    assert_int_equal(subject_state_consent(&one, 7)->state, CONSENT_WITHDRAWN);
}

/* I-3 */
static void at_the_same_second_it_is_the_stricter(void **unused)
{
    subject_state one = state_with(consent_of(7, CONSENT_GIVEN, JOINED_S + 5));
    subject_state other = state_with(consent_of(7, CONSENT_WITHDRAWN, JOINED_S + 5));
    const subject_state yes = one;

    merge(&one, &other);
    assert_int_equal(subject_state_consent(&one, 7)->state, CONSENT_WITHDRAWN);
    merge(&other, &yes);
    assert_int_equal(subject_state_consent(&other, 7)->state, CONSENT_WITHDRAWN);
    one = state_with(consent_of(7, CONSENT_GIVEN, JOINED_S));
    subject_state_init(&other);
    merge(&one, &other);
    assert_null(subject_state_consent(&one, 7));
}

static void restrictions_holds_and_the_younger_age_are_of_both(void **unused)
{
    subject_state one;
    subject_state other;

    subject_state_init(&one);
    subject_state_init(&other);
    one.restrictions = RESTRICTION_MARKETING;
    other.restrictions = RESTRICTION_PROCESSING;
    one.holds = UINT32_MAX;
    other.holds = 1;
    other.turns_14_day = 30000;
    one.turns_18_day = 20000;
    other.turns_18_day = 31461;
    merge(&one, &other);
    assert_int_equal(one.restrictions, RESTRICTION_MARKETING | RESTRICTION_PROCESSING);
    assert_int_equal(one.holds, UINT32_MAX);
    assert_int_equal(one.turns_14_day, 30000);
    assert_int_equal(one.turns_18_day, 31461);
}

static void more_than_a_record_holds_is_refused(void **unused)
{
    subject_state one;
    subject_state other;

    subject_state_init(&one);
    subject_state_init(&other);
    for (uint16_t i = 0; i < SUBJECT_STATE_CONSENTS_MAX; i++) {
        const state_consent odd = consent_of((uint16_t)(2 * i + 1), CONSENT_WITHDRAWN, 10);
        const state_consent even = consent_of((uint16_t)(2 * i + 2), CONSENT_WITHDRAWN, 10);
        assert_int_equal(subject_state_put_consent(&one, &odd), VELUM_OK);
        assert_int_equal(subject_state_put_consent(&other, &even), VELUM_OK);
    }
    assert_int_equal(subject_state_merge(&one, &other, JOINED_S), VELUM_E_LIMIT);
}

/* --- property ------------------------------------------------------------------------------------ */

static subject_state any_state(void)
{
    subject_state made;

    subject_state_init(&made);
    for (uint16_t purpose = 1; purpose <= PURPOSES; purpose++) {
        if (draw(4) != 0) {
            const state_consent consent =
                consent_of(purpose, (uint8_t)draw(10), JOINED_S - 3 + draw(7));
            assert_int_equal(subject_state_put_consent(&made, &consent), VELUM_OK);
        }
    }
    return made;
}

/* Said since they are one, and by nobody later or at the same second otherwise. */
static bool is_newest(const state_consent *consent, const state_consent *other)
{
    return consent != NULL && consent->at_s > JOINED_S &&
           (other == NULL || other->at_s <= JOINED_S || other->at_s < consent->at_s);
}

/* I-8: a yes rests on two, or on the newest word; a no disappears before a newer word alone. */
static void it_never_allows_more(void **unused)
{
    uint32_t yes = 0;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        const subject_state one = any_state();
        const subject_state other = any_state();
        subject_state both = one;
        subject_state turned = other;
        merge(&both, &other);
        merge(&turned, &one);
        for (uint16_t purpose = 1; purpose <= PURPOSES; purpose++) {
            const state_consent *const a = subject_state_consent(&one, purpose);
            const state_consent *const b = subject_state_consent(&other, purpose);
            const state_consent *const made = subject_state_consent(&both, purpose);
            const bool expected = (allows(a) && allows(b)) || (allows(a) && is_newest(a, b)) ||
                                  (allows(b) && is_newest(b, a));
            assert_true(allows(made) == (expected && !(denies(a) && is_newest(a, b)) &&
                                         !(denies(b) && is_newest(b, a))));
            assert_true(allows(made) == allows(subject_state_consent(&turned, purpose)));
            if ((denies(a) && !is_newest(b, a)) || (denies(b) && !is_newest(a, b))) {
                assert_false(allows(made));
            }
            yes += allows(made);
        }
    }
    assert_true(yes > ROUNDS / 20); /* not vacuous */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_was_never_asked_takes_the_consent_away),
        cmocka_unit_test(a_no_stays_a_no),
        cmocka_unit_test(of_two_yes_the_weaker_counts),
        cmocka_unit_test(what_was_said_since_counts_the_newest),
        cmocka_unit_test(at_the_same_second_it_is_the_stricter),
        cmocka_unit_test(restrictions_holds_and_the_younger_age_are_of_both),
        cmocka_unit_test(more_than_a_record_holds_is_refused),
        cmocka_unit_test(it_never_allows_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
