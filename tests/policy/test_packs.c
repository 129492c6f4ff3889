/* Jurisdiction packs: those that Velum brings never change; those of a folder are read strictly. */
#include "policy/deadline.h"
#include "policy/embedded.h"
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A pack with everything in it; tests change a line. */
static const char own_pack[] = "velum-pack: 1\n"
                               "name: cn-pipl\n"
                               "version: 7\n"
                               "day-offset: -09:30\n"
                               "confirm: {days: 3}\n"
                               "answer: {working-days: 4}\n"
                               "hard-limit: {months: 5}\n"
                               "extension: {days: 6}\n"
                               "extend-within: {days: 7}\n"
                               "opt-out: {days: 8}\n"
                               "verification: {working-days: 9}\n"
                               "ask-again-days: 10\n"
                               "ask-max: 11\n"
                               "evidence-days: 12\n"
                               "request-log-days: 13\n"
                               "consent-age: 14\n"
                               "consent-ages: {AT: 15, DE: 16}\n"
                               "marketing-prior-consent: true\n"
                               "holidays: [2026-01-01, 2026-01-02]\n"
                               "workdays: [2026-01-03]\n";

static velum_status compile_with(const char *policy, const char *file, const char *bytes,
                                 findings *caught, bundle **out)
{
    const bundle_file files[] = {
        {TEXT_LITERAL("policy.yaml"), text_of(policy)},
        {TEXT_LITERAL("notices/offers.zh.md"), TEXT_LITERAL("# 优惠\n")},
        {TEXT_LITERAL("notices/offers.en.md"), TEXT_LITERAL("# Offers\n")},
        {text_of(file), text_of(bytes)},
    };

    *caught = (findings){0};
    return bundle_compile(files, 4, catch_finding, caught, out, NULL);
}

/* D-3: what a bundle decides must not change under its hash, so these bytes are for ever. */
static void a_pack_of_velum_never_changes(void **state)
{
    static const struct {
        const char *file;
        const char *hash;
    } pinned[] = {
        {"cn-pipl.v1.yaml", "03c67707d1db5c17ae338acd3bced4ff6d2b83e5f7654125b03a71ed8eb98515"},
        {"eu-gdpr.v1.yaml", "c4dee6d6a7961ba05406a0e71a40cec7765afba8147d41f2ead390b9a014f2ca"},
        {"us-ca.v1.yaml", "62374c21af014075165b2d4ec2d3ddf49f58c4a3df3ba6788769b48cee35d0c8"},
    };
    size_t count = 0;
    const bundle_file *const files = embedded_packs(&count);

    assert_int_equal(count, sizeof(pinned) / sizeof(pinned[0]));
    for (size_t i = 0; i < count; i++) {
        uint8_t hash[SHA256_BYTES];
        char hex[2 * SHA256_BYTES + 1];
        assert_true(text_equal_literal(files[i].name, pinned[i].file));
        sha256(files[i].bytes.data, files[i].bytes.size, hash);
        hex_encode(hash, sizeof(hash), hex);
        assert_string_equal(hex, pinned[i].hash);
    }
}

static void assert_term(pack_term term, uint32_t unit, uint32_t count)
{
    assert_int_equal(term.unit, unit);
    assert_int_equal(term.count, count);
}

/* The numbers of law.md, beside their sources. */
static void the_packs_say_what_the_laws_say(void **state)
{
    VELUM_AUTO(bundle) *policy = sample_bundle();
    const jurisdiction_pack *const cn = bundle_pack(policy, 0);
    const jurisdiction_pack *const eu = bundle_pack(policy, 2);
    const jurisdiction_pack *const us = bundle_pack(policy, 3);

    assert_int_equal(policy->pack_count, 3);
    assert_true(text_equal_literal(cn->name, "cn-pipl"));
    assert_int_equal(cn->day_offset_s, 8 * 3600);
    assert_term(cn->answer, TERM_WORKING_DAYS, 15);
    assert_term(cn->hard_limit, TERM_DAYS, 30);
    assert_int_equal(cn->evidence_days, 1096); /* NDR 12 */
    assert_int_equal(cn->consent_age, 14);     /* PIPL 31 */
    assert_int_equal(cn->holiday_count, 33);
    assert_int_equal(cn->workday_count, 6);
    assert_true(cn->marketing_prior_consent);
    assert_term(eu->answer, TERM_MONTHS, 1); /* GDPR 12(3) */
    assert_term(eu->extension, TERM_MONTHS, 2);
    assert_term(eu->extend_within, TERM_MONTHS, 1);
    assert_term(eu->hard_limit, TERM_NONE, 0);
    assert_int_equal(eu->consent_age, 16); /* GDPR 8 */
    assert_int_equal(eu->country_count, 30);
    for (uint32_t i = 0; i < eu->country_count; i++) {
        assert_true(eu->countries[i].consent_age >= 13 && eu->countries[i].consent_age <= 16);
    }
    assert_term(us->confirm, TERM_WORKING_DAYS, 10); /* CCPA Regulations 7021 */
    assert_term(us->answer, TERM_DAYS, 45);
    assert_term(us->hard_limit, TERM_DAYS, 90);
    assert_term(us->opt_out, TERM_WORKING_DAYS, 15);
    assert_int_equal(us->ask_again_days, 365);   /* CCPA 1798.135(c)(4) */
    assert_int_equal(us->request_log_days, 731); /* CCPA 7101: 24 months */
    assert_int_equal(us->day_offset_s, -8 * 3600);
    assert_false(us->marketing_prior_consent);
}

