/* base/file.c: system calls on files with their errors told.
 *
 * Each call that touches the disk passes base/fault.h first, so that a test can fail it; a failure
 * by plan sets errno just as the kernel would. Errors become statuses in one table, status_of_errno.
 */
#include "base/file.h"

#include "base/fault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600
#define DIRECTORY_MODE 0700
#define READ_BYTES_MIN ((size_t)4096)
#define ZEROS_BYTES ((size_t)65536)
#define COPY_BYTES ((size_t)65536)
#define TEMPORARY_SUFFIX ".tmp"

static velum_status status_of_errno(int os_errno)
{
    switch (os_errno) {
    case ENOSPC:
    case EDQUOT:
        return VELUM_E_NOSPACE;
    case ENOENT:
        return VELUM_E_NOTFOUND;
    case EEXIST:
        return VELUM_E_EXISTS;
    default:
        return VELUM_E_IO;
    }
}

/* The planned fault as errno and status, VELUM_OK where none is planned. */
static velum_status fault_status(fault_kind kind)
{
    const int os_errno = fault_at(kind);

    if (os_errno == 0) {
        return VELUM_OK;
    }
    errno = os_errno;
    return status_of_errno(os_errno);
}

static velum_status open_at(int dir_fd, const char *name, int flags, int *out_fd)
{
    int fd = -1;

    *out_fd = -1;
    do {
        fd = openat(dir_fd, name, flags | O_CLOEXEC, FILE_MODE);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return status_of_errno(errno);
    }
    *out_fd = fd;
    return VELUM_OK;
}

velum_status directory_open(const char *path, int *out_fd)
{
    return open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, out_fd);
}

velum_status directory_create(int parent_fd, const char *name, int *out_fd)
{
    *out_fd = -1;
    if (mkdirat(parent_fd, name, DIRECTORY_MODE) != 0) {
        return status_of_errno(errno);
    }
    return open_at(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, out_fd);
}

/* fsync for folders and fresh files, fdatasync for files whose data matters. */
static velum_status sync_with(int (*sync_call)(int), int fd)
{
    int result = 0;

    VELUM_TRY(fault_status(FAULT_SYNC));
    do {
        result = sync_call(fd);
    } while (result != 0 && errno == EINTR);
    return result == 0 ? VELUM_OK : status_of_errno(errno);
}

velum_status directory_sync(int dir_fd)
{
    return sync_with(fsync, dir_fd);
}

velum_status directory_is_within(int dir_fd, int outer_fd, bool *out)
{
    struct stat folder;
    struct stat here;
    struct stat above = {.st_ino = 0};
    VELUM_AUTO_FD at = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);

    if (at < 0 || fstat(outer_fd, &folder) != 0 || fstat(at, &here) != 0) {
        return VELUM_E_IO;
    }
    *out = here.st_dev == folder.st_dev && here.st_ino == folder.st_ino;
    while (!*out) {
        const int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        file_close(&at);
        at = up;
        if (at < 0 || fstat(at, &above) != 0) {
            return VELUM_E_IO;
        }
        if (above.st_dev == here.st_dev && above.st_ino == here.st_ino) {
            return VELUM_OK; /* the root is its own parent */
        }
        *out = above.st_dev == folder.st_dev && above.st_ino == folder.st_ino;
        here = above;
    }
    return VELUM_OK;
}

velum_status file_sync(int fd)
{
    return sync_with(fdatasync, fd);
}

velum_status file_open(int dir_fd, const char *name, int flags, int *out_fd)
{
    return open_at(dir_fd, name, flags | O_NOFOLLOW, out_fd);
}

velum_status file_size(int fd, uint64_t *out_bytes)
{
    struct stat about;

    if (fstat(fd, &about) != 0) {
        return status_of_errno(errno);
    }
    *out_bytes = (uint64_t)about.st_size;
    return VELUM_OK;
}

/* Whether a range ends where an off_t can still point. */
static bool is_in_range(uint64_t offset, size_t size)
{
    return offset <= INT64_MAX && size <= INT64_MAX - offset;
}

velum_status file_read_at(int fd, uint64_t offset, void *out, size_t size)
{
    uint8_t *at = out;

    if (!is_in_range(offset, size)) {
        errno = EOVERFLOW;
        return VELUM_E_LIMIT;
    }
    while (size > 0) {
        const ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return status_of_errno(errno);
        }
        if (got == 0) {
            return VELUM_E_TRUNCATED;
        }
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return VELUM_OK;
}

