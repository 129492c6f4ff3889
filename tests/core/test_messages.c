/* Messages from the asking to the outcome: one key is one message (MS-1), a row holds neither address nor
 * text (MS-2), what was taken is not taken again (MS-3), and every effect has its INTENT and its OUTCOME
 * under the activity that asked (M-4). */
#include "tests/core/erasure_support.h"
#include "tests/core/message_support.h"
#include "tests/core/request_support.h"

#include "core/message.h"
#include "core/verbs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY "13800000001"

static uint16_t number_of(place *self, uint32_t kind, const char *name)
{
    world *const world = gate_world(self->gate);
    const uint16_t number = world_number(world, kind, text_of(name));

    world_free(world);
    assert_true(number != 0);
    return number;
}

static int64_t rows(place *self)
{
    return sql_count(self, "SELECT count(*) FROM message");
}

/* --- from the asking to the outcome ----------------------------------------------------------------- */

static void asked_taken_and_sent(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");
    audit_entry intent;
    audit_entry outcome;

    const reply *const given = assert_done(next_messages(&senders));
    assert_text_at(given, "messages/0/id", id);
    assert_text_at(given, "messages/0/channel", "sms");
    assert_text_at(given, "messages/0/to", SENDER_MOBILE);
    assert_text_at(given, "messages/0/sender", "悦生活");
    assert_text_at(given, "messages/0/language", "zh");
    assert_text_at(given, "messages/0/text",
                   "【悦生活】王小明，好久不见。本周到店，会员积分双倍。回T退订");
    assert_int_equal(integer_at(given, "messages/0/attempt"), 1);
    assert_message(self, id, "taken", "");
    last_message(self, ENTRY_INTENT, &intent);
    assert_int_equal(intent.activity, number_of(self, REGISTRY_ACTIVITY, "winback"));
    assert_int_equal(intent.purpose, number_of(self, REGISTRY_PURPOSE, "direct-marketing"));
    assert_int_equal(intent.consent_version, 1);
    assert_int_equal(intent.released_count, 2);
    assert_int_equal(intent.mask_count, 0);
    assert_int_equal(input_of(&intent, INPUT_CHANNEL), number_of(self, REGISTRY_CHANNEL, "sms"));
    assert_int_equal(input_of(&intent, INPUT_TEMPLATE),
                     number_of(self, REGISTRY_TEMPLATE, "winback.zh"));
    assert_done(say_done(&senders, id, "sent"));
    last_message(self, ENTRY_OUTCOME, &outcome);
    assert_memory_equal(outcome.related, intent.event_id, ENTRY_TOKEN_BYTES);
    assert_memory_equal(outcome.subject_token, intent.subject_token, ENTRY_TOKEN_BYTES);
    assert_int_equal(outcome.activity, intent.activity);
    assert_int_equal(input_of(&outcome, INPUT_OUTCOME), MESSAGE_SENT);
    assert_message(self, id, "sent", "");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 9"), 0);
    assert_int_equal(taken_now(&senders), 0);
    assert_log_sound(self);
}

/* The customer sees who wrote to them and what for, not that a courier carried it. */
static void the_customer_sees_the_activity_that_asked(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);

    (void)queued(&senders, "1");
    (void)take_one(&senders);
    log_sync(self);
    const reply *const seen = assert_done(
        ask(self, (question){VELUM_VERB_ME_ACCESSES, .token = customer_of(self, senders.ref)}));
    assert_text_at(seen, "accesses/1/type", "message");
    assert_text_at(seen, "accesses/1/activity", "winback");
    assert_text_at(seen, "accesses/1/purpose", "direct-marketing");
    assert_true(list_has(seen, "accesses/1/fields", "mobile"));
    assert_true(list_has(seen, "accesses/1/fields", "name"));
    assert_text_at(seen, "accesses/2/activity", "winback"); /* the asking */
    assert_null(strstr(seen->body, "\"activity\":\"delivery\""));
}

