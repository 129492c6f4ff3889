/* core/erasure_verbs.c */
#include "core/verbs.h"

velum_status subject_erase_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status certificate_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status retained_locate(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status retained_open(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status retained_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
