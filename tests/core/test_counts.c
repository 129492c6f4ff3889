/* tests/core/test_counts.c: aggregates over customers who agreed, told by the rule of small numbers, kept
 * for the day, and carried on from answer to answer. */
#include "tests/core/erasure_support.h"

#include <stdio.h>
#include <string.h>

#include "core/counts.h"
#include "core/rows.h"
#include "core/verbs.h"
#include "core/writer.h"

typedef struct town {
    place *place;
    const char *capture;
    const char *counts;
    const char *shop;
    const char *desk;
    uint32_t people;
} town;

static town begin(place *self)
{
    return (town){
        .place = self,
        .capture =
            token_of(self, (holder){"capture", NULL, "crm_module", "order-capture", "crm", NULL}),
        .counts =
            token_of(self, (holder){"figures", NULL, "crm_module", "sales-counts", "crm", NULL}),
        .shop = shop_token(self),
        .desk = desk_token(self),
    };
}

static const char *mobile_of(town *self, uint32_t number)
{
    return text_f(self->place, "139%08u", number);
}

/* One more order of somebody. */
static void order(town *self, uint32_t number, const char *store, const char *region, int amount)
{
    place *const at = self->place;
    static uint32_t orders;
    const reply *const found = assert_done(
        ask(at, (question){VELUM_VERB_LOOKUP, self->capture,
                           .body = text_f(at,
                                          "{\"identifier\":{\"type\":\"mobile\",\"value\":"
                                          "\"%s\"}}",
                                          mobile_of(self, number))}));

    assert_done(
        ask(at, (question){VELUM_VERB_ROW_PUT, self->capture, .ref = text_at(found, "subject"),
                           .body = text_f(at,
                                          "{\"table\":\"orders\",\"key\":\"K-%u\",\"fields\":{"
                                          "\"ordered_at\":\"2026-10-31T16:30:00Z\",\"store\":"
                                          "\"%s\",\"region\":\"%s\",\"amount\":%d}}",
                                          orders++, store, region, amount)}));
}

/* So many new customers with an order each. */
static uint32_t customers(town *self, uint32_t count, const char *store, const char *region,
                          bool agree)
{
    const uint32_t first = self->people;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t number = self->people++;
        const char *const ref =
            person(self->place, self->shop, mobile_of(self, number), full_profile);
        if (agree) {
            consent(self->place, self->desk, ref, "analytics", "given");
        }
        order(self, number, store, region, 10000);
    }
    return first;
}

static const reply *count(town *self)
{
    return ask(self->place, (question){VELUM_VERB_COUNTS, self->counts, .ref = "sales_by_store"});
}

static void next_day(place *self, uint32_t days)
{
    place_set_clock(self, PLACE_EPOCH_NS + (int64_t)days * DAY_NS);
}

/* The cell of these coordinates, NULL standing for a margin; NULL where it is not told. */
static const json_value *cell(const reply *answer, const char *region, const char *store,
                              const char *month)
{
    const json_value *const cells = value_at(answer, "cells");
    const char *const wanted[] = {region, store, month};
    static const char *const names[] = {"region", "store", "month"};

    for (size_t i = 0; i < json_count(cells); i++) {
        bool same = true;
        for (size_t d = 0; d < 3; d++) {
            const json_value *const value = json_member(json_at(cells, i), names[d]);
            same = same && (wanted[d] == NULL
                                ? value == NULL
                                : value != NULL && text_equal_literal(json_text(value), wanted[d]));
        }
        if (same) {
            return json_at(cells, i);
        }
    }
    return NULL;
}

static void assert_cell(const json_value *cell, int64_t customers, int64_t sum)
{
    assert_non_null(cell);
    assert_int_equal(json_integer(json_member(cell, "customers")), customers);
    assert_int_equal(json_integer(json_member(cell, "sum")), sum);
}

