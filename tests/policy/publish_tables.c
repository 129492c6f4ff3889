#include "tests/policy/publish_tables.h"

#include <assert.h>
#include <string.h>

/* --- drawing ------------------------------------------------------------------------------------ */

static uint32_t draw_customers(const velum_random *random)
{
    switch (random_below(random, 6)) {
    case 0:
        return 0;
    case 1:
    case 2:
        return 1 + random_below(random, 12);
    case 3:
        return 8 + random_below(random, 5);
    default:
        return 10 + random_below(random, 90);
    }
}

static int64_t draw_amount(const velum_random *random, bool one_price)
{
    if (one_price) {
        return 9900;
    }
    if (random_below(random, 40) == 0) {
        return 1000000 + random_below(random, 50000000); /* a business customer */
    }
    return 100 + random_below(random, 30000);
}

static void add_visit(trial *self, uint32_t customer, const uint32_t at[], int64_t amount)
{
    assert(self->visit_count < VISITS_MAX);
    visit *const added = &self->visits[self->visit_count++];
    *added = (visit){.customer = customer, .amount = amount};
    memcpy(added->at, at, sizeof(added->at));
}

static void draw_cell(trial *self, const velum_random *random, const uint32_t at[], bool one_price)
{
    for (uint32_t left = draw_customers(random); left > 0 && self->visit_count < VISITS_MAX;
         left--) {
        const bool is_known =
            !self->adds_up && self->customer_count > 0 && random_below(random, 3) == 0;
        const uint32_t customer =
            is_known ? random_below(random, self->customer_count) : self->customer_count++;
        add_visit(self, customer, at, draw_amount(random, one_price));
    }
}

/* Sometimes the second dimension lies within the first, as stores lie in a region. */
static bool is_outside(const uint32_t at[], bool nested)
{
    return nested && at[1] % 2 != at[0] % 2;
}

void trial_draw(trial *self, const velum_random *random, bool adds_up)
{
    static const uint32_t ks[] = {5, 10, 10, 20};
    const bool one_price = random_below(random, 2) == 0;
    uint32_t at[PUBLISH_DIMENSIONS_MAX] = {0};

    *self = (trial){.dimension_count = 1 + random_below(random, 3),
                    .k = ks[random_below(random, 4)],
                    .dominance_percent = random_below(random, 2) == 0 ? 50 : 20,
                    .adds_up = adds_up};
    for (uint32_t d = 0; d < self->dimension_count; d++) {
        self->value_counts[d] = 2 + random_below(random, self->dimension_count == 3 ? 2 : 4);
    }
    const bool nested = self->dimension_count > 1 && random_below(random, 3) == 0;
    const uint32_t second = self->dimension_count > 1 ? self->value_counts[1] : 1;
    const uint32_t third = self->dimension_count > 2 ? self->value_counts[2] : 1;
    for (uint32_t i = 0; i < self->value_counts[0] * second * third; i++) {
        at[0] = 1 + i % self->value_counts[0];
        at[1] = self->dimension_count > 1 ? 1 + i / self->value_counts[0] % second : 0;
        at[2] = self->dimension_count > 2 ? 1 + i / self->value_counts[0] / second : 0;
        if (!is_outside(at, nested)) {
            draw_cell(self, random, at, one_price);
        }
    }
}

void trial_remove(trial *self, uint32_t customer)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < self->visit_count; i++) {
        if (self->visits[i].customer != customer) {
            self->visits[kept++] = self->visits[i];
        }
    }
    self->visit_count = kept;
}

void trial_add(trial *self, const velum_random *random)
{
    if (self->visit_count > 0 && self->visit_count < VISITS_MAX) {
        const visit like = self->visits[random_below(random, self->visit_count)];
        add_visit(self, self->customer_count++, like.at, like.amount);
    }
}

/* --- counting ----------------------------------------------------------------------------------- */

static uint32_t place_of(const trial *self, const uint32_t at[])
{
    uint32_t place = 0;
    uint32_t stride = 1;

    for (uint32_t d = 0; d < self->dimension_count; d++) {
        place += at[d] * stride;
        stride *= self->value_counts[d] + 1;
    }
    assert(stride <= TALLY_PLACES_MAX);
    return place;
}

/* What one customer brings to each place. */
typedef struct brought {
    bool was_there[TALLY_PLACES_MAX];
    int64_t sum[TALLY_PLACES_MAX];
} brought;

static void bring(const trial *self, const visit *visit, brought *out)
{
    for (uint32_t margins = 0; margins < 1U << self->dimension_count; margins++) {
        uint32_t at[PUBLISH_DIMENSIONS_MAX] = {0};
        for (uint32_t d = 0; d < self->dimension_count; d++) {
            at[d] = (margins >> d & 1) != 0 ? 0 : visit->at[d];
        }
        const uint32_t place = place_of(self, at);
        out->was_there[place] = true;
        out->sum[place] += visit->amount;
    }
}

static void add_customer(const brought *brought, publish_cell cells[])
{
    for (uint32_t place = 0; place < TALLY_PLACES_MAX; place++) {
        if (!brought->was_there[place]) {
            continue;
        }
        publish_cell *const cell = &cells[place];
        const int64_t sum = brought->sum[place];
        const uint64_t size = (uint64_t)(sum < 0 ? -sum : sum);
        cell->customers++;
        cell->sum += sum;
        cell->weight += size;
        cell->largest = size > cell->largest ? size : cell->largest;
    }
}

static void count_all(const trial *self, publish_cell cells[])
{
    for (uint32_t customer = 0; customer < self->customer_count; customer++) {
        static brought brought;
        memset(&brought, 0, sizeof(brought));
        for (uint32_t i = 0; i < self->visit_count; i++) {
            if (self->visits[i].customer == customer) {
                bring(self, &self->visits[i], &brought);
            }
        }
        add_customer(&brought, cells);
    }
}

static const publish_cell *same_cell(const tally *of, const uint32_t at[])
{
    for (size_t i = 0; i < of->table.cell_count; i++) {
        if (memcmp(of->cells[i].at, at, sizeof(of->cells[i].at)) == 0) {
            return &of->cells[i];
        }
    }
    return NULL;
}

void trial_tally(const trial *self, const tally *before, tally *out)
{
    static publish_cell all[TALLY_PLACES_MAX];
    const uint32_t width = self->value_counts[0] + 1;
    const uint32_t depth = self->value_counts[1] + 1;

    memset(all, 0, sizeof(all));
    count_all(self, all);
    *out = (tally){.table = {.dimension_count = self->dimension_count,
                             .k = self->k,
                             .dominance_percent = self->dominance_percent,
                             .has_measure = true,
                             .has_before = before != NULL,
                             .sum_base = before == NULL ? 0 : before->table.sum_base}};
    memcpy(out->table.value_counts, self->value_counts, sizeof(self->value_counts));
    for (uint32_t place = 0; place < width * depth * (self->value_counts[2] + 1); place++) {
        const uint32_t at[PUBLISH_DIMENSIONS_MAX] = {place % width, place / width % depth,
                                                     place / width / depth};
        const publish_cell *const earlier = before == NULL ? NULL : same_cell(before, at);
        memcpy(all[place].at, at, sizeof(at));
        if (earlier != NULL) {
            all[place].before = earlier->told;
        }
        if (all[place].customers > 0 || all[place].before.is_counted) {
            out->cells[out->table.cell_count++] = all[place];
        }
    }
    out->table.cells = out->cells;
}
