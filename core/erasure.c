/* core/erasure.c */
#include "core/erasure.h"

#include "core/timers.h"

velum_status retained_timer(passage *passage, const timer *timer)
{
    (void)timer;
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status evidence_timer(passage *passage, const timer *timer)
{
    (void)timer;
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status suppression_timer(passage *passage, const timer *timer)
{
    (void)timer;
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status retention_timer(passage *passage, const timer *timer)
{
    (void)timer;
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status erasures_finish(velum_gate *gate)
{
    (void)gate;
    return VELUM_OK;
}

velum_status erasures_take_up(velum_gate *gate)
{
    (void)gate;
    return VELUM_OK;
}
