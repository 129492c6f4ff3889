/* vault/retained.c: categories that a law keeps when the person's data goes.
 *
 * Each is sealed anew under a random key of its own, which keys.db wraps; the row in vault.db says by
 * which legal basis and until when. The key's term ends with the row's: destroying it is a destruction
 * of its own. Format: docs/formats/sealed.md, "Places and keys".
 */
#include "vault/internal.h"

static void sealing_key(const uint8_t retained_key[KEY_BYTES], uint16_t category,
                        uint8_t out[KEY_BYTES])
{
    uint8_t context[2];

    bytes_write_u16be(context, category);
    key_derive(retained_key, "velum retained 1", context, sizeof(context), out);
}

static velum_status statement_for_category(store_conn *conn, const char *sql, const subject_id *id,
                                           uint16_t category, store_stmt **out)
{
    VELUM_TRY(statement_for(conn, sql, id, out));
    return stmt_bind_integer(*out, 2, category);
}

/* --- keys.db ------------------------------------------------------------------------------------------------ */

static velum_status read_wrapped(store_conn *keys, const subject_id *id, uint16_t category,
                                 uint8_t out[WRAPPED_KEY_BYTES])
{
    static const char sql[] =
        "SELECT s.first FROM retained_key r JOIN key_slot s ON s.slot = r.slot"
        " WHERE r.subject = $1 AND r.category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for_category(keys, sql, id, category, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    return column_bytes(stmt, 0, out, WRAPPED_KEY_BYTES);
}

static velum_status read_key(vault *self, const store_conn *conn, const subject_id *id,
                             uint16_t category, uint8_t out[KEY_BYTES])
{
    uint8_t wrapped[WRAPPED_KEY_BYTES];
    store_conn *reader = NULL;
    velum_status status = VELUM_OK;

    if (conn == self->vault_writer) {
        status = read_wrapped(store_writer(self->keys_db), id, category, wrapped);
    } else {
        VELUM_TRY(store_reader_acquire(self->keys_db, KEYS_WAIT_MS, &reader));
        status = read_wrapped(reader, id, category, wrapped);
        store_reader_release(self->keys_db, reader);
    }
    VELUM_TRY(status);
    return keyring_unwrap(self->keys, KEY_KIND_RETAINED, id->bytes, wrapped, out);
}

static velum_status insert_wrapped(vault *self, const subject_id *id, uint16_t category,
                                   const uint8_t wrapped[WRAPPED_KEY_BYTES])
{
    static const char key_sql[] = "INSERT INTO retained_key (subject, category, slot)"
                                  " VALUES ($1, $2, $3)";
    static const char mark_sql[] = "INSERT INTO retained_new (subject, category) VALUES ($1, $2)";
    store_conn *const keys = store_writer(self->keys_db);
    VELUM_AUTO_STMT *stmt = NULL;
    VELUM_AUTO_STMT *mark = NULL;
    key_slot contents = {.second = {0}};
    int64_t slot = 0;

    memcpy(contents.first, wrapped, sizeof(contents.first));
    VELUM_TRY(subject_keys_begin(self));
    VELUM_TRY(key_slot_take(keys, &contents, &slot));
    VELUM_TRY(statement_for_category(keys, key_sql, id, category, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 3, slot));
    VELUM_TRY(stmt_execute(stmt));
    VELUM_TRY(statement_for_category(keys, mark_sql, id, category, &mark));
    return stmt_execute(mark);
}

/* One that a transaction left which never committed is used again: it may come back. */
static velum_status make_key(vault *self, const subject_id *id, uint16_t category,
                             uint8_t out[KEY_BYTES])
{
    uint8_t wrapped[WRAPPED_KEY_BYTES];

    const velum_status status = read_key(self, self->vault_writer, id, category, out);
    if (status != VELUM_E_NOTFOUND) {
        return status;
    }
    random_fill(&self->random, out, KEY_BYTES);
    keyring_wrap(self->keys, &self->random, KEY_KIND_RETAINED, id->bytes, out, wrapped);
    return insert_wrapped(self, id, category, wrapped);
}

