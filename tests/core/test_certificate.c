/* The certificate of an erasure: its text, its file, and that nothing but the true one holds
 * (docs/formats/certificate.md; PIPL 47, GDPR 5(2), 17). */
#include "core/certificate.h"

#include "audit/journal.h"
#include "audit/log_reader.h"
#include "audit/note.h"
#include "base/file.h"
#include "policy/embedded.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/core/support.h"

#define ORIGIN "velum.example/certificates"
#define AT_NS INT64_C(1795000000000000000) /* 2026-11-18T11:06:40Z */
#define LEAVES_BEFORE 5u

static const uint8_t SEED[ED25519_SEED_BYTES] = {2, 7, 1, 8, 2, 8};
static const uint8_t OTHER_SEED[ED25519_SEED_BYTES] = {9};

/* --- facts ------------------------------------------------------------------------------------ */

static registry_name names[] = {
    {REGISTRY_CATEGORY, 1, "profile"},
    {REGISTRY_CATEGORY, 2, "contact"},
    {REGISTRY_CATEGORY, 3, "location"},
    {REGISTRY_BASIS, 4, "legal_obligation"},
};
static bundle *policy; /* the sample, with numbers */
static world here = {.names = names, .name_count = 4};
static const destruction the_person = {.n = 1,
                                       .subject = {{5}},
                                       .kind = DESTROY_DATA,
                                       .event_id = {0xaa, 1},
                                       .at_ns = AT_NS - NS_PER_SECOND};
static const destruction_report report = {
    .categories = {1, 2},
    .category_count = 2,
    .index_rows = 2,
    .retained = {{.category = 3, .basis = 4, .version = 1, .until_ns = AT_NS + 1000 * DAY_NS}},
    .retained_count = 1,
    .evidence_until_ns = AT_NS + 1095 * DAY_NS,
};

static int compile_sample(void **state)
{
    size_t count = 0;
    const bundle_file *const files = embedded_sample(&count);

    if (bundle_compile(files, count, NULL, NULL, &policy, NULL) != VELUM_OK) {
        return -1;
    }
    const uint32_t location = bundle_find(policy, REGISTRY_CATEGORY, TEXT_LITERAL("location"));
    bundle_set_number(policy, REGISTRY_CATEGORY, location, 3);
    here.bundle = policy;
    return 0;
}

static int free_sample(void **state)
{
    bundle_free(policy);
    return 0;
}

static certificate_facts facts_of_person(void)
{
    certificate_facts facts = {.world = &here,
                               .log = TEXT_LITERAL(ORIGIN),
                               .tenant = 1,
                               .what = &the_person,
                               .report = &report,
                               .at_ns = AT_NS,
                               .subject_token = {0xcc, 2},
                               .token_month = 202611,
                               .suppressed = 2,
                               .suppressed_until_ns = AT_NS + 3650 * DAY_NS};

    certificate_id(the_person.event_id, facts.id);
    return facts;
}

static void write_text(buffer *out)
{
    const certificate_facts facts = facts_of_person();

    buffer_init(out, CERTIFICATE_BYTES_MAX);
    assert_int_equal(certificate_write(&facts, out), VELUM_OK);
}

static const char EXPECTED[] =
    "{\"format\":\"velum-certificate-1\",\"id\":\"%s\",\"log\":\"" ORIGIN "\",\"tenant\":1,"
    "\"at\":\"2026-11-18T11:06:40.000Z\",\"kind\":\"person\","
    "\"asked\":{\"event\":\"aa010000000000000000000000000000\","
    "\"at\":\"2026-11-18T11:06:39.000Z\"},"
    "\"subject\":{\"token\":\"cc020000000000000000000000000000\",\"month\":202611},"
    "\"policy\":\"%s\","
    "\"destroyed\":{\"categories\":[\"profile\",\"contact\"],\"identifiers\":2,"
    "\"keys\":[\"data-key\",\"category-keys\"]},"
    "\"kept\":[{\"category\":\"location\",\"law\":\"E-Commerce Law of the PRC, art. 31\","
    "\"basis\":\"legal_obligation\",\"until\":\"2029-08-14T11:06:40.000Z\"}],"
    "\"evidence_until\":\"2029-11-17T11:06:40.000Z\","
    "\"suppressed\":{\"identifiers\":2,\"until\":\"2036-11-15T11:06:40.000Z\"},\"limits\":[";

