/* core/audit_replay.h: whether the policy of that time gives the recorded decision again (D-3).
 *
 * A leaf holds the discrete inputs of `decide`, not the customer's state. A state that has just these
 * inputs is made up, and the same function decides again. What the leaf does not hold is assumed to
 * be as the recorded reason says (a restriction, an expiry), or, for conditions of roles, as the rule
 * that matched needs it; `assumed` says so. What differs then is named: the policy that is stored
 * would decide otherwise, or the leaf is not what this gate wrote.
 */
#ifndef CORE_AUDIT_REPLAY_H
#define CORE_AUDIT_REPLAY_H

#include "audit/entry.h"
#include "core/world.h"

#define REPLAY_SAME 1
#define REPLAY_DIFFERENT 2
#define REPLAY_BESIDE 3      /* allowed by the policy, refused for a reason beside it */
#define REPLAY_NO_DECISION 4 /* an act of the gate, or of many customers at once */
#define REPLAY_NO_POLICY 5   /* its text is not there, or this version does not compile it */

typedef struct audit_replay {
    uint32_t result; /* REPLAY_* */
    verdict found;   /* of SAME, DIFFERENT, BESIDE; without the consent */
    uint64_t fields; /* of DIFFERENT: bits of the bundle that came out otherwise */
    bool assumed;    /* conditions of roles */
} audit_replay;

/* Gives a bundle that was read back the numbers that its names have in the registry.
 * VELUM_E_CORRUPT for a name without one. */
velum_status audit_number_bundle(const world *world, bundle *bundle) VELUM_WARN_UNUSED;
/* `bundle` is the one of the entry's policy hash, numbered; NULL when it cannot be had. */
void audit_replay_run(const world *world, const bundle *bundle, const audit_entry *entry,
                      audit_replay *out);
const char *audit_replay_name(uint32_t result);
/* REASON_* or PROBLEM_* of a refusal; 0 for none. */
uint32_t audit_reason(const world *world, const audit_entry *entry);
/* The field bits of registry numbers; those that the bundle lacks are left out. */
uint64_t audit_field_bits(const bundle *bundle, const uint32_t *numbers, uint32_t count);

#endif
