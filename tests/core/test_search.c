/* Candidates by several exact values: few, masked, decided, named in the log, and not too often. */
#include "tests/core/support.h"

#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "core/verbs.h"

static const char *search_token(place *self, const char *name, const char *role)
{
    return token_of(self, (holder){name, NULL, role, "customer-search", "shop", NULL});
}

static const char *resident(place *self, const char *shop, uint32_t number, const char *name,
                            const char *city)
{
    return person(self, shop, text_f(self, "1390000%04u", number),
                  text_f(self, "{\"name\":\"%s\",\"city\":\"%s\",\"mobile\":\"1390000%04u\"}", name,
                         city, number));
}

static const reply *search(place *self, const char *token, const char *criteria)
{
    return ask(self, (question){VELUM_VERB_SEARCH, token,
                                .body = text_f(self, "{\"criteria\":{%s}}", criteria)});
}

static int64_t rows(place *self)
{
    return sql_count(self, "SELECT count(*) FROM search_index");
}

/* --- finding ----------------------------------------------------------------------------------- */

static void two_values_find_a_masked_candidate(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = search_token(self, "search", "customer_service");
    const char *const wanted = resident(self, shop, 1, "Zoe Quill", "Lhasa");
    audit_entry entry;

    resident(self, shop, 2, "Zoe Quill", "Yulin");
    resident(self, shop, 3, "Zoe Quilt", "Lhasa");
    const reply *const answer =
        assert_done(search(self, desk, "\"name\":\" zoe QUILL\",\"city\":\"lhasa\\t\""));
    assert_int_equal(json_count(value_at(answer, "candidates")), 1);
    assert_text_at(answer, "candidates/0/subject", wanted);
    assert_text_at(answer, "candidates/0/fields/name", "Zoe Quill");
    assert_text_at(answer, "candidates/0/fields/mobile", "139****0001");
    assert_true(list_has(answer, "candidates/0/masked", "mobile"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_SEARCH);
    assert_int_equal(entry.subject_count, 1);
    assert_int_equal(input_of(&entry, INPUT_CRITERIA), 2);
    assert_true(entry.released_count >= 3);

    const reply *const none =
        assert_done(search(self, desk, "\"name\":\"Zoe\",\"city\":\"Lhasa\""));
    assert_int_equal(json_count(value_at(none, "candidates")), 0);
    log_last(self, &entry);
    assert_int_equal(entry.subject_count, 0);
    assert_log_sound(self);
}

static void more_than_five_are_too_many(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = search_token(self, "search", "customer_service");

    for (uint32_t i = 0; i < 5; i++) {
        resident(self, shop, i, "Zoe Quill", "Lhasa");
    }
    const char *const criteria = "\"name\":\"Zoe Quill\",\"city\":\"Lhasa\"";
    assert_int_equal(json_count(value_at(assert_done(search(self, desk, criteria)), "candidates")),
                     5);
    resident(self, shop, 5, "Zoe Quill", "Lhasa");
    const reply *const answer = assert_refused(search(self, desk, criteria), 422, "too-many-match");
    assert_null(value_at(answer, "candidates"));
    assert_null(strstr(answer->body, "Quill"));
}

/* A match tells the value that was searched by, so who may not see that one is shown nobody. */
static void what_may_not_be_seen_cannot_be_searched_by(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const guide = search_token(self, "guide", "analyst"); /* sees no name */

    resident(self, shop, 1, "Zoe Quill", "Lhasa");
    assert_refused(search(self, guide, "\"name\":\"Zoe Quill\",\"city\":\"Lhasa\""), 403,
                   "no-field-allowed");
    const char *const desk = search_token(self, "search", "customer_service");
    assert_refused(search(self, desk, "\"name\":\"Zoe Quill\",\"id_card\":\"x\""), 403,
                   "no-field-allowed");
    assert_refused(search(self, desk, "\"name\":\"Zoe Quill\",\"mobile\":\"x\""), 422,
                   "invalid-value");
    assert_refused(search(self, desk, "\"name\":\"Zoe Quill\",\"CANARY\":\"x\""), 400,
                   "unknown-field");
}

/* Children, restrictions and whatever else refuses a read refuse a candidate. */
static void a_candidate_is_decided(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = search_token(self, "search", "customer_service");

    person(self, shop, "13800000002", child_profile);
    const reply *const answer =
        assert_done(search(self, desk, "\"name\":\"李小华\",\"city\":\"常州\""));
    assert_int_equal(json_count(value_at(answer, "candidates")), 0);
}

static void what_is_malformed_is_refused(void **state)
{
    static const char nine[] = "\"name\":\"x\",\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\","
                               "\"e\":\"\",\"f\":\"\",\"g\":\"\",\"h\":\"\"";
    static const char *const criteria[] = {"", "\"name\":\"x\"", nine};
    place *const self = *state;
    const char *const desk = search_token(self, "search", "customer_service");

    for (size_t i = 0; i < sizeof criteria / sizeof criteria[0]; i++) {
        assert_refused(search(self, desk, criteria[i]), 400, "malformed-request");
    }
    assert_refused(search(self, desk, "\"name\":\" \",\"city\":\"x\""), 422, "invalid-value");
    assert_refused(search(self, desk, "\"name\":1,\"city\":\"x\""), 422, "invalid-value");
}

/* --- the share --------------------------------------------------------------------------------- */

static void a_share_is_used_up_and_said_once(void **state)
{
    place *const self = *state;
    const char *const desk = search_token(self, "search", "customer_service");
    const char *const other = search_token(self, "other", "customer_service");
    audit_entry entry;

    for (uint32_t i = 0; i < QUOTA_A_MINUTE; i++) {
        assert_done(search(self, desk, text_f(self, "\"name\":\"a%u\",\"city\":\"x\"", i)));
    }
    assert_refused(search(self, desk, "\"name\":\"b\",\"city\":\"x\""), 429, "quota");
    const uint64_t size = log_size(self);
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "quota");
    assert_refused(search(self, desk, "\"name\":\"c\",\"city\":\"x\""), 429, "rate-limited");
    assert_int_equal(log_size(self), size);
    assert_done(search(self, other, "\"name\":\"b\",\"city\":\"x\""));
}

