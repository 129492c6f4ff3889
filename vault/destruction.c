/* vault/destruction.c: step 1 of a destruction, and the rows that remember it until step 3 (V-6).
 *
 * What is to go is unreadable once the transaction of step 1 has committed: the status of the subject,
 * the absence of the row, or the row of `destruction` itself says so to every reader. Nothing here
 * touches a key that is to go; that is step 2 (destruction_finish.c).
 */
#include "vault/internal.h"

#define ERASED_MEMORY_BYTES_MAX 256
#define ERASED_RECORD_VERSION 1

/* --- rows ---------------------------------------------------------------------------------------------- */

/* One at a time for a subject; only what different laws kept may go at once. */
static velum_status check_none_under_way(store_conn *conn, const destruction_start *start)
{
    static const char sql[] = "SELECT kind, category FROM destruction WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(statement_for(conn, sql, start->subject, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const bool is_apart = start->kind == DESTROY_RETAINED &&
                              stmt_integer(stmt, 0) == DESTROY_RETAINED &&
                              stmt_integer(stmt, 1) != start->category;
        if (!is_apart) {
            return VELUM_E_BUSY;
        }
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status insert_row(store_conn *conn, const destruction_start *start,
                               const destruction_plan *plan)
{
    static const char sql[] =
        "INSERT INTO destruction (subject, kind, category, categories, event_id, request_id, at_ns)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, start->subject, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, start->kind));
    VELUM_TRY(stmt_bind_integer(stmt, 3, start->category));
    VELUM_TRY(stmt_bind_blob(stmt, 4, start->categories.data, start->categories.size));
    VELUM_TRY(stmt_bind_blob(stmt, 5, plan->event_id, sizeof(plan->event_id)));
    VELUM_TRY(stmt_bind_blob(stmt, 6, plan->request_id, sizeof(plan->request_id)));
    VELUM_TRY(stmt_bind_integer(stmt, 7, plan->at_ns));
    return stmt_execute(stmt);
}

velum_status destruction_begin(store_conn *conn, const destruction_start *start,
                               const destruction_plan *plan)
{
    VELUM_TRY(check_none_under_way(conn, start));
    return insert_row(conn, start, plan);
}

velum_status vault_destruction_next(store_conn *conn, int64_t after, destruction *out)
{
    static const char sql[] =
        "SELECT n, subject, kind, category, event_id, request_id, at_ns FROM destruction"
        " WHERE n > $1 ORDER BY n LIMIT 1";
    VELUM_AUTO_STMT *stmt = NULL;
    destruction found = {.n = 0};
    uint32_t category = 0;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, after));
    const velum_status status = stmt_step(stmt);
    if (status != VELUM_OK) {
        return status;
    }
    found.n = stmt_integer(stmt, 0);
    VELUM_TRY(column_bytes(stmt, 1, found.subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(column_u32(stmt, 2, DESTROY_DATA, &found.kind));
    VELUM_TRY(column_u32(stmt, 3, 0, &category));
    VELUM_TRY(column_bytes(stmt, 4, found.event_id, sizeof(found.event_id)));
    VELUM_TRY(column_bytes(stmt, 5, found.request_id, sizeof(found.request_id)));
    found.at_ns = stmt_integer(stmt, 6);
    if (found.kind > DESTROY_EVIDENCE || category > CATEGORY_NUMBER_MAX) {
        return VELUM_E_CORRUPT;
    }
    found.category = (uint16_t)category;
    *out = found;
    return VELUM_OK;
}

/* --- the person ------------------------------------------------------------------------------------------ */

static velum_status remember_erased(const vault *self, store_conn *conn,
                                    const opened_subject *opened, const destruction_plan *plan)
{
    static const char sql[] = "INSERT INTO erased (subject, evidence_until_ns, sealed)"
                              " VALUES ($1, $2, $3)";
    VELUM_AUTO_BUFFER sealed;
    VELUM_AUTO_STMT *stmt = NULL;

    buffer_init(&sealed, ERASED_MEMORY_BYTES_MAX + SEALED_OVERHEAD_BYTES);
    VELUM_TRY(vault_seal_evidence(self, opened, NULL, PLACE_ERASED, ERASED_RECORD_VERSION,
                                  plan->memory, &sealed));
    VELUM_TRY(statement_for(conn, sql, &opened->id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, plan->evidence_until_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 3, sealed.data, sealed.size));
    return stmt_execute(stmt);
}

velum_status vault_destroy_data(vault *self, store_conn *conn, const opened_subject *opened,
                                const destruction_plan *plan)
{
    static const char status_sql[] =
        "UPDATE subject SET status = 2 WHERE subject = $1 AND status = 1";
    const destruction_start start = {.subject = &opened->id, .kind = DESTROY_DATA};

    if (plan->retained_count > VAULT_CATEGORIES_MAX ||
        plan->memory.size > ERASED_MEMORY_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(destruction_begin(conn, &start, plan));
    for (uint32_t i = 0; i < plan->retained_count; i++) {
        VELUM_TRY(retained_keep(self, conn, opened, &plan->retained[i]));
    }
    VELUM_TRY(remember_erased(self, conn, opened, plan));
    VELUM_TRY(execute_for(conn, status_sql, &opened->id));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_NOTFOUND;
}

velum_status vault_erased_memory(vault *self, store_conn *conn, const opened_subject *evidence,
                                 uint8_t out[256], size_t *out_size)
{
    static const char sql[] = "SELECT sealed FROM erased WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, &evidence->id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    const crypto_part sealed = stmt_blob(stmt, 0);
    if (sealed.size < SEALED_OVERHEAD_BYTES ||
        sealed.size > ERASED_MEMORY_BYTES_MAX + SEALED_OVERHEAD_BYTES) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(vault_unseal_evidence(self, evidence, NULL, PLACE_ERASED, ERASED_RECORD_VERSION,
                                    sealed, out));
    *out_size = sealed.size - SEALED_OVERHEAD_BYTES;
    return VELUM_OK;
}

/* --- the evidence ----------------------------------------------------------------------------------------- */

static velum_status count_retained(store_conn *conn, const subject_id *id, int64_t *out)
{
    static const char sql[] = "SELECT count(*) FROM retained WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    *out = stmt_integer(stmt, 0);
    return VELUM_OK;
}

velum_status vault_destroy_evidence(vault *self, store_conn *conn, const subject_id *id,
                                    const destruction_plan *plan)
{
    const destruction_start start = {.subject = id, .kind = DESTROY_EVIDENCE};
    subject_row row;
    int64_t retained = 0;

    (void)self;
    VELUM_TRY(subject_row_read(conn, id, &row));
    VELUM_TRY(count_retained(conn, id, &retained));
    if (row.status != VAULT_SUBJECT_ERASED || retained > 0) {
        return VELUM_E_BUSY;
    }
    return destruction_begin(conn, &start, plan);
}
