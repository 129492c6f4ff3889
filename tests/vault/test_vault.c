/* The vault: what goes in comes out, what was moved or put back is refused (V-1 … V-4). */
#include "tests/vault/fixture.h"

#include <stdio.h>

#include "base/fault.h"

#define CANARY "CANARY-7fK2-canary"

static identifier identifier_of(const char *type, const char *value)
{
    identifier made;

    assert_ok(identifier_normalise(text_of(type), text_of(value), &made));
    return made;
}

static velum_status attach(fixture *self, const subject_id *id, const char *type, const char *value)
{
    const identifier made = identifier_of(type, value);

    assert_ok(conn_begin(fixture_writer(self)));
    const velum_status status = vault_attach(self->vault, fixture_writer(self), id, &made);
    if (status < 0) {
        conn_rollback(fixture_writer(self));
        return status;
    }
    return fixture_commit(self);
}

static velum_status find(fixture *self, const char *type, const char *value, subject_id *out)
{
    const identifier made = identifier_of(type, value);

    return vault_find(self->vault, fixture_writer(self), &made, out);
}

static void a_subject_comes_back(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 0x5a);

    for (int round = 0; round < 2; round++) {
        VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 17, true);
        const opened_subject *const opened = fixture_opened(self, sealed);
        assert_int_equal(sealed_subject_seq(sealed), 17);
        assert_int_equal(sealed_subject_status(sealed), VAULT_SUBJECT_LIVE);
        assert_memory_equal(sealed_subject_id(sealed), &id, sizeof id);
        assert_memory_equal(opened_id(opened), &id, sizeof id);
        for (size_t i = 0; i < VAULT_STATE_BYTES; i++) {
            assert_int_equal(opened_state(opened)[i], 0x5a);
        }
        assert_true(opened_ledger_matches(opened, 0));
        assert_false(opened_ledger_matches(opened, 1));
        fixture_reopen(self);
    }
}

static void an_unknown_subject_is_not_found(void **state)
{
    fixture *const self = *state;
    const subject_id id = {{1}};
    sealed_subject *sealed = NULL;

    assert_int_equal(vault_load(self->vault, fixture_writer(self), &id, 0, false, &sealed),
                     VELUM_E_NOTFOUND);
    assert_null(sealed);
    assert_false(vault_cached(self->vault, &id, 0, &sealed));
}

static void one_value_means_one_subject(void **state)
{
    fixture *const self = *state;
    const subject_id first = fixture_subject(self, 1);
    const subject_id second = fixture_subject(self, 2);
    subject_id found;

    assert_int_equal(find(self, "mobile", "13812345678", &found), VELUM_E_NOTFOUND);
    assert_ok(attach(self, &first, "mobile", "13812345678"));
    assert_ok(attach(self, &second, "ext:a", "13812345678"));
    assert_ok(attach(self, &second, "mobile", "13812345679"));
    assert_ok(find(self, "mobile", "+86 138-1234-5678", &found));
    assert_memory_equal(&found, &first, sizeof found);
    assert_ok(find(self, "ext:a", "13812345678", &found));
    assert_memory_equal(&found, &second, sizeof found);
    assert_int_equal(find(self, "ext:b", "13812345678", &found), VELUM_E_NOTFOUND);
    assert_int_equal(attach(self, &second, "mobile", "13812345678"), VELUM_E_EXISTS);
    assert_int_equal(attach(self, &first, "mobile", "13812345678"), VELUM_E_EXISTS);
    fixture_reopen(self);
    assert_ok(find(self, "mobile", "13812345678", &found));
    assert_memory_equal(&found, &first, sizeof found);
}

static void a_category_comes_back(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);

    assert_int_equal(subject_open_text(self, &id, 5, 0, ""), VELUM_E_NOTFOUND);
    subject_put_text(self, &id, 5, 1, "first");
    subject_put_text(self, &id, 6, 1, "other");
    subject_put_text(self, &id, 5, 2, "second");
    assert_ok(subject_open_text(self, &id, 5, 2, "second"));
    assert_ok(subject_open_text(self, &id, 6, 1, "other"));
    fixture_reopen(self);
    assert_ok(subject_open_text(self, &id, 5, 2, "second"));
    /* V-4: a version that the row does not have, and a row that the state names but is not there. */
    assert_int_equal(subject_open_text(self, &id, 5, 1, ""), VELUM_E_TAMPERED);
    assert_int_equal(subject_open_text(self, &id, 5, 3, ""), VELUM_E_TAMPERED);
    assert_int_equal(subject_open_text(self, &id, 5, 0, ""), VELUM_E_TAMPERED);
    assert_int_equal(subject_open_text(self, &id, 7, 1, ""), VELUM_E_TAMPERED);
}

