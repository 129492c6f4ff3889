/* core/rows_put.c: putting a row with its children, and taking rows away.
 *
 * The same key is the same row (RW-2): with the same values nothing changes, with others the row does,
 * or, where its table is immutable, it is a conflict. A child table that is named is named whole: rows
 * that hang there and are not named go. One that is not named stays as it is.
 */
#include "core/happening.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/rows_part.h"
#include "core/verbs.h"

typedef struct putting {
    passage *passage;
    row_line parent; /* as it stands now */
    text parent_key;
    uint32_t result; /* of the parent itself */
    bool is_changed; /* it, or a child */
    bool is_fixed;   /* the parent was there and its table is immutable */
} putting;

typedef struct children {
    row_lines *held;
    bool seen[ROWS_AT_ONCE_MAX]; /* by place in `held` */
    uint32_t new_count;
    int64_t newest_ns; /* of those that are new or changed; INT64_MIN: none */
} children;

/* --- one row ------------------------------------------------------------------------------------ */

static velum_status make_record(const bundle_resource *table, const row_wish *wish, record *out)
{
    *out = (record){.count = 0};
    for (uint32_t i = 0; i < table->field_count; i++) {
        if ((wish->set >> i & 1) != 0) {
            VELUM_TRY(record_put(out, table->fields[i].number, wish->values[i]));
        }
    }
    return record_put(out, ROW_KEY_FIELD, wish->key);
}

/* Of the table's fields; what left the table is no difference. */
static bool has_same_values(const bundle_resource *table, const row *held, const record *wished)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        const text *const old = record_find(held->record, table->fields[i].number);
        const text *const new = record_find(wished, table->fields[i].number);
        if ((old == NULL) != (new == NULL) || (old != NULL && !text_equal(*old, *new))) {
            return false;
        }
    }
    return true;
}

static velum_status is_same(passage *passage, const bundle_resource *table, const row_line *line,
                            const record *wished, bool *out)
{
    const size_t mark = secret_arena_mark(passage->arena);
    row held;

    const velum_status status = row_open(passage, line, &held);
    if (status == VELUM_OK) {
        *out = has_same_values(table, &held, wished);
    }
    secret_arena_rewind(passage->arena, mark);
    return status;
}

/* The table's own field, else its parent's time, else when it was first put. */
static int64_t time_of(const passage *passage, const bundle_resource *table, const row_wish *wish,
                       int64_t else_ns)
{
    const uint32_t field = table->at_field;

    (void)passage;
    return field != BUNDLE_NONE && (wish->set >> field & 1) != 0
               ? row_value_time(&table->fields[field], wish->values[field])
               : else_ns;
}

static velum_status write_line(passage *passage, const bundle_resource *table, row_line *line,
                               const record *what)
{
    const text *const key = record_find(what, ROW_KEY_FIELD);
    uint8_t hash[ROW_HASH_BYTES];
    VELUM_AUTO_BUFFER sealed;

    buffer_init(&sealed, SEALED_ROW_BYTES_MAX);
    line->category = passage->world->bundle->categories[table->category].number;
    VELUM_TRY(rows_key_ensure(passage, line->category));
    line->version++;
    if (line->version == 1) {
        row_key_hash(passage, table->number, *key, hash);
        VELUM_TRY(row_line_number(passage->conn, &line->n));
        VELUM_TRY(row_seal(passage, line, what, &sealed));
        VELUM_TRY(row_line_insert(passage->conn, line, hash, &sealed));
    } else {
        VELUM_TRY(row_seal(passage, line, what, &sealed));
        VELUM_TRY(row_line_update(passage->conn, line, &sealed));
    }
    return row_cells_put(passage, table, line->n, what);
}

/* The line of the wish's key, or a new one. A key that somebody else has is a conflict. */
static velum_status find_line(passage *passage, const bundle_resource *table, text key,
                              row_line *out)
{
    uint8_t hash[ROW_HASH_BYTES];

    row_key_hash(passage, table->number, key, hash);
    const velum_status status = row_line_find(passage->conn, table->number, hash, out);
    if (status == VELUM_E_NOTFOUND) {
        *out = (row_line){.subject = passage->subject, .table = table->number};
        return VELUM_OK;
    }
    VELUM_TRY(status);
    return memcmp(out->subject.bytes, passage->subject.bytes, SUBJECT_ID_BYTES) == 0
               ? VELUM_OK
               : refuse_hint(passage, REASON_CONFLICT, "The key is that of another row.");
}

/* The key names the parent: a row that hangs on another one hangs on one that is gone, with the category
 * that it was sealed under. What has no parent has no life, so it is put anew. */
static velum_status drop_orphan(passage *passage, const row_line *usual, row_line *io)
{
    if (io->version == 0 || io->parent == usual->parent) {
        return VELUM_OK;
    }
    const row_line gone = *io;
    *io = (row_line){.subject = passage->subject, .table = gone.table};
    return row_line_delete(passage->conn, gone.n);
}

