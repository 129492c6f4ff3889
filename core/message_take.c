/* core/message_take.c: the courier takes what is due: decided again, opened, rendered, recorded.
 *
 * Each message is taken under a savepoint of its own, in this order: decide, quiet hours, cap, address,
 * text, INTENT leaf, state. The answer leaves after COMMIT, as that of every write: so no text goes out
 * whose INTENT is not durable (M-4), and none behind a withdrawal that stands (I-9).
 */
#include "core/message.h"

#include "core/locate.h"
#include "core/parse.h"
#include "core/timers.h"
#include "core/verbs.h"

#define LOOKED_AT_MAX \
    (2 * MESSAGES_TAKEN_MAX) /* in one call, skipped and postponed ones included */
#define DAY_NS (86400 * NS_PER_SECOND)
#define DAMAGED_NS (3600 * NS_PER_SECOND) /* until a message to a damaged record is tried again */

typedef struct taking {
    passage *passage;
    json_writer out;
    uint32_t limit;
    uint32_t taken;
    uint32_t skipped;
    verdict own; /* of the courier */
    uint8_t ids[LOOKED_AT_MAX][MESSAGE_ID_BYTES];
    uint32_t count;
} taking;

/* What a message rests on in the policy of today. */
typedef struct grounds {
    const credential *asker;
    uint32_t activity;
    const bundle_template *template;
    const bundle_channel *channel;
} grounds;

/* --- whether it may go now ---------------------------------------------------------------------- */

static uint32_t check_asker(const passage *passage, const credential *asker)
{
    if (asker == NULL || asker->revoked_ns != 0) {
        return REASON_CREDENTIAL_REVOKED;
    }
    return asker->expires_ns != 0 && passage->clock.later_ns >= asker->expires_ns
               ? REASON_CREDENTIAL_EXPIRED
               : REASON_NONE;
}

/* Roles and activities of the asker are those of now; a template that the module has no more, or that
 * goes by another channel now, is none. */
static uint32_t find_grounds(const passage *passage, const message_row *row, grounds *out)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t asked = bundle_find_number(bundle, REGISTRY_TEMPLATE, row->template);

    *out = (grounds){.asker = world_credential_by_name(passage->world, text_of(row->credential))};
    const uint32_t reason = check_asker(passage, out->asker);
    if (reason != REASON_NONE) {
        return reason;
    }
    out->activity = bundle_find_number(bundle, REGISTRY_ACTIVITY, row->activity);
    if (out->activity == BUNDLE_NONE) {
        return REASON_UNKNOWN_ACTIVITY;
    }
    if (asked == BUNDLE_NONE ||
        bundle->modules[bundle->templates[asked].module].number != row->module) {
        return REASON_UNKNOWN_TEMPLATE;
    }
    const bundle_template *const held = &bundle->templates[asked];
    out->template = &bundle->templates[message_choose_template(passage, held->module, held->id)];
    out->channel = &bundle->channels[out->template->channel];
    return out->channel->number == row->channel ? REASON_NONE : REASON_UNKNOWN_TEMPLATE;
}

static velum_status cap_is_reached(const passage *passage, const message_row *row,
                                   const bundle_channel *channel, bool *out)
{
    const int64_t since_ns = passage->clock.later_ns - (int64_t)channel->cap_days * DAY_NS;
    int64_t count = 0;

    *out = false;
    if (channel->cap_count == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(message_count_since(passage->conn, row, since_ns, &count));
    *out = count >= channel->cap_count;
    return VELUM_OK;
}

/* Marketing alone waits and is counted. `row->due_ns` moves to the end of the quiet hours. */
static velum_status check_moment(passage *passage, const grounds *grounds, message_row *row)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t purpose = bundle->activities[grounds->activity].purpose;
    bool is_reached = false;

    if (!bundle->purposes[purpose].marketing && !row->is_marketing) {
        return VELUM_OK;
    }
    row->due_ns = message_due_ns(bundle, grounds->channel, passage->clock.now_ns);
    if (row->due_ns > passage->clock.now_ns) {
        return refuse(passage, REASON_QUIET_HOURS);
    }
    VELUM_TRY(cap_is_reached(passage, row, grounds->channel, &is_reached));
    return is_reached ? refuse(passage, REASON_CAP_REACHED) : VELUM_OK;
}

