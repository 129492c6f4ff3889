/* Rows that were moved, put back from an older copy, or damaged (V-3, V-4; docs/formats/vault.md, "What
 * must agree"). */
#include "tests/vault/fixture.h"

static void put_state(fixture *self, const subject_id *id, uint8_t byte)
{
    uint8_t bytes[VAULT_STATE_BYTES];
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, 1, false);
    const opened_subject *const opened = fixture_opened(self, sealed);

    memset(bytes, byte, sizeof bytes);
    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(vault_put_state(self->vault, fixture_writer(self), opened, bytes));
    assert_ok(fixture_commit(self));
    secret_arena_reset(self->arena);
}

static void an_older_category_is_refused(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);

    subject_put_text(self, &id, 5, 1, "first");
    assert_ok(conn_run(conn, "CREATE TABLE kept AS SELECT * FROM category"));
    subject_put_text(self, &id, 5, 2, "second");
    fixture_run(conn, "UPDATE category SET sealed = (SELECT sealed FROM kept)", NULL);
    assert_int_equal(subject_open_text(self, &id, 5, 2, ""), VELUM_E_CRYPTO);
    fixture_run(conn, "UPDATE category SET version = 1", NULL);
    assert_int_equal(subject_open_text(self, &id, 5, 2, ""), VELUM_E_TAMPERED);
    assert_ok(subject_open_text(self, &id, 5, 1, "first")); /* only the state can tell */
    fixture_run(conn, "DELETE FROM category", NULL);
    assert_int_equal(subject_open_text(self, &id, 5, 2, ""), VELUM_E_TAMPERED);
}

static void a_category_of_another_place_is_refused(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id first = fixture_subject(self, 1);
    const subject_id second = fixture_subject(self, 2);

    subject_put_text(self, &first, 5, 1, "one");
    subject_put_text(self, &first, 6, 1, "two");
    subject_put_text(self, &second, 5, 1, "three");
    assert_ok(conn_run(conn, "CREATE TABLE kept AS SELECT * FROM category"));
    /* Contents of another category, then with its key too. */
    fixture_run(conn,
                "UPDATE category SET sealed = (SELECT sealed FROM kept WHERE subject = $1 AND"
                " category = 6) WHERE subject = $1 AND category = 5",
                &first);
    assert_int_equal(subject_open_text(self, &first, 5, 1, ""), VELUM_E_CRYPTO);
    fixture_run(conn,
                "UPDATE category SET wrapped_key = (SELECT wrapped_key FROM kept WHERE subject ="
                " $1 AND category = 6) WHERE subject = $1 AND category = 5",
                &first);
    assert_int_equal(subject_open_text(self, &first, 5, 1, ""), VELUM_E_CRYPTO);
    /* The whole row of another subject. */
    fixture_run(conn,
                "UPDATE category SET sealed = (SELECT sealed FROM kept WHERE subject <> $1),"
                " wrapped_key = (SELECT wrapped_key FROM kept WHERE subject <> $1)"
                " WHERE subject = $1",
                &first);
    assert_int_equal(subject_open_text(self, &first, 5, 1, ""), VELUM_E_CRYPTO);
    assert_ok(subject_open_text(self, &second, 5, 1, "three"));
}

/* Key commitment (spec/crypto.md): checked before anything is opened with the key. */
static void a_wrong_commitment_is_refused(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);

    subject_put_text(self, &id, 5, 1, "one");
    fixture_run(conn,
                "UPDATE category SET wrapped_key = CAST(substr(wrapped_key, 1, 97) ||"
                " CASE WHEN substr(wrapped_key, 98) = x'00' THEN x'01' ELSE x'00' END AS BLOB)",
                NULL);
    assert_int_equal(subject_open_text(self, &id, 5, 1, ""), VELUM_E_CRYPTO);
}

static void an_older_state_is_refused(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    const subject_id other = fixture_subject(self, 3);

    assert_ok(conn_run(conn, "CREATE TABLE kept AS SELECT * FROM subject"));
    put_state(self, &id, 2);
    fixture_run(conn,
                "UPDATE subject SET state = (SELECT state FROM kept WHERE subject = $1)"
                " WHERE subject = $1",
                &id);
    assert_int_equal(subject_open_state(self, &id), VELUM_E_CRYPTO);
    /* Of another subject, version and all. */
    fixture_run(conn,
                "UPDATE subject SET state_version = 1, state = (SELECT state FROM kept WHERE"
                " subject <> $1) WHERE subject = $1",
                &id);
    assert_int_equal(subject_open_state(self, &id), VELUM_E_CRYPTO);
    assert_ok(subject_open_state(self, &other));
}

