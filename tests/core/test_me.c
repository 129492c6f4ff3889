/* Customers see what is held, who looked, and the proof of it; nothing of anybody else. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/log_reader.h"
#include "core/verbs.h"

typedef struct scene {
    const char *shop;
    const char *care;
    const char *ref;
    const char *me;
} scene;

static scene scene_of(place *self)
{
    scene made = {.shop = shop_token(self), .care = care_token(self)};

    made.ref = person(self, made.shop, "13800000001", full_profile);
    made.me = customer_of(self, made.ref);
    return made;
}

static const reply *own(place *self, const scene *scene, const char *body)
{
    return ask(self, (question){VELUM_VERB_ME_READ, scene->me, .body = body});
}

static const reply *accesses(place *self, const scene *scene, const char *body)
{
    return assert_done(ask(self, (question){VELUM_VERB_ME_ACCESSES, scene->me, .body = body}));
}

static const reply *proof(place *self, const scene *scene, int64_t index)
{
    return ask(self, (question){VELUM_VERB_ME_PROOF, scene->me,
                                .ref = text_f(self, "%lld", (long long)index)});
}

static size_t count_at(const reply *answer, const char *path)
{
    return json_count(value_at(answer, path));
}

/* The index of the first access of that activity in the list. */
static int find_access(const reply *answer, const char *activity)
{
    char path[64];

    for (size_t i = 0; i < count_at(answer, "accesses"); i++) {
        snprintf(path, sizeof path, "accesses/%zu/activity", i);
        if (strcmp(text_at(answer, path), activity) == 0) {
            return (int)i;
        }
    }
    fail_msg("no %s: %s", activity, answer->body);
    return -1;
}

/* --- what is held (PIPL 45, GDPR 15) ----------------------------------------------------------- */

/* PIPL 45, GDPR 15: in categories, as the policy sorts them. */
static void what_is_held_comes_by_category(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry entry;

    const reply *all = assert_done(own(self, &scene, NULL));
    assert_int_equal(count_at(all, "categories"), 4);
    assert_text_at(all, "categories/1/category", "contact");
    assert_text_at(all, "categories/1/title_en", "Contact details");
    assert_text_at(all, "categories/1/fields/mobile", "13800000001");
    assert_text_at(all, "decision/activity", "self-service");
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_READ);
    assert_int_equal(entry.asked_count,
                     21); /* with those of the tables, of which there are no rows */
    assert_int_equal(entry.released_count, 9);
}

static void only_what_is_named_is_opened(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry entry;

    const reply *some = assert_done(own(self, &scene, "{\"category\":\"contact,profile\"}"));
    assert_int_equal(count_at(some, "categories"), 2);
    assert_text_at(some, "categories/0/category", "profile");
    assert_null(strstr(some->body, "6222020200112233"));
    log_last(self, &entry);
    assert_int_equal(entry.asked_count, 6);
    assert_int_equal(entry.released_count, 6);
    assert_refused(own(self, &scene, "{\"category\":\"contact,shoes\"}"), 400, "unknown-field");
    assert_refused(own(self, &scene, "{\"category\":[\"contact\"]}"), 400, "malformed-request");
    assert_refused(own(self, &scene, "{\"categories\":\"contact\"}"), 400, "malformed-request");
}

/* --- who looked -------------------------------------------------------------------------------- */

/* PIPL 45, GDPR 15(1)(c) */
static void who_looked_is_shown_newest_first(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_done(ask(
        self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref, .fields = "name,mobile"}));
    const reply *seen = accesses(self, &scene, NULL);
    assert_text_at(seen, "accesses/0/activity", "customer-care");
    assert_text_at(seen, "accesses/0/type", "read");
    assert_text_at(seen, "accesses/0/role", "customer_service");
    assert_text_at(seen, "accesses/0/purpose", "customer-care");
    assert_text_at(seen, "accesses/0/title_en", "Customer care");
    assert_text_at(seen, "accesses/0/decision", "partial");
    assert_true(list_has(seen, "accesses/0/fields", "mobile"));
    assert_true(list_has(seen, "accesses/0/masked", "mobile"));
    assert_false(list_has(seen, "accesses/0/fields", "address"));
    assert_text_at(seen, "accesses/1/activity", "administration"); /* the customer's token */
    assert_text_at(seen, "accesses/2/type", "upsert");
    assert_true(list_has(seen, "accesses/2/fields", "bank_card"));
    assert_int_equal(count_at(seen, "accesses"), 3);
    assert_null(value_at(seen, "next"));
}