static void the_text_says_what_went_and_what_stays(void **state)
{
    VELUM_AUTO_BUFFER said = {0};
    const certificate_facts facts = facts_of_person();
    char id[33];
    char hash[65];
    char expected[sizeof(EXPECTED) + 128];

    write_text(&said);
    hex_encode(facts.id, sizeof(facts.id), id);
    hex_encode(policy->hash, sizeof(policy->hash), hash);
    snprintf(expected, sizeof(expected), EXPECTED, id, hash);
    assert_true(said.size > strlen(expected));
    assert_memory_equal(said.data, expected, strlen(expected));
}

static void the_same_facts_give_the_same_bytes(void **state)
{
    VELUM_AUTO_BUFFER one = {0};
    VELUM_AUTO_BUFFER two = {0};

    write_text(&one);
    write_text(&two);
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
}

static void what_is_not_known_is_left_out(void **state)
{
    VELUM_AUTO_BUFFER said = {0};
    certificate_facts facts = facts_of_person();
    const destruction evidence = {.kind = DESTROY_EVIDENCE};
    const destruction_report nothing = {.category_count = 0};

    facts.what = &evidence;
    facts.report = &nothing;
    facts.suppressed = 0;
    memset(facts.subject_token, 0, sizeof(facts.subject_token));
    buffer_init(&said, CERTIFICATE_BYTES_MAX);
    assert_int_equal(certificate_write(&facts, &said), VELUM_OK);
    buffer_append_byte(&said, 0);
    assert_null(strstr((const char *)said.data, "\"subject\""));
    assert_null(strstr((const char *)said.data, "evidence_until"));
    assert_null(strstr((const char *)said.data, "suppressed"));
    assert_non_null(strstr((const char *)said.data, "\"keys\":[\"evidence-key\"]"));
}

static void an_unknown_kind_has_no_certificate(void **state)
{
    VELUM_AUTO_BUFFER said = {0};
    certificate_facts facts = facts_of_person();
    const destruction other = {.kind = 9};

    facts.what = &other;
    buffer_init(&said, CERTIFICATE_BYTES_MAX);
    assert_int_equal(certificate_write(&facts, &said), VELUM_E_CORRUPT);
}

/* --- a log with its leaf ------------------------------------------------------------------------ */

typedef struct fixture {
    char path[256];
    char key[NOTE_KEY_TEXT_BYTES];
    buffer said;
    buffer file;
} fixture;

static velum_status persist(void *context, uint64_t size)
{
    return VELUM_OK;
}

static void append(journal *log, audit_entry *entry)
{
    VELUM_AUTO_BUFFER body = {0};
    uint64_t first = 0;

    buffer_init(&body, ENTRY_BODY_BYTES_MAX);
    assert_int_equal(entry_encode(entry, &body), VELUM_OK);
    const journal_body one = {body.data, body.size};
    assert_int_equal(journal_append(log, &one, 1, 0, 0, &first), VELUM_OK);
}

static audit_entry outcome_of(const buffer *said)
{
    audit_entry entry = {.type = ENTRY_ERASURE,
                         .stage = ENTRY_OUTCOME,
                         .at_ns = AT_NS,
                         .tenant = 1,
                         .decision = ENTRY_ALLOW};

    certificate_id(the_person.event_id, entry.event_id);
    sha256(said->data, said->size, entry.detail_hash);
    return entry;
}

