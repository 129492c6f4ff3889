/* D-1 (I-8): less never reveals more. D-2 (I-3): doubt denies. D-3: the same again.
 *
 * Exhaustively over the sample: every activity, set of roles, consent state, age, restriction, clock
 * and version; at random over anything a request could hold, against a second, slower reading of the
 * rules. Order of a cell: clear > mask > hide; a denial hides all.
 */
#include "tests/policy/fixture.h"
#include "tests/policy/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static bundle *policy;
static bundle *bumped; /* the sample with every purpose's version one higher */
static bundle *graded; /* the sample where every purpose wants the strongest evidence */

static void assert_not_wider(const verdict *less, const verdict *more, const char *what)
{
    const uint64_t clear_gained = less->clear & ~more->clear;
    const uint64_t seen_gained = (less->clear | less->masked) & ~(more->clear | more->masked);

    if (clear_gained != 0 || seen_gained != 0 || (less->allowed && !more->allowed) ||
        (less->categories & ~more->categories) != 0) {
        fail_msg("%s widened the answer (seed %llu)", what, (unsigned long long)test_seed());
    }
}

static void assert_sound(const decide_request *request, const verdict *out)
{
    assert_int_equal(out->allowed, out->reason == REASON_NONE);
    assert_int_equal(out->decision == 3, !out->allowed);
    assert_true(out->reason < REASON_COUNT);
    assert_true((out->clear & out->masked) == 0);
    assert_true(((out->clear | out->masked) & out->hidden) == 0);
    if (!out->allowed) {
        assert_int_equal(out->obligations, 0);
        assert_true((out->clear | out->masked | out->hidden) == 0);
        assert_int_equal(out->categories, 0);
        return;
    }
    const bundle_activity *const activity = &request->bundle->activities[request->activity];
    assert_true(request->activity_is_held);
    assert_true((activity->actions & request->action) != 0);
    assert_true((activity->actors & request->actor) != 0);
    assert_true(((out->clear | out->masked) & ~oracle_reach(request)) == 0);
    assert_int_equal(request->unknown_fields, 0);
    /* What is of many shows nothing by itself. */
    const bool shows = (request->action & ORACLE_SHOWS) != 0 &&
                       (request->subject_status != 0 || request->action == ACTION_RETAINED_READ);
    assert_int_equal(shows, (out->clear | out->masked) != 0);
    assert_true(shows || out->hidden == 0);
    assert_int_equal((out->obligations & OBLIGATION_REASON_CODE) != 0, activity->reason_codes != 0);
    assert_true((out->obligations & OBLIGATION_APPROVAL) == 0 || request->is_approved);
    assert_true((out->obligations & OBLIGATION_NOTIFY) == 0 || activity->break_glass != 0);
}

/* --- Exhaustive --------------------------------------------------------------------------------- */

#define BIRTHS 5
static const char *const births[BIRTHS] = {NULL, "2015-06-01", "2010-06-01", "1990-06-01",
                                           "2011-06-01"};

static uint64_t reasons_seen;

/* Without the approval, the code, or both. */
static void assert_fewer_reasons(const decide_request *request, const verdict *more)
{
    decide_request less = *request;

    less.is_approved = false;
    const verdict unapproved = decided(&less);
    assert_not_wider(&unapproved, more, "losing an approval");
    less.reason_code = 0;
    const verdict bare = decided(&less);
    assert_not_wider(&bare, more, "losing an approval and a reason code");
    less.is_approved = request->is_approved;
    const verdict uncoded = decided(&less);
    assert_not_wider(&uncoded, more, "losing a reason code");
    less.reason_code = BUNDLE_REASON_CODES_MAX + 1;
    const verdict unknown = decided(&less);
    assert_not_wider(&unknown, more, "a code that nobody knows");
}

/* All ways in which this request can become less. */
static void assert_narrowings(const decide_request *request, subject_state *state)
{
    const verdict more = decided(request);
    decide_request less = *request;

    assert_sound(request, &more);
    reasons_seen |= UINT64_C(1) << more.reason;
    for (uint32_t rest = request->roles; rest != 0; rest &= rest - 1) {
        less.roles = request->roles & ~(rest & -rest);
        const verdict without = decided(&less);
        assert_not_wider(&without, &more, "dropping a role");
    }
    less = *request;
    less.clock_behind = true;
    const verdict behind = decided(&less);
    assert_not_wider(&behind, &more, "a clock that is behind");
    less = *request;
    less.bundle = bumped;
    const verdict changed = decided(&less);
    assert_not_wider(&changed, &more, "a new version of the purpose");
    less.bundle = graded;
    const verdict stronger = decided(&less);
    assert_not_wider(&stronger, &more, "stronger evidence asked for");
    assert_fewer_reasons(request, &more);

    const uint32_t restrictions = state->restrictions;
    for (uint32_t bit = RESTRICTION_PROCESSING; bit <= RESTRICTION_MARKETING; bit <<= 1) {
        state->restrictions = restrictions | bit;
        const verdict restricted = decided(request);
        assert_not_wider(&restricted, &more, "a restriction");
    }
    state->restrictions = restrictions;
}

