/* Data folders as earlier versions left them: refused as they are, whole once they are upgraded.
 *
 * tests/golden/folder-vN/data is a folder of schema N with its sample root secret, expected.json what
 * was in it then: verifier key, tokens, references. Before a step N + 1 is added, the version of
 * schema N makes it with VELUM_MAKE_GOLDEN=FOLDER (docs/formats/upgrade.md); a row of the table at the
 * end asks everything of it.
 */
#include "tests/core/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/schema.h"

#define EXPECTED_BYTES_MAX 8192
#define FILE_BYTES_MAX ((size_t)1 << 20)

static uint32_t schema; /* of the folder that a test is about */

static const char *golden(place *self)
{
    const char *const top = getenv("VELUM_TOP");

    return text_f(self, "%s/tests/golden/folder-v%u", top == NULL ? "." : top, schema);
}

/* --- making one ------------------------------------------------------------------------------- */

/* Files hold no room ahead: zeros behind the last batch are cut, up to a page. */
static void cut_room(const char *tail)
{
    FILE *const file = fopen(tail, "r+b");
    long end = 0;
    int byte = 0;

    assert_non_null(file);
    for (long at = 0; (byte = fgetc(file)) != EOF; at++) {
        end = byte != 0 ? at + 1 : end;
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(truncate(tail, (end + 4095) / 4096 * 4096), 0);
}

#define ORDER                                                                                    \
    "{\"table\":\"orders\",\"key\":\"%s\",\"fields\":{\"ordered_at\":\"2026-11-20T10:00:00Z\","  \
    "\"store\":\"s01\",\"region\":\"east\",\"amount\":990},\"rows\":{\"order_lines\":[{\"key\":" \
    "\"1\",\"fields\":{\"product\":\"tea\",\"quantity\":1,\"amount\":990}}]}}"

/* An order of each, a timer, a message that is queued or skipped, something for the hook: of schema 3 on. */
static void fill_modules(place *self, const char *till, const char *ref, const char *gone)
{
    const char *const flow =
        token_of(self, (holder){"flow", NULL, "crm_module", "winback", "winback", NULL});

    assert_done(ask(self, (question){VELUM_VERB_ROW_PUT, till, .ref = ref,
                                     .body = text_f(self, ORDER, "G-1")}));
    assert_done(ask(self, (question){VELUM_VERB_ROW_PUT, till, .ref = gone,
                                     .body = text_f(self, ORDER, "G-2")}));
    const reply *const taken = assert_done(
        ask(self, (question){VELUM_VERB_MODULE_NEXT, flow, .body = "{\"module\":\"winback\"}"}));
    const char *const known = text_f(self, "%s", text_at(taken, "work/0/ref"));
    assert_done(ask(self, (question){VELUM_VERB_MODULE_TIMER, flow, .ref = known,
                                     .body = "{\"module\":\"winback\",\"name\":\"dormant\","
                                             "\"at\":\"2099-01-01T00:00:00Z\"}"}));
    assert_done(ask(self, (question){VELUM_VERB_SEND, flow, .ref = known,
                                     .body = "{\"template\":\"winback\",\"flow\":\"winback\","
                                             "\"node\":\"day-90\",\"occurrence\":\"1\"}"}));
}

static void fill(place *self, const char *out_folder)
{
    const char *const till =
        token_of(self, (holder){"till", NULL, "crm_module", "order-capture", "shop", NULL});
    const char *const shop = shop_token(self);
    const char *const care = care_token(self);
    const char *const desk = desk_token(self);
    const char *const campaign = marketing_token(self);
    const char *const auditor =
        token_of(self, (holder){"auditor", "human", "dpo", "audit", "*", NULL});
    const char *const intake = token_of(
        self, (holder){"intake", NULL, "customer_service", "request-intake", "shop", NULL});
    const char *const officer =
        token_of(self, (holder){"officer-2", "human", "dpo", "requests", "*", NULL});
    const char *const ref = person(self, shop, "13800000001", full_profile);
    const char *const child = person(self, shop, "13800000002", child_profile);
    const char *const gone = person(self, shop, "13800000009", full_profile);

    consent(self, desk, ref, "direct-marketing", "given");
    consent(self, desk, ref, "analytics", "given");
    consent(self, desk, ref, "analytics", "withdrawn");
    assert_done(ask(self, (question){VELUM_VERB_READ, .token = care, .ref = ref}));
    assert_refused(ask(self, (question){VELUM_VERB_READ, .token = care, .ref = child}), 403,
                   "approval-required");
    const reply *const asked = ask(
        self, (question){VELUM_VERB_REQUEST_CREATE, intake,
                         .body = text_f(self, "{\"right\":\"access\",\"subject\":\"%s\"}", ref)});
    const char *const request = text_f(self, "%s", text_at(asked, "request"));
    fill_modules(self, till, ref, gone);
    const reply *const erased =
        assert_done(ask(self, (question){VELUM_VERB_SUBJECT_ERASE, officer, "requests",
                                         .ref = text_f(self, "shop:%s", gone), .body = "{}"}));
    const char *const certificate = text_f(self, "%s", text_at(erased, "certificate"));
    place_close(self);
    copy_folder(self->folder, text_f(self, "%s/data", out_folder));
    cut_room(text_f(self, "%s/data/audit/tail-00000000000000000000", out_folder));
    FILE *const out = fopen(text_f(self, "%s/expected.json", out_folder), "w");
    assert_non_null(out);
    fprintf(out,
            "{\n  \"verifier_key\": \"%s\",\n  \"shop\": \"%s\",\n  \"care\": \"%s\",\n"
            "  \"desk\": \"%s\",\n  \"campaign\": \"%s\",\n  \"auditor\": \"%s\",\n"
            "  \"officer\": \"%s\",\n  \"adult\": \"%s\",\n  \"child\": \"%s\",\n"
            "  \"gone\": \"%s\",\n  \"request\": \"%s\",\n  \"certificate\": \"%s\",\n"
            "  \"till\": \"%s\"\n}\n",
            self->verifier_key, shop, care, desk, campaign, auditor, officer, ref, child, gone,
            request, certificate, till);
    assert_int_equal(fclose(out), 0);
}

static void a_new_folder_is_made_when_asked(void **state)
{
    const char *const folder = getenv("VELUM_MAKE_GOLDEN");

    fill(*state, folder);
}

/* --- opening one ------------------------------------------------------------------------------ */

typedef struct expected {
    const char *shop;
    const char *care;
    const char *desk;
    const char *campaign;
    const char *auditor;
    const char *adult;
    const char *child;
    const char *officer; /* from here: of schema 2 on */
    const char *gone;
    const char *request;
    const char *certificate;
    const char *till; /* from here: of schema 3 on */
} expected;

static const char *member_of(place *self, const json *document, const char *name)
{
    const text value = json_text(json_member(json_root(document), name));

    assert_true(value.size > 0);
    return text_f(self, "%.*s", (int)value.size, value.data);
}

static velum_status upgrade(place *self, velum_error *err)
{
    const velum_upgrade_options options = {.size = sizeof options,
                                           .folder = {self->folder, strlen(self->folder)}};
    velum_upgrade_result result = {.size = sizeof result};

    return velum_upgrade_apply(&options, &result, err);
}

/* A copy of the golden folder, of the newest schema now. */
static expected open_copy(place *self)
{
    velum_error err = {.text = ""};
    VELUM_AUTO_FD fd = -1;
    VELUM_AUTO_BUFFER bytes = {0};
    VELUM_AUTO(json) *document = NULL;

    copy_folder(text_f(self, "%s/data", golden(self)), self->folder);
    assert_int_equal(directory_open(golden(self), &fd), VELUM_OK);
    buffer_init(&bytes, EXPECTED_BYTES_MAX);
    assert_int_equal(file_read(fd, "expected.json", &bytes), VELUM_OK);
    const text source = {(const char *)bytes.data, bytes.size};
    assert_int_equal(json_parse(source, EXPECTED_BYTES_MAX, &document, NULL), VELUM_OK);
    snprintf(self->verifier_key, sizeof self->verifier_key, "%s",
             member_of(self, document, "verifier_key"));
    expected found = {
        .shop = member_of(self, document, "shop"),
        .care = member_of(self, document, "care"),
        .desk = member_of(self, document, "desk"),
        .campaign = member_of(self, document, "campaign"),
        .auditor = member_of(self, document, "auditor"),
        .adult = member_of(self, document, "adult"),
        .child = member_of(self, document, "child"),
    };
    if (schema >= 2) {
        found.officer = member_of(self, document, "officer");
        found.gone = member_of(self, document, "gone");
        found.request = member_of(self, document, "request");
        found.certificate = member_of(self, document, "certificate");
    }
    if (schema >= 3) {
        found.till = member_of(self, document, "till");
    }
    if (schema < SCHEMA_VERSION && upgrade(self, &err) != VELUM_OK) {
        fail_msg("velum_upgrade_apply: %s", err.text);
    }
    return found;
}

static void its_log_verifies_before_and_after(void **state)
{
    place *const self = *state;

    open_copy(self);
    assert_log_sound(self);
    const uint64_t before = log_size(self);
    place_open(self);
    assert_true(log_size(self) >= before);
    assert_log_sound(self);
    place_close(self);
    assert_log_sound(self);
}

static void its_customers_are_read_as_they_were(void **state)
{
    place *const self = *state;
    const expected then = open_copy(self);

    place_open(self);
    const reply *seen =
        assert_done(ask(self, (question){VELUM_VERB_READ, .token = then.care, .ref = then.adult}));
    assert_text_at(seen, "fields/name", "王小明");
    assert_text_at(seen, "fields/mobile", "138****0001");
    assert_null(value_at(seen, "fields/id_card"));
    const reply *clear =
        assert_done(ask(self, (question){VELUM_VERB_READ, .token = then.shop, .ref = then.adult}));
    assert_text_at(clear, "fields/address", "常州市天宁区青龙街道1号");
    const reply *found =
        assert_done(ask(self, (question){VELUM_VERB_LOOKUP, .token = then.shop,
                                         .body = "{\"identifier\":{\"type\":\"mobile\","
                                                 "\"value\":\"13800000001\"}}"}));
    assert_text_at(found, "subject", then.adult);
    assert_done(ask(self, (question){VELUM_VERB_READ, .token = then.shop, .ref = then.child}));
    const reply *consents = assert_done(
        ask(self, (question){VELUM_VERB_CONSENT_LIST, .token = then.desk, .ref = then.adult}));
    assert_int_equal(json_count(value_at(consents, "history")), 3);
    assert_text_at(consents, "history/2/state", "withdrawn");
}

static void it_takes_new_customers_and_shows_its_old_log(void **state)
{
    place *const self = *state;
    const expected then = open_copy(self);

    place_open(self);
    assert_string_equal(person(self, then.shop, "13800000001", "{\"city\":\"南京\"}"), then.adult);
    person(self, then.shop, "13800000003", full_profile);
    const reply *log = assert_done(ask(self, (question){VELUM_VERB_AUDIT_LOG, .token = then.auditor,
                                                        .ref = then.adult, .body = "{}"}));
    assert_text_at(log, "entries/0/type", "upsert");
    assert_text_at(log, "entries/1/consent_purpose", "direct-marketing");
    place_reopen(self);
    assert_log_sound(self);
}

/* Version 1 kept no notices: those of its policies are kept at the first opening, so that a decision
 * names the one that was shown (PIPL 14, GDPR 7(1)). */
static void its_decisions_name_the_notice_that_was_shown(void **state)
{
    static const uint8_t none[32] = {0};
    place *const self = *state;
    const expected then = open_copy(self);
    audit_entry entry;

    place_open(self);
    assert_done(ask(self, (question){VELUM_VERB_READ, .token = then.campaign, .ref = then.adult}));
    log_last(self, &entry);
    assert_int_equal(entry.type, ENTRY_READ);
    assert_memory_not_equal(entry.notice_hash, none, sizeof none);
    assert_int_equal(sql_count(self, "SELECT count(*) FROM registry WHERE kind = 6"
                                     " AND number NOT IN (SELECT number FROM notice)"),
                     0);
    assert_true(sql_count(self, "SELECT count(*) FROM notice") > 0);
}

/* --- opening it as it is ------------------------------------------------------------------------ */

static const char *const files[] = {"vault.db",     "keys.db",
                                    "keyring",      "audit/checkpoint",
                                    "audit/origin", "audit/tail-00000000000000000000"};

static void assert_same_files(place *self)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        VELUM_AUTO_BUFFER now = {0};
        VELUM_AUTO_BUFFER then = {0};
        VELUM_AUTO_FD now_fd = -1;
        VELUM_AUTO_FD then_fd = -1;

        buffer_init(&now, FILE_BYTES_MAX);
        buffer_init(&then, FILE_BYTES_MAX);
        assert_int_equal(directory_open(self->folder, &now_fd), VELUM_OK);
        assert_int_equal(directory_open(text_f(self, "%s/data", golden(self)), &then_fd), VELUM_OK);
        assert_int_equal(file_read(now_fd, files[i], &now), VELUM_OK);
        assert_int_equal(file_read(then_fd, files[i], &then), VELUM_OK);
        assert_int_equal(now.size, then.size);
        assert_memory_equal(now.data, then.data, now.size);
    }
}

