/* core/request_row.c: the tables `request` and `request_task`. */
#include "core/request_row.h"

#include <assert.h>

#define KEPT_BYTES 10
#define LIST_BYTES_MAX (BUNDLE_ACTIVITIES_MAX * 2)

static_assert(BUNDLE_CATEGORIES_MAX * 2 <= LIST_BYTES_MAX && BUNDLE_PACKS_MAX * 2 <= LIST_BYTES_MAX,
              "each list of numbers fits");

/* In the order in which take_row reads them. */
#define COLUMNS                                                                              \
    "n, id, subject, asker, state, claim, denial, version, flags, taken_by, domain, policy," \
    " categories, jurisdictions, processors, received_ns, entered_ns, due_ns, confirm_ns,"   \
    " verify_ns, extend_until_ns, extended_ns, cool_down_days, log_days, cool_ns, ended_ns," \
    " next_ns, certificate, kept, sealed_version"

/* --- lists of numbers ----------------------------------------------------------------------------- */

static velum_status bind_numbers(store_stmt *stmt, int parameter, const uint16_t *numbers,
                                 uint32_t count)
{
    uint8_t bytes[LIST_BYTES_MAX];

    for (uint32_t i = 0; i < count; i++) {
        bytes_write_u16be(bytes + 2 * (size_t)i, numbers[i]);
    }
    return stmt_bind_blob(stmt, parameter, bytes, 2 * (size_t)count);
}

static velum_status take_numbers(store_stmt *stmt, int column, uint16_t *out, uint32_t max,
                                 uint32_t *out_count)
{
    const crypto_part bytes = stmt_blob(stmt, column);

    if (bytes.size % 2 != 0 || bytes.size / 2 > max) {
        return VELUM_E_CORRUPT;
    }
    *out_count = (uint32_t)(bytes.size / 2);
    for (uint32_t i = 0; i < *out_count; i++) {
        out[i] = bytes_read_u16be((const uint8_t *)bytes.data + 2 * (size_t)i);
    }
    return VELUM_OK;
}

static velum_status bind_kept(store_stmt *stmt, int parameter, const request *row)
{
    uint8_t bytes[BUNDLE_CATEGORIES_MAX * KEPT_BYTES];

    for (uint32_t i = 0; i < row->kept_count; i++) {
        uint8_t *const at = bytes + KEPT_BYTES * (size_t)i;
        bytes_write_u16be(at, row->kept[i].category);
        bytes_write_u64be(at + 2, (uint64_t)row->kept[i].until_ns);
    }
    return stmt_bind_blob(stmt, parameter, bytes, KEPT_BYTES * (size_t)row->kept_count);
}

static velum_status take_kept(store_stmt *stmt, int column, request *out)
{
    const crypto_part bytes = stmt_blob(stmt, column);

    if (bytes.size % KEPT_BYTES != 0 || bytes.size / KEPT_BYTES > BUNDLE_CATEGORIES_MAX) {
        return VELUM_E_CORRUPT;
    }
    out->kept_count = (uint32_t)(bytes.size / KEPT_BYTES);
    for (uint32_t i = 0; i < out->kept_count; i++) {
        const uint8_t *const at = (const uint8_t *)bytes.data + KEPT_BYTES * (size_t)i;
        out->kept[i] = (request_kept){bytes_read_u16be(at), (int64_t)bytes_read_u64be(at + 2)};
    }
    return VELUM_OK;
}

/* --- reading -------------------------------------------------------------------------------------- */

static velum_status take_exact(store_stmt *stmt, int column, uint8_t *out, size_t size)
{
    const crypto_part bytes = stmt_blob(stmt, column);

    if (bytes.size != size) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out, bytes.data, size);
    return VELUM_OK;
}

static velum_status take_optional(store_stmt *stmt, int column, uint8_t *out, size_t size,
                                  bool *out_there)
{
    *out_there = !stmt_is_null(stmt, column);
    return *out_there ? take_exact(stmt, column, out, size) : VELUM_OK;
}