static void assert_consent_narrowings(const decide_request *request, subject_state *state)
{
    const verdict more = decided(request);
    const subject_state kept = *state;

    for (uint32_t i = 0; i < kept.consent_count; i++) {
        static const uint8_t gone[] = {CONSENT_UNKNOWN, CONSENT_REFUSED,     CONSENT_WITHDRAWN,
                                       CONSENT_EXPIRED, CONSENT_INVALIDATED, CONSENT_REVOKED};
        for (size_t k = 0; k < sizeof(gone); k++) {
            state->consents[i].state = gone[k];
            const verdict less = decided(request);
            assert_not_wider(&less, &more, "withdrawing a consent");
        }
        state->consents[i] = kept.consents[i];
        state->consents[i].grade = 0;
        const verdict ungraded = decided(request);
        assert_not_wider(&ungraded, &more, "weaker evidence");
        state->consents[i] = kept.consents[i];
        state->consents[i].expires_s = NOW_S;
        const verdict expired = decided(request);
        assert_not_wider(&expired, &more, "an expiry");
        state->consents[i] = kept.consents[i];
    }
    state->consent_count = 0;
    const verdict none = decided(request);
    assert_not_wider(&none, &more, "no consent at all");
    *state = kept;
}

static void for_all_roles(decide_request *request, subject_state *state)
{
    for (uint32_t roles = 0; roles < 1U << policy->role_count; roles++) {
        request->roles = roles;
        assert_narrowings(request, state);
        assert_consent_narrowings(request, state);
    }
}

static void for_all_people(decide_request *request, uint32_t restrictions)
{
    for (size_t birth = 0; birth < BIRTHS; birth++) {
        for (uint8_t consent = CONSENT_UNKNOWN; consent <= CONSENT_INVALIDATED; consent++) {
            subject_state state = adult_state(policy);
            state.restrictions = restrictions;
            subject_state_put_birthday(&state, NULL);
            if (births[birth] != NULL) {
                born(&state, births[birth]);
            }
            consent_to(&state, policy, "direct-marketing", consent);
            consent_to(&state, policy, "analytics", consent);
            request->state = &state;
            for_all_roles(request, &state);
        }
    }
}

static void less_never_reveals_more(void **unused)
{
    static const uint32_t actors[] = {ACTOR_SERVICE, ACTOR_HUMAN, ACTOR_CUSTOMER};
    decide_request request = care_request(policy, NULL);

    for (uint32_t activity = 0; activity < policy->activity_count; activity++) {
        for (size_t actor = 0; actor < 3; actor++) {
            request.activity = activity;
            request.actor = actors[actor];
            request.is_approved = actor != 0;
            request.reason_code = (activity + (uint32_t)actor) % (policy->reason_code_count + 1);
            for_all_people(&request, activity % 4);
        }
    }
}

static void every_action_is_monotone(void **unused)
{
    decide_request request = care_request(policy, NULL);

    for (uint32_t activity = 0; activity < policy->activity_count; activity++) {
        for (uint32_t action = 0; action < ACTION_COUNT; action++) {
            for (uint32_t restrictions = 0; restrictions < 4; restrictions++) {
                subject_state state = adult_state(policy);
                born(&state, births[1 + restrictions % 3]);
                state.restrictions = restrictions;
                request.activity = activity;
                request.action = 1U << action;
                request.is_approved = restrictions < 2;
                request.reason_code = 1 + restrictions % policy->reason_code_count;
                request.state = &state;
                request.actor = activity % 2 == 0 ? ACTOR_HUMAN : ACTOR_SERVICE;
                request.resource = (request.action & ORACLE_TABLES) == 0
                                       ? 0
                                       : restrictions % (policy->resource_count + 1);
                for_all_roles(&request, &state);
            }
        }
    }
}

/* --- At random, against a second reading -------------------------------------------------------- */

