/* Destruction in three steps (I-6, V-6; PIPL 47, GDPR 17): unreadable from the first, keys gone from
 * the second, rows from the third. */
#include "tests/vault/destroyer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static destruction first_under_way(fixture *self)
{
    destruction found;

    assert_ok(vault_destruction_next(fixture_writer(self), 0, &found));
    return found;
}

static off_t wal_bytes(fixture *self)
{
    struct stat info;

    assert_int_equal(fstatat(self->dir_fd, "keys.db-wal", &info, 0), 0);
    return info.st_size;
}

static velum_status finish_one(fixture *self, const destruction *what, destruction_report *out)
{
    store_conn *const conn = fixture_writer(self);

    assert_ok(conn_begin(conn));
    const velum_status status = vault_destruction_finish(self->vault, conn, what, out);
    assert_ok(conn_commit(conn));
    return status;
}

static void a_person_goes_in_three_steps(void **state)
{
    fixture *const self = *state;
    destruction_report report = {.index_rows = 0};
    subject_id id;
    subject_id found;

    assert_ok(person_create(self, 1, &id));
    assert_ok(person_destroy_data(self, &id));
    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_ERASING);
    assert_int_equal(person_open_category(self, &id, 5, ""), VELUM_E_NOTFOUND);
    assert_int_equal(person_destroy_data(self, &id), VELUM_E_NOTFOUND);

    const destruction under_way = first_under_way(self);
    assert_int_equal(under_way.kind, DESTROY_DATA);
    assert_int_equal(under_way.at_ns, 5);
    assert_int_equal(under_way.event_id[0], 0x21);
    assert_int_equal(under_way.request_id[15], 0x22);
    assert_memory_equal(&under_way.subject, &id, sizeof id);
    assert_int_equal(finish_one(self, &under_way, &report), VELUM_E_CORRUPT);

    assert_ok(vault_destroy_keys(self->vault, &under_way, 1, 500));
    assert_int_equal(wal_bytes(self), 0);
    assert_ok(vault_destroy_keys(self->vault, &under_way, 1, 500)); /* may be repeated */
    assert_ok(finish_one(self, &under_way, &report));
    assert_int_equal(report.category_count, 2);
    assert_int_equal(report.categories[0], 5);
    assert_int_equal(report.categories[1], 7);
    assert_int_equal(report.index_rows, 2);
    assert_int_equal(report.retained_count, 1);
    assert_int_equal(report.retained[0].category, KEPT_CATEGORY);
    assert_int_equal(report.retained[0].basis, KEPT_BASIS);
    assert_int_equal(report.retained[0].until_ns, KEPT_UNTIL_NS);
    assert_int_equal(report.evidence_until_ns, EVIDENCE_UNTIL_NS);

    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_ERASED);
    assert_int_equal(person_find(self, 1, &found), VELUM_E_NOTFOUND);
    assert_int_equal(vault_destruction_next(fixture_writer(self), 0, &(destruction){0}), VELUM_END);
    assert_ok(person_open_retained(self, &id));
    assert_ok(person_open_evidence(self, &id));
    fixture_reopen(self);
    assert_ok(person_open_retained(self, &id));
    assert_ok(person_open_evidence(self, &id));
    assert_int_equal(rows_of(self, &id), 4); /* subject, event, retained, erased */
}

/* The data key leaves the cache as well. */
static void the_cache_forgets(void **state)
{
    fixture *const self = *state;
    sealed_subject *held = NULL;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    sealed_subject_free(fixture_load(self, &id, 1, true));
    assert_true(vault_cached(self->vault, &id, 0, &held));
    sealed_subject_free(held);
    assert_ok(person_step(self, &id, DESTROY_DATA));
    assert_false(vault_cached(self->vault, &id, 0, &held));
}

