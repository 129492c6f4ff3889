/* vault/subject_list.c: live subjects one after another, for acts on all of them.
 *
 * One statement a walk gives rows in the order of ids; what it costs is a page for a state and one for
 * its keys, which lie in the order in which customers came.
 */
#include "vault/internal.h"

#define STATE_COLUMNS                                        \
    "status, state_version, state, generation, key_version," \
    " (SELECT count(*) FROM consent_event e WHERE e.subject = s.subject), person"

velum_status vault_customer_after(store_conn *conn, const subject_id *after, subject_id *out,
                                  bool *out_of_several)
{
    static const char sql[] =
        "SELECT subject, person FROM subject WHERE subject > $1 AND status = 1"
        " AND (person IS NULL OR person = subject) ORDER BY subject LIMIT 1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, after, &stmt));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_END) {
        return VELUM_END;
    }
    VELUM_TRY(status);
    *out_of_several = !stmt_is_null(stmt, 1);
    return column_bytes(stmt, 0, out->bytes, SUBJECT_ID_BYTES);
}

velum_status vault_load_state(vault *self, store_conn *conn, const subject_id *id, uint64_t seq,
                              sealed_subject **out)
{
    static const char sql[] = "SELECT " STATE_COLUMNS " FROM subject s WHERE subject = $1";
    VELUM_AUTO(sealed_subject) *made = NULL;
    VELUM_AUTO_STMT *stmt = NULL;

    *out = NULL;
    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    VELUM_TRY(sealed_subject_new(id, &made));
    made->seq = seq;
    VELUM_TRY(sealed_subject_read(stmt, 0, made));
    if (made->status == VAULT_SUBJECT_LIVE) {
        VELUM_TRY(sealed_subject_find_keys(self, conn, NULL, made));
    }
    *out = sealed_subject_take(&made);
    return VELUM_OK;
}

typedef struct walk_run {
    vault *vault;
    store_conn *conn;
    const state_walk *walk;
    key_view keys;
} walk_run;

static velum_status take_row(const walk_run *self, store_stmt *stmt, sealed_subject *into)
{
    VELUM_TRY(sealed_subject_read(stmt, 1, into));
    return sealed_subject_find_keys(self->vault, self->conn, &self->keys, into);
}

static velum_status visit_row(const walk_run *self, store_stmt *stmt)
{
    VELUM_AUTO(sealed_subject) *made = NULL;
    const state_walk *const walk = self->walk;
    subject_id id;

    VELUM_TRY(column_bytes(stmt, 0, id.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(sealed_subject_new(&id, &made));
    made->seq = walk->seq;
    const velum_status status = take_row(self, stmt, made);
    return walk->visit(walk->context, &id, status, status < 0 ? NULL : sealed_subject_take(&made));
}

static velum_status walk_rows(const walk_run *self)
{
    static const char sql[] =
        "SELECT subject, " STATE_COLUMNS " FROM subject s WHERE subject > $1 AND status = 1"
        " ORDER BY subject LIMIT $2";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(statement_for(self->conn, sql, &self->walk->after, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, self->walk->limit));
    while (status == VELUM_OK && (status = stmt_step(stmt)) == VELUM_OK) {
        status = visit_row(self, stmt);
    }
    return status == VELUM_END ? VELUM_OK : status;
}

velum_status vault_states_after(vault *self, store_conn *conn, const state_walk *walk)
{
    walk_run run = {.vault = self, .conn = conn, .walk = walk};

    VELUM_TRY(key_view_open(self, &run.keys));
    const velum_status status = walk_rows(&run);
    key_view_close(self, &run.keys);
    return status;
}
