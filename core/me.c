/* core/me.c */
#include "core/verbs.h"

velum_status me_read_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status me_accesses_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status me_proof_mask(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
