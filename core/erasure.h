/* core/erasure.h: a customer's data destroyed: the plan, the three steps, the certificate's leaf.
 *
 * erasure_begin is part of a write (an officer's word, a request, a timer): INTENT leaf, subject
 * unreadable, suppression entered. After that write's COMMIT the writer finishes what is begun
 * (erasures_finish): keys, then rows and the OUTCOME leaf, whose detail hash is that of the
 * certificate. A start finishes what a crash left; the steward repeats what could not be finished.
 *
 * E-1  A legal hold keeps everything; what a law keeps is re-sealed apart, never left readable.
 * E-2  Whoever is erased is suppressed in the same transaction, so that no import brings them back
 *      in between (I-6).
 * E-3  A certificate is written only after its keys have left keys.db, file and WAL, in the
 *      transaction of its OUTCOME leaf.
 */
#ifndef CORE_ERASURE_H
#define CORE_ERASURE_H

#include "core/passage.h"

typedef struct erasure_wish {
    const uint16_t *categories; /* registry numbers, borrowed; also of some that left the policy */
    uint32_t category_count;    /* 0: the whole person */
    uint8_t request_id[16];     /* zeros: none */
    bool by_term;               /* proactive, at the end of a term (PIPL 47): no suppression */
} erasure_wish;

/* What a wish comes to for the located subject under the bundle in force. */
typedef struct erasure_plan {
    uint16_t destroyed[VAULT_CATEGORIES_MAX]; /* registry numbers */
    uint32_t destroyed_count;
    retained_category kept[VAULT_CATEGORIES_MAX];
    uint32_t kept_count;
    int64_t evidence_until_ns;   /* 0: the person stays */
    int64_t suppressed_until_ns; /* 0: nobody is suppressed */
} erasure_plan;

/* Decides nothing and changes nothing. Refuses as erasure_begin does. */
velum_status erasure_plan_make(passage *passage, const erasure_wish *wish,
                               erasure_plan *out) VELUM_WARN_UNUSED;

/* Inside a write, the subject located and opened. Refuses REASON_LEGAL_HOLD, REASON_SUBJECT_ERASED
 * for somebody who is not live, and REASON_CONFLICT where a law keeps every category that was named.
 * Categories that a law keeps are retained with basis and end. The passage's entry becomes the INTENT
 * leaf (ENTRY_ERASURE); its event id leads to the certificate's (certificate_id). Sets
 * write_batch.begins_erasure. */
velum_status erasure_begin(passage *passage, const erasure_wish *wish) VELUM_WARN_UNUSED;

/* The passage's entry as the INTENT leaf of a destruction: `destroyed` and `kept` categories. */
void erasure_intent(passage *passage, uint32_t kind, uint32_t destroyed, uint32_t kept);

/* Writer thread, between transactions: steps 2 and 3 of everything begun, in order. VELUM_E_BUSY when
 * readers did not leave: the steward asks again. */
velum_status erasures_finish(velum_gate *gate) VELUM_WARN_UNUSED;

/* The same at a start: what cannot be finished now is left to the steward, the gate opens (the
 * subjects in question are unreadable). */
velum_status erasures_take_up(velum_gate *gate) VELUM_WARN_UNUSED;

/* What is remembered of somebody erased (docs/formats/certificate.md). */
#define ERASED_MEMORY_BYTES 55
typedef struct erased_memory {
    uint32_t restrictions; /* RESTRICTION_* */
    uint16_t jurisdiction;
    uint32_t ledger_count;
    uint8_t ledger_head[SHA256_BYTES];
    uint32_t suppressed; /* identifiers */
    int64_t suppressed_until_ns;
} erased_memory;
void erased_memory_encode(const erased_memory *self, uint8_t out[ERASED_MEMORY_BYTES]);
/* VELUM_E_CORRUPT, VELUM_E_NEWER. */
velum_status erased_memory_decode(crypto_part bytes, erased_memory *out) VELUM_WARN_UNUSED;

/* Whether the identifier may come in as somebody new (I-6): VELUM_OK, or REASON_SUPPRESSED.
 * `*out_marketing_objection` when the policy takes them in without marketing, or marketing was
 * objected to before: the new state gets RESTRICTION_MARKETING. A customer's own sign-up
 * (passage->is_sign_up) lifts SUPPRESS_RETURN and SUPPRESS_IDENTITY, never an objection.
 * core/erasure_admit.c */
velum_status erasure_admit(passage *passage, const identifier *value,
                           bool *out_marketing_objection) VELUM_WARN_UNUSED;

/* Ended suppressions are swept at the next midnight (UTC), and from then on daily: called by whoever
 * suppresses. core/erasure_timers.c */
velum_status suppression_plan_sweep(passage *passage) VELUM_WARN_UNUSED;

#endif
