#include "crm/winback/winback.h"

#include "base/file.h"
#include "base/json.h"
#include "crm/say.h"
#include "crm/token.h"
#include "crm/winback/dormant.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <velum/velum.h>

#define MODULE "winback"
#define TIMER "dormant"
#define ORDERS_PUT "rows.put:orders"
#define BODY_BYTES_MAX 1024
#define LOOK_MS 60000 /* the descriptor says when there is something; this is for doubt */

VELUM_DEFINE_AUTO(velum_answer);

typedef struct flow {
    velum_gate *gate;
    velum_module *module;
    tally tally;
    dormant due;
} flow;

static void flow_close(flow *self)
{
    dormant_clear(&self->due);
    velum_module_free(self->module);
    velum_gate_free(self->gate);
}
#define VELUM_AUTO_FLOW __attribute__((cleanup(flow_close))) flow

static velum_string string_of(const char *terminated)
{
    return (velum_string){terminated, terminated == NULL ? 0 : strlen(terminated)};
}

/* --- an order was put --------------------------------------------------------------------------- */

static velum_status write_timer(const flow *self, const velum_work *work, buffer *out)
{
    char at[DORMANT_TIME_BYTES];
    json_writer writer;

    VELUM_TRY(dormant_move(velum_work_at(work), (int32_t)self->due.days, at));
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_string(&writer, "module", MODULE);
    json_member_string(&writer, "name", TIMER);
    json_member_string(&writer, "at", at);
    json_member_string(&writer, "keep", "later");
    json_end_object(&writer);
    return buffer_status(out);
}

/* A refusal is final where it is about the customer, who is gone; else the work comes again. */
static velum_status set_timer(flow *self, const velum_work *work, bool *out_done)
{
    VELUM_AUTO_BUFFER body = {0};
    VELUM_AUTO(velum_answer) *answer = NULL;

    buffer_init(&body, BODY_BYTES_MAX);
    VELUM_TRY(write_timer(self, work, &body));
    const velum_request request = {.size = sizeof(request),
                                   .verb = VELUM_VERB_MODULE_TIMER,
                                   .ref = string_of(velum_work_ref(work)),
                                   .body = {(const char *)body.data, body.size}};
    VELUM_TRY(velum_module_call(self->module, &request, &answer, NULL));
    const int32_t status = velum_answer_status(answer);
    *out_done = status == 200 || status == 404 || status == 410;
    self->tally.timers += status == 200 ? 1 : 0;
    self->tally.later += *out_done ? 0 : 1;
    return VELUM_OK;
}

/* --- works -------------------------------------------------------------------------------------- */

static velum_status answer(flow *self, velum_work *work, bool is_done)
{
    const velum_status status = velum_module_reply(
        self->module, work, is_done ? VELUM_WORK_DONE : VELUM_WORK_AGAIN, 0, NULL);

    return status == VELUM_E_STALE ? VELUM_OK : status;
}

/* What is not of interest is done: a withdrawn consent is asked about when the message is to be sent,
 * and whoever is erased has no timer any more. */
static velum_status handle(flow *self, velum_work *work)
{
    const bool is_timer = velum_work_kind(work) == VELUM_WORK_TIMER;
    bool is_done = true;

    if (is_timer && strcmp(velum_work_name(work), TIMER) == 0) {
        dormant_add(&self->due, work);
        return self->due.count == DORMANT_MAX ? dormant_send(&self->due, &self->tally) : VELUM_OK;
    }
    if (!is_timer && strcmp(velum_work_name(work), ORDERS_PUT) == 0) {
        const velum_status status = set_timer(self, work, &is_done);
        if (status < 0) {
            velum_work_free(work);
            return status;
        }
    }
    return answer(self, work, is_done);
}

/* Everything that is due now. */
static velum_status run_due(flow *self)
{
    velum_error err = {.text = ""};
    velum_work *work = NULL;
    velum_status status = VELUM_OK;

    while (status == VELUM_OK) {
        status = velum_module_next(self->module, 0, &work, &err);
        if (status == VELUM_OK) {
            status = handle(self, work);
        }
    }
    if (status == VELUM_END) {
        status = dormant_send(&self->due, &self->tally);
    }
    tally_say(&self->tally);
    if (status < 0) {
        say("winback: %s", err.text[0] != '\0' ? err.text : velum_status_text(status));
    }
    return status;
}

/* --- running ------------------------------------------------------------------------------------ */

static velum_status open_signals(int *out_fd)
{
    sigset_t ends;

    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL); /* before the gate's threads are made */
    *out_fd = signalfd(-1, &ends, SFD_CLOEXEC);
    return *out_fd < 0 ? VELUM_E_IO : VELUM_OK;
}

/* Until somebody ends it. What cannot be reached now is tried again. */
static int serve(flow *self, int signals)
{
    struct pollfd watched[] = {{.fd = signals, .events = POLLIN},
                               {.fd = velum_module_descriptor(self->module), .events = POLLIN}};

    for (;;) {
        const velum_status status = run_due(self);
        const bool may_pass =
            status >= 0 || status == VELUM_E_UNAVAILABLE || status == VELUM_E_BUSY;
        if (!may_pass) {
            return EXIT_REFUSED;
        }
        if (poll(watched, 2, LOOK_MS) > 0 && watched[0].revents != 0) {
            return EXIT_DONE;
        }
    }
}

static velum_status open_module(flow *self, const options *options, const token *token)
{
    const velum_module_options module = {.size = sizeof(module),
                                         .name = string_of(MODULE),
                                         .credential = {token->bytes, token->size},
                                         .activity = string_of(options->activity),
                                         .sha256 = string_of(options->sha256)};
    velum_error err = {.text = ""};

    const velum_status status = velum_module_open(self->gate, &module, &self->module, &err);
    if (status < 0) {
        say("winback: the gate refuses the module: %s", err.text);
    }
    self->due.module = self->module;
    return status;
}

static velum_status open_flow(flow *self, const options *options)
{
    const velum_gate_options gate = {.size = sizeof(gate), .folder = string_of(options->data)};
    velum_error err = {.text = ""};
    token token;

    VELUM_TRY(token_read(options->token_file, &token));
    velum_status status = velum_gate_open(&gate, &self->gate, &err);
    if (status < 0) {
        say("the data folder does not open: %s", err.text);
    } else {
        status = open_module(self, options, &token);
    }
    mem_wipe(&token, sizeof(token));
    return status;
}

int winback(const options *options)
{
    VELUM_AUTO_FD signals = -1;
    VELUM_AUTO_FLOW self = {.due = {.days = options->days}};

    if (open_signals(&signals) < 0 || open_flow(&self, options) < 0) {
        return EXIT_REFUSED;
    }
    if (options->once) {
        return run_due(&self) < 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    return serve(&self, signals);
}
