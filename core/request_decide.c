/* core/request_decide.c: officers decide.
 *
 * Each act names the version of the request that it was decided on: of two at once the second is
 * refused, and the refusal is recorded. Who took a request in decides nothing about it.
 */
#include "core/request_row.h"

#include "core/approvals.h"
#include "core/erasure.h"
#include "core/parse.h"
#include "core/verbs.h"

#define NS_PER_DAY (86400 * NS_PER_SECOND)

typedef velum_status (*act_function)(passage *passage, request *row);

typedef struct act {
    const char *name;
    uint32_t number;
    bool decides;  /* not for who took the request in */
    bool confirms; /* the person hears of it, so that receipt is confirmed (CCPA §7021(a)) */
    act_function run;
} act;

/* --- verify ------------------------------------------------------------------------------------------- */

static velum_status put_verification(passage *passage, request *row, uint32_t method)
{
    request_facts facts;

    VELUM_TRY(request_unseal(passage, row, &facts));
    facts.method = method;
    facts.verified_ns = passage->clock.now_ns;
    memcpy(facts.verified_by, passage->actor.token, sizeof(facts.verified_by));
    return request_put_facts(passage, row, &facts);
}

static velum_status verify(passage *passage, request *row)
{
    text name;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "method", &name));
    const uint32_t method = request_number_of(request_method_name, METHOD_COUNT, name);
    if (method == 0 || method == METHOD_CUSTOMER_TOKEN) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "`method` is none that Velum knows.");
    }
    if (method == METHOD_ONE_TIME_CODE) {
        return refuse_hint(passage, REASON_IDENTITY_UNVERIFIED,
                           "A one-time code proves the number, not the person.");
    }
    if ((row->flags & REQUEST_VERIFIED) != 0 || request_is_ended(row->state)) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    VELUM_TRY(put_verification(passage, row, method));
    row->flags |= REQUEST_VERIFIED;
    row->state = row->state == REQUEST_NEED_VERIFICATION ? REQUEST_OPEN : row->state;
    VELUM_TRY(request_locate_subject(passage, row));
    return request_run_itself(passage, row);
}

/* --- approve ------------------------------------------------------------------------------------------ */

static velum_status check_decidable(passage *passage, const request *row)
{
    if (row->state == REQUEST_NEED_VERIFICATION ||
        ((row->flags & REQUEST_VERIFIED) == 0 && !request_needs_no_proof(row->right))) {
        return request_is_ended(row->state) ? refuse(passage, REASON_REQUEST_STATE)
                                            : refuse(passage, REASON_IDENTITY_UNVERIFIED);
    }
    return VELUM_OK;
}

static velum_status use_approval(passage *passage, const request *row)
{
    const bundle *const bundle = passage->world->bundle;
    approval_scope scope = {.kind = APPROVAL_REQUEST,
                            .activity = bundle->activities[passage->activity].number,
                            .action = passage->action};
    text id;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "approval", &id));
    if (approvals_needed(bundle, APPROVAL_REQUEST) == 0) {
        return VELUM_OK;
    }
    if (id.size == 0) {
        return refuse(passage, REASON_APPROVAL_REQUIRED);
    }
    memcpy(scope.what, row->id, sizeof(row->id));
    return approval_use(passage, id, &scope);
}

/* The customer sees the end of the cool-down and may cancel until then. */
static velum_status approve_erasure(passage *passage, request *row)
{
    VELUM_TRY(request_plan_erasure(passage, row));
    if (row->cool_down_days > 0) {
        row->state = REQUEST_COOL_DOWN;
        row->cool_ns = passage->clock.later_ns + (int64_t)row->cool_down_days * NS_PER_DAY;
        return VELUM_OK;
    }
    bool begun = false;
    VELUM_TRY(request_begin_erasure(passage, row, &begun));
    return VELUM_OK;
}

static velum_status approve(passage *passage, request *row)
{
    VELUM_TRY(check_decidable(passage, row));
    if (row->state != REQUEST_OPEN) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    VELUM_TRY(use_approval(passage, row));
    VELUM_TRY(request_locate_subject(passage, row));
    if (request_erases(row->right)) {
        return approve_erasure(passage, row);
    }
    row->state = REQUEST_IN_PROGRESS;
    request_tell_processors(row);
    return VELUM_OK;
}

