/* core/merge.c: two customers are one, and are not after all (docs/merging.md).
 *
 * Each record that is concerned is decided on by the caller's activity and named in the leaf. Whoever is one
 * by mistake would be erased with somebody else and seen by them; taken apart by mistake, they would allow
 * again what they had narrowed (I-8). So others agree to either where the policy wants them to.
 */
#include "core/approvals.h"
#include "core/happening.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/person.h"
#include "core/profile.h"
#include "core/verbs.h"

typedef struct merge {
    subject_id stays;   /* of the record in the path, or the one that stays of its person */
    person_members own; /* its person's records, the record itself where it stands alone */
    person_members moved;
} merge;

/* --- who is concerned --------------------------------------------------------------------------- */

static velum_status parse_wish(passage *passage, text *out, text *approval)
{
    static const char *const members[] = {"with", "approval", NULL};
    const json_value *const body = json_root(passage->body);

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "approval", approval));
    VELUM_TRY(parse_optional_text(passage, body, "with", out));
    return out->size > 0 ? VELUM_OK
                         : refuse_hint(passage, PROBLEM_MALFORMED,
                                       "`with` is the reference of the record that joins.");
}

/* The located record's person: which one stays, and all of them. */
static velum_status person_of_located(passage *passage, subject_id *stays, person_members *out)
{
    const subject_id *const person = sealed_subject_person(passage->sealed);

    if (person == NULL) {
        *stays = passage->subject;
        *out = (person_members){.count = 1};
        out->items[0] = (person_member){.id = passage->subject, .status = VAULT_SUBJECT_LIVE};
        return VELUM_OK;
    }
    *stays = *person;
    return vault_person_members(passage->conn, person, out);
}

static many_ask ask_of(const passage *passage)
{
    return (many_ask){.activity = passage->activity, .action = passage->action};
}

static velum_status decide_one(passage *passage, const subject_id *id)
{
    const many_ask ask = ask_of(passage);
    const velum_status status = many_decide(passage, id, &ask);

    if (status < 0 && status != VELUM_E_NOTFOUND) {
        return status;
    }
    return passage->verdict.allowed ? VELUM_OK : refuse(passage, passage->verdict.reason);
}

/* Back to the record of the path, whose verdict is the request's. */
static velum_status come_back(passage *passage, const many_frame *frame, const subject_id *id)
{
    many_next(passage, frame);
    passage->subject = *id;
    VELUM_TRY(locate_subject(passage));
    passage->verdict = frame->own;
    if (passage->verdict.consent != NULL) { /* it stood in the state that was let go */
        passage->verdict.consent =
            subject_state_consent(person_state(passage), passage->verdict.consent->purpose);
    }
    return VELUM_OK;
}

/* Each of them decided on and named in the leaf; whoever joins is sealed anew, so that its row from before
 * does not part it from the others (V-5). */
static velum_status name_each(passage *passage, const many_frame *frame,
                              const person_members *members, bool join)
{
    for (uint32_t i = 0; i < members->count; i++) {
        VELUM_TRY(decide_one(passage, &members->items[i].id));
        VELUM_TRY(many_name(passage));
        VELUM_TRY(join ? state_seal_final(passage) : VELUM_OK);
        many_next(passage, frame);
    }
    return VELUM_OK;
}

static velum_status tell(passage *passage, uint32_t event, const subject_id *subject,
                         const subject_id *stays)
{
    happening what = {.event = event, .subject = *subject, .at_ns = passage->clock.now_ns};

    memcpy(what.related, stays->bytes, sizeof(what.related));
    return happened(passage->batch, passage->world, &what);
}

/* --- what others agree to ----------------------------------------------------------------------- */

static velum_status use_approval(passage *passage, text id, approval_scope *scope)
{
    const bundle *const bundle = passage->world->bundle;

    scope->activity = bundle->activities[passage->activity].number;
    scope->subject = passage->subject;
    if (approvals_needed(bundle, scope->kind) == 0) {
        return VELUM_OK;
    }
    return id.size == 0 ? refuse(passage, REASON_APPROVAL_REQUIRED)
                        : approval_use(passage, id, scope);
}

/* Exactly this record, as `refs` of the asking names it (docs/formats/approval.md). */
static velum_status use_approval_of_link(passage *passage, text id, const subject_id *other)
{
    approval_scope scope = {.kind = APPROVAL_LINK, .action = ACTION_LOOKUP};
    const aes_block *permutation = NULL;
    char line[PSEUDONYM_TEXT_BYTES];

    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    pseudonym_format(permutation, other, line);
    line[PSEUDONYM_CHARS] = '\n';
    sha256(line, sizeof(line), scope.what);
    return use_approval(passage, id, &scope);
}

/* --- merging ------------------------------------------------------------------------------------ */

