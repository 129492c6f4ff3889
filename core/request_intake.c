/* core/request_intake.c */
#include "core/verbs.h"

velum_status request_create_locate(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status request_create_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status request_get_locate(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status request_get_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status request_cancel_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status me_request_list_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status me_request_create_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status me_request_cancel_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
