/* The Nth statement, write, sync or allocation fails under a request: the answer is right or a
 * failure, a customer is whole or absent, nothing is disclosed without its leaf (I-1, I-9).
 */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"

#ifdef VELUM_TEST_SEAMS

#define ROUNDS_MAX 3000

/* What every test has at hand. */
typedef struct scene {
    place *place;
    const char *shop;
    const char *care;
    const char *desk;
    const char *ref;
} scene;

static scene scene_of(place *self)
{
    scene made = {self, shop_token(self), care_token(self), desk_token(self), NULL};

    made.ref = person(self, made.shop, "13800000001", full_profile);
    log_sync(self);
    return made;
}

/* Asks under a plan; 0 when the call itself failed for want of memory. */
static int32_t ask_under(place *self, const char *plan, const question *asked, bool *out_hit,
                         const reply **out)
{
    const char *const colon = strchr(plan, ':');
    const unsigned long number = strtoul(colon + 1, NULL, 10);
    fault_kind kind = plan[0] == 'a' ? FAULT_ALLOC : plan[0] == 'w' ? FAULT_WRITE : FAULT_SQL;

    kind = strncmp(plan, "sync", 4) == 0 ? FAULT_SYNC : kind;
    forget_refusals(self);
    fault_plan(plan);
    const velum_status status = try_ask(self, asked, out);
    *out_hit = fault_count(kind) >= number;
    fault_plan(NULL);
    if (status < 0) {
        assert_int_equal(status, VELUM_E_NOMEM);
        return 0;
    }
    return (*out)->status;
}

static const reply *read_all(place *self, const scene *scene, const char *ref)
{
    return ask(self, (question){VELUM_VERB_READ, .token = scene->shop, .ref = ref});
}

/* Whether the customer of this mobile is there, and then with all that was sent. */
static bool is_whole(place *self, const scene *scene, const char *mobile)
{
    forget_refusals(self);
    const reply *found = ask(
        self,
        (question){VELUM_VERB_LOOKUP, .token = scene->shop,
                   .body = text_f(self, "{\"identifier\":{\"type\":\"mobile\",\"value\":\"%s\"}}",
                                  mobile)});
    if (found->status == 404) {
        return false;
    }
    const reply *seen = assert_done(read_all(self, scene, text_at(assert_done(found), "subject")));
    assert_text_at(seen, "fields/name", "王小明");
    assert_text_at(seen, "fields/city", "常州");
    assert_text_at(seen, "fields/address", "常州市天宁区青龙街道1号");
    assert_text_at(seen, "fields/mobile", "13800000001");
    return true;
}

/* Upserts of new customers while the Nth of a kind fails; each is whole or absent after. */
static void upsert_under_all(place *self, const char *kind, bool reopen)
{
    const scene scene = scene_of(self);
    bool hit = true;
    int failures = 0;

    for (int n = 1; hit && n < ROUNDS_MAX; n++) {
        char mobile[16];
        const reply *answer = NULL;
        snprintf(mobile, sizeof mobile, "139%08d", n);
        const question asked = {
            VELUM_VERB_UPSERT, .token = scene.shop,
            .body = text_f(self,
                           "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"%s\"}],"
                           "\"profile\":%s}",
                           mobile, full_profile)};
        const int32_t status =
            ask_under(self, text_f(self, "%s:%d:eio", kind, n), &asked, &hit, &answer);
        if (status != 200 && status != 503 && status != 0) {
            fail_msg("%s:%d: %d %s", kind, n, status, answer->body);
        }
        failures += status == 200 ? 0 : 1;
        if (reopen) {
            place_reopen(self);
        }
        const bool whole = is_whole(self, &scene, mobile);
        if (status == 200 && !whole) {
            fail_msg("%s:%d: acknowledged and lost", kind, n);
        }
    }
    assert_false(hit);
    assert_true(failures > 0);
    place_reopen(self);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"),
                     sql_count(self, "SELECT count(*) FROM blind_index"));
    assert_log_sound(self);
}

static void an_upsert_whose_statements_fail(void **state)
{
    upsert_under_all(*state, "sql", true);
}

static void an_upsert_whose_statements_fail_without_a_restart(void **state)
{
    upsert_under_all(*state, "sql", false);
}

