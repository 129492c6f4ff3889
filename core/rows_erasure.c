/* core/rows_erasure.c: what an erasure does to rows: they lose their customer, end, or wait for a term.
 *
 * RW-4. Of an anonymised row dimensions and measures stay. Nothing else of it does: number, subject and
 * hash are random, its key is the folder's, times are months, and it hangs on nothing, so that neither two
 * rows nor a row and a person can be joined.
 */
#include "core/many.h"
#include "core/rows_part.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define DATE_TEXT_BYTES (CIVIL_DATE_TEXT_BYTES - 1)
#define MONTH_TEXT_BYTES 8 /* "2026-11-" */

/* --- terms -------------------------------------------------------------------------------------- */

velum_status rows_term_end(passage *passage, uint32_t category, int64_t *out_ns)
{
    const bundle_category *const of = &passage->world->bundle->categories[category];
    const int64_t term_ns = (int64_t)of->retain_days * NS_PER_DAY;
    store_stmt *stmt = NULL;

    *out_ns = 0;
    VELUM_TRY(conn_statement(passage->conn,
                             "SELECT max(at_ns) FROM module_row"
                             " WHERE subject = $1 AND category = $2",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, passage->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, of->number));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK && !stmt_is_null(stmt, 0)) {
        /* A row from the future keeps nobody longer than one of today. */
        const int64_t at_ns = stmt_integer(stmt, 0);
        const int64_t from_ns = at_ns > passage->clock.later_ns ? passage->clock.later_ns : at_ns;
        *out_ns = from_ns > INT64_MAX - term_ns ? INT64_MAX : from_ns + term_ns;
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* --- rows that lose their customer -------------------------------------------------------------- */

static int64_t month_of(int64_t at_ns)
{
    const uint32_t month = time_month(at_ns);
    const civil_date first = {
        .year = (int32_t)(month / 100), .month = (int32_t)(month % 100), .day = 1};

    return (int64_t)civil_date_to_days(first) * NS_PER_DAY;
}

/* Dates and times become the first of their month. */
static velum_status coarsen(passage *passage, const resource_field *field, text *value)
{
    static const char time_rest[] = "01T00:00:00Z";
    const size_t rest_size = field->type == FIELD_DATE ? 2 : sizeof(time_rest) - 1;
    void *slice = NULL;

    if (field->type != FIELD_DATE && field->type != FIELD_TIME) {
        return VELUM_OK;
    }
    if (value->size < DATE_TEXT_BYTES) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(secret_arena_slice(passage->arena, MONTH_TEXT_BYTES + rest_size, &slice));
    memcpy(slice, value->data, MONTH_TEXT_BYTES);
    memcpy((char *)slice + MONTH_TEXT_BYTES, time_rest, rest_size);
    *value = (text){slice, MONTH_TEXT_BYTES + rest_size};
    return VELUM_OK;
}

static velum_status reduce(passage *passage, const bundle_resource *table, const row *row,
                           record *out)
{
    *out = (record){.count = 0};
    for (uint32_t i = 0; i < table->field_count; i++) {
        const resource_field *const field = &table->fields[i];
        const text *const held = record_find(row->record, field->number);
        if (held == NULL || (!field->is_dimension && !field->is_measure)) {
            continue;
        }
        text value = *held;
        VELUM_TRY(coarsen(passage, field, &value));
        VELUM_TRY(record_put(out, field->number, value));
    }
    return VELUM_OK;
}

static row_line nobodys_line(const passage *passage, const row_line *line)
{
    const velum_random *const random = &passage->gate->random;
    row_line out = {.at_ns = month_of(line->at_ns),
                    .table = line->table,
                    .category = line->category,
                    .version = 1};
    uint8_t bytes[8];

    random_fill(random, bytes, sizeof(bytes));
    out.n = -(int64_t)(bytes_read_u64be(bytes) >> 1) - 1;
    random_fill(random, out.subject.bytes, sizeof(out.subject.bytes));
    return out;
}

static velum_status insert_nobodys(passage *passage, const row_line *line, const record *reduced)
{
    const row_line next = nobodys_line(passage, line);
    uint8_t hash[ROW_HASH_BYTES];
    VELUM_AUTO_BUFFER sealed;

    buffer_init(&sealed, SEALED_ROW_BYTES_MAX);
    random_fill(&passage->gate->random, hash, sizeof(hash));
    VELUM_TRY(row_seal(passage, &next, reduced, &sealed));
    return row_line_insert(passage->conn, &next, hash, &sealed);
}

static velum_status anonymise_line(passage *passage, const row_line *line)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t resource = bundle_find_number(bundle, REGISTRY_RESOURCE, line->table);
    velum_status status = VELUM_OK;
    record reduced = {.count = 0};
    row row;

    if (resource != BUNDLE_NONE) { /* of a table that left the policy nothing may stay (I-3) */
        status = row_open(passage, line, &row);
    }
    if (resource != BUNDLE_NONE && status == VELUM_OK) {
        status = reduce(passage, &bundle->resources[resource], &row, &reduced);
    }
    if (many_is_damaged(status)) { /* nothing of it stays, and it keeps nobody here (I-6) */
        return row_line_delete(passage->conn, line->n);
    }
    VELUM_TRY(status);
    if (reduced.count > 0) {
        VELUM_TRY(insert_nobodys(passage, line, &reduced));
    }
    return row_line_delete(passage->conn, line->n);
}

