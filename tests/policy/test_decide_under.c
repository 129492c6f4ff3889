/* The same act under another bundle: things are matched by registry number, the unknown is denied. */
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bundle *policy;
static bundle *same;

static bundle *changed_bundle(const char *from, const char *to)
{
    VELUM_AUTO_MEM char *text_changed = replaced(small_policy, from, to);
    findings caught;
    bundle *out = NULL;

    assert_int_equal(compile_text(text_changed, &caught, &out), VELUM_OK);
    return out;
}

static bundle *small_bundle(void)
{
    bundle *const out = changed_bundle("Shop", "Shop");

    number_everything(out);
    return out;
}

static decide_request small_request(const bundle *small, const subject_state *state)
{
    decide_request request = {
        .bundle = small,
        .activity = activity_named(small, "customer-care"),
        .activity_is_held = true,
        .actor = ACTOR_SERVICE,
        .roles = role_bit(small, "guide"),
        .action = ACTION_READ,
        .all_fields = true,
        .now_ns = NOW_NS,
        .subject_status = SUBJECT_LIVE,
        .state = state,
    };

    request.actor_attributes[0] = attribute_value_hash(TEXT_LITERAL("s01"));
    return request;
}

/* D-3: under itself, and under a copy, a request finds the same. */
static void the_same_bundle_says_the_same(void **state)
{
    static const uint32_t actors[] = {ACTOR_SERVICE, ACTOR_HUMAN, ACTOR_CUSTOMER};
    subject_state person = adult_state(policy);

    for (uint32_t activity = 0; activity <= policy->activity_count; activity++) {
        for (uint32_t action = 0; action < ACTION_COUNT; action++) {
            for (uint32_t i = 0; i < 3 * 16; i++) {
                decide_request request = care_request(policy, &person);
                verdict here;
                verdict there;
                request.activity = activity;
                request.action = 1U << action;
                request.actor = actors[i % 3];
                request.roles = (i * 37) & 0x7f;
                request.reason_code = i % 5;
                request.is_approved = i % 2 == 0;
                request.all_fields = i % 4 != 0;
                request.fields = (i * 0x55) & 0x3ff;
                born(&person, i % 3 == 0 ? "2015-06-01" : "1990-06-01");
                decide(&request, &here);
                decide_under(&request, same, &there);
                assert_int_equal(there.allowed, here.allowed);
                assert_int_equal(there.reason, here.reason);
                assert_int_equal(there.obligations, here.obligations);
                assert_true(there.clear == here.clear);
                assert_true(there.masked == here.masked);
                assert_true(there.hidden == here.hidden);
            }
        }
    }
}

static void fields_and_roles_travel_by_number(void **state)
{
    VELUM_AUTO(bundle) *small = small_bundle();
    VELUM_AUTO(bundle) *turned = changed_bundle(
        "  profile:\n",
        "  extra:\n    shoe: {title: {zh: 鞋, en: Shoe}, class: public}\n  profile:\n");
    const subject_state person = adult_state(small);
    const decide_request request = small_request(small, &person);
    verdict here;
    verdict there;

    number_after(turned, small);
    decide(&request, &here);
    decide_under(&request, turned, &there);
    assert_true(here.allowed && there.allowed);
    assert_true(there.clear == field_set(small, "birthday"));
    assert_true(there.clear == here.clear && there.masked == here.masked);
    assert_true(there.rule == 1);
}

typedef struct loss {
    const char *from;
    const char *to;
    uint32_t reason;
} loss;

/* D-2: what the other bundle does not know is denied there. */
static void the_unknown_is_denied(void **state)
{
    static const loss losses[] = {
        {"  customer-care: {", "  other-care: {", REASON_UNKNOWN_ACTIVITY},
        {"  guide: {", "  expert: {", REASON_NO_ROLE_APPLIES},
        {"attributes: [store]", "attributes: [shop, store]", REASON_NONE},
        {"actions: [lookup, read]", "actions: [lookup, read], reason-codes: [why]",
         REASON_REASON_CODE_NEEDED},
        {"mask: [name], where: {store: same-as-actor}", "mask: [name]", REASON_NONE},
        {"fields: [name, birthday]", "fields: [birthday]", REASON_NONE},
    };
    VELUM_AUTO(bundle) *small = small_bundle();
    const subject_state person = adult_state(small);

    for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        VELUM_AUTO_MEM char *coded =
            replaced(small_policy, "masks:\n", "reason-codes: {why: {zh: 因, en: Why}}\nmasks:\n");
        VELUM_AUTO_MEM char *changed = replaced(coded, losses[i].from, losses[i].to);
        VELUM_AUTO(bundle) *other = NULL;
        findings caught;
        const decide_request request = small_request(small, &person);
        verdict there;

        assert_int_equal(compile_text(changed, &caught, &other), VELUM_OK);
        number_after(other, small);
        decide_under(&request, other, &there);
        if (there.reason != losses[i].reason) {
            fail_msg("%s: %s", losses[i].to, reason_name(there.reason));
        }
    }
}

static void a_field_that_is_gone_was_asked_for(void **state)
{
    VELUM_AUTO(bundle) *small = small_bundle();
    VELUM_AUTO(bundle) *renamed = NULL;
    const subject_state person = adult_state(small);
    decide_request request = small_request(small, &person);
    verdict there;
    findings caught;
    VELUM_AUTO_MEM char *one = replaced(small_policy, "    name: {title", "    nick: {title");
    VELUM_AUTO_MEM char *two =
        replaced(one, "fields: [name, birthday]", "fields: [nick, birthday]");
    VELUM_AUTO_MEM char *three = replaced(two, "mask: [name]", "mask: [nick]");

    assert_int_equal(compile_text(three, &caught, &renamed), VELUM_OK);
    number_after(renamed, small);
    decide_under(&request, renamed, &there);
    assert_true(there.allowed); /* all that there is */
    assert_true((there.clear | there.masked) == field_set(small, "birthday"));
    request.all_fields = false;
    request.fields = field_set(small, "name,birthday");
    decide_under(&request, renamed, &there);
    assert_int_equal(there.reason, REASON_UNKNOWN_FIELD);
    request.fields = field_set(small, "birthday");
    decide_under(&request, renamed, &there);
    assert_true(there.allowed);
    request.fields = UINT64_C(1) << 60;
    decide_under(&request, renamed, &there);
    assert_int_equal(there.reason, REASON_UNKNOWN_FIELD);
}

static void without_numbers_nothing_is_known(void **state)
{
    VELUM_AUTO(bundle) *small = small_bundle();
    VELUM_AUTO(bundle) *bare = changed_bundle("Shop", "Shop");
    const subject_state person = adult_state(small);
    decide_request request = small_request(small, &person);
    verdict there;

    decide_under(&request, bare, &there);
    assert_int_equal(there.reason, REASON_UNKNOWN_ACTIVITY);
    assert_int_equal(there.decision, 3);
    decide_under(&request, NULL, &there);
    assert_false(there.allowed);
    request.bundle = NULL;
    decide_under(&request, small, &there);
    assert_false(there.allowed);
}

static int start(void **state)
{
    if (crypto_init() != VELUM_OK) {
        return -1;
    }
    policy = sample_bundle();
    same = sample_bundle();
    return 0;
}

static int stop(void **state)
{
    bundle_free(policy);
    bundle_free(same);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bundle_says_the_same),
        cmocka_unit_test(fields_and_roles_travel_by_number),
        cmocka_unit_test(the_unknown_is_denied),
        cmocka_unit_test(a_field_that_is_gone_was_asked_for),
        cmocka_unit_test(without_numbers_nothing_is_known),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
