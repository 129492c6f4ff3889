/* core/policy_change.c */
#include "core/verbs.h"
#include "core/timers.h"
#include "core/schema.h"

velum_status policy_propose_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status policy_activate_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status policy_rollback_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status policy_list_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status policy_files_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status policy_timer(passage *passage, const timer *timer)
{
    (void)timer;
    return refuse(passage, PROBLEM_INTERNAL);
}

const char *const policy_schema_2[] = {NULL};
