/* base/buffer.c: growth by doubling up to the ceiling, and the latch.
 *
 * A block always has one byte more than `capacity`, so that a formatted append and buffer_take have
 * room for their NUL. Growth moves to a new block and wipes the old one (base/mem.c).
 */
#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CAPACITY_MIN ((size_t)64)

void buffer_init(buffer *self, size_t bytes_max)
{
    const size_t ceiling = MEM_BLOCK_BYTES_MAX - 1;

    *self = (buffer){.bytes_max = bytes_max < ceiling ? bytes_max : ceiling};
}

void buffer_clear(buffer *self)
{
    mem_free(self->data);
    buffer_init(self, self->bytes_max);
}

void buffer_reset(buffer *self)
{
    mem_wipe(self->data, self->size);
    self->size = 0;
    self->status = VELUM_OK;
}

static velum_status latch(buffer *self, velum_status status)
{
    self->status = status;
    return status;
}

static size_t grown_capacity(const buffer *self, size_t needed)
{
    size_t capacity = self->capacity < CAPACITY_MIN ? CAPACITY_MIN : self->capacity;

    while (capacity < needed) { /* at most 30 doublings: needed is below MEM_BLOCK_BYTES_MAX */
        capacity *= 2;
    }
    return capacity < self->bytes_max ? capacity : self->bytes_max;
}

velum_status buffer_reserve(buffer *self, size_t size)
{
    if (self->status < 0) {
        return self->status;
    }
    assert(self->size <= self->capacity && self->capacity <= self->bytes_max);
    if (size > self->bytes_max - self->size) {
        return latch(self, VELUM_E_LIMIT);
    }
    if (size <= self->capacity - self->size && self->data != NULL) {
        return VELUM_OK;
    }
    const size_t capacity = grown_capacity(self, self->size + size);
    uint8_t *const grown = mem_resize(self->data, capacity + 1);
    if (grown == NULL) {
        return latch(self, VELUM_E_NOMEM);
    }
    self->data = grown;
    self->capacity = capacity;
    return VELUM_OK;
}

void buffer_append(buffer *self, const void *data, size_t size)
{
    if (size == 0 || buffer_reserve(self, size) < 0) {
        return;
    }
    memcpy(self->data + self->size, data, size);
    self->size += size;
}

void buffer_append_text(buffer *self, const char *text)
{
    buffer_append(self, text, strlen(text));
}

void buffer_append_byte(buffer *self, uint8_t byte)
{
    if (self->status == VELUM_OK && self->size < self->capacity) {
        self->data[self->size++] = byte; /* the usual case */
        return;
    }
    buffer_append(self, &byte, 1);
}

void buffer_append_u16be(buffer *self, uint16_t value)
{
    uint8_t bytes[2];

    bytes_write_u16be(bytes, value);
    buffer_append(self, bytes, sizeof(bytes));
}

void buffer_append_u32be(buffer *self, uint32_t value)
{
    uint8_t bytes[4];

    bytes_write_u32be(bytes, value);
    buffer_append(self, bytes, sizeof(bytes));
}

void buffer_append_u64be(buffer *self, uint64_t value)
{
    uint8_t bytes[8];

    bytes_write_u64be(bytes, value);
    buffer_append(self, bytes, sizeof(bytes));
}

void buffer_append_u64_decimal(buffer *self, uint64_t value)
{
    char digits[20]; /* 2^64 − 1 has 20 */
    size_t first = sizeof(digits);

    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buffer_append(self, digits + first, sizeof(digits) - first);
}

void buffer_append_format(buffer *self, const char *format, ...)
{
    va_list arguments;
    va_list again;

    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        (void)latch(self, VELUM_E_INTERNAL);
    }
    if (length >= 0 && buffer_reserve(self, (size_t)length) == VELUM_OK) {
        (void)vsnprintf((char *)self->data + self->size, (size_t)length + 1, format, again);
        self->size += (size_t)length;
    }
    va_end(again);
}

velum_status buffer_status(const buffer *self)
{
    return self->status;
}

velum_status buffer_take(buffer *self, uint8_t **out, size_t *out_size)
{
    *out = NULL;
    *out_size = 0;
    VELUM_TRY(buffer_reserve(self, 0));
    self->data[self->size] = 0;
    *out = self->data;
    *out_size = self->size;
    buffer_init(self, self->bytes_max);
    return VELUM_OK;
}

uint16_t bytes_read_u16be(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

uint32_t bytes_read_u32be(const uint8_t *bytes)
{
    return (uint32_t)bytes_read_u16be(bytes) << 16 | bytes_read_u16be(bytes + 2);
}

uint64_t bytes_read_u64be(const uint8_t *bytes)
{
    return (uint64_t)bytes_read_u32be(bytes) << 32 | bytes_read_u32be(bytes + 4);
}

void bytes_write_u16be(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

void bytes_write_u32be(uint8_t *bytes, uint32_t value)
{
    bytes_write_u16be(bytes, (uint16_t)(value >> 16));
    bytes_write_u16be(bytes + 2, (uint16_t)value);
}

void bytes_write_u64be(uint8_t *bytes, uint64_t value)
{
    bytes_write_u32be(bytes, (uint32_t)(value >> 32));
    bytes_write_u32be(bytes + 4, (uint32_t)value);
}
