/* vault/mirror_push.c: bringing to a place what keys.db has of a subject, and the place lacks (M-2, M-4).
 *
 * Any one thread, with a store of the place's own.
 */
#include "vault/internal.h"

#include <assert.h>

#define DUE_BATCH 256
#define DRAIN_WAIT_MS 5000 /* nobody else reads a place */

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

velum_status vault_mirror_push(vault *self, store *place, key_mirror *at)
{
    uint32_t count = 0;
    uint64_t pushed = at->pushed;
    uint64_t suppressed = at->suppressed;

    /* who is erased is suppressed, before their key is gone there */
    VELUM_TRY(mirror_push_suppression(self, place, &suppressed));
    do {
        VELUM_TRY(push_once(self, place, &pushed, &count));
    } while (count == DUE_BATCH);
    VELUM_TRY(store_checkpoint(place, DRAIN_WAIT_MS)); /* M-4 */
    at->pushed = pushed;
    at->suppressed = suppressed;
    return VELUM_OK;
}

/* Before the copy's own view, so that nothing falls between. */
static velum_status read_ends(vault *self, key_mirror *out)
{
    store_conn *keys = NULL;
    store_conn *rows = NULL;

    VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &keys));
    velum_status status = mirror_due_end(keys, &out->pushed);
    store_reader_release(self->keys_db, keys);
    VELUM_TRY(status);
    VELUM_TRY(store_reader_acquire(self->vault_db, KEYS_WAIT_MS, &rows));
    status = mirror_suppression_end(rows, &out->suppressed);
    store_reader_release(self->vault_db, rows);
    return status;
}

velum_status vault_mirror_copy(vault *self, const store_copy_options *to, key_mirror *out)
{
    const store_options opening = {.folder = to->folder,
                                   .name = to->name,
                                   .key = keyring_keys_db_key(self->keys),
                                   .readers_max = 1,
                                   .busy_timeout_ms = DRAIN_WAIT_MS};
    VELUM_AUTO(store) *copy = NULL;

    VELUM_TRY(read_ends(self, out));
    VELUM_TRY(store_copy(self->keys_db, to));
    VELUM_TRY(store_open(&opening, &copy, NULL));
    VELUM_TRY(mirror_copy_suppression(self, copy));
    return store_checkpoint(copy, DRAIN_WAIT_MS);
}
