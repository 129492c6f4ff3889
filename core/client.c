/* core/client.c: the command's connection, to a velumd that holds the folder or to a gate of its
 * own.
 *
 * Who holds the folder is known from its lock alone. Held, and nobody listens: a velumd is starting
 * or stopping, or another command is at work for a moment; both are waited for, CLIENT_WAIT_MS.
 * A connection that velumd let go while it was idle is made anew before anything is sent; a request
 * that was sent is never sent twice by itself.
 */
#include "base/file.h"
#include "core/answer.h"
#include "core/frame.h"
#include "core/pending.h"
#include "core/problem.h"
#include "core/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENT_WAIT_MS 3000
#define CLIENT_POLL_US 50000
/* Longer than the gate's limit and waiting for a place (core/socket.c) together; when velumd dies
 * the connection ends at once. */
#define CLIENT_ANSWER_MS (PENDING_PEOPLE_TIMEOUT_MS + 60000)
#define CLIENT_CACHE_BYTES ((uint64_t)16 << 20)
#define CLIENT_WORKERS 4
#define FOLDER_BYTES_MAX 4096

struct velum_client {
    char *folder;
    int dir_fd;
    bool is_remote_only;   /* never a gate in this process */
    velum_gate *gate;      /* in process, or NULL */
    frame_channel channel; /* fd −1 unless remote */
};
VELUM_DEFINE_AUTO(velum_client);

/* --- Connecting ------------------------------------------------------------------------------- */

/* VELUM_E_UNAVAILABLE when nobody listens. */
static velum_status connect_socket(velum_client *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    VELUM_AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return VELUM_E_IO;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", self->dir_fd,
                   SOCKET_NAME);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        const bool absent = errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN;
        return absent ? VELUM_E_UNAVAILABLE : VELUM_E_IO;
    }
    self->channel.fd = file_take(&fd);
    return VELUM_OK;
}

static velum_status open_gate(velum_client *self, velum_error *err)
{
    const velum_gate_options options = {
        .size = sizeof(options),
        .folder = {self->folder, strlen(self->folder)},
        .cache_bytes = CLIENT_CACHE_BYTES,
        .workers = CLIENT_WORKERS,
    };

    return velum_gate_open(&options, &self->gate, err);
}

/* VELUM_E_LOCKED or VELUM_E_UNAVAILABLE: try again. */
static velum_status attach_once(velum_client *self, velum_error *err)
{
    const velum_string folder = {self->folder, strlen(self->folder)};

    if (!velum_folder_is_live(folder)) {
        return self->is_remote_only ? VELUM_E_UNAVAILABLE : open_gate(self, err);
    }
    const velum_status status = connect_socket(self);
    if (status == VELUM_E_IO) {
        return error_set_errno(err, status, errno, "cannot connect to the folder's socket");
    }
    return status;
}

static velum_status attach(velum_client *self, velum_error *err)
{
    const int64_t deadline_ns =
        clock_monotonic_ns(&self->channel.clock) + CLIENT_WAIT_MS * NS_PER_MS;

    for (;;) {
        const velum_status status = attach_once(self, err);
        if (status != VELUM_E_LOCKED && status != VELUM_E_UNAVAILABLE) {
            return status;
        }
        if (self->is_remote_only) {
            return error_set(err, VELUM_E_UNAVAILABLE, "no velumd answers in the data folder");
        }
        if (clock_monotonic_ns(&self->channel.clock) >= deadline_ns) {
            return error_set(err, VELUM_E_LOCKED,
                             "another process owns the data folder and does not answer");
        }
        (void)usleep(CLIENT_POLL_US);
    }
}

/* Forgets a connection that velumd has closed, and makes another. */
static velum_status attach_again(velum_client *self, velum_error *err)
{
    struct pollfd watched = {.fd = self->channel.fd, .events = POLLIN | POLLRDHUP};

    if (self->channel.fd >= 0) {
        if (poll(&watched, 1, 0) == 0) {
            return VELUM_OK;
        }
        file_close(&self->channel.fd); /* between requests there is nothing to read but the end */
    }
    return attach(self, err);
}

