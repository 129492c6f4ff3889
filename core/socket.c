/* core/socket.c: one thread accepts, a thread a connection serves.
 *
 * S-1  What the peer may do follows from its uid, which the kernel gives, or from a token.
 * S-2  At most SOCKET_CONNECTIONS_MAX connections; further ones wait in the kernel's queue.
 * S-3  Every wait ends: for a frame by SOCKET_IDLE_MS and FRAME_TRANSFER_MS, for an answer by the
 *      gate's own limit, for a peer that does not read by FRAME_TRANSFER_MS.
 * S-4  Only the accepting thread starts and joins the others; `open` and `stop` are under the lock.
 */
#include "core/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "core/frame.h"
#include "core/gate.h"
#include "core/problem.h"

#define SOCKET_IDLE_MS 30000
#define SOCKET_BACKLOG 64
#define SOCKET_PAUSE_US 50000
/* The folder is 0700 and lets nobody but its owner and root through; so does the socket. */
#define SOCKET_MODE 0600

typedef struct connection {
    socket_server *server;
    pthread_t thread;
    uint32_t uid;
    int fd;
    bool open;    /* its thread serves it; under the lock */
    bool started; /* its thread has not been joined; of the accepting thread */
} connection;

struct socket_server {
    velum_gate *gate;
    int listen_fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t closed; /* a connection has ended, or `stop` was set */
    bool stop;
    connection connections[SOCKET_CONNECTIONS_MAX];
};

static bool is_stopping(socket_server *self)
{
    (void)pthread_mutex_lock(&self->lock);
    const bool stop = self->stop;
    (void)pthread_mutex_unlock(&self->lock);
    return stop;
}

/* --- One request ------------------------------------------------------------------------------ */

/* In frames of at most FRAME_BYTES_MAX; all but the last carry FRAME_MORE. */
static velum_status send_answer(const frame_channel *channel, const velum_answer *answer)
{
    const uint16_t status = (uint16_t)velum_answer_status(answer);
    const velum_string body = velum_answer_body(answer);
    text rest = {body.data, body.size};

    while (rest.size > FRAME_BYTES_MAX) {
        VELUM_TRY(frame_send(channel, (uint16_t)(status | FRAME_MORE),
                             (text){rest.data, FRAME_BYTES_MAX}));
        rest.data += FRAME_BYTES_MAX;
        rest.size -= FRAME_BYTES_MAX;
    }
    return frame_send(channel, status, rest);
}

static velum_status send_problem(const connection *self, const frame_channel *channel,
                                 uint32_t problem)
{
    VELUM_AUTO(velum_answer) *answer = NULL;

    VELUM_TRY(answer_create(NULL, &answer));
    counters_add(self->server->gate, problem);
    answer_set_problem(answer, problem, NULL);
    return send_answer(channel, answer);
}

static velum_status serve_request(const connection *self, const frame_channel *channel,
                                  uint16_t verb, const buffer *payload)
{
    const peer peer = {CLIENT_SOCKET, self->uid}; /* S-1 */
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_FRAME_REQUEST decoded = {.document = NULL};
    velum_status status =
        frame_request_decode(verb, (text){(const char *)payload->data, payload->size}, &decoded);

    if (status == VELUM_OK) {
        status = gate_call_as(self->server->gate, &decoded.request, &peer, &answer, NULL);
    }
    if (status < 0) {
        return send_problem(self, channel, problem_of_status(status));
    }
    return send_answer(channel, answer);
}

/* One frame and its answer; anything but VELUM_OK ends the connection. */
static velum_status serve_frame(const connection *self, const frame_channel *channel)
{
    VELUM_AUTO_BUFFER payload = {0};
    uint16_t verb = 0;

    buffer_init(&payload, FRAME_BYTES_MAX);
    const velum_status status = frame_receive(channel, SOCKET_IDLE_MS, &verb, &payload);
    if (status == VELUM_E_LIMIT) {
        VELUM_TRY(send_problem(self, channel, PROBLEM_TOO_LARGE));
        return status;
    }
    if (status != VELUM_OK) {
        return status;
    }
    return serve_request(self, channel, verb, &payload);
}

static void *serve_connection(void *context)
{
    connection *const self = context;
    socket_server *const server = self->server;
    const frame_channel channel = {self->fd, server->gate->clock};

    while (!is_stopping(server) && serve_frame(self, &channel) == VELUM_OK) {
    }
    (void)pthread_mutex_lock(&server->lock);
    file_close(&self->fd);
    self->open = false;
    (void)pthread_cond_signal(&server->closed);
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* --- Accepting -------------------------------------------------------------------------------- */

static connection *find_free(socket_server *self)
{
    for (size_t i = 0; i < SOCKET_CONNECTIONS_MAX; i++) {
        if (!self->connections[i].open) {
            return &self->connections[i];
        }
    }
    return NULL;
}

static void join_connection(connection *self)
{
    if (self->started) {
        (void)pthread_join(self->thread, NULL);
        self->started = false;
    }
}

/* S-2: waits for a free place; NULL when stopping. */
static connection *wait_for_place(socket_server *self)
{
    connection *place = NULL;

    (void)pthread_mutex_lock(&self->lock);
    while (!self->stop && (place = find_free(self)) == NULL) {
        (void)pthread_cond_wait(&self->closed, &self->lock);
    }
    (void)pthread_mutex_unlock(&self->lock);
    if (place != NULL) {
        join_connection(place);
    }
    return place;
}

static bool peer_uid(int fd, uint32_t *out)
{
    struct ucred who;
    socklen_t size = sizeof(who);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || size != sizeof(who)) {
        return false;
    }
    *out = who.uid;
    return true;
}

