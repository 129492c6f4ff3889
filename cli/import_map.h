/* cli/import_map.h: how the columns of a file become identifiers and fields.
 *
 *     source: NAME                     where the file comes from; stands in the log
 *     key: {type: T, column: C}        the identifier by which a row is found again
 *     identifiers:                     further ones; optional
 *       - {type: T, column: C}
 *     on_match: update | reject        a known customer is updated (default), or the row rejected
 *     fields:
 *       FIELD: {from: C}               or {from: [C, C], join: " "}
 *       FIELD: {from: C, format: F}    a date, see cli/date_format.h
 *       FIELD: {value: TEXT}           the same in every row
 *
 * What is not known is an error. Errors name a line of the map and never a column or a value.
 */
#ifndef CLI_IMPORT_MAP_H
#define CLI_IMPORT_MAP_H

#include "base/yaml.h"
#include "cli/date_format.h"

#define IMPORT_MAP_BYTES_MAX 65536
#define IMPORT_SOURCE_BYTES_MAX 63
#define IMPORT_IDENTIFIERS_MAX 16 /* with the key */
#define IMPORT_FIELDS_MAX 64
#define IMPORT_COLUMNS_MAX 8 /* joined into one field */
#define IMPORT_NAME_BYTES_MAX 256

typedef struct import_column {
    text name;
    uint32_t line;  /* of the map */
    uint32_t index; /* in a row; set by import_map_bind */
} import_column;

typedef struct import_identifier {
    text type;
    import_column column;
} import_identifier;

typedef struct import_field {
    text name;
    import_column columns[IMPORT_COLUMNS_MAX];
    uint32_t column_count; /* 0: `value` stands in every row */
    text join;
    text value;
    bool is_date;
    date_format format;
} import_field;

typedef struct import_map {
    yaml *document; /* owns all texts */
    text source;
    bool rejects_known;
    import_identifier identifiers[IMPORT_IDENTIFIERS_MAX]; /* the key first */
    uint32_t identifier_count;
    import_field fields[IMPORT_FIELDS_MAX];
    uint32_t field_count;
    uint32_t column_count; /* of a row; set by import_map_bind */
} import_map;

/* `source` must outlive the map. VELUM_E_INVALID with the line in `err`. */
velum_status import_map_compile(text source, import_map **out, velum_error *err) VELUM_WARN_UNUSED;
void import_map_free(import_map *self);
VELUM_DEFINE_AUTO(import_map);

/* Finds the columns in a file's first row. VELUM_E_NOTFOUND for one that is not there,
 * VELUM_E_INVALID for one that is there twice. */
velum_status import_map_bind(import_map *self, const text *header, size_t count,
                             velum_error *err) VELUM_WARN_UNUSED;

/* Without blanks around it (also U+00A0 and U+3000). */
text import_trim(text value);

#endif
