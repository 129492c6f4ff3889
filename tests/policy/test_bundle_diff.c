/* What changes between two bundles, in words, and whether it widens. Where nothing is said to widen, no
 * decision does. */
#include "tests/policy/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CHANGES_MAX 64

typedef struct change {
    bool widens;
    char section[32];
    char message[512];
} change;

typedef struct changes {
    change at[CHANGES_MAX];
    size_t count;
    size_t stop_after; /* 0: never */
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
    return caught->stop_after == caught->count ? VELUM_E_BUSY : VELUM_OK;
}

static bundle *compiled(const char *policy)
{
    findings caught;
    bundle *out = NULL;

    if (compile_text(policy, &caught, &out) != VELUM_OK) {
        fail_msg("%s:%u: %s", caught.at[0].file, caught.at[0].line, caught.at[0].message);
    }
    return out;
}

static changes changes_of(const bundle *before, const bundle *after)
{
    changes caught = {.count = 0};

    assert_int_equal(bundle_diff(before, after, catch_change, &caught), VELUM_OK);
    return caught;
}

/* One edit of the full policy, one change, both ways. `back` widens the other way round. */
typedef struct edit {
    const char *from;
    const char *to;
    const char *section;
    const char *words; /* of the message, forth */
    bool widens;
    bool back_widens;
} edit;

static const edit edits[] = {
    {"name: Shop", "name: Store", "policy", "the policy: name from Shop to Store", false, false},
    {"birthday: birthday\n", "", "policy", "birthday from birthday to none", true, false},
    {"[mobile, ", "[mobile, email, ", "policy", "identifiers, or their order", false, false},
    {"[store]", "[store, region]", "attributes", "attribute region is new", false, false},
    {"en: Recall", "en: Callback", "reason-codes", "title from Recall to Callback", false, false},
    /* purposes */
    {"basis: contract", "basis: vital_interest", "purposes",
     "purpose care: basis from contract to vital_interest", false, false},
    {"version: 2, notice", "version: 3, notice", "purposes", "purpose offers: version from 2 to 3",
     false, true},
    {"min-grade: assisted", "min-grade: imported", "purposes",
     "min-grade from assisted to imported", true, false},
    {"min-grade: assisted, ", "", "purposes", "min-grade from assisted to none", true, false},
    {"min-grade: assisted", "min-grade: self-verified", "purposes",
     "min-grade from assisted to self-verified", false, true},
    {"min-grade: assisted", "min-grade: assisted, consent-days: 30", "purposes",
     "consent-days from 0 to 30", false, true},
    {"ask: {days: 9,", "ask: {days: 8,", "purposes", "ask days from 9 to 8", true, false},
    {"ask: {days: 9,", "ask: {", "purposes", "ask days from 9 to 180", false, true},
    {"max: 2}", "max: 3}", "purposes", "ask max from 2 to 3", true, false},
    {"separate: true", "separate: false", "purposes", "separate no, was yes", true, false},
    {"separate: true", "separate: true, marketing: true", "purposes", "marketing yes, was no",
     false, true},
    {"[sensitive, cross-border]", "[sensitive]", "purposes", "risks are others", false, false},
    {"PIA 7", "PIA 8", "purposes", "assessment from PIA 7 to PIA 8", false, false},
    {"{zh: 优惠, en: Offers}, basis", "{zh: 优惠, en: News}, basis", "purposes",
     "title from Offers to News", false, false},
    {"notice: {id: offers, version: 1}", "notice: {id: offers, version: 2}", "notices",
     "version from 1 to 2", false, false},
    /* categories, fields, masks */
    {"days: 30, basis", "days: 31, basis", "categories", "retention days from 30 to 31", true,
     false},
    {"law: Tax Law 1", "law: Tax Law 2", "categories", "law from Tax Law 1 to Tax Law 2", false,
     false},
    {"basis: legal_obligation, law", "basis: public_interest, law", "categories",
     "retention basis from legal_obligation to public_interest", false, false},
    {"en: Profile data", "en: Data", "categories", "title from Profile data to Data", false, false},
    {"class: personal, mask: tail", "class: public, mask: tail", "fields",
     "field name: class from personal to public", true, false},
    {"class: personal, mask: tail", "class: personal, mask: all", "masks", "mask all is new", false,
     true},
    {"keep-last: 2", "keep-last: 3", "masks", "mask tail: keep-last from 2 to 3", true, false},
    {"keep-last: 2", "keep-last: 2, keep-first: 1", "masks", "keep-first from 0 to 1", true, false},
    {"keep-last: 2", "keep-last: 2, fixed-length: 4", "masks", "fixed-length from 0 to 4", false,
     true},
    {"keep-last: 2", "keep-last: 2, character: x", "masks", "character is another", false, false},
    /* activities */
    {"activities:\n",
     "activities:\n  more: {title: {zh: x, en: y}, purpose: care, actions: [lookup], "
     "actors: [human]}\n",
     "activities", "activity more is new", true, false},
    {"purpose: offers, actions: [read]", "purpose: offers, actions: [read, lookup]", "activities",
     "activity marketing: action lookup is new", true, false},
    {"actors: [service], fields: all", "actors: [service, human], fields: all", "activities",
     "activity marketing: actor human is new", true, false},
    {"actors: [service], fields: all", "actors: [service], fields: [name]", "activities",
     "activity marketing: field birthday is gone", false, true},
    {"fields: all}", "fields: all, knows-existence: true}", "activities",
     "knows-existence yes, was no", true, false},
    {"fields: all}", "fields: all, recipient: agency}", "activities",
     "recipient from none to agency", true, false},
    {"visible: {delayed: 30}", "visible: full", "activities", "visible full, was delayed", false,
     true},
    {"visible: {delayed: 30}", "visible: {delayed: 31}", "activities",
     "visible after days from 30 to 31", true, false},
    {"visible: {delayed: 30}", "visible: {never: fraud}", "activities",
     "visible never, was delayed", true, false},
    {"reason-codes: [recall, safety]", "reason-codes: [recall]", "activities",
     "activity customer-care: reason code safety is gone", false, true},
    {"reason-codes: [recall, safety], break-glass: [recall], ", "", "activities",
     "asks for no reason code any more", true, true},
    {"break-glass: [recall]", "break-glass: [recall, safety]", "activities",
     "break-glass safety is new", true, false},
    /* roles */
    {"roles:\n", "roles:\n  more: {staff: true}\n", "roles", "role more is new", true, false},
    {"guide: {staff: true", "guide: {staff: false", "roles", "role guide: staff no, was yes", true,
     false},
    {"mask: [name], where", "clear: [name], where", "roles", "", true, false},
    {"mask: [name], where", "where", "roles", "role guide: field name hidden, was masked", false,
     true},
    {"clear: [birthday], ", "", "roles", "role guide: field birthday hidden, was clear", false,
     true},
    {", where: {store: same-as-actor}", "", "roles", "the condition on store is gone", true, false},
    {"store: same-as-actor", "store: [s01]", "roles", "the condition on store is another", true,
     true},
    /* approvals, erasure */
    {"needed: 2", "needed: 1", "approvals", "approval minor: needed from 2 to 1", true, false},
    {"roles: [guide], valid", "valid", "approvals", "any role may agree", true, false},
    {"valid-hours: 48", "valid-hours: 49", "approvals", "valid-hours from 48 to 49", true, false},
    {"cool-down-days: 3", "cool-down-days: 4", "erasure", "cool-down-days from 3 to 4", true,
     false},
    {"on-return: reject", "on-return: accept-no-marketing", "erasure",
     "on-return from reject to accept-no-marketing", true, false},
    {"on-return: reject", "on-return: accept-after-new-consent", "erasure",
     "on-return from reject to accept-after-new-consent", true, false},
    {"suppression-days: 100", "suppression-days: 99", "erasure", "suppression-days from 100 to 99",
     true, false},
    {"verification-hours: 2", "verification-hours: 3", "erasure", "verification-hours from 2 to 3",
     true, false},
    /* laws */
    {"cn-pipl\n", "cn-pipl\npacks: [us-ca]\n", "packs", "pack us-ca is new", false, false},
};