velum_status retained_key_drop(store_conn *keys, const subject_id *id, uint16_t category)
{
    static const char find_sql[] = "SELECT slot FROM retained_key"
                                   " WHERE subject = $1 AND category = $2";
    static const char drop_sql[] = "DELETE FROM retained_key WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *find = NULL;
    VELUM_AUTO_STMT *drop = NULL;

    VELUM_TRY(statement_for_category(keys, find_sql, id, category, &find));
    const velum_status status = stmt_step(find);
    if (status != VELUM_OK) {
        return status == VELUM_END ? VELUM_OK : status;
    }
    const int64_t slot = stmt_integer(find, 0);
    stmt_reset(find);
    VELUM_TRY(key_slot_free(keys, slot));
    VELUM_TRY(statement_for_category(keys, drop_sql, id, category, &drop));
    VELUM_TRY(stmt_execute(drop));
    return retained_key_unmark(keys, id, category);
}

velum_status retained_key_unmark(store_conn *keys, const subject_id *id, uint16_t category)
{
    static const char sql[] = "DELETE FROM retained_new WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for_category(keys, sql, id, category, &stmt));
    return stmt_execute(stmt);
}

velum_status retained_key_is_gone(vault *self, const subject_id *id, uint16_t category)
{
    uint8_t wrapped[WRAPPED_KEY_BYTES];
    const velum_status status = read_wrapped(store_writer(self->keys_db), id, category, wrapped);

    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    return status == VELUM_OK ? VELUM_E_CORRUPT : status;
}

/* --- keeping -------------------------------------------------------------------------------------------------- */

static velum_status insert_retained(store_conn *conn, const subject_id *id,
                                    const retained_category *what, const buffer *sealed)
{
    static const char sql[] =
        "INSERT INTO retained (subject, category, version, basis, until_ns, sealed)"
        " VALUES ($1, $2, $3, $4, $5, $6)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for_category(conn, sql, id, what->category, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 3, what->version));
    VELUM_TRY(stmt_bind_integer(stmt, 4, what->basis));
    VELUM_TRY(stmt_bind_integer(stmt, 5, what->until_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 6, sealed->data, sealed->size));
    return stmt_execute(stmt);
}

static velum_status seal_retained(vault *self, const opened_subject *opened,
                                  const retained_category *what, crypto_part plain, buffer *out)
{
    const sealed_place place = opened_place(opened, what->category, what->version);
    uint8_t retained_key[KEY_BYTES];
    uint8_t key[KEY_BYTES];

    velum_status status = make_key(self, &opened->id, what->category, retained_key);
    if (status == VELUM_OK) {
        sealing_key(retained_key, what->category, key);
        status = sealed_write(key, &self->random, &place, plain, out);
    }
    mem_wipe(retained_key, sizeof(retained_key));
    mem_wipe(key, sizeof(key));
    return status;
}

velum_status retained_keep(vault *self, store_conn *conn, const opened_subject *opened,
                           const retained_category *what)
{
    VELUM_AUTO_BUFFER sealed;
    const size_t mark = secret_arena_mark(opened->arena);
    crypto_part plain = {NULL, 0};

    buffer_init(&sealed, CATEGORY_SEALED_BYTES_MAX);
    velum_status status = category_open_row(conn, opened, what->category, what->version, &plain);
    if (status == VELUM_OK) {
        status = seal_retained(self, opened, what, plain, &sealed);
    }
    secret_arena_rewind(opened->arena, mark);
    VELUM_TRY(status);
    return insert_retained(conn, &opened->id, what, &sealed);
}

/* --- reading --------------------------------------------------------------------------------------------------- */

/* What is being destroyed is not there any more (V-6). */
#define RETAINED_STANDS                                                           \
    " NOT EXISTS (SELECT 1 FROM destruction d WHERE d.subject = retained.subject" \
    " AND d.kind = 3 AND d.category = retained.category)"

