/* core/administer.c: credentials, the clock, and how the gate does: for people at the command line. */
#include "core/locate.h"
#include "core/meta.h"
#include "core/parse.h"
#include "core/registry.h"
#include "core/verbs.h"

#define LIST_BYTES_MAX 2048

velum_status credential_load_next_world(passage *passage)
{
    world_free(passage->batch->next_world);
    passage->batch->next_world = NULL;
    return world_load(passage->gate, passage->conn, &passage->batch->next_world, NULL);
}

/* --- add ---------------------------------------------------------------------------------------- */

/* An array of names as one comma-separated text, which lives in the buffer. */
static velum_status join_names(passage *passage, const json_value *array, buffer *out)
{
    if (array == NULL || json_kind_of(array) != JSON_ARRAY || json_count(array) == 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "roles and activities are arrays of names.");
    }
    for (size_t i = 0; i < json_count(array); i++) {
        const json_value *value = json_at(array, i);
        if (json_kind_of(value) != JSON_TEXT || json_text(value).size == 0 ||
            text_find_byte(json_text(value), ',') != json_text(value).size) {
            return refuse_hint(passage, PROBLEM_MALFORMED, "A name is a text without a comma.");
        }
        if (i > 0) {
            buffer_append_byte(out, ',');
        }
        buffer_append(out, json_text(value).data, json_text(value).size);
    }
    return buffer_status(out);
}

static velum_status parse_kind(passage *passage, const json_value *body, uint32_t *out)
{
    text kind;

    VELUM_TRY(parse_text_member(passage, body, "kind", &kind));
    *out = text_equal_literal(kind, "service") ? ACTOR_SERVICE
           : text_equal_literal(kind, "human") ? ACTOR_HUMAN
                                               : 0;
    return *out != 0 ? VELUM_OK
                     : refuse_hint(passage, PROBLEM_MALFORMED, "`kind` is service or human.");
}

static velum_status parse_end(passage *passage, const json_value *body, int64_t *out)
{
    text expires;

    *out = 0;
    VELUM_TRY(parse_optional_text(passage, body, "expires", &expires));
    if (expires.size == 0) {
        return VELUM_OK;
    }
    if (time_parse(expires, out) < 0 || *out <= passage->clock.later_ns) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "`expires` is a time to come, such as 2027-01-31T00:00:00Z.");
    }
    return VELUM_OK;
}

static velum_status parse_uid(passage *passage, const json_value *body, credential_request *out)
{
    const json_value *uid = json_member(body, "uid");

    if (uid == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(uid) != JSON_INTEGER || json_integer(uid) < 0 ||
        json_integer(uid) > (int64_t)UINT32_MAX - 1) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`uid` is a user id.");
    }
    out->has_uid = true;
    out->uid = (uint32_t)json_integer(uid);
    return VELUM_OK;
}

typedef struct add_lists {
    buffer roles;
    buffer activities;
} add_lists;

static velum_status parse_add(passage *passage, add_lists *lists, credential_request *out)
{
    static const char *const members[] = {"name",  "kind", "roles",   "activities", "domain",
                                          "store", "uid",  "expires", NULL};
    const json_value *body = json_root(passage->body);

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "name", &out->name));
    VELUM_TRY(parse_kind(passage, body, &out->kind));
    VELUM_TRY(join_names(passage, json_member(body, "roles"), &lists->roles));
    VELUM_TRY(join_names(passage, json_member(body, "activities"), &lists->activities));
    VELUM_TRY(parse_text_member(passage, body, "domain", &out->domain));
    VELUM_TRY(parse_optional_text(passage, body, "store", &out->store));
    VELUM_TRY(parse_end(passage, body, &out->expires_ns));
    out->roles = (text){(const char *)lists->roles.data, lists->roles.size};
    out->activities = (text){(const char *)lists->activities.data, lists->activities.size};
    return parse_uid(passage, body, out);
}

static velum_status add_checked(passage *passage, const credential_request *request)
{
    velum_error err = {.status = VELUM_OK};
    char token[CREDENTIAL_TOKEN_BYTES];
    uint16_t domain = 0;
    json_writer out;

    if (credential_check(request, passage->world->bundle, &err) < 0) {
        memcpy(passage->hint_text, err.text, sizeof(err.text));
        return refuse_hint(passage, REASON_INVALID_VALUE, passage->hint_text);
    }
    if (!text_equal_literal(request->domain, DOMAIN_ALL)) {
        VELUM_TRY(registry_add(passage->batch, REGISTRY_DOMAIN, request->domain,
                               passage->clock.now_ns, &domain));
    }
    const velum_status status = credential_insert(passage->conn, passage->gate->keys,
                                                  &passage->gate->random, request, token);
    if (status == VELUM_E_EXISTS) {
        return refuse_hint(passage, REASON_CONFLICT, "The name or the uid is taken.");
    }
    VELUM_TRY(status);
    VELUM_TRY(credential_load_next_world(passage));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_ADD);
    passage->domain = domain;
    credential_actor_token(passage->gate->keys, request->name, passage->entry.user_token);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_text(&out, "name", request->name);
    json_member_string(&out, "token", token);
    json_end_object(&out);
    mem_wipe(token, sizeof(token));
    return buffer_status(&passage->answer->body);
}

velum_status credential_add_apply(passage *passage)
{
    add_lists lists;
    credential_request request = {.uid = 0};

    buffer_init(&lists.roles, LIST_BYTES_MAX);
    buffer_init(&lists.activities, LIST_BYTES_MAX);
    velum_status status = parse_add(passage, &lists, &request);
    if (status == VELUM_OK) {
        status = add_checked(passage, &request);
    }
    buffer_clear(&lists.roles);
    buffer_clear(&lists.activities);
    return status;
}

