/* Verifying and proving from a folder, and whether somebody holds it. */
#include "audit/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/log_reader.h"
#include "audit/note.h"
#include "audit/verify.h"
#include "base/file.h"

#include <velum/admin.h>

#define ORIGIN "velum.example/tools"
#define LEAVES 9u

static const uint8_t SEED[ED25519_SEED_BYTES] = {3, 1, 4, 1, 5, 9};

typedef struct log_folder {
    char path[256];
    int fd;
} log_folder;

static velum_string string_of(const char *terminated)
{
    return (velum_string){terminated, strlen(terminated)};
}

static void append_one(journal *log, uint64_t number)
{
    VELUM_AUTO_BUFFER body = {0};
    audit_entry entry = {.type = ENTRY_READ,
                         .stage = ENTRY_SINGLE,
                         .tenant = 1,
                         .decision = ENTRY_ALLOW,
                         .at_ns = INT64_C(1795000000000000000)};
    uint64_t first = 0;

    entry.event_id[0] = 0xab;
    entry.event_id[15] = (uint8_t)(number + 1);
    buffer_init(&body, ENTRY_BODY_BYTES_MAX);
    assert_int_equal(entry_encode(&entry, &body), VELUM_OK);
    const journal_body one = {body.data, body.size};
    assert_int_equal(journal_append(log, &one, 1, 0, 0, &first), VELUM_OK);
    assert_int_equal(first, number);
}

static velum_status persist(void *context, uint64_t size)
{
    return VELUM_OK;
}

static void make_log(const log_folder *self)
{
    const journal_options options = {.dir_fd = self->fd, .seed = SEED};
    journal_recovery report;
    VELUM_AUTO(journal) *log = NULL;

    assert_int_equal(journal_create(self->fd, TEXT_LITERAL(ORIGIN), SEED), VELUM_OK);
    assert_int_equal(journal_open(&options, &log, &report, NULL), VELUM_OK);
    for (uint64_t i = 0; i < LEAVES; i++) {
        append_one(log, i);
    }
    assert_int_equal(journal_checkpoint(log, persist, NULL), VELUM_OK);
}

static int set_up(void **state)
{
    const char *const base = getenv("TMPDIR");
    log_folder *const self = calloc(1, sizeof *self);

    assert_int_equal(crypto_init(), VELUM_OK);
    snprintf(self->path, sizeof self->path, "%s/log-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(self->path));
    self->fd = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(self->fd >= 0);
    make_log(self);
    *state = self;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    return remove(path);
}

static int tear_down(void **state)
{
    log_folder *const self = *state;

    close(self->fd);
    nftw(self->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(self);
    return 0;
}

static const char *verifier_key(void)
{
    static char line[NOTE_KEY_TEXT_BYTES];
    note_key key;

    assert_int_equal(note_key_of_seed(TEXT_LITERAL(ORIGIN), SEED, &key), VELUM_OK);
    note_key_format(&key, line);
    return line;
}

static velum_log_options options_of(const log_folder *self)
{
    return (velum_log_options){.size = sizeof(velum_log_options),
                               .folder = string_of(self->path),
                               .verifier_key = string_of(verifier_key())};
}

static velum_log_report verify(const velum_log_options *options)
{
    velum_log_report report = {.size = sizeof report};

    assert_int_equal(velum_log_verify(options, &report), VELUM_OK);
    assert_int_equal(report.size, sizeof report);
    return report;
}

static void a_sound_log_is_told_with_all_its_members(void **state)
{
    velum_log_options options = options_of(*state);
    velum_log_report report = verify(&options);

    assert_int_equal(report.exit_code, VERIFY_UNPROVEN); /* nothing says that nothing was cut */
    assert_int_equal(report.entries, LEAVES);
    assert_true(report.key_was_given);
    assert_false(report.seen_was_given);
    assert_string_equal(report.origin, ORIGIN);
    assert_int_equal(strlen(report.root), 44);
    options.seen_checkpoint = string_of(report.checkpoint);
    const velum_log_report again = verify(&options);
    assert_int_equal(again.exit_code, VERIFY_SOUND);
    assert_true(again.seen_was_given);
    assert_string_equal(again.root, report.root);
}

static void a_changed_byte_is_told(void **state)
{
    const log_folder *const self = *state;
    const velum_log_options options = options_of(self);
    const int fd = openat(self->fd, "tail-00000000000000000000", O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, 120), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 120), 1);
    close(fd);
    const velum_log_report report = verify(&options);
    assert_int_equal(report.exit_code, VERIFY_TAMPERED);
    assert_int_equal(report.bad_index, 0);
    assert_true(report.reason[0] != '\0');
}

