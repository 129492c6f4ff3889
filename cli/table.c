/* cli/table.c: layout of a table.
 *
 * Every column first gets the width of its widest cell. While the sum is too large, the widest column
 * that is wider than its longest word loses a cell; when only words are left, the widest column that
 * is wider than COLUMN_CELLS_MIN. Then each row takes as many lines as its tallest cell.
 */
#include "cli/table.h"

#include "cli/width.h"

#include <assert.h>

#define COLUMN_CELLS_MIN 6
#define WORD_CELLS_MAX 24 /* a longer word, such as a hash, may be broken like a list */
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
    assert(self->column_count > 0);
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

/* Cells of the longest piece that is not broken at blanks and commas. */
static size_t longest_word(text cell)
{
    size_t longest = 0;

    for (size_t begin = 0, i = 0; i <= cell.size; i++) {
        if (i < cell.size && cell.data[i] != ' ' && cell.data[i] != ',') {
            continue;
        }
        const size_t end = i < cell.size && cell.data[i] == ',' ? i + 1 : i;
        const size_t cells = width_of((text){cell.data + begin, end - begin});
        longest = cells > longest ? cells : longest;
        begin = i + 1;
    }
    return longest < WORD_CELLS_MAX ? longest : WORD_CELLS_MAX;
}

/* The widest column that is wider than `least` of it; column_count when there is none. */
static size_t widest_above(const table *self, const size_t *least)
{
    size_t widest = self->column_count;

    for (size_t i = 0; i < self->column_count; i++) {
        const bool is_wider =
            widest == self->column_count || self->widths[i] >= self->widths[widest];
        if (self->widths[i] > least[i] && is_wider) {
            widest = i;
        }
    }
    return widest;
}

static size_t total_width(const table *self)
{
    size_t total = 0;

    for (size_t i = 0; i < self->column_count; i++) {
        total += self->widths[i] > 0 ? self->widths[i] + TABLE_GAP : 0;
    }
    return total > TABLE_GAP ? total - TABLE_GAP : 0;
}

/* A word that does not fit breaks behind '-' or '_', else anywhere. */
static size_t hyphen_size(text rest, size_t end)
{
    for (size_t i = end; i > 1; i--) {
        if (rest.data[i - 1] == '-' || rest.data[i - 1] == '_') {
            return i;
        }
    }
    return end;
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
    for (size_t i = end; i > 1; i--) {
        if (rest.data[i - 1] == ' ') {
            *out_skip = 1;
            return i - 1;
        }
        if (rest.data[i - 1] == ',') {
            *out_skip = i < rest.size && rest.data[i] == ' ';
            return i;
        }
    }
    return hyphen_size(rest, end);
}

static void shrink(table *self, const size_t *least, size_t columns)
{
    while (total_width(self) > columns) {
        const size_t widest = widest_above(self, least);
        if (widest == self->column_count) {
            return;
        }
        self->widths[widest]--;
    }
}

static void measure(table *self, size_t column, size_t *out_word)
{
    const text title = text_of(self->columns[column].title);
    bool is_empty = true;

    self->widths[column] = width_of(title);
    *out_word = longest_word(title);
    for (size_t row = 0; row < table_row_count(self); row++) {
        const table_cell cell = cell_at(self, row, column);
        const text shown = cell_text(self, &cell);
        const size_t cells = width_of(shown);
        const size_t word = longest_word(shown);
        self->widths[column] = cells > self->widths[column] ? cells : self->widths[column];
        *out_word = word > *out_word ? word : *out_word;
        is_empty = is_empty && shown.size == 0;
    }
    if (self->hides_empty && is_empty) {
        self->widths[column] = 0;
    }
}

/* The widest line of a column once its cells are broken. */
static size_t widest_line(const table *self, size_t column)
{
    size_t widest = width_of(text_of(self->columns[column].title));

    for (size_t row = 0; row < table_row_count(self); row++) {
        const table_cell cell = cell_at(self, row, column);
        text rest = cell_text(self, &cell);
        while (rest.size > 0) {
            size_t skip = 0;
            const size_t size = line_size(rest, self->widths[column], &skip);
            const size_t cells = width_of((text){rest.data, size});
            widest = cells > widest ? cells : widest;
            rest.data += size + skip;
            rest.size -= size + skip;
        }
    }
    return widest;
}

/* Breaking leaves room in the columns: it goes to the last one. */
static void tighten(table *self, size_t columns)
{
    const size_t last = self->column_count - 1;

    for (size_t i = 0; i < last; i++) {
        if (self->widths[i] > 0) {
            self->widths[i] = widest_line(self, i);
        }
    }
    if (self->widths[last] > 0 && total_width(self) < columns) {
        self->widths[last] += columns - total_width(self);
    }
}

void table_layout(table *self, size_t columns)
{
    size_t words[TABLE_COLUMNS_MAX] = {0};
    size_t least[TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < self->column_count; i++) {
        measure(self, i, &words[i]);
        least[i] = COLUMN_CELLS_MIN;
    }
    shrink(self, words, columns);
    shrink(self, least, columns);
    tighten(self, columns);
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
    if (self->widths[column] == 0) {
        *rest = TEXT_EMPTY;
        return;
    }
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
