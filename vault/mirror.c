/* vault/mirror.c: places that follow keys.db (docs/backup.md).
 *
 *   M-1  From the moment a place is known, each subject whose keys are destroyed or replaced, or whose
 *        generation moves, stands in `mirror_due`, in the transaction that does it.
 *   M-2  A row of `mirror_due` goes when every place has what keys.db had when it was read, or later.
 *   M-3  While a subject stands there, nothing of it is reported destroyed (V-6).
 *   M-4  A place has slots of its own; what is replaced there is overwritten where it lies (K-2), and the
 *        WAL is moved into the file and cut to nothing before the place counts as having followed.
 */
#include "vault/internal.h"

#include <assert.h>

#define DUE_BATCH 256
#define DRAIN_WAIT_MS 2000 /* nobody else reads a place */

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
    out->follows = stmt_integer(stmt, 2) != 0;
    out->last_ns = stmt_integer(stmt, 3);
    out->behind = (uint64_t)stmt_integer(stmt, 4);
    return VELUM_OK;
}

static velum_status list(store_conn *keys, key_mirrors *out)
{
    static const char sql[] =
        "SELECT place, pushed, follows, last_ns,"
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

velum_status vault_mirrors(vault *self, key_mirrors *out)
{
    store_conn *reader = NULL;

    VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &reader));
    const velum_status status = list(reader, out);
    store_reader_release(self->keys_db, reader);
    return status;
}

/* --- changing them: the writer thread, outside transactions ------------------------------------------ */

