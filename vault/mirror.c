/* vault/mirror.c: places that follow keys.db (docs/backup.md).
 *
 *   M-1  From the moment a place is known, each subject whose keys are destroyed or replaced, or whose
 *        generation moves, stands in `mirror_due`, in the transaction that does it.
 *   M-2  A row of `mirror_due` goes when every place has what keys.db had when it was read, or later.
 *   M-3  While a subject stands there, nothing of it is reported destroyed (V-6).
 *        The same holds for what `suppression` says of whom: `suppression_due` in vault.db.
 *   M-4  A place has slots of its own; what is replaced there is overwritten where it lies (K-2), and the
 *        WAL is moved into the file and cut to nothing before the place counts as having followed.
 */
#include "vault/internal.h"

/* --- which places there are ------------------------------------------------------------------------ */

velum_status mirrors_load(vault *self)
{
    static const char sql[] = "SELECT count(*) FROM mirror";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(store_writer(self->keys_db), sql, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    self->has_mirrors = stmt_integer(stmt, 0) > 0;
    return VELUM_OK;
}

static velum_status read_mirror(store_stmt *stmt, key_mirror *out)
{
    const text place = stmt_text(stmt, 0);

    if (place.size == 0 || place.size >= sizeof(out->place)) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out->place, place.data, place.size);
    out->place[place.size] = '\0';
    out->pushed = (uint64_t)stmt_integer(stmt, 1);
    out->suppressed = (uint64_t)stmt_integer(stmt, 2);
    out->follows = stmt_integer(stmt, 3) != 0;
    out->last_ns = stmt_integer(stmt, 4);
    out->behind = (uint64_t)stmt_integer(stmt, 5);
    return VELUM_OK;
}

