/* core/audit_explain.c */
#include "core/verbs.h"

velum_status explain_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
