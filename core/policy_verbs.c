/* core/policy_verbs.c: a bundle comes into force: its text is kept for ever, its names get numbers,
 * its hash stands in every decision from then on. */
#include "core/approvals.h"
#include "core/parse.h"
#include "core/policy_change.h"
#include "core/verbs.h"

velum_status policy_install(write_batch *batch, const bundle *bundle, const bundle_file *files,
                            size_t count)
{
    VELUM_TRY(policy_keep(batch, bundle, files, count));
    return policy_put_in_force(batch->conn, bundle->hash, clock_wall_ns(&batch->gate->clock));
}

bool policy_is_active(const passage *passage, const uint8_t hash[SHA256_BYTES])
{
    return memcmp(hash, passage->world->bundle->hash, SHA256_BYTES) == 0;
}

/* --- compiling what was given ------------------------------------------------------------------- */

static velum_status parse_files(passage *passage, given_files *out)
{
    const json_value *object = json_member(json_root(passage->body), "files");
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    out->count = 0;
    if (object == NULL || json_kind_of(object) != JSON_OBJECT || json_count(object) == 0 ||
        json_count(object) > STORED_FILES_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`files` is an object of name: text.");
    }
    while (json_next(object, &iterator, &name, &value)) {
        if (json_kind_of(value) != JSON_TEXT) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "A file is a text.");
        }
        out->files[out->count++] = (bundle_file){name, json_text(value)};
    }
    return VELUM_OK;
}

/* A bundle with risks and no assessment ends here (PIPL 55). */
velum_status policy_compile_given(passage *passage, given_files *out_files, bundle **out)
{
    velum_error err = {.status = VELUM_OK};

    VELUM_TRY(parse_files(passage, out_files));
    const velum_status status =
        bundle_compile(out_files->files, out_files->count, NULL, NULL, out, &err);
    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status < 0) {
        memcpy(passage->hint_text, err.text, sizeof(err.text));
        return refuse_hint(passage, REASON_INVALID_VALUE, passage->hint_text);
    }
    memcpy(passage->entry.policy_hash, (*out)->hash, SHA256_BYTES);
    return VELUM_OK;
}

/* --- into force --------------------------------------------------------------------------------- */

velum_status policy_check_credentials(passage *passage, const bundle *bundle)
{
    VELUM_AUTO_MEM credential *credentials = NULL;
    uint32_t count = 0;

    VELUM_TRY(
        credential_load_all(passage->conn, passage->gate->keys, bundle, &credentials, &count));
    for (uint32_t i = 0; i < count; i++) {
        if (credentials[i].revoked_ns == 0 &&
            credential_records_and_lives_on_consent(bundle, credentials[i].activities)) {
            return refuse_hint(passage, REASON_CONFLICT,
                               "Under this policy a credential would record consents and live on "
                               "one (I-7): revoke it first.");
        }
    }
    return VELUM_OK;
}

velum_status policy_proposal_of(passage *passage, const bundle *bundle, proposal *out)
{
    const size_t room = sizeof(out->name) - 1;
    text name = bundle->name;
    const velum_status status = proposal_load(passage->conn, bundle->hash, out);

    if (status != VELUM_E_NOTFOUND) {
        return status;
    }
    *out = (proposal){.state = PROPOSAL_PROPOSED, .at_ns = passage->clock.now_ns};
    memcpy(out->hash, bundle->hash, SHA256_BYTES);
    memcpy(out->by, passage->actor.credential->name, sizeof(out->by));
    name.size = name.size < room ? name.size : room;
    while (name.size > 0 && !utf8_is_valid(name)) {
        name.size--;
    }
    memcpy(out->name, name.data, name.size);
    return VELUM_OK;
}

velum_status policy_bring_into_force(passage *passage, const bundle *bundle, proposal *row)
{
    VELUM_TRY(policy_check_credentials(passage, bundle));
    VELUM_TRY(policy_put_in_force(passage->conn, row->hash, passage->clock.now_ns));
    row->state = PROPOSAL_IN_FORCE;
    row->activate_at_ns = 0;
    row->shadow = false;
    VELUM_TRY(proposal_save(passage->conn, row));
    memcpy(passage->entry.policy_hash, row->hash, SHA256_BYTES);
    world_free(passage->batch->next_world);
    passage->batch->next_world = NULL;
    return world_load(passage->gate, passage->conn, &passage->batch->next_world, NULL);
}

/* --- apply -------------------------------------------------------------------------------------- */

static velum_status write_applied(passage *passage, const bundle *bundle, bool changed)
{
    char hash[65];
    json_writer out;

    entry_push(&passage->entry, INPUT_RESULT, changed ? RESULT_CHANGED : RESULT_SAME);
    hex_encode(bundle->hash, SHA256_BYTES, hash);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "policy", hash);
    json_member_text(&out, "name", bundle->name);
    json_member_bool(&out, "changed", changed);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* Proposed and in force at once, which a policy that wants others to agree does not allow: lowering
 * that demand needs their agreement, too. */
velum_status policy_apply(passage *passage)
{
    static const char *const members[] = {"files", NULL};
    VELUM_AUTO(bundle) *bundle = NULL;
    given_files files;
    proposal row;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(policy_compile_given(passage, &files, &bundle));
    if (policy_is_active(passage, bundle->hash)) {
        return write_applied(passage, bundle, false);
    }
    if (approvals_needed(passage->world->bundle, APPROVAL_POLICY) > 0) {
        return refuse(passage, REASON_POLICY_APPROVAL);
    }
    VELUM_TRY(policy_keep(passage->batch, bundle, files.files, files.count));
    VELUM_TRY(policy_proposal_of(passage, bundle, &row));
    VELUM_TRY(policy_bring_into_force(passage, bundle, &row));
    return write_applied(passage, bundle, true);
}
