/* Consents from before: what they prove, what they never undo, and how many rest on them. */
#include "tests/core/support.h"

#include <stdio.h>

#include "core/consents.h"
#include "core/verbs.h"

#define NOTICE "\"notice\":{\"language\":\"zh\",\"version\":1,\"text\":\"2019年的告知\"}"
#define EVIDENCE "2f77668a9dfbf8d5848b9eeb4a7145ca94c6ed9236e4a773f6dcafa5132b2f91"
#define THEN "2026-03-01T00:00:00Z"

typedef struct scene {
    const char *shop;
    const char *desk;
    const char *ref;
} scene;

static scene scene_of(place *self)
{
    scene made = {.shop = shop_token(self), .desk = desk_token(self)};

    made.ref = person(self, made.shop, "13800000001", full_profile);
    return made;
}

static const char *row_of(place *self, int line, const char *mobile, const char *rest)
{
    return text_f(self,
                  "{\"line\":%d,\"identifier\":{\"type\":\"mobile\",\"value\":\"%s\"},"
                  "\"purpose\":\"direct-marketing\",%s}",
                  line, mobile, rest);
}

static const reply *import_with(place *self, const char *members, const char *rows)
{
    return ask(self, (question){VELUM_VERB_CONSENT_IMPORT,
                                .body = text_f(self, "{\"source\":\"old\",%s\"rows\":[%s]}",
                                               members, rows)});
}

static const reply *import(place *self, const char *rows)
{
    return assert_done(import_with(self, NOTICE ",", rows));
}

static const reply *list(place *self, const scene *scene)
{
    return assert_done(
        ask(self, (question){VELUM_VERB_CONSENT_LIST, scene->desk, .ref = scene->ref}));
}

static const char given_then[] = "\"state\":\"given\",\"given\":\"" THEN "\"";

static void a_record_from_before_serves(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const campaign = marketing_token(self);
    audit_entry chunk;
    audit_entry counts;

    const reply *done = import(self, row_of(self, 7, "13800000001",
                                            "\"state\":\"given\",\"given\":\"" THEN
                                            "\",\"evidence\":\"" EVIDENCE "\""));
    assert_int_equal(integer_at(done, "rows/0/line"), 7);
    assert_text_at(done, "rows/0/result", "changed");
    log_sync(self);
    log_at(self, log_size(self) - 2, &chunk);
    log_last(self, &counts);
    assert_int_equal(chunk.type, ENTRY_IMPORT);
    assert_int_equal(chunk.stage, ENTRY_INTENT);
    assert_int_equal(chunk.subject_count, 1);
    assert_int_equal(input_of(&chunk, INPUT_GRADE), GRADE_IMPORTED);
    assert_int_equal(input_of(&counts, INPUT_CHANGED), 1);
    const reply *held = list(self, &scene);
    assert_text_at(held, "consents/0/grade", "imported");
    assert_text_at(held, "consents/0/given", "2026-03-01T00:00:00.000Z");
    assert_non_null(strstr(text_at(held, "consents/0/expires"), "2028-02-29T00:00:00"));
    assert_non_null(strstr(text_at(held, "consents/0/notice/id"), "legacy.zh."));
    assert_int_equal(strlen(text_at(held, "consents/0/notice/sha256")), 64);
    const reply *read =
        assert_done(ask(self, (question){VELUM_VERB_READ, campaign, .ref = scene.ref}));
    assert_text_at(read, "decision/consent/notice", text_at(held, "consents/0/notice/sha256"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM notice WHERE id = 'legacy'"), 1);
}

static void the_same_file_again_changes_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    import(self, row_of(self, 1, "13800000001", given_then));
    assert_text_at(import(self, row_of(self, 1, "13800000001", given_then)), "rows/0/result",
                   "same");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM notice WHERE id = 'legacy'"), 1);
    assert_int_equal(json_count(value_at(list(self, &scene), "history")), 1);
}

static void nobody_is_made(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    const reply *done =
        import(self, text_f(self, "%s,%s", row_of(self, 1, "13800000009", given_then),
                            row_of(self, 2, "13800000001", given_then)));
    assert_text_at(done, "rows/0/result", "rejected");
    assert_text_at(done, "rows/0/reason", "unknown-subject");
    assert_text_at(done, "rows/1/result", "changed");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    assert_text_at(list(self, &scene), "consents/0/state", "given");
}

static void a_bad_row_is_named_by_its_reason(void **state)
{
    place *const self = *state;
    static const struct {
        const char *rest;
        const char *reason;
    } cases[] = {
        {"\"state\":\"given\"", "invalid-value"}, /* from before, so when? */
        {"\"state\":\"maybe\",\"given\":\"" THEN "\"", "invalid-value"},
        {"\"state\":\"requested\"", "invalid-value"},
        {"\"state\":\"given\",\"given\":\"2027-01-01T00:00:00Z\"", "invalid-value"},
        {"\"state\":\"given\",\"given\":\"yesterday\"", "malformed-request"},
        {"\"state\":\"given\",\"given\":\"" THEN "\",\"grade\":\"self\"", "malformed-request"},
        {"\"state\":\"given\",\"given\":\"" THEN "\",\"evidence\":\"x\"", "malformed-request"},
    };

    scene_of(self);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const reply *done = import(self, row_of(self, 1, "13800000001", cases[i].rest));
        assert_text_at(done, "rows/0/reason", cases[i].reason);
    }
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 0);
    static const char *const wrong[] = {
        "\"version\":0,",
        "\"version\":\"1\",",
        "\"dry_run\":1,",
        "\"notice\":\"text\",",
        "\"notice\":{\"language\":\"zh\",\"text\":\"x\"},",
        "\"on_match\":\"update\",",
        "\"notice\":{\"language\":\"../zh\",\"version\":1,\"text\":\"x\"},"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_refused(import_with(self, wrong[i], row_of(self, 1, "13800000001", given_then)), 400,
                       "malformed-request");
    }
}

