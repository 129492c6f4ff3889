/* The work of modules: given under a lease, answered once, never after an erasure (core/work.h). */
#include "tests/core/erasure_support.h"

#include "core/happening.h"
#include "core/verbs.h"
#include "core/work.h"

#include <stdio.h>
#include <string.h>

static const char *winback_token(place *self)
{
    return token_of(self, (holder){"winback", NULL, "crm_module", "winback", "winback", NULL});
}

static const reply *next(place *self, const char *token)
{
    return ask(self, (question){VELUM_VERB_MODULE_NEXT, token, .body = "{\"module\":\"winback\"}"});
}

static const reply *answer(place *self, const char *token, const reply *given, const char *rest)
{
    return ask(self, (question){VELUM_VERB_MODULE_REPLY, token,
                                .body = text_f(
                                    self, "{\"module\":\"winback\",\"n\":%lld,\"lease\":%lld,%s}",
                                    (long long)integer_at(given, "work/0/n"),
                                    (long long)integer_at(given, "work/0/lease"), rest)});
}

static size_t count_of(const reply *given)
{
    return json_count(value_at(given, "work"));
}

/* --- somebody to hear of ------------------------------------------------------------------------ */

typedef struct telling {
    place *place;
    happening what;
    const char *table;
} telling;

static velum_status tell(void *context, write_batch *batch)
{
    telling *const self = context;
    VELUM_AUTO(world) *world = gate_world(self->place->gate);

    if (self->table != NULL) {
        self->what.resource = bundle_find(world->bundle, REGISTRY_RESOURCE, text_of(self->table));
        assert_int_not_equal(self->what.resource, BUNDLE_NONE);
    }
    return happened(batch, world, &self->what);
}

static telling *telling_now;
static velum_status tell_now(velum_gate *gate)
{
    return writer_transact(&gate->writer, tell, telling_now, 1);
}

/* As if rows of `orders` had been put. */
static void orders_put(place *self, const subject_id *subject, int64_t at_ns)
{
    telling told = {
        self, {.event = HAPPENED_ROWS_PUT, .subject = *subject, .at_ns = at_ns}, "orders"};

    telling_now = &told;
    assert_int_equal(writer_call(&self->gate->writer, tell_now), VELUM_OK);
}

typedef struct customer {
    const char *shop;
    const char *ref; /* in the domain shop */
    subject_id subject;
} customer;

static customer a_customer(place *self)
{
    customer made = {.shop = shop_token(self)};

    made.ref = person(self, made.shop, MOBILE, full_profile);
    made.subject = subject_of(self, made.ref);
    return made;
}

/* --- opening ------------------------------------------------------------------------------------ */

static void a_module_shows_what_it_was_written_for(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);

    const reply *opened = assert_done(
        ask(self, (question){VELUM_VERB_MODULE_OPEN, token, .body = "{\"module\":\"winback\"}"}));
    assert_text_at(opened, "domain", "winback");
    assert_true(list_has(opened, "tables", "winback_runs"));
    assert_false(list_has(opened, "tables", "orders"));
    const char *const hash = text_at(opened, "sha256");
    assert_done(
        ask(self,
            (question){VELUM_VERB_MODULE_OPEN, token,
                       .body = text_f(self, "{\"module\":\"winback\",\"sha256\":\"%s\"}", hash)}));
    assert_refused(
        ask(self, (question){VELUM_VERB_MODULE_OPEN, token,
                             .body = "{\"module\":\"winback\",\"sha256\":\"0000000000000000"
                                     "000000000000000000000000000000000000000000000000\"}"}),
        409, "module-changed");
}

/* I-10: no module works with another's pseudonyms; I-7: nor without the action. */
static void others_are_refused(void **state)
{
    place *const self = *state;
    const char *const stranger =
        token_of(self, (holder){"other", NULL, "crm_module", "winback", "elsewhere", NULL});
    const char *const shop = shop_token(self);
    const question asked = {VELUM_VERB_MODULE_NEXT, stranger, .body = "{\"module\":\"winback\"}"};
    question unknown = asked;
    question without = asked;

    assert_refused(ask(self, asked), 403, "unknown-domain");
    unknown.body = "{\"module\":\"nobody\"}";
    assert_refused(ask(self, unknown), 404, "unknown-resource");
    without.token = shop;
    assert_refused(ask(self, without), 403, "action-not-allowed");
}

