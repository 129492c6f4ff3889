/* Destroying somebody's data: what goes, what stays, what the log and the certificate say (I-6; PIPL
 * 47, GDPR 17). */
#include "tests/core/erasure_support.h"

#include "core/certificate.h"
#include "core/erasure.h"
#include "core/verbs.h"

#include <stdio.h>
#include <unistd.h>

#define SECRETS 4

static const char *const secrets[SECRETS] = {MOBILE, "常州", "王小明", "ming@example.com"};

static const reply *look_up(place *self, const char *token, const char *mobile)
{
    return ask(self, (question){VELUM_VERB_LOOKUP, token,
                                .body = text_f(self,
                                               "{\"identifier\":{\"type\":\"mobile\","
                                               "\"value\":\"%s\"}}",
                                               mobile)});
}

/* --- the whole person ------------------------------------------------------------------------- */

/* PIPL 47, GDPR 17: nobody finds or reads them. */
static void erased_is_gone_for_everybody(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const marketing = marketing_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    assert_done(read_as(self, shop, ref));
    assert_done(erase(self, ref, "{}"));
    assert_refused(read_as(self, shop, ref), 410, "subject-erased");
    assert_refused(read_as(self, marketing, ref), 404, "not-found");
    assert_refused(look_up(self, shop, MOBILE), 404, "not-found");
    forget_refusals(self);
    assert_refused(erase(self, ref, "{}"), 410, "subject-erased");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM blind_index"), 0);
    assert_log_sound(self);
}

static void a_customers_token_opens_nothing_any_more(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    const char *const customer = customer_of(self, ref);

    assert_done(erase(self, ref, "{}"));
    assert_refused(ask(self, (question){VELUM_VERB_ME_READ, .token = customer}), 410,
                   "subject-erased");
}

static void intent_and_outcome_stand_in_the_log(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    audit_entry intent;
    audit_entry outcome;
    char id[33];

    const reply *erased = assert_done(erase(self, ref, "{}"));
    log_sync(self);
    log_at(self, log_size(self) - 2, &intent);
    log_last(self, &outcome);
    assert_int_equal(intent.type, ENTRY_ERASURE);
    assert_int_equal(intent.stage, ENTRY_INTENT);
    assert_int_equal(input_of(&intent, INPUT_DESTRUCTION), DESTROY_DATA);
    assert_int_equal(input_of(&intent, INPUT_DESTROYED), 3);
    assert_int_equal(input_of(&intent, INPUT_RETAINED), 1);
    assert_int_equal(outcome.type, ENTRY_ERASURE);
    assert_int_equal(outcome.stage, ENTRY_OUTCOME);
    assert_memory_equal(outcome.related, intent.event_id, sizeof intent.event_id);
    assert_memory_equal(outcome.subject_token, intent.subject_token, sizeof intent.subject_token);
    assert_int_equal(outcome.auth_method, 4);
    hex_encode(outcome.event_id, sizeof outcome.event_id, id);
    assert_text_at(erased, "certificate", id);
}

/* PIPL 47, GDPR 17: what went, and what a law keeps. */
static void the_certificate_says_what_went_and_holds(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    const reply *said = certificate_of(self, assert_done(erase(self, ref, "{}")));
    assert_text_at(said, "kind", "person");
    assert_true(list_has(said, "destroyed/categories", "profile"));
    assert_true(list_has(said, "destroyed/categories", "contact"));
    assert_false(list_has(said, "destroyed/categories", "location"));
    assert_int_equal(integer_at(said, "destroyed/identifiers"), 1);
    assert_text_at(said, "kept/0/category", "location");
    assert_text_at(said, "kept/0/law", "E-Commerce Law of the PRC, art. 31");
    assert_int_equal(integer_at(said, "suppressed/identifiers"), 1);
    for (uint32_t i = 0; i < SECRETS; i++) {
        assert_null(strstr(said->body, secrets[i])); /* I-5 */
    }
}

static void a_preview_changes_nothing(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    audit_entry entry;

    const reply *plan = assert_done(erase(self, ref, "{\"preview\":true}"));
    assert_true(list_has(plan, "destroys", "profile"));
    assert_text_at(plan, "keeps/0/category", "location");
    assert_null(value_at(plan, "certificate"));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_ERASURE);
    assert_int_equal(entry.stage, ENTRY_SINGLE);
    assert_done(read_as(self, shop, ref));
}

