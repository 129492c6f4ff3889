/* core/module.c: a module's handle: its credential, what it took, and how it waits.
 *
 * Everything it asks goes through velum_gate_call, so that it is the same whether the gate is in this
 * process or another's. Its descriptor is an epoll of two: an eventfd that rings when work was
 * committed in this process (core/work_bell.h) or when more may be waiting, and a timerfd for the time
 * at which something is due, which looks each second where nobody rings.
 */
#include "core/module.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "core/gate.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define WAIT_MS_MAX 60000
#define TAKE_AT_ONCE 32
#define HELD_MS_MAX 45000 /* what waits here longer is left to the gate: its lease is 60 s */
#define BODY_BYTES_MAX 1024
#define LOOK_MS_HEARING 60000
#define LOOK_MS_DEAF 1000
#define LOOK_MS_MIN 20
#define AGAIN_MS_MIN 1000u
#define AGAIN_MS_MAX 604800000u

struct velum_module {
    velum_gate *gate; /* held */
    char *name;
    char *credential;
    char *activity;
    bool hears; /* the gate is in this process, and rings */
    int epoll_fd;
    int bell_fd;
    int clock_fd;
    pthread_mutex_t lock; /* of what follows */
    work_list taken;
    int64_t taken_ns; /* monotonic: when the list was filled */
};
VELUM_DEFINE_AUTO(velum_module);

/* --- asking ------------------------------------------------------------------------------------- */

static velum_string string_of(const char *terminated)
{
    return (velum_string){terminated, strlen(terminated)};
}

static velum_status call(velum_module *self, const velum_request *request, velum_answer **out,
                         velum_error *err)
{
    velum_request filled = {.size = sizeof(filled)};

    memcpy(&filled, request, request->size < sizeof(filled) ? request->size : sizeof(filled));
    filled.auth = self->credential[0] == '\0' ? VELUM_AUTH_SELF : VELUM_AUTH_TOKEN;
    filled.credential = string_of(self->credential);
    if (filled.activity.size == 0) {
        filled.activity = string_of(self->activity);
    }
    return velum_gate_call(self->gate, &filled, out, err);
}

velum_status velum_module_call(velum_module *module, const velum_request *request,
                               velum_answer **out, velum_error *err)
{
    if (module == NULL || request == NULL || out == NULL) {
        return error_set(err, VELUM_E_INVALID, "module, request and place are needed");
    }
    *out = NULL;
    if (request->size < sizeof(request->size)) {
        return error_set(err, VELUM_E_INVALID, "the request's size member is not set");
    }
    return call(module, request, out, err);
}

/* What an answer means to a module; the problem's name is one of ours, never a caller's string. */
static velum_status judge(const velum_answer *answer, velum_error *err)
{
    static const struct {
        const char *problem;
        velum_status status;
    } meanings[] = {
        {"unauthenticated", VELUM_E_UNAUTHENTICATED},
        {"unavailable", VELUM_E_UNAVAILABLE},
        {"rate-limited", VELUM_E_BUSY},
        {"work-gone", VELUM_E_STALE},
        {"internal-error", VELUM_E_INTERNAL},
    };
    const char *const problem = velum_answer_problem(answer);

    if (velum_answer_status(answer) == 200) {
        return VELUM_OK;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (strcmp(meanings[i].problem, problem) == 0) {
            return error_set(err, meanings[i].status, "%s", problem);
        }
    }
    return error_set(err, VELUM_E_DENIED, "%s", problem);
}

/* Asks and judges; the answer is the caller's only where it is good. */
static velum_status ask(velum_module *self, uint32_t verb, const buffer *body, velum_answer **out,
                        velum_error *err)
{
    const velum_request request = {
        .size = sizeof(request), .verb = verb, .body = {(const char *)body->data, body->size}};
    VELUM_AUTO(velum_answer) *answer = NULL;

    VELUM_TRY(call(self, &request, &answer, err));
    VELUM_TRY(judge(answer, err));
    *out = velum_answer_take(&answer);
    return VELUM_OK;
}

/* --- opening ------------------------------------------------------------------------------------ */

static velum_status introduce(velum_module *self, velum_string sha256, velum_error *err)
{
    VELUM_AUTO_BUFFER body = {0};
    VELUM_AUTO(velum_answer) *answer = NULL;
    json_writer out;

    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&out, &body);
    json_begin_object(&out);
    json_member_string(&out, "module", self->name);
    if (sha256.size > 0) {
        json_member_text(&out, "sha256", (text){sha256.data, sha256.size});
    }
    json_end_object(&out);
    if (buffer_status(&body) < 0) {
        return error_set(err, VELUM_E_INVALID, "a name or hash is too long, or no UTF-8");
    }
    return ask(self, VELUM_VERB_MODULE_OPEN, &body, &answer, err);
}

