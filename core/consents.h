/* core/consents.h: recording a consent event in the ledger and in the state at once.
 *
 * C-1  Each event is one row of the ledger and one leaf (many imported at once share one); the state
 *      is its projection and moves to the subject's next generation with it (V-5).
 * C-2  What takes away (withdrawn, refused) is always possible: no grade, age, version or notice
 *      stands against it (PIPL 15, GDPR 7(3)).
 * C-3  Asking is an event, too, and takes no answer away: neither a consent that stands, nor a no.
 */
#ifndef CORE_CONSENTS_H
#define CORE_CONSENTS_H

#include "core/passage.h"

#define CONSENTS_AT_ONCE_MAX 8                        /* of `consents: [ … ]` */
#define CONSENT_LEAVES_MAX SUBJECT_STATE_CONSENTS_MAX /* a leaf each; `all` may be as many */

/* A notice as it was shown. */
typedef struct consent_notice {
    uint16_t number;
    uint8_t hash[SHA256_BYTES];
    char language[12]; /* NUL-terminated */
} consent_notice;

typedef struct consent_wish {
    uint16_t purpose; /* registry number */
    uint16_t version; /* of the purpose */
    uint8_t state;    /* CONSENT_GIVEN, _WITHDRAWN, _REFUSED or _REQUESTED */
    uint8_t grade;    /* GRADE_* */
    consent_notice notice;
    uint8_t assisted_token[ENTRY_TOKEN_BYTES]; /* zeros: nobody assisted */
    uint8_t evidence[SHA256_BYTES];            /* zeros: none */
    int64_t given_ns;                          /* 0: now */
} consent_wish;

/* core/consent_wish.c: reads {purpose, state, language?, notice?}, of a service or person also given?,
 * assisted_by?, evidence?, verified?. */
velum_status consent_wish_parse(passage *passage, const json_value *object,
                                consent_wish *out) VELUM_WARN_UNUSED;
/* `notice` as a wish holds it. */
consent_notice consent_notice_of(const bundle_notice *notice);
/* What a service or person says of when and by what it was given, into a wish: `given`, `evidence`. */
velum_status consent_wish_parse_proof(passage *passage, const json_value *object,
                                      consent_wish *out) VELUM_WARN_UNUSED;

/* core/consents.c: the wish to withdraw one that the state holds. */
void consent_wish_withdrawn(const passage *passage, const state_consent *held, consent_wish *out);

/* core/consent_record.c: appends the event and seals the state, unless the same stands there already
 * (repeating is safe; asking never is the same). Fills the passage's entry. */
velum_status consent_record(passage *passage, const consent_wish *wish,
                            state_consent *out) VELUM_WARN_UNUSED;
/* Whether it is a state in which data may be processed (DPV 2.3). */
bool consent_state_allows(uint32_t state);

/* core/consent_list.c: members of one consent into an open object. */
void consent_write(const passage *passage, const state_consent *consent, json_writer *out);

#endif
