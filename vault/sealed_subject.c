/* vault/sealed_subject.c: the rows of one subject, read once, shared by counting.
 *
 * Two statements on vault.db and one on keys.db; the sizes come with the first, so that one block
 * holds everything. Nothing here is opened (V-2).
 */
#include "vault/internal.h"

#include <assert.h>

const subject_id *sealed_subject_id(const sealed_subject *held)
{
    return &held->id;
}

uint64_t sealed_subject_seq(const sealed_subject *held)
{
    return held->seq;
}

uint32_t sealed_subject_status(const sealed_subject *held)
{
    return held->status;
}

const subject_id *sealed_subject_person(const sealed_subject *held)
{
    return held->has_person ? &held->person : NULL;
}

uint32_t sealed_subject_version(const sealed_subject *held)
{
    return held->state_version;
}

sealed_subject *sealed_subject_hold(sealed_subject *held)
{
    const uint32_t before = atomic_fetch_add_explicit(&held->references, 1, memory_order_relaxed);

    assert(before > 0 && before < UINT32_MAX);
    return held;
}

void sealed_subject_free(sealed_subject *held)
{
    if (held == NULL) {
        return;
    }
    if (atomic_fetch_sub_explicit(&held->references, 1, memory_order_acq_rel) == 1) {
        mem_free(held);
    }
}

const sealed_category *sealed_subject_category(const sealed_subject *held, uint16_t number)
{
    for (uint32_t i = 0; i < held->category_count; i++) {
        if (held->categories[i].number == number) {
            return &held->categories[i];
        }
    }
    return NULL;
}

static const uint8_t *sealed_bytes(const sealed_subject *held)
{
    return (const uint8_t *)&held->categories[held->category_count];
}

crypto_part sealed_category_bytes(const sealed_subject *held, const sealed_category *category)
{
    assert(category->offset + category->size <= held->sealed_bytes);
    return (crypto_part){sealed_bytes(held) + category->offset, category->size};
}

/* --- loading ----------------------------------------------------------------------------------------- */

/* A block for `category_count` categories with `sealed_bytes` bytes among them. */
static velum_status allocate(uint32_t category_count, uint32_t sealed_bytes_count,
                             sealed_subject **out)
{
    if (category_count > VAULT_CATEGORIES_MAX ||
        sealed_bytes_count > VAULT_CATEGORIES_MAX * CATEGORY_SEALED_BYTES_MAX) {
        return VELUM_E_CORRUPT;
    }
    const size_t bytes =
        sizeof(sealed_subject) + category_count * sizeof(sealed_category) + sealed_bytes_count;
    sealed_subject *const made = mem_alloc(bytes);
    if (made == NULL) {
        return VELUM_E_NOMEM;
    }
    atomic_init(&made->references, 1);
    made->block_bytes = bytes;
    made->sealed_bytes = sealed_bytes_count;
    made->category_count = category_count;
    *out = made;
    return VELUM_OK;
}

velum_status sealed_subject_new(const subject_id *id, sealed_subject **out)
{
    VELUM_TRY(allocate(0, 0, out));
    (*out)->id = *id;
    return VELUM_OK;
}

velum_status sealed_subject_read(store_stmt *stmt, int first, sealed_subject *into)
{
    VELUM_TRY(column_u32(stmt, first, VAULT_SUBJECT_LIVE, &into->status));
    VELUM_TRY(column_u32(stmt, first + 1, 1, &into->state_version));
    if (into->status != VAULT_SUBJECT_ERASED) { /* whose state is empty */
        VELUM_TRY(column_bytes(stmt, first + 2, into->state, sizeof(into->state)));
    }
    VELUM_TRY(column_u32(stmt, first + 3, 0, &into->generation));
    VELUM_TRY(column_u32(stmt, first + 4, 1, &into->key_version));
    VELUM_TRY(column_u32(stmt, first + 5, 0, &into->ledger_count));
    into->has_person = !stmt_is_null(stmt, first + 6);
    return into->has_person
               ? column_bytes(stmt, first + 6, into->person.bytes, sizeof(into->person.bytes))
               : VELUM_OK;
}

/* The subject's row, with the count of its ledger and the size of its categories. */
static velum_status load_subject(store_conn *conn, const subject_id *id, sealed_subject **out)
{
    static const char sql[] =
        "SELECT status, state_version, state, generation, key_version,"
        " (SELECT count(*) FROM consent_event WHERE subject = $1), person,"
        " (SELECT count(*) FROM category WHERE subject = $1),"
        " (SELECT coalesce(sum(length(sealed)), 0) FROM category WHERE subject = $1)"
        " FROM subject WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;
    VELUM_AUTO(sealed_subject) *made = NULL;
    uint32_t category_count = 0;
    uint32_t sealed_bytes_count = 0;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    VELUM_TRY(column_u32(stmt, 7, 0, &category_count));
    VELUM_TRY(column_u32(stmt, 8, 0, &sealed_bytes_count));
    VELUM_TRY(allocate(category_count, sealed_bytes_count, &made));
    made->id = *id;
    VELUM_TRY(sealed_subject_read(stmt, 0, made));
    *out = sealed_subject_take(&made);
    return VELUM_OK;
}