velum_status vault_retained_list(store_conn *conn, const subject_id *id,
                                 retained_category out[VAULT_CATEGORIES_MAX], uint32_t *out_count)
{
    static const char sql[] = "SELECT category, basis, version, until_ns FROM retained"
                              " WHERE subject = $1 AND" RETAINED_STANDS " ORDER BY category";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;
    uint32_t count = 0;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        retained_category *const row = &out[count];
        if (count == VAULT_CATEGORIES_MAX) {
            return VELUM_E_CORRUPT;
        }
        row->category = (uint16_t)stmt_integer(stmt, 0);
        row->basis = (uint16_t)stmt_integer(stmt, 1);
        VELUM_TRY(column_u32(stmt, 2, 1, &row->version));
        row->until_ns = stmt_integer(stmt, 3);
        count++;
    }
    VELUM_TRY(status);
    *out_count = count;
    return VELUM_OK;
}

/* Opens the row that stands into the arena. */
static velum_status open_row(vault *self, store_stmt *stmt, const sealed_place *place,
                             const uint8_t retained_key[KEY_BYTES], uint8_t *out)
{
    const crypto_part sealed = stmt_blob(stmt, 1);
    uint8_t key[KEY_BYTES];

    (void)self;
    sealing_key(retained_key, place->category, key);
    const velum_status status = sealed_open(key, place, sealed, out);
    mem_wipe(key, sizeof(key));
    return status;
}

static velum_status open_retained(vault *self, store_conn *conn, sealed_place *place,
                                  secret_arena *arena, record **out)
{
    static const char sql[] = "SELECT version, sealed FROM retained"
                              " WHERE subject = $1 AND category = $2 AND" RETAINED_STANDS;
    VELUM_AUTO_STMT *stmt = NULL;
    uint8_t retained_key[KEY_BYTES];
    subject_id id;
    void *bytes = NULL;
    void *made = NULL;

    memcpy(id.bytes, place->subject, SUBJECT_ID_BYTES);
    VELUM_TRY(statement_for_category(conn, sql, &id, place->category, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    VELUM_TRY(column_u32(stmt, 0, 1, &place->version));
    const size_t sealed_size = stmt_blob(stmt, 1).size;
    if (sealed_size < SEALED_OVERHEAD_BYTES || sealed_size > CATEGORY_SEALED_BYTES_MAX) {
        return VELUM_E_CORRUPT;
    }
    const size_t size = sealed_size - SEALED_OVERHEAD_BYTES;
    VELUM_TRY(secret_arena_slice(arena, size, &bytes));
    VELUM_TRY(secret_arena_slice(arena, sizeof(record), &made));
    VELUM_TRY(read_key(self, conn, &id, place->category, retained_key));
    const velum_status status = open_row(self, stmt, place, retained_key, bytes);
    mem_wipe(retained_key, sizeof(retained_key));
    VELUM_TRY(status);
    VELUM_TRY(record_decode(bytes, size, made));
    *out = made;
    return VELUM_OK;
}

velum_status vault_retained_open(vault *self, store_conn *conn, const subject_id *id,
                                 uint16_t category, secret_arena *arena, record **out)
{
    const size_t mark = secret_arena_mark(arena);
    sealed_place place = {.subject = id->bytes,
                          .tenant = keyring_tenant(self->keys),
                          .key_version = SUBJECT_KEY_VERSION,
                          .category = category};

    *out = NULL;
    const velum_status status = open_retained(self, conn, &place, arena, out);
    if (status < 0) {
        secret_arena_rewind(arena, mark);
    }
    return status;
}

/* --- step 1 of its end -------------------------------------------------------------------------------------------- */

velum_status vault_destroy_retained(vault *self, store_conn *conn, const subject_id *id,
                                    uint16_t category, const destruction_plan *plan)
{
    static const char sql[] = "SELECT 1 FROM retained WHERE subject = $1 AND category = $2";
    const destruction_start start = {.subject = id, .kind = DESTROY_RETAINED, .category = category};
    VELUM_AUTO_STMT *stmt = NULL;

    (void)self;
    VELUM_TRY(statement_for_category(conn, sql, id, category, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    return destruction_begin(conn, &start, plan);
}
