/* The moment of sending: what changed between the asking and the taking counts, and no text leaves behind
 * a withdrawal that stands (I-9). Quiet hours and caps are the channel's: 21:00-09:00, three in seven
 * days; local time is UTC+8.
 */
#include "tests/core/erasure_support.h"
#include "tests/core/message_support.h"

#include "core/message.h"
#include "core/verbs.h"

#include <stdio.h>
#include <string.h>

#define HOUR_NS (3600 * NS_PER_SECOND)
#define LOCAL(hours) (PLACE_EPOCH_NS - 20 * HOUR_NS + (int64_t)((hours)*60) * 60 * NS_PER_SECOND)

/* Nothing is handed out, and the message says why; the leaf is a refusal under its own activity. */
static void assert_skipped(const senders *self, const char *id, const char *reason)
{
    place *const place = self->place;
    const uint32_t intents = count_messages(place, ENTRY_INTENT);
    const reply *const given = assert_done(next_messages(self));

    assert_string_equal(given->body, "{\"messages\":[]}");
    assert_message(place, id, "skipped", reason);
    assert_int_equal(count_messages(place, ENTRY_INTENT), intents);
    assert_int_equal(taken_now(self), 0);
    assert_int_equal(
        sql_count(place, text_f(place,
                                "SELECT count(*) FROM message WHERE hex(id) = upper('%s')"
                                " AND state = 6 AND intent = zeroblob(16)",
                                id)),
        1);
}

typedef struct refusals_seen {
    place *place;
    const char *reason;
    uint32_t count;
} refusals_seen;

static void count_refusal(void *context, uint64_t index, const audit_entry *entry)
{
    refusals_seen *const self = context;

    (void)index;
    if (entry->type == ENTRY_MESSAGE && entry->decision == ENTRY_DENY &&
        input_of(entry, INPUT_MESSAGE_STATE) == MESSAGE_SKIPPED &&
        entry->refusal ==
            world_number(self->place->gate->world, REGISTRY_REASON, text_of(self->reason))) {
        self->count++;
    }
}

static uint32_t count_skips(place *self, const char *reason)
{
    refusals_seen seen = {.place = self, .reason = reason};

    log_visit(self, count_refusal, &seen);
    return seen.count;
}

/* --- quiet hours -------------------------------------------------------------------------------------- */

static void quiet_hours_have_an_end(void **state)
{
    static const struct {
        uint32_t from;
        uint32_t until;
        double at;
        double due;
    } cases[] = {
        {1260, 540, 20.98, 20.98}, {1260, 540, 21, 33},
        {1260, 540, 23.5, 33},     {1260, 540, 24, 33},
        {1260, 540, 32.98, 33},    {1260, 540, 33, 33},
        {720, 780, 12, 13},        {720, 780, 11.5, 11.5},
        {720, 780, 13, 13},        {0, 0, 3, 3},
        {0, 360, 24, 30},          {1260, 0, 22, 24},
    };
    bundle bundle = {.day_offset_s = 8 * 3600};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bundle_channel channel = {.quiet_from = cases[i].from, .quiet_until = cases[i].until};
        const int64_t due_ns = message_due_ns(&bundle, &channel, LOCAL(cases[i].at));
        if (due_ns != LOCAL(cases[i].due)) {
            fail_msg("%zu: %lld", i, (long long)due_ns);
        }
    }
}

static void asked_in_quiet_hours_it_waits(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);

    place_set_clock(self, LOCAL(22));
    const char *const id = queued(&senders, "1");
    assert_text_at(show_message(self, id), "due", "2026-11-22T01:00:00.000Z");
    assert_int_equal(taken_now(&senders), 0);
    place_set_clock(self, LOCAL(32.9));
    assert_int_equal(taken_now(&senders), 0);
    place_set_clock(self, LOCAL(33));
    assert_string_equal(take_one(&senders), id);
}

static void when_quiet_hours_began_meanwhile_it_waits(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1"); /* at 20:00 */

    place_set_clock(self, LOCAL(21.5));
    assert_int_equal(taken_now(&senders), 0);
    assert_message(self, id, "queued", "");
    assert_text_at(show_message(self, id), "due", "2026-11-22T01:00:00.000Z");
    assert_int_equal(count_skips(self, "quiet-hours"), 0);
    place_set_clock(self, LOCAL(33));
    assert_string_equal(take_one(&senders), id);
}

/* --- caps --------------------------------------------------------------------------------------------- */

