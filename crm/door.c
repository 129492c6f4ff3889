#include "crm/door.h"

#include "crm/say.h"

velum_status door_open(door *self, const options *options)
{
    velum_error err = {.text = ""};

    *self = (door){.activity = options->activity};
    VELUM_TRY(token_read(options->token_file, &self->token));
    const velum_string folder = {options->data, strlen(options->data)};
    const velum_status status = velum_client_open(folder, &self->client, &err);
    if (status < 0) {
        say("the data folder does not open: %s", err.text);
        say_more("Name it with --data DIR or in $VELUM_DATA.");
    }
    return status;
}

void door_close(door *self)
{
    velum_client_free(self->client);
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

    const velum_status status = velum_client_call(self->client, &request, &answer, &err);
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