/* `io->parent` and `io->at_ns` are what the row has where it is new and says nothing else. */
static velum_status put_one(passage *passage, uint32_t resource, const row_wish *wish, row_line *io,
                            uint32_t *out_result)
{
    const bundle_resource *const table = &passage->world->bundle->resources[resource];
    const row_line usual = *io;
    bool same = false;
    record what;

    VELUM_TRY(make_record(table, wish, &what));
    VELUM_TRY(find_line(passage, table, wish->key, io));
    VELUM_TRY(drop_orphan(passage, &usual, io));
    if (io->version == 0) {
        io->parent = usual.parent;
        io->at_ns = time_of(passage, table, wish, usual.at_ns);
        *out_result = RESULT_NEW;
        return write_line(passage, table, io, &what);
    }
    VELUM_TRY(is_same(passage, table, io, &what, &same));
    *out_result = same ? RESULT_SAME : RESULT_CHANGED;
    if (same) {
        return VELUM_OK;
    }
    if (table->is_immutable) {
        return refuse_hint(passage, REASON_CONFLICT,
                           "The row is there with other values, and its table does not change.");
    }
    const int64_t else_ns = usual.parent != 0 ? usual.at_ns : io->at_ns;
    io->at_ns = time_of(passage, table, wish, else_ns);
    return write_line(passage, table, io, &what);
}

/* --- its children ------------------------------------------------------------------------------- */

static velum_status refuse_fixed(passage *passage)
{
    return refuse_hint(passage, REASON_CONFLICT,
                       "The row is there with other rows, and its table does not change.");
}

static velum_status note_child(putting *self, children *all, const row_line *line, uint32_t result)
{
    if (result != RESULT_SAME) {
        self->is_changed = true;
        all->newest_ns = line->at_ns > all->newest_ns ? line->at_ns : all->newest_ns;
    }
    if (result == RESULT_NEW) {
        all->new_count++;
        return VELUM_OK;
    }
    for (uint32_t i = 0; i < all->held->count; i++) {
        if (all->held->items[i].n == line->n && !all->seen[i]) {
            all->seen[i] = true;
            return VELUM_OK;
        }
    }
    return refuse_hint(self->passage, REASON_INVALID_VALUE, "Two rows have one key.");
}

static velum_status put_child(putting *self, uint32_t table, const json_value *object,
                              children *all)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);
    row_line line = {.parent = self->parent.n, .at_ns = self->parent.at_ns};
    uint32_t result = RESULT_SAME;
    row_wish wish;

    velum_status status = row_wish_parse_child(passage, table, object, self->parent_key, &wish);
    if (status == VELUM_OK) {
        status = put_one(passage, table, &wish, &line, &result);
    }
    secret_arena_rewind(passage->arena, mark);
    VELUM_TRY(status);
    return note_child(self, all, &line, result);
}

/* What hangs there and was not named. */
static velum_status drop_others(putting *self, uint32_t table, children *all)
{
    passage *const passage = self->passage;

    for (uint32_t i = 0; i < all->held->count; i++) {
        if (all->seen[i]) {
            continue;
        }
        if (passage->world->bundle->resources[table].is_immutable) {
            return refuse_fixed(passage);
        }
        VELUM_TRY(row_line_delete(passage->conn, all->held->items[i].n));
        self->is_changed = true;
    }
    return VELUM_OK;
}

static velum_status tell(passage *passage, uint32_t resource, int64_t at_ns)
{
    const happening what = {.event = HAPPENED_ROWS_PUT,
                            .subject = passage->subject,
                            .at_ns = at_ns,
                            .resource = resource};

    return happened(passage->batch, passage->world, &what);
}

static velum_status put_table(putting *self, uint32_t table, const json_value *rows)
{
    passage *const passage = self->passage;
    const row_range range = {.resource = table, .parent = self->parent.n};
    children all = {.newest_ns = INT64_MIN};

    VELUM_TRY(row_lines_alloc(passage, &all.held));
    VELUM_TRY(row_lines_read(passage, &range, all.held));
    for (size_t i = 0; i < json_count(rows); i++) {
        VELUM_TRY(put_child(self, table, json_at(rows, i), &all));
    }
    VELUM_TRY(drop_others(self, table, &all));
    return all.newest_ns == INT64_MIN ? VELUM_OK : tell(passage, table, all.newest_ns);
}

/* A row and what hangs on it are read together, so they are never more than one request shows. */
static velum_status check_count(passage *passage, int64_t parent)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        passage->conn, "SELECT count(*) FROM module_row WHERE parent = $1 AND parent <> 0", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, parent));
    const velum_status status = stmt_step(stmt);
    const int64_t count = status == VELUM_OK ? stmt_integer(stmt, 0) : 0;
    stmt_reset(stmt);
    VELUM_TRY(status);
    return count < ROWS_AT_ONCE_MAX
               ? VELUM_OK
               : refuse_hint(passage, REASON_INVALID_VALUE,
                             "At most 199 rows hang on one row, of all tables together.");
}

