/* core/approval_rows.c: reading and writing rows of approvals. */
#include "core/approval_rows.h"

#include "core/schema.h"

const char *const approvals_schema_2[] = {
    "CREATE TABLE approval ("
    " id BLOB PRIMARY KEY CHECK (length(id) = 16),"
    " kind INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " asked_by TEXT NOT NULL,"
    " asked_uid INTEGER,"
    " activity INTEGER NOT NULL,"
    " action INTEGER NOT NULL,"
    " subject BLOB,"
    " domain INTEGER NOT NULL,"
    " fields BLOB NOT NULL,"
    " what BLOB NOT NULL CHECK (length(what) = 32),"
    " scope BLOB NOT NULL CHECK (length(scope) = 32),"
    " needed INTEGER NOT NULL,"
    " asked_ns INTEGER NOT NULL,"
    " expires_ns INTEGER NOT NULL,"
    " asked_event BLOB NOT NULL CHECK (length(asked_event) = 16),"
    " agreed_event BLOB"
    ") STRICT, WITHOUT ROWID",
    "CREATE INDEX approval_by ON approval (asked_by, state)",
    "CREATE INDEX approval_state ON approval (state, asked_ns)",
    "CREATE TABLE approval_decision ("
    " approval BLOB NOT NULL,"
    " n INTEGER NOT NULL,"
    " by_name TEXT NOT NULL,"
    " by_uid INTEGER,"
    " decision INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " event BLOB NOT NULL,"
    " PRIMARY KEY (approval, n)"
    ") STRICT, WITHOUT ROWID",
    NULL,
};

const char *approval_said_name(uint32_t said)
{
    static const char *const names[] = {
        [APPROVAL_SAID_AGREE] = "agree",
        [APPROVAL_SAID_REFUSE] = "refuse",
        [APPROVAL_SAID_REVIEWED] = "reviewed",
    };

    return said < sizeof(names) / sizeof(names[0]) ? names[said] : NULL;
}

/* --- writing ------------------------------------------------------------------------------------ */

static velum_status bind_uid(store_stmt *stmt, int number, bool has_uid, uint32_t uid)
{
    return has_uid ? stmt_bind_integer(stmt, number, uid) : stmt_bind_null(stmt, number);
}

static velum_status bind_fields(store_stmt *stmt, int number, const approval_row *row)
{
    uint8_t bytes[2 * BUNDLE_FIELDS_MAX];

    for (uint32_t i = 0; i < row->field_count; i++) {
        bytes_write_u16be(bytes + (size_t)2 * i, row->fields[i]);
    }
    return stmt_bind_blob(stmt, number, bytes, (size_t)2 * row->field_count);
}

static velum_status bind_what(store_stmt *stmt, const approval_row *row)
{
    VELUM_TRY(stmt_bind_blob(stmt, 1, row->id, sizeof(row->id)));
    VELUM_TRY(stmt_bind_integer(stmt, 2, row->kind));
    VELUM_TRY(stmt_bind_integer(stmt, 3, row->state));
    VELUM_TRY(stmt_bind_text(stmt, 4, text_of(row->asked_by)));
    VELUM_TRY(bind_uid(stmt, 5, row->has_uid, row->uid));
    VELUM_TRY(stmt_bind_integer(stmt, 6, row->activity));
    VELUM_TRY(stmt_bind_integer(stmt, 7, row->action));
    VELUM_TRY(row->has_subject
                  ? stmt_bind_blob(stmt, 8, row->subject.bytes, sizeof(row->subject.bytes))
                  : stmt_bind_null(stmt, 8));
    VELUM_TRY(stmt_bind_integer(stmt, 9, row->domain));
    VELUM_TRY(bind_fields(stmt, 10, row));
    VELUM_TRY(stmt_bind_blob(stmt, 11, row->what, sizeof(row->what)));
    return stmt_bind_blob(stmt, 12, row->scope, sizeof(row->scope));
}

velum_status approval_row_insert(store_conn *conn, const approval_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn,
        "INSERT INTO approval (id, kind, state, asked_by, asked_uid, activity, action, subject,"
        " domain, fields, what, scope, needed, asked_ns, expires_ns, asked_event)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        &stmt));
    VELUM_TRY(bind_what(stmt, row));
    VELUM_TRY(stmt_bind_integer(stmt, 13, row->needed));
    VELUM_TRY(stmt_bind_integer(stmt, 14, row->asked_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 15, row->expires_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 16, row->asked_event, sizeof(row->asked_event)));
    return stmt_execute(stmt);
}

static bool is_agreed(const approval_row *row)
{
    static const uint8_t none[ENTRY_TOKEN_BYTES] = {0};

    return memcmp(row->agreed_event, none, sizeof(none)) != 0;
}

