/* What stands behind a consent: the notice that was shown, who helped, how strong the evidence is; how
 * often somebody is asked; several at once, everything withdrawn. */
#include "tests/core/support.h"

#include <stdio.h>

#include "core/consents.h"
#include "core/verbs.h"

#define MARKETING "\"purpose\":\"direct-marketing\""
#define ANALYTICS "\"purpose\":\"analytics\""
#define EVIDENCE "2f77668a9dfbf8d5848b9eeb4a7145ca94c6ed9236e4a773f6dcafa5132b2f91"

typedef struct scene {
    const char *shop;
    const char *desk;
    const char *ref;
    const char *me; /* the customer's own token */
} scene;

static scene scene_of(place *self)
{
    scene made = {.shop = shop_token(self), .desk = desk_token(self)};

    made.ref = person(self, made.shop, "13800000001", full_profile);
    made.me = customer_of(self, made.ref);
    return made;
}

static const reply *put(place *self, const scene *scene, const char *members)
{
    return ask(self, (question){VELUM_VERB_CONSENT_PUT, scene->desk, .ref = scene->ref,
                                .body = text_f(self, "{%s}", members)});
}

static const reply *put_own(place *self, const scene *scene, const char *members)
{
    return ask(self, (question){VELUM_VERB_ME_CONSENT_PUT, scene->me,
                                .body = text_f(self, "{%s}", members)});
}

static const reply *list(place *self, const scene *scene)
{
    return assert_done(
        ask(self, (question){VELUM_VERB_CONSENT_LIST, scene->desk, .ref = scene->ref}));
}

static const reply *analyse(place *self, const char *analyst, const scene *scene)
{
    return ask(self, (question){VELUM_VERB_READ, analyst, .ref = scene->ref});
}

static const char *analyst_token(place *self)
{
    return token_of(self, (holder){"bi", NULL, "analyst", "analytics", "shop", NULL});
}

static uint64_t leaves_of(place *self, uint32_t type);

/* --- the notice (PIPL 14, GDPR 7(1)) ---------------------------------------------------------- */

/* PIPL 14, 17, GDPR 7(1): what was shown can be demonstrated. */
static void a_consent_names_the_notice_that_was_shown(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    char english[80];

    const reply *first = assert_done(put(self, &scene,
                                         MARKETING ",\"state\":\"given\","
                                                   "\"language\":\"en\""));
    snprintf(english, sizeof english, "%s", text_at(first, "notice/sha256"));
    assert_int_equal(strlen(english), 64);
    assert_done(put(self, &scene, MARKETING ",\"state\":\"withdrawn\""));
    const reply *named = assert_done(put(
        self, &scene, text_f(self, MARKETING ",\"state\":\"given\",\"notice\":\"%s\"", english)));
    assert_text_at(named, "notice/language", "en");
    assert_text_at(named, "notice/sha256", english);
    assert_refused(put(self, &scene, MARKETING ",\"state\":\"given\",\"notice\":\"" EVIDENCE "\""),
                   422, "unknown-notice");
    forget_refusals(self);
    assert_refused(put(self, &scene,
                       text_f(self, ANALYTICS ",\"state\":\"given\",\"notice\":\"%s\"", english)),
                   422, "unknown-notice");
    forget_refusals(self);
    assert_refused(put(self, &scene,
                       text_f(self,
                              MARKETING ",\"state\":\"given\",\"language\":\"zh\","
                                        "\"notice\":\"%s\"",
                              english)),
                   422, "unknown-notice");
    assert_refused(put(self, &scene, MARKETING ",\"state\":\"given\",\"notice\":\"12\""), 400,
                   "malformed-request");
    /* PIPL 15: taking away is possible from whatever page. */
    assert_done(
        put(self, &scene, MARKETING ",\"state\":\"withdrawn\",\"notice\":\"" EVIDENCE "\""));
}

#define NOTICE_1 "notice: {id: marketing, version: 1}"
#define NOTICE_2 "notice: {id: marketing, version: 2}"

