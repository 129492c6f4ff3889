/* vault/generation.c: a consent, once changed, does not come back with older rows (V-5).
 *
 * Each such change seals the state under the subject's next generation, and keys.db, which has no
 * history, learns the new number in the transaction that it commits before vault.db:
 *
 *   G-1  keys.db knows generation g or, between its COMMIT and vault.db's, g + n. A row of `subject_move`
 *        says which it was, and with which outbox seq vault.db commits the move. If vault.db's
 *        `outbox_seq` is below, it did not, and the generation goes back (a start, or the next commit).
 *   G-2  At most the moves of one transaction stand in `subject_move`. Their fate is known before
 *        another is committed, because seqs that were not committed are given out again.
 *   G-3  A row of an older generation is read only where its snapshot of vault.db is older than the
 *        move, which `recent` tells; the appender sends back what was decided on it (I-9).
 *
 * A row of a newer generation than keys.db knows is no older copy: it is what a commit left that
 * failed in its sync and came back.
 */
#include "vault/internal.h"

#include <assert.h>

#define PENDING_MOVES_MAX 65536

velum_status vault_outbox_seq(store_conn *conn, uint64_t *out)
{
    static const char sql[] = "SELECT value FROM meta WHERE name = 'outbox_seq'";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(conn, sql, &stmt));
    const velum_status status = stmt_step(stmt);
    VELUM_TRY(status);
    *out = status == VELUM_END ? 0 : (uint64_t)stmt_integer(stmt, 0);
    return VELUM_OK;
}

/* --- moves of the open transaction -------------------------------------------------------------------- */

velum_status generation_note(vault *self, const generation_move *move)
{
    move_list *const list = &self->pending;

    if (list->count == PENDING_MOVES_MAX) {
        return VELUM_E_LIMIT;
    }
    if (list->count == list->capacity) {
        const uint32_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        generation_move *const moves = mem_resize(list->moves, capacity * sizeof(*moves));
        if (moves == NULL) {
            return VELUM_E_NOMEM;
        }
        list->moves = moves;
        list->capacity = capacity;
    }
    list->moves[list->count++] = *move;
    return VELUM_OK;
}

vault_mark vault_savepoint(const vault *self)
{
    return (vault_mark){self->pending.count};
}

void vault_savepoint_rollback(vault *self, const vault_mark *mark)
{
    assert(mark->pending <= self->pending.count);
    self->pending.count = mark->pending;
}

velum_status vault_keys_savepoint(vault *self)
{
    VELUM_TRY(subject_keys_begin(self));
    return conn_savepoint(store_writer(self->keys_db));
}

velum_status vault_keys_savepoint_release(vault *self)
{
    return conn_savepoint_release(store_writer(self->keys_db));
}

void vault_keys_savepoint_rollback(vault *self, const vault_mark *mark)
{
    conn_savepoint_rollback(store_writer(self->keys_db));
    vault_savepoint_rollback(self, mark);
}

int64_t vault_keys_changes(const vault *self)
{
    return conn_total_changes(store_writer(self->keys_db));
}

void generation_clear(vault *self)
{
    mem_free(self->pending.moves);
    mem_free(self->committed.moves);
}

/* --- what readers may know of them --------------------------------------------------------------------- */

/* Before keys.db's COMMIT, so that nobody reads a new generation without finding its move here. */
static void remember(vault *self)
{
    recent_moves *const recent = &self->recent;

    (void)pthread_mutex_lock(&recent->lock);
    for (uint32_t i = 0; i < self->pending.count; i++) {
        generation_move *const place = &recent->ring[recent->written++ % RECENT_MOVES];
        if (place->seq > recent->forgotten_seq) {
            recent->forgotten_seq = place->seq;
        }
        *place = self->pending.moves[i];
    }
    (void)pthread_mutex_unlock(&recent->lock);
}

/* Takes back what was remembered of `count` moves that keys.db does not hold, or not any more: their seqs
 * are given out again. `above` were remembered after them. Whoever has read keys.db before looks again. */
static void forget(vault *self, uint32_t count, uint32_t above)
{
    recent_moves *const recent = &self->recent;

    (void)pthread_mutex_lock(&recent->lock);
    for (uint64_t i = above; i < (uint64_t)above + count && i < RECENT_MOVES; i++) {
        if (i < recent->written) {
            recent->ring[(recent->written - 1 - i) % RECENT_MOVES] = (generation_move){.seq = 0};
        }
    }
    if (above == 0) {
        recent->written -= count < recent->written ? count : recent->written;
    }
    recent->taken_back++;
    (void)pthread_mutex_unlock(&recent->lock);
}

