/* Whoever was erased does not come back with last night's file, and does by their own doing (I-6). */
#include "tests/core/erasure_support.h"

#include "core/verbs.h"

#define ROW                                                                                               \
    "{\"source\":\"crm\",\"rows\":[{\"line\":2,\"identifiers\":[{\"type\":\"mobile\",\"value\":\"" MOBILE \
    "\"}],\"profile\":{\"name\":\"王小明\",\"city\":\"常州\"}}]}"
#define SIGN_UP                                                                                     \
    "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"" MOBILE "\"}],\"profile\":{\"name\":\"王" \
    "小明\"},\"sign_up\":true}"
#define COMES                                                                                       \
    "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"" MOBILE "\"}],\"profile\":{\"name\":\"王" \
    "小明\"}}"

static const reply *import_again(place *self)
{
    return assert_done(ask(self, (question){VELUM_VERB_IMPORT, .body = ROW}));
}

static const reply *upsert(place *self, const char *shop, const char *body)
{
    return ask(self, (question){VELUM_VERB_UPSERT, shop, .body = body});
}

static int64_t live(place *self)
{
    return sql_count(self, "SELECT count(*) FROM blind_index");
}

/* Outside it is one 404; the log says why. */
static void assert_objected(place *self, const char *marketing, const char *ref)
{
    audit_entry entry;

    assert_refused(ask(self, (question){VELUM_VERB_READ, marketing, .ref = ref}), 404, "not-found");
    log_sync(self);
    log_last_denial(self, &entry);
    assert_string_equal(reason_of(self, &entry), "marketing-objection");
}

/* PIPL 47, GDPR 17; I-6 */
static void last_nights_file_brings_nobody_back(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);

    assert_text_at(import_again(self), "rows/0/result", "new");
    assert_done(erase(self, text_at(assert_done(upsert(self, shop, COMES)), "subject"), "{}"));
    for (uint32_t i = 0; i < 2; i++) {
        const reply *again = import_again(self);
        assert_text_at(again, "rows/0/result", "rejected");
        assert_text_at(again, "rows/0/reason", "suppressed");
        assert_int_equal(live(self), 0);
        place_reopen(self); /* it is no memory of this run */
    }
    assert_log_sound(self);
}

static void an_upsert_brings_nobody_back(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);

    assert_done(erase(self, person(self, shop, MOBILE, full_profile), "{}"));
    assert_refused(upsert(self, shop, COMES), 409, "suppressed");
    assert_int_equal(live(self), 0);
}

static void a_sign_up_is_a_new_beginning(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const old = person(self, shop, MOBILE, full_profile);
    audit_entry entry;

    assert_done(erase(self, old, "{}"));
    place_reopen(self);
    const reply *back = assert_done(upsert(self, shop, SIGN_UP));
    assert_string_not_equal(text_at(back, "subject"), old);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_SIGN_UP), 1);
    assert_text_at(import_again(self), "rows/0/result", "changed"); /* no longer suppressed */
    assert_refused(ask(self, (question){VELUM_VERB_READ, shop, .ref = old}), 410, "subject-erased");
}

static void only_a_system_under_a_contract_signs_up(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const clerk =
        token_of(self, (holder){"clerk", "human", "delivery", "order-fulfilment", "shop", NULL});

    assert_refused(upsert(self, clerk, SIGN_UP), 403, "action-not-allowed");
    assert_refused(upsert(self, shop,
                          "{\"identifiers\":[{\"type\":\"mobile\",\"value\":\"" MOBILE
                          "\"}],\"sign_up\":1}"),
                   400, "malformed-request");
    assert_int_equal(live(self), 0);
}

