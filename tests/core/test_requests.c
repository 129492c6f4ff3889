/* Requests taken in: who may ask what, what needs no officer, what people never stored may ask. */
#include "tests/core/request_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/verbs.h"

#define GIVEN(purpose) "{\"purpose\":\"" purpose "\",\"state\":\"given\"}"

static const reply *look_up(const people *self, const char *mobile)
{
    forget_refusals(self->place);
    return ask(self->place,
               (question){VELUM_VERB_LOOKUP, self->shop,
                          .body = text_f(self->place,
                                         "{\"identifier\":{\"type\":\"mobile\",\"value\":\"%s\"}}",
                                         mobile)});
}

static const char *id_of(const people *self, const reply *answer)
{
    return text_f(self->place, "%s", text_at(assert_done(answer), "request"));
}

/* --- customers -------------------------------------------------------------------------------------- */

/* GDPR 12, PIPL 50: the customer asks by themselves, sees the state and cancels. */
static void a_customer_asks_sees_and_cancels(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    const reply *made =
        assert_done(ask_myself(&people, "{\"right\":\"delete\",\"details\":\"搬家了,请删除\"}"));
    assert_text_at(made, "state", "open");
    assert_true(strlen(text_at(made, "due")) > 0);
    const char *const id = id_of(&people, made);
    const reply *mine = assert_done(my_requests(&people));
    assert_text_at(mine, "requests/0/id", id);
    assert_text_at(mine, "requests/0/details", "搬家了,请删除");
    assert_text_at(mine, "requests/0/right", "delete");
    assert_text_at(mine, "requests/0/jurisdictions/0", "cn-pipl");
    assert_text_at(assert_done(cancel_myself(&people, id)), "state", "revoked");
    assert_text_at(assert_done(cancel_myself(&people, id)), "state", "revoked");
    assert_state(self, id, "revoked");
    assert_refused(act(self, NULL, id, "approve", ""), 409, "request-state");
    assert_int_equal(count_acts(self, REQUEST_ACT_RECEIVE), 1);
}

/* R-4, fides#2284: asked again while it is open, it is the same one; other categories are not. */
static void duplicates_are_joined(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const char *const id = id_of(&people, ask_myself(&people, "{\"right\":\"delete\"}"));
    const reply *again =
        assert_done(ask_myself(&people, "{\"right\":\"delete\",\"details\":\"please\"}"));

    assert_text_at(again, "request", id);
    assert_true(json_bool(value_at(again, "joined")));
    assert_int_equal(count_acts(self, REQUEST_ACT_JOIN), 1);
    assert_text_at(show(self, id), "notes/0/text", "please"); /* what was said is not lost */
    const reply *some =
        assert_done(ask_myself(&people, "{\"right\":\"delete\",\"categories\":[\"contact\"]}"));
    assert_false(json_bool(value_at(some, "joined")));
    assert_done(cancel_myself(&people, id));
    assert_false(
        json_bool(value_at(assert_done(ask_myself(&people, "{\"right\":\"delete\"}")), "joined")));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request"), 3);
}

/* A request of somebody else, of another service, or of nobody: one answer. */
static void only_ones_own_are_seen(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const char *const id = id_of(&people, take_verified(&people, "access"));
    const char *const other =
        token_of(self, (holder){"other", NULL, "customer_service", "request-intake", "shop", NULL});
    const char *const stranger =
        customer_of(self, person(self, people.shop, "13800000002", full_profile));

    assert_text_at(
        assert_done(ask(self, (question){VELUM_VERB_REQUEST_GET, people.intake, .ref = id})),
        "state", "open");
    assert_refused(ask(self, (question){VELUM_VERB_REQUEST_GET, other, .ref = id}), 404,
                   "not-found");
    forget_refusals(self);
    assert_refused(ask(self, (question){VELUM_VERB_REQUEST_CANCEL, other, .ref = id}), 404,
                   "not-found");
    assert_refused(ask(self, (question){VELUM_VERB_REQUEST_GET, people.intake, .ref = "zz"}), 404,
                   "not-found");
    assert_refused(
        ask(self, (question){VELUM_VERB_ME_REQUEST_CANCEL, stranger, "self-service", .ref = id}),
        404, "not-found");
    assert_state(self, id, "open");
    assert_text_at(assert_done(cancel_myself(&people, id)), "state", "revoked");
}

