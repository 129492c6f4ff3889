/* core/restore.c: the run of a restore: what is there, whether it fits, the new folder. */
#include "core/restore.h"

#include "audit/folder.h"
#include "audit/verify.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_END ".part"

/* --- what is asked for ------------------------------------------------------------------------------------- */

static velum_status take_path(velum_string from, const char *what, char out[MIRROR_PLACE_BYTES],
                              velum_error *err)
{
    size_t size = from.size;

    while (size > 1 && from.data[size - 1] == '/') {
        size--;
    }
    if (from.data == NULL || size == 0 || size >= MIRROR_PLACE_BYTES ||
        memchr(from.data, '\0', size) != NULL) {
        return error_set(err, VELUM_E_INVALID, "which %s? Its path has 1 to 399 bytes", what);
    }
    memcpy(out, from.data, size);
    out[size] = '\0';
    return VELUM_OK;
}

static velum_status take_options(restoring *self, velum_error *err)
{
    struct stat info;

    VELUM_TRY(take_path(self->options->place, "place", self->place, err));
    VELUM_TRY(take_path(self->options->folder, "data folder", self->folder, err));
    (void)snprintf(self->part, sizeof(self->part), "%s" PART_END, self->folder);
    if (lstat(self->folder, &info) == 0) {
        return error_set(err, VELUM_E_EXISTS,
                         "the data folder is there already: nothing is restored over it");
    }
    return VELUM_OK;
}

/* --- the place ------------------------------------------------------------------------------------------------ */

static velum_status open_line(restoring *self, velum_error *err)
{
    char line[BACKUP_LINE_BYTES];
    note_key key;

    if (directory_open(self->place, &self->place_fd) < 0) {
        return error_set_errno(err, VELUM_E_NOTFOUND, errno, "there is no such place");
    }
    if (folder_read_key(self->place_fd, &key) < 0 || backup_line_of(text_of(key.name), line) < 0) {
        return error_set(err, VELUM_E_NOTFOUND,
                         "no backup was ever made in this place (velum backup --to PLACE)");
    }
    (void)snprintf(self->line_path, sizeof(self->line_path), "%s/%s", self->place, line);
    if (directory_open(self->line_path, &self->line_fd) < 0) {
        return error_set_errno(err, VELUM_E_NOTFOUND, errno, "the place has no backup");
    }
    return VELUM_OK;
}

