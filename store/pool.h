/* store/pool.h: a bounded pool of reader connections, opened when they are first needed. */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include "store/conn.h"

#define POOL_READERS_MAX 64u

typedef struct pool pool;

/* `options` is borrowed and must outlive the pool. */
velum_status pool_create(const conn_options *options, uint32_t readers_max,
                         pool **out) VELUM_WARN_UNUSED;
/* All readers must have been released. NULL is allowed. */
void pool_free(pool *self);

/* VELUM_E_BUSY when none came free within `wait_ms`, or why a new one could not be opened. */
velum_status pool_acquire(pool *self, uint32_t wait_ms, store_conn **out) VELUM_WARN_UNUSED;
void pool_release(pool *self, store_conn *conn);

#endif
