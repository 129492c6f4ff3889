/* crm/orders/items.h: the lines of a till's file, kept as far as the map uses them, those of one order
 * side by side. A file may be in any order; so all of it is in memory. */
#ifndef CRM_ORDERS_ITEMS_H
#define CRM_ORDERS_ITEMS_H

#include "crm/orders/map.h"
#include "crm/orders/rejects.h"

#define ITEMS_MAX 5000000
#define ITEM_VALUE_BYTES_MAX 1024

typedef struct item {
    uint64_t line; /* of the file */
    size_t offset; /* of its values */
} item;

typedef struct items items;

/* Reads all rows and binds the map to the first. Rows that are malformed go to the rejects. VELUM_E_LIMIT
 * for more than ITEMS_MAX; VELUM_E_INVALID with the reason in `err` where map and file do not fit. */
velum_status items_read(int fd, orders_map *map, rejects *rejects, items **out,
                        velum_error *err) VELUM_WARN_UNUSED;
void items_free(items *self);
VELUM_DEFINE_AUTO(items);

size_t items_count(const items *self);
const item *items_at(const items *self, size_t index);
/* What the item has in a slot of the map, without blanks around it. */
text items_value(const items *self, const item *item, uint32_t slot);
/* One past the last item of the order that begins at `first`. */
size_t items_end_of_order(const items *self, size_t first);

#endif