/* Nothing to take leaves nothing in the log and costs no commit: a courier asks all day. */
static void nothing_to_take_is_silent(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);

    log_sync(self);
    const uint64_t size = log_size(self);
    const int64_t changed = rows_changed(self);
    assert_int_equal(taken_now(&senders), 0);
    log_sync(self);
    assert_int_equal(log_size(self), size);
    assert_true(rows_changed(self) == changed); /* W-4 */
}

/* --- one key, one message ----------------------------------------------------------------------------- */

static void the_same_key_is_the_same_message(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    const reply *again = assert_done(send_to(&senders, senders.to, "1"));
    assert_text_at(again, "messages/0/id", id);
    assert_true(json_bool(value_at(again, "messages/0/same")));
    assert_int_equal(rows(self), 1);
    assert_done(say_done(&senders, take_one(&senders), "sent"));
    again = assert_done(send_to(&senders, senders.to, "1"));
    assert_text_at(again, "messages/0/state", "sent");
    assert_int_equal(taken_now(&senders), 0);
    assert_string_not_equal(queued(&senders, "2"), id);
    assert_int_equal(rows(self), 2);
}

#define ASKERS 8

typedef struct racer {
    pthread_t thread;
    const senders *senders;
    velum_status status;
    int32_t answered;
} racer;

static void *race(void *context)
{
    racer *const self = context;
    const question asked = {VELUM_VERB_SEND, self->senders->module, .ref = self->senders->to,
                            .body = "{\"template\":\"winback\",\"flow\":\"f\",\"node\":\"n\","
                                    "\"occurrence\":\"r\"}"};
    const velum_request request = request_of(&asked);
    velum_answer *answer = NULL;

    self->status = velum_gate_call(self->senders->place->gate, &request, &answer, NULL);
    self->answered = self->status == VELUM_OK ? velum_answer_status(answer) : 0;
    velum_answer_free(answer);
    return NULL;
}

static void many_who_ask_at_once_ask_for_one_message(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    racer racers[ASKERS];

    for (int i = 0; i < ASKERS; i++) {
        racers[i] = (racer){.senders = &senders};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_int_equal(racers[i].answered, 200);
    }
    assert_int_equal(rows(self), 1);
    assert_int_equal(taken_now(&senders), 1);
    assert_int_equal(taken_now(&senders), 0);
}

/* --- who cannot be reached ------------------------------------------------------------------------------ */

/* Skipped and unknown look alike to an activity that may not know who is there; the house knows why. */
static void who_is_refused_is_not_told_from_who_is_not_there(void **state)
{
    place *const self = *state;
    senders senders = senders_of(self);
    const subject_id nobody = {{7}};
    const aes_block *permutation = NULL;
    char unknown[PSEUDONYM_TEXT_BYTES];

    assert_int_equal(
        keyring_domain(self->gate->keys, number_of(self, REGISTRY_DOMAIN, "winback"), &permutation),
        VELUM_OK);
    pseudonym_format(permutation, &nobody, unknown);
    next_customer(&senders, 1);
    const reply *const refused = assert_done(send_to(&senders, senders.to, "1"));
    const reply *const absent = assert_done(send_to(&senders, unknown, "1"));
    const char *const told =
        "{\"messages\":[{\"ref\":\"%s\",\"state\":\"skipped\",\"reason\":\"not-reachable\"}]}";
    assert_string_equal(refused->body, text_f(self, told, senders.to));
    assert_string_equal(absent->body, text_f(self, told, unknown));
    assert_int_equal(rows(self), 1);
    const reply *const listed = assert_done(
        ask(self, (question){VELUM_VERB_MESSAGE_LIST, .activity = "audit",
                             .body = "{\"state\":\"skipped\",\"reason\":\"consent-missing\"}"}));
    assert_int_equal(json_count(value_at(listed, "messages")), 1);
    assert_text_at(listed, "messages/0/ref", senders.to);
    assert_text_at(listed, "messages/0/domain", "winback");
    assert_text_at(listed, "messages/0/reason", "consent-missing");
    assert_text_at(listed, "messages/0/purpose", "direct-marketing");
    const reply *const own =
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_LIST, .token = senders.module}));
    assert_text_at(own, "messages/0/reason", "not-reachable");
    assert_refused(ask(self, (question){VELUM_VERB_MESSAGE_LIST, senders.module,
                                        .body = "{\"reason\":\"consent-missing\"}"}),
                   400, "malformed-request");
}

