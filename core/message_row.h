/* core/message_row.h: a message to a customer as it is stored, from the asking to the outcome.
 *
 *   queued ── taken ── sent | failed | unknown
 *     └── skipped (when asked, or at the moment of sending)
 *
 * MS-1  One key, one message, for ever: (module, flow, node, customer, occurrence).
 * MS-2  A row holds neither address nor text: both exist from the taking to the answer alone.
 * MS-3  What was taken is never taken again unless its courier said that it was surely not sent.
 * Format: docs/formats/message.md.
 */
#ifndef CORE_MESSAGE_ROW_H
#define CORE_MESSAGE_ROW_H

#include "core/passage.h"

#define MESSAGE_QUEUED 1 /* states; for ever */
#define MESSAGE_TAKEN 2
#define MESSAGE_SENT 3
#define MESSAGE_FAILED 4
#define MESSAGE_UNKNOWN 5 /* taken, and nobody said what became of it: it may have been sent */
#define MESSAGE_SKIPPED 6
#define MESSAGE_STATE_COUNT 7
const char *message_state_name(uint32_t state); /* "queued"; NULL for an unknown number */
uint32_t message_state_find(text name);         /* 0: none */

#define MESSAGE_ID_BYTES 16
#define MESSAGE_KEY_BYTES 16
#define MESSAGE_NOTE_BYTES_MAX 32
#define MESSAGE_PLACE_BYTES_MAX 64 /* of flow, node and occurrence */
#define MESSAGE_ATTEMPTS_MAX 5

typedef struct message_row {
    int64_t n; /* the order of asking */
    uint8_t id[MESSAGE_ID_BYTES];
    uint8_t key[MESSAGE_KEY_BYTES];
    subject_id subject;                             /* zeros: erased since */
    char credential[CREDENTIAL_NAME_BYTES_MAX + 1]; /* that asked */
    uint16_t module;                                /* registry numbers */
    uint16_t activity;
    uint16_t purpose;
    uint16_t template;
    uint16_t channel;
    uint32_t state;  /* MESSAGE_* */
    uint32_t reason; /* REASON_* of a skipped one; 0: none */
    bool is_marketing;
    bool opted_out; /* the customer said no to it */
    int64_t asked_ns;
    int64_t changed_ns;
    int64_t due_ns;   /* of a queued one: not before */
    int64_t taken_ns; /* 0: never */
    uint32_t attempts;
    uint8_t intent[ENTRY_TOKEN_BYTES];     /* event id of the last INTENT leaf; zeros: none */
    char note[MESSAGE_NOTE_BYTES_MAX + 1]; /* the courier's; [a-z0-9-] */
} message_row;

bool message_has_subject(const message_row *row);

/* The key of a message (MS-1); texts are of [a-zA-Z0-9._:-]{1,64}. */
typedef struct message_place {
    text flow;
    text node;
    text occurrence;
} message_place;
void message_key(const keyring *keys, uint16_t module, const subject_id *subject,
                 const message_place *place, uint8_t out[MESSAGE_KEY_BYTES]);

/* Any connection in a transaction. VELUM_E_NOTFOUND. */
velum_status message_load(store_conn *conn, const uint8_t id[MESSAGE_ID_BYTES],
                          message_row *out) VELUM_WARN_UNUSED;
velum_status message_find(store_conn *conn, const uint8_t key[MESSAGE_KEY_BYTES],
                          message_row *out) VELUM_WARN_UNUSED;
/* Writer's connection. VELUM_E_EXISTS for a key that is known. */
velum_status message_insert(store_conn *conn, const message_row *row) VELUM_WARN_UNUSED;
/* Stores what changes in a message's life. VELUM_E_CORRUPT when there is no such row. */
velum_status message_update(store_conn *conn, const message_row *row) VELUM_WARN_UNUSED;
/* Queued ones that are due by `now_ns`, earliest first: ids of at most `max`. */
velum_status message_due(store_conn *conn, int64_t now_ns, uint32_t max,
                         uint8_t out[][MESSAGE_ID_BYTES], uint32_t *out_count) VELUM_WARN_UNUSED;
/* Marketing messages of a channel that were taken for the customer since then, and may have been
 * sent. */
velum_status message_count_since(store_conn *conn, const message_row *like, int64_t since_ns,
                                 int64_t *out) VELUM_WARN_UNUSED;

/* Which rows a list shows, newest first; zeros: any. */
typedef struct message_filter {
    uint32_t state;
    uint32_t reason;
    uint16_t module;
    int64_t before_n; /* INT64_MAX: from the newest */
    uint32_t limit;
} message_filter;
typedef velum_status (*message_visitor)(void *context, const message_row *row);
velum_status message_visit(store_conn *conn, const message_filter *filter, message_visitor visit,
                           void *context) VELUM_WARN_UNUSED;

/* Those of the subject that wait or are with a courier are unknown from now on: they are never sent. */
velum_status message_give_up(store_conn *conn, const subject_id *subject, int64_t now_ns,
                             uint32_t *out_count) VELUM_WARN_UNUSED;
/* Of erasures_finish (I-6): messages of the subject go. One that is with a courier stays without its
 * subject until somebody says what became of it. */
velum_status message_finish_erasure(store_conn *conn, const subject_id *subject) VELUM_WARN_UNUSED;

#endif
