/* core/requests.c */
#include "core/requests.h"

#include "core/schema.h"
#include "core/timers.h"

const char *const requests_schema_2[] = {NULL};

velum_status request_timer(passage *passage, const timer *timer)
{
    (void)timer;
    return refuse(passage, PROBLEM_INTERNAL);
}

velum_status request_erased(write_batch *batch, const uint8_t request_id[16],
                            const uint8_t certificate_id[16])
{
    (void)batch;
    (void)request_id;
    (void)certificate_id;
    return VELUM_OK;
}
