/* Officers' acts: two at once, one's own, reasons, terms, recipients that fail, approvals. */
#include "tests/core/request_support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/verbs.h"

/* Somebody outside the house who is told (GDPR 19). */
static const char *const with_recipient[] = {
    "purpose: order-fulfilment\\n    actions: [create",
    "purpose: order-fulfilment\\n    recipient: warehouse\\n    actions: [create", NULL};

static const char *id_of(const people *self, const reply *answer)
{
    return text_f(self->place, "%s", text_at(assert_done(answer), "request"));
}

/* the second of two is refused with a reason, and that is recorded. */
static void of_two_officers_the_second_is_told(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const char *const id = id_of(&people, take_verified(&people, "access"));
    const int64_t seen = integer_at(show(self, id), "version");
    audit_entry entry;

    assert_done(act_on(self, id, seen, "approve"));
    assert_refused(act_on(self, id, seen, "fulfil"), 409, "conflict");
    log_sync(self);
    log_last_denial(self, &entry);
    assert_int_equal(entry.decision, ENTRY_DENY);
    assert_string_equal(reason_of(self, &entry), "conflict");
    assert_state(self, id, "in_progress");
    assert_refused(act_on(self, id, seen + 7, "fulfil"), 429, "rate-limited");
    assert_text_at(assert_done(act(self, NULL, id, "fulfil", "")), "state", "fulfilled");
}

typedef struct racer {
    place *place;
    question asked;
    int32_t status;
} racer;

static void *race(void *context)
{
    racer *const self = context;
    const velum_request request = request_of(&self->asked);
    velum_answer *answer = NULL;

    if (velum_gate_call(self->place->gate, &request, &answer, NULL) == VELUM_OK) {
        self->status = velum_answer_status(answer);
        velum_answer_free(answer);
    }
    return NULL;
}

/* At the same moment one approves and one denies: one of them is done. */
static void of_two_at_once_one_decides(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const rights[] = {"access",      "correct",     "explain",
                                         "portability", "next-of-kin", "object-automation"};

    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        const char *const id = id_of(&people, take_verified(&people, rights[i]));
        pthread_t threads[2];
        racer racers[2] = {
            {self,
             {VELUM_VERB_REQUEST_DECIDE, .ref = id, .body = "{\"act\":\"fulfil\",\"version\":1}"},
             0},
            {self,
             {VELUM_VERB_REQUEST_DECIDE, people.officer, "requests", .ref = id,
              .body = "{\"act\":\"deny\",\"version\":1,\"reason\":\"other\"}"},
             0}};

        for (int j = 0; j < 2; j++) {
            assert_int_equal(pthread_create(&threads[j], NULL, race, &racers[j]), 0);
        }
        for (int j = 0; j < 2; j++) {
            pthread_join(threads[j], NULL);
        }
        assert_int_equal(racers[0].status + racers[1].status, 200 + 409);
        assert_state(self, id, racers[0].status == 200 ? "fulfilled" : "denied");
        assert_int_equal(integer_at(show(self, id), "version"), 2);
    }
}

/* who took it in neither verifies nor decides it, and says nothing for its sender. */
static void nobody_decides_what_they_took_in(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const char *const body = text_f(self, "{\"right\":\"access\",\"subject\":\"%s\"", people.ref);
    const question letter = {VELUM_VERB_REQUEST_CREATE, people.officer, "request-intake",
                             .body = text_f(self, "%s}", body)};
    const question vouched = {VELUM_VERB_REQUEST_CREATE, people.officer, "request-intake",
                              .body = text_f(self,
                                             "%s,\"verified\":{\"method\":\"document\",\"at\":"
                                             "\"2026-11-21T11:00:00Z\"}}",
                                             body)};

    assert_refused(ask(self, vouched), 403, "approval-own");
    const char *const id = id_of(&people, ask(self, letter));
    static const char *const acts[][2] = {{"verify", ",\"method\":\"document\""},
                                          {"approve", ""},
                                          {"deny", ",\"reason\":\"other\""},
                                          {"fulfil", ""},
                                          {"extend", ",\"details\":\"x\""}};
    for (size_t i = 0; i < 5; i++) {
        forget_refusals(self);
        assert_refused(
            ask(self, (question){VELUM_VERB_REQUEST_DECIDE, people.officer, "requests", .ref = id,
                                 .body = text_f(self, "{\"act\":\"%s\",\"version\":1%s}",
                                                acts[i][0], acts[i][1])}),
            403, "approval-own");
    }
    assert_text_at(assert_done(act(self, NULL, id, "verify", ",\"method\":\"document\"")), "state",
                   "open");
    assert_text_at(show(self, id), "verification/method", "document");
    assert_text_at(show(self, id), "taken_by", "second");
    assert_text_at(show(self, id), "subject", text_f(self, "shop:%s", people.ref));
}

