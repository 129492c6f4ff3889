/* core/work_bell.h: rings when work was committed, for those who wait in this process.
 *
 * Each listener has an eventfd of its own, so that none takes another's ringing away. Ringing says
 * "look", never what there is. Any thread.
 */
#ifndef CORE_WORK_BELL_H
#define CORE_WORK_BELL_H

#include "base/status.h"

#include <pthread.h>

#define WORK_BELL_LISTENERS_MAX 256

typedef struct work_bell {
    pthread_mutex_t lock;
    int listeners[WORK_BELL_LISTENERS_MAX]; /* eventfds, owned by those who listen */
    unsigned count;
} work_bell;

void work_bell_init(work_bell *self);
/* VELUM_E_LIMIT for too many. */
velum_status work_bell_listen(work_bell *self, int eventfd) VELUM_WARN_UNUSED;
void work_bell_leave(work_bell *self, int eventfd);
/* After COMMIT. */
void work_bell_ring(work_bell *self);
void work_bell_clear(work_bell *self);

#endif
