/* What an officer can ask the log: every filter, alone and together, and pages of it. */
#include "tests/core/support.h"

#include <stdio.h>
#include <string.h>

#include "core/verbs.h"

#define HOUR_NS (3600 * NS_PER_SECOND)

static const reply *asked(place *self, const char *ref, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_AUDIT_LOG, .ref = ref, .body = body});
}

static const reply *found(place *self, const char *body)
{
    return assert_done(asked(self, NULL, body));
}

static size_t count_of(const reply *answer)
{
    return json_count(value_at(answer, "entries"));
}

/* All entries have that text in a member, or in the list of it. */
static void assert_all(place *self, const reply *answer, const char *member, const char *expected)
{
    assert_true(count_of(answer) > 0);
    for (size_t i = 0; i < count_of(answer); i++) {
        const char *const path = text_f(self, "entries/%zu/%s", i, member);
        if (strcmp(text_at(answer, path), expected) != 0 && !list_has(answer, path, expected)) {
            fail_msg("%s of entry %zu is not %s: %s", member, i, expected, answer->body);
        }
    }
}

static const char *read_by(place *self, const char *token, const char *ref, const char *fields)
{
    const reply *answer =
        ask(self, (question){VELUM_VERB_READ, token, .ref = ref, .fields = fields});

    return answer->problem;
}

typedef struct scene {
    const char *shop;
    const char *care;
    const char *guide;
    const char *ref;
} scene;

/* A shop, a call centre, a guide of the store S001, and one customer whom all of them read. */
static scene play(place *self)
{
    scene made = {.shop = shop_token(self), .care = care_token(self)};

    made.guide =
        token_of(self, (holder){"guide", NULL, "store_guide", "customer-care", "shop", "S001"});
    made.ref = person(self, made.shop, "13800000001", full_profile);
    read_by(self, made.shop, made.ref, "mobile,address");
    read_by(self, made.care, made.ref, "mobile,name");
    read_by(self, made.guide, made.ref, "mobile,name");
    assert_string_equal(read_by(self, made.care, made.ref, "id_card"), "no-field-allowed");
    return made;
}

static void each_filter_alone(void **state)
{
    static const struct {
        const char *body;
        size_t count;
        const char *member;
        const char *expected;
    } rows[] = {
        {"{\"actor\":\"care\"}", 2, "actor", "care"},
        {"{\"activity\":\"customer-care\"}", 3, "activity", "customer-care"},
        {"{\"purpose\":\"order-fulfilment\"}", 2, "purpose", "order-fulfilment"},
        {"{\"field\":\"address\",\"type\":\"read\"}", 1, "released", "address"},
        {"{\"field\":\"id_card\",\"type\":\"read\"}", 1, "asked", "id_card"},
        {"{\"decision\":\"partial\"}", 2, "decision", "partial"},
        {"{\"decision\":\"deny\"}", 1, "decision", "deny"},
        {"{\"denied\":true}", 1, "decision", "deny"},
        {"{\"reason\":\"no-field-allowed\"}", 1, "reason", "no-field-allowed"},
        {"{\"store\":\"S001\"}", 1, "actor", "guide"},
        {"{\"type\":\"read\"}", 4, "type", "read"},
        {"{\"type\":\"read\",\"actor\":\"care\",\"decision\":\"partial\"}", 1, "actor", "care"},
    };
    place *const self = *state;

    play(self);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const reply *answer = found(self, rows[i].body);
        if (count_of(answer) != rows[i].count) {
            fail_msg("%s: %zu: %s", rows[i].body, count_of(answer), answer->body);
        }
        assert_all(self, answer, rows[i].member, rows[i].expected);
    }
}

static void actors_that_are_no_credentials(void **state)
{
    place *const self = *state;
    const scene scene = play(self);
    const char *const me = customer_of(self, scene.ref);

    assert_done(ask(self, (question){VELUM_VERB_ME_READ, me, .activity = "self-service"}));
    const reply *customers = found(self, "{\"actor\":\"customer\"}");
    assert_int_equal(count_of(customers), 1);
    assert_text_at(customers, "entries/0/activity", "self-service");
    assert_all(self, found(self, "{\"actor\":\"velum\"}"), "actor", "velum");
}