static velum_status anonymise_lines(passage *passage, const row_lines *lines)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        const size_t mark = secret_arena_mark(passage->arena);
        const velum_status status = anonymise_line(passage, &lines->items[i]);
        secret_arena_rewind(passage->arena, mark);
        VELUM_TRY(status);
    }
    return VELUM_OK;
}

/* All of them, some at a time: each page is gone when the next is read. */
static velum_status anonymise(passage *passage, uint16_t category)
{
    const size_t mark = secret_arena_mark(passage->arena);
    row_lines *lines = NULL;

    velum_status status = row_lines_alloc(passage, &lines);
    do {
        if (status == VELUM_OK) {
            status = row_lines_of_category(passage, category, lines);
        }
        if (status == VELUM_OK) {
            status = anonymise_lines(passage, lines);
        }
    } while (status == VELUM_OK && lines->count > 0);
    secret_arena_rewind(passage->arena, mark);
    return status;
}

/* --- the steps ---------------------------------------------------------------------------------- */

/* A category that left the policy is not anonymised: its rows go. */
static bool is_anonymised(const passage *passage, uint16_t category)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find_number(bundle, REGISTRY_CATEGORY, category);

    return index != BUNDLE_NONE && bundle->categories[index].module != 0 &&
           bundle->categories[index].rows == ROWS_ANONYMISE;
}

static velum_status execute_for(store_conn *conn, const char *sql, const subject_id *subject)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    return stmt_execute(stmt);
}

static velum_status begin_person(passage *passage)
{
    static const char sql[] = "DELETE FROM module_cell WHERE n IN"
                              " (SELECT n FROM module_row WHERE subject = $1)";
    const subject_state *const state = &passage->state;

    for (uint32_t i = 0; i < state->category_count; i++) {
        if (is_anonymised(passage, state->categories[i].number)) {
            VELUM_TRY(anonymise(passage, state->categories[i].number));
        }
    }
    return execute_for(passage->conn, sql, &passage->subject);
}

velum_status rows_begin_erasure(passage *passage, const uint16_t *categories, uint32_t count)
{
    VELUM_TRY(rows_keys_begin(passage));
    if (count == 0) {
        return begin_person(passage);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (is_anonymised(passage, categories[i])) {
            VELUM_TRY(anonymise(passage, categories[i]));
        }
        VELUM_TRY(rows_finish_erasure(passage->conn, &passage->subject, categories[i]));
    }
    return VELUM_OK;
}

static velum_status execute_for_category(store_conn *conn, const char *sql,
                                         const subject_id *subject, uint16_t category)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, category));
    return stmt_execute(stmt);
}

velum_status rows_finish_erasure(store_conn *conn, const subject_id *subject, uint16_t category)
{
    static const char cells_sql[] =
        "DELETE FROM module_cell WHERE n IN"
        " (SELECT n FROM module_row WHERE subject = $1 AND category = $2)";
    static const char lines_sql[] = "DELETE FROM module_row WHERE subject = $1 AND category = $2";

    VELUM_TRY(execute_for_category(conn, cells_sql, subject, category));
    return execute_for_category(conn, lines_sql, subject, category);
}
