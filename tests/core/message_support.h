/* tests/core/message_support.h: a module that asks for messages, a courier that takes them. */
#ifndef TESTS_CORE_MESSAGE_SUPPORT_H
#define TESTS_CORE_MESSAGE_SUPPORT_H

#include "tests/core/support.h"

#define SENDER_MOBILE "13800000001" /* of the customer, as in full_profile */

/* A shop, a desk for consents, the module, the courier; a customer who agreed to be written to. */
typedef struct senders {
    place *place;
    const char *shop;
    const char *desk;
    const char *module;
    const char *courier;
    const char *ref; /* in the domain shop */
    const char *to;  /* in the module's */
} senders;

senders senders_of(place *self);
/* The winback activity may know who is there. */
void tell_existence(place *self);
/* Somebody else, number `n`, with the usual profile; without a consent. */
void next_customer(senders *self, int n);
void agree(const senders *self);
/* A name of a customer in another domain. */
const char *ref_in(place *self, const char *ref, const char *domain);

/* Asked for in the flow f, node n. */
const reply *send_to(const senders *self, const char *ref, const char *occurrence);
/* Asked and queued: the message's id. */
const char *queued(const senders *self, const char *occurrence);
const reply *next_messages(const senders *self);
/* How many the courier gets now. */
uint32_t taken_now(const senders *self);
/* The only one that it gets; its id. */
const char *take_one(const senders *self);
const reply *say_done(const senders *self, const char *id, const char *outcome);
/* As the officer sees it. */
const reply *show_message(place *self, const char *id);
void assert_message(place *self, const char *id, const char *state, const char *reason);

/* Leaves of type `message` of this stage. */
uint32_t count_messages(place *self, uint32_t stage);
/* The last of them; its lists are gone. */
void last_message(place *self, uint32_t stage, audit_entry *out);

#endif
