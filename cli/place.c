/* cli/place.c: data folders and log folders. */
#include "cli/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/machine.h"
#include "cli/say.h"

velum_status place_join(const char *folder, const char *name, char out[PLACE_BYTES_MAX])
{
    const int size = snprintf(out, PLACE_BYTES_MAX, "%s/%s", folder, name);

    return size < 0 || size >= PLACE_BYTES_MAX ? VELUM_E_LIMIT : VELUM_OK;
}

static bool stat_in(const char *path, const char *name, struct stat *out)
{
    char full[PLACE_BYTES_MAX];

    return place_join(path, name, full) == VELUM_OK && stat(full, out) == 0;
}

bool place_has_folder(const char *path, const char *name)
{
    struct stat found;

    return stat_in(path, name, &found) && S_ISDIR(found.st_mode);
}

bool place_is_data_folder(const char *path)
{
    struct stat found;

    return place_has_folder(path, PLACE_AUDIT) && stat_in(path, "vault.db", &found) &&
           S_ISREG(found.st_mode);
}

velum_status place_find(const invocation *invocation, const char **out)
{
    const char *named = invocation->data != NULL ? invocation->data : getenv("VELUM_DATA");

    if (named != NULL && *named != '\0') {
        *out = named;
        return VELUM_OK;
    }
    if (place_is_data_folder(".")) {
        *out = ".";
        return VELUM_OK;
    }
    static char of_machine[PLACE_BYTES_MAX];
    const velum_status status = machine_data(of_machine);
    if (status == VELUM_OK) {
        *out = of_machine;
        return VELUM_OK;
    }
    if (status == VELUM_E_NOTFOUND) {
        say("which data folder? The current one is none");
        say_more(
            "Name it with --data DIR, in $VELUM_DATA or in velum.yaml; `velum init` makes one.");
    }
    return status;
}

velum_status place_above(const char *path, char out[PLACE_BYTES_MAX])
{
    struct stat own;
    struct stat child;

    VELUM_TRY(place_join(path, "..", out));
    if (stat(path, &own) != 0 || !stat_in(out, PLACE_AUDIT, &child)) {
        return VELUM_E_NOTFOUND;
    }
    const bool is_same = own.st_dev == child.st_dev && own.st_ino == child.st_ino;
    return is_same && place_is_data_folder(out) ? VELUM_OK : VELUM_E_NOTFOUND;
}

velum_status place_read(const char *folder, const char *name, buffer *out)
{
    VELUM_AUTO_FD dir_fd = -1;

    VELUM_TRY(directory_open(folder, &dir_fd));
    return file_read(dir_fd, name, out);
}

velum_status place_read_path(const char *path, buffer *out)
{
    VELUM_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t block[4096];

    if (fd < 0) {
        return errno == ENOENT ? VELUM_E_NOTFOUND : VELUM_E_IO;
    }
    for (;;) {
        const ssize_t got = read(fd, block, sizeof(block));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? VELUM_E_IO : buffer_status(out);
        }
        buffer_append(out, block, (size_t)got);
        VELUM_TRY(buffer_status(out));
    }
}
