/* Reason codes, approvals, erasure, retention, evidence, risks, visibility: what compiles to what, and
 * every error with its line and its words. */
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TITLE "title: {zh: x, en: y}"

static void sections_become_tables(void **state)
{
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;

    assert_int_equal(compile_text(full_policy(), &caught, &policy), VELUM_OK);
    assert_int_equal(caught.count, 0);
    assert_int_equal(policy->reason_code_count, 2);
    assert_true(text_equal_literal(policy->reason_codes[0].name, "recall"));
    assert_true(text_equal_literal(policy->reason_codes[1].title_zh, "安全"));
    assert_true(text_equal_literal(policy->reason_codes[1].title_en, "Safety"));
    const bundle_activity *const care =
        &policy->activities[activity_named(policy, "customer-care")];
    assert_int_equal(care->reason_codes, 3);
    assert_int_equal(care->break_glass, 1);
    assert_int_equal(care->visible, VISIBLE_DELAYED);
    assert_int_equal(care->visible_days, 30);
    const bundle_purpose *const offers = &policy->purposes[1];
    assert_int_equal(offers->grade_min, GRADE_ASSISTED);
    assert_int_equal(offers->ask_days, 9);
    assert_int_equal(offers->ask_max, 2);
    assert_true(offers->separate);
    assert_int_equal(offers->risks, RISK_SENSITIVE | RISK_CROSS_BORDER);
    assert_true(text_equal_literal(offers->assessment, "PIA 7"));
    assert_true(text_equal_literal(policy->categories[0].title_en, "Profile data"));
    assert_int_equal(policy->categories[0].retain_days, 30);
    assert_int_equal(policy->categories[0].retain_basis, BASIS_LEGAL_OBLIGATION);
    assert_true(text_equal_literal(policy->categories[0].retain_law, "Tax Law 1"));
    assert_int_equal(policy->approvals[APPROVAL_MINOR].needed, 2);
    assert_int_equal(policy->approvals[APPROVAL_MINOR].roles, 1);
    assert_int_equal(policy->approvals[APPROVAL_MINOR].valid_hours, 48);
    assert_int_equal(policy->erasure.cool_down_days, 3);
    assert_int_equal(policy->erasure.on_return, RETURN_REJECT);
    assert_int_equal(policy->erasure.suppression_days, 100);
    assert_int_equal(policy->verification_hours, 2);
}

/* Minors Regulation 34-37: an approval of one at least, whether or not the policy speaks of it. */
static void an_older_policy_has_the_defaults(void **state)
{
    findings caught;
    VELUM_AUTO(bundle) *policy = NULL;

    assert_int_equal(compile_text(small_policy, &caught, &policy), VELUM_OK);
    for (uint32_t kind = 1; kind < APPROVAL_KINDS; kind++) {
        const bool never_free = kind == APPROVAL_MINOR || kind == APPROVAL_BREAK_GLASS;
        assert_int_equal(policy->approvals[kind].needed, never_free ? 1 : 0);
        assert_int_equal(policy->approvals[kind].roles, 0);
        assert_int_equal(policy->approvals[kind].valid_hours, 24);
    }
    assert_int_equal(policy->erasure.cool_down_days, 7);
    assert_int_equal(policy->erasure.on_return, RETURN_NEW_CONSENT);
    assert_int_equal(policy->erasure.suppression_days, 3650);
    assert_int_equal(policy->verification_hours, 24);
    assert_int_equal(policy->reason_code_count, 0);
    assert_int_equal(policy->activities[2].visible, VISIBLE_FULL);
    assert_int_equal(policy->activities[2].reason_codes, 0);
    assert_int_equal(policy->purposes[1].grade_min, 0);
    assert_false(policy->purposes[1].separate);
    assert_int_equal(policy->categories[0].retain_days, 0);
    assert_true(text_equal_literal(policy->categories[0].title_zh, "profile"));
}

