/* Two customers who are one, and who are not after all: the stricter of both, nothing lost (I-3, I-8). */
#include "tests/core/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/verbs.h"

#define HOUR_NS (3600 * NS_PER_SECOND)
#define RECORDS_MAX 8
#define REPORTED 6 /* fewer than 5 are not told */
#define REPORTED_TEXT "6"
#define POLLS_MAX 400
#define POLL_US 25000

typedef struct scene {
    const char *shop;
    const char *desk;
    const char *ads; /* lives on the consent to direct marketing */
    const char *stays;
    const char *joins;
} scene;

static const char *customer(place *self, const char *shop, int n)
{
    return person(self, shop, text_f(self, "138000001%02d", n), full_profile);
}

static scene scene_of(place *self)
{
    scene made = {.shop = shop_token(self), .desk = desk_token(self), .ads = marketing_token(self)};

    made.stays = customer(self, made.shop, 1);
    made.joins = customer(self, made.shop, 2);
    return made;
}

static const reply *merge_with(place *self, const scene *scene, const char *ref, const char *with,
                               const char *id)
{
    return ask(self,
               (question){VELUM_VERB_SUBJECT_MERGE, scene->shop, .ref = ref,
                          .body = text_f(self, "{\"with\":\"%s\",\"approval\":\"%s\"}", with, id)});
}

static const char *link_for(place *self, const scene *scene, const char *ref, const char *with)
{
    return agreed_approval(
        self, scene->shop,
        text_f(self, "{\"kind\":\"link\",\"subject\":\"%s\",\"refs\":[\"%s\"]}", ref, with));
}

static const reply *merge(place *self, const scene *scene, const char *ref, const char *with)
{
    return merge_with(self, scene, ref, with, link_for(self, scene, ref, with));
}

static void merged(place *self, const scene *scene)
{
    const reply *const done = assert_done(merge(self, scene, scene->stays, scene->joins));

    assert_text_at(done, "subject", scene->stays);
    assert_int_equal(integer_at(done, "merged"), 1);
}

static const char *approval_for(place *self, const scene *scene, const char *ref)
{
    return agreed_approval(self, scene->shop,
                           text_f(self, "{\"kind\":\"unmerge\",\"subject\":\"%s\"}", ref));
}

static const reply *unmerge_with(place *self, const scene *scene, const char *ref, const char *id)
{
    return ask(self, (question){VELUM_VERB_SUBJECT_UNMERGE, scene->shop, .ref = ref,
                                .body = text_f(self, "{\"approval\":\"%s\"}", id)});
}

static const reply *unmerge(place *self, const scene *scene, const char *ref)
{
    return unmerge_with(self, scene, ref, approval_for(self, scene, ref));
}

static const reply *seen(place *self, const scene *scene, const char *ref)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_READ, scene->ads, .ref = ref});
}

/* An activity that may not know the customer is told nothing; the leaf has the reason. */
static void unseen(place *self, const scene *scene, const char *ref, const char *reason)
{
    audit_entry entry;

    assert_refused(seen(self, scene, ref), 404, "not-found");
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), reason);
}

/* What is decided on all records can be decided again from the leaf alone. */
static void assert_explained(place *self)
{
    audit_entry entry;
    char id[33];

    log_last_denial(self, &entry);
    hex_encode(entry.event_id, sizeof entry.event_id, id);
    const reply *const told =
        assert_done(ask(self, (question){VELUM_VERB_AUDIT_EXPLAIN, .activity = "audit",
                                         .body = text_f(self, "{\"id\":\"%s\"}", id)}));
    if (strstr(told->body, "\"same\"") == NULL) {
        fail_msg("%s", told->body);
    }
}

static void says(place *self, const scene *scene, const char *ref, const char *what)
{
    consent(self, scene->desk, ref, "direct-marketing", what);
}

/* --- what both allow ---------------------------------------------------------------------------- */

