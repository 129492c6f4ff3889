/* Generations (V-5): older rows do not come back, whatever crashed or failed, and readers of older
 * snapshots are not told that somebody tampered. */
#include "tests/vault/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

#define ROUNDS_MAX 500

/* --- moving ------------------------------------------------------------------------------------------- */

/* Inside a transaction: loads through the writer's view and puts a state of this byte at `seq`. */
static velum_status put_final(fixture *self, const subject_id *id, uint8_t byte, uint64_t seq)
{
    store_conn *const conn = fixture_writer(self);
    VELUM_AUTO(sealed_subject) *sealed = NULL;
    const opened_subject *opened = NULL;
    uint8_t bytes[VAULT_STATE_BYTES];

    memset(bytes, byte, sizeof bytes);
    VELUM_TRY(vault_load(self->vault, conn, id, seq - 1, false, &sealed));
    VELUM_TRY(vault_open(self->vault, sealed, self->arena, &opened));
    const velum_status status = vault_put_state_final(self->vault, conn, opened, bytes, seq);
    secret_arena_reset(self->arena);
    return status;
}

/* A whole transaction that ends with the next seq. */
static velum_status move(fixture *self, const subject_id *id, uint8_t byte)
{
    store_conn *const conn = fixture_writer(self);

    uint64_t seq = 0;

    VELUM_TRY(conn_begin(conn));
    velum_status status = vault_outbox_seq(conn, &seq);
    if (status == VELUM_OK) {
        status = put_final(self, id, byte, seq + 1);
    }
    if (status == VELUM_OK) {
        status = fixture_set_seq(conn, seq + 1);
    }
    if (status < 0) {
        fixture_rollback(self);
        return status;
    }
    return fixture_commit(self);
}

/* Loads and opens through a reader, as of the seq that it sees. */
static velum_status read_byte(fixture *self, const subject_id *id, uint8_t *out)
{
    store_conn *conn = NULL;
    sealed_subject *sealed = NULL;
    const opened_subject *opened = NULL;

    assert_ok(store_reader_acquire(self->vault_db, 1000, &conn));
    assert_ok(conn_begin(conn));
    velum_status status = vault_load(self->vault, conn, id, fixture_seq(conn), false, &sealed);
    if (status == VELUM_OK) {
        status = vault_open(self->vault, sealed, self->arena, &opened);
    }
    if (status == VELUM_OK) {
        *out = opened_state(opened)[VAULT_STATE_BYTES - 1];
    }
    store_reader_release(self->vault_db, conn);
    sealed_subject_free(sealed);
    secret_arena_reset(self->arena);
    return status;
}

static void assert_reads(fixture *self, const subject_id *id, uint8_t byte)
{
    uint8_t found = 0;

    assert_ok(read_byte(self, id, &found));
    assert_int_equal(found, byte);
}

static int64_t known_generation(fixture *self, const subject_id *id)
{
    return fixture_number(store_writer(self->vault->keys_db),
                          "SELECT generation FROM subject_key WHERE subject = $1", id);
}

static int64_t moves_left(fixture *self)
{
    return fixture_number(store_writer(self->vault->keys_db), "SELECT count(*) FROM subject_move",
                          NULL);
}

static void each_change_is_a_generation(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    const subject_id other = fixture_subject(self, 7);

    assert_int_equal(known_generation(self, &id), 0);
    for (uint8_t byte = 2; byte < 6; byte++) {
        assert_ok(move(self, &id, byte));
        assert_reads(self, &id, byte);
        assert_int_equal(known_generation(self, &id), byte - 1);
        assert_int_equal(moves_left(self), 1); /* the next transaction takes the last one's away */
    }
    fixture_reopen(self);
    assert_int_equal(moves_left(self), 0);
    assert_reads(self, &id, 5);
    assert_reads(self, &other, 7);
}

