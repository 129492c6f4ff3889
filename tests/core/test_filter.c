/* Which of many may be asked for: decided one by one, named in the log, refused ones counted. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "core/verbs.h"

#define ASKED "\"for\":\"direct-marketing\",\"action\":\"read\""
#define MANY 230

typedef struct cast {
    const char *shop;
    const char *desk;
    const char *audience;
} cast;

static cast cast_of(place *self)
{
    return (cast){
        .shop = shop_token(self),
        .desk = desk_token(self),
        .audience = token_of(self, (holder){"audience", NULL, "marketing",
                                            "audience,direct-marketing", "shop", NULL}),
    };
}

/* Both activities may tell why. */
static void tell_why(place *self)
{
    static const char *const changes[] = {
        "    actions: [filter, list]\\n    actors: [service, human]\\n",
        "    actions: [filter, list]\\n    actors: [service, human]\\n"
        "    knows-existence: true\\n",
        "    purpose: direct-marketing\\n    actions: [read]\\n",
        "    purpose: direct-marketing\\n    actions: [read]\\n    knows-existence: true\\n", NULL};

    change_policy(self, changes);
}

static const char *someone(place *self, const cast *all, uint32_t number, const char *store)
{
    return person(
        self, all->shop, text_f(self, "1380000%04u", number),
        text_f(self, "{\"name\":\"CANARY-%u\",\"city\":\"常州\",\"store\":\"%s\"}", number, store));
}

static const reply *filter_of(place *self, const cast *all, const char *members)
{
    return ask(self, (question){VELUM_VERB_FILTER, all->audience, "audience",
                                .body = text_f(self, "{%s}", members)});
}

/* --- decisions --------------------------------------------------------------------------------- */

static void who_may_be_read_is_allowed(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const yes = someone(self, &all, 1, "S001");
    const char *const no = someone(self, &all, 2, "S001");
    audit_entry entry;

    consent(self, all.desk, yes, "direct-marketing", "given");
    const reply *const answer = assert_done(
        filter_of(self, &all, text_f(self, ASKED ",\"refs\":[\"%s\",\"%s\",\"bogus\"]", yes, no)));
    assert_int_equal(json_count(value_at(answer, "allowed")), 1);
    assert_text_at(answer, "allowed/0", yes);
    assert_int_equal(integer_at(answer, "counts/allowed"), 1);
    assert_int_equal(integer_at(answer, "counts/refused"), 2);
    assert_null(value_at(answer, "next"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_FILTER);
    assert_int_equal(entry.subject_count, 1);
    assert_int_equal(entry.record_count, 1);
    assert_int_equal(input_of(&entry, INPUT_ALLOWED), 1);
    assert_int_equal(input_of(&entry, INPUT_REFUSED), 2);
    assert_int_equal(
        input_of(&entry, INPUT_ACTIVITY),
        world_number(self->gate->world, REGISTRY_ACTIVITY, TEXT_LITERAL("direct-marketing")));
    assert_null(strstr(answer->body, "CANARY"));
    assert_log_sound(self);
}

/* Where both activities may know that somebody exists, refusals are told by reason. */
static void reasons_are_counted(void **state)
{
    place *const self = *state;
    tell_why(self);
    const cast all = cast_of(self);
    const char *const never = someone(self, &all, 1, "S001");
    const char *const gone = someone(self, &all, 2, "S001");

    consent(self, all.desk, gone, "direct-marketing", "given");
    consent(self, all.desk, gone, "direct-marketing", "withdrawn");
    const reply *const answer = assert_done(filter_of(
        self, &all,
        text_f(self, ASKED ",\"refs\":[\"%s\",\"%s\",\"bogus\",\"%s\"]", never, gone, never)));
    assert_int_equal(json_count(value_at(answer, "allowed")), 0);
    assert_int_equal(integer_at(answer, "counts/refused/consent-missing"), 2);
    assert_int_equal(integer_at(answer, "counts/refused/consent-withdrawn"), 1);
    assert_int_equal(integer_at(answer, "counts/refused/unknown-subject"), 1);
}

/* I-8: with every consent withdrawn, one after another, the answer only shrinks. */
static void withdrawing_never_widens(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *refs[8];
    char list[512] = "";

    for (uint32_t i = 0; i < 8; i++) {
        refs[i] = someone(self, &all, i, "S001");
        consent(self, all.desk, refs[i], "direct-marketing", "given");
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s\"%s\"", i == 0 ? "" : ",",
                 refs[i]);
    }
    for (uint32_t gone = 0; gone <= 8; gone++) {
        const reply *const answer =
            assert_done(filter_of(self, &all, text_f(self, ASKED ",\"refs\":[%s]", list)));
        assert_int_equal(json_count(value_at(answer, "allowed")), 8 - gone);
        for (uint32_t i = 0; i < 8; i++) {
            assert_int_equal(list_has(answer, "allowed", refs[i]), i >= gone);
        }
        if (gone < 8) {
            consent(self, all.desk, refs[gone], "direct-marketing", "withdrawn");
        }
    }
}