static velum_status try_put(fixture *self, const subject_id *id, uint16_t category,
                            uint32_t version)
{
    const record contents = record_of(3, "x");
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, 1, false);
    const opened_subject *const opened = fixture_opened(self, sealed);
    const record_place place = {category, version, &contents};

    assert_ok(conn_begin(fixture_writer(self)));
    const velum_status status =
        vault_put_category(self->vault, fixture_writer(self), opened, &place);
    conn_rollback(fixture_writer(self));
    secret_arena_reset(self->arena);
    return status;
}

static void versions_of_a_category_grow_by_one(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);

    subject_put_text(self, &id, 5, 1, "first");
    assert_int_equal(try_put(self, &id, 5, 1), VELUM_E_TAMPERED);
    assert_int_equal(try_put(self, &id, 5, 3), VELUM_E_TAMPERED);
    assert_int_equal(try_put(self, &id, 6, 2), VELUM_E_TAMPERED);
    assert_int_equal(try_put(self, &id, 0, 1), VELUM_E_INVALID);
    assert_int_equal(try_put(self, &id, 0xFF00, 1), VELUM_E_INVALID);
    assert_int_equal(try_put(self, &id, 6, 0), VELUM_E_INVALID);
    assert_ok(try_put(self, &id, 0xFEFF, 1));
    assert_ok(try_put(self, &id, 5, 2));
    for (uint16_t category = 6; category < 21; category++) {
        subject_put_text(self, &id, category, 1, "x");
    }
    assert_int_equal(try_put(self, &id, 21, 1), VELUM_E_LIMIT);
    assert_ok(try_put(self, &id, 20, 2));
    assert_ok(subject_open_text(self, &id, 20, 1, "x"));
}

static void a_new_subject_is_used_in_its_own_transaction(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const uint8_t first[VAULT_STATE_BYTES] = {1};
    const uint8_t second[VAULT_STATE_BYTES] = {2};
    const record contents = record_of(3, "text");
    const opened_subject *opened = NULL;
    const opened_subject *again = NULL;
    sealed_subject *sealed = NULL;
    record *back = NULL;

    assert_ok(conn_begin(conn));
    assert_ok(vault_create(self->vault, conn, first, self->arena, &opened));
    assert_int_equal(vault_open_category(opened, 5, 1, &back), VELUM_E_NOTFOUND);
    assert_ok(vault_put_category(self->vault, conn, opened, &(record_place){5, 1, &contents}));
    assert_ok(vault_put_category(self->vault, conn, opened, &(record_place){5, 2, &contents}));
    assert_ok(vault_put_state(self->vault, conn, opened, second));
    assert_ok(vault_put_state(self->vault, conn, opened, second));
    /* A later request of the same batch sees it before either file has committed. */
    assert_ok(vault_load(self->vault, conn, opened_id(opened), 0, false, &sealed));
    assert_ok(vault_open(self->vault, sealed, self->arena, &again));
    assert_int_equal(opened_state(again)[0], 2);
    assert_int_equal(sealed->state_version, 3);
    assert_ok(vault_open_category(again, 5, 2, &back));
    sealed_subject_free(sealed);
    assert_ok(fixture_commit(self));
}

static void erasing_is_unreadable(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    const opened_subject *opened = NULL;

    fixture_run(fixture_writer(self), "UPDATE subject SET status = 2 WHERE subject = $1", &id);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 1, false);
    assert_int_equal(sealed_subject_status(sealed), VAULT_SUBJECT_ERASING);
    assert_int_equal(vault_open(self->vault, sealed, self->arena, &opened), VELUM_E_NOTFOUND);
    assert_null(opened);
    assert_int_equal(secret_arena_mark(self->arena), 0);
}

