/* gateway/listener.c: bind, accept, hand over. */
#include "gateway/listener.h"

#include "base/file.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 512
#define EXHAUSTED_PAUSE_MS 20 /* after accept ran out of descriptors or memory */

struct listener {
    int fd;
    int stop_fd; /* an eventfd that becomes readable to stop */
    uint16_t port;
    bool is_started;
    pthread_t thread;
    http_server *server;
};

static velum_status bind_socket(listener *self, const listen_address *address, velum_error *err)
{
    const int on = 1;

    self->fd =
        socket(address->socket_address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (self->fd < 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "no socket to listen on");
    }
    (void)setsockopt(self->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->socket_address.ss_family == AF_INET6) {
        (void)setsockopt(self->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(self->fd, (const struct sockaddr *)&address->socket_address, address->size) == 0) {
        return VELUM_OK;
    }
    if (errno == EADDRINUSE) {
        return error_set_errno(err, VELUM_E_EXISTS, errno,
                               "the address is in use: choose another with --listen ADDR:PORT");
    }
    return error_set_errno(err, VELUM_E_IO, errno, "the address of --listen cannot be bound");
}

static velum_status learn_port(listener *self, velum_error *err)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {.v6 = {0}};
    socklen_t size = sizeof(bound);

    if (getsockname(self->fd, &bound.any, &size) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "the bound port cannot be read");
    }
    const bool is_v6 = bound.any.sa_family == AF_INET6;
    self->port = ntohs(is_v6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return VELUM_OK;
}

VELUM_DEFINE_AUTO(listener);

velum_status listener_bind(const listen_address *address, listener **out, velum_error *err)
{
    VELUM_AUTO(listener) *self = mem_alloc(sizeof(*self));

    *out = NULL;
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for the listener");
    }
    self->fd = -1;
    self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->stop_fd < 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "no event descriptor");
    }
    VELUM_TRY(bind_socket(self, address, err));
    VELUM_TRY(learn_port(self, err));
    *out = listener_take(&self);
    return VELUM_OK;
}

uint16_t listener_port(const listener *self)
{
    return self->port;
}

/* One connection; false when there is none left to take now. */
static bool accept_one(listener *self)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    const int fd = accept4(self->fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        http_server_adopt(self->server, fd, (const struct sockaddr *)&peer, size);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        const struct timespec pause = {.tv_nsec = EXHAUSTED_PAUSE_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
        return false;
    }
    /* Others than these are errors of that one connection (accept(2)). */
    return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINVAL && errno != EBADF;
}

static void *accept_all(void *context)
{
    listener *const self = context;
    struct pollfd watched[] = {{.fd = self->fd, .events = POLLIN},
                               {.fd = self->stop_fd, .events = POLLIN}};

    for (;;) { /* until stop_fd says so */
        if (poll(watched, 2, -1) < 0 && errno != EINTR) {
            return NULL;
        }
        if (watched[1].revents != 0) {
            return NULL;
        }
        for (uint32_t taken = 0; taken < BACKLOG && accept_one(self); taken++) {
        }
    }
}

velum_status listener_start(listener *self, http_server *server, velum_error *err)
{
    self->server = server;
    if (listen(self->fd, BACKLOG) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "the address of --listen does not listen");
    }
    const int failed = pthread_create(&self->thread, NULL, accept_all, self);
    if (failed != 0) {
        return error_set_errno(err, VELUM_E_IO, failed, "no thread to accept connections");
    }
    self->is_started = true;
    return VELUM_OK;
}

void listener_free(listener *self)
{
    const uint64_t one = 1;

    if (self == NULL) {
        return;
    }
    if (self->is_started) {
        if (write(self->stop_fd, &one, sizeof(one)) != (ssize_t)sizeof(one)) {
            return; /* cannot be: an eventfd takes 2^64 - 2 of these. Leaking beats hanging. */
        }
        (void)pthread_join(self->thread, NULL);
    }
    file_close(&self->fd);
    file_close(&self->stop_fd);
    mem_free(self);
}
