/* gateway/reply.h: a reply before it becomes HTTP.
 *
 * A reply owns its body until the body is taken; a body that held personal data is wiped when it is
 * freed (I-5). No part of it is ever a string that the caller sent.
 */
#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

#include "gateway/refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <velum/admin.h>

typedef struct reply {
    uint32_t status;
    bool is_problem;       /* application/problem+json, else application/json or … */
    bool is_lines;         /* … application/x-ndjson: an object a line */
    bool has_challenge;    /* WWW-Authenticate: Bearer */
    const char *allow;     /* Allow, or NULL. Static */
    int32_t retry_after_s; /* Retry-After, or 0 */
    uint64_t version;      /* ETag, or 0 */
    char *body;            /* mem_free'd by velum_body_free, or static: see is_static */
    size_t body_bytes;
    bool is_static;
} reply;

/* Empties the answer into a reply and frees it. */
reply reply_of_answer(velum_answer *answer);

/* A refusal by the gateway itself. `allow` is for REFUSAL_METHOD_NOT_ALLOWED, else NULL. */
reply reply_of_refusal(velum_gate *gate, refusal what, const char *allow);

/* The process answers. */
reply reply_of_life(void);

/* 200 when the gate is ready, else 503 with the reason. */
reply reply_of_readiness(velum_gate *gate);

/* Gives back a body that nobody took. */
void reply_clear(reply *self);

#endif
