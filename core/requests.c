/* core/requests.c: the names of requests, their tables, and what happens to them by themselves. */
#include "core/request_row.h"

#include "core/locate.h"
#include "core/registry.h"
#include "core/schema.h"
#include "core/task.h"
#include "core/timers.h"
#include "core/verbs.h"

const char *const requests_schema_2[] = {
    "CREATE TABLE request ("
    " n INTEGER PRIMARY KEY,"
    " id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
    " subject BLOB,"
    " asker BLOB,"
    " state INTEGER NOT NULL,"
    " claim INTEGER NOT NULL,"
    " denial INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " flags INTEGER NOT NULL,"
    " is_ended INTEGER NOT NULL,"
    " taken_by BLOB NOT NULL,"
    " domain INTEGER NOT NULL,"
    " policy BLOB NOT NULL,"
    " categories BLOB NOT NULL,"
    " jurisdictions BLOB NOT NULL,"
    " processors BLOB NOT NULL,"
    " received_ns INTEGER NOT NULL,"
    " entered_ns INTEGER NOT NULL,"
    " due_ns INTEGER NOT NULL,"
    " confirm_ns INTEGER NOT NULL,"
    " verify_ns INTEGER NOT NULL,"
    " extend_until_ns INTEGER NOT NULL,"
    " extended_ns INTEGER NOT NULL,"
    " cool_down_days INTEGER NOT NULL,"
    " log_days INTEGER NOT NULL,"
    " cool_ns INTEGER NOT NULL,"
    " ended_ns INTEGER NOT NULL,"
    " next_ns INTEGER NOT NULL,"
    " certificate BLOB,"
    " kept BLOB NOT NULL,"
    " sealed_version INTEGER NOT NULL,"
    " sealed BLOB NOT NULL"
    ") STRICT",
    "CREATE INDEX request_next ON request (state, next_ns)",
    "CREATE INDEX request_subject ON request (subject)",
    "CREATE INDEX request_asker ON request (asker)",
    "CREATE INDEX request_due ON request (is_ended, due_ns, n)",
    "CREATE TABLE request_task ("
    " request BLOB NOT NULL,"
    " processor INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " error INTEGER NOT NULL,"
    " retry_ns INTEGER NOT NULL,"
    " PRIMARY KEY (request, processor)"
    ") STRICT, WITHOUT ROWID",
    NULL,
};

/* --- names -------------------------------------------------------------------------------------- */

typedef struct right_row {
    const char *name;
    bool needs_no_proof;
    bool runs_itself;
    bool tells_processors;
} right_row;

static const right_row RIGHTS[RIGHT_COUNT] = {
    [RIGHT_ACCESS] = {"access", false, false, false},                       /* PIPL 45, GDPR 15 */
    [RIGHT_ACCESS_CATEGORIES] = {"access-categories", false, false, false}, /* CCPA */
    [RIGHT_PORTABILITY] = {"portability", false, false, false},             /* GDPR 20 */
    [RIGHT_CORRECT] = {"correct", false, false, true},                      /* PIPL 46, GDPR 16 */
    [RIGHT_DELETE] = {"delete", false, false, true},                        /* PIPL 47, GDPR 17 */
    [RIGHT_RESTRICT] = {"restrict", false, true, true},                     /* PIPL 44, GDPR 18 */
    [RIGHT_OBJECT_MARKETING] = {"object-marketing", true, true, true},      /* GDPR 21 */
    [RIGHT_OBJECT_AUTOMATION] = {"object-automation", false, false, false}, /* PIPL 24, GDPR 22 */
    [RIGHT_WITHDRAW] = {"withdraw", true, true, false},                     /* PIPL 15, GDPR 7(3) */
    [RIGHT_EXPLAIN] = {"explain", false, false, false},                     /* PIPL 48 */
    [RIGHT_OPT_OUT] = {"opt-out", true, true, true},                        /* CCPA §7026 */
    [RIGHT_CLOSE_ACCOUNT] = {"close-account", false, false, true},          /* NDR 25 */
    [RIGHT_NEXT_OF_KIN] = {"next-of-kin", false, false, false},             /* PIPL 49 */
    [RIGHT_NOT_ME] = {"not-me", true, true, false},
};

static const right_row *right_of(uint32_t right)
{
    static const right_row none = {NULL, false, false, false};

    return right < RIGHT_COUNT ? &RIGHTS[right] : &none;
}

const char *right_name(uint32_t right)
{
    return right_of(right)->name;
}

bool request_needs_no_proof(uint32_t right)
{
    return right_of(right)->needs_no_proof;
}

bool request_runs_itself(uint32_t right)
{
    return right_of(right)->runs_itself;
}

bool request_tells_processors(uint32_t right)
{
    return right_of(right)->tells_processors;
}

bool request_erases(uint32_t right)
{
    return right == RIGHT_DELETE || right == RIGHT_CLOSE_ACCOUNT;
}

bool request_is_opt_out(uint32_t right)
{
    return right == RIGHT_OBJECT_MARKETING || right == RIGHT_OPT_OUT;
}

