/* cli/table.c: layout of a table.
 *
 * Every column first gets the width of its widest cell. While the sum is too large, the widest column
 * loses a cell, but no column goes below COLUMN_CELLS_MIN. Then each row takes as many lines as its
 * tallest cell.
 */
#include "cli/table.h"

#include "cli/width.h"

#include <assert.h>

#define COLUMN_CELLS_MIN 6
#define CELL_BYTES_MAX 16384

void table_init(table *self, const table_column *columns, size_t count)
{
    assert(count > 0 && count <= TABLE_COLUMNS_MAX);
    *self = (table){.columns = columns, .column_count = count};
    buffer_init(&self->bytes, TABLE_BYTES_MAX);
    buffer_init(&self->cells, TABLE_BYTES_MAX);
}

void table_clear(table *self)
{
    buffer_clear(&self->bytes);
    buffer_clear(&self->cells);
}

void table_empty(table *self)
{
    buffer_reset(&self->bytes);
    buffer_reset(&self->cells);
}

void table_add(table *self, text cell, colour colour)
{
    char clean[CELL_BYTES_MAX];

    width_clean(cell, clean, sizeof(clean));
    const table_cell added = {self->bytes.size, strlen(clean), colour};
    buffer_append(&self->bytes, clean, added.size);
    buffer_append(&self->cells, &added, sizeof(added));
    mem_wipe(clean, added.size);
}

size_t table_row_count(const table *self)
{
    return self->cells.size / sizeof(table_cell) / self->column_count;
}

velum_status table_status(const table *self)
{
    VELUM_TRY(buffer_status(&self->bytes));
    return buffer_status(&self->cells);
}

static table_cell cell_at(const table *self, size_t row, size_t column)
{
    table_cell found = {0};
    const size_t index = row * self->column_count + column;

    memcpy(&found, self->cells.data + index * sizeof(found), sizeof(found));
    return found;
}

static text cell_text(const table *self, const table_cell *cell)
{
    if (cell->size == 0) {
        return TEXT_EMPTY;
    }
    return (text){(const char *)self->bytes.data + cell->offset, cell->size};
}

static size_t widest_column(const table *self)
{
    size_t widest = 0;

    for (size_t i = 1; i < self->column_count; i++) {
        if (self->widths[i] >= self->widths[widest]) {
            widest = i;
        }
    }
    return widest;
}

static size_t total_width(const table *self)
{
    size_t total = TABLE_GAP * (self->column_count - 1);

    for (size_t i = 0; i < self->column_count; i++) {
        total += self->widths[i];
    }
    return total;
}

void table_layout(table *self, size_t columns)
{
    const size_t rows = table_row_count(self);

    for (size_t i = 0; i < self->column_count; i++) {
        size_t widest = width_of(text_of(self->columns[i].title));
        for (size_t row = 0; row < rows; row++) {
            const table_cell cell = cell_at(self, row, i);
            const size_t cells = width_of(cell_text(self, &cell));
            widest = cells > widest ? cells : widest;
        }
        self->widths[i] = widest < columns ? widest : columns;
    }
    while (total_width(self) > columns) {
        const size_t widest = widest_column(self);
        if (self->widths[widest] <= COLUMN_CELLS_MIN) {
            return;
        }
        self->widths[widest]--;
    }
}

/* Bytes of the next line of a cell; `*out_skip` more (a blank) belong to no line. */
static size_t line_size(text rest, size_t cells, size_t *out_skip)
{
    const size_t end = width_prefix(rest, cells);

    *out_skip = 0;
    if (end >= rest.size) {
        return rest.size;
    }
    if (rest.data[end] == ' ') {
        *out_skip = 1;
        return end;
    }
    for (size_t i = end; i > 0; i--) {
        if (rest.data[i - 1] == ' ') {
            *out_skip = 1;
            return i > 1 ? i - 1 : end;
        }
        if (rest.data[i - 1] == ',') {
            return i;
        }
    }
    return end;
}

static void append_blanks(buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_byte(out, ' ');
    }
}

/* Takes the next line from `rest` and appends it, filled up unless it is the last column. */
static void write_piece(const table *self, size_t column, text *rest, colour colour, buffer *out)
{
    size_t skip = 0;
    const size_t size = line_size(*rest, self->widths[column], &skip);
    const text piece = {rest->data, size};
    const size_t used = width_of(piece);
    const size_t blanks = used < self->widths[column] ? self->widths[column] - used : 0;
    const bool is_last = column + 1 == self->column_count;

    if (self->columns[column].is_number) {
        append_blanks(out, blanks);
    }
    if (size > 0) {
        buffer_append_text(out, colour_begin(colour));
        buffer_append(out, piece.data, piece.size);
        buffer_append_text(out, colour_end(colour));
    }
    if (!is_last) {
        append_blanks(out, TABLE_GAP + (self->columns[column].is_number ? 0 : blanks));
    }
    rest->data += size + skip;
    rest->size -= size + skip;
}

static void trim_line(buffer *out)
{
    while (out->size > 0 && out->data[out->size - 1] == ' ') {
        out->size--;
    }
}

/* One row: lines until every cell is used up. */
static void write_lines(const table *self, text *cells, const colour *colours, buffer *out)
{
    bool is_more = true;

    while (is_more && buffer_status(out) == VELUM_OK) {
        is_more = false;
        for (size_t i = 0; i < self->column_count; i++) {
            write_piece(self, i, &cells[i], colours[i], out);
            is_more = is_more || cells[i].size > 0;
        }
        trim_line(out);
        buffer_append_byte(out, '\n');
    }
}

void table_write_titles(const table *self, buffer *out)
{
    text cells[TABLE_COLUMNS_MAX];
    colour colours[TABLE_COLUMNS_MAX];

    for (size_t i = 0; i < self->column_count; i++) {
        cells[i] = text_of(self->columns[i].title);
        colours[i] = COLOUR_HEAD;
    }
    write_lines(self, cells, colours, out);
}

void table_write_rows(const table *self, buffer *out)
{
    text cells[TABLE_COLUMNS_MAX];
    colour colours[TABLE_COLUMNS_MAX];
    const size_t rows = table_row_count(self);

    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < self->column_count; i++) {
            const table_cell cell = cell_at(self, row, i);
            cells[i] = cell_text(self, &cell);
            colours[i] = cell.colour;
        }
        write_lines(self, cells, colours, out);
    }
}
