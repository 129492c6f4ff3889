/* core/consent_record.c: one event of the consent ledger, with its projection in the state.
 *
 * Consent is a ledger of events, never a row that is overwritten (spec/consent). The state shows, for
 * each purpose, the last event, with one exception: being asked replaces no answer, neither a yes nor
 * a no, which an older consent could then overtake (C-3). An event without a purpose in the active
 * policy can only take away.
 */
#include "core/consents.h"

#include "core/happening.h"
#include "core/person.h"
#include "core/profile.h"
#include "core/verbs.h"

#define CHANNEL_HTTP 1
#define CHANNEL_COMMAND 2
#define CHANNEL_CUSTOMER 3
#define SECONDS_PER_DAY INT64_C(86400)
#define RENEWAL_DAYS \
    90 /* before its end a consent may be renewed; half its time where that is less */

/* Where no pack of the policy says how often somebody may be asked, the strictest that we know
 * (CCPA 1798.135(c)(4): twelve months). */
#define ASK_DAYS_STRICT 365
#define ASK_MAX_STRICT 1

bool consent_state_allows(uint32_t state)
{
    return state == CONSENT_GIVEN || state == CONSENT_RENEWED;
}

static const bundle_purpose *purpose_of(const passage *passage, uint16_t number)
{
    const bundle *const bundle = passage->world->bundle;
    const uint32_t index = bundle_find_number(bundle, REGISTRY_PURPOSE, number);

    return index == BUNDLE_NONE ? NULL : &bundle->purposes[index];
}

/* --- how often somebody is asked ---------------------------------------------------------------- */

/* What the ledger says of asking for one purpose. */
typedef struct asking {
    uint16_t purpose;
    int64_t since_ns;    /* asks before are forgotten */
    int64_t last_no_ns;  /* of a refusal or withdrawal that nothing followed; 0: none */
    uint32_t unanswered; /* asks since the last answer */
} asking;

static velum_status count_asking(void *context, const consent_event *event)
{
    asking *const self = context;

    if (event->purpose != self->purpose) {
        return VELUM_OK;
    }
    if (event->state == CONSENT_REQUESTED) {
        self->unanswered += event->at_ns > self->since_ns ? 1 : 0;
        return VELUM_OK;
    }
    self->unanswered = 0;
    self->last_no_ns = consent_state_allows(event->state) ? 0 : event->at_ns;
    return VELUM_OK;
}

/* Days without asking after a no, and asks without an answer within as many days (PIPL 16). */
static void limits_of_asking(const passage *passage, const bundle_purpose *purpose,
                             uint32_t *out_days, uint32_t *out_max)
{
    const jurisdiction_pack *const pack =
        bundle_pack(passage->world->bundle, passage->state.jurisdiction);
    const uint32_t pack_days = pack == NULL ? ASK_DAYS_STRICT : pack->ask_again_days;
    const uint32_t pack_max = pack == NULL ? ASK_MAX_STRICT : pack->ask_max;

    *out_days = purpose->ask_days != 0 ? purpose->ask_days : pack_days;
    *out_max = purpose->ask_max != 0 ? purpose->ask_max : pack_max;
}

static velum_status check_asking(passage *passage, const bundle_purpose *purpose)
{
    uint32_t days = 0;
    uint32_t max = 0;
    consent_ledger_end end = {.count = passage->state.ledger_count};

    if (purpose->marketing && (person_state(passage)->restrictions & RESTRICTION_MARKETING) != 0) {
        return refuse(passage, REASON_MARKETING_OBJECTION); /* GDPR 21(3) */
    }
    limits_of_asking(passage, purpose, &days, &max);
    const int64_t span_ns = (int64_t)days * SECONDS_PER_DAY * NS_PER_SECOND;
    asking found = {.purpose = purpose->number,
                    .since_ns = days == 0 ? INT64_MIN : passage->clock.now_ns - span_ns};
    memcpy(end.head, passage->state.ledger_head, sizeof(end.head));
    VELUM_TRY(vault_ledger_read(passage->conn, passage->opened, &end, count_asking, &found));
    const bool is_early =
        found.last_no_ns != 0 && passage->clock.now_ns - found.last_no_ns < span_ns;
    const bool is_too_often = max != 0 && found.unanswered >= max;
    return is_early || is_too_often ? refuse(passage, REASON_CONSENT_COOL_DOWN) : VELUM_OK;
}

/* --- what may be recorded ----------------------------------------------------------------------- */

