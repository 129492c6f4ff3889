/* core/restore.h: a new data folder from an older vault.db, today's keys and the log (docs/backup.md).
 *
 * B-5  Nothing widens: no consent stands that was withdrawn, nobody opens who was erased, no token works
 *      that was revoked, as far as the newest log and the newest keys tell (I-3, I-6, I-8).
 * B-6  The new folder never signs under the old log's origin; its first leaf says where that one ended.
 * B-7  Before it has its name, nobody but the restore itself opens the folder, and no timer runs in it.
 */
#ifndef CORE_RESTORE_H
#define CORE_RESTORE_H

#include "audit/entry.h"
#include "core/backup.h"
#include "core/passage.h"

#include <velum/admin.h>

/* INPUT_RESTORED of a leaf of type *restore*. */
#define RESTORED_BEGUN 1    /* the log begins here; the other one's size and checkpoint */
#define RESTORED_CONSENTS 2 /* of this customer: consents that the log says were taken back */
#define RESTORED_RESTRICTED \
    3 /* of this customer: everything, since the log does not say what changed */
#define RESTORED_CREDENTIAL 4 /* of this actor: tokens ended */
#define RESTORED_MESSAGES 5   /* of this customer: written to since, so what waits does not go */
#define RESTORED_APPROVALS 6  /* all that were not used: some may have been since */
const char *restored_name(uint32_t number);

typedef struct restore_news restore_news;

/* --- the run: core/restore.c, and its files: core/restore_files.c ------------------------------------------ */

typedef struct restoring {
    const velum_restore_options *options;
    velum_restore_result *result;
    velum_clock clock;
    velum_random random;
    char place[MIRROR_PLACE_BYTES];
    char line_path[BACKUP_PATH_BYTES];
    char folder[MIRROR_PLACE_BYTES];
    char part[BACKUP_PATH_BYTES]; /* the folder's name until it is whole */
    bool has_part;                /* which is ours to remove */
    int place_fd;
    int line_fd;
    int log_fd; /* the old log */
    int part_fd;
    uint8_t root[KEY_BYTES];
    keyring *keys;
    restore_news *news;
    uint64_t log_size;
    uint8_t checkpoint_hash[SHA256_BYTES];
    uint64_t copy_seq; /* the copy's last write */
    const char *copying;
} restoring;

void restore_tell(void *context, const char *what, uint64_t done, uint64_t total);
/* The folder under its name for the time being, with the copies of both databases, keyring, lock and the
 * log until now. */
velum_status restore_copy_files(restoring *self, velum_error *err) VELUM_WARN_UNUSED;
/* Once the news are read: vault.db without what the old log has, a new log that begins with its first leaf. */
velum_status restore_begin_log(restoring *self, velum_error *err) VELUM_WARN_UNUSED;
/* The copy's last write. */
velum_status restore_read_seq(restoring *self, velum_error *err) VELUM_WARN_UNUSED;
/* The whole folder gets its name. */
velum_status restore_name_folder(restoring *self, velum_error *err) VELUM_WARN_UNUSED;
/* Takes away what has no name yet, of this run or of one that was killed. */
void restore_remove_part(const char *part);

/* --- what the old log has and the copy has not: core/restore_news.c -------------------------------------- */

#define NEWS_PURPOSES_MAX 8
#define NEWS_MESSAGES_MAX 8 /* that are remembered for caps */

/* A message that was given to the courier, as its leaf says. */
typedef struct message_news {
    int64_t at_ns;
    uint16_t module; /* registry numbers */
    uint16_t activity;
    uint16_t purpose;
    uint16_t template;
    uint16_t channel;
} message_news;

/* Of one customer in one month, by the token in the leaves. */
typedef struct customer_news {
    uint8_t token[ENTRY_TOKEN_BYTES];
    bool is_erased;         /* an erasure was begun */
    bool is_erased_in_part; /* of some categories */
    bool is_unclear;        /* more changed than consents */
    bool moved_deletion;    /* a deletion was asked for, called off, put off … */
    uint32_t consents;      /* events */
    uint32_t purpose_count;
    struct {
        uint16_t purpose;
        uint16_t state; /* the last one, CONSENT_* */
    } purposes[NEWS_PURPOSES_MAX];
    uint32_t message_count; /* of all; of the first ones more is known */
    message_news messages[NEWS_MESSAGES_MAX];
} customer_news;

typedef struct credential_news {
    uint8_t token[ENTRY_TOKEN_BYTES];
    bool is_revoked; /* else its tokens were replaced */
} credential_news;

velum_status restore_news_create(restore_news **out) VELUM_WARN_UNUSED;
void restore_news_free(restore_news *self);
VELUM_DEFINE_AUTO(restore_news);

typedef struct news_reading {
    int log_fd;
    uint64_t after_seq; /* the copy's last write */
    void (*tell)(void *context, const char *what, uint64_t done, uint64_t total);
    void *context;
    uint64_t leaves; /* of the log, for the progress */
} news_reading;
/* Reads all of a log that was verified. */
velum_status restore_news_read(restore_news *self, const news_reading *how) VELUM_WARN_UNUSED;

typedef struct news_summary {
    uint64_t leaves;
    uint64_t since;    /* writes after the copy */
    uint64_t last_seq; /* highest outbox seq in the log */
    int64_t newest_ns;
    uint64_t policies;
    uint64_t requests;
    uint32_t first_month; /* YYYYMM of the writes after the copy; 0: none of a customer */
    uint32_t last_month;
} news_summary;
const news_summary *restore_news_summary(const restore_news *self);
/* NULL: nothing. Borrowed. */
const customer_news *restore_news_find(const restore_news *self,
                                       const uint8_t token[ENTRY_TOKEN_BYTES]);
const credential_news *restore_news_credentials(const restore_news *self, uint32_t *out_count);

/* --- making it good: core/restore_mend.c ------------------------------------------------------------------ */

/* The verb VERB_MEND works on this, a chunk a call; the gate borrows it meanwhile. */
typedef struct mending {
    const restore_news *news;
    velum_restore_result *result;
    subject_id after;
    uint64_t done;     /* customers looked at */
    bool has_seen_all; /* of them; credentials are next */
    bool is_done;
    velum_status status; /* of the last call */
} mending;

/* All of it, in an opened gate that is restoring. */
velum_status restore_mend(velum_gate *gate, mending *self, const news_reading *how,
                          uint64_t customers) VELUM_WARN_UNUSED;
/* The verb's *apply*. */
velum_status mend_apply(passage *passage) VELUM_WARN_UNUSED;

#endif
