/* core/checkpointer.h: the thread that signs: every second or 10,000 leaves, and at a clean stop.
 * Order: the journal is durable, the size is persisted in vault.db by the writer, then signed and
 * published (spec/audit, durability). It also lets SQLite's WAL flow back. */
#ifndef CORE_CHECKPOINTER_H
#define CORE_CHECKPOINTER_H

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <velum/velum.h>

#define CHECKPOINTER_PERIOD_MS 1000
#define CHECKPOINTER_LEAVES 10000

typedef struct checkpointer {
    velum_gate *gate;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_mutex_t signing; /* one signature at a time */
    pthread_cond_t wake;
    bool stop;
} checkpointer;

velum_status checkpointer_start(checkpointer *self, velum_gate *gate) VELUM_WARN_UNUSED;
/* Joins; signs nothing more. */
void checkpointer_stop(checkpointer *self);
/* The same where a failure may wait for the next time. */
void checkpointer_try(checkpointer *self);
/* Signs what is durable now. Any thread but the writer's, while the writer runs. */
velum_status checkpointer_sign(checkpointer *self) VELUM_WARN_UNUSED;

#endif
