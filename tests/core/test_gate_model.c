/* Random requests against a plain model, over restarts; and I-8: less never reveals more.
 *
 * VELUM_TEST_SEED chooses the sequence; a failure prints it.
 */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>

#define PEOPLE 8
#define CITIES 4
#define STEPS 400

static const char *const purposes[] = {"direct-marketing", "analytics"};
#define PURPOSES 2

typedef struct model_person {
    bool exists;
    const char *ref;
    int city;              /* 0: none */
    int store;             /* 0: none */
    int birth;             /* 0: unknown, 1: adult, 2: child */
    int consent[PURPOSES]; /* 0: unknown, 1: given, 2: withdrawn */
    uint32_t events;
} model_person;

typedef struct model {
    place *place;
    random_seeded source;
    velum_random random;
    uint64_t seed;
    int step;
    const char *shop;
    const char *guide; /* of store 1 */
    const char *desk;
    const char *readers[PURPOSES];
    bool revoked[PURPOSES];
    model_person people[PEOPLE];
} model;

static const char *const cities[] = {NULL, "常州", "南京", "苏州"};
static const char *const births[] = {NULL, "1990-05-06", "2020-05-06"};

static uint32_t below(model *self, uint32_t bound)
{
    return random_below(&self->random, bound);
}

#define FAIL(self, what, answer)                                                                   \
    fail_msg("seed %llu step %d: %s: %d %s", (unsigned long long)(self)->seed, (self)->step, what, \
             (answer)->status, (answer)->body)

static void expect(model *self, const char *what, const reply *answer, int32_t status)
{
    if (answer->status != status) {
        FAIL(self, what, answer);
    }
}

