/* audit/chain.c: recomputing what batches claim. */
#include "audit/chain.h"

#include <assert.h>

static velum_status damaged(chain_damage *out, uint64_t index, const char *reason)
{
    *out = (chain_damage){index, reason};
    return VELUM_E_TAMPERED;
}

static void look_at_watches(chain *self)
{
    for (uint32_t i = 0; i < self->watch_count; i++) {
        chain_watch *const watch = &self->watches[i];
        if (!watch->reached && watch->head.size == self->tree.size) {
            tree_hash root;
            tree_frontier_root(&self->tree, root);
            watch->reached = true;
            watch->matched = memcmp(root, watch->head.root, sizeof root) == 0;
        }
    }
}

void chain_begin(chain *self, text origin)
{
    memset(self, 0, sizeof *self);
    leaf_origin_id(origin, self->origin_id);
    tree_frontier_clear(&self->tree);
}

const chain_watch *chain_add_watch(chain *self, const checkpoint *head)
{
    assert(self->watch_count < CHAIN_WATCHES);
    chain_watch *const watch = &self->watches[self->watch_count++];
    *watch = (chain_watch){.head = *head};
    look_at_watches(self);
    return watch;
}

/* A `prev` that does not fit names the leaf before: that is the one which is no longer what its
 * successor was chained to. */
velum_status chain_check_leaf(const chain_place *place, const uint8_t *leaf, size_t size,
                              audit_entry *out_entry, chain_damage *out_damage)
{
    const leaf_header *const expected = &place->header;
    const uint64_t index = expected->index;
    leaf_header header;

    const velum_status status = leaf_read_header(leaf, size, &header);
    if (status == VELUM_E_NEWER) {
        return status;
    }
    if (status < 0) {
        return damaged(out_damage, index, "a leaf has no valid header");
    }
    if (header.index != index) {
        return damaged(out_damage, index, "a leaf has another index than its place");
    }
    if (memcmp(header.origin_id, expected->origin_id, LEAF_ORIGIN_ID_BYTES) != 0) {
        return damaged(out_damage, index, "a leaf belongs to another log");
    }
    if (place->prev_known && memcmp(header.prev, expected->prev, SHA256_BYTES) != 0) {
        return damaged(out_damage, index == 0 ? 0 : index - 1,
                       "a leaf is not the one that its successor is chained to");
    }
    if (entry_decode(leaf + LEAF_HEADER_BYTES, size - LEAF_HEADER_BYTES, out_entry) < 0) {
        return damaged(out_damage, index, "the body of a leaf is not canonical");
    }
    return VELUM_OK;
}

static velum_status take_leaf(chain *self, const uint8_t *leaf, size_t size,
                              chain_damage *out_damage)
{
    chain_place place = {{.index = self->tree.size}, true};
    audit_entry entry;

    memcpy(place.header.origin_id, self->origin_id, LEAF_ORIGIN_ID_BYTES);
    memcpy(place.header.prev, self->prev, SHA256_BYTES);
    VELUM_TRY(chain_check_leaf(&place, leaf, size, &entry, out_damage));
    leaf_hash(leaf, size, self->prev);
    tree_frontier_add(&self->tree, self->prev);
    self->outbox_seq = entry.outbox_seq > self->outbox_seq ? entry.outbox_seq : self->outbox_seq;
    self->newest_ns = entry.at_ns > self->newest_ns ? entry.at_ns : self->newest_ns;
    look_at_watches(self);
    return VELUM_OK;
}

velum_status chain_take_batch(chain *self, const tail_record *batch, chain_damage *out_damage)
{
    const uint64_t first = self->tree.size;
    const uint8_t *leaf = NULL;
    size_t position = 0;
    size_t size = 0;
    tree_hash root;

    if (batch->header.first != first) {
        return damaged(out_damage, first, "a batch has another index than its place");
    }
    while (tail_next_leaf(batch, &position, &leaf, &size)) {
        VELUM_TRY(take_leaf(self, leaf, size, out_damage));
    }
    tree_frontier_root(&self->tree, root);
    if (memcmp(root, batch->trailer.root, sizeof root) != 0) {
        return damaged(out_damage, first, "the root of a batch is not that of its leaves");
    }
    if (batch->trailer.outbox_seq != self->outbox_seq) {
        return damaged(out_damage, first, "the outbox seq of a batch is not that of its leaves");
    }
    return VELUM_OK;
}

static uint32_t level_of(uint32_t count)
{
    return (uint32_t)__builtin_ctz(count);
}

/* The file's own leaves are the last complete subtree of their number. */
velum_status chain_check_closing(const chain *self, const tail_closing *closing,
                                 chain_damage *out_damage)
{
    const uint64_t end = closing->first + closing->count;

    if (end != self->tree.size || closing->first % closing->count != 0) {
        return damaged(out_damage, self->tree.size, "a file is closed at another place");
    }
    if (memcmp(closing->root, self->tree.complete[level_of(closing->count)], SHA256_BYTES) != 0 ||
        memcmp(closing->last, self->prev, SHA256_BYTES) != 0 ||
        closing->outbox_seq != self->outbox_seq) {
        return damaged(out_damage, closing->first, "a closing record is not that of its leaves");
    }
    return VELUM_OK;
}

velum_status chain_skip_file(chain *self, const tail_closing *closing, chain_damage *out_damage)
{
    const uint64_t first = self->tree.size;

    if (closing->first != first || first % closing->count != 0 ||
        closing->outbox_seq < self->outbox_seq) {
        return damaged(out_damage, first, "a file is closed at another place");
    }
    tree_frontier_add_subtree(&self->tree, level_of(closing->count), closing->root);
    memcpy(self->prev, closing->last, SHA256_BYTES);
    self->outbox_seq = closing->outbox_seq;
    look_at_watches(self);
    return VELUM_OK;
}
