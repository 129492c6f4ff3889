/* core/counts_table.c: values, cells, and what each customer brings to them. */
#include "core/counts.h"

#include "base/crypto.h"

#define VALUE_SLOTS 16384U /* open addressing, a power of two; at most a quarter is used */
#define CELL_SLOTS 131072U /* at most a third is used */

typedef struct value_entry {
    uint32_t offset;
    uint32_t size;
} value_entry;

typedef struct dictionary {
    buffer bytes;
    value_entry *entries; /* PUBLISH_VALUES_MAX */
    uint32_t *slots;      /* VALUE_SLOTS; 1 + index; 0: empty */
    uint32_t count;
} dictionary;

struct counts_table {
    uint32_t dimension_count;
    dictionary dictionaries[PUBLISH_DIMENSIONS_MAX];
    publish_cell *cells; /* COUNTS_CELLS_MAX */
    uint32_t cell_count;
    uint32_t *slots;  /* CELL_SLOTS; 1 + index; 0: empty */
    int64_t *brought; /* by cell: of the customer of this moment */
    bool *is_touched;
    uint32_t *touched;
    uint32_t touched_count;
    uint64_t customers;
};

/* --- life --------------------------------------------------------------------------------------- */

static bool dictionary_init(dictionary *self)
{
    buffer_init(&self->bytes, COUNTS_TEXT_BYTES_MAX);
    self->entries = mem_alloc_array(PUBLISH_VALUES_MAX, sizeof(*self->entries));
    self->slots = mem_alloc_array(VALUE_SLOTS, sizeof(*self->slots));
    return self->entries != NULL && self->slots != NULL;
}

static bool allocate(counts_table *self)
{
    for (uint32_t d = 0; d < self->dimension_count; d++) {
        if (!dictionary_init(&self->dictionaries[d])) {
            return false;
        }
    }
    self->cells = mem_alloc_array(COUNTS_CELLS_MAX, sizeof(*self->cells));
    self->slots = mem_alloc_array(CELL_SLOTS, sizeof(*self->slots));
    self->brought = mem_alloc_array(COUNTS_CELLS_MAX, sizeof(*self->brought));
    self->is_touched = mem_alloc_array(COUNTS_CELLS_MAX, sizeof(*self->is_touched));
    self->touched = mem_alloc_array(COUNTS_CELLS_MAX, sizeof(*self->touched));
    return self->cells != NULL && self->slots != NULL && self->brought != NULL &&
           self->is_touched != NULL && self->touched != NULL;
}

velum_status counts_table_create(uint32_t dimension_count, counts_table **out)
{
    VELUM_AUTO(counts_table) *self = mem_alloc(sizeof(*self));

    *out = NULL;
    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->dimension_count = dimension_count;
    if (!allocate(self)) {
        return VELUM_E_NOMEM;
    }
    *out = counts_table_take(&self);
    return VELUM_OK;
}

void counts_table_free(counts_table *self)
{
    if (self == NULL) {
        return;
    }
    for (uint32_t d = 0; d < PUBLISH_DIMENSIONS_MAX; d++) {
        buffer_clear(&self->dictionaries[d].bytes);
        mem_free(self->dictionaries[d].entries);
        mem_free(self->dictionaries[d].slots);
    }
    mem_free(self->cells);
    mem_free(self->slots);
    mem_free(self->brought);
    mem_free(self->is_touched);
    mem_free(self->touched);
    mem_free(self);
}

/* --- values ------------------------------------------------------------------------------------- */

/* FNV-1a: neither the values nor the order of anything that leaves depend on it. */
static uint32_t hash_of(const void *data, size_t size)
{
    const uint8_t *const bytes = data;
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 16777619U;
    }
    return hash;
}

text counts_table_value_text(const counts_table *self, uint32_t dimension, uint32_t value)
{
    const dictionary *const words = &self->dictionaries[dimension];
    const value_entry *const entry = &words->entries[value - 1];

    if (entry->size == 0) {
        return TEXT_EMPTY; /* where it is the only value there are no bytes */
    }
    return (text){(const char *)words->bytes.data + entry->offset, entry->size};
}

uint32_t counts_table_value_count(const counts_table *self, uint32_t dimension)
{
    return self->dictionaries[dimension].count;
}

