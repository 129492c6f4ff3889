/* A destruction while the Nth statement, write, sync or allocation fails or kills (V-6): whatever the
 * point, a start finds all of the person, or finishes what was begun, and it ends the same. */
#include "tests/vault/destroyer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

#define ROUNDS_MAX 2000
#define CHILD_DONE 0
#define CHILD_FAILED 7
#define CHILD_BROKEN 8

typedef struct strike_plan {
    uint32_t kind;
    const char *fault;
    const char *effect;
    uint32_t stride;
} strike_plan;

/* What comes before a kind, unharmed. */
static void prepare(fixture *self, const subject_id *id, uint32_t kind)
{
    if (kind == DESTROY_RETAINED || kind == DESTROY_EVIDENCE) {
        assert_ok(person_step(self, id, DESTROY_DATA));
    }
    if (kind == DESTROY_EVIDENCE) {
        assert_ok(person_step(self, id, DESTROY_RETAINED));
    }
}

static int run_child(fixture *self, const char *plan, const subject_id *id, uint32_t kind)
{
    int status = 0;

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        if (fixture_try_open(self, false, NULL) != VELUM_OK) {
            _exit(CHILD_BROKEN);
        }
        fault_plan(plan);
        const velum_status done = person_step(self, id, kind);
        fault_plan(NULL);
        _exit(done < 0 ? CHILD_FAILED : CHILD_DONE);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return CHILD_FAILED;
    }
    assert_int_not_equal(WEXITSTATUS(status), CHILD_BROKEN);
    return WEXITSTATUS(status);
}

/* Whether it was begun; what was not is as before, and then it is done. */
static bool was_begun(fixture *self, const subject_id *id, uint32_t kind)
{
    switch (kind) {
    case DESTROY_DATA:
        return status_of(self, id) != VAULT_SUBJECT_LIVE;
    case DESTROY_CATEGORIES:
        return person_open_category(self, id, 5, "five") != VELUM_OK;
    case DESTROY_RETAINED:
        return person_open_retained(self, id) != VELUM_OK;
    default:
        return person_open_evidence(self, id) != VELUM_OK;
    }
}

static void assert_untouched(fixture *self, const subject_id *id, uint32_t kind)
{
    if (kind == DESTROY_DATA || kind == DESTROY_CATEGORIES) {
        assert_ok(person_open_category(self, id, 5, "five"));
        assert_ok(person_open_category(self, id, 6, "six"));
        assert_ok(person_open_category(self, id, 7, "seven"));
        return;
    }
    assert_int_equal(status_of(self, id), VAULT_SUBJECT_ERASED);
    assert_ok(person_open_evidence(self, id));
}

static void assert_destroyed(fixture *self, const subject_id *id, uint32_t kind)
{
    switch (kind) {
    case DESTROY_DATA:
        assert_int_equal(status_of(self, id), VAULT_SUBJECT_ERASED);
        assert_ok(person_open_retained(self, id));
        assert_ok(person_open_evidence(self, id));
        assert_int_equal(rows_of(self, id), 4);
        break;
    case DESTROY_CATEGORIES:
        assert_int_equal(person_open_category(self, id, 5, ""), VELUM_E_TAMPERED);
        assert_int_equal(person_open_category(self, id, 7, ""), VELUM_E_TAMPERED);
        assert_ok(person_open_category(self, id, 6, "six"));
        break;
    case DESTROY_RETAINED:
        assert_int_equal(person_open_retained(self, id), VELUM_E_NOTFOUND);
        assert_ok(person_open_evidence(self, id));
        break;
    default:
        assert_int_equal(rows_of(self, id), 0);
        break;
    }
}

static void assert_no_marks(fixture *self)
{
    static const char *const tables[] = {
        "SELECT count(*) FROM next_key", "SELECT count(*) FROM retained_new",
        "SELECT count(*) FROM subject_move", "SELECT count(*) FROM subject_new"};

    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        assert_int_equal(fixture_number(store_writer(self->vault->keys_db), tables[i], NULL), 0);
    }
}

/* Each slot belongs to one row or to the list of free ones. */
static void assert_slots(fixture *self)
{
    assert_int_equal(
        fixture_number(store_writer(self->vault->keys_db),
                       "SELECT (SELECT count(*) FROM key_slot) - (SELECT count(*) FROM slot_free)"
                       " - (SELECT count(*) FROM subject_key) - (SELECT count(*) FROM next_key)"
                       " - (SELECT count(*) FROM retained_key)",
                       NULL),
        0);
}

static bool strike_once(fixture *self, const strike_plan *plan, uint32_t round)
{
    static uint32_t serial;
    destruction_report report;
    subject_id id;
    subject_id other;
    char fault[64];

    assert_ok(person_create(self, serial++, &id));
    assert_ok(person_create(self, serial++, &other));
    prepare(self, &id, plan->kind);
    snprintf(fault, sizeof fault, "%s:%u:%s", plan->fault, round, plan->effect);
    fixture_close(self);
    const bool is_done = run_child(self, fault, &id, plan->kind) == CHILD_DONE;
    fixture_reopen(self);
    const bool begun = was_begun(self, &id, plan->kind);
    assert_true(begun || !is_done); /* acknowledged is durable (I-9) */
    assert_ok(destructions_finish(self, &report));
    assert_no_marks(self);
    assert_slots(self);
    if (!begun) {
        assert_untouched(self, &id, plan->kind);
        assert_ok(person_step(self, &id, plan->kind));
    }
    assert_destroyed(self, &id, plan->kind);
    assert_untouched(self, &other, DESTROY_DATA);
    return is_done;
}

static void strike(fixture *self, const strike_plan *plan)
{
    uint32_t round = 1;

    while (!strike_once(self, plan, round)) {
        round += plan->stride;
        assert_true(round < ROUNDS_MAX);
    }
    print_message("# %u %s %s: to the %uth\n", plan->kind, plan->fault, plan->effect, round);
    assert_true(round > 2);
}

static void strike_each_kind(fixture *self, const char *fault, const char *effect)
{
    for (uint32_t kind = DESTROY_DATA; kind <= DESTROY_EVIDENCE; kind++) {
        strike(self, &(strike_plan){kind, fault, effect, 1});
    }
}

static void killed_at_every_statement(void **state)
{
    strike_each_kind(*state, "sql", "kill");
}

static void killed_at_every_write(void **state)
{
    strike_each_kind(*state, "write", "kill");
}

static void killed_at_every_sync(void **state)
{
    strike_each_kind(*state, "sync", "kill");
}

static void every_statement_fails(void **state)
{
    strike_each_kind(*state, "sql", "eio");
}

static void every_write_fails(void **state)
{
    strike_each_kind(*state, "write", "enospc");
}

static void every_sync_fails(void **state)
{
    strike_each_kind(*state, "sync", "eio");
}

/* There are a thousand, most of them SQLite's own: each 13th, so that places of all kinds come up. */
static void allocations_fail(void **state)
{
    strike(*state, &(strike_plan){DESTROY_DATA, "alloc", "enospc", 13});
    strike(*state, &(strike_plan){DESTROY_CATEGORIES, "alloc", "enospc", 13});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_at_every_statement), TEST(killed_at_every_write), TEST(killed_at_every_sync),
        TEST(every_statement_fails),     TEST(every_write_fails),     TEST(every_sync_fails),
        TEST(allocations_fail),
    };

    return cmocka_run_group_tests_name("destruction faults", tests, NULL, NULL);
}
