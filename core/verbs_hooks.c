/* core/verbs_hooks.c: the verbs of webhooks. */
#include "core/verbs.h"

#include "core/hook.h"

static const verb HOOK_VERBS[] = {
    {.number = VELUM_VERB_HOOK_NEXT,
     .name = "hook-next",
     .entry_type = ENTRY_HOOK,
     .action = ACTION_DELIVER,
     .is_write = true,
     .has_body = true,
     .may_lack_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = HOOK_NEXT_MAX + 1,
     .open = hook_next_apply},
    {.number = VELUM_VERB_HOOK_DONE,
     .name = "hook-done",
     .entry_type = ENTRY_HOOK,
     .action = ACTION_DELIVER,
     .is_write = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = 1,
     .open = hook_done_apply},
    {.number = VELUM_VERB_HOOK_LIST,
     .name = "hook-list",
     .entry_type = ENTRY_CONFIGURATION,
     .action = ACTION_ADMINISTER,
     .is_people = true,
     .activity = "administration",
     .mask = hook_list_mask},
    {.number = VELUM_VERB_HOOK_SECRET,
     .name = "hook-secret",
     .entry_type = ENTRY_CREDENTIAL,
     .action = ACTION_ADMINISTER,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .activity = "administration",
     .mask = hook_secret_mask},
};

const verb_table verbs_hooks = {HOOK_VERBS, sizeof(HOOK_VERBS) / sizeof(HOOK_VERBS[0])};
