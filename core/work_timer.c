/* core/work_timer.c: a module's own timers: one for each (module, customer, name). */
#include "core/parse.h"
#include "core/timers.h"
#include "core/verbs.h"
#include "core/work.h"

#define KEEP_NEW 0
#define KEEP_LATER 1
#define KEEP_EARLIER 2

typedef struct timer_wish {
    text name;
    bool is_cancelled;
    int64_t at_ns;
    uint32_t keep; /* KEEP_*: which of the standing and the asked time */
} timer_wish;

typedef struct module_timer_row {
    timer timer; /* its `of` is the row's key */
    uint32_t module;
    subject_id subject;
    char name[WORK_TIMER_NAME_BYTES_MAX + 1];
} module_timer_row;

/* --- parsing ------------------------------------------------------------------------------------ */

static velum_status parse_at(passage *passage, timer_wish *out)
{
    const json_value *const at = json_member(json_root(passage->body), "at");

    out->is_cancelled = at != NULL && json_kind_of(at) == JSON_NULL;
    if (out->is_cancelled) {
        return VELUM_OK;
    }
    if (at == NULL || json_kind_of(at) != JSON_TEXT || time_parse(json_text(at), &out->at_ns) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`at` is a time such as 2027-01-31T00:00:00Z, or null.");
    }
    return VELUM_OK;
}

static velum_status parse_keep(passage *passage, uint32_t *out)
{
    text keep;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "keep", &keep));
    *out = text_equal_literal(keep, "later")     ? KEEP_LATER
           : text_equal_literal(keep, "earlier") ? KEEP_EARLIER
                                                 : KEEP_NEW;
    return keep.size == 0 || *out != KEEP_NEW
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED, "`keep` is later or earlier.");
}

static velum_status parse_wish(passage *passage, timer_wish *out)
{
    static const char *const members[] = {"module", "name", "at", "keep", NULL};
    const json_value *const body = json_root(passage->body);

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "name", &out->name));
    VELUM_TRY(parse_at(passage, out));
    VELUM_TRY(parse_keep(passage, &out->keep));
    /* A name of the module's, never a value (I-5). */
    return text_is_name(out->name, WORK_TIMER_NAME_BYTES_MAX, "._-")
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED,
                             "`name` is 1 to 64 of a-z, 0-9, '.', '_', '-', a letter first.");
}

/* --- rows --------------------------------------------------------------------------------------- */

static void make_key(const module_timer_row *row, uint8_t out[16])
{
    uint8_t bytes[4 + SUBJECT_ID_BYTES + WORK_TIMER_NAME_BYTES_MAX];
    uint8_t hash[SHA256_BYTES];
    const size_t name_size = strlen(row->name);

    bytes_write_u32be(bytes, row->module);
    memcpy(bytes + 4, row->subject.bytes, SUBJECT_ID_BYTES);
    memcpy(bytes + 4 + SUBJECT_ID_BYTES, row->name, name_size);
    sha256(bytes, 4 + SUBJECT_ID_BYTES + name_size, hash);
    memcpy(out, hash, 16);
}

/* VELUM_E_NOTFOUND when it is not set. */
static velum_status find_row(store_conn *conn, const uint8_t of[16], module_timer_row *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "SELECT module, subject, name, at_ns FROM module_timer WHERE of = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, of, 16));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        const crypto_part subject = stmt_blob(stmt, 1);
        const text name = stmt_text(stmt, 2);
        *out = (module_timer_row){.module = (uint32_t)stmt_integer(stmt, 0),
                                  .timer = {.at_ns = stmt_integer(stmt, 3), .kind = TIMER_MODULE}};
        memcpy(out->timer.of, of, 16);
        memcpy(out->subject.bytes, subject.data,
               subject.size < SUBJECT_ID_BYTES ? subject.size : SUBJECT_ID_BYTES);
        memcpy(out->name, name.data,
               name.size < WORK_TIMER_NAME_BYTES_MAX ? name.size : WORK_TIMER_NAME_BYTES_MAX);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

static velum_status put_row(store_conn *conn, const module_timer_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO module_timer (of, module, subject, name, at_ns)"
                             " VALUES ($1, $2, $3, $4, $5)"
                             " ON CONFLICT (of) DO UPDATE SET at_ns = excluded.at_ns",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->timer.of, sizeof(row->timer.of)));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->module));
    VELUM_TRY(stmt_bind_blob(stmt, 3, row->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 4, text_of(row->name)));
    VELUM_TRY(stmt_bind_integer(stmt, 5, row->timer.at_ns));
    return stmt_execute(stmt);
}