/* L-3: a name of the house never appears, nor does a token. */
static void staff_appear_by_role(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const guide = token_of(
        self, (holder){"zhang-wei", "human", "store_guide", "customer-care", "shop", "S001"});
    const char *const other = token_of(
        self, (holder){"li-na", "human", "customer_service", "customer-care", "shop", "S009"});

    assert_done(ask(self, (question){VELUM_VERB_READ, guide, .ref = scene.ref}));
    assert_done(ask(self, (question){VELUM_VERB_READ, other, .ref = scene.ref}));
    const reply *seen = accesses(self, &scene, NULL);
    assert_text_at(seen, "accesses/1/role", "store_guide");
    assert_text_at(seen, "accesses/1/store", "own");
    assert_text_at(seen, "accesses/0/role", "customer_service");
    assert_null(value_at(seen, "accesses/0/store"));
    static const char *const never[] = {"zhang-wei", "li-na", "token\":", "S001", "S009"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        assert_null(strstr(seen->body, never[i]));
    }
}

static void own_acts_and_the_reading_itself_are_there(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    audit_entry entry;

    assert_done(own(self, &scene, NULL));
    assert_done(ask(self, (question){VELUM_VERB_ME_CONSENT_PUT, scene.me,
                                     .body = "{\"purpose\":\"analytics\",\"state\":\"given\"}"}));
    accesses(self, &scene, NULL);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_ACCESS_LOG);
    assert_int_equal(entry.record_count, 4);
    assert_memory_equal(entry.actor_token, entry.subject_token, ENTRY_TOKEN_BYTES);
    const reply *seen = accesses(self, &scene, NULL);
    assert_text_at(seen, "accesses/0/type", "access-log");
    assert_text_at(seen, "accesses/1/type", "consent");
    assert_text_at(seen, "accesses/2/type", "read");
    for (int i = 0; i < 3; i++) {
        assert_true(json_bool(value_at(seen, text_f(self, "accesses/%d/self", i))));
        assert_text_at(seen, text_f(self, "accesses/%d/role", i), "customer");
    }
    assert_null(value_at(seen, "accesses/3/self"));
}

static void refusals_are_shown(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);

    assert_refused(ask(self, (question){VELUM_VERB_READ, marketing_token(self), .ref = scene.ref}),
                   404, "not-found");
    const reply *seen = accesses(self, &scene, NULL);
    assert_text_at(seen, "accesses/0/decision", "deny");
    assert_text_at(seen, "accesses/0/reason", "consent-missing");
    assert_null(value_at(seen, "accesses/0/fields"));
}

static void nobody_elses_are_shown(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    struct scene other = scene;

    other.ref = person(self, scene.shop, "13800000002", "{\"name\":\"赵六\"}");
    other.me = customer_of(self, other.ref);
    for (int i = 0; i < 5; i++) {
        assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    }
    const reply *seen = accesses(self, &other, NULL);
    assert_int_equal(count_at(seen, "accesses"), 2);
}

static void pages_meet_without_a_gap(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    int64_t last = INT64_MAX;
    size_t found = 0;
    const char *body = "{\"limit\":3}";

    for (int i = 0; i < 8; i++) {
        assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    }
    const size_t all = count_at(accesses(self, &scene, NULL), "accesses");
    for (int page = 0; page < 8; page++) {
        const reply *seen = accesses(self, &scene, body);
        for (size_t i = 0; i < count_at(seen, "accesses"); i++) {
            const int64_t index = integer_at(seen, text_f(self, "accesses/%zu/index", i));
            assert_true(index < last);
            last = index;
            found++;
        }
        if (value_at(seen, "next") == NULL) {
            break;
        }
        body = text_f(self, "{\"limit\":3,\"from\":%lld}", (long long)integer_at(seen, "next"));
    }
    assert_int_equal(found, all + 1); /* and the first look at the list */
    static const char *const wrong[] = {"{\"limit\":0}", "{\"limit\":201}", "{\"limit\":\"3\"}",
                                        "{\"from\":-1}", "{\"since\":1}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_refused(ask(self, (question){VELUM_VERB_ME_ACCESSES, scene.me, .body = wrong[i]}),
                       400, "malformed-request");
    }
    assert_int_equal(count_at(accesses(self, &scene, "{\"from\":0}"), "accesses"), 0);
    assert_true(count_at(accesses(self, &scene, "{\"from\":9000000}"), "accesses") > 0);
}