/* The token of a month, worked out here from the wrapped key with the primitives alone. */
static void the_audit_token_is_as_specified(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 1, false);
    uint8_t evidence[KEY_BYTES];
    uint8_t expected[SHA256_BYTES];
    uint8_t token[16];
    uint8_t later[16];

    const opened_subject *const opened = fixture_opened(self, sealed);
    assert_ok(
        keyring_unwrap(self->keys, KEY_KIND_EVIDENCE, id.bytes, sealed->keys.evidence, evidence));
    const crypto_part message = {"audit\0\0\0\1\0\3\x17\x72", 13}; /* 202610 = 0x031772 */
    hmac_sha256(evidence, &message, 1, expected);
    opened_audit_token(opened, 202610, token);
    assert_memory_equal(token, expected, sizeof token);
    opened_audit_token(opened, 202611, later);
    assert_memory_not_equal(token, later, sizeof token);
}

/* The path of a read takes nothing from the heap once the sealed row is at hand. */
static void opening_allocates_nothing(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    sealed_subject *sealed = NULL;
    record *contents = NULL;
    uint8_t token[16];

    subject_put_text(self, &id, 5, 1, "first");
    subject_put_text(self, &id, 6, 1, "second");
    sealed_subject_free(fixture_load(self, &id, 1, true));
    fault_plan(NULL);
    assert_true(vault_cached(self->vault, &id, 1, &sealed));
    const opened_subject *const opened = fixture_opened(self, sealed);
    assert_ok(vault_open_category(opened, 5, 1, &contents));
    assert_ok(vault_open_category(opened, 6, 1, &contents));
    opened_audit_token(opened, 202611, token);
    assert_int_equal(fault_count(FAULT_ALLOC), 0);
    sealed_subject_free(sealed);
}

/* An arena that is too small is told, and given back as it was. */
static void a_full_arena_is_told(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    VELUM_AUTO(secret_arena) *small = NULL;
    const opened_subject *opened = NULL;
    record *contents = NULL;
    void *slice = NULL;

    subject_put_text(self, &id, 5, 1, "first");
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 1, false);
    assert_ok(secret_arena_create(4096, &small));
    assert_ok(vault_open(self->vault, sealed, small, &opened));
    const size_t mark = secret_arena_mark(small);
    assert_ok(vault_open_category(opened, 5, 1, &contents));
    secret_arena_rewind(small, mark);
    assert_ok(secret_arena_slice(small, 4096 - mark - 512, &slice));
    const size_t nearly_full = secret_arena_mark(small);
    assert_int_equal(vault_open_category(opened, 5, 1, &contents), VELUM_E_LIMIT);
    assert_null(contents);
    assert_int_equal(secret_arena_mark(small), nearly_full);
    assert_int_equal(vault_open(self->vault, sealed, small, &opened), VELUM_E_LIMIT);
    assert_null(opened);
}

/* --- orphans ----------------------------------------------------------------------------------------- */

static int64_t keys_count(fixture *self)
{
    return fixture_number(store_writer(self->vault->keys_db), "SELECT count(*) FROM subject_key",
                          NULL);
}

static void create_orphans(fixture *self, uint32_t count)
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

static void orphan_keys_are_collected_at_start(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);

    create_orphans(self, 600); /* more than two batches */
    const subject_id later = fixture_subject(self, 2);
    assert_int_equal(keys_count(self), 602);
    fixture_reopen(self);
    assert_int_equal(keys_count(self), 2);
    assert_int_equal(fixture_number(store_writer(self->vault->keys_db),
                                    "SELECT count(*) FROM subject_new", NULL),
                     0);
    assert_ok(subject_open_state(self, &id));
    assert_ok(subject_open_state(self, &later));
}

static void rolled_back_keys_leave_nothing(void **state)
{
    fixture *const self = *state;
    const uint8_t bytes[VAULT_STATE_BYTES] = {1};
    const opened_subject *opened = NULL;

    vault_keys_rollback(self->vault);
    assert_ok(vault_keys_commit(self->vault));
    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(vault_create(self->vault, fixture_writer(self), bytes, self->arena, &opened));
    vault_keys_rollback(self->vault);
    conn_rollback(fixture_writer(self));
    assert_int_equal(keys_count(self), 0);
    (void)fixture_subject(self, 2);
    assert_int_equal(keys_count(self), 1);
}

