/* vault/key_slot.c: where wrapped keys lie in keys.db.
 *
 * secure_delete overwrites a row that goes, but not the copies of other rows that a B-tree leaves in
 * the gap of a page when it moves rows about. A key of which such a copy remained would outlive its
 * destruction (I-6). So keys lie in rows that never move:
 *
 *   K-1  A slot is appended behind all others, or is one that was freed. Appending to a table with
 *        ascending row ids begins a new page and leaves the full one as it is.
 *   K-2  A slot always has the same size, so that a change overwrites it where it lies.
 *   K-3  A slot is never deleted. Freed, it holds zeros, and its number stands in slot_free.
 */
#include "vault/internal.h"

static const uint8_t no_key[WRAPPED_KEY_BYTES];

/* A slot that was freed, else one behind the last (K-1). */
static velum_status find_slot(store_conn *keys, int64_t *out, bool *out_is_new)
{
    static const char free_sql[] = "SELECT slot FROM slot_free ORDER BY slot LIMIT 1";
    static const char last_sql[] = "SELECT coalesce(max(slot), 0) FROM key_slot";
    VELUM_AUTO_STMT *freed = NULL;
    VELUM_AUTO_STMT *last = NULL;

    VELUM_TRY(conn_statement(keys, free_sql, &freed));
    const velum_status status = stmt_step(freed);
    VELUM_TRY(status);
    *out_is_new = status == VELUM_END;
    if (!*out_is_new) {
        *out = stmt_integer(freed, 0);
        return VELUM_OK;
    }
    VELUM_TRY(conn_statement(keys, last_sql, &last));
    VELUM_TRY(step_row(last, VELUM_E_CORRUPT));
    *out = stmt_integer(last, 0) + 1;
    return VELUM_OK;
}

static velum_status execute_slot(store_conn *keys, const char *sql, int64_t slot)
{
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(keys, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, slot));
    return stmt_execute(stmt);
}

static velum_status write_slot(store_conn *keys, const char *sql, int64_t slot,
                               const key_slot *contents)
{
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(keys, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, slot));
    VELUM_TRY(stmt_bind_blob(stmt, 2, contents->first, sizeof(contents->first)));
    VELUM_TRY(stmt_bind_blob(stmt, 3, contents->second, sizeof(contents->second)));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(keys) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status overwrite(store_conn *keys, int64_t slot, const key_slot *contents)
{
    static const char sql[] = "UPDATE key_slot SET first = $2, second = $3 WHERE slot = $1";

    return write_slot(keys, sql, slot, contents);
}

velum_status key_slot_take(store_conn *keys, const key_slot *contents, int64_t *out)
{
    static const char append_sql[] =
        "INSERT INTO key_slot (slot, first, second) VALUES ($1, $2, $3)";
    static const char taken_sql[] = "DELETE FROM slot_free WHERE slot = $1";
    int64_t slot = 0;
    bool is_new = false;

    VELUM_TRY(find_slot(keys, &slot, &is_new));
    if (is_new) {
        VELUM_TRY(write_slot(keys, append_sql, slot, contents));
    } else {
        VELUM_TRY(overwrite(keys, slot, contents));
        VELUM_TRY(execute_slot(keys, taken_sql, slot));
    }
    *out = slot;
    return VELUM_OK;
}

velum_status key_slot_replace_first(store_conn *keys, int64_t slot,
                                    const uint8_t wrapped[WRAPPED_KEY_BYTES])
{
    static const char sql[] = "UPDATE key_slot SET first = $2 WHERE slot = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(keys, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, slot));
    VELUM_TRY(stmt_bind_blob(stmt, 2, wrapped, WRAPPED_KEY_BYTES));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(keys) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

velum_status key_slot_destroy_first(store_conn *keys, int64_t slot)
{
    return key_slot_replace_first(keys, slot, no_key);
}

velum_status key_slot_free(store_conn *keys, int64_t slot)
{
    static const char free_sql[] = "INSERT INTO slot_free (slot) VALUES ($1)";
    static const key_slot nothing;

    VELUM_TRY(overwrite(keys, slot, &nothing));
    return execute_slot(keys, free_sql, slot);
}

bool key_slot_is_empty(const uint8_t wrapped[WRAPPED_KEY_BYTES])
{
    return memcmp(wrapped, no_key, sizeof(no_key)) == 0;
}