/* --- fulfil ------------------------------------------------------------------------------------------- */

/* What is done by the request itself is not said to be done, but for somebody of whom nothing is
 * there. */
static velum_status fulfil(passage *passage, request *row)
{
    text note;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "note", &note));
    VELUM_TRY(check_decidable(passage, row));
    VELUM_TRY(request_locate_subject(passage, row));
    const bool by_itself = request_erases(row->right) || request_runs_itself(row->right);
    const bool is_there = passage->has_subject && /* until the last key has gone (V-6) */
                          sealed_subject_status(passage->sealed) != VAULT_SUBJECT_ERASED;
    const bool is_under_way = row->state == REQUEST_OPEN || row->state == REQUEST_IN_PROGRESS ||
                              row->state == REQUEST_PAUSED;
    if (!is_under_way || (row->flags & (REQUEST_BEGUN | REQUEST_DONE_HERE)) != 0 ||
        (by_itself && is_there)) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    if (row->state == REQUEST_OPEN &&
        approvals_needed(passage->world->bundle, APPROVAL_REQUEST) > 0) {
        return refuse_hint(passage, REASON_APPROVAL_REQUIRED, "The request is approved first.");
    }
    VELUM_TRY(request_add_note(passage, row, REQUEST_ACT_FULFIL, note));
    row->flags &= ~REQUEST_HELD;
    row->cool_ns = 0;
    request_done_here(row, passage->clock.later_ns);
    return VELUM_OK;
}

/* --- deny, extend, answer ------------------------------------------------------------------------------- */

/* PIPL 50, GDPR 12(4): a refusal gives its reasons. */
static velum_status deny(passage *passage, request *row)
{
    const json_value *const body = json_root(passage->body);
    text reason;
    text note;

    VELUM_TRY(parse_optional_text(passage, body, "reason", &reason));
    VELUM_TRY(parse_optional_text(passage, body, "note", &note));
    const uint32_t denial = request_number_of(request_denial_name, DENIAL_COUNT, reason);
    if (denial == 0) {
        return refuse(passage, REASON_REQUEST_REASON);
    }
    if (request_is_ended(row->state) || (row->flags & (REQUEST_BEGUN | REQUEST_DONE_HERE)) != 0) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    VELUM_TRY(request_add_note(passage, row, REQUEST_ACT_DENY, note));
    row->denial = denial;
    request_end(row, REQUEST_DENIED, passage->clock.later_ns);
    return VELUM_OK;
}

/* Once, with reasons, told within the pack's term, and never beyond its limit (GDPR 12(3)). */
static velum_status extend(passage *passage, request *row)
{
    text details;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "details", &details));
    if (details.size == 0) {
        return refuse(passage, REASON_REQUEST_REASON);
    }
    if (request_is_ended(row->state) || (row->flags & REQUEST_EXTENDED) != 0) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    if (row->extend_until_ns == 0 || passage->clock.later_ns >= row->extend_until_ns ||
        row->extended_ns <= row->due_ns) {
        return refuse(passage, REASON_REQUEST_LATE);
    }
    VELUM_TRY(request_add_note(passage, row, REQUEST_ACT_EXTEND, details));
    row->flags = (row->flags & ~REQUEST_OVERDUE) | REQUEST_EXTENDED;
    row->due_ns = row->extended_ns;
    entry_push(&passage->entry, INPUT_DUE, (uint64_t)(row->due_ns / NS_PER_SECOND));
    return VELUM_OK;
}

static velum_status answer(passage *passage, request *row)
{
    text note;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "note", &note));
    return request_add_note(passage, row, REQUEST_ACT_ANSWER, note);
}

/* --- task --------------------------------------------------------------------------------------------- */

static request_task *find_task(const passage *passage, request *row, text name)
{
    const uint16_t number = world_number(passage->world, REGISTRY_RECIPIENT, name);

    for (uint32_t i = 0; i < row->task_count; i++) {
        if (number != 0 && row->tasks[i].processor == number) {
            return &row->tasks[i];
        }
    }
    return NULL;
}

