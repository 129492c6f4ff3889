/* What an erasure costs does not grow with how many customers there are: the statements that it runs are
 * the same, and so, but for a level of the trees, are the pages that it writes. Counted, not timed. */
#include "tests/core/erasure_support.h"

#include "base/fault.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef VELUM_TEST_SEAMS

#define FEW 2000
#define MANY 20000
#define MADE_TOGETHER 500
#define ERASED 5 /* the least of them counts: other threads of the gate work, too */
#define WRITES_MORE \
    12 /* a tree that grew a level writes one page more, and a file has some trees */

typedef struct crowd {
    velum_gate *gate;
    uint32_t count;
    uint32_t wanted;
} crowd;

typedef struct cost {
    unsigned long steps;
    unsigned long writes;
} cost;

static crowd *growing; /* writer_call passes no context */

/* Somebody with a number and no data: it is the trees that grow. */
static velum_status make_one(crowd *self, write_batch *batch)
{
    const opened_subject *opened = NULL;
    const size_t mark = secret_arena_mark(batch->arena);
    uint8_t plain[SUBJECT_STATE_BYTES];
    char mobile[16];
    identifier number;
    subject_state state;

    subject_state_init(&state);
    subject_state_encode(&state, plain);
    VELUM_TRY(vault_create(self->gate->vault, batch->conn, plain, batch->arena, &opened));
    (void)snprintf(mobile, sizeof mobile, "139%08u", self->count++);
    VELUM_TRY(identifier_normalise(TEXT_LITERAL("mobile"), text_of(mobile), &number));
    VELUM_TRY(vault_attach(self->gate->vault, batch->conn, opened_id(opened), &number));
    secret_arena_rewind(batch->arena, mark);
    return VELUM_OK;
}

static velum_status make_some(void *context, write_batch *batch)
{
    crowd *const self = context;
    velum_status status = VELUM_OK;

    for (uint32_t i = 0; i < MADE_TOGETHER && self->count < self->wanted && status == VELUM_OK;
         i++) {
        status = make_one(self, batch);
    }
    return status;
}

static velum_status make_on_writer(velum_gate *gate)
{
    return writer_transact(&gate->writer, make_some, growing, 1);
}

static void grow_to(crowd *self, uint32_t wanted)
{
    growing = self;
    self->wanted = wanted;
    while (self->count < wanted) {
        assert_int_equal(writer_call(&self->gate->writer, make_on_writer), VELUM_OK);
    }
}

/* keys.db is written back by each erasure; the first one takes what the crowd left in its WAL. */
static cost cost_of_an_erasure(place *self, const char *shop, uint32_t first)
{
    cost least = {ULONG_MAX, ULONG_MAX};

    for (uint32_t i = 0; i <= ERASED; i++) {
        const char *const ref =
            person(self, shop, text_f(self, "138%08u", first + i), full_profile);
        log_sync(self);
        fault_plan(NULL);
        assert_done(erase(self, ref, "{}"));
        log_sync(self);
        const unsigned long steps = fault_count(FAULT_SQL);
        const unsigned long writes = fault_count(FAULT_WRITE);
        least.steps = i > 0 && steps < least.steps ? steps : least.steps;
        least.writes = i > 0 && writes < least.writes ? writes : least.writes;
    }
    return least;
}

static void an_erasure_costs_the_same_among_many(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    crowd crowd = {.gate = self->gate};

    grow_to(&crowd, FEW);
    const cost few = cost_of_an_erasure(self, shop, 0);
    grow_to(&crowd, MANY);
    const cost many = cost_of_an_erasure(self, shop, 1000);
    print_message("steps: %lu and %lu; writes: %lu and %lu\n", few.steps, many.steps, few.writes,
                  many.writes);
    assert_true(few.steps > 0 && few.writes > 0);
    assert_int_equal(many.steps, few.steps);
    assert_true(many.writes <= few.writes + WRITES_MORE);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject WHERE status = 1"), MANY);
}

#endif

int main(void)
{
#ifdef VELUM_TEST_SEAMS
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_erasure_costs_the_same_among_many, place_set_up,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
#else
    print_message("skipped: the build counts nothing\n");
    return 77;
#endif
}
