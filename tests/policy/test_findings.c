/* Every error and warning of the compiler: its file, its line, its words (P-1 to P-4). */
#include "tests/policy/fixture.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* In the small policy `from` becomes `to`; then there is an error in that line with these words. */
typedef struct broken {
    const char *from;
    const char *to;
    uint32_t line;
    const char *words;
} broken;

#define TITLE "title: {zh: x, en: y}"

static const broken errors[] = {
    /* the file as a whole */
    {"name: Shop\n", "name: Shop\nname: Shop\n", 3, "column"},
    {"name: Shop", "name: &a Shop", 2, "column"},
    {"velum-policy: 1", "velum-policy: 2", 1, "reads velum-policy: 1 only"},
    {"name: Shop", "nome: Shop", 2, "unknown key nome; it may have: velum-policy, name"},
    {"name: Shop\n", "", 1, "lacks the key name"},
    {"name: Shop", "name: [Shop]", 2, "name has to be a plain value"},
    {"name: Shop", "name: \"\"", 2, "one line of 1-200 bytes"},
    {"name: Shop", "name: \"a\\nb\"", 2, "one line of 1-200 bytes"},
    {"cn-pipl", "xx-law", 3, "xx-law is unknown; choose from: cn-pipl"},
    {"birthday: birthday", "birthday: born", 4, "the field born, which no category has"},
    {"birthday: birthday", "birthday: name", 4, "not of type date"},
    {"[mobile, \"ext:*\"]", "[mobile, passport]", 5, "identifier passport is unknown"},
    {"[mobile, \"ext:*\"]", "[mobile, \"ext:A\"]", 5, "identifier ext:A is unknown"},
    {"[mobile, \"ext:*\"]", "[mobile, mobile]", 5, "twice"},
    {"[mobile, \"ext:*\"]", "[mobile, [x]]", 5, "is unknown"},
    {"[store]", "[store, store]", 6, "twice"},
    {"[store]", "[Store]", 6, "a name has 1-63 characters"},
    {"[store]", "[store, a1, a2, a3, a4, a5, a6, a7, a8]", 6, "at most 8"}, /* P-4 */
    /* masks */
    {"tail: {", "all: {", 8, "name of a profile"},
    {"tail: {", "Tail: {", 8, "a name has 1-63 characters"},
    {"{profile: keep, keep-last: 2}", "keep", 8, "has to be a map"},
    {"profile: keep,", "profile: kept,", 8, "no profile kept"},
    {"keep-last: 2", "keep-last: 65", 8, "from 0 to 64"},
    {"keep-last: 2", "keep-last: -1", 8, "from 0 to 64"},
    {"keep-last: 2", "keep: 2", 8, "unknown key keep"},
    {"profile: keep, keep-last: 2", "profile: name, keep-last: 2", 8, "takes no keep-last"},
    {"profile: keep, keep-last: 2", "profile: phone, keep-first: 4", 8, "from 0 to 3"},
    {"profile: keep, keep-last: 2", "profile: bank-card, keep-first: 7", 8, "from 0 to 6"},
    {"keep-last: 2", "character: \"5\"", 8, "not a digit"},
    {"keep-last: 2", "character: \"**\"", 8, "one visible character"},
    {"keep-last: 2", "character: \" \"", 8, "one visible character"},
    /* categories and fields */
    {"  profile:\n", "  Profile:\n", 10, "a name has 1-63 characters"},
    {"categories:\n", "categories:\n  empty: {}\n", 10, "category empty has no field"},
    {"categories:\n", "categories:\n  flat: 1\n", 10, "category flat has to be a map"},
    {"categories:\n", "categories:\n  more: {name: {" TITLE ", class: public}}\n", 12,
     "field name is in another category already"},
    {"class: personal, mask: tail", "class: secret, mask: tail", 11, "class: secret is unknown"},
    {"type: date", "type: day", 12, "type: day is unknown"},
    {"mask: tail", "mask: tale", 11, "no mask and no profile tale"},
    {"mask: year", "mask: phone", 12, "phone does not fit the field's type"},
    {"mask: tail", "mask: number", 11, "number does not fit the field's type"},
    {"{title: {zh: 姓名, en: Name},", "{", 11, "field name lacks the key title"},
    {"{zh: 姓名, en: Name}", "{zh: 姓名}", 11, "lacks the key en"},
    {"{zh: 姓名, en: Name}", "{zh: 姓名, en: \"\"}", 11, "1-200 bytes in en"},
    {"{zh: 姓名, en: Name}", "Name", 11, "title has to be a map"},
    {"mask: tail}", "mask: tail, size: 3}", 11, "unknown key size"},
    {"    name: {title", "    1name: {title", 11, "a name has 1-63 characters"},
    /* purposes */
    {"basis: contract", "basis: contracts", 14, "contracts is unknown; choose from: consent"},
    {"basis: contract", "basis: legitimate_interest", 14, "PIPL 13 does not know"},
    {"basis: contract, version: 1", "basis: contract, version: 0", 14, "from 1 to 65535"},
    {"basis: contract, version: 1", "basis: contract, version: 65536", 14, "from 1 to 65535"},
    {"basis: contract, version: 1", "basis: contract, version: one", 14, "from 1 to 65535"},
    {"basis: contract, version: 1", "basis: contract", 14, "lacks the key version"},
    {"basis: contract, version: 1", "basis: contract, version: 1, notice: {id: offers, version: 1}",
     14, "does not rest on consent; remove its notice"},
    {"basis: contract, version: 1", "basis: contract, version: 1, consent-days: 3", 14,
     "remove consent-days"},
    {"basis: contract, version: 1", "basis: contract, version: 1, marketing: yes", 14,
     "either true or false"},
    {", notice: {id: offers, version: 1}", "", 15, "names no notice"}, /* PIPL 17 */
    {"{id: offers, version: 1}", "{id: offer, version: 1}", 15, "write notices/offer.zh.md"},
    {"{id: offers, version: 1}", "{id: offers}", 15, "lacks the key version"},
    {"{id: offers, version: 1}", "{id: Offers, version: 1}", 15, "a name has 1-63 characters"},
    {"{id: offers, version: 1}}", "{id: offers, version: 1}, consent-days: 36501}", 15,
     "from 0 to 36500"},
    {"  work: {",
     "  more: {" TITLE ", basis: consent, version: 1, notice: {id: offers, "
     "version: 2}}\n  work: {",
     16, "has version 1 at another purpose"},
    {"  care: {title", "  Care: {title", 14, "a name has 1-63 characters"},
    {"  care: {title: {zh: 服务, en: Care}, basis: contract, version: 1}", "  care: x", 14,
     "has to be a map"},
    /* activities */
    {"fields: [name, birthday]", "fields: [name, phone]", 20,
     "activity customer-care names the field phone, which no category has"},
    {"fields: [name, birthday]", "fields: [name, name]", 20, "the field name twice"},
    {"fields: [name, birthday]", "fields: everything", 20, "a list of names, or all"},
    {"fields: [name, birthday]", "fields: [name, {a: b}]", 20, "plain names only"},
    {"fields: [name, birthday]", "fields: []", 20, "reads but has no fields"},
    {", fields: [name, birthday]", "", 20, "reads but has no fields"},
    {"purpose: care, actions", "purpose: caring, actions", 20,
     "the purpose caring, which does not"},
    {"actions: [lookup, read]", "actions: [lookup, write]", 20, "write is unknown"},
    {"actions: [lookup, read]", "actions: [read, read]", 20, "read stands there twice"},
    {"actions: [lookup, read]", "actions: []", 20, "the list is empty"},
    {"actions: [lookup, read]", "actions: [lookup]", 20, "no action that uses them"},
    {"actions: [lookup, read]", "actions: [read, audit]", 20, "stand alone"},
    {"actors: [service], fields: [name, birthday]", "actors: [robot], fields: [name]", 20,
     "robot is unknown"},
    {"actors: [service], fields: [name, birthday]", "actors: [customer], fields: [name]", 20,
     "customers, who may only read"},
    {"fields: [name, birthday]", "fields: [name], knows-existence: no", 20, "either true or false"},
    {"fields: [name, birthday]", "fields: [name], recipient: Agency X", 20,
     "a name has 1-63 characters"},
    {"actions: [audit], actors: [human]", "actions: [audit], actors: [human], fields: all", 18,
     "know no fields"},
    {"  audit: {", "  auditing: {", 1, "every policy has an activity audit"},
    {"  administration: {", "  admin: {", 1, "every policy has an activity administration"},
    {"actions: [administer]", "actions: [audit]", 1, "activity administration with actions"},
    {"purpose: offers, actions: [read]", "purpose: offers, actions: [read, consent-write]", 21,
     "nobody may record the consent they live on"}, /* P-3 */
    {"purpose: offers, actions: [read]", "purpose: offers, actions: [read, create]", 21,
     "who is not there has not consented"},
    {"purpose: offers, actions: [read]", "purpose: offers, actions: [read, import]", 21,
     "who is not there has not consented"},
    /* roles */
    {"{staff: true, clear", "{clear", 23, "role guide lacks the key staff"},
    {"staff: true", "staff: maybe", 23, "either true or false"},
    {"clear: [birthday]", "clear: [born]", 23, "the field born, which no category has"},
    {"clear: [birthday]", "clear: all", 23, "clear has to be a list"},
    {"mask: [name], where", "mask: [birthday], where", 23, "field birthday in two of clear"},
    {"mask: [name], where", "hide: [birthday], where", 23, "field birthday in two of clear"},
    {"store: same-as-actor", "shop: same-as-actor", 23, "attribute shop is not declared"},
    {"store: same-as-actor", "store: mine", 23, "same-as-actor or a list"},
    {"store: same-as-actor", "store: {a: b}", 23, "same-as-actor or a list"},
    {"store: same-as-actor", "store: []", 23, "never holds"},
    {"store: same-as-actor", "store: [a, b, c, d, e, f, g, h, i]", 23, "at most 8"},
    {"store: same-as-actor", "store: [[a]]", 23, "one line of 1-128 bytes"},
    {"  guide: {", "  Guide: {", 23, "a name has 1-63 characters"},
    {"roles:\n", "roles:\n  x: y\n", 23, "has to be a map"},
};

