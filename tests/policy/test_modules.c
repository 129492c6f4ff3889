/* What a module declares becomes tables; what it may not declare is told with its file and line. */
#include "tests/policy/shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const bundle_resource *table(const bundle *policy, const char *name)
{
    const uint32_t index = bundle_find(policy, REGISTRY_RESOURCE, text_of(name));

    assert_true(index != BUNDLE_NONE);
    return &policy->resources[index];
}

static const resource_field *column(const bundle_resource *of, const char *name)
{
    const uint32_t index = resource_find(of, text_of(name));

    assert_true(index != BUNDLE_NONE);
    return &of->fields[index];
}

static bundle *shop(void)
{
    return shop_with("Shop", "Shop");
}

/* --- What comes out --------------------------------------------------------------------------------- */

static void a_module_becomes_tables(void **state)
{
    const module_file file = {"modules/shop.yaml", shop_module};
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;

    assert_int_equal(compile_shop(shop_policy, &file, 1, &caught, &policy), VELUM_OK);
    assert_int_equal(caught.count, 0);
    assert_int_equal(policy->module_count, 1);
    const bundle_module *const module = &policy->modules[0];
    uint8_t hash[SHA256_BYTES];
    sha256(shop_module, strlen(shop_module), hash);
    assert_memory_equal(module->hash, hash, sizeof(hash));
    assert_true(text_equal_literal(module->name, "shop"));
    assert_true(text_equal_literal(module->domain, "shop")); /* its own where it does not say */
    assert_true(text_equal_literal(module->title_en, "Shop"));
    assert_int_equal(module->events, HOOK_SUBJECT_ERASED | HOOK_TASK_CREATED);
    assert_int_equal(policy->resource_count, 3);
    const bundle_resource *const sales = table(policy, "sales");
    assert_int_equal(module->watches, 1U << (sales - policy->resources));
    assert_true(sales->is_immutable);
    assert_int_equal(sales->parent, BUNDLE_NONE);
    assert_int_equal(sales->at_field, resource_find(sales, TEXT_LITERAL("at")));
    assert_int_equal(sales->field_count, 6);
    const bundle_resource *const lines = table(policy, "lines");
    assert_false(lines->is_immutable);
    assert_int_equal(lines->parent, sales - policy->resources);
    assert_int_equal(lines->at_field, BUNDLE_NONE);
    assert_int_equal(resource_find(lines, TEXT_LITERAL("at")), BUNDLE_NONE);
}

static void fields_have_types_and_uses(void **state)
{
    static const struct {
        const char *name;
        uint32_t type;
        uint32_t class;
        bool required, indexed, dimension, measure;
    } expected[] = {
        {"at", FIELD_TIME, CLASS_PERSONAL, true, true, true, false},
        {"store", FIELD_TEXT, CLASS_PERSONAL, false, true, true, false},
        {"amount", FIELD_INTEGER, CLASS_PERSONAL, false, false, false, true},
        {"gift", FIELD_BOOLEAN, CLASS_PUBLIC, false, false, true, false},
        {"rate", FIELD_NUMBER, CLASS_PERSONAL, false, false, false, false},
        {"day", FIELD_DATE, CLASS_PERSONAL, false, false, true, false},
    };
    VELUM_AUTO(bundle) *policy = shop();
    const bundle_resource *const sales = table(policy, "sales");

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const resource_field *const field = column(sales, expected[i].name);
        char full[64];
        (void)snprintf(full, sizeof(full), "sales.%s", expected[i].name);
        assert_true(text_equal_literal(field->full_name, full));
        assert_int_equal(field->type, expected[i].type);
        assert_int_equal(field->class, expected[i].class);
        assert_int_equal(field->is_required, expected[i].required);
        assert_int_equal(field->is_indexed, expected[i].indexed);
        assert_int_equal(field->is_dimension, expected[i].dimension);
        assert_int_equal(field->is_measure, expected[i].measure);
        assert_true(field->mask < policy->mask_count);
    }
}

