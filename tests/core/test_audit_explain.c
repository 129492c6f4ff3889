/* A decision, told and made again by the policy of its time (D-3), whatever came after it. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit_replay.h"
#include "core/verbs.h"

static const reply *explain_of(place *self, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_AUDIT_EXPLAIN, .body = body});
}

static const reply *explain(place *self, uint64_t index)
{
    return assert_done(
        explain_of(self, text_f(self, "{\"index\":%llu}", (unsigned long long)index)));
}

/* The index of the newest entry. */
static uint64_t newest(place *self)
{
    return log_size(self) - 1;
}

static uint64_t read_by(place *self, const char *token, const char *ref, const char *fields)
{
    ask(self, (question){VELUM_VERB_READ, token, .ref = ref, .fields = fields});
    return newest(self);
}

/* "masked" for a field of the explanation; "" when it was not asked. */
static const char *shown(place *self, const reply *answer, const char *field)
{
    for (size_t i = 0; i < json_count(value_at(answer, "fields")); i++) {
        if (strcmp(text_at(answer, text_f(self, "fields/%zu/name", i)), field) == 0) {
            return text_at(answer, text_f(self, "fields/%zu/shown", i));
        }
    }
    return "";
}

static void assert_replay(const reply *answer, const char *result)
{
    if (strcmp(text_at(answer, "replay/result"), result) != 0) {
        fail_msg("not %s: %s", result, answer->body);
    }
}

/* The sample policy with a text of it replaced, in force. */
static void replace_in_policy(place *self, const char *from, const char *to)
{
    const char *const changes[] = {from, to, NULL};

    change_policy(self, changes);
}

/* GDPR 5(2) */
static void what_was_allowed_and_masked(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const uint64_t index = read_by(self, care, ref, "mobile,name,address");
    const reply *answer = explain(self, index);

    assert_int_equal(integer_at(answer, "index"), index);
    assert_text_at(answer, "type", "read");
    assert_text_at(answer, "actor", "care");
    assert_text_at(answer, "actor_kind", "service");
    assert_text_at(answer, "auth", "token");
    assert_text_at(answer, "activity/zh", "客户服务");
    assert_text_at(answer, "purpose/en", "Customer care and after-sales service");
    assert_text_at(answer, "basis", "contract");
    assert_text_at(answer, "decision", "partial");
    assert_text_at(answer, "rule", "customer_service");
    assert_string_equal(shown(self, answer, "mobile"), "masked");
    assert_string_equal(shown(self, answer, "name"), "clear");
    assert_string_equal(shown(self, answer, "address"), "hidden");
    assert_text_at(answer, "subject_status", "live");
    assert_text_at(answer, "age_class", "adult");
    assert_text_at(answer, "clock", "right");
    assert_text_at(answer, "policy/name", "Sample retail chain");
    assert_replay(answer, "same");
    assert_null(strstr(answer->body, "13800000001"));
    const reply *by_id = explain_of(self, text_f(self, "{\"id\":\"%s\"}", text_at(answer, "id")));
    assert_int_equal(integer_at(assert_done(by_id), "index"), index);
}

static void every_kind_of_refusal_comes_out_again(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const campaign = marketing_token(self);
    const char *const desk = desk_token(self);
    const char *const guide =
        token_of(self, (holder){"guide", NULL, "store_guide", "customer-care", "shop", "S002"});
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const child = person(self, shop, "13800000002", child_profile);
    uint64_t indexes[8];
    size_t count = 0;
    static const char *const reasons[] = {
        "no-field-allowed", "consent-missing",   "consent-withdrawn", "no-role-applies",
        "unknown-field",    "approval-required", "unknown-subject",
    };

    indexes[count++] = read_by(self, care, ref, "id_card");
    indexes[count++] = read_by(self, campaign, ref, "mobile");
    consent(self, desk, ref, "direct-marketing", "given");
    consent(self, desk, ref, "direct-marketing", "withdrawn");
    indexes[count++] = read_by(self, campaign, ref, "mobile");
    indexes[count++] = read_by(self, guide, ref, "name");
    indexes[count++] = read_by(self, shop, ref, "shoe_size");
    indexes[count++] = read_by(self, care, child, "name");
    sql_run(self, "DELETE FROM subject");
    place_reopen(self);
    indexes[count++] = read_by(self, shop, ref, "name");
    for (size_t i = 0; i < count; i++) {
        const reply *answer = explain(self, indexes[i]);
        assert_text_at(answer, "decision", "deny");
        assert_text_at(answer, "reason", reasons[i]);
        assert_true(strlen(text_at(answer, "reason_title")) > 0);
        assert_replay(answer, "same");
    }
}

