/* audit/checkpoint.h: a signed tree head, by C2SP tlog-checkpoint v1.0.0 without extension lines.
 *
 * Format: docs/formats/checkpoint.md. The key's name is the origin.
 */
#ifndef AUDIT_CHECKPOINT_H
#define AUDIT_CHECKPOINT_H

#include "audit/note.h"
#include "audit/tree.h"

#define CHECKPOINT_BYTES_MAX 1024 /* of our own, with one signature */

typedef struct checkpoint {
    uint64_t size;
    tree_hash root;
} checkpoint;

/* Parses the body of a note. VELUM_E_INVALID; so is another origin than `origin`. */
velum_status checkpoint_parse(text body, text origin, checkpoint *out) VELUM_WARN_UNUSED;

/* Appends the signed note. */
velum_status checkpoint_sign(const checkpoint *head, const note_key *key,
                             const uint8_t seed[ED25519_SEED_BYTES], buffer *out) VELUM_WARN_UNUSED;

/* Checks signature, origin and form. Statuses as of note_open and checkpoint_parse. */
velum_status checkpoint_open(text note, const note_key *key, checkpoint *out) VELUM_WARN_UNUSED;

#endif