/* One category for each way in which rows end, named by both (certificates, P-4). */
static void ways_of_erasure_are_categories(void **state)
{
    static const char *const names[] = {"shop.retain", "shop.anonymise", "shop.erase"};
    static const char *const tables[] = {"sales", "lines", "runs"};
    static const uint32_t ways[] = {ROWS_RETAIN, ROWS_ANONYMISE, ROWS_ERASE};
    VELUM_AUTO(bundle) *policy = shop();

    assert_int_equal(policy->category_count, 1 + 3);
    assert_int_equal(policy->categories[0].module, 0);
    assert_int_equal(policy->categories[0].rows, 0);
    for (size_t i = 0; i < 3; i++) {
        const uint32_t index = bundle_find(policy, REGISTRY_CATEGORY, text_of(names[i]));
        assert_true(index != BUNDLE_NONE);
        const bundle_category *const category = &policy->categories[index];
        assert_int_equal(category->module, 1);
        assert_int_equal(category->rows, ways[i]);
        assert_int_equal(table(policy, tables[i])->category, index);
        assert_int_equal(table(policy, tables[i])->erasure, ways[i]);
        assert_int_equal(category->retain_days, ways[i] == ROWS_RETAIN ? 100 : 0);
        assert_true(text_equal_literal(category->title_zh, "店"));
    }
    const uint32_t kept = table(policy, "sales")->category;
    assert_int_equal(policy->categories[kept].retain_basis, BASIS_LEGAL_OBLIGATION);
    assert_true(text_equal_literal(policy->categories[kept].retain_law, "Tax Law 1"));
    for (uint32_t i = 0; i < policy->field_count; i++) {
        assert_int_equal(policy->fields[i].category, 0); /* a module's category has no field */
    }
}

static void counts_and_messages_come_out(void **state)
{
    VELUM_AUTO(bundle) *policy = shop();
    const bundle_resource *const sales = table(policy, "sales");

    assert_int_equal(policy->count_count, 1);
    const bundle_count *const count = &policy->counts[0];
    assert_true(&policy->resources[count->resource] == sales);
    assert_int_equal(count->dimension_count, 3);
    assert_int_equal(count->dimensions[2], resource_find(sales, TEXT_LITERAL("at")));
    assert_true(!count->by_month[0] && !count->by_month[1] && count->by_month[2]);
    assert_int_equal(count->measure, resource_find(sales, TEXT_LITERAL("amount")));
    assert_int_equal(count->k, 20);
    assert_int_equal(count->dominance_percent, 40);
    assert_int_equal(policy->template_count, 2);
    const bundle_template *const zh = &policy->templates[0];
    assert_true(text_equal_literal(zh->name, "hello.zh"));
    assert_true(text_equal_literal(zh->id, "hello") && text_equal_literal(zh->language, "zh"));
    assert_true(text_equal_literal(zh->subject, "你好"));
    assert_true(text_equal_literal(zh->body, "【{{sender}}】{{name}} {{opt_out}}"));
    assert_true(zh->fields == field_set(policy, "name"));
    assert_true(text_equal_literal(policy->templates[1].name, "hello.en"));

    VELUM_AUTO(bundle) *bare =
        shop_with_module("    sum: amount\n    k: 20\n    dominance: 40\n", "");
    assert_int_equal(bare->counts[0].measure, BUNDLE_NONE);
    assert_int_equal(bare->counts[0].k, 10);
    assert_int_equal(bare->counts[0].dominance_percent, 50);
}

static void channels_and_hooks_come_out(void **state)
{
    VELUM_AUTO(bundle) *policy = shop();
    const bundle_channel *const sms = &policy->channels[0];

    assert_int_equal(policy->channel_count, 1);
    assert_true(UINT64_C(1) << sms->field == field_set(policy, "mobile"));
    assert_true(text_equal_literal(sms->sender, "Shop"));
    assert_true(text_equal_literal(sms->opt_out_zh, "退订"));
    assert_true(text_equal_literal(sms->opt_out_en, "Stop"));
    assert_int_equal(sms->quiet_from, 21 * 60);
    assert_int_equal(sms->quiet_until, 9 * 60);
    assert_int_equal(sms->cap_count, 3);
    assert_int_equal(sms->cap_days, 7);
    assert_int_equal(policy->hook_count, 1);
    assert_true(text_equal_literal(policy->hooks[0].domain, "crm"));
    assert_int_equal(policy->hooks[0].events, HOOK_SUBJECT_ERASED);
    assert_int_equal(policy->hooks[0].secret, 1);
    assert_true(policy->searchable == field_set(policy, "name"));
}