static void a_consent_and_its_notice(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const campaign = marketing_token(self);
    const char *const desk = desk_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    consent(self, desk, ref, "direct-marketing", "given");
    const reply *given = explain(self, newest(self));
    assert_text_at(given, "type", "consent");
    assert_text_at(given, "consent_purpose", "direct-marketing");
    assert_replay(given, "same");
    const uint64_t index = read_by(self, campaign, ref, "mobile,city");
    const reply *answer = explain(self, index);
    assert_text_at(answer, "basis", "consent");
    assert_text_at(answer, "consent/state", "given");
    assert_int_equal(integer_at(answer, "consent/version"), 1);
    assert_text_at(answer, "notice/id", "marketing");
    assert_text_at(answer, "notice/language", "zh");
    assert_true(strlen(text_at(answer, "notice/title")) > 0);
    assert_int_equal(strlen(text_at(answer, "notice/hash")), 64);
    assert_null(value_at(answer, "notice/text"));
    assert_replay(answer, "same");
    const reply *whole = assert_done(explain_of(
        self, text_f(self, "{\"index\":%llu,\"notice\":true}", (unsigned long long)index)));
    assert_non_null(strstr(text_at(whole, "notice/text"), text_at(whole, "notice/title")));
}

/* A store guide's decision rests on a condition whose value no leaf holds. */
static void a_condition_is_assumed_and_said(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const guide =
        token_of(self, (holder){"guide", NULL, "store_guide", "customer-care", "shop", "S001"});
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const reply *answer = explain(self, read_by(self, guide, ref, "name,mobile"));

    assert_text_at(answer, "rule", "store_guide");
    assert_replay(answer, "same");
    assert_true(json_bool(value_at(answer, "replay/assumed_conditions")));
}

/* Bundles are kept for ever: the old decision is explained by the old text.
 * PIPL 54, GDPR 5(2): an old decision is explained by the policy of its time. */
static void a_policy_that_changed_twice(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const uint64_t first = read_by(self, care, ref, "mobile,name");

    replace_in_policy(
        self,
        "clear: [name, city, member_level, orders.*, order_lines.*]\\n    mask: [mobile, email, birthday]\\n",
        "clear: [name, city, member_level, mobile]\\n    mask: [email, birthday]\\n");
    const uint64_t second = read_by(self, care, ref, "mobile,name");
    replace_in_policy(self, "{zh: 客户服务, en: Customer care}", "{zh: 客服, en: Help desk}");
    const uint64_t third = read_by(self, care, ref, "mobile,name");
    const reply *answer = explain(self, first);
    assert_string_equal(shown(self, answer, "mobile"), "masked");
    assert_text_at(answer, "activity/en", "Customer care");
    assert_false(json_bool(value_at(answer, "policy/in_force")));
    assert_true(json_bool(value_at(answer, "policy/available")));
    assert_replay(answer, "same");
    answer = explain(self, second);
    assert_string_equal(shown(self, answer, "mobile"), "clear");
    assert_false(json_bool(value_at(answer, "policy/in_force")));
    assert_replay(answer, "same");
    answer = explain(self, third);
    assert_text_at(answer, "activity/en", "Help desk");
    assert_true(json_bool(value_at(answer, "policy/in_force")));
    assert_replay(answer, "same");
}

/* A policy's text that is gone, or was changed in the database, is said as such. */
static void a_policy_that_is_not_there(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const uint64_t index = read_by(self, shop, ref, "name");
    const char *const hash = text_f(self, "%s", text_at(explain(self, index), "policy/hash"));

    replace_in_policy(self, "{zh: 客户服务, en: Customer care}", "{zh: 客服, en: Help desk}");
    sql_run(self, text_f(self, "DELETE FROM bundle_file WHERE hash = x'%s'", hash));
    const reply *answer = explain(self, index);
    assert_false(json_bool(value_at(answer, "policy/available")));
    assert_replay(answer, "no-policy");
}

