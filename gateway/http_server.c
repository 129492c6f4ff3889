/* gateway/http_server.c: libmicrohttpd, in this file only.
 *
 * How a request waits. libmicrohttpd calls `handle` on one thread; the gate calls `wake` on another,
 * perhaps before velum_gate_submit has returned. The two meet in `call.turn`:
 *
 *   handle:  turn = RUNNING; run; when the gate says "later": if turn is READY, run again at once;
 *            suspend; was = exchange(turn, ASLEEP); if was READY: resume.
 *   wake:    was = exchange(turn, READY); if was ASLEEP: resume.
 *
 * Whoever comes second resumes, and only after the suspension. After its exchange `wake` no longer
 * touches the call unless it found ASLEEP, in which case the call lives until it is resumed.
 */
#include "gateway/http.h"

#include "gateway/exchange.h"

#include "base/clock.h"

#include <microhttpd.h>

#include <assert.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Room for the largest allowed header, a reply's header and a piece of a body. A larger header is
 * refused by libmicrohttpd itself, in fixed words. */
#define CONNECTION_BYTES (32u * 1024u)
/* After the gate has answered everything: for clients that are slow to read. */
#define LAST_REPLIES_MS 1000
#define POLL_MS 2
#define RUNS_MAX 64 /* of one request in a row, without a wait between */

typedef enum turn { TURN_RUNNING, TURN_READY, TURN_ASLEEP } turn;

struct http_server {
    velum_gate *gate;
    struct MHD_Daemon *daemon;
    atomic_bool stopping;
    atomic_uint awaited;     /* H-1 */
    atomic_uint active;      /* requests begun and not ended */
    atomic_uint connections; /* H-4 */
    atomic_uint connections_max;
};

typedef struct http_call {
    http_server *server;
    struct MHD_Connection *connection;
    atomic_int turn;
    bool has_begun;
    exchange exchange;
    size_t target_bytes;
    char target[]; /* a copy, since libmicrohttpd cuts its own to pieces */
} http_call;

typedef struct fixed_header {
    const char *name;
    const char *value;
} fixed_header;

/* OWASP's list for an API that no browser renders. */
static const fixed_header fixed_headers[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
};

/* --- Waiting ------------------------------------------------------------------------------------ */

static void call_wake(void *context)
{
    http_call *const call = context;
    http_server *const server = call->server;
    struct MHD_Connection *const connection = call->connection;

    if (atomic_exchange(&call->turn, TURN_READY) == TURN_ASLEEP) {
        MHD_resume_connection(connection);
    }
    atomic_fetch_sub(&server->awaited, 1); /* last: from here the server may go (H-2) */
}

/* False when the gate has called already. */
static bool call_sleeps(http_call *call)
{
    if (atomic_load(&call->turn) == TURN_READY) {
        return false;
    }
    MHD_suspend_connection(call->connection);
    if (atomic_exchange(&call->turn, TURN_ASLEEP) == TURN_READY) {
        MHD_resume_connection(call->connection);
    }
    return true;
}

static exchange_step call_run(http_call *call)
{
    http_server *const server = call->server;

    atomic_store(&call->turn, TURN_RUNNING);
    atomic_fetch_add(&server->awaited, 1);
    if (atomic_load(&server->stopping)) {
        exchange_refuse(&call->exchange, REFUSAL_UNAVAILABLE); /* H-2 */
    }
    const exchange_step step = exchange_run(&call->exchange, call_wake, call);
    if (step == EXCHANGE_REPLY) {
        atomic_fetch_sub(&server->awaited, 1); /* nobody will call */
    }
    return step;
}

/* --- Replying ----------------------------------------------------------------------------------- */

