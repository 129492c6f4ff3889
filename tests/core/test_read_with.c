/* A read that says why, or breaks the glass: seen at once, looked at afterwards by somebody else. */
#include "tests/core/support.h"

#include <string.h>

#include "core/approvals.h"
#include "core/pending.h"
#include "core/verbs.h"

#define FIELDS "\"fields\":[\"name\",\"mobile\"]"

typedef struct cast {
    const char *shop;
    const char *urgent; /* a person who may break the glass */
    const char *an;     /* who may look at it afterwards */
    const char *child;
    const char *adult;
} cast;

static cast cast_of(place *self)
{
    cast made = {.shop = shop_token(self)};

    made.urgent = token_of(
        self, (holder){"urgent", "human", "customer_service", "urgent-care", "shop", NULL});
    made.an = token_of(self, (holder){"an", "human", "dpo", "approvals", "*", NULL});
    made.child = person(self, made.shop, "13800000002", child_profile);
    made.adult = person(self, made.shop, "13800000001", full_profile);
    return made;
}

static const reply *read_with(place *self, const char *token, const char *ref, const char *members)
{
    return ask(self, (question){VELUM_VERB_READ_WITH, token, .ref = ref,
                                .body = text_f(self, "{%s}", members)});
}

static const reply *decided(place *self, const char *token, const char *id, const char *decision)
{
    return ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, token, .ref = id,
                                .body = text_f(self, "{\"decision\":\"%s\"}", decision)});
}

/* --- sent back ------------------------------------------------------------------------------- */

/* A read that was sent back by the appender and uses something up now: the answer of the attempt
 * before neither leaves nor stays (the leak checker looks). */
static void a_read_that_becomes_a_write_later_leaves_one_answer(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const question asked = {VELUM_VERB_READ_WITH, all.urgent, .ref = all.child,
                            .body = "{\"reason_code\":\"safety\"," FIELDS "}"};
    const velum_request request = request_of(&asked);
    velum_pending *pending = NULL;
    velum_answer *answer = NULL;

    assert_int_equal(pending_create(self->gate, &request, &pending, NULL), VELUM_OK);
    pending->attempts = 1;
    assert_int_equal(answer_create(self->gate, &pending->answer), VELUM_OK);
    velum_answer *const before = pending->answer;
    buffer_append(&before->body, "CANARY", 6);
    assert_int_equal(pending_wait(pending, &answer), VELUM_OK);
    assert_int_equal(velum_answer_status(answer), 200);
    assert_null(memmem(answer->body.data, answer->body.size, "CANARY", 6));
    velum_answer_free(answer);
    velum_pending_free(pending);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval WHERE state = 6"), 1);
    assert_log_sound(self);
}

/* --- why -------------------------------------------------------------------------------------- */

static void a_reason_code_stands_in_the_leaf(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    audit_entry entry;

    const reply *seen = assert_done(
        read_with(self, all.urgent, all.adult, "\"reason_code\":\"customer-request\"," FIELDS));
    assert_text_at(seen, "fields/name", "王小明");
    assert_text_at(seen, "fields/mobile", "138****0001");
    assert_null(value_at(seen, "break_glass"));
    log_last(self, &entry);
    assert_int_equal(entry.reason_code, world_number(self->gate->world, REGISTRY_REASON_CODE,
                                                     TEXT_LITERAL("customer-request")));
    assert_int_equal(entry.asked_count, 2);
    assert_int_equal(entry.outbox_seq, 0); /* nothing is used up: no write */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval"), 0);
}

/* I-3: no code, or one that the policy does not know, is none. */
static void without_a_known_reason_there_is_no_answer(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    assert_refused(read_with(self, all.urgent, all.adult, FIELDS), 403, "reason-code-needed");
    forget_refusals(self);
    assert_refused(read_with(self, all.urgent, all.adult, "\"reason_code\":\"CANARY\""), 403,
                   "reason-code-needed");
    assert_refused(read_with(self, all.urgent, all.adult,
                             "\"reason_code\":\"customer-request\",\"fields\":[\"CANARY\"]"),
                   400, "unknown-field");
    assert_log_sound(self);
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const members[] = {
        "\"fields\":[]",  "\"fields\":\"name\"", "\"fields\":[1]",       "\"reason_code\":1",
        "\"approval\":7", "\"canary\":true",     "\"activity\":[\"x\"]",
    };
    place *const self = *state;
    const cast all = cast_of(self);

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        assert_refused(read_with(self, all.urgent, all.adult, members[i]), 400,
                       "malformed-request");
    }
}

/* A credential of several activities names one in the body. */
static void the_body_names_the_activity(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const both = token_of(self, (holder){"both", "human", "customer_service",
                                                     "customer-care,urgent-care", "shop", NULL});

    assert_refused(read_with(self, both, all.adult, FIELDS), 400, "activity-needed");
    const reply *seen =
        assert_done(read_with(self, both, all.adult, "\"activity\":\"customer-care\"," FIELDS));
    assert_text_at(seen, "decision/activity", "customer-care");
    assert_refused(read_with(self, both, all.adult, "\"activity\":\"urgent-care\"," FIELDS), 403,
                   "reason-code-needed");
    const question differing = {VELUM_VERB_READ_WITH, both, "urgent-care", all.adult,
                                .body = "{\"activity\":\"customer-care\"," FIELDS "}"};
    assert_refused(ask(self, differing), 400, "malformed-request");
}

