/* Writes whole or not at all, their leaves without a gap; and what happens when anything fails. */
#include "tests/core/support.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "core/path.h"
#include "core/verbs.h"

/* --- seqs ------------------------------------------------------------------------------------- */

typedef struct seq_walk {
    uint64_t last;
    uint64_t count;
} seq_walk;

static void next_seq(void *context, uint64_t index, const audit_entry *entry)
{
    seq_walk *const self = context;

    if (entry->outbox_seq == 0) {
        return; /* a read */
    }
    if (entry->outbox_seq != self->last + 1) {
        fail_msg("seq %llu after %llu", (unsigned long long)entry->outbox_seq,
                 (unsigned long long)self->last);
    }
    self->last = entry->outbox_seq;
    self->count++;
}

/* Every seq stands once and in order; the database says the same. */
static void assert_no_gap(place *self)
{
    seq_walk walk = {0, 0};

    log_visit(self, next_seq, &walk);
    assert_int_equal(sql_count(self, "SELECT value FROM meta WHERE name = 'outbox_seq'"),
                     walk.last);
    assert_int_equal(walk.count, walk.last);
}

static void refused_writes_leave_a_leaf_and_nothing_else(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    for (int i = 0; i < 20; i++) {
        ask(self, (question){VELUM_VERB_UPSERT, shop,
                             .body = "{\"identifiers\":[{\"type\":\"mobile\",\"value\":"
                                     "\"13800000002\"}],\"profile\":{\"nothing\":\"x\"}}"});
        consent(self, desk, ref, "analytics", i % 2 == 0 ? "given" : "withdrawn");
        forget_refusals(self);
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM blind_index"), 1);
    assert_no_gap(self);
    place_reopen(self);
    assert_no_gap(self);
    assert_log_sound(self);
}

/* A refusal that comes after something was recorded takes that back, too. */
static void a_refusal_takes_back_what_it_had_recorded(void **state)
{
    place *const self = *state;

    shop_token(self);
    assert_refused(ask(self, (question){VELUM_VERB_CREDENTIAL_ADD,
                                        .body = "{\"name\":\"shop\",\"kind\":\"service\","
                                                "\"roles\":[\"delivery\"],\"activities\":"
                                                "[\"order-fulfilment\"],\"domain\":\"new\"}"}),
                   409, "conflict");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM registry WHERE name = 'new'"), 0);
    token_of(self, (holder){"other", NULL, "delivery", "order-fulfilment", "new", NULL});
    assert_no_gap(self);
    place_reopen(self);
    assert_log_sound(self);
}

/* --- one batch with all kinds in it ----------------------------------------------------------- */

typedef struct hold_back {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool is_in;
    bool may_go;
} hold_back;

static velum_status wait_inside(void *context, store_conn *conn)
{
    hold_back *const self = context;

    (void)pthread_mutex_lock(&self->lock);
    self->is_in = true;
    (void)pthread_cond_broadcast(&self->moved);
    while (!self->may_go) {
        (void)pthread_cond_wait(&self->moved, &self->lock);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return VELUM_OK;
}

typedef struct holder_thread {
    velum_gate *gate;
    hold_back *hold;
} holder_thread;

static void *hold_writer(void *context)
{
    const holder_thread *self = context;

    assert_int_equal(writer_run(&self->gate->writer, wait_inside, self->hold), VELUM_OK);
    return NULL;
}

static void ignore(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static int32_t take_status(velum_pending *pending, atomic_int *woken)
{
    velum_answer *answer = NULL;

    while (atomic_load(woken) == 0) {
        sched_yield();
    }
    assert_int_equal(velum_pending_take(pending, &answer), VELUM_OK);
    const int32_t status = velum_answer_status(answer);
    velum_answer_free(answer);
    velum_pending_free(pending);
    return status;
}

#define GATHERED 6
static const char *const gathered_profiles[GATHERED] = {"{\"city\":\"a\"}", "{\"city\":7}",
                                                        "{\"city\":\"b\"}", "{\"nothing\":\"x\"}",
                                                        "{\"city\":\"c\"}", "{\"name\":\"d\"}"};
static const int32_t gathered_status[GATHERED] = {200, 422, 200, 400, 200, 200};

/* The writer is held while all are queued, so that they share a transaction. */
static void gather_all(place *self, const char *shop, int32_t out[GATHERED])
{
    hold_back hold = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    holder_thread holding = {self->gate, &hold};
    velum_pending *pending[GATHERED];
    atomic_int woken[GATHERED];
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, hold_writer, &holding), 0);
    (void)pthread_mutex_lock(&hold.lock);
    while (!hold.is_in) {
        (void)pthread_cond_wait(&hold.moved, &hold.lock);
    }
    (void)pthread_mutex_unlock(&hold.lock);
    for (int i = 0; i < GATHERED; i++) {
        const question asked = {
            VELUM_VERB_UPSERT, shop,
            .body = text_f(self,
                           "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"1380000010%d\"}],"
                           "\"profile\":%s}",
                           i, gathered_profiles[i])};
        const velum_request request = request_of(&asked);
        atomic_init(&woken[i], 0);
        assert_int_equal(
            velum_gate_submit(self->gate, &request, ignore, &woken[i], &pending[i], NULL),
            VELUM_PENDING);
    }
    (void)pthread_mutex_lock(&hold.lock);
    hold.may_go = true;
    (void)pthread_cond_broadcast(&hold.moved);
    (void)pthread_mutex_unlock(&hold.lock);
    pthread_join(thread, NULL);
    for (int i = 0; i < GATHERED; i++) {
        out[i] = take_status(pending[i], &woken[i]);
    }
}

static void a_refused_one_does_not_hurt_its_batch(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    int32_t status[GATHERED];

    gather_all(self, shop, status);
    for (int i = 0; i < GATHERED; i++) {
        assert_int_equal(status[i], gathered_status[i]);
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 4);
    assert_no_gap(self);
    place_reopen(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 4);
    assert_log_sound(self);
}

/* W-3: a policy or a credential that changes in the middle ends the transaction, and what came
 * before it in the queue is still answered. */
static void a_revocation_in_the_middle_ends_the_batch(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    hold_back hold = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    holder_thread holding = {self->gate, &hold};
    const char *const body = "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"1380000020%d\"}]}";
    const question asked[3] = {
        {VELUM_VERB_UPSERT, shop, .body = text_f(self, body, 0)},
        {VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"shop\"}"},
        {VELUM_VERB_UPSERT, shop, .body = text_f(self, body, 1)},
    };
    velum_pending *pending[3];
    atomic_int woken[3];
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, hold_writer, &holding), 0);
    (void)pthread_mutex_lock(&hold.lock);
    while (!hold.is_in) {
        (void)pthread_cond_wait(&hold.moved, &hold.lock);
    }
    for (int i = 0; i < 3; i++) {
        const velum_request request = request_of(&asked[i]);
        atomic_init(&woken[i], 0);
        assert_int_equal(
            velum_gate_submit(self->gate, &request, ignore, &woken[i], &pending[i], NULL),
            VELUM_PENDING);
    }
    hold.may_go = true;
    (void)pthread_cond_broadcast(&hold.moved);
    (void)pthread_mutex_unlock(&hold.lock);
    pthread_join(thread, NULL);
    assert_int_equal(take_status(pending[0], &woken[0]), 200);
    assert_int_equal(take_status(pending[1], &woken[1]), 200);
    assert_int_equal(take_status(pending[2], &woken[2]), 401);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    assert_no_gap(self);
}

