/* crm/door.h: the way to the gate: over velumd's socket when it runs, else a gate in this process. */
#ifndef CRM_DOOR_H
#define CRM_DOOR_H

#include "base/json.h"
#include "crm/options.h"
#include "crm/token.h"

#include <velum/velum.h>

#define DOOR_ANSWER_BYTES_MAX ((size_t)8 << 20)

VELUM_DEFINE_AUTO(velum_answer);

typedef struct door {
    velum_gate *gate;
    token token;
    const char *activity;
} door;

/* What goes wrong has been said when a function returns a negative status. */
velum_status door_open(door *self, const options *options) VELUM_WARN_UNUSED;
void door_close(door *self);
#define VELUM_AUTO_DOOR __attribute__((cleanup(door_close))) door

/* Asks, and reads an answer that is an object. VELUM_E_DENIED for a refusal. */
velum_status door_ask(door *self, uint32_t verb, const buffer *body, json **out) VELUM_WARN_UNUSED;

#endif
