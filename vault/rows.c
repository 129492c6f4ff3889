/* vault/rows.c: rows of modules' tables: the rows key, and sealing a row to its place.
 *
 * The rows key is the single field of a category's record, so that keeping, retaining and destroying it
 * are those of a category. Each row has a key of its own derived from it, by table and number, and its
 * customer and version in the additional data: moved, swapped or older than its line says, it does not
 * open. Format: docs/formats/rows.md.
 */
#include "vault/internal.h"

#include <assert.h>

#define ROWS_KEY_TEXT_BYTES BASE64URL_SIZE(KEY_BYTES)
#define SEAT_CONTEXT_BYTES 10

static_assert(ROWS_KEY_TEXT_BYTES == 43, "docs/formats/rows.md says so");

/* --- the rows key ------------------------------------------------------------------------------- */

velum_status vault_rows_key_make(const vault *self, secret_arena *arena, record *out)
{
    uint8_t key[KEY_BYTES];
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(arena, ROWS_KEY_TEXT_BYTES + 1, &slice));
    random_fill(&self->random, key, sizeof(key));
    base64url_encode(key, sizeof(key), slice);
    mem_wipe(key, sizeof(key));
    *out = (record){.count = 0};
    return record_put(out, ROWS_KEY_FIELD, (text){slice, ROWS_KEY_TEXT_BYTES});
}

velum_status vault_rows_key_take(const record *from, uint8_t out[KEY_BYTES])
{
    const text *const value = record_find(from, ROWS_KEY_FIELD);
    size_t size = 0;

    if (value == NULL || value->size != ROWS_KEY_TEXT_BYTES ||
        base64url_decode(*value, out, KEY_BYTES, &size) < 0 || size != KEY_BYTES) {
        return VELUM_E_CORRUPT;
    }
    return VELUM_OK;
}

/* --- a row -------------------------------------------------------------------------------------- */

static void derive_row_key(const vault *self, const row_seat *seat, uint8_t out[KEY_BYTES])
{
    uint8_t context[SEAT_CONTEXT_BYTES];
    uint8_t folder_key[KEY_BYTES];

    bytes_write_u16be(context, seat->table);
    bytes_write_u64be(context + 2, (uint64_t)seat->n);
    if (seat->rows_key != NULL) {
        key_derive(seat->rows_key, "velum row 1", context, sizeof(context), out);
        return;
    }
    keyring_token_key(self->keys, "anonymous rows", folder_key);
    key_derive(folder_key, "velum row 1", context, sizeof(context), out);
    mem_wipe(folder_key, sizeof(folder_key));
}

static sealed_place place_of(const vault *self, const row_seat *seat)
{
    return (sealed_place){.subject = seat->subject,
                          .tenant = keyring_tenant(self->keys),
                          .key_version = SUBJECT_KEY_VERSION,
                          .category = PLACE_ROW,
                          .version = seat->version};
}

static velum_status seal(const vault *self, const row_seat *seat, const buffer *plain, buffer *out)
{
    const sealed_place place = place_of(self, seat);
    uint8_t key[KEY_BYTES];

    derive_row_key(self, seat, key);
    const velum_status status =
        sealed_write(key, &self->random, &place, (crypto_part){plain->data, plain->size}, out);
    mem_wipe(key, sizeof(key));
    return status;
}

velum_status vault_row_seal(const vault *self, secret_arena *arena, const row_seat *seat,
                            const record *what, buffer *out)
{
    const size_t mark = secret_arena_mark(arena);
    size_t size_max = 0;
    void *slice = NULL;

    assert(seat->version > 0);
    VELUM_TRY(record_size_max(what, &size_max));
    VELUM_TRY(secret_arena_slice(arena, size_max, &slice));
    /* Over a slice of the arena it never grows, so that nothing of it reaches the heap. */
    buffer plain = {.data = slice, .capacity = size_max, .bytes_max = size_max};
    velum_status status = record_encode(what, &plain);
    if (status == VELUM_OK) {
        status = seal(self, seat, &plain, out);
    }
    secret_arena_rewind(arena, mark);
    return status;
}

static velum_status open_record(const vault *self, secret_arena *arena, const row_seat *seat,
                                crypto_part sealed, record **out)
{
    const sealed_place place = place_of(self, seat);
    const size_t size = sealed.size - SEALED_OVERHEAD_BYTES;
    uint8_t key[KEY_BYTES];
    void *bytes = NULL;
    void *made = NULL;

    VELUM_TRY(secret_arena_slice(arena, size, &bytes));
    VELUM_TRY(secret_arena_slice(arena, sizeof(record), &made));
    derive_row_key(self, seat, key);
    const velum_status status = sealed_open(key, &place, sealed, bytes);
    mem_wipe(key, sizeof(key));
    VELUM_TRY(status);
    VELUM_TRY(record_decode(bytes, size, made));
    *out = made;
    return VELUM_OK;
}

velum_status vault_row_open(const vault *self, secret_arena *arena, const row_seat *seat,
                            crypto_part sealed, record **out)
{
    const size_t mark = secret_arena_mark(arena);

    *out = NULL;
    if (sealed.size < SEALED_OVERHEAD_BYTES || sealed.size > SEALED_ROW_BYTES_MAX) {
        return VELUM_E_CORRUPT;
    }
    const velum_status status = open_record(self, arena, seat, sealed, out);
    if (status < 0) {
        secret_arena_rewind(arena, mark);
    }
    return status;
}