static void a_token_of_another_month_is_known(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    place_set_clock(self, PLACE_EPOCH_NS + 40 * DAY_NS);
    scene.me = customer_of(self, scene.ref);
    const reply *seen = accesses(self, &scene, NULL);
    assert_int_equal(find_access(seen, "customer-care"), 1);
}

/* --- what the activity shows (spec: requests) --------------------------------------------------- */

#define CARE \
    "purpose: customer-care\\n    actions: [lookup, read, rows-read]\\n    actors: [service, human]"

static const reply *seen_under(place *self, const scene *scene, const char *visible)
{
    change_policy(
        self, (const char *const[]){CARE, text_f(self, CARE "\\n    visible: %s", visible), NULL});
    return accesses(self, scene, NULL);
}

static void an_activity_says_what_is_shown(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    const int64_t index = integer_at(accesses(self, &scene, NULL), "accesses/0/index");
    assert_done(proof(self, &scene, index));

    const reply *role = seen_under(self, &scene, "role");
    const int at = (int)count_at(role, "accesses") - 1; /* behind what is shown in full */
    assert_text_at(role, text_f(self, "accesses/%d/role", at), "customer_service");
    assert_text_at(role, text_f(self, "accesses/%d/day", at), "2026-11-21");
    assert_text_at(role, text_f(self, "accesses/%d/purpose", at), "customer-care");
    static const char *const hidden[] = {"index", "id", "at", "fields", "activity"};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        assert_null(value_at(role, text_f(self, "accesses/%d/%s", at, hidden[i])));
    }
    assert_refused(proof(self, &scene, index), 404, "not-found");

    const reply *never = seen_under(self, &scene, "{never: fraud-investigation}");
    assert_null(strstr(never->body, "customer_service"));
    assert_text_at(never, "withheld/0/reason", "fraud-investigation");
    assert_int_equal(integer_at(never, "withheld/0/count"), 1);
    assert_int_equal(count_at(never, "withheld"), 1);
    forget_refusals(self);
    assert_refused(proof(self, &scene, index), 404, "not-found");

    const reply *early = seen_under(self, &scene, "{delayed: 30}");
    assert_null(strstr(early->body, "customer_service"));
    assert_int_equal(count_at(early, "withheld"), 0);
    forget_refusals(self);
    assert_refused(proof(self, &scene, index), 404, "not-found");
    place_set_clock(self, PLACE_EPOCH_NS + 30 * DAY_NS);
    scene.me = customer_of(self, scene.ref);
    const reply *late = accesses(self, &scene, NULL);
    assert_int_equal(
        integer_at(late, text_f(self, "accesses/%d/index", find_access(late, "customer-care"))),
        index);
    assert_done(proof(self, &scene, index));
}

/* L-4: what is shown by role says neither when it was nor where it stands: not by the order among own
 * acts, not by `next`, and not by asking for one page after another. */
static void no_page_says_where_a_hidden_look_was(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);
    size_t briefs = 0;
    size_t pages = 0;
    const char *body = "{\"limit\":1}";

    change_policy(self, (const char *const[]){CARE, CARE "\\n    visible: role", NULL});
    assert_done(own(self, &scene, NULL));
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    log_sync(self);
    const int64_t hidden = (int64_t)log_size(self) - 1;
    assert_done(own(self, &scene, NULL));
    const reply *seen = accesses(self, &scene, NULL);
    const size_t count = count_at(seen, "accesses");
    assert_null(value_at(seen, text_f(self, "accesses/%zu/index", count - 1))); /* behind all */
    assert_text_at(seen, text_f(self, "accesses/%zu/role", count - 1), "customer_service");
    for (int64_t next = 1; next != 0 && pages < 32; pages++) {
        seen = accesses(self, &scene, body);
        for (size_t i = 0; i < count_at(seen, "accesses"); i++) {
            const bool is_brief = value_at(seen, text_f(self, "accesses/%zu/index", i)) == NULL;
            briefs += is_brief ? 1 : 0;
            assert_true(!is_brief || pages == 0); /* of the whole file, at once */
        }
        next = value_at(seen, "next") == NULL ? 0 : integer_at(seen, "next");
        assert_int_not_equal(next, hidden);
        body = text_f(self, "{\"limit\":1,\"from\":%lld}", (long long)next);
    }
    assert_true(pages > 3);
    assert_int_equal(briefs, 1);
    for (int64_t from = hidden - 1; from <= hidden + 2; from++) {
        seen = accesses(self, &scene, text_f(self, "{\"from\":%lld}", (long long)from));
        assert_null(strstr(seen->body, "customer_service"));
    }
}

