/* vault/destruction_finish.c: steps 2 and 3 of a destruction (I-6, V-6).
 *
 * Step 2 overwrites keys where they lie in keys.db and then empties its WAL, in which older pages
 * would still show them. Step 3 looks whether they are gone before it takes the rows away. Both may be
 * repeated after a crash at any point: what is done already is found done.
 */
#include "vault/internal.h"

#include <assert.h>

/* --- step 2: keys ------------------------------------------------------------------------------------------ */

static velum_status drop_data_key(vault *self, store_conn *keys, const destruction *what)
{
    key_row row = {.slot = 0};

    const velum_status status =
        subject_keys_read_whole(self, self->vault_writer, &what->subject, &row);
    if (status < 0) {
        return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
    }
    if (row.next_slot != 0) {
        VELUM_TRY(subject_keys_next_drop(keys, &what->subject, row.next_slot));
    }
    return key_slot_destroy_first(keys, row.slot);
}

/* The next data key takes the place of the one that opens what was destroyed. */
static velum_status replace_data_key(vault *self, store_conn *keys, const destruction *what)
{
    static const char sql[] = "UPDATE subject_key SET key_version = key_version + 1"
                              " WHERE subject = $1";
    key_row row = {.slot = 0};

    const velum_status status =
        subject_keys_read_whole(self, self->vault_writer, &what->subject, &row);
    if (status < 0 || row.next_slot == 0) {
        return status == VELUM_E_NOTFOUND ? VELUM_OK : status; /* done before */
    }
    VELUM_TRY(key_slot_replace_first(keys, row.slot, row.next_data));
    VELUM_TRY(subject_keys_next_drop(keys, &what->subject, row.next_slot));
    return execute_for(keys, sql, &what->subject);
}

static velum_status drop_retained_key(vault *self, store_conn *keys, const destruction *what)
{
    (void)self;
    return retained_key_drop(keys, &what->subject, what->category);
}

static velum_status drop_all_keys(vault *self, store_conn *keys, const destruction *what)
{
    (void)self;
    return subject_keys_drop(keys, &what->subject);
}

/* --- step 3: whether they are gone --------------------------------------------------------------------------- */

static velum_status data_key_is_gone(vault *self, const destruction *what)
{
    key_row row = {.slot = 0};

    const velum_status status =
        subject_keys_read_whole(self, self->vault_writer, &what->subject, &row);
    if (status < 0) {
        return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
    }
    return key_slot_is_empty(row.keys.data) && row.next_slot == 0 ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status data_key_is_replaced(vault *self, const destruction *what)
{
    key_row row = {.slot = 0};

    const velum_status status =
        subject_keys_read_whole(self, self->vault_writer, &what->subject, &row);
    if (status < 0) {
        return status == VELUM_E_NOTFOUND ? VELUM_E_CORRUPT : status;
    }
    return row.next_slot == 0 ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status retained_is_gone(vault *self, const destruction *what)
{
    return retained_key_is_gone(self, &what->subject, what->category);
}

static velum_status all_keys_are_gone(vault *self, const destruction *what)
{
    key_row row = {.slot = 0};

    const velum_status status =
        subject_keys_read_whole(self, self->vault_writer, &what->subject, &row);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    return status == VELUM_OK ? VELUM_E_CORRUPT : status;
}

/* --- step 3: rows ---------------------------------------------------------------------------------------------- */

static bool is_retained(const destruction_report *report, uint16_t category)
{
    for (uint32_t i = 0; i < report->retained_count; i++) {
        if (report->retained[i].category == category) {
            return true;
        }
    }
    return false;
}

static velum_status report_category(destruction_report *report, uint16_t category)
{
    if (report->category_count == VAULT_CATEGORIES_MAX) {
        return VELUM_E_CORRUPT;
    }
    report->categories[report->category_count++] = category;
    return VELUM_OK;
}

/* What stays, and until when: of everybody whose data is gone. */
static velum_status report_kept(store_conn *conn, const subject_id *id, destruction_report *report)
{
    static const char sql[] = "SELECT evidence_until_ns FROM erased WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(vault_retained_list(conn, id, report->retained, &report->retained_count));
    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        report->evidence_until_ns = stmt_integer(stmt, 0);
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status report_categories(store_conn *conn, const subject_id *id,
                                      destruction_report *report)
{
    static const char sql[] = "SELECT category FROM category WHERE subject = $1 ORDER BY category";
    VELUM_AUTO_STMT *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(statement_for(conn, sql, id, &stmt));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const uint16_t category = (uint16_t)stmt_integer(stmt, 0);
        if (!is_retained(report, category)) {
            VELUM_TRY(report_category(report, category));
        }
    }
    return status < 0 ? status : VELUM_OK;
}

static velum_status finish_data(store_conn *conn, const destruction *what,
                                destruction_report *report)
{
    static const char categories_sql[] = "DELETE FROM category WHERE subject = $1";
    static const char index_sql[] = "DELETE FROM blind_index WHERE subject = $1";
    static const char search_sql[] = "DELETE FROM search_index WHERE subject = $1";
    static const char erased_sql[] = "UPDATE subject SET status = 3, state = zeroblob(0)"
                                     " WHERE subject = $1 AND status = 2";
    const subject_id *const id = &what->subject;

    VELUM_TRY(report_kept(conn, id, report));
    VELUM_TRY(report_categories(conn, id, report));
    VELUM_TRY(execute_for(conn, categories_sql, id));
    VELUM_TRY(execute_for(conn, index_sql, id));
    report->index_rows = (uint32_t)conn_changes(conn);
    VELUM_TRY(execute_for(conn, search_sql, id));
    VELUM_TRY(execute_for(conn, erased_sql, id));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

/* Their rows went in step 1, which noted them. */
static velum_status finish_categories(store_conn *conn, const destruction *what,
                                      destruction_report *report)
{
    static const char sql[] = "SELECT categories FROM destruction WHERE n = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, what->n));
    VELUM_TRY(step_row(stmt, VELUM_E_NOTFOUND));
    const crypto_part list = stmt_blob(stmt, 0);
    for (size_t at = 0; at + 2 <= list.size; at += 2) {
        VELUM_TRY(report_category(report, bytes_read_u16be((const uint8_t *)list.data + at)));
    }
    return VELUM_OK;
}

static velum_status finish_retained(store_conn *conn, const destruction *what,
                                    destruction_report *report)
{
    static const char sql[] = "DELETE FROM retained WHERE subject = $1 AND category = $2";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, &what->subject, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, what->category));
    VELUM_TRY(stmt_execute(stmt));
    VELUM_TRY(report_category(report, what->category));
    return report_kept(conn, &what->subject, report);
}

static velum_status finish_evidence(store_conn *conn, const destruction *what,
                                    destruction_report *report)
{
    static const char *const statements[] = {"DELETE FROM consent_event WHERE subject = $1",
                                             "DELETE FROM erased WHERE subject = $1",
                                             "DELETE FROM subject WHERE subject = $1"};

    (void)report;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        VELUM_TRY(execute_for(conn, statements[i], &what->subject));
    }
    return VELUM_OK;
}

