/* core/request_process.c: a request's state, its timer and its leaves. */
#include "core/request_row.h"

#include "core/parse.h"
#include "core/path.h"
#include "core/task.h"
#include "core/timers.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)
#define RETRY_FIRST_NS (900 * NS_PER_SECOND)
#define RETRY_DOUBLINGS_MAX 7 /* beyond it, a day */

/* --- time ----------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    if (a_ns == 0 || b_ns == 0) {
        return a_ns == 0 ? b_ns : a_ns;
    }
    return a_ns < b_ns ? a_ns : b_ns;
}

int64_t request_next_ns(const request *row)
{
    int64_t next_ns = row->cool_ns;

    if (request_is_ended(row->state)) {
        return row->log_days == 0 ? 0 : row->ended_ns + (int64_t)row->log_days * NS_PER_DAY;
    }
    if (row->state == REQUEST_NEED_VERIFICATION) {
        next_ns = earlier(next_ns, row->verify_ns);
    }
    if ((row->flags & (REQUEST_CONFIRMED | REQUEST_UNCONFIRMED)) == 0) {
        next_ns = earlier(next_ns, row->confirm_ns);
    }
    if ((row->flags & REQUEST_OVERDUE) == 0) {
        next_ns = earlier(next_ns, row->due_ns);
    }
    for (uint32_t i = 0; i < row->task_count; i++) {
        next_ns = earlier(next_ns, row->tasks[i].retry_ns);
    }
    return next_ns;
}

static velum_status set_timer(passage *passage, const request *row)
{
    timer timer = {.at_ns = row->next_ns, .kind = TIMER_REQUEST};

    memcpy(timer.of, row->id, sizeof(timer.of));
    return timer.at_ns == 0 ? timer_drop(passage->batch, TIMER_REQUEST, row->id)
                            : timer_set(passage->batch, &timer);
}

velum_status request_store(passage *passage, request *row)
{
    row->version++;
    return request_store_noted(passage, row);
}

velum_status request_store_noted(passage *passage, request *row)
{
    VELUM_TRY(task_tell(passage, row));
    row->next_ns = request_next_ns(row);
    VELUM_TRY(request_update(passage->conn, row));
    return set_timer(passage, row);
}

velum_status request_store_new(passage *passage, request *row, const request_facts *facts)
{
    VELUM_AUTO_BUFFER sealed = {0};

    buffer_init(&sealed, REQUEST_SEALED_BYTES_MAX);
    row->version = 1;
    row->sealed_version = 1;
    VELUM_TRY(task_tell(passage, row));
    row->next_ns = request_next_ns(row);
    VELUM_TRY(request_seal(passage, row, facts, &sealed));
    VELUM_TRY(request_insert(passage->conn, row, (crypto_part){sealed.data, sealed.size}));
    return set_timer(passage, row);
}

/* --- states --------------------------------------------------------------------------------------- */

void request_end(request *row, uint32_t state, int64_t at_ns)
{
    row->state = state;
    row->ended_ns = at_ns;
    row->cool_ns = 0;
}

void request_settle_tasks(request *row, int64_t at_ns)
{
    uint32_t left = 0;
    uint32_t failed = 0;

    for (uint32_t i = 0; i < row->task_count; i++) {
        left += row->tasks[i].state == TASK_DONE ? 0 : 1;
        failed += row->tasks[i].state == TASK_FAILED ? 1 : 0;
    }
    if (failed > 0 || (row->flags & REQUEST_HELD) != 0) {
        row->state = REQUEST_PAUSED; /* */
    } else if (left == 0 && (row->flags & REQUEST_DONE_HERE) != 0) {
        request_end(row, REQUEST_FULFILLED, at_ns);
    } else {
        row->state = REQUEST_IN_PROGRESS;
    }
}

void request_tell_processors(request *row)
{
    if (row->task_count > 0 || !row->has_subject || !request_tells_processors(row->right)) {
        return;
    }
    for (uint32_t i = 0; i < row->processor_count; i++) {
        row->tasks[row->task_count++] =
            (request_task){.processor = row->processors[i], .state = TASK_PENDING};
    }
}

void request_done_here(request *row, int64_t at_ns)
{
    row->flags |= REQUEST_DONE_HERE;
    request_tell_processors(row);
    request_settle_tasks(row, at_ns);
}

/* --- what a recipient answers ---------------------------------------------------------------------- */

static int64_t retry_after_ns(uint32_t attempts)
{
    return attempts > RETRY_DOUBLINGS_MAX ? NS_PER_DAY : RETRY_FIRST_NS << (attempts - 1);
}

void request_fail_task(const passage *passage, request_task *task, uint32_t error)
{
    task->error = error;
    task->state = TASK_FAILED;
    task->attempts++;
    task->retry_ns = passage->clock.later_ns + retry_after_ns(task->attempts);
}

static velum_status parse_error(passage *passage, uint32_t *out)
{
    text name;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "error", &name));
    *out = name.size == 0 ? TASK_ERROR_OTHER
                          : request_number_of(request_task_error_name, TASK_ERROR_COUNT, name);
    return *out != 0 ? VELUM_OK
                     : refuse_hint(passage, REASON_INVALID_VALUE,
                                   "`error` is unreachable, timeout, refused, unknown-person or"
                                   " other.");
}

velum_status request_report_task(passage *passage, request *row, request_task *task)
{
    uint32_t error = 0;
    text state;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "state", &state));
    if (request_is_ended(row->state)) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    if (text_equal_literal(state, "failed")) {
        VELUM_TRY(parse_error(passage, &error));
        request_fail_task(passage, task, error);
    } else if (text_equal_literal(state, "done")) {
        task->state = TASK_DONE;
        task->retry_ns = 0;
    } else {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`state` is done or failed.");
    }
    request_settle_tasks(row, passage->clock.later_ns);
    return VELUM_OK;
}

/* --- leaves --------------------------------------------------------------------------------------- */

/* Of somebody erased, too, as long as their evidence is kept. */
static velum_status mark_subject(passage *passage, const request *row, audit_entry *entry)
{
    const opened_subject *opened = NULL;

    if (!row->has_subject || passage->opened != NULL) {
        return VELUM_OK; /* the path names whom it opened */
    }
    const velum_status status = vault_open_evidence(passage->gate->vault, passage->conn,
                                                    &row->subject, passage->arena, &opened);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    entry->token_epoch = time_month(passage->clock.now_ns);
    opened_audit_token(opened, entry->token_epoch, entry->subject_token);
    return VELUM_OK;
}

velum_status request_mark(passage *passage, const request *row, uint32_t act, audit_entry *entry)
{
    entry->type = ENTRY_REQUEST;
    entry_push(entry, INPUT_RIGHT, row->right);
    entry_push(entry, INPUT_REQUEST_STATE, row->state);
    entry_push(entry, INPUT_REQUEST_ACT, act);
    if (row->denial != 0) {
        entry_push(entry, INPUT_DENIAL, row->denial);
    }
    return mark_subject(passage, row, entry);
}

velum_status request_note_act(passage *passage, const request *row, uint32_t act)
{
    return request_mark(passage, row, act, &passage->entry);
}

velum_status request_leaf(passage *passage, const request *row, uint32_t act)
{
    audit_entry leaf = {.type = ENTRY_REQUEST};

    random_fill(&passage->gate->random, leaf.event_id, sizeof(leaf.event_id));
    memcpy(leaf.related, passage->entry.event_id, sizeof(leaf.related));
    VELUM_TRY(request_mark(passage, row, act, &leaf));
    path_fill_entry(passage, &leaf);
    return write_batch_record(passage->batch, &leaf);
}
