/* Suppression: who must not come back or not be reached (I-6), and identifiers taken away. */
#include "tests/vault/fixture.h"

#define MOBILE "13812345678"
#define DAY_NS INT64_C(86400000000000)

static identifier named(const char *type, const char *value)
{
    identifier made;

    assert_ok(identifier_normalise(text_of(type), text_of(value), &made));
    return made;
}

static velum_status find(fixture *self, const identifier *value, int64_t now_ns, suppression *out)
{
    *out = (suppression){.scope = 0};
    return vault_suppression_find(self->vault, fixture_writer(self), value, now_ns, out);
}

static void suppress(fixture *self, const identifier *value, const suppression *entry)
{
    assert_ok(conn_begin(fixture_writer(self)));
    assert_ok(vault_suppress(self->vault, fixture_writer(self), value, entry));
    assert_ok(fixture_commit(self));
}

static void an_entry_stands_until_its_end(void **state)
{
    fixture *const self = *state;
    const identifier mobile = named("mobile", MOBILE);
    const identifier other = named("mobile", "13812345679");
    const identifier same_text = named("ext:cj", "+86" MOBILE);
    const suppression entry = {SUPPRESS_RETURN, 3, 7, DAY_NS, 9 * DAY_NS};
    suppression found;

    assert_int_equal(find(self, &mobile, DAY_NS, &found), VELUM_E_NOTFOUND);
    suppress(self, &mobile, &entry);
    fixture_reopen(self);
    assert_ok(find(self, &mobile, 9 * DAY_NS - 1, &found));
    assert_memory_equal(&found.at_ns, &entry.at_ns, 2 * sizeof found.at_ns);
    assert_int_equal(found.scope, SUPPRESS_RETURN);
    assert_int_equal(found.reason, 3);
    assert_int_equal(found.basis, 7);
    assert_int_equal(find(self, &mobile, 9 * DAY_NS, &found), VELUM_E_NOTFOUND);
    assert_int_equal(find(self, &other, DAY_NS, &found), VELUM_E_NOTFOUND);
    assert_int_equal(find(self, &same_text, DAY_NS, &found), VELUM_E_NOTFOUND);
}

static void scopes_add_and_the_later_end_stays(void **state)
{
    fixture *const self = *state;
    const identifier mobile = named("mobile", MOBILE);
    suppression found;

    suppress(self, &mobile, &(suppression){SUPPRESS_RETURN, 1, 1, DAY_NS, 9 * DAY_NS});
    suppress(self, &mobile, &(suppression){SUPPRESS_MARKETING, 2, 2, 2 * DAY_NS, 5 * DAY_NS});
    assert_ok(find(self, &mobile, 8 * DAY_NS, &found));
    assert_int_equal(found.scope, SUPPRESS_RETURN | SUPPRESS_MARKETING);
    assert_int_equal(found.expires_ns, 9 * DAY_NS);
    assert_int_equal(found.reason, 2);
    suppress(self, &mobile, &(suppression){SUPPRESS_IDENTITY, 2, 2, 3 * DAY_NS, 0}); /* no end */
    suppress(self, &mobile, &(suppression){SUPPRESS_RETURN, 2, 2, 4 * DAY_NS, 6 * DAY_NS});
    assert_ok(find(self, &mobile, 9000 * DAY_NS, &found));
    assert_int_equal(found.expires_ns, 0);
    assert_int_equal(found.scope, SUPPRESS_RETURN | SUPPRESS_MARKETING | SUPPRESS_IDENTITY);
}

static void an_ended_entry_adds_nothing(void **state)
{
    fixture *const self = *state;
    const identifier mobile = named("mobile", MOBILE);
    suppression found;

    suppress(self, &mobile, &(suppression){SUPPRESS_RETURN, 1, 1, DAY_NS, 2 * DAY_NS});
    suppress(self, &mobile, &(suppression){SUPPRESS_MARKETING, 1, 1, 3 * DAY_NS, 4 * DAY_NS});
    assert_ok(find(self, &mobile, 3 * DAY_NS, &found));
    assert_int_equal(found.scope, SUPPRESS_MARKETING);
}