static void what_is_malformed_is_refused(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    static const struct {
        uint32_t verb;
        const char *body;
    } WRONG[] = {
        {VELUM_VERB_MODULE_NEXT, "{}"},
        {VELUM_VERB_MODULE_NEXT, "{\"module\":\"winback\",\"limit\":0}"},
        {VELUM_VERB_MODULE_NEXT, "{\"module\":\"winback\",\"limit\":65}"},
        {VELUM_VERB_MODULE_NEXT, "{\"module\":\"winback\",\"all\":true}"},
        {VELUM_VERB_MODULE_OPEN, "{\"module\":\"winback\",\"sha256\":\"00\"}"},
        {VELUM_VERB_MODULE_REPLY, "{\"module\":\"winback\",\"n\":1,\"lease\":1}"},
        {VELUM_VERB_MODULE_REPLY,
         "{\"module\":\"winback\",\"n\":1,\"lease\":1,\"result\":\"maybe\"}"},
        {VELUM_VERB_MODULE_REPLY,
         "{\"module\":\"winback\",\"n\":\"1\",\"lease\":1,\"result\":\"done\"}"},
        {VELUM_VERB_MODULE_REPLY,
         "{\"module\":\"winback\",\"n\":1,\"lease\":1,\"result\":\"again\","
         "\"after_ms\":999}"},
        {VELUM_VERB_MODULE_REPLY,
         "{\"module\":\"winback\",\"n\":1,\"lease\":1,\"result\":\"again\","
         "\"after_ms\":604800001}"},
    };

    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_refused(ask(self, (question){WRONG[i].verb, token, .body = WRONG[i].body}), 400,
                       "malformed-request");
    }
}

/* --- taking and answering ----------------------------------------------------------------------- */

/* I-1: the leaf names whose pseudonym was told. */
static void work_is_given_once_and_recorded(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    uint8_t lookup_token[ENTRY_TOKEN_BYTES];
    audit_entry leaf;

    assert_done(read_as(self, who.shop, who.ref));
    log_sync(self);
    log_last(self, &leaf);
    memcpy(lookup_token, leaf.subject_token, sizeof lookup_token);
    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    const reply *given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 1);
    assert_text_at(given, "work/0/kind", "event");
    assert_text_at(given, "work/0/name", "rows.put:orders");
    assert_text_at(given, "work/0/at", "2026-11-21T12:00:00.000Z");
    assert_int_equal(integer_at(given, "work/0/attempts"), 1);
    assert_string_not_equal(text_at(given, "work/0/ref"), who.ref); /* of another domain */
    log_sync(self);
    log_last(self, &leaf);
    assert_int_equal(leaf.type, ENTRY_MODULE);
    assert_int_equal(leaf.subject_count, 1);
    assert_memory_equal(leaf.subjects[0], lookup_token, ENTRY_TOKEN_BYTES);
    assert_int_equal(input_of(&leaf, INPUT_OPERATION), OPERATION_WORK_TAKE);
    assert_int_equal(input_of(&leaf, INPUT_WORK_GIVEN), 1);
    assert_int_not_equal(input_of(&leaf, INPUT_MODULE), 0);
    assert_int_equal(count_of(next(self, token)), 0);
    assert_done(answer(self, token, given, "\"result\":\"done\""));
    log_sync(self);
    log_last(self, &leaf);
    assert_memory_equal(leaf.subject_token, lookup_token, ENTRY_TOKEN_BYTES);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
    assert_log_sound(self);
}

static void nothing_due_writes_nothing(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const uint64_t before = log_size(self);
    const int64_t changed = rows_changed(self);

    const reply *given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 0);
    assert_int_equal(integer_at(given, "next_in_ms"), 60000);
    assert_int_equal(log_size(self), before);
    assert_true(rows_changed(self) == changed); /* W-4 */
}