static velum_status take_lists(store_stmt *stmt, request *out)
{
    VELUM_TRY(take_numbers(stmt, 12, out->categories, BUNDLE_CATEGORIES_MAX, &out->category_count));
    VELUM_TRY(
        take_numbers(stmt, 13, out->jurisdictions, BUNDLE_PACKS_MAX, &out->jurisdiction_count));
    VELUM_TRY(
        take_numbers(stmt, 14, out->processors, BUNDLE_ACTIVITIES_MAX, &out->processor_count));
    return take_kept(stmt, 28, out);
}

static void take_times(store_stmt *stmt, request *out)
{
    int64_t *const times[] = {&out->received_ns, &out->entered_ns, &out->due_ns,
                              &out->confirm_ns,  &out->verify_ns,  &out->extend_until_ns,
                              &out->extended_ns};

    for (int i = 0; i < (int)(sizeof(times) / sizeof(times[0])); i++) {
        *times[i] = stmt_integer(stmt, 15 + i);
    }
    out->cool_down_days = (uint32_t)stmt_integer(stmt, 22);
    out->log_days = (uint32_t)stmt_integer(stmt, 23);
    out->cool_ns = stmt_integer(stmt, 24);
    out->ended_ns = stmt_integer(stmt, 25);
    out->next_ns = stmt_integer(stmt, 26);
}

static velum_status take_row(store_stmt *stmt, request *out)
{
    *out = (request){.n = stmt_integer(stmt, 0),
                     .state = (uint32_t)stmt_integer(stmt, 4),
                     .right = (uint32_t)stmt_integer(stmt, 5),
                     .denial = (uint32_t)stmt_integer(stmt, 6),
                     .version = stmt_integer(stmt, 7),
                     .flags = (uint32_t)stmt_integer(stmt, 8),
                     .domain = (uint16_t)stmt_integer(stmt, 10),
                     .sealed_version = (uint32_t)stmt_integer(stmt, 29)};
    VELUM_TRY(take_exact(stmt, 1, out->id, sizeof(out->id)));
    VELUM_TRY(take_optional(stmt, 2, out->subject.bytes, SUBJECT_ID_BYTES, &out->has_subject));
    VELUM_TRY(take_optional(stmt, 3, out->asker, REQUEST_ASKER_BYTES, &out->has_asker));
    VELUM_TRY(take_exact(stmt, 9, out->taken_by, sizeof(out->taken_by)));
    VELUM_TRY(take_exact(stmt, 11, out->policy, sizeof(out->policy)));
    VELUM_TRY(
        take_optional(stmt, 27, out->certificate, sizeof(out->certificate), &out->has_certificate));
    take_times(stmt, out);
    return take_lists(stmt, out);
}

static velum_status load_tasks(store_conn *conn, request *out)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(conn,
                             "SELECT processor, state, attempts, error, retry_ns FROM request_task"
                             " WHERE request = $1 ORDER BY processor",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, out->id, sizeof(out->id)));
    while (out->task_count < BUNDLE_ACTIVITIES_MAX && (status = stmt_step(stmt)) == VELUM_OK) {
        out->tasks[out->task_count++] = (request_task){.processor = (uint16_t)stmt_integer(stmt, 0),
                                                       .state = (uint32_t)stmt_integer(stmt, 1),
                                                       .attempts = (uint32_t)stmt_integer(stmt, 2),
                                                       .error = (uint32_t)stmt_integer(stmt, 3),
                                                       .retry_ns = stmt_integer(stmt, 4)};
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* The one row of a statement with its parameters bound. */
static velum_status take_one(store_conn *conn, store_stmt *stmt, request *out)
{
    velum_status status = stmt_step(stmt);

    if (status == VELUM_OK) {
        status = take_row(stmt, out);
    }
    stmt_reset(stmt);
    VELUM_TRY(status);
    return status == VELUM_END ? VELUM_E_NOTFOUND : load_tasks(conn, out);
}

velum_status request_load(store_conn *conn, const uint8_t id[16], request *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT " COLUMNS " FROM request WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, 16));
    return take_one(conn, stmt, out);
}

