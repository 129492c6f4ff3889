/* gateway/velumd.c: the daemon, from start to end.
 *
 * Threads: this one waits for a signal; the HTTP pool; one that accepts; the gate has its own. The
 * end goes outside in: nobody new is let in, what is inside gets its answer, then the gate signs a
 * last checkpoint. Exit codes: 0 ended in order, 1 failed, 2 called wrongly.
 */
#include "base/log.h"
#include "gateway/http.h"
#include "gateway/listener.h"
#include "gateway/options.h"
#include "gateway/process.h"

#include <stdio.h>
#include <unistd.h>

/* The gate answers everything within its limit; this is for a busy machine. */
#define DRAIN_MARGIN_MS 3000

#define WATCH_MS 1000 /* between two looks at what people are told of */

#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2

typedef struct house {
    velum_gate *gate;
    listener *listener;
    http_server *server;
} house;

/* The address is taken first, so that a wrong one costs no recovery; it is listened on last. */
static velum_status house_open(const options *chosen, house *self, velum_error *err)
{
    const uint32_t threads = chosen->workers > 0 ? chosen->workers : process_cpu_count();

    VELUM_TRY(process_harden(err));
    VELUM_TRY(process_hold_signals(err));
    VELUM_TRY(listener_bind(&chosen->address, &self->listener, err));
    VELUM_TRY(velum_config_open_gate(chosen->config, &self->gate, err));
    VELUM_TRY(velum_gate_serve_socket(self->gate, err));
    VELUM_TRY(http_server_start(self->gate, threads, &self->server, err));
    http_server_limit(self->server, chosen->connections_max);
    return listener_start(self->listener, self->server, err);
}

/* False when the gate owes answers still: then only the end of the process helps. */
static bool house_close(const options *chosen, house *self)
{
    listener_free(self->listener);
    if (self->gate != NULL) {
        velum_gate_quiesce(self->gate);
    }
    if (self->server != NULL &&
        http_server_stop(self->server, chosen->timeout_ms + DRAIN_MARGIN_MS) < 0) {
        return false;
    }
    velum_gate_free(self->gate);
    return true;
}

static void tell_ready(const options *chosen, const house *self)
{
    const uint16_t port = listener_port(self->listener);
    uint32_t position = 0;
    const char *warning = NULL;

    while ((warning = velum_gate_warning(self->gate, &position)) != NULL) {
        log_line(LOG_LEVEL_WARNING, warning);
    }
    log_number(LOG_LEVEL_NOTICE, "velumd is ready", "port", port);
    (void)printf("listening on http://%s:%u\n", chosen->address.host, (unsigned)port);
    (void)fflush(stdout);
}

/* An access that broke the glass notifies: a number, no name (I-5); who did what stands in the list of
 * what waits for a review. */
static void tell_broken_glass(const house *self, uint64_t *told)
{
    const uint64_t broken = velum_gate_counter(self->gate, "glass-broken");

    if (broken > *told) {
        log_number(LOG_LEVEL_WARNING, "accesses broke the glass: velum approval list --to-review",
                   "since_start", (int64_t)broken);
        *told = broken;
    }
}

static void watch_until_end(const house *self)
{
    uint64_t told = 0;

    while (!process_wait_for_end(WATCH_MS)) {
        tell_broken_glass(self, &told);
    }
    tell_broken_glass(self, &told);
}

static int serve(const options *chosen)
{
    house self = {0};
    velum_error err = {0};
    const velum_status opened = house_open(chosen, &self, &err);

    if (opened < 0) {
        log_status(LOG_LEVEL_ERROR, err.text, opened);
    } else {
        tell_ready(chosen, &self);
        watch_until_end(&self);
        log_line(LOG_LEVEL_NOTICE, "velumd is stopping");
    }
    if (!house_close(chosen, &self)) {
        log_line(LOG_LEVEL_ERROR, "velumd ends with requests unanswered");
        _exit(EXIT_FAILED); /* threads still use what exit would tear down */
    }
    return opened < 0 ? EXIT_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
    options chosen;
    int exit_code = EXIT_DONE;

    switch (options_parse(argc, argv, &chosen)) {
    case OPTIONS_DONE:
        break;
    case OPTIONS_WRONG:
        exit_code = EXIT_USAGE;
        break;
    case OPTIONS_RUN:
        log_set_level(chosen.level);
        exit_code = serve(&chosen);
        break;
    }
    options_clear(&chosen);
    return exit_code;
}
