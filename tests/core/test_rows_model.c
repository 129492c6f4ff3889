/* tests/core/test_rows_model.c: random puts, deletions, reads and erasures beside a plain map. */
#include "tests/core/erasure_support.h"
#include "tests/core/rows_support.h"

#include <stdlib.h>
#include <string.h>

#define PEOPLE 3
#define KEYS 6
#define STEPS 400

/* What stands under a key: whose it is and which value; person -1: nothing. */
typedef struct modelled {
    int person;
    int value;
} modelled;

typedef struct model {
    place *self;
    uint64_t seed;
    scene people[PEOPLE];
    bool is_erased[PEOPLE];
    modelled keys[KEYS];
} model;

/* xorshift64*: the same steps for the same seed. */
static uint32_t chance(model *self, uint32_t below)
{
    self->seed ^= self->seed >> 12;
    self->seed ^= self->seed << 25;
    self->seed ^= self->seed >> 27;
    return (uint32_t)((self->seed * UINT64_C(2685821657736338717)) >> 33) % below;
}

static const char *key_of(model *self, int key)
{
    return text_f(self->self, "R/%d", key);
}

static void step_put(model *self, int person, int key)
{
    const int value = (int)chance(self, 3);
    modelled *const held = &self->keys[key];
    const reply *const done =
        row_put(self->self, &self->people[person],
                run_of(self->self, key_of(self, key), text_f(self->self, "%d", value), "x"));

    if (self->is_erased[person]) {
        assert_refused(done, 410, "subject-erased");
    } else if (held->person >= 0 && held->person != person) {
        assert_refused(done, 409, "conflict");
    } else {
        const char *const expected = held->person < 0       ? "new"
                                     : held->value == value ? "same"
                                                            : "changed";
        assert_text_at(assert_done(done), "result", expected);
        *held = (modelled){person, value};
    }
}

static void step_delete(model *self, int person, int key)
{
    modelled *const held = &self->keys[key];
    const bool is_theirs = held->person == person;
    forget_refusals(self->self);
    const reply *const done =
        ask(self->self,
            (question){VELUM_VERB_ROW_DELETE, self->people[person].token,
                       .ref = self->people[person].ref,
                       .body = text_f(self->self, "{\"table\":\"winback_runs\",\"key\":\"%s\"}",
                                      key_of(self, key))});

    if (self->is_erased[person]) {
        assert_refused(done, 410, "subject-erased");
        return;
    }
    assert_int_equal(integer_at(assert_done(done), "deleted"), is_theirs ? 1 : 0);
    held->person = is_theirs ? -1 : held->person;
}

static void check_key(model *self, const reply *read, size_t index)
{
    const char *const key = text_at(read, text_f(self->self, "rows/%zu/key", index));
    const char *const value =
        text_at(read, text_f(self->self, "rows/%zu/fields/occurrence", index));
    const modelled *const held = &self->keys[atoi(key + 2)];

    assert_int_equal(held->value, atoi(value));
}

static void step_read(model *self, int person)
{
    size_t expected = 0;
    const reply *const read =
        row_read(self->self, &self->people[person], "{\"table\":\"winback_runs\"}");

    if (self->is_erased[person]) {
        assert_refused(read, 410, "subject-erased");
        return;
    }
    for (int i = 0; i < KEYS; i++) {
        expected += self->keys[i].person == person ? 1 : 0;
    }
    assert_int_equal(json_count(value_at(assert_done(read), "rows")), expected);
    for (size_t i = 0; i < expected; i++) {
        check_key(self, read, i);
    }
}

/* How many rows of a value there are, whosever. */
static void step_scan(model *self)
{
    const int value = (int)chance(self, 3);
    size_t expected = 0;
    const char *const body = text_f(self->self,
                                    "{\"table\":\"winback_runs\",\"field\":\"occurrence\","
                                    "\"min\":\"%d\",\"max\":\"%d\"}",
                                    value, value);
    const reply *const found = assert_done(
        ask(self->self, (question){VELUM_VERB_ROW_SCAN, self->people[0].token, .body = body}));

    for (int i = 0; i < KEYS; i++) {
        expected += self->keys[i].person >= 0 && self->keys[i].value == value ? 1 : 0;
    }
    assert_int_equal(json_count(value_at(found, "rows")), expected);
}

static void step_erase(model *self, int person)
{
    if (self->is_erased[person]) {
        return;
    }
    assert_done(erase(self->self, self->people[person].shop_ref, "{}"));
    self->is_erased[person] = true;
    for (int i = 0; i < KEYS; i++) {
        self->keys[i].person = self->keys[i].person == person ? -1 : self->keys[i].person;
    }
}

static void one_step(model *self, int number)
{
    const int person = (int)chance(self, PEOPLE);
    const int key = (int)chance(self, KEYS);

    switch (chance(self, 8)) {
    case 0:
        step_delete(self, person, key);
        break;
    case 1:
        step_read(self, person);
        break;
    case 2:
        step_scan(self);
        break;
    case 3:
        if (number > STEPS / 2 && chance(self, 30) == 0) {
            step_erase(self, person);
        }
        break;
    default:
        step_put(self, person, key);
        break;
    }
}

static void rows_are_as_a_plain_map_has_them(void **state)
{
    const char *const given = getenv("VELUM_SEED");
    model self = {.self = *state, .seed = given == NULL ? 20261130 : strtoull(given, NULL, 10)};

    print_message("seed %llu\n", (unsigned long long)self.seed);
    scene_policy(self.self, "erase");
    self.people[0] = scene_begin(self.self);
    self.people[1] = scene_other(self.self, &self.people[0], "13900000002");
    self.people[2] = scene_other(self.self, &self.people[0], "13900000003");
    for (int i = 0; i < KEYS; i++) {
        self.keys[i].person = -1;
    }
    for (int i = 0; i < STEPS; i++) {
        one_step(&self, i);
        if (i % 100 == 99) {
            place_reopen(self.self);
        }
    }
    for (int i = 0; i < PEOPLE; i++) {
        step_read(&self, i);
    }
    assert_log_sound(self.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_as_a_plain_map_has_them, place_set_up,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
