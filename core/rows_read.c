/* core/rows_read.c: rows of one customer read, each with what hangs on it, and taken away. */
#include "core/locate.h"
#include "core/parse.h"
#include "core/rows_part.h"
#include "core/verbs.h"

#define ANSWER_BYTES_ENOUGH ((size_t)4 << 20) /* a page ends when it is so long */

/* --- what is asked ------------------------------------------------------------------------------ */

velum_status rows_take_limit(passage *passage, uint32_t *out)
{
    *out = ROWS_AT_ONCE_MAX;
    return parse_limit(passage, ROWS_AT_ONCE_MAX, "`limit` is 1 to 200.", out);
}

/* Rows and the customer's state are of one snapshot, so the leaf's place in the log is that of both. */
static velum_status locate_in_snapshot(passage *passage)
{
    VELUM_TRY(locate_snapshot(passage));
    return locate_by_ref(passage);
}

velum_status row_read_locate(passage *passage)
{
    static const char *const members[] = {"table", "key", "from", "limit", NULL};

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(rows_take_table(passage, false));
    passage->asked_all = true;
    return locate_in_snapshot(passage);
}

static velum_status take_range(passage *passage, row_range *out)
{
    const json_value *const body = json_root(passage->body);
    rows_cursor cursor = {.table = rows_resource(passage)->number};
    text from;

    out->resource = rows_index(passage);
    VELUM_TRY(parse_optional_text(passage, body, "key", &out->key));
    VELUM_TRY(parse_optional_text(passage, body, "from", &from));
    VELUM_TRY(rows_take_limit(passage, &out->limit));
    if (from.size > 0) {
        VELUM_TRY(rows_cursor_read(passage, from, &cursor));
        out->after_n = cursor.n;
    }
    return VELUM_OK;
}

/* --- rows with what hangs on them ----------------------------------------------------------------- */

void rows_reading_begin(passage *passage, const rows_view *top, uint32_t action, rows_reading *out)
{
    const bundle *const bundle = passage->world->bundle;

    *out = (rows_reading){.passage = passage, .views[0] = *top, .view_count = 1};
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        rows_view *const view = &out->views[out->view_count];
        if (bundle->resources[i].parent != top->resource || out->view_count == READING_VIEWS_MAX) {
            continue;
        }
        rows_decide(passage, i, action, view);
        const bool is_shown =
            view->verdict.allowed && rows_leaf_has_room(passage, out->views, out->view_count + 1);
        out->view_count += is_shown ? 1 : 0;
    }
}

static velum_status write_row(rows_reading *self, rows_view *view, const row *row)
{
    char at[TIME_TEXT_BYTES];

    time_format(row->at_ns, at);
    json_member_text(self->out, "key", row->key);
    json_member_string(self->out, "at", at);
    json_name(self->out, "fields");
    json_begin_object(self->out);
    VELUM_TRY(rows_write_fields(self->passage, view, row, self->out));
    json_end_object(self->out);
    self->count++;
    return VELUM_OK;
}

static velum_status write_child(void *context, const row *row)
{
    rows_reading *const self = context;

    json_begin_object(self->out);
    VELUM_TRY(write_row(self, self->child, row));
    json_end_object(self->out);
    return VELUM_OK;
}

static velum_status write_children(rows_reading *self, int64_t parent)
{
    passage *const passage = self->passage;

    if (self->view_count == 1) {
        return VELUM_OK;
    }
    json_name(self->out, "rows");
    json_begin_object(self->out);
    for (uint32_t i = 1; i < self->view_count; i++) {
        const uint32_t resource = self->views[i].resource;
        const row_range range = {.resource = resource, .parent = parent};
        self->child = &self->views[i];
        json_name_text(self->out, passage->world->bundle->resources[resource].name);
        json_begin_array(self->out);
        VELUM_TRY(rows_visit(passage, &range, write_child, self));
        json_end_array(self->out);
    }
    json_end_object(self->out);
    return VELUM_OK;
}

static velum_status count_of_table(const rows_reading *self, uint32_t resource, int64_t parent,
                                   uint32_t *io_count)
{
    const passage *const passage = self->passage;
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(passage->conn,
                             "SELECT count(*) FROM module_row"
                             " WHERE parent = $1 AND parent <> 0 AND resource = $2",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, parent));
    VELUM_TRY(stmt_bind_integer(stmt, 2, passage->world->bundle->resources[resource].number));
    const velum_status status = stmt_step(stmt);
    *io_count += status == VELUM_OK ? (uint32_t)stmt_integer(stmt, 0) : 0;
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* How many rows hang on it, of the tables that are shown. */
static velum_status count_children(const rows_reading *self, int64_t parent, uint32_t *out)
{
    *out = 0;
    for (uint32_t i = 1; i < self->view_count; i++) {
        VELUM_TRY(count_of_table(self, self->views[i].resource, parent, out));
    }
    return VELUM_OK;
}

/* A page ends before a row that does not fit with all that hangs on it; the first one always does. */
static velum_status write_parent(void *context, const row *row)
{
    rows_reading *const self = context;
    uint32_t children = 0;

    VELUM_TRY(count_children(self, row->n, &children));
    const bool is_full =
        self->count + 1 + children > ROWS_AT_ONCE_MAX || self->out->out->size > ANSWER_BYTES_ENOUGH;
    if (self->count > 0 && is_full) {
        self->has_more = true;
        return VELUM_END;
    }
    json_begin_object(self->out);
    VELUM_TRY(write_row(self, &self->views[0], row));
    VELUM_TRY(write_children(self, row->n));
    json_end_object(self->out);
    self->last_n = row->n;
    self->top_count++;
    return VELUM_OK;
}

