/* vault/index_fold.c: the blind indexes of a backup, sealed with their subjects (I-6).
 *
 * An index tells who holds the keyring which identifiers were known. What stood in the index of somebody
 * erased must not go on standing in last month's copy. So a copy has no index: the rows of each
 * subject are sealed under its data key and go with that; restoring opens them and makes the indexes anew.
 * Format: docs/formats/backup.md.
 */
#include "vault/internal.h"

#define TOGETHER 256
#define FOLD_BYTES_MAX ((size_t)65536)
#define FOLD_FORMAT 1
#define KIND_IDENTIFIER 1
#define KIND_SEARCH 2
#define IDENTIFIER_BYTES (4 + IDENTIFIER_HASH_BYTES) /* behind kind, length and type */
#define SEARCH_HASH_BYTES 8
#define SEARCH_BYTES (2 + 2 + SEARCH_HASH_BYTES)

static const char create_sql[] = "CREATE TABLE index_fold ("
                                 " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16),"
                                 " key_version INTEGER NOT NULL,"
                                 " sealed BLOB NOT NULL"
                                 ") STRICT, WITHOUT ROWID";

/* A subject's row of whichever file, and the key that its fold is sealed under. */
typedef struct folded {
    subject_id subject;
    uint32_t key_version;
} folded;

typedef struct folded_list {
    folded items[TOGETHER];
    uint32_t count;
    subject_id after;
} folded_list;

static velum_status list_subjects(store_conn *conn, const char *sql, folded_list *out)
{
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    out->count = 0;
    VELUM_TRY(statement_for(conn, sql, &out->after, &stmt));
    while (out->count < TOGETHER && (status = stmt_step(stmt)) == VELUM_OK) {
        folded *const one = &out->items[out->count];
        VELUM_TRY(column_bytes(stmt, 0, one->subject.bytes, SUBJECT_ID_BYTES));
        VELUM_TRY(column_u32(stmt, 1, 1, &one->key_version));
        out->after = one->subject;
        out->count++;
    }
    return status < 0 ? status : VELUM_OK;
}

/* VELUM_E_NOTFOUND: the data key that the row was sealed under is gone, and its fold with it. */
static velum_status fold_key(const keyring *keys, store_conn *keys_conn, const folded *one,
                             uint8_t out[KEY_BYTES])
{
    key_row row = {.slot = 0};
    uint8_t data_key[KEY_BYTES];
    const uint8_t *wrapped = row.keys.data;

    VELUM_TRY(key_row_read(keys_conn, &one->subject, &row));
    if (one->key_version == row.key_version + 1 && row.next_slot != 0) {
        wrapped = row.next_data;
    } else if (one->key_version != row.key_version) {
        return VELUM_E_NOTFOUND;
    }
    if (key_slot_is_empty(wrapped)) {
        return VELUM_E_NOTFOUND;
    }
    const velum_status status =
        keyring_unwrap(keys, KEY_KIND_DATA, one->subject.bytes, wrapped, data_key);
    if (status == VELUM_OK) {
        key_derive(data_key, "velum index fold 1", NULL, 0, out);
    }
    mem_wipe(data_key, sizeof(data_key));
    return status;
}

static sealed_place place_of(const keyring *keys, const folded *one)
{
    return (sealed_place){.subject = one->subject.bytes,
                          .tenant = keyring_tenant(keys),
                          .key_version = one->key_version,
                          .category = PLACE_INDEX_FOLD,
                          .version = FOLD_FORMAT};
}

/* --- folding ------------------------------------------------------------------------------------------- */

