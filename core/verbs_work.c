/* core/verbs_work.c: the verbs by which modules take and answer work. */
#include "core/locate.h"
#include "core/verbs.h"

static const verb VERBS[] = {
    {.number = VELUM_VERB_MODULE_OPEN,
     .name = "module-open",
     .entry_type = ENTRY_MODULE,
     .action = ACTION_MODULE,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .mask = module_open_mask},
    {.number = VELUM_VERB_MODULE_NEXT,
     .name = "module-next",
     .entry_type = ENTRY_MODULE,
     .action = ACTION_MODULE,
     .is_write = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = 1,
     .open = module_next_apply},
    {.number = VELUM_VERB_MODULE_REPLY,
     .name = "module-reply",
     .entry_type = ENTRY_MODULE,
     .action = ACTION_MODULE,
     .is_write = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = 1,
     .open = module_reply_apply},
    {.number = VELUM_VERB_MODULE_TIMER,
     .name = "module-timer",
     .entry_type = ENTRY_MODULE,
     .action = ACTION_MODULE,
     .is_write = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = 1,
     .locate = locate_by_ref,
     .open = module_timer_apply},
};

const verb_table verbs_work = {VERBS, sizeof(VERBS) / sizeof(VERBS[0])};
