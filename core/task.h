/* core/task.h: what a recipient has to do because of a customer's request, told and acknowledged.
 *
 * GDPR 19 and PIPL 47 want whoever was given data to hear of its erasure, correction or restriction. A
 * recipient that has a hook of its name with the event `task.created` is told by webhook, and answers at
 * POST /v1/tasks/{id}/ack. One that does not answer in time has failed: the request pauses, names it, and
 * it is told again. A recipient without a hook is told by people (`velum request task`).
 *
 * TK-1  A task is told in the transaction that makes it, once for each attempt.
 * TK-2  Only a credential under an activity whose recipient it is acknowledges a task.
 */
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include "core/request_row.h"

#define TASK_ANSWER_DAYS 7 /* to acknowledge, and never later than the request's own term */

/* Tells the pending tasks of the row that were not told for this attempt, and gives each its deadline
 * (retry_ns). Inside a write, before the row is stored. */
velum_status task_tell(passage *passage, request *row) VELUM_WARN_UNUSED;
/* With the request. */
velum_status task_forget(store_conn *conn, const uint8_t request[16]) VELUM_WARN_UNUSED;

#endif
