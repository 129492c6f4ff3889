/* fuzz_tail.c: any bytes as the first tail file of a log. Verify reaches a judgement and calls
 * nothing sound that is not there; a journal opens it or refuses, and what it accepts it can read,
 * append to and open again with nothing left to mend.
 */
#include "audit/journal.h"
#include "audit/log_reader.h"
#include "audit/verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

#define TAIL "tail-00000000000000000000"
#define LEAVES_PER_TAIL 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const uint8_t seed[ED25519_SEED_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
static char folder[512];
static int folder_fd = -1;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The folder is removed at the end of the process that made it, not of its children. */
static pid_t owner;

static void remove_folder(void)
{
    char command[600];

    if (getpid() == owner && snprintf(command, sizeof command, "rm -rf '%s'", folder) > 0) {
        const int done = system(command);
        (void)done;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *const parent = getenv("TMPDIR");

    (void)argc;
    (void)argv;
    require(crypto_init() == VELUM_OK);
    (void)snprintf(folder, sizeof folder, "%s/velum-fuzz.XXXXXX", parent ? parent : "/tmp");
    require(mkdtemp(folder) != NULL);
    owner = getpid();
    require(atexit(remove_folder) == 0);
    require(directory_open(folder, &folder_fd) == VELUM_OK);
    require(journal_create(folder_fd, TEXT_LITERAL("velum.example/test"), seed) == VELUM_OK);
    return 0;
}

static void place(const uint8_t *data, size_t size)
{
    const int fd = openat(folder_fd, TAIL, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    require(fd >= 0);
    require(write(fd, data, size) == (ssize_t)size);
    close(fd);
    (void)unlinkat(folder_fd, "tail-00000000000000000008", 0);
}

static int judge(bool live)
{
    const verify_options options = {.dir_fd = folder_fd, .live = live};
    verify_report report;

    require(log_verify(&options, &report) == VELUM_OK);
    require(report.exit_code == VERIFY_TAMPERED || report.exit_code == VERIFY_UNREADABLE ||
            report.exit_code == VERIFY_UNPROVEN);
    require(!live || report.exit_code == VERIFY_UNPROVEN);
    require(report.reason[0] != 0);
    return report.exit_code;
}

static uint64_t read_all(void)
{
    VELUM_AUTO(log_reader) *reader = NULL;
    log_leaf leaf;
    uint64_t count = 0;

    require(log_reader_open(folder_fd, &reader, NULL) == VELUM_OK);
    while (log_reader_next(reader, &leaf) == VELUM_OK) {
        require(leaf.index == count);
        count++;
    }
    return count;
}

static void open_twice(int code)
{
    const journal_options options = {
        .dir_fd = folder_fd, .seed = seed, .leaves_per_tail = LEAVES_PER_TAIL};
    const journal_body one = {(const uint8_t *)"\xa1\x02\x14", 3};
    journal_recovery first;
    journal_recovery second;
    velum_error err = {.status = VELUM_OK};
    uint64_t index = 0;
    journal *log = NULL;

    if (journal_open(&options, &log, &first, &err) != VELUM_OK) {
        require(log == NULL && err.status < 0);
        return;
    }
    require(code != VERIFY_TAMPERED);
    require(read_all() == first.size);
    require(journal_append(log, &one, 1, 0, first.outbox_seq, &index) == VELUM_OK);
    require(index == first.size);
    journal_free(log);
    require(journal_open(&options, &log, &second, &err) == VELUM_OK);
    require(second.size == first.size + 1 && !second.torn);
    journal_free(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    place(data, size);
    (void)judge(true);
    const int code = judge(false);
    (void)read_all();
    if (crc32c(0, data, size) % 8 == 0) { /* opening syncs: one input in eight pays for it */
        open_twice(code);
    }
    return 0;
}