velum_status rows_reading_write(rows_reading *self, const row_range *range, json_writer *out)
{
    self->out = out;
    json_begin_array(out);
    VELUM_TRY(rows_visit(self->passage, range, write_parent, self));
    json_end_array(out);
    self->has_more = self->has_more || (range->key.size == 0 && self->top_count == range->limit);
    return VELUM_OK;
}

velum_status rows_reading_note(rows_reading *self)
{
    for (uint32_t i = 0; i < self->view_count; i++) {
        VELUM_TRY(rows_note_view(self->passage, &self->views[i]));
    }
    return VELUM_OK;
}

/* --- the answer --------------------------------------------------------------------------------- */

static void write_names(const passage *passage, const char *name, uint64_t fields, json_writer *out)
{
    const bundle_resource *const table = rows_resource(passage);

    json_name(out, name);
    json_begin_array(out);
    for (uint32_t i = 0; i < table->field_count; i++) {
        if ((fields >> i & 1) != 0) {
            json_write_text(out, table->fields[i].name);
        }
    }
    json_end_array(out);
}

static void write_next(rows_reading *self, json_writer *out)
{
    const rows_cursor cursor = {.table = rows_resource(self->passage)->number, .n = self->last_n};
    char next[ROWS_CURSOR_BYTES];

    if (self->has_more) {
        rows_cursor_write(self->passage, &cursor, next);
        json_member_string(out, "next", next);
    }
}

static velum_status write_answer(rows_reading *self, const row_range *range, json_writer *out)
{
    passage *const passage = self->passage;

    json_begin_object(out);
    VELUM_TRY(reply_subject(passage, out));
    json_member_text(out, "table", rows_resource(passage)->name);
    json_name(out, "rows");
    VELUM_TRY(rows_reading_write(self, range, out));
    write_next(self, out);
    passage->entry.record_count = self->count;
    VELUM_TRY(rows_reading_note(self));
    write_names(passage, "masked", passage->released_masked, out);
    write_names(passage, "hidden", passage->verdict.hidden, out);
    reply_decision(passage, out);
    json_end_object(out);
    return buffer_status(&passage->answer->body);
}

velum_status row_read_mask(passage *passage)
{
    const rows_view top = rows_view_of(passage);
    row_range range = {.after_n = 0};
    json_writer out;
    void *slice = NULL;

    VELUM_TRY(take_range(passage, &range));
    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(rows_reading), &slice));
    rows_reading *const self = slice;
    rows_reading_begin(passage, &top, ACTION_ROWS_READ, self);
    json_writer_init(&out, &passage->answer->body);
    return write_answer(self, &range, &out);
}

/* --- taking away -------------------------------------------------------------------------------- */

velum_status row_delete_locate(passage *passage)
{
    static const char *const members[] = {"table", "key", NULL};

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(rows_take_table(passage, false));
    return locate_by_ref(passage);
}

static velum_status delete_children(passage *passage, int64_t parent, uint32_t *count)
{
    const bundle *const bundle = passage->world->bundle;
    row_lines *lines = NULL;

    VELUM_TRY(row_lines_alloc(passage, &lines));
    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        const row_range range = {.resource = i, .parent = parent};
        if (bundle->resources[i].parent != rows_index(passage)) {
            continue;
        }
        VELUM_TRY(row_lines_read(passage, &range, lines));
        for (uint32_t j = 0; j < lines->count; j++) {
            VELUM_TRY(row_line_delete(passage->conn, lines->items[j].n));
        }
        *count += lines->count;
    }
    return VELUM_OK;
}

static velum_status delete_row(passage *passage, text key, uint32_t *out_count)
{
    const bundle_resource *const table = rows_resource(passage);
    const row_range range = {.resource = rows_index(passage), .key = key};
    row_lines *lines = NULL;

    *out_count = 0;
    VELUM_TRY(row_lines_alloc(passage, &lines));
    VELUM_TRY(row_lines_read(passage, &range, lines));
    if (lines->count == 0) {
        return VELUM_OK;
    }
    if (table->is_immutable) {
        return refuse_hint(passage, REASON_CONFLICT, "Rows of this table do not change.");
    }
    VELUM_TRY(delete_children(passage, lines->items[0].n, out_count));
    VELUM_TRY(row_line_delete(passage->conn, lines->items[0].n));
    *out_count += 1;
    return write_batch_touch(passage->batch, &passage->subject);
}

velum_status row_delete_apply(passage *passage)
{
    uint32_t count = 0;
    json_writer out;
    text key;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "key", &key));
    VELUM_TRY(delete_row(passage, key, &count));
    passage->entry.record_count = count;
    entry_push(&passage->entry, INPUT_RESULT, count > 0 ? RESULT_CHANGED : RESULT_SAME);
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_ROW_DELETE);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    json_member_text(&out, "table", rows_resource(passage)->name);
    json_member_text(&out, "key", key);
    json_member_integer(&out, "deleted", count);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
