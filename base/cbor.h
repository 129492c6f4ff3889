/* base/cbor.h: deterministic CBOR (RFC 8949 §4.2.1), the part that audit leaves use.
 *
 * Unsigned and negative integers, byte and text strings, arrays, maps with unsigned integer keys in
 * ascending order, booleans and null. No floats, tags or indefinite lengths. The reader accepts the
 * shortest forms only, negative integers down to −2^63, and text without NUL, so that reading and
 * writing again gives the same bytes.
 */
#ifndef BASE_CBOR_H
#define BASE_CBOR_H

#include "base/buffer.h"
#include "base/text.h"

#define CBOR_DEPTH_MAX 8

typedef enum cbor_kind {
    CBOR_UNSIGNED,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_BOOL,
    CBOR_NULL
} cbor_kind;

void cbor_write_unsigned(buffer *out, uint64_t value);
void cbor_write_integer(buffer *out, int64_t value);
void cbor_write_bytes(buffer *out, const void *data, size_t size);
void cbor_write_text(buffer *out, text value); /* else than UTF-8 latches VELUM_E_INVALID */
void cbor_write_array(buffer *out, uint64_t count);
void cbor_write_map(buffer *out, uint64_t count);
void cbor_write_bool(buffer *out, bool value);
void cbor_write_null(buffer *out);

/* A reader over bytes that must outlive what it returns. */
typedef struct cbor_reader {
    const uint8_t *data;
    size_t size;
    size_t offset;
} cbor_reader;

typedef struct cbor_item {
    cbor_kind kind;
    uint64_t number;     /* UNSIGNED value, NEGATIVE n of −1−n, BOOL, count of ARRAY or MAP */
    const uint8_t *data; /* BYTES and TEXT */
    size_t size;
} cbor_item;

/* The next head (and string); VELUM_END at the end, VELUM_E_INVALID where it is not canonical or
 * ends too early. A failing call leaves the reader where it was. */
velum_status cbor_next(cbor_reader *reader, cbor_item *out) VELUM_WARN_UNUSED;
/* Steps over one whole item, nested at most CBOR_DEPTH_MAX (VELUM_E_LIMIT), checked as by
 * cbor_check; VELUM_END at the end. */
velum_status cbor_skip(cbor_reader *reader) VELUM_WARN_UNUSED;
/* One whole well-formed canonical item and nothing behind it (map keys ascending, UTF-8 valid). */
velum_status cbor_check(const uint8_t *data, size_t size) VELUM_WARN_UNUSED;

#endif
