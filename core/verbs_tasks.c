/* core/verbs_tasks.c: the verb of recipients. */
#include "core/verbs.h"

static const verb VERBS[] = {
    {.number = VELUM_VERB_TASK_ACK,
     .name = "task-ack",
     .entry_type = ENTRY_REQUEST,
     .action = ACTION_ACKNOWLEDGE,
     .is_write = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = 1,
     .locate = task_ack_locate,
     .open = task_ack_apply},
};

const verb_table verbs_tasks = {VERBS, sizeof(VERBS) / sizeof(VERBS[0])};
