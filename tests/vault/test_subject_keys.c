/* keys.db: what older versions left is taken over, and keys that nobody needs are collected. */
#include "tests/vault/fixture.h"

#include <stdlib.h>

#define PEOPLE 300

typedef struct old_row {
    subject_id id;
    subject_keys keys;
} old_row;

static velum_status insert_old(store_conn *conn, const old_row *row)
{
    static const char sql[] =
        "INSERT INTO subject_key (subject, kek_version, data_key, evidence_key)"
        " VALUES ($1, 1, $2, $3)";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(conn, sql, &row->id, &stmt));
    VELUM_TRY(stmt_bind_blob(stmt, 2, row->keys.data, sizeof row->keys.data));
    VELUM_TRY(stmt_bind_blob(stmt, 3, row->keys.evidence, sizeof row->keys.evidence));
    return stmt_execute(stmt);
}

/* keys.db as schema 1 had it, with rows of random bytes. */
static void make_old(fixture *self, old_row *rows)
{
    const store_options options = {.folder = self->folder,
                                   .name = "keys.db",
                                   .key = keyring_keys_db_key(self->keys),
                                   .readers_max = 1,
                                   .create = true};
    VELUM_AUTO(store) *db = NULL;
    uint32_t count = 0;
    uint32_t from = 0;

    assert_ok(store_open(&options, &db, NULL));
    assert_ok(store_migrate(db, vault_keys_steps(&count), 1, &from, NULL));
    assert_int_equal(count, 3);
    assert_ok(conn_begin(store_writer(db)));
    for (uint32_t i = 0; i < PEOPLE; i++) {
        random_fill(&self->random, &rows[i], sizeof rows[i]);
        assert_ok(insert_old(store_writer(db), &rows[i]));
    }
    assert_ok(conn_commit(store_writer(db)));
}

static uint32_t count_in(const buffer *pages, const void *bytes, size_t size)
{
    const uint8_t *const past = pages->data + pages->size;
    const uint8_t *at = pages->data;
    uint32_t count = 0;

    while ((at = memmem(at, (size_t)(past - at), bytes, size)) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* Each key in its slot, and the pages of the table of before hold none of them any more. */
static void keys_of_schema_1_move_into_slots(void **state)
{
    fixture *const self = *state;
    old_row *const rows = calloc(PEOPLE, sizeof *rows);
    VELUM_AUTO_BUFFER pages;

    buffer_init(&pages, FIXTURE_FILE_BYTES_MAX);
    assert_ok(keyring_create(self->dir_fd, self->root, 1, &self->random));
    assert_ok(keyring_open(self->dir_fd, self->root, &self->keys, NULL));
    make_old(self, rows);
    keyring_free(self->keys);
    self->keys = NULL;
    assert_ok(fixture_try_open(self, true, NULL)); /* migrates */
    for (uint32_t i = 0; i < PEOPLE; i++) {
        key_row row = {.slot = 0};
        assert_ok(subject_keys_read(self->vault, fixture_writer(self), &rows[i].id, &row));
        assert_memory_equal(&row.keys, &rows[i].keys, sizeof row.keys);
        assert_int_equal(row.generation, 0);
        assert_int_equal(row.key_version, 1);
        assert_int_equal(row.next_slot, 0);
    }
    assert_ok(store_checkpoint(self->vault->keys_db, 500));
    fixture_decrypt(self, "keys.db", keyring_keys_db_key(self->keys), &pages);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        assert_int_equal(count_in(&pages, rows[i].keys.data, WRAPPED_KEY_BYTES), 1);
        assert_int_equal(count_in(&pages, rows[i].keys.evidence, WRAPPED_KEY_BYTES), 1);
    }
    free(rows);
}

/* More marks than a batch, of subjects that stand and of some that do not. */
static void marks_are_judged_batch_by_batch(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const uint8_t bytes[VAULT_STATE_BYTES] = {1};
    store_conn *keys = NULL;

    for (uint32_t round = 0; round < 2; round++) { /* committed, then in keys.db alone */
        assert_ok(conn_begin(conn));
        for (uint32_t i = 0; i < PEOPLE; i++) {
            const opened_subject *opened = NULL;
            assert_ok(vault_create(self->vault, conn, bytes, self->arena, &opened));
            secret_arena_reset(self->arena);
        }
        assert_ok(vault_keys_commit(self->vault));
        if (round == 0) {
            assert_ok(conn_commit(conn));
        } else {
            conn_rollback(conn);
        }
    }
    keys = store_writer(self->vault->keys_db);
    assert_int_equal(fixture_number(keys, "SELECT count(*) FROM subject_new", NULL), 2 * PEOPLE);
    fixture_reopen(self);
    keys = store_writer(self->vault->keys_db);
    assert_int_equal(fixture_number(keys, "SELECT count(*) FROM subject_new", NULL), 0);
    assert_int_equal(fixture_number(keys, "SELECT count(*) FROM subject_key", NULL), PEOPLE);
    assert_int_equal(fixture_number(keys, "SELECT count(*) FROM slot_free", NULL), PEOPLE);
    fixture_subject(self, 1); /* in a slot that was freed */
    keys = store_writer(self->vault->keys_db);
    assert_int_equal(fixture_number(keys, "SELECT count(*) FROM slot_free", NULL), PEOPLE - 1);
    assert_int_equal(fixture_number(keys, "SELECT max(slot) FROM key_slot", NULL), 2 * PEOPLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_of_schema_1_move_into_slots, fixture_setup_empty,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(marks_are_judged_batch_by_batch, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests_name("subject keys", tests, NULL, NULL);
}