/* What a recipient answered (GDPR 19). A failure pauses the request, is named, and is tried again. */
static velum_status report_task(passage *passage, request *row)
{
    text processor;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "processor", &processor));
    request_task *const task = find_task(passage, row, processor);
    if (task == NULL) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "The request has no such processor.");
    }
    if (task->state == TASK_DONE) {
        return refuse(passage, REASON_REQUEST_STATE);
    }
    VELUM_TRY(request_report_task(passage, row, task));
    entry_push(&passage->entry, INPUT_PROCESSOR, task->processor);
    return VELUM_OK;
}

/* --- the act ------------------------------------------------------------------------------------------- */

static const act ACTS[] = {
    {"verify", REQUEST_ACT_VERIFY, true, true, verify},
    {"approve", REQUEST_ACT_APPROVE, true, false, approve},
    {"deny", REQUEST_ACT_DENY, true, true, deny},
    {"extend", REQUEST_ACT_EXTEND, true, true, extend},
    {"fulfil", REQUEST_ACT_FULFIL, true, true, fulfil},
    {"answer", REQUEST_ACT_ANSWER, false, true, answer},
    {"task", REQUEST_ACT_TASK, false, false, report_task},
};

static velum_status parse_act(passage *passage, const act **out, int64_t *out_version)
{
    static const char *const members[] = {"act",    "version", "method",  "approval",
                                          "reason", "note",    "details", "processor",
                                          "state",  "error",   NULL};
    const json_value *const body = json_root(passage->body);
    const json_value *const version = json_member(body, "version");
    text name;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "act", &name));
    if (version == NULL || json_kind_of(version) != JSON_INTEGER) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`version` is the one of the request that was seen.");
    }
    *out_version = json_integer(version);
    for (size_t i = 0; i < sizeof(ACTS) / sizeof(ACTS[0]); i++) {
        if (text_equal_literal(name, ACTS[i].name)) {
            *out = &ACTS[i];
            return VELUM_OK;
        }
    }
    return refuse_hint(passage, PROBLEM_MALFORMED, "`act` is none that there is.");
}

/* Without its words where the evidence has gone: it can still be ended. */
static velum_status write_answer(passage *passage, const request *row)
{
    request_facts facts;
    json_writer out;

    velum_status status = request_unseal(passage, row, &facts);
    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    const request_facts *const shown = status == VELUM_OK ? &facts : NULL;
    json_writer_init(&out, &passage->answer->body);
    status = request_write(passage, row, shown, REQUEST_SHOW_OFFICER, &out);
    mem_wipe(&facts, sizeof(facts));
    VELUM_TRY(status);
    return buffer_status(&passage->answer->body);
}

/* An erasure that begins has taken the passage's own leaf for its intent. */
static velum_status note_act(passage *passage, const request *row, const act *act)
{
    return passage->entry.type == ENTRY_ERASURE ? request_leaf(passage, row, act->number)
                                                : request_note_act(passage, row, act->number);
}

velum_status request_decide_apply(passage *passage)
{
    const act *act = NULL;
    int64_t version = 0;
    uint8_t id[16];
    request row;

    VELUM_TRY(parse_act(passage, &act, &version));
    VELUM_TRY(request_parse_id(passage, passage->request->ref, id));
    const velum_status status = request_load(passage->conn, id, &row);
    if (status == VELUM_E_NOTFOUND) {
        return refuse(passage, PROBLEM_NOT_FOUND);
    }
    VELUM_TRY(status);
    if (row.version != version) {
        return refuse_hint(passage, REASON_CONFLICT,
                           "Somebody else decided since: look at the request again.");
    }
    if (act->decides && memcmp(row.taken_by, passage->actor.token, ENTRY_TOKEN_BYTES) == 0) {
        return refuse_hint(passage, REASON_APPROVAL_OWN,
                           "Who took a request in does not decide it.");
    }
    passage->domain = row.domain; /* I-10: the answer names the person in this one */
    VELUM_TRY(act->run(passage, &row));
    row.flags |= act->confirms ? REQUEST_CONFIRMED : 0;
    VELUM_TRY(request_store(passage, &row));
    VELUM_TRY(note_act(passage, &row, act));
    return write_answer(passage, &row);
}
