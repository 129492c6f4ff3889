/* core/rows.c: lines of the table `module_row`, and rows opened from them. */
#include "core/rows_part.h"

#include "core/meta.h"
#include "core/schema.h"

#define META_ROW_N "row_n" /* the highest number that a row was given */

const char *const rows_schema_3[] = {
    "CREATE TABLE module_row (n INTEGER PRIMARY KEY, resource INTEGER NOT NULL,"
    " category INTEGER NOT NULL, subject BLOB NOT NULL, parent INTEGER NOT NULL,"
    " key_hash BLOB NOT NULL, at_ns INTEGER NOT NULL, version INTEGER NOT NULL,"
    " sealed BLOB NOT NULL, UNIQUE (resource, key_hash))",
    "CREATE INDEX module_row_subject ON module_row (subject, resource, n)",
    "CREATE INDEX module_row_parent ON module_row (parent, resource, n) WHERE parent <> 0",
    "CREATE INDEX module_row_nobody ON module_row (resource, n) WHERE n < 0",
    "CREATE TABLE module_cell (field INTEGER NOT NULL, value INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY (field, value, n)) WITHOUT ROWID",
    "CREATE INDEX module_cell_row ON module_cell (n)",
    NULL,
};

void row_key_hash(const passage *passage, uint16_t table, text key, uint8_t out[ROW_HASH_BYTES])
{
    uint8_t token_key[KEY_BYTES];
    uint8_t number[2];

    bytes_write_u16be(number, table);
    keyring_token_key(passage->gate->keys, "row key", token_key);
    blake2b_keyed(token_key, (crypto_part[]){{number, 2}, {key.data, key.size}}, 2, out,
                  ROW_HASH_BYTES);
    mem_wipe(token_key, sizeof(token_key));
}

/* --- lines -------------------------------------------------------------------------------------- */

#define LINE_COLUMNS "n, parent, at_ns, subject, resource, category, version"

static velum_status take_line(store_stmt *stmt, row_line *out)
{
    const crypto_part subject = stmt_blob(stmt, 3);

    if (subject.size != SUBJECT_ID_BYTES) {
        return VELUM_E_CORRUPT;
    }
    *out = (row_line){.n = stmt_integer(stmt, 0),
                      .parent = stmt_integer(stmt, 1),
                      .at_ns = stmt_integer(stmt, 2),
                      .table = (uint16_t)stmt_integer(stmt, 4),
                      .category = (uint16_t)stmt_integer(stmt, 5),
                      .version = (uint32_t)stmt_integer(stmt, 6)};
    memcpy(out->subject.bytes, subject.data, SUBJECT_ID_BYTES);
    return VELUM_OK;
}

/* The one line, or what it is that there is none. */
static velum_status step_line(store_stmt *stmt, velum_status none, row_line *out)
{
    velum_status status = stmt_step(stmt);

    if (status == VELUM_OK) {
        status = take_line(stmt, out);
    } else if (status == VELUM_END) {
        status = none;
    }
    stmt_reset(stmt);
    return status;
}

velum_status row_line_find(store_conn *conn, uint16_t table, const uint8_t hash[ROW_HASH_BYTES],
                           row_line *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT " LINE_COLUMNS " FROM module_row"
                             " WHERE resource = $1 AND key_hash = $2",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, table));
    VELUM_TRY(stmt_bind_blob(stmt, 2, hash, ROW_HASH_BYTES));
    return step_line(stmt, VELUM_E_NOTFOUND, out);
}

velum_status row_line_read(store_conn *conn, int64_t n, row_line *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT " LINE_COLUMNS " FROM module_row WHERE n = $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, n));
    return step_line(stmt, VELUM_E_CORRUPT, out);
}

velum_status row_line_insert(store_conn *conn, const row_line *line,
                             const uint8_t hash[ROW_HASH_BYTES], const buffer *sealed)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO module_row (n, parent, at_ns, subject, resource,"
                             " category, version, key_hash, sealed)"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, line->n));
    VELUM_TRY(stmt_bind_integer(stmt, 2, line->parent));
    VELUM_TRY(stmt_bind_integer(stmt, 3, line->at_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 4, line->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 5, line->table));
    VELUM_TRY(stmt_bind_integer(stmt, 6, line->category));
    VELUM_TRY(stmt_bind_integer(stmt, 7, line->version));
    VELUM_TRY(stmt_bind_blob(stmt, 8, hash, ROW_HASH_BYTES));
    VELUM_TRY(stmt_bind_blob(stmt, 9, sealed->data, sealed->size));
    return stmt_execute(stmt);
}

