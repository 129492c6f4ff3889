/* audit/folder.c: names and small files of a log's folder. */
#include "audit/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

#define TAIL_PREFIX "tail-"
#define TAIL_PREFIX_BYTES 5
#define TAIL_DIGITS 20

velum_status folder_origin_format(const note_key *key, buffer *out)
{
    char line[NOTE_KEY_TEXT_BYTES];

    note_key_format(key, line);
    buffer_append_text(out, line);
    buffer_append_byte(out, '\n');
    return buffer_status(out);
}

velum_status folder_read_key(int dir_fd, note_key *out)
{
    VELUM_AUTO_BUFFER bytes = {0};

    buffer_init(&bytes, NOTE_KEY_TEXT_BYTES);
    const velum_status status = file_read(dir_fd, FOLDER_ORIGIN, &bytes);
    if (status < 0) {
        return status == VELUM_E_LIMIT ? VELUM_E_CORRUPT : status;
    }
    if (bytes.size == 0 || bytes.data[bytes.size - 1] != '\n') {
        return VELUM_E_CORRUPT;
    }
    const text line = {(const char *)bytes.data, bytes.size - 1};
    return note_key_parse(line, out) == VELUM_OK ? VELUM_OK : VELUM_E_CORRUPT;
}

velum_status folder_read_checkpoint(int dir_fd, buffer *out)
{
    const velum_status status = file_read(dir_fd, FOLDER_CHECKPOINT, out);

    return status == VELUM_E_LIMIT ? VELUM_E_CORRUPT : status;
}

void folder_tail_name(uint64_t first, char out[FOLDER_TAIL_NAME_BYTES])
{
    (void)snprintf(out, FOLDER_TAIL_NAME_BYTES, TAIL_PREFIX "%020llu", (unsigned long long)first);
}

/* Exactly the names that folder_tail_name makes. */
static bool tail_name_parse(const char *name, uint64_t *out_first)
{
    char canonical[FOLDER_TAIL_NAME_BYTES];
    uint64_t first = 0;

    if (strncmp(name, TAIL_PREFIX, TAIL_PREFIX_BYTES) != 0 ||
        strlen(name) != TAIL_PREFIX_BYTES + TAIL_DIGITS) {
        return false;
    }
    for (const char *digit = name + TAIL_PREFIX_BYTES; *digit != '\0'; digit++) {
        first = first * 10 + (uint64_t)(uint8_t)(*digit - '0');
    }
    folder_tail_name(first, canonical);
    *out_first = first;
    return strcmp(name, canonical) == 0;
}

static velum_status tails_add(folder_tails *self, size_t *capacity, uint64_t first)
{
    if (self->count == *capacity) {
        const size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
        if (wanted > FOLDER_TAILS_MAX) {
            return VELUM_E_LIMIT;
        }
        uint64_t *const grown = mem_resize(self->first, wanted * sizeof *grown);
        if (grown == NULL) {
            return VELUM_E_NOMEM;
        }
        self->first = grown;
        *capacity = wanted;
    }
    self->first[self->count++] = first;
    return VELUM_OK;
}

static int compare_firsts(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static velum_status read_names(DIR *dir, folder_tails *out)
{
    size_t capacity = 0;
    uint64_t first = 0;

    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (tail_name_parse(entry->d_name, &first)) {
            VELUM_TRY(tails_add(out, &capacity, first));
        }
    }
    if (out->count > 1) {
        qsort(out->first, out->count, sizeof out->first[0], compare_firsts);
    }
    return VELUM_OK;
}

velum_status folder_list_tails(int dir_fd, folder_tails *out)
{
    *out = (folder_tails){NULL, 0};
    const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return VELUM_E_IO;
    }
    const velum_status status = read_names(dir, out);
    (void)closedir(dir);
    if (status < 0) {
        folder_tails_clear(out);
    }
    return status;
}

void folder_tails_clear(folder_tails *self)
{
    mem_free(self->first);
    *self = (folder_tails){NULL, 0};
}
