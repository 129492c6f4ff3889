/* audit/tail.c: docs/formats/tail.md, byte for byte. */
#include "audit/tail.h"

#include <assert.h>
#include <fcntl.h>

#include "base/file.h"

#define MAGIC_BYTES 7
#define BATCH_MAGIC "VELUMBA"
#define CLOSING_MAGIC "VELUMCL"
#define OFFSET_VERSION 7
#define CRC_BYTES 4
#define WINDOW_BYTES ((size_t)256 * 1024)

static_assert(TAIL_LEAF_ROOM % TAIL_ALIGN == 0, "room is counted in whole blocks");
static_assert(TAIL_HEADER_BYTES + TAIL_FRAME_BYTES + LEAF_BYTES_MAX + TAIL_TRAILER_BYTES <=
                  TAIL_LEAF_ROOM,
              "one leaf, alone in its batch, fits its room");
static_assert(TAIL_CLOSING_BYTES % TAIL_ALIGN == 0, "a closing record is whole blocks");

static uint64_t align_up(uint64_t offset)
{
    return (offset + TAIL_ALIGN - 1) & ~(uint64_t)(TAIL_ALIGN - 1);
}

size_t tail_batch_bytes(size_t frames)
{
    return (size_t)align_up(TAIL_HEADER_BYTES + frames + TAIL_TRAILER_BYTES);
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static void write_crc(uint8_t *record, size_t covered)
{
    bytes_write_u32be(record + covered, crc32c(0, record, covered));
}

static bool crc_holds(const uint8_t *record, size_t covered)
{
    return bytes_read_u32be(record + covered) == crc32c(0, record, covered);
}

void tail_write_header(const tail_header *header, uint8_t out[TAIL_HEADER_BYTES])
{
    memcpy(out, BATCH_MAGIC, MAGIC_BYTES);
    out[OFFSET_VERSION] = TAIL_VERSION;
    bytes_write_u64be(out + 8, header->first);
    bytes_write_u32be(out + 16, header->count);
    bytes_write_u32be(out + 20, header->bytes);
    bytes_write_u32be(out + 24, 0);
    write_crc(out, TAIL_HEADER_BYTES - CRC_BYTES);
}

static uint32_t frame_crc(const uint8_t *length, const uint8_t *leaf, size_t size)
{
    return crc32c(crc32c(0, length, 4), leaf, size);
}

void tail_write_frame(const uint8_t *leaf, size_t size, uint8_t out[TAIL_FRAME_BYTES])
{
    bytes_write_u32be(out, (uint32_t)size);
    bytes_write_u32be(out + 4, frame_crc(out, leaf, size));
}

void tail_write_trailer(const tail_trailer *trailer, uint8_t out[TAIL_TRAILER_BYTES])
{
    memcpy(out, trailer->root, SHA256_BYTES);
    bytes_write_u64be(out + SHA256_BYTES, trailer->outbox_seq);
    write_crc(out, TAIL_TRAILER_BYTES - CRC_BYTES);
}

void tail_write_closing(const tail_closing *closing, uint8_t out[TAIL_CLOSING_BYTES])
{
    memset(out, 0, TAIL_CLOSING_BYTES);
    memcpy(out, CLOSING_MAGIC, MAGIC_BYTES);
    out[OFFSET_VERSION] = TAIL_VERSION;
    bytes_write_u64be(out + 8, closing->first);
    bytes_write_u32be(out + 16, closing->count);
    memcpy(out + 24, closing->root, SHA256_BYTES);
    memcpy(out + 56, closing->last, SHA256_BYTES);
    bytes_write_u64be(out + 88, closing->outbox_seq);
    write_crc(out, TAIL_CLOSING_BYTES - CRC_BYTES);
}

/* ---- The file -------------------------------------------------------------------------------- */

velum_status tail_file_open(int dir_fd, uint64_t first, tail_file *out)
{
    char name[FOLDER_TAIL_NAME_BYTES];

    *out = (tail_file){.fd = -1, .first = first};
    folder_tail_name(first, name);
    VELUM_TRY(file_open(dir_fd, name, O_RDONLY, &out->fd));
    const velum_status status = file_size(out->fd, &out->bytes);
    if (status < 0) {
        tail_file_close(out);
    }
    return status;
}

void tail_file_close(tail_file *self)
{
    file_close(&self->fd);
    mem_free(self->window);
    *self = TAIL_FILE_NONE;
}

velum_status tail_file_refresh(tail_file *self)
{
    self->window_bytes = 0;
    return file_size(self->fd, &self->bytes);
}

static velum_status window_grow(tail_file *self, size_t size)
{
    if (size <= self->window_capacity) {
        return VELUM_OK;
    }
    const size_t capacity = size > WINDOW_BYTES ? size : WINDOW_BYTES;
    uint8_t *const window = mem_alloc(capacity);
    if (window == NULL) {
        return VELUM_E_NOMEM;
    }
    mem_free(self->window);
    self->window = window;
    self->window_capacity = capacity;
    self->window_bytes = 0;
    return VELUM_OK;
}

static velum_status window_fill(tail_file *self, uint64_t offset)
{
    const uint64_t left = self->bytes - offset;
    const size_t wanted = left < self->window_capacity ? (size_t)left : self->window_capacity;

    self->window_bytes = 0;
    VELUM_TRY(file_read_at(self->fd, offset, self->window, wanted));
    self->window_offset = offset;
    self->window_bytes = wanted;
    return VELUM_OK;
}

/* The bytes [offset, offset + size), borrowed until the next view. VELUM_E_TRUNCATED when the file
 * ends before; it may have become shorter while it is read, since a closed file is cut. */
static velum_status view(tail_file *self, uint64_t offset, size_t size, const uint8_t **out)
{
    const bool held =
        offset >= self->window_offset && offset + size <= self->window_offset + self->window_bytes;

    if (!held) {
        VELUM_TRY(window_grow(self, size));
        velum_status status = VELUM_E_TRUNCATED;
        if (offset + size <= self->bytes) {
            status = window_fill(self, offset);
        }
        if (status == VELUM_E_TRUNCATED) {
            VELUM_TRY(file_size(self->fd, &self->bytes));
            status = offset + size <= self->bytes ? window_fill(self, offset) : status;
        }
        VELUM_TRY(status);
    }
    *out = self->window + (offset - self->window_offset);
    return VELUM_OK;
}

/* ---- Reading records ------------------------------------------------------------------------- */

/* VELUM_OK for a header with a CRC that holds. */
static velum_status check_magic(const uint8_t *bytes, const char *magic, size_t covered)
{
    if (memcmp(bytes, magic, MAGIC_BYTES) != 0 || !crc_holds(bytes, covered)) {
        return VELUM_E_CORRUPT;
    }
    if (bytes[OFFSET_VERSION] > TAIL_VERSION) {
        return VELUM_E_NEWER;
    }
    return bytes[OFFSET_VERSION] == TAIL_VERSION ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status read_header(const uint8_t *bytes, tail_header *out)
{
    VELUM_TRY(check_magic(bytes, BATCH_MAGIC, TAIL_HEADER_BYTES - CRC_BYTES));
    out->first = bytes_read_u64be(bytes + 8);
    out->count = bytes_read_u32be(bytes + 16);
    out->bytes = bytes_read_u32be(bytes + 20);
    const uint64_t most = (uint64_t)out->count * (TAIL_FRAME_BYTES + LEAF_BYTES_MAX);
    if (out->count == 0 || out->count > TAIL_BATCH_LEAVES_MAX || out->bytes > most ||
        bytes_read_u32be(bytes + 24) != 0) {
        return VELUM_E_CORRUPT;
    }
    return VELUM_OK;
}

/* One frame at `*position`; false when it is not whole. */
static bool frame_at(const uint8_t *frames, size_t bytes, size_t *position,
                     const uint8_t **out_leaf, size_t *out_size)
{
    const size_t left = bytes - *position;
    const uint8_t *const frame = frames + *position;

    if (left < TAIL_FRAME_BYTES) {
        return false;
    }
    const size_t size = bytes_read_u32be(frame);
    if (size > left - TAIL_FRAME_BYTES || size > LEAF_BYTES_MAX) {
        return false;
    }
    *out_leaf = frame + TAIL_FRAME_BYTES;
    *out_size = size;
    *position += TAIL_FRAME_BYTES + size;
    return true;
}

/* All frames, each with its CRC, and nothing between them and the trailer. */
static velum_status check_frames(tail_record *record)
{
    const tail_header *const header = &record->header;
    const uint8_t *leaf = NULL;
    size_t position = 0;
    size_t size = 0;

    for (uint32_t i = 0; i < header->count; i++) {
        record->bad_index = header->first + i;
        if (!frame_at(record->frames, header->bytes, &position, &leaf, &size) ||
            bytes_read_u32be(leaf - 4) != frame_crc(leaf - TAIL_FRAME_BYTES, leaf, size)) {
            return VELUM_E_CORRUPT;
        }
    }
    record->bad_index = header->first;
    return position == header->bytes ? VELUM_OK : VELUM_E_CORRUPT;
}

static velum_status read_batch(tail_file *self, uint64_t offset, const uint8_t *start,
                               tail_record *out)
{
    const uint8_t *bytes = NULL;

    out->kind = TAIL_BATCH;
    VELUM_TRY(read_header(start, &out->header));
    out->bad_index = out->header.first;
    const size_t size = tail_batch_bytes(out->header.bytes);
    const size_t trailer = TAIL_HEADER_BYTES + out->header.bytes;
    if (size > self->bytes - offset) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(view(self, offset, size, &bytes));
    out->frames = bytes + TAIL_HEADER_BYTES;
    VELUM_TRY(check_frames(out));
    if (!crc_holds(bytes + trailer, TAIL_TRAILER_BYTES - CRC_BYTES) ||
        !is_zero(bytes + trailer + TAIL_TRAILER_BYTES, size - trailer - TAIL_TRAILER_BYTES)) {
        return VELUM_E_CORRUPT;
    }
    memcpy(out->trailer.root, bytes + trailer, SHA256_BYTES);
    out->trailer.outbox_seq = bytes_read_u64be(bytes + trailer + SHA256_BYTES);
    out->end = offset + size;
    return VELUM_OK;
}

static velum_status read_closing(tail_file *self, uint64_t offset, tail_record *out)
{
    tail_closing *const closing = &out->closing;
    const uint8_t *bytes = NULL;

    out->kind = TAIL_CLOSING;
    if (self->bytes - offset < TAIL_CLOSING_BYTES) {
        return VELUM_E_CORRUPT;
    }
    VELUM_TRY(view(self, offset, TAIL_CLOSING_BYTES, &bytes));
    VELUM_TRY(check_magic(bytes, CLOSING_MAGIC, TAIL_CLOSING_BYTES - CRC_BYTES));
    if (bytes_read_u32be(bytes + 20) != 0 || !is_zero(bytes + 96, 28)) {
        return VELUM_E_CORRUPT;
    }
    closing->first = bytes_read_u64be(bytes + 8);
    closing->count = bytes_read_u32be(bytes + 16);
    memcpy(closing->root, bytes + 24, SHA256_BYTES);
    memcpy(closing->last, bytes + 56, SHA256_BYTES);
    closing->outbox_seq = bytes_read_u64be(bytes + 88);
    out->end = offset + TAIL_CLOSING_BYTES;
    return closing->count != 0 && (closing->count & (closing->count - 1)) == 0 ? VELUM_OK
                                                                               : VELUM_E_CORRUPT;
}

static velum_status read_record(tail_file *self, uint64_t offset, tail_record *out)
{
    const uint8_t *bytes = NULL;

    if (offset >= self->bytes) {
        return VELUM_END;
    }
    const uint64_t left = self->bytes - offset;
    const size_t size = left < TAIL_HEADER_BYTES ? (size_t)left : TAIL_HEADER_BYTES;
    VELUM_TRY(view(self, offset, size, &bytes));
    if (is_zero(bytes, size)) {
        return VELUM_END;
    }
    if (size < TAIL_HEADER_BYTES) {
        return VELUM_E_CORRUPT;
    }
    if (memcmp(bytes, CLOSING_MAGIC, MAGIC_BYTES) == 0) {
        return read_closing(self, offset, out);
    }
    return read_batch(self, offset, bytes, out);
}

velum_status tail_read(tail_file *self, uint64_t offset, tail_record *out)
{
    assert(offset % TAIL_ALIGN == 0);
    out->bad_index = TAIL_NO_INDEX;
    const velum_status status = read_record(self, offset, out);
    if (status == VELUM_E_TRUNCATED) {
        return offset >= self->bytes ? VELUM_END : VELUM_E_CORRUPT;
    }
    return status;
}

bool tail_next_leaf(const tail_record *batch, size_t *position, const uint8_t **out_leaf,
                    size_t *out_size)
{
    return *position < batch->header.bytes &&
           frame_at(batch->frames, batch->header.bytes, position, out_leaf, out_size);
}

/* ---- What lies behind ------------------------------------------------------------------------ */

/* A batch header or a closing record whose CRC holds; also one of a later version. */
static bool is_record(const uint8_t *bytes, size_t size)
{
    const bool batch = size >= TAIL_HEADER_BYTES && memcmp(bytes, BATCH_MAGIC, MAGIC_BYTES) == 0;
    const bool closing =
        size >= TAIL_CLOSING_BYTES && memcmp(bytes, CLOSING_MAGIC, MAGIC_BYTES) == 0;

    return (batch && crc_holds(bytes, TAIL_HEADER_BYTES - CRC_BYTES)) ||
           (closing && crc_holds(bytes, TAIL_CLOSING_BYTES - CRC_BYTES));
}

/* One block of what lies behind. */
static void examine_block(const uint8_t *bytes, size_t size, uint64_t at, tail_rest *rest)
{
    size_t block = size < TAIL_ALIGN ? size : TAIL_ALIGN;

    if (is_zero(bytes, block)) {
        return;
    }
    rest->has_record = rest->has_record || is_record(bytes, size);
    while (bytes[block - 1] == 0) {
        block--;
    }
    rest->dirty_end = at + block;
}

velum_status tail_examine(tail_file *self, uint64_t offset, tail_rest *out)
{
    tail_rest rest = {0, false};
    uint64_t at = offset;

    while (at < self->bytes) {
        const uint64_t left = self->bytes - at;
        const size_t size = left < TAIL_CLOSING_BYTES ? (size_t)left : TAIL_CLOSING_BYTES;
        const uint8_t *bytes = NULL;
        const velum_status status = view(self, at, size, &bytes);
        if (status == VELUM_E_TRUNCATED) {
            continue; /* the file is shorter now, and `bytes` with it */
        }
        VELUM_TRY(status);
        examine_block(bytes, size, at, &rest);
        at += TAIL_ALIGN;
    }
    *out = rest;
    return VELUM_OK;
}

/* Behind a closing record there are only zeros, so it holds the last byte that is not; its last
 * block is never all zero, since half of a SHA-256 hash lies in it. Reads windows from the end. */
velum_status tail_find_closing(tail_file *self, tail_closing *out)
{
    uint64_t at = self->bytes & ~(uint64_t)(TAIL_ALIGN - 1);
    const uint8_t *bytes = NULL;
    tail_record record;

    while (at >= TAIL_CLOSING_BYTES) {
        at -= TAIL_ALIGN;
        const uint64_t window = at & ~(uint64_t)(WINDOW_BYTES - 1);
        const velum_status seen = view(self, window, (size_t)(at - window) + TAIL_ALIGN, &bytes);
        if (seen < 0) {
            return seen == VELUM_E_TRUNCATED ? VELUM_E_CORRUPT : seen;
        }
        if (is_zero(bytes + (at - window), TAIL_ALIGN)) {
            continue;
        }
        const velum_status status = tail_read(self, at - TAIL_ALIGN, &record);
        if (status < 0) {
            return status;
        }
        if (status == VELUM_END || record.kind != TAIL_CLOSING) {
            return VELUM_E_CORRUPT;
        }
        *out = record.closing;
        return VELUM_OK;
    }
    return VELUM_E_CORRUPT;
}
