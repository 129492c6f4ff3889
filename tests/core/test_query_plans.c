/* What grows with people is found by an index: every statement that the gate prepared while it served a
 * life from sign-up to the end of the evidence is explained by the engine, and none of them scans. */
#include "tests/core/erasure_support.h"
#include "tests/core/message_support.h"
#include "tests/core/request_support.h"
#include "tests/core/rows_support.h"

#include "core/verbs.h"
#include "store/conn.h"
#include "vault/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READERS_MAX 16
#define STATEMENTS_MIN 100 /* of all connections: less would be no life */

/* Tables that have as many rows as the house has policies, people of its own, names and moments. A row of
 * `destruction` and `subject_move` lives for one batch. */
static const char *const small[] = {
    "meta",        "registry",     "credential",     "notice",        "bundle_applied", "proposal",
    "destruction", "subject_move", "schema_version", "sqlite_schema", "mirror"};

typedef struct inspection {
    place *place;
    uint32_t statements;
    uint32_t scans; /* of small tables, or for the first row of an order */
    uint32_t faults;
} inspection;

static bool is_small(const char *detail)
{
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        const size_t size = strlen(small[i]);
        if (strncmp(detail, small[i], size) == 0 && (detail[size] == ' ' || detail[size] == '\0')) {
            return true;
        }
    }
    return false;
}

static void judge(inspection *self, const char *sql, const char *detail)
{
    const char *const scan = strstr(detail, "SCAN ");

    if (scan == NULL) {
        return;
    }
    const bool is_first = strstr(sql, " LIMIT ") != NULL && strstr(sql, " WHERE ") == NULL;
    if (is_first || is_small(scan + strlen("SCAN "))) {
        self->scans++;
        return;
    }
    self->faults++;
    print_error("%s: %s\n", detail, sql);
}

static void explain(inspection *self, store_conn *conn, const char *sql)
{
    char text[4096];
    sqlite3_stmt *stmt = NULL;

    if (strncmp(sql, "SELECT", 6) != 0 && strncmp(sql, "UPDATE", 6) != 0 &&
        strncmp(sql, "DELETE", 6) != 0 && strncmp(sql, "INSERT", 6) != 0) {
        return;
    }
    assert_true((size_t)snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sql) < sizeof text);
    assert_int_equal(sqlite3_prepare_v2(conn->db, text, -1, &stmt, NULL), SQLITE_OK);
    self->statements++;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        judge(self, sql, (const char *)sqlite3_column_text(stmt, 3));
    }
    sqlite3_finalize(stmt);
}

static void inspect(inspection *self, store_conn *conn)
{
    for (uint32_t i = 0; i < CONN_BUCKETS; i++) {
        for (const store_stmt *stmt = conn->buckets[i]; stmt != NULL; stmt = stmt->next) {
            explain(self, conn, stmt->sql);
        }
    }
}

static velum_status inspect_writers(void *context, store_conn *conn)
{
    inspection *const self = context;

    inspect(self, conn);
    inspect(self, store_writer(self->place->gate->vault->keys_db));
    return VELUM_OK;
}

static void inspect_readers(inspection *self, store *from)
{
    store_conn *readers[READERS_MAX];
    uint32_t count = 0;

    while (count < READERS_MAX && store_reader_acquire(from, 10, &readers[count]) == VELUM_OK) {
        inspect(self, readers[count++]);
    }
    assert_true(count > 0);
    while (count > 0) {
        store_reader_release(from, readers[--count]);
    }
}

static void inspect_all(inspection *self)
{
    velum_gate *const gate = self->place->gate;

    assert_int_equal(writer_run(&gate->writer, inspect_writers, self), VELUM_OK);
    inspect_readers(self, gate->db);
    inspect_readers(self, gate->vault->keys_db);
}

/* --- a life --------------------------------------------------------------------------------------- */

static const char *taken(const people *people, const reply *made)
{
    return text_f(people->place, "%s", text_at(assert_done(made), "request"));
}

static void live(place *self, const people *people)
{
    consent(self, people->desk, people->ref, "analytics", "given");
    consent(self, people->desk, people->ref, "analytics", "withdrawn");
    assert_done(read_as(self, people->shop, people->ref));
    assert_done(ask(self, (question){VELUM_VERB_LOOKUP, people->shop,
                                     .body = "{\"identifier\":{\"type\":\"mobile\",\"value\":"
                                             "\"" MOBILE "\"}}"}));
    person(self, people->shop, MOBILE, "{\"city\":\"a\"}");
    assert_done(take_by_identifier(people, "object-marketing", SOMEBODY, ""));
    assert_done(take_by_identifier(people, "not-me", SOMEBODY, ""));
    assert_done(my_requests(people));
    assert_done(ask(self, (question){VELUM_VERB_REQUEST_LIST, .body = "{}"}));
}

/* A message from the asking to the customer's no, and another that waits until its customer is erased. */
static void write_to(place *self, const people *people)
{
    const senders senders = {
        .place = self,
        .module =
            token_of(self, (holder){"winback", NULL, "crm_module", "winback", "winback", NULL}),
        .courier =
            token_of(self, (holder){"courier", NULL, "crm_module", "delivery", "courier", NULL}),
        .to = ref_in(self, people->ref, "winback"),
    };

    consent(self, people->desk, people->ref, "direct-marketing", "given");
    (void)queued(&senders, "1");
    const char *const id = take_one(&senders);
    assert_done(say_done(&senders, id, "sent"));
    (void)queued(&senders, "2");
    assert_done(ask(self, (question){VELUM_VERB_MESSAGE_OPT_OUT, senders.courier, .ref = id}));
    assert_done(ask(self, (question){VELUM_VERB_MESSAGE_LIST, .activity = "audit", .body = "{}"}));
    assert_done(ask(self, (question){VELUM_VERB_MESSAGE_LIST, .activity = "audit",
                                     .body = "{\"state\":\"sent\"}"}));
}

