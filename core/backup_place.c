/* core/backup_place.c: the folder outside to which a data folder's backups go. */
#include "core/backup.h"

#include "audit/folder.h"
#include "base/file.h"
#include "core/gate.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 100000 /* of a folder, that are looked at */
#define NAME_DIGITS 16     /* 20261201T031500Z */

static const char not_there[] = "the folder is not there and cannot be made";
static const char not_ours[] = "the folder must belong to the user of velumd, with mode 0700";
static const char within[] =
    "the folder must not lie in the data folder: both would be lost at once";
static const char of_another[] = "another data folder writes its keys there";
static const char unreadable[] = "the folder cannot be read or written";

/* --- names ------------------------------------------------------------------------------------------ */

velum_status backup_line_of(text origin, char out[BACKUP_LINE_BYTES])
{
    const size_t size = BACKUP_LINE_BYTES - 1;

    if (origin.size <= size || origin.data[origin.size - size - 1] != '/') {
        return VELUM_E_CORRUPT;
    }
    const char *const from = origin.data + origin.size - size;
    for (size_t i = 0; i < size; i++) {
        const bool is_hex =
            (from[i] >= '0' && from[i] <= '9') || (from[i] >= 'a' && from[i] <= 'f');
        if (!is_hex) {
            return VELUM_E_CORRUPT;
        }
    }
    memcpy(out, from, size);
    out[size] = '\0';
    return VELUM_OK;
}

bool backup_name_is_valid(const char *name)
{
    const size_t start = sizeof(BACKUP_NAME_START) - 1;
    const size_t size = strlen(name);

    if (size != start + NAME_DIGITS + sizeof(BACKUP_NAME_END) - 1 ||
        strncmp(name, BACKUP_NAME_START, start) != 0 ||
        strcmp(name + start + NAME_DIGITS, BACKUP_NAME_END) != 0) {
        return false;
    }
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        const char c = name[start + i];
        const bool fits = i == 8                 ? c == 'T'
                          : i == NAME_DIGITS - 1 ? c == 'Z'
                                                 : c >= '0' && c <= '9';
        if (!fits) {
            return false;
        }
    }
    return true;
}

/* --- opening ---------------------------------------------------------------------------------------- */

void backup_place_close(backup_place *self)
{
    file_close(&self->line_fd);
    file_close(&self->fd);
}

/* Its parent must be there, and not in the data folder. */
static velum_status make_folder(velum_gate *gate, const char *path, const char **reason)
{
    VELUM_AUTO_FD parent_fd = -1;
    VELUM_AUTO_FD made_fd = -1;
    char parent[MIRROR_PLACE_BYTES];
    bool is_within = true;

    (void)snprintf(parent, sizeof(parent), "%s", path);
    char *const slash = strrchr(parent, '/');
    if (slash == NULL) {
        return VELUM_E_INVALID;
    }
    slash[slash == parent ? 1 : 0] = '\0';
    VELUM_TRY(directory_open(parent, &parent_fd));
    VELUM_TRY(directory_is_within(parent_fd, gate->dir_fd, &is_within));
    if (is_within) {
        *reason = within;
        return VELUM_E_INVALID;
    }
    return directory_create(parent_fd, path + (slash - parent) + 1, &made_fd);
}

static velum_status check_folder(velum_gate *gate, int fd, const char **reason)
{
    struct stat info;
    bool is_within = true;

    if (fstat(fd, &info) != 0 || directory_is_within(fd, gate->dir_fd, &is_within) < 0) {
        *reason = unreadable;
        return VELUM_E_IO;
    }
    if (info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
        *reason = not_ours;
        return VELUM_E_DENIED;
    }
    *reason = within;
    return is_within ? VELUM_E_INVALID : VELUM_OK;
}

static velum_status open_folder(velum_gate *gate, const char *path, int *out_fd,
                                const char **reason)
{
    *reason = not_there;
    VELUM_TRY(directory_open(path, out_fd));
    return check_folder(gate, *out_fd, reason);
}

/* VELUM_OK: its keys are this folder's; VELUM_E_NOTFOUND: nobody's. */
static velum_status look_whose(const velum_gate *gate, int fd, note_key *out)
{
    VELUM_TRY(folder_read_key(fd, out));
    return strcmp(out->name, journal_origin(gate->journal)) == 0 ? VELUM_OK : VELUM_E_DENIED;
}

