/* core/consents.c: consents listed and recorded.
 *
 * Consent is a ledger of events, never a row that is overwritten (spec/consent); the state holds its
 * projection and head. A withdrawal takes the same one call as giving (PIPL 15, GDPR 7(3)).
 */
#include "core/consents.h"

#include "core/locate.h"
#include "core/parse.h"
#include "core/profile.h"
#include "core/verbs.h"

#define CHANNEL_HTTP 1
#define CHANNEL_COMMAND 2
#define CHANNEL_CUSTOMER 3
#define SECONDS_PER_DAY 86400

/* --- the request -------------------------------------------------------------------------------- */

velum_status consent_wish_parse(passage *passage, const json_value *object, consent_wish *out)
{
    static const char *const members[] = {"purpose", "state", "language", NULL};
    const bundle *bundle = passage->world->bundle;
    text purpose;
    text state;

    if (object == NULL || json_kind_of(object) != JSON_OBJECT) {
        return refuse_hint(passage, PROBLEM_MALFORMED, "A consent is {purpose, state, language?}.");
    }
    VELUM_TRY(parse_known_members(passage, object, members));
    VELUM_TRY(parse_text_member(passage, object, "purpose", &purpose));
    VELUM_TRY(parse_text_member(passage, object, "state", &state));
    VELUM_TRY(parse_optional_text(passage, object, "language", &out->language));
    out->purpose = bundle_find(bundle, REGISTRY_PURPOSE, purpose);
    if (out->purpose == BUNDLE_NONE || bundle->purposes[out->purpose].basis != BASIS_CONSENT) {
        return refuse(passage, REASON_UNKNOWN_PURPOSE);
    }
    if (text_equal_literal(state, "given")) {
        out->state = CONSENT_GIVEN;
        return VELUM_OK;
    }
    out->state = CONSENT_WITHDRAWN;
    return text_equal_literal(state, "withdrawn")
               ? VELUM_OK
               : refuse_hint(passage, PROBLEM_MALFORMED, "`state` is given or withdrawn.");
}

/* --- recording ---------------------------------------------------------------------------------- */

/* One that has expired does not stand: given again, it begins anew. */
static bool stands_already(const passage *passage, const state_consent *held,
                           const bundle_purpose *purpose, uint8_t state)
{
    if (held == NULL || held->state != state) {
        return false;
    }
    const bool has_expired =
        held->expires_s != 0 && passage->clock.later_ns / NS_PER_SECOND >= (int64_t)held->expires_s;
    return state == CONSENT_WITHDRAWN || (held->version == purpose->version && !has_expired);
}

static uint32_t channel_of(const passage *passage)
{
    if (passage->actor.kind == ACTOR_CUSTOMER) {
        return CHANNEL_CUSTOMER;
    }
    return passage->actor.kind == ACTOR_HUMAN ? CHANNEL_COMMAND : CHANNEL_HTTP;
}

static void fill_event(const passage *passage, const consent_wish *wish,
                       const bundle_notice *notice, consent_event *event)
{
    const bundle *bundle = passage->world->bundle;
    const bundle_purpose *purpose = &bundle->purposes[wish->purpose];

    event->n = passage->state.ledger_count + 1;
    event->purpose = purpose->number;
    event->version = (uint16_t)purpose->version;
    event->state = wish->state;
    event->grade = passage->actor.kind == ACTOR_HUMAN ? GRADE_ASSISTED : GRADE_SELF;
    event->channel = (uint8_t)channel_of(passage);
    event->activity = bundle->activities[passage->activity].number;
    event->jurisdiction = bundle->jurisdiction_number;
    event->at_ns = passage->clock.now_ns;
    memcpy(event->actor_token, passage->actor.token, ENTRY_TOKEN_BYTES);
    if (purpose->consent_days > 0 && wish->state == CONSENT_GIVEN) {
        event->expires_ns =
            event->at_ns + (int64_t)purpose->consent_days * SECONDS_PER_DAY * NS_PER_SECOND;
    }
    event->notice = notice->number;
    memcpy(event->notice_hash, notice->hash, SHA256_BYTES);
    const size_t size = notice->language.size < sizeof(event->language)
                            ? notice->language.size
                            : sizeof(event->language) - 1;
    memcpy(event->language, notice->language.data, size);
}

