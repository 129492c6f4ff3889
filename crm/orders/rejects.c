#include "crm/orders/rejects.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static velum_status create(rejects *self)
{
    VELUM_AUTO_FD fd = -1;

    VELUM_TRY(file_open(AT_FDCWD, self->path, O_WRONLY | O_CREAT | O_TRUNC, &fd));
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0) { /* an older one may be open to others */
        return VELUM_E_IO;
    }
    self->file = fdopen(fd, "w");
    if (self->file == NULL) {
        return VELUM_E_IO;
    }
    fd = -1;
    return fputs("line,reason\n", self->file) < 0 ? VELUM_E_IO : VELUM_OK;
}

velum_status rejects_add(rejects *self, uint64_t line, text reason)
{
    if (self->file == NULL) {
        VELUM_TRY(create(self));
    }
    self->count++;
    return fprintf(self->file, "%llu,%.*s\n", (unsigned long long)line, (int)reason.size,
                   reason.data) < 0
               ? VELUM_E_IO
               : VELUM_OK;
}

velum_status rejects_end(rejects *self)
{
    return self->file == NULL || (fflush(self->file) == 0 && fsync(fileno(self->file)) == 0)
               ? VELUM_OK
               : VELUM_E_IO;
}

void rejects_close(rejects *self)
{
    if (self->file != NULL) {
        (void)fclose(self->file);
        self->file = NULL;
    }
}
