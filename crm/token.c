#include "crm/token.h"

#include "base/file.h"
#include "crm/say.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ours or root's, and nobody else's to read. */
static velum_status check_file(int fd)
{
    struct stat found;

    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        say("the token file is no file");
        return VELUM_E_INVALID;
    }
    if ((found.st_uid != geteuid() && found.st_uid != 0) || (found.st_mode & 077) != 0) {
        say("the token file can be read by others: chmod 600, and own it");
        return VELUM_E_DENIED;
    }
    return VELUM_OK;
}

velum_status token_read(const char *path, token *out)
{
    VELUM_AUTO_FD fd = -1;

    *out = (token){.size = 0};
    if (path == NULL) {
        return VELUM_OK;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        say("the token file does not open");
        return VELUM_E_NOTFOUND;
    }
    VELUM_TRY(check_file(fd));
    const ssize_t size = read(fd, out->bytes, sizeof(out->bytes));
    out->size = size > 0 ? (size_t)size : 0;
    while (out->size > 0 && out->bytes[out->size - 1] == '\n') {
        out->size--;
    }
    if (out->size == 0 || out->size == sizeof(out->bytes) ||
        !utf8_is_printable((text){out->bytes, out->size})) {
        say("the token file holds one line: a token");
        return VELUM_E_INVALID;
    }
    return VELUM_OK;
}
