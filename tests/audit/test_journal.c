/* Appending, reopening, recovery: J-1 to J-5 and spec/audit "Durability and recovery". */
#include "tests/audit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint32_t batches[] = {1, 3, 2, 5, 1, 4}; /* 16 leaves: two full files */
#define BATCHES (sizeof batches / sizeof batches[0])
#define TAIL_0 "tail-00000000000000000000"
#define TAIL_8 "tail-00000000000000000008"

static void test_create_once(void **state)
{
    place at = place_create();

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_E_EXISTS);
    assert_int_equal(journal_create(at.fd, TEXT_LITERAL("a b"), fixture_seed), VELUM_E_INVALID);
    const verify_report empty = fixture_verify(&at, TEXT_EMPTY, false);
    assert_int_equal(empty.exit_code, VERIFY_UNPROVEN);
    const verify_report sound = fixture_verify(&at, text_of(empty.checkpoint), false);
    assert_int_equal(sound.exit_code, VERIFY_SOUND);
    place_remove(&at);
}

static void test_another_key_is_refused(void **state)
{
    place at = place_create();
    journal_options options = fixture_options(&at);
    journal_recovery report;
    velum_error err;
    journal *log = NULL;

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    options.seed = fixture_other_seed;
    assert_int_equal(journal_open(&options, &log, &report, &err), VELUM_E_CRYPTO);
    assert_null(log);
    place_remove(&at);
}

/* Batches of every size across the boundaries of files, reopened after each. */
static void test_append_and_reopen(void **state)
{
    place at = place_create();
    journal_recovery report;
    uint64_t size = 0;
    journal *log = NULL;

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    for (uint32_t count = 1; count <= 20; count++) {
        assert_int_equal(fixture_try_open(&at, size, &log, &report), VELUM_OK);
        assert_int_equal(report.size, size);
        assert_false(report.torn);
        assert_int_equal(report.outbox_seq, size == 0 ? 0 : (size - 1) / 3 + 1);
        assert_int_equal(fixture_append(log, count), VELUM_OK);
        size += count;
        if (count % 3 == 0) {
            assert_int_equal(fixture_sign(log), VELUM_OK);
        }
        journal_free(log);
    }
    log = fixture_open(&at);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    journal_free(log);
    const verify_report report_first = fixture_verify(&at, TEXT_EMPTY, false);
    assert_int_equal(report_first.exit_code, VERIFY_UNPROVEN);
    assert_int_equal(report_first.size, size);
    place_remove(&at);
}

static velum_status withhold(void *context, uint64_t size)
{
    *(uint64_t *)context = size;
    return VELUM_E_STALE;
}

static void test_persist_withholds_signature(void **state)
{
    place at = place_create();
    uint64_t told = 0;

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(&at);
    assert_int_equal(journal_checkpoint(log, withhold, &told), VELUM_OK); /* nothing to sign */
    assert_int_equal(told, 0);
    assert_int_equal(fixture_append(log, 3), VELUM_OK);
    assert_int_equal(journal_checkpoint(log, withhold, &told), VELUM_E_STALE);
    assert_int_equal(told, 3);
    verify_report report = fixture_verify(&at, TEXT_EMPTY, false);
    assert_int_equal(report.size, 0);
    assert_true(report.unclean_tail);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    report = fixture_verify(&at, TEXT_EMPTY, false);
    assert_int_equal(report.size, 3);
    assert_false(report.unclean_tail);
    journal_free(log);
    place_remove(&at);
}

static void test_limits(void **state)
{
    place at = place_create();
    static uint8_t big[ENTRY_BODY_BYTES_MAX + 1];
    uint64_t first = 0;
    const journal_body empty = {big, 0};
    const journal_body long_body = {big, sizeof big};

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(&at);
    assert_int_equal(journal_append(log, &empty, 0, 0, 0, &first), VELUM_E_INVALID);
    assert_int_equal(journal_append(log, &empty, 1, 0, 0, &first), VELUM_E_LIMIT);
    assert_int_equal(journal_append(log, &long_body, 1, 0, 0, &first), VELUM_E_LIMIT);
    assert_int_equal(journal_append(log, &empty, JOURNAL_BATCH_LEAVES_MAX + 1, 0, 0, &first),
                     VELUM_E_LIMIT);
    const journal_body one = {(const uint8_t *)"\xa1\x02\x14", 3};
    assert_int_equal(journal_append(log, &one, 1, 1, 0, &first), VELUM_E_INVALID);
    assert_int_equal(journal_reserve(log, 1), VELUM_OK);
    assert_int_equal(journal_append(log, &one, 1, 1, 0, &first), VELUM_OK);
    assert_int_equal(journal_append(log, &one, 1, 1, 0, &first), VELUM_E_INVALID);
    journal_free(log);
    place_remove(&at);
}

