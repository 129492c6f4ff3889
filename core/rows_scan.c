/* core/rows_scan.c: customers by a range of an indexed field of their rows, each decided on its own.
 *
 * It runs on the writer's own view, so that no disclosure stands in the log behind a withdrawal of any
 * of them (I-9). A row counts only where its customer's decision shows the scanned field clear: who may
 * not see a value does not learn it by asking for ranges (I-8).
 */
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/rows_part.h"
#include "core/verbs.h"

typedef struct found_cell {
    int64_t value;
    int64_t n;
} found_cell;

typedef struct scan {
    passage *passage;
    uint32_t resource; /* indexes */
    uint32_t field;
    text min; /* in their one form; data NULL: none */
    text max;
    int64_t low;
    int64_t high;
    rows_cursor after;
    uint32_t limit;
    found_cell cells[ROWS_AT_ONCE_MAX];
    uint32_t cell_count;
    /* of the customer at hand */
    bool has_customer;
    bool is_noted;
    subject_id customer;
    rows_view view;
    /* in sum */
    verdict verdict; /* of the whole act */
    uint64_t released;
    uint64_t released_masked;
    uint32_t row_count;
    uint32_t refused[REASON_COUNT];
    uint8_t (*tokens)[ENTRY_TOKEN_BYTES];
    uint32_t token_count;
    json_writer out;
} scan;

/* --- what is asked ------------------------------------------------------------------------------ */

static velum_status take_bound(scan *self, const char *name, text *out)
{
    passage *const passage = self->passage;
    const resource_field *const field = &rows_resource(passage)->fields[self->field];
    const json_value *const value = json_member(json_root(passage->body), name);

    *out = (text){NULL, 0};
    return value == NULL ? VELUM_OK : row_value_take(passage, field, value, out);
}

static velum_status take_bounds(scan *self)
{
    passage *const passage = self->passage;
    const resource_field *const field = &rows_resource(passage)->fields[self->field];

    VELUM_TRY(take_bound(self, "min", &self->min));
    VELUM_TRY(take_bound(self, "max", &self->max));
    self->low = self->min.data == NULL ? INT64_MIN : row_cell_value(passage, field, self->min);
    self->high = self->max.data == NULL ? INT64_MAX : row_cell_value(passage, field, self->max);
    if (field->type == FIELD_TEXT &&
        (self->min.data == NULL || self->max.data == NULL || !text_equal(self->min, self->max))) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "A text is looked for whole: `min` and `max` are the same.");
    }
    return VELUM_OK;
}

static velum_status take_cursor(scan *self)
{
    passage *const passage = self->passage;
    const bundle_resource *const table = rows_resource(passage);
    text from;

    self->after = (rows_cursor){.table = table->number,
                                .field = table->fields[self->field].number,
                                .value = INT64_MIN,
                                .n = INT64_MIN};
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "from", &from));
    return from.size == 0 ? VELUM_OK : rows_cursor_read(passage, from, &self->after);
}

static velum_status take_question(scan *self)
{
    passage *const passage = self->passage;
    text name;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "field", &name));
    self->resource = rows_index(passage);
    self->field = resource_find(rows_resource(passage), name);
    if (self->field == BUNDLE_NONE || !rows_resource(passage)->fields[self->field].is_indexed) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "`field` is a field of the table that has an index.");
    }
    VELUM_TRY(rows_take_limit(passage, &self->limit));
    VELUM_TRY(take_bounds(self));
    return take_cursor(self);
}

velum_status row_scan_locate(passage *passage)
{
    static const char *const members[] = {"table", "field", "min", "max", "from", "limit", NULL};

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(rows_take_table(passage, false));
    passage->asked_all = true;
    passage->domain =
        passage->actor.credential == NULL ? 0 : passage->actor.credential->domain_number;
    return locate_snapshot(passage);
}

/* --- cells -------------------------------------------------------------------------------------- */

