/* Imports: chunks, rows that are refused, what a file may not bring. */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/bulk.h"
#include "core/verbs.h"
#include "vault/internal.h"

#define ROW(line, mobile, profile)                                                         \
    "{\"line\":" line ",\"identifiers\":[{\"type\":\"mobile\",\"value\":\"" mobile "\"}]," \
    "\"profile\":{" profile "}}"
#define CHUNK(rows) "{\"source\":\"crm\",\"domain\":\"shop\",\"rows\":[" rows "]}"
#define CHUNK_REJECT(rows) "{\"source\":\"crm\",\"on_match\":\"reject\",\"rows\":[" rows "]}"

static const reply *import(place *self, const char *body)
{
    return ask(self, (question){VELUM_VERB_IMPORT, .body = body});
}

/* The chunk's leaf with everybody's tokens, and the one of the request behind it. */
static void last_chunk(place *self, audit_entry *out_chunk, audit_entry *out_end)
{
    const uint64_t size = log_size(self);

    log_at(self, size - 1, out_end);
    log_at(self, size - 2, out_chunk);
}

static const char *rows_of(place *self, uint32_t count)
{
    char *const text = malloc((size_t)count * 160 + 64);
    size_t used = (size_t)sprintf(text, "{\"source\":\"crm\",\"domain\":\"shop\",\"rows\":[");

    assert_non_null(text);
    for (uint32_t i = 0; i < count; i++) {
        used += (size_t)sprintf(text + used,
                                "%s{\"line\":%u,\"identifiers\":[{\"type\":\"mobile\",\"value\":"
                                "\"138%08u\"}],\"profile\":{\"city\":\"常州\"}}",
                                i == 0 ? "" : ",", i + 2, i);
    }
    sprintf(text + used, "]}");
    const char *const kept = text_f(self, "%s", text);
    free(text);
    return kept;
}

static void a_thousand_rows_go_in_one_chunk(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry chunk;
    audit_entry end;

    const reply *answer = assert_done(import(self, rows_of(self, BULK_ROWS_MAX)));
    assert_int_equal(json_count(value_at(answer, "rows")), BULK_ROWS_MAX);
    assert_text_at(answer, "rows/999/result", "new");
    assert_int_equal(integer_at(answer, "rows/999/line"), 1001);
    assert_text_at(assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop,
                                                    .ref = text_at(answer, "rows/999/ref")})),
                   "fields/city", "常州");
    assert_refused(import(self, rows_of(self, BULK_ROWS_MAX + 1)), 400, "malformed-request");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), BULK_ROWS_MAX);
    const uint64_t before = log_size(self);
    assert_text_at(assert_done(import(self, rows_of(self, BULK_ROWS_MAX))), "rows/0/result",
                   "same");
    last_chunk(self, &chunk, &end);
    assert_int_equal(log_size(self), before + BULK_ROWS_MAX / ENTRY_SUBJECTS_MAX + 1);
    for (uint64_t i = before; i < log_size(self) - 1; i++) {
        log_at(self, i, &chunk);
        assert_int_equal(chunk.type, ENTRY_IMPORT);
        assert_int_equal(chunk.stage, ENTRY_INTENT);
        assert_int_equal(chunk.subject_count, ENTRY_SUBJECTS_MAX);
        assert_int_equal(chunk.record_count, BULK_ROWS_MAX);
        assert_memory_equal(chunk.related, end.event_id, sizeof end.event_id);
    }
    assert_int_equal(input_of(&end, INPUT_SAME), BULK_ROWS_MAX);
    assert_log_sound(self);
}

#define BAD_BIRTHDAY "\"city\":\"CANARY\",\"birthday\":\"1990-02-30\""

static void a_bad_row_leaves_nothing_behind(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry chunk;
    audit_entry end;

    static const char body[] = CHUNK(ROW("2", "13800000001", "\"city\":\"常州\"") "," //
                                     ROW("3", "13800000002", BAD_BIRTHDAY) ","        //
                                     ROW("4", "13800000003", "\"CANARY\":\"x\"") ","  //
                                     ROW("5", "12", "") ","                           //
                                     ROW("6", "13800000001", "\"city\":\"南京\""));

    const reply *answer = assert_done(import(self, body));
    assert_text_at(answer, "rows/0/result", "new");
    assert_text_at(answer, "rows/1/result", "rejected");
    assert_text_at(answer, "rows/1/reason", "invalid-value");
    assert_text_at(answer, "rows/2/reason", "unknown-field");
    assert_text_at(answer, "rows/3/reason", "invalid-value");
    assert_text_at(answer, "rows/4/result", "changed");
    assert_null(strstr(answer->body, "CANARY"));
    assert_null(strstr(answer->body, "13800000002"));
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM category"), 1);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM blind_index"), 1);
    last_chunk(self, &chunk, &end);
    assert_int_equal(input_of(&end, INPUT_NEW), 1);
    assert_int_equal(input_of(&end, INPUT_CHANGED), 1);
    assert_int_equal(input_of(&end, INPUT_REJECTED), 3);
    place_reopen(self);
    assert_text_at(assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop,
                                                    .ref = text_at(answer, "rows/0/ref")})),
                   "fields/city", "南京");
}

