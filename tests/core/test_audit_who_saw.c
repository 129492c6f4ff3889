/* Who saw this customer's data, why: exactly theirs, bulk ones too (GDPR 15(1)(c), PIPL 55). */
#include "tests/core/support.h"

#include <stdio.h>
#include <string.h>

#include "core/verbs.h"

#define BY_MOBILE "\"identifier\":{\"type\":\"mobile\",\"value\":\"%s\"}"

static const reply *who_saw(place *self, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_AUDIT_WHO_SAW, .body = body});
}

static const reply *of_mobile(place *self, const char *mobile, const char *more)
{
    return assert_done(who_saw(self, text_f(self, "{" BY_MOBILE "%s}", mobile, more)));
}

static size_t count_of(const reply *answer)
{
    return json_count(value_at(answer, "disclosures"));
}

static void read_by(place *self, const char *token, const char *ref, const char *fields)
{
    assert_done(ask(self, (question){VELUM_VERB_READ, token, .ref = ref, .fields = fields}));
}

/* PIPL 54, GDPR 15(1)(c): to whom it was disclosed. */
static void who_when_why_and_what(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const other = person(self, shop, "13800000002", full_profile);

    read_by(self, care, ref, "mobile,name");
    read_by(self, care, other, "mobile");
    read_by(self, shop, ref, "address");
    const reply *answer = of_mobile(self, "138 0000 0001", "");
    assert_int_equal(count_of(answer), 2);
    assert_text_at(answer, "disclosures/0/actor", "care");
    assert_text_at(answer, "disclosures/0/at", "2026-11-21T12:00:00.000Z");
    assert_true(list_has(answer, "disclosures/0/roles", "customer_service"));
    assert_text_at(answer, "disclosures/0/activity", "customer-care");
    assert_text_at(answer, "disclosures/0/activity_zh", "客户服务");
    assert_text_at(answer, "disclosures/0/purpose_en", "Customer care and after-sales service");
    assert_text_at(answer, "disclosures/0/basis", "contract");
    assert_true(list_has(answer, "disclosures/0/fields", "mobile"));
    assert_true(list_has(answer, "disclosures/0/masked", "mobile"));
    assert_false(list_has(answer, "disclosures/0/masked", "name"));
    assert_text_at(answer, "disclosures/0/decision", "partial");
    assert_text_at(answer, "titles/mobile/zh", "手机号码");
    assert_text_at(answer, "disclosures/1/actor", "shop");
    assert_null(strstr(answer->body, "13800000001"));
    const reply *numbers = of_mobile(self, "13800000001", ",\"field\":\"mobile\"");
    assert_int_equal(count_of(numbers), 1);
    assert_text_at(numbers, "disclosures/0/actor", "care");
}

static void the_question_is_recorded(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry entry;
    audit_entry asked;

    const char *const ref = person(self, shop, "13800000001", full_profile);
    read_by(self, shop, ref, "city");
    log_last(self, &entry);
    of_mobile(self, "13800000001", "");
    log_last(self, &asked);
    assert_int_equal(asked.type, ENTRY_LOG_READ);
    assert_int_equal(input_of(&asked, INPUT_OPERATION), OPERATION_WHO_SAW);
    assert_int_equal(asked.record_count, 1);
    assert_memory_equal(asked.subject_token, entry.subject_token, ENTRY_TOKEN_BYTES);
    assert_log_sound(self);
}

static void a_refusal_is_no_disclosure(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const campaign = marketing_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    ask(self,
        (question){VELUM_VERB_READ, campaign, .ref = ref, .fields = "mobile"}); /* no consent */
    assert_int_equal(count_of(of_mobile(self, "13800000001", "")), 0);
}

static void the_consent_stands_beside_it(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const campaign = marketing_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    consent(self, desk_token(self), ref, "direct-marketing", "given");
    read_by(self, campaign, ref, "mobile");
    const reply *answer = of_mobile(self, "13800000001", ",\"field\":\"mobile\"");
    assert_int_equal(count_of(answer), 1);
    assert_text_at(answer, "disclosures/0/basis", "consent");
    assert_int_equal(integer_at(answer, "disclosures/0/consent_version"), 1);
    assert_int_equal(strlen(text_at(answer, "disclosures/0/consent")), 32);
}