static void an_older_one_is_refused_and_not_changed(void **state)
{
    place *const self = *state;
    velum_error err = {.text = ""};

    copy_folder(text_f(self, "%s/data", golden(self)), self->folder);
    assert_int_equal(place_try_open(self, &err), VELUM_E_OLDER);
    assert_string_equal(err.text, text_f(self,
                                         "the data folder is of schema %u, this Velum writes %u: "
                                         "run velum upgrade --check DIR, then --apply",
                                         schema, (unsigned)SCHEMA_VERSION));
    assert_same_files(self);
    assert_int_equal(upgrade(self, &err), VELUM_OK);
    place_open(self);
}

static void the_newest_opens_as_it_is(void **state)
{
    place *const self = *state;

    copy_folder(text_f(self, "%s/data", golden(self)), self->folder);
    place_open(self);
}

/* I-6: who was erased stays erased, and the certificate says so. */
static void its_request_and_its_erasure_are_there(void **state)
{
    place *const self = *state;
    const expected then = open_copy(self);

    place_open(self);
    const reply *request = assert_done(
        ask(self, (question){VELUM_VERB_REQUEST_SHOW, then.officer, .ref = then.request}));
    assert_text_at(request, "right", "access");
    assert_refused(ask(self, (question){VELUM_VERB_READ, .token = then.care, .ref = then.gone}),
                   410, "subject-erased");
    const reply *certificate = assert_done(
        ask(self, (question){VELUM_VERB_CERTIFICATE, then.officer, .ref = then.certificate}));
    velum_certificate_report report = {.size = sizeof report};
    char *said = NULL;
    size_t size = 0;
    assert_int_equal(
        velum_certificate_verify((velum_string){certificate->body, strlen(certificate->body)},
                                 (velum_string){self->verifier_key, strlen(self->verifier_key)},
                                 &report, &said, &size),
        VELUM_OK);
    velum_body_free(said);
    assert_int_equal(report.exit_code, 0);
}

