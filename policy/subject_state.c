/* subject_state.c: the 1 KiB record of what a decision may know of a customer.
 *
 * S-1  One state has one encoding: lists ascend by number, unused bytes are zero.
 * S-2  Decode accepts exactly what encode writes, so that decode then encode gives the same bytes.
 * Layout: docs/formats/subject-state.md.
 */
#include "policy/subject_state.h"

#include "base/buffer.h"

#include <assert.h>

#define FORMAT_VERSION 1

#define OFFSET_RESTRICTIONS 4
#define OFFSET_HOLDS 8
#define OFFSET_TURNS_14 12
#define OFFSET_TURNS_18 16
#define OFFSET_JURISDICTION 20
#define OFFSET_LEDGER_COUNT 24
#define OFFSET_LEDGER_HEAD 28
#define OFFSET_CONSENTS 64
#define OFFSET_CATEGORIES 832
#define OFFSET_ATTRIBUTES 928
#define OFFSET_END 1008

#define CONSENT_BYTES 32
#define CATEGORY_BYTES 6
#define ATTRIBUTE_BYTES 10

#define RESTRICTIONS_KNOWN (RESTRICTION_PROCESSING | RESTRICTION_MARKETING)
#define LAST_YEAR 9999
#define FIRST_DAY (-719162) /* 0001-01-01 */
#define LAST_DAY 2932896    /* 9999-12-31 */

static_assert(OFFSET_LEDGER_HEAD + SHA256_BYTES <= OFFSET_CONSENTS, "header fits");
static_assert(OFFSET_CONSENTS + SUBJECT_STATE_CONSENTS_MAX * CONSENT_BYTES == OFFSET_CATEGORIES &&
                  OFFSET_CATEGORIES + SUBJECT_STATE_CATEGORIES_MAX * CATEGORY_BYTES ==
                      OFFSET_ATTRIBUTES &&
                  OFFSET_ATTRIBUTES + SUBJECT_STATE_ATTRIBUTES_MAX * ATTRIBUTE_BYTES ==
                      OFFSET_END &&
                  OFFSET_END <= SUBJECT_STATE_BYTES,
              "lists stand one behind another");

static const char *const state_names[] = {
    [CONSENT_UNKNOWN] = "unknown",     [CONSENT_REQUESTED] = "requested",
    [CONSENT_DEFERRED] = "deferred",   [CONSENT_REFUSED] = "refused",
    [CONSENT_GIVEN] = "given",         [CONSENT_RENEWED] = "renewed",
    [CONSENT_WITHDRAWN] = "withdrawn", [CONSENT_EXPIRED] = "expired",
    [CONSENT_REVOKED] = "revoked",     [CONSENT_INVALIDATED] = "invalidated",
};

const char *consent_state_name(uint32_t state)
{
    return state <= CONSENT_INVALIDATED ? state_names[state] : NULL;
}

const char *consent_grade_name(uint32_t grade)
{
    static const char *const names[] = {NULL, "self", "assisted", "self-verified", "imported"};

    return grade <= GRADE_IMPORTED ? names[grade] : NULL;
}

/* The numbers stand in ledgers for ever and are in no order of strength. */
bool consent_grade_serves(uint32_t held, uint32_t needed)
{
    static const uint8_t strengths[] = {
        [GRADE_IMPORTED] = 1, [GRADE_ASSISTED] = 2, [GRADE_SELF] = 3, [GRADE_SELF_VERIFIED] = 4};

    if (needed == 0) {
        return held <= GRADE_IMPORTED;
    }
    return held <= GRADE_IMPORTED && needed <= GRADE_IMPORTED &&
           strengths[held] >= strengths[needed];
}

void subject_state_init(subject_state *self)
{
    *self = (subject_state){.turns_14_day = INT32_MIN, .turns_18_day = INT32_MIN};
}

/* --- Encoding ----------------------------------------------------------------------------------- */

static void write_consent(uint8_t *out, const state_consent *consent)
{
    bytes_write_u16be(out, consent->purpose);
    bytes_write_u16be(out + 2, consent->version);
    out[4] = consent->state;
    out[5] = consent->grade;
    bytes_write_u16be(out + 6, consent->notice);
    memcpy(out + 8, consent->id, sizeof(consent->id));
    bytes_write_u32be(out + 24, consent->at_s);
    bytes_write_u32be(out + 28, consent->expires_s);
}

