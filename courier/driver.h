/* courier/driver.h: one message on its way out, and what became of it.
 *
 * D-1  A driver says `failed` only when the message surely was not delivered, and `sent` only when the
 *      other side said that it has it; everything in between is `unknown` (M-4).
 * D-2  A value of a message never becomes part of a name, a header or a command unchecked: what could
 *      end a line is refused.
 */
#ifndef COURIER_DRIVER_H
#define COURIER_DRIVER_H

#include "courier/config.h"

typedef enum outcome_kind {
    OUTCOME_SENT,
    OUTCOME_FAILED,
    OUTCOME_UNKNOWN,
    OUTCOME_KINDS
} outcome_kind;
/* "sent" */
const char *outcome_name(outcome_kind kind);

typedef struct outcome {
    outcome_kind kind;
    const char *note;    /* a word of ours: "connect", "tls", "timeout" …; "" when sent */
    int32_t http_status; /* 0: no answer came */
    int64_t attempt;     /* which the gate said it is; 0: it did not */
} outcome;

/* What the gate gave out; borrowed. */
typedef struct message {
    text id; /* 1 to 64 of a-z 0-9 - */
    text channel;
    text to;
    text sender;
    text subject;
    text body;
    text language;
} message;

/* A webhook, made and signed by the gate; sent as it is. */
typedef struct hook_call {
    text id;
    text hook;
    int64_t timestamp;
    text body;
    text signature;
} hook_call;

typedef struct errand {
    const courier_config *config;
    const place *place;
    const message *message;
    int64_t now_ns; /* of the wall clock */
} errand;

typedef outcome (*driver_function)(const errand *errand);
/* By the kind of the message's place. */
outcome deliver_message(const errand *errand);
outcome deliver_hook(const courier_config *config, const place *place, const hook_call *call);

/* The drivers, each in its own file. */
outcome driver_folder(const errand *errand);
outcome driver_smtp(const errand *errand);
outcome driver_webhook(const errand *errand);

/* Whether an id can be part of a name, a header and a URL. */
bool message_id_is_plain(text id);

#endif
