/* cli/side_file.h: a file that an import writes beside its input: rejected rows, or references.
 *
 * Mode 0600, never through a link. Two columns of CSV under a row of titles.
 */
#ifndef CLI_SIDE_FILE_H
#define CLI_SIDE_FILE_H

#include "base/buffer.h"
#include "base/text.h"

typedef struct side_file {
    int fd; /* -1: not open */
    uint64_t rows;
    buffer lines;
} side_file;

/* Makes the file and writes its titles. VELUM_E_EXISTS when it is there and `may_replace` is false. */
velum_status side_file_open(side_file *self, const char *path, bool may_replace,
                            const char *titles) VELUM_WARN_UNUSED;
velum_status side_file_add(side_file *self, text first, text second) VELUM_WARN_UNUSED;
/* Everything to the disk. */
velum_status side_file_flush(side_file *self) VELUM_WARN_UNUSED;
void side_file_close(side_file *self);

#define VELUM_AUTO_SIDE_FILE __attribute__((cleanup(side_file_close))) side_file
#define SIDE_FILE_NONE ((side_file){.fd = -1})

#endif
