/* bench_http_bare.c THREADS BODY_BYTES: libmicrohttpd and nothing else, the baseline of
 * http_read_audited.
 *
 * It runs as velumd does (epoll, one thread or a pool, keep-alive, suspension allowed but never used)
 * and answers every request with the same prepared reply of the same headers and size. Port and end
 * are like velumd's: one line on stdout, SIGTERM. It also ends by itself after half an hour.
 */
#include <microhttpd.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_BYTES_MAX 65536
#define LIFE_S 1800

static const char *const fixed_headers[][2] = {
    {"Content-Type", "application/json"},
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
};

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **held)
{
    static int begun;

    if (*held == NULL) {
        *held = &begun; /* replying at once would end the connection */
        return MHD_YES;
    }
    *upload_bytes = 0;
    return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

static struct MHD_Response *prepare(size_t body_bytes)
{
    static char body[BODY_BYTES_MAX];

    memset(body, 'x', body_bytes);
    struct MHD_Response *const response =
        MHD_create_response_from_buffer(body_bytes, body, MHD_RESPMEM_PERSISTENT);
    for (size_t i = 0; i < sizeof(fixed_headers) / sizeof(fixed_headers[0]); i++) {
        (void)MHD_add_response_header(response, fixed_headers[i][0], fixed_headers[i][1]);
    }
    return response;
}

static struct MHD_Daemon *start(unsigned threads, struct MHD_Response *response)
{
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_LIMIT, 1024, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, 10, NULL},
        {MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, NULL},
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                            handle, response, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
    const unsigned threads = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    const size_t body_bytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    sigset_t end;
    int which = 0;

    if (threads < 1 || threads > 64 || body_bytes < 1 || body_bytes > BODY_BYTES_MAX) {
        (void)fputs("usage: bench_http_bare THREADS BODY_BYTES\n", stderr);
        return 2;
    }
    (void)sigemptyset(&end);
    (void)sigaddset(&end, SIGTERM);
    (void)sigaddset(&end, SIGINT);
    (void)sigaddset(&end, SIGALRM);
    (void)pthread_sigmask(SIG_BLOCK, &end, NULL);
    (void)alarm(LIFE_S);
    struct MHD_Response *const response = prepare(body_bytes);
    struct MHD_Daemon *const server = start(threads, response);
    const union MHD_DaemonInfo *const info =
        server == NULL ? NULL : MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL) {
        (void)fputs("bench_http_bare: does not start\n", stderr);
        return 1;
    }
    (void)printf("listening on http://127.0.0.1:%u\n", (unsigned)info->port);
    (void)fflush(stdout);
    (void)sigwait(&end, &which);
    MHD_stop_daemon(server);
    MHD_destroy_response(response);
    return 0;
}
