/* core/root_rotate.c: a folder's keyring under a new root secret.
 *
 * RR-1  The new secret is durable in its file before the keyring is sealed under it, and the keyring is
 *       replaced whole: at every moment one of the two secrets opens the folder (I-9).
 * RR-2  The keyring counts its roots. Whoever opens a folder whose count has no leaf yet writes it, so
 *       that a kill between the two is told, too (own_write_new_root).
 * RR-3  No secret lies beside what it opens; a sample's root.key goes when it opens nothing any more.
 */
#include "core/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLE_KEY "root.key"

typedef struct root_rotation {
    const velum_root_rotate_options *options;
    velum_root_rotation *result;
    char *file;  /* its name alone, in `place` */
    char *place; /* the folder in which it lies */
    int place_fd;
    uint8_t root[KEY_BYTES];
    bool is_there; /* the file, with a secret: of an earlier run, or brought along */
} root_rotation;

/* --- where the secret goes ------------------------------------------------------------------------ */

/* "a/b" into "a" and "b"; "b" lies in ".". */
static velum_status split(root_rotation *self, velum_error *err)
{
    const velum_string path = self->options->file;
    size_t slash = path.size;

    while (slash > 0 && path.data[slash - 1] != '/') {
        slash--;
    }
    if (path.size == 0 || slash == path.size) {
        return error_set(err, VELUM_E_INVALID, "which file is to hold the new root secret?");
    }
    self->file = mem_copy_text(path.data + slash, path.size - slash);
    self->place = slash == 0 ? mem_copy_text(".", 1) : mem_copy_text(path.data, slash);
    return self->file == NULL || self->place == NULL ? error_set(err, VELUM_E_NOMEM, "no memory")
                                                     : VELUM_OK;
}

/* RR-3 */
static velum_status open_place(root_rotation *self, int dir_fd, velum_error *err)
{
    bool within = false;

    if (directory_open(self->place, &self->place_fd) < 0) {
        return error_set_errno(err, VELUM_E_NOTFOUND, errno,
                               "there is no such folder for the new root secret");
    }
    const velum_status status = directory_is_within(self->place_fd, dir_fd, &within);
    if (status < 0) {
        return error_set_errno(err, status, errno, "the way up from the new root secret is barred");
    }
    return within ? error_set(err, VELUM_E_INVALID,
                              "the new root secret must not lie in the folder that it opens")
                  : VELUM_OK;
}

