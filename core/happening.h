/* core/happening.h: what happened to a customer, told to the modules and hooks that asked to know.
 *
 * Inside the write that makes it happen: what is told stands in the same transaction, so nothing is told
 * that did not happen, and nothing that happened is forgotten. Told are pseudonyms of the listener's own
 * domain and names of the policy, never a value (I-5, I-10).
 */
#ifndef CORE_HAPPENING_H
#define CORE_HAPPENING_H

#include "core/passage.h"

#define HAPPENED_ROWS_PUT 0x10000U /* beside HOOK_* of policy/bundle.h; modules alone are told */

typedef struct happening {
    uint32_t event; /* one HOOK_* bit, or HAPPENED_ROWS_PUT */
    subject_id subject;
    int64_t at_ns;     /* of the event; of rows: of the newest one put */
    uint32_t resource; /* index of the table, of HAPPENED_ROWS_PUT */
    text detail;       /* a name of the policy (the purpose of a consent), or empty; borrowed */
    /* Of HOOK_TASK_CREATED the task; of HOOK_SUBJECT_MERGED and _UNMERGED the record that stays;
     * zeros: none. */
    uint8_t related[16];
    uint16_t recipient; /* of HOOK_TASK_CREATED: only the hook of this recipient's name is told */
    int64_t due_ns;     /* of HOOK_TASK_CREATED: by when it is to be acknowledged */
} happening;

velum_status happened(write_batch *batch, const world *world,
                      const happening *what) VELUM_WARN_UNUSED;

/* The listeners: core/work.c, core/hook.c. */
velum_status work_hear(write_batch *batch, const world *world,
                       const happening *what) VELUM_WARN_UNUSED;
velum_status hook_hear(write_batch *batch, const world *world,
                       const happening *what) VELUM_WARN_UNUSED;

#endif
