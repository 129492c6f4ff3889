/* core/watchdog.c: one thread, one ordered list. */
#include "core/watchdog.h"

#include "base/condition.h"
#include "core/gate.h"

#define WATCHDOG_TICK_MS 50

static void unlink_locked(watchdog *self, velum_pending *pending)
{
    if (pending->watch_previous != NULL) {
        pending->watch_previous->watch_next = pending->watch_next;
    } else {
        self->first = pending->watch_next;
    }
    if (pending->watch_next != NULL) {
        pending->watch_next->watch_previous = pending->watch_previous;
    } else {
        self->last = pending->watch_previous;
    }
    pending->watch_next = NULL;
    pending->watch_previous = NULL;
    self->count--;
}

/* Behind `before`, or at the front when it is NULL. */
static void link_after_locked(watchdog *self, velum_pending *before, velum_pending *pending)
{
    velum_pending *const after = before == NULL ? self->first : before->watch_next;

    pending->watch_previous = before;
    pending->watch_next = after;
    if (before == NULL) {
        self->first = pending;
    } else {
        before->watch_next = pending;
    }
    if (after == NULL) {
        self->last = pending;
    } else {
        after->watch_previous = pending;
    }
}

static bool is_linked(const watchdog *self, const velum_pending *pending)
{
    return pending->watch_previous != NULL || self->first == pending;
}

/* The front, taken out, when its time is over. */
static velum_pending *take_expired(watchdog *self, int64_t now_ns)
{
    velum_pending *const pending = self->first;

    if (pending == NULL || pending->deadline_ns > now_ns) {
        return NULL;
    }
    unlink_locked(self, pending);
    return pending;
}

static void *watch(void *context)
{
    watchdog *const self = context;

    (void)pthread_setname_np(pthread_self(), "velum-watchdog");
    (void)pthread_mutex_lock(&self->lock);
    while (!self->stop) {
        velum_pending *const expired = take_expired(self, clock_monotonic_ns(&self->gate->clock));
        if (expired == NULL) {
            const struct timespec until = condition_deadline(WATCHDOG_TICK_MS);
            (void)condition_wait_until(&self->wake, &self->lock, &until);
            continue;
        }
        (void)pthread_mutex_unlock(&self->lock);
        (void)pending_settle(expired, PENDING_EXPIRED); /* counted where the answer is taken */
        pending_release(expired);
        (void)pthread_mutex_lock(&self->lock);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return NULL;
}

velum_status watchdog_start(watchdog *self, velum_gate *gate)
{
    *self = (watchdog){.gate = gate};
    (void)pthread_mutex_init(&self->lock, NULL);
    condition_init(&self->wake);
    if (pthread_create(&self->thread, NULL, watch, self) != 0) {
        return VELUM_E_NOMEM;
    }
    self->running = true;
    return VELUM_OK;
}

void watchdog_stop(watchdog *self)
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
    while (self->first != NULL) {
        velum_pending *const pending = self->first;
        unlink_locked(self, pending);
        pending_release(pending);
    }
}

void watchdog_add(watchdog *self, velum_pending *pending)
{
    pending_hold(pending);
    (void)pthread_mutex_lock(&self->lock);
    velum_pending *before = self->last; /* people wait longer: a few steps back at most */
    while (before != NULL && before->deadline_ns > pending->deadline_ns) {
        before = before->watch_previous;
    }
    link_after_locked(self, before, pending);
    self->count++;
    (void)pthread_mutex_unlock(&self->lock);
}

void watchdog_remove(watchdog *self, velum_pending *pending)
{
    (void)pthread_mutex_lock(&self->lock);
    const bool linked = is_linked(self, pending);
    if (linked) {
        unlink_locked(self, pending);
    }
    (void)pthread_mutex_unlock(&self->lock);
    if (linked) {
        pending_release(pending);
    }
}

uint64_t watchdog_count(watchdog *self)
{
    (void)pthread_mutex_lock(&self->lock);
    const uint64_t count = self->count;
    (void)pthread_mutex_unlock(&self->lock);
    return count;
}
