/* courier/letter.h: a message as a letter by RFC 5322: MIME, UTF-8, base64. Pure; any thread. */
#ifndef COURIER_LETTER_H
#define COURIER_LETTER_H

#include "base/buffer.h"
#include "courier/driver.h"

#define LETTER_BYTES_MAX ((size_t)512 << 10)

/* `from` and `to` are plain addresses. VELUM_E_INVALID when a value holds what could end a header
 * (D-2), or `to` is no address; VELUM_E_LIMIT. `out` is appended to. */
velum_status letter_write(const message *message, const char *from, int64_t now_ns,
                          buffer *out) VELUM_WARN_UNUSED;
/* LOCAL@DOMAIN in ASCII without blanks, brackets, quotes and separators. */
bool letter_is_address(text value);

#endif
