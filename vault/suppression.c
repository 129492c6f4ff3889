/* vault/suppression.c: who must not come back, or not be reached (I-6).
 *
 * A row is found by a hash over the blind index's hash, under a key of its own: it outlives the index
 * row, does not match it without the keyring, and can be made from the row alone when somebody is
 * erased. Format: docs/formats/vault.md, "Suppression".
 */
#include "vault/internal.h"

#define SUPPRESSION_HASH_BYTES 32

typedef struct suppression_key {
    uint8_t hash[SUPPRESSION_HASH_BYTES];
} suppression_key;

/* u32be length ‖ type and form ‖ index hash. */
static void key_of_index(const vault *self, text type_and_form,
                         const uint8_t index_hash[IDENTIFIER_HASH_BYTES], suppression_key *out)
{
    uint8_t key[KEY_BYTES];
    uint8_t length[4];

    bytes_write_u32be(length, (uint32_t)type_and_form.size);
    const crypto_part parts[] = {{length, sizeof(length)},
                                 {type_and_form.data, type_and_form.size},
                                 {index_hash, IDENTIFIER_HASH_BYTES}};
    keyring_token_key(self->keys, "suppression", key);
    blake2b_keyed(key, parts, 3, out->hash, sizeof(out->hash));
    mem_wipe(key, sizeof(key));
}

static velum_status key_of(const vault *self, const identifier *value, suppression_key *out)
{
    char type_and_form[TYPE_AND_FORM_BYTES];
    uint8_t hash[IDENTIFIER_HASH_BYTES];
    text name;

    VELUM_TRY(index_type_and_form(value, type_and_form, &name));
    identifier_hash(self->keys, value, hash);
    key_of_index(self, name, hash, out);
    return VELUM_OK;
}

static velum_status statement_by_key(store_conn *conn, const char *sql, const suppression_key *key,
                                     store_stmt **out)
{
    VELUM_TRY(conn_statement(conn, sql, out));
    return stmt_bind_blob(*out, 1, key->hash, sizeof(key->hash));
}

/* --- reading ------------------------------------------------------------------------------------------- */

