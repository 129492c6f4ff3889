/* core/config.c: finding the file, laying the sources over each other, asking for what counts. */
#include "core/config.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "velum.yaml"
#define SYSTEM_FOLDER "/etc/velum"
#define FORBIDDEN_BITS 022 /* what others may not do with a file that says where keys are sought */

VELUM_DEFINE_AUTO(velum_config);

#ifdef VELUM_TEST_SEAMS
static const char *system_folder(void)
{
    const char *const folder = getenv("VELUM_TEST_ETC");

    return folder == NULL ? SYSTEM_FOLDER : folder;
}
#else
static const char *system_folder(void)
{
    return SYSTEM_FOLDER;
}
#endif

/* --- the file ----------------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
    const char *const value = name == NULL ? NULL : getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

static velum_status check_file(int fd, velum_error *err)
{
    struct stat about;

    if (fstat(fd, &about) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "the configuration file cannot be read");
    }
    if (!S_ISREG(about.st_mode)) {
        return error_set(err, VELUM_E_INVALID, "the configuration is not a file");
    }
    if (about.st_uid != geteuid() && about.st_uid != 0) {
        return error_set(err, VELUM_E_DENIED, "the configuration file belongs to another user");
    }
    if ((about.st_mode & FORBIDDEN_BITS) != 0) {
        return error_set(err, VELUM_E_DENIED,
                         "the configuration file may be changed by others than its owner (mode %o)",
                         (unsigned)(about.st_mode & 0777));
    }
    return VELUM_OK;
}

/* VELUM_E_NOTFOUND leaves `err` alone. */
static velum_status read_file(const char *path, buffer *out, velum_error *err)
{
    VELUM_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    uint64_t size = 0;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return VELUM_E_NOTFOUND;
    }
    if (fd < 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "the configuration file cannot be opened");
    }
    VELUM_TRY(check_file(fd, err));
    VELUM_TRY(file_size(fd, &size));
    if (size > CONFIG_FILE_BYTES_MAX) {
        return error_set(err, VELUM_E_LIMIT, "the configuration file is larger than 64 KiB");
    }
    VELUM_TRY(buffer_reserve(out, (size_t)size + 1));
    VELUM_TRY(file_read_at(fd, 0, out->data, (size_t)size));
    out->size = (size_t)size;
    return VELUM_OK;
}

static velum_status parse_file(const char *path, config_listener *listener, velum_config *out,
                               velum_error *err)
{
    VELUM_AUTO_BUFFER bytes = {0};

    buffer_init(&bytes, CONFIG_FILE_BYTES_MAX + 1);
    velum_status status = read_file(path, &bytes, err);
    if (status == VELUM_E_NOTFOUND) {
        return error_set(err, status, "there is no such configuration file");
    }
    VELUM_TRY(status);
    (void)snprintf(out->path, sizeof(out->path), "%s", path);
    const text source = {bytes.size == 0 ? "" : (const char *)bytes.data, bytes.size};
    status = config_parse(source, listener, out);
    if (status == VELUM_E_INVALID) {
        return error_set(err, status, "the configuration file, line %u: %s", listener->line,
                         listener->first);
    }
    return status < 0 ? error_set(err, status, "no memory") : VELUM_OK;
}

static const char *override_of(const velum_config_options *options, const char *name)
{
    for (size_t i = options->override_count; i > 0; i--) { /* of two the later counts */
        if (strcmp(options->overrides[i - 1].name, name) == 0) {
            return options->overrides[i - 1].value;
        }
    }
    return NULL;
}

/* FOLDER/velum.yaml when there is one; no data folder has a path too long for that. */
static bool has_file(const char *folder, char out[CONFIG_VALUE_BYTES])
{
    if (folder == NULL) {
        return false;
    }
    const int size = snprintf(out, CONFIG_VALUE_BYTES, "%s/" FILE_NAME, folder);
    return size > 0 && size < CONFIG_VALUE_BYTES && access(out, F_OK) == 0;
}

/* The file that counts, or "". */
static velum_status find_file(const velum_config_options *options, char out[CONFIG_VALUE_BYTES],
                              velum_error *err)
{
    const char *const named = options->file != NULL ? options->file : environment("VELUM_CONFIG");
    const char *const data = override_of(options, "data");

    if (named != NULL) {
        const int size = snprintf(out, CONFIG_VALUE_BYTES, "%s", named);
        return size > 0 && size < CONFIG_VALUE_BYTES
                   ? VELUM_OK
                   : error_set(err, VELUM_E_LIMIT,
                               "the path of the configuration file is too long");
    }
    if (!has_file(data != NULL ? data : environment("VELUM_DATA"), out) &&
        !has_file(system_folder(), out)) {
        out[0] = '\0';
    }
    return VELUM_OK;
}

static velum_status take_file(const velum_config_options *options, config_listener *listener,
                              velum_config *out, velum_error *err)
{
    char path[CONFIG_VALUE_BYTES];

    VELUM_TRY(find_file(options, path, err));
    return path[0] == '\0' ? VELUM_OK : parse_file(path, listener, out, err);
}

/* --- the other sources -------------------------------------------------------------------------- */

/* Whoever types a path has a working folder; a file has none, so that only there it is absolute. */
static bool is_taken(config_index index, text value)
{
    if (config_settings[index].kind == CONFIG_KIND_PATH) {
        return value.size > 0 && value.size < CONFIG_VALUE_BYTES;
    }
    return config_value_check(index, value) == VELUM_OK;
}

