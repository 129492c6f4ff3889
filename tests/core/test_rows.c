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
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_ROW_PUT, at->token, .ref = at->ref, .body = body});
}

static const reply *read_rows(place *self, const scene *at, const char *body)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_ROW_READ, at->token, .ref = at->ref, .body = body});
}

static const char *order(place *self, const char *key, int amount)
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

static void the_same_key_is_the_same_row(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    audit_entry entry;

    assert_done(put(self, &at, one_order));
    const reply *done = assert_done(put(self, &at, one_order));
    assert_text_at(done, "result", "same");
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_RESULT), RESULT_SAME);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 3);

    /* without its lines: they stay; with others, or other values: a conflict, and nothing changes */
    assert_text_at(assert_done(put(self, &at, order(self, "B-1", 5))), "result", "new");
    assert_text_at(assert_done(put(self, &at, order(self, "B-1", 5))), "result", "same");
    assert_refused(put(self, &at, order(self, "B-1", 6)), 409, "conflict");
    assert_refused(put(self, &at,
                       "{\"table\":\"orders\",\"key\":\"B-1\",\"fields\":{\"ordered_at\":"
                       "\"2026-11-20T10:00:00Z\",\"amount\":5},\"rows\":{\"order_lines\":"
                       "[{\"key\":\"1\",\"fields\":{\"product\":\"x\"}}]}}"),
                   409, "conflict");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 4);
}

static void a_key_is_of_one_customer(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    scene other = at;

    assert_done(put(self, &at, order(self, "A", 1)));
    person(self,
           token_of(self, (holder){"shop2", NULL, "delivery", "order-fulfilment", "shop", NULL}),
           "13900000002", "{\"name\":\"乙\"}");
    other.ref = crm_ref(self, at.token, "13900000002");
    assert_refused(put(self, &other, order(self, "A", 1)), 409, "conflict");
    const reply *const done =
        assert_done(read_rows(self, &other, "{\"table\":\"orders\",\"key\":\"A\"}"));
    assert_int_equal(json_count(value_at(done, "rows")), 0);
}

typedef struct bad_row {
    const char *fields;
    int32_t status;
    const char *problem;
} bad_row;

static void bad_values_are_refused(void **state)
{
    static const bad_row rows[] = {
        {"\"amount\":1", 422, "invalid-value"}, /* ordered_at is required */
        {"\"ordered_at\":\"2026-13-01T00:00:00Z\",\"amount\":1", 422, "invalid-value"},
        {"\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":\"1.5\"", 422, "invalid-value"},
        {"\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":true", 422, "invalid-value"},
        {"\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":\"9223372036854775808\"", 422,
         "invalid-value"},
        {"\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":[1]", 422, "invalid-value"},
        {"\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":1,\"store\":7", 422, "invalid-value"},
        {"\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":1,\"" CANARY "\":1", 400,
         "unknown-field"},
    };
    place *const self = *state;
    const scene at = begin(self);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const reply *const refused =
            assert_refused(put(self, &at,
                               text_f(self, "{\"table\":\"orders\",\"key\":\"A\",\"fields\":{%s}}",
                                      rows[i].fields)),
                           rows[i].status, rows[i].problem);
        assert_null(strstr(refused->body, CANARY));
    }
    forget_refusals(self);
    const char *const much =
        text_f(self,
               "{\"table\":\"orders\",\"key\":\"A\",\"fields\":{\"ordered_at\":"
               "\"2026-11-01T00:00:00Z\",\"amount\":1,\"store\":\"%02049d\"}}",
               0);
    assert_refused(put(self, &at, much), 422, "invalid-value");
    assert_refused(put(self, &at, "{\"table\":\"orders\",\"key\":\"\"}"), 400, "malformed-request");
    assert_refused(put(self, &at, "{\"table\":\"orders\",\"key\":\"a\\u0007b\",\"fields\":{}}"),
                   422, "invalid-value");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_cell"), 0);
}

static void too_many_rows_are_refused(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    const char *lines = "{\"key\":\"0\",\"fields\":{\"product\":\"x\"}}";

    for (int i = 1; i < 200; i++) {
        lines = text_f(self, "%s,{\"key\":\"%d\",\"fields\":{\"product\":\"x\"}}", lines, i);
    }
    const char *const head = "{\"table\":\"orders\",\"key\":\"A\",\"fields\":{\"ordered_at\":"
                             "\"2026-11-01T00:00:00Z\",\"amount\":1},\"rows\":{\"order_lines\":[";
    assert_refused(put(self, &at, text_f(self, "%s%s]}}", head, lines)), 400, "malformed-request");
    const char *const rest = strstr(lines, "}},{") + 3; /* behind row 0 */
    assert_done(put(self, &at, text_f(self, "%s%s]}}", head, rest)));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 200);
    const reply *const done = assert_done(read_rows(self, &at, "{\"table\":\"orders\"}"));
    assert_int_equal(json_count(value_at(done, "rows/0/rows/order_lines")), 199);
}

