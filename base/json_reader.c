/* json_reader.c: strict JSON, and the only file that knows jansson.
 *
 * jansson recurses for each level and counts up to 2,048 of them, so the levels are counted before
 * it starts, by a scan that needs only to know what a string is. Where scan and parser disagree the
 * text is not JSON, and the parser stops there. jansson's heap is ours (base/mem.h), so what it
 * held is wiped when freed. Its error line quotes the text; only its position goes on (I-5).
 *
 * jansson gives some names of ours to things of its own. Here they appear as JANSSON_…, and the
 * functions json_integer and json_real of jansson are out of sight.
 */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#define json_integer jansson_integer
#define json_real jansson_real
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#undef json_integer
#undef json_real

#include "base/json.h"

#include <assert.h>
#include <pthread.h>

static_assert(sizeof(json_int_t) == sizeof(int64_t), "jansson's integers have 64 bits");

struct json {
    json_t *root;
};

/* Where the scan for levels stands; lines and columns count bytes from 1. */
typedef struct scan {
    uint32_t line;
    uint32_t column;
    uint32_t depth;
    bool in_string;
    bool escaped;
} scan;

/* jansson does not always say that it ran out of memory: where its buffer for a token cannot grow it
 * drops a byte and goes on. So its allocator remembers, and what was parsed is not used. */
static _Thread_local bool allocation_failed;
static pthread_once_t jansson_once = PTHREAD_ONCE_INIT;

static void jansson_prepare(void);
static velum_status scan_source(text source, velum_error *err);
static velum_status explain(const json_error_t *why, velum_error *err);
static const json_t *jansson_of(const json_value *value);

