/* store/sqlcipher_memory.c: SQLite's heap, wiped when it is freed.
 *
 * Its page cache and its copies of parameters hold opened pages. SQLCipher's own answer
 * (cipher_memory_security) also locks every block, one system call each way; the numbers are in
 * docs/adr/0004-sqlite-memory.md. A block of base/mem.h does not tell its size, so that it stands
 * in front of what SQLite sees.
 */
#include "store/sqlcipher.h"

#include <stdint.h>

#include "base/mem.h"

typedef union block_head {
    size_t bytes;
    max_align_t align;
} block_head;

static block_head *head_of(void *block)
{
    return (block_head *)block - 1;
}

static void *memory_alloc(int bytes)
{
    block_head *head = mem_alloc(sizeof(block_head) + (size_t)bytes);

    if (head == NULL) {
        return NULL;
    }
    head->bytes = (size_t)bytes;
    return head + 1;
}

static void memory_free(void *block)
{
    if (block != NULL) {
        mem_free(head_of(block));
    }
}

static void *memory_resize(void *block, int bytes)
{
    block_head *head = mem_resize(head_of(block), sizeof(block_head) + (size_t)bytes);

    if (head == NULL) {
        return NULL;
    }
    head->bytes = (size_t)bytes;
    return head + 1;
}

static int memory_bytes(void *block)
{
    return block == NULL ? 0 : (int)head_of(block)->bytes;
}

static int memory_round_up(int bytes)
{
    return (bytes + 7) & ~7;
}

static int memory_begin(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void memory_end(void *context)
{
    (void)context;
}

velum_status driver_memory_install(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = memory_alloc,
        .xFree = memory_free,
        .xRealloc = memory_resize,
        .xSize = memory_bytes,
        .xRoundup = memory_round_up,
        .xInit = memory_begin,
        .xShutdown = memory_end,
    };

    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) {
        return VELUM_E_UNSUPPORTED;
    }
    return VELUM_OK;
}
