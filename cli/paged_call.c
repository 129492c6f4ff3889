/* cli/paged_call.c: call after call, until nothing is left. */
#include "cli/paged_call.h"

#include "cli/progress.h"

#define BODY_BYTES_MAX 16384

static void write_body(const paged_call *self, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    self->write(self->context, &json);
    if (self->from > 0) {
        json_member_integer(&json, "from", (int64_t)self->from);
    }
    if (self->page_most > 0) {
        const uint64_t limit = self->left < self->page_most ? self->left : self->page_most;
        json_member_integer(&json, "limit", (int64_t)limit);
    }
    json_end_object(&json);
}

static uint64_t number_of(const json_value *answer, const char *member)
{
    const json_value *value = json_member(answer, member);

    return value == NULL || json_integer(value) < 0 ? 0 : (uint64_t)json_integer(value);
}

/* VELUM_END behind the last stretch. */
static velum_status next_stretch(paged_call *self, uint64_t *scanned)
{
    VELUM_AUTO(json) *answer = NULL;
    VELUM_AUTO_BUFFER body = {0};
    uint64_t count = 0;

    buffer_init(&body, BODY_BYTES_MAX);
    write_body(self, &body);
    VELUM_TRY(buffer_status(&body));
    const session_request request = {
        .verb = self->verb, .ref = self->ref, .body = {(const char *)body.data, body.size}};
    VELUM_TRY(session_ask_json(self->client, &request, &answer));
    const velum_status status = self->show(self->context, json_root(answer), &count);
    if (status != VELUM_OK) {
        return status;
    }
    *scanned += number_of(json_root(answer), "scanned");
    self->left -= count < self->left ? count : self->left;
    const uint64_t next = number_of(json_root(answer), "next");
    if (next <= self->from || self->left == 0) {
        return VELUM_END; /* an answer that does not move on would never end */
    }
    self->from = next;
    return VELUM_OK;
}

velum_status paged_call_run(paged_call *self)
{
    progress progress;
    uint64_t scanned = 0;
    velum_status status = VELUM_OK;

    progress_begin(&progress, self->what);
    while ((status = next_stretch(self, &scanned)) == VELUM_OK) {
        progress_show(&progress, scanned, 0, 0);
    }
    progress_end(&progress);
    return status == VELUM_END ? VELUM_OK : status;
}
