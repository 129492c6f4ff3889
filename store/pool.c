/* store/pool.c: a bounded pool of reader connections. */
#include "store/pool.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"

struct pool {
    const conn_options *options;
    uint32_t readers_max;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t returned;
    uint32_t opened; /* idle, lent, or being opened */
    uint32_t idle_count;
    store_conn *idle[POOL_READERS_MAX]; /* used as a stack: the warmest first */
    pthread_mutex_t opening;            /* two first opens at once answer "database is locked" */
};

static velum_status init_locks(pool *self)
{
    pthread_condattr_t monotonic;

    if (pthread_condattr_init(&monotonic) != 0) {
        return VELUM_E_NOMEM;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    const int code = pthread_cond_init(&self->returned, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (code != 0) {
        return VELUM_E_NOMEM;
    }
    (void)pthread_mutex_init(&self->mutex, NULL); /* cannot fail for a plain mutex */
    (void)pthread_mutex_init(&self->opening, NULL);
    return VELUM_OK;
}

velum_status pool_create(const conn_options *options, uint32_t readers_max, pool **out)
{
    *out = NULL;
    if (readers_max < 1 || readers_max > POOL_READERS_MAX) {
        return VELUM_E_INVALID;
    }
    pool *self = mem_alloc(sizeof *self);
    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->options = options;
    self->readers_max = readers_max;
    const velum_status status = init_locks(self);
    if (status < 0) {
        mem_free(self);
        return status;
    }
    *out = self;
    return VELUM_OK;
}

void pool_free(pool *self)
{
    if (self == NULL) {
        return;
    }
    assert(self->idle_count == self->opened); /* none is lent */
    for (uint32_t i = 0; i < self->idle_count; i++) {
        conn_free(self->idle[i]);
    }
    (void)pthread_mutex_destroy(&self->opening);
    (void)pthread_mutex_destroy(&self->mutex);
    (void)pthread_cond_destroy(&self->returned);
    mem_free(self);
}

static struct timespec deadline_in(uint32_t wait_ms)
{
    const velum_clock clock = clock_system();
    const int64_t at_ns = clock_monotonic_ns(&clock) + (int64_t)wait_ms * NS_PER_MS;

    return (struct timespec){.tv_sec = (time_t)(at_ns / NS_PER_SECOND),
                             .tv_nsec = (long)(at_ns % NS_PER_SECOND)};
}

/* Takes an idle reader, or leave to open one (`*out` NULL). */
static velum_status reserve(pool *self, uint32_t wait_ms, store_conn **out)
{
    const struct timespec deadline = deadline_in(wait_ms);
    int code = 0;

    pthread_mutex_lock(&self->mutex);
    while (self->idle_count == 0 && self->opened == self->readers_max && code == 0) {
        code = pthread_cond_timedwait(&self->returned, &self->mutex, &deadline);
    }
    velum_status status = VELUM_OK;
    *out = NULL;
    if (self->idle_count > 0) {
        *out = self->idle[--self->idle_count];
    } else if (self->opened < self->readers_max) {
        self->opened++;
    } else {
        status = VELUM_E_BUSY;
    }
    pthread_mutex_unlock(&self->mutex);
    return status;
}

static void give_up_place(pool *self)
{
    pthread_mutex_lock(&self->mutex);
    self->opened--;
    pthread_cond_signal(&self->returned);
    pthread_mutex_unlock(&self->mutex);
}

velum_status pool_acquire(pool *self, uint32_t wait_ms, store_conn **out)
{
    VELUM_TRY(reserve(self, wait_ms, out));
    if (*out != NULL) {
        return VELUM_OK;
    }
    pthread_mutex_lock(&self->opening);
    const velum_status status = conn_open(self->options, out);
    pthread_mutex_unlock(&self->opening);
    if (status < 0) {
        give_up_place(self);
    }
    return status;
}

void pool_release(pool *self, store_conn *conn)
{
    conn_settle(conn);
    pthread_mutex_lock(&self->mutex);
    assert(self->idle_count < self->opened);
    self->idle[self->idle_count++] = conn;
    pthread_cond_signal(&self->returned);
    pthread_mutex_unlock(&self->mutex);
}
