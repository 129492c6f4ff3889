/* core/restore_files.c: the files of a restored folder, from the copies to the first leaf (B-6, B-7). */
#include "core/restore.h"

#include "audit/folder.h"
#include "base/file.h"
#include "core/meta.h"
#include "core/registry.h"
#include "core/schema.h"
#include "core/verbs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define LOG_ID_BYTES 8
#define FILES_MAX 1000000 /* of a log */

void restore_tell(void *context, const char *what, uint64_t done, uint64_t total)
{
    const restoring *const self = context;

    if (self->options->progress != NULL) {
        self->options->progress(self->options->context, what, done, total);
    }
}

static void tell_pages(void *context, uint64_t done, uint64_t total)
{
    restore_tell(context, ((const restoring *)context)->copying, done, total);
}

/* --- the folder without a name -------------------------------------------------------------------------- */

/* Every file of a folder of ours; keys are overwritten first, since this copy of them follows nobody. */
static void remove_files(int folder_fd)
{
    const int own_fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const entries = own_fd < 0 ? NULL : fdopendir(own_fd);

    for (uint32_t i = 0; entries != NULL && i < FILES_MAX; i++) {
        const struct dirent *const entry = readdir(entries);
        if (entry == NULL) {
            break;
        }
        if (strncmp(entry->d_name, MIRROR_FILE, sizeof(MIRROR_FILE) - 1) == 0) {
            const velum_status status = file_destroy(folder_fd, entry->d_name);
            (void)status; /* what is left keeps the folder, which the next run sees */
        }
        (void)unlinkat(folder_fd, entry->d_name, 0);
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
}

static void remove_log(int part_fd, const char *name)
{
    VELUM_AUTO_FD log_fd = openat(part_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (log_fd >= 0) {
        remove_files(log_fd);
        (void)unlinkat(part_fd, name, AT_REMOVEDIR);
    }
}

void restore_remove_part(const char *part)
{
    VELUM_AUTO_FD part_fd = -1;

    if (directory_open(part, &part_fd) < 0) {
        return;
    }
    remove_log(part_fd, "audit");
    remove_log(part_fd, BACKUP_LOG_BEFORE);
    remove_files(part_fd);
    (void)rmdir(part);
}

static velum_status make_part(restoring *self)
{
    restore_remove_part(self->part); /* of a run that was killed */
    if (mkdir(self->part, 0700) != 0) {
        return errno == EEXIST ? VELUM_E_EXISTS : VELUM_E_IO;
    }
    self->has_part = true;
    return directory_open(self->part, &self->part_fd);
}

/* --- copies --------------------------------------------------------------------------------------------- */

typedef struct copied_file {
    const char *folder;
    const char *name;
    const char *as;
    const char *what;
    const uint8_t *key;
    bool holds_keys;
} copied_file;

/* Every seal and tree of the copy is checked (store_copy). */
static velum_status copy_database(restoring *self, const copied_file *file)
{
    const store_options opening = {.folder = file->folder,
                                   .name = file->name,
                                   .key = file->key,
                                   .readers_max = 1,
                                   .busy_timeout_ms = BUSY_TIMEOUT_MS};
    const store_copy_options copy = {.folder = self->part,
                                     .name = file->as,
                                     .progress = tell_pages,
                                     .context = self,
                                     .online = true,
                                     .holds_keys = file->holds_keys};
    VELUM_AUTO(store) *from = NULL;

    self->copying = file->what;
    VELUM_TRY(store_open(&opening, &from, NULL));
    return store_copy(from, &copy);
}

static velum_status copy_databases(restoring *self)
{
    const copied_file rows = {.folder = self->line_path,
                              .name = self->result->name,
                              .as = "vault.db",
                              .what = "pages of vault.db copied",
                              .key = keyring_vault_db_key(self->keys)};
    const copied_file keys = {.folder = self->place,
                              .name = MIRROR_FILE,
                              .as = "keys.db",
                              .what = "pages of keys.db copied",
                              .key = keyring_keys_db_key(self->keys),
                              .holds_keys = true};

    VELUM_TRY(copy_database(self, &rows));
    return copy_database(self, &keys);
}

/* What came before is kept beside what comes: who asks who saw them last year is answered from it. */
static velum_status copy_old_log(restoring *self)
{
    VELUM_AUTO_FD to_fd = -1;
    VELUM_AUTO_TAILS tails = {.count = 0};
    char tail[FOLDER_TAIL_NAME_BYTES];

    VELUM_TRY(directory_create(self->part_fd, BACKUP_LOG_BEFORE, &to_fd));
    VELUM_TRY(folder_list_tails(self->log_fd, &tails));
    for (size_t i = 0; i < tails.count; i++) {
        folder_tail_name(tails.first[i], tail);
        VELUM_TRY(file_copy(self->log_fd, tail, to_fd));
        restore_tell(self, "files of the log copied", i + 1, tails.count);
    }
    VELUM_TRY(file_copy(self->log_fd, FOLDER_ORIGIN, to_fd));
    return file_copy(self->log_fd, FOLDER_CHECKPOINT, to_fd);
}

static velum_status make_lock(const restoring *self)
{
    VELUM_AUTO_FD fd = -1;

    return file_open(self->part_fd, "lock", O_RDWR | O_CREAT | O_EXCL, &fd);
}

static velum_status copy_all(restoring *self)
{
    VELUM_TRY(make_part(self));
    VELUM_TRY(file_copy(self->place_fd, BACKUP_KEYRING, self->part_fd));
    VELUM_TRY(copy_databases(self));
    VELUM_TRY(copy_old_log(self));
    return make_lock(self);
}

velum_status restore_copy_files(restoring *self, velum_error *err)
{
    const velum_status status = copy_all(self);

    if (status == VELUM_E_CORRUPT || status == VELUM_E_CRYPTO) {
        return error_set(err, status, "the backup is damaged: try another one (--backup NAME)");
    }
    return status < 0 ? error_set_errno(err, status, errno, "the files could not be copied (%s)",
                                        status_text(status))
                      : VELUM_OK;
}

/* --- the database, before any gate ----------------------------------------------------------------------- */

static velum_status open_copy(const restoring *self, const char *name, const uint8_t *key,
                              store **out, velum_error *err)
{
    const store_options opening = {.folder = self->part,
                                   .name = name,
                                   .key = key,
                                   .readers_max = 1,
                                   .busy_timeout_ms = BUSY_TIMEOUT_MS};

    return store_open(&opening, out, err);
}

static velum_status check_schema(store *db, velum_error *err)
{
    const velum_status status = schema_require(db, err);

    return status == VELUM_E_OLDER
               ? error_set(
                     err, status,
                     "the backup is of an earlier schema: restore it with the Velum that made "
                     "it, then run velum upgrade")
               : status;
}

velum_status restore_read_seq(restoring *self, velum_error *err)
{
    VELUM_AUTO(store) *db = NULL;
    int64_t seq = 0;

    VELUM_TRY(open_copy(self, "vault.db", keyring_vault_db_key(self->keys), &db, err));
    VELUM_TRY(check_schema(db, err));
    const velum_status status = meta_read(store_writer(db), META_OUTBOX_SEQ, &seq);
    self->copy_seq = (uint64_t)seq;
    return status < 0 ? error_set(err, status, "the backup cannot be read") : VELUM_OK;
}

/* Writes of the copy that the old log does not have, in one run up to its last. */
static velum_status count_unlogged(store_conn *conn, uint64_t after, uint64_t *out)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "SELECT count(*) FROM outbox WHERE seq > $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)after));
    velum_status status = stmt_step(stmt);
    *out = status == VELUM_OK ? (uint64_t)stmt_integer(stmt, 0) : 0;
    stmt_reset(stmt);
    return status < 0 ? status : VELUM_OK;
}

static velum_status check_log_reaches(const restoring *self, store_conn *conn, velum_error *err)
{
    const uint64_t logged = restore_news_summary(self->news)->last_seq;
    uint64_t unlogged = 0;

    if (logged >= self->copy_seq) {
        return VELUM_OK;
    }
    VELUM_TRY(count_unlogged(conn, logged, &unlogged));
    return unlogged == self->copy_seq - logged
               ? VELUM_OK
               : error_set(err, VELUM_E_OLDER,
                           "the log ends before the backup: name a newer one (--log DIR2)");
}

/* Where the new log begins among the writes of the copy. */
static uint64_t first_seq(const restoring *self)
{
    const uint64_t logged = restore_news_summary(self->news)->last_seq;

    return logged < self->copy_seq ? logged : self->copy_seq;
}

static velum_status drop_logged(store_conn *conn, uint64_t seq)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "DELETE FROM outbox WHERE seq <= $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)seq));
    return stmt_execute(stmt);
}

