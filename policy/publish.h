/* policy/publish.h: which numbers of a table of counts may leave. Pure, no I/O.
 *
 * A table has one to three dimensions and all their margins. Each cell counts distinct customers and
 * may sum a measure. Told is a cell's number of customers, rounded, and its sum, rounded; or nothing:
 * an empty cell, one of few customers and one that would give another away look alike. A number that
 * was told in the answer before stands until so many customers moved that nobody is seen in the change.
 *
 * C-1  No cell of 1…k−1 customers is told.
 * C-2  For each such cell there is another table that agrees in every number told, and in which the
 *      cell has k customers: so it can be neither worked out nor bounded below k, whether numbers of
 *      customers add up along a dimension, do so in part, or not at all.
 * C-3  Of sums the same holds, by as much as k customers would bring; a sum of which one customer has
 *      more than the share allowed is not told and can be no narrower than if that were not so.
 * C-4  What is told is a multiple of 5, or of a sum's base: what five customers of
 *      the largest told cell bring on average.
 * C-5  Between an answer and the next, fewer than k customers more or less never reveal a cell of
 *      1…k−1: a told number changes only with k customers, and one not told is told from 2k on.
 * C-6  The same table and answer before give the same answer.
 *
 * Source: hypercube method of cell suppression (R. D. Repsilber; S. Giessing), dominance rule and its
 * protection level (L. Willenborg, T. de Waal, Elements of Statistical Disclosure Control, ch. 6).
 * The rule, its proof and its limits: docs/counts.md.
 */
#ifndef POLICY_PUBLISH_H
#define POLICY_PUBLISH_H

#include "base/mem.h"

#define PUBLISH_DIMENSIONS_MAX 3
#define PUBLISH_CELLS_MAX 100000U   /* that have customers, margins among them */
#define PUBLISH_VALUES_MAX 4096U    /* of a dimension */
#define PUBLISH_PLACES_MAX 1000000U /* product of (values + 1): 4 bytes each */
#define PUBLISH_CUSTOMERS_MAX ((uint64_t)1 << 40)
#define PUBLISH_SUM_MAX ((int64_t)1 << 50) /* of a cell, and of what each customer brings to it */
#define PUBLISH_ROUNDED_TO 5U
#define PUBLISH_K_MIN 5U
#define PUBLISH_K_MAX 1000U
#define PUBLISH_K_SENSITIVE 20U

/* What is told of a cell. */
typedef struct publish_told {
    bool is_counted; /* has customers, told or not; is kept, and leaves with no answer */
    bool is_fresh;   /* told anew by this answer, not left from an earlier one */
    bool has_customers;
    bool has_sum; /* only with has_customers */
    uint64_t customers;
    int64_t sum;
} publish_told;

typedef struct publish_cell {
    uint32_t
        at[PUBLISH_DIMENSIONS_MAX]; /* 0: margin over the dimension; else 1 + index of a value */
    uint64_t
        customers; /* distinct; of a margin counted of its own, not added; 0: only told before */
    int64_t sum;
    uint64_t weight;     /* what each customer brings, without sign, added */
    uint64_t largest;    /* the most that one brings, without sign */
    publish_told before; /* in the answer before */
    publish_told told;   /* out */
} publish_cell;

typedef struct publish_table {
    uint32_t dimension_count;
    uint32_t value_counts[PUBLISH_DIMENSIONS_MAX];
    publish_cell *cells; /* each place once, in any order */
    size_t cell_count;
    uint32_t k;                 /* PUBLISH_K_MIN–PUBLISH_K_MAX */
    uint32_t dominance_percent; /* 1–100 */
    bool has_measure;
    bool has_before;   /* an answer was given before */
    uint64_t sum_base; /* in: that of the answer before, 0: none; out: to what sums are rounded;
                         * 0: no sum was ever told */
} publish_table;

/* Sets `told` of each cell. VELUM_END where the answer before stands as it was: a new one would, with it,
 * give a cell away; `told` is `before` then. VELUM_E_LIMIT beyond a ceiling, VELUM_E_INVALID where a
 * place is twice there, a margin is missing or counts fewer than its cell, VELUM_E_NOMEM. */
velum_status publish(publish_table *table) VELUM_WARN_UNUSED;

/* "k": the declared one, at least 5, and at least 20 with a dimension or measure that is sensitive. */
uint32_t publish_k(uint32_t declared, bool is_sensitive);

#endif
