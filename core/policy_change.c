/* core/policy_change.c: a bundle on its way into force: proposed, agreed to, scheduled, rolled back.
 *
 * What the active policy demands decides, not what the new one would: approvals of kind policy are
 * bound to the new bundle's hash, so that nobody's agreement serves another text.
 */
#include "core/policy_change.h"

#include "core/approval_rows.h"
#include "core/parse.h"
#include "core/timers.h"
#include "core/verbs.h"

#define SCHEDULE_DAYS_MAX 366

/* --- what they share ---------------------------------------------------------------------------- */

static approval_scope scope_of(const passage *passage, const uint8_t hash[SHA256_BYTES])
{
    approval_scope scope = {
        .kind = APPROVAL_POLICY,
        .activity = passage->world->bundle->activities[passage->activity].number,
        .action = ACTION_ADMINISTER,
    };

    memcpy(scope.what, hash, sizeof(scope.what));
    return scope;
}

/* What was agreed to and used up counts as long as the policy of today would call it agreed (P-5). */
static velum_status is_approval_needed(passage *passage, const proposal *row, bool *out)
{
    approval_row used = {.state = 0};
    bool stands = false;

    *out = approvals_needed(passage->world->bundle, APPROVAL_POLICY) > 0;
    if (!*out || !row->is_approved || !row->has_approval) {
        return VELUM_OK;
    }
    const velum_status status = approval_row_load(passage->conn, row->approval, &used);
    if (status != VELUM_OK) {
        return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
    }
    VELUM_TRY(approval_stands(passage, &used, &stands));
    *out = !stands;
    return VELUM_OK;
}

static void drop_approval(proposal *row)
{
    row->is_approved = false;
    row->has_approval = false;
}

static velum_status ask_approval(passage *passage, proposal *row)
{
    const approval_scope scope = scope_of(passage, row->hash);
    bool is_needed = false;

    VELUM_TRY(is_approval_needed(passage, row, &is_needed));
    if (!is_needed) {
        return VELUM_OK;
    }
    drop_approval(row);
    VELUM_TRY(approval_ask(passage, &scope, row->approval));
    row->has_approval = true;
    return VELUM_OK;
}

/* The approval that was named, else the proposal's own. */
static text approval_named(text given, const proposal *row, char hex[33])
{
    if (given.size > 0 || !row->has_approval) {
        return given;
    }
    hex_encode(row->approval, sizeof(row->approval), hex);
    return text_of(hex);
}

static velum_status use_approval(passage *passage, text given, proposal *row)
{
    const approval_scope scope = scope_of(passage, row->hash);
    char hex[33];
    const text id = approval_named(given, row, hex);
    bool is_needed = false;

    VELUM_TRY(is_approval_needed(passage, row, &is_needed));
    if (!is_needed) {
        return VELUM_OK;
    }
    if (id.size == 0) {
        return refuse(passage, REASON_POLICY_APPROVAL);
    }
    VELUM_TRY(approval_use(passage, id, &scope));
    VELUM_TRY(hex_decode(id, row->approval, sizeof(row->approval)));
    row->has_approval = true;
    row->is_approved = true;
    return VELUM_OK;
}

static velum_status parse_hash(passage *passage, text hex, uint8_t out[SHA256_BYTES])
{
    if (hex_decode(hex, out, SHA256_BYTES) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A policy is named by 64 hex digits.");
    }
    memcpy(passage->entry.policy_hash, out, SHA256_BYTES);
    return VELUM_OK;
}

/* Kept text that this version does not take any more is told as a finding. */
static velum_status load_bundle(passage *passage, const uint8_t hash[SHA256_BYTES], bundle **out)
{
    velum_error err = {.status = VELUM_OK};
    const velum_status status = policy_bundle_of(passage->conn, hash, out, &err);

    if (status == VELUM_E_NOTFOUND) {
        return refuse(passage, REASON_UNKNOWN_POLICY);
    }
    if (status == VELUM_E_INVALID) {
        memcpy(passage->hint_text, err.text, sizeof(err.text));
        return refuse_hint(passage, REASON_INVALID_VALUE, passage->hint_text);
    }
    return status;
}

static velum_status reload_world(passage *passage)
{
    world_free(passage->batch->next_world);
    passage->batch->next_world = NULL;
    return world_load(passage->gate, passage->conn, &passage->batch->next_world, NULL);
}