/* PIPL 17: no record without the notice that was shown. */
static void a_yes_without_its_notice_proves_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    const reply *done = assert_done(import_with(
        self, "",
        text_f(self, "%s,%s", row_of(self, 1, "13800000001", given_then),
               row_of(self, 2, "13800000001", "\"state\":\"refused\",\"given\":\"" THEN "\""))));
    assert_text_at(done, "rows/0/reason", "unknown-notice");
    assert_text_at(done, "rows/1/result", "changed");
    assert_text_at(list(self, &scene), "consents/0/state", "refused");
}

/* I-8: what customers said since stands. */
static void a_file_undoes_nothing_newer(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const no_then = "\"state\":\"withdrawn\",\"given\":\"" THEN "\"";
    const char *const later = "\"state\":\"withdrawn\",\"given\":\"2026-04-01T00:00:00Z\"";

    /* By when it was given, not by when it was recorded: a withdrawal of April ends a yes of March. */
    import(self, row_of(self, 1, "13800000001", given_then));
    assert_text_at(import(self, row_of(self, 1, "13800000001", later)), "rows/0/result", "changed");
    assert_text_at(list(self, &scene), "consents/0/state", "withdrawn");
    assert_text_at(import(self, row_of(self, 1, "13800000001", given_then)), "rows/0/reason",
                   "conflict");
    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    assert_text_at(import(self, row_of(self, 1, "13800000001", no_then)), "rows/0/reason",
                   "conflict");
    assert_text_at(list(self, &scene), "consents/0/state", "given");
    assert_text_at(list(self, &scene), "consents/0/grade", "self");
}

#define MARKETING_1 "basis: consent # PIPL 13(1), 24; GDPR 6(1)(a), 21\\n    version: 1"
#define MARKETING_2 "basis: consent # PIPL 13(1), 24; GDPR 6(1)(a), 21\\n    version: 2"

/* PIPL 14: it serves the version for which it was given. */
static void a_record_serves_its_own_version(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const campaign = marketing_token(self);

    assert_text_at(assert_done(import_with(self, NOTICE ",\"version\":2,",
                                           row_of(self, 1, "13800000001", given_then))),
                   "rows/0/reason", "invalid-value");
    change_policy(self, (const char *const[]){MARKETING_1, MARKETING_2, NULL});
    import(self, row_of(self, 1, "13800000001", given_then));
    assert_refused(ask(self, (question){VELUM_VERB_READ, campaign, .ref = scene.ref}), 404,
                   "not-found");
    assert_text_at(assert_done(import_with(self, NOTICE ",\"version\":2,",
                                           row_of(self, 1, "13800000001", given_then))),
                   "rows/0/result", "changed");
    assert_done(ask(self, (question){VELUM_VERB_READ, campaign, .ref = scene.ref}));
}

