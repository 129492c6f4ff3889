/* core/work_next.c: a module takes what it has to do, under leases (WK-1, WK-3). */
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/verbs.h"
#include "core/work.h"

#define NEXT_MS_MAX 60000                 /* nobody sleeps longer without looking */
#define DAMAGED_NS (3600 * NS_PER_SECOND) /* until work about a damaged record is tried again */

typedef struct taking {
    passage *passage;
    uint32_t module; /* registry number */
    json_writer out;
    uint8_t (*tokens)[ENTRY_TOKEN_BYTES]; /* in the arena, until the leaf is written */
    uint32_t token_count;
    uint32_t given;
    uint32_t dropped;
} taking;

/* A number that nobody guesses and that every JSON reader keeps whole (WK-2). */
static int64_t make_lease(passage *passage)
{
    uint8_t bytes[8] = {0};

    random_fill(&passage->gate->random, bytes + 2, 6);
    return (int64_t)bytes_read_u64be(bytes) + 1;
}

static velum_status lease(taking *self, work *due)
{
    passage *const passage = self->passage;

    due->lease = make_lease(passage);
    due->due_ns = passage->clock.later_ns + WORK_LEASE_MS * NS_PER_MS;
    due->attempts++;
    return work_put(passage->conn, due);
}

static velum_status write_work(taking *self, const work *given)
{
    json_writer *const out = &self->out;
    char ref[PSEUDONYM_TEXT_BYTES];
    char at[TIME_TEXT_BYTES];

    VELUM_TRY(locate_format_ref(self->passage, ref));
    time_format(given->at_ns, at);
    json_begin_object(out);
    json_member_integer(out, "n", given->n);
    json_member_integer(out, "lease", given->lease);
    json_member_string(out, "kind", given->kind == WORK_TIMER ? "timer" : "event");
    json_member_string(out, "name", given->name);
    json_member_string(out, "ref", ref);
    json_member_string(out, "at", at);
    json_member_integer(out, "attempts", given->attempts);
    json_end_object(out);
    self->given++;
    return VELUM_OK;
}

static void note_token(taking *self, const uint8_t token[ENTRY_TOKEN_BYTES])
{
    static const uint8_t none[ENTRY_TOKEN_BYTES] = {0};

    if (memcmp(token, none, sizeof(none)) != 0) {
        memcpy(self->tokens[self->token_count++], token, ENTRY_TOKEN_BYTES);
    }
}

/* One customer's damaged record holds up nobody else's work; it is looked at again later. */
static velum_status put_off(taking *self, work *due)
{
    due->lease = 0;
    due->due_ns = self->passage->clock.later_ns + DAMAGED_NS;
    return work_put(self->passage->conn, due);
}

static velum_status give_one(taking *self, work *due)
{
    passage *const passage = self->passage;
    uint8_t token[ENTRY_TOKEN_BYTES];

    if (due->attempts >= WORK_ATTEMPTS_MAX) {
        self->dropped++;
        return work_drop(passage->conn, due->n); /* WK-5 */
    }
    const velum_status status = work_name_subject(passage, due, token);
    if (status == VELUM_E_NOTFOUND) {
        return work_drop(passage->conn, due->n); /* being erased: nobody is told (WK-4) */
    }
    if (many_is_damaged(status)) {
        return put_off(self, due);
    }
    VELUM_TRY(status);
    note_token(self, token);
    VELUM_TRY(lease(self, due));
    return write_work(self, due);
}

static velum_status give_all(taking *self, work *due, uint32_t count)
{
    passage *const passage = self->passage;
    const size_t mark = secret_arena_mark(passage->arena);

    json_name(&self->out, "work");
    json_begin_array(&self->out);
    for (uint32_t i = 0; i < count; i++) {
        VELUM_TRY(give_one(self, &due[i]));
        locate_forget(passage);
        secret_arena_rewind(passage->arena, mark);
    }
    json_end_array(&self->out);
    return VELUM_OK;
}

static velum_status write_next(taking *self)
{
    const int64_t now_ns = self->passage->clock.later_ns;
    int64_t next_ns = INT64_MAX;

    VELUM_TRY(work_next_due(self->passage->conn, self->module, &next_ns));
    const int64_t wait_ms = next_ns <= now_ns ? 0 : (next_ns - now_ns) / NS_PER_MS + 1;
    json_member_integer(&self->out, "next_in_ms", wait_ms < NEXT_MS_MAX ? wait_ms : NEXT_MS_MAX);
    return VELUM_OK;
}

/* The leaf names everybody who was told (I-1); where nothing was due there is none. */
static void fill_leaf(taking *self)
{
    audit_entry *const entry = &self->passage->entry;

    self->passage->is_silent = self->given == 0 && self->dropped == 0;
    entry->record_count = self->given;
    entry->token_epoch = time_month(self->passage->clock.now_ns);
    entry->subject_count = self->token_count;
    entry->subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])self->tokens;
    entry_push(entry, INPUT_OPERATION, OPERATION_WORK_TAKE);
    entry_push(entry, INPUT_WORK_GIVEN, self->given);
    if (self->dropped > 0) {
        entry_push(entry, INPUT_WORK_DROPPED, self->dropped);
    }
}

velum_status module_next_apply(passage *passage)
{
    static const char *const members[] = {"module", "limit", NULL};
    VELUM_AUTO_MEM work *due = mem_alloc(WORK_AT_ONCE_MAX * sizeof(*due));
    const bundle_module *module = NULL;
    taking self = {.passage = passage};
    uint32_t limit = WORK_AT_ONCE_MAX;
    uint32_t count = 0;
    void *tokens = NULL;

    if (due == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_limit(passage, WORK_AT_ONCE_MAX, "`limit` is 1 to 64.", &limit));
    VELUM_TRY(work_module(passage, &module));
    VELUM_TRY(
        secret_arena_slice(passage->arena, WORK_AT_ONCE_MAX * (size_t)ENTRY_TOKEN_BYTES, &tokens));
    self.tokens = tokens;
    self.module = module->number;
    VELUM_TRY(work_due(passage->conn, module->number, passage->clock.later_ns, limit, due, &count));
    json_writer_init(&self.out, &passage->answer->body);
    json_begin_object(&self.out);
    VELUM_TRY(give_all(&self, due, count));
    VELUM_TRY(write_next(&self));
    json_end_object(&self.out);
    fill_leaf(&self);
    return buffer_status(&passage->answer->body);
}
