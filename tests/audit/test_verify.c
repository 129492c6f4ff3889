/* What verify says: exit codes 0, 3, 4, 5, 6 (spec/audit), and every way to change a small log. */
#include "tests/audit/fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define TAIL_0 "tail-00000000000000000000"
#define TAIL_8 "tail-00000000000000000008"
#define TAIL_16 "tail-00000000000000000016"

static const uint32_t batches[] = {1, 3, 2, 5, 2}; /* 13 leaves: 8 and 5 */
#define BATCHES (sizeof batches / sizeof batches[0])
#define LEAVES 13

typedef struct subject {
    place at;
    verify_report first; /* of the log as it was made; its checkpoint has been seen */
} subject;

static text seen_of(const subject *log)
{
    return text_of(log->first.checkpoint);
}

static subject make(void)
{
    subject log = {.at = place_create()};

    fixture_log(&log.at, batches, BATCHES);
    log.first = fixture_verify(&log.at, TEXT_EMPTY, false);
    assert_int_equal(log.first.exit_code, VERIFY_UNPROVEN);
    return log;
}

static verify_report judge(const subject *log)
{
    return fixture_verify(&log->at, seen_of(log), false);
}

static void expect(const subject *log, int code, uint64_t bad_index)
{
    const verify_report report = judge(log);

    if (report.exit_code != code || report.bad_index != bad_index) {
        fail_msg("%d at %llu, not %d at %llu: %s", report.exit_code,
                 (unsigned long long)report.bad_index, code, (unsigned long long)bad_index,
                 report.reason);
    }
}

/* ---- Exit codes ------------------------------------------------------------------------------- */

static void test_sound(void **state)
{
    subject log = make();
    const verify_report report = judge(&log);

    assert_int_equal(report.exit_code, VERIFY_SOUND);
    assert_int_equal(report.size, LEAVES);
    assert_int_equal(report.unanchored, LEAVES);
    assert_true(report.key_was_given && report.seen_was_given && !report.unclean_tail);
    assert_string_equal(report.origin, FIXTURE_ORIGIN);
    assert_int_equal(strlen(report.root), 44);
    place_remove(&log.at);
}

static void test_six_without_trust(void **state)
{
    subject log = make();

    assert_int_equal(fixture_verify_with(&log.at, TEXT_EMPTY, TEXT_EMPTY, false).exit_code, 6);
    assert_int_equal(fixture_verify_with(&log.at, TEXT_EMPTY, seen_of(&log), false).exit_code, 6);
    assert_int_equal(fixture_verify_with(&log.at, fixture_key(), TEXT_EMPTY, false).exit_code, 6);
    place_remove(&log.at);
}

static void test_an_older_seen_checkpoint(void **state)
{
    subject log = make();
    journal *const journal_ = fixture_open(&log.at);

    for (int i = 0; i < 9; i++) {
        assert_int_equal(fixture_append(journal_, 3), VELUM_OK);
        assert_int_equal(fixture_sign(journal_), VELUM_OK);
        const verify_report report = judge(&log);
        assert_int_equal(report.exit_code, VERIFY_SOUND);
        assert_int_equal(report.size, journal_size(journal_));
    }
    journal_free(journal_);
    place_remove(&log.at);
}

static void test_five_when_unreadable(void **state)
{
    subject log = make();
    subject other = make();

    assert_int_equal(
        fixture_verify_with(&log.at, TEXT_LITERAL("nonsense"), TEXT_EMPTY, 0).exit_code,
        VERIFY_UNREADABLE);
    assert_int_equal(fixture_verify(&log.at, TEXT_LITERAL("nonsense"), false).exit_code,
                     VERIFY_UNREADABLE);
    place_delete(&log.at, "checkpoint");
    assert_int_equal(judge(&log).exit_code, VERIFY_UNREADABLE);
    place_delete(&other.at, "origin");
    assert_int_equal(judge(&other).exit_code, VERIFY_UNREADABLE);
    place_remove(&log.at);
    place_remove(&other.at);
}

