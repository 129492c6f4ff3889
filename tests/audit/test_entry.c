/* Entries to CBOR and back: docs/formats/leaf.md, RFC 8949 §4.2.1. */
#include "tests/audit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cbor.h"

#define ROUNDS 2000

static text encode(const audit_entry *entry, buffer *out)
{
    buffer_init(out, 8192);
    assert_int_equal(entry_encode(entry, out), VELUM_OK);
    return (text){(const char *)out->data, out->size};
}

static void test_round_trip_of_random_entries(void **state)
{
    const char *const chosen = getenv("VELUM_TEST_SEED");
    const uint64_t seed = chosen == NULL ? 20261121 : strtoull(chosen, NULL, 10);
    random_seeded source;
    const velum_random random = random_from_seed(&source, seed);

    for (int round = 0; round < ROUNDS; round++) {
        VELUM_AUTO_BUFFER first = {0};
        VELUM_AUTO_BUFFER second = {0};
        audit_entry entry;
        audit_entry again;
        fixture_random_entry(&random, &entry);
        const text body = encode(&entry, &first);
        assert_int_equal(cbor_check((const uint8_t *)body.data, body.size), VELUM_OK);
        if (entry_decode((const uint8_t *)body.data, body.size, &again) != VELUM_OK ||
            memcmp(&entry, &again, sizeof entry) != 0 ||
            !text_equal(encode(&again, &second), body)) {
            fail_msg("seed %llu, round %d", (unsigned long long)seed, round);
        }
    }
}

static void test_subjects_are_borrowed(void **state)
{
    uint8_t tokens[ENTRY_SUBJECTS_MAX][ENTRY_TOKEN_BYTES];
    audit_entry entry = {.subject_count = ENTRY_SUBJECTS_MAX,
                         .subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])tokens};
    audit_entry again;
    VELUM_AUTO_BUFFER out = {0};

    memset(tokens, 7, sizeof tokens);
    const text body = encode(&entry, &out);
    assert_int_equal(entry_decode((const uint8_t *)body.data, body.size, &again), VELUM_OK);
    assert_int_equal(again.subject_count, ENTRY_SUBJECTS_MAX);
    assert_memory_equal(again.subjects, tokens, sizeof tokens);
    assert_true((const char *)again.subjects > body.data);
    entry.subject_count = ENTRY_SUBJECTS_MAX + 1;
    buffer_reset(&out);
    assert_int_equal(entry_encode(&entry, &out), VELUM_E_INVALID);
    entry.subject_count = 1;
    entry.subjects = NULL;
    assert_int_equal(entry_encode(&entry, &out), VELUM_E_INVALID);
}

static void test_common_leaf_is_short(void **state)
{
    audit_entry entry;
    VELUM_AUTO_BUFFER out = {0};

    fixture_entry(1, &entry);
    assert_true(encode(&entry, &out).size < 120);
}

static void test_one_form(void **state)
{
    audit_entry entry = {.type = 2, .input_count = 2, .mask_count = 2};
    audit_entry sorted = entry;
    VELUM_AUTO_BUFFER a = {0};
    VELUM_AUTO_BUFFER b = {0};

    entry.inputs[0] = (entry_input){9, 1};
    entry.inputs[1] = (entry_input){2, 0};
    entry.masks[0] = (entry_mask){6, 1};
    entry.masks[1] = (entry_mask){5, 2};
    sorted.inputs[0] = entry.inputs[1];
    sorted.inputs[1] = entry.inputs[0];
    sorted.masks[0] = entry.masks[1];
    sorted.masks[1] = entry.masks[0];
    assert_true(text_equal(encode(&entry, &a), encode(&sorted, &b)));
    entry.inputs[1].key = 9;
    buffer_reset(&a);
    assert_int_equal(entry_encode(&entry, &a), VELUM_E_INVALID);
}

static void test_limits(void **state)
{
    audit_entry entry = {.role_count = ENTRY_ROLES_MAX + 1};
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, 8192);
    assert_int_equal(entry_encode(&entry, &out), VELUM_E_INVALID);
    entry = (audit_entry){.registry_kind = 1};
    memset(entry.registry_name, 'n', ENTRY_NAME_BYTES_MAX + 1);
    assert_int_equal(entry_encode(&entry, &out), VELUM_E_INVALID);
    entry = (audit_entry){.registry_name = "line\nbreak"};
    assert_int_equal(entry_encode(&entry, &out), VELUM_E_INVALID);
    VELUM_AUTO_BUFFER small = {0};
    buffer_init(&small, 3);
    fixture_entry(1, &entry);
    assert_int_equal(entry_encode(&entry, &small), VELUM_E_LIMIT);
}

static void test_bodies_refused(void **state)
{
    static const char *const bad[] = {
        "",                       /* nothing */
        "80",                     /* an array */
        "a10200",                 /* a zero that is absent */
        "a1180201",               /* key 2 not in its shortest form */
        "a102180a",               /* value 10 not in its shortest form */
        "a203010201",             /* keys descend */
        "a202010201",             /* a key twice */
        "a1183301",               /* key 51 */
        "a10001",                 /* key 0 */
        "a1022a",                 /* a negative type */
        "a1021b0000000100000000", /* 33 bits */
        "a10c80",                 /* an empty list */
        "a10c8120",               /* a negative role */
        "a10150"
        "00000000000000000000000000000000", /* a token of zeros */
        "a10141ff",                         /* a token of one byte */
        "a11827a0",                         /* no inputs */
        "a11827a20201"
        "0101",       /* inputs descend */
        "a1183160",   /* an empty name */
        "a11831610a", /* a line feed in a name */
        "a1183261ff", /* subjects as text */
        "a1183241ff", /* a subject of one byte */
        "a10201ff",   /* something behind */
        "a202011827", /* cut */
        "bf0201ff",   /* indefinite */
        "a102f93c00", /* a float */
    };
    audit_entry entry;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t body[64];
        const size_t size = strlen(bad[i]) / 2;
        assert_int_equal(hex_decode(text_of(bad[i]), body, size), VELUM_OK);
        if (entry_decode(body, size, &entry) != VELUM_E_INVALID) {
            fail_msg("%s", bad[i]);
        }
    }
    const uint8_t good[] = {0xa1, 0x02, 0x14};
    assert_int_equal(entry_decode(good, sizeof good, &entry), VELUM_OK);
    assert_int_equal(entry.type, ENTRY_READ);
}

static void test_names_of_numbers(void **state)
{
    assert_string_equal(entry_type_name(ENTRY_READ), "read");
    assert_string_equal(entry_type_name(ENTRY_LOG_READ), "log-read");
    assert_null(entry_type_name(0));
    assert_null(entry_type_name(999));
    assert_string_equal(entry_decision_name(ENTRY_DENY), "deny");
    assert_null(entry_decision_name(9));
    assert_string_equal(entry_stage_name(ENTRY_INTENT), "intent");
    assert_null(entry_stage_name(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_of_random_entries),
        cmocka_unit_test(test_subjects_are_borrowed),
        cmocka_unit_test(test_common_leaf_is_short),
        cmocka_unit_test(test_one_form),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bodies_refused),
        cmocka_unit_test(test_names_of_numbers),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
