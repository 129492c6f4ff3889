/* The calendar over all its days, times at their edges, and the clock that a test moves. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/base/scratch.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define DAYS_FIRST (-719162)
#define DAYS_LAST 2932896

static bool same_date(civil_date a, civil_date b)
{
    return a.year == b.year && a.month == b.month && a.day == b.day;
}

/* The next day by the rules alone: each month's length, and 29 February every fourth year except in
 * centuries that 400 does not divide. */
static civil_date next_day(civil_date date)
{
    static const int32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
    const int32_t length = lengths[date.month - 1] + (date.month == 2 && leap ? 1 : 0);

    if (date.day < length) {
        return (civil_date){date.year, date.month, date.day + 1};
    }
    return date.month < 12 ? (civil_date){date.year, date.month + 1, 1}
                           : (civil_date){date.year + 1, 1, 1};
}

static void every_day_follows_its_eve(void **state)
{
    civil_date wanted = {1, 1, 1};

    for (int32_t day = DAYS_FIRST; day <= DAYS_LAST; day++) {
        if (!same_date(civil_date_from_days(day), wanted) || civil_date_to_days(wanted) != day ||
            !civil_date_is_valid(wanted)) {
            fail_msg("day %d", day);
        }
        wanted = next_day(wanted);
    }
    assert_int_equal(wanted.year, 10000);
    assert_true(same_date(civil_date_from_days(0), (civil_date){1970, 1, 1}));
}

static void every_day_reads_back(void **state)
{
    for (int32_t day = DAYS_FIRST; day <= DAYS_LAST; day += 13) {
        char iso[CIVIL_DATE_TEXT_BYTES];
        civil_date again = {0};
        civil_date_format(civil_date_from_days(day), iso);
        assert_int_equal(strlen(iso), 10);
        assert_int_equal(civil_date_parse(text_of(iso), &again), VELUM_OK);
        assert_int_equal(civil_date_to_days(again), day);
    }
}

static void days_outside_stay_at_the_edge(void **state)
{
    assert_true(same_date(civil_date_from_days(INT32_MIN), (civil_date){1, 1, 1}));
    assert_true(same_date(civil_date_from_days(INT32_MAX), (civil_date){9999, 12, 31}));
}

static void impossible_days_are_refused(void **state)
{
    static const char *const refused[] = {"",           "2023-02-29", "1900-02-29",  "2100-02-29",
                                          "2026-02-30", "2026-04-31", "2026-00-10",  "2026-13-01",
                                          "2026-01-00", "2026-01-32", "0000-01-01",  "2026-1-01",
                                          "26-01-01",   "2026/01/01", "2026-01-01 ", " 2026-01-01",
                                          "+026-01-01", "2026-01-1",  "20260101",    "10000-01-01"};
    civil_date date = {5, 5, 5};

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(civil_date_parse(text_of(refused[i]), &date), VELUM_E_INVALID);
        assert_int_equal(date.year, 5);
    }
    assert_int_equal(civil_date_parse(TEXT_LITERAL("2026-11-2\0"), &date), VELUM_E_INVALID);
    assert_int_equal(civil_date_parse(TEXT_LITERAL("2000-02-29"), &date), VELUM_OK);
    assert_int_equal(civil_date_parse(TEXT_LITERAL("2024-02-29"), &date), VELUM_OK);
    assert_false(civil_date_is_valid((civil_date){10000, 1, 1}));
    assert_false(civil_date_is_valid((civil_date){2026, -1, 1}));
}

static void birthdays_come_after_the_day_has_passed(void **state)
{
    const civil_date leap_day = {2008, 2, 29};

    assert_true(same_date(civil_date_add_years(leap_day, 14), (civil_date){2022, 3, 1}));
    assert_true(same_date(civil_date_add_years(leap_day, 16), (civil_date){2024, 2, 29}));
    assert_true(same_date(civil_date_add_years(leap_day, 92), (civil_date){2100, 3, 1}));
    assert_true(same_date(civil_date_add_years(leap_day, 0), leap_day));
    assert_true(same_date(civil_date_add_years(leap_day, -8), (civil_date){2000, 2, 29}));
    assert_true(same_date(civil_date_add_years((civil_date){2012, 12, 31}, 14),
                          (civil_date){2026, 12, 31}));
}

static void adding_years_stays_in_the_calendar(void **state)
{
    const civil_date last = {9999, 12, 31};
    const civil_date first = {1, 1, 1};

    assert_true(same_date(civil_date_add_years((civil_date){9990, 5, 5}, 18), last));
    assert_true(same_date(civil_date_add_years(last, INT32_MAX), last));
    assert_true(same_date(civil_date_add_years(last, INT32_MIN), first));
}

/* For every birthday: the age of n years is reached on one day only, and not before n years. */
static void no_birthday_is_reached_early(void **state)
{
    for (int32_t day = civil_date_to_days((civil_date){1995, 1, 1});
         day < civil_date_to_days((civil_date){2013, 1, 1}); day++) {
        const civil_date born = civil_date_from_days(day);
        const int32_t reached = civil_date_to_days(civil_date_add_years(born, 14));
        assert_in_range(reached - day, 14 * 365 + 3, 14 * 365 + 5);
    }
}

static void check_time(int64_t wall_ns, const char *wanted)
{
    char out[TIME_TEXT_BYTES];
    int64_t again = 0;

    time_format(wall_ns, out);
    assert_string_equal(out, wanted);
    assert_int_equal(time_parse(text_of(out), &again), VELUM_OK);
    assert_true(again <= wall_ns && wall_ns - again < NS_PER_MS);
}

