/* Creating a subject while the Nth statement, write, sync or allocation fails or kills (I-9): reopened,
 * the folder holds all of the subject or nothing, and as many keys as subjects. */
#include "tests/vault/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

#define ROUNDS_MAX 2000
#define STATE_BYTE 0x5a
#define CHILD_DONE 0
#define CHILD_FAILED 7
#define CHILD_BROKEN 8

/* --- the child ---------------------------------------------------------------------------------------- */

static velum_status fill_subject(fixture *self, const char *mobile)
{
    uint8_t bytes[VAULT_STATE_BYTES];
    uint8_t head[SHA256_BYTES] = {0};
    store_conn *const conn = fixture_writer(self);
    const opened_subject *opened = NULL;
    const consent_event event = event_of(1);
    identifier made;
    record contents = {.count = 0};

    memset(bytes, STATE_BYTE, sizeof bytes);
    VELUM_TRY(vault_create(self->vault, conn, bytes, self->arena, &opened));
    VELUM_TRY(identifier_normalise(TEXT_LITERAL("mobile"), text_of(mobile), &made));
    VELUM_TRY(vault_attach(self->vault, conn, opened_id(opened), &made));
    VELUM_TRY(record_put(&contents, 1, text_of(mobile)));
    VELUM_TRY(vault_put_category(self->vault, conn, opened, &(record_place){5, 1, &contents}));
    return vault_ledger_append(self->vault, conn, opened, &event, head);
}

static velum_status create_subject(fixture *self, const char *mobile)
{
    store_conn *const conn = fixture_writer(self);

    VELUM_TRY(conn_begin(conn));
    const velum_status status = fill_subject(self, mobile);
    secret_arena_reset(self->arena);
    if (status < 0) {
        vault_keys_rollback(self->vault);
        conn_rollback(conn);
        return status;
    }
    return fixture_commit(self);
}

/* Creates under the plan; after a failure that is told, a second subject without it. */
static int child(fixture *self, const char *plan, const char *mobile, const char *second)
{
    if (fixture_try_open(self, false, NULL) != VELUM_OK) {
        return CHILD_BROKEN;
    }
    fault_plan(plan);
    const velum_status status = create_subject(self, mobile);
    fault_plan(NULL);
    if (status < 0 && create_subject(self, second) != VELUM_OK) {
        return CHILD_BROKEN;
    }
    return status < 0 ? CHILD_FAILED : CHILD_DONE;
}

static int run_child(fixture *self, const char *plan, const char *mobile, const char *second)
{
    int status = 0;

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(child(self, plan, mobile, second));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return CHILD_FAILED;
    }
    assert_int_not_equal(WEXITSTATUS(status), CHILD_BROKEN);
    return WEXITSTATUS(status);
}

/* --- what is found afterwards --------------------------------------------------------------------------- */

static velum_status ignore_event(void *context, const consent_event *event)
{
    return VELUM_OK;
}

static void assert_whole(fixture *self, const subject_id *id, const char *mobile)
{
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, 1, false);
    const opened_subject *const opened = fixture_opened(self, sealed);
    record *contents = NULL;
    consent_ledger_end end = {.count = 1};
    store_stmt *stmt = NULL;
    uint8_t both[SHA256_BYTES + 216] = {0};

    assert_int_equal(opened_state(opened)[1023], STATE_BYTE);
    assert_ok(vault_open_category(opened, 5, 1, &contents));
    assert_true(text_equal_literal(*record_find(contents, 1), mobile));
    assert_true(opened_ledger_matches(opened, 1));
    assert_ok(conn_statement(fixture_writer(self),
                             "SELECT sealed FROM consent_event WHERE subject = $1", &stmt));
    assert_ok(stmt_bind_blob(stmt, 1, id->bytes, SUBJECT_ID_BYTES));
    assert_ok(stmt_step(stmt));
    memcpy(both + SHA256_BYTES, stmt_blob(stmt, 0).data, 216);
    stmt_reset(stmt);
    sha256(both, sizeof both, end.head);
    assert_ok(vault_ledger_read(fixture_writer(self), opened, &end, ignore_event, NULL));
    secret_arena_reset(self->arena);
}

/* Whether the subject of this mobile is there, and then whole. */
static bool is_there(fixture *self, const char *mobile)
{
    identifier made;
    subject_id id;

    assert_ok(identifier_normalise(TEXT_LITERAL("mobile"), text_of(mobile), &made));
    const velum_status status = vault_find(self->vault, fixture_writer(self), &made, &id);
    if (status == VELUM_E_NOTFOUND) {
        return false;
    }
    assert_ok(status);
    assert_whole(self, &id, mobile);
    return true;
}

