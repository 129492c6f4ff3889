/* Every SQL step, write and sync under an erasure fails once: the customer is there whole, or is gone
 * and gets the certificate; nothing in between stays (I-6, I-9, V-6). */
#include "tests/core/erasure_support.h"

#include "base/fault.h"

#include <stdio.h>
#include <unistd.h>

#define PLACES_MAX 400 /* far above what one erasure passes */

static bool is_erased(place *self, const char *shop, const char *ref)
{
    forget_refusals(self);
    const reply *answer = read_as(self, shop, ref);
    if (answer->status == 200) {
        assert_text_at(answer, "fields/name", "王小明");
        return false;
    }
    assert_refused(answer, 410, "subject-erased");
    return true;
}

/* A gate whose log could not be synced takes nothing more until a start (J-5). */
static void look_after(place *self, const char *shop, const char *ref, int64_t *erased)
{
    place_reopen(self);
    await_nothing_begun(self);
    *erased += is_erased(self, shop, ref) ? 1 : 0;
    assert_int_equal(sql_count(self, "SELECT count(*) FROM certificate"), *erased);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), *erased);
}

static void fail_each(place *self, const char *kind, fault_kind counted, uint32_t step)
{
    const char *const shop = shop_token(self);
    int64_t erased = 0;
    uint32_t n = 1;
    bool was_reached = true;

    for (; was_reached && n < PLACES_MAX; n += step) {
        char plan[64];
        char mobile[16];
        const reply *answer = NULL;
        snprintf(mobile, sizeof mobile, "138%08u", n);
        const char *const ref = person(self, shop, mobile, full_profile);
        const char *const named = text_f(self, "shop:%s", ref);
        snprintf(plan, sizeof plan, "%s:%u:eio", kind, n);
        fault_plan(plan);
        const question asked = {VELUM_VERB_SUBJECT_ERASE, .ref = named, .body = "{}"};
        const velum_status status = try_ask(self, &asked, &answer);
        was_reached = fault_count(counted) >= n;
        fault_plan(NULL);
        assert_true(status == VELUM_OK);
        look_after(self, shop, ref, &erased);
    }
    assert_true(n < PLACES_MAX);
    assert_true(erased > 0);
    assert_log_sound(self);
}

static void every_sql_step(void **state)
{
    fail_each(*state, "sql", FAULT_SQL, 1);
}

static void every_sync(void **state)
{
    fail_each(*state, "sync", FAULT_SYNC, 1);
}

static void every_write(void **state)
{
    fail_each(*state, "write", FAULT_WRITE, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_sql_step, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(every_sync, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(every_write, place_set_up, place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
