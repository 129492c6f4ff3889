/* core/consent_list.c: consents as they stand, and how they came about. */
#include "core/consents.h"

#include "core/locate.h"
#include "core/person.h"
#include "core/verbs.h"

#define HISTORY_BYTES_MAX ((size_t)4 << 20)

/* What the ledger says of an event beyond the state: when it was given, and whether with help. */
typedef struct consent_detail {
    uint8_t id[ENTRY_TOKEN_BYTES];
    int64_t given_ns;
    bool is_assisted;
} consent_detail;

typedef struct history {
    const passage *passage;
    json_writer out;
    consent_detail details[SUBJECT_STATE_CONSENTS_MAX]; /* in the order of the state */
} history;

/* --- one consent -------------------------------------------------------------------------------- */

static void write_time(json_writer *out, const char *name, int64_t at_ns)
{
    char at[TIME_TEXT_BYTES];

    time_format(at_ns, at);
    json_member_string(out, name, at);
}

/* The language within a notice's name, <id>.<language>.<hash>. */
static text language_of(text name)
{
    const size_t id = text_find_byte(name, '.');
    text rest = id == name.size ? TEXT_EMPTY : (text){name.data + id + 1, name.size - id - 1};
    text language = TEXT_EMPTY;

    return text_split(&rest, '.', &language) ? language : TEXT_EMPTY;
}

/* Also one that the active policy does not have any more: its name and hash stay for ever. */
static void write_notice(const passage *passage, uint16_t number, json_writer *out)
{
    const uint32_t index = bundle_find_number(passage->world->bundle, REGISTRY_NOTICE, number);
    const char *const name = world_name(passage->world, REGISTRY_NOTICE, number);
    const uint8_t *const hash = world_notice_hash(passage->world, number);
    const text language = name == NULL ? TEXT_EMPTY : language_of(text_of(name));
    char hex[2 * SHA256_BYTES + 1];

    json_name(out, "notice");
    json_begin_object(out);
    json_member_string(out, "id", name == NULL ? "" : name);
    if (language.size > 0) {
        json_member_text(out, "language", language);
    }
    if (index != BUNDLE_NONE) {
        json_member_integer(out, "version", passage->world->bundle->notices[index].version);
    }
    if (hash != NULL) {
        hex_encode(hash, SHA256_BYTES, hex);
        json_member_string(out, "sha256", hex);
    }
    json_end_object(out);
}

void consent_write(const passage *passage, const state_consent *consent, json_writer *out)
{
    const char *const purpose = world_name(passage->world, REGISTRY_PURPOSE, consent->purpose);
    const char *const grade = consent_grade_name(consent->grade);
    char id[33];

    hex_encode(consent->id, sizeof(consent->id), id);
    json_member_string(out, "id", id);
    json_member_string(out, "purpose", purpose == NULL ? "" : purpose);
    json_member_integer(out, "version", consent->version);
    write_notice(passage, consent->notice, out);
    json_member_string(out, "state", consent_state_name(consent->state));
    json_member_string(out, "grade", grade == NULL ? "" : grade);
    write_time(out, "at", (int64_t)consent->at_s * NS_PER_SECOND);
    if (consent->expires_s != 0) {
        write_time(out, "expires", (int64_t)consent->expires_s * NS_PER_SECOND);
    }
}

static void write_detail(const consent_detail *detail, json_writer *out)
{
    write_time(out, "given", detail->given_ns);
    json_member_bool(out, "assisted", detail->is_assisted);
}

/* --- the history -------------------------------------------------------------------------------- */

static consent_detail detail_of(const consent_event *event)
{
    static const uint8_t nobody[ENTRY_TOKEN_BYTES] = {0};
    consent_detail made = {
        .given_ns = event->given_ns != 0 ? event->given_ns : event->at_ns,
        .is_assisted = event->grade == GRADE_ASSISTED ||
                       memcmp(event->assisted_token, nobody, sizeof(nobody)) != 0,
    };

    memcpy(made.id, event->id, sizeof(made.id));
    return made;
}

