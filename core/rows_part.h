/* core/rows_part.h: what the files of rows share, and nobody else includes.
 *
 * A *line* is a row as the table `module_row` has it, still sealed. A *wish* is a row as a request
 * names it, its values in their one form.
 */
#ifndef CORE_ROWS_PART_H
#define CORE_ROWS_PART_H

#include "core/rows.h"

#define ROW_HASH_BYTES 16
/* "<key of the parent>/<its own>" */
#define ROW_KEY_TEXT_BYTES_MAX (2 * ROW_KEY_BYTES_MAX + 1)

/* --- lines: rows.c ------------------------------------------------------------------------------ */

typedef struct row_line {
    int64_t n;
    int64_t parent; /* n of the row it hangs on; 0: none */
    int64_t at_ns;
    subject_id subject;
    uint16_t table; /* registry numbers */
    uint16_t category;
    uint32_t version;
} row_line;

typedef struct row_lines {
    row_line items[ROWS_AT_ONCE_MAX];
    uint32_t count;
} row_lines;

void row_key_hash(const passage *passage, uint16_t table, text key, uint8_t out[ROW_HASH_BYTES]);
/* The line of a key, whosever it is: VELUM_E_NOTFOUND. */
velum_status row_line_find(store_conn *conn, uint16_t table, const uint8_t hash[ROW_HASH_BYTES],
                           row_line *out) VELUM_WARN_UNUSED;
velum_status row_line_read(store_conn *conn, int64_t n, row_line *out) VELUM_WARN_UNUSED;
/* The first lines of the located subject that are sealed under a category. */
velum_status row_lines_of_category(passage *passage, uint16_t category,
                                   row_lines *out) VELUM_WARN_UNUSED;
/* The next number of a row that belongs to a customer: never one that was given before. */
velum_status row_line_number(store_conn *conn, int64_t *out) VELUM_WARN_UNUSED;
velum_status row_line_insert(store_conn *conn, const row_line *line,
                             const uint8_t hash[ROW_HASH_BYTES],
                             const buffer *sealed) VELUM_WARN_UNUSED;
velum_status row_line_update(store_conn *conn, const row_line *line,
                             const buffer *sealed) VELUM_WARN_UNUSED;
/* The line and its cells. */
velum_status row_line_delete(store_conn *conn, int64_t n) VELUM_WARN_UNUSED;
/* The lines of a range, at most `limit` of them. */
velum_status row_lines_read(passage *passage, const row_range *range,
                            row_lines *out) VELUM_WARN_UNUSED;
velum_status row_lines_alloc(passage *passage, row_lines **out) VELUM_WARN_UNUSED;
/* Opens a line into the arena. */
velum_status row_open(passage *passage, const row_line *line, row *out) VELUM_WARN_UNUSED;
velum_status row_seal(passage *passage, const row_line *line, const record *what,
                      buffer *out) VELUM_WARN_UNUSED;

/* --- rows keys of the located subject: rows_key.c --------------------------------------------------- */

/* Before any mark of the arena that does not outlive the subject. */
velum_status rows_keys_begin(passage *passage) VELUM_WARN_UNUSED;
/* The rows key of a category; VELUM_E_TAMPERED when the subject has none and yet a row. */
velum_status rows_key_of(passage *passage, uint16_t category,
                         const uint8_t **out) VELUM_WARN_UNUSED;
/* Makes it with the first row: category, state, touch. Nothing when it is there. */
velum_status rows_key_ensure(passage *passage, uint16_t category) VELUM_WARN_UNUSED;
/* One that was opened otherwise: of a retained record. */
velum_status rows_key_keep(passage *passage, uint16_t category,
                           const record *from) VELUM_WARN_UNUSED;

/* --- values and cells: rows_value.c ------------------------------------------------------------------- */

/* The one form of a value, borrowed from the request or in the arena; `*out` with data NULL for null.
 * Refuses what does not fit the field. */
velum_status row_value_take(passage *passage, const resource_field *field, const json_value *value,
                            text *out) VELUM_WARN_UNUSED;
/* The number by which a value in its one form is found and ordered. */
int64_t row_cell_value(const passage *passage, const resource_field *field, text value);
/* UTC nanoseconds of a date or time in its one form. */
int64_t row_value_time(const resource_field *field, text value);
/* The cells of a row, in place of those that it had. */
velum_status row_cells_put(passage *passage, const bundle_resource *resource, int64_t n,
                           const record *record) VELUM_WARN_UNUSED;

