/* core/upgrade_backup.c: the backup that an upgrade makes before its first step (U-2). */
#include "core/upgrade.h"

#include "base/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NAME_START "backup-schema-"
#define NAME_PART ".part" /* its end while it is being made */
#define NAMES_MAX 99      /* in one second */
#define DIGITS_BYTES 20   /* of the time in a name */
#define FILE_BYTES_MAX 4096
#define FOLDERS_MAX 100000 /* entries of a place that are looked at */

/* Whatever can stand in a backup, whole or cut short. */
static const char *const own_files[] = {
    "vault.db",    "vault.db-wal", "vault.db-shm", "vault.db-journal", "keyring",
    "keyring.tmp", "origin",       "origin.tmp",   "checkpoint",       "checkpoint.tmp"};

/* "20261121T200800Z" */
static void format_time(const upgrade *self, char out[DIGITS_BYTES])
{
    char at[TIME_TEXT_BYTES];
    size_t count = 0;

    time_format(clock_wall_ns(&self->clock), at);
    for (size_t i = 0; at[i] != '\0' && at[i] != '.' && count < DIGITS_BYTES - 2; i++) {
        if (at[i] != '-' && at[i] != ':') {
            out[count++] = at[i];
        }
    }
    out[count++] = 'Z';
    out[count] = '\0';
}

/* The first name that is free: two runs may come within one second, the first of them killed. */
static velum_status name_of(const upgrade *self, int place_fd, char out[UPGRADE_NAME_BYTES])
{
    char at[DIGITS_BYTES];

    format_time(self, at);
    for (uint32_t n = 1; n <= NAMES_MAX; n++) {
        const int size =
            n == 1
                ? snprintf(out, UPGRADE_NAME_BYTES, NAME_START "%u-%s", self->vault_from, at)
                : snprintf(out, UPGRADE_NAME_BYTES, NAME_START "%u-%s-%u", self->vault_from, at, n);
        if (size < 0 || size >= UPGRADE_NAME_BYTES) {
            return VELUM_E_LIMIT;
        }
        if (faccessat(place_fd, out, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
            return errno == ENOENT ? VELUM_OK : VELUM_E_IO;
        }
    }
    return VELUM_E_EXISTS;
}

static velum_status path_of(const char *place, const char *name, char out[UPGRADE_PATH_BYTES])
{
    const int size = snprintf(out, UPGRADE_PATH_BYTES, "%s/%s", place, name);

    return size < 0 || size >= UPGRADE_PATH_BYTES ? VELUM_E_LIMIT : VELUM_OK;
}

static velum_status remove_folder(int place_fd, const char *name)
{
    VELUM_AUTO_FD fd = openat(place_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        return errno == ENOENT ? VELUM_OK : VELUM_E_IO;
    }
    for (size_t i = 0; i < sizeof(own_files) / sizeof(own_files[0]); i++) {
        (void)unlinkat(fd, own_files[i], 0);
    }
    return unlinkat(place_fd, name, AT_REMOVEDIR) == 0 ? VELUM_OK : VELUM_E_IO;
}

/* --- making it ---------------------------------------------------------------------------------- */

static velum_status copy_file(int from_fd, int to_fd, const char *name)
{
    VELUM_AUTO_BUFFER bytes = {0};

    buffer_init(&bytes, FILE_BYTES_MAX);
    VELUM_TRY(file_read(from_fd, name, &bytes));
    return file_replace(to_fd, name, bytes.data, bytes.size);
}

static velum_status fill(upgrade *self, int fd, const char *path)
{
    const store_copy_options copy = {
        .folder = path, .name = "vault.db", .progress = upgrade_tell_pages, .context = self};

    self->copying = "pages of vault.db copied";
    VELUM_TRY(store_copy(self->vault_db, &copy));
    VELUM_TRY(copy_file(self->dir_fd, fd, "keyring"));
    VELUM_TRY(copy_file(self->audit_fd, fd, "origin"));
    return copy_file(self->audit_fd, fd, "checkpoint");
}

static velum_status rename_folder(int place_fd, const char *from, const char *to)
{
    const int planned = fault_at(FAULT_RENAME);

    if (planned != 0) {
        errno = planned;
        return planned == ENOSPC ? VELUM_E_NOSPACE : VELUM_E_IO;
    }
    if (renameat(place_fd, from, place_fd, to) != 0) {
        return errno == ENOTEMPTY || errno == EEXIST ? VELUM_E_EXISTS : VELUM_E_IO;
    }
    return directory_sync(place_fd);
}

static velum_status make_in(upgrade *self, int place_fd, const char *name)
{
    char part[UPGRADE_NAME_BYTES + sizeof(NAME_PART)];
    char path[UPGRADE_PATH_BYTES];
    VELUM_AUTO_FD fd = -1;

    (void)snprintf(part, sizeof(part), "%s" NAME_PART, name);
    VELUM_TRY(path_of(self->backup_place, part, path));
    VELUM_TRY(directory_create(place_fd, part, &fd));
    velum_status status = fill(self, fd, path);
    if (status == VELUM_OK) {
        status = directory_sync(fd);
    }
    if (status == VELUM_OK) {
        status = rename_folder(place_fd, part, name);
    }
    if (status < 0) {
        const int os_errno = errno;
        (void)remove_folder(place_fd, part);
        (void)remove_folder(place_fd, name); /* when only the last sync failed */
        errno = os_errno;
    }
    return status;
}

velum_status upgrade_backup_make(upgrade *self, char out_path[UPGRADE_PATH_BYTES], velum_error *err)
{
    char name[UPGRADE_NAME_BYTES];
    VELUM_AUTO_FD place_fd = -1;

    out_path[0] = '\0';
    velum_status status = directory_open(self->backup_place, &place_fd);
    if (status == VELUM_OK) {
        status = name_of(self, place_fd, name);
    }
    if (status == VELUM_OK) {
        status = make_in(self, place_fd, name);
    }
    if (status == VELUM_E_CORRUPT) {
        return error_set(err, status, "vault.db does not copy soundly; nothing was changed");
    }
    if (status < 0) {
        return error_set_errno(err, status, errno,
                               "no backup could be made (%s); nothing was changed",
                               status_text(status));
    }
    return path_of(self->backup_place, name, out_path);
}

/* --- taking it away ----------------------------------------------------------------------------- */

void upgrade_backup_drop(const upgrade *self, const char *path)
{
    VELUM_AUTO_FD place_fd = -1;
    const char *const name = strrchr(path, '/');

    if (name != NULL && directory_open(self->backup_place, &place_fd) == VELUM_OK) {
        (void)remove_folder(place_fd, name + 1);
    }
}

static bool is_part(const char *name)
{
    const size_t size = strlen(name);

    return text_starts_with(text_of(name), NAME_START) && size > sizeof(NAME_PART) &&
           strcmp(name + size - (sizeof(NAME_PART) - 1), NAME_PART) == 0;
}

velum_status upgrade_backup_sweep(const upgrade *self)
{
    velum_status status = VELUM_OK;
    DIR *const entries = opendir(self->backup_place);

    if (entries == NULL) {
        return errno == ENOENT ? VELUM_E_NOTFOUND : VELUM_E_IO;
    }
    for (uint32_t i = 0; i < FOLDERS_MAX && status >= 0; i++) {
        const struct dirent *const entry = readdir(entries);
        if (entry == NULL) {
            break;
        }
        if (is_part(entry->d_name)) {
            status = remove_folder(dirfd(entries), entry->d_name);
        }
    }
    (void)closedir(entries);
    return status;
}
