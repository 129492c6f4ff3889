/* What changes of modules, channels and hooks between two bundles, in words, and whether it widens. */
#include "tests/policy/shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CHANGES_MAX 32

typedef struct change {
    bool widens;
    char section[32];
    char message[512];
} change;

typedef struct changes {
    change at[CHANGES_MAX];
    size_t count;
} changes;

static velum_status catch_change(void *context, bool widens, const char *section,
                                 const char *message)
{
    changes *const caught = context;
    change *const now = &caught->at[caught->count++];

    assert_true(caught->count <= CHANGES_MAX);
    assert_true(utf8_is_printable(text_of(message)));
    now->widens = widens;
    (void)snprintf(now->section, sizeof(now->section), "%s", section);
    (void)snprintf(now->message, sizeof(now->message), "%s", message);
    return VELUM_OK;
}

/* One edit, the change that it is, and what it is the other way round. */
typedef struct edit {
    const char *from;
    const char *to;
    const char *section;
    const char *words;
    bool widens;
    bool back_widens;
} edit;

static const edit policy_edits[] = {
    {"searchable: [name]", "searchable: [name, mobile]", "searchable",
     "searchable: field mobile is new", true, false},
    {"field: mobile, sender", "field: name, sender", "channels",
     "channel sms: field from mobile to name", true, true},
    {"sender: Shop", "sender: Stall", "channels", "channel sms: sender from Shop to Stall", false,
     false},
    {"en: Stop}", "en: Halt}", "channels", "channel sms: opt-out from Stop to Halt", false, false},
    {"21:00-09:00", "22:00-09:00", "channels", "channel sms: quiet from 21:00-09:00 to 22:00-09:00",
     true, false},
    {"21:00-09:00", "09:00-21:00", "channels", "quiet from 21:00-09:00 to 09:00-21:00", true, true},
    {"quiet: \"21:00-09:00\", ", "", "channels", "quiet from 21:00-09:00 to 00:00-00:00", true,
     false},
    {"messages: 3", "messages: 4", "channels",
     "channel sms: cap from 3 messages in 7 days to 4 in 7", true, false},
    {"days: 7}}", "days: 8}}", "channels", "cap from 3 messages in 7 days to 3 in 8", false, true},
    {", cap: {messages: 3, days: 7}", "", "channels", "cap from 3 messages in 7 days to 0 in 0",
     true, false},
    {"domain: crm, events", "domain: erp, events", "hooks", "hook crm: domain from crm to erp",
     true, true},
    {"[subject.erased]}", "[subject.erased], secret: 2}", "hooks", "hook crm: secret from 1 to 2",
     false, false},
    {"[subject.erased]", "[subject.erased, consent.changed]", "hooks",
     "hook crm: event consent.changed is new", true, false},
    {"  crm: {domain", "  erp: {domain: crm, events: [task.created]}\n  crm: {domain", "hooks",
     "hook erp is new", true, false},
    {"lines: [product]", "lines: [product, price]", "activities",
     "activity capture: field lines.price is new", true, false},
    {"sales.*], mask: [mobile, lines.product], hide: [lines.price]",
     "sales.*, lines.price], mask: [mobile, lines.product]", "roles",
     "role clerk: field lines.price clear, was hidden", true, false},
    {"mask: [mobile, lines.product]", "mask: [mobile]", "roles",
     "role clerk: field lines.product hidden, was masked", false, true},
};

static const edit module_edits[] = {
    {"title: {zh: 店, en: Shop}", "title: {zh: 店, en: Stall}", "modules",
     "module shop: title from Shop to Stall", false, false},
    {"name: shop\n", "name: shop\ndomain: house\n", "modules",
     "module shop: domain from shop to house", true, true},
    {"events: [subject.erased,", "events: [subject.erased, consent.changed,", "modules",
     "module shop: event consent.changed is new", true, false},
    {"watches: [sales]", "watches: [sales, runs]", "modules",
     "module shop: watched table runs is new", true, false},
    {"    immutable: true\n", "", "tables", "table sales: immutable no, was yes", true, false},
    {"    at: at\n", "    at: day\n", "tables", "table sales: at from at to day", true, true},
    {"    of: sales\n", "", "tables", "table lines: of from sales to none", false, false},
    {"on-erasure: erase", "on-erasure: anonymise", "tables",
     "table runs: on-erasure from erase to anonymise", true, false},
    {"days: 100", "days: 101", "categories", "category shop.retain: retention days from 100 to 101",
     true, false},
    {"type: boolean, class: public", "type: text, class: public", "tables",
     "field sales.gift: type from boolean to text", false, false},
    {"en: Rate}, type: number, class: personal", "en: Rate}, type: number, class: public", "tables",
     "field sales.rate: class from personal to public", true, false},
    {"class: personal, mask: keep", "class: personal, mask: all", "tables",
     "field lines.product: mask from keep to all", false, true},
    {"index: true, required: true", "required: true", "tables", "field sales.at: index no, was yes",
     false, true},
    {"required: true, ", "", "tables", "field sales.at: required no, was yes", false, false},
    {"en: Price}, type: integer, class: personal, measure: true",
     "en: Price}, type: integer, class: personal", "tables",
     "field lines.price: measure no, was yes", false, true},
    {"      state: {", "      more: {title: {zh: x, en: y}, class: public}\n      state: {",
     "tables", "table runs: field runs.more is new", true, false},
    {"    k: 20\n", "    k: 19\n", "counts", "count by_store: k from 20 to 19", true, false},
    {"    dominance: 40\n", "    dominance: 41\n", "counts",
     "count by_store: dominance from 40 to 41", true, false},
    {"[store, gift, {month: at}]", "[store, {month: at}]", "counts",
     "count by_store: by gift is gone", true, true},
    {"    sum: amount\n", "", "counts", "count by_store: sum from amount to none", false, true},
    {"en: \"{{sender}} {{name}} ", "en: \"{{sender}} {{name}} {{mobile}} ", "messages",
     "message hello.en: field mobile is new", true, false},
    {"en: \"{{sender}} ", "en: \"{{sender}}: ", "messages", "message hello.en: has another text",
     false, false},
    {"en: Hello}", "en: Hi}", "messages", "message hello.en: has another subject", false, false},
};