static void packs_have_numbers(void **state)
{
    VELUM_AUTO(bundle) *policy = sample_bundle();

    bundle_set_number(policy, REGISTRY_JURISDICTION, 0, 40);
    bundle_set_number(policy, REGISTRY_JURISDICTION, 1, 4000);
    assert_int_equal(policy->jurisdiction_number, 40);
    assert_int_equal(policy->packs[0].number, 40);
    assert_ptr_equal(bundle_pack(policy, 0), &policy->packs[0]);
    assert_ptr_equal(bundle_pack(policy, 40), &policy->packs[0]);
    assert_ptr_equal(bundle_pack(policy, 4000), &policy->packs[1]);
    assert_ptr_equal(bundle_pack(policy, 3), &policy->packs[2]);
    assert_null(bundle_pack(policy, 1));
    assert_null(bundle_pack(policy, 41));
}

static void a_file_of_ones_own_counts(void **state)
{
    findings caught;
    VELUM_AUTO(bundle) *brought = NULL;
    VELUM_AUTO(bundle) *own = NULL;

    assert_int_equal(compile_text(small_policy, &caught, &brought), VELUM_OK);
    assert_int_equal(compile_with(small_policy, "packs/cn-pipl.yaml", own_pack, &caught, &own),
                     VELUM_OK);
    assert_int_equal(caught.count, 0);
    assert_memory_not_equal(own->hash, brought->hash, SHA256_BYTES);
    const jurisdiction_pack *const pack = &own->packs[0];
    assert_int_equal(own->pack_count, 1);
    assert_int_equal(pack->version, 7);
    assert_int_equal(pack->day_offset_s, -(9 * 60 + 30) * 60);
    assert_term(pack->confirm, TERM_DAYS, 3);
    assert_term(pack->answer, TERM_WORKING_DAYS, 4);
    assert_term(pack->hard_limit, TERM_MONTHS, 5);
    assert_term(pack->extension, TERM_DAYS, 6);
    assert_term(pack->extend_within, TERM_DAYS, 7);
    assert_term(pack->opt_out, TERM_DAYS, 8);
    assert_term(pack->verification, TERM_WORKING_DAYS, 9);
    assert_int_equal(pack->ask_again_days, 10);
    assert_int_equal(pack->ask_max, 11);
    assert_int_equal(pack->evidence_days, 12);
    assert_int_equal(pack->request_log_days, 13);
    assert_int_equal(pack->consent_age, 14);
    assert_int_equal(pack->country_count, 2);
    assert_string_equal(pack->countries[1].country, "DE");
    assert_int_equal(pack->countries[1].consent_age, 16);
    assert_int_equal(pack->holidays[0], civil_date_to_days((civil_date){2026, 1, 1}));
    assert_int_equal(pack->workdays[0], civil_date_to_days((civil_date){2026, 1, 3}));
}

/* Another law than the three: its file is enough. Ages are never counted on an earlier day than UTC's. */
static void another_law_is_a_file(void **state)
{
    static const struct {
        const char *offset;
        int32_t offset_s;
        int32_t age_offset_s;
    } cases[] = {{"+09:00", 9 * 3600, 0}, {"-03:00", -3 * 3600, -3 * 3600}, {"+00:00", 0, 0}};

    for (size_t i = 0; i < 3; i++) {
        findings caught;
        VELUM_AUTO(bundle) *policy = NULL;
        VELUM_AUTO_MEM char *there = replaced(small_policy, "cn-pipl", "xx-law");
        VELUM_AUTO_MEM char *named = replaced(own_pack, "cn-pipl", "xx-law");
        VELUM_AUTO_MEM char *pack = replaced(named, "-09:30", cases[i].offset);

        assert_int_equal(compile_with(there, "packs/xx-law.yaml", pack, &caught, &policy),
                         VELUM_OK);
        assert_true(text_equal_literal(policy->jurisdiction, "xx-law"));
        assert_int_equal(policy->packs[0].day_offset_s, cases[i].offset_s);
        assert_int_equal(policy->day_offset_s, cases[i].age_offset_s);
    }
}