static void an_activity_that_may_know_is_told_why(void **state)
{
    place *const self = *state;
    senders senders = senders_of(self);
    audit_entry leaf;

    tell_existence(self);
    next_customer(&senders, 1);
    const reply *const refused = assert_done(send_to(&senders, senders.to, "1"));
    assert_text_at(refused, "messages/0/state", "skipped");
    assert_text_at(refused, "messages/0/reason", "consent-missing");
    assert_text_at(refused, "messages/0/purpose", "direct-marketing");
    assert_message(self, text_at(refused, "messages/0/id"), "skipped", "consent-missing");
    last_message(self, ENTRY_SINGLE, &leaf);
    assert_int_equal(leaf.type, ENTRY_MESSAGE);
    assert_done(erase(self, senders.ref, "{}"));
    const reply *const gone = assert_done(send_to(&senders, senders.to, "2"));
    assert_text_at(gone, "messages/0/reason", "subject-erased");
    assert_text_at(gone, "messages/0/id", "");
}

/* Somebody of two records is written to once. */
static void a_record_that_joined_another_is_not_written_to(void **state)
{
    place *const self = *state;
    senders senders = senders_of(self);
    audit_entry leaf;
    char id[33];

    tell_existence(self);
    next_customer(&senders, 1);
    agree(&senders);
    const char *const stays = senders.ref;
    const char *const stays_to = senders.to;
    next_customer(&senders, 2);
    agree(&senders);
    merge_records(self, senders.shop, stays, senders.ref);
    const reply *const skipped = assert_done(send_to(&senders, senders.to, "1"));
    assert_text_at(skipped, "messages/0/state", "skipped");
    assert_text_at(skipped, "messages/0/reason", "merged");
    last_message(self, ENTRY_SINGLE, &leaf);
    hex_encode(leaf.event_id, sizeof leaf.event_id, id);
    const reply *const told =
        assert_done(ask(self, (question){VELUM_VERB_AUDIT_EXPLAIN, .activity = "audit",
                                         .body = text_f(self, "{\"id\":\"%s\"}", id)}));
    assert_non_null(strstr(told->body, "merged"));
    assert_null(strstr(told->body, "\"different\""));
    const reply *const sent = assert_done(send_to(&senders, stays_to, "1"));
    assert_text_at(sent, "messages/0/state", "queued");
}

/* The decision on one customer stands in its leaf, and can be made again. */
static void assert_explained(place *self, const audit_entry *leaf)
{
    char id[33];

    hex_encode(leaf->event_id, sizeof leaf->event_id, id);
    log_sync(self);
    const reply *const told =
        assert_done(ask(self, (question){VELUM_VERB_AUDIT_EXPLAIN, .activity = "audit",
                                         .body = text_f(self, "{\"id\":\"%s\"}", id)}));
    if (strstr(told->body, "\"same\"") == NULL) {
        fail_msg("%s", told->body);
    }
}

static void a_decision_at_the_asking_and_at_the_taking_is_explained(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    audit_entry leaf;

    (void)queued(&senders, "0");
    last_message(self, ENTRY_SINGLE, &leaf);
    assert_explained(self, &leaf);
    (void)take_one(&senders);
    last_message(self, ENTRY_INTENT, &leaf);
    assert_explained(self, &leaf);
    (void)queued(&senders, "2");
    consent(self, senders.desk, senders.ref, "direct-marketing", "withdrawn");
    assert_done(send_to(&senders, senders.to, "1"));
    last_message(self, ENTRY_SINGLE, &leaf);
    assert_int_equal(leaf.decision, ENTRY_DENY);
    assert_string_equal(reason_of(self, &leaf), "consent-withdrawn");
    assert_explained(self, &leaf);
    assert_int_equal(taken_now(&senders), 0);
    last_message(self, ENTRY_SINGLE, &leaf); /* of the taking as such */
    assert_int_equal(input_of(&leaf, INPUT_REFUSED), 1);
}

