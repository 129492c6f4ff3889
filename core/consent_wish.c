/* core/consent_wish.c: what a caller says of a consent, read strictly.
 *
 * The grade is never the caller's to choose: it follows from who asks (spec: consent.md). A customer's
 * own session is `self-verified`; a service records `self`, `self-verified` where it says that its
 * customer's identifier was verified, `assisted` where it names a person of the house; a person of the
 * house is always `assisted`.
 */
#include "core/consents.h"

#include "core/parse.h"

typedef struct state_word {
    const char *word;
    uint8_t state;
} state_word;

static const state_word STATES[] = {
    {"given", CONSENT_GIVEN},
    {"withdrawn", CONSENT_WITHDRAWN},
    {"refused", CONSENT_REFUSED},
    {"requested", CONSENT_REQUESTED},
};

static bool takes_away(uint8_t state)
{
    return state == CONSENT_WITHDRAWN || state == CONSENT_REFUSED;
}

/* Asking is the house's act, not the customer's. */
static velum_status parse_state(passage *passage, const json_value *object, uint8_t *out)
{
    text word;

    VELUM_TRY(parse_text_member(passage, object, "state", &word));
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
        const bool may =
            STATES[i].state != CONSENT_REQUESTED || passage->actor.kind != ACTOR_CUSTOMER;
        if (may && text_equal_literal(word, STATES[i].word)) {
            *out = STATES[i].state;
            return VELUM_OK;
        }
    }
    return refuse_hint(passage, PROBLEM_MALFORMED,
                       "`state` is given, withdrawn, refused or, of a service, requested.");
}

/* --- the notice --------------------------------------------------------------------------------- */

consent_notice consent_notice_of(const bundle_notice *notice)
{
    consent_notice made = {.number = notice->number};
    const size_t size = notice->language.size < sizeof(made.language) ? notice->language.size
                                                                      : sizeof(made.language) - 1;

    memcpy(made.hash, notice->hash, SHA256_BYTES);
    memcpy(made.language, notice->language.data, size);
    return made;
}

/* One of the purpose's current notices by its full hash, in the language that was named, if any. */
static const bundle_notice *notice_by_hash(const bundle *bundle, const bundle_purpose *purpose,
                                           const uint8_t hash[SHA256_BYTES], text language)
{
    for (uint32_t i = 0; i < purpose->notice_count; i++) {
        const bundle_notice *const notice = &bundle->notices[purpose->notice_first + i];
        if (memcmp(notice->hash, hash, SHA256_BYTES) == 0 &&
            (language.size == 0 || text_equal(language, notice->language))) {
            return notice;
        }
    }
    return NULL;
}

/* A consent names the notice that was shown (PIPL 14, GDPR 7(1)): what the policy does not have now was
 * not shown. A withdrawal stands whatever page it comes from (C-2). */
static velum_status parse_notice(passage *passage, const json_value *object, uint32_t purpose,
                                 consent_wish *out)
{
    const bundle *const bundle = passage->world->bundle;
    uint8_t hash[SHA256_BYTES];
    text language;
    text hex;

    VELUM_TRY(parse_optional_text(passage, object, "language", &language));
    VELUM_TRY(parse_optional_text(passage, object, "notice", &hex));
    const bundle_notice *const usual = bundle_notice_of(bundle, purpose, language);
    if (usual == NULL) {
        return refuse(passage, REASON_UNKNOWN_PURPOSE); /* a bundle always has one */
    }
    out->notice = consent_notice_of(usual);
    if (hex.size == 0) {
        return VELUM_OK;
    }
    if (hex_decode(hex, hash, sizeof(hash)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`notice` is a SHA-256 of 64 hex digits.");
    }
    const bundle_notice *const shown =
        notice_by_hash(bundle, &bundle->purposes[purpose], hash, language);
    if (shown == NULL) {
        return takes_away(out->state) ? VELUM_OK : refuse(passage, REASON_UNKNOWN_NOTICE);
    }
    out->notice = consent_notice_of(shown);
    return VELUM_OK;
}

/* --- who, when, by what ------------------------------------------------------------------------- */

static velum_status parse_given(passage *passage, const json_value *object, int64_t *out_ns)
{
    text given;

    VELUM_TRY(parse_optional_text(passage, object, "given", &given));
    if (given.size == 0) {
        return VELUM_OK;
    }
    if (time_parse(given, out_ns) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`given` is a time of RFC 3339.");
    }
    if (*out_ns <= 0 || *out_ns > passage->clock.later_ns) {
        return refuse_hint(passage, REASON_INVALID_VALUE, "`given` lies in the future or too far.");
    }
    return VELUM_OK;
}

velum_status consent_wish_parse_proof(passage *passage, const json_value *object, consent_wish *out)
{
    text evidence;

    VELUM_TRY(parse_given(passage, object, &out->given_ns));
    VELUM_TRY(parse_optional_text(passage, object, "evidence", &evidence));
    if (evidence.size > 0 && hex_decode(evidence, out->evidence, sizeof(out->evidence)) < 0) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`evidence` is a SHA-256 of 64 hex digits.");
    }
    return VELUM_OK;
}