static void keys_of_children_are_plain(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    const char *const head = "{\"table\":\"orders\",\"key\":\"A\",\"fields\":{\"ordered_at\":"
                             "\"2026-11-01T00:00:00Z\",\"amount\":1},\"rows\":{\"order_lines\":[";

    assert_refused(put(self, &at,
                       text_f(self,
                              "%s{\"key\":\"a/b\",\"fields\":{\"product\":"
                              "\"x\"}}]}}",
                              head)),
                   422, "invalid-value");
    assert_refused(put(self, &at,
                       text_f(self,
                              "%s{\"key\":\"a\",\"fields\":{\"product\":\"x\"}},"
                              "{\"key\":\"a\",\"fields\":{\"product\":\"x\"}}]}}",
                              head)),
                   422, "invalid-value");
    assert_refused(put(self, &at,
                       "{\"table\":\"order_lines\",\"key\":\"A/1\",\"fields\":"
                       "{\"product\":\"x\"}}"),
                   404, "unknown-resource");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM category WHERE category = 0"), 0);
}

/* --- who may ------------------------------------------------------------------------------------- */

static void only_what_an_activity_names_is_there(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    const char *const care = care_token(self);
    scene there = {.token = care};

    assert_done(put(self, &at, one_order));
    assert_refused(put(self, &at,
                       "{\"table\":\"winback_runs\",\"key\":\"A\",\"fields\":"
                       "{\"occurrence\":\"1\",\"state\":\"x\"}}"),
                   404, "unknown-resource");
    assert_refused(put(self, &at, "{\"table\":\"" CANARY "\",\"key\":\"A\"}"), 404,
                   "unknown-resource");
    there.ref =
        text_at(assert_done(ask(self, (question){VELUM_VERB_LOOKUP, care,
                                                 .body = "{\"identifier\":{\"type\":\"mobile\","
                                                         "\"value\":\"13900000001\"}}"})),
                "subject");
    assert_refused(put(self, &there, order(self, "B", 1)), 403, "action-not-allowed");
    assert_done(read_rows(self, &there, "{\"table\":\"orders\"}"));
}

static void cells_are_masked_and_hidden(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    const char *const changes[] = {
        "clear: [name, city, member_level, orders.*, order_lines.*]\\n    mask: [mobile",
        "clear: [name, city, member_level, orders.amount]\\n    mask: [orders.store, mobile", NULL};
    audit_entry entry;

    assert_done(put(self, &at, one_order));
    change_policy(self, changes);
    scene there = {.token = care_token(self)};
    there.ref =
        text_at(assert_done(ask(self, (question){VELUM_VERB_LOOKUP, there.token,
                                                 .body = "{\"identifier\":{\"type\":\"mobile\","
                                                         "\"value\":\"13900000001\"}}"})),
                "subject");
    const reply *const done = assert_done(read_rows(self, &there, "{\"table\":\"orders\"}"));
    assert_int_equal(integer_at(done, "rows/0/fields/amount"), 12900);
    assert_text_at(done, "rows/0/fields/store", "***********");
    assert_null(value_at(done, "rows/0/fields/region"));
    assert_null(value_at(done, "rows/0/rows")); /* nothing of the lines is shown */
    assert_true(list_has(done, "masked", "store"));
    assert_true(list_has(done, "hidden", "region"));
    assert_null(strstr(done->body, CANARY));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.decision, ENTRY_PARTIAL);
    assert_int_equal(entry.released_count, 2);
    assert_int_equal(entry.mask_count, 1);
    assert_int_equal(entry.record_count, 1);
}

