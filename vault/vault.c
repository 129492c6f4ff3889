/* vault/vault.c: the vault as a whole: schema, opening, closing, and the blind index.
 *
 * Tables of vault.db and keys.db: docs/formats/vault.md. Rows of `subject` and `category` are larger
 * than a page's share for an index tree, so these two keep SQLite's row ids; the others do without.
 */
#include "vault/internal.h"

#include "base/status.h"

#include <stdio.h>

#define TYPE_AND_FORM_BYTES 64

const char *const vault_schema_1[] = {
    "CREATE TABLE subject ("
    " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16),"
    " status INTEGER NOT NULL CHECK (status BETWEEN 1 AND 3),"
    " state_version INTEGER NOT NULL CHECK (state_version >= 1),"
    " state BLOB NOT NULL"
    ") STRICT",
    "CREATE TABLE category ("
    " subject BLOB NOT NULL,"
    " category INTEGER NOT NULL CHECK (category BETWEEN 1 AND 65279),"
    " version INTEGER NOT NULL CHECK (version >= 1),"
    " wrapped_key BLOB NOT NULL,"
    " sealed BLOB NOT NULL,"
    " PRIMARY KEY (subject, category)"
    ") STRICT",
    "CREATE TABLE blind_index ("
    " type_and_form TEXT NOT NULL,"
    " key_version INTEGER NOT NULL,"
    " hash BLOB NOT NULL CHECK (length(hash) = 32),"
    " suite INTEGER NOT NULL,"
    " tenant INTEGER NOT NULL,"
    " subject BLOB NOT NULL CHECK (length(subject) = 16),"
    " PRIMARY KEY (type_and_form, key_version, hash)"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX blind_index_subject ON blind_index (subject)",
    "CREATE TABLE consent_event ("
    " subject BLOB NOT NULL,"
    " n INTEGER NOT NULL CHECK (n >= 1),"
    " sealed BLOB NOT NULL,"
    " PRIMARY KEY (subject, n)"
    ") STRICT, WITHOUT ROWID",
    NULL};

static velum_status open_parts(vault *self, const vault_options *options, velum_error *err)
{
    if (options->cache_bytes > 0) {
        const velum_status status =
            cache_create(options->cache_bytes, &options->random, &self->cache);
        if (status < 0) {
            return error_set(err, status, "no memory for the cache of sealed rows");
        }
    }
    VELUM_TRY(subject_keys_open(self, options, err));
    const velum_status status = subject_keys_collect(self);
    if (status < 0) {
        return error_set(err, status, "keys without a subject cannot be collected");
    }
    return VELUM_OK;
}

velum_status vault_create_or_open(const vault_options *options, vault **out, velum_error *err)
{
    VELUM_AUTO(vault) *self = mem_alloc(sizeof(*self));

    *out = NULL;
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    self->keys = options->keys;
    self->vault_db = options->vault_db;
    self->vault_writer = store_writer(options->vault_db);
    self->random = options->random;
    VELUM_TRY(open_parts(self, options, err));
    *out = vault_take(&self);
    return VELUM_OK;
}

void vault_free(vault *self)
{
    if (self == NULL) {
        return;
    }
    vault_keys_rollback(self);
    cache_free(self->cache);
    store_free(self->keys_db);
    mem_free(self);
}

uint64_t vault_cache_bytes(const vault *self)
{
    return self->cache == NULL ? 0 : cache_bytes(self->cache);
}

/* --- the blind index -------------------------------------------------------------------------------- */

/* Binds type and form, key version and hash as $1 … $3. */
static velum_status bind_index_key(const vault *self, store_stmt *stmt, const identifier *value)
{
    char type_and_form[TYPE_AND_FORM_BYTES];
    uint8_t hash[IDENTIFIER_HASH_BYTES];

    const int length = snprintf(type_and_form, sizeof(type_and_form), "%.*s/%u",
                                (int)value->type.size, value->type.data, (unsigned int)value->form);
    if (length < 0 || (size_t)length >= sizeof(type_and_form)) {
        return VELUM_E_INVALID;
    }
    identifier_hash(self->keys, value, hash);
    VELUM_TRY(stmt_bind_text(stmt, 1, (text){type_and_form, (size_t)length}));
    VELUM_TRY(stmt_bind_integer(stmt, 2, INDEX_KEY_VERSION));
    return stmt_bind_blob(stmt, 3, hash, sizeof(hash));
}

velum_status vault_find(vault *self, store_conn *conn, const identifier *value, subject_id *out)
{
    static const char sql[] = "SELECT subject FROM blind_index"
                              " WHERE type_and_form = $1 AND key_version = $2 AND hash = $3";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(bind_index_key(self, stmt, value));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    return column_bytes(stmt, 0, out->bytes, SUBJECT_ID_BYTES);
}

velum_status vault_attach(vault *self, store_conn *conn, const subject_id *id,
                          const identifier *value)
{
    static const char sql[] =
        "INSERT INTO blind_index (type_and_form, key_version, hash, suite, tenant, subject)"
        " VALUES ($1, $2, $3, $4, $5, $6)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(bind_index_key(self, stmt, value));
    VELUM_TRY(stmt_bind_integer(stmt, 4, INDEX_SUITE));
    VELUM_TRY(stmt_bind_integer(stmt, 5, keyring_tenant(self->keys)));
    VELUM_TRY(stmt_bind_blob(stmt, 6, id->bytes, SUBJECT_ID_BYTES));
    return stmt_execute(stmt);
}
