/* tests/policy/publish_tables.h: tables of counts by lot, and what is told of them. */
#ifndef TESTS_POLICY_PUBLISH_TABLES_H
#define TESTS_POLICY_PUBLISH_TABLES_H

#include "base/random.h"
#include "policy/publish.h"

#define VISITS_MAX 8192
#define TALLY_PLACES_MAX 1000

/* A customer's doings in one cell of the table. */
typedef struct visit {
    uint32_t customer;
    uint32_t at[PUBLISH_DIMENSIONS_MAX]; /* from 1 */
    int64_t amount;
} visit;

typedef struct trial {
    uint32_t dimension_count;
    uint32_t value_counts[PUBLISH_DIMENSIONS_MAX];
    uint32_t k;
    uint32_t dominance_percent;
    bool adds_up; /* each customer is in one cell */
    visit visits[VISITS_MAX];
    uint32_t visit_count;
    uint32_t customer_count;
} trial;

/* A trial by lot: many small cells, some empty, some large; one price or prices of all sizes. */
void trial_draw(trial *self, const velum_random *random, bool adds_up);
/* Takes all visits of one customer out. */
void trial_remove(trial *self, uint32_t customer);
/* One more customer in the cell of an existing visit. */
void trial_add(trial *self, const velum_random *random);

/* Cells with all margins, in the order of places; `cells` has TALLY_PLACES_MAX. What `before` told is
 * taken along (NULL: this is the first answer). */
typedef struct tally {
    publish_table table;
    publish_cell cells[TALLY_PLACES_MAX];
} tally;
void trial_tally(const trial *self, const tally *before, tally *out);

#endif
