/* tests/core/erasure_support.h: erasing somebody, and reading the certificate of it. */
#ifndef TESTS_CORE_ERASURE_SUPPORT_H
#define TESTS_CORE_ERASURE_SUPPORT_H

#include "tests/core/support.h"

#define MOBILE "13800000001"

/* By the officer; `body` as of the verb. */
const reply *erase(place *self, const char *ref, const char *body);
const reply *read_as(place *self, const char *token, const char *ref);
/* The file of a certificate, verified with the key that init gave; the reply's JSON is its text. */
const reply *certificate_of(place *self, const reply *erased);
/* Puts legal holds and restrictions into a customer's state, as somebody had decided. */
void put_state(place *self, const char *ref, uint32_t holds, uint32_t restrictions);
subject_id subject_of(place *self, const char *ref);

/* A reader of keys.db that does not leave: its WAL cannot be emptied, so nothing is reported gone. */
typedef struct lingerer {
    store *keys;
    store_conn *conn;
} lingerer;
lingerer linger(place *self);
void leave(lingerer *self);
/* Until no destruction is under way; the steward comes back each second. */
void await_nothing_begun(place *self);

#endif