/* Several times in one transaction, with savepoints that do not hold; a new subject too. */
static void a_transaction_may_move_often(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);

    assert_ok(conn_begin(conn));
    assert_ok(put_final(self, &id, 2, 1));
    const vault_mark mark = vault_savepoint(self->vault);
    assert_ok(conn_savepoint(conn));
    assert_ok(put_final(self, &id, 3, 2));
    assert_ok(put_final(self, &id, 4, 2));
    conn_savepoint_rollback(conn);
    vault_savepoint_rollback(self->vault, &mark);
    assert_ok(put_final(self, &id, 5, 2));
    assert_ok(fixture_set_seq(conn, 2));
    assert_ok(fixture_commit(self));
    assert_reads(self, &id, 5);
    assert_int_equal(known_generation(self, &id), 2);
    fixture_reopen(self);
    assert_reads(self, &id, 5);
}

static void a_new_subject_moves_in_its_own_transaction(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    uint8_t bytes[VAULT_STATE_BYTES] = {0};
    const opened_subject *opened = NULL;

    assert_ok(conn_begin(conn));
    assert_ok(vault_create(self->vault, conn, bytes, self->arena, &opened));
    const subject_id id = *opened_id(opened);
    memset(bytes, 9, sizeof bytes);
    assert_ok(vault_put_state_final(self->vault, conn, opened, bytes, 1));
    secret_arena_reset(self->arena);
    assert_ok(fixture_set_seq(conn, 1));
    assert_ok(fixture_commit(self));
    assert_reads(self, &id, 9);
}

/* vault_put_state keeps the generation; what was opened before a move seals under the new one. */
static void a_profile_change_keeps_the_generation(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 1, false);
    const opened_subject *const opened = fixture_opened(self, sealed);
    uint8_t bytes[VAULT_STATE_BYTES];

    memset(bytes, 3, sizeof bytes);
    assert_ok(conn_begin(conn));
    assert_ok(vault_put_state_final(self->vault, conn, opened, bytes, 1));
    memset(bytes, 4, sizeof bytes);
    assert_ok(vault_put_state(self->vault, conn, opened, bytes));
    assert_ok(fixture_set_seq(conn, 1));
    assert_ok(fixture_commit(self));
    secret_arena_reset(self->arena);
    assert_int_equal(known_generation(self, &id), 1);
    assert_reads(self, &id, 4);
}

/* --- older rows ----------------------------------------------------------------------------------------- */

static void keep_rows(fixture *self)
{
    store_conn *const conn = fixture_writer(self);

    assert_ok(conn_run(conn, "CREATE TABLE kept_subject AS SELECT * FROM subject"));
    assert_ok(conn_run(conn, "CREATE TABLE kept_category AS SELECT * FROM category"));
    assert_ok(conn_run(conn, "CREATE TABLE kept_consent_event AS SELECT * FROM consent_event"));
}

/* All rows of the subject as they were: nothing that agrees only among these rows can tell. */
static void put_rows_back(fixture *self, const subject_id *id)
{
    static const char *const statements[] = {
        "DELETE FROM subject WHERE subject = $1",
        "DELETE FROM category WHERE subject = $1",
        "DELETE FROM consent_event WHERE subject = $1",
        "INSERT INTO subject SELECT * FROM kept_subject WHERE subject = $1",
        "INSERT INTO category SELECT * FROM kept_category WHERE subject = $1",
        "INSERT INTO consent_event SELECT * FROM kept_consent_event WHERE subject = $1"};

    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        fixture_run(fixture_writer(self), statements[i], id);
    }
}

/* PIPL 15, GDPR 7(3): a withdrawal is not undone by yesterday's rows. */
static void all_rows_of_before_are_refused(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    const consent_event event = event_of(1);
    uint8_t head[SHA256_BYTES] = {0};
    uint8_t found = 0;

    subject_put_text(self, &id, 5, 1, "one");
    assert_ok(move(self, &id, 2)); /* given */
    keep_rows(self);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, fixture_seq(conn), false);
    assert_ok(conn_begin(conn));
    assert_ok(vault_ledger_append(self->vault, conn, fixture_opened(self, sealed), &event, head));
    assert_ok(fixture_commit(self));
    secret_arena_reset(self->arena);
    assert_ok(move(self, &id, 3)); /* withdrawn */
    put_rows_back(self, &id);
    assert_int_equal(read_byte(self, &id, &found), VELUM_E_TAMPERED);
    assert_ok(conn_begin(conn));
    assert_int_equal(put_final(self, &id, 4, 9), VELUM_E_TAMPERED);
    fixture_rollback(self);
    fixture_reopen(self);
    assert_int_equal(read_byte(self, &id, &found), VELUM_E_TAMPERED);
}

