/* The Nth statement, write, sync or allocation fails under an asking, a taking, an outcome: what was
 * answered stands, what was not is whole or not there, nobody is handed a message twice (I-1, MS-3), and
 * each INTENT has its row.
 */
#include "tests/core/erasure_support.h"
#include "tests/core/message_support.h"
#include "tests/core/request_support.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "core/message.h"

#ifdef VELUM_TEST_SEAMS

#define ROUNDS_MAX 3000

typedef struct attempt {
    const char *kind;
    int n;
    const reply *answer; /* of 200, else NULL */
    bool hit;            /* the fault came */
} attempt;

/* Asks while the nth of a kind fails. */
static void ask_under(place *self, attempt *attempt, question asked)
{
    attempt->hit = ask_under_fault(self, attempt->kind, attempt->n, asked, &attempt->answer);
}

/* A fault in the journal's own file ends it for this process; a start goes on. Any other is over when the
 * log has what was committed: until then writes are put off. */
static void begin_again(place *self, const char *kind)
{
    if (strcmp(kind, "write") == 0 || strcmp(kind, "sync") == 0) {
        place_reopen(self);
    } else {
        log_sync(self);
    }
}

static int64_t count_state(place *self, uint32_t state)
{
    return state == MESSAGE_TAKEN ? sql_count(self, "SELECT count(*) FROM message WHERE state = 2")
                                  : sql_count(self, "SELECT count(*) FROM message WHERE state = 1");
}

/* --- asking ------------------------------------------------------------------------------------------- */

static void ask_under_all(place *self, const char *kind)
{
    senders senders = senders_of(self);
    attempt attempt = {.kind = kind, .n = 1, .hit = true};

    for (; attempt.hit && attempt.n < ROUNDS_MAX; attempt.n++) {
        next_customer(&senders, attempt.n);
        agree(&senders);
        ask_under(self, &attempt,
                  (question){VELUM_VERB_SEND, senders.module, .ref = senders.to,
                             .body = "{\"template\":\"winback\",\"flow\":\"f\",\"node\":\"n\","
                                     "\"occurrence\":\"1\"}"});
        begin_again(self, kind);
        const reply *const again = assert_done(send_to(&senders, senders.to, "1"));
        if (attempt.answer != NULL) {
            assert_non_null(strstr(attempt.answer->body, text_at(again, "messages/0/id")));
        }
        assert_int_equal(sql_count(self, "SELECT count(*) FROM message"), attempt.n);
    }
    assert_false(attempt.hit);
    assert_faults_were_hit(kind, attempt.n - 1);
    assert_log_sound(self);
}

static void an_asking_whose_statements_fail(void **state)
{
    ask_under_all(*state, "sql");
}

static void an_asking_whose_writes_fail(void **state)
{
    ask_under_all(*state, "write");
}

static void an_asking_whose_syncs_fail(void **state)
{
    ask_under_all(*state, "sync");
}

static void an_asking_without_memory(void **state)
{
    ask_under_all(*state, "alloc");
}

/* --- taking ------------------------------------------------------------------------------------------- */

/* Handed out once at most: by the call under the fault, by the next one, or by neither, when it was taken
 * and the answer was lost. */
static void take_under_all(place *self, const char *kind)
{
    senders senders = senders_of(self);
    attempt attempt = {.kind = kind, .n = 1, .hit = true};

    for (; attempt.hit && attempt.n < ROUNDS_MAX; attempt.n++) {
        next_customer(&senders, attempt.n);
        agree(&senders);
        const char *const id = queued(&senders, "1");
        ask_under(self, &attempt, (question){VELUM_VERB_MESSAGE_NEXT, .token = senders.courier});
        begin_again(self, kind);
        const bool was_given = attempt.answer != NULL && strstr(attempt.answer->body, id) != NULL;
        const bool is_queued = strcmp(text_at(show_message(self, id), "state"), "queued") == 0;
        assert_false(was_given && is_queued);
        assert_int_equal(taken_now(&senders), is_queued ? 1 : 0);
        assert_message(self, id, "taken", "");
        assert_int_equal(count_state(self, MESSAGE_TAKEN), attempt.n);
        assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 9"), attempt.n);
    }
    assert_false(attempt.hit);
    assert_faults_were_hit(kind, attempt.n - 1);
    assert_int_equal(count_messages(self, ENTRY_INTENT), count_state(self, MESSAGE_TAKEN));
    assert_log_sound(self);
}