static void fill_entry(passage *passage, const consent_event *event)
{
    audit_entry *const entry = &passage->entry;

    memcpy(entry->consent_id, event->id, sizeof(event->id));
    entry->consent_version = event->version;
    entry->consent_state = event->state;
    memcpy(entry->notice_hash, event->notice_hash, SHA256_BYTES);
    entry_push(entry, INPUT_PURPOSE, event->purpose);
}

static velum_status append_event(passage *passage, const consent_event *event)
{
    subject_state *const state = &passage->state;
    const state_consent consent = {
        .purpose = event->purpose,
        .version = event->version,
        .state = event->state,
        .grade = event->grade,
        .notice = event->notice,
        .at_s = (uint32_t)(event->at_ns / NS_PER_SECOND),
        .expires_s = (uint32_t)(event->expires_ns / NS_PER_SECOND),
    };
    state_consent stored = consent;

    memcpy(stored.id, event->id, sizeof(stored.id));
    VELUM_TRY(vault_ledger_append(passage->gate->vault, passage->conn, passage->opened, event,
                                  state->ledger_head));
    state->ledger_count = event->n;
    VELUM_TRY(subject_state_put_consent(state, &stored));
    VELUM_TRY(state_seal(passage));
    return write_batch_touch(passage->batch, &passage->subject);
}

velum_status consent_record(passage *passage, const consent_wish *wish, state_consent *out)
{
    const bundle *bundle = passage->world->bundle;
    const bundle_purpose *purpose = &bundle->purposes[wish->purpose];
    const bundle_notice *notice = bundle_notice_of(bundle, wish->purpose, wish->language);
    const state_consent *held = subject_state_consent(&passage->state, purpose->number);
    consent_event event = {.n = 0};

    if (notice == NULL) {
        return refuse(passage, REASON_UNKNOWN_PURPOSE); /* a bundle always has one */
    }
    if (wish->state == CONSENT_GIVEN && passage->verdict.age_class == AGE_UNDER_14) {
        return refuse(passage, REASON_GUARDIAN_CONSENT_REQUIRED); /* PIPL 31 */
    }
    fill_event(passage, wish, notice, &event);
    if (stands_already(passage, held, purpose, wish->state)) {
        memcpy(event.id, held->id, sizeof(event.id));
        fill_entry(passage, &event);
        *out = *held;
        return VELUM_OK;
    }
    random_fill(&passage->gate->random, event.id, sizeof(event.id));
    fill_entry(passage, &event);
    VELUM_TRY(append_event(passage, &event));
    *out = *subject_state_consent(&passage->state, purpose->number);
    return VELUM_OK;
}

/* --- the answer --------------------------------------------------------------------------------- */

static void write_time(json_writer *out, const char *name, int64_t at_ns)
{
    char at[TIME_TEXT_BYTES];

    time_format(at_ns, at);
    json_member_string(out, name, at);
}

static void write_notice(const passage *passage, uint16_t number, json_writer *out)
{
    const uint32_t index = bundle_find_number(passage->world->bundle, REGISTRY_NOTICE, number);
    const char *name = world_name(passage->world, REGISTRY_NOTICE, number);

    json_name(out, "notice");
    json_begin_object(out);
    json_member_string(out, "id", name == NULL ? "" : name);
    if (index != BUNDLE_NONE) {
        const bundle_notice *notice = &passage->world->bundle->notices[index];
        char hash[65];
        hex_encode(notice->hash, SHA256_BYTES, hash);
        json_member_text(out, "language", notice->language);
        json_member_integer(out, "version", notice->version);
        json_member_string(out, "sha256", hash);
    }
    json_end_object(out);
}