/* --- the kinds ---------------------------------------------------------------------------------------------- */

static const struct {
    velum_status (*drop_keys)(vault *self, store_conn *keys, const destruction *what);
    velum_status (*check)(vault *self, const destruction *what);
    velum_status (*finish)(store_conn *conn, const destruction *what, destruction_report *report);
} kinds[] = {
    [DESTROY_DATA] = {drop_data_key, data_key_is_gone, finish_data},
    [DESTROY_CATEGORIES] = {replace_data_key, data_key_is_replaced, finish_categories},
    [DESTROY_RETAINED] = {drop_retained_key, retained_is_gone, finish_retained},
    [DESTROY_EVIDENCE] = {drop_all_keys, all_keys_are_gone, finish_evidence},
};

static bool is_known(const destruction *what)
{
    return what->kind >= DESTROY_DATA && what->kind <= DESTROY_EVIDENCE;
}

/* Into the open transaction of keys.db; what a repetition finds done is not done again, so that a place
 * which has followed does not lack it anew (M-1). */
static velum_status drop_keys(vault *self, const destruction *list, uint32_t count)
{
    store_conn *const keys = store_writer(self->keys_db);

    for (uint32_t i = 0; i < count; i++) {
        if (!is_known(&list[i])) {
            return VELUM_E_INVALID;
        }
        if (kinds[list[i].kind].check(self, &list[i]) == VELUM_OK) {
            continue;
        }
        VELUM_TRY(kinds[list[i].kind].drop_keys(self, keys, &list[i]));
        VELUM_TRY(mirror_note(self, &list[i].subject));
    }
    return VELUM_OK;
}

velum_status vault_destroy_keys(vault *self, const destruction *list, uint32_t count,
                                uint32_t wait_ms)
{
    store_conn *const keys = store_writer(self->keys_db);

    if (count == 0) {
        return VELUM_OK;
    }
    assert(!self->keys_begun);
    VELUM_TRY(conn_begin(keys));
    velum_status status = drop_keys(self, list, count);
    if (status == VELUM_OK) {
        status = conn_commit(keys);
    }
    if (status < 0) {
        conn_rollback(keys);
        return status;
    }
    for (uint32_t i = 0; i < count && self->cache != NULL; i++) {
        cache_drop(self->cache, &list[i].subject); /* the wrapped key stands there, too */
    }
    return store_checkpoint(self->keys_db, wait_ms);
}

static velum_status drop_row(store_conn *conn, int64_t n)
{
    static const char sql[] = "DELETE FROM destruction WHERE n = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, n));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_NOTFOUND;
}

velum_status vault_destruction_finish(vault *self, store_conn *conn, const destruction *what,
                                      destruction_report *out)
{
    destruction_report report = {.category_count = 0};

    if (!is_known(what)) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(kinds[what->kind].check(self, what)); /* I-6 */
    VELUM_TRY(mirrors_have(self, &what->subject));  /* M-3 */
    VELUM_TRY(kinds[what->kind].finish(conn, what, &report));
    VELUM_TRY(drop_row(conn, what->n));
    if (self->cache != NULL) {
        cache_drop(self->cache, &what->subject); /* of a reader that loaded it before step 2 */
    }
    *out = report;
    return VELUM_OK;
}
