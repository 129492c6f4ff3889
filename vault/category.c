/* vault/category.c: one category of one subject under its own key (V-3).
 *
 * The key is random and wrapped under a key derived from the data key. Poly1305 does not commit to a
 * key, so a commitment to it stands beside the wrapped key and is checked before anything is opened
 * with it. Destroying the row's wrapped key erases the category.
 */
#include "vault/internal.h"

#include <assert.h>

#define WRAPPED_BYTES (KEY_BYTES + SEALED_OVERHEAD_BYTES)

static_assert(CATEGORY_KEY_BYTES == 98, "docs/formats/sealed.md says so");

static void commit_to(const uint8_t key[KEY_BYTES], uint8_t out[COMMITMENT_BYTES])
{
    uint8_t full[KEY_BYTES];

    key_derive(key, "velum commit 1", NULL, 0, full);
    memcpy(out, full, COMMITMENT_BYTES);
    mem_wipe(full, sizeof(full));
}

static velum_status unwrap(const opened_subject *opened, uint16_t category, const uint8_t *wrapped,
                           uint8_t out[KEY_BYTES])
{
    const sealed_place place = opened_data_place(opened, PLACE_CATEGORY_KEY, category);

    return sealed_open(opened->category_wrapping_key, &place, (crypto_part){wrapped, WRAPPED_BYTES},
                       out);
}

velum_status category_key_open(const opened_subject *opened, uint16_t category, crypto_part wrapped,
                               uint8_t out[KEY_BYTES])
{
    uint8_t commitment[COMMITMENT_BYTES];

    if (wrapped.size != CATEGORY_KEY_BYTES) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(unwrap(opened, category, wrapped.data, out));
    commit_to(out, commitment);
    const uint8_t *const expected = (const uint8_t *)wrapped.data + WRAPPED_BYTES;
    if (!mem_equal_secret(commitment, expected, COMMITMENT_BYTES)) {
        mem_wipe(out, KEY_BYTES);
        return VELUM_E_CRYPTO;
    }
    return VELUM_OK;
}

/* The commitment is checked once for the bytes of a row: what they unwrap to does not change while
 * the row is held (spec/crypto "Commitment"). */
static velum_status open_key(const opened_subject *opened, const sealed_category *category,
                             uint8_t out[KEY_BYTES])
{
    sealed_category *const row = (sealed_category *)(uintptr_t)category;

    if (atomic_load_explicit(&row->commitment_holds, memory_order_relaxed)) {
        return unwrap(opened, category->number, category->wrapped_key, out);
    }
    VELUM_TRY(category_key_open(opened, category->number,
                                (crypto_part){category->wrapped_key, CATEGORY_KEY_BYTES}, out));
    atomic_store_explicit(&row->commitment_holds, true, memory_order_relaxed);
    return VELUM_OK;
}

/* --- opening ------------------------------------------------------------------------------------------ */

/* Plaintext of the category into `out`, which has room for it. */
static velum_status open_bytes(const opened_subject *opened, const sealed_category *category,
                               uint8_t *out)
{
    const sealed_place place = opened_place(opened, category->number, category->version);
    uint8_t key[KEY_BYTES];

    velum_status status = open_key(opened, category, key);
    if (status == VELUM_OK) {
        status = sealed_open(key, &place, sealed_category_bytes(opened->sealed, category), out);
    }
    mem_wipe(key, sizeof(key));
    return status;
}

static velum_status open_record(const opened_subject *opened, const sealed_category *category,
                                record **out)
{
    const size_t size = category->size - SEALED_OVERHEAD_BYTES;
    void *bytes = NULL;
    void *made = NULL;

    VELUM_TRY(secret_arena_slice(opened->arena, size, &bytes));
    VELUM_TRY(secret_arena_slice(opened->arena, sizeof(record), &made));
    VELUM_TRY(open_bytes(opened, category, bytes));
    VELUM_TRY(record_decode(bytes, size, made));
    *out = made;
    return VELUM_OK;
}

/* The row for a category at the version of the state; V-4 where they disagree. */
static velum_status choose_row(const opened_subject *opened, uint16_t category, uint32_t version,
                               const sealed_category **out)
{
    const sealed_category *const row =
        opened->sealed == NULL ? NULL : sealed_subject_category(opened->sealed, category);

    if (row == NULL && (version == 0 || opened->sealed == NULL)) {
        return VELUM_E_NOTFOUND;
    }
    if (row == NULL || row->version != version) {
        return VELUM_E_TAMPERED;
    }
    *out = row;
    return VELUM_OK;
}

velum_status vault_open_category(const opened_subject *opened, uint16_t category, uint32_t version,
                                 record **out)
{
    const size_t mark = secret_arena_mark(opened->arena);
    const sealed_category *row = NULL;