/* PIPL 17, GDPR 7(1) */
static void an_old_notice_keeps_its_hash(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const campaign = marketing_token(self);
    char old[80];

    snprintf(
        old, sizeof old, "%s",
        text_at(assert_done(put(self, &scene, MARKETING ",\"state\":\"given\"")), "notice/sha256"));
    const reply *read =
        assert_done(ask(self, (question){VELUM_VERB_READ, campaign, .ref = scene.ref}));
    assert_text_at(read, "decision/consent/notice", old);
    change_policy(self, (const char *const[]){NOTICE_1, NOTICE_2, "marketing.zh.md\":\"",
                                              "marketing.zh.md\":\"新。", NULL});
    const reply *later =
        assert_done(ask(self, (question){VELUM_VERB_READ, campaign, .ref = scene.ref}));
    assert_text_at(later, "decision/consent/notice", old);
    assert_text_at(list(self, &scene), "consents/0/notice/sha256", old);
    assert_text_at(list(self, &scene), "consents/0/notice/language", "zh");
    /* What is not shown any more was not shown now. */
    assert_refused(put_own(self, &scene,
                           text_f(self, MARKETING ",\"state\":\"given\",\"notice\":\"%s\"", old)),
                   422, "unknown-notice");
}

/* --- evidence --------------------------------------------------------------------------------- */

static void the_grade_follows_from_who_asks(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry entry;

    token_of(self, (holder){"li", "human", "customer_service", "consent-capture", "shop", NULL});
    assert_text_at(assert_done(put_own(self, &scene, MARKETING ",\"state\":\"given\"")), "grade",
                   "self-verified");
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_GRADE), GRADE_SELF_VERIFIED);
    const struct {
        const char *members;
        const char *grade;
    } cases[] = {
        {"", "self"},
        {",\"verified\":false", "self"},
        {",\"verified\":true", "self-verified"},
        {",\"assisted_by\":\"li\"", "assisted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_done(put(self, &scene, ANALYTICS ",\"state\":\"withdrawn\""));
        assert_text_at(
            assert_done(put(self, &scene,
                            text_f(self, ANALYTICS ",\"state\":\"given\"%s", cases[i].members))),
            "grade", cases[i].grade);
    }
    const reply *all = list(self, &scene);
    assert_true(json_bool(value_at(all, "consents/1/assisted")));
    assert_false(json_bool(value_at(all, "consents/0/assisted")));
    const question officer = {VELUM_VERB_CONSENT_PUT, .activity = "consent-capture",
                              .ref = text_f(self, "shop:%s", scene.ref),
                              .body = "{" MARKETING ",\"state\":\"withdrawn\"}"};
    assert_text_at(assert_done(ask(self, officer)), "grade", "assisted");
}

/* Nobody helped who was no longer of the house. */
static void only_who_is_of_the_house_assists(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const body = ANALYTICS ",\"state\":\"given\",\"assisted_by\":\"temp\"";

    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_ADD,
                                     .body = "{\"name\":\"temp\",\"kind\":\"human\",\"roles\":"
                                             "[\"customer_service\"],\"activities\":"
                                             "[\"customer-care\"],\"domain\":\"shop\","
                                             "\"expires\":\"2026-11-22T00:00:00Z\"}"}));
    assert_text_at(assert_done(put(self, &scene, body)), "grade", "assisted");
    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"withdrawn\""));
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    assert_refused(put(self, &scene, body), 422, "invalid-value");
}