static void write_lists(const subject_state *self, uint8_t *out)
{
    for (uint32_t i = 0; i < self->consent_count; i++) {
        write_consent(out + OFFSET_CONSENTS + (size_t)i * CONSENT_BYTES, &self->consents[i]);
    }
    for (uint32_t i = 0; i < self->category_count; i++) {
        uint8_t *const slot = out + OFFSET_CATEGORIES + (size_t)i * CATEGORY_BYTES;
        bytes_write_u16be(slot, self->categories[i].number);
        bytes_write_u32be(slot + 2, self->categories[i].version);
    }
    for (uint32_t i = 0; i < self->attribute_count; i++) {
        uint8_t *const slot = out + OFFSET_ATTRIBUTES + (size_t)i * ATTRIBUTE_BYTES;
        bytes_write_u16be(slot, self->attributes[i].number);
        bytes_write_u64be(slot + 2, self->attributes[i].value);
    }
}

void subject_state_encode(const subject_state *self, uint8_t out[SUBJECT_STATE_BYTES])
{
    subject_state again;

    assert(self->consent_count <= SUBJECT_STATE_CONSENTS_MAX &&
           self->category_count <= SUBJECT_STATE_CATEGORIES_MAX &&
           self->attribute_count <= SUBJECT_STATE_ATTRIBUTES_MAX);
    memset(out, 0, SUBJECT_STATE_BYTES);
    out[0] = FORMAT_VERSION;
    out[1] = (uint8_t)self->consent_count;
    out[2] = (uint8_t)self->category_count;
    out[3] = (uint8_t)self->attribute_count;
    bytes_write_u32be(out + OFFSET_RESTRICTIONS, self->restrictions);
    bytes_write_u32be(out + OFFSET_HOLDS, self->holds);
    bytes_write_u32be(out + OFFSET_TURNS_14, (uint32_t)self->turns_14_day);
    bytes_write_u32be(out + OFFSET_TURNS_18, (uint32_t)self->turns_18_day);
    bytes_write_u16be(out + OFFSET_JURISDICTION, self->jurisdiction);
    bytes_write_u32be(out + OFFSET_LEDGER_COUNT, self->ledger_count);
    memcpy(out + OFFSET_LEDGER_HEAD, self->ledger_head, SHA256_BYTES);
    write_lists(self, out);
    const velum_status readable = subject_state_decode(out, &again);
    assert(readable == VELUM_OK); /* S-2, before it is stored rather than after */
    (void)readable;
}

/* --- Decoding ----------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;

    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static bool consent_is_sound(const state_consent *consent)
{
    return consent->purpose != 0 && consent->state <= CONSENT_INVALIDATED &&
           consent->grade <= GRADE_IMPORTED;
}

/* A day of the calendar, the end of time, or no day known. */
static bool day_is_sound(int32_t day)
{
    return day == INT32_MIN || day == INT32_MAX || (day >= FIRST_DAY && day <= LAST_DAY);
}

/* Slots behind those in use, the gaps of the header, and the tail. */
static bool unused_is_zero(const subject_state *self, const uint8_t *bytes)
{
    const size_t consents_end = OFFSET_CONSENTS + (size_t)self->consent_count * CONSENT_BYTES;
    const size_t categories_end = OFFSET_CATEGORIES + (size_t)self->category_count * CATEGORY_BYTES;
    const size_t attributes_end =
        OFFSET_ATTRIBUTES + (size_t)self->attribute_count * ATTRIBUTE_BYTES;

    return is_zero(bytes + OFFSET_JURISDICTION + 2, 2) &&
           is_zero(bytes + OFFSET_LEDGER_HEAD + SHA256_BYTES, 4) &&
           is_zero(bytes + consents_end, OFFSET_CATEGORIES - consents_end) &&
           is_zero(bytes + categories_end, OFFSET_ATTRIBUTES - categories_end) &&
           is_zero(bytes + attributes_end, SUBJECT_STATE_BYTES - attributes_end);
}

