/* vault/consent_event.c: a consent event as 166 bytes.
 *
 * The size is fixed, so that the length of a sealed row says nothing of what is in it. Format 1 had
 * 110 bytes, the first of format 2; it is read for ever and not written any more.
 * Format: docs/formats/sealed.md, "Consent event".
 */
#include "vault/internal.h"

#include <assert.h>

#define EVENT_FORMAT_1 1
#define EVENT_FORMAT 2

enum {
    AT_FORMAT = 0,
    AT_ID = 1,
    AT_N = 17,
    AT_PURPOSE = 21,
    AT_VERSION = 23,
    AT_NOTICE = 25,
    AT_NOTICE_HASH = 27,
    AT_LANGUAGE = 59,
    AT_STATE = 71,
    AT_GRADE = 72,
    AT_CHANNEL = 73,
    AT_ACTIVITY = 74,
    AT_JURISDICTION = 76,
    AT_ACTOR_TOKEN = 78,
    AT_TIME = 94,
    AT_EXPIRES = 102,
    AT_END_1 = 110,
    AT_ASSISTED_TOKEN = 110,
    AT_EVIDENCE = 126,
    AT_GIVEN = 158,
    AT_END = 166
};

static_assert(AT_END_1 == CONSENT_EVENT_BYTES_1, "docs/formats/sealed.md says so");
static_assert(AT_END == CONSENT_EVENT_BYTES, "docs/formats/sealed.md says so");

static bool is_terminated(const char language[12])
{
    return memchr(language, '\0', sizeof(((consent_event *)0)->language)) != NULL;
}

velum_status consent_event_encode(const consent_event *event, uint8_t out[CONSENT_EVENT_BYTES])
{
    if (!is_terminated(event->language) || event->n == 0) {
        return VELUM_E_INVALID;
    }
    memset(out, 0, CONSENT_EVENT_BYTES);
    out[AT_FORMAT] = EVENT_FORMAT;
    memcpy(out + AT_ID, event->id, sizeof(event->id));
    bytes_write_u32be(out + AT_N, event->n);
    bytes_write_u16be(out + AT_PURPOSE, event->purpose);
    bytes_write_u16be(out + AT_VERSION, event->version);
    bytes_write_u16be(out + AT_NOTICE, event->notice);
    memcpy(out + AT_NOTICE_HASH, event->notice_hash, sizeof(event->notice_hash));
    memcpy(out + AT_LANGUAGE, event->language, strlen(event->language));
    out[AT_STATE] = event->state;
    out[AT_GRADE] = event->grade;
    out[AT_CHANNEL] = event->channel;
    bytes_write_u16be(out + AT_ACTIVITY, event->activity);
    bytes_write_u16be(out + AT_JURISDICTION, event->jurisdiction);
    memcpy(out + AT_ACTOR_TOKEN, event->actor_token, sizeof(event->actor_token));
    bytes_write_u64be(out + AT_TIME, (uint64_t)event->at_ns);
    bytes_write_u64be(out + AT_EXPIRES, (uint64_t)event->expires_ns);
    memcpy(out + AT_ASSISTED_TOKEN, event->assisted_token, sizeof(event->assisted_token));
    memcpy(out + AT_EVIDENCE, event->evidence, sizeof(event->evidence));
    bytes_write_u64be(out + AT_GIVEN, (uint64_t)event->given_ns);
    return VELUM_OK;
}

/* Whether format and size are those of one event. */
static velum_status check_format(const uint8_t *bytes, size_t size)
{
    if (size != CONSENT_EVENT_BYTES && size != CONSENT_EVENT_BYTES_1) {
        return VELUM_E_CORRUPT;
    }
    if (bytes[AT_FORMAT] > EVENT_FORMAT) {
        return VELUM_E_NEWER;
    }
    const uint8_t expected = size == CONSENT_EVENT_BYTES ? EVENT_FORMAT : EVENT_FORMAT_1;
    return bytes[AT_FORMAT] == expected ? VELUM_OK : VELUM_E_CORRUPT;
}

/* What format 1 did not have yet: it was given when it was recorded. */
static void decode_end(const uint8_t *bytes, consent_event *out)
{
    if (bytes[AT_FORMAT] == EVENT_FORMAT_1) {
        out->given_ns = out->at_ns;
        return;
    }
    memcpy(out->assisted_token, bytes + AT_ASSISTED_TOKEN, sizeof(out->assisted_token));
    memcpy(out->evidence, bytes + AT_EVIDENCE, sizeof(out->evidence));
    out->given_ns = (int64_t)bytes_read_u64be(bytes + AT_GIVEN);
}

velum_status consent_event_decode(const uint8_t *bytes, size_t size, consent_event *out)
{
    consent_event event = {.n = 0};

    VELUM_TRY(check_format(bytes, size));
    event.n = bytes_read_u32be(bytes + AT_N);
    memcpy(event.language, bytes + AT_LANGUAGE, sizeof(event.language));
    if (!is_terminated(event.language) || event.n == 0) {
        return VELUM_E_CORRUPT;
    }
    memcpy(event.id, bytes + AT_ID, sizeof(event.id));
    event.purpose = bytes_read_u16be(bytes + AT_PURPOSE);
    event.version = bytes_read_u16be(bytes + AT_VERSION);
    event.notice = bytes_read_u16be(bytes + AT_NOTICE);
    memcpy(event.notice_hash, bytes + AT_NOTICE_HASH, sizeof(event.notice_hash));
    event.state = bytes[AT_STATE];
    event.grade = bytes[AT_GRADE];
    event.channel = bytes[AT_CHANNEL];
    event.activity = bytes_read_u16be(bytes + AT_ACTIVITY);
    event.jurisdiction = bytes_read_u16be(bytes + AT_JURISDICTION);
    memcpy(event.actor_token, bytes + AT_ACTOR_TOKEN, sizeof(event.actor_token));
    event.at_ns = (int64_t)bytes_read_u64be(bytes + AT_TIME);
    event.expires_ns = (int64_t)bytes_read_u64be(bytes + AT_EXPIRES);
    decode_end(bytes, &event);
    *out = event;
    return VELUM_OK;
}