uint64_t generation_moment(vault *self)
{
    (void)pthread_mutex_lock(&self->recent.lock);
    const uint64_t moment = self->recent.taken_back;
    (void)pthread_mutex_unlock(&self->recent.lock);
    return moment;
}

/* The move of this subject that a snapshot at `seq` has not seen, from `before` where that is not NULL. */
static bool find_recent(const recent_moves *recent, const subject_id *id, uint64_t seq,
                        const uint32_t *before)
{
    for (uint32_t i = 0; i < RECENT_MOVES; i++) {
        const generation_move *const move = &recent->ring[i];
        if (move->seq > seq && (before == NULL || move->before == *before) &&
            memcmp(move->subject.bytes, id->bytes, SUBJECT_ID_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

bool generation_is_behind(vault *self, const subject_id *id, uint64_t seq)
{
    recent_moves *const recent = &self->recent;

    (void)pthread_mutex_lock(&recent->lock);
    const bool found = seq < recent->forgotten_seq || find_recent(recent, id, seq, NULL);
    (void)pthread_mutex_unlock(&recent->lock);
    return found;
}

/* G-3. */
static velum_status check_snapshot(vault *self, const sealed_subject *row, const key_row *keys)
{
    recent_moves *const recent = &self->recent;
    velum_status status = VELUM_E_TAMPERED;

    (void)pthread_mutex_lock(&recent->lock);
    if (find_recent(recent, &row->id, row->seq, &row->generation)) {
        status = VELUM_OK;
    } else if (row->seq < recent->forgotten_seq || keys->moment != recent->taken_back) {
        status = VELUM_E_STALE;
    }
    (void)pthread_mutex_unlock(&recent->lock);
    return status;
}

/* --- whether vault.db followed -------------------------------------------------------------------------- */

/* Asked outside the writer's transaction, which may have raised the seq already. */
static velum_status committed_holds(const vault *self, bool *out)
{
    store_conn *reader = NULL;
    uint64_t seq = 0;
    uint64_t needed = 0;

    for (uint32_t i = 0; i < self->committed.count; i++) {
        const uint64_t of_move = self->committed.moves[i].seq;
        needed = of_move > needed ? of_move : needed;
    }
    VELUM_TRY(store_reader_acquire(self->vault_db, KEYS_WAIT_MS, &reader));
    const velum_status status = vault_outbox_seq(reader, &seq);
    store_reader_release(self->vault_db, reader);
    *out = seq >= needed;
    return status;
}

/* The writer sees rows as they are: an older one is right only after a move that vault.db did not
 * follow, and that keys.db could not take back yet. */
static velum_status check_writer(const vault *self, const sealed_subject *row)
{
    bool holds = true;

    for (uint32_t i = 0; i < self->committed.count; i++) {
        const generation_move *const move = &self->committed.moves[i];
        if (move->before == row->generation &&
            memcmp(move->subject.bytes, row->id.bytes, SUBJECT_ID_BYTES) == 0) {
            VELUM_TRY(committed_holds(self, &holds));
            return holds ? VELUM_E_TAMPERED : VELUM_OK;
        }
    }
    return VELUM_E_TAMPERED;
}

velum_status generation_check(vault *self, const store_conn *conn, const sealed_subject *row,
                              const key_row *keys)
{
    if (row->generation >= keys->generation || self->is_restoring) {
        return VELUM_OK;
    }
    return conn == self->vault_writer ? check_writer(self, row) : check_snapshot(self, row, keys);
}

/* --- keys.db --------------------------------------------------------------------------------------------- */

static velum_status set_generation(store_conn *keys, const subject_id *id, uint32_t generation)
{
    static const char sql[] = "UPDATE subject_key SET generation = $2 WHERE subject = $1";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(keys, sql, id, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, generation));
    return stmt_execute(stmt);
}

static velum_status drop_moves(store_conn *keys)
{
    static const char sql[] = "DELETE FROM subject_move";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(conn_statement(keys, sql, &stmt));
    return stmt_execute(stmt);
}

/* Of several moves in one transaction the first says where it goes back to, the last with which seq. */
static velum_status insert_move(store_conn *keys, const generation_move *move)
{
    static const char sql[] = "INSERT INTO subject_move (subject, generation_before, seq)"
                              " VALUES ($1, $2, $3)"
                              " ON CONFLICT (subject) DO UPDATE SET seq = excluded.seq";
    VELUM_AUTO_STMT *stmt = NULL;

    VELUM_TRY(statement_for(keys, sql, &move->subject, &stmt));
    VELUM_TRY(stmt_bind_integer(stmt, 2, move->before));
    VELUM_TRY(stmt_bind_integer(stmt, 3, (int64_t)move->seq));
    return stmt_execute(stmt);
}

static velum_status write_pending(const vault *self, store_conn *keys)
{
    for (uint32_t i = 0; i < self->pending.count; i++) {
        const generation_move *const move = &self->pending.moves[i];
        VELUM_TRY(set_generation(keys, &move->subject, move->generation));
        if (conn_changes(keys) != 1) {
            return VELUM_E_CORRUPT;
        }
        VELUM_TRY(insert_move(keys, move));
        VELUM_TRY(mirror_note(self, &move->subject));
    }
    return VELUM_OK;
}

/* From the last to the first, so that a subject ends where it began. */
static velum_status take_back(const vault *self, store_conn *keys)
{
    for (uint32_t i = self->committed.count; i > 0; i--) {
        const generation_move *const move = &self->committed.moves[i - 1];
        VELUM_TRY(set_generation(keys, &move->subject, move->before));
    }
    return drop_moves(keys);
}

/* A commit that failed in its sync may come back after a crash, whole, and with seqs that were given
 * out again by then. Any other commit overwrites it in the WAL; this makes sure of one. */
static velum_status overwrite_failed(store_conn *keys)
{
    static const char put_sql[] = "INSERT INTO subject_new (subject) VALUES (zeroblob(16))";
    static const char take_sql[] = "DELETE FROM subject_new WHERE subject = zeroblob(16)";
    VELUM_AUTO_STMT *put = NULL;
    VELUM_AUTO_STMT *take = NULL;

    VELUM_TRY(conn_statement(keys, put_sql, &put));
    VELUM_TRY(stmt_execute(put));
    VELUM_TRY(conn_statement(keys, take_sql, &take));
    return stmt_execute(take);
}

/* All that keys.db is to learn, into its open transaction. */
static velum_status write_moves(vault *self, bool holds)
{
    store_conn *const keys = store_writer(self->keys_db);

    if (!holds) {
        VELUM_TRY(take_back(self, keys));
    }
    VELUM_TRY(drop_moves(keys));
    if (self->keys_unsure) {
        VELUM_TRY(overwrite_failed(keys));
    }
    return write_pending(self, keys);
}

static velum_status commit_keys(vault *self, bool holds)
{
    const move_list emptied = self->committed;

    VELUM_TRY(subject_keys_begin(self));
    VELUM_TRY(write_moves(self, holds));
    remember(self);
    const velum_status status = conn_commit(store_writer(self->keys_db));
    self->keys_begun = false;
    self->keys_unsure = status < 0;
    if (status < 0) {
        forget(self, self->pending.count, 0);
        return status;
    }
    if (!holds) {
        forget(self, self->committed.count, self->pending.count);
    }
    self->moves_stand = self->pending.count > 0;
    self->committed = self->pending;
    self->pending = emptied;
    self->pending.count = 0;
    return VELUM_OK;
}

static velum_status try_commit(vault *self)
{
    bool holds = true;

    if (self->committed.count > 0) {
        VELUM_TRY(committed_holds(self, &holds)); /* G-2 */
    }
    if (!self->keys_begun && self->pending.count == 0 && holds && !self->keys_unsure) {
        self->committed.count = 0;
        return VELUM_OK;
    }
    return commit_keys(self, holds);
}

velum_status vault_keys_commit(vault *self)
{
    const velum_status status = try_commit(self);

    if (status < 0) {
        vault_keys_rollback(self);
    }
    return status;
}

void vault_keys_followed(vault *self)
{
    self->committed.count = 0; /* their rows in subject_move go with the next commit */
}

/* In a transaction of its own, what a vault.db that did not follow leaves to be taken back. */
static velum_status settle(vault *self)
{
    store_conn *const keys = store_writer(self->keys_db);
    bool holds = false;

    VELUM_TRY(committed_holds(self, &holds));
    VELUM_TRY(conn_begin(keys));
    velum_status status = holds ? drop_moves(keys) : take_back(self, keys);
    if (status == VELUM_OK) {
        status = conn_commit(keys);
    }
    if (status < 0) {
        conn_rollback(keys);
        return status;
    }
    if (!holds) {
        forget(self, self->committed.count, 0);
    }
    self->committed.count = 0;
    self->moves_stand = false;
    return VELUM_OK;
}

void generation_settle(vault *self)
{
    if (self->moves_stand && settle(self) < 0) {
        return; /* asked again with the next commit, or by the next start */
    }
}

void vault_keys_rollback(vault *self)
{
    if (self->keys_begun) {
        conn_rollback(store_writer(self->keys_db));
        self->keys_begun = false;
    }
    self->pending.count = 0;
    generation_settle(self);
}
