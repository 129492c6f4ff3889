/* core/pending.c: copying a request, moving its state, and the ways to wait for it. */
#include "core/pending.h"

#include "core/gate.h"
#include "core/passage.h"
#include "core/path.h"

#include <stddef.h>
#include <unistd.h>

/* Size of a velum_request of version 0.1: what came later is empty in it. */
#define REQUEST_SIZE_MIN offsetof(velum_request, if_match)

/* --- making and holding ------------------------------------------------------------------------- */

static text copy_string(char **cursor, velum_string from)
{
    char *const to = *cursor;

    if (from.size > 0) {
        memcpy(to, from.data, from.size);
    }
    *cursor += from.size;
    return (text){to, from.size};
}

static velum_status copy_strings(velum_pending *self, const velum_request *request)
{
    const size_t bytes = request->credential.size + request->activity.size + request->ref.size +
                         request->fields.size + request->body.size + request->caller_id.size +
                         request->if_match.size;

    self->strings = mem_alloc(bytes + 1);
    if (self->strings == NULL) {
        return VELUM_E_NOMEM;
    }
    char *cursor = self->strings;
    self->credential = copy_string(&cursor, request->credential);
    self->activity = copy_string(&cursor, request->activity);
    self->ref = copy_string(&cursor, request->ref);
    self->fields = copy_string(&cursor, request->fields);
    self->body = copy_string(&cursor, request->body);
    self->caller_id = copy_string(&cursor, request->caller_id);
    self->if_match = copy_string(&cursor, request->if_match);
    return VELUM_OK;
}

static bool is_too_long(velum_string value)
{
    return value.size > PENDING_STRING_BYTES_MAX || (value.size > 0 && value.data == NULL);
}

/* The members that the caller's version of the struct has; the others are empty. */
static velum_status take_request(const velum_request *from, velum_request *out, velum_error *err)
{
    *out = (velum_request){.size = sizeof(*out)};
    if (from == NULL || from->size < REQUEST_SIZE_MIN) {
        return error_set(err, VELUM_E_INVALID, "the request's size member is not set");
    }
    memcpy(out, from, from->size < sizeof(*out) ? from->size : sizeof(*out));
    return VELUM_OK;
}

static velum_status check_request(const velum_request *request, velum_error *err)
{
    const verb *verb = verb_find(request->verb);

    if (verb == NULL || verb->is_own) {
        return error_set(err, VELUM_E_INVALID, "there is no verb %u", request->verb);
    }
    if (request->auth != VELUM_AUTH_TOKEN && request->auth != VELUM_AUTH_SELF) {
        return error_set(err, VELUM_E_INVALID, "auth is neither token nor self");
    }
    if (is_too_long(request->credential) || is_too_long(request->activity) ||
        is_too_long(request->ref) || is_too_long(request->fields) ||
        is_too_long(request->caller_id) || is_too_long(request->if_match) ||
        request->body.size > PENDING_BODY_BYTES_MAX_PEOPLE) {
        return error_set(err, VELUM_E_LIMIT, "a member of the request is too long");
    }
    return VELUM_OK;
}

static int64_t timeout_ms_of(const velum_gate *gate, const verb *verb)
{
    return verb->is_people && !verb->is_write ? PENDING_PEOPLE_TIMEOUT_MS : gate->timeout_ms;
}