/* --- list, revoke, customer --------------------------------------------------------------------- */

static void write_bits(json_writer *out, const bundle *bundle, uint32_t kind, uint64_t bits)
{
    char scratch[128];
    text name;

    json_begin_array(out);
    for (uint32_t i = 0; bundle_name_at(bundle, kind, i, scratch, &name); i++) {
        if ((bits >> i & 1) != 0) {
            json_write_text(out, name);
        }
    }
    json_end_array(out);
}

static void write_optional_time(json_writer *out, const char *name, int64_t at_ns)
{
    char at[TIME_TEXT_BYTES];

    if (at_ns != 0) {
        time_format(at_ns, at);
        json_member_string(out, name, at);
    }
}

static void write_credential(const passage *passage, const credential *credential, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;

    json_begin_object(out);
    json_member_string(out, "name", credential->name);
    json_member_string(out, "kind", credential->kind == ACTOR_HUMAN ? "human" : "service");
    json_name(out, "roles");
    write_bits(out, bundle, REGISTRY_ROLE, credential->roles);
    json_name(out, "activities");
    write_bits(out, bundle, REGISTRY_ACTIVITY, credential->activities);
    json_member_string(out, "domain", credential->domain);
    json_member_bool(out, "store_bound", credential->store != 0);
    if (credential->has_uid) {
        json_member_integer(out, "uid", credential->uid);
    }
    write_optional_time(out, "expires", credential->expires_ns);
    if (credential->previous_until_ns > passage->clock.later_ns) {
        write_optional_time(out, "old_until", credential->previous_until_ns);
    }
    write_optional_time(out, "revoked", credential->revoked_ns);
    json_end_object(out);
}

velum_status credential_list_mask(passage *passage)
{
    json_writer out;

    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_LIST);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "credentials");
    json_begin_array(&out);
    for (uint32_t i = 0; i < passage->world->credential_count; i++) {
        write_credential(passage, &passage->world->credentials[i], &out);
    }
    json_end_array(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status credential_revoke_apply(passage *passage)
{
    static const char *const members[] = {"name", NULL};
    const json_value *body = json_root(passage->body);
    text name;
    json_writer out;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_text_member(passage, body, "name", &name));
    const velum_status status = credential_revoke(passage->conn, name, passage->clock.now_ns);
    if (status == VELUM_E_NOTFOUND) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "There is no credential of that name.");
    }
    VELUM_TRY(status);
    VELUM_TRY(credential_load_next_world(passage));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_REVOKE);
    credential_actor_token(passage->gate->keys, name, passage->entry.user_token);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_text(&out, "name", name);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status credential_customer_apply(passage *passage)
{
    char token[CUSTOMER_TOKEN_BYTES];
    json_writer out;
    const int64_t expires_ns =
        passage->clock.later_ns + (int64_t)CUSTOMER_TOKEN_SECONDS * NS_PER_SECOND;

    if (!passage->has_subject) {
        return refuse(passage, REASON_UNKNOWN_SUBJECT);
    }
    VELUM_TRY(customer_token_make(passage->gate->keys, &passage->gate->random, &passage->subject,
                                  expires_ns, token));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_CUSTOMER_TOKEN);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "token", token);
    write_optional_time(&out, "expires", expires_ns);
    json_end_object(&out);
    mem_wipe(token, sizeof(token));
    return buffer_status(&passage->answer->body);
}

/* --- clock -------------------------------------------------------------------------------------- */

velum_status clock_accept_apply(passage *passage)
{
    json_writer out;

    VELUM_TRY(meta_write(passage->conn, META_CLOCK_REJECTED, passage->clock.later_ns));
    VELUM_TRY(meta_write(passage->conn, META_CLOCK_ACCEPTED, passage->clock.now_ns));
    passage->batch->accepts_clock = true;
    passage->batch->accepted_ns = passage->clock.now_ns;
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_ACCEPT);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    write_optional_time(&out, "at", passage->clock.now_ns);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- status ------------------------------------------------------------------------------------- */

static velum_status count_subjects(passage *passage, int64_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(locate_snapshot(passage));
    VELUM_TRY(conn_statement(passage->conn, "SELECT count(*) FROM subject", &stmt));
    VELUM_TRY(stmt_step(stmt));
    *out = stmt_integer(stmt, 0);
    stmt_reset(stmt);
    return VELUM_OK;
}

velum_status status_mask(passage *passage)
{
    velum_gate *const gate = passage->gate;
    const char *reason = "";
    char hash[65];
    int64_t subjects = 0;
    json_writer out;

    VELUM_TRY(count_subjects(passage, &subjects));
    const bool ready = velum_gate_health(gate, &reason) == VELUM_OK;
    hex_encode(passage->world->bundle->hash, SHA256_BYTES, hash);
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_STATUS);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_bool(&out, "ready", ready);
    json_member_string(&out, "reason", reason);
    json_member_integer(&out, "subjects", subjects);
    json_member_integer(&out, "entries", (int64_t)journal_size(gate->journal));
    json_member_string(&out, "origin", journal_origin(gate->journal));
    json_member_string(&out, "verifier_key", journal_verifier_key(gate->journal));
    json_member_string(&out, "policy", hash);
    json_member_text(&out, "policy_name", passage->world->bundle->name);
    json_member_integer(&out, "credentials", passage->world->credential_count);
    json_member_bool(&out, "memory_locked", arenas_are_locked(&gate->arenas));
    json_member_bool(&out, "sample", gate->root_source == ROOT_FROM_FOLDER);
    json_member_integer(&out, "cache_bytes", (int64_t)vault_cache_bytes(gate->vault));
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
