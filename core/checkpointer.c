/* core/checkpointer.c: persist, sign, publish. */
#include "core/checkpointer.h"

#include "core/gate.h"
#include "core/meta.h"

#include <time.h>

typedef struct persist_request {
    velum_gate *gate;
    uint64_t size;
} persist_request;

static velum_status persist_on_writer(void *context, store_conn *conn)
{
    const persist_request *request = context;

    return meta_raise(conn, META_SIGNED_SIZE, (int64_t)request->size);
}

static velum_status persist(void *context, uint64_t size)
{
    persist_request request = {context, size};

    return writer_run(&request.gate->writer, persist_on_writer, &request);
}

velum_status checkpointer_sign(checkpointer *self)
{
    (void)pthread_mutex_lock(&self->signing);
    const velum_status status = journal_checkpoint(self->gate->journal, persist, self->gate);
    (void)pthread_mutex_unlock(&self->signing);
    return status;
}

static void let_wal_flow(velum_gate *gate)
{
    const velum_status status = store_checkpoint_passive(gate->db);

    (void)status; /* the WAL only grows until the next time */
}

void checkpointer_try(checkpointer *self)
{
    const velum_status status = checkpointer_sign(self);

    (void)status; /* tried again in a second */
}

static void *sign_now_and_then(void *context)
{
    checkpointer *const self = context;

    (void)pthread_setname_np(pthread_self(), "velum-signer");
    (void)pthread_mutex_lock(&self->lock);
    while (!self->stop) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += CHECKPOINTER_PERIOD_MS / 1000;
        (void)pthread_cond_timedwait(&self->wake, &self->lock, &until);
        if (self->stop) {
            break;
        }
        (void)pthread_mutex_unlock(&self->lock);
        checkpointer_try(self);
        let_wal_flow(self->gate);
        (void)pthread_mutex_lock(&self->lock);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return NULL;
}

velum_status checkpointer_start(checkpointer *self, velum_gate *gate)
{
    pthread_condattr_t attributes;

    *self = (checkpointer){.gate = gate};
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_mutex_init(&self->signing, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&self->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&self->thread, NULL, sign_now_and_then, self) != 0) {
        return VELUM_E_NOMEM;
    }
    self->running = true;
    return VELUM_OK;
}

void checkpointer_stop(checkpointer *self)
{
    if (!self->running) {
        return;
    }
    (void)pthread_mutex_lock(&self->lock);
    self->stop = true;
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    self->running = false;
}
