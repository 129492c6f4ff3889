/* core/bulk.h: many rows of a file in one write (spec/audit, bulk).
 *
 * A chunk of at most 200 rows is one write and one leaf that lists the tokens of everybody it touched
 * or told something about. Each row travels of its own, under a savepoint; one that is refused leaves
 * nothing behind and is answered by its line and reason, never by its value (I-5).
 */
#ifndef CORE_BULK_H
#define CORE_BULK_H

#include "core/passage.h"

#define BULK_ROWS_MAX ENTRY_SUBJECTS_MAX

/* Results of a row, in this order in answers and leaves. */
#define BULK_SAME 0
#define BULK_CHANGED 1
#define BULK_NEW 2
#define BULK_REJECTED 3
#define BULK_RESULTS 4
extern const char *const bulk_result_names[BULK_RESULTS];

typedef struct bulk_run {
    passage *passage;
    bool is_rehearsal; /* what was applied is rolled back */
    bool was_known;    /* set by `apply`: the row's customer was there before it */
    json_writer out;
    uint64_t counts[BULK_RESULTS];
    uint8_t tokens[BULK_ROWS_MAX][ENTRY_TOKEN_BYTES];
    uint32_t token_count;
} bulk_run;

/* Applies one row; VELUM_E_DENIED after refuse() rejects it. `run` is a member of something larger. */
typedef velum_status (*bulk_apply)(bulk_run *run, const json_value *row, uint32_t *out_result);

/* Applies an array of 1 to BULK_ROWS_MAX rows and writes {rows: [{line, result, reason?, ref?} …]}.
 * References are of the passage's domain, where it has one. */
velum_status bulk_apply_rows(bulk_run *self, const json_value *rows,
                             bulk_apply apply) VELUM_WARN_UNUSED;
/* The chunk's leaf with everybody's token (nothing when there is nobody), and the counts in the
 * passage's entry. What `leaf` holds already stays. */
velum_status bulk_record(bulk_run *self, audit_entry *leaf) VELUM_WARN_UNUSED;
void bulk_count_results(passage *passage, const uint64_t counts[BULK_RESULTS]);

#endif