/* Rows put, read, scanned, taken away and erased. */
static void live_with_rows(place *self, const people *people)
{
    scene at = {.shop = people->shop, .token = NULL, .mobile = MOBILE};

    scene_policy(self, "anonymise");
    at.token = token_of(self, (holder){"rows", NULL, "crm_module", "order-capture", "crm", NULL});
    at = scene_other(self, &at, "13900000077");
    assert_done(row_put(self, &at, order_of(self, "A", "2026-01-01", 5)));
    assert_done(row_put(self, &at, order_of(self, "A", "2026-01-01", 5)));
    assert_done(row_put(self, &at, run_of(self, "R", "1", "x")));
    assert_done(row_put(self, &at, run_of(self, "R", "1", "y")));
    assert_done(row_read(self, &at, "{\"table\":\"orders\"}"));
    assert_done(row_read(self, &at, "{\"table\":\"orders\",\"key\":\"A\"}"));
    assert_done(ask(self, (question){VELUM_VERB_ROW_SCAN, at.token,
                                     .body = "{\"table\":\"orders\",\"field\":\"ordered_at\"}"}));
    assert_done(ask(self, (question){VELUM_VERB_ROW_DELETE, at.token, .ref = at.ref,
                                     .body = "{\"table\":\"winback_runs\",\"key\":\"R\"}"}));
    assert_done(row_put(self, &at, run_of(self, "S", "1", "x")));
    assert_done(erase(self, at.shop_ref, "{}"));
    assert_done(ask(self, (question){VELUM_VERB_RETAINED_READ, .activity = "legal-retention",
                                     .ref = text_f(self, "shop:%s", at.shop_ref)}));
}

/* Acts on many: all of them, some of them, by value. */
static void look_at_many(place *self, const people *people)
{
    const char *const audience = token_of(
        self, (holder){"audience", NULL, "marketing", "audience,direct-marketing", "shop", NULL});
    const char *const search = token_of(
        self, (holder){"search", NULL, "customer_service", "customer-search", "shop", NULL});

    assert_done(ask(self, (question){VELUM_VERB_FILTER, audience, "audience",
                                     .body = "{\"for\":\"direct-marketing\",\"action\":\"read\","
                                             "\"segment\":{\"all\":true}}"}));
    assert_done(ask(self, (question){VELUM_VERB_FILTER, audience, "audience",
                                     .body = text_f(self,
                                                    "{\"for\":\"direct-marketing\",\"action\":"
                                                    "\"read\",\"refs\":[\"%s\"]}",
                                                    people->ref)}));
    assert_done(ask(self, (question){VELUM_VERB_SUBJECT_LIST, audience, "audience", .body = "{}"}));
    assert_done(ask(self, (question){VELUM_VERB_SEARCH, search,
                                     .body = "{\"criteria\":{\"name\":\"a\",\"city\":\"a\"}}"}));
}

/* To the end of what the law keeps, and of the evidence. */
static void die(place *self, const people *people, inspection *seen)
{
    int64_t now_ns = PLACE_EPOCH_NS;
    const char *const id = taken(people, take_verified(people, "delete"));

    assert_done(act(self, NULL, id, "approve", ""));
    pass_days(self, &now_ns, 8);
    assert_done(ask(
        self, (question){VELUM_VERB_CERTIFICATE, .ref = text_at(show(self, id), "certificate")}));
    inspect_all(seen);
    place_reopen(self);
    pass_days(self, &now_ns, 1100);
    pass_days(self, &now_ns, 3000);
    pass_days(self, &now_ns, 1); /* evidence goes behind what was kept */
}

static void nothing_that_grows_is_scanned(void **state)
{
    place *const self = *state;
    const people people = people_of(self);
    inspection seen = {.place = self};

    live(self, &people);
    write_to(self, &people);
    assert_done(erase(self, people.ref, "{\"categories\":[\"contact\"]}"));
    live_with_rows(self, &people);
    look_at_many(self, &people);
    inspect_all(&seen);
    die(self, &people, &seen);
    inspect_all(&seen);
    print_message("%u statements explained, %u short scans\n", seen.statements, seen.scans);
    assert_true(seen.statements > STATEMENTS_MIN);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM retained"), 0); /* it came to its end */
    assert_int_equal(sql_count(self, "SELECT count(*) FROM erased"), 0);
    assert_int_equal(seen.faults, 0);
}

/* Who looks would find one. */
static velum_status scan_once(void *context, store_conn *conn)
{
    static const char sql[] = "SELECT count(*) FROM subject WHERE status = 3";

    explain(context, conn, sql);
    return VELUM_OK;
}

static void a_scan_is_seen(void **state)
{
    place *const self = *state;
    inspection seen = {.place = self};

    assert_int_equal(writer_run(&self->gate->writer, scan_once, &seen), VELUM_OK);
    assert_int_equal(seen.faults, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_that_grows_is_scanned, place_set_up_clock,
                                        place_tear_down),
        cmocka_unit_test_setup_teardown(a_scan_is_seen, place_set_up, place_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