/* --- breaking the glass ------------------------------------------------------------------------ */

/* Minors Regulation 34-37: without an approval, but never without a second person. */
static void a_broken_glass_is_seen_and_looked_at(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    audit_entry access;
    audit_entry review;

    assert_refused(read_with(self, all.urgent, all.child, "\"reason_code\":\"customer-request\""),
                   403, "approval-required");
    const reply *seen =
        assert_done(read_with(self, all.urgent, all.child, "\"reason_code\":\"safety\"," FIELDS));
    assert_text_at(seen, "fields/name", "李小华");
    const char *const id = text_at(seen, "break_glass/review");
    assert_int_equal(strlen(id), 32);
    log_sync(self);
    log_last(self, &access);
    assert_int_equal(access.type, ENTRY_READ);
    assert_int_equal(input_of(&access, INPUT_BREAK_GLASS), 1);
    assert_int_equal(input_of(&access, INPUT_APPROVAL_KIND), APPROVAL_BREAK_GLASS);
    assert_int_equal(input_of(&access, INPUT_APPROVAL_STATE), APPROVAL_TO_REVIEW);
    assert_int_equal(access.obligations & OBLIGATION_NOTIFY, OBLIGATION_NOTIFY);
    assert_int_equal(velum_gate_counter(self->gate, "glass-broken"), 1);

    const reply *list =
        assert_done(ask(self, (question){VELUM_VERB_APPROVAL_LIST, all.an, .body = "{}"}));
    assert_text_at(list, "approvals/0/id", id);
    assert_text_at(list, "approvals/0/state", "to-review");
    assert_text_at(list, "approvals/0/kind", "break-glass");
    assert_int_equal(json_count(value_at(list, "approvals/0/fields")), 2);
    assert_null(strstr(list->body, "李小华"));

    place_reopen(self);
    assert_refused(decided(self, all.an, id, "agree"), 409, "conflict");
    assert_text_at(assert_done(decided(self, all.an, id, "reviewed")), "state", "reviewed");
    log_sync(self);
    log_last(self, &review);
    assert_int_equal(input_of(&review, INPUT_OPERATION), OPERATION_REVIEW);
    assert_memory_equal(review.related, access.event_id, ENTRY_TOKEN_BYTES);
    assert_memory_equal(review.user_token, access.actor_token, ENTRY_TOKEN_BYTES);
    assert_log_sound(self);
}

/* P-4, P-1: it does not end by itself, and not by who broke it. */
static void it_waits_for_somebody_else(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const both =
        token_of(self, (holder){"both", "human", "dpo", "urgent-care,approvals", "shop", NULL});
    const reply *seen = assert_done(
        read_with(self, both, all.child,
                  "\"activity\":\"urgent-care\",\"reason_code\":\"product-recall\"," FIELDS));
    const char *const id = text_at(seen, "break_glass/review");

    place_set_clock(self, PLACE_EPOCH_NS + 400 * DAY_NS);
    assert_refused(ask(self, (question){VELUM_VERB_APPROVAL_DECIDE, both, "approvals", id,
                                        .body = "{\"decision\":\"reviewed\"}"}),
                   403, "approval-own");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval WHERE state = 6"), 1);
    assert_done(decided(self, all.an, id, "reviewed"));
    assert_refused(decided(self, all.an, id, "reviewed"), 409, "conflict");
}

/* The code that breaks the glass breaks none where nothing is in the way. */
static void an_adult_needs_no_glass(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    const reply *seen =
        assert_done(read_with(self, all.urgent, all.adult, "\"reason_code\":\"safety\"," FIELDS));
    assert_null(value_at(seen, "break_glass"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval"), 0);
    assert_int_equal(velum_gate_counter(self->gate, "glass-broken"), 0);
}

/* It stands in for the approval, for nothing else. */
static void it_opens_nothing_that_an_approval_would_not(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    assert_refused(read_with(self, all.urgent, all.child,
                             "\"reason_code\":\"safety\",\"fields\":[\"id_card\"]"),
                   403, "no-field-allowed");
    assert_refused(
        read_with(self, all.urgent, all.child,
                  "\"reason_code\":\"safety\",\"approval\":\"00112233445566778899aabbccddeeff\""),
        403, "approval-unknown");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval"), 0);
}

/* Hidden and unknown answer alike, on the writer as on a worker. */
static void an_unknown_customer_is_refused_the_same_way(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const shop2 =
        token_of(self, (holder){"shop2", NULL, "delivery", "order-fulfilment", "other", NULL});
    const char *const elsewhere = person(self, shop2, "13800000009", child_profile);

    assert_int_equal(read_with(self, all.urgent, elsewhere, "\"reason_code\":\"safety\"")->status,
                     404);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM approval"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_read_that_becomes_a_write_later_leaves_one_answer),
        TEST(a_reason_code_stands_in_the_leaf),
        TEST(without_a_known_reason_there_is_no_answer),
        TEST(what_is_malformed_is_refused),
        TEST(the_body_names_the_activity),
        TEST(a_broken_glass_is_seen_and_looked_at),
        TEST(it_waits_for_somebody_else),
        TEST(an_adult_needs_no_glass),
        TEST(it_opens_nothing_that_an_approval_would_not),
        TEST(an_unknown_customer_is_refused_the_same_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
