/* Consents given, withdrawn, outdated and expired; children; what customers see of themselves. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/verbs.h"

#define GIVEN "{\"purpose\":\"direct-marketing\",\"state\":\"given\"}"
#define WITHDRAWN "{\"purpose\":\"direct-marketing\",\"state\":\"withdrawn\"}"

/* A shop, a desk, a campaign and a customer. */
typedef struct scene {
    const char *shop;
    const char *desk;
    const char *campaign; /* may not know that a customer exists */
    const char *caller;   /* of `telesales`, which may */
    const char *ref;
} scene;

static scene scene_of(place *self)
{
    scene made = {
        .shop = shop_token(self), .desk = desk_token(self), .campaign = marketing_token(self)};

    made.ref = person(self, made.shop, "13800000001", full_profile);
    return made;
}

static const reply *market(place *self, const scene *scene)
{
    return ask(self, (question){VELUM_VERB_READ, scene->campaign, .ref = scene->ref});
}

static const reply *put(place *self, const scene *scene, const char *body)
{
    return ask(self,
               (question){VELUM_VERB_CONSENT_PUT, scene->desk, .ref = scene->ref, .body = body});
}

static const reply *list(place *self, const scene *scene)
{
    return assert_done(
        ask(self, (question){VELUM_VERB_CONSENT_LIST, scene->desk, .ref = scene->ref}));
}

/* Why the last entry was refused. */
static void assert_last_reason(place *self, const char *expected)
{
    audit_entry entry;

    log_sync(self);
    log_last_denial(self, &entry);
    assert_int_equal(entry.decision, ENTRY_DENY);
    assert_string_equal(reason_of(self, &entry), expected);
}

/* PIPL 15: the next read is denied; what was recorded before stays. */
static void giving_opens_and_withdrawing_closes(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry entry;

    assert_refused(market(self, &scene), 404, "not-found");
    const reply *given = assert_done(put(self, &scene, GIVEN));
    assert_text_at(given, "state", "given");
    assert_text_at(given, "purpose", "direct-marketing");
    assert_int_equal(integer_at(given, "version"), 1);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_CONSENT);
    assert_int_equal(entry.consent_state, CONSENT_GIVEN);
    assert_int_equal(entry.consent_version, 1);
    const reply *seen = assert_done(market(self, &scene));
    assert_text_at(seen, "fields/mobile", "138****0001");
    assert_text_at(seen, "decision/consent/id", text_at(given, "id"));
    assert_null(value_at(seen, "fields/address"));
    log_last(self, &entry);
    assert_int_equal(entry.consent_version, 1);
    assert_done(put(self, &scene, WITHDRAWN));
    assert_refused(market(self, &scene), 404, "not-found");
    assert_last_reason(self, "consent-withdrawn");
}

static void repeating_changes_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    const reply *first = assert_done(put(self, &scene, GIVEN));
    const reply *again = assert_done(put(self, &scene, GIVEN));
    assert_string_equal(first->body, again->body);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 1);
    const reply *no = assert_done(put(self, &scene, WITHDRAWN));
    assert_string_equal(no->body, assert_done(put(self, &scene, WITHDRAWN))->body);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 2);
}

static void the_ledger_tells_all_of_it(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_int_equal(json_count(value_at(list(self, &scene), "history")), 0);
    assert_text_at(list(self, &scene), "consents/0/state", "unknown");
    put(self, &scene, GIVEN);
    put(self, &scene, WITHDRAWN);
    put(self, &scene, GIVEN);
    put(self, &scene, "{\"purpose\":\"analytics\",\"state\":\"withdrawn\",\"language\":\"en\"}");
    place_reopen(self);
    const reply *all = list(self, &scene);
    assert_text_at(all, "subject", scene.ref);
    assert_int_equal(json_count(value_at(all, "history")), 4);
    static const char *const states[] = {"given", "withdrawn", "given", "withdrawn"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(integer_at(all, text_f(self, "history/%d/n", i)), i + 1);
        assert_text_at(all, text_f(self, "history/%d/state", i), states[i]);
        assert_int_equal(strlen(text_at(all, text_f(self, "history/%d/notice/sha256", i))), 64);
    }
    assert_text_at(all, "history/3/notice/language", "en");
    assert_text_at(all, "consents/0/state", "given");
    assert_text_at(all, "consents/1/state", "withdrawn");
    sql_run(self, "DELETE FROM consent_event WHERE n = 2");
    place_reopen(self);
    assert_refused(ask(self, (question){VELUM_VERB_CONSENT_LIST, scene.desk, .ref = scene.ref}),
                   500, "data-damaged");
}

