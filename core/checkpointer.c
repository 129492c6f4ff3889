/* core/checkpointer.c: persist, sign, publish. */
#include "core/checkpointer.h"

#include "base/condition.h"
#include "core/gate.h"
#include "core/meta.h"

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
        const struct timespec until = condition_deadline(CHECKPOINTER_PERIOD_MS);
        (void)condition_wait_until(&self->wake, &self->lock, &until);
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
    *self = (checkpointer){.gate = gate};
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_mutex_init(&self->signing, NULL);
    condition_init(&self->wake);
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
