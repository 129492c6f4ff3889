/* store/store.c: one encrypted file: opening it, its connections, its checkpoints. */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/secret.h"
#include "store/conn.h"
#include "store/pool.h"

#define KEY_LITERAL_BYTES (2 * KEY_BYTES + 3) /* x'…' */

struct store {
    char path[PATH_BYTES_MAX];
    secret_arena *arena; /* holds the key, for connections that are opened later */
    conn_options writer_options;
    conn_options reader_options;
    conn_options checkpointer_options;
    store_conn *writer;
    store_conn *checkpointer; /* opened when first needed */
    pool *readers;
    pthread_mutex_t checkpointing; /* one checkpoint at a time; guards `checkpointer` */
};

velum_status file_make(int dir_fd, const char *name)
{
    VELUM_AUTO_FD fd = -1;

    VELUM_TRY(file_open(dir_fd, name, O_RDWR | O_CREAT | O_EXCL, &fd));
    return directory_sync(dir_fd);
}

static velum_status find_or_create_file(const store_options *options)
{
    VELUM_AUTO_FD dir_fd = -1;
    struct stat info;

    VELUM_TRY(directory_open(options->folder, &dir_fd));
    if (fstatat(dir_fd, options->name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) {
            return VELUM_E_IO;
        }
        return options->create ? file_make(dir_fd, options->name) : VELUM_E_NOTFOUND;
    }
    if (!S_ISREG(info.st_mode)) {
        return VELUM_E_IO;
    }
    /* An empty file is what a creation that was cut short leaves behind. */
    return info.st_size == 0 && !options->create ? VELUM_E_NOTFOUND : VELUM_OK;
}

/* Absolute, because a host may change its working directory before a reader is opened. */
velum_status path_join(const char *folder, const char *name, char out[PATH_BYTES_MAX])
{
    char absolute[PATH_MAX];

    if (realpath(folder, absolute) == NULL) {
        return errno == ENOENT ? VELUM_E_NOTFOUND : VELUM_E_IO;
    }
    const int size = snprintf(out, PATH_BYTES_MAX, "%s/%s", absolute, name);
    if (size < 0 || (size_t)size + sizeof "-journal" > PATH_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    return VELUM_OK;
}

static velum_status set_key(store *self, const uint8_t key[KEY_BYTES], text *out_literal)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_create(KEY_LITERAL_BYTES + 1, &self->arena));
    VELUM_TRY(secret_arena_slice(self->arena, KEY_LITERAL_BYTES + 1, &slice));
    char *const literal = slice;
    literal[0] = 'x';
    literal[1] = '\'';
    hex_encode(key, KEY_BYTES, literal + 2);
    literal[KEY_LITERAL_BYTES - 1] = '\'';
    *out_literal = (text){literal, KEY_LITERAL_BYTES};
    return VELUM_OK;
}

static velum_status set_options(store *self, const store_options *options)
{
    conn_options shared = {.path = self->path, .busy_timeout_ms = options->busy_timeout_ms};

    VELUM_TRY(path_join(options->folder, options->name, self->path));
    VELUM_TRY(set_key(self, options->key, &shared.key_literal));
    self->writer_options = self->reader_options = self->checkpointer_options = shared;
    self->writer_options.role = CONN_WRITER;
    self->reader_options.role = CONN_READER;
    self->checkpointer_options.role = CONN_CHECKPOINTER;
    return VELUM_OK;
}

static velum_status open_connections(store *self, const store_options *options)
{
    VELUM_TRY(driver_start());
    VELUM_TRY(find_or_create_file(options));
    VELUM_TRY(set_options(self, options));
    VELUM_TRY(conn_open(&self->writer_options, &self->writer));
    return pool_create(&self->reader_options, options->readers_max, &self->readers);
}

static const struct {
    velum_status status;
    const char *text;
} reasons[] = {
    {VELUM_E_CRYPTO, "the key does not fit, or this is no database of ours"},
    {VELUM_E_UNSUPPORTED, "the file or the database library does not encrypt"},
    {VELUM_E_NOTFOUND, "there is no such database"},
    {VELUM_E_LIMIT, "the path of the data folder is too long"},
};

static const char *explain(velum_status status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return status_text(status);
}

velum_status store_open(const store_options *options, store **out, velum_error *err)
{
    *out = NULL;
    if (options->readers_max < 1 || options->readers_max > POOL_READERS_MAX ||
        options->busy_timeout_ms > INT32_MAX) {
        return error_set(err, VELUM_E_INVALID, "database: readers are 1 to 64");
    }
    store *self = mem_alloc(sizeof *self);
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "database: no memory");
    }
    (void)pthread_mutex_init(&self->checkpointing, NULL);
    errno = 0;
    const velum_status status = open_connections(self, options);
    if (status < 0) {
        const int os_errno = status == VELUM_E_IO || status == VELUM_E_NOSPACE ? errno : 0;
        store_free(self);
        return error_set_errno(err, status, os_errno, "database: %s", explain(status));
    }
    *out = self;
    return VELUM_OK;
}

void store_free(store *self)
{
    if (self == NULL) {
        return;
    }
    pool_free(self->readers);
    conn_free(self->checkpointer);
    conn_free(self->writer); /* the last one to close moves the WAL into the file */
    secret_arena_free(self->arena);
    (void)pthread_mutex_destroy(&self->checkpointing);
    mem_free(self);
}

const conn_options *store_writer_options(const store *self)
{
    return &self->writer_options;
}

const conn_options *store_reader_options(const store *self)
{
    return &self->reader_options;
}

store_conn *store_writer(store *self)
{
    return self->writer;
}

velum_status store_reader_acquire(store *self, uint32_t wait_ms, store_conn **out)
{
    return pool_acquire(self->readers, wait_ms, out);
}

void store_reader_release(store *self, store_conn *conn)
{
    if (conn != NULL) {
        pool_release(self->readers, conn);
    }
}

/* With `checkpointing` held. */
static velum_status checkpoint_passive(store *self)
{
    if (self->checkpointer == NULL) {
        VELUM_TRY(conn_open(&self->checkpointer_options, &self->checkpointer));
    }
    sqlite3 *const db = self->checkpointer->db;
    const int code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return driver_status(code, db);
}

velum_status store_checkpoint_passive(store *self)
{
    pthread_mutex_lock(&self->checkpointing);
    const velum_status status = checkpoint_passive(self);
    pthread_mutex_unlock(&self->checkpointing);
    return status;
}

/* SQLite itself drains the readers: once all is in the file, new readers take it from there, so
 * that only those which began before are waited for. Waiting is the busy handler's. */
static velum_status checkpoint_truncate(store *self, uint32_t wait_ms)
{
    sqlite3 *const db = self->writer->db;
    int frames_left = 0;

    (void)sqlite3_busy_timeout(db, (int)(wait_ms > INT32_MAX ? INT32_MAX : wait_ms));
    const int code =
        sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, &frames_left, NULL);
    const velum_status status = driver_status(code, db);
    (void)sqlite3_busy_timeout(db, (int)self->writer_options.busy_timeout_ms);
    VELUM_TRY(status);
    return frames_left == 0 ? VELUM_OK : VELUM_E_BUSY;
}

velum_status store_checkpoint(store *self, uint32_t wait_ms)
{
    assert(!self->writer->in_transaction);
    conn_settle(self->writer);
    pthread_mutex_lock(&self->checkpointing); /* a passive one waits for nobody */
    const velum_status status = checkpoint_truncate(self, wait_ms);
    pthread_mutex_unlock(&self->checkpointing);
    return status;
}
