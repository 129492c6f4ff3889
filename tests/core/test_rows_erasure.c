/* tests/core/test_rows_erasure.c: what becomes of rows when their customer is erased: gone, kept until a
 * law's term ends, or nobody's any more (I-6, RW-4). */
#include "tests/core/erasure_support.h"
#include "tests/core/rows_support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/rows.h"

#define KEPT_DAYS 3653 /* of the sample's orders */
#define AWAIT_NS (30 * NS_PER_SECOND)
#define CANARY "CANARY-51c9"

static void await_count(place *self, const char *sql, int64_t wanted)
{
    const velum_clock clock = clock_system();
    const int64_t until = clock_monotonic_ns(&clock) + AWAIT_NS;

    while (sql_count(self, sql) != wanted) {
        if (clock_monotonic_ns(&clock) > until) {
            fail_msg("%s never was %lld", sql, (long long)wanted);
        }
        usleep(20000);
    }
}

static const reply *retained(place *self, const scene *at)
{
    return ask(self, (question){VELUM_VERB_RETAINED_READ, .activity = "legal-retention",
                                .ref = text_f(self, "shop:%s", at->shop_ref)});
}

static bool names(const reply *answer, const char *list, const char *category)
{
    for (size_t i = 0; i < json_count(value_at(answer, list)); i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%zu/category", list, i);
        if (strcmp(text_at(answer, path), category) == 0) {
            return true;
        }
    }
    return false;
}

/* The index of the kept category of that name, or -1. */
static int kept_at(const reply *answer, const char *category)
{
    for (int i = 0; i < (int)json_count(value_at(answer, "retained")); i++) {
        char path[64];
        snprintf(path, sizeof path, "retained/%d/category", i);
        if (strcmp(text_at(answer, path), category) == 0) {
            return i;
        }
    }
    return -1;
}

/* --- kept ---------------------------------------------------------------------------------------- */

