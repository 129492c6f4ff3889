#include "crm/door.h"

#include "crm/say.h"

#include <time.h>

#define DOOR_TRIES_MAX 30     /* 100 ms apart */
#define DOOR_TIMEOUT_MS 60000 /* figures of a large folder take their time */

/* A velumd that starts, or another command that is at work for a moment, is waited for. */
static velum_status reach(door *self, const char *folder, velum_error *err)
{
    const velum_gate_options gate = {
        .size = sizeof(gate), .folder = {folder, strlen(folder)}, .timeout_ms = DOOR_TIMEOUT_MS};
    const struct timespec pause = {.tv_nsec = 100000000};
    velum_status status = velum_gate_open(&gate, &self->gate, err);

    for (uint32_t i = 0; i < DOOR_TRIES_MAX && status == VELUM_E_LOCKED; i++) {
        (void)nanosleep(&pause, NULL);
        status = velum_gate_open(&gate, &self->gate, err);
    }
    return status;
}

velum_status door_open(door *self, const options *options)
{
    velum_error err = {.text = ""};

    *self = (door){.activity = options->activity};
    VELUM_TRY(token_read(options->token_file, &self->token));
    const velum_status status = reach(self, options->data, &err);
    if (status < 0) {
        say("the data folder does not open: %s", err.text);
        say_more("Name it with --data DIR or in $VELUM_DATA.");
    }
    return status;
}

void door_close(door *self)
{
    velum_gate_free(self->gate);
    mem_wipe(self, sizeof(*self));
}

/* The name alone, and our own sentence: an answer's further words may be about a customer. */
static velum_status refused(const velum_answer *answer)
{
    const char *const problem = velum_answer_problem(answer);

    say("refused: %s (%d)", *problem == '\0' ? "no reason was given" : problem,
        velum_answer_status(answer));
    return strcmp(problem, "unavailable") == 0 || strcmp(problem, "rate-limited") == 0
               ? VELUM_E_UNAVAILABLE
               : VELUM_E_DENIED;
}

velum_status door_ask(door *self, uint32_t verb, const buffer *body, json **out)
{
    VELUM_AUTO(velum_answer) *answer = NULL;
    velum_error err = {.text = ""};
    const velum_request request = {
        .size = sizeof(request),
        .verb = verb,
        .auth = self->token.size > 0 ? VELUM_AUTH_TOKEN : VELUM_AUTH_SELF,
        .credential = {self->token.bytes, self->token.size},
        .activity = {self->activity, strlen(self->activity)},
        .body = {(const char *)body->data, body->size},
    };

    const velum_status status = velum_gate_call(self->gate, &request, &answer, &err);
    if (status < 0) {
        say("the call failed: %s", err.text);
        return status;
    }
    if (velum_answer_status(answer) != 200) {
        return refused(answer);
    }
    const velum_string said = velum_answer_body(answer);
    if (json_parse((text){said.data, said.size}, DOOR_ANSWER_BYTES_MAX, out, NULL) < 0) {
        say("the gate's answer cannot be read; are velum-crm and velumd of one version?");
        return VELUM_E_CORRUPT;
    }
    return VELUM_OK;
}