static velum_status create(velum_gate *gate, const velum_request *request, velum_pending **out,
                           velum_error *err)
{
    velum_pending *const self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    atomic_init(&self->holds, 1);
    atomic_init(&self->state, PENDING_RUNNING);
    self->gate = gate;
    gate_hold(gate);
    self->verb = verb_find(request->verb);
    self->auth = request->auth;
    self->uid = (uint32_t)geteuid();
    self->client = CLIENT_IN_PROCESS;
    self->deadline_ns =
        clock_monotonic_ns(&gate->clock) + timeout_ms_of(gate, self->verb) * NS_PER_MS;
    random_fill(&gate->random, self->ids, sizeof(self->ids));
    if (copy_strings(self, request) < 0) {
        pending_release(self);
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    *out = self;
    return VELUM_OK;
}

/* What every call begins with, by whichever door. */
static velum_status admit(const velum_gate *gate, const velum_request *request, velum_request *out,
                          velum_error *err)
{
    if (gate_check(gate) < 0) {
        return error_set(err, VELUM_E_FORKED, "this gate was opened by another process");
    }
    VELUM_TRY(take_request(request, out, err));
    return check_request(out, err);
}

velum_status pending_create(velum_gate *gate, const velum_request *request, velum_pending **out,
                            velum_error *err)
{
    velum_request taken;

    *out = NULL;
    VELUM_TRY(admit(gate, request, &taken, err));
    if (gate->remote != NULL) {
        return error_set(err, VELUM_E_INVALID, "this gate is another process's");
    }
    return create(gate, &taken, out, err);
}

velum_status pending_create_own(velum_gate *gate, uint32_t verb, velum_pending **out)
{
    const velum_request request = {.size = sizeof(request), .verb = verb, .auth = AUTH_OURSELVES};

    *out = NULL;
    VELUM_TRY(create(gate, &request, out, NULL));
    (*out)->client = CLIENT_OURSELVES;
    return VELUM_OK;
}

void pending_hold(velum_pending *self)
{
    (void)atomic_fetch_add_explicit(&self->holds, 1, memory_order_relaxed);
}

void pending_release(velum_pending *self)
{
    if (atomic_fetch_sub_explicit(&self->holds, 1, memory_order_acq_rel) != 1) {
        return;
    }
    velum_gate *const gate = self->gate;
    velum_answer_free(self->answer);
    mem_free(self->leaf.body);
    mem_free(self->strings);
    mem_free(self);
    gate_release(gate);
}

/* It has no record, so the next one is the first again. */
static void forget_refusal(velum_pending *self)
{
    if (self->refusal_is_admitted) {
        refusals_forget(&self->gate->refusals, self->refusal_key);
        self->refusal_is_admitted = false;
    }
}

void pending_withhold(velum_pending *self)
{
    forget_refusal(self);
    if (self->answer == NULL && answer_create(self->gate, &self->answer) < 0) {
        return; /* velum_pending_take says so */
    }
    answer_set_problem(self->answer, PROBLEM_UNAVAILABLE, NULL);
    counters_add(self->gate, PROBLEM_UNAVAILABLE);
}

/* --- the state ---------------------------------------------------------------------------------- */

bool pending_settle(velum_pending *self, int state)
{
    int expected = PENDING_WAITING;

    if (!atomic_compare_exchange_strong(&self->state, &expected, state)) {
        return false;
    }
    if (self->ready != NULL) {
        self->ready(self->context);
    }
    return true;
}

static velum_status settle_unavailable(velum_pending *self)
{
    forget_refusal(self);
    velum_answer_free(self->answer);
    self->answer = NULL;
    VELUM_TRY(answer_create(self->gate, &self->answer));
    answer_set_problem(self->answer, PROBLEM_UNAVAILABLE, NULL);
    counters_add(self->gate, PROBLEM_UNAVAILABLE);
    atomic_store(&self->state, PENDING_READY);
    return VELUM_OK;
}

/* Once it waits for the writer it is a write: a read that uses something up comes here, too. */
static velum_status start_write(velum_pending *self)
{
    atomic_store(&self->state, PENDING_WAITING);
    watchdog_add(&self->gate->watchdog, self);
    writer_queue(&self->gate->writer, self);
    return VELUM_PENDING;
}

/* The worker's part of a read; the appender has it when VELUM_PENDING comes back. */
static velum_status start_read(velum_pending *self)
{
    velum_status status = path_read(self);

    while (status == VELUM_E_STALE && self->attempts < PENDING_ATTEMPTS_MAX) {
        self->attempts++; /* a new snapshot */
        (void)atomic_fetch_add(&self->gate->counters.reads_repeated, 1);
        status = path_read(self);
    }

    if (status == VELUM_END) {
        return start_write(self);
    }
    if (status < 0) {
        return settle_unavailable(self);
    }
    if (status == VELUM_OK) {
        atomic_store(&self->state, PENDING_READY);
        return VELUM_OK;
    }
    atomic_store(&self->state, PENDING_WAITING);
    watchdog_add(&self->gate->watchdog, self);
    appender_queue_read(&self->gate->appender, self);
    return VELUM_PENDING;
}

velum_status pending_start(velum_pending *self)
{
    velum_gate *const gate = self->gate;

    self->attempts++;
    if (clock_monotonic_ns(&gate->clock) > self->deadline_ns) {
        (void)atomic_fetch_add(&gate->counters.timed_out, 1);
        return settle_unavailable(self);
    }
    if (atomic_load(&gate->stopping)) {
        return settle_unavailable(self);
    }
    return self->verb->is_write ? start_write(self) : start_read(self);
}

/* --- taking the answer -------------------------------------------------------------------------- */

velum_status velum_pending_take(velum_pending *pending, velum_answer **out)
{
    const int state = atomic_load(&pending->state);

    *out = NULL;
    if (state == PENDING_WAITING || state == PENDING_RUNNING) {
        return VELUM_PENDING;
    }
    watchdog_remove(&pending->gate->watchdog, pending);
    if (state == PENDING_AGAIN) {
        atomic_store(&pending->state, PENDING_RUNNING);
        const velum_status status = pending_start(pending);
        if (status != VELUM_OK) {
            return status;
        }
    }
    if (atomic_load(&pending->state) == PENDING_EXPIRED) {
        (void)atomic_fetch_add(&pending->gate->counters.timed_out, 1);
        counters_add(pending->gate, PROBLEM_UNAVAILABLE);
        VELUM_TRY(answer_create(pending->gate, out));
        answer_set_problem(*out, PROBLEM_UNAVAILABLE, NULL);
        return VELUM_OK;
    }
    *out = velum_answer_take(&pending->answer);
    return *out == NULL ? VELUM_E_INTERNAL : VELUM_OK;
}

void velum_pending_free(velum_pending *pending)
{
    int expected = PENDING_WAITING;

    if (pending == NULL) {
        return;
    }
    (void)atomic_compare_exchange_strong(&pending->state, &expected, PENDING_ABANDONED);
    watchdog_remove(&pending->gate->watchdog, pending);
    pending_release(pending);
}

velum_status velum_gate_submit(velum_gate *gate, const velum_request *request, velum_ready ready,
                               void *context, velum_pending **out, velum_error *err)
{
    VELUM_TRY(pending_create(gate, request, out, err));
    (*out)->client = CLIENT_HTTP;
    (*out)->ready = ready;
    (*out)->context = context;
    const velum_status status = pending_start(*out);
    if (status < 0) {
        pending_release(*out);
        *out = NULL;
        return error_set(err, status, "no memory");
    }
    return status;
}

/* --- waiting in place --------------------------------------------------------------------------- */

typedef struct bell {
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool is_rung;
} bell;

static void ring(void *context)
{
    bell *const self = context;

    (void)pthread_mutex_lock(&self->lock);
    self->is_rung = true;
    (void)pthread_cond_signal(&self->rung);
    (void)pthread_mutex_unlock(&self->lock);
}

static void wait_for(bell *self)
{
    (void)pthread_mutex_lock(&self->lock);
    while (!self->is_rung) {
        (void)pthread_cond_wait(&self->rung, &self->lock);
    }
    self->is_rung = false;
    (void)pthread_mutex_unlock(&self->lock);
}

velum_status pending_wait(velum_pending *self, velum_answer **out)
{
    bell bell = {.is_rung = false};

    (void)pthread_mutex_init(&bell.lock, NULL);
    (void)pthread_cond_init(&bell.rung, NULL);
    self->ready = ring;
    self->context = &bell;
    velum_status status = pending_start(self);
    while (status == VELUM_PENDING) {
        wait_for(&bell);
        status = velum_pending_take(self, out);
    }
    if (status == VELUM_OK && *out == NULL) {
        status = velum_pending_take(self, out);
    }
    (void)pthread_cond_destroy(&bell.rung);
    (void)pthread_mutex_destroy(&bell.lock);
    return status;
}

static velum_status call(velum_pending *pending, velum_answer **out, velum_error *err)
{
    const velum_status status = pending_wait(pending, out);

    velum_pending_free(pending);
    return status < 0 ? error_set(err, status, "the request could not be run") : VELUM_OK;
}

/* The answer holds the gate from the beginning, so that whoever frees the gate meanwhile leaves us
 * the pool. */
static velum_status call_remote(velum_gate *gate, const velum_request *request, velum_answer **out,
                                velum_error *err)
{
    VELUM_AUTO(velum_answer) *answer = NULL;
    velum_request taken;

    VELUM_TRY(admit(gate, request, &taken, err));
    velum_status status = answer_create(gate, &answer);
    if (status == VELUM_OK) {
        status =
            remote_call(gate->remote, &taken, timeout_ms_of(gate, verb_find(taken.verb)), answer);
    }
    if (status == VELUM_E_UNAVAILABLE) {
        answer_set_problem(answer, PROBLEM_UNAVAILABLE, NULL);
        status = VELUM_OK;
    }
    if (status < 0) {
        return error_set(err, status, "no memory");
    }
    *out = velum_answer_take(&answer);
    return VELUM_OK;
}

velum_status velum_gate_call(velum_gate *gate, const velum_request *request, velum_answer **out,
                             velum_error *err)
{
    velum_pending *pending = NULL;

    *out = NULL;
    if (gate->remote != NULL) {
        return call_remote(gate, request, out, err);
    }
    VELUM_TRY(pending_create(gate, request, &pending, err));
    return call(pending, out, err);
}

velum_status gate_call_as(velum_gate *gate, const velum_request *request, const peer *peer,
                          velum_answer **out, velum_error *err)
{
    velum_pending *pending = NULL;

    *out = NULL;
    VELUM_TRY(pending_create(gate, request, &pending, err));
    pending->client = peer->client;
    pending->uid = peer->uid;
    return call(pending, out, err);
}