static bool has_change(const changes *caught, const char *section, const char *words)
{
    for (size_t i = 0; i < caught->count; i++) {
        if (strcmp(caught->at[i].section, section) == 0 &&
            strstr(caught->at[i].message, words) != NULL) {
            return true;
        }
    }
    return false;
}

static bool any_widens(const changes *caught)
{
    for (size_t i = 0; i < caught->count; i++) {
        if (caught->at[i].widens) {
            return true;
        }
    }
    return false;
}

/* The role's row that becomes `clear` twice does not compile; it is written by hand. */
static char *edited(const edit *row)
{
    if (row->words[0] != '\0') {
        return replaced(full_policy(), row->from, row->to);
    }
    return replaced(full_policy(), "clear: [birthday], mask: [name]", "clear: [birthday, name]");
}

static void each_change_has_its_line(void **state)
{
    VELUM_AUTO(bundle) *before = compiled(full_policy());

    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        VELUM_AUTO_MEM char *policy = edited(&edits[i]);
        VELUM_AUTO(bundle) *after = compiled(policy);
        const changes forth = changes_of(before, after);
        const changes back = changes_of(after, before);

        if (!has_change(&forth, edits[i].section, edits[i].words) || back.count == 0 ||
            any_widens(&forth) != edits[i].widens || any_widens(&back) != edits[i].back_widens) {
            for (size_t k = 0; k < forth.count; k++) {
                print_message("  %s %d %s\n", forth.at[k].section, forth.at[k].widens,
                              forth.at[k].message);
            }
            fail_msg("%s: wanted %s, %d, back %d", edits[i].to, edits[i].words, edits[i].widens,
                     edits[i].back_widens);
        }
    }
}

