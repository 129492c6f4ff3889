/* gateway/headers.c: collecting header fields, and what a few of them mean. */
#include "gateway/headers.h"

#include <stddef.h>
#include <strings.h>

typedef struct known_header {
    const char *name;
    size_t size;
    size_t offset;
} known_header;

#define KNOWN(name, member)                                 \
    {                                                       \
        (name), sizeof(name) - 1, offsetof(headers, member) \
    }

static const known_header known_headers[] = {
    KNOWN("Authorization", authorization),
    KNOWN("Content-Type", content_type),
    KNOWN("Content-Length", content_length),
    KNOWN("Content-Encoding", content_encoding),
    KNOWN("Transfer-Encoding", transfer_encoding),
    KNOWN("X-Request-Id", request_id),
    KNOWN("Expect", expect),
    KNOWN("If-Match", if_match),
};

#define KNOWN_COUNT (sizeof(known_headers) / sizeof(known_headers[0]))

void headers_add(headers *self, text name, text value)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const known_header *const known = &known_headers[i];
        if (known->size != name.size || strncasecmp(known->name, name.data, name.size) != 0) {
            continue;
        }
        const uint32_t bit = 1U << i;
        self->is_repeated = self->is_repeated || (self->seen & bit) != 0;
        self->seen |= bit;
        *(text *)((char *)self + known->offset) = value;
        return;
    }
}

static bool equal_ignoring_case(text a, const char *terminated)
{
    return a.size == strlen(terminated) && strncasecmp(a.data, terminated, a.size) == 0;
}

static text without_blanks(text a)
{
    while (a.size > 0 && (a.data[0] == ' ' || a.data[0] == '\t')) {
        a = (text){a.data + 1, a.size - 1};
    }
    while (a.size > 0 && (a.data[a.size - 1] == ' ' || a.data[a.size - 1] == '\t')) {
        a.size--;
    }
    return a;
}

/* RFC 9112 §6.3, without its leniency: chunks or a length, not both, and no other coding. */
bool headers_framing_is_sound(const headers *self)
{
    const bool has_coding = self->transfer_encoding.data != NULL;
    const bool has_length = self->content_length.data != NULL;
    uint64_t length = 0;

    if (self->is_repeated || (has_coding && has_length)) {
        return false;
    }
    if (has_coding) {
        return equal_ignoring_case(self->transfer_encoding, "chunked");
    }
    return !has_length || text_parse_u64(self->content_length, &length);
}

uint64_t headers_body_bytes(const headers *self)
{
    uint64_t length = 0;

    if (self->transfer_encoding.data != NULL) {
        return UINT64_MAX;
    }
    return text_parse_u64(self->content_length, &length) ? length : 0;
}

/* The characters of a token: RFC 6750 §2.1, b64token. */
static bool is_token_byte(char byte)
{
    const char lower = (char)(byte | 0x20);

    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("-._~+/=", byte) != NULL);
}

bool headers_bearer(const headers *self, text *out_token)
{
    static const char scheme[] = "Bearer ";
    const size_t scheme_size = sizeof(scheme) - 1;
    const text value = self->authorization;

    if (value.size <= scheme_size || strncasecmp(value.data, scheme, scheme_size) != 0) {
        return false;
    }
    const text token = without_blanks((text){value.data + scheme_size, value.size - scheme_size});
    if (token.size == 0 || token.size > CREDENTIAL_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < token.size; i++) {
        if (!is_token_byte(token.data[i])) {
            return false;
        }
    }
    *out_token = token;
    return true;
}

static bool is_of_type(const headers *self, const char *wanted)
{
    text rest = self->content_type;
    text type = TEXT_EMPTY;

    if (self->content_encoding.data != NULL) {
        return false;
    }
    if (rest.data == NULL || !text_split(&rest, ';', &type) ||
        !equal_ignoring_case(without_blanks(type), wanted)) {
        return false;
    }
    if (rest.data == NULL) {
        return true;
    }
    const text charset = without_blanks(rest);
    return equal_ignoring_case(charset, "charset=utf-8") ||
           equal_ignoring_case(charset, "charset=\"utf-8\"");
}

bool headers_is_json(const headers *self)
{
    return is_of_type(self, "application/json");
}

bool headers_is_merge_patch(const headers *self)
{
    return is_of_type(self, "application/merge-patch+json");
}

bool headers_request_id_is_sound(const headers *self)
{
    const text id = self->request_id;

    if (id.data == NULL) {
        return true;
    }
    for (size_t i = 0; i < id.size; i++) {
        if (id.data[i] <= ' ' || id.data[i] >= 0x7f) {
            return false;
        }
    }
    return id.size > 0 && id.size <= CALLER_ID_BYTES_MAX;
}

/* RFC 9110 §13.1.1: "*" or at least one tag. One that is empty by a mistake is no leave to write over
 * whatever is there. */
bool headers_if_match_is_sound(const headers *self)
{
    return self->if_match.data == NULL || without_blanks(self->if_match).size > 0;
}