velum_status row_line_number(store_conn *conn, int64_t *out)
{
    int64_t last = 0;

    VELUM_TRY(meta_read(conn, META_ROW_N, &last));
    if (last == INT64_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(meta_write(conn, META_ROW_N, last + 1));
    *out = last + 1;
    return VELUM_OK;
}

velum_status row_line_update(store_conn *conn, const row_line *line, const buffer *sealed)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "UPDATE module_row SET at_ns = $2, category = $3, version = $4,"
                             " sealed = $5 WHERE n = $1",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, line->n));
    VELUM_TRY(stmt_bind_integer(stmt, 2, line->at_ns));
    VELUM_TRY(stmt_bind_integer(stmt, 3, line->category));
    VELUM_TRY(stmt_bind_integer(stmt, 4, line->version));
    VELUM_TRY(stmt_bind_blob(stmt, 5, sealed->data, sealed->size));
    VELUM_TRY(stmt_execute(stmt));
    return conn_changes(conn) == 1 ? VELUM_OK : VELUM_E_CORRUPT;
}

velum_status row_line_delete(store_conn *conn, int64_t n)
{
    store_stmt *cells = NULL;
    store_stmt *line = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM module_cell WHERE n = $1", &cells));
    VELUM_TRY(stmt_bind_integer(cells, 1, n));
    VELUM_TRY(stmt_execute(cells));
    VELUM_TRY(conn_statement(conn, "DELETE FROM module_row WHERE n = $1", &line));
    VELUM_TRY(stmt_bind_integer(line, 1, n));
    return stmt_execute(line);
}

/* --- ranges ------------------------------------------------------------------------------------- */

velum_status row_lines_alloc(passage *passage, row_lines **out)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(row_lines), &slice));
    *out = slice;
    return VELUM_OK;
}

static velum_status read_key(passage *passage, const row_range *range, row_lines *out)
{
    const uint16_t table = passage->world->bundle->resources[range->resource].number;
    uint8_t hash[ROW_HASH_BYTES];

    row_key_hash(passage, table, range->key, hash);
    const velum_status status = row_line_find(passage->conn, table, hash, &out->items[0]);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    const bool is_theirs =
        memcmp(out->items[0].subject.bytes, passage->subject.bytes, SUBJECT_ID_BYTES) == 0;
    out->count = is_theirs && out->items[0].n > range->after_n ? 1 : 0;
    return VELUM_OK;
}

static velum_status take_lines(store_stmt *stmt, row_lines *out)
{
    velum_status status = VELUM_OK;

    while (out->count < ROWS_AT_ONCE_MAX && (status = stmt_step(stmt)) == VELUM_OK) {
        status = take_line(stmt, &out->items[out->count]);
        if (status < 0) {
            break;
        }
        out->count++;
    }
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

static velum_status bind_range(passage *passage, store_stmt *stmt, const row_range *range)
{
    const bundle *const bundle = passage->world->bundle;
    const bool has_limit = range->limit > 0 && range->limit < ROWS_AT_ONCE_MAX;

    VELUM_TRY(stmt_bind_integer(stmt, 1, bundle->resources[range->resource].number));
    VELUM_TRY(stmt_bind_integer(stmt, 2, range->after_n));
    return stmt_bind_integer(stmt, 3, has_limit ? range->limit : ROWS_AT_ONCE_MAX);
}

static velum_status read_subject(passage *passage, const row_range *range, row_lines *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(passage->conn,
                             "SELECT " LINE_COLUMNS " FROM module_row"
                             " WHERE subject = $4 AND resource = $1 AND n > $2"
                             " AND (category = $5 OR $5 = 0) ORDER BY n LIMIT $3",
                             &stmt));
    VELUM_TRY(bind_range(passage, stmt, range));
    VELUM_TRY(stmt_bind_integer(stmt, 5, range->category));
    VELUM_TRY(stmt_bind_blob(stmt, 4, passage->subject.bytes, SUBJECT_ID_BYTES));
    return take_lines(stmt, out);
}

static velum_status read_children(passage *passage, const row_range *range, row_lines *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(passage->conn,
                             "SELECT " LINE_COLUMNS " FROM module_row"
                             " WHERE parent = $4 AND parent <> 0 AND resource = $1 AND n > $2"
                             " AND subject = $5 ORDER BY n LIMIT $3",
                             &stmt));
    VELUM_TRY(bind_range(passage, stmt, range));
    VELUM_TRY(stmt_bind_integer(stmt, 4, range->parent));
    VELUM_TRY(stmt_bind_blob(stmt, 5, passage->subject.bytes, SUBJECT_ID_BYTES));
    return take_lines(stmt, out);
}

velum_status row_lines_read(passage *passage, const row_range *range, row_lines *out)
{
    out->count = 0;
    if (range->key.size > 0) {
        return read_key(passage, range, out);
    }
    return range->parent != 0 ? read_children(passage, range, out)
                              : read_subject(passage, range, out);
}