/* PIPL 50: a refusal gives its reason, and the person reads it. */
static void a_refusal_gives_its_reason(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const char *const id = id_of(&people, take_verified(&people, "delete"));

    assert_refused(act(self, NULL, id, "deny", ""), 422, "request-reason");
    forget_refusals(self);
    assert_refused(act(self, NULL, id, "deny", ",\"reason\":\"mood\""), 422, "request-reason");
    assert_state(self, id, "open");
    assert_done(act(self, NULL, id, "deny",
                    ",\"reason\":\"claim_not_covered\",\"note\":\"保修期内不能删除。\""));
    const reply *mine = assert_done(my_requests(&people));
    assert_text_at(mine, "requests/0/state", "denied");
    assert_text_at(mine, "requests/0/reason", "claim_not_covered");
    assert_text_at(mine, "requests/0/notes/0/text", "保修期内不能删除。");
    audit_entry entry;
    bool found = false;
    for (uint64_t i = 0; i < log_size(self); i++) {
        log_at(self, i, &entry);
        found = found || input_of(&entry, INPUT_DENIAL) == DENIAL_NOT_COVERED;
    }
    assert_true(found);
    assert_refused(act(self, NULL, id, "approve", ""), 409, "request-state");
}

/* Where a refusal may not say why, it does not say so the second time either. */
static void a_repeated_refusal_tells_no_more(void **state)
{
    place *const self = *state;

    change_policy(self, (const char *const[]){
                            "  request: {needed: 0}", "  request: {needed: 1}",
                            "actions: [request-decide, erase]\\n    actors: [human]\\n"
                            "    knows-existence: true",
                            "actions: [request-decide, erase]\\n    actors: [human]", NULL});
    const people people = people_of(self);
    const char *const id = id_of(&people, take_verified(&people, "access"));
    const reply *first = assert_refused(act(self, NULL, id, "fulfil", ""), 404, "not-found");
    assert_null(value_at(first, "detail"));
    const reply *second = assert_refused(act(self, NULL, id, "fulfil", ""), 429, "rate-limited");
    assert_null(value_at(second, "detail"));
}

/* GDPR 12(3): once, with reasons, in time. */
static void an_extension_is_told_in_time_and_once(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;

    const char *const id =
        id_of(&people, take_in(&people, "portability", ",\"jurisdictions\":[\"eu-gdpr\"]"));
    const char *const due = text_f(self, "%s", text_at(show(self, id), "due"));
    assert_refused(act(self, NULL, id, "extend", ""), 422, "request-reason");
    assert_done(act(self, NULL, id, "extend", ",\"details\":\"Three systems have to be asked.\""));
    const reply *after = assert_done(show(self, id));
    assert_true(strcmp(text_at(after, "due"), due) > 0);
    assert_text_at(after, "extension_details", "Three systems have to be asked.");
    assert_true(json_bool(value_at(after, "extended")));
    assert_refused(act(self, NULL, id, "extend", ",\"details\":\"again\""), 409, "request-state");
    const char *const late = id_of(&people, take_in(&people, "explain",
                                                    ",\"jurisdictions\":[\"eu-gdpr\"],\"verified\":"
                                                    "{\"method\":\"document\",\"at\":"
                                                    "\"2026-11-21T11:00:00Z\"}"));
    pass_days(self, &now_ns, 40);
    assert_refused(act(self, NULL, late, "extend", ",\"details\":\"too late\""), 409,
                   "request-late");
}

