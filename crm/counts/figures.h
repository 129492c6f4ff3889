/* crm/counts/figures.h: cells in columns that stay within a number of columns of the terminal. */
#ifndef CRM_COUNTS_FIGURES_H
#define CRM_COUNTS_FIGURES_H

#include "base/buffer.h"
#include "base/json.h"

#define FIGURES_COLUMNS_MAX 8

typedef struct figure_column {
    char name[64];  /* of the member and the title */
    bool is_number; /* to the right; null is shown as a dash */
    size_t width;   /* set by figures_write */
} figure_column;

/* Appends titles and one line a cell; texts too wide are cut with an ellipsis. `columns` is the width of
 * the terminal. */
velum_status figures_write(figure_column *of, size_t count, const json_value *cells, size_t columns,
                           buffer *out) VELUM_WARN_UNUSED;

#endif
