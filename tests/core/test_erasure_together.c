/* Erasures beside other writes and reads of the same customer, in one batch and on older snapshots, and
 * several requests for one deletion (I-6, V-6, R-4). */
#include "tests/core/erasure_support.h"
#include "tests/core/request_support.h"

#include "core/path.h"
#include "core/verbs.h"
#include "vault/internal.h"

#include <sched.h>

#define TOGETHER_MAX 3

/* --- in one batch ------------------------------------------------------------------------------- */

typedef struct hold_back {
    velum_gate *gate;
    atomic_bool is_in;
    atomic_bool may_go;
} hold_back;

static velum_status wait_inside(void *context, store_conn *conn)
{
    hold_back *const self = context;

    atomic_store(&self->is_in, true);
    while (!atomic_load(&self->may_go)) {
        sched_yield();
    }
    return VELUM_OK;
}

static void *hold_writer(void *context)
{
    hold_back *const self = context;

    assert_int_equal(writer_run(&self->gate->writer, wait_inside, self), VELUM_OK);
    return NULL;
}

static void count_up(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static velum_pending *make_pending(place *self, const question *asked)
{
    velum_pending *pending = NULL;
    const velum_request request = request_of(asked);

    if (asked->verb == VERB_TIMERS) {
        assert_int_equal(pending_create_own(self->gate, VERB_TIMERS, &pending), VELUM_OK);
    } else {
        assert_int_equal(pending_create(self->gate, &request, &pending, NULL), VELUM_OK);
    }
    return pending;
}

/* The writer is held while all are queued, so that they share a transaction. */
static void ask_together(place *self, const question *asked, uint32_t count, int32_t *out_status)
{
    hold_back hold = {.gate = self->gate};
    velum_pending *pending[TOGETHER_MAX];
    atomic_int woken = 0;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, hold_writer, &hold), 0);
    while (!atomic_load(&hold.is_in)) {
        sched_yield();
    }
    for (uint32_t i = 0; i < count; i++) {
        pending[i] = make_pending(self, &asked[i]);
        pending[i]->ready = count_up;
        pending[i]->context = &woken;
        assert_int_equal(pending_start(pending[i]), VELUM_PENDING);
    }
    atomic_store(&hold.may_go, true);
    pthread_join(thread, NULL);
    while (atomic_load(&woken) < (int)count) {
        sched_yield();
    }
    for (uint32_t i = 0; i < count; i++) {
        velum_answer *answer = NULL;
        assert_int_equal(velum_pending_take(pending[i], &answer), VELUM_OK);
        out_status[i] = velum_answer_status(answer);
        velum_answer_free(answer);
        velum_pending_free(pending[i]);
    }
}

static question erasure_of(place *self, const char *ref)
{
    return (question){VELUM_VERB_SUBJECT_ERASE, .ref = text_f(self, "shop:%s", ref), .body = "{}"};
}

static question change_of(place *self, const char *shop, const char *city)
{
    return (question){VELUM_VERB_UPSERT, shop,
                      .body = text_f(self,
                                     "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"%s\"}],"
                                     "\"profile\":{\"city\":\"%s\"}}",
                                     MOBILE, city)};
}

/* The steward's turn in the same batch does not put the keys' end off. */
static void an_erasure_beside_the_stewards_turn_is_finished(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    const question asked[] = {erasure_of(self, ref), {.verb = VERB_TIMERS}};
    int32_t status[2];

    ask_together(self, asked, 2, status);
    assert_int_equal(status[0], 200);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM destruction"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM certificate"), 1);
}

static void what_comes_before_and_after_in_the_batch(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    const question asked[] = {change_of(self, shop, "a"), erasure_of(self, ref),
                              change_of(self, shop, "b")};
    int32_t status[3];

    ask_together(self, asked, 3, status);
    assert_int_equal(status[0], 200);
    assert_int_equal(status[1], 200);
    assert_int_equal(status[2], 410);
    assert_refused(read_as(self, shop, ref), 410, "subject-erased");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM category"), 0);
    assert_log_sound(self);
}

/* Some of it goes, the rest is changed and consented to under the next data key. */
static void the_rest_is_changed_in_the_batch_of_some(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    const question asked[] = {{VELUM_VERB_SUBJECT_ERASE, .ref = text_f(self, "shop:%s", ref),
                               .body = "{\"categories\":[\"contact\"]}"},
                              change_of(self, shop, "b")};
    int32_t status[2];

    ask_together(self, asked, 2, status);
    assert_int_equal(status[0], 200);
    assert_int_equal(status[1], 200);
    consent(self, desk, ref, "analytics", "given");
    for (int i = 0; i < 2; i++) {
        const reply *answer = assert_done(read_as(self, shop, ref));
        assert_text_at(answer, "fields/city", "b");
        assert_null(value_at(answer, "fields/mobile"));
        place_reopen(self);
    }
    assert_log_sound(self);
}

/* --- on older snapshots ------------------------------------------------------------------------- */

/* A row that looks damaged while the customer changed since is looked at again, and said of nobody. */
static void damage_in_an_older_snapshot_is_not_said(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    const subject_id subject = subject_of(self, ref);
    audit_entry entry;

    place_reopen(self); /* nothing is cached */
    assert_int_equal(conn_run(store_writer(self->gate->vault->keys_db),
                              "UPDATE subject_key SET generation = generation + 1"),
                     VELUM_OK);
    log_sync(self);
    const uint64_t before = log_size(self);
    changes_raise(&self->gate->changes, changes_slot(&self->gate->changes, &subject), UINT64_MAX);
    assert_refused(read_as(self, shop, ref), 503, "unavailable");
    log_sync(self);
    for (uint64_t i = before; i < log_size(self); i++) {
        log_at(self, i, &entry);
        assert_string_not_equal(reason_of(self, &entry), "data-damaged");
    }
    place_reopen(self);
    assert_refused(read_as(self, shop, ref), 500, "data-damaged"); /* which it is */
}

