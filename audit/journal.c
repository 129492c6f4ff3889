/* audit/journal.c: appending batches, and signing what is durable. Invariants J-1 to J-5 stand in
 * journal.h.
 */
#include "audit/journal_state.h"

#include <assert.h>
#include <unistd.h>

#include "base/file.h"

static_assert(JOURNAL_BATCH_LEAVES_MAX == TAIL_BATCH_LEAVES_MAX, "journal.h, tail.h");
static_assert((JOURNAL_TAIL_LEAVES & (JOURNAL_TAIL_LEAVES - 1)) == 0, "a file is a subtree");

#define ARENA_BYTES 4096

/* ---- Create, open, free ---------------------------------------------------------------------- */

/* `origin` comes last: a folder that has one is complete. */
velum_status journal_create(int dir_fd, text origin, const uint8_t seed[ED25519_SEED_BYTES])
{
    VELUM_AUTO_TAILS tails = {NULL, 0};
    VELUM_AUTO_BUFFER bytes = {0};
    VELUM_AUTO_FD fd = -1;
    checkpoint head = {0};
    note_key key;

    buffer_init(&bytes, NOTE_BYTES_MAX);
    VELUM_TRY(note_key_of_seed(origin, seed, &key));
    VELUM_TRY(folder_list_tails(dir_fd, &tails));
    if (tails.count > 0 || file_open(dir_fd, FOLDER_ORIGIN, 0, &fd) == VELUM_OK) {
        return VELUM_E_EXISTS;
    }
    tree_empty_root(head.root);
    VELUM_TRY(checkpoint_sign(&head, &key, seed, &bytes));
    VELUM_TRY(file_replace(dir_fd, FOLDER_CHECKPOINT, bytes.data, bytes.size));
    buffer_reset(&bytes);
    VELUM_TRY(folder_origin_format(&key, &bytes));
    return file_replace(dir_fd, FOLDER_ORIGIN, bytes.data, bytes.size);
}

static velum_status take_seed(journal *self, const uint8_t *seed)
{
    void *slice = NULL;

    VELUM_TRY(secret_arena_create(ARENA_BYTES, &self->arena));
    VELUM_TRY(secret_arena_slice(self->arena, ED25519_SEED_BYTES, &slice));
    self->seed = slice;
    memcpy(self->seed, seed, ED25519_SEED_BYTES);
    return VELUM_OK;
}

/* The folder's key, which must be that of the seed. */
static velum_status take_key(journal *self, velum_error *err)
{
    note_key own;

    const velum_status status = folder_read_key(self->dir_fd, &self->key);
    if (status == VELUM_E_CORRUPT) {
        return error_set(err, VELUM_E_TAMPERED, "the origin of the log is not a key");
    }
    if (status < 0) {
        return error_set(err, status, "the origin of the log cannot be read");
    }
    VELUM_TRY(note_key_of_seed(text_of(self->key.name), self->seed, &own));
    if (own.id != self->key.id ||
        memcmp(own.public_key, self->key.public_key, sizeof own.public_key) != 0) {
        return error_set(err, VELUM_E_CRYPTO, "the note key is not the one of this log");
    }
    note_key_format(&self->key, self->key_text);
    leaf_origin_id(text_of(self->key.name), self->origin_id);
    return VELUM_OK;
}

static velum_status read_head(journal *self, checkpoint *out, velum_error *err)
{
    VELUM_AUTO_BUFFER bytes = {0};

    buffer_init(&bytes, NOTE_BYTES_MAX);
    velum_status status = folder_read_checkpoint(self->dir_fd, &bytes);
    if (status == VELUM_E_NOTFOUND) {
        return error_set(err, VELUM_E_TAMPERED, "the checkpoint of the log is missing");
    }
    if (status < 0 && status != VELUM_E_CORRUPT) {
        return error_set(err, status, "the checkpoint of the log cannot be read");
    }
    if (status == VELUM_OK) {
        status = checkpoint_open((text){(const char *)bytes.data, bytes.size}, &self->key, out);
    }
    return status == VELUM_OK
               ? VELUM_OK
               : error_set(err, VELUM_E_TAMPERED, "the checkpoint of the log does not hold");
}