/* I-7: what is asked about is held as well. */
static void the_other_activity_is_held(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const ref = someone(self, &all, 1, "S001");

    assert_refused(filter_of(self, &all,
                             text_f(self,
                                    "\"for\":\"analytics\",\"action\":\"read\",\"refs\":"
                                    "[\"%s\"]",
                                    ref)),
                   403, "activity-not-registered");
    forget_refusals(self);
    assert_refused(filter_of(self, &all,
                             text_f(self,
                                    "\"for\":\"CANARY\",\"action\":\"read\",\"refs\":"
                                    "[\"%s\"]",
                                    ref)),
                   403, "activity-not-registered");
    assert_refused(filter_of(self, &all,
                             text_f(self,
                                    ASKED ",\"fields\":[\"CANARY\"],"
                                          "\"refs\":[\"%s\"]",
                                    ref)),
                   400, "unknown-field");
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const members[] = {
        ASKED,
        ASKED ",\"refs\":[]",
        ASKED ",\"refs\":[1]",
        ASKED ",\"refs\":\"x\"",
        ASKED ",\"refs\":[\"x\"],\"segment\":{\"all\":true}",
        ASKED ",\"refs\":[\"x\"],\"limit\":10",
        ASKED ",\"refs\":[\"x\"],\"canary\":1",
        ASKED ",\"segment\":{}",
        ASKED ",\"segment\":{\"all\":true},\"limit\":0",
        ASKED ",\"segment\":{\"all\":true},\"limit\":1001",
        ASKED ",\"segment\":{\"all\":true},\"from\":\"zz\"",
        ASKED ",\"table\":\"orders\",\"refs\":[\"x\"]",
        "\"for\":\"direct-marketing\",\"action\":\"erase\",\"refs\":[\"x\"]",
        "\"for\":\"direct-marketing\",\"refs\":[\"x\"]",
    };
    place *const self = *state;
    const cast all = cast_of(self);

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        assert_refused(filter_of(self, &all, members[i]), 400, "malformed-request");
    }
    assert_refused(filter_of(self, &all, ASKED ",\"segment\":{\"all\":true,\"store\":\"S1\"}"), 422,
                   "invalid-value");
}

/* --- segments and pages ------------------------------------------------------------------------ */

static void make_many(place *self, const cast *all)
{
    for (uint32_t i = 0; i < MANY; i++) {
        const char *const ref = someone(self, all, i, i % 10 == 0 ? "S002" : "S001");
        if (i % 2 == 0) {
            consent(self, all->desk, ref, "direct-marketing", "given");
        }
    }
}

static uint32_t walk(place *self, const cast *all, const char *segment, uint32_t limit)
{
    uint32_t allowed = 0;
    const char *from = "";

    for (uint32_t page = 0; page < MANY; page++) {
        const reply *const answer = assert_done(filter_of(
            self, all,
            text_f(self, ASKED ",\"segment\":{%s},\"limit\":%u%s", segment, limit, from)));
        allowed += (uint32_t)json_count(value_at(answer, "allowed"));
        if (value_at(answer, "next") == NULL) {
            return allowed;
        }
        from = text_f(self, ",\"from\":\"%s\"", text_at(answer, "next"));
    }
    return UINT32_MAX;
}

static void a_segment_comes_in_pages(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    make_many(self, &all);
    const uint32_t every = walk(self, &all, "\"all\":true", 1000);
    assert_true(every >= MANY / 2); /* the sample's own customers besides */
    assert_int_equal(walk(self, &all, "\"all\":true", 7), every);
    assert_int_equal(walk(self, &all, "\"store\":\"S002\"", 50), MANY / 10);
    assert_int_equal(walk(self, &all, "\"store\":\"CANARY\"", 100), 0);
    assert_log_sound(self);
}

