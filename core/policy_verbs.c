/* core/policy_verbs.c: a bundle comes into force: its text is kept for ever, its names get numbers,
 * its hash stands in every decision from then on. */
#include "core/notices.h"
#include "core/parse.h"
#include "core/registry.h"
#include "core/verbs.h"

#define FILES_MAX 256

/* --- storing ------------------------------------------------------------------------------------ */

static velum_status store_file(store_conn *conn, const uint8_t hash[SHA256_BYTES],
                               const bundle_file *file)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn,
                             "INSERT INTO bundle_file (hash, name, bytes) VALUES ($1, $2, $3)"
                             " ON CONFLICT (hash, name) DO NOTHING",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    VELUM_TRY(stmt_bind_text(stmt, 2, file->name));
    VELUM_TRY(stmt_bind_blob(stmt, 3, file->bytes.data, file->bytes.size));
    return stmt_execute(stmt);
}

static velum_status store_applied(store_conn *conn, const uint8_t hash[SHA256_BYTES], int64_t at_ns)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(
        conn_statement(conn, "INSERT INTO bundle_applied (hash, at_ns) VALUES ($1, $2)", &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    VELUM_TRY(stmt_bind_integer(stmt, 2, at_ns));
    return stmt_execute(stmt);
}

velum_status policy_install(write_batch *batch, const bundle *bundle, const bundle_file *files,
                            size_t count)
{
    const int64_t now_ns = clock_wall_ns(&batch->gate->clock);

    VELUM_TRY(registry_add_bundle(batch, bundle, now_ns));
    for (size_t i = 0; i < count; i++) {
        VELUM_TRY(store_file(batch->conn, bundle->hash, &files[i]));
    }
    VELUM_TRY(notices_put_bundle(batch, bundle));
    return store_applied(batch->conn, bundle->hash, now_ns);
}

/* --- apply -------------------------------------------------------------------------------------- */

static velum_status parse_files(passage *passage, bundle_file files[FILES_MAX], size_t *out_count)
{
    static const char *const members[] = {"files", NULL};
    const json_value *body = json_root(passage->body);
    const json_value *object = json_member(body, "files");
    json_iterator iterator = {NULL};
    const json_value *value = NULL;
    text name;

    *out_count = 0;
    VELUM_TRY(parse_known_members(passage, body, members));
    if (object == NULL || json_kind_of(object) != JSON_OBJECT || json_count(object) == 0 ||
        json_count(object) > FILES_MAX) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`files` is an object of name: text.");
    }
    while (json_next(object, &iterator, &name, &value)) {
        if (json_kind_of(value) != JSON_TEXT) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "A file is a text.");
        }
        files[(*out_count)++] = (bundle_file){name, json_text(value)};
    }
    return VELUM_OK;
}

/* I-7 holds for every credential under the new policy too. */
static velum_status check_credentials(passage *passage, const bundle *bundle)
{
    const world *next = passage->batch->next_world;

    for (uint32_t i = 0; i < next->credential_count; i++) {
        const credential *credential = &next->credentials[i];
        if (credential->revoked_ns == 0 &&
            credential_records_and_lives_on_consent(bundle, credential->activities)) {
            return refuse_hint(passage, REASON_CONFLICT,
                               "Under this policy a credential would record consents and live on "
                               "one (I-7): revoke it first.");
        }
    }
    return VELUM_OK;
}

static velum_status write_applied(passage *passage, const bundle *bundle, bool changed)
{
    char hash[65];
    json_writer out;

    hex_encode(bundle->hash, SHA256_BYTES, hash);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "policy", hash);
    json_member_text(&out, "name", bundle->name);
    json_member_bool(&out, "changed", changed);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status policy_apply(passage *passage)
{
    bundle_file files[FILES_MAX];
    size_t count = 0;
    velum_error err = {.status = VELUM_OK};
    VELUM_AUTO(bundle) *bundle = NULL;

    VELUM_TRY(parse_files(passage, files, &count));
    const velum_status status = bundle_compile(files, count, NULL, NULL, &bundle, &err);
    if (status == VELUM_E_NOMEM) {
        return status;
    }
    if (status < 0) {
        memcpy(passage->hint_text, err.text, sizeof(err.text));
        return refuse_hint(passage, REASON_INVALID_VALUE, passage->hint_text);
    }
    memcpy(passage->entry.policy_hash, bundle->hash, SHA256_BYTES);
    if (memcmp(bundle->hash, passage->world->bundle->hash, SHA256_BYTES) == 0) {
        entry_push(&passage->entry, INPUT_RESULT, RESULT_SAME);
        return write_applied(passage, bundle, false);
    }
    VELUM_TRY(policy_install(passage->batch, bundle, files, count));
    VELUM_TRY(world_load(passage->gate, passage->conn, &passage->batch->next_world, NULL));
    VELUM_TRY(check_credentials(passage, passage->batch->next_world->bundle));
    entry_push(&passage->entry, INPUT_RESULT, RESULT_CHANGED);
    return write_applied(passage, bundle, true);
}

/* --- show --------------------------------------------------------------------------------------- */

static void write_activities(const bundle *bundle, json_writer *out)
{
    json_name(out, "activities");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->activity_count; i++) {
        const bundle_activity *activity = &bundle->activities[i];
        const bundle_purpose *purpose = &bundle->purposes[activity->purpose];
        json_begin_object(out);
        json_member_text(out, "name", activity->name);
        json_member_text(out, "title_en", activity->title_en);
        json_member_text(out, "title_zh", activity->title_zh);
        json_member_text(out, "purpose", purpose->name);
        json_member_string(out, "basis", basis_name(purpose->basis));
        json_name(out, "actions");
        json_begin_array(out);
        for (uint32_t bit = 0; bit < ACTION_COUNT; bit++) {
            if ((activity->actions >> bit & 1) != 0) {
                json_write_text(out, text_of(action_name(1U << bit)));
            }
        }
        json_end_array(out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_roles(const bundle *bundle, json_writer *out)
{
    json_name(out, "roles");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->role_count; i++) {
        const bundle_role *role = &bundle->roles[i];
        json_begin_object(out);
        json_member_text(out, "name", role->name);
        json_name(out, "fields");
        json_begin_object(out);
        for (uint32_t f = 0; f < bundle->field_count; f++) {
            const char *effect = (role->clear >> f & 1) != 0  ? "clear"
                                 : (role->mask >> f & 1) != 0 ? "mask"
                                                              : "hide";
            json_name_text(out, bundle->fields[f].name);
            json_write_text(out, text_of(effect));
        }
        json_end_object(out);
        json_end_object(out);
    }
    json_end_array(out);
}

velum_status policy_show(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    char hash[65];
    json_writer out;

    hex_encode(bundle->hash, SHA256_BYTES, hash);
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_SHOW);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "policy", hash);
    json_member_text(&out, "name", bundle->name);
    json_member_text(&out, "jurisdiction", bundle->jurisdiction);
    write_activities(bundle, &out);
    write_roles(bundle, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