static velum_status open_steps(journal *self, const journal_options *options,
                               journal_recovery *report, velum_error *err)
{
    checkpoint head = {0};

    VELUM_TRY(take_seed(self, options->seed));
    VELUM_TRY(take_key(self, err));
    VELUM_TRY(read_head(self, &head, err));
    VELUM_TRY(journal_recover(self, &head, options->signed_size, report, err));
    self->signed_size = head.size;
    self->durable.size = self->at.tree.size;
    memcpy(self->durable.root, self->at.root, sizeof self->durable.root);
    atomic_store(&self->size, self->durable.size);
    return VELUM_OK;
}

velum_status journal_open(const journal_options *options, journal **out, journal_recovery *report,
                          velum_error *err)
{
    const uint64_t leaves =
        options->leaves_per_tail == 0 ? JOURNAL_TAIL_LEAVES : options->leaves_per_tail;
    journal_recovery found = {0};

    *out = NULL;
    if ((leaves & (leaves - 1)) != 0 || leaves > JOURNAL_TAIL_LEAVES) {
        return error_set(err, VELUM_E_INVALID, "leaves_per_tail is not a power of two");
    }
    VELUM_AUTO(journal) *self = mem_alloc(sizeof *self);
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for the journal");
    }
    self->dir_fd = options->dir_fd;
    self->leaves_per_tail = leaves;
    room_init(&self->room);
    (void)pthread_mutex_init(&self->head_lock, NULL);
    VELUM_TRY(open_steps(self, options, &found, err));
    *report = found;
    *out = journal_take(&self);
    return VELUM_OK;
}

void journal_free(journal *self)
{
    if (self == NULL) {
        return;
    }
    room_clear(&self->room);
    (void)pthread_mutex_destroy(&self->head_lock);
    secret_arena_free(self->arena);
    mem_free(self->batch);
    mem_free(self);
}

/* ---- Putting a batch together ---------------------------------------------------------------- */

static velum_status check_bodies(const journal_body *bodies, uint32_t count)
{
    if (count == 0) {
        return VELUM_E_INVALID;
    }
    if (count > JOURNAL_BATCH_LEAVES_MAX) {
        return VELUM_E_LIMIT;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (bodies[i].size == 0 || bodies[i].size > ENTRY_BODY_BYTES_MAX) {
            return VELUM_E_LIMIT;
        }
    }
    return VELUM_OK;
}

static size_t frames_bytes(const journal_body *bodies, uint32_t count)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < count; i++) {
        bytes += TAIL_FRAME_BYTES + LEAF_HEADER_BYTES + bodies[i].size;
    }
    return bytes;
}

/* The buffer grows to the largest batch so far and is used again. */
static velum_status batch_room(journal *self, size_t bytes)
{
    if (bytes <= self->batch_capacity) {
        return VELUM_OK;
    }
    uint8_t *const grown = mem_alloc(bytes);
    if (grown == NULL) {
        return VELUM_E_NOMEM;
    }
    mem_free(self->batch);
    self->batch = grown;
    self->batch_capacity = bytes;
    return VELUM_OK;
}

/* Writes one frame and moves the position past its leaf. */
static size_t put_leaf(journal *self, const journal_body *body, uint8_t *frame)
{
    journal_position *const at = &self->at;
    uint8_t *const leaf = frame + TAIL_FRAME_BYTES;
    const size_t size = LEAF_HEADER_BYTES + body->size;
    leaf_header header = {.index = at->tree.size};

    memcpy(header.origin_id, self->origin_id, sizeof header.origin_id);
    memcpy(header.prev, at->prev, sizeof header.prev);
    leaf_write_header(&header, leaf);
    memcpy(leaf + LEAF_HEADER_BYTES, body->data, body->size);
    tail_write_frame(leaf, size, frame);
    leaf_hash(leaf, size, at->prev);
    tree_frontier_add(&at->tree, at->prev);
    return TAIL_FRAME_BYTES + size;
}