/* A claimed generation does not help: the state's key is another. */
static void a_generation_is_not_claimed(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    uint8_t found = 0;

    assert_ok(move(self, &id, 2));
    keep_rows(self);
    assert_ok(move(self, &id, 3));
    put_rows_back(self, &id);
    fixture_run(fixture_writer(self), "UPDATE subject SET generation = 2", NULL);
    assert_int_equal(read_byte(self, &id, &found), VELUM_E_CRYPTO);
    fixture_run(fixture_writer(self), "UPDATE subject SET generation = 3", NULL);
    assert_int_equal(read_byte(self, &id, &found), VELUM_E_CRYPTO);
}

/* --- readers and writers at once --------------------------------------------------------------------------- */

static void an_older_snapshot_reads_on(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    store_conn *conn = NULL;

    assert_ok(store_reader_acquire(self->vault_db, 1000, &conn));
    assert_ok(conn_begin(conn));
    const uint64_t seq = fixture_seq(conn);
    for (uint8_t byte = 2; byte < 5; byte++) {
        assert_ok(move(self, &id, byte));
        VELUM_AUTO(sealed_subject) *sealed = NULL;
        assert_ok(vault_load(self->vault, conn, &id, seq, false, &sealed));
        assert_int_equal(opened_state(fixture_opened(self, sealed))[0], 1);
        secret_arena_reset(self->arena);
    }
    store_reader_release(self->vault_db, conn);
    assert_reads(self, &id, 4);
}

/* Behind more moves than are remembered it cannot be told apart: to be read anew. */
static void a_very_old_snapshot_is_stale(void **state)
{
    fixture *const self = *state;
    store_conn *const writer = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    const subject_id busy = fixture_subject(self, 2);
    store_conn *conn = NULL;
    sealed_subject *sealed = NULL;

    assert_ok(store_reader_acquire(self->vault_db, 1000, &conn));
    assert_ok(conn_begin(conn));
    const uint64_t seq = fixture_seq(conn);
    assert_ok(move(self, &id, 2));
    assert_ok(conn_begin(writer));
    for (uint32_t i = 0; i < RECENT_MOVES; i++) {
        assert_ok(put_final(self, &busy, 3, 2));
    }
    assert_ok(fixture_set_seq(writer, 2));
    assert_ok(fixture_commit(self));
    assert_int_equal(vault_load(self->vault, conn, &id, seq, false, &sealed), VELUM_E_STALE);
    assert_null(sealed);
    store_reader_release(self->vault_db, conn);
    assert_reads(self, &id, 2);
    assert_reads(self, &busy, 3);
}

/* --- vault.db does not follow ------------------------------------------------------------------------------- */

/* keys.db has committed, vault.db fails: the move is taken back, and its seq is given out again. */
static void a_move_that_vault_db_refuses_is_taken_back(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    const subject_id other = fixture_subject(self, 6);

    assert_ok(move(self, &id, 2));
    assert_ok(conn_begin(conn));
    assert_ok(put_final(self, &id, 3, 2));
    assert_ok(fixture_set_seq(conn, 2));
    assert_ok(vault_keys_commit(self->vault));
    assert_int_equal(known_generation(self, &id), 2);
    assert_reads(self, &id, 2); /* between the commits */
    conn_rollback(conn);
    vault_keys_rollback(self->vault);
    assert_int_equal(known_generation(self, &id), 1);
    assert_int_equal(moves_left(self), 0);
    assert_ok(move(self, &other, 7)); /* seq 2, again */
    assert_reads(self, &id, 2);
    assert_ok(move(self, &id, 4));
    fixture_reopen(self);
    assert_reads(self, &id, 4);
    assert_reads(self, &other, 7);
}