static void write_consent(const passage *passage, const state_consent *consent, json_writer *out)
{
    const char *purpose = world_name(passage->world, REGISTRY_PURPOSE, consent->purpose);
    char id[33];

    hex_encode(consent->id, sizeof(consent->id), id);
    json_member_string(out, "id", id);
    json_member_string(out, "purpose", purpose == NULL ? "" : purpose);
    json_member_integer(out, "version", consent->version);
    write_notice(passage, consent->notice, out);
    json_member_string(out, "state", consent_state_name(consent->state));
    json_member_string(out, "grade", consent_grade_name(consent->grade));
    write_time(out, "at", (int64_t)consent->at_s * NS_PER_SECOND);
    if (consent->expires_s != 0) {
        write_time(out, "expires", (int64_t)consent->expires_s * NS_PER_SECOND);
    }
}

velum_status consents_apply(passage *passage)
{
    consent_wish wish = {.purpose = BUNDLE_NONE};
    state_consent stored = {.purpose = 0};
    json_writer out;

    VELUM_TRY(consent_wish_parse(passage, json_root(passage->body), &wish));
    VELUM_TRY(consent_record(passage, &wish, &stored));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    write_consent(passage, &stored, &out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

/* --- listing ------------------------------------------------------------------------------------ */

/* The ledger is read in the same snapshot as the state, past the cache. */
velum_status consents_locate(passage *passage)
{
    VELUM_TRY(locate_snapshot(passage));
    return locate_by_ref(passage);
}

velum_status consents_locate_own(passage *passage)
{
    VELUM_TRY(locate_snapshot(passage));
    return locate_own(passage);
}

/* Now: every purpose of the policy that lives on a consent, asked or not. */
static void write_now(const passage *passage, json_writer *out)
{
    const bundle *bundle = passage->world->bundle;

    json_name(out, "consents");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->purpose_count; i++) {
        const bundle_purpose *purpose = &bundle->purposes[i];
        if (purpose->basis != BASIS_CONSENT) {
            continue;
        }
        const state_consent *held = subject_state_consent(&passage->state, purpose->number);
        json_begin_object(out);
        if (held != NULL) {
            write_consent(passage, held, out);
            json_member_bool(out, "current", held->version == purpose->version);
        } else {
            json_member_text(out, "purpose", purpose->name);
            json_member_integer(out, "version", purpose->version);
            json_member_string(out, "state", consent_state_name(CONSENT_UNKNOWN));
        }
        json_member_text(out, "title_zh", purpose->title_zh);
        json_member_text(out, "title_en", purpose->title_en);
        json_end_object(out);
    }
    json_end_array(out);
}

typedef struct history {
    const passage *passage;
    json_writer *out;
} history;

static velum_status write_event(void *context, const consent_event *event)
{
    const history *self = context;
    const state_consent consent = {
        .purpose = event->purpose,
        .version = event->version,
        .state = event->state,
        .grade = event->grade,
        .notice = event->notice,
        .at_s = (uint32_t)(event->at_ns / NS_PER_SECOND),
        .expires_s = (uint32_t)(event->expires_ns / NS_PER_SECOND),
    };
    state_consent shown = consent;

    memcpy(shown.id, event->id, sizeof(shown.id));
    json_begin_object(self->out);
    json_member_integer(self->out, "n", event->n);
    write_consent(self->passage, &shown, self->out);
    json_end_object(self->out);
    return buffer_status(self->out->out);
}

velum_status consents_list(passage *passage)
{
    json_writer out;
    history history = {passage, &out};
    consent_ledger_end end = {.count = passage->state.ledger_count};

    memcpy(end.head, passage->state.ledger_head, sizeof(end.head));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    write_now(passage, &out);
    json_name(&out, "history");
    json_begin_array(&out);
    VELUM_TRY(vault_ledger_read(passage->conn, passage->opened, &end, write_event, &history));
    json_end_array(&out);
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}