static void activities_and_roles_reach_tables(void **state)
{
    VELUM_AUTO(bundle) *policy = shop();
    const uint32_t sales = bundle_find(policy, REGISTRY_RESOURCE, TEXT_LITERAL("sales"));
    const uint32_t lines = bundle_find(policy, REGISTRY_RESOURCE, TEXT_LITERAL("lines"));
    const bundle_activity *const capture = &policy->activities[activity_named(policy, "capture")];
    const bundle_role *const clerk = &policy->roles[0];

    assert_true(capture->resources[sales] == 0x3f);
    assert_true(capture->resources[lines] == 1);
    assert_true(capture->fields == 0); /* `all` of a table is no field of a person */
    assert_true(clerk->resource_clear[sales] == 0x3f && clerk->resource_mask[sales] == 0);
    assert_true(clerk->resource_clear[lines] == 0 && clerk->resource_mask[lines] == 1);
    assert_true(clerk->clear == field_set(policy, "name"));
}

/* The walk that gives numbers meets every field of every table once, behind those of people. */
static void fields_of_tables_are_numbered_behind_those_of_people(void **state)
{
    VELUM_AUTO(bundle) *policy = shop();
    char scratch[128];
    text name;
    uint32_t count = 0;

    while (bundle_name_at(policy, REGISTRY_FIELD, count, scratch, &name)) {
        bundle_set_number(policy, REGISTRY_FIELD, count, (uint16_t)(count + 1));
        assert_int_equal(text_find_byte(name, '.') < name.size, count >= policy->field_count);
        count++;
    }
    assert_int_equal(count, 2 + 6 + 2 + 1);
    const bundle_resource *const runs = table(policy, "runs");
    assert_int_equal(runs->fields[0].number, 11);
    assert_int_equal(resource_find_number(runs, 11), 0);
    assert_int_equal(resource_find_number(runs, 10), BUNDLE_NONE);
    assert_int_equal(resource_find_number(runs, 0), BUNDLE_NONE);
    assert_int_equal(bundle_find_number(policy, REGISTRY_FIELD, 11), BUNDLE_NONE);
    assert_int_equal(bundle_find(policy, REGISTRY_FIELD, TEXT_LITERAL("runs.state")), BUNDLE_NONE);
}

/* Indexes do not hang on the order in which files were listed. */
static void the_order_of_files_does_not_matter(void **state)
{
    static const char other[] = "velum-module: 1\nname: arts\ntitle: {zh: 艺, en: Arts}\n"
                                "domain: house\n";
    const module_file one[] = {{"modules/arts.yaml", other}, {"modules/shop.yaml", shop_module}};
    const module_file two[] = {one[1], one[0]};
    VELUM_AUTO(bundle) *first = NULL;
    VELUM_AUTO(bundle) *second = NULL;
    findings caught;

    assert_int_equal(compile_shop(shop_policy, one, 2, &caught, &first), VELUM_OK);
    assert_int_equal(compile_shop(shop_policy, two, 2, &caught, &second), VELUM_OK);
    assert_memory_equal(first->hash, second->hash, sizeof(first->hash));
    assert_true(text_equal_literal(second->modules[0].name, "arts"));
    assert_true(text_equal_literal(second->modules[0].domain, "house"));
    VELUM_AUTO(bundle) *without = shop();
    assert_memory_not_equal(first->hash, without->hash, sizeof(first->hash));
}

/* --- What may not be -------------------------------------------------------------------------------- */

typedef struct bad {
    const char *from;
    const char *to;
    uint32_t line;
    const char *words;
} bad;

