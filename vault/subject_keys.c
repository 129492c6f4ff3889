/* vault/subject_keys.c: keys.db, the wrapped keys of every subject.
 *
 * A row of `subject_key` says which slot holds the keys (key_slot.c), and which generation and data
 * key of the subject are the true ones. Creation commits keys.db before vault.db; each new key is
 * marked in `subject_new`, so that a start finds those which nobody needs (subject_keys_collect.c).
 */
#include "vault/internal.h"

#include "base/status.h"

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

/* The keys move into slots; dropping the old table overwrites its pages (secure_delete). */
static const char *const keys_schema_2[] = {
    "ALTER TABLE subject_key RENAME TO subject_key_1",
    "CREATE TABLE key_slot ("
    " slot INTEGER PRIMARY KEY CHECK (slot >= 1),"
    " first BLOB NOT NULL CHECK (length(first) = 88),"
    " second BLOB NOT NULL CHECK (length(second) = 88)"
    ") STRICT",
    "CREATE TABLE slot_free (slot INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE subject_key ("
    " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16),"
    " kek_version INTEGER NOT NULL,"
    " slot INTEGER NOT NULL,"
    " generation INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0),"
    " key_version INTEGER NOT NULL DEFAULT 1 CHECK (key_version >= 1)"
    ") STRICT, WITHOUT ROWID",
    "INSERT INTO key_slot (slot, first, second)"
    " SELECT row_number() OVER (ORDER BY subject), data_key, evidence_key FROM subject_key_1",
    "INSERT INTO subject_key (subject, kek_version, slot)"
    " SELECT subject, kek_version, row_number() OVER (ORDER BY subject) FROM subject_key_1",
    "DROP TABLE subject_key_1",
    /* moves of the last transaction: whether they hold, outbox_seq of vault.db tells */
    "CREATE TABLE subject_move ("
    " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16),"
    " generation_before INTEGER NOT NULL,"
    " seq INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    /* data keys that are to take the place of others */
    "CREATE TABLE next_key ("
    " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16),"
    " slot INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE retained_key ("
    " subject BLOB NOT NULL CHECK (length(subject) = 16),"
    " category INTEGER NOT NULL,"
    " slot INTEGER NOT NULL,"
    " PRIMARY KEY (subject, category)"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE retained_new ("
    " subject BLOB NOT NULL,"
    " category INTEGER NOT NULL,"
    " PRIMARY KEY (subject, category)"
    ") STRICT, WITHOUT ROWID",
    NULL};

/* Places that follow this file, and the subjects of which they lack something (vault/mirror.c). */
static const char *const keys_schema_3[] = {
    "CREATE TABLE mirror ("
    " place TEXT NOT NULL PRIMARY KEY,"
    " pushed INTEGER NOT NULL,"
    " suppressed INTEGER NOT NULL,"
    " follows INTEGER NOT NULL CHECK (follows BETWEEN 0 AND 1),"
    " last_ns INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE mirror_due ("
    " n INTEGER PRIMARY KEY AUTOINCREMENT,"
    " subject BLOB NOT NULL CHECK (length(subject) = 16)"
    ") STRICT",
    "CREATE INDEX mirror_due_subject ON mirror_due (subject)",
    /* in a place, what vault.db has in `suppression`: it must not go back in time either */
    "CREATE TABLE suppressed ("
    " hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),"
    " scope INTEGER NOT NULL,"
    " reason INTEGER NOT NULL,"
    " basis INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " expires_ns INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    NULL};

static const store_step keys_steps[] = {{keys_schema_1}, {keys_schema_2}, {keys_schema_3}};

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
        VELUM_TRY(store_migrate(self->keys_db, steps, count, &from, err));
    } else {
        VELUM_TRY(store_schema_require(self->keys_db, count, "keys.db", err));
    }
    const velum_status status = mirrors_load(self);
    return status < 0 ? error_set(err, status, "the places that follow keys.db cannot be read")
                      : VELUM_OK;
}

/* --- reading --------------------------------------------------------------------------------------- */

/* Slot, keys, generation, versions; then, where the statement has them, the next slot and its key. */
static velum_status read_columns(store_stmt *stmt, key_row *out)
{
    out->slot = stmt_integer(stmt, 0);
    VELUM_TRY(column_bytes(stmt, 1, out->keys.data, sizeof(out->keys.data)));
    VELUM_TRY(column_bytes(stmt, 2, out->keys.evidence, sizeof(out->keys.evidence)));
    VELUM_TRY(column_u32(stmt, 3, 0, &out->generation));
    VELUM_TRY(column_u32(stmt, 4, 1, &out->key_version));
    return column_u32(stmt, 5, 1, &out->kek_version);
}

