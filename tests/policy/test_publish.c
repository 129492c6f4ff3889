/* What leaves of a table of counts: known tables, rounding, dominance, limits, two answers compared.
 * With --tables SEED COUNT it prints tables by lot for test_publish_solve.py, which attacks them. */
#include "policy/publish.h"

#include "tests/policy/fixture.h"
#include "tests/policy/publish_tables.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define TRIALS 400

static publish_cell cell_of(uint32_t row, uint32_t column, uint64_t customers)
{
    return (publish_cell){.at = {row, column},
                          .customers = customers,
                          .sum = (int64_t)customers * 100,
                          .weight = customers * 100,
                          .largest = customers > 0 ? 100 : 0};
}

static publish_table table_of(publish_cell *cells, size_t count, uint32_t rows, uint32_t columns)
{
    return (publish_table){.dimension_count = columns > 0 ? 2 : 1,
                           .value_counts = {rows, columns},
                           .cells = cells,
                           .cell_count = count,
                           .k = 10,
                           .dominance_percent = 50};
}

/* --- one answer --------------------------------------------------------------------------------- */

/* PIPL 73: what leaves tells of nobody. */
static void test_numbers_are_rounded_to_five(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 128), cell_of(1, 0, 10), cell_of(2, 0, 12),
                            cell_of(3, 0, 13), cell_of(4, 0, 93)};
    const uint64_t wanted[] = {130, 10, 10, 15, 95};
    publish_table table = table_of(cells, 5, 4, 0);

    assert_int_equal(publish(&table), VELUM_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_true(cells[i].told.has_customers);
        assert_int_equal(cells[i].told.customers, wanted[i]);
        assert_false(cells[i].told.has_sum);
    }
}

/* C-1, C-2: the small one, and the least of the others, since the whole less the rest is the small one. (PIPL 73) */
static void test_a_small_cell_takes_a_partner_along(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 153), cell_of(1, 0, 3), cell_of(2, 0, 50),
                            cell_of(3, 0, 100)};
    publish_table table = table_of(cells, 4, 3, 0);

    assert_int_equal(publish(&table), VELUM_OK);
    assert_true(cells[0].told.has_customers);
    assert_false(cells[1].told.has_customers);
    assert_false(cells[2].told.has_customers);
    assert_true(cells[3].told.has_customers);
}

/* A partner that is known to be large enough in itself but has no room does not do. */
static void test_a_partner_has_room(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 106), cell_of(1, 0, 3), cell_of(2, 0, 3),
                            cell_of(3, 0, 100)};
    publish_table table = table_of(cells, 4, 3, 0);

    assert_int_equal(publish(&table), VELUM_OK); /* 3 + 3: each is at most 5 */
    assert_true(cells[0].told.has_customers);
    assert_false(cells[3].told.has_customers);
}

/* A margin of one cell is that cell. */
static void test_a_lone_cell_takes_its_margins_along(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 4), cell_of(1, 0, 4)};
    publish_table table = table_of(cells, 2, 1, 0);

    assert_int_equal(publish(&table), VELUM_OK);
    assert_false(cells[0].told.has_customers);
    assert_false(cells[1].told.has_customers);
}

/* Stores lie in one region each: what the region hides, the store's margin does not tell. (PIPL 73) */
static void test_a_hierarchy_in_the_data_gives_nothing_away(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 150), cell_of(1, 0, 70), cell_of(2, 0, 80),
                            cell_of(1, 1, 4),   cell_of(0, 1, 4),  cell_of(1, 2, 66),
                            cell_of(0, 2, 66),  cell_of(2, 3, 80), cell_of(0, 3, 80)};
    publish_table table = table_of(cells, 9, 2, 3);

    assert_int_equal(publish(&table), VELUM_OK);
    assert_true(cells[0].told.has_customers);
    for (size_t i = 3; i < 7; i++) {
        assert_false(cells[i].told.has_customers);
    }
    assert_true(cells[7].told.has_customers);
}

/* C-3: the number of customers is told, the sum is not, and another one's neither. (PIPL 73) */
static void test_a_sum_that_one_customer_dominates_is_not_told(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 90), cell_of(1, 0, 30), cell_of(2, 0, 30),
                            cell_of(3, 0, 30)};
    publish_table table = table_of(cells, 4, 3, 0);
    table.has_measure = true;
    for (size_t i = 0; i < 2; i++) {
        cells[i].sum += 4000;
        cells[i].weight += 4000;
        cells[i].largest = 4100;
    }

    assert_int_equal(publish(&table), VELUM_OK);
    assert_true(cells[1].told.has_customers);
    assert_false(cells[1].told.has_sum); /* 4100 of 7000 */
    assert_true(cells[2].told.has_customers);
    assert_false(cells[2].told.has_sum);
    assert_true(cells[0].told.has_sum); /* 4100 of 13000 */
    assert_true(cells[3].told.has_sum);
    assert_int_equal(table.sum_base, 1000); /* 5 × 144.4, the next round number */
    assert_int_equal(cells[0].told.sum, 13000);
    assert_int_equal(cells[3].told.sum, 3000);
}

