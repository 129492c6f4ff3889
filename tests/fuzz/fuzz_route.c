/* Targets and header fields from the network: never a byte out of bounds, and what comes out is what
 * the gate may be handed: printable UTF-8 inside the target. */
#include "gateway/headers.h"
#include "gateway/route.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(text part, const char *target, size_t size)
{
    if (part.size == 0) {
        return;
    }
    if (part.data < target || part.data + part.size > target + size || !utf8_is_printable(part)) {
        abort();
    }
}

static void try_route(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"GET", "POST", "HEAD", "DELETE"};
    route_match match;
    char *const target = mem_alloc(size - 1);

    if (target == NULL) {
        return;
    }
    memcpy(target, data + 1, size - 1);
    if (route_find(methods[data[0] % 4], target, size - 1, &match) == REFUSAL_NONE) {
        check_part(match.ref, target, size - 1);
        check_part(match.activity, target, size - 1);
        check_part(match.fields, target, size - 1);
        for (uint32_t i = 0; i < match.member_count; i++) {
            check_part(match.members[i].value, target, size - 1);
        }
    }
    mem_free(target);
}

/* The same bytes as the value of each field in turn. */
static void try_headers(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Authorization",     "Content-Type",     "Content-Length",
                                        "Transfer-Encoding", "Content-Encoding", "X-Request-Id"};
    const text value = {(const char *)data, size};
    headers fields = {0};
    text token = TEXT_EMPTY;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        headers one = {0};
        headers_add(&one, text_of(names[i]), value);
        headers_add(&fields, text_of(names[i]), value);
        if (headers_framing_is_sound(&one)) {
            (void)headers_body_bytes(&one);
        }
        (void)headers_is_json(&one);
        if (headers_bearer(&one, &token)) {
            check_part(token, value.data, value.size);
        }
        (void)headers_request_id_is_sound(&one);
    }
    headers_add(&fields, value, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > TARGET_BYTES_MAX) {
        return 0;
    }
    try_route(data, size);
    try_headers(data, size);
    return 0;
}