static velum_status watch(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? VELUM_OK : VELUM_E_IO;
}

static velum_status open_descriptors(velum_module *self, velum_error *err)
{
    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    self->bell_fd =
        eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* what waited before us is looked for */
    self->clock_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (self->epoll_fd < 0 || self->bell_fd < 0 || self->clock_fd < 0 ||
        watch(self->epoll_fd, self->bell_fd) < 0 || watch(self->epoll_fd, self->clock_fd) < 0) {
        return error_set(err, VELUM_E_IO, "no descriptor for a module");
    }
    self->hears = self->gate->writer.running;
    return work_bell_listen(&self->gate->work_bell, self->bell_fd) < 0
               ? error_set(err, VELUM_E_LIMIT, "too many modules are open on this gate")
               : VELUM_OK;
}

static velum_status create(velum_gate *gate, const velum_module_options *options,
                           velum_module **out)
{
    VELUM_AUTO(velum_module) *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    gate_hold(gate);
    self->gate = gate;
    self->epoll_fd = self->bell_fd = self->clock_fd = -1;
    (void)pthread_mutex_init(&self->lock, NULL);
    self->name = mem_copy_text(options->name.data, options->name.size);
    self->credential = mem_copy_text(options->credential.data, options->credential.size);
    self->activity = mem_copy_text(options->activity.data, options->activity.size);
    if (self->name == NULL || self->credential == NULL || self->activity == NULL) {
        return VELUM_E_NOMEM;
    }
    *out = velum_module_take(&self);
    return VELUM_OK;
}

static bool is_sound(velum_string value)
{
    return value.size <= BODY_BYTES_MAX && (value.size == 0 || value.data != NULL);
}

velum_status velum_module_open(velum_gate *gate, const velum_module_options *options,
                               velum_module **out, velum_error *err)
{
    VELUM_AUTO(velum_module) *self = NULL;

    if (out != NULL) {
        *out = NULL;
    }
    if (gate == NULL || out == NULL || options == NULL || options->size < sizeof(*options) ||
        options->name.size == 0 || !is_sound(options->name) || !is_sound(options->credential) ||
        !is_sound(options->activity) || !is_sound(options->sha256)) {
        return error_set(err, VELUM_E_INVALID, "the options name no module or no size");
    }
    if (gate_check(gate) < 0) {
        return error_set(err, VELUM_E_FORKED, "this gate was opened by another process");
    }
    if (create(gate, options, &self) < 0) {
        return error_set(err, VELUM_E_NOMEM, "no memory for a module");
    }
    VELUM_TRY(open_descriptors(self, err));
    VELUM_TRY(introduce(self, options->sha256, err));
    *out = velum_module_take(&self);
    return VELUM_OK;
}

/* In a child everything is left as it lies: it is the parent's. */
void velum_module_free(velum_module *module)
{
    if (module == NULL || gate_check(module->gate) < 0) {
        return;
    }
    if (module->bell_fd >= 0) {
        work_bell_leave(&module->gate->work_bell, module->bell_fd);
    }
    file_close(&module->epoll_fd);
    file_close(&module->bell_fd);
    file_close(&module->clock_fd);
    work_list_clear(&module->taken);
    (void)pthread_mutex_destroy(&module->lock);
    mem_free(module->name);
    mem_free(module->credential);
    mem_free(module->activity);
    gate_release(module->gate);
    mem_free(module);
}

int32_t velum_module_descriptor(const velum_module *module)
{
    return module->epoll_fd;
}

/* --- waiting ------------------------------------------------------------------------------------ */

static void ring(velum_module *self)
{
    const uint64_t one = 1;
    const ssize_t written = write(self->bell_fd, &one, sizeof(one));

    (void)written;
}

/* Before looking, so that what rings meanwhile is kept. */
static void hush(velum_module *self)
{
    uint64_t count = 0;
    const ssize_t rang = read(self->bell_fd, &count, sizeof(count));
    const ssize_t ticked = read(self->clock_fd, &count, sizeof(count));

    (void)rang;
    (void)ticked;
}

