/* cli/identity.c: reading the token file. */
#include "cli/identity.h"

#include "base/mem.h"

#include "cli/say.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE "VELUM_TOKEN_FILE"

/* Ours or root's, and nobody else's to read. */
static velum_status check_file(int fd)
{
    struct stat found;

    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        say("$" VARIABLE " names no file");
        return VELUM_E_INVALID;
    }
    if ((found.st_uid != geteuid() && found.st_uid != 0) || (found.st_mode & 077) != 0) {
        say("the file of $" VARIABLE " can be read by others: chmod 600, and own it");
        return VELUM_E_DENIED;
    }
    return VELUM_OK;
}

static velum_status read_token(int fd, identity *out)
{
    const ssize_t size = read(fd, out->token, sizeof(out->token));

    if (size < 0) {
        say("the file of $" VARIABLE " cannot be read");
        return VELUM_E_IO;
    }
    out->size = (size_t)size;
    while (out->size > 0 && out->token[out->size - 1] == '\n') {
        out->size--;
    }
    if (out->size == 0 || out->size == sizeof(out->token) ||
        !utf8_is_printable((text){out->token, out->size})) {
        say("the file of $" VARIABLE " holds one line: a token");
        return VELUM_E_INVALID;
    }
    return VELUM_OK;
}

velum_status identity_read(identity *out)
{
    const char *const path = getenv(VARIABLE);

    *out = (identity){.size = 0};
    if (path == NULL || *path == '\0') {
        return VELUM_OK;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        say("the file of $" VARIABLE " does not open");
        return VELUM_E_NOTFOUND;
    }
    velum_status status = check_file(fd);
    if (status == VELUM_OK) {
        status = read_token(fd, out);
    }
    (void)close(fd);
    return status;
}

void identity_wipe(identity *self)
{
    mem_wipe(self, sizeof(*self));
}
