/* core/appender.c: gathers, orders, appends, wakes. */
#include "core/appender.h"

#include "audit/entry.h"
#include "base/condition.h"
#include "core/gate.h"

#include <sched.h>

#define APPENDER_RETRY_MS 100
#define LEAF_BYTES_USUAL 500 /* room at once for most */

typedef struct appender_batch {
    journal_body bodies[JOURNAL_BATCH_LEAVES_MAX];
    velum_pending *reads[JOURNAL_BATCH_LEAVES_MAX];
    uint32_t count; /* of bodies: writes first, then reads */
    uint32_t write_count;
    uint32_t read_count;
    uint64_t seq; /* of the last write in it, or what the log held before */
} appender_batch;

void outbox_list_push(outbox_list *self, outbox_body *body)
{
    body->next = NULL;
    if (self->last != NULL) {
        self->last->next = body;
    } else {
        self->first = body;
    }
    self->last = body;
    self->count++;
}

void outbox_list_join(outbox_list *self, outbox_list *more)
{
    if (more->first == NULL) {
        return;
    }
    if (self->last != NULL) {
        self->last->next = more->first;
    } else {
        self->first = more->first;
    }
    self->last = more->last;
    self->count += more->count;
    *more = (outbox_list){NULL, NULL, 0};
}

static void outbox_list_drop(outbox_list *self, uint32_t count)
{
    while (count-- > 0) {
        outbox_body *const body = self->first;
        self->first = body->next;
        self->count--;
        mem_free(body);
    }
    if (self->first == NULL) {
        self->last = NULL;
    }
}

void outbox_list_clear(outbox_list *self)
{
    outbox_list_drop(self, self->count);
}

velum_status outbox_list_encode(outbox_list *self, const audit_entry *entry, uint64_t seq)
{
    VELUM_AUTO_BUFFER encoded = {0};

    buffer_init(&encoded, ENTRY_BODY_BYTES_MAX);
    VELUM_TRY(buffer_reserve(&encoded, LEAF_BYTES_USUAL));
    VELUM_TRY(entry_encode(entry, &encoded));
    outbox_body *const body = mem_alloc(sizeof(*body) + encoded.size);
    if (body == NULL) {
        return VELUM_E_NOMEM;
    }
    body->seq = seq;
    body->size = encoded.size;
    memcpy(body->data, encoded.data, encoded.size);
    outbox_list_push(self, body);
    return VELUM_OK;
}

/* the answer is replaced before anybody can see it. */
static void withhold(velum_pending *read)
{
    pending_withhold(read);
    (void)pending_settle(read, PENDING_READY);
    pending_release(read);
}

/* whether the world has moved on since the read was decided. */
static bool is_stale(const appender *self, const velum_pending *read)
{
    const velum_gate *gate = self->gate;

    if (read->leaf.is_own) {
        return false;
    }
    if (read->leaf.epoch != atomic_load(&gate->epoch)) {
        return true;
    }
    for (uint32_t i = 0; i < read->leaf.slot_count; i++) {
        if (changes_seq(&gate->changes, read->leaf.slots[i]) > read->leaf.seq) {
            return true;
        }
    }
    return read->leaf.has_slot && changes_seq(&gate->changes, read->leaf.slot) > read->leaf.seq;
}

static void send_back(appender *self, velum_pending *read)
{
    (void)atomic_fetch_add(&self->gate->counters.reads_repeated, 1);
    if (read->attempts >= PENDING_ATTEMPTS_MAX) {
        withhold(read);
        return;
    }
    (void)pending_settle(read, PENDING_AGAIN);
    pending_release(read);
}

static void wait_idle(appender *self)
{
    self->is_idle = true;
    (void)pthread_cond_broadcast(&self->advanced);
    (void)pthread_cond_wait(&self->wake, &self->lock);
    self->is_idle = false;
}

