/* core/hook.c: the table `hook`, and hearing of what happened. */
#include "core/hook.h"

#include "core/happening.h"
#include "core/registry.h"
#include "core/schema.h"

#define TIME_BYTES 6
#define WAIT_FIRST_NS (5 * NS_PER_SECOND)
#define WAIT_MAX_NS (12 * 3600 * NS_PER_SECOND)

const char *const hook_schema_3[] = {
    "CREATE TABLE hook ("
    " id BLOB PRIMARY KEY CHECK (length(id) = 16),"
    " hook INTEGER NOT NULL,"
    " event INTEGER NOT NULL,"
    " subject BLOB NOT NULL CHECK (length(subject) = 16),"
    " domain INTEGER NOT NULL,"
    " detail TEXT NOT NULL,"
    " related BLOB CHECK (length(related) = 16),"
    " by_ns INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " due_ns INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " status INTEGER NOT NULL,"
    " intent BLOB CHECK (length(intent) = 16)"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX hook_due ON hook (state, hook, due_ns)",
    "CREATE INDEX hook_subject ON hook (subject)",
    NULL,
};

const char *hook_event_name(uint32_t event)
{
    static const char *const names[HOOK_EVENT_COUNT] = {
        "subject.erased",  "subject.merged",      "subject.unmerged",
        "consent.changed", "restriction.changed", "task.created",
    };

    return event < HOOK_EVENT_COUNT ? names[event] : NULL;
}

const char *hook_state_name(uint32_t state)
{
    static const char *const names[] = {
        [HOOK_WAITING] = "waiting",
        [HOOK_TAKEN] = "taken",
        [HOOK_GIVEN_UP] = "given-up",
    };

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

const char *hook_event_shown(uint32_t number)
{
    return number == 0 ? NULL : hook_event_name(number - 1);
}

const char *hook_outcome_name(uint32_t outcome)
{
    static const char *const names[] = {
        [HOOK_OUTCOME_SENT] = "sent",
        [HOOK_OUTCOME_FAILED] = "failed",
        [HOOK_OUTCOME_UNKNOWN] = "unknown",
    };

    return outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : NULL;
}

bool hook_outlives_subject(uint32_t event)
{
    return event < HOOK_EVENT_COUNT &&
           ((HOOK_SUBJECT_ERASED | HOOK_TASK_CREATED) >> event & 1) != 0;
}

int64_t hook_wait_ns(uint32_t attempts)
{
    int64_t wait_ns = WAIT_FIRST_NS;

    for (uint32_t i = 1; i < attempts && wait_ns < WAIT_MAX_NS; i++) {
        wait_ns *= 4;
    }
    return wait_ns < WAIT_MAX_NS ? wait_ns : WAIT_MAX_NS;
}

/* --- hearing ------------------------------------------------------------------------------------ */

static velum_status bind_optional(store_stmt *stmt, int number, const uint8_t bytes[16])
{
    static const uint8_t none[16] = {0};

    return memcmp(bytes, none, sizeof(none)) == 0 ? stmt_bind_null(stmt, number)
                                                  : stmt_bind_blob(stmt, number, bytes, 16);
}

static velum_status insert(store_conn *conn, const hook_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn,
        "INSERT INTO hook (id, hook, event, subject, domain, detail, related, by_ns, state, at_ns,"
        " due_ns, attempts, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $9, 1, $8, $8, 0, 0)",
        &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->id, sizeof(row->id)));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->hook));
    VELUM_TRY(stmt_bind_integer(stmt, 3, row->event));
    VELUM_TRY(stmt_bind_blob(stmt, 4, row->subject.bytes, sizeof(row->subject.bytes)));
    VELUM_TRY(stmt_bind_integer(stmt, 5, row->domain));
    VELUM_TRY(stmt_bind_text(stmt, 6, text_of(row->detail)));
    VELUM_TRY(bind_optional(stmt, 7, row->related));
    VELUM_TRY(stmt_bind_integer(stmt, 8, row->at_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 9, row->by_ns));
    return stmt_execute(stmt);
}

/* Milliseconds, then 80 random bits: rows that come one after the other lie side by side. */
static void make_id(const velum_random *random, int64_t at_ns, uint8_t out[HOOK_ID_BYTES])
{
    uint8_t ms[8];

    bytes_write_u64be(ms, (uint64_t)(at_ns / NS_PER_MS));
    memcpy(out, ms + 2, TIME_BYTES);
    random_fill(random, out + TIME_BYTES, HOOK_ID_BYTES - TIME_BYTES);
}

static velum_status hear_one(write_batch *batch, const bundle_hook *hook, const happening *what)
{
    hook_row row = {.hook = hook->number,
                    .event = (uint32_t)__builtin_ctz(what->event),
                    .subject = what->subject,
                    .at_ns = what->at_ns,
                    .by_ns = what->due_ns};

    if (what->detail.size >= sizeof(row.detail)) {
        return VELUM_E_LIMIT;
    }
    make_id(&batch->gate->random, what->at_ns, row.id);
    if (what->detail.size > 0) {
        memcpy(row.detail, what->detail.data, what->detail.size);
    }
    memcpy(row.related, what->related, sizeof(row.related));
    VELUM_TRY(registry_add(batch, REGISTRY_DOMAIN, hook->domain, what->at_ns, &row.domain));
    VELUM_TRY(hook_plan_sweep(batch, what->at_ns));
    return insert(batch->conn, &row);
}