/* Rows of yesterday's vault.db, where they were: there is no key for them any more. */
static void older_rows_stay_erased(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_ok(conn_run(conn, "CREATE TABLE kept_subject AS SELECT * FROM subject"));
    assert_ok(conn_run(conn, "CREATE TABLE kept_category AS SELECT * FROM category"));
    assert_ok(person_step(self, &id, DESTROY_DATA));
    fixture_run(conn, "DELETE FROM subject", NULL);
    fixture_run(conn, "INSERT INTO subject SELECT * FROM kept_subject", NULL);
    fixture_run(conn, "INSERT INTO category SELECT * FROM kept_category", NULL);
    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_ERASED);
    assert_int_equal(person_open_category(self, &id, 5, ""), VELUM_E_NOTFOUND);
    fixture_reopen(self);
    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_ERASED);
}

/* --- some categories ------------------------------------------------------------------------------------ */

static void some_categories_go(void **state)
{
    static const uint16_t some[] = {7, 5};
    fixture *const self = *state;
    destruction_report report;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_ok(person_destroy_categories(self, &id, some, 2));
    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_LIVE);
    assert_int_equal(person_open_category(self, &id, 5, ""), VELUM_E_TAMPERED);
    assert_ok(person_open_category(self, &id, 6, "six")); /* between the steps */
    assert_int_equal(person_destroy_data(self, &id), VELUM_E_BUSY);
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(report.category_count, 2);
    assert_int_equal(report.categories[0], 7);
    assert_int_equal(report.retained_count, 0);
    fixture_reopen(self);
    assert_ok(person_open_category(self, &id, 6, "six"));
    assert_ok(person_destroy_data(self, &id));
}

static void may_be_done_again(void **state)
{
    static const uint16_t first[] = {5};
    static const uint16_t second[] = {7};
    fixture *const self = *state;
    destruction_report report;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_ok(person_destroy_categories(self, &id, first, 1));
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(person_destroy_categories(self, &id, first, 1), VELUM_E_NOTFOUND);
    assert_ok(person_open_category(self, &id, 6, "six"));
    assert_ok(person_destroy_categories(self, &id, second, 1));
    assert_ok(destructions_finish(self, &report));
    assert_ok(person_open_category(self, &id, 6, "six"));
    assert_int_equal(fixture_number(store_writer(self->vault->keys_db),
                                    "SELECT key_version FROM subject_key WHERE subject = $1", &id),
                     3);
    assert_int_equal(
        fixture_number(store_writer(self->vault->keys_db), "SELECT count(*) FROM next_key", NULL),
        0);
}

/* The old row with its own wrapped key, and then all rows of before. */
static void destroyed_categories_do_not_come_back(void **state)
{
    static const uint16_t some[] = {5};
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    destruction_report report;
    sealed_subject *sealed = NULL;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_ok(conn_run(conn, "CREATE TABLE kept_subject AS SELECT * FROM subject"));
    assert_ok(conn_run(conn, "CREATE TABLE kept_category AS SELECT * FROM category"));
    assert_ok(person_destroy_categories(self, &id, some, 1));
    assert_ok(destructions_finish(self, &report));
    fixture_run(conn, "INSERT INTO category SELECT * FROM kept_category WHERE category = 5", NULL);
    assert_int_equal(person_open_category(self, &id, 5, ""), VELUM_E_CRYPTO);
    fixture_run(conn, "DELETE FROM subject", NULL);
    fixture_run(conn, "INSERT INTO subject SELECT * FROM kept_subject", NULL);
    assert_int_equal(vault_load(self->vault, conn, &id, 9, false, &sealed), VELUM_E_TAMPERED);
    /* Whoever claims the newer numbers has no key for it either. */
    fixture_run(conn, "UPDATE subject SET generation = 1", NULL);
    assert_int_equal(vault_load(self->vault, conn, &id, 9, false, &sealed), VELUM_E_TAMPERED);
    fixture_run(conn, "UPDATE subject SET key_version = 2", NULL);
    assert_int_equal(person_open_category(self, &id, 5, ""), VELUM_E_CRYPTO);
}