/* PIPL 13: no purpose without a legal basis; 17: no consent without a notice; 55: no risk unassessed. */
static void every_error_names_line_and_remedy(void **state)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        VELUM_AUTO_MEM char *policy = replaced(small_policy, errors[i].from, errors[i].to);

        assert_error_told(policy, errors[i].line, errors[i].words);
    }
}

typedef struct file_case {
    const char *name;
    const char *bytes;
    const char *words;
} file_case;

/* A fourth file beside policy.yaml and the two notices. */
static const file_case files_refused[] = {
    {"README.md", "x", "is no file of a policy"},
    {"notices/offers.md", "x", "is no file of a policy"},
    {"notices/offers.ZH.md", "x", "is no file of a policy"},
    {"notices/offers.chin.md", "x", "is no file of a policy"},
    {"notices/Offers.zh.md", "x", "is no file of a policy"},
    {"notices/sub/offers.zh.md", "x", "is no file of a policy"},
    {"notices/.md", "x", "is no file of a policy"},
    {"notices/offers.fr.txt", "x", "is no file of a policy"},
    {"", "x", "is no file of a policy"},
    {"notices/\xff\xfe.zh.md", "x", "is no file of a policy"},
    {"notices/offers.fr.md", "", "is not empty"},
    {"notices/offers.fr.md", "\xc3\x28", "is UTF-8"},
    {"notices/offers.zh.md", "x", "is there twice"},
    {"policy.yaml", "velum-policy: 1\n", "is there twice"},
};