static velum_status put_children(putting *self, const json_value *children)
{
    passage *const passage = self->passage;
    json_iterator iterator = {NULL};
    const json_value *rows = NULL;
    text name;

    while (children != NULL && json_next(children, &iterator, &name, &rows)) {
        const uint32_t table = bundle_find(passage->world->bundle, REGISTRY_RESOURCE, name);
        const size_t mark = secret_arena_mark(passage->arena);
        const velum_status status = put_table(self, table, rows);
        secret_arena_rewind(passage->arena, mark);
        VELUM_TRY(status);
    }
    if (self->is_fixed && self->is_changed) {
        return refuse_fixed(passage);
    }
    return children == NULL ? VELUM_OK : check_count(passage, self->parent.n);
}

/* --- the whole ---------------------------------------------------------------------------------- */

/* Each child table is decided as the first one was; what is not allowed refuses the whole (I-4). */
static velum_status decide_children(passage *passage, const rows_asked *asked)
{
    const verdict verdict = passage->verdict;

    for (uint32_t i = 0; i < passage->world->bundle->resource_count; i++) {
        if ((asked->tables >> i & 1) == 0) {
            continue;
        }
        const many_ask ask = {.activity = passage->activity,
                              .action = ACTION_ROWS_WRITE,
                              .fields = asked->fields[i],
                              .resource = i + 1};
        many_decide_located(passage, &ask);
        if (!passage->verdict.allowed) {
            return refuse(passage, passage->verdict.reason);
        }
    }
    passage->verdict = verdict;
    return VELUM_OK;
}

static velum_status put_parent(putting *self, const row_wish *wish)
{
    passage *const passage = self->passage;
    const bundle_resource *const table = rows_resource(passage);

    self->parent = (row_line){.at_ns = passage->clock.now_ns};
    self->parent_key = wish->key;
    VELUM_TRY(put_one(passage, rows_index(passage), wish, &self->parent, &self->result));
    self->is_fixed = table->is_immutable && self->result != RESULT_NEW;
    if (self->result == RESULT_SAME) {
        return VELUM_OK;
    }
    VELUM_TRY(tell(passage, rows_index(passage), self->parent.at_ns));
    self->is_changed = self->result == RESULT_CHANGED;
    return VELUM_OK;
}

velum_status rows_put(passage *passage, const json_value *object, rows_put_result *out)
{
    putting self = {.passage = passage};
    rows_asked asked;
    row_wish wish;

    VELUM_TRY(rows_keys_begin(passage));
    VELUM_TRY(row_wish_survey(passage, rows_index(passage), object, &asked));
    VELUM_TRY(decide_children(passage, &asked));
    VELUM_TRY(row_wish_parse(passage, rows_index(passage), object, &wish));
    VELUM_TRY(put_parent(&self, &wish));
    VELUM_TRY(put_children(&self, wish.children));
    out->count = asked.count;
    out->result = self.result == RESULT_NEW ? RESULT_NEW
                  : self.is_changed         ? RESULT_CHANGED
                                            : RESULT_SAME;
    return out->result == RESULT_SAME ? VELUM_OK
                                      : write_batch_touch(passage->batch, &passage->subject);
}

/* --- the verbs ---------------------------------------------------------------------------------- */

/* Fields of child tables stand in the leaf beside those of the row itself. */
static velum_status note_asked(passage *passage, const rows_asked *asked)
{
    const bundle *const bundle = passage->world->bundle;

    for (uint32_t i = 0; i < bundle->resource_count; i++) {
        if ((asked->tables >> i & 1) != 0) {
            VELUM_TRY(rows_note_asked(passage, i, asked->fields[i]));
        }
    }
    return VELUM_OK;
}

velum_status row_put_locate(passage *passage)
{
    static const char *const members[] = {"table", "key", "fields", "rows", NULL};
    const json_value *const body = json_root(passage->body);
    rows_asked asked;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(rows_take_table(passage, true));
    if (passage->resource != BUNDLE_NONE) {
        VELUM_TRY(row_wish_survey(passage, rows_index(passage), body, &asked));
        VELUM_TRY(note_asked(passage, &asked));
    }
    return locate_by_ref(passage);
}

static const char *result_name(uint32_t result)
{
    static const char *const names[] = {
        [RESULT_SAME] = "same", [RESULT_CHANGED] = "changed", [RESULT_NEW] = "new"};

    return names[result];
}

velum_status row_put_apply(passage *passage)
{
    const json_value *const body = json_root(passage->body);
    rows_put_result put;
    json_writer out;

    VELUM_TRY(rows_put(passage, body, &put));
    passage->entry.record_count = put.count;
    entry_push(&passage->entry, INPUT_RESULT, put.result);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    json_member_text(&out, "table", rows_resource(passage)->name);
    json_member_text(&out, "key", json_text(json_member(body, "key")));
    json_member_string(&out, "result", result_name(put.result));
    json_member_integer(&out, "rows", put.count);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
