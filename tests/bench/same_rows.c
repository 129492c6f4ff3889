/* tests/bench/same_rows.c: rows out of a folder, and into empty databases. */
#include "same_rows.h"

#include "vault/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_MAX 6
#define ROWS_MAX_A_CUSTOMER 64
#define BYTES_MAX ((size_t)256 << 20)
#define SCHEMA_STATEMENTS_MAX 16
/* Bodies of leaves that name 200 customers each, and of the request's own. */
#define LEAF_BYTES 3700
#define LEAF_CUSTOMERS 200

/* A table: how its rows of one customer are read, with $1, and put again; a letter a column. */
typedef struct table {
    bool is_of_keys;
    const char *columns; /* b: bytes, i: integer, t: text */
    const char *select;
    const char *insert;
} table;

/* In the order in which the import writes them. */
static const table TABLES[] = {
    {true, "ibb",
     "SELECT slot, first, second FROM key_slot"
     " WHERE slot = (SELECT slot FROM subject_key WHERE subject = $1)",
     "INSERT INTO key_slot (slot, first, second) VALUES ($1, $2, $3)"},
    {true, "biiii",
     "SELECT subject, kek_version, slot, generation, key_version FROM subject_key"
     " WHERE subject = $1",
     "INSERT INTO subject_key (subject, kek_version, slot, generation, key_version)"
     " VALUES ($1, $2, $3, $4, $5)"},
    {true, "b", "SELECT subject FROM subject_new WHERE subject = $1",
     "INSERT INTO subject_new (subject) VALUES ($1)"},
    {false, "biibii",
     "SELECT subject, status, state_version, state, generation, key_version FROM subject"
     " WHERE subject = $1",
     "INSERT INTO subject (subject, status, state_version, state, generation, key_version)"
     " VALUES ($1, $2, $3, $4, $5, $6)"},
    {false, "tibiib",
     "SELECT type_and_form, key_version, hash, suite, tenant, subject FROM blind_index"
     " WHERE subject = $1",
     "INSERT INTO blind_index (type_and_form, key_version, hash, suite, tenant, subject)"
     " VALUES ($1, $2, $3, $4, $5, $6)"},
    {false, "biibb",
     "SELECT subject, category, version, sealed, wrapped_key FROM category WHERE subject = $1",
     "INSERT INTO category (subject, category, version, sealed, wrapped_key)"
     " VALUES ($1, $2, $3, $4, $5)"},
    {false, "ibbi", "SELECT field, hash, subject, category FROM search_index WHERE subject = $1",
     "INSERT INTO search_index (field, hash, subject, category) VALUES ($1, $2, $3, $4)"},
    {false, "bib", "SELECT subject, n, sealed FROM consent_event WHERE subject = $1",
     "INSERT INTO consent_event (subject, n, sealed) VALUES ($1, $2, $3)"},
};
#define TABLE_COUNT (sizeof(TABLES) / sizeof(TABLES[0]))

typedef struct cell {
    int64_t integer;
    size_t offset; /* into the bytes */
    size_t size;
} cell;

typedef struct row {
    const table *table;
    cell cells[COLUMNS_MAX];
} row;

typedef struct copying {
    velum_gate *gate;
    store *vault;
    store *keys;
    row *rows;
    uint32_t row_count;
    uint32_t row_capacity;
    buffer bytes;
    int64_t last_rowid;
    int64_t seq;
    uint32_t customers_together;
    atomic_bool done;
} copying;

static void must(velum_status status, const char *what)
{
    if (status < 0) {
        (void)fprintf(stderr, "same_rows: %s: %s\n", what, velum_status_text(status));
        exit(1);
    }
}