static velum_status check(passage *passage, const merge *self, uint16_t jurisdiction)
{
    if (passage->state.jurisdiction != jurisdiction) {
        return refuse_hint(passage, REASON_CONFLICT,
                           "The two live under different laws; none is stricter in everything.");
    }
    return self->own.count + self->moved.count > VAULT_PERSON_MAX
               ? refuse_hint(passage, REASON_CONFLICT, "A person has at most 8 records.")
               : VELUM_OK;
}

static velum_status look_at_other(passage *passage, merge *self, const subject_id *id)
{
    const uint16_t jurisdiction = passage->state.jurisdiction;
    subject_id other_stays;

    VELUM_TRY(decide_one(passage, id));
    VELUM_TRY(person_of_located(passage, &other_stays, &self->moved));
    if (memcmp(other_stays.bytes, self->stays.bytes, SUBJECT_ID_BYTES) == 0) {
        self->moved.count = 0; /* they are one already */
        return VELUM_OK;
    }
    return check(passage, self, jurisdiction);
}

static velum_status join(passage *passage, const merge *self)
{
    const int64_t now_ns = passage->clock.later_ns;

    for (uint32_t i = 0; i < self->moved.count; i++) {
        const subject_id *const id = &self->moved.items[i].id;
        VELUM_TRY(vault_person_put(passage->conn, id, &self->stays, now_ns));
        VELUM_TRY(write_batch_touch(passage->batch, id)); /* */
        VELUM_TRY(tell(passage, HOOK_SUBJECT_MERGED, id, &self->stays));
    }
    for (uint32_t i = 0; i < self->own.count && self->moved.count > 0; i++) {
        VELUM_TRY(write_batch_touch(passage->batch, &self->own.items[i].id));
    }
    if (self->own.count > 1 || self->moved.count == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(state_seal_final(passage));
    return vault_person_put(passage->conn, &self->stays, &self->stays, 0);
}

static velum_status write_answer(passage *passage, const subject_id *stays, uint32_t count,
                                 const char *name)
{
    const aes_block *permutation = NULL;
    char ref[PSEUDONYM_TEXT_BYTES];
    json_writer out;

    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    pseudonym_format(permutation, stays, ref);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "subject", ref);
    json_member_integer(&out, name, count);
    reply_decision(passage, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status merge_apply(passage *passage)
{
    const subject_id own = passage->subject;
    merge self = {.stays = own};
    subject_id other;
    text with = TEXT_EMPTY;
    text approval = TEXT_EMPTY;

    VELUM_TRY(parse_wish(passage, &with, &approval));
    VELUM_TRY(locate_other_ref(passage, with, &other));
    VELUM_TRY(person_of_located(passage, &self.stays, &self.own));
    const many_frame frame = many_begin(passage);
    VELUM_TRY(look_at_other(passage, &self, &other));
    many_next(passage, &frame);
    VELUM_TRY(name_each(passage, &frame, &self.moved, true));
    VELUM_TRY(come_back(passage, &frame, &own));
    if (self.moved.count > 0) {
        VELUM_TRY(use_approval_of_link(passage, approval, &other));
    }
    VELUM_TRY(join(passage, &self));
    passage->entry.record_count = self.moved.count;
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_MERGE);
    return write_answer(passage, &self.stays, self.moved.count, "merged");
}

/* --- taking apart ------------------------------------------------------------------------------- */

static velum_status tell_left(passage *passage, const subject_id *id, const subject_id *stayed)
{
    return memcmp(id->bytes, stayed->bytes, SUBJECT_ID_BYTES) == 0
               ? VELUM_OK
               : tell(passage, HOOK_SUBJECT_UNMERGED, id, stayed);
}

velum_status unmerge_apply(passage *passage)
{
    static const char *const members[] = {"approval", NULL};
    const json_value *const body = json_root(passage->body);
    const subject_id own = passage->subject;
    const subject_id *const person = sealed_subject_person(passage->sealed);
    approval_scope scope = {.kind = APPROVAL_UNMERGE, .action = ACTION_UPDATE};
    person_members others;
    text approval = TEXT_EMPTY;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "approval", &approval));
    if (person == NULL) {
        return refuse_hint(passage, REASON_CONFLICT, "The record stands for itself already.");
    }
    const subject_id stayed = *person;
    VELUM_TRY(use_approval(passage, approval, &scope));
    VELUM_TRY(person_leave(passage, &others));
    VELUM_TRY(tell_left(passage, &own, &stayed));
    for (uint32_t i = 0; i < others.count; i++) {
        VELUM_TRY(tell_left(passage, &others.items[i].id, &stayed));
    }
    const many_frame frame = many_begin(passage);
    VELUM_TRY(name_each(passage, &frame, &others, false));
    VELUM_TRY(come_back(passage, &frame, &own));
    passage->entry.record_count = others.count + 1;
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_UNMERGE);
    return write_answer(passage, &own, others.count + 1, "unmerged");
}