static void a_consent_of_one_is_none_of_both(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    says(self, &scene, scene.stays, "given");
    assert_done(seen(self, &scene, scene.stays));
    merged(self, &scene);
    unseen(self, &scene, scene.stays, "consent-missing");
    assert_explained(self);
    unseen(self, &scene, scene.joins, "consent-missing");
    /* */
    assert_int_equal(integer_at(assert_done(unmerge(self, &scene, scene.joins)), "unmerged"), 2);
    assert_done(seen(self, &scene, scene.stays));
    unseen(self, &scene, scene.joins, "consent-missing");
    assert_log_sound(self);
}

static void a_no_of_one_is_one_of_both(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    says(self, &scene, scene.stays, "given");
    says(self, &scene, scene.joins, "given");
    merged(self, &scene);
    assert_done(seen(self, &scene, scene.stays));
    assert_done(seen(self, &scene, scene.joins));
    says(self, &scene, scene.joins, "withdrawn"); /* in the same second: the stricter */
    unseen(self, &scene, scene.stays, "consent-withdrawn");
    assert_done(unmerge(self, &scene, scene.stays));
    assert_done(seen(self, &scene, scene.stays));
    unseen(self, &scene, scene.joins, "consent-withdrawn");
}

/* PIPL 14: what the person says once the records are one is said by the one person. */
static void what_is_said_since_counts_for_both(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    says(self, &scene, scene.joins, "withdrawn");
    merged(self, &scene);
    place_set_clock(self, PLACE_EPOCH_NS + HOUR_NS);
    says(self, &scene, scene.stays, "given");
    assert_done(seen(self, &scene, scene.stays));
    assert_done(seen(self, &scene, scene.joins));
    place_set_clock(self, PLACE_EPOCH_NS + 2 * HOUR_NS);
    says(self, &scene, scene.joins, "withdrawn"); /* as its own ledger has it already */
    unseen(self, &scene, scene.stays, "consent-withdrawn");
    place_reopen(self);
    unseen(self, &scene, scene.stays, "consent-withdrawn");
}

static void a_hold_of_one_keeps_both(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    merged(self, &scene);
    assert_done(
        ask(self, (question){VELUM_VERB_SUBJECT_HOLD, .ref = text_f(self, "shop:%s", scene.joins),
                             .body = "{\"hold\":true}"}));
    assert_refused(ask(self, (question){VELUM_VERB_SUBJECT_ERASE,
                                        .ref = text_f(self, "shop:%s", scene.stays), .body = "{}"}),
                   409, "legal-hold");
}

static void a_record_that_cannot_be_opened_denies(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    says(self, &scene, scene.stays, "given");
    says(self, &scene, scene.joins, "given");
    merged(self, &scene);
    sql_run(self, "UPDATE subject SET state = zeroblob(length(state)) WHERE person <> subject");
    assert_refused(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.stays}), 500,
                   "data-damaged");
}

/* PIPL 15: what the record's own ledger has already is said again, and counts. */
static void a_consent_given_again_counts_for_both(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    says(self, &scene, scene.stays, "given");
    merged(self, &scene);
    unseen(self, &scene, scene.stays, "consent-missing");
    place_set_clock(self, PLACE_EPOCH_NS + HOUR_NS);
    says(self, &scene, scene.stays, "given");
    assert_done(seen(self, &scene, scene.joins));
    const int64_t events = sql_count(self, "SELECT count(*) FROM consent_event");
    says(self, &scene, scene.stays, "given");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), events);
}

static void withdrawing_all_withdraws_what_the_other_said(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    merged(self, &scene);
    place_set_clock(self, PLACE_EPOCH_NS + HOUR_NS);
    says(self, &scene, scene.joins, "given");
    assert_done(seen(self, &scene, scene.stays));
    place_set_clock(self, PLACE_EPOCH_NS + 2 * HOUR_NS);
    assert_done(ask(self, (question){VELUM_VERB_ME_CONSENT_PUT, customer_of(self, scene.stays),
                                     .body = "{\"all\":true,\"state\":\"withdrawn\"}"}));
    unseen(self, &scene, scene.stays, "consent-withdrawn");
    unseen(self, &scene, scene.joins, "consent-withdrawn");
}

