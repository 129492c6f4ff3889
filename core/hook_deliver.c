/* core/hook_deliver.c: webhooks given to the courier, and what became of them. */
#include "core/hook.h"

#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/path.h"
#include "core/timers.h"
#include "core/verbs.h"

#define PAYLOAD_BYTES_MAX 2048
#define HTTP_STATUS_MAX 999
#define DAMAGED_NS (3600 * NS_PER_SECOND) /* until what is of a damaged record is tried again */

/* The subject for the leaf's token: by its state while it lives, else by its evidence, else not. What was
 * decided was not decided about it, so it is no subject of the decision (D-3). */
static velum_status find_subject(passage *passage, const hook_row *row, bool *out_is_live)
{
    passage->subject = row->subject;
    passage->domain = row->domain;
    velum_status status = locate_subject(passage);
    *out_is_live = status == VELUM_OK && passage->opened != NULL;
    if (status == VELUM_OK && !*out_is_live) {
        locate_forget(passage);
        status = vault_open_evidence(passage->gate->vault, passage->conn, &row->subject,
                                     passage->arena, &passage->opened);
    }
    passage->has_subject = false;
    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

/* For what was told already: it is recorded of nobody where the record is damaged. */
static velum_status find_told(passage *passage, const hook_row *row, bool *out_is_live)
{
    const velum_status status = find_subject(passage, row, out_is_live);

    if (!many_is_damaged(status)) {
        return status;
    }
    locate_forget(passage);
    *out_is_live = true; /* as far as anybody can tell */
    return VELUM_OK;
}

/* K-5 */
static bool is_over(const hook_row *row, bool is_live)
{
    return !is_live && !hook_outlives_subject(row->event);
}

static void note_row(audit_entry *entry, const hook_row *row)
{
    entry_push(entry, INPUT_HOOK, row->hook);
    entry_push(entry, INPUT_EVENT, row->event + 1);
    entry_push(entry, INPUT_ATTEMPT, row->attempts);
}

/* --- next --------------------------------------------------------------------------------------- */

static velum_status set_timer(passage *passage, const hook_row *row)
{
    timer at = {.at_ns = row->due_ns, .kind = TIMER_HOOK};

    memcpy(at.of, row->id, sizeof(at.of));
    return timer_set(passage->batch, &at);
}

static velum_status write_hook(passage *passage, const hook_row *row, const bundle_hook *hook,
                               json_writer *out)
{
    VELUM_AUTO_BUFFER body = {0};
    char id[2 * HOOK_ID_BYTES + 1];
    char signatures[HOOK_SIGNATURES_BYTES];
    const int64_t seconds = passage->clock.now_ns / NS_PER_SECOND;

    buffer_init(&body, PAYLOAD_BYTES_MAX);
    VELUM_TRY(hook_payload(passage, row, &body));
    const text payload = {(const char *)body.data, body.size};
    hex_encode(row->id, sizeof(row->id), id);
    hook_sign_all(passage->gate->keys, hook, &(hook_signed){text_of(id), seconds, payload},
                  signatures);
    json_begin_object(out);
    json_member_string(out, "id", id);
    json_member_text(out, "hook", hook->name);
    json_member_integer(out, "timestamp", seconds);
    json_member_text(out, "body", payload);
    json_member_string(out, "signature", signatures);
    json_member_integer(out, "attempt", row->attempts);
    json_end_object(out);
    return VELUM_OK;
}

/* K-2: the INTENT of one, and the row under its lease. */
static velum_status take(passage *passage, hook_row *row)
{
    audit_entry leaf = {.type = ENTRY_HOOK, .stage = ENTRY_INTENT};

    random_fill(&passage->gate->random, leaf.event_id, sizeof(leaf.event_id));
    row->state = HOOK_TAKEN;
    row->attempts++;
    row->due_ns = passage->clock.later_ns + HOOK_LEASE_NS;
    memcpy(row->intent, leaf.event_id, sizeof(row->intent));
    note_row(&leaf, row);
    path_fill_entry(passage, &leaf);
    VELUM_TRY(write_batch_record(passage->batch, &leaf));
    VELUM_TRY(hook_store(passage->conn, row));
    return set_timer(passage, row);
}

/* One customer's damaged record holds up nobody else's hooks; it is looked at again later. */
static velum_status put_off(passage *passage, hook_row *row)
{
    row->due_ns = passage->clock.later_ns + DAMAGED_NS;
    return hook_store(passage->conn, row);
}

/* A hook that the policy has no more is told nothing. */
static velum_status give_row(passage *passage, hook_row *row, json_writer *out)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find_number(bundle, REGISTRY_HOOK, row->hook);
    bool is_live = false;

    if (index == BUNDLE_NONE) {
        return hook_delete(passage->conn, row->id);
    }
    const velum_status status = find_subject(passage, row, &is_live);
    if (many_is_damaged(status)) {
        return put_off(passage, row);
    }
    VELUM_TRY(status);
    if (is_over(row, is_live)) {
        return hook_delete(passage->conn, row->id);
    }
    VELUM_TRY(take(passage, row));
    return write_hook(passage, row, &bundle->hooks[index], out);
}

