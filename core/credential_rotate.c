/* core/credential_rotate.c */
#include "core/verbs.h"
#include "core/schema.h"

velum_status credential_rotate_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}

const char *const credential_schema_2[] = {NULL};
