/* core/remote.c: connections of a pool, and one exchange of frames. */
#include "core/remote.h"

#include "base/condition.h"
#include "base/file.h"
#include "core/frame.h"
#include "core/problem.h"
#include "core/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_PAUSE_US 20000

typedef struct connection {
    int fd;
    uint32_t uid; /* whom the server takes us for: the effective uid when it was made */
    int64_t idle_since_ns;
} connection;

struct remote {
    int dir_fd;
    velum_clock clock;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a place is free, or `stopping` was set */
    bool stopping;
    uint32_t busy;
    uint32_t idle_count;
    connection idle[REMOTE_CONNECTIONS_MAX]; /* the one used last is the last */
};

velum_status remote_create(int dir_fd, remote **out)
{
    remote *const self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        file_close(&dir_fd);
        return VELUM_E_NOMEM;
    }
    self->dir_fd = dir_fd;
    self->clock = clock_system();
    (void)pthread_mutex_init(&self->lock, NULL);
    condition_init(&self->changed);
    *out = self;
    return VELUM_OK;
}

/* --- One connection --------------------------------------------------------------------------- */

/* The server hears of the end although a child process may hold a copy of the descriptor. */
static void hang_up(connection *self)
{
    if (self->fd >= 0) {
        (void)shutdown(self->fd, SHUT_RDWR);
    }
    file_close(&self->fd);
}

/* Through the folder's descriptor: a long path would not fit into an address. Does not wait where
 * the server's queue is full. */
static velum_status dial(const remote *self, connection *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    VELUM_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return VELUM_E_IO;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", self->dir_fd,
                   SOCKET_NAME);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        const bool absent = errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN;
        return absent ? VELUM_E_UNAVAILABLE : VELUM_E_IO;
    }
    *out = (connection){file_take(&fd), (uint32_t)geteuid(), clock_monotonic_ns(&self->clock)};
    return VELUM_OK;
}

/* Between requests there is nothing to read but the end. */
static bool is_usable(const remote *self, const connection *connection)
{
    struct pollfd watched = {.fd = connection->fd, .events = POLLIN | POLLRDHUP};
    const int64_t idle_ns = clock_monotonic_ns(&self->clock) - connection->idle_since_ns;

    return connection->uid == (uint32_t)geteuid() && idle_ns < REMOTE_IDLE_MS * NS_PER_MS &&
           poll(&watched, 1, 0) == 0;
}

/* --- The pool --------------------------------------------------------------------------------- */

/* Under the lock. Those that are of no use any more are closed. */
static bool pop_idle(remote *self, connection *out)
{
    while (self->idle_count > 0) {
        connection last = self->idle[--self->idle_count];
        if (is_usable(self, &last)) {
            *out = last;
            return true;
        }
        hang_up(&last);
    }
    return false;
}

static void leave(remote *self, connection *connection, bool is_kept)
{
    (void)pthread_mutex_lock(&self->lock);
    self->busy--;
    if (is_kept && !self->stopping && self->idle_count < REMOTE_CONNECTIONS_MAX) {
        connection->idle_since_ns = clock_monotonic_ns(&self->clock);
        self->idle[self->idle_count++] = *connection;
        connection->fd = -1;
    }
    (void)pthread_cond_broadcast(&self->changed);
    (void)pthread_mutex_unlock(&self->lock);
    hang_up(connection);
}

