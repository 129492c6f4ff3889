/* core/log_tools.c: verifying and proving from a log folder, without a gate, a lock or a secret. */
#include "audit/log_reader.h"
#include "audit/proof.h"
#include "audit/verify.h"
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <velum/admin.h>

#define FOLDER_BYTES_MAX 4096
#define LOCK_NAME "lock"

static_assert(sizeof(((velum_log_report *)NULL)->origin) == sizeof(((verify_report *)NULL)->origin),
              "origins fit");
static_assert(sizeof(((velum_log_report *)NULL)->root) == sizeof(((verify_report *)NULL)->root),
              "roots fit");
static_assert(sizeof(((velum_log_report *)NULL)->reason) == sizeof(((verify_report *)NULL)->reason),
              "reasons fit");
static_assert(sizeof(((velum_log_report *)NULL)->checkpoint) ==
                  sizeof(((verify_report *)NULL)->checkpoint),
              "checkpoints fit");

static text text_from(velum_string string)
{
    return string.size == 0 ? TEXT_EMPTY : (text){string.data, string.size};
}

static velum_status open_folder(velum_string folder, int *out_fd)
{
    VELUM_AUTO_MEM char *path = NULL;

    *out_fd = -1;
    if (folder.size == 0 || folder.size >= FOLDER_BYTES_MAX ||
        memchr(folder.data, '\0', folder.size) != NULL) {
        errno = EINVAL;
        return VELUM_E_INVALID;
    }
    path = mem_copy_text(folder.data, folder.size);
    return path == NULL ? VELUM_E_NOMEM : directory_open(path, out_fd);
}

/* --- Verify ----------------------------------------------------------------------------------- */

/* Everything but `size`, which is the caller's. */
static void report_fill(const verify_report *found, velum_log_report *out)
{
    out->exit_code = found->exit_code;
    out->entries = found->size;
    out->bad_index = found->bad_index;
    out->unanchored = found->unanchored;
    out->unclean_tail = found->unclean_tail;
    out->key_was_given = found->key_was_given;
    out->seen_was_given = found->seen_was_given;
    memcpy(out->origin, found->origin, sizeof(out->origin));
    memcpy(out->root, found->root, sizeof(out->root));
    memcpy(out->reason, found->reason, sizeof(out->reason));
    memcpy(out->checkpoint, found->checkpoint, sizeof(out->checkpoint));
}

/* A folder that does not open is a judgement too: nothing can be read. */
static void report_unreadable(const velum_log_options *options, velum_log_report *out)
{
    verify_report found = {.exit_code = VERIFY_UNREADABLE};

    found.key_was_given = options->verifier_key.size > 0;
    found.seen_was_given = options->seen_checkpoint.size > 0;
    (void)snprintf(found.reason, sizeof(found.reason), "the log's folder cannot be opened");
    report_fill(&found, out);
}

velum_status velum_log_verify(const velum_log_options *options, velum_log_report *report)
{
    VELUM_AUTO_FD dir_fd = -1;
    verify_report found = {.exit_code = VERIFY_UNREADABLE};

    if (options->size < sizeof(*options) || report->size < sizeof(*report)) {
        return VELUM_E_INVALID;
    }
    const velum_status opened = open_folder(options->folder, &dir_fd);
    if (opened == VELUM_E_NOMEM || opened == VELUM_E_INVALID) {
        return opened;
    }
    if (opened < 0) {
        report_unreadable(options, report);
        return VELUM_OK;
    }
    const verify_options wanted = {
        .dir_fd = dir_fd,
        .verifier_key = text_from(options->verifier_key),
        .seen_checkpoint = text_from(options->seen_checkpoint),
        .live = options->live,
        .progress = options->progress,
        .context = options->context,
    };
    VELUM_TRY(log_verify(&wanted, &found));
    report_fill(&found, report);
    return VELUM_OK;
}

/* --- Prove ------------------------------------------------------------------------------------ */

/* 32 hex digits are an event id; a decimal of that length would not be an index. */
static velum_status find_index(int dir_fd, text wanted, uint64_t *out_index, velum_error *err)
{
    uint8_t event_id[ENTRY_TOKEN_BYTES];
    VELUM_AUTO(log_reader) *reader = NULL;

    if (wanted.size != 2 * sizeof(event_id)) {
        return text_parse_u64(wanted, out_index)
                   ? VELUM_OK
                   : error_set(err, VELUM_E_INVALID, "neither an index nor an event id");
    }
    if (hex_decode(wanted, event_id, sizeof(event_id)) < 0) {
        return error_set(err, VELUM_E_INVALID, "neither an index nor an event id");
    }
    VELUM_TRY(log_reader_open(dir_fd, &reader, err));
    const velum_status status = log_reader_find(reader, event_id, out_index);
    if (status != VELUM_OK) {
        return error_set(err, status, "no entry with this event id could be read");
    }
    return VELUM_OK;
}

velum_status velum_log_prove(velum_string folder, velum_string index_or_id, char **out_proof,
                             size_t *out_size, velum_error *err)
{
    VELUM_AUTO_FD dir_fd = -1;
    VELUM_AUTO_BUFFER proof = {0};
    uint8_t *data = NULL;
    uint64_t index = 0;

    *out_proof = NULL;
    *out_size = 0;
    buffer_init(&proof, PROOF_BYTES_MAX);
    const velum_status opened = open_folder(folder, &dir_fd);
    if (opened < 0) {
        return error_set_errno(err, opened, errno, "cannot open the log's folder");
    }
    VELUM_TRY(find_index(dir_fd, text_from(index_or_id), &index, err));
    VELUM_TRY(log_prove(dir_fd, index, &proof, err));
    VELUM_TRY(buffer_take(&proof, &data, out_size));
    *out_proof = (char *)data;
    return VELUM_OK;
}

/* --- Is it live? ------------------------------------------------------------------------------ */

bool velum_folder_is_live(velum_string folder)
{
    VELUM_AUTO_FD dir_fd = -1;
    VELUM_AUTO_FD lock_fd = -1;
    bool held = false;

    if (open_folder(folder, &dir_fd) < 0 || file_open(dir_fd, LOCK_NAME, O_RDONLY, &lock_fd) < 0) {
        return false;
    }
    return file_lock_is_held(lock_fd, &held) == VELUM_OK && held;
}