static void set_clock(velum_module *self, int64_t next_in_ms)
{
    const int64_t most_ms = self->hears ? LOOK_MS_HEARING : LOOK_MS_DEAF;
    const int64_t at_most_ms = next_in_ms < most_ms ? next_in_ms : most_ms;
    const int64_t ms = at_most_ms > LOOK_MS_MIN ? at_most_ms : LOOK_MS_MIN;
    const struct itimerspec when = {.it_value = {ms / 1000, ms % 1000 * 1000000}};

    (void)timerfd_settime(self->clock_fd, 0, &when, NULL);
}

static int64_t now_ns(const velum_module *self)
{
    return clock_monotonic_ns(&self->gate->clock);
}

/* --- taking ------------------------------------------------------------------------------------- */

static velum_status fetch(velum_module *self, velum_error *err)
{
    VELUM_AUTO_BUFFER body = {0};
    VELUM_AUTO(velum_answer) *answer = NULL;
    json_writer out;
    int64_t next_in_ms = 0;

    hush(self);
    set_clock(self, LOOK_MS_DEAF); /* where this fails, it is tried again */
    buffer_init(&body, BODY_BYTES_MAX);
    json_writer_init(&out, &body);
    json_begin_object(&out);
    json_member_string(&out, "module", self->name);
    json_member_integer(&out, "limit", TAKE_AT_ONCE);
    json_end_object(&out);
    self->taken_ns = now_ns(self);
    VELUM_TRY(ask(self, VELUM_VERB_MODULE_NEXT, &body, &answer, err));
    const velum_string said = velum_answer_body(answer);
    const velum_status status =
        work_list_read(&self->taken, (text){said.data, said.size}, &next_in_ms);
    if (status < 0) {
        work_list_clear(&self->taken);
        return error_set(err, status, "the gate's answer could not be read");
    }
    set_clock(self, next_in_ms);
    return VELUM_OK;
}

/* Under the lock. VELUM_END when there is none. */
static velum_status take(velum_module *self, velum_work **out, velum_error *err)
{
    if (now_ns(self) - self->taken_ns > HELD_MS_MAX * NS_PER_MS) {
        work_list_clear(&self->taken); /* whose leases end; they are given again */
    }
    if (self->taken.first == NULL) {
        VELUM_TRY(fetch(self, err));
    }
    *out = work_list_pop(&self->taken);
    if (*out == NULL) {
        return VELUM_END;
    }
    ring(self); /* there may be more */
    return VELUM_OK;
}

static velum_status take_locked(velum_module *self, velum_work **out, velum_error *err)
{
    (void)pthread_mutex_lock(&self->lock);
    const velum_status status = take(self, out, err);
    (void)pthread_mutex_unlock(&self->lock);
    return status;
}

velum_status velum_module_next(velum_module *module, uint32_t wait_ms, velum_work **out,
                               velum_error *err)
{
    if (module == NULL || out == NULL || wait_ms > WAIT_MS_MAX) {
        return error_set(err, VELUM_E_INVALID, "a module, a place and at most 60 seconds");
    }
    *out = NULL;
    if (gate_check(module->gate) < 0) {
        return error_set(err, VELUM_E_FORKED, "this module was opened by another process");
    }
    const int64_t until_ns = now_ns(module) + (int64_t)wait_ms * NS_PER_MS;
    for (;;) { /* until a work, a failure or the end of the time */
        const velum_status status = take_locked(module, out, err);
        const int64_t left_ms = (until_ns - now_ns(module)) / NS_PER_MS;
        if (status != VELUM_END || left_ms <= 0) {
            return status;
        }
        struct pollfd watched = {.fd = module->epoll_fd, .events = POLLIN};
        (void)poll(&watched, 1, (int)left_ms);
    }
}

velum_status velum_module_reply(velum_module *module, velum_work *work, uint32_t result,
                                uint32_t after_ms, velum_error *err)
{
    VELUM_AUTO(velum_work) *answered = work;
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};

    const bool is_again = result == VELUM_WORK_AGAIN;
    const bool is_timed = after_ms >= AGAIN_MS_MIN && after_ms <= AGAIN_MS_MAX;
    if (module == NULL || work == NULL || (result != VELUM_WORK_DONE && !is_again) ||
        (after_ms != 0 && !(is_again && is_timed))) {
        return error_set(err, VELUM_E_INVALID, "no work, or no such result or time");
    }
    buffer_init(&body, BODY_BYTES_MAX);
    VELUM_TRY(work_write_reply(answered, text_of(module->name), result, after_ms, &body));
    VELUM_TRY(ask(module, VELUM_VERB_MODULE_REPLY, &body, &answer, err));
    if (is_again) {
        ring(module); /* whoever waits learns of its new time */
    }
    return VELUM_OK;
}
