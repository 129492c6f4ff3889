/* References of everybody, page by page, in the caller's domain, each page named in the log. */
#include "tests/core/support.h"

#include <string.h>

#include "base/fault.h"
#include "core/verbs.h"

static const char *lister(place *self, const char *name)
{
    return token_of(self, (holder){name, NULL, "marketing", "audience", "shop", NULL});
}

static const reply *page(place *self, const char *token, const char *members)
{
    return ask(self,
               (question){VELUM_VERB_SUBJECT_LIST, token, .body = text_f(self, "{%s}", members)});
}

/* `wanted` stands in exactly one page; how many there are in all. */
static uint32_t walk(place *self, const char *token, const char *wanted, uint32_t *out_found)
{
    const char *from = "";
    uint32_t count = 0;

    *out_found = 0;
    for (uint32_t i = 0; i < 100; i++) {
        const reply *const answer =
            assert_done(page(self, token, text_f(self, "\"limit\":3%s", from)));
        count += (uint32_t)json_count(value_at(answer, "subjects"));
        *out_found += list_has(answer, "subjects", wanted) ? 1 : 0;
        if (value_at(answer, "next") == NULL) {
            break;
        }
        from = text_f(self, ",\"from\":\"%s\"", text_at(answer, "next"));
    }
    return count;
}

/* The activity's purpose is a consent's: who has not given it is not listed. */
static void who_may_be_listed_is(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const token = lister(self, "lister");
    audit_entry entry;
    uint32_t found = 0;
    const uint32_t before = walk(self, token, "", &found);
    const char *const yes = person(self, shop, "13800000001", full_profile);
    const char *const no = person(self, shop, "13800000003", "{\"name\":\"CANARY\"}");

    consent(self, desk, yes, "direct-marketing", "given");
    assert_int_equal(walk(self, token, yes, &found), before + 1);
    assert_int_equal(found, 1);
    assert_int_equal(walk(self, token, no, &found), before + 1);
    assert_int_equal(found, 0);
    const reply *const answer = assert_done(page(self, token, "\"limit\":200"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_LISTING);
    assert_int_equal(entry.subject_count, json_count(value_at(answer, "subjects")));
    assert_int_equal(entry.record_count, entry.subject_count);
    assert_null(strstr(answer->body, "CANARY"));
    assert_log_sound(self);
}

static void an_erased_customer_is_not_listed(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const token = lister(self, "lister");
    const char *const ref = person(self, shop, "13800000001", full_profile);
    uint32_t found = 0;

    consent(self, desk_token(self), ref, "direct-marketing", "given");
    walk(self, token, ref, &found);
    assert_int_equal(found, 1);
    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_ERASE, .ref = text_f(self, "shop:%s", ref),
                                     .body = "{}"}));
    walk(self, token, ref, &found);
    assert_int_equal(found, 0);
}

/* Refs are the domain's: they stay when a credential's token is replaced and when the gate is opened
 * anew. */
static void refs_are_stable(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    uint32_t found = 0;

    consent(self, desk, ref, "direct-marketing", "given");
    walk(self, lister(self, "one"), ref, &found);
    assert_int_equal(found, 1);
    const reply *const rotated = assert_done(
        ask(self, (question){VELUM_VERB_CREDENTIAL_ROTATE, .body = "{\"name\":\"one\"}"}));
    const char *const next = text_f(self, "%s", text_at(rotated, "token"));
    walk(self, next, ref, &found);
    assert_int_equal(found, 1);
    place_reopen(self);
    walk(self, next, ref, &found);
    assert_int_equal(found, 1);
    walk(self, lister(self, "two"), ref, &found);
    assert_int_equal(found, 1);
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const members[] = {"\"limit\":0",     "\"limit\":201", "\"limit\":\"5\"",
                                          "\"from\":\"00\"", "\"from\":1",    "\"canary\":1"};
    place *const self = *state;
    const char *const token = lister(self, "lister");

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        assert_refused(page(self, token, members[i]), 400, "malformed-request");
    }
    const char *const care = care_token(self);
    assert_refused(page(self, care, ""), 403, "action-not-allowed");
}

/* I-1. */
static void without_the_journal_nothing_leaves(void **state)
{
    place *const self = *state;
    const char *const token = lister(self, "lister");
    const char *const ref = person(self, shop_token(self), "13800000001", full_profile);

    consent(self, desk_token(self), ref, "direct-marketing", "given");
    log_sync(self);
    fault_plan("sync:1:eio");
    const reply *const answer = page(self, token, "\"limit\":200");
    fault_plan(NULL);
    assert_refused(answer, 503, "unavailable");
    assert_null(strstr(answer->body, ref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_may_be_listed_is, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(an_erased_customer_is_not_listed, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(refs_are_stable, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(without_the_journal_nothing_leaves, place_set_up,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