/* The same of what is never shown: a count of the whole, whatever page is asked for. */
static void no_page_counts_a_part(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    change_policy(self, (const char *const[]){
                            CARE, CARE "\\n    visible: {never: fraud-investigation}", NULL});
    for (int i = 0; i < 3; i++) {
        assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
        assert_done(own(self, &scene, NULL));
    }
    log_sync(self);
    const int64_t size = (int64_t)log_size(self);
    const reply *one = accesses(self, &scene, "{\"limit\":1}");
    assert_int_equal(integer_at(one, "withheld/0/count"), 3);
    for (int64_t from = 1; from < size; from++) {
        const reply *part =
            accesses(self, &scene, text_f(self, "{\"from\":%lld}", (long long)from));
        assert_int_equal(count_at(part, "withheld"), 0);
    }
}

/* What is shown by role is told once for each day, purpose and role. */
static void looks_by_role_are_counted_by_day(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    change_policy(self, (const char *const[]){CARE, CARE "\\n    visible: role", NULL});
    for (int i = 0; i < 3; i++) {
        assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    }
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    scene.me = customer_of(self, scene.ref);
    const reply *seen = accesses(self, &scene, NULL);
    const size_t end = count_at(seen, "accesses");
    assert_text_at(seen, text_f(self, "accesses/%zu/day", end - 2), "2026-11-22");
    assert_int_equal(integer_at(seen, text_f(self, "accesses/%zu/count", end - 2)), 1);
    assert_text_at(seen, text_f(self, "accesses/%zu/day", end - 1), "2026-11-21");
    assert_int_equal(integer_at(seen, text_f(self, "accesses/%zu/count", end - 1)), 3);
}

/* --- how many look at a time ------------------------------------------------------------------- */

/* L-5: nobody slows the house down by asking for their log again and again. */
static void two_walks_at_a_time(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const question list = {.verb = VELUM_VERB_ME_ACCESSES, .token = scene.me};

    const int64_t index = integer_at(accesses(self, &scene, NULL), "accesses/0/index");
    atomic_store(&self->gate->own_scans, 2); /* as if two were under way */
    log_sync(self);
    const uint64_t size = log_size(self);
    assert_refused(ask(self, list), 503, "unavailable");
    assert_refused(proof(self, &scene, index), 503, "unavailable");
    assert_int_equal(log_size(self), size); /* counted, not recorded */
    assert_int_equal(atomic_load(&self->gate->own_scans), 2);
    assert_done(own(self, &scene, NULL)); /* what takes no walk goes on */
    atomic_store(&self->gate->own_scans, 1);
    assert_done(ask(self, list));
    assert_done(proof(self, &scene, index));
    assert_int_equal(atomic_load(&self->gate->own_scans), 1);
    atomic_store(&self->gate->own_scans, 0);
    assert_refused(proof(self, &scene, 0), 404, "not-found"); /* a refusal is over as well */
    assert_int_equal(atomic_load(&self->gate->own_scans), 0);
}

/* --- many at once ------------------------------------------------------------------------------ */

static void import_rows(place *self, const char *city)
{
    assert_done(ask(
        self,
        (question){VELUM_VERB_IMPORT,
                   .body = text_f(self,
                                  "{\"source\":\"crm\",\"rows\":[{\"line\":1,\"identifiers\":[{"
                                  "\"type\":\"mobile\",\"value\":\"13800000001\"}],\"profile\":{"
                                  "\"city\":\"%s\"}},{\"line\":2,\"identifiers\":[{\"type\":"
                                  "\"mobile\",\"value\":\"13800000009\"}]}]}",
                                  city)}));
}

