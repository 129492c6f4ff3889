/* core/problem.c: the one table of refusals (RFC 9457). */
#include "core/problem.h"

#include <stdio.h>

typedef struct problem_row {
    const char *name;
    int32_t status;
    bool speaks_of_subject;
    const char *title;
} problem_row;

static const problem_row REASONS[REASON_COUNT] = {
    [REASON_ACTIVITY_NOT_REGISTERED] = {"activity-not-registered", 403, false,
                                        "The credential is not registered for this activity."},
    [REASON_ACTION_NOT_ALLOWED] = {"action-not-allowed", 403, false,
                                   "The activity does not include this action."},
    [REASON_CONSENT_MISSING] = {"consent-missing", 403, true,
                                "The customer has not consented to the purpose of this activity."},
    [REASON_CONSENT_WITHDRAWN] =
        {"consent-withdrawn", 403, true,
         "The customer has withdrawn the consent that this activity needs."},
    [REASON_CONSENT_OUTDATED] = {"consent-outdated", 403, true,
                                 "The consent was given for an earlier version of the purpose."},
    [REASON_CONSENT_EXPIRED] = {"consent-expired", 403, true, "The consent has expired."},
    [REASON_CLOCK_BEHIND] = {"clock-behind", 503, false,
                             "The clock is behind the newest record; consents cannot be judged."},
    [REASON_GUARDIAN_CONSENT_REQUIRED] = {"guardian-consent-required", 403, true,
                                          "A customer under 14 needs a guardian's consent."},
    [REASON_APPROVAL_REQUIRED] = {"approval-required", 403, true,
                                  "Others must agree first: ask for an approval."},
    [REASON_PROCESSING_RESTRICTED] = {"processing-restricted", 403, true,
                                      "The customer's data is restricted to storage."},
    [REASON_MARKETING_OBJECTION] = {"marketing-objection", 403, true,
                                    "The customer objects to marketing."},
    [REASON_NO_ROLE_APPLIES] = {"no-role-applies", 403, true,
                                "No role of the caller applies to this customer."},
    [REASON_NO_FIELD_ALLOWED] = {"no-field-allowed", 403, true,
                                 "None of the fields asked may be seen."},
    [REASON_UNKNOWN_FIELD] = {"unknown-field", 400, false,
                              "A field was named that the policy does not know."},
    [REASON_UNKNOWN_SUBJECT] = {"unknown-subject", 404, true, "There is no such customer here."},
    [REASON_SUBJECT_ERASED] = {"subject-erased", 410, true, "The customer's data was erased."},
    [REASON_ACTOR_KIND] = {"actor-kind", 403, false,
                           "The activity is not for this kind of credential."},
    [REASON_UNKNOWN_ACTIVITY] = {"unknown-activity", 403, false,
                                 "The credential is not registered for this activity."},
    [REASON_UNKNOWN_PURPOSE] = {"unknown-purpose", 422, false,
                                "The policy has no such purpose that lives on a consent."},
    [REASON_NOT_OWN_RECORD] = {"not-own-record", 404, false, "There is no such customer here."},
    [REASON_CONFLICT] = {"conflict", 409, false, "Somebody else changed this at the same time."},
    [REASON_INVALID_VALUE] = {"invalid-value", 422, false,
                              "A value does not fit its field or identifier."},
    [REASON_CREDENTIAL_REVOKED] = {"credential-revoked", 401, false,
                                   "The credential has been revoked."},
    [REASON_CREDENTIAL_EXPIRED] = {"credential-expired", 401, false, "The credential has expired."},
    [REASON_UNKNOWN_DOMAIN] = {"unknown-domain", 403, false,
                               "The caller may not resolve pseudonyms of this domain."},
    [REASON_REASON_CODE_NEEDED] = {"reason-code-needed", 403, false,
                                   "The activity asks for a reason code of the policy."},
    [REASON_APPROVAL_UNKNOWN] = {"approval-unknown", 403, false,
                                 "There is no such approval for this caller."},
    [REASON_APPROVAL_PENDING] = {"approval-pending", 403, false,
                                 "Not enough people have agreed yet."},
    [REASON_APPROVAL_DENIED] = {"approval-denied", 403, false, "The approval was refused."},
    [REASON_APPROVAL_EXPIRED] = {"approval-expired", 403, false, "The approval has ended."},
    [REASON_APPROVAL_USED] = {"approval-used", 403, false,
                              "The approval has been used; each serves once."},
    [REASON_APPROVAL_SCOPE] = {"approval-scope", 403, false,
                               "The approval is for something else than what is asked."},
    [REASON_APPROVAL_OWN] = {"approval-own", 403, false, "Who asked cannot agree."},
    [REASON_REQUEST_STATE] = {"request-state", 409, false,
                              "That is not possible in the state of the request."},
    [REASON_REQUEST_REASON] = {"request-reason", 422, false,
                               "A denial needs a reason, an extension details."},
    [REASON_REQUEST_LATE] = {"request-late", 409, false,
                             "The term for an extension is over, or it would go beyond the limit."},
    [REASON_IDENTITY_UNVERIFIED] = {"identity-unverified", 409, false,
                                    "Who asks must be verified first."},
    [REASON_LEGAL_HOLD] = {"legal-hold", 409, true, "A legal hold keeps the customer's data."},
    [REASON_SUPPRESSED] = {"suppressed", 409, true,
                           "The customer was erased and does not come back this way."},
    [REASON_VERSION_CHANGED] = {"version-changed", 412, true,
                                "Somebody else changed this since the version named by If-Match."},
    [REASON_POLICY_APPROVAL] = {"policy-approval", 409, false,
                                "The active policy wants others to approve a new one: propose it."},
    [REASON_CONSENT_GRADE] = {"consent-grade", 422, false,
                              "The evidence is weaker than the purpose asks for."},
    [REASON_CONSENT_COOL_DOWN] =
        {"consent-cool-down", 409, true,
         "The customer was asked before and is not to be asked again yet."},
    [REASON_CONSENT_SEPARATE] = {"consent-separate", 422, false,
                                 "This purpose needs a consent of its own, not one of several."},
    [REASON_UNKNOWN_NOTICE] = {"unknown-notice", 422, false,
                               "There is no such notice for this purpose."},
    [REASON_UNKNOWN_POLICY] = {"unknown-policy", 404, false,
                               "There is no policy of that hash here."},
    [REASON_UNKNOWN_RESOURCE] = {"unknown-resource", 404, false,
                                 "The policy has no such table for this activity."},
    [REASON_CAP_REACHED] = {"cap-reached", 409, true,
                            "The customer has had as many messages as the channel allows."},
    [REASON_QUIET_HOURS] = {"quiet-hours", 409, false,
                            "It is the channel's quiet time; the message waits."},
    [REASON_NO_ADDRESS] = {"no-address", 409, true,
                           "The customer has no address for this channel."},
    [REASON_UNKNOWN_TEMPLATE] = {"unknown-template", 422, false,
                                 "The policy has no such message for this module."},
    [REASON_SMALL_NUMBERS] = {"small-numbers", 409, false,
                              "That could be told apart from what was answered before."},
    [REASON_TOO_MANY_MATCH] = {"too-many-match", 422, false,
                               "More customers match than may be shown: ask more precisely."},
    [REASON_QUOTA] = {"quota", 429, false,
                      "The credential's share of searches and reads of many is used up."},
    [REASON_MODULE_CHANGED] = {"module-changed", 409, false,
                               "The module runs with another declaration than the policy has."},
    [REASON_WORK_GONE] = {"work-gone", 409, false,
                          "The work was given to somebody else: its time was over."},
    [REASON_MERGED] = {"merged", 409, true,
                       "Another record of the same customer stays in its place."},
};

