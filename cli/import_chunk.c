/* cli/import_chunk.c: chunks, their answers, and trying again. */
#include "cli/import_chunk.h"

#include <time.h>

#include "base/clock.h"
#include "cli/say.h"

#define TRIES_MAX 6
#define FIRST_WAIT_MS 200
#define ROWS_MAX_LEAST 200
#define CHUNK_LONG_MS 300
#define HTTP_OK 200
#define HTTP_TOO_MANY 429
#define HTTP_UNAVAILABLE 503

void import_chunk_init(import_chunk *self, velum_client *client, text source)
{
    *self = (import_chunk){.client = client,
                           .verb = VELUM_VERB_IMPORT,
                           .source = source,
                           .rows_max = IMPORT_CHUNK_ROWS_MAX};
    buffer_init(&self->body, IMPORT_CHUNK_BYTES_MAX);
}

void import_chunk_clear(import_chunk *self)
{
    buffer_clear(&self->body);
}

static void begin(import_chunk *self)
{
    json_writer json;

    buffer_reset(&self->body);
    json_writer_init(&json, &self->body);
    json_begin_object(&json);
    json_member_text(&json, "source", self->source);
    if (self->members.size > 0) {
        buffer_append_byte(&self->body, ',');
        buffer_append(&self->body, self->members.data, self->members.size);
        buffer_append_text(&self->body, ",\"rows\":[");
        return;
    }
    json_member_string(&json, "on_match", self->rejects_known ? "reject" : "update");
    if (self->domain.size > 0) {
        json_member_text(&json, "domain", self->domain);
    }
    buffer_append_text(&self->body, ",\"rows\":[");
}

velum_status import_chunk_add(import_chunk *self, text row)
{
    const size_t ends = sizeof(",]}") - 1;

    if (self->rows >= self->rows_max ||
        self->body.size + row.size + ends > IMPORT_CHUNK_BYTES_MAX) {
        VELUM_TRY(import_chunk_send(self));
    }
    if (self->rows == 0) {
        begin(self);
    } else {
        buffer_append_byte(&self->body, ',');
    }
    buffer_append(&self->body, row.data, row.size);
    self->rows++;
    const velum_status status = buffer_status(&self->body);
    if (status < 0) {
        session_say_error("a row does not fit", status, NULL);
    }
    return status;
}

static void wait_ms(uint32_t ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    (void)nanosleep(&wait, NULL);
}

/* Sends until there is an answer that is neither "unavailable" nor "too much at once". */
static velum_status send_patiently(import_chunk *self, const session_request *request,
                                   velum_answer **out)
{
    uint32_t pause_ms = FIRST_WAIT_MS;

    for (uint32_t i = 0; i < TRIES_MAX; i++, pause_ms *= 2) {
        VELUM_AUTO(velum_answer) *answer = NULL;
        VELUM_TRY(session_send(self->client, request, &answer));
        const int32_t status = velum_answer_status(answer);
        if (status == HTTP_OK) {
            *out = velum_answer_take(&answer);
            return VELUM_OK;
        }
        const bool is_passing = status == HTTP_UNAVAILABLE || status == HTTP_TOO_MANY;
        if (!is_passing || i + 1 == TRIES_MAX) {
            session_say_refusal(answer);
            return VELUM_E_DENIED;
        }
        wait_ms(pause_ms);
    }
    return VELUM_E_UNAVAILABLE;
}

static text member_text(const json_value *row, const char *name)
{
    const json_value *value = json_member(row, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static uint64_t *counter_of(import_counts *counts, text result)
{
    if (text_equal_literal(result, "same")) {
        return &counts->same;
    }
    if (text_equal_literal(result, "changed")) {
        return &counts->changed;
    }
    if (text_equal_literal(result, "new")) {
        return &counts->new_ones;
    }
    return text_equal_literal(result, "rejected") ? &counts->rejected : NULL;
}

static velum_status take_row(import_chunk *self, const json_value *row)
{
    const json_value *line = json_member(row, "line");
    const text result = member_text(row, "result");
    uint64_t *counter = counter_of(&self->counts, result);

    if (counter == NULL || line == NULL || json_integer(line) < 0) {
        return VELUM_E_CORRUPT;
    }
    *counter += 1;
    if (self->result == NULL) {
        return VELUM_OK;
    }
    const bool is_rejected = counter == &self->counts.rejected;
    const text reason = is_rejected ? member_text(row, "reason") : TEXT_EMPTY;
    return self->result(self->context, (uint64_t)json_integer(line),
                        is_rejected && reason.size == 0 ? TEXT_LITERAL("rejected") : reason,
                        member_text(row, "ref"));
}

static velum_status take_answer(import_chunk *self, const velum_answer *answer)
{
    VELUM_AUTO(json) *parsed = NULL;

    VELUM_TRY(json_parse(session_body(answer), SESSION_ANSWER_BYTES_MAX, &parsed, NULL));
    const json_value *rows = json_member(json_root(parsed), "rows");
    if (rows == NULL || json_count(rows) != self->rows) {
        return VELUM_E_CORRUPT;
    }
    for (size_t i = 0; i < json_count(rows); i++) {
        VELUM_TRY(take_row(self, json_at(rows, i)));
    }
    return VELUM_OK;
}

static int64_t now_ms(void)
{
    const velum_clock clock = clock_system();

    return clock_monotonic_ns(&clock) / NS_PER_MS;
}

/* Half as many after a long one, twice as many after a short one. */
static void choose_rows_max(import_chunk *self, int64_t took_ms)
{
    if (took_ms > CHUNK_LONG_MS && self->rows_max / 2 >= ROWS_MAX_LEAST) {
        self->rows_max /= 2;
    } else if (took_ms < CHUNK_LONG_MS / 3 && self->rows_max * 2 <= IMPORT_CHUNK_ROWS_MAX) {
        self->rows_max *= 2;
    }
}

velum_status import_chunk_send(import_chunk *self)
{
    VELUM_AUTO(velum_answer) *answer = NULL;

    if (self->rows == 0) {
        return VELUM_OK;
    }
    buffer_append_text(&self->body, "]}");
    const session_request request = {.verb = self->verb,
                                     .body = {(const char *)self->body.data, self->body.size}};
    const int64_t begin_ms = now_ms();
    VELUM_TRY(send_patiently(self, &request, &answer));
    choose_rows_max(self, now_ms() - begin_ms);
    const velum_status status = take_answer(self, answer);
    if (status < 0) {
        session_say_error("the results of a chunk cannot be taken", status, NULL);
    }
    self->rows = 0;
    buffer_reset(&self->body);
    return status;
}

velum_status import_chunk_end(import_chunk *self)
{
    VELUM_AUTO(velum_answer) *answer = NULL;
    json_writer json;

    VELUM_TRY(import_chunk_send(self));
    if (self->verb != VELUM_VERB_IMPORT) {
        return VELUM_OK;
    }
    buffer_reset(&self->body);
    json_writer_init(&json, &self->body);
    json_begin_object(&json);
    json_member_text(&json, "source", self->source);
    json_member_integer(&json, "same", (int64_t)self->counts.same);
    json_member_integer(&json, "changed", (int64_t)self->counts.changed);
    json_member_integer(&json, "new", (int64_t)self->counts.new_ones);
    json_member_integer(&json, "rejected", (int64_t)self->counts.rejected);
    json_end_object(&json);
    VELUM_TRY(buffer_status(&self->body));
    const session_request request = {.verb = VELUM_VERB_IMPORT_END,
                                     .body = {(const char *)self->body.data, self->body.size}};
    return send_patiently(self, &request, &answer);
}