static velum_status drop_row(store_conn *conn, const uint8_t of[16])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM module_timer WHERE of = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, of, 16));
    return stmt_execute(stmt);
}

static velum_status count_rows(store_conn *conn, const module_timer_row *row, int64_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "SELECT count(*) FROM module_timer WHERE subject = $1 AND module = $2", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->module));
    VELUM_TRY(stmt_step(stmt));
    *out = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return VELUM_OK;
}

/* --- the verb ----------------------------------------------------------------------------------- */

static velum_status cancel(passage *passage, const module_timer_row *row)
{
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_END);
    VELUM_TRY(drop_row(passage->conn, row->timer.of));
    return timer_drop(passage->batch, TIMER_MODULE, row->timer.of);
}

static int64_t kept_time(const timer_wish *wish, int64_t standing_ns)
{
    const bool stays = (wish->keep == KEEP_LATER && standing_ns > wish->at_ns) ||
                       (wish->keep == KEEP_EARLIER && standing_ns < wish->at_ns);

    return stays ? standing_ns : wish->at_ns;
}

static velum_status set(passage *passage, const timer_wish *wish, module_timer_row *row)
{
    module_timer_row standing;
    int64_t count = 0;

    const velum_status found = find_row(passage->conn, row->timer.of, &standing);
    if (found == VELUM_E_NOTFOUND) {
        VELUM_TRY(count_rows(passage->conn, row, &count));
    }
    VELUM_TRY(found == VELUM_E_NOTFOUND ? VELUM_OK : found);
    if (count >= WORK_TIMERS_MAX) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "A module has at most 16 timers for one customer.");
    }
    row->timer.at_ns = found == VELUM_OK ? kept_time(wish, standing.timer.at_ns) : wish->at_ns;
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_TIMER_SET);
    VELUM_TRY(put_row(passage->conn, row));
    return timer_set(passage->batch, &row->timer);
}

static void write_answer(const timer_wish *wish, const module_timer_row *row, json_writer *out)
{
    char at[TIME_TEXT_BYTES];

    json_begin_object(out);
    json_member_string(out, "name", row->name);
    json_name(out, "at");
    if (wish->is_cancelled) {
        json_write_null(out);
    } else {
        time_format(row->timer.at_ns, at);
        json_write_text(out, text_of(at));
    }
    json_end_object(out);
}

velum_status module_timer_apply(passage *passage)
{
    const bundle_module *module = NULL;
    timer_wish wish = {.keep = KEEP_NEW};
    module_timer_row row = {.timer = {.kind = TIMER_MODULE}};
    json_writer out;

    VELUM_TRY(parse_wish(passage, &wish));
    VELUM_TRY(work_module(passage, &module));
    if (passage->opened == NULL) {
        return refuse(passage,
                      passage->has_subject ? REASON_SUBJECT_ERASED : REASON_UNKNOWN_SUBJECT);
    }
    row.module = module->number;
    row.subject = passage->subject;
    memcpy(row.name, wish.name.data, wish.name.size);
    make_key(&row, row.timer.of);
    VELUM_TRY(wish.is_cancelled ? cancel(passage, &row) : set(passage, &wish, &row));
    json_writer_init(&out, &passage->answer->body);
    write_answer(&wish, &row, &out);
    return buffer_status(&passage->answer->body);
}

/* --- when it is due ----------------------------------------------------------------------------- */

/* No leaf: nothing was told yet; that is written when the module takes it. */
velum_status module_timer(passage *passage, const timer *due)
{
    module_timer_row row = {.module = 0};
    work made = {.kind = WORK_TIMER};

    const velum_status status = find_row(passage->conn, due->of, &row);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK; /* erased meanwhile */
    }
    VELUM_TRY(status);
    VELUM_TRY(drop_row(passage->conn, due->of));
    made.module = row.module;
    made.subject = row.subject;
    made.at_ns = row.timer.at_ns;
    made.due_ns = passage->clock.later_ns;
    memcpy(made.name, row.name, sizeof(row.name));
    return work_add(passage->batch, &made);
}
