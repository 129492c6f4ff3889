/* cli/import_chunk.h: rows on their way to the gate, at most 1,000 at a time.
 *
 * Whoever imports adds rows of JSON; when a chunk is full it is sent, and each row's result goes to
 * `result`. An "unavailable" is sent again, since importing a row twice is the same as once.
 */
#ifndef CLI_IMPORT_CHUNK_H
#define CLI_IMPORT_CHUNK_H

#include "base/buffer.h"
#include "cli/session.h"

#define IMPORT_CHUNK_ROWS_MAX 1000
#define IMPORT_CHUNK_BYTES_MAX ((size_t)900 << 10)

typedef struct import_counts {
    uint64_t same;
    uint64_t changed;
    uint64_t new_ones;
    uint64_t rejected;
} import_counts;

/* One row's result: `index` counts from 0 inside the chunk; `reason` is "" unless it was rejected;
 * `ref` is "" when there is none. */
typedef velum_status (*import_result)(void *context, uint64_t line, text reason, text ref);

typedef struct import_chunk {
    velum_client *client; /* borrowed */
    uint32_t verb;        /* VELUM_VERB_IMPORT, whose end is told, or another of its kind */
    text source;
    text members; /* of each call, JSON without braces; empty: those of an import of customers */
    text domain;  /* of the references in the answers; empty: the person's own */
    bool rejects_known;
    import_result result; /* or NULL */
    void *context;
    buffer body;
    uint32_t rows;
    import_counts counts;
} import_chunk;

void import_chunk_init(import_chunk *self, velum_client *client, text source);
void import_chunk_clear(import_chunk *self);
/* Adds one row; sends first when it would not fit any more. */
velum_status import_chunk_add(import_chunk *self, text row) VELUM_WARN_UNUSED;
/* Sends what is there. Negative statuses have been said. */
velum_status import_chunk_send(import_chunk *self) VELUM_WARN_UNUSED;
/* Sends what is left and, of an import of customers, that the run has ended. */
velum_status import_chunk_end(import_chunk *self) VELUM_WARN_UNUSED;

#define VELUM_AUTO_CHUNK __attribute__((cleanup(import_chunk_clear))) import_chunk

#endif
