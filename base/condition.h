/* base/condition.h: POSIX condition variables that wait by the monotonic clock, so that a stepped wall
 * clock neither freezes nor hurries a thread. */
#ifndef BASE_CONDITION_H
#define BASE_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* For condition_deadline and condition_wait_until; destroy with pthread_cond_destroy. */
void condition_init(pthread_cond_t *self);

/* The moment `ms` from now on the monotonic clock. */
struct timespec condition_deadline(uint32_t ms);

/* Waits for a signal; false when the moment has come. The mutex is held, as for pthread_cond_wait. */
bool condition_wait_until(pthread_cond_t *self, pthread_mutex_t *lock,
                          const struct timespec *deadline);

#endif
