/* core/erasure.h: a customer's data destroyed: the plan, the three steps, the certificate's leaf.
 *
 * erasure_begin is part of a write (an officer's word, a request, a timer): INTENT leaf, subject
 * unreadable, suppression entered. After that write's COMMIT the writer finishes what is begun
 * (erasures_finish): keys, then rows and the OUTCOME leaf, whose detail hash is that of the
 * certificate. A start finishes what a crash left; the steward repeats what could not be finished.
 */
#ifndef CORE_ERASURE_H
#define CORE_ERASURE_H

#include "core/passage.h"

typedef struct erasure_wish {
    uint64_t categories;    /* bits of category indexes; 0: the whole person */
    uint8_t request_id[16]; /* zeros: none */
    bool by_term;           /* proactive, at the end of a term (PIPL 47): no suppression */
} erasure_wish;

/* Inside a write, the subject located and opened. Refuses REASON_LEGAL_HOLD, and REASON_CONFLICT while
 * another is under way. Categories that a law keeps are retained with basis and end. The passage's
 * entry becomes the INTENT leaf (ENTRY_ERASURE). Whoever calls it sets write_batch.begins_erasure. */
velum_status erasure_begin(passage *passage, const erasure_wish *wish) VELUM_WARN_UNUSED;

/* Writer thread, between transactions: steps 2 and 3 of everything begun, in order. VELUM_E_BUSY when
 * readers did not leave: the steward asks again. */
velum_status erasures_finish(velum_gate *gate) VELUM_WARN_UNUSED;

/* The same at a start: what cannot be finished now is left to the steward, the gate opens (the
 * subjects in question are unreadable). */
velum_status erasures_take_up(velum_gate *gate) VELUM_WARN_UNUSED;

/* Whether the identifier may come in as somebody new (I-6): VELUM_OK, or REASON_SUPPRESSED.
 * `*out_marketing_objection` when the policy takes them in without marketing, or marketing was
 * objected to before: the new state gets RESTRICTION_MARKETING. A customer's own sign-up (an activity
 * whose actor is the customer, or that records consents) lifts SUPPRESS_RETURN. */
velum_status erasure_admit(passage *passage, const identifier *value,
                           bool *out_marketing_objection) VELUM_WARN_UNUSED;

#endif
