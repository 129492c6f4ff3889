/* fuzz_index_fold.c: the rows of a fold are read to their end or refused, never beyond it. */
#include "vault/internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool lies_within(const void *at, size_t count, const uint8_t *data, size_t size)
{
    const uint8_t *const from = at;

    return from >= data && count <= size && (size_t)(from - data) <= size - count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fold_reader reader = {data, size};
    fold_entry entry;
    size_t left = size;
    velum_status status = VELUM_OK;

    while ((status = index_fold_next(&reader, &entry)) == VELUM_OK) {
        require(reader.left < left);
        require(lies_within(entry.hash.data, entry.hash.size, data, size));
        require(!entry.is_identifier ||
                (entry.type_and_form.size > 0 &&
                 lies_within(entry.type_and_form.data, entry.type_and_form.size, data, size)));
        left = reader.left;
    }
    require(status == VELUM_E_CORRUPT || (status == VELUM_END && reader.left == 0));
    return 0;
}
