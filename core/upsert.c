/* core/upsert.c: POST /v1/subjects: find by the first known identifier, else make.
 *
 * The answer is the same for new and known, so that a caller cannot ask who is a customer. Further
 * identifiers of a known subject are neither attached nor spoken of; the leaf counts them.
 */
#include "core/locate.h"
#include "core/parse.h"
#include "core/profile.h"
#include "core/verbs.h"

static bool activity_has(const passage *passage, uint32_t action)
{
    const bundle *bundle = passage->world->bundle;

    return passage->activity != BUNDLE_NONE &&
           (bundle->activities[passage->activity].actions & action) != 0;
}

/* `sign_up: true` says that the customer signs up themselves, who may come back after an erasure
 * (I-6). Only a system may say so, and only under an activity that serves a contract with them. */
static velum_status take_sign_up(passage *passage)
{
    const bundle *bundle = passage->world->bundle;
    const json_value *value = json_member(json_root(passage->body), "sign_up");

    if (value == NULL) {
        return VELUM_OK;
    }
    if (json_kind_of(value) != JSON_BOOL) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`sign_up` is true or false.");
    }
    passage->is_sign_up = json_bool(value);
    const bool may =
        passage->actor.kind == ACTOR_SERVICE && passage->activity != BUNDLE_NONE &&
        bundle->purposes[bundle->activities[passage->activity].purpose].basis == BASIS_CONTRACT;
    if (passage->is_sign_up && !may) {
        return refuse(passage, REASON_ACTION_NOT_ALLOWED);
    }
    return VELUM_OK;
}

velum_status upsert_locate(passage *passage)
{
    static const char *const members[] = {"identifiers", "profile", "sign_up", NULL};
    profile profile;

    VELUM_TRY(parse_known_members(passage, json_root(passage->body), members));
    VELUM_TRY(profile_parse(passage, json_member(json_root(passage->body), "profile"), &profile));
    passage->asked_all = false;
    VELUM_TRY(take_sign_up(passage));
    VELUM_TRY(locate_by_body_identifiers(passage));
    if (!passage->has_subject) {
        return VELUM_OK;
    }
    if (activity_has(passage, ACTION_UPDATE)) {
        passage->action = ACTION_UPDATE;
    } else {
        passage->asked = 0; /* the profile is ignored */
    }
    return VELUM_OK;
}

/* How many of the request's identifiers are not the subject's. */
static velum_status count_unattached(passage *passage, uint64_t *out)
{
    *out = 0;
    for (uint32_t i = 0; i < passage->identifier_count; i++) {
        subject_id found;
        const velum_status status =
            vault_find(passage->gate->vault, passage->conn, &passage->identifiers[i], &found);
        if (status == VELUM_OK &&
            memcmp(found.bytes, passage->subject.bytes, SUBJECT_ID_BYTES) == 0) {
            continue;
        }
        if (status < 0 && status != VELUM_E_NOTFOUND) {
            return status;
        }
        (*out)++;
    }
    return VELUM_OK;
}

static velum_status merge_known(passage *passage, const profile *profile)
{
    uint64_t unattached = 0;
    bool changed = false;

    VELUM_TRY(count_unattached(passage, &unattached));
    if (unattached > 0) {
        entry_push(&passage->entry, INPUT_UNATTACHED, unattached);
    }
    if (passage->action == ACTION_UPDATE) {
        VELUM_TRY(profile_merge(passage, profile, &changed));
    }
    entry_push(&passage->entry, INPUT_RESULT, changed ? RESULT_CHANGED : RESULT_SAME);
    return VELUM_OK;
}

static velum_status write_ref(passage *passage)
{
    json_writer out;

    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

velum_status upsert_apply(passage *passage)
{
    profile profile;

    VELUM_TRY(profile_parse(passage, json_member(json_root(passage->body), "profile"), &profile));
    if (passage->action == ACTION_CREATE && passage->has_subject) {
        passage->asked = 0;
    }
    if (passage->has_subject) {
        VELUM_TRY(merge_known(passage, &profile));
        return write_ref(passage);
    }
    entry_push(&passage->entry, INPUT_RESULT, RESULT_NEW);
    if (passage->is_sign_up) {
        entry_push(&passage->entry, INPUT_SIGN_UP, 1);
    }
    VELUM_TRY(profile_create(passage, &profile));
    return write_ref(passage);
}
