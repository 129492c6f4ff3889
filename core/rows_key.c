/* core/rows_key.c: the rows keys of the located subject, each the one field of a category's record.
 *
 * They lie in the arena as long as the subject is located, so that a page of rows opens each category
 * once.
 */
#include "core/rows_part.h"

#include "core/profile.h"

typedef struct kept_key {
    uint16_t category;
    uint8_t key[KEY_BYTES];
} kept_key;

struct rows_keys {
    kept_key items[VAULT_CATEGORIES_MAX];
    uint32_t count;
};

velum_status rows_keys_begin(passage *passage)
{
    void *slice = NULL;

    if (passage->rows_keys != NULL) {
        return VELUM_OK;
    }
    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(*passage->rows_keys), &slice));
    passage->rows_keys = slice;
    return VELUM_OK;
}

static const kept_key *find(const rows_keys *self, uint16_t category)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->items[i].category == category) {
            return &self->items[i];
        }
    }
    return NULL;
}

velum_status rows_key_keep(passage *passage, uint16_t category, const record *from)
{
    VELUM_TRY(rows_keys_begin(passage));
    rows_keys *const keys = passage->rows_keys;
    if (find(keys, category) != NULL) {
        return VELUM_OK;
    }
    if (keys->count == VAULT_CATEGORIES_MAX) {
        return VELUM_E_CORRUPT;
    }
    kept_key *const next = &keys->items[keys->count];
    next->category = category;
    VELUM_TRY(vault_rows_key_take(from, next->key));
    keys->count++;
    return VELUM_OK;
}

static velum_status open_key(passage *passage, uint16_t category)
{
    const uint32_t version = subject_state_category_version(&passage->state, category);
    const size_t mark = secret_arena_mark(passage->arena);
    record *record = NULL;

    if (version == 0) {
        return VELUM_E_TAMPERED; /* a row is there, and its key is not (V-4) */
    }
    velum_status status = vault_open_category(passage->opened, category, version, &record);
    if (status == VELUM_OK) {
        status = rows_key_keep(passage, category, record);
    }
    secret_arena_rewind(passage->arena, mark);
    return status;
}

velum_status rows_key_of(passage *passage, uint16_t category, const uint8_t **out)
{
    VELUM_TRY(rows_keys_begin(passage));
    const kept_key *kept = find(passage->rows_keys, category);
    if (kept == NULL) {
        VELUM_TRY(open_key(passage, category));
        kept = find(passage->rows_keys, category);
    }
    *out = kept->key;
    return VELUM_OK;
}

static velum_status make_key(passage *passage, uint16_t category)
{
    vault *const vault = passage->gate->vault;
    record made;

    VELUM_TRY(vault_rows_key_make(vault, passage->arena, &made));
    const record_place place = {category, 1, &made};
    VELUM_TRY(vault_put_category(vault, passage->conn, passage->opened, &place));
    VELUM_TRY(subject_state_put_category(&passage->state, category, 1));
    VELUM_TRY(rows_key_keep(passage, category, &made));
    return state_seal(passage);
}

velum_status rows_key_ensure(passage *passage, uint16_t category)
{
    VELUM_TRY(rows_keys_begin(passage));
    if (find(passage->rows_keys, category) != NULL ||
        subject_state_category_version(&passage->state, category) != 0) {
        return VELUM_OK;
    }
    const size_t mark = secret_arena_mark(passage->arena);
    const velum_status status = make_key(passage, category);
    secret_arena_rewind(passage->arena, mark);
    return status;
}
