/* core/client.c: the command's connection, to a velumd that holds the folder or to a gate of its
 * own.
 *
 * Who holds the folder is known from its lock alone. Held, and nobody listens: a velumd is starting
 * or stopping, or another command is at work for a moment; both are waited for, CLIENT_WAIT_MS.
 */
#include "base/clock.h"
#include "base/file.h"
#include "core/pending.h"
#include "core/remote.h"

#include <errno.h>
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
    velum_gate *gate; /* in process, or NULL */
    remote *remote;   /* its connections, used while `gate` is NULL */
    velum_clock clock;
};
VELUM_DEFINE_AUTO(velum_client);

/* --- Connecting ------------------------------------------------------------------------------- */

static velum_status open_gate(velum_client *self, velum_error *err)
{
    const velum_gate_options options = {
        .size = sizeof(options),
        .folder = {self->folder, strlen(self->folder)},
        .cache_bytes = CLIENT_CACHE_BYTES,
        .workers = CLIENT_WORKERS,
        .door = VELUM_DOOR_PROCESS,
    };

    return velum_gate_open(&options, &self->gate, err);
}

/* VELUM_E_LOCKED or VELUM_E_UNAVAILABLE: try again. */
static velum_status attach_once(velum_client *self, velum_error *err)
{
    const velum_string folder = {self->folder, strlen(self->folder)};

    return velum_folder_is_live(folder) ? remote_reach(self->remote, err) : open_gate(self, err);
}

static velum_status attach(velum_client *self, velum_error *err)
{
    const int64_t deadline_ns = clock_monotonic_ns(&self->clock) + CLIENT_WAIT_MS * NS_PER_MS;

    for (;;) {
        const velum_status status = attach_once(self, err);
        if (status != VELUM_E_LOCKED && status != VELUM_E_UNAVAILABLE) {
            return status;
        }
        if (clock_monotonic_ns(&self->clock) >= deadline_ns) {
            return error_set(err, VELUM_E_LOCKED,
                             "another process owns the data folder and does not answer");
        }
        (void)usleep(CLIENT_POLL_US);
    }
}

static velum_status create_remote(velum_client *self, velum_error *err)
{
    int dir_fd = -1;
    const velum_status status = directory_open(self->folder, &dir_fd);

    if (status < 0) {
        return error_set_errno(err, status, errno, "cannot open the data folder");
    }
    return remote_create(dir_fd, &self->remote) < 0
               ? error_set(err, VELUM_E_NOMEM, "no memory for a connection")
               : VELUM_OK;
}

velum_status velum_client_open(velum_string folder, velum_client **out, velum_error *err)
{
    VELUM_AUTO(velum_client) *self = mem_alloc(sizeof(*self));

    *out = NULL;
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for a connection");
    }
    self->clock = clock_system();
    if (folder.size == 0 || folder.size >= FOLDER_BYTES_MAX ||
        memchr(folder.data, '\0', folder.size) != NULL) {
        return error_set(err, VELUM_E_INVALID, "this is no path of a folder");
    }
    self->folder = mem_copy_text(folder.data, folder.size);
    if (self->folder == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for a connection");
    }
    VELUM_TRY(create_remote(self, err));
    VELUM_TRY(attach(self, err));
    *out = velum_client_take(&self);
    return VELUM_OK;
}

void velum_client_free(velum_client *client)
{
    if (client == NULL) {
        return;
    }
    if (client->remote != NULL) {
        remote_stop(client->remote, 0);
    }
    remote_free(client->remote);
    velum_gate_free(client->gate);
    mem_free(client->folder);
    mem_free(client);
}

bool velum_client_is_remote(const velum_client *client)
{
    return client->gate == NULL;
}

/* --- Calling ---------------------------------------------------------------------------------- */

static velum_status call_remote(velum_client *self, const velum_request *request,
                                velum_answer **out, velum_error *err)
{
    VELUM_AUTO(velum_answer) *answer = NULL;

    VELUM_TRY(answer_create(NULL, &answer));
    const velum_status status = remote_call(self->remote, request, CLIENT_ANSWER_MS, answer);
    if (status < 0) {
        return error_set(err, status,
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
    if (remote_reach(client->remote, NULL) < 0) { /* velumd starts again, or is gone for good */
        VELUM_TRY(attach(client, err));
    }
    if (client->gate != NULL) {
        return velum_gate_call(client->gate, request, out, err);
    }
    return call_remote(client, request, out, err);
}
