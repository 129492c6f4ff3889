/* core/upgrade.c: looking at a folder's schemas, and taking the steps that it lacks. */
#include "core/upgrade.h"

#include "audit/verify.h"
#include "core/gate.h"
#include "core/meta.h"
#include "core/registry.h"
#include "core/schema.h"
#include "core/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define MARGIN_BYTES ((uint64_t)64 << 20) /* the log's next room, the WALs of the steps */
#define MIB ((uint64_t)1 << 20)

void upgrade_tell(const upgrade *self, const char *what, uint64_t done, uint64_t total)
{
    if (self->options != NULL && self->options->progress != NULL) {
        self->options->progress(self->options->context, what, done, total);
    }
}

void upgrade_tell_pages(void *context, uint64_t pages_done, uint64_t pages)
{
    const upgrade *const self = context;

    upgrade_tell(self, self->copying, pages_done, pages);
}

static void tell_entries(void *context, uint64_t done, uint64_t total)
{
    upgrade_tell(context, "entries of the log verified", done, total);
}

/* --- opening what is to be upgraded --------------------------------------------------------------- */

static void upgrade_init(upgrade *self, const velum_upgrade_options *options)
{
    *self = (upgrade){
        .options = options, .dir_fd = -1, .lock_fd = -1, .audit_fd = -1, .clock = clock_system()};
}

static void close_stores(upgrade *self)
{
    store_free(self->vault_db);
    store_free(self->keys_db);
    self->vault_db = NULL;
    self->keys_db = NULL;
}

static void upgrade_clear(upgrade *self)
{
    close_stores(self);
    keyring_free(self->keys);
    file_close(&self->audit_fd);
    file_close(&self->lock_fd);
    file_close(&self->dir_fd);
    mem_free(self->folder);
    mem_free(self->backup_place);
    upgrade_init(self, NULL);
}

static velum_status open_folder(upgrade *self, velum_string folder, velum_error *err)
{
    if (folder.data == NULL || folder.size == 0 || folder.size >= UPGRADE_PATH_BYTES) {
        return error_set(err, VELUM_E_INVALID, "which data folder? Its path has 1 to 511 bytes");
    }
    self->folder = mem_copy_text(folder.data, folder.size);
    if (self->folder == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory");
    }
    if (directory_open(self->folder, &self->dir_fd) < 0) {
        return error_set_errno(err, VELUM_E_NOTFOUND, errno, "there is no such data folder");
    }
    self->audit_fd = openat(self->dir_fd, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->audit_fd < 0 || file_open(self->dir_fd, "lock", O_RDWR, &self->lock_fd) < 0) {
        return error_set(err, VELUM_E_NOTFOUND,
                         "the folder is no data folder of Velum (velum init makes one)");
    }
    return VELUM_OK;
}

static velum_status open_keyring(upgrade *self, velum_error *err)
{
    uint8_t root[KEY_BYTES];
    uint32_t source = 0;

    VELUM_TRY(crypto_init());
    velum_status status = root_secret_find(self->dir_fd, root, &source, err);
    if (status == VELUM_OK) {
        status = keyring_open(self->dir_fd, root, &self->keys, err);
    }
    mem_wipe(root, sizeof(root));
    return status;
}

/* 0 is a file that was never finished; above what we know is another's. */
static velum_status check_version(uint32_t found, uint32_t known, const char *what,
                                  velum_error *err)
{
    if (found == 0) {
        return error_set(err, VELUM_E_CORRUPT, "%s has no schema: it was never finished", what);
    }
    if (found > known) {
        return error_set(err, VELUM_E_NEWER, "%s is of schema %u, this Velum knows up to %u", what,
                         found, known);
    }
    return VELUM_OK;
}

static velum_status open_stores(upgrade *self, velum_error *err)
{
    store_options options = {.folder = self->folder,
                             .name = "vault.db",
                             .key = keyring_vault_db_key(self->keys),
                             .readers_max = 1,
                             .busy_timeout_ms = BUSY_TIMEOUT_MS};

    VELUM_TRY(store_open(&options, &self->vault_db, err));
    options.name = "keys.db";
    options.key = keyring_keys_db_key(self->keys);
    VELUM_TRY(store_open(&options, &self->keys_db, err));
    (void)vault_keys_steps(&self->keys_to);
    velum_status status = store_schema_version(self->vault_db, &self->vault_from);
    if (status == VELUM_OK) {
        status = store_schema_version(self->keys_db, &self->keys_from);
    }
    if (status < 0) {
        return error_set(err, status, "the schema of a database cannot be read");
    }
    VELUM_TRY(check_version(self->vault_from, SCHEMA_VERSION, "vault.db", err));
    return check_version(self->keys_from, self->keys_to, "keys.db", err);
}

/* --- what there is to do ------------------------------------------------------------------------- */

