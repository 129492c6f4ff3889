/* core/audit_explain_write.c: the parts of an explanation, as JSON. */
#include "core/audit_explain.h"
#include "core/audit_replay.h"
#include "core/audit_write.h"
#include "core/locate.h"

#define LEAF_AUTH_CUSTOMER 3 /* as in leaves */

/* The titles are those of that time, where the policy can be had. */
static const bundle *bundle_of_titles(const explanation *self)
{
    return self->bundle != NULL ? self->bundle : self->world->bundle;
}

/* --- who, why ----------------------------------------------------------------------------------- */

static void member_titled(explanation *self, const char *member, const char *name, text zh, text en)
{
    json_writer *const out = &self->out;

    json_name(out, member);
    json_begin_object(out);
    json_member_string(out, "name", name == NULL ? "?" : name);
    if (zh.size > 0) {
        json_member_text(out, "zh", zh);
    }
    if (en.size > 0) {
        json_member_text(out, "en", en);
    }
    json_end_object(out);
}

void explanation_write_who(explanation *self)
{
    static const char *const doors[] = {"?", "http", "socket", "in-process", "gate"};
    static const char *const ways[] = {"?", "token", "uid", "customer-token", "none"};
    const audit_entry *const entry = &self->entry;
    const credential *credential = audit_credential(self->world, entry->actor_token);
    json_writer *const out = &self->out;

    audit_member_actor(self->world, out, entry);
    if (credential != NULL && entry->auth_method != LEAF_AUTH_CUSTOMER) {
        json_member_string(out, "actor_kind",
                           credential->kind == ACTOR_HUMAN ? "human" : "service");
        json_member_bool(out, "actor_revoked", credential->revoked_ns != 0);
    }
    audit_member_roles(self->world, out, entry);
    json_member_string(out, "door", doors[entry->client <= 4 ? entry->client : 0]);
    json_member_string(out, "auth", ways[entry->auth_method <= 4 ? entry->auth_method : 0]);
    audit_member_hex(out, "user_token", entry->user_token, ENTRY_TOKEN_BYTES);
    audit_member_hex(out, "subject_token", entry->subject_token, ENTRY_TOKEN_BYTES);
    if (entry->subject_count > 0) {
        json_member_integer(out, "among", entry->subject_count);
    }
}

static void write_activity(explanation *self)
{
    const bundle *const bundle = bundle_of_titles(self);
    const uint32_t index =
        bundle_find_number(bundle, REGISTRY_ACTIVITY, (uint16_t)self->entry.activity);
    const bool known = index != BUNDLE_NONE;

    if (self->entry.activity != 0) {
        member_titled(self, "activity",
                      world_name(self->world, REGISTRY_ACTIVITY, self->entry.activity),
                      known ? bundle->activities[index].title_zh : TEXT_EMPTY,
                      known ? bundle->activities[index].title_en : TEXT_EMPTY);
    }
}

static void write_purpose(explanation *self)
{
    const bundle *const bundle = bundle_of_titles(self);
    const uint32_t index =
        bundle_find_number(bundle, REGISTRY_PURPOSE, (uint16_t)self->entry.purpose);
    const bool known = index != BUNDLE_NONE;

    if (self->entry.purpose != 0) {
        member_titled(self, "purpose",
                      world_name(self->world, REGISTRY_PURPOSE, self->entry.purpose),
                      known ? bundle->purposes[index].title_zh : TEXT_EMPTY,
                      known ? bundle->purposes[index].title_en : TEXT_EMPTY);
    }
}

static void write_reason_code(explanation *self)
{
    const bundle *const bundle = bundle_of_titles(self);
    const uint32_t index =
        bundle_find_number(bundle, REGISTRY_REASON_CODE, (uint16_t)self->entry.reason_code);
    const bool known = index != BUNDLE_NONE;

    if (self->entry.reason_code != 0) {
        member_titled(self, "reason_code",
                      world_name(self->world, REGISTRY_REASON_CODE, self->entry.reason_code),
                      known ? bundle->reason_codes[index].title_zh : TEXT_EMPTY,
                      known ? bundle->reason_codes[index].title_en : TEXT_EMPTY);
    }
}

