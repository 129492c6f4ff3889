/* cli/import_row.h: one row of a file as a row of VELUM_VERB_IMPORT. */
#ifndef CLI_IMPORT_ROW_H
#define CLI_IMPORT_ROW_H

#include "base/buffer.h"
#include "cli/import_map.h"

#define IMPORT_ROW_BYTES_MAX 65536 /* of JSON */

/* A row as it was read; borrowed from the reader until its next. */
typedef struct import_cells {
    const text *fields;
    size_t count;
    uint64_t line; /* on which it begins */
} import_cells;

/* Appends {"line":…,"identifiers":[…],"profile":{…}}. Blanks around values go, empty values are
 * absent. VELUM_E_INVALID with a short code in `*out_reason` for a row that cannot go in; `out` is
 * then to be reset. The map is bound. */
velum_status import_row_write(const import_map *map, const import_cells *cells, buffer *out,
                              const char **out_reason) VELUM_WARN_UNUSED;
/* The key's value in a row. */
text import_row_key(const import_map *map, const text *fields);

#endif