    *out = NULL;
    VELUM_TRY(choose_row(opened, category, version, &row));
    const velum_status status = open_record(opened, row, out);
    if (status < 0) {
        secret_arena_rewind(opened->arena, mark);
    }
    return status;
}

/* --- storing ------------------------------------------------------------------------------------------- */

/* A buffer over a slice of the arena: it never grows and is never cleared, so that an encoded record
 * does not reach the heap. */
static velum_status arena_buffer(secret_arena *arena, size_t bytes, buffer *out)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(arena, bytes, &slice));
    *out = (buffer){.data = slice, .capacity = bytes, .bytes_max = bytes};
    return VELUM_OK;
}

static velum_status seal_record(const vault *self, const opened_subject *opened,
                                const record_place *what, const uint8_t key[KEY_BYTES], buffer *out)
{
    const sealed_place place = opened_place(opened, what->category, what->version);
    const size_t mark = secret_arena_mark(opened->arena);
    size_t size_max = 0;
    buffer plain;

    VELUM_TRY(record_size_max(what->record, &size_max));
    VELUM_TRY(arena_buffer(opened->arena, size_max, &plain));
    velum_status status = record_encode(what->record, &plain);
    if (status == VELUM_OK) {
        status =
            sealed_write(key, &self->random, &place, (crypto_part){plain.data, plain.size}, out);
    }
    secret_arena_rewind(opened->arena, mark);
    return status;
}

/* The wrapped form of a key with the commitment. */
static velum_status wrap_key(const vault *self, const opened_subject *opened, uint16_t category,
                             const uint8_t key[KEY_BYTES], buffer *out)
{
    const sealed_place place = opened_data_place(opened, PLACE_CATEGORY_KEY, category);
    uint8_t commitment[COMMITMENT_BYTES];

    VELUM_TRY(sealed_write(opened->category_wrapping_key, &self->random, &place,
                           (crypto_part){key, KEY_BYTES}, out));
    commit_to(key, commitment);
    buffer_append(out, commitment, sizeof(commitment));
    return buffer_status(out);
}

/* How many categories the subject has. */
static velum_status count_rows(store_conn *conn, const subject_id *id, int64_t *out)
{
    static const char sql[] = "SELECT count(*) FROM category WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
    *out = stmt_integer(stmt, 0);
    return VELUM_OK;
}

static velum_status bind_category(store_stmt *stmt, const record_place *what, const buffer *sealed)
{
    VELUM_TRY(stmt_bind_integer(stmt, 2, what->category));
    VELUM_TRY(stmt_bind_integer(stmt, 3, what->version));
    return stmt_bind_blob(stmt, 4, sealed->data, sealed->size);
}

