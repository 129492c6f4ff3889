/* base/secret.c: an arena is one mapping, a mark, and the promise that all above the mark is zero.
 *
 * Invariants of this module:
 *   S-1  bytes at and above `used` are zero, so a new slice needs no clearing.
 *   S-2  `used` is a multiple of 16 and never exceeds `capacity`.
 *   S-3  the page before the first byte and the page after the last have no access rights.
 * Only the small descriptor lives on the heap; it holds no secret.
 */
#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLICE_ALIGNMENT ((size_t)16)
#define ARENA_BYTES_MAX ((size_t)1 << 30)

struct secret_arena {
    uint8_t *mapping; /* begins with the lower guard page */
    size_t mapping_bytes;
    uint8_t *base;
    size_t capacity;
    size_t used;
    bool is_locked;
};

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/* The pages between the guards: readable, writable, in no core dump, wiped in a child. */
static velum_status protect_pages(secret_arena *arena)
{
    if (mprotect(arena->base, arena->capacity, PROT_READ | PROT_WRITE) != 0) {
        return errno == ENOMEM ? VELUM_E_NOMEM : VELUM_E_IO;
    }
    if (madvise(arena->base, arena->capacity, MADV_DONTDUMP) != 0 ||
        madvise(arena->base, arena->capacity, MADV_WIPEONFORK) != 0) {
        return VELUM_E_UNSUPPORTED;
    }
    arena->is_locked = mlock(arena->base, arena->capacity) == 0;
    return VELUM_OK;
}

static velum_status map_pages(secret_arena *arena, size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    arena->capacity = round_up(bytes == 0 ? 1 : bytes, page);
    arena->mapping_bytes = arena->capacity + 2 * page;
    void *const mapping = mmap(NULL, arena->mapping_bytes, PROT_NONE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) {
        return VELUM_E_NOMEM;
    }
    arena->mapping = mapping;
    arena->base = arena->mapping + page;
    return protect_pages(arena);
}

velum_status secret_arena_create(size_t bytes, secret_arena **out)
{
    *out = NULL;
    if (bytes > ARENA_BYTES_MAX) {
        return VELUM_E_LIMIT;
    }
    VELUM_AUTO(secret_arena) *arena = mem_alloc(sizeof(*arena));
    if (arena == NULL) {
        return VELUM_E_NOMEM;
    }
    VELUM_TRY(map_pages(arena, bytes));
    *out = secret_arena_take(&arena);
    return VELUM_OK;
}

void secret_arena_free(secret_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    if (arena->mapping != NULL) {
        secret_arena_reset(arena);
        (void)munmap(arena->mapping, arena->mapping_bytes); /* unlocks too */
    }
    mem_free(arena);
}

velum_status secret_arena_slice(secret_arena *arena, size_t bytes, void **out)
{
    *out = NULL;
    if (bytes > arena->capacity - arena->used) {
        return VELUM_E_LIMIT;
    }
    /* Capacity is whole pages, so rounding up to 16 still fits (S-2). */
    const size_t rounded = round_up(bytes, SLICE_ALIGNMENT);
    assert(rounded <= arena->capacity - arena->used);
    *out = arena->base + arena->used;
    arena->used += rounded;
    return VELUM_OK;
}

size_t secret_arena_mark(const secret_arena *arena)
{
    return arena->used;
}

void secret_arena_rewind(secret_arena *arena, size_t mark)
{
    assert(mark <= arena->used && mark % SLICE_ALIGNMENT == 0); /* S-2 */
    mem_wipe(arena->base + mark, arena->used - mark);           /* S-1 */
    arena->used = mark;
}

void secret_arena_reset(secret_arena *arena)
{
    secret_arena_rewind(arena, 0);
}

size_t secret_arena_capacity(const secret_arena *arena)
{
    return arena->capacity;
}

bool secret_arena_is_locked(const secret_arena *arena)
{
    return arena->is_locked;
}
