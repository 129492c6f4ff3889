/* audit/leaf.h: the bytes of one leaf: a fixed header by the appender, then the entry's body.
 *
 * Format: docs/formats/leaf.md. Stored bytes are the hashed bytes; nothing here re-serialises.
 */
#ifndef AUDIT_LEAF_H
#define AUDIT_LEAF_H

#include "audit/entry.h"
#include "base/crypto.h"

#define LEAF_VERSION 1
#define LEAF_SUITE_SHA256 1
#define LEAF_HEADER_BYTES 60
#define LEAF_ORIGIN_ID_BYTES 16
#define LEAF_BYTES_MAX (LEAF_HEADER_BYTES + ENTRY_BODY_BYTES_MAX)

typedef struct leaf_header {
    uint8_t origin_id[LEAF_ORIGIN_ID_BYTES];
    uint64_t index;
    uint8_t prev[SHA256_BYTES]; /* leaf hash of index − 1; zeros at 0 */
} leaf_header;

/* The first bytes of SHA-256 of the origin's name. */
void leaf_origin_id(text origin, uint8_t out[LEAF_ORIGIN_ID_BYTES]);

void leaf_write_header(const leaf_header *header, uint8_t out[LEAF_HEADER_BYTES]);

/* VELUM_E_INVALID for what is not a leaf, VELUM_E_NEWER for a later format version. */
velum_status leaf_read_header(const uint8_t *leaf, size_t size, leaf_header *out) VELUM_WARN_UNUSED;

/* RFC 9162 §2.1.1: SHA-256(0x00 ‖ leaf). */
void leaf_hash(const void *leaf, size_t size, uint8_t out[SHA256_BYTES]);

#endif