/* A task is its recipient's alone: the hook of that name hears of it. */
static bool concerns(const bundle *bundle, const bundle_hook *hook, const happening *what)
{
    if ((hook->events & what->event) == 0) {
        return false;
    }
    if (what->event != HOOK_TASK_CREATED) {
        return true;
    }
    const uint32_t index = bundle_find_number(bundle, REGISTRY_RECIPIENT, what->recipient);
    return index != BUNDLE_NONE && text_equal(hook->name, bundle->recipients[index].name);
}

/* K-1 */
velum_status hook_hear(write_batch *batch, const world *world, const happening *what)
{
    const bundle *const bundle = world->bundle;

    for (uint32_t i = 0; i < bundle->hook_count; i++) {
        if (concerns(bundle, &bundle->hooks[i], what)) {
            VELUM_TRY(hear_one(batch, &bundle->hooks[i], what));
        }
    }
    return VELUM_OK;
}

/* --- rows --------------------------------------------------------------------------------------- */

#define COLUMNS                                                                          \
    "id, hook, event, subject, domain, detail, related, state, at_ns, due_ns, attempts," \
    " status, intent, by_ns"

static void take_bytes(store_stmt *stmt, int column, void *out, size_t size)
{
    const crypto_part bytes = stmt_blob(stmt, column);

    if (bytes.size == size) {
        memcpy(out, bytes.data, size);
    }
}

static velum_status take_row(store_stmt *stmt, hook_row *out)
{
    const text detail = stmt_text(stmt, 5);

    *out = (hook_row){.hook = (uint16_t)stmt_integer(stmt, 1),
                      .event = (uint32_t)stmt_integer(stmt, 2),
                      .domain = (uint16_t)stmt_integer(stmt, 4),
                      .state = (uint32_t)stmt_integer(stmt, 7),
                      .at_ns = stmt_integer(stmt, 8),
                      .due_ns = stmt_integer(stmt, 9),
                      .attempts = (uint32_t)stmt_integer(stmt, 10),
                      .status = (uint32_t)stmt_integer(stmt, 11),
                      .by_ns = stmt_integer(stmt, 13)};
    take_bytes(stmt, 0, out->id, sizeof(out->id));
    take_bytes(stmt, 3, out->subject.bytes, sizeof(out->subject.bytes));
    take_bytes(stmt, 6, out->related, sizeof(out->related));
    take_bytes(stmt, 12, out->intent, sizeof(out->intent));
    if (detail.size >= sizeof(out->detail) || hook_event_name(out->event) == NULL ||
        hook_state_name(out->state) == NULL) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out->detail, detail.data, detail.size);
    return VELUM_OK;
}

velum_status hook_load(store_conn *conn, const uint8_t id[HOOK_ID_BYTES], hook_row *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT " COLUMNS " FROM hook WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, HOOK_ID_BYTES));
    velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        status = take_row(stmt, out);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

velum_status hook_store(store_conn *conn, const hook_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "UPDATE hook SET state = $2, due_ns = $3, attempts = $4, status = $5,"
                             " intent = $6 WHERE id = $1",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->id, sizeof(row->id)));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->state));
    VELUM_TRY(stmt_bind_integer(stmt, 3, row->due_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 4, row->attempts));
    VELUM_TRY(stmt_bind_integer(stmt, 5, row->status));
    VELUM_TRY(bind_optional(stmt, 6, row->intent));
    return stmt_execute(stmt);
}

velum_status hook_delete(store_conn *conn, const uint8_t id[HOOK_ID_BYTES])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM hook WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, HOOK_ID_BYTES));
    return stmt_execute(stmt);
}

velum_status hook_each(store_conn *conn, uint32_t limit, hook_visit visit, void *context)
{
    store_stmt *stmt = NULL;
    hook_row row;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(
        conn, "SELECT " COLUMNS " FROM hook ORDER BY state DESC, hook DESC, due_ns DESC LIMIT $1",
        &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, limit));
    while (status == VELUM_OK && (status = stmt_step(stmt)) == VELUM_OK) {
        status = take_row(stmt, &row);
        if (status == VELUM_OK) {
            status = visit(context, &row);
        }
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* One that is with a courier goes with its outcome. */
velum_status hook_finish_erasure(store_conn *conn, const subject_id *subject)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "DELETE FROM hook WHERE subject = $1 AND state <> 2"
                             " AND event NOT IN (0, 5)",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    return stmt_execute(stmt);
}

velum_status hook_finish_evidence(store_conn *conn, const subject_id *subject)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM hook WHERE subject = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    return stmt_execute(stmt);
}
