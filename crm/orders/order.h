/* crm/orders/order.h: one order with its lines, as a row of VELUM_VERB_ROW_IMPORT. */
#ifndef CRM_ORDERS_ORDER_H
#define CRM_ORDERS_ORDER_H

#include "crm/orders/items.h"

#include "base/buffer.h"

#define ORDER_ROWS_MAX 200 /* with the order itself: what hangs together */
#define ORDER_BYTES_MAX ((size_t)56 << 10)

/* Which items of which file, read by which map. */
typedef struct order_of {
    const orders_map *map;
    const items *items;
    size_t first;
    size_t end; /* one past the last */
} order_of;

/* Appends {line, identifier, key, fields, rows:{…}}. VELUM_E_INVALID with a reason of ours in
 * `*out_reason` where a value cannot be what the map says, or there are too many lines. */
velum_status order_write(const order_of *of, buffer *out,
                         const char **out_reason) VELUM_WARN_UNUSED;

#endif