/* The largest batch there is, over hundreds of files and within one. */
static void test_largest_batch(void **state)
{
    static uint8_t body[ENTRY_BODY_BYTES_MAX];
    static journal_body bodies[JOURNAL_BATCH_LEAVES_MAX];
    static uint8_t tokens[ENTRY_SUBJECTS_MAX][ENTRY_TOKEN_BYTES];
    audit_entry entry = {.type = ENTRY_READ};
    VELUM_AUTO_BUFFER encoded = {0};
    uint64_t first = 0;

    memset(tokens, 5, sizeof tokens);
    entry.subjects = (const uint8_t(*)[ENTRY_TOKEN_BYTES])tokens;
    entry.subject_count = ENTRY_SUBJECTS_MAX;
    buffer_init(&encoded, ENTRY_BODY_BYTES_MAX);
    assert_int_equal(entry_encode(&entry, &encoded), VELUM_OK);
    memcpy(body, encoded.data, encoded.size);
    for (uint32_t i = 0; i < JOURNAL_BATCH_LEAVES_MAX; i++) {
        bodies[i] = (journal_body){body, encoded.size};
    }
    for (int small = 0; small < 2; small++) {
        place at = place_create();
        journal_options options = fixture_options(&at);
        journal_recovery report;
        journal *log = NULL;
        options.leaves_per_tail = small ? 4 : 0;
        assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
        assert_int_equal(journal_open(&options, &log, &report, NULL), VELUM_OK);
        assert_int_equal(journal_append(log, bodies, JOURNAL_BATCH_LEAVES_MAX, 0, 0, &first),
                         VELUM_OK);
        assert_int_equal(fixture_sign(log), VELUM_OK);
        journal_free(log);
        assert_int_equal(journal_open(&options, &log, &report, NULL), VELUM_OK);
        assert_int_equal(report.size, JOURNAL_BATCH_LEAVES_MAX);
        journal_free(log);
        assert_int_equal(fixture_verify(&at, TEXT_EMPTY, false).size, JOURNAL_BATCH_LEAVES_MAX);
        place_remove(&at);
    }
}

/* ---- Torn, tampered, truncated ---------------------------------------------------------------- */