/* Version bytes with a CRC that holds are a later format, not damage. */
static void test_five_for_a_later_version(void **state)
{
    subject log = make();
    const bytes held = place_read(&log.at, TAIL_0);

    held.data[7] = 2;
    bytes_write_u32be(held.data + 28, crc32c(0, held.data, 28));
    place_write(&log.at, TAIL_0, held.data, held.size);
    const verify_report report = judge(&log);
    assert_int_equal(report.exit_code, VERIFY_UNREADABLE);
    mem_free(held.data);
    place_remove(&log.at);
}

/* ---- Unclean ends ----------------------------------------------------------------------------- */

static void test_uncovered_leaves(void **state)
{
    subject log = make();
    journal *const journal_ = fixture_open(&log.at);

    assert_int_equal(fixture_append(journal_, 2), VELUM_OK);
    journal_free(journal_);
    const verify_report stopped = judge(&log);
    assert_int_equal(stopped.exit_code, VERIFY_UNPROVEN);
    assert_true(stopped.unclean_tail);
    assert_int_equal(stopped.size, LEAVES);
    assert_int_equal(fixture_verify(&log.at, seen_of(&log), true).exit_code, VERIFY_SOUND);
    place_remove(&log.at);
}

static void test_torn_batch_beyond_the_checkpoint(void **state)
{
    subject log = make();
    journal *const journal_ = fixture_open(&log.at);

    assert_int_equal(fixture_append(journal_, 2), VELUM_OK);
    journal_free(journal_);
    const tail_map map = fixture_map(&log.at, 8);
    const uint64_t begin = map.batch_begin[map.batch_count - 1];
    const bytes held = place_read(&log.at, TAIL_8);
    for (uint64_t offset = begin; offset < map.end; offset++) {
        held.data[offset] ^= 0x41;
        place_write(&log.at, TAIL_8, held.data, held.size);
        const verify_report report = judge(&log);
        assert_int_equal(report.exit_code, VERIFY_UNPROVEN);
        assert_true(report.unclean_tail);
        assert_int_equal(fixture_verify(&log.at, seen_of(&log), true).exit_code, VERIFY_SOUND);
        held.data[offset] ^= 0x41;
    }
    mem_free(held.data);
    place_remove(&log.at);
}

static void test_bytes_behind_the_end(void **state)
{
    subject log = make();
    const tail_map map = fixture_map(&log.at, 8);
    const bytes held = place_read(&log.at, TAIL_8);
    static const uint64_t distances[] = {0, 1, 31, 63, 64, 1000};

    for (size_t i = 0; i < 6; i++) {
        held.data[map.end + distances[i]] = 1;
        place_write(&log.at, TAIL_8, held.data, held.size);
        assert_int_equal(judge(&log).exit_code, VERIFY_UNPROVEN);
        assert_int_equal(fixture_verify(&log.at, seen_of(&log), true).exit_code, VERIFY_SOUND);
        held.data[map.end + distances[i]] = 0;
    }
    place_write(&log.at, TAIL_8, held.data, held.size);
    mem_free(held.data);
    place_write(&log.at, TAIL_16, "junk", 4);
    assert_int_equal(judge(&log).exit_code, VERIFY_UNPROVEN);
    place_delete(&log.at, TAIL_16);
    const bytes first = place_read(&log.at, TAIL_0);
    VELUM_AUTO_MEM uint8_t *longer = mem_alloc(first.size + 64);
    memcpy(longer, first.data, first.size);
    place_write(&log.at, TAIL_0, longer, first.size + 64);
    assert_int_equal(judge(&log).exit_code, VERIFY_SOUND); /* zeros are nothing */
    longer[first.size] = 1;
    place_write(&log.at, TAIL_0, longer, first.size + 64);
    assert_int_equal(judge(&log).exit_code, VERIFY_TAMPERED);
    mem_free(first.data);
    place_remove(&log.at);
}