/* --- who is asking ---------------------------------------------------------------------------------- */

/* spec/requests: a one-time code proves the number, not the person; nor does an old verification.
 * GDPR 12(6). */
static void only_a_person_who_was_verified_is_verified(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const unproved[] = {
        "",
        ",\"verified\":{\"method\":\"one-time-code\",\"at\":\"2026-11-21T11:59:00Z\"}",
        ",\"verified\":{\"method\":\"document\",\"at\":\"2026-11-20T11:59:59Z\"}",
    };

    for (size_t i = 0; i < 3; i++) {
        assert_text_at(assert_done(take_in(&people, "delete", unproved[i])), "state",
                       "need_user_verification");
    }
    assert_refused(
        take_in(&people, "delete",
                ",\"verified\":{\"method\":\"document\",\"at\":\"2026-11-21T12:00:01Z\"}"),
        422, "invalid-value");
    forget_refusals(self);
    assert_refused(
        take_in(&people, "delete",
                ",\"verified\":{\"method\":\"a-hunch\",\"at\":\"2026-11-21T12:00:00Z\"}"),
        422, "invalid-value");
    const reply *proved = assert_done(
        take_in(&people, "delete",
                ",\"verified\":{\"method\":\"document\",\"at\":\"2026-11-20T12:00:00Z\"}"));
    assert_text_at(proved, "state", "open"); /* it lends its proof to the one that waited */
    assert_true(json_bool(value_at(proved, "joined")));
}

/* GDPR 21(3): an objection overrides consent, at once, whoever shows only their number.
 * CCPA §7026. */
static void an_objection_needs_no_proof_and_no_officer(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const char *const campaign = marketing_token(self);
    const question market = {VELUM_VERB_READ, campaign, .ref = people.ref};
    audit_entry entry;

    consent(self, people.desk, people.ref, "direct-marketing", "given");
    assert_done(ask(self, market));
    const reply *made = assert_done(take_in(&people, "object-marketing", ""));
    assert_text_at(made, "state", "fulfilled");
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_REQUEST);
    assert_int_equal(input_of(&entry, INPUT_RIGHT), RIGHT_OBJECT_MARKETING);
    assert_int_equal(input_of(&entry, INPUT_REQUEST_STATE), REQUEST_FULFILLED);
    assert_int_equal(input_of(&entry, INPUT_REQUEST_ACT), REQUEST_ACT_RECEIVE);
    assert_refused(ask(self, market), 404, "not-found");
    log_sync(self);
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "marketing-objection");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 1);
    place_reopen(self);
    forget_refusals(self);
    assert_refused(ask(self, market), 404, "not-found");
}

/* PIPL 44, GDPR 18: storage only; a verified person needs no officer. */
static void a_restriction_runs_by_itself_for_who_is_verified(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const question read = {VELUM_VERB_READ, people.shop, .ref = people.ref};

    const char *const id = id_of(&people, take_in(&people, "restrict", ""));
    assert_state(self, id, "need_user_verification");
    assert_done(ask(self, read));
    assert_refused(act(self, NULL, id, "verify", ",\"method\":\"one-time-code\""), 409,
                   "identity-unverified");
    assert_text_at(assert_done(act(self, NULL, id, "verify", ",\"method\":\"document\"")), "state",
                   "fulfilled");
    assert_refused(ask(self, read), 403, "processing-restricted");
    assert_done(ask(self, (question){VELUM_VERB_ME_READ, customer_of(self, people.ref),
                                     .activity = "self-service"}));
}

static const reply *lift(place *self, const char *ref, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_SUBJECT_RESTRICTION, .activity = "requests",
                                .ref = text_f(self, "shop:%s", ref), .body = body});
}

