/* What ends by itself, and what is kept until then: retained categories, evidence, suppressions (PIPL
 * 19, 47; NDR 12: not before its time). */
#include "tests/core/erasure_support.h"

#include "core/timers.h"
#include "core/verbs.h"

#include <unistd.h>

#define RETAINED_DAYS 1096 /* of the sample's `location` */
#define AWAIT_NS (30 * NS_PER_SECOND)

/* Polled until a deadline: the steward looks each second. */
static void await_count(place *self, const char *sql, int64_t wanted)
{
    const velum_clock clock = clock_system();
    const int64_t until = clock_monotonic_ns(&clock) + AWAIT_NS;

    while (sql_count(self, sql) != wanted) {
        if (clock_monotonic_ns(&clock) > until) {
            fail_msg("%s never was %lld", sql, (long long)wanted);
        }
        usleep(20000);
    }
}

static const reply *retained(place *self, const char *ref)
{
    return ask(self, (question){VELUM_VERB_RETAINED_READ, .activity = "legal-retention",
                                .ref = text_f(self, "shop:%s", ref)});
}

static const char *subject_log(place *self, const char *ref)
{
    const reply *log = ask(
        self, (question){VELUM_VERB_AUDIT_LOG, .ref = text_f(self, "shop:%s", ref), .body = "{}"});

    return text_at(assert_done(log), "entries/0/type");
}

/* PIPL 47: storage and protection only. */
static void what_a_law_keeps_is_read_under_its_own_activity_alone(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    audit_entry entry;

    assert_int_equal(json_count(value_at(assert_done(retained(self, ref)), "retained")), 0);
    assert_done(erase(self, ref, "{}"));
    const reply *kept = assert_done(retained(self, ref));
    assert_text_at(kept, "retained/0/category", "location");
    assert_text_at(kept, "retained/0/law", "E-Commerce Law of the PRC, art. 31");
    assert_text_at(kept, "retained/0/basis", "legal_obligation");
    assert_non_null(value_at(kept, "retained/0/fields/address"));
    assert_null(strstr(kept->body, "王小明"));
    assert_null(strstr(kept->body, MOBILE));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_RETAINED);
    assert_int_equal(entry.record_count, 1);
    assert_int_equal(entry.released_count, 1);
    assert_int_not_equal(entry.token_epoch, 0);
    assert_refused(read_as(self, shop, ref), 410, "subject-erased");
    place_reopen(self);
    assert_text_at(assert_done(retained(self, ref)), "retained/0/category", "location");
}

/* PIPL 19: no longer than is needed. */
static void the_term_of_a_law_ends_by_itself(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    audit_entry entry;

    assert_done(erase(self, ref, "{}"));
    place_set_clock(self, PLACE_EPOCH_NS + (RETAINED_DAYS - 1) * DAY_NS);
    assert_text_at(assert_done(retained(self, ref)), "retained/0/category", "location");
    place_set_clock(self, PLACE_EPOCH_NS + RETAINED_DAYS * DAY_NS + NS_PER_SECOND);
    await_count(self, "SELECT count(*) FROM retained", 0);
    await_count(self, "SELECT count(*) FROM destruction", 0);
    await_count(self, "SELECT count(*) FROM certificate", 2);
    log_sync(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 4"), 0);
    log_last(self, &entry);
    assert_log_sound(self);
}

/* NDR 12: evidence stands for its whole term, and an early purge fails. */
static void evidence_stands_until_its_end(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    const reply *erased = assert_done(erase(self, ref, "{}"));
    int64_t until = 0;
    assert_int_equal(time_parse(text_of(text_at(erased, "evidence_until")), &until), VELUM_OK);
    assert_true(until >= PLACE_EPOCH_NS + 3 * 365 * DAY_NS);
    sql_run(self, "UPDATE hook SET state = 3"); /* else it would not stand so long (K-7) */
    place_set_clock(self, until - DAY_NS);
    place_reopen(self);
    assert_string_equal(subject_log(self, ref), "upsert");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM timer WHERE kind = 5"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 1);
    place_set_clock(
        self, until + NS_PER_SECOND); /* what a law keeps goes first, the evidence of it after */
    await_count(self, "SELECT count(*) FROM retained", 0);
    await_count(self, "SELECT count(*) FROM destruction", 0);
    place_set_clock(self, until + 120 * NS_PER_SECOND); /* T-2 */
    await_count(self, "SELECT count(*) FROM timer WHERE kind = 5", 0);
    await_count(self, "SELECT count(*) FROM destruction", 0);
    await_count(self, "SELECT count(*) FROM subject", 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_work"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM hook"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM certificate WHERE subject IS NOT NULL"),
                     0);
    assert_log_sound(self);
}

static void ended_suppressions_are_swept(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    assert_done(erase(self, ref, "{}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 1);
    place_set_clock(self, PLACE_EPOCH_NS + 3649 * DAY_NS);
    await_count(self, "SELECT count(*) FROM timer WHERE kind = 6 AND at_ns > 2110000000000000000",
                1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 1);
    place_set_clock(self, PLACE_EPOCH_NS + 3652 * DAY_NS);
    await_count(self, "SELECT count(*) FROM suppression", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_law_keeps_is_read_under_its_own_activity_alone,
                                        place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(the_term_of_a_law_ends_by_itself, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(evidence_stands_until_its_end, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(ended_suppressions_are_swept, place_set_up_clock,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
