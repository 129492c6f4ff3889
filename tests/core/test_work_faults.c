/* Every SQL step of taking and answering a work fails once, and kills once: what was not answered is
 * given again, what was acknowledged as done is gone, and nothing else becomes of it (WK-1, I-9). */
#include "tests/core/erasure_support.h"

#include "base/fault.h"
#include "core/work.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS_MAX 200 /* far above what one request passes */

static const char *const asking = "{\"module\":\"winback\"}";

static const char *winback_token(place *self)
{
    return token_of(self, (holder){"winback", NULL, "crm_module", "winback", "winback", NULL});
}

/* A work of the customer, without a happening. */
static void add_work(place *self, const char *ref)
{
    const subject_id subject = subject_of(self, ref);
    char hex[2 * SUBJECT_ID_BYTES + 1];

    hex_encode(subject.bytes, SUBJECT_ID_BYTES, hex);
    sql_run(self,
            text_f(self,
                   "INSERT INTO module_work (module, kind, subject, name, at_ns, due_ns, lease,"
                   " attempts) SELECT number, 2, x'%s', 'rows.put:orders', 0, 0, 0, 0"
                   " FROM registry WHERE kind = 18 AND name = 'winback'",
                   hex));
}

static const reply *next(place *self, const char *token)
{
    return assert_done(ask(self, (question){VELUM_VERB_MODULE_NEXT, token, .body = asking}));
}

static question done_of(place *self, const char *token, const reply *given)
{
    return (question){VELUM_VERB_MODULE_REPLY, token,
                      .body = text_f(self,
                                     "{\"module\":\"winback\",\"n\":%lld,\"lease\":%lld,"
                                     "\"result\":\"done\"}",
                                     (long long)integer_at(given, "work/0/n"),
                                     (long long)integer_at(given, "work/0/lease"))};
}

static int64_t works(place *self)
{
    return sql_count(self, "SELECT count(*) FROM module_work");
}

static int64_t clock_ns = PLACE_EPOCH_NS;

static void pass_a_lease(place *self)
{
    clock_ns += (WORK_LEASE_MS + 1000) * NS_PER_MS;
    place_set_clock(self, clock_ns);
}

/* --- failing ------------------------------------------------------------------------------------ */

static void every_step_of_taking_fails(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);
    bool was_reached = true;
    uint32_t n = 1;

    add_work(self, ref);
    for (; was_reached && n < STEPS_MAX; n++) {
        const question asked = {VELUM_VERB_MODULE_NEXT, token, .body = asking};
        const reply *answer = NULL;
        char plan[32];
        snprintf(plan, sizeof plan, "sql:%u:eio", n);
        fault_plan(plan);
        assert_int_equal(try_ask(self, &asked, &answer), VELUM_OK);
        was_reached = fault_count(FAULT_SQL) >= n;
        fault_plan(NULL);
        assert_int_equal(works(self), 1);
        pass_a_lease(self);
        assert_int_equal(json_count(value_at(next(self, token), "work")), 1);
        pass_a_lease(self);
        sql_run(self, "UPDATE module_work SET attempts = 0");
    }
    assert_true(n < STEPS_MAX);
    assert_log_sound(self);
}

static void every_step_of_answering_fails(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);
    bool was_reached = true;
    uint32_t n = 1;

    for (; was_reached && n < STEPS_MAX; n++) {
        const reply *answer = NULL;
        char plan[32];
        if (works(self) == 0) {
            add_work(self, ref);
        }
        const question asked = done_of(self, token, next(self, token));
        snprintf(plan, sizeof plan, "sql:%u:eio", n);
        fault_plan(plan);
        assert_int_equal(try_ask(self, &asked, &answer), VELUM_OK);
        was_reached = fault_count(FAULT_SQL) >= n;
        fault_plan(NULL);
        assert_int_equal(works(self), answer->status == 200 ? 0 : 1);
        pass_a_lease(self);
    }
    assert_true(n < STEPS_MAX);
    assert_log_sound(self);
}

/* --- dying -------------------------------------------------------------------------------------- */

/* Another process opens the folder, asks, and is killed at the Nth step; true when it lived. */
static bool ask_and_die(place *self, const question *asked, uint32_t n)
{
    int ended = 0;

    place_close(self);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const reply *answer = NULL;
        char plan[32];
        snprintf(plan, sizeof plan, "sql:%u:kill", n);
        place_open(self);
        fault_plan(plan);
        const velum_status status = try_ask(self, asked, &answer);
        _exit(status == VELUM_OK && answer->status == 200 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    place_open(self);
    assert_true(WIFSIGNALED(ended) || WIFEXITED(ended));
    if (WIFEXITED(ended)) {
        assert_int_equal(WEXITSTATUS(ended), 0);
    }
    return WIFEXITED(ended);
}

static void killed_while_taking(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);
    const question asked = {VELUM_VERB_MODULE_NEXT, token, .body = asking};
    bool lived = false;
    uint32_t n = 1;

    add_work(self, ref);
    for (; !lived && n < STEPS_MAX; n++) {
        lived = ask_and_die(self, &asked, n);
        assert_int_equal(works(self), 1);
        pass_a_lease(self);
    }
    assert_true(lived && n > 2);
    assert_int_equal(json_count(value_at(next(self, token), "work")), 1);
    assert_log_sound(self);
}

static void killed_while_answering(void **state)
{
    place *const self = *state;
    const char *const token = winback_token(self);
    const char *const ref = person(self, shop_token(self), MOBILE, full_profile);
    bool lived = false;
    uint32_t n = 1;

    for (; !lived && n < STEPS_MAX; n++) {
        if (works(self) == 0) {
            add_work(self, ref);
        }
        const question asked = done_of(self, token, next(self, token));
        lived = ask_and_die(self, &asked, n);
        if (lived) { /* acknowledged is durable (I-9) */
            assert_int_equal(works(self), 0);
        }
        pass_a_lease(self);
    }
    assert_true(lived && n > 2);
    assert_log_sound(self);
}

#define FAULT_TEST(function) \
    cmocka_unit_test_setup_teardown(function, place_set_up_clock, place_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAULT_TEST(every_step_of_taking_fails),
        FAULT_TEST(every_step_of_answering_fails),
        FAULT_TEST(killed_while_taking),
        FAULT_TEST(killed_while_answering),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
