/* core/gate.h: the gate's parts, shared inside core/.
 *
 * Threads: any worker runs the path; one writer thread owns the writer connection; one appender
 * thread owns the journal's end; a checkpointer signs; a watchdog answers what takes too long.
 * What each part may touch is said in its own header. Order of locks: none is held while another
 * is taken, except pending_list inside nothing.
 */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "audit/journal.h"
#include "base/clock.h"
#include "base/random.h"
#include "core/answer.h"
#include "core/appender.h"
#include "core/arenas.h"
#include "core/changes.h"
#include "core/checkpointer.h"
#include "core/clock_guard.h"
#include "core/counters.h"
#include "core/keeper.h"
#include "core/pending.h"
#include "core/quota.h"
#include "core/refusals.h"
#include "core/remote.h"
#include "core/socket.h"
#include "core/watchdog.h"
#include "core/steward.h"
#include "core/work_bell.h"
#include "core/world.h"
#include "core/writer.h"
#include "vault/vault.h"

#include <pthread.h>

#define GATE_TIMEOUT_MS_DEFAULT 5000
#define GATE_CACHE_BYTES_DEFAULT ((uint64_t)256 << 20)
#define GATE_WORKERS_DEFAULT 16
#define GATE_WORKERS_MAX 256
/* A worker's opened plaintext: all 64 fields of 2 KiB, their masked forms, and what comes with them.
 * Twenty arenas stay below the usual 8 MiB of RLIMIT_MEMLOCK. */
#define GATE_ARENA_BYTES ((size_t)384 << 10)
#define GATE_READER_WAIT_MS 2000

struct velum_gate {
    atomic_int holds; /* one for the owner, one for each answer and pending that lives */
    secret_arena *birthmark_page;      /* the kernel zeroes it in a child (MADV_WIPEONFORK) */
    const volatile uint8_t *birthmark; /* 1 in the process that opened the gate */
    atomic_bool stopping;
    uint32_t timeout_ms;
    char *folder;
    int dir_fd;
    int audit_fd;
    int lock_fd;
    remote *remote; /* the gate is another process's, and of what follows nothing is there */
    velum_clock clock;
    velum_random random;
    uint8_t boot_id[16];
    keyring *keys;
    uint32_t root_source; /* ROOT_FROM_*; a folder with its own root secret is a sample */
    store *db;
    vault *vault;
    journal *journal;
    pthread_mutex_t world_lock;
    world *world;               /* under world_lock */
    atomic_uint_fast64_t epoch; /* of the newest world */
    changes changes;
    clock_guard clock_guard;
    refusals refusals;
    quota quota;
    counters counters;
    arenas arenas;
    appender appender;
    writer writer;
    checkpointer checkpointer;
    watchdog watchdog;
    steward steward;
    keeper keeper;
    work_bell work_bell;
    socket_server *socket;   /* NULL until served */
    atomic_uint hook_turn;   /* which hook is given first (K-6) */
    atomic_bool is_counting; /* a walk for an aggregate is under way (core/counts.h) */
    struct mending *mending; /* while the folder is being restored (core/restore.h); else NULL */
    atomic_uint own_scans;   /* walks of customers through the log (core/me_log.h) */
};

/* As velum_gate_open, for our own openings: always in this process. */
typedef struct gate_opening {
    const uint8_t *root;     /* the root secret at hand; NULL: sought where the design says */
    const root_names *named; /* and where a configuration says; or NULL */
    bool ends_upgrade;       /* the last look of an upgrade, beside its copy of keys.db (U-4) */
    bool is_restoring;       /* nothing happens by itself: no timer, no backup (core/restore.h) */
} gate_opening;
velum_status gate_open_as(const velum_gate_options *options, const gate_opening *how,
                          velum_gate **out, velum_error *err) VELUM_WARN_UNUSED;

/* A gate without any part but its birthmark; gate_release frees it. VELUM_E_NOMEM. */
velum_status gate_create(const velum_gate_options *options, velum_gate **out) VELUM_WARN_UNUSED;

void gate_hold(velum_gate *gate);
/* The last one closes: joins nothing (velum_gate_free has), frees everything. In a child process
 * nothing is closed. */
void gate_release(velum_gate *gate);
/* VELUM_E_FORKED in a child process. */
velum_status gate_check(const velum_gate *gate) VELUM_WARN_UNUSED;
/* The current world with a hold. */
world *gate_world(velum_gate *gate);
/* Makes `next` the current one, its epoch one above the last; takes it over. Writer thread. */
void gate_swap_world(velum_gate *gate, world *next);

#endif