/* A batch that nobody tore: CRCs hold, contents do not. That is 3, also beyond the checkpoint. */
static void test_false_batch_beyond_the_checkpoint(void **state)
{
    subject log = make();
    journal *const journal_ = fixture_open(&log.at);

    assert_int_equal(fixture_append(journal_, 1), VELUM_OK);
    journal_free(journal_);
    const tail_map map = fixture_map(&log.at, 8);
    const uint64_t trailer = map.leaves[map.leaf_count - 1].end;
    const bytes held = place_read(&log.at, TAIL_8);
    held.data[trailer] ^= 1; /* of the root */
    bytes_write_u32be(held.data + trailer + 40, crc32c(0, held.data + trailer, 40));
    place_write(&log.at, TAIL_8, held.data, held.size);
    expect(&log, VERIFY_TAMPERED, LEAVES);
    held.data[trailer] ^= 1;
    bytes_write_u64be(held.data + trailer + 32, 99); /* outbox seq */
    bytes_write_u32be(held.data + trailer + 40, crc32c(0, held.data + trailer, 40));
    place_write(&log.at, TAIL_8, held.data, held.size);
    expect(&log, VERIFY_TAMPERED, LEAVES);
    mem_free(held.data);
    place_remove(&log.at);
}

/* ---- Leaves, batches, files: dropped, doubled, swapped, cut ----------------------------------- */

/* Writes a file again from pieces of itself. */
typedef struct piece {
    uint64_t begin;
    uint64_t end;
} piece;

static void rewrite(const subject *log, const char *name, const piece *pieces, size_t count)
{
    const bytes held = place_read(&log->at, name);
    VELUM_AUTO_BUFFER out = {0};

    buffer_init(&out, (size_t)1 << 24);
    for (size_t i = 0; i < count; i++) {
        buffer_append(&out, held.data + pieces[i].begin, pieces[i].end - pieces[i].begin);
    }
    assert_int_equal(buffer_status(&out), VELUM_OK);
    place_write(&log->at, name, out.data, out.size);
    mem_free(held.data);
}

static void test_batches_dropped_doubled_swapped(void **state)
{
    subject log = make();
    const bytes held = place_read(&log.at, TAIL_0);
    const tail_map map = fixture_map(&log.at, 0);
    const uint64_t *const b = map.batch_begin;

    const piece dropped[] = {{0, b[1]}, {b[2], held.size}};
    rewrite(&log, TAIL_0, dropped, 2);
    expect(&log, VERIFY_TAMPERED, 1);
    place_write(&log.at, TAIL_0, held.data, held.size);
    const piece doubled[] = {{0, b[2]}, {b[1], held.size}};
    rewrite(&log, TAIL_0, doubled, 2);
    expect(&log, VERIFY_TAMPERED, 4);
    place_write(&log.at, TAIL_0, held.data, held.size);
    const piece swapped[] = {{0, b[1]}, {b[2], b[3]}, {b[1], b[2]}, {b[3], held.size}};
    rewrite(&log, TAIL_0, swapped, 4);
    expect(&log, VERIFY_TAMPERED, 1);
    place_write(&log.at, TAIL_0, held.data, held.size);
    const piece first_dropped[] = {{b[1], held.size}};
    rewrite(&log, TAIL_0, first_dropped, 1);
    expect(&log, VERIFY_TAMPERED, 0);
    mem_free(held.data);
    place_remove(&log.at);
}

static void test_last_batch_dropped(void **state)
{
    subject log = make();
    const tail_map map = fixture_map(&log.at, 8);
    const uint64_t begin = map.batch_begin[map.batch_count - 1];

    place_truncate(&log.at, TAIL_8, begin);
    expect(&log, VERIFY_TRUNCATED, map.batch_first[map.batch_count - 1]);
    place_truncate(&log.at, TAIL_8, begin + 4096); /* zeros in its place */
    expect(&log, VERIFY_TRUNCATED, map.batch_first[map.batch_count - 1]);
    place_remove(&log.at);
}

