/* cli/trust.c: the officer's own file. */
#include "cli/trust.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/place.h"
#include "cli/say.h"

#define TRUST_PATH_BYTES 4096

text trust_origin(text verifier_key)
{
    return (text){verifier_key.data, text_find_byte(verifier_key, '+')};
}

static bool is_plain(char c, bool is_first)
{
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '-';

    return is_word || (c == '.' && !is_first);
}

velum_status trust_name(text origin, char out[TRUST_NAME_BYTES])
{
    size_t used = 0;

    if (origin.size == 0) {
        return VELUM_E_INVALID;
    }
    for (size_t i = 0; i < origin.size; i++) {
        if (used + sizeof("%XX") > TRUST_NAME_BYTES - sizeof(".tmp")) {
            return VELUM_E_LIMIT;
        }
        if (is_plain(origin.data[i], i == 0)) {
            out[used++] = origin.data[i];
        } else {
            used += (size_t)snprintf(out + used, sizeof("%XX"), "%%%02X", (uint8_t)origin.data[i]);
        }
    }
    out[used] = '\0';
    return VELUM_OK;
}

velum_status trust_parse(text contents, trust *out)
{
    const size_t line = text_find_byte(contents, '\n');

    if (line == contents.size || line == 0 || line >= TRUST_KEY_BYTES) {
        return VELUM_E_CORRUPT;
    }
    const size_t rest = contents.size - line - 1;
    if (rest >= TRUST_CHECKPOINT_BYTES || !utf8_is_valid(contents)) {
        return VELUM_E_CORRUPT;
    }
    *out = (trust){0};
    memcpy(out->key, contents.data, line);
    memcpy(out->checkpoint, contents.data + line + 1, rest);
    return VELUM_OK;
}

/* $XDG_CONFIG_HOME where it is an absolute path, as its specification wants, else ~/.config. */
static velum_status configuration_path(char out[TRUST_PATH_BYTES])
{
    const char *folder = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int size = 0;

    if (folder != NULL && folder[0] == '/') {
        size = snprintf(out, TRUST_PATH_BYTES, "%s", folder);
    } else if (home != NULL && home[0] == '/') {
        size = snprintf(out, TRUST_PATH_BYTES, "%s/.config", home);
    } else {
        return VELUM_E_NOTFOUND;
    }
    return size < 0 || size >= TRUST_PATH_BYTES ? VELUM_E_LIMIT : VELUM_OK;
}

velum_status trust_read(text origin, trust *out)
{
    VELUM_AUTO_FD dir_fd = -1;
    VELUM_AUTO_BUFFER contents;
    char path[TRUST_PATH_BYTES];
    char folder[TRUST_PATH_BYTES + 16];
    char name[TRUST_NAME_BYTES];

    buffer_init(&contents, TRUST_KEY_BYTES + TRUST_CHECKPOINT_BYTES);
    VELUM_TRY(configuration_path(path));
    VELUM_TRY(trust_name(origin, name));
    (void)snprintf(folder, sizeof(folder), "%s/velum/trust", path);
    VELUM_TRY(directory_open(folder, &dir_fd));
    VELUM_TRY(file_read(dir_fd, name, &contents));
    return trust_parse((text){(const char *)contents.data, contents.size}, out);
}

/* Opens `name` below, made with 0700 where it is missing. */
static velum_status open_below(int parent_fd, const char *name, int *out_fd)
{
    const velum_status status = directory_create(parent_fd, name, out_fd);

    if (status != VELUM_E_EXISTS) {
        return status;
    }
    *out_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out_fd < 0 ? VELUM_E_IO : VELUM_OK;
}

velum_status trust_write(text origin, const trust *trust)
{
    VELUM_AUTO_FD config_fd = -1;
    VELUM_AUTO_FD velum_fd = -1;
    VELUM_AUTO_FD trust_fd = -1;
    VELUM_AUTO_BUFFER contents;
    char path[TRUST_PATH_BYTES];
    char name[TRUST_NAME_BYTES];

    buffer_init(&contents, TRUST_KEY_BYTES + TRUST_CHECKPOINT_BYTES);
    VELUM_TRY(trust_name(origin, name));
    VELUM_TRY(configuration_path(path));
    (void)mkdir(path, S_IRWXU); /* usually there; opening tells */
    VELUM_TRY(directory_open(path, &config_fd));
    VELUM_TRY(open_below(config_fd, "velum", &velum_fd));
    VELUM_TRY(open_below(velum_fd, "trust", &trust_fd));
    buffer_append_format(&contents, "%s\n%s", trust->key, trust->checkpoint);
    VELUM_TRY(buffer_status(&contents));
    return file_replace(trust_fd, name, contents.data, contents.size);
}

void trust_begin(const char *folder, text verifier_key)
{
    VELUM_AUTO_BUFFER checkpoint;
    trust trust = {.key = ""};
    char log[PLACE_BYTES_MAX];

    buffer_init(&checkpoint, TRUST_CHECKPOINT_BYTES - 1);
    if (verifier_key.size < sizeof(trust.key)) {
        memcpy(trust.key, verifier_key.data, verifier_key.size);
    }
    if (place_join(folder, PLACE_AUDIT, log) == VELUM_OK &&
        place_read(log, "checkpoint", &checkpoint) == VELUM_OK && checkpoint.size > 0) {
        memcpy(trust.checkpoint, checkpoint.data, checkpoint.size);
    }
    if (trust.key[0] == '\0' || trust_write(trust_origin(verifier_key), &trust) < 0) {
        say("no trust file could be written for `velum audit verify`");
        say_more("Keep the verifier key, and give it with --key.");
    }
}
