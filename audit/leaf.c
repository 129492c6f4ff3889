/* audit/leaf.c: header in, header out, and the leaf hash. */
#include "audit/leaf.h"

#include <assert.h>

#define OFFSET_SUITE 1
#define OFFSET_FLAGS 2
#define OFFSET_ORIGIN 4
#define OFFSET_INDEX 20
#define OFFSET_PREV 28

static_assert(OFFSET_ORIGIN + LEAF_ORIGIN_ID_BYTES == OFFSET_INDEX, "docs/formats/leaf.md");
static_assert(OFFSET_PREV + SHA256_BYTES == LEAF_HEADER_BYTES, "docs/formats/leaf.md");
static_assert(LEAF_BYTES_MAX <= 4096, "spec/audit: a leaf is at most 4 KiB");

void leaf_origin_id(text origin, uint8_t out[LEAF_ORIGIN_ID_BYTES])
{
    uint8_t digest[SHA256_BYTES];

    sha256(origin.data, origin.size, digest);
    memcpy(out, digest, LEAF_ORIGIN_ID_BYTES);
}

void leaf_write_header(const leaf_header *header, uint8_t out[LEAF_HEADER_BYTES])
{
    out[0] = LEAF_VERSION;
    out[OFFSET_SUITE] = LEAF_SUITE_SHA256;
    bytes_write_u16be(out + OFFSET_FLAGS, 0);
    memcpy(out + OFFSET_ORIGIN, header->origin_id, LEAF_ORIGIN_ID_BYTES);
    bytes_write_u64be(out + OFFSET_INDEX, header->index);
    memcpy(out + OFFSET_PREV, header->prev, SHA256_BYTES);
}

velum_status leaf_read_header(const uint8_t *leaf, size_t size, leaf_header *out)
{
    if (size <= LEAF_HEADER_BYTES || size > LEAF_BYTES_MAX) {
        return VELUM_E_INVALID;
    }
    if (leaf[0] > LEAF_VERSION) {
        return VELUM_E_NEWER;
    }
    if (leaf[0] != LEAF_VERSION || leaf[OFFSET_SUITE] != LEAF_SUITE_SHA256 ||
        bytes_read_u16be(leaf + OFFSET_FLAGS) != 0) {
        return VELUM_E_INVALID;
    }
    memcpy(out->origin_id, leaf + OFFSET_ORIGIN, LEAF_ORIGIN_ID_BYTES);
    out->index = bytes_read_u64be(leaf + OFFSET_INDEX);
    memcpy(out->prev, leaf + OFFSET_PREV, SHA256_BYTES);
    return VELUM_OK;
}

void leaf_hash(const void *leaf, size_t size, uint8_t out[SHA256_BYTES])
{
    static const uint8_t leaf_prefix = 0x00;
    const crypto_part parts[] = {{&leaf_prefix, 1}, {leaf, size}};

    sha256_parts(parts, 2, out);
}
