/* core/backup_make.c: one backup, from the snapshot to the last file (B-1, B-4).
 *
 * Keys are copied after the rows, so that each row has its key, and the log last, so that it reaches
 * the last write of the copy. The copy of vault.db gets its name when all of it stands.
 */
#include "core/backup.h"

#include "audit/folder.h"
#include "base/file.h"
#include "core/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_PART MIRROR_FILE BACKUP_PART
#define BUSY_TIMEOUT_MS 5000

static const char no_room[] = "there is no room on the disk of the place";
static const char not_written[] = "the place could not be written to";
static const char not_sound[] = "the copy is not sound; so may be what was copied: run velum audit "
                                "verify, and look at the disk";
static const char stopped[] = "it was stopped";

typedef struct making {
    velum_gate *gate;
    const backup_job *job;
    const backup_progress *progress;
    backup_place place;
    const char *what; /* that pages are told of */
    bool may_follow;  /* the copy of keys.db is not begun: what follows is in it */
} making;

static void tell_pages(void *context, uint64_t done, uint64_t total)
{
    const making *const self = context;

    self->progress->tell(self->progress->context, self->what, done, total);
}

static bool goes_on(void *context)
{
    const making *const self = context;

    return self->progress->goes_on(self->progress->context, self->may_follow);
}

static const char *reason_of(velum_status status)
{
    switch (status) {
    case VELUM_E_NOSPACE:
        return no_room;
    case VELUM_E_CORRUPT:
        return not_sound;
    case VELUM_E_UNAVAILABLE:
        return stopped;
    default:
        return not_written;
    }
}

/* --- rows ------------------------------------------------------------------------------------------- */

static velum_status copy_rows(making *self, const char *part)
{
    const store_copy_options copy = {.folder = self->place.line_path,
                                     .name = part,
                                     .progress = tell_pages,
                                     .context = self,
                                     .online = true,
                                     .goes_on = goes_on};

    self->what = "pages of vault.db copied";
    return store_copy(self->gate->db, &copy);
}

static void tell_folded(void *context, uint64_t done, uint64_t total)
{
    const making *const self = context;

    self->progress->tell(self->progress->context, "customers' index rows sealed", done, total);
}

static velum_status fold_index(making *self, const char *part)
{
    const store_options opening = {.folder = self->place.line_path,
                                   .name = part,
                                   .key = keyring_vault_db_key(self->gate->keys),
                                   .readers_max = 1,
                                   .busy_timeout_ms = BUSY_TIMEOUT_MS};
    const fold_progress progress = {.tell = tell_folded, .goes_on = goes_on, .context = self};
    VELUM_AUTO(store) *copy = NULL;

    VELUM_TRY(store_open(&opening, &copy, NULL));
    VELUM_TRY(vault_index_fold(self->gate->vault, copy, &progress));
    return store_checkpoint(copy, BUSY_TIMEOUT_MS);
}

/* --- keys ------------------------------------------------------------------------------------------- */

/* The file that was there is overwritten where it lies, once nothing leads to it any more. */
static velum_status replace_keys(const backup_place *place, const key_mirror *keys,
                                 backup_made *out)
{
    VELUM_AUTO_FD old_fd = -1;
    const velum_status found = file_open(place->fd, MIRROR_FILE, O_RDWR, &old_fd);

    if (found < 0 && found != VELUM_E_NOTFOUND) {
        return found;
    }
    VELUM_TRY(file_rename(place->fd, KEYS_PART, MIRROR_FILE));
    out->has_keys = true;
    out->keys = *keys;
    return old_fd < 0 ? VELUM_OK : file_overwrite(old_fd);
}

static velum_status destroy_file(int place_fd, const char *name)
{
    const velum_status status = file_destroy(place_fd, name);

    return status == VELUM_E_NOTFOUND ? VELUM_OK : status;
}

/* What an interrupted run may have left holds keys: overwritten, too (B-1). */
static velum_status destroy_part(const backup_place *place)
{
    static const char *const names[] = {KEYS_PART "-wal", KEYS_PART "-shm", KEYS_PART "-journal",
                                        KEYS_PART};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        VELUM_TRY(destroy_file(place->fd, names[i]));
    }
    return VELUM_OK;
}

velum_status backup_clean(const backup_place *place)
{
    VELUM_TRY(destroy_part(place));
    return backup_place_sweep(place, 0);
}

static velum_status copy_keys(making *self, backup_made *out)
{
    const store_copy_options copy = {.folder = self->place.path,
                                     .name = KEYS_PART,
                                     .progress = tell_pages,
                                     .context = self,
                                     .online = true,
                                     .holds_keys = true,
                                     .goes_on = goes_on};
    key_mirror keys = {.pushed = 0};

    self->what = "pages of keys.db copied";
    self->may_follow = false;
    VELUM_TRY(vault_mirror_copy(self->gate->vault, &copy, &keys));
    return replace_keys(&self->place, &keys, out);
}