static void other_laws_stand_beside(void **state)
{
    VELUM_AUTO_MEM char *three =
        replaced(small_policy, "jurisdiction: cn-pipl", "jurisdiction: us-ca\npacks: [eu-gdpr]");
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;

    assert_int_equal(compile_text(three, &caught, &policy), VELUM_OK);
    assert_int_equal(policy->pack_count, 2);
    assert_true(text_equal_literal(policy->packs[0].name, "us-ca"));
    assert_true(text_equal_literal(policy->packs[1].name, "eu-gdpr"));
    assert_int_equal(policy->day_offset_s, -8 * 3600);
}

typedef struct broken {
    const char *from;
    const char *to;
    uint32_t line;
    const char *words;
} broken;

static void wrong_names_of_laws_are_told(void **state)
{
    static const broken errors[] = {
        {"cn-pipl", "xx-law", 3,
         "xx-law is unknown; choose from: cn-pipl, eu-gdpr, us-ca, or write"},
        {"cn-pipl", "XX", 3, "XX is unknown"},
        {"cn-pipl", "\"\"", 3, "is unknown"},
        {"cn-pipl\n", "cn-pipl\npacks: [cn-pipl]\n", 4, "cn-pipl stands there twice"},
        {"cn-pipl\n", "cn-pipl\npacks: [eu-gdpr, eu-gdpr]\n", 4, "eu-gdpr stands there twice"},
        {"cn-pipl\n", "cn-pipl\npacks: [mars]\n", 4, "packs: mars is unknown"},
        {"cn-pipl\n", "cn-pipl\npacks: [[us-ca]]\n", 4, "plain names only"},
        {"cn-pipl\n", "cn-pipl\npacks: us-ca\n", 4, "packs has to be a list"},
        {"cn-pipl\n", "cn-pipl\npacks: [a, b, c, d, e, f, g, h]\n", 4, "at most 7"},
        {"jurisdiction: cn-pipl\n", "", 1, "lacks the key jurisdiction"},
    };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        VELUM_AUTO_MEM char *policy = replaced(small_policy, errors[i].from, errors[i].to);

        assert_error_told(policy, errors[i].line, errors[i].words);
    }
}

static const broken pack_errors[] = {
    {"velum-pack: 1", "velum-pack: 2", 1, "reads velum-pack: 1 only"},
    {"name: cn-pipl", "name: eu-gdpr", 1, "name has to be that of the file, cn-pipl"},
    {"version: 7", "version: 0", 3, "from 1 to 65535"},
    {"version: 7", "version: 7\nlaw: x", 4, "unknown key law; it may have: velum-pack, name"},
    {"version: 7\n", "", 1, "lacks the key version"},
    {"version: 7", "version: [", 5, "column"},
    {"-09:30", "9:30", 4, "UTC plus or minus"},
    {"-09:30", "+14:01", 4, "UTC plus or minus"},
    {"-09:30", "+08:60", 4, "UTC plus or minus"},
    {"-09:30", "08:00:00", 4, "UTC plus or minus"},
    {"-09:30", "+0a:00", 4, "UTC plus or minus"},
    {"-09:30", "\"\"", 4, "UTC plus or minus"},
    {"{days: 3}", "3", 5, "confirm has to be a map"},
    {"{days: 3}", "{weeks: 3}", 5, "unknown key weeks; it may have: days, working-days, months"},
    {"{days: 3}", "{days: 3, months: 1}", 5, "confirm is one of"},
    {"{days: 3}", "{}", 5, "confirm is one of"},
    {"{days: 3}", "{days: 0}", 5, "from 1 to 3660"},
    {"{days: 3}", "{days: 3661}", 5, "from 1 to 3660"},
    {"answer: {working-days: 4}\n", "", 1, "lacks the key answer"},
    {"extension: {days: 6}\n", "", 1, "extension and extend-within go together"},
    {"extend-within: {days: 7}\n", "", 1, "extension and extend-within go together"},
    {"ask-again-days: 10", "ask-again-days: 3651", 12, "from 0 to 3650"},
    {"ask-max: 11", "ask-max: 0", 13, "from 1 to 100"},
    {"evidence-days: 12", "evidence-days: 0", 14, "from 1 to 36500"},
    {"request-log-days: 13", "request-log-days: x", 15, "from 1 to 36500"},
    {"consent-age: 14", "consent-age: 19", 16, "from 0 to 18"},
    {"AT: 15", "at: 15", 17, "two capital letters"},
    {"AT: 15", "AUT: 15", 17, "two capital letters"},
    {"AT: 15", "AT: 19", 17, "from 0 to 18"},
    {"AT: 15", "AT: [15]", 17, "two capital letters"},
    {"prior-consent: true", "prior-consent: yes", 18, "either true or false"},
    {"2026-01-02]", "2026-02-30]", 19, "such as 2026-01-01"},
    {"2026-01-02]", "[2026-01-02]]", 19, "such as 2026-01-01"},
    {"2026-01-02]", "2026-01-01]", 19, "days ascend"},
    {"2026-01-02]", "2025-12-31]", 19, "days ascend"},
    {"[2026-01-03]", "[2026-01-05]", 20, "2026-01-05 is no Saturday or Sunday"},
    {"2026-01-02]", "2026-01-03]", 20, "2026-01-03 is no Saturday or Sunday, or a holiday as well"},
};