/* An empty file is one that a run made and did not come to fill: it goes, and is made again. */
static void drop_empty(const root_rotation *self)
{
    struct stat info;

    if (fstatat(self->place_fd, self->file, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(info.st_mode) && info.st_size == 0) {
        (void)unlinkat(self->place_fd, self->file, 0);
    }
}

/* A file that is there is used as it is: an earlier run made it, and did or did not come to its end, or
 * somebody brought a secret from elsewhere.
 */
static velum_status look_for_file(root_rotation *self, int dir_fd, velum_error *err)
{
    VELUM_AUTO(keyring) *keys = NULL;

    drop_empty(self);
    const velum_status status = root_secret_read(self->place_fd, self->file, self->root, err);

    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    self->is_there = true;
    self->result->was_done = keyring_open(dir_fd, self->root, &keys, NULL) == VELUM_OK;
    return VELUM_OK;
}

static velum_status prepare(root_rotation *self, velum_error *err)
{
    VELUM_AUTO_FD dir_fd = -1;
    VELUM_AUTO_MEM char *folder =
        mem_copy_text(self->options->folder.data, self->options->folder.size);

    if (folder == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    if (directory_open(folder, &dir_fd) < 0) {
        return error_set_errno(err, VELUM_E_NOTFOUND, errno, "there is no such data folder");
    }
    VELUM_TRY(crypto_init());
    VELUM_TRY(split(self, err));
    VELUM_TRY(open_place(self, dir_fd, err));
    return look_for_file(self, dir_fd, err);
}

/* --- replacing ------------------------------------------------------------------------------------- */

static velum_status open_gate(const root_rotation *self, const uint8_t *root, velum_gate **out,
                              velum_error *err)
{
    const velum_gate_options options = {
        .size = sizeof(options), .folder = self->options->folder, .workers = 1};
    const gate_opening how = {.root = root};

    return gate_open_as(&options, &how, out, err);
}

static velum_status make_secret(root_rotation *self, const velum_gate *gate, velum_error *err)
{
    if (self->is_there) {
        return VELUM_OK;
    }
    random_fill(&gate->random, self->root, sizeof(self->root));
    const velum_status status = root_secret_write(self->place_fd, self->file, self->root);
    return status < 0
               ? error_set_errno(err, status, errno, "the new root secret cannot be written (%s)",
                                 status_text(status))
               : VELUM_OK;
}

/* RR-1. The gate that is open holds the lock, and has seen that the folder is whole. */
static velum_status replace(root_rotation *self, const velum_gate *gate, velum_error *err)
{
    VELUM_TRY(make_secret(self, gate, err));
    const velum_status status = keyring_reseal(gate->keys, gate->dir_fd, self->root, &gate->random);
    return status < 0
               ? error_set_errno(err, status, errno,
                                 "the keyring was not replaced to the end (%s): run it again "
                                 "with the same file",
                                 status_text(status))
               : VELUM_OK;
}

static velum_status replace_root(root_rotation *self, velum_error *err)
{
    velum_gate *gate = NULL;

    VELUM_TRY(open_gate(self, NULL, &gate, err));
    const velum_status status = replace(self, gate, err);
    velum_gate_free(gate);
    return status;
}

/* --- the end ---------------------------------------------------------------------------------------- */

static velum_status destroy_sample_key(root_rotation *self, int dir_fd)
{
    const velum_status status = file_destroy(dir_fd, SAMPLE_KEY);

    if (status == VELUM_E_NOTFOUND) {
        return VELUM_OK;
    }
    VELUM_TRY(status);
    self->result->sample_key_gone = true;
    return directory_sync(dir_fd);
}

/* RR-2: opened with the new secret, as any gate will be. */
static velum_status finish(root_rotation *self, velum_error *err)
{
    velum_gate *gate = NULL;

    VELUM_TRY(open_gate(self, self->root, &gate, err));
    self->result->version = keyring_root_version(gate->keys);
    const velum_status status = destroy_sample_key(self, gate->dir_fd);
    velum_gate_free(gate);
    return status < 0 ? error_set_errno(err, status, errno,
                                        "the root secret is replaced, but the old " SAMPLE_KEY
                                        " could not be destroyed")
                      : VELUM_OK;
}

static velum_status rotate(root_rotation *self, velum_error *err)
{
    VELUM_TRY(prepare(self, err));
    if (!self->result->was_done) {
        VELUM_TRY(replace_root(self, err));
    }
    return finish(self, err);
}

velum_status velum_root_rotate(const velum_root_rotate_options *options,
                               velum_root_rotation *result, velum_error *err)
{
    if (options == NULL || options->size < sizeof(*options) || result == NULL ||
        result->size < sizeof(*result) || options->folder.data == NULL ||
        options->folder.size == 0 || options->file.data == NULL) {
        return error_set(err, VELUM_E_INVALID, "the options name no folder, no file or no size");
    }
    root_rotation self = {.options = options, .result = result, .place_fd = -1};
    *result = (velum_root_rotation){.size = sizeof(*result)};
    if (err != NULL) {
        *err = (velum_error){.status = VELUM_OK};
    }
    const velum_status status = rotate(&self, err);
    mem_wipe(self.root, sizeof(self.root));
    mem_free(self.file);
    mem_free(self.place);
    file_close(&self.place_fd);
    return status < 0 && err != NULL && err->status == VELUM_OK
               ? error_set(err, status, "the root secret was not replaced: %s", status_text(status))
               : status;
}
