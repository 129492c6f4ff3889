/* Lines on stderr: their form, their levels, and that a long one is cut. */
#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static char captured[4096];

/* What `act` writes to stderr, in `captured`. */
static void capture(void (*act)(void))
{
    const int memory = memfd_create("stderr", MFD_CLOEXEC);
    const int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

    assert_true(memory >= 0 && saved >= 0);
    dup2(memory, STDERR_FILENO);
    act();
    dup2(saved, STDERR_FILENO);
    close(saved);
    const ssize_t size = pread(memory, captured, sizeof(captured) - 1, 0);
    close(memory);
    assert_true(size >= 0);
    captured[size] = '\0';
}

/* A time, a blank, and `wanted`. */
static void assert_line(const char *wanted)
{
    int64_t wall_ns = 0;

    assert_true(strlen(captured) > TIME_TEXT_BYTES);
    assert_int_equal(time_parse((text){captured, TIME_TEXT_BYTES - 1}, &wall_ns), VELUM_OK);
    assert_int_equal(captured[TIME_TEXT_BYTES - 1], ' ');
    assert_string_equal(captured + TIME_TEXT_BYTES, wanted);
}

static void log_plain(void)
{
    log_line(LOG_LEVEL_WARNING, "memory is not locked");
}

static void log_a_status(void)
{
    log_status(LOG_LEVEL_ERROR, "cannot open", VELUM_E_LOCKED);
}

static void log_a_number(void)
{
    log_number(LOG_LEVEL_NOTICE, "listening", "port", INT64_MIN);
}

static void log_debug(void)
{
    log_line(LOG_LEVEL_DEBUG, "detail");
}

static void log_much(void)
{
    char message[2000];

    memset(message, 'm', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    log_line(LOG_LEVEL_ERROR, message);
}

static void a_line_has_time_level_message_and_value(void **state)
{
    capture(log_plain);
    assert_line("warning memory is not locked\n");
    capture(log_a_status);
    assert_line("error cannot open status=locked\n");
    capture(log_a_number);
    assert_line("notice listening port=-9223372036854775808\n");
}

static void the_level_decides(void **state)
{
    capture(log_debug);
    assert_string_equal(captured, "");
    log_set_level(LOG_LEVEL_DEBUG);
    capture(log_debug);
    assert_line("debug detail\n");
    log_set_level(LOG_LEVEL_ERROR);
    capture(log_plain);
    assert_string_equal(captured, "");
    log_set_level(LOG_LEVEL_NOTICE);
}

static void a_long_line_is_cut(void **state)
{
    capture(log_much);
    assert_int_equal(strlen(captured), 512);
    assert_ptr_equal(strchr(captured, '\n'), captured + 511);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_message_and_value),
        cmocka_unit_test(the_level_decides),
        cmocka_unit_test(a_long_line_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