static void an_upsert_whose_writes_fail(void **state)
{
    upsert_under_all(*state, "write", true);
}

static void an_upsert_whose_syncs_fail(void **state)
{
    upsert_under_all(*state, "sync", true);
}

static void an_upsert_without_memory(void **state)
{
    upsert_under_all(*state, "alloc", false);
}

/* --- reads ------------------------------------------------------------------------------------ */

static void read_under_all(place *self, const char *kind)
{
    const scene scene = scene_of(self);
    const question asked = {VELUM_VERB_READ, .token = scene.care, .ref = scene.ref};
    bool hit = true;
    int failures = 0;

    for (int n = 1; hit && n < ROUNDS_MAX; n++) {
        const reply *answer = NULL;
        if (n % 4 == 0) {
            place_reopen(self); /* past the cache now and then */
        }
        const int32_t status =
            ask_under(self, text_f(self, "%s:%d:eio", kind, n), &asked, &hit, &answer);
        hit = hit || n % 4 != 3;
        failures += status == 200 ? 0 : 1;
        if (status == 200) {
            assert_non_null(strstr(answer->body, "138****0001"));
            assert_null(strstr(answer->body, "320402199005060018"));
            continue;
        }
        if (status != 0 && status != 503 && status != 500) {
            fail_msg("%s:%d: %d %s", kind, n, status, answer->body);
        }
        assert_true(answer == NULL || strstr(answer->body, "常州") == NULL);
    }
    assert_false(hit);
    assert_true(failures > 0);
    assert_done(ask(self, asked));
    assert_log_sound(self);
}

static void a_read_without_memory(void **state)
{
    read_under_all(*state, "alloc");
}

/* A gate that could be opened works, whatever its opening had to do without. */
static void an_opening_without_memory(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    bool hit = true;
    int failures = 0;

    for (unsigned long n = 1; hit; n += 73) { /* of some 7,000 allocations */
        velum_error err = {.text = ""};
        place_close(self);
        fault_plan(text_f(self, "alloc:%lu:eio", n));
        const velum_status status = place_try_open(self, &err);
        hit = fault_count(FAULT_ALLOC) >= n;
        fault_plan(NULL);
        if (status < 0) {
            failures++;
            place_open(self);
        }
        assert_done(read_all(self, &scene, scene.ref));
    }
    assert_true(failures > 0);
}

/* Neither begins a thread that has no room for its work and could tell nobody. */
static void an_appender_and_a_writer_without_memory(void **state)
{
    place *const self = *state;
    velum_status of_appender = VELUM_E_NOMEM;
    velum_status of_writer = VELUM_E_NOMEM;

    for (int n = 1; of_appender < 0 || of_writer < 0; n++) {
        appender our_appender;
        writer our_writer;
        const char *const plan = text_f(self, "alloc:%d:eio", n);
        fault_plan(plan);
        of_appender = appender_start(&our_appender, self->gate, 0);
        appender_stop(&our_appender);
        assert_int_equal(of_appender, n <= 1 ? VELUM_E_NOMEM : VELUM_OK);
        fault_plan(plan);
        of_writer = writer_start(&our_writer, self->gate, 0);
        writer_stop(&our_writer);
        assert_int_equal(of_writer, n <= 2 ? VELUM_E_NOMEM : VELUM_OK);
    }
    fault_plan(NULL);
}

static void a_read_whose_statements_fail(void **state)
{
    read_under_all(*state, "sql");
}

/* --- consents --------------------------------------------------------------------------------- */

/* Withdrawals under failure: acknowledged is withdrawn, and no read then shows otherwise. */
static void consent_under_all(place *self, const char *kind)
{
    const scene scene = scene_of(self);
    bool hit = true;

    for (int n = 1; hit && n < ROUNDS_MAX; n++) {
        const reply *answer = NULL;
        consent(self, scene.desk, scene.ref, "direct-marketing", "given");
        const question asked = {VELUM_VERB_CONSENT_PUT, .token = scene.desk, .ref = scene.ref,
                                .body = "{\"purpose\":\"direct-marketing\","
                                        "\"state\":\"withdrawn\"}"};
        const int32_t status =
            ask_under(self, text_f(self, "%s:%d:eio", kind, n), &asked, &hit, &answer);
        if (status != 200 && status != 503 && status != 500 && status != 0) {
            fail_msg("%s:%d: %d %s", kind, n, status, answer->body);
        }
        const reply *now = assert_done(
            ask(self, (question){VELUM_VERB_CONSENT_LIST, .token = scene.desk, .ref = scene.ref}));
        if (status == 200) {
            assert_text_at(now, "consents/0/state", "withdrawn");
        }
    }
    assert_false(hit);
    place_reopen(self);
    assert_done(
        ask(self, (question){VELUM_VERB_CONSENT_LIST, .token = scene.desk, .ref = scene.ref}));
    assert_log_sound(self);
}