static void readers_of_older_snapshots_read_anew(void **state)
{
    static const uint16_t some[] = {5};
    fixture *const self = *state;
    destruction_report report;
    store_conn *conn = NULL;
    sealed_subject *sealed = NULL;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_ok(store_reader_acquire(self->vault_db, 1000, &conn));
    assert_ok(conn_begin(conn));
    const uint64_t seq = fixture_seq(conn);
    assert_ok(person_destroy_categories(self, &id, some, 1));
    assert_ok(vault_load(self->vault, conn, &id, seq, false, &sealed)); /* before step 2 */
    sealed_subject_free(sealed);
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(vault_load(self->vault, conn, &id, seq, false, &sealed), VELUM_E_STALE);
    store_reader_release(self->vault_db, conn);
    assert_ok(person_open_category(self, &id, 6, "six"));
}

/* In one transaction: destroyed, read, written again; what was opened before seals nothing. */
static void a_transaction_goes_on_under_the_next_key(void **state)
{
    static const uint16_t some[] = {5};
    static const uint8_t bytes[VAULT_STATE_BYTES] = {3};
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const destruction_plan plan = plan_of(1);
    const destroyed_categories what = {some, 1, bytes, 1};
    const record contents = record_of(3, "new");
    destruction_report report;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    VELUM_AUTO(sealed_subject) *before = fixture_load(self, &id, 0, false);
    const opened_subject *const opened = fixture_opened(self, before);
    assert_ok(conn_begin(conn));
    assert_ok(vault_destroy_categories(self->vault, conn, opened, &plan, &what));
    assert_int_equal(vault_put_state(self->vault, conn, opened, bytes), VELUM_E_STALE);
    assert_int_equal(
        vault_put_category(self->vault, conn, opened, &(record_place){8, 1, &contents}),
        VELUM_E_STALE);
    VELUM_AUTO(sealed_subject) *after = NULL;
    assert_ok(vault_load(self->vault, conn, &id, 1, false, &after));
    assert_ok(vault_put_category(self->vault, conn, fixture_opened(self, after),
                                 &(record_place){5, 1, &contents}));
    assert_ok(fixture_set_seq(conn, 1));
    assert_ok(fixture_commit(self));
    secret_arena_reset(self->arena);
    assert_ok(person_open_category(self, &id, 5, "new"));
    assert_ok(destructions_finish(self, &report));
    assert_ok(person_open_category(self, &id, 5, "new"));
    assert_ok(person_open_category(self, &id, 6, "six"));
}

/* A next key whose transaction was not committed is nobody's; it is dropped at start. */
static void what_was_not_committed_leaves_nothing(void **state)
{
    static const uint16_t some[] = {5};
    static const char *const tables[] = {
        "SELECT count(*) FROM next_key", "SELECT count(*) FROM retained_key",
        "SELECT count(*) FROM retained_new", "SELECT count(*) FROM subject_move"};
    static const uint8_t bytes[VAULT_STATE_BYTES] = {3};
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    destruction_plan plan = plan_of(1);
    const destroyed_categories what = {some, 1, bytes, 1};
    const retained_category kept = {6, 1, 1, 7};
    subject_id ids[2];

    plan.retained = &kept;
    plan.retained_count = 1;
    for (uint32_t i = 0; i < 2; i++) {
        assert_ok(person_create(self, i, &ids[i]));
        VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &ids[i], 0, false);
        const opened_subject *const opened = fixture_opened(self, sealed);
        assert_ok(conn_begin(conn));
        assert_ok(i == 0 ? vault_destroy_categories(self->vault, conn, opened, &plan, &what)
                         : vault_destroy_data(self->vault, conn, opened, &plan));
        assert_ok(vault_keys_commit(self->vault));
        secret_arena_reset(self->arena);
        conn_rollback(conn);
        vault_keys_rollback(self->vault);
        assert_ok(person_open_category(self, &ids[i], 5, "five"));
    }
    fixture_reopen(self);
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        assert_int_equal(fixture_number(store_writer(self->vault->keys_db), tables[i], NULL), 0);
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_ok(person_open_category(self, &ids[i], 5, "five"));
        assert_ok(person_step(self, &ids[i], i == 0 ? DESTROY_CATEGORIES : DESTROY_DATA));
    }
    assert_ok(person_open_category(self, &ids[0], 6, "six"));
    assert_ok(person_open_retained(self, &ids[1]));
}