static void what_is_said_of_evidence_is_checked(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_refused(put(self, &scene, ANALYTICS ",\"state\":\"given\",\"assisted_by\":\"nobody\""),
                   422, "invalid-value");
    forget_refusals(self);
    assert_refused(put(self, &scene, ANALYTICS ",\"state\":\"given\",\"assisted_by\":\"shop\""),
                   422, "invalid-value");
    assert_refused(put(self, &scene,
                       ANALYTICS ",\"state\":\"given\",\"assisted_by\":\"li\",\"verified\":true"),
                   400, "malformed-request");
    assert_refused(put(self, &scene, ANALYTICS ",\"state\":\"given\",\"evidence\":\"xyz\""), 400,
                   "malformed-request");
    forget_refusals(self);
    assert_refused(
        put(self, &scene, ANALYTICS ",\"state\":\"given\",\"given\":\"2026-11-22T00:00:00Z\""), 422,
        "invalid-value"); /* tomorrow */
    /* A customer says nothing of their own evidence. */
    assert_refused(
        put_own(self, &scene, ANALYTICS ",\"state\":\"given\",\"evidence\":\"" EVIDENCE "\""), 400,
        "malformed-request");
    assert_refused(put_own(self, &scene, ANALYTICS ",\"state\":\"requested\""), 400,
                   "malformed-request");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 0);
    const reply *given =
        assert_done(put(self, &scene,
                        ANALYTICS ",\"state\":\"given\",\"evidence\":\"" EVIDENCE "\","
                                  "\"given\":\"2026-11-20T10:00:00Z\""));
    assert_non_null(strstr(text_at(given, "expires"), "2028-11-19T10:00:00"));
    assert_text_at(list(self, &scene), "consents/1/given", "2026-11-20T10:00:00.000Z");
}

/* A form that was signed before the withdrawal and comes in after it revives nothing (I-8). */
static void what_was_given_before_a_no_is_no_answer_to_it(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put(self, &scene, MARKETING ",\"state\":\"withdrawn\""));
    assert_refused(
        put(self, &scene, MARKETING ",\"state\":\"given\",\"given\":\"2026-11-20T10:00:00Z\""), 409,
        "conflict");
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    assert_done(
        put(self, &scene, MARKETING ",\"state\":\"given\",\"given\":\"2026-11-21T13:00:00Z\""));
}

#define GRADE_LEAST "min-grade: imported"
#define GRADE_SELF_LEAST "min-grade: self"

static void weak_evidence_does_not_serve(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    token_of(self, (holder){"li", "human", "customer_service", "consent-capture", "shop", NULL});
    change_policy(self, (const char *const[]){GRADE_LEAST, GRADE_SELF_LEAST, NULL});
    assert_refused(put(self, &scene, MARKETING ",\"state\":\"given\",\"assisted_by\":\"li\""), 422,
                   "consent-grade");
    assert_done(put(self, &scene, MARKETING ",\"state\":\"given\""));
    /* C-2: taking away asks for no evidence. */
    assert_done(put(self, &scene, MARKETING ",\"state\":\"withdrawn\",\"assisted_by\":\"li\""));
}

/* --- renewing --------------------------------------------------------------------------------- */

static void a_consent_is_renewed_near_its_end(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    const reply *first = assert_done(put(self, &scene, MARKETING ",\"state\":\"given\""));
    place_set_clock(self, PLACE_EPOCH_NS + 639 * DAY_NS);
    const reply *same = assert_done(put(self, &scene, MARKETING ",\"state\":\"given\""));
    assert_string_equal(text_at(same, "id"), text_at(first, "id"));
    place_set_clock(self, PLACE_EPOCH_NS + 640 * DAY_NS);
    const reply *renewed = assert_done(put(self, &scene, MARKETING ",\"state\":\"given\""));
    assert_text_at(renewed, "state", "renewed");
    assert_string_not_equal(text_at(renewed, "id"), text_at(first, "id"));
    assert_text_at(list(self, &scene), "consents/0/state", "renewed");
    assert_done(ask(self, (question){VELUM_VERB_READ, marketing_token(self), .ref = scene.ref}));
    assert_string_equal(
        text_at(assert_done(put(self, &scene, MARKETING ",\"state\":\"given\"")), "id"),
        text_at(renewed, "id"));
}

static void stronger_evidence_is_recorded(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put(self, &scene, MARKETING ",\"state\":\"given\""));
    assert_text_at(assert_done(put_own(self, &scene, MARKETING ",\"state\":\"given\"")), "grade",
                   "self-verified");
    assert_text_at(assert_done(put(self, &scene, MARKETING ",\"state\":\"given\"")), "grade",
                   "self-verified");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 2);
}

