/* A rotated credential: two tokens for a while, then one; every end is judged and recorded. */
#include "tests/core/support.h"

#include <string.h>

#include "core/verbs.h"

#define HOUR_NS (3600 * NS_PER_SECOND)

static const reply *rotate(place *self, const char *body)
{
    return ask(self, (question){VELUM_VERB_CREDENTIAL_ROTATE, .body = body});
}

static const char *new_token(place *self, const char *body)
{
    return text_f(self, "%s", text_at(assert_done(rotate(self, body)), "token"));
}

static const reply *use(place *self, const char *token)
{
    return ask(self, (question){VELUM_VERB_LOOKUP, token,
                                .body = "{\"identifier\":{\"type\":\"mobile\","
                                        "\"value\":\"13800000001\"}}"});
}

static void both_serve_until_the_overlap_ends(void **state)
{
    place *const self = *state;
    const char *const old = shop_token(self);
    audit_entry entry;

    person(self, old, "13800000001", full_profile);
    const reply *answer = assert_done(rotate(self, "{\"name\":\"shop\",\"overlap_hours\":2}"));
    const char *const token = text_f(self, "%s", text_at(answer, "token"));
    assert_text_at(answer, "old_until", "2026-11-21T14:00:00.000Z");
    assert_string_not_equal(old, token);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_CREDENTIAL);
    assert_int_equal(input_of(&entry, INPUT_OPERATION), OPERATION_ROTATE);
    assert_int_equal(input_of(&entry, INPUT_DUE), (PLACE_EPOCH_NS + 2 * HOUR_NS) / NS_PER_SECOND);
    assert_done(use(self, old));
    assert_done(use(self, token));
    place_set_clock(self, PLACE_EPOCH_NS + 2 * HOUR_NS - 1);
    assert_done(use(self, old));
    place_set_clock(self, PLACE_EPOCH_NS + 2 * HOUR_NS);
    assert_refused(use(self, old), 401, "credential-expired");
    log_last_denial(self, &entry);
    assert_int_equal(entry.decision, ENTRY_DENY);
    assert_string_equal(reason_of(self, &entry), "credential-expired");
    assert_done(use(self, token));
    place_reopen(self); /* and so it is after a start */
    assert_done(use(self, token));
    assert_refused(use(self, old), 401, "credential-expired");
    assert_log_sound(self);
}

/* A clock set back revives nothing (I-3). */
static void an_end_stays_an_end(void **state)
{
    place *const self = *state;
    const char *const old = shop_token(self);
    const char *const token = new_token(self, "{\"name\":\"shop\",\"overlap_hours\":1}");

    person(self, old, "13800000001", full_profile);
    place_set_clock(self, PLACE_EPOCH_NS + HOUR_NS);
    assert_done(use(self, token));
    place_set_clock(self, PLACE_EPOCH_NS);
    assert_refused(use(self, old), 401, "credential-expired");
}

static void rotating_again_drops_the_oldest(void **state)
{
    place *const self = *state;
    const char *const first = shop_token(self);

    person(self, first, "13800000001", full_profile);
    const char *const second = new_token(self, "{\"name\":\"shop\"}");
    const char *const third = new_token(self, "{\"name\":\"shop\",\"overlap_hours\":168}");
    assert_refused(use(self, first), 401, "unauthenticated");
    assert_done(use(self, second));
    assert_done(use(self, third));
}

static void without_overlap_the_old_one_ends_at_once(void **state)
{
    place *const self = *state;
    const char *const old = shop_token(self);

    person(self, old, "13800000001", full_profile);
    const char *const token = new_token(self, "{\"name\":\"shop\",\"overlap_hours\":0}");
    assert_refused(use(self, old), 401, "credential-expired");
    assert_done(use(self, token));
}

static void revoking_ends_both(void **state)
{
    place *const self = *state;
    const char *const old = shop_token(self);

    person(self, old, "13800000001", full_profile);
    const char *const token = new_token(self, "{\"name\":\"shop\"}");
    assert_done(ask(self, (question){VELUM_VERB_CREDENTIAL_REVOKE, .body = "{\"name\":\"shop\"}"}));
    assert_refused(use(self, old), 401, "credential-revoked");
    forget_refusals(self);
    assert_refused(use(self, token), 401, "credential-revoked");
    assert_refused(rotate(self, "{\"name\":\"shop\"}"), 409, "conflict");
}

static void the_list_says_until_when(void **state)
{
    place *const self = *state;
    const question list = {.verb = VELUM_VERB_CREDENTIAL_LIST};

    shop_token(self);
    new_token(self, "{\"name\":\"shop\"}");
    const reply *answer = assert_done(ask(self, list));
    assert_non_null(strstr(answer->body, "\"old_until\":\"2026-11-22T12:00:00.000Z\""));
    place_set_clock(self, PLACE_EPOCH_NS + DAY_NS);
    assert_null(strstr(assert_done(ask(self, list))->body, "old_until"));
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *body;
        int32_t status;
        const char *problem;
    } rows[] = {
        {"{\"name\":\"nobody\"}", 422, "invalid-value"},
        {"{\"name\":\"shop\",\"overlap_hours\":169}", 422, "invalid-value"},
        {"{\"name\":\"shop\",\"overlap_hours\":-1}", 422, "invalid-value"},
        {"{\"name\":\"shop\",\"overlap_hours\":\"1\"}", 400, "malformed-request"},
        {"{\"name\":\"shop\",\"overlap\":1}", 400, "malformed-request"},
        {"{}", 400, "malformed-request"},
    };
    place *const self = *state;
    const char *const old = shop_token(self);

    person(self, old, "13800000001", full_profile);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        forget_refusals(self);
        assert_refused(rotate(self, rows[i].body), rows[i].status, rows[i].problem);
    }
    assert_done(use(self, old));
    assert_refused(
        ask(self, (question){VELUM_VERB_CREDENTIAL_ROTATE, old, .body = "{\"name\":\"shop\"}"}),
        403, "activity-not-registered");
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(both_serve_until_the_overlap_ends),
        WITH_PLACE(an_end_stays_an_end),
        WITH_PLACE(rotating_again_drops_the_oldest),
        WITH_PLACE(without_overlap_the_old_one_ends_at_once),
        WITH_PLACE(revoking_ends_both),
        WITH_PLACE(the_list_says_until_when),
        WITH_PLACE(what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