static void a_lease_that_ran_out_is_given_again(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    const reply *first = assert_done(next(self, token));
    place_set_clock(self, PLACE_EPOCH_NS + 59 * NS_PER_SECOND);
    const reply *early = assert_done(next(self, token));
    assert_int_equal(count_of(early), 0);
    assert_in_range(integer_at(early, "next_in_ms"), 1, 1001);
    place_set_clock(self, PLACE_EPOCH_NS + 61 * NS_PER_SECOND);
    const reply *second = assert_done(next(self, token));
    assert_int_equal(integer_at(second, "work/0/n"), integer_at(first, "work/0/n"));
    assert_int_equal(integer_at(second, "work/0/attempts"), 2);
    assert_refused(answer(self, token, first, "\"result\":\"done\""), 409, "work-gone");
    assert_done(answer(self, token, second, "\"result\":\"done\""));
    assert_refused(answer(self, token, second, "\"result\":\"done\""), 409, "work-gone");
}

/* Late, but nobody else was given it. */
static void a_late_answer_still_counts(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    const reply *given = assert_done(next(self, token));
    place_set_clock(self, PLACE_EPOCH_NS + 3600 * NS_PER_SECOND);
    assert_done(answer(self, token, given, "\"result\":\"done\""));
    assert_int_equal(count_of(next(self, token)), 0);
}

static void again_is_due_later(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    const reply *given = assert_done(next(self, token));
    assert_done(answer(self, token, given, "\"result\":\"again\",\"after_ms\":5000"));
    assert_refused(answer(self, token, given, "\"result\":\"done\""), 409, "work-gone");
    assert_int_equal(count_of(next(self, token)), 0);
    place_set_clock(self, PLACE_EPOCH_NS + 5 * NS_PER_SECOND);
    given = assert_done(next(self, token));
    assert_int_equal(integer_at(given, "work/0/attempts"), 2);
    assert_done(answer(self, token, given, "\"result\":\"again\"")); /* 2² seconds */
    place_set_clock(self, PLACE_EPOCH_NS + 8 * NS_PER_SECOND);
    assert_int_equal(count_of(next(self, token)), 0);
    place_set_clock(self, PLACE_EPOCH_NS + 9 * NS_PER_SECOND);
    assert_int_equal(count_of(next(self, token)), 1);
}

/* WK-5. */
static void what_was_given_too_often_is_dropped(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    audit_entry leaf;

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    sql_run(self, "UPDATE module_work SET attempts = 19");
    const reply *last = assert_done(next(self, token));
    assert_int_equal(integer_at(last, "work/0/attempts"), 20);
    assert_done(answer(self, token, last, "\"result\":\"again\""));
    log_sync(self);
    log_last(self, &leaf);
    assert_int_equal(input_of(&leaf, INPUT_OPERATION), OPERATION_WORK_DROPPED);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    sql_run(self, "UPDATE module_work SET attempts = 20");
    assert_int_equal(count_of(assert_done(next(self, token))), 0);
    log_sync(self);
    log_last(self, &leaf);
    assert_int_equal(leaf.type, ENTRY_MODULE);
    assert_int_equal(input_of(&leaf, INPUT_WORK_DROPPED), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
}

/* --- hearing ------------------------------------------------------------------------------------ */

static void the_newest_of_many_is_told_once(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    orders_put(self, &who.subject, PLACE_EPOCH_NS + DAY_NS);
    orders_put(self, &who.subject, PLACE_EPOCH_NS - DAY_NS);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 1);
    const reply *given = assert_done(next(self, token));
    assert_text_at(given, "work/0/at", "2026-11-22T12:00:00.000Z");
    orders_put(self, &who.subject, PLACE_EPOCH_NS); /* while it is in hands */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 2);
}

static void only_who_asked_is_told(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    const char *const desk = desk_token(self);

    consent(self, desk, who.ref, "direct-marketing", "given");
    const reply *given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 1);
    assert_text_at(given, "work/0/name", "consent.changed:direct-marketing");
    consent(self, desk, who.ref, "direct-marketing", "given"); /* the same again is no change */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 1);
    assert_int_equal(sql_count(self, "SELECT count(DISTINCT module) FROM module_work"), 1);
}

static void an_objection_is_told(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    const char *const customer = customer_of(self, who.ref);

    assert_done(ask(self, (question){VELUM_VERB_ME_REQUEST_CREATE, customer,
                                     .body = "{\"right\":\"object-marketing\"}"}));
    const reply *given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 1);
    assert_text_at(given, "work/0/name", "restriction.changed");
}

/* --- timers ------------------------------------------------------------------------------------- */