/* --- the index --------------------------------------------------------------------------------- */

static void the_index_follows_the_values(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = search_token(self, "search", "customer_service");
    const int64_t before = rows(self);
    const char *const ref = resident(self, shop, 1, "Zoe Quill", "Lhasa");
    const char *const old = "\"name\":\"Zoe Quill\",\"city\":\"Lhasa\"";

    assert_int_equal(rows(self), before + 2);
    assert_done(ask(
        self, (question){VELUM_VERB_PATCH, shop, .ref = ref, .body = "{\"name\":\"Zoe Plume\"}"}));
    assert_int_equal(rows(self), before + 2);
    assert_int_equal(json_count(value_at(assert_done(search(self, desk, old)), "candidates")), 0);
    assert_int_equal(json_count(value_at(assert_done(search(self, desk,
                                                            "\"name\":\"Zoe Plume\","
                                                            "\"city\":\"Lhasa\"")),
                                         "candidates")),
                     1);
    assert_done(
        ask(self, (question){VELUM_VERB_PATCH, shop, .ref = ref, .body = "{\"city\":null}"}));
    assert_int_equal(rows(self), before + 1);
    resident(self, shop, 1, "Zoe Plume", "Lhasa"); /* merged */
    assert_int_equal(rows(self), before + 2);
}

