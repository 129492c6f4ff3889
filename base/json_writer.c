/* json_writer.c: JSON into a buffer, by RFC 8259.
 *
 * Written by us and not by jansson, so that a reply needs no tree first. The writer never writes
 * what our reader would refuse: text is checked, and depth has a ceiling. Every failure latches in
 * the buffer, so that a caller writes in a row and asks once.
 */
#include "base/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define WRITER_DEPTH_MAX (sizeof(((json_writer *)0)->comma) - 1)

static void latch(json_writer *self, velum_status status);
static void begin_value(json_writer *self);
static void open_level(json_writer *self, uint8_t bracket);
static void close_level(json_writer *self, uint8_t bracket);
static void append_string(json_writer *self, text value);
static void append_real(buffer *out, double value);

void json_writer_init(json_writer *self, buffer *out)
{
    *self = (json_writer){.out = out};
}

void json_begin_object(json_writer *self)
{
    open_level(self, '{');
}

void json_end_object(json_writer *self)
{
    close_level(self, '}');
}

void json_begin_array(json_writer *self)
{
    open_level(self, '[');
}

void json_end_array(json_writer *self)
{
    close_level(self, ']');
}

void json_name(json_writer *self, const char *name)
{
    json_name_text(self, text_of(name));
}

void json_name_text(json_writer *self, text name)
{
    begin_value(self);
    append_string(self, name);
    buffer_append_byte(self->out, ':');
    self->comma[self->depth] = false; /* the value follows its name at once */
}

void json_write_text(json_writer *self, text value)
{
    begin_value(self);
    append_string(self, value);
}

void json_write_integer(json_writer *self, int64_t value)
{
    begin_value(self);
    if (value >= 0) {
        buffer_append_u64_decimal(self->out, (uint64_t)value);
        return;
    }
    buffer_append_byte(self->out, '-');
    buffer_append_u64_decimal(self->out, 0 - (uint64_t)value);
}

void json_write_unsigned(json_writer *self, uint64_t value)
{
    begin_value(self);
    buffer_append_u64_decimal(self->out, value);
}

void json_write_bool(json_writer *self, bool value)
{
    begin_value(self);
    buffer_append_text(self->out, value ? "true" : "false");
}

void json_write_null(json_writer *self)
{
    begin_value(self);
    buffer_append_text(self->out, "null");
}

void json_write_raw(json_writer *self, text value)
{
    begin_value(self);
    buffer_append(self->out, value.data, value.size);
}

void json_member_text(json_writer *self, const char *name, text value)
{
    json_name(self, name);
    json_write_text(self, value);
}

void json_member_string(json_writer *self, const char *name, const char *value)
{
    json_name(self, name);
    json_write_text(self, text_of(value));
}

void json_member_integer(json_writer *self, const char *name, int64_t value)
{
    json_name(self, name);
    json_write_integer(self, value);
}

void json_member_bool(json_writer *self, const char *name, bool value)
{
    json_name(self, name);
    json_write_bool(self, value);
}

/* One open array or object while a parsed value is copied. */
typedef struct level {
    const json_value *value;
    size_t index;
    json_iterator iterator;
} level;

/* Writes a value that holds no others; opens one that does and says true. */
static bool write_or_open(json_writer *self, const json_value *value)
{
    switch (json_kind_of(value)) {
    case JSON_NULL:
        json_write_null(self);
        return false;
    case JSON_BOOL:
        json_write_bool(self, json_bool(value));
        return false;
    case JSON_INTEGER:
        json_write_integer(self, json_integer(value));
        return false;
    case JSON_REAL:
        begin_value(self);
        append_real(self->out, json_real(value));
        return false;
    case JSON_TEXT:
        json_write_text(self, json_text(value));
        return false;
    case JSON_ARRAY:
        json_begin_array(self);
        return true;
    case JSON_OBJECT:
        json_begin_object(self);
        return true;
    }
    return false;
}

/* The next value inside `at`, its name written; NULL when there is none, and `at` is closed. */
static const json_value *next_inside(json_writer *self, level *at)
{
    const json_value *value = NULL;

    if (json_kind_of(at->value) == JSON_ARRAY) {
        value = json_at(at->value, at->index++);
        if (value == NULL) {
            json_end_array(self);
        }
        return value;
    }
    text name = TEXT_EMPTY;
    if (!json_next(at->value, &at->iterator, &name, &value)) {
        json_end_object(self);
        return NULL;
    }
    json_name_text(self, name);
    return value;
}

