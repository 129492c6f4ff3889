/* core/audit_verbs.c: the log, read and proven for an officer; each reading is itself a leaf.
 *
 * What is shown is what the leaf holds, with numbers turned into the registry's names. A subject is
 * found by its token of each month, derived from the evidence key, so that the log itself names
 * nobody.
 */
#include "audit/log_reader.h"
#include "core/parse.h"
#include "core/registry.h"
#include "core/verbs.h"

#define LOG_LIMIT_DEFAULT 500
#define LOG_LIMIT_MAX 5000
#define LOG_WAIT_MS 5000

typedef struct log_query {
    passage *passage;
    bool denied;
    uint64_t from; /* first index to show */
    uint64_t limit;
    uint32_t token_month; /* of `token` */
    uint8_t token[ENTRY_TOKEN_BYTES];
    uint64_t shown;
} log_query;

/* Everything that was acknowledged before this request stands in the log (spec/audit). */
static velum_status wait_for_log(passage *passage)
{
    velum_gate *const gate = passage->gate;

    return appender_wait(&gate->appender, atomic_load(&gate->writer.seq), LOG_WAIT_MS);
}

/* --- which entries ------------------------------------------------------------------------------ */

static const uint8_t *token_of_month(log_query *query, uint32_t month)
{
    if (query->token_month != month) {
        opened_audit_token(query->passage->opened, month, query->token);
        query->token_month = month;
    }
    return query->token;
}