/* --- wishes: rows_wish.c ----------------------------------------------------------------------------------- */

typedef struct row_wish {
    text key; /* borrowed */
    text values[RESOURCE_FIELDS_MAX];
    uint64_t set;               /* field bits */
    const json_value *children; /* {table: [{key, fields}…]}; NULL: none are named */
} row_wish;

/* Reads {key, fields, rows?} (other members are not looked at). Unknown fields are counted in
 * passage->unknown_fields. */
velum_status row_wish_parse(passage *passage, uint32_t resource, const json_value *object,
                            row_wish *out) VELUM_WARN_UNUSED;
/* The same of a child, which has no children, under the key of its parent. */
velum_status row_wish_parse_child(passage *passage, uint32_t resource, const json_value *object,
                                  text parent_key, row_wish *out) VELUM_WARN_UNUSED;
/* Looks at a row and all its children before anything is decided: passage->asked is what the row
 * names; the fields of each child table are added up in `out_children`, by table. */
typedef struct rows_asked {
    uint64_t fields[BUNDLE_RESOURCES_MAX]; /* of child tables */
    uint32_t tables;                       /* bits of child tables that are named */
    uint32_t count;                        /* rows, the first included */
} rows_asked;
velum_status row_wish_survey(passage *passage, uint32_t resource, const json_value *object,
                             rows_asked *out_children) VELUM_WARN_UNUSED;
/* passage->resource from the member "table"; an unknown one is left to the decision. A row's own table
 * where `top` says so: rows of a child table are refused. */
velum_status rows_take_table(passage *passage, bool top) VELUM_WARN_UNUSED;
/* The index of the passage's table. */
uint32_t rows_index(const passage *passage);
const bundle_resource *rows_resource(const passage *passage);

/* --- putting: rows_put.c --------------------------------------------------------------------------------- */

typedef struct rows_put_result {
    uint32_t result; /* RESULT_* of core/verbs.h */
    uint32_t count;  /* rows named */
} rows_put_result;
/* Decides on the child tables, then puts the row and its children for the located subject. */
velum_status rows_put(passage *passage, const json_value *object,
                      rows_put_result *out) VELUM_WARN_UNUSED;

/* --- reading: rows_read.c -------------------------------------------------------------------------------- */

#define READING_VIEWS_MAX 16 /* a table and those that hang on it */
/* A page of rows with what hangs on them. */
typedef struct rows_reading {
    passage *passage;
    rows_view
        views[READING_VIEWS_MAX]; /* the table's own first, then of child tables that are shown */
    uint32_t view_count;
    rows_view *child; /* of the table being written */
    json_writer *out;
    uint32_t count;     /* rows written, children included */
    uint32_t top_count; /* without them */
    int64_t last_n;
    bool has_more;
} rows_reading;
/* Decides on child tables with `action`. */
void rows_reading_begin(passage *passage, const rows_view *top, uint32_t action, rows_reading *out);
/* An array of {key, at, fields, rows?}. */
velum_status rows_reading_write(rows_reading *self, const row_range *range,
                                json_writer *out) VELUM_WARN_UNUSED;
/* The views from `first` on, into the leaf. */
velum_status rows_reading_note(rows_reading *self, uint32_t first) VELUM_WARN_UNUSED;
/* "limit" of the body. */
velum_status rows_take_limit(passage *passage, uint32_t *out) VELUM_WARN_UNUSED;

/* --- cursors: rows_cursor.c ------------------------------------------------------------------------------ */

#define ROWS_CURSOR_BYTES 76 /* with the NUL */
typedef struct rows_cursor {
    uint16_t table; /* registry numbers */
    uint16_t field; /* 0: none */
    int64_t value;
    int64_t n;
} rows_cursor;
void rows_cursor_write(const passage *passage, const rows_cursor *cursor,
                       char out[ROWS_CURSOR_BYTES]);
/* Fills value and n; refuses one of another table or field, or not ours. */
velum_status rows_cursor_read(passage *passage, text given, rows_cursor *io) VELUM_WARN_UNUSED;

#endif
