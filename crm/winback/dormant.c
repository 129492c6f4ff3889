#include "crm/winback/dormant.h"

#include <assert.h>

#include "base/clock.h"
#include "base/json.h"
#include "crm/say.h"

#include <stdio.h>

#define FLOW "winback"
#define TEMPLATE "winback"
#define BODY_BYTES_MAX ((size_t)32 << 10)
#define ANSWER_BYTES_MAX ((size_t)1 << 20)
#define NS_PER_DAY (86400 * NS_PER_SECOND)

static_assert(DORMANT_TIME_BYTES == TIME_TEXT_BYTES, "a time fits");

VELUM_DEFINE_AUTO(velum_answer);

velum_status dormant_move(const char *at, int32_t days, char out[DORMANT_TIME_BYTES])
{
    int64_t at_ns = 0;

    VELUM_TRY(time_parse(text_of(at), &at_ns));
    if (__builtin_add_overflow(at_ns, days * NS_PER_DAY, &at_ns)) {
        return VELUM_E_INVALID;
    }
    time_format(at_ns, out);
    return VELUM_OK;
}

/* The timer stands so many days behind the last order. */
void dormant_add(dormant *self, velum_work *work)
{
    dormant_one *const one = &self->ones[self->count++];
    char last[DORMANT_TIME_BYTES] = "";

    *one = (dormant_one){.work = work};
    if (dormant_move(velum_work_at(work), -(int32_t)self->days, last) == VELUM_OK) {
        memcpy(one->last_order, last, DORMANT_DATE_BYTES - 1);
    }
}

void dormant_clear(dormant *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        velum_work_free(self->ones[i].work);
    }
    self->count = 0;
}

/* --- asking ------------------------------------------------------------------------------------- */

static bool is_of(const dormant_one *one, const char *occurrence)
{
    return !one->is_settled && strcmp(one->last_order, occurrence) == 0;
}

static velum_status write_body(const dormant *self, const char *occurrence, buffer *out)
{
    char node[32];
    json_writer writer;

    (void)snprintf(node, sizeof(node), "day-%u", self->days);
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_string(&writer, "template", TEMPLATE);
    json_member_string(&writer, "flow", FLOW);
    json_member_string(&writer, "node", node);
    json_member_string(&writer, "occurrence", occurrence);
    json_name(&writer, "refs");
    json_begin_array(&writer);
    for (uint32_t i = 0; i < self->count; i++) {
        if (is_of(&self->ones[i], occurrence)) {
            json_write_text(&writer, text_of(velum_work_ref(self->ones[i].work)));
        }
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return buffer_status(out);
}

static dormant_one *find(dormant *self, text ref)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (text_equal_literal(ref, velum_work_ref(self->ones[i].work))) {
            return &self->ones[i];
        }
    }
    return NULL;
}

static text member_text(const json_value *object, const char *name)
{
    const json_value *const value = json_member(object, name);

    return value == NULL ? TEXT_EMPTY : json_text(value);
}

static void take_answer(dormant *self, const json_value *messages, tally *tally)
{
    for (size_t i = 0; i < json_count(messages); i++) {
        const json_value *const message = json_at(messages, i);
        const text state = member_text(message, "state");
        dormant_one *const one = find(self, member_text(message, "ref"));
        if (one == NULL || one->is_settled) {
            continue;
        }
        one->is_settled = true;
        if (text_equal_literal(state, "skipped")) {
            tally_skip(tally, member_text(message, "reason"));
        } else if (text_equal_literal(state, "same")) {
            tally->same++;
        } else {
            tally->queued++;
        }
    }
}

static velum_status ask(dormant *self, const char *occurrence, tally *tally)
{
    VELUM_AUTO_BUFFER body = {0};
    VELUM_AUTO(velum_answer) *answer = NULL;
    VELUM_AUTO(json) *document = NULL;
    velum_error err = {.text = ""};

    buffer_init(&body, BODY_BYTES_MAX);
    VELUM_TRY(write_body(self, occurrence, &body));
    const velum_request request = {.size = sizeof(request),
                                   .verb = VELUM_VERB_SEND,
                                   .body = {(const char *)body.data, body.size}};
    VELUM_TRY(velum_module_call(self->module, &request, &answer, &err));
    if (velum_answer_status(answer) != 200) {
        say("winback: the gate takes no messages: %s", velum_answer_problem(answer));
        return VELUM_OK; /* they are asked for again */
    }
    const velum_string said = velum_answer_body(answer);
    VELUM_TRY(json_parse((text){said.data, said.size}, ANSWER_BYTES_MAX, &document, NULL));
    take_answer(self, json_member(json_root(document), "messages"), tally);
    return VELUM_OK;
}

/* --- answering ---------------------------------------------------------------------------------- */

static velum_status reply(dormant *self, dormant_one *one, tally *tally)
{
    velum_work *const work = one->work;
    velum_error err = {.text = ""};

    one->work = NULL;
    tally->later += one->is_settled ? 0 : 1;
    const velum_status status = velum_module_reply(
        self->module, work, one->is_settled ? VELUM_WORK_DONE : VELUM_WORK_AGAIN, 0, &err);
    return status == VELUM_E_STALE ? VELUM_OK : status; /* it comes again, and is the same */
}

/* Whether an earlier one has the same occurrence: then it was asked for with that. */
static bool was_asked(const dormant *self, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (strcmp(self->ones[i].last_order, self->ones[at].last_order) == 0) {
            return true;
        }
    }
    return false;
}

static velum_status send_all(dormant *self, tally *tally)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (!was_asked(self, i)) {
            VELUM_TRY(ask(self, self->ones[i].last_order, tally));
        }
    }
    for (uint32_t i = 0; i < self->count; i++) {
        VELUM_TRY(reply(self, &self->ones[i], tally));
    }
    return VELUM_OK;
}

/* What could not be answered is given again when its lease is over, and is the same message. */
velum_status dormant_send(dormant *self, tally *tally)
{
    const velum_status status = send_all(self, tally);

    dormant_clear(self);
    return status;
}
