/* crm/orders/map.h: how a till's file of items becomes orders with lines.
 *
 *     velum-orders: 1
 *     source: NAME                     [a-z][a-z0-9_-]*, at most 63
 *     customer: {type: T, column: C}   the identifier by which the customer is known
 *     orders:
 *       table: NAME
 *       key: COLUMN                    lines of one value are one order
 *       fields:
 *         FIELD: {from: COLUMN}        of the order's first line
 *         FIELD: {from: COLUMN, as: integer | cents}
 *         FIELD: {from: COLUMN, as: time, offset: "+08:00"}   without an offset the column has its own
 *         FIELD: {value: TEXT}         the same in every order
 *         FIELD: {sum: FIELD}          of a number of the lines
 *     lines:
 *       table: NAME
 *       key: COLUMN                    repeated within an order: a number is put behind it
 *       fields: …                      without sum
 *
 * What is not known is an error. Errors name a line of the map and never a column or a value.
 */
#ifndef CRM_ORDERS_MAP_H
#define CRM_ORDERS_MAP_H

#include "base/yaml.h"

#define ORDERS_MAP_BYTES_MAX 65536
#define ORDERS_FIELDS_MAX 24
#define ORDERS_SLOTS_MAX (2 * ORDERS_FIELDS_MAX + 3)

#define AS_TEXT 0
#define AS_INTEGER 1
#define AS_CENTS 2
#define AS_TIME 3

#define FROM_COLUMN 0
#define FROM_VALUE 1
#define FROM_SUM 2

typedef struct orders_column {
    text name;
    uint32_t line; /* of the map */
    uint32_t slot; /* which of the values that are kept of a row */
} orders_column;

typedef struct orders_field {
    text name;
    uint32_t from; /* FROM_* */
    uint32_t as;   /* AS_* */
    orders_column column;
    text value;   /* or the name of the lines' field that is summed */
    uint32_t sum; /* its index */
    text offset;  /* of a time; empty: the column has its own */
} orders_field;

typedef struct orders_table {
    text name;
    orders_column key;
    orders_field fields[ORDERS_FIELDS_MAX];
    uint32_t field_count;
} orders_table;

typedef struct orders_map {
    yaml *document; /* owns all texts */
    text source;
    text customer_type;
    orders_column customer;
    orders_table orders;
    orders_table lines;
    uint32_t
        columns[ORDERS_SLOTS_MAX]; /* by slot: the column of the file; set by orders_map_bind */
    uint32_t slot_count;
    uint32_t column_count; /* of a row */
} orders_map;

/* `source` must outlive the map. VELUM_E_INVALID with the line in `err`. */
velum_status orders_map_compile(text source, orders_map **out, velum_error *err) VELUM_WARN_UNUSED;
void orders_map_free(orders_map *self);
VELUM_DEFINE_AUTO(orders_map);

/* Finds the columns in the file's first row; VELUM_E_INVALID for one that is not there, or twice. */
velum_status orders_map_bind(orders_map *self, const text *header, size_t count,
                             velum_error *err) VELUM_WARN_UNUSED;

#endif
