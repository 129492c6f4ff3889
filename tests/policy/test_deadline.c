/* Deadlines: ends of months, leap years, worked weekends, borders of days, the end of time, several laws
 * at once. The expected days were counted by hand on a calendar, or by Python's datetime. */
#include "policy/deadline.h"
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static bundle *policy;
static const jurisdiction_pack *china;
static const jurisdiction_pack *europe;
static const jurisdiction_pack *california;
static const jurisdiction_pack bare; /* UTC, no holidays */

static int64_t at(const char *rfc3339)
{
    int64_t ns = 0;

    assert_int_equal(time_parse(text_of(rfc3339), &ns), VELUM_OK);
    return ns;
}

static void assert_time(int64_t ns, const char *wanted, const char *what)
{
    char shown[TIME_TEXT_BYTES];

    time_format(ns, shown);
    if (ns != at(wanted)) {
        fail_msg("%s: %s, wanted %s", what, shown, wanted);
    }
}

typedef struct term_case {
    pack_term term;
    const char *from;
    const char *end;
} term_case;

static void assert_terms(const jurisdiction_pack *pack, const term_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_time(deadline_end(pack, cases[i].term, at(cases[i].from)), cases[i].end,
                    cases[i].from);
    }
}

/* Regulation 1182/71 art. 3: the day of receipt is not counted; a month that lacks the day ends
 * earlier. GDPR 12(3). */
static void months_end_with_the_month(void **state)
{
    static const term_case cases[] = {
        {{TERM_MONTHS, 1}, "2026-01-15T10:00:00Z", "2026-02-16T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-01-15T00:00:00Z", "2026-02-16T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-01-15T23:59:59.999Z", "2026-02-16T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-01-28T10:00:00Z", "2026-03-01T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-01-29T10:00:00Z", "2026-03-01T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-01-31T10:00:00Z", "2026-03-01T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2028-01-29T10:00:00Z", "2028-03-01T00:00:00Z"}, /* leap */
        {{TERM_MONTHS, 1}, "2028-01-31T10:00:00Z", "2028-03-01T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2028-01-28T10:00:00Z", "2028-02-29T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2100-01-31T10:00:00Z", "2100-03-01T00:00:00Z"}, /* no leap year */
        {{TERM_MONTHS, 1}, "2026-02-28T10:00:00Z", "2026-03-29T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-03-31T10:00:00Z", "2026-05-01T00:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-12-31T10:00:00Z", "2027-02-01T00:00:00Z"},
        {{TERM_MONTHS, 2}, "2026-12-31T10:00:00Z", "2027-03-01T00:00:00Z"},
        {{TERM_MONTHS, 3}, "2026-11-30T10:00:00Z", "2027-03-01T00:00:00Z"},
        {{TERM_MONTHS, 12}, "2028-02-29T10:00:00Z", "2029-03-01T00:00:00Z"},
        {{TERM_MONTHS, 48}, "2028-02-29T10:00:00Z", "2032-03-01T00:00:00Z"},
        {{TERM_MONTHS, 11}, "2026-01-31T10:00:00Z", "2027-01-01T00:00:00Z"},
    };

    assert_terms(&bare, cases, sizeof(cases) / sizeof(cases[0]));
}

static void days_are_calendar_days(void **state)
{
    static const term_case cases[] = {
        {{TERM_DAYS, 1}, "2026-11-21T12:00:00Z", "2026-11-23T00:00:00Z"},
        {{TERM_DAYS, 45}, "2026-11-21T12:00:00Z", "2027-01-06T00:00:00Z"},
        {{TERM_DAYS, 30}, "2028-02-01T00:00:00Z", "2028-03-03T00:00:00Z"}, /* over 29 February */
        {{TERM_DAYS, 30}, "2026-02-01T00:00:00Z", "2026-03-04T00:00:00Z"},
        {{TERM_DAYS, 365}, "2027-03-01T00:00:00Z", "2028-03-01T00:00:00Z"},
        {{TERM_DAYS, 1}, "1969-12-31T23:59:59Z", "1970-01-02T00:00:00Z"},
        {{TERM_DAYS, 3}, "1960-02-27T23:59:59Z", "1960-03-02T00:00:00Z"},
    };

    assert_terms(&bare, cases, sizeof(cases) / sizeof(cases[0]));
    assert_int_equal(deadline_end(&bare, (pack_term){TERM_NONE, 9}, NOW_NS), 0);
    assert_int_equal(deadline_end(&bare, (pack_term){9, 9}, NOW_NS), NOW_NS);
}

