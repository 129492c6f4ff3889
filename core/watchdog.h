/* core/watchdog.h: bounds every wait (a hung disk freezes no caller).
 *
 * Its list is in order of deadlines (nearly all requests have the same limit, so adding is at the
 * end) and the thread looks at the front. Any thread adds and removes. */
#ifndef CORE_WATCHDOG_H
#define CORE_WATCHDOG_H

#include "base/clock.h"
#include "base/status.h"

#include <pthread.h>
#include <velum/velum.h>

struct velum_pending;

typedef struct watchdog {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool running;
    bool stop;
    velum_gate *gate;
    struct velum_pending *first;
    struct velum_pending *last;
    uint64_t count;
} watchdog;

velum_status watchdog_start(watchdog *self, velum_gate *gate) VELUM_WARN_UNUSED;
void watchdog_stop(watchdog *self);
/* Holds the pending while it stands in the list. */
void watchdog_add(watchdog *self, struct velum_pending *pending);
/* Safe when it is not in the list. */
void watchdog_remove(watchdog *self, struct velum_pending *pending);
uint64_t watchdog_count(watchdog *self);

#endif
