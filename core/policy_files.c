/* core/policy_files.c: reading a policy folder, checking it, packing it for the gate. */
#include "core/policy_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <velum/admin.h>

#include "base/file.h"
#include "base/json.h"

#define POLICY_NAME "policy.yaml"
#define NAME_BYTES_MAX 512
#define FOLDER_BYTES_MAX 4096
#define PACKED_BYTES_MAX ((size_t)1 << 20) /* what the verb takes */

/* A folder inside the policy's, and what may lie in it. */
typedef struct part {
    const char *folder;
    const char *suffix;
    const char *what_belongs;
} part;

/* One run over a folder: what was found wrong is counted and told, and reading goes on. */
typedef struct folder_reader {
    bundle_finding finding;
    void *context;
    policy_files *files;
    size_t bytes;
    uint32_t errors;
    const part *part; /* whose folder is read */
} folder_reader;

static void tell(folder_reader *self, const char *name, const char *message)
{
    const bool printable = utf8_is_printable(text_of(name));

    self->errors++;
    if (self->finding != NULL) {
        self->finding(self->context, true, printable ? name : "(a name that cannot be shown)", 0,
                      message);
    }
}

/* --- One file --------------------------------------------------------------------------------- */

static velum_status read_bytes(folder_reader *self, int dir_fd, const char *entry, text *out)
{
    VELUM_AUTO_BUFFER bytes = {0};
    uint8_t *data = NULL;
    size_t size = 0;

    buffer_init(&bytes, BUNDLE_BYTES_MAX - self->bytes);
    VELUM_TRY(file_read(dir_fd, entry, &bytes));
    VELUM_TRY(buffer_take(&bytes, &data, &size));
    *out = (text){(const char *)data, size};
    self->bytes += size;
    return VELUM_OK;
}

/* `name` is the file's in the bundle, `entry` its own in `dir_fd`. */
static velum_status add_file(folder_reader *self, int dir_fd, const char *entry, const char *name)
{
    policy_files *const files = self->files;
    bundle_file file = {TEXT_EMPTY, TEXT_EMPTY};

    if (files->count == POLICY_FILES_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_TRY(read_bytes(self, dir_fd, entry, &file.bytes));
    char *const copy = mem_copy_text(name, strlen(name));
    if (copy == NULL) {
        mem_free((void *)(uintptr_t)file.bytes.data);
        return VELUM_E_NOMEM;
    }
    file.name = (text){copy, strlen(copy)};
    files->files[files->count++] = file;
    return VELUM_OK;
}

/* --- The folder ------------------------------------------------------------------------------- */

/* What is the entry by itself, a link not followed? 0 when it cannot be said. */
static mode_t kind_of(int dir_fd, const char *entry)
{
    struct stat about;

    return fstatat(dir_fd, entry, &about, AT_SYMLINK_NOFOLLOW) == 0 ? about.st_mode & S_IFMT : 0;
}

static const part parts[] = {
    {"notices", ".md", "only notices, <id>.<language>.md, belong into this folder"},
    {"packs", ".yaml", "only jurisdiction packs, <name>.yaml, belong into this folder"},
    {"modules", ".yaml", "only modules, <name>.yaml, belong into this folder"},
};

static bool belongs(const part *part, const char *entry)
{
    const size_t size = strlen(entry);
    const size_t suffix = strlen(part->suffix);

    return entry[0] != '.' && size > suffix && strcmp(entry + size - suffix, part->suffix) == 0;
}

static velum_status take_inner(folder_reader *self, int dir_fd, const char *entry)
{
    char name[NAME_BYTES_MAX];

    (void)snprintf(name, sizeof(name), "%s/%s", self->part->folder, entry);
    if (kind_of(dir_fd, entry) != S_IFREG) {
        tell(self, name, "only regular files belong into a policy, no links and no folders");
        return VELUM_OK;
    }
    if (!belongs(self->part, entry)) {
        tell(self, name, self->part->what_belongs);
        return VELUM_OK;
    }
    return add_file(self, dir_fd, entry, name);
}

typedef velum_status (*take_entry)(folder_reader *self, int dir_fd, const char *entry);

/* Hands every entry of the folder to `take`; owns `dir_fd`. */
static velum_status walk(folder_reader *self, int dir_fd, take_entry take)
{
    velum_status status = VELUM_OK;
    DIR *const dir = fdopendir(dir_fd);

    if (dir == NULL) {
        (void)close(dir_fd);
        return VELUM_E_IO;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL && status >= 0;
         entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = take(self, dirfd(dir), entry->d_name);
        }
    }
    (void)closedir(dir);
    return status;
}

