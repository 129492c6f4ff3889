/* base/mem.h: the only door to the heap.
 *
 * Every block remembers its size and is wiped when it is freed, so that ordinary memory which held
 * personal data for a moment (a parsed request, a page of results) does not keep it. Keys and opened
 * plaintext live in base/secret.h instead. Blocks have a ceiling of MEM_BLOCK_BYTES_MAX.
 * Numbered allocations can be made to fail in test builds (base/fault.h).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEM_BLOCK_BYTES_MAX ((size_t)1 << 30)

/* Zeroed memory of `bytes` (0 gives a valid pointer); NULL when there is none. Free with mem_free. */
void *mem_alloc(size_t bytes) __attribute__((malloc, warn_unused_result));

/* Zeroed memory for `count` things of `bytes` each, multiplication checked. */
void *mem_alloc_array(size_t count, size_t bytes) __attribute__((malloc, warn_unused_result));

/* Grows or shrinks; the old block is wiped. NULL leaves `block` as it was. New bytes are zero. */
void *mem_resize(void *block, size_t bytes) __attribute__((warn_unused_result));

/* Wipes and frees; NULL is allowed. */
void mem_free(void *block);

/* A NUL-terminated copy of `size` bytes; NULL when there is no memory. */
char *mem_copy_text(const char *data, size_t size) __attribute__((malloc, warn_unused_result));

/* Overwrites, and the compiler may not leave it out. NULL with 0 bytes is allowed. */
void mem_wipe(void *data, size_t bytes);

/* Equal in constant time for a given `bytes`. */
bool mem_equal_secret(const void *a, const void *b, size_t bytes);

/* Checked arithmetic on sizes: false when the result does not fit. */
bool size_add(size_t a, size_t b, size_t *out);
bool size_multiply(size_t a, size_t b, size_t *out);

/* VELUM_DEFINE_AUTO(record) after `void record_free(record *)` makes
 * `VELUM_AUTO(record) *rec = NULL;` release itself on every path. `T_take` hands over. */
#define VELUM_DEFINE_AUTO(T)                                    \
    static inline void T##_auto(T **held)                       \
    {                                                           \
        T##_free(*held);                                        \
        *held = NULL;                                           \
    }                                                           \
    __attribute__((unused)) static inline T *T##_take(T **held) \
    {                                                           \
        T *const taken = *held;                                 \
        *held = NULL;                                           \
        return taken;                                           \
    }                                                           \
    typedef T T /* swallows the semicolon */
#define VELUM_AUTO(T) __attribute__((cleanup(T##_auto))) T

/* A mem_alloc block of plain bytes that frees itself: `VELUM_AUTO_MEM char *text = NULL;` */
static inline void mem_auto_free(void *held)
{
    mem_free(*(void **)held);
}
#define VELUM_AUTO_MEM __attribute__((cleanup(mem_auto_free)))

#endif