static void test_batch_cut_in_the_middle(void **state)
{
    subject log = make();
    const tail_map map = fixture_map(&log.at, 8);

    for (uint64_t end = map.end - 1; end > 0; end -= 13) {
        place_truncate(&log.at, TAIL_8, end);
        const verify_report report = judge(&log);
        assert_true(report.exit_code == VERIFY_TAMPERED || report.exit_code == VERIFY_TRUNCATED);
        if (end < 13) {
            break;
        }
    }
    place_remove(&log.at);
}

static void test_files_dropped_doubled_swapped(void **state)
{
    subject log = make();
    const bytes zero = place_read(&log.at, TAIL_0);
    const bytes eight = place_read(&log.at, TAIL_8);

    place_delete(&log.at, TAIL_8);
    expect(&log, VERIFY_TRUNCATED, 8);
    place_write(&log.at, TAIL_8, zero.data, zero.size);
    expect(&log, VERIFY_TAMPERED, 8);
    place_write(&log.at, TAIL_0, eight.data, eight.size);
    expect(&log, VERIFY_TAMPERED, 0);
    place_write(&log.at, TAIL_8, eight.data, eight.size);
    place_delete(&log.at, TAIL_0);
    expect(&log, VERIFY_TAMPERED, 0);
    place_delete(&log.at, TAIL_8);
    expect(&log, VERIFY_TRUNCATED, 0);
    place_write(&log.at, TAIL_0, zero.data, zero.size);
    place_write(&log.at, TAIL_16, eight.data, eight.size);
    expect(&log, VERIFY_TAMPERED, 8);
    place_truncate(&log.at, TAIL_0, 0);
    expect(&log, VERIFY_TAMPERED, 0);
    mem_free(zero.data);
    mem_free(eight.data);
    place_remove(&log.at);
}

/* Rebuilds the batch at `begin` of TAIL_0 from some of its leaves, in that order, CRCs included. */
static void rebatch(const subject *log, size_t batch, const size_t *order, size_t count)
{
    const tail_map map = fixture_map(&log->at, 0);
    const bytes held = place_read(&log->at, TAIL_0);
    const uint64_t begin = map.batch_begin[batch];
    const uint64_t end = map.batch_begin[batch + 1];
    size_t first_leaf = 0;
    uint64_t trailer = 0;
    tail_header header = {map.batch_first[batch], (uint32_t)count, 0};
    VELUM_AUTO_BUFFER out = {0};

    while (map.leaves[first_leaf].begin < begin) {
        first_leaf++;
    }
    for (size_t i = first_leaf; i < map.leaf_count && map.leaves[i].begin < end; i++) {
        trailer = map.leaves[i].end;
    }
    for (size_t i = 0; i < count; i++) {
        const leaf_place *const leaf = &map.leaves[first_leaf + order[i]];
        header.bytes += (uint32_t)(leaf->end - leaf->begin);
    }
    buffer_init(&out, (size_t)1 << 24);
    buffer_append(&out, held.data, begin);
    uint8_t head[TAIL_HEADER_BYTES];
    tail_write_header(&header, head);
    buffer_append(&out, head, sizeof head);
    for (size_t i = 0; i < count; i++) {
        const leaf_place *const leaf = &map.leaves[first_leaf + order[i]];
        buffer_append(&out, held.data + leaf->begin, leaf->end - leaf->begin);
    }
    buffer_append(&out, held.data + trailer, TAIL_TRAILER_BYTES);
    while (out.size % TAIL_ALIGN != 0) {
        buffer_append_byte(&out, 0);
    }
    buffer_append(&out, held.data + end, held.size - end);
    assert_int_equal(buffer_status(&out), VELUM_OK);
    place_write(&log->at, TAIL_0, out.data, out.size);
    mem_free(held.data);
}