/* --- pages, scans -------------------------------------------------------------------------------- */

static void pages_go_on(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    const char *from = "";
    int seen = 0;

    for (int i = 0; i < 7; i++) {
        assert_done(put(self, &at, order(self, text_f(self, "K%d", i), i)));
    }
    do {
        const reply *const page = assert_done(read_rows(
            self, &at,
            text_f(self, "{\"table\":\"orders\",\"limit\":3%s%s%s}",
                   from[0] == '\0' ? "" : ",\"from\":\"", from, from[0] == '\0' ? "" : "\"")));
        for (size_t i = 0; i < json_count(value_at(page, "rows")); i++) {
            assert_text_at(page, text_f(self, "rows/%zu/key", i), text_f(self, "K%d", seen++));
        }
        from = text_f(self, "%s", text_at(page, "next"));
    } while (from[0] != '\0');
    assert_int_equal(seen, 7);
    assert_refused(read_rows(self, &at, "{\"table\":\"orders\",\"from\":\"AAAA\"}"), 400,
                   "malformed-request");
    assert_refused(read_rows(self, &at, "{\"table\":\"orders\",\"limit\":201}"), 400,
                   "malformed-request");
}

static const char *order_with_notes(place *self, const char *key, int notes)
{
    const char *list = "";

    for (int i = 0; i < notes; i++) {
        list = text_f(self, "%s%s{\"key\":\"%d\",\"fields\":{\"note\":\"x\"}}", list,
                      i == 0 ? "" : ",", i);
    }
    return text_f(self,
                  "{\"table\":\"orders\",\"key\":\"%s\",\"fields\":{\"ordered_at\":"
                  "\"2026-11-20T10:00:00Z\",\"amount\":1},\"rows\":{\"order_notes\":[%s]}}",
                  key, list);
}

/* A page ends by what is shown on it: what hangs on a row in a table that is hidden tells nothing. */
static void hidden_children_end_no_page(void **state)
{
    place *const self = *state;
    const char *const changes[] = {
        "  order_lines:\\n    title: {zh: 订单明细",
        "  order_notes:\\n    title: {zh: 备注, en: Notes}\\n    of: orders\\n"
        "    on-erasure: erase\\n    fields:\\n"
        "      note: {title: {zh: 备注, en: Note}, class: personal, mask: all}\\n"
        "  order_lines:\\n    title: {zh: 订单明细",
        "actions: [lookup, rows-write, rows-read]\\n    actors: [service, human]\\n"
        "    resources: {orders: all, order_lines: all}",
        "actions: [lookup, rows-write, rows-read]\\n    actors: [service, human]\\n"
        "    resources: {orders: all, order_lines: all, order_notes: all}",
        "clear: [orders.*, order_lines.*, winback_runs.*]",
        "clear: [orders.*, order_lines.*, order_notes.*, winback_runs.*]",
        NULL};

    change_policy(self, changes);
    const scene at = begin(self);
    scene there = {.token = care_token(self)};
    there.ref = crm_ref(self, there.token, "13900000001");
    assert_done(put(self, &at, order_with_notes(self, "A", 120)));
    assert_done(put(self, &at, order_with_notes(self, "B", 199)));
    const reply *const own = assert_done(read_rows(self, &at, "{\"table\":\"orders\"}"));
    assert_int_equal(json_count(value_at(own, "rows")), 1);
    assert_int_equal(json_count(value_at(own, "rows/0/rows/order_notes")), 120);
    const reply *const care = assert_done(read_rows(self, &there, "{\"table\":\"orders\"}"));
    assert_int_equal(json_count(value_at(care, "rows")), 2);
    assert_null(value_at(care, "rows/0/rows/order_notes"));
    assert_string_equal(text_at(care, "next"), "");
}

