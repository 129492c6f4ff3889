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
    int64_t n; /* its place in the order of putting; negative: it belongs to nobody */
    int64_t at_ns;
    text key;       /* empty: it belongs to nobody */
    record *record; /* by registry number of the table's fields; nothing is wiped yet */
} row;

/* What of a table is seen of the located customer. */
typedef struct rows_view {
    uint32_t resource; /* index in the bundle */
    verdict verdict;
    uint64_t released; /* bits of the table's fields that really stand in the answer */
    uint64_t released_masked;
} rows_view;

/* Decides, as the passage stands, on all fields of a table that its activity names (RW-1). The
 * passage's own verdict stays. */
void rows_decide(passage *passage, uint32_t resource, uint32_t action, rows_view *out);
/* The view that the passage's own decision is, of a request whose `resource` is a table. */
rows_view rows_view_of(const passage *passage);
/* Whether the fields of the view's table fit into the passage's leaf besides what stands there. */
bool rows_leaf_has_room(const passage *passage, const rows_view *view);
/* What of the view was asked and released, into the leaf; VELUM_E_LIMIT. The passage's own view needs
 * none: the path writes it. */
velum_status rows_note_view(passage *passage, const rows_view *view) VELUM_WARN_UNUSED;
/* Fields of a table that are to be written, the same way. */
velum_status rows_note_asked(passage *passage, uint32_t resource,
                             uint64_t fields) VELUM_WARN_UNUSED;

/* Which rows of the located subject. */
typedef struct row_range {
    uint32_t resource; /* index in the bundle */
    text key;          /* empty: all */
    int64_t after_n;   /* 0: from the first */
    int64_t parent;    /* n of the row they hang on; 0: of any */
    uint16_t category; /* registry number: sealed under it; 0: any; not looked at with a parent */
    uint32_t limit;    /* 0: ROWS_AT_ONCE_MAX, which it is at most */
} row_range;

/* A negative status ends the visit and is returned; VELUM_END ends it well. What a visitor takes of the
 * arena goes when it returns. */
typedef velum_status (*row_visitor)(void *context, const row *row);

/* Visits rows of the located and opened subject, in the order of putting. The caller has decided. */
velum_status rows_visit(passage *passage, const row_range *range, row_visitor visit,
                        void *context) VELUM_WARN_UNUSED;
/* The same for rows that belong to nobody (ROWS_ANONYMISE), in no order that tells anything; only
 * dimensions and measures. `after_n` INT64_MIN: from the first. */
velum_status rows_visit_anonymous(passage *passage, const row_range *range, row_visitor visit,
                                  void *context) VELUM_WARN_UNUSED;
/* Wipes of the row what the view does not release, and writes the others, clear or masked, as members
 * into an open object; notes in the view what was released. */
velum_status rows_write_fields(passage *passage, rows_view *view, const row *row,
                               json_writer *out) VELUM_WARN_UNUSED;
/* Which tables of the located subject, of those that the passage's activity names. */
typedef struct rows_wanted {
    uint32_t categories; /* bits of category indexes */
    uint32_t resource;   /* this table alone; BUNDLE_NONE: all */
    int64_t after_n;     /* of that table; 0: from the first */
    uint16_t category;   /* registry number: lines sealed under it alone; 0: any */
} rows_wanted;
/* What is shown of them, as a member "rows": {table: [{key, at, fields, rows?}…]} of an open object,
 * and noted in the leaf; for the customer's own look. Where a table goes on that did not fit stands in
 * "rows_next": {table: cursor}. Nothing where the activity names no table. */
velum_status rows_write_all(passage *passage, const rows_wanted *wanted,
                            json_writer *out) VELUM_WARN_UNUSED;
/* The same of a retained category (by index), which it opens, under ACTION_RETAINED_READ. */
velum_status rows_write_retained(passage *passage, uint32_t category,
                                 json_writer *out) VELUM_WARN_UNUSED;
/* The first of these tables, which stands for them in a decision where no field of people is asked;
 * BUNDLE_NONE: there is none. */
uint32_t rows_first_table(const passage *passage, uint32_t categories);

/* Erasure, inside its transactions (core/erasure.h). */
/* When the term of a retained category ends, by its newest row; 0: there is no row. */
velum_status rows_term_end(passage *passage, uint32_t category, int64_t *out_ns) VELUM_WARN_UNUSED;
/* Step 1: rows of tables that are anonymised lose their customer and what tells of one; cells of all
 * that is erased go. `categories`: registry numbers, whose rows go at once, since the customer stays
 * and may get new ones; count 0: the whole person. */
velum_status rows_begin_erasure(passage *passage, const uint16_t *categories,
                                uint32_t count) VELUM_WARN_UNUSED;
/* Step 3, and the end of a term: rows of the category go. */
velum_status rows_finish_erasure(store_conn *conn, const subject_id *subject,
                                 uint16_t category) VELUM_WARN_UNUSED;

#endif
