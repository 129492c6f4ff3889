/* Every Nth write and sync fails, or the process is killed there: what was acknowledged is there
 * afterwards, and the log verifies. J-1 to J-5. The plan stands in base/fault.h.
 */
#include "tests/audit/fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"

#ifdef VELUM_TEST_SEAMS

static const uint32_t batches[] = {1, 3, 2, 5, 1, 9, 20, 2}; /* over file boundaries, too */
#define BATCHES (sizeof batches / sizeof batches[0])
#define PLANS_MAX 400

/* What the work has been promised. */
typedef struct promise {
    uint64_t durable; /* journal_append said OK */
    uint64_t signed_size;
    int failures;
    velum_status last;
} promise;

static velum_status remember(void *context, uint64_t size)
{
    ((promise *)context)->signed_size = size;
    return VELUM_OK;
}

static void append_all(journal *log, promise *made)
{
    for (size_t i = 0; i < BATCHES; i++) {
        made->last = fixture_append(log, batches[i]);
        made->failures += made->last == VELUM_OK ? 0 : 1;
        made->durable = journal_size(log);
        const velum_status signed_now = journal_checkpoint(log, remember, made);
        (void)signed_now;
    }
}

/* All leaves from 0 are what was appended; at least as many as were promised. */
static void check_leaves(const place *at, uint64_t size)
{
    log_reader *reader = NULL;
    velum_error err;
    log_leaf leaf;
    uint64_t count = 0;

    assert_int_equal(log_reader_open(at->fd, &reader, &err), VELUM_OK);
    while (log_reader_next(reader, &leaf) == VELUM_OK) {
        audit_entry expected;
        audit_entry entry;
        fixture_entry(count, &expected);
        assert_int_equal(entry_decode(leaf.body, leaf.body_size, &entry), VELUM_OK);
        assert_memory_equal(&entry, &expected, sizeof entry);
        count++;
    }
    log_reader_free(reader);
    assert_int_equal(count, size);
}

static void check_reopened(const place *at, const promise *made)
{
    journal_options options = fixture_options(at);
    journal_recovery report;
    velum_error err = {0};
    journal *log = NULL;

    options.signed_size = made->signed_size;
    if (journal_open(&options, &log, &report, &err) != VELUM_OK) {
        fail_msg("%s", err.text);
    }
    assert_true(report.size >= made->durable); /* J-1 */
    assert_int_equal(report.size, journal_size(log));
    assert_int_equal(fixture_append(log, 3), VELUM_OK);
    assert_int_equal(fixture_sign(log), VELUM_OK);
    check_leaves(at, report.size + 3);
    journal_free(log);
    const verify_report verified = fixture_verify(at, TEXT_EMPTY, false);
    assert_int_equal(verified.exit_code, VERIFY_UNPROVEN);
    assert_false(verified.unclean_tail);
    assert_int_equal(verified.size, report.size + 3);
}

/* One plan; false when the work ended before it struck. */
static bool run_plan(const char *kind, int n, const char *effect, bool service_resumes)
{
    place at = place_create();
    promise made = {0};
    char plan[64];

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(&at);
    snprintf(plan, sizeof plan, "%s:%d:%s", kind, n, effect);
    fault_plan(plan);
    append_all(log, &made);
    const fault_kind counted = kind[0] == 'w' ? FAULT_WRITE : FAULT_SYNC;
    const bool struck = fault_count(counted) >= (unsigned long)n;
    fault_plan(NULL);
    const velum_status after = fixture_append(log, 1);
    if (service_resumes) {
        assert_int_equal(after, VELUM_OK);
        made.durable = journal_size(log);
    } else {
        assert_true(after == VELUM_OK || after == VELUM_E_UNAVAILABLE); /* J-5 */
        made.durable = journal_size(log);
        assert_int_equal(fixture_append(log, 1), after);
        made.durable = journal_size(log);
    }
    journal_free(log);
    check_reopened(&at, &made);
    place_remove(&at);
    return struck;
}

static void run_plans(const char *kind, const char *effect, bool service_resumes)
{
    int n = 1;

    while (n < PLANS_MAX && run_plan(kind, n, effect, service_resumes)) {
        n++;
    }
    assert_true(n > 10 && n < PLANS_MAX);
}

static void test_each_write_fails_once(void **state)
{
    run_plans("write", "eio", true);
}

static void test_disk_full_once(void **state)
{
    run_plans("write", "enospc", true);
}

static void test_each_sync_fails_once(void **state)
{
    run_plans("sync", "eio", false);
}

