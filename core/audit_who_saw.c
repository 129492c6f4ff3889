/* core/audit_who_saw.c: who saw this customer's data, when, under what, and what of it.
 *
 * The customer is named by an identifier, which a person types at a prompt, or by a reference; also
 * somebody erased by their reference, as long as the evidence is kept (GDPR 15(1)(c), PIPL 45, 55). A
 * disclosure is an entry that let something out: fields, a pseudonym, consents. What was let out of
 * many at once stands in leaves that list their tokens; exactly theirs are found.
 */
#include "core/audit_scan.h"
#include "core/audit_write.h"
#include "core/locate.h"
#include "core/parse.h"
#include "core/verbs.h"

typedef struct who_saw {
    audit_scan scan;
    const world *world;
    uint32_t field; /* registry number; 0: any disclosure */
    json_writer out;
} who_saw;

/* --- locate ------------------------------------------------------------------------------------- */

static velum_status locate_by_identifier(passage *passage, const json_value *object)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_slice(passage->arena, sizeof(identifier), &slice));
    passage->identifiers = slice;
    VELUM_TRY(parse_identifier(passage, object, passage->identifiers));
    passage->identifier_count = 1;
    passage->target =
        (crypto_part){passage->identifiers[0].value, passage->identifiers[0].value_size};
    passage->domain = passage->actor.credential->domain_number;
    return locate_first(passage);
}

velum_status who_saw_locate(passage *passage)
{
    static const char *const members[] = {"identifier", "subject", "field", "since",
                                          "until",      "from",    "limit", NULL};
    const json_value *body = json_root(passage->body);
    const json_value *value = json_member(body, "identifier");
    text ref;

    VELUM_TRY(parse_known_members(passage, body, members));
    VELUM_TRY(parse_optional_text(passage, body, "subject", &ref));
    if ((value == NULL) == (ref.size == 0)) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "Either `identifier` or `subject` says whose data it is about.");
    }
    return value != NULL ? locate_by_identifier(passage, value) : locate_by_text(passage, ref);
}

/* --- which entries ------------------------------------------------------------------------------ */

static bool has_released(const audit_entry *entry, uint32_t field)
{
    for (uint32_t i = 0; i < entry->released_count; i++) {
        if (entry->released[i] == field) {
            return true;
        }
    }
    return false;
}

static bool is_disclosure(const who_saw *self, const audit_entry *entry)
{
    if (entry->decision == ENTRY_DENY) {
        return false;
    }
    if (self->field != 0) {
        return has_released(entry, self->field);
    }
    return entry->released_count > 0 || entry->subject_count > 0 || entry->type == ENTRY_LOOKUP ||
           entry->type == ENTRY_CONSENT_READ || entry->type == ENTRY_RETAINED ||
           entry->type == ENTRY_RESOLVE;
}

/* --- one of them -------------------------------------------------------------------------------- */

static void member_titles(json_writer *out, const char *zh_member, const char *en_member, text zh,
                          text en)
{
    if (zh.size > 0) {
        json_member_text(out, zh_member, zh);
    }
    if (en.size > 0) {
        json_member_text(out, en_member, en);
    }
}

/* Titles are those of the policy in force; a name that it lacks has none. */
static void members_of_why(const who_saw *self, const audit_entry *entry, json_writer *out)
{
    const world *world = self->world;
    const bundle *bundle = world->bundle;
    const uint32_t activity =
        bundle_find_number(bundle, REGISTRY_ACTIVITY, (uint16_t)entry->activity);
    const uint32_t purpose = bundle_find_number(bundle, REGISTRY_PURPOSE, (uint16_t)entry->purpose);

    audit_member_name(world, out, "activity", REGISTRY_ACTIVITY, entry->activity);
    if (activity != BUNDLE_NONE) {
        member_titles(out, "activity_zh", "activity_en", bundle->activities[activity].title_zh,
                      bundle->activities[activity].title_en);
    }
    audit_member_name(world, out, "purpose", REGISTRY_PURPOSE, entry->purpose);
    if (purpose != BUNDLE_NONE) {
        member_titles(out, "purpose_zh", "purpose_en", bundle->purposes[purpose].title_zh,
                      bundle->purposes[purpose].title_en);
    }
    audit_member_name(world, out, "basis", REGISTRY_BASIS, entry->legal_basis);
    audit_member_name(world, out, "reason_code", REGISTRY_REASON_CODE, entry->reason_code);
    audit_member_name(world, out, "recipient", REGISTRY_RECIPIENT, entry->recipient);
}

/* The fields that the policy in force still has, with their titles: once for a whole page. */
static void write_titles(const bundle *bundle, json_writer *out)
{
    json_name(out, "titles");
    json_begin_object(out);
    for (uint32_t i = 0; i < bundle->field_count; i++) {
        const bundle_field *field = &bundle->fields[i];
        json_name_text(out, field->name);
        json_begin_object(out);
        member_titles(out, "zh", "en", field->title_zh, field->title_en);
        json_end_object(out);
    }
    json_end_object(out);
}

static void write_disclosure(who_saw *self, uint64_t index, const audit_entry *entry)
{
    json_writer *const out = &self->out;
    const char *const decision = entry_decision_name(entry->decision);

    json_begin_object(out);
    audit_members_of_place(out, index, entry);
    audit_member_actor(self->world, out, entry);
    audit_member_roles(self->world, out, entry);
    members_of_why(self, entry, out);
    audit_member_fields(self->world, out, "fields", entry->released, entry->released_count);
    audit_member_masked(self->world, out, entry);
    audit_member_consent(out, entry);
    json_member_string(out, "decision", decision == NULL ? "" : decision);
    if (audit_input(entry, INPUT_BREAK_GLASS) != 0) {
        json_member_bool(out, "break_glass", true);
    }
    if (entry->subject_count > 0) {
        json_member_integer(out, "among", entry->subject_count);
    }
    json_end_object(out);
}

static velum_status visit(void *context, uint64_t index, const audit_entry *entry, bool *out_given)
{
    who_saw *const self = context;

    if (is_disclosure(self, entry) && audit_scan_is_of_subject(&self->scan, entry)) {
        write_disclosure(self, index, entry);
        *out_given = true;
    }
    return VELUM_OK;
}

static velum_status parse_field(passage *passage, uint32_t *out)
{
    text name;

    VELUM_TRY(parse_optional_text(passage, json_root(passage->body), "field", &name));
    *out = world_number(passage->world, REGISTRY_FIELD, name);
    return name.size == 0 || *out != 0
               ? VELUM_OK
               : refuse_hint(passage, REASON_INVALID_VALUE, "There is no such field.");
}

velum_status who_saw_mask(passage *passage)
{
    who_saw self = {.world = passage->world};

    if (!passage->has_subject) {
        return refuse(passage, REASON_UNKNOWN_SUBJECT);
    }
    VELUM_TRY(audit_scan_parse(passage, &self.scan));
    VELUM_TRY(parse_field(passage, &self.field));
    VELUM_TRY(audit_open_subject(passage));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_WHO_SAW);
    json_writer_init(&self.out, &passage->answer->body);
    json_begin_object(&self.out);
    write_titles(self.world->bundle, &self.out);
    json_name(&self.out, "disclosures");
    json_begin_array(&self.out);
    VELUM_TRY(audit_scan_run(&self.scan, visit, &self));
    json_end_array(&self.out);
    audit_scan_reply(&self.scan, &self.out);
    json_end_object(&self.out);
    passage->entry.record_count = self.scan.given;
    return buffer_status(&passage->answer->body);
}
