/* base/file.h: files, always below a directory descriptor, always with errors told.
 *
 * Writes, syncs and renames pass base/fault.h. EINTR is retried. ENOSPC and EDQUOT become
 * VELUM_E_NOSPACE, ENOENT VELUM_E_NOTFOUND, EEXIST VELUM_E_EXISTS, the rest VELUM_E_IO; errno is left
 * as it was set.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buffer.h"

#include <sys/types.h>

/* Opens a directory for use as `dir_fd` (O_DIRECTORY|O_CLOEXEC; O_NOFOLLOW is not set: a link may
 * lead to it). */
velum_status directory_open(const char *path, int *out_fd) VELUM_WARN_UNUSED;
/* mkdir with mode 0700 and opens it; an existing folder is VELUM_E_EXISTS. */
velum_status directory_create(int parent_fd, const char *name, int *out_fd) VELUM_WARN_UNUSED;
velum_status directory_sync(int dir_fd) VELUM_WARN_UNUSED;
/* Whether a directory is `outer` or lies anywhere below it. */
velum_status directory_is_within(int dir_fd, int outer_fd, bool *out) VELUM_WARN_UNUSED;

/* openat with O_CLOEXEC|O_NOFOLLOW and mode 0600. */
velum_status file_open(int dir_fd, const char *name, int flags, int *out_fd) VELUM_WARN_UNUSED;
velum_status file_size(int fd, uint64_t *out_bytes) VELUM_WARN_UNUSED;
/* Exactly `size` bytes at `offset`; VELUM_E_TRUNCATED when the file ends before. */
velum_status file_read_at(int fd, uint64_t offset, void *out, size_t size) VELUM_WARN_UNUSED;
/* All of them, or an error. */
velum_status file_write_at(int fd, uint64_t offset, const void *data,
                           size_t size) VELUM_WARN_UNUSED;
/* fdatasync. */
velum_status file_sync(int fd) VELUM_WARN_UNUSED;
/* Reserves bytes on disk so that later writes below `bytes` cannot run out of space, and makes the
 * file that long, filled with zeros. */
velum_status file_reserve(int fd, uint64_t bytes) VELUM_WARN_UNUSED;
/* The whole file, at most the buffer's ceiling (VELUM_E_LIMIT). */
velum_status file_read(int dir_fd, const char *name, buffer *out) VELUM_WARN_UNUSED;
/* Durable and atomic: temporary file beside (NAME.tmp, one writer a name at a time), write, fsync,
 * rename, sync of the folder. On failure the old file stands, except when only the last sync fails:
 * then the new one is there but may not survive a loss of power. */
velum_status file_replace(int dir_fd, const char *name, const void *data,
                          size_t size) VELUM_WARN_UNUSED;
/* A file of any size into another folder under the same name, durable and atomic like file_replace; what is
 * appended meanwhile comes along or does not. */
velum_status file_copy(int from_fd, const char *name, int to_fd) VELUM_WARN_UNUSED;
/* Durable and atomic: `from` takes the place of `to` in the same folder. */
velum_status file_rename(int dir_fd, const char *from, const char *to) VELUM_WARN_UNUSED;
/* Overwrites the whole of a file with zeros where it lies. */
velum_status file_overwrite(int fd) VELUM_WARN_UNUSED;
/* The same, then unlinks it; the folder is the caller's to sync. VELUM_E_NOTFOUND when it is not there. */
velum_status file_destroy(int dir_fd, const char *name) VELUM_WARN_UNUSED;
/* close that a cleanup attribute can call: -1 is allowed, the variable becomes -1. */
void file_close(int *fd);
/* Hands the descriptor over: the variable becomes -1. */
static inline int file_take(int *fd)
{
    const int taken = *fd;
    *fd = -1;
    return taken;
}
#define VELUM_AUTO_FD __attribute__((cleanup(file_close))) int

/* An exclusive F_OFD_SETLK on the whole of an open file; VELUM_E_LOCKED when another holds it. */
velum_status file_lock(int fd) VELUM_WARN_UNUSED;
/* Whether somebody holds it through another open of the file, without taking it (F_OFD_GETLK). */
velum_status file_lock_is_held(int fd, bool *out_held) VELUM_WARN_UNUSED;

#endif