static void a_consent_without_memory(void **state)
{
    consent_under_all(*state, "alloc");
}

static void a_consent_whose_statements_fail(void **state)
{
    consent_under_all(*state, "sql");
}

/* --- the journal ------------------------------------------------------------------------------ */

/* No leaf, no disclosure; when the disk is back, so are the answers. */
static void a_journal_that_cannot_be_written_withholds(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const char *const plans[] = {"write:1+:eio", "write:1+:enospc"};
    const question asked = {VELUM_VERB_READ, .token = scene.shop, .ref = scene.ref};

    assert_done(ask(self, asked)); /* in the cache from here */
    for (size_t i = 0; i < 2; i++) {
        const reply *answer = NULL;
        const uint64_t before = journal_size(self->gate->journal);
        forget_refusals(self);
        fault_plan(plans[i]);
        assert_int_equal(try_ask(self, &asked, &answer), VELUM_OK);
        assert_int_equal(answer->status, 503);
        assert_null(strstr(answer->body, "常州"));
        assert_int_equal(try_ask(self,
                                 &(question){VELUM_VERB_READ, .token = scene.shop, .ref = scene.ref,
                                             .fields = "email"},
                                 &answer),
                         VELUM_OK);
        assert_int_equal(answer->status, 503); /* a refusal leaves only after its leaf, too */
        assert_int_equal(journal_size(self->gate->journal), before);
        fault_plan(NULL);
        /* That refusal has no record, so the next is the first again: recorded, not 429 (I-1). */
        assert_int_equal(try_ask(self,
                                 &(question){VELUM_VERB_READ, .token = scene.shop, .ref = scene.ref,
                                             .fields = "email"},
                                 &answer),
                         VELUM_OK);
        assert_int_equal(answer->status, 403);
        assert_done(ask(self, asked));
    }
    assert_log_sound(self);
}

/* J-5: after a failed sync nothing is appended until a restart. */
static void a_journal_that_cannot_be_synced_withholds_until_a_restart(void **state)
{
    place *const self = *state;
    const scene scene = scene_of(self);
    const question asked = {VELUM_VERB_READ, .token = scene.shop, .ref = scene.ref};
    const char *reason = NULL;

    assert_done(ask(self, asked));
    fault_plan("sync:1:eio");
    assert_refused(ask(self, asked), 503, "unavailable");
    fault_plan(NULL);
    const reply *after = assert_refused(ask(self, asked), 503, "unavailable");
    assert_null(strstr(after->body, "常州"));
    assert_refused(ask(self, (question){VELUM_VERB_UPSERT, .token = scene.shop,
                                        .body = "{\"identifiers\":[{\"type\":\"mobile\","
                                                "\"value\":\"13800000077\"}]}"}),
                   503, "unavailable");
    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_E_UNAVAILABLE);
    assert_string_equal(reason, "journal-unwritable");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    place_reopen(self);
    assert_done(ask(self, asked));
    assert_int_equal(velum_gate_health(self->gate, &reason), VELUM_OK);
    assert_log_sound(self);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_upsert_whose_statements_fail),
        TEST(an_upsert_whose_statements_fail_without_a_restart),
        TEST(an_upsert_whose_writes_fail),
        TEST(an_upsert_whose_syncs_fail),
        TEST(an_upsert_without_memory),
        TEST(a_read_without_memory),
        TEST(an_opening_without_memory),
        TEST(an_appender_and_a_writer_without_memory),
        TEST(a_read_whose_statements_fail),
        TEST(a_consent_without_memory),
        TEST(a_consent_whose_statements_fail),
        TEST(a_journal_that_cannot_be_written_withholds),
        TEST(a_journal_that_cannot_be_synced_withholds_until_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 77;
}

#endif
