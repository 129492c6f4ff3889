/* gateway/exchange.c: checks in the order in which they cost, then the gate. */
#include "gateway/exchange.h"

#include "base/clock.h"
#include "base/json.h"

#include <assert.h>

static int64_t now_ns(void)
{
    const velum_clock clock = clock_system();
    return clock_monotonic_ns(&clock);
}

void exchange_init(exchange *self, velum_gate *gate)
{
    *self = (exchange){.gate = gate};
    buffer_init(&self->body, BODY_BYTES_MAX);
}

static bool has_body(const headers *fields)
{
    return headers_body_bytes(fields) > 0;
}

/* The body of a request that may have one. */
static refusal judge_body(exchange *self, const headers *fields)
{
    const uint64_t bytes = headers_body_bytes(fields);

    const bool patches = (self->match.route->flags & ROUTE_PATCH) != 0;

    if (!headers_is_json(fields) && !(patches && headers_is_merge_patch(fields))) {
        return REFUSAL_UNSUPPORTED_MEDIA_TYPE;
    }
    if (bytes == UINT64_MAX) {
        return REFUSAL_NONE; /* chunks are counted as they come */
    }
    if (bytes > BODY_BYTES_MAX) {
        return REFUSAL_PAYLOAD_TOO_LARGE;
    }
    return buffer_reserve(&self->body, (size_t)bytes) < 0 ? REFUSAL_UNAVAILABLE : REFUSAL_NONE;
}

/* Parameters of the query become the body that the verb reads. */
static refusal write_members(exchange *self)
{
    json_writer out;

    if (self->match.route->members == NULL) {
        return REFUSAL_NONE;
    }
    json_writer_init(&out, &self->body);
    json_begin_object(&out);
    for (uint32_t i = 0; i < self->match.member_count; i++) {
        const route_member *const member = &self->match.members[i];
        uint64_t number = 0;
        json_name_text(&out, member->name);
        if (!member->is_number) {
            json_write_text(&out, member->value);
            continue;
        }
        if (!text_parse_u64(member->value, &number) || number > INT64_MAX) {
            return REFUSAL_MALFORMED;
        }
        json_write_integer(&out, (int64_t)number);
    }
    json_end_object(&out);
    return buffer_status(&self->body) < 0 ? REFUSAL_UNAVAILABLE : REFUSAL_NONE;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; /* RFC 8259 §2 */
}

static size_t behind_blanks(const buffer *body, size_t at)
{
    while (at < body->size && is_blank(body->data[at])) {
        at++;
    }
    return at;
}

/* The members of the path come first into the object that the caller sent; one of the same name in it is
 * refused where the body is read, as every name that is given twice. */
static refusal join_members(exchange *self)
{
    VELUM_AUTO_BUFFER joined = {0};
    json_writer out;

    const size_t begin = behind_blanks(&self->body, 0);
    if (begin == self->body.size || self->body.data[begin] != '{') {
        return REFUSAL_MALFORMED;
    }
    const size_t rest = behind_blanks(&self->body, begin + 1);
    const bool is_empty = rest < self->body.size && self->body.data[rest] == '}';
    buffer_init(&joined, BODY_BYTES_MAX + TARGET_BYTES_MAX);
    json_writer_init(&out, &joined);
    json_begin_object(&out);
    for (uint32_t i = 0; i < self->match.member_count; i++) {
        json_name_text(&out, self->match.members[i].name);
        json_write_text(&out, self->match.members[i].value);
    }
    buffer_append(&joined, ",", is_empty ? 0 : 1);
    buffer_append(&joined, self->body.data + rest, self->body.size - rest);
    if (buffer_status(&joined) < 0) {
        return REFUSAL_UNAVAILABLE;
    }
    const buffer held = self->body;
    self->body = joined;
    joined = held;
    return REFUSAL_NONE;
}

static refusal judge(exchange *self, const exchange_head *head)
{
    const headers *const fields = head->fields;

    if (head->target_bytes > TARGET_BYTES_MAX) {
        return REFUSAL_URI_TOO_LONG;
    }
    if (head->header_bytes > HEADER_BYTES_MAX) {
        return REFUSAL_HEADER_TOO_LARGE;
    }
    if (!headers_framing_is_sound(fields) || !headers_request_id_is_sound(fields) ||
        !headers_if_match_is_sound(fields)) {
        return REFUSAL_MALFORMED;
    }
    const refusal lost = route_find(head->method, head->target, head->target_bytes, &self->match);
    if (lost != REFUSAL_NONE) {
        return lost;
    }
    const route *const way = self->match.route;
    if (way->kind == ROUTE_CALL && !headers_bearer(fields, &self->token)) {
        return REFUSAL_UNAUTHENTICATED;
    }
    if ((way->flags & ROUTE_BODY) != 0) {
        return judge_body(self, fields);
    }
    return has_body(fields) ? REFUSAL_MALFORMED : write_members(self);
}