/* C-4: of a table that is hidden whole nothing is told by what sums would be rounded to. */
static void test_nothing_told_has_no_base(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 4), cell_of(1, 0, 4)};
    publish_table table = table_of(cells, 2, 1, 0);
    table.has_measure = true;

    assert_int_equal(publish(&table), VELUM_OK);
    assert_int_equal(table.sum_base, 0);
}

/* PIPL 73: what leaves tells of nobody. */
static void test_k_has_a_floor(void **state)
{
    (void)state;
    assert_int_equal(publish_k(0, false), 5);
    assert_int_equal(publish_k(10, false), 10);
    assert_int_equal(publish_k(10, true), 20);
    assert_int_equal(publish_k(50, true), 50);
}

static void test_limits_and_mistakes(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 20), cell_of(1, 0, 20), cell_of(1, 0, 20)};
    publish_table table = table_of(cells, 3, 1, 0);

    assert_int_equal(publish(&table), VELUM_E_INVALID); /* twice the same place */
    table.cell_count = 2;
    cells[0].customers = 19;
    assert_int_equal(publish(&table), VELUM_E_INVALID); /* a margin with fewer */
    cells[0].customers = 20;
    table.k = PUBLISH_K_MIN - 1;
    assert_int_equal(publish(&table), VELUM_E_INVALID);
    table.k = 10;
    table.value_counts[0] = PUBLISH_VALUES_MAX + 1;
    assert_int_equal(publish(&table), VELUM_E_LIMIT);
    table.dimension_count = 2;
    table.value_counts[0] = table.value_counts[1] = PUBLISH_VALUES_MAX;
    assert_int_equal(publish(&table), VELUM_E_LIMIT);
    table.dimension_count = 1;
    cells[0].sum = PUBLISH_SUM_MAX + 1;
    assert_int_equal(publish(&table), VELUM_E_LIMIT);
    table.cell_count = 1;
    cells[0] = cell_of(1, 0, 20);
    table.value_counts[0] = 1;
    assert_int_equal(publish(&table), VELUM_E_INVALID); /* no margin */
    table.cell_count = 0;
    assert_int_equal(publish(&table), VELUM_OK);
}

/* --- by lot ------------------------------------------------------------------------------------- */

static uint64_t largest_told(const tally *tally)
{
    uint64_t largest = 0;

    for (size_t i = 0; i < tally->table.cell_count; i++) {
        const publish_cell *const cell = &tally->cells[i];
        largest = cell->told.has_sum && cell->customers > largest ? cell->customers : largest;
    }
    return largest;
}

static void assert_told_is_rounded(const tally *tally)
{
    const publish_table *const table = &tally->table;

    for (size_t i = 0; i < table->cell_count; i++) {
        const publish_cell *const cell = &tally->cells[i];
        const publish_told *const told = &cell->told;
        assert_true(!told->has_sum || told->has_customers);
        if (!told->is_fresh) {
            continue;
        }
        assert_true(cell->customers >= table->k); /* C-1 */
        assert_int_equal(told->customers % PUBLISH_ROUNDED_TO, 0);
        assert_true(llabs((long long)told->customers - (long long)cell->customers) <= 2);
        if (told->has_sum && !cell->before.has_sum) {
            assert_int_equal(llabs(told->sum) % (long long)table->sum_base, 0);
            assert_true(2 * (uint64_t)llabs(told->sum - cell->sum) <= table->sum_base);
            assert_true(cell->largest * 100 <= cell->weight * table->dominance_percent);
            assert_true(table->sum_base * cell->customers >= cell->weight * 5 ||
                        cell->customers < largest_told(tally));
        }
    }
}

/* C-6: cells in another order. */
static void assert_order_does_not_matter(const tally *first)
{
    static tally turned;
    const size_t count = first->table.cell_count;

    turned = *first;
    turned.table.cells = turned.cells;
    for (size_t i = 0; i < count; i++) {
        turned.cells[i] = first->cells[count - 1 - i];
    }
    assert_true(publish(&turned.table) >= 0);
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(&turned.cells[i].told, &first->cells[count - 1 - i].told,
                            sizeof(publish_told));
    }
}