/* The file for the last of the log's leaves. */
static void make_file(int dir_fd, const buffer *said, buffer *out)
{
    VELUM_AUTO(log_reader) *reader = NULL;
    VELUM_AUTO_BUFFER proof = {0};
    log_leaf leaf;

    buffer_init(&proof, 65536);
    buffer_init(out, CERTIFICATE_FILE_BYTES_MAX);
    assert_int_equal(log_prove(dir_fd, LEAVES_BEFORE, &proof, NULL), VELUM_OK);
    assert_int_equal(log_reader_open(dir_fd, &reader, NULL), VELUM_OK);
    assert_int_equal(log_reader_seek(reader, LEAVES_BEFORE), VELUM_OK);
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
    assert_int_equal(certificate_file_write((crypto_part){said->data, said->size},
                                            (crypto_part){leaf.bytes, leaf.size},
                                            (text){(const char *)proof.data, proof.size}, out),
                     VELUM_OK);
}

static void make_log(fixture *self, audit_entry outcome)
{
    VELUM_AUTO_FD dir_fd = open(self->path, O_RDONLY | O_DIRECTORY);
    VELUM_AUTO(journal) *log = NULL;
    journal_recovery found;

    assert_int_equal(journal_create(dir_fd, TEXT_LITERAL(ORIGIN), SEED), VELUM_OK);
    const journal_options options = {.dir_fd = dir_fd, .seed = SEED};
    assert_int_equal(journal_open(&options, &log, &found, NULL), VELUM_OK);
    for (uint32_t i = 0; i < LEAVES_BEFORE; i++) {
        audit_entry other = {.type = ENTRY_READ,
                             .stage = ENTRY_SINGLE,
                             .at_ns = AT_NS,
                             .event_id = {0xdd, (uint8_t)i},
                             .tenant = 1,
                             .decision = ENTRY_ALLOW};
        append(log, &other);
    }
    append(log, &outcome);
    assert_int_equal(journal_checkpoint(log, persist, NULL), VELUM_OK);
    make_file(dir_fd, &self->said, &self->file);
}

static void make_key(const char *origin, const uint8_t *seed, char out[NOTE_KEY_TEXT_BYTES])
{
    note_key key;

    assert_int_equal(note_key_of_seed(text_of(origin), seed, &key), VELUM_OK);
    note_key_format(&key, out);
}

static int folder_set_up(void **state)
{
    fixture *const self = calloc(1, sizeof *self);
    const char *const parent = getenv("TMPDIR");

    if (self == NULL || crypto_init() != VELUM_OK) {
        return -1;
    }
    snprintf(self->path, sizeof self->path, "%s/velum-certificate.XXXXXX",
             parent == NULL ? "/tmp" : parent);
    if (mkdtemp(self->path) == NULL) {
        return -1;
    }
    write_text(&self->said);
    make_key(ORIGIN, SEED, self->key);
    *state = self;
    return 0;
}

static int log_set_up(void **state)
{
    if (folder_set_up(state) != 0) {
        return -1;
    }
    fixture *const self = *state;
    make_log(self, outcome_of(&self->said));
    return 0;
}

static int tear_down(void **state)
{
    fixture *const self = *state;

    buffer_clear(&self->said);
    buffer_clear(&self->file);
    remove_folder(self->path);
    free(self);
    return 0;
}

/* --- judging ---------------------------------------------------------------------------------- */

static velum_certificate_report judge(const uint8_t *data, size_t size, const char *key)
{
    velum_certificate_report found = {.size = sizeof found};
    char *said = NULL;
    size_t said_size = 0;

    assert_int_equal(velum_certificate_verify((velum_string){(const char *)data, size},
                                              (velum_string){key, strlen(key)}, &found, &said,
                                              &said_size),
                     VELUM_OK);
    assert_true((said == NULL) == (found.exit_code == 5));
    velum_body_free(said);
    return found;
}

/* GDPR 17: anybody can check it. */
static void a_true_certificate_holds(void **state)
{
    const fixture *const self = *state;
    const velum_certificate_report found = judge(self->file.data, self->file.size, self->key);

    assert_int_equal(found.exit_code, 0);
    assert_int_equal(found.index, LEAVES_BEFORE);
    assert_string_equal(found.origin, ORIGIN);
}

static void without_a_key_it_is_only_consistent(void **state)
{
    const fixture *const self = *state;

    assert_int_equal(judge(self->file.data, self->file.size, "").exit_code, 6);
}