/* The same where keys.db cannot take it back at once: the next commit does. */
static void taking_back_can_wait(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    const subject_id other = fixture_subject(self, 6);

    assert_ok(conn_begin(conn));
    assert_ok(put_final(self, &id, 3, 1));
    assert_ok(vault_keys_commit(self->vault));
    conn_rollback(conn);
    fault_plan("sql:1+:eio");
    vault_keys_rollback(self->vault);
    fault_plan(NULL);
    assert_int_equal(known_generation(self, &id), 1);
    assert_reads(self, &id, 1);
    assert_ok(move(self, &other, 7));
    assert_int_equal(known_generation(self, &id), 0);
    assert_reads(self, &id, 1);
    assert_ok(conn_begin(conn));
    assert_ok(put_final(self, &id, 3, 2));
    assert_ok(vault_keys_commit(self->vault));
    conn_rollback(conn);
    fault_plan("sql:1+:eio");
    vault_keys_rollback(self->vault);
    fault_plan(NULL);
    assert_ok(move(self, &id, 4)); /* read by the writer while keys.db is ahead */
    assert_reads(self, &id, 4);
    assert_int_equal(known_generation(self, &id), 1);
}

/* vault.db followed and nobody said so: the next commit looks, and the move stays (G-2). */
static void a_commit_that_nobody_told_of_holds(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    const subject_id other = fixture_subject(self, 6);

    assert_ok(conn_begin(conn));
    assert_ok(put_final(self, &id, 3, 1));
    assert_ok(fixture_set_seq(conn, 1));
    assert_ok(vault_keys_commit(self->vault));
    assert_ok(conn_commit(conn));
    assert_ok(move(self, &other, 7));
    assert_int_equal(known_generation(self, &id), 1);
    assert_reads(self, &id, 3);
    assert_reads(self, &other, 7);
    fixture_reopen(self);
    assert_reads(self, &id, 3);
    assert_reads(self, &other, 7);
}

/* keys.db was read while it was ahead, the rest after it was taken back: that is nobody's damage. */
static void a_reader_of_what_was_taken_back_looks_again(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    key_row keys = {.moment = generation_moment(self->vault)};
    VELUM_AUTO(sealed_subject) *row = NULL;
    store_conn *conn = NULL;

    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(put_final(self, &id, 3, 1));
    assert_ok(vault_keys_commit(self->vault));
    assert_ok(store_reader_acquire(self->vault_db, 1000, &conn));
    assert_ok(conn_begin(conn));
    assert_ok(vault_load(self->vault, conn, &id, fixture_seq(conn), false, &row));
    assert_ok(subject_keys_read(self->vault, conn, &id, &keys));
    assert_int_equal(keys.generation, 1);
    conn_rollback(fixture_writer(self));
    vault_keys_rollback(self->vault);
    assert_int_equal(generation_check(self->vault, conn, row, &keys), VELUM_E_STALE);
    store_reader_release(self->vault_db, conn);
    assert_reads(self, &id, 1);
}

/* The seqs of moves that were taken back with the next commit are given out again, and excuse nobody. */
static void what_was_taken_back_excuses_no_older_row(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    uint8_t found = 0;

    keep_rows(self);
    assert_ok(conn_begin(conn));
    assert_ok(put_final(self, &id, 3, 5)); /* behind other writes of its transaction */
    assert_ok(vault_keys_commit(self->vault));
    conn_rollback(conn);
    fault_plan("sql:1+:eio");
    vault_keys_rollback(self->vault);
    fault_plan(NULL);
    assert_ok(move(self, &id, 4)); /* seq 1 */
    assert_reads(self, &id, 4);
    put_rows_back(self, &id);
    assert_int_equal(read_byte(self, &id, &found), VELUM_E_TAMPERED);
}

/* A rollback before its own keys_commit leaves alone what the transaction before it committed. */
static void a_later_rollback_takes_nothing_back(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);

    assert_ok(move(self, &id, 2));
    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(put_final(self, &id, 3, 2));
    fixture_rollback(self);
    assert_int_equal(known_generation(self, &id), 1);
    assert_reads(self, &id, 2);
}

/* vault.db's commit failed in its sync, keys.db took the move back, and a crash brought the commit back
 * whole: the row is ahead, and true. */
static void a_row_ahead_of_keys_db_is_true(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);

    assert_ok(move(self, &id, 2));
    assert_ok(move(self, &id, 3));
    fixture_run(store_writer(self->vault->keys_db),
                "UPDATE subject_key SET generation = 1 WHERE subject = $1", &id);
    fixture_reopen(self);
    assert_reads(self, &id, 3);
    assert_ok(move(self, &id, 4));
    assert_reads(self, &id, 4);
    assert_int_equal(known_generation(self, &id), 3);
}

