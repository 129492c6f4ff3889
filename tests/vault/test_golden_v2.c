/* A vault as schema 2 of both files writes it, made once: it opens for ever.
 *
 * tests/golden/vault-v2 has keyring, vault.db and keys.db under the fixture's root secret. It was made
 * with VELUM_MAKE_GOLDEN=FOLDER; before a step is added that changes these tables, the version before
 * it makes the next one.
 */
#include "tests/vault/destroyer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define CHANGED 1 /* serials of the people in it */
#define GONE 2
#define GOING 3
#define STATE_BYTE 0x33
#define SUPPRESSED "13700000001"

static const char *const files[] = {"keyring", "vault.db", "keys.db"};

/* The test's own state: head of the ledger, its count, a byte. */
static void write_state(uint8_t state[VAULT_STATE_BYTES], const consent_ledger_end *end)
{
    memset(state, STATE_BYTE, VAULT_STATE_BYTES);
    memcpy(state, end->head, sizeof end->head);
    bytes_write_u32be(state + sizeof end->head, end->count);
}

/* --- making it ------------------------------------------------------------------------------------------- */

/* An event as format 1 had it, which nobody writes any more. */
static void append_format_1(const fixture *self, const opened_subject *opened,
                            consent_ledger_end *end)
{
    static const char sql[] = "INSERT INTO consent_event (subject, n, sealed) VALUES ($1, 1, $2)";
    const consent_event event = event_of(1);
    const sealed_place place = opened_place(opened, PLACE_CONSENT_EVENT, 1);
    uint8_t plain[CONSENT_EVENT_BYTES];
    uint8_t key[KEY_BYTES];
    VELUM_AUTO_BUFFER sealed;
    VELUM_AUTO_STMT *stmt = NULL;

    buffer_init(&sealed, 1024);
    assert_ok(consent_event_encode(&event, plain));
    plain[0] = 1;
    opened_consent_key(opened, key);
    assert_ok(sealed_write(key, &self->random, &place, (crypto_part){plain, CONSENT_EVENT_BYTES_1},
                           &sealed));
    assert_ok(statement_for(fixture_writer(self), sql, opened_id(opened), &stmt));
    assert_ok(stmt_bind_blob(stmt, 2, sealed.data, sealed.size));
    assert_ok(stmt_execute(stmt));
    const crypto_part parts[] = {{end->head, sizeof end->head}, {sealed.data, sealed.size}};
    uint8_t head[SHA256_BYTES];
    sha256_parts(parts, 2, head);
    memcpy(end->head, head, sizeof end->head);
    end->count = 1;
}

static void append_format_2(fixture *self, const opened_subject *opened, consent_ledger_end *end)
{
    const consent_event event = event_of(2);

    assert_ok(vault_ledger_append(self->vault, fixture_writer(self), opened, &event, end->head));
    end->count = 2;
}

/* Two generations by consents, a third with the categories that go. */
static void change_person(fixture *self, const subject_id *id)
{
    static const uint16_t some[] = {5, 7};
    store_conn *const conn = fixture_writer(self);
    const destruction_plan plan = plan_of(1);
    uint8_t state[VAULT_STATE_BYTES];
    consent_ledger_end end = {.count = 0};
    destruction_report report;

    fixture_run(conn, "DELETE FROM consent_event WHERE subject = $1", id);
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, id, 0, false);
    const opened_subject *const opened = fixture_opened(self, sealed);
    assert_ok(conn_begin(conn));
    append_format_1(self, opened, &end);
    write_state(state, &end);
    assert_ok(vault_put_state_final(self->vault, conn, opened, state, 1));
    append_format_2(self, opened, &end);
    write_state(state, &end);
    assert_ok(vault_put_state_final(self->vault, conn, opened, state, 2));
    const destroyed_categories what = {some, 2, state, 3};
    assert_ok(vault_destroy_categories(self->vault, conn, opened, &plan, &what));
    assert_ok(fixture_set_seq(conn, 3));
    assert_ok(fixture_commit(self));
    secret_arena_reset(self->arena);
    assert_ok(destructions_finish(self, &report));
}

static void copy_file(int from_fd, int to_fd, const char *name)
{
    VELUM_AUTO_BUFFER bytes;

    buffer_init(&bytes, FIXTURE_FILE_BYTES_MAX);
    assert_ok(file_read(from_fd, name, &bytes));
    assert_ok(file_replace(to_fd, name, bytes.data, bytes.size));
}

static void a_vault_is_made_when_asked(void **state)
{
    fixture *const self = *state;
    VELUM_AUTO_FD out_fd = -1;
    subject_id ids[3];
    identifier mobile;

    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(person_create(self, CHANGED + i, &ids[i]));
    }
    change_person(self, &ids[0]);
    assert_ok(person_step(self, &ids[1], DESTROY_DATA));
    assert_ok(person_destroy_data(self, &ids[2])); /* step 1 alone */
    assert_ok(identifier_normalise(TEXT_LITERAL("mobile"), TEXT_LITERAL(SUPPRESSED), &mobile));
    assert_ok(vault_suppress(self->vault, fixture_writer(self), &mobile,
                             &(suppression){SUPPRESS_RETURN | SUPPRESS_MARKETING, 4, 5, 6, 0}));
    fixture_close(self);
    assert_ok(directory_open(getenv("VELUM_MAKE_GOLDEN"), &out_fd));
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        copy_file(self->dir_fd, out_fd, files[i]);
    }
}

/* --- opening it ------------------------------------------------------------------------------------------ */