/* "policy", "state" and what is wanted of others, into an open object. */
static void write_state(const passage *passage, const proposal *row, json_writer *out)
{
    char hex[65];
    char at[TIME_TEXT_BYTES];

    hex_encode(row->hash, SHA256_BYTES, hex);
    json_member_string(out, "policy", hex);
    json_member_string(out, "name", row->name);
    json_member_string(out, "state", proposal_state_name(row->state));
    json_member_bool(out, "shadow", row->shadow);
    if (row->activate_at_ns != 0) {
        time_format(row->activate_at_ns, at);
        json_member_string(out, "activates", at);
    }
    json_member_integer(out, "needed",
                        row->is_approved || row->state == PROPOSAL_IN_FORCE
                            ? 0
                            : approvals_needed(passage->world->bundle, APPROVAL_POLICY));
    if (row->has_approval && row->state != PROPOSAL_IN_FORCE) {
        hex_encode(row->approval, sizeof(row->approval), hex);
        json_member_string(out, "approval", hex);
    }
}

static velum_status answer_state(passage *passage, const proposal *row)
{
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    write_state(passage, row, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- propose ------------------------------------------------------------------------------------ */

static velum_status parse_shadow(passage *passage, bool *out_given, bool *out)
{
    const json_value *value = json_member(json_root(passage->body), "shadow");

    *out_given = value != NULL;
    *out = false;
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_BOOL) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`shadow` is true or false.");
    }
    *out = json_bool(value);
    return VELUM_OK;
}

static velum_status take_note(passage *passage, proposal *row)
{
    text note;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "note", &note));
    if (note.size > PROPOSAL_NOTE_BYTES_MAX || !utf8_is_printable(note)) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A note has at most 500 printable bytes.");
    }
    memcpy(row->note, note.data, note.size);
    row->note[note.size] = '\0';
    return VELUM_OK;
}

/* One that was in force is proposed anew; a scheduled one stays that. */
static velum_status take_proposal(passage *passage, const bundle *bundle, proposal *row)
{
    VELUM_TRY(policy_proposal_of(passage, bundle, row));
    if (row->state != PROPOSAL_SCHEDULED) {
        row->state = PROPOSAL_PROPOSED;
        drop_approval(row);
        row->at_ns = passage->clock.now_ns;
        memcpy(row->by, passage->actor.credential->name, sizeof(row->by));
    }
    return take_note(passage, row);
}

/* At most one bundle is decided beside the active one. */
static velum_status save_with_shadow(passage *passage, proposal *row, bool given, bool shadow)
{
    const bool changes = given && shadow != row->shadow;

    if (changes && shadow) {
        VELUM_TRY(proposal_end_shadow(passage->conn));
    }
    row->shadow = given ? shadow : row->shadow;
    VELUM_TRY(proposal_save(passage->conn, row));
    return changes ? reload_world(passage) : VELUM_OK;
}

static velum_status write_proposed(passage *passage, const proposal *row, const bundle *bundle)
{
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    write_state(passage, row, &out);
    VELUM_TRY(policy_write_changes(passage->world->bundle, bundle, &out));
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* {policy, shadow} or {shadow: false}: no new text, only what is decided beside. */
static velum_status change_shadow(passage *passage, bool shadow)
{
    uint8_t hash[SHA256_BYTES];
    proposal row = {.state = 0};
    text hex;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "policy", &hex));
    velum_status status = VELUM_OK;
    if (hex.size > 0) {
        VELUM_TRY(parse_hash(passage, hex, hash));
        status = proposal_load(passage->conn, hash, &row);
    } else {
        status = proposal_load_shadow(passage->conn, &row);
    }
    if (status == VELUM_E_NOTFOUND) {
        return refuse(passage, REASON_UNKNOWN_POLICY);
    }
    VELUM_TRY(status);
    if (row.state == PROPOSAL_IN_FORCE && shadow) {
        return refuse_hint(passage, REASON_CONFLICT, "Propose it first.");
    }
    VELUM_TRY(save_with_shadow(passage, &row, true, shadow));
    return answer_state(passage, &row);
}

velum_status policy_propose_apply(passage *passage)
{
    static const char *const members[] = {"files", "note", "shadow", "policy", NULL};
    const json_value *body = json_root(passage->body);
    VELUM_AUTO(bundle) *bundle = NULL;
    given_files files;
    proposal row = {.state = 0};
    bool given = false;
    bool shadow = false;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_shadow(passage, &given, &shadow));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_PROPOSE);
    if (given && json_member(body, "files") == NULL) {
        return change_shadow(passage, shadow);
    }
    VELUM_TRY(policy_compile_given(passage, &files, &bundle));
    if (policy_is_active(passage, bundle->hash)) {
        return refuse_hint(passage, REASON_CONFLICT, "This policy is in force already.");
    }
    VELUM_TRY(policy_keep(passage->batch, bundle, files.files, files.count));
    VELUM_TRY(take_proposal(passage, bundle, &row));
    VELUM_TRY(ask_approval(passage, &row));
    VELUM_TRY(save_with_shadow(passage, &row, given, shadow));
    return write_proposed(passage, &row, bundle);
}