/* The row that stands becomes categories[index]; its bytes go to `offset`. */
static velum_status copy_category(store_stmt *stmt, sealed_subject *into, uint32_t index,
                                  size_t offset)
{
    sealed_category *const category = &into->categories[index];
    const crypto_part sealed = stmt_blob(stmt, 3);
    uint32_t number = 0;

    VELUM_TRY(column_u32(stmt, 0, 1, &number));
    VELUM_TRY(column_u32(stmt, 1, 1, &category->version));
    VELUM_TRY(column_bytes(stmt, 2, category->wrapped_key, sizeof(category->wrapped_key)));
    if (number > CATEGORY_NUMBER_MAX || sealed.size < SEALED_OVERHEAD_BYTES ||
        sealed.size > into->sealed_bytes - offset) {
        return VELUM_E_CORRUPT;
    }
    category->number = (uint16_t)number;
    category->offset = offset;
    category->size = (uint32_t)sealed.size;
    uint8_t *const bytes = (uint8_t *)&into->categories[into->category_count];
    memcpy(bytes + offset, sealed.data, sealed.size);
    return VELUM_OK;
}

/* Exactly as many rows and bytes as the first statement counted in this snapshot. */
static velum_status load_categories(store_conn *conn, sealed_subject *into)
{
    static const char sql[] = "SELECT category, version, wrapped_key, sealed FROM category"
                              " WHERE subject = $1 ORDER BY category";
    VELUM_AUTO_STMT *stmt = NULL;
    size_t offset = 0;

    if (into->category_count == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(statement_for(conn, sql, &into->id, &stmt));
    for (uint32_t i = 0; i < into->category_count; i++) {
        VELUM_TRY(step_row(stmt, VELUM_E_CORRUPT));
        VELUM_TRY(copy_category(stmt, into, i, offset));
        offset += into->categories[i].size;
    }
    return offset == into->sealed_bytes ? VELUM_OK : VELUM_E_CORRUPT;
}

bool vault_cached(vault *self, const subject_id *id, uint64_t seq_min, sealed_subject **out)
{
    *out = self->cache == NULL ? NULL : cache_find(self->cache, id, seq_min);
    return *out != NULL;
}

/* The data key that the row is sealed under: the one that keys.db has, or the one that is to take its
 * place (DESTROY_CATEGORIES). Under one that is gone already lies an older snapshot, or an older copy. */
static velum_status choose_data_key(vault *self, const store_conn *conn, const sealed_subject *row,
                                    key_row *keys)
{
    if (row->key_version > keys->key_version) {
        VELUM_TRY(subject_keys_read_whole(self, conn, &row->id, keys));
    }
    if (row->key_version == keys->key_version) {
        return VELUM_OK;
    }
    if (row->key_version < keys->key_version) {
        return generation_is_behind(self, &row->id, row->seq) ? VELUM_E_STALE : VELUM_E_TAMPERED;
    }
    if (row->key_version != keys->key_version + 1 || keys->next_slot == 0) {
        return VELUM_E_TAMPERED;
    }
    memcpy(keys->keys.data, keys->next_data, sizeof(keys->keys.data));
    return VELUM_OK;
}

velum_status sealed_subject_find_keys(vault *self, const store_conn *conn, const key_view *view,
                                      sealed_subject *row)
{
    key_row keys = {.moment = view != NULL ? view->moment : generation_moment(self)};

    const velum_status status = view != NULL ? key_view_read(view, &row->id, &keys)
                                             : subject_keys_read(self, conn, &row->id, &keys);
    VELUM_TRY(status == VELUM_E_NOTFOUND ? VELUM_E_CORRUPT : status);
    if (key_slot_is_empty(keys.keys.data)) {
        row->status = VAULT_SUBJECT_ERASED; /* a row from before, and its key is gone (I-6) */
        return VELUM_OK;
    }
    VELUM_TRY(generation_check(self, conn, row, &keys));
    VELUM_TRY(choose_data_key(self, conn, row, &keys));
    if (key_slot_is_empty(keys.keys.data)) {
        row->status = VAULT_SUBJECT_ERASED; /* while it was read */
        return VELUM_OK;
    }
    row->keys = keys.keys;
    return VELUM_OK;
}

velum_status vault_load(vault *self, store_conn *conn, const subject_id *id, uint64_t seq,
                        bool cacheable, sealed_subject **out)
{
    VELUM_AUTO(sealed_subject) *made = NULL;

    *out = NULL;
    VELUM_TRY(load_subject(conn, id, &made));
    VELUM_TRY(load_categories(conn, made));
    made->seq = seq;
    if (made->status == VAULT_SUBJECT_LIVE) {
        VELUM_TRY(sealed_subject_find_keys(self, conn, NULL, made));
    }
    if (cacheable && self->cache != NULL) {
        assert(conn != self->vault_writer);
        cache_put(self->cache, made);
    }
    *out = sealed_subject_take(&made);
    return VELUM_OK;
}