static void assert_no_leftovers(fixture *self, int64_t subjects)
{
    static const char *const tables[] = {
        "SELECT count(*) FROM subject", "SELECT count(*) FROM category",
        "SELECT count(*) FROM blind_index", "SELECT count(*) FROM consent_event"};

    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        assert_int_equal(fixture_number(fixture_writer(self), tables[i], NULL), subjects);
    }
    assert_int_equal(fixture_number(store_writer(self->vault->keys_db),
                                    "SELECT count(*) FROM subject_key", NULL),
                     subjects);
}

/* Strikes the Nth of a kind until one creation passes untouched. */
static void strike_each(fixture *self, const char *kind, const char *effect)
{
    int64_t subjects = fixture_number(fixture_writer(self), "SELECT count(*) FROM subject", NULL);
    uint32_t round = 0;

    for (bool is_done = false; !is_done; round++) {
        char plan[64];
        char mobile[32];
        char second[32];
        assert_true(round < ROUNDS_MAX);
        snprintf(plan, sizeof plan, "%s:%u:%s", kind, round + 1, effect);
        snprintf(mobile, sizeof mobile, "+8613800%06u", (unsigned int)(subjects * 2));
        snprintf(second, sizeof second, "+8613900%06u", (unsigned int)(subjects * 2));
        fixture_close(self);
        is_done = run_child(self, plan, mobile, second) == CHILD_DONE;
        assert_ok(fixture_try_open(self, false, NULL));
        const bool stands = is_there(self, mobile);
        assert_true(stands || !is_done); /* acknowledged is durable */
        subjects += stands;
        subjects += is_there(self, second);
        assert_no_leftovers(self, subjects);
    }
    print_message("# %s %s: %u rounds\n", kind, effect, round);
    assert_true(round > 3);
}

static void killed_at_every_statement(void **state)
{
    strike_each(*state, "sql", "kill");
}

static void killed_at_every_write(void **state)
{
    strike_each(*state, "write", "kill");
}

static void killed_at_every_sync(void **state)
{
    strike_each(*state, "sync", "kill");
}

static void every_statement_fails(void **state)
{
    strike_each(*state, "sql", "eio");
}

static void every_write_fails(void **state)
{
    strike_each(*state, "write", "enospc");
}

static void every_sync_fails(void **state)
{
    strike_each(*state, "sync", "eio");
}

static void every_allocation_fails(void **state)
{
    strike_each(*state, "alloc", "enospc");
}

/* --- opening ------------------------------------------------------------------------------------------- */

static void leave_orphans(fixture *self, uint32_t count)
{
    const uint8_t bytes[VAULT_STATE_BYTES] = {1};

    assert_ok(conn_begin(fixture_writer(self)));
    for (uint32_t i = 0; i < count; i++) {
        const opened_subject *opened = NULL;
        assert_ok(vault_create(self->vault, fixture_writer(self), bytes, self->arena, &opened));
        secret_arena_reset(self->arena);
    }
    assert_ok(vault_keys_commit(self->vault));
    conn_rollback(fixture_writer(self));
}

/* Opening with three orphans while each statement or allocation of it fails: refused with a reason, or
 * done; never half, and never at the cost of a subject. */
static void open_under(fixture *self, const char *kind)
{
    bool is_done = false;

    for (uint32_t round = 1; !is_done; round++) {
        char plan[64];
        velum_error err = {0};
        assert_true(round < ROUNDS_MAX);
        leave_orphans(self, 3);
        fixture_close(self);
        snprintf(plan, sizeof plan, "%s:%u:enospc", kind, round);
        fault_plan(plan);
        const velum_status status = fixture_try_open(self, false, &err);
        is_done = fault_count(kind[0] == 's' ? FAULT_SQL : FAULT_ALLOC) < round;
        fault_plan(NULL);
        assert_int_equal(status, err.status);
        assert_true(status == VELUM_OK || err.text[0] != '\0');
        assert_true(status == VELUM_OK || !is_done);
        fixture_reopen(self);
        assert_no_leftovers(self, 1);
    }
}

static void opening_fails_whole(void **state)
{
    fixture *const self = *state;

    assert_ok(create_subject(self, "13812345678"));
    open_under(self, "sql");
    open_under(self, "alloc");
    assert_true(is_there(self, "13812345678"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_every_statement, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(killed_at_every_write, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(killed_at_every_sync, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_statement_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_write_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_sync_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_allocation_fails, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(opening_fails_whole, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests_name("vault faults", tests, NULL, NULL);
}
