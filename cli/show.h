/* cli/show.h: a gate's answer on stdout, as a table, as pairs, or as the JSON that it is. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "base/json.h"
#include "cli/table.h"

typedef enum show_kind {
    SHOW_PLAIN,    /* as it is; lists with commas */
    SHOW_NUMBER,   /* to the right, grouped by thousands */
    SHOW_TIME,     /* RFC 3339 without its fraction */
    SHOW_DECISION, /* coloured: allow, partial, deny */
    SHOW_FLAG,     /* "yes" or nothing */
    SHOW_STATE,    /* coloured: given, withdrawn … */
    SHOW_LIFE      /* of a whole row: active, revoked, expired by its members of these names */
} show_kind;

typedef struct show_column {
    const char *title;
    const char *member; /* of a row's object */
    show_kind kind;
} show_column;

#define SHOW_COLUMNS_MAX TABLE_COLUMNS_MAX

/* A table of objects; `none` is said on stderr when there are none. */
velum_status show_rows(const json_value *rows, const show_column *columns, size_t count,
                       const char *none) VELUM_WARN_UNUSED;
/* The members of an object, one a line; lists of objects give their names. */
velum_status show_pairs(const json_value *object) VELUM_WARN_UNUSED;
/* Words of several lines, such as a notice's, without what could drive or mislead the terminal. */
velum_status show_words(text words) VELUM_WARN_UNUSED;
/* JSON and a line end. */
velum_status show_json(text body) VELUM_WARN_UNUSED;

/* Adds one object as a row of a table. */
void show_add_row(table *table, const json_value *row, const show_column *columns, size_t count);
/* The titles of a table's columns. */
void show_titles(const show_column *columns, size_t count, table_column out[TABLE_COLUMNS_MAX]);
/* The colour of a word in a column of that kind. */
colour show_colour(show_kind kind, text shown);
/* "12,345" */
#define SHOW_NUMBER_BYTES 32
void show_number(uint64_t number, char out[SHOW_NUMBER_BYTES]);
/* Writes bytes to stdout. */
velum_status show_bytes(const void *data, size_t size) VELUM_WARN_UNUSED;

#endif
