/* core/timers.c: the table `timer`, and what runs when. */
#include "core/timers.h"

#include "core/locate.h"
#include "core/path.h"
#include "core/registry.h"
#include "core/schema.h"

#define RETRY_NS (60 * NS_PER_SECOND)

const char *const timers_schema_2[] = {
    "CREATE TABLE timer ("
    " kind INTEGER NOT NULL,"
    " of BLOB NOT NULL CHECK (length(of) = 16),"
    " at_ns INTEGER NOT NULL,"
    " PRIMARY KEY (kind, of)"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX timer_at ON timer (at_ns)",
    NULL,
};

static const timer_function HANDLERS[TIMER_KINDS] = {
    [TIMER_POLICY] = policy_timer,       [TIMER_REQUEST] = request_timer,
    [TIMER_APPROVAL] = approval_timer,   [TIMER_RETAINED] = retained_timer,
    [TIMER_EVIDENCE] = evidence_timer,   [TIMER_SUPPRESSION] = suppression_timer,
    [TIMER_RETENTION] = retention_timer, [TIMER_MODULE] = module_timer,
    [TIMER_MESSAGE] = message_timer,     [TIMER_HOOK] = hook_timer,
};

/* --- rows --------------------------------------------------------------------------------------- */

static velum_status put(write_batch *batch, const timer *timer, const char *sql)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(batch->conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, timer->kind));
    VELUM_TRY(stmt_bind_blob(stmt, 2, timer->of, sizeof(timer->of)));
    VELUM_TRY(stmt_bind_integer(stmt, 3, timer->at_ns));
    VELUM_TRY(stmt_execute(stmt));
    if (batch->timer_ns == 0 || timer->at_ns < batch->timer_ns) {
        batch->timer_ns = timer->at_ns; /* one that is rolled back wakes the steward for nothing */
    }
    return VELUM_OK;
}

velum_status timer_set(write_batch *batch, const timer *timer)
{
    return put(batch, timer,
               "INSERT INTO timer (kind, of, at_ns) VALUES ($1, $2, $3)"
               " ON CONFLICT (kind, of) DO UPDATE SET at_ns = excluded.at_ns");
}

velum_status timer_set_once(write_batch *batch, const timer *timer)
{
    return put(batch, timer,
               "INSERT INTO timer (kind, of, at_ns) VALUES ($1, $2, $3)"
               " ON CONFLICT (kind, of) DO NOTHING");
}

velum_status timer_drop(write_batch *batch, uint32_t kind, const uint8_t of[16])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(batch->conn, "DELETE FROM timer WHERE kind = $1 AND of = $2", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, kind));
    VELUM_TRY(stmt_bind_blob(stmt, 2, of, 16));
    return stmt_execute(stmt);
}

velum_status timers_next(store_conn *conn, int64_t *out_ns)
{
    store_stmt *stmt = NULL;

    *out_ns = INT64_MAX;
    VELUM_TRY(conn_statement(conn, "SELECT at_ns FROM timer ORDER BY at_ns LIMIT 1", &stmt));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        *out_ns = stmt_integer(stmt, 0);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* The due ones, earliest first, read before any of them runs. */
static velum_status read_due(passage *passage, timer due[TIMERS_AT_ONCE], uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    *out_count = 0;
    VELUM_TRY(conn_statement(passage->conn,
                             "SELECT kind, of, at_ns FROM timer WHERE at_ns <= $1"
                             " ORDER BY at_ns, kind, of LIMIT 64",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, passage->clock.later_ns));
    while (*out_count < TIMERS_AT_ONCE && (status = stmt_step(stmt)) == VELUM_OK) {
        timer *const next = &due[(*out_count)++];
        const crypto_part of = stmt_blob(stmt, 1);
        *next = (timer){.at_ns = stmt_integer(stmt, 2), .kind = (uint32_t)stmt_integer(stmt, 0)};
        memcpy(next->of, of.data, of.size < sizeof(next->of) ? of.size : sizeof(next->of));
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* --- running ------------------------------------------------------------------------------------ */

/* What one handler saw and decided must not be seen by the next. */
static void forget(passage *passage, size_t arena_mark)
{
    locate_forget(passage);
    passage->identifiers = NULL;
    passage->identifier_count = 0;
    passage->asked = 0;
    passage->released = 0;
    passage->released_masked = 0;
    passage->problem = PROBLEM_NONE;
    passage->hint = NULL;
    passage->domain = 0;
    secret_arena_rewind(passage->arena, arena_mark);
}

static velum_status run_one(passage *passage, const timer *due)
{
    passage->entry = (audit_entry){.type = 0};
    random_fill(&passage->gate->random, passage->entry.event_id, sizeof(passage->entry.event_id));
    VELUM_TRY(timer_drop(passage->batch, due->kind, due->of));
    if (due->kind >= TIMER_KINDS || HANDLERS[due->kind] == NULL) {
        return VELUM_OK; /* of a version that is gone */
    }
    VELUM_TRY(HANDLERS[due->kind](passage, due));
    if (passage->entry.type == 0) {
        return VELUM_OK;
    }
    path_fill_entry(passage, &passage->entry);
    return write_batch_record(passage->batch, &passage->entry);
}

/* T-2: it stands a minute later; what it did is rolled back. */
static velum_status run_apart(passage *passage, const timer *due)
{
    const write_batch_mark mark = write_batch_begin(passage->batch);
    const size_t arena_mark = secret_arena_mark(passage->arena);

    VELUM_TRY(conn_savepoint(passage->conn));
    velum_status status = run_one(passage, due);
    if (status == VELUM_OK) {
        status = conn_savepoint_release(passage->conn);
    } else {
        conn_savepoint_rollback(passage->conn);
        vault_savepoint_rollback(passage->gate->vault, &mark.vault);
        write_batch_rewind(passage->batch, &mark);
        timer again = *due;
        again.at_ns = passage->clock.later_ns + RETRY_NS;
        status = timer_set(passage->batch, &again);
    }
    forget(passage, arena_mark);
    return status;
}

/* A handler that changes the world ends the run: the next is decided in the new one (W-3). */
velum_status timers_apply(passage *passage)
{
    timer due[TIMERS_AT_ONCE];
    uint32_t count = 0;

    passage->is_silent = true;
    passage->batch->begins_erasure = /* by another write of the batch, or left by an earlier one */
        passage->batch->begins_erasure || atomic_load(&passage->gate->writer.erasures_left);
    if (passage->clock.behind) {
        return VELUM_OK; /* I-3 */
    }
    VELUM_TRY(read_due(passage, due, &count));
    for (uint32_t i = 0; i < count && passage->batch->next_world == NULL; i++) {
        VELUM_TRY(run_apart(passage, &due[i]));
    }
    return VELUM_OK;
}
