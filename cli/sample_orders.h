/* cli/sample_orders.h: what the people of the sample bought, as a till writes it: a line an item.
 *
 * A pure function of seed and person; nobody bought anything.
 */
#ifndef CLI_SAMPLE_ORDERS_H
#define CLI_SAMPLE_ORDERS_H

#include "base/buffer.h"
#include "base/text.h"

/* Titles of the columns, and the map for `velum-crm orders load`. */
extern const char sample_orders_titles[];
extern const char sample_orders_map[];

typedef struct sample_shopper {
    uint64_t seed;
    uint32_t index;
    text number; /* customer_no */
    text store;
    text region;
} sample_shopper;

/* Appends the lines of the shopper's orders, none to six of them, from December 2025 to November 2026.
 * Some have not bought for months. Returns how many lines. */
uint32_t sample_orders_write(const sample_shopper *who, buffer *out);

#endif
