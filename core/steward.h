/* core/steward.h: the thread that sees to what is due.
 *
 * It sleeps until the next timer, at most STEWARD_PERIOD_MS (the wall clock may be moved), and then
 * asks the writer to run what is due. It holds no state that a crash could lose.
 */
#ifndef CORE_STEWARD_H
#define CORE_STEWARD_H

#include "base/status.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <velum/velum.h>

#define STEWARD_PERIOD_MS 1000

typedef struct steward {
    velum_gate *gate;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    atomic_int_fast64_t next_ns; /* of the earliest timer; what is due earlier is looked for */
} steward;

velum_status steward_start(steward *self, velum_gate *gate) VELUM_WARN_UNUSED;
void steward_stop(steward *self);
/* A timer was set for `at_ns`. Writer thread, after COMMIT. */
void steward_notice(steward *self, int64_t at_ns);

#endif