static const reply *scan(place *self, const scene *at, const char *rest)
{
    forget_refusals(self);
    return ask(self, (question){VELUM_VERB_ROW_SCAN, at->token,
                                .body = text_f(self, "{\"table\":\"orders\"%s}", rest)});
}

static void a_scan_finds_by_range(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    audit_entry entry;

    for (int i = 1; i <= 5; i++) {
        assert_done(put(self, &at,
                        text_f(self,
                               "{\"table\":\"orders\",\"key\":\"K%d\",\"fields\":{\"ordered_at\":"
                               "\"2026-11-0%dT00:00:00Z\",\"amount\":1,\"store\":\"S%d\"}}",
                               i, i, i % 2)));
    }
    const reply *done =
        assert_done(scan(self, &at,
                         ",\"field\":\"ordered_at\",\"min\":\"2026-11-02T08:00:00+08:00\","
                         "\"max\":\"2026-11-04T00:00:00Z\",\"limit\":2"));
    assert_int_equal(json_count(value_at(done, "rows")), 2);
    assert_text_at(done, "rows/0/key", "K2");
    assert_text_at(done, "rows/0/subject", at.ref);
    const char *const next = text_f(self, "%s", text_at(done, "next"));
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_ROWS_READ);
    assert_int_equal(entry.subject_count, 1);
    assert_int_equal(entry.record_count, 2);
    done = assert_done(scan(self, &at,
                            text_f(self,
                                   ",\"field\":\"ordered_at\",\"min\":\"2026-11-02T00:00:00Z\","
                                   "\"max\":\"2026-11-04T00:00:00Z\",\"from\":\"%s\"",
                                   next)));
    assert_int_equal(json_count(value_at(done, "rows")), 1);
    assert_text_at(done, "rows/0/key", "K4");

    done = assert_done(scan(self, &at, ",\"field\":\"store\",\"min\":\"S1\",\"max\":\"S1\""));
    assert_int_equal(json_count(value_at(done, "rows")), 3);
    assert_refused(scan(self, &at, ",\"field\":\"store\",\"min\":\"S0\",\"max\":\"S1\""), 422,
                   "invalid-value");
    assert_refused(scan(self, &at, ",\"field\":\"amount\""), 422, "invalid-value");
    assert_log_sound(self);
}

/* An activity that lives on a consent: who did not give it is not told of, in no way. */
static void a_scan_decides_on_everybody(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    const char *const winback =
        token_of(self, (holder){"winback", NULL, "crm_module", "winback", "crm", NULL});
    const scene module = {.token = winback};
    audit_entry entry;

    assert_done(put(self, &at, order(self, "A", 1)));
    const reply *done = assert_done(scan(self, &module, ",\"field\":\"ordered_at\""));
    assert_int_equal(json_count(value_at(done, "rows")), 0);
    assert_int_equal(json_count(value_at(done, "refused")), 0);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(input_of(&entry, INPUT_REFUSED), 1); /* the log knows */
    const char *const care = care_token(self);
    const char *const shop_ref =
        text_at(assert_done(ask(self, (question){VELUM_VERB_LOOKUP, care,
                                                 .body = "{\"identifier\":{\"type\":\"mobile\","
                                                         "\"value\":\"13900000001\"}}"})),
                "subject");
    consent(self, desk_token(self), shop_ref, "direct-marketing", "given");
    done = assert_done(scan(self, &module, ",\"field\":\"ordered_at\""));
    assert_int_equal(json_count(value_at(done, "rows")), 1);
    assert_null(value_at(done, "rows/0/fields/amount")); /* not of the activity */
    assert_refused(scan(self, &module, ",\"field\":\"amount\""), 422, "invalid-value");
    /* a field that is not the activity's: nobody learns from ranges who has which value (I-8) */
    assert_refused(scan(self, &module, ",\"field\":\"store\",\"min\":\"x\",\"max\":\"x\""), 422,
                   "invalid-value");
}