velum_status json_parse(text source, size_t bytes_max, json **out, velum_error *err)
{
    *out = NULL;
    if (source.size > bytes_max) {
        return error_set(err, VELUM_E_LIMIT, "JSON larger than %zu bytes", bytes_max);
    }
    VELUM_TRY(scan_source(source, err));
    (void)pthread_once(&jansson_once, jansson_prepare);

    VELUM_AUTO(json) *self = mem_alloc(sizeof(*self));
    if (self == NULL) {
        return error_set(err, VELUM_E_NOMEM, "no memory for JSON");
    }
    json_error_t why = {.line = 0};
    allocation_failed = false;
    self->root = json_loadb(source.size == 0 ? "" : source.data, source.size,
                            JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    const bool is_good = self->root != NULL && !allocation_failed;
    const velum_status status = is_good ? VELUM_OK : explain(&why, err);
    mem_wipe(&why, sizeof(why));
    if (status == VELUM_OK) {
        *out = json_take(&self);
    }
    return status;
}

void json_free(json *self)
{
    if (self == NULL) {
        return;
    }
    json_decref(self->root);
    mem_free(self);
}

const json_value *json_root(const json *self)
{
    return (const json_value *)self->root;
}

json_kind json_kind_of(const json_value *value)
{
    static const json_kind kinds[] = {
        [JANSSON_OBJECT] = JSON_OBJECT, [JANSSON_ARRAY] = JSON_ARRAY,
        [JANSSON_STRING] = JSON_TEXT,   [JANSSON_INTEGER] = JSON_INTEGER,
        [JANSSON_REAL] = JSON_REAL,     [JANSSON_TRUE] = JSON_BOOL,
        [JANSSON_FALSE] = JSON_BOOL,    [JANSSON_NULL] = JSON_NULL,
    };
    return kinds[json_typeof(jansson_of(value))];
}

text json_text(const json_value *value)
{
    const char *const data = json_string_value(jansson_of(value));
    if (data == NULL) {
        return TEXT_EMPTY;
    }
    return (text){data, json_string_length(jansson_of(value))};
}

int64_t json_integer(const json_value *value)
{
    return json_integer_value(jansson_of(value));
}

double json_real(const json_value *value)
{
    return json_real_value(jansson_of(value));
}

bool json_bool(const json_value *value)
{
    return value != NULL && json_typeof(jansson_of(value)) == JANSSON_TRUE;
}

size_t json_count(const json_value *value)
{
    return json_array_size(jansson_of(value)) + json_object_size(jansson_of(value));
}

const json_value *json_at(const json_value *array, size_t index)
{
    return (const json_value *)json_array_get(jansson_of(array), index);
}

const json_value *json_member(const json_value *object, const char *name)
{
    return (const json_value *)json_object_get(jansson_of(object), name);
}

bool json_next(const json_value *object, json_iterator *iterator, text *out_name,
               const json_value **out_value)
{
    /* jansson's iteration reads only, though it asks for a pointer without const. */
    json_t *const target = (json_t *)(uintptr_t)object;

    iterator->position = iterator->position == NULL
                             ? json_object_iter(target)
                             : json_object_iter_next(target, iterator->position);
    if (iterator->position == NULL) {
        return false;
    }
    *out_name = (text){json_object_iter_key(iterator->position),
                       json_object_iter_key_len(iterator->position)};
    *out_value = (const json_value *)json_object_iter_value(iterator->position);
    return true;
}

static const json_t *jansson_of(const json_value *value)
{
    return (const json_t *)value;
}

static void *jansson_alloc(size_t bytes)
{
    void *const block = mem_alloc(bytes);
    if (block == NULL) {
        allocation_failed = true;
    }
    return block;
}

/* The seed of jansson's hash tables is drawn here too, not at some later first object. */
static void jansson_prepare(void)
{
    json_set_alloc_funcs(jansson_alloc, mem_free);
    json_object_seed(0);
}

static void scan_in_string(scan *at, char byte)
{
    if (at->escaped) {
        at->escaped = false;
        return;
    }
    at->escaped = byte == '\\';
    at->in_string = byte != '"';
}

static void scan_between(scan *at, char byte)
{
    at->in_string = byte == '"';
    if (byte == '[' || byte == '{') {
        at->depth++;
    }
    if ((byte == ']' || byte == '}') && at->depth > 0) {
        at->depth--;
    }
}

static void scan_byte(scan *at, char byte)
{
    at->column++;
    if (at->in_string) {
        scan_in_string(at, byte);
    } else {
        scan_between(at, byte);
    }
}

/* Refuses what jansson is not to see: too many levels, and NUL, which it passes over in places. */
static velum_status scan_source(text source, velum_error *err)
{
    scan at = {.line = 1};

    for (size_t i = 0; i < source.size; i++) {
        scan_byte(&at, source.data[i]);
        if (source.data[i] == '\0') {
            return error_set(err, VELUM_E_INVALID, "line %u, column %u: NUL", at.line, at.column);
        }
        if (at.depth > JSON_DEPTH_MAX) {
            return error_set(err, VELUM_E_LIMIT, "line %u, column %u: JSON deeper than %d levels",
                             at.line, at.column, JSON_DEPTH_MAX);
        }
        if (source.data[i] == '\n') {
            at.line++;
            at.column = 0;
        }
    }
    return VELUM_OK;
}

static const char *reason_of(enum json_error_code code)
{
    switch (code) {
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "NUL in a string";
    case json_error_duplicate_key:
        return "a name appears twice";
    case json_error_numeric_overflow:
        return "a number is too large";
    case json_error_premature_end_of_input:
        return "JSON ends too early";
    case json_error_end_of_input_expected:
        return "something follows the JSON";
    default:
        return "not JSON";
    }
}

/* RFC 8259; the text of `why` stays behind, for it quotes the source (I-5). */
static velum_status explain(const json_error_t *why, velum_error *err)
{
    if (allocation_failed || json_error_code(why) == json_error_out_of_memory) {
        return error_set(err, VELUM_E_NOMEM, "no memory for JSON");
    }
    return error_set(err, VELUM_E_INVALID, "line %d, column %d: %s", why->line < 1 ? 1 : why->line,
                     why->column < 0 ? 0 : why->column, reason_of(json_error_code(why)));
}