static void what_a_law_keeps_waits_for_the_newest_row(void **state)
{
    place *const self = *state;
    const scene at = scene_begin(self);
    int64_t term_ns = 0;

    assert_done(row_put(self, &at, order_of(self, "A", "2025-01-10", 5)));
    assert_done(row_put(self, &at, order_of(self, "B", "2025-03-10", 6)));
    const reply *const erased = assert_done(erase(self, at.shop_ref, "{}"));
    const reply *const certificate = certificate_of(self, erased);
    assert_true(names(certificate, "kept", "orders.retain"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_cell"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 4);
    assert_refused(row_read(self, &at, "{\"table\":\"orders\"}"), 410, "subject-erased");
    assert_refused(row_put(self, &at, order_of(self, "C", "2025-03-10", 6)), 410, "subject-erased");

    const reply *kept = assert_done(retained(self, &at));
    const int place_of = kept_at(kept, "orders.retain");
    assert_true(place_of >= 0);
    assert_text_at(kept, text_f(self, "retained/%d/rows/orders/1/key", place_of), "B");
    assert_int_equal(
        integer_at(kept, text_f(self, "retained/%d/rows/orders/0/fields/amount", place_of)), 5);
    assert_text_at(
        kept, text_f(self, "retained/%d/rows/orders/0/rows/order_lines/0/fields/product", place_of),
        "茶");

    assert_int_equal(time_parse(TEXT_LITERAL("2025-03-10T10:00:00Z"), &term_ns), VELUM_OK);
    term_ns += KEPT_DAYS * DAY_NS;
    place_set_clock(self, term_ns - DAY_NS);
    place_reopen(self);
    assert_true(kept_at(assert_done(retained(self, &at)), "orders.retain") >= 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 4);
    place_set_clock(self, term_ns + NS_PER_SECOND);
    await_count(self, "SELECT count(*) FROM module_row", 0);
    await_count(self, "SELECT count(*) FROM destruction", 0);
    await_count(self, "SELECT count(*) FROM retained", 0);
    assert_log_sound(self);
}

static void what_a_law_keeps_no_longer_goes_at_once(void **state)
{
    place *const self = *state;
    const scene at = scene_begin(self);

    assert_done(row_put(self, &at, order_of(self, "A", "2012-01-10", 5)));
    const reply *const certificate =
        certificate_of(self, assert_done(erase(self, at.shop_ref, "{}")));
    assert_false(names(certificate, "kept", "orders.retain"));
    assert_true(list_has(certificate, "destroyed/categories", "orders.retain"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 0);
    assert_int_equal(kept_at(assert_done(retained(self, &at)), "orders.retain"), -1);
}

/* An order dated in the future keeps nobody longer than one of today. */
static void a_date_to_come_keeps_nobody_longer(void **state)
{
    place *const self = *state;
    const scene at = scene_begin(self);
    const char *const sql = "SELECT max(until_ns) FROM retained";

    assert_done(row_put(self, &at, order_of(self, "A", "2200-01-10", 5)));
    assert_done(erase(self, at.shop_ref, "{}"));
    assert_true(sql_count(self, sql) <= PLACE_EPOCH_NS + KEPT_DAYS * DAY_NS);
}

/* --- gone ---------------------------------------------------------------------------------------- */

static void what_is_erased_goes(void **state)
{
    place *const self = *state;
    scene_policy(self, "erase");
    const scene at = scene_begin(self);
    const scene other = scene_other(self, &at, "13900000002");

    assert_done(row_put(self, &at, run_of(self, "R", "1", CANARY)));
    assert_done(row_put(self, &other, run_of(self, "S", "1", "b")));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_cell"), 2);
    assert_done(erase(self, at.shop_ref, "{}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_cell"), 1);
    assert_text_at(assert_done(row_read(self, &other, "{\"table\":\"winback_runs\"}")),
                   "rows/0/fields/state", "b");
}

static void a_category_goes_by_itself(void **state)
{
    place *const self = *state;
    scene_policy(self, "erase");
    const scene at = scene_begin(self);

    assert_done(row_put(self, &at, run_of(self, "R", "1", "a")));
    assert_done(row_put(self, &at, order_of(self, "A", "2025-01-10", 5)));
    assert_done(erase(self, at.shop_ref, "{\"categories\":[\"winback.erase\"]}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 2);
    assert_int_equal(json_count(value_at(
                         assert_done(row_read(self, &at, "{\"table\":\"winback_runs\"}")), "rows")),
                     0);
    assert_done(row_read(self, &at, "{\"table\":\"orders\"}"));
    /* the customer stays, and new rows get a new key */
    assert_text_at(assert_done(row_put(self, &at, run_of(self, "R", "2", "b"))), "result", "new");
    assert_text_at(assert_done(row_read(self, &at, "{\"table\":\"winback_runs\"}")),
                   "rows/0/fields/occurrence", "2");
    forget_refusals(self);
    assert_refused(erase(self, at.shop_ref, "{\"categories\":[\"orders.retain\"]}"), 409,
                   "conflict");
}

/* --- nobody's ------------------------------------------------------------------------------------- */

typedef struct nobody {
    place *self;
    uint32_t count;
    uint32_t seen[10]; /* by occurrence */
} nobody;

static void look_at_nobody(nobody *at, const row_seat *seat, crypto_part sealed)
{
    velum_gate *const gate = at->self->gate;
    secret_arena *arena = NULL;
    record *opened = NULL;

    assert_int_equal(secret_arena_create(65536, &arena), VELUM_OK);
    assert_int_equal(vault_row_open(gate->vault, arena, seat, sealed, &opened), VELUM_OK);
    assert_int_equal(opened->count, 1); /* the dimension alone: no state, no key */
    at->seen[opened->fields[0].value.data[0] - '0']++;
    at->count++;
    secret_arena_free(arena);
}

static void visit_nobody(nobody *at)
{
    velum_gate *const gate = at->self->gate;
    store_conn *conn = NULL;
    store_stmt *stmt = NULL;

    assert_int_equal(store_reader_acquire(gate->db, 1000, &conn), VELUM_OK);
    assert_int_equal(conn_begin(conn), VELUM_OK);
    assert_int_equal(
        conn_statement(conn, "SELECT n, resource, subject, sealed FROM module_row", &stmt),
        VELUM_OK);
    while (stmt_step(stmt) == VELUM_OK) {
        const row_seat seat = {.subject = stmt_blob(stmt, 2).data,
                               .n = stmt_integer(stmt, 0),
                               .table = (uint16_t)stmt_integer(stmt, 1),
                               .version = 1};
        look_at_nobody(at, &seat, stmt_blob(stmt, 3));
    }
    store_reader_release(gate->db, conn);
}

static void what_is_anonymised_is_nobodys(void **state)
{
    place *const self = *state;
    scene_policy(self, "anonymise");
    const scene at = scene_begin(self);
    const subject_id id = subject_of(self, at.shop_ref);
    char hex[33];
    nobody seen = {.self = self};

    for (int i = 0; i < 9; i++) {
        assert_done(row_put(self, &at,
                            run_of(self, text_f(self, "R%d", i), text_f(self, "%d", i), CANARY)));
    }
    const reply *const certificate =
        certificate_of(self, assert_done(erase(self, at.shop_ref, "{}")));
    assert_true(list_has(certificate, "destroyed/categories", "winback.anonymise"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 9);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_cell"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n >= 0"), 0);
    assert_int_equal(sql_count(self, "SELECT count(DISTINCT subject) FROM module_row"), 9);
    hex_encode(id.bytes, sizeof id.bytes, hex);
    assert_int_equal(sql_count(self, text_f(self,
                                            "SELECT count(*) FROM module_row WHERE"
                                            " subject = x'%s'",
                                            hex)),
                     0);
    /* by no time: all of them are of the first of the month */
    assert_int_equal(sql_count(self, "SELECT count(DISTINCT at_ns) FROM module_row"), 1);
    assert_int_equal(sql_count(self, "SELECT max(at_ns) % 86400000000000 FROM module_row"), 0);
    /* by no order: numbers do not ascend with what they hold but by chance, once in 9! */
    visit_nobody(&seen);
    assert_int_equal(seen.count, 9);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(seen.seen[i], 1);
    }
    assert_log_sound(self);
}

static void nobodys_rows_stay_for_ever(void **state)
{
    place *const self = *state;
    scene_policy(self, "anonymise");
    const scene at = scene_begin(self);

    assert_done(row_put(self, &at, run_of(self, "R", "1", "a")));
    assert_done(erase(self, at.shop_ref, "{\"categories\":[\"winback.anonymise\"]}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n < 0"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n > 0"), 0);
    /* the key is free again: nothing tells that it was there */
    assert_text_at(assert_done(row_put(self, &at, run_of(self, "R", "1", "a"))), "result", "new");
    assert_done(erase(self, at.shop_ref, "{}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n < 0"), 2);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n > 0"), 0);
}

/* --- nowhere else --------------------------------------------------------------------------------- */

static int seen_in_files;

static int look_into(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)where;
    if (kind != FTW_F || about->st_size == 0 || about->st_size > (64 << 20)) {
        return 0;
    }
    FILE *const file = fopen(path, "rb");
    char *const bytes = malloc((size_t)about->st_size);
    if (file != NULL && bytes != NULL) {
        const size_t size = fread(bytes, 1, (size_t)about->st_size, file);
        seen_in_files += memmem(bytes, size, CANARY, strlen(CANARY)) != NULL ? 1 : 0;
        fclose(file);
    }
    free(bytes);
    return 0;
}

/* I-5: values and keys of rows stand in no file as they are, and in no leaf. */
static void no_file_tells_of_a_row(void **state)
{
    place *const self = *state;
    scene_policy(self, "anonymise");
    const scene at = scene_begin(self);

    seen_in_files = 0;
    assert_done(row_put(self, &at, run_of(self, CANARY "-key", CANARY "-value", CANARY)));
    assert_done(row_read(self, &at, "{\"table\":\"winback_runs\"}"));
    assert_refused(row_put(self, &at,
                           "{\"table\":\"winback_runs\",\"key\":\"" CANARY
                           "\",\"fields\":{\"" CANARY "\":\"" CANARY "\"}}"),
                   422, "invalid-value");
    log_sync(self);
    assert_int_equal(nftw(self->folder, look_into, 8, FTW_PHYS), 0);
    assert_done(erase(self, at.shop_ref, "{}"));
    place_close(self);
    assert_int_equal(nftw(self->folder, look_into, 8, FTW_PHYS), 0);
    assert_int_equal(seen_in_files, 0);
    place_open(self);
}

/* I-6: a row that does not pass its check keeps nobody here; of the others what stays stays. */
static void a_damaged_row_holds_up_no_erasure(void **state)
{
    place *const self = *state;
    scene_policy(self, "anonymise");
    const scene at = scene_begin(self);

    assert_done(row_put(self, &at, run_of(self, "a", "2026-11", "won")));
    assert_done(row_put(self, &at, run_of(self, "b", "2026-11", "won")));
    sql_run(self, "UPDATE module_row SET version = version + 1 WHERE n = 1");
    assert_done(erase(self, at.shop_ref, "{}"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM module_row WHERE n < 0"), 1);
    assert_log_sound(self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST_CLOCK(name) cmocka_unit_test_setup_teardown(name, place_set_up_clock, place_tear_down)
        TEST_CLOCK(what_a_law_keeps_waits_for_the_newest_row),
        TEST_CLOCK(what_a_law_keeps_no_longer_goes_at_once),
        TEST_CLOCK(a_date_to_come_keeps_nobody_longer),
        TEST_CLOCK(what_is_erased_goes),
        TEST_CLOCK(a_category_goes_by_itself),
        TEST_CLOCK(what_is_anonymised_is_nobodys),
        TEST_CLOCK(nobodys_rows_stay_for_ever),
        TEST_CLOCK(no_file_tells_of_a_row),
        TEST_CLOCK(a_damaged_row_holds_up_no_erasure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
