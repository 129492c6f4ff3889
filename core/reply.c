/* core/reply.c: members that many answers have: the customer, the version, the decision. */
#include "core/locate.h"
#include "core/person.h"
#include "core/verbs.h"

velum_status reply_subject(passage *passage, json_writer *out)
{
    char ref[PSEUDONYM_TEXT_BYTES];

    if (!passage->has_subject) {
        return VELUM_OK;
    }
    VELUM_TRY(locate_format_ref(passage, ref));
    json_member_string(out, "subject", ref);
    return person_write_stays(passage, out);
}

void reply_fields(const passage *passage, const char *name, uint64_t fields, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;

    json_name(out, name);
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->field_count; i++) {
        if ((fields >> i & 1) != 0) {
            json_write_text(out, bundle->fields[i].name);
        }
    }
    json_end_array(out);
}

void reply_version(passage *passage, uint32_t version, json_writer *out)
{
    passage->answer->version = version;
    json_member_integer(out, "version", version);
}

static void reply_consent(const passage *passage, json_writer *out)
{
    const state_consent *consent = passage->verdict.consent;
    char id[33];
    char notice[2 * SHA256_BYTES + 1];

    if (consent == NULL) {
        return;
    }
    const uint8_t *const hash = world_notice_hash(passage->world, consent->notice);
    hex_encode(consent->id, sizeof(consent->id), id);
    json_name(out, "consent");
    json_begin_object(out);
    json_member_string(out, "id", id);
    json_member_integer(out, "version", consent->version);
    json_member_string(out, "state", consent_state_name(consent->state));
    if (hash != NULL) {
        hex_encode(hash, SHA256_BYTES, notice);
        json_member_string(out, "notice", notice);
    }
    json_end_object(out);
}

void reply_decision(passage *passage, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;
    const bundle_activity *activity = &bundle->activities[passage->activity];
    const bundle_purpose *purpose = &bundle->purposes[activity->purpose];
    char id[33];
    char hash[65];

    hex_encode(passage->entry.event_id, sizeof(passage->entry.event_id), id);
    hex_encode(bundle->hash, sizeof(bundle->hash), hash);
    json_name(out, "decision");
    json_begin_object(out);
    json_member_string(out, "id", id);
    json_member_string(out, "policy", hash);
    json_member_text(out, "activity", activity->name);
    json_member_text(out, "purpose", purpose->name);
    json_member_string(out, "basis", basis_name(purpose->basis));
    reply_consent(passage, out);
    json_end_object(out);
    if (passage->review[0] != '\0') {
        json_name(out, "break_glass");
        json_begin_object(out);
        json_member_string(out, "review", passage->review);
        json_end_object(out);
    }
}
