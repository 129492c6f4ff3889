/* bench_audit.c FOLDER: leaves a second of journal_append, by batches of 1, 16 and 128, over what the
 * disk allows: one write and one fdatasync of the same bytes into a preallocated file.
 *
 * Both take turns, three times; the medians count. Prints JSON lines. A folder in memory is refused,
 * since there a sync costs nothing.
 */
#include "audit/journal.h"
#include "audit/tail.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define ROUNDS 3
#define BATCH_MOST 128
#define RAW_NAME "raw"
#define LOG_NAME "log"

typedef struct bench {
    int dir_fd;
    uint32_t batch;
    uint32_t appends; /* a round */
    journal *log;
    journal_body bodies[BATCH_MOST];
    uint8_t *bytes; /* what a batch takes on disk */
    size_t size;
    int raw_fd;
    uint64_t raw_offset;
} bench;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_audit: %s\n", what);
    exit(1);
}

static void must(velum_status status, const char *what)
{
    if (status < 0) {
        die(what);
    }
}

static double now(void)
{
    const velum_clock clock = clock_system();

    return (double)clock_monotonic_ns(&clock) / 1e9;
}

/* A read of two fields, as the path records it. */
static void make_body(buffer *out)
{
    audit_entry entry = {.type = ENTRY_READ,
                         .stage = ENTRY_SINGLE,
                         .at_ns = INT64_C(1795000000000000000),
                         .tenant = 1,
                         .client = 1,
                         .roles = {3},
                         .role_count = 1,
                         .auth_method = 1,
                         .token_epoch = 202611,
                         .domain = 2,
                         .activity = 7,
                         .purpose = 3,
                         .legal_basis = 1,
                         .asked = {1, 2, 5},
                         .asked_count = 3,
                         .released = {1, 2},
                         .released_count = 2,
                         .masks = {{2, 1}},
                         .mask_count = 1,
                         .decision = ENTRY_PARTIAL,
                         .rule = 12,
                         .inputs = {{1, 3}, {2, 1}, {4, 1}},
                         .input_count = 3,
                         .intended_status = 200};

    memset(entry.event_id, 1, sizeof entry.event_id);
    memset(entry.boot_id, 2, sizeof entry.boot_id);
    memset(entry.actor_token, 3, sizeof entry.actor_token);
    memset(entry.subject_token, 4, sizeof entry.subject_token);
    memset(entry.policy_hash, 5, sizeof entry.policy_hash);
    memset(entry.request_id, 6, sizeof entry.request_id);
    buffer_init(out, ENTRY_BODY_BYTES_MAX);
    must(entry_encode(&entry, out), "cannot encode an entry");
}

static double run_journal(bench *b)
{
    const double start = now();
    uint64_t first = 0;

    for (uint32_t i = 0; i < b->appends; i++) {
        must(journal_append(b->log, b->bodies, b->batch, 0, 0, &first), "cannot append");
    }
    return (double)b->appends * b->batch / (now() - start);
}

static double run_raw(bench *b)
{
    const double start = now();

    for (uint32_t i = 0; i < b->appends; i++) {
        must(file_write_at(b->raw_fd, b->raw_offset, b->bytes, b->size), "cannot write");
        must(file_sync(b->raw_fd), "cannot sync");
        b->raw_offset += b->size;
    }
    return (double)b->appends * b->batch / (now() - start);
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof values[0], compare);
    return values[ROUNDS / 2];
}

static void prepare(bench *b, const buffer *body)
{
    const uint64_t whole = (uint64_t)b->appends * ROUNDS * 2;

    for (uint32_t i = 0; i < b->batch; i++) {
        b->bodies[i] = (journal_body){body->data, body->size};
    }
    b->size = tail_batch_bytes((TAIL_FRAME_BYTES + LEAF_HEADER_BYTES + body->size) * b->batch);
    b->bytes = mem_alloc(b->size);
    if (b->bytes == NULL) {
        die("no memory");
    }
    memset(b->bytes, 0x5a, b->size);
    must(file_open(b->dir_fd, RAW_NAME, O_RDWR | O_CREAT | O_TRUNC, &b->raw_fd), "no raw file");
    must(file_reserve(b->raw_fd, whole * b->size), "no room");
    must(file_sync(b->raw_fd), "cannot sync");
    b->raw_offset = 0;
}

static void measure(bench *b, const buffer *body)
{
    double journal_rates[ROUNDS];
    double raw_rates[ROUNDS];

    prepare(b, body);
    (void)run_raw(b); /* both are warm before it counts */
    (void)run_journal(b);
    for (int round = 0; round < ROUNDS; round++) {
        journal_rates[round] = run_journal(b);
        raw_rates[round] = run_raw(b);
    }
    const double value = median(journal_rates);
    const double baseline = median(raw_rates);
    (void)printf("{\"name\":\"audit_append_%u\",\"value\":%.0f,\"unit\":\"leaves/s\","
                 "\"baseline_name\":\"write_fdatasync_%u\",\"baseline_value\":%.0f,"
                 "\"ratio\":%.3f}\n",
                 b->batch, value, b->batch, baseline, value / baseline);
    (void)fflush(stdout);
    file_close(&b->raw_fd);
    (void)unlinkat(b->dir_fd, RAW_NAME, 0);
    mem_free(b->bytes);
}

static void refuse_memory(int dir_fd)
{
    struct statfs fs;

    if (fstatfs(dir_fd, &fs) != 0 || fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC) {
        die("the folder lies in memory; give one on a disk");
    }
}

static void remove_log(int dir_fd, int log_fd)
{
    folder_tails tails;
    char name[FOLDER_TAIL_NAME_BYTES];

    must(folder_list_tails(log_fd, &tails), "cannot list the log");
    for (size_t i = 0; i < tails.count; i++) {
        folder_tail_name(tails.first[i], name);
        (void)unlinkat(log_fd, name, 0);
    }
    folder_tails_clear(&tails);
    (void)unlinkat(log_fd, FOLDER_ORIGIN, 0);
    (void)unlinkat(log_fd, FOLDER_CHECKPOINT, 0);
    (void)unlinkat(dir_fd, LOG_NAME, AT_REMOVEDIR);
}

int main(int argc, char **argv)
{
    static const uint8_t seed[ED25519_SEED_BYTES] = {1};
    static const uint32_t batches[] = {1, 16, 128};
    static const uint32_t appends[] = {2000, 1500, 600};
    bench b = {.raw_fd = -1};
    journal_recovery report;
    VELUM_AUTO_BUFFER body = {0};
    int log_fd = -1;

    if (argc != 2) {
        die("usage: bench_audit FOLDER");
    }
    must(crypto_init(), "no crypto");
    must(directory_open(argv[1], &b.dir_fd), "no such folder");
    refuse_memory(b.dir_fd);
    must(directory_create(b.dir_fd, LOG_NAME, &log_fd), "cannot make a log there");
    must(journal_create(log_fd, TEXT_LITERAL("velum.example/bench"), seed), "cannot make a log");
    const journal_options options = {.dir_fd = log_fd, .seed = seed};
    must(journal_open(&options, &b.log, &report, NULL), "cannot open the log");
    make_body(&body);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        b.batch = batches[i];
        b.appends = appends[i];
        measure(&b, &body);
    }
    journal_free(b.log);
    remove_log(b.dir_fd, log_fd);
    return 0;
}