static bool is_vault_older(const upgrade *self)
{
    return self->vault_from < SCHEMA_VERSION;
}

static bool are_keys_older(const upgrade *self)
{
    return self->keys_from < self->keys_to;
}

static uint64_t bytes_of(int dir_fd, const char *name)
{
    struct stat info;

    return fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)info.st_size : 0;
}

static uint64_t free_bytes(int dir_fd)
{
    struct statvfs info;

    return fstatvfs(dir_fd, &info) == 0 ? (uint64_t)info.f_bavail * info.f_frsize : 0;
}

static uint64_t vault_bytes(const upgrade *self)
{
    return bytes_of(self->dir_fd, "vault.db") + bytes_of(self->dir_fd, "vault.db-wal");
}

static uint64_t keys_bytes(const upgrade *self)
{
    return bytes_of(self->dir_fd, "keys.db") + bytes_of(self->dir_fd, "keys.db-wal");
}

static uint64_t needed_bytes(const upgrade *self)
{
    return MARGIN_BYTES + (is_vault_older(self) ? vault_bytes(self) : 0) +
           (are_keys_older(self) ? keys_bytes(self) : 0);
}

static velum_status fill_report(const upgrade *self, velum_upgrade_report *out)
{
    bool leaf_is_due = false;
    bool held = false;

    VELUM_TRY(upgrade_keys_leaf_is_due(self, &leaf_is_due));
    VELUM_TRY(file_lock_is_held(self->lock_fd, &held));
    *out = (velum_upgrade_report){
        .size = sizeof(*out),
        .is_unfinished = upgrade_keys_copied(self->dir_fd),
        .is_live = held,
        .vault_schema = self->vault_from,
        .vault_schema_new = SCHEMA_VERSION,
        .keys_schema = self->keys_from,
        .keys_schema_new = self->keys_to,
        .vault_bytes = vault_bytes(self),
        .keys_bytes = keys_bytes(self),
        .free_bytes = free_bytes(self->dir_fd),
    };
    out->is_needed =
        is_vault_older(self) || are_keys_older(self) || out->is_unfinished || leaf_is_due;
    out->needed_bytes = out->is_needed ? needed_bytes(self) : 0;
    return VELUM_OK;
}

static velum_status look(upgrade *self, velum_string folder, velum_upgrade_report *report,
                         velum_error *err)
{
    VELUM_TRY(open_folder(self, folder, err));
    VELUM_TRY(open_keyring(self, err));
    VELUM_TRY(open_stores(self, err));
    const velum_status status = fill_report(self, report);
    return status < 0
               ? error_set(err, status, "the folder cannot be looked at (%s)", status_text(status))
               : VELUM_OK;
}

velum_status velum_upgrade_check(velum_string folder, velum_upgrade_report *report,
                                 velum_error *err)
{
    upgrade self;

    if (report == NULL || report->size < sizeof(*report)) {
        return error_set(err, VELUM_E_INVALID, "the report has no size");
    }
    upgrade_init(&self, NULL);
    const velum_status status = look(&self, folder, report, err);
    upgrade_clear(&self);
    return status;
}

/* --- before the first step ----------------------------------------------------------------------- */

static velum_status take_lock(upgrade *self, velum_error *err)
{
    const velum_status status = file_lock(self->lock_fd);

    if (status == VELUM_E_LOCKED) {
        return error_set(err, status, "somebody works in the data folder: stop velumd first");
    }
    return status < 0 ? error_set_errno(err, status, errno, "the folder cannot be locked")
                      : VELUM_OK;
}

/* What is broken is not carried into a new form; whoever looks for what happened finds it as it was. */
static velum_status verify_log(upgrade *self, velum_error *err)
{
    const verify_options options = {
        .dir_fd = self->audit_fd, .progress = tell_entries, .context = self};
    verify_report found = {.exit_code = VERIFY_UNREADABLE};

    VELUM_TRY(log_verify(&options, &found));
    if (found.exit_code == VERIFY_SOUND || found.exit_code == VERIFY_UNPROVEN) {
        return VELUM_OK;
    }
    return error_set(err,
                     found.exit_code == VERIFY_TRUNCATED ? VELUM_E_TRUNCATED : VELUM_E_TAMPERED,
                     "the audit log does not verify; nothing was changed");
}