/* Sent, taken and unknown count; what surely failed does not. */
static void a_cap_counts_what_may_have_been_sent(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    static const char *const outcomes[] = {"sent", "unknown"};

    for (int i = 0; i < 2; i++) {
        (void)queued(&senders, text_f(self, "%d", i));
        assert_done(say_done(&senders, take_one(&senders), outcomes[i]));
    }
    (void)queued(&senders, "2");
    (void)take_one(&senders); /* stays with the courier */
    const char *const over = queued(&senders, "3");
    assert_skipped(&senders, over, "cap-reached");
    assert_int_equal(count_skips(self, "cap-reached"), 1);
    place_set_clock(self, PLACE_EPOCH_NS + 7 * DAY_NS - HOUR_NS);
    assert_skipped(&senders, queued(&senders, "4"), "cap-reached");
    place_set_clock(self, PLACE_EPOCH_NS + 7 * DAY_NS);
    const char *const free_again = queued(&senders, "5");
    assert_string_equal(take_one(&senders), free_again);
}

static void a_cap_is_of_one_customer(void **state)
{
    place *const self = *state;
    senders senders = senders_of(self);

    for (int i = 0; i < 3; i++) {
        (void)queued(&senders, text_f(self, "%d", i));
    }
    assert_int_equal(taken_now(&senders), 3);
    next_customer(&senders, 1);
    agree(&senders);
    (void)queued(&senders, "0");
    assert_int_equal(taken_now(&senders), 1);
}

/* --- what changed in between ---------------------------------------------------------------------------- */

static void a_withdrawal_in_between_holds_it_back(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    consent(self, senders.desk, senders.ref, "direct-marketing", "withdrawn");
    assert_skipped(&senders, id, "consent-withdrawn"); /* I-9 */
    assert_int_equal(count_skips(self, "consent-withdrawn"), 1);
    agree(&senders);
    assert_int_equal(taken_now(&senders), 0); /* skipped is skipped */
    assert_log_sound(self);
}

static void an_objection_or_restriction_holds_it_back(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *id = queued(&senders, "1");

    put_state(self, senders.ref, 0, RESTRICTION_MARKETING);
    assert_skipped(&senders, id, "marketing-objection");
    put_state(self, senders.ref, 0, 0);
    id = queued(&senders, "2");
    put_state(self, senders.ref, 0, RESTRICTION_PROCESSING);
    assert_skipped(&senders, id, "processing-restricted");
}

static void change(const senders *self, const char *profile)
{
    assert_done(ask(self->place,
                    (question){VELUM_VERB_PATCH, self->shop, .ref = self->ref, .body = profile}));
}

static void who_turns_out_to_be_a_child_gets_none(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    change(&senders, "{\"birthday\":\"2020-05-06\"}");
    assert_skipped(&senders, id, "guardian-consent-required");
}

static void without_an_address_there_is_no_message(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    change(&senders, "{\"mobile\":null}");
    assert_skipped(&senders, id, "no-address");
    assert_int_equal(count_skips(self, "no-address"), 1);
}

static void a_field_that_is_missing_renders_as_nothing(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);

    (void)queued(&senders, "1");
    change(&senders, "{\"name\":null}");
    assert_text_at(assert_done(next_messages(&senders)), "messages/0/text",
                   "【悦生活】，好久不见。本周到店，会员积分双倍。回T退订");
}

static void a_credential_that_is_gone_sends_nothing(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    assert_done(
        ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"winback\"}"}));
    assert_skipped(&senders, id, "credential-revoked");
}

static void a_policy_that_changed_meanwhile_counts(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *id = queued(&senders, "1");
    static const char *const no_send[] = {"actions: [send, filter, module,",
                                          "actions: [filter, module,", NULL};
    static const char *const no_field[] = {
        "    fields: [name, mobile]\\n    resources: {orders: [ordered_at]",
        "    fields: [mobile]\\n    resources: {orders: [ordered_at]", NULL};
    static const char *const as_ever[] = {NULL};

    change_policy(self, no_send);
    assert_skipped(&senders, id, "action-not-allowed");
    change_policy(self, as_ever);
    id = queued(&senders, "2");
    change_policy(self, no_field);
    assert_skipped(&senders, id, "no-field-allowed");
}

/* --- erasure ------------------------------------------------------------------------------------------ */

static void who_is_erased_in_between_gets_none(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);

    (void)queued(&senders, "1");
    assert_done(erase(self, senders.ref, "{}"));
    assert_string_equal(assert_done(next_messages(&senders))->body, "{\"messages\":[]}");
    await_nothing_begun(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message"), 0);
    assert_int_equal(taken_now(&senders), 0);
}