static void files_that_do_not_belong_are_refused(void **state)
{
    for (size_t i = 0; i < sizeof(files_refused) / sizeof(files_refused[0]); i++) {
        const bundle_file files[] = {
            {TEXT_LITERAL("policy.yaml"), text_of(small_policy)},
            {TEXT_LITERAL("notices/offers.zh.md"), TEXT_LITERAL("x")},
            {TEXT_LITERAL("notices/offers.en.md"), TEXT_LITERAL("x")},
            {text_of(files_refused[i].name), text_of(files_refused[i].bytes)},
        };
        findings caught = {0};
        bundle *out = NULL;

        assert_int_equal(bundle_compile(files, 4, catch_finding, &caught, &out, NULL),
                         VELUM_E_INVALID);
        assert_null(out);
        assert_true(caught.errors >= 1);
        assert_non_null(strstr(caught.at[0].message, files_refused[i].words));
    }
}

static void a_folder_without_policy_is_refused(void **state)
{
    const bundle_file files[] = {{TEXT_LITERAL("notices/a.zh.md"), TEXT_LITERAL("x")}};
    static const char *const documents[] = {"", "- a\n", "text\n", "# nothing\n", "a: [\n", "\xff"};
    bundle *out = NULL;
    velum_error err = {0};

    assert_int_equal(bundle_compile(files, 1, NULL, NULL, &out, &err), VELUM_E_INVALID);
    assert_non_null(strstr(err.text, "policy.yaml: there is no such file"));
    assert_int_equal(bundle_compile(files, 0, NULL, NULL, &out, NULL), VELUM_E_INVALID);
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        findings caught;
        assert_int_equal(compile_text(documents[i], &caught, &out), VELUM_E_INVALID);
        assert_int_equal(caught.errors, 1);
    }
}