/* Rows of a customer, and those that a law keeps of somebody erased. */
static void its_orders_are_there(void **state)
{
    place *const self = *state;
    const expected then = open_copy(self);

    place_open(self);
    const reply *orders =
        assert_done(ask(self, (question){VELUM_VERB_ROW_READ, then.till, .ref = then.adult,
                                         .body = "{\"table\":\"orders\"}"}));
    assert_text_at(orders, "rows/0/key", "G-1");
    assert_text_at(orders, "rows/0/rows/order_lines/0/fields/product", "tea");
    assert_text_at(
        assert_done(ask(self, (question){VELUM_VERB_ROW_PUT, then.till, .ref = then.adult,
                                         .body = text_f(self, ORDER, "G-1")})),
        "result", "same");
    const reply *kept =
        assert_done(ask(self, (question){VELUM_VERB_RETAINED_READ, .activity = "legal-retention",
                                         .ref = text_f(self, "shop:%s", then.gone)}));
    assert_non_null(strstr(kept->body, "G-2"));
}

/* --- the table ---------------------------------------------------------------------------------- */

static int set_up_v1(void **state)
{
    schema = 1;
    return place_set_up_empty(state);
}

static int set_up_v2(void **state)
{
    schema = 2;
    return place_set_up_empty(state);
}

