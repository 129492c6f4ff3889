/* vault/search_index.c: fields by which customers are searched, blind and not unique.
 *
 * A row is the first 8 bytes of the keyed BLAKE2b of a field's normal form beside the subject; the key
 * is one field's own. What it leaks to somebody who opens vault.db: who has equal values
 * (docs/formats/vault.md). Who is found by it is confirmed on the opened value.
 */
#include "vault/internal.h"

#include <stdio.h>

#define SEARCH_FORM 1
#define HASH_BYTES 8
#define HASH_BYTES_WHOLE 16 /* the least that BLAKE2b gives here */
#define NAME_BYTES 24

/* --- normal form -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static text trim(text value)
{
    while (value.size > 0 && is_blank(value.data[0])) {
        value = (text){value.data + 1, value.size - 1};
    }
    while (value.size > 0 && is_blank(value.data[value.size - 1])) {
        value.size--;
    }
    return value;
}

/* Into `out`; its size. Values longer than a field's never come here. */
static size_t normalise(text value, char out[VAULT_FIELD_BYTES_MAX])
{
    const text trimmed = trim(value);

    if (trimmed.size > VAULT_FIELD_BYTES_MAX) {
        return 0;
    }
    for (size_t i = 0; i < trimmed.size; i++) {
        out[i] = to_lower(trimmed.data[i]);
    }
    return trimmed.size;
}

bool vault_search_is_empty(text value)
{
    return trim(value).size == 0 || trim(value).size > VAULT_FIELD_BYTES_MAX;
}

bool vault_search_equal(text a, text b)
{
    char forms[2][VAULT_FIELD_BYTES_MAX];
    const size_t sizes[2] = {normalise(a, forms[0]), normalise(b, forms[1])};

    const bool equal =
        sizes[0] > 0 && sizes[0] == sizes[1] && mem_equal_secret(forms[0], forms[1], sizes[0]);
    mem_wipe(forms, sizeof(forms));
    return equal;
}

/* No identifier type is called so: they have no slash. */
static void hash_of(const vault *self, const search_term *term, uint8_t out[HASH_BYTES])
{
    char name[NAME_BYTES];
    char form[VAULT_FIELD_BYTES_MAX];
    uint8_t key[KEY_BYTES];
    uint8_t whole[HASH_BYTES_WHOLE];
    const crypto_part value = {form, normalise(term->value, form)};

    (void)snprintf(name, sizeof(name), "search/%u", (unsigned int)term->field);
    keyring_index_key(self->keys, text_of(name), SEARCH_FORM, key);
    blake2b_keyed(key, &value, 1, whole, sizeof(whole));
    memcpy(out, whole, HASH_BYTES);
    mem_wipe(key, sizeof(key));
    mem_wipe(form, value.size);
}

/* --- writing ------------------------------------------------------------------------------------ */

static velum_status drop_field(store_conn *conn, const subject_id *id, uint16_t field)
{
    static const char sql[] = "DELETE FROM search_index WHERE subject = $1 AND field = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, field));
    return stmt_execute(stmt);
}

velum_status search_index_drop_category(store_conn *conn, const subject_id *id, uint16_t category)
{
    static const char sql[] = "DELETE FROM search_index WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, category));
    return stmt_execute(stmt);
}

velum_status vault_search_add(vault *self, store_conn *conn, const subject_id *id,
                              const search_term *term)
{
    static const char sql[] = "INSERT INTO search_index (field, hash, subject, category)"
                              " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    uint8_t hash[HASH_BYTES];
    VELUM_AUTO_STMT *stmt = NULL;

    if (vault_search_is_empty(term->value)) {
        return VELUM_OK;
    }
    hash_of(self, term, hash);
    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, term->field));
    VELUM_TRY(stmt_bind_blob(stmt, 2, hash, sizeof(hash)));
    VELUM_TRY(stmt_bind_blob(stmt, 3, id->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 4, term->category));
    return stmt_execute(stmt);
}

velum_status vault_search_put(vault *self, store_conn *conn, const subject_id *id,
                              const search_term *term)
{
    VELUM_TRY(drop_field(conn, id, term->field));
    return vault_search_add(self, conn, id, term);
}

/* --- finding ------------------------------------------------------------------------------------ */

