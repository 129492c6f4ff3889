/* core/upgrade.h: bringing a data folder to this version's schemas, shared by the files of it.
 *
 * U-1  Opening never changes a schema; an upgrade does, and holds the folder's lock from its first look
 *      to its last step.
 * U-2  No step is taken before a checked backup stands whole under its final name.
 * U-3  A step and its leaf are one transaction; where they lie in two files (S-2), the leaf follows,
 *      and a second run writes it when the first could not.
 * U-4  A copy of keys.db outlives no upgrade that succeeded, and no gate opens beside one (I-6).
 * U-5  What was killed anywhere is completed by the next run.
 * Format: docs/formats/upgrade.md.
 */
#ifndef CORE_UPGRADE_H
#define CORE_UPGRADE_H

#include "base/file.h"
#include "base/clock.h"
#include "store/store.h"
#include "vault/keyring.h"

#include <velum/admin.h>

#define UPGRADE_KEYS_COPY "keys.db.upgrade"
#define UPGRADE_NAME_BYTES 64
#define UPGRADE_PATH_BYTES VELUM_UPGRADE_PATH_BYTES

typedef struct upgrade {
    const velum_upgrade_options *options; /* NULL: only looking */
    char *folder;
    char *backup_place; /* where the backup's folder is made */
    int dir_fd;
    int lock_fd;
    int audit_fd;
    keyring *keys;
    store *vault_db;
    store *keys_db;
    uint32_t vault_from;
    uint32_t keys_from;
    uint32_t keys_to;
    velum_clock clock;
    const char *copying; /* what the pages told to the caller belong to */
} upgrade;

/* Makes the backup of vault.db, keyring and what the log has signed; its path goes to `out_path`. */
velum_status upgrade_backup_make(upgrade *self, char out_path[UPGRADE_PATH_BYTES],
                                 velum_error *err) VELUM_WARN_UNUSED;
/* Takes a backup away that no step followed. */
void upgrade_backup_drop(const upgrade *self, const char *path);
/* Removes what a killed run left half made. */
velum_status upgrade_backup_sweep(const upgrade *self) VELUM_WARN_UNUSED;

/* The copy of keys.db for the time of the upgrade (U-4). */
velum_status upgrade_keys_copy(upgrade *self, velum_error *err) VELUM_WARN_UNUSED;
/* Overwrites, syncs and removes it; nothing to do when there is none. */
velum_status upgrade_keys_destroy(int dir_fd) VELUM_WARN_UNUSED;
bool upgrade_keys_copied(int dir_fd);

/* Takes what is lacking, first of vault.db, then of keys.db; `*taken` counts what stands. */
velum_status upgrade_take_steps(const upgrade *self, uint32_t *taken,
                                velum_error *err) VELUM_WARN_UNUSED;
/* Whether the last step of keys.db has no leaf yet (U-3). */
velum_status upgrade_keys_leaf_is_due(const upgrade *self, bool *out) VELUM_WARN_UNUSED;

/* Tells the caller's progress of the pages that store_copy copies. */
void upgrade_tell_pages(void *context, uint64_t pages_done, uint64_t pages);
void upgrade_tell(const upgrade *self, const char *what, uint64_t done, uint64_t total);

#endif
