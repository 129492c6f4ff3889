/* core/frame.c: frames on a stream socket. */
#include "core/frame.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* The members of a request that are text, by where they go. */
typedef struct member {
    const char *name;
    size_t offset; /* of a velum_string in velum_request */
} member;

static const member MEMBERS[] = {
    {"credential", offsetof(velum_request, credential)},
    {"activity", offsetof(velum_request, activity)},
    {"ref", offsetof(velum_request, ref)},
    {"fields", offsetof(velum_request, fields)},
    {"caller_id", offsetof(velum_request, caller_id)},
    {"if_match", offsetof(velum_request, if_match)},
};
#define MEMBER_COUNT (sizeof(MEMBERS) / sizeof(MEMBERS[0]))
#define MEMBER_BODY "body" /* any JSON, as it is */

/* A body may grow a little when it is written again: escapes and numbers have one form. */
#define BODY_BYTES_MAX (8 * FRAME_BYTES_MAX)

void frame_write_head(frame_head head, uint8_t out[FRAME_HEAD_BYTES])
{
    bytes_write_u32be(out, head.size);
    bytes_write_u16be(out + 4, head.code);
}

velum_status frame_read_head(const uint8_t bytes[FRAME_HEAD_BYTES], frame_head *out)
{
    *out = (frame_head){bytes_read_u32be(bytes), bytes_read_u16be(bytes + 4)};
    return out->size > FRAME_BYTES_MAX ? VELUM_E_LIMIT : VELUM_OK;
}

/* --- Requests --------------------------------------------------------------------------------- */

static velum_string *member_of(velum_request *request, text name)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (text_equal_literal(name, MEMBERS[i].name)) {
            return (velum_string *)(void *)((char *)request + MEMBERS[i].offset);
        }
    }
    return NULL;
}

static velum_string member_in(const velum_request *request, const member *member)
{
    return *(const velum_string *)(const void *)((const char *)request + member->offset);
}

/* A token is there when the request says so, empty or not; another member when it is not empty. */
static bool is_given(const velum_request *request, const member *member)
{
    if (member->offset == offsetof(velum_request, credential)) {
        return request->auth == VELUM_AUTH_TOKEN;
    }
    return member_in(request, member).size > 0;
}

static velum_status decode_member(text name, const json_value *value, frame_request *out)
{
    if (text_equal_literal(name, MEMBER_BODY)) {
        json_writer writer;
        json_writer_init(&writer, &out->body);
        json_write_value(&writer, value);
        return buffer_status(&out->body);
    }
    velum_string *const place = member_of(&out->request, name);
    if (place == NULL || json_kind_of(value) != JSON_TEXT) {
        return VELUM_E_INVALID;
    }
    const text found = json_text(value);
    *place = (velum_string){found.data, found.size};
    return VELUM_OK;
}

static velum_status decode_members(frame_request *out)
{
    const json_value *const root = json_root(out->document);
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name = TEXT_EMPTY;

    if (json_kind_of(root) != JSON_OBJECT) {
        return VELUM_E_INVALID;
    }
    while (json_next(root, &iterator, &name, &value)) {
        VELUM_TRY(decode_member(name, value, out));
    }
    /* An empty token is still a token: it does not become the peer's own authority. */
    out->request.auth = out->request.credential.data != NULL ? VELUM_AUTH_TOKEN : VELUM_AUTH_SELF;
    out->request.body = (velum_string){(const char *)out->body.data, out->body.size};
    return VELUM_OK;
}

velum_status frame_request_decode(uint16_t verb, text payload, frame_request *out)
{
    *out = (frame_request){.request = {.size = sizeof(out->request), .verb = verb}};
    buffer_init(&out->body, BODY_BYTES_MAX);

    velum_status status = json_parse(payload, FRAME_BYTES_MAX, &out->document, NULL);
    if (status == VELUM_OK) {
        status = decode_members(out);
    }
    if (status < 0) {
        frame_request_clear(out);
    }
    return status;
}

void frame_request_clear(frame_request *self)
{
    json_free(self->document);
    buffer_clear(&self->body);
    *self = (frame_request){.document = NULL};
}

/* Copied through the reader, so that it is one value and cannot add members of its own. */
static velum_status encode_body(velum_string body, json_writer *writer)
{
    VELUM_AUTO(json) *document = NULL;

    VELUM_TRY(json_parse((text){body.data, body.size}, FRAME_BYTES_MAX, &document, NULL));
    json_name(writer, MEMBER_BODY);
    json_write_value(writer, json_root(document));
    return VELUM_OK;
}

