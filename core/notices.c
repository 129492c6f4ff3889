/* core/notices.c: the table `notice`. */
#include "core/notices.h"

#include "core/registry.h"
#include "core/schema.h"

#include <stdio.h>

const char *const notices_schema_2[] = {
    "CREATE TABLE notice ("
    " number INTEGER PRIMARY KEY,"
    " hash BLOB NOT NULL CHECK (length(hash) = 32),"
    " id TEXT NOT NULL,"
    " language TEXT NOT NULL,"
    " version INTEGER NOT NULL,"
    " body BLOB NOT NULL"
    ") STRICT",
    NULL,
};

typedef struct notice_row {
    uint16_t number;
    text id;
    text language;
    uint32_t version;
    text body;
    uint8_t hash[SHA256_BYTES];
} notice_row;

static velum_status insert(store_conn *conn, const notice_row *row)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO notice (number, hash, id, language, version, body)"
                             " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number) DO NOTHING",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, row->number));
    VELUM_TRY(stmt_bind_blob(stmt, 2, row->hash, SHA256_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 3, row->id));
    VELUM_TRY(stmt_bind_text(stmt, 4, row->language));
    VELUM_TRY(stmt_bind_integer(stmt, 5, row->version));
    VELUM_TRY(stmt_bind_blob(stmt, 6, row->body.data, row->body.size));
    return stmt_execute(stmt);
}

velum_status notice_put(write_batch *batch, text id, text language, uint32_t version, text body,
                        uint16_t *out_number)
{
    notice_row row = {.id = id, .language = language, .version = version, .body = body};
    char name[ENTRY_NAME_BYTES_MAX + 1];
    char hash[33];

    sha256_parts(&(crypto_part){body.data, body.size}, 1, row.hash);
    hex_encode(row.hash, 16, hash);
    const int size = snprintf(name, sizeof(name), "%.*s.%.*s.%s", (int)id.size, id.data,
                              (int)language.size, language.data, hash);
    if (size < 0 || (size_t)size >= sizeof(name)) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(registry_add(batch, REGISTRY_NOTICE, (text){name, (size_t)size},
                           clock_wall_ns(&batch->gate->clock), &row.number));
    *out_number = row.number;
    return insert(batch->conn, &row);
}

velum_status notices_put_bundle(write_batch *batch, const bundle *bundle)
{
    for (uint32_t i = 0; i < bundle->notice_count; i++) {
        const bundle_notice *notice = &bundle->notices[i];
        uint16_t number = 0;
        VELUM_TRY(notice_put(batch, notice->id, notice->language, notice->version, notice->body,
                             &number));
    }
    return VELUM_OK;
}
