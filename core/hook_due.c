/* core/hook_due.c: which webhooks are next, and which have waited too long. */
#include "core/hook.h"

#include "core/timers.h"

#define SWEEP_ROWS HOOK_NEXT_MAX
#define LOOK_NS (86400 * NS_PER_SECOND)

static const uint8_t no_id[HOOK_ID_BYTES];

/* --- next --------------------------------------------------------------------------------------- */

/* Behind the first `skip` that are due, at most `limit` more. */
static velum_status due_of_one(store_conn *conn, const hook_query *query, uint32_t which,
                               uint32_t skip, uint32_t limit, hook_ids *out)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;
    const uint32_t until = out->count + limit;

    VELUM_TRY(conn_statement(conn,
                             "SELECT id FROM hook WHERE state = 1 AND hook = $1 AND due_ns <= $2"
                             " ORDER BY due_ns, id LIMIT $3 OFFSET $4",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, query->hooks[which]));
    VELUM_TRY(stmt_bind_integer(stmt, 2, query->now_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 3, limit));
    VELUM_TRY(stmt_bind_integer(stmt, 4, skip));
    while (out->count < until && (status = stmt_step(stmt)) == VELUM_OK) {
        const crypto_part id = stmt_blob(stmt, 0);
        if (id.size != HOOK_ID_BYTES) {
            status = VELUM_E_CORRUPT;
            break;
        }
        memcpy(out->of[out->count++], id.data, HOOK_ID_BYTES);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* K-6: each hook its share, then what is left of the shares to those that have more. */
velum_status hook_due(store_conn *conn, const hook_query *query, hook_ids *out)
{
    uint32_t taken[HOOK_HOOKS_MAX] = {0};
    const uint32_t hooks = query->hook_count < HOOK_HOOKS_MAX ? query->hook_count : HOOK_HOOKS_MAX;
    const uint32_t limit = query->limit < HOOK_NEXT_MAX ? query->limit : HOOK_NEXT_MAX;
    bool has_more = true;

    out->count = 0;
    while (has_more && out->count < limit) {
        has_more = false;
        for (uint32_t i = 0; i < hooks && out->count < limit; i++) {
            const uint32_t which = (query->turn + i) % hooks;
            const uint32_t before = out->count;
            const uint32_t share = (limit - before + hooks - i - 1) / (hooks - i);
            VELUM_TRY(due_of_one(conn, query, which, taken[which], share, out));
            taken[which] += out->count - before;
            has_more = has_more || out->count > before;
        }
    }
    return VELUM_OK;
}

velum_status hook_waiting(store_conn *conn, uint16_t *out, uint32_t max, uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;
    uint16_t last = 0;

    *out_count = 0;
    while (*out_count < max && status == VELUM_OK) {
        VELUM_TRY(conn_statement(
            conn, "SELECT hook FROM hook WHERE state = 1 AND hook > $1 ORDER BY hook LIMIT 1",
            &stmt));
        VELUM_TRY(stmt_bind_integer(stmt, 1, last));
        status = stmt_step(stmt);
        if (status == VELUM_OK) {
            last = (uint16_t)stmt_integer(stmt, 0);
            out[(*out_count)++] = last;
        }
        stmt_reset(stmt);
    }
    return status < 0 ? status : VELUM_OK;
}

/* --- too long ----------------------------------------------------------------------------------- */

velum_status hook_plan_sweep(write_batch *batch, int64_t at_ns)
{
    const timer sweep = {.at_ns = at_ns + HOOK_KEPT_NS, .kind = TIMER_HOOK};

    return timer_set_once(batch, &sweep);
}

bool hook_is_sweep(const uint8_t of[HOOK_ID_BYTES])
{
    return memcmp(of, no_id, sizeof(no_id)) == 0;
}

/* Looked at once a day while anything waits, at once where there is more. */
velum_status hook_sweep(passage *passage)
{
    uint16_t hooks[HOOK_HOOKS_MAX];
    hook_query query = {
        .hooks = hooks, .now_ns = passage->clock.later_ns - HOOK_KEPT_NS, .limit = SWEEP_ROWS};
    timer again = {.at_ns = passage->clock.later_ns, .kind = TIMER_HOOK};
    hook_ids old;

    VELUM_TRY(hook_waiting(passage->conn, hooks, HOOK_HOOKS_MAX, &query.hook_count));
    VELUM_TRY(hook_due(passage->conn, &query, &old));
    for (uint32_t i = 0; i < old.count; i++) {
        VELUM_TRY(hook_delete(passage->conn, old.of[i]));
    }
    if (old.count > 0) {
        passage->entry.type = ENTRY_HOOK;
        passage->entry.record_count = old.count;
    }
    if (query.hook_count == 0) {
        return VELUM_OK;
    }
    again.at_ns += old.count == SWEEP_ROWS ? 0 : LOOK_NS;
    return timer_set(passage->batch, &again);
}