static velum_status locate_recipient(passage *passage, const message_row *row)
{
    VELUM_TRY(message_locate(passage, row));
    return passage->has_subject ? VELUM_OK : refuse(passage, REASON_SUBJECT_ERASED);
}

static velum_status judge(passage *passage, message_row *row, grounds *out)
{
    passage->verdict = (verdict){.purpose = BUNDLE_NONE};
    VELUM_TRY(locate_recipient(passage, row));
    const uint32_t reason = find_grounds(passage, row, out);
    if (reason != REASON_NONE) {
        return refuse(passage, reason);
    }
    message_decide(passage, out->asker, out->activity, out->template);
    if (!passage->verdict.allowed) {
        return refuse(passage, passage->verdict.reason);
    }
    return check_moment(passage, out, row);
}

/* --- what becomes of it ------------------------------------------------------------------------- */

static void write_message(taking *self, const message_row *row, const grounds *grounds,
                          const message_text *text)
{
    json_writer *const out = &self->out;
    char id[2 * MESSAGE_ID_BYTES + 1];

    hex_encode(row->id, sizeof(row->id), id);
    json_begin_object(out);
    json_member_string(out, "id", id);
    json_member_text(out, "channel", grounds->channel->name);
    json_member_text(out, "to", text->to);
    json_member_text(out, "sender", text->sender);
    json_member_text(out, "subject", text->subject);
    json_member_text(out, "text", text->body);
    json_member_text(out, "language", text->language);
    json_member_integer(out, "attempt", row->attempts);
    json_end_object(out);
}

static velum_status hand_out(taking *self, const grounds *grounds, message_row *row)
{
    passage *const passage = self->passage;
    timer wait = {.at_ns = passage->clock.later_ns + MESSAGE_ANSWER_NS, .kind = TIMER_MESSAGE};
    audit_entry leaf = {.stage = ENTRY_INTENT};
    message_text text;

    VELUM_TRY(message_render(passage, grounds->template, &text));
    row->state = MESSAGE_TAKEN;
    row->reason = REASON_NONE;
    row->attempts++;
    row->taken_ns = passage->clock.later_ns;
    row->changed_ns = passage->clock.now_ns;
    memcpy(leaf.related, passage->entry.event_id, sizeof(leaf.related));
    VELUM_TRY(message_leaf(passage, row, PROBLEM_NONE, &leaf));
    memcpy(row->intent, leaf.event_id, sizeof(row->intent));
    VELUM_TRY(message_update(passage->conn, row));
    memcpy(wait.of, row->id, sizeof(wait.of));
    VELUM_TRY(timer_set(passage->batch, &wait));
    write_message(self, row, grounds, &text);
    self->taken++;
    return buffer_status(&passage->answer->body);
}

static velum_status skip(taking *self, message_row *row)
{
    passage *const passage = self->passage;
    audit_entry leaf = {.stage = ENTRY_SINGLE};

    row->state = MESSAGE_SKIPPED;
    row->reason = passage->problem;
    row->changed_ns = passage->clock.now_ns;
    memcpy(leaf.related, passage->entry.event_id, sizeof(leaf.related));
    VELUM_TRY(message_leaf(passage, row, passage->problem, &leaf));
    VELUM_TRY(message_update(passage->conn, row));
    self->skipped++;
    return VELUM_OK;
}

