/* courier/secret_file.c: reading a secret of one line. */
#include "courier/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FORBIDDEN_BITS 027

static velum_status check_file(int fd, velum_error *err)
{
    struct stat about;

    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        return error_set(err, VELUM_E_INVALID, "a token, password or secret file is no file");
    }
    if ((about.st_uid != geteuid() && about.st_uid != 0) || (about.st_mode & FORBIDDEN_BITS) != 0) {
        return error_set(err, VELUM_E_DENIED,
                         "a token, password or secret file can be read by others: chmod 600");
    }
    return VELUM_OK;
}

velum_status secret_file_read(const char *path, char *out, size_t out_bytes, size_t *out_size,
                              velum_error *err)
{
    VELUM_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return error_set_errno(err, errno == ENOENT ? VELUM_E_NOTFOUND : VELUM_E_IO, errno,
                               "a token, password or secret file cannot be opened");
    }
    VELUM_TRY(check_file(fd, err));
    const ssize_t got = read(fd, out, out_bytes);
    if (got < 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "a secret file cannot be read");
    }
    size_t size = (size_t)got;
    const bool is_whole = size < out_bytes;
    while (size > 0 && (out[size - 1] == '\n' || out[size - 1] == '\r')) {
        size--;
    }
    if (size == 0 || !is_whole || !utf8_is_printable((text){out, size})) {
        mem_wipe(out, out_bytes);
        return error_set(err, VELUM_E_INVALID, "a token, password or secret file holds one line");
    }
    out[size] = '\0';
    *out_size = size;
    return VELUM_OK;
}