static void times_are_written_in_utc(void **state)
{
    check_time(0, "1970-01-01T00:00:00.000Z");
    check_time(-1, "1969-12-31T23:59:59.999Z");
    check_time(INT64_C(951782400) * NS_PER_SECOND, "2000-02-29T00:00:00.000Z");
    check_time(INT64_C(1795291680) * NS_PER_SECOND + 123999999, "2026-11-21T20:08:00.123Z");
    check_time(INT64_MAX, "2262-04-11T23:47:16.854Z");
    char out[TIME_TEXT_BYTES];
    time_format(INT64_MIN, out);
    assert_string_equal(out, "1677-09-21T00:12:43.145Z");
    assert_int_equal(time_month(INT64_C(1795291680) * NS_PER_SECOND), 202611);
    assert_int_equal(time_month(-1), 196912);
}

/* libc agrees on every hour and odd second in a long span. */
static void times_agree_with_gmtime(void **state)
{
    for (int64_t second = -INT64_C(8000000000); second < INT64_C(8000000000); second += 12345679) {
        struct tm parts;
        char wanted[40];
        char out[TIME_TEXT_BYTES];
        const time_t moment = (time_t)second;
        assert_non_null(gmtime_r(&moment, &parts));
        assert_true(strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%S.000Z", &parts) > 0);
        time_format(second * NS_PER_SECOND, out);
        assert_string_equal(out, wanted);
    }
}

typedef struct time_case {
    const char *spelled;
    int64_t wall_ns;
} time_case;

/* RFC 3339 §5.6 and §5.8. */
static void offsets_and_fractions_are_read(void **state)
{
    static const time_case cases[] = {
        {"1985-04-12T23:20:50.52Z", INT64_C(482196050520000000)},
        {"1996-12-19T16:39:57-08:00", INT64_C(851042397000000000)},
        {"1996-12-20t00:39:57z", INT64_C(851042397000000000)},
        {"1937-01-01T12:00:27.87+00:20", INT64_C(-1041337172130000000)},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-01T23:59:00+23:59", 0},
        {"1970-01-01T00:00:00.123456789Z", 123456789},
        {"1970-01-01T00:00:00.1234567899999999999999Z", 123456789},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t got = 1;
        assert_int_equal(time_parse(text_of(cases[i].spelled), &got), VELUM_OK);
        assert_true(got == cases[i].wall_ns);
    }
}

static void other_times_are_refused(void **state)
{
    static const char *const refused[] = {"",
                                          "2026-11-21",
                                          "2026-11-21T20:08:00",
                                          "2026-11-21 20:08:00Z",
                                          "2026-11-21T24:00:00Z",
                                          "2026-11-21T20:60:00Z",
                                          "1990-12-31T23:59:60Z",
                                          "2026-02-29T00:00:00Z",
                                          "2026-11-21T20:08:00.Z",
                                          "2026-11-21T20:08:00,1Z",
                                          "2026-11-21T20:08:00+0800",
                                          "2026-11-21T20:08:00+24:00",
                                          "2026-11-21T20:08:00+08:60",
                                          "2026-11-21T20:08:00+08",
                                          "2026-11-21T20:08Z",
                                          "2026-11-21T20:08:00ZZ",
                                          "2262-04-11T23:47:16.854775808Z",
                                          "9999-12-31T23:59:59Z",
                                          "0001-01-01T00:00:00Z"};
    int64_t got = 42;

    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(time_parse(text_of(refused[i]), &got), VELUM_E_INVALID);
        assert_true(got == 42);
    }
}

static void write_clock(const char *path, const char *line)
{
    FILE *const file = fopen(path, "we");

    assert_non_null(file);
    fputs(line, file);
    assert_int_equal(fclose(file), 0);
}

static void read_the_wall(void *context)
{
    const velum_clock clock = clock_system();

    (void)clock_wall_ns(&clock);
}

static void a_test_moves_the_clock(void **state)
{
    const velum_clock clock = clock_system();
    scratch folder = scratch_create();
    char path[SCRATCH_PATH_BYTES + 8];

    snprintf(path, sizeof(path), "%s/clock", folder.path);
    setenv("VELUM_TEST_CLOCK", path, 1);
    assert_false(child_survived(child_run(read_the_wall, NULL))); /* there is no file yet */
    write_clock(path, "1000000000\n");
    assert_true(clock_wall_ns(&clock) == NS_PER_SECOND);
    write_clock(path, "-5");
    assert_true(clock_wall_ns(&clock) == -5);
    write_clock(path, "");
    assert_true(clock_wall_ns(&clock) == -5);
    write_clock(path, "12x");
    assert_true(clock_wall_ns(&clock) == -5);
    unsetenv("VELUM_TEST_CLOCK");
    assert_true(clock_wall_ns(&clock) > INT64_C(1700000000) * NS_PER_SECOND);
    scratch_remove(&folder);
}

static void monotonic_time_does_not_go_back(void **state)
{
    const velum_clock clock = clock_system();
    int64_t before = clock_monotonic_ns(&clock);

    for (int i = 0; i < 1000; i++) {
        const int64_t now = clock_monotonic_ns(&clock);
        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_follows_its_eve),
        cmocka_unit_test(every_day_reads_back),
        cmocka_unit_test(days_outside_stay_at_the_edge),
        cmocka_unit_test(impossible_days_are_refused),
        cmocka_unit_test(birthdays_come_after_the_day_has_passed),
        cmocka_unit_test(adding_years_stays_in_the_calendar),
        cmocka_unit_test(no_birthday_is_reached_early),
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(times_agree_with_gmtime),
        cmocka_unit_test(offsets_and_fractions_are_read),
        cmocka_unit_test(other_times_are_refused),
        cmocka_unit_test(a_test_moves_the_clock),
        cmocka_unit_test(monotonic_time_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