static velum_status add_value(dictionary *self, text value, uint32_t *slot)
{
    if (self->count == PUBLISH_VALUES_MAX || value.size > COUNTS_VALUE_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    self->entries[self->count] = (value_entry){(uint32_t)self->bytes.size, (uint32_t)value.size};
    buffer_append(&self->bytes, value.data, value.size);
    VELUM_TRY(buffer_status(&self->bytes));
    *slot = ++self->count;
    return VELUM_OK;
}

velum_status counts_table_value(counts_table *self, uint32_t dimension, text value, uint32_t *out)
{
    dictionary *const words = &self->dictionaries[dimension];
    uint32_t at = hash_of(value.data, value.size) % VALUE_SLOTS;

    while (words->slots[at] != 0) { /* ends: most slots stay empty */
        if (text_equal(counts_table_value_text(self, dimension, words->slots[at]), value)) {
            *out = words->slots[at];
            return VELUM_OK;
        }
        at = (at + 1) % VALUE_SLOTS;
    }
    VELUM_TRY(add_value(words, value, &words->slots[at]));
    *out = words->slots[at];
    return VELUM_OK;
}

/* --- cells -------------------------------------------------------------------------------------- */

static velum_status cell_index(counts_table *self, const uint32_t at[PUBLISH_DIMENSIONS_MAX],
                               uint32_t *out)
{
    const size_t size = PUBLISH_DIMENSIONS_MAX * sizeof(at[0]);
    uint32_t slot = hash_of(at, size) % CELL_SLOTS;

    while (self->slots[slot] != 0) { /* ends: most slots stay empty */
        *out = self->slots[slot] - 1;
        if (memcmp(self->cells[*out].at, at, size) == 0) {
            return VELUM_OK;
        }
        slot = (slot + 1) % CELL_SLOTS;
    }
    if (self->cell_count == COUNTS_CELLS_MAX) {
        return VELUM_E_LIMIT;
    }
    *out = self->cell_count++;
    memcpy(self->cells[*out].at, at, size);
    self->slots[slot] = self->cell_count;
    return VELUM_OK;
}

velum_status counts_table_cell(counts_table *self, const uint32_t at[PUBLISH_DIMENSIONS_MAX],
                               publish_cell **out)
{
    uint32_t index = 0;

    VELUM_TRY(cell_index(self, at, &index));
    *out = &self->cells[index];
    return VELUM_OK;
}

/* --- customers ---------------------------------------------------------------------------------- */

static velum_status bring_to(counts_table *self, const uint32_t at[PUBLISH_DIMENSIONS_MAX],
                             int64_t amount)
{
    uint32_t index = 0;

    VELUM_TRY(cell_index(self, at, &index));
    if (!self->is_touched[index]) {
        self->is_touched[index] = true;
        self->brought[index] = 0;
        self->touched[self->touched_count++] = index;
    }
    const int64_t sum = self->brought[index] + amount; /* both within 2^50 */
    if (sum > PUBLISH_SUM_MAX || sum < -PUBLISH_SUM_MAX) {
        return VELUM_E_LIMIT;
    }
    self->brought[index] = sum;
    return VELUM_OK;
}

velum_status counts_table_bring(counts_table *self, const uint32_t at[PUBLISH_DIMENSIONS_MAX],
                                int64_t amount)
{
    if (amount > PUBLISH_SUM_MAX || amount < -PUBLISH_SUM_MAX) {
        return VELUM_E_LIMIT;
    }
    for (uint32_t margins = 0; margins < 1U << self->dimension_count; margins++) {
        uint32_t place[PUBLISH_DIMENSIONS_MAX] = {0};
        for (uint32_t d = 0; d < self->dimension_count; d++) {
            place[d] = (margins >> d & 1) != 0 ? 0 : at[d];
        }
        VELUM_TRY(bring_to(self, place, amount));
    }
    return VELUM_OK;
}

static velum_status count_in(publish_cell *cell, int64_t sum)
{
    const uint64_t size = (uint64_t)(sum < 0 ? -sum : sum);

    if (cell->weight + size > (uint64_t)PUBLISH_SUM_MAX) { /* so the sum is within it, too */
        return VELUM_E_LIMIT;
    }
    cell->customers++;
    cell->sum += sum;
    cell->weight += size;
    cell->largest = size > cell->largest ? size : cell->largest;
    return VELUM_OK;
}

velum_status counts_table_end_customer(counts_table *self)
{
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < self->touched_count; i++) {
        const uint32_t index = self->touched[i];
        if (status == VELUM_OK) {
            status = count_in(&self->cells[index], self->brought[index]);
        }
        self->is_touched[index] = false;
    }
    self->customers += self->touched_count > 0 ? 1 : 0;
    self->touched_count = 0;
    return status;
}

void counts_table_drop_customer(counts_table *self)
{
    for (uint32_t i = 0; i < self->touched_count; i++) {
        self->is_touched[self->touched[i]] = false;
    }
    self->touched_count = 0;
}

uint64_t counts_table_customers(const counts_table *self)
{
    return self->customers;
}

/* --- out ---------------------------------------------------------------------------------------- */

const publish_cell *counts_table_cells(const counts_table *self, size_t *out_count)
{
    *out_count = self->cell_count;
    return self->cells;
}

uint32_t counts_table_dimensions(const counts_table *self)
{
    return self->dimension_count;
}

publish_table counts_table_publish(counts_table *self)
{
    publish_table out = {.dimension_count = self->dimension_count,
                         .cells = self->cells,
                         .cell_count = self->cell_count};

    for (uint32_t d = 0; d < self->dimension_count; d++) {
        out.value_counts[d] = self->dictionaries[d].count;
    }
    return out;
}