static velum_status open_client(velum_string folder, bool is_remote_only, velum_client **out,
                                velum_error *err)
{
    VELUM_AUTO(velum_client) *self = mem_alloc(sizeof(*self));

    *out = NULL;
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for a connection");
    }
    self->dir_fd = -1;
    self->is_remote_only = is_remote_only;
    self->channel = (frame_channel){-1, clock_system()};
    if (folder.size == 0 || folder.size >= FOLDER_BYTES_MAX ||
        memchr(folder.data, '\0', folder.size) != NULL) {
        return error_set(err, VELUM_E_INVALID, "this is no path of a folder");
    }
    self->folder = mem_copy_text(folder.data, folder.size);
    if (self->folder == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for a connection");
    }
    const velum_status status = directory_open(self->folder, &self->dir_fd);
    if (status < 0) {
        return error_set_errno(err, status, errno, "cannot open the data folder");
    }
    VELUM_TRY(attach(self, err));
    *out = velum_client_take(&self);
    return VELUM_OK;
}

velum_status velum_client_open(velum_string folder, velum_client **out, velum_error *err)
{
    return open_client(folder, false, out, err);
}

velum_status velum_client_connect(velum_string folder, velum_client **out, velum_error *err)
{
    return open_client(folder, true, out, err);
}

void velum_client_free(velum_client *client)
{
    if (client == NULL) {
        return;
    }
    file_close(&client->channel.fd);
    velum_gate_free(client->gate);
    file_close(&client->dir_fd);
    mem_free(client->folder);
    mem_free(client);
}

bool velum_client_is_remote(const velum_client *client)
{
    return client->gate == NULL;
}

/* --- Calling ---------------------------------------------------------------------------------- */

static velum_status receive_answer(velum_client *self, velum_answer *answer)
{
    int64_t wait_ms = CLIENT_ANSWER_MS;
    uint16_t code = FRAME_MORE;

    while ((code & FRAME_MORE) != 0) { /* the buffer's ceiling bounds the frames */
        const size_t before = answer->body.size;
        const velum_status status = frame_receive(&self->channel, wait_ms, &code, &answer->body);
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

/* A refusal of our own, for what does not fit into a frame. */
static velum_status answer_problem(uint32_t problem, velum_answer **out)
{
    VELUM_TRY(answer_create(NULL, out));
    answer_set_problem(*out, problem, NULL);
    return VELUM_OK;
}

static velum_status exchange(velum_client *self, uint16_t verb, const buffer *payload,
                             velum_answer *answer)
{
    VELUM_TRY(frame_send(&self->channel, verb, (text){(const char *)payload->data, payload->size}));
    return receive_answer(self, answer);
}

static velum_status call_remote(velum_client *self, const velum_request *request,
                                velum_answer **out, velum_error *err)
{
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER payload = {0};

    buffer_init(&payload, 2 * FRAME_BYTES_MAX);
    velum_status status = frame_request_encode(request, &payload);
    if (status == VELUM_E_INVALID || status == VELUM_E_LIMIT) {
        return answer_problem(problem_of_status(status), out);
    }
    VELUM_TRY(status);
    VELUM_TRY(answer_create(NULL, &answer));
    status = exchange(self, (uint16_t)request->verb, &payload, answer);
    if (status < 0) {
        file_close(&self->channel.fd); /* what follows on it could answer another request */
        return error_set(err, status == VELUM_E_NOMEM ? status : VELUM_E_UNAVAILABLE,
                         "the connection to velumd was lost; a write may have been done");
    }
    *out = velum_answer_take(&answer);
    return VELUM_OK;
}

velum_status velum_client_call(velum_client *client, const velum_request *request,
                               velum_answer **out, velum_error *err)
{
    *out = NULL;
    if (client->gate != NULL) {
        return velum_gate_call(client->gate, request, out, err);
    }
    if (request->size < sizeof(*request) || request->verb > UINT16_MAX ||
        (request->auth != VELUM_AUTH_TOKEN && request->auth != VELUM_AUTH_SELF)) {
        return error_set(err, VELUM_E_INVALID, "the request is not well formed");
    }
    VELUM_TRY(attach_again(client, err));
    if (client->gate != NULL) {
        return velum_gate_call(client->gate, request, out, err);
    }
    return call_remote(client, request, out, err);
}