static void nothing_changes_from_a_bundle_to_itself(void **state)
{
    VELUM_AUTO(bundle) *sample = sample_bundle();
    VELUM_AUTO(bundle) *again = sample_bundle();
    VELUM_AUTO(bundle) *full = compiled(full_policy());
    VELUM_AUTO_MEM char *commented = replaced(full_policy(), "roles:\n", "roles: # who\n");
    VELUM_AUTO(bundle) *other = compiled(commented);

    assert_int_equal(changes_of(sample, again).count, 0);
    assert_int_equal(changes_of(full, other).count, 0);
}

/* --- No decision widens where nothing is said to ------------------------------------------------ */

static bool is_wider(const verdict *here, const verdict *there)
{
    return (there->allowed && !here->allowed) || (there->clear & ~here->clear) != 0 ||
           ((there->clear | there->masked) & ~(here->clear | here->masked)) != 0;
}

/* Everything that a customer could be asked for under both. */
static bool a_decision_widens(const bundle *before, const bundle *after)
{
    static const char *const births[] = {"1990-01-01", "2015-01-01"};
    subject_state person = adult_state(before);
    bool widens = false;

    for (uint32_t i = 0; i < before->activity_count * 2 * 3 * 4 * 5 * ACTION_COUNT; i++) {
        uint32_t rest = i;
        decide_request request = {
            .bundle = before,
            .activity_is_held = true,
            .roles = UINT32_MAX >> (32 - before->role_count),
            .all_fields = true,
            .now_ns = NOW_NS,
            .subject_status = SUBJECT_LIVE,
            .state = &person,
        };
        verdict here;
        verdict there;
        request.activity = rest % before->activity_count;
        rest /= before->activity_count;
        born(&person, births[rest % 2]);
        request.is_approved = rest / 2 % 2 != 0;
        rest /= 2;
        request.actor = 1U << rest % 3;
        rest /= 3;
        request.reason_code = rest % 4;
        rest /= 4;
        for (uint32_t k = 0; k < person.consent_count; k++) {
            person.consents[k].grade = (uint8_t)(rest % 5);
        }
        rest /= 5;
        request.action = 1U << rest % ACTION_COUNT;
        request.actor_attributes[0] = attribute_value_hash(TEXT_LITERAL("s01"));
        decide(&request, &here);
        decide_under(&request, after, &there);
        widens = widens || is_wider(&here, &there);
    }
    return widens;
}

static void what_does_not_widen_widens_no_decision(void **state)
{
    VELUM_AUTO(bundle) *before = compiled(full_policy());
    size_t seen = 0;

    number_everything(before);
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        VELUM_AUTO_MEM char *policy = edited(&edits[i]);
        VELUM_AUTO(bundle) *after = compiled(policy);
        number_after(after, before);
        const bool forth = a_decision_widens(before, after);
        const bool back = a_decision_widens(after, before);
        if ((forth && !edits[i].widens) || (back && !edits[i].back_widens)) {
            fail_msg("%s widens a decision, and the difference does not say so", edits[i].to);
        }
        seen += (forth ? 1 : 0) + (back ? 1 : 0);
    }
    assert_true(seen >= 8); /* or the requests say nothing */
}

/* --- Packs, notices, and a caller who has enough ------------------------------------------------ */

typedef struct pack_edit {
    const char *from;
    const char *to;
    const char *words;
    bool widens;
    bool back_widens;
} pack_edit;

static const pack_edit pack_edits[] = {
    {"version: 1\n", "version: 2\n", "version from 1 to 2", false, false},
    {"answer: {days: 9}", "answer: {days: 10}", "answer from 9 days to 10 days", true, false},
    {"answer: {days: 9}", "answer: {working-days: 9}", "to 9 working days", true, true},
    {"answer: {days: 9}", "answer: {days: 9}\nhard-limit: {days: 20}",
     "hard-limit from 0 none to 20 days", false, true},
    {"answer: {days: 9}", "answer: {days: 9}\nextension: {days: 2}\nextend-within: {days: 2}",
     "extension from 0 none to 2 days", true, false},
    {"answer: {days: 9}", "answer: {days: 9}\nday-offset: +01:00", "day-offset is another", true,
     true},
    {"ask-again-days: 1", "ask-again-days: 0", "ask-again-days from 1 to 0", true, false},
    {"ask-max: 1", "ask-max: 2", "ask-max from 1 to 2", true, false},
    {"evidence-days: 1", "evidence-days: 2", "evidence-days from 1 to 2", false, false},
    {"consent-age: 14", "consent-age: 13", "consent-age from 14 to 13", true, false},
    {"{AT: 14}", "{AT: 14, DE: 16}", "consent-age in DE from 14 to 16", false, true},
    {"{AT: 14}", "{AT: 13}", "consent-age in AT from 14 to 13", true, false},
    {"prior-consent: true", "prior-consent: false", "prior-consent no, was yes", true, false},
    {"[2026-01-01]", "[2026-01-01, 2026-01-02]", "holidays are others", true, false},
    {"[2026-01-03]", "[2026-01-03, 2026-01-04]", "workdays are others", false, true},
};

