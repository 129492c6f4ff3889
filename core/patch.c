/* core/patch.c */
#include "core/verbs.h"

velum_status patch_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
