/* core/steward.c: waiting for what is due, and asking the writer to do it. */
#include "core/steward.h"

#include "base/condition.h"

#include "core/gate.h"
#include "core/timers.h"

/* Whether something is due by the clock by which timers are judged. */
static bool is_due(steward *self)
{
    velum_gate *const gate = self->gate;
    const clock_reading clock = clock_guard_read(&gate->clock_guard, &gate->clock);

    return !clock.behind && clock.later_ns >= atomic_load(&self->next_ns);
}

/* The answer says nothing; what could not be done is due again. */
static void ask_writer(steward *self)
{
    velum_pending *pending = NULL;
    VELUM_AUTO(velum_answer) *answer = NULL;

    if (pending_create_own(self->gate, VERB_TIMERS, &pending) < 0) {
        return;
    }
    const velum_status status = pending_wait(pending, &answer);
    velum_pending_free(pending);
    (void)status;
}

static void lower_next(steward *self, int64_t at_ns)
{
    int_fast64_t next = atomic_load(&self->next_ns);

    while (at_ns < next && !atomic_compare_exchange_weak(&self->next_ns, &next, at_ns)) {
    }
}

/* Forgotten first, so that what is noticed while the rows are read is not lost. */
static velum_status read_next(steward *self)
{
    store_conn *conn = NULL;
    int64_t next_ns = INT64_MAX;

    VELUM_TRY(store_reader_acquire(self->gate->db, GATE_READER_WAIT_MS, &conn));
    atomic_store(&self->next_ns, INT64_MAX);
    const velum_status status = timers_next(conn, &next_ns);
    store_reader_release(self->gate->db, conn);
    lower_next(self, status == VELUM_OK ? next_ns : INT64_MIN); /* unread: looked at again */
    return status;
}

/* As long as it moves; what stays is tried again in the next period. */
static void run_due(steward *self)
{
    int_fast64_t before = INT64_MAX;

    while (is_due(self) && atomic_load(&self->next_ns) != before) {
        before = atomic_load(&self->next_ns);
        ask_writer(self);
        if (read_next(self) < 0 || atomic_load(&self->gate->stopping)) {
            return;
        }
    }
}

static bool wait_a_period(steward *self)
{
    (void)pthread_mutex_lock(&self->lock);
    if (!self->stop) {
        const struct timespec until = condition_deadline(STEWARD_PERIOD_MS);
        (void)condition_wait_until(&self->wake, &self->lock, &until);
    }
    const bool go_on = !self->stop;
    (void)pthread_mutex_unlock(&self->lock);
    return go_on;
}

static void *steward_loop(void *context)
{
    steward *const self = context;

    (void)pthread_setname_np(pthread_self(), "velum-steward");
    do {
        if (atomic_load(&self->gate->writer.erasures_left)) {
            ask_writer(self);
        }
        run_due(self);
    } while (wait_a_period(self));
    return NULL;
}

velum_status steward_start(steward *self, velum_gate *gate)
{
    *self = (steward){.gate = gate};
    atomic_init(&self->next_ns, INT64_MAX);
    (void)pthread_mutex_init(&self->lock, NULL);
    condition_init(&self->wake);
    VELUM_TRY(read_next(self));
    if (pthread_create(&self->thread, NULL, steward_loop, self) != 0) {
        return VELUM_E_NOMEM;
    }
    self->running = true;
    return VELUM_OK;
}

void steward_stop(steward *self)
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

void steward_notice(steward *self, int64_t at_ns)
{
    if (self->gate == NULL) {
        return; /* not started: it will look for itself */
    }
    lower_next(self, at_ns);
    (void)pthread_mutex_lock(&self->lock);
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
}
