/* policy/publish.c: what is told of each cell. */
#include "policy/publish.h"

#include "policy/publish_cube.h"

#include <assert.h>

/* Half of what rounding to 5 takes or adds at most. */
#define ROUNDING_SLACK (PUBLISH_ROUNDED_TO / 2)

/* Everything by cell, in one block. */
typedef struct workings {
    publish_table *table;
    publish_grid grid;
    uint64_t threshold; /* from which a number that is not told yet may be told */
    uint64_t *values;
    uint64_t *needs;
    publish_parts *parts;
    uint8_t *ties;
    bool *hidden;     /* number of customers and sum */
    bool *sum_hidden; /* the sum alone, too */
    bool stands;
} workings;

static velum_status check_table(const publish_table *table)
{
    if (table->k < PUBLISH_K_MIN || table->k > PUBLISH_K_MAX || table->dominance_percent < 1 ||
        table->dominance_percent > 100) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        const publish_cell *const cell = &table->cells[i];
        if (cell->customers > PUBLISH_CUSTOMERS_MAX || cell->weight > (uint64_t)PUBLISH_SUM_MAX ||
            cell->sum > PUBLISH_SUM_MAX || cell->sum < -PUBLISH_SUM_MAX) {
            return VELUM_E_LIMIT;
        }
        if (cell->largest > cell->weight) {
            return VELUM_E_INVALID;
        }
    }
    return VELUM_OK;
}

static velum_status workings_init(workings *self, publish_table *table)
{
    const size_t count = table->cell_count;

    *self = (workings){.table = table,
                       .threshold = table->has_before ? 2 * (uint64_t)table->k : table->k};
    VELUM_TRY(publish_grid_init(&self->grid, table));
    self->values = mem_alloc_array(count, sizeof(*self->values));
    self->needs = mem_alloc_array(count, sizeof(*self->needs));
    self->parts = mem_alloc_array(count, PUBLISH_DIMENSIONS_MAX * sizeof(*self->parts));
    self->ties = mem_alloc_array(count, sizeof(*self->ties));
    self->hidden = mem_alloc_array(count, sizeof(*self->hidden));
    self->sum_hidden = mem_alloc_array(count, sizeof(*self->sum_hidden));
    return self->values == NULL || self->needs == NULL || self->parts == NULL ||
                   self->ties == NULL || self->hidden == NULL || self->sum_hidden == NULL
               ? VELUM_E_NOMEM
               : VELUM_OK;
}

static void workings_clear(workings *self)
{
    publish_grid_clear(&self->grid);
    mem_free(self->values);
    mem_free(self->needs);
    mem_free(self->parts);
    mem_free(self->ties);
    mem_free(self->hidden);
    mem_free(self->sum_hidden);
}

/* --- which cells need a shield ------------------------------------------------------------------ */

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0 ? 1 : 0);
}

/* Small, or not told yet and too small to begin (C-1). It must seem possible that twice k are there: then
 * k were possible also before fewer than k came, and will be when fewer than k have gone (C-5). */
static uint64_t customers_need(const workings *self, const publish_cell *cell)
{
    const uint64_t count = cell->customers;
    const bool is_small = count < self->table->k;
    const bool begins = !cell->before.has_customers && count < self->threshold;

    return count > 0 && (is_small || begins) ? 2 * (uint64_t)self->table->k - count : 0;
}

/* The sum that would make the largest customer's share no more than allowed, less the sum. */
static uint64_t dominance_need(const publish_table *table, const publish_cell *cell)
{
    const uint64_t fair = divide_up(cell->largest * 100, table->dominance_percent);

    return fair > cell->weight ? fair - cell->weight : 0;
}

/* What as many customers would bring, if each brought the average; and dominance (C-3). */
static uint64_t sum_need(const workings *self, size_t i)
{
    const publish_cell *const cell = &self->table->cells[i];
    const uint64_t missing = customers_need(self, cell);
    const uint64_t dominance = cell->customers > 0 ? dominance_need(self->table, cell) : 0;
    uint64_t need = 0;

    if (missing > 0) {
        need = divide_up(self->values[i] * missing, cell->customers);
        need = need > 0 ? need : 1;
    }
    return need > dominance ? need : dominance;
}

/* --- shields ------------------------------------------------------------------------------------ */

static uint8_t tie_of(const publish_cell *cell, bool was_told)
{
    return !was_told               ? PUBLISH_TIE_NONE
           : cell->before.is_fresh ? PUBLISH_TIE_FRESH
                                   : PUBLISH_TIE_OLD;
}

static void shield_customers(workings *self)
{
    publish_shield shield = {.grid = &self->grid,
                             .values = self->values,
                             .needs = self->needs,
                             .ties = self->ties,
                             .floor = self->table->k,
                             .is_first = !self->table->has_before,
                             .parts = self->parts,
                             .hidden = self->hidden};

    for (size_t i = 0; i < self->table->cell_count; i++) {
        self->values[i] = self->table->cells[i].customers;
        self->needs[i] = customers_need(self, &self->table->cells[i]);
        self->ties[i] = tie_of(&self->table->cells[i], self->table->cells[i].before.has_customers);
        self->hidden[i] = self->needs[i] > 0;
    }
    publish_shield_raise(&shield);
    self->stands = self->stands || shield.stands;
}

