/* core/bulk_read.c: fields of many customers at once, under an approval for exactly them.
 *
 * Others agreed to this activity, these fields and this list, once. The approval's use, the leaves that
 * name everybody and the disclosure are one transaction, and the answer leaves behind its COMMIT (I-1).
 * It is an approval of many, not of a child's record: whom staff may see only with a word for that one
 * customer is refused here (Minors Regulation 34-37).
 */
#include "core/approvals.h"
#include "core/locate.h"
#include "core/many.h"
#include "core/parse.h"
#include "core/verbs.h"

typedef struct bulk_reading {
    passage *passage;
    many_ask ask;
    ref_list refs;
    uint64_t refused;
} bulk_reading;

velum_status bulk_read_locate(passage *passage)
{
    static const char *const members[] = {"refs", "fields", "approval", "reason_code", NULL};
    const json_value *const body = json_root(passage->body);

    VELUM_TRY(parse_known_members(passage, body, members));
    passage->asked_all = true;
    VELUM_TRY(parse_field_list(passage, json_member(body, "fields")));
    return parse_reason_code(passage, json_member(body, "reason_code"));
}

static velum_status use_approval(bulk_reading *self)
{
    passage *const passage = self->passage;
    const bundle_activity *const activity = &passage->world->bundle->activities[passage->activity];
    approval_scope scope = {
        .kind = APPROVAL_BULK,
        .activity = activity->number,
        .action = ACTION_BULK_READ,
        .fields = passage->asked_all ? activity->fields : passage->asked,
    };
    text id;

    memcpy(scope.what, self->refs.hash, sizeof(scope.what));
    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "approval", &id));
    if (id.size == 0) {
        return refuse_hint(passage, REASON_APPROVAL_UNKNOWN,
                           "Reading many needs an approval of kind bulk for exactly these refs.");
    }
    return approval_use(passage, id, &scope);
}

/* --- a line a customer -------------------------------------------------------------------------- */

/* Hidden and unknown alike where the activity may not know that somebody exists. */
static const char *shown_reason(const passage *passage, velum_status status)
{
    const uint32_t reason =
        many_is_damaged(status) ? PROBLEM_DATA_DAMAGED : passage->verdict.reason;
    const bool knows = passage->world->bundle->activities[passage->activity].knows_existence;

    return !knows || status == VELUM_E_NOTFOUND ? "not-found" : problem_name(reason);
}

static velum_status write_refused(bulk_reading *self, velum_status status, json_writer *out)
{
    const aes_block *permutation = NULL;
    passage *const passage = self->passage;
    char ref[PSEUDONYM_TEXT_BYTES];

    VELUM_TRY(keyring_domain(passage->gate->keys, passage->domain, &permutation));
    pseudonym_format(permutation, &passage->subject, ref);
    json_member_string(out, "subject", ref);
    json_member_string(out, "refused", shown_reason(passage, status));
    self->refused++;
    return VELUM_OK;
}

static velum_status open_one(bulk_reading *self, const subject_id *id)
{
    passage *const passage = self->passage;
    const velum_status status = many_decide(passage, id, &self->ask);

    if (status < 0) {
        return status;
    }
    return passage->verdict.allowed ? read_open(passage) : VELUM_E_DENIED;
}

static velum_status read_one(bulk_reading *self, const subject_id *id)
{
    passage *const passage = self->passage;
    const velum_status status = open_one(self, id);
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    if (status == VELUM_OK) {
        VELUM_TRY(many_name(passage)); /* N-1 */
        VELUM_TRY(many_write_profile(passage, &out));
    } else if (status == VELUM_E_NOTFOUND || status == VELUM_E_DENIED || many_is_damaged(status)) {
        VELUM_TRY(write_refused(self, status, &out));
    } else {
        return status;
    }
    json_end_object(&out);
    buffer_append(&passage->answer->body, "\n", 1);
    return buffer_status(&passage->answer->body);
}

static velum_status read_all(bulk_reading *self)
{
    passage *const passage = self->passage;
    const many_frame frame = many_begin(passage);
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < self->refs.count && status == VELUM_OK; i++) {
        status = read_one(self, &self->refs.ids[i]);
        many_next(passage, &frame);
    }
    many_end(passage, &frame);
    return status;
}

velum_status bulk_read_apply(passage *passage)
{
    VELUM_AUTO_MEM bulk_reading *self = mem_alloc(sizeof(*self));

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    self->passage = passage;
    self->ask = (many_ask){.activity = passage->activity,
                           .action = ACTION_BULK_READ,
                           .fields = passage->asked,
                           .all_fields = passage->asked_all};
    VELUM_TRY(ref_list_parse(passage, json_member(json_root(passage->body), "refs"), &self->refs));
    VELUM_TRY(use_approval(self));
    VELUM_TRY(read_all(self));
    entry_push(&passage->entry, INPUT_ALLOWED, many_count(passage));
    entry_push(&passage->entry, INPUT_REFUSED, self->refused);
    passage->entry.record_count = many_count(passage);
    return VELUM_OK;
}