/* I-8: where a page ends does not tell of rows between those that are shown. */
static void a_page_does_not_tell_of_hidden_rows(void **state)
{
    place *const self = *state;
    const scene hidden = begin(self);
    scene shown = hidden;
    const char *const shop_ref = person(
        self, token_of(self, (holder){"shop2", NULL, "delivery", "order-fulfilment", "shop", NULL}),
        "13900000002", full_profile);
    const scene module = {
        .token = token_of(self, (holder){"winback", NULL, "crm_module", "winback", "crm", NULL})};

    shown.ref = crm_ref(self, hidden.token, "13900000002");
    consent(self, desk_token(self), shop_ref, "direct-marketing", "given");
    for (int i = 0; i < 3; i++) {
        assert_done(put(self, &hidden, order(self, text_f(self, "A%d", i), 1)));
    }
    const reply *done = assert_done(scan(self, &module, ",\"field\":\"ordered_at\",\"limit\":1"));
    assert_int_equal(json_count(value_at(done, "rows")), 0);
    assert_null(value_at(done, "next"));
    for (int i = 0; i < 2; i++) {
        assert_done(put(self, &shown, order(self, text_f(self, "B%d", i), 1)));
    }
    done = assert_done(scan(self, &module, ",\"field\":\"ordered_at\",\"limit\":1"));
    assert_text_at(done, "rows/0/key", "B0");
    const char *const from = text_f(self, "%s", text_at(done, "next"));
    done = assert_done(
        scan(self, &module,
             text_f(self, ",\"field\":\"ordered_at\",\"limit\":2,\"from\":\"%s\"", from)));
    assert_text_at(done, "rows/0/key", "B1");
    assert_int_equal(json_count(value_at(done, "rows")), 1);
    assert_null(value_at(done, "next"));
    assert_log_sound(self);
}

/* --- changes ------------------------------------------------------------------------------------- */

static const char *run_row(place *self, const char *state)
{
    return text_f(self,
                  "{\"table\":\"winback_runs\",\"key\":\"R\",\"fields\":{\"occurrence\":"
                  "\"1\",\"state\":\"%s\"}}",
                  state);
}

static void a_row_changes_and_goes(void **state)
{
    place *const self = *state;
    scene at = begin(self);
    const char *const care = care_token(self);

    at.token = token_of(self, (holder){"winback", NULL, "crm_module", "winback", "crm", NULL});
    const char *const shop_ref =
        text_at(assert_done(ask(self, (question){VELUM_VERB_LOOKUP, care,
                                                 .body = "{\"identifier\":{\"type\":\"mobile\","
                                                         "\"value\":\"13900000001\"}}"})),
                "subject");
    assert_refused(put(self, &at, run_row(self, "a")), 404, "not-found");
    consent(self, desk_token(self), shop_ref, "direct-marketing", "given");
    assert_text_at(assert_done(put(self, &at, run_row(self, "a"))), "result", "new");
    assert_text_at(assert_done(put(self, &at, run_row(self, "b"))), "result", "changed");
    assert_text_at(assert_done(read_rows(self, &at, "{\"table\":\"winback_runs\",\"key\":\"R\"}")),
                   "rows/0/fields/state", "b");
    assert_int_equal(sql_count(self, "SELECT version FROM module_row"), 2);
    const question gone = {VELUM_VERB_ROW_DELETE, at.token, .ref = at.ref,
                           .body = "{\"table\":\"winback_runs\",\"key\":\"R\"}"};
    assert_int_equal(integer_at(assert_done(ask(self, gone)), "deleted"), 1);
    assert_int_equal(integer_at(assert_done(ask(self, gone)), "deleted"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 0);
}

static void what_is_immutable_stays(void **state)
{
    place *const self = *state;
    const scene at = begin(self);

    assert_done(put(self, &at, one_order));
    assert_refused(ask(self, (question){VELUM_VERB_ROW_DELETE, at.token, .ref = at.ref,
                                        .body = "{\"table\":\"orders\",\"key\":\"A-1\"}"}),
                   409, "conflict");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 3);
}