/* A text that is not the one of its hash is damage, never an explanation. */
static void a_policy_that_was_changed_in_place(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const uint64_t index = read_by(self, shop, ref, "name");
    const char *const hash = text_f(self, "%s", text_at(explain(self, index), "policy/hash"));

    replace_in_policy(self, "{zh: 客户服务, en: Customer care}", "{zh: 客服, en: Help desk}");
    sql_run(self, text_f(self,
                         "UPDATE bundle_file SET bytes = CAST(replace(CAST(bytes AS TEXT),"
                         " 'Delivery', 'Carriage') AS BLOB)"
                         " WHERE hash = x'%s' AND name = 'policy.yaml'",
                         hash));
    const reply *answer =
        explain_of(self, text_f(self, "{\"index\":%llu}", (unsigned long long)index));
    assert_int_not_equal(answer->status, 200);
    assert_string_equal(answer->problem, "data-damaged");
}

/* What a leaf cannot have been written as by this gate comes out otherwise, and is named. */
static void another_decision_is_named(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const world *const world = self->gate->world;
    audit_entry entry;
    audit_replay replay;

    log_at(self, read_by(self, care, ref, "mobile,name"), &entry);
    audit_replay_run(world, world->bundle, &entry, &replay);
    assert_int_equal(replay.result, REPLAY_SAME);
    entry.mask_count = 0; /* as if the number had gone out in the clear */
    audit_replay_run(world, world->bundle, &entry, &replay);
    assert_int_equal(replay.result, REPLAY_DIFFERENT);
    const uint32_t mobile = bundle_find(world->bundle, REGISTRY_FIELD, TEXT_LITERAL("mobile"));
    assert_true(replay.fields == UINT64_C(1) << mobile);
    entry.decision = ENTRY_DENY;
    entry.refusal = world->reasons[REASON_CONSENT_MISSING];
    audit_replay_run(world, world->bundle, &entry, &replay);
    assert_int_equal(replay.result, REPLAY_DIFFERENT);
    assert_true(replay.found.allowed);
    entry.refusal = world->reasons[REASON_CREDENTIAL_REVOKED];
    audit_replay_run(world, world->bundle, &entry, &replay);
    assert_int_equal(replay.result, REPLAY_BESIDE);
}

static void acts_that_are_no_decisions(void **state)
{
    place *const self = *state;
    const char *const rows =
        "{\"source\":\"test\",\"on_match\":\"update\",\"rows\":["
        "{\"line\":1,\"identifiers\":[{\"type\":\"mobile\",\"value\":\"13800000011\"}],"
        "\"profile\":{\"name\":\"甲\"}}]}";
    const reply *answer = explain(self, 0);

    assert_text_at(answer, "type", "genesis");
    assert_replay(answer, "no-decision");
    assert_done(ask(self, (question){VELUM_VERB_IMPORT, .body = rows}));
    const uint64_t last = newest(self);
    answer = explain(self, last - 1);
    assert_text_at(answer, "type", "import");
    assert_text_at(answer, "stage", "intent");
    assert_int_equal(integer_at(answer, "among"), 1);
    assert_int_equal(integer_at(answer, "related_index"), last);
    assert_replay(answer, "no-decision");
}

static void an_officers_act(void **state)
{
    place *const self = *state;

    shop_token(self);
    const reply *answer = explain(self, newest(self));
    assert_text_at(answer, "type", "credential");
    assert_text_at(answer, "actor", "officer");
    assert_text_at(answer, "actor_kind", "human");
    assert_text_at(answer, "operation", "add");
    assert_replay(answer, "same");
    const reply *again = explain(self, newest(self)); /* the explanation explained */
    assert_text_at(again, "operation", "explain");
    assert_replay(again, "same");
}

static void what_does_not_fit_is_refused(void **state)
{
    place *const self = *state;

    assert_refused(explain_of(self, "{\"index\":999999}"), 422, "invalid-value");
    assert_refused(explain_of(self, "{}"), 422, "invalid-value");
    assert_refused(explain_of(self, "{\"id\":\"00\"}"), 400, "malformed-request");
    assert_refused(explain_of(self, "{\"id\":\"00000000000000000000000000000001\"}"), 422,
                   "invalid-value");
    assert_refused(explain_of(self, "{\"index\":1,\"canary\":2}"), 400, "malformed-request");
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(what_was_allowed_and_masked),
        WITH_PLACE(every_kind_of_refusal_comes_out_again),
        WITH_PLACE(a_consent_and_its_notice),
        WITH_PLACE(a_condition_is_assumed_and_said),
        WITH_PLACE(a_policy_that_changed_twice),
        WITH_PLACE(a_policy_that_is_not_there),
        WITH_PLACE(a_policy_that_was_changed_in_place),
        WITH_PLACE(another_decision_is_named),
        WITH_PLACE(acts_that_are_no_decisions),
        WITH_PLACE(an_officers_act),
        WITH_PLACE(what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
