/* core/path.h: the path that every request travels (I-2). */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include "core/passage.h"

/* A read, on a worker: VELUM_OK when it was settled without a record (malformed, unauthenticated,
 * 429), VELUM_PENDING when its leaf is with the appender, VELUM_END when it uses something up and must
 * travel as a write. */
velum_status path_read(velum_pending *request) VELUM_WARN_UNUSED;

/* A write that shares its transaction with no other (W-5). */
bool path_wants_to_be_alone(const velum_pending *request);
/* A write, on the writer thread, inside its savepoint, or alone in its transaction: `*out_answer` is what
 * to say when the batch commits. A negative status asks for the whole batch to be rolled back. */
velum_status path_write(velum_pending *request, write_batch *batch, bool is_alone,
                        velum_answer **out_answer) VELUM_WARN_UNUSED;

/* Fills what every entry has and what the passage knows; used by verbs that write leaves of their
 * own. */
void path_fill_entry(passage *passage, audit_entry *entry);

/* The passage's problem, or the one 404 where the activity may not know that the customer exists. */
uint32_t path_shown_problem(const passage *passage);

#endif
