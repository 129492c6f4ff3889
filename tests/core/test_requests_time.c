/* What time does to requests: deadlines by the calendar, expiry, what is late, cool-down and erasure,
 * holds, the end of the request itself. The gate is closed and opened between the steps. */
#include "tests/core/erasure_support.h"
#include "tests/core/request_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/verbs.h"

static const char *id_of(const people *self, const reply *answer)
{
    return text_f(self->place, "%s", text_at(assert_done(answer), "request"));
}

static int64_t time_of(const char *rfc3339)
{
    int64_t at_ns = 0;

    assert_int_equal(time_parse(text_of(rfc3339), &at_ns), VELUM_OK);
    return at_ns;
}

/* GDPR 12(3): one month, two more when told so; months end where the calendar does. */
static void months_end_where_the_calendar_does(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const struct {
        const char *received;
        const char *due;
        const char *extended;
    } rows[] = {
        {"2027-01-31T10:00:00Z", "2027-03-01T00:00:00.000Z", "2027-04-29T00:00:00.000Z"},
        {"2028-01-31T10:00:00Z", "2028-03-01T00:00:00.000Z", "2028-04-30T00:00:00.000Z"},
        {"2028-02-29T23:59:59Z", "2028-03-30T00:00:00.000Z", "2028-05-30T00:00:00.000Z"},
        {"2028-12-31T10:00:00Z", "2029-02-01T00:00:00.000Z", "2029-04-01T00:00:00.000Z"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        place_set_clock(self, time_of(rows[i].received));
        const reply *made =
            assert_done(take_in(&people, "access", ",\"jurisdictions\":[\"eu-gdpr\"]"));
        assert_text_at(made, "due", rows[i].due);
        const char *const id = id_of(&people, made);
        assert_text_at(assert_done(act(self, NULL, id, "extend", ",\"details\":\"much of it\"")),
                       "due", rows[i].extended);
        assert_done(cancel_myself(&people, id));
    }
}

/* Who does not prove who they are is waited for as long as the law waits, and no longer. */
static void what_is_never_verified_expires(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = id_of(&people, take_in(&people, "delete", ""));

    place_reopen(self);
    pass_days(self, &now_ns, 14);
    assert_state(self, id, "need_user_verification");
    place_reopen(self);
    pass_days(self, &now_ns, 10);
    assert_state(self, id, "expired");
    assert_int_equal(count_acts(self, REQUEST_ACT_EXPIRE), 1);
    assert_refused(act(self, NULL, id, "verify", ",\"method\":\"document\""), 409, "request-state");
}

/* The state stays, one leaf says that the deadline passed, and the list shows it. */
static void what_is_late_is_recorded_once(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = id_of(&people, take_verified(&people, "access"));
    audit_entry entry;

    pass_days(self, &now_ns, 40);
    place_reopen(self);
    pass_days(self, &now_ns, 1);
    assert_int_equal(count_acts(self, REQUEST_ACT_OVERDUE), 1);
    log_sync(self);
    for (uint64_t i = 0; i < log_size(self); i++) {
        log_at(self, i, &entry);
        if (input_of(&entry, INPUT_REQUEST_ACT) == REQUEST_ACT_OVERDUE) {
            assert_true(input_of(&entry, INPUT_DUE) > 0);
            assert_int_equal(entry.client, 4);
            assert_int_equal(input_of(&entry, INPUT_REQUEST_STATE), REQUEST_OPEN);
        }
    }
    const reply *late = assert_done(
        ask(self, (question){VELUM_VERB_REQUEST_LIST, .body = "{\"due_within_days\":0}"}));
    assert_text_at(late, "requests/0/id", id);
    assert_true(json_bool(value_at(late, "requests/0/overdue")));
    assert_text_at(assert_done(act(self, NULL, id, "fulfil", "")), "state", "fulfilled");
}

/* CCPA §7021(a): receipt is confirmed within ten business days; a letter by being answered. */
static void a_letter_is_confirmed(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *ids[2];

    for (int i = 0; i < 2; i++) {
        const char *const body =
            text_f(self, "{\"right\":\"%s\",\"subject\":\"%s\",\"jurisdictions\":[\"us-ca\"]}",
                   i == 0 ? "access" : "explain", people.ref);
        ids[i] = id_of(&people, ask(self, (question){VELUM_VERB_REQUEST_CREATE, people.officer,
                                                     "request-intake", .body = body}));
    }
    assert_text_at(show(self, ids[0]), "confirm_by", "2026-12-05T08:00:00.000Z");
    assert_done(act(self, NULL, ids[0], "answer", ",\"note\":\"We have your letter.\""));
    assert_null(value_at(show(self, ids[0]), "confirm_by"));
    pass_days(self, &now_ns, 15);
    assert_int_equal(count_acts(self, REQUEST_ACT_UNCONFIRMED), 1);
    pass_days(self, &now_ns, 15);
    assert_int_equal(count_acts(self, REQUEST_ACT_UNCONFIRMED), 1);
}

/* PIPL 47, GDPR 17: after the cool-down everything goes, the certificate is named, and so is what a
 * law keeps. */
static void a_deletion_begins_when_its_cool_down_is_over(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = id_of(&people, take_verified(&people, "delete"));
    const question wanted = {VELUM_VERB_REQUEST_CERTIFICATE, people.intake, .ref = id};
    const reply *approved = assert_done(act(self, NULL, id, "approve", ""));

    assert_text_at(approved, "kept/0/category", "location");
    assert_refused(ask(self, wanted), 409, "request-state");
    assert_text_at(approved, "kept/0/law", "E-Commerce Law of the PRC, art. 31");
    place_reopen(self);
    pass_days(self, &now_ns, 6);
    assert_done(read_as(self, people.shop, people.ref));
    place_reopen(self);
    pass_days(self, &now_ns, 1);
    const reply *after = assert_done(show(self, id));
    assert_text_at(after, "state", "fulfilled");
    assert_int_equal(strlen(text_at(after, "certificate")), 32);
    assert_refused(read_as(self, people.shop, people.ref), 410, "subject-erased");
    assert_done(
        ask(self, (question){VELUM_VERB_CERTIFICATE, .ref = text_at(after, "certificate")}));
    const reply *seen =
        assert_done(ask(self, (question){VELUM_VERB_REQUEST_GET, people.intake, .ref = id}));
    assert_text_at(seen, "state", "fulfilled");
    assert_text_at(seen, "certificate", text_at(after, "certificate"));
    /* Whoever took the request in hands the proof on; nobody else gets it. */
    assert_text_at(assert_done(ask(self, wanted)), "format", "velum-certificate-file-1");
    assert_refused(ask(self, (question){VELUM_VERB_REQUEST_CERTIFICATE, people.shop, .ref = id}),
                   404, "not-found");
    assert_int_equal(count_acts(self, REQUEST_ACT_BEGIN), 1);
    assert_int_equal(count_acts(self, REQUEST_ACT_ERASED), 1);
    place_reopen(self);
    assert_state(self, id, "fulfilled");
    assert_log_sound(self);
}

/* No cool-down: the erasure begins with the officer's word. */
static void without_a_cool_down_it_begins_at_once(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    static const char *const at_once[] = {"cool-down-days: 7", "cool-down-days: 0", NULL};
    const char *const before = id_of(&people, take_verified(&people, "close-account"));

    change_policy(self, at_once);
    assert_text_at(assert_done(act(self, NULL, before, "approve", "")), "state", "cool_down");
    const char *const id = id_of(&people, take_verified(&people, "delete"));
    assert_done(act(self, NULL, id, "approve", ""));
    assert_state(self, id, "fulfilled");
    assert_refused(read_as(self, people.shop, people.ref), 410, "subject-erased");
    int64_t now_ns = PLACE_EPOCH_NS; /* what was asked before has nothing left to do */
    pass_days(self, &now_ns, 8);
    assert_state(self, before, "fulfilled");
    assert_null(value_at(show(self, before), "certificate"));
}

/* Some categories: the customer stays. */
static void some_categories_go_and_the_customer_stays(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const reply *made =
        assert_done(ask_myself(&people, "{\"right\":\"delete\",\"categories\":[\"contact\"]}"));
    const char *const id = id_of(&people, made);

    assert_done(act(self, NULL, id, "approve", ""));
    pass_days(self, &now_ns, 8);
    assert_text_at(show(self, id), "state", "fulfilled");
    const reply *read = assert_done(read_as(self, people.shop, people.ref));
    assert_null(value_at(read, "fields/mobile"));
    assert_text_at(read, "fields/name", "王小明");
    assert_text_at(my_requests(&people), "requests/0/state", "fulfilled");
}

/* A legal hold keeps the data, is named, and what was asked happens when it ends. */
static void a_hold_pauses_a_deletion(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = id_of(&people, take_verified(&people, "delete"));

    assert_done(act(self, NULL, id, "approve", ""));
    put_state(self, people.ref, 1, 0);
    place_reopen(self);
    pass_days(self, &now_ns, 8);
    const reply *held = assert_done(show(self, id));
    assert_text_at(held, "state", "paused");
    assert_text_at(held, "paused_by", "legal-hold");
    assert_done(read_as(self, people.shop, people.ref));
    put_state(self, people.ref, 0, 0);
    place_reopen(self);
    pass_days(self, &now_ns, 1);
    assert_state(self, id, "fulfilled");
    assert_refused(read_as(self, people.shop, people.ref), 410, "subject-erased");
}

/* CCPA §7101, NDR 12: kept as long as the law says, and then no longer. */
static void a_request_is_kept_for_its_term(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = id_of(&people, take_verified(&people, "access"));

    assert_done(act(self, NULL, id, "fulfil", ",\"note\":\"sent by registered mail\""));
    pass_days(self, &now_ns, 1095);
    assert_text_at(assert_done(show(self, id)), "notes/0/text", "sent by registered mail");
    place_reopen(self);
    pass_days(self, &now_ns, 2);
    assert_refused(show(self, id), 404, "not-found");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 2"), 0);
    assert_int_equal(count_acts(self, REQUEST_ACT_FORGET), 1);
    assert_log_sound(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(months_end_where_the_calendar_does, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_never_verified_expires, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_late_is_recorded_once, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_letter_is_confirmed, place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(a_deletion_begins_when_its_cool_down_is_over,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(without_a_cool_down_it_begins_at_once, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(some_categories_go_and_the_customer_stays,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(a_hold_pauses_a_deletion, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_request_is_kept_for_its_term, place_set_up_clock,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
