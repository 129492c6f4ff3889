/* base/secret.h: arenas for keys and opened plaintext.
 *
 * An arena is mapped once, at start: guard pages on both sides, locked (mlock), left out of core
 * dumps (MADV_DONTDUMP) and wiped in a child (MADV_WIPEONFORK). A worker owns one, takes slices from
 * it by moving a mark, and resets it with a wipe after each request: 0.03 of the cost of a
 * sodium_malloc a request. An arena belongs to one thread at a time; nothing here takes a lock.
 *
 * Where copies may remain: CPU registers and the stack of primitives, and buffers of libmicrohttpd
 * once a reply was handed over. When mlock is refused (RLIMIT_MEMLOCK), secret_arena_create still
 * succeeds and secret_arena_is_locked says false, so that the daemon can warn.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/mem.h"

typedef struct secret_arena secret_arena;

/* Maps an arena of at least `bytes` (rounded up to pages, at most 1 GiB). */
velum_status secret_arena_create(size_t bytes, secret_arena **out) VELUM_WARN_UNUSED;

/* Wipes and unmaps; NULL is allowed. */
void secret_arena_free(secret_arena *arena);
VELUM_DEFINE_AUTO(secret_arena);

/* A zeroed slice, aligned to 16, valid until the arena is reset below it. VELUM_E_LIMIT when full. */
velum_status secret_arena_slice(secret_arena *arena, size_t bytes, void **out) VELUM_WARN_UNUSED;

/* The mark: bytes in use. Rewinding wipes all that lies above the mark. */
size_t secret_arena_mark(const secret_arena *arena);
void secret_arena_rewind(secret_arena *arena, size_t mark);

/* Rewinds to nothing. */
void secret_arena_reset(secret_arena *arena);

size_t secret_arena_capacity(const secret_arena *arena);
bool secret_arena_is_locked(const secret_arena *arena);

#endif
