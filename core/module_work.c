/* core/module_work.c: works on their way between the gate's answers and a program. */
#include "base/json.h"
#include "core/module.h"

#define ANSWER_BYTES_MAX_NEXT ((size_t)1 << 20)

/* --- what a program sees ------------------------------------------------------------------------ */

uint32_t velum_work_kind(const velum_work *work)
{
    return work->kind;
}

const char *velum_work_name(const velum_work *work)
{
    return work->name;
}

const char *velum_work_ref(const velum_work *work)
{
    return work->ref;
}

const char *velum_work_at(const velum_work *work)
{
    return work->at;
}

uint32_t velum_work_attempts(const velum_work *work)
{
    return work->attempts;
}

void velum_work_free(velum_work *work)
{
    mem_free(work);
}

/* --- lists -------------------------------------------------------------------------------------- */

velum_work *work_list_pop(work_list *self)
{
    velum_work *const taken = self->first;

    if (taken != NULL) {
        self->first = taken->next;
        self->last = self->first == NULL ? NULL : self->last;
        taken->next = NULL;
    }
    return taken;
}

static void push(work_list *self, velum_work *work)
{
    if (self->last == NULL) {
        self->first = work;
    } else {
        self->last->next = work;
    }
    self->last = work;
}

void work_list_clear(work_list *self)
{
    for (velum_work *work = work_list_pop(self); work != NULL; work = work_list_pop(self)) {
        velum_work_free(work);
    }
}

/* --- reading ------------------------------------------------------------------------------------ */

static velum_status copy_member(const json_value *object, const char *name, char *out, size_t size)
{
    const json_value *const value = json_member(object, name);

    if (value == NULL || json_kind_of(value) != JSON_TEXT || json_text(value).size >= size) {
        return VELUM_E_INVALID;
    }
    memcpy(out, json_text(value).data, json_text(value).size);
    out[json_text(value).size] = '\0';
    return VELUM_OK;
}

static velum_status read_integer(const json_value *object, const char *name, int64_t *out)
{
    const json_value *const value = json_member(object, name);

    if (value == NULL || json_kind_of(value) != JSON_INTEGER) {
        return VELUM_E_INVALID;
    }
    *out = json_integer(value);
    return VELUM_OK;
}

static velum_status read_work(const json_value *from, velum_work *out)
{
    int64_t attempts = 0;
    char kind[8];

    VELUM_TRY(read_integer(from, "n", &out->n));
    VELUM_TRY(read_integer(from, "lease", &out->lease));
    VELUM_TRY(read_integer(from, "attempts", &attempts));
    VELUM_TRY(copy_member(from, "kind", kind, sizeof(kind)));
    VELUM_TRY(copy_member(from, "name", out->name, sizeof(out->name)));
    VELUM_TRY(copy_member(from, "ref", out->ref, sizeof(out->ref)));
    VELUM_TRY(copy_member(from, "at", out->at, sizeof(out->at)));
    out->attempts = (uint32_t)attempts;
    out->kind = strcmp(kind, "timer") == 0 ? VELUM_WORK_TIMER : VELUM_WORK_EVENT;
    return VELUM_OK;
}

velum_status work_list_read(work_list *self, text answer, int64_t *out_next_in_ms)
{
    VELUM_AUTO(json) *document = NULL;

    VELUM_TRY(json_parse(answer, ANSWER_BYTES_MAX_NEXT, &document, NULL));
    const json_value *const root = json_root(document);
    const json_value *const works = json_member(root, "work");
    VELUM_TRY(read_integer(root, "next_in_ms", out_next_in_ms));
    for (size_t i = 0; i < json_count(works); i++) {
        VELUM_AUTO(velum_work) *work = mem_alloc(sizeof(*work));
        if (work == NULL) {
            return VELUM_E_NOMEM;
        }
        VELUM_TRY(read_work(json_at(works, i), work));
        push(self, velum_work_take(&work));
    }
    return VELUM_OK;
}

/* --- writing ------------------------------------------------------------------------------------ */

velum_status work_write_reply(const velum_work *work, text module, uint32_t result,
                              uint32_t after_ms, buffer *out)
{
    json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_text(&writer, "module", module);
    json_member_integer(&writer, "n", work->n);
    json_member_integer(&writer, "lease", work->lease);
    json_member_string(&writer, "result", result == VELUM_WORK_DONE ? "done" : "again");
    if (result == VELUM_WORK_AGAIN && after_ms != 0) {
        json_member_integer(&writer, "after_ms", after_ms);
    }
    json_end_object(&writer);
    return buffer_status(out);
}