static const char pack_text[] = "velum-pack: 1\nname: cn-pipl\nversion: 1\nanswer: {days: 9}\n"
                                "ask-again-days: 1\nask-max: 1\nevidence-days: 1\n"
                                "request-log-days: 1\nconsent-age: 14\nconsent-ages: {AT: 14}\n"
                                "marketing-prior-consent: true\nholidays: [2026-01-01]\n"
                                "workdays: [2026-01-03]\n";

static bundle *compiled_with_pack(const char *pack)
{
    const bundle_file files[] = {
        {TEXT_LITERAL("policy.yaml"), text_of(full_policy())},
        {TEXT_LITERAL("notices/offers.zh.md"), TEXT_LITERAL("# 优惠\n")},
        {TEXT_LITERAL("packs/cn-pipl.yaml"), text_of(pack)},
    };
    bundle *out = NULL;

    assert_int_equal(bundle_compile(files, 3, NULL, NULL, &out, NULL), VELUM_OK);
    return out;
}

static void a_law_that_changes_is_told(void **state)
{
    VELUM_AUTO(bundle) *before = compiled_with_pack(pack_text);

    for (size_t i = 0; i < sizeof(pack_edits) / sizeof(pack_edits[0]); i++) {
        VELUM_AUTO_MEM char *pack = replaced(pack_text, pack_edits[i].from, pack_edits[i].to);
        VELUM_AUTO(bundle) *after = compiled_with_pack(pack);
        const changes forth = changes_of(before, after);
        const changes back = changes_of(after, before);

        if (!has_change(&forth, "packs", pack_edits[i].words) ||
            any_widens(&forth) != pack_edits[i].widens ||
            any_widens(&back) != pack_edits[i].back_widens) {
            fail_msg("%s: %s", pack_edits[i].to,
                     forth.count == 0 ? "nothing" : forth.at[0].message);
        }
    }
}

static void notices_are_told_by_language(void **state)
{
    VELUM_AUTO(bundle) *before = compiled(full_policy());      /* zh and en */
    VELUM_AUTO(bundle) *after = compiled_with_pack(pack_text); /* zh only, the same text */
    const changes forth = changes_of(before, after);
    const changes back = changes_of(after, before);

    assert_true(has_change(&forth, "notices", "notice offers in en is gone"));
    assert_true(has_change(&back, "notices", "notice offers in en is new"));
    assert_false(has_change(&forth, "notices", "offers in zh"));
}

static void sections_come_in_their_order(void **state)
{
    static const char *const order[] = {
        "policy", "attributes", "reason-codes", "purposes",  "notices", "categories", "fields",
        "masks",  "activities", "roles",        "approvals", "erasure", "packs"};
    VELUM_AUTO(bundle) *sample = sample_bundle();
    VELUM_AUTO(bundle) *full = compiled(full_policy());
    changes caught = {.count = 0};
    size_t at = 0;

    caught.stop_after = CHANGES_MAX;
    assert_int_equal(bundle_diff(sample, full, catch_change, &caught), VELUM_E_BUSY);
    assert_int_equal(caught.count, CHANGES_MAX);
    for (size_t i = 0; i < caught.count; i++) {
        while (at < sizeof(order) / sizeof(order[0]) &&
               strcmp(order[at], caught.at[i].section) != 0) {
            at++;
        }
        assert_true(at < sizeof(order) / sizeof(order[0]));
    }
    for (size_t i = 1; i < 5; i++) { /* ends where the caller has enough */
        changes few = {.stop_after = i};
        assert_int_equal(bundle_diff(sample, full, catch_change, &few), VELUM_E_BUSY);
        assert_int_equal(few.count, i);
    }
}

static int start(void **state)
{
    return crypto_init() == VELUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_has_its_line),
        cmocka_unit_test(nothing_changes_from_a_bundle_to_itself),
        cmocka_unit_test(what_does_not_widen_widens_no_decision),
        cmocka_unit_test(a_law_that_changes_is_told),
        cmocka_unit_test(notices_are_told_by_language),
        cmocka_unit_test(sections_come_in_their_order),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
