/* gateway/reply.c: answers of the gate, and what is said without one. */
#include "gateway/reply.h"

#include "base/buffer.h"
#include "base/json.h"

#include <string.h>

#define STATUS_UNAUTHENTICATED 401
#define STATUS_UNAVAILABLE 503
#define READINESS_BYTES_MAX 512
#define RETRY_AFTER_S 1

/* Said when there is no memory even for a refusal. RFC 9457 §4.2.1: "about:blank" is understood. */
static char last_words[] = "{\"title\":\"Service Unavailable\",\"status\":503}";
static char alive[] = "{\"status\":\"alive\"}";
static char ready[] = "{\"status\":\"ready\"}";

static reply reply_of_static(uint32_t status, char *body, size_t bytes)
{
    return (reply){.status = status, .body = body, .body_bytes = bytes, .is_static = true};
}

static reply reply_of_nothing(void)
{
    reply self = reply_of_static(STATUS_UNAVAILABLE, last_words, sizeof(last_words) - 1);

    self.is_problem = true;
    self.retry_after_s = RETRY_AFTER_S;
    return self;
}

reply reply_of_answer(velum_answer *answer)
{
    reply self = {
        .status = (uint32_t)velum_answer_status(answer),
        .is_problem = velum_answer_problem(answer)[0] != '\0',
        .retry_after_s = velum_answer_retry_after_s(answer),
        .version = velum_answer_version(answer),
    };

    self.has_challenge = self.status == STATUS_UNAUTHENTICATED; /* RFC 9110 §11.6.1 */
    velum_answer_take_body(answer, &self.body, &self.body_bytes);
    velum_answer_free(answer);
    if (self.body == NULL) {
        return reply_of_nothing();
    }
    return self;
}

reply reply_of_refusal(velum_gate *gate, refusal what, const char *allow)
{
    velum_answer *answer = NULL;

    if (velum_answer_of_problem(gate, refusal_name(what), &answer) != VELUM_OK) {
        return reply_of_nothing();
    }
    reply self = reply_of_answer(answer);
    self.allow = allow;
    return self;
}

reply reply_of_life(void)
{
    return reply_of_static(200, alive, sizeof(alive) - 1);
}

static reply reply_of_unreadiness(const char *reason)
{
    VELUM_AUTO_BUFFER body;
    json_writer writer;
    uint8_t *bytes = NULL;
    reply self = {.status = STATUS_UNAVAILABLE, .is_problem = true, .retry_after_s = RETRY_AFTER_S};

    buffer_init(&body, READINESS_BYTES_MAX);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_member_string(&writer, "type", "urn:velum:problem:unavailable");
    json_member_string(&writer, "title", "Not ready.");
    json_member_integer(&writer, "status", STATUS_UNAVAILABLE);
    json_member_string(&writer, "reason", reason);
    json_end_object(&writer);
    if (buffer_take(&body, &bytes, &self.body_bytes) != VELUM_OK) {
        return reply_of_nothing();
    }
    self.body = (char *)bytes;
    return self;
}

reply reply_of_readiness(velum_gate *gate)
{
    const char *reason = "";

    if (velum_gate_health(gate, &reason) == VELUM_OK) {
        return reply_of_static(200, ready, sizeof(ready) - 1);
    }
    return reply_of_unreadiness(reason);
}

void reply_clear(reply *self)
{
    if (!self->is_static) {
        velum_body_free(self->body);
    }
    *self = (reply){0};
}
