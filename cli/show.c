/* cli/show.c: values as texts, and where they go. */
#include "cli/show.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/say.h"
#include "cli/width.h"

#define SHOWN_BYTES_MAX ((size_t)128 << 20)
#define VALUE_BYTES_MAX 16000
#define TIME_DAY_SIZE 10
#define TIME_SECONDS_SIZE 19 /* "2026-11-21T20:08:00" */

velum_status show_bytes(const void *data, size_t size)
{
    if (size > 0 && fwrite(data, 1, size, stdout) != size) {
        say("stdout does not take what is to be shown");
        return VELUM_E_IO;
    }
    return VELUM_OK;
}

velum_status show_json(text body)
{
    VELUM_TRY(show_bytes(body.data, body.size));
    return show_bytes("\n", 1);
}

/* One line with blanks for tabs; `clean` holds as much as the line. */
static void append_clean_line(text line, char *clean, size_t size, buffer *out)
{
    text piece;
    bool is_first = true;

    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    while (text_split(&line, '\t', &piece)) {
        buffer_append_text(out, is_first ? "" : " ");
        width_clean(piece, clean, size);
        buffer_append_text(out, clean);
        is_first = false;
    }
    buffer_append_byte(out, '\n');
}

velum_status show_words(text words)
{
    const size_t size = words.size + 1;
    VELUM_AUTO_MEM char *clean = mem_alloc(size);
    VELUM_AUTO_BUFFER lines = {0};
    text line;

    if (clean == NULL) {
        return VELUM_E_NOMEM;
    }
    buffer_init(&lines, SHOWN_BYTES_MAX);
    while (text_split(&words, '\n', &line)) {
        append_clean_line(line, clean, size, &lines);
    }
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

void show_number(uint64_t number, char out[SHOW_NUMBER_BYTES])
{
    char digits[24];
    const int count = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    size_t used = 0;

    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            out[used++] = ',';
        }
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

static void append_scalar(const json_value *value, buffer *out)
{
    switch (json_kind_of(value)) {
    case JSON_TEXT:
        buffer_append(out, json_text(value).data, json_text(value).size);
        return;
    case JSON_INTEGER:
        buffer_append_format(out, "%lld", (long long)json_integer(value));
        return;
    case JSON_REAL:
        buffer_append_format(out, "%g", json_real(value));
        return;
    case JSON_BOOL:
        buffer_append_text(out, json_bool(value) ? "yes" : "no");
        return;
    default:
        return;
    }
}

/* The name of an object in a list, or all its plain members. */
static void append_object(const json_value *object, buffer *out)
{
    json_iterator iterator = {NULL};
    const json_value *member = json_member(object, "name");
    text name = TEXT_EMPTY;
    bool is_first = true;

    if (member != NULL) {
        append_scalar(member, out);
        return;
    }
    while (json_next(object, &iterator, &name, &member)) {
        buffer_append_text(out, is_first ? "" : ", ");
        buffer_append(out, name.data, name.size);
        buffer_append_byte(out, '=');
        append_scalar(member, out);
        is_first = false;
    }
}

static void append_value(const json_value *value, buffer *out)
{
    if (json_kind_of(value) == JSON_OBJECT) {
        append_object(value, out);
        return;
    }
    if (json_kind_of(value) != JSON_ARRAY) {
        append_scalar(value, out);
        return;
    }
    for (size_t i = 0; i < json_count(value); i++) {
        const json_value *item = json_at(value, i);
        buffer_append_text(out, i == 0 ? "" : ", ");
        if (json_kind_of(item) == JSON_OBJECT) {
            append_object(item, out);
        } else {
            append_scalar(item, out);
        }
    }
}

/* Cuts the fraction of a second away and parts day and time by a blank, where the line may break
 * (RFC 3339 §5.6 allows it); leaves anything else as it is. */
static void shorten_time(buffer *shown)
{
    if (shown->size > TIME_SECONDS_SIZE + 1 && shown->data[TIME_SECONDS_SIZE] == '.' &&
        shown->data[shown->size - 1] == 'Z' && shown->data[TIME_DAY_SIZE] == 'T') {
        shown->data[TIME_DAY_SIZE] = ' ';
        shown->data[TIME_SECONDS_SIZE] = 'Z';
        shown->size = TIME_SECONDS_SIZE + 1;
    }
}

colour show_colour(show_kind kind, text shown)
{
    static const struct {
        const char *word;
        colour colour;
    } words[] = {
        {"allow", COLOUR_GOOD},  {"partial", COLOUR_DOUBT}, {"deny", COLOUR_BAD},
        {"given", COLOUR_GOOD},  {"renewed", COLOUR_GOOD},  {"withdrawn", COLOUR_BAD},
        {"active", COLOUR_GOOD}, {"revoked", COLOUR_BAD},   {"expired", COLOUR_DOUBT},
        {"refused", COLOUR_BAD},
    };

    if (kind != SHOW_DECISION && kind != SHOW_STATE && kind != SHOW_LIFE) {
        return COLOUR_NONE;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text_equal_literal(shown, words[i].word)) {
            return words[i].colour;
        }
    }
    return COLOUR_NONE;
}

