/* core/counts_write.c: an answer as JSON: told cells alone, in the order of their values. */
#include "core/counts.h"

#include <assert.h>
#include <stdlib.h>

#define RANK_BITS 13 /* of a value in its dimension; 0: the margin */
static_assert(PUBLISH_VALUES_MAX < 1U << RANK_BITS, "a rank fits");

typedef struct word {
    text name;
    uint32_t value;
} word;

typedef struct place {
    uint64_t rank;
    uint32_t cell;
} place;

/* Everything is by its text, so that nothing tells in which order customers were met. */
typedef struct order {
    uint32_t *ranks[PUBLISH_DIMENSIONS_MAX]; /* by value, from 1 */
    place *places;                           /* of told cells */
    size_t count;
} order;

static int compare_words(const void *a, const void *b)
{
    return text_compare(((const word *)a)->name, ((const word *)b)->name);
}

static int compare_places(const void *a, const void *b)
{
    const uint64_t first = ((const place *)a)->rank;
    const uint64_t second = ((const place *)b)->rank;

    return first < second ? -1 : first > second;
}

static velum_status rank_values(const counts_table *table, uint32_t dimension, uint32_t **out)
{
    const uint32_t count = counts_table_value_count(table, dimension);
    VELUM_AUTO_MEM word *words = mem_alloc_array(count, sizeof(*words));

    *out = mem_alloc_array((size_t)count + 1, sizeof(**out));
    if (words == NULL || *out == NULL) {
        return VELUM_E_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        words[i] = (word){counts_table_value_text(table, dimension, i + 1), i + 1};
    }
    qsort(words, count, sizeof(*words), compare_words);
    for (uint32_t i = 0; i < count; i++) {
        (*out)[words[i].value] = i + 1;
    }
    return VELUM_OK;
}

static velum_status order_init(order *self, const counts_table *table)
{
    const uint32_t dimensions = counts_table_dimensions(table);
    size_t count = 0;
    const publish_cell *const cells = counts_table_cells(table, &count);

    self->places = mem_alloc_array(count, sizeof(*self->places));
    if (self->places == NULL) {
        return VELUM_E_NOMEM;
    }
    for (uint32_t d = 0; d < dimensions; d++) {
        VELUM_TRY(rank_values(table, d, &self->ranks[d]));
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t rank = 0;
        for (uint32_t d = 0; d < dimensions; d++) {
            rank = rank << RANK_BITS | (cells[i].at[d] == 0 ? 0 : self->ranks[d][cells[i].at[d]]);
        }
        if (cells[i].told.has_customers) {
            self->places[self->count++] = (place){rank, (uint32_t)i};
        }
    }
    qsort(self->places, self->count, sizeof(*self->places), compare_places);
    return VELUM_OK;
}

static void order_clear(order *self)
{
    for (uint32_t d = 0; d < PUBLISH_DIMENSIONS_MAX; d++) {
        mem_free(self->ranks[d]);
    }
    mem_free(self->places);
}

/* --- what is not told --------------------------------------------------------------------------- */

static velum_status count_told_values(const counts_table *table, uint32_t dimension, uint64_t *out)
{
    VELUM_AUTO_MEM bool *is_told =
        mem_alloc_array((size_t)counts_table_value_count(table, dimension) + 1, sizeof(bool));
    size_t count = 0;
    const publish_cell *const cells = counts_table_cells(table, &count);

    if (is_told == NULL) {
        return VELUM_E_NOMEM;
    }
    *out = 1; /* the margin */
    for (size_t i = 0; i < count; i++) {
        const uint32_t value = cells[i].at[dimension];
        if (cells[i].told.has_customers && value != 0 && !is_told[value]) {
            is_told[value] = true;
            *out += 1;
        }
    }
    return VELUM_OK;
}

