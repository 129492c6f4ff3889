/* audit/tree.c: RFC 9162 §2.1. */
#include "audit/tree.h"

#include <assert.h>
#include <string.h>

#define NODE_PREFIX 0x01 /* RFC 9162 §2.1.1 */

void tree_empty_root(tree_hash out)
{
    sha256("", 0, out);
}

void tree_node_hash(const tree_hash left, const tree_hash right, tree_hash out)
{
    uint8_t message[1 + 2 * SHA256_BYTES];

    message[0] = NODE_PREFIX;
    memcpy(message + 1, left, SHA256_BYTES);
    memcpy(message + 1 + SHA256_BYTES, right, SHA256_BYTES);
    sha256(message, sizeof message, out);
}

void tree_frontier_clear(tree_frontier *self)
{
    memset(self, 0, sizeof *self);
}

void tree_frontier_add(tree_frontier *self, const tree_hash leaf)
{
    tree_frontier_add_subtree(self, 0, leaf);
}

/* Like adding one to a binary number: a complete subtree meets its left sibling wherever the bit is
 * set. What completes a level stays in `complete`, also when it is merged further up at once. */
void tree_frontier_add_subtree(tree_frontier *self, uint32_t level, const tree_hash root)
{
    tree_hash carry;

    assert(level < TREE_LEVELS_MAX && (self->size & ((UINT64_C(1) << level) - 1)) == 0);
    memcpy(carry, root, SHA256_BYTES);
    uint32_t at = level;
    for (; at < TREE_LEVELS_MAX - 1 && (self->size >> at & 1) != 0; at++) {
        tree_hash merged;
        tree_node_hash(self->complete[at], carry, merged);
        memcpy(self->complete[at], carry, SHA256_BYTES);
        memcpy(carry, merged, SHA256_BYTES);
    }
    memcpy(self->complete[at], carry, SHA256_BYTES);
    self->size += UINT64_C(1) << level;
}

void tree_frontier_root(const tree_frontier *self, tree_hash out)
{
    bool begun = false;

    for (uint32_t level = 0; level < TREE_LEVELS_MAX; level++) {
        if ((self->size >> level & 1) == 0) {
            continue;
        }
        if (begun) {
            tree_node_hash(self->complete[level], out, out);
            continue;
        }
        memcpy(out, self->complete[level], SHA256_BYTES);
        begun = true;
    }
    if (!begun) {
        tree_empty_root(out);
    }
}

static velum_status root_of_hashes(void *context, uint64_t first, uint64_t end, tree_hash out)
{
    tree_hash *const leaves = context;
    tree_frontier frontier;

    tree_frontier_clear(&frontier);
    for (uint64_t i = first; i < end; i++) {
        tree_frontier_add(&frontier, leaves[i]);
    }
    tree_frontier_root(&frontier, out);
    return VELUM_OK;
}

tree_source tree_source_of_hashes(tree_hash *leaves)
{
    return (tree_source){root_of_hashes, leaves};
}