/* A vault.db put back from before: later customers' keys are not swept away. */
static void only_new_keys_are_judged(void **state)
{
    fixture *const self = *state;

    (void)fixture_subject(self, 1);
    fixture_reopen(self);
    fixture_run(fixture_writer(self), "DELETE FROM subject", NULL);
    fixture_reopen(self);
    assert_int_equal(keys_count(self), 1);
}

/* --- nothing in the clear (V-2) ------------------------------------------------------------------------- */

static void assert_no_canary(const buffer *bytes)
{
    assert_true(bytes->size > 0);
    assert_false(bytes_contain(bytes->data, bytes->size, CANARY));
    assert_false(bytes_contain(bytes->data, bytes->size, "13912340000"));
}

static void assert_file_is_clean(fixture *self, const char *name, const uint8_t *key)
{
    VELUM_AUTO_BUFFER bytes;

    buffer_init(&bytes, FIXTURE_FILE_BYTES_MAX);
    fixture_read(self, name, &bytes);
    assert_no_canary(&bytes);
    buffer_clear(&bytes);
    fixture_decrypt(self, name, key, &bytes);
    assert_no_canary(&bytes);
}

/* In the files as they lie, and below SQLCipher's encryption. PIPL 51, GDPR 32. */
static void no_file_holds_it_in_the_clear(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 1);
    VELUM_AUTO_BUFFER pages;

    subject_put_text(self, &id, 5, 1, CANARY);
    assert_ok(attach(self, &id, "mobile", "13912340000"));
    assert_ok(attach(self, &id, "ext:a", CANARY));
    assert_file_is_clean(self, "vault.db-wal", keyring_vault_db_key(self->keys));
    assert_file_is_clean(self, "keys.db-wal", keyring_keys_db_key(self->keys));
    assert_ok(store_checkpoint(self->vault_db, 1000));
    assert_file_is_clean(self, "vault.db", keyring_vault_db_key(self->keys));
    assert_file_is_clean(self, "keys.db", keyring_keys_db_key(self->keys));
    /* The pages were really decrypted. */
    buffer_init(&pages, FIXTURE_FILE_BYTES_MAX);
    fixture_decrypt(self, "vault.db", keyring_vault_db_key(self->keys), &pages);
    assert_true(bytes_contain(pages.data, pages.size, "mobile/1"));
    assert_non_null(memmem(pages.data, pages.size, id.bytes, sizeof id.bytes));
}

static void what_is_cached_is_sealed(void **state)
{
    fixture *const self = *state;
    const subject_id id = fixture_subject(self, 0x77);
    sealed_subject *cached = NULL;
    char run[32];

    subject_put_text(self, &id, 5, 1, CANARY);
    sealed_subject *const loaded = fixture_load(self, &id, 9, true);
    assert_true(vault_cached(self->vault, &id, 9, &cached));
    assert_ptr_equal(cached, loaded);
    (void)fixture_opened(self, cached);
    memset(run, 0x77, sizeof run);
    assert_false(bytes_contain(cached, cached->block_bytes, CANARY));
    assert_null(memmem(cached, cached->block_bytes, run, sizeof run));
    uint8_t data_key[KEY_BYTES];
    assert_ok(keyring_unwrap(self->keys, KEY_KIND_DATA, id.bytes, cached->keys.data, data_key));
    assert_null(memmem(cached, cached->block_bytes, data_key, sizeof data_key));
    sealed_subject_free(cached);
    sealed_subject_free(loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_subject_comes_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_unknown_subject_is_not_found, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(one_value_means_one_subject, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_category_comes_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(versions_of_a_category_grow_by_one, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_new_subject_is_used_in_its_own_transaction, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(erasing_is_unreadable, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_audit_token_is_as_specified, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(opening_allocates_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_full_arena_is_told, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(orphan_keys_are_collected_at_start, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(rolled_back_keys_leave_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(only_new_keys_are_judged, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_file_holds_it_in_the_clear, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_cached_is_sealed, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests_name("vault", tests, NULL, NULL);
}