velum_status counts_untold(const counts_table *table, uint64_t *out)
{
    size_t count = 0;
    const publish_cell *const cells = counts_table_cells(table, &count);
    uint64_t places = 1;
    uint64_t told = 0;

    for (uint32_t d = 0; d < counts_table_dimensions(table); d++) {
        uint64_t values = 0;
        VELUM_TRY(count_told_values(table, d, &values));
        places *= values;
    }
    for (size_t i = 0; i < count; i++) {
        told += cells[i].told.has_customers ? 1 : 0;
    }
    *out = places - told;
    return VELUM_OK;
}

/* --- JSON --------------------------------------------------------------------------------------- */

/* A field's name; "month" where it is counted by month and no field of the count is called so. */
static text dimension_name(const bundle *bundle, const bundle_count *count, uint32_t dimension)
{
    const resource_field *const fields = bundle->resources[count->resource].fields;
    bool is_free = true;

    for (uint32_t d = 0; d < count->dimension_count; d++) {
        const bool is_other = d != dimension;
        is_free = is_free &&
                  !(is_other && (count->by_month[d] ||
                                 text_equal_literal(fields[count->dimensions[d]].name, "month")));
    }
    return count->by_month[dimension] && is_free ? TEXT_LITERAL("month")
                                                 : fields[count->dimensions[dimension]].name;
}

static void write_cell(const counts_table *table, const text names[PUBLISH_DIMENSIONS_MAX],
                       const publish_cell *cell, json_writer *out)
{
    json_begin_object(out);
    for (uint32_t d = 0; d < counts_table_dimensions(table); d++) {
        if (cell->at[d] != 0) {
            json_name_text(out, names[d]);
            json_write_text(out, counts_table_value_text(table, d, cell->at[d]));
        }
    }
    json_member_integer(out, "customers", (int64_t)cell->told.customers);
}

static void write_cells(const bundle *bundle, const bundle_count *count, const counts_table *table,
                        const order *order, json_writer *out)
{
    text names[PUBLISH_DIMENSIONS_MAX] = {{.size = 0}};
    size_t all = 0;
    const publish_cell *const cells = counts_table_cells(table, &all);

    for (uint32_t d = 0; d < count->dimension_count; d++) {
        names[d] = dimension_name(bundle, count, d);
    }
    json_name(out, "cells");
    json_begin_array(out);
    for (size_t i = 0; i < order->count; i++) {
        const publish_cell *const cell = &cells[order->places[i].cell];
        write_cell(table, names, cell, out);
        if (count->measure != BUNDLE_NONE) {
            json_name(out, "sum");
            if (cell->told.has_sum) {
                json_write_integer(out, cell->told.sum);
            } else {
                json_write_null(out);
            }
        }
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_head(const bundle *bundle, const bundle_count *count, json_writer *out)
{
    json_member_text(out, "count", count->name);
    json_member_integer(out, "k", counts_k(bundle, count));
    json_name(out, "dimensions");
    json_begin_array(out);
    for (uint32_t d = 0; d < count->dimension_count; d++) {
        json_write_text(out, dimension_name(bundle, count, d));
    }
    json_end_array(out);
}

velum_status counts_write(passage *passage, const bundle_count *count, const counts_kept *kept,
                          const counts_table *table)
{
    const bundle *const bundle = passage->world->bundle;
    char at[TIME_TEXT_BYTES];
    uint64_t untold = 0;
    order order = {.count = 0};
    json_writer out;

    velum_status status = counts_untold(table, &untold);
    if (status == VELUM_OK) {
        status = order_init(&order, table);
    }
    if (status == VELUM_OK) {
        json_writer_init(&out, &passage->answer->body);
        json_begin_object(&out);
        write_head(bundle, count, &out);
        write_cells(bundle, count, table, &order, &out);
        json_member_integer(&out, "suppressed", (int64_t)untold);
        json_member_integer(&out, "rounded_to", PUBLISH_ROUNDED_TO);
        if (kept->sum_base != 0) {
            json_member_integer(&out, "sum_rounded_to", (int64_t)kept->sum_base);
        }
        time_format(kept->at_ns, at);
        json_member_string(&out, "at", at);
        json_end_object(&out);
        status = buffer_status(&passage->answer->body);
    }
    order_clear(&order);
    return status;
}
