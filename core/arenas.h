/* core/arenas.h: the workers' locked arenas, mapped once at start and lent a request at a time. */
#ifndef CORE_ARENAS_H
#define CORE_ARENAS_H

#include "base/secret.h"

#include <pthread.h>

typedef struct arenas {
    pthread_mutex_t lock;
    pthread_cond_t free_again;
    secret_arena **all;
    secret_arena **idle; /* a stack */
    uint32_t count;
    uint32_t idle_count;
} arenas;

velum_status arenas_init(arenas *self, uint32_t count, size_t bytes_each) VELUM_WARN_UNUSED;
void arenas_clear(arenas *self);
/* Waits until one is idle: there are as many as workers, and no worker waits while it holds one. */
secret_arena *arenas_take(arenas *self);
/* Wipes what was used and puts it back. */
void arenas_give(arenas *self, secret_arena *arena);
bool arenas_are_locked(const arenas *self);

#endif