static void visibility_has_four_forms(void **state)
{
    static const struct {
        const char *written;
        uint32_t visible;
        const char *reason;
    } cases[] = {
        {"visible: full}", VISIBLE_FULL, ""},
        {"visible: role}", VISIBLE_ROLE, ""},
        {"visible: {delayed: 3650}}", VISIBLE_DELAYED, ""},
        {"visible: {never: fraud-2}}", VISIBLE_NEVER, "fraud-2"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char to[128];
        (void)snprintf(to, sizeof(to), "fields: [name, birthday], %s", cases[i].written);
        VELUM_AUTO_MEM char *text_changed = replaced(small_policy, "fields: [name, birthday]}", to);
        findings caught;
        VELUM_AUTO(bundle) *policy = NULL;
        assert_int_equal(compile_text(text_changed, &caught, &policy), VELUM_OK);
        const bundle_activity *const care = &policy->activities[2];
        assert_int_equal(care->visible, cases[i].visible);
        assert_true(text_equal(care->visible_reason, text_of(cases[i].reason)));
    }
}

typedef struct broken {
    const char *from;
    const char *to;
    uint32_t line;
    const char *words;
} broken;

/* In the full policy: `agree` is line 21, so that the sections begin in line 25. */
static const broken errors[] = {
    /* reason codes */
    {"  recall: {zh", "  Recall: {zh", 26, "a name has 1-63 characters"},
    {"  recall: {zh: 召回, en: Recall}", "  recall: Recall", 26, "has to be a map"},
    {"  recall: {zh: 召回, en: Recall}", "  recall: {zh: 召回}", 26, "lacks the key en"},
    {"  recall: {zh: 召回, en: Recall}", "  recall: {zh: 召回, en: \"\"}", 26, "1-200 bytes in en"},
    {"[recall, safety]", "[recall, safe]", 20, "names safe, which does not exist"},
    {"[recall, safety]", "[recall, recall]", 20, "recall stands there twice"},
    {"[recall, safety]", "[]", 20, "the list is empty"},
    {"[recall, safety]", "[[recall], safety]", 20, "plain names only"},
    {"[recall, safety]", "[safety]", 20, "break-glass names a reason code that is not in"},
    {"reason-codes: [recall, safety], ", "", 20, "break-glass names a reason code"},
    {"actions: [lookup, read], actors: [service], fields: [name, birthday], reason",
     "actions: [lookup], actors: [service], reason", 20, "break-glass but does not read"},
    /* approvals */
    {"  minor: {needed", "  minors: {needed", 29, "approval minors is unknown; choose from: minor"},
    {"needed: 2", "needed: 0", 29, "needed has to be a whole number from 1 to 5"},
    {"needed: 2", "needed: 6", 29, "from 1 to 5"},
    {"  bulk: {needed: 0}", "  break-glass: {needed: 0}", 30, "from 1 to 5"},
    {"  bulk: {needed: 0}", "  bulk: {needed: 6}", 30, "from 0 to 5"},
    {"  bulk: {needed: 0}", "  bulk: {}", 30, "approval bulk lacks the key needed"},
    {"  bulk: {needed: 0}", "  bulk: 0", 30, "has to be a map"},
    {"  bulk: {needed: 0}", "  bulk: {needed: 0, who: x}", 30, "unknown key who"},
    {"roles: [guide], valid", "roles: [nobody], valid", 29, "names nobody, which does not exist"},
    {"valid-hours: 48", "valid-hours: 721", 29, "from 1 to 720"},
    {"valid-hours: 48", "valid-hours: 0", 29, "from 1 to 720"},
    /* erasure, retention, titles */
    {"cool-down-days: 3", "cool-down-days: 31", 31, "from 0 to 30"},
    {"on-return: reject", "on-return: accept", 31, "on-return: accept is unknown; choose from"},
    {"suppression-days: 100", "suppression-days: 0", 31, "from 1 to 36500"},
    {"suppression-days: 100", "suppression: 1", 31, "erasure has the unknown key suppression"},
    {"verification-hours: 2", "verification-hours: 0", 32, "from 1 to 720"},
    {"verification-hours: 2", "verification-hours: [2]", 32, "has to be a plain value"},
    {"  profile: {zh: 资料", "  profiles: {zh: 资料", 34, "there is no such category"},
    {"en: Profile data", "en: \"\"", 34, "1-200 bytes in en"},
    {"  profile: {days", "  nothing: {days", 36, "there is no such category"},
    {"days: 30, basis", "days: 0, basis", 36, "from 1 to 36500"},
    {"basis: legal_obligation, law", "basis: consent, law", 36, "consent is unknown"},
    {"basis: legal_obligation, law", "basis: contract, law", 36, "contract is unknown"},
    {"law: Tax Law 1", "law: \"\"", 36, "law is one line of 1-200 bytes"},
    {", law: Tax Law 1", "", 36, "lacks the key law"},
    /* purposes */
    {"min-grade: assisted", "min-grade: strong", 15,
     "strong is unknown; choose from: self-verified"},
    {"days: 9", "days: 3651", 15, "from 0 to 3650"},
    {"max: 2", "max: 0", 15, "from 1 to 100"},
    {"ask: {days: 9, max: 2}", "ask: {often: 1}", 15, "unknown key often"},
    {"separate: true", "separate: yes", 15, "either true or false"},
    {"[sensitive, cross-border]", "[sensitive, sensitive]", 15, "sensitive stands there twice"},
    {"[sensitive, cross-border]", "[risky]", 15, "risky is unknown"},
    {", assessment: PIA 7", "", 15, "no impact assessment (PIPL 55, GDPR 35)"},
    {"assessment: PIA 7", "assessment: \"\"", 15, "assessment is one line of 1-200 bytes"},
    {"basis: contract, version: 1", "basis: contract, version: 1, separate: true", 14,
     "does not rest on consent; remove separate"},
    {"basis: contract, version: 1", "basis: contract, version: 1, min-grade: self", 14,
     "does not rest on consent; remove min-grade"},
    {"basis: contract, version: 1", "basis: contract, version: 1, ask: {max: 1}", 14,
     "does not rest on consent; remove ask"},
    {"basis: contract, version: 1", "basis: contract, version: 1, risks: [shared]", 14,
     "no impact assessment"},
    /* visibility */
    {"visible: {delayed: 30}", "visible: none", 20, "none is unknown; choose from: full, role"},
    {"visible: {delayed: 30}", "visible: {delayed: 0}", 20, "from 1 to 3650"},
    {"visible: {delayed: 30}", "visible: {delayed: 3651}", 20, "from 1 to 3650"},
    {"visible: {delayed: 30}", "visible: {delayed: 1, never: x}", 20, "visible is full, role"},
    {"visible: {delayed: 30}", "visible: {}", 20, "visible is full, role"},
    {"visible: {delayed: 30}", "visible: {later: 3}", 20, "unknown key later"},
    {"visible: {delayed: 30}", "visible: {never: Fraud case}", 20, "1-63 of a-z, 0-9 and -"},
    {"visible: {delayed: 30}", "visible: {never: \"\"}", 20, "1-63 of a-z, 0-9 and -"},
    {"visible: {delayed: 30}", "visible: [full]", 20, "visible has to be a map"},
    /* actions and actors */
    {"actions: [approve], actors: [human]", "actions: [approve], actors: [service]", 21,
     "are for humans only"},
    {"actions: [approve]", "actions: [resolve, approve]", 21, "which stand alone"},
    {"actions: [approve]", "actions: [approve, lookup]", 21, "which stand alone"},
    {"actions: [approve]", "actions: [approve], fields: [name]", 21, "no action that uses them"},
    {"actions: [approve]", "actions: [retained-read]", 21, "reads but has no fields"},
    {"actions: [approve]", "actions: [retained-read, read], fields: [name]", 21,
     "which stand alone"},
    {"actions: [approve], actors: [human]",
     "actions: [retained-read], fields: all, actors: [human, service]", 21, "for humans only"},
    {"actions: [approve], actors: [human]", "actions: [erase], actors: [service]", 21,
     "for humans only"},
    {"actions: [approve], actors: [human]", "actions: [request-decide], actors: [customer]", 21,
     "for humans only"},
    {"actions: [approve], actors: [human]", "actions: [resolve], actors: [human, customer]", 21,
     "for humans only"},
    {"actions: [approve], actors: [human]", "actions: [access-log], actors: [human, customer]", 21,
     "access-log, which is for customers only"},
    {"actions: [approve], actors: [human]", "actions: [lookup], actors: [customer]", 21,
     "customers, who may only read"},
};

static void every_error_names_line_and_remedy(void **state)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        VELUM_AUTO_MEM char *policy = replaced(full_policy(), errors[i].from, errors[i].to);

        assert_error_told(policy, errors[i].line, errors[i].words);
    }
}