velum_status request_find_open(store_conn *conn, const request *like, request *out)
{
    store_stmt *stmt = NULL;

    if (like->has_subject) {
        VELUM_TRY(conn_statement(conn,
                                 "SELECT " COLUMNS " FROM request WHERE subject = $1 AND"
                                 " claim = $2 AND categories = $3 AND is_ended = 0"
                                 " ORDER BY n LIMIT 1",
                                 &stmt));
        VELUM_TRY(stmt_bind_blob(stmt, 1, like->subject.bytes, SUBJECT_ID_BYTES));
    } else {
        VELUM_TRY(conn_statement(conn,
                                 "SELECT " COLUMNS " FROM request WHERE asker = $1 AND"
                                 " claim = $2 AND categories = $3 AND is_ended = 0"
                                 " ORDER BY n LIMIT 1",
                                 &stmt));
        VELUM_TRY(stmt_bind_blob(stmt, 1, like->asker, REQUEST_ASKER_BYTES));
    }
    VELUM_TRY(stmt_bind_integer(stmt, 2, like->right));
    VELUM_TRY(bind_numbers(stmt, 3, like->categories, like->category_count));
    return take_one(conn, stmt, out);
}

static velum_status visit_all(store_conn *conn, store_stmt *stmt, request_visitor visit,
                              void *context)
{
    velum_status status = VELUM_OK;
    request row;

    while (status == VELUM_OK && (status = stmt_step(stmt)) == VELUM_OK) {
        status = take_row(stmt, &row);
        if (status == VELUM_OK) {
            status = load_tasks(conn, &row);
        }
        if (status == VELUM_OK) {
            status = visit(context, &row);
        }
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_OK : status;
}

velum_status request_visit(store_conn *conn, const request_filter *filter, request_visitor visit,
                           void *context)
{
    const request *const after = filter->after;
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT " COLUMNS " FROM request WHERE"
                             " ($1 = 0 OR state = $1) AND ($2 = 0 OR claim = $2) AND"
                             " ($3 = 0 OR (is_ended = 0 AND due_ns <> 0 AND due_ns <= $3)) AND"
                             " (is_ended, due_ns, n) > ($4, $5, $6)"
                             " ORDER BY is_ended, due_ns, n LIMIT $7",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, filter->state));
    VELUM_TRY(stmt_bind_integer(stmt, 2, filter->right));
    VELUM_TRY(stmt_bind_integer(stmt, 3, filter->due_before_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 4,
                                after == NULL                    ? -1
                                : request_is_ended(after->state) ? 1
                                                                 : 0));
    VELUM_TRY(stmt_bind_integer(stmt, 5, after == NULL ? 0 : after->due_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 6, after == NULL ? 0 : after->n));
    VELUM_TRY(stmt_bind_integer(stmt, 7, filter->limit));
    return visit_all(conn, stmt, visit, context);
}

velum_status request_visit_of(store_conn *conn, const subject_id *subject, request_visitor visit,
                              void *context)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "SELECT " COLUMNS " FROM request WHERE subject = $1 ORDER BY n DESC LIMIT $2",
        &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, REQUESTS_OF_ONE_MAX));
    return visit_all(conn, stmt, visit, context);
}

/* --- writing -------------------------------------------------------------------------------------- */

static velum_status bind_optional(store_stmt *stmt, int parameter, bool there, const void *data,
                                  size_t size)
{
    return there ? stmt_bind_blob(stmt, parameter, data, size) : stmt_bind_null(stmt, parameter);
}

/* $1 … $13: what changes in a request's life; $14 its id. */
static velum_status bind_changing(store_stmt *stmt, const request *row)
{
    const int64_t numbers[] = {row->state,
                               row->denial,
                               row->version,
                               row->flags,
                               request_is_ended(row->state) ? 1 : 0,
                               row->due_ns,
                               row->confirm_ns,
                               row->verify_ns,
                               row->cool_ns,
                               row->ended_ns,
                               row->next_ns};

    for (int i = 0; i < (int)(sizeof(numbers) / sizeof(numbers[0])); i++) {
        VELUM_TRY(stmt_bind_integer(stmt, i + 1, numbers[i]));
    }
    VELUM_TRY(
        bind_optional(stmt, 12, row->has_certificate, row->certificate, sizeof(row->certificate)));
    VELUM_TRY(bind_kept(stmt, 13, row));
    return stmt_bind_blob(stmt, 14, row->id, sizeof(row->id));
}

