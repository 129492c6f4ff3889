/* The Nth statement, write, sync or allocation fails under a request, an officer's act, a timer: what
 * the request says and what was done to the data agree, now and after a start (I-1, I-9, R-1).
 */
#include "tests/core/erasure_support.h"
#include "tests/core/request_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "core/verbs.h"

#ifdef VELUM_TEST_SEAMS

#define ROUNDS_MAX 3000

/* What says that it is done, and what was done: both, or neither. */
static void assert_agree(place *self, const people *people, const char *id, int n)
{
    forget_refusals(self);
    const reply *read = read_as(self, people->shop, people->ref);
    const char *const state = text_at(assert_done(show(self, id)), "state");
    const bool is_done = strcmp(state, "fulfilled") == 0;

    if (is_done != (read->status != 200)) {
        fail_msg("%d: the request is %s, and a read answers %d", n, state, read->status);
    }
}

/* --- an officer's act that takes effect ------------------------------------------------------------- */

static people next_person(people *self, int n)
{
    char mobile[16];

    snprintf(mobile, sizeof mobile, "139%08d", n);
    self->ref = person(self->place, self->shop, mobile, full_profile);
    return *self;
}

static const char *id_of(const people *self, const reply *answer)
{
    return text_f(self->place, "%s", text_at(assert_done(answer), "request"));
}

/* A restriction that begins as its person is verified. */
static void verify_under_all(place *self, const char *kind, bool reopen)
{
    people people = people_of(self);
    bool hit = true;
    int n = 1;

    for (; hit && n < ROUNDS_MAX; n++) {
        next_person(&people, n);
        const char *const id = id_of(&people, take_in(&people, "restrict", ""));
        const question asked = {VELUM_VERB_REQUEST_DECIDE, .ref = id,
                                .body =
                                    "{\"act\":\"verify\",\"version\":1,\"method\":\"document\"}"};
        hit = ask_under_fault(self, kind, n, asked, NULL);
        if (reopen) {
            place_reopen(self);
        }
        assert_agree(self, &people, id, n);
    }
    assert_false(hit);
    assert_faults_were_hit(kind, n - 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request WHERE state = 6"),
                     count_acts(self, REQUEST_ACT_VERIFY));
    assert_log_sound(self);
}

static void a_verification_whose_statements_fail(void **state)
{
    verify_under_all(*state, "sql", false);
}

static void a_verification_whose_writes_fail(void **state)
{
    verify_under_all(*state, "write", true);
}

static void a_verification_whose_syncs_fail(void **state)
{
    verify_under_all(*state, "sync", true);
}

static void a_verification_without_memory(void **state)
{
    verify_under_all(*state, "alloc", false);
}

/* --- taking in -------------------------------------------------------------------------------------- */

/* What was not acknowledged may be asked again, and joins or is new; there is one open request. */
static void take_in_under_all(place *self, const char *kind)
{
    people people = people_of(self);
    bool hit = true;
    int n = 1;

    for (; hit && n < ROUNDS_MAX; n++) {
        next_person(&people, n);
        const question asked = {VELUM_VERB_REQUEST_CREATE, people.intake,
                                .body = text_f(self,
                                               "{\"right\":\"access\",\"subject\":\"%s\","
                                               "\"details\":\"x\"}",
                                               people.ref)};
        hit = ask_under_fault(self, kind, n, asked, NULL);
        const char *const id = id_of(&people, ask(self, asked));
        assert_text_at(assert_done(show(self, id)), "details", "x");
        assert_int_equal(sql_count(self,
                                   "SELECT count(*) FROM (SELECT 1 FROM request GROUP BY subject"
                                   " HAVING count(*) > 1)"),
                         0);
    }
    assert_false(hit);
    assert_faults_were_hit(kind, n - 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request"),
                     sql_count(self, "SELECT count(*) FROM timer WHERE kind = 2"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request"),
                     count_acts(self, REQUEST_ACT_RECEIVE));
    assert_log_sound(self);
}

static void an_intake_whose_statements_fail(void **state)
{
    take_in_under_all(*state, "sql");
}

static void an_intake_without_memory(void **state)
{
    take_in_under_all(*state, "alloc");
}

/* --- the timer -------------------------------------------------------------------------------------- */

/* The end of a cool-down, whose statements fail one after the other: tried again, never half. */
static void erase_under_all(place *self, const char *kind)
{
    people people = people_of(self);
    int64_t now_ns = PLACE_EPOCH_NS;
    bool hit = true;
    int n = 1;

    for (; hit && n < ROUNDS_MAX; n++) {
        next_person(&people, n);
        const char *const id = id_of(&people, take_verified(&people, "delete"));
        assert_done(act(self, NULL, id, "approve", ""));
        log_sync(self);
        now_ns += 8 * DAY_NS;
        fault_plan(text_f(self, "%s:%d:eio", kind, n));
        place_set_clock(self, now_ns);
        run_timers(self);
        hit = fault_count(fault_kind_of(kind)) >= (unsigned long)n;
        fault_plan(NULL);
        place_reopen(self);
        pass_days(self, &now_ns, 1); /* what failed is due again after a minute */
        assert_state(self, id, "fulfilled");
        assert_agree(self, &people, id, n);
    }
    assert_false(hit);
    assert_faults_were_hit(kind, n - 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM destruction"), 0);
    const int64_t left = sql_count(self, "SELECT count(*) FROM request");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM request WHERE state = 6"), left);
    assert_in_range(left, 1, n); /* the rounds take years: the first ones' term is over */
    assert_int_equal(count_acts(self, REQUEST_ACT_BEGIN), n - 1);
    assert_int_equal(count_acts(self, REQUEST_ACT_ERASED), count_acts(self, REQUEST_ACT_BEGIN));
    assert_log_sound(self);
}

static void an_erasure_whose_statements_fail(void **state)
{
    erase_under_all(*state, "sql");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_verification_whose_statements_fail, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_verification_whose_writes_fail, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_verification_whose_syncs_fail, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_verification_without_memory, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_intake_whose_statements_fail, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_intake_without_memory, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_erasure_whose_statements_fail, place_set_up_clock,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 77; /* no seams in this build */
}

#endif
