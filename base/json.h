/* base/json.h: JSON read through jansson, JSON written by us.
 *
 * Reading is strict: UTF-8 checked, duplicate keys refused, NUL in strings refused, at most
 * JSON_DEPTH_MAX levels (counted before jansson recurses) and a caller's byte limit. Its memory is
 * ours and wiped on free. jansson is linked statically and hidden, so that setting its allocator
 * touches nobody else. Writing goes to a buffer or a fixed slice; strings are escaped by RFC 8259.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buffer.h"
#include "base/text.h"

#define JSON_DEPTH_MAX 16

typedef struct json json;             /* a document; owns its values */
typedef struct json_value json_value; /* borrowed from its document */

typedef enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_INTEGER,
    JSON_REAL,
    JSON_TEXT,
    JSON_ARRAY,
    JSON_OBJECT
} json_kind;

/* VELUM_E_INVALID with line and column in `err` (never the text), VELUM_E_LIMIT, VELUM_E_NOMEM. The
 * root may be of any kind. Integers outside int64_t and reals beyond double are refused. */
velum_status json_parse(text source, size_t bytes_max, json **out,
                        velum_error *err) VELUM_WARN_UNUSED;
void json_free(json *self);
VELUM_DEFINE_AUTO(json);
const json_value *json_root(const json *self);

json_kind json_kind_of(const json_value *value);
/* Asked of another kind, these answer with the empty text, 0, false or NULL. */
text json_text(const json_value *value); /* kind TEXT */
/* jansson exports symbols of these two names, so ours carry others in the object file. */
int64_t json_integer(const json_value *value) __asm__("velum_json_integer"); /* kind INTEGER */
double json_real(const json_value *value) __asm__("velum_json_real");        /* kind REAL */
bool json_bool(const json_value *value);                                     /* kind BOOL */
size_t json_count(const json_value *value);                                  /* ARRAY and OBJECT */
const json_value *json_at(const json_value *array, size_t index);
/* NULL when the object has no such member. */
const json_value *json_member(const json_value *object, const char *name);
/* Walks an object's members in the order of the source: start with NULL. */
typedef struct json_iterator {
    void *position;
} json_iterator;
bool json_next(const json_value *object, json_iterator *iterator, text *out_name,
               const json_value **out_value);

/* The writer puts commas by itself. It latches the first failure of its buffer, and latches there
 * VELUM_E_INVALID for text that is not UTF-8 or holds NUL, VELUM_E_LIMIT for too many levels and
 * VELUM_E_INTERNAL for an end without a begin. */
typedef struct json_writer {
    buffer *out;
    uint32_t depth;
    bool comma[JSON_DEPTH_MAX + 8];
} json_writer;

void json_writer_init(json_writer *self, buffer *out);
void json_begin_object(json_writer *self);
void json_end_object(json_writer *self);
void json_begin_array(json_writer *self);
void json_end_array(json_writer *self);
void json_name(json_writer *self, const char *name);
void json_name_text(json_writer *self, text name);
void json_write_text(json_writer *self, text value); /* valid UTF-8 */
void json_write_integer(json_writer *self, int64_t value);
void json_write_unsigned(json_writer *self, uint64_t value);
void json_write_bool(json_writer *self, bool value);
void json_write_null(json_writer *self);
/* Bytes that are JSON already. */
void json_write_raw(json_writer *self, text value);
/* Copies a parsed value. */
void json_write_value(json_writer *self, const json_value *value);
/* name and value at once. */
void json_member_text(json_writer *self, const char *name, text value);
void json_member_string(json_writer *self, const char *name, const char *value);
void json_member_integer(json_writer *self, const char *name, int64_t value);
void json_member_bool(json_writer *self, const char *name, bool value);

#endif
