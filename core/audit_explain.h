/* core/audit_explain.h: what is gathered of one entry before it is told; inside audit_explain*.c. */
#ifndef CORE_AUDIT_EXPLAIN_H
#define CORE_AUDIT_EXPLAIN_H

#include "audit/entry.h"
#include "core/passage.h"

typedef struct explanation {
    passage *passage;
    const world *world;
    uint64_t index;
    audit_entry entry;
    const bundle *bundle; /* of that time; NULL when it cannot be had */
    bundle *compiled;     /* owned; NULL when the policy is the active one */
    bool wants_notice;
    uint64_t related; /* index of the entry that `related` names; 0: not found */
    json_writer out;
} explanation;

/* Members of the open object. */
void explanation_write_who(explanation *self);
void explanation_write_why(explanation *self);
velum_status explanation_write_consent(explanation *self) VELUM_WARN_UNUSED;
/* Decision, fields, and what was known of customer and clock. */
void explanation_write_decision(explanation *self);

#endif
