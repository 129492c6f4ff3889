/* Files of modules that are none, and how much modules may declare. */
#include "tests/policy/shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- Files ------------------------------------------------------------------------------------------ */

static void assert_files_told(const module_file *files, size_t count, const char *file,
                              uint32_t line, const char *words)
{
    VELUM_AUTO(bundle) *out = NULL;
    findings caught;

    assert_int_equal(compile_shop(shop_policy, files, count, &caught, &out), VELUM_E_INVALID);
    if (!finding_told(&caught, file, line, words)) {
        fail_msg("wanted %s:%u: %s", file, line, words);
    }
}

static void files_that_are_none_are_told(void **state)
{
    const module_file shop_file = {"modules/shop.yaml", shop_module};
    const module_file twice[] = {shop_file, shop_file};
    const module_file broken[] = {{"modules/shop.yaml", "velum-module: [\n"}};
    const module_file list[] = {{"modules/shop.yaml", "- x\n"}};
    const module_file empty[] = {{"modules/shop.yaml", ""}};
    const module_file named[] = {shop_file, {"modules/Shop.yaml", shop_module}};
    const module_file deep[] = {shop_file, {"modules/a/b.yaml", shop_module}};
    const module_file other[] = {shop_file, {"modules/a.md", "x"}};
    const module_file clash[] = {shop_file, {"modules/stop.yaml", shop_module}};

    assert_files_told(twice, 2, "modules/shop.yaml", 0, "there twice");
    assert_files_told(broken, 1, "modules/shop.yaml", 2, "");
    assert_files_told(list, 1, "modules/shop.yaml", 1, "has to be a map");
    assert_files_told(empty, 1, "modules/shop.yaml", 1, "has to be a map");
    assert_files_told(named, 2, "modules/Shop.yaml", 0, "no file of a policy");
    assert_files_told(deep, 2, "modules/a/b.yaml", 0, "no file of a policy");
    assert_files_told(other, 2, "modules/a.md", 0, "no file of a policy");
    assert_files_told(clash, 2, "modules/stop.yaml", 2, "that of the file");
    assert_files_told(clash, 2, "modules/stop.yaml", 5, "table sales is in another module already");
    assert_files_told(clash, 2, "modules/stop.yaml", 30, "count by_store is in another module");
    assert_files_told(clash, 2, "modules/stop.yaml", 38, "message hello is in another module");
}

/* --- Limits ----------------------------------------------------------------------------------------- */

#define TEXT_BYTES 65536
static char big[TEXT_BYTES];

__attribute__((format(printf, 1, 2))) static void append(const char *format, ...)
{
    const size_t size = strlen(big);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(big + size, sizeof(big) - size, format, arguments);
    va_end(arguments);
}

static void assert_too_many(const char *words)
{
    const module_file files[] = {{"modules/shop.yaml", shop_module}, {"modules/zoo.yaml", big}};
    VELUM_AUTO(bundle) *out = NULL;
    findings caught;
    bool told = false;

    assert_int_equal(compile_shop(shop_policy, files, 2, &caught, &out), VELUM_E_INVALID);
    for (size_t i = 0; i < caught.count; i++) {
        told = told || strstr(caught.at[i].message, words) != NULL;
    }
    if (!told) {
        fail_msg("wanted: %s; got: %s", words, caught.at[0].message);
    }
}

static void begin_zoo(const char *section)
{
    (void)snprintf(big, sizeof(big), "velum-module: 1\nname: zoo\ntitle: {zh: z, en: z}\n%s:\n",
                   section);
}

static void limits_are_kept(void **state)
{
    begin_zoo("tables");
    for (uint32_t i = 0; i < BUNDLE_RESOURCES_MAX; i++) { /* the shop has three */
        append(
            "  t%u: {title: {zh: t, en: t}, on-erasure: erase, fields: {a: {title: {zh: a, en: a}, "
            "class: public}}}\n",
            i);
    }
    assert_too_many("more than the 32 tables");

    begin_zoo("tables");
    append("  t: {title: {zh: t, en: t}, on-erasure: erase, fields: {a: {title: {zh: a, en: a}}");
    for (uint32_t i = 0; i < RESOURCE_FIELDS_MAX; i++) {
        append(", f%u: {title: {zh: a, en: a}, class: public}", i);
    }
    append("}}\n");
    assert_too_many("at most 24");

    begin_zoo("counts");
    for (uint32_t i = 0; i < BUNDLE_COUNTS_MAX; i++) {
        append("  c%u: {title: {zh: c, en: c}, table: sales, by: [store]}\n", i);
    }
    assert_too_many("more than the 16 counts");

    begin_zoo("messages");
    for (uint32_t i = 0; i < BUNDLE_TEMPLATES_MAX; i++) {
        append("  m%u: {channel: sms, text: {zh: \"{{sender}}{{opt_out}}\"}}\n", i);
    }
    assert_too_many("more than the 32 messages");
}

/* P-4: a state record has no room for more categories, of whosesoever rows. */
static void categories_of_modules_count(void **state)
{
    static char texts[14][256];
    static char names[14][32];
    module_file files[14];
    VELUM_AUTO(bundle) *out = NULL;
    findings caught;

    files[0] = (module_file){"modules/shop.yaml", shop_module}; /* three, and one of people */
    for (size_t i = 1; i < 14; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "modules/u%02zu.yaml", i);
        (void)snprintf(texts[i], sizeof(texts[i]),
                       "velum-module: 1\nname: u%02zu\ntitle: {zh: u, en: u}\ntables:\n  t%zu: "
                       "{title: {zh: t, en: t}, on-erasure: erase, fields: {a: {title: {zh: a, en: "
                       "a}, class: public}}}\n",
                       i, i);
        files[i] = (module_file){names[i], texts[i]};
    }
    assert_int_equal(compile_shop(shop_policy, files, 13, &caught, &out), VELUM_OK);
    assert_int_equal(out->category_count, BUNDLE_CATEGORIES_MAX);
    bundle_free(out);
    out = NULL;
    assert_int_equal(compile_shop(shop_policy, files, 14, &caught, &out), VELUM_E_INVALID);
    assert_true(finding_told(&caught, "modules/u13.yaml", 5, "one more category"));
}

static void modules_are_bounded(void **state)
{
    static char texts[17][96];
    static char names[17][32];
    module_file files[17];
    VELUM_AUTO(bundle) *out = NULL;
    findings caught;

    files[0] = (module_file){"modules/shop.yaml", shop_module};
    for (size_t i = 1; i < 17; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "modules/u%02zu.yaml", i);
        (void)snprintf(texts[i], sizeof(texts[i]),
                       "velum-module: 1\nname: u%02zu\ntitle: {zh: u, en: u}\n", i);
        files[i] = (module_file){names[i], texts[i]};
    }
    assert_int_equal(compile_shop(shop_policy, files, 16, &caught, &out), VELUM_OK);
    assert_int_equal(out->module_count, BUNDLE_MODULES_MAX);
    bundle_free(out);
    out = NULL;
    assert_int_equal(compile_shop(shop_policy, files, 17, &caught, &out), VELUM_E_INVALID);
    assert_true(finding_told(&caught, "modules/u16.yaml", 0, "at most 16 modules"));
}

static int start(void **unused)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_none_are_told),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(categories_of_modules_count),
        cmocka_unit_test(modules_are_bounded),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
