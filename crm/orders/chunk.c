#include "crm/orders/chunk.h"

#include "crm/say.h"

#include <time.h>

#define CHUNK_ROWS_MAX 1000 /* orders and their lines */
#define ROWS_BYTES_MAX ((size_t)900 << 10)
#define BODY_BYTES_MAX \
    ((size_t)1000 << 10) /* a frame of the socket takes 1 MiB, with what is around */
#define TRIES_MAX 5

void chunk_init(chunk *self)
{
    buffer_init(&self->rows, ROWS_BYTES_MAX);
}

void chunk_clear(chunk *self)
{
    buffer_clear(&self->rows);
}

static velum_status write_body(const chunk *self, buffer *out)
{
    json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_text(&writer, "table", self->table);
    json_name(&writer, "rows");
    json_begin_array(&writer);
    json_write_raw(&writer, (text){(const char *)self->rows.data, self->rows.size});
    json_end_array(&writer);
    json_end_object(&writer);
    return buffer_status(out);
}

static velum_status take_row(chunk *self, const json_value *row)
{
    const json_value *const result = json_member(row, "result");
    const json_value *const reason = json_member(row, "reason");
    const json_value *const line = json_member(row, "line");
    const text word = result == NULL ? TEXT_EMPTY : json_text(result);

    self->totals.same += text_equal_literal(word, "same") ? 1 : 0;
    self->totals.changed += text_equal_literal(word, "changed") ? 1 : 0;
    self->totals.new += text_equal_literal(word, "new") ? 1 : 0;
    if (!text_equal_literal(word, "rejected")) {
        return VELUM_OK;
    }
    self->totals.rejected++;
    return rejects_add(self->rejects, line == NULL ? 0 : (uint64_t)json_integer(line),
                       reason == NULL ? TEXT_LITERAL("rejected") : json_text(reason));
}

/* A write that was not answered may have been done: putting the same again is safe. */
static velum_status ask(chunk *self, const buffer *body, json **out)
{
    const struct timespec second = {.tv_sec = 1};
    velum_status status = VELUM_E_UNAVAILABLE;

    for (uint32_t i = 0; i < TRIES_MAX && status == VELUM_E_UNAVAILABLE; i++) {
        if (i > 0) {
            (void)nanosleep(&second, NULL);
        }
        status = door_ask(self->door, VELUM_VERB_ROW_IMPORT, body, out);
    }
    return status;
}

velum_status chunk_send(chunk *self)
{
    VELUM_AUTO_BUFFER body = {0};
    VELUM_AUTO(json) *said = NULL;

    if (self->count == 0) {
        return VELUM_OK;
    }
    buffer_init(&body, BODY_BYTES_MAX);
    VELUM_TRY(write_body(self, &body));
    VELUM_TRY(ask(self, &body, &said));
    const json_value *const rows = json_member(json_root(said), "rows");
    for (size_t i = 0; rows != NULL && i < json_count(rows); i++) {
        VELUM_TRY(take_row(self, json_at(rows, i)));
    }
    buffer_reset(&self->rows);
    self->count = 0;
    return VELUM_OK;
}

velum_status chunk_add(chunk *self, text order, uint32_t count)
{
    if (self->count + count > CHUNK_ROWS_MAX || self->rows.size + order.size + 1 > ROWS_BYTES_MAX) {
        VELUM_TRY(chunk_send(self));
    }
    if (self->count > 0) {
        buffer_append_byte(&self->rows, ',');
    }
    buffer_append(&self->rows, order.data, order.size);
    self->count += count;
    return buffer_status(&self->rows);
}
