/* audit/proof.h: the text of c2sp.org/tlog-proof@v1: one leaf stands in a log.
 *
 * Format: docs/formats/checkpoint.md. Making a proof for a folder is log_prove, checking one is
 * log_proof_check (audit/log_reader.h).
 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "audit/checkpoint.h"

#define PROOF_BYTES_MAX (NOTE_BYTES_MAX + TREE_PROOF_MAX * 45 + 65536)

typedef struct proof {
    uint64_t index;
    tree_proof path;
    text note; /* the checkpoint, verbatim; borrowed */
} proof;

velum_status proof_format(const proof *self, buffer *out) VELUM_WARN_UNUSED;
/* VELUM_E_INVALID. An `extra` line is stepped over. */
velum_status proof_parse(text bytes, proof *out) VELUM_WARN_UNUSED;

#endif