static velum_status read_entry(store_conn *conn, const suppression_key *key, suppression *out)
{
    static const char sql[] = "SELECT scope, reason, basis, at_ns, expires_ns FROM suppression"
                              " WHERE hash = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    uint32_t basis = 0;

    VELUM_TRY(statement_by_key(conn, sql, key, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    VELUM_TRY(column_u32(stmt, 0, 0, &out->scope));
    VELUM_TRY(column_u32(stmt, 1, 0, &out->reason));
    VELUM_TRY(column_u32(stmt, 2, 0, &basis));
    out->basis = (uint16_t)basis;
    out->at_ns = stmt_integer(stmt, 3);
    out->expires_ns = stmt_integer(stmt, 4);
    return basis <= UINT16_MAX ? VELUM_OK : VELUM_E_CORRUPT;
}

static bool has_ended(const suppression *entry, int64_t now_ns)
{
    return entry->expires_ns != 0 && entry->expires_ns <= now_ns;
}

velum_status vault_suppression_find(vault *self, store_conn *conn, const identifier *value,
                                    int64_t now_ns, suppression *out)
{
    suppression_key key;
    suppression found = {.scope = 0};

    VELUM_TRY(key_of(self, value, &key));
    VELUM_TRY(read_entry(conn, &key, &found));
    if (has_ended(&found, now_ns)) {
        return VELUM_E_NOTFOUND;
    }
    *out = found;
    return VELUM_OK;
}

/* --- writing ------------------------------------------------------------------------------------------- */

/* Places lack this entry from now on, or its absence (M-1). */
static velum_status note_due(const vault *self, store_conn *conn, const suppression_key *key)
{
    static const char sql[] = "INSERT INTO suppression_due (hash) VALUES ($1)";
    VELUM_AUTO_STMT *stmt = NULL;

    if (!self->has_mirrors) {
        return VELUM_OK;
    }
    VELUM_TRY(statement_by_key(conn, sql, key, &stmt));
    return stmt_execute(stmt);
}

static velum_status write_entry(const vault *self, store_conn *conn, const suppression_key *key,
                                const suppression *entry)
{
    static const char sql[] =
        "INSERT INTO suppression (hash, scope, reason, basis, at_ns, expires_ns)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash) DO UPDATE SET"
        " scope = excluded.scope, reason = excluded.reason, basis = excluded.basis,"
        " at_ns = excluded.at_ns, expires_ns = excluded.expires_ns";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_by_key(conn, sql, key, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, entry->scope));
    VELUM_TRY(stmt_bind_integer(stmt, 3, entry->reason));
    VELUM_TRY(stmt_bind_integer(stmt, 4, entry->basis));
    VELUM_TRY(stmt_bind_integer(stmt, 5, entry->at_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 6, entry->expires_ns));
    VELUM_TRY(stmt_execute(stmt));
    return note_due(self, conn, key);
}

/* 0 is no end, and the latest. */
static int64_t later_end(int64_t a_ns, int64_t b_ns)
{
    if (a_ns == 0 || b_ns == 0) {
        return 0;
    }
    return a_ns > b_ns ? a_ns : b_ns;
}

/* What has ended by the new entry's time adds nothing to it. */
static velum_status add(const vault *self, store_conn *conn, const suppression_key *key,
                        const suppression *entry)
{
    suppression merged = *entry;
    suppression old = {.scope = 0};

    const velum_status status = read_entry(conn, key, &old);
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (status == VELUM_OK && !has_ended(&old, entry->at_ns)) {
        merged.scope |= old.scope;
        merged.expires_ns = later_end(old.expires_ns, entry->expires_ns);
    }
    return write_entry(self, conn, key, &merged);
}

velum_status vault_suppress(vault *self, store_conn *conn, const identifier *value,
                            const suppression *entry)
{
    suppression_key key;

    VELUM_TRY(key_of(self, value, &key));
    return add(self, conn, &key, entry);
}

velum_status vault_suppress_subject(vault *self, store_conn *conn, const subject_id *id,
                                    const suppression *entry, uint32_t *out_count)
{
    static const char sql[] = "SELECT type_and_form, hash FROM blind_index WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;
    uint32_t count = 0;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        uint8_t hash[IDENTIFIER_HASH_BYTES];
        suppression_key key;
        VELUM_TRY(column_bytes(stmt, 1, hash, sizeof(hash)));
        key_of_index(self, stmt_text(stmt, 0), hash, &key);
        VELUM_TRY(add(self, conn, &key, entry));
        count++;
    }
    VELUM_TRY(status);
    *out_count = count;
    return VELUM_OK;
}

velum_status vault_suppression_lift(vault *self, store_conn *conn, const identifier *value,
                                    uint32_t scope)
{
    static const char drop_sql[] = "DELETE FROM suppression WHERE hash = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    suppression_key key;
    suppression entry = {.scope = 0};

    VELUM_TRY(key_of(self, value, &key));
    VELUM_TRY(read_entry(conn, &key, &entry));
    entry.scope &= ~scope;
    if (entry.scope != 0) {
        return write_entry(self, conn, &key, &entry);
    }
    VELUM_TRY(statement_by_key(conn, drop_sql, &key, &stmt));
    VELUM_TRY(stmt_execute(stmt));
    return note_due(self, conn, &key);
}

velum_status vault_suppression_expire(store_conn *conn, int64_t now_ns, uint32_t limit,
                                      uint32_t *out_count)
{
    static const char sql[] = "DELETE FROM suppression WHERE hash IN (SELECT hash FROM suppression"
                              " WHERE expires_ns > 0 AND expires_ns <= $1"
                              " ORDER BY expires_ns LIMIT $2)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, now_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 2, limit));
    VELUM_TRY(stmt_execute(stmt));
    *out_count = (uint32_t)conn_changes(conn);
    return VELUM_OK;
}
