/* base/mem.c: the heap behind one door.
 *
 * A block is a 16-byte header followed by what the caller sees. The header holds the size, so that
 * freeing can wipe without being told, and a mark that catches a foreign or twice-freed pointer.
 * Resizing always moves: realloc would leave an unwiped copy behind.
 */
#include "base/mem.h"

#include "base/fault.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct block_header {
    size_t bytes;
    uint64_t mark;
} block_header;

static_assert(sizeof(block_header) == 16, "what follows the header keeps malloc's alignment");

#define BLOCK_MARK UINT64_C(0x56454c554d424c4b)

static block_header *header_of(void *block)
{
    block_header *const header = (block_header *)block - 1;

    assert(header->mark == BLOCK_MARK);
    return header;
}

void *mem_alloc(size_t bytes)
{
    if (bytes > MEM_BLOCK_BYTES_MAX || fault_at(FAULT_ALLOC) != 0) {
        errno = ENOMEM;
        return NULL;
    }
    block_header *const header = calloc(1, sizeof(block_header) + bytes);
    if (header == NULL) {
        return NULL;
    }
    header->bytes = bytes;
    header->mark = BLOCK_MARK;
    return header + 1;
}

void *mem_alloc_array(size_t count, size_t bytes)
{
    size_t total = 0;

    if (!size_multiply(count, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return mem_alloc(total);
}

void *mem_resize(void *block, size_t bytes)
{
    void *const moved = mem_alloc(bytes);

    if (moved == NULL || block == NULL) {
        return moved;
    }
    const size_t old_bytes = header_of(block)->bytes;
    memcpy(moved, block, old_bytes < bytes ? old_bytes : bytes);
    mem_free(block);
    return moved;
}

void mem_free(void *block)
{
    if (block == NULL) {
        return;
    }
    block_header *const header = header_of(block);
    mem_wipe(header, sizeof(*header) + header->bytes);
    free(header);
}

char *mem_copy_text(const char *data, size_t size)
{
    if (size >= MEM_BLOCK_BYTES_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    char *const copy = mem_alloc(size + 1);
    if (copy != NULL && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

void mem_wipe(void *data, size_t bytes)
{
    if (bytes > 0) {
        explicit_bzero(data, bytes);
    }
}

bool mem_equal_secret(const void *a, const void *b, size_t bytes)
{
    const volatile uint8_t *const left = a;
    const volatile uint8_t *const right = b;
    volatile uint8_t difference = 0; /* volatile, so that no compiler leaves the loop early */

    for (size_t i = 0; i < bytes; i++) {
        difference = (uint8_t)(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}

bool size_add(size_t a, size_t b, size_t *out)
{
    size_t sum = 0;

    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

bool size_multiply(size_t a, size_t b, size_t *out)
{
    size_t product = 0;

    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}