/* Mostly one that the activity has. */
static uint32_t random_action(const velum_random *chance, uint32_t activity)
{
    const uint32_t any = 1U << random_below(chance, ACTION_COUNT);

    if (activity >= policy->activity_count || random_below(chance, 4) == 0) {
        return any;
    }
    const uint32_t has = policy->activities[activity].actions;
    uint32_t skipped = random_below(chance, (uint32_t)__builtin_popcount(has));
    for (uint32_t rest = has; rest != 0; rest &= rest - 1, skipped--) {
        if (skipped == 0) {
            return rest & -rest;
        }
    }
    return any;
}

/* Mostly one where one belongs, and none where none does. */
static uint32_t random_resource(const velum_random *chance, uint32_t action)
{
    if (random_below(chance, 10) == 0) {
        return random_below(chance, policy->resource_count + 3);
    }
    const bool has_table = (action & ORACLE_TABLES) != 0 &&
                           (action != ACTION_RETAINED_READ || random_below(chance, 2) == 0);
    return has_table ? 1 + random_below(chance, policy->resource_count) : 0;
}

static decide_request random_request(const velum_random *chance, const subject_state *state)
{
    const uint32_t activity = random_below(chance, 10) == 0
                                  ? random_below(chance, 100)
                                  : random_below(chance, policy->activity_count);
    decide_request request = {
        .bundle = random_below(chance, 8) == 0   ? bumped
                  : random_below(chance, 8) == 0 ? graded
                                                 : policy,
        .activity = activity,
        .activity_is_held = random_below(chance, 10) != 0,
        .actor = random_below(chance, 10) == 0 ? random_below(chance, 16)
                                               : 1U << random_below(chance, 3),
        .action = random_action(chance, activity),
        .all_fields = random_below(chance, 3) == 0,
        .unknown_fields = random_below(chance, 12) == 0 ? random_below(chance, 3) : 0,
        .now_ns = NOW_NS + (int64_t)random_below(chance, 1000) * NS_PER_SECOND,
        .clock_behind = random_below(chance, 8) == 0,
        .reason_code = random_below(chance, random_below(chance, 8) == 0 ? 40 : 5),
        .is_approved = random_below(chance, 3) == 0,
        .is_of_many = random_below(chance, 4) == 0,
        .subject_status = random_below(chance, 8) == 0 ? random_below(chance, 6) : SUBJECT_LIVE,
        .state = random_below(chance, 16) == 0 ? NULL : state,
    };

    request.resource = random_resource(chance, request.action);
    random_fill(chance, &request.roles, sizeof(request.roles));
    request.roles &= random_below(chance, 2) == 0 ? 0xff : 0xffffffff;
    const uint32_t count = request.resource == 0 || request.resource > policy->resource_count
                               ? policy->field_count
                               : policy->resources[request.resource - 1].field_count;
    request.fields = random_below(chance, 1U << (count + (random_below(chance, 3) == 0 ? 1 : 0)));
    request.actor_attributes[0] = attribute_value_hash(TEXT_LITERAL("s01"));
    if (random_below(chance, 4) == 0) {
        request.actor_attributes[0] = random_below(chance, 2);
    }
    return request;
}

static subject_state random_person(const velum_random *chance)
{
    subject_state state = adult_state(policy);

    subject_state_put_birthday(&state, NULL);
    const char *const birth = births[random_below(chance, BIRTHS)];
    if (birth != NULL) {
        born(&state, birth);
    }
    state.restrictions = random_below(chance, 3) == 0 ? random_below(chance, 4) : 0;
    state.jurisdiction =
        (uint16_t)(random_below(chance, 2) == 0 ? random_below(chance, policy->pack_count + 2) : 0);
    for (uint32_t i = 0; i < state.consent_count; i++) {
        state.consents[i].state =
            (uint8_t)(random_below(chance, 2) == 0 ? CONSENT_GIVEN : random_below(chance, 10));
        state.consents[i].grade = (uint8_t)random_below(chance, GRADE_IMPORTED + 1);
        state.consents[i].version = (uint16_t)(1 + random_below(chance, 2));
        state.consents[i].expires_s = random_below(chance, 3) * (NOW_S + 500) / 2;
    }
    if (random_below(chance, 4) == 0) {
        (void)!subject_state_put_attribute(&state, 1, random_below(chance, 3));
    }
    return state;
}