const char *request_state_name(uint32_t state)
{
    static const char *const names[REQUEST_STATE_COUNT] = {
        [REQUEST_OPEN] = "open",           [REQUEST_IN_PROGRESS] = "in_progress",
        [REQUEST_COOL_DOWN] = "cool_down", [REQUEST_NEED_VERIFICATION] = "need_user_verification",
        [REQUEST_PAUSED] = "paused",       [REQUEST_FULFILLED] = "fulfilled",
        [REQUEST_DENIED] = "denied",       [REQUEST_REVOKED] = "revoked",
        [REQUEST_EXPIRED] = "expired",
    };

    return state < REQUEST_STATE_COUNT ? names[state] : NULL;
}

bool request_is_ended(uint32_t state)
{
    return state == REQUEST_FULFILLED || state == REQUEST_DENIED || state == REQUEST_REVOKED ||
           state == REQUEST_EXPIRED;
}

const char *request_denial_name(uint32_t denial)
{
    static const char *const names[DENIAL_COUNT] = {
        [DENIAL_SUSPECTED_FRAUD] = "suspected_fraud",
        [DENIAL_UNVERIFIED] = "insuf_verification",
        [DENIAL_NO_MATCH] = "no_match",
        [DENIAL_NOT_COVERED] = "claim_not_covered",
        [DENIAL_OUTSIDE_JURISDICTION] = "outside_jurisdiction",
        [DENIAL_TOO_MANY] = "too_many_requests",
        [DENIAL_OTHER] = "other",
    };

    return denial < DENIAL_COUNT ? names[denial] : NULL;
}

const char *request_act_name(uint32_t act)
{
    static const char *const names[REQUEST_ACT_COUNT] = {
        [REQUEST_ACT_RECEIVE] = "receive", [REQUEST_ACT_JOIN] = "join",
        [REQUEST_ACT_VERIFY] = "verify",   [REQUEST_ACT_APPROVE] = "approve",
        [REQUEST_ACT_DENY] = "deny",       [REQUEST_ACT_EXTEND] = "extend",
        [REQUEST_ACT_FULFIL] = "fulfil",   [REQUEST_ACT_TASK] = "task",
        [REQUEST_ACT_ANSWER] = "answer",   [REQUEST_ACT_CANCEL] = "cancel",
        [REQUEST_ACT_SHOW] = "show",       [REQUEST_ACT_LIST] = "list",
        [REQUEST_ACT_EXPIRE] = "expire",   [REQUEST_ACT_OVERDUE] = "overdue",
        [REQUEST_ACT_BEGIN] = "begin",     [REQUEST_ACT_UNCONFIRMED] = "unconfirmed",
        [REQUEST_ACT_RETRY] = "retry",     [REQUEST_ACT_ERASED] = "erased",
        [REQUEST_ACT_FORGET] = "forget",
    };

    return act < REQUEST_ACT_COUNT ? names[act] : NULL;
}

const char *request_method_name(uint32_t method)
{
    static const char *const names[METHOD_COUNT] = {
        NULL,    "document",          "in-store-id",    "account",       "second-fact",
        "video", "power-of-attorney", "customer-token", "one-time-code",
    };

    return method < METHOD_COUNT ? names[method] : NULL;
}

const char *request_task_state_name(uint32_t state)
{
    static const char *const names[] = {NULL, "pending", "done", "failed"};

    return state <= TASK_FAILED ? names[state] : NULL;
}

const char *request_task_error_name(uint32_t error)
{
    static const char *const names[TASK_ERROR_COUNT] = {NULL,      "unreachable",    "timeout",
                                                        "refused", "unknown-person", "other"};

    return error < TASK_ERROR_COUNT ? names[error] : NULL;
}

uint32_t request_number_of(const char *(*name_of)(uint32_t), uint32_t count, text name)
{
    for (uint32_t i = 1; i < count; i++) {
        const char *const known = name_of(i);
        if (known != NULL && text_equal_literal(name, known)) {
            return i;
        }
    }
    return 0;
}

/* --- by themselves -------------------------------------------------------------------------------- */

static bool is_due(int64_t at_ns, int64_t now_ns)
{
    return at_ns != 0 && at_ns <= now_ns;
}

static bool has_task_to_retry(const request *row, int64_t now_ns)
{
    for (uint32_t i = 0; i < row->task_count; i++) {
        if (row->tasks[i].state != TASK_DONE && is_due(row->tasks[i].retry_ns, now_ns)) {
            return true;
        }
    }
    return false;
}

