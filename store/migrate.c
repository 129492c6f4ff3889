/* store/migrate.c: the schema's version, and steps forward from it. */
#include "store/conn.h"

#include <inttypes.h>

static velum_status has_version_table(store_conn *conn, bool *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT count(*) FROM sqlite_schema"
                             " WHERE type = 'table' AND name = 'schema_version'",
                             &stmt));
    VELUM_TRY(stmt_step(stmt));
    *out = stmt_integer(stmt, 0) == 1;
    stmt_reset(stmt);
    return VELUM_OK;
}

/* 0 for a file without any schema of ours. */
static velum_status read_version(store_conn *conn, int64_t *out)
{
    store_stmt *stmt = NULL;
    bool there = false;

    *out = 0;
    VELUM_TRY(has_version_table(conn, &there));
    if (!there) {
        return VELUM_OK;
    }
    VELUM_TRY(conn_statement(conn, "SELECT version FROM schema_version", &stmt));
    const velum_status status = stmt_step(stmt);
    VELUM_TRY(status);
    if (status == VELUM_END) {
        return VELUM_E_CORRUPT; /* the table is never without its row */
    }
    *out = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return *out >= 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status write_version(store_conn *conn, int64_t version)
{
    store_stmt *stmt = NULL;

    if (version == 1) {
        VELUM_TRY(conn_run(conn, "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT"));
        VELUM_TRY(conn_run(conn, "INSERT INTO schema_version (version) VALUES (0)"));
    }
    VELUM_TRY(conn_statement(conn, "UPDATE schema_version SET version = $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, version));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status apply_step(store_conn *conn, const store_step *step, int64_t version)
{
    for (size_t i = 0; step->statements[i] != NULL; i++) {
        VELUM_TRY(conn_run(conn, step->statements[i]));
    }
    return write_version(conn, version);
}

/* What else belongs to a step. */
typedef struct addition {
    store_inside inside; /* NULL: nothing */
    void *context;
} addition;

/* Old or new, nothing between. */
static velum_status run_step(store_conn *conn, const store_step *step, int64_t version,
                             addition also)
{
    VELUM_TRY(conn_begin(conn));
    velum_status status = apply_step(conn, step, version);
    if (status >= 0 && also.inside != NULL) {
        status = also.inside(also.context, conn);
    }
    if (status < 0) {
        conn_rollback(conn);
        return status;
    }
    return conn_commit(conn);
}

velum_status store_migrate(store *self, const store_step *steps, uint32_t count, uint32_t *out_from,
                           velum_error *err)
{
    store_conn *const conn = store_writer(self);
    int64_t version = 0;

    *out_from = 0;
    velum_status status = read_version(conn, &version);
    if (status < 0) {
        return error_set(err, status, "schema: its version cannot be read");
    }
    if (version > (int64_t)count) {
        return error_set(err, VELUM_E_NEWER,
                         "schema: version %" PRId64
                         " was made by a newer Velum, this one knows %" PRIu32,
                         version, count);
    }
    for (uint32_t next = (uint32_t)version; next < count; next++) {
        status = run_step(conn, &steps[next], (int64_t)next + 1, (addition){NULL, NULL});
        if (status < 0) {
            return error_set(err, status, "schema: step %" PRIu32 " failed: %s", next + 1,
                             status_text(status));
        }
    }
    *out_from = (uint32_t)version;
    return VELUM_OK;
}

velum_status store_step_take(store *self, const store_step *step, uint32_t version,
                             store_inside inside, void *context)
{
    store_conn *const conn = store_writer(self);
    int64_t found = 0;

    VELUM_TRY(read_version(conn, &found));
    if (found + 1 != (int64_t)version) {
        return VELUM_E_INVALID;
    }
    return run_step(conn, step, (int64_t)version, (addition){inside, context});
}

velum_status store_schema_version(store *self, uint32_t *out)
{
    int64_t version = 0;

    *out = 0;
    VELUM_TRY(read_version(store_writer(self), &version));
    if (version > UINT32_MAX) {
        return VELUM_E_CORRUPT;
    }
    *out = (uint32_t)version;
    return VELUM_OK;
}

velum_status store_schema_require(store *self, uint32_t version, const char *what, velum_error *err)
{
    uint32_t found = 0;

    const velum_status status = store_schema_version(self, &found);
    if (status < 0) {
        return error_set(err, status, "schema: its version cannot be read");
    }
    if (found == 0) {
        return error_set(err, VELUM_E_CORRUPT, "%s has no schema: it was never finished", what);
    }
    if (found < version) {
        return error_set(err, VELUM_E_OLDER,
                         "%s is of schema %" PRIu32 ", this Velum writes %" PRIu32
                         ": run velum upgrade --check DIR, then --apply",
                         what, found, version);
    }
    if (found > version) {
        return error_set(err, VELUM_E_NEWER,
                         "%s is of schema %" PRIu32 ", this Velum knows up to %" PRIu32
                         ": it needs the version that made it, or a later one",
                         what, found, version);
    }
    return VELUM_OK;
}