/* More than a leaf holds: each names its share, the others point to the first. */
static void leaves_name_everybody(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    audit_entry last;
    audit_entry before;
    uint8_t first_id[ENTRY_TOKEN_BYTES];

    for (uint32_t i = 0; i < MANY; i++) {
        consent(self, all.desk, someone(self, &all, i, "S009"), "direct-marketing", "given");
    }
    const uint64_t size = log_size(self);
    const reply *const answer =
        assert_done(filter_of(self, &all, ASKED ",\"segment\":{\"store\":\"S009\"}"));
    assert_int_equal(integer_at(answer, "counts/allowed"), MANY);
    log_sync(self);
    assert_int_equal(log_size(self), size + 2);
    log_at(self, size, &before);
    assert_int_equal(before.subject_count, ENTRY_SUBJECTS_MAX);
    assert_int_equal(before.record_count, MANY);
    memcpy(first_id, before.event_id, sizeof first_id);
    log_last(self, &last);
    assert_int_equal(last.type, ENTRY_FILTER);
    assert_int_equal(last.subject_count, MANY - ENTRY_SUBJECTS_MAX);
    assert_memory_equal(last.related, first_id, sizeof first_id);
    assert_log_sound(self);
}

/* V-1: a cursor is nobody's id, and serves its caller and its query alone. */
static void a_cursor_is_bound(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    cast other = all;

    make_many(self, &all);
    const char *const next =
        text_at(assert_done(filter_of(self, &all, ASKED ",\"segment\":{\"all\":true},\"limit\":5")),
                "next");
    const char *const again =
        text_at(assert_done(filter_of(self, &all, ASKED ",\"segment\":{\"all\":true},\"limit\":5")),
                "next");
    assert_int_equal(strlen(next), 112);
    assert_string_not_equal(next, again); /* the same place, sealed anew */
    other.audience = token_of(
        self, (holder){"other", NULL, "marketing", "audience,direct-marketing", "shop", NULL});
    const char *const with =
        text_f(self, ASKED ",\"segment\":{\"all\":true},\"limit\":5,\"from\":\"%s\"", next);
    assert_done(filter_of(self, &all, with));
    assert_refused(filter_of(self, &other, with), 400, "malformed-request");
    assert_refused(filter_of(self, &all,
                             text_f(self,
                                    ASKED ",\"segment\":{\"store\":\"S001\"},\"limit\":5,"
                                          "\"from\":\"%s\"",
                                    next)),
                   400, "malformed-request");
    assert_refused(
        filter_of(self, &all,
                  text_f(self, ASKED ",\"segment\":{\"all\":true},\"from\":\"%s\"", next)),
        400, "malformed-request"); /* else whole pages could begin anywhere */
    place_reopen(self);
    assert_done(filter_of(self, &all, with));
}

/* I-8: pages of one customer each, under one segment and another, tell nobody's attributes who is not
 * allowed. */
static void a_small_page_counts_nobody_refused(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);

    (void)someone(self, &all, 1, "S077"); /* who agreed to nothing */
    const reply *answer =
        assert_done(filter_of(self, &all, ASKED ",\"segment\":{\"store\":\"S077\"}"));
    assert_int_equal(integer_at(answer, "counts/refused"), 1);
    answer =
        assert_done(filter_of(self, &all, ASKED ",\"segment\":{\"store\":\"S077\"},\"limit\":999"));
    assert_int_equal(integer_at(answer, "counts/allowed"), 0);
    assert_null(value_at(answer, "counts/refused"));
}

/* --- the record -------------------------------------------------------------------------------- */

/* I-1: what the journal does not take does not leave. */
static void without_the_journal_nothing_leaves(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const ref = someone(self, &all, 1, "S001");

    consent(self, all.desk, ref, "direct-marketing", "given");
    log_sync(self);
    fault_plan("sync:1:eio");
    const reply *const answer =
        filter_of(self, &all, text_f(self, ASKED ",\"refs\":[\"%s\"]", ref));
    fault_plan(NULL);
    assert_refused(answer, 503, "unavailable");
    assert_null(strstr(answer->body, ref));
}

/* I-9: a customer who changes between decision and record is decided anew. */
static void damaged_rows_are_refused(void **state)
{
    place *const self = *state;
    const cast all = cast_of(self);
    const char *const ref = someone(self, &all, 1, "S077");

    consent(self, all.desk, ref, "direct-marketing", "given");
    sql_run(self, "UPDATE subject SET state_version = state_version + 1");
    const reply *const answer =
        assert_done(filter_of(self, &all, text_f(self, ASKED ",\"refs\":[\"%s\"]", ref)));
    assert_int_equal(integer_at(answer, "counts/allowed"), 0);
    assert_int_equal(integer_at(answer, "counts/refused"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_may_be_read_is_allowed, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(reasons_are_counted, place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(withdrawing_never_widens, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(the_other_activity_is_held, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_segment_comes_in_pages, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(a_small_page_counts_nobody_refused, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(leaves_name_everybody, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(a_cursor_is_bound, place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(without_the_journal_nothing_leaves, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(damaged_rows_are_refused, place_set_up, place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