static const char *ref_of_module(place *self, const char *token, const customer *who)
{
    orders_put(self, &who->subject, PLACE_EPOCH_NS);
    const reply *given = assert_done(next(self, token));
    const char *const ref = text_f(self, "%s", text_at(given, "work/0/ref"));

    assert_done(answer(self, token, given, "\"result\":\"done\""));
    return ref;
}

static const reply *set_timer(place *self, const char *token, const char *ref, const char *rest)
{
    return ask(self, (question){VELUM_VERB_MODULE_TIMER, token, .ref = ref,
                                .body = text_f(self, "{\"module\":\"winback\",%s}", rest)});
}

/* The steward looks each second; here it is asked at once. */
static void run_timers(place *self)
{
    velum_pending *pending = NULL;
    velum_answer *answer = NULL;

    assert_int_equal(pending_create_own(self->gate, VERB_TIMERS, &pending), VELUM_OK);
    assert_int_equal(pending_wait(pending, &answer), VELUM_OK);
    velum_pending_free(pending);
    velum_answer_free(answer);
}

static void a_timer_comes_due(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    const char *const ref = ref_of_module(self, token, &who);

    const reply *set = assert_done(
        set_timer(self, token, ref, "\"name\":\"dormant\",\"at\":\"2026-11-21T13:00:00Z\""));
    assert_text_at(set, "at", "2026-11-21T13:00:00.000Z");
    run_timers(self);
    assert_int_equal(count_of(next(self, token)), 0);
    place_set_clock(self, PLACE_EPOCH_NS + 3600 * NS_PER_SECOND);
    const uint64_t before = log_size(self);
    run_timers(self);
    assert_int_equal(log_size(self), before);
    place_reopen(self); /* without a leaf, and yet committed (W-4) */
    const reply *given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 1);
    assert_text_at(given, "work/0/kind", "timer");
    assert_text_at(given, "work/0/name", "dormant");
    assert_text_at(given, "work/0/ref", ref);
    assert_text_at(given, "work/0/at", "2026-11-21T13:00:00.000Z");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_timer"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 8"), 0);
}

static void a_timer_is_kept_moved_and_cancelled(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    const char *const ref = ref_of_module(self, token, &who);
    static const struct {
        const char *asked;
        const char *at;
    } STEPS[] = {
        {"\"name\":\"t\",\"at\":\"2026-12-02T00:00:00Z\"", "2026-12-02T00:00:00.000Z"},
        {"\"name\":\"t\",\"at\":\"2026-12-01T00:00:00Z\",\"keep\":\"later\"",
         "2026-12-02T00:00:00.000Z"},
        {"\"name\":\"t\",\"at\":\"2026-12-03T00:00:00Z\",\"keep\":\"later\"",
         "2026-12-03T00:00:00.000Z"},
        {"\"name\":\"t\",\"at\":\"2026-12-04T00:00:00Z\",\"keep\":\"earlier\"",
         "2026-12-03T00:00:00.000Z"},
        {"\"name\":\"t\",\"at\":\"2026-12-01T00:00:00Z\"", "2026-12-01T00:00:00.000Z"},
    };

    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        assert_text_at(assert_done(set_timer(self, token, ref, STEPS[i].asked)), "at", STEPS[i].at);
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 8"), 1);
    assert_done(set_timer(self, token, ref, "\"name\":\"t\",\"at\":null"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 8"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_timer"), 0);
}

static void timers_are_bounded(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    const char *const ref = ref_of_module(self, token, &who);

    for (int i = 0; i < WORK_TIMERS_MAX; i++) {
        assert_done(set_timer(self, token, ref,
                              text_f(self, "\"name\":\"t%d\",\"at\":\"2026-12-01T00:00:00Z\"", i)));
    }
    assert_refused(set_timer(self, token, ref, "\"name\":\"more\",\"at\":\"2026-12-01T00:00:00Z\""),
                   422, "invalid-value");
    assert_done(set_timer(self, token, ref, "\"name\":\"t3\",\"at\":\"2026-12-05T00:00:00Z\""));
    assert_refused(set_timer(self, token, ref, "\"name\":\"13800000001\",\"at\":null"), 400,
                   "malformed-request"); /* I-5: a name begins with a letter */
    assert_refused(set_timer(self, token, ref, "\"name\":\"t\",\"at\":\"tomorrow\""), 400,
                   "malformed-request");
}