/* Of the old log's course nothing stands in the way of the new one's. */
static velum_status forget_old_log(store_conn *conn, uint64_t seq)
{
    VELUM_TRY(drop_logged(conn, seq));
    VELUM_TRY(meta_write(conn, META_SIGNED_SIZE, 0));
    VELUM_TRY(meta_write(conn, META_BACKUP_FIRST, 0));
    return meta_write(conn, META_BACKUP_SECOND, 0);
}

static velum_status prepare_rows(restoring *self, velum_error *err)
{
    VELUM_AUTO(store) *db = NULL;

    VELUM_TRY(open_copy(self, "vault.db", keyring_vault_db_key(self->keys), &db, err));
    store_conn *const conn = store_writer(db);
    VELUM_TRY(check_log_reaches(self, conn, err));
    VELUM_TRY(conn_begin(conn));
    velum_status status = forget_old_log(conn, first_seq(self));
    if (status == VELUM_OK) {
        status = conn_commit(conn);
    }
    if (status < 0) {
        conn_rollback(conn);
    }
    return status;
}

static void tell_unfolded(void *context, uint64_t done, uint64_t total)
{
    restore_tell(context, "customers' index rows made", done, total);
}

static velum_status prepare_keys(restoring *self, velum_error *err)
{
    VELUM_AUTO(store) *db = NULL;
    VELUM_AUTO(store) *rows = NULL;
    const fold_progress progress = {.tell = tell_unfolded, .context = self};
    uint32_t count = 0;

    (void)vault_keys_steps(&count);
    VELUM_TRY(open_copy(self, "keys.db", keyring_keys_db_key(self->keys), &db, err));
    VELUM_TRY(store_schema_require(db, count, "keys.db", err));
    VELUM_TRY(vault_restored_keys(db));
    VELUM_TRY(open_copy(self, "vault.db", keyring_vault_db_key(self->keys), &rows, err));
    VELUM_TRY(vault_restored_suppression(rows, db));
    VELUM_TRY(vault_restored_orphans(db, rows, &self->result->missing));
    return vault_index_unfold(self->keys, rows, db, &progress);
}

