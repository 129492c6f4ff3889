/* core/upgrade_keys.c: the copy of keys.db that lives for the time of an upgrade alone (U-4). */
#include "core/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define BLOCK_BYTES 65536

bool upgrade_keys_copied(int dir_fd)
{
    return faccessat(dir_fd, UPGRADE_KEYS_COPY, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

velum_status upgrade_keys_copy(upgrade *self, velum_error *err)
{
    const store_copy_options copy = {.folder = self->folder,
                                     .name = UPGRADE_KEYS_COPY,
                                     .progress = upgrade_tell_pages,
                                     .context = self};

    self->copying = "pages of keys.db copied";
    velum_status status = upgrade_keys_destroy(self->dir_fd); /* of a run that was killed */
    if (status == VELUM_OK) {
        status = store_copy(self->keys_db, &copy);
    }
    if (status < 0) {
        return error_set_errno(err, status, errno, "keys.db could not be copied (%s)",
                               status_text(status));
    }
    return VELUM_OK;
}

static velum_status overwrite(int fd)
{
    static const uint8_t zeros[BLOCK_BYTES];
    uint64_t size = 0;

    VELUM_TRY(file_size(fd, &size));
    for (uint64_t at = 0; at < size; at += BLOCK_BYTES) {
        const uint64_t left = size - at;
        VELUM_TRY(file_write_at(fd, at, zeros, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES));
    }
    return file_sync(fd);
}

static velum_status destroy(int dir_fd, const char *name)
{
    VELUM_AUTO_FD fd = -1;

    const velum_status status = file_open(dir_fd, name, O_RDWR, &fd);
    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    VELUM_TRY(overwrite(fd));
    return unlinkat(dir_fd, name, 0) == 0 ? VELUM_OK : VELUM_E_IO;
}

/* The file itself goes last, so that a run that is killed here is known to be unfinished. */
velum_status upgrade_keys_destroy(int dir_fd)
{
    static const char *const names[] = {UPGRADE_KEYS_COPY "-wal", UPGRADE_KEYS_COPY "-shm",
                                        UPGRADE_KEYS_COPY "-journal", UPGRADE_KEYS_COPY};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        VELUM_TRY(destroy(dir_fd, names[i]));
    }
    return directory_sync(dir_fd);
}
