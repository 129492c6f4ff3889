/* core/answer.c: the answer of a request, and the public functions that look at it. */
#include "core/answer.h"

#include "core/gate.h"
#include "core/problem.h"

#define PROBLEM_TYPE_PREFIX "urn:velum:problem:"

velum_status answer_create(velum_gate *gate, velum_answer **out)
{
    velum_answer *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    buffer_init(&self->body, ANSWER_BYTES_MAX);
    if (gate != NULL) {
        gate_hold(gate);
        self->gate = gate;
    }
    *out = self;
    return VELUM_OK;
}

void answer_set_problem(velum_answer *self, uint32_t problem, const struct problem_detail *detail)
{
    buffer_reset(&self->body);
    self->problem = problem;
    problem_write(problem, detail, &self->body);
}

/* The name in "urn:velum:problem:NAME"; empty when the type is not of ours. */
static text problem_of_type(text type)
{
    if (!text_starts_with(type, PROBLEM_TYPE_PREFIX)) {
        return TEXT_EMPTY;
    }
    const size_t before = sizeof(PROBLEM_TYPE_PREFIX) - 1;
    const text name = {type.data + before, type.size - before};
    return name.size < ANSWER_PROBLEM_BYTES && text_is_ascii(name) ? name : TEXT_EMPTY;
}

static void set_remote_problem(velum_answer *self, text name)
{
    const text known = name.size > 0 ? name : text_of(problem_name(PROBLEM_INTERNAL));

    memcpy(self->remote_problem, known.data, known.size);
    self->remote_problem[known.size] = '\0';
}

void answer_set_remote(velum_answer *self, int32_t status)
{
    const text body = {(const char *)self->body.data, self->body.size};
    VELUM_AUTO(json) *document = NULL;
    text name = TEXT_EMPTY;

    self->remote_status = status;
    self->remote_problem[0] = '\0';
    if (status == 200) {
        return;
    }
    if (json_parse(body, ANSWER_BYTES_MAX, &document, NULL) == VELUM_OK) {
        name = problem_of_type(json_text(json_member(json_root(document), "type")));
    }
    set_remote_problem(self, name);
}

int32_t velum_answer_status(const velum_answer *answer)
{
    if (answer->remote_status != 0) {
        return answer->remote_status;
    }
    return answer->problem == PROBLEM_NONE ? 200 : problem_status(answer->problem);
}

const char *velum_answer_problem(const velum_answer *answer)
{
    if (answer->remote_status != 0) {
        return answer->remote_problem;
    }
    return answer->problem == PROBLEM_NONE ? "" : problem_name(answer->problem);
}

velum_string velum_answer_body(const velum_answer *answer)
{
    return (velum_string){(const char *)answer->body.data, answer->body.size};
}

/* As problem_retry_after_s says of our own. */
static bool is_worth_repeating(int32_t status)
{
    return status == 429 || status == 503;
}

uint64_t velum_answer_version(const velum_answer *answer)
{
    return answer->version;
}

int32_t velum_answer_retry_after_s(const velum_answer *answer)
{
    if (answer->remote_status != 0) {
        return is_worth_repeating(answer->remote_status) ? 1 : 0;
    }
    return problem_retry_after_s(answer->problem);
}

void velum_answer_take_body(velum_answer *answer, char **out_data, size_t *out_size)
{
    uint8_t *data = NULL;

    *out_data = NULL;
    *out_size = 0;
    if (buffer_take(&answer->body, &data, out_size) == VELUM_OK) {
        *out_data = (char *)data;
    }
}

void velum_body_free(void *data)
{
    mem_free(data);
}

void velum_answer_free(velum_answer *answer)
{
    if (answer == NULL) {
        return;
    }
    velum_gate *const gate = answer->gate;
    buffer_clear(&answer->body);
    mem_free(answer);
    if (gate != NULL) {
        gate_release(gate);
    }
}

velum_status velum_answer_of_problem(velum_gate *gate, const char *problem, velum_answer **out)
{
    const uint32_t number = problem_find(text_of(problem));

    *out = NULL;
    if (number == PROBLEM_NONE) {
        return VELUM_E_INVALID;
    }
    VELUM_TRY(answer_create(gate, out));
    counters_add(gate, number);
    answer_set_problem(*out, number, NULL);
    return VELUM_OK;
}