velum_status row_lines_of_category(passage *passage, uint16_t category, row_lines *out)
{
    store_stmt *stmt = NULL;

    out->count = 0;
    VELUM_TRY(conn_statement(passage->conn,
                             "SELECT " LINE_COLUMNS " FROM module_row"
                             " WHERE subject = $1 AND category = $2 LIMIT $3",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, passage->subject.bytes, SUBJECT_ID_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, category));
    VELUM_TRY(stmt_bind_integer(stmt, 3, ROWS_AT_ONCE_MAX));
    return take_lines(stmt, out);
}

/* --- opening and sealing ------------------------------------------------------------------------ */

static velum_status seat_of(passage *passage, const row_line *line, row_seat *out)
{
    *out = (row_seat){.subject = line->subject.bytes,
                      .n = line->n,
                      .table = line->table,
                      .version = line->version};
    return line->n < 0 ? VELUM_OK : rows_key_of(passage, line->category, &out->rows_key);
}

velum_status row_seal(passage *passage, const row_line *line, const record *what, buffer *out)
{
    row_seat seat;

    VELUM_TRY(seat_of(passage, line, &seat));
    return vault_row_seal(passage->gate->vault, passage->arena, &seat, what, out);
}

static velum_status open_sealed(passage *passage, const row_line *line, record **out)
{
    store_stmt *stmt = NULL;
    row_seat seat;

    VELUM_TRY(seat_of(passage, line, &seat));
    VELUM_TRY(conn_statement(passage->conn, "SELECT sealed FROM module_row WHERE n = $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, line->n));
    velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        status =
            vault_row_open(passage->gate->vault, passage->arena, &seat, stmt_blob(stmt, 0), out);
    } else if (status == VELUM_END) {
        status = VELUM_E_CORRUPT;
    }
    stmt_reset(stmt);
    return status;
}

velum_status row_open(passage *passage, const row_line *line, row *out)
{
    *out = (row){.n = line->n, .at_ns = line->at_ns, .key = TEXT_EMPTY};
    VELUM_TRY(open_sealed(passage, line, &out->record));
    const text *const key = record_find(out->record, ROW_KEY_FIELD);
    if ((key == NULL) != (line->n < 0)) {
        return VELUM_E_CORRUPT;
    }
    if (key != NULL) {
        out->key = *key;
        VELUM_TRY(record_put(out->record, ROW_KEY_FIELD, (text){NULL, 0}));
    }
    return VELUM_OK;
}

/* --- visiting ----------------------------------------------------------------------------------- */

/* The lines were read before, so that a visitor may ask the database whatever it likes. */
static velum_status visit_lines(passage *passage, const row_lines *lines, row_visitor visit,
                                void *context)
{
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < lines->count && status == VELUM_OK; i++) {
        const size_t mark = secret_arena_mark(passage->arena);
        row row;
        status = row_open(passage, &lines->items[i], &row);
        if (status == VELUM_OK) {
            status = visit(context, &row);
        }
        secret_arena_rewind(passage->arena, mark);
    }
    return status == VELUM_END ? VELUM_OK : status;
}

velum_status rows_visit(passage *passage, const row_range *range, row_visitor visit, void *context)
{
    row_lines *lines = NULL;

    VELUM_TRY(rows_keys_begin(passage));
    const size_t mark = secret_arena_mark(passage->arena);
    velum_status status = row_lines_alloc(passage, &lines);
    if (status == VELUM_OK) {
        status = row_lines_read(passage, range, lines);
    }
    if (status == VELUM_OK) {
        status = visit_lines(passage, lines, visit, context);
    }
    secret_arena_rewind(passage->arena, mark);
    return status;
}

static velum_status read_nobody(passage *passage, const row_range *range, row_lines *out)
{
    store_stmt *stmt = NULL;

    out->count = 0;
    VELUM_TRY(conn_statement(passage->conn,
                             "SELECT " LINE_COLUMNS " FROM module_row"
                             " WHERE resource = $1 AND n > $2 AND n < 0 ORDER BY n LIMIT $3",
                             &stmt));
    VELUM_TRY(bind_range(passage, stmt, range));
    return take_lines(stmt, out);
}

velum_status rows_visit_anonymous(passage *passage, const row_range *range, row_visitor visit,
                                  void *context)
{
    const size_t mark = secret_arena_mark(passage->arena);
    row_lines *lines = NULL;

    velum_status status = row_lines_alloc(passage, &lines);
    if (status == VELUM_OK) {
        status = read_nobody(passage, range, lines);
    }
    if (status == VELUM_OK) {
        status = visit_lines(passage, lines, visit, context);
    }
    secret_arena_rewind(passage->arena, mark);
    return status;
}
