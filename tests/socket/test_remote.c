/* The pool of connections to another process's gate, before a server that does what a test wants. */
#include "core/remote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "core/frame.h"

#define WAIT_MS 5000
#define SHORT_MS 200
#define CONNECTIONS 64

/* What the server does with a request. */
#define SERVE_ANSWER 0 /* 200 {"n": how many requests there were} */
#define SERVE_LOSE 1   /* closes without a word */
#define SERVE_HALF 2   /* closes inside the answer */
#define SERVE_NOTHING 3
#define SERVE_EMPTY_PARTS 4 /* parts that never end, all empty */

typedef struct server {
    char path[256];
    int dir_fd;
    int listen_fd;
    atomic_int how;
    atomic_int requests;
    atomic_int open;
    atomic_int open_most;
    atomic_int accepted;
    pthread_t acceptor;
    pthread_t threads[CONNECTIONS];
    struct serving {
        struct server *server;
        int fd;
    } servings[CONNECTIONS];
    remote *remote;
} server;

static int64_t now_ms(void)
{
    const velum_clock clock = clock_system();

    return clock_monotonic_ns(&clock) / NS_PER_MS;
}

/* --- The server ------------------------------------------------------------------------------- */

/* False: the connection ends. */
static bool react(server *self, const frame_channel *channel)
{
    const int n = atomic_fetch_add(&self->requests, 1) + 1;
    char body[32];

    switch (atomic_load(&self->how)) {
    case SERVE_ANSWER:
        snprintf(body, sizeof body, "{\"n\":%d}", n);
        usleep(500); /* so that callers meet */
        return frame_send(channel, 200, text_of(body)) == VELUM_OK;
    case SERVE_HALF:
        (void)send(channel->fd, "\0\0\0\x09\0\xc8{\"n\"", 10, MSG_NOSIGNAL);
        return false;
    case SERVE_EMPTY_PARTS:
        return frame_send(channel, 200 | FRAME_MORE, TEXT_EMPTY) == VELUM_OK;
    case SERVE_NOTHING:
        return true;
    default:
        return false;
    }
}

static void *serve_one(void *context)
{
    const struct serving *const serving = context;
    server *const self = serving->server;
    const frame_channel channel = {serving->fd, clock_system()};
    bool goes_on = true;

    const int open = atomic_fetch_add(&self->open, 1) + 1;
    if (open > atomic_load(&self->open_most)) {
        atomic_store(&self->open_most, open);
    }
    while (goes_on) {
        VELUM_AUTO_BUFFER payload = {0};
        uint16_t verb = 0;
        buffer_init(&payload, FRAME_BYTES_MAX);
        goes_on =
            frame_receive(&channel, 60000, &verb, &payload) == VELUM_OK && react(self, &channel);
    }
    atomic_fetch_sub(&self->open, 1);
    shutdown(serving->fd, SHUT_RDWR);
    return NULL;
}

static void *accept_all(void *context)
{
    server *const self = context;

    for (;;) {
        const int fd = accept4(self->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        const int at = atomic_load(&self->accepted);
        if (fd < 0 || at >= CONNECTIONS) {
            close(fd);
            return NULL;
        }
        self->servings[at] = (struct serving){self, fd};
        pthread_create(&self->threads[at], NULL, serve_one, &self->servings[at]);
        atomic_fetch_add(&self->accepted, 1);
    }
}

static void start(server *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    self->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/velum.sock",
             self->dir_fd);
    unlinkat(self->dir_fd, "velum.sock", 0);
    assert_int_equal(bind(self->listen_fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(self->listen_fd, 64), 0);
    assert_int_equal(pthread_create(&self->acceptor, NULL, accept_all, self), 0);
}

static void stop(server *self)
{
    shutdown(self->listen_fd, SHUT_RDWR);
    pthread_join(self->acceptor, NULL);
    file_close(&self->listen_fd);
    for (int i = 0; i < atomic_load(&self->accepted); i++) {
        shutdown(self->servings[i].fd, SHUT_RDWR);
        pthread_join(self->threads[i], NULL);
        close(self->servings[i].fd);
    }
    atomic_store(&self->accepted, 0);
}

static int set_up(void **state)
{
    const char *const base = getenv("TMPDIR");
    server *const self = calloc(1, sizeof *self);

    snprintf(self->path, sizeof self->path, "%s/remote-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(self->path));
    self->dir_fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(self->dir_fd >= 0);
    start(self);
    assert_int_equal(remote_create(dup(self->dir_fd), &self->remote), VELUM_OK);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    server *const self = *state;

    remote_stop(self->remote, WAIT_MS);
    remote_free(self->remote);
    stop(self);
    unlinkat(self->dir_fd, "velum.sock", 0);
    close(self->dir_fd);
    rmdir(self->path);
    free(self);
    return 0;
}

/* 200, 0 when it was lost, or the problem's status. */
static int call(server *self, int64_t wait_ms)
{
    const velum_request request = {
        .size = sizeof request, .verb = VELUM_VERB_READ, .auth = VELUM_AUTH_SELF};
    VELUM_AUTO(velum_answer) *answer = NULL;

    assert_int_equal(answer_create(NULL, &answer), VELUM_OK);
    const velum_status status = remote_call(self->remote, &request, wait_ms, answer);
    if (status == VELUM_E_UNAVAILABLE) {
        return 0;
    }
    assert_int_equal(status, VELUM_OK);
    return velum_answer_status(answer);
}

/* --- Connections ------------------------------------------------------------------------------ */

static void one_connection_serves_one_caller(void **state)
{
    server *const self = *state;

    assert_int_equal(remote_reach(self->remote, NULL), VELUM_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(call(self, WAIT_MS), 200);
        assert_int_equal(remote_reach(self->remote, NULL), VELUM_OK);
    }
    assert_int_equal(atomic_load(&self->accepted), 1);
    assert_int_equal(atomic_load(&self->requests), 20);
}

#define CROWD 16
#define REQUESTS 20

static void *call_often(void *context)
{
    intptr_t answered = 0;

    for (int i = 0; i < REQUESTS; i++) {
        answered += call(context, WAIT_MS) == 200;
    }
    return (void *)answered;
}

static void a_crowd_shares_few_connections(void **state)
{
    server *const self = *state;
    pthread_t threads[CROWD];
    intptr_t answered = 0;

    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, self), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        answered += (intptr_t)result;
    }
    assert_int_equal(answered, CROWD * REQUESTS);
    assert_int_equal(atomic_load(&self->requests), CROWD * REQUESTS);
    assert_in_range(atomic_load(&self->open_most), 2, REMOTE_CONNECTIONS_MAX);
}

