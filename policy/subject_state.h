/* policy/subject_state.h: what a decision may know of a subject, in 1 KiB.
 *
 * Sealed by vault/ under the subject's state key; conditions may name nothing else of the subject.
 * A fixed layout of exactly SUBJECT_STATE_BYTES, zeros behind what is used.
 * Format: docs/formats/subject-state.md.
 */
#ifndef POLICY_SUBJECT_STATE_H
#define POLICY_SUBJECT_STATE_H

#include "base/clock.h"
#include "base/crypto.h"

#define SUBJECT_STATE_BYTES 1024
#define SUBJECT_STATE_CONSENTS_MAX 24
#define SUBJECT_STATE_CATEGORIES_MAX 16
#define SUBJECT_STATE_ATTRIBUTES_MAX 8

/* States of a consent (DPV 2.3); only GIVEN and RENEWED are valid for processing. */
#define CONSENT_UNKNOWN 0
#define CONSENT_REQUESTED 1
#define CONSENT_DEFERRED 2
#define CONSENT_REFUSED 3
#define CONSENT_GIVEN 4
#define CONSENT_RENEWED 5
#define CONSENT_WITHDRAWN 6
#define CONSENT_EXPIRED 7
#define CONSENT_REVOKED 8
#define CONSENT_INVALIDATED 9
const char *consent_state_name(uint32_t state);

/* Grades of evidence. */
#define GRADE_SELF 1
#define GRADE_ASSISTED 2
#define GRADE_SELF_VERIFIED 3 /* the customer's own session with a verified identifier */
#define GRADE_IMPORTED 4      /* a record from before, with its own notice */
const char *consent_grade_name(uint32_t grade);
/* Whether evidence of grade `held` serves where `needed` is the least: self-verified, self, assisted,
 * imported, strongest first. `needed` 0: any. False for unknown grades (I-3). */
bool consent_grade_serves(uint32_t held, uint32_t needed);

typedef struct state_consent {
    uint16_t purpose; /* registry numbers */
    uint16_t version;
    uint8_t state;
    uint8_t grade;
    uint16_t notice;
    uint8_t id[16];
    uint32_t at_s;      /* UTC seconds of the event */
    uint32_t expires_s; /* 0: does not */
} state_consent;

typedef struct state_category {
    uint16_t number;
    uint32_t version; /* of the sealed record; 0 is never stored */
} state_category;

typedef struct state_attribute {
    uint16_t number;
    uint64_t value; /* attribute_value_hash */
} state_attribute;

#define RESTRICTION_PROCESSING (1U << 0) /* PIPL 44, GDPR 18: storage only */
#define RESTRICTION_MARKETING (1U << 1)  /* GDPR 21: objection */

typedef struct subject_state {
    uint32_t restrictions; /* RESTRICTION_* */
    uint32_t holds;        /* legal holds, a count */
    int32_t turns_14_day;  /* days since 1970; INT32_MIN: no birthday known, counts as adult */
    int32_t turns_18_day;
    uint16_t jurisdiction;             /* registry number, 0: the bundle's */
    uint8_t ledger_head[SHA256_BYTES]; /* of the consent ledger; zeros while it is empty */
    uint32_t ledger_count;
    state_consent consents[SUBJECT_STATE_CONSENTS_MAX];
    uint32_t consent_count;
    state_category categories[SUBJECT_STATE_CATEGORIES_MAX];
    uint32_t category_count;
    state_attribute attributes[SUBJECT_STATE_ATTRIBUTES_MAX];
    uint32_t attribute_count;
} subject_state;

/* A state that knows nothing. */
void subject_state_init(subject_state *self);
void subject_state_encode(const subject_state *self, uint8_t out[SUBJECT_STATE_BYTES]);
/* VELUM_E_CORRUPT for anything that encode does not write. */
velum_status subject_state_decode(const uint8_t bytes[SUBJECT_STATE_BYTES],
                                  subject_state *out) VELUM_WARN_UNUSED;

const state_consent *subject_state_consent(const subject_state *self, uint16_t purpose);
/* Lists are kept in ascending order of their numbers, by the put functions alone. A put adds or
 * replaces; VELUM_E_LIMIT when the record is full, VELUM_E_INVALID for a number 0, an unknown state or
 * grade, or a category version 0. Attribute value 0 forgets the attribute. */
velum_status subject_state_put_consent(subject_state *self,
                                       const state_consent *consent) VELUM_WARN_UNUSED;
/* 0 when the subject has no such category. */
uint32_t subject_state_category_version(const subject_state *self, uint16_t number);
velum_status subject_state_put_category(subject_state *self, uint16_t number,
                                        uint32_t version) VELUM_WARN_UNUSED;
velum_status subject_state_put_attribute(subject_state *self, uint16_t number,
                                         uint64_t value) VELUM_WARN_UNUSED;
/* What two records of one person, which became one at `joined_s` (UTC seconds), allow together: the stricter
 * of both, and what the person said after that second, the newest. Restrictions of both hold, the younger
 * age counts. Attributes, categories, ledger and jurisdiction stay `self`'s. VELUM_E_LIMIT when both have
 * more consents than a record holds. policy/subject_merge.c */
velum_status subject_state_merge(subject_state *self, const subject_state *other,
                                 uint32_t joined_s) VELUM_WARN_UNUSED;
/* Sets the days on which the age class changes from a birthday; NULL forgets it. */
void subject_state_put_birthday(subject_state *self, const civil_date *birthday);

#endif
