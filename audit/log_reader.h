/* audit/log_reader.h: reading a log folder without owning it.
 *
 * Reads leaves of whole, sound batches, in order or by index, from a folder that another thread or
 * process may be appending to. What it reads is checked as it goes (CRC, canonical form, prev
 * chain, index); it stops at the first leaf that is not durable.
 */
#ifndef AUDIT_LOG_READER_H
#define AUDIT_LOG_READER_H

#include "audit/entry.h"
#include "base/crypto.h"

typedef struct log_reader log_reader;

velum_status log_reader_open(int dir_fd, log_reader **out, velum_error *err) VELUM_WARN_UNUSED;
void log_reader_free(log_reader *self);
VELUM_DEFINE_AUTO(log_reader);

typedef struct log_leaf {
    uint64_t index;
    uint8_t hash[SHA256_BYTES]; /* RFC 9162 leaf hash */
    uint8_t prev[SHA256_BYTES];
    const uint8_t *bytes; /* the whole leaf; borrowed until the next call */
    size_t size;
    const uint8_t *body; /* the body within it */
    size_t body_size;
    const audit_entry *entry; /* the body, decoded; borrowed until the next call */
} log_leaf;

/* VELUM_END behind the last whole batch; VELUM_E_TAMPERED names the index in `out->index`. */
velum_status log_reader_next(log_reader *self, log_leaf *out) VELUM_WARN_UNUSED;
/* The next call to log_reader_next returns the leaf `index`. VELUM_E_NOTFOUND when there is none. */
velum_status log_reader_seek(log_reader *self, uint64_t index) VELUM_WARN_UNUSED;
/* Index of the leaf with that event id: a scan from index 0, after which the reader stands behind
 * that leaf. VELUM_E_NOTFOUND when there is none. */
velum_status log_reader_find(log_reader *self, const uint8_t event_id[ENTRY_TOKEN_BYTES],
                             uint64_t *out_index) VELUM_WARN_UNUSED;

/* The tlog-proof of one leaf against the folder's checkpoint, appended to `out`: VELUM_E_NOTFOUND
 * when there is no such leaf or no checkpoint covers it yet. */
velum_status log_prove(int dir_fd, uint64_t index, buffer *out, velum_error *err) VELUM_WARN_UNUSED;

/* The inverse, offline: whether `proof` shows that `leaf` stands in the log of `verifier_key`. */
velum_status log_proof_check(text proof, const uint8_t *leaf, size_t leaf_size, text verifier_key,
                             uint64_t *out_index) VELUM_WARN_UNUSED;

#endif
