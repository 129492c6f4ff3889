/* core/policy_store.c: text of bundles, when they were in force, and the table `proposal`. */
#include "core/policy_store.h"

#include "core/notices.h"
#include "core/registry.h"
#include "core/schema.h"

const char *const policy_schema_2[] = {
    "CREATE TABLE proposal ("
    " hash BLOB PRIMARY KEY CHECK (length(hash) = 32),"
    " name TEXT NOT NULL,"
    " by_name TEXT NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " note TEXT NOT NULL,"
    " state INTEGER NOT NULL,"
    " approval BLOB,"
    " is_approved INTEGER NOT NULL,"
    " activate_at_ns INTEGER NOT NULL,"
    " shadow INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    NULL,
};

/* --- text --------------------------------------------------------------------------------------- */

void stored_files_clear(stored_files *self)
{
    for (size_t i = 0; i < self->count; i++) {
        mem_free((void *)(uintptr_t)self->files[i].name.data);
        mem_free((void *)(uintptr_t)self->files[i].bytes.data);
    }
    self->count = 0;
}

static velum_status copy_file(store_stmt *stmt, bundle_file *out)
{
    const text name = stmt_text(stmt, 0);
    const crypto_part bytes = stmt_blob(stmt, 1);
    char *const name_copy = mem_copy_text(name.data, name.size);
    char *const bytes_copy = mem_copy_text(bytes.size > 0 ? bytes.data : "", bytes.size);

    *out = (bundle_file){{name_copy, name.size}, {bytes_copy, bytes.size}};
    return name_copy == NULL || bytes_copy == NULL ? VELUM_E_NOMEM : VELUM_OK;
}

velum_status policy_files_of(store_conn *conn, const uint8_t hash[SHA256_BYTES], stored_files *out)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    out->count = 0;
    VELUM_TRY(conn_statement(
        conn, "SELECT name, bytes FROM bundle_file WHERE hash = $1 ORDER BY name", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    while (out->count < STORED_FILES_MAX && (status = stmt_step(stmt)) == VELUM_OK) {
        status = copy_file(stmt, &out->files[out->count++]);
        if (status < 0) {
            break;
        }
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

velum_status policy_bundle_of(store_conn *conn, const uint8_t hash[SHA256_BYTES], bundle **out,
                              velum_error *err)
{
    VELUM_AUTO_STORED_FILES files = {.count = 0};
    VELUM_AUTO(bundle) *bundle = NULL;

    VELUM_TRY(policy_files_of(conn, hash, &files));
    if (files.count == 0) {
        return VELUM_E_NOTFOUND;
    }
    VELUM_TRY(bundle_compile(files.files, files.count, NULL, NULL, &bundle, err));
    if (memcmp(bundle->hash, hash, SHA256_BYTES) != 0) {
        return VELUM_E_TAMPERED; /* the stored policy is not the one of that hash */
    }
    *out = bundle_take(&bundle);
    return VELUM_OK;
}

static velum_status keep_file(store_conn *conn, const uint8_t hash[SHA256_BYTES],
                              const bundle_file *file)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO bundle_file (hash, name, bytes) VALUES ($1, $2, $3)"
                             " ON CONFLICT (hash, name) DO NOTHING",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 2, file->name));
    VELUM_TRY(stmt_bind_blob(stmt, 3, file->bytes.data, file->bytes.size));
    return stmt_execute(stmt);
}

velum_status policy_keep(write_batch *batch, const bundle *bundle, const bundle_file *files,
                         size_t count)
{
    VELUM_TRY(registry_add_bundle(batch, bundle, clock_wall_ns(&batch->gate->clock)));
    for (size_t i = 0; i < count; i++) {
        VELUM_TRY(keep_file(batch->conn, bundle->hash, &files[i]));
    }
    return notices_put_bundle(batch, bundle);
}

/* --- in force ----------------------------------------------------------------------------------- */