/* 52 in one store, 101 in another, in one region each; 4 in a third store of the second region. */
static void open_stores(town *self)
{
    customers(self, 52, "s01", "east", true);
    customers(self, 101, "s02", "west", true);
    customers(self, 4, "s03", "west", true);
    customers(self, 7, "s01", "east", false);
}

/* --- one answer --------------------------------------------------------------------------------- */

/* PIPL 73: what leaves tells of nobody. */
static void only_who_agreed_is_counted_and_few_are_not_told(void **state)
{
    town town = begin(*state);
    audit_entry entry;

    open_stores(&town);
    order(&town, 0, "s01", "east", 10000); /* the same customer twice is one */
    const reply *const done = assert_done(count(&town));
    assert_text_at(done, "count", "sales_by_store");
    assert_int_equal(integer_at(done, "k"), 10);
    assert_int_equal(integer_at(done, "rounded_to"), 5);
    assert_text_at(done, "dimensions/2", "month");
    /* local time: half past midnight of 1 November in China */
    assert_cell(cell(done, "east", "s01", "2026-11"), 50, 500000);
    assert_cell(cell(done, "east", NULL, NULL), 50, 500000);
    assert_cell(cell(done, NULL, NULL, NULL), 155, 1600000);
    assert_null(cell(done, "west", "s03", "2026-11"));
    assert_null(cell(done, NULL, "s03", NULL));
    assert_null(cell(done, "west", "s02", "2026-11")); /* the region's less this is the third */
    assert_null(strstr(done->body, "s03"));

    log_sync(town.place);
    log_last(town.place, &entry);
    assert_int_equal(entry.type, ENTRY_COUNTS);
    assert_int_equal(entry.record_count, 155);
    assert_int_not_equal(entry.resource, 0);
    assert_int_equal(entry.asked_count, 4);
    assert_int_equal(entry.released_count, 0);
    assert_int_equal(entry.decision, ENTRY_ALLOW);
    static const uint8_t nobody[ENTRY_TOKEN_BYTES] = {0};
    assert_memory_equal(entry.subject_token, nobody, sizeof(nobody));
    assert_log_sound(town.place);
}

static void a_withdrawal_counts_from_the_next_counting(void **state)
{
    town town = begin(*state);

    customers(&town, 60, "s01", "east", true);
    assert_cell(cell(assert_done(count(&town)), "east", "s01", NULL), 60, 600000);
    for (uint32_t i = 0; i < 30; i++) {
        consent(town.place, town.desk,
                person(town.place, town.shop, mobile_of(&town, i), full_profile), "analytics",
                "withdrawn");
    }
    assert_cell(cell(assert_done(count(&town)), "east", "s01", NULL), 60, 600000); /* kept */
    next_day(town.place, 1);
    assert_cell(cell(assert_done(count(&town)), "east", "s01", NULL), 30, 300000);
}

static void merge(town *self, uint32_t number, uint32_t with)
{
    place *const at = self->place;
    const char *const stays = person(at, self->shop, mobile_of(self, number), full_profile);
    const char *const joins = person(at, self->shop, mobile_of(self, with), full_profile);

    merge_records(at, self->shop, stays, joins);
}

/* Two records of one customer would make k of less than k. */
static void a_customer_of_two_records_is_one(void **state)
{
    town town = begin(*state);

    customers(&town, 60, "s01", "east", true);
    for (uint32_t i = 0; i < 30; i++) {
        merge(&town, 2 * i, 2 * i + 1);
    }
    assert_cell(cell(assert_done(count(&town)), "east", "s01", NULL), 30, 600000);
}

/* More rows than one page has: the last five, which are large, are in the sum. */
static void all_rows_of_a_customer_are_counted(void **state)
{
    town town = begin(*state);

    customers(&town, 60, "s01", "east", true);
    for (uint32_t i = 0; i < ROWS_AT_ONCE_MAX; i++) {
        order(&town, 0, "s01", "east", 100);
    }
    for (uint32_t i = 0; i < 5; i++) {
        order(&town, 0, "s01", "east", 30000);
    }
    assert_cell(cell(assert_done(count(&town)), "east", "s01", NULL), 60, 800000); /* 770,000 */
}