/* A consent that was given before the no which stands is no answer to it (I-8). */
static bool is_overtaken(const consent_wish *wish, const state_consent *held)
{
    if (wish->state != CONSENT_GIVEN || wish->given_ns == 0 || held == NULL) {
        return false;
    }
    const bool is_no = held->state == CONSENT_REFUSED || held->state == CONSENT_WITHDRAWN ||
                       held->state == CONSENT_REVOKED || held->state == CONSENT_INVALIDATED;
    return is_no && wish->given_ns / NS_PER_SECOND <= (int64_t)held->at_s;
}

static velum_status check_wish(passage *passage, const consent_wish *wish,
                               const state_consent *held)
{
    const bundle_purpose *const purpose = purpose_of(passage, wish->purpose);

    if (wish->state == CONSENT_WITHDRAWN || wish->state == CONSENT_REFUSED) {
        return VELUM_OK; /* C-2 */
    }
    if (purpose == NULL) {
        return refuse(passage, REASON_UNKNOWN_PURPOSE);
    }
    if (is_below_consent_age(passage->world->bundle, person_state(passage),
                             passage->clock.earlier_ns)) {
        entry_push(&passage->entry, INPUT_AGE_LIMIT,
                   consent_age(passage->world->bundle, &passage->state));
        return refuse(passage, REASON_GUARDIAN_CONSENT_REQUIRED); /* PIPL 31, GDPR 8 */
    }
    if (wish->state == CONSENT_REQUESTED) {
        return check_asking(passage, purpose);
    }
    if (!consent_grade_serves(wish->grade, purpose->grade_min)) {
        return refuse(passage, REASON_CONSENT_GRADE);
    }
    return is_overtaken(wish, held) ? refuse(passage, REASON_CONFLICT) : VELUM_OK;
}

/* --- the event ---------------------------------------------------------------------------------- */

static int64_t moment_of(const passage *passage, const consent_wish *wish)
{
    return wish->given_ns != 0 ? wish->given_ns : passage->clock.now_ns;
}

static uint32_t channel_of(const passage *passage)
{
    if (passage->actor.kind == ACTOR_CUSTOMER) {
        return CHANNEL_CUSTOMER;
    }
    return passage->actor.kind == ACTOR_HUMAN ? CHANNEL_COMMAND : CHANNEL_HTTP;
}

/* Near its end, or behind it. */
static bool is_due_for_renewal(const passage *passage, const consent_wish *wish,
                               const state_consent *held)
{
    const bundle_purpose *const purpose = purpose_of(passage, wish->purpose);

    if (held->expires_s == 0 || purpose == NULL) {
        return false;
    }
    const int64_t half_days = purpose->consent_days / 2;
    const int64_t days = half_days < RENEWAL_DAYS ? half_days : RENEWAL_DAYS;
    const int64_t moment_ns = wish->given_ns != 0 ? wish->given_ns : passage->clock.later_ns;
    return moment_ns / NS_PER_SECOND >= (int64_t)held->expires_s - days * SECONDS_PER_DAY;
}

/* The same again changes nothing; stronger evidence does, and so does a renewal that is due. */
static bool stands_already(const passage *passage, const consent_wish *wish,
                           const state_consent *held)
{
    if (held == NULL || wish->state == CONSENT_REQUESTED) {
        return false;
    }
    if (wish->state == CONSENT_WITHDRAWN) {
        return held->state == CONSENT_WITHDRAWN;
    }
    if (wish->state == CONSENT_REFUSED) {
        return held->state == CONSENT_REFUSED && held->version == wish->version;
    }
    return consent_state_allows(held->state) && held->version == wish->version &&
           !is_due_for_renewal(passage, wish, held) &&
           consent_grade_serves(held->grade, wish->grade);
}

/* Given once more while one of the same version stands near its end, or has run out (DPV 2.3). */
static uint8_t state_after(const passage *passage, const consent_wish *wish,
                           const state_consent *held)
{
    const bool renews = wish->state == CONSENT_GIVEN && held != NULL &&
                        consent_state_allows(held->state) && held->version == wish->version &&
                        is_due_for_renewal(passage, wish, held);

    return renews ? CONSENT_RENEWED : wish->state;
}

