/* core/consent_import.c */
#include "core/verbs.h"

velum_status consent_import_apply(passage *passage)
{
    return refuse(passage, PROBLEM_INTERNAL);
}
