/* core/counts_walk.c: by every live customer, each decided on of their own (I-2, I-4).
 *
 * Rows that belong to nobody are not counted: one customer's would be as many customers as rows.
 */
#include "core/counts.h"

#include "core/locate.h"
#include "core/many.h"
#include "core/rows.h"

#define STRETCH 256         /* customers in one snapshot */
#define STALE_TRIES 3       /* of one customer, each with a new snapshot */
#define ROWS_PAGES_MAX 5000 /* of a customer */

typedef struct walk {
    passage *passage;
    const bundle_count *count;
    const bundle_resource *resource;
    counts_table *table;
    many_ask ask;
    int64_t last_n; /* of the page */
    uint32_t rows;  /* on the page */
} walk;

/* --- a row -------------------------------------------------------------------------------------- */

static int32_t local_day(const bundle *bundle, int64_t at_ns)
{
    const int64_t seconds = at_ns / NS_PER_SECOND - (at_ns % NS_PER_SECOND < 0 ? 1 : 0);
    const int64_t local = seconds + bundle->day_offset_s;

    return (int32_t)(local / 86400 - (local % 86400 < 0 ? 1 : 0));
}

/* "2026-03": of a date as it is, of a time where the policy lives. */
static velum_status month_of(const walk *self, const resource_field *field, text value,
                             char out[CIVIL_DATE_TEXT_BYTES])
{
    civil_date date;
    int64_t at_ns = 0;

    if (field->type == FIELD_DATE) {
        VELUM_TRY(civil_date_parse(value, &date));
    } else {
        VELUM_TRY(time_parse(value, &at_ns));
        date = civil_date_from_days(local_day(self->passage->world->bundle, at_ns));
    }
    civil_date_format(date, out);
    return VELUM_OK;
}

/* VELUM_END where the row has no such value: it is not counted. */
static velum_status take_value(const walk *self, const row *row, uint32_t d, uint32_t *out)
{
    const resource_field *const field = &self->resource->fields[self->count->dimensions[d]];
    const text *const value = record_find(row->record, field->number);
    char month[CIVIL_DATE_TEXT_BYTES];

    if (value == NULL || value->size == 0) {
        return VELUM_END;
    }
    if (!self->count->by_month[d]) {
        return counts_table_value(self->table, d, *value, out);
    }
    VELUM_TRY(month_of(self, field, *value, month));
    return counts_table_value(self->table, d, (text){month, sizeof("2026-03") - 1}, out);
}

/* A whole number in its one form; none counts as nothing. */
static velum_status take_amount(const walk *self, const row *row, int64_t *out)
{
    const text *value = NULL;
    uint64_t size = 0;

    *out = 0;
    if (self->count->measure != BUNDLE_NONE) {
        value = record_find(row->record, self->resource->fields[self->count->measure].number);
    }
    if (value == NULL || value->size == 0) {
        return VELUM_OK;
    }
    const bool is_negative = value->data[0] == '-';
    if (!text_parse_u64((text){value->data + is_negative, value->size - is_negative}, &size)) {
        return VELUM_E_CORRUPT;
    }
    if (size > (uint64_t)PUBLISH_SUM_MAX) {
        return VELUM_E_LIMIT;
    }
    *out = is_negative ? -(int64_t)size : (int64_t)size;
    return VELUM_OK;
}

static velum_status visit_row(void *context, const row *row)
{
    walk *const self = context;
    uint32_t at[PUBLISH_DIMENSIONS_MAX] = {0};
    int64_t amount = 0;

    self->last_n = row->n;
    self->rows++;
    for (uint32_t d = 0; d < self->count->dimension_count; d++) {
        const velum_status status = take_value(self, row, d, &at[d]);
        if (status != VELUM_OK) {
            return status == VELUM_END ? VELUM_OK : status;
        }
    }
    VELUM_TRY(take_amount(self, row, &amount));
    return counts_table_bring(self->table, at, amount);
}