static void many_at_once_are_grouped_by_day(void **state)
{
    place *const self = *state;
    scene scene = scene_of(self);

    import_rows(self, "北京");
    import_rows(self, "天津");
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    import_rows(self, "重庆");
    scene.me = customer_of(self, scene.ref);
    const reply *seen = accesses(self, &scene, NULL);
    assert_int_equal(count_at(seen, "grouped"), 2);
    assert_text_at(seen, "grouped/0/day", "2026-11-22");
    assert_int_equal(integer_at(seen, "grouped/0/count"), 1);
    assert_text_at(seen, "grouped/1/day", "2026-11-21");
    assert_text_at(seen, "grouped/1/activity", "import");
    assert_int_equal(integer_at(seen, "grouped/1/count"), 2);
    const int64_t index = integer_at(seen, "grouped/1/indexes/0");
    const reply *proven = assert_done(proof(self, &scene, index));
    assert_true(strlen(text_at(proven, "proof")) > 0);
    assert_null(value_at(proven, "leaf")); /* it names others */
}

/* --- proof ------------------------------------------------------------------------------------- */

/* PIPL 45 */
static void an_own_access_is_proven(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    uint8_t leaf[4096];
    size_t size = 0;
    uint64_t index = 0;

    assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = scene.ref}));
    const int64_t wanted = integer_at(accesses(self, &scene, NULL), "accesses/0/index");
    const reply *proven = assert_done(proof(self, &scene, wanted));
    assert_int_equal(integer_at(proven, "index"), wanted);
    assert_int_equal(base64_decode(text_of(text_at(proven, "leaf")), leaf, sizeof leaf, &size),
                     VELUM_OK);
    assert_int_equal(log_proof_check(text_of(text_at(proven, "proof")), leaf, size,
                                     text_of(self->verifier_key), &index),
                     VELUM_OK);
    assert_int_equal(index, wanted);
    leaf[size - 1] ^= 1;
    assert_true(log_proof_check(text_of(text_at(proven, "proof")), leaf, size,
                                text_of(self->verifier_key), &index) < 0);
}

/* Anybody else's, of nobody, and none at all answer alike. */
static void nothing_else_is_proven(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const other = person(self, scene.shop, "13800000002", "{\"name\":\"赵六\"}");

    assert_done(ask(self, (question){VELUM_VERB_READ, scene.care, .ref = other}));
    log_sync(self);
    const int64_t size = (int64_t)log_size(self);
    const reply *elses = assert_refused(proof(self, &scene, size - 1), 404, "not-found");
    forget_refusals(self);
    const reply *nobodys = assert_refused(proof(self, &scene, 0), 404, "not-found");
    forget_refusals(self);
    const reply *none = assert_refused(proof(self, &scene, size + 1000), 404, "not-found");
    assert_string_equal(text_at(elses, "title"), text_at(none, "title"));
    assert_string_equal(text_at(nobodys, "title"), text_at(none, "title"));
    assert_int_equal(json_count(json_root(elses->json)), json_count(json_root(none->json)));
    static const char *const wrong[] = {"-1", "x", "01", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_refused(ask(self, (question){VELUM_VERB_ME_PROOF, scene.me, .ref = wrong[i]}), 400,
                       "malformed-request");
    }
    assert_refused(ask(self, (question){VELUM_VERB_ME_PROOF, scene.shop, .ref = "0"}), 403,
                   "actor-kind");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_held_comes_by_category),
        TEST(only_what_is_named_is_opened),
        TEST(who_looked_is_shown_newest_first),
        TEST(staff_appear_by_role),
        TEST(own_acts_and_the_reading_itself_are_there),
        TEST(refusals_are_shown),
        TEST(nobody_elses_are_shown),
        TEST(pages_meet_without_a_gap),
        TEST(a_token_of_another_month_is_known),
        TEST(an_activity_says_what_is_shown),
        TEST(no_page_says_where_a_hidden_look_was),
        TEST(no_page_counts_a_part),
        TEST(looks_by_role_are_counted_by_day),
        TEST(two_walks_at_a_time),
        TEST(many_at_once_are_grouped_by_day),
        TEST(an_own_access_is_proven),
        TEST(nothing_else_is_proven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