/* Hands the body over; it is wiped when the last byte has left. */
static struct MHD_Response *response_of(reply *answer)
{
    if (answer->is_static) {
        return MHD_create_response_from_buffer(answer->body_bytes, answer->body,
                                               MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *const response = MHD_create_response_from_buffer_with_free_callback(
        answer->body_bytes, answer->body, velum_body_free);
    if (response != NULL) {
        answer->body = NULL;
    }
    return response;
}

static bool add_retry_after(struct MHD_Response *response, int32_t seconds)
{
    char digits[16];

    (void)snprintf(digits, sizeof(digits), "%d", (int)seconds);
    return MHD_add_response_header(response, "Retry-After", digits) == MHD_YES;
}

static bool add_version(struct MHD_Response *response, uint64_t version)
{
    char tag[32];

    (void)snprintf(tag, sizeof(tag), "\"%llu\"", (unsigned long long)version);
    return MHD_add_response_header(response, "ETag", tag) == MHD_YES;
}

static const char *content_type(const reply *answer)
{
    if (answer->is_problem) {
        return "application/problem+json";
    }
    return answer->is_lines ? "application/x-ndjson" : "application/json";
}

static bool add_headers(struct MHD_Response *response, const reply *answer, bool is_last)
{
    bool added = MHD_add_response_header(response, "Content-Type", content_type(answer)) == MHD_YES;

    for (size_t i = 0; i < sizeof(fixed_headers) / sizeof(fixed_headers[0]); i++) {
        const fixed_header *const fixed = &fixed_headers[i];
        added = added && MHD_add_response_header(response, fixed->name, fixed->value) == MHD_YES;
    }
    if (answer->has_challenge) {
        added = added && MHD_add_response_header(response, "WWW-Authenticate", "Bearer") == MHD_YES;
    }
    if (answer->allow != NULL) {
        added = added && MHD_add_response_header(response, "Allow", answer->allow) == MHD_YES;
    }
    if (answer->retry_after_s > 0) {
        added = added && add_retry_after(response, answer->retry_after_s);
    }
    if (answer->version > 0) {
        added = added && add_version(response, answer->version);
    }
    if (is_last) {
        added = added && MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    }
    return added;
}

static enum MHD_Result call_reply(http_call *call)
{
    reply *const answer = &call->exchange.answer;
    struct MHD_Response *const response = response_of(answer);
    enum MHD_Result queued = MHD_NO;

    if (response == NULL) {
        return MHD_NO;
    }
    if (add_headers(response, answer, atomic_load(&call->server->stopping))) {
        queued = MHD_queue_response(call->connection, answer->status, response);
    }
    MHD_destroy_response(response);
    return queued;
}

/* --- The callbacks of libmicrohttpd --------------------------------------------------------------- */

static enum MHD_Result call_advance(http_call *call)
{
    for (uint32_t runs = 0; runs < RUNS_MAX; runs++) {
        if (call_run(call) == EXCHANGE_REPLY) {
            return call_reply(call);
        }
        if (call_sleeps(call)) {
            return MHD_YES;
        }
    }
    return MHD_NO;
}

static enum MHD_Result collect_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    headers_add(context, (text){name, name_size}, (text){value != NULL ? value : "", value_size});
    return MHD_YES;
}

static size_t header_bytes_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *const info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return info == NULL ? SIZE_MAX : info->header_size;
}

static exchange_course call_begin(http_call *call, const char *method)
{
    headers fields = {0};
    const exchange_head head = {
        .method = method,
        .target = call->target,
        .target_bytes = call->target_bytes,
        .header_bytes = header_bytes_of(call->connection),
        .fields = &fields,
    };

    call->has_begun = true;
    (void)MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND, collect_header, &fields);
    return exchange_begin(&call->exchange, &head);
}

/* Called once after the header fields, once for each piece of the body, and once after it. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **held)
{
    http_call *const call = *held;

    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    if (call == NULL) {
        return MHD_NO; /* there was no memory for it */
    }
    if (!call->has_begun) {
        return call_begin(call, method) == EXCHANGE_RUN_NOW ? call_advance(call) : MHD_YES;
    }
    if (*upload_bytes > 0) {
        const bool goes_on = exchange_append(&call->exchange, upload, *upload_bytes);
        *upload_bytes = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return call_advance(call);
}

/* The first that is heard of a request, with its target untouched. */
static void *request_started(void *context, const char *target, struct MHD_Connection *connection)
{
    http_server *const self = context;
    const size_t bytes = target == NULL ? 0 : strlen(target);
    const size_t kept = bytes <= TARGET_BYTES_MAX ? bytes : 0; /* longer is refused unseen */
    http_call *const call = mem_alloc(sizeof(http_call) + kept);

    if (call == NULL) {
        return NULL;
    }
    call->server = self;
    call->connection = connection;
    call->target_bytes = bytes;
    if (kept > 0) {
        memcpy(call->target, target, kept);
    }
    exchange_init(&call->exchange, self->gate);
    atomic_fetch_add(&self->active, 1);
    return call;
}

