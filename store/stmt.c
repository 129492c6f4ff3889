/* store/stmt.c: a prepared statement: parameters, steps, columns. */
#include "store/conn.h"

#include <errno.h>

#include "base/fault.h"

/* "$12" → 12; 0 for any other name. */
static int parameter_number(const char *name)
{
    uint64_t number = 0;

    if (name == NULL || name[0] != '$' || !text_parse_u64(text_of(name + 1), &number) ||
        number > STMT_PARAMETERS_MAX) {
        return 0;
    }
    return (int)number;
}

static velum_status map_parameters(store_stmt *stmt)
{
    const int count = sqlite3_bind_parameter_count(stmt->handle);

    for (int i = 1; i <= count; i++) {
        const char *const name = sqlite3_bind_parameter_name(stmt->handle, i);
        const int number = parameter_number(name);
        if (number == 0) {
            return VELUM_E_INTERNAL; /* our SQL names parameters $1, $2 … and no other way */
        }
        stmt->parameters[number] = sqlite3_bind_parameter_index(stmt->handle, name);
    }
    return VELUM_OK;
}

velum_status stmt_prepare(store_conn *conn, const char *sql, store_stmt **out)
{
    store_stmt *stmt = mem_alloc(sizeof *stmt);

    *out = NULL;
    if (stmt == NULL) {
        return VELUM_E_NOMEM;
    }
    stmt->conn = conn;
    stmt->sql = sql;
    velum_status status =
        conn_result(conn, sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                             &stmt->handle, NULL));
    if (status == VELUM_OK) {
        status = stmt->handle == NULL ? VELUM_E_INTERNAL : map_parameters(stmt);
    }
    if (status < 0) {
        stmt_free(stmt);
        return status;
    }
    *out = stmt;
    return VELUM_OK;
}

void stmt_free(store_stmt *stmt)
{
    if (stmt != NULL) {
        sqlite3_finalize(stmt->handle);
        mem_free(stmt);
    }
}

/* SQLite's index for $number, marking the statement as used; 0 when it has no such parameter. */
static int parameter_index(store_stmt *stmt, int number)
{
    if (number < 1 || number > STMT_PARAMETERS_MAX) {
        return 0; /* sqlite3_bind answers SQLITE_RANGE */
    }
    stmt->used = true;
    return stmt->parameters[number];
}

velum_status stmt_bind_integer(store_stmt *stmt, int number, int64_t value)
{
    return conn_result(stmt->conn,
                       sqlite3_bind_int64(stmt->handle, parameter_index(stmt, number), value));
}

velum_status stmt_bind_text(store_stmt *stmt, int number, text value)
{
    const char *const data = value.size == 0 ? "" : value.data; /* NULL would bind a NULL */

    return conn_result(stmt->conn,
                       sqlite3_bind_text64(stmt->handle, parameter_index(stmt, number), data,
                                           value.size, SQLITE_TRANSIENT, SQLITE_UTF8));
}

velum_status stmt_bind_blob(store_stmt *stmt, int number, const void *data, size_t size)
{
    const void *const bytes = size == 0 ? "" : data;

    return conn_result(stmt->conn, sqlite3_bind_blob64(stmt->handle, parameter_index(stmt, number),
                                                       bytes, size, SQLITE_TRANSIENT));
}

velum_status stmt_bind_null(store_stmt *stmt, int number)
{
    return conn_result(stmt->conn, sqlite3_bind_null(stmt->handle, parameter_index(stmt, number)));
}

static velum_status injected_fault(void)
{
    const int os_errno = fault_at(FAULT_SQL);

    if (os_errno == 0) {
        return VELUM_OK;
    }
    return os_errno == ENOSPC ? VELUM_E_NOSPACE : VELUM_E_IO;
}

/* Such a statement commits in its last step, so that leaving it early would hide a failure. */
static bool changes_and_returns(const store_stmt *stmt)
{
    return sqlite3_column_count(stmt->handle) > 0 && !sqlite3_stmt_readonly(stmt->handle);
}

static velum_status step(store_stmt *stmt)
{
    VELUM_TRY(conn_check(stmt->conn)); /* S-4 */
    if (!stmt->conn->in_transaction && changes_and_returns(stmt)) {
        return VELUM_E_INTERNAL;
    }
    VELUM_TRY(injected_fault());
    stmt->used = true;
    const int code = sqlite3_step(stmt->handle);
    if (code == SQLITE_ROW) {
        return VELUM_OK;
    }
    VELUM_TRY(conn_result(stmt->conn, code));
    return VELUM_END;
}

velum_status stmt_step(store_stmt *stmt)
{
    const velum_status status = step(stmt);

    if (status != VELUM_OK) {
        stmt_reset(stmt);
    }
    return status;
}

velum_status stmt_execute(store_stmt *stmt)
{
    const velum_status status = stmt_step(stmt);

    if (status == VELUM_OK) {
        stmt_reset(stmt);
        return VELUM_E_INTERNAL; /* a row where none was expected */
    }
    return status == VELUM_END ? VELUM_OK : status;
}

int64_t stmt_integer(store_stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->handle, column);
}

/* Both kinds are read as bytes: sqlite3_column_text may allocate, and answer NULL. */
crypto_part stmt_blob(store_stmt *stmt, int column)
{
    const void *const data = sqlite3_column_blob(stmt->handle, column);
    const int size = sqlite3_column_bytes(stmt->handle, column);

    if (data == NULL || size <= 0) {
        return (crypto_part){"", 0};
    }
    return (crypto_part){data, (size_t)size};
}

text stmt_text(store_stmt *stmt, int column)
{
    const crypto_part bytes = stmt_blob(stmt, column);

    return (text){bytes.data, bytes.size};
}

bool stmt_is_null(store_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}

void stmt_reset(store_stmt *stmt)
{
    if (!stmt->used) {
        return;
    }
    (void)sqlite3_reset(stmt->handle); /* repeats the code of the last step */
    (void)sqlite3_clear_bindings(stmt->handle);
    stmt->used = false;
}
