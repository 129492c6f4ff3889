/* tests/golden/log-v1: a log of format version 1, written once. Every later Velum reads it.
 *
 * VELUM_GOLDEN_WRITE=1 writes it anew; that is only right while version 1 is not released.
 */
#include "tests/audit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define GOLDEN "tests/golden/log-v1"

/* Two full files of 8 and one with 4, cut behind its last batch; files hold no room ahead. */
static const uint32_t batches[] = {1, 3, 2, 5, 1, 4, 4};
#define LEAVES 20

static place golden(void)
{
    const char *const top = getenv("VELUM_TOP");
    place at;

    snprintf(at.path, sizeof at.path, "%s/" GOLDEN, top ? top : ".");
    assert_int_equal(directory_open(at.path, &at.fd), VELUM_OK);
    return at;
}

/* `seen` is the checkpoint after the third batch, `key` the verifier key of the fixture's seed. */
static void write_golden(const place *at)
{
    static const char *const names[] = {"origin", "checkpoint", "tail-00000000000000000000",
                                        "tail-00000000000000000008", "tail-00000000000000000016"};
    place made = place_create();

    assert_int_equal(fixture_create(&made, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(&made);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        assert_int_equal(fixture_append(log, batches[i]), VELUM_OK);
        assert_int_equal(fixture_sign(log), VELUM_OK);
        if (i == 2) {
            const bytes seen = place_read(&made, "checkpoint");
            place_write(at, "seen", seen.data, seen.size);
            mem_free(seen.data);
        }
    }
    journal_free(log);
    place_truncate(&made, names[4], fixture_map(&made, 16).end);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        place_copy_file(&made, at, names[i]);
    }
    const text key = fixture_key();
    place_write(at, "key", key.data, key.size);
    place_remove(&made);
}

static void test_golden_log_verifies(void **state)
{
    place at = golden();

    if (getenv("VELUM_GOLDEN_WRITE") != NULL) {
        write_golden(&at);
    }
    const bytes key = place_read(&at, "key");
    const bytes seen = place_read(&at, "seen");
    const verify_report report = fixture_verify_with(&at, bytes_text(key), bytes_text(seen), false);
    assert_int_equal(report.exit_code, VERIFY_SOUND);
    assert_int_equal(report.size, LEAVES);
    mem_free(key.data);
    mem_free(seen.data);
    file_close(&at.fd);
}

static void test_golden_leaves_decode(void **state)
{
    place at = golden();
    log_reader *reader = NULL;
    velum_error err;
    log_leaf leaf;

    assert_int_equal(log_reader_open(at.fd, &reader, &err), VELUM_OK);
    for (uint64_t i = 0; i < LEAVES; i++) {
        audit_entry expected;
        audit_entry entry;
        assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
        assert_int_equal(leaf.index, i);
        fixture_entry(i, &expected);
        assert_int_equal(entry_decode(leaf.body, leaf.body_size, &entry), VELUM_OK);
        assert_memory_equal(&entry, &expected, sizeof entry);
    }
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_END);
    log_reader_free(reader);
    file_close(&at.fd);
}

/* What is written today is, byte for byte, what was written then. */
static void test_writer_still_writes_version_1(void **state)
{
    place at = golden();
    place now = place_create();
    const bytes then = place_read(&at, "tail-00000000000000000000");

    fixture_log(&now, batches, sizeof batches / sizeof batches[0]);
    const bytes made = place_read(&now, "tail-00000000000000000000");
    assert_int_equal(made.size, then.size);
    assert_memory_equal(made.data, then.data, then.size);
    mem_free(made.data);
    mem_free(then.data);
    place_remove(&now);
    file_close(&at.fd);
}

static void test_golden_log_opens_and_goes_on(void **state)
{
    place at = golden();
    place copy = place_copy(&at);

    journal *const log = fixture_open(&copy);
    assert_int_equal(journal_size(log), LEAVES);
    assert_int_equal(fixture_append(log, 9), VELUM_OK);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    journal_free(log);
    const bytes seen = place_read(&at, "checkpoint");
    assert_int_equal(fixture_verify(&copy, bytes_text(seen), false).exit_code, VERIFY_SOUND);
    mem_free(seen.data);
    place_remove(&copy);
    file_close(&at.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_log_verifies),
        cmocka_unit_test(test_golden_leaves_decode),
        cmocka_unit_test(test_writer_still_writes_version_1),
        cmocka_unit_test(test_golden_log_opens_and_goes_on),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
