/* fuzz_counts.c: any bytes as a kept answer. What is accepted encodes to the same bytes, and can be the
 * answer before of a new one. */
#include "core/counts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Nobody is counted any more: what was told stands, and nothing else is told. */
static void publish_after(counts_table *table, const counts_kept *kept)
{
    publish_table next = counts_table_publish(table);

    next.k = 10;
    next.dominance_percent = 50;
    next.has_measure = kept->sum_base != 0;
    next.has_before = true;
    next.sum_base = kept->sum_base;
    const velum_status status = publish(&next);
    require(status == VELUM_OK || status == VELUM_E_LIMIT);
    for (size_t i = 0; status == VELUM_OK && i < next.cell_count; i++) {
        require(next.cells[i].told.has_customers == next.cells[i].before.has_customers);
        require(next.cells[i].told.customers == next.cells[i].before.customers);
    }
}

static void try_dimensions(const uint8_t *data, size_t size, uint32_t dimensions)
{
    VELUM_AUTO(counts_table) *table = NULL;
    VELUM_AUTO_BUFFER again = {0};
    counts_kept kept = {.sum_base = 0};

    require(counts_table_create(dimensions, &table) == VELUM_OK);
    if (counts_kept_decode(data, size, &kept, table) < 0) {
        return;
    }
    buffer_init(&again, COUNTS_KEPT_BYTES_MAX);
    require(counts_kept_encode(&kept, table, &again) == VELUM_OK);
    require(again.size == size && memcmp(again.data, data, size) == 0);
    publish_after(table, &kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 && data[1] >= 1 && data[1] <= PUBLISH_DIMENSIONS_MAX) {
        try_dimensions(data, size, data[1]);
    }
    return 0;
}
