/* core/message_row.c: the table `message`. */
#include "core/message_row.h"

#include "core/schema.h"

#include <assert.h>

const char *const message_schema_3[] = {
    "CREATE TABLE message ("
    " n INTEGER PRIMARY KEY,"
    " id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
    " key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 16),"
    " subject BLOB NOT NULL CHECK (length(subject) = 16),"
    " credential TEXT NOT NULL,"
    " module INTEGER NOT NULL,"
    " activity INTEGER NOT NULL,"
    " purpose INTEGER NOT NULL,"
    " template INTEGER NOT NULL,"
    " channel INTEGER NOT NULL,"
    " is_marketing INTEGER NOT NULL,"
    " asked_ns INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " reason INTEGER NOT NULL,"
    " opted_out INTEGER NOT NULL,"
    " changed_ns INTEGER NOT NULL,"
    " due_ns INTEGER NOT NULL,"
    " taken_ns INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " intent BLOB NOT NULL,"
    " note TEXT NOT NULL"
    ") STRICT",
    "CREATE INDEX message_due ON message (due_ns) WHERE state = 1",
    "CREATE INDEX message_subject ON message (subject, channel, taken_ns)",
    "CREATE INDEX message_state ON message (state, n)",
    NULL,
};

static_assert(MESSAGE_QUEUED == 1 && MESSAGE_TAKEN == 2, "as the index and the statements say");

static const char *const STATES[MESSAGE_STATE_COUNT] = {
    [MESSAGE_QUEUED] = "queued", [MESSAGE_TAKEN] = "taken",     [MESSAGE_SENT] = "sent",
    [MESSAGE_FAILED] = "failed", [MESSAGE_UNKNOWN] = "unknown", [MESSAGE_SKIPPED] = "skipped",
};

const char *message_state_name(uint32_t state)
{
    return state < MESSAGE_STATE_COUNT ? STATES[state] : NULL;
}

uint32_t message_state_find(text name)
{
    for (uint32_t state = 1; state < MESSAGE_STATE_COUNT; state++) {
        if (text_equal_literal(name, STATES[state])) {
            return state;
        }
    }
    return 0;
}

bool message_has_subject(const message_row *row)
{
    static const subject_id nobody = {{0}};

    return memcmp(&row->subject, &nobody, sizeof(nobody)) != 0;
}

void message_key(const keyring *keys, uint16_t module, const subject_id *subject,
                 const message_place *place, uint8_t out[MESSAGE_KEY_BYTES])
{
    const uint8_t sizes[5] = {(uint8_t)(module >> 8), (uint8_t)module, (uint8_t)place->flow.size,
                              (uint8_t)place->node.size, (uint8_t)place->occurrence.size};
    const crypto_part parts[] = {
        {sizes, sizeof(sizes)},
        {subject->bytes, SUBJECT_ID_BYTES},
        {place->flow.data, place->flow.size},
        {place->node.data, place->node.size},
        {place->occurrence.data, place->occurrence.size},
    };
    uint8_t key[KEY_BYTES];

    keyring_token_key(keys, "message key", key);
    blake2b_keyed(key, parts, sizeof(parts) / sizeof(parts[0]), out, MESSAGE_KEY_BYTES);
    mem_wipe(key, sizeof(key));
}

/* --- reading ------------------------------------------------------------------------------------ */

#define COLUMNS                                                                                  \
    "n, id, key_hash, subject, credential, module, activity, purpose, template, channel,"        \
    " is_marketing, asked_ns, state, reason, opted_out, changed_ns, due_ns, taken_ns, attempts," \
    " intent, note"

static velum_status take_bytes(store_stmt *stmt, int column, uint8_t *out, size_t size)
{
    const crypto_part held = stmt_blob(stmt, column);

    if (held.size != size) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out, held.data, size);
    return VELUM_OK;
}

static velum_status take_text(store_stmt *stmt, int column, char *out, size_t size)
{
    const text held = stmt_text(stmt, column);

    if (held.size >= size) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out, held.data, held.size);
    out[held.size] = '\0';
    return VELUM_OK;
}