/* --- rows that were meddled with ------------------------------------------------------------------- */

static void a_moved_row_does_not_open(void **state)
{
    static const char *const meddling[] = {
        "UPDATE module_row SET n = 100 WHERE n = 1",
        "UPDATE module_row SET version = 2 WHERE n = 1",
        "UPDATE module_row SET sealed = (SELECT sealed FROM module_row WHERE n = 2) WHERE n = 1",
    };
    place *const self = *state;
    const scene at = begin(self);

    assert_done(put(self, &at, order(self, "A", 1)));
    assert_done(put(self, &at, order(self, "B", 2)));
    for (size_t i = 0; i < 3; i++) {
        forget_refusals(self);
        sql_run(self, "CREATE TABLE held AS SELECT * FROM module_row");
        sql_run(self, meddling[i]);
        assert_refused(read_rows(self, &at, "{\"table\":\"orders\"}"), 500, "data-damaged");
        sql_run(self, "DELETE FROM module_row");
        sql_run(self, "INSERT INTO module_row SELECT * FROM held");
        sql_run(self, "DROP TABLE held");
    }
    assert_done(read_rows(self, &at, "{\"table\":\"orders\"}"));
}

/* A value that was put when its field was a text is no JSON of the caller's making. */
static void a_field_that_became_a_number_shows_texts_as_texts(void **state)
{
    place *const self = *state;
    const scene at = begin(self);

    assert_done(put(self, &at,
                    "{\"table\":\"orders\",\"key\":\"A\",\"fields\":{\"ordered_at\":"
                    "\"2026-11-01T00:00:00Z\",\"amount\":1,\"currency\":\"1,\\\"x\\\":2\"}}"));
    change_policy(self, (const char *const[]){"currency: {title: {zh: 币种, en: Currency}, class",
                                              "currency: {title: {zh: 币种, en: Currency}, type: "
                                              "integer, class",
                                              NULL});
    const reply *const done = assert_done(read_rows(self, &at, "{\"table\":\"orders\"}"));
    assert_text_at(done, "rows/0/fields/currency", "1,\"x\":2");
    assert_null(value_at(done, "rows/0/fields/x"));
}

/* The parent went with another category, as under a policy that kept the two differently. */
static void a_row_whose_parent_is_gone_is_put_anew(void **state)
{
    place *const self = *state;
    const scene at = begin(self);

    assert_done(put(self, &at, one_order));
    sql_run(self, "DELETE FROM module_row WHERE parent = 0");
    assert_text_at(assert_done(put(self, &at, one_order)), "result", "new");
    const reply *const done = assert_done(read_rows(self, &at, "{\"table\":\"orders\"}"));
    assert_int_equal(json_count(value_at(done, "rows/0/rows/order_lines")), 2);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 3);
}

/* --- import -------------------------------------------------------------------------------------- */