static void what_is_malformed_is_refused(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    assert_refused(erase(self, ref, "{\"all\":true}"), 400, "malformed-request");
    assert_refused(erase(self, ref, "{\"categories\":[]}"), 400, "malformed-request");
    assert_refused(erase(self, ref, "{\"categories\":\"contact\"}"), 400, "malformed-request");
    assert_refused(erase(self, ref, "{\"preview\":1}"), 400, "malformed-request");
    assert_refused(erase(self, ref, "{\"categories\":[\"orders\"]}"), 422, "invalid-value");
    assert_done(read_as(self, shop, ref));
}

/* --- legal hold --------------------------------------------------------------------------------- */

/* "where the law holds data, storage and protection only": PIPL 47. */
static void a_legal_hold_refuses(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    put_state(self, ref, 1, 0);
    assert_refused(erase(self, ref, "{}"), 409, "legal-hold");
    assert_refused(erase(self, ref, "{\"categories\":[\"contact\"]}"), 429, "rate-limited");
    forget_refusals(self);
    assert_refused(erase(self, ref, "{\"categories\":[\"contact\"]}"), 409, "legal-hold");
    assert_done(read_as(self, shop, ref));
    put_state(self, ref, 0, 0);
    assert_done(erase(self, ref, "{}"));
}

/* --- others agree ------------------------------------------------------------------------------- */

static const reply *agreed_to(place *self, const char *dpo, const char *ref, const char *what)
{
    const reply *asked = assert_done(ask(
        self, (question){VELUM_VERB_APPROVAL_ASK, .activity = "requests",
                         .body = text_f(self, "{\"kind\":\"erasure\",\"subject\":\"shop:%s\"%s}",
                                        ref, what)}));
    assert_done(
        ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, dpo, .ref = text_at(asked, "approval"),
                             .body = "{\"decision\":\"agree\"}"}));
    return asked;
}

static const reply *erase_with(place *self, const char *ref, const reply *approval,
                               const char *categories)
{
    return erase(
        self, ref,
        text_f(self, "{\"approval\":\"%s\"%s}", text_at(approval, "approval"), categories));
}

static void where_others_must_agree_nothing_goes_without_them(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    change_policy(self,
                  (const char *const[]){"erasure: {needed: 0}", "erasure: {needed: 1}", NULL});
    const char *const dpo = token_of(self, (holder){"an", "human", "dpo", "approvals", "*", NULL});
    assert_refused(erase(self, ref, "{}"), 403, "approval-required");
    const reply *whole = agreed_to(self, dpo, ref, "");
    assert_refused(erase_with(self, ref, whole, ",\"categories\":[\"contact\"]"), 403,
                   "approval-scope");
    const reply *plan =
        assert_done(erase(self, ref, "{\"preview\":true,\"categories\":[\"contact\"]}"));
    assert_int_equal(integer_at(plan, "approvals_needed"), 1);
    const reply *some =
        agreed_to(self, dpo, ref, text_f(self, ",\"what\":\"%s\"", text_at(plan, "what")));
    assert_done(erase_with(self, ref, some, ",\"categories\":[\"contact\"]"));
    assert_done(read_as(self, shop, ref));
    assert_done(erase_with(self, ref, whole, ""));
    assert_refused(read_as(self, shop, ref), 410, "subject-erased");
}

/* --- some categories ---------------------------------------------------------------------------- */

static void one_category_goes_and_the_rest_stays(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    const reply *erased = assert_done(erase(self, ref, "{\"categories\":[\"contact\"]}"));
    const reply *answer = assert_done(read_as(self, shop, ref));
    assert_null(value_at(answer, "fields/mobile"));
    assert_text_at(answer, "fields/name", "王小明");
    assert_text_at(answer, "fields/city", "常州");
    const reply *said = certificate_of(self, erased);
    assert_text_at(said, "kind", "categories");
    assert_true(list_has(said, "destroyed/categories", "contact"));
    assert_null(value_at(said, "suppressed"));
    place_reopen(self);
    answer = assert_done(read_as(self, shop, ref));
    assert_text_at(answer, "fields/name", "王小明");
    assert_null(value_at(answer, "fields/mobile"));
    assert_log_sound(self);
}

static void a_destroyed_category_can_be_given_anew(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    assert_done(erase(self, ref, "{\"categories\":[\"contact\"]}"));
    assert_string_equal(person(self, shop, MOBILE, "{\"mobile\":\"13900000009\"}"), ref);
    assert_text_at(assert_done(read_as(self, shop, ref)), "fields/mobile", "13900000009");
    assert_done(erase(self, ref, "{\"categories\":[\"contact\"]}"));
    assert_null(value_at(assert_done(read_as(self, shop, ref)), "fields/mobile"));
}

