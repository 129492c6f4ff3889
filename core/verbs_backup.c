/* core/verbs_backup.c: the verbs of backups. */
#include "core/verbs.h"

static const verb BACKUP_VERBS[] = {
    {.number = VELUM_VERB_BACKUP,
     .name = "backup",
     .entry_type = ENTRY_BACKUP,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = 1,
     .activity = "administration",
     .open = backup_apply},
    /* a write, so that it is silent: it is asked several times a second, and tells of nobody */
    {.number = VELUM_VERB_BACKUP_STATUS,
     .name = "backup-status",
     .entry_type = ENTRY_CONFIGURATION,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .leaves_max = 1,
     .activity = "administration",
     .open = backup_status_apply},
    {.number = VELUM_VERB_BACKUP_FORGET,
     .name = "backup-forget",
     .entry_type = ENTRY_BACKUP,
     .action = ACTION_ADMINISTER,
     .is_write = true,
     .is_people = true,
     .has_body = true,
     .body_bytes_max = PENDING_BODY_BYTES_MAX,
     .leaves_max = 1,
     .activity = "administration",
     .open = backup_forget_apply},
};

const verb_table verbs_backup = {BACKUP_VERBS, sizeof(BACKUP_VERBS) / sizeof(BACKUP_VERBS[0])};