static int open_golden(void **state)
{
    const char *const top = getenv("VELUM_TOP");
    char path[FIXTURE_PATH_BYTES];
    VELUM_AUTO_FD golden_fd = -1;

    if (fixture_setup_empty(state) != 0) {
        return -1;
    }
    fixture *const self = *state;
    snprintf(path, sizeof path, "%s/tests/golden/vault-v2", top == NULL ? "." : top);
    assert_ok(directory_open(path, &golden_fd));
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        copy_file(golden_fd, self->dir_fd, files[i]);
    }
    return fixture_try_open(self, true, NULL) == VELUM_OK ? 0 : -1; /* with the steps since */
}

typedef struct seen {
    uint32_t count;
} seen;

static velum_status see(void *context, const consent_event *event)
{
    seen *const self = context;
    const consent_event expected = event_of(++self->count);
    const bool is_first = self->count == 1;
    static const uint8_t zeros[32];

    assert_int_equal(event->n, self->count);
    assert_int_equal(event->at_ns, expected.at_ns);
    assert_int_equal(event->given_ns, is_first ? expected.at_ns : expected.given_ns);
    assert_memory_equal(event->evidence, is_first ? zeros : expected.evidence, 32);
    assert_memory_equal(event->assisted_token, is_first ? zeros : expected.assisted_token, 16);
    return VELUM_OK;
}

static void generations_and_both_formats_of_events(void **state)
{
    fixture *const self = *state;
    consent_ledger_end end;
    seen all = {0};
    subject_id id;

    assert_ok(person_find(self, CHANGED, &id));
    VELUM_AUTO(sealed_subject) *sealed = fixture_load(self, &id, 3, false);
    assert_int_equal(sealed->generation, 3);
    assert_int_equal(sealed->key_version, 2);
    const opened_subject *const opened = fixture_opened(self, sealed);
    const uint8_t *const bytes = opened_state(opened);
    assert_int_equal(bytes[VAULT_STATE_BYTES - 1], STATE_BYTE);
    memcpy(end.head, bytes, sizeof end.head);
    end.count = bytes_read_u32be(bytes + sizeof end.head);
    assert_int_equal(end.count, 2);
    assert_ok(vault_ledger_read(fixture_writer(self), opened, &end, see, &all));
    assert_int_equal(all.count, 2);
    secret_arena_reset(self->arena);
    assert_ok(person_open_category(self, &id, 6, "six"));
    assert_int_equal(person_open_category(self, &id, 5, ""), VELUM_E_TAMPERED);
}

static void erased(fixture *self, const char *sql, subject_id *out)
{
    store_stmt *stmt = NULL;

    assert_ok(conn_statement(fixture_writer(self), sql, &stmt));
    assert_ok(stmt_step(stmt));
    assert_ok(column_bytes(stmt, 0, out->bytes, SUBJECT_ID_BYTES));
    stmt_reset(stmt);
}

static void somebody_erased_and_what_is_kept(void **state)
{
    fixture *const self = *state;
    retained_category kept[VAULT_CATEGORIES_MAX];
    uint32_t count = 0;
    subject_id id;

    assert_int_equal(person_find(self, GONE, &id), VELUM_E_NOTFOUND);
    erased(self, "SELECT subject FROM subject WHERE status = 3", &id);
    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_ERASED);
    assert_ok(person_open_retained(self, &id));
    assert_ok(person_open_evidence(self, &id));
    assert_ok(vault_retained_list(fixture_writer(self), &id, kept, &count));
    assert_int_equal(count, 1);
    assert_int_equal(kept[0].basis, KEPT_BASIS);
    assert_int_equal(kept[0].until_ns, KEPT_UNTIL_NS);
}

static void a_destruction_that_was_begun_is_finished(void **state)
{
    fixture *const self = *state;
    destruction_report report;
    destruction under_way;
    subject_id id;

    assert_ok(person_find(self, GOING, &id));
    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_ERASING);
    assert_ok(vault_destruction_next(fixture_writer(self), 0, &under_way));
    assert_int_equal(under_way.kind, DESTROY_DATA);
    assert_memory_equal(&under_way.subject, &id, sizeof id);
    assert_ok(destructions_finish(self, &report));
    assert_int_equal(report.index_rows, 2);
    assert_int_equal(status_of(self, &id), VAULT_SUBJECT_ERASED);
    assert_ok(person_open_retained(self, &id));
}

static void a_suppression_is_found(void **state)
{
    fixture *const self = *state;
    suppression found;
    identifier mobile;

    assert_ok(identifier_normalise(TEXT_LITERAL("mobile"), TEXT_LITERAL(SUPPRESSED), &mobile));
    assert_ok(vault_suppression_find(self->vault, fixture_writer(self), &mobile, 7, &found));
    assert_int_equal(found.scope, SUPPRESS_RETURN | SUPPRESS_MARKETING);
    assert_int_equal(found.reason, 4);
    assert_int_equal(found.basis, 5);
    assert_int_equal(found.at_ns, 6);
}

int main(void)
{
    const struct CMUnitTest making[] = {cmocka_unit_test_setup_teardown(
        a_vault_is_made_when_asked, fixture_setup, fixture_teardown)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(generations_and_both_formats_of_events, open_golden,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(somebody_erased_and_what_is_kept, open_golden,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_destruction_that_was_begun_is_finished, open_golden,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_suppression_is_found, open_golden, fixture_teardown),
    };

    if (getenv("VELUM_MAKE_GOLDEN") != NULL) {
        return cmocka_run_group_tests_name("making golden vault-v2", making, NULL, NULL);
    }
    return cmocka_run_group_tests_name("golden vault-v2", tests, NULL, NULL);
}