/* GDPR 21(3): an objection outlives erasure and new sign-up. */
static void an_objection_to_marketing_survives(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const marketing = marketing_token(self);
    const char *const ref = person(self, shop, MOBILE, full_profile);

    consent(self, desk, ref, "direct-marketing", "given");
    assert_done(ask(self, (question){VELUM_VERB_READ, marketing, .ref = ref}));
    put_state(self, ref, 0, RESTRICTION_MARKETING);
    assert_done(erase(self, ref, "{}"));
    place_reopen(self);
    const char *const back =
        text_f(self, "%s", text_at(assert_done(upsert(self, shop, SIGN_UP)), "subject"));
    consent(self, desk, back, "direct-marketing", "given");
    assert_objected(self, marketing, back);
}

/* --- what the policy says ------------------------------------------------------------------------ */

#define ON_RETURN "on-return: accept-after-new-consent"

static void a_policy_may_take_them_in_without_marketing(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const marketing = marketing_token(self);

    change_policy(self, (const char *const[]){ON_RETURN, "on-return: accept-no-marketing", NULL});
    assert_done(erase(self, person(self, shop, MOBILE, full_profile), "{}"));
    assert_text_at(import_again(self), "rows/0/result", "new");
    const char *const back =
        text_f(self, "%s", text_at(assert_done(upsert(self, shop, COMES)), "subject"));
    consent(self, desk, back, "direct-marketing", "given");
    assert_objected(self, marketing, back);
}

static void a_policy_may_reject_them_but_for_their_own_sign_up(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);

    change_policy(self, (const char *const[]){ON_RETURN, "on-return: reject", NULL});
    assert_done(erase(self, person(self, shop, MOBILE, full_profile), "{}"));
    assert_text_at(import_again(self), "rows/0/reason", "suppressed");
    assert_done(upsert(self, shop, SIGN_UP));
}

/* --- a number that was given to somebody else ---------------------------------------------------- */

typedef struct reissued {
    velum_gate *gate;
    uint32_t scope;
} reissued;

static velum_status suppress_number(void *context, store_conn *conn)
{
    const reissued *const self = context;
    identifier number;
    const suppression entry = {.scope = self->scope, .expires_ns = INT64_MAX};

    VELUM_TRY(identifier_normalise(TEXT_LITERAL("mobile"), TEXT_LITERAL(MOBILE), &number));
    return vault_suppress(self->gate->vault, conn, &number, &entry);
}

/* "This is not me": nobody is made by it, whatever the policy, until its holder signs up. */
static void a_number_that_is_nobodys_makes_nobody(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    reissued task = {self->gate, SUPPRESS_IDENTITY};

    change_policy(self, (const char *const[]){ON_RETURN, "on-return: accept-no-marketing", NULL});
    assert_int_equal(writer_run(&self->gate->writer, suppress_number, &task), VELUM_OK);
    assert_text_at(import_again(self), "rows/0/reason", "suppressed");
    assert_done(upsert(self, shop, SIGN_UP));
    assert_text_at(import_again(self), "rows/0/result", "changed");
}

/* An objection of somebody who was never stored waits for them (GDPR 21). */
static void an_objection_waits_for_whoever_comes(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const desk = desk_token(self);
    const char *const marketing = marketing_token(self);
    reissued task = {self->gate, SUPPRESS_MARKETING};

    assert_int_equal(writer_run(&self->gate->writer, suppress_number, &task), VELUM_OK);
    const char *const ref = person(self, shop, MOBILE, full_profile);
    consent(self, desk, ref, "direct-marketing", "given");
    assert_objected(self, marketing, ref);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(last_nights_file_brings_nobody_back, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_upsert_brings_nobody_back, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_sign_up_is_a_new_beginning, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(only_a_system_under_a_contract_signs_up, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_objection_to_marketing_survives, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_policy_may_take_them_in_without_marketing, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_policy_may_reject_them_but_for_their_own_sign_up,
                                        place_set_up, place_tear_down),
        cmocka_unit_test_setup_teardown(a_number_that_is_nobodys_makes_nobody, place_set_up,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(an_objection_waits_for_whoever_comes, place_set_up,
                                        place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