static const bad bad_modules[] = {
    {"velum-module: 1", "velum-module: 2", 1, "velum-module: 1 only"},
    {"name: shop", "name: stop", 2, "that of the file, shop"},
    {"name: shop\n", "", 1, "lacks the key name"},
    {"title: {zh: 店, en: Shop}\n", "title: {zh: 店}\n", 3, "lacks the key en"},
    {"events:", "event:", 44, "unknown key event"},
    {"name: shop\n", "name: shop\ndomain: A\n", 3, "domain A"},
    {"events: [subject.erased", "events: [subject.born", 44, "subject.born is unknown"},
    {"watches: [sales]", "watches: [rows_of]", 45, "names rows_of, which does not exist"},
    /* tables */
    {"  runs:\n", "  Runs:\n", 24, "table Runs: a name"},
    {"  runs:\n", "  run-s:\n", 24, "lower-case letters, digits or _"},
    {"  runs:\n", "  a23456789012345678901234567890123:\n", 24, "1-32 characters"},
    {"  runs:\n", "  consents:\n", 24, "stands for something else"},
    {"    at: at\n", "    at: store\n", 8, "of type date or time"},
    {"    at: at\n", "    at: when\n", 8, "of type date or time"},
    {"    of: sales\n", "    of: lines\n", 19, "another table of the same module"},
    {"    of: sales\n", "    of: nothing\n", 19, "another table of the same module"},
    {"    on-erasure: erase\n", "", 25, "lacks the key on-erasure"},
    {"    on-erasure: erase\n", "    on-erasure: keep\n", 26, "keep is unknown"},
    {"    on-erasure: erase\n", "    on-erasure: [erase]\n", 26, "has to be a map"},
    {"    on-erasure: erase\n", "    on-erasure: {erase: {}}\n", 26, "unknown key erase"},
    {"days: 100", "days: 0", 9, "whole number from 1 to 36500"},
    {"basis: legal_obligation", "basis: consent", 9, "consent is unknown"},
    {"    on-erasure: erase\n",
     "    on-erasure: {retain: {days: 99, basis: legal_obligation, law: Tax Law 1}}\n", 24,
     "other days, basis or law"},
    {"    on-erasure: erase\n    fields:\n      state: {title: {zh: 状态, en: State}, class: "
     "personal}\n",
     "    on-erasure: erase\n    of: lines\n    fields:\n      state: {title: {zh: 状态, en: State}, "
     "class: personal}\n",
     24, "one step is allowed"},
    {"    of: sales\n    on-erasure: anonymise\n",
     "    of: runs\n    on-erasure: {retain: {days: 100, basis: legal_obligation, law: Tax Law 1}}\n",
     17, "is retained, and the one it hangs on is not"},
    {"  runs:\n", "  messages:\n", 24, "stands for something else"},
    {"    fields:\n      state: {title: {zh: 状态, en: State}, class: personal}\n",
     "    fields: {}\n", 27, "has no field"},
    /* fields */
    {"type: boolean", "type: flag", 14, "flag is unknown"},
    {"gift: {", "Gift: {", 14, "field Gift: a name"},
    {"type: boolean, class: public, dimension: true", "type: boolean, colour: red", 14,
     "unknown key colour"},
    {"mask: number", "mask: phone", 15, "does not fit the field's type"},
    {"class: personal, mask: number", "class: personal, measure: true", 15,
     "a measure is of type integer"},
    {"class: personal, mask: number", "class: personal, dimension: true", 15,
     "a dimension is of type"},
    {"measure: true", "measure: yes", 13, "either true or false"},
    /* counts */
    {"    table: sales\n", "    table: sale\n", 32, "names the table sale, which no module has"},
    {"[store, gift, {month: at}]", "[store, rate]", 33, "sales.rate, which is no dimension"},
    {"[store, gift, {month: at}]", "[store, size]", 33, "size, which the table has not"},
    {"[store, gift, {month: at}]", "[at]", 33, "counted by month"},
    {"[store, gift, {month: at}]", "[{month: store}]", 33, "counted by month"},
    {"[store, gift, {month: at}]", "[{year: at}]", 33, "unknown key year"},
    {"[store, gift, {month: at}]", "[store, store]", 33, "sales.store twice"},
    {"[store, gift, {month: at}]", "[store, [gift]]", 33, "by holds names"},
    {"[store, gift, {month: at}]", "[]", 33, "the list is empty"},
    {"[store, gift, {month: at}]", "[store, gift, {month: at}, {month: day}]", 33, "at most 3"},
    {"    sum: amount\n", "    sum: rate\n", 34, "rate, which is no measure"},
    {"    k: 20\n", "    k: 4\n", 35, "whole number from 5 to 1000"},
    {"    dominance: 40\n", "    dominance: 101\n", 36, "whole number from 1 to 100"},
    /* messages */
    {"    channel: sms\n", "    channel: post\n", 39, "post, which is not in channels"},
    {"subject: {zh: 你好, en: Hello}", "subject: {zh: 你好}", 40, "no subject in en"},
    {"{{name}} {{opt_out}}\"\n      en", "{{shoe}} {{opt_out}}\"\n      en", 42, "{{shoe}}"},
    {"subject: {zh: 你好, en", "subject: {zh: \"你好{{shoe}}\", en", 42, "{{shoe}}"},
    {"{{name}} {{opt_out}}\"\n      en", "{{name {{opt_out}}\"\n      en", 42, "stand in pairs"},
    {"{{name}} {{opt_out}}\"\n      en", "name}} {{opt_out}}\"\n      en", 42, "stand in pairs"},
    {"{{name}} {{opt_out}}\"\n      en", "{{name}}\"\n      en", 42, "how to say no"},
    {"en: \"{{sender}} ", "en: \"", 43, "who writes"},
    {"      en: \"", "      eng-: \"", 43, "two or three lower-case letters"},
    {"en: \"{{sender}}", "en: \"\\t{{sender}}", 43, "a text has 1-4096 bytes"},
};

