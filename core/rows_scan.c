/* core/rows_scan.c: customers by a range of an indexed field of their rows, each decided on its own.
 *
 * Everybody disclosed is named in the leaf and judged by their own slot (core/many.h, N-1, N-2). A row counts
 * only where its customer's decision shows the scanned field clear: who may not see a value does not learn
 * it by asking for ranges (I-8). So the answer tells of nobody else, not by a number and not by where a
 * page ends: how many were refused stands in the leaf alone.
 */
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/rows_part.h"
#include "core/verbs.h"

#define LOOKED_AT_MAX \
    (10 * ROWS_AT_ONCE_MAX) /* cells for one page; a page that ends by it tells of as many */

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
    uint32_t looked; /* cells in all */
    /* of the customer at hand */
    bool has_customer;
    bool is_named;
    subject_id customer;
    rows_view view;
    /* in sum */
    many_frame frame;
    uint64_t released;
    uint64_t released_masked;
    uint32_t row_count;
    uint32_t refused; /* rows of customers who may not be shown */
    uint32_t damaged; /* rows that did not pass their check */
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

/* Who can see the field of nobody is told nothing by a range of it, not even how many there are (I-8). */
static bool may_be_clear(const passage *passage, uint32_t resource, uint32_t field)
{
    const bundle *const bundle = passage->world->bundle;
    uint64_t clear = 0;

    for (uint32_t i = 0; i < bundle->role_count; i++) {
        if ((passage->actor.roles >> i & 1) != 0) {
            clear |= bundle->roles[i].resource_clear[resource];
        }
    }
    return (clear & bundle->activities[passage->activity].resources[resource] &
            UINT64_C(1) << field) != 0;
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
    if (!may_be_clear(passage, self->resource, self->field)) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "`field` is a field that the caller sees as it is.");
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
    VELUM_TRY(stmt_bind_integer(stmt, 6, ROWS_AT_ONCE_MAX));
    self->cell_count = 0;
    while (self->cell_count < ROWS_AT_ONCE_MAX && (status = stmt_step(stmt)) == VELUM_OK) {
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
    many_next(passage, &self->frame);
    self->has_customer = false;
    const velum_status status = many_decide(passage, id, &ask);
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    self->has_customer = true;
    self->is_named = false;
    self->customer = *id;
    self->view = (rows_view){.resource = self->resource, .verdict = passage->verdict};
    if ((self->view.verdict.clear >> self->field & 1) == 0) {
        self->view.verdict = (verdict){.allowed = false};
    }
    return VELUM_OK;
}

/* N-1: before anything of them is written. */
static velum_status name_customer(scan *self)
{
    if (self->is_named) {
        return VELUM_OK;
    }
    self->is_named = true;
    return many_name(self->passage);
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

    VELUM_TRY(name_customer(self));
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
    return VELUM_OK;
}

static velum_status show_row(scan *self, const row_line *line)
{
    passage *const passage = self->passage;
    row row;

    VELUM_TRY(rows_keys_begin(passage));
    const size_t mark = secret_arena_mark(passage->arena);
    velum_status status = row_open(passage, line, &row);
    if (status == VELUM_OK && is_meant(self, &row)) {
        status = write_row(self, &row);
    }
    secret_arena_rewind(passage->arena, mark);
    return status;
}

static velum_status visit_cell(scan *self, const found_cell *cell)
{
    row_line line;

    VELUM_TRY(row_line_read(self->passage->conn, cell->n, &line));
    VELUM_TRY(turn_to(self, &line.subject));
    if (!self->view.verdict.allowed) {
        self->refused++;
        return VELUM_OK;
    }
    return show_row(self, &line);
}

static bool is_full(const scan *self)
{
    return self->row_count == self->limit;
}

/* A row that does not pass its check is counted, and no other is held up by it. */
static velum_status visit_cells(scan *self)
{
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < self->cell_count && status == VELUM_OK && !is_full(self); i++) {
        self->after.value = self->cells[i].value;
        self->after.n = self->cells[i].n;
        self->looked++;
        status = visit_cell(self, &self->cells[i]);
        if (many_is_damaged(status)) {
            self->damaged++;
            status = VELUM_OK;
        }
    }
    return status;
}

/* A page goes on past rows that are not shown, so that its end does not tell of them. */
static velum_status visit_page(scan *self)
{
    velum_status status = VELUM_OK;

    self->frame = many_begin(self->passage);
    do {
        status = read_cells(self);
        if (status == VELUM_OK) {
            status = visit_cells(self);
        }
    } while (status == VELUM_OK && !is_full(self) && self->cell_count == ROWS_AT_ONCE_MAX &&
             self->looked < LOOKED_AT_MAX);
    many_end(self->passage, &self->frame);
    return status;
}

/* --- the answer --------------------------------------------------------------------------------- */

/* What is damaged is the house's own matter, of whomever it is. */
static void write_refused(scan *self)
{
    json_name(&self->out, "refused");
    json_begin_object(&self->out);
    if (self->damaged > 0) {
        json_member_integer(&self->out, problem_name(PROBLEM_DATA_DAMAGED), self->damaged);
    }
    json_end_object(&self->out);
}

static void write_next(scan *self)
{
    char next[ROWS_CURSOR_BYTES];

    if (!is_full(self) && self->cell_count < ROWS_AT_ONCE_MAX) {
        return;
    }
    rows_cursor_write(self->passage, &self->after, next);
    json_member_string(&self->out, "next", next);
}

static void fill_leaf(scan *self)
{
    passage *const passage = self->passage;

    passage->released = self->released;
    passage->released_masked = self->released_masked;
    passage->entry.record_count = self->row_count;
    entry_push(&passage->entry, INPUT_REFUSED, (uint64_t)self->refused + self->damaged);
}

static velum_status run(scan *self)
{
    passage *const passage = self->passage;

    VELUM_TRY(take_question(self));
    json_writer_init(&self->out, &passage->answer->body);
    json_begin_object(&self->out);
    json_member_text(&self->out, "table", rows_resource(passage)->name);
    json_name(&self->out, "rows");
    json_begin_array(&self->out);
    VELUM_TRY(visit_page(self));
    json_end_array(&self->out);
    write_refused(self);
    write_next(self);
    fill_leaf(self);
    reply_decision(passage, &self->out);
    json_end_object(&self->out);
    return buffer_status(&passage->answer->body);
}

velum_status row_scan_mask(passage *passage)
{
    void *made = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(scan), &made));
    scan *const self = made;
    self->passage = passage;
    return run(self);
}