static void an_import_tells_each_row(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    audit_entry entry;

    const reply *const done = assert_done(ask(
        self,
        (question){
            VELUM_VERB_ROW_IMPORT, at.token,
            .body = text_f(
                self,
                "{\"table\":\"orders\",\"rows\":["
                "{\"line\":1,\"ref\":\"%s\",\"key\":\"A\",\"fields\":{\"ordered_at\":"
                "\"2026-11-01T00:00:00Z\",\"amount\":\"5\"}},"
                "{\"line\":2,\"identifier\":{\"type\":\"mobile\",\"value\":\"13900000001\"},"
                "\"key\":\"A\",\"fields\":{\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":5}},"
                "{\"line\":3,\"identifier\":{\"type\":\"mobile\",\"value\":\"13900000009\"},"
                "\"key\":\"B\",\"fields\":{\"ordered_at\":\"2026-11-01T00:00:00Z\",\"amount\":5}},"
                "{\"line\":4,\"ref\":\"%s\",\"key\":\"C\",\"fields\":{\"amount\":5}},"
                "{\"line\":5,\"ref\":\"%s\",\"key\":\"D\",\"fields\":{\"ordered_at\":"
                "\"2026-11-01T00:00:00Z\",\"amount\":5},\"rows\":{\"order_lines\":[{\"key\":\"1\","
                "\"fields\":{\"product\":\"x\"}}]}}]}",
                at.ref, at.ref, at.ref)}));
    assert_text_at(done, "rows/0/result", "new");
    assert_text_at(done, "rows/1/result", "same");
    assert_text_at(done, "rows/2/result", "rejected");
    assert_text_at(done, "rows/2/reason", "not-found");
    assert_text_at(done, "rows/3/reason", "invalid-value");
    assert_text_at(done, "rows/4/result", "new");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 3);
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_ROWS);
    assert_int_equal(input_of(&entry, INPUT_NEW), 2);
    assert_int_equal(input_of(&entry, INPUT_REJECTED), 2);
    assert_log_sound(self);
}

/* --- the customer's own look ------------------------------------------------------------------------ */

static void the_customer_sees_them(void **state)
{
    place *const self = *state;
    const scene at = begin(self);
    const char *const care = care_token(self);
    audit_entry entry;

    assert_done(put(self, &at, one_order));
    const char *const shop_ref =
        text_at(assert_done(ask(self, (question){VELUM_VERB_LOOKUP, care,
                                                 .body = "{\"identifier\":{\"type\":\"mobile\","
                                                         "\"value\":\"13900000001\"}}"})),
                "subject");
    const char *const own = customer_of(self, shop_ref);
    const reply *done =
        assert_done(ask(self, (question){.verb = VELUM_VERB_ME_READ, .token = own}));
    assert_text_at(done, "rows/orders/0/fields/region", "苏南");
    assert_text_at(done, "rows/orders/0/rows/order_lines/0/fields/product", "茶");
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.record_count, 3);

    done = assert_done(
        ask(self, (question){VELUM_VERB_ME_READ, own, .body = "{\"category\":\"contact\"}"}));
    assert_null(value_at(done, "rows"));
    done = assert_done(
        ask(self, (question){VELUM_VERB_ME_READ, own, .body = "{\"category\":\"orders.retain\"}"}));
    assert_text_at(done, "rows/orders/0/key", "A-1");
    assert_int_equal(json_count(value_at(done, "categories")), 0);
    done = assert_done(
        ask(self, (question){VELUM_VERB_ME_READ, own, .body = "{\"table\":\"orders\"}"}));
    assert_text_at(done, "rows/orders/0/key", "A-1");
    log_sync(self);
    log_last(self, &entry);
    assert_int_equal(entry.released_count, 7);
    assert_int_equal(entry.asked_count, 10);
    assert_refused(
        ask(self, (question){VELUM_VERB_ME_READ, own, .body = "{\"table\":\"" CANARY "\"}"}), 404,
        "unknown-resource");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
        TEST(what_is_put_is_read),
        TEST(the_same_key_is_the_same_row),
        TEST(a_key_is_of_one_customer),
        TEST(bad_values_are_refused),
        TEST(too_many_rows_are_refused),
        TEST(keys_of_children_are_plain),
        TEST(only_what_an_activity_names_is_there),
        TEST(cells_are_masked_and_hidden),
        TEST(pages_go_on),
        TEST(hidden_children_end_no_page),
        TEST(a_scan_finds_by_range),
        TEST(a_scan_decides_on_everybody),
        TEST(a_page_does_not_tell_of_hidden_rows),
        TEST(a_field_that_became_a_number_shows_texts_as_texts),
        TEST(a_row_whose_parent_is_gone_is_put_anew),
        TEST(a_row_changes_and_goes),
        TEST(what_is_immutable_stays),
        TEST(a_moved_row_does_not_open),
        TEST(an_import_tells_each_row),
        TEST(the_customer_sees_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
