/* The bounded pool of readers, and the snapshots that they see. */
#include "tests/store/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static int64_t now_ms(void)
{
    const velum_clock clock = clock_system();

    return clock_monotonic_ns(&clock) / NS_PER_MS;
}

static store *open_with_readers(const fixture *self, uint32_t readers_max)
{
    store_options options = fixture_options(self);
    store *db = NULL;

    options.readers_max = readers_max;
    assert_ok(store_open(&options, &db, NULL));
    assert_ok(conn_run(store_writer(db), "CREATE TABLE IF NOT EXISTS t (a INTEGER) STRICT"));
    return db;
}

static void a_reader_keeps_its_snapshot(void **state)
{
    VELUM_AUTO(store) *db = open_with_readers(*state, 1);
    store_conn *reader = NULL;

    assert_ok(store_reader_acquire(db, 0, &reader));
    assert_ok(conn_begin(reader));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 0);
    assert_ok(conn_run(store_writer(db), "INSERT INTO t VALUES (1)"));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 0);
    assert_ok(conn_commit(reader));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 1);
    store_reader_release(db, reader);
}

static void a_reader_does_not_see_what_is_not_committed(void **state)
{
    VELUM_AUTO(store) *db = open_with_readers(*state, 1);
    store_conn *reader = NULL;

    assert_ok(store_reader_acquire(db, 0, &reader));
    assert_ok(conn_begin(store_writer(db)));
    assert_ok(conn_run(store_writer(db), "INSERT INTO t VALUES (1)"));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 0);
    assert_ok(conn_commit(store_writer(db)));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 1);
    store_reader_release(db, reader);
}

static void a_reader_cannot_write(void **state)
{
    VELUM_AUTO(store) *db = open_with_readers(*state, 1);
    store_conn *reader = NULL;

    assert_ok(store_reader_acquire(db, 0, &reader));
    assert_true(conn_run(reader, "INSERT INTO t VALUES (1)") < 0);
    store_reader_release(db, reader);
}

static void a_release_ends_what_was_left_open(void **state)
{
    VELUM_AUTO(store) *db = open_with_readers(*state, 1);
    store_conn *reader = NULL;
    store_stmt *stmt = NULL;

    assert_ok(conn_run(store_writer(db), "INSERT INTO t VALUES (1), (2)"));
    assert_ok(store_reader_acquire(db, 0, &reader));
    assert_ok(conn_begin(reader));
    assert_ok(conn_statement(reader, "SELECT a FROM t", &stmt));
    assert_ok(stmt_step(stmt));
    store_reader_release(db, reader);
    assert_ok(conn_run(store_writer(db), "INSERT INTO t VALUES (3)"));
    assert_ok(store_checkpoint(db, 0)); /* nobody holds a snapshot */
    assert_ok(store_reader_acquire(db, 0, &reader));
    assert_ok(conn_begin(reader));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 3);
    store_reader_release(db, reader);
    store_reader_release(db, NULL);
}

static void a_full_pool_makes_wait_and_then_says_busy(void **state)
{
    VELUM_AUTO(store) *db = open_with_readers(*state, 2);
    store_conn *a = NULL;
    store_conn *b = NULL;
    store_conn *c = NULL;

    assert_ok(store_reader_acquire(db, 0, &a));
    assert_ok(store_reader_acquire(db, 0, &b));
    assert_int_equal(store_reader_acquire(db, 0, &c), VELUM_E_BUSY);
    const int64_t before_ms = now_ms();
    assert_int_equal(store_reader_acquire(db, 60, &c), VELUM_E_BUSY);
    const int64_t waited_ms = now_ms() - before_ms;
    assert_in_range(waited_ms, 55, 5000);
    assert_null(c);
    store_reader_release(db, b);
    assert_ok(store_reader_acquire(db, 0, &c));
    assert_ptr_equal(b, c);
    store_reader_release(db, a);
    store_reader_release(db, c);
}

typedef struct late_release {
    store *db;
    store_conn *reader;
} late_release;

static void *release_late(void *context)
{
    const late_release *const late = context;

    usleep(30000);
    store_reader_release(late->db, late->reader);
    return NULL;
}

static void who_waits_gets_what_is_released(void **state)
{
    VELUM_AUTO(store) *db = open_with_readers(*state, 1);
    late_release late = {.db = db};
    store_conn *next = NULL;
    pthread_t thread;

    assert_ok(store_reader_acquire(db, 0, &late.reader));
    assert_int_equal(pthread_create(&thread, NULL, release_late, &late), 0);
    assert_ok(store_reader_acquire(db, 10000, &next));
    pthread_join(thread, NULL);
    store_reader_release(db, next);
}

static void sizes_out_of_range_are_refused(void **state)
{
    store_options options = fixture_options(*state);
    store *db = NULL;

    options.readers_max = 0;
    assert_int_equal(store_open(&options, &db, NULL), VELUM_E_INVALID);
    options.readers_max = 65;
    assert_int_equal(store_open(&options, &db, NULL), VELUM_E_INVALID);
    assert_null(db);
}

#define THREADS 8
#define TURNS 200

typedef struct party {
    store *db;
    pthread_barrier_t gate;
    velum_status statuses[THREADS];
} party;

typedef struct guest {
    party *party;
    int index;
} guest;

static velum_status count_rows(store *db, int64_t *last)
{
    store_conn *reader = NULL;
    store_stmt *stmt = NULL;

    VELUM_TRY(store_reader_acquire(db, 10000, &reader));
    velum_status status = conn_statement(reader, "SELECT count(*) FROM t", &stmt);
    if (status == VELUM_OK) {
        status = stmt_step(stmt);
    }
    if (status == VELUM_OK) {
        const int64_t count = stmt_integer(stmt, 0);
        status = count < *last ? VELUM_E_CORRUPT : VELUM_OK;
        *last = count;
    }
    store_reader_release(db, reader);
    return status;
}

static void *join_in(void *context)
{
    const guest *const self = context;
    velum_status status = VELUM_OK;
    int64_t last = 0;

    pthread_barrier_wait(&self->party->gate);
    for (int i = 0; i < TURNS && status == VELUM_OK; i++) {
        status = count_rows(self->party->db, &last);
    }
    self->party->statuses[self->index] = status;
    return NULL;
}

/* All first opens come at once ("database is locked", tried), beside writer and checkpointer. */
static void many_threads_read_while_one_writes(void **state)
{
    VELUM_AUTO(store) *db = open_with_readers(*state, 5);
    party all = {.db = db};
    guest guests[THREADS];
    pthread_t threads[THREADS];

    pthread_barrier_init(&all.gate, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        guests[i] = (guest){.party = &all, .index = i};
        assert_int_equal(pthread_create(&threads[i], NULL, join_in, &guests[i]), 0);
    }
    pthread_barrier_wait(&all.gate);
    for (int i = 0; i < TURNS; i++) {
        assert_ok(conn_run(store_writer(db), "INSERT INTO t VALUES (1)"));
        if (i % 20 == 0) {
            assert_ok(store_checkpoint_passive(db));
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_ok(all.statuses[i]);
    }
    pthread_barrier_destroy(&all.gate);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(a_reader_keeps_its_snapshot),
        ROW(a_reader_does_not_see_what_is_not_committed),
        ROW(a_reader_cannot_write),
        ROW(a_release_ends_what_was_left_open),
        ROW(a_full_pool_makes_wait_and_then_says_busy),
        ROW(who_waits_gets_what_is_released),
        ROW(sizes_out_of_range_are_refused),
        ROW(many_threads_read_while_one_writes),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