static void the_sum_of_bytes_is_bounded(void **state)
{
    VELUM_AUTO_MEM char *large = mem_alloc(BUNDLE_BYTES_MAX + 1);
    static bundle_file many[BUNDLE_NOTICES_MAX + 2];
    bundle *out = NULL;

    memset(large, 'x', BUNDLE_BYTES_MAX);
    const bundle_file files[] = {{TEXT_LITERAL("policy.yaml"), TEXT_LITERAL("a: b\n")},
                                 {TEXT_LITERAL("notices/a.zh.md"), {large, BUNDLE_BYTES_MAX}}};
    assert_int_equal(bundle_compile(files, 2, NULL, NULL, &out, NULL), VELUM_E_INVALID);
    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
        many[i] = (bundle_file){TEXT_LITERAL("notices/a.zh.md"), TEXT_LITERAL("x")};
    }
    assert_int_equal(bundle_compile(many, BUNDLE_NOTICES_MAX + 2, NULL, NULL, &out, NULL),
                     VELUM_E_INVALID);
}

/* All at once, so that an officer corrects them in one go; and the first goes into the error. */
static void all_errors_are_told_up_to_fifty(void **state)
{
    VELUM_AUTO_BUFFER policy;
    const bundle_file notice = {TEXT_LITERAL("notices/offers.zh.md"), TEXT_LITERAL("x")};
    findings caught = {0};
    bundle *out = NULL;
    velum_error err = {0};

    buffer_init(&policy, 100000);
    buffer_append_text(&policy, small_policy);
    for (int i = 0; i < 80; i++) {
        buffer_append_format(&policy, "  Role%d: {staff: true}\n", i);
    }
    const bundle_file files[] = {
        {TEXT_LITERAL("policy.yaml"), {(const char *)policy.data, policy.size}}, notice};
    assert_int_equal(bundle_compile(files, 2, catch_finding, &caught, &out, &err), VELUM_E_INVALID);
    assert_int_equal(caught.errors, 1 + 31); /* their number, and those of the first 32 */
    assert_non_null(strstr(err.text, "policy.yaml:23: there are 81 roles"));

    VELUM_AUTO_MEM char *two = replaced(small_policy, "name: Shop\n", "nome: Shop\nx: y\n");
    assert_int_equal(compile_text(two, &caught, &out), VELUM_E_INVALID);
    assert_int_equal(caught.errors, 3);
}

