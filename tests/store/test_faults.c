/* The Nth statement, write, sync or allocation fails; a kill strikes at a write or sync (I-9). */
#include "tests/store/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

#define TRANSFERS 6
#define EACH_UP_TO 100
#define ROUNDS_MAX 3000

static const char *const tables[] = {
    "CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL) STRICT",
    "INSERT INTO account VALUES (1, 1000), (2, 0)",
    "CREATE TABLE transfer (number INTEGER PRIMARY KEY, note BLOB) STRICT",
    NULL,
};
static const store_step steps[] = {{tables}};

static velum_status change_amount(store_conn *conn, int64_t id, int64_t by)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "UPDATE account SET amount = amount + $2 WHERE id = $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, id));
    VELUM_TRY(stmt_bind_integer(stmt, 2, by));
    return stmt_execute(stmt);
}

static velum_status note_transfer(store_conn *conn, int64_t number)
{
    static const uint8_t note[6000] = {1}; /* more than a page */
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "INSERT INTO transfer VALUES ($1, $2)", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, number));
    VELUM_TRY(stmt_bind_blob(stmt, 2, note, sizeof note));
    return stmt_execute(stmt);
}

static velum_status move_one(store_conn *conn, int64_t number)
{
    VELUM_TRY(change_amount(conn, 1, -1));
    VELUM_TRY(conn_savepoint(conn));
    VELUM_TRY(change_amount(conn, 2, 1));
    VELUM_TRY(conn_savepoint_release(conn));
    return note_transfer(conn, number);
}

static velum_status transfer(store *db, int64_t number)
{
    store_conn *const conn = store_writer(db);

    VELUM_TRY(conn_begin(conn));
    const velum_status status = move_one(conn, number);
    if (status < 0) {
        conn_rollback(conn);
        return status;
    }
    return conn_commit(conn);
}

/* How many transfers stand, each of them whole. */
static int64_t transfers_done(store *db)
{
    store_conn *const conn = store_writer(db);
    const int64_t count = fixture_number(conn, "SELECT count(*) FROM transfer");

    assert_int_equal(fixture_number(conn, "SELECT sum(amount) FROM account"), 1000);
    assert_int_equal(fixture_number(conn, "SELECT amount FROM account WHERE id = 2"), count);
    assert_int_equal(fixture_number(conn, "SELECT coalesce(max(number), 0) FROM transfer"), count);
    return count;
}

static velum_status read_once(store *db)
{
    store_conn *reader = NULL;
    store_stmt *stmt = NULL;

    VELUM_TRY(store_reader_acquire(db, 0, &reader));
    velum_status status = conn_statement(reader, "SELECT count(*) FROM transfer", &stmt);
    if (status == VELUM_OK) {
        status = stmt_step(stmt);
    }
    store_reader_release(db, reader);
    return status;
}

/* Transfers, reads and checkpoints until something fails; how many transfers were acknowledged. */
static velum_status work(store *db, int64_t *acknowledged)
{
    for (int i = 0; i < TRANSFERS; i++) {
        VELUM_TRY(transfer(db, *acknowledged + 1));
        ++*acknowledged;
        VELUM_TRY(read_once(db));
        if (i == 2) {
            VELUM_TRY(store_checkpoint_passive(db));
        }
        if (i == 4) {
            VELUM_TRY(store_checkpoint(db, 0));
        }
    }
    return VELUM_OK;
}

static store *open_ready(const fixture *self)
{
    store *const db = fixture_open(self);
    uint32_t from = 0;

    assert_ok(store_migrate(db, steps, 1, &from, NULL));
    return db;
}

/* A kind of fault at every place where it can happen, each in a folder of its own. */
typedef struct siege {
    velum_status (*strike)(const fixture *self, const char *plan);
    const char *name;
    fault_kind kind;
    const char *effect;
    velum_status expected;
    unsigned failures_min;
    unsigned stride; /* beyond the first EACH_UP_TO places */
} siege;

static unsigned long reached[FAULT_SQL + 1];

static void plan_ends(void)
{
    for (int kind = 0; kind <= FAULT_SQL; kind++) {
        reached[kind] = fault_count((fault_kind)kind);
    }
    fault_plan(NULL);
}

/* SQLite goes on where a failure does no harm, so the end is where no fault was reached. */
static void lay(const siege *self)
{
    unsigned failures = 0;
    unsigned n = 0;

    do {
        void *fresh = NULL;
        char plan[64];
        n += n < EACH_UP_TO ? 1 : self->stride;
        snprintf(plan, sizeof plan, "%s:%u:%s", self->name, n, self->effect);
        assert_int_equal(fixture_setup(&fresh), 0);
        const velum_status status = self->strike(fresh, plan);
        fixture_teardown(&fresh);
        if (status != VELUM_OK && status != self->expected) {
            fail_msg("%s: status %d", plan, (int)status);
        }
        failures += status < 0;
        assert_true(n < ROUNDS_MAX);
    } while (reached[self->kind] >= n);
    assert_true(failures >= self->failures_min);
}

/* One fault; then all that was acknowledged and nothing else is there, and work goes on. */
static velum_status strike(const fixture *self, const char *plan)
{
    store *db = open_ready(self);
    int64_t acknowledged = 0;

    fault_plan(plan);
    const velum_status status = work(db, &acknowledged);
    plan_ends();
    assert_int_equal(transfers_done(db), acknowledged);
    assert_ok(work(db, &acknowledged));
    assert_int_equal(transfers_done(db), acknowledged);
    store_free(db);

    db = open_ready(self);
    assert_int_equal(transfers_done(db), acknowledged);
    store_free(db);
    return status;
}

