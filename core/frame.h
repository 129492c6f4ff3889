/* core/frame.h: what goes over DIR/velum.sock, read and written.
 *
 * A frame is u32be length of the payload, u16be code, payload. A request is one frame: the code is
 * the verb, the payload a JSON object. An answer is one or more: the code is the HTTP status, and
 * FRAME_MORE says that the payload goes on in the next. Format: docs/formats/socket.md.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "base/clock.h"
#include "base/json.h"

#include <velum/velum.h>

#define FRAME_HEAD_BYTES 6
#define FRAME_BYTES_MAX ((size_t)1 << 20) /* of a payload */
#define FRAME_MORE 0x8000U                /* an answer goes on in the next frame */

typedef struct frame_head {
    uint32_t size; /* of the payload */
    uint16_t code;
} frame_head;

void frame_write_head(frame_head head, uint8_t out[FRAME_HEAD_BYTES]);
/* VELUM_E_LIMIT for a payload above FRAME_BYTES_MAX; `out` is set all the same. */
velum_status frame_read_head(const uint8_t bytes[FRAME_HEAD_BYTES],
                             frame_head *out) VELUM_WARN_UNUSED;

/* A decoded request; the strings of `request` live in `document` and `body`. */
typedef struct frame_request {
    json *document;
    buffer body;
    velum_request request;
} frame_request;

/* VELUM_E_INVALID for what is not an object of the known members, each once and of its type. */
velum_status frame_request_decode(uint16_t verb, text payload,
                                  frame_request *out) VELUM_WARN_UNUSED;
void frame_request_clear(frame_request *self);
#define VELUM_AUTO_FRAME_REQUEST __attribute__((cleanup(frame_request_clear))) frame_request

/* Appends the payload of a request. VELUM_E_INVALID when a string is not UTF-8 or the body not
 * JSON, VELUM_E_LIMIT when it is larger than a frame. */
velum_status frame_request_encode(const velum_request *request, buffer *out) VELUM_WARN_UNUSED;

/* One end of a connection. Every wait has a limit. */
typedef struct frame_channel {
    int fd;
    velum_clock clock;
} frame_channel;

/* The next frame, its payload appended to `payload`: waits `idle_ms` for its first byte and
 * FRAME_TRANSFER_MS for the rest. VELUM_END when the peer closed between frames; VELUM_E_TRUNCATED
 * inside one; VELUM_E_LIMIT from frame_read_head, the payload unread; VELUM_E_UNAVAILABLE when the
 * time is over; VELUM_E_IO, VELUM_E_NOMEM. */
#define FRAME_TRANSFER_MS 10000
velum_status frame_receive(const frame_channel *channel, int64_t idle_ms, uint16_t *out_code,
                           buffer *payload) VELUM_WARN_UNUSED;
/* All of it within FRAME_TRANSFER_MS, or VELUM_E_UNAVAILABLE, VELUM_E_IO. */
velum_status frame_send(const frame_channel *channel, uint16_t code,
                        text payload) VELUM_WARN_UNUSED;

#endif