exchange_course exchange_begin(exchange *self, const exchange_head *head)
{
    self->refusal = judge(self, head);
    if (!headers_framing_is_sound(head->fields)) {
        return EXCHANGE_RUN_NOW;
    }
    self->caller_id = head->fields->request_id;
    self->if_match = head->fields->if_match;
    const uint64_t bytes = headers_body_bytes(head->fields);
    if (bytes > DISCARD_BYTES_MAX && bytes != UINT64_MAX) {
        return EXCHANGE_RUN_NOW;
    }
    if (self->refusal != REFUSAL_NONE && head->fields->expect.data != NULL) {
        return EXCHANGE_RUN_NOW; /* RFC 9110 §10.1.1: it asks before it sends */
    }
    if (bytes > 0) {
        self->body_deadline_ns = now_ns() + BODY_TIMEOUT_MS * NS_PER_MS;
    }
    return EXCHANGE_READ_BODY;
}

bool exchange_append(exchange *self, const char *data, size_t size)
{
    if (now_ns() > self->body_deadline_ns) {
        return false;
    }
    if (self->refusal == REFUSAL_NONE) {
        buffer_append(&self->body, data, size);
        const velum_status status = buffer_status(&self->body);
        if (status == VELUM_OK) {
            return true;
        }
        buffer_clear(&self->body);
        self->refusal = status == VELUM_E_LIMIT ? REFUSAL_PAYLOAD_TOO_LARGE : REFUSAL_UNAVAILABLE;
    }
    self->discarded_bytes += size;
    return self->discarded_bytes <= DISCARD_BYTES_MAX;
}

void exchange_refuse(exchange *self, refusal why)
{
    if (self->pending == NULL && self->refusal == REFUSAL_NONE) {
        self->refusal = why;
    }
}

static velum_string string_of(text a)
{
    return (velum_string){a.data, a.size};
}

static velum_status submit(exchange *self, velum_ready wake, void *context)
{
    const velum_request request = {
        .size = sizeof(request),
        .verb = self->match.route->verb,
        .auth = VELUM_AUTH_TOKEN,
        .credential = string_of(self->token),
        .activity = string_of(self->match.activity),
        .ref = string_of(self->match.ref),
        .fields = string_of(self->match.fields),
        .body = {(const char *)self->body.data, self->body.size},
        .caller_id = string_of(self->caller_id),
        .if_match = string_of(self->if_match),
    };

    return velum_gate_submit(self->gate, &request, wake, context, &self->pending, NULL);
}

/* A call that fails outright: our caller's mistake, or no memory, which is answered like a full
 * house (I-3). */
static refusal refusal_of(velum_status status)
{
    return status == VELUM_E_INVALID || status == VELUM_E_LIMIT ? REFUSAL_MALFORMED
                                                                : REFUSAL_UNAVAILABLE;
}

static bool joins_members(const exchange *self)
{
    return (self->match.route->flags & ROUTE_BODY) != 0 && self->match.member_count > 0;
}

/* Asks the gate, or looks for its answer after a wait. */
static exchange_step run_call(exchange *self, velum_ready wake, void *context)
{
    velum_answer *answer = NULL;
    velum_status status = VELUM_OK;

    if (self->pending == NULL && joins_members(self)) {
        self->refusal = join_members(self);
        if (self->refusal != REFUSAL_NONE) {
            self->answer = reply_of_refusal(self->gate, self->refusal, NULL);
            return EXCHANGE_REPLY;
        }
    }
    if (self->pending == NULL) {
        status = submit(self, wake, context);
    }
    if (status == VELUM_OK) {
        status = velum_pending_take(self->pending, &answer);
    }
    if (status == VELUM_PENDING) {
        return EXCHANGE_WAIT;
    }
    self->answer = status == VELUM_OK ? reply_of_answer(answer)
                                      : reply_of_refusal(self->gate, refusal_of(status), NULL);
    return EXCHANGE_REPLY;
}

exchange_step exchange_run(exchange *self, velum_ready wake, void *context)
{
    assert(self->answer.body == NULL);
    if (self->refusal != REFUSAL_NONE) {
        self->answer = reply_of_refusal(self->gate, self->refusal, self->match.allow);
        return EXCHANGE_REPLY;
    }
    switch (self->match.route->kind) {
    case ROUTE_ALIVE:
        self->answer = reply_of_life();
        return EXCHANGE_REPLY;
    case ROUTE_READY:
        self->answer = reply_of_readiness(self->gate);
        return EXCHANGE_REPLY;
    case ROUTE_CALL:
        break;
    }
    return run_call(self, wake, context); /* */
}

void exchange_clear(exchange *self)
{
    velum_pending_free(self->pending); /* */
    self->pending = NULL;
    reply_clear(&self->answer);
    buffer_clear(&self->body);
}