/* GDPR 18(3): by an officer, who has told the customer; with an entry, and for nobody else. */
static void a_restriction_is_lifted(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const question read = {VELUM_VERB_READ, people.shop, .ref = people.ref};
    audit_entry entry;

    assert_refused(lift(self, people.ref, "{\"lift\":[\"processing\"]}"), 409, "conflict");
    assert_done(ask_myself(&people, "{\"right\":\"restrict\"}"));
    assert_done(ask_myself(&people, "{\"right\":\"object-marketing\"}"));
    assert_refused(ask(self, read), 403, "processing-restricted");
    assert_refused(lift(self, people.ref, "{}"), 422, "invalid-value");
    assert_refused(lift(self, people.ref, "{\"lift\":[]}"), 422, "invalid-value");
    assert_refused(lift(self, people.ref, "{\"lift\":[\"processing\",\"all\"]}"), 422,
                   "invalid-value");
    assert_refused(lift(self, people.ref, "{\"lift\":[7]}"), 422, "invalid-value");
    const reply *const lifted = assert_done(lift(self, people.ref, "{\"lift\":[\"processing\"]}"));
    assert_text_at(lifted, "restrictions/0", "marketing");
    assert_done(ask(self, read));
    log_sync(self);
    log_at(self, log_size(self) - 2, &entry);
    assert_int_equal(entry.type, ENTRY_RESTRICTION);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_LIFT);
    assert_done(lift(self, people.ref, "{\"lift\":[\"marketing\"]}"));
    place_reopen(self);
    assert_done(ask(self, read));
    assert_log_sound(self);
}

/* PIPL 15, GDPR 7(3): every consent that stands is an event with a leaf. */
static void withdrawing_takes_every_consent(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    consent(self, people.desk, people.ref, "direct-marketing", "given");
    consent(self, people.desk, people.ref, "analytics", "given");
    log_sync(self);
    const uint64_t before = log_size(self);
    assert_text_at(assert_done(take_in(&people, "withdraw", "")), "state", "fulfilled");
    log_sync(self);
    audit_entry entry;
    uint32_t consents = 0;
    uint32_t requests = 0;
    for (uint64_t i = before; i < log_size(self); i++) {
        log_at(self, i, &entry);
        consents += entry.type == ENTRY_CONSENT && entry.consent_state == CONSENT_WITHDRAWN;
        requests += entry.type == ENTRY_REQUEST;
    }
    assert_int_equal(consents, 2);
    assert_int_equal(requests, 1);
    const reply *held =
        assert_done(ask(self, (question){VELUM_VERB_CONSENT_LIST, people.desk, .ref = people.ref}));
    assert_text_at(held, "consents/0/state", "withdrawn");
    assert_text_at(held, "consents/1/state", "withdrawn");
    assert_log_sound(self);
}

/* --- people never stored, and numbers that changed hands ------------------------------------------------ */

static void somebody_not_stored_may_object(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    const char *const id = id_of(&people, take_by_identifier(&people, "opt-out", SOMEBODY, ""));
    assert_state(self, id, "fulfilled");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request WHERE subject IS NULL AND"
                                     " length(asker) = 32"),
                     1);
    assert_text_at(show(self, id), "identifier/value", "+8613899999999");
    const char *const wish = id_of(&people, take_by_identifier(&people, "access", SOMEBODY, ""));
    assert_state(self, wish, "need_user_verification");
    const reply *again = assert_done(take_by_identifier(&people, "access", SOMEBODY, ""));
    assert_text_at(again, "request", wish);
    place_reopen(self);
    assert_text_at(show(self, wish), "identifier/value", "+8613899999999");
    assert_text_at(assert_done(act(self, NULL, wish, "deny", ",\"reason\":\"no_match\"")), "reason",
                   "no_match");
}

/* "This is not me": the number is unlinked and found no more; the person stays. */
static void a_number_that_changed_hands_is_unlinked(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    assert_done(look_up(&people, MOBILE));
    const reply *made =
        take_by_identifier(&people, "not-me", "{\"type\":\"mobile\",\"value\":\"" MOBILE "\"}", "");
    assert_text_at(assert_done(made), "state", "fulfilled");
    assert_refused(look_up(&people, MOBILE), 404, "not-found");
    assert_done(ask(self, (question){VELUM_VERB_READ, people.shop, .ref = people.ref}));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 1);
    assert_refused(take_in(&people, "not-me", ""), 400, "malformed-request");
}

/* --- letters ---------------------------------------------------------------------------------------- */