static void append_u32(buffer *out, uint32_t value)
{
    uint8_t bytes[4];

    bytes_write_u32be(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}

static void append_u16(buffer *out, uint16_t value)
{
    uint8_t bytes[2];

    bytes_write_u16be(bytes, value);
    buffer_append(out, bytes, sizeof(bytes));
}

static velum_status append_identifiers(store_conn *copy, const subject_id *id, buffer *out)
{
    /* what the index by subject has: the suite is INDEX_SUITE, of which there is one */
    static const char sql[] =
        "SELECT type_and_form, key_version, hash FROM blind_index WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(statement_for(copy, sql, id, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const text type = stmt_text(stmt, 0);
        const crypto_part hash = stmt_blob(stmt, 2);
        if (type.size == 0 || type.size > UINT8_MAX || hash.size != IDENTIFIER_HASH_BYTES) {
            return VELUM_E_CORRUPT;
        }
        buffer_append_byte(out, KIND_IDENTIFIER);
        buffer_append_byte(out, (uint8_t)type.size);
        buffer_append(out, type.data, type.size);
        append_u32(out, (uint32_t)stmt_integer(stmt, 1));
        buffer_append(out, hash.data, hash.size);
    }
    return status < 0 ? status : buffer_status(out);
}

static velum_status append_search(store_conn *copy, const subject_id *id, buffer *out)
{
    static const char sql[] = "SELECT field, category, hash FROM search_index WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(statement_for(copy, sql, id, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const crypto_part hash = stmt_blob(stmt, 2);
        if (hash.size != SEARCH_HASH_BYTES) {
            return VELUM_E_CORRUPT;
        }
        buffer_append_byte(out, KIND_SEARCH);
        append_u16(out, (uint16_t)stmt_integer(stmt, 0));
        append_u16(out, (uint16_t)stmt_integer(stmt, 1));
        buffer_append(out, hash.data, hash.size);
    }
    return status < 0 ? status : buffer_status(out);
}

static velum_status insert_fold(store_conn *copy, const folded *one, const buffer *sealed)
{
    static const char sql[] = "INSERT INTO index_fold (subject, key_version, sealed)"
                              " VALUES ($1, $2, $3)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(copy, sql, &one->subject, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, one->key_version));
    VELUM_TRY(stmt_bind_blob(stmt, 3, sealed->data, sealed->size));
    return stmt_execute(stmt);
}

static velum_status fold_subject(vault *self, store_conn *keys, store_conn *copy, const folded *one)
{
    const sealed_place place = place_of(self->keys, one);
    VELUM_AUTO_BUFFER rows = {0};
    VELUM_AUTO_BUFFER sealed = {0};
    uint8_t key[KEY_BYTES];

    buffer_init(&rows, FOLD_BYTES_MAX);
    buffer_init(&sealed, FOLD_BYTES_MAX + SEALED_OVERHEAD_BYTES);
    VELUM_TRY(append_identifiers(copy, &one->subject, &rows));
    VELUM_TRY(append_search(copy, &one->subject, &rows));
    if (rows.size == 0) {
        return VELUM_OK;
    }
    velum_status status = fold_key(self->keys, keys, one, key);
    if (status == VELUM_OK) {
        status =
            sealed_write(key, &self->random, &place, (crypto_part){rows.data, rows.size}, &sealed);
        status = status < 0 ? status : insert_fold(copy, one, &sealed);
    }
    mem_wipe(key, sizeof(key));
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status; /* erased since the snapshot */
}

static velum_status fold_some(vault *self, store_conn *keys, store_conn *copy, folded_list *list)
{
    static const char sql[] = "SELECT subject, key_version FROM subject"
                              " WHERE subject > $1 AND status = 1 ORDER BY subject LIMIT 256";

    VELUM_TRY(list_subjects(copy, sql, list));
    for (uint32_t i = 0; i < list->count; i++) {
        VELUM_TRY(fold_subject(self, keys, copy, &list->items[i]));
    }
    return VELUM_OK;
}

/* A view of keys.db for each batch: a destruction that waits for readers waits for no more. */
static velum_status fold_batch(vault *self, store_conn *copy, folded_list *list)
{
    key_view view;

    VELUM_TRY(key_view_open(self, &view));
    velum_status status = conn_begin(copy);
    if (status == VELUM_OK) {
        status = fold_some(self, view.reader, copy, list);
        status = status < 0 ? status : conn_commit(copy);
        if (status < 0) {
            conn_rollback(copy);
        }
    }
    key_view_close(self, &view);
    return status;
}