static void a_category_that_a_law_keeps_stays(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    assert_refused(erase(self, ref, "{\"categories\":[\"location\"]}"), 409, "conflict");
    const reply *erased =
        assert_done(erase(self, ref, "{\"categories\":[\"location\",\"contact\"]}"));
    assert_text_at(erased, "keeps/0/category", "location");
    assert_non_null(value_at(assert_done(read_as(self, shop, ref)), "fields/address"));
}

/* --- what could not be finished at once --------------------------------------------------------- */

/* The steward comes back each second; polled until a deadline. */
static void await_certificate(place *self, const char *id)
{
    const velum_clock clock = clock_system();
    const int64_t until = clock_monotonic_ns(&clock) + 30 * NS_PER_SECOND;
    const question asked = {VELUM_VERB_CERTIFICATE, .ref = id};

    while (strcmp(text_at(assert_done(ask(self, asked)), "state"), "erasing") == 0) {
        assert_true(clock_monotonic_ns(&clock) < until);
        usleep(50000);
    }
}

/* PIPL 47, GDPR 17; E-3 */
static void nothing_is_certified_before_the_keys_are_gone(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    lingerer reader = linger(self);
    const reply *erased = assert_done(erase(self, ref, "{}"));
    const char *const id = text_f(self, "%s", text_at(erased, "certificate"));
    const reply *awaited = ask(self, (question){VELUM_VERB_CERTIFICATE, .ref = id});
    assert_text_at(assert_done(awaited), "state", "erasing");
    assert_refused(read_as(self, shop, ref), 410, "subject-erased");
    leave(&reader);
    await_certificate(self, id);
    certificate_of(self, erased);
    assert_refused(
        ask(self, (question){VELUM_VERB_CERTIFICATE, .ref = "00000000000000000000000000000000"}),
        422, "invalid-value");
    assert_log_sound(self);
}

/* A copy of the folder in the middle is what a crash leaves: a start finishes it. */
static void a_start_finishes_what_was_begun(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    place crashed = *self;

    lingerer reader = linger(self);
    const reply *erased = assert_done(erase(self, ref, "{}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM destruction"), 1);
    log_sync(self);
    snprintf(crashed.folder, sizeof crashed.folder, "%s/crashed", self->parent);
    copy_folder(self->folder, crashed.folder);
    leave(&reader);
    crashed.replies = NULL;
    crashed.texts = NULL;
    place_open(&crashed);
    assert_int_equal(sql_count(&crashed, "SELECT count(*) FROM destruction"), 0);
    assert_refused(read_as(&crashed, shop, ref), 410, "subject-erased");
    certificate_of(&crashed, erased);
    assert_log_sound(&crashed);
    place_close(&crashed);
    place_forget(&crashed);
}

static void memory_round_trips_and_refuses(void **state)
{
    uint8_t bytes[ERASED_MEMORY_BYTES];
    const erased_memory in = {.restrictions = 2,
                              .jurisdiction = 7,
                              .ledger_count = 3,
                              .ledger_head = {1, 2},
                              .suppressed = 4,
                              .suppressed_until_ns = INT64_C(1795262400000000000)};
    erased_memory out;

    erased_memory_encode(&in, bytes);
    assert_int_equal(erased_memory_decode((crypto_part){bytes, sizeof bytes}, &out), VELUM_OK);
    assert_int_equal(out.restrictions, 2);
    assert_int_equal(out.jurisdiction, 7);
    assert_int_equal(out.ledger_count, 3);
    assert_memory_equal(out.ledger_head, in.ledger_head, sizeof in.ledger_head);
    assert_int_equal(out.suppressed, 4);
    assert_true(out.suppressed_until_ns == in.suppressed_until_ns);
    assert_int_equal(erased_memory_decode((crypto_part){bytes, sizeof bytes - 1}, &out),
                     VELUM_E_CORRUPT);
    bytes[0] = 2;
    assert_int_equal(erased_memory_decode((crypto_part){bytes, sizeof bytes}, &out), VELUM_E_NEWER);
    bytes[0] = 0;
    assert_int_equal(erased_memory_decode((crypto_part){bytes, sizeof bytes}, &out),
                     VELUM_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_round_trips_and_refuses),
        cmocka_unit_test_setup_teardown(erased_is_gone_for_everybody, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_customers_token_opens_nothing_any_more, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(intent_and_outcome_stand_in_the_log, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(the_certificate_says_what_went_and_holds, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_preview_changes_nothing, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_legal_hold_refuses, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(where_others_must_agree_nothing_goes_without_them,
                                        place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(one_category_goes_and_the_rest_stays, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_destroyed_category_can_be_given_anew, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_category_that_a_law_keeps_stays, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_certified_before_the_keys_are_gone, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_start_finishes_what_was_begun, place_set_up,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