static velum_status read_cells(scan *self)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(self->passage->conn,
                             "SELECT value, n FROM module_cell"
                             " WHERE field = $1 AND value >= $2 AND value <= $3"
                             " AND (value, n) > ($4, $5) ORDER BY value, n LIMIT $6",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, self->after.field));
    VELUM_TRY(stmt_bind_integer(stmt, 2, self->low));
    VELUM_TRY(stmt_bind_integer(stmt, 3, self->high));
    VELUM_TRY(stmt_bind_integer(stmt, 4, self->after.value));
    VELUM_TRY(stmt_bind_integer(stmt, 5, self->after.n));
    VELUM_TRY(stmt_bind_integer(stmt, 6, self->limit));
    while (self->cell_count < self->limit && (status = stmt_step(stmt)) == VELUM_OK) {
        self->cells[self->cell_count++] =
            (found_cell){stmt_integer(stmt, 0), stmt_integer(stmt, 1)};
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* --- one row ------------------------------------------------------------------------------------ */

/* Each customer is located and decided on once for their rows that stand side by side. */
static velum_status turn_to(scan *self, const subject_id *id)
{
    passage *const passage = self->passage;
    const many_ask ask = {.activity = passage->activity,
                          .action = ACTION_ROWS_READ,
                          .all_fields = true,
                          .resource = self->resource + 1};

    if (self->has_customer && memcmp(self->customer.bytes, id->bytes, SUBJECT_ID_BYTES) == 0) {
        return VELUM_OK;
    }
    const velum_status status = many_decide(passage, id, &ask);
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    self->has_customer = true;
    self->is_noted = false;
    self->customer = *id;
    self->view = (rows_view){.resource = self->resource, .verdict = passage->verdict};
    if (self->view.verdict.allowed && (self->view.verdict.clear >> self->field & 1) == 0) {
        self->view.verdict = (verdict){.reason = REASON_NO_FIELD_ALLOWED};
    }
    return VELUM_OK;
}

static void note_token(scan *self)
{
    const passage *const passage = self->passage;

    if (!self->is_noted) {
        opened_audit_token(passage->opened, time_month(passage->clock.now_ns),
                           self->tokens[self->token_count++]);
        self->is_noted = true;
    }
}

/* Hashes of two texts may be the same; the texts decide. */
static bool is_meant(const scan *self, const row *row)
{
    const resource_field *const field = &rows_resource(self->passage)->fields[self->field];
    const text *const value = record_find(row->record, field->number);

    return value != NULL && (field->type != FIELD_TEXT || text_equal(*value, self->min));
}

static velum_status write_row(scan *self, const row *row)
{
    char ref[PSEUDONYM_TEXT_BYTES];
    char at[TIME_TEXT_BYTES];

    time_format(row->at_ns, at);
    json_begin_object(&self->out);
    VELUM_TRY(locate_format_ref(self->passage, ref));
    json_member_string(&self->out, "subject", ref);
    json_member_text(&self->out, "key", row->key);
    json_member_string(&self->out, "at", at);
    json_name(&self->out, "fields");
    json_begin_object(&self->out);
    VELUM_TRY(rows_write_fields(self->passage, &self->view, row, &self->out));
    json_end_object(&self->out);
    json_end_object(&self->out);
    self->released |= self->view.released;
    self->released_masked |= self->view.released_masked;
    self->row_count++;
    note_token(self);
    return VELUM_OK;
}

static velum_status visit_cell(scan *self, const found_cell *cell)
{
    passage *const passage = self->passage;
    row_line line;
    row row;

    VELUM_TRY(row_line_read(passage->conn, cell->n, &line));
    VELUM_TRY(turn_to(self, &line.subject));
    if (!self->view.verdict.allowed) {
        self->refused[self->view.verdict.reason]++;
        return VELUM_OK;
    }
    VELUM_TRY(rows_keys_begin(passage));
    VELUM_TRY(row_open(passage, &line, &row));
    return is_meant(self, &row) ? write_row(self, &row) : VELUM_OK;
}

/* The next cell is of the same customer: then what is located stays. */
static velum_status visit_cells(scan *self)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);

    for (uint32_t i = 0; i < self->cell_count; i++) {
        VELUM_TRY(visit_cell(self, &self->cells[i]));
        if (secret_arena_mark(passage->arena) - mark > secret_arena_capacity(passage->arena) / 2) {
            locate_forget(passage);
            secret_arena_rewind(passage->arena, mark);
            self->has_customer = false;
        }
    }
    locate_forget(passage);
    secret_arena_rewind(passage->arena, mark);
    return VELUM_OK;
}

/* --- the answer --------------------------------------------------------------------------------- */

static void write_refused(scan *self)
{
    json_name(&self->out, "refused");
    json_begin_object(&self->out);
    for (uint32_t i = 0; i < REASON_COUNT; i++) {
        if (self->refused[i] > 0) {
            json_member_integer(&self->out, reason_name(i), self->refused[i]);
        }
    }
    json_end_object(&self->out);
}

static void write_next(scan *self)
{
    rows_cursor cursor = self->after;
    char next[ROWS_CURSOR_BYTES];

    if (self->cell_count < self->limit) {
        return;
    }
    cursor.value = self->cells[self->cell_count - 1].value;
    cursor.n = self->cells[self->cell_count - 1].n;
    rows_cursor_write(self->passage, &cursor, next);
    json_member_string(&self->out, "next", next);
}

/* One leaf names everybody who was disclosed (I-1). */
static void fill_leaf(scan *self)
{
    passage *const passage = self->passage;
    uint64_t refused = 0;

    for (uint32_t i = 0; i < REASON_COUNT; i++) {
        refused += self->refused[i];
    }
    passage->verdict = self->verdict;
    passage->released = self->released;
    passage->released_masked = self->released_masked;
    passage->entry.record_count = self->row_count;
    passage->entry.subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])self->tokens;
    passage->entry.subject_count = self->token_count;
    passage->entry.token_epoch = self->token_count > 0 ? time_month(passage->clock.now_ns) : 0;
    entry_push(&passage->entry, INPUT_REFUSED, refused);
}

static velum_status run(scan *self)
{
    passage *const passage = self->passage;

    VELUM_TRY(take_question(self));
    VELUM_TRY(read_cells(self));
    json_writer_init(&self->out, &passage->answer->body);
    json_begin_object(&self->out);
    json_member_text(&self->out, "table", rows_resource(passage)->name);
    json_name(&self->out, "rows");
    json_begin_array(&self->out);
    VELUM_TRY(visit_cells(self));
    json_end_array(&self->out);
    write_refused(self);
    write_next(self);
    fill_leaf(self);
    reply_decision(passage, &self->out);
    json_end_object(&self->out);
    return buffer_status(&passage->answer->body);
}

velum_status row_scan_apply(passage *passage)
{
    void *made = NULL;
    void *tokens = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(scan), &made));
    VELUM_TRY(secret_arena_slice(passage->arena, ROWS_AT_ONCE_MAX * ENTRY_TOKEN_BYTES, &tokens));
    scan *const self = made;
    self->passage = passage;
    self->tokens = tokens;
    self->verdict = passage->verdict;
    return run(self);
}
