/* vault/root_secret.c: finding and writing the one secret that is not ours to keep.
 *
 * A place that is named but empty is an error, not an invitation to look further: otherwise a typing
 * mistake in $VELUM_ROOT_FILE would silently fall back to a sample's key (I-3). Only the credentials
 * folder may lack the file, since systemd sets it for any credential of a service.
 */
#include "vault/keyring.h"

#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_HEX_CHARS (2 * KEY_BYTES)
#define ROOT_FILE_BYTES_MAX (ROOT_HEX_CHARS + 2) /* and a line end, CR LF at most */
#define CREDENTIAL_NAME "velum-root"
#define FOLDER_NAME "root.key"

/* What neither group nor others may do. systemd grants a service's user its credential by an ACL on
 * a file of root's, and the mask of an ACL shows as the group's bits: there reading is allowed. */
#define FORBIDDEN_BITS 077
#define FORBIDDEN_BITS_CREDENTIAL 037

typedef struct root_place {
    uint32_t source;
    const char *name; /* for the error text, our own words */
    mode_t forbidden_bits;
    int open_flags;
} root_place;

static const root_place credentials = {ROOT_FROM_CREDENTIALS, "$CREDENTIALS_DIRECTORY/velum-root",
                                       FORBIDDEN_BITS_CREDENTIAL, O_RDONLY | O_CLOEXEC};
static const root_place named_file = {ROOT_FROM_FILE, "the file of $VELUM_ROOT_FILE",
                                      FORBIDDEN_BITS, O_RDONLY | O_CLOEXEC};
static const root_place config_file = {ROOT_FROM_CONFIG, "root.file of the configuration",
                                       FORBIDDEN_BITS, O_RDONLY | O_CLOEXEC};
static const root_place config_credential = {ROOT_FROM_CONFIG,
                                             "root.credential of the configuration",
                                             FORBIDDEN_BITS_CREDENTIAL, O_RDONLY | O_CLOEXEC};
static const root_place given_file = {0, "the file for the new root secret", FORBIDDEN_BITS,
                                      O_RDONLY | O_CLOEXEC | O_NOFOLLOW};
static const root_place folder_file = {ROOT_FROM_FOLDER, "root.key in the data folder",
                                       FORBIDDEN_BITS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW};

static velum_status check_owner(int fd, const root_place *place, velum_error *err)
{
    struct stat about;

    if (fstat(fd, &about) != 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "%s cannot be read", place->name);
    }
    if (!S_ISREG(about.st_mode)) {
        return error_set(err, VELUM_E_INVALID, "%s is not a file", place->name);
    }
    if (about.st_uid != geteuid() && about.st_uid != 0) {
        return error_set(err, VELUM_E_DENIED, "%s belongs to another user", place->name);
    }
    if ((about.st_mode & place->forbidden_bits) != 0) {
        return error_set(err, VELUM_E_DENIED, "%s may be used by others than its owner (mode %o)",
                         place->name, (unsigned int)(about.st_mode & 0777));
    }
    return VELUM_OK;
}

/* 32 raw bytes, or 64 hex digits with or without a line end. */
static velum_status decode(const char *content, size_t size, uint8_t out[KEY_BYTES])
{
    if (size == KEY_BYTES) {
        memcpy(out, content, KEY_BYTES);
        return VELUM_OK;
    }
    if (size < ROOT_HEX_CHARS) {
        return VELUM_E_INVALID;
    }
    const text end = {content + ROOT_HEX_CHARS, size - ROOT_HEX_CHARS};
    if (end.size > 0 && !text_equal_literal(end, "\n") && !text_equal_literal(end, "\r\n")) {
        return VELUM_E_INVALID;
    }
    return hex_decode((text){content, ROOT_HEX_CHARS}, out, KEY_BYTES);
}

static velum_status read_secret(int fd, const root_place *place, uint8_t out[KEY_BYTES],
                                velum_error *err)
{
    char content[ROOT_FILE_BYTES_MAX];
    uint64_t size = 0;

    VELUM_TRY(check_owner(fd, place, err));
    velum_status status = file_size(fd, &size);
    if (status == VELUM_OK && size > sizeof(content)) {
        status = VELUM_E_INVALID;
    }
    if (status == VELUM_OK) {
        status = file_read_at(fd, 0, content, (size_t)size);
    }
    if (status == VELUM_OK) {
        status = decode(content, (size_t)size, out);
    }
    mem_wipe(content, sizeof(content));
    if (status < 0) {
        return error_set(err, status, "%s holds neither 64 hex digits nor 32 bytes", place->name);
    }
    return VELUM_OK;
}

/* VELUM_E_NOTFOUND when there is no file; `err` is then left to the caller. */
static velum_status try_place(int dir_fd, const char *path, const root_place *place,
                              uint8_t out[KEY_BYTES], velum_error *err)
{
    VELUM_AUTO_FD fd = openat(dir_fd, path, place->open_flags);

    if (fd < 0 && errno == ENOENT) {
        return VELUM_E_NOTFOUND;
    }
    if (fd < 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "%s cannot be opened", place->name);
    }
    return read_secret(fd, place, out, err);
}