typedef struct naming {
    uint32_t leaves;
    uint32_t named;
    uint64_t allowed;
} naming;

static void count_named(void *context, uint64_t index, const audit_entry *entry)
{
    naming *const self = context;

    (void)index;
    if (entry->type == ENTRY_MESSAGE && entry->subject_count > 0) {
        self->leaves++;
        self->named += entry->subject_count;
        self->allowed = input_of(entry, INPUT_ALLOWED);
    }
}

static void of_many_each_is_decided_and_named(void **state)
{
    place *const self = *state;
    senders senders = senders_of(self);
    const char *refs = "";
    naming found = {.leaves = 0};

    for (int i = 1; i <= 120; i++) {
        next_customer(&senders, i);
        if (i % 2 == 0) {
            agree(&senders);
        }
        refs = text_f(self, "%s%s\"%s\"", refs, i == 1 ? "" : ",", senders.to);
    }
    const reply *const answer = assert_done(ask(
        self, (question){VELUM_VERB_SEND, senders.module,
                         .body = text_f(self,
                                        "{\"template\":\"winback\",\"flow\":\"f\",\"node\":\"n\","
                                        "\"occurrence\":\"1\",\"refs\":[%s]}",
                                        refs)}));
    assert_int_equal(json_count(value_at(answer, "messages")), 120);
    assert_text_at(answer, "messages/0/state", "skipped");
    assert_text_at(answer, "messages/119/state", "queued");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message WHERE state = 1"), 60);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM message WHERE state = 6"), 60);
    log_visit(self, count_named, &found);
    assert_int_equal(found.leaves, 2);
    assert_int_equal(found.named, 120);
    assert_int_equal(found.allowed, 60);
    assert_int_equal(taken_now(&senders), MESSAGES_TAKEN_MAX);
    assert_log_sound(self);
}