static void what_is_no_consent_is_refused(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_refused(put(self, &scene, "{\"purpose\":\"order-fulfilment\",\"state\":\"given\"}"), 422,
                   "unknown-purpose");
    assert_refused(put(self, &scene, "{\"purpose\":\"direct-marketing\",\"state\":\"maybe\"}"), 400,
                   "malformed-request");
    assert_refused(put(self, &scene, "{\"purpose\":\"direct-marketing\"}"), 400,
                   "malformed-request");
    assert_refused(
        ask(self, (question){VELUM_VERB_CONSENT_PUT, scene.shop, .ref = scene.ref, .body = GIVEN}),
        403, "action-not-allowed");
    assert_refused(ask(self, (question){VELUM_VERB_CONSENT_PUT, scene.campaign, .ref = scene.ref,
                                        .body = GIVEN}),
                   403, "action-not-allowed");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 0);
}

/* --- a changed purpose ------------------------------------------------------------------------ */

/* The active policy with a piece of its text replaced, as the body of policy-apply. */
static const char *changed_policy(place *self, const char *from, const char *to)
{
    char *packed = NULL;
    size_t size = 0;
    const char *const top = getenv("VELUM_TOP");
    const char *const folder = text_f(self, "%s/policy/sample", top == NULL ? "." : top);

    assert_int_equal(
        velum_policy_pack((velum_string){folder, strlen(folder)}, &packed, &size, NULL), VELUM_OK);
    char *const copy = strndup(packed, size);
    velum_body_free(packed);
    char *const at = strstr(copy, from);
    assert_non_null(at);
    *at = '\0';
    const char *const body = text_f(self, "%s%s%s", copy, to, at + strlen(from));
    free(copy);
    return body;
}

static void apply(place *self, const char *body)
{
    assert_done(ask(self, (question){VELUM_VERB_POLICY_APPLY, .body = body}));
}

#define MARKETING_1 "basis: consent # PIPL 13(1), 24; GDPR 6(1)(a), 21\\n    version: 1"
#define MARKETING_2 "basis: consent # PIPL 13(1), 24; GDPR 6(1)(a), 21\\n    version: 2"

/* PIPL 14, NDR 22: a changed purpose is asked for anew. */
static void a_new_version_needs_a_new_consent(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put(self, &scene, GIVEN));
    assert_done(market(self, &scene));
    apply(self, changed_policy(self, MARKETING_1, MARKETING_2));
    assert_refused(market(self, &scene), 404, "not-found");
    assert_last_reason(self, "consent-outdated");
    assert_non_null(strstr(list(self, &scene)->body, "\"current\":false"));
    const reply *renewed = assert_done(put(self, &scene, GIVEN));
    assert_int_equal(integer_at(renewed, "version"), 2);
    assert_done(market(self, &scene));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 2);
}

/* --- time ------------------------------------------------------------------------------------- */