/* $15 … $29: what is said once, at receipt. */
static velum_status bind_fixed(store_stmt *stmt, const request *row)
{
    VELUM_TRY(bind_optional(stmt, 15, row->has_subject, row->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(bind_optional(stmt, 16, row->has_asker, row->asker, REQUEST_ASKER_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 17, row->right));
    VELUM_TRY(stmt_bind_blob(stmt, 18, row->taken_by, sizeof(row->taken_by)));
    VELUM_TRY(stmt_bind_integer(stmt, 19, row->domain));
    VELUM_TRY(stmt_bind_blob(stmt, 20, row->policy, sizeof(row->policy)));
    VELUM_TRY(bind_numbers(stmt, 21, row->categories, row->category_count));
    VELUM_TRY(bind_numbers(stmt, 22, row->jurisdictions, row->jurisdiction_count));
    VELUM_TRY(bind_numbers(stmt, 23, row->processors, row->processor_count));
    VELUM_TRY(stmt_bind_integer(stmt, 24, row->received_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 25, row->entered_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 26, row->extend_until_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 27, row->extended_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 28, row->cool_down_days));
    return stmt_bind_integer(stmt, 29, row->log_days);
}

static velum_status put_tasks(store_conn *conn, const request *row)
{
    store_stmt *stmt = NULL;

    for (uint32_t i = 0; i < row->task_count; i++) {
        const request_task *const task = &row->tasks[i];
        VELUM_TRY(conn_statement(
            conn,
            "INSERT INTO request_task (request, processor, state, attempts, error, retry_ns)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (request, processor) DO UPDATE SET"
            " state = excluded.state, attempts = excluded.attempts, error = excluded.error,"
            " retry_ns = excluded.retry_ns",
            &stmt));
        VELUM_TRY(stmt_bind_blob(stmt, 1, row->id, sizeof(row->id)));
        VELUM_TRY(stmt_bind_integer(stmt, 2, task->processor));
        VELUM_TRY(stmt_bind_integer(stmt, 3, task->state));
        VELUM_TRY(stmt_bind_integer(stmt, 4, task->attempts));
        VELUM_TRY(stmt_bind_integer(stmt, 5, task->error));
        VELUM_TRY(stmt_bind_integer(stmt, 6, task->retry_ns));
        VELUM_TRY(stmt_execute(stmt));
    }
    return VELUM_OK;
}

velum_status request_insert(store_conn *conn, const request *row, crypto_part sealed)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn,
        "INSERT INTO request (state, denial, version, flags, is_ended, due_ns, confirm_ns,"
        " verify_ns, cool_ns, ended_ns, next_ns, certificate, kept, id, subject, asker, claim,"
        " taken_by, domain, policy, categories, jurisdictions, processors, received_ns,"
        " entered_ns, extend_until_ns, extended_ns, cool_down_days, log_days, sealed_version,"
        " sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
        " $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)",
        &stmt));
    VELUM_TRY(bind_changing(stmt, row));
    VELUM_TRY(bind_fixed(stmt, row));
    VELUM_TRY(stmt_bind_integer(stmt, 30, row->sealed_version));
    VELUM_TRY(stmt_bind_blob(stmt, 31, sealed.data, sealed.size));
    VELUM_TRY(stmt_execute(stmt));
    return put_tasks(conn, row);
}

velum_status request_update(store_conn *conn, const request *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn,
        "UPDATE request SET state = $1, denial = $2, version = $3, flags = $4, is_ended = $5,"
        " due_ns = $6, confirm_ns = $7, verify_ns = $8, cool_ns = $9, ended_ns = $10,"
        " next_ns = $11, certificate = $12, kept = $13 WHERE id = $14",
        &stmt));
    VELUM_TRY(bind_changing(stmt, row));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? put_tasks(conn, row) : VELUM_E_CORRUPT;
}

velum_status request_update_sealed(store_conn *conn, const request *row, crypto_part sealed)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "UPDATE request SET sealed_version = $1, sealed = $2 WHERE id = $3", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, row->sealed_version));
    VELUM_TRY(stmt_bind_blob(stmt, 2, sealed.data, sealed.size));
    VELUM_TRY(stmt_bind_blob(stmt, 3, row->id, sizeof(row->id)));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

velum_status request_delete(store_conn *conn, const uint8_t id[16])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM request_task WHERE request = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, 16));
    VELUM_TRY(stmt_execute(stmt));
    VELUM_TRY(conn_statement(conn, "DELETE FROM request WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, 16));
    return stmt_execute(stmt);
}
