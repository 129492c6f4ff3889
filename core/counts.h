/* core/counts.h: aggregates that leave: counted over all customers, told by policy/publish.h.
 *
 * The catalogue is fixed by the policy, an answer is kept and given again for the rest of the UTC day,
 * and the next one is made with it at hand, so that nobody is seen in the difference (C-5). Counted is
 * each live customer whom the decision allows at the moment when the walk comes by (I-2); the walk
 * holds no snapshot for long, so a table is of a stretch of time, each customer of one moment.
 *
 * What is kept are the told numbers, and of the others only that there is somebody: no count below k.
 * Manual, proof and limits: docs/counts.md. Format of a kept answer: docs/formats/counts.md.
 */
#ifndef CORE_COUNTS_H
#define CORE_COUNTS_H

#include "core/passage.h"
#include "policy/publish.h"

#define COUNTS_CELLS_MAX 40000U                 /* of a count, margins among them */
#define COUNTS_VALUE_BYTES_MAX 256U             /* of a dimension's value */
#define COUNTS_TEXT_BYTES_MAX ((size_t)2 << 20) /* all values of a dimension */
#define COUNTS_KEPT_BYTES_MAX ((size_t)8 << 20)

/* --- a table being counted: counts_table.c --------------------------------------------------------- */

typedef struct counts_table counts_table;

/* VELUM_E_NOMEM. */
velum_status counts_table_create(uint32_t dimension_count, counts_table **out) VELUM_WARN_UNUSED;
void counts_table_free(counts_table *self);
VELUM_DEFINE_AUTO(counts_table);

/* The index of a value from 1; VELUM_E_LIMIT beyond a ceiling. */
velum_status counts_table_value(counts_table *self, uint32_t dimension, text value,
                                uint32_t *out) VELUM_WARN_UNUSED;
uint32_t counts_table_value_count(const counts_table *self, uint32_t dimension);
/* `value` from 1; borrowed until the next value is added. */
text counts_table_value_text(const counts_table *self, uint32_t dimension, uint32_t value);
/* The cell of a place, made where it is not there. Borrowed until the next one. VELUM_E_LIMIT. */
velum_status counts_table_cell(counts_table *self, const uint32_t at[PUBLISH_DIMENSIONS_MAX],
                               publish_cell **out) VELUM_WARN_UNUSED;
/* What the customer of this moment brings to a cell and all its margins. VELUM_E_LIMIT. */
velum_status counts_table_bring(counts_table *self, const uint32_t at[PUBLISH_DIMENSIONS_MAX],
                                int64_t amount) VELUM_WARN_UNUSED;
/* The customer is through: counted once in each cell touched. VELUM_E_LIMIT. */
velum_status counts_table_end_customer(counts_table *self) VELUM_WARN_UNUSED;
/* What the customer brought until now is forgotten. */
void counts_table_drop_customer(counts_table *self);
/* Customers that brought something. */
uint64_t counts_table_customers(const counts_table *self);
/* A table to publish, over the cells themselves. */
publish_table counts_table_publish(counts_table *self);

/* --- an answer that is kept: counts_kept.c --------------------------------------------------------- */

typedef struct counts_kept {
    uint16_t count;              /* registry number */
    uint8_t shape[SHA256_BYTES]; /* of what is counted, how */
    uint16_t purpose;            /* registry number: whose consents were asked */
    int64_t day;                 /* UTC days since 1970 of the last counting */
    int64_t at_ns;               /* when the numbers were told */
    uint64_t sum_base;
} counts_kept;

/* Fills all but count and shape, and the table's cells with what was told. VELUM_E_NOTFOUND; VELUM_E_CORRUPT. */
velum_status counts_kept_load(store_conn *conn, counts_kept *io,
                              counts_table *table) VELUM_WARN_UNUSED;
/* Keeps what the cells tell, in place of what was kept. Any thread but the writer's. */
velum_status counts_kept_store(velum_gate *gate, const counts_kept *kept,
                               const counts_table *table) VELUM_WARN_UNUSED;
/* The bytes of a kept answer, and back. */
velum_status counts_kept_encode(const counts_kept *kept, const counts_table *table,
                                buffer *out) VELUM_WARN_UNUSED;
velum_status counts_kept_decode(const uint8_t *bytes, size_t size, counts_kept *io,
                                counts_table *table) VELUM_WARN_UNUSED;
/* All cells, in the order in which they were made. */
const publish_cell *counts_table_cells(const counts_table *self, size_t *out_count);
uint32_t counts_table_dimensions(const counts_table *self);

/* --- counting: counts_walk.c ----------------------------------------------------------------------- */

/* Walks all live customers for a declared count under the passage's activity. VELUM_E_LIMIT where the
 * count has more values or cells than can be told. */
velum_status counts_walk(passage *passage, const bundle_count *count,
                         counts_table *table) VELUM_WARN_UNUSED;

/* --- the answer: counts_write.c ---------------------------------------------------------------------- */

/* How many combinations of the values that are told are not told themselves. */
velum_status counts_untold(const counts_table *table, uint64_t *out) VELUM_WARN_UNUSED;
velum_status counts_write(passage *passage, const bundle_count *count, const counts_kept *kept,
                          const counts_table *table) VELUM_WARN_UNUSED;

/* k of a count, by the classes of what it counts. */
uint32_t counts_k(const bundle *bundle, const bundle_count *count);

#endif
