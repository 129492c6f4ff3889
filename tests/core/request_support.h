/* tests/core/request_support.h: taking requests in, deciding them, letting time pass. */
#ifndef TESTS_CORE_REQUEST_SUPPORT_H
#define TESTS_CORE_REQUEST_SUPPORT_H

#include "tests/core/support.h"

#include "core/requests.h"

#define MOBILE "13800000001"
#define SOMEBODY "{\"type\":\"mobile\",\"value\":\"13899999999\"}" /* nobody that is stored */

/* A shop, a desk for consents, a service that takes requests in, a second officer, a customer. */
typedef struct people {
    place *place;
    const char *shop;
    const char *desk;
    const char *intake;
    const char *officer; /* beside the one by uid */
    const char *ref;
} people;

people people_of(place *self);
/* By the service: `members` are those beside right and subject, each after a comma. */
const reply *take_in(const people *self, const char *right, const char *members);
/* By the service, verified just now. */
const reply *take_verified(const people *self, const char *right);
/* By the service, of an identifier. */
const reply *take_by_identifier(const people *self, const char *right, const char *identifier,
                                const char *members);
/* By the customer. */
const reply *ask_myself(const people *self, const char *body);
const reply *my_requests(const people *self);
const reply *cancel_myself(const people *self, const char *id);

const reply *show(place *self, const char *id);
/* By the officer of this token (NULL: by uid), on the version that is there now; `members` as above. */
const reply *act(place *self, const char *token, const char *id, const char *name,
                 const char *members);
const reply *act_on(place *self, const char *id, int64_t version, const char *name);
void assert_state(place *self, const char *id, const char *state);

/* Runs what is due until nothing moves. */
void run_timers(place *self);
void pass_days(place *self, int64_t *now_ns, int64_t days);
/* Leaves of type `request` with this act. */
uint32_t count_acts(place *self, uint32_t act);

#endif
