/* Tokens of the log turned back: under an activity of its own, recorded, a stretch at a time (I-10). */
#include "tests/core/support.h"

#include <stdio.h>
#include <string.h>

#include "core/verbs.h"

static const reply *resolve(place *self, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_AUDIT_RESOLVE, .body = body});
}

static const char *hex_of(place *self, const uint8_t token[ENTRY_TOKEN_BYTES])
{
    char hex[2 * ENTRY_TOKEN_BYTES + 1];

    hex_encode(token, ENTRY_TOKEN_BYTES, hex);
    return text_f(self, "%s", hex);
}

static void an_employee_or_a_system(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry read;
    audit_entry entry;

    person(self, shop, "13800000001", full_profile);
    log_last(self, &read);
    const char *const body = text_f(self, "{\"token\":\"%s\"}", hex_of(self, read.actor_token));
    const reply *answer = assert_done(resolve(self, body));
    assert_text_at(answer, "actor", "shop");
    assert_text_at(answer, "kind", "service");
    assert_null(value_at(answer, "revoked"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_RESOLVE);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_RESOLVE);
    assert_memory_equal(entry.user_token, read.actor_token, ENTRY_TOKEN_BYTES);
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"shop\"}"}));
    answer = assert_done(resolve(self, body)); /* who left is still known */
    assert_text_at(answer, "actor", "shop");
    assert_true(strlen(text_at(answer, "revoked")) > 0);
}

static void a_customer_of_a_month(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry read;
    audit_entry entry;

    for (int i = 0; i < 5; i++) {
        person(self, shop, text_f(self, "1380000001%d", i), full_profile);
    }
    const char *const ref = person(self, shop, "13800000002", full_profile);
    log_last(self, &read);
    assert_int_equal(read.token_epoch, 202611);
    const char *const token = hex_of(self, read.subject_token);
    const reply *answer = assert_done(resolve(
        self, text_f(self, "{\"token\":\"%s\",\"month\":\"202611\",\"domain\":\"shop\"}", token)));
    assert_text_at(answer, "subject", ref);
    assert_int_equal(integer_at(answer, "scanned"), 6);
    assert_null(value_at(answer, "next"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_RESOLVE);
    assert_memory_equal(entry.subject_token, read.subject_token, ENTRY_TOKEN_BYTES);
    assert_int_equal(input_of(&entry, 10), 6);
    assert_log_sound(self);
    /* The same bits were nobody's in another month. */
    assert_refused(
        resolve(self,
                text_f(self, "{\"token\":\"%s\",\"month\":\"202612\",\"domain\":\"shop\"}", token)),
        422, "invalid-value");
}

/* The customer finds it in the log of who looked: it is an entry of theirs. */
static void the_resolved_customer_can_see_it(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry read;

    person(self, shop, "13800000002", full_profile);
    log_last(self, &read);
    assert_done(resolve(self, text_f(self,
                                     "{\"token\":\"%s\",\"month\":\"202611\",\"domain\":"
                                     "\"shop\"}",
                                     hex_of(self, read.subject_token))));
    const reply *answer = assert_done(ask(
        self,
        (question){VELUM_VERB_AUDIT_WHO_SAW,
                   .body = "{\"identifier\":{\"type\":\"mobile\",\"value\":\"13800000002\"}}"}));
    assert_text_at(answer, "disclosures/0/type", "resolve");
    assert_text_at(answer, "disclosures/0/actor", "officer");
}

/* Going on from a row is how a million customers are looked at in several calls. */
static void it_goes_on_where_it_stopped(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry read;

    for (int i = 0; i < 5; i++) {
        person(self, shop, text_f(self, "1380000001%d", i), full_profile);
    }
    log_last(self, &read);
    const char *const token = hex_of(self, read.subject_token);
    const reply *answer = assert_done(resolve(
        self, text_f(self, "{\"token\":\"%s\",\"month\":\"202611\",\"domain\":\"shop\",\"from\":3}",
                     token)));
    assert_int_equal(integer_at(answer, "scanned"), 2);
    assert_refused(
        resolve(self,
                text_f(self,
                       "{\"token\":\"%s\",\"month\":\"202611\",\"domain\":\"shop\",\"from\":5}",
                       token)),
        422, "invalid-value");
}

static void without_the_activity_it_is_refused_and_recorded(void **state)
{
    place *const self = *state;
    const char *const auditor =
        token_of(self, (holder){"auditor", "human", "dpo", "audit", "shop", NULL});
    audit_entry entry;

    assert_refused(
        ask(self, (question){VELUM_VERB_AUDIT_RESOLVE, auditor,
                             .body = "{\"token\":\"00000000000000000000000000000001\"}"}),
        403, "activity-not-registered");
    log_last_denial(self, &entry);
    assert_int_equal(entry.type, ENTRY_RESOLVE);
    assert_int_equal(entry.decision, ENTRY_DENY);
    assert_string_equal(reason_of(self, &entry), "activity-not-registered");
}

static void a_person_of_one_domain_names_it_in_that_alone(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const clerk =
        token_of(self, (holder){"clerk", "human", "dpo", "token-resolution", "crm", NULL});
    audit_entry read;

    const char *const ref = person(self, shop, "13800000002", full_profile);
    log_last(self, &read);
    const char *const token = hex_of(self, read.subject_token);
    const reply *answer = assert_done(ask(
        self, (question){VELUM_VERB_AUDIT_RESOLVE, clerk,
                         .body = text_f(self, "{\"token\":\"%s\",\"month\":\"202611\"}", token)}));
    assert_string_not_equal(text_at(answer, "subject"), ref); /* of the domain crm */
    assert_refused(ask(self, (question){VELUM_VERB_AUDIT_RESOLVE, clerk,
                                        .body = text_f(self,
                                                       "{\"token\":\"%s\",\"month\":\"202611\","
                                                       "\"domain\":\"shop\"}",
                                                       token)}),
                   403, "unknown-domain");
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *body;
        int32_t status;
        const char *problem;
    } rows[] = {
        {"{\"token\":\"00000000000000000000000000000001\"}", 422, "invalid-value"}, /* forged */
        {"{\"token\":\"00000000000000000000000000000001\",\"month\":\"202611\",\"domain\":\"shop\"}",
         422, "invalid-value"},
        {"{\"token\":\"00000000000000000000000000000001\",\"month\":\"202613\",\"domain\":\"shop\"}",
         422, "invalid-value"},
        {"{\"token\":\"00000000000000000000000000000001\",\"month\":\"2026-11\"}", 422,
         "invalid-value"},
        {"{\"token\":\"00\"}", 400, "malformed-request"},
        {"{\"token\":\"13800000001138000000011380000000\",\"canary\":1}", 400, "malformed-request"},
        {"{}", 400, "malformed-request"},
    };
    place *const self = *state;

    shop_token(self);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_refused(resolve(self, rows[i].body), rows[i].status, rows[i].problem);
    }
    const reply *answer =
        resolve(self, "{\"token\":\"00000000000000000000000000000001\",\"month\":\"202611\"}");
    assert_non_null(strstr(answer->body, "domain"));
    assert_int_not_equal(answer->status, 200);
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(an_employee_or_a_system),
        WITH_PLACE(a_customer_of_a_month),
        WITH_PLACE(the_resolved_customer_can_see_it),
        WITH_PLACE(it_goes_on_where_it_stopped),
        WITH_PLACE(without_the_activity_it_is_refused_and_recorded),
        WITH_PLACE(a_person_of_one_domain_names_it_in_that_alone),
        WITH_PLACE(what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
