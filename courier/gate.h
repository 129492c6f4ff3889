/* courier/gate.h: the way to the gate: a running velumd's socket, with the courier's own token.
 *
 * Never a gate in this process: the courier opens nothing of the data folder and needs no key. One
 * thread. */
#ifndef COURIER_GATE_H
#define COURIER_GATE_H

#include "base/json.h"
#include "courier/driver.h"

#include <velum/velum.h>

typedef struct gate {
    const char *folder; /* but for `open` all are borrowed */
    const char *token;
    size_t token_size;
    const char *activity; /* "": the credential's only one */
    velum_gate *open;     /* over the socket; NULL: none stands */
} gate;

void gate_close(gate *self);

/* What is to go out, {"messages":[…]} or {"hooks":[…]}, at most `limit`. VELUM_E_UNAVAILABLE: no velumd,
 * or not now. VELUM_E_DENIED: the credential may not. */
velum_status gate_take_messages(gate *self, uint32_t limit, json **out) VELUM_WARN_UNUSED;
/* Of the hooks named; the others wait. */
velum_status gate_take_hooks(gate *self, const text *names, uint32_t name_count, uint32_t limit,
                             json **out) VELUM_WARN_UNUSED;
/* What became of one. VELUM_E_NOTFOUND: the gate has settled it without us. Repeating is safe. */
velum_status gate_report_message(gate *self, text id, const outcome *what) VELUM_WARN_UNUSED;
velum_status gate_report_hook(gate *self, text id, const outcome *what) VELUM_WARN_UNUSED;

#endif