/* --- asking (PIPL 16) ------------------------------------------------------------------------- */

#define ASK MARKETING ",\"state\":\"requested\""

/* PIPL 16: nobody is asked again and again. */
static void nobody_is_asked_soon_after_a_no(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_text_at(assert_done(put(self, &scene, ASK)), "state", "requested");
    assert_text_at(list(self, &scene), "consents/0/state", "requested");
    assert_done(put_own(self, &scene, MARKETING ",\"state\":\"refused\""));
    assert_refused(put(self, &scene, ASK), 409, "consent-cool-down");
    place_set_clock(self, PLACE_EPOCH_NS + 180 * DAY_NS - NS_PER_SECOND);
    forget_refusals(self);
    assert_refused(put(self, &scene, ASK), 409, "consent-cool-down");
    place_set_clock(self, PLACE_EPOCH_NS + 180 * DAY_NS);
    assert_done(put(self, &scene, ASK));
    /* Whoever says yes by themselves is not waited for. */
    assert_done(put(self, &scene, MARKETING ",\"state\":\"withdrawn\""));
    assert_done(put(self, &scene, MARKETING ",\"state\":\"given\""));
    assert_done(put(self, &scene, ASK));
}

/* PIPL 16: silence is an answer. */
static void silence_is_an_answer_in_the_end(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    for (int i = 0; i < 3; i++) {
        assert_done(put(self, &scene, ASK));
    }
    assert_refused(put(self, &scene, ASK), 409, "consent-cool-down");
    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"requested\"")); /* counted apart */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 4);
    place_set_clock(self, PLACE_EPOCH_NS + 181 * DAY_NS);
    assert_done(put(self, &scene, ASK));
}

/* CCPA 1798.135(c)(4): twelve months, of the pack. */
static void the_pack_says_where_the_purpose_does_not(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"refused\""));
    assert_refused(put(self, &scene, ANALYTICS ",\"state\":\"requested\""), 409,
                   "consent-cool-down");
    place_set_clock(self, PLACE_EPOCH_NS + 180 * DAY_NS);
    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"requested\""));
}

/* C-3: to be asked for a renewal takes nothing away. */
static void asking_leaves_what_was_given(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const analyst = analyst_token(self);

    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"given\""));
    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"requested\""));
    assert_done(analyse(self, analyst, &scene));
    assert_text_at(list(self, &scene), "consents/1/state", "given");
    assert_text_at(list(self, &scene), "history/1/state", "requested");
    assert_done(put_own(self, &scene, ANALYTICS ",\"state\":\"refused\""));
    assert_refused(analyse(self, analyst, &scene), 404, "not-found");
}

/* I-8: a no that was followed by a question is still a no to a consent from before it. */
static void asking_leaves_what_was_refused(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put_own(self, &scene, ANALYTICS ",\"state\":\"refused\""));
    place_set_clock(self, PLACE_EPOCH_NS + 181 * DAY_NS);
    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"requested\""));
    assert_text_at(list(self, &scene), "consents/1/state", "refused");
    assert_refused(
        put(self, &scene, ANALYTICS ",\"state\":\"given\",\"given\":\"2026-11-20T10:00:00Z\""), 409,
        "conflict");
}

static void a_child_is_not_asked(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    scene.ref = person(self, scene.shop, "13800000003", child_profile);
    assert_refused(put(self, &scene, ASK), 403, "guardian-consent-required");
}

/* --- several at once -------------------------------------------------------------------------- */

typedef struct count {
    uint32_t type;
    uint64_t found;
} count;

static void count_one(void *context, uint64_t index, const audit_entry *entry)
{
    count *const self = context;

    self->found += entry->type == self->type ? 1 : 0;
}

static uint64_t leaves_of(place *self, uint32_t type)
{
    count wanted = {type, 0};

    log_visit(self, count_one, &wanted);
    return wanted.found;
}

