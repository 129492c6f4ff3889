/* cli/consent_rows.h: one row of a file as a consent from before (VELUM_VERB_CONSENT_IMPORT).
 *
 * The file goes through a map as customers do, whose fields are `type`, `purpose`, `state`, `given` and
 * `evidence`; the key is the customer's identifier. A file whose columns have these names, and `value`
 * for the identifier, needs no map.
 */
#ifndef CLI_CONSENT_ROWS_H
#define CLI_CONSENT_ROWS_H

#include "cli/import_run.h"

extern const char *const consent_row_fields[];

/* What a file without a map does not say. */
typedef struct consent_defaults {
    const char *purpose; /* of every row; NULL: a column says it */
    const char *source;  /* NULL: "consents" */
} consent_defaults;

/* `context` is a consent_defaults. */
velum_status consent_map_make(void *context, const text *header, size_t count,
                              buffer *out) VELUM_WARN_UNUSED;
/* A day is its beginning in UTC. Evidence that is no SHA-256 already becomes one of its own text. */
velum_status consent_row_write(const import_map *map, const import_cells *cells, buffer *out,
                               const char **out_reason) VELUM_WARN_UNUSED;

#endif
