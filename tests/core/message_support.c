/* tests/core/message_support.c */
#include "tests/core/message_support.h"

#include "tests/core/erasure_support.h"

#include <stdio.h>
#include <string.h>

senders senders_of(place *self)
{
    senders made = {
        .place = self,
        .shop = shop_token(self),
        .desk = desk_token(self),
        .module =
            token_of(self, (holder){"winback", NULL, "crm_module", "winback", "winback", NULL}),
        .courier =
            token_of(self, (holder){"courier", NULL, "crm_module", "delivery", "courier", NULL}),
    };

    made.ref = person(self, made.shop, SENDER_MOBILE, full_profile);
    made.to = ref_in(self, made.ref, "winback");
    agree(&made);
    return made;
}

void tell_existence(place *self)
{
    static const char *const changes[] = {
        "    fields: [name, mobile]\\n    resources: {orders: [ordered_at]",
        "    knows-existence: true\\n    fields: [name, mobile]\\n    resources: {orders: "
        "[ordered_at]",
        NULL};

    change_policy(self, changes);
}

void next_customer(senders *self, int n)
{
    char mobile[16];

    snprintf(mobile, sizeof mobile, "139%08d", n);
    self->ref = person(self->place, self->shop, mobile, full_profile);
    self->to = ref_in(self->place, self->ref, "winback");
}

void agree(const senders *self)
{
    consent(self->place, self->desk, self->ref, "direct-marketing", "given");
}

const char *ref_in(place *self, const char *ref, const char *domain)
{
    const subject_id subject = subject_of(self, ref);
    const aes_block *permutation = NULL;
    char out[PSEUDONYM_TEXT_BYTES];
    world *const world = gate_world(self->gate);
    const uint16_t number = world_number(world, REGISTRY_DOMAIN, text_of(domain));

    world_free(world);
    assert_int_equal(keyring_domain(self->gate->keys, number, &permutation), VELUM_OK);
    pseudonym_format(permutation, &subject, out);
    return text_f(self, "%s", out);
}

/* --- asking, taking ------------------------------------------------------------------------------- */

const reply *send_to(const senders *self, const char *ref, const char *occurrence)
{
    return ask(self->place,
               (question){VELUM_VERB_SEND, self->module, .ref = ref,
                          .body = text_f(self->place,
                                         "{\"template\":\"winback\",\"flow\":\"f\",\"node\":\"n\","
                                         "\"occurrence\":\"%s\"}",
                                         occurrence)});
}

const char *queued(const senders *self, const char *occurrence)
{
    const reply *const answer = assert_done(send_to(self, self->to, occurrence));

    assert_text_at(answer, "messages/0/state", "queued");
    return text_f(self->place, "%s", text_at(answer, "messages/0/id"));
}

const reply *next_messages(const senders *self)
{
    return ask(self->place, (question){VELUM_VERB_MESSAGE_NEXT, .token = self->courier});
}

uint32_t taken_now(const senders *self)
{
    return (uint32_t)json_count(value_at(assert_done(next_messages(self)), "messages"));
}

const char *take_one(const senders *self)
{
    const reply *const answer = assert_done(next_messages(self));

    assert_int_equal(json_count(value_at(answer, "messages")), 1);
    return text_f(self->place, "%s", text_at(answer, "messages/0/id"));
}

const reply *say_done(const senders *self, const char *id, const char *outcome)
{
    return ask(self->place,
               (question){VELUM_VERB_MESSAGE_DONE, self->courier, .ref = id,
                          .body = text_f(self->place, "{\"outcome\":\"%s\"}", outcome)});
}

const reply *show_message(place *self, const char *id)
{
    return assert_done(
        ask(self, (question){VELUM_VERB_MESSAGE_GET, .activity = "audit", .ref = id}));
}

void assert_message(place *self, const char *id, const char *state, const char *reason)
{
    const reply *const shown = show_message(self, id);

    assert_text_at(shown, "state", state);
    assert_text_at(shown, "reason", reason);
}

/* --- the log -------------------------------------------------------------------------------------- */

typedef struct gathering {
    uint32_t stage;
    uint32_t count;
    audit_entry last;
} gathering;

static void gather(void *context, uint64_t index, const audit_entry *entry)
{
    gathering *const self = context;

    (void)index;
    if (entry->type == ENTRY_MESSAGE && entry->stage == self->stage) {
        self->count++;
        self->last = *entry;
        self->last.subjects = NULL;
    }
}

uint32_t count_messages(place *self, uint32_t stage)
{
    gathering found = {.stage = stage};

    log_visit(self, gather, &found);
    return found.count;
}

void last_message(place *self, uint32_t stage, audit_entry *out)
{
    gathering found = {.stage = stage};

    log_visit(self, gather, &found);
    assert_true(found.count > 0);
    *out = found.last;
}
