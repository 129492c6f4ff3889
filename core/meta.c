/* core/meta.c: the table `meta`. */
#include "core/meta.h"

velum_status meta_read(store_conn *conn, const char *name, int64_t *out)
{
    store_stmt *stmt = NULL;

    *out = 0;
    VELUM_TRY(conn_statement(conn, "SELECT value FROM meta WHERE name = $1", &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 1, text_of(name)));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        *out = stmt_integer(stmt, 0);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

velum_status meta_write(store_conn *conn, const char *name, int64_t value)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO meta (name, value) VALUES ($1, $2)"
                             " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                             &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 1, text_of(name)));
    VELUM_TRY(stmt_bind_integer(stmt, 2, value));
    return stmt_execute(stmt);
}

velum_status meta_raise(store_conn *conn, const char *name, int64_t value)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO meta (name, value) VALUES ($1, $2)"
                             " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                             " WHERE meta.value < excluded.value",
                             &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 1, text_of(name)));
    VELUM_TRY(stmt_bind_integer(stmt, 2, value));
    return stmt_execute(stmt);
}
