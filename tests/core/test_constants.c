/* Every public constant of the headers answers to its name. */
#include <velum/velum.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct constant {
    char name[128];
    int32_t value;
} constant;

static FILE *open_header(const char *name)
{
    const char *const top = getenv("VELUM_TOP");
    char path[512];

    snprintf(path, sizeof path, "%s/include/velum/%s", top == NULL ? "." : top, name);
    FILE *const header = fopen(path, "re");
    assert_non_null(header);
    return header;
}

/* The next `#define NAME number`, on one line or two; false at the end. */
static bool next_constant(FILE *header, constant *out)
{
    char line[512];

    while (fgets(line, sizeof line, header) != NULL) {
        if (sscanf(line, "#define %127[A-Z0-9_]", out->name) != 1) {
            continue;
        }
        const char *rest = line + strlen("#define ") + strlen(out->name);
        const char *digits = rest + strspn(rest, " (");
        if (*rest == ' ' && *digits == '\\') {
            rest = fgets(line, sizeof line, header);
            assert_non_null(rest);
            digits = rest + strspn(rest, " (");
        }
        if (*rest == ' ' && strchr("-0123456789", *digits) != NULL) {
            out->value = (int32_t)strtol(digits, NULL, 10);
            return true;
        }
    }
    return false;
}

/* The constants of one header; how many there were. */
static int check_header(const char *name)
{
    FILE *const header = open_header(name);
    constant found;
    int count = 0;

    while (next_constant(header, &found)) {
        count++;
        if (velum_constant(found.name) != found.value) {
            fail_msg("%s is %d", found.name, velum_constant(found.name));
        }
    }
    fclose(header);
    return count;
}

static void every_constant_has_its_value(void **state)
{
    assert_int_equal(check_header("status.h"), 26);
    assert_true(check_header("velum.h") >= 55);
    assert_int_equal(check_header("module.h"), 4);
}

/* One table of verbs serves services, modules and people, so a number is one verb's, for ever. */
static void no_two_verbs_have_one_number(void **state)
{
    static const char *const HEADERS[] = {"velum.h", "admin.h"};
    char taken[256][128] = {{0}};
    constant found;

    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        FILE *const header = open_header(HEADERS[i]);
        while (next_constant(header, &found)) {
            if (strncmp(found.name, "VELUM_VERB_", strlen("VELUM_VERB_")) != 0) {
                continue;
            }
            assert_in_range(found.value, 1, 255);
            if (taken[found.value][0] != '\0') {
                fail_msg("%s and %s are both %d", taken[found.value], found.name, found.value);
            }
            strcpy(taken[found.value], found.name);
        }
        fclose(header);
    }
    assert_string_equal(taken[60], "VELUM_VERB_AUDIT_WHO_SAW");
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
        cmocka_unit_test(no_two_verbs_have_one_number),
        cmocka_unit_test(an_unknown_name_is_told),
        cmocka_unit_test(the_version_is_that_of_the_header),
        cmocka_unit_test(a_status_has_name_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