/* Moves that hold are nobody's excuse: after a clean end an older vault.db has none to take back. */
static void a_clean_end_leaves_no_moves(void **state)
{
    fixture *const self = *state;
    store_conn *keys = NULL;
    const subject_id id = fixture_subject(self, 1);

    assert_ok(move(self, &id, 2));
    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(fixture_commit(self)); /* a batch without anything for keys.db */
    assert_int_equal(moves_left(self), 1);
    fixture_close(self);
    assert_ok(keyring_open(self->dir_fd, self->root, &self->keys, NULL));
    const store_options options = {.folder = self->folder,
                                   .name = "keys.db",
                                   .key = keyring_keys_db_key(self->keys),
                                   .readers_max = 1};
    VELUM_AUTO(store) *db = NULL;
    assert_ok(store_open(&options, &db, NULL));
    keys = store_writer(db);
    assert_int_equal(fixture_number(keys, "SELECT count(*) FROM subject_move", NULL), 0);
    assert_int_equal(fixture_number(keys, "SELECT max(generation) FROM subject_key", NULL), 1);
}

/* --- crashes ------------------------------------------------------------------------------------------------- */

static int run_child(fixture *self, const char *plan, const subject_id *id, uint8_t byte)
{
    int status = 0;

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        if (fixture_try_open(self, false, NULL) != VELUM_OK) {
            _exit(8);
        }
        fault_plan(plan);
        const velum_status moved = move(self, id, byte);
        fault_plan(NULL);
        /* What failed is over: the next one goes through, and reads what stands. */
        _exit(moved < 0 ? (move(self, id, (uint8_t)(byte + 1)) == VELUM_OK ? 7 : 8) : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return 1;
    }
    assert_int_not_equal(WEXITSTATUS(status), 8);
    return WEXITSTATUS(status);
}

/* Killed or failed at each point: the change holds whole or not at all, and the subject opens. */
static void strike(fixture *self, const char *kind, const char *effect)
{
    const subject_id id = fixture_subject(self, 1);
    bool is_done = false;
    uint32_t round = 0;
    uint8_t before = 1;

    for (; !is_done; round++) {
        char plan[64];
        const uint8_t byte = (uint8_t)(2 + 2 * (round % 100));
        uint8_t found = 0;
        assert_true(round < ROUNDS_MAX);
        snprintf(plan, sizeof plan, "%s:%u:%s", kind, round + 1, effect);
        fixture_close(self);
        const int result = run_child(self, plan, &id, byte);
        is_done = result == 0;
        assert_ok(fixture_try_open(self, false, NULL));
        assert_ok(read_byte(self, &id, &found));
        assert_true(found == byte + 1 || result != 7);
        assert_true(found == byte || !is_done); /* acknowledged is durable */
        assert_true(found == byte || found == byte + 1 || found == before);
        assert_int_equal(moves_left(self), 0);
        assert_int_equal(known_generation(self, &id),
                         fixture_number(fixture_writer(self),
                                        "SELECT generation FROM subject WHERE subject = $1", &id));
        before = found;
    }
    print_message("# %s %s: %u rounds\n", kind, effect, round);
    assert_true(round > 3);
}

static void a_crash_leaves_one_truth(void **state)
{
    static const char *const plans[][2] = {{"sql", "kill"},    {"write", "kill"}, {"sync", "kill"},
                                           {"sql", "eio"},     {"write", "eio"},  {"sync", "eio"},
                                           {"alloc", "enospc"}};

    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        strike(*state, plans[i][0], plans[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_change_is_a_generation, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_transaction_may_move_often, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_new_subject_moves_in_its_own_transaction, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_profile_change_keeps_the_generation, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(all_rows_of_before_are_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_generation_is_not_claimed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_older_snapshot_reads_on, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_very_old_snapshot_is_stale, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_move_that_vault_db_refuses_is_taken_back, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(taking_back_can_wait, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_commit_that_nobody_told_of_holds, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_reader_of_what_was_taken_back_looks_again, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_was_taken_back_excuses_no_older_row, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_later_rollback_takes_nothing_back, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_row_ahead_of_keys_db_is_true, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_clean_end_leaves_no_moves, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_crash_leaves_one_truth, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
