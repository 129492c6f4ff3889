/* core/approval_verbs.c */
#include "core/verbs.h"

velum_status approval_ask_locate(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status approval_ask_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status approval_get_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status approval_list_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status approval_decide_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
