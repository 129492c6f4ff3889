/* core/audit_who_saw.c */
#include "core/verbs.h"

velum_status who_saw_locate(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status who_saw_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
