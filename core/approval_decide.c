/* core/approval_decide.c: somebody else agrees, refuses, or looks at a glass that was broken. */
#include "core/approval_rows.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

static velum_status parse_said(passage *passage, uint32_t *out)
{
    static const char *const members[] = {"decision", NULL};
    const json_value *body = json_root(passage->body);
    text decision;

    *out = 0;
    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "decision", &decision));
    for (uint32_t said = APPROVAL_SAID_AGREE; said <= APPROVAL_SAID_REVIEWED; said++) {
        *out = text_equal_literal(decision, approval_said_name(said)) ? said : *out;
    }
    return *out != 0 ? VELUM_OK
                     : refuse_hint(passage, PROBLEM_MALFORMED,
                                   "`decision` is agree, refuse or reviewed.");
}

/* P-1: the same credential, or another of the same uid. */
static bool is_asker(const approval_row *row, const credential *credential)
{
    return strcmp(row->asked_by, credential->name) == 0 ||
           (row->has_uid && credential->has_uid && row->uid == credential->uid);
}

static velum_status check_person(passage *passage, const approval_row *row,
                                 const approval_said *said)
{
    const uint32_t roles = passage->world->bundle->approvals[row->kind].roles;
    bool has_decided = false;

    if (passage->actor.kind != ACTOR_HUMAN) {
        return refuse(passage, REASON_ACTOR_KIND);
    }
    if (is_asker(row, passage->actor.credential)) {
        return refuse(passage, REASON_APPROVAL_OWN);
    }
    if (roles != 0 && (passage->actor.roles & roles) == 0) {
        return refuse(passage, REASON_NO_ROLE_APPLIES);
    }
    VELUM_TRY(approval_said_by(passage->conn, said, &has_decided));
    return has_decided ? refuse_hint(passage, REASON_CONFLICT, "This person has decided already.")
                       : VELUM_OK;
}

/* P-3. What is agreed can still be refused until it is used. */
static velum_status check_open(passage *passage, const approval_row *row, uint32_t said)
{
    static const uint16_t reasons[] = {
        [APPROVAL_ASKED] = REASON_CONFLICT,          [APPROVAL_AGREED] = REASON_CONFLICT,
        [APPROVAL_REFUSED] = REASON_APPROVAL_DENIED, [APPROVAL_USED_UP] = REASON_APPROVAL_USED,
        [APPROVAL_ENDED] = REASON_APPROVAL_EXPIRED,  [APPROVAL_TO_REVIEW] = REASON_CONFLICT,
        [APPROVAL_REVIEWED] = REASON_APPROVAL_USED,
    };
    const bool fits = (said == APPROVAL_SAID_REVIEWED && row->state == APPROVAL_TO_REVIEW) ||
                      (said == APPROVAL_SAID_AGREE && row->state == APPROVAL_ASKED) ||
                      (said == APPROVAL_SAID_REFUSE &&
                       (row->state == APPROVAL_ASKED || row->state == APPROVAL_AGREED));

    if (!fits) {
        return refuse_hint(passage, reasons[row->state],
                           "Its state does not allow that: see its list.");
    }
    if (row->expires_ns == 0) {
        return VELUM_OK;
    }
    if (passage->clock.behind) {
        return refuse(passage, REASON_CLOCK_BEHIND); /* I-3 */
    }
    bool has_ended = passage->clock.later_ns >= row->expires_ns;
    if (said == APPROVAL_SAID_AGREE) {
        VELUM_TRY(approval_has_ended(passage, row, &has_ended)); /* P-5 */
    }
    return has_ended ? refuse(passage, REASON_APPROVAL_EXPIRED) : VELUM_OK;
}

/* The state after what was said last. */
static velum_status next_state(passage *passage, const approval_row *row, uint32_t said,
                               uint32_t *out)
{
    uint32_t count = 0;
    bool stands = false;

    *out = row->state;
    if (said == APPROVAL_SAID_REFUSE) {
        *out = APPROVAL_REFUSED;
        return VELUM_OK;
    }
    if (said == APPROVAL_SAID_AGREE) {
        VELUM_TRY(approval_stands(passage, row, &stands));
        *out = stands ? APPROVAL_AGREED : row->state;
        return VELUM_OK;
    }
    VELUM_TRY(approval_said_count(passage->conn, row->id, said, &count));
    *out = count >= row->needed ? APPROVAL_REVIEWED : row->state;
    return VELUM_OK;
}

static void fill_leaf(passage *passage, const approval_row *row, uint32_t said)
{
    static const uint8_t operations[] = {[APPROVAL_SAID_AGREE] = OPERATION_AGREE,
                                         [APPROVAL_SAID_REFUSE] = OPERATION_REFUSE,
                                         [APPROVAL_SAID_REVIEWED] = OPERATION_REVIEW};

    entry_push(&passage->entry, INPUT_OPERATION, operations[said]);
    approval_tell_leaf(&passage->entry, row);
}

static velum_status record_said(passage *passage, approval_row *row, const approval_said *said)
{
    uint32_t state = 0;

    VELUM_TRY(approval_said_insert(passage->conn, said));
    VELUM_TRY(next_state(passage, row, said->said, &state));
    if (state == APPROVAL_AGREED) {
        memcpy(row->agreed_event, passage->entry.event_id, sizeof(row->agreed_event));
    }
    return state == row->state ? VELUM_OK : approval_row_move(passage->conn, row, state);
}

static velum_status answer(passage *passage, const approval_row *row)
{
    char id[2 * APPROVAL_ID_BYTES + 1];
    uint32_t agreed = 0;
    json_writer out;

    VELUM_TRY(approval_agreed(passage, row, &agreed));
    hex_encode(row->id, sizeof(row->id), id);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "approval", id);
    json_member_string(&out, "state", approval_state_name(row->state));
    json_member_integer(&out, "needed", row->needed);
    json_member_integer(&out, "agreed", agreed);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status approval_decide_apply(passage *passage)
{
    const credential *credential = passage->actor.credential;
    audit_entry *const entry = &passage->entry;
    approval_row row;
    approval_said said = {.id = row.id,
                          .by = text_of(credential->name),
                          .has_uid = credential->has_uid,
                          .uid = credential->uid,
                          .at_ns = passage->clock.now_ns,
                          .event = entry->event_id};
    uint8_t id[APPROVAL_ID_BYTES];

    VELUM_TRY(parse_said(passage, &said.said));
    if (hex_decode(passage->request->ref, id, sizeof(id)) < 0) {
        return refuse(passage, REASON_APPROVAL_UNKNOWN);
    }
    const velum_status status = approval_row_load(passage->conn, id, &row);
    if (status < 0) {
        return status == VELUM_E_NOTFOUND ? refuse(passage, REASON_APPROVAL_UNKNOWN) : status;
    }
    VELUM_TRY(approval_locate(passage, &row));
    memcpy(entry->related, row.asked_event, sizeof(row.asked_event));
    credential_actor_token(passage->gate->keys, text_of(row.asked_by), entry->user_token);
    VELUM_TRY(check_person(passage, &row, &said));
    VELUM_TRY(check_open(passage, &row, said.said));
    VELUM_TRY(record_said(passage, &row, &said));
    fill_leaf(passage, &row, said.said);
    return answer(passage, &row);
}