static bool is_of_subject(log_query *query, const audit_entry *entry)
{
    if (!query->passage->has_subject) {
        return true;
    }
    if (entry->token_epoch == 0) {
        return false; /* of no subject */
    }
    const uint8_t *token = token_of_month(query, entry->token_epoch);
    if (memcmp(entry->subject_token, token, ENTRY_TOKEN_BYTES) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < entry->subject_count; i++) {
        if (memcmp(entry->subjects[i], token, ENTRY_TOKEN_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(log_query *query, const audit_entry *entry)
{
    return (!query->denied || entry->decision == ENTRY_DENY) && is_of_subject(query, entry);
}

/* --- one entry ---------------------------------------------------------------------------------- */

static void member_name(const world *world, json_writer *out, const char *member, uint32_t kind,
                        uint32_t number)
{
    const char *name = number == 0 ? NULL : world_name(world, kind, number);

    if (name != NULL) {
        json_member_string(out, member, name);
    } else if (number != 0) {
        json_member_integer(out, member, number);
    }
}

static void member_hex(json_writer *out, const char *member, const uint8_t *bytes, size_t size)
{
    static const uint8_t none[SHA256_BYTES] = {0};
    char hex[2 * SHA256_BYTES + 1];

    if (memcmp(bytes, none, size) != 0) {
        hex_encode(bytes, size, hex);
        json_member_string(out, member, hex);
    }
}

static void member_fields(const world *world, json_writer *out, const char *member,
                          const uint32_t *fields, uint32_t count)
{
    if (count == 0) {
        return;
    }
    json_name(out, member);
    json_begin_array(out);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = world_name(world, REGISTRY_FIELD, fields[i]);
        json_write_text(out, text_of(name == NULL ? "?" : name));
    }
    json_end_array(out);
}

/* An actor is a token; a credential of today that has this token gives it a name. */
static void member_actor(const world *world, json_writer *out, const audit_entry *entry)
{
    member_hex(out, "actor_token", entry->actor_token, ENTRY_TOKEN_BYTES);
    if (entry->auth_method == 3) {
        json_member_string(out, "actor", "customer");
        return;
    }
    if (entry->auth_method == 4) {
        json_member_string(out, "actor", "velum");
        return;
    }
    for (uint32_t i = 0; i < world->credential_count; i++) {
        if (memcmp(world->credentials[i].actor_token, entry->actor_token, ENTRY_TOKEN_BYTES) == 0) {
            json_member_string(out, "actor", world->credentials[i].name);
            return;
        }
    }
}

static void member_masks(const world *world, json_writer *out, const audit_entry *entry)
{
    uint32_t fields[ENTRY_FIELDS_MAX];

    for (uint32_t i = 0; i < entry->mask_count; i++) {
        fields[i] = entry->masks[i].field;
    }
    member_fields(world, out, "masked", fields, entry->mask_count);
}

static void members_of_decision(const world *world, json_writer *out, const audit_entry *entry)
{
    const char *decision = entry_decision_name(entry->decision);

    json_member_string(out, "decision", decision == NULL ? "" : decision);
    member_name(world, out, "reason", REGISTRY_REASON, entry->refusal);
    member_name(world, out, "activity", REGISTRY_ACTIVITY, entry->activity);
    member_name(world, out, "purpose", REGISTRY_PURPOSE, entry->purpose);
    member_name(world, out, "basis", REGISTRY_BASIS, entry->legal_basis);
    member_name(world, out, "action", REGISTRY_ACTION, entry->action);
    member_name(world, out, "domain", REGISTRY_DOMAIN, entry->domain);
    member_name(world, out, "recipient", REGISTRY_RECIPIENT, entry->recipient);
    member_fields(world, out, "asked", entry->asked, entry->asked_count);
    member_fields(world, out, "released", entry->released, entry->released_count);
    member_masks(world, out, entry);
    if (entry->repeated > 0) {
        json_member_integer(out, "repeated", (int64_t)entry->repeated);
    }
    if (entry->consent_version != 0) {
        member_hex(out, "consent", entry->consent_id, sizeof(entry->consent_id));
        json_member_integer(out, "consent_version", entry->consent_version);
        json_member_string(out, "consent_state", consent_state_name(entry->consent_state));
        member_hex(out, "notice", entry->notice_hash, sizeof(entry->notice_hash));
    }
}

static void members_of_inputs(const world *world, json_writer *out, const audit_entry *entry)
{
    static const struct {
        uint32_t key;
        const char *name;
    } shown[] = {{7, "torn_bytes"},    {8, "size"},
                 {9, "result"},        {INPUT_UNATTACHED, "unattached"},
                 {INPUT_SAME, "same"}, {INPUT_CHANGED, "changed"},
                 {INPUT_NEW, "new"},   {INPUT_REJECTED, "rejected"}};

    for (uint32_t i = 0; i < entry->input_count; i++) {
        const entry_input *input = &entry->inputs[i];
        if (input->key == INPUT_PURPOSE) {
            member_name(world, out, "consent_purpose", REGISTRY_PURPOSE, (uint32_t)input->value);
        }
        for (size_t s = 0; s < sizeof(shown) / sizeof(shown[0]); s++) {
            if (shown[s].key == input->key) {
                json_member_integer(out, shown[s].name, (int64_t)input->value);
            }
        }
    }
    if (entry->registry_number != 0) {
        json_member_string(out, "registers", entry->registry_name);
        json_member_integer(out, "number", entry->registry_number);
    }
    if (entry->record_count > 0) {
        json_member_integer(out, "records", (int64_t)entry->record_count);
    }
}

static void write_entry(const world *world, uint64_t index, const audit_entry *entry,
                        json_writer *out)
{
    const char *type = entry_type_name(entry->type);
    const char *stage = entry_stage_name(entry->stage);
    char at[TIME_TEXT_BYTES];

    time_format(entry->at_ns, at);
    json_begin_object(out);
    json_member_integer(out, "index", (int64_t)index);
    member_hex(out, "id", entry->event_id, sizeof(entry->event_id));
    json_member_string(out, "at", at);
    json_member_string(out, "type", type == NULL ? "?" : type);
    if (entry->stage != ENTRY_SINGLE && stage != NULL) {
        json_member_string(out, "stage", stage);
    }
    member_actor(world, out, entry);
    member_hex(out, "subject_token", entry->subject_token, ENTRY_TOKEN_BYTES);
    members_of_decision(world, out, entry);
    members_of_inputs(world, out, entry);
    member_hex(out, "policy", entry->policy_hash, sizeof(entry->policy_hash));
    json_end_object(out);
}

/* --- the log ------------------------------------------------------------------------------------ */

static velum_status optional_count(passage *passage, const char *name, uint64_t fallback,
                                   uint64_t *out)
{
    const json_value *value = json_member(json_root(passage->body), name);

    *out = fallback;
    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_INTEGER || json_integer(value) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A count is a number from 0.");
    }
    *out = (uint64_t)json_integer(value);
    return VELUM_OK;
}

static velum_status parse_query(passage *passage, log_query *out)
{
    static const char *const members[] = {"denied", "from", "limit", NULL};
    const json_value *body = json_root(passage->body);
    const json_value *denied = json_member(body, "denied");

    VELUM_TRY(parse_known_members(passage, body, members));
    out->passage = passage;
    out->denied = denied != NULL && json_kind_of(denied) == JSON_BOOL && json_bool(denied);
    VELUM_TRY(optional_count(passage, "from", 0, &out->from));
    VELUM_TRY(optional_count(passage, "limit", LOG_LIMIT_DEFAULT, &out->limit));
    out->limit = out->limit == 0 || out->limit > LOG_LIMIT_MAX ? LOG_LIMIT_MAX : out->limit;
    return VELUM_OK;
}

/* Walks the log from the cursor; *out_next is where the next page begins, 0 at the end. */
static velum_status walk(log_query *query, log_reader *reader, json_writer *out, uint64_t *out_next)
{
    log_leaf leaf;
    velum_status status = query->from == 0 ? VELUM_OK : log_reader_seek(reader, query->from);

    *out_next = 0;
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    while (status == VELUM_OK && (status = log_reader_next(reader, &leaf)) == VELUM_OK) {
        audit_entry entry;
        if (atomic_load_explicit(&query->passage->gate->stopping, memory_order_relaxed)) {
            return VELUM_E_UNAVAILABLE; /* a stop does not wait for a long list */
        }
        if (query->shown == query->limit) {
            *out_next = leaf.index;
            return VELUM_OK;
        }
        VELUM_TRY(entry_decode(leaf.body, leaf.body_size, &entry));
        if (is_wanted(query, &entry)) {
            write_entry(query->passage->world, leaf.index, &entry, out);
            query->shown++;
            status = buffer_status(out->out);
        }
    }
    return status == VELUM_END ? VELUM_OK : status;
}

velum_status audit_log_mask(passage *passage)
{
    log_query query = {.limit = 0};
    json_writer out;
    uint64_t next = 0;
    VELUM_AUTO(log_reader) *reader = NULL;

    if (passage->request->ref.size > 0 && !passage->has_subject) {
        return refuse(passage, REASON_UNKNOWN_SUBJECT);
    }
    VELUM_TRY(parse_query(passage, &query));
    VELUM_TRY(wait_for_log(passage));
    VELUM_TRY(log_reader_open(passage->gate->audit_fd, &reader, NULL));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_name(&out, "entries");
    json_begin_array(&out);
    VELUM_TRY(walk(&query, reader, &out, &next));
    json_end_array(&out);
    if (next != 0) {
        json_member_integer(&out, "next", (int64_t)next);
    }
    json_end_object(&out);
    passage->entry.record_count = query.shown;
    return buffer_status(&passage->answer->body);
}

/* --- verified ----------------------------------------------------------------------------------- */

velum_status audit_verified_apply(passage *passage)
{
    static const char *const members[] = {"result", "size", NULL};
    uint64_t result = 0;
    uint64_t size = 0;
    json_writer out;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(optional_count(passage, "result", 0, &result));
    VELUM_TRY(optional_count(passage, "size", 0, &size));
    entry_push(&passage->entry, 8, size);
    entry_push(&passage->entry, 9, result);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- prove -------------------------------------------------------------------------------------- */

static velum_status find_index(passage *passage, log_reader *reader, uint64_t *out)
{
    static const char *const members[] = {"index", "id", NULL};
    const json_value *body = json_root(passage->body);
    uint8_t id[ENTRY_TOKEN_BYTES];
    text text_id;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "id", &text_id));
    if (text_id.size == 0) {
        return optional_count(passage, "index", UINT64_MAX, out);
    }
    if (hex_decode(text_id, id, sizeof(id)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "An id has 32 hex digits.");
    }
    return log_reader_find(reader, id, out);
}

static velum_status write_proof(passage *passage, log_reader *reader, uint64_t index)
{
    log_leaf leaf;
    json_writer out;
    velum_error err = {.status = VELUM_OK};
    VELUM_AUTO_BUFFER proof = {0};
    VELUM_AUTO_BUFFER encoded = {0};

    buffer_init(&proof, 65536);
    buffer_init(&encoded, 16384);
    VELUM_TRY(log_prove(passage->gate->audit_fd, index, &proof, &err));
    VELUM_TRY(log_reader_seek(reader, index));
    VELUM_TRY(log_reader_next(reader, &leaf));
    VELUM_TRY(buffer_reserve(&encoded, BASE64_SIZE(leaf.size) + 1));
    base64_encode(leaf.bytes, leaf.size, (char *)encoded.data);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_integer(&out, "index", (int64_t)index);
    json_member_text(&out, "proof", (text){(const char *)proof.data, proof.size});
    json_member_string(&out, "leaf", (const char *)encoded.data);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status audit_prove_mask(passage *passage)
{
    uint64_t index = 0;
    VELUM_AUTO(log_reader) *reader = NULL;

    VELUM_TRY(wait_for_log(passage));
    VELUM_TRY(checkpointer_sign(&passage->gate->checkpointer));
    VELUM_TRY(log_reader_open(passage->gate->audit_fd, &reader, NULL));
    velum_status status = find_index(passage, reader, &index);
    if (status == VELUM_OK) {
        status = write_proof(passage, reader, index);
    }
    if (status == VELUM_E_NOTFOUND) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "The log has no such entry.");
    }
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_PROVE);
    return status;
}
