/* core/keeper.h: the thread that writes to places (docs/backup.md).
 *
 * It makes the backup that was asked for, one at a time, and brings to every place what keys.db has and
 * the place lacks: at once when it is told, and each KEEPER_PERIOD_MS; the log each KEEPER_LOG_PERIOD_MS. What it changes in our own files the
 * writer thread does for it. It holds no state that a crash could lose.
 */
#ifndef CORE_KEEPER_H
#define CORE_KEEPER_H

#include "core/backup.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEEPER_PERIOD_MS 1000
#define KEEPER_LOG_PERIOD_MS 60000 /* the log's end is copied whole: not each second */

typedef struct keeper_report {
    uint32_t state;   /* BACKUP_* */
    backup_job job;   /* of the one that runs, or ran last */
    const char *what; /* constants for people */
    const char *reason;
    uint64_t done;
    uint64_t total;
} keeper_report;

typedef struct keeper {
    velum_gate *gate;
    pthread_t thread;
    bool was_started;
    bool running; /* of the thread that opens and closes the gate */
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_told; /* under lock, as all down to the report: something is to be done at once */
    bool has_job;
    bool has_forgotten;
    char forgotten[MIRROR_PLACE_BYTES]; /* a place to let go */
    keeper_report report;
    backup_job prepared;  /* of the writer thread: begins when its transaction is committed */
    bool forgets;         /* `prepared` says which place, and nothing else */
    key_mirror following; /* of the keeper's thread, and of the writer's while it is called */
    int64_t now_ns;
    uint32_t outcome;
    /* Of the keeper's thread alone: */
    bool is_making;      /* a backup */
    int64_t followed_ns; /* by the monotonic clock, as the next one */
    int64_t log_copied_ns;
    uint64_t log_size; /* then */
} keeper;

/* Before anything of the gate may tell it something. */
void keeper_init(keeper *self, velum_gate *gate);
velum_status keeper_start(keeper *self) VELUM_WARN_UNUSED;
/* Brings to the places what they lack still; a backup under way is given up. */
void keeper_stop(keeper *self);
/* The log as it was closed, with its last checkpoint; once the thread has stopped. */
void keeper_copy_log(keeper *self);

/* Writer thread: notes what to do once the transaction is committed. VELUM_E_BUSY while one runs. */
velum_status keeper_prepare(keeper *self, const backup_job *job) VELUM_WARN_UNUSED;
/* The same: the place is to be let go, its keys destroyed where it can be reached. */
velum_status keeper_prepare_forget(keeper *self, text place) VELUM_WARN_UNUSED;
/* Writer thread, after the commit. */
void keeper_begin(keeper *self);
/* Places lack something. Any thread. */
void keeper_notice(keeper *self);
keeper_report keeper_look(keeper *self);

#endif