/* A log of 3 + 2 leaves; the first batch is signed. */
static uint64_t unsigned_second_batch(const place *at)
{
    assert_int_equal(fixture_create(at, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(at);
    assert_int_equal(fixture_append(log, 3), VELUM_OK);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    assert_int_equal(fixture_append(log, 2), VELUM_OK);
    journal_free(log);
    return fixture_map(at, 0).batch_begin[1];
}

/* Every prefix of the last batch, the rest zeros: torn, dropped, zeroed, and service goes on. */
static void test_every_torn_prefix_is_dropped(void **state)
{
    place at = place_create();
    const uint64_t begin = unsigned_second_batch(&at);
    const uint64_t end = fixture_map(&at, 0).end;
    const bytes whole = place_read(&at, TAIL_0);
    uint8_t *const torn = mem_alloc(whole.size);

    for (uint64_t kept = begin; kept < end; kept += 7) {
        journal_recovery report;
        journal *log = NULL;
        memset(torn, 0, whole.size);
        memcpy(torn, whole.data, kept);
        place_write(&at, TAIL_0, torn, whole.size);
        const bool any = kept > begin;
        assert_int_equal(fixture_verify(&at, TEXT_EMPTY, false).unclean_tail, any);
        assert_int_equal(fixture_try_open(&at, 3, &log, &report), VELUM_OK);
        if (report.size == 5) { /* all that is missing are zeros of the padding */
            journal_free(log);
            continue;
        }
        assert_int_equal(report.size, 3);
        assert_int_equal(report.torn, any);
        assert_int_equal(report.torn_bytes > 0, any);
        const bytes mended = place_read(&at, TAIL_0);
        for (uint64_t i = begin; i < mended.size; i++) {
            assert_int_equal(mended.data[i], 0); /* J-3 */
        }
        mem_free(mended.data);
        assert_int_equal(fixture_append(log, 2), VELUM_OK);
        journal_free(log);
    }
    mem_free(torn);
    mem_free(whole.data);
    place_remove(&at);
}

/* A page of the batch that never reached the disk, what follows it did. */
static void test_torn_head_is_dropped(void **state)
{
    place at = place_create();
    const uint64_t begin = unsigned_second_batch(&at);
    static const uint8_t zeros[64];
    journal_recovery report;
    journal *log = NULL;

    place_patch(&at, TAIL_0, begin, zeros, sizeof zeros);
    assert_int_equal(fixture_try_open(&at, 3, &log, &report), VELUM_OK);
    assert_int_equal(report.size, 3);
    assert_true(report.torn);
    journal_free(log);
    place_remove(&at);
}

static void test_torn_but_signed_is_refused(void **state)
{
    place at = place_create();
    const uint64_t begin = unsigned_second_batch(&at);
    const bytes before = place_read(&at, TAIL_0);
    journal_recovery report;
    journal *log = NULL;

    place_patch(&at, TAIL_0, begin + 40, "x", 1);
    const bytes damaged = place_read(&at, TAIL_0);
    assert_int_equal(fixture_try_open(&at, 5, &log, &report), VELUM_E_TAMPERED);
    const bytes after = place_read(&at, TAIL_0);
    assert_memory_equal(after.data, damaged.data, after.size); /* evidence stays */
    mem_free(before.data);
    mem_free(damaged.data);
    mem_free(after.data);
    place_remove(&at);
}

static void test_shorter_than_signed_is_refused(void **state)
{
    place at = place_create();
    journal_recovery report;
    journal *log = NULL;

    const uint64_t begin = unsigned_second_batch(&at);
    assert_int_equal(fixture_try_open(&at, 6, &log, &report), VELUM_E_TRUNCATED);
    place_truncate(&at, TAIL_0, begin);
    assert_int_equal(fixture_try_open(&at, 5, &log, &report), VELUM_E_TRUNCATED);
    assert_int_equal(fixture_try_open(&at, 3, &log, &report), VELUM_OK); /* unsigned ones may go */
    journal_free(log);
    place_truncate(&at, TAIL_0, 0);
    assert_int_equal(fixture_try_open(&at, 0, &log, &report), VELUM_E_TRUNCATED);
    place_remove(&at);
}

static void test_damage_before_a_whole_batch_is_refused(void **state)
{
    place at = place_create();

    fixture_log(&at, batches, BATCHES);
    const tail_map map = fixture_map(&at, 0);
    for (uint64_t offset = 0; offset < map.end; offset += 11) {
        journal_recovery report;
        velum_error err;
        journal *log = NULL;
        const journal_options options = fixture_options(&at);
        const bytes held = place_read(&at, TAIL_0);
        const uint8_t flipped = held.data[offset] ^ 0x20;
        place_patch(&at, TAIL_0, offset, &flipped, 1);
        /* Leaves of closed files are judged by verify; opening reads their closing records. */
        const velum_status status = journal_open(&options, &log, &report, &err);
        if (offset >= map.end - TAIL_CLOSING_BYTES) {
            assert_int_equal(status, VELUM_E_TAMPERED);
        }
        journal_free(log);
        assert_int_equal(fixture_verify(&at, TEXT_EMPTY, false).exit_code, VERIFY_TAMPERED);
        place_write(&at, TAIL_0, held.data, held.size);
        mem_free(held.data);
    }
    place_remove(&at);
}

/* In the last file every flipped byte of what is signed is refused. */
static void test_damage_in_the_last_file_is_refused(void **state)
{
    place at = place_create();
    static const uint32_t few[] = {2, 3, 5, 2}; /* 8 in the first file, 4 in the second */

    fixture_log(&at, few, 4);
    const tail_map map = fixture_map(&at, 8);
    const bytes held = place_read(&at, TAIL_8);
    for (uint64_t offset = 0; offset < map.end; offset++) {
        journal_recovery report;
        velum_error err = {0};
        journal *log = NULL;
        const journal_options options = fixture_options(&at);
        const uint8_t flipped = held.data[offset] ^ (uint8_t)(1 << offset % 8);
        place_patch(&at, TAIL_8, offset, &flipped, 1);
        const velum_status status = journal_open(&options, &log, &report, &err);
        if (status != VELUM_E_TAMPERED) {
            fail_msg("offset %llu: %d", (unsigned long long)offset, status);
        }
        place_patch(&at, TAIL_8, offset, held.data + offset, 1);
    }
    mem_free(held.data);
    place_remove(&at);
}

static void test_missing_file_is_refused(void **state)
{
    place at = place_create();
    journal_recovery report;
    journal *log = NULL;

    fixture_log(&at, batches, BATCHES);
    place_delete(&at, TAIL_0);
    assert_int_equal(fixture_try_open(&at, 0, &log, &report), VELUM_E_TAMPERED);
    place_remove(&at);
}

static void test_lost_closing_record_is_written_again(void **state)
{
    place at = place_create();
    static const uint32_t full[] = {8};
    static const uint8_t zeros[TAIL_CLOSING_BYTES];
    journal_recovery report;
    journal *log = NULL;

    fixture_log(&at, full, 1);
    const tail_map map = fixture_map(&at, 0);
    assert_true(map.closed);
    place_patch(&at, TAIL_0, map.end - TAIL_CLOSING_BYTES, zeros, sizeof zeros);
    assert_int_equal(fixture_try_open(&at, 8, &log, &report), VELUM_OK);
    assert_int_equal(report.size, 8);
    assert_int_equal(fixture_append(log, 3), VELUM_OK);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    journal_free(log);
    assert_int_equal(fixture_verify(&at, TEXT_EMPTY, false).size, 11);
    place_remove(&at);
}

static void test_checkpoint_of_another_log_is_refused(void **state)
{
    place at = place_create();
    place other = place_create();
    static const uint32_t one[] = {1};
    journal_recovery report;
    journal *log = NULL;
    audit_entry entry;
    VELUM_AUTO_BUFFER body = {0};
    uint64_t first = 0;

    fixture_log(&at, one, 1);
    assert_int_equal(fixture_create(&other, fixture_seed), VELUM_OK);
    log = fixture_open(&other);
    fixture_entry(77, &entry);
    buffer_init(&body, ENTRY_BODY_BYTES_MAX);
    assert_int_equal(entry_encode(&entry, &body), VELUM_OK);
    const journal_body bodies[] = {{body.data, body.size}};
    assert_int_equal(journal_append(log, bodies, 1, 0, entry.outbox_seq, &first), VELUM_OK);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    journal_free(log);
    place_copy_file(&other, &at, "checkpoint");
    assert_int_equal(fixture_try_open(&at, 0, &log, &report), VELUM_E_TAMPERED);
    place_delete(&at, "checkpoint");
    assert_int_equal(fixture_try_open(&at, 0, &log, &report), VELUM_E_TAMPERED);
    place_remove(&at);
    place_remove(&other);
}

/* Files are cut when they close, so a log takes what it needs and a step ahead. */
static void test_closed_files_are_cut(void **state)
{
    place at = place_create();

    fixture_log(&at, batches, BATCHES);
    const bytes first = place_read(&at, TAIL_0);
    assert_int_equal(first.size, fixture_map(&at, 0).end);
    mem_free(first.data);
    place_remove(&at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_once),
        cmocka_unit_test(test_another_key_is_refused),
        cmocka_unit_test(test_append_and_reopen),
        cmocka_unit_test(test_persist_withholds_signature),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_largest_batch),
        cmocka_unit_test(test_every_torn_prefix_is_dropped),
        cmocka_unit_test(test_torn_head_is_dropped),
        cmocka_unit_test(test_torn_but_signed_is_refused),
        cmocka_unit_test(test_shorter_than_signed_is_refused),
        cmocka_unit_test(test_damage_before_a_whole_batch_is_refused),
        cmocka_unit_test(test_damage_in_the_last_file_is_refused),
        cmocka_unit_test(test_missing_file_is_refused),
        cmocka_unit_test(test_lost_closing_record_is_written_again),
        cmocka_unit_test(test_checkpoint_of_another_log_is_refused),
        cmocka_unit_test(test_closed_files_are_cut),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
