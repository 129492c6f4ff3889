/* Names, lists, I-7, rows and tokens of credentials; customers' tokens. */
#include "tests/core/support.h"

#include "policy/embedded.h"

static bundle *sample(void)
{
    size_t count = 0;
    const bundle_file *files = embedded_sample(&count);
    bundle *made = NULL;

    assert_int_equal(bundle_compile(files, count, NULL, NULL, &made, NULL), VELUM_OK);
    return made;
}

static void a_name_is_plain(void **state)
{
    static const char *const good[] = {"a", "0", "shop-1", "a.b_c", "crm.v2"};
    static const char *const bad[] = {"", "A", "-a", ".a", "_a", "a b", "a/b", "ä", "a,b", "a\n"};
    char long_name[66];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(credential_name_is_valid(text_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(credential_name_is_valid(text_of(bad[i])));
    }
    memset(long_name, 'a', sizeof long_name);
    assert_true(credential_name_is_valid((text){long_name, 64}));
    assert_false(credential_name_is_valid((text){long_name, 65}));
    assert_false(credential_name_is_valid((text){"a\0b", 3}));
}

static credential_request good_request(void)
{
    return (credential_request){.name = TEXT_LITERAL("shop"),
                                .kind = ACTOR_SERVICE,
                                .roles = TEXT_LITERAL("delivery"),
                                .activities = TEXT_LITERAL("order-fulfilment"),
                                .domain = TEXT_LITERAL("shop"),
                                .store = TEXT_EMPTY};
}

/* Each change alone makes a good request a bad one. */
static void a_request_is_checked_by_the_policy(void **state)
{
    VELUM_AUTO(bundle) *policy = sample();
    velum_error err;
    credential_request requests[12];
    size_t count = 0;

    credential_request one = good_request();
    assert_int_equal(credential_check(&one, policy, &err), VELUM_OK);
    for (count = 0; count < 12; count++) {
        requests[count] = good_request();
    }
    requests[0].name = TEXT_LITERAL("Shop");
    requests[1].kind = ACTOR_CUSTOMER;
    requests[2].roles = TEXT_EMPTY;
    requests[3].roles = TEXT_LITERAL("delivery,nobody");
    requests[4].activities = TEXT_EMPTY;
    requests[5].activities = TEXT_LITERAL("order-fulfilment,nothing");
    requests[6].activities = TEXT_LITERAL("self-service");
    requests[7].domain = TEXT_LITERAL("*");
    requests[8].domain = TEXT_LITERAL("self");
    requests[9].domain = TEXT_LITERAL("a-domain-name-of-more-than-32-bytes");
    requests[10].has_uid = true;
    requests[11].activities = TEXT_LITERAL("order-fulfilment,");
    for (size_t i = 0; i < count; i++) {
        err.text[0] = '\0';
        if (credential_check(&requests[i], policy, &err) != VELUM_E_INVALID) {
            fail_msg("request %zu was taken", i);
        }
        assert_true(err.text[0] != '\0');
    }
    one.kind = ACTOR_HUMAN;
    one.domain = TEXT_LITERAL("*");
    one.has_uid = true;
    assert_int_equal(credential_check(&one, policy, &err), VELUM_OK);
}

/* I-7: every pair of an activity that records consents and one that lives on one. */
static void recording_and_living_do_not_meet(void **state)
{
    VELUM_AUTO(bundle) *policy = sample();

    for (uint32_t a = 0; a < policy->activity_count; a++) {
        for (uint32_t b = 0; b < policy->activity_count; b++) {
            const uint64_t both = UINT64_C(1) << a | UINT64_C(1) << b;
            const bool records = ((policy->activities[a].actions | policy->activities[b].actions) &
                                  ACTION_CONSENT_WRITE) != 0;
            const bool lives =
                bundle_lives_on_consent(policy, a) || bundle_lives_on_consent(policy, b);
            assert_int_equal(credential_records_and_lives_on_consent(policy, both),
                             records && lives);
        }
    }
    credential_request one = good_request();
    one.activities = TEXT_LITERAL("consent-capture,analytics");
    assert_int_equal(credential_check(&one, policy, NULL), VELUM_E_INVALID);
}

/* --- rows, on the writer ---------------------------------------------------------------------- */

typedef struct row_work {
    place *place;
    credential *rows;
    uint32_t count;
} row_work;

static velum_status work_with_rows(void *context, store_conn *conn)
{
    row_work *const self = context;
    const velum_gate *gate = self->place->gate;
    char token[CREDENTIAL_TOKEN_BYTES];
    credential_request one = good_request();

    one.name = TEXT_LITERAL("b");
    one.store = TEXT_LITERAL("S001");
    one.roles = TEXT_LITERAL("delivery,of-an-older-policy");
    VELUM_TRY(credential_insert(conn, gate->keys, &gate->random, &one, token));
    assert_int_equal(credential_insert(conn, gate->keys, &gate->random, &one, token),
                     VELUM_E_EXISTS);
    one.name = TEXT_LITERAL("c");
    one.has_uid = true;
    one.uid = 4000000;
    VELUM_TRY(credential_insert(conn, gate->keys, &gate->random, &one, token));
    one.name = TEXT_LITERAL("d");
    assert_int_equal(credential_insert(conn, gate->keys, &gate->random, &one, token),
                     VELUM_E_EXISTS);
    VELUM_TRY(credential_revoke(conn, TEXT_LITERAL("b"), 5));
    VELUM_TRY(credential_revoke(conn, TEXT_LITERAL("b"), 9));
    assert_int_equal(credential_revoke(conn, TEXT_LITERAL("d"), 9), VELUM_E_NOTFOUND);
    return credential_load_all(conn, gate->keys, self->place->gate->world->bundle, &self->rows,
                               &self->count);
}

static void rows_come_back(void **state)
{
    place *const self = *state;
    row_work work = {.place = self};

    assert_int_equal(writer_run(&self->gate->writer, work_with_rows, &work), VELUM_OK);
    assert_int_equal(work.count, 3); /* the officer too */
    assert_string_equal(work.rows[0].name, "b");
    assert_int_equal(work.rows[0].revoked_ns, 5);
    assert_true(work.rows[0].store == attribute_value_hash(TEXT_LITERAL("S001")));
    assert_int_equal(__builtin_popcount(work.rows[0].roles), 1);
    assert_false(work.rows[0].has_uid);
    assert_int_equal(work.rows[1].uid, 4000000);
    assert_int_equal(work.rows[1].revoked_ns, 0);
    assert_memory_not_equal(work.rows[0].token_hash, work.rows[1].token_hash, 32);
    assert_memory_not_equal(work.rows[0].actor_token, work.rows[1].actor_token, 16);
    mem_free(work.rows);
}

/* --- tokens ----------------------------------------------------------------------------------- */

static int32_t status_with(place *self, const char *token, size_t size)
{
    const question asked = {.verb = VELUM_VERB_ME_READ};
    velum_request request = request_of(&asked);
    velum_answer *answer = NULL;

    request.auth = VELUM_AUTH_TOKEN;
    request.credential = (velum_string){token, size};
    assert_int_equal(velum_gate_call(self->gate, &request, &answer, NULL), VELUM_OK);
    const int32_t status = velum_answer_status(answer);
    velum_answer_free(answer);
    return status;
}

/* Every bit of the token counts, and so does its length. */
static void a_forged_token_is_nobodys(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    char copy[CREDENTIAL_TOKEN_BYTES + 2] = "";
    const size_t size = strlen(shop);

    assert_int_equal(status_with(self, shop, size), 403); /* known: a verb of customers only */
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, shop, size);
            copy[i] = (char)(copy[i] ^ 1 << bit);
            assert_int_equal(status_with(self, copy, size), 401);
        }
        assert_int_equal(status_with(self, shop, i), 401);
    }
    memcpy(copy, shop, size);
    copy[size] = 'A';
    assert_int_equal(status_with(self, copy, size + 1), 401);
}