/* --- what is kept, and its end ------------------------------------------------------------------------------ */

static void what_a_law_kept_ends(void **state)
{
    fixture *const self = *state;
    destruction_report report;
    retained_category kept[VAULT_CATEGORIES_MAX];
    uint32_t count = 0;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_int_equal(person_destroy_retained(self, &id), VELUM_E_NOTFOUND);
    assert_int_equal(person_destroy_evidence(self, &id), VELUM_E_BUSY);
    assert_ok(person_step(self, &id, DESTROY_DATA));
    assert_int_equal(person_destroy_evidence(self, &id), VELUM_E_BUSY);
    assert_ok(vault_retained_list(fixture_writer(self), &id, kept, &count));
    assert_int_equal(count, 1);
    assert_int_equal(kept[0].version, 1);

    assert_ok(person_destroy_retained(self, &id));
    assert_int_equal(person_destroy_retained(self, &id), VELUM_E_BUSY);
    assert_int_equal(person_open_retained(self, &id), VELUM_E_NOTFOUND); /* from step 1 on */
    assert_ok(vault_retained_list(fixture_writer(self), &id, kept, &count));
    assert_int_equal(count, 0);
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(report.category_count, 1);
    assert_int_equal(report.categories[0], KEPT_CATEGORY);
    assert_int_equal(report.evidence_until_ns, EVIDENCE_UNTIL_NS);

    assert_ok(person_open_evidence(self, &id));
    assert_ok(person_destroy_evidence(self, &id));
    assert_int_equal(person_open_evidence(self, &id), VELUM_E_NOTFOUND); /* from step 1 on */
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(rows_of(self, &id), 0);
    assert_int_equal(fixture_number(store_writer(self->vault->keys_db),
                                    "SELECT (SELECT count(*) FROM subject_key) +"
                                    " (SELECT count(*) FROM retained_key)",
                                    NULL),
                     0);
    assert_int_equal(person_destroy_evidence(self, &id), VELUM_E_NOTFOUND);
}

/* Key rows that change places do not open: the category stands in the key's derivation. */
static void a_retained_key_serves_its_category(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const retained_category kept[] = {{5, 1, 1, 7}, {6, 1, 1, 7}};
    destruction_plan plan = plan_of(1);
    destruction_report report;
    subject_id id;

    plan.retained = kept;
    plan.retained_count = 2;
    assert_ok(person_create(self, 1, &id));
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 0, false);
    assert_ok(conn_begin(conn));
    assert_ok(vault_destroy_data(self->vault, conn, fixture_opened(self, sealed), &plan));
    assert_ok(fixture_commit(self));
    secret_arena_reset(self->arena);
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(report.category_count, 1);
    assert_int_equal(report.retained_count, 2);
    assert_ok(person_open_retained(self, &id));
    fixture_run(store_writer(self->vault->keys_db),
                "UPDATE retained_key SET slot = (SELECT sum(slot) FROM retained_key) - slot", NULL);
    assert_int_equal(person_open_retained(self, &id), VELUM_E_CRYPTO);
}

/* --- keys.db as it lies on the disk ---------------------------------------------------------------------------- */

#define PEOPLE 120

typedef struct crowd {
    subject_id ids[PEOPLE];
    uint8_t data[PEOPLE][WRAPPED_KEY_BYTES];
    uint8_t next[PEOPLE][WRAPPED_KEY_BYTES];
} crowd;