/* Of the place where the backup goes, and of the folder itself; they may be one. */
static velum_status check_room(const upgrade *self, velum_error *err)
{
    VELUM_AUTO_FD place_fd = -1;
    struct stat here;
    struct stat there;

    if (directory_open(self->backup_place, &place_fd) < 0 || fstat(place_fd, &there) != 0 ||
        fstat(self->dir_fd, &here) != 0) {
        return error_set_errno(err, VELUM_E_NOTFOUND, errno,
                               "there is no such folder for the backup; nothing was changed");
    }
    const bool is_apart = here.st_dev != there.st_dev;
    const uint64_t backup = is_vault_older(self) ? vault_bytes(self) : 0;
    const uint64_t needed = needed_bytes(self) - (is_apart ? backup : 0);
    const uint64_t found = free_bytes(self->dir_fd);
    if (found < needed || (is_apart && free_bytes(place_fd) < backup)) {
        return error_set(err, VELUM_E_NOSPACE,
                         "no room on the disk: %" PRIu64 " MiB are needed, %" PRIu64 " are free; "
                         "nothing was changed",
                         needed / MIB + 1, found / MIB);
    }
    return VELUM_OK;
}

/* --- the end --------------------------------------------------------------------------------------- */

/* As any gate would be opened: the log takes the leaves, and the folder is seen to be whole. */
static velum_status open_once(const upgrade *self, velum_error *err)
{
    velum_gate *gate = NULL;
    const velum_gate_options options = {
        .size = sizeof(options), .folder = {self->folder, strlen(self->folder)}, .workers = 1};
    const gate_opening how = {.ends_upgrade = true};

    VELUM_TRY(gate_open_as(&options, &how, &gate, err));
    velum_gate_free(gate);
    return VELUM_OK;
}

static velum_status finish(upgrade *self, velum_error *err)
{
    close_stores(self);
    file_close(&self->lock_fd); /* the gate takes it */
    upgrade_tell(self, "opening the folder", 0, 1);
    VELUM_TRY(open_once(self, err));
    upgrade_tell(self, "opening the folder", 1, 1);
    const velum_status status = upgrade_keys_destroy(self->dir_fd); /* U-4 */
    if (status < 0) {
        return error_set_errno(err, status, errno,
                               "the folder is upgraded, but " UPGRADE_KEYS_COPY
                               " could not be destroyed (%s)",
                               status_text(status));
    }
    return VELUM_OK;
}

static velum_status back_up(upgrade *self, velum_upgrade_result *result, velum_error *err)
{
    velum_status status = VELUM_OK;

    if (is_vault_older(self)) {
        VELUM_TRY(upgrade_backup_make(self, result->backup, err));
    }
    if (are_keys_older(self)) {
        status = upgrade_keys_copy(self, err);
    }
    if (status < 0 && result->backup[0] != '\0') {
        upgrade_backup_drop(self, result->backup); /* no step follows it */
        result->backup[0] = '\0';
    }
    return status;
}

static velum_status apply(upgrade *self, velum_upgrade_result *result, velum_error *err)
{
    velum_upgrade_report report = {.size = sizeof(report)};

    VELUM_TRY(open_folder(self, self->options->folder, err));
    VELUM_TRY(take_lock(self, err)); /* U-1 */
    VELUM_TRY(open_keyring(self, err));
    VELUM_TRY(open_stores(self, err));
    velum_status status = upgrade_backup_sweep(self);
    if (status == VELUM_OK) {
        status = fill_report(self, &report);
    }
    if (status < 0) {
        return error_set(err, status, "the folder, or that for the backup, cannot be looked at");
    }
    if (!report.is_needed) {
        return VELUM_OK;
    }
    VELUM_TRY(verify_log(self, err));
    VELUM_TRY(check_room(self, err));
    VELUM_TRY(back_up(self, result, err)); /* U-2 */
    VELUM_TRY(upgrade_take_steps(self, &result->steps, err));
    return finish(self, err);
}

static velum_status set_backup_place(upgrade *self)
{
    const velum_string place =
        self->options->backup.size > 0 ? self->options->backup : self->options->folder;

    self->backup_place = mem_copy_text(place.data, place.size);
    return self->backup_place == NULL ? VELUM_E_NOMEM : VELUM_OK;
}

velum_status velum_upgrade_apply(const velum_upgrade_options *options, velum_upgrade_result *result,
                                 velum_error *err)
{
    upgrade self;

    if (options == NULL || options->size < sizeof(*options) || result == NULL ||
        result->size < sizeof(*result) || options->folder.data == NULL) {
        return error_set(err, VELUM_E_INVALID, "the options name no folder or no size");
    }
    *result = (velum_upgrade_result){.size = sizeof(*result)};
    upgrade_init(&self, options);
    if (err != NULL) {
        *err = (velum_error){.status = VELUM_OK};
    }
    velum_status status = set_backup_place(&self);
    if (status == VELUM_OK) {
        status = apply(&self, result, err);
    }
    result->keys_copy_kept = self.dir_fd >= 0 && upgrade_keys_copied(self.dir_fd);
    upgrade_clear(&self);
    return status < 0 && err != NULL && err->status == VELUM_OK
               ? error_set(err, status, "the upgrade failed: %s", status_text(status))
               : status;
}