static velum_status read_present(store_conn *conn, const subject_id *id, key_row *out)
{
    static const char sql[] = "SELECT k.slot, s.first, s.second, k.generation, k.key_version,"
                              " k.kek_version FROM subject_key k JOIN key_slot s ON s.slot = k.slot"
                              " WHERE k.subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    out->next_slot = 0;
    return read_columns(stmt, out);
}

/* In one statement, so that both keys are of one moment. */
static velum_status read_whole(store_conn *conn, const subject_id *id, key_row *out)
{
    static const char sql[] =
        "SELECT k.slot, s.first, s.second, k.generation, k.key_version, k.kek_version,"
        " n.slot, t.first FROM subject_key k JOIN key_slot s ON s.slot = k.slot"
        " LEFT JOIN next_key n ON n.subject = k.subject"
        " LEFT JOIN key_slot t ON t.slot = n.slot WHERE k.subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    VELUM_TRY(read_columns(stmt, out));
    out->next_slot = stmt_integer(stmt, 6);
    if (out->next_slot != 0) {
        return column_bytes(stmt, 7, out->next_data, sizeof(out->next_data));
    }
    return VELUM_OK;
}

velum_status key_row_read(store_conn *keys, const subject_id *id, key_row *out)
{
    return read_whole(keys, id, out);
}

typedef velum_status (*row_reader)(store_conn *conn, const subject_id *id, key_row *out);

/* In the view that belongs to `conn`. */
static velum_status read_row(vault *self, const store_conn *conn, const subject_id *id,
                             row_reader read, key_row *out)
{
    store_conn *reader = NULL;

    if (conn == self->vault_writer) {
        return read(store_writer(self->keys_db), id, out);
    }
    VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &reader));
    const velum_status status = read(reader, id, out);
    store_reader_release(self->keys_db, reader);
    return status;
}

velum_status subject_keys_read(vault *self, const store_conn *conn, const subject_id *id,
                               key_row *out)
{
    return read_row(self, conn, id, read_present, out);
}

velum_status subject_keys_read_whole(vault *self, const store_conn *conn, const subject_id *id,
                                     key_row *out)
{
    return read_row(self, conn, id, read_whole, out);
}

velum_status key_view_open(vault *self, key_view *out)
{
    *out = (key_view){.moment = generation_moment(self)};
    VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &out->reader));
    const velum_status status = conn_begin(out->reader);
    if (status < 0) {
        key_view_close(self, out);
    }
    return status;
}

void key_view_close(vault *self, key_view *view)
{
    store_reader_release(self->keys_db, view->reader);
    view->reader = NULL;
}

velum_status key_view_read(const key_view *view, const subject_id *id, key_row *out)
{
    return read_present(view->reader, id, out);
}

/* --- writing --------------------------------------------------------------------------------------- */

velum_status subject_keys_begin(vault *self)
{
    if (self->keys_begun) {
        return VELUM_OK;
    }
    VELUM_TRY(conn_begin(store_writer(self->keys_db)));
    self->keys_begun = true;
    return VELUM_OK;
}

static velum_status insert_row(const vault *self, store_conn *conn, const subject_id *id,
                               int64_t slot)
{
    static const char sql[] = "INSERT INTO subject_key (subject, kek_version, slot)"
                              " VALUES ($1, $2, $3)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, keyring_key_version(self->keys)));
    VELUM_TRY(stmt_bind_integer(stmt, 3, slot));
    return stmt_execute(stmt);
}

velum_status subject_keys_insert(vault *self, const subject_id *id, const subject_keys *keys)
{
    static const char mark_sql[] = "INSERT INTO subject_new (subject) VALUES ($1)";
    store_conn *const conn = store_writer(self->keys_db);
    key_slot contents;
    int64_t slot = 0;

    memcpy(contents.first, keys->data, sizeof(contents.first));
    memcpy(contents.second, keys->evidence, sizeof(contents.second));
    VELUM_TRY(subject_keys_begin(self));
    VELUM_TRY(key_slot_take(conn, &contents, &slot));
    VELUM_TRY(insert_row(self, conn, id, slot));
    return execute_for(conn, mark_sql, id);
}

velum_status subject_keys_next_drop(store_conn *keys, const subject_id *id, int64_t slot)
{
    static const char sql[] = "DELETE FROM next_key WHERE subject = $1";

    VELUM_TRY(key_slot_free(keys, slot));
    return execute_for(keys, sql, id);
}

velum_status subject_keys_drop(store_conn *keys, const subject_id *id)
{
    static const char sql[] = "DELETE FROM subject_key WHERE subject = $1";
    key_row row = {.slot = 0};

    const velum_status status = read_whole(keys, id, &row);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    VELUM_TRY(key_slot_free(keys, row.slot));
    if (row.next_slot != 0) {
        VELUM_TRY(subject_keys_next_drop(keys, id, row.next_slot));
    }
    return execute_for(keys, sql, id);
}