static void a_consent_expires_and_can_be_given_again(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    const reply *first = assert_done(put(self, &scene, GIVEN));
    assert_non_null(strstr(text_at(first, "expires"), "2028-11-20T12:00:00"));
    place_set_clock(self, PLACE_EPOCH_NS + 730 * DAY_NS - NS_PER_SECOND);
    assert_done(market(self, &scene));
    place_set_clock(self, PLACE_EPOCH_NS + 730 * DAY_NS);
    assert_refused(market(self, &scene), 404, "not-found");
    assert_last_reason(self, "consent-expired");
    const reply *again = assert_done(put(self, &scene, GIVEN));
    assert_string_not_equal(text_at(again, "id"), text_at(first, "id"));
    assert_text_at(again, "state", "renewed");
    assert_done(market(self, &scene));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 2);
}

/* The log has been quiet since long before: expiry goes by the clock all the same. */
static void expiry_is_judged_by_the_later_time(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put(self, &scene, GIVEN));
    log_sync(self);
    place_set_clock(self, PLACE_EPOCH_NS + 800 * DAY_NS);
    assert_refused(market(self, &scene), 404, "not-found");
    assert_last_reason(self, "consent-expired");
}

static void a_clock_that_steps_back_revives_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *reason = NULL;

    assert_done(put(self, &scene, GIVEN));
    place_set_clock(self, PLACE_EPOCH_NS + 731 * DAY_NS);
    assert_refused(market(self, &scene), 404, "not-found");
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    assert_refused(market(self, &scene), 503, "clock-behind");
    assert_refused(market(self, &scene), 429, "rate-limited");
    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_E_UNAVAILABLE);
    assert_string_equal(reason, "clock-behind");
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}));
    place_reopen(self);
    assert_refused(market(self, &scene), 503, "clock-behind");
    assert_done(ask(self, (question){.verb = VELUM_VERB_CLOCK_ACCEPT}));
    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_OK);
    assert_done(market(self, &scene));
    place_reopen(self);
    assert_done(market(self, &scene));
}

static void clock_leaf_counted(void *context, uint64_t index, const audit_entry *entry)
{
    *(int *)context += entry->type == ENTRY_CLOCK ? 1 : 0;
}

static void an_episode_behind_is_one_leaf(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    int leaves = 0;

    place_set_clock(self, PLACE_EPOCH_NS - DAY_NS);
    for (int i = 0; i < 5; i++) {
        assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}));
    }
    log_visit(self, clock_leaf_counted, &leaves);
    assert_int_equal(leaves, 1);
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}));
    place_set_clock(self, PLACE_EPOCH_NS);
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}));
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}));
    leaves = 0;
    log_visit(self, clock_leaf_counted, &leaves);
    assert_int_equal(leaves, 2);
}

/* --- children --------------------------------------------------------------------------------- */

/* PIPL 31 */
static void a_child_cannot_consent(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    scene.ref = person(self, scene.shop, "13800000003", child_profile);
    assert_refused(put(self, &scene, GIVEN), 403, "guardian-consent-required");
    assert_last_reason(self, "guardian-consent-required");
    assert_done(put(self, &scene, WITHDRAWN));
    assert_refused(market(self, &scene), 404, "not-found");
    const char *const child = customer_of(self, scene.ref);
    assert_refused(ask(self, (question){VELUM_VERB_ME_CONSENT_PUT, child, .body = GIVEN}), 403,
                   "guardian-consent-required");
    assert_done(ask(self, (question){VELUM_VERB_ME_READ, .token = child}));
}

/* Nor by way of a consent given before the birthday was known. */
static void a_birthday_learned_later_closes(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    scene.ref = person(self, scene.shop, "13800000003", "{\"city\":\"常州\"}");
    assert_done(put(self, &scene, GIVEN));
    assert_done(market(self, &scene));
    person(self, scene.shop, "13800000003", "{\"birthday\":\"2020-05-06\"}");
    assert_refused(market(self, &scene), 404, "not-found");
    assert_last_reason(self, "guardian-consent-required");
}