static void the_fiftieth_error_is_the_last(void **state)
{
    VELUM_AUTO_BUFFER policy;
    findings caught;
    bundle *out = NULL;

    buffer_init(&policy, 100000);
    for (int i = 0; i < 80; i++) {
        buffer_append_format(&policy, "key%d: x\n", i);
    }
    buffer_append_byte(&policy, '\0');
    assert_int_equal(compile_text((const char *)policy.data, &caught, &out), VELUM_E_INVALID);
    assert_int_equal(caught.errors, 50);
    assert_non_null(strstr(caught.at[49].message, "too many errors"));
}

/* P-4: exactly what the state record holds compiles, one more does not. */
static void sections_are_bounded(void **state)
{
    for (uint32_t count = BUNDLE_CONSENTS_MAX - 1; count <= BUNDLE_CONSENTS_MAX; count++) {
        VELUM_AUTO_BUFFER more;
        findings caught;
        bundle *out = NULL;

        buffer_init(&more, 100000);
        buffer_append_text(&more, "purposes:\n");
        for (uint32_t i = 0; i < count; i++) {
            buffer_append_format(&more,
                                 "  p%u: {" TITLE ", basis: consent, version: 1, "
                                 "notice: {id: offers, version: 1}}\n",
                                 i);
        }
        buffer_append_byte(&more, '\0');
        VELUM_AUTO_MEM char *policy =
            replaced(small_policy, "purposes:\n", (const char *)more.data);
        const velum_status status = compile_text(policy, &caught, &out);
        bundle_free(out);
        assert_int_equal(status, count < BUNDLE_CONSENTS_MAX ? VELUM_OK : VELUM_E_INVALID);
        assert_int_equal(caught.errors, count < BUNDLE_CONSENTS_MAX ? 0 : 1);
    }
}

typedef struct section_case {
    const char *head;
    const char *row; /* with %u */
    uint32_t max;
    uint32_t there; /* in the small policy already */
} section_case;

static const section_case sections[] = {
    {"masks:\n", "  m%u: {profile: keep}\n", BUNDLE_MASKS_MAX - 1, 1}, /* year counts as well */
    {"categories:\n", "  c%u: {f%u: {" TITLE ", class: public}}\n", BUNDLE_CATEGORIES_MAX, 1},
    {"  profile:\n", "    f%u: {" TITLE ", class: public, mask: tail}\n", BUNDLE_FIELDS_MAX, 2},
    {"purposes:\n", "  p%u: {" TITLE ", basis: contract, version: 1}\n", BUNDLE_PURPOSES_MAX, 3},
    {"activities:\n", "  a%u: {" TITLE ", purpose: care, actions: [lookup], actors: [human]}\n",
     BUNDLE_ACTIVITIES_MAX, 4},
    {"roles:\n", "  r%u: {staff: false}\n", BUNDLE_ROLES_MAX, 1},
};

static velum_status compile_grown(const section_case *grown, uint32_t count)
{
    VELUM_AUTO_BUFFER more;
    findings caught;
    bundle *out = NULL;

    buffer_init(&more, 100000);
    buffer_append_text(&more, grown->head);
    for (uint32_t i = 0; i < count; i++) {
        char row[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(row, sizeof(row), grown->row, i, i);
#pragma GCC diagnostic pop
        buffer_append_text(&more, row);
    }
    buffer_append_byte(&more, '\0');
    VELUM_AUTO_MEM char *policy = replaced(small_policy, grown->head, (const char *)more.data);
    const velum_status status = compile_text(policy, &caught, &out);
    bundle_free(out);
    return status;
}

static void every_section_has_its_ceiling(void **state)
{
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        const uint32_t room = sections[i].max - sections[i].there;
        assert_int_equal(compile_grown(&sections[i], room), VELUM_OK);
        assert_int_equal(compile_grown(&sections[i], room + 1), VELUM_E_INVALID);
    }
}

