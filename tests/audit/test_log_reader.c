/* Reading a log, and proofs of single leaves: RFC 9162 §2.1.3, c2sp.org/tlog-proof@v1. */
#include "tests/audit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit/proof.h"

static const uint32_t batches[] = {1, 3, 2, 5, 1, 4, 3}; /* 19 leaves, three files */
#define BATCHES (sizeof batches / sizeof batches[0])
#define LEAVES 19

static log_reader *open_reader(const place *at)
{
    log_reader *reader = NULL;
    velum_error err;

    assert_int_equal(log_reader_open(at->fd, &reader, &err), VELUM_OK);
    return reader;
}

static void check_leaf(const log_leaf *leaf, uint64_t index)
{
    audit_entry expected;
    audit_entry entry;

    fixture_entry(index, &expected);
    assert_int_equal(leaf->index, index);
    assert_int_equal(entry_decode(leaf->body, leaf->body_size, &entry), VELUM_OK);
    assert_memory_equal(&entry, &expected, sizeof entry);
    assert_int_equal(leaf->size, leaf->body_size + LEAF_HEADER_BYTES);
}

static void test_in_order_and_from_anywhere(void **state)
{
    place at = place_create();
    uint8_t prev[32] = {0};
    log_leaf leaf;

    fixture_log(&at, batches, BATCHES);
    log_reader *const reader = open_reader(&at);
    for (uint64_t i = 0; i < LEAVES; i++) {
        assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
        check_leaf(&leaf, i);
        assert_memory_equal(leaf.prev, prev, 32);
        memcpy(prev, leaf.hash, 32);
    }
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_END);
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_END);
    for (uint64_t i = LEAVES; i > 0; i--) {
        assert_int_equal(log_reader_seek(reader, i - 1), VELUM_OK);
        assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
        check_leaf(&leaf, i - 1);
    }
    assert_int_equal(log_reader_seek(reader, LEAVES), VELUM_E_NOTFOUND);
    assert_int_equal(log_reader_seek(reader, UINT64_MAX), VELUM_E_NOTFOUND);
    log_reader_free(reader);
    place_remove(&at);
}

static void test_follows_a_growing_log(void **state)
{
    place at = place_create();
    log_leaf leaf;

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    log_reader *const reader = open_reader(&at);
    assert_int_equal(log_reader_seek(reader, 0), VELUM_E_NOTFOUND);
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_END);
    journal *const log = fixture_open(&at);
    for (uint64_t i = 0; i < 30; i++) {
        assert_int_equal(log_reader_next(reader, &leaf), VELUM_END);
        assert_int_equal(fixture_append(log, 1), VELUM_OK);
        assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
        check_leaf(&leaf, i);
    }
    assert_int_equal(log_reader_seek(reader, 30), VELUM_E_NOTFOUND);
    journal_free(log);
    log_reader_free(reader);
    place_remove(&at);
}

static void test_find(void **state)
{
    place at = place_create();
    audit_entry entry;
    uint64_t index = 0;

    fixture_log(&at, batches, BATCHES);
    log_reader *const reader = open_reader(&at);
    for (uint64_t i = 0; i < LEAVES; i++) {
        fixture_entry(i, &entry);
        assert_int_equal(log_reader_find(reader, entry.event_id, &index), VELUM_OK);
        assert_int_equal(index, i);
    }
    fixture_entry(LEAVES, &entry);
    assert_int_equal(log_reader_find(reader, entry.event_id, &index), VELUM_E_NOTFOUND);
    log_reader_free(reader);
    place_remove(&at);
}

/* A flipped byte within a file that is not the last: the reader names its batch's place or later,
 * and hands out nothing from behind it. */
static void test_names_damage(void **state)
{
    place at = place_create();

    fixture_log(&at, batches, BATCHES);
    const tail_map map = fixture_map(&at, 0);
    const bytes held = place_read(&at, "tail-00000000000000000000");
    for (uint64_t offset = 0; offset < map.end; offset++) {
        const uint8_t flipped = held.data[offset] ^ 1;
        velum_status status = VELUM_OK;
        log_leaf leaf;
        uint64_t count = 0;
        place_patch(&at, "tail-00000000000000000000", offset, &flipped, 1);
        log_reader *const reader = open_reader(&at);
        while ((status = log_reader_next(reader, &leaf)) == VELUM_OK) {
            count++;
        }
        assert_int_equal(status, VELUM_E_TAMPERED);
        assert_int_equal(leaf.index, count);
        assert_true(count <= 8);
        log_reader_free(reader);
        place_patch(&at, "tail-00000000000000000000", offset, held.data + offset, 1);
    }
    mem_free(held.data);
    place_remove(&at);
}

static void test_missing_file_is_tampering(void **state)
{
    place at = place_create();
    log_leaf leaf;

    fixture_log(&at, batches, BATCHES);
    place_delete(&at, "tail-00000000000000000008");
    log_reader *const reader = open_reader(&at);
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
    }
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_E_TAMPERED);
    assert_int_equal(leaf.index, 8);
    log_reader_free(reader);
    place_remove(&at);
}

/* ---- Proofs ----------------------------------------------------------------------------------- */

typedef struct held_leaf {
    uint8_t data[LEAF_BYTES_MAX];
    size_t size;
} held_leaf;