/* A row that is refused because somebody is known has told so: they stand in the leaf. */
static void a_known_customer_can_be_refused_and_is_named_in_the_leaf(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    audit_entry chunk;
    audit_entry end;

    const char *const ref = person(self, shop, "13800000001", full_profile);
    const reply *answer =
        assert_done(import(self, CHUNK_REJECT(ROW("2", "13800000001", "\"city\":\"南京\"") "," ROW(
                                     "3", "13800000009", "\"city\":\"南京\""))));
    assert_text_at(answer, "rows/0/result", "rejected");
    assert_text_at(answer, "rows/0/reason", "conflict");
    assert_text_at(answer, "rows/1/result", "new");
    assert_text_at(assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = ref})),
                   "fields/city", "常州");
    log_sync(self);
    last_chunk(self, &chunk, &end);
    const reply *log =
        assert_done(ask(self, (question){VELUM_VERB_AUDIT_LOG, .ref = ref, .body = "{}"}));
    assert_non_null(strstr(log->body, "\"type\":\"import\""));
    assert_refused(
        import(self, "{\"on_match\":\"merge\",\"rows\":[" ROW("2", "13800000001", "") "]}"), 400,
        "malformed-request");
}

static void a_chunk_of_refusals_alone_still_has_its_leaf(void **state)
{
    place *const self = *state;
    audit_entry end;
    const uint64_t before = log_size(self);

    assert_done(import(self, CHUNK_REJECT(ROW("2", "12", ""))));
    assert_true(log_size(self) > before);
    log_last(self, &end);
    assert_int_equal(input_of(&end, INPUT_REJECTED), 1);
}

#define CONSENTS ",\"consents\":[{\"purpose\":\"direct-marketing\",\"state\":\"given\"}]"
#define ROW_CONSENTS(line, mobile, birthday)                                       \
    "{\"line\":" line ",\"identifiers\":[{\"type\":\"mobile\",\"value\":\"" mobile \
    "\"}],\"profile\":{\"birthday\":\"" birthday "\"}" CONSENTS "}"

static void a_sample_brings_its_consents_but_no_childs(void **state)
{
    place *const self = *state;
    const char *const shop = shop_token(self);
    const char *const campaign = marketing_token(self);

    (void)shop;
    const reply *answer =
        assert_done(import(self, CHUNK(ROW_CONSENTS("2", "13800000001", "1990-01-01") "," //
                                       ROW_CONSENTS("3", "13800000002", "2020-01-01"))));
    assert_text_at(answer, "rows/0/result", "new");
    assert_done(ask(self, (question){VELUM_VERB_READ, .token = campaign,
                                     .ref = text_at(answer, "rows/0/ref")}));
    assert_text_at(answer, "rows/1/result", "rejected");
    assert_text_at(answer, "rows/1/reason", "guardian-consent-required");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
}

static int64_t keys_count(const place *self, const char *sql)
{
    store *const keys = self->gate->vault->keys_db;
    store_conn *conn = NULL;
    store_stmt *stmt = NULL;

    assert_int_equal(store_reader_acquire(keys, 1000, &conn), VELUM_OK);
    assert_int_equal(conn_statement(conn, sql, &stmt), VELUM_OK);
    assert_int_equal(stmt_step(stmt), VELUM_OK);
    const int64_t count = stmt_integer(stmt, 0);
    store_reader_release(keys, conn);
    return count;
}

#define MIXED                                                                                \
    ROW("2", "13800000001", "\"city\":\"常州\"")                                             \
    "," ROW("3", "13800000009", "\"city\":\"南京\"") "," ROW_CONSENTS(                       \
        "4", "13800000002",                                                                  \
        "2020-01-01") "," ROW("5", "12",                                                     \
                              "") "," ROW_CONSENTS("6", "13800000003",                       \
                                                   "1990-01-01") "," ROW("7", "13800000001", \
                                                                         "\"city\":\"南京\"")

/* The child's consent is refused when the child has been written already (U-1). */
static void check_late_failure(place *self, const char *body)
{
    const char *const shop = shop_token(self);
    audit_entry chunk;
    audit_entry end;

    const char *const known = person(self, shop, "13800000009", full_profile);
    const reply *answer = assert_done(import(self, body));
    assert_text_at(answer, "rows/0/result", "new");
    assert_text_at(answer, "rows/1/result", "changed");
    assert_text_at(answer, "rows/2/reason", "guardian-consent-required");
    assert_text_at(answer, "rows/3/reason", "invalid-value");
    assert_text_at(answer, "rows/4/result", "new");
    assert_text_at(answer, "rows/5/result", "changed");
    assert_int_equal(json_count(value_at(answer, "rows")), 6);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 3);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 1);
    assert_int_equal(keys_count(self, "SELECT count(*) FROM subject_key"), 3);
    assert_int_equal(keys_count(self, "SELECT max(slot) FROM key_slot"), 3);
    assert_int_equal(keys_count(self, "SELECT count(*) FROM subject_move"), 1);
    last_chunk(self, &chunk, &end);
    assert_int_equal(chunk.subject_count, 4);
    assert_int_equal(input_of(&end, INPUT_NEW), 2);
    assert_int_equal(input_of(&end, INPUT_CHANGED), 2);
    assert_int_equal(input_of(&end, INPUT_REJECTED), 2);
    const char *const first = text_at(answer, "rows/0/ref");
    place_reopen(self);
    assert_text_at(assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = first})),
                   "fields/city", "南京");
    assert_text_at(assert_done(ask(self, (question){VELUM_VERB_READ, .token = shop, .ref = known})),
                   "fields/city", "南京");
    assert_log_sound(self);
}