/* What is asked is no answer: it takes neither's away (C-3). */
static void asking_takes_nothing_away(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    says(self, &scene, scene.stays, "given");
    merged(self, &scene);
    says(self, &scene, scene.stays, "requested");
    assert_done(unmerge(self, &scene, scene.stays));
    assert_done(seen(self, &scene, scene.stays));
}

static void a_list_tells_what_counts(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const question list = {VELUM_VERB_CONSENT_LIST, scene.desk, .ref = scene.stays};

    says(self, &scene, scene.stays, "given");
    assert_null(value_at(assert_done(ask(self, list)), "consents/0/person_state"));
    merged(self, &scene);
    const reply *const listed = assert_done(ask(self, list));
    assert_text_at(listed, "consents/0/state", "given");
    assert_text_at(listed, "consents/0/person_state", "unknown");
}

/* R-5, V-5: a page of the database from before the merge. */
static void an_older_row_parts_nobody(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const question read = {VELUM_VERB_READ, scene.shop, .ref = scene.stays};

    sql_run(self, "CREATE TABLE before AS SELECT * FROM subject");
    merged(self, &scene);
    assert_done(ask(self, read));
    place_close(self);
    place_open(self);
    sql_run(self, "UPDATE subject SET (state, state_version, generation, person) ="
                  " (SELECT b.state, b.state_version, b.generation, b.person FROM before b"
                  " WHERE b.subject = subject.subject)");
    assert_refused(ask(self, read), 500, "data-damaged");
}

/* --- who is one --------------------------------------------------------------------------------- */

static void a_record_tells_which_one_stays(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    merged(self, &scene);
    const reply *const joined =
        assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.joins}));
    assert_text_at(joined, "merged_into", scene.stays);
    const reply *const stayed =
        assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.stays}));
    assert_null(value_at(stayed, "merged_into"));
    const reply *const found =
        assert_done(ask(self, (question){VELUM_VERB_LOOKUP, scene.shop,
                                         .body = "{\"identifier\":{\"type\":\"mobile\","
                                                 "\"value\":\"13800000102\"}}"}));
    assert_text_at(found, "merged_into", scene.stays);
}

static void merging_again_changes_nothing(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    merged(self, &scene);
    assert_int_equal(
        integer_at(assert_done(merge(self, &scene, scene.stays, scene.joins)), "merged"), 0);
    assert_int_equal(
        integer_at(assert_done(merge(self, &scene, scene.joins, scene.stays)), "merged"), 0);
    assert_int_equal(
        integer_at(assert_done(merge(self, &scene, scene.stays, scene.stays)), "merged"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE person IS NOT NULL"), 2);
}

static void of_three_one_may_leave(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const third = customer(self, scene.shop, 3);

    merged(self, &scene);
    /* By any of them: the person's own one stays. */
    assert_text_at(assert_done(merge(self, &scene, scene.joins, third)), "subject", scene.stays);
    assert_int_equal(integer_at(assert_done(unmerge(self, &scene, third)), "unmerged"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE person IS NOT NULL"), 2);
    assert_int_equal(integer_at(assert_done(merge(self, &scene, scene.stays, third)), "merged"), 1);
    assert_int_equal(integer_at(assert_done(unmerge(self, &scene, scene.stays)), "unmerged"), 3);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE person IS NOT NULL"), 0);
}

static void two_persons_of_several_become_one(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const third = customer(self, scene.shop, 3);
    const char *const fourth = customer(self, scene.shop, 4);

    merged(self, &scene);
    assert_done(merge(self, &scene, third, fourth));
    assert_int_equal(integer_at(assert_done(merge(self, &scene, scene.stays, fourth)), "merged"),
                     2);
    assert_text_at(assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = third})),
                   "merged_into", scene.stays);
    assert_int_equal(sql_count(self, "SELECT count(DISTINCT person) FROM subject"), 1);
}

static void a_person_has_at_most_eight_records(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    merged(self, &scene);
    for (int i = 2; i < RECORDS_MAX; i++) {
        assert_done(merge(self, &scene, scene.stays, customer(self, scene.shop, i + 1)));
    }
    assert_refused(merge(self, &scene, scene.stays, customer(self, scene.shop, 20)), 409,
                   "conflict");
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.stays}));
}

