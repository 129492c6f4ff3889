/* core/counts_kept.c: the answer of a count that is kept and given again.
 *
 * Beside told numbers it keeps where somebody was counted and not told, which no number is (C-5), and
 * never leaves. Format: docs/formats/counts.md.
 */
#include "core/counts.h"

#include "core/schema.h"

#define FORMAT_VERSION 1
#define FLAG_COUNTED 1U
#define FLAG_FRESH 2U
#define FLAG_CUSTOMERS 4U
#define FLAG_SUM 8U
#define FLAGS_ALL 15U

const char *const counts_schema_3[] = {
    "CREATE TABLE counts_answer ("
    " count INTEGER NOT NULL,"
    " shape BLOB NOT NULL CHECK (length(shape) = 32),"
    " purpose INTEGER NOT NULL,"
    " day INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL,"
    " answer BLOB NOT NULL,"
    " PRIMARY KEY (count, shape)"
    ") STRICT, WITHOUT ROWID",
    NULL,
};

/* --- bytes -------------------------------------------------------------------------------------- */

static void encode_values(const counts_table *table, uint32_t dimension, buffer *out)
{
    const uint32_t count = counts_table_value_count(table, dimension);

    buffer_append_u32be(out, count);
    for (uint32_t value = 1; value <= count; value++) {
        const text name = counts_table_value_text(table, dimension, value);
        buffer_append_u16be(out, (uint16_t)name.size);
        buffer_append(out, name.data, name.size);
    }
}

static void encode_cell(const publish_cell *cell, uint32_t dimensions, buffer *out)
{
    const publish_told *const told = &cell->told;

    for (uint32_t d = 0; d < dimensions; d++) {
        buffer_append_u16be(out, (uint16_t)cell->at[d]);
    }
    buffer_append_byte(
        out,
        (uint8_t)((told->is_counted ? FLAG_COUNTED : 0) | (told->is_fresh ? FLAG_FRESH : 0) |
                  (told->has_customers ? FLAG_CUSTOMERS : 0) | (told->has_sum ? FLAG_SUM : 0)));
    buffer_append_u64be(out, told->has_customers ? told->customers : 0);
    buffer_append_u64be(out, told->has_sum ? (uint64_t)told->sum : 0);
}

velum_status counts_kept_encode(const counts_kept *kept, const counts_table *table, buffer *out)
{
    const uint32_t dimensions = counts_table_dimensions(table);
    size_t count = 0;
    const publish_cell *const cells = counts_table_cells(table, &count);

    buffer_append_byte(out, FORMAT_VERSION);
    buffer_append_byte(out, (uint8_t)dimensions);
    for (uint32_t d = 0; d < dimensions; d++) {
        encode_values(table, d, out);
    }
    buffer_append_u64be(out, kept->sum_base);
    buffer_append_u32be(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        encode_cell(&cells[i], dimensions, out);
    }
    return buffer_status(out);
}

/* --- and back ----------------------------------------------------------------------------------- */

typedef struct reader {
    const uint8_t *bytes;
    size_t left;
} reader;

/* The next bytes; NULL where there are fewer. */
static const uint8_t *take(reader *self, size_t size)
{
    const uint8_t *const at = self->bytes;

    if (self->left < size) {
        return NULL;
    }
    self->bytes += size;
    self->left -= size;
    return at;
}

static velum_status decode_values(reader *self, uint32_t dimension, counts_table *table)
{
    const uint8_t *const head = take(self, 4);
    const uint32_t count = head == NULL ? UINT32_MAX : bytes_read_u32be(head);

    if (count > PUBLISH_VALUES_MAX) {
        return VELUM_E_CORRUPT;
    }
    for (uint32_t i = 1; i <= count; i++) {
        const uint8_t *const length = take(self, 2);
        const size_t size = length == NULL ? 0 : bytes_read_u16be(length);
        const uint8_t *const name = take(self, size);
        uint32_t value = 0;
        if (length == NULL || name == NULL || !utf8_is_valid((text){(const char *)name, size}) ||
            counts_table_value(table, dimension, (text){(const char *)name, size}, &value) < 0 ||
            value != i) {
            return VELUM_E_CORRUPT; /* a value that was there has a number that was there */
        }
    }
    return VELUM_OK;
}

static bool told_is_sound(const publish_told *told)
{
    return told->customers <= PUBLISH_CUSTOMERS_MAX && told->sum <= 2 * PUBLISH_SUM_MAX &&
           told->sum >= -2 * PUBLISH_SUM_MAX && (told->has_customers || !told->has_sum) &&
           (told->has_customers || !told->is_fresh) &&
           (told->has_customers || told->customers == 0) && (told->has_sum || told->sum == 0);
}