static void what_a_module_may_not_say_is_told_with_its_line(void **state)
{
    for (size_t i = 0; i < sizeof(bad_modules) / sizeof(bad_modules[0]); i++) {
        const bad *const row = &bad_modules[i];
        assert_module_error(row->from, row->to, row->line, row->words);
    }
}

static const bad bad_policies[] = {
    {"searchable: [name]", "searchable: [shoe]", 8, "searchable names the field shoe"},
    {"searchable: [name]", "searchable: all", 8, "searchable has to be a list"},
    {"field: mobile, sender", "field: shoe, sender", 10, "channel sms names the field shoe"},
    {"sender: Shop, ", "", 10, "lacks the key sender"},
    {"opt-out: {zh: 退订, en: Stop}", "opt-out: {zh: 退订}", 10, "lacks the key en"},
    {"21:00-09:00", "21:00", 10, "two different times"},
    {"21:00-09:00", "24:00-09:00", 10, "two different times"},
    {"21:00-09:00", "09:00-09:00", 10, "two different times"},
    {"21:00-09:00", "21:60-09:00", 10, "two different times"},
    {"21:00-09:00", "2a:00-09:00", 10, "two different times"},
    {"21:00-09:00", "21.00-09.00", 10, "two different times"},
    {"cap: {messages: 3, days: 7}", "cap: {messages: 0, days: 7}", 10, "from 1 to 1000"},
    {"cap: {messages: 3, days: 7}", "cap: {messages: 3}", 10, "lacks the key days"},
    {"domain: crm, events", "domain: CRM, events", 12, "domain CRM"},
    {"[subject.erased]", "[]", 12, "the list is empty"},
    {"domain: crm, events: [subject.erased]", "domain: crm", 12, "lacks the key events"},
    {"lines: [product]", "lines: [size]", 20, "the table lines has no such field"},
    {"lines: [product]", "lines: []", 20, "the list is empty"},
    {"lines: [product]", "lines: some", 20, "a list of names, or all"},
    {"lines: [product]", "lines: [product, product]", 20, "product twice"},
    {"lines: [product]", "line: [product]", 20, "the table line, which no module has"},
    {"resources: {sales: all, lines: [product]}", "fields: [name]", 20, "but no resources"},
    {"actions: [rows-write, rows-read]", "actions: [lookup]", 20, "no action that uses them"},
    {"actions: [audit], actors: [human]",
     "actions: [audit], actors: [human], resources: {sales: all}", 18, "know no fields"},
    {"actions: [rows-write, rows-read], actors: [service]",
     "actions: [rows-write, rows-read], actors: [customer]", 20, "customers, who may only read"},
    {"actions: [counts], actors: [service], resources: {sales: [store, gift, at, amount]}",
     "actions: [deliver, lookup], actors: [service]", 21, "which stand alone"},
    {"actions: [counts], actors: [service], resources: {sales: [store, gift, at, amount]}",
     "actions: [deliver], actors: [service, customer]", 21, "customers, who may only"},
    {"actions: [counts], actors: [service], resources: {sales: [store, gift, at, amount]}",
     "actions: [search], actors: [service]", 21, "has no fields"},
    {"actions: [send, rows-read]", "actions: [send, rows-read, consent-write]", 22,
     "nobody may record the consent"},
    {"[name, sales.*]", "[name, sales.*, sales.at]", 24, "sales.at twice"},
    {"[name, sales.*]", "[name, sales.size]", 24, "the table sales has no such field"},
    {"[name, sales.*]", "[name, sale.*]", 24, "no module has the table sale"},
    {"[lines.price]", "[sales.at]", 24, "sales.at in two of clear, mask and hide"},
};

