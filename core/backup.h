/* core/backup.h: copies of a data folder in a place, and the keys there that follow (docs/backup.md).
 *
 * B-1  No file of a place that is kept beside a newer one holds a key of a customer (I-6).
 * B-2  No certificate of an erasure is written while a place may still hold the key (V-6, E-3).
 * B-3  A place that hangs holds up no request and no other write: only the keeper's thread touches one.
 * B-4  A backup stands under its name only when it is whole and checked; what was cut short ends in
 *      `.part` and is removed by the next one.
 * Format: docs/formats/backup.md.
 */
#ifndef CORE_BACKUP_H
#define CORE_BACKUP_H

#include "audit/entry.h"
#include "base/status.h"
#include "vault/vault.h"

#include <velum/velum.h>

#define BACKUP_NAME_BYTES 64
#define BACKUP_NAME_START "vault-"
#define BACKUP_NAME_END ".db"
#define BACKUP_PART ".part" /* the end of a name while what it names is made */
#define BACKUP_LINE_BYTES 17
#define BACKUP_PATH_BYTES 480
#define BACKUP_KEYRING "keyring"
#define BACKUP_LOG "audit"
#define BACKUP_LOG_BEFORE "audit-before" /* in a restored data folder: the log until then */
#define BACKUP_KEEP_DEFAULT 7
#define BACKUP_KEEP_MAX 1000

#define BACKUP_NONE 0 /* states of the last one; the numbers of INPUT_BACKUP */
#define BACKUP_DONE 1
#define BACKUP_FAILED 2
#define BACKUP_UNKNOWN 3 /* the gate was gone before its end */
#define BACKUP_RUNNING 4
const char *backup_state_name(uint32_t state);

/* --- a place: core/backup_place.c ------------------------------------------------------------------ */

/* The folder itself, and in it the one of this data folder's log: each data folder that ever wrote to the
 * place has its own, named by the end of its log's origin. */
typedef struct backup_place {
    char path[MIRROR_PLACE_BYTES];
    char line[BACKUP_LINE_BYTES];
    char line_path[BACKUP_PATH_BYTES];
    int fd;
    int line_fd;
} backup_place;

/* Opens a place to which this data folder brings its keys: an empty mount point is none. VELUM_E_NOTFOUND,
 * VELUM_E_DENIED for another's. `*out_reason` is a constant for people. */
velum_status backup_place_open(velum_gate *gate, const char *path, backup_place *out,
                               const char **out_reason) VELUM_WARN_UNUSED;
/* Makes it one, and the folder where only its last name is missing. Another data folder's is refused,
 * unless it is the one from which this was restored. */
velum_status backup_place_claim(velum_gate *gate, const char *path,
                                const char **out_reason) VELUM_WARN_UNUSED;
void backup_place_close(backup_place *self);
#define VELUM_AUTO_PLACE __attribute__((cleanup(backup_place_close))) backup_place
/* "0123456789abcdef" of "velum/1/0123456789abcdef". VELUM_E_CORRUPT. */
velum_status backup_line_of(text origin, char out[BACKUP_LINE_BYTES]) VELUM_WARN_UNUSED;
/* Whether it is the name of a whole copy; they sort by time. */
bool backup_name_is_valid(const char *name);
/* Removes copies that were cut short, and whole ones but the newest `keep`; 0 keeps all. */
velum_status backup_place_sweep(const backup_place *self, uint32_t keep) VELUM_WARN_UNUSED;
/* The newest whole copy in a line. VELUM_E_NOTFOUND. */
velum_status backup_newest(int line_fd, char out[BACKUP_NAME_BYTES]) VELUM_WARN_UNUSED;

/* --- making one: core/backup_make.c, on the keeper's thread ------------------------------------------ */

typedef struct backup_job {
    char place[MIRROR_PLACE_BYTES];
    char name[BACKUP_NAME_BYTES];
    uint32_t keep;
    uint8_t event_id[ENTRY_TOKEN_BYTES]; /* of its INTENT leaf */
} backup_job;

typedef struct backup_progress {
    void (*tell)(void *context, const char *what, uint64_t done, uint64_t total);
    /* Asked now and then: false gives up. While `may_follow`, keys may be brought to places. */
    bool (*goes_on)(void *context, bool may_follow);
    void *context;
} backup_progress;

/* What has reached the place, whatever came after it. */
typedef struct backup_made {
    bool has_keys;
    key_mirror keys;    /* how far those have come */
    const char *reason; /* of a failure, a constant for people */
} backup_made;

/* The copy of vault.db, then keys.db, keyring and log. `out` is set when it fails, too. */
velum_status backup_make(velum_gate *gate, const backup_job *job, const backup_progress *progress,
                         backup_made *out) VELUM_WARN_UNUSED;
/* What the log has and the copy in the place has not; alone, too, so that the copy ends not long before the
 * log does. */
velum_status backup_copy_log(velum_gate *gate, const backup_place *place,
                             const backup_progress *progress) VELUM_WARN_UNUSED;
/* Removes what was cut short, keys first. */
velum_status backup_clean(const backup_place *place) VELUM_WARN_UNUSED;
/* Destroys the keys in a place that does not follow any more, as far as it can be reached. */
velum_status backup_destroy_keys(velum_gate *gate, const char *path) VELUM_WARN_UNUSED;

/* --- what stands in the folder about one that is under way: core/backup.c ------------------------------- */

/* Tells of one whose end nobody saw; while the gate is being opened (own_write). */
struct write_batch;
velum_status backup_tell_orphan(struct write_batch *batch) VELUM_WARN_UNUSED;
/* The OUTCOME leaf of the keeper's job, with which it ends. Writer thread, outside transactions. */
velum_status backup_end(velum_gate *gate, const backup_job *job, uint32_t state) VELUM_WARN_UNUSED;

#endif
