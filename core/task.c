/* core/task.c: tasks of recipients: told by webhook, acknowledged over HTTP. */
#include "core/task.h"

#include "core/happening.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/schema.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)

const char *const task_schema_3[] = {
    /* told: attempts of which the recipient was told, from 1 */
    "CREATE TABLE task (id BLOB PRIMARY KEY, request BLOB NOT NULL, processor INTEGER NOT NULL,"
    " told INTEGER NOT NULL, UNIQUE (request, processor)) WITHOUT ROWID",
    NULL,
};

/* --- rows ------------------------------------------------------------------------------------------- */

typedef struct task_row {
    uint8_t id[16];
    uint8_t request[16];
    uint16_t processor;
    int64_t told;
} task_row;

static void take_id(store_stmt *stmt, int column, uint8_t out[16])
{
    const crypto_part id = stmt_blob(stmt, column);

    memcpy(out, id.data, id.size < 16 ? id.size : 16);
}

/* The one row of a statement, which ends. */
static velum_status read_row(store_stmt *stmt, task_row *out)
{
    const velum_status status = stmt_step(stmt);

    if (status == VELUM_OK) {
        take_id(stmt, 0, out->id);
        take_id(stmt, 1, out->request);
        out->processor = (uint16_t)stmt_integer(stmt, 2);
        out->told = stmt_integer(stmt, 3);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

static velum_status find_task(store_conn *conn, const request *of, uint16_t processor,
                              task_row *out)
{
    store_stmt *stmt = NULL;

    *out = (task_row){.processor = processor};
    memcpy(out->request, of->id, sizeof(out->request));
    VELUM_TRY(conn_statement(conn,
                             "SELECT id, request, processor, told FROM task"
                             " WHERE request = $1 AND processor = $2",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, of->id, sizeof(of->id)));
    VELUM_TRY(stmt_bind_integer(stmt, 2, processor));
    return read_row(stmt, out);
}

static velum_status load_task(store_conn *conn, const uint8_t id[16], task_row *out)
{
    store_stmt *stmt = NULL;

    *out = (task_row){.told = 0};
    VELUM_TRY(
        conn_statement(conn, "SELECT id, request, processor, told FROM task WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, sizeof(out->id)));
    return read_row(stmt, out);
}

static velum_status put_task(store_conn *conn, const task_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(
        conn_statement(conn,
                       "INSERT INTO task (id, request, processor, told) VALUES ($1, $2, $3, $4)"
                       " ON CONFLICT (id) DO UPDATE SET told = $4",
                       &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->id, sizeof(row->id)));
    VELUM_TRY(stmt_bind_blob(stmt, 2, row->request, sizeof(row->request)));
    VELUM_TRY(stmt_bind_integer(stmt, 3, row->processor));
    VELUM_TRY(stmt_bind_integer(stmt, 4, row->told));
    return stmt_execute(stmt);
}

velum_status task_forget(store_conn *conn, const uint8_t request[16])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM task WHERE request = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, request, 16));
    return stmt_execute(stmt);
}

/* --- telling ---------------------------------------------------------------------------------------- */

/* Whether the recipient hears by webhook: a hook has its name. */
static bool is_told(const bundle *bundle, uint16_t processor)
{
    const uint32_t index = bundle_find_number(bundle, REGISTRY_RECIPIENT, processor);

    for (uint32_t i = 0; i < bundle->hook_count && index != BUNDLE_NONE; i++) {
        const bundle_hook *const hook = &bundle->hooks[i];
        if ((hook->events & HOOK_TASK_CREATED) != 0 &&
            text_equal(hook->name, bundle->recipients[index].name)) {
            return true;
        }
    }
    return false;
}

static int64_t answer_by(const passage *passage, const request *row)
{
    const int64_t now_ns = passage->clock.later_ns;
    const int64_t usual_ns = now_ns + TASK_ANSWER_DAYS * NS_PER_DAY;

    return row->due_ns > now_ns && row->due_ns < usual_ns ? row->due_ns : usual_ns;
}

static velum_status tell_one(passage *passage, const world *world, const request *row,
                             request_task *task)
{
    task_row told;
    const velum_status status = find_task(passage->conn, row, task->processor, &told);

    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (told.told > (int64_t)task->attempts) {
        return VELUM_OK; /* of this attempt (TK-1) */
    }
    if (status == VELUM_E_NOTFOUND) {
        random_fill(&passage->gate->random, told.id, sizeof(told.id));
    }
    told.told = (int64_t)task->attempts + 1;
    task->retry_ns = answer_by(passage, row);
    VELUM_TRY(put_task(passage->conn, &told));
    happening what = {.event = HOOK_TASK_CREATED,
                      .subject = row->subject,
                      .at_ns = passage->clock.now_ns,
                      .detail = text_of(right_name(row->right)),
                      .recipient = task->processor,
                      .due_ns = task->retry_ns};
    memcpy(what.related, told.id, sizeof(what.related));
    return happened(passage->batch, world, &what);
}

velum_status task_tell(passage *passage, request *row)
{
    VELUM_AUTO(world) *world = gate_world(passage->gate);

    for (uint32_t i = 0; i < row->task_count && row->has_subject; i++) {
        request_task *const task = &row->tasks[i];
        if (task->state == TASK_PENDING && is_told(world->bundle, task->processor)) {
            VELUM_TRY(tell_one(passage, world, row, task));
        }
    }
    return VELUM_OK;
}

/* --- the acknowledgement ---------------------------------------------------------------------------- */

/* The recipient for which the caller acts; 0: none. */
static uint16_t own_recipient(const passage *passage)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = passage->activity == BUNDLE_NONE
                               ? BUNDLE_NONE
                               : bundle->activities[passage->activity].recipient_index;

    return index == BUNDLE_NONE ? 0 : bundle->recipients[index].number;
}

