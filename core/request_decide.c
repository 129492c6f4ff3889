/* core/request_decide.c */
#include "core/verbs.h"

velum_status request_list_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status request_show_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status request_decide_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
