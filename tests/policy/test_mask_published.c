/* Cases that others published, asserted wherever our parameters can say the same.
 *
 * Where upstream gives the value back unmasked we differ on purpose (M-1, M-2); those rows assert that
 * we do. They are: ShardingSphere KEEP_FIRST_N_LAST_M with length <= n+m and MASK_FROM_X_TO_Y with
 * length <= x; Ranger MASK_SHOW_FIRST_4 and LAST_4 with length <= 4; Hutool plates of odd length and
 * addresses with sensitiveSize <= 0. Not expressible, and not wanted:
 * - a mail address whose one-letter local part stays (RuoYi 1@email.com), or keeps three (houbb);
 * - bank cards in groups of four (Hutool), IP addresses that keep one number (Hutool);
 * - Ranger's MASK with its length clamped to 5..30, its years without month and day, NULL and CUSTOM;
 * - letters replaced by x and n by their kind (Hive), the middle kept and the ends masked
 *   (ShardingSphere KEEP_FROM_X_TO_Y, MASK_FIRST_N_LAST_M), masks around marked characters;
 * - hashes, which are no masks: a mobile number's can be enumerated.
 * Skipped when VELUM_SHARED, which has the files, is not set.
 */
#include "policy/mask.h"

#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE_BYTES 1024
#define ANY NULL

typedef struct row {
    text rule;
    text params;
    text input;
    text expected;
} row;

/* One published rule in our parameters. */
typedef struct expression {
    const char *file;
    const char *rule;
    const char *params; /* ANY */
    bundle_mask mask;
} expression;

#define KEEP(first, last)                                                                  \
    {                                                                                      \
        .profile = MASK_KEEP, .keep_first = (first), .keep_last = (last), .character = '*' \
    }
#define FORM(form, first, last)                                                         \
    {                                                                                   \
        .profile = (form), .keep_first = (first), .keep_last = (last), .character = '*' \
    }

