/* core/arenas.c: a bounded stack of arenas. */
#include "core/arenas.h"

velum_status arenas_init(arenas *self, uint32_t count, size_t bytes_each)
{
    *self = (arenas){.count = 0};
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->free_again, NULL);
    self->all = mem_alloc_array(count, sizeof(secret_arena *));
    self->idle = mem_alloc_array(count, sizeof(secret_arena *));
    if (self->all == NULL || self->idle == NULL) {
        return VELUM_E_NOMEM;
    }
    while (self->count < count) {
        VELUM_TRY(secret_arena_create(bytes_each, &self->all[self->count]));
        self->idle[self->idle_count++] = self->all[self->count++];
    }
    return VELUM_OK;
}

void arenas_clear(arenas *self)
{
    if (self->all == NULL && self->idle == NULL) {
        return;
    }
    for (uint32_t i = 0; i < self->count; i++) {
        secret_arena_free(self->all[i]);
    }
    mem_free(self->all);
    mem_free(self->idle);
    (void)pthread_cond_destroy(&self->free_again);
    (void)pthread_mutex_destroy(&self->lock);
    *self = (arenas){.count = 0};
}

secret_arena *arenas_take(arenas *self)
{
    (void)pthread_mutex_lock(&self->lock);
    while (self->idle_count == 0) {
        (void)pthread_cond_wait(&self->free_again, &self->lock);
    }
    secret_arena *const arena = self->idle[--self->idle_count];
    (void)pthread_mutex_unlock(&self->lock);
    return arena;
}

void arenas_give(arenas *self, secret_arena *arena)
{
    secret_arena_reset(arena);
    (void)pthread_mutex_lock(&self->lock);
    self->idle[self->idle_count++] = arena;
    (void)pthread_cond_signal(&self->free_again);
    (void)pthread_mutex_unlock(&self->lock);
}

bool arenas_are_locked(const arenas *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (!secret_arena_is_locked(self->all[i])) {
            return false;
        }
    }
    return true;
}
