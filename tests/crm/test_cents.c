/* Money and whole numbers of a till's file, exactly (crm/orders/cents.h). */
#include "crm/orders/cents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void amounts_are_exact(void **state)
{
    static const struct {
        const char *text;
        int64_t cents;
    } GOOD[] = {
        {"3.86", 386},
        {"1", 100},
        {"0", 0},
        {"0.5", 50},
        {"-2.07", -207},
        {"1.230", 123},
        {"0.29", 29},
        {"1.000000", 100},
        {"007.10", 710},
        {"-0", 0},
        {"92233720368547758.07", INT64_MAX},
        {"-92233720368547758.08", INT64_MIN},
    };

    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        int64_t cents = 1;
        if (cents_parse(text_of(GOOD[i].text), &cents) != VELUM_OK || cents != GOOD[i].cents) {
            fail_msg("%s is %lld", GOOD[i].text, (long long)cents);
        }
    }
}

static void what_is_no_amount_is_refused(void **state)
{
    static const char *const BAD[] = {"",    "-",     ".",     "1.",  ".5",  "1.234",
                                      "1,5", "+1",    "1e2",   " 1",  "1 ",  "0x10",
                                      "--1", "1.2.3", "1.23a", "NaN", "1.2-"};
    static const char *const LARGE[] = {"92233720368547758.08", "-92233720368547758.09",
                                        "999999999999999999999999"};
    int64_t cents = 0;

    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        if (cents_parse(text_of(BAD[i]), &cents) != VELUM_E_INVALID) {
            fail_msg("\"%s\" was taken", BAD[i]);
        }
    }
    for (size_t i = 0; i < sizeof LARGE / sizeof LARGE[0]; i++) {
        assert_int_equal(cents_parse(text_of(LARGE[i]), &cents), VELUM_E_LIMIT);
    }
}

static void whole_numbers(void **state)
{
    int64_t number = 0;

    assert_int_equal(whole_parse(text_of("-9223372036854775808"), &number), VELUM_OK);
    assert_true(number == INT64_MIN);
    assert_int_equal(whole_parse(text_of("7000"), &number), VELUM_OK);
    assert_int_equal(number, 7000);
    assert_int_equal(whole_parse(text_of("9223372036854775808"), &number), VELUM_E_LIMIT);
    assert_int_equal(whole_parse(text_of("1.0"), &number), VELUM_E_INVALID);
    assert_int_equal(whole_parse(text_of(""), &number), VELUM_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_exact),
        cmocka_unit_test(what_is_no_amount_is_refused),
        cmocka_unit_test(whole_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
