/* core/own_write.c: writing down what the gate does by itself. */
#include "core/own_write.h"

#include "core/meta.h"
#include "core/policy_store.h"
#include "core/registry.h"
#include "core/verbs.h"

typedef struct own_task {
    write_batch batch;
    own_write_function write;
    uint32_t reserved; /* in the journal, for the leaves of this transaction */
} own_task;

static velum_status run(void *context, store_conn *conn)
{
    own_task *const task = context;

    task->batch.conn = conn;
    task->batch.seq = atomic_load(&task->batch.gate->writer.seq);
    VELUM_TRY(task->write(&task->batch));
    if (task->batch.bodies.count == 0) {
        return VELUM_OK;
    }
    VELUM_TRY(journal_reserve(task->batch.gate->journal, task->batch.bodies.count));
    task->reserved = task->batch.bodies.count;
    VELUM_TRY(meta_write(conn, META_OUTBOX_SEQ, (int64_t)task->batch.seq));
    return task->batch.next_world != NULL
               ? VELUM_OK
               : world_load(task->batch.gate, conn, &task->batch.next_world, NULL);
}

velum_status own_write(velum_gate *gate, own_write_function write)
{
    own_task task = {.batch = {.gate = gate}, .write = write};

    const velum_status status = writer_run(&gate->writer, run, &task);
    if (status == VELUM_OK && task.batch.next_world != NULL) {
        atomic_store(&gate->writer.seq, task.batch.seq);
        task.batch.next_world->seq = task.batch.seq;
        gate_swap_world(gate, world_take(&task.batch.next_world));
        appender_queue_writes(&gate->appender, &task.batch.bodies);
    } else {
        journal_unreserve(gate->journal, task.reserved);
    }
    write_batch_clear(&task.batch);
    return status;
}

velum_status own_write_new_names(write_batch *batch)
{
    bool kept = false;

    VELUM_TRY(registry_add_own(batch, clock_wall_ns(&batch->gate->clock)));
    VELUM_TRY(policy_keep_old_notices(batch, &kept));
    return kept ? world_load(batch->gate, batch->conn, &batch->next_world, NULL) : VELUM_OK;
}

velum_status own_write_new_root(write_batch *batch)
{
    const uint32_t version = keyring_root_version(batch->gate->keys);
    audit_entry entry;
    int64_t told = 0;

    VELUM_TRY(meta_read(batch->conn, META_ROOT_VERSION, &told));
    if ((int64_t)version <= told) {
        return VELUM_OK;
    }
    own_entry(batch->gate, ENTRY_KEYS, clock_wall_ns(&batch->gate->clock), &entry);
    entry_push(&entry, INPUT_ROOT_VERSION, version);
    VELUM_TRY(write_batch_record(batch, &entry));
    return meta_write(batch->conn, META_ROOT_VERSION, version);
}

velum_status own_leaf_queue(velum_gate *gate, const audit_entry *entry)
{
    velum_pending *const pending = mem_alloc(sizeof(*pending));

    if (pending == NULL) {
        return VELUM_E_NOMEM;
    }
    atomic_init(&pending->holds, 1);
    atomic_init(&pending->state, PENDING_WAITING);
    pending->gate = gate;
    gate_hold(gate);
    pending->leaf.epoch = atomic_load(&gate->epoch);
    pending->attempts = PENDING_ATTEMPTS_MAX;
    velum_status status = outbox_list_encode(&pending->leaf.bodies, entry, 0);
    if (status == VELUM_OK) {
        status = answer_create(gate, &pending->answer);
    }
    if (status == VELUM_OK) {
        pending->leaf.is_own = true;
        appender_queue_read(&gate->appender, pending);
    }
    pending_release(pending);
    return status;
}

void own_note_clock(velum_gate *gate, const clock_reading *clock)
{
    audit_entry entry;

    if (!clock_guard_tell(&gate->clock_guard, clock->behind)) {
        return;
    }
    own_entry(gate, ENTRY_CLOCK, clock->now_ns, &entry);
    entry.inputs[entry.input_count++] = (entry_input){3, 1};
    if (own_leaf_queue(gate, &entry) < 0) {
        clock_guard_retry(&gate->clock_guard);
    }
}