static void keep_detail(history *self, const consent_event *event, const consent_detail *detail)
{
    const subject_state *const state = &self->passage->state;

    for (uint32_t i = 0; i < state->consent_count; i++) {
        if (state->consents[i].purpose == event->purpose &&
            memcmp(state->consents[i].id, event->id, sizeof(event->id)) == 0) {
            self->details[i] = *detail;
        }
    }
}

static velum_status write_event(void *context, const consent_event *event)
{
    history *const self = context;
    const consent_detail detail = detail_of(event);
    state_consent shown = {
        .purpose = event->purpose,
        .version = event->version,
        .state = event->state,
        .grade = event->grade,
        .notice = event->notice,
        .at_s = (uint32_t)(event->at_ns / NS_PER_SECOND),
        .expires_s = (uint32_t)(event->expires_ns / NS_PER_SECOND),
    };

    memcpy(shown.id, event->id, sizeof(shown.id));
    keep_detail(self, event, &detail);
    json_begin_object(&self->out);
    json_member_integer(&self->out, "n", event->n);
    consent_write(self->passage, &shown, &self->out);
    write_detail(&detail, &self->out);
    json_end_object(&self->out);
    return buffer_status(self->out.out);
}

static velum_status write_history(history *self)
{
    const passage *const passage = self->passage;
    consent_ledger_end end = {.count = passage->state.ledger_count};

    memcpy(end.head, passage->state.ledger_head, sizeof(end.head));
    json_begin_array(&self->out);
    VELUM_TRY(vault_ledger_read(passage->conn, passage->opened, &end, write_event, self));
    json_end_array(&self->out);
    return buffer_status(self->out.out);
}

/* --- the answer --------------------------------------------------------------------------------- */

static const consent_detail *detail_of_held(const history *self, const state_consent *held)
{
    return &self->details[held - self->passage->state.consents];
}

static void write_purpose(const history *self, const bundle_purpose *purpose, json_writer *out)
{
    const state_consent *const held = subject_state_consent(&self->passage->state, purpose->number);

    json_begin_object(out);
    if (held != NULL) {
        consent_write(self->passage, held, out);
        json_member_bool(out, "current", held->version == purpose->version);
        write_detail(detail_of_held(self, held), out);
    } else {
        json_member_text(out, "purpose", purpose->name);
        json_member_integer(out, "version", purpose->version);
        json_member_string(out, "state", consent_state_name(CONSENT_UNKNOWN));
    }
    if (self->passage->is_of_several) { /* what counts, with the other records (core/person.h) */
        const state_consent *const common =
            subject_state_consent(person_state(self->passage), purpose->number);
        json_member_string(out, "person_state",
                           consent_state_name(common == NULL ? CONSENT_UNKNOWN : common->state));
    }
    json_member_text(out, "title_zh", purpose->title_zh);
    json_member_text(out, "title_en", purpose->title_en);
    json_end_object(out);
}

/* Now: every purpose of the policy that lives on a consent, asked or not. */
static void write_now(const history *self, json_writer *out)
{
    const bundle *const bundle = self->passage->world->bundle;

    json_name(out, "consents");
    json_begin_array(out);
    for (uint32_t i = 0; i < bundle->purpose_count; i++) {
        if (bundle->purposes[i].basis == BASIS_CONSENT) {
            write_purpose(self, &bundle->purposes[i], out);
        }
    }
    json_end_array(out);
}

velum_status consents_list(passage *passage)
{
    history self = {.passage = passage};
    json_writer out;
    VELUM_AUTO_BUFFER events = {0};

    buffer_init(&events, HISTORY_BYTES_MAX);
    json_writer_init(&self.out, &events);
    VELUM_TRY(write_history(&self));
    json_writer_init(&out, &passage->answer->body);
    json_begin_object(&out);
    VELUM_TRY(reply_subject(passage, &out));
    write_now(&self, &out);
    json_name(&out, "history");
    json_write_raw(&out, (text){(const char *)events.data, events.size});
    json_end_object(&out);
    return buffer_status(&passage->answer->body);
}

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
