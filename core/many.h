/* core/many.h: acts on many customers: each is located and decided on its own, by the same rules.
 *
 * What leaves is recorded in leaves that name everybody who was disclosed (I-1); who was refused is
 * counted by reason and never named to a caller that may not know of them.
 */
#ifndef CORE_MANY_H
#define CORE_MANY_H

#include "core/passage.h"

/* What is asked of each. */
typedef struct many_ask {
    uint32_t activity; /* index; held by the actor, which the caller has checked */
    uint32_t action;   /* one ACTION_* bit */
    uint64_t fields;   /* of the person, or of `resource` */
    bool all_fields;
    uint32_t resource; /* 1 + index of a table; 0: none */
    bool is_approved;  /* an approval of many stands behind it */
} many_ask;

/* Decides for the subject that is located already, or for none. */
void many_decide_located(passage *passage, const many_ask *ask);
/* Lets the last one go, locates `id` in the passage's snapshot and decides: passage->verdict, allowed
 * or not, and passage->opened where the subject is live. VELUM_E_NOTFOUND when there is no such
 * subject; then the verdict denies. The arena must be rewound by the caller once done with it. */
velum_status many_decide(passage *passage, const subject_id *id,
                         const many_ask *ask) VELUM_WARN_UNUSED;

#endif