static velum_status give_one(passage *passage, const uint8_t id[HOOK_ID_BYTES], json_writer *out)
{
    const size_t mark = secret_arena_mark(passage->arena);
    hook_row row;

    const velum_status status = hook_load(passage->conn, id, &row);
    if (status == VELUM_E_NOTFOUND || (status == VELUM_OK && row.state != HOOK_WAITING)) {
        return VELUM_OK; /* of a hook that the courier named twice */
    }
    VELUM_TRY(status);
    VELUM_TRY(give_row(passage, &row, out));
    locate_forget(passage);
    passage->domain = 0;
    secret_arena_rewind(passage->arena, mark);
    return VELUM_OK;
}

/* Which hooks the courier has an address for; NULL: all. Names that the policy lacks have no rows. */
static velum_status parse_hooks(passage *passage, const json_value **out)
{
    const json_value *const hooks = json_member(json_root(passage->body), "hooks");

    *out = hooks;
    if (hooks == NULL) {
        return VELUM_OK;
    }
    bool fits = json_kind_of(hooks) == JSON_ARRAY && json_count(hooks) <= BUNDLE_HOOKS_MAX;
    for (size_t i = 0; fits && i < json_count(hooks); i++) {
        fits = json_kind_of(json_at(hooks, i)) == JSON_TEXT;
    }
    return fits ? VELUM_OK
                : refuse_hint(passage, PROBLEM_MALFORMED,
                              "`hooks` is an array of at most 16 names.");
}

/* Numbers of those named, or of all that have anything. */
static velum_status find_hooks(const passage *passage, const json_value *named,
                               uint16_t out[HOOK_HOOKS_MAX], uint32_t *out_count)
{
    *out_count = 0;
    if (named == NULL) {
        return hook_waiting(passage->conn, out, HOOK_HOOKS_MAX, out_count);
    }
    for (size_t i = 0; i < json_count(named); i++) {
        const uint16_t hook =
            world_number(passage->world, REGISTRY_HOOK, json_text(json_at(named, i)));
        if (hook != 0) {
            out[(*out_count)++] = hook;
        }
    }
    return VELUM_OK;
}

static velum_status find_due(passage *passage, const json_value *named, uint32_t limit,
                             hook_ids *out)
{
    uint16_t hooks[HOOK_HOOKS_MAX];
    hook_query query = {.hooks = hooks, .now_ns = passage->clock.later_ns, .limit = limit};

    VELUM_TRY(find_hooks(passage, named, hooks, &query.hook_count));
    query.turn = atomic_fetch_add(&passage->gate->hook_turn, 1);
    return hook_due(passage->conn, &query, out);
}

velum_status hook_next_apply(passage *passage)
{
    static const char *const members[] = {"limit", "hooks", NULL};
    const json_value *hooks = NULL;
    uint32_t limit = HOOK_NEXT_MAX;
    json_writer out;
    hook_ids due;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(parse_limit(passage, HOOK_NEXT_MAX, "`limit` is 1 to 50.", &limit));
    VELUM_TRY(parse_hooks(passage, &hooks));
    VELUM_TRY(find_due(passage, hooks, limit, &due));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "hooks");
    json_begin_array(&out);
    for (uint32_t i = 0; i < due.count; i++) {
        VELUM_TRY(give_one(passage, due.of[i], &out));
    }
    json_end_array(&out);
    json_end_object(&out);
    passage->is_silent = true; /* each has its leaf */
    return buffer_status(&passage->answer->body);
}

/* --- done --------------------------------------------------------------------------------------- */

static void note_outcome(audit_entry *entry, const hook_row *row, uint32_t outcome)
{
    entry->type = ENTRY_HOOK;
    entry->stage = ENTRY_OUTCOME;
    memcpy(entry->related, row->intent, sizeof(entry->related));
    note_row(entry, row);
    entry_push(entry, INPUT_HOOK_OUTCOME, outcome);
    if (row->status != 0) {
        entry_push(entry, INPUT_HTTP_STATUS, row->status);
    }
}

