/* fuzz_leaf.c: a body that decodes is written again with the same bytes; a leaf's header, too. */
#include "audit/leaf.h"

#include <stdlib.h>

#include "base/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void body(const uint8_t *data, size_t size)
{
    VELUM_AUTO_BUFFER out = {0};
    audit_entry entry;

    const velum_status status = entry_decode(data, size, &entry);
    if (status != VELUM_OK) {
        require(status == VELUM_E_INVALID);
        return;
    }
    require(cbor_check(data, size) == VELUM_OK);
    buffer_init(&out, ENTRY_BODY_BYTES_MAX);
    require(entry_encode(&entry, &out) == VELUM_OK);
    require(out.size == size && memcmp(out.data, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    leaf_header header;
    uint8_t again[LEAF_HEADER_BYTES];

    body(data, size);
    if (leaf_read_header(data, size, &header) == VELUM_OK) {
        leaf_write_header(&header, again);
        require(memcmp(again, data, sizeof again) == 0);
        body(data + LEAF_HEADER_BYTES, size - LEAF_HEADER_BYTES);
    }
    return 0;
}
