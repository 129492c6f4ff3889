/* cli/table.h: rows of texts in columns that fit the terminal.
 *
 * A cell that is wider than its column is broken over lines, at a blank or behind a comma where there
 * is one; nothing is cut away. Widths are those of cli/width.h. Texts are copied and made safe to
 * show.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "base/buffer.h"
#include "base/text.h"
#include "cli/terminal.h"

#define TABLE_COLUMNS_MAX 12
#define TABLE_BYTES_MAX ((size_t)64 << 20)
#define TABLE_GAP 2 /* blanks between columns */

typedef struct table_column {
    const char *title;
    bool is_number; /* to the right */
} table_column;

typedef struct table {
    const table_column *columns; /* borrowed */
    size_t column_count;
    bool hides_empty;                 /* a column without any cell is left out */
    buffer bytes;                     /* cells, one after another */
    buffer cells;                     /* table_cell, row by row */
    size_t widths[TABLE_COLUMNS_MAX]; /* set by table_layout */
} table;

typedef struct table_cell {
    size_t offset;
    size_t size;
    colour colour;
} table_cell;

void table_init(table *self, const table_column *columns, size_t count);
void table_clear(table *self);
/* Takes the rows away and keeps the widths, for the next page of a long list. */
void table_empty(table *self);
/* The next cell, from the left; a row is full after `column_count` of them. */
void table_add(table *self, text cell, colour colour);
size_t table_row_count(const table *self);

/* Chooses the widths for all rows that are there, in `columns` cells of the terminal. */
void table_layout(table *self, size_t columns);
/* Appends the titles, or the rows, as lines. */
void table_write_titles(const table *self, buffer *out);
void table_write_rows(const table *self, buffer *out);
velum_status table_status(const table *self) VELUM_WARN_UNUSED;

#define VELUM_AUTO_TABLE __attribute__((cleanup(table_clear))) table

#endif