/* --- a customer --------------------------------------------------------------------------------- */

/* Of one record; its person's end is the caller's. */
static velum_status visit_rows(walk *self)
{
    row_range range = {.resource = self->count->resource, .limit = ROWS_AT_ONCE_MAX};

    for (uint32_t page = 0; page < ROWS_PAGES_MAX; page++) {
        self->rows = 0;
        VELUM_TRY(rows_visit(self->passage, &range, visit_row, self));
        if (self->rows < ROWS_AT_ONCE_MAX) {
            return VELUM_OK;
        }
        range.after_n = self->last_n;
    }
    return VELUM_E_LIMIT;
}

/* A decision on a snapshot that has become too old is made again on a new one. */
static velum_status decide_on(walk *self, const subject_id *id)
{
    velum_status status = VELUM_E_STALE;

    for (uint32_t i = 0; i < STALE_TRIES && status == VELUM_E_STALE; i++) {
        if (i > 0) {
            locate_release_snapshot(self->passage);
        }
        VELUM_TRY(locate_snapshot(self->passage));
        status = many_decide(self->passage, id, &self->ask);
    }
    return status;
}

/* The rows of one record, if it may be counted. */
static velum_status visit_record(walk *self, const subject_id *id)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);

    velum_status status = decide_on(self, id);
    if (status == VELUM_OK && passage->verdict.allowed && passage->opened != NULL) {
        status = visit_rows(self);
    }
    locate_forget(passage);
    secret_arena_rewind(passage->arena, mark);
    return status;
}

/* Several records of one person are one customer, who is counted where the record that stays is come by:
 * two of them would make two of one (docs/law.md). */
static velum_status visit_customer(walk *self, const subject_id *id, const subject_id *person)
{
    person_members all = {.count = 1};
    velum_status status = VELUM_OK;

    all.items[0].id = *id;
    if (person != NULL) {
        VELUM_TRY(vault_person_members(self->passage->conn, person, &all));
    }
    for (uint32_t i = 0; i < all.count && status == VELUM_OK; i++) {
        status = visit_record(self, &all.items[i].id);
    }
    if (status == VELUM_E_NOTFOUND || many_is_damaged(status)) {
        counts_table_drop_customer(self->table); /* who cannot be read is counted nowhere (I-3) */
        return VELUM_OK;
    }
    return status == VELUM_OK ? counts_table_end_customer(self->table) : status;
}

/* --- all ---------------------------------------------------------------------------------------- */

static velum_status visit_all(walk *self)
{
    passage *const passage = self->passage;
    subject_id last = {{0}};
    velum_status status = VELUM_OK;

    for (uint64_t i = 0; status == VELUM_OK; i++) {
        subject_id next;
        bool is_of_several = false;
        if (atomic_load_explicit(&passage->gate->stopping, memory_order_relaxed)) {
            return VELUM_E_UNAVAILABLE;
        }
        if (i % STRETCH == 0) {
            locate_release_snapshot(passage);
            VELUM_TRY(locate_snapshot(passage));
        }
        status = vault_customer_after(passage->conn, &last, &next, &is_of_several);
        if (status == VELUM_OK) {
            last = next;
            status = visit_customer(self, &next, is_of_several ? &next : NULL);
        }
    }
    return status == VELUM_END ? VELUM_OK : status;
}

velum_status counts_walk(passage *passage, const bundle_count *count, counts_table *table)
{
    walk self = {.passage = passage,
                 .count = count,
                 .resource = &passage->world->bundle->resources[count->resource],
                 .table = table,
                 .ask = {.activity = passage->activity,
                         .action = ACTION_COUNTS,
                         .fields = passage->asked,
                         .resource = count->resource + 1}};
    const verdict verdict = passage->verdict; /* of the question itself, for the leaf */

    const velum_status status = visit_all(&self);
    passage->verdict = verdict;
    return status;
}
