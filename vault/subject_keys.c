/* vault/subject_keys.c: keys.db, the wrapped keys of every subject.
 *
 * Creation commits keys.db before vault.db, so a crash between the two leaves keys that nobody needs.
 * Each new key is marked in `subject_new`; at start exactly the marked ones are compared with
 * vault.db. A sweep over all keys would cost a page read a subject, and would destroy every key of a
 * folder whose vault.db was put back from an older copy.
 */
#include "vault/internal.h"

#include "base/status.h"

#include <assert.h>

#define COLLECT_BATCH 256
#define BUSY_TIMEOUT_MS 5000

static const char *const keys_schema_1[] = {
    "CREATE TABLE subject_key ("
    " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16),"
    " kek_version INTEGER NOT NULL,"
    " data_key BLOB NOT NULL,"
    " evidence_key BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE subject_new ("
    " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16)"
    ") STRICT, WITHOUT ROWID",
    NULL};

static const store_step keys_steps[] = {{keys_schema_1}};

const store_step *vault_keys_steps(uint32_t *out_count)
{
    *out_count = sizeof(keys_steps) / sizeof(keys_steps[0]);
    return keys_steps;
}

velum_status subject_keys_open(vault *self, const vault_options *options, velum_error *err)
{
    const store_options opening = {.folder = options->folder,
                                   .name = "keys.db",
                                   .key = keyring_keys_db_key(options->keys),
                                   .readers_max = options->readers_max,
                                   .busy_timeout_ms = BUSY_TIMEOUT_MS,
                                   .create = options->create};
    uint32_t from = 0;
    uint32_t count = 0;
    const store_step *const steps = vault_keys_steps(&count);

    VELUM_TRY(store_open(&opening, &self->keys_db, err));
    if (options->create) {
        return store_migrate(self->keys_db, steps, count, &from, err);
    }
    return store_schema_require(self->keys_db, count, "keys.db", err);
}

/* --- reading --------------------------------------------------------------------------------------- */

static velum_status read_keys(store_conn *conn, const subject_id *id, subject_keys *out)
{
    static const char sql[] = "SELECT data_key, evidence_key FROM subject_key WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    VELUM_TRY(column_bytes(stmt, 0, out->data, sizeof(out->data)));
    return column_bytes(stmt, 1, out->evidence, sizeof(out->evidence));
}

velum_status subject_keys_read(vault *self, const store_conn *conn, const subject_id *id,
                               subject_keys *out)
{
    store_conn *reader = NULL;

    if (conn == self->vault_writer) {
        return read_keys(store_writer(self->keys_db), id, out);
    }
    VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &reader));
    const velum_status status = read_keys(reader, id, out);
    store_reader_release(self->keys_db, reader);
    return status;
}

/* --- writing --------------------------------------------------------------------------------------- */

static velum_status begin_once(vault *self)
{
    if (self->keys_begun) {
        return VELUM_OK;
    }
    VELUM_TRY(conn_begin(store_writer(self->keys_db)));
    self->keys_begun = true;
    return VELUM_OK;
}

static velum_status insert_keys(const vault *self, store_conn *conn, const subject_id *id,
                                const subject_keys *keys)
{
    static const char sql[] =
        "INSERT INTO subject_key (subject, kek_version, data_key, evidence_key)"
        " VALUES ($1, $2, $3, $4)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, keyring_key_version(self->keys)));
    VELUM_TRY(stmt_bind_blob(stmt, 3, keys->data, sizeof(keys->data)));
    VELUM_TRY(stmt_bind_blob(stmt, 4, keys->evidence, sizeof(keys->evidence)));
    return stmt_execute(stmt);
}

static velum_status execute_for(store_conn *conn, const char *sql, const subject_id *id)
{
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    return stmt_execute(stmt);
}