#define BOTH                                                        \
    "\"consents\":[{" MARKETING ",\"state\":\"given\"},{" ANALYTICS \
    ",\"state\":\"given\",\"language\":\"en\"}]"

static void several_are_an_event_and_a_leaf_each(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry last;

    const reply *both = assert_done(put_own(self, &scene, BOTH));
    assert_text_at(both, "consents/0/purpose", "direct-marketing");
    assert_text_at(both, "consents/1/purpose", "analytics");
    assert_text_at(both, "consents/1/notice/language", "en");
    assert_int_equal(leaves_of(self, ENTRY_CONSENT), 2);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 2);
    log_last(self, &last);
    audit_entry before;
    log_at(self, log_size(self) - 2, &before);
    assert_memory_equal(before.related, last.event_id, ENTRY_TOKEN_BYTES);
    assert_int_not_equal(input_of(&before, INPUT_PURPOSE), input_of(&last, INPUT_PURPOSE));
    assert_memory_equal(before.subject_token, last.subject_token, ENTRY_TOKEN_BYTES);
    assert_done(put_own(self, &scene, BOTH)); /* repeated: nothing new */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 2);
    place_reopen(self);
    assert_text_at(list(self, &scene), "consents/1/state", "given");
    assert_log_sound(self);
}

static void all_of_several_or_none(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"refused\""));
    assert_refused(put(self, &scene,
                       "\"consents\":[{" MARKETING ",\"state\":\"given\"},{" ANALYTICS
                       ",\"state\":\"requested\"}]"),
                   409, "consent-cool-down");
    assert_text_at(list(self, &scene), "consents/0/state", "unknown");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 1);
    assert_int_equal(leaves_of(self, ENTRY_CONSENT), 2); /* the one event, and the refusal */
    assert_refused(put(self, &scene, "\"consents\":[]"), 400, "malformed-request");
    assert_refused(put(self, &scene,
                       "\"consents\":[{" MARKETING ",\"state\":\"given\"},{" MARKETING
                       ",\"state\":\"withdrawn\"}]"),
                   400, "malformed-request");
    assert_refused(put(self, &scene, BOTH ",\"language\":\"en\""), 400, "malformed-request");
}

#define VERSION_OF_ANALYTICS "notice: {id: analytics, version: 1}"
#define SEPARATE VERSION_OF_ANALYTICS "\\n    separate: true"

/* PIPL 23, 25, 26, 29, 39 */
static void a_separate_consent_comes_alone(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    change_policy(self, (const char *const[]){VERSION_OF_ANALYTICS, SEPARATE, NULL});
    assert_refused(put_own(self, &scene, BOTH), 422, "consent-separate");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 0);
    assert_done(put_own(self, &scene, "\"consents\":[{" ANALYTICS ",\"state\":\"given\"}]"));
    assert_done(put_own(self, &scene,
                        "\"consents\":[{" MARKETING ",\"state\":\"given\"},{" ANALYTICS
                        ",\"state\":\"withdrawn\"}]"));
    assert_text_at(assert_done(put(self, &scene, ANALYTICS ",\"state\":\"given\"")), "state",
                   "given");
}

/* PIPL 15, GDPR 7(3): as easily as it was given, for everything at once. */
static void everything_is_withdrawn_at_once(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    const reply *none = assert_done(put_own(self, &scene, "\"all\":true,\"state\":\"withdrawn\""));
    assert_int_equal(json_count(value_at(none, "consents")), 0);
    assert_done(put_own(self, &scene, BOTH));
    const reply *gone = assert_done(put_own(self, &scene, "\"all\":true,\"state\":\"withdrawn\""));
    assert_int_equal(json_count(value_at(gone, "consents")), 2);
    const reply *now = list(self, &scene);
    assert_text_at(now, "consents/0/state", "withdrawn");
    assert_text_at(now, "consents/1/state", "withdrawn");
    assert_refused(put_own(self, &scene, "\"all\":true,\"state\":\"given\""), 400,
                   "malformed-request");
    assert_refused(put_own(self, &scene, "\"all\":false,\"state\":\"withdrawn\""), 400,
                   "malformed-request");
}

