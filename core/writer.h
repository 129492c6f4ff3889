/* core/writer.h: the one thread that changes vault.db and keys.db.
 *
 * Gathers the writes that arrived while the last commit ran (no timer): room in the journal, one
 * transaction, each request under a savepoint (W-5) with its leaf's body in the outbox, keys.db's COMMIT,
 * vault.db's COMMIT; then changes are raised, the world is swapped, bodies are queued and callers
 * are woken, in this order (I-1, I-9).
 *
 * W-1  No transaction begins before the journal has room for its leaves.
 * W-2  A write is decided inside its savepoint, on the writer's own view.
 * W-3  A write that changes the world ends its batch, so that the next is decided in the new one.
 * W-4  A transaction that changed no row writes nothing: a poll with nothing due costs no sync.
 * W-5  A write of many rows has its transaction to itself, one that came alone has it anyway, and such a
 *      one has no savepoint: SQLite would seal a copy of each page for it, and walk through all of them
 *      behind many a statement. Where it is to be taken back, the transaction is, and a new one begins
 *      for its refusal.
 */
#ifndef CORE_WRITER_H
#define CORE_WRITER_H

#include "audit/entry.h"
#include "core/appender.h"
#include "base/secret.h"
#include "core/world.h"
#include "store/store.h"
#include "vault/vault.h"

#define WRITER_BATCH_MAX 128

/* What one transaction gathers beside its rows. */
typedef struct write_batch {
    velum_gate *gate;
    store_conn *conn;
    secret_arena *arena; /* the writer's own, so that it never waits for a worker's */
    uint64_t seq;        /* highest outbox seq given out */
    int64_t changes;     /* rows that the connection had changed when the transaction began */
    outbox_list bodies;
    uint32_t *slots; /* of changed subjects */
    uint32_t slot_count;
    uint32_t slot_capacity;
    world *next_world;   /* loaded by a write that changed it */
    bool begins_erasure; /* something is to be destroyed after COMMIT (core/erasure.h) */
    bool begins_backup;  /* what the keeper was told before (core/keeper.h) */
    int64_t timer_ns;    /* earliest timer that was set; 0: none */
    bool rings;          /* a module has new work (core/work_bell.h) */
    bool accepts_clock;  /* an officer accepted the clock as of accepted_ns */
    int64_t accepted_ns;
} write_batch;

/* Encodes the entry with the next seq and puts it into the outbox. */
velum_status write_batch_record(write_batch *self, audit_entry *entry) VELUM_WARN_UNUSED;
/* The subject's slot is raised after COMMIT. */
velum_status write_batch_touch(write_batch *self, const subject_id *subject) VELUM_WARN_UNUSED;
/* What a savepoint's rollback must take back beside its rows. */
typedef struct write_batch_mark {
    outbox_body *last;
    uint32_t count;
    uint64_t seq;
    uint32_t slot_count;
    vault_mark vault;
    bool begins_erasure;
    bool begins_backup;
    bool accepts_clock;
} write_batch_mark;
write_batch_mark write_batch_begin(const write_batch *self);
void write_batch_rewind(write_batch *self, const write_batch_mark *mark);
/* Rolls the whole transaction back, with that of keys.db, and begins it anew. `mark` is of its beginning.
 * After a failure there is no transaction. */
velum_status write_batch_restart(write_batch *self, const write_batch_mark *mark) VELUM_WARN_UNUSED;
void write_batch_clear(write_batch *self);

/* Something the writer does for us in a transaction of its own, without a leaf. */
typedef struct writer_task {
    velum_status (*run)(void *context, store_conn *conn);
    void *context;
    velum_status status;
    bool done;
    velum_status (*call)(velum_gate *); /* instead of `run`: outside transactions */
    struct writer_task *next;
} writer_task;

typedef struct writer {
    velum_gate *gate;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_cond_t task_done;
    struct velum_pending *first;
    struct velum_pending *last;
    writer_task *tasks;
    secret_arena *arena;
    struct gathered_writes *work; /* allocated before the thread, which could tell nobody */
    bool stop;
    atomic_bool erasures_left; /* some could not be finished: the steward asks again */
    atomic_uint_fast64_t seq;  /* highest committed outbox seq */
} writer;

velum_status writer_start(writer *self, velum_gate *gate, uint64_t seq) VELUM_WARN_UNUSED;
/* A transaction of the gate's own with leaves, on the writer thread, outside any other: `write` fills
 * the batch; then it is committed and published as any other. */
typedef velum_status (*own_transaction)(void *context, write_batch *batch);
velum_status writer_transact(writer *self, own_transaction write, void *context,
                             uint32_t leaves_max) VELUM_WARN_UNUSED;
/* Runs `run` on the writer thread outside transactions, and waits. Any thread but the writer's. */
velum_status writer_call(writer *self, velum_status (*run)(velum_gate *)) VELUM_WARN_UNUSED;
/* Finishes what is queued, then joins. */
void writer_stop(writer *self);
/* Takes a hold of the write. Any worker. */
void writer_queue(writer *self, struct velum_pending *write);
/* Runs a task on the writer thread and waits for it. Any thread but the writer's. */
velum_status writer_run(writer *self, velum_status (*run)(void *, store_conn *),
                        void *context) VELUM_WARN_UNUSED;

#endif