static const char *mobile_of(model *self, uint32_t index)
{
    return text_f(self->place, "1380000%04u", index);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void upsert(model *self, uint32_t index)
{
    model_person *const one = &self->people[index];
    const uint32_t city = below(self, CITIES);
    const uint32_t birth = below(self, 3);
    const uint32_t store = below(self, 3);
    const bool removes = below(self, 6) == 0;
    const char *const body =
        text_f(self->place,
               "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"%s\"}],"
               "\"profile\":{\"name\":\"王小明\"%s%s%s%s%s%s}}",
               mobile_of(self, index), removes ? ",\"city\":null" : "",
               city == 0 || removes ? "" : text_f(self->place, ",\"city\":\"%s\"", cities[city]),
               birth == 0 ? "" : ",\"birthday\":\"", birth == 0 ? "" : births[birth],
               birth == 0 ? "" : "\"",
               store == 0 ? "" : text_f(self->place, ",\"store\":\"S%03u\"", store));
    const reply *answer =
        ask(self->place, (question){VELUM_VERB_UPSERT, .token = self->shop, .body = body});

    expect(self, "upsert", answer, 200);
    if (one->exists) {
        assert_string_equal(text_at(answer, "subject"), one->ref);
    }
    one->exists = true;
    one->ref = text_f(self->place, "%s", text_at(answer, "subject"));
    one->city = removes ? 0 : city != 0 ? (int)city : one->city;
    one->birth = birth != 0 ? (int)birth : one->birth;
    one->store = store != 0 ? (int)store : one->store;
}

static void put_consent(model *self, uint32_t index)
{
    model_person *const one = &self->people[index];
    const uint32_t purpose = below(self, PURPOSES);
    const bool gives = below(self, 3) > 0;

    if (!one->exists) {
        return;
    }
    forget_refusals(self->place);
    const reply *answer = ask(
        self->place, (question){VELUM_VERB_CONSENT_PUT, .token = self->desk, .ref = one->ref,
                                .body = text_f(self->place, "{\"purpose\":\"%s\",\"state\":\"%s\"}",
                                               purposes[purpose], gives ? "given" : "withdrawn")});
    if (gives && one->birth == 2) {
        expect(self, "a child's consent", answer, 403);
        return;
    }
    expect(self, "consent", answer, 200);
    const int now = gives ? 1 : 2;
    one->events += one->consent[purpose] == now ? 0 : 1;
    one->consent[purpose] = now;
}

/* --- reading, against the model --------------------------------------------------------------- */

static void check_city(model *self, const model_person *one, const reply *answer)
{
    if (strcmp(text_at(answer, "fields/city"), one->city == 0 ? "" : cities[one->city]) != 0) {
        FAIL(self, "city", answer);
    }
}

static void read_by_shop(model *self, uint32_t index)
{
    const model_person *one = &self->people[index];

    if (!one->exists) {
        forget_refusals(self->place);
        const reply *none =
            ask(self->place,
                (question){VELUM_VERB_LOOKUP, .token = self->shop,
                           .body = text_f(self->place,
                                          "{\"identifier\":{\"type\":\"mobile\",\"value\":\"%s\"}}",
                                          mobile_of(self, index))});
        expect(self, "lookup of nobody", none, 404);
        return;
    }
    const reply *answer =
        ask(self->place, (question){VELUM_VERB_READ, .token = self->shop, .ref = one->ref});
    expect(self, "read", answer, 200);
    check_city(self, one, answer);
}

static void read_by_guide(model *self, uint32_t index)
{
    const model_person *one = &self->people[index];

    if (!one->exists) {
        return;
    }
    forget_refusals(self->place);
    const reply *answer = ask(self->place, (question){VELUM_VERB_READ, .token = self->guide,
                                                      .ref = one->ref, .fields = "name"});
    expect(self, "read by a guide", answer, one->store == 1 && one->birth != 2 ? 200 : 403);
}

static bool may_be_read(const model *self, const model_person *one, uint32_t purpose)
{
    return one->consent[purpose] == 1 && one->birth != 2 && !self->revoked[purpose];
}

static void read_by_purpose(model *self, uint32_t index)
{
    const uint32_t purpose = below(self, PURPOSES);
    const model_person *one = &self->people[index];

    if (!one->exists) {
        return;
    }
    forget_refusals(self->place);
    const reply *answer = ask(self->place, (question){VELUM_VERB_READ, .ref = one->ref,
                                                      .token = self->readers[purpose],
                                                      .fields = "city,member_level"});
    const int32_t refused = self->revoked[purpose] ? 401 : 404;
    expect(self, purposes[purpose], answer, may_be_read(self, one, purpose) ? 200 : refused);
    if (answer->status == 200) {
        check_city(self, one, answer);
    }
}

static void list_consents(model *self, uint32_t index)
{
    static const char *const names[] = {"unknown", "given", "withdrawn"};
    const model_person *one = &self->people[index];

    if (!one->exists) {
        return;
    }
    const reply *answer =
        ask(self->place, (question){VELUM_VERB_CONSENT_LIST, .token = self->desk, .ref = one->ref});
    expect(self, "consents", answer, 200);
    for (int i = 0; i < PURPOSES; i++) {
        const char *const name =
            text_at(answer, i == 0 ? "consents/0/purpose" : "consents/1/purpose");
        const int purpose = strcmp(name, purposes[0]) == 0 ? 0 : 1;
        if (strcmp(text_at(answer, i == 0 ? "consents/0/state" : "consents/1/state"),
                   names[one->consent[purpose]]) != 0) {
            FAIL(self, name, answer);
        }
    }
    if (json_count(value_at(answer, "history")) != one->events) {
        FAIL(self, "history", answer);
    }
}

/* --- the walk --------------------------------------------------------------------------------- */

static void (*const acts[])(model *, uint32_t) = {
    upsert,        put_consent,     put_consent,     read_by_shop,
    read_by_guide, read_by_purpose, read_by_purpose, list_consents,
};

static uint64_t seed_given(void)
{
    const char *const given = getenv("VELUM_TEST_SEED");

    return given == NULL ? 1 : strtoull(given, NULL, 10);
}

static model model_of(place *place, uint64_t seed)
{
    model made = {.place = place, .seed = seed};

    made.shop = shop_token(place);
    made.desk = desk_token(place);
    made.guide =
        token_of(place, (holder){"guide", "human", "store_guide", "customer-care", "shop", "S001"});
    made.readers[0] = marketing_token(place);
    made.readers[1] =
        token_of(place, (holder){"analysis", NULL, "analyst", "analytics", "shop", NULL});
    return made;
}

static void the_gate_does_what_the_model_says(void **state)
{
    place *const self = *state;
    model one = model_of(self, seed_given());

    one.random = random_from_seed(&one.source, one.seed);
    for (one.step = 0; one.step < STEPS; one.step++) {
        if (below(&one, 40) == 0) {
            place_reopen(self);
        }
        acts[below(&one, sizeof acts / sizeof acts[0])](&one, below(&one, PEOPLE));
    }
    for (uint32_t i = 0; i < PEOPLE; i++) {
        read_by_shop(&one, i);
        list_consents(&one, i);
    }
    place_close(self);
    assert_log_sound(self);
}

/* --- I-8 -------------------------------------------------------------------------------------- */

#define VIEWS 5

/* The names of the fields that each view shows, clear ones doubled in weight. */
typedef struct seen {
    bool released[VIEWS][16];
    bool clear[VIEWS][16];
} seen;

static const char *const fields[] = {"name",  "birthday", "city",      "member_level", "mobile",
                                     "email", "id_card",  "bank_card", "address"};
#define FIELDS (sizeof fields / sizeof fields[0])

static void look(model *self, const char *const tokens[VIEWS], const model_person *one, seen *out)
{
    memset(out, 0, sizeof *out);
    for (int view = 0; view < VIEWS; view++) {
        forget_refusals(self->place);
        const reply *answer =
            ask(self->place, (question){VELUM_VERB_READ, .token = tokens[view], .ref = one->ref});
        for (size_t f = 0; answer->status == 200 && f < FIELDS; f++) {
            const char *const path = text_f(self->place, "fields/%s", fields[f]);
            out->released[view][f] = value_at(answer, path) != NULL;
            out->clear[view][f] = out->released[view][f] && !list_has(answer, "masked", fields[f]);
        }
    }
}

static void assert_not_wider(model *self, const seen *before, const seen *after)
{
    for (int view = 0; view < VIEWS; view++) {
        for (size_t f = 0; f < FIELDS; f++) {
            if ((after->released[view][f] && !before->released[view][f]) ||
                (after->clear[view][f] && !before->clear[view][f])) {
                fail_msg("seed %llu step %d: view %d shows more of %s",
                         (unsigned long long)self->seed, self->step, view, fields[f]);
            }
        }
    }
}

/* Withdraws or revokes at random; every view of everybody is compared before and after. */
static void less_never_reveals_more(void **state)
{
    place *const self = *state;
    model one = model_of(self, seed_given() + 100);
    const char *const care = care_token(self);
    const char *const names[VIEWS] = {"shop", "guide", "campaign", "analysis", "care"};
    const char *const tokens[VIEWS] = {one.shop, one.guide, one.readers[0], one.readers[1], care};

    one.random = random_from_seed(&one.source, one.seed);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        person(self, one.shop, mobile_of(&one, i), full_profile);
        upsert(&one, i);
        for (int p = 0; p < PURPOSES && one.people[i].birth != 2; p++) {
            consent(self, one.desk, one.people[i].ref, purposes[p], "given");
        }
    }
    for (one.step = 0; one.step < 30; one.step++) {
        const model_person *victim = &one.people[below(&one, PEOPLE)];
        seen before;
        seen after;
        look(&one, tokens, victim, &before);
        if (one.step % 8 == 7) {
            assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE,
                                             .body = text_f(self, "{\"name\":\"%s\"}",
                                                            names[below(&one, VIEWS)])}));
        } else {
            consent(self, one.desk, victim->ref, purposes[below(&one, PURPOSES)], "withdrawn");
        }
        look(&one, tokens, victim, &after);
        assert_not_wider(&one, &before, &after);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_gate_does_what_the_model_says),
        TEST(less_never_reveals_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
