/* core/consents.h: recording a consent event in the ledger and in the state at once. */
#ifndef CORE_CONSENTS_H
#define CORE_CONSENTS_H

#include "core/passage.h"

typedef struct consent_wish {
    uint32_t purpose; /* index in the bundle */
    uint8_t state;    /* CONSENT_GIVEN or CONSENT_WITHDRAWN */
    text language;    /* empty: the first notice */
} consent_wish;

/* Appends the event and seals the state, unless the same stands there already (repeating is safe).
 * Fills the passage's entry. The notice is that of the active bundle. */
velum_status consent_record(passage *passage, const consent_wish *wish,
                            state_consent *out) VELUM_WARN_UNUSED;
/* Reads {purpose, state, language?}. */
velum_status consent_wish_parse(passage *passage, const json_value *object,
                                consent_wish *out) VELUM_WARN_UNUSED;

#endif