velum_status approval_row_move(store_conn *conn, approval_row *row, uint32_t state)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "UPDATE approval SET state = $1, agreed_event = $2"
                             " WHERE id = $3 AND state = $4",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, state));
    VELUM_TRY(is_agreed(row) ? stmt_bind_blob(stmt, 2, row->agreed_event, sizeof(row->agreed_event))
                             : stmt_bind_null(stmt, 2));
    VELUM_TRY(stmt_bind_blob(stmt, 3, row->id, sizeof(row->id)));
    VELUM_TRY(stmt_bind_integer(stmt, 4, row->state));
    VELUM_TRY(stmt_execute(stmt));
    if (conn_changes(conn) != 1) {
        return VELUM_E_STALE;
    }
    row->state = state;
    return VELUM_OK;
}

/* --- reading ------------------------------------------------------------------------------------ */

static void take_bytes(store_stmt *stmt, int column, uint8_t *out, size_t size)
{
    const crypto_part bytes = stmt_blob(stmt, column);

    memset(out, 0, size);
    if (bytes.size == size) {
        memcpy(out, bytes.data, size);
    }
}

static void take_name(store_stmt *stmt, int column, char out[CREDENTIAL_NAME_BYTES_MAX + 1])
{
    const text name = stmt_text(stmt, column);
    const size_t size =
        name.size < CREDENTIAL_NAME_BYTES_MAX ? name.size : CREDENTIAL_NAME_BYTES_MAX;

    memcpy(out, name.data, size);
    out[size] = '\0';
}

static void take_fields(store_stmt *stmt, int column, approval_row *out)
{
    const crypto_part bytes = stmt_blob(stmt, column);

    out->field_count = 0;
    for (size_t at = 0; at + 2 <= bytes.size && out->field_count < BUNDLE_FIELDS_MAX; at += 2) {
        out->fields[out->field_count++] = bytes_read_u16be((const uint8_t *)bytes.data + at);
    }
}

/* Every reader's statement names these columns in this order. */
#define COLUMNS                                                                               \
    "id, kind, state, asked_by, asked_uid, activity, action, subject, domain, fields, what, " \
    "scope, needed, asked_ns, expires_ns, asked_event, agreed_event"

static velum_status take_row(store_stmt *stmt, approval_row *out)
{
    *out = (approval_row){.kind = 0};
    take_bytes(stmt, 0, out->id, sizeof(out->id));
    out->kind = (uint32_t)stmt_integer(stmt, 1);
    out->state = (uint32_t)stmt_integer(stmt, 2);
    take_name(stmt, 3, out->asked_by);
    out->has_uid = !stmt_is_null(stmt, 4);
    out->uid = (uint32_t)stmt_integer(stmt, 4);
    out->activity = (uint16_t)stmt_integer(stmt, 5);
    out->action = (uint32_t)stmt_integer(stmt, 6);
    out->has_subject = !stmt_is_null(stmt, 7);
    take_bytes(stmt, 7, out->subject.bytes, sizeof(out->subject.bytes));
    out->domain = (uint16_t)stmt_integer(stmt, 8);
    take_fields(stmt, 9, out);
    take_bytes(stmt, 10, out->what, sizeof(out->what));
    take_bytes(stmt, 11, out->scope, sizeof(out->scope));
    out->needed = (uint32_t)stmt_integer(stmt, 12);
    out->asked_ns = stmt_integer(stmt, 13);
    out->expires_ns = stmt_integer(stmt, 14);
    take_bytes(stmt, 15, out->asked_event, sizeof(out->asked_event));
    take_bytes(stmt, 16, out->agreed_event, sizeof(out->agreed_event));
    return out->kind > 0 && out->kind < APPROVAL_KINDS && approval_state_name(out->state) != NULL
               ? VELUM_OK
               : VELUM_E_CORRUPT;
}

static velum_status take_one(store_stmt *stmt, approval_row *out)
{
    velum_status status = stmt_step(stmt);

    if (status == VELUM_OK) {
        status = take_row(stmt, out);
    }
    stmt_reset(stmt);
    return status == VELUM_END ? VELUM_E_NOTFOUND : status;
}

velum_status approval_row_load(store_conn *conn, const uint8_t id[APPROVAL_ID_BYTES],
                               approval_row *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT " COLUMNS " FROM approval WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, APPROVAL_ID_BYTES));
    return take_one(stmt, out);
}