/* Batch 1 holds leaves 1, 2, 3. */
static void test_leaves_dropped_doubled_swapped(void **state)
{
    subject log = make();
    const bytes held = place_read(&log.at, TAIL_0);
    static const size_t dropped[] = {0, 2};
    static const size_t doubled[] = {0, 1, 1, 2};
    static const size_t swapped[] = {1, 0, 2};
    static const size_t cut[] = {0, 1};

    rebatch(&log, 1, dropped, 2);
    expect(&log, VERIFY_TAMPERED, 2);
    place_write(&log.at, TAIL_0, held.data, held.size);
    rebatch(&log, 1, doubled, 4);
    expect(&log, VERIFY_TAMPERED, 3);
    place_write(&log.at, TAIL_0, held.data, held.size);
    rebatch(&log, 1, swapped, 3);
    expect(&log, VERIFY_TAMPERED, 1);
    place_write(&log.at, TAIL_0, held.data, held.size);
    rebatch(&log, 1, cut, 2);
    expect(&log, VERIFY_TAMPERED, 1); /* the root of its batch */
    mem_free(held.data);
    place_remove(&log.at);
}

/* A changed leaf whose CRC was put right: the chain tells, and names it. */
static void test_changed_leaf_with_good_crc(void **state)
{
    subject log = make();
    const tail_map map = fixture_map(&log.at, 0);
    const bytes held = place_read(&log.at, TAIL_0);

    for (size_t i = 0; i < map.leaf_count; i++) {
        const leaf_place *const leaf = &map.leaves[i];
        uint8_t *const frame = held.data + leaf->begin;
        const size_t size = (size_t)(leaf->end - leaf->begin) - TAIL_FRAME_BYTES;
        frame[TAIL_FRAME_BYTES + LEAF_HEADER_BYTES + 10] ^= 4; /* of the event id */
        tail_write_frame(frame + TAIL_FRAME_BYTES, size, frame);
        place_write(&log.at, TAIL_0, held.data, held.size);
        const verify_report report = judge(&log);
        assert_int_equal(report.exit_code, VERIFY_TAMPERED);
        assert_true(report.bad_index <= leaf->index);
        frame[TAIL_FRAME_BYTES + LEAF_HEADER_BYTES + 10] ^= 4;
        tail_write_frame(frame + TAIL_FRAME_BYTES, size, frame);
    }
    mem_free(held.data);
    place_remove(&log.at);
}

/* ---- Whole logs ------------------------------------------------------------------------------- */

static void test_rolled_back_to_an_older_copy(void **state)
{
    place at = place_create();

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    journal *journal_ = fixture_open(&at);
    assert_int_equal(fixture_append(journal_, 5), VELUM_OK);
    assert_int_equal(fixture_sign(journal_), VELUM_OK);
    place older = place_copy(&at);
    assert_int_equal(fixture_append(journal_, 5), VELUM_OK);
    assert_int_equal(fixture_sign(journal_), VELUM_OK);
    journal_free(journal_);
    const verify_report newer = fixture_verify(&at, TEXT_EMPTY, false);
    const verify_report back = fixture_verify(&older, text_of(newer.checkpoint), false);
    assert_int_equal(back.exit_code, VERIFY_TRUNCATED);
    assert_int_equal(back.bad_index, 5);
    assert_int_equal(fixture_verify(&older, TEXT_EMPTY, false).exit_code, VERIFY_UNPROVEN);
    /* The old checkpoint alone, over the new leaves. */
    place_copy_file(&older, &at, "checkpoint");
    const verify_report mixed = fixture_verify(&at, text_of(newer.checkpoint), false);
    assert_int_equal(mixed.exit_code, VERIFY_TRUNCATED);
    const verify_report live = fixture_verify(&at, text_of(newer.checkpoint), true);
    assert_int_equal(live.exit_code, VERIFY_TRUNCATED);
    place_remove(&at);
    place_remove(&older);
}

