/* courier/letter.c: headers and body of a letter. */
#include "courier/letter.h"

#include "base/clock.h"

#include <stdio.h>

#define WORD_BYTES 36 /* of an encoded word's text: a line of at most 76 characters (RFC 2047 §2) */
#define LINE_BYTES 57 /* of a body's line: 76 characters (RFC 2045 §6.8) */
#define DATE_BYTES 40
#define SECONDS_A_DAY 86400
#define ADDRESS_BYTES_MAX 254
#define LANGUAGE_BYTES_MAX 35

bool letter_is_address(text value)
{
    const size_t at = text_find_byte(value, '@');

    for (size_t i = 0; i < value.size; i++) {
        const char byte = value.data[i];
        if (byte <= ' ' || byte >= 0x7f || strchr("<>()[],;:\\\"", byte) != NULL ||
            (byte == '@' && i != at)) {
            return false;
        }
    }
    return at > 0 && at + 1 < value.size && value.size <= ADDRESS_BYTES_MAX;
}

/* --- headers -------------------------------------------------------------------------------------- */

/* "Sat, 21 Nov 2026 12:00:00 +0000" */
static void format_date(int64_t now_ns, char out[DATE_BYTES])
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int64_t seconds = now_ns / NS_PER_SECOND;
    const int32_t day = (int32_t)(seconds / SECONDS_A_DAY);
    const int32_t rest = (int32_t)(seconds % SECONDS_A_DAY);
    const civil_date date = civil_date_from_days(day);

    (void)snprintf(out, DATE_BYTES, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[day % 7],
                   date.day, months[date.month - 1], date.year, rest / 3600, rest / 60 % 60,
                   rest % 60);
}

/* As many whole code points as fit into an encoded word. */
static size_t word_size(text value)
{
    size_t size = 0;
    size_t next = 0;
    uint32_t code_point = 0;

    while (utf8_next(value, &next, &code_point) && next <= WORD_BYTES) {
        size = next;
    }
    return size;
}

/* RFC 2047 §2: UTF-8 in base64, a word a line. */
static void append_words(buffer *out, text value)
{
    char encoded[BASE64_SIZE(WORD_BYTES) + 1];

    while (value.size > 0) {
        const size_t size = word_size(value);
        base64_encode((const uint8_t *)value.data, size, encoded);
        buffer_append_text(out, "=?UTF-8?B?");
        buffer_append_text(out, encoded);
        buffer_append_text(out, "?=");
        value = (text){value.data + size, value.size - size};
        if (value.size > 0) {
            buffer_append_text(out, "\r\n ");
        }
    }
}

static void append_line(buffer *out, const char *name, text value)
{
    buffer_append_text(out, name);
    buffer_append_text(out, ": ");
    buffer_append(out, value.data, value.size);
    buffer_append_text(out, "\r\n");
}

static bool is_language(text value)
{
    for (size_t i = 0; i < value.size; i++) {
        const char lower = (char)(value.data[i] | 0x20);
        if ((lower < 'a' || lower > 'z') && value.data[i] != '-') {
            return false;
        }
    }
    return value.size > 0 && value.size <= LANGUAGE_BYTES_MAX;
}

static void append_from(buffer *out, text sender, const char *from)
{
    buffer_append_text(out, "From: ");
    if (sender.size > 0) {
        append_words(out, sender);
        buffer_append_text(out, "\r\n ");
    }
    buffer_append_format(out, "<%s>\r\n", from);
}

static void append_headers(const message *message, const char *from, int64_t now_ns, buffer *out)
{
    const char *const host = strrchr(from, '@') + 1;
    char date[DATE_BYTES];

    format_date(now_ns, date);
    append_line(out, "Date", text_of(date));
    append_from(out, message->sender, from);
    buffer_append_format(out, "To: <%.*s>\r\n", (int)message->to.size, message->to.data);
    buffer_append_format(out, "Message-ID: <%.*s@%s>\r\n", (int)message->id.size, message->id.data,
                         host);
    buffer_append_text(out, "Subject: ");
    append_words(out, message->subject);
    buffer_append_text(out, "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\n"
                            "Content-Transfer-Encoding: base64\r\n");
    if (is_language(message->language)) {
        append_line(out, "Content-Language", message->language);
    }
    buffer_append_text(out, "\r\n");
}

/* --- body ----------------------------------------------------------------------------------------- */

/* Line ends of the text become CRLF, as text/plain has them (RFC 2046 §4.1.1). */
static velum_status with_line_ends(text body, buffer *out)
{
    for (size_t i = 0; i < body.size; i++) {
        if (body.data[i] == '\n' && (i == 0 || body.data[i - 1] != '\r')) {
            buffer_append_byte(out, '\r');
        }
        buffer_append_byte(out, (uint8_t)body.data[i]);
    }
    return buffer_status(out);
}

static velum_status append_body(text body, buffer *out)
{
    VELUM_AUTO_BUFFER plain = {0};
    char encoded[BASE64_SIZE(LINE_BYTES) + 1];

    buffer_init(&plain, LETTER_BYTES_MAX);
    VELUM_TRY(with_line_ends(body, &plain));
    for (size_t at = 0; at < plain.size; at += LINE_BYTES) {
        const size_t left = plain.size - at;
        base64_encode(plain.data + at, left < LINE_BYTES ? left : LINE_BYTES, encoded);
        buffer_append_text(out, encoded);
        buffer_append_text(out, "\r\n");
    }
    return buffer_status(out);
}

/* D-2: whatever goes into a header is printable, which no line end is. */
velum_status letter_write(const message *message, const char *from, int64_t now_ns, buffer *out)
{
    if (!letter_is_address(message->to) || !letter_is_address(text_of(from)) ||
        !message_id_is_plain(message->id) || !utf8_is_printable(message->subject) ||
        !utf8_is_printable(message->sender) || !utf8_is_valid(message->body) || now_ns < 0) {
        return VELUM_E_INVALID;
    }
    append_headers(message, from, now_ns, out);
    VELUM_TRY(append_body(message->body, out));
    return buffer_status(out);
}
