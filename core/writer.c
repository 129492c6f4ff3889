/* core/writer.c: gathers writes, commits them together, wakes their callers. */
#include "core/writer.h"

#include "core/erasure.h"
#include "core/gate.h"
#include "core/meta.h"
#include "core/passage.h"
#include "core/path.h"

typedef struct write_slot {
    velum_pending *request;
    velum_answer *answer;
} write_slot;

typedef struct gathered_writes {
    write_slot slots[WRITER_BATCH_MAX];
    uint32_t count;
} gathered_writes;

/* --- what a write leaves in its batch ----------------------------------------------------------- */

static velum_status insert_body(store_conn *conn, const outbox_body *body)
{
    store_stmt *stmt = NULL;

    VELUM_TRY(conn_statement(conn, "INSERT INTO outbox (seq, body) VALUES ($1, $2)", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)body->seq));
    VELUM_TRY(stmt_bind_blob(stmt, 2, body->data, body->size));
    return stmt_execute(stmt);
}

velum_status write_batch_record(write_batch *self, audit_entry *entry)
{
    entry->outbox_seq = self->seq + 1;
    VELUM_TRY(outbox_list_encode(&self->bodies, entry, entry->outbox_seq));
    self->seq = entry->outbox_seq;
    return insert_body(self->conn, self->bodies.last);
}

velum_status write_batch_touch(write_batch *self, const subject_id *subject)
{
    if (self->slot_count == self->slot_capacity) {
        const uint32_t capacity = self->slot_capacity == 0 ? 256 : self->slot_capacity * 2;
        uint32_t *const slots = mem_resize(self->slots, capacity * sizeof(*slots));
        if (slots == NULL) {
            return VELUM_E_NOMEM;
        }
        self->slots = slots;
        self->slot_capacity = capacity;
    }
    self->slots[self->slot_count++] = changes_slot(&self->gate->changes, subject);
    return VELUM_OK;
}

write_batch_mark write_batch_begin(const write_batch *self)
{
    return (write_batch_mark){.last = self->bodies.last,
                              .count = self->bodies.count,
                              .seq = self->seq,
                              .slot_count = self->slot_count,
                              .vault = vault_savepoint(self->gate->vault),
                              .begins_erasure = self->begins_erasure,
                              .begins_backup = self->begins_backup,
                              .accepts_clock = self->accepts_clock};
}

void write_batch_rewind(write_batch *self, const write_batch_mark *mark)
{
    outbox_list dropped = {.first = mark->last == NULL ? self->bodies.first : mark->last->next,
                           .count = self->bodies.count - mark->count};

    if (mark->last == NULL) {
        self->bodies.first = NULL;
    } else {
        mark->last->next = NULL;
    }
    self->bodies.last = mark->last;
    self->bodies.count = mark->count;
    outbox_list_clear(&dropped);
    self->seq = mark->seq;
    self->slot_count = mark->slot_count;
    self->begins_erasure = mark->begins_erasure;
    self->begins_backup = mark->begins_backup;
    self->accepts_clock = mark->accepts_clock;
    world_free(self->next_world); /* a change of world ends its batch: it was this request's */
    self->next_world = NULL;
}

velum_status write_batch_restart(write_batch *self, const write_batch_mark *mark)
{
    vault_keys_rollback(self->gate->vault);
    conn_rollback(self->conn);
    write_batch_rewind(self, mark);
    return conn_begin(self->conn);
}

void write_batch_clear(write_batch *self)
{
    outbox_list_clear(&self->bodies);
    mem_free(self->slots);
    world_free(self->next_world);
    *self = (write_batch){.gate = NULL};
}

/* --- one transaction ---------------------------------------------------------------------------- */

static velum_status begin(write_batch *batch)
{
    batch->changes = conn_total_changes(batch->conn);
    return conn_begin(batch->conn);
}

static bool changed_rows(const write_batch *batch)
{
    return conn_total_changes(batch->conn) != batch->changes;
}

/* Rows that the log holds already are deleted by a later transaction. */
static velum_status drop_journalled(write_batch *batch)
{
    store_stmt *stmt = NULL;
    const uint64_t appended = atomic_load(&batch->gate->appender.appended_seq);

    VELUM_TRY(conn_statement(batch->conn, "DELETE FROM outbox WHERE seq <= $1", &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 1, (int64_t)appended));
    return stmt_execute(stmt);
}

/* Runs the gathered writes in order; `*out_done` says how many belong to this transaction (W-3, W-5). */
static velum_status apply_all(write_batch *batch, gathered_writes *work, uint32_t *out_done)
{
    uint32_t done = 0;
    bool is_alone = false;

    while (done < work->count && batch->next_world == NULL && !is_alone) {
        velum_pending *const request = work->slots[done].request;
        is_alone = work->count == 1 || path_wants_to_be_alone(request);
        if (is_alone && done > 0) {
            break;
        }
        VELUM_TRY(path_write(request, batch, is_alone, &work->slots[done].answer));
        done++;
    }
    *out_done = done;
    if (!changed_rows(batch)) {
        return VELUM_OK; /* W-4 */
    }
    VELUM_TRY(drop_journalled(batch));
    return meta_write(batch->conn, META_OUTBOX_SEQ, (int64_t)batch->seq);
}

