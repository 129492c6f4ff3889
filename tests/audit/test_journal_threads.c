/* One appends, one reserves, one signs, one reads, all at once: what each sees is whole. */
#include "tests/audit/fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include <cmocka.h>

#define APPENDS 120

typedef struct scene {
    place at;
    journal *log;
    atomic_bool done;
    atomic_int wrong;
} scene;

static void note_wrong(scene *s, bool holds)
{
    if (!holds) {
        atomic_fetch_add(&s->wrong, 1);
    }
}

static void *reserve(void *context)
{
    scene *const s = context;

    while (!atomic_load(&s->done)) {
        note_wrong(s, journal_reserve(s->log, 5) == VELUM_OK);
        journal_unreserve(s->log, 5);
    }
    return NULL;
}

static velum_status persist(void *context, uint64_t size)
{
    uint64_t *const last = context;

    if (size <= *last) {
        return VELUM_E_INTERNAL; /* J-4 */
    }
    *last = size;
    return VELUM_OK;
}

static void *sign(void *context)
{
    scene *const s = context;
    uint64_t last = 0;

    while (!atomic_load(&s->done)) {
        note_wrong(s, journal_checkpoint(s->log, persist, &last) == VELUM_OK);
        note_wrong(s, last <= journal_size(s->log));
        verify_report judged;
        const verify_options options = {.dir_fd = s->at.fd, .live = true};
        note_wrong(s, log_verify(&options, &judged) == VELUM_OK);
        note_wrong(s, judged.exit_code == VERIFY_UNPROVEN && judged.size == last);
    }
    return NULL;
}

static void *follow(void *context)
{
    scene *const s = context;
    log_reader *reader = NULL;
    velum_status status = VELUM_OK;
    log_leaf leaf;

    note_wrong(s, log_reader_open(s->at.fd, &reader, NULL) == VELUM_OK);
    while (!atomic_load(&s->done) && status >= 0) {
        status = log_reader_next(reader, &leaf);
    }
    note_wrong(s, status >= 0);
    log_reader_free(reader);
    return NULL;
}

static void test_all_at_once(void **state)
{
    scene s = {.at = place_create()};
    void *(*const acts[])(void *) = {reserve, sign, follow};
    pthread_t threads[3];

    assert_int_equal(fixture_create(&s.at, fixture_seed), VELUM_OK);
    s.log = fixture_open(&s.at);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, acts[i], &s), 0);
    }
    for (uint32_t i = 0; i < APPENDS; i++) {
        assert_int_equal(fixture_append(s.log, 1 + i % 11), VELUM_OK);
    }
    atomic_store(&s.done, true);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&s.wrong), 0);
    assert_int_equal(fixture_sign(s.log), VELUM_OK);
    const uint64_t size = journal_size(s.log);
    journal_free(s.log);
    assert_int_equal(fixture_verify(&s.at, TEXT_EMPTY, false).size, size);
    place_remove(&s.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_at_once)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