static velum_status fold_all(vault *self, store_conn *copy, const fold_progress *progress)
{
    VELUM_AUTO_MEM folded_list *list = mem_alloc(sizeof(*list));
    uint64_t done = 0;

    if (list == NULL) {
        return VELUM_E_NOMEM;
    }
    do {
        if (progress->goes_on != NULL && !progress->goes_on(progress->context)) {
            return VELUM_E_UNAVAILABLE;
        }
        VELUM_TRY(fold_batch(self, copy, list));
        done += list->count;
        progress->tell(progress->context, done, 0);
    } while (list->count == TOGETHER);
    return VELUM_OK;
}

velum_status vault_index_fold(vault *self, store *copy, const fold_progress *progress)
{
    static const char drop_sql[] = "DELETE FROM blind_index; DELETE FROM search_index";
    store_conn *const conn = store_writer(copy);

    VELUM_TRY(conn_run(conn, create_sql));
    VELUM_TRY(fold_all(self, conn, progress));
    return conn_run(conn, drop_sql);
}

/* --- unfolding ----------------------------------------------------------------------------------------- */

static const uint8_t *take(fold_reader *self, size_t size)
{
    if (size > self->left) {
        return NULL;
    }
    const uint8_t *const taken = self->at;
    self->at += size;
    self->left -= size;
    return taken;
}

static velum_status read_identifier(fold_reader *self, fold_entry *out)
{
    const uint8_t *const size = take(self, 1);
    const uint8_t *const type = size == NULL ? NULL : take(self, *size);
    const uint8_t *const rest = type == NULL ? NULL : take(self, IDENTIFIER_BYTES);

    if (rest == NULL || *size == 0) {
        return VELUM_E_CORRUPT;
    }
    *out = (fold_entry){.is_identifier = true,
                        .type_and_form = {(const char *)type, *size},
                        .key_version = bytes_read_u32be(rest),
                        .hash = {rest + 4, IDENTIFIER_HASH_BYTES}};
    return VELUM_OK;
}

static velum_status read_search(fold_reader *self, fold_entry *out)
{
    const uint8_t *const rest = take(self, SEARCH_BYTES);

    if (rest == NULL) {
        return VELUM_E_CORRUPT;
    }
    *out = (fold_entry){.field = bytes_read_u16be(rest),
                        .category = bytes_read_u16be(rest + 2),
                        .hash = {rest + 4, SEARCH_HASH_BYTES}};
    return VELUM_OK;
}

velum_status index_fold_next(fold_reader *self, fold_entry *out)
{
    const uint8_t *const kind = take(self, 1);

    if (kind == NULL) {
        return VELUM_END;
    }
    switch (*kind) {
    case KIND_IDENTIFIER:
        return read_identifier(self, out);
    case KIND_SEARCH:
        return read_search(self, out);
    default:
        return VELUM_E_CORRUPT;
    }
}

static velum_status insert_identifier(store_conn *conn, const keyring *keys, const subject_id *id,
                                      const fold_entry *entry)
{
    static const char sql[] =
        "INSERT INTO blind_index (subject, type_and_form, key_version, suite, hash, tenant)"
        " VALUES ($1, $2, $3, $4, $5, $6)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 2, entry->type_and_form));
    VELUM_TRY(stmt_bind_integer(stmt, 3, entry->key_version));
    VELUM_TRY(stmt_bind_integer(stmt, 4, INDEX_SUITE));
    VELUM_TRY(stmt_bind_blob(stmt, 5, entry->hash.data, entry->hash.size));
    VELUM_TRY(stmt_bind_integer(stmt, 6, keyring_tenant(keys)));
    return stmt_execute(stmt);
}

