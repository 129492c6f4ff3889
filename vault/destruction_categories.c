/* vault/destruction_categories.c: step 1 where some categories go and the subject stays.
 *
 * A category's key is wrapped under the data key, and older copies of that row may lie anywhere. So the
 * data key itself is replaced: state and remaining category keys are sealed under a new one, which
 * keys.db holds beside the old one until step 2 puts it in its place. The row's key_version tells
 * readers which of the two it is. A next key that was made for a transaction which never committed is
 * used again: should that transaction come back after a failed sync, its rows still open.
 */
#include "vault/internal.h"

#include <assert.h>

/* --- the next data key ----------------------------------------------------------------------------------- */

static velum_status insert_next(vault *self, const subject_id *id,
                                const uint8_t wrapped[WRAPPED_KEY_BYTES])
{
    static const char sql[] = "INSERT INTO next_key (subject, slot) VALUES ($1, $2)";
    store_conn *const keys = store_writer(self->keys_db);
    VELUM_AUTO_STMT *stmt = NULL;
    key_slot contents = {.second = {0}};
    int64_t slot = 0;

    memcpy(contents.first, wrapped, sizeof(contents.first));
    VELUM_TRY(subject_keys_begin(self));
    VELUM_TRY(key_slot_take(keys, &contents, &slot));
    VELUM_TRY(statement_for(keys, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, slot));
    return stmt_execute(stmt);
}

static velum_status next_data_key(vault *self, const opened_subject *opened, uint8_t out[KEY_BYTES])
{
    const uint8_t *const id = opened->id.bytes;
    uint8_t wrapped[WRAPPED_KEY_BYTES];
    key_row row = {.slot = 0};

    const velum_status status =
        subject_keys_read_whole(self, self->vault_writer, &opened->id, &row);
    VELUM_TRY(status == VELUM_E_NOTFOUND ? VELUM_E_CORRUPT : status);
    if (row.key_version != opened->key_version) {
        return VELUM_E_STALE;
    }
    if (row.next_slot != 0) {
        return keyring_unwrap(self->keys, KEY_KIND_DATA, id, row.next_data, out);
    }
    random_fill(&self->random, out, KEY_BYTES);
    keyring_wrap(self->keys, &self->random, KEY_KIND_DATA, id, out, wrapped);
    return insert_next(self, &opened->id, wrapped);
}

/* The subject under its next data key and version; the slice is the caller's to rewind. */
static velum_status open_next(vault *self, const opened_subject *opened, const opened_subject **out)
{
    uint8_t data_key[KEY_BYTES];
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(opened->arena, sizeof(opened_subject), &slice));
    opened_subject *const next = slice;
    *next = *opened;
    next->key_version = opened->key_version + 1;
    const velum_status status = next_data_key(self, opened, data_key);
    if (status == VELUM_OK) {
        opened_derive(next, data_key);
    }
    mem_wipe(data_key, sizeof(data_key));
    *out = next;
    return status;
}

/* --- the rows of categories -------------------------------------------------------------------------------- */

typedef struct category_list {
    uint16_t numbers[VAULT_CATEGORIES_MAX];
    uint32_t count;
} category_list;

static velum_status list_categories(store_conn *conn, const subject_id *id, category_list *out)
{
    static const char sql[] = "SELECT category FROM category WHERE subject = $1 ORDER BY category";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        if (out->count == VAULT_CATEGORIES_MAX) {
            return VELUM_E_CORRUPT;
        }
        out->numbers[out->count++] = (uint16_t)stmt_integer(stmt, 0);
    }
    return status < 0 ? status : VELUM_OK;
}

static bool is_among(const uint16_t *numbers, uint32_t count, uint16_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] == number) {
            return true;
        }
    }
    return false;
}

static velum_status drop_category(store_conn *conn, const subject_id *id, uint16_t category)
{
    static const char sql[] = "DELETE FROM category WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, category));
    VELUM_TRY(stmt_execute(stmt));
    if (conn_changes(conn) != 1) {
        return VELUM_E_NOTFOUND;
    }
    return search_index_drop_category(conn, id, category);
}

/* Drops what is to go and wraps the other keys anew. Each that is to go must be there. */
static velum_status change_categories(const vault *self, store_conn *conn,
                                      const category_pair *pair, const destroyed_categories *what)
{
    const subject_id *const id = &pair->from->id;
    category_list all = {.count = 0};

    for (uint32_t i = 0; i < what->count; i++) {
        VELUM_TRY(drop_category(conn, id, what->categories[i]));
    }
    VELUM_TRY(list_categories(conn, id, &all));
    for (uint32_t i = 0; i < all.count; i++) {
        VELUM_TRY(category_rewrap(self, conn, pair, all.numbers[i]));
    }
    return VELUM_OK;
}

/* --- step 1 ------------------------------------------------------------------------------------------------ */

static velum_status begin(store_conn *conn, const subject_id *id, const destruction_plan *plan,
                          const destroyed_categories *what)
{
    uint8_t list[2 * VAULT_CATEGORIES_MAX];

    for (uint32_t i = 0; i < what->count; i++) {
        if (is_among(what->categories, i, what->categories[i])) {
            return VELUM_E_INVALID;
        }
        bytes_write_u16be(list + (size_t)2 * i, what->categories[i]);
    }
    const destruction_start start = {
        .subject = id, .kind = DESTROY_CATEGORIES, .categories = {list, (size_t)2 * what->count}};
    return destruction_begin(conn, &start, plan);
}

static velum_status destroy(vault *self, store_conn *conn, const opened_subject *opened,
                            const destroyed_categories *what)
{
    category_pair pair = {.from = opened};
    subject_row row;

    VELUM_TRY(subject_row_read(conn, &opened->id, &row));
    if (row.key_version != opened->key_version || row.generation == UINT32_MAX) {
        return VELUM_E_STALE;
    }
    VELUM_TRY(open_next(self, opened, &pair.to));
    VELUM_TRY(change_categories(self, conn, &pair, what));
    const generation_move move = {opened->id, row.generation, row.generation + 1, what->seq};
    row.generation = move.generation;
    VELUM_TRY(subject_store_state(self, conn, pair.to, &row, what->state));
    return generation_note(self, &move);
}

velum_status vault_destroy_categories(vault *self, store_conn *conn, const opened_subject *opened,
                                      const destruction_plan *plan,
                                      const destroyed_categories *what)
{
    const size_t mark = secret_arena_mark(opened->arena);

    if (what->count == 0 || what->count > VAULT_CATEGORIES_MAX) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(begin(conn, &opened->id, plan, what));
    const velum_status status = destroy(self, conn, opened, what);
    secret_arena_rewind(opened->arena, mark);
    return status;
}