/* The task of this actor's recipient; every other is not there (TK-2). */
static velum_status load_mine(passage *passage, request *out, request_task **out_task)
{
    uint8_t id[16];
    task_row row = {.processor = 0};

    VELUM_TRY(request_parse_id(passage, passage->request->ref, id));
    velum_status status = load_task(passage->conn, id, &row);
    if (status == VELUM_OK) {
        status = request_load(passage->conn, row.request, out);
    }
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (status == VELUM_E_NOTFOUND || own_recipient(passage) != row.processor) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    for (uint32_t i = 0; i < out->task_count; i++) {
        if (out->tasks[i].processor == row.processor) {
            *out_task = &out->tasks[i];
            return VELUM_OK;
        }
    }
    return refuse(passage, PROBLEM_NOT_FOUND);
}

velum_status task_ack_locate(passage *passage)
{
    static const char *const members[] = {"state", "error", NULL};
    request row = {.task_count = 0};
    request_task *task = NULL;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    return load_mine(passage, &row, &task);
}

static velum_status write_state(passage *passage, const request_task *task)
{
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_text(&out, "task", passage->request->ref);
    json_member_string(&out, "state", request_task_state_name(task->state));
    if (task->state == TASK_FAILED) {
        request_write_time(&out, "retry", task->retry_ns);
    }
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status task_ack_apply(passage *passage)
{
    request row = {.task_count = 0};
    request_task *task = NULL;

    VELUM_TRY(load_mine(passage, &row, &task));
    if (task->state != TASK_DONE) { /* what is done stays done, however often it is said */
        VELUM_TRY(request_report_task(passage, &row, task));
        VELUM_TRY(request_store(passage, &row));
    }
    VELUM_TRY(request_note_act(passage, &row, REQUEST_ACT_TASK));
    entry_push(&passage->entry, INPUT_PROCESSOR, task->processor);
    return write_state(passage, task);
}