/* K-3: again later, or never. */
static velum_status put_back(passage *passage, hook_row *row, bool is_live)
{
    const int64_t now_ns = passage->clock.later_ns;

    if (is_over(row, is_live)) {
        row->state = HOOK_GIVEN_UP;
        VELUM_TRY(timer_drop(passage->batch, TIMER_HOOK, row->id));
        return hook_delete(passage->conn, row->id);
    }
    if (row->attempts < HOOK_ATTEMPTS_MAX) {
        row->state = HOOK_WAITING;
        row->due_ns = now_ns + hook_wait_ns(row->attempts);
        VELUM_TRY(timer_drop(passage->batch, TIMER_HOOK, row->id));
        return hook_store(passage->conn, row);
    }
    row->state = HOOK_GIVEN_UP;
    row->due_ns = now_ns + HOOK_KEPT_NS;
    VELUM_TRY(hook_store(passage->conn, row));
    return set_timer(passage, row);
}

/* What a courier says of an attempt. */
typedef struct report {
    uint32_t outcome; /* HOOK_OUTCOME_* */
    uint32_t http_status;
    uint32_t attempt; /* that it speaks of; 0: the last */
} report;

/* A whole number from `least` to `most`; absent changes nothing. */
static bool take_number(const json_value *value, uint32_t least, uint32_t most, uint32_t *out)
{
    if (value == NULL) {
        return true;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < least ||
        json_integer(value) > most) {
        return false;
    }
    *out = (uint32_t)json_integer(value);
    return true;
}

static velum_status parse_report(passage *passage, report *out)
{
    static const char *const members[] = {"outcome", "status", "attempt", NULL};
    const json_value *const body = json_root(passage->body);
    text outcome;

    *out = (report){.outcome = HOOK_OUTCOME_SENT};
    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "outcome", &outcome));
    while (out->outcome <= HOOK_OUTCOME_UNKNOWN &&
           !text_equal_literal(outcome, hook_outcome_name(out->outcome))) {
        out->outcome++;
    }
    if (out->outcome > HOOK_OUTCOME_UNKNOWN) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`outcome` is sent, failed or unknown.");
    }
    if (!take_number(json_member(body, "status"), 0, HTTP_STATUS_MAX, &out->http_status)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`status` is what the receiver answered.");
    }
    return take_number(json_member(body, "attempt"), 1, HOOK_ATTEMPTS_MAX, &out->attempt)
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED, "`attempt` is that of what was taken.");
}

static velum_status load_named(passage *passage, hook_row *out)
{
    uint8_t id[HOOK_ID_BYTES];

    if (hex_decode(passage->request->ref, id, sizeof(id)) < 0) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    const velum_status status = hook_load(passage->conn, id, out);
    return status == VELUM_E_NOTFOUND ? refuse(passage, PROBLEM_NOT_FOUND) : status;
}

/* A late "sent" is believed as well: it saves a repetition. Anything else of somebody whose lease was
 * over has been recorded as unknown already, and says nothing of the attempt that another makes. */
static bool is_too_late(const hook_row *row, const report *what)
{
    const bool is_of_last = what->attempt == 0 || what->attempt == row->attempts;

    return what->outcome == HOOK_OUTCOME_SENT ? row->attempts == 0
                                              : row->state != HOOK_TAKEN || !is_of_last;
}

velum_status hook_done_apply(passage *passage)
{
    report what;
    bool is_live = false;
    hook_row row = {.state = 0};
    json_writer out;

    VELUM_TRY(parse_report(passage, &what));
    VELUM_TRY(load_named(passage, &row));
    if (is_too_late(&row, &what)) {
        return refuse(passage, REASON_WORK_GONE);
    }
    row.status = what.http_status;
    VELUM_TRY(find_told(passage, &row, &is_live));
    note_outcome(&passage->entry, &row, what.outcome);
    if (what.outcome == HOOK_OUTCOME_SENT) {
        VELUM_TRY(timer_drop(passage->batch, TIMER_HOOK, row.id));
        VELUM_TRY(hook_delete(passage->conn, row.id));
    } else {
        VELUM_TRY(put_back(passage, &row, is_live));
    }
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "state",
                       what.outcome == HOOK_OUTCOME_SENT ? "sent" : hook_state_name(row.state));
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* The courier did not come back, or what was given up is forgotten; or all that waits is looked at. */
velum_status hook_timer(passage *passage, const timer *timer)
{
    bool is_live = false;
    hook_row row;

    if (hook_is_sweep(timer->of)) {
        return hook_sweep(passage);
    }
    const velum_status status = hook_load(passage->conn, timer->of, &row);
    if (status == VELUM_E_NOTFOUND || (status == VELUM_OK && row.state == HOOK_WAITING)) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    if (row.state == HOOK_GIVEN_UP) {
        return hook_delete(passage->conn, row.id);
    }
    row.status = 0;
    VELUM_TRY(find_told(passage, &row, &is_live));
    note_outcome(&passage->entry, &row, HOOK_OUTCOME_UNKNOWN);
    return put_back(passage, &row, is_live);
}