static void what_cannot_be_opened_is_unreadable(void **state)
{
    velum_log_options options = options_of(*state);

    options.folder = string_of("/nowhere/at/all");
    const velum_log_report report = verify(&options);
    assert_int_equal(report.exit_code, VERIFY_UNREADABLE);
    assert_int_equal(report.entries, 0);
    assert_true(report.key_was_given);
    assert_true(report.reason[0] != '\0');
    assert_null(strstr(report.reason, "nowhere"));
}

static void a_caller_s_mistake_is_told(void **state)
{
    velum_log_options options = options_of(*state);
    velum_log_report report = {.size = sizeof report};

    options.folder = (velum_string){"a\0b", 3};
    assert_int_equal(velum_log_verify(&options, &report), VELUM_E_INVALID);
    options = options_of(*state);
    options.size = 8;
    assert_int_equal(velum_log_verify(&options, &report), VELUM_E_INVALID);
    options.size = sizeof options;
    report.size = 0;
    assert_int_equal(velum_log_verify(&options, &report), VELUM_E_INVALID);
}

/* The proof, checked against the leaf that the log holds. */
static void check_proof(const log_folder *self, const char *proof, size_t size, uint64_t index)
{
    VELUM_AUTO(log_reader) *reader = NULL;
    log_leaf leaf;
    uint64_t found = UINT64_MAX;

    assert_int_equal(log_reader_open(self->fd, &reader, NULL), VELUM_OK);
    assert_int_equal(log_reader_seek(reader, index), VELUM_OK);
    assert_int_equal(log_reader_next(reader, &leaf), VELUM_OK);
    assert_int_equal(log_proof_check((text){proof, size}, leaf.bytes, leaf.size,
                                     text_of(verifier_key()), &found),
                     VELUM_OK);
    assert_int_equal(found, index);
}

static void an_entry_is_proved_by_index_and_by_id(void **state)
{
    const log_folder *const self = *state;
    const velum_string folder = string_of(self->path);
    char *by_index = NULL;
    char *by_id = NULL;
    size_t size = 0;
    size_t size_by_id = 0;

    assert_int_equal(velum_log_prove(folder, string_of("6"), &by_index, &size, NULL), VELUM_OK);
    check_proof(self, by_index, size, 6);
    assert_int_equal(velum_log_prove(folder, string_of("ab000000000000000000000000000007"), &by_id,
                                     &size_by_id, NULL),
                     VELUM_OK);
    assert_int_equal(size_by_id, size);
    assert_memory_equal(by_id, by_index, size);
    velum_body_free(by_index);
    velum_body_free(by_id);
}

static void assert_unproved(const log_folder *self, const char *wanted, velum_status status)
{
    velum_error err = {.status = VELUM_OK};
    char *proof = (char *)"?";
    size_t size = 1;

    assert_int_equal(velum_log_prove(string_of(self->path), string_of(wanted), &proof, &size, &err),
                     status);
    assert_int_equal(err.status, status);
    assert_null(proof);
    assert_int_equal(size, 0);
}

static void what_is_not_there_is_not_proved(void **state)
{
    const log_folder *const self = *state;

    assert_unproved(self, "9", VELUM_E_NOTFOUND);
    assert_unproved(self, "18446744073709551615", VELUM_E_NOTFOUND);
    assert_unproved(self, "ab000000000000000000000000000099", VELUM_E_NOTFOUND);
    assert_unproved(self, "", VELUM_E_INVALID);
    assert_unproved(self, "-1", VELUM_E_INVALID);
    assert_unproved(self, "06", VELUM_E_INVALID);
    assert_unproved(self, "xb000000000000000000000000000007", VELUM_E_INVALID);
}

static void a_folder_is_live_while_its_lock_is_held(void **state)
{
    const log_folder *const self = *state;
    const velum_string folder = string_of(self->path);
    int fd = -1;

    assert_false(velum_folder_is_live(folder)); /* no lock file */
    assert_int_equal(file_open(self->fd, "lock", O_RDWR | O_CREAT, &fd), VELUM_OK);
    assert_false(velum_folder_is_live(folder));
    assert_int_equal(file_lock(fd), VELUM_OK);
    assert_true(velum_folder_is_live(folder));
    file_close(&fd);
    assert_false(velum_folder_is_live(folder));
    assert_false(velum_folder_is_live(string_of("/nowhere/at/all")));
    assert_false(velum_folder_is_live((velum_string){NULL, 0}));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sound_log_is_told_with_all_its_members), TEST(a_changed_byte_is_told),
        TEST(what_cannot_be_opened_is_unreadable),      TEST(a_caller_s_mistake_is_told),
        TEST(an_entry_is_proved_by_index_and_by_id),    TEST(what_is_not_there_is_not_proved),
        TEST(a_folder_is_live_while_its_lock_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