/* keys.db commits first: a key without a subject is collected, a subject without a key is lost. */
static velum_status commit_both(write_batch *batch)
{
    VELUM_TRY(vault_keys_commit(batch->gate->vault));
    VELUM_TRY(conn_commit(batch->conn));
    vault_keys_followed(batch->gate->vault);
    return VELUM_OK;
}

/* After COMMIT, in this order: changes, world, bodies (I-9). */
static void publish(write_batch *batch)
{
    velum_gate *const gate = batch->gate;

    atomic_store(&gate->writer.seq, batch->seq);
    for (uint32_t i = 0; i < batch->slot_count; i++) {
        changes_raise(&gate->changes, batch->slots[i], batch->seq);
    }
    if (batch->next_world != NULL) {
        batch->next_world->seq = batch->seq;
        gate_swap_world(gate, world_take(&batch->next_world));
    }
    if (batch->accepts_clock) {
        clock_guard_accept(&gate->clock_guard, batch->accepted_ns);
    }
    appender_queue_writes(&gate->appender, &batch->bodies);
    if (batch->timer_ns != 0) {
        steward_notice(&gate->steward, batch->timer_ns);
    }
    if (batch->rings) {
        work_bell_ring(&gate->work_bell);
    }
    if (batch->begins_backup) {
        keeper_begin(&gate->keeper);
    }
}

static velum_status transact(write_batch *batch, gathered_writes *work, uint32_t *out_done)
{
    VELUM_TRY(begin(batch));
    velum_status status = apply_all(batch, work, out_done);
    if (status == VELUM_OK) {
        status = commit_both(batch);
    }
    if (status < 0) {
        vault_keys_rollback(batch->gate->vault);
        conn_rollback(batch->conn);
    }
    return status;
}

velum_status writer_transact(writer *self, own_transaction write, void *context,
                             uint32_t leaves_max)
{
    velum_gate *const gate = self->gate;
    write_batch batch = {.gate = gate,
                         .conn = store_writer(gate->db),
                         .arena = self->arena,
                         .seq = atomic_load(&self->seq)};

    VELUM_TRY(journal_reserve(gate->journal, leaves_max)); /* W-1 */
    velum_status status = begin(&batch);
    if (status == VELUM_OK) {
        status = write(context, &batch);
    }
    secret_arena_reset(self->arena);
    if (status == VELUM_OK && changed_rows(&batch)) { /* W-4 */
        status = meta_write(batch.conn, META_OUTBOX_SEQ, (int64_t)batch.seq);
    }
    if (status == VELUM_OK) {
        status = commit_both(&batch);
    }
    uint32_t used = 0;
    if (status == VELUM_OK) {
        used = batch.bodies.count;
        publish(&batch);
    } else {
        vault_keys_rollback(gate->vault);
        conn_rollback(batch.conn);
    }
    journal_unreserve(gate->journal, leaves_max - used);
    write_batch_clear(&batch);
    return status;
}

/* Before the answers go: whoever asked for an erasure is told when it is done. */
static void finish_erasures(writer *self, bool begun)
{
    if (begun) {
        atomic_store(&self->erasures_left, erasures_finish(self->gate) < 0);
    }
    if (atomic_load(&self->erasures_left)) {
        keeper_notice(&self->gate->keeper); /* where it is a place that they wait for */
    }
}

static void settle(write_slot *slot, velum_status status)
{
    velum_pending *const request = slot->request;

    velum_answer_free(request->answer); /* of an attempt that was sent back as a read */
    request->answer = slot->answer;
    slot->answer = NULL;
    if (status < 0 || request->answer == NULL) {
        pending_withhold(request);
    } else if (request->answer->problem == PROBLEM_NONE) {
        counters_add(request->gate, PROBLEM_NONE);
    }
    (void)pending_settle(request, PENDING_READY);
    pending_release(request);
}

static uint32_t leaves_at_most(const gathered_writes *work)
{
    uint32_t leaves = 0;

    for (uint32_t i = 0; i < work->count; i++) {
        leaves += work->slots[i].request->verb->leaves_max;
    }
    return leaves;
}

/* Writes of one gathering, in as many transactions as worlds (W-3). */
static void write_gathered(writer *self, gathered_writes *work)
{
    velum_gate *const gate = self->gate;
    uint32_t first = 0;

    while (first < work->count) {
        gathered_writes rest = {.count = work->count - first};
        memcpy(rest.slots, work->slots + first, rest.count * sizeof(rest.slots[0]));
        write_batch batch = {.gate = gate,
                             .conn = store_writer(gate->db),
                             .arena = self->arena,
                             .seq = atomic_load(&self->seq)};
        uint32_t done = rest.count;
        velum_status status = VELUM_E_UNAVAILABLE;
        const uint32_t room = leaves_at_most(&rest);

        if (!atomic_load(&gate->appender.failing)) {
            status = journal_reserve(gate->journal, room); /* W-1 */
        }
        if (status == VELUM_OK) {
            status = transact(&batch, &rest, &done);
            if (status == VELUM_OK) {
                const uint32_t used = batch.bodies.count;
                publish(&batch);
                journal_unreserve(gate->journal, room - used);
                finish_erasures(self, batch.begins_erasure);
            } else {
                journal_unreserve(gate->journal, room);
                done = rest.count;
            }
        }
        for (uint32_t i = 0; i < done; i++) {
            settle(&rest.slots[i], status);
        }
        write_batch_clear(&batch);
        first += done;
    }
}