/* A slip in the question must not look like "nothing was done". */
static void unknown_names_are_refused(void **state)
{
    static const struct {
        const char *body;
        int32_t status;
        const char *problem;
        const char *hint;
    } rows[] = {
        {"{\"actor\":\"nobody-13800000001\"}", 422, "invalid-value", "no credential of that name"},
        {"{\"activity\":\"canary\"}", 422, "invalid-value", "no such activity"},
        {"{\"purpose\":\"canary\"}", 422, "invalid-value", "no such purpose"},
        {"{\"field\":\"canary\"}", 422, "invalid-value", "no such field"},
        {"{\"reason\":\"canary\"}", 422, "invalid-value", "no such reason"},
        {"{\"type\":\"canary\"}", 422, "invalid-value", "no such type"},
        {"{\"decision\":\"canary\"}", 422, "invalid-value", "allow, partial or deny"},
        {"{\"store\":\"canary\"}", 422, "invalid-value", "such a store"},
        {"{\"since\":\"canary\"}", 422, "invalid-value", "RFC 3339"},
        {"{\"until\":\"2026-03-01\"}", 422, "invalid-value", "RFC 3339"},
        {"{\"denied\":true,\"decision\":\"allow\"}", 422, "invalid-value", "contradicts"},
        {"{\"denied\":1}", 400, "malformed-request", ""},
        {"{\"shadow\":\"yes\"}", 400, "malformed-request", ""},
        {"{\"actor\":7}", 400, "malformed-request", ""},
        {"{\"from\":-1}", 400, "malformed-request", ""},
        {"{\"canary\":1}", 400, "malformed-request", ""},
    };
    place *const self = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const reply *answer = asked(self, NULL, rows[i].body);
        assert_refused(answer, rows[i].status, rows[i].problem);
        assert_non_null(strstr(answer->body, rows[i].hint));
        assert_null(strstr(answer->body, "canary")); /* I-5 */
        assert_null(strstr(answer->body, "13800000001"));
    }
}

static void a_span_of_time(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    for (int hour = 1; hour <= 4; hour++) {
        place_set_clock(self, PLACE_EPOCH_NS + hour * HOUR_NS);
        read_by(self, shop, ref, "city");
    }
    const reply *answer = found(self, "{\"type\":\"read\",\"since\":\"2026-11-21T14:00:00Z\","
                                      "\"until\":\"2026-11-21T16:00:00Z\"}");
    assert_int_equal(count_of(answer), 2); /* since is inclusive, until is not */
    assert_text_at(answer, "entries/0/at", "2026-11-21T14:00:00.000Z");
    assert_text_at(answer, "entries/1/at", "2026-11-21T15:00:00.000Z");
    const reply *none = found(self, "{\"type\":\"read\",\"since\":\"2027-01-01T00:00:00+08:00\"}");
    assert_int_equal(count_of(none), 0);
}

/* Where an officer accepted a clock that had stepped back, times are no order: nothing is skipped. */
static void a_span_behind_an_accepted_clock(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const ref = person(self, shop, "13800000001", full_profile);

    place_set_clock(self, PLACE_EPOCH_NS + 40 * DAY_NS); /* wrong */
    read_by(self, shop, ref, "city");
    place_set_clock(self, PLACE_EPOCH_NS + HOUR_NS);
    assert_done(ask(self, (question){.verb = VELUM_VERB_CLOCK_ACCEPT}));
    read_by(self, shop, ref, "city");
    const reply *late = found(self, "{\"type\":\"read\",\"since\":\"2026-12-20T00:00:00Z\"}");
    assert_int_equal(count_of(late), 1);
    const reply *early = found(self, "{\"type\":\"read\",\"until\":\"2026-12-20T00:00:00Z\"}");
    assert_int_equal(count_of(early), 1);
}

static void pages_hold_together(void **state)
{
    place *const self = *state;
    const scene scene = play(self);
    uint64_t from = 0;
    size_t total = 0;

    for (int i = 0; i < 20; i++) {
        read_by(self, scene.shop, scene.ref, "city");
    }
    for (int page = 0; page < 50; page++) {
        const reply *answer =
            found(self, text_f(self, "{\"type\":\"read\",\"limit\":3,\"from\":%llu}",
                               (unsigned long long)from));
        assert_true(count_of(answer) <= 3);
        total += count_of(answer);
        if (value_at(answer, "next") == NULL) {
            break;
        }
        assert_true((uint64_t)integer_at(answer, "next") > from);
        from = (uint64_t)integer_at(answer, "next");
    }
    assert_int_equal(total, 24);
}

/* The verb says how far it looked, whatever it found. */
static void what_was_looked_at_is_counted(void **state)
{
    place *const self = *state;
    const uint64_t size = log_size(self);
    const reply *answer = found(self, "{\"type\":\"genesis\"}");

    assert_int_equal(count_of(answer), 1);
    assert_int_equal(integer_at(answer, "scanned"), size);
    assert_null(value_at(answer, "next"));
}

static void of_one_customer(void **state)
{
    place *const self = *state;
    const scene scene = play(self);
    const char *const other = person(self, scene.shop, "13800000002", full_profile);

    read_by(self, scene.shop, other, "mobile");
    const reply *answer =
        asked(self, text_f(self, "shop:%s", scene.ref), "{\"field\":\"mobile\",\"type\":\"read\"}");
    assert_int_equal(count_of(assert_done(answer)), 3);
    assert_refused(asked(self, "shop:00000000000000000000000000", "{}"), 400, "malformed-request");
}

int main(void)
{
#define WITH_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
#define WITH_CLOCK(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
    const struct CMUnitTest tests[] = {
        WITH_PLACE(each_filter_alone),
        WITH_PLACE(actors_that_are_no_credentials),
        WITH_PLACE(unknown_names_are_refused),
        WITH_CLOCK(a_span_of_time),
        WITH_CLOCK(a_span_behind_an_accepted_clock),
        WITH_PLACE(pages_hold_together),
        WITH_PLACE(what_was_looked_at_is_counted),
        WITH_PLACE(of_one_customer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