/* Signals are the host's: a thread of ours takes none. */
static int start_thread(pthread_t *out, void *(*run)(void *), void *context)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int result = pthread_create(out, NULL, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

static void start_connection(socket_server *self, connection *place, int fd)
{
    place->server = self;
    if (!peer_uid(fd, &place->uid)) {
        file_close(&fd);
        return;
    }
    (void)pthread_mutex_lock(&self->lock);
    place->fd = fd;
    place->open = !self->stop && start_thread(&place->thread, serve_connection, place) == 0;
    place->started = place->open;
    if (!place->open) {
        file_close(&place->fd);
    }
    (void)pthread_mutex_unlock(&self->lock);
}

/* A pause keeps the loop from spinning where accept fails for want of descriptors or memory. */
static void pause_after(int os_errno)
{
    if (os_errno != EINTR && os_errno != ECONNABORTED && os_errno != EINVAL) {
        (void)usleep(SOCKET_PAUSE_US);
    }
}

static void *accept_peers(void *context)
{
    socket_server *const self = context;
    connection *place = NULL;

    while ((place = wait_for_place(self)) != NULL) {
        const int fd = accept4(self->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            pause_after(errno);
            continue;
        }
        start_connection(self, place, fd);
    }
    for (size_t i = 0; i < SOCKET_CONNECTIONS_MAX; i++) {
        join_connection(&self->connections[i]);
    }
    return NULL;
}

/* --- Start and stop --------------------------------------------------------------------------- */

/* Through the descriptor: a long path of the folder would not fit into sun_path. */
static velum_status bind_in_folder(int fd, int dir_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd,
                   SOCKET_NAME);
    if (unlinkat(dir_fd, SOCKET_NAME, 0) != 0 && errno != ENOENT) {
        return VELUM_E_IO;
    }
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return VELUM_E_IO;
    }
    if (fchmodat(dir_fd, SOCKET_NAME, SOCKET_MODE, 0) != 0 || listen(fd, SOCKET_BACKLOG) != 0) {
        return VELUM_E_IO;
    }
    return VELUM_OK;
}

static velum_status listen_in_folder(int dir_fd, int *out_fd)
{
    VELUM_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return VELUM_E_IO;
    }
    VELUM_TRY(bind_in_folder(fd, dir_fd));
    *out_fd = file_take(&fd);
    return VELUM_OK;
}

static void server_free(socket_server *self)
{
    file_close(&self->listen_fd);
    (void)pthread_cond_destroy(&self->closed);
    (void)pthread_mutex_destroy(&self->lock);
    mem_free(self);
}

velum_status socket_start(velum_gate *gate, socket_server **out, velum_error *err)
{
    socket_server *const self = mem_alloc(sizeof(*self));

    *out = NULL;
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for the socket");
    }
    self->gate = gate;
    self->listen_fd = -1;
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->closed, NULL);
    velum_status status = listen_in_folder(gate->dir_fd, &self->listen_fd);
    if (status < 0) {
        (void)error_set_errno(err, status, errno, "cannot listen on the folder's socket");
        server_free(self);
        return status;
    }
    if (start_thread(&self->thread, accept_peers, self) != 0) {
        server_free(self);
        return error_set(err, VELUM_E_NOMEM, "no thread for the socket");
    }
    *out = self;
    return VELUM_OK;
}

/* Wakes the accepting thread and whoever waits for a frame; an answer under way still leaves. */
static void cut_connections(socket_server *self)
{
    (void)pthread_mutex_lock(&self->lock);
    self->stop = true;
    for (size_t i = 0; i < SOCKET_CONNECTIONS_MAX; i++) {
        if (self->connections[i].open) {
            (void)shutdown(self->connections[i].fd, SHUT_RD);
        }
    }
    (void)pthread_cond_broadcast(&self->closed);
    (void)pthread_mutex_unlock(&self->lock);
    (void)shutdown(self->listen_fd, SHUT_RDWR);
}

void socket_stop(socket_server *self)
{
    if (self == NULL) {
        return;
    }
    (void)unlinkat(self->gate->dir_fd, SOCKET_NAME, 0);
    cut_connections(self);
    (void)pthread_join(self->thread, NULL);
    server_free(self);
}

velum_status velum_gate_serve_socket(velum_gate *gate, velum_error *err)
{
    VELUM_TRY(gate_check(gate));
    if (gate->socket != NULL) {
        return error_set(err, VELUM_E_EXISTS, "the socket is served already");
    }
    return socket_start(gate, &gate->socket, err);
}
