/* core/approval_verbs.c: asking for an approval, seeing it, deciding it.
 *
 * Who asks does so under the activity in which it will act, and sees its own; holders of `approve`
 * see all and decide, each once, never their own (P-1).
 */
#include "core/approval_rows.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/policy_store.h"
#include "core/verbs.h"

static bool activity_has(const passage *passage, uint32_t action)
{
    return (passage->world->bundle->activities[passage->activity].actions & action) != 0;
}

/* --- asking ------------------------------------------------------------------------------------- */

/* What each kind lets somebody do; 0: nobody asks for it. */
static const uint32_t ACTIONS[APPROVAL_KINDS] = {
    [APPROVAL_MINOR] = ACTION_READ,        [APPROVAL_BULK] = ACTION_BULK_READ,
    [APPROVAL_LINK] = ACTION_LOOKUP,       [APPROVAL_UNMERGE] = ACTION_UPDATE,
    [APPROVAL_ERASURE] = ACTION_ERASE,     [APPROVAL_REQUEST] = ACTION_REQUEST_DECIDE,
    [APPROVAL_POLICY] = ACTION_ADMINISTER,
};

static uint32_t kind_of(text name)
{
    for (uint32_t kind = 1; kind < APPROVAL_KINDS; kind++) {
        if (approval_kind_name(kind) != NULL &&
            text_equal_literal(name, approval_kind_name(kind))) {
            return kind;
        }
    }
    return 0;
}

static velum_status parse_kind(passage *passage, const json_value *body, uint32_t *out)
{
    text name;

    VELUM_TRY(parse_text_member(passage, body, "kind", &name));
    *out = kind_of(name);
    return *out != 0 && ACTIONS[*out] != 0
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED,
                             "`kind` is minor, bulk, link, unmerge, erasure, request or policy.");
}

/* 32 bytes, or 16 with zeros behind (the id of a request). */
static velum_status parse_what(passage *passage, const json_value *body, uint8_t out[32])
{
    text what;

    memset(out, 0, 32);
    VELUM_TRY(parse_optional_text(passage, body, "what", &what));
    if (what.size == 0 || hex_decode(what, out, 32) == VELUM_OK ||
        hex_decode(what, out, 16) == VELUM_OK) {
        return VELUM_OK;
    }
    return refuse_hint(passage, PROBLEM_MALFORMED, "`what` is 32 or 64 hex digits.");
}

/* Of many, or of the record that is to join another: the hash of the list, which `refs` gives whole. */
static velum_status parse_refs(passage *passage, const json_value *body, uint8_t out[32])
{
    const json_value *const refs = json_member(body, "refs");
    VELUM_AUTO_MEM ref_list *list = NULL;

    if (refs == NULL) {
        return VELUM_OK;
    }
    if ((passage->action != ACTION_BULK_READ && passage->action != ACTIONS[APPROVAL_LINK]) ||
        json_member(body, "what") != NULL) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`refs` comes with kind bulk or link, for `what`.");
    }
    list = mem_alloc(sizeof(*list));
    if (list == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(ref_list_parse(passage, refs, list));
    memcpy(out, list->hash, sizeof(list->hash));
    return VELUM_OK;
}

/* Whether the act shows fields, for which the approval is then. */
static bool shows_fields(const passage *passage)
{
    return passage->action == ACTION_READ || passage->action == ACTION_BULK_READ;
}

/* Acts on somebody are decided with that somebody; without one, holding the action is enough. */
static velum_status locate_asked(passage *passage, text subject)
{
    if (subject.size > 0) {
        return locate_by_text(passage, subject);
    }
    if (!activity_has(passage, passage->action)) {
        return refuse(passage, REASON_ACTION_NOT_ALLOWED);
    }
    if (passage->unknown_fields > 0) {
        return refuse(passage, REASON_UNKNOWN_FIELD); /* I-3 */
    }
    passage->is_of_own = true;
    return VELUM_OK;
}

