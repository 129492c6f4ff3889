/* crm/winback/dormant.h: customers whose timer came due, gathered and asked about together. */
#ifndef CRM_WINBACK_DORMANT_H
#define CRM_WINBACK_DORMANT_H

#include "crm/winback/tally.h"

#include <velum/module.h>

#define DORMANT_MAX 200 /* refs of one SEND */
#define DORMANT_DATE_BYTES 11

typedef struct dormant_one {
    velum_work *work;
    char last_order[DORMANT_DATE_BYTES]; /* the occurrence */
    bool is_settled;                     /* the gate said what becomes of the message */
} dormant_one;

typedef struct dormant {
    velum_module *module; /* borrowed */
    uint32_t days;
    dormant_one ones[DORMANT_MAX];
    uint32_t count;
} dormant;

/* Takes the work over; there must be room: fewer than DORMANT_MAX. */
void dormant_add(dormant *self, velum_work *work);
/* Asks for a message for each, one request for all of one occurrence, and answers all works. Empty
 * afterwards, whatever comes back. */
velum_status dormant_send(dormant *self, tally *tally) VELUM_WARN_UNUSED;
/* What is still here goes back without an answer. */
void dormant_clear(dormant *self);

/* RFC 3339, moved by some days; VELUM_E_INVALID where it is none. */
#define DORMANT_TIME_BYTES 25
velum_status dormant_move(const char *at, int32_t days,
                          char out[DORMANT_TIME_BYTES]) VELUM_WARN_UNUSED;

#endif