static void what_is_asked_wrongly_is_refused_whole(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    static const struct {
        const char *body;
        int32_t status;
        const char *problem;
    } cases[] = {
        {"{\"template\":\"winback\",\"flow\":\"f\",\"node\":\"n\"}", 400, "malformed-request"},
        {"{\"template\":\"winback\",\"flow\":\"f f\",\"node\":\"n\",\"occurrence\":\"1\"}", 400,
         "malformed-request"},
        {"{\"template\":\"winback\",\"flow\":\"f\",\"node\":\"n\",\"occurrence\":\"1\",\"x\":1}",
         400, "malformed-request"},
        {"{\"template\":\"winback\",\"flow\":\"f\",\"node\":\"n\",\"occurrence\":\"1\",\"refs\":[]}",
         400, "malformed-request"},
        {"{\"template\":\"other\",\"flow\":\"f\",\"node\":\"n\",\"occurrence\":\"1\"}", 422,
         "unknown-template"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        forget_refusals(self);
        assert_refused(ask(self, (question){VELUM_VERB_SEND, senders.module, .ref = senders.to,
                                            .body = cases[i].body}),
                       cases[i].status, cases[i].problem);
    }
    assert_refused(ask(self, (question){VELUM_VERB_SEND, senders.module,
                                        .body = "{\"template\":\"winback\",\"flow\":\"f\",\"node\":"
                                                "\"n\",\"occurrence\":\"1\"}"}),
                   400, "malformed-request");
    const char *const elsewhere =
        token_of(self, (holder){"elsewhere", NULL, "crm_module", "winback", "shop", NULL});
    assert_refused(ask(self, (question){VELUM_VERB_SEND, elsewhere, .ref = senders.ref,
                                        .body = "{\"template\":\"winback\",\"flow\":\"f\",\"node\":"
                                                "\"n\",\"occurrence\":\"1\"}"}),
                   422, "unknown-template"); /* M-1: no module of that domain */
    assert_int_equal(rows(self), 0);
}

/* --- the outcome -------------------------------------------------------------------------------------- */

static void the_same_outcome_is_said_twice_and_another_never(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    assert_refused(say_done(&senders, id, "sent"), 409, "conflict"); /* not taken yet */
    (void)take_one(&senders);
    assert_false(json_bool(value_at(assert_done(say_done(&senders, id, "sent")), "same")));
    assert_true(json_bool(value_at(assert_done(say_done(&senders, id, "sent")), "same")));
    forget_refusals(self);
    assert_refused(say_done(&senders, id, "failed"), 409, "conflict");
    forget_refusals(self);
    assert_refused(say_done(&senders, id, "unknown"), 409, "conflict");
    assert_refused(say_done(&senders, id, "lost"), 400, "malformed-request");
    assert_refused(say_done(&senders, "00000000000000000000000000000000", "sent"), 404,
                   "not-found");
    assert_int_equal(count_messages(self, ENTRY_OUTCOME), 1);
    assert_message(self, id, "sent", "");
}

static void what_surely_failed_is_tried_again_and_not_for_ever(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");
    int64_t now_ns = PLACE_EPOCH_NS;

    for (int attempt = 1; attempt <= MESSAGE_ATTEMPTS_MAX; attempt++) {
        assert_string_equal(take_one(&senders), id);
        assert_done(say_done(&senders, id, "failed"));
        assert_true(json_bool(value_at(assert_done(say_done(&senders, id, "failed")), "same")));
        if (attempt == MESSAGE_ATTEMPTS_MAX) {
            break;
        }
        assert_message(self, id, "queued", "");
        now_ns += ((INT64_C(60) << (attempt - 1)) - 1) * NS_PER_SECOND;
        place_set_clock(self, now_ns);
        assert_int_equal(taken_now(&senders), 0);
        now_ns += NS_PER_SECOND;
        place_set_clock(self, now_ns);
    }
    assert_message(self, id, "failed", "");
    place_set_clock(self, now_ns + DAY_NS);
    assert_int_equal(taken_now(&senders), 0);
    assert_int_equal(count_messages(self, ENTRY_INTENT), MESSAGE_ATTEMPTS_MAX);
    assert_int_equal(count_messages(self, ENTRY_OUTCOME), MESSAGE_ATTEMPTS_MAX);
}

/* A word of the first attempt that comes late says nothing of the second. */
static void an_outcome_speaks_of_its_own_attempt(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");

    (void)take_one(&senders);
    assert_done(say_done(&senders, id, "failed"));
    place_set_clock(self, PLACE_EPOCH_NS + 60 * NS_PER_SECOND);
    (void)take_one(&senders);
    assert_refused(ask(self, (question){VELUM_VERB_MESSAGE_DONE, senders.courier, .ref = id,
                                        .body = "{\"outcome\":\"failed\",\"attempt\":1}"}),
                   409, "conflict");
    assert_message(self, id, "taken", "");
    assert_done(ask(self, (question){VELUM_VERB_MESSAGE_DONE, senders.courier, .ref = id,
                                     .body = "{\"outcome\":\"sent\",\"attempt\":2,"
                                             "\"note\":\"accepted-250\"}"}));
    assert_text_at(show_message(self, id), "note", "accepted-250");
}

/* Silence is no failure: it may have been sent, so it is not sent again; nor does a start send it. */
static void a_courier_that_does_not_come_back_leaves_it_unknown(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");
    audit_entry intent;
    audit_entry outcome;

    (void)take_one(&senders);
    last_message(self, ENTRY_INTENT, &intent);
    place_reopen(self);
    assert_int_equal(taken_now(&senders), 0);
    assert_message(self, id, "taken", "");
    place_set_clock(self, PLACE_EPOCH_NS + MESSAGE_ANSWER_NS - NS_PER_SECOND);
    run_timers(self);
    assert_message(self, id, "taken", "");
    place_set_clock(self, PLACE_EPOCH_NS + MESSAGE_ANSWER_NS);
    run_timers(self);
    assert_message(self, id, "unknown", "");
    last_message(self, ENTRY_OUTCOME, &outcome);
    assert_memory_equal(outcome.related, intent.event_id, ENTRY_TOKEN_BYTES);
    assert_int_equal(outcome.activity, intent.activity);
    assert_int_equal(input_of(&outcome, INPUT_OUTCOME), MESSAGE_UNKNOWN);
    assert_refused(say_done(&senders, id, "sent"), 409, "conflict");
    assert_int_equal(taken_now(&senders), 0);
    assert_text_at(assert_done(send_to(&senders, senders.to, "1")), "messages/0/state", "unknown");
}

/* --- no ----------------------------------------------------------------------------------------------- */

static void an_answer_of_no_withdraws_the_purpose(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = take_one((queued(&senders, "1"), &senders));
    const question no = {VELUM_VERB_MESSAGE_OPT_OUT, senders.courier, .ref = id};

    const char *const later = queued(&senders, "2");
    const reply *first = assert_done(ask(self, no));
    assert_text_at(first, "purpose", "direct-marketing");
    assert_false(json_bool(value_at(first, "same")));
    const int64_t events = sql_count(self, "SELECT count(*) FROM consent_event");
    assert_true(json_bool(value_at(assert_done(ask(self, no)), "same")));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), events);
    assert_true(json_bool(value_at(show_message(self, id), "opted_out")));
    assert_int_equal(taken_now(&senders), 0);
    assert_message(self, later, "skipped", "consent-withdrawn");
    assert_refused(ask(self, (question){VELUM_VERB_MESSAGE_OPT_OUT, senders.module, .ref = id}),
                   403, "action-not-allowed"); /* I-7 */
    assert_log_sound(self);
}