static void assert_told(const bundle *before, const bundle *after, const edit *row, bool widens)
{
    changes caught = {.count = 0};
    bool found = false;
    bool any = false;

    assert_int_equal(bundle_diff(before, after, catch_change, &caught), VELUM_OK);
    for (size_t i = 0; i < caught.count; i++) {
        found = found || (strcmp(caught.at[i].section, row->section) == 0 &&
                          strstr(caught.at[i].message, row->words) != NULL);
        any = any || caught.at[i].widens;
    }
    if (found && any == widens) {
        return;
    }
    for (size_t i = 0; i < caught.count; i++) {
        print_message("  %s %s: %s\n", caught.at[i].widens ? "+" : " ", caught.at[i].section,
                      caught.at[i].message);
    }
    fail_msg("wanted %s %s: %s", widens ? "+" : " ", row->section, row->words);
}

static void assert_widens(const bundle *before, const bundle *after, bool widens)
{
    changes caught = {.count = 0};
    bool any = false;

    assert_int_equal(bundle_diff(before, after, catch_change, &caught), VELUM_OK);
    for (size_t i = 0; i < caught.count; i++) {
        any = any || caught.at[i].widens;
    }
    assert_true(caught.count > 0);
    assert_int_equal(any, widens);
}

static void each_change_has_its_line(void **state)
{
    VELUM_AUTO(bundle) *before = shop_with("Shop", "Shop");

    for (size_t i = 0; i < sizeof(policy_edits) / sizeof(policy_edits[0]); i++) {
        VELUM_AUTO(bundle) *after = shop_with(policy_edits[i].from, policy_edits[i].to);
        assert_told(before, after, &policy_edits[i], policy_edits[i].widens);
        assert_widens(after, before, policy_edits[i].back_widens);
    }
    for (size_t i = 0; i < sizeof(module_edits) / sizeof(module_edits[0]); i++) {
        VELUM_AUTO(bundle) *after = shop_with_module(module_edits[i].from, module_edits[i].to);
        assert_told(before, after, &module_edits[i], module_edits[i].widens);
        assert_widens(after, before, module_edits[i].back_widens);
    }
}

/* A module that comes brings its tables, counts and messages, and each of them is told. */
static void a_new_module_is_told_with_all_it_brings(void **state)
{
    static const char zoo[] =
        "velum-module: 1\nname: zoo\ntitle: {zh: z, en: z}\ntables:\n"
        "  visits: {title: {zh: v, en: v}, on-erasure: erase, fields: {a: {title: {zh: a, en: a}, "
        "class: public, dimension: true}}}\n"
        "counts:\n  visits: {title: {zh: v, en: v}, table: visits, by: [a]}\n"
        "messages:\n  feed: {channel: sms, text: {en: \"{{sender}}{{opt_out}}\"}}\n";
    static const char *const expected[] = {"category zoo.erase is new", "module zoo is new",
                                           "table visits is new", "count visits is new",
                                           "message feed.en is new"};
    const module_file files[] = {{"modules/shop.yaml", shop_module}, {"modules/zoo.yaml", zoo}};
    VELUM_AUTO(bundle) *before = shop_with("Shop", "Shop");
    VELUM_AUTO(bundle) *after = NULL;
    findings told;
    changes caught = {.count = 0};

    assert_int_equal(compile_shop(shop_policy, files, 2, &told, &after), VELUM_OK);
    assert_int_equal(bundle_diff(before, after, catch_change, &caught), VELUM_OK);
    assert_int_equal(caught.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(caught.at[i].message, expected[i]);
        assert_int_equal(caught.at[i].widens, i > 0);
    }
    caught.count = 0;
    assert_int_equal(bundle_diff(after, before, catch_change, &caught), VELUM_OK);
    assert_int_equal(caught.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_false(caught.at[i].widens);
        assert_non_null(strstr(caught.at[i].message, "is gone"));
    }
}

static void nothing_changes_from_a_bundle_to_itself(void **state)
{
    VELUM_AUTO(bundle) *sample = sample_bundle();
    VELUM_AUTO(bundle) *shop = shop_with("Shop", "Shop");
    changes caught = {.count = 0};

    assert_int_equal(bundle_diff(sample, sample, catch_change, &caught), VELUM_OK);
    assert_int_equal(bundle_diff(shop, shop, catch_change, &caught), VELUM_OK);
    assert_int_equal(caught.count, 0);
}

static int start(void **unused)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_has_its_line),
        cmocka_unit_test(a_new_module_is_told_with_all_it_brings),
        cmocka_unit_test(nothing_changes_from_a_bundle_to_itself),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