static velum_status read_header(const uint8_t *bytes, subject_state *out)
{
    *out = (subject_state){
        .consent_count = bytes[1],
        .category_count = bytes[2],
        .attribute_count = bytes[3],
        .restrictions = bytes_read_u32be(bytes + OFFSET_RESTRICTIONS),
        .holds = bytes_read_u32be(bytes + OFFSET_HOLDS),
        .turns_14_day = (int32_t)bytes_read_u32be(bytes + OFFSET_TURNS_14),
        .turns_18_day = (int32_t)bytes_read_u32be(bytes + OFFSET_TURNS_18),
        .jurisdiction = bytes_read_u16be(bytes + OFFSET_JURISDICTION),
        .ledger_count = bytes_read_u32be(bytes + OFFSET_LEDGER_COUNT),
    };
    memcpy(out->ledger_head, bytes + OFFSET_LEDGER_HEAD, SHA256_BYTES);

    const bool counts_hold = out->consent_count <= SUBJECT_STATE_CONSENTS_MAX &&
                             out->category_count <= SUBJECT_STATE_CATEGORIES_MAX &&
                             out->attribute_count <= SUBJECT_STATE_ATTRIBUTES_MAX;
    const bool ages_hold = (out->turns_14_day == INT32_MIN) == (out->turns_18_day == INT32_MIN) &&
                           out->turns_14_day <= out->turns_18_day &&
                           day_is_sound(out->turns_14_day) && day_is_sound(out->turns_18_day);
    const bool ledger_holds = (out->ledger_count == 0) == is_zero(out->ledger_head, SHA256_BYTES);
    if (bytes[0] != FORMAT_VERSION || (out->restrictions & ~RESTRICTIONS_KNOWN) != 0 ||
        !counts_hold || !ages_hold || !ledger_holds || !unused_is_zero(out, bytes)) {
        return VELUM_E_CORRUPT;
    }
    return VELUM_OK;
}

static velum_status read_consents(const uint8_t *bytes, subject_state *out)
{
    uint16_t last = 0;

    for (uint32_t i = 0; i < out->consent_count; i++) {
        const uint8_t *const slot = bytes + OFFSET_CONSENTS + (size_t)i * CONSENT_BYTES;
        state_consent *const consent = &out->consents[i];

        consent->purpose = bytes_read_u16be(slot);
        consent->version = bytes_read_u16be(slot + 2);
        consent->state = slot[4];
        consent->grade = slot[5];
        consent->notice = bytes_read_u16be(slot + 6);
        memcpy(consent->id, slot + 8, sizeof(consent->id));
        consent->at_s = bytes_read_u32be(slot + 24);
        consent->expires_s = bytes_read_u32be(slot + 28);
        if (!consent_is_sound(consent) || consent->purpose <= last) {
            return VELUM_E_CORRUPT;
        }
        last = consent->purpose;
    }
    return VELUM_OK;
}

static velum_status read_categories(const uint8_t *bytes, subject_state *out)
{
    uint16_t last = 0;

    for (uint32_t i = 0; i < out->category_count; i++) {
        const uint8_t *const slot = bytes + OFFSET_CATEGORIES + (size_t)i * CATEGORY_BYTES;
        state_category *const category = &out->categories[i];

        category->number = bytes_read_u16be(slot);
        category->version = bytes_read_u32be(slot + 2);
        if (category->number <= last || category->version == 0) {
            return VELUM_E_CORRUPT;
        }
        last = category->number;
    }
    return VELUM_OK;
}

static velum_status read_attributes(const uint8_t *bytes, subject_state *out)
{
    uint16_t last = 0;

    for (uint32_t i = 0; i < out->attribute_count; i++) {
        const uint8_t *const slot = bytes + OFFSET_ATTRIBUTES + (size_t)i * ATTRIBUTE_BYTES;
        state_attribute *const attribute = &out->attributes[i];

        attribute->number = bytes_read_u16be(slot);
        attribute->value = bytes_read_u64be(slot + 2);
        if (attribute->number <= last || attribute->value == 0) {
            return VELUM_E_CORRUPT;
        }
        last = attribute->number;
    }
    return VELUM_OK;
}

velum_status subject_state_decode(const uint8_t bytes[SUBJECT_STATE_BYTES], subject_state *out)
{
    subject_state read;

    VELUM_TRY(read_header(bytes, &read));
    VELUM_TRY(read_consents(bytes, &read));
    VELUM_TRY(read_categories(bytes, &read));
    VELUM_TRY(read_attributes(bytes, &read));
    *out = read;
    return VELUM_OK;
}