static void a_customers_token_is_sealed(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const me = customer_of(self, ref);
    const size_t size = strlen(me);
    char copy[CUSTOMER_TOKEN_BYTES + 2] = "";

    assert_int_equal(status_with(self, me, size), 200);
    for (size_t i = 0; i < size; i++) {
        memcpy(copy, me, size);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        assert_int_equal(status_with(self, copy, size), 401);
        assert_int_equal(status_with(self, me, i), 401);
    }
    memcpy(copy, me, size);
    copy[size] = 'A';
    assert_int_equal(status_with(self, copy, size + 1), 401);
}

static void a_customers_token_names_one_subject_and_an_end(void **state)
{
    place *const self = *state;
    const velum_gate *gate = self->gate;
    subject_id one = {{1}};
    subject_id found = {{0}};
    int64_t expires = 0;
    char token[CUSTOMER_TOKEN_BYTES];
    char again[CUSTOMER_TOKEN_BYTES];

    assert_int_equal(customer_token_make(gate->keys, &gate->random, &one, 12345, token), VELUM_OK);
    assert_int_equal(customer_token_make(gate->keys, &gate->random, &one, 12345, again), VELUM_OK);
    assert_string_not_equal(token, again);
    assert_true(customer_token_is_one(text_of(token)));
    assert_int_equal(customer_token_open(gate->keys, text_of(token), &found, &expires), VELUM_OK);
    assert_memory_equal(&found, &one, sizeof one);
    assert_int_equal(expires, 12345);
    assert_int_equal(customer_token_make(gate->keys, &gate->random, &one, INT64_MAX, token),
                     VELUM_OK);
    assert_int_equal(status_with(self, token, strlen(token)), 404); /* of nobody here */
    assert_int_equal(customer_token_make(gate->keys, &gate->random, &one, 1, token), VELUM_OK);
    assert_int_equal(status_with(self, token, strlen(token)), 401);
    uint8_t hash[32];
    assert_int_equal(credential_token_hash(gate->keys, text_of(token), hash),
                     VELUM_E_UNAUTHENTICATED);
}

/* A token of another folder is nobody's here. */
static void another_folders_tokens_do_not_serve(void **state)
{
    place *const self = *state;
    void *second = NULL;

    assert_int_equal(place_set_up(&second), 0);
    place *const other = second;
    const char *const shop = shop_token(other);
    const char *const ref = person(other, shop, "13800000001", full_profile);
    const char *const me = customer_of(other, ref);
    assert_int_equal(status_with(self, shop, strlen(shop)), 401);
    assert_int_equal(status_with(self, me, strlen(me)), 401);
    assert_int_equal(status_with(other, me, strlen(me)), 200);
    place_tear_down(&second);
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_plain),
        cmocka_unit_test(a_request_is_checked_by_the_policy),
        cmocka_unit_test(recording_and_living_do_not_meet),
        WITH_PLACE(rows_come_back),
        WITH_PLACE(a_forged_token_is_nobodys),
        WITH_PLACE(a_customers_token_is_sealed),
        WITH_PLACE(a_customers_token_names_one_subject_and_an_end),
        WITH_PLACE(another_folders_tokens_do_not_serve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