static int set_up_v3(void **state)
{
    schema = 3;
    return place_set_up_empty(state);
}

int main(void)
{
#define OLD(name, version) cmocka_unit_test_setup_teardown(name, set_up_v##version, place_tear_down)
#define ALL(version)                                                \
    OLD(its_log_verifies_before_and_after, version),                \
        OLD(its_customers_are_read_as_they_were, version),          \
        OLD(it_takes_new_customers_and_shows_its_old_log, version), \
        OLD(its_decisions_name_the_notice_that_was_shown, version)
    const struct CMUnitTest making[] = {
        cmocka_unit_test_setup_teardown(a_new_folder_is_made_when_asked, place_set_up,
                                        place_tear_down),
    };
    const struct CMUnitTest tests[] = {
        OLD(an_older_one_is_refused_and_not_changed, 1),
        ALL(1),
        OLD(an_older_one_is_refused_and_not_changed, 2),
        ALL(2),
        OLD(its_request_and_its_erasure_are_there, 2),
        OLD(the_newest_opens_as_it_is, 3),
        ALL(3),
        OLD(its_request_and_its_erasure_are_there, 3),
        OLD(its_orders_are_there, 3),
    };

    if (getenv("VELUM_MAKE_GOLDEN") != NULL) {
        return cmocka_run_group_tests(making, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
