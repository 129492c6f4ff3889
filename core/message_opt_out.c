/* core/message_opt_out.c: the customer answered a message with no.
 *
 * It is a withdrawal of the message's purpose, recorded as every other (C-1), whatever stands behind the
 * message; and it is never refused to who may deliver (C-2).
 */
#include "core/message.h"

#include "core/consents.h"
#include "core/person.h"
#include "core/profile.h"
#include "core/verbs.h"

/* I-7: neither the activity nor its credential lives on the consent that is taken away. */
static bool lives_on(const passage *passage, uint16_t purpose)
{
    const bundle *const bundle = passage->world->bundle;

    for (uint32_t i = 0; i < bundle->activity_count; i++) {
        const bundle_purpose *const held = &bundle->purposes[bundle->activities[i].purpose];
        const bool is_held = (passage->actor.activities >> i & 1) != 0;
        if (is_held && held->basis == BASIS_CONSENT && held->number == purpose) {
            return true;
        }
    }
    const uint32_t own = bundle->activities[passage->activity].purpose;
    return bundle->purposes[own].basis == BASIS_CONSENT;
}

velum_status message_opt_out_locate(passage *passage)
{
    message_row row;

    VELUM_TRY(message_load_named(passage, &row));
    VELUM_TRY(message_locate(passage, &row));
    return passage->has_subject ? VELUM_OK : refuse(passage, REASON_SUBJECT_ERASED);
}

/* A purpose that never had a consent of this customer is withdrawn, too: then none can be taken for one
 * later. The notice is that of what is taken away. */
static void wish_of(const passage *passage, const message_row *row, consent_wish *out)
{
    const bundle *const bundle = passage->world->bundle;
    const state_consent *const held = subject_state_consent(person_state(passage), row->purpose);
    const uint32_t index = bundle_find_number(bundle, REGISTRY_PURPOSE, row->purpose);
    const bundle_purpose *const purpose = index == BUNDLE_NONE ? NULL : &bundle->purposes[index];

    if (held != NULL) {
        consent_wish_withdrawn(passage, held, out);
        return;
    }
    *out = (consent_wish){.purpose = row->purpose,
                          .version = (uint16_t)(purpose == NULL ? 1 : purpose->version),
                          .state = CONSENT_WITHDRAWN,
                          .grade = GRADE_SELF};
    if (purpose != NULL && purpose->notice_first != BUNDLE_NONE) {
        out->notice = consent_notice_of(&bundle->notices[purpose->notice_first]);
    }
}

/* A purpose that rests on no consent has none to withdraw: no to its marketing is an objection (GDPR
 * 21(3)). */
static velum_status object_to_marketing(passage *passage, const message_row *row)
{
    subject_state *const state = &passage->state;

    if (!row->is_marketing || (state->restrictions & RESTRICTION_MARKETING) != 0) {
        return VELUM_OK;
    }
    state->restrictions |= RESTRICTION_MARKETING;
    VELUM_TRY(state_seal_final(passage)); /* older rows do not lift it (V-5) */
    return person_touch(passage);
}

static bool rests_on_consent(const passage *passage, uint16_t purpose)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find_number(bundle, REGISTRY_PURPOSE, purpose);

    return index == BUNDLE_NONE || bundle->purposes[index].basis == BASIS_CONSENT ||
           subject_state_consent(person_state(passage), purpose) != NULL;
}

static velum_status record_no(passage *passage, const message_row *row)
{
    consent_wish wish;
    state_consent stored;

    if (!rests_on_consent(passage, row->purpose)) {
        return object_to_marketing(passage, row);
    }
    wish_of(passage, row, &wish);
    return consent_record(passage, &wish, &stored);
}

static velum_status answer(passage *passage, const message_row *row, bool same)
{
    const char *const purpose = world_name(passage->world, REGISTRY_PURPOSE, row->purpose);
    char id[2 * MESSAGE_ID_BYTES + 1];
    json_writer out;

    hex_encode(row->id, sizeof(row->id), id);
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    json_member_string(&out, "id", id);
    json_member_string(&out, "purpose", purpose == NULL ? "" : purpose);
    json_member_bool(&out, "same", same);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status message_opt_out_apply(passage *passage)
{
    message_row row;

    VELUM_TRY(message_load_named(passage, &row));
    if (lives_on(passage, row.purpose)) {
        return refuse(passage, REASON_ACTION_NOT_ALLOWED);
    }
    const bool same = row.opted_out;
    VELUM_TRY(record_no(passage, &row));
    row.opted_out = true;
    VELUM_TRY(message_update(passage->conn, &row));
    memcpy(passage->entry.related, row.intent, sizeof(passage->entry.related));
    entry_push(&passage->entry, INPUT_OPERATION, OPERATION_OPT_OUT);
    return answer(passage, &row, same);
}
