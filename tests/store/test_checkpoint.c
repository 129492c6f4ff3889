/* After a truncating checkpoint a deleted row is readable nowhere, not even with the key (I-6). */
#include "tests/store/fixture.h"

#include <pthread.h>
#include <unistd.h>

#include "base/fault.h"

#define CANARY "canary-5b1e-erase-me"

/* A row is made, moved into the file, and deleted: it stands in both the file and the WAL. */
static store *open_with_deleted_row(const fixture *self)
{
    store *const db = fixture_open(self);
    store_conn *const conn = store_writer(db);

    assert_ok(conn_run(conn, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT;"
                             "INSERT INTO t VALUES (1, '" CANARY "'), (2, 'stays')"));
    assert_ok(store_checkpoint_passive(db));
    assert_ok(conn_run(conn, "UPDATE t SET b = b || '!' WHERE a = 1"));
    assert_ok(conn_run(conn, "DELETE FROM t WHERE a = 1"));
    return db;
}

static bool is_readable_with_the_key(const fixture *self)
{
    VELUM_AUTO_BUFFER plain;

    buffer_init(&plain, FIXTURE_FILE_BYTES_MAX);
    fixture_decrypt_pages(self, &plain);
    fixture_decrypt_wal(self, &plain);
    assert_true(bytes_contain(&plain, "stays"));
    return bytes_contain(&plain, CANARY);
}

static void a_deleted_row_is_gone_from_file_and_wal(void **state)
{
    const fixture *const self = *state;
    VELUM_AUTO(store) *db = open_with_deleted_row(self);

    assert_true(is_readable_with_the_key(self));
    assert_ok(store_checkpoint_passive(db));
    assert_true(is_readable_with_the_key(self)); /* what is passive leaves the WAL standing */
    assert_ok(store_checkpoint(db, 0));
    assert_false(is_readable_with_the_key(self));
    assert_int_equal(fixture_size(self, "vault.db-wal"), 0);
    assert_int_equal(fixture_number(store_writer(db), "SELECT count(*) FROM t"), 1);
}

static void a_reader_that_stays_makes_it_busy(void **state)
{
    const fixture *const self = *state;
    VELUM_AUTO(store) *db = open_with_deleted_row(self);
    store_conn *reader = NULL;

    assert_ok(store_reader_acquire(db, 0, &reader));
    assert_ok(conn_begin(reader));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 1);
    assert_ok(conn_run(store_writer(db), "INSERT INTO t VALUES (3, 'more')"));
    assert_int_equal(store_checkpoint(db, 30), VELUM_E_BUSY);
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM t"), 1);
    assert_ok(conn_run(store_writer(db), "INSERT INTO t VALUES (4, 'more')"));
    store_reader_release(db, reader);
    assert_ok(store_checkpoint(db, 0));
    assert_false(is_readable_with_the_key(self));
    assert_int_equal(fixture_number(store_writer(db), "SELECT count(*) FROM t"), 3);
}

typedef struct late_release {
    store *db;
    store_conn *reader;
} late_release;

static void *release_late(void *context)
{
    const late_release *const late = context;

    usleep(40000);
    store_reader_release(late->db, late->reader);
    return NULL;
}

static void readers_are_waited_for(void **state)
{
    VELUM_AUTO(store) *db = open_with_deleted_row(*state);
    late_release late = {.db = db};
    pthread_t thread;

    assert_ok(store_reader_acquire(db, 0, &late.reader));
    assert_ok(conn_begin(late.reader));
    assert_int_equal(fixture_number(late.reader, "SELECT count(*) FROM t"), 1);
    assert_int_equal(pthread_create(&thread, NULL, release_late, &late), 0);
    const velum_status status = store_checkpoint(db, 10000);
    pthread_join(thread, NULL);
    assert_ok(status);
    assert_false(is_readable_with_the_key(*state));
}

typedef struct stream {
    store *db;
    bool stop; /* atomic */
    velum_status status;
} stream;

static void *read_without_pause(void *context)
{
    stream *const self = context;

    while (!__atomic_load_n(&self->stop, __ATOMIC_ACQUIRE) && self->status == VELUM_OK) {
        store_conn *reader = NULL;
        self->status = store_reader_acquire(self->db, 10000, &reader);
        if (self->status == VELUM_OK) {
            self->status = conn_begin(reader);
            (void)fixture_number(reader, "SELECT count(*) FROM t");
            store_reader_release(self->db, reader);
        }
    }
    return NULL;
}

/* New readers take everything from the file, so that a stream of them never starves it. */
static void a_stream_of_readers_does_not_starve_it(void **state)
{
    VELUM_AUTO(store) *db = open_with_deleted_row(*state);
    stream streams[3];
    pthread_t threads[3];

    for (int i = 0; i < 3; i++) {
        streams[i] = (stream){.db = db};
        assert_int_equal(pthread_create(&threads[i], NULL, read_without_pause, &streams[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        assert_ok(conn_run(store_writer(db), "INSERT INTO t (b) VALUES ('x')"));
        assert_ok(store_checkpoint(db, 5000));
    }
    for (int i = 0; i < 3; i++) {
        __atomic_store_n(&streams[i].stop, true, __ATOMIC_RELEASE);
        pthread_join(threads[i], NULL);
        assert_ok(streams[i].status);
    }
}

static void faults_in_a_checkpoint_lose_nothing(void **state)
{
    const fixture *const self = *state;
    static const char *const plans[] = {"write:1:eio", "write:2:enospc",  "sync:1:eio",
                                        "sync:2:eio",  "write:1+:enospc", "sync:1+:eio"};
    VELUM_AUTO(store) *db = open_with_deleted_row(self);

    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        assert_ok(conn_run(store_writer(db), "INSERT INTO t (b) VALUES ('x')"));
        fault_plan(plans[i]);
        const velum_status status = store_checkpoint(db, 0);
        fault_plan(NULL);
        assert_true(status <= 0);
        assert_int_equal(fixture_number(store_writer(db), "SELECT count(*) FROM t"), i + 2);
    }
    assert_ok(store_checkpoint(db, 0));
    assert_false(is_readable_with_the_key(self));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        ROW(a_deleted_row_is_gone_from_file_and_wal),
        ROW(a_reader_that_stays_makes_it_busy),
        ROW(readers_are_waited_for),
        ROW(a_stream_of_readers_does_not_starve_it),
        ROW(faults_in_a_checkpoint_lose_nothing),
    };
#undef ROW
    return cmocka_run_group_tests(tests, NULL, NULL);
}