/* A whole older row opens; what was written since tells (docs/formats/vault.md, "What must agree"). */
static void an_older_state_row_misses_what_came_later(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);
    const consent_event event = event_of(1);
    uint8_t head[SHA256_BYTES] = {0};

    subject_put_text(self, &id, 5, 1, "first");
    assert_ok(conn_run(conn, "CREATE TABLE kept AS SELECT * FROM subject"));
    subject_put_text(self, &id, 5, 2, "second");
    VELUM_AUTO(sealed_subject) *before = fixture_load(self, &id, 1, false);
    assert_ok(conn_begin(conn));
    assert_ok(vault_ledger_append(self->vault, conn, fixture_opened(self, before), &event, head));
    assert_ok(fixture_commit(self));
    put_state(self, &id, 2);
    fixture_run(conn,
                "UPDATE subject SET state_version = (SELECT state_version FROM kept),"
                " state = (SELECT state FROM kept) WHERE subject = $1",
                &id);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 1, false);
    const opened_subject *const opened = fixture_opened(self, sealed);
    record *contents = NULL;
    assert_int_equal(opened_state(opened)[0], 1);
    assert_false(opened_ledger_matches(opened, 0)); /* as the older state says */
    assert_int_equal(vault_open_category(opened, 5, 1, &contents), VELUM_E_TAMPERED);
}

static void every_byte_of_a_state_and_a_wrapped_key_holds(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 1, false);
    uint8_t *const parts[] = {sealed->state, sealed->keys.data, sealed->keys.evidence};
    const size_t sizes[] = {STATE_SEALED_BYTES, WRAPPED_KEY_BYTES, WRAPPED_KEY_BYTES};

    for (size_t part = 0; part < COUNT_OF(parts); part++) {
        for (size_t i = 0; i < sizes[part]; i++) {
            const opened_subject *opened = NULL;
            parts[part][i] ^= 0x80;
            assert_true(vault_open(self->vault, sealed, self->arena, &opened) < 0);
            assert_null(opened);
            parts[part][i] ^= 0x80;
        }
    }
    assert_non_null(fixture_opened(self, sealed));
}

static velum_status load_status(fixture *self, const subject_id *id)
{
    sealed_subject *sealed = NULL;
    const velum_status status =
        vault_load(self->vault, fixture_writer(self), id, 0, false, &sealed);

    sealed_subject_free(sealed);
    return status;
}

static void a_subject_without_keys_is_corrupt(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);

    fixture_run(store_writer(self->vault->keys_db), "DELETE FROM subject_key", NULL);
    assert_int_equal(load_status(self, &id), VELUM_E_CORRUPT);
}

static void rows_of_wrong_size_are_corrupt(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const subject_id id = fixture_subject(self, 1);

    subject_put_text(self, &id, 5, 1, "one");
    fixture_run(conn, "UPDATE category SET wrapped_key = zeroblob(97)", NULL);
    assert_int_equal(load_status(self, &id), VELUM_E_CORRUPT);
    fixture_run(conn, "UPDATE category SET wrapped_key = zeroblob(98), sealed = zeroblob(49)",
                NULL);
    assert_int_equal(load_status(self, &id), VELUM_E_CORRUPT);
    fixture_run(conn, "UPDATE category SET sealed = zeroblob(50), version = 4294967296", NULL);
    assert_int_equal(load_status(self, &id), VELUM_E_CORRUPT);
    fixture_run(conn, "DELETE FROM category", NULL);
    assert_ok(load_status(self, &id));
    fixture_run(conn, "UPDATE subject SET state = zeroblob(1073)", NULL);
    assert_int_equal(load_status(self, &id), VELUM_E_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_older_category_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_category_of_another_place_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_wrong_commitment_is_refused, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_older_state_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_older_state_row_misses_what_came_later, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(every_byte_of_a_state_and_a_wrapped_key_holds,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_subject_without_keys_is_corrupt, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_of_wrong_size_are_corrupt, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests_name("vault replay", tests, NULL, NULL);
}
