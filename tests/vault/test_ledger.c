/* The consent ledger: appended, chained, and broken at each place (V-4). */
#include "tests/vault/fixture.h"

#include <stdio.h>

#define EVENTS 5

typedef struct seen {
    uint32_t count;
    uint32_t stop_at; /* 0: never */
    bool is_right;
} seen;

static velum_status see(void *context, const consent_event *event)
{
    seen *const self = context;
    const consent_event expected = event_of(self->count + 1);

    self->count++;
    self->is_right = self->is_right && event->n == expected.n && event->at_ns == expected.at_ns &&
                     event->purpose == expected.purpose &&
                     memcmp(event->id, expected.id, sizeof event->id) == 0;
    return self->count == self->stop_at ? VELUM_E_DENIED : VELUM_OK;
}

/* A subject with its ledger open for a test. */
typedef struct book {
    fixture *fixture;
    subject_id id;
    consent_ledger_end end;
    sealed_subject *sealed;
    const opened_subject *opened;
    store_conn *conn;
} book;

static void book_append(book *self, uint32_t n)
{
    const consent_event event = event_of(n);

    assert_ok(conn_begin(self->conn));
    assert_ok(vault_ledger_append(self->fixture->vault, self->conn, self->opened, &event,
                                  self->end.head));
    assert_ok(fixture_commit(self->fixture));
    self->end.count++;
}

static book book_open(void **state)
{
    fixture *const base = *state;
    book self = {.fixture = base, .id = fixture_subject(base, 1)};

    self.conn = fixture_writer(base);
    self.sealed = fixture_load(base, &self.id, 1, false);
    self.opened = fixture_opened(base, self.sealed);
    for (uint32_t n = 1; n <= EVENTS; n++) {
        book_append(&self, n);
    }
    return self;
}

static velum_status book_read(const book *self, seen *out)
{
    *out = (seen){.is_right = true};
    return vault_ledger_read(self->conn, self->opened, &self->end, see, out);
}

static void assert_whole(const book *self)
{
    seen all;

    assert_ok(book_read(self, &all));
    assert_int_equal(all.count, self->end.count);
    assert_true(all.is_right);
}

/* A broken ledger shows not one event. */
static void assert_refused(const book *self)
{
    seen all;

    assert_int_equal(book_read(self, &all), VELUM_E_TAMPERED);
    assert_int_equal(all.count, 0);
}

static void book_close(book *self)
{
    sealed_subject_free(self->sealed);
}

static void a_ledger_reads_in_order(void **state)
{
    book self = book_open(state);

    assert_whole(&self);
    sealed_subject *const later = fixture_load(self.fixture, &self.id, 2, false);
    const opened_subject *const opened = fixture_opened(self.fixture, later);
    assert_true(opened_ledger_matches(opened, EVENTS));
    assert_false(opened_ledger_matches(opened, EVENTS - 1));
    sealed_subject_free(later);
    book_close(&self);
}

static void an_empty_ledger_is_whole(void **state)
{
    fixture *const base = *state;
    const subject_id id = fixture_subject(base, 1);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(base, &id, 1, false);
    const opened_subject *const opened = fixture_opened(base, sealed);
    consent_ledger_end end = {.count = 0};
    seen all = {.is_right = true};

    assert_ok(vault_ledger_read(fixture_writer(base), opened, &end, see, &all));
    assert_int_equal(all.count, 0);
    end.head[0] = 1;
    assert_int_equal(vault_ledger_read(fixture_writer(base), opened, &end, see, &all),
                     VELUM_E_TAMPERED);
}

/* The chain worked out here from the rows: SHA-256(head ‖ sealed bytes). */
static void the_head_is_as_specified(void **state)
{
    book self = book_open(state);
    uint8_t head[SHA256_BYTES] = {0};
    store_stmt *stmt = NULL;

    assert_ok(conn_statement(self.conn, "SELECT sealed FROM consent_event ORDER BY n", &stmt));
    for (uint32_t n = 0; n < EVENTS; n++) {
        uint8_t both[SHA256_BYTES + 216];
        assert_ok(stmt_step(stmt));
        const crypto_part sealed = stmt_blob(stmt, 0);
        assert_int_equal(sealed.size, 216);
        memcpy(both, head, sizeof head);
        memcpy(both + sizeof head, sealed.data, sealed.size);
        sha256(both, sizeof both, head);
    }
    stmt_reset(stmt);
    assert_memory_equal(head, self.end.head, sizeof head);
    book_close(&self);
}

static void a_visitor_may_stop(void **state)
{
    book self = book_open(state);
    seen all = {.is_right = true, .stop_at = 2};

    assert_int_equal(vault_ledger_read(self.conn, self.opened, &self.end, see, &all),
                     VELUM_E_DENIED);
    assert_int_equal(all.count, 2);
    book_close(&self);
}

/* Runs a statement with n as $2, checks that the ledger is refused, and takes the change back. */
static void break_with(const book *self, const char *sql, uint32_t n)
{
    store_stmt *stmt = NULL;

    assert_ok(conn_begin(self->conn));
    assert_ok(conn_statement(self->conn, sql, &stmt));
    assert_ok(stmt_bind_blob(stmt, 1, self->id.bytes, SUBJECT_ID_BYTES));
    assert_ok(stmt_bind_integer(stmt, 2, n));
    assert_ok(stmt_execute(stmt));
    assert_true(conn_changes(self->conn) > 0);
    assert_refused(self);
    conn_rollback(self->conn);
}