static const expression expressions[] = {
    {"houbb_sensitive", "util:chineseName", ANY, KEEP(1, 1)},
    {"houbb_sensitive", "util:phone", ANY, FORM(MASK_PHONE, 3, 4)},
    {"houbb_sensitive", "util:cardId", ANY, KEEP(6, 6)},
    {"houbb_sensitive", "util:idNo", ANY, FORM(MASK_ID_CARD, 3, 2)},
    {"houbb_sensitive", "builtin:phone", ANY, KEEP(4, 3)},
    {"houbb_sensitive", "builtin:name", ANY, FORM(MASK_NAME, 0, 0)},
    {"houbb_sensitive", "builtin:email", ANY, KEEP(2, 4)},
    {"houbb_sensitive", "builtin:cardId", ANY, FORM(MASK_ID_CARD, 6, 2)},
    {"houbb_sensitive", "scan:1 phone", ANY, FORM(MASK_PHONE, 3, 4)},
    {"houbb_sensitive", "scan:2 idNo", ANY, FORM(MASK_ID_CARD, 1, 1)},
    {"houbb_sensitive", "scan:3 bankCard", ANY, FORM(MASK_BANK_CARD, 4, 4)},
    {"houbb_sensitive", "scan:5 name", ANY, FORM(MASK_NAME, 0, 0)},
    {"houbb_sensitive", "scan:6 birthday", ANY, FORM(MASK_ALL, 0, 0)},
    {"houbb_sensitive", "scan:7 gps", ANY, FORM(MASK_ALL, 0, 0)},
    {"houbb_sensitive", "scan:8 ipv4", ANY, KEEP(3, 0)},
    {"houbb_sensitive", "scan:9 address", ANY, KEEP(6, 0)},
    {"houbb_sensitive", "scan:10 passport", ANY, KEEP(2, 2)},
    {"hutool_desensitized", "CHINESE_NAME", ANY, FORM(MASK_NAME, 0, 0)},
    {"hutool_desensitized", "ID_CARD", ANY, FORM(MASK_ID_CARD, 1, 2)},
    {"hutool_desensitized", "FIXED_PHONE", ANY, KEEP(4, 2)},
    {"hutool_desensitized", "MOBILE_PHONE", ANY, FORM(MASK_PHONE, 3, 4)},
    {"hutool_desensitized", "ADDRESS", ANY, FORM(MASK_ADDRESS, 0, 0)},
    {"hutool_desensitized", "EMAIL", ANY, FORM(MASK_EMAIL, 0, 0)},
    {"hutool_desensitized", "PASSWORD", ANY, FORM(MASK_ALL, 0, 0)},
    {"hutool_desensitized", "fn:chineseName", ANY, FORM(MASK_NAME, 0, 0)},
    {"hutool_desensitized", "fn:idCardNum", ANY, FORM(MASK_ID_CARD, 1, 2)},
    {"hutool_desensitized", "fn:fixedPhone", ANY, KEEP(4, 2)},
    {"hutool_desensitized", "fn:mobilePhone", ANY, FORM(MASK_PHONE, 3, 4)},
    {"hutool_desensitized", "fn:address", "sensitiveSize=5", KEEP(10, 0)},
    {"hutool_desensitized", "fn:address", ANY, FORM(MASK_ALL, 0, 0)},
    {"hutool_desensitized", "fn:email", ANY, FORM(MASK_EMAIL, 0, 0)},
    {"hutool_desensitized", "fn:password", ANY, FORM(MASK_ALL, 0, 0)},
    {"hutool_desensitized", "fn:carLicense", ANY, FORM(MASK_PLATE, 0, 0)},
    {"hutool_desensitized", "fn:passport", ANY, KEEP(2, 2)},
    {"hutool_desensitized", "fn:creditCode", ANY, KEEP(4, 4)},
    {"hutool_phoneutil", "hideBefore", ANY, KEEP(0, 4)},
    {"hutool_phoneutil", "hideBetween", ANY, FORM(MASK_PHONE, 3, 4)},
    {"hutool_phoneutil", "hideAfter", ANY, KEEP(7, 0)},
    {"ruoyi_yudao_desensitize", "chineseName", ANY, FORM(MASK_NAME, 0, 0)},
    {"ruoyi_yudao_desensitize", "bankCard", ANY, FORM(MASK_BANK_CARD, 6, 2)},
    {"ruoyi_yudao_desensitize", "carLicense", ANY, FORM(MASK_PLATE, 0, 0)},
    {"ruoyi_yudao_desensitize", "fixedPhone", ANY, KEEP(4, 2)},
    {"ruoyi_yudao_desensitize", "idCard", ANY, FORM(MASK_ID_CARD, 6, 2)},
    {"ruoyi_yudao_desensitize", "mobile", ANY, FORM(MASK_PHONE, 3, 4)},
    {"ruoyi_yudao_desensitize", "password", ANY, FORM(MASK_ALL, 0, 0)},
};

/* "first-n=3;last-m=5": the number behind a name, or -1. */
static long parameter(text params, const char *name)
{
    char terminated[LINE_BYTES];

    (void)snprintf(terminated, sizeof(terminated), ";%.*s", (int)params.size, params.data);
    const char *const at = strstr(terminated, name);
    return at == NULL || at[strlen(name)] == ';' ? -1 : strtol(at + strlen(name), NULL, 10);
}

static bool keep_of(long first, long last, uint32_t character, bundle_mask *out)
{
    *out = (bundle_mask){
        .profile = MASK_KEEP,
        .keep_first = (uint32_t)first,
        .keep_last = (uint32_t)last,
        .character = character,
    };
    return first >= 0 && last >= 0;
}