/* What may be between two answers with fewer than k customers more or less between them (C-5). */
static void assert_change_shows_nobody(const tally *first, const tally *second)
{
    for (size_t i = 0; i < second->table.cell_count; i++) {
        const publish_cell *const cell = &second->cells[i];
        if (cell->before.has_customers) {
            assert_true(cell->told.has_customers);
            assert_int_equal(cell->told.customers, cell->before.customers);
            assert_int_equal(cell->told.has_sum, cell->before.has_sum);
            assert_int_equal(cell->told.sum, cell->before.sum);
        } else if (cell->told.has_customers) {
            assert_true(cell->customers >= 2 * (uint64_t)first->table.k);
        }
    }
}

static void change(trial *trial, const velum_random *random, uint32_t count)
{
    const bool adds = random_below(random, 2) == 0;

    if (trial->customer_count == 0) {
        return; /* the lot left everything empty */
    }
    for (uint32_t i = 0; i < count; i++) {
        if (adds) {
            trial_add(trial, random);
        } else {
            trial_remove(trial, random_below(random, trial->customer_count));
        }
    }
}

/* PIPL 73: what leaves tells of nobody. */
static void test_by_lot(void **state)
{
    (void)state;
    static trial trial;
    static tally first;
    static tally second;
    random_seeded source;
    const velum_random random = random_from_seed(&source, test_seed());
    uint32_t given = 0;

    for (uint32_t i = 0; i < TRIALS; i++) {
        trial_draw(&trial, &random, i % 2 == 0);
        trial_tally(&trial, NULL, &first);
        assert_int_equal(publish(&first.table), VELUM_OK);
        assert_told_is_rounded(&first);
        assert_order_does_not_matter(&first);
        change(&trial, &random, 1 + random_below(&random, i % 4 == 0 ? 1 : trial.k - 1));
        trial_tally(&trial, &first, &second);
        const velum_status status = publish(&second.table);
        assert_true(status >= 0);
        if (status == VELUM_OK) {
            given++;
            assert_told_is_rounded(&second);
        }
        assert_change_shows_nobody(&first, &second);
    }
    assert_true(given > TRIALS / 2); /* else the comparison would say nothing */
}

/* Numbers do move on: a store that grows is told anew, and one that begins is told in the end. */
static void test_answers_move_on(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 102), cell_of(1, 0, 52), cell_of(2, 0, 50)};
    publish_table table = table_of(cells, 3, 2, 0);

    assert_int_equal(publish(&table), VELUM_OK);
    table.has_before = true;
    const uint64_t later[][3] = {{111, 61, 52}, {114, 62, 52}, {202, 150, 52}};
    const uint64_t wanted[][3] = {{100, 50, 50}, {115, 60, 50}, {200, 150, 50}};
    for (size_t i = 0; i < 3; i++) {
        for (size_t c = 0; c < 3; c++) {
            cells[c].before = cells[c].told;
            cells[c].customers = later[i][c];
        }
        assert_int_equal(publish(&table), VELUM_OK);
        for (size_t c = 0; c < 3; c++) {
            assert_int_equal(cells[c].told.customers, wanted[i][c]);
        }
    }
}

/* What hid the small one has become small itself. Any new number would, beside the last answer, give the
 * small one away, so there is none. (PIPL 73) */
static void test_an_answer_stands_rather_than_giving_a_cell_away(void **state)
{
    (void)state;
    publish_cell cells[] = {cell_of(0, 0, 153), cell_of(1, 0, 3), cell_of(2, 0, 50),
                            cell_of(3, 0, 100)};
    publish_table table = table_of(cells, 4, 3, 0);

    assert_int_equal(publish(&table), VELUM_OK);
    table.has_before = true;
    for (size_t i = 0; i < 4; i++) {
        cells[i].before = cells[i].told;
    }
    cells[0].customers = 125;
    cells[2].customers = 22;
    assert_int_equal(publish(&table), VELUM_END);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(&cells[i].told, &cells[i].before, sizeof(publish_told));
    }
    cells[0].customers = 225; /* enough for the two again */
    cells[2].customers = 122;
    assert_int_equal(publish(&table), VELUM_OK);
    assert_int_equal(cells[0].told.customers, 225);
    assert_false(cells[2].told.has_customers);
}

/* --- size --------------------------------------------------------------------------------------- */

#define SIDE 44U /* 45³ places: 91,125 */

