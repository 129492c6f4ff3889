/* Every public constant of the headers answers to its name. */
#include <velum/velum.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The constants of one header; how many there were. */
static int check_header(const char *name)
{
    const char *const top = getenv("VELUM_TOP");
    char path[512];
    char line[512];
    char constant[128];
    int count = 0;

    snprintf(path, sizeof path, "%s/include/velum/%s", top == NULL ? "." : top, name);
    FILE *const header = fopen(path, "re");
    assert_non_null(header);
    while (fgets(line, sizeof line, header) != NULL) {
        if (sscanf(line, "#define %127[A-Z0-9_]", constant) != 1) {
            continue;
        }
        const char *const rest = line + strlen("#define ") + strlen(constant);
        const char *const digits = rest + strspn(rest, " (");
        if (*rest != ' ' || strchr("-0123456789", *digits) == NULL) {
            continue;
        }
        count++;
        if (velum_constant(constant) != (int32_t)strtol(digits, NULL, 10)) {
            fail_msg("%s is %d", constant, velum_constant(constant));
        }
    }
    fclose(header);
    return count;
}

static void every_constant_has_its_value(void **state)
{
    assert_true(check_header("status.h") >= 25);
    assert_true(check_header("velum.h") >= 13);
    assert_int_equal(check_header("module.h"), 4);
}

static void an_unknown_name_is_told(void **state)
{
    static const char *const NAMES[] = {"", "VELUM_", "velum_ok", "VELUM_OK ", "VELUM_E_NOTHING"};

    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        assert_int_equal(velum_constant(NAMES[i]), INT32_MIN);
    }
    assert_int_equal(velum_constant(NULL), INT32_MIN);
}

static void the_version_is_that_of_the_header(void **state)
{
    char version[32];

    snprintf(version, sizeof version, "%d.%d.%d", VELUM_VERSION_MAJOR, VELUM_VERSION_MINOR,
             VELUM_VERSION_PATCH);
    assert_string_equal(velum_version(), version);
}

static void a_status_has_name_and_text(void **state)
{
    assert_string_equal(velum_status_name(VELUM_E_NOTFOUND), "not-found");
    assert_string_equal(velum_status_name(12345), "unknown");
    for (velum_status status = VELUM_E_INTERNAL; status <= VELUM_END; status++) {
        assert_true(velum_status_text(status)[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_constant_has_its_value),
        cmocka_unit_test(an_unknown_name_is_told),
        cmocka_unit_test(the_version_is_that_of_the_header),
        cmocka_unit_test(a_status_has_name_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