static void a_failing_statement_leaves_nothing_half_done(void **state)
{
    lay(&(siege){strike, "sql", FAULT_SQL, "eio", VELUM_E_IO, 40, 1});
    lay(&(siege){strike, "sql", FAULT_SQL, "enospc", VELUM_E_NOSPACE, 40, 1});
}

static void a_failing_write_leaves_nothing_half_done(void **state)
{
    lay(&(siege){strike, "write", FAULT_WRITE, "eio", VELUM_E_IO, 20, 1});
    lay(&(siege){strike, "write", FAULT_WRITE, "enospc", VELUM_E_NOSPACE, 20, 1});
}

static void a_failing_sync_leaves_nothing_half_done(void **state)
{
    lay(&(siege){strike, "sync", FAULT_SYNC, "eio", VELUM_E_IO, 8, 1});
}

static void a_disk_that_stays_full_is_survived(void **state)
{
    for (unsigned n = 1; n < 12; n++) {
        void *fresh = NULL;
        char plan[64];
        assert_int_equal(fixture_setup(&fresh), 0);
        snprintf(plan, sizeof plan, "write:%u+:enospc", n);
        assert_int_equal(strike(fresh, plan), VELUM_E_NOSPACE);
        fixture_teardown(&fresh);
    }
}

/* From a new file on: it fails cleanly, and the next opening makes it whole. */
static velum_status strike_open(const fixture *self, const char *plan)
{
    const store_options options = fixture_options(self);
    store *db = NULL;
    uint32_t from = 0;
    int64_t acknowledged = 0;

    fault_plan(plan);
    velum_status status = store_open(&options, &db, NULL);
    if (status == VELUM_OK) {
        status = store_migrate(db, steps, 1, &from, NULL);
    }
    if (status == VELUM_OK) {
        status = work(db, &acknowledged);
    }
    plan_ends();
    store_free(db);
    db = open_ready(self);
    assert_int_equal(transfers_done(db), acknowledged);
    store_free(db);
    return status;
}

/* SQLCipher answers nothing when it has no memory to say its version: refused, as S-1 has it. */
static velum_status strike_memory(const fixture *self, const char *plan)
{
    const velum_status status = strike_open(self, plan);

    return status == VELUM_E_UNSUPPORTED ? VELUM_E_NOMEM : status;
}

static void opening_survives_failing_writes_and_syncs(void **state)
{
    lay(&(siege){strike_open, "write", FAULT_WRITE, "enospc", VELUM_E_NOSPACE, 20, 1});
    lay(&(siege){strike_open, "sync", FAULT_SYNC, "enospc", VELUM_E_NOSPACE, 8, 1});
}

static void every_allocation_may_fail(void **state)
{
    lay(&(siege){strike_memory, "alloc", FAULT_ALLOC, "enospc", VELUM_E_NOMEM, 100, 7});
}

/* The child works until it is killed and tells each acknowledged transfer through the pipe. */
static void work_in_child(const fixture *self, const char *plan, int tell)
{
    const store_options options = fixture_options(self);
    store *db = NULL;
    uint32_t from = 0;

    fault_plan(plan);
    if (store_open(&options, &db, NULL) != VELUM_OK ||
        store_migrate(db, steps, 1, &from, NULL) != VELUM_OK) {
        _exit(2);
    }
    for (int64_t number = 1; number <= TRANSFERS; number++) {
        if (transfer(db, number) != VELUM_OK || write(tell, "+", 1) != 1) {
            _exit(3);
        }
        if (number == 3 && store_checkpoint(db, 0) != VELUM_OK) {
            _exit(4);
        }
    }
    store_free(db);
    _exit(0);
}

static bool kill_at(const fixture *self, const char *plan)
{
    int ends[2];
    char told[TRANSFERS + 1];
    int64_t acknowledged = 0;
    int how = 0;

    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        work_in_child(self, plan, ends[1]);
    }
    close(ends[1]);
    for (ssize_t n = 0; (n = read(ends[0], told, sizeof told)) > 0;) {
        acknowledged += n;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &how, 0), child);
    const bool killed = WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL;
    assert_true(killed || (WIFEXITED(how) && WEXITSTATUS(how) == 0));

    store *const db = open_ready(self);
    const int64_t done = transfers_done(db);
    assert_true(done == acknowledged || done == acknowledged + 1); /* the last may be unknown */
    assert_ok(transfer(db, done + 1));
    store_free(db);
    return killed;
}

static void kill_everywhere(const char *kind, unsigned at_least)
{
    bool killed = true;
    unsigned n = 0;

    while (killed) {
        void *fresh = NULL;
        char plan[64];
        n++;
        assert_int_equal(fixture_setup(&fresh), 0);
        snprintf(plan, sizeof plan, "%s:%u:kill", kind, n);
        killed = kill_at(fresh, plan);
        fixture_teardown(&fresh);
        assert_true(n < ROUNDS_MAX);
    }
    assert_true(n > at_least);
}

static void killed_at_any_sync_the_acknowledged_stands(void **state)
{
    kill_everywhere("sync", 10);
}

static void killed_at_any_write_the_acknowledged_stands(void **state)
{
    kill_everywhere("write", 20);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(a_failing_statement_leaves_nothing_half_done),
        ROW(a_failing_write_leaves_nothing_half_done),
        ROW(a_failing_sync_leaves_nothing_half_done),
        ROW(a_disk_that_stays_full_is_survived),
        ROW(opening_survives_failing_writes_and_syncs),
        ROW(every_allocation_may_fail),
        ROW(killed_at_any_sync_the_acknowledged_stands),
        ROW(killed_at_any_write_the_acknowledged_stands),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
