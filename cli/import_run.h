/* cli/import_run.h: a whole file through its map to the gate. */
#ifndef CLI_IMPORT_RUN_H
#define CLI_IMPORT_RUN_H

#include "cli/import_chunk.h"
#include "cli/import_map.h"

typedef struct import_paths {
    const char *file;
    const char *map;
    const char *refs;   /* NULL: no references are wanted */
    const char *domain; /* whose references; NULL: the person's own */
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
