/* base/condition.c: one way to wait with an end, for every thread of ours. */
#include "base/condition.h"

#define MS_PER_SECOND 1000
#define NS_PER_SECOND_LONG 1000000000L
#define NS_PER_MS_LONG 1000000L

void condition_init(pthread_cond_t *self)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(self, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

struct timespec condition_deadline(uint32_t ms)
{
    struct timespec moment;

    (void)clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += ms / MS_PER_SECOND;
    moment.tv_nsec += (long)(ms % MS_PER_SECOND) * NS_PER_MS_LONG;
    if (moment.tv_nsec >= NS_PER_SECOND_LONG) {
        moment.tv_sec++;
        moment.tv_nsec -= NS_PER_SECOND_LONG;
    }
    return moment;
}

bool condition_wait_until(pthread_cond_t *self, pthread_mutex_t *lock,
                          const struct timespec *deadline)
{
    return pthread_cond_timedwait(self, lock, deadline) == 0;
}
