/* Names and sentences of statuses, and what may stand in an error line (I-5). */
#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

static void each_status_has_its_own_name(void **state)
{
    for (velum_status a = VELUM_E_OLDER; a <= VELUM_END; a++) {
        assert_string_not_equal(status_name(a), "unknown");
        assert_true(strlen(status_text(a)) > 0);
        for (velum_status b = a + 1; b <= VELUM_END; b++) {
            assert_string_not_equal(status_name(a), status_name(b));
            assert_string_not_equal(status_text(a), status_text(b));
        }
    }
    assert_string_equal(status_name(VELUM_OK), "ok");
    assert_string_equal(status_name(VELUM_E_NOTFOUND), "not-found");
    assert_string_equal(status_name(VELUM_E_STALE), "stale");
    assert_string_equal(status_name(VELUM_E_INTERNAL), "internal");
}

static void a_status_of_another_version_is_unknown(void **state)
{
    assert_string_equal(status_name(VELUM_E_OLDER - 1), "unknown");
    assert_string_equal(status_name(VELUM_END + 1), "unknown");
    assert_string_equal(status_name(INT32_MIN), "unknown");
    assert_string_equal(status_name(INT32_MAX), "unknown");
    assert_non_null(status_text(INT32_MIN));
}

static void error_set_fills_all(void **state)
{
    velum_error err;

    memset(&err, 0x7f, sizeof(err));
    assert_int_equal(error_set(&err, VELUM_E_INVALID, "line %u: unknown key", 7u), VELUM_E_INVALID);
    assert_int_equal(err.status, VELUM_E_INVALID);
    assert_int_equal(err.os_errno, 0);
    assert_string_equal(err.text, "line 7: unknown key");
}

static void error_set_errno_keeps_errno(void **state)
{
    velum_error err;

    assert_int_equal(error_set_errno(&err, VELUM_E_IO, ENOTDIR, "cannot open"), VELUM_E_IO);
    assert_int_equal(err.os_errno, ENOTDIR);
    assert_string_equal(err.text, "cannot open");
}

static void error_without_room_only_returns(void **state)
{
    assert_int_equal(error_set(NULL, VELUM_E_BUSY, "%d", 1), VELUM_E_BUSY);
    assert_int_equal(error_set_errno(NULL, VELUM_E_IO, EIO, "%d", 1), VELUM_E_IO);
}

static void error_text_is_printable_and_cut(void **state)
{
    velum_error err;
    char big[2 * VELUM_ERROR_TEXT_BYTES];

    (void)error_set(&err, VELUM_E_INVALID, "a\nb\x1b[1m\xc3\xa9\x7f~ %s", "ok");
    assert_string_equal(err.text, "a?b?[1m???~ ok");
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    (void)error_set(&err, VELUM_E_INVALID, "%s", big);
    assert_int_equal(strlen(err.text), VELUM_ERROR_TEXT_BYTES - 1);
}

static velum_status pass(velum_status inner, int *reached)
{
    VELUM_TRY(inner);
    *reached = 1;
    return VELUM_OK;
}

static void try_leaves_on_errors_only(void **state)
{
    int reached = 0;

    assert_int_equal(pass(VELUM_E_DENIED, &reached), VELUM_E_DENIED);
    assert_int_equal(reached, 0);
    assert_int_equal(pass(VELUM_END, &reached), VELUM_OK);
    assert_int_equal(reached, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_own_name),
        cmocka_unit_test(a_status_of_another_version_is_unknown),
        cmocka_unit_test(error_set_fills_all),
        cmocka_unit_test(error_set_errno_keeps_errno),
        cmocka_unit_test(error_without_room_only_returns),
        cmocka_unit_test(error_text_is_printable_and_cut),
        cmocka_unit_test(try_leaves_on_errors_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
