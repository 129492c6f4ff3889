/* courier/round.h: take a few, deliver each, say what became of it.
 *
 * R-1  Nothing is kept for later: what was taken is delivered and answered for before more is taken,
 *      and within the time for which it is ours (ROUND_LIMIT transfers of CONFIG_TOTAL_MS).
 * R-2  When the process dies in between, the gate makes it `unknown` by itself: the courier keeps no
 *      notes, and what it finds in a folder at its start it does not report: nobody knows any more
 *      whether the gate has settled that message, and the gate will.
 */
#ifndef COURIER_ROUND_H
#define COURIER_ROUND_H

#include "courier/gate.h"
#include "courier/rests.h"

#define ROUND_LIMIT 3 /* a hook is ours for two minutes */

typedef struct round_counts {
    uint32_t taken;
    uint32_t outcomes[OUTCOME_KINDS];
    uint32_t unreported; /* the gate could not be told; it makes them unknown */
} round_counts;

velum_status round_messages(gate *gate, const courier_config *config,
                            round_counts *out) VELUM_WARN_UNUSED;
/* Of the hooks that have an address here and do not rest; what becomes of them goes into `rests`. */
velum_status round_hooks(gate *gate, const courier_config *config, rests *rests,
                         round_counts *out) VELUM_WARN_UNUSED;

#endif