/* The log that this folder had before it was restored. */
static bool was_ours(const velum_gate *gate, const char *origin)
{
    VELUM_AUTO_FD before_fd =
        openat(gate->dir_fd, BACKUP_LOG_BEFORE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    note_key before;

    return before_fd >= 0 && folder_read_key(before_fd, &before) == VELUM_OK &&
           strcmp(before.name, origin) == 0;
}

/* One data folder a place: the keys of two would overwrite each other. */
static velum_status claim(velum_gate *gate, int fd, const char **reason)
{
    note_key found;
    const velum_status status = look_whose(gate, fd, &found);

    *reason = unreadable;
    if (status == VELUM_OK) {
        return VELUM_OK;
    }
    if (status == VELUM_E_DENIED && !was_ours(gate, found.name)) {
        *reason = of_another;
        return status;
    }
    VELUM_TRY(status == VELUM_E_NOTFOUND || status == VELUM_E_DENIED ? VELUM_OK : status);
    return file_copy(gate->audit_fd, FOLDER_ORIGIN, fd);
}

velum_status backup_place_claim(velum_gate *gate, const char *path, const char **out_reason)
{
    VELUM_AUTO_FD fd = -1;

    velum_status status = open_folder(gate, path, &fd, out_reason);
    if (status == VELUM_E_NOTFOUND) {
        VELUM_TRY(make_folder(gate, path, out_reason));
        status = open_folder(gate, path, &fd, out_reason);
    }
    VELUM_TRY(status);
    return claim(gate, fd, out_reason);
}

static velum_status open_line(velum_gate *gate, backup_place *self)
{
    VELUM_TRY(backup_line_of(text_of(journal_origin(gate->journal)), self->line));
    (void)snprintf(self->line_path, sizeof(self->line_path), "%s/%s", self->path, self->line);
    const velum_status status = directory_open(self->line_path, &self->line_fd);
    return status == VELUM_E_NOTFOUND ? directory_create(self->fd, self->line, &self->line_fd)
                                      : status;
}

velum_status backup_place_open(velum_gate *gate, const char *path, backup_place *out,
                               const char **out_reason)
{
    VELUM_AUTO_PLACE self = {.fd = -1, .line_fd = -1};
    note_key found;

    (void)snprintf(self.path, sizeof(self.path), "%s", path);
    VELUM_TRY(open_folder(gate, path, &self.fd, out_reason));
    const velum_status status = look_whose(gate, self.fd, &found);
    *out_reason = status == VELUM_E_DENIED ? of_another : unreadable;
    VELUM_TRY(status);
    VELUM_TRY(open_line(gate, &self));
    *out = self;
    self.fd = self.line_fd = -1;
    *out_reason = "";
    return VELUM_OK;
}

/* --- what is in it ------------------------------------------------------------------------------------ */

typedef struct name_list {
    char (*names)[BACKUP_NAME_BYTES];
    uint32_t count;
    uint32_t capacity;
} name_list;

static void name_list_clear(name_list *self)
{
    mem_free(self->names);
}

/* The name fits. */
static velum_status push_name(name_list *self, const char *name)
{
    const size_t size = strlen(name);

    assert(size < BACKUP_NAME_BYTES);
    if (self->count == self->capacity) {
        const uint32_t capacity = self->capacity == 0 ? 16 : self->capacity * 2;
        char(*const names)[BACKUP_NAME_BYTES] =
            mem_resize(self->names, (size_t)capacity * sizeof(*names));
        if (names == NULL) {
            return VELUM_E_NOMEM;
        }
        self->names = names;
        self->capacity = capacity;
    }
    memcpy(self->names[self->count++], name, size + 1);
    return VELUM_OK;
}

static bool ends_with(const char *name, const char *end)
{
    const size_t size = strlen(name);
    const size_t end_size = strlen(end);

    return size > end_size && strcmp(name + size - end_size, end) == 0;
}

static bool is_part(const char *name)
{
    return strncmp(name, BACKUP_NAME_START, sizeof(BACKUP_NAME_START) - 1) == 0 &&
           (ends_with(name, BACKUP_PART) || strstr(name, BACKUP_PART "-") != NULL);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

typedef bool (*name_filter)(const char *name);

/* In the order of their times. */
static velum_status list_names(int line_fd, name_filter takes, name_list *out)
{
    velum_status status = VELUM_OK;
    const int own_fd = openat(line_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const entries = own_fd < 0 ? NULL : fdopendir(own_fd);

    if (entries == NULL) {
        return VELUM_E_IO;
    }
    for (uint32_t i = 0; i < ENTRIES_MAX && status == VELUM_OK; i++) {
        const struct dirent *const entry = readdir(entries);
        if (entry == NULL) {
            break;
        }
        if (strlen(entry->d_name) < BACKUP_NAME_BYTES && takes(entry->d_name)) {
            status = push_name(out, entry->d_name);
        }
    }
    (void)closedir(entries);
    if (out->count > 0) {
        qsort(out->names, out->count, sizeof(out->names[0]), compare_names);
    }
    return status;
}

#define VELUM_AUTO_NAMES __attribute__((cleanup(name_list_clear))) name_list

static velum_status remove_first(int line_fd, const name_list *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (unlinkat(line_fd, list->names[i], 0) != 0 && errno != ENOENT) {
            return VELUM_E_IO;
        }
    }
    return VELUM_OK;
}

velum_status backup_place_sweep(const backup_place *self, uint32_t keep)
{
    VELUM_AUTO_NAMES parts = {.count = 0};
    VELUM_AUTO_NAMES whole = {.count = 0};

    VELUM_TRY(list_names(self->line_fd, is_part, &parts));
    VELUM_TRY(remove_first(self->line_fd, &parts, parts.count));
    VELUM_TRY(list_names(self->line_fd, backup_name_is_valid, &whole));
    const uint32_t many = keep != 0 && whole.count > keep ? whole.count - keep : 0;
    return remove_first(self->line_fd, &whole, many);
}

velum_status backup_newest(int line_fd, char out[BACKUP_NAME_BYTES])
{
    VELUM_AUTO_NAMES whole = {.count = 0};

    VELUM_TRY(list_names(line_fd, backup_name_is_valid, &whole));
    if (whole.count == 0) {
        return VELUM_E_NOTFOUND;
    }
    memcpy(out, whole.names[whole.count - 1], BACKUP_NAME_BYTES);
    return VELUM_OK;
}