void explanation_write_why(explanation *self)
{
    const audit_entry *const entry = &self->entry;
    json_writer *const out = &self->out;

    write_activity(self);
    write_purpose(self);
    audit_member_name(self->world, out, "basis", REGISTRY_BASIS, entry->legal_basis);
    audit_member_name(self->world, out, "action", REGISTRY_ACTION, entry->action);
    audit_member_name(self->world, out, "recipient", REGISTRY_RECIPIENT, entry->recipient);
    audit_member_name(self->world, out, "domain", REGISTRY_DOMAIN, entry->domain);
    write_reason_code(self);
}

/* --- consent and notice ------------------------------------------------------------------------- */

/* The first heading of the Markdown, without its marks. */
static text title_of_notice(text body)
{
    text rest = body;
    text line;

    while (text_split(&rest, '\n', &line)) {
        if (text_starts_with(line, "# ")) {
            return (text){line.data + 2, line.size - 2};
        }
    }
    return TEXT_EMPTY;
}

static void write_notice_row(explanation *self, store_stmt *stmt)
{
    const crypto_part bytes = stmt_blob(stmt, 3);
    const text body = {bytes.size > 0 ? (const char *)bytes.data : "", bytes.size};
    json_writer *const out = &self->out;

    json_member_text(out, "id", stmt_text(stmt, 0));
    json_member_text(out, "language", stmt_text(stmt, 1));
    json_member_integer(out, "version", stmt_integer(stmt, 2));
    if (utf8_is_valid(body)) {
        json_member_text(out, "title", title_of_notice(body));
        if (self->wants_notice) {
            json_member_text(out, "text", body);
        }
    }
}

static velum_status write_notice(explanation *self)
{
    static const uint8_t none[SHA256_BYTES] = {0};
    const uint8_t *const hash = self->entry.notice_hash;
    store_stmt *stmt = NULL;

    if (memcmp(hash, none, sizeof(none)) == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(locate_snapshot(self->passage));
    VELUM_TRY(conn_statement(self->passage->conn,
                             "SELECT id, language, version, body FROM notice WHERE hash = $1"
                             " ORDER BY number LIMIT 1",
                             &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 1, hash, SHA256_BYTES));
    json_name(&self->out, "notice");
    json_begin_object(&self->out);
    audit_member_hex(&self->out, "hash", hash, SHA256_BYTES);
    const velum_status status = stmt_step(stmt);
    if (status == VELUM_OK) {
        write_notice_row(self, stmt);
    }
    stmt_reset(stmt);
    json_end_object(&self->out);
    return status < 0 ? status : VELUM_OK;
}

velum_status explanation_write_consent(explanation *self)
{
    const audit_entry *const entry = &self->entry;
    json_writer *const out = &self->out;

    if (entry->consent_version == 0) {
        return VELUM_OK;
    }
    json_name(out, "consent");
    json_begin_object(out);
    audit_member_hex(out, "id", entry->consent_id, sizeof(entry->consent_id));
    json_member_integer(out, "version", entry->consent_version);
    json_member_string(out, "state", consent_state_name(entry->consent_state));
    json_end_object(out);
    return write_notice(self);
}

/* --- the decision ------------------------------------------------------------------------------- */

static bool has_number(const uint32_t *numbers, uint32_t count, uint32_t wanted)
{
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] == wanted) {
            return true;
        }
    }
    return false;
}

static const char *shown_as(const audit_entry *entry, uint32_t field)
{
    for (uint32_t i = 0; i < entry->mask_count; i++) {
        if (entry->masks[i].field == field) {
            return "masked";
        }
    }
    if (has_number(entry->released, entry->released_count, field)) {
        return "clear";
    }
    return entry->type == ENTRY_READ && entry->decision != ENTRY_DENY ? "hidden" : "asked";
}