/* The caller's time is over while the writer is busy: 503 says "unknown", and here it was done. */
static void a_write_that_takes_too_long_is_unknown(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    hold_back hold = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    holder_thread holding = {self->gate, &hold};
    pthread_t thread;

    self->gate->timeout_ms = 100;
    assert_int_equal(pthread_create(&thread, NULL, hold_writer, &holding), 0);
    (void)pthread_mutex_lock(&hold.lock);
    while (!hold.is_in) {
        (void)pthread_cond_wait(&hold.moved, &hold.lock);
    }
    (void)pthread_mutex_unlock(&hold.lock);
    assert_refused(ask(self, (question){VELUM_VERB_UPSERT, .token = shop,
                                        .body = "{\"identifiers\":[{\"type\":\"mobile\","
                                                "\"value\":\"13800000001\"}]}"}),
                   503, "unavailable");
    (void)pthread_mutex_lock(&hold.lock);
    hold.may_go = true;
    (void)pthread_cond_broadcast(&hold.moved);
    (void)pthread_mutex_unlock(&hold.lock);
    pthread_join(thread, NULL);
    self->gate->timeout_ms = 5000;
    assert_int_equal(velum_gate_counter(self->gate, "timed-out"), 1);
    person(self, shop, "13800000001", "{}"); /* repeating is safe */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    assert_no_gap(self);
}