/* --- the thread --------------------------------------------------------------------------------- */

static velum_status run_in_transaction(writer *self, const writer_task *task)
{
    store_conn *const conn = store_writer(self->gate->db);

    VELUM_TRY(conn_begin(conn));
    velum_status status = task->run(task->context, conn);
    if (status == VELUM_OK) { /* which may give out seqs of a batch that failed (G-2) */
        status = vault_keys_commit(self->gate->vault);
    }
    if (status == VELUM_OK) {
        status = conn_commit(conn);
    }
    if (status < 0) {
        vault_keys_rollback(self->gate->vault);
        conn_rollback(conn);
        return status;
    }
    vault_keys_followed(self->gate->vault);
    return VELUM_OK;
}

static void run_task(writer *self, writer_task *task)
{
    const velum_status status =
        task->call != NULL ? task->call(self->gate) : run_in_transaction(self, task);

    (void)pthread_mutex_lock(&self->lock);
    task->status = status;
    task->done = true;
    (void)pthread_cond_broadcast(&self->task_done);
    (void)pthread_mutex_unlock(&self->lock);
}

/* Takes what is queued; waits when nothing is. False: stopped and empty. */
static bool gather(writer *self, gathered_writes *work, writer_task **out_task)
{
    (void)pthread_mutex_lock(&self->lock);
    while (self->first == NULL && self->tasks == NULL && !self->stop) {
        (void)pthread_cond_wait(&self->wake, &self->lock);
    }
    *out_task = self->tasks;
    if (self->tasks != NULL) {
        self->tasks = self->tasks->next;
    }
    work->count = 0;
    while (self->first != NULL && work->count < WRITER_BATCH_MAX) {
        velum_pending *const request = self->first;
        self->first = request->queue_next;
        work->slots[work->count++] = (write_slot){request, NULL};
    }
    if (self->first == NULL) {
        self->last = NULL;
    }
    const bool go_on = *out_task != NULL || work->count > 0 || !self->stop;
    (void)pthread_mutex_unlock(&self->lock);
    return go_on;
}

static void *write_loop(void *context)
{
    writer *const self = context;
    gathered_writes *const work = self->work;
    writer_task *task = NULL;

    (void)pthread_setname_np(pthread_self(), "velum-writer");
    while (gather(self, work, &task)) {
        if (task != NULL) {
            run_task(self, task);
        }
        write_gathered(self, work);
    }
    return NULL;
}

static void free_parts(writer *self)
{
    mem_free(self->work);
    self->work = NULL;
    secret_arena_free(self->arena);
    self->arena = NULL;
}

velum_status writer_start(writer *self, velum_gate *gate, uint64_t seq)
{
    *self = (writer){.gate = gate};
    atomic_init(&self->seq, seq);
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->wake, NULL);
    (void)pthread_cond_init(&self->task_done, NULL);
    VELUM_TRY(secret_arena_create(GATE_ARENA_BYTES, &self->arena));
    self->work = mem_alloc(sizeof(*self->work));
    if (self->work == NULL || pthread_create(&self->thread, NULL, write_loop, self) != 0) {
        free_parts(self);
        return VELUM_E_NOMEM;
    }
    self->running = true;
    return VELUM_OK;
}

void writer_stop(writer *self)
{
    if (!self->running) {
        return;
    }
    (void)pthread_mutex_lock(&self->lock);
    self->stop = true;
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
    (void)pthread_join(self->thread, NULL);
    self->running = false;
    free_parts(self);
}

void writer_queue(writer *self, velum_pending *write)
{
    pending_hold(write);
    (void)pthread_mutex_lock(&self->lock);
    write->queue_next = NULL;
    if (self->last != NULL) {
        self->last->queue_next = write;
    } else {
        self->first = write;
    }
    self->last = write;
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->lock);
}

static velum_status queue_and_wait(writer *self, writer_task *task)
{
    (void)pthread_mutex_lock(&self->lock);
    writer_task **link = &self->tasks;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = task;
    (void)pthread_cond_signal(&self->wake);
    while (!task->done) {
        (void)pthread_cond_wait(&self->task_done, &self->lock);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return task->status;
}

velum_status writer_run(writer *self, velum_status (*run)(void *, store_conn *), void *context)
{
    writer_task task = {.run = run, .context = context};

    return queue_and_wait(self, &task);
}

velum_status writer_call(writer *self, velum_status (*run)(velum_gate *))
{
    writer_task task = {.call = run};

    return queue_and_wait(self, &task);
}