velum_status approval_row_find_open(store_conn *conn, const approval_row *wanted, uint32_t skip,
                                    approval_row *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT " COLUMNS " FROM approval WHERE asked_by = $1"
                             " AND state IN (1, 2) AND scope = $2"
                             " ORDER BY id LIMIT 1 OFFSET $3",
                             &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 1, text_of(wanted->asked_by)));
    VELUM_TRY(stmt_bind_blob(stmt, 2, wanted->scope, sizeof(wanted->scope)));
    VELUM_TRY(stmt_bind_integer(stmt, 3, skip));
    return take_one(stmt, out);
}

velum_status approval_row_count_open(store_conn *conn, const char *asked_by, int64_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "SELECT count(*) FROM approval WHERE asked_by = $1 AND state IN (1, 2)", &stmt));
    VELUM_TRY(stmt_bind_text(stmt, 1, text_of(asked_by)));
    VELUM_TRY(stmt_step(stmt));
    *out = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return VELUM_OK;
}

velum_status approval_row_page(store_conn *conn, const approval_filter *filter, approval_row *out,
                               uint32_t *out_count)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    *out_count = 0;
    VELUM_TRY(conn_statement(conn,
                             "SELECT " COLUMNS " FROM approval"
                             " WHERE ($1 = 0 OR state = $1) AND ($2 = 0 OR kind = $2)"
                             " AND ($3 = '' OR asked_by = $3) AND ($4 = 0 OR activity = $4)"
                             " ORDER BY CASE state WHEN 6 THEN 0 ELSE 1 END, asked_ns DESC, id"
                             " LIMIT $5 OFFSET $6",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, filter->state));
    VELUM_TRY(stmt_bind_integer(stmt, 2, filter->kind));
    VELUM_TRY(stmt_bind_text(stmt, 3, filter->asked_by));
    VELUM_TRY(stmt_bind_integer(stmt, 4, filter->activity));
    VELUM_TRY(stmt_bind_integer(stmt, 5, filter->limit));
    VELUM_TRY(stmt_bind_integer(stmt, 6, filter->from));
    while (*out_count < filter->limit && status == VELUM_OK &&
           (status = stmt_step(stmt)) == VELUM_OK) {
        status = take_row(stmt, &out[(*out_count)++]);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

/* --- what others said --------------------------------------------------------------------------- */

velum_status approval_said_insert(store_conn *conn, const approval_said *said)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn,
        "INSERT INTO approval_decision (approval, n, by_name, by_uid, decision, at_ns, event)"
        " SELECT $1, coalesce(max(n), 0) + 1, $2, $3, $4, $5, $6 FROM approval_decision"
        " WHERE approval = $1",
        &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, said->id, APPROVAL_ID_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 2, said->by));
    VELUM_TRY(bind_uid(stmt, 3, said->has_uid, said->uid));
    VELUM_TRY(stmt_bind_integer(stmt, 4, said->said));
    VELUM_TRY(stmt_bind_integer(stmt, 5, said->at_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 6, said->event, ENTRY_TOKEN_BYTES));
    return stmt_execute(stmt);
}

velum_status approval_said_by(store_conn *conn, const approval_said *who, bool *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT count(*) FROM approval_decision"
                             " WHERE approval = $1 AND (by_name = $2 OR by_uid = $3)",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, who->id, APPROVAL_ID_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 2, who->by));
    VELUM_TRY(bind_uid(stmt, 3, who->has_uid, who->uid));
    VELUM_TRY(stmt_step(stmt));
    *out = stmt_integer(stmt, 0) > 0;
    stmt_reset(stmt);
    return VELUM_OK;
}

velum_status approval_said_count(store_conn *conn, const uint8_t id[APPROVAL_ID_BYTES],
                                 uint32_t said, uint32_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(
        conn, "SELECT count(*) FROM approval_decision WHERE approval = $1 AND decision = $2",
        &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, APPROVAL_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, said));
    VELUM_TRY(stmt_step(stmt));
    *out = (uint32_t)stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return VELUM_OK;
}

velum_status approval_said_each(store_conn *conn, const uint8_t id[APPROVAL_ID_BYTES],
                                approval_said_visit visit, void *context)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    VELUM_TRY(conn_statement(conn,
                             "SELECT by_name, decision, at_ns FROM approval_decision"
                             " WHERE approval = $1 ORDER BY n",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, id, APPROVAL_ID_BYTES));
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        const approval_said said = {.id = id,
                                    .by = stmt_text(stmt, 0),
                                    .said = (uint32_t)stmt_integer(stmt, 1),
                                    .at_ns = stmt_integer(stmt, 2)};
        visit(context, &said);
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

velum_status approvals_end_all(store_conn *conn, uint32_t *out_count)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "UPDATE approval SET state = 5 WHERE state IN (1, 2)", &stmt));
    VELUM_TRY(stmt_execute(stmt));
    *out_count = (uint32_t)conn_changes(conn);
    return VELUM_OK;
}
