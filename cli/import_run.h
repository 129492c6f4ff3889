/* cli/import_run.h: a whole file through its map to the gate. */
#ifndef CLI_IMPORT_RUN_H
#define CLI_IMPORT_RUN_H

#include "cli/import_chunk.h"
#include "cli/import_row.h"

/* Writes one row of a file for the gate, as import_row_write does. */
typedef velum_status (*import_row_writer)(const import_map *map, const import_cells *cells,
                                          buffer *out, const char **out_reason);
/* Writes a map for a file that was called without one, from the names of its columns. A negative
 * status has been said. */
typedef velum_status (*import_map_maker)(void *context, const text *header, size_t count,
                                         buffer *out);

/* What is imported, where it is not customers. */
typedef struct import_kind {
    uint32_t verb;
    text members;              /* of each call, JSON without braces */
    const char *const *fields; /* that its map may name, NULL at the end */
    import_row_writer write_row;
    import_map_maker make_map;
    void *context; /* of make_map */
} import_kind;

typedef struct import_paths {
    const char *file;
    const char *map;         /* NULL: the kind makes one */
    const char *refs;        /* NULL: no references are wanted */
    const char *domain;      /* whose references; NULL: the person's own */
    const import_kind *kind; /* NULL: customers */
} import_paths;

typedef struct import_summary {
    import_counts counts;
    uint64_t rejected_here; /* rows that never reached the gate; counted in counts.rejected too */
} import_summary;

/* Reads the map and the first row, then everything. A negative status has been said; what went in
 * before it stays, and the same run again is safe. The gate is opened once nothing can be wrong
 * with the files any more. */
velum_status import_run(const import_paths *paths, const invocation *invocation,
                        import_summary *out) VELUM_WARN_UNUSED;

#endif