static void a_taking_whose_statements_fail(void **state)
{
    take_under_all(*state, "sql");
}

static void a_taking_whose_writes_fail(void **state)
{
    take_under_all(*state, "write");
}

static void a_taking_whose_syncs_fail(void **state)
{
    take_under_all(*state, "sync");
}

static void a_taking_without_memory(void **state)
{
    take_under_all(*state, "alloc");
}

/* --- the outcome -------------------------------------------------------------------------------------- */

static void end_under_all(place *self, const char *kind)
{
    senders senders = senders_of(self);
    attempt attempt = {.kind = kind, .n = 1, .hit = true};

    for (; attempt.hit && attempt.n < ROUNDS_MAX; attempt.n++) {
        next_customer(&senders, attempt.n);
        agree(&senders);
        (void)queued(&senders, "1");
        const char *const id = take_one(&senders);
        ask_under(self, &attempt,
                  (question){VELUM_VERB_MESSAGE_DONE, senders.courier, .ref = id,
                             .body = "{\"outcome\":\"sent\"}"});
        begin_again(self, kind);
        assert_done(say_done(&senders, id, "sent"));
        assert_message(self, id, "sent", "");
        assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 9"), 0);
    }
    assert_false(attempt.hit);
    assert_faults_were_hit(kind, attempt.n - 1);
    assert_int_equal(count_messages(self, ENTRY_OUTCOME), attempt.n - 1);
    assert_log_sound(self);
}

static void an_outcome_whose_statements_fail(void **state)
{
    end_under_all(*state, "sql");
}

static void an_outcome_whose_syncs_fail(void **state)
{
    end_under_all(*state, "sync");
}

static void an_outcome_without_memory(void **state)
{
    end_under_all(*state, "alloc");
}

/* --- silence ------------------------------------------------------------------------------------------ */

/* The timer whose statements fail one after the other: in the end it is unknown, once, and was never
 * handed out again. */
static void a_silence_whose_statements_fail(void **state)
{
    place *const self = *state;
    senders senders = senders_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    bool hit = true;
    int n = 1;

    for (; hit && n < ROUNDS_MAX; n++) {
        next_customer(&senders, n);
        agree(&senders);
        place_set_clock(self, now_ns += DAY_NS); /* the same time of another day */
        (void)queued(&senders, "1");
        const char *const id = take_one(&senders);
        log_sync(self);
        fault_plan(text_f(self, "sql:%d:eio", n));
        place_set_clock(self, now_ns + MESSAGE_ANSWER_NS);
        run_timers(self);
        hit = fault_count(FAULT_SQL) >= (unsigned long)n;
        fault_plan(NULL);
        assert_int_equal(taken_now(&senders), 0);
        place_set_clock(self, now_ns + 2 * MESSAGE_ANSWER_NS);
        run_timers(self);
        assert_message(self, id, "unknown", "");
    }
    assert_false(hit);
    assert_faults_were_hit("sql", n - 1);
    assert_int_equal(count_messages(self, ENTRY_OUTCOME), n - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_asking_whose_statements_fail),  TEST(an_asking_whose_writes_fail),
        TEST(an_asking_whose_syncs_fail),       TEST(an_asking_without_memory),
        TEST(a_taking_whose_statements_fail),   TEST(a_taking_whose_writes_fail),
        TEST(a_taking_whose_syncs_fail),        TEST(a_taking_without_memory),
        TEST(an_outcome_whose_statements_fail), TEST(an_outcome_whose_syncs_fail),
        TEST(an_outcome_without_memory),        TEST(a_silence_whose_statements_fail),
    };

    return cmocka_run_group_tests_name("messages-faults", tests, NULL, NULL);
}

#else

int main(void)
{
    return 77;
}

#endif