/* The row that stands. */
static velum_status take_row(store_stmt *stmt, message_row *out)
{
    *out = (message_row){
        .n = stmt_integer(stmt, 0),
        .module = (uint16_t)stmt_integer(stmt, 5),
        .activity = (uint16_t)stmt_integer(stmt, 6),
        .purpose = (uint16_t)stmt_integer(stmt, 7),
        .template = (uint16_t)stmt_integer(stmt, 8),
        .channel = (uint16_t)stmt_integer(stmt, 9),
        .is_marketing = stmt_integer(stmt, 10) != 0,
        .asked_ns = stmt_integer(stmt, 11),
        .state = (uint32_t)stmt_integer(stmt, 12),
        .reason = (uint32_t)stmt_integer(stmt, 13),
        .opted_out = stmt_integer(stmt, 14) != 0,
        .changed_ns = stmt_integer(stmt, 15),
        .due_ns = stmt_integer(stmt, 16),
        .taken_ns = stmt_integer(stmt, 17),
        .attempts = (uint32_t)stmt_integer(stmt, 18),
    };
    VELUM_TRY(take_bytes(stmt, 1, out->id, sizeof(out->id)));
    VELUM_TRY(take_bytes(stmt, 2, out->key, sizeof(out->key)));
    VELUM_TRY(take_bytes(stmt, 3, out->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(take_text(stmt, 4, out->credential, sizeof(out->credential)));
    VELUM_TRY(take_bytes(stmt, 19, out->intent, sizeof(out->intent)));
    VELUM_TRY(take_text(stmt, 20, out->note, sizeof(out->note)));
    return message_state_name(out->state) == NULL ? VELUM_E_CORRUPT : VELUM_OK;
}

/* The one row of a statement whose $1 is a key of 16 bytes. */
static velum_status take_one(store_stmt *stmt, const uint8_t key[16], message_row *out)
{
    VELUM_TRY(stmt_bind_blob(stmt, 1, key, 16));
    velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        status = take_row(stmt, out);
    } else if (status == VELUM_END) {
        status = VELUM_E_NOTFOUND;
    }
    stmt_reset(stmt);
    return status;
}

velum_status message_load(store_conn *conn, const uint8_t id[MESSAGE_ID_BYTES], message_row *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT " COLUMNS " FROM message WHERE id = $1", &stmt));
    return take_one(stmt, id, out);
}

velum_status message_find(store_conn *conn, const uint8_t key[MESSAGE_KEY_BYTES], message_row *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT " COLUMNS " FROM message WHERE key_hash = $1", &stmt));
    return take_one(stmt, key, out);
}

velum_status message_due(store_conn *conn, int64_t now_ns, uint32_t max,
                         uint8_t out[][MESSAGE_ID_BYTES], uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    *out_count = 0;
    VELUM_TRY(conn_statement(conn,
                             "SELECT id FROM message WHERE state = 1 AND due_ns <= $1"
                             " ORDER BY due_ns, n LIMIT $2",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, now_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 2, max));
    while (*out_count < max && (status = stmt_step(stmt)) == VELUM_OK) {
        status = take_bytes(stmt, 0, out[*out_count], MESSAGE_ID_BYTES);
        if (status < 0) {
            break;
        }
        (*out_count)++;
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

velum_status message_count_since(store_conn *conn, const message_row *like, int64_t since_ns,
                                 int64_t *out)
{
    store_stmt *stmt = NULL;

    *out = 0;
    VELUM_TRY(conn_statement(conn,
                             "SELECT count(*) FROM message WHERE subject = $1 AND channel = $2"
                             " AND taken_ns > $3 AND is_marketing = 1 AND state IN (2, 3, 5)",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, like->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, like->channel));
    VELUM_TRY(stmt_bind_integer(stmt, 3, since_ns));
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        *out = stmt_integer(stmt, 0);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

static velum_status visit_rows(store_stmt *stmt, const message_filter *filter,
                               message_visitor visit, void *context)
{
    velum_status status = VELUM_OK;
    message_row row;

    VELUM_TRY(stmt_bind_integer(stmt, 1, filter->before_n));
    VELUM_TRY(stmt_bind_integer(stmt, 2, filter->reason));
    VELUM_TRY(stmt_bind_integer(stmt, 3, filter->module));
    VELUM_TRY(stmt_bind_integer(stmt, 4, filter->limit));
    if (filter->state != 0) {
        VELUM_TRY(stmt_bind_integer(stmt, 5, filter->state));
    }
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        status = take_row(stmt, &row);
        if (status == VELUM_OK) {
            status = visit(context, &row);
        }
        if (status < 0) {
            break;
        }
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

velum_status message_visit(store_conn *conn, const message_filter *filter, message_visitor visit,
                           void *context)
{
    store_stmt *stmt = NULL;

    if (filter->state == 0) {
        VELUM_TRY(conn_statement(conn,
                                 "SELECT " COLUMNS " FROM message WHERE n < $1"
                                 " AND ($2 = 0 OR reason = $2) AND ($3 = 0 OR module = $3)"
                                 " ORDER BY n DESC LIMIT $4",
                                 &stmt));
    } else {
        VELUM_TRY(conn_statement(conn,
                                 "SELECT " COLUMNS " FROM message WHERE state = $5 AND n < $1"
                                 " AND ($2 = 0 OR reason = $2) AND ($3 = 0 OR module = $3)"
                                 " ORDER BY n DESC LIMIT $4",
                                 &stmt));
    }
    return visit_rows(stmt, filter, visit, context);
}

/* --- writing ------------------------------------------------------------------------------------ */

/* $1 … $9: what changes in a message's life. */
static velum_status bind_changing(store_stmt *stmt, const message_row *row)
{
    VELUM_TRY(stmt_bind_integer(stmt, 1, row->state));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->reason));
    VELUM_TRY(stmt_bind_integer(stmt, 3, row->opted_out ? 1 : 0));
    VELUM_TRY(stmt_bind_integer(stmt, 4, row->changed_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 5, row->due_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 6, row->taken_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 7, row->attempts));
    VELUM_TRY(stmt_bind_blob(stmt, 8, row->intent, sizeof(row->intent)));
    VELUM_TRY(stmt_bind_text(stmt, 9, text_of(row->note)));
    return stmt_bind_blob(stmt, 10, row->id, sizeof(row->id));
}

/* $11 … $20: what is said once, at the asking. */
static velum_status bind_fixed(store_stmt *stmt, const message_row *row)
{
    VELUM_TRY(stmt_bind_blob(stmt, 11, row->key, sizeof(row->key)));
    VELUM_TRY(stmt_bind_blob(stmt, 12, row->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 13, text_of(row->credential)));
    VELUM_TRY(stmt_bind_integer(stmt, 14, row->module));
    VELUM_TRY(stmt_bind_integer(stmt, 15, row->activity));
    VELUM_TRY(stmt_bind_integer(stmt, 16, row->purpose));
    VELUM_TRY(stmt_bind_integer(stmt, 17, row->template));
    VELUM_TRY(stmt_bind_integer(stmt, 18, row->channel));
    VELUM_TRY(stmt_bind_integer(stmt, 19, row->is_marketing ? 1 : 0));
    return stmt_bind_integer(stmt, 20, row->asked_ns);
}

velum_status message_insert(store_conn *conn, const message_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn,
        "INSERT INTO message (state, reason, opted_out, changed_ns, due_ns, taken_ns, attempts,"
        " intent, note, id, key_hash, subject, credential, module, activity, purpose, template,"
        " channel, is_marketing, asked_ns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
        " $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        &stmt));
    VELUM_TRY(bind_changing(stmt, row));
    VELUM_TRY(bind_fixed(stmt, row));
    return stmt_execute(stmt);
}

velum_status message_update(store_conn *conn, const message_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn,
        "UPDATE message SET state = $1, reason = $2, opted_out = $3, changed_ns = $4, due_ns = $5,"
        " taken_ns = $6, attempts = $7, intent = $8, note = $9 WHERE id = $10",
        &stmt));
    VELUM_TRY(bind_changing(stmt, row));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

velum_status message_give_up(store_conn *conn, const subject_id *subject, int64_t now_ns,
                             uint32_t *out_count)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "UPDATE message SET state = 5, changed_ns = $2"
                             " WHERE subject = $1 AND state IN (1, 2)",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, now_ns));
    VELUM_TRY(stmt_execute(stmt));
    *out_count = (uint32_t)conn_changes(conn);
    return VELUM_OK;
}

velum_status message_finish_erasure(store_conn *conn, const subject_id *subject)
{
    static const subject_id nobody = {{0}};
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM message WHERE subject = $1 AND state <> 2", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_execute(stmt));
    VELUM_TRY(conn_statement(conn, "UPDATE message SET subject = $2 WHERE subject = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, subject->bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_blob(stmt, 2, nobody.bytes, SUBJECT_ID_BYTES));
    return stmt_execute(stmt);
}