static void what_is_no_pair_is_refused(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_refused(ask(self, (question){VELUM_VERB_SUBJECT_MERGE, scene.shop, .ref = scene.stays,
                                        .body = "{}"}),
                   400, "malformed-request");
    assert_refused(merge_with(self, &scene, scene.stays, "nobody", "x"), 400, "malformed-request");
    assert_refused(merge_with(self, &scene, "nobody", scene.stays, "x"), 400, "malformed-request");
    assert_refused(ask(self, (question){VELUM_VERB_SUBJECT_MERGE, scene.ads, .ref = scene.stays,
                                        .body = text_f(self, "{\"with\":\"%s\"}", scene.joins)}),
                   403, "action-not-allowed");
    assert_refused(unmerge_with(self, &scene, scene.stays, "x"), 409, "conflict");
    merged(self, &scene);
    assert_refused(
        ask(self, (question){VELUM_VERB_SUBJECT_UNMERGE, scene.shop, .ref = scene.stays}), 403,
        "approval-required");
    assert_refused(unmerge_with(self, &scene, scene.stays, approval_for(self, &scene, scene.joins)),
                   403, "approval-scope");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE person IS NOT NULL"), 2);
}

/* PIPL 45: access is to all of it, one record after the other. */
static void customers_see_each_of_their_records(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const token = customer_of(self, scene.stays);
    const question first = {VELUM_VERB_ME_READ, token, .body = ""};
    const question second = {VELUM_VERB_ME_READ, token, .body = "{\"record\":2}"};

    assert_null(value_at(assert_done(ask(self, first)), "records"));
    assert_refused(ask(self, second), 422, "invalid-value");
    merged(self, &scene);
    const reply *const own = assert_done(ask(self, first));
    const reply *const other = assert_done(ask(self, second));
    assert_int_equal(integer_at(own, "records"), 2);
    assert_int_equal(integer_at(other, "records"), 2);
    assert_string_not_equal(text_at(own, "subject"), text_at(other, "subject"));
    assert_non_null(value_at(other, "categories/0"));
    forget_refusals(self);
    assert_refused(ask(self, (question){VELUM_VERB_ME_READ, token, .body = "{\"record\":3}"}), 422,
                   "invalid-value");
    assert_refused(ask(self, (question){VELUM_VERB_ME_READ, token, .body = "{\"record\":0}"}), 400,
                   "malformed-request");
}

/* Whoever is one by mistake would be erased with somebody else: others agree to exactly these two. */
static void others_agree_to_exactly_these_two(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const third = customer(self, scene.shop, 3);
    const char *const id = link_for(self, &scene, scene.stays, scene.joins);

    assert_refused(ask(self, (question){VELUM_VERB_SUBJECT_MERGE, scene.shop, .ref = scene.stays,
                                        .body = text_f(self, "{\"with\":\"%s\"}", scene.joins)}),
                   403, "approval-required");
    assert_refused(merge_with(self, &scene, scene.stays, third, id), 403, "approval-scope");
    assert_refused(merge_with(self, &scene, scene.joins, scene.stays, id), 403, "approval-scope");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE person IS NOT NULL"), 0);
    assert_done(merge_with(self, &scene, scene.stays, scene.joins, id));
    assert_done(unmerge(self, &scene, scene.joins));
    assert_refused(merge_with(self, &scene, scene.stays, scene.joins, id), 403, "approval-used");
}

/* --- what is recorded and told ------------------------------------------------------------------ */