static double seconds(clockid_t which)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(which, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double same_rows_cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* --- out of the folder -------------------------------------------------------------------------- */

static void keep_cell(copying *self, store_stmt *stmt, int column, char kind, cell *out)
{
    if (kind == 'i') {
        out->integer = stmt_integer(stmt, column);
        return;
    }
    const crypto_part value = stmt_blob(stmt, column);
    out->offset = self->bytes.size;
    out->size = value.size;
    buffer_append(&self->bytes, value.data, value.size);
}

static void take_table(copying *self, store_conn *conn, const table *table, const subject_id *id)
{
    store_stmt *stmt = NULL;
    velum_status status = VELUM_OK;

    must(conn_statement(conn, table->select, &stmt), "read");
    must(stmt_bind_blob(stmt, 1, id->bytes, SUBJECT_ID_BYTES), "read");
    while ((status = stmt_step(stmt)) == VELUM_OK) {
        if (self->row_count == self->row_capacity) {
            must(VELUM_E_LIMIT, "more rows a customer than foreseen");
        }
        row *const into = &self->rows[self->row_count++];
        into->table = table;
        for (int i = 0; table->columns[i] != '\0'; i++) {
            keep_cell(self, stmt, i, table->columns[i], &into->cells[i]);
        }
    }
    must(status, "read");
}

/* Ids of the customers that were made next; how many. */
static uint32_t next_ids(copying *self, store_conn *conn, subject_id *out)
{
    static const char sql[] =
        "SELECT rowid, subject FROM subject WHERE rowid > $1 ORDER BY rowid LIMIT $2";
    store_stmt *stmt = NULL;
    uint32_t count = 0;

    must(conn_statement(conn, sql, &stmt), "ids");
    must(stmt_bind_integer(stmt, 1, self->last_rowid), "ids");
    must(stmt_bind_integer(stmt, 2, self->customers_together), "ids");
    while (stmt_step(stmt) == VELUM_OK) {
        self->last_rowid = stmt_integer(stmt, 0);
        must(column_bytes(stmt, 1, out[count++].bytes, SUBJECT_ID_BYTES), "ids");
    }
    return count;
}

/* All rows of the next chunk; how many customers. */
static uint32_t take_chunk(copying *self, subject_id *ids)
{
    store_conn *of_vault = NULL;
    store_conn *of_keys = NULL;

    self->row_count = 0;
    buffer_reset(&self->bytes);
    must(store_reader_acquire(self->gate->db, 1000, &of_vault), "no reader");
    must(store_reader_acquire(self->gate->vault->keys_db, 1000, &of_keys), "no reader");
    const uint32_t count = next_ids(self, of_vault, ids);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t t = 0; t < TABLE_COUNT; t++) {
            take_table(self, TABLES[t].is_of_keys ? of_keys : of_vault, &TABLES[t], &ids[i]);
        }
    }
    must(buffer_status(&self->bytes), "no memory");
    store_reader_release(self->gate->vault->keys_db, of_keys);
    store_reader_release(self->gate->db, of_vault);
    return count;
}

/* --- into empty databases ----------------------------------------------------------------------- */

/* The tables and indexes that the folder's file has. */
static void copy_schema(store *from, store *to)
{
    static const char sql[] =
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name IN"
        " ('subject', 'category', 'blind_index', 'search_index', 'consent_event', 'outbox', 'meta',"
        " 'subject_key', 'key_slot', 'subject_new') ORDER BY type DESC";
    store_conn *conn = NULL;
    store_stmt *stmt = NULL;
    char *statements[SCHEMA_STATEMENTS_MAX];
    uint32_t count = 0;

    must(store_reader_acquire(from, 1000, &conn), "no reader");
    must(conn_statement(conn, sql, &stmt), "schema");
    while (stmt_step(stmt) == VELUM_OK && count < SCHEMA_STATEMENTS_MAX) {
        const text one = stmt_text(stmt, 0);
        statements[count] = strndup(one.data, one.size);
        count++;
    }
    store_reader_release(from, conn);
    for (uint32_t i = 0; i < count; i++) {
        must(conn_run(store_writer(to), statements[i]), "schema");
        free(statements[i]);
    }
}

static store *make_empty(store *like, const char *folder, const char *name)
{
    static const uint8_t key[KEY_BYTES] = {1};
    const store_options options = {
        .folder = folder, .name = name, .key = key, .readers_max = 1, .create = true};
    store *made = NULL;

    must(store_open(&options, &made, NULL), "no database");
    copy_schema(like, made);
    return made;
}