/* What has come due first; 0: nothing yet. */
static uint32_t act_due(const request *row, int64_t now_ns)
{
    if (request_is_ended(row->state)) {
        return is_due(request_next_ns(row), now_ns) ? REQUEST_ACT_FORGET : 0;
    }
    if (row->state == REQUEST_NEED_VERIFICATION && is_due(row->verify_ns, now_ns)) {
        return REQUEST_ACT_EXPIRE;
    }
    if ((row->flags & (REQUEST_CONFIRMED | REQUEST_UNCONFIRMED)) == 0 &&
        is_due(row->confirm_ns, now_ns)) {
        return REQUEST_ACT_UNCONFIRMED;
    }
    if ((row->flags & REQUEST_OVERDUE) == 0 && is_due(row->due_ns, now_ns)) {
        return REQUEST_ACT_OVERDUE;
    }
    if (is_due(row->cool_ns, now_ns)) {
        return REQUEST_ACT_BEGIN;
    }
    return has_task_to_retry(row, now_ns) ? REQUEST_ACT_RETRY : 0;
}

/* Failed ones are asked again: nothing is dropped (fides#2064, #8039). One that was told and has not
 * answered in time has failed. */
static void retry_tasks(passage *passage, request *row)
{
    for (uint32_t i = 0; i < row->task_count; i++) {
        request_task *const task = &row->tasks[i];
        if (task->state == TASK_DONE || !is_due(task->retry_ns, passage->clock.later_ns)) {
            continue;
        }
        if (task->state == TASK_PENDING) {
            request_fail_task(passage, task, TASK_ERROR_TIMEOUT);
        } else {
            task->state = TASK_PENDING;
            task->retry_ns = 0;
        }
    }
    request_settle_tasks(row, passage->clock.later_ns);
}

/* The leaf of a deadline that passed names it. */
static velum_status note_late(passage *passage, request *row, uint32_t act, uint32_t flag,
                              int64_t due_ns)
{
    row->flags |= flag;
    VELUM_TRY(request_store_noted(passage, row));
    VELUM_TRY(request_note_act(passage, row, act));
    entry_push(&passage->entry, INPUT_DUE, (uint64_t)(due_ns / NS_PER_SECOND));
    return VELUM_OK;
}

static velum_status begin_by_timer(passage *passage, request *row)
{
    bool begun = false;

    VELUM_TRY(request_locate_subject(passage, row));
    VELUM_TRY(request_begin_erasure(passage, row, &begun));
    VELUM_TRY(request_store(passage, row));
    return begun ? request_leaf(passage, row, REQUEST_ACT_BEGIN)
                 : request_note_act(passage, row, REQUEST_ACT_BEGIN);
}

static velum_status run_act(passage *passage, request *row, uint32_t act)
{
    switch (act) {
    case REQUEST_ACT_FORGET:
        VELUM_TRY(request_note_act(passage, row, act));
        VELUM_TRY(task_forget(passage->conn, row->id));
        return request_delete(passage->conn, row->id);
    case REQUEST_ACT_EXPIRE:
        request_end(row, REQUEST_EXPIRED, passage->clock.later_ns);
        break;
    case REQUEST_ACT_UNCONFIRMED:
        return note_late(passage, row, act, REQUEST_UNCONFIRMED, row->confirm_ns);
    case REQUEST_ACT_OVERDUE:
        return note_late(passage, row, act, REQUEST_OVERDUE, row->due_ns);
    case REQUEST_ACT_BEGIN:
        return begin_by_timer(passage, row);
    default:
        retry_tasks(passage, row);
        break;
    }
    VELUM_TRY(request_store(passage, row));
    return request_note_act(passage, row, act);
}

/* One act a run; what else is due has set the timer to a time that is over already. */
velum_status request_timer(passage *passage, const timer *timer)
{
    request row;

    const velum_status status = request_load(passage->conn, timer->of, &row);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    const uint32_t act = act_due(&row, passage->clock.later_ns);
    if (act != 0) {
        return run_act(passage, &row, act);
    }
    struct timer next = {.at_ns = request_next_ns(&row), .kind = TIMER_REQUEST};
    memcpy(next.of, row.id, sizeof(next.of));
    return next.at_ns == 0 ? VELUM_OK : timer_set(passage->batch, &next);
}

/* --- after an erasure ----------------------------------------------------------------------------- */

velum_status request_erased(write_batch *batch, const uint8_t request_id[16],
                            const uint8_t certificate_id[16])
{
    static const uint8_t none[16] = {0};
    velum_gate *const gate = batch->gate;
    request row;

    if (memcmp(request_id, none, sizeof(none)) == 0) {
        return VELUM_OK;
    }
    const velum_status status = request_load(batch->conn, request_id, &row);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK; /* its own term ended first */
    }
    VELUM_TRY(status);
    passage passage = {.gate = gate,
                       .batch = batch,
                       .conn = batch->conn,
                       .arena = batch->arena,
                       .clock = clock_guard_read(&gate->clock_guard, &gate->clock)};
    audit_entry entry;

    own_entry(gate, ENTRY_REQUEST, passage.clock.now_ns, &entry);
    row.has_certificate = true;
    memcpy(row.certificate, certificate_id, sizeof(row.certificate));
    request_done_here(&row, passage.clock.later_ns);
    VELUM_TRY(request_store(&passage, &row));
    VELUM_TRY(request_mark(&passage, &row, REQUEST_ACT_ERASED, &entry));
    memcpy(entry.related, certificate_id, sizeof(entry.related));
    return write_batch_record(batch, &entry);
}