velum_status file_write_at(int fd, uint64_t offset, const void *data, size_t size)
{
    const uint8_t *at = data;

    if (!is_in_range(offset, size)) {
        errno = EFBIG;
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(fault_status(FAULT_WRITE));
    while (size > 0) {
        const ssize_t put = pwrite(fd, at, size, (off_t)offset);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return status_of_errno(errno);
        }
        if (put == 0) { /* never seen on a file, but it must not become a loop without end */
            errno = EIO;
            return VELUM_E_IO;
        }
        at += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    return VELUM_OK;
}

velum_status file_reserve(int fd, uint64_t bytes)
{
    int os_errno = 0;

    if (bytes == 0) {
        return VELUM_OK;
    }
    if (!is_in_range(bytes, 0)) {
        errno = EFBIG;
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(fault_status(FAULT_WRITE));
    do {
        os_errno = posix_fallocate(fd, 0, (off_t)bytes);
    } while (os_errno == EINTR);
    if (os_errno != 0) {
        errno = os_errno;
        return status_of_errno(os_errno);
    }
    return VELUM_OK;
}

static velum_status read_some(int fd, void *out, size_t size, size_t *out_got)
{
    ssize_t got = 0;

    do {
        got = read(fd, out, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return status_of_errno(errno);
    }
    *out_got = (size_t)got;
    return VELUM_OK;
}

/* Room for what the file is said to hold and one byte more, so that its end is seen in one read;
 * never beyond the ceiling. */
static velum_status reserve_for(int fd, buffer *out)
{
    uint64_t bytes = 0;
    const size_t room = out->bytes_max - out->size;

    VELUM_TRY(file_size(fd, &bytes));
    if (bytes > room) {
        return VELUM_E_LIMIT;
    }
    const size_t wanted = (size_t)bytes + 1 < READ_BYTES_MIN ? READ_BYTES_MIN : (size_t)bytes + 1;
    return buffer_reserve(out, wanted < room ? wanted : room);
}

/* Reads until the end. With the ceiling reached, one probing byte tells whether the file goes on. */
static velum_status read_to_end(int fd, buffer *out)
{
    for (;;) { /* each round grows `out`, which has a ceiling */
        uint8_t probe = 0;
        size_t got = 0;
        const size_t room = out->bytes_max - out->size;

        if (room == 0) {
            VELUM_TRY(read_some(fd, &probe, 1, &got));
            return got == 0 ? VELUM_OK : VELUM_E_LIMIT;
        }
        if (out->size == out->capacity) {
            VELUM_TRY(buffer_reserve(out, room < READ_BYTES_MIN ? room : READ_BYTES_MIN));
        }
        VELUM_TRY(read_some(fd, out->data + out->size, out->capacity - out->size, &got));
        if (got == 0) {
            return VELUM_OK;
        }
        out->size += got;
    }
}

velum_status file_read(int dir_fd, const char *name, buffer *out)
{
    VELUM_AUTO_FD fd = -1;
    const size_t size_before = out->size;

    VELUM_TRY(buffer_status(out));
    VELUM_TRY(file_open(dir_fd, name, O_RDONLY, &fd));
    VELUM_TRY(reserve_for(fd, out));
    const velum_status status = read_to_end(fd, out);
    if (status < 0) {
        mem_wipe(out->data + size_before, out->size - size_before);
        out->size = size_before;
    }
    return status;
}

/* A new file with durable content; what an earlier crash left behind is removed first. */
static velum_status write_temporary(int dir_fd, const char *name, const void *data, size_t size)
{
    VELUM_AUTO_FD fd = -1;

    if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT) {
        return status_of_errno(errno);
    }
    VELUM_TRY(file_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, &fd));
    VELUM_TRY(file_write_at(fd, 0, data, size));
    return sync_with(fsync, fd);
}

static velum_status rename_over(int dir_fd, const char *from, const char *to)
{
    VELUM_TRY(fault_status(FAULT_RENAME));
    return renameat(dir_fd, from, dir_fd, to) == 0 ? VELUM_OK : status_of_errno(errno);
}

static velum_status temporary_name(const char *name, char out[NAME_MAX + 1])
{
    assert(strchr(name, '/') == NULL);
    const int length = snprintf(out, NAME_MAX + 1, "%s" TEMPORARY_SUFFIX, name);
    return length < 0 || length > NAME_MAX ? VELUM_E_LIMIT : VELUM_OK;
}

/* The written file takes its place, or goes. */
static velum_status put_in_place(int dir_fd, const char *temporary, const char *name,
                                 velum_status status)
{
    if (status == VELUM_OK) {
        status = rename_over(dir_fd, temporary, name);
    }
    if (status < 0) {
        const int os_errno = errno;
        (void)unlinkat(dir_fd, temporary, 0);
        errno = os_errno;
        return status;
    }
    return directory_sync(dir_fd);
}

velum_status file_replace(int dir_fd, const char *name, const void *data, size_t size)
{
    char temporary[NAME_MAX + 1];

    VELUM_TRY(temporary_name(name, temporary));
    return put_in_place(dir_fd, temporary, name, write_temporary(dir_fd, temporary, data, size));
}

velum_status file_rename(int dir_fd, const char *from, const char *to)
{
    VELUM_TRY(rename_over(dir_fd, from, to));
    return directory_sync(dir_fd);
}

static velum_status copy_bytes(int from_fd, int to_fd)
{
    uint8_t bytes[COPY_BYTES];
    uint64_t size = 0;

    VELUM_TRY(file_size(from_fd, &size));
    for (uint64_t at = 0; at < size; at += COPY_BYTES) {
        const size_t count = size - at < COPY_BYTES ? (size_t)(size - at) : COPY_BYTES;
        VELUM_TRY(file_read_at(from_fd, at, bytes, count));
        VELUM_TRY(file_write_at(to_fd, at, bytes, count));
    }
    return sync_with(fsync, to_fd);
}

static velum_status copy_temporary(int from_fd, const char *name, int to_fd, const char *temporary)
{
    VELUM_AUTO_FD from = -1;
    VELUM_AUTO_FD to = -1;

    if (unlinkat(to_fd, temporary, 0) != 0 && errno != ENOENT) {
        return status_of_errno(errno);
    }
    VELUM_TRY(file_open(from_fd, name, O_RDONLY, &from));
    VELUM_TRY(file_open(to_fd, temporary, O_WRONLY | O_CREAT | O_EXCL, &to));
    return copy_bytes(from, to);
}

velum_status file_copy(int from_fd, const char *name, int to_fd)
{
    char temporary[NAME_MAX + 1];

    VELUM_TRY(temporary_name(name, temporary));
    return put_in_place(to_fd, temporary, name, copy_temporary(from_fd, name, to_fd, temporary));
}

velum_status file_overwrite(int fd)
{
    static const uint8_t zeros[ZEROS_BYTES];
    uint64_t size = 0;

    VELUM_TRY(file_size(fd, &size));
    for (uint64_t at = 0; at < size; at += ZEROS_BYTES) {
        const uint64_t left = size - at;
        VELUM_TRY(file_write_at(fd, at, zeros, left < ZEROS_BYTES ? (size_t)left : ZEROS_BYTES));
    }
    return file_sync(fd);
}

velum_status file_destroy(int dir_fd, const char *name)
{
    VELUM_AUTO_FD fd = -1;

    VELUM_TRY(file_open(dir_fd, name, O_RDWR, &fd));
    VELUM_TRY(file_overwrite(fd));
    return unlinkat(dir_fd, name, 0) == 0 ? VELUM_OK : VELUM_E_IO;
}

void file_close(int *fd)
{
    const int os_errno = errno; /* a cleanup must not hide why its function fails */

    if (*fd >= 0) {
        (void)close(*fd); /* never repeated: on Linux the descriptor is gone even after EINTR */
    }
    *fd = -1;
    errno = os_errno;
}

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
}

velum_status file_lock(int fd)
{
    struct flock lock = whole_file();

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        return VELUM_OK;
    }
    return errno == EAGAIN || errno == EACCES ? VELUM_E_LOCKED : status_of_errno(errno);
}

velum_status file_lock_is_held(int fd, bool *out_held)
{
    struct flock lock = whole_file();

    if (fcntl(fd, F_OFD_GETLK, &lock) != 0) {
        return status_of_errno(errno);
    }
    *out_held = lock.l_type != F_UNLCK;
    return VELUM_OK;
}