/* From the index rows alone, and it outlives them: nobody knows the number any more. */
static void all_identifiers_of_a_subject(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const identifier values[] = {named("mobile", MOBILE), named("email", "a@example.com"),
                                 named("ext:cj", "77")};
    const suppression entry = {SUPPRESS_RETURN, 1, 1, DAY_NS, 9 * DAY_NS};
    const subject_id id = fixture_subject(self, 1);
    uint32_t count = 0;

    assert_ok(conn_begin(conn));
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_ok(vault_attach(self->vault, conn, &id, &values[i]));
    }
    assert_ok(vault_suppress_subject(self->vault, conn, &id, &entry, &count));
    assert_int_equal(count, COUNT_OF(values));
    assert_ok(fixture_commit(self));
    fixture_run(conn, "DELETE FROM blind_index", NULL);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        suppression found;
        assert_ok(find(self, &values[i], DAY_NS, &found));
        assert_int_equal(found.scope, SUPPRESS_RETURN);
    }
    assert_ok(vault_suppress_subject(self->vault, conn, &id, &entry, &count));
    assert_int_equal(count, 0);
}

/* The index's own hash is not in the table: the two cannot be joined without the keyring. */
static void the_hash_is_another(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const identifier mobile = named("mobile", MOBILE);
    const subject_id id = fixture_subject(self, 1);

    assert_ok(conn_begin(conn));
    assert_ok(vault_attach(self->vault, conn, &id, &mobile));
    assert_ok(fixture_commit(self));
    suppress(self, &mobile, &(suppression){SUPPRESS_RETURN, 1, 1, 1, 0});
    assert_int_equal(
        fixture_number(
            conn, "SELECT count(*) FROM suppression s JOIN blind_index b ON b.hash = s.hash", NULL),
        0);
}

static void scopes_are_lifted(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const identifier mobile = named("mobile", MOBILE);
    suppression found;

    assert_int_equal(vault_suppression_lift(self->vault, conn, &mobile, SUPPRESS_RETURN),
                     VELUM_E_NOTFOUND);
    suppress(self, &mobile, &(suppression){SUPPRESS_RETURN | SUPPRESS_MARKETING, 1, 1, DAY_NS, 0});
    assert_ok(vault_suppression_lift(self->vault, conn, &mobile, SUPPRESS_RETURN));
    assert_ok(find(self, &mobile, DAY_NS, &found));
    assert_int_equal(found.scope, SUPPRESS_MARKETING);
    assert_ok(vault_suppression_lift(self->vault, conn, &mobile, SUPPRESS_MARKETING));
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM suppression", NULL), 0);
}

static void ended_rows_go_a_few_at_a_time(void **state)
{
    static const char *const numbers[] = {"13800000001", "13800000002", "13800000003",
                                          "13800000004"};
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    uint32_t count = 0;

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const identifier value = named("mobile", numbers[i]);
        const int64_t end_ns = i == 3 ? 0 : (int64_t)(i + 2) * DAY_NS;
        suppress(self, &value, &(suppression){SUPPRESS_RETURN, 1, 1, DAY_NS, end_ns});
    }
    assert_ok(vault_suppression_expire(conn, 9 * DAY_NS, 2, &count));
    assert_int_equal(count, 2);
    assert_ok(vault_suppression_expire(conn, 9 * DAY_NS, 2, &count));
    assert_int_equal(count, 1);
    assert_ok(vault_suppression_expire(conn, 9 * DAY_NS, 2, &count));
    assert_int_equal(count, 0);
    assert_int_equal(fixture_number(conn, "SELECT count(*) FROM suppression", NULL), 1);
}

static void an_identifier_is_taken_away(void **state)
{
    fixture *const self = *state;
    store_conn *const conn = fixture_writer(self);
    const identifier mobile = named("mobile", MOBILE);
    const subject_id first = fixture_subject(self, 1);
    const subject_id second = fixture_subject(self, 2);
    subject_id found;

    assert_ok(vault_attach(self->vault, conn, &first, &mobile));
    assert_int_equal(vault_detach(self->vault, conn, &second, &mobile), VELUM_E_NOTFOUND);
    assert_ok(vault_detach(self->vault, conn, &first, &mobile));
    assert_int_equal(vault_find(self->vault, conn, &mobile, &found), VELUM_E_NOTFOUND);
    assert_int_equal(vault_detach(self->vault, conn, &first, &mobile), VELUM_E_NOTFOUND);
    assert_ok(vault_attach(self->vault, conn, &second, &mobile));
    assert_ok(vault_find(self->vault, conn, &mobile, &found));
    assert_memory_equal(&found, &second, sizeof found);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_entry_stands_until_its_end), TEST(scopes_add_and_the_later_end_stays),
        TEST(an_ended_entry_adds_nothing),   TEST(all_identifiers_of_a_subject),
        TEST(the_hash_is_another),           TEST(scopes_are_lifted),
        TEST(ended_rows_go_a_few_at_a_time), TEST(an_identifier_is_taken_away),
    };

    return cmocka_run_group_tests_name("suppression", tests, NULL, NULL);
}