static void what_the_policy_may_not_say_of_them_is_told(void **state)
{
    for (size_t i = 0; i < sizeof(bad_policies) / sizeof(bad_policies[0]); i++) {
        const bad *const row = &bad_policies[i];
        assert_policy_error(row->from, row->to, row->line, row->words);
    }
}

/* Nobody markets: then nobody has to be told how to say no. */
static void only_marketing_needs_a_way_out(void **state)
{
    VELUM_AUTO_MEM char *policy =
        replaced(shop_policy, "version: 1, marketing: true", "version: 1");
    VELUM_AUTO_MEM char *module = replaced(shop_module, " {{opt_out}}\"\n      en", "\"\n      en");
    const module_file file = {"modules/shop.yaml", module};
    VELUM_AUTO(bundle) *out = NULL;
    findings caught;

    assert_int_equal(compile_shop(policy, &file, 1, &caught, &out), VELUM_OK);
    assert_int_equal(caught.count, 0);
}

static void what_is_doubtful_is_warned_of(void **state)
{
    VELUM_AUTO_MEM char *module =
        replaced(shop_module, "type: boolean, class: public", "type: boolean");
    VELUM_AUTO_MEM char *policy = replaced(
        shop_policy, ", resources: {sales: all, lines: [product]}", ", resources: {sales: all}");
    const module_file file = {"modules/shop.yaml", module};
    VELUM_AUTO(bundle) *out = NULL;
    findings caught;

    assert_int_equal(compile_shop(policy, &file, 1, &caught, &out), VELUM_OK);
    assert_true(finding_told(&caught, "modules/shop.yaml", 14, "field sales.gift has no class"));
    assert_true(finding_told(&caught, "modules/shop.yaml", 17, "no activity uses the table lines"));
    assert_int_equal(caught.count, 2);
    assert_int_equal(column(table(out, "sales"), "gift")->class, CLASS_SENSITIVE);
}

/* --- The sample ------------------------------------------------------------------------------------- */

static void the_sample_has_its_modules(void **state)
{
    VELUM_AUTO(bundle) *policy = sample_bundle();

    assert_int_equal(policy->module_count, 3);
    assert_int_equal(policy->resource_count, 3);
    assert_int_equal(policy->count_count, 2);
    assert_int_equal(policy->template_count, 2);
    const bundle_resource *const orders = table(policy, "orders");
    assert_int_equal(orders->erasure, ROWS_RETAIN);
    assert_int_equal(policy->categories[orders->category].retain_days, 3653);
    assert_true(text_equal_literal(policy->categories[orders->category].name, "orders.retain"));
    assert_int_equal(table(policy, "winback_runs")->erasure, ROWS_ERASE);
    assert_true(&policy->resources[table(policy, "order_lines")->parent] == orders);
    assert_int_equal(policy->approvals[APPROVAL_BULK].needed, 1);
}

static int start(void **unused)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_module_becomes_tables),
        cmocka_unit_test(fields_have_types_and_uses),
        cmocka_unit_test(ways_of_erasure_are_categories),
        cmocka_unit_test(counts_and_messages_come_out),
        cmocka_unit_test(channels_and_hooks_come_out),
        cmocka_unit_test(activities_and_roles_reach_tables),
        cmocka_unit_test(fields_of_tables_are_numbered_behind_those_of_people),
        cmocka_unit_test(the_order_of_files_does_not_matter),
        cmocka_unit_test(what_a_module_may_not_say_is_told_with_its_line),
        cmocka_unit_test(what_the_policy_may_not_say_of_them_is_told),
        cmocka_unit_test(only_marketing_needs_a_way_out),
        cmocka_unit_test(what_is_doubtful_is_warned_of),
        cmocka_unit_test(the_sample_has_its_modules),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