static void a_child_grows_up_by_the_earlier_time(void **state)
{
    place *const self = *state;
    const char *const care = care_token(self);
    const char *const ref = person(self, shop_token(self), "13800000003",
                                   "{\"city\":\"苏州\","
                                   "\"birthday\":\"2012-11-23\"}");
    const question read = {VELUM_VERB_READ, care, .ref = ref};

    assert_refused(ask(self, read), 403, "approval-required");
    place_set_clock(self, PLACE_EPOCH_NS + 3 * DAY_NS);
    forget_refusals(self);
    assert_refused(ask(self, read), 403,
                   "approval-required"); /* the log has not seen this day yet */
    assert_done(ask(self, read));
}

/* --- customers themselves --------------------------------------------------------------------- */

static void customers_see_and_change_only_themselves(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const other = person(self, scene.shop, "13800000002", "{\"name\":\"赵六\"}");
    const char *const me = customer_of(self, scene.ref);
    audit_entry entry;

    const reply *seen = assert_done(ask(self, (question){VELUM_VERB_ME_READ, .token = me}));
    assert_text_at(seen, "categories/2/fields/id_card", "320402199005060018");
    assert_string_not_equal(text_at(seen, "subject"), scene.ref);
    log_last(self, &entry);
    assert_memory_equal(entry.actor_token, entry.subject_token, ENTRY_TOKEN_BYTES);
    const reply *still =
        assert_done(ask(self, (question){VELUM_VERB_ME_READ, me, .ref = other, .fields = "name"}));
    assert_text_at(still, "categories/0/fields/name", "王小明");
    assert_done(ask(self, (question){VELUM_VERB_ME_CONSENT_PUT, me, .body = GIVEN}));
    assert_done(market(self, &scene));
    assert_text_at(assert_done(ask(self, (question){VELUM_VERB_ME_CONSENT_LIST, .token = me})),
                   "consents/0/state", "given");
    assert_done(ask(self, (question){VELUM_VERB_ME_CONSENT_PUT, me, .body = WITHDRAWN}));
    assert_refused(market(self, &scene), 404, "not-found");
    assert_refused(ask(self, (question){VELUM_VERB_READ, me, .ref = other}), 403, "actor-kind");
    assert_refused(ask(self, (question){VELUM_VERB_CONSENT_PUT, me, .ref = other, .body = GIVEN}),
                   429, "rate-limited");
    assert_refused(ask(self, (question){VELUM_VERB_ME_READ, .token = scene.shop}), 403,
                   "actor-kind");
    assert_refused(ask(self, (question){VELUM_VERB_ME_READ, .activity = "audit"}), 403,
                   "actor-kind");
}

static void a_customers_token_ends(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const me = customer_of(self, scene.ref);
    const question read = {VELUM_VERB_ME_READ, .token = me};

    place_set_clock(self, PLACE_EPOCH_NS + 899 * NS_PER_SECOND);
    assert_done(ask(self, read));
    place_set_clock(self, PLACE_EPOCH_NS + 900 * NS_PER_SECOND);
    const uint64_t before = log_size(self);
    assert_refused(ask(self, read), 401, "unauthenticated");
    assert_int_equal(log_size(self), before);
    place_set_clock(self, PLACE_EPOCH_NS + 1000 * NS_PER_SECOND);
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}));
    place_set_clock(self, PLACE_EPOCH_NS + 2 * NS_PER_SECOND);
    assert_refused(ask(self, read), 401, "unauthenticated");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(giving_opens_and_withdrawing_closes),
        TEST(repeating_changes_nothing),
        TEST(the_ledger_tells_all_of_it),
        TEST(what_is_no_consent_is_refused),
        TEST(a_new_version_needs_a_new_consent),
        TEST(a_consent_expires_and_can_be_given_again),
        TEST(expiry_is_judged_by_the_later_time),
        TEST(a_clock_that_steps_back_revives_nothing),
        TEST(an_episode_behind_is_one_leaf),
        TEST(a_child_cannot_consent),
        TEST(a_birthday_learned_later_closes),
        TEST(a_child_grows_up_by_the_earlier_time),
        TEST(customers_see_and_change_only_themselves),
        TEST(a_customers_token_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
