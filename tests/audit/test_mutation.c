/* For each byte of a small log: flip it, and verify says no and names the place (spec/audit, "What
 * others got wrong"). Two tail files, several batches; all of it is covered by the checkpoint.
 */
#include "tests/audit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const uint32_t batches[] = {1, 3, 2, 4, 3}; /* 13 leaves: 8 and 5 */
#define BATCHES (sizeof batches / sizeof batches[0])

typedef struct mutation {
    place at;
    verify_report first;
    const char *name;
    bytes held;
} mutation;

static mutation begin(const char *name)
{
    mutation m = {.at = place_create(), .name = name};

    fixture_log(&m.at, batches, BATCHES);
    m.first = fixture_verify(&m.at, TEXT_EMPTY, false);
    assert_int_equal(fixture_verify(&m.at, text_of(m.first.checkpoint), false).exit_code,
                     VERIFY_SOUND);
    m.held = place_read(&m.at, name);
    return m;
}

static void end(mutation *m)
{
    assert_int_equal(fixture_verify(&m->at, text_of(m->first.checkpoint), false).exit_code,
                     VERIFY_SOUND);
    mem_free(m->held.data);
    place_remove(&m->at);
}

static verify_report with_byte(const mutation *m, size_t offset, uint8_t value, bool live)
{
    place_patch(&m->at, m->name, offset, &value, 1);
    const verify_report report = fixture_verify(&m->at, text_of(m->first.checkpoint), live);
    place_patch(&m->at, m->name, offset, m->held.data + offset, 1);
    return report;
}

/* The leaf or the batch that holds the offset. */
static uint64_t index_at(const tail_map *map, uint64_t offset)
{
    for (size_t i = 0; i < map->leaf_count; i++) {
        if (offset >= map->leaves[i].begin && offset < map->leaves[i].end) {
            return map->leaves[i].index;
        }
    }
    for (size_t i = 0; i < map->batch_count; i++) {
        if (offset >= map->batch_begin[i] && offset < map->batch_begin[i + 1]) {
            return map->batch_first[i];
        }
    }
    return map->leaves[map->leaf_count - 1].index + 1; /* the closing record */
}

static void flip_every_byte(const char *name, uint64_t first, bool live)
{
    mutation m = begin(name);
    const tail_map map = fixture_map(&m.at, first);

    for (size_t offset = 0; offset < map.end; offset++) {
        const uint8_t values[] = {m.held.data[offset] ^ (uint8_t)(1 << offset % 8),
                                  (uint8_t)~m.held.data[offset]};
        for (size_t i = 0; i < 2; i++) {
            const verify_report report = with_byte(&m, offset, values[i], live);
            if (report.exit_code != VERIFY_TAMPERED || report.bad_index != index_at(&map, offset)) {
                fail_msg("%s byte %zu: %d at %llu, not at %llu: %s", name, offset, report.exit_code,
                         (unsigned long long)report.bad_index,
                         (unsigned long long)index_at(&map, offset), report.reason);
            }
        }
    }
    end(&m);
}

static void test_first_file(void **state)
{
    flip_every_byte("tail-00000000000000000000", 0, false);
}

static void test_last_file(void **state)
{
    flip_every_byte("tail-00000000000000000008", 8, false);
}

static void test_last_file_while_it_is_written(void **state)
{
    flip_every_byte("tail-00000000000000000008", 8, true);
}

static void flip_every_bit(const char *name)
{
    mutation m = begin(name);

    for (size_t offset = 0; offset < m.held.size; offset++) {
        for (int bit = 0; bit < 8; bit++) {
            const uint8_t value = m.held.data[offset] ^ (uint8_t)(1 << bit);
            const verify_report report = with_byte(&m, offset, value, false);
            if (report.exit_code != VERIFY_TAMPERED || report.bad_index != VERIFY_NO_INDEX) {
                fail_msg("%s byte %zu bit %d: %d", name, offset, bit, report.exit_code);
            }
            /* Also for somebody who brings neither key nor checkpoint. */
            place_patch(&m.at, name, offset, &value, 1);
            const verify_report alone = fixture_verify_with(&m.at, TEXT_EMPTY, TEXT_EMPTY, false);
            assert_int_equal(alone.exit_code, VERIFY_TAMPERED);
            place_patch(&m.at, name, offset, m.held.data + offset, 1);
        }
    }
    end(&m);
}

static void test_origin(void **state)
{
    flip_every_bit("origin");
}

static void test_checkpoint(void **state)
{
    flip_every_bit("checkpoint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_file), cmocka_unit_test(test_last_file),
        cmocka_unit_test(test_last_file_while_it_is_written), cmocka_unit_test(test_origin),
        cmocka_unit_test(test_checkpoint)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
