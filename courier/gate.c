/* courier/gate.c: calls, and what their answers mean to a courier. */
#include "courier/gate.h"

#define ANSWER_BYTES_MAX ((size_t)8 << 20)
#define REQUEST_BYTES_MAX 2048
#define CALL_MS 10000
#define HTTP_OK 200

VELUM_DEFINE_AUTO(velum_answer);

void gate_close(gate *self)
{
    velum_gate_free(self->open);
    self->open = NULL;
}

static velum_status meaning_of(int32_t status)
{
    switch (status) {
    case HTTP_OK:
        return VELUM_OK;
    case 401:
    case 403:
        return VELUM_E_DENIED;
    case 404:
    case 409:
    case 410:
        return VELUM_E_NOTFOUND;
    case 429:
    case 503:
        return VELUM_E_UNAVAILABLE;
    default:
        return VELUM_E_INVALID;
    }
}

static velum_string string_of(text value)
{
    return (velum_string){value.data, value.size};
}

/* By the socket alone: in this process no gate is ever opened. */
static velum_status reach(gate *self)
{
    const velum_gate_options options = {.size = sizeof(options),
                                        .folder = string_of(text_of(self->folder)),
                                        .timeout_ms = CALL_MS,
                                        .door = VELUM_DOOR_SOCKET};

    return self->open != NULL ? VELUM_OK : velum_gate_open(&options, &self->open, NULL);
}

static velum_status call(gate *self, uint32_t verb, text ref, const buffer *body,
                         velum_answer **out)
{
    const velum_request request = {
        .size = sizeof(request),
        .verb = verb,
        .auth = VELUM_AUTH_TOKEN,
        .credential = {self->token, self->token_size},
        .activity = string_of(text_of(self->activity)),
        .ref = string_of(ref),
        .body = {(const char *)body->data, body->size},
    };

    VELUM_TRY(buffer_status(body));
    VELUM_TRY(reach(self));
    const velum_status called = velum_gate_call(self->open, &request, out, NULL);
    const velum_status status = called < 0 ? called : meaning_of(velum_answer_status(*out));
    if (status == VELUM_E_UNAVAILABLE) {
        gate_close(self); /* so that the next call does not wait for a velumd that is gone */
    }
    return status;
}

static velum_status take(gate *self, uint32_t verb, const buffer *body, json **out)
{
    VELUM_AUTO(velum_answer) *answer = NULL;

    VELUM_TRY(call(self, verb, TEXT_EMPTY, body, &answer));
    const velum_string bytes = velum_answer_body(answer);
    return json_parse((text){bytes.data, bytes.size}, ANSWER_BYTES_MAX, out, NULL);
}

velum_status gate_take_messages(gate *self, uint32_t limit, json **out)
{
    VELUM_AUTO_BUFFER body = {0};
    json_writer writer;

    buffer_init(&body, REQUEST_BYTES_MAX);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_member_integer(&writer, "limit", limit);
    json_end_object(&writer);
    return take(self, VELUM_VERB_MESSAGE_NEXT, &body, out);
}

velum_status gate_take_hooks(gate *self, const text *names, uint32_t name_count, uint32_t limit,
                             json **out)
{
    VELUM_AUTO_BUFFER body = {0};
    json_writer writer;

    buffer_init(&body, REQUEST_BYTES_MAX);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_member_integer(&writer, "limit", limit);
    json_name(&writer, "hooks");
    json_begin_array(&writer);
    for (uint32_t i = 0; i < name_count; i++) {
        json_write_text(&writer, names[i]);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return take(self, VELUM_VERB_HOOK_NEXT, &body, out);
}

velum_status gate_report_message(gate *self, text id, const outcome *what)
{
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    json_writer writer;

    buffer_init(&body, REQUEST_BYTES_MAX);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_member_string(&writer, "outcome", outcome_name(what->kind));
    if (what->note[0] != '\0') {
        json_member_string(&writer, "note", what->note);
    }
    if (what->attempt > 0) {
        json_member_integer(&writer, "attempt", what->attempt);
    }
    json_end_object(&writer);
    return call(self, VELUM_VERB_MESSAGE_DONE, id, &body, &answer);
}

velum_status gate_report_hook(gate *self, text id, const outcome *what)
{
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    json_writer writer;

    buffer_init(&body, REQUEST_BYTES_MAX);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_member_string(&writer, "outcome", outcome_name(what->kind));
    json_member_integer(&writer, "status", what->http_status);
    if (what->attempt > 0) {
        json_member_integer(&writer, "attempt", what->attempt);
    }
    json_end_object(&writer);
    return call(self, VELUM_VERB_HOOK_DONE, id, &body, &answer);
}