static velum_status insert_search(store_conn *conn, const subject_id *id, const fold_entry *entry)
{
    static const char sql[] = "INSERT INTO search_index (subject, field, category, hash)"
                              " VALUES ($1, $2, $3, $4)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, entry->field));
    VELUM_TRY(stmt_bind_integer(stmt, 3, entry->category));
    VELUM_TRY(stmt_bind_blob(stmt, 4, entry->hash.data, entry->hash.size));
    return stmt_execute(stmt);
}

static velum_status insert_rows(store_conn *conn, const keyring *keys, const subject_id *id,
                                const buffer *rows)
{
    fold_reader reader = {rows->data, rows->size};
    fold_entry entry;
    velum_status status = VELUM_OK;

    while ((status = index_fold_next(&reader, &entry)) == VELUM_OK) {
        VELUM_TRY(entry.is_identifier ? insert_identifier(conn, keys, id, &entry)
                                      : insert_search(conn, id, &entry));
    }
    return status == VELUM_END ? VELUM_OK : status;
}

static velum_status open_fold(store_conn *conn, const uint8_t key[KEY_BYTES],
                              const sealed_place *place, buffer *out)
{
    static const char sql[] = "SELECT sealed FROM index_fold WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    subject_id id;

    memcpy(id.bytes, place->subject, SUBJECT_ID_BYTES);
    VELUM_TRY(statement_for(conn, sql, &id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    const crypto_part sealed = stmt_blob(stmt, 0);
    if (sealed.size < SEALED_OVERHEAD_BYTES ||
        sealed.size > FOLD_BYTES_MAX + SEALED_OVERHEAD_BYTES) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(buffer_reserve(out, sealed.size - SEALED_OVERHEAD_BYTES));
    VELUM_TRY(sealed_open(key, place, sealed, out->data));
    out->size = sealed.size - SEALED_OVERHEAD_BYTES;
    return VELUM_OK;
}

static velum_status unfold_subject(store_conn *conn, store_conn *keys_conn, const keyring *keys,
                                   const folded *one)
{
    const sealed_place place = place_of(keys, one);
    VELUM_AUTO_BUFFER rows = {0};
    uint8_t key[KEY_BYTES];

    buffer_init(&rows, FOLD_BYTES_MAX);
    velum_status status = fold_key(keys, keys_conn, one, key);
    if (status == VELUM_OK) {
        status = open_fold(conn, key, &place, &rows);
    }
    mem_wipe(key, sizeof(key));
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK; /* erased since: it went with its key */
    }
    VELUM_TRY(status);
    return insert_rows(conn, keys, &one->subject, &rows);
}

static velum_status unfold_batch(store_conn *conn, store_conn *keys_conn, const keyring *keys,
                                 folded_list *list)
{
    static const char sql[] = "SELECT subject, key_version FROM index_fold"
                              " WHERE subject > $1 ORDER BY subject LIMIT 256";

    VELUM_TRY(conn_begin(conn));
    velum_status status = list_subjects(conn, sql, list);
    for (uint32_t i = 0; status >= 0 && i < list->count; i++) {
        status = unfold_subject(conn, keys_conn, keys, &list->items[i]);
    }
    if (status >= 0) {
        status = conn_commit(conn);
    }
    if (status < 0) {
        conn_rollback(conn);
    }
    return status;
}

velum_status vault_index_unfold(const keyring *keys, store *vault_db, store *keys_db,
                                const fold_progress *progress)
{
    store_conn *const conn = store_writer(vault_db);
    VELUM_AUTO_MEM folded_list *list = mem_alloc(sizeof(*list));
    uint64_t done = 0;

    if (list == NULL) {
        return VELUM_E_NOMEM;
    }
    do {
        VELUM_TRY(unfold_batch(conn, store_writer(keys_db), keys, list));
        done += list->count;
        progress->tell(progress->context, done, 0);
    } while (list->count == TOGETHER);
    return conn_run(conn, "DROP TABLE index_fold");
}