static void a_rehearsal_keeps_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry last;

    const reply *tried =
        assert_done(import_with(self, NOTICE ",\"dry_run\":true,",
                                text_f(self, "%s,%s", row_of(self, 1, "13800000001", given_then),
                                       row_of(self, 2, "13800000009", given_then))));
    assert_text_at(tried, "rows/0/result", "changed");
    assert_text_at(tried, "rows/1/reason", "unknown-subject");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM notice WHERE id = 'legacy'"), 0);
    log_sync(self);
    log_last(self, &last);
    assert_int_equal(input_of(&last, INPUT_REHEARSAL), 1);
    place_reopen(self);
    assert_text_at(list(self, &scene), "consents/0/state", "unknown");
    import(self, row_of(self, 1, "13800000001", given_then));
    place_reopen(self);
    assert_text_at(list(self, &scene), "consents/0/state", "given");
    assert_log_sound(self);
}

static void children_and_weak_grades_stay_out(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    person(self, scene.shop, "13800000003", child_profile);
    assert_text_at(import(self, row_of(self, 1, "13800000003", given_then)), "rows/0/reason",
                   "guardian-consent-required");
    change_policy(self, (const char *const[]){"min-grade: imported", "min-grade: assisted", NULL});
    assert_text_at(import(self, row_of(self, 1, "13800000001", given_then)), "rows/0/reason",
                   "consent-grade");
}

static void only_people_who_record_consents_may(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const body =
        text_f(self, "{\"rows\":[%s]}", row_of(self, 1, "13800000001", given_then));

    assert_refused(ask(self, (question){VELUM_VERB_CONSENT_IMPORT, scene.desk, .body = body}), 403,
                   "actor-kind");
    assert_refused(ask(self, (question){VELUM_VERB_CONSENT_REPORT, scene.desk,
                                        .body = "{\"min_grade\":\"self\"}"}),
                   429, "rate-limited");
}

/* --- the report -------------------------------------------------------------------------------- */

static const reply *report(place *self, const char *members)
{
    return ask(self, (question){VELUM_VERB_CONSENT_REPORT, .body = text_f(self, "{%s}", members)});
}

static void counts_below_five_are_not_told(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry last;

    for (int i = 0; i < 6; i++) {
        const char *const mobile = text_f(self, "1380000002%d", i);
        person(self, scene.shop, mobile, "{\"city\":\"x\"}");
        if (i == 4) {
            assert_text_at(assert_done(report(self, "\"min_grade\":\"self\"")), "purposes/0/lost",
                           "<5");
        }
        import(self, row_of(self, 1, mobile, given_then));
    }
    consent(self, scene.desk, scene.ref, "direct-marketing", "given");
    const reply *all = assert_done(report(self, "\"min_grade\":\"self\""));
    assert_text_at(all, "min_grade", "self");
    assert_text_at(all, "purposes/0/purpose", "direct-marketing");
    assert_text_at(all, "purposes/0/lost", "6");
    assert_text_at(all, "purposes/1/lost", "0");
    log_last(self, &last);
    assert_int_equal(last.type, ENTRY_CONSENT_READ);
    assert_int_equal(last.record_count, 7);
    assert_int_equal(input_of(&last, INPUT_GRADE), GRADE_SELF);
    assert_text_at(assert_done(report(self, "\"min_grade\":\"self-verified\"")), "purposes/0/lost",
                   "7");
    assert_text_at(assert_done(report(self, "\"min_grade\":\"imported\"")), "purposes/0/lost", "0");
    const reply *one =
        assert_done(report(self, "\"min_grade\":\"self\",\"purpose\":\"analytics\""));
    assert_int_equal(json_count(value_at(one, "purposes")), 1);
    assert_refused(report(self, "\"min_grade\":\"weak\""), 422, "invalid-value");
    assert_refused(report(self, "\"min_grade\":\"self\",\"purpose\":\"customer-care\""), 422,
                   "unknown-purpose");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_record_from_before_serves),
        TEST(the_same_file_again_changes_nothing),
        TEST(nobody_is_made),
        TEST(a_bad_row_is_named_by_its_reason),
        TEST(a_yes_without_its_notice_proves_nothing),
        TEST(a_file_undoes_nothing_newer),
        TEST(a_record_serves_its_own_version),
        TEST(a_rehearsal_keeps_nothing),
        TEST(children_and_weak_grades_stay_out),
        TEST(only_people_who_record_consents_may),
        TEST(counts_below_five_are_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