static velum_status take_top(folder_reader *self, int dir_fd, const char *entry)
{
    const mode_t kind = kind_of(dir_fd, entry);
    int part_fd = -1;

    if (strcmp(entry, POLICY_NAME) == 0 && kind == S_IFREG) {
        return add_file(self, dir_fd, entry, entry);
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && kind == S_IFDIR; i++) {
        if (strcmp(entry, parts[i].folder) == 0) {
            VELUM_TRY(file_open(dir_fd, entry, O_RDONLY | O_DIRECTORY, &part_fd));
            self->part = &parts[i];
            return walk(self, part_fd, take_inner);
        }
    }
    tell(self, entry,
         "only policy.yaml and the folders notices, packs and modules belong here, and no links");
    return VELUM_OK;
}

static int compare_names(const void *a, const void *b)
{
    return text_compare(((const bundle_file *)a)->name, ((const bundle_file *)b)->name);
}

static velum_status read_folder(folder_reader *self, const char *path, velum_error *err)
{
    int dir_fd = -1;
    velum_status status = directory_open(path, &dir_fd);

    if (status == VELUM_OK) {
        status = walk(self, dir_fd, take_top);
    }
    if (status == VELUM_E_LIMIT) {
        return error_set(err, status, "the policy's files are too many, or above %d bytes together",
                         BUNDLE_BYTES_MAX);
    }
    if (status < 0) {
        return error_set_errno(err, status, errno, "cannot read the policy folder");
    }
    if (self->errors > 0) {
        return error_set(err, VELUM_E_INVALID, "%u files do not belong into the policy folder",
                         self->errors);
    }
    if (self->files->count > 1) {
        qsort(self->files->files, self->files->count, sizeof(bundle_file), compare_names);
    }
    return VELUM_OK;
}

velum_status policy_files_read(const char *path, bundle_finding finding, void *context,
                               policy_files *out, velum_error *err)
{
    folder_reader reader = {.finding = finding, .context = context, .files = out};

    out->count = 0;
    const velum_status status = read_folder(&reader, path, err);
    if (status < 0) {
        policy_files_clear(out);
    }
    return status;
}

void policy_files_clear(policy_files *self)
{
    for (size_t i = 0; i < self->count; i++) {
        mem_free((void *)(uintptr_t)self->files[i].name.data);
        mem_free((void *)(uintptr_t)self->files[i].bytes.data);
    }
    self->count = 0;
}

velum_status policy_files_write(const policy_files *self, buffer *out)
{
    json_writer json;

    json_writer_init(&json, out);
    json_begin_object(&json);
    json_name(&json, "files");
    json_begin_object(&json);
    for (size_t i = 0; i < self->count; i++) {
        json_name_text(&json, self->files[i].name);
        json_write_text(&json, self->files[i].bytes);
    }
    json_end_object(&json);
    json_end_object(&json);
    return buffer_status(out);
}

/* --- For the command -------------------------------------------------------------------------- */

static velum_status read_named(velum_string folder, bundle_finding finding, void *context,
                               policy_files *out, velum_error *err)
{
    VELUM_AUTO_MEM char *path = NULL;

    out->count = 0;
    if (folder.size == 0 || folder.size >= FOLDER_BYTES_MAX ||
        memchr(folder.data, '\0', folder.size) != NULL) {
        return error_set(err, VELUM_E_INVALID, "this is no path of a folder");
    }
    path = mem_copy_text(folder.data, folder.size);
    if (path == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for the policy");
    }
    return policy_files_read(path, finding, context, out, err);
}

velum_status velum_policy_check(velum_string folder, velum_policy_finding finding, void *context,
                                char out_hash[65], velum_error *err)
{
    VELUM_AUTO_POLICY_FILES files = {.count = 0};
    VELUM_AUTO(bundle) *compiled = NULL;

    out_hash[0] = '\0';
    VELUM_TRY(read_named(folder, finding, context, &files, err));
    VELUM_TRY(bundle_compile(files.files, files.count, finding, context, &compiled, err));
    hex_encode(compiled->hash, sizeof(compiled->hash), out_hash);
    return VELUM_OK;
}

velum_status velum_policy_pack(velum_string folder, char **out_json, size_t *out_size,
                               velum_error *err)
{
    VELUM_AUTO_POLICY_FILES files = {.count = 0};
    VELUM_AUTO_BUFFER packed = {0};
    uint8_t *data = NULL;

    *out_json = NULL;
    *out_size = 0;
    VELUM_TRY(read_named(folder, NULL, NULL, &files, err));
    buffer_init(&packed, PACKED_BYTES_MAX);
    const velum_status status = policy_files_write(&files, &packed);
    if (status < 0) {
        return error_set(err, status,
                         status == VELUM_E_LIMIT ? "the policy is larger than a request may be"
                                                 : "the policy's files are not all UTF-8 text");
    }
    VELUM_TRY(buffer_take(&packed, &data, out_size));
    *out_json = (char *)data;
    return VELUM_OK;
}