/* A chunk's leaf names everybody in it; it is found for exactly those (spec/audit, bulk). */
static void an_import_is_found_for_exactly_its_customers(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const rows =
        "{\"source\":\"test\",\"on_match\":\"update\",\"rows\":["
        "{\"line\":1,\"identifiers\":[{\"type\":\"mobile\",\"value\":\"13800000011\"}],"
        "\"profile\":{\"name\":\"甲\"}},"
        "{\"line\":2,\"identifiers\":[{\"type\":\"mobile\",\"value\":\"13800000012\"}],"
        "\"profile\":{\"name\":\"乙\"}}]}";

    person(self, shop, "13800000010", full_profile);
    assert_done(ask(self, (question){VELUM_VERB_IMPORT, .body = rows}));
    for (int i = 1; i <= 2; i++) {
        const reply *answer = of_mobile(self, text_f(self, "1380000001%d", i), "");
        assert_int_equal(count_of(answer), 1);
        assert_text_at(answer, "disclosures/0/type", "import");
        assert_int_equal(integer_at(answer, "disclosures/0/among"), 2);
    }
    assert_int_equal(count_of(of_mobile(self, "13800000010", "")), 0);
    assert_int_equal(count_of(of_mobile(self, "13800000011", ",\"field\":\"mobile\"")), 0);
}

static void by_reference_and_by_span(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    read_by(self, shop, ref, "city");
    place_set_clock(self, PLACE_EPOCH_NS + 30 * DAY_NS); /* another month: another token */
    read_by(self, shop, ref, "name");
    const char *const subject = text_f(self, "{\"subject\":\"shop:%s\"}", ref);
    assert_int_equal(count_of(assert_done(who_saw(self, subject))), 2);
    const reply *december =
        of_mobile(self, "13800000001", ",\"since\":\"2026-12-01T00:00:00+08:00\"");
    assert_int_equal(count_of(december), 1);
    assert_true(list_has(december, "disclosures/0/fields", "name"));
    const reply *november =
        of_mobile(self, "13800000001", ",\"until\":\"2026-12-01T00:00:00+08:00\"");
    assert_int_equal(count_of(november), 1);
    assert_true(list_has(november, "disclosures/0/fields", "city"));
}

/* Somebody who left, and whose credential is taken away, is a token and nothing more. */
static void a_credential_that_is_gone_is_a_token(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    read_by(self, shop, ref, "city");
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"shop\"}"}));
    assert_text_at(of_mobile(self, "13800000001", ""), "disclosures/0/actor", "shop");
    sql_run(self, "DELETE FROM credential WHERE name = 'shop'");
    place_reopen(self);
    const reply *answer = of_mobile(self, "13800000001", "");
    assert_string_equal(text_at(answer, "disclosures/0/actor"), "");
    assert_int_equal(strlen(text_at(answer, "disclosures/0/actor_token")), 32);
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *body;
        int32_t status;
        const char *problem;
    } rows[] = {
        {"{}", 400, "malformed-request"},
        {"{\"subject\":\"shop:x\",\"identifier\":{\"type\":\"mobile\",\"value\":\"13800000001\"}}",
         400, "malformed-request"},
        {"{\"identifier\":{\"type\":\"mobile\",\"value\":\"13800000009\"}}", 404, "not-found"},
        {"{\"identifier\":{\"type\":\"mobile\",\"value\":\"canary\"}}", 422, "invalid-value"},
        {"{\"identifier\":{\"type\":\"mobile\",\"value\":\"13800000001\"},\"field\":\"canary\"}",
         422, "invalid-value"},
        {"{\"identifier\":{\"type\":\"mobile\",\"value\":\"13800000001\"},\"canary\":1}", 400,
         "malformed-request"},
    };
    place *const self = *state;
    const char *const shop = shop_token(self);

    person(self, shop, "13800000001", full_profile);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const reply *answer = who_saw(self, rows[i].body);
        assert_refused(answer, rows[i].status, rows[i].problem);
        assert_null(strstr(answer->body, "canary"));
    }
    assert_refused(ask(self, (question){VELUM_VERB_AUDIT_WHO_SAW, shop,
                                        .body = "{\"identifier\":{\"type\":\"mobile\","
                                                "\"value\":\"13800000001\"}}"}),
                   403, "activity-not-registered");
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(who_when_why_and_what),
        WITH_PLACE(the_question_is_recorded),
        WITH_PLACE(a_refusal_is_no_disclosure),
        WITH_PLACE(the_consent_stands_beside_it),
        WITH_PLACE(an_import_is_found_for_exactly_its_customers),
        WITH_PLACE(by_reference_and_by_span),
        WITH_PLACE(a_credential_that_is_gone_is_a_token),
        WITH_PLACE(what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
