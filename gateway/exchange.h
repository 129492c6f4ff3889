/* gateway/exchange.h: one request and its reply, without a word of libmicrohttpd.
 *
 * The life of an exchange: _begin with method and header fields, _append for each piece of the body,
 * then _run until it says EXCHANGE_REPLY, then the reply is there to be taken, then _clear. A refusal
 * found in _begin is kept and comes out of _run, after the body was read and thrown away, so that a
 * client which is still sending gets to read why.
 *
 * X-1 A request reaches the gate only when all of it is well-formed and it carries a token.
 * X-2 Strings of the request live in the request; the gate copies what it keeps.
 * X-3 A pending request of the gate is freed in _clear, whatever became of the connection.
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "base/buffer.h"
#include "gateway/headers.h"
#include "gateway/reply.h"
#include "gateway/route.h"

#define BODY_BYTES_MAX ((size_t)64 * 1024)
/* A refused body is read up to here, so that the reply is not lost to a reset connection. */
#define DISCARD_BYTES_MAX ((uint64_t)1024 * 1024)
/* From the end of the header fields to the end of the body. */
#define BODY_TIMEOUT_MS 30000

typedef enum exchange_step {
    EXCHANGE_REPLY, /* exchange.answer is ready */
    EXCHANGE_WAIT   /* `ready` will be called; run again then */
} exchange_step;

/* What to do after the header fields. */
typedef enum exchange_course {
    EXCHANGE_READ_BODY, /* go on: the body (or none) comes, then run */
    EXCHANGE_RUN_NOW /* the rest of the connection cannot be trusted or is too long: run, close */
} exchange_course;

typedef struct exchange {
    velum_gate *gate;
    refusal refusal; /* REFUSAL_NONE, or why the request never reaches the gate */
    route_match match;
    text token;
    text caller_id;
    text if_match;
    buffer body;
    uint64_t discarded_bytes;
    int64_t body_deadline_ns;
    velum_pending *pending;
    reply answer;
} exchange;

/* `target` is the caller's, stays where it is until _clear, and is decoded in place. */
typedef struct exchange_head {
    const char *method;
    char *target;
    size_t target_bytes;
    size_t header_bytes; /* request line and fields */
    const headers *fields;
} exchange_head;

void exchange_init(exchange *self, velum_gate *gate);

exchange_course exchange_begin(exchange *self, const exchange_head *head) VELUM_WARN_UNUSED;

/* False when the connection had better be closed: an endless or a very slow body. */
bool exchange_append(exchange *self, const char *data, size_t size) VELUM_WARN_UNUSED;

/* Runs the request, or looks for its answer when it waited. */
exchange_step exchange_run(exchange *self, velum_ready wake, void *context) VELUM_WARN_UNUSED;

/* Refuses instead of running, when it has not run yet: the daemon is stopping. */
void exchange_refuse(exchange *self, refusal why);

void exchange_clear(exchange *self);

#endif