/* The largest power of two smaller than n, n > 1: the "k" of RFC 9162 §2.1. */
static uint64_t split_point(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* The recursion of the RFC goes from the root down; proofs are listed from the leaf up. */
static void reverse(tree_proof *proof)
{
    for (uint32_t i = 0, j = proof->count; i + 1 < j; i++) {
        tree_hash held;
        j--;
        memcpy(held, proof->hashes[i], SHA256_BYTES);
        memcpy(proof->hashes[i], proof->hashes[j], SHA256_BYTES);
        memcpy(proof->hashes[j], held, SHA256_BYTES);
    }
}

static velum_status append_range(tree_source source, uint64_t first, uint64_t end,
                                 tree_proof *proof)
{
    assert(proof->count < TREE_PROOF_MAX);
    VELUM_TRY(source.range_root(source.context, first, end, proof->hashes[proof->count]));
    proof->count++;
    return VELUM_OK;
}

/* RFC 9162 §2.1.3.1, the recursion unrolled: at most 64 steps. */
velum_status tree_prove_inclusion(tree_source source, uint64_t index, uint64_t size,
                                  tree_proof *out)
{
    uint64_t first = 0;
    uint64_t end = size;

    if (index >= size) {
        return VELUM_E_INVALID;
    }
    out->count = 0;
    while (end - first > 1) {
        const uint64_t middle = first + split_point(end - first);
        if (index < middle) {
            VELUM_TRY(append_range(source, middle, end, out));
            end = middle;
        } else {
            VELUM_TRY(append_range(source, first, middle, out));
            first = middle;
        }
    }
    reverse(out);
    return VELUM_OK;
}

/* RFC 9162 §2.1.4.1: SUBPROOF(m, D_n, b) unrolled. `whole` is its b: the old tree is a subtree that
 * the verifier knows the root of. */
velum_status tree_prove_consistency(tree_source source, uint64_t from, uint64_t to, tree_proof *out)
{
    uint64_t first = 0;
    uint64_t end = to;
    bool whole = true;

    if (from == 0 || from > to) {
        return VELUM_E_INVALID;
    }
    out->count = 0;
    while (from != end) {
        const uint64_t middle = first + split_point(end - first);
        if (from <= middle) {
            VELUM_TRY(append_range(source, middle, end, out));
            end = middle;
        } else {
            VELUM_TRY(append_range(source, first, middle, out));
            first = middle;
            whole = false;
        }
    }
    if (!whole) {
        VELUM_TRY(append_range(source, first, end, out));
    }
    reverse(out);
    return VELUM_OK;
}

/* RFC 9162 §2.1.3.2. */
bool tree_inclusion_holds(uint64_t index, uint64_t size, const tree_hash leaf,
                          const tree_proof *proof, const tree_hash root)
{
    uint64_t fn = index;
    uint64_t sn = size - 1;
    tree_hash r;

    if (index >= size || proof->count > TREE_PROOF_MAX) {
        return false;
    }
    memcpy(r, leaf, SHA256_BYTES);
    for (uint32_t i = 0; i < proof->count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            tree_node_hash(proof->hashes[i], r, r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tree_node_hash(r, proof->hashes[i], r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && memcmp(r, root, SHA256_BYTES) == 0;
}

/* Step 6 of RFC 9162 §2.1.4.2, over the hashes behind the first, which `fr` and `sr` are set to. */
static bool consistency_walk(uint64_t fn, uint64_t sn, const tree_proof *rest, tree_hash fr,
                             tree_hash sr)
{
    for (uint32_t i = 0; i < rest->count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            tree_node_hash(rest->hashes[i], fr, fr);
            tree_node_hash(rest->hashes[i], sr, sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            tree_node_hash(sr, rest->hashes[i], sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0;
}

/* RFC 9162 §2.1.4.2. */
bool tree_consistency_holds(uint64_t from, uint64_t to, const tree_proof *proof,
                            const tree_hash from_root, const tree_hash to_root)
{
    tree_proof rest = *proof;
    tree_hash fr;
    tree_hash sr;

    if (from == 0 || from > to || proof->count > TREE_PROOF_MAX) {
        return false;
    }
    if (from == to) {
        return proof->count == 0 && memcmp(from_root, to_root, SHA256_BYTES) == 0;
    }
    if (proof->count == 0) {
        return false;
    }
    if ((from & (from - 1)) == 0) { /* an exact power of two: its root stands first */
        memcpy(fr, from_root, SHA256_BYTES);
    } else {
        memcpy(fr, proof->hashes[0], SHA256_BYTES);
        rest.count--;
        memmove(rest.hashes[0], rest.hashes[1], rest.count * sizeof rest.hashes[0]);
    }
    memcpy(sr, fr, SHA256_BYTES);
    uint64_t fn = from - 1;
    uint64_t sn = to - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    return consistency_walk(fn, sn, &rest, fr, sr) && memcmp(fr, from_root, SHA256_BYTES) == 0 &&
           memcmp(sr, to_root, SHA256_BYTES) == 0;
}