static const broken warnings[] = {
    {"  work: {", "  idle: {" TITLE ", basis: contract, version: 1}\n  work: {", 16,
     "no activity uses the purpose idle"},
    {"clear: [birthday]", "hide: [birthday]", 12, "no role sees the field birthday"},
    {", class: personal, mask: tail", "", 11, "no class and is treated as sensitive"},
};

static void warnings_do_not_stop(void **state)
{
    for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
        VELUM_AUTO_MEM char *policy = replaced(small_policy, warnings[i].from, warnings[i].to);
        findings caught;
        VELUM_AUTO(bundle) *out = NULL;

        assert_int_equal(compile_text(policy, &caught, &out), VELUM_OK);
        assert_int_equal(caught.count, 1);
        assert_int_equal(caught.errors, 0);
        assert_int_equal(caught.at[0].line, warnings[i].line);
        assert_non_null(strstr(caught.at[0].message, warnings[i].words));
    }
}

static void warnings_of_notices(void **state)
{
    const bundle_file files[] = {
        {TEXT_LITERAL("policy.yaml"), text_of(small_policy)},
        {TEXT_LITERAL("notices/offers.fr.md"), TEXT_LITERAL("x")},
        {TEXT_LITERAL("notices/other.zh.md"), TEXT_LITERAL("x")},
    };
    findings caught = {0};
    VELUM_AUTO(bundle) *out = NULL;

    assert_int_equal(bundle_compile(files, 3, catch_finding, &caught, &out, NULL), VELUM_OK);
    assert_int_equal(caught.count, 3);
    assert_non_null(strstr(caught.at[0].message, "purpose offers rests on consent and has no "
                                                 "notice in zh"));
    assert_non_null(strstr(caught.at[1].message, "no notice in en"));
    assert_non_null(strstr(caught.at[2].message, "no purpose uses this notice"));
    assert_string_equal(caught.at[2].file, "notices/other.zh.md");
    const bundle_notice *const shown = bundle_notice_of(out, 1, TEXT_LITERAL("zh"));
    assert_true(text_equal_literal(shown->language, "fr"));
}

static void legitimate_interest_is_european(void **state)
{
    VELUM_AUTO_MEM char *european = replaced(small_policy, "cn-pipl", "eu-gdpr");
    VELUM_AUTO_MEM char *policy =
        replaced(european, "basis: contract", "basis: legitimate_interest");
    findings caught;
    VELUM_AUTO(bundle) *out = NULL;

    assert_int_equal(compile_text(policy, &caught, &out), VELUM_OK);
    assert_int_equal(caught.count, 0);
    assert_int_equal(out->day_offset_s, 0);
}

/* A name is quoted in one line, however it was written. */
static void messages_stay_one_line(void **state)
{
    VELUM_AUTO_MEM char *policy = replaced(small_policy, "name: Shop\n",
                                           "name: Shop\n\"a\\nb\\u0085"
                                           "0123456789012345678901234567890123456789012345678901"
                                           "店店店店\": x\n");
    findings caught;
    bundle *out = NULL;

    assert_int_equal(compile_text(policy, &caught, &out), VELUM_E_INVALID);
    assert_int_equal(caught.errors, 1);
    assert_true(utf8_is_printable(text_of(caught.at[0].message)));
    assert_non_null(strstr(caught.at[0].message, "a?b?0123"));
}

static int start(void **state)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_names_line_and_remedy),
        cmocka_unit_test(files_that_do_not_belong_are_refused),
        cmocka_unit_test(a_folder_without_policy_is_refused),
        cmocka_unit_test(the_sum_of_bytes_is_bounded),
        cmocka_unit_test(all_errors_are_told_up_to_fifty),
        cmocka_unit_test(the_fiftieth_error_is_the_last),
        cmocka_unit_test(sections_are_bounded),
        cmocka_unit_test(every_section_has_its_ceiling),
        cmocka_unit_test(warnings_do_not_stop),
        cmocka_unit_test(warnings_of_notices),
        cmocka_unit_test(legitimate_interest_is_european),
        cmocka_unit_test(messages_stay_one_line),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