static velum_status try_credential(const char *folder, const char *name, const root_place *place,
                                   uint8_t out[KEY_BYTES], velum_error *err)
{
    VELUM_AUTO_FD fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return error_set_errno(err, VELUM_E_IO, errno, "$CREDENTIALS_DIRECTORY cannot be opened");
    }
    return try_place(fd, name, place, out, err);
}

/* The value of a variable, NULL for an empty one. */
static const char *variable(const char *name)
{
    const char *const value = getenv(name);

    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* VELUM_END when nothing is there to be found; what $VELUM_ROOT_FILE names must be there. */
static velum_status try_environment(uint8_t out[KEY_BYTES], uint32_t *out_source, velum_error *err)
{
    const char *const folder = variable("CREDENTIALS_DIRECTORY");
    const char *const file = variable("VELUM_ROOT_FILE");
    velum_status status = VELUM_E_NOTFOUND;

    if (folder != NULL) {
        status = try_credential(folder, CREDENTIAL_NAME, &credentials, out, err);
        *out_source = ROOT_FROM_CREDENTIALS;
    }
    if (status != VELUM_E_NOTFOUND) {
        return status;
    }
    if (file == NULL) {
        return VELUM_END;
    }
    *out_source = ROOT_FROM_FILE;
    status = try_place(AT_FDCWD, file, &named_file, out, err);
    return status == VELUM_E_NOTFOUND ? error_set(err, status, "$VELUM_ROOT_FILE names no file")
                                      : status;
}

/* VELUM_END when the configuration names no place. */
static velum_status try_named(const root_names *named, uint8_t out[KEY_BYTES], velum_error *err)
{
    const char *const folder = variable("CREDENTIALS_DIRECTORY");
    const root_place *const place = named->file != NULL ? &config_file : &config_credential;
    velum_status status = VELUM_E_NOTFOUND;

    if (named->file == NULL && named->credential == NULL) {
        return VELUM_END;
    }
    if (named->file != NULL) {
        status = try_place(AT_FDCWD, named->file, place, out, err);
    } else if (folder != NULL) {
        status = try_credential(folder, named->credential, place, out, err);
    }
    return status == VELUM_E_NOTFOUND
               ? error_set(err, status, "there is nothing at %s", place->name)
               : status;
}

velum_status root_secret_seek(int dir_fd, const root_names *named, uint8_t out[KEY_BYTES],
                              uint32_t *out_source, velum_error *err)
{
    velum_status status = try_environment(out, out_source, err);

    if (status == VELUM_END && named != NULL) {
        status = try_named(named, out, err);
        *out_source = ROOT_FROM_CONFIG;
    }
    if (status != VELUM_END) {
        return status;
    }
    status = try_place(dir_fd, FOLDER_NAME, &folder_file, out, err);
    *out_source = ROOT_FROM_FOLDER;
    if (status == VELUM_E_NOTFOUND) {
        return error_set(err, status, "no root secret: sought at %s, $VELUM_ROOT_FILE and %s",
                         credentials.name, folder_file.name);
    }
    return status;
}

velum_status root_secret_find(int dir_fd, uint8_t out[KEY_BYTES], uint32_t *out_source,
                              velum_error *err)
{
    return root_secret_seek(dir_fd, NULL, out, out_source, err);
}

velum_status root_secret_test(const char *file, velum_error *err)
{
    uint8_t root[KEY_BYTES];

    const velum_status status = try_place(AT_FDCWD, file, &config_file, root, err);
    mem_wipe(root, sizeof(root));
    return status;
}

velum_status root_secret_read(int dir_fd, const char *name, uint8_t out[KEY_BYTES],
                              velum_error *err)
{
    const velum_status status = try_place(dir_fd, name, &given_file, out, err);

    return status == VELUM_E_NOTFOUND ? error_set(err, status, "%s is not there", given_file.name)
                                      : status;
}

static velum_status write_and_sync(int dir_fd, int fd, const uint8_t root[KEY_BYTES])
{
    char line[ROOT_HEX_CHARS + 2];

    hex_encode(root, KEY_BYTES, line);
    line[ROOT_HEX_CHARS] = '\n';
    velum_status status = file_write_at(fd, 0, line, ROOT_HEX_CHARS + 1);
    mem_wipe(line, sizeof(line));
    if (status == VELUM_OK) {
        status = file_sync(fd);
    }
    if (status == VELUM_OK) {
        status = directory_sync(dir_fd);
    }
    return status;
}

velum_status root_secret_write(int dir_fd, const char *name, const uint8_t root[KEY_BYTES])
{
    VELUM_AUTO_FD fd = -1;

    VELUM_TRY(file_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL, &fd));
    const velum_status status = write_and_sync(dir_fd, fd, root);
    if (status < 0) {
        (void)unlinkat(dir_fd, name, 0); /* half a secret would only mislead */
    }
    return status;
}