static bool is_full(const journal *self)
{
    return self->at.tree.size - self->at.tail_first == self->leaves_per_tail;
}

static void put_closing(const journal *self, uint8_t *out)
{
    const journal_position *const at = &self->at;
    tail_closing closing = {.first = at->tail_first,
                            .count = (uint32_t)self->leaves_per_tail,
                            .outbox_seq = at->outbox_seq};
    const uint32_t level = (uint32_t)__builtin_ctzll(self->leaves_per_tail);

    memcpy(closing.root, at->tree.complete[level], sizeof closing.root);
    memcpy(closing.last, at->prev, sizeof closing.last);
    tail_write_closing(&closing, out);
}

/* The whole record, and the closing record when it fills the file. Returns their bytes. */
static size_t put_batch(journal *self, const journal_body *bodies, uint32_t count,
                        uint64_t outbox_seq)
{
    journal_position *const at = &self->at;
    const tail_header header = {at->tree.size, count, (uint32_t)frames_bytes(bodies, count)};
    const size_t bytes = tail_batch_bytes(header.bytes);
    tail_trailer trailer = {.outbox_seq = outbox_seq};
    size_t position = TAIL_HEADER_BYTES;

    tail_write_header(&header, self->batch);
    for (uint32_t i = 0; i < count; i++) {
        position += put_leaf(self, &bodies[i], self->batch + position);
    }
    assert(position == TAIL_HEADER_BYTES + header.bytes);
    tree_frontier_root(&at->tree, at->root);
    memcpy(trailer.root, at->root, sizeof trailer.root);
    at->outbox_seq = outbox_seq;
    tail_write_trailer(&trailer, self->batch + position);
    position += TAIL_TRAILER_BYTES;
    memset(self->batch + position, 0, bytes - position);
    if (!is_full(self)) {
        return bytes;
    }
    put_closing(self, self->batch + bytes);
    return bytes + TAIL_CLOSING_BYTES;
}

/* ---- Appending ------------------------------------------------------------------------------- */

/* The highest outbox seq among bodies of a batch that two files share: the first part must not
 * claim writes that stand in the second. */
static velum_status seq_of_part(const journal_body *bodies, uint32_t count, uint64_t *seq)
{
    audit_entry entry;

    for (uint32_t i = 0; i < count; i++) {
        VELUM_TRY(entry_decode(bodies[i].data, bodies[i].size, &entry));
        *seq = entry.outbox_seq > *seq ? entry.outbox_seq : *seq;
    }
    return VELUM_OK;
}

/* One record into one file: one write, one sync (J-1, J-2). */
static velum_status append_part(journal *self, const journal_body *bodies, uint32_t count,
                                uint64_t outbox_seq, uint64_t *written_end)
{
    VELUM_TRY(batch_room(self, tail_batch_bytes(frames_bytes(bodies, count)) + TAIL_CLOSING_BYTES));
    const size_t bytes = put_batch(self, bodies, count, outbox_seq);
    *written_end = self->at.offset + bytes;
    VELUM_TRY(file_write_at(self->at.fd, self->at.offset, self->batch, bytes));
    if (file_sync(self->at.fd) < 0) {
        atomic_store(&self->failed, true); /* J-5 */
        return VELUM_E_UNAVAILABLE;
    }
    self->at.offset += bytes;
    return VELUM_OK;
}

/* All of the bodies, over as many files as they need; nearly always one. `written_end` is how far
 * the file in which it began has been written. */
