/* vault/subject_list.c: live subjects one after another, for acts on all of them. */
#include "vault/internal.h"

velum_status vault_subject_after(store_conn *conn, const subject_id *after, subject_id *out)
{
    static const char sql[] = "SELECT subject FROM subject WHERE subject > $1 AND status = 1"
                              " ORDER BY subject LIMIT 1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, after, &stmt));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_END) {
        return VELUM_END;
    }
    VELUM_TRY(status);
    return column_bytes(stmt, 0, out->bytes, SUBJECT_ID_BYTES);
}