static velum_status list(store_conn *keys, key_mirrors *out)
{
    static const char sql[] =
        "SELECT place, pushed, suppressed, follows, last_ns,"
        " (SELECT count(*) FROM mirror_due WHERE n > pushed) FROM mirror ORDER BY place";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    *out = (key_mirrors){.count = 0};
    VELUM_TRY(conn_statement(keys, sql, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        if (out->count == VAULT_MIRRORS_MAX) {
            return VELUM_E_CORRUPT;
        }
        VELUM_TRY(read_mirror(stmt, &out->items[out->count]));
        out->count++;
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status count_suppressed(store_conn *conn, key_mirror *mirror)
{
    static const char sql[] = "SELECT count(*) FROM suppression_due WHERE n > $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)mirror->suppressed));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    mirror->behind += (uint64_t)stmt_integer(stmt, 0);
    return VELUM_OK;
}

static velum_status list_keys(vault *self, key_mirrors *out)
{
    store_conn *reader = NULL;

    VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &reader));
    const velum_status status = list(reader, out);
    store_reader_release(self->keys_db, reader);
    return status;
}

velum_status vault_mirrors(vault *self, key_mirrors *out)
{
    store_conn *reader = NULL;
    velum_status status = VELUM_OK;

    *out = (key_mirrors){.count = 0};
    if (!self->has_mirrors) {
        return VELUM_OK;
    }
    VELUM_TRY(list_keys(self, out));
    VELUM_TRY(store_reader_acquire(self->vault_db, KEYS_WAIT_MS, &reader));
    for (uint32_t i = 0; status >= 0 && i < out->count; i++) {
        status = count_suppressed(reader, &out->items[i]);
    }
    store_reader_release(self->vault_db, reader);
    return status;
}

/* --- changing them: the writer thread, outside transactions ------------------------------------------ */

/* The highest number ever given out, or one below which every place has all: numbers of AUTOINCREMENT are
 * not given out again, whatever was deleted. */
static velum_status end_of(store_conn *conn, const char *sql, uint64_t *out)
{
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    *out = (uint64_t)stmt_integer(stmt, 0);
    return VELUM_OK;
}

velum_status mirror_due_end(store_conn *keys, uint64_t *out)
{
    static const char due_sql[] = "SELECT coalesce(max(n), 0) FROM mirror_due";
    static const char pushed_sql[] = "SELECT coalesce(max(pushed), 0) FROM mirror";
    uint64_t due = 0;
    uint64_t pushed = 0;

    VELUM_TRY(end_of(keys, due_sql, &due));
    VELUM_TRY(end_of(keys, pushed_sql, &pushed));
    *out = due > pushed ? due : pushed;
    return VELUM_OK;
}

velum_status mirror_suppression_end(store_conn *conn, uint64_t *out)
{
    static const char sql[] = "SELECT coalesce(max(n), 0) FROM suppression_due";

    return end_of(conn, sql, out);
}

static velum_status statement_for_place(store_conn *keys, const char *sql, text place,
                                        store_stmt **out)
{
    VELUM_TRY(conn_statement(keys, sql, out));
    return stmt_bind_text(*out, 1, place);
}

static velum_status insert_place(store_conn *keys, text place)
{
    static const char sql[] = "INSERT INTO mirror (place, pushed, suppressed, follows, last_ns)"
                              " VALUES ($1, $2, 0, 0, 0)";
    VELUM_AUTO_STMT *stmt = NULL;
    key_mirrors known;
    uint64_t end = 0;

    VELUM_TRY(list(keys, &known));
    for (uint32_t i = 0; i < known.count; i++) {
        if (text_equal(text_of(known.items[i].place), place)) {
            return VELUM_OK;
        }
    }
    if (known.count == VAULT_MIRRORS_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(mirror_due_end(keys, &end));
    VELUM_TRY(statement_for_place(keys, sql, place, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, (int64_t)end));
    return stmt_execute(stmt);
}

/* What every place has (M-2); all of it where there is none. */
static velum_status drop_followed(store_conn *keys)
{
    static const char sql[] = "DELETE FROM mirror_due"
                              " WHERE n <= (SELECT coalesce(min(pushed), n) FROM mirror)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(keys, sql, &stmt));
    return stmt_execute(stmt);
}

static velum_status delete_place(store_conn *keys, text place)
{
    static const char sql[] = "DELETE FROM mirror WHERE place = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for_place(keys, sql, place, &stmt));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(keys) == 1 ? drop_followed(keys) : VELUM_E_NOTFOUND;
}

static velum_status raise_place(store_conn *keys, const mirror_advance *to)
{
    static const char sql[] =
        "UPDATE mirror SET pushed = CASE WHEN pushed > $2 THEN pushed ELSE $2 END,"
        " suppressed = CASE WHEN suppressed > $3 THEN suppressed ELSE $3 END,"
        " follows = 1, last_ns = $4 WHERE place = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for_place(keys, sql, to->place, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, (int64_t)to->pushed));
    VELUM_TRY(stmt_bind_integer(stmt, 3, (int64_t)to->suppressed));
    VELUM_TRY(stmt_bind_integer(stmt, 4, to->at_ns));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(keys) == 1 ? drop_followed(keys) : VELUM_E_NOTFOUND;
}

static velum_status end_transaction(vault *self, velum_status status)
{
    store_conn *const keys = store_writer(self->keys_db);

    if (status >= 0) {
        status = conn_commit(keys);
    }
    if (status < 0) {
        conn_rollback(keys);
        return status;
    }
    return mirrors_load(self);
}

velum_status vault_mirror_add(vault *self, text place)
{
    store_conn *const keys = store_writer(self->keys_db);

    if (place.size == 0 || place.size >= MIRROR_PLACE_BYTES) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(conn_begin(keys));
    return end_transaction(self, insert_place(keys, place));
}

/* Of vault.db, what every place has; all of it where there is none. What fails is done the next time. */
static velum_status drop_suppressed(vault *self)
{
    static const char least_sql[] = "SELECT coalesce(min(suppressed), -1) FROM mirror";
    static const char drop_sql[] = "DELETE FROM suppression_due WHERE n <= $1";
    store_conn *const conn = store_writer(self->vault_db);
    VELUM_AUTO_STMT *least = NULL;
    VELUM_AUTO_STMT *drop = NULL;

    VELUM_TRY(conn_statement(store_writer(self->keys_db), least_sql, &least));
    VELUM_TRY(step_row(least, VELUM_E_CORRUPT));
    const int64_t end = stmt_integer(least, 0);
    VELUM_TRY(conn_statement(conn, drop_sql, &drop));
    VELUM_TRY(stmt_bind_integer(drop, 1, end < 0 ? INT64_MAX : end));
    return stmt_execute(drop);
}

velum_status vault_mirror_forget(vault *self, text place)
{
    VELUM_TRY(conn_begin(store_writer(self->keys_db)));
    VELUM_TRY(end_transaction(self, delete_place(store_writer(self->keys_db), place)));
    return drop_suppressed(self);
}

velum_status vault_mirror_raise(vault *self, const mirror_advance *to)
{
    VELUM_TRY(conn_begin(store_writer(self->keys_db)));
    VELUM_TRY(end_transaction(self, raise_place(store_writer(self->keys_db), to)));
    return drop_suppressed(self);
}

/* --- what is due ------------------------------------------------------------------------------------- */

velum_status mirror_note(const vault *self, const subject_id *id)
{
    static const char sql[] = "INSERT INTO mirror_due (subject) VALUES ($1)";

    return self->has_mirrors ? execute_for(store_writer(self->keys_db), sql, id) : VELUM_OK;
}

velum_status mirrors_have(const vault *self, const subject_id *id)
{
    static const char sql[] = "SELECT 1 FROM mirror_due WHERE subject = $1 LIMIT 1";
    VELUM_AUTO_STMT *stmt = NULL;

    if (!self->has_mirrors) {
        return VELUM_OK;
    }
    VELUM_TRY(statement_for(store_writer(self->keys_db), sql, id, &stmt));
    const velum_status status = stmt_step(stmt);
    VELUM_TRY(status);
    return status == VELUM_END ? VELUM_OK : VELUM_E_BUSY;
}