static void a_broken_chain_is_refused_at_each_place(void **state)
{
    static const char *const breaks[] = {
        "DELETE FROM consent_event WHERE subject = $1 AND n = $2",
        "UPDATE consent_event SET n = n + 100 WHERE subject = $1 AND n = $2",
        "UPDATE consent_event SET sealed = zeroblob(216) WHERE subject = $1 AND n = $2",
        "UPDATE consent_event SET sealed = zeroblob(159) WHERE subject = $1 AND n = $2",
        "UPDATE consent_event SET sealed = (SELECT sealed FROM consent_event WHERE subject = $1"
        " AND n = $2 % 5 + 1) WHERE subject = $1 AND n = $2",
        "INSERT INTO consent_event SELECT subject, n + 5, sealed FROM consent_event"
        " WHERE subject = $1 AND n = $2",
    };
    book self = book_open(state);

    for (size_t i = 0; i < COUNT_OF(breaks); i++) {
        for (uint32_t n = 1; n <= EVENTS; n++) {
            break_with(&self, breaks[i], n);
        }
    }
    assert_whole(&self);
    book_close(&self);
}

static void set_sealed(const book *self, uint32_t n, const void *data, size_t size)
{
    store_stmt *stmt = NULL;

    assert_ok(conn_statement(
        self->conn, "UPDATE consent_event SET sealed = $3 WHERE subject = $1 AND n = $2", &stmt));
    assert_ok(stmt_bind_blob(stmt, 1, self->id.bytes, SUBJECT_ID_BYTES));
    assert_ok(stmt_bind_integer(stmt, 2, n));
    assert_ok(stmt_bind_blob(stmt, 3, data, size));
    assert_ok(stmt_execute(stmt));
}

static void any_flipped_byte_of_any_row_is_refused(void **state)
{
    book self = book_open(state);

    for (uint32_t n = 1; n <= EVENTS; n++) {
        uint8_t row[216];
        store_stmt *stmt = NULL;
        assert_ok(
            conn_statement(self.conn, "SELECT sealed FROM consent_event WHERE n = $1", &stmt));
        assert_ok(stmt_bind_integer(stmt, 1, n));
        assert_ok(stmt_step(stmt));
        memcpy(row, stmt_blob(stmt, 0).data, sizeof row);
        stmt_reset(stmt);
        assert_ok(conn_begin(self.conn));
        for (size_t i = 0; i < sizeof row; i++) {
            row[i] ^= 4;
            set_sealed(&self, n, row, sizeof row);
            assert_refused(&self);
            row[i] ^= 4;
        }
        conn_rollback(self.conn);
    }
    assert_whole(&self);
    book_close(&self);
}

/* A head of an earlier time, and a count that is too small or too large. */
static void another_end_is_refused(void **state)
{
    book self = book_open(state);
    const consent_ledger_end end = self.end;

    self.end.count = EVENTS - 1;
    assert_refused(&self);
    self.end.count = EVENTS + 1;
    assert_refused(&self);
    self.end = end;
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        self.end.head[i] ^= 1;
        assert_refused(&self);
        self.end.head[i] ^= 1;
    }
    assert_whole(&self);
    book_close(&self);
}

static velum_status try_append(const book *self, uint32_t n, const uint8_t head[SHA256_BYTES])
{
    const consent_event event = event_of(n);
    uint8_t copy[SHA256_BYTES];

    memcpy(copy, head, sizeof copy);
    assert_ok(conn_begin(self->conn));
    const velum_status status =
        vault_ledger_append(self->fixture->vault, self->conn, self->opened, &event, copy);
    conn_rollback(self->conn);
    if (status < 0) {
        assert_memory_equal(copy, head, sizeof copy);
    }
    return status;
}

static void only_the_next_event_is_appended(void **state)
{
    static const uint8_t empty[SHA256_BYTES];
    book self = book_open(state);

    assert_int_equal(try_append(&self, 0, self.end.head), VELUM_E_INVALID);
    assert_int_equal(try_append(&self, EVENTS, self.end.head), VELUM_E_TAMPERED);
    assert_int_equal(try_append(&self, EVENTS + 2, self.end.head), VELUM_E_TAMPERED);
    assert_int_equal(try_append(&self, EVENTS + 1, empty), VELUM_E_TAMPERED);
    assert_int_equal(try_append(&self, 1, empty), VELUM_E_TAMPERED);
    assert_ok(try_append(&self, EVENTS + 1, self.end.head));
    fixture_run(self.conn, "DELETE FROM consent_event WHERE subject = $1 AND n = 2", &self.id);
    assert_int_equal(try_append(&self, EVENTS + 1, self.end.head), VELUM_E_TAMPERED);
    book_close(&self);
}

/* The evidence key of one subject opens no ledger of another. */
static void rows_of_another_subject_are_refused(void **state)
{
    book self = book_open(state);
    const subject_id other = fixture_subject(self.fixture, 2);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self.fixture, &other, 1, false);
    const opened_subject *const opened = fixture_opened(self.fixture, sealed);
    seen all = {.is_right = true};

    fixture_run(self.conn, "INSERT INTO consent_event SELECT $1, n, sealed FROM consent_event",
                &other);
    /* Even with the right end, which would stand in a state that was sealed for the first. */
    assert_int_equal(vault_ledger_read(self.conn, opened, &self.end, see, &all), VELUM_E_CRYPTO);
    assert_int_equal(all.count, 0);
    book_close(&self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_ledger_reads_in_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_empty_ledger_is_whole, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_head_is_as_specified, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_visitor_may_stop, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_broken_chain_is_refused_at_each_place, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(any_flipped_byte_of_any_row_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(another_end_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(only_the_next_event_is_appended, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_of_another_subject_are_refused, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