/* The last that is heard of it, whether it was answered or its client went away. */
static void request_ended(void *context, struct MHD_Connection *connection, void **held,
                          enum MHD_RequestTerminationCode why)
{
    http_server *const self = context;
    http_call *const call = *held;

    (void)connection;
    (void)why;
    if (call == NULL) {
        return;
    }
    exchange_clear(&call->exchange);
    mem_free(call);
    *held = NULL;
    atomic_fetch_sub(&self->active, 1);
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **held,
                               enum MHD_ConnectionNotificationCode what)
{
    http_server *const self = context;

    (void)connection;
    (void)held;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        atomic_fetch_sub(&self->connections, 1);
    }
}

/* Percent-encoding is ours to decode (route.h). */
static size_t unescape_nothing(void *context, struct MHD_Connection *connection,
                               char *text_in_place)
{
    (void)context;
    (void)connection;
    return strlen(text_in_place);
}

/* --- Starting and stopping ------------------------------------------------------------------------ */

static struct MHD_Daemon *daemon_start(http_server *self, uint32_t threads)
{
    const struct MHD_OptionItem options[] = {
        /* Split among the threads, and out of reach for each of them (H-4). */
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)(2u * CONNECTIONS_MAX * threads), NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        /* A pool of one is not a pool: then there is one thread anyway. */
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
        NULL, NULL, handle, self, MHD_OPTION_NOTIFY_COMPLETED, request_ended, self,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, self, MHD_OPTION_URI_LOG_CALLBACK,
        request_started, self, MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, self,
        MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

velum_status http_server_start(velum_gate *gate, uint32_t threads, http_server **out,
                               velum_error *err)
{
    VELUM_AUTO_MEM http_server *self = mem_alloc(sizeof(*self));

    *out = NULL;
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for the HTTP server");
    }
    self->gate = gate;
    atomic_init(&self->connections_max, CONNECTIONS_MAX);
    self->daemon = daemon_start(self, threads);
    if (self->daemon == NULL) {
        return error_set(err, VELUM_E_UNAVAILABLE, "the HTTP server does not start");
    }
    *out = self;
    self = NULL;
    return VELUM_OK;
}

void http_server_limit(http_server *self, uint32_t connections)
{
    atomic_store(&self->connections_max,
                 connections < CONNECTIONS_MAX ? connections : CONNECTIONS_MAX);
}

void http_server_adopt(http_server *self, int fd, const struct sockaddr *peer, socklen_t peer_size)
{
    if (atomic_fetch_add(&self->connections, 1) >= atomic_load(&self->connections_max)) {
        atomic_fetch_sub(&self->connections, 1);
        (void)close(fd);
        return;
    }
    if (MHD_add_connection(self->daemon, fd, peer, peer_size) != MHD_YES) {
        atomic_fetch_sub(&self->connections, 1); /* it has closed the socket */
    }
}

/* Whether a count fell to zero before the deadline. */
static bool falls_to_zero(atomic_uint *count, int64_t deadline_ns)
{
    const velum_clock clock = clock_system();
    const struct timespec pause = {.tv_nsec = POLL_MS * NS_PER_MS};

    while (atomic_load(count) > 0) {
        if (clock_monotonic_ns(&clock) > deadline_ns) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

velum_status http_server_stop(http_server *self, uint32_t limit_ms)
{
    const velum_clock clock = clock_system();
    const int64_t begin_ns = clock_monotonic_ns(&clock);

    atomic_store(&self->stopping, true);
    if (!falls_to_zero(&self->awaited, begin_ns + (int64_t)limit_ms * NS_PER_MS)) {
        return VELUM_E_UNAVAILABLE; /* H-2: stopping now would abort */
    }
    (void)falls_to_zero(&self->active, clock_monotonic_ns(&clock) + LAST_REPLIES_MS * NS_PER_MS);
    MHD_stop_daemon(self->daemon);
    assert(atomic_load(&self->awaited) == 0);
    mem_free(self);
    return VELUM_OK;
}