/* CCPA §7021(b): the clock starts when the house received it. */
static void a_letter_counts_from_its_receipt(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    const reply *now = assert_done(take_in(&people, "access", ""));
    const reply *letter =
        assert_done(take_in(&people, "portability", ",\"received\":\"2026-11-01T12:00:00Z\""));
    assert_text_at(letter, "received", "2026-11-01T12:00:00.000Z");
    assert_true(strcmp(text_at(letter, "due"), text_at(now, "due")) < 0);
    assert_refused(take_in(&people, "explain", ",\"received\":\"2026-11-21T12:00:01Z\""), 422,
                   "invalid-value");
    forget_refusals(self);
    assert_refused(take_in(&people, "explain", ",\"received\":\"2026-08-23T11:59:59Z\""), 422,
                   "invalid-value");
    assert_done(take_in(&people, "explain", ",\"received\":\"2026-08-23T12:00:00Z\""));
}

/* Several or unknown jurisdictions: the shortest deadline of all packs (spec/law). */
static void the_strictest_law_counts_where_it_is_not_known(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const named[] = {"cn-pipl", "eu-gdpr", "us-ca", "atlantis"};
    const char *due[4];

    for (size_t i = 0; i < 4; i++) {
        const reply *made =
            assert_done(take_in(&people,
                                i < 2    ? i == 0 ? "access" : "explain"
                                : i == 2 ? "correct"
                                         : "delete",
                                text_f(self, ",\"jurisdictions\":[\"%s\"]", named[i])));
        due[i] = text_f(self, "%s", text_at(made, "due"));
        const reply *shown = assert_done(show(self, text_at(made, "request")));
        assert_int_equal(json_count(value_at(shown, "jurisdictions")), i < 3 ? 1 : 3);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(strcmp(due[3], due[i]) <= 0);
    }
    assert_refused(take_in(&people, "access", ",\"jurisdictions\":[]"), 400, "malformed-request");
}

/* --- strictness -------------------------------------------------------------------------------------- */

static void what_is_no_request_is_refused(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const wrong[] = {
        "{\"right\":\"delete\"}",
        "{\"right\":\"revenge\",\"identifier\":" SOMEBODY "}",
        "{\"right\":\"delete\",\"identifier\":" SOMEBODY ",\"colour\":1}",
        "{\"right\":\"delete\",\"identifier\":" SOMEBODY ",\"subject\":\"x\"}",
        "{\"right\":\"access\",\"identifier\":" SOMEBODY ",\"categories\":[\"contact\"]}",
        "{\"right\":\"delete\",\"identifier\":" SOMEBODY
        ",\"categories\":[\"contact\",\"contact\"]}",
        "{\"right\":\"delete\",\"identifier\":" SOMEBODY ",\"verified\":true}",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_refused(
            ask(self, (question){VELUM_VERB_REQUEST_CREATE, people.intake, .body = wrong[i]}), 400,
            "malformed-request");
    }
    assert_refused(take_by_identifier(&people, "delete", SOMEBODY, ",\"details\":\"\\u0007\""), 422,
                   "invalid-value");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request"), 0);
}

/* What was typed lies sealed: not in the plain columns, not in the log (I-5). */
static void words_are_sealed(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    assert_done(ask_myself(&people, "{\"right\":\"explain\",\"details\":\"canary-4711\"}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request WHERE"
                                     " instr(sealed, CAST('canary' AS BLOB)) > 0"),
                     0);
    sql_run(self, "UPDATE request SET sealed_version = sealed_version + 1");
    assert_refused(my_requests(&people), 500, "data-damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_customer_asks_sees_and_cancels, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(duplicates_are_joined, place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(only_ones_own_are_seen, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(only_a_person_who_was_verified_is_verified,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(an_objection_needs_no_proof_and_no_officer,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(a_restriction_runs_by_itself_for_who_is_verified,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(a_restriction_is_lifted, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(withdrawing_takes_every_consent, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(somebody_not_stored_may_object, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_number_that_changed_hands_is_unlinked, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_letter_counts_from_its_receipt, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(the_strictest_law_counts_where_it_is_not_known,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_request_is_refused, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(words_are_sealed, place_set_up_clock, place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