/* PIPL 28: what is sensitive is told of twenty customers or more. */
static void sensitive_fields_raise_k(void **state)
{
    (void)state;
    VELUM_AUTO_MEM bundle *policy = mem_alloc(sizeof(*policy));
    assert_non_null(policy);
    bundle_count count = {.dimensions = {0, 1}, .dimension_count = 2, .measure = 2, .k = 10};
    resource_field *const fields = policy->resources[0].fields;

    for (uint32_t i = 0; i < 3; i++) {
        fields[0].class = fields[1].class = fields[2].class = CLASS_PERSONAL;
        assert_int_equal(counts_k(policy, &count), 10);
        fields[i].class = CLASS_SENSITIVE;
        assert_int_equal(counts_k(policy, &count), 20);
    }
    count.measure = BUNDLE_NONE;
    assert_int_equal(counts_k(policy, &count), 10);
}

/* --- from answer to answer ------------------------------------------------------------------------ */

/* C-5: one customer more: the same numbers, the next day, too. (PIPL 73) */
static void one_customer_more_changes_nothing(void **state)
{
    town town = begin(*state);
    audit_entry entry;

    open_stores(&town);
    const reply *const first = assert_done(count(&town));
    const char *const at = text_at(first, "at");
    customers(&town, 1, "s01", "east", true);
    assert_string_equal(assert_done(count(&town))->body, first->body);
    log_sync(town.place);
    log_last(town.place, &entry);
    assert_int_equal(entry.record_count, 0); /* the kept one */

    next_day(town.place, 1);
    const reply *const second = assert_done(count(&town));
    assert_string_not_equal(text_at(second, "at"), at);
    assert_cell(cell(second, "east", "s01", "2026-11"), 50, 500000);
    assert_cell(cell(second, NULL, NULL, NULL), 155, 1550000);
    assert_null(cell(second, "west", "s02", "2026-11"));

    customers(&town, 30, "s01", "east", true);
    next_day(town.place, 2);
    const reply *const third = assert_done(count(&town));
    assert_cell(cell(third, "east", "s01", "2026-11"), 85, 850000);
    assert_cell(cell(third, NULL, NULL, NULL), 190, 1900000);
}

/* It holds nobody's data, so an erasure leaves it as it is. */
static void an_answer_outlives_a_restart_and_an_erasure(void **state)
{
    town town = begin(*state);

    open_stores(&town);
    const char *const first = text_f(town.place, "%s", assert_done(count(&town))->body);
    assert_done(
        erase(town.place, person(town.place, town.shop, mobile_of(&town, 3), full_profile), "{}"));
    place_reopen(town.place);
    assert_string_equal(assert_done(count(&town))->body, first);
}

/* Another purpose's customers are others, and the difference between two answers would be them. (PIPL 73) */
static void another_purpose_is_refused(void **state)
{
    place *const self = *state;
    town town = begin(self);

    open_stores(&town);
    assert_done(count(&town));
    change_policy(self,
                  (const char *const[]){"    purpose: analytics\\n    actions: [counts]",
                                        "    purpose: membership\\n    actions: [counts]", NULL});
    assert_refused(count(&town), 409, "small-numbers");
}

/* --- damaged -------------------------------------------------------------------------------------- */

/* I-3: a customer who cannot be read is not counted, in no part, and holds up nobody's count. */
static void damaged_customers_are_not_counted(void **state)
{
    place *const self = *state;
    town town = begin(self);

    customers(&town, 60, "s01", "east", true);
    for (uint32_t i = 0; i < 5; i++) {
        order(&town, i, "s01", "east", 20000);
    }
    sql_run(self, "UPDATE module_row SET version = version + 1 WHERE n > 60"); /* second ones */
    assert_cell(cell(assert_done(count(&town)), "east", "s01", NULL), 55, 550000);
}