static const problem_row OWN[PROBLEM_END - PROBLEM_FIRST_OWN] = {
    {"unauthenticated", 401, false, "A valid credential is needed."},
    {"malformed-request", 400, false, "The request could not be understood."},
    {"unknown-path", 404, false, "There is nothing at this path."},
    {"method-not-allowed", 405, false, "This path does not take that method."},
    {"payload-too-large", 413, false, "The body is larger than allowed."},
    {"uri-too-long", 414, false, "The address is longer than allowed."},
    {"unsupported-media-type", 415, false, "The body must be application/json."},
    {"header-too-large", 431, false, "The headers are larger than allowed."},
    {"rate-limited", 429, false, "The same refusal was given less than a second ago."},
    {"unavailable", 503, false,
     "Not now. For a write: it may have been done; repeating it is safe."},
    {"internal-error", 500, false, "Velum met a condition that it did not expect."},
    {"not-found", 404, false, "There is no such customer here."},
    {"data-damaged", 500, true, "Stored data did not pass its check and was not used."},
    {"activity-needed", 400, false, "The credential holds several activities: name one."},
};

static const problem_row *row_of(uint32_t problem)
{
    if (problem < REASON_COUNT && REASONS[problem].name != NULL) {
        return &REASONS[problem];
    }
    if (problem >= PROBLEM_FIRST_OWN && problem < PROBLEM_END) {
        return &OWN[problem - PROBLEM_FIRST_OWN];
    }
    return NULL;
}