static void note_keys(fixture *self, crowd *all)
{
    for (uint32_t i = 0; i < PEOPLE; i++) {
        key_row row = {.slot = 0};
        assert_ok(subject_keys_read(self->vault, fixture_writer(self), &all->ids[i], &row));
        memcpy(all->data[i], row.keys.data, WRAPPED_KEY_BYTES);
    }
}

static uint32_t count_in(const buffer *pages, const uint8_t wrapped[WRAPPED_KEY_BYTES])
{
    uint32_t count = 0;
    const uint8_t *at = pages->data;
    const uint8_t *const past = pages->data + pages->size;

    while ((at = memmem(at, (size_t)(past - at), wrapped, WRAPPED_KEY_BYTES)) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* K-1 … K-3: neither a row nor the free space of any page keeps what was destroyed, though others
 * came, went and changed around it; and no key lies in the file twice.
 * PIPL 47, GDPR 17: destroyed is destroyed. */
static void no_page_keeps_a_key(void **state)
{
    static const uint16_t some[] = {5};
    fixture *const self = *state;
    crowd *const all = calloc(1, sizeof *all);
    VELUM_AUTO_BUFFER pages;
    destruction_report report;

    buffer_init(&pages, FIXTURE_FILE_BYTES_MAX);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        assert_ok(person_create(self, i, &all->ids[i]));
    }
    note_keys(self, all);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        if (i % 3 == 0) {
            assert_ok(person_step(self, &all->ids[i], DESTROY_DATA));
        } else if (i % 3 == 1) {
            assert_ok(person_destroy_categories(self, &all->ids[i], some, 1));
        }
        if (i % 6 == 0) {
            assert_ok(person_step(self, &all->ids[i], DESTROY_RETAINED));
            assert_ok(person_step(self, &all->ids[i], DESTROY_EVIDENCE));
            assert_ok(person_create(self, PEOPLE + i, &all->ids[i]));
        }
    }
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(wal_bytes(self), 0);
    fixture_decrypt(self, "keys.db", keyring_keys_db_key(self->keys), &pages);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        assert_int_equal(count_in(&pages, all->data[i]), i % 3 == 2);
    }
    note_keys(self, all);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        if (i % 3 != 0 || i % 6 == 0) {
            assert_int_equal(count_in(&pages, all->data[i]), 1);
        }
    }
    free(all);
}

/* A reader that holds an older snapshot of keys.db: not surely gone, and said so. */
static void a_reader_in_the_way_is_told(void **state)
{
    fixture *const self = *state;
    store_conn *reader = NULL;
    subject_id id;

    assert_ok(person_create(self, 1, &id));
    assert_ok(person_destroy_data(self, &id));
    assert_ok(store_reader_acquire(self->vault->keys_db, 1000, &reader));
    assert_ok(conn_begin(reader));
    assert_int_equal(fixture_number(reader, "SELECT count(*) FROM subject_key", NULL), 1);
    const destruction under_way = first_under_way(self);
    assert_int_equal(vault_destroy_keys(self->vault, &under_way, 1, 50), VELUM_E_BUSY);
    store_reader_release(self->vault->keys_db, reader);
    assert_ok(vault_destroy_keys(self->vault, &under_way, 1, 500));
    assert_int_equal(wal_bytes(self), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_person_goes_in_three_steps),
        TEST(the_cache_forgets),
        TEST(older_rows_stay_erased),
        TEST(some_categories_go),
        TEST(may_be_done_again),
        TEST(destroyed_categories_do_not_come_back),
        TEST(readers_of_older_snapshots_read_anew),
        TEST(a_transaction_goes_on_under_the_next_key),
        TEST(what_was_not_committed_leaves_nothing),
        TEST(what_a_law_kept_ends),
        TEST(a_retained_key_serves_its_category),
        TEST(no_page_keeps_a_key),
        TEST(a_reader_in_the_way_is_told),
    };

    return cmocka_run_group_tests_name("destruction", tests, NULL, NULL);
}
