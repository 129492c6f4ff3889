/* core/audit_explain.c: one entry, and everything that was known when it was made.
 *
 * The policy of that time is compiled again from its stored text (bundles are kept for ever), and the
 * decision is made again from the leaf's inputs (D-3). The notice of a consent is looked up by its
 * full hash. Nothing here opens a customer's data, or says whose it was.
 */
#include "core/audit_explain.h"

#include "core/audit_replay.h"
#include "core/audit_scan.h"
#include "core/audit_write.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/policy_store.h"
#include "core/verbs.h"

/* --- what it stands on -------------------------------------------------------------------------- */

static velum_status load_bundle(explanation *self)
{
    static const uint8_t none[SHA256_BYTES] = {0};
    passage *const passage = self->passage;
    const uint8_t *const hash = self->entry.policy_hash;

    if (memcmp(hash, none, sizeof(none)) == 0) {
        return VELUM_OK;
    }
    if (memcmp(hash, self->world->bundle->hash, SHA256_BYTES) == 0) {
        self->bundle = self->world->bundle;
        return VELUM_OK;
    }
    VELUM_TRY(locate_snapshot(passage));
    const velum_status status = policy_bundle_of(passage->conn, hash, &self->compiled, NULL);
    if (status == VELUM_E_NOTFOUND || status == VELUM_E_INVALID) {
        return VELUM_OK; /* said as such */
    }
    VELUM_TRY(status);
    VELUM_TRY(audit_number_bundle(self->world, self->compiled));
    self->bundle = self->compiled;
    return VELUM_OK;
}

/* What the entry belongs to: an approval, a chunk's counts. Best effort within one stretch. */
static velum_status find_related(explanation *self, log_reader *reader)
{
    static const uint8_t none[ENTRY_TOKEN_BYTES] = {0};
    uint64_t index = 0;

    if (memcmp(self->entry.related, none, sizeof(none)) == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(log_reader_seek(reader, 0));
    const velum_status status = audit_find_id(self->passage, reader, self->entry.related, &index);
    self->related = status == VELUM_OK ? index : 0;
    return status == VELUM_E_NOTFOUND || status == VELUM_END ? VELUM_OK : status;
}

/* --- the policy of that time -------------------------------------------------------------------- */

static void write_policy(explanation *self)
{
    json_writer *const out = &self->out;
    const uint8_t *const hash = self->entry.policy_hash;

    json_name(out, "policy");
    json_begin_object(out);
    audit_member_hex(out, "hash", hash, SHA256_BYTES);
    json_member_bool(out, "in_force", memcmp(hash, self->world->bundle->hash, SHA256_BYTES) == 0);
    json_member_bool(out, "available", self->bundle != NULL);
    if (self->bundle != NULL) {
        json_member_text(out, "name", self->bundle->name);
    }
    json_end_object(out);
}

static void write_differing_fields(explanation *self, const audit_replay *replay)
{
    json_writer *const out = &self->out;

    json_name(out, "fields");
    json_begin_array(out);
    for (uint32_t i = 0; i < self->bundle->field_count; i++) {
        if ((replay->fields >> i & 1) != 0) {
            json_write_text(out, self->bundle->fields[i].name);
        }
    }
    json_end_array(out);
}

static void write_replay(explanation *self)
{
    json_writer *const out = &self->out;
    audit_replay replay;

    audit_replay_run(self->world, self->bundle, &self->entry, &replay);
    json_name(out, "replay");
    json_begin_object(out);
    json_member_string(out, "result", audit_replay_name(replay.result));
    if (replay.result == REPLAY_DIFFERENT) {
        const uint32_t decision = replay.found.allowed ? replay.found.decision : ENTRY_DENY;
        json_member_string(out, "decision", entry_decision_name(decision));
        if (!replay.found.allowed) {
            json_member_string(out, "reason", reason_name(replay.found.reason));
        }
        write_differing_fields(self, &replay);
    }
    if (replay.assumed) {
        json_member_bool(out, "assumed_conditions", true);
    }
    json_end_object(out);
}

static void write_related(explanation *self)
{
    json_writer *const out = &self->out;

    audit_member_hex(out, "related", self->entry.related, ENTRY_TOKEN_BYTES);
    if (self->related != 0) {
        json_member_integer(out, "related_index", (int64_t)self->related);
    }
}

/* --- the verb ----------------------------------------------------------------------------------- */

static velum_status write_explanation(explanation *self)
{
    json_writer_init(&self->out, &self->passage->answer->body);
    json_begin_object(&self->out);
    audit_members_of_place(&self->out, self->index, &self->entry);
    explanation_write_who(self);
    explanation_write_why(self);
    VELUM_TRY(explanation_write_consent(self));
    explanation_write_decision(self);
    write_policy(self);
    write_replay(self);
    write_related(self);
    json_end_object(&self->out);
    return buffer_status(&self->passage->answer->body);
}

static velum_status explain_leaf(explanation *self, log_reader *reader)
{
    log_leaf leaf;

    VELUM_TRY(log_reader_seek(reader, self->index));
    VELUM_TRY(log_reader_next(reader, &leaf));
    self->entry = *leaf.entry;
    self->entry.subjects = NULL; /* borrowed from the leaf; the count is enough */
    velum_status status = load_bundle(self);
    if (status == VELUM_OK) {
        status = find_related(self, reader);
    }
    if (status == VELUM_OK) {
        status = write_explanation(self);
    }
    bundle_free(self->compiled);
    return status;
}

velum_status explain_mask(passage *passage)
{
    static const char *const members[] = {"index", "id", "from", "notice", NULL};
    VELUM_AUTO_MEM explanation *self = mem_alloc(sizeof(*self));
    VELUM_AUTO(log_reader) *reader = NULL;
    const json_value *const body = json_root(passage->body);
    const json_value *const notice = json_member(body, "notice");

    if (self == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(parse_known_members(passage, body, members));
    self->passage = passage;
    self->world = passage->world;
    self->wants_notice = notice != NULL && json_kind_of(notice) == JSON_BOOL && json_bool(notice);
    VELUM_TRY(audit_wait(passage));
    VELUM_TRY(log_reader_open(passage->gate->audit_fd, &reader, NULL));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_EXPLAIN);
    velum_status status = audit_find(passage, reader, &self->index);
    if (status == VELUM_END) {
        return audit_write_next(passage, self->index);
    }
    if (status == VELUM_OK) {
        status = explain_leaf(self, reader);
    }
    return status == VELUM_E_NOTFOUND
               ? refuse_hint(passage, REASON_INVALID_VALUE, "The log has no such entry.")
               : status;
}