/* What each kind of actor may hold beside. */
static void rights_are_for_everybody(void **state)
{
    static const char *const allowed[] = {
        "actions: [request], actors: [service, human, customer]",
        "actions: [request, access-log], actors: [customer]",
        "actions: [request-decide, erase], actors: [human]",
        "actions: [resolve], actors: [human]",
        "actions: [retained-read], fields: all, actors: [human]",
    };

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        char to[256];
        (void)snprintf(to, sizeof(to), "activities:\n  more: {" TITLE ", purpose: work, %s}\n",
                       allowed[i]);
        VELUM_AUTO_MEM char *policy = replaced(full_policy(), "activities:\n", to);
        findings caught;
        VELUM_AUTO(bundle) *out = NULL;
        assert_int_equal(compile_text(policy, &caught, &out), VELUM_OK);
        assert_int_equal(caught.count, 0);
    }
}

static void what_is_never_used_is_a_warning(void **state)
{
    static const broken warnings[] = {
        {"reason-codes:\n", "reason-codes:\n  idle: {zh: x, en: y}\n", 26,
         "no activity uses the reason code idle"},
        {"actions: [approve]", "actions: [resolve]", 29,
         "approval minor: no activity has the action approve"},
    };

    for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
        VELUM_AUTO_MEM char *policy = replaced(full_policy(), warnings[i].from, warnings[i].to);
        findings caught;
        VELUM_AUTO(bundle) *out = NULL;
        assert_int_equal(compile_text(policy, &caught, &out), VELUM_OK);
        assert_int_equal(caught.count, 1);
        assert_int_equal(caught.at[0].line, warnings[i].line);
        assert_non_null(strstr(caught.at[0].message, warnings[i].words));
    }
}

