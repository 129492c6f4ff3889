/* vault/person.c: which records are one person (docs/merging.md).
 *
 * The column says nothing that a decision rests on alone: what each record allows stands sealed in its own
 * state, and core/person.c opens all of them.
 */
#include "vault/internal.h"

static velum_status take_member(store_stmt *stmt, person_members *into)
{
    if (into->count == VAULT_PERSON_MAX) {
        return VELUM_E_CORRUPT;
    }
    person_member *const member = &into->items[into->count++];
    VELUM_TRY(column_bytes(stmt, 0, member->id.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(column_u32(stmt, 1, VAULT_SUBJECT_LIVE, &member->status));
    member->joined_ns = stmt_integer(stmt, 2);
    return VELUM_OK;
}

velum_status vault_person_members(store_conn *conn, const subject_id *person, person_members *out)
{
    static const char sql[] = "SELECT subject, status, joined_ns FROM subject WHERE person = $1"
                              " ORDER BY joined_ns, subject";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    out->count = 0;
    VELUM_TRY(statement_for(conn, sql, person, &stmt));
    while (status == VELUM_OK && (status = stmt_step(stmt)) == VELUM_OK) {
        status = take_member(stmt, out);
    }
    return status == VELUM_END ? VELUM_OK : status;
}

velum_status vault_person_put(store_conn *conn, const subject_id *subject, const subject_id *person,
                              int64_t joined_ns)
{
    static const char sql[] = "UPDATE subject SET person = $2, joined_ns = $3 WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, subject, &stmt));
    if (person == NULL) {
        VELUM_TRY(stmt_bind_null(stmt, 2));
    } else {
        VELUM_TRY(stmt_bind_blob(stmt, 2, person->bytes, SUBJECT_ID_BYTES));
    }
    VELUM_TRY(stmt_bind_integer(stmt, 3, joined_ns));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_NOTFOUND;
}