/* Rules that carry their numbers in `params`, or depend on the length. */
static bool express_by_numbers(const char *file, const row *now, bundle_mask *out)
{
    const long length = (long)utf8_count(now->input);

    if (strcmp(file, "shardingsphere_mask") == 0 &&
        text_equal_literal(now->rule, "KEEP_FIRST_N_LAST_M")) {
        return keep_of(parameter(now->params, ";first-n="), parameter(now->params, ";last-m="), '*',
                       out);
    }
    if (strcmp(file, "shardingsphere_mask") == 0 &&
        text_equal_literal(now->rule, "MASK_FROM_X_TO_Y")) {
        const long behind = length - parameter(now->params, ";to-y=") - 1;
        return keep_of(parameter(now->params, ";from-x="), behind > 0 ? behind : 0, '*', out);
    }
    if (strcmp(file, "ranger_mask") == 0 && text_equal_literal(now->rule, "MASK_SHOW_LAST_4")) {
        return keep_of(0, 4, 'x', out);
    }
    if (strcmp(file, "ranger_mask") == 0 && text_equal_literal(now->rule, "MASK_SHOW_FIRST_4")) {
        return keep_of(4, 0, 'x', out);
    }
    if (strcmp(file, "ruoyi_yudao_desensitize") == 0 && text_equal_literal(now->rule, "slider")) {
        return keep_of(parameter(now->params, ";prefixKeep="),
                       parameter(now->params, ";suffixKeep="),
                       memchr(now->params.data, '#', now->params.size) != NULL ? '#' : '*', out);
    }
    return false;
}

static bool express(const char *file, const row *now, bundle_mask *out)
{
    for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
        const expression *const known = &expressions[i];
        if (strcmp(file, known->file) == 0 && text_equal_literal(now->rule, known->rule) &&
            (known->params == ANY || text_equal_literal(now->params, known->params))) {
            *out = known->mask;
            return true;
        }
    }
    return express_by_numbers(file, now, out);
}

/* Rows of a text scan have their value behind a label. */
static text without_label(text value)
{
    return text_starts_with(value, "value:") ? (text){value.data + 6, value.size - 6} : value;
}

static bool read_row(char *line, row *out)
{
    text *const parts[] = {&out->rule, &out->params, &out->input, &out->expected};
    text rest = text_of(line);
    size_t count = 0;

    line[strcspn(line, "\r\n")] = '\0';
    rest = text_of(line);
    while (count < 4 && text_split(&rest, '\t', parts[count])) {
        count++;
    }
    return count == 4 && line[0] != '#' && !text_equal_literal(out->input, "\\N") &&
           !text_equal_literal(out->expected, "\\N") && !text_equal_literal(out->expected, "!ERR");
}

static void assert_row(const char *file, const row *now, const bundle_mask *mask)
{
    const text input = without_label(now->input);
    const text expected = without_label(now->expected);
    char out[8 * LINE_BYTES];
    size_t size = 0;

    assert_int_equal(mask_apply(mask, FIELD_TEXT, input, out, sizeof(out), &size), VELUM_OK);
    const text masked = {out, size};
    const bool upstream_fails_open = input.size > 0 && text_equal(input, expected);
    if (text_equal(masked, expected) == upstream_fails_open) {
        fail_msg("%s %.*s %.*s: %.*s, wanted %s%.*s", file, (int)now->rule.size, now->rule.data,
                 (int)input.size, input.data, (int)size, out, upstream_fails_open ? "not " : "",
                 (int)expected.size, expected.data);
    }
}

static size_t assert_file(const char *folder, const char *file)
{
    char path[4096];
    char line[LINE_BYTES];
    size_t expressed = 0;

    (void)snprintf(path, sizeof(path), "%s/vectors/mask/%s.tsv", folder, file);
    FILE *const stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(line, sizeof(line), stream) != NULL) {
        row now = {0};
        bundle_mask mask = {0};
        if (read_row(line, &now) && express(file, &now, &mask)) {
            assert_row(file, &now, &mask);
            expressed++;
        }
    }
    (void)fclose(stream);
    return expressed;
}

static void published_cases_hold(void **state)
{
    static const char *const files[] = {"houbb_sensitive",  "hutool_desensitized",
                                        "hutool_phoneutil", "ruoyi_yudao_desensitize",
                                        "ranger_mask",      "shardingsphere_mask"};
    static const size_t wanted[] = {17, 28, 3, 10, 13, 24};
    const char *const folder = getenv("VELUM_SHARED");

    if (folder == NULL) {
        skip();
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const size_t found = assert_file(folder, files[i]);
        if (found < wanted[i]) {
            fail_msg("%s: only %zu rows were expressed", files[i], found);
        }
        print_message("# %s: %zu rows\n", files[i], found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_cases_hold)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
