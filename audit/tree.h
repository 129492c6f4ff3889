/* audit/tree.h: the Merkle tree of RFC 9162 §2.1 (= RFC 6962 §2.1): root, proofs, verification.
 *
 * A frontier takes leaf hashes one by one and always knows the root, with one hash a level. Proofs
 * are made from the roots of ranges of leaves, which the caller supplies (an array of leaf hashes,
 * or files), and verified by the algorithms of the RFC, word for word.
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include "base/crypto.h"

#define TREE_LEVELS_MAX 64
#define TREE_PROOF_MAX 65 /* hashes; an inclusion proof has at most 64, consistency one more */

typedef uint8_t tree_hash[SHA256_BYTES];

/* SHA-256(""): the root of the empty tree. */
void tree_empty_root(tree_hash out);
/* SHA-256(0x01 ‖ left ‖ right). */
void tree_node_hash(const tree_hash left, const tree_hash right, tree_hash out);

typedef struct tree_frontier {
    uint64_t size;
    /* The root of the last complete subtree of 2^level leaves; part of the frontier where that bit
     * of `size` is set. Undefined at levels that have not been reached. */
    tree_hash complete[TREE_LEVELS_MAX];
} tree_frontier;

void tree_frontier_clear(tree_frontier *self);
void tree_frontier_add(tree_frontier *self, const tree_hash leaf);
/* Adds a complete subtree of 2^level leaves; `size` must be a multiple of that. */
void tree_frontier_add_subtree(tree_frontier *self, uint32_t level, const tree_hash root);
void tree_frontier_root(const tree_frontier *self, tree_hash out);

typedef struct tree_proof {
    uint32_t count;
    tree_hash hashes[TREE_PROOF_MAX];
} tree_proof;

/* Where proofs get the root of the leaves [first, end) from; first < end. A range asked for is a
 * subtree of the tree that is proved. */
typedef struct tree_source {
    velum_status (*range_root)(void *context, uint64_t first, uint64_t end, tree_hash out);
    void *context;
} tree_source;

/* A source over an array of leaf hashes in memory, from index 0; it is only read. */
tree_source tree_source_of_hashes(tree_hash *leaves);

/* PATH(index, D[size]), RFC 9162 §2.1.3.1. VELUM_E_INVALID unless index < size. */
velum_status tree_prove_inclusion(tree_source source, uint64_t index, uint64_t size,
                                  tree_proof *out) VELUM_WARN_UNUSED;
/* PROOF(from, D[to]), RFC 9162 §2.1.4.1. VELUM_E_INVALID unless 0 < from ≤ to. */
velum_status tree_prove_consistency(tree_source source, uint64_t from, uint64_t to,
                                    tree_proof *out) VELUM_WARN_UNUSED;

/* RFC 9162 §2.1.3.2. */
bool tree_inclusion_holds(uint64_t index, uint64_t size, const tree_hash leaf,
                          const tree_proof *proof, const tree_hash root);
/* RFC 9162 §2.1.4.2, which asks for 0 < from ≤ to. */
bool tree_consistency_holds(uint64_t from, uint64_t to, const tree_proof *proof,
                            const tree_hash from_root, const tree_hash to_root);

#endif