static void one_leaf_names_both(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry entry;

    merged(self, &scene);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_MERGE);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_MERGE);
    assert_int_equal(entry.subject_count, 1);
    assert_memory_not_equal(entry.subject_token, entry.subjects[0], ENTRY_TOKEN_BYTES);
    assert_done(unmerge(self, &scene, scene.stays));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_MERGE);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_UNMERGE);
    assert_int_equal(entry.subject_count, 1);
    assert_log_sound(self);
}

static const reply *told(place *self, const char *courier)
{
    return assert_done(
        ask(self, (question){VELUM_VERB_HOOK_NEXT, courier, .body = "{\"limit\":10}"}));
}

/* I-10 */
static void hooks_are_told_both_pseudonyms(void **state)
{
    place *const self = *state;

    change_policy(self,
                  (const char *const[]){
                      "crm: {domain: crm, events: [subject.erased, consent.changed]}",
                      "crm: {domain: shop, events: [subject.merged, subject.unmerged]}", NULL});
    const scene scene = scene_of(self);
    const char *const courier =
        token_of(self, (holder){"courier", NULL, "delivery", "delivery", "out", NULL});
    merged(self, &scene);
    const char *body = text_at(told(self, courier), "hooks/0/body");
    assert_non_null(strstr(body, "\"subject.merged\""));
    assert_non_null(
        strstr(body, text_f(self, "\"subject\":\"%s\",\"into\":\"%s\"", scene.joins, scene.stays)));
    assert_done(unmerge(self, &scene, scene.stays));
    body = text_at(told(self, courier), "hooks/0/body");
    assert_non_null(strstr(body, "\"subject.unmerged\""));
    assert_non_null(
        strstr(body, text_f(self, "\"subject\":\"%s\",\"from\":\"%s\"", scene.joins, scene.stays)));
}

/* A person is met once, not once a record. */
static void a_filter_gives_one_of_them(void **state)
{
    place *const self = *state;

    change_policy(
        self, (const char *const[]){"    actions: [filter, list]\\n    actors: [service, human]\\n",
                                    "    actions: [filter, list]\\n    actors: [service, human]\\n"
                                    "    knows-existence: true\\n",
                                    "    purpose: direct-marketing\\n    actions: [read]\\n",
                                    "    purpose: direct-marketing\\n    actions: [read]\\n"
                                    "    knows-existence: true\\n",
                                    NULL});
    const scene scene = scene_of(self);
    says(self, &scene, scene.stays, "given");
    says(self, &scene, scene.joins, "given");
    merged(self, &scene);
    const char *const audience = token_of(
        self, (holder){"audience", NULL, "marketing", "audience,direct-marketing", "shop", NULL});
    const reply *const found = assert_done(
        ask(self, (question){VELUM_VERB_FILTER, audience, .activity = "audience",
                             .body = text_f(self,
                                            "{\"for\":\"direct-marketing\",\"action\":\"read\","
                                            "\"refs\":[\"%s\",\"%s\"]}",
                                            scene.joins, scene.stays)}));
    assert_int_equal(json_count(value_at(found, "allowed")), 1);
    assert_text_at(found, "allowed/0", scene.stays);
    assert_int_equal(integer_at(found, "counts/refused/merged"), 1);
}

static void a_report_of_consents_counts_one_of_them(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    for (int i = 0; i < 2 * REPORTED; i += 2) {
        const char *const stays = customer(self, scene.shop, i + 10);
        const char *const joins = customer(self, scene.shop, i + 11);
        says(self, &scene, stays, "given");
        says(self, &scene, joins, "given");
        assert_done(merge(self, &scene, stays, joins));
    }
    const reply *const report = assert_done(ask(
        self, (question){VELUM_VERB_CONSENT_REPORT, .body = "{\"min_grade\":\"self-verified\","
                                                            "\"purpose\":\"direct-marketing\"}"}));
    assert_text_at(report, "purposes/0/lost", REPORTED_TEXT);
}

/* --- erasing ------------------------------------------------------------------------------------ */