static velum_status decode_cell(reader *self, counts_table *table)
{
    const uint32_t dimensions = counts_table_dimensions(table);
    const uint8_t *const bytes = take(self, 2 * (size_t)dimensions + 17);
    uint32_t at[PUBLISH_DIMENSIONS_MAX] = {0};
    publish_cell *cell = NULL;

    if (bytes == NULL) {
        return VELUM_E_CORRUPT;
    }
    for (uint32_t d = 0; d < dimensions; d++) {
        at[d] = bytes_read_u16be(bytes + 2 * (size_t)d);
        if (at[d] > counts_table_value_count(table, d)) {
            return VELUM_E_CORRUPT;
        }
    }
    const uint8_t *const told = bytes + 2 * (size_t)dimensions;
    VELUM_TRY(counts_table_cell(table, at, &cell));
    cell->before = (publish_told){.is_counted = (told[0] & FLAG_COUNTED) != 0,
                                  .is_fresh = (told[0] & FLAG_FRESH) != 0,
                                  .has_customers = (told[0] & FLAG_CUSTOMERS) != 0,
                                  .has_sum = (told[0] & FLAG_SUM) != 0,
                                  .customers = bytes_read_u64be(told + 1),
                                  .sum = (int64_t)bytes_read_u64be(told + 9)};
    cell->told = cell->before;
    return (told[0] & ~FLAGS_ALL) == 0 && told_is_sound(&cell->before) ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status decode_cells(reader *self, counts_kept *io, counts_table *table)
{
    const uint8_t *const head = take(self, 12);
    size_t found = 0;

    if (head == NULL) {
        return VELUM_E_CORRUPT;
    }
    io->sum_base = bytes_read_u64be(head);
    const uint32_t count = bytes_read_u32be(head + 8);
    if (count > COUNTS_CELLS_MAX || io->sum_base > 10 * (uint64_t)PUBLISH_SUM_MAX) {
        return VELUM_E_CORRUPT;
    }
    for (uint32_t i = 0; i < count; i++) {
        VELUM_TRY(decode_cell(self, table));
    }
    (void)counts_table_cells(table, &found);
    return self->left == 0 && found == count ? VELUM_OK : VELUM_E_CORRUPT; /* each place once */
}

velum_status counts_kept_decode(const uint8_t *bytes, size_t size, counts_kept *io,
                                counts_table *table)
{
    reader self = {bytes, size};
    const uint8_t *const head = take(&self, 2);

    if (head == NULL || head[0] != FORMAT_VERSION || head[1] != counts_table_dimensions(table)) {
        return VELUM_E_CORRUPT;
    }
    for (uint32_t d = 0; d < head[1]; d++) {
        VELUM_TRY(decode_values(&self, d, table));
    }
    return decode_cells(&self, io, table);
}

/* --- rows --------------------------------------------------------------------------------------- */

velum_status counts_kept_load(store_conn *conn, counts_kept *io, counts_table *table)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "SELECT purpose, day, at_ns, answer FROM counts_answer"
                             " WHERE count = $1 AND shape = $2",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, io->count));
    VELUM_TRY(stmt_bind_blob(stmt, 2, io->shape, sizeof(io->shape)));
    velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        const crypto_part answer = stmt_blob(stmt, 3);
        io->purpose = (uint16_t)stmt_integer(stmt, 0);
        io->day = stmt_integer(stmt, 1);
        io->at_ns = stmt_integer(stmt, 2);
        status = counts_kept_decode(answer.data, answer.size, io, table);
    } else if (status == VELUM_END) {
        status = VELUM_E_NOTFOUND;
    }
    stmt_reset(stmt);
    return status;
}

typedef struct storing {
    const counts_kept *kept;
    const buffer *answer;
} storing;

static velum_status store_on_writer(void *context, store_conn *conn)
{
    const storing *const self = context;
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO counts_answer (count, shape, purpose, day, at_ns, answer)"
                             " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (count, shape)"
                             " DO UPDATE SET purpose = $3, day = $4, at_ns = $5, answer = $6",
                             &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, self->kept->count));
    VELUM_TRY(stmt_bind_blob(stmt, 2, self->kept->shape, sizeof(self->kept->shape)));
    VELUM_TRY(stmt_bind_integer(stmt, 3, self->kept->purpose));
    VELUM_TRY(stmt_bind_integer(stmt, 4, self->kept->day));
    VELUM_TRY(stmt_bind_integer(stmt, 5, self->kept->at_ns));
    VELUM_TRY(stmt_bind_blob(stmt, 6, self->answer->data, self->answer->size));
    return stmt_execute(stmt);
}

velum_status counts_kept_store(velum_gate *gate, const counts_kept *kept, const counts_table *table)
{
    VELUM_AUTO_BUFFER answer = {0};
    storing task = {kept, &answer};

    buffer_init(&answer, COUNTS_KEPT_BYTES_MAX);
    VELUM_TRY(counts_kept_encode(kept, table, &answer));
    return writer_run(&gate->writer, store_on_writer, &task);
}