static void only_who_was_verified_is_answered(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const rights[] = {"delete", "access", "correct", "close-account"};

    for (size_t i = 0; i < 4; i++) {
        const char *const id = id_of(&people, take_in(&people, rights[i], ""));
        forget_refusals(self);
        assert_refused(act(self, NULL, id, "approve", ""), 409, "identity-unverified");
        forget_refusals(self);
        assert_refused(act(self, NULL, id, "fulfil", ""), 409, "identity-unverified");
        assert_state(self, id, "need_user_verification");
    }
}

/* A deletion is fulfilled by a destruction, never by a word. */
static void a_deletion_is_not_fulfilled_by_a_word(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    const char *const id = id_of(&people, take_verified(&people, "delete"));

    assert_refused(act(self, NULL, id, "fulfil", ""), 409, "request-state");
    const reply *approved = assert_done(act(self, NULL, id, "approve", ""));
    assert_text_at(approved, "state", "cool_down");
    assert_text_at(approved, "cool_down_until", "2026-11-28T12:00:00.000Z");
    assert_text_at(my_requests(&people), "requests/0/cool_down_until", "2026-11-28T12:00:00.000Z");
    assert_text_at(assert_done(cancel_myself(&people, id)), "state", "revoked");
    int64_t now_ns = PLACE_EPOCH_NS;
    pass_days(self, &now_ns, 8);
    assert_state(self, id, "revoked");
    assert_done(ask(self, (question){VELUM_VERB_READ, people.shop, .ref = people.ref}));
}

/* R-5, fides#2064, #8039: a recipient that fails pauses the request, is named, and is asked again.
 * GDPR 19. */
static void a_recipient_that_fails_is_asked_again(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;

    change_policy(self, with_recipient);
    const char *const id = id_of(&people, take_verified(&people, "restrict"));
    assert_state(self, id, "in_progress");
    assert_refused(ask(self, (question){VELUM_VERB_READ, people.shop, .ref = people.ref}), 403,
                   "processing-restricted"); /* ours is done at once */
    static const char failed[] =
        ",\"processor\":\"warehouse\",\"state\":\"failed\",\"error\":\"timeout\"";
    const reply *paused = assert_done(act(self, NULL, id, "task", failed));
    assert_text_at(paused, "state", "paused");
    assert_text_at(paused, "paused_by", "warehouse");
    assert_text_at(paused, "tasks/0/last_error", "timeout");
    assert_int_equal(integer_at(paused, "tasks/0/attempts"), 1);
    place_reopen(self);
    pass_days(self, &now_ns, 1);
    const reply *again = assert_done(show(self, id));
    assert_text_at(again, "state", "in_progress");
    assert_text_at(again, "tasks/0/state", "pending");
    assert_int_equal(integer_at(again, "tasks/0/attempts"), 1);
    assert_int_equal(count_acts(self, REQUEST_ACT_RETRY), 1);
    assert_done(act(self, NULL, id, "task", failed));
    assert_text_at(
        assert_done(act(self, NULL, id, "task", ",\"processor\":\"warehouse\",\"state\":\"done\"")),
        "state", "fulfilled");
    assert_refused(act(self, NULL, id, "task", ",\"processor\":\"nobody\",\"state\":\"done\""), 422,
                   "invalid-value");
    assert_log_sound(self);
}

/* A correction is done here and there before it is fulfilled (PIPL 46, GDPR 16, 19). */
static void a_correction_waits_for_who_was_told(void **state)
{
    place *const self = *state;
    const people people = people_of(self);

    change_policy(self, with_recipient);
    const char *const id = id_of(&people, take_verified(&people, "correct"));
    assert_text_at(assert_done(act(self, NULL, id, "approve", "")), "state", "in_progress");
    assert_text_at(assert_done(act(self, NULL, id, "fulfil", ",\"note\":\"corrected\"")), "state",
                   "in_progress");
    assert_refused(act(self, NULL, id, "fulfil", ""), 409, "request-state");
    assert_text_at(
        assert_done(act(self, NULL, id, "task", ",\"processor\":\"warehouse\",\"state\":\"done\"")),
        "state", "fulfilled");
}