/* --- who sees it -------------------------------------------------------------------------------------- */

static void a_module_sees_its_own_messages_alone(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");
    const char *const other =
        token_of(self, (holder){"other", NULL, "crm_module", "winback", "orders", NULL});

    const reply *const own =
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_GET, senders.module, .ref = id}));
    assert_text_at(own, "ref", senders.to);
    assert_text_at(own, "template", "winback.zh");
    assert_refused(ask(self, (question){VELUM_VERB_MESSAGE_GET, other, .ref = id}), 404,
                   "not-found");
    const reply *const carried =
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_GET, senders.courier, .ref = id}));
    assert_text_at(carried, "ref", "");
    assert_text_at(carried, "state", "queued");
    assert_refused(ask(self, (question){VELUM_VERB_MESSAGE_GET, senders.shop, .ref = id}), 403,
                   "action-not-allowed");
    assert_refused(ask(self, (question){VELUM_VERB_MESSAGE_NEXT, .token = senders.module}), 403,
                   "action-not-allowed");
}

static void a_list_goes_on_where_it_ended(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const first = queued(&senders, "1");
    const char *const second = queued(&senders, "2");

    const reply *page =
        assert_done(ask(self, (question){VELUM_VERB_MESSAGE_LIST, .activity = "audit",
                                         .body = "{\"limit\":1,\"module\":\"winback\"}"}));
    assert_text_at(page, "messages/0/id", second);
    page = assert_done(ask(
        self, (question){VELUM_VERB_MESSAGE_LIST, .activity = "audit",
                         .body = text_f(self, "{\"limit\":1,\"state\":\"queued\",\"from\":%lld}",
                                        (long long)integer_at(page, "next"))}));
    assert_text_at(page, "messages/0/id", first);
    assert_refused(ask(self, (question){VELUM_VERB_MESSAGE_LIST, .activity = "audit",
                                        .body = "{\"module\":\"none\"}"}),
                   400, "malformed-request");
}

/* --- nothing stays (MS-2, I-5) ------------------------------------------------------------------------- */

static const char *all_columns(place *self)
{
    return text_f(
        self, "%s",
        "SELECT count(*) FROM message WHERE instr(hex(id) || hex(key_hash) || hex(subject) ||"
        " hex(credential) || hex(intent) || hex(note), hex('" CANARY "')) > 0"
        " OR instr(hex(note) || hex(credential), hex('王小明')) > 0");
}

typedef struct sought {
    const char *what;
    uint32_t found;
} sought;

static void seek_in_name(void *context, uint64_t index, const audit_entry *entry)
{
    sought *const self = context;

    (void)index;
    self->found += strstr(entry->registry_name, self->what) != NULL ? 1 : 0;
}