static void a_row_that_fails_late_leaves_nothing_behind(void **state)
{
    check_late_failure(*state, CHUNK(MIXED));
}

/* Alone in its transaction (W-5): the whole chunk is taken back and goes again. */
static void nor_does_one_of_a_large_chunk(void **state)
{
    place *const self = *state;
    char *const source = malloc(20000);

    assert_non_null(source);
    memset(source, 's', 19999);
    source[19999] = '\0';
    const char *const body =
        text_f(self, "{\"source\":\"%s\",\"domain\":\"shop\",\"rows\":[%s]}", source, MIXED);
    free(source);
    check_late_failure(self, body);
}

/* Its leaf is in the transaction that was begun anew, and nothing of the rows. */
static void a_large_chunk_that_is_refused_leaves_nothing_behind(void **state)
{
    place *const self = *state;
    const char *const good = rows_of(self, 300);
    const char *const bad = text_f(self, "%.*s,{\"line\":\"x\"}]}", (int)strlen(good) - 2, good);

    audit_entry refused;

    assert_refused(import(self, good), 403, "unknown-domain");
    log_last_denial(self, &refused);
    assert_int_equal(refused.decision, ENTRY_DENY);
    (void)shop_token(self);
    assert_refused(import(self, bad), 400, "malformed-request");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 0);
    assert_int_equal(keys_count(self, "SELECT count(*) FROM subject_key"), 0);
    assert_text_at(assert_done(import(self, good)), "rows/299/result", "new");
    assert_log_sound(self);
}

/* I-7: no file of a real folder can bring a consent, not even for somebody who is known. */
static void a_real_folder_takes_no_consents_from_a_file(void **state)
{
    place *const self = *state;
    char *packed = NULL;
    size_t size = 0;
    const char *const top = getenv("VELUM_TOP");
    const char *const folder = text_f(self, "%s/policy/sample", top == NULL ? "." : top);

    assert_int_equal(
        velum_policy_pack((velum_string){folder, strlen(folder)}, &packed, &size, NULL), VELUM_OK);
    assert_done(ask(self, (question){VELUM_VERB_POLICY_APPLY,
                                     .body = text_f(self, "%.*s", (int)size, packed)}));
    velum_body_free(packed);
    shop_token(self);
    const reply *answer =
        assert_done(import(self, CHUNK(ROW("2", "13800000001", "") ","                    //
                                       ROW_CONSENTS("3", "13800000001", "1990-01-01") "," //
                                       ROW_CONSENTS("4", "13800000002", "1990-01-01"))));
    assert_text_at(answer, "rows/0/result", "new");
    assert_text_at(answer, "rows/1/reason", "malformed-request");
    assert_text_at(answer, "rows/2/reason", "malformed-request");
    assert_int_equal(sql_count(self, "SELECT count(*) FROM consent_event"), 0);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM subject"), 1);
}

static void a_run_ends_with_its_counts(void **state)
{
    place *const self = *state;
    audit_entry entry;

    assert_done(ask(self, (question){VELUM_VERB_IMPORT_END,
                                     .body = "{\"source\":\"crm\",\"same\":1,\"changed\":2,"
                                             "\"new\":3,\"rejected\":0}"}));
    log_last(self, &entry);
    assert_int_equal(entry.stage, ENTRY_OUTCOME);
    assert_int_equal(input_of(&entry, INPUT_CHANGED), 2);
    assert_refused(ask(self, (question){VELUM_VERB_IMPORT_END, .body = "{\"same\":1}"}), 400,
                   "malformed-request");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_rows_go_in_one_chunk),
        TEST(a_bad_row_leaves_nothing_behind),
        TEST(a_known_customer_can_be_refused_and_is_named_in_the_leaf),
        TEST(a_chunk_of_refusals_alone_still_has_its_leaf),
        TEST(a_sample_brings_its_consents_but_no_childs),
        TEST(a_row_that_fails_late_leaves_nothing_behind),
        TEST(nor_does_one_of_a_large_chunk),
        TEST(a_large_chunk_that_is_refused_leaves_nothing_behind),
        cmocka_unit_test_setup_teardown(a_real_folder_takes_no_consents_from_a_file,
                                        place_set_up_kit, place_tear_down),
        TEST(a_run_ends_with_its_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
