/* core/rows_own.c: rows of all tables together: a customer's own look, and what a law keeps. */
#include "core/locate.h"
#include "core/rows_part.h"

/* Whether the activity shows any of a table that stands by itself, under one of the categories. */
static bool is_shown(const passage *passage, uint32_t resource, uint32_t categories)
{
    const bundle *const bundle = passage->world->bundle;
    const bundle_resource *const table = &bundle->resources[resource];

    return passage->activity != BUNDLE_NONE && table->parent == BUNDLE_NONE &&
           (categories >> table->category & 1) != 0 &&
           bundle->activities[passage->activity].resources[resource] != 0;
}

uint32_t rows_first_table(const passage *passage, uint32_t categories)
{
    for (uint32_t i = 0; i < passage->world->bundle->resource_count; i++) {
        if (is_shown(passage, i, categories)) {
            return i;
        }
    }
    return BUNDLE_NONE;
}

/* --- one table ---------------------------------------------------------------------------------- */

typedef struct all_tables {
    passage *passage;
    const rows_wanted *wanted;
    uint32_t action;
    uint64_t count; /* rows written */
    json_writer *out;
    bool is_left[BUNDLE_RESOURCES_MAX];
    int64_t left_after[BUNDLE_RESOURCES_MAX]; /* n of the last row written */
} all_tables;

static bool leaf_has_room(const rows_reading *reading)
{
    for (uint32_t i = 0; i < reading->view_count; i++) {
        if (!rows_leaf_has_room(reading->passage, &reading->views[i])) {
            return false;
        }
    }
    return true;
}

static velum_status read_table(all_tables *self, rows_reading *reading)
{
    const uint32_t resource = reading->views[0].resource;
    const row_range range = {.resource = resource,
                             .after_n = self->wanted->after_n,
                             .category = self->wanted->category,
                             .limit = ROWS_AT_ONCE_MAX};

    json_name_text(self->out, self->passage->world->bundle->resources[resource].name);
    VELUM_TRY(rows_reading_write(reading, &range, self->out));
    self->is_left[resource] = reading->has_more;
    self->left_after[resource] = reading->last_n;
    self->count += reading->count;
    return rows_reading_note(reading, 0);
}

static velum_status write_table(all_tables *self, uint32_t resource)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);
    rows_view view;
    void *slice = NULL;

    rows_decide(passage, resource, self->action, &view);
    if (!view.verdict.allowed) {
        return VELUM_OK;
    }
    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(rows_reading), &slice));
    rows_reading *const reading = slice;
    rows_reading_begin(passage, &view, self->action, reading);
    velum_status status = VELUM_OK;
    self->is_left[resource] = !leaf_has_room(reading);
    if (!self->is_left[resource]) {
        status = read_table(self, reading);
    }
    secret_arena_rewind(passage->arena, mark);
    return status;
}

/* --- all of them -------------------------------------------------------------------------------- */

static bool is_wanted(const all_tables *self, uint32_t resource)
{
    const rows_wanted *const wanted = self->wanted;

    return wanted->resource == BUNDLE_NONE ? is_shown(self->passage, resource, wanted->categories)
                                           : wanted->resource == resource;
}

/* Where each table that did not fit goes on. */
static void write_next(all_tables *self)
{
    const bundle *const bundle = self->passage->world->bundle;
    char next[ROWS_CURSOR_BYTES];

    json_name(self->out, "rows_next");
    json_begin_object(self->out);
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        const rows_cursor cursor = {.table = bundle->resources[i].number, .n = self->left_after[i]};
        if (self->is_left[i]) {
            rows_cursor_write(self->passage, &cursor, next);
            json_name_text(self->out, bundle->resources[i].name);
            json_write_text(self->out, text_of(next));
        }
    }
    json_end_object(self->out);
}

static velum_status write_all(all_tables *self)
{
    const bundle *const bundle = self->passage->world->bundle;
    bool is_any_left = false;

    VELUM_TRY(rows_keys_begin(self->passage));
    json_name(self->out, "rows");
    json_begin_object(self->out);
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        if (is_wanted(self, i)) {
            VELUM_TRY(write_table(self, i));
            is_any_left = is_any_left || self->is_left[i];
        }
    }
    json_end_object(self->out);
    if (is_any_left) {
        write_next(self);
    }
    self->passage->entry.record_count += self->count;
    return VELUM_OK;
}

velum_status rows_write_all(passage *passage, const rows_wanted *wanted, json_writer *out)
{
    all_tables self = {
        .passage = passage, .wanted = wanted, .action = ACTION_ROWS_READ, .out = out};

    return wanted->resource == BUNDLE_NONE &&
                   rows_first_table(passage, wanted->categories) == BUNDLE_NONE
               ? VELUM_OK
               : write_all(&self);
}

velum_status rows_write_retained(passage *passage, uint32_t category, json_writer *out)
{
    const uint16_t number = passage->world->bundle->categories[category].number;
    const rows_wanted wanted = {
        .categories = UINT32_C(1) << category, .resource = BUNDLE_NONE, .category = number};
    all_tables self = {
        .passage = passage, .wanted = &wanted, .action = ACTION_RETAINED_READ, .out = out};
    record *record = NULL;

    if (rows_first_table(passage, wanted.categories) == BUNDLE_NONE) {
        return VELUM_OK; /* nothing of it is shown, so nothing is opened (I-4) */
    }
    VELUM_TRY(rows_keys_begin(passage));
    const size_t mark = secret_arena_mark(passage->arena);
    velum_status status = vault_retained_open(passage->gate->vault, passage->conn,
                                              &passage->subject, number, passage->arena, &record);
    if (status == VELUM_OK) {
        status = rows_key_keep(passage, number, record);
    }
    secret_arena_rewind(passage->arena, mark);
    VELUM_TRY(status);
    return write_all(&self);
}