static held_leaf leaf_at(const place *at, uint64_t index)
{
    held_leaf out;
    log_leaf leaf;
    log_reader *const reader = open_reader(at);

    assert_int_equal(log_reader_seek(reader, index), VELUM_OK);
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
    memcpy(out.data, leaf.bytes, leaf.size);
    out.size = leaf.size;
    log_reader_free(reader);
    return out;
}

static text prove(const place *at, uint64_t index, buffer *out)
{
    velum_error err = {0};

    buffer_init(out, PROOF_BYTES_MAX);
    if (log_prove(at->fd, index, out, &err) != VELUM_OK) {
        fail_msg("leaf %llu: %s", (unsigned long long)index, err.text);
    }
    return (text){(const char *)out->data, out->size};
}

/* At every size of the log, of every leaf. */
static void test_every_leaf_can_be_proved(void **state)
{
    place at = place_create();
    uint64_t found = 0;

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(&at);
    for (uint64_t size = 1; size <= LEAVES; size++) {
        assert_int_equal(fixture_append(log, 1), VELUM_OK);
        assert_int_equal(fixture_sign(log), VELUM_OK);
        for (uint64_t i = 0; i < size; i++) {
            VELUM_AUTO_BUFFER out = {0};
            const text proved = prove(&at, i, &out);
            const held_leaf leaf = leaf_at(&at, i);
            assert_int_equal(log_proof_check(proved, leaf.data, leaf.size, fixture_key(), &found),
                             VELUM_OK);
            assert_int_equal(found, i);
        }
    }
    journal_free(log);
    place_remove(&at);
}

static void test_only_what_is_covered_can_be_proved(void **state)
{
    place at = place_create();
    VELUM_AUTO_BUFFER out = {0};
    velum_error err;

    fixture_log(&at, batches, BATCHES);
    buffer_init(&out, PROOF_BYTES_MAX);
    assert_int_equal(log_prove(at.fd, LEAVES, &out, &err), VELUM_E_NOTFOUND);
    journal *const log = fixture_open(&at);
    assert_int_equal(fixture_append(log, 1), VELUM_OK);
    assert_int_equal(log_prove(at.fd, LEAVES, &out, &err), VELUM_E_NOTFOUND);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    assert_int_equal(log_prove(at.fd, LEAVES, &out, &err), VELUM_OK);
    journal_free(log);
    place_remove(&at);
}

/* Each bit of the proof and of the leaf counts; so do another leaf and another key. */
static void test_changed_proofs_do_not_hold(void **state)
{
    place at = place_create();
    uint64_t found = 0;
    note_key other;
    char other_line[NOTE_KEY_TEXT_BYTES];
    VELUM_AUTO_BUFFER out = {0};

    fixture_log(&at, batches, BATCHES);
    const text proved = prove(&at, 6, &out);
    held_leaf leaf = leaf_at(&at, 6);
    for (size_t i = 0; i < out.size; i++) {
        out.data[i] ^= (uint8_t)(1 << i % 8);
        if (log_proof_check(proved, leaf.data, leaf.size, fixture_key(), &found) == VELUM_OK) {
            fail_msg("byte %zu of the proof", i);
        }
        out.data[i] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t i = 0; i < leaf.size; i++) {
        leaf.data[i] ^= (uint8_t)(1 << i % 8);
        if (log_proof_check(proved, leaf.data, leaf.size, fixture_key(), &found) == VELUM_OK) {
            fail_msg("byte %zu of the leaf", i);
        }
        leaf.data[i] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(log_proof_check(proved, leaf.data, leaf.size, fixture_key(), &found),
                     VELUM_OK);
    const held_leaf next = leaf_at(&at, 7);
    assert_int_equal(log_proof_check(proved, next.data, next.size, fixture_key(), &found),
                     VELUM_E_TAMPERED);
    assert_int_equal(note_key_of_seed(TEXT_LITERAL(FIXTURE_ORIGIN), fixture_other_seed, &other),
                     VELUM_OK);
    note_key_format(&other, other_line);
    assert_int_equal(log_proof_check(proved, leaf.data, leaf.size, text_of(other_line), &found),
                     VELUM_E_CRYPTO);
    place_remove(&at);
}

static void test_proof_text(void **state)
{
    static const char *const bad[] = {"",
                                      "c2sp.org/tlog-proof@v1\n",
                                      "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nindex 00\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nindex 0\n",
                                      "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nextra ***\nindex 0\n\nx\n",
                                      "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nx\n"};
    proof parsed;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(proof_parse(text_of(bad[i]), &parsed), VELUM_E_INVALID);
    }
    assert_int_equal(proof_parse(text_of("c2sp.org/tlog-proof@v1\nextra YQ==\nindex 73894\n"
                                         "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n\nnote\n"),
                                 &parsed),
                     VELUM_OK);
    assert_int_equal(parsed.index, 73894);
    assert_int_equal(parsed.path.count, 1);
    assert_true(text_equal_literal(parsed.note, "note\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_and_from_anywhere),
        cmocka_unit_test(test_follows_a_growing_log),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_names_damage),
        cmocka_unit_test(test_missing_file_is_tampering),
        cmocka_unit_test(test_every_leaf_can_be_proved),
        cmocka_unit_test(test_only_what_is_covered_can_be_proved),
        cmocka_unit_test(test_changed_proofs_do_not_hold),
        cmocka_unit_test(test_proof_text),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