/* What becomes searchable later is indexed with the next write, be it of the same value. */
static void a_field_becomes_searchable(void **state)
{
    static const char *const changes[] = {"searchable: [name, city]",
                                          "searchable: [name, city, member_level]", NULL};
    place *const self = *state;
    const char *const shop = shop_token(self);
    const int64_t before = rows(self);
    const char profile[] = "{\"name\":\"Zoe Quill\",\"member_level\":\"gold\"}";

    person(self, shop, "13900000001", profile);
    assert_int_equal(rows(self), before + 1);
    change_policy(self, changes);
    person(self, shop, "13900000001", profile);
    assert_int_equal(rows(self), before + 2);
    person(self, shop, "13900000001", profile);
    assert_int_equal(rows(self), before + 2);
}

/* I-6. */
static void erasure_takes_the_index(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = search_token(self, "search", "customer_service");
    const int64_t before = rows(self);
    const char *const ref = resident(self, shop, 1, "Zoe Quill", "Lhasa");

    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_ERASE, .ref = text_f(self, "shop:%s", ref),
                                     .body = "{}"}));
    assert_int_equal(rows(self), before);
    assert_int_equal(
        json_count(
            value_at(assert_done(search(self, desk, "\"name\":\"Zoe Quill\",\"city\":\"Lhasa\"")),
                     "candidates")),
        0);
}

/* A hash is no proof: a row that points to somebody else finds nobody. */
static void a_hash_is_confirmed_on_the_value(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = search_token(self, "search", "customer_service");

    resident(self, shop, 1, "Zoe Quill", "Lhasa");
    const char *const other = resident(self, shop, 2, "Ann Other", "Lhasa");
    sql_run(self, "UPDATE search_index SET hash = (SELECT hash FROM search_index a WHERE"
                  " a.field = search_index.field AND a.subject = (SELECT subject FROM subject"
                  " ORDER BY rowid DESC LIMIT 1 OFFSET 1)) WHERE subject = (SELECT subject FROM"
                  " subject ORDER BY rowid DESC LIMIT 1)");
    const reply *const answer =
        assert_done(search(self, desk, "\"name\":\"Zoe Quill\",\"city\":\"Lhasa\""));
    assert_int_equal(json_count(value_at(answer, "candidates")), 1);
    assert_string_not_equal(text_at(answer, "candidates/0/subject"), other);
}

/* I-1. */
static void without_the_journal_nothing_leaves(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = search_token(self, "search", "customer_service");

    resident(self, shop, 1, "Zoe Quill", "Lhasa");
    log_sync(self);
    fault_plan("sync:1:eio");
    const reply *const answer = search(self, desk, "\"name\":\"Zoe Quill\",\"city\":\"Lhasa\"");
    fault_plan(NULL);
    assert_refused(answer, 503, "unavailable");
    assert_null(strstr(answer->body, "Quill"));
}

/* I-8: a match tells the whole value, so it is not told of one that is masked. */
static void a_masked_value_is_not_confirmed(void **state)
{
    place *const self = *state;
    const char *const desk = search_token(self, "search", "customer_service");
    static const char asked[] = "\"name\":\"Zoe Quill\",\"city\":\"Lhasa\"";

    resident(self, shop_token(self), 1, "Zoe Quill", "Lhasa");
    const reply *const answer = assert_done(search(self, desk, asked));
    assert_int_equal(json_count(value_at(answer, "candidates")), 1);
    change_policy(self, (const char *const[]){"clear: [name, city, member_level, orders",
                                              "clear: [name, member_level, orders",
                                              "mask: [mobile, email, birthday]",
                                              "mask: [mobile, email, birthday, city]", NULL});
    assert_refused(search(self, desk, asked), 403, "no-field-allowed");
    assert_log_sound(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_masked_value_is_not_confirmed, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(two_values_find_a_masked_candidate, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(more_than_five_are_too_many, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(what_may_not_be_seen_cannot_be_searched_by, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_candidate_is_decided, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_share_is_used_up_and_said_once, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(the_index_follows_the_values, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_field_becomes_searchable, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(erasure_takes_the_index, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(a_hash_is_confirmed_on_the_value, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(without_the_journal_nothing_leaves, place_set_up,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
