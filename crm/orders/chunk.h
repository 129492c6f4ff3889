/* crm/orders/chunk.h: orders on their way to the gate, as many as one request takes. */
#ifndef CRM_ORDERS_CHUNK_H
#define CRM_ORDERS_CHUNK_H

#include "crm/door.h"
#include "crm/orders/rejects.h"

typedef struct chunk_totals {
    uint64_t same;
    uint64_t changed;
    uint64_t new;
    uint64_t rejected;
} chunk_totals;

typedef struct chunk {
    door *door;       /* borrowed */
    text table;       /* borrowed */
    rejects *rejects; /* borrowed */
    buffer rows;      /* of the array, with commas */
    uint32_t count;   /* rows with those that hang on them */
    chunk_totals totals;
} chunk;

void chunk_init(chunk *self);
void chunk_clear(chunk *self);
#define VELUM_AUTO_CHUNK __attribute__((cleanup(chunk_clear))) chunk
/* One order of `count` rows; what is full is sent first. */
velum_status chunk_add(chunk *self, text order, uint32_t count) VELUM_WARN_UNUSED;
/* What is still here. */
velum_status chunk_send(chunk *self) VELUM_WARN_UNUSED;

#endif