/* A sum is not told where the customers are not: with a price that is always the same it would tell
 * them. */
static void shield_sums(workings *self)
{
    publish_shield shield = {.grid = &self->grid,
                             .values = self->values,
                             .needs = self->needs,
                             .ties = self->ties,
                             .is_first = !self->table->has_before,
                             .parts = self->parts,
                             .hidden = self->sum_hidden};

    for (size_t i = 0; i < self->table->cell_count; i++) {
        const int64_t sum = self->table->cells[i].sum;
        self->values[i] = sum > 0 ? (uint64_t)sum : 0;
        self->needs[i] = sum_need(self, i);
        self->ties[i] = tie_of(&self->table->cells[i], self->table->cells[i].before.has_sum);
        self->sum_hidden[i] = self->hidden[i] || self->needs[i] > 0;
    }
    publish_shield_raise(&shield);
    self->stands = self->stands || shield.stands;
}

/* --- rounding ----------------------------------------------------------------------------------- */

static uint64_t round_to(uint64_t value, uint64_t base)
{
    const uint64_t below = value - value % base;

    return value - below < base - (value - below) ? below : below + base;
}

static int64_t round_sum(int64_t sum, uint64_t base)
{
    const uint64_t size = round_to((uint64_t)(sum < 0 ? -sum : sum), base);

    return sum < 0 ? -(int64_t)size : (int64_t)size;
}

/* The first of 1, 2, 5, 10, 20 … that is not below. */
static uint64_t round_number_from(uint64_t least)
{
    static const uint64_t steps[] = {1, 2, 5};
    uint64_t power = 1;

    while (power * 5 < least) { /* ends: least is below 2^53 */
        power *= 10;
    }
    for (size_t i = 0; i < 3; i++) {
        if (power * steps[i] >= least) {
            return power * steps[i];
        }
    }
    return power * 5;
}

/* C-4: what five customers bring on average in the largest cell of which the sum is told, so that the base
 * speaks of nothing else; never finer than before. */
static void choose_base(const workings *self)
{
    publish_table *const table = self->table;
    const publish_cell *largest = NULL;

    for (size_t i = 0; i < table->cell_count; i++) {
        const publish_cell *const cell = &table->cells[i];
        const bool is_open = cell->customers >= table->k && !self->sum_hidden[i];
        const bool is_larger =
            largest == NULL || cell->customers > largest->customers ||
            (cell->customers == largest->customers && cell->weight > largest->weight);
        largest = is_open && is_larger ? cell : largest;
    }
    if (largest == NULL) {
        return;
    }
    const uint64_t base =
        round_number_from(divide_up(largest->weight * PUBLISH_ROUNDED_TO, largest->customers));
    table->sum_base = base > table->sum_base ? base : table->sum_base;
}

/* --- telling ------------------------------------------------------------------------------------ */

/* Whether k customers came or went for certain since the number was told. */
static bool has_moved(const publish_table *table, const publish_cell *cell)
{
    const uint64_t told = cell->before.customers;
    const uint64_t most = told + ROUNDING_SLACK;
    const uint64_t less = told > ROUNDING_SLACK ? told - ROUNDING_SLACK : 0;
    const uint64_t least = less > table->k ? less : table->k; /* nothing below was ever told */

    return cell->customers >= most + table->k || cell->customers + table->k <= least;
}

static void tell_cell(const workings *self, size_t i)
{
    const publish_table *const table = self->table;
    publish_cell *const cell = &table->cells[i];
    const bool is_open = cell->customers >= table->k && !self->hidden[i];

    cell->told = cell->before;
    cell->told.is_counted = cell->customers > 0;
    cell->told.is_fresh = false;
    if (!is_open || (cell->before.has_customers && !has_moved(table, cell))) {
        return;
    }
    cell->told.is_fresh = true;
    cell->told.has_customers = true;
    cell->told.customers = round_to(cell->customers, PUBLISH_ROUNDED_TO);
    if (table->has_measure && !self->sum_hidden[i]) {
        cell->told.has_sum = true;
        cell->told.sum = round_sum(cell->sum, table->sum_base);
    }
}

static velum_status publish_with(workings *self, publish_table *table)
{
    VELUM_TRY(workings_init(self, table));
    shield_customers(self);
    if (table->has_measure) {
        shield_sums(self);
    }
    if (table->has_measure && !self->stands) {
        choose_base(self);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        if (self->stands) {
            table->cells[i].told = table->cells[i].before;
        } else {
            tell_cell(self, i);
        }
    }
    return self->stands ? VELUM_END : VELUM_OK;
}

velum_status publish(publish_table *table)
{
    workings workings = {.table = NULL};

    VELUM_TRY(check_table(table));
    const velum_status status = publish_with(&workings, table);
    workings_clear(&workings);
    return status;
}

uint32_t publish_k(uint32_t declared, bool is_sensitive)
{
    const uint32_t least = is_sensitive ? PUBLISH_K_SENSITIVE : PUBLISH_K_MIN;

    return declared > least ? declared : least;
}