static void add_cell(table *table, const json_value *value, show_kind kind)
{
    VELUM_AUTO_BUFFER shown;
    char number[SHOW_NUMBER_BYTES];

    buffer_init(&shown, VALUE_BYTES_MAX);
    if (value != NULL && kind == SHOW_NUMBER && json_kind_of(value) == JSON_INTEGER &&
        json_integer(value) >= 0) {
        show_number((uint64_t)json_integer(value), number);
        buffer_append_text(&shown, number);
    } else if (value != NULL && (kind != SHOW_FLAG || json_bool(value))) {
        append_value(value, &shown);
    }
    if (kind == SHOW_TIME) {
        shorten_time(&shown);
    }
    const text cell = {shown.size == 0 ? "" : (const char *)shown.data, shown.size};
    table_add(table, cell, show_colour(kind, cell));
}

/* RFC 3339 in UTC of one length orders as text. */
static const char *life_of(const json_value *row)
{
    const velum_clock clock = clock_system();
    const json_value *expires = json_member(row, "expires");
    char now[TIME_TEXT_BYTES];

    if (json_member(row, "revoked") != NULL) {
        return "revoked";
    }
    time_format(clock_wall_ns(&clock), now);
    if (expires != NULL && text_compare(json_text(expires), text_of(now)) <= 0) {
        return "expired";
    }
    return "active";
}

void show_add_row(table *table, const json_value *row, const show_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (columns[i].kind == SHOW_LIFE) {
            const text life = text_of(life_of(row));
            table_add(table, life, show_colour(SHOW_LIFE, life));
            continue;
        }
        add_cell(table, json_member(row, columns[i].member), columns[i].kind);
    }
}

void show_titles(const show_column *columns, size_t count, table_column out[TABLE_COLUMNS_MAX])
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (table_column){columns[i].title, columns[i].kind == SHOW_NUMBER};
    }
}

velum_status show_rows(const json_value *rows, const show_column *columns, size_t count,
                       const char *none)
{
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines;
    table_column titles[TABLE_COLUMNS_MAX] = {{0}};
    const size_t row_count = rows == NULL ? 0 : json_count(rows);

    show_titles(columns, count, titles);
    table_init(&table, titles, count);
    table.hides_empty = true;
    buffer_init(&lines, SHOWN_BYTES_MAX);
    if (row_count == 0) {
        say_more("%s", none);
        return VELUM_OK;
    }
    for (size_t i = 0; i < row_count; i++) {
        show_add_row(&table, json_at(rows, i), columns, count);
    }
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_titles(&table, &lines);
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}

velum_status show_pairs(const json_value *object)
{
    static const table_column columns[] = {{"", false}, {"", false}};
    VELUM_AUTO_TABLE table;
    VELUM_AUTO_BUFFER lines;
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name = TEXT_EMPTY;

    table_init(&table, columns, 2);
    buffer_init(&lines, SHOWN_BYTES_MAX);
    while (json_next(object, &iterator, &name, &value)) {
        char label[64];
        (void)snprintf(label, sizeof(label), "%.*s", (int)(name.size < 60 ? name.size : 60),
                       name.data);
        for (char *c = label; *c != '\0'; c++) {
            *c = *c == '_' ? ' ' : *c;
        }
        table_add(&table, text_of(label), COLOUR_NONE);
        add_cell(&table, value, json_kind_of(value) == JSON_INTEGER ? SHOW_NUMBER : SHOW_TIME);
    }
    VELUM_TRY(table_status(&table));
    table_layout(&table, terminal_columns());
    table_write_rows(&table, &lines);
    VELUM_TRY(buffer_status(&lines));
    return show_bytes(lines.data, lines.size);
}
