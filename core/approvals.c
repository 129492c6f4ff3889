/* core/approvals.c */
#include "core/approvals.h"

#include "core/schema.h"
#include "core/timers.h"

const char *const approvals_schema_2[] = {NULL};

velum_status approval_timer(passage *passage, const timer *timer)
{
    (void)timer;
    return refuse(passage, PROBLEM_INTERNAL);
}

uint32_t approvals_needed(const bundle *bundle, uint32_t kind)
{
    return bundle->approvals[kind].needed;
}

velum_status approval_check(passage *passage, text id, const approval_scope *scope)
{
    (void)id;
    (void)scope;
    return refuse(passage, REASON_APPROVAL_UNKNOWN);
}

velum_status approval_use(passage *passage, text id, const approval_scope *scope)
{
    (void)id;
    (void)scope;
    return refuse(passage, REASON_APPROVAL_UNKNOWN);
}