const char *problem_name(uint32_t problem)
{
    const problem_row *row = row_of(problem);

    return row == NULL ? NULL : row->name;
}

int32_t problem_status(uint32_t problem)
{
    const problem_row *row = row_of(problem);

    return row == NULL ? 200 : row->status;
}

const char *problem_title(uint32_t problem)
{
    const problem_row *row = row_of(problem);

    return row == NULL ? "" : row->title;
}

int32_t problem_retry_after_s(uint32_t problem)
{
    const int32_t status = problem_status(problem);

    return status == 429 || status == 503 ? 1 : 0;
}

uint32_t problem_find(text name)
{
    for (uint32_t problem = PROBLEM_FIRST_OWN; problem < PROBLEM_END; problem++) {
        if (text_equal_literal(name, problem_name(problem))) {
            return problem;
        }
    }
    return PROBLEM_NONE;
}

uint32_t problem_of_status(velum_status status)
{
    switch (status) {
    case VELUM_E_UNAUTHENTICATED:
        return PROBLEM_UNAUTHENTICATED;
    case VELUM_E_INVALID:
        return PROBLEM_MALFORMED;
    case VELUM_E_LIMIT:
        return PROBLEM_TOO_LARGE;
    case VELUM_E_NOTFOUND:
        return PROBLEM_NOT_FOUND;
    case VELUM_E_CORRUPT:
    case VELUM_E_TAMPERED:
    case VELUM_E_CRYPTO:
        return PROBLEM_DATA_DAMAGED;
    case VELUM_E_NOMEM:
    case VELUM_E_IO:
    case VELUM_E_NOSPACE:
    case VELUM_E_BUSY:
    case VELUM_E_UNAVAILABLE:
    case VELUM_E_STALE:
        return PROBLEM_UNAVAILABLE;
    default:
        return PROBLEM_INTERNAL;
    }
}

bool problem_speaks_of_subject(uint32_t problem)
{
    const problem_row *row = row_of(problem);

    return row != NULL && row->speaks_of_subject;
}

void problem_write(uint32_t problem, const problem_detail *detail, buffer *out)
{
    json_writer json;
    char type[96];
    const char *name = problem_name(problem);

    (void)snprintf(type, sizeof(type), "urn:velum:problem:%s",
                   name == NULL ? "internal-error" : name);
    json_writer_init(&json, out);
    json_begin_object(&json);
    json_member_string(&json, "type", type);
    json_member_string(&json, "title", problem_title(problem));
    json_member_integer(&json, "status", problem_status(problem));
    if (detail != NULL && detail->purpose.size > 0) {
        json_member_text(&json, "purpose", detail->purpose);
    }
    if (detail != NULL && detail->line > 0) {
        json_member_integer(&json, "line", detail->line);
    }
    if (detail != NULL && detail->hint != NULL) {
        json_member_string(&json, "detail", detail->hint);
    }
    if (detail != NULL && detail->event_id != NULL) {
        char id[33];
        hex_encode(detail->event_id, 16, id);
        json_member_string(&json, "decision", id);
    }
    json_end_object(&json);
}
