#include "crm/counts/figures.h"

#include <stdio.h>

#define GAP 2
#define WIDTH_MIN 4
#define NUMBER_BYTES 24
#define ELLIPSIS "\xe2\x80\xa6"

typedef struct shown {
    char number[NUMBER_BYTES];
    text text;
} shown;

/* East Asian wide characters take two (UAX #11, coarsely: what a name of a shop or region needs). */
static size_t width_of_point(uint32_t point)
{
    const bool is_wide =
        (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
        (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
        (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff01 && point <= 0xff60) ||
        (point >= 0x1f300);

    return is_wide ? 2 : 1;
}

static size_t width_of(text a)
{
    size_t offset = 0;
    size_t width = 0;
    uint32_t point = 0;

    while (utf8_next(a, &offset, &point)) {
        width += width_of_point(point);
    }
    return width;
}

/* The longest beginning of at most `cells`. */
static text prefix_of(text a, size_t cells, size_t *out_width)
{
    size_t offset = 0;
    size_t end = 0;
    uint32_t point = 0;

    *out_width = 0;
    while (utf8_next(a, &offset, &point) && *out_width + width_of_point(point) <= cells) {
        *out_width += width_of_point(point);
        end = offset;
    }
    return (text){a.data, end};
}

static void show(const json_value *value, shown *out)
{
    out->text = TEXT_LITERAL("-");
    if (value == NULL) {
        return;
    }
    if (json_kind_of(value) == JSON_TEXT && utf8_is_printable(json_text(value))) {
        out->text = json_text(value);
    }
    if (json_kind_of(value) == JSON_INTEGER) {
        (void)snprintf(out->number, sizeof(out->number), "%lld", (long long)json_integer(value));
        out->text = text_of(out->number);
    }
}

static size_t total_width(const figure_column *of, size_t count)
{
    size_t total = (count - 1) * GAP;

    for (size_t i = 0; i < count; i++) {
        total += of[i].width;
    }
    return total;
}

/* The widest text gives way until all fit, or none can. Numbers are never cut. */
static void narrow(figure_column *of, size_t count, size_t columns)
{
    while (total_width(of, count) > columns) {
        size_t widest = count;
        for (size_t i = 0; i < count; i++) {
            const bool may = !of[i].is_number && of[i].width > WIDTH_MIN;
            widest = may && (widest == count || of[i].width > of[widest].width) ? i : widest;
        }
        if (widest == count) {
            return;
        }
        of[widest].width--;
    }
}

static void measure(figure_column *of, size_t count, const json_value *cells)
{
    for (size_t i = 0; i < count; i++) {
        of[i].width = width_of(text_of(of[i].name));
        for (size_t row = 0; row < json_count(cells); row++) {
            shown cell;
            show(json_member(json_at(cells, row), of[i].name), &cell);
            const size_t width = width_of(cell.text);
            of[i].width = width > of[i].width ? width : of[i].width;
        }
    }
}

static void pad(buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_byte(out, ' ');
    }
}

static void write_cell(const figure_column *column, text value, bool is_last, buffer *out)
{
    size_t width = width_of(value);
    const bool is_cut = width > column->width;
    const text part = is_cut ? prefix_of(value, column->width - 1, &width) : value;
    const size_t used = width + (is_cut ? 1 : 0);

    if (column->is_number) {
        pad(out, column->width - used);
    }
    buffer_append(out, part.data, part.size);
    buffer_append_text(out, is_cut ? ELLIPSIS : "");
    if (!is_last) {
        pad(out, GAP + (column->is_number ? 0 : column->width - used));
    }
}

velum_status figures_write(figure_column *of, size_t count, const json_value *cells, size_t columns,
                           buffer *out)
{
    measure(of, count, cells);
    narrow(of, count, columns);
    for (size_t i = 0; i < count; i++) {
        write_cell(&of[i], text_of(of[i].name), i + 1 == count, out);
    }
    buffer_append_byte(out, '\n');
    for (size_t row = 0; row < json_count(cells); row++) {
        for (size_t i = 0; i < count; i++) {
            shown cell;
            show(json_member(json_at(cells, row), of[i].name), &cell);
            write_cell(&of[i], cell.text, i + 1 == count, out);
        }
        buffer_append_byte(out, '\n');
    }
    return buffer_status(out);
}