velum_status approval_ask_locate(passage *passage)
{
    static const char *const members[] = {"activity", "kind", "subject",     "fields",
                                          "what",     "refs", "reason_code", NULL};
    const json_value *body = json_root(passage->body);
    uint32_t kind = 0;
    text subject;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_kind(passage, body, &kind));
    VELUM_TRY(parse_optional_text(passage, body, "subject", &subject));
    if ((kind == APPROVAL_MINOR) != (subject.size > 0) &&
        (kind == APPROVAL_MINOR || kind == APPROVAL_BULK)) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "A child is `subject`; many are `refs` or their hash in `what`.");
    }
    passage->action = ACTIONS[kind];
    passage->asks_approval = true;
    passage->asked_all = shows_fields(passage);
    VELUM_TRY(parse_field_list(passage, json_member(body, "fields")));
    VELUM_TRY(parse_reason_code(passage, json_member(body, "reason_code")));
    return locate_asked(passage, subject);
}

/* The fields that the approval is to be for: all of the activity where none were named. */
static uint64_t fields_asked(const passage *passage)
{
    return passage->asked_all ? passage->world->bundle->activities[passage->activity].fields
                              : passage->asked;
}

static velum_status write_asked(passage *passage, const approval_row *row, uint32_t agreed)
{
    char id[2 * APPROVAL_ID_BYTES + 1];
    char expires[TIME_TEXT_BYTES];
    json_writer out;

    hex_encode(row->id, sizeof(row->id), id);
    time_format(row->expires_ns, expires);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "approval", id);
    json_member_string(&out, "state", approval_state_name(row->state));
    json_member_integer(&out, "needed", row->needed);
    json_member_integer(&out, "agreed", agreed);
    json_member_string(&out, "expires", expires);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

static velum_status answer_asked(passage *passage, const uint8_t id[APPROVAL_ID_BYTES])
{
    approval_row row;
    uint32_t agreed = 0;

    VELUM_TRY(approval_row_load(passage->conn, id, &row));
    VELUM_TRY(approval_agreed(passage, &row, &agreed));
    return write_asked(passage, &row, agreed);
}

velum_status approval_ask_apply(passage *passage)
{
    const json_value *body = json_root(passage->body);
    approval_scope scope = {
        .activity = passage->world->bundle->activities[passage->activity].number,
        .action = passage->action,
        .fields = shows_fields(passage) ? fields_asked(passage) : 0,
    };
    uint8_t id[APPROVAL_ID_BYTES];

    VELUM_TRY(parse_kind(passage, body, &scope.kind));
    VELUM_TRY(parse_what(passage, body, scope.what));
    VELUM_TRY(parse_refs(passage, body, scope.what));
    if (passage->has_subject) {
        scope.subject = passage->subject;
    }
    if (scope.kind == APPROVAL_MINOR && (passage->verdict.obligations & OBLIGATION_APPROVAL) == 0) {
        return refuse_hint(passage, REASON_CONFLICT, "This read needs no approval.");
    }
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_ASK);
    VELUM_TRY(approval_ask(passage, &scope, id));
    return answer_asked(passage, id);
}

/* --- seeing ------------------------------------------------------------------------------------- */

static void write_said(void *context, const approval_said *said)
{
    json_writer *const out = context;
    char at[TIME_TEXT_BYTES];

    time_format(said->at_ns, at);
    json_begin_object(out);
    json_member_text(out, "by", said->by);
    json_member_string(out, "decision", approval_said_name(said->said));
    json_member_string(out, "at", at);
    json_end_object(out);
}

static velum_status write_decisions(passage *passage, const approval_row *row, json_writer *out)
{
    uint32_t agreed = 0;

    VELUM_TRY(approval_agreed(passage, row, &agreed));
    json_member_integer(out, "agreed", agreed);
    json_name(out, "decisions");
    json_begin_array(out);
    VELUM_TRY(approval_said_each(passage->conn, row->id, write_said, out));
    json_end_array(out);
    return VELUM_OK;
}

static void write_name(passage *passage, const char *name, uint32_t kind, uint16_t number,
                       json_writer *out)
{
    const char *found = world_name(passage->world, kind, number);

    if (found != NULL) {
        json_member_string(out, name, found);
    }
}