/* A place, and a connection where one is idle (else fd −1). */
static velum_status enter(remote *self, uint32_t wait_ms, connection *out)
{
    const struct timespec deadline = condition_deadline(wait_ms);
    bool in_time = true;

    (void)pthread_mutex_lock(&self->lock);
    while (self->busy >= REMOTE_CONNECTIONS_MAX && !self->stopping && in_time) {
        in_time = condition_wait_until(&self->changed, &self->lock, &deadline);
    }
    const bool is_let_in = !self->stopping && self->busy < REMOTE_CONNECTIONS_MAX;
    if (is_let_in) {
        self->busy++;
        (void)pop_idle(self, out);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return is_let_in ? VELUM_OK : VELUM_E_UNAVAILABLE;
}

static bool is_stopping(remote *self)
{
    (void)pthread_mutex_lock(&self->lock);
    const bool stopping = self->stopping;
    (void)pthread_mutex_unlock(&self->lock);
    return stopping;
}

/* Nothing was sent yet, so a server that is away for a moment may be waited for. */
static velum_status dial_patiently(remote *self, int64_t deadline_ns, connection *out)
{
    const int64_t patience_ns = clock_monotonic_ns(&self->clock) + REMOTE_CONNECT_MS * NS_PER_MS;
    const int64_t until_ns = deadline_ns < patience_ns ? deadline_ns : patience_ns;
    velum_status status = dial(self, out);

    while (status == VELUM_E_UNAVAILABLE && !is_stopping(self) &&
           clock_monotonic_ns(&self->clock) < until_ns) {
        (void)usleep(CONNECT_PAUSE_US);
        status = dial(self, out);
    }
    return status;
}

velum_status remote_reach(remote *self, velum_error *err)
{
    connection found = {.fd = -1};

    if (enter(self, 0, &found) < 0) {
        return VELUM_OK; /* all are in use, so there is somebody who answers */
    }
    const velum_status status = found.fd >= 0 ? VELUM_OK : dial(self, &found);
    const int os_errno = errno;
    leave(self, &found, status == VELUM_OK);
    if (status == VELUM_E_IO) {
        return error_set_errno(err, status, os_errno, "cannot connect to the folder's socket");
    }
    return status < 0 ? error_set(err, status, "nobody serves the folder's socket") : VELUM_OK;
}

/* --- One request ------------------------------------------------------------------------------ */

static velum_status receive_answer(const frame_channel *channel, int64_t deadline_ns,
                                   velum_answer *answer)
{
    int64_t wait_ms = (deadline_ns - clock_monotonic_ns(&channel->clock)) / NS_PER_MS;
    uint16_t code = FRAME_MORE;

    while ((code & FRAME_MORE) != 0) { /* the buffer's ceiling bounds the frames */
        const size_t before = answer->body.size;
        const velum_status status = frame_receive(channel, wait_ms, &code, &answer->body);
        if (status != VELUM_OK) {
            return status == VELUM_END ? VELUM_E_TRUNCATED : status;
        }
        if ((code & FRAME_MORE) != 0 && answer->body.size == before) {
            return VELUM_E_INVALID;
        }
        wait_ms = FRAME_TRANSFER_MS;
    }
    answer_set_remote(answer, code);
    return VELUM_OK;
}

static velum_status exchange(const frame_channel *channel, uint16_t verb, const buffer *payload,
                             int64_t deadline_ns, velum_answer *answer)
{
    VELUM_TRY(frame_send(channel, verb, (text){(const char *)payload->data, payload->size}));
    return receive_answer(channel, deadline_ns, answer);
}

static velum_status travel(remote *self, uint16_t verb, const buffer *payload, int64_t wait_ms,
                           velum_answer *answer)
{
    const int64_t deadline_ns = clock_monotonic_ns(&self->clock) + wait_ms * NS_PER_MS;
    connection used = {.fd = -1};

    VELUM_TRY(enter(self, (uint32_t)wait_ms, &used));
    velum_status status = used.fd >= 0 ? VELUM_OK : dial_patiently(self, deadline_ns, &used);
    if (status == VELUM_OK) {
        const frame_channel channel = {used.fd, self->clock};
        status = exchange(&channel, verb, payload, deadline_ns, answer);
    }
    leave(self, &used, status == VELUM_OK); /* what follows on a lost one could answer another */
    return status;
}

velum_status remote_call(remote *self, const velum_request *request, int64_t wait_ms,
                         velum_answer *answer)
{
    VELUM_AUTO_BUFFER payload = {0};

    buffer_init(&payload, 2 * FRAME_BYTES_MAX);
    velum_status status = frame_request_encode(request, &payload);
    if (status == VELUM_E_INVALID || status == VELUM_E_LIMIT) {
        answer_set_problem(answer, problem_of_status(status), NULL);
        return VELUM_OK;
    }
    VELUM_TRY(status);
    status = travel(self, (uint16_t)request->verb, &payload, wait_ms, answer);
    if (status < 0) {
        return status == VELUM_E_NOMEM ? status : VELUM_E_UNAVAILABLE;
    }
    return VELUM_OK;
}

/* --- The end ---------------------------------------------------------------------------------- */

void remote_stop(remote *self, uint32_t wait_ms)
{
    const struct timespec deadline = condition_deadline(wait_ms);
    bool in_time = true;

    (void)pthread_mutex_lock(&self->lock);
    self->stopping = true;
    (void)pthread_cond_broadcast(&self->changed);
    while (self->busy > 0 && in_time) {
        in_time = condition_wait_until(&self->changed, &self->lock, &deadline);
    }
    while (self->idle_count > 0) {
        hang_up(&self->idle[--self->idle_count]);
    }
    (void)pthread_mutex_unlock(&self->lock);
}

void remote_free(remote *self)
{
    if (self == NULL) {
        return;
    }
    while (self->idle_count > 0) { /* never stopped: it did not get as far as a gate */
        hang_up(&self->idle[--self->idle_count]);
    }
    file_close(&self->dir_fd);
    (void)pthread_cond_destroy(&self->changed);
    (void)pthread_mutex_destroy(&self->lock);
    mem_free(self);
}
