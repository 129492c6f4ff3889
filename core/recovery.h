/* core/recovery.h: what a start does before anybody is let in: the log re-verified, the outbox
 * brought into it, the clock compared. */
#ifndef CORE_RECOVERY_H
#define CORE_RECOVERY_H

#include "core/gate.h"

/* Opens the journal, appends what the outbox has and the log has not, appends a `recovery` leaf when
 * a torn batch was dropped, and says the highest outbox seq. VELUM_E_TAMPERED, VELUM_E_TRUNCATED,
 * VELUM_E_CORRUPT (the database is older than the log). */
velum_status recover(velum_gate *gate, uint64_t *out_seq, velum_error *err) VELUM_WARN_UNUSED;

#endif