static void fill_event(const passage *passage, const consent_wish *wish, const state_consent *held,
                       consent_event *event)
{
    const bundle *const bundle = passage->world->bundle;
    const bundle_purpose *const purpose = purpose_of(passage, wish->purpose);

    *event = (consent_event){.n = passage->state.ledger_count + 1,
                             .purpose = wish->purpose,
                             .version = wish->version,
                             .notice = wish->notice.number,
                             .state = state_after(passage, wish, held),
                             .grade = wish->grade,
                             .channel = (uint8_t)channel_of(passage),
                             .activity = bundle->activities[passage->activity].number,
                             .jurisdiction = passage->state.jurisdiction != 0
                                                 ? passage->state.jurisdiction
                                                 : bundle->jurisdiction_number,
                             .at_ns = passage->clock.now_ns,
                             .given_ns = moment_of(passage, wish)};
    memcpy(event->notice_hash, wish->notice.hash, SHA256_BYTES);
    memcpy(event->language, wish->notice.language, sizeof(event->language));
    memcpy(event->actor_token, passage->actor.token, ENTRY_TOKEN_BYTES);
    memcpy(event->assisted_token, wish->assisted_token, ENTRY_TOKEN_BYTES);
    memcpy(event->evidence, wish->evidence, SHA256_BYTES);
    if (purpose != NULL && purpose->consent_days > 0 && consent_state_allows(event->state)) {
        event->expires_ns =
            event->given_ns + (int64_t)purpose->consent_days * SECONDS_PER_DAY * NS_PER_SECOND;
    }
}

static void fill_entry(passage *passage, const consent_event *event)
{
    audit_entry *const entry = &passage->entry;

    memcpy(entry->consent_id, event->id, sizeof(event->id));
    entry->consent_version = event->version;
    entry->consent_state = event->state;
    memcpy(entry->notice_hash, event->notice_hash, SHA256_BYTES);
    entry_push(entry, INPUT_PURPOSE, event->purpose);
    entry_push(entry, INPUT_GRADE, event->grade);
}

/* What stands already is what the leaf names. */
static void fill_entry_again(passage *passage, const state_consent *held)
{
    const uint8_t *const hash = world_notice_hash(passage->world, held->notice);
    consent_event event = {.purpose = held->purpose,
                           .version = held->version,
                           .state = held->state,
                           .grade = held->grade};

    memcpy(event.id, held->id, sizeof(event.id));
    if (hash != NULL) {
        memcpy(event.notice_hash, hash, SHA256_BYTES);
    }
    fill_entry(passage, &event);
}

/* --- recording ---------------------------------------------------------------------------------- */

static state_consent projection_of(const consent_event *event)
{
    state_consent made = {
        .purpose = event->purpose,
        .version = event->version,
        .state = event->state,
        .grade = event->grade,
        .notice = event->notice,
        .at_s = (uint32_t)(event->at_ns / NS_PER_SECOND),
        .expires_s = (uint32_t)(event->expires_ns / NS_PER_SECOND),
    };

    memcpy(made.id, event->id, sizeof(made.id));
    return made;
}

static velum_status tell_of_change(passage *passage, const consent_event *event)
{
    const happening changed = {
        .event = HOOK_CONSENT_CHANGED,
        .subject = passage->subject,
        .at_ns = event->at_ns,
        .detail = text_of(world_name(passage->world, REGISTRY_PURPOSE, event->purpose))};

    return happened(passage->batch, passage->world, &changed);
}

static velum_status append_event(passage *passage, const consent_event *event,
                                 const state_consent *projected, bool replaces)
{
    subject_state *const state = &passage->state;

    VELUM_TRY(vault_ledger_append(passage->gate->vault, passage->conn, passage->opened, event,
                                  state->ledger_head));
    state->ledger_count = event->n;
    if (replaces) {
        VELUM_TRY(subject_state_put_consent(state, projected));
        VELUM_TRY(tell_of_change(passage, event));
    }
    VELUM_TRY(state_seal_final(passage));
    return person_touch(passage);
}

static bool is_answer(const state_consent *held)
{
    return held != NULL && held->state != CONSENT_REQUESTED && held->state != CONSENT_UNKNOWN;
}

velum_status consent_record(passage *passage, const consent_wish *wish, state_consent *out)
{
    const state_consent *const own = subject_state_consent(&passage->state, wish->purpose);
    const state_consent *const held = subject_state_consent(person_state(passage), wish->purpose);
    consent_event event;

    VELUM_TRY(check_wish(passage, wish, held));
    if (stands_already(passage, wish, held) && stands_already(passage, wish, own)) {
        fill_entry_again(passage, held);
        *out = *held;
        return VELUM_OK;
    }
    fill_event(passage, wish, held, &event);
    const bool stays =
        wish->state == CONSENT_REQUESTED && (is_answer(own) || is_answer(held)); /* C-3 */
    random_fill(&passage->gate->random, event.id, sizeof(event.id));
    fill_entry(passage, &event);
    *out = projection_of(&event);
    return append_event(passage, &event, out, !stays);
}