/* Others agree first where the policy says so; the approval is for this request alone. */
static void an_approval_of_others_is_used_up(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const needs_one[] = {"request: {needed: 0}", "request: {needed: 1}", NULL};

    change_policy(self, needs_one);
    const char *const id = id_of(&people, take_verified(&people, "access"));
    const char *const other = id_of(&people, take_verified(&people, "explain"));
    assert_refused(act(self, NULL, id, "approve", ""), 403, "approval-required");
    forget_refusals(self);
    assert_refused(act(self, NULL, id, "fulfil", ""), 403, "approval-required");
    const reply *asked = assert_done(
        ask(self, (question){VELUM_VERB_APPROVAL_ASK, .activity = "requests",
                             .body = text_f(self, "{\"kind\":\"request\",\"what\":\"%s\"}", id)}));
    const char *const approval = text_f(self, "%s", text_at(asked, "approval"));
    const char *const with = text_f(self, ",\"approval\":\"%s\"", approval);
    forget_refusals(self);
    assert_refused(act(self, NULL, id, "approve", with), 403, "approval-pending");
    assert_done(ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, people.officer, "approvals",
                                     .ref = approval, .body = "{\"decision\":\"agree\"}"}));
    assert_refused(act(self, NULL, other, "approve", with), 403, "approval-scope");
    assert_text_at(assert_done(act(self, NULL, id, "approve", with)), "state", "in_progress");
    assert_text_at(assert_done(act(self, NULL, id, "fulfil", "")), "state", "fulfilled");
}

/* The most urgent first, page by page, each once. */
static void the_list_begins_with_the_most_urgent(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const rights[] = {"access", "correct", "explain"};

    for (int i = 0; i < 3; i++) {
        assert_done(take_in(&people, rights[i],
                            text_f(self, ",\"received\":\"2026-11-%02dT12:00:00Z\"", 20 - 5 * i)));
    }
    assert_done(take_in(&people, "withdraw", ""));
    const reply *all = assert_done(ask(self, (question){VELUM_VERB_REQUEST_LIST, .body = "{}"}));
    assert_int_equal(json_count(value_at(all, "requests")), 4);
    assert_text_at(all, "requests/0/right", "explain");
    assert_text_at(all, "requests/3/state", "fulfilled");
    assert_null(value_at(all, "next"));
    const reply *one =
        assert_done(ask(self, (question){VELUM_VERB_REQUEST_LIST, .body = "{\"limit\":3}"}));
    const reply *rest =
        assert_done(ask(self, (question){VELUM_VERB_REQUEST_LIST,
                                         .body = text_f(self, "{\"limit\":3,\"from\":\"%s\"}",
                                                        text_at(one, "next"))}));
    assert_int_equal(json_count(value_at(rest, "requests")), 1);
    assert_text_at(rest, "requests/0/right", "withdraw");
    const reply *open = assert_done(ask(
        self, (question){VELUM_VERB_REQUEST_LIST,
                         .body = "{\"state\":\"need_user_verification\",\"right\":\"correct\"}"}));
    assert_int_equal(json_count(value_at(open, "requests")), 1);
    const reply *soon = assert_done(
        ask(self, (question){VELUM_VERB_REQUEST_LIST, .body = "{\"due_within_days\":0}"}));
    assert_int_equal(json_count(value_at(soon, "requests")), 0);
    assert_refused(ask(self, (question){VELUM_VERB_REQUEST_LIST, .body = "{\"state\":\"sleepy\"}"}),
                   400, "malformed-request");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_two_officers_the_second_is_told, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(of_two_at_once_one_decides, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(nobody_decides_what_they_took_in, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_gives_its_reason, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_repeated_refusal_tells_no_more, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_extension_is_told_in_time_and_once, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(only_who_was_verified_is_answered, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_deletion_is_not_fulfilled_by_a_word, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_recipient_that_fails_is_asked_again, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_correction_waits_for_who_was_told, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_approval_of_others_is_used_up, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(the_list_begins_with_the_most_urgent, place_set_up_clock,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