typedef struct search {
    store_conn *conn;
    const search_term *terms;
    uint8_t hashes[VAULT_SEARCH_TERMS_MAX][HASH_BYTES];
    uint32_t order[VAULT_SEARCH_TERMS_MAX]; /* the rarest first */
    uint32_t count;
} search;

/* How many customers have the value, as far as it matters. */
static velum_status count_term(const search *self, uint32_t index, int64_t *out)
{
    static const char sql[] = "SELECT 1 FROM search_index WHERE field = $1 AND hash = $2 LIMIT $3";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(self->conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, self->terms[index].field));
    VELUM_TRY(stmt_bind_blob(stmt, 2, self->hashes[index], HASH_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 3, VAULT_SEARCH_SCAN_MAX + 1));
    for (*out = 0; (status = stmt_step(stmt)) == VELUM_OK;) {
        *out += 1;
    }
    return status == VELUM_END ? VELUM_OK : status;
}

/* The rarest to the front: it bounds the work. */
static velum_status order_terms(search *self)
{
    int64_t least = INT64_MAX;

    for (uint32_t i = 0; i < self->count; i++) {
        int64_t count = 0;
        VELUM_TRY(count_term(self, i, &count));
        self->order[i] = i;
        if (count < least) {
            least = count;
            self->order[i] = self->order[0];
            self->order[0] = i;
        }
    }
    return least > VAULT_SEARCH_SCAN_MAX ? VELUM_E_LIMIT : VELUM_OK;
}

static velum_status bind_term(store_stmt *stmt, int number, const search *self, uint32_t place)
{
    const uint32_t index = self->order[place];

    VELUM_TRY(stmt_bind_integer(stmt, number, self->terms[index].field));
    return stmt_bind_blob(stmt, number + 1, self->hashes[index], HASH_BYTES);
}

/* Whether the subject has the values behind the first two, too: VELUM_OK or VELUM_END. */
static velum_status has_rest(const search *self, const subject_id *id)
{
    static const char sql[] = "SELECT 1 FROM search_index WHERE field = $1 AND hash = $2"
                              " AND subject = $3";
    VELUM_AUTO_STMT *stmt = NULL;

    for (uint32_t place = 2; place < self->count; place++) {
        VELUM_TRY(conn_statement(self->conn, sql, &stmt));
        VELUM_TRY(bind_term(stmt, 1, self, place));
        VELUM_TRY(stmt_bind_blob(stmt, 3, id->bytes, SUBJECT_ID_BYTES));
        const velum_status status = stmt_step(stmt);
        if (status != VELUM_OK) {
            return status;
        }
    }
    return VELUM_OK;
}

static velum_status collect(const search *self, vault_found *out)
{
    static const char sql[] = "SELECT a.subject FROM search_index a CROSS JOIN search_index b"
                              " WHERE a.field = $1 AND a.hash = $2"
                              " AND b.field = $3 AND b.hash = $4 AND b.subject = a.subject";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(self->conn, sql, &stmt));
    VELUM_TRY(bind_term(stmt, 1, self, 0));
    VELUM_TRY(bind_term(stmt, 3, self, 1));
    while (out->count < VAULT_FOUND_MAX && (status = stmt_step(stmt)) == VELUM_OK) {
        subject_id *const id = &out->subjects[out->count];
        VELUM_TRY(column_bytes(stmt, 0, id->bytes, SUBJECT_ID_BYTES));
        const velum_status rest = has_rest(self, id);
        if (rest < 0) {
            return rest;
        }
        out->count += rest == VELUM_OK ? 1 : 0;
    }
    return status < 0 ? status : VELUM_OK;
}

velum_status vault_search_find(vault *self, store_conn *conn, const search_term *terms,
                               uint32_t count, vault_found *out)
{
    search search = {.conn = conn, .terms = terms, .count = count};

    *out = (vault_found){.count = 0};
    if (count < 2 || count > VAULT_SEARCH_TERMS_MAX) {
        return VELUM_E_INVALID;
    }
    for (uint32_t i = 0; i < count; i++) {
        hash_of(self, &terms[i], search.hashes[i]);
    }
    VELUM_TRY(order_terms(&search));
    return collect(&search, out);
}