static velum_status due_end(store_conn *keys, uint64_t *out)
{
    /* AUTOINCREMENT: a number is never given out again, whatever was deleted */
    static const char sql[] = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence"
                              " WHERE name = 'mirror_due'";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(keys, sql, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    *out = (uint64_t)stmt_integer(stmt, 0);
    return VELUM_OK;
}

static velum_status statement_for_place(store_conn *keys, const char *sql, text place,
                                        store_stmt **out)
{
    VELUM_TRY(conn_statement(keys, sql, out));
    return stmt_bind_text(*out, 1, place);
}

static velum_status insert_place(store_conn *keys, text place)
{
    static const char sql[] = "INSERT INTO mirror (place, pushed, follows, last_ns)"
                              " VALUES ($1, $2, 0, 0) ON CONFLICT (place) DO NOTHING";
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
    VELUM_TRY(due_end(keys, &end));
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
    static const char sql[] = "UPDATE mirror SET pushed = max(pushed, $2), follows = 1,"
                              " last_ns = $3 WHERE place = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for_place(keys, sql, to->place, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, (int64_t)to->pushed));
    VELUM_TRY(stmt_bind_integer(stmt, 3, to->at_ns));
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

velum_status vault_mirror_forget(vault *self, text place)
{
    VELUM_TRY(conn_begin(store_writer(self->keys_db)));
    return end_transaction(self, delete_place(store_writer(self->keys_db), place));
}

velum_status vault_mirror_raise(vault *self, const mirror_advance *to)
{
    VELUM_TRY(conn_begin(store_writer(self->keys_db)));
    return end_transaction(self, raise_place(store_writer(self->keys_db), to));
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

/* --- following: any one thread, with a store of the place's own ---------------------------------------- */

/* All that keys.db has of a subject. */
typedef struct whole_keys {
    bool is_there;
    key_row row;
    uint32_t retained_count;
    uint16_t retained[VAULT_CATEGORIES_MAX];
    uint8_t retained_key[VAULT_CATEGORIES_MAX][WRAPPED_KEY_BYTES];
} whole_keys;

static velum_status read_retained(store_conn *keys, const subject_id *id, whole_keys *out)
{
    static const char sql[] =
        "SELECT r.category, s.first FROM retained_key r JOIN key_slot s ON s.slot = r.slot"
        " WHERE r.subject = $1 ORDER BY r.category";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    out->retained_count = 0;
    VELUM_TRY(statement_for(keys, sql, id, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const uint32_t i = out->retained_count;
        if (i == VAULT_CATEGORIES_MAX) {
            return VELUM_E_CORRUPT;
        }
        out->retained[i] = (uint16_t)stmt_integer(stmt, 0);
        VELUM_TRY(column_bytes(stmt, 1, out->retained_key[i], WRAPPED_KEY_BYTES));
        out->retained_count++;
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status read_all(store_conn *keys, const subject_id *id, whole_keys *out)
{
    const velum_status status = key_row_read(keys, id, &out->row);

    out->is_there = status == VELUM_OK;
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    return read_retained(keys, id, out);
}

velum_status keys_drop_whole(store_conn *keys, const subject_id *id)
{
    whole_keys old;

    VELUM_TRY(read_retained(keys, id, &old));
    for (uint32_t i = 0; i < old.retained_count; i++) {
        VELUM_TRY(retained_key_drop(keys, id, old.retained[i]));
    }
    return subject_keys_drop(keys, id);
}

static velum_status put_present(store_conn *place, const subject_id *id, const key_row *row)
{
    static const char sql[] =
        "INSERT INTO subject_key (subject, kek_version, slot, generation, key_version)"
        " VALUES ($1, $2, $3, $4, $5)";
    VELUM_AUTO_STMT *stmt = NULL;
    key_slot contents;
    int64_t slot = 0;

    memcpy(contents.first, row->keys.data, sizeof(contents.first));
    memcpy(contents.second, row->keys.evidence, sizeof(contents.second));
    VELUM_TRY(key_slot_take(place, &contents, &slot));
    VELUM_TRY(statement_for(place, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->kek_version));
    VELUM_TRY(stmt_bind_integer(stmt, 3, slot));
    VELUM_TRY(stmt_bind_integer(stmt, 4, row->generation));
    VELUM_TRY(stmt_bind_integer(stmt, 5, row->key_version));
    return stmt_execute(stmt);
}

/* A next key or a retained key: one in a slot, and the row that says whose. */
static velum_status put_single(store_conn *place, const char *sql, const subject_id *id,
                               const uint8_t wrapped[WRAPPED_KEY_BYTES], store_stmt **out)
{
    key_slot contents = {.second = {0}};
    int64_t slot = 0;

    memcpy(contents.first, wrapped, sizeof(contents.first));
    VELUM_TRY(key_slot_take(place, &contents, &slot));
    VELUM_TRY(statement_for(place, sql, id, out));
    return stmt_bind_integer(*out, 2, slot);
}

static velum_status put_next(store_conn *place, const subject_id *id, const key_row *row)
{
    static const char sql[] = "INSERT INTO next_key (subject, slot) VALUES ($1, $2)";
    VELUM_AUTO_STMT *stmt = NULL;

    if (row->next_slot == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(put_single(place, sql, id, row->next_data, &stmt));
    return stmt_execute(stmt);
}

static velum_status put_retained(store_conn *place, const subject_id *id, const whole_keys *from)
{
    static const char sql[] = "INSERT INTO retained_key (subject, slot, category)"
                              " VALUES ($1, $2, $3)";

    for (uint32_t i = 0; i < from->retained_count; i++) {
        VELUM_AUTO_STMT *stmt = NULL;
        VELUM_TRY(put_single(place, sql, id, from->retained_key[i], &stmt));
        VELUM_TRY(stmt_bind_integer(stmt, 3, from->retained[i]));
        VELUM_TRY(stmt_execute(stmt));
    }
    return VELUM_OK;
}

static velum_status push_subject(store_conn *keys, store_conn *place, const subject_id *id)
{
    whole_keys now;

    VELUM_TRY(read_all(keys, id, &now));
    VELUM_TRY(keys_drop_whole(place, id));
    if (now.is_there) {
        VELUM_TRY(put_present(place, id, &now.row));
        VELUM_TRY(put_next(place, id, &now.row));
    }
    return put_retained(place, id, &now);
}

typedef struct due_batch {
    subject_id subjects[DUE_BATCH];
    uint32_t count;
    uint64_t last_n;
} due_batch;

static velum_status read_due(store_conn *keys, uint64_t after, due_batch *out)
{
    static const char sql[] = "SELECT n, subject FROM mirror_due WHERE n > $1 ORDER BY n LIMIT 256";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    static_assert(DUE_BATCH == 256, "the statement says so too");
    *out = (due_batch){.last_n = after};
    VELUM_TRY(conn_statement(keys, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)after));
    while (out->count < DUE_BATCH && (status = stmt_step(stmt)) == VELUM_OK) {
        out->last_n = (uint64_t)stmt_integer(stmt, 0);
        VELUM_TRY(column_bytes(stmt, 1, out->subjects[out->count].bytes, SUBJECT_ID_BYTES));
        out->count++;
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status push_batch(store_conn *keys, store_conn *place, const due_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        VELUM_TRY(push_subject(keys, place, &batch->subjects[i]));
    }
    return VELUM_OK;
}

/* In one view of keys.db. */
static velum_status push(store_conn *keys, store_conn *place, uint64_t *pushed, uint32_t *out_count)
{
    VELUM_AUTO_MEM due_batch *batch = mem_alloc(sizeof(*batch));

    if (batch == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(read_due(keys, *pushed, batch));
    *out_count = batch->count;
    if (batch->count == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(conn_begin(place));
    velum_status status = push_batch(keys, place, batch);
    if (status >= 0) {
        status = conn_commit(place);
    }
    if (status < 0) {
        conn_rollback(place);
        return status;
    }
    *pushed = batch->last_n;
    return VELUM_OK;
}

static velum_status push_once(vault *self, store *place, uint64_t *pushed, uint32_t *out_count)
{
    key_view view;

    VELUM_TRY(key_view_open(self, &view));
    const velum_status status = push(view.reader, store_writer(place), pushed, out_count);
    key_view_close(self, &view);
    return status;
}

velum_status vault_mirror_push(vault *self, store *place, uint64_t *pushed)
{
    uint32_t count = 0;
    uint64_t reached = *pushed;

    do {
        VELUM_TRY(push_once(self, place, &reached, &count));
    } while (count == DUE_BATCH);
    VELUM_TRY(store_checkpoint(place, DRAIN_WAIT_MS)); /* M-4 */
    *pushed = reached;
    return VELUM_OK;
}

velum_status vault_mirror_copy(vault *self, const store_copy_options *to, uint64_t *out_pushed)
{
    store_conn *reader = NULL;

    VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &reader));
    const velum_status status = due_end(reader, out_pushed); /* before the copy's view */
    store_reader_release(self->keys_db, reader);
    VELUM_TRY(status);
    return store_copy(self->keys_db, to);
}