static void weekends_are_no_working_days(void **state)
{
    static const term_case cases[] = {
        {{TERM_WORKING_DAYS, 1}, "2026-11-19T12:00:00Z", "2026-11-21T00:00:00Z"}, /* Thursday */
        {{TERM_WORKING_DAYS, 1}, "2026-11-20T12:00:00Z", "2026-11-24T00:00:00Z"}, /* Friday */
        {{TERM_WORKING_DAYS, 1}, "2026-11-21T12:00:00Z", "2026-11-24T00:00:00Z"}, /* Saturday */
        {{TERM_WORKING_DAYS, 1}, "2026-11-22T12:00:00Z", "2026-11-24T00:00:00Z"}, /* Sunday */
        {{TERM_WORKING_DAYS, 5}, "2026-11-20T12:00:00Z", "2026-11-28T00:00:00Z"},
        {{TERM_WORKING_DAYS, 10}, "2026-11-20T12:00:00Z", "2026-12-05T00:00:00Z"},
        {{TERM_WORKING_DAYS, 15}, "2026-11-20T12:00:00Z", "2026-12-12T00:00:00Z"},
        {{TERM_WORKING_DAYS, 2}, "1969-12-31T12:00:00Z", "1970-01-03T00:00:00Z"},
        {{TERM_WORKING_DAYS, 3}, "1969-12-31T12:00:00Z", "1970-01-06T00:00:00Z"},
    };

    assert_terms(&bare, cases, sizeof(cases) / sizeof(cases[0]));
}

/* The notice of the State Council for 2026: holidays, and weekends worked in exchange (调休). Days end
 * at midnight in UTC+8, so at 16:00 UTC. */
static void chinese_weeks_are_as_announced(void **state)
{
    static const term_case cases[] = {
        /* Received on Friday 13 February: Saturday 14 is worked, 15 to 23 free, 24 to 27 and Saturday
         * 28 worked. */
        {{TERM_WORKING_DAYS, 1}, "2026-02-13T04:00:00Z", "2026-02-14T16:00:00Z"},
        {{TERM_WORKING_DAYS, 2}, "2026-02-13T04:00:00Z", "2026-02-24T16:00:00Z"},
        {{TERM_WORKING_DAYS, 6}, "2026-02-13T04:00:00Z", "2026-02-28T16:00:00Z"},
        {{TERM_WORKING_DAYS, 7}, "2026-02-13T04:00:00Z", "2026-03-02T16:00:00Z"},
        /* National Day: Sunday 20 September and Saturday 10 October are worked. */
        {{TERM_WORKING_DAYS, 1}, "2026-09-18T04:00:00Z", "2026-09-20T16:00:00Z"},
        {{TERM_WORKING_DAYS, 15}, "2026-09-18T04:00:00Z", "2026-10-15T16:00:00Z"},
        {{TERM_WORKING_DAYS, 1}, "2026-09-30T04:00:00Z", "2026-10-08T16:00:00Z"},
        {{TERM_WORKING_DAYS, 3}, "2026-09-30T04:00:00Z", "2026-10-10T16:00:00Z"},
        {{TERM_WORKING_DAYS, 1}, "2025-12-31T04:00:00Z", "2026-01-04T16:00:00Z"},
        {{TERM_WORKING_DAYS, 1}, "2026-04-03T04:00:00Z", "2026-04-07T16:00:00Z"},
        {{TERM_WORKING_DAYS, 4}, "2026-04-30T04:00:00Z", "2026-05-09T16:00:00Z"},
        {{TERM_WORKING_DAYS, 1}, "2026-06-18T04:00:00Z", "2026-06-22T16:00:00Z"},
        {{TERM_WORKING_DAYS, 1}, "2026-09-24T04:00:00Z", "2026-09-28T16:00:00Z"},
        /* Of 2027 nothing was announced: weekends only. */
        {{TERM_WORKING_DAYS, 1}, "2027-01-01T04:00:00Z", "2027-01-04T16:00:00Z"},
    };

    assert_terms(china, cases, sizeof(cases) / sizeof(cases[0]));
}

/* A minute before and after local midnight are two days. */
static void days_begin_at_local_midnight(void **state)
{
    static const term_case eastern[] = {
        {{TERM_DAYS, 1}, "2026-11-21T15:59:59.999Z", "2026-11-22T16:00:00Z"},
        {{TERM_DAYS, 1}, "2026-11-21T16:00:00Z", "2026-11-23T16:00:00Z"},
        {{TERM_WORKING_DAYS, 1}, "2026-11-22T15:59:59Z", "2026-11-23T16:00:00Z"},
        {{TERM_WORKING_DAYS, 1}, "2026-11-22T16:00:00Z", "2026-11-24T16:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-01-31T15:59:00Z", "2026-02-28T16:00:00Z"},
        {{TERM_MONTHS, 1}, "2026-01-31T16:00:00Z", "2026-03-01T16:00:00Z"},
    };
    static const term_case western[] = {
        {{TERM_DAYS, 1}, "2026-11-22T07:59:59.999Z", "2026-11-23T08:00:00Z"},
        {{TERM_DAYS, 1}, "2026-11-22T08:00:00Z", "2026-11-24T08:00:00Z"},
    };

    assert_terms(china, eastern, sizeof(eastern) / sizeof(eastern[0]));
    assert_terms(california, western, sizeof(western) / sizeof(western[0]));
}