/* A person of the house, by the name of an own credential that still lives. */
static velum_status find_assistant(passage *passage, text name, uint8_t out[ENTRY_TOKEN_BYTES])
{
    const credential *const found = world_credential_by_name(passage->world, name);

    if (found == NULL || found->kind != ACTOR_HUMAN || found->revoked_ns != 0 ||
        (found->expires_ns != 0 && passage->clock.later_ns >= found->expires_ns)) {
        return refuse_hint(passage, REASON_INVALID_VALUE,
                           "`assisted_by` is the name of a person's credential.");
    }
    memcpy(out, found->actor_token, ENTRY_TOKEN_BYTES);
    return VELUM_OK;
}

static velum_status parse_grade(passage *passage, const json_value *object, consent_wish *out)
{
    const json_value *const verified = json_member(object, "verified");
    const bool is_human = passage->actor.kind == ACTOR_HUMAN;
    text assistant;

    VELUM_TRY(parse_optional_text(passage, object, "assisted_by", &assistant));
    if (verified != NULL && json_kind_of(verified) != JSON_BOOL) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "`verified` is true or false.");
    }
    const bool is_verified = verified != NULL && json_bool(verified);
    if (is_verified && (is_human || assistant.size > 0)) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "`verified` is of the customer's own session, without help.");
    }
    out->grade = is_verified ? GRADE_SELF_VERIFIED : GRADE_SELF;
    if (is_human || assistant.size > 0) {
        out->grade = GRADE_ASSISTED;
    }
    if (assistant.size > 0) {
        return find_assistant(passage, assistant, out->assisted_token);
    }
    if (is_human) {
        memcpy(out->assisted_token, passage->actor.token, ENTRY_TOKEN_BYTES);
    }
    return VELUM_OK;
}

static velum_status parse_known(passage *passage, const json_value *object)
{
    static const char *const own[] = {"purpose", "state", "language", "notice", NULL};
    static const char *const others[] = {"purpose",     "state",    "language", "notice", "given",
                                         "assisted_by", "evidence", "verified", NULL};

    if (object == NULL || json_kind_of(object) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED,
                           "A consent is {purpose, state, language?, notice?}.");
    }
    return parse_known_members(passage, object,
                               passage->actor.kind == ACTOR_CUSTOMER ? own : others);
}

velum_status consent_wish_parse(passage *passage, const json_value *object, consent_wish *out)
{
    const bundle *const bundle = passage->world->bundle;
    text name;

    *out = (consent_wish){.grade = GRADE_SELF_VERIFIED};
    VELUM_TRY(parse_known(passage, object));
    VELUM_TRY(parse_text_member(passage, object, "purpose", &name));
    VELUM_TRY(parse_state(passage, object, &out->state));
    const uint32_t purpose = bundle_find(bundle, REGISTRY_PURPOSE, name);
    if (purpose == BUNDLE_NONE || bundle->purposes[purpose].basis != BASIS_CONSENT) {
        return refuse(passage, REASON_UNKNOWN_PURPOSE);
    }
    out->purpose = bundle->purposes[purpose].number;
    out->version = (uint16_t)bundle->purposes[purpose].version;
    VELUM_TRY(parse_notice(passage, object, purpose, out));
    if (passage->actor.kind == ACTOR_CUSTOMER) {
        return VELUM_OK;
    }
    VELUM_TRY(consent_wish_parse_proof(passage, object, out));
    return parse_grade(passage, object, out);
}
