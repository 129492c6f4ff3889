/* base/buffer.h: bytes that grow, with a ceiling from birth.
 *
 * A failed append latches: later appends do nothing and buffer_status tells, so that a writer can
 * append in a row and check once. The memory is ordinary heap wiped on free (base/mem.h).
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/mem.h"

typedef struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t bytes_max;
    velum_status status;
} buffer;

/* An empty buffer that never holds more than `bytes_max`. Allocates nothing yet. */
void buffer_init(buffer *self, size_t bytes_max);

/* Wipes and frees the contents; the buffer is as after buffer_init. */
void buffer_clear(buffer *self);

/* Empties without giving memory back; old contents are wiped, the latched status is lifted. */
void buffer_reset(buffer *self);

void buffer_append(buffer *self, const void *data, size_t size);
void buffer_append_text(buffer *self, const char *text); /* NUL-terminated */
void buffer_append_byte(buffer *self, uint8_t byte);
void buffer_append_u16be(buffer *self, uint16_t value);
void buffer_append_u32be(buffer *self, uint32_t value);
void buffer_append_u64be(buffer *self, uint64_t value);
void buffer_append_u64_decimal(buffer *self, uint64_t value);
void buffer_append_format(buffer *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for `size` more bytes without reallocation; VELUM_E_LIMIT or VELUM_E_NOMEM latches too. */
velum_status buffer_reserve(buffer *self, size_t size);

/* VELUM_OK, or the first failure of an append. */
velum_status buffer_status(const buffer *self) VELUM_WARN_UNUSED;

/* Hands the bytes over (free with mem_free); the buffer is empty. A NUL follows the last byte. */
velum_status buffer_take(buffer *self, uint8_t **out, size_t *out_size) VELUM_WARN_UNUSED;

#define VELUM_AUTO_BUFFER __attribute__((cleanup(buffer_clear))) buffer

/* Reading big-endian numbers from bytes that are known to be there. */
uint16_t bytes_read_u16be(const uint8_t *bytes);
uint32_t bytes_read_u32be(const uint8_t *bytes);
uint64_t bytes_read_u64be(const uint8_t *bytes);
void bytes_write_u16be(uint8_t *bytes, uint16_t value);
void bytes_write_u32be(uint8_t *bytes, uint32_t value);
void bytes_write_u64be(uint8_t *bytes, uint64_t value);

#endif