static void a_request_erases_every_record(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const body = "{\"right\":\"delete\"}";

    merged(self, &scene);
    const reply *const asked =
        assert_done(ask(self, (question){VELUM_VERB_ME_REQUEST_CREATE,
                                         customer_of(self, scene.joins), .body = body}));
    const char *const id = text_at(asked, "request");
    assert_done(ask(self, (question){VELUM_VERB_REQUEST_DECIDE, .ref = id,
                                     .body = "{\"act\":\"approve\",\"version\":1}"}));
    place_set_clock(self, PLACE_EPOCH_NS + 8 * DAY_NS); /* past the cool-down */
    const reply *shown = NULL;
    for (int i = 0; i < POLLS_MAX; i++) {
        shown = assert_done(ask(self, (question){VELUM_VERB_REQUEST_SHOW, .ref = id}));
        if (strcmp(text_at(shown, "state"), "fulfilled") == 0) {
            break;
        }
        usleep(POLL_US);
    }
    assert_text_at(shown, "state", "fulfilled");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE status = 3"), 2);
    assert_log_sound(self);
}

/* R-3, I-6 */
static void the_person_is_erased_with_every_record(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const question erase = {VELUM_VERB_SUBJECT_ERASE, .ref = text_f(self, "shop:%s", scene.joins),
                            .body = "{}"};

    merged(self, &scene);
    const reply *const done = assert_done(ask(self, erase));
    assert_text_at(done, "also/0/subject", scene.stays);
    const char *const certificate = text_at(done, "also/0/certificate");
    assert_refused(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.stays}), 410,
                   "subject-erased");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE status = 3"), 2);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM certificate"), 2);
    assert_non_null(value_at(
        assert_done(ask(self, (question){VELUM_VERB_CERTIFICATE, .ref = certificate})), "proof"));
    place_reopen(self);
    assert_refused(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.joins}), 410,
                   "subject-erased");
    assert_log_sound(self);
}

/* GDPR 21(3): whoever comes back under any of their identifiers has objected. */
static void an_objection_outlives_every_record(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const third = customer(self, scene.shop, 3);

    assert_done(ask(self, (question){VELUM_VERB_ME_REQUEST_CREATE, customer_of(self, third),
                                     .body = "{\"right\":\"object-marketing\"}"}));
    merged(self, &scene);
    assert_done(merge(self, &scene, scene.stays, third));
    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_ERASE,
                                     .ref = text_f(self, "shop:%s", scene.stays), .body = "{}"}));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression"), 3);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM suppression WHERE scope & 2"), 3);
}

static void some_categories_are_those_of_one_record(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    merged(self, &scene);
    assert_done(
        ask(self, (question){VELUM_VERB_SUBJECT_ERASE, .ref = text_f(self, "shop:%s", scene.stays),
                             .body = "{\"categories\":[\"contact\"]}"}));
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.joins}));
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.shop, .ref = scene.stays}));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_consent_of_one_is_none_of_both),
        TEST(a_no_of_one_is_one_of_both),
        TEST(what_is_said_since_counts_for_both),
        TEST(a_consent_given_again_counts_for_both),
        TEST(withdrawing_all_withdraws_what_the_other_said),
        TEST(asking_takes_nothing_away),
        TEST(a_list_tells_what_counts),
        TEST(a_hold_of_one_keeps_both),
        TEST(a_record_that_cannot_be_opened_denies),
        TEST(an_older_row_parts_nobody),
        TEST(a_record_tells_which_one_stays),
        TEST(merging_again_changes_nothing),
        TEST(of_three_one_may_leave),
        TEST(two_persons_of_several_become_one),
        TEST(a_person_has_at_most_eight_records),
        TEST(what_is_no_pair_is_refused),
        TEST(others_agree_to_exactly_these_two),
        TEST(customers_see_each_of_their_records),
        TEST(one_leaf_names_both),
        TEST(hooks_are_told_both_pseudonyms),
        TEST(a_filter_gives_one_of_them),
        TEST(a_report_of_consents_counts_one_of_them),
        TEST(a_request_erases_every_record),
        TEST(the_person_is_erased_with_every_record),
        TEST(an_objection_outlives_every_record),
        TEST(some_categories_are_those_of_one_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