static void fill_worst(publish_cell *cells)
{
    for (uint32_t i = 0; i < (SIDE + 1) * (SIDE + 1) * (SIDE + 1); i++) {
        publish_cell *const cell = &cells[i];
        uint64_t customers = 1;
        cell->at[0] = i % (SIDE + 1);
        cell->at[1] = i / (SIDE + 1) % (SIDE + 1);
        cell->at[2] = i / (SIDE + 1) / (SIDE + 1);
        for (uint32_t d = 0; d < 3; d++) {
            customers *= cell->at[d] == 0 ? SIDE : 1;
        }
        cell->customers = customers * 3; /* every cell of the inside is small, and has no room */
        cell->sum = (int64_t)customers;
        cell->weight = customers;
        cell->largest = 1;
    }
}

static void test_the_worst_case_ends_in_time(void **state)
{
    (void)state;
    const size_t count = (size_t)(SIDE + 1) * (SIDE + 1) * (SIDE + 1);
    VELUM_AUTO_MEM publish_cell *cells = mem_alloc_array(count, sizeof(*cells));
    assert_non_null(cells);
    fill_worst(cells);
    publish_table table = {.dimension_count = 3,
                           .value_counts = {SIDE, SIDE, SIDE},
                           .cells = cells,
                           .cell_count = count,
                           .k = 10,
                           .dominance_percent = 50,
                           .has_measure = true};
    const clock_t begin = clock();

    assert_int_equal(publish(&table), VELUM_OK);
    const double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    print_message("%zu cells in %.2f s\n", count, seconds);
    assert_true(seconds < 60);
}

/* --- for the solver ----------------------------------------------------------------------------- */

static void print_told(const publish_told *told)
{
    if (!told->has_customers) {
        printf("null");
    } else if (!told->has_sum) {
        printf("[%" PRIu64 ",null,%d]", told->customers, told->is_fresh);
    } else {
        printf("[%" PRIu64 ",%" PRId64 ",%d]", told->customers, told->sum, told->is_fresh);
    }
}

static void print_table(const tally *tally, const char *kind)
{
    const publish_table *const table = &tally->table;

    printf("{\"kind\":\"%s\",\"k\":%u,\"percent\":%u,\"base\":%" PRIu64 ",\"dims\":%u,\"cells\":[",
           kind, table->k, table->dominance_percent, table->sum_base, table->dimension_count);
    for (size_t i = 0; i < table->cell_count; i++) {
        const publish_cell *const cell = &tally->cells[i];
        printf("%s[[%u,%u,%u],%" PRIu64 ",%" PRId64 ",%" PRIu64 ",", i == 0 ? "" : ",", cell->at[0],
               cell->at[1], cell->at[2], cell->customers, cell->sum, cell->largest);
        print_told(&cell->told);
        printf(",%d]", cell->before.is_counted);
    }
    printf("]}\n");
}

static int print_tables(uint64_t seed, uint32_t count)
{
    static trial trial;
    static tally first;
    static tally second;
    random_seeded source;
    const velum_random random = random_from_seed(&source, seed);

    for (uint32_t i = 0; i < count; i++) {
        trial_draw(&trial, &random, true);
        trial_tally(&trial, NULL, &first);
        if (publish(&first.table) != VELUM_OK) {
            return 1;
        }
        print_table(&first, "first");
        change(&trial, &random, random_below(&random, trial.k));
        trial_tally(&trial, &first, &second);
        const velum_status status = publish(&second.table);
        if (status < 0) {
            return 1;
        }
        print_table(&second, status == VELUM_END ? "stands" : "next");
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_rounded_to_five),
        cmocka_unit_test(test_a_small_cell_takes_a_partner_along),
        cmocka_unit_test(test_a_partner_has_room),
        cmocka_unit_test(test_a_lone_cell_takes_its_margins_along),
        cmocka_unit_test(test_a_hierarchy_in_the_data_gives_nothing_away),
        cmocka_unit_test(test_a_sum_that_one_customer_dominates_is_not_told),
        cmocka_unit_test(test_nothing_told_has_no_base),
        cmocka_unit_test(test_k_has_a_floor),
        cmocka_unit_test(test_limits_and_mistakes),
        cmocka_unit_test(test_by_lot),
        cmocka_unit_test(test_answers_move_on),
        cmocka_unit_test(test_an_answer_stands_rather_than_giving_a_cell_away),
        cmocka_unit_test(test_the_worst_case_ends_in_time),
    };

    if (argc == 4 && strcmp(argv[1], "--tables") == 0) {
        return print_tables(strtoull(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