/* --- the log ---------------------------------------------------------------------------------------------- */

static velum_status encode_first(restoring *self, buffer *out)
{
    velum_gate gate = {.clock = self->clock, .random = self->random, .keys = self->keys};
    audit_entry entry;

    random_fill(&self->random, gate.boot_id, sizeof(gate.boot_id));
    own_entry(&gate, ENTRY_RESTORE, clock_wall_ns(&self->clock), &entry);
    entry.outbox_seq = first_seq(self);
    entry_push(&entry, INPUT_RESTORED, RESTORED_BEGUN);
    entry_push(&entry, INPUT_LOG_SIZE, self->log_size);
    memcpy(entry.detail_hash, self->checkpoint_hash, SHA256_BYTES);
    buffer_init(out, ENTRY_BODY_BYTES_MAX);
    return entry_encode(&entry, out);
}

static velum_status write_first(restoring *self, int audit_fd, velum_error *err)
{
    VELUM_AUTO(journal) *log = NULL;
    VELUM_AUTO_BUFFER body = {0};
    journal_recovery found;
    uint64_t first = 0;
    const journal_options options = {.dir_fd = audit_fd, .seed = keyring_note_seed(self->keys)};

    VELUM_TRY(encode_first(self, &body));
    VELUM_TRY(journal_open(&options, &log, &found, err));
    return journal_append(log, &(journal_body){body.data, body.size}, 1, 0, first_seq(self),
                          &first);
}

/* B-6 */
static velum_status create_log(restoring *self, velum_error *err)
{
    VELUM_AUTO_FD audit_fd = -1;
    uint8_t id[LOG_ID_BYTES];
    char hex[2 * LOG_ID_BYTES + 1];
    char origin[64];

    random_fill(&self->random, id, sizeof(id));
    hex_encode(id, sizeof(id), hex);
    (void)snprintf(origin, sizeof(origin), "velum/%u/%s", keyring_tenant(self->keys), hex);
    VELUM_TRY(directory_create(self->part_fd, "audit", &audit_fd));
    VELUM_TRY(journal_create(audit_fd, text_of(origin), keyring_note_seed(self->keys)));
    return write_first(self, audit_fd, err);
}

velum_status restore_begin_log(restoring *self, velum_error *err)
{
    VELUM_TRY(prepare_rows(self, err));
    VELUM_TRY(prepare_keys(self, err));
    VELUM_TRY(create_log(self, err));
    return directory_sync(self->part_fd);
}

/* --- its name ------------------------------------------------------------------------------------------------ */

velum_status restore_name_folder(restoring *self, velum_error *err)
{
    VELUM_AUTO_FD parent_fd = -1;
    char parent[MIRROR_PLACE_BYTES];

    memcpy(parent, self->folder, sizeof(parent));
    char *const slash = strrchr(parent, '/');
    if (slash == NULL) {
        (void)snprintf(parent, sizeof(parent), ".");
    } else {
        slash[slash == parent ? 1 : 0] = '\0';
    }
    velum_status status = directory_sync(self->part_fd);
    if (status == VELUM_OK) {
        status = directory_open(parent, &parent_fd);
    }
    if (status == VELUM_OK) {
        status = rename(self->part, self->folder) == 0 ? VELUM_OK : VELUM_E_IO;
    }
    if (status < 0) {
        return error_set_errno(err, status, errno, "the folder could not be given its name");
    }
    self->has_part = false;
    return directory_sync(parent_fd);
}
