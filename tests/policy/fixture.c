#include "tests/policy/fixture.h"

#include "policy/embedded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Lines are counted by tests: add at the end only. */
const char small_policy[] =
    "velum-policy: 1\n"
    "name: Shop\n"
    "jurisdiction: cn-pipl\n"
    "birthday: birthday\n"
    "identifiers: [mobile, \"ext:*\"]\n"
    "attributes: [store]\n"
    "masks:\n"
    "  tail: {profile: keep, keep-last: 2}\n"
    "categories:\n"
    "  profile:\n"
    "    name: {title: {zh: 姓名, en: Name}, class: personal, mask: tail}\n"
    "    birthday: {title: {zh: 生日, en: Birthday}, type: date, class: personal, mask: year}\n"
    "purposes:\n"
    "  care: {title: {zh: 服务, en: Care}, basis: contract, version: 1}\n"
    "  offers: {title: {zh: 优惠, en: Offers}, basis: consent, version: 2, "
    "notice: {id: offers, version: 1}}\n"
    "  work: {title: {zh: 运行, en: Work}, basis: legal_obligation, version: 1}\n"
    "activities:\n"
    "  audit: {title: {zh: 审计, en: Audit}, purpose: work, actions: [audit], actors: [human]}\n"
    "  administration: {title: {zh: 管理, en: Run}, purpose: work, actions: [administer], "
    "actors: [human]}\n"
    "  customer-care: {title: {zh: 服务, en: Care}, purpose: care, actions: [lookup, read], "
    "actors: [service], fields: [name, birthday]}\n"
    "  marketing: {title: {zh: 营销, en: Offers}, purpose: offers, actions: [read], "
    "actors: [service], fields: all}\n"
    "roles:\n"
    "  guide: {staff: true, clear: [birthday], mask: [name], where: {store: same-as-actor}}\n";

void catch_finding(void *context, bool is_error, const char *file, uint32_t line,
                   const char *message)
{
    findings *const caught = context;

    caught->errors += is_error ? 1 : 0;
    if (caught->count == FINDINGS_MAX) {
        return;
    }
    finding *const now = &caught->at[caught->count++];
    *now = (finding){.is_error = is_error, .line = line};
    (void)snprintf(now->file, sizeof(now->file), "%s", file);
    (void)snprintf(now->message, sizeof(now->message), "%s", message);
}

velum_status compile_text(const char *policy, findings *caught, bundle **out)
{
    const bundle_file files[] = {
        {TEXT_LITERAL("policy.yaml"), text_of(policy)},
        {TEXT_LITERAL("notices/offers.zh.md"), TEXT_LITERAL("# 优惠\n")},
        {TEXT_LITERAL("notices/offers.en.md"), TEXT_LITERAL("# Offers\n")},
    };
    velum_error err = {0};

    *caught = (findings){0};
    const velum_status status = bundle_compile(files, 3, catch_finding, caught, out, &err);
    if (status < 0) {
        assert_null(*out);
        assert_int_equal(err.status, status);
        assert_true(err.text[0] != '\0');
    }
    return status;
}

static bool was_told(const findings *caught, uint32_t line, const char *words)
{
    for (size_t i = 0; i < caught->count; i++) {
        const finding *const found = &caught->at[i];
        if (found->is_error && found->line == line && strcmp(found->file, "policy.yaml") == 0 &&
            strstr(found->message, words) != NULL) {
            return true;
        }
    }
    return false;
}

void assert_error_told(const char *policy, uint32_t line, const char *words)
{
    findings caught;
    bundle *out = NULL;

    const velum_status status = compile_text(policy, &caught, &out);
    bundle_free(out);
    if (status == VELUM_E_INVALID && was_told(&caught, line, words)) {
        return;
    }
    for (size_t i = 0; i < caught.count; i++) {
        print_message("  %s:%u: %s\n", caught.at[i].file, caught.at[i].line, caught.at[i].message);
    }
    fail_msg("status %d, wanted line %u: %s", status, line, words);
}