velum_status backup_destroy_keys(velum_gate *gate, const char *path)
{
    VELUM_AUTO_PLACE place = {.fd = -1, .line_fd = -1};
    const char *reason = NULL;

    VELUM_TRY(backup_place_open(gate, path, &place, &reason));
    VELUM_TRY(destroy_part(&place));
    VELUM_TRY(destroy_file(place.fd, MIRROR_FILE "-wal"));
    VELUM_TRY(destroy_file(place.fd, MIRROR_FILE "-shm"));
    VELUM_TRY(destroy_file(place.fd, MIRROR_FILE));
    return directory_sync(place.fd);
}

/* --- the log ---------------------------------------------------------------------------------------- */

static uint64_t size_at(int dir_fd, const char *name)
{
    struct stat info;

    return fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)info.st_size : 0;
}

/* All but the last are closed and never change again. */
static velum_status copy_tails(velum_gate *gate, int log_fd, const backup_progress *progress)
{
    VELUM_AUTO_TAILS tails = {.count = 0};
    char name[FOLDER_TAIL_NAME_BYTES];

    VELUM_TRY(folder_list_tails(gate->audit_fd, &tails));
    for (size_t i = 0; i < tails.count; i++) {
        folder_tail_name(tails.first[i], name);
        const bool is_there = i + 2 < tails.count && size_at(log_fd, name) != 0 &&
                              size_at(log_fd, name) == size_at(gate->audit_fd, name);
        if (!is_there) {
            VELUM_TRY(file_copy(gate->audit_fd, name, log_fd));
        }
        progress->tell(progress->context, "files of the log copied", i + 1, tails.count);
    }
    return VELUM_OK;
}

/* The checkpoint is read first and written last: it never says more than the leaves beside it. */
velum_status backup_copy_log(velum_gate *gate, const backup_place *place,
                             const backup_progress *progress)
{
    VELUM_AUTO_FD log_fd = -1;
    VELUM_AUTO_BUFFER checkpoint = {0};

    if (mkdirat(place->line_fd, BACKUP_LOG, 0700) != 0 && errno != EEXIST) {
        return VELUM_E_IO;
    }
    log_fd = openat(place->line_fd, BACKUP_LOG, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log_fd < 0) {
        return VELUM_E_IO;
    }
    checkpointer_try(&gate->checkpointer);
    buffer_init(&checkpoint, NOTE_BYTES_MAX);
    VELUM_TRY(folder_read_checkpoint(gate->audit_fd, &checkpoint));
    VELUM_TRY(copy_tails(gate, log_fd, progress));
    VELUM_TRY(file_copy(gate->audit_fd, FOLDER_ORIGIN, log_fd));
    return file_replace(log_fd, FOLDER_CHECKPOINT, checkpoint.data, checkpoint.size);
}

/* --- the whole -------------------------------------------------------------------------------------- */

static velum_status make(making *self, backup_made *out)
{
    char part[BACKUP_NAME_BYTES + sizeof(BACKUP_PART)];

    (void)snprintf(part, sizeof(part), "%s" BACKUP_PART, self->job->name);
    VELUM_TRY(backup_clean(&self->place));
    VELUM_TRY(copy_rows(self, part));
    velum_status status = fold_index(self, part);
    if (status == VELUM_OK) {
        status = copy_keys(self, out);
    }
    if (status == VELUM_OK) {
        status = file_copy(self->gate->dir_fd, BACKUP_KEYRING, self->place.fd);
    }
    if (status == VELUM_OK) {
        status = backup_copy_log(self->gate, &self->place, self->progress);
    }
    if (status == VELUM_OK) {
        status = file_rename(self->place.line_fd, part, self->job->name); /* B-4 */
    }
    if (status < 0) {
        (void)unlinkat(self->place.line_fd, part, 0);
        return status;
    }
    return backup_place_sweep(&self->place, self->job->keep);
}

velum_status backup_make(velum_gate *gate, const backup_job *job, const backup_progress *progress,
                         backup_made *out)
{
    making self = {.gate = gate, .job = job, .progress = progress, .may_follow = true};

    *out = (backup_made){.has_keys = false};
    VELUM_TRY(backup_place_open(gate, job->place, &self.place, &out->reason));
    const velum_status status = make(&self, out);
    backup_place_close(&self.place);
    out->reason = status < 0 ? reason_of(status) : "";
    return status;
}
