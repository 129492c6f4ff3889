/* audit/prove.c: the proof of one leaf from a log folder.
 *
 * The path needs the roots of at most 64 ranges of leaves. A range is put together from whole
 * closed files, whose closing records have their roots, and from leaf hashes of the files that it
 * cuts; those are read once and kept for the ranges that follow. What comes out is checked against
 * the checkpoint before it is handed out, so nothing here is believed.
 */
#include "audit/chain.h"
#include "audit/log_reader.h"
#include "audit/proof.h"

typedef struct prover {
    int dir_fd;
    folder_tails tails;
    uint64_t size;     /* of the checkpoint */
    tree_hash *hashes; /* leaf hashes of one file */
    size_t capacity;
    uint64_t loaded_first; /* of that file */
    uint64_t loaded_count; /* 0: none */
} prover;

static void prover_clear(prover *self)
{
    folder_tails_clear(&self->tails);
    mem_free(self->hashes);
}

static velum_status add_hash(prover *self, const uint8_t *leaf, size_t size)
{
    if (self->loaded_count == self->capacity) {
        const size_t wanted = self->capacity == 0 ? TAIL_BATCH_LEAVES_MAX : self->capacity * 2;
        tree_hash *const grown = mem_resize(self->hashes, wanted * sizeof *grown);
        if (grown == NULL) {
            return VELUM_E_NOMEM;
        }
        self->hashes = grown;
        self->capacity = wanted;
    }
    leaf_hash(leaf, size, self->hashes[self->loaded_count]);
    self->loaded_count++;
    return VELUM_OK;
}

/* Leaf hashes of a file, as far as the checkpoint covers them. */
static velum_status load_file(prover *self, tail_file *file)
{
    uint64_t offset = 0;
    tail_record record;

    if (self->loaded_count > 0 && self->loaded_first == file->first) {
        return VELUM_OK;
    }
    self->loaded_first = file->first;
    self->loaded_count = 0;
    while (file->first + self->loaded_count < self->size) {
        const uint8_t *leaf = NULL;
        size_t position = 0;
        size_t size = 0;
        const velum_status status = tail_read(file, offset, &record);
        if (status < 0) {
            return status == VELUM_E_CORRUPT ? VELUM_E_TAMPERED : status;
        }
        if (status == VELUM_END || record.kind == TAIL_CLOSING) {
            return VELUM_OK;
        }
        while (tail_next_leaf(&record, &position, &leaf, &size)) {
            VELUM_TRY(add_hash(self, leaf, size));
        }
        offset = record.end;
    }
    return VELUM_OK;
}

/* A range of leaves whose root is being put together. */
typedef struct range {
    uint64_t first;
    uint64_t next; /* the first leaf that is not in the frontier yet */
    uint64_t end;
    tree_frontier frontier;
} range;

/* Adds the part of the range that lies in one file. */
static velum_status add_file_part(prover *self, uint64_t file_first, range *r)
{
    VELUM_AUTO_TAIL_FILE file = TAIL_FILE_NONE;
    tail_closing closing;

    VELUM_TRY(tail_file_open(self->dir_fd, file_first, &file));
    if (r->next == file.first && tail_find_closing(&file, &closing) == VELUM_OK &&
        closing.count <= r->end - r->next && (r->next - r->first) % closing.count == 0) {
        tree_frontier_add_subtree(&r->frontier, (uint32_t)__builtin_ctz(closing.count),
                                  closing.root);
        r->next += closing.count;
        return VELUM_OK;
    }
    VELUM_TRY(load_file(self, &file));
    const uint64_t loaded_end = file.first + self->loaded_count;
    if (loaded_end <= r->next) {
        return VELUM_E_TRUNCATED;
    }
    for (; r->next < r->end && r->next < loaded_end; r->next++) {
        tree_frontier_add(&r->frontier, self->hashes[r->next - file.first]);
    }
    return VELUM_OK;
}

static velum_status range_root(void *context, uint64_t first, uint64_t end, tree_hash out)
{
    prover *const self = context;
    range r = {.first = first, .next = first, .end = end};

    tree_frontier_clear(&r.frontier);
    for (size_t i = 0; i < self->tails.count && r.next < end; i++) {
        const bool last = i + 1 == self->tails.count;
        if (self->tails.first[i] <= r.next && (last || self->tails.first[i + 1] > r.next)) {
            VELUM_TRY(add_file_part(self, self->tails.first[i], &r));
        }
    }
    if (r.next < end) {
        return VELUM_E_TRUNCATED;
    }
    tree_frontier_root(&r.frontier, out);
    return VELUM_OK;
}

static velum_status prove_steps(prover *self, uint64_t index, const checkpoint *head, proof *out)
{
    const tree_source source = {range_root, self};
    tree_hash leaf;

    VELUM_TRY(folder_list_tails(self->dir_fd, &self->tails));
    VELUM_TRY(tree_prove_inclusion(source, index, head->size, &out->path));
    VELUM_TRY(range_root(self, index, index + 1, leaf));
    if (!tree_inclusion_holds(index, head->size, leaf, &out->path, head->root)) {
        return VELUM_E_TAMPERED;
    }
    out->index = index;
    return VELUM_OK;
}

/* The folder's own checkpoint under its own key; who checks the proof brings the key he trusts. */
static velum_status read_head(int dir_fd, buffer *note, checkpoint *out, velum_error *err)
{
    note_key key;

    velum_status status = folder_read_key(dir_fd, &key);
    if (status == VELUM_OK) {
        status = folder_read_checkpoint(dir_fd, note);
    }
    if (status == VELUM_OK) {
        status = checkpoint_open((text){(const char *)note->data, note->size}, &key, out);
    }
    return status == VELUM_OK
               ? VELUM_OK
               : error_set(err, status, "origin or checkpoint of the log cannot be read");
}

velum_status log_prove(int dir_fd, uint64_t index, buffer *out, velum_error *err)
{
    VELUM_AUTO_BUFFER note = {0};
    checkpoint head = {0};
    proof made;

    buffer_init(&note, NOTE_BYTES_MAX);
    VELUM_TRY(read_head(dir_fd, &note, &head, err));
    if (index >= head.size) {
        return error_set(err, VELUM_E_NOTFOUND, "no checkpoint covers that leaf");
    }
    prover self = {.dir_fd = dir_fd, .size = head.size};
    const velum_status status = prove_steps(&self, index, &head, &made);
    prover_clear(&self);
    if (status < 0) {
        return error_set(err, status, "leaf %llu cannot be proved", (unsigned long long)index);
    }
    made.note = (text){(const char *)note.data, note.size};
    return proof_format(&made, out);
}
