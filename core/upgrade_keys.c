/* core/upgrade_keys.c: the copy of keys.db that lives for the time of an upgrade alone (U-4). */
#include "core/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool upgrade_keys_copied(int dir_fd)
{
    return faccessat(dir_fd, UPGRADE_KEYS_COPY, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

velum_status upgrade_keys_copy(upgrade *self, velum_error *err)
{
    const store_copy_options copy = {.folder = self->folder,
                                     .name = UPGRADE_KEYS_COPY,
                                     .progress = upgrade_tell_pages,
                                     .context = self,
                                     .holds_keys = true};

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

/* The file itself goes last, so that a run that is killed here is known to be unfinished. */
velum_status upgrade_keys_destroy(int dir_fd)
{
    static const char *const names[] = {UPGRADE_KEYS_COPY "-wal", UPGRADE_KEYS_COPY "-shm",
                                        UPGRADE_KEYS_COPY "-journal", UPGRADE_KEYS_COPY};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const velum_status status = file_destroy(dir_fd, names[i]);
        VELUM_TRY(status == VELUM_E_NOTFOUND ? VELUM_OK : status);
    }
    return directory_sync(dir_fd);
}