char *replaced(const char *policy, const char *from, const char *to)
{
    const char *const at = strstr(policy, from);

    if (at == NULL) {
        fail_msg("the policy has no \"%s\"", from);
        return NULL;
    }
    const size_t size = strlen(policy) - strlen(from) + strlen(to);
    char *const out = mem_alloc(size + 1);
    assert_non_null(out);
    (void)snprintf(out, size + 1, "%.*s%s%s", (int)(at - policy), policy, to, at + strlen(from));
    return out;
}

/* Behind the 23 lines of the small policy. */
static const char more_sections[] =
    "reason-codes:\n"
    "  recall: {zh: 召回, en: Recall}\n"
    "  safety: {zh: 安全, en: Safety}\n"
    "approvals:\n"
    "  minor: {needed: 2, roles: [guide], valid-hours: 48}\n"
    "  bulk: {needed: 0}\n"
    "erasure: {cool-down-days: 3, on-return: reject, suppression-days: 100}\n"
    "verification-hours: 2\n"
    "category-titles:\n"
    "  profile: {zh: 资料, en: Profile data}\n"
    "retention:\n"
    "  profile: {days: 30, basis: legal_obligation, law: Tax Law 1}\n";

/* The small policy with all the sections used. */
char *full_policy(void)
{
    static char all[8192];
    VELUM_AUTO_MEM char *asking =
        replaced(small_policy, "actors: [service], fields: [name, birthday]}",
                 "actors: [service], fields: [name, birthday], reason-codes: [recall, safety], "
                 "break-glass: [recall], visible: {delayed: 30}}");
    VELUM_AUTO_MEM char *graded =
        replaced(asking, "notice: {id: offers, version: 1}}",
                 "notice: {id: offers, version: 1}, min-grade: assisted, ask: {days: 9, max: 2}, "
                 "separate: true, risks: [sensitive, cross-border], assessment: PIA 7}");
    VELUM_AUTO_MEM char *approving = replaced(
        graded, "  marketing: {",
        "  agree: {title: {zh: x, en: y}, purpose: work, actions: [approve], actors: [human]}\n  marketing: {");

    (void)snprintf(all, sizeof(all), "%s%s", approving, more_sections);
    return all;
}

void number_everything(bundle *policy)
{
    char scratch[128];
    text name;

    for (uint32_t kind = 0; kind < REGISTRY_KINDS; kind++) {
        for (uint32_t i = 0; bundle_name_at(policy, kind, i, scratch, &name); i++) {
            bundle_set_number(policy, kind, i, (uint16_t)(i + 1));
        }
    }
}

/* Fields of tables too, which bundle_find does not know. */
static uint32_t walk_to(const bundle *in, uint32_t kind, text wanted)
{
    char scratch[128];
    text name;

    for (uint32_t i = 0; bundle_name_at(in, kind, i, scratch, &name); i++) {
        if (text_equal(name, wanted)) {
            return i;
        }
    }
    return BUNDLE_NONE;
}

void number_after(bundle *other, const bundle *first)
{
    char scratch[128];
    text name;

    for (uint32_t kind = 0; kind < REGISTRY_KINDS; kind++) {
        for (uint32_t i = 0; bundle_name_at(other, kind, i, scratch, &name); i++) {
            const uint32_t known = walk_to(first, kind, name);
            const bool is_known = known != BUNDLE_NONE && kind != REGISTRY_NOTICE;
            bundle_set_number(other, kind, i, (uint16_t)(is_known ? known + 1 : 500 + i));
        }
    }
}

bundle *sample_bundle(void)
{
    size_t count = 0;
    const bundle_file *const files = embedded_sample(&count);
    bundle *out = NULL;
    velum_error err = {0};

    if (bundle_compile(files, count, NULL, NULL, &out, &err) < 0) {
        fail_msg("the sample does not compile: %s", err.text);
    }
    number_everything(out);
    return out;
}