static void another_key_does_not_hold(void **state)
{
    const fixture *const self = *state;
    char other[NOTE_KEY_TEXT_BYTES];

    make_key(ORIGIN, OTHER_SEED, other);
    assert_int_equal(judge(self->file.data, self->file.size, other).exit_code, 3);
    make_key("velum.example/other", SEED, other);
    assert_int_equal(judge(self->file.data, self->file.size, other).exit_code, 3);
}

static void a_key_that_is_none_is_the_callers_mistake(void **state)
{
    const fixture *const self = *state;
    velum_certificate_report found = {.size = sizeof found};
    char *said = NULL;
    size_t size = 0;

    assert_int_equal(
        velum_certificate_verify((velum_string){(const char *)self->file.data, self->file.size},
                                 (velum_string){"no key", 6}, &found, &said, &size),
        VELUM_E_INVALID);
    found.size = 1;
    assert_int_equal(
        velum_certificate_verify((velum_string){(const char *)self->file.data, self->file.size},
                                 (velum_string){NULL, 0}, &found, &said, &size),
        VELUM_E_INVALID);
}

static void no_changed_byte_holds(void **state)
{
    fixture *const self = *state;
    static const uint8_t flips[] = {0x01, 0x20, 0x80};

    for (size_t i = 0; i < self->file.size; i++) {
        for (size_t f = 0; f < sizeof flips; f++) {
            self->file.data[i] ^= flips[f];
            const int32_t code = judge(self->file.data, self->file.size, self->key).exit_code;
            if (code != 3 && code != 5) {
                fail_msg("byte %zu with %02x changed ends with %d", i, flips[f], (int)code);
            }
            self->file.data[i] ^= flips[f];
        }
    }
    assert_int_equal(judge(self->file.data, self->file.size, self->key).exit_code, 0);
}

static void no_shorter_file_holds(void **state)
{
    const fixture *const self = *state;

    for (size_t size = 0; size < self->file.size; size++) {
        assert_int_equal(judge(self->file.data, size, self->key).exit_code, 5);
    }
}

/* What a file says may not be said of another erasure's leaf, nor by a leaf of another kind. */
static void only_the_leaf_of_its_text_serves(void **state)
{
    fixture *const self = *state;
    audit_entry entry = outcome_of(&self->said);

    entry.detail_hash[0] ^= 1;
    make_log(self, entry);
    assert_int_equal(judge(self->file.data, self->file.size, self->key).exit_code, 3);
}

static void only_the_leaf_of_its_id_serves(void **state)
{
    fixture *const self = *state;
    audit_entry entry = outcome_of(&self->said);

    entry.event_id[3] ^= 1;
    make_log(self, entry);
    assert_int_equal(judge(self->file.data, self->file.size, self->key).exit_code, 3);
}

static void an_intent_is_no_outcome(void **state)
{
    fixture *const self = *state;
    audit_entry entry = outcome_of(&self->said);

    entry.stage = ENTRY_INTENT;
    make_log(self, entry);
    assert_int_equal(judge(self->file.data, self->file.size, self->key).exit_code, 3);
}

static void another_type_is_no_erasure(void **state)
{
    fixture *const self = *state;
    audit_entry entry = outcome_of(&self->said);

    entry.type = ENTRY_REQUEST;
    make_log(self, entry);
    assert_int_equal(judge(self->file.data, self->file.size, self->key).exit_code, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_says_what_went_and_what_stays),
        cmocka_unit_test(the_same_facts_give_the_same_bytes),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(an_unknown_kind_has_no_certificate),
        cmocka_unit_test_setup_teardown(a_true_certificate_holds, log_set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_key_it_is_only_consistent, log_set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_key_does_not_hold, log_set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_is_none_is_the_callers_mistake, log_set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_changed_byte_holds, log_set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_shorter_file_holds, log_set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_leaf_of_its_text_serves, folder_set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_leaf_of_its_id_serves, folder_set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_intent_is_no_outcome, folder_set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_type_is_no_erasure, folder_set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, compile_sample, free_sample);
}
