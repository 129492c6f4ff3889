#include "tests/core/request_support.h"

#include "core/verbs.h"

#include <stdio.h>

people people_of(place *self)
{
    people made = {.place = self, .shop = shop_token(self), .desk = desk_token(self)};

    made.intake = token_of(
        self, (holder){"intake", NULL, "customer_service", "request-intake", "shop", NULL});
    made.officer = token_of(self, (holder){"second", "human", "dpo",
                                           "requests,approvals,request-intake", "shop", NULL});
    made.ref = person(self, made.shop, MOBILE, full_profile);
    return made;
}

const reply *take_in(const people *self, const char *right, const char *members)
{
    return ask(self->place,
               (question){VELUM_VERB_REQUEST_CREATE, self->intake,
                          .body = text_f(self->place, "{\"right\":\"%s\",\"subject\":\"%s\"%s}",
                                         right, self->ref, members)});
}

const reply *take_verified(const people *self, const char *right)
{
    velum_gate *const gate = self->place->gate;
    char at[TIME_TEXT_BYTES];

    time_format(clock_wall_ns(&gate->clock), at);
    return take_in(
        self, right,
        text_f(self->place, ",\"verified\":{\"method\":\"second-fact\",\"at\":\"%s\"}", at));
}

const reply *take_by_identifier(const people *self, const char *right, const char *identifier,
                                const char *members)
{
    return ask(self->place,
               (question){VELUM_VERB_REQUEST_CREATE, self->intake,
                          .body = text_f(self->place, "{\"right\":\"%s\",\"identifier\":%s%s}",
                                         right, identifier, members)});
}

const reply *ask_myself(const people *self, const char *body)
{
    return ask(self->place,
               (question){VELUM_VERB_ME_REQUEST_CREATE, customer_of(self->place, self->ref),
                          "self-service", .body = body});
}

const reply *my_requests(const people *self)
{
    return ask(self->place,
               (question){VELUM_VERB_ME_REQUEST_LIST, customer_of(self->place, self->ref),
                          .activity = "self-service"});
}

const reply *cancel_myself(const people *self, const char *id)
{
    return ask(self->place,
               (question){VELUM_VERB_ME_REQUEST_CANCEL, customer_of(self->place, self->ref),
                          "self-service", .ref = id});
}

const reply *show(place *self, const char *id)
{
    return ask(self, (question){VELUM_VERB_REQUEST_SHOW, .ref = id});
}

const reply *act(place *self, const char *token, const char *id, const char *name,
                 const char *members)
{
    const int64_t version = integer_at(assert_done(show(self, id)), "version");

    return ask(self, (question){VELUM_VERB_REQUEST_DECIDE, token, .ref = id,
                                .body = text_f(self, "{\"act\":\"%s\",\"version\":%lld%s}", name,
                                               (long long)version, members)});
}

const reply *act_on(place *self, const char *id, int64_t version, const char *name)
{
    return ask(self, (question){VELUM_VERB_REQUEST_DECIDE, .ref = id,
                                .body = text_f(self, "{\"act\":\"%s\",\"version\":%lld}", name,
                                               (long long)version)});
}

void assert_state(place *self, const char *id, const char *state)
{
    assert_text_at(assert_done(show(self, id)), "state", state);
}

static void run_once(place *self)
{
    velum_pending *pending = NULL;
    velum_answer *answer = NULL;

    assert_int_equal(pending_create_own(self->gate, VERB_TIMERS, &pending), VELUM_OK);
    assert_int_equal(pending_wait(pending, &answer), VELUM_OK);
    velum_pending_free(pending);
    velum_answer_free(answer);
}

/* A request has at most one timer, and few moments. */
void run_timers(place *self)
{
    for (int i = 0; i < 4; i++) {
        run_once(self);
    }
}

void pass_days(place *self, int64_t *now_ns, int64_t days)
{
    *now_ns += days * DAY_NS;
    place_set_clock(self, *now_ns);
    run_timers(self);
}

typedef struct act_count {
    uint32_t act;
    uint32_t count;
} act_count;

static void count_one(void *context, uint64_t index, const audit_entry *entry)
{
    act_count *const self = context;

    (void)index;
    if (entry->type == ENTRY_REQUEST && input_of(entry, INPUT_REQUEST_ACT) == self->act) {
        self->count++;
    }
}

uint32_t count_acts(place *self, uint32_t number)
{
    act_count counted = {number, 0};

    log_visit(self, count_one, &counted);
    return counted.count;
}