velum_status policy_put_in_force(store_conn *conn, const uint8_t hash[SHA256_BYTES], int64_t at_ns)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(
        conn_statement(conn, "INSERT INTO bundle_applied (hash, at_ns) VALUES ($1, $2)", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, at_ns));
    return stmt_execute(stmt);
}

static velum_status take_hash(store_stmt *stmt, uint8_t out[SHA256_BYTES])
{
    const velum_status status = stmt_step(stmt);

    if (status == VELUM_OK) {
        const crypto_part hash = stmt_blob(stmt, 0);
        if (hash.size != SHA256_BYTES) {
            stmt_reset(stmt);
            return VELUM_E_CORRUPT;
        }
        memcpy(out, hash.data, SHA256_BYTES);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

velum_status policy_last_but(store_conn *conn, const uint8_t but[SHA256_BYTES],
                             uint8_t out[SHA256_BYTES])
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "SELECT hash FROM bundle_applied WHERE hash <> $1 ORDER BY n DESC LIMIT 1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, but, SHA256_BYTES));
    return take_hash(stmt, out);
}

velum_status policy_was_in_force(store_conn *conn, const uint8_t hash[SHA256_BYTES], bool *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT count(*) FROM bundle_applied WHERE hash = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    VELUM_TRY(stmt_step(stmt));
    *out = stmt_integer(stmt, 0) > 0;
    stmt_reset(stmt);
    return VELUM_OK;
}

/* --- notices of old folders ---------------------------------------------------------------------- */

#define OLD_BUNDLES_AT_ONCE 64

/* Whether the registry knows a notice whose text is not kept. */
static velum_status notices_are_missing(store_conn *conn, bool *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT count(*) FROM registry WHERE kind = 6"
                             " AND number NOT IN (SELECT number FROM notice)",
                             &stmt));
    VELUM_TRY(stmt_step(stmt));
    *out = stmt_integer(stmt, 0) > 0;
    stmt_reset(stmt);
    return VELUM_OK;
}

/* Distinct bundles behind the `from`th. */
static velum_status read_hashes(store_conn *conn, int64_t from,
                                uint8_t out[OLD_BUNDLES_AT_ONCE][SHA256_BYTES], uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    *out_count = 0;
    VELUM_TRY(conn_statement(conn,
                             "SELECT hash FROM bundle_applied GROUP BY hash ORDER BY min(n)"
                             " LIMIT 64 OFFSET $1",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, from));
    while (*out_count < OLD_BUNDLES_AT_ONCE && (status = stmt_step(stmt)) == VELUM_OK) {
        const crypto_part hash = stmt_blob(stmt, 0);
        if (hash.size == SHA256_BYTES) {
            memcpy(out[(*out_count)++], hash.data, SHA256_BYTES);
        }
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* One that this version does not compile any more keeps its text only. */
static velum_status keep_old(write_batch *batch, const uint8_t hash[SHA256_BYTES])
{
    VELUM_AUTO(bundle) *bundle = NULL;
    const velum_status status = policy_bundle_of(batch->conn, hash, &bundle, NULL);

    if (status == VELUM_E_INVALID || status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    return notices_put_bundle(batch, bundle);
}

velum_status policy_keep_old_notices(write_batch *batch, bool *out_kept)
{
    uint8_t hashes[OLD_BUNDLES_AT_ONCE][SHA256_BYTES];
    uint32_t count = 0;
    int64_t from = 0;

    VELUM_TRY(notices_are_missing(batch->conn, out_kept));
    if (!*out_kept) {
        return VELUM_OK;
    }
    do {
        VELUM_TRY(read_hashes(batch->conn, from, hashes, &count));
        for (uint32_t i = 0; i < count; i++) {
            VELUM_TRY(keep_old(batch, hashes[i]));
        }
        from += count;
    } while (count == OLD_BUNDLES_AT_ONCE);
    return VELUM_OK;
}