/* The same number of leaves, others in the middle, chained and signed anew from genesis. */
static void rechain(const place *at, const uint8_t *seed)
{
    journal_options options = fixture_options(at);
    journal_recovery report;
    journal *log = NULL;
    uint64_t first = 0;

    options.seed = seed;
    assert_int_equal(fixture_create(at, seed), VELUM_OK);
    assert_int_equal(journal_open(&options, &log, &report, NULL), VELUM_OK);
    for (uint64_t i = 0; i < LEAVES; i++) {
        audit_entry entry;
        VELUM_AUTO_BUFFER body = {0};
        fixture_entry(i, &entry);
        entry.activity += i == 6 ? 1 : 0;
        buffer_init(&body, ENTRY_BODY_BYTES_MAX);
        assert_int_equal(entry_encode(&entry, &body), VELUM_OK);
        const journal_body one = {body.data, body.size};
        assert_int_equal(journal_append(log, &one, 1, 0, entry.outbox_seq, &first), VELUM_OK);
    }
    assert_int_equal(fixture_sign(log), VELUM_OK);
    journal_free(log);
}

static void test_rechained_with_the_same_key(void **state)
{
    subject log = make();
    place forged = place_create();

    rechain(&forged, fixture_seed);
    assert_int_equal(fixture_verify(&forged, TEXT_EMPTY, false).exit_code, VERIFY_UNPROVEN);
    const verify_report report = fixture_verify(&forged, seen_of(&log), false);
    assert_int_equal(report.exit_code, VERIFY_TAMPERED);
    assert_int_equal(report.bad_index, VERIFY_NO_INDEX);
    place_remove(&forged);
    place_remove(&log.at);
}

static void test_rechained_with_another_key(void **state)
{
    subject log = make();
    place forged = place_create();

    rechain(&forged, fixture_other_seed);
    assert_int_equal(fixture_verify(&forged, TEXT_EMPTY, false).exit_code, VERIFY_TAMPERED);
    assert_int_equal(fixture_verify_with(&forged, TEXT_EMPTY, seen_of(&log), false).exit_code,
                     VERIFY_TAMPERED);
    assert_int_equal(fixture_verify_with(&forged, TEXT_EMPTY, TEXT_EMPTY, false).exit_code,
                     VERIFY_UNPROVEN); /* nothing outside, so nothing proved */
    place_remove(&forged);
    place_remove(&log.at);
}

static void count_progress(void *context, uint64_t done, uint64_t total)
{
    assert_true(done <= total);
    (*(int *)context)++;
}

static void test_progress_ends_with_all(void **state)
{
    subject log = make();
    int calls = 0;
    const verify_options options = {.dir_fd = log.at.fd,
                                    .verifier_key = fixture_key(),
                                    .progress = count_progress,
                                    .context = &calls};
    verify_report report;

    assert_int_equal(log_verify(&options, &report), VELUM_OK);
    assert_true(calls >= 1);
    place_remove(&log.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_six_without_trust),
        cmocka_unit_test(test_an_older_seen_checkpoint),
        cmocka_unit_test(test_five_when_unreadable),
        cmocka_unit_test(test_five_for_a_later_version),
        cmocka_unit_test(test_uncovered_leaves),
        cmocka_unit_test(test_torn_batch_beyond_the_checkpoint),
        cmocka_unit_test(test_bytes_behind_the_end),
        cmocka_unit_test(test_false_batch_beyond_the_checkpoint),
        cmocka_unit_test(test_batches_dropped_doubled_swapped),
        cmocka_unit_test(test_last_batch_dropped),
        cmocka_unit_test(test_batch_cut_in_the_middle),
        cmocka_unit_test(test_files_dropped_doubled_swapped),
        cmocka_unit_test(test_leaves_dropped_doubled_swapped),
        cmocka_unit_test(test_changed_leaf_with_good_crc),
        cmocka_unit_test(test_rolled_back_to_an_older_copy),
        cmocka_unit_test(test_rechained_with_the_same_key),
        cmocka_unit_test(test_rechained_with_another_key),
        cmocka_unit_test(test_progress_ends_with_all),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
