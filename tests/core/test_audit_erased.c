/* Somebody erased: the log still answers for them as long as the evidence is kept, and then no more
 * (I-6, PIPL 47, GDPR 17(3)(e)). */
#include "tests/core/erasure_support.h"

#include <string.h>
#include <unistd.h>

#include "core/verbs.h"

#define AWAIT_NS (30 * NS_PER_SECOND)

/* Polled until a deadline: the steward looks each second. */
static void await_none(place *self, const char *sql)
{
    const velum_clock clock = clock_system();
    const int64_t until = clock_monotonic_ns(&clock) + AWAIT_NS;

    while (sql_count(self, sql) != 0) {
        if (clock_monotonic_ns(&clock) > until) {
            fail_msg("%s never was 0", sql);
        }
        usleep(20000);
    }
}

typedef struct scene {
    const char *shop;
    const char *ref;
    audit_entry read; /* of the time before */
} scene;

static scene play(place *self)
{
    scene made = {.shop = shop_token(self)};

    made.ref = text_f(self, "%s", person(self, made.shop, MOBILE, full_profile));
    assert_done(
        ask(self, (question){VELUM_VERB_READ, made.shop, .ref = made.ref, .fields = "mobile"}));
    log_last(self, &made.read);
    assert_done(erase(self, made.ref, "{}"));
    return made;
}

static const reply *who_saw(place *self, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_AUDIT_WHO_SAW, .body = body});
}

static const reply *resolve(place *self, const scene *scene)
{
    char token[2 * ENTRY_TOKEN_BYTES + 1];

    forget_refusals(self);
    hex_encode(scene->read.subject_token, ENTRY_TOKEN_BYTES, token);
    return ask(self, (question){VELUM_VERB_AUDIT_RESOLVE,
                                .body = text_f(self,
                                               "{\"token\":\"%s\",\"month\":\"202611\","
                                               "\"domain\":\"shop\"}",
                                               token)});
}

static void the_log_answers_by_reference(void **state)
{
    place *const self = *state;
    const scene scene = play(self);
    audit_entry asked;

    const reply *seen = assert_done(
        who_saw(self, text_f(self, "{\"subject\":\"shop:%s\",\"field\":\"mobile\"}", scene.ref)));
    assert_int_equal(json_count(value_at(seen, "disclosures")), 1);
    assert_text_at(seen, "disclosures/0/actor", "shop");
    log_last(self, &asked);
    assert_memory_equal(asked.subject_token, scene.read.subject_token, ENTRY_TOKEN_BYTES);
    const reply *log = assert_done(
        ask(self, (question){VELUM_VERB_AUDIT_LOG, .ref = text_f(self, "shop:%s", scene.ref),
                             .body = "{\"type\":\"read\"}"}));
    assert_int_equal(json_count(value_at(log, "entries")), 1);
    assert_log_sound(self);
}

/* The index went with the person: nobody is found by a number any more. */
static void an_identifier_finds_nobody(void **state)
{
    place *const self = *state;

    play(self);
    assert_refused(who_saw(self, "{\"identifier\":{\"type\":\"mobile\",\"value\":\"" MOBILE "\"}}"),
                   404, "not-found");
}

static void a_token_is_still_resolved(void **state)
{
    place *const self = *state;
    const scene scene = play(self);

    assert_text_at(assert_done(resolve(self, &scene)), "subject", scene.ref);
}

static void a_refused_read_of_somebody_erased_is_explained(void **state)
{
    place *const self = *state;
    const scene scene = play(self);

    assert_refused(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}), 410,
                   "subject-erased");
    const reply *told =
        assert_done(ask(self, (question){VELUM_VERB_AUDIT_EXPLAIN,
                                         .body = text_f(self, "{\"index\":%llu}",
                                                        (unsigned long long)log_size(self) - 1)}));
    assert_text_at(told, "reason", "subject-erased");
    assert_text_at(told, "subject_status", "erased");
    assert_text_at(told, "replay/result", "same");
}

static void with_the_evidence_the_answer_ends(void **state)
{
    place *const self = *state;
    const scene scene = play(self);

    place_set_clock(self, PLACE_EPOCH_NS + 9000 * DAY_NS); /* behind every term of the sample */
    place_reopen(self);
    await_none(self, "SELECT count(*) FROM retained"); /* what a law keeps goes first … */
    await_none(self, "SELECT count(*) FROM destruction");
    place_set_clock(self, PLACE_EPOCH_NS + 9001 * DAY_NS);
    await_none(self, "SELECT count(*) FROM subject"); /* … the evidence of it after */
    assert_refused(who_saw(self, text_f(self, "{\"subject\":\"shop:%s\"}", scene.ref)), 404,
                   "not-found");
    assert_refused(resolve(self, &scene), 422, "invalid-value");
    assert_log_sound(self);
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(the_log_answers_by_reference),
        WITH_PLACE(an_identifier_finds_nobody),
        WITH_PLACE(a_token_is_still_resolved),
        WITH_PLACE(a_refused_read_of_somebody_erased_is_explained),
        WITH_PLACE(with_the_evidence_the_answer_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