/* --- erasure ------------------------------------------------------------------------------------ */

/* WK-4, I-6. */
static void an_erasure_leaves_only_its_news(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    const char *const ref = ref_of_module(self, token, &who);
    audit_entry leaf;

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    assert_done(set_timer(self, token, ref, "\"name\":\"t\",\"at\":\"2026-12-01T00:00:00Z\""));
    assert_done(erase(self, who.ref, "{}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_timer"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 8"), 0);
    const reply *given = assert_done(next(self, token));
    assert_text_at(given, "work/0/name", "subject.erased");
    assert_text_at(given, "work/0/ref", ref);
    log_sync(self);
    log_last(self, &leaf);
    assert_int_equal(leaf.subject_count, 1); /* by the evidence key, which stands */
    assert_refused(set_timer(self, token, ref, "\"name\":\"t\",\"at\":\"2026-12-01T00:00:00Z\""),
                   404, "not-found");
    assert_done(answer(self, token, given, "\"result\":\"done\""));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
    assert_log_sound(self);
}

/* While keys cannot leave, nobody hears of somebody who is unreadable already. */
static void who_is_being_erased_is_not_told(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    lingerer reader = linger(self);

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    assert_done(erase(self, who.ref, "{}"));
    const reply *given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 0);
    leave(&reader);
    await_nothing_begun(self);
    given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 1);
    assert_text_at(given, "work/0/name", "subject.erased");
}

/* --- damage ------------------------------------------------------------------------------------- */

static void damage(place *self, const subject_id *subject)
{
    char id[2 * SUBJECT_ID_BYTES + 1];

    hex_encode(subject->bytes, SUBJECT_ID_BYTES, id);
    sql_run(self,
            text_f(self,
                   "UPDATE subject SET state_version = state_version + 1 WHERE subject = x'%s'",
                   id));
}

/* M-6: one customer's damaged record holds up nobody else's work. */
static void work_of_a_damaged_record_waits_alone(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);
    customer other = who;

    other.ref = person(self, who.shop, "13800000002", full_profile);
    other.subject = subject_of(self, other.ref);
    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    const reply *given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 1);
    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    orders_put(self, &other.subject, PLACE_EPOCH_NS);
    damage(self, &who.subject);
    assert_done(answer(self, token, given, "\"result\":\"done\""));
    given = assert_done(next(self, token));
    assert_int_equal(count_of(given), 1);
    assert_done(answer(self, token, given, "\"result\":\"done\""));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 1);
    place_set_clock(self, PLACE_EPOCH_NS + 3601 * NS_PER_SECOND);
    assert_int_equal(count_of(assert_done(next(self, token))), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 1);
}

/* --- crashes ------------------------------------------------------------------------------------ */

static void it_survives_a_restart(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const customer who = a_customer(self);

    orders_put(self, &who.subject, PLACE_EPOCH_NS);
    const reply *given = assert_done(next(self, token));
    place_reopen(self);
    assert_int_equal(count_of(next(self, token)), 0); /* the lease stands */
    assert_done(answer(self, token, given, "\"result\":\"done\""));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
}

#define WORK_TEST(function) \
    cmocka_unit_test_setup_teardown(function, place_set_up_clock, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORK_TEST(a_module_shows_what_it_was_written_for),
        WORK_TEST(others_are_refused),
        WORK_TEST(what_is_malformed_is_refused),
        WORK_TEST(work_is_given_once_and_recorded),
        WORK_TEST(nothing_due_writes_nothing),
        WORK_TEST(a_lease_that_ran_out_is_given_again),
        WORK_TEST(a_late_answer_still_counts),
        WORK_TEST(again_is_due_later),
        WORK_TEST(what_was_given_too_often_is_dropped),
        WORK_TEST(the_newest_of_many_is_told_once),
        WORK_TEST(only_who_asked_is_told),
        WORK_TEST(an_objection_is_told),
        WORK_TEST(a_timer_comes_due),
        WORK_TEST(a_timer_is_kept_moved_and_cancelled),
        WORK_TEST(timers_are_bounded),
        WORK_TEST(an_erasure_leaves_only_its_news),
        WORK_TEST(who_is_being_erased_is_not_told),
        WORK_TEST(work_of_a_damaged_record_waits_alone),
        WORK_TEST(it_survives_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