/* Moves what arrived to the thread's own lists; waits when there is nothing to do. False: stop. */
static bool gather(appender *self)
{
    (void)pthread_mutex_lock(&self->lock);
    while (self->reads_first == NULL && self->writes.first == NULL && !self->stop) {
        if (self->backlog.first == NULL && self->held_first == NULL) {
            wait_idle(self);
            continue;
        }
        const struct timespec until = condition_deadline(APPENDER_RETRY_MS);
        (void)condition_wait_until(&self->wake, &self->lock, &until);
        break;
    }
    outbox_list_join(&self->backlog, &self->writes);
    if (self->reads_first != NULL) {
        self->reads_last->queue_next = self->held_first;
        self->held_first = self->reads_first;
        self->reads_first = NULL;
        self->reads_last = NULL;
    }
    const bool go_on = !self->stop || self->backlog.first != NULL || self->held_first != NULL;
    (void)pthread_mutex_unlock(&self->lock);
    return go_on;
}

static void batch_take_writes(appender *self, appender_batch *batch)
{
    batch->count = 0;
    batch->read_count = 0;
    batch->seq = atomic_load(&self->appended_seq);
    for (outbox_body *body = self->backlog.first;
         body != NULL && batch->count < JOURNAL_BATCH_LEAVES_MAX; body = body->next) {
        batch->bodies[batch->count++] = (journal_body){body->data, body->size};
        batch->seq = body->seq;
    }
    batch->write_count = batch->count;
}

/* All leaves of a read, or none. */
static void batch_take_bodies(appender_batch *batch, const outbox_list *bodies)
{
    for (const outbox_body *body = bodies->first; body != NULL; body = body->next) {
        batch->bodies[batch->count++] = (journal_body){body->data, body->size};
    }
}

/* Takes the reads that may go; the rest stay held. */
static void batch_take_reads(appender *self, appender_batch *batch)
{
    velum_pending **link = &self->held_first;

    while (*link != NULL && batch->count < JOURNAL_BATCH_LEAVES_MAX) {
        velum_pending *const read = *link;
        if (is_stale(self, read)) {
            *link = read->queue_next;
            send_back(self, read);
            continue;
        }
        if (read->leaf.behind > batch->seq ||
            read->leaf.bodies.count > JOURNAL_BATCH_LEAVES_MAX - batch->count) {
            link = &read->queue_next;
            continue;
        }
        *link = read->queue_next;
        batch_take_bodies(batch, &read->leaf.bodies);
        batch->reads[batch->read_count++] = read;
    }
}

static void batch_release_reads(const appender_batch *batch)
{
    for (uint32_t i = 0; i < batch->read_count; i++) {
        (void)pending_settle(batch->reads[i], PENDING_READY);
        pending_release(batch->reads[i]);
    }
}

static void batch_withhold_reads(const appender_batch *batch)
{
    for (uint32_t i = 0; i < batch->read_count; i++) {
        withhold(batch->reads[i]);
    }
}

static velum_status batch_append(appender *self, const appender_batch *batch, uint32_t count)
{
    uint64_t first = 0;

    return journal_append(self->gate->journal, batch->bodies, count, batch->write_count, batch->seq,
                          &first);
}

static void advance(appender *self, const appender_batch *batch)
{
    outbox_list_drop(&self->backlog, batch->write_count);
    (void)pthread_mutex_lock(&self->lock);
    atomic_store(&self->appended_seq, batch->seq);
    (void)pthread_cond_broadcast(&self->advanced);
    (void)pthread_mutex_unlock(&self->lock);
}

/* Who waits for the log at a stop learns that it will not come: the outbox has it. */
static void note_failing(appender *self, bool failing)
{
    (void)pthread_mutex_lock(&self->lock);
    atomic_store(&self->failing, failing);
    (void)pthread_cond_broadcast(&self->advanced);
    (void)pthread_mutex_unlock(&self->lock);
}

static bool is_hopeless(const appender *self)
{
    return atomic_load(&self->failing) && atomic_load(&self->gate->stopping);
}

/* One batch. When the journal takes it not whole, the writes are tried alone, in the room that was
 * reserved for them; the reads are withheld. */
