/* core/read_with.c */
#include "core/verbs.h"

velum_status read_with_check_approval(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status read_with_locate(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status read_with_open(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