static velum_status append_parts(journal *self, const journal_body *bodies, uint32_t count,
                                 uint64_t outbox_seq, uint64_t *written_end)
{
    const int begun_fd = self->at.fd;
    uint32_t done = 0;

    while (done < count) {
        uint64_t end = 0;
        if (is_full(self)) {
            const int full_fd = self->at.fd;
            VELUM_TRY(room_roll(self, &self->at));
            if (full_fd != begun_fd) {
                (void)close(full_fd);
            }
        }
        const uint64_t left = self->leaves_per_tail - (self->at.tree.size - self->at.tail_first);
        const uint32_t part = left < count - done ? (uint32_t)left : count - done;
        uint64_t seq = self->at.outbox_seq;
        if (done + part < count) {
            VELUM_TRY(seq_of_part(bodies + done, part, &seq));
        } else if (outbox_seq > seq) {
            seq = outbox_seq;
        }
        const bool first_file = self->at.fd == begun_fd;
        const velum_status status = append_part(self, bodies + done, part, seq, &end);
        *written_end = first_file ? end : *written_end;
        VELUM_TRY(status);
        done += part;
    }
    return VELUM_OK;
}

/* A closed file needs no room ahead. */
static void cut_closed_file(int fd, uint64_t bytes)
{
    const int cut = ftruncate(fd, (off_t)bytes);

    (void)cut; /* otherwise zeros stay behind the closing record */
    (void)close(fd);
}

static void publish(journal *self)
{
    (void)pthread_mutex_lock(&self->head_lock);
    self->durable.size = self->at.tree.size;
    memcpy(self->durable.root, self->at.root, sizeof self->durable.root);
    (void)pthread_mutex_unlock(&self->head_lock);
    atomic_store(&self->size, self->at.tree.size);
}

velum_status journal_append(journal *self, const journal_body *bodies, uint32_t count,
                            uint32_t reserved, uint64_t outbox_seq, uint64_t *out_first_index)
{
    VELUM_TRY(check_bodies(bodies, count));
    if (atomic_load(&self->failed)) {
        return VELUM_E_UNAVAILABLE; /* J-5 */
    }
    VELUM_TRY(room_begin(self, count, tail_batch_bytes(frames_bytes(bodies, count)), reserved));
    const journal_position saved = self->at;
    uint64_t written_end = saved.offset;
    const velum_status status = append_parts(self, bodies, count, outbox_seq, &written_end);
    if (status < 0) {
        self->at = saved;
        room_abort(self, &saved, written_end, reserved);
        return status;
    }
    room_commit(self, &self->at);
    if (self->at.fd != saved.fd) {
        cut_closed_file(saved.fd, written_end);
    }
    publish(self);
    *out_first_index = saved.tree.size;
    return VELUM_OK;
}

uint64_t journal_size(const journal *self)
{
    return atomic_load(&self->size);
}

/* ---- Signing --------------------------------------------------------------------------------- */

/* fdatasync has been; persist, sign, publish (spec/audit "Durability and recovery"). */
velum_status journal_checkpoint(journal *self, journal_persist persist, void *context)
{
    VELUM_AUTO_BUFFER bytes = {0};
    checkpoint head;

    (void)pthread_mutex_lock(&self->head_lock);
    head = self->durable;
    (void)pthread_mutex_unlock(&self->head_lock);
    if (head.size == self->signed_size) {
        return VELUM_OK;
    }
    assert(head.size > self->signed_size); /* J-4 */
    buffer_init(&bytes, NOTE_BYTES_MAX);
    VELUM_TRY(persist(context, head.size));
    VELUM_TRY(checkpoint_sign(&head, &self->key, self->seed, &bytes));
    VELUM_TRY(file_replace(self->dir_fd, FOLDER_CHECKPOINT, bytes.data, bytes.size));
    self->signed_size = head.size;
    return VELUM_OK;
}

const char *journal_verifier_key(const journal *self)
{
    return self->key_text;
}

const char *journal_origin(const journal *self)
{
    return self->key.name;
}
