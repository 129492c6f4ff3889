/* vault/vault.c: the vault as a whole: schema, opening, closing, and the blind index.
 *
 * Tables of vault.db and keys.db: docs/formats/vault.md. Rows of `subject` and `category` are larger
 * than a page's share for an index tree, so these two keep SQLite's row ids; the others do without.
 */
#include "vault/internal.h"

#include "base/status.h"

#include <stdio.h>

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

const char *const vault_schema_2[] = {
    "ALTER TABLE subject ADD COLUMN generation INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0)",
    "ALTER TABLE subject ADD COLUMN key_version INTEGER NOT NULL DEFAULT 1"
    " CHECK (key_version >= 1)",
    /* what of a category a law keeps, under a key of its own in keys.db */
    "CREATE TABLE retained ("
    " subject BLOB NOT NULL CHECK (length(subject) = 16),"
    " category INTEGER NOT NULL CHECK (category BETWEEN 1 AND 65279),"
    " version INTEGER NOT NULL CHECK (version >= 1),"
    " basis INTEGER NOT NULL,"
    " until_ns INTEGER NOT NULL,"
    " sealed BLOB NOT NULL,"
    " PRIMARY KEY (subject, category)"
    ") STRICT",
    /* what is remembered of somebody erased, under the evidence key */
    "CREATE TABLE erased ("
    " subject BLOB NOT NULL PRIMARY KEY CHECK (length(subject) = 16),"
    " evidence_until_ns INTEGER NOT NULL,"
    " sealed BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID",
    /* destructions under way, between steps 1 and 3 */
    "CREATE TABLE destruction ("
    " n INTEGER PRIMARY KEY CHECK (n >= 1),"
    " subject BLOB NOT NULL CHECK (length(subject) = 16),"
    " kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),"
    " category INTEGER NOT NULL,"
    " categories BLOB NOT NULL," /* destroyed in step 1: u16be each */
    " event_id BLOB NOT NULL CHECK (length(event_id) = 16),"
    " request_id BLOB NOT NULL CHECK (length(request_id) = 16),"
    " at_ns INTEGER NOT NULL,"
    " UNIQUE (subject, category)"
    ") STRICT",
    "CREATE TABLE suppression ("
    " hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),"
    " scope INTEGER NOT NULL,"
    " reason INTEGER NOT NULL,"
    " basis INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " expires_ns INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX suppression_expires ON suppression (expires_ns)", NULL};

const char *const vault_schema_3[] = {
    "CREATE TABLE search_index ("
    " field INTEGER NOT NULL CHECK (field BETWEEN 1 AND 65535),"
    " hash BLOB NOT NULL CHECK (length(hash) = 8),"
    " subject BLOB NOT NULL CHECK (length(subject) = 16),"
    " category INTEGER NOT NULL,"
    " PRIMARY KEY (field, hash, subject)"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX search_index_subject ON search_index (subject)",
    /* several records that are one person: the one that stays, and since when (vault/person.c) */
    "ALTER TABLE subject ADD COLUMN person BLOB CHECK (length(person) = 16)",
    "ALTER TABLE subject ADD COLUMN joined_ns INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX subject_person ON subject (person, joined_ns, subject) WHERE person IS NOT NULL",
    /* entries of `suppression` that places lack (vault/mirror.c) */
    "CREATE TABLE suppression_due (n INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL) STRICT",
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
    return subject_keys_open(self, options, err);
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
    self->is_restoring = options->is_restoring;
    (void)pthread_mutex_init(&self->recent.lock, NULL);
    VELUM_TRY(open_parts(self, options, err));
    *out = vault_take(&self);
    return VELUM_OK;
}

velum_status vault_collect(vault *self, velum_error *err)
{
    const velum_status status = subject_keys_collect(self);

    return status < 0 ? error_set(err, status, "keys without a subject cannot be collected")
                      : VELUM_OK;
}

void vault_free(vault *self)
{
    if (self == NULL) {
        return;
    }
    vault_keys_rollback(self);
    cache_free(self->cache);
    store_free(self->keys_db);
    generation_clear(self);
    (void)pthread_mutex_destroy(&self->recent.lock);
    mem_free(self);
}

uint64_t vault_cache_bytes(const vault *self)
{
    return self->cache == NULL ? 0 : cache_bytes(self->cache);
}

/* --- the blind index -------------------------------------------------------------------------------- */

velum_status index_type_and_form(const identifier *value, char out[TYPE_AND_FORM_BYTES],
                                 text *out_text)
{
    const int length = snprintf(out, TYPE_AND_FORM_BYTES, "%.*s/%u", (int)value->type.size,
                                value->type.data, (unsigned int)value->form);

    if (length < 0 || length >= TYPE_AND_FORM_BYTES) {
        return VELUM_E_INVALID;
    }
    *out_text = (text){out, (size_t)length};
    return VELUM_OK;
}

/* Binds type and form, key version and hash as $1 … $3. */
static velum_status bind_index_key(const vault *self, store_stmt *stmt, const identifier *value)
{
    char type_and_form[TYPE_AND_FORM_BYTES];
    uint8_t hash[IDENTIFIER_HASH_BYTES];
    text name;

    VELUM_TRY(index_type_and_form(value, type_and_form, &name));
    identifier_hash(self->keys, value, hash);
    VELUM_TRY(stmt_bind_text(stmt, 1, name));
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

velum_status vault_detach(vault *self, store_conn *conn, const subject_id *id,
                          const identifier *value)
{
    static const char sql[] = "DELETE FROM blind_index WHERE type_and_form = $1"
                              " AND key_version = $2 AND hash = $3 AND subject = $4";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(bind_index_key(self, stmt, value));
    VELUM_TRY(stmt_bind_blob(stmt, 4, id->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_NOTFOUND;
}