/* Judged and handed out, put off, or skipped with its reason. */
static velum_status settle(taking *self, message_row *row)
{
    passage *const passage = self->passage;
    grounds grounds;

    velum_status status = judge(passage, row, &grounds);
    if (status == VELUM_OK) {
        status = hand_out(self, &grounds, row);
    }
    if (status == VELUM_E_LIMIT) {
        status = refuse(passage, REASON_INVALID_VALUE); /* longer than any channel takes */
    }
    if (status != VELUM_E_DENIED) {
        return status;
    }
    return passage->problem == REASON_QUIET_HOURS ? message_update(passage->conn, row)
                                                  : skip(self, row);
}

/* What one message saw must not be seen by the next. */
static void forget(taking *self, size_t arena_mark)
{
    passage *const passage = self->passage;

    locate_forget(passage);
    memset(passage->records, 0, sizeof(passage->records));
    passage->released = 0;
    passage->problem = PROBLEM_NONE;
    passage->hint = NULL;
    passage->verdict = self->own;
    secret_arena_rewind(passage->arena, arena_mark);
}

static bool is_damage(velum_status status)
{
    return status == VELUM_E_CORRUPT || status == VELUM_E_TAMPERED || status == VELUM_E_CRYPTO;
}

/* One customer's damaged record holds up nobody else's message; it is looked at again later. */
static velum_status put_off(passage *passage, const uint8_t id[MESSAGE_ID_BYTES])
{
    message_row row;

    VELUM_TRY(message_load(passage->conn, id, &row));
    row.due_ns = passage->clock.later_ns + DAMAGED_NS;
    return message_update(passage->conn, &row);
}

static velum_status take_apart(taking *self, const uint8_t id[MESSAGE_ID_BYTES])
{
    passage *const passage = self->passage;
    const write_batch_mark mark = write_batch_begin(passage->batch);
    const size_t arena_mark = secret_arena_mark(passage->arena);
    const uint32_t taken = self->taken;
    message_row row;

    VELUM_TRY(conn_savepoint(passage->conn));
    velum_status status = message_load(passage->conn, id, &row);
    if (status == VELUM_OK) {
        status = settle(self, &row);
    }
    if (status == VELUM_OK) {
        status = conn_savepoint_release(passage->conn);
    } else {
        conn_savepoint_rollback(passage->conn);
        write_batch_rewind(passage->batch, &mark);
        /* What was written of it already would be given out with the others. */
        status = is_damage(status) && self->taken == taken ? put_off(passage, id) : status;
    }
    forget(self, arena_mark);
    return status;
}

/* --- the verb ----------------------------------------------------------------------------------- */

/* While the clock is behind, nobody can judge what is due (I-3). */
static velum_status take_due(taking *self)
{
    passage *const passage = self->passage;

    if (passage->clock.behind) {
        return VELUM_OK;
    }
    VELUM_TRY(message_due(passage->conn, passage->clock.now_ns, 2 * self->limit, self->ids,
                          &self->count));
    for (uint32_t i = 0; i < self->count && self->taken < self->limit; i++) {
        VELUM_TRY(take_apart(self, self->ids[i]));
    }
    return VELUM_OK;
}

velum_status message_next_apply(passage *passage)
{
    static const char *const members[] = {"limit", NULL};
    VELUM_AUTO_MEM taking *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->passage = passage;
    self->limit = MESSAGES_TAKEN_MAX;
    self->own = passage->verdict;
    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_limit(passage, MESSAGES_TAKEN_MAX, "`limit` is 1 to 16.", &self->limit));
    json_writer_init(&self->out, &passage->answer->body);
    json_begin_object(&self->out);
    json_name(&self->out, "messages");
    json_begin_array(&self->out);
    VELUM_TRY(take_due(self));
    json_end_array(&self->out);
    json_end_object(&self->out);
    passage->is_silent = self->taken + self->skipped == 0; /* nothing happened to anybody */
    passage->entry.record_count = self->taken;
    entry_push(&passage->entry, INPUT_ALLOWED, self->taken);
    entry_push(&passage->entry, INPUT_REFUSED, self->skipped);
    return buffer_status(&passage->answer->body);
}