static void neither_address_nor_text_stays(void **state)
{
    place *const self = *state;
    const senders senders = senders_of(self);
    const char *const id = queued(&senders, "1");
    sought mobile = {.what = CANARY};

    assert_non_null(strstr(assert_done(next_messages(&senders))->body, CANARY));
    assert_done(say_done(&senders, id, "sent"));
    forget_refusals(self);
    const reply *const again = say_done(&senders, id, "failed");
    assert_null(strstr(again->body, CANARY));
    assert_null(strstr(show_message(self, id)->body, CANARY));
    assert_null(strstr(show_message(self, id)->body, "王小明"));
    assert_int_equal(sql_count(self, all_columns(self)), 0);
    log_visit(self, seek_in_name, &mobile);
    assert_int_equal(mobile.found, 0);
    place_close(self);
    assert_int_not_equal(
        system(text_f(self, "grep -rqaF -e %s -e 王小明 %s/audit", CANARY, self->folder)), 0);
    place_open(self);
}

static void a_message_is_in_the_customers_language(void **state)
{
    place *const self = *state;
    static const char *const changes[] = {"attributes: [store, region]",
                                          "attributes: [store, region, language]", NULL};
    senders senders = senders_of(self);

    change_policy(self, changes);
    senders.ref = person(self, senders.shop, "13900000009",
                         "{\"name\":\"Ann\",\"mobile\":\"13900000009\",\"language\":\"en\"}");
    senders.to = ref_in(self, senders.ref, "winback");
    agree(&senders);
    (void)queued(&senders, "1");
    const reply *const given = assert_done(next_messages(&senders));
    assert_text_at(given, "messages/0/language", "en");
    assert_text_at(given, "messages/0/text",
                   "悦生活: Ann, it has been a while. Double points in all shops this week. "
                   "Reply T to opt out");
}

/* --- placeholders --------------------------------------------------------------------------------------- */

static text braces(const void *context, text name)
{
    (void)context;
    return text_equal_literal(name, "name") ? TEXT_LITERAL("{{name}}") : TEXT_EMPTY;
}

static void placeholders_are_filled_once(void **state)
{
    static const struct {
        const char *pattern;
        const char *filled;
    } cases[] = {
        {"", ""},
        {"a", "a"},
        {"{{name}}", "{{name}}"},
        {"a{{ name }}b", "a{{name}}b"},
        {"{{other}}x", "x"},
        {"{{name", "{{name"},
        {"}}{{", "}}{{"},
        {"{name}", "{name}"},
    };
    char out[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const text pattern = text_of(cases[i].pattern);
        const size_t size = message_fill(pattern, braces, NULL, out);
        assert_int_equal(message_fill(pattern, braces, NULL, NULL), size);
        out[size] = '\0';
        assert_string_equal(out, cases[i].filled);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(asked_taken_and_sent),
        TEST(the_customer_sees_the_activity_that_asked),
        TEST(nothing_to_take_is_silent),
        TEST(the_same_key_is_the_same_message),
        TEST(many_who_ask_at_once_ask_for_one_message),
        TEST(who_is_refused_is_not_told_from_who_is_not_there),
        TEST(an_activity_that_may_know_is_told_why),
        TEST(a_record_that_joined_another_is_not_written_to),
        TEST(a_decision_at_the_asking_and_at_the_taking_is_explained),
        TEST(of_many_each_is_decided_and_named),
        TEST(what_is_asked_wrongly_is_refused_whole),
        TEST(the_same_outcome_is_said_twice_and_another_never),
        TEST(what_surely_failed_is_tried_again_and_not_for_ever),
        TEST(an_outcome_speaks_of_its_own_attempt),
        TEST(a_courier_that_does_not_come_back_leaves_it_unknown),
        TEST(an_answer_of_no_withdraws_the_purpose),
        TEST(a_module_sees_its_own_messages_alone),
        TEST(a_list_goes_on_where_it_ended),
        TEST(neither_address_nor_text_stays),
        TEST(a_message_is_in_the_customers_language),
        cmocka_unit_test(placeholders_are_filled_once),
    };

    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