/* --- rows put back (V-5) ----------------------------------------------------------------------- */

static const char *const rows[] = {"subject", "category", "consent_event"};

/* What somebody with the database and its key keeps of a customer, and puts back later. */
static void keep_rows(place *self)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sql_run(self, text_f(self, "DROP TABLE IF EXISTS kept_%s", rows[i]));
        sql_run(self, text_f(self, "CREATE TABLE kept_%s AS SELECT * FROM %s", rows[i], rows[i]));
    }
}

static void put_rows_back(place *self)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sql_run(self, text_f(self, "DELETE FROM %s", rows[i]));
        sql_run(self, text_f(self, "INSERT INTO %s SELECT * FROM kept_%s", rows[i], rows[i]));
    }
    place_reopen(self);
}

static void a_withdrawn_consent_does_not_come_back(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const analyst = analyst_token(self);
    audit_entry entry;

    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"given\""));
    assert_done(analyse(self, analyst, &scene));
    keep_rows(self);
    assert_done(put_own(self, &scene, ANALYTICS ",\"state\":\"withdrawn\""));
    put_rows_back(self);
    assert_refused(analyse(self, analyst, &scene), 404, "not-found"); /* which may not know more */
    log_sync(self);
    log_last_denial(self, &entry);
    assert_int_equal(entry.decision, ENTRY_DENY);
    assert_string_equal(reason_of(self, &entry), "data-damaged");
    assert_refused(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.ref}), 500,
                   "data-damaged");
    assert_refused(ask(self, (question){VELUM_VERB_CONSENT_LIST, scene.desk, .ref = scene.ref}),
                   500, "data-damaged");
    assert_log_sound(self);
}

/* The newest rows, put back as they are, are no older ones. */
static void the_newest_rows_do(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const analyst = analyst_token(self);

    assert_done(put_own(self, &scene, BOTH));
    keep_rows(self);
    put_rows_back(self);
    assert_done(analyse(self, analyst, &scene));
}

/* One of several at once that is refused leaves no trace in the keys either. */
static void a_refused_bundle_moves_no_generation(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(put(self, &scene, ANALYTICS ",\"state\":\"refused\""));
    assert_refused(put(self, &scene,
                       "\"consents\":[{" MARKETING ",\"state\":\"given\"},{" ANALYTICS
                       ",\"state\":\"requested\"}]"),
                   409, "consent-cool-down");
    place_reopen(self);
    assert_text_at(list(self, &scene), "consents/1/state", "refused");
    assert_done(put(self, &scene, MARKETING ",\"state\":\"given\""));
    place_reopen(self);
    assert_text_at(list(self, &scene), "consents/0/state", "given");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_consent_names_the_notice_that_was_shown),
        TEST(an_old_notice_keeps_its_hash),
        TEST(the_grade_follows_from_who_asks),
        TEST(only_who_is_of_the_house_assists),
        TEST(what_is_said_of_evidence_is_checked),
        TEST(what_was_given_before_a_no_is_no_answer_to_it),
        TEST(weak_evidence_does_not_serve),
        TEST(a_consent_is_renewed_near_its_end),
        TEST(stronger_evidence_is_recorded),
        TEST(nobody_is_asked_soon_after_a_no),
        TEST(silence_is_an_answer_in_the_end),
        TEST(the_pack_says_where_the_purpose_does_not),
        TEST(asking_leaves_what_was_given),
        TEST(asking_leaves_what_was_refused),
        TEST(a_child_is_not_asked),
        TEST(several_are_an_event_and_a_leaf_each),
        TEST(all_of_several_or_none),
        TEST(a_separate_consent_comes_alone),
        TEST(everything_is_withdrawn_at_once),
        TEST(a_withdrawn_consent_does_not_come_back),
        TEST(the_newest_rows_do),
        TEST(a_refused_bundle_moves_no_generation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