static velum_status insert_row(store_conn *conn, const subject_id *id, const record_place *what,
                               const buffer *sealed, const buffer *wrapped)
{
    static const char sql[] =
        "INSERT INTO category (subject, category, version, sealed, wrapped_key)"
        " VALUES ($1, $2, $3, $4, $5)";
    VELUM_AUTO_STMT *stmt = NULL;
    int64_t count = 0;

    VELUM_TRY(count_rows(conn, id, &count));
    if (count >= VAULT_CATEGORIES_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(bind_category(stmt, what, sealed));
    VELUM_TRY(stmt_bind_blob(stmt, 5, wrapped->data, wrapped->size));
    return stmt_execute(stmt);
}

static velum_status update_row(store_conn *conn, const subject_id *id, const record_place *what,
                               const buffer *sealed)
{
    static const char sql[] = "UPDATE category SET version = $3, sealed = $4"
                              " WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(bind_category(stmt, what, sealed));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

/* A key may be wrapped under the data key alone that the row is sealed under. */
static velum_status check_data_key(store_conn *conn, const opened_subject *opened)
{
    subject_row row;

    if (opened->is_new) {
        return VELUM_OK; /* which no other can have taken the place of yet */
    }
    VELUM_TRY(subject_row_read(conn, &opened->id, &row));
    return row.key_version == opened->key_version ? VELUM_OK : VELUM_E_STALE;
}

static velum_status put_first(vault *self, store_conn *conn, const opened_subject *opened,
                              const record_place *what)
{
    VELUM_AUTO_BUFFER wrapped;
    VELUM_AUTO_BUFFER sealed;
    uint8_t key[KEY_BYTES];

    buffer_init(&wrapped, CATEGORY_KEY_BYTES);
    buffer_init(&sealed, CATEGORY_SEALED_BYTES_MAX);
    VELUM_TRY(check_data_key(conn, opened));
    random_fill(&self->random, key, sizeof(key));
    velum_status status = wrap_key(self, opened, what->category, key, &wrapped);
    if (status == VELUM_OK) {
        status = seal_record(self, opened, what, key, &sealed);
    }
    mem_wipe(key, sizeof(key));
    VELUM_TRY(status);
    return insert_row(conn, &opened->id, what, &sealed, &wrapped);
}

static velum_status put_next(vault *self, store_conn *conn, const opened_subject *opened,
                             const record_place *what, const sealed_category *row)
{
    VELUM_AUTO_BUFFER sealed;
    uint8_t key[KEY_BYTES];

    buffer_init(&sealed, CATEGORY_SEALED_BYTES_MAX);
    velum_status status = category_key_open(
        opened, what->category, (crypto_part){row->wrapped_key, CATEGORY_KEY_BYTES}, key);
    if (status == VELUM_OK) {
        status = seal_record(self, opened, what, key, &sealed);
    }
    mem_wipe(key, sizeof(key));
    VELUM_TRY(status);
    return update_row(conn, &opened->id, what, &sealed);
}

/* The row as the transaction shows it: version and wrapped key; VELUM_E_NOTFOUND. */
static velum_status read_row(store_conn *conn, const subject_id *id, uint16_t category,
                             sealed_category *out)
{
    static const char sql[] = "SELECT version, wrapped_key FROM category"
                              " WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, category));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    VELUM_TRY(column_u32(stmt, 0, 1, &out->version));
    return column_bytes(stmt, 1, out->wrapped_key, sizeof(out->wrapped_key));
}

velum_status vault_put_category(vault *self, store_conn *conn, const opened_subject *opened,
                                const record_place *place)
{
    sealed_category row = {.version = 0};

    if (place->category == 0 || place->category > CATEGORY_NUMBER_MAX || place->version == 0) {
        return VELUM_E_INVALID;
    }
    const velum_status status = read_row(conn, &opened->id, place->category, &row);
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (place->version != row.version + 1) {
        return VELUM_E_TAMPERED; /* the caller's version comes from the state (V-4) */
    }
    return row.version == 0 ? put_first(self, conn, opened, place)
                            : put_next(self, conn, opened, place, &row);
}

/* --- rows of before --------------------------------------------------------------------------------------- */

static velum_status rewrap_key(const vault *self, const category_pair *pair, uint16_t category,
                               const sealed_category *row, buffer *out)
{
    uint8_t key[KEY_BYTES];

    VELUM_TRY(category_key_open(pair->from, category,
                                (crypto_part){row->wrapped_key, CATEGORY_KEY_BYTES}, key));
    const velum_status status = wrap_key(self, pair->to, category, key, out);
    mem_wipe(key, sizeof(key));
    return status;
}

velum_status category_rewrap(const vault *self, store_conn *conn, const category_pair *pair,
                             uint16_t category)
{
    static const char sql[] = "UPDATE category SET wrapped_key = $3"
                              " WHERE subject = $1 AND category = $2";
    VELUM_AUTO_BUFFER wrapped;
    VELUM_AUTO_STMT *stmt = NULL;
    sealed_category row = {.version = 0};

    buffer_init(&wrapped, CATEGORY_KEY_BYTES);
    VELUM_TRY(read_row(conn, &pair->from->id, category, &row));
    VELUM_TRY(rewrap_key(self, pair, category, &row, &wrapped));
    VELUM_TRY(statement_for(conn, sql, &pair->from->id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, category));
    VELUM_TRY(stmt_bind_blob(stmt, 3, wrapped.data, wrapped.size));
    return stmt_execute(stmt);
}

/* Plaintext of the sealed bytes that stand in the statement's column 0. */
static velum_status open_column(const opened_subject *opened, const sealed_category *row,
                                store_stmt *stmt, crypto_part *out)
{
    const sealed_place place = opened_place(opened, row->number, row->version);
    const crypto_part sealed = stmt_blob(stmt, 0);
    uint8_t key[KEY_BYTES];
    void *bytes = NULL;

    if (sealed.size < SEALED_OVERHEAD_BYTES || sealed.size > CATEGORY_SEALED_BYTES_MAX) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(secret_arena_slice(opened->arena, sealed.size - SEALED_OVERHEAD_BYTES, &bytes));
    VELUM_TRY(category_key_open(opened, row->number,
                                (crypto_part){row->wrapped_key, CATEGORY_KEY_BYTES}, key));
    const velum_status status = sealed_open(key, &place, sealed, bytes);
    mem_wipe(key, sizeof(key));
    VELUM_TRY(status);
    *out = (crypto_part){bytes, sealed.size - SEALED_OVERHEAD_BYTES};
    return VELUM_OK;
}

velum_status category_open_row(store_conn *conn, const opened_subject *opened, uint16_t category,
                               uint32_t version, crypto_part *out)
{
    static const char sql[] = "SELECT sealed FROM category WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;
    sealed_category row = {.number = category};

    VELUM_TRY(read_row(conn, &opened->id, category, &row));
    if (row.version != version) {
        return VELUM_E_TAMPERED; /* V-4 */
    }
    VELUM_TRY(statement_for(conn, sql, &opened->id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, category));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    return open_column(opened, &row, stmt, out);
}