/* --- activate ----------------------------------------------------------------------------------- */

static velum_status parse_at(passage *passage, int64_t *out)
{
    const int64_t now_ns = passage->clock.later_ns;
    text at;

    *out = 0;
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "at", &at));
    if (at.size == 0) {
        return VELUM_OK;
    }
    if (time_parse(at, out) < 0 || *out <= now_ns ||
        *out - now_ns > SCHEDULE_DAYS_MAX * 86400 * NS_PER_SECOND) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "`at` is a time to come, within a year, such as 2027-01-31T00:00:00Z.");
    }
    return VELUM_OK;
}

static velum_status schedule(passage *passage, proposal *row, int64_t at_ns)
{
    timer due = {.at_ns = at_ns, .kind = TIMER_POLICY};

    memcpy(due.of, row->hash, sizeof(due.of));
    row->state = PROPOSAL_SCHEDULED;
    row->activate_at_ns = at_ns;
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SCHEDULE);
    entry_push(&passage->entry, INPUT_DUE, (uint64_t)(at_ns / NS_PER_SECOND));
    VELUM_TRY(proposal_save(passage->conn, row));
    return timer_set(passage->batch, &due);
}

static velum_status activate_now(passage *passage, const bundle *bundle, proposal *row,
                                 uint32_t operation)
{
    entry_push(&passage->entry, INPUT_OPERATION, operation);
    VELUM_TRY(timer_drop(passage->batch, TIMER_POLICY, row->hash));
    return policy_bring_into_force(passage, bundle, row);
}

static velum_status load_proposed(passage *passage, proposal *out)
{
    uint8_t hash[SHA256_BYTES];
    text hex;

    VELUM_TRY(parse_text_member(passage, json_root(passage->body), "policy", &hex));
    VELUM_TRY(parse_hash(passage, hex, hash));
    if (policy_is_active(passage, hash)) {
        return refuse_hint(passage, REASON_CONFLICT, "This policy is in force already.");
    }
    const velum_status status = proposal_load(passage->conn, hash, out);
    if (status == VELUM_E_NOTFOUND) {
        return refuse(passage, REASON_UNKNOWN_POLICY);
    }
    VELUM_TRY(status);
    return out->state == PROPOSAL_IN_FORCE
               ? refuse_hint(passage, REASON_CONFLICT, "It was in force: roll back to it.")
               : VELUM_OK;
}

velum_status policy_activate_apply(passage *passage)
{
    static const char *const members[] = {"policy", "at", "approval", NULL};
    const json_value *body = json_root(passage->body);
    VELUM_AUTO(bundle) *bundle = NULL;
    proposal row = {.state = 0};
    int64_t at_ns = 0;
    text approval;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_at(passage, &at_ns));
    VELUM_TRY(parse_optional_text(passage, body, "approval", &approval));
    VELUM_TRY(load_proposed(passage, &row));
    VELUM_TRY(load_bundle(passage, row.hash, &bundle));
    VELUM_TRY(use_approval(passage, approval, &row));
    if (at_ns != 0) {
        VELUM_TRY(policy_check_credentials(passage, bundle));
        VELUM_TRY(schedule(passage, &row, at_ns));
    } else {
        VELUM_TRY(activate_now(passage, bundle, &row, OPERATION_ACTIVATE));
    }
    return answer_state(passage, &row);
}

/* --- when it is due ------------------------------------------------------------------------------ */

static velum_status activate_due(passage *passage, proposal *row)
{
    VELUM_AUTO(bundle) *bundle = NULL;
    bool is_needed = false;

    if (policy_is_active(passage, row->hash)) {
        row->state = PROPOSAL_IN_FORCE;
        row->activate_at_ns = 0;
        return proposal_save(passage->conn, row);
    }
    VELUM_TRY(load_bundle(passage, row->hash, &bundle));
    VELUM_TRY(is_approval_needed(passage, row, &is_needed));
    if (is_needed) {
        return refuse(passage, REASON_POLICY_APPROVAL); /* demanded since it was scheduled */
    }
    return policy_bring_into_force(passage, bundle, row);
}