/* While the erasure is under way nothing goes out either. */
static void while_erasing_nothing_goes_out(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");
    lingerer lingerer = linger(self);

    assert_done(erase(self, senders.ref, "{}"));
    assert_skipped(&senders, id, "subject-erased");
    leave(&lingerer);
    await_nothing_begun(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message"), 0);
}

/* What a courier holds at that moment keeps its row, without the customer, until its outcome. */
static void a_taken_message_outlives_its_customer_without_a_name(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    audit_entry intent;
    audit_entry outcome;

    (void)queued(&senders, "1");
    const char *const id = take_one(&senders);
    last_message(self, ENTRY_INTENT, &intent);
    assert_done(erase(self, senders.ref, "{}"));
    await_nothing_begun(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message WHERE subject = zeroblob(16)"),
                     1);
    assert_text_at(show_message(self, id), "ref", "");
    assert_text_at(assert_done(say_done(&senders, id, "failed")), "state", "failed");
    last_message(self, ENTRY_OUTCOME, &outcome);
    assert_memory_equal(outcome.related, intent.event_id, ENTRY_TOKEN_BYTES);
    assert_int_equal(taken_now(&senders), 0);
}

/* --- the clock ---------------------------------------------------------------------------------------- */

static void a_clock_that_is_behind_judges_nothing(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    place_set_clock(self, PLACE_EPOCH_NS - 60 * NS_PER_SECOND);
    assert_int_equal(taken_now(&senders), 0);
    assert_refused(send_to(&senders, senders.to, "2"), 503, "clock-behind");
    assert_message(self, id, "queued", "");
    place_set_clock(self, PLACE_EPOCH_NS);
    assert_string_equal(take_one(&senders), id);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message"), 1);
}

/* --- many at once --------------------------------------------------------------------------------------- */

/* Whom nothing holds back gets theirs, whoever stands before them in the queue. */
static void one_that_is_skipped_holds_up_no_other(void **state)
{
    place *const self = *state;
    senders senders = senders_of(self);

    for (int i = 1; i <= 20; i++) {
        next_customer(&senders, i);
        agree(&senders);
        (void)queued(&senders, "1");
        if (i <= 10) {
            consent(self, senders.desk, senders.ref, "direct-marketing", "withdrawn");
        }
    }
    assert_int_equal(taken_now(&senders), 10);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message WHERE state = 6"), 10);
    assert_int_equal(count_messages(self, ENTRY_INTENT), 10);
    assert_log_sound(self);
}

/* I-1: a pseudonym that is shown stands in the log. */
static void who_is_shown_is_named(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");
    audit_entry entry;

    assert_text_at(
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_GET, senders.module, .ref = id})),
        "ref", senders.to);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_MESSAGE);
    assert_int_not_equal(entry.token_epoch, 0);
    assert_text_at(
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_LIST, .token = senders.module})),
        "messages/0/ref", senders.to);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.subject_count, 1);
    assert_log_sound(self);
}

/* What was sent is recorded, though the customer's record is damaged meanwhile; nobody is shown whom no
 * leaf could name. */
static void an_outcome_of_a_damaged_record_is_recorded(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = take_one((queued(&senders, "1"), &senders));

    sql_run(self, "UPDATE subject SET state_version = state_version + 1");
    assert_done(say_done(&senders, id, "sent"));
    assert_int_equal(count_messages(self, ENTRY_OUTCOME), 1);
    const reply *const shown =
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_GET, senders.module, .ref = id}));
    assert_text_at(shown, "state", "sent");
    assert_text_at(shown, "ref", "");
    assert_text_at(
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_LIST, .token = senders.module})),
        "messages/0/ref", "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_hours_have_an_end),
        TEST(asked_in_quiet_hours_it_waits),
        TEST(when_quiet_hours_began_meanwhile_it_waits),
        TEST(a_cap_counts_what_may_have_been_sent),
        TEST(a_cap_is_of_one_customer),
        TEST(a_withdrawal_in_between_holds_it_back),
        TEST(an_objection_or_restriction_holds_it_back),
        TEST(who_turns_out_to_be_a_child_gets_none),
        TEST(without_an_address_there_is_no_message),
        TEST(a_field_that_is_missing_renders_as_nothing),
        TEST(a_credential_that_is_gone_sends_nothing),
        TEST(a_policy_that_changed_meanwhile_counts),
        TEST(who_is_erased_in_between_gets_none),
        TEST(while_erasing_nothing_goes_out),
        TEST(a_taken_message_outlives_its_customer_without_a_name),
        TEST(a_clock_that_is_behind_judges_nothing),
        TEST(one_that_is_skipped_holds_up_no_other),
        TEST(who_is_shown_is_named),
        TEST(an_outcome_of_a_damaged_record_is_recorded),
    };

    return cmocka_run_group_tests_name("messages-moment", tests, NULL, NULL);
}