/* A later one's refusal takes back its own, never what an officer was told before. */
static void an_accepted_clock_stays_accepted_in_its_batch(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    hold_back hold = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    holder_thread holding = {self->gate, &hold};
    const question asked[2] = {
        {.verb = VELUM_VERB_CLOCK_ACCEPT},
        {VELUM_VERB_UPSERT, shop,
         .body = "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"13800000100\"}],"
                 "\"profile\":{\"city\":7}}"}};
    const int32_t expected[2] = {200, 422};
    velum_pending *pending[2];
    atomic_int woken[2];
    pthread_t thread;

    clock_guard_note(&self->gate->clock_guard,
                     clock_wall_ns(&self->gate->clock) + 3600 * NS_PER_SECOND);
    assert_true(clock_guard_read(&self->gate->clock_guard, &self->gate->clock).behind);
    assert_int_equal(pthread_create(&thread, NULL, hold_writer, &holding), 0);
    (void)pthread_mutex_lock(&hold.lock);
    while (!hold.is_in) {
        (void)pthread_cond_wait(&hold.moved, &hold.lock);
    }
    (void)pthread_mutex_unlock(&hold.lock);
    for (int i = 0; i < 2; i++) {
        const velum_request request = request_of(&asked[i]);
        atomic_init(&woken[i], 0);
        assert_int_equal(
            velum_gate_submit(self->gate, &request, ignore, &woken[i], &pending[i], NULL),
            VELUM_PENDING);
    }
    (void)pthread_mutex_lock(&hold.lock);
    hold.may_go = true;
    (void)pthread_cond_broadcast(&hold.moved);
    (void)pthread_mutex_unlock(&hold.lock);
    pthread_join(thread, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(take_status(pending[i], &woken[i]), expected[i]);
    }
    assert_false(clock_guard_read(&self->gate->clock_guard, &self->gate->clock).behind);
    assert_no_gap(self);
}

/* --- run again -------------------------------------------------------------------------------- */

/* A refusal that was decided in an older world is decided again: it was never recorded, so it is no
 * repetition (I-1). */
static void a_refusal_that_is_run_again_is_recorded(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const question asked = {VELUM_VERB_READ, .token = shop, .ref = ref, .fields = "email"};
    const velum_request request = request_of(&asked);
    velum_pending *pending = NULL;
    velum_answer *answer = NULL;
    audit_entry entry;

    assert_int_equal(pending_create(self->gate, &request, &pending, NULL), VELUM_OK);
    pending->attempts = 1;
    assert_int_equal(path_read(pending), VELUM_PENDING); /* its leaf is sent back as stale */
    assert_int_equal(pending_wait(pending, &answer), VELUM_OK);
    assert_int_equal(velum_answer_status(answer), 403);
    velum_answer_free(answer);
    velum_pending_free(pending);
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "no-field-allowed");
    assert_refused(ask(self, asked), 429, "rate-limited");
}

/* A read decided before a write of its subject is decided again behind it (A-2, I-9). */
static void a_stale_read_is_decided_again(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const campaign = marketing_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const question asked = {VELUM_VERB_READ, .token = campaign, .ref = ref};
    const velum_request request = request_of(&asked);
    velum_pending *pending = NULL;
    velum_answer *answer = NULL;
    atomic_int woken;

    atomic_init(&woken, 0);
    consent(self, desk, ref, "direct-marketing", "given");
    assert_int_equal(pending_create(self->gate, &request, &pending, NULL), VELUM_OK);
    pending->ready = ignore;
    pending->context = &woken;
    pending->attempts = 1;
    assert_int_equal(path_read(pending), VELUM_PENDING);
    atomic_store(&pending->state, PENDING_WAITING);
    consent(self, desk, ref, "direct-marketing", "withdrawn");
    watchdog_add(&self->gate->watchdog, pending);
    appender_queue_read(&self->gate->appender, pending);
    while (atomic_load(&woken) == 0) {
        sched_yield();
    }
    assert_int_equal(atomic_load(&pending->state), PENDING_AGAIN);
    atomic_store(&woken, 0);
    assert_int_equal(velum_pending_take(pending, &answer), VELUM_PENDING);
    while (atomic_load(&woken) == 0) {
        sched_yield();
    }
    assert_int_equal(velum_pending_take(pending, &answer), VELUM_OK);
    assert_int_equal(velum_answer_status(answer), 404);
    velum_answer_free(answer);
    velum_pending_free(pending);
    assert_int_equal(velum_gate_counter(self->gate, "reads-repeated"), 1);
}

/* --- what we write ourselves ------------------------------------------------------------------ */

/* A later version brings names that the folder does not have: their leaves need room like any
 * other (W-1), and what follows is not held up by them. */
static void new_names_at_opening_come_into_the_log(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    sql_run(self, "DELETE FROM registry WHERE kind = 9 AND name = 'activity-needed'");
    place_reopen(self);
    log_sync(self);
    assert_int_equal(
        sql_count(self, "SELECT count(*) FROM registry WHERE name = 'activity-needed'"), 1);
    assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = ref}));
    person(self, shop, "13800000002", full_profile);
    assert_no_gap(self);
    place_reopen(self);
    assert_log_sound(self);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(refused_writes_leave_a_leaf_and_nothing_else),
        TEST(a_refusal_takes_back_what_it_had_recorded),
        TEST(a_refused_one_does_not_hurt_its_batch),
        TEST(an_accepted_clock_stays_accepted_in_its_batch),
        TEST(a_revocation_in_the_middle_ends_the_batch),
        TEST(a_write_that_takes_too_long_is_unknown),
        TEST(a_refusal_that_is_run_again_is_recorded),
        TEST(a_stale_read_is_decided_again),
        TEST(new_names_at_opening_come_into_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
