/* bundle_hash.c: the identity of a policy: SHA-256 over its files in byte order of their names.
 *
 * Name and bytes are both prefixed by their length, so that no two sets of files give one input.
 */
#include "policy/bundle.h"

#include "base/buffer.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    const bundle_file *const left = *(const bundle_file *const *)a;
    const bundle_file *const right = *(const bundle_file *const *)b;

    return text_compare(left->name, right->name);
}

static void update_with(sha256_stream *stream, text part)
{
    uint8_t length[4];

    bytes_write_u32be(length, (uint32_t)part.size);
    sha256_stream_update(stream, length, sizeof(length));
    sha256_stream_update(stream, part.data, part.size);
}

velum_status bundle_files_hash(const bundle_file *files, size_t count, uint8_t out[SHA256_BYTES])
{
    VELUM_AUTO_MEM const bundle_file **sorted = mem_alloc_array(count, sizeof(const bundle_file *));
    VELUM_AUTO(sha256_stream) *stream = NULL;

    if (sorted == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(sha256_stream_create(&stream));
    for (size_t i = 0; i < count; i++) {
        if (files[i].name.size > UINT32_MAX || files[i].bytes.size > UINT32_MAX) {
            return VELUM_E_LIMIT;
        }
        sorted[i] = &files[i];
    }
    qsort(sorted, count, sizeof(const bundle_file *), by_name);
    for (size_t i = 0; i < count; i++) {
        update_with(stream, sorted[i]->name);
        update_with(stream, sorted[i]->bytes);
    }
    sha256_stream_finish(stream, out);
    return VELUM_OK;
}
