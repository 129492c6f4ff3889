/* audit/tail.h: the records of a tail file, written into memory and read from a file.
 *
 * Format: docs/formats/tail.md. Reading judges form alone (magic, bounds, CRC, padding); whether
 * leaves follow from one another is audit/chain.h.
 */
#ifndef AUDIT_TAIL_H
#define AUDIT_TAIL_H

#include "audit/folder.h"
#include "audit/leaf.h"

#define TAIL_VERSION 1
#define TAIL_ALIGN 64
#define TAIL_HEADER_BYTES 32
#define TAIL_FRAME_BYTES 8 /* length and CRC before each leaf */
#define TAIL_TRAILER_BYTES 44
#define TAIL_CLOSING_BYTES 128
#define TAIL_BATCH_LEAVES_MAX 1024
#define TAIL_NO_INDEX UINT64_MAX

/* Bytes of a batch whose frames take `frames` bytes, padding included. */
size_t tail_batch_bytes(size_t frames);
/* The most that one leaf takes, alone in its batch. */
#define TAIL_LEAF_ROOM ((uint64_t)4160)

/* ---- Writing --------------------------------------------------------------------------------- */

typedef struct tail_header {
    uint64_t first;
    uint32_t count;
    uint32_t bytes; /* of the frames */
} tail_header;

typedef struct tail_trailer {
    tree_hash root;      /* of the whole tree */
    uint64_t outbox_seq; /* highest up to here */
} tail_trailer;

typedef struct tail_closing {
    uint64_t first;
    uint32_t count; /* a power of two */
    tree_hash root; /* of the file's own leaves */
    tree_hash last; /* leaf hash of the last one */
    uint64_t outbox_seq;
} tail_closing;

void tail_write_header(const tail_header *header, uint8_t out[TAIL_HEADER_BYTES]);
/* Length and CRC for the leaf of `size` bytes that stands behind `out`. */
void tail_write_frame(const uint8_t *leaf, size_t size, uint8_t out[TAIL_FRAME_BYTES]);
void tail_write_trailer(const tail_trailer *trailer, uint8_t out[TAIL_TRAILER_BYTES]);
void tail_write_closing(const tail_closing *closing, uint8_t out[TAIL_CLOSING_BYTES]);

/* ---- Reading --------------------------------------------------------------------------------- */

/* An open file and a window on it. Begins as TAIL_FILE_NONE. */
typedef struct tail_file {
    int fd;
    uint64_t first;
    uint64_t bytes; /* of the file, as last looked at */
    uint8_t *window;
    size_t window_capacity;
    size_t window_bytes;
    uint64_t window_offset;
} tail_file;

#define TAIL_FILE_NONE ((tail_file){.fd = -1})

/* VELUM_E_NOTFOUND, VELUM_E_IO, VELUM_E_NOMEM. */
velum_status tail_file_open(int dir_fd, uint64_t first, tail_file *out) VELUM_WARN_UNUSED;
void tail_file_close(tail_file *self);
#define VELUM_AUTO_TAIL_FILE __attribute__((cleanup(tail_file_close))) tail_file
/* Forgets what was read and looks at the length anew: somebody may be writing. */
velum_status tail_file_refresh(tail_file *self) VELUM_WARN_UNUSED;

typedef enum tail_kind { TAIL_BATCH, TAIL_CLOSING } tail_kind;

typedef struct tail_record {
    tail_kind kind;
    uint64_t end;          /* offset of the next record */
    tail_header header;    /* of a batch */
    const uint8_t *frames; /* of a batch; borrowed until the next read */
    tail_trailer trailer;  /* of a batch */
    tail_closing closing;
    uint64_t bad_index; /* VELUM_E_CORRUPT: the leaf that is damaged, TAIL_NO_INDEX when unknown */
} tail_record;

/* Reads the record at `offset`. VELUM_OK: a whole one. VELUM_END: zeros, or the end of the file.
 * VELUM_E_CORRUPT: neither. VELUM_E_NEWER: a later format version. Else I/O and memory. */
velum_status tail_read(tail_file *self, uint64_t offset, tail_record *out) VELUM_WARN_UNUSED;

/* Walks the frames of a whole batch: false behind the last. `*position` begins at 0. */
bool tail_next_leaf(const tail_record *batch, size_t *position, const uint8_t **out_leaf,
                    size_t *out_size);

typedef struct tail_rest {
    uint64_t dirty_end; /* behind the last byte that is not zero; 0 when all are */
    bool has_record;    /* a header whose CRC holds stands on a multiple of TAIL_ALIGN */
} tail_rest;

/* Looks at everything from `offset`, a multiple of TAIL_ALIGN, to the end of the file. */
velum_status tail_examine(tail_file *self, uint64_t offset, tail_rest *out) VELUM_WARN_UNUSED;

/* Reads the closing record that ends the file. VELUM_E_CORRUPT when none does. */
velum_status tail_find_closing(tail_file *self, tail_closing *out) VELUM_WARN_UNUSED;

#endif