typedef struct repair {
    velum_random random;
    vault *vault;
    generation_move move;
    uint32_t calls;
} repair;

/* The second call is for the event id of the second attempt. */
static void fill_and_repair(void *context, void *out, size_t size)
{
    repair *const self = context;

    self->random.fill(self->random.context, out, size);
    if (++self->calls == 2) {
        self->vault->recent.ring[0] = self->move;
    }
}

static void make_stale(place *self, const char *ref, repair *out)
{
    vault *const vault = self->gate->vault;
    store_conn *const keys = store_writer(vault->keys_db);

    *out = (repair){.random = self->gate->random,
                    .vault = vault,
                    .move = {.subject = subject_of(self, ref), .before = 0, .seq = UINT64_MAX}};
    assert_int_equal(conn_run(keys, "UPDATE subject_key SET generation = 1"), VELUM_OK);
    vault->recent.forgotten_seq = UINT64_MAX; /* as after very many moves */
}

/* A snapshot of which nothing can be told is taken anew, three times at most. */
static void a_stale_snapshot_is_taken_anew(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    repair repair;

    place_reopen(self);
    make_stale(self, ref, &repair);
    const uint64_t before = log_size(self);
    assert_refused(read_as(self, shop, ref), 503, "unavailable");
    assert_int_equal(velum_gate_counter(self->gate, "reads-repeated"), 2);
    assert_int_equal(log_size(self), before); /* said of nobody */
    self->gate->random = (velum_random){fill_and_repair, &repair};
    assert_done(read_as(self, shop, ref));
    self->gate->random = repair.random;
    assert_int_equal(velum_gate_counter(self->gate, "reads-repeated"), 3);
}

/* --- several requests for one deletion ---------------------------------------------------------- */

static const char *approved(const people *people, const char *right, const char *members)
{
    char at[TIME_TEXT_BYTES];

    time_format(clock_wall_ns(&people->place->gate->clock), at);
    const reply *made = assert_done(
        take_in(people, right,
                text_f(people->place, ",\"verified\":{\"method\":\"second-fact\",\"at\":\"%s\"}%s",
                       at, members)));
    const char *const id = text_f(people->place, "%s", text_at(made, "request"));
    assert_done(act(people->place, NULL, id, "approve", ""));
    return id;
}

/* Nothing is said to be done while a key stands, whoever began it (V-6). */
static void a_request_waits_for_the_erasure_of_another(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = approved(&people, "delete", "");

    lingerer reader = linger(self);
    assert_done(erase(self, people.ref, "{}"));
    pass_days(self, &now_ns, 8);
    assert_state(self, id, "in_progress");
    assert_null(value_at(show(self, id), "paused_by"));
    assert_refused(act(self, NULL, id, "fulfil", ""), 409, "request-state");
    leave(&reader);
    await_nothing_begun(self);
    pass_days(self, &now_ns, 1);
    assert_state(self, id, "fulfilled");
    assert_log_sound(self);
}

/* What another erasure took in the meantime holds nobody up. */
static void a_category_that_went_meanwhile_is_done(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = approved(&people, "delete", ",\"categories\":[\"contact\"]");

    assert_done(erase(self, people.ref, "{\"categories\":[\"contact\"]}"));
    pass_days(self, &now_ns, 8);
    assert_state(self, id, "fulfilled");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM certificate"), 1);
}

/* What was asked for goes, whatever the policy calls it by then. */
static void a_category_that_left_the_policy_goes(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = approved(&people, "delete", ",\"categories\":[\"contact\"]");

    change_policy(self, (const char *const[]){"  contact:\\n", "  reach:\\n", "  contact: {zh",
                                              "  reach: {zh", NULL});
    const int64_t before = sql_count(self, "SELECT count(*) FROM category");
    pass_days(self, &now_ns, 8);
    assert_state(self, id, "fulfilled");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM category"), before - 1);
    const reply *file = certificate_of(self, show(self, id));
    assert_true(list_has(file, "destroyed/categories", "contact"));
}

/* Its words have gone with the evidence; what is open is ended all the same. */
static void a_request_outlives_the_evidence(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id =
        text_f(self, "%s", text_at(assert_done(take_verified(&people, "access")), "request"));

    assert_done(erase(self, people.ref, "{}"));
    pass_days(self, &now_ns, 1100); /* what a law keeps, then, a minute later, the evidence */
    await_nothing_begun(self);
    pass_days(self, &now_ns, 1);
    await_nothing_begun(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM erased"), 0);
    assert_done(act(self, NULL, id, "deny", ",\"reason\":\"no_match\""));
    assert_state(self, id, "denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_erasure_beside_the_stewards_turn_is_finished,
                                        place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(what_comes_before_and_after_in_the_batch, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(the_rest_is_changed_in_the_batch_of_some, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(damage_in_an_older_snapshot_is_not_said, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_stale_snapshot_is_taken_anew, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_request_waits_for_the_erasure_of_another,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(a_category_that_went_meanwhile_is_done, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_category_that_left_the_policy_goes, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_request_outlives_the_evidence, place_set_up_clock,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