/* Every term ends after what it began with, never before a shorter one, and saturates. */
static void terms_grow_and_saturate(void **state)
{
    static const int64_t edges[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    const jurisdiction_pack *const packs[] = {&bare, china, europe, california};

    for (size_t p = 0; p < 4; p++) {
        for (uint32_t unit = TERM_DAYS; unit <= TERM_MONTHS; unit++) {
            for (size_t e = 0; e < sizeof(edges) / sizeof(edges[0]); e++) {
                int64_t before = edges[e];
                for (uint32_t count = 1; count < 40; count++) {
                    const int64_t end = deadline_end(packs[p], (pack_term){unit, count}, edges[e]);
                    assert_true(end > before || end == INT64_MAX || edges[e] < INT64_MIN / 2);
                    before = end;
                }
            }
            const pack_term endless = {unit, UINT32_MAX};
            assert_true(deadline_end(packs[p], endless, NOW_NS) == INT64_MAX);
            assert_true(deadline_end(packs[p], (pack_term){unit, 36500}, INT64_MAX - 1) ==
                        INT64_MAX);
        }
    }
}

/* Against a day-by-day walk, for each day of four years and each term up to 40. */
static void working_days_are_counted_one_by_one(void **state)
{
    const int32_t first = civil_date_to_days((civil_date){2025, 1, 1});

    for (int32_t day = first; day < first + 4 * 365; day++) {
        const int64_t from_ns = (int64_t)day * 86400 * NS_PER_SECOND; /* 08:00 in UTC+8 */
        uint32_t counted = 0;
        for (int32_t next = day + 1; counted < 40; next++) {
            bool is_worked = (next + 3) % 7 < 5;
            for (uint32_t i = 0; i < china->holiday_count; i++) {
                is_worked = is_worked && china->holidays[i] != next;
            }
            for (uint32_t i = 0; i < china->workday_count; i++) {
                is_worked = is_worked || china->workdays[i] == next;
            }
            if (is_worked) {
                counted++;
                const int64_t end =
                    ((int64_t)next + 1) * 86400 * NS_PER_SECOND - INT64_C(8) * 3600 * NS_PER_SECOND;
                assert_true(deadline_end(china, (pack_term){TERM_WORKING_DAYS, counted}, from_ns) ==
                            end);
            }
        }
    }
}

/* --- The deadlines of requests ------------------------------------------------------------------ */

static deadlines under(const jurisdiction_pack *const *packs, uint32_t count, bool is_opt_out,
                       const char *received)
{
    deadlines out;

    deadlines_of(packs, count, is_opt_out, at(received), &out);
    return out;
}

/* GDPR 12(3): one month, two more when told within the first. */
static void gdpr_12_is_a_month_and_two_more(void **state)
{
    deadlines found = under(&europe, 1, false, "2026-01-31T10:00:00Z");

    assert_int_equal(found.confirm_ns, 0);
    assert_time(found.answer_ns, "2026-03-01T00:00:00Z", "answer");
    assert_time(found.extend_until_ns, "2026-03-01T00:00:00Z", "extend");
    assert_time(found.extended_ns, "2026-04-29T00:00:00Z", "extended");
    assert_time(found.verify_ns, "2026-03-01T00:00:00Z", "verify");
    found =
        under(&europe, 1, true, "2028-01-31T10:00:00Z"); /* an objection has no term of its own */
    assert_time(found.answer_ns, "2028-03-01T00:00:00Z", "answer of a leap year");
    assert_time(found.extended_ns, "2028-04-30T00:00:00Z", "extended of a leap year");
}

/* CCPA §7021: confirmed in 10 business days, answered in 45 days from receipt, 90 with notice.
 * CCPA §7026: opt-outs in 15 business days. */
static void ccpa_7021_runs_from_receipt(void **state)
{
    deadlines found = under(&california, 1, false, "2026-11-20T18:00:00Z"); /* Friday */

    assert_time(found.confirm_ns, "2026-12-05T08:00:00Z", "confirm");
    assert_time(found.answer_ns, "2027-01-05T08:00:00Z", "answer");
    assert_time(found.extend_until_ns, "2027-01-05T08:00:00Z", "extend");
    assert_time(found.extended_ns, "2027-02-19T08:00:00Z", "extended");
    assert_true(found.extended_ns ==
                deadline_end(california, california->hard_limit, at("2026-11-20T18:00:00Z")));
    assert_time(found.verify_ns, "2027-01-05T08:00:00Z", "verify");
    found = under(&california, 1, true, "2026-11-20T18:00:00Z");
    assert_time(found.answer_ns, "2026-12-12T08:00:00Z", "opt-out");
    assert_int_equal(found.extend_until_ns, 0);
    assert_int_equal(found.extended_ns, 0);
    assert_time(found.verify_ns, "2026-12-12T08:00:00Z", "verify of an opt-out");
}

/* PIPL 50: 15 working days; an extension ends at 30 days. */
static void pipl_ends_at_thirty_days(void **state)
{
    deadlines found = under(&china, 1, false, "2026-11-20T04:00:00Z");

    assert_int_equal(found.confirm_ns, 0);
    assert_time(found.answer_ns, "2026-12-11T16:00:00Z", "answer");
    assert_time(found.extend_until_ns, "2026-12-11T16:00:00Z", "extend");
    assert_time(found.extended_ns, "2026-12-20T16:00:00Z", "extended");
    jurisdiction_pack slow = *china;
    slow.answer = (pack_term){TERM_WORKING_DAYS, 40};
    const jurisdiction_pack *const only = &slow;
    found = under(&only, 1, false, "2026-11-20T04:00:00Z");
    assert_time(found.answer_ns, "2026-12-20T16:00:00Z", "the hard limit bounds the answer too");
    assert_true(found.extended_ns == found.answer_ns);
}

/* law.md: several or unknown: the shortest deadline of each.
 * PIPL 50, GDPR 12(3), CCPA §7021 at once. */
static void several_laws_take_the_shortest(void **state)
{
    const jurisdiction_pack *const all[] = {europe, california, china};
    deadlines found = under(all, 3, false, "2026-11-20T18:00:00Z");

    assert_time(found.confirm_ns, "2026-12-05T08:00:00Z", "confirm"); /* us-ca */
    assert_time(found.answer_ns, "2026-12-11T16:00:00Z", "answer");   /* cn-pipl */
    assert_time(found.extended_ns, "2026-12-21T16:00:00Z",
                "extended"); /* cn-pipl, Saturday there */
    assert_true(found.extend_until_ns == found.answer_ns);
    for (uint32_t opt_out = 0; opt_out < 2; opt_out++) {
        deadlines together = under(all, 3, opt_out != 0, "2026-11-20T18:00:00Z");
        for (uint32_t i = 0; i < 3; i++) {
            const deadlines one = under(&all[i], 1, opt_out != 0, "2026-11-20T18:00:00Z");
            assert_true(together.answer_ns <= one.answer_ns);
            assert_true(together.verify_ns <= one.verify_ns);
            assert_true(together.confirm_ns <= one.confirm_ns || one.confirm_ns == 0);
            assert_true(together.extended_ns <= one.extended_ns || one.extended_ns == 0);
        }
        assert_true(together.extend_until_ns <= together.answer_ns);
        assert_true(together.verify_ns <= together.answer_ns);
    }
    jurisdiction_pack strict = *europe; /* a law without extension forbids it for all */
    strict.extension.unit = TERM_NONE;
    strict.extend_within.unit = TERM_NONE;
    const jurisdiction_pack *const two[] = {europe, &strict};
    found = under(two, 2, false, "2026-11-20T18:00:00Z");
    assert_int_equal(found.extend_until_ns, 0);
    assert_int_equal(found.extended_ns, 0);
    found = under(all, 0, false, "2026-11-20T18:00:00Z");
    assert_int_equal(found.answer_ns, 0);
}

static int start(void **state)
{
    if (crypto_init() != VELUM_OK) {
        return -1;
    }
    policy = sample_bundle();
    china = &policy->packs[0];
    europe = &policy->packs[1];
    california = &policy->packs[2];
    return 0;
}

static int stop(void **state)
{
    bundle_free(policy);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_end_with_the_month),
        cmocka_unit_test(days_are_calendar_days),
        cmocka_unit_test(weekends_are_no_working_days),
        cmocka_unit_test(chinese_weeks_are_as_announced),
        cmocka_unit_test(days_begin_at_local_midnight),
        cmocka_unit_test(terms_grow_and_saturate),
        cmocka_unit_test(working_days_are_counted_one_by_one),
        cmocka_unit_test(gdpr_12_is_a_month_and_two_more),
        cmocka_unit_test(ccpa_7021_runs_from_receipt),
        cmocka_unit_test(pipl_ends_at_thirty_days),
        cmocka_unit_test(several_laws_take_the_shortest),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