/* --- Looking up and changing -------------------------------------------------------------------- */

const state_consent *subject_state_consent(const subject_state *self, uint16_t purpose)
{
    for (uint32_t i = 0; i < self->consent_count && purpose != 0; i++) {
        if (self->consents[i].purpose == purpose) {
            return &self->consents[i];
        }
    }
    return NULL;
}

velum_status subject_state_put_consent(subject_state *self, const state_consent *consent)
{
    uint32_t at = 0;

    if (!consent_is_sound(consent)) {
        return VELUM_E_INVALID;
    }
    while (at < self->consent_count && self->consents[at].purpose < consent->purpose) {
        at++;
    }
    if (at < self->consent_count && self->consents[at].purpose == consent->purpose) {
        self->consents[at] = *consent;
        return VELUM_OK;
    }
    if (self->consent_count == SUBJECT_STATE_CONSENTS_MAX) {
        return VELUM_E_LIMIT;
    }
    memmove(&self->consents[at + 1], &self->consents[at],
            (self->consent_count - at) * sizeof(self->consents[0]));
    self->consents[at] = *consent;
    self->consent_count++;
    return VELUM_OK;
}

uint32_t subject_state_category_version(const subject_state *self, uint16_t number)
{
    for (uint32_t i = 0; i < self->category_count; i++) {
        if (self->categories[i].number == number) {
            return self->categories[i].version;
        }
    }
    return 0;
}

velum_status subject_state_put_category(subject_state *self, uint16_t number, uint32_t version)
{
    uint32_t at = 0;

    if (number == 0 || version == 0) {
        return VELUM_E_INVALID;
    }
    while (at < self->category_count && self->categories[at].number < number) {
        at++;
    }
    if (at < self->category_count && self->categories[at].number == number) {
        self->categories[at].version = version;
        return VELUM_OK;
    }
    if (self->category_count == SUBJECT_STATE_CATEGORIES_MAX) {
        return VELUM_E_LIMIT;
    }
    memmove(&self->categories[at + 1], &self->categories[at],
            (self->category_count - at) * sizeof(self->categories[0]));
    self->categories[at] = (state_category){.number = number, .version = version};
    self->category_count++;
    return VELUM_OK;
}

static void forget_attribute(subject_state *self, uint32_t at)
{
    self->attribute_count--;
    memmove(&self->attributes[at], &self->attributes[at + 1],
            (self->attribute_count - at) * sizeof(self->attributes[0]));
    self->attributes[self->attribute_count] = (state_attribute){0};
}

velum_status subject_state_put_attribute(subject_state *self, uint16_t number, uint64_t value)
{
    uint32_t at = 0;

    if (number == 0) {
        return VELUM_E_INVALID;
    }
    while (at < self->attribute_count && self->attributes[at].number < number) {
        at++;
    }
    const bool is_known = at < self->attribute_count && self->attributes[at].number == number;
    if (is_known && value != 0) {
        self->attributes[at].value = value;
        return VELUM_OK;
    }
    if (value == 0) {
        if (is_known) {
            forget_attribute(self, at);
        }
        return VELUM_OK;
    }
    if (self->attribute_count == SUBJECT_STATE_ATTRIBUTES_MAX) {
        return VELUM_E_LIMIT;
    }
    memmove(&self->attributes[at + 1], &self->attributes[at],
            (self->attribute_count - at) * sizeof(self->attributes[0]));
    self->attributes[at] = (state_attribute){.number = number, .value = value};
    self->attribute_count++;
    return VELUM_OK;
}

/* The calendar ends with 9999; a day behind it is never reached (I-3: then under age for ever). */
static int32_t day_of_age(civil_date birthday, int32_t years)
{
    if (birthday.year > LAST_YEAR - years) {
        return INT32_MAX;
    }
    return civil_date_to_days(civil_date_add_years(birthday, years));
}

void subject_state_put_birthday(subject_state *self, const civil_date *birthday)
{
    if (birthday == NULL) {
        self->turns_14_day = INT32_MIN;
        self->turns_18_day = INT32_MIN;
        return;
    }
    self->turns_14_day = day_of_age(*birthday, 14);
    self->turns_18_day = day_of_age(*birthday, 18);
}