void json_write_value(json_writer *self, const json_value *value)
{
    level levels[JSON_DEPTH_MAX]; /* the parser lets no more through */
    size_t depth = 0;

    for (const json_value *now = value; now != NULL || depth > 0;) {
        if (now != NULL && write_or_open(self, now)) {
            assert(depth < JSON_DEPTH_MAX);
            levels[depth++] = (level){.value = now};
        }
        if (depth == 0) {
            return;
        }
        now = next_inside(self, &levels[depth - 1]);
        if (now == NULL) {
            depth--;
        }
    }
}

static void latch(json_writer *self, velum_status status)
{
    if (self->out->status == VELUM_OK) {
        self->out->status = status;
    }
}

static void begin_value(json_writer *self)
{
    if (self->comma[self->depth]) {
        buffer_append_byte(self->out, ',');
    }
    self->comma[self->depth] = true;
}

static void open_level(json_writer *self, uint8_t bracket)
{
    begin_value(self);
    if (self->depth == WRITER_DEPTH_MAX) {
        latch(self, VELUM_E_LIMIT);
        return;
    }
    buffer_append_byte(self->out, bracket);
    self->depth++;
    self->comma[self->depth] = false;
}

static void close_level(json_writer *self, uint8_t bracket)
{
    if (self->depth == 0) {
        latch(self, VELUM_E_INTERNAL);
        return;
    }
    self->depth--;
    buffer_append_byte(self->out, bracket);
}

/* Bytes of the character at the start, when it is one to escape; 0 when not. RFC 8259 §7 asks for the
 * quote, the backslash and U+0000–1F, and allows the rest. Answers are read at terminals, too, so that
 * C1 controls, which drive them, and marks, overrides and isolates of direction, which reorder what
 * stands beside them, never go there as they are. */
static size_t size_to_escape(text valid)
{
    const uint8_t *const at = (const uint8_t *)valid.data;

    if (at[0] < 0x20 || at[0] == '"' || at[0] == '\\') {
        return 1;
    }
    if (at[0] == 0xc2) {
        return at[1] < 0xa0 ? 2 : 0; /* U+0080–9F */
    }
    if (at[0] == 0xd8) {
        return at[1] == 0x9c ? 2 : 0; /* U+061C */
    }
    if (at[0] != 0xe2) {
        return 0;
    }
    const bool marks = at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f);   /* U+200E, F */
    const bool overrides = at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae; /* U+2028–202E */
    const bool isolates = at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9;  /* U+2066–2069 */
    return marks || overrides || isolates ? 3 : 0;
}

static void append_escaped(buffer *out, text character)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[0x80] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',  ['\r'] = 'r',
        ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\',
    };
    size_t offset = 0;
    uint32_t code_point = 0;

    buffer_append_byte(out, '\\');
    if (utf8_next(character, &offset, &code_point) && code_point < sizeof(letters) &&
        letters[code_point] != '\0') {
        buffer_append_byte(out, (uint8_t)letters[code_point]);
        return;
    }
    buffer_append_byte(out, 'u');
    for (int shift = 12; shift >= 0; shift -= 4) {
        buffer_append_byte(out, (uint8_t)digits[code_point >> shift & 0xf]);
    }
}

static void append_string(json_writer *self, text value)
{
    if (!utf8_is_valid(value)) {
        latch(self, VELUM_E_INVALID);
        return;
    }
    size_t written = 0;
    buffer_append_byte(self->out, '"');
    for (size_t i = 0; i < value.size; i++) {
        const text rest = {value.data + i, value.size - i};
        const size_t size = size_to_escape(rest);
        if (size == 0) {
            continue;
        }
        buffer_append(self->out, value.data + written, i - written);
        append_escaped(self->out, (text){rest.data, size});
        i += size - 1;
        written = i + 1;
    }
    if (written < value.size) { /* an empty text may be without data */
        buffer_append(self->out, value.data + written, value.size - written);
    }
    buffer_append_byte(self->out, '"');
}

/* The fewest digits that read back as the same double, and always as a real. */
static void append_real(buffer *out, double value)
{
    char digits[32];
    int size = 0;

    for (int precision = 15; precision <= 17; precision++) {
        size = snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value) {
            break;
        }
    }
    assert(size > 0 && (size_t)size < sizeof(digits));
    for (int i = 0; i < size; i++) {
        if (digits[i] == ',') {
            digits[i] = '.'; /* some locales write a comma */
        }
    }
    buffer_append_text(out, digits);
    if (strpbrk(digits, ".e") == NULL) {
        buffer_append_text(out, ".0");
    }
}
