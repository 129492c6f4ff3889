/* tests/core/test_rows.c: rows of modules' tables through the gate: put, read, refused, hidden. */
#include "tests/core/support.h"

#include <string.h>

#include "core/verbs.h"

#define CANARY "CANARY-7f3a"

static const char one_order[] =
    "{\"table\":\"orders\",\"key\":\"A-1\",\"fields\":{\"ordered_at\":\"2026-11-20T10:00:00+08:00\","
    "\"store\":\"" CANARY "\",\"region\":\"苏南\",\"amount\":12900,\"currency\":null},"
    "\"rows\":{\"order_lines\":[{\"key\":\"1\",\"fields\":{\"product\":\"茶\",\"quantity\":2,"
    "\"amount\":12900}},{\"key\":\"2\",\"fields\":{\"product\":\"杯\",\"quantity\":\"1\"}}]}}";

static const char *capture_token(place *self)
{
    return token_of(self, (holder){"capture", NULL, "crm_module", "order-capture", "crm", NULL});
}

static const char *anybody(place *self, const char *mobile)
{
    return person(self, shop_token(self), mobile, full_profile);
}

/* The customer's pseudonym in the module's domain. */
static const char *crm_ref(place *self, const char *token, const char *mobile)
{
    const reply *const found =
        assert_done(ask(self, (question){VELUM_VERB_LOOKUP, token,
                                         .body = text_f(self,
                                                        "{\"identifier\":{\"type\":\"mobile\","
                                                        "\"value\":\"%s\"}}",
                                                        mobile)}));
    return text_at(found, "subject");
}

typedef struct scene {
    const char *token;
    const char *ref;
} scene;

static scene begin(place *self)
{
    scene out = {.token = capture_token(self)};

    anybody(self, "13900000001");
    out.ref = crm_ref(self, out.token, "13900000001");
    return out;
}

static const reply *put(place *self, const scene *at, const char *body)
{
    return ask(self, (question){VELUM_VERB_ROW_PUT, at->token, .ref = at->ref, .body = body});
}

static const reply *read_rows(place *self, const scene *at, const char *body)
{
    return ask(self, (question){VELUM_VERB_ROW_READ, at->token, .ref = at->ref, .body = body});
}

__attribute__((unused)) static const char *order(place *self, const char *key, int amount)
{
    return text_f(self,
                  "{\"table\":\"orders\",\"key\":\"%s\",\"fields\":{\"ordered_at\":"
                  "\"2026-11-20T10:00:00Z\",\"amount\":%d}}",
                  key, amount);
}

/* --- put and read ------------------------------------------------------------------------------- */

static void what_is_put_is_read(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    audit_entry entry;

    const reply *done = assert_done(put(self, &at, one_order));
    assert_text_at(done, "result", "new");
    assert_int_equal(integer_at(done, "rows"), 3);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_ROWS);
    assert_int_equal(entry.record_count, 3);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_NEW);
    assert_int_not_equal(entry.resource, 0);
    assert_int_equal(entry.asked_count, 7);

    done = assert_done(read_rows(self, &at, "{\"table\":\"orders\"}"));
    assert_text_at(done, "rows/0/key", "A-1");
    assert_text_at(done, "rows/0/fields/ordered_at", "2026-11-20T02:00:00Z");
    assert_text_at(done, "rows/0/at", "2026-11-20T02:00:00.000Z");
    assert_int_equal(integer_at(done, "rows/0/fields/amount"), 12900);
    assert_null(value_at(done, "rows/0/fields/currency"));
    assert_text_at(done, "rows/0/rows/order_lines/0/key", "A-1/1");
    assert_int_equal(integer_at(done, "rows/0/rows/order_lines/1/fields/quantity"), 1);
    assert_null(value_at(done, "next"));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_ROWS_READ);
    assert_int_equal(entry.record_count, 3);
    assert_int_equal(entry.asked_count, 10);
    assert_int_equal(entry.released_count, 7);
    assert_log_sound(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_is_read, place_set_up_clock, place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