/* In the caller's own domain; for an officer of all domains in that of the asking, which is named
 * (I-10). */
static velum_status write_subject(passage *passage, const approval_row *row, json_writer *out)
{
    const uint16_t own = passage->actor.credential->domain_number;
    const uint16_t domain = own != 0 ? own : row->domain;
    const aes_block *permutation = NULL;
    char ref[PSEUDONYM_TEXT_BYTES];

    if (!row->has_subject || domain == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(keyring_domain(passage->gate->keys, domain, &permutation));
    pseudonym_format(permutation, &row->subject, ref);
    json_member_string(out, "subject", ref);
    write_name(passage, "domain", REGISTRY_DOMAIN, domain, out);
    return VELUM_OK;
}

static void write_fields(passage *passage, const approval_row *row, json_writer *out)
{
    if (row->field_count == 0) {
        return;
    }
    json_name(out, "fields");
    json_begin_array(out);
    for (uint32_t i = 0; i < row->field_count; i++) {
        const char *name = world_name(passage->world, REGISTRY_FIELD, row->fields[i]);
        json_write_text(out, text_of(name == NULL ? "?" : name));
    }
    json_end_array(out);
}

static void write_what(const approval_row *row, json_writer *out)
{
    static const uint8_t none[32] = {0};
    char what[65];

    if (memcmp(row->what, none, sizeof(none)) != 0) {
        hex_encode(row->what, sizeof(row->what), what);
        json_member_string(out, "what", what);
    }
}

/* An end that has come counts, whether its timer ran or not. */
static velum_status state_shown(passage *passage, const approval_row *row, uint32_t *out)
{
    bool has_ended = false;

    VELUM_TRY(approval_has_ended(passage, row, &has_ended));
    *out = has_ended ? APPROVAL_ENDED : row->state;
    return VELUM_OK;
}

/* Into an open object. */
static velum_status write_approval(passage *passage, const approval_row *row, json_writer *out)
{
    char id[2 * APPROVAL_ID_BYTES + 1];
    char at[TIME_TEXT_BYTES];
    uint32_t state = 0;

    VELUM_TRY(state_shown(passage, row, &state));
    hex_encode(row->id, sizeof(row->id), id);
    json_member_string(out, "id", id);
    json_member_string(out, "kind", approval_kind_name(row->kind));
    json_member_string(out, "state", approval_state_name(state));
    json_member_string(out, "asked_by", row->asked_by);
    time_format(row->asked_ns, at);
    json_member_string(out, "asked", at);
    if (row->expires_ns != 0) {
        time_format(row->expires_ns, at);
        json_member_string(out, "expires", at);
    }
    json_member_integer(out, "needed", row->needed);
    write_name(passage, "activity", REGISTRY_ACTIVITY, row->activity, out);
    VELUM_TRY(write_subject(passage, row, out));
    write_fields(passage, row, out);
    write_what(row, out);
    return write_decisions(passage, row, out);
}

static velum_status parse_id(passage *passage, uint8_t out[APPROVAL_ID_BYTES])
{
    return hex_decode(passage->request->ref, out, APPROVAL_ID_BYTES) == VELUM_OK
               ? VELUM_OK
               : refuse(passage, REASON_APPROVAL_UNKNOWN);
}

static velum_status load_named(passage *passage, approval_row *out)
{
    uint8_t id[APPROVAL_ID_BYTES];

    VELUM_TRY(parse_id(passage, id));
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = approval_row_load(passage->conn, id, out);
    return status == VELUM_E_NOTFOUND ? refuse(passage, REASON_APPROVAL_UNKNOWN) : status;
}

/* Approvers see every one; the others what they asked for under the activity that they name. */
velum_status approval_get_locate(passage *passage)
{
    approval_row row;

    VELUM_TRY(load_named(passage, &row));
    if (!activity_has(passage, ACTION_APPROVE)) {
        if (strcmp(row.asked_by, passage->actor.credential->name) != 0 ||
            row.activity != passage->world->bundle->activities[passage->activity].number) {
            return refuse(passage, REASON_APPROVAL_UNKNOWN);
        }
        passage->is_of_own = true;
        passage->action = row.action;
    }
    return approval_locate(passage, &row);
}

velum_status approval_get_mask(passage *passage)
{
    approval_row row;
    json_writer out;

    VELUM_TRY(load_named(passage, &row));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SHOW);
    approval_tell_leaf(&passage->entry, &row);
    memcpy(passage->entry.related, row.asked_event, sizeof(row.asked_event));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(write_approval(passage, &row, &out));
    if (row.kind == APPROVAL_POLICY) {
        VELUM_TRY(policy_write_proposal(passage, row.what, &out));
    }
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- the list ----------------------------------------------------------------------------------- */

static velum_status parse_count(passage *passage, const char *name, const int64_t range[2],
                                int64_t *out)
{
    const json_value *value = json_member(json_root(passage->body), name);

    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < range[0] ||
        json_integer(value) > range[1]) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`from` is a number from 0, `limit` one from 1 to 200.");
    }
    *out = json_integer(value);
    return VELUM_OK;
}