/* --- refused -------------------------------------------------------------------------------------- */

static void what_is_not_declared_is_refused(void **state)
{
    place *const self = *state;
    town town = begin(self);

    assert_refused(ask(self, (question){VELUM_VERB_COUNTS, town.counts, .ref = "sales"}), 404,
                   "unknown-resource");
    assert_refused(ask(self, (question){VELUM_VERB_COUNTS, town.counts, .ref = NULL}), 400,
                   "malformed-request");
    assert_refused(ask(self, (question){VELUM_VERB_COUNTS, town.counts,
                                        .body = "{\"count\":\"sales_by_store\",\"by\":\"name\"}"}),
                   400, "malformed-request");
    assert_refused(ask(self, (question){VELUM_VERB_COUNTS, town.capture, .ref = "sales_by_store"}),
                   403, "action-not-allowed");
    assert_done(ask(self, (question){VELUM_VERB_COUNTS, town.counts,
                                     .body = "{\"count\":\"sales_by_store\"}"}));
}

/* Who sees the customers of one store only would see other numbers. */
static void who_sees_some_customers_is_refused(void **state)
{
    place *const self = *state;
    const char *const guide =
        token_of(self, (holder){"guide", "human", "store_guide", "sales-counts", "crm", "s01"});

    assert_refused(ask(self, (question){VELUM_VERB_COUNTS, guide, .ref = "sales_by_store"}), 409,
                   "small-numbers");
}

/* --- the kept answer's bytes ---------------------------------------------------------------------- */

static void bytes_that_are_not_ours_are_refused(void **state)
{
    (void)state;
    VELUM_AUTO(counts_table) *table = NULL;
    VELUM_AUTO_BUFFER bytes = {0};
    counts_kept kept = {.sum_base = 1000};
    publish_cell *told = NULL;
    uint32_t value = 0;

    buffer_init(&bytes, COUNTS_KEPT_BYTES_MAX);
    assert_int_equal(counts_table_create(1, &table), VELUM_OK);
    assert_int_equal(counts_table_value(table, 0, TEXT_LITERAL("east"), &value), VELUM_OK);
    assert_int_equal(
        counts_table_cell(table, (const uint32_t[PUBLISH_DIMENSIONS_MAX]){value}, &told), VELUM_OK);
    told->told = (publish_told){true, true, true, true, 120, -5000};
    assert_int_equal(counts_kept_encode(&kept, table, &bytes), VELUM_OK);
    for (size_t size = 0; size <= bytes.size; size++) {
        VELUM_AUTO(counts_table) *other = NULL;
        counts_kept back = {.sum_base = 0};
        assert_int_equal(counts_table_create(1, &other), VELUM_OK);
        const velum_status status = counts_kept_decode(bytes.data, size, &back, other);
        assert_int_equal(status, size == bytes.size ? VELUM_OK : VELUM_E_CORRUPT);
        if (status == VELUM_OK) {
            size_t count = 0;
            const publish_cell *const cells = counts_table_cells(other, &count);
            assert_int_equal(count, 1);
            assert_int_equal(back.sum_base, 1000);
            assert_memory_equal(&cells[0].before, &told->told, sizeof(publish_told));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_who_agreed_is_counted_and_few_are_not_told,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(a_withdrawal_counts_from_the_next_counting,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(a_customer_of_two_records_is_one, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(all_rows_of_a_customer_are_counted, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test(sensitive_fields_raise_k),
        cmocka_unit_test_setup_teardown(one_customer_more_changes_nothing, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_answer_outlives_a_restart_and_an_erasure,
                                        place_set_up_clock, place_tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_declared_is_refused, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(who_sees_some_customers_is_refused, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(damaged_customers_are_not_counted, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(another_purpose_is_refused, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test(bytes_that_are_not_ours_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