velum_status subject_keys_insert(vault *self, const subject_id *id, const subject_keys *keys)
{
    static const char mark_sql[] = "INSERT INTO subject_new (subject) VALUES ($1)";
    store_conn *const conn = store_writer(self->keys_db);

    VELUM_TRY(begin_once(self));
    VELUM_TRY(insert_keys(self, conn, id, keys));
    return execute_for(conn, mark_sql, id);
}

velum_status vault_keys_commit(vault *self)
{
    if (!self->keys_begun) {
        return VELUM_OK;
    }
    const velum_status status = conn_commit(store_writer(self->keys_db));
    if (status < 0) {
        vault_keys_rollback(self);
        return status;
    }
    self->keys_begun = false;
    return VELUM_OK;
}

void vault_keys_rollback(vault *self)
{
    if (self->keys_begun) {
        conn_rollback(store_writer(self->keys_db));
        self->keys_begun = false;
    }
}

/* --- collecting ------------------------------------------------------------------------------------- */

typedef struct new_batch {
    subject_id ids[COLLECT_BATCH];
    uint32_t count;
} new_batch;

static velum_status read_batch(store_conn *keys, new_batch *out)
{
    static const char sql[] = "SELECT subject FROM subject_new ORDER BY subject LIMIT 256";
    VELUM_AUTO_STMT *stmt = NULL;

    static_assert(COLLECT_BATCH == 256, "the statement says so too");
    out->count = 0;
    VELUM_TRY(conn_statement(keys, sql, &stmt));
    while (out->count < COLLECT_BATCH) {
        const velum_status status = stmt_step(stmt);
        VELUM_TRY(status);
        if (status == VELUM_END) {
            return VELUM_OK;
        }
        VELUM_TRY(column_bytes(stmt, 0, out->ids[out->count].bytes, SUBJECT_ID_BYTES));
        out->count++;
    }
    return VELUM_OK;
}

static velum_status has_subject(store_conn *conn, const subject_id *id, bool *out)
{
    static const char sql[] = "SELECT 1 FROM subject WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    const velum_status status = stmt_step(stmt);
    VELUM_TRY(status);
    *out = status != VELUM_END;
    return VELUM_OK;
}

static velum_status collect_one(store_conn *keys, store_conn *vault_conn, const subject_id *id)
{
    static const char drop_sql[] = "DELETE FROM subject_key WHERE subject = $1";
    static const char unmark_sql[] = "DELETE FROM subject_new WHERE subject = $1";
    bool is_needed = true;

    VELUM_TRY(has_subject(vault_conn, id, &is_needed));
    if (!is_needed) {
        VELUM_TRY(execute_for(keys, drop_sql, id));
    }
    return execute_for(keys, unmark_sql, id);
}

/* One transaction on keys.db; vault.db is only read (S-2). */
static velum_status collect_batch(store_conn *keys, store_conn *vault_conn, uint32_t *out_count)
{
    new_batch batch = {.count = 0};

    VELUM_TRY(conn_begin(keys));
    velum_status status = read_batch(keys, &batch);
    for (uint32_t i = 0; status >= 0 && i < batch.count; i++) {
        status = collect_one(keys, vault_conn, &batch.ids[i]);
    }
    if (status >= 0) {
        status = conn_commit(keys);
    }
    if (status < 0) {
        conn_rollback(keys);
        return status;
    }
    *out_count = batch.count;
    return VELUM_OK;
}

velum_status subject_keys_collect(vault *self)
{
    store_conn *const keys = store_writer(self->keys_db);
    store_conn *vault_conn = NULL;
    velum_status status = VELUM_OK;
    uint32_t count = COLLECT_BATCH;

    VELUM_TRY(store_reader_acquire(self->vault_db, KEYS_WAIT_MS, &vault_conn));
    while (status >= 0 && count == COLLECT_BATCH) { /* each turn takes a batch of marks away */
        status = collect_batch(keys, vault_conn, &count);
    }
    store_reader_release(self->vault_db, vault_conn);
    return status;
}