static void two_readings_agree(void **unused)
{
    random_seeded seeded;
    const velum_random chance = random_from_seed(&seeded, test_seed());
    size_t allowed = 0;
    size_t whole = 0;

    for (int i = 0; i < 200000; i++) {
        subject_state state = random_person(&chance);
        const decide_request request = random_request(&chance, &state);
        const verdict out = decided(&request);
        const verdict again = decided(&request);

        assert_sound(&request, &out);
        reasons_seen |= UINT64_C(1) << out.reason;
        allowed += out.allowed ? 1 : 0;
        assert_memory_equal(&out, &again, offsetof(verdict, consent_state)); /* D-3 */
        if ((request.action & (ACTION_ROWS_WRITE | ACTION_COUNTS | ACTION_SEND)) ==
            request.action) {
            assert_int_equal(out.allowed, oracle_allows_whole(&request));
            whole += out.allowed ? 1 : 0;
        }
        for (uint32_t field = 0; field < 64; field++) {
            const uint64_t bit = UINT64_C(1) << field;
            const int cell = (out.clear & bit) != 0 ? 2 : (out.masked & bit) != 0 ? 1 : 0;
            const int expected =
                field < oracle_field_count(&request) ? oracle_cell(&request, field) : 0;
            if (cell != expected) {
                fail_msg("field %u: %d, wanted %d (seed %llu, case %d)", field, cell, expected,
                         (unsigned long long)test_seed(), i);
            }
        }
    }
    assert_true(allowed > 9000 && whole > 200); /* or the generator says nothing */
}

/* Every reason that decide gives of itself was given above; the others belong to core/. */
static void every_reason_was_reached(void **unused)
{
    static const uint32_t elsewhere[] = {
        REASON_UNKNOWN_PURPOSE, REASON_NOT_OWN_RECORD,     REASON_CONFLICT,
        REASON_INVALID_VALUE,   REASON_CREDENTIAL_REVOKED, REASON_CREDENTIAL_EXPIRED,
        REASON_UNKNOWN_DOMAIN,  REASON_APPROVAL_UNKNOWN,   REASON_APPROVAL_PENDING,
        REASON_APPROVAL_DENIED, REASON_APPROVAL_EXPIRED,   REASON_APPROVAL_USED,
        REASON_APPROVAL_SCOPE,  REASON_APPROVAL_OWN,       REASON_REQUEST_STATE,
        REASON_REQUEST_REASON,  REASON_REQUEST_LATE,       REASON_IDENTITY_UNVERIFIED,
        REASON_LEGAL_HOLD,      REASON_SUPPRESSED,         REASON_VERSION_CHANGED,
        REASON_POLICY_APPROVAL, REASON_CONSENT_COOL_DOWN,  REASON_CONSENT_SEPARATE,
        REASON_UNKNOWN_NOTICE,  REASON_UNKNOWN_POLICY,     REASON_CAP_REACHED,
        REASON_QUIET_HOURS,     REASON_NO_ADDRESS,         REASON_UNKNOWN_TEMPLATE,
        REASON_SMALL_NUMBERS,   REASON_TOO_MANY_MATCH,     REASON_QUOTA,
        REASON_MODULE_CHANGED,  REASON_WORK_GONE,          REASON_MERGED,
    };
    uint64_t expected = (UINT64_C(1) << REASON_COUNT) - 1;

    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        expected &= ~(UINT64_C(1) << elsewhere[i]);
    }
    for (uint32_t i = 0; i < REASON_COUNT; i++) {
        if ((reasons_seen >> i & 1) != (expected >> i & 1)) {
            fail_msg("%s: %s", reason_name(i), (expected >> i & 1) != 0 ? "never" : "unexpected");
        }
    }
}

/* Told, not asserted: a loaded machine is no defect. Well below 1 µs on any of the last ten years. */
static void a_decision_is_quick(void **unused)
{
    const subject_state state = adult_state(policy);
    const decide_request request = care_request(policy, &state);
    struct timespec begin;
    struct timespec end;
    uint64_t sum = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 200000; i++) {
        sum += decided(&request).clear;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    const int64_t ns = (end.tv_sec - begin.tv_sec) * NS_PER_SECOND + end.tv_nsec - begin.tv_nsec;
    print_message("# decide: %lld ns\n", (long long)(ns / 200000));
    assert_true(sum != 0);
}

static int start(void **unused)
{
    if (crypto_init() != VELUM_OK) {
        return -1;
    }
    policy = sample_bundle();
    bumped = sample_bundle();
    for (uint32_t i = 0; i < bumped->purpose_count; i++) {
        bumped->purposes[i].version++;
    }
    graded = sample_bundle();
    for (uint32_t i = 0; i < graded->purpose_count; i++) {
        graded->purposes[i].grade_min = GRADE_SELF_VERIFIED;
    }
    return 0;
}

static int stop(void **unused)
{
    bundle_free(policy);
    bundle_free(bumped);
    bundle_free(graded);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(less_never_reveals_more), cmocka_unit_test(every_action_is_monotone),
        cmocka_unit_test(two_readings_agree),      cmocka_unit_test(every_reason_was_reached),
        cmocka_unit_test(a_decision_is_quick),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