static velum_status parse_state(passage *passage, text name, uint32_t *out)
{
    for (uint32_t state = APPROVAL_ASKED; state <= APPROVAL_REVIEWED && *out == 0; state++) {
        *out = text_equal_literal(name, approval_state_name(state)) ? state : 0;
    }
    return name.size == 0 || *out != 0
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED,
                             "`state` is asked, agreed, refused, used, ended, to-review or "
                             "reviewed.");
}

static velum_status parse_filter(passage *passage, approval_filter *out)
{
    static const char *const members[] = {"state", "kind", "from", "limit", NULL};
    static const int64_t from_range[] = {0, INT32_MAX};
    static const int64_t limit_range[] = {1, APPROVAL_PAGE_MAX};
    const json_value *body = json_root(passage->body);
    text state;
    text kind;

    *out = (approval_filter){.limit = 50, .asked_by = TEXT_EMPTY};
    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "state", &state));
    VELUM_TRY(parse_state(passage, state, &out->state));
    VELUM_TRY(parse_optional_text(passage, body, "kind", &kind));
    out->kind = kind_of(kind);
    if (kind.size > 0 && out->kind == 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "There is no such kind of approval.");
    }
    VELUM_TRY(parse_count(passage, "from", from_range, &out->from));
    VELUM_TRY(parse_count(passage, "limit", limit_range, &out->limit));
    if (passage->is_of_own) {
        out->asked_by = text_of(passage->actor.credential->name);
        out->activity = passage->world->bundle->activities[passage->activity].number;
    }
    return VELUM_OK;
}

velum_status approval_list_locate(passage *passage)
{
    if (!activity_has(passage, ACTION_APPROVE)) {
        passage->is_of_own = true;
        passage->action = ACTION_READ;
    }
    return locate_snapshot(passage);
}

static velum_status write_list(passage *passage, const approval_row *rows, uint32_t count,
                               json_writer *out)
{
    json_name(out, "approvals");
    json_begin_array(out);
    for (uint32_t i = 0; i < count; i++) {
        json_begin_object(out);
        VELUM_TRY(write_approval(passage, &rows[i], out));
        json_end_object(out);
    }
    json_end_array(out);
    return VELUM_OK;
}

velum_status approval_list_mask(passage *passage)
{
    approval_filter filter;
    uint32_t count = 0;
    json_writer out;

    VELUM_TRY(parse_filter(passage, &filter));
    VELUM_AUTO_MEM approval_row *rows = mem_alloc_array(APPROVAL_PAGE_MAX, sizeof(*rows));
    if (rows == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(approval_row_page(passage->conn, &filter, rows, &count));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_LIST);
    passage->entry.record_count = count;
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(write_list(passage, rows, count, &out));
    if (count > 0 && count == filter.limit) {
        json_member_integer(&out, "next", filter.from + count);
    }
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