static void reason_codes_are_bounded(void **state)
{
    for (uint32_t count = BUNDLE_REASON_CODES_MAX; count <= BUNDLE_REASON_CODES_MAX + 1; count++) {
        char more[4096] = "reason-codes:\n";
        size_t size = strlen(more);
        for (uint32_t i = 2; i < count; i++) { /* two are there */
            size +=
                (size_t)snprintf(more + size, sizeof(more) - size, "  c%u: {zh: x, en: y}\n", i);
        }
        VELUM_AUTO_MEM char *policy = replaced(full_policy(), "reason-codes:\n", more);
        findings caught;
        bundle *out = NULL;
        const velum_status status = compile_text(policy, &caught, &out);
        bundle_free(out);
        assert_int_equal(status, count == BUNDLE_REASON_CODES_MAX ? VELUM_OK : VELUM_E_INVALID);
    }
}

static void kinds_of_approval_have_names(void **state)
{
    for (uint32_t kind = 1; kind < APPROVAL_KINDS; kind++) {
        assert_non_null(approval_kind_name(kind));
    }
    assert_string_equal(approval_kind_name(APPROVAL_BREAK_GLASS), "break-glass");
    assert_null(approval_kind_name(0));
    assert_null(approval_kind_name(APPROVAL_KINDS));
}

static int start(void **state)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_become_tables),
        cmocka_unit_test(an_older_policy_has_the_defaults),
        cmocka_unit_test(visibility_has_four_forms),
        cmocka_unit_test(every_error_names_line_and_remedy),
        cmocka_unit_test(rights_are_for_everybody),
        cmocka_unit_test(what_is_never_used_is_a_warning),
        cmocka_unit_test(reason_codes_are_bounded),
        cmocka_unit_test(kinds_of_approval_have_names),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