velum_status frame_request_encode(const velum_request *request, buffer *out)
{
    const size_t before = out->size;
    json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (is_given(request, &MEMBERS[i])) {
            const velum_string value = member_in(request, &MEMBERS[i]);
            json_member_text(&writer, MEMBERS[i].name, (text){value.data, value.size});
        }
    }
    if (request->body.size > 0) {
        VELUM_TRY(encode_body(request->body, &writer));
    }
    json_end_object(&writer);
    VELUM_TRY(buffer_status(out));
    return out->size - before > FRAME_BYTES_MAX ? VELUM_E_LIMIT : VELUM_OK;
}

/* --- The stream ------------------------------------------------------------------------------- */

static int64_t deadline_after(const frame_channel *channel, int64_t wait_ms)
{
    return clock_monotonic_ns(&channel->clock) + wait_ms * NS_PER_MS;
}

/* Waits until the descriptor is ready for `events`, or closed. */
static velum_status wait_until(const frame_channel *channel, short events, int64_t deadline_ns)
{
    for (;;) {
        const int64_t left_ns = deadline_ns - clock_monotonic_ns(&channel->clock);
        if (left_ns <= 0) {
            return VELUM_E_UNAVAILABLE;
        }
        struct pollfd watched = {.fd = channel->fd, .events = events};
        const int ready = poll(&watched, 1, (int)(left_ns / NS_PER_MS) + 1);
        if (ready > 0) {
            return VELUM_OK;
        }
        if (ready < 0 && errno != EINTR) {
            return VELUM_E_IO;
        }
    }
}

static bool is_momentary(int os_errno)
{
    return os_errno == EINTR || os_errno == EAGAIN || os_errno == EWOULDBLOCK;
}

/* At least one byte and at most `size`; VELUM_END when the peer closed. */
static velum_status receive_some(const frame_channel *channel, uint8_t *out, size_t size,
                                 int64_t deadline_ns, size_t *out_size)
{
    for (;;) {
        VELUM_TRY(wait_until(channel, POLLIN, deadline_ns));
        const ssize_t got = recv(channel->fd, out, size, MSG_DONTWAIT);
        if (got > 0) {
            *out_size = (size_t)got;
            return VELUM_OK;
        }
        if (got == 0 || errno == ECONNRESET) {
            return VELUM_END;
        }
        if (!is_momentary(errno)) {
            return VELUM_E_IO;
        }
    }
}

/* All of `size`; a peer that closes has cut the frame. */
static velum_status receive_all(const frame_channel *channel, uint8_t *out, size_t size,
                                int64_t deadline_ns)
{
    while (size > 0) {
        size_t got = 0;
        const velum_status status = receive_some(channel, out, size, deadline_ns, &got);
        if (status != VELUM_OK) {
            return status == VELUM_END ? VELUM_E_TRUNCATED : status;
        }
        out += got;
        size -= got;
    }
    return VELUM_OK;
}

static velum_status receive_head(const frame_channel *channel, int64_t idle_ms, frame_head *out,
                                 int64_t *out_deadline_ns)
{
    uint8_t bytes[FRAME_HEAD_BYTES];
    size_t got = 0;
    const velum_status first =
        receive_some(channel, bytes, sizeof(bytes), deadline_after(channel, idle_ms), &got);

    if (first != VELUM_OK) {
        return first;
    }
    *out_deadline_ns = deadline_after(channel, FRAME_TRANSFER_MS);
    VELUM_TRY(receive_all(channel, bytes + got, sizeof(bytes) - got, *out_deadline_ns));
    return frame_read_head(bytes, out);
}

velum_status frame_receive(const frame_channel *channel, int64_t idle_ms, uint16_t *out_code,
                           buffer *payload)
{
    frame_head head = {0, 0};
    int64_t deadline_ns = 0;
    const velum_status status = receive_head(channel, idle_ms, &head, &deadline_ns);

    if (status != VELUM_OK) {
        return status;
    }
    VELUM_TRY(buffer_reserve(payload, head.size));
    VELUM_TRY(receive_all(channel, payload->data + payload->size, head.size, deadline_ns));
    payload->size += head.size;
    *out_code = head.code;
    return VELUM_OK;
}

static velum_status send_all(const frame_channel *channel, const void *data, size_t size,
                             int64_t deadline_ns)
{
    const uint8_t *at = data;

    while (size > 0) {
        VELUM_TRY(wait_until(channel, POLLOUT, deadline_ns));
        const ssize_t sent = send(channel->fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && !is_momentary(errno)) {
            return VELUM_E_IO;
        }
        if (sent > 0) {
            at += sent;
            size -= (size_t)sent;
        }
    }
    return VELUM_OK;
}

velum_status frame_send(const frame_channel *channel, uint16_t code, text payload)
{
    const int64_t deadline_ns = deadline_after(channel, FRAME_TRANSFER_MS);
    uint8_t head[FRAME_HEAD_BYTES];

    frame_write_head((frame_head){(uint32_t)payload.size, code}, head);
    VELUM_TRY(send_all(channel, head, sizeof(head), deadline_ns));
    return send_all(channel, payload.data, payload.size, deadline_ns);
}
