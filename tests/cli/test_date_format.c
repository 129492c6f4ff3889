/* test_date_format.c: formats that hold, formats that do not, and days that no calendar knows. */
#include "cli/date_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static velum_status read_as(const char *format, const char *value, civil_date *out)
{
    date_format compiled;

    assert_int_equal(date_format_compile(text_of(format), &compiled), VELUM_OK);
    return date_format_read(&compiled, text_of(value), out);
}

static void formats_are_read(void **state)
{
    static const struct {
        const char *format;
        const char *value;
        civil_date expected;
    } cases[] = {
        {"YYYYMMDD", "19081209", {1908, 12, 9}},     {"YYYY-MM-DD", "1971-06-24", {1971, 6, 24}},
        {"DD/MM/YYYY", "24/06/1971", {1971, 6, 24}}, {"MM/DD/YYYY", "06/24/1971", {1971, 6, 24}},
        {"D.M.YYYY", "4.6.1971", {1971, 6, 4}},      {"D.M.YYYY", "24.06.1971", {1971, 6, 24}},
        {"YYYY/M/D", "2000/2/29", {2000, 2, 29}},    {"DDMMYYYY", "29022000", {2000, 2, 29}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        civil_date date = {0};
        assert_int_equal(read_as(cases[i].format, cases[i].value, &date), VELUM_OK);
        assert_int_equal(date.year, cases[i].expected.year);
        assert_int_equal(date.month, cases[i].expected.month);
        assert_int_equal(date.day, cases[i].expected.day);
    }
}

static void other_forms_are_refused(void **state)
{
    static const struct {
        const char *format;
        const char *value;
    } cases[] = {
        {"YYYYMMDD", "1908-12-09"}, {"YYYYMMDD", "190812090"},    {"YYYYMMDD", "1908120"},
        {"YYYY-MM-DD", ""},         {"YYYY-MM-DD", "1971-6-24"},  {"YYYY-MM-DD", "1971-06-24 "},
        {"D.M.YYYY", ".6.1971"},    {"D.M.YYYY", "124.6.1971"},   {"DD/MM/YYYY", "aa/06/1971"},
        {"YYYYMMDD", "+9081209"},   {"YYYY-MM-DD", "1971-06-2x"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        civil_date date = {0};
        assert_int_equal(read_as(cases[i].format, cases[i].value, &date), VELUM_E_INVALID);
    }
}

static void impossible_days_are_told_apart(void **state)
{
    static const char *const days[] = {"19000229", "20010230", "19711301", "19710432",
                                       "00000101", "19710100", "19710010"};

    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        civil_date date = {0};
        assert_int_equal(read_as("YYYYMMDD", days[i], &date), VELUM_E_NOTFOUND);
    }
}

static void formats_that_are_none(void **state)
{
    static const char *const formats[] = {"",
                                          "YYYY",
                                          "YYYYMM",
                                          "YYMMDD",
                                          "YYYYMMDDT",
                                          "YYYYMMMDD",
                                          "YYYYMMDDYYYY",
                                          "YYYYMDD",
                                          "DMYYYY",
                                          "YYYY0MM0DD",
                                          "yyyy-mm-dd",
                                          "YYYY-MM-DD--------------",
                                          "YYYY\tMM\tDD"};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        date_format compiled;
        assert_int_equal(date_format_compile(text_of(formats[i]), &compiled), VELUM_E_INVALID);
    }
}

/* Whatever day there is comes back through every format. */
static void every_day_comes_back(void **state)
{
    for (int32_t days = -40000; days < 40000; days += 17) {
        const civil_date day = civil_date_from_days(days);
        civil_date back = {0};
        char shown[16];
        (void)snprintf(shown, sizeof(shown), "%02d/%02d/%04d", day.day % 100, day.month % 100,
                       day.year % 10000);
        assert_int_equal(read_as("DD/MM/YYYY", shown, &back), VELUM_OK);
        assert_int_equal(civil_date_to_days(back), days);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_read),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(impossible_days_are_told_apart),
        cmocka_unit_test(formats_that_are_none),
        cmocka_unit_test(every_day_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