static void put(velum_config *self, config_index index, const char *value, uint32_t origin)
{
    config_value *const held = &self->values[index];

    (void)snprintf(held->text, sizeof(held->text), "%s", value);
    held->origin = origin;
    held->line = 0;
}

static void take_defaults(velum_config *out)
{
    for (config_index i = 0; i < CONFIG_COUNT; i++) {
        put(out, i, config_settings[i].preset, VELUM_CONFIG_FROM_DEFAULT);
    }
}

static velum_status take_environment(velum_config *out, velum_error *err)
{
    for (config_index i = 0; i < CONFIG_COUNT; i++) {
        const char *const value = environment(config_settings[i].variable);
        if (value == NULL) {
            continue;
        }
        if (!is_taken(i, text_of(value))) {
            return error_set(err, VELUM_E_INVALID, "$%s: %s", config_settings[i].variable,
                             config_settings[i].wanted);
        }
        put(out, i, value, VELUM_CONFIG_FROM_ENVIRONMENT);
    }
    return VELUM_OK;
}

static velum_status take_overrides(const velum_config_options *options, velum_config *out,
                                   velum_error *err)
{
    for (size_t i = 0; i < options->override_count; i++) {
        const config_index index = config_find(text_of(options->overrides[i].name));
        if (index == CONFIG_COUNT) {
            return error_set(err, VELUM_E_INVALID, "there is no such setting");
        }
        if (!is_taken(index, text_of(options->overrides[i].value))) {
            return error_set(err, VELUM_E_INVALID, "--%s: %s", config_settings[index].name,
                             config_settings[index].wanted);
        }
        put(out, index, options->overrides[i].value, VELUM_CONFIG_FROM_COMMAND_LINE);
    }
    return VELUM_OK;
}

velum_status velum_config_find(const velum_config_options *options, char *out, size_t out_size,
                               velum_error *err)
{
    char path[CONFIG_VALUE_BYTES];

    if (options == NULL || options->size < sizeof(*options) || out_size < sizeof(path)) {
        return error_set(err, VELUM_E_INVALID, "the options have no size, or the path no room");
    }
    VELUM_TRY(find_file(options, path, err));
    if (path[0] == '\0') {
        return error_set(err, VELUM_E_NOTFOUND, "there is no configuration file, nor need one be");
    }
    memcpy(out, path, sizeof(path));
    return VELUM_OK;
}

velum_status velum_config_load(const velum_config_options *options, velum_config **out,
                               velum_error *err)
{
    VELUM_AUTO(velum_config) *self = NULL;

    if (out != NULL) {
        *out = NULL;
    }
    if (options == NULL || out == NULL || options->size < sizeof(*options)) {
        return error_set(err, VELUM_E_INVALID, "the options have no size");
    }
    self = mem_alloc(sizeof(*self));
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    config_listener listener = {.finding = options->finding, .context = options->context};
    take_defaults(self);
    VELUM_TRY(take_file(options, &listener, self, err));
    VELUM_TRY(take_environment(self, err)); /* C-3 */
    VELUM_TRY(take_overrides(options, self, err));
    *out = velum_config_take(&self);
    return VELUM_OK;
}

void velum_config_free(velum_config *config)
{
    mem_free(config);
}

/* --- asking ------------------------------------------------------------------------------------- */

const char *velum_config_path(const velum_config *config)
{
    return config->path;
}

bool config_flag(const velum_config *self, config_index index)
{
    return strcmp(self->values[index].text, "true") == 0;
}

uint64_t config_number(const velum_config *self, config_index index)
{
    uint64_t number = 0;

    (void)text_parse_u64(text_of(self->values[index].text), &number);
    return number;
}

bool velum_config_at(const velum_config *config, uint32_t index, velum_config_setting *out)
{
    if (index >= CONFIG_COUNT || out->size < sizeof(*out)) {
        return false;
    }
    const config_setting *const setting = &config_settings[index];
    const config_value *const value = &config->values[index];
    *out = (velum_config_setting){
        .size = sizeof(*out),
        .name = setting->name,
        .value = value->text,
        .variable = setting->variable == NULL ? "" : setting->variable,
        .origin = value->origin,
        .line = value->line,
        .is_number = setting->kind == CONFIG_KIND_NUMBER,
        .is_flag = setting->kind == CONFIG_KIND_FLAG,
    };
    return true;
}

const char *velum_config_text(const velum_config *config, const char *name)
{
    const config_index index = config_find(text_of(name));

    return index == CONFIG_COUNT ? "" : config->values[index].text;
}

uint64_t velum_config_number(const velum_config *config, const char *name)
{
    const config_index index = config_find(text_of(name));

    return index == CONFIG_COUNT ? 0 : config_number(config, index);
}

bool velum_config_flag(const velum_config *config, const char *name)
{
    const config_index index = config_find(text_of(name));

    return index != CONFIG_COUNT && config_flag(config, index);
}

/* --- judging one file --------------------------------------------------------------------------- */

velum_status velum_config_check(const char *file, velum_config_finding finding, void *context,
                                velum_error *err)
{
    VELUM_AUTO(velum_config) *self = mem_alloc(sizeof(*self));
    config_listener listener = {.finding = finding, .context = context};

    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    take_defaults(self);
    const velum_status status = parse_file(file, &listener, self, err);
    if (status == VELUM_OK) {
        config_judge(self, &listener);
    }
    if (status == VELUM_OK && listener.errors > 0) {
        return error_set(err, VELUM_E_INVALID, "the configuration file, line %u: %s", listener.line,
                         listener.first);
    }
    return status;
}
