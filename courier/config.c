/* courier/config.c: the file, the secrets that it names, and finding a place by its name. */
#include "courier/config.h"

#include "courier/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define FORBIDDEN_BITS \
    022 /* what others may not do with a file that says where people's data goes */
#define SECRET_PREFIX "whsec_"

/* --- the file ----------------------------------------------------------------------------------- */

static velum_status check_file(int fd, velum_error *err)
{
    struct stat about;

    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        return error_set(err, VELUM_E_INVALID, "the configuration is not a file");
    }
    if ((about.st_uid != geteuid() && about.st_uid != 0) || (about.st_mode & FORBIDDEN_BITS) != 0) {
        return error_set(err, VELUM_E_DENIED, "the configuration file may be changed by others");
    }
    return VELUM_OK;
}

static velum_status read_file(const char *path, buffer *out, velum_error *err)
{
    VELUM_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    uint64_t size = 0;

    if (fd < 0) {
        return error_set_errno(err, errno == ENOENT ? VELUM_E_NOTFOUND : VELUM_E_IO, errno,
                               "the configuration file cannot be opened");
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

/* --- secrets ------------------------------------------------------------------------------------ */

/* "whsec_" and the base64 of 32 bytes, which take the text's place. */
static velum_status decode_secret(place *self)
{
    const text shown = {self->secret, self->secret_size};
    uint8_t key[KEY_BYTES];
    size_t size = 0;

    if (!text_starts_with(shown, SECRET_PREFIX)) {
        return VELUM_E_INVALID;
    }
    const size_t prefix = sizeof(SECRET_PREFIX) - 1;
    const velum_status status =
        base64_decode((text){shown.data + prefix, shown.size - prefix}, key, sizeof(key), &size);
    if (status < 0 || size != sizeof(key)) {
        mem_wipe(key, sizeof(key));
        return VELUM_E_INVALID;
    }
    memcpy(self->secret, key, sizeof(key));
    self->secret_size = sizeof(key);
    mem_wipe(key, sizeof(key));
    return VELUM_OK;
}

static velum_status read_secret(place *self, velum_error *err)
{
    if (self->secret_file[0] == '\0') {
        return VELUM_OK;
    }
    VELUM_TRY(secret_file_read(self->secret_file, self->secret, sizeof(self->secret),
                               &self->secret_size, err));
    if (self->kind == PLACE_WEBHOOK && decode_secret(self) < 0) {
        return error_set(err, VELUM_E_INVALID,
                         "line %u: secret-file holds whsec_ and the base64 of 32 bytes",
                         self->line);
    }
    return VELUM_OK;
}

static velum_status read_secrets(courier_config *self, velum_error *err)
{
    for (uint32_t i = 0; i < self->channel_count; i++) {
        VELUM_TRY(read_secret(&self->channels[i], err));
    }
    return VELUM_OK;
}

/* --- loading ------------------------------------------------------------------------------------ */

velum_status courier_config_default(const char *folder, courier_config *out)
{
    place *const every = &out->channels[0];
    const int size = snprintf(every->path, sizeof(every->path), "%s/outbox", folder);

    if (size < 0 || (size_t)size >= sizeof(every->path)) {
        return VELUM_E_LIMIT;
    }
    (void)snprintf(every->name, sizeof(every->name), "*");
    every->kind = PLACE_FOLDER;
    out->channel_count = 1;
    out->connect_ms = CONFIG_CONNECT_MS;
    out->total_ms = CONFIG_TOTAL_MS;
    return VELUM_OK;
}

velum_status courier_config_load(const char *file, courier_config_finding finding, void *context,
                                 courier_config **out, velum_error *err)
{
    VELUM_AUTO(courier_config) *self = mem_alloc(sizeof(*self));
    VELUM_AUTO_BUFFER bytes = {0};

    *out = NULL;
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    buffer_init(&bytes, CONFIG_FILE_BYTES_MAX + 1);
    VELUM_TRY(read_file(file, &bytes, err));
    const text source = {bytes.size == 0 ? "" : (const char *)bytes.data, bytes.size};
    const velum_status status = courier_config_parse(source, finding, context, self);
    if (status < 0) {
        return error_set(err, status, "the configuration is not what is taken here");
    }
    VELUM_TRY(read_secrets(self, err));
    *out = courier_config_take(&self);
    return VELUM_OK;
}

void courier_config_free(courier_config *config)
{
    mem_free(config);
}

/* --- places ------------------------------------------------------------------------------------- */

static const place *find(const place *places, uint32_t count, text name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (text_equal_literal(name, places[i].name)) {
            return &places[i];
        }
    }
    return NULL;
}

const place *courier_config_channel(const courier_config *config, text name)
{
    const place *const own = find(config->channels, config->channel_count, name);

    return own != NULL ? own : find(config->channels, config->channel_count, TEXT_LITERAL("*"));
}

const place *courier_config_hook(const courier_config *config, text name)
{
    return find(config->hooks, config->hook_count, name);
}
