/* base/text.h: text as pointer and length; UTF-8, hex, base64.
 *
 * A `text` borrows: it never owns what it points at. It need not be NUL-terminated.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/mem.h"

#include <string.h>

typedef struct text {
    const char *data;
    size_t size;
} text;

#define TEXT_LITERAL(s) ((text){(s), sizeof(s) - 1})
#define TEXT_EMPTY ((text){"", 0})

/* A text over a NUL-terminated string; NULL gives the empty text. */
text text_of(const char *terminated);
bool text_equal(text a, text b);
bool text_equal_literal(text a, const char *terminated);
bool text_starts_with(text a, const char *prefix);
/* Byte order, as memcmp, a prefix first. */
int text_compare(text a, text b);
/* Index of the byte, or a.size. */
size_t text_find_byte(text a, char byte);
/* Takes the part before `separator` (or all), moving `rest` behind it; false when rest is used up
 * (rest->data NULL). An empty text yields one empty part. */
bool text_split(text *rest, char separator, text *out_part);

/* A name of ours: 1 to `bytes_max` bytes, a lower-case letter, then those, digits and what stands in
 * `marks`, such as "-_". */
bool text_is_name(text a, size_t bytes_max, const char *marks);

/* Decimal without sign, leading zero (but "0") or blanks; false when it is not, or too large. */
bool text_parse_u64(text a, uint64_t *out);

/* Well-formed UTF-8 by RFC 3629 (no surrogates, no overlong forms), without NUL. */
bool utf8_is_valid(text a);
/* Well-formed and free of control characters (U+0000–1F, U+007F–9F). */
bool utf8_is_printable(text a);
/* Code points in valid UTF-8. */
size_t utf8_count(text a);
/* Decodes the code point at `*offset` of valid UTF-8 and moves on; false at the end. */
bool utf8_next(text a, size_t *offset, uint32_t *out_code_point);
/* Writes one code point, returns its bytes (1–4). */
size_t utf8_write(uint32_t code_point, char out[4]);
bool text_is_ascii(text a);

/* Lower-case hex. `out` gets 2·size characters and a NUL. */
void hex_encode(const uint8_t *bytes, size_t size, char *out);
/* Exactly 2·size hex digits of either case; VELUM_E_INVALID else. */
velum_status hex_decode(text hex, uint8_t *out, size_t size) VELUM_WARN_UNUSED;

/* Standard base64 with padding (RFC 4648 §4), strict: no blanks, canonical trailing bits. */
#define BASE64_SIZE(bytes) ((((bytes) + 2) / 3) * 4)
void base64_encode(const uint8_t *bytes, size_t size, char *out); /* BASE64_SIZE + NUL */
velum_status base64_decode(text encoded, uint8_t *out, size_t out_max,
                           size_t *out_size) VELUM_WARN_UNUSED;
/* URL-safe without padding (RFC 4648 §5), for tokens. */
#define BASE64URL_SIZE(bytes) (((bytes)*8 + 5) / 6)
void base64url_encode(const uint8_t *bytes, size_t size, char *out);
velum_status base64url_decode(text encoded, uint8_t *out, size_t out_max,
                              size_t *out_size) VELUM_WARN_UNUSED;

#endif