/* What the matched role's cell says of a field, and whether the activity reaches it at all. */
static void write_cell(explanation *self, uint32_t field)
{
    const bundle *const bundle = self->bundle;
    const uint32_t rule = self->entry.rule;
    const uint32_t index =
        bundle == NULL ? BUNDLE_NONE : bundle_find_number(bundle, REGISTRY_FIELD, (uint16_t)field);

    if (index == BUNDLE_NONE || rule == 0 || rule > bundle->role_count) {
        return;
    }
    const uint64_t bit = UINT64_C(1) << index;
    const bundle_role *const role = &bundle->roles[rule - 1];
    json_member_string(&self->out, "policy",
                       (role->clear & bit) != 0  ? "clear"
                       : (role->mask & bit) != 0 ? "mask"
                                                 : "hide");
}

static void write_field(explanation *self, uint32_t field)
{
    const bundle *const bundle = bundle_of_titles(self);
    const uint32_t index = bundle_find_number(bundle, REGISTRY_FIELD, (uint16_t)field);
    json_writer *const out = &self->out;
    const char *const name = world_name(self->world, REGISTRY_FIELD, field);

    json_begin_object(out);
    json_member_string(out, "name", name == NULL ? "?" : name);
    if (index != BUNDLE_NONE) {
        json_member_text(out, "zh", bundle->fields[index].title_zh);
        json_member_text(out, "en", bundle->fields[index].title_en);
    }
    json_member_string(out, "shown", shown_as(&self->entry, field));
    write_cell(self, field);
    json_end_object(out);
}

static void write_fields(explanation *self)
{
    const audit_entry *const entry = &self->entry;
    json_writer *const out = &self->out;

    json_name(out, "fields");
    json_begin_array(out);
    for (uint32_t i = 0; i < entry->asked_count; i++) {
        write_field(self, entry->asked[i]);
    }
    for (uint32_t i = 0; i < entry->released_count; i++) {
        if (!has_number(entry->asked, entry->asked_count, entry->released[i])) {
            write_field(self, entry->released[i]);
        }
    }
    json_end_array(out);
    if (entry->unknown_field_count > 0) {
        json_member_integer(out, "unknown_fields", entry->unknown_field_count);
    }
}

static void write_obligations(explanation *self)
{
    static const char *const names[] = {"approval", "reason-code", "notify"};
    json_writer *const out = &self->out;

    if (self->entry.obligations == 0) {
        return;
    }
    json_name(out, "obligations");
    json_begin_array(out);
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((self->entry.obligations >> i & 1) != 0) {
            json_write_text(out, text_of(names[i]));
        }
    }
    json_end_array(out);
}

/* What was known of customer and clock. */
static void write_circumstances(explanation *self)
{
    static const char *const ages[] = {"unknown", "under-14", "14-to-17", "adult"};
    static const char *const statuses[] = {"none", "live", "erasing", "erased"};
    const uint64_t age = audit_input(&self->entry, 1);
    const uint64_t status = audit_input(&self->entry, 4);
    json_writer *const out = &self->out;

    json_member_string(out, "clock", audit_input(&self->entry, 3) != 0 ? "behind" : "right");
    if (status > 0 && status < 4) {
        json_member_string(out, "subject_status", statuses[status]);
        json_member_string(out, "age_class", ages[age < 4 ? age : 0]);
    }
    audit_members_of_inputs(self->world, out, &self->entry);
}

void explanation_write_decision(explanation *self)
{
    const audit_entry *const entry = &self->entry;
    const char *const decision = entry_decision_name(entry->decision);
    const uint32_t reason = audit_reason(self->world, entry);
    json_writer *const out = &self->out;

    json_member_string(out, "decision", decision == NULL ? "" : decision);
    audit_member_name(self->world, out, "reason", REGISTRY_REASON, entry->refusal);
    if (reason != REASON_NONE) {
        json_member_string(out, "reason_title", problem_title(reason));
    }
    if (self->bundle != NULL && entry->rule > 0 && entry->rule <= self->bundle->role_count) {
        json_member_text(out, "rule", self->bundle->roles[entry->rule - 1].name);
    }
    write_fields(self);
    write_obligations(self);
    if (entry->repeated > 0) {
        json_member_integer(out, "repeated", (int64_t)entry->repeated);
    }
    write_circumstances(self);
}