/* The disk stays full from the Nth write on, then has room again: the same journal goes on. */
static void test_disk_full_for_long(void **state)
{
    for (int n = 1; n <= 40; n++) {
        place at = place_create();
        promise made = {0};
        char plan[64];
        assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
        journal *const log = fixture_open(&at);
        snprintf(plan, sizeof plan, "write:%d+:enospc", n);
        fault_plan(plan);
        append_all(log, &made);
        if (made.failures > 0) {
            assert_int_equal(made.last, VELUM_E_NOSPACE);
            assert_int_not_equal(journal_reserve(log, 1), VELUM_OK);
        }
        fault_plan(NULL);
        append_all(log, &made);
        assert_int_equal(made.last, VELUM_OK);
        assert_int_equal(journal_reserve(log, 1), VELUM_OK);
        journal_unreserve(log, 1);
        journal_free(log);
        check_reopened(&at, &made);
        place_remove(&at);
    }
}

static void test_recovery_itself_fails(void **state)
{
    static const char *const kinds[] = {"write", "sync"};

    for (size_t kind = 0; kind < 2; kind++) {
        for (int n = 1; n <= 6; n++) {
            place at = place_create();
            promise made = {0};
            journal_recovery report;
            journal *log = NULL;
            char plan[64];
            assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
            log = fixture_open(&at);
            assert_int_equal(fixture_append(log, 3), VELUM_OK);
            journal_free(log);
            const tail_map map = fixture_map(&at, 0);
            place_patch(&at, "tail-00000000000000000000", map.end + 70, "torn", 4);
            made.durable = 3;
            snprintf(plan, sizeof plan, "%s:%d:eio", kinds[kind], n);
            fault_plan(plan);
            if (fixture_try_open(&at, 0, &log, &report) == VELUM_OK) {
                journal_free(log);
            }
            fault_plan(NULL);
            check_reopened(&at, &made);
            place_remove(&at);
        }
    }
}

/* ---- Killed ----------------------------------------------------------------------------------- */

static void child(const place *at, const char *plan, int report_fd)
{
    const journal_options options = fixture_options(at);
    journal_recovery found;
    journal *log = NULL;
    promise made = {0};

    if (journal_open(&options, &log, &found, NULL) != VELUM_OK) {
        _exit(3);
    }
    fault_plan(plan);
    for (size_t i = 0; i < BATCHES; i++) {
        if (fixture_append(log, batches[i]) != VELUM_OK) {
            _exit(4);
        }
        made.durable = journal_size(log);
        if (write(report_fd, &made, sizeof made) != sizeof made ||
            journal_checkpoint(log, remember, &made) != VELUM_OK) {
            _exit(5);
        }
    }
    _exit(0);
}

/* False when the child came through alive. */
static bool kill_at(const char *kind, int n)
{
    place at = place_create();
    promise made = {0};
    promise next;
    char plan[64];
    int channel[2];
    int status = 0;

    snprintf(plan, sizeof plan, "%s:%d:kill", kind, n);
    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    assert_int_equal(pipe(channel), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        child(&at, plan, channel[1]);
    }
    close(channel[1]);
    while (read(channel[0], &next, sizeof next) == sizeof next) {
        made = next;
    }
    close(channel[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    assert_true(killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    check_reopened(&at, &made);
    place_remove(&at);
    return killed;
}

static void test_killed_at_each_write(void **state)
{
    int n = 1;

    while (n < PLANS_MAX && kill_at("write", n)) {
        n++;
    }
    assert_true(n > 10 && n < PLANS_MAX);
}

static void test_killed_at_each_sync(void **state)
{
    int n = 1;

    while (n < PLANS_MAX && kill_at("sync", n)) {
        n++;
    }
    assert_true(n > 10 && n < PLANS_MAX);
}

/* ---- Reservations ----------------------------------------------------------------------------- */

/* What a writer reserved is on disk before it is needed: appending it allocates nothing, so that
 * the one write that happens is the batch itself. */
static void test_reserved_room_needs_no_new_room(void **state)
{
    place at = place_create();
    uint64_t first = 0;
    const journal_body one = {(const uint8_t *)"\xa1\x02\x14", 3};

    assert_int_equal(fixture_create(&at, fixture_seed), VELUM_OK);
    journal *const log = fixture_open(&at);
    assert_int_equal(journal_reserve(log, 7), VELUM_OK);
    for (int i = 0; i < 7; i++) {
        fault_plan("write:2:enospc");
        assert_int_equal(journal_append(log, &one, 1, 1, 0, &first), VELUM_OK);
        assert_int_equal(fault_count(FAULT_WRITE), 1);
    }
    fault_plan(NULL);
    journal_free(log);
    place_remove(&at);
}

#else
static void test_skipped(void **state)
{
    skip(); /* this variant has no seams */
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef VELUM_TEST_SEAMS
        cmocka_unit_test(test_each_write_fails_once),
        cmocka_unit_test(test_disk_full_once),
        cmocka_unit_test(test_each_sync_fails_once),
        cmocka_unit_test(test_disk_full_for_long),
        cmocka_unit_test(test_recovery_itself_fails),
        cmocka_unit_test(test_killed_at_each_write),
        cmocka_unit_test(test_killed_at_each_sync),
        cmocka_unit_test(test_reserved_room_needs_no_new_room),
#else
        cmocka_unit_test(test_skipped),
#endif
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return crypto_init() == VELUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
