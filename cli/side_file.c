/* cli/side_file.c: rows gathered in memory and written when there are enough. */
#include "cli/side_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"

#define LINES_BYTES_MAX ((size_t)1 << 20)
#define FLUSH_BYTES ((size_t)64 << 10)

velum_status side_file_open(side_file *self, const char *path, bool may_replace, const char *titles)
{
    const int fresh = may_replace ? O_TRUNC : O_EXCL;

    *self = SIDE_FILE_NONE;
    buffer_init(&self->lines, LINES_BYTES_MAX);
    VELUM_TRY(file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | fresh, &self->fd));
    if (fchmod(self->fd, S_IRUSR | S_IWUSR) != 0) { /* an older one may be open to others */
        return VELUM_E_IO;
    }
    buffer_append_text(&self->lines, titles);
    return buffer_status(&self->lines);
}

static velum_status write_out(side_file *self)
{
    size_t done = 0;

    while (done < self->lines.size) {
        const ssize_t written = write(self->fd, self->lines.data + done, self->lines.size - done);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno == ENOSPC ? VELUM_E_NOSPACE : VELUM_E_IO;
        }
        done += (size_t)written;
    }
    buffer_reset(&self->lines);
    return VELUM_OK;
}

velum_status side_file_add(side_file *self, text first, text second)
{
    if (self->fd < 0) {
        return VELUM_OK;
    }
    csv_append_field(&self->lines, first, false);
    csv_append_field(&self->lines, second, true);
    self->rows++;
    VELUM_TRY(buffer_status(&self->lines));
    return self->lines.size >= FLUSH_BYTES ? write_out(self) : VELUM_OK;
}

velum_status side_file_flush(side_file *self)
{
    if (self->fd < 0) {
        return VELUM_OK;
    }
    VELUM_TRY(write_out(self));
    return file_sync(self->fd);
}

void side_file_close(side_file *self)
{
    buffer_clear(&self->lines);
    file_close(&self->fd);
}