static void a_connection_that_ended_is_made_anew(void **state)
{
    server *const self = *state;

    assert_int_equal(call(self, WAIT_MS), 200);
    stop(self);
    start(self);
    assert_int_equal(call(self, WAIT_MS), 200);
    assert_int_equal(atomic_load(&self->requests), 2);
}

static void *start_late(void *context)
{
    usleep(SHORT_MS * 1000);
    start(context);
    return NULL;
}

static void a_server_that_starts_again_is_waited_for(void **state)
{
    server *const self = *state;
    pthread_t thread;

    stop(self);
    assert_int_equal(remote_reach(self->remote, NULL), VELUM_E_UNAVAILABLE);
    assert_int_equal(pthread_create(&thread, NULL, start_late, self), 0);
    assert_int_equal(call(self, WAIT_MS), 200);
    pthread_join(thread, NULL);
}

static void nobody_is_waited_for_in_vain(void **state)
{
    server *const self = *state;

    stop(self);
    const int64_t before = now_ms();
    assert_int_equal(call(self, SHORT_MS), 0);
    assert_in_range(now_ms() - before, SHORT_MS - 20, SHORT_MS + 1500);
    start(self);
}

/* --- Lost answers (I-1): the request is never sent twice by itself ------------------------------ */

static void a_lost_answer_is_unknown_and_not_repeated(void **state)
{
    static const int WAYS[] = {SERVE_LOSE, SERVE_HALF, SERVE_EMPTY_PARTS};
    server *const self = *state;

    for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
        atomic_store(&self->how, WAYS[i]);
        const int before = atomic_load(&self->requests);
        assert_int_equal(call(self, WAIT_MS), 0);
        assert_int_equal(atomic_load(&self->requests), before + 1);
        atomic_store(&self->how, SERVE_ANSWER);
        assert_int_equal(call(self, WAIT_MS), 200);
        assert_int_equal(atomic_load(&self->requests), before + 2);
    }
}

/* The late answer of one request must not be taken for the next one's. */
static void a_late_answer_is_not_the_next_one_s(void **state)
{
    server *const self = *state;

    atomic_store(&self->how, SERVE_NOTHING);
    const int64_t before = now_ms();
    assert_int_equal(call(self, SHORT_MS), 0);
    assert_in_range(now_ms() - before, SHORT_MS - 20, SHORT_MS + 1500);
    atomic_store(&self->how, SERVE_ANSWER);
    assert_int_equal(call(self, WAIT_MS), 200);
    assert_int_equal(atomic_load(&self->accepted), 2);
}

/* --- The end ---------------------------------------------------------------------------------- */

static void *call_once(void *context)
{
    return (void *)(intptr_t)call(context, WAIT_MS);
}

/* All places are taken by callers that wait for nothing; those behind them give up at once. */
static void stopping_sends_waiting_callers_away(void **state)
{
    server *const self = *state;
    pthread_t threads[REMOTE_CONNECTIONS_MAX + 3];
    const size_t count = sizeof threads / sizeof threads[0];

    atomic_store(&self->how, SERVE_NOTHING);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_once, self), 0);
    }
    for (int i = 0; i < 5000 && atomic_load(&self->requests) < REMOTE_CONNECTIONS_MAX; i++) {
        usleep(1000);
    }
    assert_int_equal(atomic_load(&self->requests), REMOTE_CONNECTIONS_MAX);
    const int64_t before = now_ms();
    remote_stop(self->remote, SHORT_MS);
    assert_in_range(now_ms() - before, SHORT_MS - 20, SHORT_MS + 1500);
    assert_int_equal(call(self, WAIT_MS), 0);
    stop(self); /* and the others lose their connection */
    for (size_t i = 0; i < count; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_int_equal((intptr_t)result, 0);
    }
    assert_int_equal(atomic_load(&self->requests), REMOTE_CONNECTIONS_MAX);
    start(self);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_connection_serves_one_caller),     TEST(a_crowd_shares_few_connections),
        TEST(a_connection_that_ended_is_made_anew), TEST(a_server_that_starts_again_is_waited_for),
        TEST(nobody_is_waited_for_in_vain),         TEST(a_lost_answer_is_unknown_and_not_repeated),
        TEST(a_late_answer_is_not_the_next_one_s),  TEST(stopping_sends_waiting_callers_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
