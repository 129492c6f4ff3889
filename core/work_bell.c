#include "core/work_bell.h"

#include <stdint.h>
#include <unistd.h>

void work_bell_init(work_bell *self)
{
    (void)pthread_mutex_init(&self->lock, NULL);
    self->count = 0;
}

velum_status work_bell_listen(work_bell *self, int eventfd)
{
    velum_status status = VELUM_E_LIMIT;

    (void)pthread_mutex_lock(&self->lock);
    if (self->count < WORK_BELL_LISTENERS_MAX) {
        self->listeners[self->count++] = eventfd;
        status = VELUM_OK;
    }
    (void)pthread_mutex_unlock(&self->lock);
    return status;
}

void work_bell_leave(work_bell *self, int eventfd)
{
    (void)pthread_mutex_lock(&self->lock);
    for (unsigned i = 0; i < self->count; i++) {
        if (self->listeners[i] == eventfd) {
            self->listeners[i] = self->listeners[--self->count];
            break;
        }
    }
    (void)pthread_mutex_unlock(&self->lock);
}

/* A counter that is full rings already. */
void work_bell_ring(work_bell *self)
{
    const uint64_t one = 1;

    (void)pthread_mutex_lock(&self->lock);
    for (unsigned i = 0; i < self->count; i++) {
        const ssize_t written = write(self->listeners[i], &one, sizeof(one));
        (void)written;
    }
    (void)pthread_mutex_unlock(&self->lock);
}

void work_bell_clear(work_bell *self)
{
    (void)pthread_mutex_destroy(&self->lock);
}