static velum_status choose_copy(restoring *self, velum_error *err)
{
    const velum_string name = self->options->name;
    char *const out = self->result->name;

    if (name.size == 0) {
        const velum_status status = backup_newest(self->line_fd, out);
        return status < 0 ? error_set(err, status, "the place has no whole backup") : VELUM_OK;
    }
    if (name.size >= BACKUP_NAME_BYTES) {
        return error_set(err, VELUM_E_INVALID, "a backup is named vault-YYYYMMDDTHHMMSSZ.db");
    }
    memcpy(out, name.data, name.size);
    out[name.size] = '\0';
    if (!backup_name_is_valid(out) ||
        faccessat(self->line_fd, out, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        return error_set(err, VELUM_E_NOTFOUND, "the place has no backup of this name");
    }
    return VELUM_OK;
}

static velum_status open_log(restoring *self, velum_error *err)
{
    char path[MIRROR_PLACE_BYTES];
    velum_status status = VELUM_OK;

    if (self->options->log.size > 0) {
        VELUM_TRY(take_path(self->options->log, "log", path, err));
        status = directory_open(path, &self->log_fd);
    } else {
        self->log_fd =
            openat(self->line_fd, BACKUP_LOG, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        status = self->log_fd < 0 ? VELUM_E_NOTFOUND : VELUM_OK;
    }
    return status < 0 ? error_set_errno(err, VELUM_E_NOTFOUND, errno, "there is no such log")
                      : VELUM_OK;
}

static velum_status open_keys(restoring *self, velum_error *err)
{
    uint32_t source = 0;

    VELUM_TRY(crypto_init());
    VELUM_TRY(root_secret_find(self->place_fd, self->root, &source, err));
    return keyring_open(self->place_fd, self->root, &self->keys, err);
}

/* --- the old log ------------------------------------------------------------------------------------------------ */

static void tell_entries(void *context, uint64_t done, uint64_t total)
{
    restore_tell(context, "entries of the log verified", done, total);
}

/* By the keyring's own key: a log that somebody else signed is not this folder's. */
static velum_status log_key(const restoring *self, char out[NOTE_KEY_TEXT_BYTES], velum_error *err)
{
    note_key place;
    note_key own;

    VELUM_TRY(folder_read_key(self->place_fd, &place));
    VELUM_TRY(note_key_of_seed(text_of(place.name), keyring_note_seed(self->keys), &own));
    note_key_format(&own, out);
    return memcmp(own.public_key, place.public_key, sizeof(own.public_key)) == 0
               ? VELUM_OK
               : error_set(err, VELUM_E_CRYPTO, "the keyring is not that of the place's log");
}

static velum_status verify_log(restoring *self, velum_error *err)
{
    char key[NOTE_KEY_TEXT_BYTES];
    verify_report found = {.exit_code = VERIFY_UNREADABLE};

    VELUM_TRY(log_key(self, key, err));
    const verify_options options = {.dir_fd = self->log_fd,
                                    .verifier_key = text_of(key),
                                    .progress = tell_entries,
                                    .context = self};
    VELUM_TRY(log_verify(&options, &found));
    if (found.exit_code != VERIFY_SOUND && found.exit_code != VERIFY_UNPROVEN) {
        return error_set(err,
                         found.exit_code == VERIFY_TRUNCATED ? VELUM_E_TRUNCATED : VELUM_E_TAMPERED,
                         "the log does not verify (velum audit verify says where)");
    }
    self->log_size = found.size;
    sha256(found.checkpoint, strlen(found.checkpoint), self->checkpoint_hash);
    return VELUM_OK;
}

/* --- the news ---------------------------------------------------------------------------------------------------- */

static news_reading reading_of(restoring *self)
{
    return (news_reading){.log_fd = self->log_fd,
                          .after_seq = self->copy_seq,
                          .tell = restore_tell,
                          .context = self,
                          .leaves = self->log_size};
}

static velum_status read_news(restoring *self, velum_error *err)
{
    const news_reading how = reading_of(self);

    VELUM_TRY(restore_news_create(&self->news));
    const velum_status status = restore_news_read(self->news, &how);
    if (status < 0) {
        return error_set(err, status, "the log cannot be read (%s)", status_text(status));
    }
    const news_summary *const summary = restore_news_summary(self->news);
    self->result->log_size = summary->leaves;
    self->result->entries_since = summary->since;
    self->result->policies = summary->policies;
    self->result->requests = summary->requests;
    return clock_wall_ns(&self->clock) >= summary->newest_ns
               ? VELUM_OK
               : error_set(err, VELUM_E_UNAVAILABLE,
                           "the machine's clock is behind the log: set it first");
}

/* --- the new folder ------------------------------------------------------------------------------------------------ */

static velum_status count_customers(const velum_gate *gate, uint64_t *out)
{
    static const char sql[] = "SELECT count(*) FROM subject WHERE status = 1";
    store_conn *conn = NULL;
    store_stmt *stmt = NULL;

    VELUM_TRY(store_reader_acquire(gate->db, GATE_READER_WAIT_MS, &conn));
    velum_status status = conn_statement(conn, sql, &stmt);
    if (status == VELUM_OK) {
        status = stmt_step(stmt);
    }
    if (status == VELUM_OK) {
        *out = (uint64_t)stmt_integer(stmt, 0);
    }
    store_reader_release(gate->db, conn);
    return status;
}

static velum_status mend(restoring *self, velum_gate *gate)
{
    mending work = {.news = self->news, .result = self->result};
    const news_reading how = reading_of(self);
    uint64_t customers = 0;

    VELUM_TRY(count_customers(gate, &customers));
    VELUM_TRY(restore_mend(gate, &work, &how, customers));
    (void)snprintf(self->result->origin, sizeof(self->result->origin), "%s",
                   journal_origin(gate->journal));
    (void)snprintf(self->result->verifier_key, sizeof(self->result->verifier_key), "%s",
                   journal_verifier_key(gate->journal));
    return count_customers(gate, &self->result->subjects);
}

static velum_status open_and_mend(restoring *self, velum_error *err)
{
    velum_gate *gate = NULL;
    const velum_gate_options options = {
        .size = sizeof(options), .folder = {self->part, strlen(self->part)}, .workers = 1};
    const gate_opening how = {.root = self->root, .is_restoring = true};

    VELUM_TRY(gate_open_as(&options, &how, &gate, err));
    const velum_status status = mend(self, gate);
    velum_gate_free(gate);
    return status < 0 ? error_set(err, status, "what came since could not be made good (%s)",
                                  status_text(status))
                      : VELUM_OK;
}

static velum_status restore(restoring *self, velum_error *err)
{
    VELUM_TRY(take_options(self, err));
    VELUM_TRY(open_line(self, err));
    VELUM_TRY(choose_copy(self, err));
    VELUM_TRY(open_log(self, err));
    VELUM_TRY(open_keys(self, err));
    VELUM_TRY(verify_log(self, err));
    VELUM_TRY(restore_copy_files(self, err));
    VELUM_TRY(restore_read_seq(self, err));
    VELUM_TRY(read_news(self, err));
    VELUM_TRY(restore_begin_log(self, err));
    VELUM_TRY(open_and_mend(self, err));
    return restore_name_folder(self, err);
}

static void clear(restoring *self)
{
    file_close(&self->part_fd);
    if (self->has_part) {
        restore_remove_part(self->part);
    }
    file_close(&self->log_fd);
    file_close(&self->line_fd);
    file_close(&self->place_fd);
    restore_news_free(self->news);
    keyring_free(self->keys);
    mem_wipe(self->root, sizeof(self->root));
}

velum_status velum_restore(const velum_restore_options *options, velum_restore_result *result,
                           velum_error *err)
{
    restoring self = {.options = options,
                      .result = result,
                      .clock = clock_system(),
                      .random = random_system(),
                      .place_fd = -1,
                      .line_fd = -1,
                      .log_fd = -1,
                      .part_fd = -1};

    if (options == NULL || options->size < sizeof(*options) || result == NULL ||
        result->size < sizeof(*result)) {
        return error_set(err, VELUM_E_INVALID, "the options or the result have no size");
    }
    *result = (velum_restore_result){.size = sizeof(*result)};
    if (err != NULL) {
        *err = (velum_error){.status = VELUM_OK};
    }
    const velum_status status = restore(&self, err);
    clear(&self);
    return status < 0 && err != NULL && err->status == VELUM_OK
               ? error_set(err, status, "nothing was restored: %s", status_text(status))
               : status;
}
