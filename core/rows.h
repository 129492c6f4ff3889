/* core/rows.h: rows of modules' tables: sealed, found, opened for whoever has decided (I-2, I-4).
 *
 * A row belongs to one customer and one table of the policy. Its fields are sealed under a key that is
 * random for each (customer, module, way of erasure) and lies, as the only field of a category's
 * record, where every other category lies: so keeping, retaining, destroying and certifying need
 * nothing of their own. Ranges are scanned over cells (numbers, times, keyed hashes of texts), which go
 * with the row and are in no backup.
 *
 * RW-1  A row is opened only after a decision on its table's fields for its customer.
 * RW-2  A key of a table is one row: the same key again is the same row, or a conflict.
 * RW-3  A module sees pseudonyms of its own domain, never a subject's id (I-10).
 * RW-4  What erasure does is declared before the first row is put, and the key is destroyed before
 *       anything is reported erased.
 * Format: docs/formats/rows.md.
 */
#ifndef CORE_ROWS_H
#define CORE_ROWS_H

#include "core/passage.h"

#define ROW_KEY_BYTES_MAX 128 /* printable UTF-8 */
#define ROWS_AT_ONCE_MAX 200  /* put, read or scanned by one request, children included */

/* One row, opened in the passage's arena until the visitor returns. */
typedef struct row {
    int64_t n; /* its place in the order of putting */
    int64_t at_ns;
    text key;
    record *record; /* by registry number of the table's fields; nothing is wiped yet */
} row;

/* Which rows of the located subject. */
typedef struct row_range {
    uint32_t resource; /* index in the bundle */
    text key;          /* empty: all */
    int64_t after_n;   /* 0: from the first */
    uint32_t limit;    /* 0: ROWS_AT_ONCE_MAX */
} row_range;

/* A negative status ends the visit and is returned; VELUM_END ends it well. */
typedef velum_status (*row_visitor)(void *context, const row *row);

/* Visits rows of the located and opened subject, in the order of putting. The caller has decided. */
velum_status rows_visit(passage *passage, const row_range *range, row_visitor visit,
                        void *context) VELUM_WARN_UNUSED;
/* Wipes what the verdict (of a request with `resource`) does not release, and writes the others, clear
 * or masked, as members into an open object. */
velum_status rows_write_fields(passage *passage, uint32_t resource, const row *row,
                               json_writer *out) VELUM_WARN_UNUSED;
/* All tables that the verdict's activity and roles show of the located subject, as a member "rows":
 * {table: [{key, at, fields}…]} of an open object; for the customer's own look and the export. */
velum_status rows_write_all(passage *passage, json_writer *out) VELUM_WARN_UNUSED;

/* Erasure, inside its transactions (core/erasure.h). */
/* When the newest row of a retained category says that its term ends; 0: there is no row. */
velum_status rows_term_end(passage *passage, uint32_t category, int64_t *out_ns) VELUM_WARN_UNUSED;
/* Step 1: rows of tables that are anonymised lose their customer and what tells of one; cells of the
 * others go. `categories`: registry numbers; count 0: all. */
velum_status rows_begin_erasure(passage *passage, const uint16_t *categories,
                                uint32_t count) VELUM_WARN_UNUSED;
/* Step 3, and the end of a term: rows of the category go. */
velum_status rows_finish_erasure(store_conn *conn, const subject_id *subject,
                                 uint16_t category) VELUM_WARN_UNUSED;

#endif
