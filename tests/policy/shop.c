#include "tests/policy/shop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILES_MAX 32

const char shop_policy[] =
    "velum-policy: 1\n"
    "name: Shop\n"
    "jurisdiction: cn-pipl\n"
    "categories:\n"
    "  profile:\n"
    "    name: {title: {zh: 姓名, en: Name}, class: personal, mask: name}\n"
    "    mobile: {title: {zh: 手机, en: Mobile}, class: personal, mask: phone}\n"
    "searchable: [name]\n"
    "channels:\n"
    "  sms: {field: mobile, sender: Shop, opt-out: {zh: 退订, en: Stop}, quiet: \"21:00-09:00\", "
    "cap: {messages: 3, days: 7}}\n"
    "hooks:\n"
    "  crm: {domain: crm, events: [subject.erased]}\n"
    "purposes:\n"
    "  care: {title: {zh: 服务, en: Care}, basis: contract, version: 1}\n"
    "  offers: {title: {zh: 优惠, en: Offers}, basis: consent, version: 1, marketing: true, "
    "notice: {id: offers, version: 1}}\n"
    "  work: {title: {zh: 运行, en: Work}, basis: legal_obligation, version: 1}\n"
    "activities:\n"
    "  audit: {title: {zh: 审计, en: Audit}, purpose: work, actions: [audit], actors: [human]}\n"
    "  administration: {title: {zh: 管理, en: Run}, purpose: work, actions: [administer], "
    "actors: [human]}\n"
    "  capture: {title: {zh: 采集, en: Capture}, purpose: care, actions: [rows-write, rows-read], "
    "actors: [service], resources: {sales: all, lines: [product]}}\n"
    "  figures: {title: {zh: 统计, en: Figures}, purpose: care, actions: [counts], "
    "actors: [service], resources: {sales: [store, gift, at, amount]}}\n"
    "  campaign: {title: {zh: 营销, en: Campaign}, purpose: offers, actions: [send, rows-read], "
    "actors: [service], fields: [name, mobile], resources: {runs: all}}\n"
    "roles:\n"
    "  clerk: {staff: true, clear: [name, sales.*], mask: [mobile, lines.product], "
    "hide: [lines.price]}\n";

const char shop_module[] =
    "velum-module: 1\n"
    "name: shop\n"
    "title: {zh: 店, en: Shop}\n"
    "tables:\n"
    "  sales:\n"
    "    title: {zh: 销售, en: Sales}\n"
    "    immutable: true\n"
    "    at: at\n"
    "    on-erasure: {retain: {days: 100, basis: legal_obligation, law: Tax Law 1}}\n"
    "    fields:\n"
    "      at: {title: {zh: 时间, en: At}, type: time, class: personal, index: true, "
    "required: true, dimension: true}\n"
    "      store: {title: {zh: 门店, en: Store}, class: personal, index: true, dimension: true}\n"
    "      amount: {title: {zh: 金额, en: Amount}, type: integer, class: personal, measure: true}\n"
    "      gift: {title: {zh: 礼品, en: Gift}, type: boolean, class: public, dimension: true}\n"
    "      rate: {title: {zh: 折扣, en: Rate}, type: number, class: personal, mask: number}\n"
    "      day: {title: {zh: 日期, en: Day}, type: date, class: personal, dimension: true}\n"
    "  lines:\n"
    "    title: {zh: 明细, en: Lines}\n"
    "    of: sales\n"
    "    on-erasure: anonymise\n"
    "    fields:\n"
    "      product: {title: {zh: 商品, en: Product}, class: personal, mask: keep}\n"
    "      price: {title: {zh: 单价, en: Price}, type: integer, class: personal, measure: true}\n"
    "  runs:\n"
    "    title: {zh: 记录, en: Runs}\n"
    "    on-erasure: erase\n"
    "    fields:\n"
    "      state: {title: {zh: 状态, en: State}, class: personal}\n"
    "counts:\n"
    "  by_store:\n"
    "    title: {zh: 各店, en: By shop}\n"
    "    table: sales\n"
    "    by: [store, gift, {month: at}]\n"
    "    sum: amount\n"
    "    k: 20\n"
    "    dominance: 40\n"
    "messages:\n"
    "  hello:\n"
    "    channel: sms\n"
    "    subject: {zh: 你好, en: Hello}\n"
    "    text:\n"
    "      zh: \"【{{sender}}】{{name}} {{opt_out}}\"\n"
    "      en: \"{{sender}} {{name}} {{opt_out}}\"\n"
    "events: [subject.erased, task.created]\n"
    "watches: [sales]\n";

velum_status compile_shop(const char *policy, const module_file *modules, size_t count,
                          findings *caught, bundle **out)
{
    bundle_file files[FILES_MAX] = {
        {TEXT_LITERAL("policy.yaml"), text_of(policy)},
        {TEXT_LITERAL("notices/offers.zh.md"), TEXT_LITERAL("# 优惠\n")},
        {TEXT_LITERAL("notices/offers.en.md"), TEXT_LITERAL("# Offers\n")},
    };
    velum_error err = {0};

    assert_true(count + 3 <= FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        files[3 + i] = (bundle_file){text_of(modules[i].name), text_of(modules[i].text)};
    }
    *caught = (findings){0};
    return bundle_compile(files, 3 + count, catch_finding, caught, out, &err);
}

static bundle *compiled(const char *policy, const char *module)
{
    const module_file file = {"modules/shop.yaml", module};
    findings caught;
    bundle *out = NULL;

    if (compile_shop(policy, &file, 1, &caught, &out) != VELUM_OK) {
        fail_msg("%s:%u: %s", caught.at[0].file, caught.at[0].line, caught.at[0].message);
    }
    return out;
}

bundle *shop_with(const char *policy_from, const char *policy_to)
{
    VELUM_AUTO_MEM char *policy = replaced(shop_policy, policy_from, policy_to);

    return compiled(policy, shop_module);
}

bundle *shop_with_module(const char *from, const char *to)
{
    VELUM_AUTO_MEM char *module = replaced(shop_module, from, to);

    return compiled(shop_policy, module);
}

bool finding_told(const findings *caught, const char *file, uint32_t line, const char *words)
{
    for (size_t i = 0; i < caught->count; i++) {
        const finding *const found = &caught->at[i];
        if (found->line == line && strcmp(found->file, file) == 0 &&
            strstr(found->message, words) != NULL) {
            return true;
        }
    }
    return false;
}

static void assert_error(const char *policy, const char *module, const char *file, uint32_t line,
                         const char *words)
{
    const module_file shop = {"modules/shop.yaml", module};
    findings caught;
    bundle *out = NULL;

    const velum_status status = compile_shop(policy, &shop, 1, &caught, &out);
    bundle_free(out);
    if (status == VELUM_E_INVALID && finding_told(&caught, file, line, words)) {
        return;
    }
    for (size_t i = 0; i < caught.count; i++) {
        print_message("  %s:%u: %s\n", caught.at[i].file, caught.at[i].line, caught.at[i].message);
    }
    fail_msg("status %d, wanted %s:%u: %s", status, file, line, words);
}

void assert_module_error(const char *from, const char *to, uint32_t line, const char *words)
{
    VELUM_AUTO_MEM char *module = replaced(shop_module, from, to);

    assert_error(shop_policy, module, "modules/shop.yaml", line, words);
}

void assert_policy_error(const char *from, const char *to, uint32_t line, const char *words)
{
    VELUM_AUTO_MEM char *policy = replaced(shop_policy, from, to);

    assert_error(policy, shop_module, "policy.yaml", line, words);
}