/* What stands against it is recorded, and it waits for people; only the machine's failures are tried
 * again (T-2). */
velum_status policy_timer(passage *passage, const timer *timer)
{
    audit_entry *const entry = &passage->entry;
    proposal row = {.state = 0};
    const velum_status found = proposal_load_scheduled(passage->conn, timer->of, &row);

    if (found < 0) {
        return found == VELUM_E_NOTFOUND ? VELUM_OK : found;
    }
    entry->type = ENTRY_POLICY;
    memcpy(entry->policy_hash, row.hash, SHA256_BYTES);
    credential_actor_token(passage->gate->keys, text_of(row.by), entry->user_token);
    entry_push(entry, INPUT_OPERATION, OPERATION_ACTIVATE);
    const velum_status status = activate_due(passage, &row);
    if (status != VELUM_E_DENIED) {
        return status;
    }
    row.state = PROPOSAL_FAILED;
    drop_approval(&row); /* it was for the time that is over */
    row.activate_at_ns = 0;
    return proposal_save(passage->conn, &row);
}

/* --- rollback ----------------------------------------------------------------------------------- */

static velum_status find_earlier(passage *passage, uint8_t out[SHA256_BYTES])
{
    bool was_in_force = false;
    text hex;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "to", &hex));
    if (hex.size == 0) {
        const velum_status status =
            policy_last_but(passage->conn, passage->world->bundle->hash, out);
        memcpy(passage->entry.policy_hash, out, SHA256_BYTES);
        return status == VELUM_E_NOTFOUND ? refuse(passage, REASON_UNKNOWN_POLICY) : status;
    }
    VELUM_TRY(parse_hash(passage, hex, out));
    if (policy_is_active(passage, out)) {
        return refuse_hint(passage, REASON_CONFLICT, "This policy is in force already.");
    }
    VELUM_TRY(policy_was_in_force(passage->conn, out, &was_in_force));
    return was_in_force ? VELUM_OK : refuse(passage, REASON_UNKNOWN_POLICY);
}

/* Whether the approval that was named, or the proposal's own, serves; without any, no. */
static velum_status is_agreed(passage *passage, text given, const proposal *row, bool *out)
{
    const approval_scope scope = scope_of(passage, row->hash);
    char hex[33];
    const text id = approval_named(given, row, hex);

    *out = given.size > 0; /* what was named must serve */
    if (given.size > 0 || id.size == 0) {
        return VELUM_OK;
    }
    const velum_status status = approval_check(passage, id, &scope);
    *out = status == VELUM_OK;
    if (status == VELUM_E_DENIED) {
        passage->problem = PROBLEM_NONE;
        return VELUM_OK;
    }
    return status;
}

/* Where others must agree, the earlier bundle is proposed as any other. */
static velum_status propose_earlier(passage *passage, proposal *row)
{
    row->state = PROPOSAL_PROPOSED;
    row->activate_at_ns = 0;
    row->at_ns = passage->clock.now_ns;
    memcpy(row->by, passage->actor.credential->name, sizeof(row->by));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_PROPOSE);
    VELUM_TRY(ask_approval(passage, row));
    VELUM_TRY(proposal_save(passage->conn, row));
    return answer_state(passage, row);
}

velum_status policy_rollback_apply(passage *passage)
{
    static const char *const members[] = {"to", "approval", NULL};
    const json_value *body = json_root(passage->body);
    VELUM_AUTO(bundle) *bundle = NULL;
    uint8_t hash[SHA256_BYTES] = {0};
    proposal row = {.state = 0};
    bool is_needed = false;
    bool agreed = false;
    text approval;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "approval", &approval));
    VELUM_TRY(find_earlier(passage, hash));
    VELUM_TRY(load_bundle(passage, hash, &bundle));
    VELUM_TRY(policy_proposal_of(passage, bundle, &row));
    if (row.state == PROPOSAL_IN_FORCE) {
        drop_approval(&row); /* that agreement was for the time that is over */
    }
    VELUM_TRY(is_approval_needed(passage, &row, &is_needed));
    if (is_needed) {
        VELUM_TRY(is_agreed(passage, approval, &row, &agreed));
        if (!agreed) {
            return propose_earlier(passage, &row);
        }
    }
    VELUM_TRY(use_approval(passage, approval, &row));
    VELUM_TRY(activate_now(passage, bundle, &row, OPERATION_ROLLBACK));
    return answer_state(passage, &row);
}
