/* tests/core/test_rows_faults.c: every SQL step, sync and allocation under a put, and under an erasure of
 * somebody with rows, fails once: what is there afterwards is whole (I-9, RW-4). */
#include "tests/core/erasure_support.h"
#include "tests/core/rows_support.h"

#include <stdio.h>

#include "base/fault.h"

#define PLACES_MAX 600 /* far above what one request passes */

typedef struct fault_run {
    place *self;
    scene at;
    const char *kind;
    fault_kind counted;
    uint32_t step;
} fault_run;

/* An order is there with its line, its cells and its key, or nothing of it is. */
static bool is_whole(place *self, const scene *at)
{
    const char *const rows = "SELECT count(*) FROM module_row";
    const int64_t count = sql_count(self, rows);
    const reply *const read = assert_done(row_read(self, at, "{\"table\":\"orders\"}"));
    const size_t shown = json_count(value_at(read, "rows"));

    assert_true(shown <= 1);
    if (shown == 1) {
        assert_text_at(read, "rows/0/rows/order_lines/0/fields/product", "茶");
    }
    assert_int_equal(count % 2, 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_cell") * 2, count);
    assert_int_equal(sql_count(self, "SELECT count(DISTINCT subject) FROM module_row") * 2, count);
    return shown == 1;
}

static void put_under_faults(fault_run *run)
{
    place *const self = run->self;
    bool was_reached = true;
    int64_t put = 0;
    uint32_t n = 1;

    for (; was_reached && n < PLACES_MAX; n += run->step) {
        const reply *answer = NULL;
        const scene one = scene_other(self, &run->at, text_f(self, "137%08u", n));
        const char *const body = order_of(self, text_f(self, "K%u", n), "2026-01-01", 1);
        const question asked = {VELUM_VERB_ROW_PUT, one.token, .ref = one.ref, .body = body};
        fault_plan(text_f(self, "%s:%u:eio", run->kind, n));
        const velum_status status = try_ask(self, &asked, &answer);
        was_reached = fault_count(run->counted) >= n;
        fault_plan(NULL);
        assert_true(status == VELUM_OK || status == VELUM_E_NOMEM);
        place_reopen(self);
        const bool is_there = is_whole(self, &one);
        assert_true(is_there || status != VELUM_OK || answer->status != 200);
        put += is_there ? 1 : 0;
        /* a 503 means unknown: repeating it is safe */
        assert_done(row_put(self, &one, body));
        assert_true(is_whole(self, &one));
    }
    assert_true(n < PLACES_MAX);
    assert_true(put > 0);
    assert_log_sound(self);
}

static fault_run run_of_kind(void **state, const char *kind, fault_kind counted, uint32_t step)
{
    fault_run run = {.self = *state, .kind = kind, .counted = counted, .step = step};

    scene_policy(run.self, "anonymise");
    run.at = scene_begin(run.self);
    return run;
}

static void a_put_at_every_sql_step(void **state)
{
    fault_run run = run_of_kind(state, "sql", FAULT_SQL, 1);

    put_under_faults(&run);
}

static void a_put_at_every_sync(void **state)
{
    fault_run run = run_of_kind(state, "sync", FAULT_SYNC, 1);

    put_under_faults(&run);
}

static void a_put_at_every_allocation(void **state)
{
    fault_run run = run_of_kind(state, "alloc", FAULT_ALLOC, 5);

    put_under_faults(&run);
}

/* Of whoever is erased the order is kept, the run is nobody's and no cell stands; of others all is there. */
static void assert_all_or_nothing(place *self, int64_t people, int64_t erased)
{
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n < 0"), erased);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n > 0"),
                     3 * people - erased);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_cell"), 2 * (people - erased));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM certificate"), erased);
}

static void erase_under_faults(fault_run *run)
{
    place *const self = run->self;
    bool was_reached = true;
    int64_t people = 0;
    int64_t erased = 0;
    uint32_t n = 1;

    for (; was_reached && n < PLACES_MAX; n += run->step) {
        const reply *answer = NULL;
        const scene one = scene_other(self, &run->at, text_f(self, "137%08u", n));
        people++;
        assert_done(row_put(self, &one, order_of(self, text_f(self, "K%u", n), "2026-01-01", 1)));
        assert_done(row_put(self, &one, run_of(self, text_f(self, "R%u", n), "1", "x")));
        const char *const named = text_f(self, "shop:%s", one.shop_ref);
        const question asked = {VELUM_VERB_SUBJECT_ERASE, .ref = named, .body = "{}"};
        fault_plan(text_f(self, "%s:%u:eio", run->kind, n));
        const velum_status status = try_ask(self, &asked, &answer);
        was_reached = fault_count(run->counted) >= n;
        fault_plan(NULL);
        assert_true(status == VELUM_OK);
        place_reopen(self);
        await_nothing_begun(self);
        erased += row_read(self, &one, "{\"table\":\"orders\"}")->status == 410 ? 1 : 0;
        assert_all_or_nothing(self, people, erased);
    }
    assert_true(n < PLACES_MAX);
    assert_true(erased > 0);
    assert_log_sound(self);
}

static void an_erasure_at_every_sql_step(void **state)
{
    fault_run run = run_of_kind(state, "sql", FAULT_SQL, 1);

    erase_under_faults(&run);
}

static void an_erasure_at_every_sync(void **state)
{
    fault_run run = run_of_kind(state, "sync", FAULT_SYNC, 1);

    erase_under_faults(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
        TEST(a_put_at_every_sql_step),   TEST(a_put_at_every_sync),
        TEST(a_put_at_every_allocation), TEST(an_erasure_at_every_sql_step),
        TEST(an_erasure_at_every_sync),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