static void every_error_of_a_pack_is_told_in_its_file(void **state)
{
    for (size_t i = 0; i < sizeof(pack_errors) / sizeof(pack_errors[0]); i++) {
        const broken *const row = &pack_errors[i];
        VELUM_AUTO_MEM char *pack = replaced(own_pack, row->from, row->to);
        findings caught;
        bundle *out = NULL;
        bool told = false;

        assert_int_equal(compile_with(small_policy, "packs/cn-pipl.yaml", pack, &caught, &out),
                         VELUM_E_INVALID);
        for (size_t k = 0; k < caught.count; k++) {
            told = told || (caught.at[k].is_error && caught.at[k].line == row->line &&
                            strcmp(caught.at[k].file, "packs/cn-pipl.yaml") == 0 &&
                            strstr(caught.at[k].message, row->words) != NULL);
        }
        if (!told) {
            fail_msg("\"%s\": %s:%u: %s", row->to, caught.at[0].file, caught.at[0].line,
                     caught.at[0].message);
        }
    }
}

static void lists_of_a_pack_are_bounded(void **state)
{
    char days[8192] = "holidays: [";
    size_t size = strlen(days);

    for (int32_t i = 0; i <= PACK_HOLIDAYS_MAX; i++) {
        char day[CIVIL_DATE_TEXT_BYTES];
        civil_date_format(civil_date_from_days(30000 + i), day);
        size += (size_t)snprintf(days + size, sizeof(days) - size, "%s%s", i > 0 ? ", " : "", day);
    }
    (void)snprintf(days + size, sizeof(days) - size, "]");
    VELUM_AUTO_MEM char *pack = replaced(own_pack, "holidays: [2026-01-01, 2026-01-02]", days);
    findings caught;
    bundle *out = NULL;
    assert_int_equal(compile_with(small_policy, "packs/cn-pipl.yaml", pack, &caught, &out),
                     VELUM_E_INVALID);
    assert_non_null(strstr(caught.at[0].message, "at most 128"));
}

/* What nobody names is thought to be in force: it is checked, and said. */
static void an_unused_pack_is_told(void **state)
{
    VELUM_AUTO_MEM char *named = replaced(own_pack, "cn-pipl", "xx-law");
    VELUM_AUTO_MEM char *wrong = replaced(named, "version: 7", "version: 0");
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;
    bundle *none = NULL;

    assert_int_equal(compile_with(small_policy, "packs/xx-law.yaml", named, &caught, &policy),
                     VELUM_OK);
    assert_int_equal(caught.count, 1);
    assert_string_equal(caught.at[0].file, "packs/xx-law.yaml");
    assert_non_null(strstr(caught.at[0].message, "neither jurisdiction nor packs names this"));
    assert_int_equal(compile_with(small_policy, "packs/xx-law.yaml", wrong, &caught, &none),
                     VELUM_E_INVALID);
    assert_int_equal(compile_with(small_policy, "packs/XX.yaml", named, &caught, &none),
                     VELUM_E_INVALID);
    assert_non_null(strstr(caught.at[0].message, "is no file of a policy"));
    assert_int_equal(compile_with(small_policy, "packs/cn-pipl.yaml", "- x\n", &caught, &none),
                     VELUM_E_INVALID);
    assert_non_null(strstr(caught.at[0].message, "begin with velum-pack: 1"));
    assert_int_equal(compile_with(small_policy, "packs/cn-pipl.yaml", "", &caught, &none),
                     VELUM_E_INVALID);
}

static int start(void **state)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_of_velum_never_changes),
        cmocka_unit_test(the_packs_say_what_the_laws_say),
        cmocka_unit_test(packs_have_numbers),
        cmocka_unit_test(a_file_of_ones_own_counts),
        cmocka_unit_test(another_law_is_a_file),
        cmocka_unit_test(other_laws_stand_beside),
        cmocka_unit_test(wrong_names_of_laws_are_told),
        cmocka_unit_test(every_error_of_a_pack_is_told_in_its_file),
        cmocka_unit_test(lists_of_a_pack_are_bounded),
        cmocka_unit_test(an_unused_pack_is_told),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
