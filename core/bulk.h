/* core/bulk.h: many rows of a file in one write (spec/audit, bulk).
 *
 * A chunk is one write, with leaves that list the tokens of everybody it touched or told something about.
 * Each row is decided of its own; one that is refused leaves nothing behind and is answered by its line
 * and reason, never by its value (I-5).
 *
 * U-1  A row that fails before it wrote anything needs nothing taken back. A chunk that is alone in its
 *      transaction (W-5) has no savepoints; where one of its rows fails behind its first write, the whole
 *      chunk is taken back and travels again, each row under a savepoint.
 */
#ifndef CORE_BULK_H
#define CORE_BULK_H

#include "core/many.h"
#include "core/passage.h"

#include <assert.h>

/* Pages of the indexes, which rows touch in no order, are sealed and written once a chunk. Other writes wait
 * for as long: about 0.3 s among 100,000 customers, so that importers send fewer where it takes longer. */
#define BULK_ROWS_MAX 1000
/* Of a chunk: those that name everybody, and the request's own. */
#define BULK_LEAVES_MAX (MANY_LEAVES_MAX + 1)
static_assert(BULK_ROWS_MAX <= MANY_MAX, "a leaf for everybody");

/* Results of a row, in this order in answers and leaves. */
#define BULK_SAME 0
#define BULK_CHANGED 1
#define BULK_NEW 2
#define BULK_REJECTED 3
#define BULK_RESULTS 4
extern const char *const bulk_result_names[BULK_RESULTS];

typedef struct bulk_run bulk_run;
struct bulk_run {
    passage *passage;
    bool is_rehearsal; /* what was applied is rolled back */
    bool was_known;    /* set by `apply`: the row's customer was there before it */
    json_writer out;
    uint64_t counts[BULK_RESULTS];
    uint8_t tokens[BULK_ROWS_MAX][ENTRY_TOKEN_BYTES];
    uint32_t token_count;
};

/* Applies one row; VELUM_E_DENIED after refuse() rejects it. `run` is a member of something larger. */
typedef velum_status (*bulk_apply)(bulk_run *run, const json_value *row, uint32_t *out_result);

/* Applies an array of 1 to BULK_ROWS_MAX rows and writes {rows: [{line, result, reason?, ref?} …]}.
 * References are of the passage's domain, where it has one. */
velum_status bulk_apply_rows(bulk_run *self, const json_value *rows,
                             bulk_apply apply) VELUM_WARN_UNUSED;
/* The chunk's leaves with everybody's token (nothing when there is nobody), and the counts in the
 * passage's entry. What `leaf` holds already stands in each of them. */
velum_status bulk_record(bulk_run *self, audit_entry *leaf) VELUM_WARN_UNUSED;
void bulk_count_results(passage *passage, const uint64_t counts[BULK_RESULTS]);

#endif
