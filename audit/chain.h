/* audit/chain.h: whether leaves follow from one another.
 *
 * A chain takes whole batches in order and recomputes all that they claim: origin id, index,
 * `prev`, canonical body, leaf hash, tree root, highest outbox seq, and the roots of files that
 * close. Verify and recovery judge by it.
 */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include "audit/tail.h"

/* A tree head that the chain must pass through. */
typedef struct chain_watch {
    checkpoint head;
    bool reached; /* the chain has that many leaves */
    bool matched; /* and that root */
} chain_watch;

#define CHAIN_WATCHES 2

typedef struct chain {
    uint8_t origin_id[LEAF_ORIGIN_ID_BYTES];
    uint8_t prev[SHA256_BYTES]; /* leaf hash of the last leaf */
    uint64_t outbox_seq;        /* highest so far */
    int64_t newest_ns;          /* newest time in a leaf taken so far, 0 before */
    tree_frontier tree;
    chain_watch watches[CHAIN_WATCHES];
    uint32_t watch_count;
} chain;

/* What is wrong, when something is. */
typedef struct chain_damage {
    uint64_t index;     /* the first leaf that cannot be believed */
    const char *reason; /* a constant, for people */
} chain_damage;

void chain_begin(chain *self, text origin);
/* Before the leaf it asks for has been taken. The returned watch lives in the chain. */
const chain_watch *chain_add_watch(chain *self, const checkpoint *head);

/* VELUM_E_TAMPERED fills `out_damage`; VELUM_E_NEWER for a later leaf format. */
velum_status chain_take_batch(chain *self, const tail_record *batch,
                              chain_damage *out_damage) VELUM_WARN_UNUSED;
/* Compares a closing record with the leaves of its file, which have been taken. */
velum_status chain_check_closing(const chain *self, const tail_closing *closing,
                                 chain_damage *out_damage) VELUM_WARN_UNUSED;
/* Takes a closed file by what its closing record says, without reading its leaves. */
velum_status chain_skip_file(chain *self, const tail_closing *closing,
                             chain_damage *out_damage) VELUM_WARN_UNUSED;

/* Where a leaf is expected. */
typedef struct chain_place {
    leaf_header header;
    bool prev_known;
} chain_place;

/* One leaf alone, against origin id, index and, when it is known, `prev`; its body must decode, into
 * `out_entry`. VELUM_E_TAMPERED, VELUM_E_NEWER. */
velum_status chain_check_leaf(const chain_place *place, const uint8_t *leaf, size_t size,
                              audit_entry *out_entry, chain_damage *out_damage) VELUM_WARN_UNUSED;

#endif