uint32_t activity_named(const bundle *policy, const char *name)
{
    const uint32_t found = bundle_find(policy, REGISTRY_ACTIVITY, text_of(name));

    assert_true(found != BUNDLE_NONE);
    return found;
}

uint32_t role_bit(const bundle *policy, const char *name)
{
    const uint32_t found = bundle_find(policy, REGISTRY_ROLE, text_of(name));

    assert_true(found != BUNDLE_NONE);
    return 1U << found;
}

uint64_t field_set(const bundle *policy, const char *names)
{
    text rest = text_of(names);
    text name;
    uint64_t set = 0;

    while (text_split(&rest, ',', &name)) {
        const uint32_t field = bundle_find(policy, REGISTRY_FIELD, name);
        assert_true(field != BUNDLE_NONE);
        set |= UINT64_C(1) << field;
    }
    return set;
}

decide_request care_request(const bundle *policy, const subject_state *state)
{
    decide_request request = {
        .bundle = policy,
        .activity = activity_named(policy, "customer-care"),
        .activity_is_held = true,
        .actor = ACTOR_HUMAN,
        .roles = role_bit(policy, "customer_service"),
        .action = ACTION_READ,
        .all_fields = true,
        .now_ns = NOW_NS,
        .subject_status = SUBJECT_LIVE,
        .state = state,
    };

    request.actor_attributes[0] = attribute_value_hash(TEXT_LITERAL("s01"));
    return request;
}

verdict decided(const decide_request *request)
{
    verdict out;

    memset(&out, 0xff, sizeof(out)); /* decide sets all of it */
    decide(request, &out);
    return out;
}

void assert_denied(const decide_request *request, uint32_t reason)
{
    const verdict out = decided(request);

    if (out.allowed || out.reason != reason) {
        fail_msg("wanted %s, got %s", reason_name(reason),
                 out.allowed ? "allowed" : reason_name(out.reason));
    }
    assert_int_equal(out.decision, 3);
    assert_true((out.clear | out.masked | out.hidden) == 0);
    assert_int_equal(out.categories, 0);
    assert_int_equal(out.rule, 0);
    assert_int_equal(out.obligations, 0);
}

void consent_to(subject_state *state, const bundle *policy, const char *purpose, uint8_t what)
{
    const uint32_t index = bundle_find(policy, REGISTRY_PURPOSE, text_of(purpose));

    assert_true(index != BUNDLE_NONE);
    const state_consent consent = {
        .purpose = policy->purposes[index].number,
        .version = (uint16_t)policy->purposes[index].version,
        .state = what,
        .grade = GRADE_SELF,
        .notice = 1,
        .at_s = NOW_S - 86400,
        .expires_s = NOW_S + 86400,
    };
    assert_int_equal(subject_state_put_consent(state, &consent), VELUM_OK);
}

void born(subject_state *state, const char *birthday)
{
    civil_date date;

    assert_int_equal(civil_date_parse(text_of(birthday), &date), VELUM_OK);
    subject_state_put_birthday(state, &date);
}

subject_state adult_state(const bundle *policy)
{
    subject_state state;

    subject_state_init(&state);
    born(&state, "1996-05-04");
    for (uint32_t i = 0; i < policy->purpose_count; i++) {
        char name[64];
        if (policy->purposes[i].basis == BASIS_CONSENT) {
            (void)snprintf(name, sizeof(name), "%.*s", (int)policy->purposes[i].name.size,
                           policy->purposes[i].name.data);
            consent_to(&state, policy, name, CONSENT_GIVEN);
        }
    }
    for (uint32_t i = 0; i < policy->attribute_count; i++) {
        assert_int_equal(subject_state_put_attribute(&state, policy->attributes[i].number,
                                                     attribute_value_hash(TEXT_LITERAL("s01"))),
                         VELUM_OK);
    }
    return state;
}

uint64_t test_seed(void)
{
    const char *const wanted = getenv("VELUM_TEST_SEED");

    return wanted == NULL ? 1 : strtoull(wanted, NULL, 10);
}