static void append_batch(appender *self, const appender_batch *batch)
{
    velum_status status = batch_append(self, batch, batch->count);

    if (status == VELUM_OK) {
        (void)atomic_fetch_add(&self->gate->counters.batches, 1);
        (void)atomic_fetch_add(&self->gate->counters.leaves, batch->count);
        atomic_store(&self->failing, false);
        advance(self, batch);
        batch_release_reads(batch);
        return;
    }
    batch_withhold_reads(batch);
    if (batch->write_count > 0 && batch->read_count > 0) {
        status = batch_append(self, batch, batch->write_count);
        if (status == VELUM_OK) {
            advance(self, batch);
        }
    }
    note_failing(self, status < 0 && batch->write_count > 0);
}

/* At a stop with a journal that takes nothing: writes are in the outbox, reads are withheld. */
static void give_up(appender *self)
{
    while (self->held_first != NULL) {
        velum_pending *const read = self->held_first;
        self->held_first = read->queue_next;
        withhold(read);
    }
    outbox_list_clear(&self->backlog);
}

/* Woken by a disk that finished, the appender lets workers run on rather than take their place: what
 * they queue meanwhile goes into the same batch, one sync for more of them. A hint; no failure. */
static void be_patient(void)
{
    const struct sched_param none = {0};

    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
    (void)pthread_setname_np(pthread_self(), "velum-appender");
}

static void *append(void *context)
{
    appender *const self = context;
    appender_batch *const work = self->work;

    be_patient();
    while (gather(self)) {
        batch_take_writes(self, work);
        batch_take_reads(self, work);
        if (work->count > 0) {
            append_batch(self, work);
        }
        if (self->stop && (work->count == 0 || atomic_load(&self->failing))) {
            give_up(self);
        }
    }
    return NULL;
}

velum_status appender_start(appender *self, velum_gate *gate, uint64_t appended_seq)
{
    *self = (appender){.gate = gate};
    atomic_init(&self->appended_seq, appended_seq);
    atomic_init(&self->failing, false);
    (void)pthread_mutex_init(&self->lock, NULL);
    condition_init(&self->wake);
    condition_init(&self->advanced);
    self->work = mem_alloc(sizeof(*self->work));
    if (self->work == NULL || pthread_create(&self->thread, NULL, append, self) != 0) {
        mem_free(self->work);
        self->work = NULL;
        return VELUM_E_NOMEM;
    }
    self->running = true;
    return VELUM_OK;
}

void appender_stop(appender *self)
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
    mem_free(self->work);
    self->work = NULL;
}

void appender_queue_read(appender *self, velum_pending *read)
{
    pending_hold(read);
    (void)pthread_mutex_lock(&self->lock);
    read->queue_next = NULL;
    if (self->reads_last != NULL) {
        self->reads_last->queue_next = read;
    } else {
        self->reads_first = read;
    }
    self->reads_last = read;
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
}

void appender_queue_writes(appender *self, outbox_list *writes)
{
    (void)pthread_mutex_lock(&self->lock);
    outbox_list_join(&self->writes, writes);
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
}

velum_status appender_wait(appender *self, uint64_t seq, uint32_t timeout_ms)
{
    const struct timespec until = condition_deadline(timeout_ms);
    bool in_time = true;

    (void)pthread_mutex_lock(&self->lock);
    while (atomic_load(&self->appended_seq) < seq && in_time && !is_hopeless(self)) {
        in_time = condition_wait_until(&self->advanced, &self->lock, &until);
    }
    const bool reached = atomic_load(&self->appended_seq) >= seq;
    (void)pthread_mutex_unlock(&self->lock);
    return reached ? VELUM_OK : VELUM_E_UNAVAILABLE;
}

static bool nothing_is_left(const appender *self)
{
    return self->is_idle && self->reads_first == NULL && self->writes.first == NULL;
}

velum_status appender_drain(appender *self, uint32_t timeout_ms)
{
    const struct timespec until = condition_deadline(timeout_ms);
    bool in_time = true;

    (void)pthread_mutex_lock(&self->lock);
    while (!nothing_is_left(self) && in_time && !is_hopeless(self)) {
        in_time = condition_wait_until(&self->advanced, &self->lock, &until);
    }
    const bool drained = nothing_is_left(self);
    (void)pthread_mutex_unlock(&self->lock);
    return drained ? VELUM_OK : VELUM_E_UNAVAILABLE;
}