static void put_row(const copying *self, const row *from)
{
    store *const into = from->table->is_of_keys ? self->keys : self->vault;
    store_stmt *stmt = NULL;

    must(conn_statement(store_writer(into), from->table->insert, &stmt), "insert");
    for (int i = 0; from->table->columns[i] != '\0'; i++) {
        const cell *const value = &from->cells[i];
        const void *const bytes = self->bytes.data + value->offset;
        const char kind = from->table->columns[i];
        must(kind == 'i'   ? stmt_bind_integer(stmt, i + 1, value->integer)
             : kind == 't' ? stmt_bind_text(stmt, i + 1, (text){bytes, value->size})
                           : stmt_bind_blob(stmt, i + 1, bytes, value->size),
             "insert");
    }
    must(stmt_execute(stmt), "insert");
}

static void put_outbox(copying *self, uint32_t customers)
{
    static const uint8_t body[LEAF_BYTES];
    store_conn *const conn = store_writer(self->vault);
    const uint32_t leaves = customers / LEAF_CUSTOMERS + 1;
    store_stmt *stmt = NULL;

    must(conn_statement(conn, "DELETE FROM outbox WHERE seq <= $1", &stmt), "outbox");
    must(stmt_bind_integer(stmt, 1, self->seq), "outbox");
    must(stmt_execute(stmt), "outbox");
    for (uint32_t i = 0; i < leaves; i++) {
        must(conn_statement(conn, "INSERT INTO outbox (seq, body) VALUES ($1, $2)", &stmt),
             "outbox");
        must(stmt_bind_integer(stmt, 1, ++self->seq), "outbox");
        must(stmt_bind_blob(stmt, 2, body, sizeof(body)), "outbox");
        must(stmt_execute(stmt), "outbox");
    }
    must(conn_statement(conn,
                        "INSERT INTO meta (name, value) VALUES ('outbox_seq', $1)"
                        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                        &stmt),
         "meta");
    must(stmt_bind_integer(stmt, 1, self->seq), "meta");
    must(stmt_execute(stmt), "meta");
}

static void put_chunk(copying *self, uint32_t customers)
{
    must(conn_begin(store_writer(self->vault)), "begin");
    must(conn_begin(store_writer(self->keys)), "begin");
    for (uint32_t i = 0; i < self->row_count; i++) {
        put_row(self, &self->rows[i]);
    }
    put_outbox(self, customers);
    must(conn_commit(store_writer(self->keys)), "commit");
    must(conn_commit(store_writer(self->vault)), "commit");
}

static void *let_wal_flow(void *context)
{
    copying *const self = context;
    const struct timespec second = {.tv_sec = 1};

    while (!atomic_load(&self->done)) {
        (void)nanosleep(&second, NULL);
        (void)!store_checkpoint_passive(self->vault);
    }
    return NULL;
}

static same_rows_cost put_all(copying *self)
{
    subject_id *const ids = calloc(self->customers_together, sizeof(*ids));
    same_rows_cost cost = {.wall_s = 0};
    uint32_t count = 0;

    while (ids != NULL && (count = take_chunk(self, ids)) > 0) {
        const double wall = seconds(CLOCK_MONOTONIC);
        const double cpu = same_rows_cpu_s();
        put_chunk(self, count);
        cost.wall_s += seconds(CLOCK_MONOTONIC) - wall;
        cost.cpu_s += same_rows_cpu_s() - cpu;
    }
    free(ids);
    return cost;
}

same_rows_cost same_rows_insert(velum_gate *gate, const char *folder, uint32_t customers_together)
{
    copying self = {.gate = gate,
                    .customers_together = customers_together,
                    .row_capacity = customers_together * ROWS_MAX_A_CUSTOMER};
    pthread_t flow;

    buffer_init(&self.bytes, BYTES_MAX);
    self.rows = calloc(self.row_capacity, sizeof(*self.rows));
    if (self.rows == NULL) {
        must(VELUM_E_NOMEM, "rows");
    }
    self.vault = make_empty(gate->db, folder, "same-vault.db");
    self.keys = make_empty(gate->vault->keys_db, folder, "same-keys.db");
    if (pthread_create(&flow, NULL, let_wal_flow, &self) != 0) {
        must(VELUM_E_NOMEM, "thread");
    }
    const same_rows_cost cost = put_all(&self);
    atomic_store(&self.done, true);
    (void)pthread_join(flow, NULL);
    store_free(self.vault);
    store_free(self.keys);
    free(self.rows);
    buffer_clear(&self.bytes);
    return cost;
}
