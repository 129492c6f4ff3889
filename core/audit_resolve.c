/* core/audit_resolve.c */
#include "core/verbs.h"

velum_status resolve_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
